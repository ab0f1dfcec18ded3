/* SPDX-License-Identifier: BSD-2-Clause */
/* main.cf and master.cf, with the values that a service sees. */
#include "check/postfix_config.h"

#include <limits.h>
#include <stdlib.h>

#include "check/check.h"

enum {
	MAX_EXPAND_DEPTH = 20,
	MAX_EXPAND_STEPS = 10000,
	MAX_VALUE_BYTES = 64 * 1024,
};

/* Empty lines and comments between the parts of a line mean nothing. */
bool
postfix_next_line(struct line_reader *reader)
{
	struct strbuf text;

	strbuf_init(&text, reader->mem);
	strbuf_add_cstr(&text, "");
	while (reader->rest.len > 0) {
		size_t end = slice_find(reader->rest, '\n');
		struct slice part = slice_sub(reader->rest, 0, end);
		struct slice trimmed = slice_trim(part);
		bool empty = trimmed.len == 0 || trimmed.data[0] == '#';

		if (!empty && text.len > 0 && !char_is_wsp(part.data[0]))
			break;
		reader->rest = slice_from(reader->rest, end + 1);
		reader->lines++;
		if (empty)
			continue;
		if (text.len == 0)
			reader->line = reader->lines;
		else
			strbuf_add_char(&text, ' ');
		strbuf_add(&text, trimmed);
	}
	reader->text = strbuf_slice(&text);
	return text.len > 0;
}

static bool
is_blank_or(char c, const char *separators)
{
	if (char_is_wsp(c) || c == '\r' || c == '\n')
		return true;
	for (; *separators != '\0'; separators++) {
		if (c == *separators)
			return true;
	}
	return false;
}

bool
postfix_next_item(
    struct slice *rest, const char *separators, struct slice *ret_item)
{
	struct slice s = *rest;
	size_t end = 0, depth = 0;

	while (s.len > 0 && is_blank_or(s.data[0], separators))
		s = slice_from(s, 1);
	while (end < s.len &&
	    (depth > 0 || !is_blank_or(s.data[end], separators))) {
		if (s.data[end] == '{')
			depth++;
		else if (s.data[end] == '}' && depth > 0)
			depth--;
		end++;
	}
	*rest = slice_from(s, end);
	if (end == 0)
		return false;
	*ret_item = slice_sub(s, 0, end);
	if (end >= 2 && s.data[0] == '{' && s.data[end - 1] == '}')
		*ret_item = slice_trim(slice_sub(s, 1, end - 2));
	return true;
}

/* "name = value" */
static void
add_param(struct postfix_params *params, struct slice text, unsigned int line,
    struct arena *mem)
{
	size_t equals = slice_find(text, '=');
	struct postfix_param param = { .line = line,
		.name = slice_trim(slice_sub(text, 0, equals)),
		.value = slice_trim(slice_from(text, equals + 1)) };
	void *array = params->items;

	if (equals == text.len || param.name.len == 0)
		return;
	arena_reserve_one(
	    mem, &array, &params->cap, params->count, sizeof(param));
	params->items = array;
	params->items[params->count++] = param;
}

static void
read_service(struct postfix *postfix, struct slice text, unsigned int line,
    bool chroot_default)
{
	struct postfix_service service = { .line = line };
	struct slice fields[8];
	struct slice item;
	void *array = postfix->services;
	size_t slash;

	for (size_t i = 0; i < 8; i++) {
		if (!postfix_next_item(&text, "", &fields[i]))
			return;
	}
	service.name = fields[0];
	service.type = fields[1];
	service.chroot = slice_eq(fields[4], SLICE("y")) ||
	    (slice_eq(fields[4], SLICE("-")) && chroot_default);
	slash = slice_find_last(fields[7], '/');
	service.command = slash == fields[7].len ?
	    fields[7] :
	    slice_from(fields[7], slash + 1);
	while (postfix_next_item(&text, "", &item)) {
		if (!slice_starts(item, SLICE("-o")))
			continue;
		item = slice_from(item, 2);
		if (item.len == 0 && !postfix_next_item(&text, "", &item))
			break;
		add_param(&service.overrides, item, line, postfix->mem);
	}
	arena_reserve_one(postfix->mem, &array, &postfix->service_cap,
	    postfix->service_count, sizeof(service));
	postfix->services = array;
	postfix->services[postfix->service_count++] = service;
}

