/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules that a single value does not show. Each rule is silent about an option
 * whose value was refused already.
 */
#include <string.h>
#include <sys/un.h>

#include "base/net.h"
#include "base/suggest.h"
#include "config_check_priv.h"
#include "message/address.h"

enum { MAX_DOMAIN = 253, MAX_LABEL = 63, MAX_URL = 200 };

bool
config_is_host_name(struct slice name, size_t min_labels)
{
	size_t labels = 0, label = 0;
	bool digits_only = true;

	if (name.len == 0 || name.len > MAX_DOMAIN)
		return false;
	for (size_t i = 0; i <= name.len; i++) {
		char c = i == name.len ? '.' : name.data[i];

		if (c == '.') {
			if (label == 0 || label > MAX_LABEL ||
			    name.data[i - 1] == '-')
				return false;
			label = 0;
			labels++;
			continue;
		}
		if (!char_is_alpha(c) && !char_is_digit(c) &&
		    (c != '-' || label == 0))
			return false;
		if (label++ == 0)
			digits_only = true;
		if (!char_is_digit(c))
			digits_only = false;
	}
	return labels >= min_labels && !digits_only;
}

static void
check_unix_socket(struct reading *r, struct slice path)
{
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (!slice_starts(path, SLICE("/")) || path.len < 2 ||
	    path.data[path.len - 1] == '/')
		OPTION_FAULT(r, OPT_main_listen, "listen: unix: wants the "
		    "absolute path of a socket, not \"%s\"", shown(r, path));
	else if (path.len > max)
		OPTION_FAULT(r, OPT_main_listen, "listen: the path has %zu "
		    "octets; a Unix socket's has at most %zu", path.len, max);
}

static void
check_inet_socket(struct reading *r, struct slice rest, bool six)
{
	const char *kind = six ? "inet6" : "inet";
	size_t at = slice_find(rest, '@');
	struct slice host = slice_from(rest, at + 1);
	unsigned long port;
	struct net_addr addr;

	if (!slice_number(slice_sub(rest, 0, at), 65535, &port) || port == 0)
		OPTION_FAULT(r, OPT_main_listen, "listen: %s: wants a port "
		    "from 1 to 65535, as in %s:8891@%s", kind, kind,
		    six ? "::1" : "127.0.0.1");
	else if (host.len == 0)
		OPTION_FAULT(r, OPT_main_listen, "listen: the address is "
		    "missing: %s:%lu@%s is reachable from this host only",
		    kind, port, six ? "::1" : "127.0.0.1");
	else if (net_addr_parse(host, &addr) ?
	    addr.bits != (six ? 128U : 32U) : !config_is_host_name(host, 1))
		OPTION_FAULT(r, OPT_main_listen, "listen: \"%s\" is neither "
		    "an IPv%c address nor a host name", shown(r, host),
		    six ? '6' : '4');
}

static void
check_listen(struct reading *r)
{
	struct slice spec = r->config->main.listen;
	size_t colon = slice_find(spec, ':');
	struct slice kind = slice_sub(spec, 0, colon);
	struct slice rest = slice_from(spec, colon + 1);

	if (is_bad(r, OPT_main_listen))
		return;
	if (slice_eq(kind, SLICE("unix")) || slice_eq(kind, SLICE("local")))
		check_unix_socket(r, rest);
	else if (slice_eq(kind, SLICE("inet")))
		check_inet_socket(r, rest, false);
	else if (slice_eq(kind, SLICE("inet6")))
		check_inet_socket(r, rest, true);
	else
		OPTION_FAULT(r, OPT_main_listen, "listen: wants unix:PATH, "
		    "inet:PORT@ADDRESS or inet6:PORT@ADDRESS, not \"%s\"",
		    shown(r, spec));
}

