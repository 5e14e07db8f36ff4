/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rasplit: writes records into files whose names depend on them.  See rasplit(1).
 *
 * Each record has a name, made from the time of its bin and its fields; records of one name go into one
 * file.  Only so many files are open at a time: of the one that was used longest ago the segment ends, and it gets
 * another one if its name comes again.
 */
#include "format/base/map.h"
#include "format/base/mem.h"
#include "ra-tools/run/run.h"
#include "ra-tools/query/sink.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define OPEN_MAX_  128
#define FIELDS_MAX 16
#define NAME_LEN   4096
#define NO_FILE	   UINT32_MAX

enum { O_RECORDS = O_OWN, O_SIZE };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/rasplit.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose = "Writes flow records into files named by their time and fields.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.writes = true,
};

struct file {
	char *name; /* with $n where the number goes */
	uint64_t number, records, used;
	struct sink *sink; /* this number's file; NULL: not begun */
	bool open;	   /* it has a descriptor */
};

struct split {
	struct run *run;
	const char *template; /* what -w says */
	enum field field[FIELDS_MAX];
	unsigned nfields;
	bool numbered;
	struct file *file;
	uint32_t files, cap, open;
	struct map names; /* to their numbers */
	uint64_t clock;

	/* of a batch */
	uint32_t of[BATCH_ROWS];
	uint64_t sel[BITS_WORDS(BATCH_ROWS)];
	struct buf name;
};

static int64_t width;
static uint64_t records_max, bytes_max;

static uint64_t
amount(const char *name, const char *arg)
{
	union value v;
	const char *why;

	if (!value_parse(TYPE_COUNT, arg, strlen(arg), 0, CLOCK_UTC, &v, &why) || v.u == 0)
		run_usage("%s %s: expected a number above 0, such as 1000, 10k or 100M", name, arg);
	return (v.u);
}

static bool
option(int c, const char *arg)
{
	switch (c) {
	case 'M':
		if (strcmp(arg, "time") == 0 || strcmp(arg, "count") == 0 ||
		    strcmp(arg, "size") == 0)
			run_usage("-M %s: say -M 1h, --records 10000 or --size 100M", arg);
		if (!clock_parse_dur(arg, strlen(arg), &width) || width < SEC || width % SEC != 0)
			run_usage("-M %s: expected whole seconds, such as 5m, 1h or 1d", arg);
		return (true);
	case O_RECORDS:
		records_max = amount("--records", arg);
		return (true);
	case O_SIZE:
		bytes_max = amount("--size", arg);
		return (true);
	default:
		return (false);
	}
}

/* --- names ------------------------------------------------------------------------------------- */

/* The field that `$field` or `${field}` names, and where the text goes on; F_NONE: it is $n. */
static enum field
field_at(const char *p, const char **end)
{
	bool braces = p[1] == '{';
	const char *word = p + 1 + braces;
	size_t n = 0;
	enum field f;

	while (isalnum((unsigned char)word[n]) || (braces && word[n] == '_'))
		n++;
	*end = word + n + braces;
	if (braces && word[n] != '}')
		run_usage("-w %s: a brace is not closed", p);
	if (n == 1 && *word == 'n')
		return (F_NONE);
	f = field_named(word, n);
	if (f == F_NONE)
		run_usage("-w $%.*s: no such field; the nearest is %s", (int)n, word,
			  field_nearest(word, n));
	return (f);
}

static void
take_template(struct split *s)
{
	for (const char *p = s->template; *p != '\0';) {
		enum field f;

		if (*p != '$') {
			p++;
			continue;
		}
		f = field_at(p, &p);
		if (f == F_NONE) {
			s->numbered = true;
			continue;
		}
		if (s->nfields == FIELDS_MAX)
			run_usage("-w: more than %d fields in a name", FIELDS_MAX);
		s->field[s->nfields++] = f;
		run_want(s->run, f);
	}
	if ((records_max > 0 || bytes_max > 0) != s->numbered)
		run_usage(s->numbered
			      ? "$n in a name needs --records or --size"
			      : "--records and --size need $n in the name: -w 'part-$n.pavo'");
	if (strcmp(s->template, "-") == 0)
		run_usage("-w -: expected a name, such as '%%Y%%m%%d-%%H.pavo'");
	for (unsigned i = 0; run_input(s->run, i) != NULL; i++)
		if (strcmp(s->template, run_input(s->run, i)) == 0)
			run_usage("%s is read: it can not be written too", s->template);
}

