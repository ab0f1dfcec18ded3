/* SPDX-License-Identifier: BSD-2-Clause */
/* What the text around the addresses of author fields shows. */
#include "policy/names.h"

#include "identity/identity.h"
#include "look_alikes_priv.h"
#include "message/display.h"

/* No domain name is longer. */
enum { MAX_DOMAIN_OCTETS = 253 };

enum { SHOWN_OCTETS = 60 };

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

/* The words of a reading, which is folded. */
static struct slice
words_of(struct slice folded, struct arena *mem)
{
	return display_words(display_skeleton(folded, mem), mem);
}

/*
 * "Jane Roe <jane@example.org>", "Board of Directors" or "example.org"; false
 * for anything else.
 */
static bool
protect(struct names *names, struct slice text, struct arena *mem)
{
	struct protected_name name = { .text = text };
	struct mailbox_list list = { .count = 0 };
	struct slice shown = text, domain;
	struct display_readings readings;
	struct address address;
	struct err err;

	if (slice_has(text, '<')) {
		if (mailbox_list_parse(text, 1, mem, &list, &err) != 0 ||
		    list.count != 1 || list.items[0].display.len == 0 ||
		    address_canonical(&list.items[0], names->domain, true, mem,
			&address, NULL, &err) != 0)
			return false;
		name.address = address.text;
		/* A reply shows the name, and does not say whose it is. */
		name.text =
		    slice_trim(slice_sub(text, 0, slice_find(text, '<')));
		shown = display_decode(list.items[0].display, mem);
	} else if (slice_has(text, '.') && !slice_has(text, ' ') &&
	    domain_canonical(text, mem, &domain, &err) == 0) {
		look_alikes_add(names->domains, slice_dup(mem, domain));
		return true;
	}
	/* Its words in the order in which they stand, and as it is seen. */
	readings = display_read(shown, mem);
	name.words = words_of(readings.items[0].text, mem);
	name.seen = name.words;
	for (size_t i = readings.count; i-- > 0;) {
		if (readings.items[i].is_visual)
			name.seen = words_of(readings.items[i].text, mem);
	}
	if (name.words.len < 3)
		return false;
	name.turned = turn_words(name.words, mem);
	name.seen_turned = turn_words(name.seen, mem);
	names->items[names->count++] = name;
	return true;
}

unsigned int
names_open(struct names *names, const struct config *config,
    const struct own_domains *own, const struct report *report,
    struct arena *mem)
{
	const struct slice_list *list = &config->names.protected_names;
	const struct slice_list *exempt = &config->names.exempt;
	unsigned int faults = 0;

	*names = (struct names){
		.domain = slice_dup(mem, config->main.domain),
		.address = config->names.address,
		.protected_name = config->names.protected_name,
		.max_lookups = config->bounds.mailboxes,
		.items =
		    arena_array(mem, list->count + 1, sizeof(*names->items)),
		.domains = map_new(mem),
		.own = config->names.own_domains ? own : NULL,
		.exempt = map_new(mem),
	};
	for (size_t i = 0; i < list->count; i++) {
		if (protect(names, slice_dup(mem, list->items[i]), mem))
			continue;
		faults++;
		report_error(report, "%s",
		    config_fault(config, "names.protected-names",
			slice_format(mem,
			    "takes NAME, NAME <ADDRESS> or DOMAIN, not \"%s\"",
			    escape(mem, list->items[i], SHOWN_OCTETS))
			    .data,
			mem));
	}
	for (size_t i = 0; i < exempt->count; i++)
		(void)!map_add(names->exempt,
		    login_normalise(mem, exempt->items[i], names->domain),
		    names);
	return faults;
}

/* One look at the names of a field. */
struct question {
	const struct names_query *query;
	const struct names *names;
	struct map *fine; /* addresses that were looked up and found so */
	size_t left;	  /* look-ups: nobody has that many in a name */
	const struct table_context *context;
	struct arena *mem; /* that of context */
};

/* Whether an author stands in the field that is asked about. */
static bool
is_in_field(const struct names_query *query, const struct author *author)
{
	const struct author *first = &query->authors->items[query->first];

	return author->field == first->field && author->role == first->role;
}

/* Whether an address or a domain is one of the field's own authors'. */
static bool
is_of_field(
    const struct names_query *query, struct slice address, struct slice domain)
{
	const struct authors *authors = query->authors;

	for (size_t i = query->first; i < authors->count; i++) {
		const struct address *own = &authors->items[i].address;

		if (!is_in_field(query, &authors->items[i]))
			continue;
		if (address.len != 0 ? slice_eq(own->text, address) :
				       slice_eq(own->domain, domain) ||
			    (own->domain.len > domain.len &&
				own->domain.data[own->domain.len - domain.len -
				    1] == '.' &&
				slice_ends_nocase(own->domain, domain)))
			return true;
	}
	return false;
}

