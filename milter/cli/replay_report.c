/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages by what they are under a configuration, counted and printed. */
#include <inttypes.h>

#include "replay_priv.h"

static const struct group_form {
	const char *name, *title;
} forms[REPLAY_GROUPS] = {
	[REPLAY_HIT] = { "hit", "Would be refused, and was not" },
	[REPLAY_FREED] = { "freed",
	    "Would not be refused for its authors any more" },
	[REPLAY_STILL] = { "still", "Was refused, and would be" },
	[REPLAY_LATER] = { "later", "A table could not answer" },
	[REPLAY_UNTOLD] = { "untold", "Cannot be told from the log" },
	[REPLAY_FINE] = { "fine", "Was not refused, and would not be" },
};

void
replay_tally_init(struct replay_tally *tally)
{
	for (size_t i = 0; i < REPLAY_GROUPS; i++)
		census_init(&tally->groups[i]);
}

void
replay_tally_done(struct replay_tally *tally)
{
	for (size_t i = 0; i < REPLAY_GROUPS; i++)
		census_done(&tally->groups[i]);
}

void
replay_add(struct replay_tally *tally, enum replay_group group,
    struct slice why, struct slice sample)
{
	tally->totals[group]++;
	if (group != REPLAY_FINE)
		(void)census_add(&tally->groups[group], why, 0, sample);
}

void
replay_count(struct replay_tally *tally, const struct snapshot *snapshot,
    const struct log_record *record)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice why = { NULL, 0 };
	enum replay_group group;

	arena_init(&mem);
	group = replay_judge(snapshot, record, &mem, &why);
	replay_add(tally, group, why, record->fields[LOG_QID]);
}

static void
print_group(const struct replay_tally *tally, size_t group, struct strbuf *buf)
{
	const struct census *census = &tally->groups[group];

	strbuf_addf(
	    buf, "%s: %" PRIu64 "\n", forms[group].title, tally->totals[group]);
	for (size_t i = 0; i < census->count && i < tally->rows; i++) {
		strbuf_addf(buf, "%10" PRIu64 "  ", census->items[i].count[0]);
		strbuf_add(buf, census_name(&census->items[i]));
		strbuf_add_cstr(buf, "  (");
		strbuf_add(buf, census_sample(&census->items[i]));
		strbuf_add_cstr(buf, ")\n");
	}
	if (census->count > tally->rows)
		strbuf_addf(buf, "%10s  and %zu more\n", "...",
		    census->count - tally->rows);
	if (census->left_out != 0)
		strbuf_addf(buf,
		    "There are too many: rare ones are left out, and a count "
		    "may be up to %" PRIu64 " too low.\n",
		    census->missing);
	strbuf_add_char(buf, '\n');
}

void
replay_census_json(const struct replay_census *group, struct strbuf *buf)
{
	const struct census *census = group->census;

	strbuf_addf(buf,
	    ",\"%s\":{\"messages\":%" PRIu64
	    ",\"names\":%zu,\"names_left_out\":%" PRIu64
	    ",\"count_may_lack\":%" PRIu64 ",\"rows\":[",
	    group->member, group->messages, census->count, census->left_out,
	    census->missing);
	for (size_t i = 0; i < census->count && i < group->rows; i++) {
		strbuf_add_cstr(buf, i == 0 ? "{\"what\":" : ",{\"what\":");
		json_append(buf, census_name(&census->items[i]));
		strbuf_addf(buf, ",\"messages\":%" PRIu64 ",\"qid\":",
		    census->items[i].count[0]);
		json_append(buf, census_sample(&census->items[i]));
		strbuf_add_char(buf, '}');
	}
	strbuf_add_cstr(buf, "]}");
}

static void
print_group_json(
    const struct replay_tally *tally, size_t group, struct strbuf *buf)
{
	replay_census_json(
	    &(const struct replay_census){ forms[group].name,
		&tally->groups[group], tally->totals[group], tally->rows },
	    buf);
}

static void
print_groups(struct replay_tally *tally, struct strbuf *buf,
    void (*print)(
	const struct replay_tally *tally, size_t group, struct strbuf *buf))
{
	for (size_t i = 0; i < REPLAY_GROUPS; i++) {
		census_sort(&tally->groups[i]);
		print(tally, i, buf);
	}
}

void
replay_print_text(struct replay_tally *tally, struct strbuf *buf)
{
	print_groups(tally, buf, print_group);
}

void
replay_print_json(struct replay_tally *tally, struct strbuf *buf)
{
	print_groups(tally, buf, print_group_json);
}
