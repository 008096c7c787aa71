// SPDX-License-Identifier: GPL-2.0-only
/*
 * libxt_TQUEUE - "-j TQUEUE": copy the packet to a queue, or let it go through
 * a tqueue table.  See libxt_tqueue.c for the families, the option's name and
 * the form of the parser.
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <xtables.h>
#include <linux/netfilter/xt_tqueue.h>

/* Bits, so that they serve as the flags of what was given, too. */
enum {
	O_QUEUE		= 1 << 0,
	O_TABLE		= 1 << 1,
	O_SNAPLEN	= 1 << 2,
	O_SAMPLE	= 1 << 3,
	O_STEAL		= 1 << 4,
	O_STEAL_ELSE	= 1 << 5,
};

static const struct option options[] = {
	{ .name = "queue", .has_arg = required_argument, .val = O_QUEUE },
	{ .name = "rule-table", .has_arg = required_argument, .val = O_TABLE },
	{ .name = "snaplen", .has_arg = required_argument, .val = O_SNAPLEN },
	{ .name = "sample", .has_arg = required_argument, .val = O_SAMPLE },
	{ .name = "steal", .has_arg = no_argument, .val = O_STEAL },
	{ .name = "steal-else", .has_arg = required_argument, .val = O_STEAL_ELSE },
	XT_GETOPT_TABLEEND,
};

static void help(void)
{
	puts("TQUEUE target options:\n"
	     "  --queue NAME\t\t\tcopy the packet to this tqueue queue\n"
	     "  --snaplen N\t\t\tonly its first N bytes\n"
	     "  --sample N\t\t\tonly each Nth packet\n"
	     "  --steal\t\t\tthe packet ends in the queue\n"
	     "  --steal-else pass|drop\twhat happens to a packet that can't be queued\n"
	     "or\n"
	     "  --rule-table NAME\t\twhat the rules of this tqueue table say");
}

static void parse_name(struct xt_tqueue_tginfo *info, const char *option)
{
	size_t len = strlen(optarg);

	if (!len || len >= sizeof(info->name))
		xtables_error(PARAMETER_PROBLEM,
			      "TQUEUE: --%s \"%s\": a name has 1 to %zu characters", option,
			      optarg, sizeof(info->name) - 1);
	memcpy(info->name, optarg, len);
}

static unsigned int parse_number(const char *option)
{
	unsigned int v;

	if (!xtables_strtoui(optarg, NULL, &v, 1, UINT32_MAX))
		xtables_error(PARAMETER_PROBLEM, "TQUEUE: --%s \"%s\": not a number from 1 on",
			      option, optarg);
	return v;
}

static void parse_else(struct xt_tqueue_tginfo *info)
{
	if (!strcmp(optarg, "drop"))
		info->flags |= XT_TQUEUE_TARGET_ELSE_DROP;
	else if (strcmp(optarg, "pass"))
		xtables_error(PARAMETER_PROBLEM,
			      "TQUEUE: --steal-else \"%s\": neither pass nor drop", optarg);
}

static const char *option_name(int c)
{
	const struct option *o;

	for (o = options; o->name; o++)
		if (o->val == c)
			return o->name;
	return NULL;
}

static int parse(int c, char **argv, int invert, unsigned int *flags, const void *entry,
		 struct xt_entry_target **target)
{
	struct xt_tqueue_tginfo *info = (void *)(*target)->data;
	const char *name = option_name(c);

	(void)argv;
	(void)entry;
	if (!name)
		return 0;
	if (invert)
		xtables_error(PARAMETER_PROBLEM, "TQUEUE: no \"!\" before --%s", name);
	if (*flags & c)
		xtables_error(PARAMETER_PROBLEM, "TQUEUE: --%s is given twice", name);
	*flags |= c;
	switch (c) {
	case O_QUEUE:
		parse_name(info, name);
		break;
	case O_TABLE:
		parse_name(info, name);
		info->flags |= XT_TQUEUE_TARGET_TABLE;
		break;
	case O_SNAPLEN:
		info->snaplen = parse_number(name);
		info->flags |= XT_TQUEUE_TARGET_SNAPLEN;
		break;
	case O_SAMPLE:
		info->sample = parse_number(name);
		info->flags |= XT_TQUEUE_TARGET_SAMPLE;
		break;
	case O_STEAL:
		info->flags |= XT_TQUEUE_TARGET_STEAL;
		break;
	case O_STEAL_ELSE:
		parse_else(info);
		break;
	}
	return 1;
}

static void check(unsigned int flags)
{
	if (!(flags & (O_QUEUE | O_TABLE)))
		xtables_error(PARAMETER_PROBLEM,
			      "TQUEUE: one of --queue NAME and --rule-table NAME is needed");
	if (flags & O_TABLE && flags != O_TABLE)
		xtables_error(PARAMETER_PROBLEM,
			      "TQUEUE: --rule-table goes with no other option");
	if (flags & O_STEAL_ELSE && !(flags & O_STEAL))
		xtables_error(PARAMETER_PROBLEM, "TQUEUE: --steal-else needs --steal");
}

/* @dash: "--" to make the rule again, "" for people */
static void show(const struct xt_entry_target *target, const char *dash)
{
	const struct xt_tqueue_tginfo *info = (const void *)target->data;

	printf(" %s%s %.*s", dash, info->flags & XT_TQUEUE_TARGET_TABLE ? "rule-table" : "queue",
	       TQUEUE_NAME_SIZE, info->name);
	if (info->flags & XT_TQUEUE_TARGET_SNAPLEN)
		printf(" %ssnaplen %u", dash, info->snaplen);
	if (info->flags & XT_TQUEUE_TARGET_SAMPLE)
		printf(" %ssample %u", dash, info->sample);
	if (info->flags & XT_TQUEUE_TARGET_STEAL)
		printf(" %ssteal", dash);
	if (info->flags & XT_TQUEUE_TARGET_ELSE_DROP)
		printf(" %ssteal-else drop", dash);
}

static void print(const void *ip, const struct xt_entry_target *target, int numeric)
{
	(void)ip;
	(void)numeric;
	fputs(" TQUEUE", stdout);
	show(target, "");
}

static void save(const void *ip, const struct xt_entry_target *target)
{
	(void)ip;
	show(target, "--");
}

#define ENTRY(nfproto) {						\
	.version	= XTABLES_VERSION,				\
	.name		= "TQUEUE",					\
	.revision	= 0,						\
	.family		= nfproto,					\
	.size		= XT_ALIGN(sizeof(struct xt_tqueue_tginfo)),	\
	.userspacesize	= offsetof(struct xt_tqueue_tginfo, priv),	\
	.help		= help,						\
	.print		= print,					\
	.save		= save,						\
	.parse		= parse,					\
	.final_check	= check,					\
	.extra_opts	= options,					\
}

static struct xtables_target targets[] = {
	ENTRY(NFPROTO_IPV4),
	ENTRY(NFPROTO_IPV6),
};

static __attribute__((constructor)) void init(void)
{
	xtables_register_targets(targets, 2);
}
