/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loaded into an MTA by LD_PRELOAD: the C library of each of its processes asks
 * the name server on loopback whose port LAB_DNS_PORT is, and nothing else, for
 * hosts. It asks as it always does: only where it asks is another place.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <resolv.h>
#include <stdlib.h>

#ifndef RES_NORELOAD
#define RES_NORELOAD 0x02000000
#endif

__attribute__((constructor)) static void
use_server(void)
{
	const char *port = getenv("LAB_DNS_PORT");

	if (port == NULL || res_init() != 0)
		return;
	(void)__nss_configure_lookup("hosts", "dns");
	_res.options |= RES_NORELOAD;
	_res.options &= ~(unsigned long)(RES_DEFNAMES | RES_DNSRCH);
	_res.retrans = 1;
	_res.retry = 1;
	_res.nscount = 1;
	_res.nsaddr_list[0] = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* Those of the C library, whatever preload.c has in their place. */
static void *
real(const char *name)
{
	static void *library;

	if (library == NULL)
		library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	return dlsym(library, name);
}

struct hostent *
gethostbyname2(const char *name, int family)
{
	struct hostent *(*ask)(const char *, int) =
	    (struct hostent * (*)(const char *, int)) real("gethostbyname2");

	return ask(name, family);
}

struct hostent *
gethostbyaddr(const void *address, socklen_t length, int family)
{
	struct hostent *(*ask)(const void *, socklen_t, int) =
	    (struct hostent * (*)(const void *, socklen_t, int))
		real("gethostbyaddr");

	return ask(address, length, family);
}
