// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"

static u8 proto_number(const char *name)
{
	static const struct { const char *name; u8 number; } names[] = {
		{ "tcp", PKT_TCP }, { "udp", PKT_UDP }, { "icmp", PKT_ICMP },
		{ "icmp6", PKT_ICMP6 }, { "sctp", PKT_SCTP }, { "dccp", PKT_DCCP },
		{ "udplite", PKT_UDPLITE }, { "gre", PKT_GRE }, { "esp", PKT_ESP },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i].name))
			return names[i].number;
	return (u8)number(name);
}

/* "10.0.0.1:80", "[fd00::1]:80+", "fd00::1" */
static int parse_end(char *text, u8 addr[16], u16 *port, int *counts)
{
	char *colon = NULL, *end = text + strlen(text);

	if (end > text && end[-1] == '+') {
		*counts = 1;
		*--end = 0;
	}
	if (text[0] == '[') {
		char *close_at = strchr(text, ']');

		if (!close_at)
			die("no \"]\": %s", text);
		*close_at = 0;
		if (close_at[1] == ':')
			colon = close_at + 1;
		text++;
	} else if (strchr(text, ':') == strrchr(text, ':')) {
		colon = strchr(text, ':');
	}
	if (colon) {
		*colon = 0;
		*port = (u16)number(colon + 1);
	}
	return pkt_parse_addr(text, addr);
}

static int flag_word(struct pkt *p, const char *word)
{
	static const struct { const char *name; u8 ext; } exts[] = {
		{ "hop", PKT_EXT_HOP }, { "dest", PKT_EXT_DEST }, { "route", PKT_EXT_ROUTE },
		{ "atomic", PKT_EXT_ATOMIC }, { "opt", PKT_EXT_OPT },
	};
	size_t i;

	if (!strcmp(word, "first"))
		p->frag = TQUEUE_FRAG_FIRST;
	else if (!strcmp(word, "later"))
		p->frag = TQUEUE_FRAG_LATER;
	else {
		for (i = 0; i < ARRAY_SIZE(exts); i++)
			if (!strcmp(word, exts[i].name)) {
				p->exts |= exts[i].ext;
				return 1;
			}
		return 0;
	}
	return 1;
}

static void value_word(struct pkt *p, const char *word)
{
	const char *eq = strchr(word, '=');
	u64 v;

	if (!eq)
		die("unknown word: %s", word);
	v = number(eq + 1);
	if (!strncmp(word, "len=", 4))
		p->body = (u16)v;
	else if (!strncmp(word, "mark=", 5))
		p->mark = (u32)v;
	else if (!strncmp(word, "ttl=", 4))
		p->ttl = (u8)v;
	else if (!strncmp(word, "dscp=", 5))
		p->dscp = (u8)v;
	else if (!strncmp(word, "type=", 5))
		p->icmp_type = (u8)v;
	else if (!strncmp(word, "code=", 5))
		p->icmp_code = (u8)v;
	else if (!strncmp(word, "flags=", 6))
		p->tcp_flags = (u8)v;
	else if (!strncmp(word, "vlan=", 5))
		p->vlan = (u16)v;
	else
		die("unknown word: %s", word);
}

static void parse_raw(struct spec *s, const char *hex)
{
	size_t i;

	if (!hex || strlen(hex) % 2 || strlen(hex) / 2 > PKT_MAX - 12)
		die("raw HEX: no whole bytes, or too many");
	s->raw_len = strlen(hex) / 2;
	s->raw = xcalloc(1, s->raw_len);
	for (i = 0; i < s->raw_len; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &s->raw[i]) != 1)
			die("raw HEX: %s", hex);
}

void spec_parse(struct spec *s, const char *given)
{
	char *text = strdup(given), *save, *word;
	struct pkt *p = &s->p;
	int family;

	memset(s, 0, sizeof(*s));
	*p = (struct pkt){ .frag = TQUEUE_FRAG_NONE, .ttl = 64, .body = 32, .tcp_flags = 2 };
	word = strtok_r(text, " ", &save);
	if (!word)
		die("an empty PACKET");
	if (!strcmp(word, "raw")) {
		parse_raw(s, strtok_r(NULL, " ", &save));
		free(text);
		return;
	}
	p->proto = proto_number(word);
	p->icmp_type = p->proto == PKT_ICMP6 ? 128 : 8;
	word = strtok_r(NULL, " ", &save);
	if (!word)
		die("no source: %s", given);
	p->family = (u8)parse_end(word, p->src, &p->sport, &s->count_sport);
	word = strtok_r(NULL, " ", &save);
	if (!word)
		die("no destination: %s", given);
	family = parse_end(word, p->dst, &p->dport, &s->count_dport);
	if (family != p->family)
		die("two families: %s", given);
	while ((word = strtok_r(NULL, " ", &save)))
		if (!flag_word(p, word))
			value_word(p, word);
	if (p->body > PKT_MAX - 160)
		die("too long: %s", given);
	free(text);
}

size_t spec_build(const struct spec *s, unsigned int thread, u64 number, u8 *frame)
{
	struct pkt p = s->p;

	p.seq = (u64)thread << 56 | number;
	p.id = (u32)number;
	if (s->count_sport)
		p.sport = (u16)(p.sport + number % 64);
	if (s->count_dport)
		p.dport = (u16)(p.dport + number % 64);
	if (!s->raw)
		return pkt_build(&p, frame);
	memcpy(frame + 12, s->raw, s->raw_len);
	return 12 + s->raw_len;
}
