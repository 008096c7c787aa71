/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * names.h - names for the numbers in records: tables and interfaces.
 *
 * Asked once and kept: a name that changes later is shown as it was.
 */
#ifndef TQCTL_NAMES_H
#define TQCTL_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "model.h"

struct tqctl;

struct name_entry {
	uint32_t	id;
	char		name[TQUEUE_NAME_SIZE];
};

struct names {
	struct name_entry	*table;
	size_t			table_n;
	struct name_entry	*iface;
	size_t			iface_n;
};

/* Never NULL: "#7" if there is no name any more, "-" for 0. */
const char *names_table(struct names *n, struct tqctl *t, uint32_t id);
const char *names_iface(struct names *n, uint32_t index);
void names_free(struct names *n);

#endif
