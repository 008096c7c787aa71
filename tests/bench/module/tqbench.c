// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqbench.c - times one hook, packet by packet, without a system call between.
 *
 * The packets are a few skbs that are used again and again: only their headers
 * change.  We hold a second reference to each, so a verdict that frees it gives
 * back the one, and we take it again.  Batches are timed by the TSC, since one
 * reading of a clock costs as much as a packet.
 */
#include <linux/etherdevice.h>
#include <linux/fs.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/sort.h>
#include <linux/uaccess.h>
#include <linux/udp.h>
#include <linux/vmalloc.h>
#include <net/net_namespace.h>

#include "tqbench.h"

#define SKBS		64		/* a power of two */
#define SAMPLES		65536		/* batches kept; a power of two */
#define STREAM_MAX	(256UL << 20)
#define BATCH_MAX	65536
#define LATE_NS		(5 * NSEC_PER_MSEC)

/**
 * struct stream - an open file
 * @family: of the headers
 * @headers: array of struct tqbench_v4 or _v6
 * @bytes: of it in use
 * @room: allocated
 * @marks: answers of TQBENCH_CLASSIFY
 * @n_marks: how many
 * @lock: one user at a time
 */
struct stream {
	u32		family;
	u8		*headers;
	size_t		bytes;
	size_t		room;
	u32		*marks;
	size_t		n_marks;
	struct mutex	lock;
};

static atomic_t waiting;

static u64 tsc(void)
{
	u32 low, high;

	/* lfence: neither earlier nor later instructions cross it. */
	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return low | (u64)high << 32;
}

static size_t header_size(const struct stream *s)
{
	return s->family == NFPROTO_IPV4 ? sizeof(struct tqbench_v4) : sizeof(struct tqbench_v6);
}

static size_t stream_len(const struct stream *s)
{
	return s->bytes / header_size(s);
}

static struct sk_buff *packet_new(const struct tqbench_run *run, struct net_device *dev)
{
	const bool v4 = run->family == NFPROTO_IPV4;
	const u32 net = v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct sk_buff *skb;
	struct ethhdr *eth;

	skb = netdev_alloc_skb_ip_align(dev, ETH_HLEN + run->length);
	if (!skb)
		return NULL;
	memset(skb_put(skb, ETH_HLEN + run->length), 0, ETH_HLEN + run->length);
	eth = (struct ethhdr *)skb->data;
	ether_addr_copy(eth->h_dest, dev->dev_addr);
	eth->h_source[0] = 2;
	eth->h_proto = htons(v4 ? ETH_P_IP : ETH_P_IPV6);
	skb->protocol = eth_type_trans(skb, dev);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, net);
	if (v4) {
		struct iphdr *ip = ip_hdr(skb);

		ip->version = 4;
		ip->ihl = 5;
		ip->ttl = 64;
		ip->tot_len = htons(run->length);
	} else {
		struct ipv6hdr *ip6 = ipv6_hdr(skb);

		ip6->version = 6;
		ip6->hop_limit = 64;
		ip6->payload_len = htons(run->length - net);
	}
	if (run->path == TQBENCH_RECEIVE)
		skb->pkt_type = PACKET_OTHERHOST;
	refcount_set(&skb->users, 2);
	return skb;
}

static void header_put4(struct sk_buff *skb, const struct tqbench_v4 *h)
{
	struct iphdr *ip = (struct iphdr *)skb->data;
	__be16 *ports = (__be16 *)(ip + 1);

	ip->saddr = h->src;
	ip->daddr = h->dst;
	ip->protocol = h->proto;
	ports[0] = h->sport;
	ports[1] = h->dport;
}

static void header_put6(struct sk_buff *skb, const struct tqbench_v6 *h)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)skb->data;
	__be16 *ports = (__be16 *)(ip6 + 1);

	memcpy(&ip6->saddr, h->src, sizeof(h->src));
	memcpy(&ip6->daddr, h->dst, sizeof(h->dst));
	ip6->nexthdr = h->proto;
	ports[0] = h->sport;
	ports[1] = h->dport;
}

