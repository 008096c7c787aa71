// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>

#include "out.h"

void out_list_begin(struct out *out)
{
	out->list = true;
	out->items = 0;
	if (out->json)
		fputs("[", out->file);
}

void out_list_end(struct out *out)
{
	if (out->json)
		fputs(out->pretty && out->items ? "\n]\n" : "]\n", out->file);
	out->list = false;
}

void out_document_begin(struct out *out)
{
	fputs("{", out->file);
	out->document = true;
	out->list = false;
}

static void end_part(struct out *out)
{
	fputs(out->items ? "\n]" : "]", out->file);
}

void out_document_list(struct out *out, const char *name)
{
	if (out->list)
		end_part(out);
	fprintf(out->file, "%s\n\"%s\":[", out->list ? "," : "", name);
	out->list = true;
	out->items = 0;
}

void out_document_end(struct out *out)
{
	if (out->list)
		end_part(out);
	fputs("\n}\n", out->file);
	out->document = false;
	out->list = false;
}

void out_json(struct out *out, struct json_object *obj)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	flags |= out->pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED :
			       JSON_C_TO_STRING_PLAIN;
	if (out->list) {
		fputs(out->items ? "," : "", out->file);
		fputs(out->pretty || out->document ? "\n" : "", out->file);
		out->items++;
	}
	fputs(json_object_to_json_string_ext(obj, flags), out->file);
	if (!out->list)
		fputc('\n', out->file);
	json_object_put(obj);
}
