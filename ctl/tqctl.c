// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "msg.h"
#include "tqctl.h"

const char tqctl_version[] = TQCTL_VERSION;

void tqctl_say(struct tqctl *t, const char *fmt, ...)
{
	va_list ap;

	fflush(t->out.file);
	if (t->file && t->column)
		fprintf(t->err, "%s:%u:%u: ", t->file, t->line, t->column);
	else if (t->file)
		fprintf(t->err, "%s:%u: ", t->file, t->line);
	else
		fputs("tqctl: ", t->err);
	if (t->what[0])
		fprintf(t->err, "%s: ", t->what);
	va_start(ap, fmt);
	vfprintf(t->err, fmt, ap);
	va_end(ap);
	fputc('\n', t->err);
}

int tqctl_usage(struct tqctl *t, const struct parse *p)
{
	tqctl_say(t, "%s", p->err);
	return TQCTL_USAGE;
}

int tqctl_errno(struct tqctl *t, int code, const char *what)
{
	tqctl_say(t, "%s: %s", what, strerror(code));
	return TQCTL_REFUSED;
}

/* What an errno without a sentence is likely to mean here. */
static const char *hint(int code)
{
	switch (code) {
	case EPERM:
		return " (CAP_NET_ADMIN in the network namespace is needed)";
	case EOPNOTSUPP:
		return " (this module, on this kernel, can't do that; see \"tqctl version\")";
	case ENOBUFS:
		return " (too much for the socket)";
	default:
		return "";
	}
}

int tqctl_refused(struct tqctl *t, struct nl_msg *msg, const struct tnl_error *err)
{
	struct msg_place place = { .rule = -1 };

	if (err->no_family) {
		tqctl_say(t, "%s: the module is not loaded; load it with \"modprobe tqueue\"",
			  err->text);
		return TQCTL_NO_MODULE;
	}
	if (err->local) {
		tqctl_say(t, "%s: %s%s", err->text, strerror(err->code), hint(err->code));
		return TQCTL_REFUSED;
	}
	if (msg)
		msg_find(msg, err, &place);
	tqctl_say(t, "refused by the kernel: %s%s%s%s%s%s%s%s", err->text,
		  err->text[0] && place.attr[0] ? " " : "",
		  place.attr[0] ? "(attribute " : "", place.attr, place.attr[0] ? ")" : "",
		  err->text[0] || place.attr[0] ? ": " : "", strerror(err->code),
		  err->text[0] ? "" : hint(err->code));
	return TQCTL_REFUSED;
}

int tqctl_open(struct tqctl *t)
{
	struct tnl_error err;

	if (t->nl)
		return TQCTL_OK;
	t->nl = tnl_open(t->netns, &err);
	return t->nl ? TQCTL_OK : tqctl_refused(t, NULL, &err);
}

struct nl_msg *tqctl_message(struct tqctl *t, uint8_t cmd, int flags, int *code)
{
	struct nl_msg *msg;

	*code = tqctl_open(t);
	if (*code)
		return NULL;
	msg = tnl_message(t->nl, cmd, flags, 4096);
	if (!msg)
		*code = tqctl_errno(t, ENOMEM, "netlink message");
	return msg;
}

struct nl_msg *tqctl_dump_message(struct tqctl *t, uint8_t cmd, const char *table, int *code)
{
	struct tq_rules frame = { .has = TQ_BIT(TQUEUE_A_RULES_TABLE) };
	struct nl_msg *msg = tqctl_message(t, cmd, NLM_F_DUMP, code);

	if (msg && table) {
		memcpy(frame.table, table, sizeof(frame.table));
		msg_rules_put(msg, &frame);
	}
	return msg;
}

int tqctl_try(struct tqctl *t, struct nl_msg *msg, tnl_reply_fn *fn, void *arg,
	      struct tnl_error *err)
{
	if (tnl_request(t->nl, msg, fn, arg, err))
		return TQCTL_REFUSED;
	if (tnl_warning(t->nl)[0])
		tqctl_say(t, "the kernel says: %s", tnl_warning(t->nl));
	if (tnl_torn(t->nl))
		tqctl_say(t, "the objects kept changing while they were read: "
			  "some may be missing or old");
	return TQCTL_OK;
}

int tqctl_request(struct tqctl *t, struct nl_msg *msg, tnl_reply_fn *fn, void *arg)
{
	struct tnl_error err;
	int code;

	code = tqctl_try(t, msg, fn, arg, &err);
	if (code)
		code = tqctl_refused(t, msg, &err);
	nlmsg_free(msg);
	return code;
}

int tqctl_garbled(struct tqctl *t)
{
	tqctl_say(t, "the module's reply can't be understood: is tqctl older than the module?");
	return TQCTL_REFUSED;
}
