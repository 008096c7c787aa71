// SPDX-License-Identifier: GPL-2.0-only
/* "capture": records of a queue to pcapng or JSON, into files or a pipe. */
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "tqctl.h"

static const struct parse_key keys[] = {
	{ "-w", "FILE", "write here; - is standard output" },
	{ "-c", "N", "stop after N packets" },
	{ "--for", "TIME", "stop after this time" },
	{ "--snaplen", "N", "write the first N bytes of a packet at most" },
	{ "--rotate-size", "SIZE", "begin another file when one has so many bytes" },
	{ "--rotate-time", "TIME", "and after this time" },
	{ "--files", "N", "keep the newest N files only" },
	{ "--json", "", "JSON, one object a line, instead of pcapng" },
	{ "--no-payload", "", "JSON without the bytes" },
	{ "--link", "auto|ethernet|raw",
	  "one link type for all: tcpdump can't read a file with two" },
	{ "--messages", "", "write messages too, as packets of link type USER0" },
	{ "--shared", "", "let others read and write the queue meanwhile" },
	{ "-q", "", "no progress and no summary" },
	{ NULL, NULL, NULL }
};

const struct parse_key *cmd_capture_keys(unsigned int i)
{
	return &keys[i];
}

static int parse_duration(struct parse *p, uint64_t *ns)
{
	uint64_t us;

	if (parse_time(p, &us))
		return -1;
	if (!us || us > UINT64_MAX / 1000)
		return parse_bad(p, "no time, or too long");
	*ns = us * 1000;
	return 0;
}

static int parse_bytes(struct parse *p, uint64_t *bytes)
{
	if (parse_size(p, bytes, UINT64_MAX))
		return -1;
	return *bytes ? 0 : parse_bad(p, "no size at all");
}

/* What makes the sink: 1: taken; 0: another option; -1. */
static int parse_sink(struct parse *p, struct sink *s)
{
	uint32_t link = s->pcapng.link;
	int err;

	if (parse_take(p, "-w") || parse_take(p, "--write"))
		err = parse_need(p, &s->path, "a file");
	else if (parse_take(p, "--snaplen"))
		err = parse_u32(p, &s->pcapng.snaplen, 1, PCAPNG_SNAPLEN);
	else if (parse_take(p, "--rotate-size"))
		err = parse_bytes(p, &s->rotate_bytes);
	else if (parse_take(p, "--rotate-time"))
		err = parse_duration(p, &s->rotate_ns);
	else if (parse_take(p, "--files"))
		err = parse_u32(p, &s->files, 1, 1000000);
	else if (parse_take(p, "--link"))
		err = parse_enum(p, capture_links, "a kind of link", &link);
	else
		return 0;
	s->pcapng.link = link;
	return err ? -1 : 1;
}

static int unknown(struct parse *p)
{
	parse_next(p);
	return parse_bad(p, "not an option of capture");
}

static int parse_option(struct parse *p, struct capture *c)
{
	int taken = parse_sink(p, &c->sink);

	if (taken)
		return taken < 0 ? -1 : 0;
	if (parse_take(p, "-c") || parse_take(p, "--count"))
		return parse_u64(p, &c->count, 1);
	if (parse_take(p, "--for"))
		return parse_time(p, &c->for_us);
	if (parse_take(p, "--json"))
		c->sink.json = true;
	else if (parse_take(p, "--no-payload"))
		c->sink.no_payload = true;
	else if (parse_take(p, "--messages"))
		c->messages = true;
	else if (parse_take(p, "--shared"))
		c->shared = true;
	else if (parse_take(p, "-q") || parse_take(p, "--quiet"))
		c->quiet = true;
	else
		return unknown(p);
	return 0;
}

/* Options that say nothing without another, or against it. */
static int parse_sense(struct parse *p, const struct sink *s)
{
	const bool row = s->rotate_bytes || s->rotate_ns;

	if (!s->path)
		return parse_bad(p, "-w FILE is missing (\"queue read\" prints text)");
	if (row && !strcmp(s->path, "-"))
		return parse_bad(p, "standard output can't be rotated: -w FILE is missing");
	if (s->files && !row)
		return parse_bad(p, "--files needs --rotate-size or --rotate-time");
	if (s->no_payload && !s->json)
		return parse_bad(p, "--no-payload needs --json");
	return 0;
}

static int parse_words(struct parse *p, struct capture *c)
{
	uint32_t seen = 0;

	if (parse_name(p, c->queue, "the name of a queue"))
		return -1;
	while (parse_peek(p))
		if (parse_once(p, keys, &seen) || parse_option(p, c))
			return -1;
	return parse_sense(p, &c->sink);
}

int cmd_capture(struct tqctl *t, struct parse *p)
{
	struct capture c = { .sink.json = t->out.json };

	if (parse_words(p, &c))
		return tqctl_usage(t, p);
	/* Whoever wants lines wants all of them. */
	c.messages |= c.sink.json;
	if (!c.sink.json && !strcmp(c.sink.path, "-") && isatty(STDOUT_FILENO)) {
		tqctl_say(t, "pcapng is not for a terminal; pipe it to tcpdump -r - or give a file");
		return TQCTL_USAGE;
	}
	return capture_run(t, &c);
}
