/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "reports.h"

static struct config *
read_sound(const char *text)
{
	struct config *config = NULL;
	struct strbuf faults;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	strbuf_init(&faults, &mem);
	strbuf_add_cstr(&faults, "");
	if (config_read_text(
		"c", slice_of(text), gather, &faults, &config, &err) != 0)
		fail_msg("\"%s\":\n%s", text, faults.data);
	arena_done(&mem);
	return config;
}

static void
defaults_are_those_of_the_list(void **state)
{
	struct config *c = read_sound("");

	(void)state;
	check_slice("path", c->path, "c");
	check_slice("listen", c->main.listen,
	    "unix:/var/spool/postfix/submilter/submilter.sock");
	check_slice("hostname", c->main.hostname, "");
	assert_int_equal(c->main.mode, MODE_ENFORCE);
	assert_int_equal(c->main.log_level, LOG_CHOICE_INFO);
	assert_int_equal(c->identify.methods.count, 1);
	check_slice("methods", c->identify.methods.items[0], "sasl");
	assert_int_equal(c->identify.unidentified, UNIDENTIFIED_REJECT);
	assert_int_equal(c->identify.mode, SECTION_INHERIT);
	assert_int_equal(c->rights.tables.count, 0);
	assert_true(c->rights.own_address);
	check_slice("extension", c->rights.extension, "+");
	assert_int_equal(c->repair.date, REPAIR_REPLACE);
	assert_int_equal(c->repair.line_length, 998);
	assert_int_equal(c->sign.canonicalization, CANON_RELAXED_RELAXED);
	check_slice("signed", c->sign.signed_headers.items[0], "from");
	assert_int_equal(c->bounds.header_bytes, 256 * 1024);
	config_free(c);
}

static void
syntax_is_free_where_it_is_clear(void **state)
{
	struct config *c =
	    read_sound("\xef\xbb\xbf# a comment\r\n"
		       "listen = \"unix:/run/submilter/submilter.sock\"\r\n"
		       "mode=monitor;domain = Example.ORG # behind a value\n"
		       ";;\n"
		       "identify\n{ methods = {network,\n\t\"sasl\",\n} ;\n"
		       "  network = cidr:/etc/x }\n"
		       "rights { tables = \"texthash:/a \\\"b\\\" \\\\c\" }\n"
		       "repair { date = add ; bcc = off; line-length = 78 }\n"
		       "bounds { header-bytes = 1M }\n"
		       "rights { extension = \"+-\" }\n"
		       "sign { signed-headers = {From, SUBJECT}\n"
		       "oversigned-headers = {} }");

	(void)state;
	check_slice(
	    "listen", c->main.listen, "unix:/run/submilter/submilter.sock");
	assert_int_equal(c->main.mode, MODE_MONITOR);
	check_slice("domain", c->main.domain, "example.org");
	assert_int_equal(c->identify.methods.count, 2);
	check_slice("method", c->identify.methods.items[0], "network");
	check_slice("method", c->identify.methods.items[1], "sasl");
	check_slice("network", c->identify.network, "cidr:/etc/x");
	assert_int_equal(c->rights.tables.count, 1);
	check_slice(
	    "table", c->rights.tables.items[0], "texthash:/a \"b\" \\c");
	check_slice("extension", c->rights.extension, "+-");
	assert_int_equal(c->repair.date, REPAIR_ADD);
	assert_false(c->repair.bcc);
	assert_int_equal(c->repair.line_length, 78);
	assert_int_equal(c->bounds.header_bytes, 1048576);
	check_slice("folded", c->sign.signed_headers.items[1], "subject");
	assert_int_equal(c->sign.oversigned_headers.count, 0);
	/* By default, what is signed of the default list. */
	assert_int_equal(c->sign.oversigned_present.count, 0);
	config_free(c);
}

