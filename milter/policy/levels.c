/* SPDX-License-Identifier: BSD-2-Clause */
/* Levels of rights and names that differ from login to login. */
#include "policy/levels.h"

#include "policy/login_row.h"
#include "policy/rights.h"

enum { SHOWN_OCTETS = 64 };

/* The words of each kind of choice, in the order of its enum. */
#define CHOICES(type) \
	__attribute__((unused)) static const char *const type##_words[] = {
#define WORD(constant, word) word,
#define CHOICES_END \
	}           \
	;
#include "conf/choices.def"

enum level { LEVEL_MISMATCH, LEVEL_REDIRECT, LEVEL_NAMES, LEVEL_COUNT };

static const struct {
	const char *name;
	const char *const *words;
	size_t word_count;
} level_kinds[LEVEL_COUNT] = {
#define KIND(name, words)                                     \
	{                                                     \
		name, words, sizeof(words) / sizeof(words[0]) \
	}
	[LEVEL_MISMATCH] = KIND("mismatch", mismatch_words),
	[LEVEL_REDIRECT] = KIND("redirect", refuse_accept_words),
	[LEVEL_NAMES] = KIND("names", name_choice_words),
#undef KIND
};

struct rights_levels
rights_levels_of(const struct config *config)
{
	return (struct rights_levels){
		.mismatch = config->rights.mismatch,
		.redirect = config->rights.redirect,
		.address = config->names.address,
		.protected_name = config->names.protected_name,
	};
}

int
rights_levels_change(struct rights_levels *levels, struct slice words,
    struct arena *mem, struct err *err)
{
	struct rights_levels changed = *levels;
	bool seen[LEVEL_COUNT] = { false };
	struct slice word;

	while (slice_next_item(&words, ", \t\r\n", &word)) {
		size_t equals = slice_find(word, '=');
		struct slice name = slice_sub(word, 0, equals);
		size_t level = 0, choice = 0;

		while (level < LEVEL_COUNT &&
		    !slice_eq_nocase(name, slice_of(level_kinds[level].name)))
			level++;
		while (level < LEVEL_COUNT &&
		    choice < level_kinds[level].word_count &&
		    !slice_eq_nocase(slice_from(word, equals + 1),
			slice_of(level_kinds[level].words[choice])))
			choice++;
		if (level == LEVEL_COUNT ||
		    choice == level_kinds[level].word_count)
			return err_set(err, ERR_CONFIG,
			    "\"%s\" is not "
			    "mismatch=reject, hold or rewrite-from, "
			    "redirect=refuse or accept, or names=refuse, "
			    "neutralise, log or accept",
			    escape(mem, word, SHOWN_OCTETS));
		if (seen[level])
			return err_set(err, ERR_CONFIG, "%s stands there twice",
			    level_kinds[level].name);
		seen[level] = true;
		switch ((enum level)level) {
		case LEVEL_MISMATCH:
			changed.mismatch = (enum mismatch)choice;
			break;
		case LEVEL_REDIRECT:
			changed.redirect = (enum refuse_accept)choice;
			break;
		case LEVEL_NAMES:
			changed.address = (enum name_choice)choice;
			changed.protected_name = (enum name_choice)choice;
			break;
		case LEVEL_COUNT:
			break;
		}
	}
	*levels = changed;
	return 0;
}

int
rights_levels_find(const struct rights *rights,
    const struct submitter *submitter, const struct table_context *context,
    struct rights_levels *ret_levels)
{
	struct rights_levels levels = rights->defaults;
	enum table_answer answer = TABLE_ABSENT;
	struct login_row row;

	if (rights->levels != NULL)
		answer = login_row_find(rights->levels, submitter,
		    rights->keys.local_domain, context, &row);
	if (answer == TABLE_FAILED)
		return err_wrap(context->err, "rights.levels");
	if (answer == TABLE_FOUND) {
		if (rights_levels_change(
			&levels, row.value, context->mem, context->err) != 0)
			return err_wrap(
			    context->err, "rights.levels: key %s", row.key);
		levels.row = row.where;
	}
	*ret_levels = levels;
	return 0;
}

int
rights_levels_value(
    const void *arg, struct slice value, struct arena *mem, struct err *err)
{
	struct rights_levels levels = { .mismatch = MISMATCH_REJECT };

	(void)arg;
	return rights_levels_change(&levels, value, mem, err);
}
