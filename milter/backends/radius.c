/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of type radius: what a server of RADIUS (RFC 2865) says of a login,
 * asked with Service-Type Authorize-Only. The file is like those of Postfix's
 * databases. The packets are our own: radcli 1.2.11 sends no
 * Message-Authenticator, so that a server that wants one is silent, checks none
 * in replies, and waits for whole seconds.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "radius_priv.h"
#include "table/module.h"

enum {
	RADIUS_PORT = 1812,
	RADSEC_PORT = 2083,
	MAX_ATTRIBUTES = 8,
	AUTHORIZE_ONLY = 17, /* RFC 5176 section 3.1 */
	ACCOUNTING_PORT = 1813,
	ACCT_STOP = 2, /* RFC 2866 section 5.1 */
};

struct radius_table {
	struct database database; /* first */
	struct slice hosts, accounting_hosts, secret, query, attribute_names,
	    nas_identifier;
	bool has_tls, has_dtls, is_verified;
	struct radius_way way;
	struct radius_attribute attributes[MAX_ATTRIBUTES]; /* no values */
	size_t count;
	struct server *accounting;
};

#define FIELD(name) offsetof(struct radius_table, name)
static const struct database_parameter parameters[] = {
	{ "hosts", DATABASE_TEXT, FIELD(hosts), "localhost", 1, 0 },
	{ "accounting_hosts", DATABASE_TEXT, FIELD(accounting_hosts),
	    "localhost", 1, 0 },
	{ "secret", DATABASE_SECRET, FIELD(secret), NULL, 1, 0 },
	{ "query", DATABASE_TEXT, FIELD(query), "%s", 1, 0 },
	{ "attributes", DATABASE_TEXT, FIELD(attribute_names), "Filter-Id", 1,
	    0 },
	{ "nas_identifier", DATABASE_TEXT, FIELD(nas_identifier), "submilter",
	    1, 0 },
	{ "tls", DATABASE_BOOL, FIELD(has_tls), "no", 0, 0 },
	{ "dtls", DATABASE_BOOL, FIELD(has_dtls), "no", 0, 0 },
	{ "tls_verify_cert", DATABASE_BOOL, FIELD(is_verified), "yes", 0, 0 },
	{ "tls_CAfile", DATABASE_TEXT, FIELD(way.tls.ca_file), "", 0, 0 },
	{ "tls_CApath", DATABASE_TEXT, FIELD(way.tls.ca_path), "", 0, 0 },
	{ "tls_cert_file", DATABASE_TEXT, FIELD(way.tls.certificate_file), "",
	    0, 0 },
	{ "tls_key_file", DATABASE_TEXT, FIELD(way.tls.key_file), "", 0, 0 },
};
static const struct database_type radius_type = { parameters,
	sizeof(parameters) / sizeof(parameters[0]), true };

static const struct {
	const char *name;
	unsigned int type;
} names[] = {
	{ "Filter-Id", RADIUS_FILTER_ID },
	{ "Reply-Message", RADIUS_REPLY_MESSAGE },
	{ "Class", RADIUS_CLASS },
};

static int
radius_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err)
{
	const struct radius_table *table = settings;
	struct radius_link *link = NULL;

	if (radius_link_open(&table->way, host, deadline_us, &link, err) != 0)
		return -1;
	*ret_connection = link;
	return 0;
}

static bool
radius_is_quiet(void *connection)
{
	return radius_link_is_quiet(connection);
}

static void
radius_disconnect(void *connection)
{
	radius_link_close(connection);
}

/* The question that a key is. */
static int
make_request(const struct radius_table *table, struct slice key,
    unsigned char id, const struct table_context *context,
    struct radius_packet *request)
{
	struct database_key parts;
	struct strbuf name;

	database_key_init(key, &parts);
	strbuf_init(&name, context->mem);
	if (database_expand(table->query, &parts, NULL, &name, context->err) !=
		0 ||
	    radius_begin_access(request, id, context->err) != 0)
		return -1;
	if (radius_add(request, RADIUS_USER_NAME, strbuf_slice(&name),
		context->err) != 0)
		return err_wrap(
		    context->err, "key %s", escape(context->mem, key, 128));
	if (radius_add_number(request, RADIUS_SERVICE_TYPE, AUTHORIZE_ONLY,
		context->err) != 0 ||
	    radius_add(request, RADIUS_NAS_IDENTIFIER, table->nas_identifier,
		context->err) != 0)
		return -1;
	return radius_seal(request, table->way.secret, context->err);
}

static bool
is_wanted(
    const struct radius_table *table, const struct radius_attribute *attribute)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct radius_attribute *wanted = &table->attributes[i];

		if (wanted->type == attribute->type &&
		    wanted->vendor == attribute->vendor &&
		    wanted->vendor_type == attribute->vendor_type)
			return true;
	}
	return false;
}