int
postfix_read(const char *directory, struct arena *mem,
    struct postfix *ret_postfix, struct err *err)
{
	struct postfix postfix = { .mem = mem, .directory = directory };
	struct line_reader main_cf = { .mem = mem }, master_cf = { .mem = mem };
	struct slice level;
	char whole[PATH_MAX];
	bool chroot_default;

	if (text_file_read(slice_format(mem, "%s/main.cf", directory).data, mem,
		&main_cf.rest, err) != 0)
		return -1;
	/* Paths are often written with it, and Postfix has it whole. */
	add_param(&postfix.params,
	    slice_format(mem, "config_directory = %s",
		realpath(directory, whole) != NULL ? whole : directory),
	    0, mem);
	while (postfix_next_line(&main_cf))
		add_param(&postfix.params, main_cf.text, main_cf.line, mem);
	/*
	 * "-" in the chroot column meant yes before compatibility level 1, and
	 * still does where that is not set (COMPATIBILITY_README).
	 */
	level = postfix_value(&postfix, NULL, "compatibility_level", "0");
	chroot_default = level.len == 0 || level.data[0] == '0';
	if (text_file_read(slice_format(mem, "%s/master.cf", directory).data,
		mem, &master_cf.rest, err) != 0)
		return -1;
	while (postfix_next_line(&master_cf))
		read_service(
		    &postfix, master_cf.text, master_cf.line, chroot_default);
	*ret_postfix = postfix;
	return 0;
}

/* The last one counts. */
static const struct postfix_param *
find_param(const struct postfix_params *params, struct slice name)
{
	for (size_t i = params->count; i > 0; i--) {
		if (slice_eq(params->items[i - 1].name, name))
			return &params->items[i - 1];
	}
	return NULL;
}

static bool
find_value(const struct postfix *postfix, const struct postfix_service *service,
    struct slice name, struct slice *ret_value)
{
	const struct postfix_param *param = NULL;

	if (service != NULL)
		param = find_param(&service->overrides, name);
	if (param == NULL)
		param = find_param(&postfix->params, name);
	if (param != NULL)
		*ret_value = param->value;
	return param != NULL;
}

bool
postfix_is_override(const struct postfix_service *service, const char *name)
{
	return service != NULL &&
	    find_param(&service->overrides, slice_of(name)) != NULL;
}

const char *
postfix_where(const struct postfix *postfix,
    const struct postfix_service *service, const char *name)
{
	const struct postfix_param *param;

	if (postfix_is_override(service, name))
		return slice_format(postfix->mem, "master.cf:%u", service->line)
		    .data;
	param = find_param(&postfix->params, slice_of(name));
	return param == NULL ?
	    "default" :
	    slice_format(postfix->mem, "main.cf:%u", param->line).data;
}

const struct postfix_service *
postfix_find_service(
    const struct postfix *postfix, struct slice name, const char *type)
{
	for (size_t i = 0; i < postfix->service_count; i++) {
		const struct postfix_service *service = &postfix->services[i];

		if (slice_eq(service->name, name) &&
		    slice_eq(service->type, slice_of(type)))
			return service;
	}
	return NULL;
}

static bool
is_port(const struct postfix_service *service, const char *const *names)
{
	struct slice port =
	    slice_from(service->name, slice_find_last(service->name, ':') + 1);

	if (!slice_has(service->name, ':'))
		port = service->name;
	for (; *names != NULL; names++) {
		if (slice_eq(port, slice_of(*names)))
			return true;
	}
	return false;
}

