/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders.h - who keeps the module from being unloaded, in all namespaces.
 */
#ifndef TQCTL_HOLDERS_H
#define TQCTL_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "netns.h"

struct tqctl;

/**
 * struct holders - what was found
 * @hooks: hooks
 * @others: of iptables, open files and mappings, other modules
 * @rules: rules that would go with the module; they hold nothing
 * @unconfirmed: transactions that would go, and could not be taken back
 */
struct holders {
	size_t	hooks;
	size_t	others;
	size_t	rules;
	size_t	unconfirmed;
};

/* Looks into all of @spaces; with @show, prints a line or a JSON object for each.
 * An exit status.  The socket of @t is another one afterwards.
 */
int holders_find(struct tqctl *t, const struct netns_list *spaces, struct holders *h, bool show);

#endif
