/* SPDX-License-Identifier: BSD-2-Clause */
/* The lookup tables in Postfix's lists of restrictions. */
#include "check_postfix_priv.h"

enum { MAX_DEPTH = 4 };

const char *const postfix_restrictions[] = { "smtpd_client_restrictions",
	"smtpd_helo_restrictions", "smtpd_sender_restrictions",
	"smtpd_relay_restrictions", "smtpd_recipient_restrictions",
	"smtpd_data_restrictions", "smtpd_end_of_data_restrictions", NULL };

struct walk {
	const struct postfix_check *p;
	const struct postfix_service *service;
	postfix_table_visit *visit;
	void *arg;
};

static bool
is_access(struct slice item)
{
	return slice_starts_nocase(item, SLICE("check_")) && item.len > 7 &&
	    slice_eq_nocase(slice_from(item, item.len - 7), SLICE("_access"));
}

static void
walk_list(const struct walk *walk, const char *option, int depth)
{
	struct slice classes = postfix_seen(
	    walk->p, walk->service, "smtpd_restriction_classes", "");
	struct slice list = postfix_seen(walk->p, walk->service, option, "");
	struct slice item, table, class;

	while (postfix_next_item(&list, ",", &item)) {
		struct slice rest = classes;

		if (is_access(item)) {
			/* "TABLE" or "{ TABLE search_order=... }". */
			if (postfix_next_item(&list, ",", &rest) &&
			    postfix_next_item(&rest, ",", &table))
				walk->visit(walk->arg, item, table);
			continue;
		}
		if (slice_eq_nocase(item, SLICE("check_policy_service")) &&
		    postfix_next_item(&list, ",", &rest)) {
			walk->visit(walk->arg, item, SLICE(""));
			continue;
		}
		/* A class of them, which stands for a list of its own. */
		while (depth < MAX_DEPTH &&
		    postfix_next_item(&rest, ",", &class)) {
			if (slice_eq(class, item))
				walk_list(walk,
				    slice_cstr(walk->p->c->found->mem, class),
				    depth + 1);
		}
	}
}

void
postfix_each_table(const struct postfix_check *p,
    const struct postfix_service *service, const char *option,
    postfix_table_visit *visit, void *arg)
{
	walk_list(&(const struct walk){ p, service, visit, arg }, option, 0);
}
