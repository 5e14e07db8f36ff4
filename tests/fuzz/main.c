/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c: stands in for libFuzzer: gives each file of a corpus to the target, once.
 *
 * usage: fuzz_NAME FILE|FOLDER…   prints the number of inputs; 2 = something could not be read
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int LLVMFuzzerInitialize(int *, char ***) __attribute__((weak));

static unsigned long inputs;

static void
give_up(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(2);
}

/* The bytes lie in memory of exactly their size, so that a sanitizer sees the first read behind them. */
static void
replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = malloc(size == 0 ? 1 : size);

	if (f == NULL || p == NULL || fread(p, 1, size, f) != size)
		give_up(path);
	fclose(f);
	(void)LLVMFuzzerTestOneInput(p, size);
	free(p);
	inputs++;
}

static int
visible(const struct dirent *e)
{
	return (e->d_name[0] != '.');
}

static void
replay(const char *path)
{
	struct dirent **e;
	struct stat st;
	int n;

	if (stat(path, &st) != 0)
		give_up(path);
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path, (size_t)st.st_size);
		return;
	}
	n = scandir(path, &e, visible, alphasort);
	if (n < 0)
		give_up(path);
	for (int i = 0; i < n; i++) {
		char *inner = NULL;

		if (asprintf(&inner, "%s/%s", path, e[i]->d_name) < 0)
			give_up(path);
		replay(inner);
		free(inner);
		free(e[i]);
	}
	free(e);
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
		return (2);
	}
	if (LLVMFuzzerInitialize != NULL)
		(void)LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	fprintf(stderr, "%lu inputs\n", inputs); /* a target may have stdout for itself */
	return (0);
}
