/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_out.c: groups come out, are joined with those of another thread, or go to temporary files.
 *
 * Where groups grow beyond their memory, all of them are written to one of STREAMS streams by the hash of
 * their key, and counting begins anew.  At the end each stream is merged alone (in the same way, if it is
 * still too large) and its rows are written in order; the ordered streams are then merged into one row.
 */
#include "ra-tools/query/aggr_room.h"

#include "format/base/cursor.h"
#include "format/base/hash.h"
#include "format/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_BITS 6
#define STREAMS	    (1u << STREAM_BITS)
#define LEVELS	    8	/* of streams within streams */
#define AHEAD	    16
#define GROUPS_MIN  16  /* fewer are kept, whatever the memory */

struct finished { /* a row on its way out; blobs are borrowed */
	uint64_t by, first;
	unsigned n;
	uint16_t field[F_STORED];
	struct cell cell[F_STORED];
};

struct head { /* of an ordered stream */
	struct spill_reader *reader;
	struct buf record;
	uint64_t by, first;
	bool live;
};

struct outgo {
	struct place_of_group {
		uint64_t by, first;
		uint32_t group;
	} *order;
	uint32_t n, at;
	struct spill *sorted; /* NULL: groups are in memory */
	struct head head[STREAMS];
	unsigned taken; /* the head whose record was handed out, + 1 */
	struct arena arena;
	uint16_t slot[F_STORED]; /* slots in the order of their fields */
	struct finished row, one, other; /* one, other: while they are compared */
};

void
outgo_free(struct outgo **po)
{
	struct outgo *o = *po;

	if (o == NULL)
		return;
	for (unsigned i = 0; i < STREAMS; i++) {
		spill_close(&o->head[i].reader);
		buf_free(&o->head[i].record);
	}
	spill_free(&o->sorted);
	arena_free(&o->arena);
	free(o->order);
	free(o);
	*po = NULL;
}

/* --- cells as bytes ---------------------------------------------------------------------------- */

static size_t
cell_bytes(enum field f)
{
	return (fields[f].store == STORE_IP ? 16 : 8);
}

static void
put_cell(struct buf *to, enum field f, const struct cell *c)
{
	uint8_t *p;

	if (!c->present && !c->mixed)
		return;
	p = buf_put(to, 3);
	p[0] = (uint8_t)f;
	p[1] = (uint8_t)(f >> 8);
	p[2] = c->mixed ? MIXED : HERE;
	if (c->mixed)
		return;
	if (fields[f].store == STORE_BLOB) {
		buf_u32le(to, c->v.b.n);
		buf_add(to, c->v.b.p, c->v.b.n);
	} else {
		buf_add(to, &c->v, cell_bytes(f));
	}
	if (fields[f].companion != F_NONE)
		buf_add(to, &c->t, 8);
}

/* These bytes are our own, so they are as they were put. */
static enum field
get_cell(struct cursor *c, struct cell *cell)
{
	enum field f = cur_u8(c);
	uint32_t n;

	f |= (enum field)((unsigned)cur_u8(c) << 8);
	*cell = (struct cell){ .mixed = cur_u8(c) == MIXED };
	if (cell->mixed)
		return (f);
	cell->present = true;
	if (fields[f].store == STORE_BLOB) {
		n = cur_u32le(c);
		cell->v.b = (struct blob){ cur_bytes(c, n), n };
	} else {
		memcpy(&cell->v, cur_bytes(c, cell_bytes(f)), cell_bytes(f));
	}
	if (fields[f].companion != F_NONE)
		memcpy(&cell->t, cur_bytes(c, 8), 8);
	return (f);
}

/* --- groups to temporary files, and back ------------------------------------------------------- */

static void
note_error(struct aggr *a, const char *error)
{
	if (error != NULL && a->error == NULL)
		a->error = mem_str(error);
}

const char *
aggr_error(const struct aggr *a)
{
	return (a->error);
}

