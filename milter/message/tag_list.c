/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of tags, "v=1; d=example.org", of DKIM and DMARC. */
#include "message/tag_list.h"

/* tag-name of RFC 6376 section 3.2. */
static bool
is_name(struct slice name)
{
	if (name.len == 0 || !char_is_alpha(name.data[0]))
		return false;
	for (size_t i = 1; i < name.len; i++) {
		char c = name.data[i];

		if (!char_is_alpha(c) && !char_is_digit(c) && c != '_')
			return false;
	}
	return true;
}

enum tag_read
tag_next(struct slice *rest, struct tag *ret_tag, const char **ret_fault)
{
	size_t end = slice_find(*rest, ';');
	struct slice text = slice_sub(*rest, 0, end);
	bool last = end == rest->len;
	size_t equals = slice_find(text, '=');
	struct tag tag = { .name = slice_trim(slice_sub(text, 0, equals)),
		.raw = slice_from(text, equals + 1) };
	bool is_value = true;

	/* One ";" may stand at the end. */
	if (last && slice_trim(text).len == 0) {
		*rest = slice_from(*rest, end);
		return TAG_END;
	}
	*rest = slice_from(*rest, last ? end : end + 1);
	tag.value = slice_trim(tag.raw);
	/* tag-value: printable ASCII with white space between. */
	for (size_t i = 0; i < tag.value.len && is_value; i++) {
		char c = tag.value.data[i];

		is_value = !char_is_8bit(c) &&
		    (!char_is_control(c) || c == '\t' || c == '\r' ||
			c == '\n');
	}
	if (equals < text.len && is_name(tag.name) && is_value) {
		*ret_tag = tag;
		return TAG_READ;
	}
	if (slice_trim(text).len == 0)
		*ret_fault = "nothing between two semicolons";
	else if (equals == text.len)
		*ret_fault = "a tag without \"=\"";
	else if (!is_name(tag.name))
		*ret_fault = "a tag name that is not one";
	else
		*ret_fault = "an octet that is not printable ASCII";
	return TAG_FAULT;
}

int
tag_list_parse(struct slice text, struct tag_list *ret_list, struct err *err)
{
	const char *fault = NULL;
	enum tag_read read;
	struct tag tag;

	ret_list->count = 0;
	while ((read = tag_next(&text, &tag, &fault)) == TAG_READ) {
		if (tag_list_find(ret_list, tag.name) != NULL)
			return err_set(err, ERR_DATA, "%.*s= is there twice",
			    SLICE_ARGS(slice_sub(tag.name, 0, 32)));
		if (ret_list->count == TAG_LIST_MAX)
			return err_set(
			    err, ERR_LIMIT, "more than %d tags", TAG_LIST_MAX);
		ret_list->items[ret_list->count++] = tag;
	}
	if (read == TAG_FAULT)
		return err_set(err, ERR_DATA, "%s", fault);
	if (ret_list->count == 0)
		return err_set(err, ERR_DATA, "nothing in it");
	return 0;
}

const struct tag *
tag_list_find(const struct tag_list *list, struct slice name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (slice_eq(list->items[i].name, name))
			return &list->items[i];
	}
	return NULL;
}

bool
tag_value_lists(struct slice value, struct slice word)
{
	struct slice item;

	while (slice_next_item(&value, ":", &item)) {
		if (slice_eq(slice_trim(item), word))
			return true;
	}
	return false;
}

struct slice
tag_value_squeeze(struct slice value, struct arena *mem)
{
	struct slice part;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (slice_next_item(&value, " \t\r\n", &part))
		strbuf_add(&buf, part);
	return strbuf_slice(&buf);
}
