// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues as interfaces in Wireshark and tshark: what their extcap programs are
 * asked, under the name that ends in "extcap".  The questions come as options, the
 * answers are sentences with {key=value}, and packets go into a named pipe.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "msg.h"
#include "tqctl.h"

#define PREFIX		"tqueue-"
#define LINKS		"/dev/tqueue/by-name"

/* What Wireshark wants; it gives the options in any order. */
struct asked {
	enum { NOTHING, INTERFACES, DLTS, CONFIG, CAPTURE, HELP } what;
	const char	*interface;
	const char	*filter;
};

/* ---- what there is ---- */

static void show_interface(struct tqctl *t, const char *name)
{
	fprintf(t->out.file, "interface {value=%s%s}{display=tqueue: queue %s}\n", PREFIX, name,
		name);
}

static void show_queue(const struct tnl_reply *reply, void *arg)
{
	struct tq_queue q;

	if (msg_queue_get(reply, &q))
		return;
	show_interface(arg, q.name);
	tq_queue_free(&q);
}

/* Those that the group tqueue may open. */
static void show_links(struct tqctl *t)
{
	struct dirent *e;
	DIR *d;

	d = opendir(LINKS);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && !faccessat(dirfd(d), e->d_name, R_OK, AT_EACCESS))
			show_interface(t, e->d_name);
	if (d)
		closedir(d);
}

static int show_interfaces(struct tqctl *t)
{
	struct tq_queue q = { .has = TQ_BIT(TQUEUE_A_QUEUE_QUERY), .query = TQUEUE_QUERY_TERSE };
	struct tnl_error err;
	struct nl_msg *msg;
	int code;

	fprintf(t->out.file, "extcap {version=%s}{display=tqueue}\n", tqctl_version);
	/* To ask the kernel would load the module, at each start of Wireshark. */
	if (access("/sys/module/tqueue", F_OK))
		return TQCTL_OK;
	msg = tqctl_message(t, TQUEUE_CMD_QUEUE_GET, NLM_F_DUMP, &code);
	if (!msg)
		return code;
	msg_queue_put(msg, &q);
	code = tqctl_try(t, msg, show_queue, t, &err);
	if (code && err.code == EPERM) {
		show_links(t);
		code = TQCTL_OK;
	} else if (code) {
		code = tqctl_refused(t, msg, &err);
	}
	nlmsg_free(msg);
	return code;
}

static int show_dlts(struct tqctl *t)
{
	/* Each packet says its own; this is what most have. */
	fputs("dlt {number=1}{name=EN10MB}{display=Ethernet, or IP where there is none}\n",
	      t->out.file);
	return TQCTL_OK;
}

static int show_config(struct tqctl *t)
{
	const struct tq_name *link;

	fprintf(t->out.file,
		"arg {number=0}{call=--snaplen}{display=Bytes of a packet}"
		"{tooltip=The rest of longer packets is cut off}{type=integer}"
		"{range=1,%d}{default=%d}\n"
		"arg {number=1}{call=--link}{display=Link layer}"
		"{tooltip=What to do with packets that have a link-layer header, and those without}"
		"{type=selector}\n", PCAPNG_SNAPLEN, PCAPNG_SNAPLEN);
	for (link = capture_links; link->name; link++)
		fprintf(t->out.file, "value {arg=1}{value=%s}{display=%s}{default=%s}\n",
			link->name, link->name, link->value ? "false" : "true");
	fputs("arg {number=2}{call=--messages}{display=Messages of programs, too}"
	      "{tooltip=As packets of link type USER0}{type=boolflag}{default=false}\n"
	      "arg {number=3}{call=--shared}{display=Let others read meanwhile}"
	      "{tooltip=Slower, but other programs may read and write the queue}"
	      "{type=boolflag}{default=false}\n", t->out.file);
	return TQCTL_OK;
}

static int show_help(struct tqctl *t)
{
	fputs("This is for Wireshark and tshark, which find it in their folder of extcap programs.\n"
	      "See what it offers by \"tshark -D\", and capture from queue ids by\n"
	      "\"tshark -i " PREFIX "ids\".  It is tqctl(8) under another name.\n", t->out.file);
	return TQCTL_OK;
}

/* ---- options ---- */

enum { OPT_INTERFACES = 1, OPT_DLTS, OPT_CONFIG, OPT_CAPTURE, OPT_INTERFACE, OPT_FIFO,
       OPT_FILTER, OPT_SNAPLEN, OPT_LINK, OPT_MESSAGES, OPT_SHARED, OPT_HELP, OPT_IGNORED };

