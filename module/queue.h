/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.h - a named set of per-CPU rings with a character device.
 *
 * Who can hold a queue:
 *	its name (one user, until deleted or the namespace ends), every rule and
 *	xtables rule that copies to it (a user each), every open file and every
 *	mapping (a reference each, not a user).
 * tq_queue_delete() works only while the name is the sole user.  A namespace
 * that ends kills its queues whatever uses them; packets that still arrive are
 * counted as lost ("dying") and the memory goes with the last reference, from
 * the device's release.
 */
#ifndef _TQ_QUEUE_H
#define _TQ_QUEUE_H

#include <linux/atomic.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/local_lock.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/tqueue.h>

struct fasync_struct;
struct file;
struct netlink_ext_ack;
struct sk_buff;
struct task_struct;
struct tq_account;
struct tq_merge;
struct tq_net;
struct tq_queue;
struct tq_ring;

#define TQ_QUEUES_MAX		65536
#define TQ_RING_SIZE_DEFAULT	1048576
#define TQ_FLUSH_US_DEFAULT	10000
#define TQ_FLUSH_US_MAX		60000000

/**
 * struct tq_queue_config - settings of a queue, units as in the uapi header
 */
struct tq_queue_config {
	char	name[TQUEUE_NAME_SIZE];
	u32	mode;
	u32	ring_size;
	u32	snaplen;
	u32	watermark;
	u32	flush_us;
	bool	no_device;	/* not yet: tq_load_devices() */
};

/**
 * struct tq_record_meta - what a packet record says beyond the packet itself
 */
struct tq_record_meta {
	u64	rule;
	u32	table;
	u32	generation;
	u32	iif;
	u32	oif;
	u32	flags;		/* TQUEUE_RECORD_F_STOLEN or 0; the rest is seen on the skb */
	u8	family;
	u8	hook;
	u8	protocol;
	u8	verdict;
	const char *table_name;	/* for tracing; NULL: no rule */
};

/* Looks @name up in @tn and takes a user (and a reference); NULL if there is
 * none.  Any context; uses RCU only.
 */
struct tq_queue *tq_queue_use(struct tq_net *tn, const char *name);
/* A further user of a queue that the caller holds. */
void tq_queue_use_again(struct tq_queue *q);
/* Gives a user back.  Any context that may not be hardirq. */
void tq_queue_unuse(struct tq_queue *q);

const char *tq_queue_name(const struct tq_queue *q);

/* Accounting of the xtables rules that use a queue, for the HOLDERS nest. */
int tq_queue_xt_add(struct tq_queue *q, u8 family, const char *xt_table);
void tq_queue_xt_del(struct tq_queue *q, u8 family, const char *xt_table);

/* Copies @skb, from its MAC header (if it has one) on, into this CPU's ring.
 * @snaplen: 0 or a smaller limit than the queue's own.  Packet path: any
 * context but hardirq and NMI; never sleeps, allocates or waits.  False: the
 * copy was lost and counted.
 */
bool tq_queue_packet(struct tq_queue *q, const struct sk_buff *skb,
		     const struct tq_record_meta *meta, u32 snaplen);

/* Counts a copy that was chosen but not made.  Context as tq_queue_packet().
 * @meta: which rule chose it; NULL: none
 */
void tq_queue_lose(struct tq_queue *q, const struct tq_record_meta *meta, enum tqueue_loss cause);

/* Control path, under tq_net.lock. */
struct tq_queue *tq_queue_create(struct tq_net *tn, const struct tq_queue_config *config,
				 struct netlink_ext_ack *extack);
int tq_queue_delete(struct tq_net *tn, struct tq_queue *q, struct netlink_ext_ack *extack);
/* Netns exit: all queues of @tn, used or not. */
void tq_queue_kill_all(struct tq_net *tn);

int tq_queue_init(void);
void tq_queue_exit(void);

/* ------------------------------------------------------------------------
 * For what is part of a queue, its files and nl_queue*.c: what it is made of.
 */

/**
 * struct tq_queue_stats - counters, of one ring or of a queue
 * @lost: by enum tqueue_loss; [TQUEUE_LOSS_FLUSHED]: put in, thrown away unread
 * @overwritten: mode log: records put in and given up, lost records not counted
 */
struct tq_queue_stats {
	u64	records;
	u64	bytes;
	u64	lost[TQUEUE_LOSS_SLOTS];
	u64	overwritten;
};

