// SPDX-License-Identifier: GPL-2.0-only
#include <netlink/msg.h>
#include <json-c/json.h>

#include "msg.h"
#include "print.h"
#include "tqctl.h"

static void show(const struct tnl_reply *reply, void *arg)
{
	struct tqctl *t = arg;
	struct tq_version v;
	json_object *obj;

	if (msg_version_get(reply, &v)) {
		tqctl_garbled(t);
		return;
	}
	if (!t->out.json) {
		print_version(t->out.file, &v);
		return;
	}
	obj = json_object_new_object();
	json_object_object_add(obj, "tqctl", json_object_new_string(tqctl_version));
	json_object_object_add(obj, "module", json_version(&v));
	out_json(&t->out, obj);
}

int cmd_version(struct tqctl *t, struct parse *p)
{
	struct nl_msg *msg;
	int code;

	if (parse_end(p))
		return tqctl_usage(t, p);
	if (!t->out.json)
		fprintf(t->out.file, "tqctl %s\n", tqctl_version);
	msg = tqctl_message(t, TQUEUE_CMD_VERSION_GET, 0, &code);
	return msg ? tqctl_request(t, msg, show, t) : code;
}