static void
rates_are_counts_in_a_time(void **state)
{
	struct config *c =
	    read_sound("limits { messages = {60/10m, \"1000/1d\", 5/90s }\n"
		       "recipients = 1000000000/31d }");
	const struct rate_list *rates = &c->limits.messages;
	struct arena mem;

	(void)state;
	assert_int_equal(rates->count, 3);
	assert_int_equal(rates->items[0].count, 60);
	assert_int_equal(rates->items[0].seconds, 600);
	assert_int_equal(rates->items[1].seconds, 86400);
	assert_int_equal(rates->items[2].seconds, 90);
	assert_int_equal(c->limits.recipients.items[0].count, 1000000000);
	assert_int_equal(c->limits.recipients.items[0].seconds, 31 * 86400);
	arena_init(&mem);
	assert_non_null(strstr(config_print(&mem, c).data,
	    "\tmessages = {\"60/10m\", \"1000/1d\", \"5/90s\"}\n"
	    "\trecipients = {\"1000000000/31d\"}\n"));
	arena_done(&mem);
	config_free(c);
}

/* want: every report, one a line, without the file name. */
struct fault_case {
	const char *name;
	const char *text;
	const char *want;
};

static void
check_faults(const struct fault_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct config *config = NULL;
		struct strbuf got, want;
		struct slice rest, line;
		struct arena mem;
		struct err err;

		arena_init(&mem);
		strbuf_init(&got, &mem);
		strbuf_init(&want, &mem);
		strbuf_add_cstr(&got, "");
		rest = slice_of(cases[i].want);
		while (slice_next_item(&rest, "\n", &line))
			strbuf_addf(&want, "c:%.*s\n", SLICE_ARGS(line));
		assert_int_equal(config_read_text("c", slice_of(cases[i].text),
				     gather, &got, &config, &err),
		    -1);
		assert_null(config);
		assert_int_equal(err.kind, ERR_CONFIG);
		if (strcmp(got.data, want.data) != 0)
			fail_msg("%s: got\n%swant\n%s", cases[i].name, got.data,
			    want.data);
		arena_done(&mem);
	}
}

