// SPDX-License-Identifier: GPL-2.0-only
/*
 * "module": take the kernel module away, or put another one in its place.
 *
 * A reload saves the parameters and all namespaces into files, takes the hooks away,
 * which hold the module, swaps it, and makes all again what the files say.  The
 * files stay if that can't be done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <netlink/msg.h>

#include "apply.h"
#include "holders.h"
#include "msg.h"
#include "run.h"
#include "save.h"
#include "settings.h"
#include "stop.h"
#include "tqctl.h"

#define MODULE		"tqueue"
#define SYS_MODULE	"/sys/module/" MODULE
#define FILES		"/run/tqctl/reload"
#define PARAMETERS	FILES "/parameters"
/* How soon --wait sees that nobody holds it any more. */
#define LOOK_MS		250

static int check_loaded(struct tqctl *t)
{
	if (!access(SYS_MODULE, F_OK))
		return TQCTL_OK;
	tqctl_say(t, "the module is not loaded");
	return TQCTL_NO_MODULE;
}

/* The socket counts on the module: it must know when that goes. */
static void close_socket(struct tqctl *t)
{
	tnl_close(t->nl);
	t->nl = NULL;
}

/* 0, or an errno. */
static int unload(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK) ? errno : 0;
}

static bool is_held(int err)
{
	return err == EWOULDBLOCK || err == EBUSY;
}

/* ---- unload ---- */

static const struct parse_key unload_keys[] = {
	{ "--wait", "", "until nobody holds it any more" },
	{ NULL, NULL, NULL }
};

static const struct parse_key *cmd_unload_keys(unsigned int i)
{
	return &unload_keys[i];
}

static int tell_holders(struct tqctl *t)
{
	struct netns_list spaces;
	struct holders h;
	int code;

	if (netns_all(&spaces))
		return tqctl_errno(t, errno, "network namespaces");
	code = holders_find(t, &spaces, &h, true);
	close_socket(t);
	t->netns = NULL;
	netns_free(&spaces);
	fflush(t->out.file);
	if (!code && !h.hooks && !h.others)
		tqctl_say(t, "somebody else holds the module, or did a moment ago");
	return code;
}

static int wait_to_unload(struct tqctl *t)
{
	struct stop stop = { .fd = -1 };
	int code = TQCTL_OK, err = EBUSY;

	if (stop_init(&stop, 0))
		return tqctl_errno(t, errno, "signalfd");
	while (!code && is_held(err)) {
		switch (stop_wait(&stop, -1, LOOK_MS)) {
		case STOP_END:
			tqctl_say(t, "the module is still held");
			code = TQCTL_REFUSED;
			break;
		case STOP_ERROR:
			code = tqctl_errno(t, errno, "poll");
			break;
		default:
			err = unload();
		}
	}
	stop_free(&stop);
	return code ? code : err ? tqctl_errno(t, err, "delete_module") : TQCTL_OK;
}

static int cmd_unload(struct tqctl *t, struct parse *p)
{
	bool wait = parse_take(p, "--wait") || parse_take(p, "-w");
	int code, err;

	if (parse_end(p))
		return tqctl_usage(t, p);
	code = check_loaded(t);
	if (code)
		return code;
	err = unload();
	if (!err)
		return TQCTL_OK;
	if (!is_held(err))
		return tqctl_errno(t, err, "delete_module");
	code = tell_holders(t);
	if (code)
		return code;
	if (wait)
		return wait_to_unload(t);
	tqctl_say(t, "the module is in use, as said above");
	return TQCTL_REFUSED;
}

/* ---- reload ---- */

static void file_of(char *path, size_t size, const struct netns *space)
{
	snprintf(path, size, FILES "/%ju.conf", (uintmax_t)space->ino);
}

/* From here on requests are for @space. */
static void go_to(struct tqctl *t, const struct netns *space)
{
	close_socket(t);
	t->netns = space->path;
}

static int save_into(struct tqctl *t, const struct netns *space)
{
	FILE *out = t->out.file, *f;
	bool stats = t->stats;
	char path[96];
	int code;

	file_of(path, sizeof(path), space);
	f = fopen(path, "we");
	if (!f)
		return tqctl_errno(t, errno, path);
	go_to(t, space);
	t->out.file = f;
	t->stats = true;
	code = save_config(t);
	t->out.file = out;
	t->stats = stats;
	if (fclose(f) && !code)
		code = tqctl_errno(t, errno, path);
	return code;
}

static void forget_files(const struct netns_list *spaces)
{
	char path[96];
	size_t i;

	for (i = 0; i < spaces->n; i++) {
		file_of(path, sizeof(path), &spaces->v[i]);
		unlink(path);
	}
	unlink(PARAMETERS);
	rmdir(FILES);
}

