/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of a host. The system's resolver knows no deadline: a thread asks
 * it, and whoever waits for the thread leaves when their time is over.
 */
#include "table/hosts.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

/* Threads of look-ups that take long; a further one fails at once. */
enum { MAX_NAMINGS = 64 };

/* A host name that is looked up; who waits and the thread hold it. */
struct naming {
	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned int holders;
	bool is_done;
	int status; /* of getaddrinfo() */
	struct host_addresses found;
	char port[8];
	char name[];
};

static atomic_uint namings;

static struct naming *
naming_new(const struct server_host *host)
{
	struct naming *naming = calloc(1, sizeof(*naming) + host->name.len + 1);
	pthread_condattr_t attributes;

	ENSURE(naming != NULL);
	ENSURE(pthread_mutex_init(&naming->lock, NULL) == 0);
	ENSURE(pthread_condattr_init(&attributes) == 0 &&
	    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
	    pthread_cond_init(&naming->done, &attributes) == 0);
	(void)pthread_condattr_destroy(&attributes);
	naming->holders = 2;
	memcpy(naming->name, host->name.data, host->name.len);
	for (unsigned int port = host->port, at = 5; at > 0; port /= 10)
		naming->port[--at] = (char)('0' + port % 10);
	return naming;
}

static void
naming_free(struct naming *naming)
{
	(void)pthread_cond_destroy(&naming->done);
	(void)pthread_mutex_destroy(&naming->lock);
	free(naming);
}

static void
naming_release(struct naming *naming)
{
	bool is_last;

	ENSURE(pthread_mutex_lock(&naming->lock) == 0);
	is_last = --naming->holders == 0;
	ENSURE(pthread_mutex_unlock(&naming->lock) == 0);
	if (is_last)
		naming_free(naming);
}

static int
host_ask_system(const char *name, const char *port, int flags,
    struct host_addresses *ret_addresses)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_flags = flags | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int status = getaddrinfo(name, port, &hints, &found);

	ret_addresses->count = 0;
	if (status != 0)
		return status;
	for (const struct addrinfo *a = found;
	     a != NULL && ret_addresses->count < HOST_MAX_ADDRESSES;
	     a = a->ai_next) {
		size_t i = ret_addresses->count;

		if (a->ai_addrlen > sizeof(ret_addresses->items[i]))
			continue;
		memcpy(&ret_addresses->items[i], a->ai_addr, a->ai_addrlen);
		ret_addresses->lengths[i] = a->ai_addrlen;
		ret_addresses->count++;
	}
	freeaddrinfo(found);
	return ret_addresses->count == 0 ? EAI_NONAME : 0;
}

static void *
naming_work(void *arg)
{
	struct naming *naming = arg;
	struct host_addresses found;
	int status = host_ask_system(naming->name, naming->port, 0, &found);

	ENSURE(pthread_mutex_lock(&naming->lock) == 0);
	naming->status = status;
	naming->found = found;
	naming->is_done = true;
	ENSURE(pthread_cond_signal(&naming->done) == 0);
	ENSURE(pthread_mutex_unlock(&naming->lock) == 0);
	naming_release(naming);
	namings--;
	return NULL;
}

/* -1: no thread can begin. */
static int
naming_begin(struct naming *naming)
{
	sigset_t all, before;
	pthread_t thread;
	int status;

	if (namings++ >= MAX_NAMINGS) {
		namings--;
		return -1;
	}
	(void)sigfillset(&all);
	ENSURE(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	status = pthread_create(&thread, NULL, naming_work, naming);
	ENSURE(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	if (status != 0) {
		namings--;
		return -1;
	}
	(void)pthread_detach(thread);
	return 0;
}

/* False when the deadline came first. */
static bool
naming_wait(struct naming *naming, uint64_t deadline_us)
{
	const struct timespec until = { .tv_sec =
					    (time_t)(deadline_us / 1000000),
		.tv_nsec = (long)(deadline_us % 1000000 * 1000) };
	int status = 0;
	bool is_done;

	ENSURE(pthread_mutex_lock(&naming->lock) == 0);
	while (!naming->is_done && status == 0)
		status = pthread_cond_timedwait(
		    &naming->done, &naming->lock, &until);
	is_done = naming->is_done;
	ENSURE(pthread_mutex_unlock(&naming->lock) == 0);
	return is_done;
}

static int
host_resolve_name(const struct server_host *host, uint64_t deadline_us,
    struct host_addresses *ret_addresses, struct err *err)
{
	struct naming *naming = naming_new(host);
	int status = host_ask_system(
	    naming->name, naming->port, AI_NUMERICHOST, &naming->found);

	if (status == 0) {
		*ret_addresses = naming->found;
		naming_free(naming);
		return 0;
	}
	if (naming_begin(naming) != 0) {
		naming_free(naming);
		return err_set(
		    err, ERR_TEMP, "too many host names are looked up");
	}
	if (!naming_wait(naming, deadline_us))
		status = err_set(
		    err, ERR_TEMP, "its address was not found within the time");
	else if (naming->status != 0)
		status = err_set(err, ERR_TEMP, "its address: %s",
		    gai_strerror(naming->status));
	else
		status = 0;
	if (status == 0)
		*ret_addresses = naming->found;
	naming_release(naming);
	return status;
}

int
host_resolve(const struct server_host *host, uint64_t deadline_us,
    struct host_addresses *ret_addresses, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (host->kind == HOST_INET)
		return host_resolve_name(host, deadline_us, ret_addresses, err);
	ENSURE(host->kind == HOST_UNIX &&
	    host->name.len < sizeof(address.sun_path));
	memcpy(address.sun_path, host->name.data, host->name.len);
	memcpy(&ret_addresses->items[0], &address, sizeof(address));
	ret_addresses->lengths[0] = sizeof(address);
	ret_addresses->count = 1;
	return 0;
}

void
host_address_text(const struct host_addresses *addresses, size_t index,
    char ret_text[HOST_ADDRESS_BYTES])
{
	ENSURE(index < addresses->count);
	if (getnameinfo((const struct sockaddr *)&addresses->items[index],
		addresses->lengths[index], ret_text, HOST_ADDRESS_BYTES, NULL,
		0, NI_NUMERICHOST) != 0)
		ret_text[0] = '\0';
}