/* Both orientations of a key go to the same stream. */
static unsigned
stream_of(const struct aggr *a, const uint8_t *key)
{
	uint8_t plain[8 + KEYS_MAX * 16];
	uint64_t state;

	memcpy(plain, key, a->keylen);
	memcpy(&state, plain, sizeof(state));
	state &= ~turned_bit(a);
	memcpy(plain, &state, sizeof(state));
	return ((unsigned)(hash64(plain, a->keylen, a->seed) >> (64 - STREAM_BITS * (a->level + 1))) & (STREAMS - 1));
}

static void
add_spill(struct aggr *a, struct spill *s)
{
	a->spill = mem_grow(a->spill, a->spills + 1, sizeof(a->spill[0]));
	a->spill[a->spills++] = s;
}

static void
put_group(struct aggr *a, uint32_t g, struct buf *b)
{
	const uint8_t *key = slab_at(&a->keys, g), *row = slab_at(&a->rows, g);

	b->len = 0;
	buf_add(b, &a->group[g].first, 8);
	buf_u8(b, a->group[g].traffic);
	buf_add(b, key, a->keylen);
	for (unsigned i = 0; i < a->nslots; i++) {
		struct cell c;

		cell_read(&a->slot[i], row, &c);
		put_cell(b, a->slot[i].field, &c);
	}
	spill_put(a->spill[0], stream_of(a, key), b->p, b->len);
}

static void
spill_all(struct aggr *a)
{
	struct buf b = { 0 };

	if (a->spills == 0)
		add_spill(a, spill_new(STREAMS));
	for (uint32_t g = 0; g < a->n; g++)
		put_group(a, g, &b);
	buf_free(&b);
	groups_drop(a);
}

void
groups_spill(struct aggr *a)
{
	if (a->limit > 0 && a->n > GROUPS_MIN && a->level < LEVELS && groups_bytes(a) > a->limit)
		spill_all(a);
}

static void
take_group(struct aggr *a, const struct buf *record)
{
	struct cursor c = cur_new(record->p, record->len);
	uint64_t first;
	bool traffic;
	const uint8_t *key;
	uint32_t g;
	uint8_t *row;

	memcpy(&first, cur_bytes(&c, 8), 8);
	traffic = cur_u8(&c) != 0;
	key = cur_bytes(&c, a->keylen);
	memcpy(a->keybuf, key, a->keylen); /* aligned */
	g = group_of(a, a->keybuf, key_hash(a, key), first);
	a->group[g].traffic |= traffic;
	row = slab_at(&a->rows, g);
	while (cur_left(&c) > 0) {
		struct cell cell;
		enum field f = get_cell(&c, &cell);

		cell_into(a, f, row, &cell);
	}
}

static void
cover_same(struct aggr *a, const struct aggr *other)
{
	struct fieldset all = { { 0 } };

	for (unsigned i = 0; i < other->nslots; i++)
		fieldset_add(&all, other->slot[i].field);
	slots_cover(a, &all);
}

/* --- groups of two threads --------------------------------------------------------------------- */

static bool
same_layout(const struct aggr *a, const struct aggr *b)
{
	bool same = a->nslots == b->nslots && a->rows.stride == b->rows.stride;

	for (unsigned i = 0; i < a->nslots && same; i++)
		same = a->slot[i].field == b->slot[i].field;
	return (same);
}

static void
join_group(struct aggr *into, const struct aggr *from, uint32_t g, bool same)
{
	const uint8_t *row = slab_at(&from->rows, g);
	uint32_t before = into->n;
	uint32_t to = group_of(into, slab_at(&from->keys, g), from->group[g].hash, from->group[g].first);
	uint8_t *to_row = slab_at(&into->rows, to);
	bool fresh = into->n != before && same;

	into->group[to].traffic |= from->group[g].traffic;
	if (fresh)
		memcpy(to_row, row, from->rows.stride);
	for (unsigned i = 0; i < from->nslots; i++) {
		const struct slot *s = &from->slot[i];
		struct cell c;

		if (row[s->state] == 0 || (fresh && fields[s->field].store != STORE_BLOB))
			continue;
		cell_read(s, row, &c);
		if (fresh)
			to_row[s->state] = 0; /* its bytes are copied */
		cell_into(into, s->field, to_row, &c);
	}
}

