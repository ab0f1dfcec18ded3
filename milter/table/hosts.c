/* SPDX-License-Identifier: BSD-2-Clause */
/* Which hosts have a table, and which of them comes first. */
#include "hosts_priv.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/random.h>
#include <sys/un.h>

#include "table_priv.h"

struct hosts {
	struct table_world *world;
	struct arena *mem;
	struct slice spec; /* of the table */
	enum hosts_choice choice;
	size_t count;
	struct server_host items[HOSTS_MAX];
};

struct hosts *
hosts_new(const struct table_opening *opening, enum hosts_choice choice)
{
	struct hosts *hosts = arena_alloc(opening->mem, sizeof(*hosts));

	hosts->mem = opening->mem;
	hosts->spec = opening->spec;
	hosts->world = opening->world;
	hosts->choice = choice;
	hosts->count = 0;
	return hosts;
}

int
hosts_add(struct hosts *hosts, const struct server_host *host, struct err *err)
{
	struct server_host *added = &hosts->items[hosts->count];

	for (size_t i = 0; i < hosts->count; i++) {
		if (slice_eq(hosts->items[i].text, host->text))
			return 0;
	}
	if (hosts->count == HOSTS_MAX)
		return err_set(
		    err, ERR_CONFIG, "more than %d hosts", (int)HOSTS_MAX);
	*added = *host;
	added->text = slice_dup(hosts->mem, host->text);
	added->name = slice_dup(hosts->mem, host->name);
	added->scheme = slice_dup(hosts->mem, host->scheme);
	hosts->count++;
	return 0;
}

bool
hosts_are_named(const struct hosts *hosts)
{
	return hosts->count == 1 && hosts->items[0].kind != HOST_SRV &&
	    slice_has_text_nocase(hosts->spec, hosts->items[0].text);
}

size_t
hosts_count(const struct hosts *hosts)
{
	return hosts->count;
}

const struct server_host *
hosts_at(const struct hosts *hosts, size_t index)
{
	ENSURE(index < hosts->count);
	return &hosts->items[index];
}

struct table_world *
hosts_world(const struct hosts *hosts)
{
	return hosts->world;
}

size_t
hosts_random_below(size_t bound)
{
	unsigned int number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		number = 0;
	return number % bound;
}

/* Where a host stands among those that are chosen at random. */
static int
host_group(const struct server_host *host)
{
	switch (host->kind) {
	case HOST_UNIX:
		return 0;
	case HOST_INET:
	case HOST_SRV:
		return 1;
	case HOST_OTHER:
		break;
	}
	return 2;
}

void
hosts_order(
    const struct hosts *hosts, const struct server_host *ret_hosts[HOSTS_MAX])
{
	size_t count = 0;

	if (hosts->choice == HOSTS_IN_ORDER) {
		for (size_t i = 0; i < hosts->count; i++)
			ret_hosts[i] = &hosts->items[i];
		return;
	}
	for (int group = 0; group < 3; group++) {
		size_t first = count;

		for (size_t i = 0; i < hosts->count; i++) {
			size_t at;

			if (host_group(&hosts->items[i]) != group)
				continue;
			/* Each of the group has the same chance of each place. */
			at = first + hosts_random_below(count - first + 1);
			if (at != count)
				ret_hosts[count] = ret_hosts[at];
			ret_hosts[at] = &hosts->items[i];
			count++;
		}
	}
}

static int
host_read_port(struct slice text, unsigned int *ret_port, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	struct servent entry, *found = NULL;
	unsigned long number;
	char buffer[1024];

	arena_init(&mem);
	if (slice_number(text, UINT16_MAX, &number) && number != 0) {
		*ret_port = (unsigned int)number;
		return 0;
	}
	if (text.len != 0 && !char_is_digit(text.data[0]) &&
	    getservbyname_r(slice_cstr(&mem, text), "tcp", &entry, buffer,
		sizeof(buffer), &found) == 0 &&
	    found != NULL) {
		*ret_port = ntohs((uint16_t)entry.s_port);
		return 0;
	}
	return err_set(
	    err, ERR_CONFIG, "\"%s\" is no port", escape(&mem, text, 32));
}

static int
host_read_unix(struct slice path, struct server_host *ret_host, struct err *err)
{
	size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path);

	if (path.len == 0 || path.len >= room)
		return err_set(err, ERR_CONFIG,
		    "the path of a socket has 1 to %zu octets", room - 1);
	ret_host->kind = HOST_UNIX;
	ret_host->name = path;
	return 0;
}

static int
host_read_inet(struct slice text, unsigned int default_port,
    struct server_host *ret_host, struct err *err)
{
	size_t end = slice_find(text, ':');
	bool is_bracketed = slice_starts(text, SLICE("["));
	struct slice port;

	if (is_bracketed)
		end = slice_find(text, ']') + 1;
	ret_host->kind = HOST_INET;
	ret_host->name = is_bracketed ? slice_sub(text, 1, end - 2) :
					slice_sub(text, 0, end);
	ret_host->port = default_port;
	port = slice_from(text, end + 1);
	if (ret_host->name.len == 0 || ret_host->name.len > 255 ||
	    end > text.len || (end < text.len && text.data[end] != ':') ||
	    (end == text.len && default_port == 0))
		return err_set(err, ERR_CONFIG,
		    default_port == 0 ? "a server is named as HOST:PORT" :
					"a server is named as HOST or "
					"HOST:PORT");
	return end == text.len ? 0 : host_read_port(port, &ret_host->port, err);
}

int
host_read(struct slice word, unsigned int default_port,
    struct server_host *ret_host, struct err *err)
{
	struct server_host host = { .text = word, .name = { NULL, 0 } };
	int status = 0;

	if (slice_starts(word, SLICE("srv:"))) {
		host.kind = HOST_SRV;
		host.name = slice_from(word, sizeof("srv:") - 1);
		if (host.name.len == 0 || host.name.len > 255)
			status = err_set(err, ERR_CONFIG,
			    "a name like _ldap._tcp.example.org is missing "
			    "behind srv:");
	} else if (slice_starts(word, SLICE("unix:"))) {
		status = host_read_unix(
		    slice_from(word, sizeof("unix:") - 1), &host, err);
	} else if (slice_starts(word, SLICE("/"))) {
		status = host_read_unix(word, &host, err);
	} else {
		if (slice_starts(word, SLICE("inet:")))
			word = slice_from(word, sizeof("inet:") - 1);
		status = host_read_inet(word, default_port, &host, err);
	}
	if (status == 0)
		*ret_host = host;
	return status;
}

int
hosts_add_list(struct hosts *hosts, struct slice list,
    unsigned int default_port, struct err *err)
{
	struct slice word;

	while (slice_next_item(&list, ", \t\r\n", &word)) {
		struct server_host host;

		if (host_read(word, default_port, &host, err) != 0 ||
		    hosts_add(hosts, &host, err) != 0)
			return -1;
	}
	return 0;
}
