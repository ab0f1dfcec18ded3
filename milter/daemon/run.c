/* SPDX-License-Identifier: BSD-2-Clause */
/* The process that serves: its start, reloads and its end. */
#include "daemon/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <libmilter/mfapi.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cores.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/pace.h"
#include "config.h"
#include "daemon/socket_directory.h"
#include "daemon_priv.h"
#include "glue/accounting.h"
#include "glue/callbacks.h"
#include "message/spool.h"
#include "metrics_priv.h"
#include "sign/signer.h"
#include "status_priv.h"

enum { EXIT_FINE = 0, EXIT_FAULT = 1, EXIT_TEMPORARY = 75 };
/*
 * END_MS: libmilter ends at once when it is woken, every PAUSE_MS; the file of
 * states is written within a second. STOP_MS: the same where that is done; a
 * connection that comes just then has libmilter sleep for a second first.
 * LOOK_SECONDS: how often we look for our socket.
 */
enum { END_MS = 4000, STOP_MS = 400, PAUSE_MS = 20, LOOK_SECONDS = 2 };

/* What the thread of signals needs. */
struct daemon {
	const char *config_path;
	struct snapshot_slot slot;
	struct config *started; /* what sockets, user and log came from */
	struct key_watch key_watch;
	struct key_hand_over key_hand_over;
	struct listener listener;
	struct status_writer status;
	struct table_watch table_watch;
	struct notifier notifier;
	struct metrics_server metrics;
};

static void
log_config_fault(
    void *arg, const char *file, unsigned int line, const char *text)
{
	(void)arg;
	if (line == 0)
		log_write(LOG_LEVEL_ERROR, "%s: %s", file, text);
	else
		log_write(LOG_LEVEL_ERROR, "%s:%u: %s", file, line, text);
}

void
log_part_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	log_write(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s", text);
}

/* The same two for a reload, whose faults "submilter status" tells, too. */
static void
note_config_fault(
    void *arg, const char *file, unsigned int line, const char *text)
{
	struct err fault;

	log_config_fault(NULL, file, line, text);
	if (line == 0)
		err_set(&fault, ERR_CONFIG, "%s: %s", file, text);
	else
		err_set(&fault, ERR_CONFIG, "%s:%u: %s", file, line, text);
	status_reload_fault(arg, fault.text);
}

static void
note_part_fault(void *arg, bool is_error, const char *text)
{
	log_part_fault(NULL, is_error, text);
	if (is_error)
		status_reload_fault(arg, text);
}

static void
log_config_warnings(const struct config *config)
{
	const char *text;

	for (size_t i = 0; config_next_warning(config, &i, &text);)
		log_write(LOG_LEVEL_WARNING, "%s", text);
}

/* A whole new snapshot aside, or an error and everything as it was. */
static void
reload(struct daemon *daemon)
{
	struct snapshot *new, *current;
	struct config *config;
	const char *option;
	size_t index = 0;
	struct err err;
	int status;

	notify_reloading();
	status_reload_begin(&daemon->status);
	status = config_read(daemon->config_path, note_config_fault,
	    &daemon->status, &config, &err);
	if (status == 0)
		log_config_warnings(config);
	while (status == 0 &&
	    config_needs_restart(daemon->started, config, &index, &option))
		log_write(LOG_LEVEL_WARNING,
		    "%s: a new value of \"%s\" is used after a restart only",
		    daemon->config_path, option);
	if (status == 0) {
		snapshot_change_begin(&daemon->slot);
		current = snapshot_acquire(&daemon->slot);
		status = snapshot_new(config, current,
		    &(struct report){ note_part_fault, &daemon->status }, &new,
		    &err);
		snapshot_unref(current);
		if (status == 0)
			snapshot_publish(&daemon->slot, new);
		snapshot_change_end(&daemon->slot);
	}
	if (status == 0)
		key_watch_wake(&daemon->key_watch);
	status_reload_end(&daemon->status, status == 0 ? NULL : &err);
	if (status == 0)
		log_write(LOG_LEVEL_INFO, "reloaded %s", daemon->config_path);
	else
		log_write(LOG_LEVEL_ERROR,
		    "not reloaded, going on as before: %s", err.text);
	current = snapshot_acquire(&daemon->slot);
	notify_reloaded(&daemon->notifier, current,
	    status == 0 ? NULL : &daemon->status.reason);
	snapshot_unref(current);
}

