// SPDX-License-Identifier: GPL-2.0-only
/* Frames of a capture to packets, by the rules of module/packet.c. */
#include "unit.h"
#include <pcap/dlt.h>

#include "decode.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_PACKET_##name)

/* An IPv4 header of 20 bytes; LL is the length, FF the fragment field. */
#define IP4(ll, ff, pp)	"\x45\xb8\x00" ll "\x00\x01" ff "\x40" pp "\x00\x00" \
			"\x0a\x09\x00\x01\x0a\x09\x00\x02"
#define ADDR6		"\xfd\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\1\xfd\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
/* Of 40 bytes, traffic class 0xb8. */
#define IP6(ll, nn)	"\x6b\x80\x00\x00\x00" ll nn "\x40" ADDR6
#define MACS		"\0\0\0\0\0\0\0\0\0\0\0\0"
#define TCP		"\x03\xe8\x00\x50\0\0\0\1\0\0\0\2\x50\x12\2\0\0\0\0\0"

#define FRAME(text)	(const uint8_t *)(text), sizeof(text) - 1

struct frame {
	int		link;
	const uint8_t	*data;
	uint32_t	len;
	enum decode	found;
	const char	*packet;	/* "family proto frag len, ports, flags or type" */
};

static const char *show(const struct tq_packet *pkt)
{
	static char text[200];
	int n;

	n = snprintf(text, sizeof(text), "%s %u %s %u", pkt->family == 2 ? "ip" : "ip6", pkt->proto,
		     tq_name(tq_frags, pkt->frag), pkt->len);
	if (pkt->has & BIT(SPORT))
		n += snprintf(text + n, sizeof(text) - n, " %u>%u", pkt->sport, pkt->dport);
	if (pkt->has & BIT(TCP_FLAGS))
		n += snprintf(text + n, sizeof(text) - n, " flags %u", pkt->tcp_flags);
	if (pkt->has & BIT(ICMP_TYPE))
		n += snprintf(text + n, sizeof(text) - n, " type %u/%u", pkt->icmp_type,
			      pkt->icmp_code);
	if (pkt->has & BIT(TRANSPORT_LEN))
		n += snprintf(text + n, sizeof(text) - n, " there %u", pkt->transport_len);
	return text;
}

static void check(const struct frame *f, size_t i)
{
	struct tq_packet pkt;
	enum decode found;
	uint8_t *copy;

	/* Of its own size, so that a byte too far is found. */
	copy = malloc(f->len ? f->len : 1);
	assert_non_null(copy);
	memcpy(copy, f->data, f->len);
	found = decode_frame(f->link, copy, f->len, f->len, &pkt);
	free(copy);
	if (found != f->found || (f->packet && strcmp(f->packet, show(&pkt))))
		fail_msg("frame %zu: %d \"%s\", want %d \"%s\"", i, found, show(&pkt), f->found,
			 f->packet ? f->packet : "");
}

