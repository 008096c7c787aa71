// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tqueue.h>
#include "nltable.h"

static const char *const kinds[] = {
	NULL, "u32", "u64", "s32", "string", "binary", "flag", "nest", "pad",
};

struct set sets[SETS];
struct form forms[ALL_FORMS];
int n_forms;
static int n_sets, n_ask;

static const struct { const char *set, *name; enum pool pool; } pools[] = {
	{ "queue", "id", POOL_QUEUE }, { "queue", "name", POOL_QUEUE_NAME },
	{ "copy", "queue", POOL_QUEUE_NAME }, { "filter", "queue", POOL_QUEUE_NAME },
	{ "rule", "steal-queue", POOL_QUEUE_NAME }, { "rule", "handle", POOL_HANDLE },
	{ "table", "id", POOL_TABLE }, { "table", "name", POOL_TABLE_NAME },
	{ "table", "txn", POOL_TXN }, { "rules", "txn", POOL_TXN }, { "txn", "id", POOL_TXN },
	{ "rules", "table", POOL_TABLE_NAME }, { "rules", "table-id", POOL_TABLE },
	{ "hook", "id", POOL_HOOK }, { "hook", "table", POOL_TABLE_NAME },
	{ "hook", "table-id", POOL_TABLE }, { "hook", "device", POOL_DEVICE },
	{ "rule", "iif", POOL_DEVICE }, { "rule", "oif", POOL_DEVICE },
	{ "packet", "iif", POOL_DEVICE }, { "packet", "oif", POOL_DEVICE },
	{ "holder", "handle", POOL_HANDLE }, { "holder", "hook", POOL_HOOK },
};

static int set_named(const char *name)
{
	int i;

	for (i = 0; i < n_sets; i++)
		if (!strcmp(sets[i].name, name))
			return i;
	die("no set %s", name);
}

static void copy_name(char *to, size_t room, const char *name)
{
	if (strlen(name) >= room)
		die("a name is too long: %s", name);
	strcpy(to, name);
}

static struct value read_value(const char *word)
{
	struct value v = { .given = 1 };
	unsigned int byte;

	if (*word == 'x')
		for (word++; sscanf(word, "%2x", &byte) == 1 && v.n_bytes < 16; word += 2)
			v.bytes[v.n_bytes++] = (u8)byte;
	else
		v.number = (u64)strtoll(word, NULL, 0);
	return v;
}

/* "N,N..." as a mask; "N.M" goes into @in as M. */
static u64 read_mask(char *word, u64 *in)
{
	u64 mask = 0;

	if (*word == '-')
		return 0;
	while (*word) {
		const u64 n = strtoull(word, &word, 10);

		if (n >= ATTRS)
			die("attribute %u is too large a number", (unsigned int)n);
		if (*word == '.' && !in)
			die("%s: there is no nest to look into here", word);
		if (*word == '.')
			*in |= BIT(strtoull(word + 1, &word, 10) & 63);
		else
			mask |= BIT(n);
		word += *word == ',';
	}
	return mask;
}

static void read_attr(struct set *s, char *save)
{
	const u64 type = number(strtok_r(NULL, " \n", &save));
	struct attr *a = &s->a[type];
	char *key, *word;
	size_t i;

	if (type >= ATTRS)
		die("too many attributes: %s", s->name);
	copy_name(a->name, sizeof(a->name), strtok_r(NULL, " \n", &save));
	word = strtok_r(NULL, " \n", &save);
	for (i = 1; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(word, kinds[i]))
			a->kind = (enum kind)i;
	if (!a->kind)
		die("no type: %s", word);
	a->max = a->kind == U32 ? UINT32_MAX : a->kind == S32 ? INT32_MAX : INT64_MAX;
	a->min = a->kind == S32 ? INT32_MIN : 0;
	a->len = 4096;
	if (type > s->max)
		s->max = (u16)type;
	while ((key = strtok_r(NULL, " \n", &save)) && (word = strtok_r(NULL, " \n", &save))) {
		if (!strcmp(key, "min"))
			a->min = strtoll(word, NULL, 0);
		else if (!strcmp(key, "max"))
			a->max = strtoll(word, NULL, 0);
		else if (!strcmp(key, "len"))
			a->len = number(word);
		else if (!strcmp(key, "nest"))
			copy_name(a->nest_name, sizeof(a->nest_name), word);
		else if (!strcmp(key, "must"))
			a->must = read_mask(word, NULL);
		else if (!strcmp(key, "multi"))
			a->multi = 1;
		else if (!strcmp(key, "mask"))
			a->mask = number(word);
		else if (!strcmp(key, "values"))
			for (; *word && a->n_values < VALUES; word += *word == ',')
				a->values[a->n_values++] = strtoull(word, &word, 10);
		else if (!strcmp(key, "good"))
			a->good = read_value(word);
		else
			die("no key of an attribute: %s", key);
	}
	for (i = 0; i < ARRAY_SIZE(pools); i++)
		if (!strcmp(pools[i].set, s->name) && !strcmp(pools[i].name, a->name))
			a->pool = pools[i].pool;
}

