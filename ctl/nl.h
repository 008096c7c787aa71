/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nl.h - the transport: requests to and replies from the family "tqueue".
 *
 * libnl gives sockets, messages and the family's number; receiving is ours,
 * since libnl knows neither the extended ack nor an error at the end of a dump.
 */
#ifndef TQCTL_NL_H
#define TQCTL_NL_H

#include <stdbool.h>
#include <stdint.h>

struct tnl;
struct nl_msg;
struct nlattr;
struct nlmsghdr;

/* Attributes of one message: a reply, or a notification. */
struct tnl_reply {
	uint8_t			cmd;
	const struct nlattr	*attrs;
	int			len;
};

typedef void tnl_reply_fn(const struct tnl_reply *reply, void *arg);

/**
 * struct tnl_error - why a request failed
 * @code: errno, positive
 * @text: the kernel's sentence, or ours if @local; may be empty
 * @offset: of the attribute at fault, from the start of the message; 0: unknown
 * @miss_type: attribute that is missing; 0: unknown
 * @miss_nest: offset of the nest that it is missing in; 0: the message itself
 * @no_family: the kernel has no family "tqueue": the module is not there
 * @local: the error is not the kernel's answer, but on our side of the socket
 */
struct tnl_error {
	int		code;
	char		text[240];
	uint32_t	offset;
	uint32_t	miss_type;
	uint32_t	miss_nest;
	bool		no_family;
	bool		local;
};

/* Opens a socket in network namespace @netns (NULL: the present one), a name
 * of "ip netns" or a path; the thread then is in that namespace.
 */
struct tnl *tnl_open(const char *netns, struct tnl_error *err);
void tnl_close(struct tnl *nl);

/* An empty request with room for @size bytes of attributes.  NULL: no memory.
 * @flags: NLM_F_DUMP, NLM_F_EXCL, ...; NLM_F_REQUEST and _ACK are added.
 */
struct nl_msg *tnl_message(struct tnl *nl, uint8_t cmd, int flags, size_t size);

/* Sends @msg, which stays the caller's, and calls @fn (may be NULL) for each
 * message of the reply.  0, or -1 with *err filled.
 *
 * A dump of up to a megabyte is handed to @fn only when it is complete; one that
 * changed meanwhile is read again.  If it never holds still, that is an error.  A
 * larger one is handed on as it comes, in the same memory however large it is, and
 * tnl_torn() says if it was changed; rules are read from a snapshot, which seldom
 * is.  @fn must not send requests itself.
 */
int tnl_request(struct tnl *nl, struct nl_msg *msg, tnl_reply_fn *fn, void *arg,
		struct tnl_error *err);
/* Sends all of @msgs in one go.  Each is a request with one reply, in which @fn
 * is told the place of its request.  Of those that fail, *err is about the first,
 * and *failed is its place; @fn may have been called for others.  Local error
 * ENOBUFS: the replies were too much for the socket; some are missing.
 */
typedef void tnl_many_fn(unsigned int i, const struct tnl_reply *reply, void *arg);
int tnl_request_many(struct tnl *nl, struct nl_msg *const *msgs, unsigned int n,
		     tnl_many_fn *fn, void *arg, unsigned int *failed, struct tnl_error *err);
bool tnl_torn(const struct tnl *nl);		/* of the last request */
/* What the kernel said to the last request although it granted it; "": nothing */
const char *tnl_warning(const struct tnl *nl);

/* Notifications: joins group "events".  tnl_fd() is to be polled; tnl_events()
 * takes what is there, and says -1 with err->code ENOBUFS if some were lost.
 */
int tnl_subscribe(struct tnl *nl, struct tnl_error *err);
int tnl_fd(const struct tnl *nl);
int tnl_events(struct tnl *nl, tnl_reply_fn *fn, void *arg, struct tnl_error *err);

#endif
