// SPDX-License-Identifier: GPL-2.0-only
/* Records written as pcapng, read back by the letter of the format. */
#include "unit.h"
#include "pcapng.h"

enum { SHB = 0x0a0d0d0a, IDB = 1, ISB = 5, EPB = 6 };

struct block {
	uint32_t	type;
	const uint8_t	*body;
	uint32_t	len;	/* of the body */
};

struct file {
	char		*data;
	size_t		size;
	struct block	block[32];
	unsigned int	n;
};

static uint32_t u32(const void *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint16_t u16(const void *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* Cuts the file into blocks; each must be whole, padded and have its length twice. */
static void read_file(struct file *f)
{
	size_t at = 0;

	f->n = 0;
	while (at < f->size) {
		struct block *b = &f->block[f->n++];
		uint32_t len;

		assert_true(f->n <= COUNT(f->block));
		assert_true(f->size - at >= 12);
		len = u32(f->data + at + 4);
		assert_true(len >= 12 && len % 4 == 0 && len <= f->size - at);
		assert_int_equal(u32(f->data + at + len - 4), len);
		b->type = u32(f->data + at);
		b->body = (uint8_t *)f->data + at + 8;
		b->len = len - 12;
		at += len;
	}
}

/* The option @code that begins at @at of the block, or NULL; the list must end. */
static const uint8_t *option(const struct block *b, uint32_t at, uint16_t code, uint16_t *len)
{
	const uint8_t *found = NULL;

	while (at < b->len) {
		uint16_t c = u16(b->body + at), l = u16(b->body + at + 2);

		if (!c) {
			assert_int_equal(at + 4, b->len);
			return found;
		}
		if (c == code) {
			assert_null(found);
			found = b->body + at + 4;
			*len = l;
		}
		at += 4 + (l + 3u) / 4 * 4;
	}
	assert_int_equal(at, 0xffffffff);	/* no end of options */
	return NULL;
}

static uint64_t option_u64(const struct block *b, uint32_t at, uint16_t code)
{
	const uint8_t *o;
	uint16_t len;
	uint64_t v;

	o = option(b, at, code, &len);
	if (!o)
		return UINT64_MAX;
	assert_int_equal(len, 8);
	memcpy(&v, o, 8);
	return v;
}

static uint32_t packet_options(const struct block *b)
{
	return 20 + (u32(b->body + 12) + 3) / 4 * 4;
}

static struct pcapng *begin(struct pcapng *p, struct file *f, int link)
{
	memset(p, 0, sizeof(*p));
	memset(f, 0, sizeof(*f));
	p->f = open_memstream(&f->data, &f->size);
	p->name = "ids";
	p->app = "tqctl test";
	p->link = link;
	assert_int_equal(pcapng_begin(p), 0);
	return p;
}

static void end(struct pcapng *p, struct file *f)
{
	assert_int_equal(pcapng_end(p, 77), 0);
	fclose(p->f);
	pcapng_free(p);
	read_file(f);
	assert_int_equal(f->block[0].type, SHB);
	assert_int_equal(u32(f->block[0].body), 0x1a2b3c4d);
	assert_int_equal(u16(f->block[0].body + 4), 1);
}

static struct tqueue_record packet(uint16_t linktype, uint16_t mac_len, uint32_t len)
{
	struct tqueue_record rec = {
		.type = TQUEUE_RECORD_PACKET, .real_ns = UINT64_C(0x123456789abcdef0), .seq = 5,
		.caplen = len, .origlen = len, .rule = 42, .cpu = 3, .linktype = linktype,
		.mac_len = mac_len, .family = TQUEUE_FAMILY_IPV4, .hook = TQUEUE_HOOK_PREROUTING,
		.verdict = TQUEUE_VERDICT_DROP,
	};

	return rec;
}

static uint8_t bytes[2048];

static void test_ethernet(void **state)
{
	struct tqueue_record rec = packet(TQUEUE_LINKTYPE_ETHERNET, 14, 61);
	const uint8_t *o;
	struct block *b;
	struct pcapng p;
	struct file f;
	uint16_t len;

	begin(&p, &f, PCAPNG_LINK_AUTO);
	rec.origlen = 1500;
	assert_int_equal(pcapng_record(&p, &rec, bytes, "rule 42"), 0);
	pcapng_lost(&p, 7);
	rec.seq++;
	assert_int_equal(pcapng_record(&p, &rec, bytes, NULL), 0);
	pcapng_lost(&p, 2);
	end(&p, &f);

	assert_int_equal(f.n, 5);
	b = &f.block[1];
	assert_int_equal(b->type, IDB);
	assert_int_equal(u16(b->body), 1);
	assert_int_equal(u32(b->body + 4), PCAPNG_SNAPLEN);
	o = option(b, 8, 2, &len);
	assert_non_null(o);
	assert_int_equal(len, 3);
	assert_memory_equal(o, "ids", 3);
	o = option(b, 8, 9, &len);
	assert_non_null(o);
	assert_int_equal(*o, 9);	/* nanoseconds */

	b = &f.block[2];
	assert_int_equal(b->type, EPB);
	assert_int_equal(u32(b->body), 0);
	assert_int_equal(u32(b->body + 4), 0x12345678);
	assert_int_equal(u32(b->body + 8), 0x9abcdef0);
	assert_int_equal(u32(b->body + 12), 61);
	assert_int_equal(u32(b->body + 16), 1500);
	assert_memory_equal(b->body + 20, bytes, 61);
	o = option(b, packet_options(b), 1, &len);
	assert_non_null(o);
	assert_int_equal(len, 7);
	assert_memory_equal(o, "rule 42", 7);
	o = option(b, packet_options(b), 2, &len);
	assert_non_null(o);
	assert_int_equal(u32(o) & 3, 1);	/* inbound */
	o = option(b, packet_options(b), 6, &len);
	assert_non_null(o);
	assert_int_equal(u32(o), 3);		/* the CPU */
	o = option(b, packet_options(b), 7, &len);
	assert_non_null(o);
	assert_int_equal(o[1], TQUEUE_VERDICT_DROP);
	assert_int_equal(option_u64(b, packet_options(b), 4), UINT64_MAX);

	b = &f.block[3];
	assert_null(option(b, packet_options(b), 1, &len));
	assert_int_equal(option_u64(b, packet_options(b), 4), 7);
	assert_int_not_equal(option_u64(b, packet_options(b), 5),
			     option_u64(&f.block[2], packet_options(&f.block[2]), 5));

	b = &f.block[4];
	assert_int_equal(b->type, ISB);
	assert_int_equal(option_u64(b, 12, 4), 11);	/* 2 written and 9 lost */
	assert_int_equal(option_u64(b, 12, 5), 9);
	assert_int_equal(option_u64(b, 12, 8), 2);
	free(f.data);
}

/* Two link types make two interfaces, each described before its first packet. */
static void test_two_interfaces(void **state)
{
	struct tqueue_record eth = packet(TQUEUE_LINKTYPE_ETHERNET, 14, 60);
	struct tqueue_record raw = packet(TQUEUE_LINKTYPE_RAW, 0, 40);
	static const uint32_t types[] = { SHB, IDB, EPB, IDB, EPB, EPB, ISB, ISB };
	struct pcapng p;
	struct file f;
	unsigned int i;

	begin(&p, &f, PCAPNG_LINK_AUTO);
	assert_int_equal(pcapng_record(&p, &raw, bytes, NULL), 0);
	assert_int_equal(pcapng_record(&p, &eth, bytes, NULL), 0);
	assert_int_equal(pcapng_record(&p, &raw, bytes, NULL), 0);
	end(&p, &f);
	assert_int_equal(f.n, COUNT(types));
	for (i = 0; i < f.n; i++)
		assert_int_equal(f.block[i].type, types[i]);
	assert_int_equal(u16(f.block[1].body), 101);
	assert_int_equal(u16(f.block[3].body), 1);
	assert_int_equal(u32(f.block[2].body), 0);
	assert_int_equal(u32(f.block[4].body), 1);
	assert_int_equal(u32(f.block[5].body), 0);
	free(f.data);
}

/* All of one kind, on demand: headers made up, or cut off. */
static void test_link_choice(void **state)
{
	struct tqueue_record eth = packet(TQUEUE_LINKTYPE_ETHERNET, 14, 60);
	struct tqueue_record raw = packet(TQUEUE_LINKTYPE_RAW, 0, 40);
	struct pcapng p;
	struct file f;

	begin(&p, &f, PCAPNG_LINK_RAW);
	assert_int_equal(pcapng_record(&p, &eth, bytes, NULL), 0);
	assert_int_equal(pcapng_record(&p, &raw, bytes, NULL), 0);
	end(&p, &f);
	assert_int_equal(f.n, 5);
	assert_int_equal(u16(f.block[1].body), 101);
	assert_int_equal(u32(f.block[2].body + 12), 46);
	assert_int_equal(u32(f.block[2].body + 16), 46);
	assert_memory_equal(f.block[2].body + 20, bytes + 14, 46);
	assert_int_equal(u32(f.block[3].body + 12), 40);
	free(f.data);

	begin(&p, &f, PCAPNG_LINK_ETHERNET);
	assert_int_equal(pcapng_record(&p, &eth, bytes, NULL), 0);
	raw.family = TQUEUE_FAMILY_IPV6;
	assert_int_equal(pcapng_record(&p, &raw, bytes, NULL), 0);
	end(&p, &f);
	assert_int_equal(f.n, 5);
	assert_int_equal(u16(f.block[1].body), 1);
	assert_int_equal(u32(f.block[3].body + 12), 54);
	assert_int_equal(u32(f.block[3].body + 16), 54);
	assert_memory_equal(f.block[3].body + 20 + 12, "\x86\xdd", 2);
	assert_memory_equal(f.block[3].body + 34, bytes, 40);
	free(f.data);
}

static void test_vlan(void **state)
{
	struct tqueue_record rec = packet(TQUEUE_LINKTYPE_ETHERNET, 14, 60);
	static const uint16_t proto = 0x0081;	/* network order */
	struct pcapng p;
	struct file f;

	rec.flags = TQUEUE_RECORD_F_VLAN;
	rec.vlan_tci = 0x2064;
	memcpy(&rec.vlan_proto, &proto, 2);
	begin(&p, &f, PCAPNG_LINK_AUTO);
	assert_int_equal(pcapng_record(&p, &rec, bytes, NULL), 0);
	/* cut in the middle of the addresses: there is no place for a tag */
	rec.caplen = 8;
	assert_int_equal(pcapng_record(&p, &rec, bytes, NULL), 0);
	end(&p, &f);
	assert_int_equal(u32(f.block[2].body + 12), 64);
	assert_int_equal(u32(f.block[2].body + 16), 64);
	assert_memory_equal(f.block[2].body + 20, bytes, 12);
	assert_memory_equal(f.block[2].body + 32, "\x81\x00\x20\x64", 4);
	assert_memory_equal(f.block[2].body + 36, bytes + 12, 48);
	assert_int_equal(u32(f.block[3].body + 12), 8);
	free(f.data);
}

/* Sizes around every boundary of padding, an empty record, a snaplen. */
static void test_sizes(void **state)
{
	struct tqueue_record rec = packet(TQUEUE_LINKTYPE_ETHERNET, 14, 0);
	struct pcapng p;
	struct file f;
	uint32_t len;

	for (len = 0; len < 20; len++) {
		begin(&p, &f, PCAPNG_LINK_AUTO);
		rec.caplen = len;
		rec.origlen = len;
		assert_int_equal(pcapng_record(&p, &rec, bytes, "x"), 0);
		end(&p, &f);
		assert_int_equal(u32(f.block[2].body + 12), len);
		assert_memory_equal(f.block[2].body + 20, bytes, len);
		free(f.data);
	}
	memset(&p, 0, sizeof(p));
	memset(&f, 0, sizeof(f));
	p.f = open_memstream(&f.data, &f.size);
	p.name = "ids";
	p.app = "";
	p.snaplen = 100;
	rec.caplen = 1000;
	rec.origlen = 1000;
	assert_int_equal(pcapng_begin(&p), 0);
	assert_int_equal(pcapng_record(&p, &rec, bytes, NULL), 0);
	end(&p, &f);
	assert_int_equal(u32(f.block[1].body + 4), 100);
	assert_int_equal(u32(f.block[2].body + 12), 100);
	assert_int_equal(u32(f.block[2].body + 16), 1000);
	free(f.data);
}

static void test_messages_and_empty(void **state)
{
	struct tqueue_record rec = packet(TQUEUE_LINKTYPE_NONE, 0, 5);
	struct pcapng p;
	struct file f;

	rec.type = TQUEUE_RECORD_MESSAGE;
	rec.hook = 0;
	rec.verdict = 0;
	begin(&p, &f, PCAPNG_LINK_ETHERNET);
	assert_int_equal(pcapng_record(&p, &rec, "hello", NULL), 0);
	end(&p, &f);
	assert_int_equal(f.n, 4);
	assert_int_equal(u16(f.block[1].body), 147);
	assert_memory_equal(f.block[2].body + 20, "hello", 5);
	free(f.data);

	/* Readers refuse a file without an interface. */
	begin(&p, &f, PCAPNG_LINK_AUTO);
	end(&p, &f);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.block[1].type, IDB);
	free(f.data);
}

static void test_no_space(void **state)
{
	struct tqueue_record rec = packet(TQUEUE_LINKTYPE_ETHERNET, 14, 1000);
	struct pcapng p = { .name = "ids", .app = "x" };
	int ret = 0, i;

	p.f = fopen("/dev/full", "w");
	assert_non_null(p.f);
	ret |= pcapng_begin(&p);
	for (i = 0; i < 100 && !ret; i++)
		ret |= pcapng_record(&p, &rec, bytes, NULL);
	assert_int_equal(ret, -1);
	fclose(p.f);
	pcapng_free(&p);
}

static int setup(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 + 1;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ethernet),
		cmocka_unit_test(test_two_interfaces),
		cmocka_unit_test(test_link_choice),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_messages_and_empty),
		cmocka_unit_test(test_no_space),
	};

	return cmocka_run_group_tests_name("pcapng", tests, setup, NULL);
}
