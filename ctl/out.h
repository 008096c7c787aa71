/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * out.h - where commands print: text lines or JSON documents.
 *
 * A command prints one object, or a list: then in JSON the objects come out
 * one by one between [ and ], so that a million of them needs no memory.  Or it
 * prints a document: an object of such lists, each object on a line of its own.
 */
#ifndef TQCTL_OUT_H
#define TQCTL_OUT_H

#include <stdbool.h>
#include <stdio.h>

struct json_object;

struct out {
	FILE		*file;
	bool		json;
	bool		pretty;
	bool		list;
	bool		document;
	unsigned long	items;		/* of the open list */
};

void out_list_begin(struct out *out);
void out_list_end(struct out *out);
void out_document_begin(struct out *out);
void out_document_end(struct out *out);
/* A list of the document; ends the one before it. */
void out_document_list(struct out *out, const char *name);
/* Prints and frees @obj. */
void out_json(struct out *out, struct json_object *obj);

#endif
