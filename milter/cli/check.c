/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/check.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_priv.h"
#include "cli/options.h"
#include "daemon/socket_directory.h"
#include "pipeline/snapshot.h"

enum {
	MAX_TEXT_BYTES = 1 << 20,
	MAX_CHILD_BYTES = 4 << 20,
	MAX_FINDING_BYTES = 2048,
};

static const char usage[] =
"usage: submilter check [-c FILE] [--postfix DIR] [--sendmail FILE]\n"
"                       [--saslauthd FILE] [--list] [--json]\n"
"       submilter check [-c FILE] [--zone FILE] [--no-connect] [--json]\n"
"                       DOMAIN... | --all-domains\n"
"\n"
"Looks for what would break at night: faults of the configuration, tables and\n"
"keys that cannot be read, a socket that the MTA cannot reach, and settings of\n"
"the MTA that let mail pass unchecked while the milter is down. With domains it\n"
"looks for what receivers and mail programs see of them instead: keys, SPF,\n"
"DMARC, ADSP, Sender ID, MX, SRV and the servers behind it, PTR, HELO, DNSSEC.\n"
"\n"
"  -c, --config FILE      the configuration (default: " DEFAULT_CONFIG_FILE ")\n"
"      --postfix DIR      where Postfix's main.cf and master.cf are\n"
"      --sendmail FILE    Sendmail's sendmail.cf\n"
"                         (default: those of /etc/postfix and /etc/mail that\n"
"                         exist; one that is named is the only one)\n"
"      --saslauthd FILE   what saslauthd is started with, if it does not run\n"
"                         (default: /etc/default/saslauthd*)\n"
"      --list             print every option with its value instead\n"
"      --all-domains      every domain that has a key or is the option domain\n"
"      --zone FILE        a master file that is all of DNS, to rehearse changes\n"
"      --no-connect       do not connect to the servers that SRV records name\n"
"      --json             print JSON\n"
"\n"
"Exit codes: 0 no errors (warnings and notes give 0, too), 1 errors, 2 usage,\n"
"75 something could not be found out now, and there were no errors.\n";

void
finding_add(struct findings *found, enum finding_level level, const char *fix,
    const char *format, ...)
{
	char text[MAX_FINDING_BYTES];
	void *items = found->items;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	arena_reserve_one(found->mem, &items, &found->cap, found->count,
	    sizeof(found->items[0]));
	found->items = items;
	found->items[found->count++] = (struct finding){ level,
		slice_dup(found->mem, slice_of(text)),
		slice_dup(found->mem, slice_of(fix)) };
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* All that can be read from fd, at most max octets; -1 sets errno. */
static int
read_all(int fd, struct arena *mem, size_t max, struct slice *ret_text)
{
	char chunk[4096];
	struct strbuf text;

	strbuf_init(&text, mem);
	strbuf_add_cstr(&text, "");
	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		if (text.len + (size_t)got > max) {
			errno = EFBIG;
			return -1;
		}
		strbuf_add(&text, (struct slice){ chunk, (size_t)got });
	}
	*ret_text = strbuf_slice(&text);
	return 0;
}

