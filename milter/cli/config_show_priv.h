/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_CONFIG_SHOW_PRIV_H
#define SUBMILTER_CLI_CONFIG_SHOW_PRIV_H

#include "conf/config.h"

/* What "submilter config" is asked for. */
struct config_request {
	const char *path;
	bool only_set; /* -n */
	bool diff;
	bool json;
	char *const *names; /* of options and blocks; none: all */
	size_t name_count;
};

/*
 * ,"file":...,"line":N for an option that was set, in an object that has
 * something already.
 */
void config_place_json(struct strbuf *buf, const struct config_option *option);
/* "FILE:LINE", safe in a comment; "" for an option that was not set. */
const char *config_place(const struct config_option *option, struct arena *mem);

/*
 * Prints what the running milter has otherwise than `config`: an exit code, and
 * stderr says why where it cannot be said.
 */
int config_diff(const struct config_request *request,
    const struct config *config, struct arena *mem);

#endif
