/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * tqueue: rule tables that choose packets, queues that hand out copies of them.
 *
 * This header is the whole contract between the module and user space but for
 * the xtables structs (linux/netfilter/xt_tqueue.h).  It has three parts:
 *
 *   1. records      what read(2) returns and what lies in a mapped ring
 *   2. mapping      the layout that mmap(2) of a queue shows
 *   3. netlink      generic-netlink family "tqueue", version 1
 *
 * Everything is host byte order and host alignment unless a comment says
 * "network order".  Structs have the same size and offsets for 32-bit and
 * 64-bit user space; both are asserted when the module is built.  New fields
 * are only ever added at the end of a record header (see hdr_len) or in space
 * that is zero today; new attributes and commands only ever get new numbers.
 */
#ifndef _UAPI_LINUX_TQUEUE_H
#define _UAPI_LINUX_TQUEUE_H

#include <linux/types.h>

/* Buffer size of a queue or table name, with the final NUL: 1 to 31 characters
 * of [A-Za-z0-9_.-], not "." or "..", no leading '-'.
 */
#define TQUEUE_NAME_SIZE	32

/* ------------------------------------------------------------------------
 * 1. Records
 *
 * A record is a header, then @caplen bytes of payload at offset @hdr_len, then
 * zero bytes up to @len.  The next record starts @len bytes after the start of
 * this one; @len is a multiple of 8 and so is every start.  A reader must
 * accept a @hdr_len larger than it knows and skip record types it does not
 * know.
 *
 * Packet payload: @mac_len bytes of link-layer header (may be none), then the
 * packet from its network header on.  A VLAN tag that the device took out is
 * not in the payload: see @vlan_tci.
 */

/* enum tqueue_record_type - field @type of struct tqueue_record */
enum tqueue_record_type {
	TQUEUE_RECORD_PACKET = 1,	/* payload: a packet, perhaps cut */
	TQUEUE_RECORD_MESSAGE,		/* payload: what one write(2) wrote */
	TQUEUE_RECORD_LOST,		/* payload: struct tqueue_lost */
};

/* enum tqueue_record_flag - bits of field @flags of struct tqueue_record */
enum tqueue_record_flag {
	TQUEUE_RECORD_F_TRUNCATED	= 1 << 0, /* caplen < origlen */
	TQUEUE_RECORD_F_GSO		= 1 << 1, /* a super-packet, to be cut later */
	TQUEUE_RECORD_F_CSUM_PARTIAL	= 1 << 2, /* L4 checksum not filled in yet */
	TQUEUE_RECORD_F_VLAN		= 1 << 3, /* vlan_tci and vlan_proto are valid */
	TQUEUE_RECORD_F_STOLEN		= 1 << 4, /* the packet itself ended here */
};

/* enum tqueue_verdict - what a rule does with a packet that it hits.  In a
 * record: what became of the packet; TQUEUE_VERDICT_MATCH when the rule was
 * used by "-m tqueue" and the packet's fate is iptables' own.
 */
enum tqueue_verdict {
	TQUEUE_VERDICT_PASS = 1,	/* next iptables rule, next hook */
	TQUEUE_VERDICT_ACCEPT,		/* NF_ACCEPT */
	TQUEUE_VERDICT_DROP,		/* NF_DROP */
	TQUEUE_VERDICT_NEXT,		/* look on in this table after this rule */
	TQUEUE_VERDICT_REPEAT,		/* look again from the start, 4 times at most */
	TQUEUE_VERDICT_NFQUEUE,		/* to NFQUEUE number ..._RULE_NFQUEUE_NUM */
	TQUEUE_VERDICT_STEAL,		/* the record remains, the packet ends */
	TQUEUE_VERDICT_MATCH,		/* in records only */
};

/* enum tqueue_hook_point - where in the stack; 0 in a record: nowhere */
enum tqueue_hook_point {
	TQUEUE_HOOK_PREROUTING = 1,
	TQUEUE_HOOK_INPUT,
	TQUEUE_HOOK_FORWARD,
	TQUEUE_HOOK_OUTPUT,
	TQUEUE_HOOK_POSTROUTING,
	TQUEUE_HOOK_INGRESS,		/* netdev family only */
	TQUEUE_HOOK_EGRESS,		/* netdev family only */
};

/* enum tqueue_family - a subset of NFPROTO_*, with the same numbers */
enum tqueue_family {
	TQUEUE_FAMILY_INET = 1,		/* hooks only: IPv4 and IPv6 */
	TQUEUE_FAMILY_IPV4 = 2,
	TQUEUE_FAMILY_NETDEV = 5,	/* hooks only */
	TQUEUE_FAMILY_IPV6 = 10,
};

/* Values of field @linktype: as registered at tcpdump.org for LINKTYPE_ */
#define TQUEUE_LINKTYPE_ETHERNET	1	/* @mac_len >= 14 */
#define TQUEUE_LINKTYPE_RAW		101	/* @mac_len == 0: IPv4 or IPv6 */
#define TQUEUE_LINKTYPE_NONE		0	/* not a packet */

/**
 * struct tqueue_record - header of every record; 96 bytes
 * @len: header, payload and padding in bytes; a multiple of 8
 * @type: enum tqueue_record_type
 * @hdr_len: bytes of header; the payload starts here; a multiple of 8
 * @mono_ns: CLOCK_MONOTONIC in ns when the record was made; what to merge the
 *	records of several CPUs by
 * @real_ns: CLOCK_REALTIME in ns since the epoch, for people
 * @seq: how many records were offered to this ring before this one, taken or
 *	lost; two neighbours of one @cpu whose @seq differ by more than one have
 *	a loss between them, and the record that tells of it is there.  A lost
 *	record has the number of the first that was lost and takes none itself.
 * @caplen: bytes of payload
 * @origlen: bytes of payload that there would be without a snaplen
 * @rule: handle of the rule that chose this packet; 0: no rule did
 * @queue: id of the queue
 * @table: id of the rule's table, or 0
 * @generation: the low 32 bits of the generation of the table that the
 *	packet saw
 * @mark: the packet's mark, before any action of the rule
 * @iif: ifindex of the device it came in by, or 0
 * @oif: ifindex of the device it will leave by, or 0
 * @flags: TQUEUE_RECORD_F_*
 * @cpu: the CPU whose ring holds the record
 * @linktype: TQUEUE_LINKTYPE_*
 * @mac_len: bytes of link-layer header at the start of the payload
 * @vlan_tci: VLAN tag that the device took out, if TQUEUE_RECORD_F_VLAN
 * @vlan_proto: its ethertype, network order
 * @gso_size: payload bytes per segment, if TQUEUE_RECORD_F_GSO
 * @family: TQUEUE_FAMILY_IPV4, TQUEUE_FAMILY_IPV6, or 0
 * @hook: enum tqueue_hook_point, or 0
 * @protocol: the transport protocol (IPPROTO_*) that rules saw
 * @verdict: enum tqueue_verdict, or 0
 * @reserved: 0
 */
