/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf.c: the lines of a configuration file.  What keys mean is the business of options.c.  Tested by
 * tests/cli/TESTLIST.
 */
#include "probe/conf.h"

#include "format/base/buf.h"
#include "format/base/plain.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONF_MAX 1000000 /* bytes of a file; more is no configuration */

static bool
blank(char c)
{
	return (isspace((unsigned char)c) != 0);
}

static char *
trim(char *s)
{
	size_t n;

	while (blank(*s))
		s++;
	n = strlen(s);
	while (n > 0 && blank(s[n - 1]))
		s[--n] = '\0';
	return (s);
}

/* # begins a comment where a word could begin. */
static void
cut_comment(char *s)
{
	for (char *p = s; *p != '\0'; p++)
		if (*p == '#' && (p == s || blank(p[-1]))) {
			*p = '\0';
			return;
		}
}

bool
conf_next(char **text, unsigned *number, struct conf_line *l)
{
	while (**text != '\0') {
		char *line = *text, *end = strchr(line, '\n'), *equals;

		*text = end != NULL ? end + 1 : line + strlen(line);
		if (end != NULL)
			*end = '\0';
		l->number = ++*number;
		cut_comment(line);
		line = trim(line);
		if (*line == '\0')
			continue;
		l->key = line;
		l->value = NULL;
		equals = strchr(line, '=');
		if (equals == NULL || equals == line)
			return (true);
		*equals = '\0';
		l->key = trim(line);
		l->value = trim(equals + 1);
		return (true);
	}
	return (false);
}

char *
conf_read(const char *path, char *err, size_t errlen)
{
	FILE *f = fopen(path, "r");
	struct buf b = { 0 };
	size_t n = 0;

	if (f == NULL) {
		(void)snprintf(err, errlen, "%s: %s", path, strerror(errno));
		return (NULL);
	}
	do {
		n = fread(buf_room(&b, 4096), 1, 4096, f);
		b.len += n;
	} while (n > 0 && b.len <= CONF_MAX);
	err[0] = '\0';
	if (ferror(f))
		(void)snprintf(err, errlen, "%s: %s", path, strerror(errno));
	else if (b.len > CONF_MAX || (b.len > 0 && memchr(b.p, '\0', b.len) != NULL))
		(void)snprintf(err, errlen, "%s: this is no configuration file", path);
	(void)fclose(f);
	if (err[0] != '\0') {
		buf_free(&b);
		return (NULL);
	}
	(void)buf_cstr(&b);
	memset(b.p, ' ', plain_mark(b.p, b.len));
	return ((char *)b.p);
}
