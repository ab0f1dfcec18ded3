/* SPDX-License-Identifier: BSD-2-Clause */
/* Serves metrics and health by HTTP, to this host alone. */
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "conf/local_socket.h"
#include "metrics_priv.h"

/*
 * IDLE_SECONDS: without an octet. CLIENT_US: of a connection in all; somebody
 * who sends one octet now and then is not idle. REQUEST_OCTETS: for a request
 * and what belongs to it. FRESH_US: how long an answer is given again.
 */
enum {
	BACKLOG = 64,
	IDLE_SECONDS = 5,
	CLIENT_US = 10 * 1000000,
	REQUEST_OCTETS = 16 * 1024,
	FRESH_US = 1000000,
	SOCKET_MODE = 0660
};

/* The codes that are counted, in the order of the metric's label. */
static const unsigned int codes[] = { MHD_HTTP_OK, MHD_HTTP_NOT_FOUND,
	MHD_HTTP_METHOD_NOT_ALLOWED, MHD_HTTP_SERVICE_UNAVAILABLE };

/* A socket file that nobody serves is in our way; any other one stays. */
static int
metrics_clear_path(const struct local_socket *socket_at, const char *path)
{
	CLEANUP(fd_close) int fd = -1;
	struct stat status;

	if (lstat(path, &status) != 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (!S_ISSOCK(status.st_mode) || fd < 0 ||
	    connect(fd, (const struct sockaddr *)&socket_at->address,
		socket_at->len) == 0 ||
	    errno != ECONNREFUSED) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(path);
}

static int
metrics_bind(int fd, const struct local_socket *socket_at, const char *path)
{
	const int on = 1;
	mode_t old_mask;
	int status;

	if (path != NULL && metrics_clear_path(socket_at, path) != 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	old_mask = umask(0777 & ~(unsigned int)SOCKET_MODE);
	status = bind(
	    fd, (const struct sockaddr *)&socket_at->address, socket_at->len);
	(void)umask(old_mask);
	return status;
}

static void
metrics_fault(const struct config *config, const char *why)
{
	log_write(LOG_LEVEL_ERROR,
	    "metrics.listen: %s: %s: mail goes on without metrics",
	    config->metrics.listen.data, why);
}

void
metrics_server_open(struct metrics_server *server, const struct config *config,
    bool is_lesser_user, struct arena *mem)
{
	struct slice listen_at = config->metrics.listen;
	struct local_socket socket_at;
	const char *path = NULL;
	struct err err;
	int fd;

	if (!is_lesser_user)
		server->fd = -1;
	if (listen_at.len == 0 ||
	    local_socket_parse(listen_at, &socket_at, &err) != 0 ||
	    socket_at.is_unix != is_lesser_user)
		return;
	if (socket_at.is_unix)
		path = slice_cstr(mem, socket_at.path);
	fd = socket(socket_at.address.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || metrics_bind(fd, &socket_at, path) != 0) {
		metrics_fault(config, strerror(errno));
		fd_close(&fd);
		return;
	}
	server->fd = fd;
	server->path = path;
}

/* What became of the checks: one line for each. */
static struct slice
metrics_ready_text(const struct health_result *health, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_addf(&buf, "%s\n",
	    !health->is_known	       ? "starting" :
		health_is_good(health) ? "ready" :
					 "not ready");
	for (size_t i = 0; health->is_known && i < HEALTH_CHECKS; i++) {
		bool has_more = i == HEALTH_TABLES && !health->good[i];

		strbuf_addf(&buf, "%s %s%s%s\n",
		    health_check_name((enum health_check)i),
		    health->good[i] ? "ok" : "failed", has_more ? " " : "",
		    has_more ? health->failing : "");
	}
	return strbuf_slice(&buf);
}

/* However often it is asked for, the text is made once in a while. */
static struct slice
metrics_page(struct metrics_server *server, enum metrics_format format)
{
	struct metrics_page *page = &server->pages[format];
	uint64_t now_us = clock_monotonic_us();
	struct snapshot *snapshot;
	struct health_result health;
	struct status status;

	if (page->made_us != 0 && now_us < page->made_us + FRESH_US)
		return page->text;
	arena_done(&page->mem);
	arena_init(&page->mem);
	snapshot = snapshot_acquire(server->slot);
	status_facts(server->status, snapshot, &page->mem, &status);
	health_read(&server->health, &health);
	page->text = metrics_text(&(const struct metrics_facts){ &status,
				      &health, snapshot->engine->name },
	    format, &page->mem);
	snapshot_unref(snapshot);
	page->made_us = now_us;
	return page->text;
}

static enum MHD_Result
metrics_reply(struct MHD_Connection *connection, unsigned int code,
    const char *type, struct slice text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    text.len, (void *)(uintptr_t)text.data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = MHD_NO;

	if (response == NULL)
		return MHD_NO;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		metric_add(METRIC_HTTP, i, codes[i] == code);
	if (MHD_add_response_header(response, "Content-Type", type) ==
		MHD_YES &&
	    MHD_add_response_header(response, "Cache-Control", "no-store") ==
		MHD_YES &&
	    MHD_add_response_header(response, "Connection", "close") ==
		MHD_YES &&
	    (code != MHD_HTTP_METHOD_NOT_ALLOWED ||
		MHD_add_response_header(response, "Allow", "GET, HEAD") ==
		    MHD_YES))
		result = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
metrics_reply_numbers(
    struct metrics_server *server, struct MHD_Connection *connection)
{
	const char *accept =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
	bool is_open = accept != NULL &&
	    strstr(accept, "application/openmetrics-text") != NULL;

	return metrics_reply(connection, MHD_HTTP_OK,
	    is_open ? "application/openmetrics-text; version=1.0.0; "
		      "charset=utf-8" :
		      "text/plain; version=0.0.4; charset=utf-8",
	    metrics_page(server, is_open ? METRICS_OPEN : METRICS_PLAIN));
}

static enum MHD_Result
metrics_reply_ready(
    struct metrics_server *server, struct MHD_Connection *connection)
{
	struct health_result health;
	enum MHD_Result result;
	struct arena mem;

	arena_init(&mem);
	health_read(&server->health, &health);
	result = metrics_reply(connection,
	    health_is_good(&health) ? MHD_HTTP_OK :
				      MHD_HTTP_SERVICE_UNAVAILABLE,
	    "text/plain; charset=utf-8", metrics_ready_text(&health, &mem));
	arena_done(&mem);
	return result;
}

/* Answered as soon as the header is there: what follows is not read. */
static enum MHD_Result
metrics_answer(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload_data,
    size_t *upload_size, void **state)
{
	static const char text[] = "text/plain; charset=utf-8";

	(void)version;
	(void)upload_data;
	(void)upload_size;
	(void)state;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return metrics_reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    text, SLICE("only GET and HEAD\n"));
	if (strcmp(url, "/metrics") == 0)
		return metrics_reply_numbers(arg, connection);
	if (strcmp(url, "/ready") == 0)
		return metrics_reply_ready(arg, connection);
	if (strcmp(url, "/live") == 0)
		return metrics_reply(
		    connection, MHD_HTTP_OK, text, SLICE("alive\n"));
	return metrics_reply(connection, MHD_HTTP_NOT_FOUND, text,
	    SLICE("there are /metrics, /live and /ready\n"));
}

/* Notes when a connection begins; who has been here for too long is put out. */
static void
metrics_on_client(void *arg, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct metrics_server *server = arg;
	size_t count = sizeof(server->clients) / sizeof(server->clients[0]);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct metrics_client *client = *socket_context;

	ENSURE(pthread_mutex_lock(&server->lock) == 0);
	if (code == MHD_CONNECTION_NOTIFY_CLOSED && client != NULL) {
		client->begin_us = 0;
	} else if (code == MHD_CONNECTION_NOTIFY_STARTED && info != NULL) {
		for (size_t i = 0; i < count && client == NULL; i++) {
			if (server->clients[i].begin_us == 0)
				client = &server->clients[i];
		}
		if (client != NULL)
			*client = (struct metrics_client){ info->connect_fd,
				clock_monotonic_us() };
		*socket_context = client;
	}
	ENSURE(pthread_mutex_unlock(&server->lock) == 0);
}

static void *
metrics_put_out(void *arg)
{
	struct metrics_server *server = arg;
	size_t count = sizeof(server->clients) / sizeof(server->clients[0]);
	const struct timespec pause = { .tv_sec = 1 };

	for (;;) {
		uint64_t now_us = clock_monotonic_us();

		ENSURE(pthread_mutex_lock(&server->lock) == 0);
		for (size_t i = 0; i < count; i++) {
			const struct metrics_client *c = &server->clients[i];

			/* It stays open, so that its number stays its own. */
			if (c->begin_us != 0 &&
			    now_us > c->begin_us + CLIENT_US)
				(void)shutdown(c->fd, SHUT_RDWR);
		}
		ENSURE(pthread_mutex_unlock(&server->lock) == 0);
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

void
metrics_server_start(struct metrics_server *server,
    struct status_writer *status, struct snapshot_slot *slot,
    const struct listener *listener)
{
	size_t count = sizeof(server->clients) / sizeof(server->clients[0]);
	const struct config *config = status->started_with;
	pthread_t thread;
	struct err err;

	if (server->fd < 0)
		return;
	server->status = status;
	server->slot = slot;
	for (size_t i = 0; i < METRICS_FORMATS; i++)
		arena_init(&server->pages[i].mem);
	ENSURE(pthread_mutex_init(&server->lock, NULL) == 0);
	if (health_start(&server->health, slot, listener, &err) != 0 ||
	    listen(server->fd, BACKLOG) != 0 ||
	    pthread_create(&thread, NULL, metrics_put_out, server) != 0) {
		metrics_fault(config, "it cannot be served");
		fd_close(&server->fd);
		return;
	}
	(void)pthread_detach(thread);
	server->http =
	    MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0,
		NULL, NULL, metrics_answer, server, MHD_OPTION_LISTEN_SOCKET,
		server->fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)count,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_OCTETS,
		MHD_OPTION_NOTIFY_CONNECTION, metrics_on_client, server,
		MHD_OPTION_END);
	if (server->http == NULL)
		metrics_fault(config, "libmicrohttpd does not serve it");
}

void
metrics_server_stop(const struct metrics_server *server)
{
	if (server->path != NULL)
		(void)unlink(server->path);
}
