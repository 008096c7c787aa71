/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nltable.h - what tests/spec/table.py makes of the netlink spec; its head explains
 * the table.  Replies are held against it here.
 */
#ifndef NLTABLE_H
#define NLTABLE_H

#include "common.h"

#define SETS		16
#define ATTRS		64	/* of a set; masks are of 64 bits */
#define VALUES		24
#define COMPANY		4
#define ALL_FORMS	128

#define BIT(n)		(1ull << (n))

enum kind { NO_KIND, U32, U64, S32, STRING, BINARY, FLAG, NEST, PAD };

/* Where values come from that are no attribute's own. */
enum pool {
	POOL_NONE, POOL_QUEUE_NAME, POOL_TABLE_NAME, POOL_DEVICE,
	POOL_QUEUE, POOL_TABLE, POOL_HANDLE, POOL_HOOK, POOL_TXN, POOLS
};

/* A value in the table. */
struct value {
	int	given;
	u64	number;
	u8	bytes[16];
	u8	n_bytes;	/* 0: it is a number */
};

struct attr {
	char		name[24], nest_name[16];
	enum kind	kind;
	enum pool	pool;
	int		multi, nest, n_values, n_with;
	int64_t		min, max;	/* what the spec says, or the type */
	size_t		len;
	u64		mask, must, values[VALUES];
	struct value	good;
	struct { u16 type; struct value value; } with[COMPANY];
};

struct set {
	char		name[16];
	u16		max;
	struct attr	a[ATTRS];
};

struct form {
	char		name[32];
	u8		cmd;
	enum { DO, DUMP, EVENT } mode;
	int		set, n_ways;
	u64		request, reply, way[2], way_in[2], only;
};

#define POOL_SIZE	16

struct ns {
	int	fd, udp;
	u64	seen[POOLS][POOL_SIZE];		/* the last values in answers */
	u32	count[POOLS];
};

/* What a socket is about for the time being. */
struct favour {
	u32	queue, table;
	u64	txn;		/* the last one that it began */
	int	open;		/* and did not end */
};

struct reply {
	struct ns	*space;
	struct favour	*favour;
	int		fd;	/* out: of QUEUE_OPEN, or -1 */
	int		type;	/* out: the attribute that is wrong */
};

extern struct set sets[SETS];
extern struct form forms[ALL_FORMS];	/* from 1 on */
extern int n_forms;

/* The first forms are the requests, do and dump. */
void read_table(const char *path);
u32 n_requests(void);
int find_form(u8 cmd, int dump);		/* or 0 */
int form_named(const char *name);		/* its do, else its dump; up to a "+" */
u8 form_cmd(int form, int *dump);
const char *form_title(int form);

/* What is wrong with a reply or an event, or NULL; learns from it. */
const char *check_reply(u8 cmd, const u8 *at, const u8 *end, struct reply *r);

#endif
