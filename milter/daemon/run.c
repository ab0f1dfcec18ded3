/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <libmilter/mfapi.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config.h"
#include "daemon_priv.h"
#include "glue/callbacks.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

enum { EXIT_FINE = 0, EXIT_FAULT = 1, EXIT_TEMPORARY = 75 };
/*
 * STOP_SECONDS: libmilter ends at once when it is woken, every PAUSE_MS; the file
 * of states is written within a second. LOOK_SECONDS: how often we look for our
 * socket.
 */
enum { STOP_SECONDS = 4, PAUSE_MS = 20, LOOK_SECONDS = 2 };

/* What the thread of signals needs. */
struct daemon {
	const char *config_path;
	struct snapshot_slot slot;
	struct snapshot *started;	/* what sockets, user and log came from */
	struct key_watch key_watch;
	struct listener listener;
};

static void
tell_systemd(const char *state)
{
#ifdef HAVE_SYSTEMD
	(void)sd_notify(0, state);
#else
	(void)state;
#endif
}

static void
log_config_fault(void *arg, const char *file, unsigned int line,
    const char *text)
{
	(void)arg;
	if (line == 0)
		log_write(LOG_LEVEL_ERROR, "%s: %s", file, text);
	else
		log_write(LOG_LEVEL_ERROR, "%s:%u: %s", file, line, text);
}

static void
log_part_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	log_write(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s", text);
}

/* A whole new snapshot aside, or an error and everything as it was. */
static int
reload(struct daemon *daemon, struct err *err)
{
	struct snapshot *new = NULL;
	struct config *config;
	const char *option;
	size_t index = 0;
	int status = config_read(daemon->config_path, log_config_fault, NULL,
	    &config, err);

	while (status == 0 && config_needs_restart(daemon->started->config,
	    config, &index, &option))
		log_write(LOG_LEVEL_WARNING, "%s: a new value of \"%s\" is "
		    "used after a restart only", daemon->config_path, option);
	if (status == 0) {
		struct snapshot *old = snapshot_acquire(&daemon->slot);

		status = snapshot_new(config, old, log_part_fault, NULL, &new,
		    err);
		snapshot_unref(old);
	}
	if (status == 0) {
		snapshot_publish(&daemon->slot, new);
		key_watch_wake(&daemon->key_watch);
	}
	return status;
}

static void
answer_reload(struct daemon *daemon)
{
	struct err err;
	char state[64];

	(void)snprintf(state, sizeof(state),
	    "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)clock_monotonic_us());
	tell_systemd(state);
	if (reload(daemon, &err) == 0)
		log_write(LOG_LEVEL_INFO, "reloaded %s", daemon->config_path);
	else
		log_write(LOG_LEVEL_ERROR, "not reloaded, going on as "
		    "before: %s", err.text);
	tell_systemd("READY=1");
}

/*
 * The process ends with smfi_main(). At times that never returns: libmilter
 * destroys a lock that one of its threads holds, and waits for it for ever.
 */
static void
wait_for_end(const struct daemon *daemon)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

	for (int i = 0; i < STOP_SECONDS * 1000 / PAUSE_MS; i++) {
		listener_wake(&daemon->listener);
		(void)nanosleep(&pause, NULL);
	}
	log_write(LOG_LEVEL_WARNING, "ending; libmilter did not in %d seconds",
	    (int)STOP_SECONDS);
	_exit(EXIT_FINE);
}

static void *
see_it_end(void *arg)
{
	wait_for_end(arg);
	return NULL;
}

/* smfi_stop() waits for a lock that libmilter holds until it is woken. */
static void
stop(struct daemon *daemon)
{
	pthread_t waker;

	if (pthread_create(&waker, NULL, see_it_end, daemon) == 0)
		(void)pthread_detach(waker);
	(void)smfi_stop();
	wait_for_end(daemon);
}

static sigset_t
awaited_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	return signals;
}

static void *
wait_for_signals(void *arg)
{
	struct daemon *daemon = arg;
	sigset_t signals = awaited_signals();

	for (;;) {
		const struct timespec pause = { .tv_sec = LOOK_SECONDS };
		int number = sigtimedwait(&signals, NULL, &pause);

		if (number == SIGUSR1)
			answer_reload(daemon);
		else if (number > 0)
			stop(daemon);
		else if (errno == EAGAIN &&
		    listener_is_closed(&daemon->listener))
			wait_for_end(daemon);
		else if (errno == EAGAIN)
			listener_look(&daemon->listener);
	}
	return NULL;
}

static void
block_signal(int number)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, number);
	ENSURE(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
}

/*
 * Blocked in every thread, so that the one that waits for them sees them. A
 * thread of libmilter waits, too, for those that end the process, but for
 * SIGUSR2, and whichever of the two sees one stops it. libmilter's thread
 * leaves it at that, and up to five seconds go by.
 */