struct tqueue_record {
	__u32	len;
	__u16	type;
	__u16	hdr_len;
	__u64	mono_ns __attribute__((aligned(8)));
	__u64	real_ns __attribute__((aligned(8)));
	__u64	seq __attribute__((aligned(8)));
	__u32	caplen;
	__u32	origlen;
	__u64	rule __attribute__((aligned(8)));
	__u32	queue;
	__u32	table;
	__u32	generation;
	__u32	mark;
	__u32	iif;
	__u32	oif;
	__u32	flags;
	__u16	cpu;
	__u16	linktype;
	__u16	mac_len;
	__u16	vlan_tci;
	__be16	vlan_proto;
	__u16	gso_size;
	__u8	family;
	__u8	hook;
	__u8	protocol;
	__u8	verdict;
	__u32	reserved;
};

/* enum tqueue_loss - why a record was lost; index into tqueue_lost.cause[] and
 * TQUEUE_A_STATS_LOST_FULL + (cause - 1) is its attribute
 */
enum tqueue_loss {
	TQUEUE_LOSS_FULL = 1,		/* no room in this CPU's ring */
	TQUEUE_LOSS_NO_MEMORY,		/* the CPU's ring could not be allocated */
	TQUEUE_LOSS_NO_RING,		/* the CPU has no ring (yet) */
	TQUEUE_LOSS_TOO_BIG,		/* a kernel message over the limit */
	TQUEUE_LOSS_UNREADABLE,		/* the packet's bytes could not be read */
	TQUEUE_LOSS_DYING,		/* the queue is being deleted */
	TQUEUE_LOSS_RATE_LIMITED,	/* over the rule's rate */
	TQUEUE_LOSS_SAMPLED_OUT,	/* not the Nth */
	TQUEUE_LOSS_NESTED,		/* this CPU was writing a record already */
	TQUEUE_LOSS_FLUSHED,		/* thrown away by QUEUE_FLUSH or with the
					 * queue, unread
					 */
};
#define TQUEUE_LOSS_SLOTS	16	/* room for causes to come */

/**
 * struct tqueue_lost - payload of a TQUEUE_RECORD_LOST record
 * @count: records lost since the one before this, all causes
 * @cause: the same by cause, index enum tqueue_loss; [0] is 0
 */
struct tqueue_lost {
	__u64	count __attribute__((aligned(8)));
	__u64	cause[TQUEUE_LOSS_SLOTS] __attribute__((aligned(8)));
};

/* ------------------------------------------------------------------------
 * 2. Mapping a queue (mode stream, one consumer, exclusive with read)
 *
 *	offset 0                 struct tqueue_map_info         read only
 *	ring_offset + i * ring_stride, for slot i < rings:
 *	  + 0                    struct tqueue_map_consumer     one page, writable
 *	  + page_size            struct tqueue_map_producer     read only
 *	  + 2 * page_size        data, ring_size bytes          read only
 *	  + 2 * page_size + ring_size  the same data once more, so that no
 *	                         record is ever cut by the end of the ring
 *
 * A mapping that is or may become writable must be exactly one consumer page
 * and MAP_SHARED; all others are MAP_SHARED without PROT_WRITE.  A slot without a ring
 * (producer.state 0) has its consumer and producer page but no data yet: who
 * touches it gets SIGBUS until the CPU has come up and state is READY.
 *
 * As long as any piece of it is mapped, by one open file and its forks, EBUSY is
 * the answer to read(2), to mmap(2) of other files, to QUEUE_FLUSH, and to
 * QUEUE_SET of the ring size; write(2) is EAGAIN.  mmap(2) itself is EBUSY while
 * another file has the queue mapped, while somebody is in read(2), and while
 * records of before a change of the ring size are unread; ENODEV in mode log.
 * Pages can't be pinned (O_DIRECT, vmsplice); ordinary calls may use them.
 *
 * A consumer that has found all rings empty calls poll(2), if only with a timeout
 * of 0, before it relies on being told by SIGIO or edge-triggered epoll; poll(2)
 * and level-triggered epoll that sleep do so by themselves.  It asks for POLLRDBAND
 * without POLLIN to sleep until the watermark is reached or the flush interval has
 * passed, so that a consumer that is fast takes many records a call.  When the last piece
 * goes, what was not consumed is there for read(2), unless the tail lies in the
 * middle of a record or the slot is frozen: then what is there is given up.
 *
 * Positions count bytes and run freely modulo 2^32; the byte of position p is
 * data[p & (ring_size - 1)].  Records lie at [tail, head).  The consumer loads
 * @head with acquire, reads, then stores @tail with release.  A tail that is
 * not between the old tail and head, or no multiple of 8, freezes the slot for
 * the consumer (state TQUEUE_MAP_FROZEN): nothing more is delivered in it until
 * the last piece of the mapping has gone.  What lies beyond head is what older
 * records, or a record that is being made, have left there, or zeros.
 */
#define TQUEUE_MAP_MAGIC	0x45555154u	/* "TQUE" */
#define TQUEUE_MAP_VERSION	1

enum tqueue_map_state {
	TQUEUE_MAP_NO_RING = 0,
	TQUEUE_MAP_READY,
	TQUEUE_MAP_FROZEN,
};

/**
 * struct tqueue_map_info - first page of a mapping
 * @magic: TQUEUE_MAP_MAGIC
 * @version: TQUEUE_MAP_VERSION
 * @page_size: bytes
 * @hdr_len: sizeof(struct tqueue_record) of the module
 * @queue: id of the queue
 * @rings: number of slots; slot i belongs to CPU i
 * @ring_size: bytes of data of one ring, a power of two of pages
 * @watermark: bytes; a sleeping consumer is woken at this fill
 * @ring_offset: bytes from the start of the file to slot 0
 * @ring_stride: bytes from one slot to the next
 */
