/* SPDX-License-Identifier: BSD-2-Clause
 *
 * page.c: pages and pictures into files, beside which nothing else is overwritten.
 */
#include "ra-tools/out/page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
page_check(const struct run *r, const char *path)
{
	struct stat st;
	FILE *f;
	int first;

	if (strcmp(path, "-") == 0)
		return;
	run_check_output(r, path);
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return;
	f = fopen(path, "r");
	first = f == NULL ? EOF : getc(f);
	if (f != NULL)
		(void)fclose(f);
	if (first != '<')
		run_usage("%s exists and is not a page or a picture: not replaced", path);
}

static bool
put(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "w");
	bool whole;

	if (f == NULL)
		return (false);
	whole = fwrite(b->p, 1, b->len, f) == b->len;
	return (fclose(f) == 0 && whole);
}

bool
page_write(const char *path, const struct buf *b)
{
	struct buf part = { 0 };
	struct stat st;
	bool good;
	int why;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return (put(path, b));
	buf_printf(&part, "%s.part", path);
	good = put(buf_cstr(&part), b) && rename(buf_cstr(&part), path) == 0;
	why = errno;
	if (!good)
		(void)unlink(buf_cstr(&part));
	buf_free(&part);
	errno = why;
	return (good);
}
