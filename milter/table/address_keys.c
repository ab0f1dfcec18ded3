/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/address_keys.h"

#include <string.h>

size_t
address_base_length(struct slice local, const char *recipient_delimiter)
{
	static const char *const whole[] = { "mailer-daemon", "double-bounce",
		"postmaster" };

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (slice_eq_nocase(local, slice_of(whole[i])))
			return local.len;
	}
	/* A list's own addresses have a hyphen that is no delimiter. */
	if (strchr(recipient_delimiter, '-') != NULL &&
	    (slice_starts_nocase(local, SLICE("owner-")) ||
	    slice_ends_nocase(local, SLICE("-request"))))
		return local.len;
	for (size_t i = 1; i < local.len; i++) {
		if (local.data[i] != '\0' &&
		    strchr(recipient_delimiter, local.data[i]) != NULL)
			return i;
	}
	return local.len;
}

static struct slice
join(struct arena *mem, struct slice local, struct slice domain)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add(&buf, local);
	if (domain.len != 0) {
		strbuf_add_char(&buf, '@');
		strbuf_add(&buf, domain);
	}
	return strbuf_slice(&buf);
}

enum table_answer
address_lookup(struct table *const *tables, size_t table_count,
    const struct address_keys *how, struct slice local, struct slice domain,
    struct arena *mem, struct address_values *ret_values, struct err *err)
{
	const struct slice none = { NULL, 0 };
	struct slice base = slice_sub(local, 0,
	    address_base_length(local, how->recipient_delimiter));
	bool extended = base.len < local.len;
	bool is_local = how->local_domain.len != 0 &&
	    slice_eq(domain, how->local_domain);
	struct slice keys[5];
	struct address_values found = { 0 };
	size_t count = 0;

	keys[count++] = join(mem, local, domain);
	if (extended)
		keys[count++] = join(mem, base, domain);
	if (is_local) {
		if (extended)
			keys[count++] = join(mem, local, none);
		keys[count++] = join(mem, base, none);
	}
	keys[count++] = join(mem, none, domain);
	found.values = arena_array(mem, table_count, sizeof(*found.values));
	found.specs = arena_array(mem, table_count, sizeof(*found.specs));
	for (size_t k = 0; k < count && found.count == 0; k++) {
		for (size_t t = 0; t < table_count; t++) {
			struct slice value;

			if (k > 0 && (table_caps(tables[t]) &
			    TABLE_CAP_PATTERNS) != 0)
				continue;
			switch (table_lookup(tables[t], keys[k], mem, &value,
			    err)) {
			case TABLE_FOUND:
				found.key = keys[k];
				found.specs[found.count] = table_spec(tables[t]);
				found.values[found.count++] = value;
				break;
			case TABLE_ABSENT:
				break;
			case TABLE_FAILED:
				return TABLE_FAILED;
			}
		}
	}
	if (found.count == 0)
		return TABLE_ABSENT;
	*ret_values = found;
	return TABLE_FOUND;
}
