/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter check": the order of the checks, and whose rights they have. */
#include "cli/check.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check.h"
#include "check_domain_priv.h"
#include "cli/options.h"
#include "daemon/socket_directory.h"
#include "glue/accounting.h"
#include "input_priv.h"
#include "pipeline/snapshot.h"

enum {
	MAX_CHILD_BYTES = 4 << 20,
};

static const char usage[] =
    "usage: submilter check [-c FILE] [--postfix DIR] [--sendmail FILE]\n"
    "                       [--saslauthd FILE] [--no-connect] [--list] [--json]\n"
    "       submilter check [-c FILE] [--zone FILE] [--no-connect] [--json]\n"
    "                       DOMAIN ...|- | --all-domains\n"
    "\n"
    "Looks for what would break at night: faults of the configuration, tables and\n"
    "keys that the milter's user cannot read, files that it cannot write, a socket\n"
    "where no milter answers or that the MTA cannot reach, and settings of the MTA\n"
    "that let mail pass unchecked or refuse mail of others. With domains it\n"
    "looks for what receivers and mail programs see of them instead: keys, SPF,\n"
    "DMARC, ADSP, Sender ID, MX, SRV and the servers behind it, PTR, HELO, DNSSEC.\n"
    "\n"
    "  -c, --config FILE      the configuration (default: " DEFAULT_CONFIG_FILE
    ")\n"
    "      --postfix DIR      where Postfix's main.cf and master.cf are\n"
    "      --sendmail FILE    Sendmail's sendmail.cf\n"
    "                         (default: those of /etc/postfix and /etc/mail that\n"
    "                         exist; one that is named is the only one)\n"
    "      --saslauthd FILE   what saslauthd is started with, if it does not run\n"
    "                         (default: /etc/default/saslauthd*)\n"
    "      --list             print every option with its value instead\n"
    "      --all-domains      every domain that has a key or is the option domain\n"
    "      --zone FILE        a master file that is all of DNS, to rehearse changes\n"
    "      --no-connect       do not connect to the milter, which may not run yet, or\n"
    "                         to the servers that SRV records name\n"
    "      --json             print JSON\n"
    "\n"
    "Exit codes: 0 no errors (warnings and notes give 0, too), 1 errors, 2 usage,\n"
    "75 something could not be found out now, and there were no errors.\n";

static void
add_config_fault(
    void *arg, const char *file, unsigned int line, const char *text)
{
	struct findings *found = arg;

	if (line == 0)
		finding_add(found, FINDING_ERROR,
		    file_fix(found->mem,
			slice_format(found->mem, "%s: %s", file, text).data,
			FILE_OF_CONFIG),
		    "%s: %s", file, text);
	else
		finding_add(
		    arg, FINDING_ERROR, NULL, "%s:%u: %s", file, line, text);
}

/* The configuration whose tables and keys are read, and the findings. */
struct parts {
	struct findings *found;
	const struct config *config;
};

static void
add_part_fault(void *arg, bool is_error, const char *text)
{
	const struct parts *parts = arg;
	const char *option =
	    naming_option(parts->config, parts->found->mem, text);
	const char *place = "", *file;
	unsigned int line;

	if (option != NULL && config_where(parts->config, option, &file, &line))
		place = slice_format(
		    parts->found->mem, "%s:%u: %s: ", file, line, option)
			    .data;
	finding_add(parts->found, is_error ? FINDING_ERROR : FINDING_WARNING,
	    file_fix(parts->found->mem, text,
		option != NULL && strcmp(option, "keys") == 0 ? FILE_OF_KEYS :
								FILE_OF_TABLE),
	    "%s%s", place, text);
}

/* Nobody is asked: a record cannot be taken back. */
static void
check_accounting(struct findings *found, const struct config *config,
    const struct report *report)
{
	struct table *table;
	struct err err;

	if (accounting_open(config, report, &table, &err) != 0)
		finding_add(found, FINDING_ERROR, NULL, "%s", err.text);
	else if (table != NULL)
		finding_add(found, FINDING_OK, NULL,
		    "accounting.radius: the file can be read");
	table_close(table);
}