int
text_file_read(const char *path, struct arena *mem, struct slice *ret_text,
    struct err *err)
{
	int fd CLEANUP(close_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_set(err, errno == EMFILE || errno == ENFILE ||
		    errno == EIO ? ERR_TEMP : ERR_CONFIG, "%s: %s", path,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is no regular file", path);
	if (read_all(fd, mem, MAX_TEXT_BYTES, ret_text) != 0)
		return err_set(err, errno == EFBIG ? ERR_CONFIG : ERR_TEMP,
		    "%s: %s", path, strerror(errno));
	return 0;
}

static void
add_config_fault(void *arg, const char *file, unsigned int line,
    const char *text)
{
	if (line == 0)
		finding_add(arg, FINDING_ERROR, NULL, "%s: %s", file, text);
	else
		finding_add(arg, FINDING_ERROR, NULL, "%s:%u: %s", file, line,
		    text);
}

static void
add_part_fault(void *arg, bool is_error, const char *text)
{
	finding_add(arg, is_error ? FINDING_ERROR : FINDING_WARNING, NULL, "%s",
	    text);
}

static void
add_table(struct findings *found, const char *option,
    const struct table *table)
{
	struct slice spec = table_spec(table);
	size_t rows = table_rows(table);

	if (rows > 0)
		finding_add(found, FINDING_OK, NULL, "%s: %.*s: %zu row%s",
		    option, SLICE_ARGS(spec), rows, rows == 1 ? "" : "s");
	else
		finding_add(found, FINDING_OK, NULL, "%s: %.*s", option,
		    SLICE_ARGS(spec));
}

static void
add_parts(struct findings *found, const struct snapshot *snapshot)
{
	if (snapshot->identity.network != NULL)
		add_table(found, "identify.network",
		    snapshot->identity.network);
	if (snapshot->identity.login_map != NULL)
		add_table(found, "identify.login-map",
		    snapshot->identity.login_map);
	for (size_t i = 0; i < snapshot->rights.table_count; i++)
		add_table(found, "rights.tables", snapshot->rights.tables[i]);
	check_keys(found, snapshot->config, snapshot->keys);
}

/* Reads tables and keys as a start or a reload would. */
static void
check_parts(struct findings *found, const char *path, const char *user)
{
	struct snapshot *snapshot;
	struct config *config;
	struct err err;

	if (config_read(path, NULL, NULL, &config, &err) != 0) {
		finding_add(found, err.kind == ERR_TEMP ? FINDING_LATER :
		    FINDING_ERROR, NULL, "a reload would fail as user %s: %s",
		    user, err.text);
		return;
	}
	if (snapshot_new(config, NULL, add_part_fault, found, &snapshot, &err) != 0) {
		if (err.kind == ERR_TEMP)
			finding_add(found, FINDING_LATER, NULL, "%s", err.text);
		return;
	}
	add_parts(found, snapshot);
	snapshot_unref(snapshot);
}

/* A finding on its way from the child: level, text, NUL, fix, NUL. */
static void
send_findings(int fd, const struct findings *found)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->items[i];
		struct strbuf out;

		strbuf_init(&out, found->mem);
		strbuf_add_char(&out, (char)('0' + (int)f->level));
		strbuf_add(&out, f->text);
		strbuf_add_char(&out, '\0');
		strbuf_add(&out, f->fix);
		strbuf_add_char(&out, '\0');
		for (size_t sent = 0; sent < out.len;) {
			ssize_t n = write(fd, out.data + sent, out.len - sent);

			if (n < 0 && errno != EINTR)
				_exit(EXIT_LATER);
			sent += n < 0 ? 0 : (size_t)n;
		}
	}
}

static void
take_findings(struct findings *found, struct slice text)
{
	while (text.len > 0) {
		enum finding_level level =
		    (enum finding_level)(text.data[0] - '0');
		size_t end = slice_find(text, '\0');
		struct slice fix = slice_from(text, end + 1);

		fix.len = slice_find(fix, '\0');
		finding_add(found, level, fix.data, "%.*s",
		    (int)end - 1, text.data + 1);
		text = slice_from(text, end + 1 + fix.len + 1);
	}
}

/* The same in a child process that has become the milter's user. */
static void
check_parts_as(struct findings *found, const char *path,
    const struct account *account)
{
	int from_child CLEANUP(close_fd) = -1;
	struct slice text;
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
			finding_add(found, FINDING_ERROR, NULL, "user: %s",
			    err.text);
		else
			check_parts(found, path, account->name.data);
		send_findings(ends[1], found);
		_exit(0);
	}
	(void)close(ends[1]);
	if (child < 0) {
		finding_add(found, FINDING_LATER, NULL,
		    "cannot start a process: %s", strerror(errno));
		return;
	}
	if (read_all(from_child, found->mem, MAX_CHILD_BYTES, &text) == 0)
		take_findings(found, text);
	else
		finding_add(found, FINDING_LATER, NULL,
		    "tables and keys: %s", strerror(errno));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		finding_add(found, FINDING_ERROR, NULL, "tables and keys: the "
		    "process that reads them ended with status %d", status);
}

