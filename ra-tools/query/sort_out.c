/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sort_out.c: rows in the order of their items, column by column, fetched ahead.
 */
#include "ra-tools/query/sort_room.h"

#include "format/base/mem.h"

#include <string.h>

#define AHEAD 16 /* items: their rows lie anywhere, so ask for them early */

/* The column of f in each batch, some of which have none or have ended; false: in no batch. */
static bool
columns_of(struct sort *s, enum field f)
{
	bool any = false;

	for (uint32_t i = 0; i < s->n; i++) {
		s->column[i] = s->batch[i] == NULL || s->batch[i]->col[f] == NULL ? &s->nothing : s->batch[i]->col[f];
		any |= s->column[i] != &s->nothing;
	}
	return (any);
}

static bool
full(const struct column *c, uint32_t rows)
{
	return (bits_count(c->present, rows) == rows);
}

static bool
all_are(const uint64_t *v, uint32_t n, uint64_t value)
{
	uint64_t other = 0;

	for (uint32_t i = 0; i < n && other == 0;)
		for (uint32_t end = n - i < 1024 ? n : i + 1024; i < end; i++)
			other |= v[i] ^ value;
	return (other == 0);
}

static enum shape
shape_of(struct sort *s, enum field f)
{
	bool number = fields[f].store != STORE_IP && fields[f].store != STORE_BLOB;
	bool whole = true, same = true, zero = true;

	if (!columns_of(s, f))
		return (SHAPE_NONE);
	for (uint32_t i = 0; i < s->n; i++) {
		const struct column *c = s->column[i];

		if (!number || c->mixed != NULL)
			return (SHAPE_ANY);
		whole = whole && full(c, s->batch[i]->rows);
		same = same && all_are(c->u, s->batch[i]->rows, s->column[0]->u[0]);
		zero = zero && all_are(c->u, s->batch[i]->rows, 0);
	}
	if (whole)
		return (same ? SHAPE_SAME : SHAPE_FULL);
	return (zero ? SHAPE_ZERO : SHAPE_SOME);
}

static bool
partial(const struct sort *s, enum field f)
{
	return (s->shape[f] == SHAPE_SOME || s->shape[f] == SHAPE_ZERO);
}

static const uint64_t *
present_of(const struct sort *s, uint32_t i, enum field f)
{
	return (s->batch[i]->col[f] == NULL ? s->nothing.present : s->batch[i]->col[f]->present);
}

static enum field
same_rows(const struct sort *s, enum field f)
{
	for (enum field like = 0; like < f; like++) {
		uint32_t i = 0;

		if (!partial(s, like) || s->like[like] != like)
			continue;
		while (i < s->n && memcmp(present_of(s, i, like), present_of(s, i, f),
					  BITS_WORDS(s->batch[i]->rows) * 8) == 0)
			i++;
		if (i == s->n)
			return (like);
	}
	return (f);
}

/* Rows that are absent are zero, so the values need no look at which are there. */
static void
copy_presence(struct sort *s, enum field f, struct column *out, const struct item *item, uint32_t n)
{
	if (s->like[f] != f) {
		memcpy(out->present, s->out->col[s->like[f]]->present, BITS_WORDS(n) * 8);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		out->present[i / 64] |= (uint64_t)bit_get(s->column[item[i].batch]->present, item[i].row) << i % 64;
}

static void
copy_all(struct sort *s, struct column *out, const struct item *item, uint32_t n)
{
	uint32_t ahead = n < AHEAD ? 0 : n - AHEAD, i = 0;

	for (; i < ahead; i++) {
		__builtin_prefetch(&s->column[item[i + AHEAD].batch]->u[item[i + AHEAD].row]);
		out->u[i] = s->column[item[i].batch]->u[item[i].row];
	}
	for (; i < n; i++)
		out->u[i] = s->column[item[i].batch]->u[item[i].row];
}

static void
copy_same(struct sort *s, struct column *out, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		out->u[i] = s->column[0]->u[0];
	bits_fill(out->present, n);
}

static void
copy_state(struct sort *s, struct column *out, const struct column *c, uint32_t i, uint32_t row)
{
	if (bit_get(c->present, row))
		bit_set(out->present, i);
	else if (column_mixed(c, row))
		column_set_mixed(s->out, out, i);
}

static void
copy_numbers(struct sort *s, struct column *out, const struct item *item, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct column *c = s->column[item[i].batch];

		if (i + AHEAD < n)
			__builtin_prefetch(
			    &s->column[item[i + AHEAD].batch]->u[item[i + AHEAD].row]);
		out->u[i] = c->u[item[i].row];
		copy_state(s, out, c, i, item[i].row);
	}
}

/* Addresses and blobs: 16 bytes each. */
static void
copy_wide(struct sort *s, struct column *out, const struct item *item, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct column *c = s->column[item[i].batch];

		if (i + AHEAD < n)
			__builtin_prefetch(
			    &s->column[item[i + AHEAD].batch]->ip[item[i + AHEAD].row]);
		if (c->store == STORE_IP)
			out->ip[i] = c->ip[item[i].row];
		else
			out->b[i] = c->b[item[i].row];
		copy_state(s, out, c, i, item[i].row);
	}
}

static void
copy_field(struct sort *s, enum field f, const struct item *item, uint32_t n)
{
	bool wide = fields[f].store == STORE_IP || fields[f].store == STORE_BLOB;
	struct column *out = batch_column(s->out, f);

	(void)columns_of(s, f);
	switch (s->shape[f]) {
	case SHAPE_SAME:
		copy_same(s, out, n);
		break;
	case SHAPE_FULL:
		copy_all(s, out, item, n);
		bits_fill(out->present, n);
		break;
	case SHAPE_SOME:
		copy_all(s, out, item, n);
		copy_presence(s, f, out, item, n);
		break;
	case SHAPE_ZERO:
		copy_presence(s, f, out, item, n);
		break;
	default:
		(wide ? copy_wide : copy_numbers)(s, out, item, n);
		break;
	}
}

static void
find_shapes(struct sort *s)
{
	s->column = mem_zero(s->n + 1, sizeof(s->column[0]));
	for (enum field f = 0; f < F_STORED; f++) {
		s->shape[f] = shape_of(s, f);
		s->like[f] = partial(s, f) ? same_rows(s, f) : f;
	}
}

/* Columns of which every value is written anew need no zeros before. */
static void
leave_values(struct sort *s)
{
	for (enum field f = 0; f < F_STORED; f++) {
		enum shape shape = s->shape[f];

		if (s->out->col[f] == NULL || (shape != SHAPE_FULL && shape != SHAPE_SAME && shape != SHAPE_SOME))
			continue;
		memset(s->out->col[f]->present, 0, BITS_WORDS(s->out->cap) * 8);
		s->out->kept[f].lent = false;
	}
}

void
copy_rows(struct sort *s, const struct item *item, uint32_t n)
{
	leave_values(s);
	batch_reset(s->out);
	s->out->rows = n;
	for (enum field f = 0; f < F_STORED; f++)
		if (s->shape[f] != SHAPE_NONE)
			copy_field(s, f, item, n);
}

struct batch *
next_in_memory(struct sort *s)
{
	uint32_t n;

	if (!s->ordered) {
		put_in_order(s);
		find_shapes(s);
		s->ordered = true;
	}
	n = s->items - s->at < s->out->cap ? (uint32_t)(s->items - s->at) : s->out->cap;
	if (n == 0)
		return (NULL);
	copy_rows(s, s->item + s->at, n);
	s->at += n;
	return (s->out);
}
