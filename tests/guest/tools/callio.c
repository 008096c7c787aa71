// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "call.h"
#include "qmap.h"

/* ---- records ---- */

#define GOOD	0x6d637174	/* "tqcm" */

static void fill_message(u8 *to, size_t len, u64 key)
{
	const u32 head[2] = { GOOD, (u32)len };
	struct rng r;
	size_t i;

	memset(to, 'm', len < 16 ? len : 16);
	if (len < 16)
		return;
	rng_seed(&r, key);
	memcpy(to, head, sizeof(head));
	memcpy(to + 8, &key, sizeof(key));
	for (i = 16; i < len; i += 8) {
		const u64 v = rng_u64(&r);

		memcpy(to + i, &v, len - i < 8 ? len - i : 8);
	}
}

static int good_message(const u8 *p, size_t len)
{
	static __thread u8 want[65536];
	u64 key = 0;

	if (len >= 16)
		memcpy(&key, p + 8, sizeof(key));
	fill_message(want, len, key);
	return !memcmp(want, p, len);
}

/* What tqgen sends for "udp 10.9.0.1:7 10.9.0.2:2000+". */
static int good_packet(const struct tqueue_record *rec, const u8 *payload)
{
	static const u8 ends[] = { 10, 9, 0, 1, 10, 9, 0, 2, 0, 7 };
	const u8 *ip = payload + rec->mac_len, *udp = ip + 20, *body = udp + 8;
	size_t len, i;

	if (rec->caplen != rec->origlen || rec->caplen < rec->mac_len + 36u)
		return 0;
	len = rec->caplen - rec->mac_len;
	if (ip[0] != 0x45 || (size_t)(ip[2] << 8 | ip[3]) != len || ip[9] != 17 ||
	    memcmp(ip + 12, ends, sizeof(ends)) || (u32)(udp[2] << 8 | udp[3]) - 2000 >= 64)
		return 0;
	for (i = 0, len -= 28 + 8; i < len; i++)
		if (body[i] != (u8)(body[len + 7] + i))
			return 0;
	return body[len] < 8;	/* the thread */
}

static void content(const struct tqueue_record *rec, const u8 *payload, void *arg)
{
	(void)arg;
	COUNT(records);
	if (rec->type == TQUEUE_RECORD_PACKET) {
		COUNT(packets);
		if (!good_packet(rec, payload))
			rec_bad(reader, "nobody sent this packet, of %u bytes", rec->caplen);
	} else if (rec->type == TQUEUE_RECORD_MESSAGE) {
		COUNT(messages);
		if (rec->caplen > 65536 || rec->caplen != rec->origlen ||
		    !good_message(payload, rec->caplen))
			rec_bad(reader, "nobody wrote this message, of %u bytes", rec->caplen);
	}
}

/* @f: NULL if we do not know whose records these are. */
static void check_records(const u8 *from, size_t len, struct file *f)
{
	struct span *span = reader->ledger.span;
	const size_t room = reader->ledger.room;

	memset(reader, 0, offsetof(struct reader, sets));
	reader->ledger.span = span;
	reader->ledger.room = room;
	if (f) {
		reader->queue = f->id;
		if (f->alone)
			memcpy(reader->next, f->next, sizeof(f->next));
	}
	if (rec_parse(reader, from, len, 0, content, NULL) != len)
		rec_bad(reader, "%zu bytes are no whole records", len);
	if (reader->bad)
		bad("%" PRIu64 " bad records", reader->bad);
	if (f && f->alone)
		memcpy(f->next, reader->next, sizeof(f->next));
}

/* Some bytes of memory that are not all there; *@len is changed. */
static u8 *bad_memory(size_t *len)
{
	const size_t there = below((u32)(2 * page));

	if (!below(8))
		return (u8 *)8;
	*len = there + 1 + below(4096);
	return nowhere - there;
}

static size_t cut(struct iovec *iov, u8 *at, size_t len)
{
	const size_t one = below((u32)len + 1), two = below((u32)(len - one) + 1);

	iov[0] = (struct iovec){ at, one };
	iov[1] = (struct iovec){ at + one, two };
	iov[2] = (struct iovec){ at + one + two, len - one - two };
	return 3;
}

