/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The login in a header field that Postfix itself writes (PREPEND in a table of
 * smtpd_data_restrictions), which shows by a secret that no client wrote it.
 */
#include "base/private_file.h"
#include "identity_priv.h"
#include "message/field_name.h"
#include "message/field_names.h"

enum {
	MAX_FILE_BYTES = 4096,
	MAX_SECRETS = 8,
	MIN_SECRET_OCTETS = 16,
	/* Postfix asks for the certificate and for its public key. */
	MAX_VALUES = 4,
	MD5_OCTETS = 16,
	SHOWN_OCTETS = 128,
};

static bool
is_graphic(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
	}
	return true;
}

int
login_field_take(struct login_field *field, struct slice text,
    struct arena *mem, struct err *err)
{
	struct slice *secrets = arena_array(mem, MAX_SECRETS, sizeof(*secrets));
	size_t count = 0;

	for (unsigned int line = 1; text.len > 0; line++) {
		size_t end = slice_find(text, '\n');
		struct slice secret = slice_trim(slice_sub(text, 0, end));

		text = slice_from(text, end + 1);
		if (secret.len == 0 || secret.data[0] == '#')
			continue;
		if (secret.len < MIN_SECRET_OCTETS || !is_graphic(secret))
			return err_set(err, ERR_CONFIG,
			    "line %u is not a secret of %d octets or more "
			    "without blanks: \"openssl rand -hex 32\" makes one",
			    line, (int)MIN_SECRET_OCTETS);
		if (count == MAX_SECRETS)
			return err_set(err, ERR_CONFIG, "more than %d secrets",
			    (int)MAX_SECRETS);
		secrets[count++] = secret;
	}
	if (count == 0)
		return err_set(err, ERR_CONFIG, "there is no secret in it");
	field->secrets = secrets;
	field->secret_count = count;
	return 0;
}

int
login_field_open(struct identity *identity, const struct config *config,
    struct arena *mem, struct err *err)
{
	struct login_field *field = &identity->login_field;
	const struct file_request request = { config->identify.login_secret,
		MAX_FILE_BYTES, mem };
	struct slice text;
	struct stat state;

	if (field->name.len == 0 || request.path.len == 0 ||
	    (private_file_read(&request, &text, &state, err) == 0 &&
		login_field_take(field, text, mem, err) == 0))
		return 0;
	err_wrap(err, "identify.login-secret: %s",
	    escape(mem, request.path, SHOWN_OCTETS));
	field->fault = slice_cstr(mem, slice_of(err->text));
	return -1;
}

bool
login_field_is(const struct identity *identity, const struct field *field)
{
	struct slice name = identity->login_field.name;
	struct field_readings readings;

	if (name.len == 0)
		return false;
	if (slice_eq_nocase(field->name, name))
		return true;
	field_readings_of(field, &readings);
	return !readings.is_plain && field_readings_have(&readings, name);
}

void
login_field_drop(const struct identity *identity, struct edits *edits)
{
	for (size_t i = 0; i < edits->received->count; i++) {
		if (edits->fields[i].state != FIELD_DELETED &&
		    login_field_is(identity, &edits->received->fields[i]))
			edits_delete(edits, i);
	}
}

struct slice
login_field_write(
    const struct identity *identity, struct slice value, struct arena *mem)
{
	const struct login_field *field = &identity->login_field;

	if (field->secret_count == 0)
		return (struct slice){ NULL, 0 };
	return slice_format(mem, " %.*s %.*s", SLICE_ARGS(field->secrets[0]),
	    SLICE_ARGS(value));
}

/* All are compared: which one it may be is nobody's business. */
static bool
is_secret(const struct login_field *field, struct slice word)
{
	bool is_ours = false;

	for (size_t i = 0; i < field->secret_count; i++)
		is_ours = slice_eq_secret(word, field->secrets[i]) || is_ours;
	return is_ours;
}

bool
login_field_read(const struct login_field *field, struct slice value,
    struct slice *ret_value)
{
	struct slice text = slice_trim(value);
	size_t end = 0;

	while (end < text.len && !slice_has(SLICE(" \t"), text.data[end]))
		end++;
	if (!is_secret(field, slice_sub(text, 0, end)))
		return false;
	*ret_value = slice_trim(slice_from(text, end));
	return true;
}

