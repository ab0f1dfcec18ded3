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

/* The words of a name, in the order in which they stand and as it is seen. */
static void
add_words(struct protected_name *name, struct slice shown, struct arena *mem)
{
	struct display_readings readings = display_read(shown, mem);
	size_t i = 0;

	name->words = display_words(display_skeleton(readings.items[0].text,
	    mem), mem);
	name->turned = turn_words(name->words, mem);
	name->seen = name->words;
	name->seen_turned = name->turned;
	while (i < readings.count && !readings.items[i].is_visual)
		i++;
	if (i == readings.count)
		return;
	name->seen = display_words(display_skeleton(readings.items[i].text,
	    mem), mem);
	name->seen_turned = turn_words(name->seen, mem);
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
	add_words(&name, shown, mem);
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
	return display_decode_all(strbuf_slice(&buf), mem);
}

/* U+202D and U+202E: nobody's name needs them, and "moc.x@oec" shows as else. */
static bool
is_turned_round(struct slice text)
{
	return slice_has_text_nocase(text, SLICE("\xe2\x80\xad")) ||
	    slice_has_text_nocase(text, SLICE("\xe2\x80\xae"));
}

/*
 * Nobody's name becomes that much longer by NFKC: a few characters stand for
 * whole words, and text of such alone costs as much as what it stands for.
 */
