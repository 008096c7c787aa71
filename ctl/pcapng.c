// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pcapng.h"

enum {
	BLOCK_SHB	= 0x0a0d0d0a,
	BLOCK_IDB	= 1,
	BLOCK_ISB	= 5,
	BLOCK_EPB	= 6,

	OPT_END		= 0,
	OPT_COMMENT	= 1,
	SHB_USERAPPL	= 4,
	IF_NAME		= 2,
	IF_DESCRIPTION	= 3,
	IF_TSRESOL	= 9,
	EPB_FLAGS	= 2,
	EPB_DROPCOUNT	= 4,
	EPB_PACKETID	= 5,
	EPB_QUEUE	= 6,
	EPB_VERDICT	= 7,
	ISB_IFRECV	= 4,
	ISB_IFDROP	= 5,
	ISB_USRDELIV	= 8,

	LINKTYPE_USER0	= 147,

	INBOUND		= 1,
	OUTBOUND	= 2,
};

#define ETH_ADDRS	12	/* the two addresses */
#define ETH_LEN		14
#define VLAN_LEN	4

/* ---- blocks ---- */

/* Room for @len bytes more. */
static bool grow(struct pcapng *p, size_t len)
{
	size_t size = (p->len + len) * 2;
	char *buf = realloc(p->buf, size);

	if (!buf) {
		p->no_memory = true;
		return false;
	}
	p->buf = buf;
	p->size = size;
	return true;
}

static inline void add(struct pcapng *p, const void *data, size_t len)
{
	if (len > p->size - p->len && !grow(p, len))
		return;
	if (len)
		memcpy(p->buf + p->len, data, len);
	p->len += len;
}

static void add_pad(struct pcapng *p)
{
	static const char zeros[4];

	add(p, zeros, -p->len & 3);
}

static void add_u16(struct pcapng *p, uint16_t v)
{
	add(p, &v, sizeof(v));
}

static void add_u32(struct pcapng *p, uint32_t v)
{
	add(p, &v, sizeof(v));
}

static void add_time(struct pcapng *p, uint64_t ns)
{
	add_u32(p, ns >> 32);
	add_u32(p, ns);
}

static void add_opt(struct pcapng *p, uint16_t code, const void *data, size_t len)
{
	if (len > UINT16_MAX)
		len = UINT16_MAX;
	add_u16(p, code);
	add_u16(p, len);
	add(p, data, len);
	add_pad(p);
}

static void add_opt_u64(struct pcapng *p, uint16_t code, uint64_t v)
{
	add_opt(p, code, &v, sizeof(v));
}

static void begin_block(struct pcapng *p, uint32_t type)
{
	p->len = 0;
	p->no_memory = false;
	add_u32(p, type);
	add_u32(p, 0);		/* length: end_block() */
}

static int end_block(struct pcapng *p)
{
	uint32_t len;

	add_opt(p, OPT_END, NULL, 0);
	len = p->len + 4;
	add_u32(p, len);
	if (p->no_memory) {
		errno = ENOMEM;
		return -1;
	}
	memcpy(p->buf + 4, &len, sizeof(len));
	p->bytes += p->len;
	/* The file is one thread's. */
	return fwrite_unlocked(p->buf, 1, p->len, p->f) == p->len ? 0 : -1;
}

int pcapng_begin(struct pcapng *p)
{
	uint64_t unknown = UINT64_MAX;

	if (!p->snaplen || p->snaplen > PCAPNG_SNAPLEN)
		p->snaplen = PCAPNG_SNAPLEN;
	memset(p->iface, 0, sizeof(p->iface));
	memset(p->written, 0, sizeof(p->written));
	memset(p->dropped, 0, sizeof(p->dropped));
	p->ifaces = 0;
	p->bytes = 0;
	begin_block(p, BLOCK_SHB);
	add_u32(p, 0x1a2b3c4d);
	add_u16(p, 1);
	add_u16(p, 0);
	add(p, &unknown, sizeof(unknown));
	add_opt(p, SHB_USERAPPL, p->app, strlen(p->app));
	return end_block(p);
}

