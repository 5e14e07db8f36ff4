/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_in.c: key columns -> group number -> rows of only the kept fields.  Test: test_aggr.c.
 *
 * Keys are laid out and hashed in chunks that fit the cache (aggr_key.c), slots fetched ahead; rows of the batch that
 * make a group are appended to the table of cells column by column, and those of groups that are there are merged into
 * them (aggr_merge.c).  No field is named here but in the part about END rows.
 *
 * Orientation (SEMANTICS 1.2): which way a group points depends on all of its records, so a direction-free
 * key is two groups while records are added, one for each orientation; when they come out, the loser is
 * turned and merged into the winner.
 */
#include "ra-tools/query/aggr_compact.h"

#include "format/base/hash.h"
#include "format/base/mem.h"
#include "ra-tools/query/gather.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- keys that are kept ------------------------------------------------------------------------ */

static void
slab_room(struct slabs *s, uint32_t i)
{
	while (s->n <= i >> SLAB_BITS) {
		if (s->n == s->cap) {
			s->cap = s->cap == 0 ? 16 : s->cap * 2;
			s->slab = mem_grow(s->slab, s->cap, sizeof(s->slab[0]));
		}
		s->slab[s->n++] = mem_alloc(SLAB_ROWS * s->stride);
	}
}

static void
slab_free(struct slabs *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->slab[i]);
	free(s->slab);
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

/* Is it the same key in the other orientation? */
static bool
is_turned(const struct aggr *a, const uint8_t *x, const uint8_t *y)
{
	uint64_t sx, sy;

	memcpy(&sx, x, sizeof(sx));
	memcpy(&sy, y, sizeof(sy));
	return ((sx ^ sy) == turned_bit(a) && memcmp(x + sizeof(sx), y + sizeof(sy), a->keylen - sizeof(sx)) == 0);
}

/* The place of the key in the table: its group's, or an empty one.  Both orientations of a key have the same hash, so where
 * it is empty the group of the other one has come by on the way, if there is one. */
static struct bucket *
find(const struct aggr *a, const uint8_t *key, uint64_t hash, uint32_t *partner)
{
	uint32_t i = (uint32_t)(hash >> 32) & a->mask;

	*partner = NO_GROUP;
	for (;; i = (i + 1) & a->mask) {
		struct bucket *b = &a->table[i];
		const uint8_t *there;

		if (b->group == NO_GROUP)
			return (b);
		if (b->hash != (uint32_t)hash)
			continue;
		there = slab_at(&a->keys, b->group);
		if (memcmp(there, key, a->keylen) == 0)
			return (b);
		if (a->turn && is_turned(a, there, key))
			*partner = b->group;
	}
}

/* A new one has the number a->n had, and wants a row. */
static uint32_t
group_of(struct aggr *a, const uint8_t *key, uint64_t hash, uint64_t first)
{
	uint32_t partner;
	struct bucket *b = find(a, key, hash, &partner);
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
	memcpy(slab_at(&a->keys, g), key, a->keylen);
	memcpy(&state, key, sizeof(state));
	a->group[g] = (struct group){ .hash = hash, .first = first, .partner = partner,
				      .turned = (state & turned_bit(a)) != 0 };
	if (a->group[g].partner != NO_GROUP)
		a->group[a->group[g].partner].partner = g;
	if (a->n > a->mask / 4 * 3)
		table_grow(a);
	return (g);
}

void
groups_decide(struct aggr *a)
{
	if (a->decided)
		return;
	a->decided = true;
	a->compact = compact_new(a);
	a->numbers = a->compact != NULL;
}

uint32_t
groups_count(const struct aggr *a)
{
	return (a->compact != NULL ? a->compact->n : a->n);
}

void
groups_drop(struct aggr *a)
{
	a->rows_added = 0;
	if (a->compact != NULL) {
		compact_clear(a->compact);
		return;
	}
	slab_free(&a->keys);
	a->keys = (struct slabs){ .stride = a->keylen };
	table_clear(a->cells);
	a->n = 0;
	for (uint32_t i = 0; i <= a->mask; i++)
		a->table[i].group = NO_GROUP;
}