static void
check_account(struct findings *found, const struct config *config,
    const struct account *account)
{
	if (geteuid() == 0 && !account->change_user)
		finding_add(found, FINDING_WARNING,
		    "a system user \"submilter\", or user = ...",
		    "user: the milter would run as root");
	if (geteuid() != 0 && config->main.user.len > 0)
		finding_add(found, FINDING_WARNING, "run this check as root",
		    "user: tables and keys were read as the user of this "
		    "check, not as %.*s", SLICE_ARGS(config->main.user));
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

static void
check_mta(const struct checked *c, const struct check_options *options)
{
	const char *postfix = options->postfix;
	const char *sendmail = options->sendmail;

	if (postfix == NULL && sendmail == NULL) {
		if (access("/etc/postfix/main.cf", F_OK) == 0)
			postfix = "/etc/postfix";
		if (access("/etc/mail/sendmail.cf", F_OK) == 0)
			sendmail = "/etc/mail/sendmail.cf";
	}
	if (postfix != NULL)
		check_postfix(c, postfix);
	if (sendmail != NULL)
		check_sendmail(c, sendmail);
	if (postfix == NULL && sendmail == NULL)
		finding_add(c->found, FINDING_WARNING,
		    "--postfix DIR or --sendmail FILE",
		    "no configuration of an MTA was found, and none was "
		    "checked");
}

/*
 * The account, as far as the names in the configuration are known; *known is
 * the configuration without the others, so that the rest can be checked.
 */
static void
find_account(struct findings *found, struct config *known,
    struct account *account)
{
	struct err err;

	while (account_find(known, found->mem, account, &err) != 0) {
		bool is_user = slice_starts(slice_of(err.text),
		    SLICE("user:"));
		const char *file;
		unsigned int line;

		if (config_where(known, is_user ? "user" : "socket-group",
		    &file, &line))
			finding_add(found, FINDING_ERROR, NULL, "%s:%u: %s",
			    file, line, err.text);
		else
			finding_add(found, FINDING_ERROR, NULL, "%s", err.text);
		if (is_user)
			known->main.user = SLICE("");
		else
			known->main.socket_group = SLICE("");
	}
}

/* All checks behind the configuration itself. */
static void
check_all(struct findings *found, const struct config *config,
    const struct check_options *options)
{
	struct account account;
	struct config known = *config;
	struct checked c = { .config = &known, .account = &account,
		.found = found, .saslauthd = options->saslauthd };

	find_account(found, &known, &account);
	if (socket_path(config).len > 0)
		c.socket_path = path_clean(found->mem, socket_path(config));
	check_account(found, &known, &account);
	if (account.change_user)
		check_parts_as(found, options->config, &account);
	else
		check_parts(found, options->config,
		    user_name(found->mem, geteuid()));
	check_realms(&c);
	check_extension(&c);
	check_socket(&c);
	check_mta(&c, options);
}

static int
finish(struct findings *found, const struct check_options *options)
{
	if (options->json)
		findings_print_json(found);
	else
		findings_print_text(found);
	if (findings_count(found, FINDING_ERROR) > 0)
		return EXIT_NO;
	return findings_count(found, FINDING_LATER) > 0 ? EXIT_LATER : EXIT_YES;
}

static int
check(const struct check_options *options, struct findings *found)
{
	struct config *config;
	struct slice list;
	struct err err;

	if (config_read(options->config, add_config_fault, found, &config,
	    &err) != 0) {
		/* Every fault is an error there, also one that may pass. */
		for (size_t i = 0; err.kind == ERR_TEMP && i < found->count;
		    i++)
			found->items[i].level = FINDING_LATER;
		return finish(found, options);
	}
	if (options->list) {
		list = config_print(found->mem, config);
		fwrite(list.data, 1, list.len, stdout);
		config_free(config);
		return EXIT_YES;
	}
	finding_add(found, FINDING_OK, NULL, "%s: no faults", options->config);
	check_all(found, config, options);
	config_free(config);
	return finish(found, options);
}

/* Domains, or the set-up of the milter; never options of both. */
static bool
options_fit(const struct check_options *options)
{
	const struct domain_options *domains = &options->domains;

	if (domains->all || domains->count > 0)
		return !options->list && options->postfix == NULL &&
		    options->sendmail == NULL && options->saslauthd == NULL &&
		    (!domains->all || domains->count == 0);
	return !(options->list && options->json) && domains->zone == NULL &&
	    domains->connect;
}

/* False: the usage is wrong, or was asked for (*ret_help). */
static bool
read_options(int argc, char **argv, struct check_options *options,
    bool *ret_help)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "postfix", required_argument, NULL, 'p' },
		{ "sendmail", required_argument, NULL, 's' },
		{ "saslauthd", required_argument, NULL, 'S' },
		{ "list", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "all-domains", no_argument, NULL, 'a' },
		{ "zone", required_argument, NULL, 'z' },
		{ "no-connect", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = option_next(argc, argv, ":c:h", long_options)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'p':
			options->postfix = optarg;
			break;
		case 's':
			options->sendmail = optarg;
			break;
		case 'S':
			options->saslauthd = optarg;
			break;
		case 'l':
			options->list = true;
			break;
		case 'j':
			options->json = true;
			break;
		case 'a':
			options->domains.all = true;
			break;
		case 'z':
			options->domains.zone = optarg;
			break;
		case 'n':
			options->domains.connect = false;
			break;
		default:
			*ret_help = option == 'h';
			return false;
		}
	}
	options->domains.names = argv + optind;
	options->domains.count = (size_t)(argc - optind);
	return options_fit(options);
}

int
check_main(int argc, char **argv)
{
	struct check_options options = { .config = DEFAULT_CONFIG_FILE,
		.domains.connect = true };
	struct findings found = { .items = NULL };
	struct arena mem;
	bool help = false;
	int status;

	if (!read_options(argc, argv, &options, &help)) {
		fputs(usage, help ? stdout : stderr);
		return help ? EXIT_YES : EXIT_USAGE;
	}
	if (options.domains.all || options.domains.count > 0) {
		options.domains.config = options.config;
		options.domains.json = options.json;
		return check_domains(&options.domains);
	}
	arena_init(&mem);
	found.mem = &mem;
	status = check(&options, &found);
	arena_done(&mem);
	if (fflush(stdout) != 0)
		return EXIT_LATER;
	return status;
}
