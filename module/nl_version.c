// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_version.c - what this module is and can do.
 */
#include <linux/mm.h>
#include <linux/stringify.h>

#include "account.h"
#include "hook.h"
#include "net.h"
#include "netlink.h"
#include "queue.h"
#include "ring.h"

/* What this kernel lacks is not there. */
static u32 kernel_features(void)
{
	u32 features = 0;

	if (IS_ENABLED(CONFIG_NF_CONNTRACK))
		features |= TQUEUE_FEATURE_CONNTRACK;
	if (tq_hook_has(TQUEUE_HOOK_INGRESS))
		features |= TQUEUE_FEATURE_INGRESS;
	if (tq_hook_has(TQUEUE_HOOK_EGRESS))
		features |= TQUEUE_FEATURE_EGRESS;
	return features;
}

#define FEATURES	(TQUEUE_FEATURE_LOG | TQUEUE_FEATURE_MMAP | TQUEUE_FEATURE_QUEUE_SET | \
			 TQUEUE_FEATURE_QUEUE_OPEN | TQUEUE_FEATURE_TXN | \
			 TQUEUE_FEATURE_CONFIRM | \
			 TQUEUE_FEATURE_TIMEOUT | TQUEUE_FEATURE_RULE_TEST | \
			 TQUEUE_FEATURE_REWRITE | TQUEUE_FEATURE_RELOOK | \
			 TQUEUE_FEATURE_NFQUEUE | TQUEUE_FEATURE_STEAL | \
			 TQUEUE_FEATURE_SAMPLE | TQUEUE_FEATURE_LIMIT | \
			 TQUEUE_FEATURE_FILTER)

int tq_nl_version_get(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_account_use use;
	struct sk_buff *reply;
	void *hdr;

	tq_account_use(tq_nl_net(info)->account, &use);
	reply = tq_nl_reply_new(info, TQUEUE_CMD_VERSION_GET, NLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return -ENOMEM;
	if (nla_put_u32(reply, TQUEUE_A_VERSION_ABI, TQUEUE_FAMILY_VERSION) ||
	    nla_put_string(reply, TQUEUE_A_VERSION_MODULE, __stringify(TQ_VERSION)) ||
	    nla_put_u32(reply, TQUEUE_A_VERSION_FEATURES, FEATURES | kernel_features()) ||
	    nla_put_u32(reply, TQUEUE_A_VERSION_RECORD_HDR, sizeof(struct tqueue_record)) ||
	    nla_put_u32(reply, TQUEUE_A_VERSION_QUEUE_MAX, TQ_QUEUES_MAX) ||
	    nla_put_u32(reply, TQUEUE_A_VERSION_COPIES_MAX, TQUEUE_RULE_COPIES_MAX) ||
	    nla_put_u32(reply, TQUEUE_A_VERSION_RING_MIN, TQ_RING_SIZE_MIN) ||
	    nla_put_u32(reply, TQUEUE_A_VERSION_RING_MAX, TQ_RING_SIZE_MAX) ||
	    nla_put_u64_64bit(reply, TQUEUE_A_VERSION_USER_MEMORY, use.memory,
			      TQUEUE_A_VERSION_PAD) ||
	    nla_put_u64_64bit(reply, TQUEUE_A_VERSION_USER_MEMORY_MAX, use.memory_max,
			      TQUEUE_A_VERSION_PAD) ||
	    nla_put_u32(reply, TQUEUE_A_VERSION_USER_QUEUES, use.queues) ||
	    nla_put_u32(reply, TQUEUE_A_VERSION_USER_QUEUES_MAX, use.queues_max)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}
