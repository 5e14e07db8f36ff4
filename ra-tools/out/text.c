/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text.c: aligned columns for people, the same on a terminal (if they fit there: fit.h) and in a pipe.
 *
 * A column is as wide as the table says, or as its longest value so far.  The rows of a batch wait until
 * some hundred are there, so that what fits a screen is aligned from its first line on.
 */
#include "ra-tools/out/fit.h"
#include "ra-tools/out/fold.h"
#include "ra-tools/out/lines.h"

#include "format/base/mem.h"
#include "format/base/plain.h"

#include <limits.h>
#include <string.h>

#define HELD_ROWS 512

#define BOLD  "\033[1m"
#define LOSS  "\033[33m" /* yellow */
#define RESET "\033[31m" /* red */
#define GAP   "\033[35m" /* magenta */
#define PLAIN "\033[0m"

static void
pad(struct buf *b, unsigned n)
{
	memset(buf_put(b, n), ' ', n);
}

static void
put(struct sheet *s, unsigned i, const uint8_t *p, size_t n, const char *colour)
{
	unsigned w = plain_places(p, n), space = s->width[i] > w ? s->width[i] - w : 0;
	bool right = type_is_right(sheet_type(s, i));

	if (i > 0)
		buf_u8(&s->out, ' ');
	if (right)
		pad(&s->out, space);
	if (colour != NULL)
		buf_str(&s->out, colour);
	buf_add(&s->out, p, n);
	if (colour != NULL)
		buf_str(&s->out, PLAIN);
	if (!right && i + 1 < s->n)
		pad(&s->out, space);
}

static void
preface(struct sheet *s)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s%s%s\n", s->rates != NULL ? s->rates : "", s->rates != NULL && s->peaks != NULL ? ". " : "",
	    s->peaks != NULL ? s->peaks : "");
	fold_lines(b.p, b.len, s->room > 0 ? s->room : UINT_MAX, &s->out);
	buf_free(&b);
}

static void
heading(struct sheet *s)
{
	if ((s->rates != NULL || s->peaks != NULL) && !s->begun)
		preface(s);
	for (unsigned i = 0; i < s->n; i++)
		put(s, i, (const uint8_t *)fit_label(s, i), strlen(fit_label(s, i)),
		    s->colour ? BOLD : NULL);
	buf_u8(&s->out, '\n');
}

/* Loss, resets and gaps of the capture are what a reader looks for. */
static const char *
cell_colour(const struct sheet *s, unsigned i, const uint8_t *p, size_t n)
{
	if (!s->colour || (n == 1 && (*p == '0' || *p == '-' || *p == '*')))
		return (NULL);
	switch (s->want[i].field) {
	case F_sloss:
	case F_dloss:
	case F_loss:
	case F_sploss:
	case F_dploss:
	case F_ploss:
		return (LOSS);
	case F_state:
		return (n == 3 && memcmp(p, "RST", 3) == 0 ? RESET : NULL);
	case F_sgap:
	case F_dgap:
	case F_pcaploss:
	case F_pcapmiss:
	case F_recdrop:
		return (GAP);
	case F_flgs:
		return (memchr(p, 'g', n) != NULL ? GAP : NULL);
	default:
		return (NULL);
	}
}

static void
date(struct sheet *s, const char *text)
{
	buf_printf(&s->out, "%s%s%s\n", s->colour ? BOLD : "", text, s->colour ? PLAIN : "");
}

static void
widen(struct sheet *s)
{
	size_t at = 0;

	for (size_t k = 0; k < s->nends; k++) {
		unsigned i = (unsigned)(k % s->n), w = plain_places(s->held.p + at, s->ends[k] - at);

		if (w > s->width[i])
			s->width[i] = w;
		at = s->ends[k];
	}
}

static void
release(struct sheet *s)
{
	size_t at = 0;

	lines_release(s, heading);
	if (s->nends == 0)
		return;
	fit_rows(s);
	widen(s);
	for (size_t k = 0; k < s->nends; k++) {
		unsigned i = (unsigned)(k % s->n);
		const uint8_t *p = s->held.p + at;
		size_t n = s->ends[k] - at;
		const char *day = i == 0 && !s->bare ? fit_date(s, k / s->n) : NULL;

		if (day != NULL)
			date(s, day);
		if (i == 0 && !s->bare &&
		    (!s->begun || (s->repeat > 0 && s->lines > 0 && s->lines % s->repeat == 0)))
			heading(s);
		if (i == 0)
			s->begun = true;
		put(s, i, p, n, cell_colour(s, i, p, n));
		if (i + 1 == s->n) {
			buf_u8(&s->out, '\n');
			s->lines++;
		}
		at = s->ends[k];
	}
	s->held.len = 0;
	s->nends = 0;
	sheet_ready(s);
}

static void
head(struct sheet *s)
{
	s->width = mem_zero(s->n, sizeof(s->width[0]));
	for (unsigned i = 0; i < s->n; i++) {
		size_t w = strlen(fit_label(s, i));

		s->width[i] = s->want[i].width > w ? s->want[i].width : (unsigned)w;
	}
	s->capends = (size_t)HELD_ROWS * s->n;
	s->ends = mem_alloc(s->capends * sizeof(s->ends[0]));
}

static void
row(struct sheet *s, const struct batch *b, uint32_t r)
{
	for (unsigned i = 0; i < s->n; i++) {
		enum cell_state state = sheet_cell(s, b, i, r, &s->held);

		if (state != CELL_HERE)
			buf_u8(&s->held, state == CELL_MIXED ? '*' : '-');
		s->ends[s->nends++] = (uint32_t)s->held.len;
	}
	if (s->nends == s->capends)
		release(s);
}

static void
rows(struct sheet *s, const struct batch *b, const uint32_t *at, uint32_t n)
{
	if (s->room == 0 && !s->colour && !s->human)
		lines_add(s, b, at, n, heading);
	else
		for (uint32_t i = 0; i < n; i++)
			row(s, b, at[i]);
}

static void
tail(struct sheet *s)
{
	release(s);
	sheet_flush(s);
}

const struct out out_text = {
	.name = "text", .head = head, .row = row, .rows = rows, .pause = release, .tail = tail
};
