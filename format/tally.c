/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tally.c: what is missing of a segment, and what is too much.  Tests: test_hostile.c.
 *
 * Checksums say that a block is whole, not that all blocks are there: a file from which some were cut, or into which they
 * were copied twice, has no bad byte.  In what order they stand does not matter to anybody.
 */
#include "format/tally.h"

#include "format/base/clock.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define ULL(v) ((unsigned long long)(v))

void
tally_free(struct tally *t)
{
	free(t->found);
	free(t->number);
	arena_free(&t->arena);
	*t = (struct tally){ 0 };
}

void
tally_begin(struct tally *t, uint64_t offset)
{
	t->begin = offset;
	t->records = 0;
	t->n = t->nsaid = 0;
	t->said = NULL;
	t->indexed = false;
	arena_reset(&t->arena);
}

void
tally_block(struct tally *t, const struct tally_block *b)
{
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 64 : 2 * t->cap;
		t->found = mem_grow(t->found, t->cap, sizeof(t->found[0]));
	}
	t->found[t->n++] = *b;
	t->records += b->rows;
}

void
tally_index(struct tally *t, const uint8_t *payload, size_t size)
{
	/* where blocks are missing, its entries lie beyond it */
	t->indexed = !t->indexed && meta_get_index(payload, size, UINT64_MAX, &t->arena, &t->said, &t->nsaid);
}

/* --- two lists of blocks, one against the other */

static int
cmp(uint64_t a, uint64_t b)
{
	return (a < b ? -1 : a > b);
}

static int
by_bytes(const void *x, const void *y)
{
	const struct tally_block *a = x, *b = y;
	int c = cmp(a->length, b->length);

	return (c != 0 ? c : cmp(a->rows, b->rows));
}

static int
by_time(const void *x, const void *y)
{
	const struct tally_block *a = x, *b = y;
	int c = by_bytes(x, y);

	return (c != 0 ? c : cmp(a->bstart, b->bstart));
}

static int
by_time_and_place(const void *x, const void *y)
{
	const struct tally_block *a = x, *b = y;
	int c = by_time(x, y);

	return (c != 0 ? c : cmp(a->offset, b->offset));
}

static int
by_place(const void *x, const void *y)
{
	const struct tally_block *a = x, *b = y;

	return (cmp(a->offset, b->offset));
}

struct list {
	struct tally_block *b;
	size_t n;
};

static void
sort(struct list *l, int (*by)(const void *, const void *))
{
	if (l->n > 1)
		qsort(l->b, l->n, sizeof(l->b[0]), by);
}

/* Both lose what is in both. */
static void
cross_out(struct list *x, struct list *y, int (*same)(const void *, const void *))
{
	size_t i = 0, j = 0, nx = 0, ny = 0;

	sort(x, by_time_and_place);
	sort(y, by_time_and_place);
	while (i < x->n || j < y->n) {
		int c = i == x->n ? 1 : j == y->n ? -1 : same(&x->b[i], &y->b[j]);

		if (c < 0)
			x->b[nx++] = x->b[i];
		else if (c > 0)
			y->b[ny++] = y->b[j];
		i += c <= 0;
		j += c >= 0;
	}
	x->n = nx;
	y->n = ny;
}

static struct list
said(const struct tally *t)
{
	struct list l = { mem_alloc((t->nsaid + 1) * sizeof(l.b[0])), t->nsaid };

	for (size_t i = 0; i < t->nsaid; i++) {
		const struct index_entry *e = &t->said[i];

		l.b[i] = (struct tally_block){ t->begin + e->offset, e->length, i + 1, e->rows,
			e->bstart.is ? e->bstart.u : UINT64_MAX };
	}
	return (l);
}

static uint64_t
rows_of(const struct list *l)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < l->n; i++)
		rows += l->b[i].rows;
	return (rows);
}

/* --- in words */

static const char *
many(uint64_t n)
{
	return (n == 1 ? "" : "s");
}

static void
say_missing(const struct tally *t, const struct list *l, struct buf *to)
{
	char when[CLOCK_TEXT];

	buf_printf(to, "%zu of the %zu blocks that were written %s missing (block %llu%s, %llu record%s", l->n, t->nsaid,
	    l->n == 1 ? "is" : "are", ULL(l->b[0].number), l->n == 1 ? "" : " and others", ULL(rows_of(l)),
	    many(rows_of(l)));
	if (l->b[0].bstart <= INT64_MAX) {
		(void)clock_text((int64_t)l->b[0].bstart, 0, CLOCK_UTC, when);
		buf_printf(to, ", %s%s UTC", l->n == 1 ? "from " : "the first from ", when);
	}
	buf_str(to, ")");
}

static void
say_surplus(const struct list *l, struct buf *to)
{
	buf_printf(to, "%zu block%s of %llu record%s %s too much (block %llu at offset %llu%s)", l->n, many(l->n),
	    ULL(rows_of(l)), many(rows_of(l)), l->n == 1 ? "is" : "are", ULL(l->b[0].number), ULL(l->b[0].offset),
	    l->n == 1 ? "" : " and others");
}

static void
note_surplus(struct tally *t, const struct list *l)
{
	if (l->n == 0)
		return;
	t->number = mem_grow(t->number, t->numbers + l->n, sizeof(t->number[0]));
	for (size_t i = 0; i < l->n; i++)
		t->number[t->numbers++] = l->b[i].number;
	t->surplus += rows_of(l);
}

static bool
as_indexed(struct tally *t, struct buf *to)
{
	struct list missing = said(t), surplus = { t->found, t->n };
	bool good;

	cross_out(&missing, &surplus, by_time);
	cross_out(&missing, &surplus, by_bytes); /* of rows without a time the index has none */
	good = missing.n == 0 && surplus.n == 0;
	sort(&missing, by_place);
	sort(&surplus, by_place);
	if (missing.n > 0)
		say_missing(t, &missing, to);
	if (missing.n > 0 && surplus.n > 0)
		buf_str(to, ", and ");
	if (surplus.n > 0)
		say_surplus(&surplus, to);
	t->missing += rows_of(&missing);
	note_surplus(t, &surplus);
	free(missing.b);
	return (good);
}

bool
tally_end(struct tally *t, const uint8_t *payload, size_t size, uint64_t offset, struct buf *to)
{
	uint64_t length, index, records, has = offset - t->begin + META_TRAILER_SIZE;

	if (!meta_get_trailer(payload, size, &length, &index, &records)) {
		buf_printf(to, "the trailer at offset %llu can not be understood", ULL(offset));
		return (false);
	}
	if (t->indexed && !as_indexed(t, to)) {
		buf_printf(to, ", says the index before the trailer at offset %llu", ULL(offset));
		return (false);
	}
	if (records == t->records && length == has)
		return (true);
	if (records > t->records)
		t->missing += records - t->records;
	else
		t->surplus += t->records - records;
	if (records != t->records)
		buf_printf(to, "%llu record%s %s there, the trailer at offset %llu says %llu", ULL(t->records),
		    many(t->records), t->records == 1 ? "is" : "are", ULL(offset), ULL(records));
	else
		buf_printf(to, "%llu bytes from the header to the trailer at offset %llu, which says %llu: something else than "
		    "blocks is missing, or too much", ULL(has), ULL(offset), ULL(length));
	return (false);
}