struct tqueue_map_info {
	__u32	magic;
	__u32	version;
	__u32	page_size;
	__u32	hdr_len;
	__u32	queue;
	__u32	rings;
	__u32	ring_size;
	__u32	watermark;
	__u64	ring_offset __attribute__((aligned(8)));
	__u64	ring_stride __attribute__((aligned(8)));
};

/**
 * struct tqueue_map_consumer - what the consumer writes
 * @tail: position of the first byte that is not yet consumed
 */
struct tqueue_map_consumer {
	__u32	tail;
};

/**
 * struct tqueue_map_producer - what the kernel writes
 * @head: position after the last byte that is committed
 * @state: enum tqueue_map_state
 * @records: records committed
 * @lost: records lost, by enum tqueue_loss
 */
struct tqueue_map_producer {
	__u32	head;
	__u32	state;
	__u64	records __attribute__((aligned(8)));
	__u64	lost[TQUEUE_LOSS_SLOTS] __attribute__((aligned(8)));
};

/* ------------------------------------------------------------------------
 * 3. Netlink
 *
 * Family "tqueue", version 1, one instance per network namespace: a socket
 * sees and changes the objects of the namespace it was opened in.  Every
 * command, dump and the multicast group "events" need CAP_NET_ADMIN in the
 * user namespace that owns that network namespace.
 *
 * A refused request changes nothing.  The extended ack carries one sentence
 * and the attribute at fault (NLMSGERR_ATTR_OFFS, or NLMSGERR_ATTR_MISS_TYPE
 * where the kernel has it).  An attribute that is not marked "multi" may be
 * there once only.
 *
 * Every committed change of a namespace's configuration has a serial number
 * (u32, never 0, runs on from 0xffffffff to 1), and so has each overflow and
 * recovery of a queue that somebody listens to.  Each notification carries the
 * serial that it made; consecutive notifications differ by one, so a gap is a
 * loss.  Dumps during which there was a change carry NLM_F_DUMP_INTR; dumps of
 * rules are those of one moment, and carry it only if that could not be kept.
 *
 * NEW replies with the new object, ids and handles filled in.  With NLM_F_ECHO
 * the requester gets the notification too.
 *
 * Message trees ("-" optional, "*" multi, "!" required):
 *
 * VERSION_GET (do)		request: nothing
 *	reply: VERSION_ABI VERSION_MODULE VERSION_FEATURES VERSION_RECORD_HDR
 *	       VERSION_QUEUE_MAX VERSION_COPIES_MAX VERSION_RING_MIN
 *	       VERSION_RING_MAX VERSION_USER_MEMORY VERSION_USER_MEMORY_MAX
 *	       VERSION_USER_QUEUES VERSION_USER_QUEUES_MAX
 *
 * QUEUE_NEW (do)		!QUEUE_NAME -QUEUE_MODE -QUEUE_RING_SIZE
 *				-QUEUE_SNAPLEN -QUEUE_WATERMARK -QUEUE_FLUSH_US
 *	reply: a queue.  NLM_F_EXCL is implied: EEXIST if the name is taken.
 * QUEUE_SET (do)		!QUEUE_ID or QUEUE_NAME, then any of
 *				-QUEUE_RING_SIZE -QUEUE_SNAPLEN
 *				-QUEUE_WATERMARK -QUEUE_FLUSH_US
 * QUEUE_DEL (do)		!QUEUE_ID or QUEUE_NAME.  EBUSY while a rule or
 *				an iptables rule refers to it.  Open files get
 *				what is left, then end of file.
 * QUEUE_GET (do)		!QUEUE_ID or QUEUE_NAME -QUEUE_QUERY
 * QUEUE_GET (dump)		-QUEUE_QUERY
 *	reply: QUEUE_ID QUEUE_NAME, and unless TQUEUE_QUERY_TERSE
 *	       QUEUE_MODE QUEUE_RING_SIZE QUEUE_SNAPLEN QUEUE_WATERMARK
 *	       QUEUE_FLUSH_US QUEUE_RINGS QUEUE_MEMORY QUEUE_READERS
 *	       QUEUE_MAPPED QUEUE_SERIAL, and as the query asks
 *	       QUEUE_STATS { STATS_* }
 *	       *QUEUE_RING { RING_CPU RING_PENDING RING_STATS { STATS_* } }
 *	       *QUEUE_HOLDER { HOLDER_* }
 *	In a dump, rings that do not fit come in further messages with QUEUE_ID,
 *	QUEUE_NAME and the rest of them.
 * QUEUE_OPEN (do)		!QUEUE_ID or QUEUE_NAME -QUEUE_OPEN_FLAGS
 *	reply: QUEUE_ID QUEUE_NAME QUEUE_FD: a file descriptor of the calling process
 * QUEUE_FLUSH (do)		!QUEUE_ID or QUEUE_NAME.  Unread records are
 *				thrown away and counted as flushed.  The next
 *				read(2) tells of them by a lost record; to a
 *				mapping they are a gap in the numbers.
 *
 * TABLE_NEW (do)		!TABLE_NAME -TABLE_RULES_MAX
 *	reply: a table.  EEXIST if the name is taken.
 * TABLE_SET (do)		!TABLE_ID or TABLE_NAME -TABLE_RULES_MAX.  EBUSY
 *				if the table has more rules, or open transactions
 *				may add so many.  At the limit RULE_NEW is ENOSPC.
 * TABLE_DEL (do)		!TABLE_ID or TABLE_NAME.  EBUSY while a hook or
 *				an iptables rule refers to it.
 * TABLE_GET (do)		!TABLE_ID or TABLE_NAME -TABLE_QUERY
 * TABLE_GET (dump)		-TABLE_QUERY
 *	reply: TABLE_ID TABLE_NAME, and unless TQUEUE_QUERY_TERSE
 *	       TABLE_GENERATION TABLE_RULES TABLE_RULES_MAX TABLE_MEMORY
 *	       TABLE_TUPLES TABLE_SERIAL, and as the query asks
 *	       *TABLE_HOLDER { HOLDER_* }
 * TABLE_FLUSH (do)		!TABLE_ID or TABLE_NAME -TABLE_TXN
 *
 * RULE_NEW (do)		!RULES_TABLE or RULES_TABLE_ID -RULES_TXN
 *				*RULES_RULE { RULE_* }
 *	All rules of one message are there at once or not at all.  Without
 *	RULE_HANDLE a rule that is there already with the same priority, match,
 *	actions and verdict is not added again: its timeout starts anew, if it
 *	has one, and its handle is in the reply; with NLM_F_EXCL that is EEXIST,
 *	with NLM_F_APPEND it is added, and there twice.
 *	reply: RULES_TABLE RULES_TABLE_ID RULES_GENERATION
 *	       *RULES_RULE { RULE_HANDLE }, in the order of the request
 * RULE_SET (do)		as RULE_NEW, but each RULES_RULE names by
 *				RULE_HANDLE the rule that it replaces as a
 *				whole; handle, counters and, unless one is
 *				given, the timeout stay.
 * RULE_DEL (do)		!RULES_TABLE or RULES_TABLE_ID -RULES_TXN
 *				*RULES_RULE { RULE_HANDLE }
 * RULE_GET (do)		!RULES_TABLE or RULES_TABLE_ID -RULES_QUERY
 *				!RULES_RULE { !RULE_HANDLE }
 * RULE_GET (dump)		!RULES_TABLE or RULES_TABLE_ID -RULES_QUERY
 *				-RULES_FILTER { FILTER_* }
 *	reply: RULES_TABLE RULES_TABLE_ID RULES_GENERATION
 *	       *RULES_RULE { RULE_* }.  A dump goes by priority, then order.
 *	TQUEUE_QUERY_TERSE: only RULE_HANDLE RULE_PRIO and the counters.
 * RULE_TEST (do)		!RULES_TABLE or RULES_TABLE_ID
 *				!RULES_PACKET { PACKET_* }
 *	reply: RULES_TABLE RULES_TABLE_ID RULES_GENERATION -RULES_RULE: the
 *	       winner, if any.  Counts nothing.  Behind a winner with verdict
 *	       NEXT or REPEAT comes, as a further RULES_RULE, the one that wins
 *	       the further look; the last one decides.
 * RULE_TEST (dump)		the same; reply: every rule that matches the packet
 *				as it is described, in order
 *
 * A nest ends at 65535 bytes and a message at the socket's send buffer: beyond
 * that, use a transaction.
 *
 * HOOK_NEW (do)		!HOOK_TABLE !HOOK_FAMILY !HOOK_POINT
 *				-HOOK_PRIORITY -HOOK_DEVICE
 *	reply: a hook.  A device of that name need not be there yet.
 * HOOK_SET (do)		!HOOK_ID !HOOK_TABLE: the hook uses this table
 *				from now on
 * HOOK_DEL (do)		!HOOK_ID
 * HOOK_GET (do)		!HOOK_ID
 * HOOK_GET (dump)		nothing
 *	reply: HOOK_ID HOOK_TABLE HOOK_TABLE_ID HOOK_FAMILY HOOK_POINT
 *	       HOOK_PRIORITY -HOOK_DEVICE HOOK_ACTIVE HOOK_SERIAL
 *
 * STATS_GET (dump)		nothing
 *	reply: one message per queue { QUEUE_ID QUEUE_NAME QUEUE_STATS
 *	       *QUEUE_RING }.  Costs the same whatever the tables hold.
 *
 * TXN_BEGIN (do)		nothing.  reply: TXN_ID.  The transaction belongs
 *				to the socket; closing the socket aborts it.
 * TXN_COMMIT (do)		!TXN_ID -TXN_CONFIRM_MS.  Everything becomes
 *				visible, each table at once.  With a confirm time
 *				it is undone unless TXN_CONFIRM comes in time.
 *	reply: TXN_ID TXN_CHANGES
 * TXN_ABORT (do)		!TXN_ID
 * TXN_CONFIRM (do)		!TXN_ID, from any socket
 * TXN_GET (dump)		nothing
 *	reply: TXN_ID TXN_STATE TXN_CHANGES -TXN_CONFIRM_MS (what is left)
 *
 * Notifications to group "events" (never a reply):
 *	QUEUE_NEW_NTF QUEUE_SET_NTF	a queue
 *	QUEUE_DEL_NTF			QUEUE_ID QUEUE_NAME QUEUE_SERIAL
 *	QUEUE_OVERFLOW_NTF		QUEUE_ID QUEUE_NAME QUEUE_STATS QUEUE_SERIAL:
 *	QUEUE_RECOVERED_NTF		first loss after a second without; a
 *					second without a loss
 *	TABLE_NEW_NTF TABLE_SET_NTF	a table
 *	TABLE_DEL_NTF TABLE_FLUSH_NTF	TABLE_ID TABLE_NAME TABLE_SERIAL
 *	RULE_NEW_NTF RULE_SET_NTF	as the reply of RULE_GET, with RULES_SERIAL
 *	RULE_DEL_NTF RULE_EXPIRED_NTF	RULES_TABLE RULES_TABLE_ID RULES_GENERATION
 *					*RULES_RULE { RULE_HANDLE } RULES_SERIAL
 *	HOOK_NEW_NTF HOOK_SET_NTF	a hook
 *	HOOK_DEL_NTF			HOOK_ID HOOK_SERIAL
 *	TXN_COMMITTED_NTF		TXN_ID TXN_CHANGES TXN_SERIAL, after all
 *	TXN_REVERTED_NTF		notifications of its changes
 */
