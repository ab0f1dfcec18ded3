/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a resolver for which threads or memory are not enough. */
#include "../unit.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dns/resolver_unbound.h"

enum { BEGAN = 0, TEMPORARY = 1, OTHER = 2 };

/* Silent servers; it must not hang: the child is ended by its alarm. */
static int
open_resolver(void)
{
	const struct slice server = SLICE("127.0.0.1@9");
	const struct dns_settings settings = { .servers = &server,
		.server_count = 1 };
	struct resolver *resolver;
	struct err err;

	(void)alarm(60);
	if (unbound_resolver_new(&settings, &resolver, &err) != 0)
		return err.kind == ERR_TEMP ? TEMPORARY : OTHER;
	resolver_unref(resolver);
	return BEGAN;
}

/* How open_resolver() ends in a child that limit() has limited. */
static int
in_child(void (*limit)(rlim_t), rlim_t value)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		limit(value);
		_exit(open_resolver());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status))
		fail_msg("limit %lu: signal %d", (unsigned long)value,
		    WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void
limit_tasks(rlim_t value)
{
	const struct rlimit limit = { value, value };

	/* Of a user who has no other process. */
	if (setrlimit(RLIMIT_NPROC, &limit) != 0 ||
	    setuid((uid_t)(1000000 + getpid())) != 0)
		_exit(OTHER);
}

static void
too_few_tasks_are_a_temporary_fault(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(limit_tasks, 1), TEMPORARY);
	assert_int_equal(in_child(limit_tasks, 2), TEMPORARY);
	/* A sanitizer may have a task of its own. */
	assert_int_not_equal(in_child(limit_tasks, 3), OTHER);
	assert_int_equal(in_child(limit_tasks, 30), BEGAN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_few_tasks_are_a_temporary_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