bool
login_field_is_forged(
    const struct identity *identity, const struct header *header)
{
	const struct login_field *field = &identity->login_field;
	struct slice value;
	size_t i;

	if (field->secret_count == 0)
		return false;
	i = header_find(header, field->name, 0);
	return i < header->count &&
	    !login_field_read(field, header->fields[i].value, &value);
}

/* Whether a secret is a word of a value, which is then not for the log. */
static bool
has_secret(const struct login_field *field, struct slice value)
{
	struct slice word;

	while (slice_next_item(&value, ", \t\r\n", &word)) {
		if (is_secret(field, word))
			return true;
	}
	return false;
}

static bool
is_weak_fingerprint(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (i % 3 == 2 ? value.data[i] != ':' :
				 !slice_has(SLICE("0123456789ABCDEFabcdef"),
				     value.data[i]))
			return false;
	}
	return value.len >= MD5_OCTETS * 3 - 1;
}

/* A login as it stands, or that of a fingerprint in identify.certificates. */
static int
login_of(const struct identity_question *question, struct slice value,
    struct slice *ret_login)
{
	const struct table_context *context = question->context;
	struct slice key;

	if (certificate_fingerprint_key(context->mem, value, &key)) {
		if (question->table != NULL &&
		    identity_ask_table(
			question->table, key, context, ret_login) != 0)
			return -1;
		if (ret_login->len == 0)
			certificate_explain_key(question, key);
		return 0;
	}
	if (is_weak_fingerprint(value))
		return err_set(context->err, ERR_CONFIG,
		    "a fingerprint of MD5 or SHA-1 proves nothing: set "
		    "smtpd_tls_fingerprint_digest = sha256");
	if (has_secret(&question->identity->login_field, value))
		return err_set(context->err, ERR_CONFIG,
		    "the secret stands twice in the field");
	if (value.len != 0 &&
	    identity_check_login(NULL, value, context->mem, context->err) != 0)
		return -1;
	*ret_login = value;
	return 0;
}

/* Postfix writes its fields above those of the client. */
static int
login_field_find(
    const struct identity_question *question, struct slice *ret_login)
{
	const struct login_field *field = &question->identity->login_field;
	const struct header *header = question->header;
	struct slice seen[MAX_VALUES], value;
	size_t count = 0;

	/* Behind XCLIENT the certificate is that of the proxy. */
	if (client_login_is_told(question->client))
		return 0;
	if (field->fault != NULL)
		return err_set(
		    question->context->err, ERR_CONFIG, "%s", field->fault);
	for (size_t i = header_find(header, field->name, 0);
	     i < header->count && ret_login->len == 0 && count < MAX_VALUES;
	     i = header_find(header, field->name, i + 1)) {
		bool is_new = true;

		/* What stands below is the client's. */
		if (!login_field_read(field, header->fields[i].value, &value))
			break;
		for (size_t j = 0; j < count && is_new; j++)
			is_new = !slice_eq(seen[j], value);
		if (!is_new)
			continue;
		seen[count++] = value;
		if (login_of(question, value, ret_login) != 0)
			return -1;
	}
	return 0;
}

static void
login_field_check(struct identity_faults *faults)
{
	if (faults->config->identify.login_field.len == 0)
		identity_fault(faults, "identify.methods",
		    "the method login-field needs a name: set "
		    "identify.login-field");
	if (faults->config->identify.login_secret.len == 0)
		identity_fault(faults, "identify.methods",
		    "the method login-field needs a secret: set "
		    "identify.login-secret");
}

void
login_field_check_name(struct identity_faults *faults)
{
	struct slice name = faults->config->identify.login_field;

	if (name.len == 0) {
		if (faults->config->identify.login_secret.len != 0)
			identity_fault(faults, "identify.login-secret",
			    "is not used: set identify.login-field");
		return;
	}
	if (!field_name_is_good(name) || name.len >= FIELD_READING_OCTETS ||
	    field_traits(name) != 0)
		identity_fault(faults, "identify.login-field",
		    slice_format(&faults->mem,
			"\"%s\" is not the name of a field of your own, like "
			"X-Submilter-Login",
			escape(&faults->mem, name, FIELD_READING_OCTETS))
			.data);
}

const struct identity_method identity_by_login_field = {
	.name = { "login-field", 11 },
	.find = login_field_find,
	.reads_header = true,
	.table_option = "identify.certificates",
	.table_is_optional = true,
	.table_offset = offsetof(struct config, identify.certificates),
	.check = login_field_check,
};
