/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of a value in a table of rights: who may use the address. */
#include <time.h>

#include "base/clock.h"
#include "rights_priv.h"

/* "until=2027-01-31": whether that day is over, in UTC. */
static bool
parse_until(struct slice text, bool *ret_expired)
{
	struct slice date = slice_from(text, sizeof("until=") - 1);
	unsigned long year, month, day;
	struct tm tm = { 0 };
	time_t begin;

	if (date.len != 10 || date.data[4] != '-' || date.data[7] != '-' ||
	    !slice_number(slice_sub(date, 0, 4), 9999, &year) ||
	    !slice_number(slice_sub(date, 5, 2), 12, &month) ||
	    !slice_number(slice_sub(date, 8, 2), 31, &day) || year < 1970 ||
	    month == 0 || day == 0)
		return false;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)day;
	begin = timegm(&tm);
	/* 31 February would become another day. */
	if (tm.tm_mday != (int)day)
		return false;
	*ret_expired = clock_now() >= begin + 86400;
	return true;
}

int
grant_parse(struct slice word, struct arena *mem, struct grant *ret_grant,
    struct err *err)
{
	struct grant grant = { .denied = word.data[0] == '!' };
	struct slice rest = grant.denied ? slice_from(word, 1) : word;
	size_t end = slice_find(rest, ';');
	struct slice login = slice_sub(rest, 0, end), flag;
	bool dated = false, bad_date = false;
	/* "alice; behalf" with a blank is two words: neither is a login. */
	bool good = login.len > 0 && !slice_has(login, '!') &&
	    !slice_starts_nocase(login, SLICE("until=")) &&
	    !slice_eq_nocase(login, SLICE("behalf"));

	for (rest = slice_from(rest, end); good && rest.len > 0;
	     rest = slice_from(rest, flag.len)) {
		rest = slice_from(rest, 1);
		flag = slice_sub(rest, 0, slice_find(rest, ';'));
		if (slice_eq_nocase(flag, SLICE("behalf"))) {
			good = !grant.denied && !grant.behalf;
			grant.behalf = true;
		} else {
			good = !dated &&
			    slice_starts_nocase(flag, SLICE("until="));
			bad_date = good && !parse_until(flag, &grant.expired);
			good = good && !bad_date;
			dated = true;
			grant.until = slice_from(flag, sizeof("until=") - 1);
		}
	}
	if (bad_date)
		return err_set(err, ERR_CONFIG,
		    "%s: write the last day as "
		    "until=YYYY-MM-DD, like until=2027-01-31",
		    escape(mem, word, 64));
	if (!good)
		return err_set(err, ERR_CONFIG,
		    "%s is not a login: write LOGIN, "
		    "!LOGIN, LOGIN;behalf or LOGIN;until=YYYY-MM-DD",
		    escape(mem, word, 64));
	grant.login = login;
	*ret_grant = grant;
	return 0;
}

bool
rights_next_grant(
    struct grant_walk *walk, struct arena *mem, struct row_grant *ret_grant)
{
	struct slice word;

	while (slice_next_item(&walk->rest, ", \t\r\n", &word)) {
		struct grant grant;
		struct err err;

		if (grant_parse(word, mem, &grant, &err) != 0) {
			walk->is_faulty = true;
			continue;
		}
		if (!slice_eq(login_normalise(mem, grant.login, walk->realm),
			walk->login))
			continue;
		*ret_grant = (struct row_grant){ grant.denied, grant.behalf,
			grant.expired, grant.until };
		return true;
	}
	return false;
}

bool
grant_to_somebody(struct slice value, struct arena *mem)
{
	struct slice word;
	struct grant grant = { .denied = true };
	struct err err;

	while (slice_next_item(&value, ", \t\r\n", &word)) {
		if (grant_parse(word, mem, &grant, &err) == 0 &&
		    !grant.denied && !grant.expired)
			return true;
	}
	return false;
}
