/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of parameters that databases are named by. */
#include "table/database.h"

#include <string.h>

#include "base/file.h"
#include "base/suggest.h"
#include "database_priv.h"
#include "table_file_priv.h"

enum { MAX_PARAMETERS = 64 };

static const struct database_parameter common[] = {
	{ "domain", DATABASE_TEXT, offsetof(struct database, domain), NULL, 0,
	    0 },
	{ "result_format", DATABASE_TEXT,
	    offsetof(struct database, result_format), NULL, 1, 0 },
	{ "expansion_limit", DATABASE_NUMBER,
	    offsetof(struct database, expansion_limit), NULL, 0, 0 },
};
enum { COMMON_COUNT = 3, COMMON_OF_ALL = 1 };

/* A file while it is read. */
struct reading {
	struct table_opening *opening;
	struct table_file file;
	const struct database_parameter *parameters[MAX_PARAMETERS];
	size_t lines[MAX_PARAMETERS]; /* 0: not set */
	size_t count;
	void *handle;
	bool has_secret;
};

/* How warnings name the file. */
static const char *
place(const struct reading *reading, size_t line)
{
	struct arena *mem = reading->opening->mem;

	return slice_format(
	    mem, "%s:%zu", escape(mem, reading->opening->name, 200), line)
	    .data;
}

static int
read_number(const struct database_parameter *parameter, struct slice value,
    unsigned int *ret_number, struct err *err)
{
	unsigned long maximum =
	    parameter->maximum == 0 ? INT_MAX : parameter->maximum;
	unsigned long number;

	if (value.len > 1 && value.data[0] == '+')
		value = slice_from(value, 1);
	if (!slice_number(value, maximum, &number) ||
	    number < parameter->minimum)
		return err_set(err, ERR_CONFIG, "takes a number from %u to %lu",
		    parameter->minimum, maximum);
	*ret_number = (unsigned int)number;
	return 0;
}

static int
read_value(struct reading *reading, const struct database_parameter *parameter,
    struct slice value, struct err *err)
{
	char *field = (char *)reading->handle + parameter->offset;
	bool yes = slice_eq_nocase(value, SLICE("yes"));

	switch (parameter->kind) {
	case DATABASE_SECRET:
	case DATABASE_TEXT:
		if (parameter->kind == DATABASE_SECRET && value.len > 0)
			reading->has_secret = true;
		if (value.len < parameter->minimum)
			return err_set(err, ERR_CONFIG, "takes a text");
		if (value.data == NULL)
			value = SLICE("");
		memcpy(field, &value, sizeof(value));
		return 0;
	case DATABASE_NUMBER:
		return read_number(
		    parameter, value, (unsigned int *)(void *)field, err);
	case DATABASE_BOOL:
		if (!yes && !slice_eq_nocase(value, SLICE("no")))
			return err_set(err, ERR_CONFIG, "takes yes or no");
		memcpy(field, &yes, sizeof(yes));
		return 0;
	case DATABASE_UNUSED:
		break;
	}
	return 0;
}

static void
warn_unknown(struct reading *reading, struct slice name)
{
	const char *words[MAX_PARAMETERS];
	struct arena *mem = reading->opening->mem;
	const char *guess;

	for (size_t i = 0; i < reading->count; i++)
		words[i] = reading->parameters[i]->name;
	guess = suggest(name, words, reading->count);
	report_warning(reading->opening->report,
	    "%s: there is no parameter \"%s\", so it has no effect%s%s%s",
	    place(reading, reading->file.row_line), escape(mem, name, 60),
	    guess == NULL ? "" : ": did you mean \"",
	    guess == NULL ? "" : guess, guess == NULL ? "" : "\"?");
}

/* "name = value"; the last of a name counts. */
static void
read_row(struct reading *reading, struct slice row)
{
	size_t equal = slice_find(row, '='), index = 0;
	struct slice name = slice_trim(slice_sub(row, 0, equal));
	struct slice value = slice_trim(slice_from(row, equal + 1));
	size_t line = reading->file.row_line;
	struct err err;

	if (equal == row.len || name.len == 0 || slice_has(name, ' ') ||
	    slice_has(name, '\t')) {
		table_file_fault(&reading->file, line,
		    "a line has the form NAME = VALUE, not \"%s\"",
		    escape(reading->opening->mem, row, 60));
		return;
	}
	while (index < reading->count &&
	    !slice_eq(name, slice_of(reading->parameters[index]->name)))
		index++;
	if (index == reading->count) {
		warn_unknown(reading, name);
		return;
	}
	if (reading->lines[index] != 0)
		report_warning(reading->opening->report,
		    "%s: %s stands in line %zu, too: this one counts",
		    place(reading, line), reading->parameters[index]->name,
		    reading->lines[index]);
	reading->lines[index] = line;
	if (read_value(reading, reading->parameters[index], value, &err) != 0)
		table_file_fault(&reading->file, line, "%s %s",
		    reading->parameters[index]->name, err.text);
}

