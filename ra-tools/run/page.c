/* SPDX-License-Identifier: BSD-2-Clause
 *
 * page.c: pages and pictures into files, beside which nothing else is overwritten.
 */
#include "ra-tools/run/page.h"

#include "format/base/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool
is_page(const uint8_t *head, size_t n)
{
	return (n > 0 && head[0] == '<');
}

static const struct output_kind kind = { is_page, "is not a page or a picture" };

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
		run_usage("%s exists and %s: not replaced", path, kind.foreign);
}

bool
page_write(struct run *r, const char *path, const struct buf *b, char *err, size_t len)
{
	struct sheet *s = run_sheet(r);
	struct output to;

	if (strcmp(path, "-") == 0) {
		s->folds = false;
		buf_add(&s->out, b->p, b->len);
		sheet_flush(s);
		return (true);
	}
	if (!output_open(&to, path, OUTPUT_BESIDE, &kind, err, len))
		return (false);
	if (output_write(&to, b->p, b->len))
		return (output_close(&to, OUTPUT_WHOLE, false, err, len));
	(void)snprintf(err, len, "%s: can not write: %s", path, strerror(errno));
	(void)output_close(&to, OUTPUT_DROP, false, NULL, 0);
	return (false);
}
