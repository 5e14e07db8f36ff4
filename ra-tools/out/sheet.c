/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sheet.c: what all formats share: the value of a cell, the buffer, and its way to standard output.
 */
#include "ra-tools/out/out.h"

#include "format/base/mem.h"
#include "format/hist.h"
#include "ra-tools/out/fit.h"
#include "ra-tools/out/fold.h"
#include "ra-tools/out/names.h"
#include "ra-tools/out/short.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WORTH_A_WRITE (64u << 10)

/* Where the length of an address's prefix is; -1: it is a whole address. */
static int
prefix_of(const struct batch *b, enum field f, uint32_t r)
{
	const struct column *mask = NULL;

	if (f == F_saddr)
		mask = b->col[F_smask];
	else if (f == F_daddr)
		mask = b->col[F_dmask];
	return (column_has(mask, r) ? (int)mask->u[r] : -1);
}

enum type
sheet_type(const struct sheet *s, unsigned i)
{
	const struct sheet_column *c = &s->want[i];

	return (c->made != NULL ? c->type : (enum type)fields[c->field].type);
}

const struct column *
sheet_column_of(const struct sheet *s, const struct batch *b, unsigned i)
{
	return (s->want[i].made != NULL ? s->want[i].made : b->col[s->want[i].field]);
}

/* For loaders a bucket is what it stands for: 96-111:1,112-127:2. */
static void
print_ranges(struct buf *to, struct blob hist, enum hist_scale scale)
{
	uint64_t count[HIST_BUCKETS];
	size_t start = to->len;

	hist_unpack(hist, count);
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		if (count[i] == 0)
			continue;
		if (to->len != start)
			buf_u8(to, ',');
		buf_dec(to, hist_least(scale, i));
		buf_u8(to, '-');
		buf_dec(to, hist_bound(scale, i));
		buf_u8(to, ':');
		buf_dec(to, count[i]);
	}
}

static bool
put_short(enum type type, const union value *v, struct buf *to)
{
	if (type != TYPE_COUNT && type != TYPE_BYTES && type != TYPE_INT && type != TYPE_BPS)
		return (false);
	short_number(types[type].store == STORE_REAL ? v->r : types[type].store == STORE_I64 ? (double)v->i : (double)v->u, "", to);
	return (true);
}

enum cell_state
sheet_cell(struct sheet *s, const struct batch *b, unsigned i, uint32_t r, struct buf *to)
{
	enum field f = s->want[i].field;
	const struct column *c = sheet_column_of(s, b, i);
	enum type type = sheet_type(s, i);
	union value v;
	int prefix;

	if (column_mixed(c, r))
		return (CELL_MIXED);
	if (!column_has(c, r))
		return (CELL_ABSENT);
	v = column_value(c, r);
	prefix = type == TYPE_IP ? prefix_of(b, f, r) : -1;
	if (s->human && put_short(type, &v, to))
		return (CELL_HERE);
	if (s->names && prefix < 0 && names_print(to, type, &v, b, r))
		return (CELL_HERE);
	if (s->text.load && type_json(type) == JSON_BUCKETS)
		print_ranges(to, v.b, fields[f].scale);
	else
		value_print(to, type, &v, &s->text, prefix);
	return (CELL_HERE);
}

bool
type_is_right(enum type t)
{
	return (t != TYPE_PORT && type_is_number(t)); /* ports stand beside addresses */
}

static int
way_out(const struct sheet *s)
{
	return (s->far > 0 ? s->far : STDOUT_FILENO);
}

/* How much of n bytes may be written now; 0: too long nobody read what there is. */
static size_t
may_write(const struct sheet *s, size_t n)
{
	struct pollfd p = { .fd = way_out(s), .events = POLLOUT };
	int ms = s->patience == NULL ? -1 : s->patience(s->patience_arg);

	if (ms < 0)
		return (n);
	if (poll(&p, 1, ms) == 0)
		return (0);
	return (n < PIPE_BUF ? n : PIPE_BUF); /* so much can be written without waiting */
}

static void
fold(struct sheet *s)
{
	struct buf to = { 0 };

	fold_lines(s->out.p, s->out.len, s->room, &to);
	buf_free(&s->out);
	s->out = to;
}

void
sheet_flush(struct sheet *s)
{
	size_t done = 0;

	if (s->folds && s->room > 0)
		fold(s);
	while (done < s->out.len && s->error == 0) {
		size_t most = may_write(s, s->out.len - done);
		ssize_t n = most > 0 ? write(way_out(s), s->out.p + done, most) : -1;

		if (most == 0) {
			s->error = ECANCELED;
			break;
		}

		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN) {
			struct pollfd p = { .fd = way_out(s), .events = POLLOUT };

			(void)poll(&p, 1, -1);
		} else if (errno != EINTR) {
			s->error = errno;
		}
	}
	s->out.len = 0;
}

void
sheet_ready(struct sheet *s)
{
	if (s->out.len >= WORTH_A_WRITE && !(s->folds && s->out.p[s->out.len - 1] != '\n'))
		sheet_flush(s);
}

void
sheet_printf(struct sheet *s, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		buf_add(&s->out, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	sheet_ready(s);
}

void
sheet_free(struct sheet *s)
{
	buf_free(&s->out);
	buf_free(&s->cell);
	buf_free(&s->held);
	fit_free(&s->fit);
	free(s->ends);
	free(s->width);
	free(s->cells);
	s->cells = NULL;
	s->ends = NULL;
	s->width = NULL;
}
