// SPDX-License-Identifier: GPL-2.0-only
/* 6.2: callbacks of struct class get a const struct device */
#include <linux/device.h>

void probe(struct class *c, char *(*devnode)(const struct device *dev, umode_t *mode));
void probe(struct class *c, char *(*devnode)(const struct device *dev, umode_t *mode))
{
	c->devnode = devnode;
}
