// SPDX-License-Identifier: GPL-2.0-only
/* "save": the configuration as what "apply" and "restore" take. */
#include "save.h"
#include "tqctl.h"

int cmd_save(struct tqctl *t, struct parse *p)
{
	return parse_end(p) ? tqctl_usage(t, p) : save_config(t);
}
