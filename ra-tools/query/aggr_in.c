/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_in.c: key columns -> group number -> rows of only the kept fields, merged by one kernel per
 * (merge rule, store) that runs over a column.
 *
 * Rows go through in chunks that fit the cache: keys are laid out and hashed (aggr_key.c), slots fetched ahead, then
 * each kept column is merged into the rows of the chunk's groups.  No field is named here but in the part about END
 * rows.
 *
 * Orientation (SEMANTICS 1.2): which way a group points depends on all of its records, so a direction-free
 * key is two groups while records are added, one for each orientation; when they come out, the loser is
 * turned and merged into the winner.
 */
#include "ra-tools/query/aggr_room.h"

#include "format/base/hash.h"
#include "format/base/mem.h"
#include "format/base/wide.h"
#include "ra-tools/query/gather.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct job { /* one column of a chunk */
	struct aggr *a;
	const struct slot *slot;
	const struct column *in, *time, *bstart;
	const uint32_t *row;
	uint8_t *const *to;
	uint32_t n;
};

/* --- slabs ------------------------------------------------------------------------------------- */

static void
slab_room(struct slabs *s, uint32_t i)
{
	if (i < s->ready)
		return;
	while (s->n <= i >> SLAB_BITS) {
		if (s->n == s->cap) {
			s->cap = s->cap == 0 ? 16 : s->cap * 2;
			s->slab = mem_grow(s->slab, s->cap, sizeof(s->slab[0]));
		}
		s->slab[s->n++] = mem_alloc(SLAB_ROWS * (s->stride > 0 ? s->stride : 1));
	}
	/* written before they are read, or each page would be given twice: as zeros, then as its own */
	for (; s->ready <= i; s->ready += SLAB_STEP)
		memset(slab_at(s, s->ready), 0, SLAB_STEP * s->stride);
}

static void
slab_free(struct slabs *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->slab[i]);
	free(s->slab);
}

/* --- kernels ----------------------------------------------------------------------------------- */

/* A cell of a group's row that has no value is zero, so that a sum or an or need not ask. */
#define NUMBER_KERNEL(name, expression)                                                            \
	static void name##_u64(const struct job *j)                                                \
	{                                                                                          \
		for (uint32_t i = 0; i < j->n; i++) {                                              \
			uint32_t r = j->row[i];                                                    \
			uint64_t *v = (uint64_t *)(void *)(j->to[i] + j->slot->value);             \
			uint8_t *state = j->to[i] + j->slot->state;                                \
			uint64_t old = *v, in = j->in->u[r];                                       \
			if (!bit_get(j->in->present, r))                                           \
				continue;                                                          \
			*v = expression;                                                           \
			*state |= HERE;                                                            \
		}                                                                                  \
	}

NUMBER_KERNEL(sum, saturating_sum(old, in))
NUMBER_KERNEL(or, old | in)
NUMBER_KERNEL(max, in > old ? in : old)
NUMBER_KERNEL(min, *state == 0 || in < old ? in : old)

static void
same_u64(const struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++) {
		uint32_t r = j->row[i];
		uint64_t *v = (uint64_t *)(void *)(j->to[i] + j->slot->value);
		uint8_t *state = j->to[i] + j->slot->state;

		if (!bit_get(j->in->present, r)) {
			*state |= column_mixed(j->in, r) ? MIXED : 0;
		} else if (*state == 0) {
			*v = j->in->u[r];
			*state = HERE;
		} else if (*v != j->in->u[r]) {
			*state |= MIXED;
		}
	}
}

static void
same_ip(const struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++) {
		uint32_t r = j->row[i];
		uint8_t *v = j->to[i] + j->slot->value, *state = j->to[i] + j->slot->state;

		if (!bit_get(j->in->present, r)) {
			*state |= column_mixed(j->in, r) ? MIXED : 0;
		} else if (*state == 0) {
			memcpy(v, &j->in->ip[r], sizeof(struct ip));
			*state = HERE;
		} else if (memcmp(v, &j->in->ip[r], sizeof(struct ip)) != 0) {
			*state |= MIXED;
		}
	}
}

static int64_t
time_of(const struct job *j, uint32_t r)
{
	if (column_has(j->time, r))
		return (j->time->i[r]);
	return (column_has(j->bstart, r) ? j->bstart->i[r] : 0);
}

