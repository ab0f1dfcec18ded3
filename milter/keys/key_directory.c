/* SPDX-License-Identifier: BSD-2-Clause */
/* The directory of keys: DOMAIN/SELECTOR.key. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/pace.h"
#include "key_priv.h"
#include "key_source_priv.h"

struct key_directory {
	struct key_source source;
	struct arena mem;
	struct slice path;
};

static const struct key_directory *
key_directory_of(const struct key_source *source)
{
	return (const struct key_directory *)(const void *)source;
}

static void
close_directory(DIR **directory)
{
	if (*directory != NULL)
		(void)closedir(*directory);
}

/*
 * A name in a directory, and what readdir() said of it. Its first octets, as a
 * number, tell most pairs apart without a look at the text, which is far away.
 */
struct name {
	uint64_t first;
	const char *text;
	unsigned char type; /* DT_DIR, ..., or DT_UNKNOWN */
};

static uint64_t
first_octets(const char *text)
{
	uint64_t first = 0;
	unsigned int left = sizeof(first);

	for (; left > 0 && *text != '\0'; left--)
		first = first << 8 | (unsigned char)*text++;
	/* Two shifts: one by all bits is not defined. */
	return left == 0 ? first : first << 4 * left << 4 * left;
}

/* As strcmp() orders them. */
static int
by_name(const void *a, const void *b)
{
	const struct name *one = a, *other = b;

	pace();
	if (one->first != other->first)
		return one->first < other->first ? -1 : 1;
	return strcmp(one->text, other->text);
}

/* Names in order, and how many; to be freed. */
struct names {
	struct name *items;
	size_t count;
};

static void
names_free(struct names *names)
{
	free(names->items);
}

/* There may be very many: what is outgrown is not left behind. */
static void
names_add(struct names *names, const struct dirent *entry, struct arena *mem)
{
	enum { FIRST = 16 };
	size_t count = names->count;
	const char *text = slice_cstr(mem, slice_of(entry->d_name));

	/* Full at FIRST, and at each power of two from there. */
	if (count == 0 || (count >= FIRST && (count & (count - 1)) == 0)) {
		size_t room = count < FIRST ? FIRST : 2 * count;

		names->items =
		    realloc(names->items, room * sizeof(names->items[0]));
		ENSURE(names->items != NULL);
	}
	names->items[names->count++] = (struct name){
		.text = text, .first = first_octets(text), .type = entry->d_type
	};
}

/*
 * Names in a directory, "." files left out, with texts in memory of mem. NULL;
 * or why it cannot be used.
 */
static const char *
list_names(const char *path, struct arena *mem, struct names *ret_names)
{
	CLEANUP(close_directory) DIR *directory = opendir(path);
	struct names names = { .items = NULL };
	const char *why;
	struct stat status;
	const struct dirent *entry;

	if (directory == NULL || fstat(dirfd(directory), &status) != 0)
		return slice_cstr(mem, slice_of(strerror(errno)));
	why = key_directory_fault(&status);
	if (why != NULL)
		return why;
	while ((entry = readdir(directory)) != NULL) {
		pace();
		if (entry->d_name[0] != '.')
			names_add(&names, entry, mem);
	}
	if (names.count > 1)
		qsort(
		    names.items, names.count, sizeof(names.items[0]), by_name);
	*ret_names = names;
	return NULL;
}

/* Of a name for which the directory itself has no answer, the file is asked. */
static bool
is_directory(const char *path, unsigned char type)
{
	struct stat status;

	if (type == DT_DIR)
		return true;
	/* What is gone meanwhile, or leads nowhere, is a fault when it is read. */
	return (type == DT_UNKNOWN || type == DT_LNK) &&
	    (stat(path, &status) != 0 || S_ISDIR(status.st_mode));
}

static void
list_name(struct key_lister *lister, struct slice top, const struct name *name)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice domain = slice_of(name->text);
	struct strbuf where;
	const char *path;

	arena_init(&mem);
	strbuf_init(&where, &mem);
	strbuf_add(&where, top);
	strbuf_add_char(&where, '/');
	strbuf_add(&where, domain);
	path = strbuf_slice(&where).data;
	if (!is_directory(path, name->type))
		lister->warn(lister, path,
		    "not used: not in a directory that "
		    "is named after a domain");
	else if (!key_domain_is_valid(domain))
		lister->warn(lister, path,
		    "not used: the name of the "
		    "directory is not a domain (A-labels)");
	else
		lister->domain(lister, domain, slice_lower(&mem, domain), path);
}

