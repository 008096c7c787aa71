/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * confirm.h - a transaction that the kernel takes back unless it is confirmed.
 */
#ifndef TQCTL_CONFIRM_H
#define TQCTL_CONFIRM_H

#include <stdbool.h>
#include <stdint.h>

struct tqctl;

/* TXN_CONFIRM or TXN_ABORT for @id. */
int confirm_send(struct tqctl *t, uint8_t cmd, uint32_t id);

enum confirm_end {
	CONFIRM_KEPT,
	CONFIRM_REVERTED,
	CONFIRM_UNKNOWN,	/* too many events at once */
};

/* Waits until transaction @id is confirmed or taken back: here by an answer on
 * the terminal or a signal; elsewhere; or by the kernel when its time is over.
 */
int confirm_wait(struct tqctl *t, uint32_t id, enum confirm_end *end);

#endif
