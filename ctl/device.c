// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "device.h"
#include "libtqueue.h"
#include "tqctl.h"

int device_error(struct tqctl *t, const struct tqueue *q)
{
	tqctl_say(t, "%s", tqueue_error(q));
	return TQCTL_REFUSED;
}

int device_open(struct tqctl *t, const char *name, int flags, struct tqueue **q)
{
	int code;

	*q = NULL;
	/* Names of tables and interfaces will be asked for, and where there is no
	 * module, it is told as always.
	 */
	code = tqctl_open(t);
	if (code)
		return code;
	*q = tqueue_new();
	if (!*q)
		return tqctl_errno(t, ENOMEM, name);
	return tqueue_open_netns(*q, t->netns, name, flags) ? device_error(t, *q) : TQCTL_OK;
}