uint64_t
groups_bytes(const struct aggr *a)
{
	const struct compact *c = a->compact;

	if (c != NULL)
		return ((uint64_t)c->n * c->l.stride + c->slots * sizeof(c->slot[0]));
	return ((uint64_t)a->n * (a->keylen + sizeof(struct group) + 2 * sizeof(struct bucket)) + table_bytes(a->cells));
}

uint32_t
groups_list(const struct aggr *a, uint32_t last, uint32_t *list, uint32_t most)
{
	uint32_t n = 0, g = last;

	while (n < most && (g = a->compact != NULL ? compact_next(a->compact, g) : g + 1 < a->n ? g + 1 : NO_GROUP) != NO_GROUP)
		list[n++] = g;
	return (n);
}

void
put_row(struct aggr *a, const struct aggr *of, const struct batch *b, uint32_t r, const uint8_t *key, uint64_t hash,
    struct into *into, uint32_t *fresh)
{
	uint32_t before = a->n, g = group_of(a, key, hash, place_of(of, r));

	if (g == before) {
		a->fresh[(*fresh)++] = r;
	} else {
		into->rows[into->n] = r;
		into->to[into->n++] = g;
	}
	if (!a->group[g].traffic)
		a->group[g].traffic = is_traffic(b, r);
}

/* The groups of some rows: those that make one, and those that go into one. */
static void
find_groups(struct aggr *a, const struct batch *b, const uint32_t *rows, uint32_t n, struct into *into, uint32_t *fresh)
{
	key_rows(a, b, rows, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t g = a->table[(uint32_t)(a->hash[i] >> 32) & a->mask].group;

		if (g != NO_GROUP)
			__builtin_prefetch(slab_at(&a->keys, g));
	}
	for (uint32_t i = 0; i < n; i++)
		put_row(a, a, b, rows[i], a->keybuf + (size_t)i * a->keylen, a->hash[i], into, fresh);
}

void
add_known(struct aggr *a, const struct batch *b, const struct known *k, uint32_t n)
{
	struct into into = { b, a->rows, a->to, 0 };
	uint32_t fresh = 0;

	groups_decide(a);
	if (a->compact != NULL && compact_known(a, b, k, n))
		return;
	compact_dissolve(a);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t before = a->n, g = group_of(a, k[i].key, k[i].hash, k[i].first);

		if (g == before) {
			a->fresh[fresh++] = k[i].row;
			a->group[g].merged = k[i].merged;
		} else {
			into.rows[into.n] = k[i].row;
			into.to[into.n++] = g;
		}
		a->group[g].traffic |= k[i].traffic;
	}
	table_append(a->cells, b, &a->hold, a->fresh, fresh);
	merge_rows(a, &into);
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

/* Columns that somebody looks into one by one. */
static void
flatten(const struct aggr *a, struct batch *b)
{
	bool whole = a->compact == NULL || a->half != NULL || a->sums != NULL || a->required != F_NONE;

	for (unsigned p = 0; p < a->nparts && !whole; p++) {
		whole = a->part[p].field >= F_STORED; /* hardware addresses, where there are no others */
		if (a->part[p].mask4 >= 0 || a->part[p].mask6 >= 0) {
			(void)batch_flat(b, a->part[p].field);
			(void)batch_flat(b, a->part[p].field == F_saddr ? F_smask : F_dmask);
		}
	}
	if (whole)
		batch_flatten(b);
}