/*
 * The process ends with smfi_main(). At times this never returns: libmilter
 * destroys a lock that one of its threads holds, and waits for it for ever.
 */
static void
wait_for_end(struct daemon *daemon, int ms)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

	for (int i = 0; i < ms / PAUSE_MS; i++) {
		listener_wake(&daemon->listener);
		(void)nanosleep(&pause, NULL);
	}
	log_write(
	    LOG_LEVEL_INFO, "ending: libmilter did not end within %d ms", ms);
	accounting_stop();
	status_stop(&daemon->status);
	metrics_server_stop(&daemon->metrics);
	listener_remove(&daemon->listener);
	_exit(EXIT_FINE);
}

static void *
see_it_end(void *arg)
{
	wait_for_end(arg, STOP_MS);
	return NULL;
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
	const struct timespec pause = { .tv_sec = LOOK_SECONDS };
	struct daemon *daemon = arg;
	sigset_t signals = awaited_signals();
	struct snapshot *snapshot;
	struct idle idle;
	pthread_t waker;

	pace_begin();
	snapshot = snapshot_acquire(&daemon->slot);
	notify_ready(&daemon->notifier, snapshot);
	snapshot_unref(snapshot);
	/* What was needed to begin, and then no more; below, to reload. */
	memory_give_back();
	idle_start(&idle, clock_monotonic_us());
	for (;;) {
		int number = sigtimedwait(&signals, NULL, &pause);

		if (number == SIGUSR1) {
			reload(daemon);
		} else if (number > 0) {
			/* Mail is served until that is done, then it is 451. */
			key_watch_stop(&daemon->key_watch);
			/* smfi_stop() waits for a lock of libmilter's. */
			if (pthread_create(&waker, NULL, see_it_end, daemon) ==
			    0)
				(void)pthread_detach(waker);
			(void)smfi_stop();
			wait_for_end(daemon, STOP_MS);
		} else if (errno == EAGAIN &&
		    listener_is_closed(&daemon->listener)) {
			wait_for_end(daemon, END_MS);
		} else if (errno == EAGAIN) {
			/*
			 * The socket file may be gone, or keys were taken up.
			 */
			snapshot = snapshot_acquire(&daemon->slot);
			listener_look(&daemon->listener);
			notify_look(&daemon->notifier, snapshot);
			snapshot_unref(snapshot);
		}
		status_look(&daemon->status);
		spool_look(clock_monotonic_us());
		snapshot_sweep(&daemon->slot);
		if (number == SIGUSR1)
			memory_give_back();
		idle_look(&idle, clock_monotonic_us());
	}
	return NULL;
}

/*
 * A thread that is woken waits for a core that is free, rather than take that of
 * a thread that signs: messages change threads less, and more of them go
 * through. Where an administrator chose another policy, or systemd's filter
 * keeps us from it (its unit says the same), we go on without.
 */
static void
let_others_finish(void)
{
#ifdef SCHED_BATCH
	struct sched_param param;
	int policy;

	if (pthread_getschedparam(pthread_self(), &policy, &param) == 0 &&
	    policy == SCHED_OTHER)
		(void)pthread_setschedparam(
		    pthread_self(), SCHED_BATCH, &param);
#endif
}