/* Memory that is asked for early: first the bucket, then what it points to. */
static void
fetch_ahead(const struct aggr *into, const struct aggr *from, uint32_t g)
{
	if (g + 2 * AHEAD < from->n)
		__builtin_prefetch(&into->table[(uint32_t)(from->group[g + 2 * AHEAD].hash >> 32) & into->mask]);
	if (g + AHEAD < from->n) {
		uint32_t to = into->table[(uint32_t)(from->group[g + AHEAD].hash >> 32) & into->mask].group;

		if (to != NO_GROUP) {
			__builtin_prefetch(slab_at(&into->keys, to));
			__builtin_prefetch(slab_at(&into->rows, to));
			__builtin_prefetch(&into->group[to]);
		}
	}
}

void
aggr_join(struct aggr *into, struct aggr **pfrom)
{
	struct aggr *from = *pfrom;
	bool same;

	if (into->n == 0 && into->nslots == 0) { /* in the same order of slots */
		for (unsigned i = 0; i < from->nslots; i++) {
			struct fieldset one = { { 0 } };

			fieldset_add(&one, from->slot[i].field);
			slots_cover(into, &one);
		}
	}
	cover_same(into, from);
	same = same_layout(into, from);
	for (uint32_t g = 0; g < from->n; g++) {
		fetch_ahead(into, from, g);
		join_group(into, from, g, same);
		if (g % 1024 == 0)
			groups_spill(into);
	}
	left_out_join(&into->left, &from->left);
	if (into->sums != NULL && from->sums != NULL)
		aggr_join(into->sums, &from->sums);
	for (unsigned i = 0; i < from->spills; i++) {
		add_spill(into, from->spill[i]);
		from->spill[i] = NULL;
	}
	from->spills = 0;
	aggr_free(pfrom);
	groups_spill(into);
}

/* --- out, from memory -------------------------------------------------------------------------- */

/* The cell of field f in group g; turned: as it is when the group is turned round. */
static struct cell
group_cell(struct aggr *a, uint32_t g, enum field f, bool turned, struct arena *arena)
{
	struct cell c = { .present = false };
	unsigned s = a->slot_of[turned ? fields[f].twin : f];

	if (s == 0)
		return (c);
	cell_read(&a->slot[s - 1], slab_at(&a->rows, g), &c);
	if (turned && c.present && type_is_sided(fields[f].type))
		value_reverse(fields[f].type, &c.v, arena);
	return (c);
}

/* Does the turned half of a group win?  dirq highest, decided earliest, else the lower endpoint is the source. */
static bool
turned_wins(const struct aggr *a, uint32_t plain, uint32_t turned)
{
	struct cell p = { .present = false }, t = p;
	unsigned s = a->slot_of[F_dirq];

	if (s == 0)
		return (false);
	cell_read(&a->slot[s - 1], slab_at(&a->rows, plain), &p);
	cell_read(&a->slot[s - 1], slab_at(&a->rows, turned), &t);
	if (!p.present || !t.present)
		return (t.present);
	return (t.v.u != p.v.u ? t.v.u > p.v.u : t.t < p.t);
}

static void
finish_group(struct aggr *a, uint32_t g, struct finished *row, struct arena *arena)
{
	uint32_t other = a->group[g].partner, win = g, lose = other;

	if (other != NO_GROUP &&
	    turned_wins(a, a->group[g].turned ? other : g, a->group[g].turned ? g : other) !=
		(a->group[g].turned != 0)) {
		win = other;
		lose = g;
	}
	row->n = 0;
	for (unsigned i = 0; i < a->nslots; i++) {
		enum field f = a->slot[a->outgo->slot[i]].field;
		struct cell c = group_cell(a, win, f, false, arena), from;

		if (other != NO_GROUP) {
			from = group_cell(a, lose, f, true, arena);
			cell_merge(f, &c, &from, arena);
		}
		if (!c.present && !c.mixed)
			continue;
		row->field[row->n] = (uint16_t)f;
		row->cell[row->n++] = c;
	}
}