void do_read(enum call call)
{
	const u32 deal = below(20);
	size_t len = deal < 1 ? 0 : deal < 3 ? below(400) : deal < 9 ? 1 + below(8192) : 128 << 10;
	const int is_bad = !below(12);
	struct iovec iov[3];
	struct use u;
	ssize_t n;
	u8 *to = buf;

	if (!use(&u))
		return;
	if (is_bad)
		to = bad_memory(&len);
	cond(&u, BADMEM, is_bad ? -1 : 0);
	cond(&u, SHORT, len < LARGEST ? -1 : 0);
	cond(&u, WRONG, !len);
	now(call);
	if (call == c_read)
		n = read(u.fd, to, len);
	else if (call == c_readv)
		n = readv(u.fd, iov, (int)cut(iov, to, len));
	else if (call == c_pread)
		n = pread(u.fd, to, len, below(3) * 96);
	else
		n = preadv2(u.fd, iov, (int)cut(iov, to, len), -1,
			    call == c_preadv2_nowait ? RWF_NOWAIT : 0);
	if (judge(&u, call, n))
		return;
	if ((size_t)n > len) {
		bad("%s: %zd of %zu bytes", call_names[call], n, len);
	} else if (n) {
		const int known = !raced(&u);

		check_records(to, (size_t)n, known ? &u.f : NULL);
		if (known && u.f.alone)
			u.s->f = u.f;
	} else if (len) {
		must_be_deleted(&u, "end of file");
	}
}

void do_write(enum call call)
{
	const u32 deal = below(40);
	size_t len = deal < 1 ? 0 : deal < 2 ? 60000 + below(10000) : deal < 4 ? below(16384) :
		     below(deal < 30 ? 200 : SURE);
	const int is_bad = !below(12);
	struct iovec iov[3];
	struct use u;
	ssize_t n;
	u8 *from = buf;

	if (!use(&u))
		return;
	if (is_bad) {
		from = bad_memory(&len);
		/* No message begins like that, if it should get through. */
		if (from < nowhere && from > nowhere - 3 * page)
			memset(from, 'B', (size_t)(nowhere - from));
	} else {
		fill_message(buf, len, rng_u64(&rng));
	}
	/* Without a byte nothing is touched. */
	cond(&u, BADMEM, is_bad && len);
	cond(&u, LONG, len > SURE ? -1 : 0);
	cond(&u, HUGE, len > 65536);
	now(call);
	if (call == c_write)
		n = write(u.fd, from, len);
	else if (call == c_writev)
		n = writev(u.fd, iov, (int)cut(iov, from, len));
	else
		n = pwrite(u.fd, from, len, 0);
	if (judge(&u, call, n) == ENXIO)
		must_be_deleted(&u, "write: ENXIO");
	if (n >= 0 && (size_t)n != len)
		bad("%s: %zd of %zu bytes", call_names[call], n, len);
}

static void check_events(const struct use *u, u32 events, u32 got, const char *call)
{
	u32 most = events | POLLHUP;

	if (u->f.access == O_WRONLY)
		most &= ~(u32)(POLLIN | POLLRDNORM | POLLRDBAND);
	if (u->f.access == O_RDONLY || got & POLLHUP)
		most &= ~(u32)(POLLOUT | POLLWRNORM);
	if (got & ~most && !raced(u))
		bad("%s: events %#x, access %d", call, got, u->f.access);
	if (got & POLLHUP)
		must_be_deleted(u, call);
}

void do_poll(void)
{
	struct pollfd p = { 0, below(3) ? POLLIN | POLLRDNORM | POLLPRI : POLLRDBAND, 0 };
	struct use u;
	int n;

	if (!use(&u))
		return;
	p.fd = u.fd;
	p.events |= below(2) ? POLLOUT | POLLWRNORM : 0;
	now(c_poll);
	n = poll(&p, 1, below(4) ? 0 : 1 + (int)below(30));
	if (judge(&u, c_poll, n) == 0 && n)
		check_events(&u, (u32)p.events, (u32)p.revents, "poll");
}

void do_epoll(void)
{
	static const enum call calls[] = { c_epoll_add, c_epoll_mod, c_epoll_del };
	static const int ops[] = { EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL };
	struct epoll_event ev[8] = { {
		.events = (below(3) ? EPOLLIN : EPOLLRDBAND) | (below(2) ? EPOLLOUT : 0) } };
	const u32 i = below(5);
	struct use u;
	int n;

	if (i >= ARRAY_SIZE(ops)) {
		now(c_epoll_wait);
		n = epoll_wait(epoll, ev, ARRAY_SIZE(ev), below(4) ? 0 : 1 + (int)below(30));
		judge(NULL, c_epoll_wait, n);
		while (n-- > 0)
			if (ev[n].events & ~(u32)(EPOLLIN | EPOLLRDBAND | EPOLLOUT | EPOLLHUP))
				bad("epoll: events %#x", ev[n].events);
		return;
	}
	if (!use(&u))
		return;
	ev[0].events |= below(2) ? EPOLLET : below(4) ? 0 : EPOLLONESHOT;
	now(calls[i]);
	judge(&u, calls[i], epoll_ctl(epoll, ops[i], u.fd, ev));
}

