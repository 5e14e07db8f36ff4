/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fit.c: rows of text that fit a terminal.  Tested by tests/fit.tap.
 *
 * All of it is done to text: cells that wait for their widths are made shorter where they lie.
 */
#include "ra-tools/out/fit.h"

#include "format/base/mem.h"
#include "format/base/plain.h"
#include "ra-tools/out/short.h"
#include "ra-tools/query/labels.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DATE	      11 /* "2026-11-20 " */
#define ADDRESS_LEAST 12 /* places that a cut address keeps */
#define NOBODY	      UINT_MAX

/* The order in which columns are left out: what says nothing, words, numbers, who it was more closely; then times, addresses,
 * and last what people look for. */
enum class { EMPTY, WORDS, NUMBERS, CLOSER, TIMES, ADDRESSES, SOUGHT, CLASSES };

struct fit {
	bool as_it_is, short_time, short_count;
	bool report; /* it has no rows of records */
	char date[DATE + 1]; /* of the rows so far */
	struct sheet_column *want; /* what is left */
	unsigned *cut;	     /* of these: the places that an address may take; 0: all */
	unsigned slack;	     /* places of a line that nobody uses */
	bool *gone;	     /* of the columns that there were */
	struct buf names;    /* of those that were left out */
	unsigned left_out, room;
	size_t *dated; /* rows held before which a date stands, ascending */
	size_t ndated;
	char (*dates)[DATE + 1];
};

const char *
fit_label(struct sheet *s, unsigned i)
{
	const char *name = s->want[i].label != NULL ? s->want[i].label : fields[s->want[i].field].label;

	if (s->offset[0] == '\0' || sheet_type(s, i) != TYPE_TIME)
		return (name);
	s->cell.len = 0;
	buf_str(&s->cell, name);
	buf_str(&s->cell, " ");
	buf_str(&s->cell, s->offset);
	return (buf_cstr(&s->cell));
}

/* --- one cell ------------------------------------------------------------------------------------- */

static bool
is_count(enum type t)
{
	return (t == TYPE_COUNT || t == TYPE_BYTES || t == TYPE_INT || t == TYPE_BPS);
}

static bool
has_date(const uint8_t *p, size_t n)
{
	return (n > DATE && isdigit(p[0]) && p[4] == '-' && p[7] == '-' && p[10] == ' ');
}

static void
put_short(const uint8_t *p, size_t n, struct buf *to)
{
	char text[32], *end;
	double x;

	if (n == 0 || n >= sizeof(text)) {
		buf_add(to, p, n);
		return;
	}
	memcpy(text, p, n);
	text[n] = '\0';
	x = strtod(text, &end);
	if (*end != '\0')
		buf_add(to, p, n);
	else
		short_number(x, "", to);
}

/* The cell of a column of this type as it is shown. */
static void
show(const struct fit *f, enum type type, unsigned most, const uint8_t *p, size_t n, struct buf *to)
{
	if (type == TYPE_TIME && f->short_time && has_date(p, n) && memcmp(p, f->date, DATE) == 0)
		buf_add(to, p + DATE, n - DATE);
	else if (is_count(type) && f->short_count)
		put_short(p, n, to);
	else if (type == TYPE_IP && most > 0)
		short_middle(p, n, most, to);
	else
		buf_add(to, p, n);
}

/* --- what to do, once ----------------------------------------------------------------------------- */

static size_t
rows_of(const struct sheet *s)
{
	return (s->n == 0 ? 0 : s->nends / s->n);
}

static const uint8_t *
cell_of(const struct sheet *s, size_t row, unsigned i, size_t *n)
{
	size_t k = row * s->n + i, at = k == 0 ? 0 : s->ends[k - 1];

	*n = s->ends[k] - at;
	return (s->held.p + at);
}