static void
order_slots(struct aggr *a)
{
	unsigned n = 0;

	for (enum field f = 0; f < F_STORED; f++)
		if (a->slot_of[f] != 0)
			a->outgo->slot[n++] = (uint16_t)(a->slot_of[f] - 1);
}

/* --- rows of the same time ---------------------------------------------------------------------- */

/* Absent first, then mixed, then by value. */
static int
cell_order(enum field f, const struct cell *x, const struct cell *y)
{
	if (x->present && y->present)
		return (value_cmp(fields[f].store, &x->v, &y->v));
	if (x->present != y->present)
		return (x->present ? 1 : -1);
	return ((int)x->mixed - (int)y->mixed);
}

static const struct cell *
cell_of(const struct finished *row, enum field f)
{
	static const struct cell none;

	for (unsigned i = 0; i < row->n && row->field[i] <= f; i++)
		if (row->field[i] == f)
			return (&row->cell[i]);
	return (&none);
}

/* By what they keep, the key first.  0: they are the same, and so is what is shown of them. */
static int
row_order(const struct aggr *a, const struct finished *x, const struct finished *y)
{
	int c = 0;

	for (unsigned p = 0; p < a->nparts && c == 0; p++) {
		enum field f = a->part[p].field;

		if (f < F_STORED)
			c = cell_order(f, cell_of(x, f), cell_of(y, f));
	}
	for (unsigned i = 0; i < a->nslots && c == 0; i++) {
		enum field f = a->slot[a->outgo->slot[i]].field;

		c = cell_order(f, cell_of(x, f), cell_of(y, f));
	}
	return (c);
}

static int
group_order(struct aggr *a, const struct place_of_group *x, const struct place_of_group *y)
{
	struct outgo *o = a->outgo;

	arena_reset(&a->scratch);
	finish_group(a, x->group, &o->one, &a->scratch);
	finish_group(a, y->group, &o->other, &a->scratch);
	return (row_order(a, &o->one, &o->other));
}

/* Groups that are otherwise in order: merge sort, for qsort() tells its comparison nothing of their rows. */
static void
order_equal(struct aggr *a, struct place_of_group *p, struct place_of_group *spare, uint32_t n)
{
	uint32_t half = n / 2, x = 0, y = half;

	if (n < 2)
		return;
	order_equal(a, p, spare, half);
	order_equal(a, p + half, spare, n - half);
	for (uint32_t i = 0; i < n; i++)
		spare[i] = y == n || (x < half && group_order(a, &p[x], &p[y]) <= 0) ? p[x++] : p[y++];
	memcpy(p, spare, n * sizeof(p[0]));
}

static void
order_ties(struct aggr *a)
{
	struct outgo *o = a->outgo;
	struct place_of_group *spare = NULL;
	uint32_t end;

	for (uint32_t at = 0; at < o->n; at = end) {
		for (end = at + 1; end < o->n && o->order[end].by == o->order[at].by && o->order[end].first == o->order[at].first;)
			end++;
		if (end - at > 1 && spare == NULL)
			spare = mem_alloc(o->n * sizeof(spare[0]));
		order_equal(a, o->order + at, spare, end - at);
	}
	free(spare);
}

/* The twin of a field that was seen has to have a place, for turned rows. */
static void
cover_twins(struct aggr *a)
{
	struct fieldset twins = { { 0 } };

	for (unsigned i = 0; i < a->nslots && a->turn; i++)
		fieldset_add(&twins, fields[a->slot[i].field].twin);
	slots_cover(a, &twins);
}