static void test_links(void **state)
{
	static const struct frame frames[] = {
		{ DLT_EN10MB, FRAME(MACS "\x08\0" IP4("\x28", "\0\0", "\6") TCP), DECODE_IP,
		  "ip 6 none 40 1000>80 flags 18" },
		{ DLT_EN10MB, FRAME(MACS "\x86\xdd" IP6("\x14", "\6") TCP "padding"), DECODE_IP,
		  "ip6 6 none 60 1000>80 flags 18" },
		{ DLT_EN10MB, FRAME(MACS "\x81\0\0\5\x08\0" IP4("\x28", "\0\0", "\6") TCP), DECODE_IP,
		  "ip 6 none 40 1000>80 flags 18" },
		{ DLT_EN10MB, FRAME(MACS "\x88\xa8\0\5\x81\0\0\6\x86\xdd" IP6("\x14", "\6") TCP),
		  DECODE_IP, "ip6 6 none 60 1000>80 flags 18" },
		{ DLT_EN10MB, FRAME(MACS "\x91\0\0\5\x81\0\0\6\x81\0\0\7\x81\0\0\5\x81\0\0\1\x08\0"
				    IP4("\x28", "\0\0", "\6") TCP), DECODE_NOT_IP, NULL },
		{ DLT_EN10MB, FRAME(MACS "\x81\0\0\5\x08\6"), DECODE_NOT_IP, NULL },
		{ DLT_EN10MB, FRAME(MACS "\x81\0\0"), DECODE_NOT_IP, NULL },
		{ DLT_EN10MB, FRAME(MACS "\x08\6" IP4("\x28", "\0\0", "\6") TCP), DECODE_NOT_IP, NULL },
		{ DLT_EN10MB, FRAME(MACS "\x08"), DECODE_NOT_IP, NULL },
		{ DLT_EN10MB, FRAME(""), DECODE_NOT_IP, NULL },
		{ DLT_RAW, FRAME(IP4("\x14", "\0\0", "\xfd")), DECODE_IP, "ip 253 none 20" },
		{ DLT_RAW, FRAME(IP6("\0", "\x3b")), DECODE_IP, "ip6 59 none 40" },
		{ DLT_RAW, FRAME("\x50"), DECODE_NOT_IP, NULL },
		{ DLT_RAW, FRAME(""), DECODE_NOT_IP, NULL },
		{ DLT_IPV4, FRAME(IP4("\x14", "\0\0", "\xfd")), DECODE_IP, "ip 253 none 20" },
		{ DLT_IPV4, FRAME(IP6("\0", "\x3b")), DECODE_BAD, NULL },
		{ DLT_IPV6, FRAME(IP6("\0", "\x3b")), DECODE_IP, "ip6 59 none 40" },
		{ DLT_LINUX_SLL, FRAME("\0\0\0\1\0\6\0\0\0\0\0\0\0\0\x08\0" IP4("\x14", "\0\0", "\xfd")),
		  DECODE_IP, "ip 253 none 20" },
		{ DLT_LINUX_SLL, FRAME("\0\0\0\1\0\6\0\0\0\0\0\0\0\0\0\1" IP4("\x14", "\0\0", "\xfd")),
		  DECODE_NOT_IP, NULL },
		{ DLT_LINUX_SLL2, FRAME("\x86\xdd\0\0\0\0\0\1\0\1\0\6\0\0\0\0\0\0\0\0" IP6("\0", "\x3b")),
		  DECODE_IP, "ip6 59 none 40" },
		{ DLT_NULL, FRAME("\2\0\0\0" IP4("\x14", "\0\0", "\xfd")), DECODE_IP, "ip 253 none 20" },
		{ DLT_NULL, FRAME("\0\0\0\x1e" IP6("\0", "\x3b")), DECODE_IP, "ip6 59 none 40" },
		{ DLT_LOOP, FRAME("\0\0\0\x18" IP6("\0", "\x3b")), DECODE_IP, "ip6 59 none 40" },
		{ DLT_LOOP, FRAME("\0\0\0\x0a" IP6("\0", "\x3b")), DECODE_IP, "ip6 59 none 40" },
		{ DLT_LOOP, FRAME("\0\0\0\7" IP6("\0", "\x3b")), DECODE_NOT_IP, NULL },
		{ DLT_LOOP, FRAME("\0\0\0"), DECODE_NOT_IP, NULL },
		{ DLT_IEEE802_11, FRAME(IP6("\0", "\x3b")), DECODE_NOT_IP, NULL },
	};
	size_t i;

	for (i = 0; i < COUNT(frames); i++)
		check(&frames[i], i);
	assert_true(decode_knows(DLT_LINUX_SLL2));
	assert_false(decode_knows(DLT_IEEE802_11));
}

