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
#include "preflight/spf_record.h"

enum {
	MAX_RECORD_OCTETS = 1000,
	MAX_SPEC_OCTETS = 255,
	MAX_TEXT_OCTETS = 320,
	/* Its own limit does not count the lookups of included records. */
	MAX_LOOKUPS = 200,
};

struct question {
	struct dns_client dns; /* its memory is that of one lookup */
	unsigned int lookups;
	bool refused; /* something was not given to libspf2 */
};

/*
 * The text of a record as libspf2 has it; false: it gets nothing. Of TXT only
 * SPF records are given: what exp= points at would be expanded, and is never
 * shown. An SPF record that is not safe ends the whole question.
 */
static bool
record_text(struct question *question, struct slice rdata, enum dns_type type,
    struct slice *ret_text)
{
	struct arena *mem = question->dns.mem;
	struct slice scopes, terms;
	struct spf_record record;
	unsigned int preference;
	struct err err;

	if (type != DNS_TXT)
		return (type == DNS_MX ?
			       dns_mx_read(rdata, mem, &preference, ret_text) :
			       dns_name_text(rdata, mem, ret_text)) &&
		    ret_text->len > 0 && !slice_has(*ret_text, '\\');
	if (!dns_txt_text(rdata, mem, ret_text) ||
	    spf_version(*ret_text, &scopes, &terms) != SPF_VERSION_1)
		return false;
	if (ret_text->len > MAX_RECORD_OCTETS ||
	    spf_record_parse(*ret_text, mem, &record, &err) != 0 ||
	    record.redirect.len > MAX_SPEC_OCTETS) {
		question->refused = true;
		return false;
	}
	for (size_t i = 0; i < record.count; i++) {
		if (record.directives[i].domain.len > MAX_SPEC_OCTETS)
			question->refused = true;
	}
	return !question->refused;
}

/* The answer to one lookup in *rr, and what libspf2 is told of it. */
static SPF_dns_stat_t
spf_libspf2_fill(struct question *question, const char *domain,
    enum dns_type type, SPF_dns_rr_t *rr)
{
	bool is_text = type != DNS_A && type != DNS_AAAA;
	struct dns_answer answer;
	struct slice name;
	struct err err;

	if (!spf_query_name(slice_of(domain), question->dns.mem, &name))
		return HOST_NOT_FOUND;
	if (++question->lookups > MAX_LOOKUPS)
		question->refused = true;
	if (question->refused)
		return TRY_AGAIN;
	switch (resolver_lookup(&question->dns, name, type, &answer, &err)) {
	case DNS_FOUND:
		break;
	case DNS_NO_DATA:
		return NO_DATA;
	case DNS_NO_NAME:
		return HOST_NOT_FOUND;
	case DNS_FAILED:
		return TRY_AGAIN;
	}
	for (size_t i = 0; i < answer.count; i++) {
		struct slice data = answer.records[i];
		int at = rr->num_rr;

		if (is_text ? !record_text(question, data, type, &data) :
			      data.len != (type == DNS_A ? 4 : 16))
			continue;
		/* libspf2 has no memory. */
		if (SPF_dns_rr_buf_realloc(rr, at, data.len + 1) !=
		    SPF_E_SUCCESS)
			return NO_DATA;
		memcpy(rr->rr[at], data.data, data.len);
		if (is_text)
			((char *)rr->rr[at])[data.len] = '\0';
		rr->num_rr++;
	}
	return rr->num_rr > 0 ? NETDB_SUCCESS : NO_DATA;
}

/* libspf2 aborts when it gets NULL, so this is NULL only without memory. */
static SPF_dns_rr_t *
answer_libspf2(SPF_dns_server_t *server, const char *domain, ns_type type,
    int should_cache)
{
	SPF_dns_rr_t *rr =
	    SPF_dns_rr_new_init(server, domain, type, 0, NO_DATA);
	struct question *question = server->hook;
	struct arena mem;

	(void)should_cache;
	/* Type 99 is not used any more (RFC 7208 section 3.1). */
	if (rr == NULL ||
	    (type != ns_t_a && type != ns_t_aaaa && type != ns_t_mx &&
		type != ns_t_ptr && type != ns_t_txt))
		return rr;
	arena_init(&mem);
	question->dns.mem = &mem;
	rr->herrno =
	    spf_libspf2_fill(question, domain, (enum dns_type)type, rr);
	arena_done(&mem);
	return rr;
}