/* FIRST, LAST, TOP of numbers: value, then its time. */
#define TIMED_KERNEL(name, wins)                                                                   \
	static void name##_u64(const struct job *j)                                                \
	{                                                                                          \
		for (uint32_t i = 0; i < j->n; i++) {                                              \
			uint32_t r = j->row[i];                                                    \
			uint64_t *v = (uint64_t *)(void *)(j->to[i] + j->slot->value);             \
			int64_t *t = (int64_t *)(void *)(v + 1);                                   \
			uint8_t *state = j->to[i] + j->slot->state;                                \
			uint64_t old = *v, in = j->in->u[r];                                       \
			int64_t told = *t, tin;                                                    \
			if (!bit_get(j->in->present, r))                                           \
				continue;                                                          \
			tin = time_of(j, r);                                                       \
			if (*state == 0 || (wins)) {                                               \
				*v = in;                                                           \
				*t = tin;                                                          \
			}                                                                          \
			*state |= HERE;                                                            \
		}                                                                                  \
	}

TIMED_KERNEL(first, tin != told ? tin < told : in < old)
TIMED_KERNEL(last, tin != told ? tin > told : in > old)
TIMED_KERNEL(top, in != old ? in > old : tin < told)

/* Blobs of groups lie in rooms of a power of two, so that a histogram that grows reuses its own. */
static uint32_t
blob_room(uint32_t n)
{
	uint32_t room = 16;

	while (room < n)
		room *= 2;
	return (room);
}

static void
blob_store(struct aggr *a, struct blob *to, struct blob from, bool own)
{
	if (own && blob_room(from.n) == blob_room(to->n)) {
		memmove((uint8_t *)(uintptr_t)to->p, from.p, from.n);
		to->n = from.n;
		return;
	}
	a->blob_bytes += from.n == 0 ? 16 : blob_room(from.n);
	to->p = from.n == 0 ? arena_alloc(&a->arena, 16)
			    : memcpy(arena_alloc(&a->arena, blob_room(from.n)), from.p, from.n);
	to->n = from.n;
}

void
cell_read(const struct slot *s, const uint8_t *row, struct cell *c)
{
	uint8_t state = row[s->state];
	size_t size =
	    fields[s->field].store == STORE_IP || fields[s->field].store == STORE_BLOB ? 16 : 8;

	*c = (struct cell){ .present = state == HERE, .mixed = (state & MIXED) != 0 };
	if (state != HERE)
		return;
	memcpy(&c->v, row + s->value, size);
	if (s->timed)
		memcpy(&c->t, row + s->value + size, 8);
}

static void
merge_cell(struct aggr *a, const struct slot *s, uint8_t *row, const struct cell *from)
{
	enum store store = fields[s->field].store;
	size_t size = store == STORE_IP || store == STORE_BLOB ? 16 : 8;
	struct blob old = { NULL, 0 };
	struct cell into;

	cell_read(s, row, &into);
	if (store == STORE_BLOB && into.present)
		old = into.v.b;
	arena_reset(&a->scratch);
	cell_merge(s->field, &into, from, &a->scratch);
	row[s->state] = into.mixed ? MIXED : HERE;
	if (into.mixed)
		return;
	if (store == STORE_BLOB && into.v.b.p != old.p) {
		struct blob fresh = old;

		blob_store(a, &fresh, into.v.b, old.p != NULL);
		into.v.b = fresh;
	}
	memcpy(row + s->value, &into.v, size);
	if (s->timed)
		memcpy(row + s->value + size, &into.t, 8);
}

void
cell_into(struct aggr *a, enum field f, uint8_t *row, const struct cell *from)
{
	if (from->present || from->mixed)
		merge_cell(a, &a->slot[a->slot_of[f] - 1], row, from);
}

/* The reference, for everything that has no kernel of its own. */
static void
one_cell(const struct job *j, uint32_t i)
{
	const struct slot *s = j->slot;
	uint32_t r = j->row[i];
	struct cell from = { .present = column_has(j->in, r), .mixed = column_mixed(j->in, r) };

	if (!from.present && !from.mixed)
		return;
	if (from.present) {
		from.v = column_value(j->in, r);
		from.t = s->timed ? time_of(j, r) : 0;
	}
	merge_cell(j->a, s, j->to[i], &from);
}

static void
any_cell(const struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++)
		one_cell(j, i);
}

/* A part of the key is the same in all rows of a group: the first one says it. */
static void
key_cell(const struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++)
		if (j->to[i][j->slot->state] == 0)
			one_cell(j, i);
}

