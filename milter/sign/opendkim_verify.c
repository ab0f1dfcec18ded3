/* SPDX-License-Identifier: BSD-2-Clause */
/* Verification by libopendkim, without DNS. */
#include <string.h>

#include "opendkim_priv.h"

/* A message that is verified, and memory for it. */
struct verification {
	const struct verify_request *request;
	struct arena mem;
};

static DKIM_CBSTAT
look_up_key(DKIM *dkim, DKIM_SIGINFO *sig, u_char *buf, size_t size)
{
	struct verification *verification = dkim_get_user_context(dkim);
	const struct verify_request *request = verification->request;
	struct slice domain = slice_of((const char *)dkim_sig_getdomain(sig));
	struct slice selector =
	    slice_of((const char *)dkim_sig_getselector(sig));

	for (size_t i = 0; i < request->published_count; i++) {
		const struct sign_key *key = request->published[i];
		struct slice record;

		if (!slice_eq_nocase(key->domain, domain) ||
		    !slice_eq_nocase(key->selector, selector))
			continue;
		record = key_record(&verification->mem, key);
		if (record.len >= size)
			return DKIM_CBSTAT_ERROR;
		memcpy(buf, record.data, record.len);
		buf[record.len] = '\0';
		return DKIM_CBSTAT_CONTINUE;
	}
	return DKIM_CBSTAT_NOTFOUND;
}

static void
report_signatures(DKIM *dkim, verify_report *report, void *arg)
{
	DKIM_SIGINFO **signatures;
	int count;

	if (dkim_getsiglist(dkim, &signatures, &count) != DKIM_STAT_OK)
		return;
	for (int i = 0; i < count; i++) {
		DKIM_SIGINFO *sig = signatures[i];
		bool passed;

		(void)dkim_sig_process(dkim, sig);
		passed = (dkim_sig_getflags(sig) & DKIM_SIGFLAG_PASSED) != 0 &&
		    dkim_sig_getbh(sig) == DKIM_SIGBH_MATCH;
		report(arg, slice_of((const char *)dkim_sig_getdomain(sig)),
		    slice_of((const char *)dkim_sig_getselector(sig)), passed,
		    passed ? NULL :
			     dkim_sig_geterrorstr(dkim_sig_geterror(sig)));
	}
}

/* 1: there is no signature. */
static int
feed(DKIM *dkim, struct verification *verification, struct err *err)
{
	const struct verify_request *request = verification->request;
	struct slice body = request->body;
	DKIM_STAT status;

	for (size_t i = 0; i < request->count; i++) {
		if (opendkim_feed(dkim, &request->fields[i], &verification->mem,
			err) != 0)
			return -1;
	}
	status = dkim_eoh(dkim);
	if (status == DKIM_STAT_NOSIG)
		return 1;
	if (status == DKIM_STAT_OK && body.len > 0) {
		u_char *text = opendkim_text(&verification->mem, body);

		status = dkim_body(dkim, text, body.len);
		if (status == DKIM_STAT_OK &&
		    (body.len < 2 ||
			memcmp(body.data + body.len - 2, "\r\n", 2) != 0)) {
			u_char end[] = "\r\n";

			status = dkim_body(dkim, end, 2);
		}
	}
	if (status != DKIM_STAT_OK)
		return opendkim_err(err, dkim, status, "verify");
	(void)dkim_eom(dkim, NULL);
	return 0;
}

int
opendkim_verify(const struct verify_request *request, verify_report *report,
    void *arg, struct err *err)
{
	struct verification verification = { .request = request };
	DKIM_LIB *lib = dkim_init(NULL, NULL);
	DKIM_STAT status;
	DKIM *dkim = NULL;
	u_char id[] = "verify";
	int result = -1;

	ENSURE(lib != NULL);
	arena_init(&verification.mem);
	if (dkim_set_key_lookup(lib, look_up_key) != DKIM_STAT_OK)
		err_set(err, ERR_TEMP, "libopendkim: no key lookup");
	else if ((dkim = dkim_verify(lib, id, NULL, &status)) == NULL)
		opendkim_err(err, NULL, status, "verify");
	else if (dkim_set_user_context(dkim, &verification) != DKIM_STAT_OK)
		err_set(err, ERR_TEMP, "libopendkim: no context");
	else
		result = feed(dkim, &verification, err);
	if (result == 0)
		report_signatures(dkim, report, arg);
	if (dkim != NULL)
		(void)dkim_free(dkim);
	dkim_close(lib);
	arena_done(&verification.mem);
	return result < 0 ? -1 : 0;
}
