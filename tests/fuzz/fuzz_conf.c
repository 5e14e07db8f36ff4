/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_conf.c: any words on the command line of pavo, and any text as its configuration file.  It ends with 0, or with 2
 * and a sentence that can be shown.
 *
 * input: words, one a line, up to an empty line; then the file
 */
#include "format/base/plain.h"
#include "probe/conf.h"
#include "probe/options.h"

#include <assert.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORDS 40

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
const char *__asan_default_options(void);
void __wrap_exit(int) __attribute__((noreturn));
void __real_exit(int) __attribute__((noreturn));

static jmp_buf back;
static bool within;
static int status;

/* What is left behind when the program "ends" is nobody's. */
const char *
__asan_default_options(void)
{
	return ("detect_leaks=0");
}

void
__wrap_exit(int how)
{
	if (!within)
		__real_exit(how);
	status = how;
	longjmp(back, 1);
}

/* Lines of the file, as conf.c has them: cut out of the text, without blanks around them. */
static void
read_lines(const char *text)
{
	char *copy = strdup(text), *at = copy;
	struct conf_line l;
	unsigned number = 0, last = 0;
	size_t n = strlen(text);

	assert(copy != NULL);
	while (conf_next(&at, &number, &l)) {
		assert(l.number > last && l.key >= copy && l.key <= copy + n);
		assert(l.value == NULL || (l.value > l.key && l.value <= copy + n));
		last = l.number;
	}
	free(copy);
}

/* Without those that read what is not given here; a slash may lead anywhere. */
static bool
allowed(const char *word)
{
	return (strchr(word, '/') == NULL && strncmp(word, "-F", 2) != 0 && strncmp(word, "--c", 3) != 0);
}

static void
parse(int argc, char **argv)
{
	static struct options o;
	FILE *real_err = stderr, *real_out = stdout, *nowhere = fopen("/dev/null", "w");
	static char *said;
	static size_t nsaid;
	size_t acting;

	memset(&o, 0, sizeof(o));
	said = NULL;
	stderr = open_memstream(&said, &nsaid);
	stdout = nowhere;
	assert(stderr != NULL && stdout != NULL);
	status = -1;
	optind = 0; /* getopt() forgets the word in whose middle the program "ended" */
	(void)getopt(1, argv, "");
	within = true;
	if (setjmp(back) == 0)
		options_parse(&o, argc, argv);
	within = false;
	fclose(stderr);
	stderr = real_err;
	stdout = real_out;
	fclose(nowhere);
	assert(status == -1 || status == 0 || status == 2);
	assert(status != 2 || (nsaid > 0 && said[nsaid - 1] == '\n'));
	for (char *line = strtok(said, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert(plain_run((uint8_t *)line, strlen(line), &acting) == strlen(line));
	free(said);
	if (status != -1)
		o.probe = NULL; /* a word of the command line or of the file, until all is well */
	options_free(&o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text, *argv[WORDS + 4], path[64], program[] = "pavo", conf[] = "-F";
	int fd, argc = 0;

	if (memchr(p, '\0', n) != NULL || (fd = memfd_create("conf", MFD_CLOEXEC)) < 0)
		return (0);
	assert((text = malloc(n + 1)) != NULL);
	memcpy(text, p, n);
	text[n] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	argv[argc++] = program;
	argv[argc++] = conf;
	argv[argc++] = path;
	p = (uint8_t *)text;
	while (*p != '\0' && *p != '\n' && argc < WORDS + 3) {
		char *word = (char *)(uintptr_t)p, *end = word + strcspn(word, "\n");

		p = (uint8_t *)end + (*end == '\n');
		*end = '\0';
		if (allowed(word))
			argv[argc++] = word;
	}
	argv[argc] = NULL;
	p += *p == '\n';
	read_lines((const char *)p);
	if (write(fd, p, strlen((const char *)p)) >= 0)
		parse(argc, argv);
	(void)close(fd);
	free(text);
	return (0);
}