/* What an Access-Accept has of the attributes. */
static enum server_answer
read_accept(const struct radius_table *table, struct slice key,
    struct slice reply, const struct table_context *context,
    struct slice *ret_value)
{
	struct radius_cursor cursor = radius_reply_attributes(reply);
	struct radius_attribute attribute;
	struct database_result result;

	if (radius_reply_is_full(reply)) {
		err_set(context->err, ERR_TEMP, "%s", RADIUS_FULL);
		return SERVER_REFUSED;
	}
	database_result_init(&result, &table->database, key, context->mem);
	while (radius_next(&cursor, &attribute)) {
		if (is_wanted(table, &attribute) &&
		    database_result_add(
			&result, attribute.value, context->err) != 0)
			return SERVER_REFUSED;
	}
	return database_result_end(&result, ret_value);
}

static enum server_answer
radius_ask(void *settings, void *connection, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct radius_table *table = settings;
	struct radius_packet request;
	struct slice reply;

	if (make_request(
		table, key, radius_link_id(connection), context, &request) != 0)
		return SERVER_REFUSED;
	if (radius_link_ask(connection, &request, context, &reply) != 0)
		return SERVER_LOST;
	switch (radius_reply_code(reply)) {
	case RADIUS_ACCESS_ACCEPT:
		return read_accept(table, key, reply, context, ret_value);
	case RADIUS_ACCESS_REJECT:
		return SERVER_ABSENT;
	case RADIUS_ACCESS_CHALLENGE:
		err_set(context->err, ERR_TEMP,
		    "the server asks something back (Access-Challenge) in the "
		    "place of an answer to Authorize-Only");
		return SERVER_REFUSED;
	case RADIUS_ACCESS_REQUEST:
	case RADIUS_ACCOUNTING_REQUEST:
	case RADIUS_ACCOUNTING_RESPONSE:
		break;
	}
	err_set(context->err, ERR_TEMP, "the server sends a packet of code %d",
	    (int)radius_reply_code(reply));
	return SERVER_REFUSED;
}

/* The key is the attributes of the record. */
static enum server_answer
radius_account(void *settings, void *connection, struct slice attributes,
    const struct table_context *context, struct slice *ret_value)
{
	const struct radius_table *table = settings;
	struct radius_packet request;
	struct slice reply;

	(void)ret_value;
	radius_begin_accounting(&request, radius_link_id(connection));
	memcpy(request.data + request.len, attributes.data, attributes.len);
	request.len += attributes.len;
	if (radius_seal(&request, table->way.secret, context->err) != 0)
		return SERVER_REFUSED;
	if (radius_link_ask(connection, &request, context, &reply) != 0)
		return SERVER_LOST;
	if (radius_reply_code(reply) == RADIUS_ACCOUNTING_RESPONSE)
		return SERVER_ABSENT;
	err_set(context->err, ERR_TEMP, "the server sends a packet of code %d",
	    (int)radius_reply_code(reply));
	return SERVER_REFUSED;
}

static const struct server_ops radius_accounting = {
	.connect = radius_connect,
	.is_quiet = radius_is_quiet,
	.ask = radius_account,
	.disconnect = radius_disconnect,
};

static int
add_text(struct radius_packet *packet, unsigned int type, struct slice text,
    struct err *err)
{
	return text.len == 0 ? 0 : radius_add(packet, type, text, err);
}

/* A number as large as one of RADIUS can be. */
static uint32_t
as_number(unsigned long long number)
{
	return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

/* One message, as a session of its own that is over. RFC 2866, RFC 2869. */
static int
make_record(const struct radius_table *table, const struct table_record *record,
    struct radius_packet *packet, struct err *err)
{
	long long delay = (long long)(clock_now() - record->when);
	const struct {
		unsigned int type;
		uint32_t number;
	} numbers[] = {
		{ RADIUS_ACCT_STATUS_TYPE, ACCT_STOP },
		{ RADIUS_ACCT_INPUT_OCTETS, (uint32_t)record->octets },
		{ RADIUS_ACCT_INPUT_GIGAWORDS,
		    as_number(record->octets >> 32) },
		{ RADIUS_ACCT_INPUT_PACKETS, 1 },
		{ RADIUS_ACCT_OUTPUT_PACKETS, as_number(record->recipients) },
		{ RADIUS_EVENT_TIMESTAMP, (uint32_t)record->when },
		{ RADIUS_ACCT_DELAY_TIME,
		    as_number(delay < 0 ? 0 : (unsigned long long)delay) },
	};

	radius_begin_accounting(packet, 0);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (radius_add_number(
			packet, numbers[i].type, numbers[i].number, err) != 0)
			return -1;
	}
	if (add_text(packet, RADIUS_USER_NAME, record->login, err) != 0 ||
	    add_text(packet, RADIUS_CALLING_STATION_ID, record->client, err) !=
		0 ||
	    add_text(packet, RADIUS_ACCT_MULTI_SESSION_ID, record->session,
		err) != 0)
		return -1;
	/* Each record has one: RFC 2866 section 5.5. */
	return add_text(packet, RADIUS_ACCT_SESSION_ID,
		   record->message.len > 0 ? record->message : record->session,
		   err) != 0 ?
	    -1 :
	    radius_add(
		packet, RADIUS_NAS_IDENTIFIER, table->nas_identifier, err);
}

