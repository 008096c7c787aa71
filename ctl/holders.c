// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <json-c/json.h>

#include "holders.h"
#include "msg.h"
#include "print.h"
#include "tqctl.h"
#include "users.h"

/**
 * struct finding - one run
 * @space: where we are
 * @users: of all queues of the machine
 */
struct finding {
	struct tqctl		*t;
	struct holders		*h;
	const struct netns	*space;
	struct users		users;
	bool			show;
};

static json_object *begin_json(const struct finding *f, const char *type)
{
	json_object *obj = json_object_new_object();

	json_object_object_add(obj, "type", json_object_new_string(type));
	if (f->space)
		json_object_object_add(obj, "namespace", json_object_new_string(f->space->name));
	return obj;
}

static void begin_text(const struct finding *f)
{
	if (f->space && f->space->name[0])
		fprintf(f->t->out.file, "namespace %s: ", f->space->name);
}

static void count_json(json_object *obj, const char *key, const char *name, uint32_t count)
{
	json_object_object_add(obj, key, json_object_new_string(name));
	json_object_object_add(obj, "count", json_object_new_int64(count));
}

/* ---- hooks ---- */

static void got_hook(const struct tnl_reply *reply, void *arg)
{
	struct finding *f = arg;
	struct tq_hook hook;
	json_object *obj;

	if (msg_hook_get(reply, &hook))
		return;
	f->h->hooks++;
	if (!f->show)
		return;
	if (f->t->out.json) {
		obj = begin_json(f, "hook");
		json_object_object_add(obj, "hook", json_hook(&hook));
		out_json(&f->t->out, obj);
		return;
	}
	begin_text(f);
	fprintf(f->t->out.file, "hook %u: ", hook.id);
	print_hook_words(f->t->out.file, &hook);
	fputc('\n', f->t->out.file);
}

/* ---- iptables ---- */

static void show_xt(struct finding *f, const struct tq_holder *h, const char *kind,
		    const char *name)
{
	const char *tool = h->family == TQUEUE_FAMILY_IPV6 ? "ip6tables" : "iptables";
	json_object *obj;

	if (f->t->out.json) {
		obj = begin_json(f, tool);
		json_object_object_add(obj, "xt_table", json_object_new_string(h->xt_table));
		count_json(obj, strcmp(kind, "queue") ? "table" : "queue", name, h->count);
		out_json(&f->t->out, obj);
		return;
	}
	begin_text(f);
	fprintf(f->t->out.file, "%s -t %s: %u rule%s with %s %s\n", tool, h->xt_table, h->count,
		h->count == 1 ? "" : "s", kind, name);
}

static void check_xt(struct finding *f, const struct tq_holders *hs, const char *kind,
		     const char *name)
{
	size_t i;

	for (i = 0; i < hs->n; i++) {
		if (hs->v[i].type != TQUEUE_HOLDER_XT)
			continue;
		f->h->others++;
		if (f->show)
			show_xt(f, &hs->v[i], kind, name);
	}
}

static void got_table(const struct tnl_reply *reply, void *arg)
{
	struct finding *f = arg;
	struct tq_table table;

	if (msg_table_get(reply, &table))
		return;
	check_xt(f, &table.holders, "rule table", table.name);
	f->h->rules += table.rules;
	if (f->show && table.rules && !f->t->out.json) {
		begin_text(f);
		fprintf(f->t->out.file, "table %s: %u rule%s, which would go with the module\n",
			table.name, table.rules, table.rules == 1 ? "" : "s");
	} else if (f->show && table.rules) {
		json_object *obj = begin_json(f, "rules");

		count_json(obj, "table", table.name, table.rules);
		out_json(&f->t->out, obj);
	}
	tq_table_free(&table);
}

/* ---- open queues ---- */

static json_object *user_json(const struct user *user)
{
	json_object *obj = json_object_new_object();

	json_object_object_add(obj, "pid", json_object_new_int64(user->pid));
	json_object_object_add(obj, "comm", json_object_new_string(user->comm));
	return obj;
}

static void show_files(struct finding *f, const struct tq_queue *q)
{
	json_object *obj = NULL, *list = NULL;
	FILE *out = f->t->out.file;
	bool any = false;
	size_t i;

	if (f->t->out.json) {
		obj = begin_json(f, "files");
		count_json(obj, "queue", q->name, q->readers);
		list = json_object_new_array();
	} else {
		begin_text(f);
		fprintf(out, "queue %s: open %u time%s, by", q->name, q->readers,
			q->readers == 1 ? "" : "s");
	}
	for (i = 0; i < f->users.n; i++) {
		const struct user *user = &f->users.v[i];

		if (user->queue != q->id)
			continue;
		if (list)
			json_object_array_add(list, user_json(user));
		else
			fprintf(out, "%s process %d (%s)", any ? "," : "", (int)user->pid, user->comm);
		any = true;
	}
	if (list) {
		json_object_object_add(obj, "processes", list);
		out_json(&f->t->out, obj);
	} else {
		fputs(any ? "\n" : " a process that we can't see\n", out);
	}
}

