// SPDX-License-Identifier: GPL-2.0-only
/*
 * ref RULES HEADERS ANSWERS BUDGET
 *
 * The reference that the kernel's answers are compared with: for each header the
 * number of the first rule that matches, from 1, or 0.  It looks at every rule in
 * turn and knows nothing of any index; it shares no code with the module.  After
 * about BUDGET comparisons it stops: then ANSWERS is shorter than HEADERS.
 *
 * RULES is an array of struct rule, in the order in which they are to be looked
 * at, HEADERS one of struct header, ANSWERS one of uint32_t.
 *
 * A rule that asks for ports matches only packets that carry ports: those of TCP,
 * UDP, UDP-Lite, SCTP and DCCP.
 */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Addresses are four words in host order, that of IPv4 the first of them. */
struct rule {
	uint32_t	src[4], src_mask[4];
	uint32_t	dst[4], dst_mask[4];
	uint16_t	sport[2], dport[2];
	uint8_t		proto, proto_mask, ports, pad;
};

struct header {
	uint32_t	src[4], dst[4];
	uint16_t	sport, dport;
	uint8_t		proto, pad[3];
};

static void *load(const char *path, size_t size, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *all = NULL;
	size_t len = 0, got;

	if (!f)
		err(2, "%s", path);
	do {
		all = realloc(all, len + (1 << 20));
		if (!all)
			err(2, "%s", path);
		got = fread(all + len, 1, 1 << 20, f);
		len += got;
	} while (got);
	fclose(f);
	if (len % size)
		errx(2, "%s: not a multiple of %zu bytes", path, size);
	*n = len / size;
	return all;
}

static bool has_ports(uint8_t proto)
{
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136;
}

static bool inside(const uint32_t *addr, const uint32_t *net, const uint32_t *mask)
{
	int i;

	for (i = 0; i < 4; i++)
		if ((addr[i] & mask[i]) != net[i])
			return false;
	return true;
}

static bool matches(const struct rule *r, const struct header *h, bool ports)
{
	if (!inside(h->src, r->src, r->src_mask) || !inside(h->dst, r->dst, r->dst_mask))
		return false;
	if ((h->proto & r->proto_mask) != r->proto)
		return false;
	if (!r->ports)
		return true;
	return ports && h->sport >= r->sport[0] && h->sport <= r->sport[1] &&
	       h->dport >= r->dport[0] && h->dport <= r->dport[1];
}

/* Comparisons are what takes the time, so @spent counts them. */
static uint32_t first(const struct rule *rules, size_t n, const struct header *h, double *spent)
{
	const bool ports = has_ports(h->proto);
	size_t i;

	for (i = 0; i < n && !matches(&rules[i], h, ports); i++)
		;
	*spent += i;
	return i < n ? i + 1 : 0;
}

/* The same for rules that look at nothing but the first word of the source:
 * lists of a million prefixes.  All of @net and @mask fit the cache line by line,
 * and 16 comparisons cost as much as one.
 */
static uint32_t first_src(const uint32_t *net, const uint32_t *mask, size_t n, uint32_t addr,
			  double *spent)
{
	size_t i, k;

	for (i = 0; i < n; i += 64) {
		const size_t end = n - i < 64 ? n : i + 64;
		uint32_t any = 0;

		for (k = i; k < end; k++)
			any |= (addr & mask[k]) == net[k];
		if (any)
			break;
	}
	*spent += i / 16.0;
	for (; i < n; i++)
		if ((addr & mask[i]) == net[i])
			return i + 1;
	return 0;
}

static bool src_only(const struct rule *r)
{
	static const uint32_t none[4];

	return !memcmp(r->dst_mask, none, sizeof(none)) && !r->proto_mask && !r->ports &&
	       !r->src_mask[1];
}

int main(int argc, char **argv)
{
	uint32_t *net = NULL, *mask = NULL, answer;
	const struct header *headers;
	const struct rule *rules;
	double spent = 0, budget;
	size_t n, count, i;
	FILE *out;

	if (argc != 5)
		errx(2, "usage: ref RULES HEADERS ANSWERS BUDGET");
	rules = load(argv[1], sizeof(*rules), &n);
	headers = load(argv[2], sizeof(*headers), &count);
	budget = atof(argv[4]);
	out = fopen(argv[3], "wb");
	if (!out)
		err(2, "%s", argv[3]);
	for (i = 0; i < n && src_only(&rules[i]); i++)
		;
	if (n && i == n) {
		net = malloc(n * sizeof(*net));
		mask = malloc(n * sizeof(*mask));
		if (!net || !mask)
			err(2, "ref");
		for (i = 0; i < n; i++) {
			net[i] = rules[i].src[0];
			mask[i] = rules[i].src_mask[0];
		}
	}
	for (i = 0; i < count && spent < budget; i++) {
		if (net)
			answer = first_src(net, mask, n, headers[i].src[0], &spent);
		else
			answer = first(rules, n, &headers[i], &spent);
		if (fwrite(&answer, sizeof(answer), 1, out) != 1)
			err(2, "%s", argv[3]);
	}
	if (fclose(out))
		err(2, "%s", argv[3]);
	return 0;
}
