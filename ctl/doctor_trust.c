// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether the kernel insists on signatures, and knows the key of ours.  Keys are
 * named in /proc/keys by their subject, which is what libkmod calls the signer; only
 * those in some rings are trusted for modules, and anybody may have others in his.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/keyctl.h>

#include "doctor.h"

#define SECURE_BOOT	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define LOCKDOWN	"/sys/kernel/security/lockdown"
#define SIG_ENFORCE	"/sys/module/module/parameters/sig_enforce"
#define MOK		"/var/lib/dkms/mok.pub"
#define UBUNTU_MOK	"/var/lib/shim-signed/mok/MOK.der"

static bool secure_boot(void)
{
	/* Four bytes of attributes, then the value. */
	unsigned char v[5];
	FILE *f = fopen(SECURE_BOOT, "re");
	bool on;

	if (!f)
		return false;
	on = fread(v, 1, sizeof(v), f) == sizeof(v) && v[4] == 1;
	fclose(f);
	return on;
}

/* Why unsigned modules are refused, or NULL. */
static const char *enforced(void)
{
	static char why[96];
	char line[64];

	if (doctor_line(LOCKDOWN, line, sizeof(line)) && strchr(line, '[') && !strstr(line, "[none]")) {
		const char *mode = strchr(line, '[') + 1;

		snprintf(why, sizeof(why), "the kernel is locked down (%.*s%s)", (int)strcspn(mode, "]"), mode,
			 secure_boot() ? ", Secure Boot is on" : "");
		return why;
	}
	if (doctor_line(SIG_ENFORCE, line, sizeof(line)) && line[0] == 'Y')
		return "the kernel takes signed modules only (module.sig_enforce)";
	return NULL;
}

/* The id of the next key in @f, /proc/keys, of @type and with description @name; 0: none,
 * or we may not see it.  Lines have id, flags, usage, timeout, permissions, uid, gid, type
 * (cut to nine bytes, padded) and description.
 */
static uint32_t next_key(FILE *f, const char *type, const char *name)
{
	char line[512], want[192];
	uint32_t id;

	snprintf(want, sizeof(want), "%-9.9s %s: ", type, name);
	while (fgets(line, sizeof(line), f)) {
		int at = 0;

		if (sscanf(line, "%x %*s %*s %*s %*s %*s %*s %n", &id, &at) == 1 && at &&
		    !strncmp(line + at, want, strlen(want)))
			return id;
	}
	return 0;
}

/* The ids in ring @ring, *@n of them, to be freed; NULL: we may not look. */
static uint32_t *read_ring(uint32_t ring, size_t *n)
{
	uint32_t *ids = NULL;
	size_t room = 0;

	for (;;) {
		const long size = syscall(SYS_keyctl, KEYCTL_READ, ring, ids, room * sizeof(*ids), 0);
		uint32_t *more;

		if (size < 0)
			break;
		*n = size / sizeof(*ids);
		if (ids && *n <= room)
			return ids;
		/* One byte at least: NULL says no. */
		room = *n + 1;
		more = realloc(ids, room * sizeof(*ids));
		if (!more)
			break;
		ids = more;
	}
	free(ids);
	return NULL;
}

static bool among(const uint32_t *ids, size_t n, uint32_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Has the ring with @ids a key of that subject? */
static bool ring_knows(FILE *f, const uint32_t *ids, size_t n, const char *signer)
{
	uint32_t id;

	rewind(f);
	while ((id = next_key(f, "asymmetric", signer)))
		if (among(ids, n, id))
			return true;
	return false;
}

/* 1: the kernel has a key of that subject that it trusts for modules, 0: no, -1: we
 * may not look.
 */
static int knows(const char *signer)
{
	static const char *const rings[] = {
		".builtin_trusted_keys", ".secondary_trusted_keys", ".machine", ".platform",
	};
	FILE *f = fopen("/proc/keys", "re");
	int found = f && !geteuid() ? 0 : -1;
	size_t i, n;

	for (i = 0; f && found < 1 && i < sizeof(rings) / sizeof(rings[0]); i++) {
		uint32_t ring, *ids;

		rewind(f);
		ring = next_key(f, "keyring", rings[i]);
		ids = ring ? read_ring(ring, &n) : NULL;
		if (ring && !ids)
			found = -1;
		else if (ids && ring_knows(f, ids, n, signer))
			found = 1;
		free(ids);
	}
	if (f)
		fclose(f);
	return found;
}

static const char *import_key(void)
{
	return access(UBUNTU_MOK, F_OK) ? "mokutil --import " MOK : "update-secureboot-policy --enroll-key";
}

void doctor_trust(struct doctor *d)
{
	const char *why = enforced();
	char rebuild[448];
	char *signer;

	if (!why) {
		doctor_tell(d, FINDING_OK, "signature", NULL, "the kernel asks for none");
		return;
	}
	signer = doctor_info(d, "signer");
	if (!signer) {
		snprintf(rebuild, sizeof(rebuild), "dkms build --force -m tqueue -v %s -k %s && "
			 "dkms install --force -m tqueue -v %s -k %s", d->version, d->uts.release, d->version,
			 d->uts.release);
		doctor_tell(d, FINDING_WRONG, "signature", rebuild,
			    "%s, and the module is not signed; dkms 3.0.4 and later sign what they build", why);
		return;
	}
	switch (knows(signer)) {
	case 1:
		doctor_tell(d, FINDING_OK, "signature", NULL, "%s; it knows the key of \"%s\"", why, signer);
		break;
	case 0:
		doctor_tell(d, FINDING_WRONG, "signature", import_key(),
			    "%s, and does not know the key of \"%s\"; it will after the import, a reboot, and "
			    "\"Enroll MOK\" in the menu that comes up", why, signer);
		break;
	default:
		doctor_tell(d, FINDING_NOTE, "signature", "sudo tqctl doctor",
			    "%s; only root sees whether it knows the key of \"%s\"", why, signer);
	}
	free(signer);
}