static void
check_socket_mode(struct reading *r)
{
	struct slice text = r->config->main.socket_mode;
	unsigned int mode = 0;
	bool octal = text.len >= 3 && text.len <= 4;

	if (is_bad(r, OPT_main_socket_mode))
		return;
	for (size_t i = 0; i < text.len && octal; i++) {
		octal = text.data[i] >= '0' && text.data[i] <= '7';
		mode = mode * 8 + (unsigned int)(text.data[i] - '0');
	}
	if (!octal || mode > 0777)
		OPTION_FAULT(r, OPT_main_socket_mode, "socket-mode: wants "
		    "three octal digits like 0660, not \"%s\"", shown(r, text));
	else if ((mode & 02) != 0)
		OPTION_FAULT(r, OPT_main_socket_mode, "socket-mode: with %s "
		    "every local user could pose as the MTA and have mail "
		    "signed; use 0660 and socket-group", shown(r, text));
	else if ((mode & 0200) == 0)
		OPTION_FAULT(r, OPT_main_socket_mode, "socket-mode: with %s "
		    "nobody can connect; use 0660", shown(r, text));
}

static void
check_names(struct reading *r)
{
	struct slice hostname = r->config->main.hostname;
	struct slice domain = r->config->main.domain;

	if (!is_bad(r, OPT_main_hostname) && hostname.len > 0 &&
	    !config_is_host_name(hostname, 1))
		OPTION_FAULT(r, OPT_main_hostname, "hostname: \"%s\" is no "
		    "host name", shown(r, hostname));
	if (is_bad(r, OPT_main_domain) || domain.len == 0)
		return;
	if (!slice_is_ascii(domain))
		OPTION_FAULT(r, OPT_main_domain, "domain: wants an "
		    "internationalised domain in its A-label form "
		    "(xn--...), not \"%s\"", shown(r, domain));
	else if (!config_is_host_name(domain, 2))
		OPTION_FAULT(r, OPT_main_domain, "domain: \"%s\" is no mail "
		    "domain like example.org", shown(r, domain));
	else
		r->config->main.domain = slice_lower(&r->config->mem, domain);
}

static void
check_keys(struct reading *r)
{
	const struct config *config = r->config;
	struct slice keys = config->main.keys;

	if (is_bad(r, OPT_main_keys))
		return;
	if (keys.len > 0 && !slice_starts(keys, SLICE("/")))
		OPTION_FAULT(r, OPT_main_keys, "keys: wants an absolute path, "
		    "not \"%s\"", shown(r, keys));
	else if (keys.len == 0 && !is_bad(r, OPT_sign_unsigned_policy) &&
	    config->sign.unsigned_policy == UNSIGNED_REJECT)
		OPTION_FAULT(r, OPT_sign_unsigned_policy, "sign.unsigned: "
		    "reject would refuse every message, because keys is not "
		    "set");
}

static bool
list_has(const struct slice_list *list, struct slice word)
{
	for (size_t i = 0; i < list->count; i++) {
		if (slice_eq(list->items[i], word))
			return true;
	}
	return false;
}

static void
check_methods(struct reading *r)
{
	static const char *const known[] = { "sasl", "network" };
	const struct slice_list *methods = &r->config->identify.methods;
	struct slice table = r->config->identify.network;
	bool has_network = list_has(methods, SLICE("network"));

	if (is_bad(r, OPT_identify_methods))
		return;
	if (methods->count == 0)
		OPTION_FAULT(r, OPT_identify_methods, "identify.methods: "
		    "wants at least one of sasl, network");
	for (size_t i = 0; i < methods->count; i++) {
		struct slice word = methods->items[i];
		const char *near;

		if (slice_eq(word, SLICE("sasl")) ||
		    slice_eq(word, SLICE("network")))
			continue;
		near = suggest(word, known, 2);
		OPTION_FAULT(r, OPT_identify_methods, "identify.methods: "
		    "\"%s\" is no method; there are sasl and network%s%s%s",
		    shown(r, word), near == NULL ? "" : "; did you mean \"",
		    near == NULL ? "" : near, near == NULL ? "" : "\"?");
		/* It may be the word that the other rule misses. */
		has_network = has_network || near == known[1];
	}
	if (is_bad(r, OPT_identify_network))
		return;
	if (has_network && table.len == 0)
		OPTION_FAULT(r, OPT_identify_methods, "identify.methods: "
		    "the method network needs a table: set identify.network");
	else if (!has_network && table.len > 0)
		OPTION_FAULT(r, OPT_identify_network, "identify.network: is "
		    "not used, because network is not in identify.methods");
}