static int okfn(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return 0;
}

struct work {
	const struct tqbench_run	*run;
	const struct stream		*stream;
	struct net			*net;
	struct net_device		*dev;
	struct sk_buff			*skb[SKBS];
	size_t				at;	/* next header */
	u64				passed;
	u32				*marks;
};

/* Sends @n packets.  Under rcu_read_lock(), BH off.  Inlined once for each kind
 * of run, so that nothing is asked per packet that is known before.
 */
static __always_inline void send(struct work *w, u32 n, u32 family, u32 path, bool marks)
{
	const struct stream *s = w->stream;
	const size_t len = stream_len(s);
	u32 i;

	for (i = 0; i < n; i++) {
		struct sk_buff *skb = w->skb[i & (SKBS - 1)];
		bool passed = true;

		if (family == NFPROTO_IPV4)
			header_put4(skb, (struct tqbench_v4 *)s->headers + w->at);
		else
			header_put6(skb, (struct tqbench_v6 *)s->headers + w->at);
		if (marks)
			skb->mark = 0;
		if (path == TQBENCH_HOOK)
			passed = nf_hook(family, w->run->hook, w->net, NULL, skb, w->dev, NULL,
					 okfn) == 1;
		else if (path == TQBENCH_RECEIVE)
			passed = netif_receive_skb(skb) == NET_RX_SUCCESS;
		else
			barrier();
		if (marks)
			w->marks[w->at] = skb->mark ?: (passed ? 0 : U32_MAX);
		w->passed += passed;
		if (refcount_read(&skb->users) < 2)
			refcount_set(&skb->users, 2);
		if (++w->at == len)
			w->at = 0;
	}
}

static void send_batch(struct work *w, u32 n)
{
	const u32 family = w->run->family;

	if (w->marks) {
		if (family == NFPROTO_IPV4)
			send(w, n, NFPROTO_IPV4, TQBENCH_HOOK, true);
		else
			send(w, n, NFPROTO_IPV6, TQBENCH_HOOK, true);
		return;
	}
	switch (w->run->path) {
	case TQBENCH_NULL:
		if (family == NFPROTO_IPV4)
			send(w, n, NFPROTO_IPV4, TQBENCH_NULL, false);
		else
			send(w, n, NFPROTO_IPV6, TQBENCH_NULL, false);
		break;
	case TQBENCH_HOOK:
		if (family == NFPROTO_IPV4)
			send(w, n, NFPROTO_IPV4, TQBENCH_HOOK, false);
		else
			send(w, n, NFPROTO_IPV6, TQBENCH_HOOK, false);
		break;
	default:
		send(w, n, NFPROTO_IPV4, TQBENCH_RECEIVE, false);
		break;
	}
}

