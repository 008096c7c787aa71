/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rules.h - rule changes on their way to the kernel.
 *
 * Changes are packed many to a message.  What fits in one message is sent as
 * it is, since a message is all or nothing; as soon as a second is needed, both
 * and all that follow become one transaction.  rules_commit() makes everything
 * visible, or nothing.
 */
#ifndef TQCTL_RULES_H
#define TQCTL_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"

struct nl_msg;
struct tqctl;

struct rules_line {
	const char	*file;		/* NULL: none */
	unsigned int	line;
	unsigned int	column;
};

/**
 * struct rules - changes that are not visible yet
 * @msg: the message being filled, or NULL
 * @cmd: its command, TQUEUE_CMD_RULE_*
 * @flags: and NLM_F_*
 * @table: its table
 * @lines: line of a file for each rule in it
 * @n: rules in it
 * @room: of @lines
 * @txn: id of the transaction, or 0
 * @confirm_ms: what is committed is to be confirmed within this time; 0: not
 * @unconfirmed: id of the transaction that is, after the commit
 * @handles: those that the kernel gave or took, if @want_handles
 * @handle_n: how many
 * @generation: of the table, in the last reply
 */
struct rules {
	struct nl_msg	*msg;
	uint8_t		cmd;
	int		flags;
	char		table[TQUEUE_NAME_SIZE];
	struct rules_line *lines;
	unsigned int	n;
	unsigned int	room;
	uint32_t	txn;
	uint32_t	confirm_ms;
	uint32_t	unconfirmed;
	bool		want_handles;
	uint64_t	*handles;
	size_t		handle_n;
	uint64_t	generation;
};

/* Both return an exit status and have told the user of an error; then all
 * changes since the last commit are gone.
 */
int rules_change(struct tqctl *t, uint8_t cmd, const char *table, const struct tq_rule *r);
/* RULE_NEW of a rule that shall be there once more if it is there already. */
int rules_add_twin(struct tqctl *t, const char *table, const struct tq_rule *r);
int rules_flush_table(struct tqctl *t, const char *table);
int rules_commit(struct tqctl *t);
void rules_abort(struct tqctl *t);
/* Frees; the transaction ends with the socket. */
void rules_free(struct rules *r);

#endif
