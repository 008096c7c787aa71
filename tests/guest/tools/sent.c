// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sent.h"

#define BUCKETS		(1u << 18)
#define HEAD4		20u
#define HEAD6		40u
#define WAIT_NS		20000000000ull

/* In the file, 8 aligned.  @len is written last: 0 ends the list, for now. */
struct entry {
	u32	len;
	u32	mac;
	u8	bytes[];
};

struct file {
	u64	used;		/* bytes given away */
	u8	room[];
};

/* A place in a packet where an IP header may begin. */
struct place {
	u32			next;	/* of the same bucket; 0: none */
	u32			net;
	const struct entry	*e;
};

struct sent_list {
	struct file	*file;
	u64		seen;		/* bytes that are in the index */
	struct place	*place;		/* [0] is none */
	u32		n, room;
	u32		*bucket;
};

struct sent_list *sent_open(const char *path)
{
	struct sent_list *list = xcalloc(1, sizeof(*list));
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, SENT_SIZE))
		die_errno("%s", path);
	list->file = mmap(NULL, SENT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (list->file == MAP_FAILED)
		die_errno("%s", path);
	close(fd);
	list->bucket = xcalloc(BUCKETS, sizeof(*list->bucket));
	list->n = 1;
	return list;
}

static u64 entry_size(u32 len)
{
	return (sizeof(struct entry) + len + 7) & ~7ull;
}

void sent_add(struct sent_list *list, const u8 *packet, u32 len, u32 mac)
{
	const u64 size = entry_size(len);
	const u64 at = __atomic_fetch_add(&list->file->used, size, __ATOMIC_RELAXED);
	struct entry *e = (struct entry *)(list->file->room + at);

	if (sizeof(*list->file) + at + size > SENT_SIZE)
		die("the list of packets is full");
	e->mac = mac;
	memcpy(e->bytes, packet, len);
	__atomic_store_n(&e->len, len, __ATOMIC_RELEASE);
}

/* What does not change on the way: IPv4 without DSCP, TTL and checksum, IPv6 without
 * traffic class and hop limit.  Returns its length, or 0.
 */
static u32 fixed_head(const u8 *ip, u32 len, u8 head[HEAD6])
{
	if (len >= HEAD4 && ip[0] >> 4 == 4) {
		memcpy(head, ip, HEAD4);
		head[1] = head[8] = head[10] = head[11] = 0;
		return HEAD4;
	}
	if (len >= HEAD6 && ip[0] >> 4 == 6) {
		memcpy(head, ip, HEAD6);
		head[0] &= 0xf0;
		head[1] &= 0x0f;
		head[7] = 0;
		return HEAD6;
	}
	return 0;
}

static u32 hash(const u8 *p, u32 n)
{
	u64 h = 14695981039346656037u;

	while (n--)
		h = (h ^ *p++) * 1099511628211u;
	return (u32)(h >> 32 ^ h) & (BUCKETS - 1);
}

static void index_place(struct sent_list *list, const struct entry *e, u32 net)
{
	u8 head[HEAD6];
	u32 n = net < e->len ? fixed_head(e->bytes + net, e->len - net, head) : 0, b;

	if (!n)
		return;
	if (list->n >= list->room) {
		list->room = list->room ? list->room * 2 : 4096;
		list->place = xrealloc(list->place, list->room * sizeof(*list->place));
	}
	b = hash(head, n);
	list->place[list->n] = (struct place){ list->bucket[b], net, e };
	list->bucket[b] = list->n++;
}

/* True if there was something new, or is to be.  A packet can lie behind one that another
 * process has just begun to write down.
 */
static int take_new(struct sent_list *list)
{
	const u64 before = list->seen, end = now_ns() + WAIT_NS;

	for (;;) {
		const struct entry *e = (const struct entry *)(list->file->room + list->seen);
		const u32 len = __atomic_load_n(&e->len, __ATOMIC_ACQUIRE);

		if (!len) {
			if (list->seen != before ||
			    __atomic_load_n(&list->file->used, __ATOMIC_RELAXED) == list->seen ||
			    now_ns() > end)
				return list->seen != before;
			usleep(100);
			continue;
		}
		index_place(list, e, e->mac);
		/* A device takes the outer tag out. */
		if (e->mac)
			index_place(list, e, e->mac + 4);
		list->seen += entry_size(len);
	}
}

