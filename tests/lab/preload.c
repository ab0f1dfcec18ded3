/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loaded into a private Sendmail by LD_PRELOAD. It gives the process a host
 * name and a log file of its own, because Sendmail knows neither an option for
 * the first (it asks before it reads its configuration, and sleeps for a
 * minute if the name has no dot) nor any log but syslog.
 *
 * LAB_HOSTNAME and LAB_LOG are read at load: Sendmail clears its environment.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

/* What programs call that were built with _FORTIFY_SOURCE. */
void __syslog_chk(int priority, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __vsyslog_chk(int priority, int flag, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
int __gethostname_chk(char *name, size_t size, size_t limit);

static char host_name[256];
static char log_name[1024];
static char program[64];

static void
copy(char *to, size_t size, const char *from)
{
	if (from != NULL)
		snprintf(to, size, "%s", from);
}

__attribute__((constructor)) static void
read_environment(void)
{
	copy(host_name, sizeof(host_name), getenv("LAB_HOSTNAME"));
	copy(log_name, sizeof(log_name), getenv("LAB_LOG"));
}

int
gethostname(char *name, size_t size)
{
	if (strlen(host_name) >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	copy(name, size, host_name);
	return 0;
}

int
__gethostname_chk(char *name, size_t size, size_t limit)
{
	return gethostname(name, size < limit ? size : limit);
}

/*
 * 127.0.0.1 has two names, ours and localhost, and nothing else has any: no
 * test may wait for a name server.
 */
static struct hostent *
host(const char *name, struct in_addr in)
{
	static struct in_addr address;
	static char official[sizeof(host_name)];
	static char *addresses[] = { (char *)&address, NULL };
	static char *aliases[] = { NULL };
	static struct hostent entry = {
		.h_name = official,
		.h_aliases = aliases,
		.h_addrtype = AF_INET,
		.h_length = sizeof(address),
		.h_addr_list = addresses,
	};

	address = in;
	copy(official, sizeof(official), name);
	return &entry;
}

struct hostent *
gethostbyname2(const char *name, int family)
{
	struct in_addr in = { .s_addr = htonl(INADDR_LOOPBACK) };

	if (family == AF_INET &&
	    (strcasecmp(name, host_name) == 0 ||
		strcasecmp(name, "localhost") == 0 ||
		inet_aton(name, &in) != 0))
		return host(name, in);
	h_errno = HOST_NOT_FOUND;
	return NULL;
}

struct hostent *
gethostbyaddr(const void *address, socklen_t length, int family)
{
	struct in_addr in;

	if (family == AF_INET && length == sizeof(in)) {
		memcpy(&in, address, sizeof(in));
		if (in.s_addr == htonl(INADDR_LOOPBACK))
			return host("localhost", in);
	}
	h_errno = HOST_NOT_FOUND;
	return NULL;
}

void
openlog(const char *ident, int option, int facility)
{
	(void)option;
	(void)facility;
	copy(program, sizeof(program), ident);
}

/*
 * One write() a line, so that lines of several processes do not mix; the file
 * is opened each time because Sendmail closes descriptors it does not know.
 */
void
vsyslog(int priority, const char *format, va_list args)
{
	char line[4096];
	int saved = errno;
	int head, body, fd;
	size_t length;

	(void)priority;
	head = snprintf(
	    line, sizeof(line) - 1, "%s[%ld]: ", program, (long)getpid());
	if (head < 0)
		return;
	errno = saved; /* for %m */
	body = vsnprintf(
	    line + head, sizeof(line) - 1 - (size_t)head, format, args);
	if (body < 0)
		return;
	length = strlen(line);
	if (line[length - 1] != '\n')
		line[length++] = '\n';
	fd = open(log_name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0) {
		if (write(fd, line, length) < 0)
			abort(); /* a log with holes misleads */
		close(fd);
	}
	errno = saved;
}

void
syslog(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsyslog(priority, format, args);
	va_end(args);
}

void
__vsyslog_chk(int priority, int flag, const char *format, va_list args)
{
	(void)flag;
	vsyslog(priority, format, args);
}

void
__syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	vsyslog(priority, format, args);
	va_end(args);
}