static void
syntax_faults_name_their_line(void **state)
{
	static const struct fault_case cases[] = {
		{ "no value", "mode =\nlisten = inet:1@::1\n",
		    "1: mode: no value after =\n"
		    "2: listen: ::1 is an address of IPv6: write inet6:1@::1" },
		{ "no value in a block", "sign { mode = }",
		    "1: sign.mode: no value after =" },
		{ "neither", "\nlisten inet:1@::1\nmode = monitor",
		    "2: \"listen\" is followed by neither = nor {" },
		{ "colon", "mode: monitor",
		    "1: \"mode:\" is followed by neither = nor {" },
		{ "two words", "keys = /etc/my keys\n",
		    "1: keys: \"keys\" follows the value: put quotes around a "
		    "value with blanks, and ; between two options" },
		{ "bare list", "identify { methods = sasl, network }",
		    "1: identify.methods: a list stands in braces: {a, b}" },
		{ "stray", "= x\n, y\n\"z\"",
		    "1: \"=\" where an option is expected\n"
		    "2: \",\" where an option is expected\n"
		    "3: \"z\" where an option is expected" },
		{ "stray value", "mode = = x",
		    "1: mode: \"=\" where a value "
		    "is expected" },
		{ "closes nothing", "mode = monitor\n}\nmode = enforce",
		    "2: } closes nothing\n"
		    "3: mode: set a second time; the first is at c:1" },
		{ "open block", "mode = monitor\nsign {\n mode = enforce\n\n",
		    "2: the block \"sign\" that begins here is not closed: } is "
		    "missing" },
		{ "block in a block",
		    "identify {\n unidentified = pass\n\nsign {\n}\nbad = 1\n",
		    "1: the block \"identify\" that begins here is not closed: "
		    "} is missing before \"sign\" on line 4\n"
		    "6: bad: unknown option" },
		{ "open list",
		    "rights {\n tables = {a:b,\n c:d\n extension = \"+\"\n}\n"
		    "x = 1",
		    "2: rights.tables: the list that begins here is not "
		    "closed: } is missing\n"
		    "6: x: unknown option" },
		{ "open list at the end", "identify { methods = {sasl",
		    "1: identify.methods: the list that begins here is not "
		    "closed: } is missing\n"
		    "1: the block \"identify\" that begins here is not closed: "
		    "} is missing" },
		{ "open list before ;",
		    "identify { methods = {sasl; unidentified = pass }",
		    "1: identify.methods: the list that begins here is not "
		    "closed: } is missing" },
		{ "comma missing", "rights { tables = {\n\"a:b\"\n\"c:d\" } }",
		    "3: rights.tables: a comma is missing before \"c:d\"" },
		{ "comma too many", "rights { tables = {\"a:b\",,\"c:d\" } }",
		    "1: rights.tables: nothing before a comma" },
		{ "list in a list", "rights { tables = {{a:b}, c:d} }",
		    "1: rights.tables: \"{\" in a list" },
		{ "open string", "mode = monitor\nkeys = \"/etc/x\nlisten = 1",
		    "2: keys: string is not closed: \" is missing on this line\n"
		    "3: listen: takes unix:PATH, inet:PORT@ADDRESS or "
		    "inet6:PORT@ADDRESS, not \"1\"" },
		{ "escape", "keys = \"/a\\n\"",
		    "1: keys: a backslash in a string stands before \" or \\ "
		    "only: write \\\\ for one backslash" },
		{ "backslash at the end", "keys = \"/a\\",
		    "1: keys: string is not closed: \" is missing on this "
		    "line" },
		{ "glued", "keys = \"/a\"b\nmode = x",
		    "1: keys: text follows a string without a blank\n"
		    "2: mode: takes enforce or monitor, not \"x\"" },
		{ "quote in a word", "keys = /a\"b",
		    "1: keys: a value with # \" ' or \\ in it needs quotes, "
		    "and a comment a blank before its #" },
		{ "comment glued", "keys = /a#b",
		    "1: keys: a value with # \" ' or \\ in it needs quotes, "
		    "and a comment a blank before its #" },
		{ "single quotes", "keys = '/a'",
		    "1: keys: a string stands in double quotes" },
		{ "other comments", "// x\n/* y = z */\nmode = monitor",
		    "1: a comment begins with #\n"
		    "2: a comment begins with #" },
		{ "control", "mode = monitor\n\x01 = x\nkeys = \"/\x02\"",
		    "2: control character\n"
		    "3: keys: control character in a string" },
		{ "utf-8", "keys = /\xfc\ndomain = \"\xfc.de\"",
		    "1: keys: text is not UTF-8\n"
		    "2: domain: string is not UTF-8" },
		{ "include in a block", "sign { include \"x\" }",
		    "1: include stands outside of blocks only" },
		{ "include nothing", "include \"\"",
		    "1: include: takes the path of a file" },
	};

	(void)state;
	check_faults(cases, sizeof(cases) / sizeof(cases[0]));
}

