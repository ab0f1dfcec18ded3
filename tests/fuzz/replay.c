/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main() of a fuzz target without libFuzzer: runs it on each file that is
 * named, and on each beginning of a small one, because input that ends in the
 * middle is what parsers stumble over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { MAX_BYTES = 1 << 20, MAX_CUT_BYTES = 2048 };

/* On a copy of just that size, so that AddressSanitizer sees its end. */
static int
run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);

	if (copy == NULL)
		return -1;
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	return 0;
}

static int
replay(const char *path, uint8_t *data)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	if (file == NULL) {
		perror(path);
		return -1;
	}
	size = fread(data, 1, MAX_BYTES, file);
	if (ferror(file) || fgetc(file) != EOF) {
		fprintf(stderr, "%s: unreadable, or over %d octets\n", path,
		    MAX_BYTES);
		(void)fclose(file);
		return -1;
	}
	(void)fclose(file);
	for (size_t cut = 0; size <= MAX_CUT_BYTES && cut < size; cut++) {
		if (run(data, cut) != 0)
			return -1;
	}
	return run(data, size);
}

int
main(int argc, char **argv)
{
	uint8_t *data = malloc(MAX_BYTES);
	int status = 0;

	if (argc < 2 || data == NULL) {
		fprintf(stderr, "usage: %s FILE ...\n", argv[0]);
		free(data);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		if (replay(argv[i], data) != 0)
			status = 1;
	}
	free(data);
	return status;
}