#define TQUEUE_FAMILY_NAME	"tqueue"
#define TQUEUE_FAMILY_VERSION	1
#define TQUEUE_MCGRP_EVENTS	"events"

enum tqueue_cmd {
	TQUEUE_CMD_VERSION_GET = 1,
	TQUEUE_CMD_QUEUE_NEW,
	TQUEUE_CMD_QUEUE_SET,
	TQUEUE_CMD_QUEUE_DEL,
	TQUEUE_CMD_QUEUE_GET,
	TQUEUE_CMD_QUEUE_OPEN,
	TQUEUE_CMD_QUEUE_FLUSH,
	TQUEUE_CMD_TABLE_NEW,
	TQUEUE_CMD_TABLE_SET,
	TQUEUE_CMD_TABLE_DEL,
	TQUEUE_CMD_TABLE_GET,
	TQUEUE_CMD_TABLE_FLUSH,
	TQUEUE_CMD_RULE_NEW,
	TQUEUE_CMD_RULE_SET,
	TQUEUE_CMD_RULE_DEL,
	TQUEUE_CMD_RULE_GET,
	TQUEUE_CMD_RULE_TEST,
	TQUEUE_CMD_HOOK_NEW,
	TQUEUE_CMD_HOOK_SET,
	TQUEUE_CMD_HOOK_DEL,
	TQUEUE_CMD_HOOK_GET,
	TQUEUE_CMD_STATS_GET,
	TQUEUE_CMD_TXN_BEGIN,
	TQUEUE_CMD_TXN_COMMIT,
	TQUEUE_CMD_TXN_ABORT,
	TQUEUE_CMD_TXN_CONFIRM,
	TQUEUE_CMD_TXN_GET,

