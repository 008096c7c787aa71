// SPDX-License-Identifier: GPL-2.0-only
/* "metrics": counters for Prometheus, once to standard output or into a file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "metrics.h"
#include "msg.h"
#include "tqctl.h"

/**
 * struct gather - one run
 * @m: what is gathered
 * @table: whose rules are coming
 * @error: an errno, or -1: a reply could not be understood
 */
struct gather {
	struct metrics	m;
	const char	*table;
	int		error;
};

static void *grow(struct gather *g, void *v, size_t *n, size_t size)
{
	void **array = v;
	char *more;

	/* Doubled: there may be a million rules. */
	if (!(*n & (*n - 1))) {
		more = realloc(*array, (*n ? 2 * *n : 1) * size);
		if (!more) {
			g->error = ENOMEM;
			return NULL;
		}
		*array = more;
	}
	return memset((char *)*array + size * (*n)++, 0, size);
}

static void got_version(const struct tnl_reply *reply, void *arg)
{
	struct gather *g = arg;
	struct tq_version v;

	if (msg_version_get(reply, &v))
		g->error = -1;
	else
		memcpy(g->m.version, v.module, sizeof(g->m.version));
}

static void got_queue(const struct tnl_reply *reply, void *arg)
{
	struct gather *g = arg;
	struct tq_queue *q = grow(g, &g->m.queues, &g->m.queue_n, sizeof(*q));

	if (q && msg_queue_get(reply, q))
		g->error = -1;
}

static void got_table(const struct tnl_reply *reply, void *arg)
{
	struct gather *g = arg;
	struct tq_table *t = grow(g, &g->m.tables, &g->m.table_n, sizeof(*t));

	if (t && msg_table_get(reply, t))
		g->error = -1;
}

static void got_hook(const struct tnl_reply *reply, void *arg)
{
	struct gather *g = arg;
	struct tq_hook *h = grow(g, &g->m.hooks, &g->m.hook_n, sizeof(*h));

	if (h && msg_hook_get(reply, h))
		g->error = -1;
}

static void got_rules(const struct tnl_reply *reply, void *arg)
{
	const struct nlattr *at = NULL;
	struct gather *g = arg;
	struct metrics_rule *more;
	struct tq_rule rule;
	int ret = 0;

	while (!g->error && (ret = msg_rules_next(reply, &at, &rule)) == 1) {
		more = grow(g, &g->m.rules, &g->m.rule_n, sizeof(*more));
		if (more)
			*more = (struct metrics_rule){ g->table, rule };
	}
	if (ret < 0)
		g->error = -1;
}

static int request(struct tqctl *t, struct gather *g, struct nl_msg *msg, tnl_reply_fn *fn)
{
	int code = tqctl_request(t, msg, fn, g);

	if (!code && g->error)
		code = g->error < 0 ? tqctl_garbled(t) : tqctl_errno(t, g->error, "metrics");
	return code;
}

static int ask(struct tqctl *t, struct gather *g, uint8_t cmd, tnl_reply_fn *fn)
{
	struct tq_queue q = {
		.has = TQ_BIT(TQUEUE_A_QUEUE_QUERY), .query = TQUEUE_QUERY_STATS,
	};
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, cmd, cmd == TQUEUE_CMD_VERSION_GET ? 0 : NLM_F_DUMP, &code);
	if (!msg)
		return code;
	if (cmd == TQUEUE_CMD_QUEUE_GET)
		msg_queue_put(msg, &q);
	return request(t, g, msg, fn);
}

static int ask_rules(struct tqctl *t, struct gather *g, const char *table)
{
	struct tq_rules frame = {
		.has = TQ_BIT(TQUEUE_A_RULES_TABLE) | TQ_BIT(TQUEUE_A_RULES_QUERY),
		.query = TQUEUE_QUERY_TERSE,
	};
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, TQUEUE_CMD_RULE_GET, NLM_F_DUMP, &code);
	if (!msg)
		return code;
	snprintf(frame.table, sizeof(frame.table), "%s", table);
	msg_rules_put(msg, &frame);
	g->table = table;
	return request(t, g, msg, got_rules);
}

static int gather(struct tqctl *t, struct gather *g, bool rules)
{
	size_t i;
	int code;

	code = ask(t, g, TQUEUE_CMD_VERSION_GET, got_version);
	if (!code)
		code = ask(t, g, TQUEUE_CMD_QUEUE_GET, got_queue);
	if (!code)
		code = ask(t, g, TQUEUE_CMD_TABLE_GET, got_table);
	if (!code)
		code = ask(t, g, TQUEUE_CMD_HOOK_GET, got_hook);
	for (i = 0; !code && rules && i < g->m.table_n; i++)
		code = ask_rules(t, g, g->m.tables[i].name);
	return code;
}

/* Who reads the file sees the old one whole or the new one whole. */
static int write_file(struct tqctl *t, const struct metrics *m, const char *path)
{
	char *name;
	int code = TQCTL_OK, fd;
	FILE *f;

	name = malloc(strlen(path) + sizeof(".XXXXXX"));
	if (!name)
		return tqctl_errno(t, ENOMEM, path);
	sprintf(name, "%s.XXXXXX", path);
	fd = mkstemp(name);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f) {
		code = tqctl_errno(t, errno, name);
		if (fd >= 0) {
			close(fd);
			unlink(name);
		}
		free(name);
		return code;
	}
	/* node_exporter is somebody else. */
	fchmod(fd, 0644);
	metrics_print(f, m);
	if (fflush(f) || ferror(f))
		code = tqctl_errno(t, errno, name);
	if (fclose(f) && !code)
		code = tqctl_errno(t, errno, name);
	if (!code && rename(name, path))
		code = tqctl_errno(t, errno, path);
	if (code)
		unlink(name);
	free(name);
	return code;
}

static const struct parse_key keys[] = {
	{ "-w", "FILE", "into a file, which is replaced as a whole; - is standard output" },
	{ "--rules", "", "the counters of each rule, too" },
	{ NULL, NULL, NULL }
};

const struct parse_key *cmd_metrics_keys(unsigned int i)
{
	return &keys[i];
}

int cmd_metrics(struct tqctl *t, struct parse *p)
{
	const char *path = "-";
	struct gather g = { 0 };
	bool rules = false;
	uint32_t seen = 0;
	int code;

	while (parse_peek(p)) {
		if (parse_once(p, keys, &seen))
			return tqctl_usage(t, p);
		if (parse_take(p, "-w")) {
			if (parse_need(p, &path, "a file, or - for standard output,"))
				return tqctl_usage(t, p);
		} else if (parse_take(p, "--rules")) {
			rules = true;
		} else {
			parse_next(p);
			parse_bad(p, "neither -w FILE nor --rules");
			return tqctl_usage(t, p);
		}
	}
	code = gather(t, &g, rules);
	if (!code && !strcmp(path, "-"))
		metrics_print(t->out.file, &g.m);
	else if (!code)
		code = write_file(t, &g.m, path);
	metrics_free(&g.m);
	return code;
}
