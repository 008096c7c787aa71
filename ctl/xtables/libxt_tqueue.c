// SPDX-License-Identifier: GPL-2.0-only
/*
 * libxt_tqueue - "-m tqueue": does a rule of a tqueue table hit this packet?
 *
 * IPv4 and IPv6 are registered one by one: an entry for all families would be
 * found by arptables and ebtables too.
 *
 * The option can't be called "--table": iptables' own option of that name comes
 * first, and iptables-restore refuses it in every line of a rule.
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <xtables.h>
#include <linux/netfilter/xt_tqueue.h>

/* Not struct xt_option_entry: it grew between iptables 1.8.7 and 1.8.11, with
 * the same soname, and a plugin built for one breaks in the other.
 */
enum {
	O_TABLE = 1,
};

static const struct option options[] = {
	{ .name = "rule-table", .has_arg = required_argument, .val = O_TABLE },
	XT_GETOPT_TABLEEND,
};

static void help(void)
{
	puts("tqueue match options:\n"
	     "[!] --rule-table NAME\tthe packet is (not) hit by a rule of this tqueue table\n"
	     "\t\t\twhose verdict is anything but pass");
}

static int parse(int c, char **argv, int invert, unsigned int *flags, const void *entry,
		 struct xt_entry_match **match)
{
	struct xt_tqueue_mtinfo *info = (void *)(*match)->data;
	size_t len;

	(void)argv;
	(void)entry;
	if (c != O_TABLE)
		return 0;
	xtables_param_act(XTF_ONLY_ONCE, "tqueue", "--rule-table", *flags & O_TABLE);
	*flags |= O_TABLE;
	len = strlen(optarg);
	if (!len || len >= sizeof(info->table))
		xtables_error(PARAMETER_PROBLEM,
			      "tqueue: --rule-table \"%s\": a name has 1 to %zu characters",
			      optarg, sizeof(info->table) - 1);
	memcpy(info->table, optarg, len);
	if (invert)
		info->flags |= XT_TQUEUE_MATCH_INVERT;
	return 1;
}

static void check(unsigned int flags)
{
	if (!(flags & O_TABLE))
		xtables_error(PARAMETER_PROBLEM, "tqueue: --rule-table NAME is needed");
}

static void show(const struct xt_entry_match *match, const char *prefix)
{
	const struct xt_tqueue_mtinfo *info = (const void *)match->data;

	printf("%s%s%.*s", info->flags & XT_TQUEUE_MATCH_INVERT ? " !" : "", prefix,
	       TQUEUE_NAME_SIZE, info->table);
}

static void print(const void *ip, const struct xt_entry_match *match, int numeric)
{
	(void)ip;
	(void)numeric;
	show(match, " tqueue table ");
}

static void save(const void *ip, const struct xt_entry_match *match)
{
	(void)ip;
	show(match, " --rule-table ");
}

#define ENTRY(nfproto) {						\
	.version	= XTABLES_VERSION,				\
	.name		= "tqueue",					\
	.revision	= 0,						\
	.family		= nfproto,					\
	.size		= XT_ALIGN(sizeof(struct xt_tqueue_mtinfo)),	\
	.userspacesize	= offsetof(struct xt_tqueue_mtinfo, priv),	\
	.help		= help,						\
	.print		= print,					\
	.save		= save,						\
	.parse		= parse,					\
	.final_check	= check,					\
	.extra_opts	= options,					\
}

static struct xtables_match matches[] = {
	ENTRY(NFPROTO_IPV4),
	ENTRY(NFPROTO_IPV6),
};

static __attribute__((constructor)) void init(void)
{
	xtables_register_matches(matches, 2);
}
