/* SPDX-License-Identifier: BSD-2-Clause */
/* DMARC Policy Records: RFC 9989 section 4.7, RFC 7489 section 6.3. */
#include "message/tag_list.h"
#include "preflight/dmarc_record.h"

const char *
dmarc_policy_name(enum dmarc_policy policy)
{
	static const char *const names[] = { "none", "quarantine", "reject" };

	return names[policy];
}

enum dmarc_policy
dmarc_policy_lower(enum dmarc_policy policy)
{
	return policy == DMARC_REJECT ? DMARC_QUARANTINE : DMARC_NONE;
}

/*
 * Whether one of a list is a URI, "MAILTO:a@b" and so on (RFC 3986), with the
 * size that RFC 7489 allowed.
 */
static bool
has_uri(struct slice list)
{
	struct slice item;

	while (slice_next_item(&list, ",", &item)) {
		struct slice text = slice_trim(item);
		size_t colon = slice_find(text, ':'), i = 0;

		if (colon == 0 || colon + 1 >= text.len ||
		    !char_is_alpha(text.data[0]))
			continue;
		while (i < colon &&
		    (char_is_alpha(text.data[i]) ||
			char_is_digit(text.data[i]) || text.data[i] == '+' ||
			text.data[i] == '-' || text.data[i] == '.'))
			i++;
		if (i < colon)
			continue;
		while (i < text.len && !char_is_wsp(text.data[i]) &&
		    !char_is_control(text.data[i]) &&
		    !char_is_8bit(text.data[i]))
			i++;
		if (i == text.len)
			return true;
	}
	return false;
}

static bool
read_request(struct slice value, struct dmarc_request *request)
{
	for (int i = DMARC_NONE; i <= DMARC_REJECT; i++) {
		enum dmarc_policy policy = (enum dmarc_policy)i;
		struct slice name = slice_of(dmarc_policy_name(policy));

		if (slice_eq_nocase(value, name)) {
			request->state = DMARC_REQUEST_VALID;
			request->policy = policy;
			return true;
		}
	}
	request->state = DMARC_REQUEST_INVALID;
	return false;
}

/* The place of a value of one letter in a list of them; -1: not in it. */
static int
read_letter(struct slice value, const char *letters)
{
	for (int i = 0; letters[i] != '\0'; i++) {
		if (value.len == 1 && char_lower(value.data[0]) == letters[i])
			return i;
	}
	return -1;
}

static bool
read_p(struct slice value, struct dmarc_record *record)
{
	return read_request(value, &record->p);
}

static bool
read_sp(struct slice value, struct dmarc_record *record)
{
	return read_request(value, &record->sp);
}

static bool
read_np(struct slice value, struct dmarc_record *record)
{
	return read_request(value, &record->np);
}

static bool
read_adkim(struct slice value, struct dmarc_record *record)
{
	record->adkim_strict = read_letter(value, "s") == 0;
	return read_letter(value, "rs") >= 0;
}

static bool
read_aspf(struct slice value, struct dmarc_record *record)
{
	record->aspf_strict = read_letter(value, "s") == 0;
	return read_letter(value, "rs") >= 0;
}

static bool
read_psd(struct slice value, struct dmarc_record *record)
{
	int letter = read_letter(value, "uyn");

	if (letter > 0)
		record->psd = letter == 1 ? DMARC_PSD_Y : DMARC_PSD_N;
	return letter >= 0;
}

static bool
read_t(struct slice value, struct dmarc_record *record)
{
	record->testing = read_letter(value, "y") == 0;
	if (record->testing)
		record->notes |= DMARC_NOTE_TESTING;
	return read_letter(value, "yn") >= 0;
}

static bool
read_pct(struct slice value, struct dmarc_record *record)
{
	unsigned long number;

	if (!slice_number(value, 100, &number))
		return false;
	record->pct = (unsigned int)number;
	if (record->pct != 100)
		record->notes |= DMARC_NOTE_PCT;
	return true;
}

static bool
read_rua(struct slice value, struct dmarc_record *record)
{
	record->has_rua = has_uri(value);
	return record->has_rua;
}

static bool
read_ruf(struct slice value, struct dmarc_record *record)
{
	(void)record;
	return has_uri(value);
}

static bool
read_fo(struct slice value, struct dmarc_record *record)
{
	struct slice item;

	bool any = false;

	(void)record;
	while (slice_next_item(&value, ":", &item)) {
		if (read_letter(slice_trim(item), "01ds") < 0)
			return false;
		any = true;
	}
	return any;
}

static bool
read_historic(struct slice value, struct dmarc_record *record)
{
	(void)value;
	record->notes |= DMARC_NOTE_HISTORIC;
	return true;
}

enum known_tag {
	TAG_P,
	TAG_SP,
	TAG_NP,
	TAG_ADKIM,
	TAG_ASPF,
	TAG_PSD,
	TAG_T,
	TAG_RUA,
	TAG_RUF,
	TAG_FO,
	TAG_PCT,
	TAG_RF,
	TAG_RI,
	TAG_V,
	KNOWN_TAGS
};