static bool
is_part(const struct aggr *a, enum field f)
{
	for (unsigned p = 0; p < a->nparts; p++)
		if (a->part[p].field == f)
			return (true);
	return (false);
}

static kernel_fn
kernel_for(const struct aggr *a, enum field field)
{
	const struct field_info *f = &fields[field];
	static const kernel_fn numbers[] = {
		[AGG_KEY] = same_u64,	 [AGG_SAME] = same_u64, [AGG_SUM] = sum_u64,
		[AGG_MIN] = min_u64,	 [AGG_MAX] = max_u64,	[AGG_OR] = or_u64,
		[AGG_FIRST] = first_u64, [AGG_LAST] = last_u64, [AGG_TOP] = top_u64,
	};

	if (f->store == STORE_U64 && f->agg < sizeof(numbers) / sizeof(numbers[0]) &&
	    numbers[f->agg] != NULL)
		return (numbers[f->agg]);
	if (f->store == STORE_IP && (f->agg == AGG_KEY || f->agg == AGG_SAME))
		return (same_ip);
	if (f->store == STORE_BLOB && f->twin == field && is_part(a, field))
		return (key_cell);
	return (any_cell);
}

/* --- layout of rows ---------------------------------------------------------------------------- */

/* State bytes first, then values.  Fields that come later are put behind, so old rows are copied in two pieces. */
static void
rows_widen(struct aggr *a, unsigned old_slots, size_t old_head)
{
	size_t head = (a->nslots + 7) & ~(size_t)7, at = head;
	struct slabs old = a->rows;

	for (unsigned i = 0; i < a->nslots; i++) {
		struct slot *s = &a->slot[i];
		enum store store = fields[s->field].store;

		s->state = i;
		s->value = (uint32_t)at;
		at += (store == STORE_IP || store == STORE_BLOB ? 16 : 8) + (s->timed ? 8 : 0);
	}
	a->rows = (struct slabs){ .stride = at };
	if (a->n > 0)
		slab_room(&a->rows, a->n - 1);
	for (uint32_t g = 0; g < a->n && old_slots > 0; g++) {
		const uint8_t *from = slab_at(&old, g);
		uint8_t *to = slab_at(&a->rows, g);

		memcpy(to, from, old_slots);
		memcpy(to + head, from + old_head, old.stride - old_head);
	}
	slab_free(&old);
}

void
slots_cover(struct aggr *a, const struct fieldset *set)
{
	unsigned before = a->nslots;

	for (enum field f = 0; f < F_STORED; f++) {
		if (!fieldset_has(set, f) || a->slot_of[f] != 0)
			continue;
		a->slot[a->nslots] = (struct slot){ .field = f,
						    .timed = fields[f].companion != F_NONE,
						    .kernel = kernel_for(a, f) };
		a->slot_of[f] = (uint16_t)++a->nslots;
	}
	if (a->nslots != before)
		rows_widen(a, before, (before + 7) & ~(size_t)7);
}

static void
rows_cover(struct aggr *a, const struct batch *b)
{
	struct fieldset seen = { { 0 } };

	for (enum field f = 0; f < F_STORED; f++)
		if (b->col[f] != NULL && fieldset_has(&a->keep, f) && fields[f].agg != AGG_COMP &&
		    fields[f].agg != AGG_NONE)
			fieldset_add(&seen, f);
	slots_cover(a, &seen);
}

/* --- groups ------------------------------------------------------------------------------------ */

static void
table_grow(struct aggr *a)
{
	uint32_t size = a->table == NULL ? 1024 : (a->mask + 1) * 2;

	free(a->table);
	a->table = mem_alloc(size * sizeof(a->table[0]));
	a->mask = size - 1;
	for (uint32_t i = 0; i < size; i++)
		a->table[i].group = NO_GROUP;
	for (uint32_t g = 0; g < a->n; g++) {
		uint32_t i = (uint32_t)(a->group[g].hash >> 32) & a->mask;

		while (a->table[i].group != NO_GROUP)
			i = (i + 1) & a->mask;
		a->table[i] = (struct bucket){ (uint32_t)a->group[g].hash, g };
	}
}

/* The place of the key in the table: its group's, or an empty one. */
static struct bucket *
find(const struct aggr *a, const uint8_t *key, uint64_t hash)
{
	uint32_t i = (uint32_t)(hash >> 32) & a->mask;

	for (;; i = (i + 1) & a->mask) {
		struct bucket *b = &a->table[i];

		if (b->group == NO_GROUP ||
		    (b->hash == (uint32_t)hash &&
		     memcmp(slab_at(&a->keys, b->group), key, a->keylen) == 0))
			return (b);
	}
}