static void test_ip(void **state)
{
	static const struct frame frames[] = {
		{ DLT_RAW, FRAME(IP4("\x18", "\0\0", "\x11") "\1\2\3\4"), DECODE_IP,
		  "ip 17 none 24 258>772" },
		{ DLT_RAW, FRAME(IP4("\x17", "\0\0", "\x11") "\1\2\3\4"), DECODE_IP,
		  "ip 17 none 23 there 3" },
		{ DLT_RAW, FRAME(IP4("\x18", "\x20\0", "\x84") "\1\2\3\4"), DECODE_IP,
		  "ip 132 first 24 258>772" },
		{ DLT_RAW, FRAME(IP4("\x18", "\x20\1", "\x11") "\1\2\3\4"), DECODE_IP,
		  "ip 17 later 24" },
		{ DLT_RAW, FRAME(IP4("\x18", "\x40\0", "\1") "\3\4\0\0"), DECODE_IP,
		  "ip 1 none 24 type 3/4" },
		{ DLT_RAW, FRAME(IP4("\x15", "\0\0", "\1") "\3"), DECODE_IP, "ip 1 none 21 there 1" },
		{ DLT_RAW, FRAME(IP4("\x18", "\0\0", "\x3a") "\3\4\0\0"), DECODE_IP, "ip 58 none 24" },
		{ DLT_RAW, FRAME(IP4("\x21", "\x20\0", "\6") "\1\2\3\4\0\0\0\0\0\0\0\0\0"), DECODE_IP,
		  "ip 6 first 33 258>772 there 13" },
		{ DLT_RAW, FRAME(IP4("\x13", "\0\0", "\xfd")), DECODE_BAD, NULL },
		{ DLT_RAW, FRAME(IP4("\x15", "\0\0", "\xfd")), DECODE_BAD, NULL },
		{ DLT_RAW, FRAME(IP4("\0", "\0\0", "\xfd")), DECODE_BAD, NULL },
		{ DLT_RAW, FRAME("\x44" "0123456789012345678"), DECODE_BAD, NULL },
		{ DLT_RAW, FRAME("\x45" "012345678901234567"), DECODE_BAD, NULL },
		{ DLT_RAW, FRAME("\x46\0\0\x14" "0123456789012345678"), DECODE_BAD, NULL },
		{ DLT_RAW, FRAME(IP6("\4", "\x3a") "\x80\0\0\0"), DECODE_IP, "ip6 58 none 44 type 128/0" },
		{ DLT_RAW, FRAME(IP6("\4", "\1") "\x08\0\0\0"), DECODE_IP, "ip6 1 none 44" },
		{ DLT_RAW, FRAME(IP6("\x0c", "\0") "\x11\0\0\0\0\0\0\0\1\2\3\4"), DECODE_IP,
		  "ip6 17 none 52 258>772" },
		{ DLT_RAW, FRAME(IP6("\x14", "\x3c") "\x2b\0\0\0\0\0\0\0\x11\0\0\0\0\0\0\0\1\2\3\4"),
		  DECODE_IP, "ip6 17 none 60 258>772" },
		{ DLT_RAW, FRAME(IP6("\x0c", "\x33") "\x11\0\0\0\0\0\0\0\1\2\3\4"), DECODE_IP,
		  "ip6 17 none 52 258>772" },
		{ DLT_RAW, FRAME(IP6("\x0c", "\x2c") "\x11\0\0\1\0\0\0\0\1\2\3\4"), DECODE_IP,
		  "ip6 17 first 52 258>772" },
		{ DLT_RAW, FRAME(IP6("\x0c", "\x2c") "\x11\0\0\0\0\0\0\0\1\2\3\4"), DECODE_IP,
		  "ip6 17 none 52 258>772" },
		{ DLT_RAW, FRAME(IP6("\x0c", "\x2c") "\x11\0\0\x08\0\0\0\0\1\2\3\4"), DECODE_IP,
		  "ip6 17 later 52" },
		{ DLT_RAW, FRAME(IP6("\4", "\x2c") "\x11\0\0\0"), DECODE_IP, "ip6 44 none 44" },
		{ DLT_RAW, FRAME(IP6("\1", "\x3c") "\x11"), DECODE_IP, "ip6 60 none 41" },
		{ DLT_RAW, FRAME(IP6("\x08", "\x3c") "\6\xff\0\0\0\0\0\0"), DECODE_IP,
		  "ip6 6 none 48 there 0" },
		{ DLT_RAW, FRAME(IP6("\5", "\x3a") "\x80\0\0\0"), DECODE_BAD, NULL },
		{ DLT_RAW, FRAME("\x60" "01234567890123456789012345678901234567"), DECODE_BAD, NULL },
		{ DLT_EN10MB, FRAME(MACS "\x86\xdd" IP4("\x28", "\0\0", "\6") TCP), DECODE_BAD, NULL },
	};
	size_t i;

	for (i = 0; i < COUNT(frames); i++)
		check(&frames[i], i);
}