	/* notifications */
	TQUEUE_CMD_QUEUE_NEW_NTF,
	TQUEUE_CMD_QUEUE_SET_NTF,
	TQUEUE_CMD_QUEUE_DEL_NTF,
	TQUEUE_CMD_QUEUE_OVERFLOW_NTF,
	TQUEUE_CMD_QUEUE_RECOVERED_NTF,
	TQUEUE_CMD_TABLE_NEW_NTF,
	TQUEUE_CMD_TABLE_SET_NTF,
	TQUEUE_CMD_TABLE_DEL_NTF,
	TQUEUE_CMD_TABLE_FLUSH_NTF,
	TQUEUE_CMD_RULE_NEW_NTF,
	TQUEUE_CMD_RULE_SET_NTF,
	TQUEUE_CMD_RULE_DEL_NTF,
	TQUEUE_CMD_RULE_EXPIRED_NTF,
	TQUEUE_CMD_HOOK_NEW_NTF,
	TQUEUE_CMD_HOOK_SET_NTF,
	TQUEUE_CMD_HOOK_DEL_NTF,
	TQUEUE_CMD_TXN_COMMITTED_NTF,
	TQUEUE_CMD_TXN_REVERTED_NTF,

	__TQUEUE_CMD_MAX,
	TQUEUE_CMD_MAX = (__TQUEUE_CMD_MAX - 1)
};

/* enum tqueue_feature - bits of TQUEUE_A_VERSION_FEATURES: what this module,
 * on this kernel, does; what it does not is refused with EOPNOTSUPP
 */
enum tqueue_feature {
	TQUEUE_FEATURE_LOG		= 1 << 0,  /* mode log */
	TQUEUE_FEATURE_MMAP		= 1 << 1,
	TQUEUE_FEATURE_QUEUE_SET	= 1 << 2,  /* change of a live queue */
	TQUEUE_FEATURE_QUEUE_OPEN	= 1 << 3,
	TQUEUE_FEATURE_TXN		= 1 << 4,  /* TXN_BEGIN, _COMMIT, _ABORT */
	TQUEUE_FEATURE_CONFIRM		= 1 << 5,  /* TXN_COMMIT that reverts */
	TQUEUE_FEATURE_TIMEOUT		= 1 << 6,  /* rules that expire */
	TQUEUE_FEATURE_RULE_TEST	= 1 << 7,
	TQUEUE_FEATURE_REWRITE		= 1 << 8,  /* TTL, hop limit, DSCP */
	TQUEUE_FEATURE_SAMPLE		= 1 << 9,
	TQUEUE_FEATURE_LIMIT		= 1 << 10,
	TQUEUE_FEATURE_RELOOK		= 1 << 11, /* verdicts next and repeat */
	TQUEUE_FEATURE_NFQUEUE		= 1 << 12,
	TQUEUE_FEATURE_STEAL		= 1 << 13,
	TQUEUE_FEATURE_CONNTRACK	= 1 << 14, /* key RULE_CT_STATE */
	TQUEUE_FEATURE_INGRESS		= 1 << 15, /* netdev hooks */
	TQUEUE_FEATURE_EGRESS		= 1 << 16,
	TQUEUE_FEATURE_FILTER		= 1 << 17, /* RULES_FILTER in dumps */
};

enum tqueue_a_version {
	TQUEUE_A_VERSION_ABI = 1,	/* u32: TQUEUE_FAMILY_VERSION */
	TQUEUE_A_VERSION_MODULE,	/* string: the module's version */
	TQUEUE_A_VERSION_FEATURES,	/* u32: enum tqueue_feature */
	TQUEUE_A_VERSION_RECORD_HDR,	/* u32: bytes of a record header */
	TQUEUE_A_VERSION_QUEUE_MAX,	/* u32: queues on this machine */
	TQUEUE_A_VERSION_COPIES_MAX,	/* u32: RULE_COPY in one rule */
	TQUEUE_A_VERSION_RING_MIN,	/* u32: bytes */
	TQUEUE_A_VERSION_RING_MAX,	/* u32: bytes */
	TQUEUE_A_VERSION_PAD,
	/* of the user namespace that owns the network namespace; beyond a
	 * limit QUEUE_NEW, QUEUE_SET, TABLE_NEW, RULE_NEW, RULE_SET and
	 * TXN_COMMIT with a confirm time are EDQUOT
	 */
	TQUEUE_A_VERSION_USER_MEMORY,	/* u64: bytes of queues and tables */
	TQUEUE_A_VERSION_USER_MEMORY_MAX, /* u64: 0: no limit */
	TQUEUE_A_VERSION_USER_QUEUES,	/* u32: not freed yet */
	TQUEUE_A_VERSION_USER_QUEUES_MAX, /* u32: 0: no limit */

	__TQUEUE_A_VERSION_MAX,
	TQUEUE_A_VERSION_MAX = (__TQUEUE_A_VERSION_MAX - 1)
};

/* enum tqueue_query - bits of the *_QUERY attributes: how much to tell */
enum tqueue_query {
	TQUEUE_QUERY_TERSE	= 1 << 0,	/* ids and names, counters */
	TQUEUE_QUERY_STATS	= 1 << 1,	/* totals of a queue */
	TQUEUE_QUERY_RINGS	= 1 << 2,	/* the same by CPU */
	TQUEUE_QUERY_HOLDERS	= 1 << 3,	/* who refers to it */
};

enum tqueue_queue_mode {
	TQUEUE_MODE_STREAM = 1,		/* reading consumes; full: the new is lost */
	TQUEUE_MODE_LOG,		/* reading does not; full: the old is lost.
					 * Each open file begins at the oldest record;
					 * read is EPIPE once when it was overtaken,
					 * then goes on at the oldest; lseek(0) with
					 * SEEK_SET: to the oldest, SEEK_END: behind the
					 * newest.  Another ring size keeps the newest
					 * records that fit; who had not read what goes
					 * was overtaken.  No mmap, no flush
					 */
};

