/* SPDX-License-Identifier: BSD-2-Clause */
/* Macros as the milter asks for them, in the form of the protocol. */
#include "load_priv.h"

#include <string.h>

static const struct {
	const char *name, *value;
} known[] = {
	{ "i", "4F%n" },
	{ "j", "mail.corp.example" },
	{ "_", "client.far.example [192.0.2.7]" },
	{ "daemon_name", "mail.corp.example" },
	{ "daemon_addr", "127.0.0.1" },
	{ "daemon_port", "587" },
	{ "if_name", "localhost" },
	{ "if_addr", "127.0.0.1" },
	{ "client_addr", "192.0.2.7" },
	{ "client_name", "client.far.example" },
	{ "client_ptr", "client.far.example" },
	{ "client_port", "40000" },
	{ "client_resolve", "OK" },
	{ "client_connections", "1" },
	{ "tls_version", "TLSv1.3" },
	{ "cipher", "TLS_AES_256_GCM_SHA384" },
	{ "cipher_bits", "256" },
	{ "verify", "NO" },
	{ "auth_type", "PLAIN" },
	{ "auth_authen", "alice@%d" },
	{ "auth_ssf", "0" },
	{ "mail_host", "far.example" },
	{ "mail_mailer", "smtp" },
	{ "rcpt_addr", "bob@far.example" },
	{ "rcpt_host", "far.example" },
	{ "rcpt_mailer", "smtp" },
	{ "msg_id", "<%n@%d>" },
};

/* The value of a macro, or NULL: this MTA has none. */
static const char *
macro_value(const struct load_mta *mta, const char *name)
{
	if (strcmp(name, "v") == 0)
		return mta->version;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) == 0)
			return known[i].value;
	}
	return NULL;
}

/* The next name of a list, without braces: false at its end. */
static bool
macro_next(const char **list, char name[LOAD_NAME_OCTETS])
{
	const char *text = *list + strspn(*list, " ,{}");
	size_t len = strcspn(text, " ,{}");

	if (len >= LOAD_NAME_OCTETS)
		load_fail("a macro with a name of %zu octets", len);
	memcpy(name, text, len);
	name[len] = '\0';
	*list = text + len;
	return len > 0;
}

size_t
load_macros_write(char *out, size_t size, const struct load_mta *mta,
    const char *list, const char *sender, const struct load_author *author)
{
	char name[LOAD_NAME_OCTETS], value[256];
	size_t len = 0, room = sizeof(name) + sizeof(value) + 4;

	while (macro_next(&list, name)) {
		const char *text = macro_value(mta, name);
		bool is_long = name[1] != '\0';

		if (strcmp(name, "mail_addr") == 0)
			text = sender + 1; /* with the > to be cut off */
		if (text == NULL)
			continue;
		(void)load_expand(value, sizeof(value), text, author);
		if (text == sender + 1)
			value[strcspn(value, ">")] = '\0';
		if (len + room > size)
			load_fail("the milter asks for too many macros");
		len += (size_t)snprintf(out + len, size - len,
			   is_long ? "{%s}" : "%s", name) +
		    1;
		len += (size_t)snprintf(out + len, size - len, "%s", value) + 1;
	}
	return len;
}