static void
names_and_types_are_checked(void **state)
{
	static const struct fault_case cases[] = {
		{ "unknown", "lisetn = x\nzzz = {a, b}\n",
		    "1: lisetn: unknown option; did you mean \"listen\"?\n"
		    "2: zzz: unknown option" },
		{ "unknown in a block", "sign { canonicalisation = x }",
		    "1: sign.canonicalisation: unknown option; did you mean "
		    "\"canonicalization\"?" },
		{ "other block", "methods = sasl\nsign { keys = /x }\n",
		    "1: methods: unknown option; methods stands in the block "
		    "\"identify\"\n"
		    "2: sign.keys: unknown option; keys stands outside of "
		    "blocks" },
		{ "unknown block", "identfy { x = 1\n}\nx { }\nmode = 1",
		    "1: identfy: unknown block; did you mean \"identify\"?\n"
		    "3: x: unknown block\n"
		    "4: mode: takes enforce or monitor, not \"1\"" },
		{ "unknown block, open", "x\n{\n\ny { } \n",
		    "1: x: unknown block\n"
		    "2: the { here is not closed: } is missing" },
		{ "block with =", "sign = { mode = monitor }\nmode = 1",
		    "1: sign is a block: write sign { ... } without =\n"
		    "2: mode: takes enforce or monitor, not \"1\"" },
		{ "option with {", "mode { x }",
		    "1: mode is an option: write mode = ..." },
		{ "repeated",
		    "keys = /a\nsign { mode = monitor }\nkeys = /b\n"
		    "sign { mode = monitor }",
		    "3: keys: set a second time; the first is at c:1\n"
		    "4: sign.mode: set a second time; the first is at c:2" },
		{ "list for a value", "mode = {monitor}",
		    "1: mode: takes one value, not a list" },
		{ "bool", "repair { bcc = Yes\nsender = \"\" }",
		    "1: repair.bcc: takes yes or no, not \"Yes\"\n"
		    "2: repair.sender: takes yes or no, not \"\"" },
		{ "number",
		    "repair { line-length = 999 }\n"
		    "bounds { mailboxes = -1\nheader-fields = 1000K\n"
		    "header-bytes = 1.5M\nfield-bytes = K }",
		    "1: repair.line-length: takes a number from 78 to 998, not "
		    "\"999\"\n"
		    "2: bounds.mailboxes: takes a number from 1 to 1000, not "
		    "\"-1\"\n"
		    "3: bounds.header-fields: takes a number from 10 to "
		    "100000, not \"1000K\"\n"
		    "4: bounds.header-bytes: takes a number from 1024 to "
		    "16777216, not \"1.5M\"\n"
		    "5: bounds.field-bytes: takes a number from 998 to 60000, "
		    "not \"K\"" },
		{ "choice",
		    "mode = montior\nrepair { date = \"y\x7f\" }\n"
		    "sign { canonicalization = relaxed }",
		    "1: mode: takes enforce or monitor, not \"montior\"; did "
		    "you mean \"monitor\"?\n"
		    "2: repair.date: control character in a string\n"
		    "3: sign.canonicalization: takes relaxed/relaxed, "
		    "relaxed/simple, simple/relaxed or simple/simple, not "
		    "\"relaxed\"" },
		{ "list items",
		    "rights { tables = {a:b, \"a:b\"} }\n"
		    "identify { methods = {\"\"} }",
		    "1: rights.tables: has \"a:b\" twice\n"
		    "2: identify.methods: has an empty item" },
	};

	(void)state;
	check_faults(cases, sizeof(cases) / sizeof(cases[0]));
}