enum tqueue_a_queue {
	TQUEUE_A_QUEUE_PAD = 1,
	TQUEUE_A_QUEUE_ID,		/* u32, from 1, machine-wide; the minor number */
	TQUEUE_A_QUEUE_NAME,		/* string */
	TQUEUE_A_QUEUE_MODE,		/* u32: enum tqueue_queue_mode */
	TQUEUE_A_QUEUE_RING_SIZE,	/* u32: bytes per CPU; a power of two of
					 * pages, at least two
					 */
	TQUEUE_A_QUEUE_SNAPLEN,		/* u32: most payload bytes of a packet;
					 * 0: as many as a record can hold
					 */
	TQUEUE_A_QUEUE_WATERMARK,	/* u32: bytes in one ring that wake a
					 * sleeping reader at once; 1: each record
					 */
	TQUEUE_A_QUEUE_FLUSH_US,	/* u32: microseconds after which a reader is
					 * woken although the watermark is not reached
					 */
	TQUEUE_A_QUEUE_RINGS,		/* u32: rings allocated */
	TQUEUE_A_QUEUE_MEMORY,		/* u64: bytes of all rings */
	TQUEUE_A_QUEUE_READERS,		/* u32: open files */
	TQUEUE_A_QUEUE_MAPPED,		/* u32: 1 if a consumer has it mapped */
	TQUEUE_A_QUEUE_QUERY,		/* u32: enum tqueue_query */
	TQUEUE_A_QUEUE_STATS,		/* nest: enum tqueue_a_stats */
	TQUEUE_A_QUEUE_RING,		/* multi nest: enum tqueue_a_ring */
	TQUEUE_A_QUEUE_HOLDER,		/* multi nest: enum tqueue_a_holder */
	TQUEUE_A_QUEUE_OPEN_FLAGS,	/* u32: O_RDONLY or O_RDWR, O_NONBLOCK,
					 * O_CLOEXEC
					 */
	TQUEUE_A_QUEUE_FD,		/* u32: file descriptor */
	TQUEUE_A_QUEUE_SERIAL,		/* u32 */

	__TQUEUE_A_QUEUE_MAX,
	TQUEUE_A_QUEUE_MAX = (__TQUEUE_A_QUEUE_MAX - 1)
};

enum tqueue_a_ring {
	TQUEUE_A_RING_CPU = 1,		/* u32 */
	TQUEUE_A_RING_PENDING,		/* u32: bytes committed and not read */
	TQUEUE_A_RING_STATS,		/* nest: enum tqueue_a_stats */

	__TQUEUE_A_RING_MAX,
	TQUEUE_A_RING_MAX = (__TQUEUE_A_RING_MAX - 1)
};

/* All u64 and only ever growing.  RECORDS + the sum of all LOST_* = copies that
 * rules, targets and writers asked for.
 */
enum tqueue_a_stats {
	TQUEUE_A_STATS_PAD = 1,
	TQUEUE_A_STATS_RECORDS,		/* put into a ring, lost records not counted */
	TQUEUE_A_STATS_BYTES,		/* of these, with headers */
	TQUEUE_A_STATS_LOST_FULL,	/* from here in the order of tqueue_loss */
	TQUEUE_A_STATS_LOST_NO_MEMORY,
	TQUEUE_A_STATS_LOST_NO_RING,
	TQUEUE_A_STATS_LOST_TOO_BIG,
	TQUEUE_A_STATS_LOST_UNREADABLE,
	TQUEUE_A_STATS_LOST_DYING,
	TQUEUE_A_STATS_LOST_RATE_LIMITED,
	TQUEUE_A_STATS_LOST_SAMPLED_OUT,
	TQUEUE_A_STATS_LOST_NESTED,
	TQUEUE_A_STATS_FLUSHED,		/* put into a ring (counted in RECORDS) but
					 * thrown away unread
					 */
	TQUEUE_A_STATS_OVERWRITTEN,	/* mode log: oldest records given up */

	__TQUEUE_A_STATS_MAX,
	TQUEUE_A_STATS_MAX = (__TQUEUE_A_STATS_MAX - 1)
};

enum tqueue_holder_type {
	TQUEUE_HOLDER_RULE = 1,		/* TABLE, HANDLE, COUNT 1; behind the first
					 * few of a table, without HANDLE: TABLE,
					 * COUNT of further ones
					 */
	TQUEUE_HOLDER_HOOK,		/* HOOK */
	TQUEUE_HOLDER_XT,		/* FAMILY, XT_TABLE, COUNT */
	TQUEUE_HOLDER_FILE,		/* COUNT */
	TQUEUE_HOLDER_MAPPING,		/* COUNT */
	TQUEUE_HOLDER_KERNEL,		/* COUNT: other modules */
};

enum tqueue_a_holder {
	TQUEUE_A_HOLDER_PAD = 1,
	TQUEUE_A_HOLDER_TYPE,		/* u32: enum tqueue_holder_type */
	TQUEUE_A_HOLDER_COUNT,		/* u32 */
	TQUEUE_A_HOLDER_TABLE,		/* string: table of the rule */
	TQUEUE_A_HOLDER_HANDLE,		/* u64: of the rule */
	TQUEUE_A_HOLDER_HOOK,		/* u32: id of the hook */
	TQUEUE_A_HOLDER_FAMILY,		/* u32: enum tqueue_family */
	TQUEUE_A_HOLDER_XT_TABLE,	/* string: iptables table, as "filter" */

	__TQUEUE_A_HOLDER_MAX,
	TQUEUE_A_HOLDER_MAX = (__TQUEUE_A_HOLDER_MAX - 1)
};

enum tqueue_a_table {
	TQUEUE_A_TABLE_PAD = 1,
	TQUEUE_A_TABLE_ID,		/* u32, from 1, unique in its namespace */
	TQUEUE_A_TABLE_NAME,		/* string */
	TQUEUE_A_TABLE_GENERATION,	/* u64: one more with every commit */
	TQUEUE_A_TABLE_RULES,		/* u32 */
	TQUEUE_A_TABLE_RULES_MAX,	/* u32: 0: no limit but the namespace's */
	TQUEUE_A_TABLE_MEMORY,		/* u64: bytes of rules and index */
	TQUEUE_A_TABLE_TUPLES,		/* u32: shapes of rules in the index */
	TQUEUE_A_TABLE_QUERY,		/* u32: enum tqueue_query */
	TQUEUE_A_TABLE_HOLDER,		/* multi nest: enum tqueue_a_holder */
	TQUEUE_A_TABLE_TXN,		/* u32: id of a transaction */
	TQUEUE_A_TABLE_SERIAL,		/* u32 */