/* A protected domain in the words of a name, or one below it; false: none. */
static bool
find_domain(
    const struct names *names, struct slice word, struct slice *ret_domain)
{
	while (word.len > MAX_DOMAIN_OCTETS)
		word = slice_from(word, word.len - MAX_DOMAIN_OCTETS);
	for (;;) {
		size_t dot = slice_find(word, '.');

		if (look_alikes_find(names->domains, word, ret_domain) ||
		    own_domains_look_like(names->own, word, ret_domain))
			return true;
		if (dot == word.len)
			return false;
		word = slice_from(word, dot + 1);
	}
}

/*
 * Whether what looks like an address is one. Where its words were joined, its
 * domain must end as domains do, not as in "Room @ 3.14" or "Team @ Node.js":
 * two letters at the end are those of a country. In doubt about what stands
 * between its words, its domain must be a protected one or the field's own.
 */
static bool
is_address(const struct question *question,
    const struct display_reading *reading, struct slice shown)
{
	struct slice domain = slice_from(shown, slice_find(shown, '@') + 1);
	struct slice protected_domain;
	struct slice last =
	    slice_from(domain, slice_find_last(domain, '.') + 1);
	bool letter = false;

	for (size_t i = 0; i < last.len; i++)
		letter = letter || char_is_alpha(last.data[i]) ||
		    char_is_8bit(last.data[i]);
	if (reading->is_joined &&
	    (!letter || last.len < 2 ||
		(last.len == 2 && slice_is_ascii(last) &&
		    !display_is_country(last))))
		return false;
	return !reading->is_loose ||
	    is_of_field(question->query, (struct slice){ NULL, 0 }, domain) ||
	    find_domain(question->names,
		display_skeleton(domain, question->mem), &protected_domain);
}

/* Whether the login may show an address: its own, or one of the field. */
static enum name_answer
check_address(struct question *question, struct slice shown)
{
	const struct names_query *query = question->query;
	struct address address;
	struct slice how;

	if (!rights_login_address(shown, question->mem, &address))
		return NAME_SHOWS;
	if (is_of_field(query, address.text, address.domain) ||
	    map_get(question->fine, address.text) != NULL)
		return NAME_FINE;
	/* Each may be a look-up. */
	if (question->left-- == 0)
		return NAME_SHOWS;
	switch (rights_check(query->rights, query->submitter, &address,
	    question->context, &how)) {
	case RIGHT_GRANTED:
	case RIGHT_BEHALF:
		(void)!map_add(question->fine, address.text, question->fine);
		return NAME_FINE;
	case RIGHT_NONE:
		return NAME_SHOWS;
	case RIGHT_UNJUDGED:
	case RIGHT_UNKNOWN:
		break;
	}
	return NAME_UNKNOWN;
}

/* Addresses in a name; what is left of it goes to *ret_rest. */
static enum name_answer
check_addresses(struct question *question,
    const struct display_reading *reading, struct slice *ret_rest,
    struct name_finding *ret_finding)
{
	enum name_choice choice = question->names->address;
	struct slice rest = reading->addresses, shown;
	enum name_answer all = NAME_FINE;
	struct strbuf other;

	strbuf_init(&other, question->mem);
	for (;;) {
		const char *start = rest.data;

		if (!display_next_address(&rest, &shown))
			break;
		if (!is_address(question, reading, shown)) {
			strbuf_add(&other,
			    (struct slice){ start,
				(size_t)(shown.data - start) + shown.len });
			continue;
		}
		strbuf_add(&other,
		    (struct slice){ start, (size_t)(shown.data - start) });
		strbuf_add_char(&other, ' ');
		if (choice == NAME_ACCEPT || all != NAME_FINE)
			continue;
		all = check_address(question, shown);
		if (all == NAME_UNKNOWN)
			return NAME_UNKNOWN;
		if (all == NAME_SHOWS)
			*ret_finding = (struct name_finding){ choice,
				slice_dup(question->mem, shown) };
	}
	strbuf_add(&other, rest);
	*ret_rest = strbuf_slice(&other);
	return all;
}

/* Protected names and domains in what is left of a name without addresses. */
static enum name_answer
check_protected(const struct question *question,
    const struct display_reading *reading, struct slice text,
    struct name_finding *ret_finding)
{
	const struct names *names = question->names;
	bool visual = reading->is_visual;
	struct slice skeleton, words, all_words, rest, word;

