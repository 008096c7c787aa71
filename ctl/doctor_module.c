// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of the module for the running kernel, by libkmod, and what the kernel
 * compares when it loads one: the version magic and, where it has them, the
 * checksums of symbols.
 */
#define _GNU_SOURCE /* nftw */
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libkmod.h>

#include "doctor.h"

#define SYMBOLS_MAX	8192

/* The value of @key in what modinfo would print; to be freed, or NULL. */
static char *info(struct kmod_module *mod, const char *key)
{
	struct kmod_list *list = NULL, *i;
	char *value = NULL;

	if (kmod_module_get_info(mod, &list) < 0)
		return NULL;
	kmod_list_foreach(i, list) {
		if (!strcmp(kmod_module_info_get_key(i), key)) {
			value = strdup(kmod_module_info_get_value(i));
			break;
		}
	}
	kmod_module_info_free_list(list);
	return value;
}

char *doctor_info(const struct doctor *d, const char *key)
{
	struct kmod_module *mod;
	char *value;

	if (!d->path[0] || kmod_module_new_from_path(d->kmod, d->path, &mod) < 0)
		return NULL;
	value = info(mod, key);
	kmod_module_unref(mod);
	return value;
}

/* As modprobe would find it; to be unreferenced, or NULL. */
static struct kmod_module *indexed(struct kmod_ctx *ctx)
{
	struct kmod_list *list = NULL;
	struct kmod_module *mod = NULL;

	if (kmod_module_new_from_lookup(ctx, "tqueue", &list) >= 0 && list)
		mod = kmod_module_get_module(list);
	kmod_module_unref_list(list);
	/* The index may name a file that is gone. */
	if (mod && (!kmod_module_get_path(mod) || access(kmod_module_get_path(mod), R_OK))) {
		kmod_module_unref(mod);
		mod = NULL;
	}
	return mod;
}

/* ---- a file that depmod does not know ---- */

static char stray[PATH_MAX];

static int look_for_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	if (type != FTW_F || strncmp(path + at->base, "tqueue.ko", 9))
		return 0;
	snprintf(stray, sizeof(stray), "%s", path);
	return 1;
}

static bool find_stray(const struct doctor *d)
{
	char dir[sizeof(d->uts.release) + 32];

	snprintf(dir, sizeof(dir), "/lib/modules/%s", d->uts.release);
	/* "build" and "source" are links, which are not followed. */
	return nftw(dir, look_for_file, 16, FTW_PHYS) == 1;
}

bool doctor_find_module(struct doctor *d)
{
	struct kmod_module *mod = indexed(d->kmod);
	char *version;

	if (!mod && find_stray(d)) {
		doctor_tell(d, FINDING_WRONG, "module", "depmod -a",
			    "%s is there, but modprobe does not know of it", stray);
		if (kmod_module_new_from_path(d->kmod, stray, &mod) < 0)
			mod = NULL;
	}
	if (!mod)
		return false;
	snprintf(d->path, sizeof(d->path), "%s", kmod_module_get_path(mod));
	version = info(mod, "version");
	snprintf(d->version, sizeof(d->version), "%s", version ? version : "?");
	free(version);
	kmod_module_unref(mod);
	return true;
}

/* ---- what it was built for ---- */

/* The magic of the running kernel, of a module of it that is loaded; to be freed. */
static char *running_magic(const struct doctor *d)
{
	struct kmod_list *list = NULL, *i;
	char *magic = NULL;

	if (kmod_module_new_from_loaded(d->kmod, &list) < 0)
		return NULL;
	kmod_list_foreach(i, list) {
		struct kmod_module *mod = kmod_module_get_module(i);

		if (strcmp(kmod_module_get_name(mod), "tqueue"))
			magic = info(mod, "vermagic");
		kmod_module_unref(mod);
		if (magic)
			break;
	}
	kmod_module_unref_list(list);
	return magic;
}

