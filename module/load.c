// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netlink.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "device.h"
#include "load.h"
#include "net.h"
#include "param.h"
#include "queue.h"

static int make_queue(struct tq_net *tn, const struct tq_param_queue *p)
{
	struct tq_queue_config config = { .ring_size = p->ring_size, .no_device = true };
	struct netlink_ext_ack extack = { };
	struct tq_queue *q;

	strscpy(config.name, p->name, sizeof(config.name));
	config.snaplen = READ_ONCE(tq_params.snaplen);
	tq_queue_defaults(&config);
	q = tq_queue_create(tn, &config, &extack);
	if (!IS_ERR(q))
		return 0;
	pr_err("tqueue: queues=%s: %s (error %d)\n", p->name,
	       extack._msg ? extack._msg : "can't be made", -(int)PTR_ERR(q));
	return PTR_ERR(q);
}

int tq_load_queues(void)
{
	struct tq_net *tn = tq_net(&init_net);
	const struct tq_param_queue *p;
	unsigned int i;
	int err = 0;

	mutex_lock(&tn->lock);
	for (i = 0; !err && (p = tq_param_queue(i)); i++)
		err = make_queue(tn, p);
	mutex_unlock(&tn->lock);
	return err;
}

void tq_load_devices(void)
{
	struct tq_net *tn = tq_net(&init_net);
	struct tq_queue *q;

	/* By now others may have made or deleted some. */
	mutex_lock(&tn->lock);
	list_for_each_entry(q, &tn->queues, net_node)
		if (!q->has_device && tq_device_add(q))
			pr_warn("tqueue: queue %s has no device node, only QUEUE_OPEN\n", q->name);
	mutex_unlock(&tn->lock);
}
