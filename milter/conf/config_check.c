/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules that a single value does not show. Each rule is silent about an option
 * whose value was refused already.
 */
#include <string.h>
#include <sys/un.h>

#include "base/net.h"
#include "conf/local_socket.h"
#include "config_check_priv.h"
#include "message/address.h"
#include "message/field_names.h"
#include "table/table.h"

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
check_inet_socket(struct reading *r, struct slice rest, bool six)
{
	const char *kind = six ? "inet6" : "inet";
	size_t at = slice_find(rest, '@');
	struct slice host = slice_from(rest, at + 1);
	unsigned long port;
	struct net_addr addr;

	if (at == rest.len && slice_has(rest, ':'))
		OPTION_FAULT(r, OPT_main_listen,
		    "listen: the port stands "
		    "before the address here: write %s:%.*s@%.*s",
		    kind,
		    SLICE_ARGS(
			slice_from(rest, slice_find_last(rest, ':') + 1)),
		    SLICE_ARGS(slice_sub(rest, 0, slice_find_last(rest, ':'))));
	else if (!slice_number(slice_sub(rest, 0, at), 65535, &port) ||
	    port == 0)
		OPTION_FAULT(r, OPT_main_listen,
		    "listen: %s: takes a port "
		    "from 1 to 65535, as in %s:8891@%s",
		    kind, kind, six ? "::1" : "127.0.0.1");
	else if (host.len == 0)
		OPTION_FAULT(r, OPT_main_listen,
		    "listen: the address is "
		    "missing: %s:%lu@%s is reachable from this host only",
		    kind, port, six ? "::1" : "127.0.0.1");
	else if (net_addr_parse(host, &addr) && addr.bits != (six ? 128U : 32U))
		OPTION_FAULT(r, OPT_main_listen,
		    "listen: %s is an address of "
		    "IPv%c: write inet%s:%lu@%s",
		    shown(r, host), six ? '4' : '6', six ? "" : "6", port,
		    shown(r, host));
	else if (net_addr_parse(host, &addr) ? addr.bits != (six ? 128U : 32U) :
					       !config_is_host_name(host, 1))
		OPTION_FAULT(r, OPT_main_listen,
		    "listen: \"%s\" is neither "
		    "an IPv%c address nor a host name",
		    shown(r, host), six ? '6' : '4');
}

static void
check_listen(struct reading *r)
{
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	struct slice spec = r->config->main.listen;
	size_t colon = slice_find(spec, ':');
	struct slice kind = slice_sub(spec, 0, colon);
	struct slice rest = slice_from(spec, colon + 1);
	bool is_unix =
	    slice_eq(kind, SLICE("unix")) || slice_eq(kind, SLICE("local"));

	if (is_unix &&
	    (!slice_starts(rest, SLICE("/")) || rest.len < 2 ||
		rest.data[rest.len - 1] == '/'))
		OPTION_FAULT(r, OPT_main_listen,
		    "listen: unix: takes the "
		    "absolute path of a socket, not \"%s\"",
		    shown(r, rest));
	else if (is_unix && rest.len > max)
		OPTION_FAULT(r, OPT_main_listen,
		    "listen: the path has %zu "
		    "octets; a Unix socket's has at most %zu",
		    rest.len, max);
	else if (slice_eq(kind, SLICE("inet")))
		check_inet_socket(r, rest, false);
	else if (slice_eq(kind, SLICE("inet6")))
		check_inet_socket(r, rest, true);
	else if (!is_unix)
		OPTION_FAULT(r, OPT_main_listen,
		    "listen: takes unix:PATH, "
		    "inet:PORT@ADDRESS or inet6:PORT@ADDRESS, not \"%s\"",
		    shown(r, spec));
}

static void
check_socket_mode(struct reading *r)
{
	struct slice text = r->config->main.socket_mode;
	unsigned int mode = 0;
	bool octal = text.len >= 3 && text.len <= 4;

	for (size_t i = 0; i < text.len && octal; i++) {
		octal = text.data[i] >= '0' && text.data[i] <= '7';
		mode = mode * 8 + (unsigned int)(text.data[i] - '0');
	}
	if (!octal || mode > 0777)
		OPTION_FAULT(r, OPT_main_socket_mode,
		    "socket-mode: takes "
		    "three octal digits like 0660, not \"%s\"",
		    shown(r, text));
	else if ((mode & 02) != 0)
		OPTION_FAULT(r, OPT_main_socket_mode,
		    "socket-mode: with %s "
		    "every local user could pose as the MTA and have mail "
		    "signed; use 0660 and socket-group",
		    shown(r, text));
	else if ((mode & 0200) == 0)
		OPTION_FAULT(r, OPT_main_socket_mode,
		    "socket-mode: with %s "
		    "nobody can connect; use 0660",
		    shown(r, text));
}