	if (names->protected_name == NAME_ACCEPT ||
	    (names->count == 0 && map_count(names->domains) == 0 &&
		own_domains_count(names->own) == 0))
		return NAME_FINE;
	ret_finding->choice = names->protected_name;
	skeleton = display_skeleton(text, question->mem);
	words = display_words(skeleton, question->mem);
	all_words = visual ? words_of(reading->text, question->mem) : words;
	for (size_t i = 0; i < names->count; i++) {
		const struct protected_name *name = &names->items[i];
		bool is_ltr = slice_eq(name->seen, name->words);
		struct slice in = is_ltr ? words : all_words;

		if ((slice_has_text_nocase(
			 in, visual ? name->seen : name->words) ||
			slice_has_text_nocase(
			    in, visual ? name->seen_turned : name->turned)) &&
		    (name->address.len == 0 ||
			!is_of_field(
			    question->query, name->address, name->address))) {
			ret_finding->what = name->text;
			return NAME_SHOWS;
		}
	}
	rest = skeleton;
	while (display_next_word(&rest, &word)) {
		struct slice domain;

		if (!find_domain(names, word, &domain) ||
		    is_of_field(
			question->query, (struct slice){ NULL, 0 }, domain))
			continue;
		ret_finding->what = domain;
		return NAME_SHOWS;
	}
	return NAME_FINE;
}

/* The graver one of two findings is kept. */
static void
keep_finding(const struct name_finding *finding, enum name_answer *answer,
    struct name_finding *ret_finding)
{
	if (*answer == NAME_FINE || finding->choice < ret_finding->choice)
		*ret_finding = *finding;
	*answer = NAME_SHOWS;
}

/* text: what programs may show of the field. */
static enum name_answer
check_text(struct question *question, struct slice text,
    struct name_finding *ret_finding)
{
	struct arena *mem = question->mem;
	const enum name_choice address = question->names->address;
	const enum name_choice protected = question->names->protected_name;
	struct slice folded, rest;
	enum name_answer all = NAME_FINE, answer;
	struct display_readings readings;
	struct name_finding finding;

	/* U+202D and U+202E: "moc.x@oec" is shown as another address. */
	if (address != NAME_ACCEPT &&
	    (slice_has_text_nocase(text, SLICE("\xe2\x80\xad")) ||
		slice_has_text_nocase(text, SLICE("\xe2\x80\xae")))) {
		*ret_finding = (struct name_finding){ address,
			SLICE("text in reversed order") };
		return NAME_SHOWS;
	}
	/*
	 * No name becomes that much longer by NFKC: a few characters stand for
	 * whole words, and text of such alone costs as much as what it stands
	 * for.
	 */
	folded = display_fold(text, mem);
	if (folded.len > 256 && folded.len / 3 > text.len) {
		*ret_finding =
		    (struct name_finding){ address < protected ? address :
								 protected,
			    SLICE("characters that stand for whole words") };
		return NAME_SHOWS;
	}
	readings = display_read(text, mem);
	for (size_t i = 0; i < readings.count; i++) {
		const struct display_reading *reading = &readings.items[i];

		answer = check_addresses(question, reading, &rest, &finding);
		if (answer == NAME_UNKNOWN)
			return answer;
		if (answer == NAME_SHOWS)
			keep_finding(&finding, &all, ret_finding);
		if (check_protected(question, reading, rest, &finding) ==
		    NAME_SHOWS)
			keep_finding(&finding, &all, ret_finding);
	}
	return all;
}

enum name_answer
names_check(const struct names *names, const struct names_query *query,
    const struct table_context *context, struct name_finding *ret_finding)
{
	/* The readings of a name take many times its length. */
	CLEANUP(arena_done) struct arena scratch;
	struct table_context inner = *context;
	struct question question = { query, names, NULL, names->max_lookups,
		&inner, &scratch };
	struct name_finding finding;
	enum name_answer answer;
	struct strbuf text;
	size_t copied = 0;

	arena_init(&scratch);
	if (map_get(names->exempt, query->submitter->login) != NULL ||
	    (names->address == NAME_ACCEPT &&
		names->protected_name == NAME_ACCEPT))
		return NAME_FINE;
	inner.mem = &scratch;
	question.fine = map_new(&scratch);
	/* Programs may show all of the field but its addresses. */
	strbuf_init(&text, &scratch);
	for (size_t i = query->first; i < query->authors->count; i++) {
		const struct author *author = &query->authors->items[i];
		const struct mailbox *mailbox = &author->mailbox;

		if (!is_in_field(query, author))
			continue;
		strbuf_add(&text,
		    slice_sub(query->value, copied, mailbox->offset - copied));
		strbuf_add_char(&text, ' ');
		copied = mailbox->offset + mailbox->len;
	}
	strbuf_add(&text, slice_from(query->value, copied));
	answer = check_text(&question,
	    display_decode_all(strbuf_slice(&text), &scratch), &finding);
	if (answer == NAME_SHOWS) {
		finding.what = slice_dup(context->mem, finding.what);
		*ret_finding = finding;
	}
	return answer;
}
