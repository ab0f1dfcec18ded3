/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/rsa.h>

#include "fuzz.h"
#include "message/header.h"
#include "message/tag_list.h"
#include "preflight/adsp.h"
#include "preflight/dmarc_record.h"
#include "preflight/sender_id.h"
#include "preflight/unsubscribe.h"
#include "keys/key_status.h"

static const struct sign_key *
any_key(enum key_algorithm algorithm)
{
	static struct sign_key keys[2];
	struct sign_key *key = &keys[algorithm];

	if (key->pkey == NULL) {
		*key = (struct sign_key){ .domain = SLICE("corp.example"),
			.selector = SLICE("s"),
			.algorithm = algorithm };
		key->pkey = algorithm == KEY_RSA_SHA256 ?
		    EVP_RSA_gen(1024) :
		    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		ENSURE(key->pkey != NULL);
	}
	return key;
}

/* Tags stand in the text; a strict reader sees what a lenient one does. */
static void
check_tags(struct slice text)
{
	struct slice rest = text;
	struct tag_list list;
	const char *fault = NULL;
	enum tag_read read;
	struct tag tag;
	struct err err;
	size_t tags = 0, faults = 0;
	int status = tag_list_parse(text, &list, &err);

	while ((read = tag_next(&rest, &tag, &fault)) != TAG_END) {
		if (read == TAG_FAULT) {
			faults++;
			continue;
		}
		tags++;
		ENSURE(tag.raw.len == 0 ||
		    (tag.raw.data >= text.data &&
			tag.raw.data + tag.raw.len <= text.data + text.len));
		ENSURE(tag.name.len > 0 && !slice_has(tag.value, ';'));
	}
	if (status == 0)
		ENSURE(faults == 0 && list.count == tags && tags > 0);
	else
		ENSURE(err.text[0] != '\0');
}

static void
check_dmarc(struct slice text, struct arena *mem)
{
	struct dmarc_record record;

	if (!dmarc_record_parse(text, &record))
		return;
	ENSURE(slice_starts(text, SLICE("v")) && record.pct <= 100);
	ENSURE(!dmarc_record_is_near_miss(text));
	ENSURE((dmarc_notes_text(record.notes, mem).len > 0) ==
	    (record.notes != 0));
}

/* Nothing of DNS gets into a sentence as it is. */
static void
check_key(const struct sign_key *key, struct slice text, struct arena *mem)
{
	struct key_shown shown;

	key_status_judge(key, text, mem, &shown);
	ENSURE(shown.status != KEY_ABSENT && shown.status != KEY_UNKNOWN);
	ENSURE(shown.text.len > 0 && slice_is_ascii(shown.text));
	for (size_t i = 0; i < shown.text.len; i++)
		ENSURE(!char_is_control(shown.text.data[i]));
}

static void
check_header(struct slice text, struct arena *mem)
{
	static const struct header_limits limits = { .fields = 100 };
	struct unsubscribe_facts facts = { .signed_count = 0 };
	struct unsubscribe bulk;
	struct responsible found;
	struct header header;
	struct slice body;
	struct err err;

	header_init(&header, mem);
	if (header_parse(&header, text, &limits, &body, &err) != 0)
		return;
	facts.fields = header.fields;
	facts.field_count = header.count;
	unsubscribe_check(&facts, mem, &bulk);
	ENSURE(bulk.bulk != NULL || bulk.faults == 0);
	if (responsible_address(
		header.fields, header.count, true, mem, &found, &err) == 0)
		ENSURE(found.address.domain.len > 0);
	else
		ENSURE(err.text[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	enum adsp_practice practice;
	struct arena mem;

	arena_init(&mem);
	check_tags(text);
	check_dmarc(text, &mem);
	check_key(any_key(KEY_RSA_SHA256), text, &mem);
	check_key(any_key(KEY_ED25519_SHA256), text, &mem);
	if (adsp_record_parse(text, &practice))
		ENSURE(slice_starts(text, SLICE("dkim")));
	check_header(text, &mem);
	arena_done(&mem);
	return 0;
}