static void
options_must_fit_together(void **state)
{
	static const struct fault_case cases[] = {
		{ "socket kind", "\nlisten = tcp:1@x",
		    "2: listen: takes unix:PATH, inet:PORT@ADDRESS or "
		    "inet6:PORT@ADDRESS, not \"tcp:1@x\"" },
		{ "unix, relative", "listen = unix:run/x",
		    "1: listen: unix: takes the absolute path of a socket, not "
		    "\"run/x\"" },
		{ "unix, long",
		    "listen = \"unix:/123456789012345678901234567890123456789"
		    "01234567890123456789012345678901234567890123456789012345"
		    "67890123456789\"",
		    "1: listen: the path has 110 octets; a Unix socket's has "
		    "at most 107" },
		{ "port", "listen = inet:0@127.0.0.1",
		    "1: listen: inet: takes a port from 1 to 65535, as in "
		    "inet:8891@127.0.0.1" },
		{ "port name", "listen = inet6:smtp@::1",
		    "1: listen: inet6: takes a port from 1 to 65535, as in "
		    "inet6:8891@::1" },
		{ "no address", "listen = inet:8891",
		    "1: listen: the address is missing: inet:8891@127.0.0.1 is "
		    "reachable from this host only" },
		{ "bad address", "listen = inet:8891@127.0.0.256",
		    "1: listen: \"127.0.0.256\" is neither an IPv4 address nor "
		    "a host name" },
		{ "bad address", "listen = inet6:8891@127.0.0.1",
		    "1: listen: 127.0.0.1 is an address of IPv4: write "
		    "inet:8891@127.0.0.1" },
		{ "order of Postfix", "listen = inet6:::1:8891",
		    "1: listen: the port stands before the address here: "
		    "write inet6:8891@::1" },
		{ "socket mode", "socket-mode = 0688",
		    "1: socket-mode: takes three octal digits like 0660, not "
		    "\"0688\"" },
		{ "world", "socket-mode = 0666",
		    "1: socket-mode: with 0666 every local user could pose as "
		    "the MTA and have mail signed; use 0660 and socket-group" },
		{ "nobody", "socket-mode = 440",
		    "1: socket-mode: with 440 nobody can connect; use 0660" },
		{ "names", "hostname = -a.b\ndomain = localhost",
		    "1: hostname: \"-a.b\" is not a host name\n"
		    "2: domain: \"localhost\" is not a mail domain like "
		    "example.org" },
		{ "address as a name", "hostname = 192.0.2.1",
		    "1: hostname: \"192.0.2.1\" is not a host name" },
		{ "idn", "domain = m\xc3\xbcll.de",
		    "1: domain: \"m\xc3\xbcll.de\" is not in the form of DNS: "
		    "write \"xn--mll-hoa.de\"" },
		{ "dot at the end", "domain = example.org.",
		    "1: domain: \"example.org.\" is not in the form of DNS: "
		    "write \"example.org\"" },
		{ "neither", "domain = \"m\xc3\xbcll\"",
		    "1: domain: \"m\\xc3\\xbcll\" is not a mail domain like "
		    "example.org" },
		{ "keys", "keys = keys",
		    "1: keys: takes an absolute path, not \"keys\"" },
		{ "unsigned", "sign { unsigned = reject }",
		    "1: sign.unsigned: reject would refuse every message, "
		    "because keys is not set" },
		{ "key table", "sign { key-table = \"file:/k\" }",
		    "1: sign.key-table and sign.signing-table need each "
		    "other" },
		{ "signing table", "sign { signing-table = \"refile:/s\" }",
		    "1: sign.key-table and sign.signing-table need each "
		    "other" },
		{ "opendkim.conf",
		    "sign { opendkim-conf = \"/nowhere/opendkim.conf\" }",
		    "1: sign.opendkim-conf: /nowhere/opendkim.conf: "
		    "/nowhere/opendkim.conf: No such file or directory" },
		{ "opendkim.conf and tables",
		    "sign { opendkim-conf = \"/o\"\nkey-table = \"file:/k\" }",
		    "1: sign.opendkim-conf: names the tables, so "
		    "sign.key-table and sign.signing-table cannot be set, too" },
		{ "engine",
		    "sign { engine = libopendkim }\n"
		    "repair { sealed-parts = pass-unsigned }",
		    "2: repair.sealed-parts: pass-unsigned needs "
		    "sign.engine = native" },
		{ "engine and 8 bits",
		    "sign { engine = libopendkim }\n"
		    "repair { sealed-8bit = pass-unsigned }",
		    "2: repair.sealed-8bit: pass-unsigned needs "
		    "sign.engine = native" },
		{ "engine and attachments",
		    "sign { engine = libopendkim }\n"
		    "repair { attached-messages = sign-part }",
		    "2: repair.attached-messages: sign-part needs "
		    "sign.engine = native" },
		{ "rewriting", "rights {\nrewrite-mail-from = yes }",
		    "2: rights.rewrite-mail-from: needs rights.mismatch = "
		    "rewrite-from" },
		{ "rewriting by level",
		    "rights { rewrite-mail-from = yes\n"
		    "levels = nowhere }",
		    "2: rights.levels: takes TYPE:NAME like "
		    "texthash:/etc/submilter/levels, not \"nowhere\"" },
		{ "levels of networks", "rights { levels = cidr:/x }",
		    "1: rights.levels: \"cidr:/x\" has networks, and logins "
		    "are asked for" },
		{ "checks of networks", "preflight {\nlevels = cidr:/x }",
		    "2: preflight.levels: \"cidr:/x\" has networks, and logins "
		    "are asked for" },
		{ "addresses of networks",
		    "preflight { egress-table = cidr:/x }",
		    "1: preflight.egress-table: \"cidr:/x\" has networks, and "
		    "domains are asked for" },
		{ "no table of checks", "preflight { levels = nowhere }",
		    "1: preflight.levels: takes TYPE:NAME like "
		    "texthash:/etc/submilter/checks, not \"nowhere\"" },
		{ "every unfit table",
		    "rights { tables = {x:/y, static:z, cidr:/x, dbm:/y,\n"
		    "static:} }",
		    "1: rights.tables: table x:/y: there is no table type "
		    "\"x\": there are texthash, regexp, pcre, cidr, static, inline, unionmap, pipemap, socketmap, tcp, file, refile, csl, "
		    "ldap, pgsql, mysql, sqlite, redis, memcache, radius, lmdb, cdb, hash and btree\n"
		    "1: rights.tables: \"cidr:/x\" has networks, and "
		    "addresses are asked for\n"
		    "1: rights.tables: table dbm:/y: type \"dbm\" is an "
		    "index made by postmap(1): name its source file, "
		    "\"texthash:/y\"\n"
		    "1: rights.tables: table static:: a value is missing "
		    "behind the colon" },
		{ "realms",
		    "identify { realms = {a.example, b,\n"
		    "b\xc3\xbc"
		    "cher.example, any-verified-by-sals} }",
		    "1: identify.realms: \"b\" is not a mail domain like "
		    "example.org\n"
		    "1: identify.realms: takes an internationalised domain in "
		    "its A-label form (xn--...), not "
		    "\"b\\xc3\\xbccher.example\"\n"
		    "1: identify.realms: \"any-verified-by-sals\" is not a mail "
		    "domain like example.org; did you mean "
		    "\"any-verified-by-sasl\"?" },
		{ "login-map", "identify {\nlogin-map = cidr:/x }",
		    "2: identify.login-map: \"cidr:/x\" has networks, and "
		    "logins are asked for" },
		{ "login-map", "identify {\nlogin-map = x }",
		    "2: identify.login-map: takes TYPE:NAME like "
		    "texthash:/etc/submilter/logins, not \"x\"" },
		{ "table", "rights { tables = /etc/x }",
		    "1: rights.tables: takes TYPE:NAME like "
		    "texthash:/etc/submilter/rights, not \"/etc/x\"" },
		{ "nobody may anything", "rights { own-address = no }",
		    "1: rights.own-address: no without rights.tables and "
		    "rights.logins leaves no "
		    "login any address" },
		{ "extension", "rights { extension = \"+@\" }",
		    "1: rights.extension: \"@\" cannot begin an address "
		    "extension" },
		{ "networks as rights", "rights { tables = {\"cidr:/x\"} }",
		    "1: rights.tables: \"cidr:/x\" has networks, and "
		    "addresses are asked for" },
		{ "help-url", "rights { help-url = \"javascript:x\" }",
		    "1: rights.help-url: takes https://... of at most 200 "
		    "octets, not \"javascript:x\"" },
		{ "help-url with blanks",
		    "rights { help-url = \"https://x y\" }",
		    "1: rights.help-url: takes https://... of at most 200 "
		    "octets, not \"https://x y\"" },
		{ "identity-fields",
		    "repair { identity-fields = {Sender, x:} }",
		    "1: repair.identity-fields: a message needs its Sender\n"
		    "1: repair.identity-fields: \"x:\" is not a field name" },
		{ "remove", "repair { remove = {x-foo, FROM, \"a b\"} }",
		    "1: repair.remove: a message needs its FROM\n"
		    "1: repair.remove: \"a b\" is not a field name" },
		{ "limits", "bounds { header-bytes = 2000 }",
		    "1: bounds.header-bytes: 2000 is less than "
		    "bounds.field-bytes (51200), and one field would not "
		    "fit" },
		{ "no faults that follow from others",
		    "identify { methods = {network\n network = x }\n"
		    "sign { signed-headers = {subject \n mode = enforce }",
		    "1: identify.methods: the list that begins here is not "
		    "closed: } is missing\n"
		    "3: sign.signed-headers: the list that begins here is not "
		    "closed: } is missing\n"
		    "2: identify.network: takes TYPE:NAME like "
		    "cidr:/etc/submilter/networks, not \"x\"" },
	};

	(void)state;
	check_faults(cases, sizeof(cases) / sizeof(cases[0]));
}

