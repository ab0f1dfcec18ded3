/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/rights.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"

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
	unsigned int constructs = 0;
	struct err err;
	bool is_null;

	return reverse_path_parse(login, mem, &is_null, &mailbox, &constructs,
	    &err) == 0 && !is_null && mailbox.domain.len != 0 &&
	    address_canonical(&mailbox, (struct slice){ NULL, 0 }, true, mem,
		ret_address, NULL, &err) == 0;
}

/* What an address is to the one that the login itself is. */
enum likeness {
	OTHER,
	SAME,
	EXTENDED,		/* the same with an extension */
};

/* Where extensions end that an address may have: "a+b-c" has two. */
enum { MAX_MARKS = 8 };

static bool
is_mark(const struct rights *rights, char c)
{
	return c != '\0' && strchr(rights->keys.recipient_delimiter, c) != NULL;
}

/*
 * Whether the local part is the shorter one with an extension. With several
 * delimiters jean-luc+x is one of jean-luc's, and one of jean's.
 */
static bool
is_extended(const struct rights *rights, struct slice local,
    struct slice shorter)
{
	size_t marks = 0;

	if (local.len <= shorter.len || !slice_starts(local, shorter) ||
	    !is_mark(rights, local.data[shorter.len]) ||
	    address_base_length(local, rights->keys.recipient_delimiter) ==
		local.len)
		return false;
	/* Each is looked up, and nobody has that many. */
	for (size_t i = shorter.len; i < local.len; i++)
		marks += is_mark(rights, local.data[i]);
	return marks <= MAX_MARKS;
}

static enum likeness
compare(const struct rights *rights, struct slice login,
    const struct address *address, struct arena *mem, struct address *ret_own)
{
	struct address own;

	/* The realm that was judged is what stands behind the last "@". */
	if (!rights->config->rights.own_address ||
	    !rights_login_address(login, mem, &own) ||
	    !slice_eq(own.domain, address->domain) ||
	    !slice_eq(own.domain, slice_from(login,
		slice_find_last(login, '@') + 1)))
		return OTHER;
	*ret_own = own;
	if (slice_eq(own.local, address->local))
		return SAME;
	return is_extended(rights, address->local, own.local) ? EXTENDED :
	    OTHER;
}

/* One word of a table's value: "login", "!login", "login;behalf". */
struct grant {
	struct slice login;
	bool denied;
	bool behalf;
	bool expired;
};

/* "until=2027-01-31": whether that day is over, in UTC. */
static bool
parse_until(struct slice text, bool *ret_expired)
{
	struct slice date = slice_from(text, sizeof("until=") - 1);
	unsigned long year, month, day;
	struct tm tm = { 0 };
	time_t begin;

	if (date.len != 10 || date.data[4] != '-' || date.data[7] != '-' ||
	    !slice_number(slice_sub(date, 0, 4), 9999, &year) ||
	    !slice_number(slice_sub(date, 5, 2), 12, &month) ||
	    !slice_number(slice_sub(date, 8, 2), 31, &day) ||
	    year < 1970 || month == 0 || day == 0)
		return false;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)day;
	begin = timegm(&tm);
	/* 31 February would become another day. */
	if (tm.tm_mday != (int)day)
		return false;
	*ret_expired = clock_now() >= begin + 24 * 60 * 60;
	return true;
}

static int
parse_grant(struct slice word, struct slice realm, struct arena *mem,
    struct grant *ret_grant, struct err *err)
{
	struct grant grant = { .denied = word.data[0] == '!' };
	struct slice rest = grant.denied ? slice_from(word, 1) : word;
	size_t end = slice_find(rest, ';');
	struct slice login = slice_sub(rest, 0, end), flag;
	/* "alice; behalf" with a blank is two words: neither is a login. */
	bool good = login.len > 0 && !slice_has(login, '!') &&
	    !slice_starts_nocase(login, SLICE("until=")) &&
	    !slice_eq_nocase(login, SLICE("behalf"));
	bool dated = false;

