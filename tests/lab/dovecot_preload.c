/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loaded into a private Dovecot by LD_PRELOAD. Where its programs and modules
 * are is compiled into it; LAB_DOVECOT says where they are here.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char compiled[] = "/usr/lib/dovecot/";

/* The same path where they are. */
static const char *
moved(const char *path, char *buffer, size_t size)
{
	const char *place = getenv("LAB_DOVECOT");

	if (path == NULL || place == NULL ||
	    strncmp(path, compiled, sizeof(compiled) - 1) != 0)
		return path;
	snprintf(buffer, size, "%s/%s", place, path + sizeof(compiled) - 1);
	return buffer;
}

DIR *
opendir(const char *path)
{
	DIR *(*next)(const char *);
	char buffer[4096];

	*(void **)&next = dlsym(RTLD_NEXT, "opendir");
	return next(moved(path, buffer, sizeof(buffer)));
}

void *
dlopen(const char *path, int flags)
{
	void *(*next)(const char *, int);
	char buffer[4096];

	*(void **)&next = dlsym(RTLD_NEXT, "dlopen");
	return next(moved(path, buffer, sizeof(buffer)), flags);
}

/* script-login has a script run script-login. */
int
execve(const char *path, char *const argv[], char *const environment[])
{
	int (*next)(const char *, char *const[], char *const[]);
	char buffer[4096];

	*(void **)&next = dlsym(RTLD_NEXT, "execve");
	return next(moved(path, buffer, sizeof(buffer)), argv, environment);
}
