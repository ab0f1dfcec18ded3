/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_TAG_LIST_H
#define SUBMILTER_MESSAGE_TAG_LIST_H

#include "base/err.h"
#include "base/str.h"

/*
 * Lists of tags (RFC 6376 section 3.2), in which DKIM signatures, key records,
 * ADSP and DMARC records are written: "name=value; name=value". Results point
 * into the text, unless they are empty. Pure and thread-safe.
 */
struct tag {
	struct slice name;  /* letter case as written: it counts */
	struct slice value; /* without white space at its ends */
	struct slice raw;   /* all between "=" and ";" */
};

enum tag_read {
	TAG_READ,
	TAG_FAULT, /* the text up to the next ";" is not a tag */
	TAG_END,
};

/*
 * Takes the next tag off *rest. TAG_FAULT sets *ret_fault to a sentence part
 * and passes over it, for readers that have to go on. White space around
 * names and values is allowed everywhere, also as folds; octets that are not
 * printable ASCII nowhere.
 */
enum tag_read tag_next(
    struct slice *rest, struct tag *ret_tag, const char **ret_fault);

enum { TAG_LIST_MAX = 64 };

struct tag_list {
	struct tag items[TAG_LIST_MAX];
	size_t count;
};

/*
 * The whole list, strictly: at least one tag, none twice, nothing that is not
 * of the grammar (ERR_DATA), at most TAG_LIST_MAX tags (ERR_LIMIT).
 */
MUST_USE int tag_list_parse(
    struct slice text, struct tag_list *ret_list, struct err *err);

/* NULL when there is no such tag. */
const struct tag *tag_list_find(const struct tag_list *list, struct slice name);

/* Whether word stands in a value that is a list with colons (h=, s=, t=). */
bool tag_value_lists(struct slice value, struct slice word);

/* A value without any white space, where it may be anywhere (b=, p=). */
struct slice tag_value_squeeze(struct slice value, struct arena *mem);

#endif