	for (rest = slice_from(rest, end); good && rest.len > 0;
	    rest = slice_from(rest, flag.len)) {
		rest = slice_from(rest, 1);
		flag = slice_sub(rest, 0, slice_find(rest, ';'));
		if (slice_eq_nocase(flag, SLICE("behalf"))) {
			good = !grant.denied && !grant.behalf;
			grant.behalf = true;
		} else {
			good = !dated && slice_starts_nocase(flag,
			    SLICE("until=")) &&
			    parse_until(flag, &grant.expired);
			dated = true;
		}
	}
	if (!good)
		return err_set(err, ERR_CONFIG, "%s is no login: wants LOGIN, "
		    "!LOGIN, LOGIN;behalf or LOGIN;until=YYYY-MM-DD",
		    escape(mem, word, 64));
	grant.login = login_normalise(mem, login, realm);
	*ret_grant = grant;
	return 0;
}

/* What all values say of one login. */
struct finding {
	const struct address_value *denied_by;
	enum right right;		/* GRANTED, BEHALF or NONE */
	const struct address_value *by;
	bool any;			/* a grant for anybody was seen ... */
	unsigned int rung;		/* ... on this rung: the search ends */
};

/*
 * All of a value is read, so that a row with a fault is seen whoever asks.
 */
static int
read_value(const struct rights *rights, struct slice login,
    const struct address_value *value, struct arena *mem,
    struct finding *finding, struct err *err)
{
	struct slice rest = value->value, word;

	while (slice_next_item(&rest, ", \t\r\n", &word)) {
		struct grant grant;
		enum right right;

		if (parse_grant(word, rights->config->main.domain, mem, &grant,
		    err) != 0)
			return err_wrap(err, "%.*s, key %s",
			    SLICE_ARGS(table_spec(value->table)),
			    escape(mem, value->key, 128));
		if (grant.denied) {
			if (!grant.expired && slice_eq(grant.login, login))
				finding->denied_by = value;
			continue;
		}
		/* A row nearer to the address has granted already. */
		if (grant.expired || (finding->any &&
		    finding->rung != value->rung))
			continue;
		finding->any = true;
		finding->rung = value->rung;
		right = grant.behalf ? RIGHT_BEHALF : RIGHT_GRANTED;
		if (!slice_eq(grant.login, login) ||
		    right >= finding->right)
			continue;
		finding->right = right;
		finding->by = value;
	}
	return 0;
}

/* Whether a value, which was read before, gives the address to anybody. */
static bool
gives_to_somebody(const struct rights *rights, struct slice value,
    struct arena *mem)
{
	struct slice realm = rights->config->main.domain, word;
	struct grant grant;
	struct err err;

	while (slice_next_item(&value, ", \t\r\n", &word)) {
		if (parse_grant(word, realm, mem, &grant, &err) == 0 &&
		    !grant.denied && !grant.expired)
			return true;
	}
	return false;
}

/*
 * Whether a value speaks of an address with an extension. A pattern may match
 * any address, as "static:admin" does; it speaks of this one only if it has
 * another answer for the own address, or for one with another extension.
 */
static int
speaks_of_longer(const struct rights *rights, const struct address *own,
    char mark, const struct address_value *value, struct arena *mem,
    bool *ret_speaks, struct err *err)
{
	const struct slice others[] = { own->local, slice_format(mem,
	    "%.*s%cnobody-has-this", SLICE_ARGS(own->local), mark) };

	*ret_speaks = true;
	if ((table_caps(value->table) & TABLE_CAP_PATTERNS) == 0)
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct address_values found = { .count = 0 };

		if (address_lookup(&value->table, 1, &rights->keys, others[i],
		    own->domain, mem, &found, err) == TABLE_FAILED)
			return -1;
		if (found.count == 0 ||
		    !slice_eq(found.items[0].value, value->value))
			return 0;
	}
	*ret_speaks = false;
	return 0;
}

/*
 * The value that gives one address that is longer than the own one to somebody;
 * *ret_given stays NULL where the tables give it to nobody.
 */