static void
check_hostname(struct reading *r)
{
	struct slice hostname = r->config->main.hostname;

	if (hostname.len > 0 && !config_is_host_name(hostname, 1))
		OPTION_FAULT(r, OPT_main_hostname,
		    "hostname: \"%s\" is not a host name", shown(r, hostname));
}

static void
check_domain(struct reading *r)
{
	struct slice domain = r->config->main.domain;
	struct slice plain = domain, canonical;
	struct err err;

	if (domain.len == 0)
		return;
	if (config_is_host_name(domain, 2)) {
		r->config->main.domain = slice_lower(&r->config->mem, domain);
		return;
	}
	/* Says which name was meant: in A-labels, without a dot at its end. */
	if (plain.len > 1 && plain.data[plain.len - 1] == '.')
		plain.len--;
	if (domain_canonical(plain, &r->scratch, &canonical, &err) == 0 &&
	    config_is_host_name(canonical, 2))
		OPTION_FAULT(r, OPT_main_domain,
		    "domain: \"%s\" is not in the "
		    "form of DNS: write \"%.*s\"",
		    slice_is_utf8(domain) ? slice_cstr(&r->scratch, domain) :
					    shown(r, domain),
		    SLICE_ARGS(canonical));
	else
		OPTION_FAULT(r, OPT_main_domain,
		    "domain: \"%s\" is not a mail "
		    "domain like example.org",
		    shown(r, domain));
}

static void
check_keys(struct reading *r)
{
	const struct config *config = r->config;
	struct slice keys = config->main.keys;

	if (keys.len > 0 && !slice_starts(keys, SLICE("/")))
		OPTION_FAULT(r, OPT_main_keys,
		    "keys: takes an absolute path, "
		    "not \"%s\"",
		    shown(r, keys));
	else if (!config_has_keys(config) &&
	    !is_bad(r, OPT_sign_unsigned_policy) &&
	    config->sign.unsigned_policy == UNSIGNED_REJECT)
		OPTION_FAULT(r, OPT_sign_unsigned_policy,
		    "sign.unsigned: "
		    "reject would refuse every message, because keys is not "
		    "set");
}

/* A table must fit the keys that its option asks for. */
static void
check_tables(struct reading *r)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct slice *specs;
		size_t count = option_tables(r->config, &options[i], &specs);
		struct err err;

		if (is_bad(r, i))
			continue;
		for (size_t j = 0; j < count; j++) {
			if (table_spec_check(specs[j], options[i].keys,
				options[i].example, &err) == 0)
				continue;
			OPTION_FAULT(
			    r, i, "%s: %s", option_name(&options[i]), err.text);
			r->places[i].bad = true;
		}
	}
}

static void
check_own_address(struct reading *r)
{
	const struct config *config = r->config;

	if (!is_bad(r, OPT_rights_tables) && config->rights.tables.count == 0 &&
	    !is_bad(r, OPT_rights_logins) && config->rights.logins.count == 0 &&
	    !config->rights.own_address)
		OPTION_FAULT(r, OPT_rights_own_address,
		    "rights.own-address: no without rights.tables and "
		    "rights.logins leaves no login any address");
}

static void
check_rewriting(struct reading *r)
{
	const struct config *config = r->config;

	if (config->rights.rewrite_mail_from &&
	    config->rights.mismatch != MISMATCH_REWRITE_FROM &&
	    config->rights.levels.len == 0)
		OPTION_FAULT(r, OPT_rights_rewrite_mail_from,
		    "rights.rewrite-mail-from: needs rights.mismatch = "
		    "rewrite-from");
}

static void
check_extension(struct reading *r)
{
	struct slice text = r->config->rights.extension;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (char_is_alpha(c) || char_is_digit(c) || char_is_8bit(c) ||
		    char_is_wsp(c) || strchr("@\"\\<>,:;()[]", c) != NULL) {
			OPTION_FAULT(r, OPT_rights_extension,
			    "rights.extension: \"%s\" cannot begin an address "
			    "extension",
			    shown(r, slice_sub(text, i, 1)));
			return;
		}
	}
}

static void
fold_field_names(struct reading *r, struct slice_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		list->items[i] = slice_lower(&r->config->mem, list->items[i]);
}

/*
 * What is oversigned must be signed, which sign_check_config() asks for. The
 * default list counts for what the message has signed, so that whoever signs
 * less need not repeat it.
 */
