// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether the kernel insists on signatures, and knows the key of ours.  Keys are
 * named in /proc/keys by their subject, which is what libkmod calls the signer.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define SECURE_BOOT	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define LOCKDOWN	"/sys/kernel/security/lockdown"
#define SIG_ENFORCE	"/sys/module/module/parameters/sig_enforce"
#define MOK		"/var/lib/dkms/mok.pub"
#define UBUNTU_MOK	"/var/lib/shim-signed/mok/MOK.der"

static bool secure_boot(void)
{
	/* Four bytes of attributes, then the value. */
	unsigned char v[5];
	FILE *f = fopen(SECURE_BOOT, "re");
	bool on;

	if (!f)
		return false;
	on = fread(v, 1, sizeof(v), f) == sizeof(v) && v[4] == 1;
	fclose(f);
	return on;
}

/* Why unsigned modules are refused, or NULL. */
static const char *enforced(void)
{
	static char why[96];
	char line[64];

	if (doctor_line(LOCKDOWN, line, sizeof(line)) && strchr(line, '[') && !strstr(line, "[none]")) {
		const char *mode = strchr(line, '[') + 1;

		snprintf(why, sizeof(why), "the kernel is locked down (%.*s%s)", (int)strcspn(mode, "]"), mode,
			 secure_boot() ? ", Secure Boot is on" : "");
		return why;
	}
	if (doctor_line(SIG_ENFORCE, line, sizeof(line)) && line[0] == 'Y')
		return "the kernel takes signed modules only (module.sig_enforce)";
	return NULL;
}

/* 1: the kernel has a key of that subject, 0: no, -1: we may not look. */
static int knows(const char *signer)
{
	char line[512], want[160];
	FILE *f = fopen("/proc/keys", "re");
	int found = geteuid() ? -1 : 0;

	if (!f)
		return -1;
	snprintf(want, sizeof(want), " %s: ", signer);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "asymmetri") && strstr(line, want))
			found = 1;
	fclose(f);
	return found;
}

static const char *import_key(void)
{
	return access(UBUNTU_MOK, F_OK) ? "mokutil --import " MOK : "update-secureboot-policy --enroll-key";
}

void doctor_trust(struct doctor *d)
{
	const char *why = enforced();
	char rebuild[448];
	char *signer;

	if (!why) {
		doctor_tell(d, FINDING_OK, "signature", NULL, "the kernel asks for none");
		return;
	}
	signer = doctor_info(d, "signer");
	if (!signer) {
		snprintf(rebuild, sizeof(rebuild), "dkms build --force -m tqueue -v %s -k %s && "
			 "dkms install --force -m tqueue -v %s -k %s", d->version, d->uts.release, d->version,
			 d->uts.release);
		doctor_tell(d, FINDING_WRONG, "signature", rebuild,
			    "%s, and the module is not signed; dkms 3.0.4 and later sign what they build", why);
		return;
	}
	switch (knows(signer)) {
	case 1:
		doctor_tell(d, FINDING_OK, "signature", NULL, "%s; it knows the key of \"%s\"", why, signer);
		break;
	case 0:
		doctor_tell(d, FINDING_WRONG, "signature", import_key(),
			    "%s, and does not know the key of \"%s\"; it will after the import, a reboot, and "
			    "\"Enroll MOK\" in the menu that comes up", why, signer);
		break;
	default:
		doctor_tell(d, FINDING_NOTE, "signature", "sudo tqctl doctor",
			    "%s; only root sees whether it knows the key of \"%s\"", why, signer);
	}
	free(signer);
}