static int
find_given(const struct rights *rights, const struct address *own, char mark,
    const struct address_values *found, struct arena *mem,
    const struct address_value **ret_given, struct err *err)
{
	for (size_t i = 0; i < found->count && *ret_given == NULL; i++) {
		const struct address_value *value = &found->items[i];
		bool speaks;

		if (!value->full_local ||
		    !gives_to_somebody(rights, value->value, mem))
			continue;
		if (speaks_of_longer(rights, own, mark, value, mem, &speaks,
		    err) != 0)
			return -1;
		if (speaks)
			*ret_given = value;
	}
	return 0;
}

/*
 * The same for an address with extensions, whose own values were found already,
 * and for what is left of it when the last extension is taken off, and so on:
 * who has jean-luc@ has jean-luc+x@ as well, and jean has neither.
 */
static int
find_longer(const struct rights *rights, const struct address *own,
    const struct address *address, const struct address_values *found,
    struct arena *mem, const struct address_value **ret_given,
    struct err *err)
{
	char mark = address->local.data[own->local.len];

	if (find_given(rights, own, mark, found, mem, ret_given, err) != 0)
		return -1;
	for (size_t i = address->local.len; i > own->local.len + 1 &&
	    *ret_given == NULL; i--) {
		struct address_values shorter = { .count = 0 };

		if (!is_mark(rights, address->local.data[i - 1]))
			continue;
		if (address_lookup(rights->tables, rights->table_count,
		    &rights->keys, slice_sub(address->local, 0, i - 1),
		    own->domain, mem, &shorter, err) == TABLE_FAILED ||
		    find_given(rights, own, mark, &shorter, mem, ret_given,
			err) != 0)
			return -1;
	}
	return 0;
}

static struct slice
row_name(const char *before, const struct address_value *value,
    struct arena *mem)
{
	return slice_format(mem, "%s%.*s, key %s", before,
	    SLICE_ARGS(table_spec(value->table)),
	    escape(mem, value->key, 128));
}

/* Why an address that looks like the login's own is not; empty: it does not. */
static struct slice
realm_fault(const struct rights *rights, const struct submitter *submitter,
    const struct address *address, enum likeness likeness, struct arena *mem)
{
	struct slice login = submitter->login;
	size_t at = slice_find_last(login, '@');

	if (likeness != OTHER && !submitter->realm_counts)
		return slice_format(mem, "no own address: neither domain nor "
		    "identify.realms names the realm %s of the login",
		    escape(mem, slice_from(login, at + 1), 128));
	if (rights->config->rights.own_address && at == login.len &&
	    slice_eq(login, address->local))
		return SLICE("no own address: the login has no realm, and "
		    "domain is not set");
	return SLICE("");
}

enum right
rights_check(const struct rights *rights, const struct submitter *submitter,
    const struct address *address, struct arena *mem, struct slice *ret_how,
    struct err *err)
{
	struct address_values found = { 0 };
	struct finding finding = { .right = RIGHT_NONE };
	const struct address_value *given = NULL;
	enum likeness likeness;
	struct address own;

	if (address_lookup(rights->tables, rights->table_count,
	    &rights->keys, address->local, address->domain, mem, &found,
	    err) == TABLE_FAILED)
		return RIGHT_UNKNOWN;
	for (size_t i = 0; i < found.count; i++) {
		if (read_value(rights, submitter->login, &found.items[i], mem,
		    &finding, err) != 0)
			return RIGHT_UNKNOWN;
	}
	if (finding.denied_by != NULL) {
		*ret_how = row_name("denied by ", finding.denied_by, mem);
		return RIGHT_NONE;
	}
	if (submitter_is_named(submitter, rights->config, address->local,
	    address->domain)) {
		*ret_how = SLICE("the mail server's own name");
		return RIGHT_GRANTED;
	}
	likeness = compare(rights, submitter->login, address, mem, &own);
	if (likeness == EXTENDED &&
	    find_longer(rights, &own, address, &found, mem, &given, err) != 0)
		return RIGHT_UNKNOWN;
	if (likeness != OTHER && given == NULL && submitter->realm_counts) {
		*ret_how = SLICE("own address");
		return RIGHT_GRANTED;
	}
	if (finding.right != RIGHT_NONE)
		*ret_how = row_name("", finding.by, mem);
	else if (given != NULL)
		*ret_how = row_name("an extension of the own address, given "
		    "to others by ", given, mem);
	else
		*ret_how = realm_fault(rights, submitter, address, likeness,
		    mem);
	return finding.right;
}