/* When the period of the row began, as its calendar shows it. */
static void
time_of(const struct split *s, const struct batch *b, uint32_t r, struct tm *tm)
{
	const struct column *c = b->col[F_bstart];
	int64_t t = column_has(c, r) ? clock_bin(c->i[r], SEC) / SEC : 0, step = width / SEC;
	time_t secs = (time_t)t;

	if (run_zone(s->run) == CLOCK_LOCAL) {
		struct tm local;

		if (localtime_r(&secs, &local) != NULL)
			t += local.tm_gmtoff;
	}
	if (step > 0)
		t -= ((t % step) + step) % step;
	secs = (time_t)t;
	if (gmtime_r(&secs, tm) == NULL)
		memset(tm, 0, sizeof(*tm));
}

/* A value as a part of a name: nothing in it leads into another folder. */
static void
put_value(struct split *s, struct batch *b, enum field f, uint32_t r)
{
	const struct column *c = batch_derive(b, f);
	size_t from = s->name.len;
	union value v;

	if (!column_has(c, r)) {
		buf_str(&s->name, column_mixed(c, r) ? "mixed" : "none");
		return;
	}
	v = column_value(c, r);
	value_print(&s->name, (enum type)fields[f].type, &v, &run_sheet(s->run)->text, -1);
	for (size_t i = from; i < s->name.len; i++)
		if (s->name.p[i] == '/' || s->name.p[i] < 0x21 || s->name.p[i] == 0x7f ||
		    s->name.p[i] == '$' || (i == from && s->name.p[i] == '.'))
			s->name.p[i] = '_';
	if (s->name.len == from)
		buf_str(&s->name, "none");
}

static void
make_name(struct split *s, struct batch *b, uint32_t r)
{
	struct tm tm;
	bool known = false;

	s->name.len = 0;
	for (const char *p = s->template; *p != '\0';) {
		if (*p == '$') {
			enum field f = field_at(p, &p);

			if (f == F_NONE)
				buf_str(&s->name, "$n");
			else
				put_value(s, b, f, r);
		} else if (*p == '%' && p[1] != '\0') {
			char one[3] = { '%', p[1], '\0' }, text[256];

			if (!known)
				time_of(s, b, r, &tm);
			known = true;
			if (strftime(text, sizeof(text), one, &tm) > 0)
				buf_str(&s->name, text);
			p += 2;
		} else {
			buf_u8(&s->name, (uint8_t)*p++);
		}
	}
	(void)buf_cstr(&s->name);
}

/* --- files ------------------------------------------------------------------------------------- */

/* The file of the name that was made last. */
static uint32_t
file_of_name(struct split *s)
{
	uint32_t n;

	if (!map_put(&s->names, s->name.p, s->name.len, &n))
		return (n);
	if (n == s->cap)
		s->file = mem_grow(s->file, s->cap = s->cap == 0 ? 64 : s->cap * 2, sizeof(s->file[0]));
	s->file[n] = (struct file){ .name = mem_str(buf_cstr(&s->name)) };
	s->files++;
	return (n);
}

static void
close_file(struct split *s, struct file *f)
{
	run_close(s->run, &f->sink, s->nfields > 0);
	s->open -= f->open;
	f->open = false;
}

static void
close_oldest(struct split *s)
{
	struct file *oldest = NULL;

	for (uint32_t i = 0; i < s->files; i++)
		if (s->file[i].open && (oldest == NULL || s->file[i].used < oldest->used))
			oldest = &s->file[i];
	if (oldest == NULL)
		return;
	if (!sink_pause(oldest->sink, run_header(s->run, s->nfields > 0)))
		run_fail("%s", sink_error(oldest->sink));
	oldest->open = false;
	s->open--;
}

/* The folders of a name are made. */
static void
make_folders(const char *path)
{
	char folder[NAME_LEN];

	for (const char *p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(p - path), path);
		if (mkdir(folder, 0777) != 0 && errno != EEXIST)
			run_fail("%s: %s", folder, strerror(errno));
	}
}

static void
open_file(struct split *s, struct file *f)
{
	char path[NAME_LEN];
	size_t n = 0;

	if (f->open)
		return;
	if (s->open == OPEN_MAX_)
		close_oldest(s);
	f->open = true;
	s->open++;
	if (f->sink != NULL)
		return;
	for (const char *p = f->name; *p != '\0' && n + 24 < sizeof(path);)
		if (p[0] == '$' && p[1] == 'n') {
			n += (size_t)snprintf(path + n, sizeof(path) - n, "%06llu",
					      (unsigned long long)f->number);
			p += 2;
		} else {
			path[n++] = *p++;
		}
	path[n] = '\0';
	run_check_output(s->run, path);
	make_folders(path);
	f->sink = sink_new(path);
}