	__TQUEUE_A_TABLE_MAX,
	TQUEUE_A_TABLE_MAX = (__TQUEUE_A_TABLE_MAX - 1)
};

enum tqueue_a_rules {
	TQUEUE_A_RULES_PAD = 1,
	TQUEUE_A_RULES_TABLE,		/* string */
	TQUEUE_A_RULES_TABLE_ID,	/* u32 */
	TQUEUE_A_RULES_TXN,		/* u32: id of a transaction */
	TQUEUE_A_RULES_GENERATION,	/* u64: of the table */
	TQUEUE_A_RULES_RULE,		/* multi nest: enum tqueue_a_rule */
	TQUEUE_A_RULES_QUERY,		/* u32: enum tqueue_query */
	TQUEUE_A_RULES_FILTER,		/* nest: enum tqueue_a_filter */
	TQUEUE_A_RULES_PACKET,		/* nest: enum tqueue_a_packet */
	TQUEUE_A_RULES_SERIAL,		/* u32 */

	__TQUEUE_A_RULES_MAX,
	TQUEUE_A_RULES_MAX = (__TQUEUE_A_RULES_MAX - 1)
};

/* enum tqueue_frag - bits of RULE_FRAG: which packets the rule is for.  In
 * PACKET_FRAG exactly one of them.
 */
enum tqueue_frag {
	TQUEUE_FRAG_NONE	= 1 << 0,	/* whole packets */
	TQUEUE_FRAG_FIRST	= 1 << 1,
	TQUEUE_FRAG_LATER	= 1 << 2,
};

/* enum tqueue_ct_state - bits of RULE_CT_STATE: the state that conntrack, if
 * it is on, has given the packet before; untracked if it has not.  In
 * PACKET_CT_STATE exactly one of them; without it the packet is untracked.
 */
enum tqueue_ct_state {
	TQUEUE_CT_NEW		= 1 << 0,
	TQUEUE_CT_ESTABLISHED	= 1 << 1,
	TQUEUE_CT_RELATED	= 1 << 2,
	TQUEUE_CT_INVALID	= 1 << 3,
	TQUEUE_CT_UNTRACKED	= 1 << 4,
};

/* enum tqueue_rule_flag - bits of RULE_FLAGS */
enum tqueue_rule_flag {
	TQUEUE_RULE_F_BYPASS	= 1 << 0,	/* nfqueue: go on if nobody listens */
};

/* A rule.  Keys that are not there match everything.  A rule without FAMILY
 * is for both; it can't have addresses.  A rule with a port key matches only
 * packets that carry ports (TCP, UDP, UDP-Lite, SCTP, DCCP; not later
 * fragments).  Interface names: exact, or a prefix if the last character is
 * '+'.  Order: lower PRIO first, then order of insertion; the first rule that
 * matches wins.
 */
enum tqueue_a_rule {
	TQUEUE_A_RULE_PAD = 1,
	TQUEUE_A_RULE_HANDLE,		/* u64, not 0, below 2^63, unique in its table; given
					 * by the kernel unless RULE_NEW brings one
					 */
	TQUEUE_A_RULE_PRIO,		/* u32; default 0 */

	/* match */
	TQUEUE_A_RULE_FAMILY,		/* u32: IPv4 or IPv6 */
	TQUEUE_A_RULE_SRC,		/* 4 or 16 bytes, network order; no bits
					 * beyond the prefix
					 */
	TQUEUE_A_RULE_SRC_LEN,		/* u32: prefix length; default 32 or 128 */
	TQUEUE_A_RULE_DST,		/* as SRC */
	TQUEUE_A_RULE_DST_LEN,
	TQUEUE_A_RULE_PROTO,		/* u32: 0 to 255 */
	TQUEUE_A_RULE_SPORT_MIN,	/* u32: 0 to 65535; MIN and MAX together */
	TQUEUE_A_RULE_SPORT_MAX,
	TQUEUE_A_RULE_DPORT_MIN,
	TQUEUE_A_RULE_DPORT_MAX,
	TQUEUE_A_RULE_ICMP_TYPE,	/* u32: 0 to 255; PROTO must be 1 or 58 */
	TQUEUE_A_RULE_ICMP_CODE,	/* u32: 0 to 255; with ICMP_TYPE */
	TQUEUE_A_RULE_TCP_FLAGS,	/* u32: 0 to 255, within the mask */
	TQUEUE_A_RULE_TCP_MASK,		/* u32: 1 to 255; PROTO must be 6 */
	TQUEUE_A_RULE_IIF,		/* string, up to 15 characters, not "+" alone */
	TQUEUE_A_RULE_OIF,
	TQUEUE_A_RULE_MARK,		/* u32, within the mask */
	TQUEUE_A_RULE_MARK_MASK,	/* u32; default all ones */
	TQUEUE_A_RULE_DSCP,		/* u32: 0 to 63 */
	TQUEUE_A_RULE_LEN_MIN,		/* u32: bytes from the network header on */
	TQUEUE_A_RULE_LEN_MAX,
	TQUEUE_A_RULE_FRAG,		/* u32: enum tqueue_frag */
	TQUEUE_A_RULE_CT_STATE,		/* u32: enum tqueue_ct_state */

	/* actions, in this order.  SAMPLE and RATE go for what is stolen, too;
	 * a record is of the packet as the rule found it.  A rule has SET_TTL
	 * or ADD_TTL, not both.
	 */
	TQUEUE_A_RULE_COPY,		/* multi nest: enum tqueue_a_copy */
	TQUEUE_A_RULE_SAMPLE,		/* u32: copy each Nth packet only */
	TQUEUE_A_RULE_RATE,		/* u32: copy at most so many a second */
	TQUEUE_A_RULE_BURST,		/* u32: packets; with RATE; default RATE */
	TQUEUE_A_RULE_SET_MARK,		/* u32, within the mask */
	TQUEUE_A_RULE_SET_MARK_MASK,	/* u32; default all ones */
	TQUEUE_A_RULE_SET_TTL,		/* u32: 1 to 255; hop limit on IPv6 */
	TQUEUE_A_RULE_ADD_TTL,		/* s32: -255 to 255; stops at 0 and 255 */
	TQUEUE_A_RULE_SET_DSCP,		/* u32: 0 to 63 */

