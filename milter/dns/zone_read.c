/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of a master file: RFC 1035 section 5. */
#include "zone_priv.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	DEFAULT_TTL = 3600,
	MAX_TTL = 0x7fffffff,	      /* RFC 2181 section 8 */
	MAX_SET_OCTETS = 65535 - 512, /* what a message can hold */
	MAX_STRING_OCTETS = 255,
	RECORD_OCTETS = 12, /* of a record, beside its data */
};

/*
 * The parts of rdata: '4' and '6' an address, 'n' a name, 's' and 'l' a number
 * of 16 or 32 bits, 't' a time, '*' strings up to the end.
 */
static const struct form {
	const char *name;
	enum dns_type type;
	const char *parts;
} forms[] = {
	{ "A", DNS_A, "4" },
	{ "AAAA", DNS_AAAA, "6" },
	{ "CNAME", DNS_CNAME, "n" },
	{ "MX", DNS_MX, "sn" },
	{ "NS", DNS_NS, "n" },
	{ "PTR", DNS_PTR, "n" },
	{ "SOA", DNS_SOA, "nnltttt" },
	{ "SRV", DNS_SRV, "sssn" },
	{ "TXT", DNS_TXT, "*" },
};

static const struct fault {
	const char *name;
	const char *failure;
} faults[] = {
	{ "FAIL", "SERVFAIL" },
	{ "TIMEOUT", "timed out" },
};

/* Nobody asks for these; they may stand beside a CNAME. */
static const char *const unread[] = { "APL", "CAA", "CDNSKEY", "CDS", "CERT",
	"CSYNC", "DHCID", "DNSKEY", "DS", "HINFO", "HTTPS", "LOC", "NAPTR",
	"NSEC", "NSEC3", "NSEC3PARAM", "OPENPGPKEY", "RP", "RRSIG", "SMIMEA",
	"SPF", "SSHFP", "SVCB", "TLSA", "URI", "ZONEMD" };

struct reader {
	struct arena *mem; /* of the zone */
	struct map *nodes;
	struct zone_scanner scanner;
	size_t at; /* the token to be read next */
	struct dns_name origin;
	bool has_origin;
	struct dns_name owner;
	bool has_owner;
	uint32_t ttl; /* of records that name none */
	bool has_ttl; /* by $TTL */
};

struct zone_set *
zone_node_set(const struct zone_node *node, enum dns_type type)
{
	for (struct zone_set *set = node->sets; set != NULL; set = set->next) {
		if (set->type == type)
			return set;
	}
	return NULL;
}

static const struct zone_token *
next_token(struct reader *reader)
{
	const struct zone_scanner *scanner = &reader->scanner;

	return reader->at == scanner->count ? NULL :
					      &scanner->tokens[reader->at++];
}

static int
fail_at(const struct reader *reader, const struct zone_token *token,
    const char *what, struct err *err)
{
	if (token == NULL)
		return err_set(err, ERR_CONFIG, "%s is missing", what);
	return err_set(err, ERR_CONFIG, "\"%s\" is not %s",
	    escape(reader->scanner.mem, token->text, 64), what);
}

/* "3600", or "1h30m" as many servers have it. */
static bool
read_time(struct slice text, uint32_t *ret_seconds)
{
	static const char units[] = "smhdw";
	static const unsigned long lengths[] = { 1, 60, 3600, 86400, 604800 };
	unsigned long total = 0;

	if (slice_number(text, UINT32_MAX, &total)) {
		*ret_seconds = (uint32_t)total;
		return true;
	}
	while (text.len > 0) {
		unsigned long number, length;
		const char *unit;
		size_t end = 0;

		while (end < text.len && char_is_digit(text.data[end]))
			end++;
		if (end == text.len || text.data[end] == '\0' ||
		    !slice_number(slice_sub(text, 0, end), MAX_TTL, &number))
			return false;
		unit = strchr(units, char_lower(text.data[end]));
		if (unit == NULL)
			return false;
		length = lengths[unit - units];
		if (number > (MAX_TTL - total) / length)
			return false;
		total += number * length;
		text = slice_from(text, end + 1);
	}
	*ret_seconds = (uint32_t)total;
	return total > 0;
}