static int describe(struct pcapng *p, enum pcapng_iface iface)
{
	static const uint16_t types[PCAPNG_IFACES] = {
		[PCAPNG_ETHERNET] = TQUEUE_LINKTYPE_ETHERNET,
		[PCAPNG_RAW] = TQUEUE_LINKTYPE_RAW,
		[PCAPNG_MESSAGES] = LINKTYPE_USER0,
	};
	static const char *const texts[PCAPNG_IFACES] = {
		[PCAPNG_ETHERNET] = "tqueue queue, packets with link-layer header",
		[PCAPNG_RAW] = "tqueue queue, packets from the IP header on",
		[PCAPNG_MESSAGES] = "tqueue queue, messages of programs",
	};
	uint8_t resolution = 9;

	if (p->iface[iface])
		return 0;
	p->iface[iface] = ++p->ifaces;
	begin_block(p, BLOCK_IDB);
	add_u16(p, types[iface]);
	add_u16(p, 0);
	/* The same for all: libpcap refuses files where it differs. */
	add_u32(p, p->snaplen);
	add_opt(p, IF_NAME, p->name, strlen(p->name));
	add_opt(p, IF_DESCRIPTION, texts[iface], strlen(texts[iface]));
	add_opt(p, IF_TSRESOL, &resolution, 1);
	return end_block(p);
}

/* ---- packets ---- */

/**
 * struct frame - a packet as it goes to the file: @head, then @body
 */
struct frame {
	enum pcapng_iface	iface;
	uint8_t			head[ETH_LEN + VLAN_LEN];
	uint32_t		head_len;
	const uint8_t		*body;
	uint32_t		body_len;
	uint32_t		orig_len;
};

static void cut_link(struct frame *f, const struct tqueue_record *rec)
{
	uint32_t len = rec->mac_len < f->body_len ? rec->mac_len : f->body_len;

	f->iface = PCAPNG_RAW;
	f->body += len;
	f->body_len -= len;
	f->orig_len -= rec->mac_len < f->orig_len ? rec->mac_len : f->orig_len;
}

static void make_link(struct frame *f, const struct tqueue_record *rec)
{
	uint16_t type = htons(rec->family == TQUEUE_FAMILY_IPV6 ? 0x86dd : 0x0800);

	f->iface = PCAPNG_ETHERNET;
	memcpy(f->head + ETH_ADDRS, &type, sizeof(type));
	f->head_len = ETH_LEN;
	f->orig_len += ETH_LEN;
}

/* Puts the tag that the device took out back where it was. */
static void put_vlan(struct frame *f, const struct tqueue_record *rec)
{
	uint16_t tci = htons(rec->vlan_tci);

	if (!f->head_len) {
		if (f->body_len < ETH_ADDRS)
			return;
		memcpy(f->head, f->body, ETH_ADDRS);
		f->body += ETH_ADDRS;
		f->body_len -= ETH_ADDRS;
	} else {
		memmove(f->head + ETH_ADDRS + VLAN_LEN, f->head + ETH_ADDRS,
			ETH_LEN - ETH_ADDRS);
	}
	memcpy(f->head + ETH_ADDRS, &rec->vlan_proto, 2);
	memcpy(f->head + ETH_ADDRS + 2, &tci, 2);
	f->head_len = f->head_len ? ETH_LEN + VLAN_LEN : ETH_ADDRS + VLAN_LEN;
	f->orig_len += VLAN_LEN;
}

static void make_frame(const struct pcapng *p, struct frame *f, const struct tqueue_record *rec,
		       const void *payload)
{
	memset(f, 0, sizeof(*f));
	f->body = payload;
	f->body_len = rec->caplen;
	f->orig_len = rec->origlen;
	f->iface = PCAPNG_MESSAGES;
	if (rec->type == TQUEUE_RECORD_PACKET) {
		bool ethernet = rec->linktype == TQUEUE_LINKTYPE_ETHERNET;

		f->iface = PCAPNG_ETHERNET;
		if (!ethernet || p->link == PCAPNG_LINK_RAW)
			cut_link(f, rec);
		if (!ethernet && p->link == PCAPNG_LINK_ETHERNET)
			make_link(f, rec);
		if (f->iface == PCAPNG_ETHERNET && rec->flags & TQUEUE_RECORD_F_VLAN)
			put_vlan(f, rec);
	}
	if (f->head_len > p->snaplen)
		f->head_len = p->snaplen;
	if (f->body_len > p->snaplen - f->head_len)
		f->body_len = p->snaplen - f->head_len;
}

