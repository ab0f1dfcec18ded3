/* SPDX-License-Identifier: BSD-2-Clause */
/* The public suffix list, by libpsl. */
#include <libpsl.h>
#include <stdlib.h>

#include "preflight/suffix_list.h"

struct suffix_list {
	psl_ctx_t *loaded; /* NULL: the built-in one is used */
	const psl_ctx_t *psl;
};

enum { DOMAIN_OCTETS = 253 };

int
suffix_list_load(
    struct slice file, struct suffix_list **ret_list, struct err *err)
{
	struct suffix_list *list = calloc(1, sizeof(*list));
	struct arena mem;

	ENSURE(list != NULL);
	arena_init(&mem);
	list->loaded = file.len == 0 ? psl_latest(NULL) :
				       psl_load_file(slice_cstr(&mem, file));
	arena_done(&mem);
	if (file.len != 0 && list->loaded == NULL) {
		free(list);
		return err_set(err, ERR_CONFIG, "the file cannot be read");
	}
	list->psl = list->loaded != NULL ? list->loaded : psl_builtin();
	if (list->psl == NULL) {
		free(list);
		return err_set(err, ERR_CONFIG,
		    "there is no public suffix "
		    "list (install the package publicsuffix)");
	}
	*ret_list = list;
	return 0;
}

void
suffix_list_free(struct suffix_list *list)
{
	if (list == NULL)
		return;
	psl_free(list->loaded);
	free(list);
}

struct slice
suffix_list_organization(const struct suffix_list *list, struct slice domain)
{
	char text[DOMAIN_OCTETS + 1] = "";
	const char *found;

	if (domain.len > DOMAIN_OCTETS || slice_has(domain, '\0'))
		return domain;
	for (size_t i = 0; i < domain.len; i++)
		text[i] = domain.data[i];
	found = psl_registrable_domain(list->psl, text);
	return found == NULL ? domain :
			       slice_from(domain, (size_t)(found - text));
}