bool
config_is_table_spec(struct slice spec)
{
	size_t colon = slice_find(spec, ':');

	for (size_t i = 0; i < colon; i++) {
		if (!char_is_alpha(spec.data[i]) &&
		    !char_is_digit(spec.data[i]))
			return false;
	}
	return colon > 0 && colon < spec.len;
}

static void
check_tables(struct reading *r)
{
	const struct config *config = r->config;
	const struct slice_list *tables = &config->rights.tables;

	if (!is_bad(r, OPT_identify_network) &&
	    config->identify.network.len > 0 &&
	    !config_is_table_spec(config->identify.network))
		OPTION_FAULT(r, OPT_identify_network, "identify.network: "
		    "wants TYPE:NAME like cidr:/etc/submilter/networks, not "
		    "\"%s\"", shown(r, config->identify.network));
	if (is_bad(r, OPT_rights_tables))
		return;
	for (size_t i = 0; i < tables->count; i++) {
		if (!config_is_table_spec(tables->items[i]))
			OPTION_FAULT(r, OPT_rights_tables, "rights.tables: "
			    "wants TYPE:NAME like "
			    "texthash:/etc/submilter/rights, not \"%s\"",
			    shown(r, tables->items[i]));
		else if (slice_starts(tables->items[i], SLICE("cidr:")))
			OPTION_FAULT(r, OPT_rights_tables, "rights.tables: "
			    "\"%s\" has networks, and addresses are asked for",
			    shown(r, tables->items[i]));
	}
	if (tables->count == 0 && !config->rights.own_address &&
	    !is_bad(r, OPT_rights_own_address))
		OPTION_FAULT(r, OPT_rights_own_address, "rights.own-address: "
		    "no without rights.tables leaves no login any address");
}

static void
check_extension(struct reading *r)
{
	struct slice text = r->config->rights.extension;

	if (is_bad(r, OPT_rights_extension))
		return;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (char_is_alpha(c) || char_is_digit(c) || char_is_8bit(c) ||
		    char_is_wsp(c) || strchr("@\"\\<>,:;()[]", c) != NULL) {
			OPTION_FAULT(r, OPT_rights_extension,
			    "rights.extension: \"%s\" cannot begin an address "
			    "extension", shown(r, slice_sub(text, i, 1)));
			return;
		}
	}
}

/* ftext of RFC 5322 section 3.6.8, but ";" would end the list in h=. */
static bool
is_field_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || name.data[i] > '~' ||
		    name.data[i] == ':' || name.data[i] == ';')
			return false;
	}
	return name.len > 0;
}

/*
 * What is added, changed or removed on the way; a signature over it breaks
 * (RFC 6376 section 5.4).
 */
static bool
is_never_signed(struct slice name)
{
	static const char *const names[] = { "bcc", "content-length",
		"dkim-signature", "full-name", "received", "resent-bcc",
		"return-path" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_eq(name, slice_of(names[i])))
			return true;
	}
	return false;
}

