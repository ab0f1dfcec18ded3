/* SPDX-License-Identifier: BSD-2-Clause */
/* Levels of rights and names that differ from login to login. */
#include "policy/levels.h"

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
	/* Anne-marie is not a part of anne, whatever begins an extension. */
	struct address_keys how = { .recipient_delimiter = "",
		.local_domain = rights->keys.local_domain };
	struct slice login = submitter->login;
	struct rights_levels levels = rights->defaults;
	struct address_value row = { .key = login };
	struct address_values found = { .count = 0 };
	size_t at = slice_find_last(login, '@');
	enum table_answer answer = TABLE_ABSENT;
	const char *key;

	/* Bob@team.example@corp.example is not bob@team.example. */
	if (slice_find(login, '@') != at)
		how.local_domain = (struct slice){ NULL, 0 };
	/* Nobody chooses his levels with a realm that he types. */
	if (rights->levels != NULL &&
	    (!submitter->realm_counts || at == login.len))
		answer = table_lookup_one(
		    rights->levels, login, context, &row.value);
	else if (rights->levels != NULL)
		answer = address_lookup(
		    &(struct address_tables){ &rights->levels, 1, &how },
		    &(struct address){ .local = slice_sub(login, 0, at),
			.domain = slice_from(login, at + 1) },
		    context, &found);
	if (answer == TABLE_FAILED)
		return err_wrap(context->err, "rights.levels");
	if (answer == TABLE_FOUND) {
		if (found.count > 0)
			row = found.items[0];
		key = escape(context->mem, row.key, SHOWN_OCTETS);
		if (rights_levels_change(
			&levels, row.value, context->mem, context->err) != 0)
			return err_wrap(
			    context->err, "rights.levels: key %s", key);
		levels.row = slice_format(context->mem, "%.*s, key %s",
		    SLICE_ARGS(table_spec(rights->levels)), key);
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
