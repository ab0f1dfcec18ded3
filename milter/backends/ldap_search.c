/* SPDX-License-Identifier: BSD-2-Clause */
/* Searches for one key, and the values of the entries that are found. */
#include <string.h>

#include "ldap_priv.h"
#include "table/backend.h"

static char every_entry[] = "(objectClass=*)";

/* The way through the directory from one key. */
struct walk {
	struct ldap_table *table; /* is only read */
	struct ldap_link *link;
	const struct table_context *context;
	struct database_result result;
	unsigned int depth;   /* searches that one result led to another */
	bool is_lost;	      /* after a failure: the connection is */
	const char *stranger; /* an entry of another key that was left out */
};

/* Adds each octet that is one of *special as \XX: RFC 4514 and 4515. */
static int
quote_add(
    void *special, struct slice part, struct strbuf *query, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < part.len; i++) {
		if (strchr(special, part.data[i]) == NULL)
			strbuf_add_char(query, part.data[i]);
		else
			strbuf_addf(query, "\\%02X",
			    (unsigned int)(unsigned char)part.data[i]);
	}
	return 0;
}

/* A connection that may have caused the code is not used again. */
static int
walk_fail(struct walk *walk, int code, const char *what)
{
	struct arena *mem = walk->context->mem;

	walk->is_lost = (LDAP_API_ERROR(code) && code != LDAP_FILTER_ERROR &&
			    code != LDAP_PARAM_ERROR) ||
	    code == LDAP_BUSY || code == LDAP_UNAVAILABLE;
	ldap_link_explain(walk->link, code,
	    slice_format(mem, "search \"%s\"", escape(mem, slice_of(what), 200))
		.data,
	    walk->context->err);
	return -1;
}

/* What libldap or the server says; *ret_answer after LDAP_SUCCESS only. */
static int
walk_search(struct walk *walk, const char *base, int scope, const char *filter,
    char **attributes, LDAPMessage **ret_answer)
{
	LDAPMessage *answer = NULL;
	struct timeval limit;
	int code, request;

	ldap_link_allow(walk->link, walk->table, walk->context->deadline_us);
	limit = ldap_link_time_left(walk->link);
	limit.tv_sec++;
	code = ldap_search_ext(walk->link->ld, base, scope, filter, attributes,
	    0, NULL, NULL, &limit, -1, &request);
	if (code == LDAP_SUCCESS)
		code = ldap_link_wait(walk->link, request, &answer);
	if (code == LDAP_SUCCESS)
		*ret_answer = answer;
	else
		(void)ldap_msgfree(answer);
	return code;
}

/* Whether an attribute is that one, or a sub-type of it: "mail;lang-de". */
static bool
is_subtype(const char *attribute, const char *of)
{
	struct slice name = slice_of(attribute), whole = slice_of(of);

	return slice_starts_nocase(name, whole) &&
	    (name.len == whole.len || name.data[whole.len] == ';');
}

/*
 * The attributes that an URL and the table have in common, the more exact name
 * of each. False: none.
 */
static bool
url_attributes(const struct ldap_table *table, const LDAPURLDesc *url,
    char *ret_names[LDAP_MAX_ATTRIBUTES + 1])
{
	size_t count = 0;

	for (size_t u = 0; url->lud_attrs[u] != NULL; u++) {
		for (size_t i = 0; i < table->result_count; i++) {
			char *own = table->results[i].name;

			if (count == LDAP_MAX_ATTRIBUTES)
				break;
			if (is_subtype(own, url->lud_attrs[u]))
				ret_names[count++] = own;
			else if (is_subtype(url->lud_attrs[u], own))
				ret_names[count++] = url->lud_attrs[u];
		}
	}
	ret_names[count] = NULL;
	return count > 0;
}

/* Searches as the URL says, at the server that we are connected to. */
static int
search_url(struct walk *walk, const char *text, LDAPMessage **ret_answer)
{
	char *names[LDAP_MAX_ATTRIBUTES + 1];
	char **wanted = walk->table->wanted;
	LDAPURLDesc *url = NULL;
	int code = ldap_url_parse(text, &url);

	if (code != LDAP_URL_SUCCESS) {
		err_set(walk->context->err, ERR_DATA,
		    "the directory has a malformed URL: %s",
		    escape(walk->context->mem, slice_of(text), 200));
		return LDAP_OTHER;
	}
	if (url->lud_attrs != NULL && url->lud_attrs[0] != NULL)
		wanted = url_attributes(walk->table, url, names) ? names : NULL;
	if (wanted == NULL)
		code = LDAP_NO_SUCH_OBJECT;
	else
		code = walk_search(walk, url->lud_dn == NULL ? "" : url->lud_dn,
		    url->lud_scope,
		    url->lud_filter == NULL ? every_entry : url->lud_filter,
		    wanted, ret_answer);
	ldap_free_urldesc(url);
	if (code != LDAP_SUCCESS && code != LDAP_NO_SUCH_OBJECT)
		walk_fail(walk, code, text);
	return code;
}

