/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors and fields, for both uses of libopendkim. */
#include "opendkim_priv.h"

int
opendkim_err(struct err *err, DKIM *dkim, DKIM_STAT status, const char *what)
{
	const char *text = dkim == NULL ? NULL : dkim_geterror(dkim);

	if (text == NULL)
		text = dkim_getresultstr(status);
	return err_set(err, ERR_TEMP, "libopendkim: %s: %s (%d)", what,
	    text == NULL ? "no reason given" : text, (int)status);
}

int
opendkim_feed(
    DKIM *dkim, const struct field *field, struct arena *mem, struct err *err)
{
	struct strbuf text;
	DKIM_STAT status;

	strbuf_init(&text, mem);
	strbuf_add(&text, field->name);
	strbuf_add_char(&text, ':');
	field_value_on_wire(field->value, &text);
	if (field->name.len == 0 || slice_has(strbuf_slice(&text), '\0'))
		return err_set(err, ERR_DATA, "a field that cannot be signed");
	status = dkim_header(dkim, (u_char *)text.data, text.len);
	if (status != DKIM_STAT_OK)
		return opendkim_err(err, dkim, status, "header");
	return 0;
}