static enum spf_result
result_of(SPF_response_t *response)
{
	switch (SPF_response_result(response)) {
	case SPF_RESULT_NEUTRAL:
		return SPF_NEUTRAL;
	case SPF_RESULT_PASS:
		return SPF_PASS;
	case SPF_RESULT_FAIL:
		return SPF_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return SPF_SOFTFAIL;
	case SPF_RESULT_NONE:
		return SPF_NONE;
	case SPF_RESULT_TEMPERROR:
		return SPF_TEMPERROR;
	case SPF_RESULT_PERMERROR:
		return SPF_PERMERROR;
	case SPF_RESULT_INVALID:
		break;
	}
	/* A result of its own that stands for none of the RFC. */
	return SPF_response_errcode(response) == SPF_E_DNS_ERROR ||
		SPF_response_errcode(response) == SPF_E_NO_MEMORY ?
	    SPF_TEMPERROR :
	    SPF_PERMERROR;
}

/* Asks for the result; false: libspf2 has no memory, or does not take it. */
static bool
ask_server(SPF_server_t *server, const struct spf_request *wanted,
    struct arena *mem, enum spf_result *ret_result)
{
	const char *helo = slice_cstr(mem, wanted->helo);
	const char *sender = wanted->mail_from.len > 0 ?
	    slice_cstr(mem, wanted->mail_from) :
	    slice_format(mem, "postmaster@%s", helo).data;
	SPF_request_t *request = SPF_request_new(server);
	SPF_response_t *response = NULL;
	SPF_errcode_t code;
	struct in6_addr six;
	struct in_addr four;

	if (request == NULL)
		return false;
	memcpy(&four, wanted->client.octets, sizeof(four));
	memcpy(&six, wanted->client.octets, sizeof(six));
	code = wanted->client.bits == 32 ? SPF_request_set_ipv4(request, four) :
					   SPF_request_set_ipv6(request, six);
	/* SPF_request_set_env_from() returns another type, and 0, too. */
	if (code == SPF_E_SUCCESS &&
	    SPF_server_set_rec_dom(server, "localhost") == SPF_E_SUCCESS &&
	    SPF_request_set_helo_dom(request, helo) == SPF_E_SUCCESS &&
	    SPF_request_set_env_from(request, sender) == 0)
		(void)SPF_request_query_mailfrom(request, &response);
	if (response != NULL) {
		*ret_result = result_of(response);
		SPF_response_free(response);
	}
	SPF_request_free(request);
	return response != NULL;
}

bool
spf_libspf2_result(const struct dns_client *dns,
    const struct spf_request *request, enum spf_result *ret_result)
{
	struct question question = { .dns = *dns };
	SPF_dns_server_t source = {
		.lookup = answer_libspf2, .name = "submilter", .hook = &question
	};
	static const uint8_t loopback[16] = { [15] = 1 };
	const struct net_addr *client = &request->client;
	bool is_loopback = client->bits == 32 ?
	    client->octets[0] == 127 :
	    memcmp(client->octets, loopback, sizeof(loopback)) == 0;
	enum spf_result result = SPF_NONE;
	SPF_server_t *server;
	struct arena mem;
	bool asked;

	if (request->scope != SPF_MAIL_FROM_V1 || is_loopback ||
	    request->helo.len == 0 || request->helo.len > MAX_TEXT_OCTETS ||
	    request->mail_from.len > MAX_TEXT_OCTETS ||
	    !spf_is_printable(request->helo) ||
	    !spf_is_printable(request->mail_from))
		return false;
	server = SPF_server_new_dns(&source, 0);
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
spf_libspf2_result(const struct dns_client *dns,
    const struct spf_request *request, enum spf_result *ret_result)
{
	(void)dns;
	(void)request;
	(void)ret_result;
	return false;
}

#endif