static int
radius_tell(void *handle, const struct table_record *record,
    const struct table_context *context)
{
	const struct radius_table *table = handle;
	struct radius_packet packet;
	struct slice attributes, none = { NULL, 0 };

	if (make_record(table, record, &packet, context->err) != 0)
		return -1;
	attributes =
	    slice_from((struct slice){ (const char *)packet.data, packet.len },
		RADIUS_HEADER_BYTES);
	return server_lookup(table->accounting,
		   &(struct table_keys){ &attributes, 1 }, context,
		   &none) == TABLE_ABSENT ?
	    0 :
	    -1;
}

static const struct server_ops radius_server = {
	.connect = radius_connect,
	.is_quiet = radius_is_quiet,
	.ask = radius_ask,
	.disconnect = radius_disconnect,
};

/* "Filter-Id", "11", or "26.VENDOR.TYPE". */
static bool
read_attribute(struct slice word, struct radius_attribute *ret)
{
	unsigned long number = 0;
	struct slice part;

	*ret = (struct radius_attribute){ .type = 0 };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_eq_nocase(word, slice_of(names[i].name)))
			ret->type = names[i].type;
	}
	if (ret->type != 0)
		return true;
	if (!slice_next_item(&word, ".", &part) ||
	    !slice_number(part, 255, &number) || number == 0)
		return false;
	ret->type = (unsigned int)number;
	if (ret->type != RADIUS_VENDOR_SPECIFIC)
		return word.len == 0;
	if (!slice_next_item(&word, ".", &part) ||
	    !slice_number(part, UINT32_MAX, &ret->vendor) ||
	    !slice_next_item(&word, ".", &part) ||
	    !slice_number(part, 255, &number) || word.len > 0)
		return false;
	ret->vendor_type = (unsigned int)number;
	return true;
}

static int
read_attributes(
    struct table_opening *opening, struct radius_table *table, struct err *err)
{
	struct slice rest = table->attribute_names, word;

	while (slice_next_item(&rest, ", \t", &word)) {
		if (table->count == MAX_ATTRIBUTES)
			return err_set(err, ERR_CONFIG,
			    "attributes: more than %d", (int)MAX_ATTRIBUTES);
		if (!read_attribute(word, &table->attributes[table->count++]))
			return err_set(err, ERR_CONFIG,
			    "attributes: \"%s\" is not Filter-Id, "
			    "Reply-Message, Class, a number or "
			    "26.VENDOR.NUMBER",
			    escape(opening->mem, word, 40));
	}
	if (table->count == 0)
		return err_set(err, ERR_CONFIG, "attributes takes a text");
	return 0;
}

static bool
is_loopback(const struct server_host *host)
{
	CLEANUP(arena_done) struct arena mem;
	struct in6_addr ipv6;
	struct in_addr ipv4;
	const char *name;

	arena_init(&mem);
	name = slice_cstr(&mem, host->name);
	return host->kind == HOST_INET &&
	    (slice_eq_nocase(host->name, SLICE("localhost")) ||
		(inet_pton(AF_INET, name, &ipv4) == 1 &&
		    ntohl(ipv4.s_addr) >> 24 == 127) ||
		(inet_pton(AF_INET6, name, &ipv6) == 1 &&
		    IN6_IS_ADDR_LOOPBACK(&ipv6)));
}

/* Who can forge answers of a server: whoever is on the path to it, or nobody. */
static void
warn_of_forgers(struct table_opening *opening, const struct radius_table *table,
    const struct server_host *host)
{
	struct arena *mem = opening->mem;

	if (is_loopback(host))
		return;
	if (table->way.transport == RADIUS_UDP)
		report_warning(opening->report,
		    "%s: %s is asked in the clear, where RADIUS has only MD5 "
		    "against forgers (CVE-2024-3596), and others read who "
		    "sends: say tls = yes or dtls = yes, or ask a server on "
		    "this machine",
		    escape(mem, opening->name, 200),
		    escape(mem, host->text, 128));
	else if (table->way.tls.is_unverified)
		report_warning(opening->report,
		    "%s: %s shows no certificate that is looked at "
		    "(tls_verify_cert = no), so whoever is on the path can "
		    "answer in its place: name its CA in tls_CAfile",
		    escape(mem, opening->name, 200),
		    escape(mem, host->text, 128));
}