static void
a_time_may_have_a_unit(void **state)
{
	static const struct {
		const char *text;
		unsigned long want; /* 0: refused */
	} seconds[] = { { "60", 60 }, { "60s", 60 }, { "5m", 300 },
		{ "2h", 7200 }, { "1d", 86400 }, { "2d", 0 }, { "0m", 0 },
		{ "s", 0 }, { "1w", 0 }, { "1K", 0 }, { "-1m", 0 },
		{ "1.5h", 0 }, { "213503982334602d", 0 } };
	struct config *c;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "sign { key-interval = %s }",
		    seconds[i].text);
		if (seconds[i].want == 0) {
			assert_int_equal(config_read_text("c", slice_of(text),
					     NULL, NULL, &c, &err),
			    -1);
			assert_non_null(strstr(err.text,
			    "sign.key-interval: takes a time from 1s to "
			    "86400s, not"));
			continue;
		}
		c = read_sound(text);
		assert_int_equal(c->sign.key_interval, seconds[i].want);
		config_free(c);
	}
	c = read_sound("sign { key-age = 7d; key-overlap = 48h }");
	assert_int_equal(c->sign.key_age, 168);
	assert_int_equal(c->sign.key_overlap, 2);
	config_free(c);
	assert_int_equal(config_read_text("c", SLICE("sign { key-age = 90m }"),
			     NULL, NULL, &c, &err),
	    -1);
	check_slice("parts of an hour", slice_of(err.text),
	    "c:1: sign.key-age: takes a time from 1h to 720h in whole hours, "
	    "not \"90m\"");
}