static void read_form(char *save)
{
	struct form *f = &forms[++n_forms];
	const char *mode;

	if (n_forms == ALL_FORMS - 1)
		die("too many operations");
	copy_name(f->name, sizeof(f->name), strtok_r(NULL, " \n", &save));
	f->cmd = (u8)number(strtok_r(NULL, " \n", &save));
	mode = strtok_r(NULL, " \n", &save);
	f->mode = !strcmp(mode, "do") ? DO : !strcmp(mode, "dump") ? DUMP : EVENT;
	f->set = set_named(strtok_r(NULL, " \n", &save));
	f->request = read_mask(strtok_r(NULL, " \n", &save), NULL);
	f->reply = read_mask(strtok_r(NULL, " \n", &save), NULL);
	/* Events come last. */
	if (f->mode != EVENT)
		n_ask = n_forms;
}

void read_table(const char *path)
{
	FILE *file = fopen(path, "r");
	struct attr *last = NULL;
	char line[512], *save, *word;
	int i, k;

	if (!file)
		die_errno("%s", path);
	while (fgets(line, sizeof(line), file)) {
		struct set *s = &sets[n_sets - (n_sets > 0)];
		struct form *f = &forms[n_forms];

		word = strtok_r(line, " \n", &save);
		if (!word)
			continue;
		if (!strcmp(word, "set")) {
			if (n_sets == SETS)
				die("too many sets");
			copy_name(sets[n_sets].name, sizeof(s->name), strtok_r(NULL, " \n", &save));
			n_sets++;
		} else if (!strcmp(word, "attr")) {
			read_attr(s, save);
			last = &s->a[s->max];
		} else if (!strcmp(word, "with") && last && last->n_with < COMPANY) {
			last->with[last->n_with].type = (u16)number(strtok_r(NULL, " \n", &save));
			word = strtok_r(NULL, " \n", &save);
			if (word)
				last->with[last->n_with].value = read_value(word);
			last->n_with++;
		} else if (!strcmp(word, "form")) {
			read_form(save);
		} else if (!strcmp(word, "way") && f->n_ways < 2) {
			f->way[f->n_ways] = read_mask(strtok_r(NULL, " \n", &save),
						      &f->way_in[f->n_ways]);
			f->n_ways++;
		} else if (!strcmp(word, "only")) {
			strtok_r(NULL, " \n", &save);
			f->only = read_mask(strtok_r(NULL, " \n", &save), NULL);
		} else {
			die("no line of a table: %s", word);
		}
	}
	fclose(file);
	for (i = 0; i < n_sets; i++)
		for (k = 0; k <= sets[i].max; k++)
			if (sets[i].a[k].kind == NEST)
				sets[i].a[k].nest = set_named(sets[i].a[k].nest_name);
}

u32 n_requests(void)
{
	return (u32)n_ask;
}

int find_form(u8 cmd, int dump)
{
	int i;

	for (i = 1; i <= n_ask; i++)
		if (forms[i].cmd == cmd && forms[i].mode == (dump ? DUMP : DO))
			return i;
	return 0;
}

int form_named(const char *name)
{
	const size_t n = strcspn(name, "+");
	int i;

	for (i = 1; i <= n_ask; i++)
		if (!strncmp(forms[i].name, name, n) && !forms[i].name[n])
			return i;
	die("no operation %s", name);
}

u8 form_cmd(int form, int *dump)
{
	*dump = forms[form].mode == DUMP;
	return forms[form].cmd;
}