/* RFC 9989 section 4.7, and what RFC 7489 section 6.3 had. */
static const struct {
	const char *name;
	bool (*read)(struct slice value, struct dmarc_record *record);
} known_tags[KNOWN_TAGS] = {
	[TAG_P] = { "p", read_p },
	[TAG_SP] = { "sp", read_sp },
	[TAG_NP] = { "np", read_np },
	[TAG_ADKIM] = { "adkim", read_adkim },
	[TAG_ASPF] = { "aspf", read_aspf },
	[TAG_PSD] = { "psd", read_psd },
	[TAG_T] = { "t", read_t },
	[TAG_RUA] = { "rua", read_rua },
	[TAG_RUF] = { "ruf", read_ruf },
	[TAG_FO] = { "fo", read_fo },
	[TAG_PCT] = { "pct", read_pct },
	[TAG_RF] = { "rf", read_historic },
	[TAG_RI] = { "ri", read_historic },
	[TAG_V] = { "v", NULL },
};

static void
read_tag(const struct tag *tag, bool seen[KNOWN_TAGS], bool second,
    struct dmarc_record *record)
{
	size_t known = 0;

	while (known < KNOWN_TAGS &&
	    !slice_eq(tag->name, slice_of(known_tags[known].name)))
		known++;
	if (known == KNOWN_TAGS) {
		record->notes |= DMARC_NOTE_UNKNOWN;
		return;
	}
	/* RFC 6376 section 3.2 forbids that, and readers disagree. */
	if (seen[known] || known_tags[known].read == NULL) {
		record->notes |= DMARC_NOTE_TWICE;
		return;
	}
	seen[known] = true;
	if (known == TAG_P && !second)
		record->notes |= DMARC_NOTE_P_LATE;
	if (!known_tags[known].read(tag->value, record))
		record->notes |= DMARC_NOTE_VALUE;
}

bool
dmarc_record_parse(struct slice text, struct dmarc_record *ret_record)
{
	struct dmarc_record record = { .pct = 100 };
	bool seen[KNOWN_TAGS] = { false };
	enum tag_read read;
	const char *fault;
	struct tag tag;

	/* "v=DMARC1" first and exactly: the grammar has no blank before it. */
	if (text.len == 0 || text.data[0] != 'v' ||
	    tag_next(&text, &tag, &fault) != TAG_READ ||
	    !slice_eq(tag.name, SLICE("v")) ||
	    !slice_eq(tag.value, SLICE("DMARC1")))
		return false;
	for (bool second = true;
	     (read = tag_next(&text, &tag, &fault)) != TAG_END;
	     second = false) {
		if (read == TAG_READ)
			read_tag(&tag, seen, second, &record);
		else
			record.notes |= DMARC_NOTE_SYNTAX;
	}
	if (record.p.state != DMARC_REQUEST_VALID ||
	    record.sp.state == DMARC_REQUEST_INVALID ||
	    record.np.state == DMARC_REQUEST_INVALID)
		record.notes |= DMARC_NOTE_NO_P;
	if (seen[TAG_FO] && !seen[TAG_RUF])
		record.notes |= DMARC_NOTE_FO;
	*ret_record = record;
	return true;
}

bool
dmarc_record_is_near_miss(struct slice text)
{
	struct dmarc_record record;

	return slice_has_text_nocase(slice_sub(text, 0, 512), SLICE("dmarc")) &&
	    !dmarc_record_parse(text, &record);
}

struct slice
dmarc_notes_text(unsigned int notes, struct arena *mem)
{
	static const struct {
		enum dmarc_note note;
		const char *text;
	} texts[] = {
		{ DMARC_NOTE_SYNTAX, "a piece of it is not a tag" },
		{ DMARC_NOTE_TWICE,
		    "a tag is there twice, and receivers "
		    "disagree about which one counts" },
		{ DMARC_NOTE_UNKNOWN,
		    "a tag in it is unknown (names are in "
		    "lower case)" },
		{ DMARC_NOTE_VALUE, "a tag has a value that does not exist" },
		{ DMARC_NOTE_PCT,
		    "pct= is gone in RFC 9989 and followed by "
		    "older receivers only" },
		{ DMARC_NOTE_HISTORIC, "rf= and ri= are gone in RFC 9989" },
		{ DMARC_NOTE_P_LATE,
		    "p= is not right behind v=, where "
		    "older receivers expect it" },
		{ DMARC_NOTE_NO_P,
		    "it has no valid p=, or an invalid sp= or "
		    "np=, so that it asks for nothing" },
		{ DMARC_NOTE_FO, "fo= means nothing without ruf=" },
		{ DMARC_NOTE_TESTING,
		    "t=y asks for one level less than it "
		    "says" },
		{ DMARC_NOTE_SEVERAL,
		    "there are several DMARC records at one "
		    "name, of which none counts" },
		{ DMARC_NOTE_NEARLY,
		    "a TXT record was meant to be a DMARC "
		    "record but does not begin with v=DMARC1" },
	};
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if ((notes & texts[i].note) != 0)
			strbuf_addf(&buf, "%s%s", buf.len > 0 ? "; " : "",
			    texts[i].text);
	}
	return strbuf_slice(&buf);
}