/**
 * struct tq_queue_cpu - one CPU's part of a queue
 * @lock: the producer's; with BH off.  Protects all up to @nested
 * @owner: who is at work between reserve and commit.  The mark that tells
 *	re-entry of the same context (a tracepoint's handler), which must not
 *	wait, from another task that must (PREEMPT_RT: BH off can be preempted)
 * @ring: RCU.  NULL: none
 * @old: RCU.  What @ring was before the size changed, until it is read empty;
 *	taken away under tq_queue.consumer only.  See DOC: Change of the ring
 *	size
 * @absent: enum tqueue_loss: why there is none
 * @seq: of the next record
 * @pending: losses since the last record, not yet told of.  They are the last
 *	pending.count numbers before @seq
 * @nested_seen: how many of @nested @pending has
 * @syncp: lets readers of @stats see whole numbers on 32-bit machines
 * @stats: all that is counted, but for nested and flushed
 * @nested: losses by re-entry; atomic because they come in the middle of all
 *	the above
 * @flushed: consumer's: thrown away by flush, not yet told of; by the end of a mapping
 *	forgotten, under map_lock
 * @flushed_seq: consumer's: number of the first of these
 * @flushed_records: consumer's: records ever thrown away
 */
struct tq_queue_cpu {
	local_lock_t		lock;
	struct task_struct	*owner;
	struct tq_ring __rcu	*ring;
	struct tq_ring __rcu	*old;
	u32			absent;
	u64			seq;
	u64			nested_seen;
	struct u64_stats_sync	syncp;
	struct tq_queue_stats	stats;
	struct tqueue_lost	pending;
	atomic64_t		nested;

	struct tqueue_lost	flushed ____cacheline_aligned_in_smp;
	u64			flushed_seq;
	u64			flushed_records;
};

/**
 * struct tq_queue - a queue
 * @cpu: per CPU, possible ones
 * @id: machine-wide; minor number of the device
 * @mode: enum tqueue_queue_mode
 * @ring_size: bytes of data per ring; written while no CPU can come up
 * @snaplen: 0 or most payload bytes of a packet
 * @watermark: bytes in one ring that wake a sleeping reader
 * @flush_us: microseconds after which it is woken anyway
 * @dead: no name any more; producers put nothing in
 * @ended: and those that were at it have finished: what is in the rings is all
 * @losing: it has lost something, and the work of overflow.c knows; 0 or 1
 * @hungry: a reader found nothing and waits, or will wait, to be told; see DOC:
 *	Wake-ups.  Written by readers and by who wakes them, not per packet
 * @armed: bit 0: @timer runs
 * @timer: flush interval
 * @wait: readers, poll
 * @room: writers, poll
 * @fasync: SIGIO
 * @consumer: one reader at a time; protects @next and the consumer's side of
 *	rings and struct tq_queue_cpu
 * @next: heap, one slot per CPU
 * @map_lock: protects all up to @stubs; inside mmap_lock: nothing that may need
 *	that is done under it
 * @reading: the holder of @consumer takes records out
 * @maps: pieces of mapping; 0: not mapped
 * @mapper: the file that has it mapped; only to compare with
 * @info: first page of a mapping, since there was one
 * @stubs: see DOC: Mappings
 * @old_rings: how many "old" there are, and one more while the size is changed
 * @dev: the reference counter, and the device where there is one
 * @cdev: the character device, if @has_device
 * @has_device: the namespace is one of the initial user namespace
 * @users: the name and every rule; 0: none may be added
 * @files: open ones
 * @kernel_users: how many of @users are other kernel modules
 * @account: where it counts, until it is freed; a reference
 * @tn: namespace; valid under tq_net.lock while not @dead
 * @net: the same; only to compare with, not a reference
 * @name_node: RCU; in tq_net.queue_names
 * @net_node: in tq_net.queues
 * @overflows: that was told; this and the next two under tq_net.lock
 * @losses_seen: sum of the losses when that was last seen to grow
 * @losses_at: jiffies then
 * @all_node: in the machine's list, under tq_queues_lock
 * @xt_lock: protects @xt_users
 * @xt_users: see xt_users.h
 * @end_work: after the grace period of a deletion
 * @free_work: after the last reference
 */
struct tq_queue {
	struct tq_queue_cpu __percpu *cpu;
	u32			id;
	u32			mode;
	u32			ring_size;
	u32			snaplen;
	u32			watermark;
	u32			flush_us;
	bool			dead;
	bool			ended;
	u32			losing;
	char			name[TQUEUE_NAME_SIZE];

	u32			hungry ____cacheline_aligned_in_smp;
	unsigned long		armed;
	struct hrtimer		timer;
	wait_queue_head_t	wait;
	wait_queue_head_t	room;
	struct fasync_struct	*fasync;

	struct mutex		consumer ____cacheline_aligned_in_smp;
	struct tq_merge		*next;
	atomic_t		old_rings;
	struct mutex		map_lock;
	bool			reading;
	u32			maps;
	const struct file	*mapper;
	struct page		*info;
	struct page		**stubs;

	struct device		dev;
	struct cdev		cdev;
	bool			has_device;
	refcount_t		users;
	atomic_t		files;
	atomic_t		kernel_users;
	struct tq_account	*account;
	struct tq_net		*tn;
	const struct net	*net;
	struct hlist_node	name_node;
	struct list_head	net_node;
	bool			overflows;
	u64			losses_seen;
	unsigned long		losses_at;
	struct list_head	all_node;
	spinlock_t		xt_lock;
	struct list_head	xt_users;
	struct rcu_work		end_work;
	struct work_struct	free_work;
};