const char *form_title(int form)
{
	static char title[48];

	snprintf(title, sizeof(title), "%s%s", forms[form].name,
		 forms[form].mode == DUMP ? "-dump" : "");
	return title;
}

/* ---- replies ---- */

static void learn(struct reply *r, const struct attr *a, u64 value)
{
	if (a->pool)
		r->space->seen[a->pool][r->space->count[a->pool]++ % POOL_SIZE] = value;
}

static const char *check_set(int set, u64 may, const u8 *at, const u8 *end, struct reply *r);

static const char *check_attr(const struct set *s, u16 type, const u8 *value, size_t len,
			      struct reply *r)
{
	const struct attr *a = &s->a[type];
	u64 v = 0;
	int i;

	switch (a->kind) {
	case U32:
	case S32:
	case U64:
		if (len != (a->kind == U64 ? 8 : 4))
			return "a number of another length";
		memcpy(&v, value, len);
		if (a->kind == S32)
			v = (u64)(int64_t)(int32_t)v;
		if (a->max != INT64_MAX && ((int64_t)v < a->min || (int64_t)v > a->max))
			return "a number out of range";
		if (a->mask && v & ~a->mask)
			return "unknown bits";
		for (i = 0; i < a->n_values && a->values[i] != v; i++)
			;
		if (a->n_values && i == a->n_values)
			return "no value of the enum";
		learn(r, a, v);
		if (!strcmp(s->name, "queue") && !strcmp(a->name, "fd"))
			r->fd = (int)v;
		return NULL;
	case STRING:
		if (!len || strnlen((const char *)value, len) != len - 1 || len - 1 > a->len)
			return "no string";
		/* Those that put_string() makes. */
		if ((a->pool == POOL_QUEUE_NAME || a->pool == POOL_TABLE_NAME) && len == 3)
			learn(r, a, value[1] - '0');
		return NULL;
	case BINARY:
		return len == 4 || len == 16 ? NULL : "an address of another length";
	case FLAG:
	case PAD:
		return len ? "a flag with a value" : NULL;
	case NEST:
		return check_set(a->nest, ~0ull, value, value + len, r);
	default:
		return "an unknown attribute";
	}
}

static const char *check_set(int set, u64 may, const u8 *at, const u8 *end, struct reply *r)
{
	const struct set *s = &sets[set];
	u64 there = 0;

	while (at < end) {
		const char *why;
		struct nlattr h;
		u16 type;

		if (end - at < (ptrdiff_t)sizeof(h))
			return "bytes behind the attributes";
		memcpy(&h, at, sizeof(h));
		type = h.nla_type & NLA_TYPE_MASK;
		r->type = type;
		if (h.nla_len < sizeof(h) || h.nla_len > end - at)
			return "the attributes do not end where they should";
		if (type > s->max || !s->a[type].kind)
			return "an unknown attribute";
		if (!(may & BIT(type)) && s->a[type].kind != PAD)
			return "an attribute that does not belong there";
		if (there & BIT(type) && !s->a[type].multi && s->a[type].kind != PAD)
			return "an attribute is there twice";
		there |= BIT(type);
		if (!!(h.nla_type & NLA_F_NESTED) != (s->a[type].kind == NEST))
			return "a nest that is none, or none that is one";
		why = check_attr(s, type, at + sizeof(h), h.nla_len - sizeof(h), r);
		if (why)
			return why;
		at += (h.nla_len + 3) & ~3;
	}
	return NULL;
}

const char *check_reply(u8 cmd, const u8 *at, const u8 *end, struct reply *r)
{
	const char *why;
	u64 may = 0;
	int i, set = -1;

	for (i = 1; i <= n_forms; i++)
		if (forms[i].cmd == cmd) {
			may |= forms[i].reply;
			set = forms[i].set;
		}
	if (!may)
		return "a reply to what has none";
	if (at == end)
		return "a reply without attributes";
	why = check_set(set, may, at, end, r);
	if (!why && cmd == TQUEUE_CMD_TXN_BEGIN) {
		r->favour->open = 1;
		r->favour->txn =
			r->space->seen[POOL_TXN][(r->space->count[POOL_TXN] - 1) % POOL_SIZE];
	}
	return why;
}