static bool check_magic(struct doctor *d, struct kmod_module *mod, const char *rebuild)
{
	char *own = info(mod, "vermagic"), *want = running_magic(d);
	const size_t n = strlen(d->uts.release);
	const char *flags = own ? strchr(own, ' ') : NULL, *running = want ? strchr(want, ' ') : NULL;
	bool ok = true;

	if (!own) {
		doctor_tell(d, FINDING_WRONG, "module", rebuild, "%s is no module of a kernel", d->path);
		ok = false;
	} else if (strncmp(own, d->uts.release, n) || (own[n] && own[n] != ' ')) {
		doctor_tell(d, FINDING_WRONG, "module", rebuild,
			    "it was built for kernel %.*s, but %s is running",
			    (int)strcspn(own, " "), own, d->uts.release);
		ok = false;
	} else if (flags && running && strcmp(flags, running)) {
		doctor_tell(d, FINDING_WRONG, "module", rebuild,
			    "it was built for a kernel with \"%s\", but the running one has \"%s\"",
			    flags + 1, running + 1);
		ok = false;
	}
	free(own);
	free(want);
	return ok;
}

/* ---- checksums of symbols ---- */

struct sum {
	char		name[64];
	uint64_t	crc;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct sum *)a)->name, ((const struct sum *)b)->name);
}

/* What the module expects, in order of the names; their number. */
static size_t expected(struct kmod_module *mod, struct sum *sums, size_t max)
{
	struct kmod_list *list = NULL, *i;
	size_t n = 0;

	if (kmod_module_get_versions(mod, &list) < 0)
		return 0;
	kmod_list_foreach(i, list) {
		if (n == max)
			break;
		snprintf(sums[n].name, sizeof(sums[n].name), "%s", kmod_module_version_get_symbol(i));
		sums[n++].crc = kmod_module_version_get_crc(i);
	}
	kmod_module_versions_free_list(list);
	qsort(sums, n, sizeof(*sums), by_name);
	return n;
}

/* Of @sums, those that the kernel's list has with another checksum; *first is one. */
static size_t differing(FILE *f, const struct sum *sums, size_t n, const char **first)
{
	size_t differ = 0;
	struct sum key = { .crc = 0 };
	char line[1024];

	while (fgets(line, sizeof(line), f)) {
		const struct sum *have;
		uint64_t crc;

		if (sscanf(line, "%" SCNx64 " %63s", &crc, key.name) != 2)
			continue;
		have = bsearch(&key, sums, n, sizeof(*sums), by_name);
		if (have && (uint32_t)have->crc != (uint32_t)crc) {
			if (!differ++)
				*first = have->name;
		}
	}
	return differ;
}

/* Whether the symbols fit, as far as that can be told. */
static bool check_sums(struct doctor *d, struct kmod_module *mod, const char *rebuild)
{
	struct sum *sums = calloc(SYMBOLS_MAX, sizeof(*sums));
	char path[sizeof(d->uts.release) + 64];
	const char *first = NULL;
	size_t n, differ = 0;
	FILE *f;

	if (!sums)
		return true;
	snprintf(path, sizeof(path), "/lib/modules/%s/build/Module.symvers", d->uts.release);
	n = expected(mod, sums, SYMBOLS_MAX);
	f = n ? fopen(path, "re") : NULL;
	if (f) {
		differ = differing(f, sums, n, &first);
		fclose(f);
	}
	if (differ)
		doctor_tell(d, FINDING_WRONG, "module", rebuild,
			    "%zu of its %zu symbols are of another build of the kernel, \"%s\" is one",
			    differ, n, first);
	free(sums);
	return !differ;
}

void doctor_module(struct doctor *d)
{
	struct kmod_module *mod = NULL;
	char rebuild[448];
	bool ok;

	if (kmod_module_new_from_path(d->kmod, d->path, &mod) < 0)
		return;
	snprintf(rebuild, sizeof(rebuild), "dkms install --force -m tqueue -v %s -k %s", d->version,
		 d->uts.release);
	ok = check_magic(d, mod, rebuild) && check_sums(d, mod, rebuild);
	kmod_module_unref(mod);
	if (ok)
		doctor_tell(d, FINDING_OK, "module", NULL, "version %s for kernel %s: %s", d->version,
			    d->uts.release, d->path);
}
