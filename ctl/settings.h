/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TQCTL_SETTINGS_H
#define TQCTL_SETTINGS_H

/*
 * The parameters of the loaded module, which hold for the whole machine: into the file
 * @path, a line "NAME VALUE" for each that can be set, and from there into the module
 * that is loaded then.  settings_apply() says which could not be set, and goes on; one
 * that the module does not have is left out.  0, or an errno, or the last one.
 */
struct tqctl;
int settings_save(const char *path);
int settings_apply(struct tqctl *t, const char *path);

#endif