static int save_all(struct tqctl *t, const struct netns_list *spaces)
{
	int code = TQCTL_OK, err;
	size_t i;

	if ((mkdir("/run/tqctl", 0700) && errno != EEXIST) || mkdir(FILES, 0700)) {
		if (errno != EEXIST)
			return tqctl_errno(t, errno, FILES);
		tqctl_say(t, FILES " is there from a reload that failed: apply what is in it, and delete it");
		return TQCTL_REFUSED;
	}
	err = settings_save(PARAMETERS);
	if (err)
		code = tqctl_errno(t, err, PARAMETERS);
	for (i = 0; !code && i < spaces->n; i++)
		code = save_into(t, &spaces->v[i]);
	if (code)
		forget_files(spaces);
	return code;
}

static int delete_hook(struct tqctl *t, uint32_t id)
{
	struct tq_hook hook = { .has = TQ_BIT(TQUEUE_A_HOOK_ID), .id = id };
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, TQUEUE_CMD_HOOK_DEL, 0, &code);
	if (!msg)
		return code;
	msg_hook_put(msg, &hook);
	return tqctl_request(t, msg, NULL, NULL);
}

static int delete_hooks(struct tqctl *t, const struct netns_list *spaces)
{
	int code = TQCTL_OK;
	size_t i, k;

	for (i = 0; !code && i < spaces->n; i++) {
		struct config c = { 0 };

		go_to(t, &spaces->v[i]);
		code = config_load_objects(t, &c);
		for (k = 0; !code && k < c.hook_n; k++)
			code = delete_hook(t, c.hooks[k].id);
		config_free(&c);
	}
	close_socket(t);
	return code;
}

static int restore_from(struct tqctl *t, const struct netns *space)
{
	struct apply a = { .t = t, .quiet = true };
	char path[96];
	int code;

	file_of(path, sizeof(path), space);
	go_to(t, space);
	code = config_read(t, &a.want, path);
	if (!code)
		code = apply_compare(&a);
	if (!code && a.diff.changes)
		code = apply_run(&a);
	diff_free(&a.diff);
	config_free(&a.now);
	config_free(&a.want);
	return code;
}

static int restore_all(struct tqctl *t, const struct netns_list *spaces)
{
	int code = TQCTL_OK, ret;
	size_t i;

	for (i = 0; i < spaces->n; i++) {
		ret = restore_from(t, &spaces->v[i]);
		code = code ? code : ret;
	}
	return code;
}

/* By modprobe, which knows where modules are and what is configured for them. */
static int load(struct tqctl *t)
{
	static const char *const argv[] = { "modprobe", MODULE, NULL };
	int status = run_program(argv, NULL, 0);

	if (status < 0)
		return tqctl_errno(t, errno, "modprobe");
	if (status) {
		tqctl_say(t, "modprobe could not load the module: \"tqctl doctor\" may know why");
		return TQCTL_REFUSED;
	}
	return TQCTL_OK;
}

/* Whoever holds it now will do so after the hooks are gone, too. */
static int check_holders(struct tqctl *t, const struct netns_list *spaces)
{
	struct holders h;
	int code;

	code = holders_find(t, spaces, &h, false);
	if (code || (!h.others && !h.unconfirmed))
		return code;
	code = holders_find(t, spaces, &h, true);
	if (code)
		return code;
	fflush(t->out.file);
	tqctl_say(t, h.others ? "the module is in use, as said above; reload takes away hooks only" :
		  "confirm or abort the transactions first");
	return TQCTL_REFUSED;
}

static int swap(struct tqctl *t, const struct netns_list *spaces)
{
	int code, err, ret;

	code = delete_hooks(t, spaces);
	if (!code) {
		err = unload();
		code = err ? tqctl_errno(t, err, "delete_module") : load(t);
	}
	if (access(SYS_MODULE, F_OK)) {
		tqctl_say(t, "the configuration is in " FILES ", a file for each network namespace");
		return code ? code : TQCTL_REFUSED;
	}
	/* Also when it could not be unloaded: then only hooks are missing.  Parameters are
	 * limits of what is restored.
	 */
	err = settings_apply(t, PARAMETERS) ? TQCTL_REFUSED : TQCTL_OK;
	ret = restore_all(t, spaces);
	err = err ? err : ret;
	if (err)
		tqctl_say(t, "not all could be restored: see " FILES);
	else
		forget_files(spaces);
	return code ? code : err;
}

static int cmd_reload(struct tqctl *t, struct parse *p)
{
	struct netns_list spaces;
	int code;

	if (parse_end(p))
		return tqctl_usage(t, p);
	code = check_loaded(t);
	if (code)
		return code;
	if (netns_all(&spaces))
		return tqctl_errno(t, errno, "network namespaces");
	code = check_holders(t, &spaces);
	if (!code) {
		code = save_all(t, &spaces);
		if (!code)
			code = swap(t, &spaces);
	}
	close_socket(t);
	t->netns = NULL;
	netns_free(&spaces);
	return code;
}

const struct command module_commands[] = {
	{ "unload", "[--wait]", "unload the kernel module, or say who holds it",
	  .run = cmd_unload, .keys = cmd_unload_keys },
	{ "reload", "", "put the installed module in the place of the loaded one; all stays but unread records",
	  .run = cmd_reload },
	{ .name = NULL }
};