/* What the rows of a table grant to one login, as far as replies need it. */
struct examples {
	struct slice keys[RIGHTS_EXAMPLES];
	size_t count;
};

static void
add_example(struct map *map, struct arena *mem, struct slice login,
    struct slice key)
{
	struct examples *examples = map_get(map, login);

	if (examples == NULL) {
		examples = arena_alloc(mem, sizeof(*examples));
		if (!map_add(map, login, examples))
			return;
	}
	if (examples->count < RIGHTS_EXAMPLES)
		examples->keys[examples->count++] = key;
}

static void
gather_examples(struct rights *rights, const struct table *table,
    struct arena *mem)
{
	struct slice realm = rights->config->main.domain;
	struct slice key, value, word;
	struct err err;

	for (size_t i = 0; table_row(table, i, &key, &value); i++) {
		if (!slice_has(key, '@'))
			continue;
		while (slice_next_item(&value, ", \t\r\n", &word)) {
			struct grant grant;

			if (parse_grant(word, realm, mem, &grant, &err) == 0 &&
			    !grant.denied && !grant.behalf)
				add_example(rights->examples, mem, grant.login,
				    key);
		}
	}
}

/* A key of a row as an address that is granted now; an empty slice if not. */
static struct slice
checked_example(const struct rights *rights,
    const struct submitter *submitter, struct slice key, struct arena *mem)
{
	bool whole_domain = key.data[0] == '@';
	struct slice path = whole_domain ?
	    slice_format(mem, "x%.*s", SLICE_ARGS(key)) : key;
	struct address address;
	struct slice how;
	struct err err;

	if (!rights_login_address(path, mem, &address) ||
	    rights_check(rights, submitter, &address, mem, &how,
		&err) != RIGHT_GRANTED)
		return (struct slice){ NULL, 0 };
	return whole_domain ? slice_format(mem, "*@%.*s",
	    SLICE_ARGS(address.domain)) : address.text;
}

size_t
rights_examples(const struct rights *rights,
    const struct submitter *submitter, struct arena *mem,
    struct slice ret_texts[RIGHTS_EXAMPLES])
{
	const struct examples *examples = map_get(rights->examples,
	    submitter->login);
	size_t count = 0;
	struct slice text = checked_example(rights, submitter,
	    submitter->login, mem);

	if (text.len != 0)
		ret_texts[count++] = text;
	for (size_t i = 0; examples != NULL && i < examples->count &&
	    count < RIGHTS_EXAMPLES; i++) {
		bool known = false;

		text = checked_example(rights, submitter, examples->keys[i],
		    mem);
		for (size_t j = 0; j < count; j++)
			known = known || slice_eq(text, ret_texts[j]);
		if (text.len != 0 && !known)
			ret_texts[count++] = text;
	}
	return count;
}

void
rights_init(struct rights *rights, const struct config *config,
    struct table **tables, size_t table_count, struct arena *mem)
{
	*rights = (struct rights){ .config = config, .tables = tables,
		.table_count = table_count };
	rights->keys.recipient_delimiter =
	    slice_cstr(mem, config->rights.extension);
	rights->keys.local_domain = slice_lower(mem, config->main.domain);
	rights->examples = map_new(mem);
	for (size_t i = 0; i < table_count; i++)
		gather_examples(rights, tables[i], mem);
}

int
rights_open(struct rights *rights, const struct config *config,
    table_report *report, void *arg, struct arena *mem, struct err *err)
{
	const struct slice_list *specs = &config->rights.tables;
	struct table **tables = arena_array(mem, specs->count,
	    sizeof(*tables));

	*rights = (struct rights){ .config = config, .tables = tables };
	/* Each one is tried: the faults of all are reported. */
	for (size_t i = 0; i < specs->count; i++) {
		if (table_open_reported(specs->items[i], report, arg,
		    &tables[rights->table_count], err) == 0)
			rights->table_count++;
	}
	if (rights->table_count < specs->count)
		return -1;
	rights_init(rights, config, tables, specs->count, mem);
	return 0;
}
