/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SPF and Sender ID. The first line chooses the client (first octet), the scope
 * (second) and whether libspf2 is asked (third); the next two are HELO and the
 * sender. Each further line is a record of DNS: an octet for the name, one for
 * the type, and the data. A name that begins with "0." to "7." is that one,
 * any other one of them: so whatever a macro makes is there.
 */
#include <string.h>

#include "base/clock.h"
#include "dns/bounded.h"
#include "fuzz.h"
#include "preflight/spf_record.h"

enum {
	NAMES = 8,
	MAX_RECORDS = 64,
	MAX_LOOKUPS = 150,
	MAX_QUESTIONS = 40,
	MAX_ADDRESSES = 12
};

struct world {
	struct slice lines;
	size_t lookups;
};

static struct slice
next_line(struct slice *rest)
{
	struct slice line = slice_sub(*rest, 0, slice_find(*rest, '\n'));

	*rest = slice_from(*rest, line.len + 1);
	return line;
}

static unsigned int
name_index(struct slice name)
{
	unsigned int sum = 0;

	if (name.len > 1 && name.data[1] == '.' && char_is_digit(name.data[0]))
		return (unsigned int)(name.data[0] - '0') % NAMES;
	for (size_t i = 0; i < name.len; i++)
		sum += (unsigned char)name.data[i];
	return sum % NAMES;
}

/* A host name on the wire: the data are its index. */
static void
add_name(struct strbuf *rdata, struct slice data)
{
	unsigned int index = name_index(data);

	strbuf_add_char(rdata, '\1');
	strbuf_add_char(rdata, (char)('0' + index));
	strbuf_add_char(rdata, '\1');
	strbuf_add_char(rdata, index == NAMES - 1 ? ' ' : 'x');
	strbuf_add_char(rdata, '\0');
}

static void
add_strings(struct strbuf *rdata, struct slice data)
{
	do {
		struct slice part = slice_sub(data, 0, 255);

		strbuf_add_char(rdata, (char)part.len);
		strbuf_add(rdata, part);
		data = slice_from(data, part.len);
	} while (data.len > 0);
}

static struct slice
rdata_of(enum dns_type type, struct slice data, struct arena *mem)
{
	static const char client[] = "\300\0\2\1"
				     "\0\0\0\0\0\0\0\0\0\0\0\1";
	struct strbuf rdata;

	strbuf_init(&rdata, mem);
	strbuf_add_cstr(&rdata, "");
	if (slice_starts(data, SLICE("!"))) {
		strbuf_add(&rdata, slice_from(data, 1));
	} else if (type == DNS_TXT) {
		add_strings(&rdata, data);
	} else if (type == DNS_A || type == DNS_AAAA) {
		strbuf_add(
		    &rdata, (struct slice){ client, type == DNS_A ? 4 : 16 });
	} else {
		if (type == DNS_MX)
			strbuf_add(&rdata, (struct slice){ "\0\1", 2 });
		add_name(&rdata, data);
	}
	return strbuf_slice(&rdata);
}

static bool
is_type(char c, enum dns_type type)
{
	return (c == 't' && type == DNS_TXT) || (c == 'm' && type == DNS_MX) ||
	    (c == 'p' && type == DNS_PTR) ||
	    (c == 'a' && (type == DNS_A || type == DNS_AAAA));
}

static enum dns_outcome
world_lookup(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	struct world *world = handle;
	struct slice rest = world->lines;
	struct arena *mem = question->mem;
	struct slice *records = arena_array(mem, MAX_RECORDS, sizeof(*records));
	bool known = false;
	size_t count = 0;

	world->lookups++;
	while (rest.len > 0 && count < MAX_RECORDS) {
		struct slice line = next_line(&rest);

		if (line.len < 2 ||
		    (unsigned char)line.data[0] % NAMES !=
			name_index(question->name))
			continue;
		known = true;
		if (line.data[1] == 'f' && count == 0) {
			err_set(err, ERR_TEMP, "SERVFAIL");
			return DNS_FAILED;
		}
		if (is_type(line.data[1], question->type))
			records[count++] =
			    rdata_of(question->type, slice_from(line, 2), mem);
	}
	*ret_answer = (struct dns_answer){ .records = records, .count = count };
	return count > 0 ? DNS_FOUND : known ? DNS_NO_DATA : DNS_NO_NAME;
}

static void
world_free(void *handle)
{
	(void)handle;
}

