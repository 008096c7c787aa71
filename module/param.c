// SPDX-License-Identifier: GPL-2.0-only
/*
 * param.c - module parameters.
 *
 * The limits and the defaults of new objects can be changed at any time by root
 * of the machine, and hold for what is made from then on.  A value that can't be
 * is refused, with the reason in the kernel's log, and changes nothing.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "net.h"
#include "param.h"
#include "queue.h"
#include "ring.h"

struct tq_params tq_params = {
	/* Two pages, where those are large. */
	.ring_size		= TQ_RING_SIZE_MIN > TQ_RING_SIZE_DEFAULT ?
				  TQ_RING_SIZE_MIN : TQ_RING_SIZE_DEFAULT,
	.flush_us		= TQ_FLUSH_US_DEFAULT,
	.busy_rate		= 16384,
	/* What an unprivileged user may have in pipes, and enough for the default
	 * queue on 63 CPUs, or some 200,000 rules.
	 */
	.max_user_memory	= 64UL << 20,
	/* A thousand user namespaces are needed to use up the ids of the machine. */
	.max_user_queues	= 64,
};

/* A value that is written to a file ends with a newline. */
#define refuse(kp, val, fmt, ...)							\
	pr_notice_ratelimited("tqueue: %s=%.*s: " fmt "\n", (kp)->name,		\
			      (int)min_t(size_t, strcspn(val, "\n"), 64), val, ##__VA_ARGS__)

/* "4096", "16K", "1M", "2G", with or without a newline. */
static int parse_number(const char *val, const struct kernel_param *kp, u64 *v)
{
	size_t len = strcspn(val, "\n");
	unsigned int shift = 0;
	char digits[24];
	int err;

	if (len && len < sizeof(digits)) {
		switch (val[len - 1]) {
		case 'k':
		case 'K':
			shift = 10;
			break;
		case 'm':
		case 'M':
			shift = 20;
			break;
		case 'g':
		case 'G':
			shift = 30;
			break;
		}
		len -= !!shift;
	}
	if (!len || len >= sizeof(digits)) {
		refuse(kp, val, "not a number");
		return -EINVAL;
	}
	memcpy(digits, val, len);
	digits[len] = 0;
	err = kstrtoull(digits, 10, v);
	if (err == -EINVAL) {
		refuse(kp, val, "not a number, with K, M or G or without");
		return err;
	}
	if (err || *v > U64_MAX >> shift) {
		refuse(kp, val, "more than 64 bits");
		return -ERANGE;
	}
	*v <<= shift;
	return 0;
}

static int parse_range(const char *val, const struct kernel_param *kp, u64 min, u64 max, u64 *v)
{
	int err = parse_number(val, kp, v);

	if (err)
		return err;
	if (*v < min || *v > max) {
		refuse(kp, val, "not from %llu to %llu", min, max);
		return -ERANGE;
	}
	return 0;
}

static int parse_ring(const char *val, const struct kernel_param *kp, u32 *size)
{
	u64 v;
	int err = parse_range(val, kp, TQ_RING_SIZE_MIN, TQ_RING_SIZE_MAX, &v);

	if (err)
		return err;
	if (!is_power_of_2(v)) {
		refuse(kp, val, "a ring size must be a power of two");
		return -EINVAL;
	}
	if (!tq_queue_fits(v)) {
		refuse(kp, val, "the rings are larger than all memory of this machine");
		return -ERANGE;
	}
	*size = v;
	return 0;
}

static int set_ring(const char *val, const struct kernel_param *kp)
{
	u32 size;
	int err = parse_ring(val, kp, &size);

	if (!err)
		WRITE_ONCE(tq_params.ring_size, size);
	return err;
}

static int set_u32(const char *val, const struct kernel_param *kp, u64 min, u64 max)
{
	u64 v;
	int err = parse_range(val, kp, min, max, &v);

	if (!err)
		WRITE_ONCE(*(u32 *)kp->arg, v);
	return err;
}

static int set_snaplen(const char *val, const struct kernel_param *kp)
{
	return set_u32(val, kp, 0, U32_MAX);
}

static int set_watermark(const char *val, const struct kernel_param *kp)
{
	return set_u32(val, kp, 0, TQ_RING_SIZE_MAX);
}

static int set_flush(const char *val, const struct kernel_param *kp)
{
	return set_u32(val, kp, 1, TQ_FLUSH_US_MAX);
}

static int set_rate(const char *val, const struct kernel_param *kp)
{
	return set_u32(val, kp, 0, U32_MAX);
}

static int set_limit(const char *val, const struct kernel_param *kp)
{
	u64 v;
	int err = parse_range(val, kp, 0, LONG_MAX, &v);

	if (!err)
		WRITE_ONCE(*(unsigned long *)kp->arg, v);
	return err;
}

#define PARAM(param, setter, getter, help)						\
static const struct kernel_param_ops param##_ops = {					\
	.set = setter,									\
	.get = getter,									\
};											\
module_param_cb(param, &param##_ops, &tq_params.param, 0644);				\
MODULE_PARM_DESC(param, help)

PARAM(ring_size, set_ring, param_get_uint,
      "Ring size of a new queue in bytes for each CPU, a power of two (1M)");
PARAM(snaplen, set_snaplen, param_get_uint,
      "Bytes of a packet that a new queue keeps, 0 for all (0)");
PARAM(watermark, set_watermark, param_get_uint,
      "Bytes in a ring of a new queue that wake a reader, 0 for a sixteenth of the ring (0)");
PARAM(flush_us, set_flush, param_get_uint,
      "Microseconds after which a reader of a new queue is woken anyway (10000)");
PARAM(busy_rate, set_rate, param_get_uint,
      "Packets in a second from which on a rule counts on each CPU by itself, 0 for never (16384)");
PARAM(max_memory, set_limit, param_get_ulong,
      "Bytes of queues and tables in the initial user namespace, 0 for no limit (0)");
PARAM(max_queues, set_limit, param_get_ulong,
      "Queues in the initial user namespace, 0 for no limit (0)");
PARAM(max_user_memory, set_limit, param_get_ulong,
      "Bytes of queues and tables in each other user namespace, 0 for no limit (64M)");
PARAM(max_user_queues, set_limit, param_get_ulong,
      "Queues in each other user namespace, 0 for no limit (64)");

/* ---- queues=NAME[:SIZE],... ---- */

static struct tq_param_queue queues[TQ_PARAM_QUEUES_MAX];
static unsigned int n_queues;

const struct tq_param_queue *tq_param_queue(unsigned int i)
{
	return i < n_queues ? &queues[i] : NULL;
}

/* @word is one of them, and is ours to write to. */
static int add_queue(char *word, const struct kernel_param *kp)
{
	struct tq_param_queue *q = &queues[n_queues];
	char *size = strchr(word, ':');
	unsigned int i;

	if (size)
		*size++ = 0;
	if (tq_name_check(word)) {
		refuse(kp, word, "not a name: 1 to 31 of A-Z, a-z, 0-9, _, . and -, no - first");
		return -EINVAL;
	}
	for (i = 0; i < n_queues; i++) {
		if (strcmp(queues[i].name, word))
			continue;
		refuse(kp, word, "there twice");
		return -EINVAL;	/* modprobe takes EEXIST for success */
	}
	if (n_queues == TQ_PARAM_QUEUES_MAX) {
		refuse(kp, word, "more than %u queues", TQ_PARAM_QUEUES_MAX);
		return -ENOSPC;
	}
	q->ring_size = 0;
	strscpy(q->name, word, sizeof(q->name));
	if (size) {
		int err = parse_ring(size, kp, &q->ring_size);

		if (err)
			return err;
	}
	n_queues++;
	return 0;
}

static int set_queues(const char *val, const struct kernel_param *kp)
{
	char *copy, *rest, *word;
	int err = 0;

	copy = kstrdup(val, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = strim(copy);
	n_queues = 0;
	while (!err && (word = strsep(&rest, ",")))
		err = add_queue(word, kp);
	kfree(copy);
	return err;
}

static int get_queues(char *buffer, const struct kernel_param *kp)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < n_queues; i++) {
		len += scnprintf(buffer + len, PAGE_SIZE - len, "%s%s", i ? "," : "",
				 queues[i].name);
		if (queues[i].ring_size)
			len += scnprintf(buffer + len, PAGE_SIZE - len, ":%u", queues[i].ring_size);
	}
	return len + scnprintf(buffer + len, PAGE_SIZE - len, "\n");
}

static const struct kernel_param_ops queues_ops = {
	.set = set_queues,
	.get = get_queues,
};
module_param_cb(queues, &queues_ops, NULL, 0444);
MODULE_PARM_DESC(queues, "Queues to make in the initial network namespace: NAME[:BYTES],... with the ring size for each CPU");
