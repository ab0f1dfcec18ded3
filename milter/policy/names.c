/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/names.h"

#include "identity/identity.h"
#include "message/display.h"

/* No domain name is longer. */
enum { MAX_DOMAIN_OCTETS = 253 };

/* The last word first, as in "Roe, Jane". */
static struct slice
turn_words(struct slice words, struct arena *mem)
{
	struct slice list = slice_trim(words);
	size_t last = slice_find_last(list, ' ');

	if (last == list.len)
		return words;
	return slice_format(mem, " %.*s %.*s ",
	    SLICE_ARGS(slice_from(list, last + 1)),
	    SLICE_ARGS(slice_sub(list, 0, last)));
}

static struct slice
skeleton_of(struct slice text, struct arena *mem)
{
	return display_skeleton(display_fold(text, mem), mem);
}

static void
protect_domain(struct names *names, struct slice domain, struct arena *mem)
{
	struct slice *kept = arena_alloc(mem, sizeof(*kept));
	struct slice unicode;

	*kept = domain;
	(void)!map_add(names->domains, skeleton_of(domain, mem), kept);
	if (domain_unicode(domain, mem, &unicode))
		(void)!map_add(names->domains, skeleton_of(unicode, mem), kept);
}

/* "Jane Roe <jane@example.org>", "Board of Directors" or "example.org". */
static int
protect(struct names *names, struct slice text, struct arena *mem,
    struct err *err)
{
	struct protected_name name = { .text = text };
	struct mailbox_list list = { .count = 0 };
	struct slice shown = text, domain;
	struct address address;

	if (slice_has(text, '<')) {
		if (mailbox_list_parse(text, 1, mem, &list, err) != 0 ||
		    list.count != 1 || list.items[0].display.len == 0 ||
		    address_canonical(&list.items[0],
			names->config->main.domain, true, mem, &address, NULL,
			err) != 0)
			return err_set(err, ERR_CONFIG, "names.protected-names: "
			    "\"%s\" is not NAME <ADDRESS>",
			    escape(mem, text, 64));
		name.address = address.text;
		/* Whose name it is, is nobody else's business. */
		name.text = slice_trim(slice_sub(text, 0,
		    slice_find(text, '<')));
		shown = display_decode(list.items[0].display, mem);
	} else if (slice_has(text, '.') && !slice_has(text, ' ') &&
	    domain_canonical(text, mem, &domain, err) == 0) {
		protect_domain(names, domain, mem);
		return 0;
	}
	name.words = display_words(skeleton_of(shown, mem), mem);
	name.turned = turn_words(name.words, mem);
	if (name.words.len < 3)
		return err_set(err, ERR_CONFIG,
		    "names.protected-names: \"%s\" has no word in it",
		    escape(mem, text, 64));
	names->items[names->count++] = name;
	return 0;
}

int
names_open(struct names *names, const struct config *config,
    const struct slice *own_domains, size_t own_count, struct arena *mem,
    struct err *err)
{
	const struct slice_list *list = &config->names.protected_names;
	const struct slice_list *exempt = &config->names.exempt;

	*names = (struct names){ .config = config };
	names->items = arena_array(mem, list->count + 1, sizeof(*names->items));
	names->domains = map_new(mem);
	names->exempt = map_new(mem);
	for (size_t i = 0; i < list->count; i++) {
		if (protect(names, list->items[i], mem, err) != 0)
			return -1;
	}
	for (size_t i = 0; config->names.own_domains && i < own_count; i++)
		protect_domain(names, own_domains[i], mem);
	for (size_t i = 0; i < exempt->count; i++)
		(void)!map_add(names->exempt, login_normalise(mem,
		    exempt->items[i], config->main.domain), names);
	return 0;
}

/* What a program may show of a field, decoded: all but its addresses. */
static struct slice
shown_text(const struct authors *authors, size_t first, struct slice value,
    struct arena *mem)
{
	const struct author *author = &authors->items[first];
	struct strbuf buf;
	size_t copied = 0;

	strbuf_init(&buf, mem);
	for (size_t i = first; i < authors->count; i++) {
		const struct mailbox *mailbox = &authors->items[i].mailbox;

		if (authors->items[i].field != author->field ||
		    authors->items[i].role != author->role)
			continue;
		strbuf_add(&buf, slice_sub(value, copied,
		    mailbox->offset - copied));
		strbuf_add_char(&buf, ' ');
		copied = mailbox->offset + mailbox->len;
	}
	strbuf_add(&buf, slice_from(value, copied));
	return display_decode(strbuf_slice(&buf), mem);
}

/* U+202D and U+202E: nobody's name needs them, and "moc.x@oec" shows as else. */
static bool
is_turned_round(struct slice text)
{
	return slice_has_text_nocase(text, SLICE("\xe2\x80\xad")) ||
	    slice_has_text_nocase(text, SLICE("\xe2\x80\xae"));
}

/* Whether an address or a domain is one of the field's own authors'. */
static bool
is_of_field(const struct authors *authors, size_t first, struct slice address,
    struct slice domain)
{
	const struct author *author = &authors->items[first];

	for (size_t i = first; i < authors->count; i++) {
		const struct address *own = &authors->items[i].address;

		if (authors->items[i].field != author->field ||
		    authors->items[i].role != author->role)
			continue;
		if (address.len != 0 ? slice_eq(own->text, address)
		    : slice_eq(own->domain, domain) ||
		    (own->domain.len > domain.len &&
		    own->domain.data[own->domain.len - domain.len - 1] == '.' &&
		    slice_ends_nocase(own->domain, domain)))
			return true;
	}
	return false;
}