static void
block_signals(void)
{
	sigset_t signals = awaited_signals();

	ENSURE(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
	ENSURE(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	/* A file over the size limit then is an error like a full disk. */
	ENSURE(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
}

/* One that comes before there is a thread for it waits, and ends nothing. */
static void
hold_reloads(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	ENSURE(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
}

/* Each connection is a file; libmilter waits when there are no more. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_write(LOG_LEVEL_WARNING, "cannot raise the limit of open "
		    "files: %s", strerror(errno));
}

static void
open_log(const struct config *config, bool foreground)
{
	/* The words of log-level are in this order, too. */
	enum log_level level = (enum log_level)config->main.log_level;

	if (foreground || config->main.log == LOG_TARGET_STDERR)
		log_open_stderr("submilter", level);
	else
		log_open_syslog("submilter", level);
}

static int
report_exit(const struct err *err)
{
	log_write(LOG_LEVEL_ERROR, "%s", err->text);
	return err->kind == ERR_TEMP ? EXIT_TEMPORARY : EXIT_FAULT;
}

/*
 * Whoever started us in the background may wait for the end of our output: a
 * shell does in $(...).
 */
static void
leave_caller(const struct config *config)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* dup2() clears the flag; null itself is above 2 or is what we want. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 ||
	    (config->main.log != LOG_TARGET_STDERR &&
	    dup2(null, STDERR_FILENO) < 0))
		log_write(LOG_LEVEL_WARNING, "/dev/null: %s", strerror(errno));
	if (null > STDERR_FILENO)
		(void)close(null);
}

/*
 * Serves until it is told to end. ready is written to when the MTA can
 * connect; -1 for none.
 */
static int
serve(struct daemon *daemon, int ready)
{
	pthread_t waiter;
	pthread_attr_t detached;
	const struct config *config = daemon->started->config;
	struct err err;
	int status;

	if (key_watch_start(&daemon->key_watch, &daemon->slot, &err) != 0)
		return report_exit(&err);
	ENSURE(pthread_attr_init(&detached) == 0 &&
	    pthread_attr_setdetachstate(&detached,
		PTHREAD_CREATE_DETACHED) == 0);
	if (pthread_create(&waiter, &detached, wait_for_signals,
	    daemon) != 0) {
		key_watch_stop(&daemon->key_watch);
		err_set(&err, ERR_TEMP, "cannot start a thread");
		return report_exit(&err);
	}
	(void)pthread_attr_destroy(&detached);
	/* A reload may come at any time by now: the slot is not ours alone. */
	log_write(LOG_LEVEL_INFO, "submilter " SUBMILTER_VERSION " ready on %s",
	    config->main.listen.data);
	tell_systemd("READY=1");
	if (ready >= 0) {
		leave_caller(config);
		(void)!write(ready, "1", 1);
		(void)close(ready);
	}
	status = smfi_main();
	tell_systemd("STOPPING=1");
	log_write(LOG_LEVEL_INFO, "ending");
	key_watch_stop(&daemon->key_watch);
	return status == MI_SUCCESS ? EXIT_FINE : EXIT_FAULT;
}

/* From the configuration to an end; the process is the one that serves. */
static int
start(const char *config_path, struct config *config, bool foreground,
    int ready)
{
	/* The thread of signals may outlive this function. */
	static struct daemon daemon;
	struct arena mem;
	struct account account;
	struct snapshot *snapshot;
	const char *socket_path = NULL;
	bool served = false;
	struct err err;
	int status = -1;

	daemon.config_path = config_path;
	arena_init(&mem);
	open_log(config, foreground);
	block_signals();
	raise_file_limit();
	if (geteuid() == 0 && config->main.user.len == 0 &&
	    getpwnam(DEFAULT_USER) == NULL)
		log_write(LOG_LEVEL_WARNING, "runs as root: there is no user \""
		    DEFAULT_USER "\", and \"user\" names no other");
	if (account_find(config, &mem, &account, &err) != 0 ||
	    callbacks_register(&daemon.slot, &err) != 0 ||
	    socket_open(config, &account, &mem, &socket_path, &err) != 0 ||
	    account_become(&account, &err) != 0)
		config_free(config);
	else
		status = snapshot_new(config, NULL, log_part_fault, NULL, &snapshot,
		    &err);
	if (status == 0) {
		daemon.started = snapshot_ref(snapshot);
		listener_start(&daemon.listener, socket_path,
		    (mode_t)strtoul(slice_cstr(&mem, config->main.socket_mode),
			NULL, 8) & 0777, account.socket_gid);
		snapshot_slot_init(&daemon.slot, snapshot);
		served = true;
		status = serve(&daemon, ready);
	} else {
		status = report_exit(&err);
	}
	/*
	 * libmilter leaves the file; a directory of root's keeps it. Before
	 * serve() the socket is open still, and surely ours.
	 */
	if (socket_path != NULL)
		socket_remove(socket_path, served, &mem);
	arena_done(&mem);
	return status;
}

/* The parent waits until the child serves, or fails. */
static int
start_in_background(const char *config_path, struct config *config)
{
	int ready[2];
	char byte;
	pid_t child;

	if (pipe(ready) != 0 || (child = fork()) < 0) {
		log_write(LOG_LEVEL_ERROR, "cannot go to the background: %s",
		    strerror(errno));
		return EXIT_TEMPORARY;
	}
	if (child == 0) {
		(void)close(ready[0]);
		(void)setsid();
		(void)!chdir("/");
		_exit(start(config_path, config, false, ready[1]));
	}
	(void)close(ready[1]);
	config_free(config);
	if (read(ready[0], &byte, 1) != 1) {
		log_write(LOG_LEVEL_ERROR, "did not start: see the log");
		return EXIT_FAULT;
	}
	return EXIT_FINE;
}

int
daemon_run(const char *given_path, bool foreground)
{
	/* A reload finds the file from any working directory. */
	static char config_path[PATH_MAX];
	struct config *config;
	struct err err;

	/*
	 * libmilter's threads sign on until the process is gone: at its end
	 * OpenSSL may not free what they use.
	 */
	ENSURE(OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
	/* A reload that is asked for too early comes once we serve. */
	block_signal(SIGUSR1);
	if (realpath(given_path, config_path) == NULL) {
		err_set(&err, ERR_CONFIG, "%s: %s", given_path,
		    strerror(errno));
		return report_exit(&err);
	}
	hold_reloads();
	settle(config_path);
	if (config_read(config_path, log_config_fault, NULL, &config, &err) != 0)
		return report_exit(&err);
	if (foreground)
		return start(config_path, config, true, -1);
	return start_in_background(config_path, config);
}