static const struct option options[] = {
	{ "extcap-interfaces", no_argument, NULL, OPT_INTERFACES },
	{ "extcap-dlts", no_argument, NULL, OPT_DLTS },
	{ "extcap-config", no_argument, NULL, OPT_CONFIG },
	{ "capture", no_argument, NULL, OPT_CAPTURE },
	{ "extcap-interface", required_argument, NULL, OPT_INTERFACE },
	{ "fifo", required_argument, NULL, OPT_FIFO },
	{ "extcap-capture-filter", required_argument, NULL, OPT_FILTER },
	{ "snaplen", required_argument, NULL, OPT_SNAPLEN },
	{ "link", required_argument, NULL, OPT_LINK },
	{ "messages", no_argument, NULL, OPT_MESSAGES },
	{ "shared", no_argument, NULL, OPT_SHARED },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "extcap-version", optional_argument, NULL, OPT_IGNORED },
	{ NULL, 0, NULL, 0 }
};

static int usage(struct tqctl *t, const char *option, const char *what)
{
	tqctl_say(t, "%s %s", option, what);
	return TQCTL_USAGE;
}

static int read_value(struct tqctl *t, struct capture *c, int opt)
{
	uint64_t v;
	int64_t link;

	if (opt == OPT_LINK) {
		link = tq_value(capture_links, optarg);
		if (link < 0)
			return usage(t, "--link", "is not one of auto, ethernet, raw");
		c->sink.pcapng.link = link;
		return TQCTL_OK;
	}
	if (text_u64(optarg, &v) || !v || v > PCAPNG_SNAPLEN)
		return usage(t, "--snaplen", "is not in the range 1 to 262144");
	c->sink.pcapng.snaplen = v;
	return TQCTL_OK;
}

static int read_option(struct tqctl *t, struct asked *a, struct capture *c, int opt)
{
	switch (opt) {
	case OPT_INTERFACES:
		a->what = INTERFACES;
		break;
	case OPT_DLTS:
		a->what = DLTS;
		break;
	case OPT_CONFIG:
		a->what = CONFIG;
		break;
	case OPT_CAPTURE:
		a->what = CAPTURE;
		break;
	case OPT_HELP:
		a->what = HELP;
		break;
	case OPT_INTERFACE:
		a->interface = optarg;
		break;
	case OPT_FIFO:
		c->sink.path = optarg;
		break;
	case OPT_FILTER:
		a->filter = *optarg ? optarg : NULL;
		break;
	case OPT_SNAPLEN:
	case OPT_LINK:
		return read_value(t, c, opt);
	case OPT_MESSAGES:
		c->messages = true;
		break;
	case OPT_SHARED:
		c->shared = true;
		break;
	case OPT_IGNORED:
		break;
	default:
		return TQCTL_USAGE;	/* getopt has told it */
	}
	return TQCTL_OK;
}

/* ---- capture ---- */

/* The queue that an interface stands for. */
static int read_interface(struct tqctl *t, const struct asked *a, char name[TQUEUE_NAME_SIZE])
{
	const size_t prefix = strlen(PREFIX);
	const char *word;
	struct parse p;

	if (!a->interface)
		return usage(t, "--extcap-interface", "is missing");
	if (strncmp(a->interface, PREFIX, prefix))
		return usage(t, a->interface, "is not an interface of ours: " PREFIX "QUEUE");
	word = a->interface + prefix;
	parse_init(&p, &word, 1);
	return parse_name(&p, name, "the name of a queue") ? tqctl_usage(t, &p) : TQCTL_OK;
}

static int capture(struct tqctl *t, const struct asked *a, struct capture *c)
{
	int code;

	code = read_interface(t, a, c->queue);
	if (code)
		return code;
	if (a->filter)
		return usage(t, "--extcap-capture-filter",
			     "is not supported: the rules that fill the queue choose the packets");
	if (!c->sink.path)
		return usage(t, "--fifo", "is missing");
	/* Whatever is told to standard error is shown as a failure. */
	c->quiet = true;
	return capture_run(t, c);
}

int tqctl_extcap(struct tqctl *t, int argc, char **argv)
{
	struct asked a = { .what = NOTHING };
	struct capture c = { .count = 0 };
	int opt, code = TQCTL_OK;

	snprintf(t->what, sizeof(t->what), "extcap");
	optind = 0;
	while (!code && (opt = getopt_long(argc, argv, "", options, NULL)) >= 0)
		code = read_option(t, &a, &c, opt);
	if (code)
		return code;
	switch (a.what) {
	case INTERFACES:
		return show_interfaces(t);
	case DLTS:
		return show_dlts(t);
	case CONFIG:
		return show_config(t);
	case CAPTURE:
		return capture(t, &a, &c);
	case HELP:
		return show_help(t);
	default:
		/* A filter alone is to be checked; what is printed is what is wrong. */
		if (a.filter) {
			fputs("rules choose the packets of a queue, not capture filters\n",
			      t->out.file);
			return TQCTL_OK;
		}
		show_help(t);
		return TQCTL_USAGE;
	}
}