/* Whether the login may show an address: its own, or one of the field. */
static enum name_answer
check_address(const struct rights *rights, const struct submitter *submitter,
    const struct authors *authors, size_t first, struct slice shown,
    struct arena *mem, struct err *err)
{
	struct address address;
	struct slice how;

	if (!rights_login_address(shown, mem, &address))
		return NAME_SHOWS;
	if (is_of_field(authors, first, address.text, address.domain))
		return NAME_FINE;
	switch (rights_check(rights, submitter, &address, mem, &how, err)) {
	case RIGHT_GRANTED:
	case RIGHT_BEHALF:
		return NAME_FINE;
	case RIGHT_NONE:
		return NAME_SHOWS;
	case RIGHT_UNKNOWN:
		break;
	}
	return NAME_UNKNOWN;
}

/* Addresses in a name; what is left of it goes to *ret_rest. */
static enum name_answer
check_addresses(const struct names *names, const struct rights *rights,
    const struct submitter *submitter, const struct authors *authors,
    size_t first, struct slice text, struct arena *mem, struct slice *ret_rest,
    struct name_finding *ret_finding, struct err *err)
{
	enum name_choice choice = names->config->names.address;
	size_t left = names->config->limits.mailboxes;
	struct slice rest = text, shown;
	enum name_answer all = NAME_FINE;
	struct strbuf other;

	strbuf_init(&other, mem);
	for (;;) {
		const char *start = rest.data;
		enum name_answer answer = NAME_FINE;

		if (!display_next_address(&rest, &shown))
			break;
		strbuf_add(&other, (struct slice){ start,
		    (size_t)(shown.data - start) });
		strbuf_add_char(&other, ' ');
		if (choice == NAME_ACCEPT || all != NAME_FINE)
			continue;
		/* Each may be a look-up; nobody has that many in a name. */
		answer = left-- == 0 ? NAME_SHOWS : check_address(rights,
		    submitter, authors, first, shown, mem, err);
		if (answer == NAME_UNKNOWN)
			return NAME_UNKNOWN;
		if (answer == NAME_SHOWS)
			*ret_finding = (struct name_finding){ choice,
				slice_dup(mem, shown) };
		all = answer;
	}
	strbuf_add(&other, rest);
	*ret_rest = strbuf_slice(&other);
	return all;
}

/* A protected domain in the words of a name, or one below it. */
static const struct slice *
find_domain(const struct names *names, struct slice word)
{
	while (word.len > MAX_DOMAIN_OCTETS)
		word = slice_from(word, word.len - MAX_DOMAIN_OCTETS);
	for (;;) {
		const struct slice *domain = map_get(names->domains, word);
		size_t dot = slice_find(word, '.');

		if (domain != NULL || dot == word.len)
			return domain;
		word = slice_from(word, dot + 1);
	}
}

static enum name_answer
check_protected(const struct names *names, const struct authors *authors,
    size_t first, struct slice text, struct arena *mem,
    struct name_finding *ret_finding)
{
	struct name_finding finding = {
		.choice = names->config->names.protected_name };
	struct slice skeleton, words, rest, word;

	if (finding.choice == NAME_ACCEPT ||
	    (names->count == 0 && map_count(names->domains) == 0))
		return NAME_FINE;
	skeleton = display_skeleton(text, mem);
	words = display_words(skeleton, mem);
	for (size_t i = 0; i < names->count; i++) {
		const struct protected_name *name = &names->items[i];

		if ((!slice_has_text_nocase(words, name->words) &&
		    !slice_has_text_nocase(words, name->turned)) ||
		    (name->address.len != 0 && is_of_field(authors, first,
			name->address, name->address)))
			continue;
		finding.what = name->text;
		*ret_finding = finding;
		return NAME_SHOWS;
	}
	rest = skeleton;
	while (display_next_word(&rest, &word)) {
		const struct slice *domain = find_domain(names, word);

		if (domain == NULL || is_of_field(authors, first,
		    (struct slice){ NULL, 0 }, *domain))
			continue;
		finding.what = *domain;
		*ret_finding = finding;
		return NAME_SHOWS;
	}
	return NAME_FINE;
}

enum name_answer
names_check(const struct names *names, const struct rights *rights,
    const struct submitter *submitter, const struct authors *authors,
    size_t first, struct slice value, struct arena *mem,
    struct name_finding *ret_finding, struct err *err)
{
	struct name_finding finding;
	struct slice text, rest;
	enum name_answer answer;

	if (map_get(names->exempt, submitter->login) != NULL)
		return NAME_FINE;
	text = shown_text(authors, first, value, mem);
	if (names->config->names.address != NAME_ACCEPT &&
	    is_turned_round(text)) {
		*ret_finding = (struct name_finding){
			names->config->names.address,
			SLICE("text in reversed order") };
		return NAME_SHOWS;
	}
	text = display_fold(text, mem);
	if (text.len == 0)
		return NAME_FINE;
	answer = check_addresses(names, rights, submitter, authors, first,
	    text, mem, &rest, ret_finding, err);
	if (answer == NAME_UNKNOWN)
		return answer;
	if (check_protected(names, authors, first, rest, mem,
	    &finding) == NAME_FINE)
		return answer;
	if (answer == NAME_FINE || finding.choice < ret_finding->choice)
		*ret_finding = finding;
	return NAME_SHOWS;
}