/* The other orientation of the same key, if it has come by. */
static uint32_t
partner(struct aggr *a, const uint8_t *key)
{
	uint8_t other[8 + KEYS_MAX * 16];

	memcpy(other, key, a->keylen);
	*(uint64_t *)(void *)other ^= turned_bit(a);
	return (find(a, other, key_hash(a, other))->group);
}

uint32_t
group_of(struct aggr *a, const uint8_t *key, uint64_t hash, uint64_t first)
{
	struct bucket *b = find(a, key, hash);
	uint32_t g = b->group;
	uint64_t state;

	if (g != NO_GROUP) {
		if (first < a->group[g].first)
			a->group[g].first = first;
		return (g);
	}
	assert(a->n < NO_GROUP);
	g = a->n++;
	*b = (struct bucket){ (uint32_t)hash, g };
	if (g == a->cap) {
		a->cap = a->cap == 0 ? 1024 : a->cap * 2;
		a->group = mem_grow(a->group, a->cap, sizeof(a->group[0]));
	}
	slab_room(&a->keys, g);
	slab_room(&a->rows, g);
	memcpy(slab_at(&a->keys, g), key, a->keylen);
	memcpy(&state, key, sizeof(state));
	a->group[g] = (struct group){ hash, first, a->turn ? partner(a, key) : NO_GROUP,
				      (state & turned_bit(a)) != 0, false };
	if (a->group[g].partner != NO_GROUP)
		a->group[a->group[g].partner].partner = g;
	if (a->n > a->mask / 4 * 3)
		table_grow(a);
	return (g);
}

void
groups_drop(struct aggr *a)
{
	slab_free(&a->rows);
	slab_free(&a->keys);
	a->rows = (struct slabs){ .stride = a->rows.stride };
	a->keys = (struct slabs){ .stride = a->keylen };
	arena_reset(&a->arena);
	a->blob_bytes = 0;
	a->rows_added = 0;
	a->n = 0;
	for (uint32_t i = 0; i <= a->mask; i++)
		a->table[i].group = NO_GROUP;
}

uint64_t
groups_bytes(const struct aggr *a)
{
	return ((uint64_t)a->n * (a->rows.stride + a->keylen + sizeof(struct group) + 2 * sizeof(struct bucket)) +
		a->blob_bytes);
}

/* Where a row stands among all: an order that does not depend on who adds it. */
static uint64_t
place_of(const struct aggr *a, uint32_t r)
{
	return ((a->places != NULL ? a->places[r] : aggr_row(a->number, r)) | (uint64_t)a->half_now << 15);
}

/* A row of its own for the end of a flow carries no traffic (SEMANTICS 0): no packets, and no correction. */
static bool
is_traffic(const struct batch *b, uint32_t r)
{
	const struct column *type = b->col[F_rectype];

	return (column_has(b->col[F_spkts], r) || column_has(b->col[F_dpkts], r) ||
		column_mixed(b->col[F_spkts], r) ||
		(column_has(type, r) && type->u[r] != RECTYPE_FLOW));
}

