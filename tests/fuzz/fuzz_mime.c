/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies and what becomes of them. The first line is Content-Type, the second
 * one Content-Transfer-Encoding, the rest is the body. Oracle: every part
 * decodes to the same content, and all else is the same to the octet.
 */
#include "fuzz.h"
#include "repair/repair_body.h"

enum { LINE_OCTETS = 100 };

static struct config *config;

static struct slice
next_line(struct slice *rest)
{
	struct slice line = slice_sub(*rest, 0, slice_find(*rest, '\n'));

	*rest = slice_from(*rest, line.len + 1);
	return line;
}

static struct slice
with_last_line_end(struct slice body, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add(&buf, body);
	strbuf_add_cstr(&buf, "\r\n");
	return strbuf_slice(&buf);
}

static void
gather(void *arg, struct slice text)
{
	strbuf_add(arg, text);
}

static struct slice
decoded(struct slice content, enum transfer_encoding from, struct arena *mem)
{
	struct decoder decoder;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	decoder_init(&decoder, from, gather, &buf);
	decoder_add(&decoder, slice_sub(content, 0, content.len / 3));
	decoder_add(&decoder, slice_from(content, content.len / 3));
	decoder_finish(&decoder);
	return strbuf_slice(&buf);
}

static struct slice
part_of(struct slice body, uint64_t start, uint64_t end)
{
	ENSURE(start <= end && end <= body.len);
	return slice_sub(body, (size_t)start, (size_t)(end - start));
}

static size_t
scan(struct slice type, struct slice encoding, struct slice body,
    struct arena *mem, const struct mime_part **ret_parts)
{
	struct mime_scan *scanner = mime_scan_new(mem, type, encoding);
	struct err err;
	size_t count;

	/* Cut anywhere. */
	mime_scan_add(scanner, slice_sub(body, 0, body.len / 2));
	mime_scan_add(scanner, slice_from(body, body.len / 2));
	return mime_scan_finish(scanner, ret_parts, &count, &err) == 0
	    ? count : 0;
}

/* All octets but the content that was encoded and the labels. */
static struct slice
skeleton(struct slice body, const struct mime_part *parts,
    const struct body_plan *plan, struct arena *mem)
{
	struct strbuf buf;
	uint64_t at = 0;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < plan->count; i++) {
		const struct part_plan *todo = &plan->plans[i];

		if (!todo->encode && !todo->relabel)
			continue;
		if (i > 0 && parts[i].encoding_end > parts[i].encoding_start) {
			strbuf_add(&buf, part_of(body, at,
			    parts[i].encoding_start));
			at = parts[i].encoding_end;
		}
		if (todo->encode) {
			strbuf_add(&buf, part_of(body, at,
			    parts[i].content_start));
			at = parts[i].content_end;
		}
	}
	strbuf_add(&buf, part_of(body, at, body.len));
	return strbuf_slice(&buf);
}

static void
check_result(const struct body_plan *plan, struct slice old, struct slice new,
    struct slice type, struct slice encoding, struct arena *mem)
{
	const struct mime_part *parts = NULL;
	size_t count = scan(type, plan->plans[0].encode ||
	    plan->plans[0].relabel ? slice_of(transfer_encoding_name(
	    plan->plans[0].to)) : encoding, new, mem, &parts);
	struct slice before, after;

	ENSURE(count == plan->count);
	for (size_t i = 0; i < count; i++) {
		const struct mime_part *was = &plan->parts[i];
		const struct mime_part *is = &parts[i];

		ENSURE(was->kind == is->kind && was->parent == is->parent);
		if (was->kind != MIME_LEAF)
			continue;
		before = decoded(part_of(old, was->content_start,
		    was->content_end), was->encoding, mem);
		after = decoded(part_of(new, is->content_start,
		    is->content_end), is->encoding, mem);
		ENSURE(slice_eq(before, after));
		ENSURE(is->is_sealed || is->encoding == TRANSFER_OTHER ||
		    (!is->has_8bit && !is->has_nul && !is->has_bare &&
		    is->longest_line <= LINE_OCTETS));
	}
	before = skeleton(old, plan->parts, plan, mem);
	after = skeleton(new, parts, plan, mem);
	ENSURE(slice_eq(before, after));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size }, type, encoding;
	const struct mime_part *parts = NULL;
	struct body_plan plan;
	struct body body;
	struct strbuf new;
	struct arena mem;
	struct err err;
	size_t count;

	if (config == NULL)
		ENSURE(config_read_text("fuzz", SLICE(""), NULL, NULL, &config, &err) == 0);
	type = next_line(&rest);
	encoding = next_line(&rest);
	arena_init(&mem);
	/* As an MTA hands a body over. */
	if (rest.len < 2 || !slice_eq(slice_from(rest, rest.len - 2),
	    SLICE("\r\n")))
		rest = with_last_line_end(rest, &mem);
	count = scan(type, encoding, rest, &mem, &parts);
	if (count != 0 && body_plan_make(config, parts, count, LINE_OCTETS,
	    false, &mem, &plan, &err) == 0 && plan.changes) {
		body_init(&body, "/tmp", 1024);
		ENSURE(body_add(&body, rest, &err) == 0);
		strbuf_init(&new, &mem);
		ENSURE(body_plan_write(&plan, &body, gather, &new, &err) == 0);
		body_done(&body);
		check_result(&plan, rest, strbuf_slice(&new), type, encoding,
		    &mem);
	}
	arena_done(&mem);
	return 0;
}