/* The servers of a parameter, with this port where they name none. */
static int
read_hosts(struct table_opening *opening, const struct radius_table *table,
    struct slice list, unsigned int port, struct hosts **ret_hosts,
    struct err *err)
{
	struct hosts *hosts = hosts_new(opening, HOSTS_IN_ORDER);

	if (hosts_add_list(hosts, list, port, err) != 0)
		return -1;
	if (hosts_count(hosts) == 0)
		return err_set(err, ERR_CONFIG, "a text is missing");
	for (size_t i = 0; i < hosts_count(hosts); i++) {
		const struct server_host *host = hosts_at(hosts, i);

		if (host->kind == HOST_UNIX)
			return err_set(err, ERR_CONFIG,
			    "a server of RADIUS has no socket in the file "
			    "system");
		warn_of_forgers(opening, table, host);
	}
	*ret_hosts = hosts;
	return 0;
}

static int
read_servers(
    struct table_opening *opening, struct radius_table *table, struct err *err)
{
	bool has_tls = table->way.transport != RADIUS_UDP;
	struct hosts *hosts = NULL;

	if (read_hosts(opening, table, table->hosts,
		has_tls ? RADSEC_PORT : RADIUS_PORT, &hosts, err) != 0)
		return err_wrap(err, "hosts");
	table->database.server = server_new(&radius_server, table, hosts);
	if (read_hosts(opening, table, table->accounting_hosts,
		has_tls ? RADSEC_PORT : ACCOUNTING_PORT, &hosts, err) != 0)
		return err_wrap(err, "accounting_hosts");
	table->accounting = server_new(&radius_accounting, table, hosts);
	return 0;
}

/* Whoever names a CA does not mean to speak in the clear. */
static int
read_transport(struct radius_table *table, struct err *err)
{
	struct radius_way *way = &table->way;
	bool has_files = way->tls.ca_file.len > 0 || way->tls.ca_path.len > 0 ||
	    way->tls.certificate_file.len > 0;

	if (table->has_tls && table->has_dtls)
		return err_set(err, ERR_CONFIG,
		    "tls and dtls: a server is spoken to by one of them");
	if (way->tls.key_file.len > 0 && way->tls.certificate_file.len == 0)
		return err_set(
		    err, ERR_CONFIG, "tls_key_file needs tls_cert_file");
	way->tls.is_unverified = !table->is_verified;
	way->transport = RADIUS_UDP;
	if (table->has_dtls)
		way->transport = RADIUS_DTLS;
	else if (table->has_tls || has_files)
		way->transport = RADIUS_TLS;
	return 0;
}

static int
read_way(struct radius_table *table, struct err *err)
{
	/*
	 * RFC 6614 section 2.3 (5), RFC 7360 section 2.1: TLS keeps the secrets,
	 * and these are none.
	 */
	static const char *const known[] = {
		[RADIUS_TLS] = "radsec", [RADIUS_DTLS] = "radius/dtls"
	};
	struct radius_way *way = &table->way;

	if (read_transport(table, err) != 0)
		return -1;
	way->secret = table->secret;
	if (database_is_set(way->secret))
		return 0;
	if (way->transport == RADIUS_UDP)
		return err_set(err, ERR_CONFIG, "secret is missing");
	way->secret = slice_of(known[way->transport]);
	return 0;
}

static int
radius_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct radius_table *table = arena_alloc(opening->mem, sizeof(*table));
	bool has_key = false;

	*ret_handle = table;
	if (database_open(opening, &radius_type, &table->database, err) != 0 ||
	    database_add_template(
		&table->database, "query", table->query, &has_key, err) != 0)
		return -1;
	if (!has_key)
		return err_set(err, ERR_CONFIG,
		    "query: nothing of the key is in it, as %%s would be");
	if (read_attributes(opening, table, err) != 0 ||
	    read_way(table, err) != 0)
		return -1;
	return read_servers(opening, table, err);
}

static void
radius_close(void *handle)
{
	struct radius_table *table = handle;

	if (table == NULL)
		return;
	server_free(table->accounting);
	database_close(table);
}

static const struct table_ops table_radius = {
	.type = "radius",
	.caps = TABLE_FOR_LOGINS,
	.folds_keys = true,
	.asks_server = true,
	.name_word = "a file",
	.file_suffix = "",
	.open = radius_open,
	.lookup = database_lookup,
	.tell = radius_tell,
	.source = &text_source_ops,
	.close = radius_close,
};

TABLE_MODULE(&table_radius);