/* Makes a message record.  Process context.  0 or: -EAGAIN no room (nothing is
 * counted), -EMSGSIZE, -ENXIO deleted, -ENOMEM this CPU has no ring, -EBUSY
 * re-entered.
 */
int tq_queue_message(struct tq_queue *q, const void *data, size_t len);

/* The same for kernel modules: what is not put in is counted as lost.  Task or
 * softirq context.  -ENOBUFS: no room.
 */
int tq_queue_post(struct tq_queue *q, const void *data, size_t len);

/* A message is copied into the ring with BH off: that must not take long. */
#define TQ_MESSAGE_MAX	65536

/* Runs @fn in the place of this CPU's producer: none is at work meanwhile, with BH
 * off.  The caller stays on this CPU, in task context.
 */
void tq_queue_instead(struct tq_queue *q, void (*fn)(struct tq_queue_cpu *c, void *arg), void *arg);

/* Longest message that a ring takes. */
size_t tq_queue_message_max(const struct tq_queue *q);

/* Is there anything to read?  tq_queue_hungry() asks it on behalf of a reader
 * that will sleep, or come back only when told, if there is not.
 */
bool tq_queue_readable(struct tq_queue *q);
bool tq_queue_hungry(struct tq_queue *q);
/* Is there as much as the watermark, or anything as old as the flush interval?  If not, it
 * asks to be told when there is.
 */
bool tq_queue_due(struct tq_queue *q);
/* As tq_queue_hungry(), for readers of a log, who then look for themselves. */
void tq_queue_log_hungry(struct tq_queue *q);
/* Wakes readers if one is hungry.  Any context but hardirq and NMI. */
void tq_queue_wake(struct tq_queue *q);
/* The same when watermark or flush interval have changed.  May sleep. */
void tq_queue_wait_anew(struct tq_queue *q);
/* Could this CPU's ring take a record of any size? */
bool tq_queue_writable(struct tq_queue *q);
/* Runs when the flush interval is over. */
enum hrtimer_restart tq_queue_timer(struct hrtimer *timer);
/* After records were consumed. */
void tq_queue_made_room(struct tq_queue *q);

/* queue.c */

const char *tq_queue_mode_name(const struct tq_queue *q);

/* Frees rings, and queues after their last reference. */
extern struct workqueue_struct *tq_queue_wq;

/* Between these no CPU comes up and none gets a ring. */
void tq_queues_hold(void);
void tq_queues_release(void);

/* Could this machine ever have the memory for rings of @ring_size bytes? */
bool tq_queue_fits(u32 ring_size);

/* rings.c */

/* A ring for @cpu, if it has none.  Under tq_queues_hold(), or before the queue
 * can be found.  -ENOMEM, -EDQUOT.
 */
int tq_queue_add_ring(struct tq_queue *q, int cpu);
/* Of a ring that nobody else knows: it begins with the losses of @c so far. */
void tq_queue_lost_before(struct tq_ring *ring, const struct tq_queue_cpu *c);
/* With the last reference. */
void tq_queue_free_rings(struct tq_queue *q);
/* The ring of @c to take records from now, for the holder of tq_queue.consumer,
 * who may use it until he gives that back; NULL if none.
 */
struct tq_ring *tq_queue_ring(struct tq_queue *q, struct tq_queue_cpu *c);
/* Rings of another size.  Under tq_net.lock.  -EBUSY, -ENOMEM, -EDQUOT: nothing
 * changed.
 */
int tq_queue_resize(struct tq_queue *q, u32 size, struct netlink_ext_ack *extack);

/* By id or by name, under tq_net.lock; no reference. */
struct tq_queue *tq_queue_by_id(struct tq_net *tn, u32 id);
struct tq_queue *tq_queue_by_name(struct tq_net *tn, const char *name);

/* Defaults for what is 0 in @config, but for the snaplen: 0 is one. */
void tq_queue_defaults(struct tq_queue_config *config);
/* Changes ring size, snaplen, watermark and flush_us.  1: changed, 0: nothing to
 * change, -errno.  Under tq_net.lock.
 */
int tq_queue_set(struct tq_queue *q, const struct tq_queue_config *config,
		 struct netlink_ext_ack *extack);

/* Counters of one CPU; false: it has no ring.  @pending: bytes to read. */
bool tq_queue_cpu_stats(const struct tq_queue *q, int cpu, struct tq_queue_stats *stats,
			u32 *pending);
void tq_queue_stats(const struct tq_queue *q, struct tq_queue_stats *sum);
/* How many CPUs have one; @memory: bytes that they take, old ones included. */
u32 tq_queue_rings(const struct tq_queue *q, u64 *memory);

#endif /* _TQ_QUEUE_H */
