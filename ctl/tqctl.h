/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tqctl.h - what the commands have in common.
 *
 * A command is a row of a table and a function in cmd_<object>.c; no command
 * calls another.  Functions return an exit status; whoever finds an error has
 * told the user before it returns.
 */
#ifndef TQCTL_H
#define TQCTL_H

#include <stdbool.h>
#include <stdio.h>

#include "nl.h"
#include "out.h"
#include "parse.h"
#include "rules.h"

enum {
	TQCTL_OK	= 0,
	TQCTL_REFUSED	= 1,	/* by the kernel, or the system */
	TQCTL_USAGE	= 2,
	TQCTL_NO_MODULE	= 3,
	TQCTL_LOST	= 4,	/* data that was taken out could not be written */
};

/**
 * struct tqctl - one run of the tool
 * @out: where objects are printed
 * @err: where people are told things
 * @stats: option -s
 * @holders: option --holders
 * @netns: option -n
 * @nl: the socket; opened by tqctl_open()
 * @rules: rule changes on their way to the kernel
 * @file: name of the batch, or NULL
 * @line: of the batch
 * @column: of a file of JSON, or 0
 * @what: "rule add", for messages
 */
struct tqctl {
	struct out	out;
	FILE		*err;
	bool		stats;
	bool		holders;
	const char	*netns;
	struct tnl	*nl;
	struct rules	rules;
	const char	*file;
	unsigned int	line;
	unsigned int	column;
	char		what[64];
};

/**
 * struct command - a row
 * @name: the word
 * @args: what follows it, for help
 * @help: one line
 * @run: does it; the parser stands behind the word
 * @sub: an object's commands, ending with a nameless row; then @run is NULL
 * @keys: i-th keyword of the command for help, or NULL after the last
 * @joins: the command changes rules and can join the transaction of a batch
 */
struct command {
	const char		*name;
	const char		*args;
	const char		*help;
	int			(*run)(struct tqctl *t, struct parse *p);
	const struct command	*sub;
	const struct parse_key	*(*keys)(unsigned int i);
	bool			joins;
};

/* command.c: runs one command line. */
int tqctl_run(struct tqctl *t, const char *const *words, unsigned int n);
/* The objects that there are; for the help of the tool itself. */
const struct command *tqctl_rows(void);
void tqctl_objects(FILE *f);

/* cmd_extcap.c: the tool under a name that ends in "extcap". */
int tqctl_extcap(struct tqctl *t, int argc, char **argv);

/* batch.c: runs the lines of @path; "-" is standard input. */
int tqctl_batch(struct tqctl *t, const char *path);

/* tqctl.c */

/* "tqctl: rule add: " or "FILE:LINE: rule add: ", then the text and a newline */
void tqctl_say(struct tqctl *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Tells what the parser found.  Always TQCTL_USAGE. */
int tqctl_usage(struct tqctl *t, const struct parse *p);
/* Tells why @what failed with @code, an errno.  Always TQCTL_REFUSED. */
int tqctl_errno(struct tqctl *t, int code, const char *what);
/* Tells why request @msg (may be NULL) failed; TQCTL_REFUSED or _NO_MODULE. */
int tqctl_refused(struct tqctl *t, struct nl_msg *msg, const struct tnl_error *err);

/* Opens t->nl if it is not open. */
int tqctl_open(struct tqctl *t);
/* A request for tqctl_request(); opens the socket.  NULL: it has been told, and
 * *code is the exit status.
 */
struct nl_msg *tqctl_message(struct tqctl *t, uint8_t cmd, int flags, int *code);
/* The same, for a dump of all objects of a kind; of table @table if they are rules, else
 * NULL.
 */
struct nl_msg *tqctl_dump_message(struct tqctl *t, uint8_t cmd, const char *table, int *code);
/* Sends and frees @msg.  The second leaves telling a refusal to the caller. */
int tqctl_request(struct tqctl *t, struct nl_msg *msg, tnl_reply_fn *fn, void *arg);
int tqctl_try(struct tqctl *t, struct nl_msg *msg, tnl_reply_fn *fn, void *arg,
	      struct tnl_error *err);

/* A reply that can't be decoded.  Always TQCTL_REFUSED. */
int tqctl_garbled(struct tqctl *t);

/* What every object offers: cmd_<object>.c */
extern const struct command queue_commands[];
extern const struct command table_commands[];
extern const struct command rule_commands[];
extern const struct command hook_commands[];
extern const struct command txn_commands[];
extern const struct command module_commands[];
/* cmd_queue_io.c, for queue_commands */
int cmd_queue_read(struct tqctl *t, struct parse *p);
int cmd_queue_write(struct tqctl *t, struct parse *p);
const struct parse_key *cmd_queue_read_keys(unsigned int i);
/* objects without commands of their own */
int cmd_capture(struct tqctl *t, struct parse *p);
const struct parse_key *cmd_capture_keys(unsigned int i);
int cmd_apply(struct tqctl *t, struct parse *p);
const struct parse_key *cmd_apply_keys(unsigned int i);
int cmd_restore(struct tqctl *t, struct parse *p);
int cmd_save(struct tqctl *t, struct parse *p);
int cmd_top(struct tqctl *t, struct parse *p);
const struct parse_key *cmd_top_keys(unsigned int i);
int cmd_metrics(struct tqctl *t, struct parse *p);
const struct parse_key *cmd_metrics_keys(unsigned int i);
int cmd_monitor(struct tqctl *t, struct parse *p);
int cmd_doctor(struct tqctl *t, struct parse *p);
int cmd_version(struct tqctl *t, struct parse *p);
extern const char tqctl_version[];

#endif
