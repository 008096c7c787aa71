/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TQ_XT_TQUEUE_H
#define _TQ_XT_TQUEUE_H

int tq_xt_init(void);
void tq_xt_exit(void);

#endif /* _TQ_XT_TQUEUE_H */
