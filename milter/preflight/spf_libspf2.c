/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libspf2 1.2.10 as Debian 12 has it. CVE-2023-42118 (macros) is not corrected
 * there, so it gets only records that the grammar allows, of a bounded size.
 */
#include "preflight/spf.h"

#include "config.h"

#ifdef HAVE_LIBSPF2

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <spf2/spf.h>
#include <string.h>

#include "dns/record.h"
#include "spf_priv.h"

enum {
	MAX_RECORD_OCTETS = 1000,
	MAX_SPEC_OCTETS = 255,
	MAX_TEXT_OCTETS = 320,
	/* Its own limit does not count the lookups of included records. */
	MAX_LOOKUPS = 200,
};

struct question {
	struct resolver *resolver;
	uint64_t deadline_us;
	unsigned int lookups;
	bool refused;		/* something was not given to libspf2 */
};

static bool
is_safe_record(struct slice text, struct arena *mem)
{
	struct spf_record record;
	struct err err;

	if (text.len > MAX_RECORD_OCTETS ||
	    spf_record_parse(text, mem, &record, &err) != 0 ||
	    record.redirect.len > MAX_SPEC_OCTETS)
		return false;
	for (size_t i = 0; i < record.count; i++) {
		if (record.directives[i].domain.len > MAX_SPEC_OCTETS)
			return false;
	}
	return true;
}

/*
 * The text of a record as libspf2 has it. Of TXT only SPF records are given:
 * what exp= points at would be expanded, and is never shown.
 */
static bool
record_text(struct question *question, struct slice rdata,
    enum dns_type type, struct arena *mem, struct slice *ret_text)
{
	struct slice scopes, terms;
	unsigned int preference;

	if (type == DNS_TXT) {
		if (!dns_txt_text(rdata, mem, ret_text) ||
		    spf_version(*ret_text, &scopes, &terms) != SPF_VERSION_1)
			return false;
		if (!is_safe_record(*ret_text, mem))
			question->refused = true;
		return !question->refused;
	}
	return (type == DNS_MX ? dns_mx_read(rdata, mem, &preference, ret_text)
	    : dns_name_text(rdata, mem, ret_text)) &&
	    ret_text->len > 0 && !slice_has(*ret_text, '\\');
}

/* Adds one more; false when libspf2 has no memory. */
static bool
add_record(SPF_dns_rr_t *rr, struct slice data, bool is_text)
{
	int index = rr->num_rr;

	if (SPF_dns_rr_buf_realloc(rr, index, data.len + 1) != SPF_E_SUCCESS)
		return false;
	memcpy(rr->rr[index], data.data, data.len);
	if (is_text)
		((char *)rr->rr[index])[data.len] = '\0';
	rr->num_rr++;
	return true;
}

static bool
add_records(struct question *question, const struct dns_answer *answer,
    enum dns_type type, struct arena *mem, SPF_dns_rr_t *rr)
{
	for (size_t i = 0; i < answer->count; i++) {
		struct slice data = answer->records[i];
		bool is_text = type != DNS_A && type != DNS_AAAA;

		if (is_text ? !record_text(question, data, type, mem, &data)
		    : data.len != (type == DNS_A ? 4 : 16))
			continue;
		if (!add_record(rr, data, is_text))
			return false;
	}
	return rr->num_rr > 0;
}

static SPF_dns_stat_t
fill(struct question *question, const char *domain, enum dns_type type,
    struct arena *mem, SPF_dns_rr_t *rr)
{
	struct dns_answer answer;
	struct slice name;
	struct err err;

	if (!spf_query_name(slice_of(domain), mem, &name))
		return HOST_NOT_FOUND;
	if (++question->lookups > MAX_LOOKUPS)
		question->refused = true;
	if (question->refused)
		return TRY_AGAIN;
	switch (resolver_lookup(question->resolver, name, type,
	    question->deadline_us, mem, &answer, &err)) {
	case DNS_FOUND:
		return add_records(question, &answer, type, mem, rr)
		    ? NETDB_SUCCESS : NO_DATA;
	case DNS_NO_DATA:
		return NO_DATA;
	case DNS_NO_NAME:
		return HOST_NOT_FOUND;
	case DNS_FAILED:
		break;
	}
	return TRY_AGAIN;
}

/* libspf2 aborts when it gets NULL, so this is NULL only without memory. */
static SPF_dns_rr_t *
answer_libspf2(SPF_dns_server_t *server, const char *domain, ns_type type,
    int should_cache)
{
	SPF_dns_rr_t *rr = SPF_dns_rr_new_init(server, domain, type, 0,
	    NO_DATA);
	struct arena mem;

	(void)should_cache;
	/* Type 99 is no more (RFC 7208 section 3.1). */
	if (rr == NULL || (type != ns_t_a && type != ns_t_aaaa &&
	    type != ns_t_mx && type != ns_t_ptr && type != ns_t_txt))
		return rr;
	arena_init(&mem);
	rr->herrno = fill(server->hook, domain, (enum dns_type)type, &mem, rr);
	arena_done(&mem);
	return rr;
}