static void
the_summary_names_the_first_fault(void **state)
{
	struct config *config = NULL;
	struct err err;

	(void)state;
	assert_int_equal(config_read_text("c", SLICE("mode = 1\nx = 2\n"), NULL,
			     NULL, &config, &err),
	    -1);
	check_slice("many", slice_of(err.text),
	    "2 faults, the first: "
	    "c:1: mode: takes enforce or monitor, not \"1\"");
	assert_int_equal(config_read_text("c", SLICE("\nx = 2\n"), NULL, NULL,
			     &config, &err),
	    -1);
	check_slice("one", slice_of(err.text), "c:2: x: unknown option");
}

static void
reports_are_bounded(void **state)
{
	struct strbuf text, got;
	struct config *config = NULL;
	struct arena mem;
	struct slice rest, line;
	struct err err;
	size_t lines = 0;

	(void)state;
	arena_init(&mem);
	strbuf_init(&text, &mem);
	strbuf_init(&got, &mem);
	for (int i = 0; i < 10000; i++)
		strbuf_add_cstr(&text, "xyz = 1\n");
	assert_int_equal(config_read_text("c", strbuf_slice(&text), gather,
			     &got, &config, &err),
	    -1);
	rest = strbuf_slice(&got);
	while (slice_next_item(&rest, "\n", &line))
		lines++;
	assert_int_equal(lines, 100);
	check_slice("last", line,
	    "c:100: too many faults: the rest was not "
	    "read");
	strbuf_init(&text, &mem);
	strbuf_addf(&text, "%300000s", "");
	strbuf_init(&got, &mem);
	assert_int_equal(config_read_text("c", strbuf_slice(&text), gather,
			     &got, &config, &err),
	    -1);
	check_slice(
	    "large", strbuf_slice(&got), "c:0: is larger than 262144 octets\n");
	arena_done(&mem);
}

static void
printed_configuration_reads_back(void **state)
{
	struct config *c = read_sound(
	    "keys = \"/a b\\\\\\\"c\"\nmode = monitor\n"
	    "identify { methods = {network, sasl}; network = cidr:/x }\n"
	    "rights { tables = {\"static:a, b\", texthash:/y} }\n"
	    "repair { date = no; fold = no; line-length = 500 }\n"
	    "sign { oversigned-headers = {} }\n"
	    "bounds { header-bytes = 1M }\n");
	struct config *again;
	struct slice printed;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	printed = config_print(&mem, c);
	again = read_sound(slice_cstr(&mem, printed));
	check_slice("keys", again->main.keys, "/a b\\\"c");
	check_slice("table", again->rights.tables.items[0], "static:a, b");
	assert_int_equal(again->repair.date, REPAIR_NO);
	assert_int_equal(again->bounds.header_bytes, 1048576);
	check_slice("printed twice", config_print(&mem, again),
	    slice_cstr(&mem, printed));
	assert_true(slice_has_text_nocase(printed,
	    SLICE("\nidentify {\n\tmethods = {\"network\", \"sasl\"}\n")));
	arena_done(&mem);
	config_free(c);
	config_free(again);
}

