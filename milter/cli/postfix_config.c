/* SPDX-License-Identifier: BSD-2-Clause */
#include "postfix_config_priv.h"

#include "check_priv.h"

enum {
	MAX_EXPAND_DEPTH = 20,
	MAX_EXPAND_STEPS = 10000,
	MAX_VALUE_BYTES = 64 * 1024,
};

/* Empty lines and comments between the parts of a line mean nothing. */
bool
postfix_next_line(struct slice *rest, unsigned int *line, struct arena *mem,
    struct slice *ret_text, unsigned int *ret_line)
{
	struct strbuf text;

	strbuf_init(&text, mem);
	strbuf_add_cstr(&text, "");
	while (rest->len > 0) {
		size_t end = slice_find(*rest, '\n');
		struct slice part = slice_sub(*rest, 0, end);
		struct slice trimmed = slice_trim(part);
		bool empty = trimmed.len == 0 || trimmed.data[0] == '#';

		if (!empty && text.len > 0 && !char_is_wsp(part.data[0]))
			break;
		*rest = slice_from(*rest, end + 1);
		++*line;
		if (empty)
			continue;
		if (text.len == 0)
			*ret_line = *line;
		else
			strbuf_add_char(&text, ' ');
		strbuf_add(&text, trimmed);
	}
	*ret_text = strbuf_slice(&text);
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
postfix_next_item(struct slice *rest, const char *separators,
    struct slice *ret_item)
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

/* "name = value" to its parts. */
static bool
split_param(struct slice text, struct postfix_param *ret_param)
{
	size_t equals = slice_find(text, '=');

	if (equals == text.len)
		return false;
	ret_param->name = slice_trim(slice_sub(text, 0, equals));
	ret_param->value = slice_trim(slice_from(text, equals + 1));
	return ret_param->name.len > 0;
}

static void
add_param(struct postfix_param **params, size_t *cap, size_t *count,
    struct slice text, unsigned int line, struct arena *mem)
{
	struct postfix_param param;
	void *array = *params;

	if (!split_param(text, &param))
		return;
	param.line = line;
	arena_reserve_one(mem, &array, cap, *count, sizeof(param));
	*params = array;
	(*params)[(*count)++] = param;
}

static void
read_service(struct postfix *postfix, size_t *cap, struct slice text,
    unsigned int line, bool chroot_default, struct arena *mem)
{
	struct postfix_service service = { .line = line };
	struct slice fields[8];
	struct slice item;
	void *array = postfix->services;
	size_t override_cap = 0, slash;

	for (size_t i = 0; i < 8; i++) {
		if (!postfix_next_item(&text, "", &fields[i]))
			return;
	}
	service.name = fields[0];
	service.type = fields[1];
	service.chroot = slice_eq(fields[4], SLICE("y")) ||
	    (slice_eq(fields[4], SLICE("-")) && chroot_default);
	slash = slice_find_last(fields[7], '/');
	service.command = slash == fields[7].len ? fields[7] :
	    slice_from(fields[7], slash + 1);
	while (postfix_next_item(&text, "", &item)) {
		if (!slice_starts(item, SLICE("-o")))
			continue;
		item = slice_from(item, 2);
		if (item.len == 0 && !postfix_next_item(&text, "", &item))
			break;
		add_param(&service.overrides, &override_cap,
		    &service.override_count, item, line, mem);
	}
	arena_reserve_one(mem, &array, cap, postfix->service_count,
	    sizeof(service));
	postfix->services = array;
	postfix->services[postfix->service_count++] = service;
}

int
postfix_read(const char *directory, struct arena *mem,
    struct postfix *ret_postfix, struct err *err)
{
	struct postfix postfix = { 0 };
	struct slice rest, text, level;
	unsigned int line = 0, first = 0;
	size_t cap = 0;
	bool chroot_default;

