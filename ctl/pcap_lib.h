/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pcap_lib.h - libpcap, loaded when a capture is to be read.
 *
 * It brings D-Bus, systemd and gcrypt with it on some systems, which would
 * double the time of every run of the tool, at boot too.
 */
#ifndef TQCTL_PCAP_LIB_H
#define TQCTL_PCAP_LIB_H

#include <pcap/pcap.h>

/* The functions of libpcap, without its prefix. */
struct pcap_lib {
	__typeof__(pcap_fopen_offline_with_tstamp_precision) *fopen_offline_with_tstamp_precision;
	__typeof__(pcap_datalink) *datalink;
	__typeof__(pcap_datalink_val_to_name) *datalink_val_to_name;
	__typeof__(pcap_compile) *compile;
	__typeof__(pcap_freecode) *freecode;
	__typeof__(pcap_offline_filter) *offline_filter;
	__typeof__(pcap_next_ex) *next_ex;
	__typeof__(pcap_geterr) *geterr;
	__typeof__(pcap_close) *close;
};

/* NULL: it is not there; *why says so. */
const struct pcap_lib *pcap_lib(const char **why);

#endif