static u32 sum_of(const u8 *p, u32 n)
{
	u32 sum = 0, i;

	for (i = 0; i < n; i += 2)
		sum += (u32)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0 : sum;
}

/* Two packets of one kind whose first @n bytes are there.  A change of a header keeps
 * its sum, right or wrong as it was; only options are written to anew.
 */
static int same_ip(const u8 *a, const u8 *b, u32 n, int options_too)
{
	u8 x[HEAD6], y[HEAD6];
	const u32 head = fixed_head(a, n, x), ihl = (a[0] & 15) * 4u;
	u32 from = head;

	if (!head || fixed_head(b, n, y) != head || memcmp(x, y, head))
		return 0;
	if (head == HEAD4) {
		if (ihl <= HEAD4 && sum_of(a, HEAD4) != sum_of(b, HEAD4))
			return 0;
		if (ihl > HEAD4 && !options_too)
			from = ihl < n ? ihl : n;
	}
	return !memcmp(a + from, b + from, n - from);
}

static int same_mac(const struct place *p, const u8 *payload, u32 mac_len)
{
	const u8 *sent = p->e->bytes;

	/* Both addresses, and the type that is before the network header. */
	return mac_len == 14 && p->e->mac == 14 && !memcmp(payload, sent, 12) &&
	       !memcmp(payload + 12, sent + p->net - 2, 2);
}

static int same_tag(const struct place *p, const struct tqueue_record *rec)
{
	const u8 *tag = p->e->bytes + 12;

	if (!(rec->flags & TQUEUE_RECORD_F_VLAN))
		return p->net == p->e->mac;
	return p->net == p->e->mac + 4 && !memcmp(tag, &rec->vlan_proto, 2) &&
	       rec->vlan_tci == (tag[2] << 8 | tag[3]);
}

static int is_record(const struct place *p, const struct tqueue_record *rec, const u8 *payload)
{
	const u32 orig = rec->origlen - rec->mac_len, n = rec->caplen - rec->mac_len;
	const u32 sent = p->e->len - p->net;
	const u8 *ip = payload + rec->mac_len;

	/* A device hands over all of it, the stack what the packet says it is. */
	if (rec->hook == TQUEUE_HOOK_INGRESS ? orig != sent : orig > sent)
		return 0;
	return n <= sent && same_tag(p, rec) && (!rec->mac_len || same_mac(p, payload, rec->mac_len)) &&
	       same_ip(ip, p->e->bytes + p->net, n,
		       rec->hook == TQUEUE_HOOK_INGRESS || rec->hook == TQUEUE_HOOK_PREROUTING);
}

enum sent_answer sent_find(struct sent_list *list, const struct tqueue_record *rec,
			   const u8 *payload)
{
	const u32 have = rec->caplen < rec->mac_len ? 0 : rec->caplen - rec->mac_len;
	u8 head[HEAD6];
	const u32 n = fixed_head(payload + rec->mac_len, have, head);
	u32 i;

	if (!n)
		return SENT_SHORT;
	do {
		for (i = list->bucket[hash(head, n)]; i; i = list->place[i].next)
			if (is_record(&list->place[i], rec, payload))
				return SENT_SAME;
	} while (take_new(list));
	return rec->mac_len && payload[6] == SENT_MAY_CHANGE ? SENT_CHANGED : SENT_OTHER;
}

enum sent_answer sent_find_frame(struct sent_list *list, const u8 *frame, u32 len, u32 mac,
				 int tagged)
{
	u8 head[HEAD6];
	const u32 n = len > mac ? fixed_head(frame + mac, len - mac, head) : 0;
	u32 i;

	if (!n)
		return SENT_SHORT;
	do {
		for (i = list->bucket[hash(head, n)]; i; i = list->place[i].next) {
			const struct place *p = &list->place[i];

			if (p->e->mac == mac && p->net == mac + (tagged ? 4 : 0) &&
			    p->e->len - p->net == len - mac && (!mac || same_mac(p, frame, mac)) &&
			    !memcmp(frame + mac, p->e->bytes + p->net, len - mac))
				return SENT_SAME;
		}
	} while (take_new(list));
	return mac && frame[6] == SENT_MAY_CHANGE ? SENT_CHANGED : SENT_OTHER;
}