	if (text_file_read(slice_format(mem, "%s/main.cf", directory).data,
	    mem, &rest, err) != 0)
		return -1;
	/* Paths are often written with it. */
	add_param(&postfix.params, &cap, &postfix.param_count,
	    slice_format(mem, "config_directory = %s", directory), 0, mem);
	while (postfix_next_line(&rest, &line, mem, &text, &first))
		add_param(&postfix.params, &cap, &postfix.param_count, text,
		    first, mem);
	/*
	 * "-" in the chroot column meant yes before compatibility level 1, and
	 * still does where that is not set (COMPATIBILITY_README).
	 */
	level = postfix_value(&postfix, NULL, "compatibility_level", "0", mem);
	chroot_default = level.len == 0 || level.data[0] == '0';
	if (text_file_read(slice_format(mem, "%s/master.cf", directory).data,
	    mem, &rest, err) != 0)
		return -1;
	line = 0;
	cap = 0;
	while (postfix_next_line(&rest, &line, mem, &text, &first))
		read_service(&postfix, &cap, text, first, chroot_default, mem);
	*ret_postfix = postfix;
	return 0;
}

/* The last one counts. */
static const struct postfix_param *
find_param(const struct postfix_param *params, size_t count, struct slice name)
{
	for (size_t i = count; i > 0; i--) {
		if (slice_eq(params[i - 1].name, name))
			return &params[i - 1];
	}
	return NULL;
}

static bool
find_value(const struct postfix *postfix,
    const struct postfix_service *service, struct slice name,
    struct slice *ret_value)
{
	const struct postfix_param *param = NULL;

	if (service != NULL)
		param = find_param(service->overrides, service->override_count,
		    name);
	if (param == NULL)
		param = find_param(postfix->params, postfix->param_count, name);
	if (param != NULL)
		*ret_value = param->value;
	return param != NULL;
}

const char *
postfix_where(const struct postfix *postfix,
    const struct postfix_service *service, const char *name, struct arena *mem)
{
	struct slice wanted = slice_of(name);
	const struct postfix_param *param;

	if (service != NULL && find_param(service->overrides,
	    service->override_count, wanted) != NULL)
		return slice_format(mem, "master.cf:%u", service->line).data;
	param = find_param(postfix->params, postfix->param_count, wanted);
	return param == NULL ? "default" :
	    slice_format(mem, "main.cf:%u", param->line).data;
}

const struct postfix_service *
postfix_find_service(const struct postfix *postfix, struct slice name,
    const char *type)
{
	for (size_t i = 0; i < postfix->service_count; i++) {
		const struct postfix_service *service = &postfix->services[i];

		if (slice_eq(service->name, name) &&
		    slice_eq(service->type, slice_of(type)))
			return service;
	}
	return NULL;
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

	while (name < text.len && text.data[name] != '?' &&
	    text.data[name] != ':')
		name++;
	(void)!find_value(x->postfix, x->service, slice_trim(slice_sub(text, 0,
	    name)), &value);
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
		    slice_trim(slice_from(no, 1)) : (struct slice){ NULL, 0 };
	} else {
		no = (struct slice){ NULL, 0 };
	}
	text = value.len > 0 ? yes : no;
	if (text.len >= 2 && text.data[0] == '{' &&
	    text.data[text.len - 1] == '}')
		text = slice_sub(text, 1, text.len - 2);
	expand(x, text, depth + 1);
}

/* Octets up to the bracket that closes the one s begins with. */
static size_t
closing(struct slice s)
{
	char open = s.data[0], close = open == '{' ? '}' : ')';
	size_t depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == open)
			depth++;
		else if (s.data[i] == close && --depth == 0)
			return i;
	}
	return s.len;
}

static void
expand(struct expansion *x, struct slice text, int depth)
{
	while (text.len > 0 && x->out.len < MAX_VALUE_BYTES &&
	    depth < MAX_EXPAND_DEPTH && x->steps++ < MAX_EXPAND_STEPS) {
		size_t plain = slice_find(text, '$');
		size_t end = 0;

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
			end = closing(text);
			expand_reference(x, slice_sub(text, 1, end - 1), depth);
			text = slice_from(text, end + 1);
			continue;
		}
		while (end < text.len && (char_is_alpha(text.data[end]) ||
		    char_is_digit(text.data[end]) || text.data[end] == '_'))
			end++;
		expand_reference(x, slice_sub(text, 0, end), depth);
		text = slice_from(text, end);
	}
}

struct slice
postfix_value(const struct postfix *postfix,
    const struct postfix_service *service, const char *name,
    const char *initial, struct arena *mem)
{
	struct expansion x = { .postfix = postfix, .service = service };
	struct slice value;

	if (!find_value(postfix, service, slice_of(name), &value))
		return slice_of(initial);
	strbuf_init(&x.out, mem);
	strbuf_add_cstr(&x.out, "");
	expand(&x, value, 0);
	return slice_trim(strbuf_slice(&x.out));
}