/* At most 16 extension headers are followed. */
static void test_ext_hdrs(void **state)
{
	uint8_t frame[40 + 17 * 8 + 4] = IP6("\0", "\x3c");
	struct tq_packet pkt;
	unsigned int n, i;

	for (n = 15; n <= 17; n++) {
		frame[5] = n * 8 + 4;
		for (i = 0; i < n; i++)
			frame[40 + 8 * i] = i + 1 < n ? 60 : 17;
		frame[40 + 8 * n] = 1;
		assert_int_equal(decode_frame(DLT_RAW, frame, 44 + 8 * n, 44 + 8 * n, &pkt), DECODE_IP);
		assert_int_equal(pkt.proto, n <= 16 ? 17 : 60);
		assert_int_equal(!!(pkt.has & BIT(SPORT)), n <= 16);
	}
}

static void test_fields(void **state)
{
	static const uint8_t frame[] = IP6("\x14", "\6") TCP;
	struct tq_packet pkt;

	assert_int_equal(decode_frame(DLT_IPV6, frame, 60, 60, &pkt), DECODE_IP);
	assert_int_equal(pkt.dscp, 46);
	assert_int_equal(pkt.src.len, 16);
	assert_memory_equal(pkt.dst.bytes, frame + 24, 16);
	assert_int_equal(pkt.has & (BIT(IIF) | BIT(MARK) | BIT(CT_STATE)), 0);
}

/* Super-packets too long for their own length field. */
static void test_super(void **state)
{
	uint8_t *frame = calloc(1, 70000);
	struct tq_packet pkt;

	assert_non_null(frame);
	memcpy(frame, IP4("\0", "\0\0", "\6") TCP, 40);
	assert_int_equal(decode_frame(DLT_RAW, frame, 70000, 70000, &pkt), DECODE_IP);
	assert_int_equal(pkt.len, 70000);
	assert_int_equal(decode_frame(DLT_RAW, frame, 40, 70000, &pkt), DECODE_IP);
	assert_int_equal(decode_frame(DLT_RAW, frame, 65535, 65535, &pkt), DECODE_BAD);
	memcpy(frame, IP6("\0", "\6") TCP, 60);
	assert_int_equal(decode_frame(DLT_RAW, frame, 70000, 70000, &pkt), DECODE_IP);
	assert_int_equal(pkt.len, 70000);
	free(frame);
}

/* Whatever is cut off is told, or the same as of the whole frame. */
static void test_cut(void **state)
{
	static const struct {
		const uint8_t	*data;
		uint32_t	len, need;
	} frames[] = {
		{ FRAME(MACS "\x08\0" IP4("\x28", "\0\0", "\6") TCP), 14 + 20 + 14 },
		{ FRAME(MACS "\x08\0" IP4("\x18", "\0\0", "\x11") "\1\2\3\4"), 14 + 20 + 4 },
		{ FRAME(MACS "\x81\0\0\1\x08\0" IP4("\x18", "\0\0", "\1") "\1\2\3\4"), 18 + 20 + 2 },
		{ FRAME(MACS "\x08\0" IP4("\x18", "\0\1", "\1") "\1\2\3\4"), 14 + 20 },
		{ FRAME(MACS "\x86\xdd" IP6("\x0c", "\0") "\x11\0\0\0\0\0\0\0\1\2\3\4"), 14 + 40 + 12 },
		{ FRAME(MACS "\x86\xdd" IP6("\x0c", "\x2c") "\x11\0\0\x08\0\0\0\0\1\2\3\4"), 14 + 40 + 8 },
		{ FRAME(MACS "\x86\xdd" IP6("\4", "\x84") "\1\2\3\4"), 14 + 40 + 4 },
	};
	struct tq_packet whole, pkt;
	uint32_t caplen;
	size_t i;

	for (i = 0; i < COUNT(frames); i++) {
		assert_int_equal(decode_frame(DLT_EN10MB, frames[i].data, frames[i].len,
					      frames[i].len, &whole), DECODE_IP);
		for (caplen = 0; caplen < frames[i].len; caplen++) {
			uint8_t *copy = malloc(caplen ? caplen : 1);
			enum decode found;

			memcpy(copy, frames[i].data, caplen);
			found = decode_frame(DLT_EN10MB, copy, caplen, frames[i].len, &pkt);
			free(copy);
			assert_int_equal(found, caplen < frames[i].need ? DECODE_CUT : DECODE_IP);
			if (found == DECODE_IP)
				assert_memory_equal(&pkt, &whole, sizeof(pkt));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_ip),
		cmocka_unit_test(test_ext_hdrs),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_super),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