static unsigned
width_of(struct sheet *s, unsigned i)
{
	unsigned most = plain_places((const uint8_t *)fit_label(s, i), strlen(fit_label(s, i)));
	unsigned least = s->want[i].view != 0 ? s->want[i].width : 0; /* "rest", "total" come last */
	struct buf b = { 0 };

	for (size_t r = 0; r < rows_of(s); r++) {
		size_t n;
		const uint8_t *p = cell_of(s, r, i, &n);
		unsigned w;

		b.len = 0;
		show(s->fit, sheet_type(s, i), 0, p, n, &b);
		w = plain_places(b.p, b.len);
		most = w > most ? w : most;
	}
	buf_free(&b);
	return (most > least ? most : least);
}

static unsigned
total(const unsigned *width, const bool *gone, unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++)
		if (!gone[i])
			sum += width[i] + 1;
	return (sum > 0 ? sum - 1 : 0);
}

static void
measure(struct sheet *s, unsigned *width)
{
	for (unsigned i = 0; i < s->n; i++)
		width[i] = width_of(s, i);
}

/* All rows are of one day. */
static bool
find_date(struct sheet *s)
{
	struct fit *f = s->fit;

	for (size_t k = 0; k < s->nends; k++) {
		size_t n;
		const uint8_t *p = cell_of(s, k / s->n, (unsigned)(k % s->n), &n);

		if (sheet_type(s, (unsigned)(k % s->n)) != TYPE_TIME || !has_date(p, n))
			continue;
		if (f->date[0] == '\0')
			memcpy(f->date, p, DATE);
		else if (memcmp(f->date, p, DATE) != 0)
			return (false);
	}
	return (f->date[0] != '\0');
}

static bool
says_nothing(const struct sheet *s, unsigned i)
{
	for (size_t r = 0; r < rows_of(s); r++) {
		size_t n;
		const uint8_t *p = cell_of(s, r, i, &n);

		if (n != 1 || *p != '-')
			return (false);
	}
	return (true);
}

static bool
is_loss(enum field f)
{
	return (f == F_sloss || f == F_dloss || f == F_loss || f == F_sploss || f == F_dploss || f == F_ploss);
}

static enum class
class_of(const struct sheet *s, unsigned i)
{
	enum field f = s->want[i].field;
	enum type t = sheet_type(s, i);

	if (is_loss(f) || s->want[i].view != 0)
		return (SOUGHT);
	if (t == TYPE_IP)
		return (ADDRESSES);
	if (says_nothing(s, i))
		return (EMPTY);
	if (t == TYPE_TIME)
		return (TIMES);
	if (t == TYPE_PORT || t == TYPE_PROTO || t == TYPE_HEX32 || f == F_probe || field_is_label(f))
		return (CLOSER);
	return (type_is_right(t) ? NUMBERS : WORDS);
}

/* The other direction's column; it is left out together with this one. */
static unsigned
twin_of(const struct sheet *s, unsigned i)
{
	for (unsigned k = 0; k < s->n; k++)
		if (k != i && s->want[k].field == fields[s->want[i].field].twin && s->want[k].field != s->want[i].field &&
		    s->want[k].view == s->want[i].view)
			return (k);
	return (NOBODY);
}

/* Columns in the order in which they go; with each one the other direction, whose class may be another. */
static unsigned
put_in_order(const struct sheet *s, unsigned *order, unsigned *with)
{
	bool *put = mem_zero(s->n, sizeof(put[0]));
	unsigned n = 0;

	for (unsigned c = 0; c < CLASSES; c++)
		for (unsigned i = s->n; i-- > 0;) {
			unsigned twin = twin_of(s, i);
			bool held = twin != NOBODY && !put[twin] && class_of(s, twin) > (enum class)c;

			if (put[i] || class_of(s, i) > (enum class)c || held)
				continue;
			put[i] = true;
			order[n] = i;
			with[n++] = twin != NOBODY && !put[twin] ? twin : NOBODY;
			if (twin != NOBODY)
				put[twin] = true;
		}
	free(put);
	return (n);
}

static void
set_gone(bool *gone, unsigned i, unsigned with, bool is)
{
	gone[i] = is;
	if (with != NOBODY)
		gone[with] = is;
}