/* Folds a list of field names to lower case; reports what cannot be signed. */
static void
check_field_names(struct reading *r, size_t index, struct slice_list *list)
{
	const char *name = option_name(&options[index]);

	for (size_t i = 0; i < list->count; i++) {
		struct slice field = slice_lower(&r->config->mem,
		    list->items[i]);

		if (!is_field_name(field))
			OPTION_FAULT(r, index, "%s: \"%s\" is no field name",
			    name, shown(r, field));
		else if (is_never_signed(field))
			OPTION_FAULT(r, index, "%s: %s changes on the way; it "
			    "cannot be signed", name, shown(r, field));
		for (size_t j = 0; j < i; j++) {
			if (slice_eq(field, list->items[j]))
				OPTION_FAULT(r, index, "%s: has \"%s\" twice",
				    name, shown(r, field));
		}
		list->items[i] = field;
	}
}

/*
 * What is oversigned must be signed. The default list counts for what the
 * message has signed, so that whoever signs less need not repeat it.
 */
static void
check_oversigned(struct reading *r, size_t index, struct slice_list *list)
{
	const char *name = option_name(&options[index]);
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct slice field = list->items[i];

		if (list_has(&r->config->sign.signed_headers, field))
			list->items[kept++] = field;
		else if (was_set(r, index))
			OPTION_FAULT(r, index, "%s: %s is not in "
			    "sign.signed-headers", name, shown(r, field));
	}
	list->count = kept;
}

static void
check_signed_headers(struct reading *r)
{
	struct slice_list *signed_headers = &r->config->sign.signed_headers;
	struct slice_list *oversigned = &r->config->sign.oversigned_headers;
	struct slice_list *present = &r->config->sign.oversigned_present;

	check_field_names(r, OPT_sign_signed_headers, signed_headers);
	check_field_names(r, OPT_sign_oversigned_headers, oversigned);
	check_field_names(r, OPT_sign_oversigned_present, present);
	if (is_bad(r, OPT_sign_signed_headers))
		return;
	if (!list_has(signed_headers, SLICE("from")))
		OPTION_FAULT(r, OPT_sign_signed_headers, "sign.signed-headers: "
		    "from is missing; a signature must cover it");
	check_oversigned(r, OPT_sign_oversigned_headers, oversigned);
	check_oversigned(r, OPT_sign_oversigned_present, present);
}

static void
check_engine(struct reading *r)
{
	const struct config *config = r->config;

	if (config->sign.engine != ENGINE_LIBOPENDKIM)
		return;
	if (config->repair.sealed == SEALED_PASS_UNSIGNED)
		OPTION_FAULT(r, OPT_repair_sealed, "repair.sealed-parts: "
		    "pass-unsigned needs sign.engine = native");
	if (config->repair.sealed_8bit == SEALED_PASS_UNSIGNED)
		OPTION_FAULT(r, OPT_repair_sealed_8bit, "repair.sealed-8bit: "
		    "pass-unsigned needs sign.engine = native");
}

/* "NAME <ADDRESS>", or anything with a word in it. */
static bool
is_protected_name(struct slice text, struct arena *mem)
{
	struct mailbox_list list;
	struct err err;

	if (slice_has(text, '<'))
		return mailbox_list_parse(text, 1, mem, &list, &err) == 0 &&
		    list.count == 1 && list.items[0].display.len > 0;
	for (size_t i = 0; i < text.len; i++) {
		if (char_is_alpha(text.data[i]) ||
		    char_is_digit(text.data[i]) || char_is_8bit(text.data[i]))
			return true;
	}
	return false;
}

static void
check_protected_names(struct reading *r)
{
	const struct slice_list *list = &r->config->names.protected_names;

	if (is_bad(r, OPT_names_protected_names))
		return;
	for (size_t i = 0; i < list->count; i++) {
		if (!is_protected_name(list->items[i], &r->scratch))
			OPTION_FAULT(r, OPT_names_protected_names,
			    "names.protected-names: wants NAME, NAME <ADDRESS> "
			    "or DOMAIN, not \"%s\"", shown(r, list->items[i]));
	}
}

