/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter health": asks the running milter whether mail would be served. */
#include "cli/health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/terminal.h"
#include "cli/options.h"
#include "conf/config.h"
#include "conf/local_socket.h"
#include "input_priv.h"

static const char usage[] =
    "usage: submilter health [-c FILE] [--json]\n"
    "\n"
    "Asks the running milter, by metrics.listen, whether an MTA can connect, keys\n"
    "sign, and tables answer.\n"
    "Exit codes: 0 all is well, 1 it is not, 2 usage, 3 the milter does not run,\n"
    "75 that cannot be said.\n"
    "\n"
    "  -c, --config FILE    the configuration (default: " DEFAULT_CONFIG_FILE
    ")\n"
    "      --json           for programs\n";

/* WAIT_US: for the whole answer, of which no more than that is read. */
enum { WAIT_US = 5 * 1000000, ANSWER_OCTETS = 8192, SHOWN_OCTETS = 1000 };

static const char request[] = "GET /ready HTTP/1.1\r\nHost: localhost\r\n"
			      "Connection: close\r\n\r\n";

/* What was answered: a word, and a line for each check behind it. */
struct health_answer {
	bool is_ready;
	struct slice word;
	struct slice checks;
};

/* The rest of the time; a socket without any would wait for ever. */
static int
health_limit(int fd, uint64_t until_us)
{
	uint64_t now_us = clock_monotonic_us();
	struct timeval rest;

	if (now_us >= until_us) {
		errno = EAGAIN;
		return -1;
	}
	rest.tv_sec = (time_t)((until_us - now_us) / 1000000);
	rest.tv_usec = (suseconds_t)((until_us - now_us) % 1000000);
	if (rest.tv_sec == 0 && rest.tv_usec == 0)
		rest.tv_usec = 1;
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &rest, sizeof(rest)) !=
		    0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &rest, sizeof(rest)) !=
		    0 ?
	    -1 :
	    0;
}

/* Connects, asks, and reads to the end; -1 and errno. */
static int
health_exchange(int fd, const struct local_socket *at, struct strbuf *answer)
{
	uint64_t until_us = clock_monotonic_us() + WAIT_US;
	char octets[1024];
	ssize_t len;

	if (health_limit(fd, until_us) != 0 ||
	    connect(fd, (const struct sockaddr *)&at->address, at->len) != 0)
		return -1;
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(request) - 1)
		return -1;
	while (answer->len < ANSWER_OCTETS) {
		if (health_limit(fd, until_us) != 0)
			return -1;
		len = recv(fd, octets, sizeof(octets), 0);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return (int)len;
		strbuf_add(answer, (struct slice){ octets, (size_t)len });
	}
	return 0;
}

/* "HTTP/1.1 200 ", an empty line, and the body. */
static bool
health_parse(struct slice text, struct health_answer *ret_answer)
{
	static const struct slice end = { "\r\n\r\n", 4 };
	struct slice code = slice_sub(text, sizeof("HTTP/1.1 ") - 1, 3);
	size_t at = 0;

	if (!slice_starts(text, SLICE("HTTP/1.1 ")))
		return false;
	while (at < text.len && !slice_starts(slice_from(text, at), end))
		at++;
	text = slice_from(text, at + end.len);
	ret_answer->is_ready = slice_eq(code, SLICE("200"));
	ret_answer->word = slice_sub(text, 0, slice_find(text, '\n'));
	ret_answer->checks = slice_from(text, ret_answer->word.len + 1);
	return (ret_answer->is_ready || slice_eq(code, SLICE("503"))) &&
	    slice_eq(ret_answer->word, SLICE("ready")) == ret_answer->is_ready;
}

/* A check that is good is as plain as its line; the other one is not. */
static void
health_show_line(
    struct strbuf *buf, struct slice line, size_t said, bool colours)
{
	bool good = slice_ends_nocase(slice_sub(line, 0, said), SLICE(" ok"));

	strbuf_addf(buf, "%s%s\n",
	    toned(colours, good ? TONE_PLAIN : TONE_BAD,
		escape(buf->mem, slice_sub(line, 0, said), SHOWN_OCTETS),
		buf->mem),
	    escape(buf->mem, slice_from(line, said), SHOWN_OCTETS));
}