/* Reads tables and keys as a start or a reload would. */
static void
check_parts(struct findings *found, const char *path, const char *user,
    const struct account *account)
{
	struct parts parts = { .found = found };
	const struct report report = { add_part_fault, &parts };
	struct snapshot *snapshot;
	struct config *config;
	struct err err;
	bool states;

	if (input_config(path, NULL, NULL, &config, &err) != 0) {
		finding_add(found,
		    err.kind == ERR_TEMP ? FINDING_LATER : FINDING_ERROR,
		    file_fix(found->mem, err.text, FILE_OF_CONFIG),
		    "a reload would fail as user %s: %s", user, err.text);
		return;
	}
	states = check_writing(found, config, account);
	parts.config = config;
	if (snapshot_new(config, NULL, &report, &snapshot, &err) != 0) {
		if (err.kind == ERR_TEMP)
			finding_add(found, FINDING_LATER, NULL, "%s", err.text);
		return;
	}
	if (snapshot->keys != NULL)
		keystore_read_all(snapshot->keys, &report);
	check_tables(found, snapshot);
	check_accounting(found, config, &report);
	if (states)
		check_keys(found, config, snapshot->keys);
	snapshot_unref(snapshot);
}

/*
 * A finding on its way from the child to its parent: level, text, NUL, fix, NUL.
 */
static void
send_findings(int fd, const struct findings *found)
{
	struct strbuf out;

	strbuf_init(&out, found->mem);
	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->items[i];

		strbuf_add_char(&out, (char)('0' + (int)f->level));
		strbuf_add(&out, f->text);
		strbuf_add_char(&out, '\0');
		strbuf_add(&out, f->fix);
		strbuf_add_char(&out, '\0');
	}
	for (size_t sent = 0; sent < out.len;) {
		ssize_t n = write(fd, out.data + sent, out.len - sent);

		if (n < 0 && errno != EINTR)
			_exit(EXIT_LATER);
		sent += n < 0 ? 0 : (size_t)n;
	}
}

/* The same in a child process that has become the milter's user. */
static void
check_parts_as(
    struct findings *found, const char *path, const struct account *account)
{
	int from_child CLEANUP(fd_close) = -1;
	struct slice text, fix;
	int ends[2], status;
	pid_t child;