static enum spf_result
result_of(SPF_response_t *response)
{
	switch (SPF_response_result(response)) {
	case SPF_RESULT_NEUTRAL: return SPF_NEUTRAL;
	case SPF_RESULT_PASS: return SPF_PASS;
	case SPF_RESULT_FAIL: return SPF_FAIL;
	case SPF_RESULT_SOFTFAIL: return SPF_SOFTFAIL;
	case SPF_RESULT_NONE: return SPF_NONE;
	case SPF_RESULT_TEMPERROR: return SPF_TEMPERROR;
	case SPF_RESULT_PERMERROR: return SPF_PERMERROR;
	case SPF_RESULT_INVALID: break;
	}
	/* A result of its own that stands for none of the RFC. */
	return SPF_response_errcode(response) == SPF_E_DNS_ERROR ||
	    SPF_response_errcode(response) == SPF_E_NO_MEMORY
	    ? SPF_TEMPERROR : SPF_PERMERROR;
}

static bool
set_request(SPF_request_t *request, const struct spf_request *wanted,
    struct arena *mem)
{
	const char *helo = slice_cstr(mem, wanted->helo);
	struct in6_addr six;
	struct in_addr four;
	SPF_errcode_t code;

	memcpy(&four, wanted->client.octets, sizeof(four));
	memcpy(&six, wanted->client.octets, sizeof(six));
	code = wanted->client.bits == 32 ? SPF_request_set_ipv4(request, four)
	    : SPF_request_set_ipv6(request, six);
	if (code != SPF_E_SUCCESS ||
	    SPF_request_set_helo_dom(request, helo) != SPF_E_SUCCESS)
		return false;
	/* It returns another type, and 0 as the others do. */
	return SPF_request_set_env_from(request, wanted->mail_from.len > 0
	    ? slice_cstr(mem, wanted->mail_from)
	    : slice_format(mem, "postmaster@%s", helo).data) == 0;
}

static bool
ask(SPF_request_t *request, enum spf_result *ret_result)
{
	SPF_response_t *response = NULL;

	(void)SPF_request_query_mailfrom(request, &response);
	if (response == NULL)
		return false;
	*ret_result = result_of(response);
	SPF_response_free(response);
	return true;
}

static bool
ask_server(SPF_server_t *server, const struct spf_request *wanted,
    struct arena *mem, enum spf_result *ret_result)
{
	SPF_request_t *request = SPF_request_new(server);
	bool asked;

	if (request == NULL)
		return false;
	asked = SPF_server_set_rec_dom(server, "localhost") ==
	    SPF_E_SUCCESS && set_request(request, wanted, mem) &&
	    ask(request, ret_result);
	SPF_request_free(request);
	return asked;
}

static bool
is_safe_text(struct slice text)
{
	if (text.len > MAX_TEXT_OCTETS)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (char_is_8bit(text.data[i]) ||
		    char_is_control(text.data[i]))
			return false;
	}
	return true;
}

static bool
is_loopback(const struct net_addr *client)
{
	static const uint8_t six[16] = { [15] = 1 };

	return client->bits == 32 ? client->octets[0] == 127
	    : memcmp(client->octets, six, sizeof(six)) == 0;
}

bool
spf_libspf2_result(struct resolver *resolver,
    const struct spf_request *request, uint64_t deadline_us,
    enum spf_result *ret_result)
{
	struct question question = { .resolver = resolver,
		.deadline_us = deadline_us };
	SPF_dns_server_t dns = { .lookup = answer_libspf2,
		.name = "submilter", .hook = &question };
	enum spf_result result;
	SPF_server_t *server;
	struct arena mem;
	bool asked;

	if (request->scope != SPF_MAIL_FROM_V1 ||
	    is_loopback(&request->client) || request->helo.len == 0 ||
	    !is_safe_text(request->helo) || !is_safe_text(request->mail_from))
		return false;
	server = SPF_server_new_dns(&dns, 0);
	if (server == NULL)
		return false;
	arena_init(&mem);
	asked = ask_server(server, request, &mem, &result);
	arena_done(&mem);
	SPF_server_free(server);
	if (!asked || question.refused)
		return false;
	*ret_result = result;
	return true;
}

#else

bool
spf_libspf2_result(struct resolver *resolver,
    const struct spf_request *request, uint64_t deadline_us,
    enum spf_result *ret_result)
{
	(void)resolver;
	(void)request;
	(void)deadline_us;
	(void)ret_result;
	return false;
}

#endif
