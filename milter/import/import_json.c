/* SPDX-License-Identifier: BSD-2-Clause */
/* What came of an import, for programs. */
#include "import_priv.h"

static const char *const kinds[] = {
	[IMPORT_OPENDKIM] = "opendkim",
	[IMPORT_DKIMPY] = "dkimpy",
	[IMPORT_POSTFIX] = "postfix",
	[IMPORT_SENDMAIL] = "sendmail",
	[IMPORT_RSPAMD] = "rspamd",
};

static void
add_sources(const struct import *im, struct strbuf *buf)
{
	strbuf_add_cstr(buf, "\"sources\":[");
	for (size_t i = 0; i < im->source_count; i++) {
		strbuf_addf(buf,
		    "%s{\"kind\":\"%s\",\"path\":", i == 0 ? "" : ",",
		    kinds[im->sources[i].kind]);
		json_append(buf, slice_of(im->sources[i].path));
		strbuf_add_char(buf, '}');
	}
	strbuf_add_char(buf, ']');
}

/* ,"file":...,"line":...; of a place that is none, nothing. */
static void
add_place(const struct import_place *place, struct strbuf *buf)
{
	if (place->path.len == 0)
		return;
	strbuf_add_cstr(buf, ",\"file\":");
	json_append(buf, place->path);
	if (place->line != 0)
		strbuf_addf(buf, ",\"line\":%u", place->line);
}

/* The name that a text of a line begins with: "NAME", or "NAME: SENTENCE". */
static struct slice
name_of(const struct import_remark *remark)
{
	struct slice name =
	    slice_sub(remark->text, 0, slice_find(remark->text, ':'));

	return remark->place.path.len > 0 && import_is_name(name) ?
	    name :
	    (struct slice){ NULL, 0 };
}

static void
add_remarks(const struct import *im, struct strbuf *buf,
    enum import_remark_kind kind, const char *member)
{
	const char *comma = "";

	strbuf_addf(buf, ",\"%s\":[", member);
	for (size_t i = 0; i < im->remarks.count; i++) {
		const struct import_remark *remark = &im->remarks.items[i];
		struct slice name = name_of(remark);

		if (remark->kind != kind)
			continue;
		strbuf_addf(buf, "%s{\"text\":", comma);
		json_append(buf, remark->text);
		if (name.len > 0)
			strbuf_addf(
			    buf, ",\"name\":\"%.*s\"", SLICE_ARGS(name));
		add_place(&remark->place, buf);
		strbuf_add_char(buf, '}');
		comma = ",";
	}
	strbuf_add_char(buf, ']');
}

static void
add_others(const struct import *im, struct strbuf *buf)
{
	strbuf_add_cstr(buf, ",\"others\":[");
	for (size_t i = 0; i < im->others.count; i++) {
		const struct import_other *other = &im->others.items[i];

		strbuf_addf(buf, "%s{\"name\":", i == 0 ? "" : ",");
		json_append(buf, other->name);
		add_place(&other->place, buf);
		strbuf_add_char(buf, '}');
	}
	strbuf_add_char(buf, ']');
}

static void
add_commands(const struct slice *commands, size_t count, const char *member,
    struct strbuf *buf)
{
	strbuf_addf(buf, ",\"%s\":[", member);
	for (size_t i = 0; i < count; i++) {
		strbuf_add_cstr(buf, i == 0 ? "" : ",");
		json_append(buf, commands[i]);
	}
	strbuf_add_char(buf, ']');
}

struct slice
import_options_json(const struct import *im, const struct config *config)
{
	size_t count;
	const struct config_option *list =
	    config_options(config, im->mem, &count);
	const struct import_option *option;
	struct strbuf buf;

	strbuf_init(&buf, im->mem);
	for (size_t i = 0; i < count; i++) {
		option = import_get(im, list[i].name);
		if (option == NULL)
			continue;
		strbuf_addf(&buf, "%s{\"name\":\"%s\",\"value\":%.*s",
		    buf.len == 0 ? "" : ",", list[i].name,
		    SLICE_ARGS(list[i].json));
		add_place(&option->place, &buf);
		strbuf_add_cstr(&buf, ",\"why\":");
		json_append(&buf, slice_trim(strbuf_slice(&option->why)));
		strbuf_add_char(&buf, '}');
	}
	return strbuf_slice(&buf);
}

void
import_json(const struct import *im, struct strbuf *buf)
{
	add_sources(im, buf);
	strbuf_addf(buf, ",\"options\":[%.*s]", SLICE_ARGS(im->json));
	add_remarks(im, buf, IMPORT_DIFFERS, "differences");
	add_remarks(im, buf, IMPORT_UNKNOWN, "not_understood");
	add_remarks(im, buf, IMPORT_NEEDLESS, "needless");
	add_others(im, buf);
	add_commands(im->commands.items, im->commands.count, "commands", buf);
	add_commands(im->way_back.items, im->way_back.count, "way_back", buf);
	strbuf_add_cstr(buf, ",\"text\":");
	json_append(buf, im->text);
}