static void
check_report(enum spf_result result, const struct spf_report *report)
{
	enum err_kind kind = report->fault.kind;

	ENSURE((result == SPF_TEMPERROR) == (kind == ERR_TEMP));
	ENSURE((result == SPF_PERMERROR) ==
	    (kind == ERR_DATA || kind == ERR_LIMIT));
	ENSURE((kind == ERR_NONE) == (report->fault.text[0] == '\0'));
	ENSURE(report->terms <= SPF_MAX_TERMS);
	ENSURE(report->voids <= SPF_MAX_VOIDS ||
	    (report->voids == SPF_MAX_VOIDS + 1 && kind == ERR_LIMIT));
	ENSURE(result != SPF_PASS || report->mechanism.len > 0);
	ENSURE(report->mechanism.len == 0 || report->record.len > 0);
}

/* The reader of records alone, with any text. */
static void
check_records(struct slice lines, struct arena *mem)
{
	struct err err = { .kind = ERR_NONE };
	struct spf_record record;

	while (lines.len > 0) {
		struct slice line = next_line(&lines);

		if (spf_record_parse(slice_from(line, 2), mem, &record, &err) !=
		    0)
			ENSURE(
			    (err.kind == ERR_DATA || err.kind == ERR_LIMIT) &&
			    err.text[0] != '\0');
	}
}

static void
choose(struct slice line, struct spf_request *request, bool *ret_libspf2)
{
	static const char *const clients[] = { "192.0.2.1", "c000:201::1",
		"198.51.100.7", "::1" };
	unsigned char client = line.len > 0 ? (unsigned char)line.data[0] : 0;
	unsigned char scope = line.len > 1 ? (unsigned char)line.data[1] : 0;

	ENSURE(net_addr_parse(slice_of(clients[client & 3]), &request->client));
	request->scope = (enum spf_scope)(scope % (SENDER_ID_PRA + 1));
	*ret_libspf2 = line.len > 2 && line.data[2] == 'l';
}

/*
 * However many addresses mail leaves from, a message asks no more than its
 * bound; and what is asked once only says the same.
 */
static void
check_bound(const struct dns_client *dns, struct spf_request request,
    enum spf_result want, struct world *world)
{
	struct domain_quota *quota = domain_quota_new(MAX_LOOKUPS / 2);
	struct resolver *bounded =
	    bounded_resolver_new(dns->resolver, MAX_QUESTIONS, quota);
	const struct dns_client client = { bounded, dns->deadline_us,
		dns->mem };
	size_t before = world->lookups;
	struct spf_report report;

	for (size_t i = 0; i < MAX_ADDRESSES; i++) {
		enum spf_result result = spf_check(&client, &request, &report);

		check_report(result, &report);
		ENSURE(i > 0 || result == want ||
		    bounded_resolver_asked(bounded) == MAX_QUESTIONS);
		request.client.octets[request.client.bits / 8 - 1]++;
	}
	ENSURE(world->lookups - before == bounded_resolver_asked(bounded));
	ENSURE(bounded_resolver_asked(bounded) <= MAX_QUESTIONS);
	resolver_unref(bounded);
	domain_quota_free(quota);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct resolver_ops ops = { .lookup = world_lookup,
		.free = world_free };
	struct slice rest = { (const char *)data, size };
	struct dns_client dns = { .deadline_us =
				      clock_monotonic_us() + 60000000 };
	struct spf_request request = { .scope = SPF_MAIL_FROM_V1 };
	struct spf_report report, again;
	struct world world;
	struct arena mem;
	enum spf_result result;
	bool libspf2;

	choose(next_line(&rest), &request, &libspf2);
	request.helo = next_line(&rest);
	request.mail_from = next_line(&rest);
	world = (struct world){ .lines = rest };
	dns.resolver = resolver_new(&ops, &world);
	dns.mem = &mem;
	arena_init(&mem);
	result = spf_check(&dns, &request, &report);
	ENSURE(world.lookups <= MAX_LOOKUPS);
	check_report(result, &report);
	check_records(rest, &mem);
	ENSURE(spf_check(&dns, &request, &again) == result &&
	    report.terms == again.terms &&
	    slice_eq(report.mechanism, again.mechanism));
	check_bound(&dns, request, result, &world);
	if (libspf2 && spf_libspf2_result(&dns, &request, &result))
		ENSURE(spf_result_name(result)[0] != 'u');
	arena_done(&mem);
	resolver_unref(dns.resolver);
	return 0;
}