/* Long addresses get what the rest of the line leaves. */
static bool
cut_addresses(struct sheet *s, unsigned *width, const bool *gone)
{
	unsigned most = total(width, gone, s->n), others, count = 0, each, sum = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (!gone[i] && sheet_type(s, i) == TYPE_IP && width[i] > ADDRESS_LEAST) {
			count++;
			sum += width[i];
		}
	others = most - sum;
	if (count == 0 || others + count * ADDRESS_LEAST > s->room)
		return (false);
	each = (s->room - others) / count;
	for (unsigned i = 0; i < s->n; i++)
		if (!gone[i] && sheet_type(s, i) == TYPE_IP && width[i] > each)
			width[i] = s->fit->cut[i] = each;
	return (true);
}

static void
leave_out(struct sheet *s, unsigned *width)
{
	unsigned *order = mem_zero(2 * (size_t)s->n, sizeof(order[0])), *with = order + s->n, n = put_in_order(s, order, with), k;
	bool *gone = s->fit->gone;

	for (k = 0; k + 1 < n && total(width, gone, s->n) > s->room; k++) {
		if (class_of(s, order[k]) >= TIMES && cut_addresses(s, width, gone))
			break;
		set_gone(gone, order[k], with[k], true);
	}
	if (total(width, gone, s->n) > s->room)
		(void)cut_addresses(s, width, gone);
	while (k-- > 0) { /* a narrow one may find room where a wide one went after it */
		set_gone(gone, order[k], with[k], false);
		if (total(width, gone, s->n) > s->room)
			set_gone(gone, order[k], with[k], true);
	}
	free(order);
}

static void
decide(struct sheet *s)
{
	struct fit *f = s->fit = mem_zero(1, sizeof(*f));
	unsigned *width = mem_zero(s->n, sizeof(width[0]));

	f->gone = mem_zero(s->n, sizeof(f->gone[0]));
	f->cut = mem_zero(s->n, sizeof(f->cut[0]));
	f->want = mem_zero(s->n, sizeof(f->want[0]));
	f->room = s->room;
	measure(s, width);
	for (unsigned i = 0; i < s->n; i++) /* as into a pipe */
		width[i] = s->width[i] > width[i] ? s->width[i] : width[i];
	f->as_it_is = total(width, f->gone, s->n) <= s->room;
	if (!f->as_it_is) {
		f->short_time = find_date(s);
		measure(s, width);
		f->short_count = total(width, f->gone, s->n) > s->room;
		if (f->short_count)
			measure(s, width);
		if (total(width, f->gone, s->n) > s->room)
			leave_out(s, width);
		f->slack = s->room > total(width, f->gone, s->n) ? s->room - total(width, f->gone, s->n) : 0;
		memcpy(s->width, width, s->n * sizeof(width[0]));
	}
	free(width);
}

/* --- rows ----------------------------------------------------------------------------------------- */

static void
note_date(struct fit *f, size_t row, const uint8_t *date)
{
	memmove(f->date, date, DATE);
	f->dated = mem_grow(f->dated, f->ndated + 1, sizeof(f->dated[0]));
	f->dates = mem_grow(f->dates, f->ndated + 1, sizeof(f->dates[0]));
	f->dated[f->ndated] = row;
	memcpy(f->dates[f->ndated], date, DATE - 1);
	f->dates[f->ndated++][DATE - 1] = '\0';
}

/* A row is of the day of its first time. */
static void
meet_date(struct sheet *s, size_t row, bool first)
{
	for (unsigned i = 0; i < s->n; i++) {
		size_t n;
		const uint8_t *p = cell_of(s, row, i, &n);

		if (sheet_type(s, i) != TYPE_TIME || !has_date(p, n))
			continue;
		if (first || memcmp(p, s->fit->date, DATE) != 0)
			note_date(s->fit, row, p);
		return;
	}
	if (first)
		note_date(s->fit, row, (const uint8_t *)s->fit->date);
}