static int walk_read(struct walk *walk, LDAPMessage *answer);

/* The entry that a value of a special attribute leads to, or those of an URL. */
static int
walk_follow(struct walk *walk, const struct berval *value)
{
	LDAPMessage *answer = NULL;
	const char *text = value->bv_val;
	int code, status;

	if (strlen(text) != value->bv_len)
		return err_set(walk->context->err, ERR_DATA,
		    "the directory has a DN with a NUL octet");
	if (ldap_is_ldap_url(text)) {
		code = search_url(walk, text, &answer);
	} else {
		code = walk_search(walk, text, LDAP_SCOPE_BASE, every_entry,
		    walk->table->wanted, &answer);
		if (code != LDAP_SUCCESS && code != LDAP_NO_SUCH_OBJECT)
			walk_fail(walk, code, text);
	}
	if (code == LDAP_NO_SUCH_OBJECT)
		return 0;
	if (code != LDAP_SUCCESS)
		return -1;
	walk->depth++;
	status = walk_read(walk, answer);
	walk->depth--;
	(void)ldap_msgfree(answer);
	return status;
}

/*
 * What entries of one answer have shown so far. As in Postfix, it also counts
 * for those that come behind.
 */
struct seen {
	bool is_terminal; /* a terminal attribute: others are hidden */
	bool is_group;	  /* a special one: those of leaves are hidden */
};

/* Whether the entry has a value of an attribute of that kind. */
static bool
entry_has(struct walk *walk, LDAPMessage *entry, enum ldap_attribute_kind kind)
{
	const struct ldap_table *table = walk->table;
	bool has = false;

	for (size_t i = 0; i < table->result_count && !has; i++) {
		struct berval **values;

		if (table->results[i].kind != kind)
			continue;
		values = ldap_get_values_len(
		    walk->link->ld, entry, table->results[i].name);
		has = values != NULL && values[0] != NULL;
		ldap_value_free_len(values);
	}
	return has;
}

static int
read_values(struct walk *walk, enum ldap_attribute_kind kind,
    const struct seen *seen, struct berval **values)
{
	struct err *err = walk->context->err;

	if (seen->is_terminal ? kind != LDAP_ATTRIBUTE_TERMINAL :
				seen->is_group && kind <= LDAP_ATTRIBUTE_LEAF)
		return 0;
	if (kind == LDAP_ATTRIBUTE_SPECIAL &&
	    walk->depth >= walk->table->recursion_limit)
		return err_set(err, ERR_LIMIT,
		    "special attributes lead on and on: recursion_limit is %u",
		    walk->table->recursion_limit);
	for (size_t i = 0; values[i] != NULL; i++) {
		const struct slice value = { values[i]->bv_val,
			values[i]->bv_len };

		if (kind == LDAP_ATTRIBUTE_SPECIAL ?
			walk_follow(walk, values[i]) != 0 :
			database_result_add(&walk->result, value, err) != 0)
			return -1;
	}
	return 0;
}

static int
read_attribute(struct walk *walk, LDAPMessage *entry, const char *name,
    const struct seen *seen)
{
	const struct ldap_table *table = walk->table;
	struct berval **values;
	size_t i = 0;
	int status = 0;

	while (i < table->result_count &&
	    !is_subtype(name, table->results[i].name))
		i++;
	if (i == table->result_count)
		return 0;
	values = ldap_get_values_len(walk->link->ld, entry, name);
	if (values != NULL && values[0] != NULL)
		status =
		    read_values(walk, table->results[i].kind, seen, values);
	ldap_value_free_len(values);
	return status;
}

static int
read_entry(struct walk *walk, LDAPMessage *entry, struct seen *seen)
{
	BerElement *at = NULL;
	char *name;
	int status = 0;

	if (entry_has(walk, entry, LDAP_ATTRIBUTE_TERMINAL))
		seen->is_terminal = true;
	if (!seen->is_terminal &&
	    entry_has(walk, entry, LDAP_ATTRIBUTE_SPECIAL))
		seen->is_group = true;
	for (name = ldap_first_attribute(walk->link->ld, entry, &at);
	     name != NULL;
	     name = ldap_next_attribute(walk->link->ld, entry, at)) {
		if (status == 0)
			status = read_attribute(walk, entry, name, seen);
		ldap_memfree(name);
	}
	if (at != NULL)
		ber_free(at, 0);
	return status;
}

/*
 * Whether the entry has one of the attributes that are compared with the key and
 * that it does not show. A search finds what we may not read.
 */