static void
add_rows(struct aggr *a, struct batch *b)
{
	struct into into = { b, a->rows, a->to, 0 };
	uint32_t n, fresh = 0;

	key_batch(a, b);
	n = rows_selected(b, a->selected);
	if (a->required != F_NONE && a->half == NULL) /* a half is of rows that have it */
		n = drop_without(a, b, a->selected, n);
	if (a->compact != NULL && !compact_open(a, b)) {
		compact_dissolve(a);
		batch_flatten(b);
	}
	if (share_takes(a)) {
		share_rows(a, b, a->selected, n);
		return;
	}
	a->rows_added += n;
	if (a->compact != NULL) {
		compact_rows(a, a, b, a->selected, n);
		return;
	}
	for (uint32_t at = 0; at < n; at += CHUNK)
		find_groups(a, b, a->selected + at, n - at < CHUNK ? n - at : CHUNK, &into, &fresh);
	table_append(a->cells, b, &a->hold, a->fresh, fresh);
	merge_rows(a, &into);
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

	groups_decide(a);
	flatten(a, b);
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

/* Companions come out with their fields; what they are when they are absent has to be known. */
static void
choose_fields(struct aggr *a)
{
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(&a->keep, f) && fields[f].agg == AGG_COMP)
			fieldset_add(&a->keep, (enum field)fields[f].companion);
	for (enum field f = 0; f < F_STORED && a->turn; f++)
		if (fieldset_has(&a->keep, f))
			fieldset_add(&a->keep, (enum field)fields[f].twin);
	for (enum field f = 0; f < F_STORED; f++) {
		if (fields[f].agg == AGG_NONE)
			a->keep.w[f / 64] &= ~(1ull << f % 64);
		if (fieldset_has(&a->keep, f) && fields[f].companion != F_NONE)
			fieldset_add(&a->keep, (enum field)fields[f].companion);
	}
	a->hold = a->keep;
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(&a->keep, f) && fields[f].companion != F_NONE)
			fieldset_add(&a->hold, F_bstart);
}

static bool
is_part(const struct aggr *a, enum field f)
{
	bool part = false;

	for (unsigned i = 0; i < a->nparts; i++)
		part |= a->part[i].field == f;
	return (part);
}

/* Parts of the key that are whole in it: all rows of a group have the same.  Where rows are turned the key has the twin's
 * value, which has to be part of it too. */
static void
choose_same(struct aggr *a)
{
	for (unsigned i = 0; i < a->nparts; i++) {
		const struct part *p = &a->part[i];

		if (p->field < F_STORED && fields[p->field].companion == F_NONE && p->width >= 8 && is_part(a, p->twin))
			fieldset_add(&a->same, p->field);
	}
}

static void
make_room(struct aggr *a)
{
	a->cells = table_new();
	a->keys.stride = a->keylen;
	a->keybuf = mem_zero(CHUNK, a->keylen);
	a->selected = mem_alloc(4 * BATCH_ROWS * sizeof(a->selected[0]));
	a->fresh = a->selected + BATCH_ROWS;
	a->rows = a->fresh + BATCH_ROWS;
	a->to = a->rows + BATCH_ROWS;
	table_grow(a);
}

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
	a->factor = hash64(&a->seed, sizeof(a->seed), 1) | 1;
	a->by = F_NONE;
	a->keep = *keep;
	if (a->turn) /* which way a group points is decided by it */
		fieldset_add(&a->keep, F_dirq);
	key_layout(a, k);
	/* the length of a prefix is part of the address */
	for (unsigned i = 0; i < k->n; i++)
		if ((k->part[i].field == F_saddr || k->part[i].field == F_daddr) &&
		    fieldset_has(keep, k->part[i].field))
			fieldset_add(&a->keep, k->part[i].field == F_saddr ? F_smask : F_dmask);
	choose_fields(a);
	choose_same(a);
	make_room(a);
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
	t->factor = a->factor;
	t->by = a->by;
	t->in_time = a->in_time;
	t->bare = a->bare;
	t->keep = a->keep;
	t->hold = a->hold;
	t->same = a->same;
	t->limit = a->limit;
	t->share = a->share;
	t->ends = a->ends;
	t->once = a->once;
	if (a->sums != NULL)
		t->sums = aggr_twin(a->sums);
	t->level = a->level;
	if (a->half != NULL)
		t->half = batch_new(BATCH_ROWS);
	make_room(t);
	return (t);
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
	share_free(a);
	compact_free(&a->compact);
	slab_free(&a->keys);
	table_free(&a->cells);
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
aggr_bare_times(struct aggr *a)
{
	a->bare = true;
}

void
aggr_order(struct aggr *a, enum field f)
{
	a->by = f;
	a->in_time = true;
	for (int i = 0; i < 2; i++) {
		fieldset_add(&a->keep, i == 0 ? F_stime : F_bend);
		fieldset_add(&a->hold, i == 0 ? F_stime : F_bend);
	}
}