/* The log, signals and limits of the process that serves. */
static void
set_up_process(const struct config *config, bool foreground)
{
	/* The words of log-level are in this order, too. */
	enum log_level level = (enum log_level)config->main.log_level;
	sigset_t signals = awaited_signals();
	struct rlimit limit;

	/* In a terminal nobody looks into syslog; systemd's journal is both. */
	if (config->main.log == LOG_TARGET_STDERR ||
	    (foreground && !log_stderr_is_journal()))
		log_open_stderr("submilter", level);
	else
		log_open_syslog("submilter", level);
	/*
	 * Blocked in every thread, so that the one that waits for them sees
	 * them. A thread of libmilter waits, too, for those that end the
	 * process, but for SIGUSR2, and whichever of the two sees one stops it.
	 * libmilter's thread leaves it at that, and up to five seconds go by.
	 */
	ENSURE(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
	ENSURE(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	/* A file over the size limit then is an error like a full disk. */
	ENSURE(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	/* Each connection is a file; libmilter waits when there are no more. */
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_write(LOG_LEVEL_WARNING,
		    "cannot raise the limit of open files: %s",
		    strerror(errno));
}

static int
report_exit(const struct err *err)
{
	log_write(LOG_LEVEL_ERROR, "%s", err->text);
	return err->kind == ERR_TEMP ? EXIT_TEMPORARY : EXIT_FAULT;
}

static int
start_accounting(const struct config *config, struct err *err)
{
	struct table *table;

	if (accounting_open(config, &(struct report){ log_part_fault, NULL },
		&table, err) != 0)
		return -1;
	return accounting_start(table, config->accounting.queue, err);
}

/*
 * Serves until it is told to end. ready is written to when the MTA can
 * connect, and the parent may leave; -1 for none.
 */
static int
run_serve(struct daemon *daemon, int ready)
{
	const struct config *config = daemon->started;
	bool keeps_stderr = config->main.log == LOG_TARGET_STDERR;
	struct key_watch_hands hands;
	struct err err;
	pthread_t waiter;
	int status, null;

	daemon->key_hand_over = (struct key_hand_over){ .slot = &daemon->slot,
		.watch = &daemon->key_watch };
	hands = key_hand_over_hands(&daemon->key_hand_over);
	if (sign_start_turns(&err) != 0 ||
	    start_accounting(config, &err) != 0 ||
	    key_watch_start(&daemon->key_watch, &hands, &err) != 0)
		return report_exit(&err);
	notify_start(&daemon->notifier);
	status_start(
	    &daemon->status, &daemon->slot, config, daemon->config_path);
	daemon->table_watch.key_watch = &daemon->key_watch;
	metrics_server_start(&daemon->metrics, &daemon->status, &daemon->slot,
	    &daemon->listener);
	if (table_watch_start(&daemon->table_watch, &daemon->slot,
		&daemon->status, &err) != 0 ||
	    pthread_create(&waiter, NULL, wait_for_signals, daemon) != 0) {
		key_watch_stop(&daemon->key_watch);
		status_stop(&daemon->status);
		err_set(&err, ERR_TEMP, "cannot start a thread");
		return report_exit(&err);
	}
	(void)pthread_detach(waiter);
	/* A reload may come at any time by now: the slot is not ours alone. */
	log_write(LOG_LEVEL_INFO, "submilter " SUBMILTER_VERSION " ready on %s",
	    config->main.listen.data);
	if (ready >= 0) {
		/*
		 * Whoever started us in the background may wait for the end of
		 * our output, as a shell does in $(...). dup2() clears the flag
		 * of closing; null itself is above 2 or is what we want.
		 */
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
		    dup2(null, STDOUT_FILENO) < 0 ||
		    (!keeps_stderr && dup2(null, STDERR_FILENO) < 0))
			log_write(LOG_LEVEL_WARNING, "/dev/null: %s",
			    strerror(errno));
		if (null > STDERR_FILENO)
			(void)close(null);
		(void)!write(ready, "1", 1);
		(void)close(ready);
	}
	status = smfi_main();
	notify_stopping();
	log_write(LOG_LEVEL_INFO, "ending");
	accounting_stop();
	status_stop(&daemon->status);
	metrics_server_stop(&daemon->metrics);
	key_watch_stop(&daemon->key_watch);
	return status == MI_SUCCESS ? EXIT_FINE : EXIT_FAULT;
}

/* From the configuration to an end; the process is the one that serves. */
static int
run_start(
    const char *config_path, struct config *config, bool foreground, int ready)
{
	/* The thread of signals may outlive this function. */
	static struct daemon daemon;
	CLEANUP(arena_done) struct arena mem;
	struct account account;
	struct snapshot *snapshot;
	const char *path = NULL; /* of the socket, once it is open */
	bool served = false;
	struct err err;
	int status = -1;

	daemon.config_path = config_path;
	arena_init(&mem);
	set_up_process(config, foreground);
	let_others_finish();
	log_config_warnings(config);
	if (geteuid() == 0 && config->main.user.len == 0 &&
	    getpwnam(DEFAULT_USER) == NULL)
		log_write(LOG_LEVEL_WARNING,
		    "runs as root: there is no user \"" DEFAULT_USER
		    "\", and \"user\" names no other");
	if (account_find(config, &mem, &account, &err) == 0 &&
	    callbacks_register(&daemon.slot, &err) == 0 &&
	    socket_open(config, &account, &mem, &err) == 0) {
		if (socket_path(config).len > 0)
			path = slice_cstr(&mem, socket_path(config));
		metrics_server_open(&daemon.metrics, config, false, &mem);
		status = account_become(&account, &err);
		if (status == 0)
			metrics_server_open(
			    &daemon.metrics, config, true, &mem);
	}
	if (status != 0)
		config_free(config);
	else
		status = snapshot_new(config, NULL,
		    &(struct report){ log_part_fault, NULL }, &snapshot, &err);
	if (status == 0) {
		/* Not the whole: its tables may be large, and be replaced. */
		daemon.started = config_ref(config);
		listener_start(&daemon.listener, path,
		    socket_file_mode(config, &mem), account.socket_gid);
		snapshot_slot_init(&daemon.slot, snapshot);
		served = true;
		status = run_serve(&daemon, ready);
	} else {
		status = report_exit(&err);
	}
	/*
	 * libmilter leaves the file; a directory of root's keeps it. Before
	 * serve() the socket is open still, and surely ours.
	 */
	if (path != NULL)
		socket_remove(path, served, &mem);
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
		_exit(run_start(config_path, config, false, ready[1]));
	}
	(void)close(ready[1]);
	config_free(config);
	if (read(ready[0], &byte, 1) != 1) {
		log_write(LOG_LEVEL_ERROR, "did not start: see the log");
		return EXIT_FAULT;
	}
	return EXIT_FINE;
}

/*
 * glibc gives threads up to eight heaps a core, and libmilter has a thread for
 * each message that waits; no more than run at once are in one at a time.
 */
static void
bound_heaps(void)
{
#ifdef M_ARENA_MAX
	(void)mallopt(M_ARENA_MAX, (int)cores_count() * 2);
#endif
}

int
daemon_run(const char *given_path, bool foreground)
{
	/* A reload finds the file from any working directory. */
	static char config_path[PATH_MAX];
	struct config *config;
	sigset_t reloads;
	struct err err;

	/*
	 * libmilter's threads sign on until the process is gone: at its end
	 * OpenSSL may not free what they use.
	 */
	ENSURE(OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
	bound_heaps();
	/* Until the configuration says more. */
	log_open_stderr("submilter", LOG_LEVEL_INFO);
	/* A reload that is asked for too early comes once we serve. */
	sigemptyset(&reloads);
	sigaddset(&reloads, SIGUSR1);
	ENSURE(pthread_sigmask(SIG_BLOCK, &reloads, NULL) == 0);
	if (realpath(given_path, config_path) == NULL) {
		err_set(
		    &err, ERR_CONFIG, "%s: %s", given_path, strerror(errno));
		return report_exit(&err);
	}
	settle(config_path);
	/* Each fault is in the log by now. */
	if (config_read(config_path, log_config_fault, NULL, &config, &err) !=
	    0)
		return err.kind == ERR_TEMP ? EXIT_TEMPORARY : EXIT_FAULT;
	if (foreground)
		return run_start(config_path, config, true, -1);
	return start_in_background(config_path, config);
}