static bool
comes_out(const struct aggr *a, uint32_t g)
{
	uint32_t other = a->group[g].partner;

	if (other != NO_GROUP && other < g) /* came out with the other half */
		return (false);
	return (!a->hide_ends || a->group[g].traffic ||
		(other != NO_GROUP && a->group[other].traffic));
}

/* What a group is ordered by: the time of its first packet, without one the end of its bin; or where it first appeared. */
static uint64_t
first_of(struct aggr *a, uint32_t g)
{
	struct cell c;

	if (!a->in_time)
		return (a->group[g].first);
	c = group_cell(a, g, F_stime, false, NULL);
	if (!c.present)
		c = group_cell(a, g, F_bend, false, NULL);
	return (c.present ? c.v.u : UINT64_MAX);
}

static int
by_place(const void *x, const void *y)
{
	const struct place_of_group *a = x, *b = y;

	if (a->by != b->by)
		return (a->by < b->by ? -1 : 1);
	return ((a->first > b->first) - (a->first < b->first));
}

static void
order_groups(struct aggr *a)
{
	struct outgo *o = a->outgo;
	bool sorted = true;

	cover_twins(a);
	order_slots(a);
	o->order = mem_alloc(((size_t)a->n + 1) * sizeof(o->order[0]));
	for (uint32_t g = 0; g < a->n; g++) {
		uint32_t other = a->group[g].partner;
		struct place_of_group *p = &o->order[o->n];

		if (!comes_out(a, g))
			continue;
		*p = (struct place_of_group){ 0, first_of(a, g), g };
		if (other != NO_GROUP && first_of(a, other) < p->first)
			p->first = first_of(a, other);
		if (a->by != F_NONE)
			p->by = group_cell(a, g, a->by, false, &o->arena).v.u;
		sorted = sorted && (o->n == 0 || by_place(p - 1, p) <= 0);
		o->n++;
	}
	if (!sorted)
		qsort(o->order, o->n, sizeof(o->order[0]), by_place);
	if (a->in_time)
		order_ties(a);
}

/* --- out, from ordered streams ----------------------------------------------------------------- */

static struct finished *next_row(struct aggr *);
static void begin_out(struct aggr *);

static void
advance(struct head *h)
{
	h->live = spill_next(h->reader, &h->record);
	if (!h->live)
		return;
	memcpy(&h->by, h->record.p, 8);
	memcpy(&h->first, h->record.p + 8, 8);
}

static void
head_row(const struct head *h, struct finished *row)
{
	struct cursor c = cur_new(h->record.p, h->record.len);

	cur_skip(&c, 16);
	row->by = h->by;
	row->first = h->first;
	for (row->n = 0; cur_left(&c) > 0; row->n++)
		row->field[row->n] = (uint16_t)get_cell(&c, &row->cell[row->n]);
}

static bool
head_before(const struct aggr *a, const struct head *x, const struct head *y)
{
	struct outgo *o = a->outgo;

	if (x->by != y->by || x->first != y->first || !a->in_time)
		return (x->by != y->by ? x->by < y->by : x->first < y->first);
	head_row(x, &o->one);
	head_row(y, &o->other);
	return (row_order(a, &o->one, &o->other) < 0);
}

static struct finished *
next_merged(struct aggr *a)
{
	struct outgo *o = a->outgo;
	struct head *best = NULL;

	if (o->taken > 0)
		advance(&o->head[o->taken - 1]);
	o->taken = 0;
	for (unsigned i = 0; i < STREAMS; i++) {
		struct head *h = &o->head[i];

		if (h->live && (best == NULL || head_before(a, h, best)))
			best = h;
	}
	if (best == NULL)
		return (NULL);
	o->taken = (unsigned)(best - o->head) + 1;
	head_row(best, &o->row);
	return (&o->row);
}