	if (fflush(NULL) != 0 || pipe(ends) != 0) {
		finding_add(found, FINDING_LATER, NULL,
		    "cannot start a process: %s", strerror(errno));
		return;
	}
	from_child = ends[0];
	child = fork();
	if (child == 0) {
		struct err err;

		found->count = 0;
		(void)close(ends[0]);
		if (account_become(account, &err) != 0)
			finding_add(
			    found, FINDING_ERROR, NULL, "user: %s", err.text);
		else
			check_parts(found, path, account->name.data, account);
		send_findings(ends[1], found);
		_exit(0);
	}
	(void)close(ends[1]);
	if (child < 0) {
		finding_add(found, FINDING_LATER, NULL,
		    "cannot start a process: %s", strerror(errno));
		return;
	}
	if (fd_read_all(from_child, found->mem, MAX_CHILD_BYTES, &text) != 0) {
		finding_add(found, FINDING_LATER, NULL, "tables and keys: %s",
		    strerror(errno));
		text = SLICE("");
	}
	while (text.len > 0) {
		size_t end = slice_find(text, '\0');
		enum finding_level level =
		    (enum finding_level)(text.data[0] - '0');

		fix = slice_from(text, end + 1);
		finding_add(found, level, fix.data, "%.*s", (int)end - 1,
		    text.data + 1);
		text = slice_from(fix, slice_find(fix, '\0') + 1);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		finding_add(found, FINDING_ERROR, NULL,
		    "tables and keys: the "
		    "process that reads them ended with status %d",
		    status);
}

struct check_options {
	const char *config;
	const char *postfix;
	const char *sendmail;
	const char *saslauthd;
	bool list;
	bool json;
	struct domain_options domains;
};

/* An option names a user or a group that does not exist. */
static void
add_unknown_name(struct findings *found, const struct config *config,
    bool is_user, const char *text)
{
	const char *file, *fix = NULL, *place = "";
	unsigned int line;

	if (config_where(
		config, is_user ? "user" : "socket-group", &file, &line)) {
		place = slice_format(found->mem, "%s:%u: ", file, line).data;
		fix = name_fix(found->mem,
		    is_user ? config->main.user : config->main.socket_group,
		    is_user);
	}
	finding_add(found, FINDING_ERROR, fix, "%s%s", place, text);
}

/* The user of the milter, where this is neither that one nor root. */
static const char *
other_user(const struct checked *c)
{
	struct slice set = c->config->main.user;
	const char *name =
	    set.len != 0 ? slice_cstr(c->found->mem, set) : DEFAULT_USER;
	const struct passwd *user = getpwnam(name);

	return geteuid() == 0 || user == NULL || user->pw_uid == geteuid() ?
	    NULL :
	    name;
}

/*
 * What was found by a user who is not the milter's may be no fault at all, and
 * the commands that would mend it would give things to the wrong user.
 */
static void
leave_to_root(const struct checked *c, size_t first, const char *user)
{
	struct findings *found = c->found;

	for (size_t i = first; i < found->count; i++) {
		found->items[i].fix = (struct slice){ NULL, 0 };
		if (found->items[i].level == FINDING_ERROR)
			found->items[i].level = FINDING_LATER;
	}
	finding_add(found, FINDING_WARNING, "run this check as root",
	    "user: tables, keys and directories were looked at as the user of "
	    "this check, not as %s",
	    user);
}

/* What the milter's user reads and writes. */
static void
check_as_user(const struct checked *c, const char *path)
{
	const struct account *account = c->account;
	const char *other = other_user(c);
	size_t first = c->found->count;

	if (geteuid() == 0 && !account->change_user)
		finding_add(c->found, FINDING_WARNING,
		    "a system user \"submilter\", or user = ...",
		    "user: the milter would run as root");
	if (account->change_user)
		check_parts_as(c->found, path, account);
	else
		check_parts(c->found, path, user_name(c->found->mem, geteuid()),
		    account);
	if (other != NULL)
		leave_to_root(c, first, other);
}

/* All checks behind the configuration itself. */
static void
check_all(struct findings *found, const struct config *config,
    const struct check_options *options)
{
	struct account account;
	/* Without the names that nobody knows. */
	struct config known = *config;
	struct checked c = { .config = &known,
		.account = &account,
		.found = found,
		.saslauthd = options->saslauthd };
	const char *postfix = options->postfix, *sendmail = options->sendmail;
	bool user_known;
	struct err err;

	if (postfix == NULL && sendmail == NULL) {
		if (access("/etc/postfix/main.cf", F_OK) == 0)
			postfix = "/etc/postfix";
		if (access("/etc/mail/sendmail.cf", F_OK) == 0)
			sendmail = "/etc/mail/sendmail.cf";
	}
	user_known = account_find_user(&known, found->mem, &account, &err) == 0;
	if (!user_known) {
		add_unknown_name(found, &known, true, err.text);
		known.main.user = SLICE("");
		(void)!account_find_user(&known, found->mem, &account, &err);
	}
	if (account_find_group(&known, found->mem, &account, &err) != 0) {
		add_unknown_name(found, &known, false, err.text);
		known.main.socket_group = SLICE("");
		(void)!account_find_group(&known, found->mem, &account, &err);
	}
	if (socket_path(config).len > 0)
		c.socket_path = path_clean(found->mem, socket_path(config));
	if (postfix != NULL)
		c.mta_group = postfix_group(postfix, found->mem);
	/* Nobody knows what a user may read who does not exist. */
	if (user_known)
		check_as_user(&c, options->config);
	check_realms(&c);
	check_extension(&c);
	check_socket(&c);
	if (options->domains.connect)
		check_milter(&c);
	if (postfix != NULL)
		check_postfix(&c, postfix);
	if (sendmail != NULL)
		check_sendmail(&c, sendmail);
	if (postfix == NULL && sendmail == NULL)
		finding_add(found, FINDING_WARNING,
		    "--postfix DIR or --sendmail FILE",
		    "no configuration of an MTA was found, and none was "
		    "checked");
}

static int
check(const struct check_options *options, struct findings *found)
{
	struct config *config;
	const char *warning;
	struct strbuf answer;
	struct slice list;
	struct err err;

	if (input_config(
		options->config, add_config_fault, found, &config, &err) != 0) {
		/*
		 * The reader calls every fault an error, also one that may
		 * pass.
		 */
		for (size_t i = 0; err.kind == ERR_TEMP && i < found->count;
		     i++)
			found->items[i].level = FINDING_LATER;
	} else if (options->list) {
		list = config_print(found->mem, config);
		fwrite(list.data, 1, list.len, stdout);
		config_free(config);
		return EXIT_YES;
	} else {
		finding_add(found, FINDING_OK, NULL, "%s: no faults",
		    config->path.data);
		for (size_t i = 0; config_next_warning(config, &i, &warning);)
			finding_add(
			    found, FINDING_WARNING, NULL, "%s", warning);
		check_all(found, config, options);
		config_free(config);
	}
	strbuf_init(&answer, found->mem);
	if (options->json) {
		findings_json(found, &answer);
		command_print(&answer);
	} else {
		findings_print_text(found);
	}
	if (findings_count(found, FINDING_ERROR) > 0)
		return EXIT_NO;
	return findings_count(found, FINDING_LATER) > 0 ? EXIT_LATER : EXIT_YES;
}

int
check_main(int argc, char **argv)
{
	struct check_options options = { .config = DEFAULT_CONFIG_FILE };
	bool no_connect = false, of_domains, of_setup;
	const struct command_option known[] = {
		{ "config", 'c', .text = &options.config },
		{ "postfix", .text = &options.postfix },
		{ "sendmail", .text = &options.sendmail },
		{ "saslauthd", .text = &options.saslauthd },
		{ "list", .flag = &options.list },
		{ "json", .flag = &options.json },
		{ "all-domains", .flag = &options.domains.all },
		{ "zone", .text = &options.domains.zone },
		{ "no-connect", .flag = &no_connect },
		{ .name = NULL },
	};
	CLEANUP(arena_done) struct arena mem;
	struct findings found = { .mem = &mem };
	int code = options_read(argc, argv, known, usage);

	arena_init(&mem);
	if (code != OPTIONS_READ)
		return code;
	options.domains.names = argv + optind;
	options.domains.count = (size_t)(argc - optind);
	options.domains.connect = !no_connect;
	options.domains.config = options.config;
	options.domains.json = options.json;
	of_domains = options.domains.all || options.domains.count > 0;
	of_setup = options.list || options.postfix != NULL ||
	    options.sendmail != NULL || options.saslauthd != NULL;
	/* Domains, or the set-up of the milter; never options of both. */
	if (of_domains && of_setup)
		return wrong_usage(
		    usage, "domains have neither --list nor options of an MTA");
	if (options.domains.all && options.domains.count > 0)
		return wrong_usage(
		    usage, "--all-domains has no domains beside it");
	if (!of_domains && options.domains.zone != NULL)
		return wrong_usage(usage, "--zone is for domains");
	if (options.list && options.json)
		return wrong_usage(usage,
		    "--list has no --json: see \"submilter config --json\"");
	if (of_domains) {
		code = input_zone(&options.domains.zone);
		return code == EXIT_YES ? check_domains(&options.domains) :
					  code;
	}
	return check(&options, &found);
}
