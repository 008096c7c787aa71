// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#include "pcap_lib.h"
#include "replay.h"
#include "tqctl.h"

/* @n lines are read, but neither asked for nor printed. */
struct replay {
	struct tqctl			*t;
	const struct replay_words	*w;
	const struct pcap_lib		*lib;
	pcap_t				*pcap;
	int				link;
	struct bpf_program		filter;
	uint64_t			number;
	struct ask			ask;
	struct replay_sum		sum;
	struct replay_line		line[ASK_MAX];
	unsigned int			n;
};

/* ---- answers ---- */

static void count_line(struct replay *r, const struct replay_line *line)
{
	struct replay_count *c = &r->sum.other[line->found];
	uint32_t i, bytes = line->len;

	r->sum.packets++;
	if (line->found == DECODE_IP) {
		bytes = line->pkt.len;
		if (!line->answer->n)
			c = &r->sum.no_rule;
		/* As counters do: each rule that has won, each time that it has. */
		for (i = 0; i < line->answer->n; i++) {
			struct ask_rule *rule = &r->ask.rule[line->answer->rule[i]];

			rule->packets++;
			rule->bytes += bytes;
		}
	}
	c->packets++;
	c->bytes += bytes;
}

static void show_line(struct replay *r, const struct replay_line *line)
{
	struct out *out = &r->t->out;

	if (r->w->summary)
		return;
	if (out->json)
		out_json(out, json_replay_line(&r->ask, line));
	else
		print_replay_line(out->file, &r->ask, line);
}

/* What was said before is of another table. */
static void tell_change(struct replay *r, uint64_t before)
{
	if (!r->sum.first_generation)
		r->sum.first_generation = r->ask.generation;
	if (before && before != r->ask.generation)
		tqctl_say(r->t, "the table has changed (generation %" PRIu64 " to %" PRIu64 "): "
			  "packets before number %" PRIu64 " were looked up in what it was",
			  before, r->ask.generation, r->line[0].number);
}

static int flush(struct replay *r)
{
	const uint64_t before = r->ask.generation;
	const struct answer *answer[ASK_MAX];
	struct tq_packet pkt[ASK_MAX];
	uint64_t number[ASK_MAX];
	unsigned int i, n = 0;
	int code;

	for (i = 0; i < r->n; i++) {
		if (r->line[i].found != DECODE_IP)
			continue;
		memcpy(&pkt[n], &r->line[i].pkt, sizeof(pkt[n]));
		number[n++] = r->line[i].number;
	}
	code = ask_all(&r->ask, pkt, number, n, answer);
	if (code)
		return code;
	tell_change(r, before);
	for (i = n = 0; i < r->n; i++) {
		if (r->line[i].found == DECODE_IP)
			r->line[i].answer = answer[n++];
		count_line(r, &r->line[i]);
		show_line(r, &r->line[i]);
	}
	r->n = 0;
	return ferror(r->t->out.file) ? tqctl_errno(r->t, errno, "write") : TQCTL_OK;
}

/* ---- the file ---- */

static void give(struct tq_packet *pkt, const struct tq_packet *given)
{
	memcpy(pkt->iif, given->iif, sizeof(pkt->iif));
	memcpy(pkt->oif, given->oif, sizeof(pkt->oif));
	pkt->mark = given->mark;
	pkt->ct_state = given->ct_state;
	pkt->has |= given->has;
}

static int take(struct replay *r, const struct pcap_pkthdr *hdr, const u_char *data)
{
	struct replay_line *line = &r->line[r->n++];

	line->number = r->number;
	/* With the precision that was asked for, these are nanoseconds. */
	line->ns = (uint64_t)hdr->ts.tv_sec * 1000000000 + hdr->ts.tv_usec;
	line->len = hdr->len;
	line->answer = NULL;
	line->found = decode_frame(r->link, data, hdr->caplen, hdr->len, &line->pkt);
	if (line->found == DECODE_IP)
		give(&line->pkt, &r->w->given);
	return r->n == ASK_MAX ? flush(r) : TQCTL_OK;
}

static int read_packets(struct replay *r)
{
	struct pcap_pkthdr *hdr;
	const u_char *data;
	uint64_t taken = 0;
	int code = TQCTL_OK, ret;

	while (!r->w->count || taken < r->w->count) {
		ret = r->lib->next_ex(r->pcap, &hdr, &data);
		if (ret == PCAP_ERROR_BREAK)
			break;
		if (ret != 1) {
			tqctl_say(r->t, "%s, behind packet %" PRIu64 ": %s", r->w->path, r->number,
				  r->lib->geterr(r->pcap));
			code = TQCTL_REFUSED;
			break;
		}
		r->number++;
		if (r->w->filter && !r->lib->offline_filter(&r->filter, hdr, data))
			continue;
		taken++;
		code = take(r, hdr, data);
		if (code)
			return code;
	}
	/* The last are asked for anew: did the table change meanwhile? */
	ask_forget(&r->ask);
	return flush(r) ?: code;
}

/* The link type is looked at first, as the filter depends on it. */
static int set_up(struct replay *r)
{
	const char *name;

	r->link = r->lib->datalink(r->pcap);
	if (!decode_knows(r->link)) {
		name = r->lib->datalink_val_to_name(r->link);
		tqctl_say(r->t, "%s: link type %s (%d) is not understood", r->w->path,
			  name ? name : "unknown", r->link);
		return TQCTL_REFUSED;
	}
	if (r->w->filter && r->lib->compile(r->pcap, &r->filter, r->w->filter, 1,
					 PCAP_NETMASK_UNKNOWN)) {
		tqctl_say(r->t, "filter \"%s\": %s", r->w->filter, r->lib->geterr(r->pcap));
		return TQCTL_USAGE;
	}
	return TQCTL_OK;
}

static int open_file(struct replay *r)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	const char *no_lib;
	FILE *f;

	r->lib = pcap_lib(&no_lib);
	if (!r->lib) {
		tqctl_say(r->t, "captures are read by libpcap, which is not installed: %s", no_lib);
		return TQCTL_REFUSED;
	}
	f = strcmp(r->w->path, "-") ? fopen(r->w->path, "re") : stdin;
	if (!f)
		return tqctl_errno(r->t, errno, r->w->path);
	r->pcap = r->lib->fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, why);
	if (r->pcap)
		return TQCTL_OK;
	tqctl_say(r->t, "%s: %s", r->w->path, why);
	if (f != stdin)
		fclose(f);
	return TQCTL_REFUSED;
}

static void show_sum(struct replay *r)
{
	struct out *out = &r->t->out;

	if (out->json)
		out_json(out, json_replay_sum(&r->ask, &r->sum));
	else
		print_replay_sum(out->file, &r->ask, &r->sum);
}

static int run(struct replay *r)
{
	int code;

	code = open_file(r) ?: set_up(r);
	if (code)
		return code;
	/* A table that is not there is told of before any packet. */
	code = ask_check(&r->ask);
	if (code)
		return code;
	out_list_begin(&r->t->out);
	code = read_packets(r);
	/* Of a file that breaks off, too. */
	show_sum(r);
	out_list_end(&r->t->out);
	return code;
}

int replay_run(struct tqctl *t, const char *table, const struct replay_words *w)
{
	struct replay *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return tqctl_errno(t, ENOMEM, "packets");
	r->t = t;
	r->w = w;
	r->ask.t = t;
	memcpy(r->ask.table, table, sizeof(r->ask.table));
	code = run(r);
	if (r->pcap) {
		r->lib->freecode(&r->filter);
		r->lib->close(r->pcap);
	}
	ask_free(&r->ask);
	free(r);
	return code;
}