/* It may be large: neither a directory nor a file in it is opened. */
static int
key_directory_list(
    const struct key_source *source, struct key_lister *lister, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	const char *top =
	    slice_cstr(lister->mem, key_directory_of(source)->path);
	CLEANUP(names_free) struct names names = { .items = NULL };
	const char *why;

	arena_init_large(&mem);
	why = list_names(top, &mem, &names);
	if (why != NULL) {
		lister->fault(lister, top, why);
		return err_set(err, ERR_CONFIG, "no key can be read");
	}
	lister->expect(lister, names.count);
	for (size_t i = 0; i < names.count; i++) {
		pace();
		list_name(lister, slice_of(top), &names.items[i]);
	}
	return 0;
}

static const char *
path_of(const struct key_directory *directory, struct slice place,
    struct arena *mem)
{
	return place.len == 0 ?
	    slice_cstr(mem, directory->path) :
	    slice_format(mem, "%.*s/%.*s", SLICE_ARGS(directory->path),
		SLICE_ARGS(place))
		.data;
}

/* A file of the directory of a domain; false: no other one is welcome. */
static bool
key_directory_read_file(
    struct key_reader *reader, const char *path, struct slice name)
{
	struct key_text text;
	struct err err;

	if (!slice_ends_nocase(name, SLICE(".key"))) {
		reader->warn(reader, path, "not used: not named SELECTOR.key");
		return true;
	}
	text.selector = slice_sub(name, 0, name.len - 4);
	if (!key_selector_is_valid(text.selector))
		return reader->bad_key(reader, path, text.selector,
		    "the name of the file is not a selector: letters, "
		    "digits and hyphens, and .key");
	if (key_file_read(path, reader->mem, &text, &err) != 0)
		return reader->bad_key(reader, path, text.selector, err.text);
	return reader->key(reader, path, &text);
}

static void
key_directory_read(const struct key_source *source, struct slice place,
    struct key_reader *reader)
{
	const char *path =
	    path_of(key_directory_of(source), place, reader->mem);
	CLEANUP(names_free) struct names names = { .items = NULL };
	const char *why = list_names(path, reader->mem, &names);
	size_t keys = 0;

	if (why != NULL) {
		reader->fault(reader, path, why);
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		const char *text = names.items[i].text;
		struct slice name = slice_of(text);

		keys += slice_ends_nocase(name, SLICE(".key"));
		if (!key_directory_read_file(reader,
			slice_format(reader->mem, "%s/%s", path, text).data,
			name))
			return;
	}
	/* Keys that are away for a moment are not keys that nobody made. */
	if (keys == 0)
		reader->fault(reader, path, "there is no key in the directory");
}

static void
key_directory_mark(const struct key_source *source, struct slice place,
    bool whole, struct key_mark *mark)
{
	CLEANUP(arena_done) struct arena mem;
	const char *path;
	struct stat st;

	arena_init(&mem);
	path = path_of(key_directory_of(source), place, &mem);
	if (stat(path, &st) != 0) {
		key_mark_number(mark, 0);
	} else {
		/* Who may write there decides, too, whether keys are used. */
		key_mark_number(mark, whole ? (uint64_t)st.st_mode : 0);
		key_mark_number(mark, whole ? (uint64_t)st.st_uid : 0);
		key_mark_number(mark, (uint64_t)st.st_ino);
		key_mark_number(mark, (uint64_t)st.st_mtim.tv_sec);
		key_mark_number(mark, (uint64_t)st.st_mtim.tv_nsec);
		/* One that was moved here has a new time of change only. */
		mark->late = mark->late ||
		    key_mark_is_late(&st.st_mtim, &mark->began) ||
		    key_mark_is_late(&st.st_ctim, &mark->began);
	}
	if (whole)
		key_mark_files(mark, path);
}

static struct slice
key_directory_path(const struct key_source *source, struct slice place,
    struct slice selector, struct arena *mem)
{
	return slice_format(mem, "%s/%.*s.key",
	    path_of(key_directory_of(source), place, mem),
	    SLICE_ARGS(selector));
}

static void
key_directory_free(struct key_source *source)
{
	struct key_directory *directory =
	    (struct key_directory *)(void *)source;

	arena_done(&directory->mem);
	free(directory);
}

struct key_source *
key_directory_source(struct slice path)
{
	static const struct key_source_ops ops = { .list = key_directory_list,
		.read = key_directory_read,
		.mark = key_directory_mark,
		.path = key_directory_path,
		.free = key_directory_free };
	struct key_directory *directory = calloc(1, sizeof(*directory));

	ENSURE(directory != NULL);
	directory->source.ops = &ops;
	arena_init(&directory->mem);
	directory->path = slice_dup(&directory->mem, path);
	return &directory->source;
}