static uint32_t direction(uint8_t hook)
{
	switch (hook) {
	case TQUEUE_HOOK_PREROUTING:
	case TQUEUE_HOOK_INPUT:
	case TQUEUE_HOOK_INGRESS:
		return INBOUND;
	case TQUEUE_HOOK_OUTPUT:
	case TQUEUE_HOOK_POSTROUTING:
	case TQUEUE_HOOK_EGRESS:
		return OUTBOUND;
	default:
		return 0;
	}
}

/* How an option begins, in the byte order of this machine. */
static inline uint32_t opt(uint16_t code, uint16_t len)
{
	const uint16_t v[] = { code, len };
	uint32_t word;

	memcpy(&word, v, sizeof(word));
	return word;
}

/* Words that are added at once: each record has them. */
struct words {
	uint32_t	n;
	uint32_t	v[16];
};

static inline void word(struct words *w, uint32_t v)
{
	w->v[w->n++] = v;
}

static inline void word_u64(struct words *w, uint64_t v)
{
	memcpy(&w->v[w->n], &v, sizeof(v));
	w->n += 2;
}

static void add_options(struct pcapng *p, const struct tqueue_record *rec, const char *comment)
{
	/* first octet: kind of verdict; 0 leaves the meaning to the writer */
	const uint8_t verdict[4] = { 0, rec->verdict };
	const uint32_t flags = direction(rec->hook);
	struct words w = { 0 };

	if (comment)
		add_opt(p, OPT_COMMENT, comment, strlen(comment));
	if (flags) {
		word(&w, opt(EPB_FLAGS, sizeof(flags)));
		word(&w, flags);
	}
	if (p->pending) {
		word(&w, opt(EPB_DROPCOUNT, sizeof(p->pending)));
		word_u64(&w, p->pending);
	}
	word(&w, opt(EPB_PACKETID, sizeof(uint64_t)));
	word_u64(&w, (uint64_t)rec->cpu << 48 | (rec->seq & 0xffffffffffff));
	word(&w, opt(EPB_QUEUE, sizeof(uint32_t)));
	word(&w, rec->cpu);
	if (rec->verdict) {
		uint32_t v;

		memcpy(&v, verdict, sizeof(v));
		word(&w, opt(EPB_VERDICT, 2));
		word(&w, v);
	}
	add(p, w.v, w.n * sizeof(w.v[0]));
}

int pcapng_record(struct pcapng *p, const struct tqueue_record *rec, const void *payload,
		  const char *comment)
{
	struct words w = { 0 };
	struct frame f;

	make_frame(p, &f, rec, payload);
	if (describe(p, f.iface))
		return -1;
	begin_block(p, BLOCK_EPB);
	word(&w, p->iface[f.iface] - 1);
	word(&w, rec->real_ns >> 32);
	word(&w, rec->real_ns);
	word(&w, f.head_len + f.body_len);
	word(&w, f.orig_len);
	add(p, w.v, w.n * sizeof(w.v[0]));
	add(p, f.head, f.head_len);
	add(p, f.body, f.body_len);
	add_pad(p);
	add_options(p, rec, comment);
	p->written[f.iface]++;
	p->dropped[f.iface] += p->pending;
	p->pending = 0;
	return end_block(p);
}

void pcapng_lost(struct pcapng *p, uint64_t n)
{
	p->pending += n;
}

int pcapng_end(struct pcapng *p, uint64_t now_ns)
{
	int i;

	/* A file without an interface is refused by its readers. */
	if (!p->ifaces && describe(p, p->link == PCAPNG_LINK_RAW ? PCAPNG_RAW : PCAPNG_ETHERNET))
		return -1;
	for (i = 0; i < PCAPNG_IFACES; i++) {
		if (!p->iface[i])
			continue;
		/* what was lost after the last packet */
		p->dropped[i] += p->pending;
		p->pending = 0;
		begin_block(p, BLOCK_ISB);
		add_u32(p, p->iface[i] - 1);
		add_time(p, now_ns);
		add_opt_u64(p, ISB_IFRECV, p->written[i] + p->dropped[i]);
		add_opt_u64(p, ISB_IFDROP, p->dropped[i]);
		add_opt_u64(p, ISB_USRDELIV, p->written[i]);
		if (end_block(p))
			return -1;
	}
	return fflush(p->f) ? -1 : 0;
}

void pcapng_free(struct pcapng *p)
{
	free(p->buf);
	p->buf = NULL;
}