static void
restart_is_asked_for_by_name(void **state)
{
	struct config *a = read_sound("mode = monitor");
	struct config *b = read_sound("rights { tables = texthash:/y }");
	struct config *c = read_sound("log = stderr; socket-group = postfix; "
				      "listen = \"inet:8892@127.0.0.1\"");
	const char *option = NULL;
	size_t index = 0;

	(void)state;
	assert_false(config_needs_restart(a, b, &index, &option));
	index = 0;
	assert_true(config_needs_restart(a, c, &index, &option));
	assert_string_equal(option, "listen");
	assert_true(config_needs_restart(a, c, &index, &option));
	assert_string_equal(option, "socket-group");
	assert_true(config_needs_restart(a, c, &index, &option));
	assert_string_equal(option, "log");
	assert_false(config_needs_restart(a, c, &index, &option));
	assert_false(config_needs_restart(a, c, &index, &option));
	config_free(a);
	config_free(b);
	config_free(c);
}

static void
a_block_may_override_the_mode(void **state)
{
	struct config *c = read_sound("mode = monitor\n"
				      "sign { mode = enforce }");

	(void)state;
	assert_true(config_is_monitor(c, c->rights.mode));
	assert_false(config_is_monitor(c, c->sign.mode));
	assert_true(config_is_monitor(c, SECTION_MONITOR));
	config_free(c);
}

static void
a_fault_of_a_stage_has_its_place(void **state)
{
	struct config *config;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_int_equal(
	    config_read_text("test", SLICE("\nsign { engine = native }\n"),
		NULL, NULL, &config, &err),
	    0);
	assert_string_equal(config_fault(config, "sign.engine", "is bad", &mem),
	    "test:2: sign.engine: is bad");
	/* A default stands in no line. */
	assert_string_equal(config_fault(config, "sign.mode", "is bad", &mem),
	    "test: sign.mode: is bad");
	config_free(config);
	arena_done(&mem);
}

#define RATE_WANTED                                                        \
	"takes COUNT/TIME like 60/10m or 1000/1d, with a count from 1 to " \
	"1000000000 and a time from 1s to 31d, not "

static void
rates_that_mean_nothing_are_refused(void **state)
{
	static const char *const wrong[] = { "60", "60/", "/10m", "60/10",
		"60/m", "0/10m", "60/0m", "-1/10m", "60/-1m", "60/10w", "6 /1m",
		"1000000001/1d", "1/32d", "1/745h", "60/10m/2",
		"99999999999999999999/1d", "1/99999999999999999999s",
		"60/1.5h" };
	static const struct fault_case cases[] = {
		{ "one time twice", "limits { messages = {5/1h, 7/60m} }",
		    "1: limits.messages: has two rates for one time: 5 and 7 "
		    "in 3600 seconds\n" },
		{ "too many",
		    "limits { messages = {1/1s,1/2s,1/3s,1/4s,1/5s} }",
		    "1: limits.messages: has more than 4 rates\n" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct fault_case one = { wrong[i],
			slice_format(
			    &mem, "limits { recipients = \"%s\" }", wrong[i])
			    .data,
			slice_format(&mem,
			    "1: limits.recipients: " RATE_WANTED "\"%s\"\n",
			    wrong[i])
			    .data };

		check_faults(&one, 1);
	}
	arena_done(&mem);
	check_faults(cases, sizeof(cases) / sizeof(cases[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_list),
		cmocka_unit_test(syntax_is_free_where_it_is_clear),
		cmocka_unit_test(rates_are_counts_in_a_time),
		cmocka_unit_test(rates_that_mean_nothing_are_refused),
		cmocka_unit_test(syntax_faults_name_their_line),
		cmocka_unit_test(names_and_types_are_checked),
		cmocka_unit_test(options_must_fit_together),
		cmocka_unit_test(a_time_may_have_a_unit),
		cmocka_unit_test(the_summary_names_the_first_fault),
		cmocka_unit_test(reports_are_bounded),
		cmocka_unit_test(printed_configuration_reads_back),
		cmocka_unit_test(restart_is_asked_for_by_name),
		cmocka_unit_test(a_block_may_override_the_mode),
		cmocka_unit_test(a_fault_of_a_stage_has_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
