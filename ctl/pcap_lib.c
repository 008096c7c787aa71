// SPDX-License-Identifier: GPL-2.0-only
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "pcap_lib.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define F(name)		{ "pcap_" #name, offsetof(struct pcap_lib, name) }

static const struct {
	const char	*name;
	size_t		at;
} functions[] = {
	F(fopen_offline_with_tstamp_precision), F(datalink), F(datalink_val_to_name),
	F(compile), F(freecode), F(offline_filter), F(next_ex), F(geterr), F(close),
};

/* One interface under two names: Debian kept the older one. */
static void *open_any(void)
{
	static const char *const names[] = { "libpcap.so.1", "libpcap.so.0.8" };
	void *so = NULL;
	size_t i;

	for (i = 0; i < COUNT(names) && !so; i++)
		so = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return so;
}

const struct pcap_lib *pcap_lib(const char **why)
{
	static struct pcap_lib lib;
	static void *so;
	size_t i;

	if (!so)
		so = open_any();
	for (i = 0; i < COUNT(functions); i++) {
		void *f = so ? dlsym(so, functions[i].name) : NULL;

		if (!f) {
			*why = dlerror();
			return NULL;
		}
		memcpy((char *)&lib + functions[i].at, &f, sizeof(f));
	}
	return &lib;
}
