/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metrics.h - counters in the OpenMetrics text format, which node_exporter's
 * textfile collector reads, too.
 */
#ifndef TQCTL_METRICS_H
#define TQCTL_METRICS_H

#include <stddef.h>
#include <stdio.h>

#include "model.h"

/* A rule, with the name of its table. */
struct metrics_rule {
	const char	*table;
	struct tq_rule	rule;
};

/**
 * struct metrics - what is to be told, all of one moment
 * @version: of the module
 * @rules: only if they were asked for
 */
struct metrics {
	char			version[64];
	struct tq_queue		*queues;
	size_t			queue_n;
	struct tq_table		*tables;
	size_t			table_n;
	struct tq_hook		*hooks;
	size_t			hook_n;
	struct metrics_rule	*rules;
	size_t			rule_n;
};

void metrics_print(FILE *f, const struct metrics *m);
void metrics_free(struct metrics *m);

#endif
