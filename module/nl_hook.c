// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_hook.c - HOOK_NEW, _SET, _DEL, _GET.
 */
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "hook.h"
#include "net.h"
#include "netlink.h"
#include "table.h"

const struct nla_policy tq_nl_hook_new_policy[TQUEUE_A_HOOK_MAX + 1] = {
	[TQUEUE_A_HOOK_TABLE]	= { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_HOOK_FAMILY]	= NLA_POLICY_RANGE(NLA_U32, TQUEUE_FAMILY_INET,
						   TQUEUE_FAMILY_IPV6),
	[TQUEUE_A_HOOK_POINT]	= NLA_POLICY_RANGE(NLA_U32, TQUEUE_HOOK_PREROUTING,
						   TQUEUE_HOOK_EGRESS),
	[TQUEUE_A_HOOK_PRIORITY] = { .type = NLA_S32 },
	[TQUEUE_A_HOOK_DEVICE]	= { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
};

const struct nla_policy tq_nl_hook_set_policy[TQUEUE_A_HOOK_MAX + 1] = {
	[TQUEUE_A_HOOK_ID]	= NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_HOOK_TABLE]	= { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
};

const struct nla_policy tq_nl_hook_id_policy[TQUEUE_A_HOOK_MAX + 1] = {
	[TQUEUE_A_HOOK_ID]	= NLA_POLICY_MIN(NLA_U32, 1),
};

const struct nla_policy tq_nl_hook_dump_policy[TQUEUE_A_HOOK_MAX + 1] = {
	[TQUEUE_A_HOOK_ID]	= TQ_NL_NOT_HERE(TQ_NL_ALL_HOOKS),
};

static int fill(struct sk_buff *skb, struct tq_net *tn, void *object, u32 query)
{
	const struct tq_hook *h = object;

	if (nla_put_u32(skb, TQUEUE_A_HOOK_ID, h->id) ||
	    nla_put_string(skb, TQUEUE_A_HOOK_TABLE, h->table->name) ||
	    nla_put_u32(skb, TQUEUE_A_HOOK_TABLE_ID, h->table->id) ||
	    nla_put_u32(skb, TQUEUE_A_HOOK_FAMILY, h->family) ||
	    nla_put_u32(skb, TQUEUE_A_HOOK_POINT, h->point) ||
	    nla_put_s32(skb, TQUEUE_A_HOOK_PRIORITY, h->priority) ||
	    (*tq_hook_device(h) &&
	     nla_put_string(skb, TQUEUE_A_HOOK_DEVICE, tq_hook_device(h))) ||
	    nla_put_u32(skb, TQUEUE_A_HOOK_ACTIVE, tq_hook_active(h)) ||
	    nla_put_u32(skb, TQUEUE_A_HOOK_SERIAL, tn->serial))
		return -EMSGSIZE;
	return 0;
}

/* Takes @skb, which has room for a hook; @hdr is of it. */
static int answer(struct genl_info *info, struct tq_net *tn, struct tq_hook *h,
		  struct sk_buff *skb, void *hdr)
{
	int err = fill(skb, tn, h, 0);

	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* A change of a hook has happened; @h is NULL if it is gone. */
static void notify(struct tq_net *tn, const struct genl_info *info, struct tq_hook *h,
		   u32 id, u8 cmd)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	tq_net_serial(tn);
	if (!tq_nl_wanted(tn, info))
		return;
	skb = tq_nl_ntf_new(info, cmd, NLMSG_DEFAULT_SIZE, &hdr);
	if (!skb)
		return;
	if (h)
		err = fill(skb, tn, h, 0);
	else
		err = nla_put_u32(skb, TQUEUE_A_HOOK_ID, id) ?:
		      nla_put_u32(skb, TQUEUE_A_HOOK_SERIAL, tn->serial);
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	tq_nl_ntf_send(tn, skb, info);
}

void tq_nl_hook_changed(struct tq_net *tn, struct tq_hook *h)
{
	notify(tn, NULL, h, h->id, TQUEUE_CMD_HOOK_SET_NTF);
}

static struct tq_hook *find(struct tq_net *tn, struct genl_info *info)
{
	struct nlattr *id = info->attrs[TQUEUE_A_HOOK_ID];
	struct tq_hook *h;

	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_HOOK_ID)) {
		NL_SET_ERR_MSG(info->extack, "a hook is needed, by id");
		return ERR_PTR(-EINVAL);
	}
	h = xa_load(&tn->hooks, nla_get_u32(id));
	if (!h) {
		NL_SET_ERR_MSG_ATTR(info->extack, id, "no such hook");
		return ERR_PTR(-ENOENT);
	}
	return h;
}

static struct tq_table *table(struct tq_net *tn, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_HOOK_TABLE)) {
		NL_SET_ERR_MSG(info->extack, "a hook needs a table");
		return ERR_PTR(-EINVAL);
	}
	return tq_nl_table_find(tn, NULL, info->attrs[TQUEUE_A_HOOK_TABLE], info->extack);
}

static int check_device(const struct genl_info *info, u32 point, struct nlattr *dev)
{
	struct nlattr *at = info->attrs[TQUEUE_A_HOOK_POINT];

	if (point != TQUEUE_HOOK_INGRESS && point != TQUEUE_HOOK_EGRESS) {
		NL_SET_ERR_MSG_ATTR(info->extack, at, "family netdev has hooks ingress and egress");
		return -EINVAL;
	}
	if (!tq_hook_has(point)) {
		NL_SET_ERR_MSG_ATTR(info->extack, at, "this kernel has no such hook");
		return -EOPNOTSUPP;
	}
	if (!dev) {
		NL_SET_ERR_MSG(info->extack, "a netdev hook needs a device");
		return -EINVAL;
	}
	if (!dev_valid_name(nla_data(dev))) {
		NL_SET_ERR_MSG_ATTR(info->extack, dev, "no device can have this name");
		return -EINVAL;
	}
	return 0;
}

