/* SPDX-License-Identifier: BSD-2-Clause */
/* The fields of a message's line, read back. */
#include "logbook/record.h"

#include <string.h>

static const struct slice names[LOG_FIELDS] = {
#define LOG_FIELD(id, name, kind, max) { name, sizeof(name) - 1 },
#include "pipeline/log_fields.def"
#undef LOG_FIELD
};

const char *
log_field_name(enum log_field field)
{
	return names[field].data;
}

bool
log_field_is_text(enum log_field field)
{
	static const enum log_kind kinds[LOG_FIELDS] = {
#define LOG_FIELD(id, name, kind, max) LOG_KIND_##kind,
#include "pipeline/log_fields.def"
#undef LOG_FIELD
	};

	return kinds[field] == LOG_KIND_TEXT || kinds[field] == LOG_KIND_TEXTS;
}

/* The field of a key, looked for from the place where it is likely. */
static size_t
find_field(struct slice key, size_t likely)
{
	for (size_t i = 0; i < LOG_FIELDS; i++) {
		size_t at = (likely + i) % LOG_FIELDS;

		if (key.len == names[at].len &&
		    memcmp(key.data, names[at].data, key.len) == 0)
			return at;
	}
	return LOG_FIELDS;
}

static size_t
key_len(struct slice text)
{
	size_t len = 0;

	while (len < text.len &&
	    ((text.data[len] >= 'a' && text.data[len] <= 'z') ||
		text.data[len] == '_'))
		len++;
	return len < text.len && text.data[len] == '=' ? len : 0;
}

enum value_end { VALUE_WHOLE, VALUE_CUT, VALUE_BAD };

/* Takes a value, and the blank behind it, from *rest. */
static enum value_end
take_value(struct slice *rest, struct slice *ret_value)
{
	size_t end;

	if (rest->len != 0 && rest->data[0] == '"') {
		const char *mark = memchr(rest->data + 1, '"', rest->len - 1);

		if (mark == NULL)
			return VALUE_CUT;
		end = (size_t)(mark - rest->data);
		*ret_value = slice_sub(*rest, 1, end - 1);
		*rest = slice_from(*rest, end + 1);
		if (rest->len != 0 && rest->data[0] != ' ')
			return VALUE_BAD;
	} else {
		end = slice_find(*rest, ' ');
		*ret_value = slice_sub(*rest, 0, end);
		*rest = slice_from(*rest, end);
	}
	*rest = slice_from(*rest, 1);
	return VALUE_WHOLE;
}

/* One pair; false when the line cannot be ours. */
static bool
set_field(struct log_record *record, struct slice key, struct slice value,
    size_t *likely)
{
	static const struct slice more = { "_more", 5 };
	size_t field = find_field(key, *likely);

	if (field < LOG_FIELDS) {
		if (record->fields[field].data != NULL)
			return false;
		record->fields[field] = value;
		*likely = field + 1;
		return true;
	}
	if (key.len > more.len &&
	    slice_eq(slice_from(key, key.len - more.len), more)) {
		field =
		    find_field(slice_sub(key, 0, key.len - more.len), *likely);
		if (field < LOG_FIELDS)
			return slice_number(
			    value, 1000000000, &record->more[field]);
	}
	return true;
}

enum log_text
log_record_read(struct slice text, struct log_record *ret_record)
{
	struct log_record record = { .time = 0 };
	struct slice rest = text, value = { NULL, 0 };
	size_t likely = 0, len = key_len(text);

	if (len == 0 || find_field(slice_sub(text, 0, len), 0) == LOG_FIELDS)
		return LOG_TEXT_OTHER;
	while (rest.len != 0 && !record.is_cut) {
		struct slice key = slice_sub(rest, 0, key_len(rest));
		enum value_end end;

		/* A logger that cuts may cut in a key. */
		if (key.len == 0) {
			record.is_cut = true;
			break;
		}
		rest = slice_from(rest, key.len + 1);
		end = take_value(&rest, &value);
		record.is_cut = end == VALUE_CUT;
		if (end == VALUE_BAD ||
		    (end == VALUE_WHOLE &&
			!set_field(&record, key, value, &likely)))
			return LOG_TEXT_BROKEN;
	}
	if (record.fields[LOG_ACTION].len == 0)
		return LOG_TEXT_BROKEN;
	/* Each line of ours ends with its time. */
	if (record.fields[LOG_MS].len == 0)
		record.is_cut = true;
	*ret_record = record;
	return LOG_TEXT_MESSAGE;
}

bool
log_record_has_all(const struct log_record *record, enum log_field field)
{
	return record->more[field] == 0 &&
	    (!record->is_cut || record->fields[field].len != 0);
}

/* The octet of \xNN at offset; -1: there is none. */
static int
escaped_octet(struct slice value, size_t offset)
{
	int high, low;

	if (value.len - offset < 4 || value.data[offset] != '\\' ||
	    value.data[offset + 1] != 'x')
		return -1;
	high = char_hex_value(value.data[offset + 2]);
	low = char_hex_value(value.data[offset + 3]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

struct slice
log_value_octets(struct arena *mem, struct slice value)
{
	struct strbuf buf;

	if (!slice_has(value, '\\'))
		return value;
	strbuf_init(&buf, mem);
	for (size_t i = 0; i < value.len; i++) {
		int octet = escaped_octet(value, i);

		strbuf_add_char(&buf, octet < 0 ? value.data[i] : (char)octet);
		i += octet < 0 ? 0 : 3;
	}
	return strbuf_slice(&buf);
}

bool
log_list_next(struct slice *rest, struct slice *ret_item)
{
	bool quoted = false;
	size_t end = 0;

	if (rest->len == 0)
		return false;
	for (; end < rest->len; end++) {
		int octet = escaped_octet(*rest, end);

		if (octet == '"')
			quoted = !quoted;
		/* RFC 5322, section 3.2.1: a quoted pair ends no quotes. */
		if (octet == '\\' && quoted)
			end +=
			    escaped_octet(slice_from(*rest, end + 4), 0) >= 0 ?
			    4 :
			    0;
		if (octet >= 0)
			end += 3;
		else if (rest->data[end] == ',' && !quoted)
			break;
	}
	if (end > rest->len)
		end = rest->len;
	*ret_item = slice_sub(*rest, 0, end);
	*rest = slice_from(*rest, end + 1);
	return true;
}

struct slice
log_value_domain(struct slice value)
{
	size_t at = slice_find_last(value, '@');

	return at == value.len ? value : slice_from(value, at + 1);
}

bool
log_value_ms(struct slice value, uint64_t *ret_tenths)
{
	size_t dot = slice_find(value, '.');
	unsigned long whole, tenth;

	if (dot + 2 != value.len ||
	    !slice_number(slice_sub(value, 0, dot), 100000000, &whole) ||
	    !slice_number(slice_from(value, dot + 1), 9, &tenth))
		return false;
	*ret_tenths = (uint64_t)whole * 10 + tenth;
	return true;
}