	/* verdict */
	TQUEUE_A_RULE_VERDICT,		/* u32: enum tqueue_verdict; default PASS */
	TQUEUE_A_RULE_NFQUEUE_NUM,	/* u32: 0 to 65535 */
	TQUEUE_A_RULE_STEAL_QUEUE,	/* string: name of a queue */
	TQUEUE_A_RULE_STEAL_ELSE,	/* u32: PASS (default) or DROP */
	TQUEUE_A_RULE_FLAGS,		/* u32: enum tqueue_rule_flag */

	/* life; the counters in RULE_NEW: values to go on from */
	TQUEUE_A_RULE_TIMEOUT_MS,	/* u64: milliseconds from now; 0: for ever */
	TQUEUE_A_RULE_EXPIRES_MS,	/* u64: milliseconds left */
	TQUEUE_A_RULE_PACKETS,		/* u64: skbs that it won */
	TQUEUE_A_RULE_BYTES,		/* u64: from the network header on */
	TQUEUE_A_RULE_COPIES,		/* u64: copies chosen, one per packet and
					 * RULE_COPY, and one per packet that was
					 * to be stolen; queued or lost
					 */
	TQUEUE_A_RULE_LAST_HIT_MS,	/* u64: ms since the epoch, not after
					 * 4294967295999; 0: never
					 */

	__TQUEUE_A_RULE_MAX,
	TQUEUE_A_RULE_MAX = (__TQUEUE_A_RULE_MAX - 1)
};

#define TQUEUE_RULE_COPIES_MAX	8

enum tqueue_a_copy {
	TQUEUE_A_COPY_QUEUE = 1,	/* string: name of a queue */
	TQUEUE_A_COPY_SNAPLEN,		/* u32: less than the queue's own */

	__TQUEUE_A_COPY_MAX,
	TQUEUE_A_COPY_MAX = (__TQUEUE_A_COPY_MAX - 1)
};

/* which rules a dump shows: those for which all of these hold */
enum tqueue_a_filter {
	TQUEUE_A_FILTER_PAD = 1,
	TQUEUE_A_FILTER_QUEUE,		/* string: copies to, or steals for, it */
	TQUEUE_A_FILTER_PRIO_MIN,	/* u32 */
	TQUEUE_A_FILTER_PRIO_MAX,	/* u32 */
	TQUEUE_A_FILTER_FAMILY,		/* u32: enum tqueue_family */
	TQUEUE_A_FILTER_VERDICT,	/* u32: enum tqueue_verdict */
	TQUEUE_A_FILTER_SRC,		/* 4 or 16 bytes: source prefix holds it */
	TQUEUE_A_FILTER_DST,		/* 4 or 16 bytes */
	TQUEUE_A_FILTER_HIT,		/* flag: has hit at least once */

	__TQUEUE_A_FILTER_MAX,
	TQUEUE_A_FILTER_MAX = (__TQUEUE_A_FILTER_MAX - 1)
};

/* a packet described to RULE_TEST; what is not there is 0 or absent */
enum tqueue_a_packet {
	TQUEUE_A_PACKET_FAMILY = 1,	/* u32: IPv4 or IPv6; required */
	TQUEUE_A_PACKET_SRC,		/* 4 or 16 bytes, network order */
	TQUEUE_A_PACKET_DST,
	TQUEUE_A_PACKET_PROTO,		/* u32 */
	TQUEUE_A_PACKET_SPORT,		/* u32 */
	TQUEUE_A_PACKET_DPORT,		/* u32 */
	TQUEUE_A_PACKET_ICMP_TYPE,	/* u32 */
	TQUEUE_A_PACKET_ICMP_CODE,	/* u32 */
	TQUEUE_A_PACKET_TCP_FLAGS,	/* u32 */
	TQUEUE_A_PACKET_IIF,		/* string */
	TQUEUE_A_PACKET_OIF,		/* string */
	TQUEUE_A_PACKET_MARK,		/* u32 */
	TQUEUE_A_PACKET_DSCP,		/* u32 */
	TQUEUE_A_PACKET_LEN,		/* u32 */
	TQUEUE_A_PACKET_FRAG,		/* u32: one bit of enum tqueue_frag */
	TQUEUE_A_PACKET_CT_STATE,	/* u32: one bit of enum tqueue_ct_state */
	TQUEUE_A_PACKET_TRANSPORT_LEN,	/* u32: bytes behind the IP headers; without
					 * it as many as the protocol needs */

	__TQUEUE_A_PACKET_MAX,
	TQUEUE_A_PACKET_MAX = (__TQUEUE_A_PACKET_MAX - 1)
};

enum tqueue_a_hook {
	TQUEUE_A_HOOK_ID = 1,		/* u32, from 1, unique in its namespace */
	TQUEUE_A_HOOK_TABLE,		/* string */
	TQUEUE_A_HOOK_TABLE_ID,		/* u32 */
	TQUEUE_A_HOOK_FAMILY,		/* u32: enum tqueue_family */
	TQUEUE_A_HOOK_POINT,		/* u32: enum tqueue_hook_point */
	TQUEUE_A_HOOK_PRIORITY,		/* s32; default 0 (NF_IP_PRI_FILTER) */
	TQUEUE_A_HOOK_DEVICE,		/* string: netdev family only, required there */
	TQUEUE_A_HOOK_ACTIVE,		/* u32: 0 while its device is not there */
	TQUEUE_A_HOOK_SERIAL,		/* u32 */

	__TQUEUE_A_HOOK_MAX,
	TQUEUE_A_HOOK_MAX = (__TQUEUE_A_HOOK_MAX - 1)
};

enum tqueue_txn_state {
	TQUEUE_TXN_OPEN = 1,
	TQUEUE_TXN_UNCONFIRMED,		/* committed; will be undone */
};

enum tqueue_a_txn {
	TQUEUE_A_TXN_ID = 1,		/* u32, from 1 */
	TQUEUE_A_TXN_STATE,		/* u32: enum tqueue_txn_state */
	TQUEUE_A_TXN_CHANGES,		/* u32: rules added, changed and deleted */
	TQUEUE_A_TXN_CONFIRM_MS,	/* u32: milliseconds */
	TQUEUE_A_TXN_SERIAL,		/* u32 */

	__TQUEUE_A_TXN_MAX,
	TQUEUE_A_TXN_MAX = (__TQUEUE_A_TXN_MAX - 1)
};

#endif /* _UAPI_LINUX_TQUEUE_H */