/* Which families and hooks go together. */
static int check_place(const struct genl_info *info, u32 family, u32 point)
{
	struct nlattr *fam = info->attrs[TQUEUE_A_HOOK_FAMILY];
	struct nlattr *dev = info->attrs[TQUEUE_A_HOOK_DEVICE];

	switch (family) {
	case TQUEUE_FAMILY_INET:
	case TQUEUE_FAMILY_IPV4:
	case TQUEUE_FAMILY_IPV6:
		break;
	case TQUEUE_FAMILY_NETDEV:
		return check_device(info, point, dev);
	default:
		NL_SET_ERR_MSG_ATTR(info->extack, fam, "unknown family");
		return -EINVAL;
	}
	if (point > TQUEUE_HOOK_POSTROUTING) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[TQUEUE_A_HOOK_POINT],
				    "ingress and egress are hooks of family netdev");
		return -EINVAL;
	}
	if (dev) {
		NL_SET_ERR_MSG_ATTR(info->extack, dev, "only a netdev hook has a device");
		return -EINVAL;
	}
	return 0;
}

int tq_nl_hook_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *prio = info->attrs[TQUEUE_A_HOOK_PRIORITY];
	struct nlattr *dev = info->attrs[TQUEUE_A_HOOK_DEVICE];
	struct tq_net *tn = tq_nl_net(info);
	struct tq_hook_at at;
	struct sk_buff *msg;
	struct tq_table *t;
	struct tq_hook *h;
	void *hdr;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_HOOK_FAMILY)) {
		NL_SET_ERR_MSG(info->extack, "a hook needs a family");
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_HOOK_POINT)) {
		NL_SET_ERR_MSG(info->extack, "a hook needs a point, as prerouting");
		return -EINVAL;
	}
	at.family = nla_get_u32(info->attrs[TQUEUE_A_HOOK_FAMILY]);
	at.point = nla_get_u32(info->attrs[TQUEUE_A_HOOK_POINT]);
	at.priority = prio ? nla_get_s32(prio) : 0;
	at.device = dev ? nla_data(dev) : "";
	err = check_place(info, at.family, at.point);
	if (err)
		return err;

	/* Before anything is done: see tq_nl_answer(). */
	msg = tq_nl_reply_new(info, TQUEUE_CMD_HOOK_NEW, NLMSG_DEFAULT_SIZE, &hdr);
	if (!msg)
		return -ENOMEM;
	if (dev)
		rtnl_lock();
	mutex_lock(&tn->lock);
	t = table(tn, info);
	h = IS_ERR(t) ? ERR_CAST(t) : tq_hook_create(tn, t, &at, info->extack);
	if (IS_ERR(h)) {
		err = PTR_ERR(h);
		nlmsg_free(msg);
		goto unlock;
	}
	notify(tn, info, h, h->id, TQUEUE_CMD_HOOK_NEW_NTF);
	answer(info, tn, h, msg, hdr);
	err = 0;	/* likewise */
unlock:
	mutex_unlock(&tn->lock);
	if (dev)
		rtnl_unlock();
	return err;
}

int tq_nl_hook_set(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct tq_table *t;
	struct tq_hook *h;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	h = find(tn, info);
	t = IS_ERR(h) ? ERR_CAST(h) : table(tn, info);
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
		goto unlock;
	}
	if (t == h->table)
		goto unlock;
	err = tq_hook_set_table(tn, h, t, info->extack);
	if (err)
		NL_SET_BAD_ATTR(info->extack, info->attrs[TQUEUE_A_HOOK_TABLE]);
	else
		notify(tn, info, h, h->id, TQUEUE_CMD_HOOK_SET_NTF);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_hook_del(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct tq_hook *h;
	u32 id;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	h = find(tn, info);
	if (IS_ERR(h)) {
		err = PTR_ERR(h);
		goto unlock;
	}
	id = h->id;
	err = tq_hook_delete(tn, h);
	if (!err)
		notify(tn, info, NULL, id, TQUEUE_CMD_HOOK_DEL_NTF);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_hook_get(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct sk_buff *msg;
	struct tq_hook *h;
	void *hdr;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	msg = tq_nl_reply_new(info, TQUEUE_CMD_HOOK_GET, NLMSG_DEFAULT_SIZE, &hdr);
	if (!msg)
		return -ENOMEM;

	mutex_lock(&tn->lock);
	h = find(tn, info);
	err = IS_ERR(h) ? PTR_ERR(h) : answer(info, tn, h, msg, hdr);
	mutex_unlock(&tn->lock);
	if (IS_ERR(h))
		nlmsg_free(msg);
	return err;
}

int tq_nl_hook_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *id = tq_compat_dump_attrs(cb)[TQUEUE_A_HOOK_ID];
	struct tq_net *tn = tq_nl_dump_net(skb);
	int err;

	err = tq_nl_dump_once(cb);
	if (err)
		return err;
	if (id) {
		NL_SET_ERR_MSG_ATTR(cb->extack, id, TQ_NL_ALL_HOOKS);
		return -EINVAL;
	}
	return tq_nl_dump(skb, cb, tn, &tn->hooks, TQUEUE_CMD_HOOK_GET, fill, 0);
}
