/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_METRICS_PRIV_H
#define SUBMILTER_DAEMON_METRICS_PRIV_H

#include "health_priv.h"
#include "status_priv.h"

/* How metrics are written. */
enum metrics_format {
	METRICS_PLAIN, /* the text format of Prometheus, version 0.0.4 */
	METRICS_OPEN,  /* OpenMetrics 1.0.0 */
	METRICS_FORMATS
};

/* What is not counted but found out. */
struct metrics_facts {
	const struct status *status;
	const struct health_result *health;
	const char *engine;
};

/* All of base/metrics.def, in memory of mem. Thread-safe. */
struct slice metrics_text(const struct metrics_facts *facts,
    enum metrics_format format, struct arena *mem);

/*
 * The server of the option metrics.listen. It has one thread, a fixed number of
 * connections, and a fixed time for each; mail goes on whatever becomes of it.
 */
struct metrics_server {
	int fd;		  /* -1: there is none */
	const char *path; /* of a Unix socket; NULL: there is no file */
	struct status_writer *status;
	struct snapshot_slot *slot;
	struct health health;
	void *http; /* struct MHD_Daemon */
	/* By its thread alone: what was answered within this second. */
	struct metrics_page {
		struct arena mem;
		struct slice text;
		uint64_t made_us;
	} pages[METRICS_FORMATS];
	/* When connections began, for those that take too long. */
	pthread_mutex_t lock;
	struct metrics_client {
		int fd;
		uint64_t begin_us; /* 0: nobody */
	} clients[32];
};

/*
 * Opens the socket, if the configuration names one: an inet socket with the
 * rights that we have at first (port below 1024), a Unix socket, in directories
 * that others may change, with those of the milter's user. What fails is logged.
 * Call it before and after that user is become.
 */
void metrics_server_open(struct metrics_server *server,
    const struct config *config, bool is_lesser_user, struct arena *mem);
/*
 * Serves, after listener_start(), which takes any socket that listens for its
 * own. status, slot and listener outlive the server.
 */
void metrics_server_start(struct metrics_server *server,
    struct status_writer *status, struct snapshot_slot *slot,
    const struct listener *listener);
/* Removes the file of a Unix socket. */
void metrics_server_stop(const struct metrics_server *server);

#endif