static int by_value(const void *a, const void *b)
{
	const u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Begins together with the others: each @peers that come make a group. */
static int wait_for_peers(u32 peers)
{
	const u64 end = ktime_get_ns() + 10 * NSEC_PER_SEC;
	int last;

	if (!peers)
		return 0;
	last = roundup(atomic_inc_return(&waiting), peers);
	while (atomic_read(&waiting) < last) {
		if (ktime_get_ns() > end || signal_pending(current))
			return -ETIMEDOUT;
		cond_resched();
		cpu_relax();
	}
	return 0;
}

/* Until @n packets are due.  Who was held up sends what he is behind at once, but
 * no more than some milliseconds' worth, by moving @begin.
 */
static void wait_until_due(const struct tqbench_run *run, u64 n, u64 *begin)
{
	const u64 due = *begin + mul_u64_u64_div_u64(n, NSEC_PER_SEC, run->rate);
	u64 now = ktime_get_ns();

	if (now > due + LATE_NS)
		*begin += now - due - LATE_NS;
	for (; now < due; now = ktime_get_ns()) {
		cond_resched();
		cpu_relax();
	}
}

/* Cycles to picoseconds: @ns passed in @cycles. */
static u64 to_ps(u64 value, u64 ns, u64 cycles)
{
	return mul_u64_u64_div_u64(value, ns * 1000, cycles ?: 1);
}

static int timed_run(struct work *w, struct tqbench_run *run, u32 *samples)
{
	u64 n = 0, longest = 0, t0, c0, ns, cycles, pace;
	u32 kept;
	int err;

	err = wait_for_peers(run->peers);
	if (err)
		return err;
	t0 = ktime_get_ns();
	pace = t0;
	c0 = tsc();
	do {
		u64 begin, took;

		local_bh_disable();
		rcu_read_lock();
		begin = tsc();
		send_batch(w, run->batch);
		took = tsc() - begin;
		rcu_read_unlock();
		local_bh_enable();
		samples[n++ & (SAMPLES - 1)] = min_t(u64, took, U32_MAX);
		longest = max(longest, took);
		cond_resched();
		if (run->rate)
			wait_until_due(run, n * run->batch, &pace);
		if (signal_pending(current))
			return -EINTR;
		ns = ktime_get_ns() - t0;
	} while (ns < (u64)run->ms * NSEC_PER_MSEC &&
		 (!run->limit || n * run->batch < run->limit));
	cycles = tsc() - c0;
	ns = ktime_get_ns() - t0;

	kept = min_t(u64, n, SAMPLES);
	sort(samples, kept, sizeof(*samples), by_value, NULL);
	run->packets = n * run->batch;
	run->passed = w->passed;
	run->ps[0] = div_u64(to_ps(samples[kept / 20], ns, cycles), run->batch);
	run->ps[1] = div_u64(to_ps(samples[kept / 2], ns, cycles), run->batch);
	run->ps[2] = div_u64(to_ps(samples[kept - 1 - kept / 20], ns, cycles), run->batch);
	run->ps[3] = div_u64(to_ps(samples[kept - 1 - kept / 100], ns, cycles), run->batch);
	run->ps[4] = div64_u64(ns * 1000, run->packets);
	run->longest = to_ps(longest, ns, cycles);
	return 0;
}

/* Each header of the stream once, with the mark that it comes back with. */
static int classify(struct work *w, struct stream *s)
{
	const size_t len = stream_len(s);
	size_t done;

	kvfree(s->marks);
	s->n_marks = 0;
	s->marks = kvmalloc_array(len, sizeof(*s->marks), GFP_KERNEL);
	if (!s->marks)
		return -ENOMEM;
	w->marks = s->marks;
	for (done = 0; done < len; done += SKBS) {
		local_bh_disable();
		rcu_read_lock();
		send_batch(w, min_t(size_t, SKBS, len - done));
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
		if (signal_pending(current))
			return -EINTR;
	}
	s->n_marks = len;
	return 0;
}

static int run_check(const struct stream *s, const struct tqbench_run *run)
{
	if (!stream_len(s) || run->family != s->family || run->hook >= NF_INET_NUMHOOKS ||
	    run->path > TQBENCH_RECEIVE || run->length < 64 || run->length > 9000 ||
	    !run->batch || run->batch > BATCH_MAX || run->ms > 60000 ||
	    run->rate > NSEC_PER_SEC)
		return -EINVAL;
	if (run->path == TQBENCH_RECEIVE && run->family != NFPROTO_IPV4)
		return -EINVAL;
	return 0;
}

static int do_run(struct stream *s, struct tqbench_run *run, bool marks)
{
	struct work *w;
	u32 *samples;
	int err, i;

	err = run_check(s, run);
	if (err)
		return err;
	w = kzalloc(sizeof(*w), GFP_KERNEL);
	samples = vmalloc_array(SAMPLES, sizeof(*samples));
	if (!w || !samples) {
		err = -ENOMEM;
		goto free;
	}
	w->run = run;
	w->stream = s;
	w->net = get_net_ns_by_fd(run->netns);
	if (IS_ERR(w->net)) {
		err = PTR_ERR(w->net);
		goto free;
	}
	run->dev[sizeof(run->dev) - 1] = 0;
	w->dev = dev_get_by_name(w->net, run->dev);
	if (!w->dev) {
		err = -ENODEV;
		goto put_net;
	}
	for (i = 0; i < SKBS; i++) {
		w->skb[i] = packet_new(run, w->dev);
		if (!w->skb[i]) {
			err = -ENOMEM;
			goto put_skbs;
		}
	}
	err = marks ? classify(w, s) : timed_run(w, run, samples);
put_skbs:
	for (i = 0; i < SKBS && w->skb[i]; i++) {
		refcount_set(&w->skb[i]->users, 1);
		kfree_skb(w->skb[i]);
	}
	dev_put(w->dev);
put_net:
	put_net(w->net);
free:
	vfree(samples);
	kfree(w);
	return err;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct stream *s = file->private_data;
	struct tqbench_run run;
	long err;

	mutex_lock(&s->lock);
	switch (cmd) {
	case TQBENCH_STREAM:
		err = -EINVAL;
		if (arg != NFPROTO_IPV4 && arg != NFPROTO_IPV6)
			break;
		s->family = arg;
		s->bytes = 0;
		err = 0;
		break;
	case TQBENCH_RUN:
	case TQBENCH_CLASSIFY:
		err = -EFAULT;
		if (copy_from_user(&run, (void __user *)arg, sizeof(run)))
			break;
		err = do_run(s, &run, cmd == TQBENCH_CLASSIFY);
		if (!err && copy_to_user((void __user *)arg, &run, sizeof(run)))
			err = -EFAULT;
		break;
	default:
		err = -ENOTTY;
	}
	mutex_unlock(&s->lock);
	return err;
}

static ssize_t bench_write(struct file *file, const char __user *from, size_t n, loff_t *pos)
{
	struct stream *s = file->private_data;
	ssize_t err = n;

	mutex_lock(&s->lock);
	if (n > STREAM_MAX - s->bytes) {
		err = -EFBIG;
	} else if (s->bytes + n > s->room) {
		size_t room = max(2 * s->room, s->bytes + n);
		u8 *more = vmalloc(room);

		if (more) {
			memcpy(more, s->headers, s->bytes);
			vfree(s->headers);
			s->headers = more;
			s->room = room;
		} else {
			err = -ENOMEM;
		}
	}
	if (err > 0 && copy_from_user(s->headers + s->bytes, from, n))
		err = -EFAULT;
	if (err > 0)
		s->bytes += n;
	mutex_unlock(&s->lock);
	return err;
}

static ssize_t bench_read(struct file *file, char __user *to, size_t n, loff_t *pos)
{
	struct stream *s = file->private_data;
	ssize_t len;

	mutex_lock(&s->lock);
	len = simple_read_from_buffer(to, n, pos, s->marks, s->n_marks * sizeof(*s->marks));
	mutex_unlock(&s->lock);
	return len;
}

static int bench_open(struct inode *inode, struct file *file)
{
	struct stream *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	s->family = NFPROTO_IPV4;
	mutex_init(&s->lock);
	file->private_data = s;
	return 0;
}

static int bench_release(struct inode *inode, struct file *file)
{
	struct stream *s = file->private_data;

	vfree(s->headers);
	kvfree(s->marks);
	kfree(s);
	return 0;
}

static const struct file_operations bench_fops = {
	.owner		= THIS_MODULE,
	.open		= bench_open,
	.release	= bench_release,
	.read		= bench_read,
	.write		= bench_write,
	.unlocked_ioctl	= bench_ioctl,
	.llseek		= default_llseek,
};

static struct miscdevice bench_dev = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "tqbench",
	.fops	= &bench_fops,
	.mode	= 0600,
};

module_misc_device(bench_dev);
MODULE_DESCRIPTION("times netfilter hooks");
MODULE_LICENSE("GPL");
