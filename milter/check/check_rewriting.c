/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of Sendmail by which it changes messages that were signed. */
#include "check/check.h"
#include "repair/mta_traits.h"

enum { SHOWN_BYTES = 120 };

void
check_sendmail_line(const struct checked *c, struct slice line)
{
	struct slice rest, item, name;
	unsigned long limit;

	if (slice_starts(line, SLICE("DM")) && line.len > 2)
		finding_add(c->found, FINDING_WARNING,
		    "no MASQUERADE_AS in sendmail.mc",
		    "Sendmail: masquerading as %s rewrites addresses in the "
		    "header after it was signed",
		    escape(c->found->mem, slice_from(line, 2), SHOWN_BYTES));
	else if (slice_starts(line, SLICE("Kgenerics")))
		finding_add(c->found, FINDING_WARNING,
		    "no FEATURE(genericstable) in sendmail.mc",
		    "Sendmail: genericstable rewrites addresses in the header "
		    "after it was signed");
	else if (slice_starts(line, SLICE("O EightBitMode=")) &&
	    !slice_has(slice_from(line, 15), 'p') &&
	    c->config->repair.body != BODY_ALL)
		finding_add(c->found, FINDING_WARNING, "repair { body = all }",
		    "Sendmail: 8-bit content is converted after it was signed "
		    "where the next host lacks 8BITMIME");
	if (!slice_starts(line, SLICE("M")))
		return;
	/* L= of a mailer: the longest line it sends as it is. */
	rest = slice_from(line, 1);
	name = slice_trim(slice_sub(rest, 0, slice_find(rest, ',')));
	if (!slice_eq(name, SLICE("smtp")) && !slice_eq(name, SLICE("esmtp")) &&
	    !slice_eq(name, SLICE("relay")))
		return;
	while (slice_next_item(&rest, ",", &item)) {
		item = slice_trim(item);
		if (!slice_starts(item, SLICE("L=")) ||
		    !slice_number(slice_from(item, 2), 1000000, &limit) ||
		    limit == 0 || limit >= c->config->repair.line_length ||
		    limit >= mta_traits(MTA_SENDMAIL)->breaks_lines_at)
			continue;
		finding_add(c->found, FINDING_WARNING,
		    slice_format(c->found->mem,
			"repair { line-length = %lu } here", limit)
			.data,
		    "Sendmail: mailer %.*s breaks lines over %lu octets after "
		    "they were signed",
		    SLICE_ARGS(name), limit);
	}
}
