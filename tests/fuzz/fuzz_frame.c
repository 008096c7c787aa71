// SPDX-License-Identifier: GPL-2.0-only
/*
 * A captured frame: the first byte is the link type, the second how much of the
 * rest was not captured.  What a frame is taken for must go through a request,
 * be the same when it is looked at again, and what is told of a part of it must
 * be what is told of the whole.
 */
#include <stdlib.h>
#include <string.h>
#include <netlink/msg.h>
#include <pcap/dlt.h>

#include "decode.h"
#include "fuzz.h"
#include "msg.h"

#define HAS(name)	(pkt->has & TQ_BIT(TQUEUE_A_PACKET_##name))

static const int links[] = {
	DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_NULL, DLT_LOOP, DLT_IPV4, DLT_IPV6,
	DLT_IEEE802_11,
};

static void check_packet(const struct tq_packet *pkt, uint32_t len)
{
	struct nl_msg *msg = nlmsg_alloc_size(512);

	if (!msg || !nlmsg_put(msg, 0, 0, 0, 0, 0))
		abort();
	if (msg_rules_put_packet(msg, pkt))
		fuzz_fail("a packet that does not fit into a request");
	nlmsg_free(msg);
	if (!pkt->len || pkt->len > len)
		fuzz_fail("%u bytes of a frame of %u", pkt->len, len);
	if (pkt->src.len != (pkt->family == TQUEUE_FAMILY_IPV4 ? 4 : 16) ||
	    pkt->dst.len != pkt->src.len || pkt->proto > 255 || pkt->dscp > 63)
		fuzz_fail("no packet");
	if (!pkt->frag || pkt->frag & (pkt->frag - 1))
		fuzz_fail("no kind of fragment, or several");
	/* What the kernel would refuse. */
	if (pkt->frag == TQUEUE_FRAG_LATER && (HAS(SPORT) || HAS(TCP_FLAGS) || HAS(ICMP_TYPE)))
		fuzz_fail("a later fragment with a transport header");
	if (HAS(TRANSPORT_LEN) && ((HAS(SPORT) && pkt->transport_len < 4) ||
				   (HAS(TCP_FLAGS) && pkt->transport_len < 14) ||
				   (HAS(ICMP_TYPE) && pkt->transport_len < 2)))
		fuzz_fail("more of a transport header than there is");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tq_packet whole, part;
	uint32_t len, caplen;
	uint8_t *copy;
	int link;

	if (size < 2)
		return 0;
	link = links[data[0] % (sizeof(links) / sizeof(links[0]))];
	len = size - 2;
	caplen = data[1] < len ? len - data[1] : 0;
	if (decode_frame(link, data + 2, len, len, &whole) == DECODE_IP)
		check_packet(&whole, len);
	/* A buffer of its own, for the sanitizer. */
	copy = malloc(caplen ? caplen : 1);
	memcpy(copy, data + 2, caplen);
	if (decode_frame(link, copy, caplen, len, &part) == DECODE_IP &&
	    memcmp(&part, &whole, sizeof(part)))
		fuzz_fail("a part of a frame is another packet than the whole");
	free(copy);
	return 0;
}
