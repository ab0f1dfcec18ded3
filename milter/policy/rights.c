/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/rights.h"

#include "identity/identity.h"

int
rights_open(struct rights *rights, const struct config *config,
    struct arena *mem, struct err *err)
{
	const struct slice_list *specs = &config->rights.tables;

	*rights = (struct rights){ .config = config };
	rights->keys.recipient_delimiter =
	    slice_cstr(mem, config->rights.extension);
	rights->keys.local_domain = slice_lower(mem, config->main.domain);
	rights->tables = arena_array(mem, specs->count,
	    sizeof(*rights->tables));
	for (size_t i = 0; i < specs->count; i++) {
		if (table_open(specs->items[i], &rights->tables[i], err) != 0)
			return -1;
		rights->table_count++;
	}
	return 0;
}

void
rights_close(struct rights *rights)
{
	for (size_t i = 0; i < rights->table_count; i++)
		table_close(rights->tables[i]);
	rights->table_count = 0;
}

bool
rights_login_address(struct slice login, struct arena *mem,
    struct address *ret_address)
{
	struct mailbox mailbox;
	struct err err;
	bool is_null;

	return reverse_path_parse(login, mem, &is_null, &mailbox, &err) == 0 &&
	    !is_null && mailbox.domain.len != 0 &&
	    address_canonical(&mailbox, (struct slice){ NULL, 0 }, true, mem,
		ret_address, NULL, &err) == 0;
}

/* alice@example.org may use that address, and with an extension. */
static bool
is_own_address(const struct rights *rights, struct slice login,
    const struct address *address, struct arena *mem)
{
	struct address own;
	size_t base;

	if (!rights->config->rights.own_address ||
	    !rights_login_address(login, mem, &own) ||
	    !slice_eq(own.domain, address->domain))
		return false;
	base = address_base_length(address->local,
	    rights->keys.recipient_delimiter);
	return slice_eq(own.local, address->local) ||
	    slice_eq(own.local, slice_sub(address->local, 0, base));
}

/*
 * Whether a login stands in a table's value. All of the value is read, so that
 * a row with a fault is seen whoever asks.
 */
static int
value_has_login(struct slice value, struct slice login, struct slice realm,
    struct arena *mem, bool *ret_has, struct err *err)
{
	struct slice rest = value, item;

	*ret_has = false;
	while (slice_next_item(&rest, ", \t\r\n", &item)) {
		if (slice_has(item, ';') || slice_has(item, '!'))
			return err_set(err, ERR_CONFIG,
			    "%s is no login", escape(mem, item, 64));
		if (slice_eq(login_normalise(mem, item, realm), login))
			*ret_has = true;
	}
	return 0;
}

enum right
rights_check(const struct rights *rights, struct slice login,
    const struct address *address, struct arena *mem, struct slice *ret_how,
    struct err *err)
{
	struct address_values found = { 0 };
	bool granted = false;

	if (is_own_address(rights, login, address, mem)) {
		*ret_how = SLICE("own address");
		return RIGHT_GRANTED;
	}
	switch (address_lookup(rights->tables, rights->table_count,
	    &rights->keys, address->local, address->domain, mem, &found, err)) {
	case TABLE_FOUND:
		break;
	case TABLE_ABSENT:
		return RIGHT_NONE;
	case TABLE_FAILED:
		return RIGHT_UNKNOWN;
	}
	for (size_t i = 0; i < found.count; i++) {
		bool has;

		if (value_has_login(found.values[i], login,
		    rights->config->main.domain, mem, &has, err) != 0) {
			err_wrap(err, "%.*s, key %s",
			    SLICE_ARGS(found.specs[i]),
			    escape(mem, found.key, 128));
			return RIGHT_UNKNOWN;
		}
		if (has && !granted) {
			granted = true;
			*ret_how = slice_format(mem, "%.*s, key %s",
			    SLICE_ARGS(found.specs[i]),
			    escape(mem, found.key, 128));
		}
	}
	return granted ? RIGHT_GRANTED : RIGHT_NONE;
}