static int
read_name(struct reader *reader, const struct zone_token *token,
    struct dns_name *ret_name, struct err *err)
{
	const struct dns_name *origin =
	    reader->has_origin ? &reader->origin : NULL;

	if (token != NULL && !token->quoted) {
		if (origin != NULL && slice_eq(token->text, SLICE("@"))) {
			*ret_name = *origin;
			return 0;
		}
		if (dns_name_read(token->text, origin, ret_name))
			return 0;
		if (origin == NULL &&
		    dns_name_read(token->text, &dns_root, ret_name))
			return err_set(err, ERR_CONFIG,
			    "\"%s\" is relative, "
			    "and no $ORIGIN says to what",
			    escape(reader->scanner.mem, token->text, 64));
	}
	return fail_at(reader, token, "a name", err);
}

/* The node of a name, and of all above it. */
static struct zone_node *
add_node(struct reader *reader, const struct dns_name *name)
{
	struct dns_name lower = *name;
	struct slice key;
	struct zone_node *node;

	dns_name_lower(&lower);
	key = dns_name_wire(&lower);
	node = map_get(reader->nodes, key);
	if (node != NULL)
		return node;
	node = arena_alloc(reader->mem, sizeof(*node));
	ENSURE(map_add(reader->nodes, key, node));
	while (key.len > 1) {
		key = slice_from(key, 1 + (size_t)(unsigned char)key.data[0]);
		if (map_get(reader->nodes, key) != NULL)
			break;
		ENSURE(map_add(reader->nodes, key,
		    arena_alloc(reader->mem, sizeof(*node))));
	}
	return node;
}

static void
zone_read_add_number(
    struct strbuf *rdata, unsigned long number, unsigned int octets)
{
	while (octets-- > 0)
		strbuf_add_char(rdata,
		    (char)(unsigned char)(number >> (8 * octets) & 0xff));
}

static int
add_string(struct reader *reader, const struct zone_token *token,
    struct strbuf *rdata, struct err *err)
{
	char octets[MAX_STRING_OCTETS];
	size_t len = 0;

	if (token == NULL)
		return fail_at(reader, token, "a string", err);
	for (size_t at = 0; at < token->text.len;) {
		unsigned char octet;
		bool escaped;

		if (!dns_text_octet(token->text, &at, &octet, &escaped))
			return err_set(err, ERR_CONFIG,
			    "a backslash that escapes nothing");
		if (len == sizeof(octets))
			return err_set(err, ERR_CONFIG,
			    "a string of over 255 "
			    "octets: divide it into several");
		octets[len++] = (char)octet;
	}
	zone_read_add_number(rdata, len, 1);
	strbuf_add(rdata, (struct slice){ octets, len });
	return 0;
}

static int
zone_read_add_part(
    struct reader *reader, char part, struct strbuf *rdata, struct err *err)
{
	const struct zone_token *token = next_token(reader);
	bool is_six = part == '6';
	unsigned long number;
	uint32_t seconds;
	struct dns_name name;
	char octets[16];