/* Merge one stream of all files and write its rows in order. */
static void
sort_stream(struct aggr *a, unsigned stream, struct buf *b)
{
	struct aggr *part = aggr_twin(a);
	const struct finished *row;

	part->level = a->level + 1;
	cover_same(part, a);
	for (unsigned i = 0; i < a->spills; i++) {
		struct spill_reader *r = spill_read(a->spill[i], stream);

		for (unsigned n = 0; spill_next(r, b); n++) {
			take_group(part, b);
			if (n % 1024 == 0)
				groups_spill(part);
		}
		spill_close(&r);
		note_error(a, spill_error(a->spill[i]));
	}
	begin_out(part);
	while ((row = next_row(part)) != NULL) {
		b->len = 0;
		buf_add(b, &row->by, 8);
		buf_add(b, &row->first, 8);
		for (unsigned i = 0; i < row->n; i++)
			put_cell(b, row->field[i], &row->cell[i]);
		spill_put(a->outgo->sorted, stream, b->p, b->len);
		arena_reset(&part->outgo->arena);
	}
	note_error(a, aggr_error(part));
	aggr_free(&part);
}

static void
order_streams(struct aggr *a)
{
	struct outgo *o = a->outgo;
	struct buf b = { 0 };

	spill_all(a);
	for (unsigned i = 0; i < a->spills; i++)
		if (!spill_end(a->spill[i]))
			note_error(a, spill_error(a->spill[i]));
	o->sorted = spill_new(STREAMS);
	order_slots(a);
	for (unsigned i = 0; i < STREAMS && a->error == NULL; i++)
		sort_stream(a, i, &b);
	for (unsigned i = 0; i < a->spills; i++)
		spill_free(&a->spill[i]);
	a->spills = 0;
	if (!spill_end(o->sorted))
		note_error(a, spill_error(o->sorted));
	for (unsigned i = 0; i < STREAMS && a->error == NULL; i++) {
		o->head[i].reader = spill_read(o->sorted, i);
		advance(&o->head[i]);
	}
	buf_free(&b);
}

/* --- out --------------------------------------------------------------------------------------- */

static void
begin_out(struct aggr *a)
{
	a->outgo = mem_zero(1, sizeof(*a->outgo));
	if (a->spills > 0)
		order_streams(a);
	else
		order_groups(a);
}

/* The next row in order, valid until the next call. */
static struct finished *
next_row(struct aggr *a)
{
	struct outgo *o = a->outgo;
	const struct place_of_group *p;

	if (o->sorted != NULL) {
		struct finished *row = next_merged(a);

		note_error(a, spill_error(o->sorted));
		return (row);
	}
	if (o->at == o->n)
		return (NULL);
	p = &o->order[o->at++];
	o->row.by = p->by;
	o->row.first = p->first;
	finish_group(a, p->group, &o->row, &o->arena);
	return (&o->row);
}

static void
out_cell(struct batch *out, enum field f, const struct cell *c, uint32_t r)
{
	struct column *col = batch_column(out, f);
	enum field time = fields[f].companion;

	if (c->mixed)
		column_set_mixed(out, col, r);
	if (!c->present || c->mixed)
		return;
	column_set(col, r, &c->v);
	if (time != F_NONE) {
		union value t = { .i = c->t };

		column_set(batch_column(out, time), r, &t);
	}
}

struct batch *
aggr_next(struct aggr *a)
{
	struct finished *row;

	if (a->outgo == NULL) {
		a->out = batch_new(4096);
		begin_out(a);
	}
	batch_reset(a->out);
	arena_reset(&a->outgo->arena);
	for (unsigned i = 0; i < a->nslots; i++)
		(void)batch_column(a->out, a->slot[i].field);
	while (a->out->rows < a->out->cap && (row = next_row(a)) != NULL) {
		for (unsigned i = 0; i < row->n; i++) {
			struct cell *c = &row->cell[i];

			if (a->outgo->sorted != NULL && c->present && fields[row->field[i]].store == STORE_BLOB)
				c->v.b.p = arena_copy(&a->out->arena, c->v.b.p, c->v.b.n);
			out_cell(a->out, row->field[i], c, a->out->rows);
		}
		a->out->rows++;
	}
	return (a->out->rows > 0 ? a->out : NULL);
}