static int
has_hidden(struct walk *walk, LDAPMessage *entry, const char *dn, bool *ret_has)
{
	const struct ldap_table *table = walk->table;
	char nothing[] = LDAP_NO_ATTRS, *names[] = { nothing, NULL };
	LDAPMessage *answer = NULL;
	struct strbuf filter;
	int code;

	strbuf_init(&filter, walk->context->mem);
	strbuf_add_cstr(&filter, "(|");
	for (size_t i = 0; i < table->compared_count; i++) {
		struct berval **values = ldap_get_values_len(
		    walk->link->ld, entry, table->compared[i]);

		if (values == NULL)
			strbuf_addf(&filter, "(%s=*)", table->compared[i]);
		ldap_value_free_len(values);
	}
	strbuf_add_char(&filter, ')');
	code =
	    walk_search(walk, dn, LDAP_SCOPE_BASE, filter.data, names, &answer);
	if (code != LDAP_SUCCESS)
		return walk_fail(walk, code, dn);
	*ret_has = ldap_count_entries(walk->link->ld, answer) > 0;
	(void)ldap_msgfree(answer);
	return 0;
}

/* Whether the entry, which a key has found, is that of the key. */
static int
is_own(struct walk *walk, LDAPMessage *entry, bool *ret_is_own)
{
	struct arena *mem = walk->context->mem;
	char *dn;
	int status = 0;

	*ret_is_own = true;
	if (walk->depth > 1 || walk->table->filter == NULL)
		return 0;
	dn = ldap_get_dn(walk->link->ld, entry);
	switch (ldap_filter_witness(walk->table->filter, walk->link->ld, entry,
	    &walk->result.key, mem)) {
	case LDAP_WITNESS_SAME:
		break;
	case LDAP_WITNESS_STRANGER:
		*ret_is_own = false;
		break;
	case LDAP_WITNESS_HIDDEN:
		status =
		    has_hidden(walk, entry, dn == NULL ? "" : dn, ret_is_own);
		break;
	}
	if (status == 0 && !*ret_is_own)
		walk->stranger =
		    escape(mem, slice_of(dn == NULL ? "" : dn), 200);
	ldap_memfree(dn);
	return status;
}

/* The entries of one answer. -1: the context's err. */
static int
walk_read(struct walk *walk, LDAPMessage *answer)
{
	const struct ldap_table *table = walk->table;
	LDAP *ld = walk->link->ld;
	struct seen seen = { .is_group = false };
	unsigned int entries = 0;

	for (LDAPMessage *entry = ldap_first_entry(ld, answer); entry != NULL;
	     entry = ldap_next_entry(ld, entry)) {
		bool own;

		/* Not every server counts for us. */
		if (table->size_limit > 0 && ++entries > table->size_limit)
			return err_set(walk->context->err, ERR_LIMIT,
			    "more than %u entries, which is size_limit",
			    table->size_limit);
		if (is_own(walk, entry, &own) != 0 ||
		    (own && read_entry(walk, entry, &seen) != 0))
			return -1;
	}
	return 0;
}

/* After the first search failed. */
static enum server_answer
search_failed(struct walk *walk, int code, const char *base)
{
	/* A base that is made of the key is an entry that is not there. */
	if (code == LDAP_NO_SUCH_OBJECT && walk->table->base_has_key)
		return SERVER_ABSENT;
	walk_fail(walk, code, base);
	return walk->is_lost ? SERVER_LOST : SERVER_REFUSED;
}

enum server_answer
ldap_search(void *settings, void *connection, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	static char in_dn[] = "\t \"#+,;<>\\", in_filter[] = "*()\\";
	const struct database_quote quote_dn = { quote_add, in_dn },
				    quote_filter = { quote_add, in_filter };
	struct ldap_table *table = settings;
	struct walk walk = { .table = table,
		.link = connection,
		.context = context,
		.depth = 1 };
	LDAPMessage *answer = NULL;
	struct strbuf base, filter;
	enum server_answer found;
	int code, status;

	walk.link->bytes_left = LDAP_MAX_ANSWER_BYTES;
	database_result_init(&walk.result, &table->database, key, context->mem);
	strbuf_init(&base, context->mem);
	strbuf_init(&filter, context->mem);
	if (database_expand(table->search_base, &walk.result.key, &quote_dn,
		&base, context->err) != 0 ||
	    database_expand(table->query_filter, &walk.result.key,
		&quote_filter, &filter, context->err) != 0)
		return SERVER_REFUSED;
	code = walk_search(&walk, strbuf_slice(&base).len == 0 ? "" : base.data,
	    table->search_scope, filter.data, table->wanted_by_key, &answer);
	if (code != LDAP_SUCCESS)
		return search_failed(&walk, code, base.data);
	status = walk_read(&walk, answer);
	(void)ldap_msgfree(answer);
	if (status != 0)
		return walk.is_lost ? SERVER_LOST : SERVER_REFUSED;
	found = database_result_end(&walk.result, ret_value);
	if (found != SERVER_ABSENT || walk.stranger == NULL)
		return found;
	err_set(context->err, ERR_DATA,
	    "key %s: the server finds the entry \"%s\" by rules of its own, "
	    "but no value there is the same but for letter case",
	    escape(context->mem, key, 128), walk.stranger);
	return SERVER_REFUSED;
}