bool
postfix_is_submission(const struct postfix_service *service)
{
	static const char *const ports[] = { "submission", "submissions",
		"smtps", "587", "465", NULL };

	return is_port(service, ports);
}

/* Where mail from other servers arrives; "pass" is what postscreen feeds. */
bool
postfix_is_port_25(const struct postfix_service *service)
{
	static const char *const ports[] = { "smtp", "25", NULL };

	return is_port(service, ports) ||
	    slice_eq(service->type, SLICE("pass"));
}

/* A value on its way; `steps` ends references that multiply one another. */
struct expansion {
	const struct postfix *postfix;
	const struct postfix_service *service;
	struct strbuf out;
	unsigned int steps;
};

static void expand(struct expansion *x, struct slice text, int depth);

/* What stands in ${...}: "name", "name?text", "name:text", "name?{a}:{b}". */
static void
expand_reference(struct expansion *x, struct slice text, int depth)
{
	struct slice value = { NULL, 0 }, yes = { NULL, 0 }, no = { NULL, 0 };
	size_t name = 0;

	while (
	    name < text.len && text.data[name] != '?' && text.data[name] != ':')
		name++;
	(void)!find_value(x->postfix, x->service,
	    slice_trim(slice_sub(text, 0, name)), &value);
	if (name == text.len) {
		expand(x, value, depth + 1);
		return;
	}
	yes = no = slice_trim(slice_from(text, name + 1));
	if (text.data[name] == ':') {
		yes = (struct slice){ NULL, 0 };
	} else if (yes.len > 0 && yes.data[0] == '{' &&
	    postfix_next_item(&no, ":", &yes)) {
		no = slice_trim(no);
		no = slice_starts(no, SLICE(":")) ?
		    slice_trim(slice_from(no, 1)) :
		    (struct slice){ NULL, 0 };
	} else {
		no = (struct slice){ NULL, 0 };
	}
	text = value.len > 0 ? yes : no;
	if (text.len >= 2 && text.data[0] == '{' &&
	    text.data[text.len - 1] == '}')
		text = slice_sub(text, 1, text.len - 2);
	expand(x, text, depth + 1);
}

static void
expand(struct expansion *x, struct slice text, int depth)
{
	while (text.len > 0 && x->out.len < MAX_VALUE_BYTES &&
	    depth < MAX_EXPAND_DEPTH && x->steps++ < MAX_EXPAND_STEPS) {
		size_t plain = slice_find(text, '$');
		size_t end = 0, brackets = 0;

		strbuf_add(&x->out, slice_sub(text, 0, plain));
		text = slice_from(text, plain + 1);
		if (text.len == 0)
			return;
		if (text.data[0] == '$') {
			strbuf_add_char(&x->out, '$');
			text = slice_from(text, 1);
			continue;
		}
		if (text.data[0] == '{' || text.data[0] == '(') {
			char open = text.data[0];
			char close = open == '{' ? '}' : ')';

			/* Up to the bracket that closes this one. */
			for (; end < text.len; end++) {
				brackets += text.data[end] == open;
				if (text.data[end] == close && --brackets == 0)
					break;
			}
			expand_reference(x, slice_sub(text, 1, end - 1), depth);
			text = slice_from(text, end + 1);
			continue;
		}
		while (end < text.len &&
		    (char_is_alpha(text.data[end]) ||
			char_is_digit(text.data[end]) || text.data[end] == '_'))
			end++;
		expand_reference(x, slice_sub(text, 0, end), depth);
		text = slice_from(text, end);
	}
}

struct slice
postfix_value(const struct postfix *postfix,
    const struct postfix_service *service, const char *name,
    const char *initial)
{
	struct expansion x = { .postfix = postfix, .service = service };
	struct slice value;

	if (!find_value(postfix, service, slice_of(name), &value))
		return slice_of(initial);
	strbuf_init(&x.out, postfix->mem);
	strbuf_add_cstr(&x.out, "");
	expand(&x, value, 0);
	return slice_trim(strbuf_slice(&x.out));
}