static void got_queue(const struct tnl_reply *reply, void *arg)
{
	struct finding *f = arg;
	struct tq_queue q;
	json_object *obj;
	size_t i;

	if (msg_queue_get(reply, &q))
		return;
	check_xt(f, &q.holders, "queue", q.name);
	if (q.readers) {
		f->h->others++;
		if (f->show)
			show_files(f, &q);
	}
	for (i = 0; i < q.holders.n; i++) {
		const struct tq_holder *h = &q.holders.v[i];

		if (h->type != TQUEUE_HOLDER_KERNEL)
			continue;
		f->h->others++;
		if (f->show && f->t->out.json) {
			obj = begin_json(f, "kernel");
			count_json(obj, "queue", q.name, h->count);
			out_json(&f->t->out, obj);
		} else if (f->show) {
			begin_text(f);
			fprintf(f->t->out.file, "queue %s: %u user%s in other kernel modules\n",
				q.name, h->count, h->count == 1 ? "" : "s");
		}
	}
	tq_queue_free(&q);
}

/* ---- transactions ---- */

static void got_txn(const struct tnl_reply *reply, void *arg)
{
	struct finding *f = arg;
	struct tq_txn txn;
	json_object *obj;

	if (msg_txn_get(reply, &txn) || txn.state != TQUEUE_TXN_UNCONFIRMED)
		return;
	f->h->unconfirmed++;
	if (f->show && f->t->out.json) {
		obj = begin_json(f, "txn");
		json_object_object_add(obj, "id", json_object_new_int64(txn.id));
		out_json(&f->t->out, obj);
	} else if (f->show) {
		begin_text(f);
		fprintf(f->t->out.file, "transaction %u is not confirmed\n", txn.id);
	}
}

/* ---- what no namespace knows ---- */

/* Queues that were deleted under their readers, and mappings without a file. */
static void check_users(struct finding *f, const struct users *known)
{
	size_t i, k;

	f->space = NULL;
	for (i = 0; i < f->users.n; i++) {
		const struct user *user = &f->users.v[i];
		json_object *obj;

		for (k = 0; k < known->n && known->v[k].queue != user->queue; k++)
			;
		if (user->queue && k < known->n)
			continue;
		f->h->others++;
		if (f->show && f->t->out.json) {
			obj = begin_json(f, "process");
			json_object_object_add(obj, "pid", json_object_new_int64(user->pid));
			json_object_object_add(obj, "comm", json_object_new_string(user->comm));
			out_json(&f->t->out, obj);
		} else if (f->show) {
			fprintf(f->t->out.file, "process %d (%s): has a queue %s\n",
				(int)user->pid, user->comm,
				user->queue ? "open that was deleted, or can't be seen" : "mapped");
		}
	}
}

static void check_modules(struct finding *f)
{
	DIR *dir = opendir("/sys/module/tqueue/holders");
	struct dirent *e;
	json_object *obj;

	f->space = NULL;
	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		f->h->others++;
		if (f->show && f->t->out.json) {
			obj = begin_json(f, "module");
			json_object_object_add(obj, "module", json_object_new_string(e->d_name));
			out_json(&f->t->out, obj);
		} else if (f->show) {
			fprintf(f->t->out.file, "kernel module %s is built on it\n", e->d_name);
		}
	}
	if (dir)
		closedir(dir);
}

/* ---- all of it ---- */

static void note_queue(const struct tnl_reply *reply, void *arg)
{
	struct users *known = arg;
	struct user *more;
	struct tq_queue q;

	if (msg_queue_get(reply, &q))
		return;
	more = realloc(known->v, (known->n + 1) * sizeof(*more));
	if (more) {
		known->v = more;
		known->v[known->n++] = (struct user){ .queue = q.id };
	}
	tq_queue_free(&q);
}

static int dump(struct finding *f, uint8_t cmd, tnl_reply_fn *fn, void *arg)
{
	const uint32_t query = TQUEUE_QUERY_HOLDERS;
	struct tq_queue q = { .has = TQ_BIT(TQUEUE_A_QUEUE_QUERY), .query = query };
	struct tq_table table = { .has = TQ_BIT(TQUEUE_A_TABLE_QUERY), .query = query };
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(f->t, cmd, NLM_F_DUMP, &code);
	if (!msg)
		return code;
	if (cmd == TQUEUE_CMD_QUEUE_GET)
		msg_queue_put(msg, &q);
	else if (cmd == TQUEUE_CMD_TABLE_GET)
		msg_table_put(msg, &table);
	return tqctl_request(f->t, msg, fn, arg);
}

static int look_into(struct finding *f, struct users *known)
{
	int code;

	tnl_close(f->t->nl);
	f->t->nl = NULL;
	f->t->netns = f->space->path;
	code = dump(f, TQUEUE_CMD_HOOK_GET, got_hook, f);
	if (!code)
		code = dump(f, TQUEUE_CMD_TABLE_GET, got_table, f);
	if (!code)
		code = dump(f, TQUEUE_CMD_QUEUE_GET, got_queue, f);
	if (!code)
		code = dump(f, TQUEUE_CMD_QUEUE_GET, note_queue, known);
	if (!code)
		code = dump(f, TQUEUE_CMD_TXN_GET, got_txn, f);
	return code;
}

int holders_find(struct tqctl *t, const struct netns_list *spaces, struct holders *h, bool show)
{
	struct finding f = { .t = t, .h = h, .show = show };
	struct users known = { 0 };
	int code = TQCTL_OK;
	size_t i;

	memset(h, 0, sizeof(*h));
	if (users_all(&f.users))
		return tqctl_errno(t, errno, "/proc");
	if (show)
		out_list_begin(&t->out);
	for (i = 0; !code && i < spaces->n; i++) {
		f.space = &spaces->v[i];
		code = look_into(&f, &known);
	}
	if (!code) {
		check_users(&f, &known);
		check_modules(&f);
	}
	if (show)
		out_list_end(&t->out);
	users_free(&known);
	users_free(&f.users);
	return code;
}
