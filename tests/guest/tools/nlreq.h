/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nlreq.h - netlink requests as tqnl describes them (its head has the words), and
 * what comes back.  One socket, one request at a time.
 */
#ifndef NLREQ_H
#define NLREQ_H

#include <linux/netlink.h>

#include "common.h"

struct answer {
	int		error;		/* positive */
	char		text[256];
	const char	*attr;		/* word of the request */
	int		missing;	/* type, or -1 */
	unsigned int	replies;
	u64		hash;
	u32		serial;		/* of a table or queue */
	int		fd;		/* of QUEUE_OPEN, after nl_want_fd() */
	int		done;		/* refused by the end of a dump, not by a message */
};

/* What is received from now on is appended to this file, too. */
void nl_keep(const char *file);
/* What QUEUE_OPEN opens is not closed. */
void nl_want_fd(void);
/* A new socket, and the family on it. */
void nl_open(void);
void nl_find_family(void);
/* The socket; its sender has seen the family, so its number is known. */
int nl_socket(void);
u16 nl_family(void);
u32 nl_group(void);
u32 nl_seq(void);

/* A request made by hand, from its head to its exchange. */
void nl_begin(u16 type, u8 cmd, u8 version, u16 flags);
void nl_put_u32(u16 type, u32 value);
void nl_exchange(struct answer *a, int dump);
/* One of words, which ends in NULL; they are cut up. */
void nl_request(char **words, struct answer *a);
/* The same, but only sent. */
void nl_send(char **words);

const char *nl_error_name(int err);
/* Splits @line at blanks up to a word "#"; ends @words with NULL. */
unsigned int nl_split(char *line, char **words, unsigned int max);

#define NL_WORDS	4096

#endif