/* ---- mappings ---- */

void do_munmap(struct piece *p)
{
	now(c_munmap);
	judge(NULL, c_munmap, munmap(p->at, p->len));
	p->at = NULL;
}

static void do_mmap(struct piece *p)
{
	static const int prots[] = {
		PROT_READ, PROT_READ, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
		PROT_NONE, PROT_WRITE, PROT_READ | PROT_EXEC,
	};
	/* The first page, the consumer's of CPU 0, all that is always there, any */
	const off_t offsets[] = { 0, (off_t)page, 0, (off_t)((1 + below(64)) * page),
				  (off_t)1 << 40, 8 };
	const u32 deal = below(12), kind = deal < 6 ? deal : deal % 3;
	const size_t len = kind == 2 ? 3 * page : page;
	const int prot = prots[below(ARRAY_SIZE(prots))], private = !below(10);
	const struct tqueue_map_info *info;
	struct use u;

	if (!use(&u))
		return;
	cond(&u, PRIVATE, private);
	cond(&u, BEYOND, kind == 3 ? -1 : kind > 3);
	cond(&u, EXEC, !!(prot & PROT_EXEC));
	cond(&u, WOTHER, !(prot & PROT_WRITE) ? 0 : kind == 3 ? -1 : kind != 1);
	cond(&u, WRONG, prot & PROT_WRITE && !private && u.f.access == O_RDONLY);
	now(c_mmap);
	p->at = mmap(NULL, len, prot, (private ? MAP_PRIVATE : MAP_SHARED) |
		     (below(4) ? 0 : MAP_POPULATE), u.fd, offsets[kind]);
	judge(&u, c_mmap, p->at == MAP_FAILED ? -1 : 0);
	if (p->at == MAP_FAILED) {
		p->at = NULL;
		return;
	}
	p->len = len;
	p->writable = !!(prot & PROT_WRITE);
	info = (const void *)p->at;
	if (!offsets[kind] && prot & PROT_READ && !raced(&u) &&
	    (info->magic != TQUEUE_MAP_MAGIC || info->queue != u.f.id))
		bad("mapped: magic %#x, queue %u, not %u", info->magic, info->queue, u.f.id);
}

void do_mapping(void)
{
	struct piece *p = &pieces[below(PIECES)];
	struct use u = { .s = &nobody };
	struct iovec iov;
	int prot;

	if (!p->at)
		do_mmap(p);
	if (!p->at)
		return;
	switch (below(4)) {
	case 0:
	case 1:
		prot = (int)below(8);
		cond(&u, WRONG, prot & PROT_EXEC || (prot & PROT_WRITE && !p->writable));
		now(c_mprotect);
		judge(&u, c_mprotect, mprotect(p->at, p->len, prot));
		break;
	case 2:
		iov = (struct iovec){ p->at, p->len };
		now(c_vmsplice);
		judge(NULL, c_vmsplice, vmsplice(pipes[1], &iov, 1, SPLICE_F_NONBLOCK));
		break;
	default:
		do_munmap(p);
	}
}

/* Takes all records out of the mapped rings, as a program does that knows how. */
void do_consume(void)
{
	struct qmap m = { .info = MAP_FAILED };
	const u8 *at;
	struct use u;
	u32 slot, len;
	int err;

	if (!use(&u) || !u.f.alone || !u.f.stream || u.f.access != O_RDWR)
		return;
	now(c_consume);
	err = judge(&u, c_consume, qmap_open(&m, u.fd));
	if (err) {
		if (m.info != MAP_FAILED)
			bad("mmap of what is mapped: %s", strerror(err));
		return;
	}
	for (slot = 0; slot < m.info->rings; slot++) {
		len = qmap_peek(&m, slot, &at);
		check_records(at, len, &u.f);
		qmap_release(&m, slot, len);
		if (qmap_producer(&m, slot)->state == TQUEUE_MAP_FROZEN)
			bad("slot %u is frozen", slot);
	}
	qmap_close(&m);
	u.s->f = u.f;
}
