/* SPDX-License-Identifier: GPL-2.0-only */
/* device.h - from the name of a queue to its open device. */
#ifndef TQCTL_DEVICE_H
#define TQCTL_DEVICE_H

struct tqctl;

/* Opens queue @name with @flags of open(2): *fd.  An exit status; what went
 * wrong has been told.
 */
int device_open(struct tqctl *t, const char *name, int flags, int *fd);

#endif
