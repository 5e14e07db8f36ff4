/* SPDX-License-Identifier: BSD-2-Clause
 *
 * filters.c: filters as they are typed, and mistakes in them.
 */
#include "ra-tools/run/room.h"

#include "format/base/log.h"
#include "format/base/plain.h"
#include "ra-tools/report/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_FILE_MAX (1u << 20)

/* Lines become one, those that begin with # nothing.  false: nothing is left. */
static bool
join_lines(uint8_t *text, size_t n)
{
	bool begins = true, comment = false, any = false;

	for (size_t i = 0; i < n; i++) {
		bool ends = text[i] == '\n' || text[i] == '\r', blank = ends || text[i] == ' ' || text[i] == '\t';

		comment = !ends && (comment || (begins && text[i] == '#'));
		begins = ends || (begins && blank);
		any |= !comment && !blank;
		if (ends || comment)
			text[i] = ' ';
	}
	return (any);
}

static char *
file_text(const char *path)
{
	FILE *f = fopen(path, "r");
	struct buf b = { 0 };
	size_t n;

	if (f == NULL)
		fatal("%s", path);
	do {
		n = fread(buf_room(&b, 4096), 1, 4096, f);
		b.len += n;
	} while (n > 0 && b.len < FILTER_FILE_MAX);
	if (ferror(f))
		fatal("%s", path);
	if (b.len >= FILTER_FILE_MAX || (b.len > 0 && memchr(b.p, '\0', b.len) != NULL))
		fatalx("%s: this is no filter", path);
	(void)fclose(f);
	memset(b.p, ' ', plain_mark(b.p, b.len));
	if (!join_lines(b.p, b.len))
		log_info("%s has no filter: all records are taken", path);
	(void)buf_cstr(&b);
	return ((char *)b.p);
}

/* The whole line, with the word that does it. */
static noreturn void
other_filter(struct run *r, const char *text, size_t from, size_t length, const struct filter_error *e)
{
	struct buf b = { 0 }, filter = { 0 };
	const struct option_row *row;
	const char *arg;

	buf_printf(&filter, "%.*s%s%s", (int)from, text, e->instead, text + from + length);
	buf_printf(&b, "%s %s", log_name(), run_inputs(r));
	for (size_t i = 0; run_given(r, i, &row, &arg); i++) {
		buf_printf(&b, " --%s", row->name);
		if (arg != NULL) {
			buf_u8(&b, ' ');
			drill_quote(arg, &b);
		}
	}
	buf_str(&b, " - ");
	drill_quote(buf_cstr(&filter), &b);
	log_warnx("filter: %s: `%s`", e->text, buf_cstr(&b));
	log_exit(EXIT_ERROR);
}

/* The text with a caret under the place. */
static noreturn void
filter_mistake(struct run *r, const char *what, const char *text, const struct filter_error *e)
{
	size_t n = strlen(text), from = e->column < n ? e->column : n, length = e->length < n - from ? e->length : n - from;
	struct buf b = { 0 };
	unsigned before, under;

	if (*e->instead != '\0' && text == r->filter_text)
		other_filter(r, text, from, length, e);
	buf_plain(&b, text, from);
	before = plain_places(b.p, b.len);
	b.len = 0;
	buf_plain(&b, text + from, length);
	under = plain_places(b.p, b.len);
	b.len = 0;
	buf_plain(&b, text, n);
	log_warnx("%s: %s", what, e->text);
	(void)fprintf(stderr, "  %s\n  %*s", buf_cstr(&b), (int)before, "");
	for (unsigned i = 0; i < (under > 0 ? under : 1); i++)
		(void)fputc('^', stderr);
	(void)fputc('\n', stderr);
	log_exit(EXIT_ERROR);
}

struct filter *
filter_of(struct run *r, const char *what, const char *text)
{
	struct filter_error e = { .length = 1 };
	struct filter *f;

	if (text == NULL || strspn(text, " \t") == strlen(text))
		return (NULL);
	f = filter_new(text, r->now, r->period.zone, &e);
	if (f == NULL)
		filter_mistake(r, what, text, &e);
	if (filter_empty_list(f) != NULL && !r->quiet)
		log_warnx("%s: the list %s has no addresses: nothing is in it", what, filter_empty_list(f));
	if (filter_read_as(f) != NULL && !r->quiet)
		log_info("%s: read as: %s", what, filter_read_as(f));
	return (f);
}

struct filter *
run_filter(struct run *r, const char *what, const char *text)
{
	return (filter_of(r, what, text));
}

/* What the filter selects, and MAR records. */
static void
with_mar(struct run *r)
{
	struct filter_error e = { .length = 1 };
	struct buf both = { 0 };
	struct filter *f;

	buf_printf(&both, "(%s) or mar", r->filter_text);
	f = filter_new(buf_cstr(&both), r->now, r->period.zone, &e);
	buf_free(&both);
	if (f == NULL) /* deeper than filters may be: as it was written */
		return;
	filter_free(&r->filter);
	r->filter = f;
}

void
filters_set(struct run *r)
{
	if (r->filter_file != NULL) {
		if (r->filter_text != NULL)
			run_usage("a filter and --filter-file: one of them");
		r->filter_text = file_text(r->filter_file);
	}
	r->filter = filter_of(r, "filter", r->filter_text);
	if (r->filter != NULL && r->tool->mar_always)
		with_mar(r);
	r->having = filter_of(r, "--having", r->having_text);
	if (r->filter != NULL && filter_wants_mar(r->filter))
		r->mar = true;
	r->mar |= r->tool->mar;
	if (r->rejects_path != NULL && r->filter == NULL)
		run_usage("-E needs a filter");
}