static void
next_number(struct split *s, struct file *f)
{
	close_file(s, f);
	f->number++;
	f->records = 0;
}

/* The rows in s->sel, `n` of them, go into this file; with --records, cut where one is full. */
static void
put_rows(struct split *s, struct file *f, struct batch *b, uint64_t n)
{
	uint64_t whole[BITS_WORDS(BATCH_ROWS)];
	size_t words = BITS_WORDS(b->rows), at = 0;

	memcpy(whole, s->sel, words * 8);
	while (n > 0) {
		uint64_t take = n;

		if (records_max > 0 && take > records_max - f->records) {
			take = records_max - f->records;
			memset(s->sel, 0, words * 8);
			for (uint64_t k = 0; k < take; k++, at++) {
				at = bits_next(whole, at, b->rows);
				bit_set(s->sel, at);
				bit_clear(whole, at);
			}
		} else {
			memcpy(s->sel, whole, words * 8);
		}
		open_file(s, f);
		f->used = ++s->clock;
		f->records += take;
		n -= take;
		b->sel = s->sel;
		if (!sink_put(f->sink, run_header(s->run, s->nfields > 0), b))
			run_fail("%s", sink_error(f->sink));
		if ((records_max > 0 && f->records == records_max) ||
		    (bytes_max > 0 && sink_bytes(f->sink) >= bytes_max))
			next_number(s, f);
	}
}

/* Is the name of this row that of the one before?  Most often its bin and its fields are the same. */
static bool
same_name(const struct split *s, const struct batch *b, uint32_t last, uint32_t r)
{
	const struct column *t = b->col[F_bstart];

	if (column_has(t, last) != column_has(t, r) || (column_has(t, r) && t->i[last] != t->i[r]))
		return (false);
	for (unsigned i = 0; i < s->nfields; i++) {
		const struct column *c = b->col[s->field[i]];
		union value x, y;

		if (column_has(c, last) != column_has(c, r) ||
		    column_mixed(c, last) != column_mixed(c, r))
			return (false);
		if (!column_has(c, r))
			continue;
		x = column_value(c, last);
		y = column_value(c, r);
		if (!value_equal(c->store, &x, &y))
			return (false);
	}
	return (true);
}

static void
split(struct split *s, struct batch *b)
{
	uint64_t *selected = b->sel;
	uint32_t last = NO_FILE;
	uint64_t rows = bits_count(selected, b->rows), done = 0;

	for (size_t i = bits_next(selected, 0, b->rows); i < b->rows;
	     i = bits_next(selected, i + 1, b->rows)) {
		uint32_t r = (uint32_t)i;

		if (last != NO_FILE && same_name(s, b, last, r)) {
			s->of[r] = s->of[last];
		} else {
			make_name(s, b, r);
			s->of[r] = file_of_name(s);
		}
		last = r;
	}
	/* the files in the order in which they first appear */
	for (size_t i = bits_next(selected, 0, b->rows); done < rows;
	     i = bits_next(selected, i + 1, b->rows)) {
		uint32_t file = s->of[i];
		uint64_t n = 0;

		memset(s->sel, 0, BITS_WORDS(b->rows) * 8);
		for (size_t k = i; k < b->rows; k = bits_next(selected, k + 1, b->rows))
			if (s->of[k] == file) {
				bit_set(s->sel, k);
				bit_clear(selected, k);
				n++;
			}
		put_rows(s, &s->file[file], b, n);
		done += n;
	}
	run_counted(s->run, rows);
}

int
main(int argc, char **argv)
{
	static struct split s;
	struct batch *b;

	s.run = run_start(argc, argv, &tool, option);
	s.template = run_output(s.run);
	if (s.template == NULL)
		run_usage("expected -w NAME, such as -w '%%Y/%%m/%%d/%%H.pavo' or -w "
			  "'$probe-%%Y%%m%%d.pavo'");
	take_template(&s);
	while ((b = run_next(s.run)) != NULL)
		split(&s, b);
	for (uint32_t i = 0; i < s.files; i++) {
		close_file(&s, &s.file[i]);
		free(s.file[i].name);
	}
	free(s.file);
	map_free(&s.names);
	buf_free(&s.name);
	return (run_end(&s.run));
}