static void
health_show(const struct health_answer *answer, bool json, struct arena *mem)
{
	struct slice rest = answer->checks, line;
	bool colours = terminal_has_colours(STDOUT_FILENO);
	struct strbuf buf;
	bool is_first = true;

	strbuf_init(&buf, mem);
	if (json)
		strbuf_addf(&buf, "{\"running\":true,\"ready\":%s,\"checks\":[",
		    answer->is_ready ? "true" : "false");
	else
		strbuf_addf(&buf, "%s\n",
		    toned(colours, answer->is_ready ? TONE_GOOD : TONE_BAD,
			escape(mem, answer->word, SHOWN_OCTETS), mem));
	while (slice_next_item(&rest, "\n", &line)) {
		size_t blank = slice_find(line, ' ');
		struct slice state = slice_from(line, blank + 1);
		size_t end = slice_find(state, ' ');

		if (!json) {
			health_show_line(&buf, line, blank + 1 + end, colours);
			continue;
		}
		strbuf_add_cstr(
		    &buf, is_first ? "{\"check\":" : ",{\"check\":");
		json_append(&buf, slice_sub(line, 0, blank));
		strbuf_addf(&buf, ",\"good\":%s,\"detail\":",
		    slice_eq(slice_sub(state, 0, end), SLICE("ok")) ? "true" :
								      "false");
		json_append(&buf, slice_from(state, end + 1));
		strbuf_add_char(&buf, '}');
		is_first = false;
	}
	if (json)
		strbuf_add_cstr(&buf, "]}\n");
	command_print(&buf);
}

static int
health_ask(const struct config *config, bool json, struct arena *mem)
{
	struct health_answer answer = { .is_ready = false };
	CLEANUP(fd_close) int fd = -1;
	struct local_socket at;
	struct strbuf text;
	struct err err;

	if (config->metrics.listen.len == 0) {
		command_say("metrics.listen is not set, so the "
			    "milter cannot be asked: see \"submilter status\"");
		return EXIT_LATER;
	}
	if (local_socket_parse(config->metrics.listen, &at, &err) != 0)
		return command_fail(&err, EXIT_USAGE);
	strbuf_init(&text, mem);
	fd = socket(at.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || health_exchange(fd, &at, &text) != 0) {
		bool is_gone = errno == ECONNREFUSED || errno == ENOENT;

		command_say("%s: %s", slice_cstr(mem, config->metrics.listen),
		    errno == EAGAIN || errno == EINPROGRESS ?
			"no answer within the time" :
			strerror(errno));
		if (is_gone && json) {
			text.len = 0;
			strbuf_add_cstr(&text,
			    "{\"running\":false,\"ready\":false,"
			    "\"checks\":[]}\n");
			command_print(&text);
		}
		return is_gone ? EXIT_NOT_RUNNING : EXIT_LATER;
	}
	if (!health_parse(strbuf_slice(&text), &answer)) {
		command_say("what listens on %s is not submilter",
		    slice_cstr(mem, config->metrics.listen));
		return EXIT_LATER;
	}
	health_show(&answer, json, mem);
	return answer.is_ready ? EXIT_YES : EXIT_NO;
}

int
health_main(int argc, char **argv)
{
	const char *config_path = DEFAULT_CONFIG_FILE;
	bool json = false;
	const struct command_option options[] = {
		{ "config", 'c', .text = &config_path },
		{ "json", .flag = &json },
		{ .name = NULL },
	};
	CLEANUP(arena_done) struct arena mem;
	struct config *config;
	struct err err;
	int code = options_read(argc, argv, options, usage);

	arena_init(&mem);
	if (code != OPTIONS_READ)
		return code;
	if (optind != argc)
		return wrong_usage(usage, "it takes no operands");
	if (input_config(
		config_path, print_config_fault, NULL, &config, &err) != 0)
		return command_fail(&err, EXIT_USAGE);
	code = health_ask(config, json, &mem);
	config_free(config);
	return code;
}