	switch (part) {
	case '4':
	case '6':
		if (token == NULL ||
		    inet_pton(is_six ? AF_INET6 : AF_INET,
			slice_cstr(reader->scanner.mem, token->text),
			octets) != 1)
			return fail_at(reader, token,
			    is_six ? "an IPv6 address" : "an IPv4 address",
			    err);
		strbuf_add(rdata, (struct slice){ octets, is_six ? 16 : 4 });
		return 0;
	case 'n':
		if (read_name(reader, token, &name, err) != 0)
			return -1;
		strbuf_add(rdata, dns_name_wire(&name));
		return 0;
	case 't':
		if (token == NULL || !read_time(token->text, &seconds))
			return fail_at(reader, token, "a time", err);
		zone_read_add_number(rdata, seconds, 4);
		return 0;
	case 's':
	case 'l':
		if (token == NULL ||
		    !slice_number(token->text,
			part == 's' ? UINT16_MAX : UINT32_MAX, &number))
			return fail_at(reader, token, "a number", err);
		zone_read_add_number(rdata, number, part == 's' ? 2 : 4);
		return 0;
	default:
		break;
	}
	do {
		if (add_string(reader, token, rdata, err) != 0)
			return -1;
	} while ((token = next_token(reader)) != NULL);
	return 0;
}

/* A CNAME is alone at its name (RFC 1034 section 3.6.2). */
static bool
cname_is_alone(const struct zone_node *node, bool is_cname)
{
	if (!is_cname)
		return zone_node_set(node, DNS_CNAME) == NULL;
	return node->failure == NULL &&
	    (node->sets == NULL ||
		(node->sets->type == DNS_CNAME && node->sets->count == 0));
}

/* The data of a record of the owner, all of what is left of the entry. */
static int
zone_read_add_record(struct reader *reader, const struct form *form,
    uint32_t ttl, struct err *err)
{
	struct zone_node *node;
	struct zone_set *set;
	struct strbuf buf;
	struct slice rdata;
	void *records;

	strbuf_init(&buf, reader->scanner.mem);
	for (const char *part = form->parts; *part != '\0'; part++) {
		if (zone_read_add_part(reader, *part, &buf, err) != 0)
			return -1;
	}
	if (reader->at != reader->scanner.count)
		return err_set(err, ERR_CONFIG,
		    "more fields than a %s record has", form->name);
	rdata = strbuf_slice(&buf);
	node = add_node(reader, &reader->owner);
	set = zone_node_set(node, form->type);
	/* A repeated record counts once (RFC 2181 section 5). */
	for (size_t i = 0; set != NULL && i < set->count; i++) {
		if (slice_eq(set->records[i], rdata))
			return 0;
	}
	if (!cname_is_alone(node, form->type == DNS_CNAME))
		return err_set(err, ERR_CONFIG,
		    "a CNAME and another record at the same name");
	if (set == NULL) {
		set = arena_alloc(reader->mem, sizeof(*set));
		*set = (struct zone_set){
			.next = node->sets, .type = form->type, .ttl = ttl
		};
		node->sets = set;
	}
	set->octets += rdata.len + RECORD_OCTETS;
	if (set->octets > MAX_SET_OCTETS)
		return err_set(err, ERR_CONFIG,
		    "more records of one name "
		    "and type than a DNS message can hold");
	if (ttl < set->ttl)
		set->ttl = ttl;
	records = set->records;
	arena_reserve_one(reader->mem, &records, &set->cap, set->count,
	    sizeof(*set->records));
	set->records = records;
	set->records[set->count++] = slice_dup(reader->mem, rdata);
	return 0;
}

/* The type of a record and what follows it. */
static int
read_typed(struct reader *reader, uint32_t ttl, struct err *err)
{
	const struct zone_token *token = next_token(reader);
	struct zone_node *node;

	if (token == NULL || token->quoted)
		return fail_at(reader, token, "a record type", err);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (slice_eq_nocase(token->text, slice_of(forms[i].name)))
			return zone_read_add_record(
			    reader, &forms[i], ttl, err);
	}
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (!slice_eq_nocase(token->text, slice_of(faults[i].name)))
			continue;
		node = add_node(reader, &reader->owner);
		if (reader->at != reader->scanner.count)
			return err_set(
			    err, ERR_CONFIG, "text behind a pseudo type");
		if (node->failure != NULL)
			return err_set(err, ERR_CONFIG,
			    "two pseudo types at the same name");
		if (!cname_is_alone(node, false))
			return err_set(err, ERR_CONFIG,
			    "a CNAME and a pseudo type at the same name");
		node->failure = faults[i].failure;
		return 0;
	}
	for (size_t i = 0; i < sizeof(unread) / sizeof(unread[0]); i++) {
		if (slice_eq_nocase(token->text, slice_of(unread[i]))) {
			(void)add_node(reader, &reader->owner);
			return 0;
		}
	}
	return fail_at(reader, token, "a record type that is read here", err);
}

