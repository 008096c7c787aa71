// SPDX-License-Identifier: GPL-2.0-only
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <netlink/msg.h>

#include "msg.h"
#include "names.h"
#include "tqctl.h"

static const char *find(const struct name_entry *v, size_t n, uint32_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i].id == id)
			return v[i].name;
	return NULL;
}

static struct name_entry *append(struct name_entry **v, size_t *n, uint32_t id)
{
	struct name_entry *p = realloc(*v, (*n + 1) * sizeof(*p));

	if (!p)
		return NULL;
	*v = p;
	p += (*n)++;
	p->id = id;
	snprintf(p->name, sizeof(p->name), "#%u", id);
	return p;
}

static void keep(const struct tnl_reply *reply, void *arg)
{
	struct name_entry *entry = arg;
	struct tq_table table;

	if (msg_table_get(reply, &table))
		return;
	if (table.name[0])
		memcpy(entry->name, table.name, sizeof(entry->name));
	tq_table_free(&table);
}

static void ask_table(struct tqctl *t, struct name_entry *entry)
{
	struct tq_table table = {
		.has = TQ_BIT(TQUEUE_A_TABLE_ID) | TQ_BIT(TQUEUE_A_TABLE_QUERY),
		.id = entry->id,
		.query = TQUEUE_QUERY_TERSE,
	};
	struct tnl_error err;
	struct nl_msg *msg;

	msg = tnl_message(t->nl, TQUEUE_CMD_TABLE_GET, 0, 256);
	if (!msg)
		return;
	/* The table may be gone; then its number stays. */
	if (!msg_table_put(msg, &table))
		tnl_request(t->nl, msg, keep, entry, &err);
	nlmsg_free(msg);
}

const char *names_table(struct names *n, struct tqctl *t, uint32_t id)
{
	struct name_entry *entry;
	const char *name;

	if (!id)
		return "-";
	name = find(n->table, n->table_n, id);
	if (name)
		return name;
	entry = append(&n->table, &n->table_n, id);
	if (!entry)
		return "?";
	ask_table(t, entry);
	return entry->name;
}

const char *names_iface(struct names *n, uint32_t index)
{
	struct name_entry *entry;
	char buf[IF_NAMESIZE];
	const char *name;

	if (!index)
		return "-";
	name = find(n->iface, n->iface_n, index);
	if (name)
		return name;
	entry = append(&n->iface, &n->iface_n, index);
	if (!entry)
		return "?";
	if (if_indextoname(index, buf))
		snprintf(entry->name, sizeof(entry->name), "%s", buf);
	return entry->name;
}

void names_free(struct names *n)
{
	free(n->table);
	free(n->iface);
	memset(n, 0, sizeof(*n));
}