static bool
grows_too_much(struct slice text, struct slice folded)
{
	return folded.len > 256 && folded.len / 3 > text.len;
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

/* What is asked about one field. */
struct question {
	const struct names *names;
	const struct rights *rights;
	const struct submitter *submitter;
	const struct authors *authors;
	size_t first;
	struct map *fine;	/* addresses that were looked up and found so */
	size_t left;		/* look-ups: nobody has that many in a name */
	struct arena *mem;
};

/*
 * Whether a domain ends as domains do, not as "Room @ 3.14" or "Team @ Node.js":
 * two letters at its end are those of a country.
 */
static bool
looks_real(struct slice domain)
{
	struct slice last = slice_from(domain, slice_find_last(domain, '.') + 1);
	bool letter = false;

	for (size_t i = 0; i < last.len; i++)
		letter = letter || char_is_alpha(last.data[i]) ||
		    char_is_8bit(last.data[i]);
	return letter && last.len > 1 && (last.len != 2 ||
	    !slice_is_ascii(last) || display_is_country(last));
}

/*
 * Whether what looks like an address is one: in doubt about what stands between
 * its words, if its domain is a protected one or the field's own.
 */
static bool
is_address(const struct question *question,
    const struct display_reading *reading, struct slice shown)
{
	struct slice domain = slice_from(shown, slice_find(shown, '@') + 1);

	if (reading->is_joined && !looks_real(domain))
		return false;
	return !reading->is_loose || is_of_field(question->authors,
	    question->first, (struct slice){ NULL, 0 }, domain) ||
	    find_domain(question->names, display_skeleton(domain,
		question->mem)) != NULL;
}

/* Whether the login may show an address: its own, or one of the field. */
static enum name_answer
check_address(struct question *question, struct slice shown, struct err *err)
{
	struct address address;
	struct slice how;

	if (!rights_login_address(shown, question->mem, &address))
		return NAME_SHOWS;
	if (is_of_field(question->authors, question->first, address.text,
	    address.domain) ||
	    map_get(question->fine, address.text) != NULL)
		return NAME_FINE;
	/* Each may be a look-up. */
	if (question->left-- == 0)
		return NAME_SHOWS;
	switch (rights_check(question->rights, question->submitter, &address,
	    question->mem, &how, err)) {
	case RIGHT_GRANTED:
	case RIGHT_BEHALF:
		(void)!map_add(question->fine, address.text, question->fine);
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
check_addresses(struct question *question,
    const struct display_reading *reading, struct slice *ret_rest,
    struct name_finding *ret_finding, struct err *err)
{
	enum name_choice choice = question->names->config->names.address;
	struct slice rest = reading->addresses, shown;
	enum name_answer all = NAME_FINE;
	struct strbuf other;

	strbuf_init(&other, question->mem);
	for (;;) {
		const char *start = rest.data;

		if (!display_next_address(&rest, &shown))
			break;
		if (!is_address(question, reading, shown)) {
			strbuf_add(&other, (struct slice){ start,
			    (size_t)(shown.data - start) + shown.len });
			continue;
		}
		strbuf_add(&other, (struct slice){ start,
		    (size_t)(shown.data - start) });
		strbuf_add_char(&other, ' ');
		if (choice == NAME_ACCEPT || all != NAME_FINE)
			continue;
		all = check_address(question, shown, err);
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

static bool
shows_name(const struct protected_name *name, bool is_visual,
    struct slice words)
{
	return slice_has_text_nocase(words, is_visual ? name->seen
	    : name->words) || slice_has_text_nocase(words, is_visual
	    ? name->seen_turned : name->turned);
}

static enum name_answer
check_protected_names(const struct question *question,
    const struct display_reading *reading, struct slice skeleton,
    struct name_finding *ret_finding)
{
	const struct names *names = question->names;
	struct slice words = display_words(skeleton, question->mem);
	struct slice all_words = reading->is_visual ? display_words(
	    display_skeleton(reading->text, question->mem), question->mem)
	    : words;

	for (size_t i = 0; i < names->count; i++) {
		const struct protected_name *name = &names->items[i];
		bool is_ltr = slice_eq(name->seen, name->words);

		if (!shows_name(name, reading->is_visual, is_ltr ? words
		    : all_words) || (name->address.len != 0 &&
		    is_of_field(question->authors, question->first,
			name->address, name->address)))
			continue;
		ret_finding->what = name->text;
		return NAME_SHOWS;
	}
	return NAME_FINE;
}

static enum name_answer
check_protected(const struct question *question,
    const struct display_reading *reading, struct slice text,
    struct name_finding *ret_finding)
{
	const struct names *names = question->names;
	struct name_finding finding = {
		.choice = names->config->names.protected_name };
	struct slice skeleton, rest, word;

	if (finding.choice == NAME_ACCEPT ||
	    (names->count == 0 && map_count(names->domains) == 0))
		return NAME_FINE;
	skeleton = display_skeleton(text, question->mem);
	if (check_protected_names(question, reading, skeleton,
	    &finding) == NAME_SHOWS) {
		*ret_finding = finding;
		return NAME_SHOWS;
	}
	rest = skeleton;
	while (display_next_word(&rest, &word)) {
		const struct slice *domain = find_domain(names, word);

		if (domain == NULL || is_of_field(question->authors,
		    question->first, (struct slice){ NULL, 0 }, *domain))
			continue;
		finding.what = *domain;
		*ret_finding = finding;
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

static enum name_answer
check_field(const struct names *names, const struct rights *rights,
    const struct submitter *submitter, const struct authors *authors,
    size_t first, struct slice value, struct arena *mem,
    struct name_finding *ret_finding, struct err *err)
{
	const enum name_choice address = names->config->names.address;
	const enum name_choice protected = names->config->names.protected_name;
	struct question question = { names, rights, submitter, authors,
		first,
		map_new(mem), names->config->limits.mailboxes, mem };
	enum name_answer all = NAME_FINE, answer;
	struct display_readings readings;
	struct name_finding finding;
	struct slice text, rest;

	if (map_get(names->exempt, submitter->login) != NULL ||
	    (address == NAME_ACCEPT && protected == NAME_ACCEPT))
		return NAME_FINE;
	text = shown_text(authors, first, value, mem);
	if (names->config->names.address != NAME_ACCEPT &&
	    is_turned_round(text)) {
		*ret_finding = (struct name_finding){
			names->config->names.address,
			SLICE("text in reversed order") };
		return NAME_SHOWS;
	}
	if (grows_too_much(text, display_fold(text, mem))) {
		*ret_finding = (struct name_finding){
			address < protected ? address : protected,
			SLICE("characters that stand for whole words") };
		return NAME_SHOWS;
	}
	readings = display_read(text, mem);
	for (size_t i = 0; i < readings.count; i++) {
		const struct display_reading *reading = &readings.items[i];

		answer = check_addresses(&question, reading, &rest, &finding,
		    err);
		if (answer == NAME_UNKNOWN)
			return answer;
		if (answer == NAME_SHOWS)
			keep_finding(&finding, &all, ret_finding);
		if (check_protected(&question, reading, rest,
		    &finding) == NAME_SHOWS)
			keep_finding(&finding, &all, ret_finding);
	}
	return all;
}

enum name_answer
names_check(const struct names *names, const struct rights *rights,
    const struct submitter *submitter, const struct authors *authors,
    size_t first, struct slice value, struct arena *mem,
    struct name_finding *ret_finding, struct err *err)
{
	/* What a name looks like takes many times its length. */
	CLEANUP(arena_done) struct arena scratch;
	struct name_finding finding;
	enum name_answer answer;

	arena_init(&scratch);
	answer = check_field(names, rights, submitter, authors, first, value,
	    &scratch, &finding, err);
	if (answer == NAME_SHOWS) {
		finding.what = slice_dup(mem, finding.what);
		*ret_finding = finding;
	}
	return answer;
}