static void
chunk_groups(struct aggr *a, const struct batch *b, const uint32_t *rows, uint32_t n)
{
	key_rows(a, b, rows, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t g = a->table[(uint32_t)(a->hash[i] >> 32) & a->mask].group;

		if (g != NO_GROUP) {
			__builtin_prefetch(slab_at(&a->keys, g));
			__builtin_prefetch(slab_at(&a->rows, g));
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t g = group_of(a, a->keybuf + (size_t)i * a->keylen, a->hash[i], place_of(a, rows[i]));

		a->to[i] = slab_at(&a->rows, g);
		if (!a->group[g].traffic)
			a->group[g].traffic = is_traffic(b, rows[i]);
	}
}

/* Rows of one place are parts of one record (bin.c), one behind the other. */
static void
note_left(struct aggr *a, const struct batch *b, uint32_t r)
{
	uint64_t place = a->places != NULL ? a->places[r] + 1 : 0;
	bool again = place != 0 && place == a->left_place;

	if (a->half != NULL ? left_out_sides(&a->left, b, r, again) : left_out_row(&a->left, b, a->required, r, again))
		a->left_place = place;
}

static void
note_all_left(struct aggr *a, const struct batch *b, const uint32_t *rows, uint32_t n)
{
	if (a->places == NULL) {
		left_out_rows(&a->left, b, a->required, rows, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		note_left(a, b, rows[i]);
}

static uint32_t
drop_without(struct aggr *a, const struct batch *b, uint32_t *rows, uint32_t n)
{
	const struct column *has = b->col[a->required], *twin = b->col[fields[a->required].twin];
	uint32_t kept = 0, dropped = 0, left[CHUNK];

	for (uint32_t i = 0; i < n; i++) {
		if (column_has(has, rows[i]) || column_has(twin, rows[i])) {
			rows[kept++] = rows[i];
			continue;
		}
		left[dropped++] = rows[i];
		if (dropped == CHUNK) {
			note_all_left(a, b, left, dropped);
			dropped = 0;
		}
	}
	note_all_left(a, b, left, dropped);
	return (kept);
}

static void
add_rows(struct aggr *a, struct batch *b)
{
	uint32_t n;

	key_batch(a, b);
	rows_cover(a, b);
	n = rows_selected(b, a->selected);
	if (a->required != F_NONE && a->half == NULL) /* a half is of rows that have it */
		n = drop_without(a, b, a->selected, n);
	a->rows_added += n;
	for (uint32_t at = 0; at < n; at += CHUNK) {
		uint32_t k = n - at < CHUNK ? n - at : CHUNK;

		chunk_groups(a, b, a->selected + at, k);
		for (unsigned i = 0; i < a->nslots; i++) {
			const struct slot *s = &a->slot[i];
			const struct column *in = b->col[s->field];
			struct job j = { a,	s, in, NULL, b->col[F_bstart], a->selected + at,
					 a->to, k };
			bool same = s->kernel == same_u64 || s->kernel == same_ip;

			if (in == NULL)
				continue;
			if (s->timed)
				j.time = b->col[fields[s->field].companion];
			(in->mixed != NULL && !same ? any_cell : s->kernel)(&j);
		}
	}
}

/* What one side of the rows sent, as if that side were the source: columns are borrowed from the batch, those of the
 * other side are left out.  Flows are not counted: an SA is none. */
static void
take_half(struct batch *half, const struct batch *b, bool destination)
{
	const struct column *spi = b->col[destination ? F_dspi : F_sspi], *pkts = b->col[destination ? F_dpkts : F_spkts];
	const struct column *type = b->col[F_rectype];

	batch_reset(half);
	half->cap = half->rows = b->rows;
	for (enum field f = 0; f < F_STORED; f++) {
		enum field twin = fields[f].twin, from = destination ? twin : f;
		bool other = twin < f && fields[f].agg != AGG_KEY; /* the destination's, in the half */

		if (!other && f != F_trans && f != F_flowid && f != F_lane)
			half->col[f] = b->col[from];
	}
	half->sel = arena_zero(&half->arena, BITS_WORDS(b->rows) * 8);
	for (uint32_t r = 0; r < b->rows && spi != NULL; r++)
		if (batch_selected(b, r) && column_has(spi, r) && spi->u[r] != 0 &&
		    ((column_has(pkts, r) && pkts->u[r] > 0) || (column_has(type, r) && type->u[r] == RECTYPE_CORR)))
			bit_set(half->sel, r);
}

static void
add_batch(struct aggr *a, struct batch *b)
{
	bool two = a->half != NULL && !a->once;

	for (uint32_t r = 0; r < b->rows && a->half != NULL && !a->ends; r++)
		if (batch_selected(b, r))
			note_left(a, b, r);
	if (a->sums != NULL && !a->once)
		aggr_add(a->sums, b);
	for (a->half_now = 0; a->half_now < (two ? 2u : 1u); a->half_now++) {
		if (two)
			(a->ends ? key_end_rows(a, a->half, b, a->half_now == 1) : take_half(a->half, b, a->half_now == 1));
		add_rows(a, two ? a->half : b);
	}
	a->half_now = 0;
}

void
aggr_add(struct aggr *a, struct batch *b)
{
	add_batch(a, b);
	a->number++;
	groups_spill(a);
}

void
aggr_place(struct aggr *a, uint64_t number)
{
	a->number = number;
}

void
aggr_add_at(struct aggr *a, struct batch *b, const uint64_t *places)
{
	a->places = places;
	add_batch(a, b);
	a->places = NULL;
	groups_spill(a);
}

/* --- life -------------------------------------------------------------------------------------- */

struct aggr *
aggr_new(const struct keys *k, const struct fieldset *keep)
{
	struct aggr *a = mem_zero(1, sizeof(*a));

	a->turn = k->turn;
	a->ports = k->ports;
	a->required = k->required;
	a->ends = k->ends;
	if (k->halves || k->ends)
		a->half = batch_new(BATCH_ROWS);
	a->seed = hash_seed();
	a->by = F_NONE;
	a->keep = *keep;
	if (a->turn) /* which way a group points is decided by it */
		fieldset_add(&a->keep, F_dirq);
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(keep, f) && fields[f].agg == AGG_COMP)
			fieldset_add(&a->keep, fields[f].companion);
	key_layout(a, k);
	/* the length of a prefix is part of the address */
	for (unsigned i = 0; i < k->n; i++)
		if ((k->part[i].field == F_saddr || k->part[i].field == F_daddr) &&
		    fieldset_has(keep, k->part[i].field))
			fieldset_add(&a->keep, k->part[i].field == F_saddr ? F_smask : F_dmask);
	if (a->turn)
		for (enum field f = 0; f < F_STORED; f++)
			if (fieldset_has(&a->keep, f))
				fieldset_add(&a->keep, fields[f].twin);
	a->keys.stride = a->keylen;
	a->keybuf = mem_zero(CHUNK, a->keylen);
	a->selected = mem_alloc(BATCH_ROWS * sizeof(a->selected[0]));
	table_grow(a);
	return (a);
}

struct aggr *
aggr_twin(const struct aggr *a)
{
	struct aggr *t = mem_zero(1, sizeof(*t));

	memcpy(t->part, a->part, sizeof(t->part));
	t->nparts = a->nparts;
	t->keylen = a->keylen;
	t->plainlen = a->plainlen;
	t->turn = a->turn;
	t->ports = a->ports;
	t->hide_ends = a->hide_ends;
	t->required = a->required;
	t->seed = a->seed; /* so that keys have the same hash */
	t->by = a->by;
	t->in_time = a->in_time;
	t->keep = a->keep;
	t->limit = a->limit;
	t->ends = a->ends;
	t->once = a->once;
	if (a->sums != NULL)
		t->sums = aggr_twin(a->sums);
	t->level = a->level;
	if (a->half != NULL)
		t->half = batch_new(BATCH_ROWS);
	t->keys.stride = t->keylen;
	t->keybuf = mem_zero(CHUNK, t->keylen);
	t->selected = mem_alloc(BATCH_ROWS * sizeof(t->selected[0]));
	table_grow(t);
	return (t);
}

bool
aggr_is_sparse(const struct aggr *a)
{
	return (a->rows_added > SPARSE_ROWS && (uint64_t)a->n * 4 > a->rows_added);
}

void
aggr_memory(struct aggr *a, uint64_t bytes)
{
	a->limit = bytes;
}

void
aggr_free(struct aggr **pa)
{
	struct aggr *a = *pa;

	if (a == NULL)
		return;
	slab_free(&a->rows);
	slab_free(&a->keys);
	free(a->group);
	free(a->table);
	free(a->keybuf);
	free(a->selected);
	outgo_free(&a->outgo);
	for (unsigned i = 0; i < a->spills; i++)
		spill_free(&a->spill[i]);
	free(a->spill);
	free(a->error);
	batch_free(&a->out);
	batch_free(&a->half);
	aggr_free(&a->sums);
	arena_free(&a->arena);
	arena_free(&a->scratch);
	free(a);
	*pa = NULL;
}

const struct left_out *
aggr_left_out(const struct aggr *a)
{
	return (&a->left);
}

void
aggr_once(struct aggr *a, bool once)
{
	a->once = a->ends && once;
}

void
aggr_add_up(struct aggr *a, const struct keys *by)
{
	a->sums = aggr_new(by, &a->keep);
}

struct aggr *
aggr_sums(struct aggr *a)
{
	return (a->sums);
}

void
aggr_take_sums(struct aggr *a, struct aggr *from)
{
	aggr_free(&a->sums);
	a->sums = from->sums;
	from->sums = NULL;
}

void
aggr_hide_ends(struct aggr *a, bool hide)
{
	a->hide_ends = hide;
}

void
aggr_order(struct aggr *a, enum field f)
{
	a->by = f;
	a->in_time = true;
	fieldset_add(&a->keep, F_stime);
	fieldset_add(&a->keep, F_bend);
}