static void
default_oversigned(struct reading *r, size_t index, struct slice_list *list)
{
	size_t kept = 0;

	fold_field_names(r, list);
	for (size_t i = 0; i < list->count; i++) {
		if (was_set(r, index) ||
		    list_has(&r->config->sign.signed_headers, list->items[i]))
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

static void
fold_signed_headers(struct reading *r)
{
	struct config *config = r->config;

	fold_field_names(r, &config->sign.signed_headers);
	default_oversigned(
	    r, OPT_sign_oversigned_headers, &config->sign.oversigned_headers);
	default_oversigned(
	    r, OPT_sign_oversigned_present, &config->sign.oversigned_present);
}

static void
check_engine(struct reading *r)
{
	const struct config *config = r->config;

	if (config->sign.engine != ENGINE_LIBOPENDKIM)
		return;
	if (config->repair.sealed == SEALED_PASS_UNSIGNED)
		OPTION_FAULT(r, OPT_repair_sealed,
		    "repair.sealed-parts: "
		    "pass-unsigned needs sign.engine = native");
	if (config->repair.sealed_8bit == SEALED_PASS_UNSIGNED)
		OPTION_FAULT(r, OPT_repair_sealed_8bit,
		    "repair.sealed-8bit: "
		    "pass-unsigned needs sign.engine = native");
	if (config->repair.attached == ATTACHED_SIGN_PART)
		OPTION_FAULT(r, OPT_repair_attached,
		    "repair.attached-messages: "
		    "sign-part needs sign.engine = native");
}

/* It goes into SMTP replies as it stands. */
static void
check_help_url(struct reading *r)
{
	struct slice url = r->config->rights.help_url;
	bool good = url.len == 0 || slice_starts(url, SLICE("https://")) ||
	    slice_starts(url, SLICE("http://"));

	for (size_t i = 0; i < url.len; i++)
		good = good && url.data[i] > ' ' && url.data[i] <= '~';
	if (!good || url.len > MAX_URL)
		OPTION_FAULT(r, OPT_rights_help_url,
		    "rights.help-url: takes "
		    "https://... of at most %d octets, not \"%s\"",
		    (int)MAX_URL, shown(r, url));
}

static void
check_removed(struct reading *r)
{
	const struct config *config = r->config;
	const struct {
		size_t option;
		const struct slice_list *list;
	} removed[] = { { OPT_repair_remove, &config->repair.remove },
		{ OPT_repair_identity_fields,
		    &config->repair.identity_fields } };

	for (size_t k = 0; k < 2; k++) {
		size_t option = removed[k].option;
		const char *name = option_name(&options[option]);

		for (size_t i = 0;
		     !is_bad(r, option) && i < removed[k].list->count; i++) {
			struct slice field = removed[k].list->items[i];

			if (!field_name_is_good(field))
				OPTION_FAULT(r, option,
				    "%s: \"%s\" is not a field name", name,
				    shown(r, field));
			else if (field_is(field, FIELD_NEEDED))
				OPTION_FAULT(r, option,
				    "%s: a message needs its %s", name,
				    shown(r, field));
		}
	}
}

static void
check_limits(struct reading *r)
{
	const struct config *config = r->config;

	if (!is_bad(r, OPT_bounds_field_bytes) &&
	    config->bounds.field_bytes > config->bounds.header_bytes)
		OPTION_FAULT(r,
		    was_set(r, OPT_bounds_header_bytes) ?
			OPT_bounds_header_bytes :
			OPT_bounds_field_bytes,
		    "bounds.header-bytes: %lu is less than bounds.field-bytes "
		    "(%lu), and one field would not fit",
		    config->bounds.header_bytes, config->bounds.field_bytes);
}

static void
check_metrics(struct reading *r)
{
	struct slice listen = r->config->metrics.listen;
	struct local_socket socket;
	struct err err;

	if (listen.len != 0 && local_socket_parse(listen, &socket, &err) != 0)
		OPTION_FAULT(
		    r, OPT_metrics_listen, "metrics.listen: %s", err.text);
}

/* The rules in order, and the option without whose value each says nothing. */
enum { ANY_OPTION = OPTION_COUNT };
static const struct {
	size_t option;
	void (*check)(struct reading *r);
} rules[] = {
	{ OPT_main_listen, check_listen },
	{ OPT_main_socket_mode, check_socket_mode },
	{ OPT_main_hostname, check_hostname },
	{ OPT_main_domain, check_domain },
	{ OPT_sign_opendkim_conf, config_check_key_tables },
	{ OPT_main_keys, check_keys },
	{ ANY_OPTION, check_tables },
	{ OPT_rights_own_address, check_own_address },
	{ OPT_identify_realms, config_check_realms },
	{ OPT_rights_mismatch, check_rewriting },
	{ OPT_rights_extension, check_extension },
	{ ANY_OPTION, fold_signed_headers },
	{ ANY_OPTION, check_engine },
	{ OPT_rights_help_url, check_help_url },
	{ ANY_OPTION, check_removed },
	{ OPT_bounds_header_bytes, check_limits },
	{ OPT_metrics_listen, check_metrics },
};

void
config_check(struct reading *r)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].option == ANY_OPTION ||
		    !is_bad(r, rules[i].option))
			rules[i].check(r);
	}
}
