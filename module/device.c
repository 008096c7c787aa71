// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - the device of a queue: node, uevents, attributes in sysfs.
 *
 * /sys/class/tqueue/tqueue<id>/ is seen in the queue's network namespace only.
 * Its attributes can be read by root, as QUEUE_GET is not for everybody either,
 * and written by nobody: a queue is changed by netlink.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <net/net_namespace.h>

#include "chardev.h"
#include "device.h"
#include "queue.h"

static dev_t first_dev;

static const struct tq_queue *queue_of(tq_class_const struct device *dev)
{
	return container_of(dev, const struct tq_queue, dev);
}

/* Attributes.  While one is read the device is there, and so the queue. */

#define QUEUE_ATTR(attr_name, format, value)						\
static ssize_t attr_name##_show(struct device *dev, struct device_attribute *attr,	\
				char *buf)						\
{											\
	const struct tq_queue *q = queue_of(dev);					\
											\
	return sysfs_emit(buf, format "\n", value);					\
}											\
static struct device_attribute dev_attr_##attr_name = __ATTR_RO_MODE(attr_name, 0400)

QUEUE_ATTR(name, "%s", q->name);
QUEUE_ATTR(id, "%u", q->id);
QUEUE_ATTR(mode, "%s", tq_queue_mode_name(q));
QUEUE_ATTR(ring_size, "%u", READ_ONCE(q->ring_size));
QUEUE_ATTR(snaplen, "%u", READ_ONCE(q->snaplen));
QUEUE_ATTR(watermark, "%u", READ_ONCE(q->watermark));
QUEUE_ATTR(flush_us, "%u", READ_ONCE(q->flush_us));

static struct attribute *queue_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_id.attr,
	&dev_attr_mode.attr,
	&dev_attr_ring_size.attr,
	&dev_attr_snaplen.attr,
	&dev_attr_watermark.attr,
	&dev_attr_flush_us.attr,
	NULL
};
ATTRIBUTE_GROUPS(queue);

/* The class. */

/* Without an answer the core takes the device's own name, when it makes the node or
 * when it removes it, and one of the two nodes stays in /dev.  So this may not fail;
 * it is called where sleeping is allowed.
 */
static char *class_devnode(tq_class_const struct device *dev, umode_t *mode)
{
	const struct tq_queue *q = queue_of(dev);

	if (mode)
		*mode = 0660;
	return kasprintf(GFP_KERNEL | __GFP_NOFAIL, "tqueue/%u", q->id);
}

static int class_uevent(tq_class_const struct device *dev, struct kobj_uevent_env *env)
{
	const struct tq_queue *q = queue_of(dev);

	if (add_uevent_var(env, "TQUEUE_NAME=%s", q->name) ||
	    add_uevent_var(env, "TQUEUE_INIT_NET=%d", q->net == &init_net))
		return -ENOMEM;
	return 0;
}

/* Asked for only between device_add() and device_del(), when the namespace is
 * there: it kills its queues in pre_exit.
 */
static tq_class_ns_t *class_namespace(tq_class_const struct device *dev)
{
	const struct tq_queue *q = queue_of(dev);

	return tq_class_ns(q->net);
}

static struct class queue_class = {
	.name		= "tqueue",
	.dev_groups	= queue_groups,
	.devnode	= class_devnode,
	.dev_uevent	= class_uevent,
	.ns_type	= &net_ns_type_operations,
	.namespace	= class_namespace,
};

int tq_device_add(struct tq_queue *q)
{
	int err;

	/* Nodes are named in the one devtmpfs of the machine: not for every
	 * user's own namespace.  QUEUE_OPEN serves those.
	 */
	if (q->net->user_ns != &init_user_ns)
		return 0;
	err = dev_set_name(&q->dev, "tqueue%u", q->id);
	if (err)
		return err;
	q->dev.class = &queue_class;
	q->dev.devt = MKDEV(MAJOR(first_dev), MINOR(first_dev) + q->id);
	cdev_init(&q->cdev, &tq_chardev_fops);
	q->cdev.owner = THIS_MODULE;
	err = cdev_device_add(&q->cdev, &q->dev);
	if (err)
		return err;
	q->has_device = true;
	return 0;
}

void tq_device_del(struct tq_queue *q)
{
	cdev_device_del(&q->cdev, &q->dev);
}

int tq_device_init(void)
{
	int err;

	/* Minor number = id; 0 is none. */
	err = alloc_chrdev_region(&first_dev, 0, TQ_QUEUES_MAX + 1, "tqueue");
	if (err)
		return err;
	err = class_register(&queue_class);
	if (err)
		unregister_chrdev_region(first_dev, TQ_QUEUES_MAX + 1);
	return err;
}

void tq_device_exit(void)
{
	class_unregister(&queue_class);
	unregister_chrdev_region(first_dev, TQ_QUEUES_MAX + 1);
}
