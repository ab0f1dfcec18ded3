/* SPDX-License-Identifier: BSD-2-Clause */
/* The DNS tree walk: RFC 9989 section 4.10. */
#include "dns/record.h"
#include "preflight_priv.h"

/* A longer name is cut to one label less than this behind its first query. */
enum { WALK_LABELS = 8 };

static size_t
count_labels(struct slice domain)
{
	size_t labels = domain.len > 0 ? 1 : 0;

	for (size_t i = 0; i < domain.len; i++)
		labels += domain.data[i] == '.' ? 1 : 0;
	return labels;
}

/* The last `count` labels of a domain. */
static struct slice
last_labels(struct slice domain, size_t count)
{
	for (size_t labels = count_labels(domain); labels > count; labels--)
		domain = slice_from(domain, slice_find(domain, '.') + 1);
	return domain;
}

/* Section 4.10, steps 3, 4 and 7. */
static struct slice
next_target(struct slice domain)
{
	size_t labels = count_labels(domain);

	return last_labels(
	    domain, labels < WALK_LABELS ? labels - 1 : WALK_LABELS - 1);
}

static struct slice
record_name(struct slice domain, struct arena *mem)
{
	return slice_format(mem, "_dmarc.%.*s", SLICE_ARGS(domain));
}

enum record_answer
dmarc_record_fetch(const struct dmarc_world *world, struct slice domain,
    struct dmarc_record *ret_record, unsigned int *notes, struct err *err)
{
	struct arena *mem = world->dns.mem;
	struct dns_answer answer;
	struct dmarc_record record, found;
	unsigned int nearly = 0;
	size_t records = 0;

	switch (resolver_lookup(
	    &world->dns, record_name(domain, mem), DNS_TXT, &answer, err)) {
	case DNS_FAILED:
		return RECORD_FAILED;
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		return RECORD_NONE;
	case DNS_FOUND:
		break;
	}
	for (size_t i = 0; i < answer.count; i++) {
		struct slice text;

		if (!dns_txt_text(answer.records[i], mem, &text))
			continue;
		if (dmarc_record_parse(text, &record)) {
			found = record;
			records++;
		} else if (dmarc_record_is_near_miss(text)) {
			nearly = DMARC_NOTE_NEARLY;
		}
	}
	if (records != 1) {
		*notes |= nearly | (records > 1 ? DMARC_NOTE_SEVERAL : 0);
		return records > 1 ? RECORD_SEVERAL : RECORD_NONE;
	}
	*ret_record = found;
	return RECORD_ONE;
}

void
walk_up(
    const struct dmarc_world *world, struct slice start, struct walk *ret_walk)
{
	struct walk walk = { .start = start, .complete = true };
	struct slice domain = start;
	enum dmarc_psd psd = DMARC_PSD_U;

	/* All names are known beforehand: DNS can be asked for all at once. */
	for (size_t i = 0; i < WALK_QUERIES && domain.len > 0; i++) {
		resolver_prefetch(world->dns.resolver,
		    record_name(domain, world->dns.mem), DNS_TXT);
		domain = next_target(domain);
	}
	domain = start;
	while (domain.len > 0 && psd == DMARC_PSD_U && walk.complete) {
		struct walk_step *step = &walk.steps[walk.count];

		ENSURE(walk.queries < WALK_QUERIES);
		walk.queries++;
		switch (dmarc_record_fetch(
		    world, domain, &step->record, &walk.notes, &walk.err)) {
		case RECORD_ONE:
			step->domain = domain;
			psd = step->record.psd;
			walk.count++;
			break;
		case RECORD_FAILED:
			walk.complete = false;
			break;
		case RECORD_NONE:
		case RECORD_SEVERAL:
			break;
		}
		domain = next_target(domain);
	}
	*ret_walk = walk;
}

struct slice
walk_organization(const struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		const struct walk_step *step = &walk->steps[i];

		if (step->record.psd == DMARC_PSD_N)
			return step->domain;
		/* Where the walk began there, it is that domain itself. */
		if (step->record.psd == DMARC_PSD_Y)
			return last_labels(
			    walk->start, count_labels(step->domain) + 1);
	}
	return walk->count > 0 ? walk->steps[walk->count - 1].domain :
				 walk->start;
}

const struct walk_step *
walk_find(const struct walk *walk, struct slice domain)
{
	for (size_t i = 0; i < walk->count; i++) {
		if (walk->steps[i].domain.len == domain.len)
			return &walk->steps[i];
	}
	return NULL;
}