static void
add_parameters(struct reading *reading,
    const struct database_parameter *parameters, size_t count)
{
	struct err err;

	for (size_t i = 0; i < count; i++) {
		ENSURE(reading->count < MAX_PARAMETERS);
		reading->parameters[reading->count++] = &parameters[i];
		if (parameters[i].standard != NULL)
			ENSURE(
			    read_value(reading, &parameters[i],
				slice_of(parameters[i].standard), &err) == 0);
	}
}

static int
read_source(
    struct table_opening *opening, struct database *database, struct err *err)
{
	struct slice name = opening->name;

	if (opening->text == NULL && name.data[0] != '/' && name.data[0] != '.')
		return err_set(err, ERR_CONFIG,
		    "a path begins with / or ., as in TYPE:/etc/postfix/NAME: "
		    "parameters in main.cf of Postfix are not read");
	if (text_source_read(opening, &database->source, err) != 0)
		return -1;
	if (database->source.text.len > DATABASE_MAX_FILE_BYTES)
		return err_set(err, ERR_CONFIG, "a file over %d octets",
		    (int)DATABASE_MAX_FILE_BYTES);
	/* A query that is cut may find more than the whole one. */
	if (opening->text != NULL)
		return 0;
	return file_check_end(database->source.text, opening->name, err);
}

void
database_warn_secret(
    const struct database *database, const struct table_opening *opening)
{
	if (opening->text == NULL &&
	    (database->source.state.st_mode & S_IROTH) != 0)
		report_warning(opening->report,
		    "%s: every user of this machine can read the password in "
		    "it: chmod o-r it",
		    escape(opening->mem, opening->name, 200));
}

int
database_open(struct table_opening *opening, const struct database_type *type,
    struct database *database, struct err *err)
{
	struct reading reading = { .opening = opening, .handle = database };
	struct slice row;

	if (read_source(opening, database, err) != 0)
		return -1;
	add_parameters(&reading, type->parameters, type->count);
	add_parameters(
	    &reading, common, type->has_results ? COMMON_COUNT : COMMON_OF_ALL);
	/* Defaults are no secrets. */
	reading.has_secret = false;
	table_file_init(&reading.file, database->source.text, opening->mem);
	while (table_file_next(&reading.file, &row))
		read_row(&reading, row);
	if (table_file_finish(&reading.file, err) != 0)
		return -1;
	if (reading.has_secret)
		database_warn_secret(database, opening);
	if (!database_is_set(database->result_format))
		database->result_format = database->result_filter;
	if (database->result_format.len == 0)
		database->result_format = SLICE("%s");
	if (database_add_result_format(database, err) != 0)
		return -1;
	/* An empty list is none. */
	if (slice_trim(database->domain).len == 0)
		return 0;
	if (domain_list_open(
		database->domain, opening, &database->domains, err) != 0)
		return err_wrap(err, "domain");
	return 0;
}

enum table_answer
database_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	const struct database *database = handle;
	struct slice *asked =
	    arena_array(context->mem, keys->count, sizeof(*asked));
	struct slice *values =
	    arena_array(context->mem, keys->count, sizeof(*values));
	size_t *places =
	    arena_array(context->mem, keys->count, sizeof(*places));
	size_t count = 0;
	enum table_answer answer;

	for (size_t i = 0; i < keys->count; i++) {
		struct database_key key;

		database_key_init(keys->items[i], &key);
		switch (database_admits(database, &key, context)) {
		case TABLE_FOUND:
			places[count] = i;
			asked[count++] = keys->items[i];
			break;
		case TABLE_ABSENT:
			break;
		case TABLE_FAILED:
			return TABLE_FAILED;
		}
	}
	if (count == 0)
		return TABLE_ABSENT;
	answer = server_lookup(database->server,
	    &(struct table_keys){ asked, count }, context, values);
	for (size_t i = 0; i < count && answer == TABLE_FOUND; i++)
		ret_values[places[i]] = values[i];
	return answer;
}

void
database_close(void *handle)
{
	struct database *database = handle;

	if (database == NULL)
		return;
	server_free(database->server);
	table_close(database->backup);
	domain_list_close(database->domains);
}