static int
zone_read_read_record(struct reader *reader, struct err *err)
{
	bool had_ttl = false, had_class = false;
	const struct zone_token *token;
	uint32_t ttl = reader->ttl;

	if (!reader->scanner.no_owner) {
		if (read_name(
			reader, next_token(reader), &reader->owner, err) != 0)
			return -1;
		reader->has_owner = true;
	} else if (!reader->has_owner) {
		return err_set(err, ERR_CONFIG, "a record without a name");
	}
	/* [TTL] [class], in either order. */
	while ((token = next_token(reader)) != NULL) {
		if (!had_class && slice_eq_nocase(token->text, SLICE("IN"))) {
			had_class = true;
		} else if (!had_ttl && token->text.len > 0 &&
		    char_is_digit(token->text.data[0])) {
			if (!read_time(token->text, &ttl) || ttl > MAX_TTL)
				return fail_at(reader, token, "a TTL", err);
			had_ttl = true;
		} else {
			reader->at--;
			break;
		}
	}
	if (had_ttl && !reader->has_ttl)
		reader->ttl = ttl;
	return read_typed(reader, ttl, err);
}

static int
zone_read_read_directive(struct reader *reader, struct err *err)
{
	const struct zone_token *what = next_token(reader);
	const struct zone_token *value = next_token(reader);

	if (slice_eq_nocase(what->text, SLICE("$ORIGIN"))) {
		if (read_name(reader, value, &reader->origin, err) != 0)
			return -1;
		reader->has_origin = true;
	} else if (slice_eq_nocase(what->text, SLICE("$TTL"))) {
		if (value == NULL || !read_time(value->text, &reader->ttl) ||
		    reader->ttl > MAX_TTL)
			return fail_at(reader, value, "a TTL", err);
		reader->has_ttl = true;
	} else {
		return fail_at(reader, what,
		    "a directive that is read here ($ORIGIN, $TTL)", err);
	}
	if (reader->at != reader->scanner.count)
		return err_set(err, ERR_CONFIG, "text behind a directive");
	return 0;
}

int
zone_read(struct zone *zone, struct slice text, const char *name_for_errors,
    struct err *err)
{
	struct reader reader = {
		.mem = &zone->mem, .nodes = zone->nodes, .ttl = DEFAULT_TTL
	};
	struct zone_scanner *scanner = &reader.scanner;
	const struct zone_token *first;
	size_t line;
	int status;

	(void)add_node(&reader, &dns_root);
	scanner->rest = text;
	scanner->line = 1;
	do {
		struct arena scratch;

		/* One entry at a time: a text may be as large as memory. */
		arena_init(&scratch);
		scanner->mem = &scratch;
		scanner->tokens = NULL;
		scanner->cap = 0;
		status = zone_scan(scanner, err);
		line = scanner->line;
		if (status == 0 && scanner->count > 0) {
			line = scanner->entry_line;
			reader.at = 0;
			first = &scanner->tokens[0];
			status = !first->quoted &&
				slice_starts(first->text, SLICE("$")) ?
			    zone_read_read_directive(&reader, err) :
			    zone_read_read_record(&reader, err);
		}
		arena_done(&scratch);
	} while (status == 0 && scanner->count > 0);
	if (status != 0)
		err_wrap(err, "%s:%zu", name_for_errors, line);
	return status;
}
