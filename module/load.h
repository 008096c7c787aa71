/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load.h - queues that are made when the module is loaded (parameter "queues").
 */
#ifndef _TQ_LOAD_H
#define _TQ_LOAD_H

/* In the initial network namespace, before anybody can see it.  -errno: the
 * reason is in the log; what was made goes with the namespaces.
 */
int tq_load_queues(void);
/* Lets programs open them.  Last of all, since an open file must not meet a module
 * that fails to load: nothing waits for it then.
 */
void tq_load_devices(void);

#endif /* _TQ_LOAD_H */