/* A later row may have a longer value than those that widths were made of. */
static void
show_late(struct sheet *s, unsigned i, const uint8_t *p, size_t n, struct buf *to)
{
	struct fit *f = s->fit;
	enum type type = sheet_type(s, i);
	unsigned most = f->cut[i];
	bool whole = plain_places(p, n) <= s->width[i] + f->slack;

	if (!whole && is_count(type))
		put_short(p, n, to);
	else
		show(f, type, most == 0 && !whole ? s->width[i] + f->slack : most, p, n, to);
}

static void
rewrite(struct sheet *s, bool first)
{
	struct fit *f = s->fit;
	struct buf to = { 0 };
	size_t rows = rows_of(s), k = 0;
	uint32_t *ends = mem_alloc((s->nends + 1) * sizeof(ends[0]));

	f->ndated = 0;
	for (size_t r = 0; r < rows; r++) {
		if (f->short_time)
			meet_date(s, r, first && r == 0);
		for (unsigned i = 0; i < s->n; i++) {
			size_t n;
			const uint8_t *p = cell_of(s, r, i, &n);

			if (first && f->gone[i])
				continue;
			show_late(s, i, p, n, &to);
			ends[k++] = (uint32_t)to.len;
		}
	}
	memcpy(s->ends, ends, k * sizeof(ends[0]));
	s->nends = k;
	buf_free(&s->held);
	s->held = to;
	free(ends);
}

/* From now on there are no others. */
static void
drop_columns(struct sheet *s)
{
	struct fit *f = s->fit;
	unsigned kept = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (f->gone[i]) {
			buf_printf(&f->names, "%s%s", f->left_out > 0 ? "," : "", s->want[i].name);
			f->left_out++;
		} else {
			f->want[kept] = s->want[i];
			f->cut[kept] = f->cut[i];
			s->width[kept++] = s->width[i];
		}
	s->capends = s->capends / s->n * kept;
	s->want = f->want;
	s->n = kept;
}

void
fit_rows(struct sheet *s)
{
	bool first = s->fit == NULL;

	if (s->room == 0 || s->nends == 0)
		return;
	if (first)
		decide(s);
	if (s->fit->as_it_is)
		return;
	rewrite(s, first);
	if (first)
		drop_columns(s);
}

const char *
fit_date(const struct sheet *s, size_t row)
{
	const struct fit *f = s->fit;

	for (size_t i = 0; f != NULL && i < f->ndated && f->dated[i] <= row; i++)
		if (f->dated[i] == row)
			return (f->dates[i]);
	return (NULL);
}

void
fit_left(struct sheet *s, const char *name)
{
	struct fit *f = s->fit = s->fit != NULL ? s->fit : mem_zero(1, sizeof(*f));
	size_t n = strlen(name);

	f->room = s->room;
	f->report = true;
	if (n == 0) /* a bar of what stands beside it */
		return;
	for (const char *p = buf_cstr(&f->names); (p = strstr(p, name)) != NULL; p += n) /* of an earlier table */
		if ((p[n] == '\0' || p[n] == ',') && (p == (const char *)f->names.p || p[-1] == ','))
			return;
	buf_printf(&f->names, "%s%s", f->left_out > 0 ? "," : "", name);
	f->left_out++;
}

bool
fit_sentence(const struct sheet *s, struct buf *to)
{
	const struct fit *f = s->fit;

	if (f == NULL || f->left_out == 0)
		return (false);
	buf_printf(to, "%u column%s left out: %.*s (a line has %u places; --wide shows all%s)", f->left_out,
	    f->left_out == 1 ? "" : "s", (int)f->names.len, (const char *)f->names.p, f->room, f->report ? "" : ", -s chooses");
	return (true);
}

void
fit_free(struct fit **pf)
{
	struct fit *f = *pf;

	if (f == NULL)
		return;
	free(f->want);
	free(f->cut);
	free(f->gone);
	free(f->dated);
	free(f->dates);
	buf_free(&f->names);
	free(f);
	*pf = NULL;
}