/* It goes into SMTP replies as it stands. */
static void
check_help_url(struct reading *r)
{
	struct slice url = r->config->rights.help_url;
	bool good = url.len == 0 || slice_starts(url, SLICE("https://")) ||
	    slice_starts(url, SLICE("http://"));

	if (is_bad(r, OPT_rights_help_url))
		return;
	for (size_t i = 0; i < url.len; i++)
		good = good && url.data[i] > ' ' && url.data[i] <= '~';
	if (!good || url.len > MAX_URL)
		OPTION_FAULT(r, OPT_rights_help_url, "rights.help-url: wants "
		    "https://... of at most %d octets, not \"%s\"",
		    (int)MAX_URL, shown(r, url));
}

/* Without these a message has no author or cannot be read. */
static bool
is_never_removed(struct slice name)
{
	static const char *const names[] = { "from", "sender", "resent-from",
		"resent-sender", "author", "date", "message-id",
		"mime-version", "content-type", "content-transfer-encoding" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_eq_nocase(name, slice_of(names[i])))
			return true;
	}
	return false;
}

static void
check_removed(struct reading *r, size_t index, const struct slice_list *list)
{
	const char *name = option_name(&options[index]);

	if (is_bad(r, index))
		return;
	for (size_t i = 0; i < list->count; i++) {
		if (!is_field_name(list->items[i]))
			OPTION_FAULT(r, index, "%s: \"%s\" is no field name",
			    name, shown(r, list->items[i]));
		else if (is_never_removed(list->items[i]))
			OPTION_FAULT(r, index, "%s: a message needs its %s",
			    name, shown(r, list->items[i]));
	}
}

static void
check_limits(struct reading *r)
{
	const struct config *config = r->config;

	if (!is_bad(r, OPT_limits_field_bytes) &&
	    !is_bad(r, OPT_limits_header_bytes) &&
	    config->limits.field_bytes > config->limits.header_bytes)
		OPTION_FAULT(r, was_set(r, OPT_limits_header_bytes) ?
		    OPT_limits_header_bytes : OPT_limits_field_bytes,
		    "limits.header-bytes: %lu is less than limits.field-bytes "
		    "(%lu), and one field would not fit",
		    config->limits.header_bytes, config->limits.field_bytes);
}

/* SPF is of addresses; without any the check would say nothing. */
static void
check_egress(struct reading *r)
{
	const struct config *config = r->config;
	bool has_any = config->preflight.egress.count != 0;
	struct net_cidr network;
	struct err err;

	if (is_bad(r, OPT_preflight_egress))
		return;
	for (size_t i = 0; i < config->preflight.egress.count; i++) {
		struct slice item = config->preflight.egress.items[i];

		if (net_cidr_parse(item, &network, &err) != 0)
			OPTION_FAULT(r, OPT_preflight_egress,
			    "preflight.egress: \"%s\": %s", shown(r, item),
			    err.text);
	}
	if (!has_any && config->preflight.spf != PREFLIGHT_OFF)
		OPTION_FAULT(r, OPT_preflight_spf, "preflight.spf: needs "
		    "preflight.egress, the addresses that mail leaves from");
	if (!has_any && config->preflight.sender_id != PREFLIGHT_OFF)
		OPTION_FAULT(r, OPT_preflight_sender_id, "preflight.sender-id: "
		    "needs preflight.egress, the addresses that mail leaves "
		    "from");
}

void
config_check(struct reading *r)
{
	check_listen(r);
	check_socket_mode(r);
	check_names(r);
	check_keys(r);
	check_methods(r);
	check_tables(r);
	config_check_realms(r);
	config_check_login_map(r);
	check_extension(r);
	check_signed_headers(r);
	check_engine(r);
	check_protected_names(r);
	check_help_url(r);
	check_removed(r, OPT_repair_remove, &r->config->repair.remove);
	check_removed(r, OPT_repair_identity_fields,
	    &r->config->repair.identity_fields);
	check_limits(r);
	check_egress(r);
}
