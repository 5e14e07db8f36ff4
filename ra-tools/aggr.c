/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr.c: key columns -> group number -> rows of only the kept fields, merged by one kernel per
 * (merge rule, store) that runs over a column.
 *
 * Rows go through in chunks that fit the cache: keys are laid out and hashed, slots fetched ahead, then each
 * kept column is merged into the rows of the chunk's groups.  No field is named here but in the part
 * about orientation and in that about END rows.
 *
 * Orientation (SEMANTICS 1.2): which way a group points depends on all of its records, so a direction-free
 * key is two groups while records are added, one for each orientation; when they come out, the loser is
 * turned and merged into the winner.
 */
#include "ra-tools/aggr.h"

#include "format/base/hash.h"
#include "format/base/mem.h"
#include "ra-tools/gather.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK	  512
#define SLAB_BITS 12
#define SLAB_ROWS (1u << SLAB_BITS)
#define NO_GROUP  UINT32_MAX

enum { HERE = 1, MIXED = 2 }; /* state of a cell; both: mixed */

struct slabs { /* rows of one size that do not move while others are added */
	uint8_t **slab;
	uint32_t n, cap;
	size_t stride;
};

struct job;
typedef void (*kernel_fn)(const struct job *);

struct slot { /* a kept field that has been seen */
	enum field field;
	uint32_t value, state; /* where they are in a row */
	bool timed;	       /* a companion time follows the value */
	kernel_fn kernel;
};

struct bucket {
	uint32_t hash, group; /* NO_GROUP: empty */
};

struct group {
	uint64_t hash;
	uint32_t partner; /* the same key in the other orientation; NO_GROUP: none */
	uint8_t turned;	  /* its orientation: source above destination */
	bool traffic;	  /* more than END rows */
};

struct
    part { /* where a part of the key lies in the key's bytes; state bits: 2 for each part, in the first word */
	enum field field, twin;
	int mask4, mask6;
	uint16_t at, width;
};

struct aggr {
	struct part part[KEYS_MAX];
	unsigned nparts;
	size_t keylen;
	bool turn, ports, hide_ends;
	struct batch *half; /* one direction of a batch; NULL: both count together */
	enum field required;
	uint64_t seed;

	struct fieldset keep;
	struct slot slot[F_STORED];
	uint16_t slot_of[F_STORED]; /* index + 1 */
	unsigned nslots;
	struct slabs rows, keys;

	struct group *group;
	uint32_t n, cap;
	struct bucket *table;
	uint32_t mask;

	struct arena arena; /* blobs of groups */
	struct arena scratch;

	uint8_t *keybuf; /* CHUNK keys */
	uint64_t hash[CHUNK];
	uint8_t turned[CHUNK];
	uint8_t *to[CHUNK];
	uint32_t *selected;

	uint32_t *order, norder, at;
	enum field by;
	struct batch *out;
};

struct job { /* one column of a chunk */
	struct aggr *a;
	const struct slot *slot;
	const struct column *in, *time, *bstart;
	const uint32_t *row;
	uint8_t *const *to;
	uint32_t n;
};

/* --- slabs ------------------------------------------------------------------------------------- */

static inline uint8_t *
slab_at(const struct slabs *s, uint32_t i)
{
	return (s->slab[i >> SLAB_BITS] + (size_t)(i & (SLAB_ROWS - 1)) * s->stride);
}

static void
slab_room(struct slabs *s, uint32_t i)
{
	while (s->n <= i >> SLAB_BITS) {
		if (s->n == s->cap) {
			s->cap = s->cap == 0 ? 16 : s->cap * 2;
			s->slab = mem_grow(s->slab, s->cap, sizeof(s->slab[0]));
		}
		s->slab[s->n++] = mem_zero(SLAB_ROWS, s->stride > 0 ? s->stride : 1);
	}
}

static void
slab_free(struct slabs *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->slab[i]);
	free(s->slab);
}

/* --- kernels ----------------------------------------------------------------------------------- */

static inline uint64_t
sum(uint64_t a, uint64_t b)
{
	uint64_t s = a + b;

	return (s < a ? UINT64_MAX : s);
}

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

NUMBER_KERNEL(sum, sum(old, in))
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
	to->p = from.n == 0 ? arena_alloc(&a->arena, 16)
			    : memcpy(arena_alloc(&a->arena, blob_room(from.n)), from.p, from.n);
	to->n = from.n;
}

static void
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

/* Everything that has no kernel of its own: the reference, cell by cell. */
static void
any_cell(const struct job *j)
{
	const struct slot *s = j->slot;
	enum store store = fields[s->field].store;
	size_t size = store == STORE_IP || store == STORE_BLOB ? 16 : 8;

	for (uint32_t i = 0; i < j->n; i++) {
		uint32_t r = j->row[i];
		struct cell into,
		    from = { .present = column_has(j->in, r), .mixed = column_mixed(j->in, r) };
		struct blob old = { NULL, 0 };
		uint8_t *row = j->to[i];

		if (!from.present && !from.mixed)
			continue;
		cell_read(s, row, &into);
		if (from.present) {
			from.v = column_value(j->in, r);
			from.t = s->timed ? time_of(j, r) : 0;
		}
		if (store == STORE_BLOB && into.present)
			old = into.v.b;
		arena_reset(&j->a->scratch);
		cell_merge(s->field, &into, &from, &j->a->scratch);
		row[s->state] = into.mixed ? MIXED : HERE;
		if (into.mixed)
			continue;
		if (store == STORE_BLOB && into.v.b.p != old.p) {
			struct blob fresh = old;

			blob_store(j->a, &fresh, into.v.b, old.p != NULL);
			into.v.b = fresh;
		}
		memcpy(row + s->value, &into.v, size);
		if (s->timed)
			memcpy(row + s->value + size, &into.t, 8);
	}
}

static kernel_fn
kernel_for(const struct field_info *f)
{
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

static void
rows_cover(struct aggr *a, const struct batch *b)
{
	unsigned before = a->nslots;

	for (enum field f = 0; f < F_STORED; f++) {
		const struct field_info *info = &fields[f];

		if (b->col[f] == NULL || a->slot_of[f] != 0 || !fieldset_has(&a->keep, f) ||
		    info->agg == AGG_COMP || info->agg == AGG_NONE)
			continue;
		a->slot[a->nslots] = (struct slot){ .field = f,
						    .timed = info->companion != F_NONE,
						    .kernel = kernel_for(info) };
		a->slot_of[f] = (uint16_t)++a->nslots;
	}
	if (a->nslots != before)
		rows_widen(a, before, (before + 7) & ~(size_t)7);
}

/* --- orientation ------------------------------------------------------------------------------- */

static enum field
twin_of(enum field f)
{
	if (f == F_skmac)
		return (F_dkmac);
	if (f == F_dkmac)
		return (F_skmac);
	return (fields[f].twin);
}

static int
compare(const struct column *s, const struct column *d, uint32_t r)
{
	union value vs, vd;

	if (!column_has(s, r) || !column_has(d, r))
		return (0);
	vs = column_value(s, r);
	vd = column_value(d, r);
	return (value_cmp(s->store, &vs, &vd));
}

/* 1: the source is the higher endpoint, so this row points the other way than the canonical key. */
static uint8_t
row_turned(const struct aggr *a, const struct batch *b, uint32_t r)
{
	int c = compare(b->col[F_saddr], b->col[F_daddr], r);

	if (c == 0)
		c = compare(b->col[F_skmac], b->col[F_dkmac], r);
	if (c == 0 && a->ports)
		c = compare(b->col[F_sport], b->col[F_dport], r);
	return (c > 0);
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

/* --- keys -------------------------------------------------------------------------------------- */

static uint16_t
key_width(enum field f)
{
	switch (fields[f].type) {
	case TYPE_IP:
		return (16);
	case TYPE_PORT:
		return (2);
	case TYPE_PROTO:
	case TYPE_HEX32:
		return (4);
	default:
		return (8);
	}
}

/* The bytes of a value in the key.  A text is there as its hash: 64 bits with a secret seed. */
static inline void
key_put(uint8_t *to, const struct column *c, uint32_t r, unsigned width, uint64_t seed)
{
	uint64_t h;

	if (c->store == STORE_IP) {
		memcpy(to, &c->ip[r], 16);
	} else if (c->store == STORE_BLOB) {
		h = hash64(c->b[r].p, c->b[r].n, seed);
		memcpy(to, &h, 8);
	} else if (width == 8) {
		memcpy(to, &c->u[r], 8);
	} else if (width == 4) {
		uint32_t v = (uint32_t)c->u[r];

		memcpy(to, &v, 4);
	} else {
		uint16_t v = (uint16_t)c->u[r];

		memcpy(to, &v, 2);
	}
}

static void
key_column(struct aggr *a, const struct batch *b, unsigned p, const uint32_t *rows, uint32_t n)
{
	const struct part *part = &a->part[p];
	const struct column *plain = b->col[part->field], *twin = b->col[part->twin];

	if (plain == NULL && twin == NULL)
		return;
	for (uint32_t i = 0; i < n; i++) {
		const struct column *c = a->turned[i] ? twin : plain;
		uint8_t *key = a->keybuf + (size_t)i * a->keylen;
		uint64_t state;

		if (column_has(c, rows[i])) {
			key_put(key + part->at, c, rows[i], part->width, a->seed);
			state = HERE;
		} else if (column_mixed(c, rows[i])) {
			state = MIXED;
		} else {
			continue;
		}
		*(uint64_t *)(void *)key |= state << (2 * p);
	}
}

/* Cut addresses to their prefixes, in the batch itself: the merged row is the prefix too. */
static void
mask_column(struct batch *b, const struct part *p)
{
	enum field mf = p->field == F_saddr ? F_smask : F_dmask;
	struct column *c = b->col[p->field], *mask;

	if (c == NULL || (p->mask4 < 0 && p->mask6 < 0))
		return;
	mask = batch_column(b, mf);
	for (uint32_t r = 0; r < b->rows; r++) {
		int len;

		if (!bit_get(c->present, r))
			continue;
		len = ip_is4(&c->ip[r]) ? p->mask4 : p->mask6;
		if (len < 0 || (bit_get(mask->present, r) && mask->u[r] <= (uint64_t)len))
			continue;
		c->ip[r] = ip_mask(&c->ip[r], (unsigned)len);
		mask->u[r] = (uint64_t)len;
		bit_set(mask->present, r);
	}
}

/* Hardware addresses are keys only where there are no network addresses: not even as "differs". */
static void
derive_mac(struct batch *b, enum field mac, const struct column *ip)
{
	struct column *c;

	if (ip != NULL && bits_count(ip->present, b->rows) == b->rows)
		return;
	c = batch_derive(b, mac);
	if (c == NULL || c->mixed == NULL || ip == NULL)
		return;
	for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
		c->mixed[w] &= ~(ip->present[w] | (ip->mixed != NULL ? ip->mixed[w] : 0));
}

static void
derive_macs(const struct aggr *a, struct batch *b)
{
	static const enum field macs[] = { F_skmac, F_dkmac }, ips[] = { F_saddr, F_daddr };

	for (int i = 0; i < 2; i++) {
		bool wanted = a->turn;

		for (unsigned p = 0; p < a->nparts; p++)
			wanted |= a->part[p].field == macs[i];
		if (wanted)
			derive_mac(b, macs[i], b->col[ips[i]]);
	}
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

static uint64_t
turned_bit(const struct aggr *a)
{
	return (1ull << (2 * a->nparts));
}

/* The other orientation of the same key, if it has come by. */
static uint32_t
partner(struct aggr *a, const uint8_t *key)
{
	uint8_t other[8 + KEYS_MAX * 16];

	memcpy(other, key, a->keylen);
	*(uint64_t *)(void *)other ^= turned_bit(a);
	return (find(a, other, hash64(other, a->keylen, a->seed))->group);
}

static uint32_t
group_of(struct aggr *a, const uint8_t *key, uint64_t hash, uint8_t turned)
{
	struct bucket *b = find(a, key, hash);
	uint32_t g = b->group;

	if (g != NO_GROUP)
		return (g);
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
	a->group[g] = (struct group){ hash, a->turn ? partner(a, key) : NO_GROUP, turned, false };
	if (a->group[g].partner != NO_GROUP)
		a->group[a->group[g].partner].partner = g;
	if (a->n > a->mask / 4 * 3)
		table_grow(a);
	return (g);
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
	memset(a->keybuf, 0, n * a->keylen);
	for (uint32_t i = 0; i < n; i++)
		a->turned[i] = a->turn ? row_turned(a, b, rows[i]) : 0;
	for (unsigned p = 0; p < a->nparts; p++)
		key_column(a, b, p, rows, n);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *key = a->keybuf + (size_t)i * a->keylen;

		if (a->turned[i])
			*(uint64_t *)(void *)key |= turned_bit(a);
		a->hash[i] = hash64(key, a->keylen, a->seed);
		__builtin_prefetch(&a->table[(uint32_t)(a->hash[i] >> 32) & a->mask]);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t g = a->table[(uint32_t)(a->hash[i] >> 32) & a->mask].group;

		if (g != NO_GROUP) {
			__builtin_prefetch(slab_at(&a->keys, g));
			__builtin_prefetch(slab_at(&a->rows, g));
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t g =
		    group_of(a, a->keybuf + (size_t)i * a->keylen, a->hash[i], a->turned[i]);

		a->to[i] = slab_at(&a->rows, g);
		if (!a->group[g].traffic)
			a->group[g].traffic = is_traffic(b, rows[i]);
	}
}

static uint32_t
drop_without(const struct batch *b, enum field f, uint32_t *rows, uint32_t n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++)
		if (column_has(b->col[f], rows[i]) || column_has(b->col[fields[f].twin], rows[i]))
			rows[kept++] = rows[i];
	return (kept);
}

static void
add_rows(struct aggr *a, struct batch *b)
{
	uint32_t n;

	for (unsigned p = 0; p < a->nparts; p++)
		mask_column(b, &a->part[p]);
	derive_macs(a, b);
	rows_cover(a, b);
	n = rows_selected(b, a->selected);
	if (a->required != F_NONE)
		n = drop_without(b, a->required, a->selected, n);
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

void
aggr_add(struct aggr *a, struct batch *b)
{
	if (a->half == NULL) {
		add_rows(a, b);
		return;
	}
	for (int destination = 0; destination < 2; destination++) {
		take_half(a->half, b, destination);
		add_rows(a, a->half);
	}
}

/* --- out --------------------------------------------------------------------------------------- */

static void
out_cell(struct batch *out, enum field f, const struct cell *c, uint32_t r)
{
	struct column *col = out->col[f];
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

/* The cell of field f in group g; turned: as it is when the group is turned round. */
static struct cell
group_cell(struct aggr *a, uint32_t g, enum field f, bool turned)
{
	struct cell c = { .present = false };
	unsigned s = a->slot_of[turned ? fields[f].twin : f];

	if (s == 0)
		return (c);
	cell_read(&a->slot[s - 1], slab_at(&a->rows, g), &c);
	if (turned && c.present && type_is_sided(fields[f].type))
		value_reverse(fields[f].type, &c.v, &a->out->arena);
	return (c);
}

static void
out_group(struct aggr *a, uint32_t g)
{
	uint32_t other = a->group[g].partner, r = a->out->rows++, win = g, lose = other;

	if (other != NO_GROUP &&
	    turned_wins(a, a->group[g].turned ? other : g, a->group[g].turned ? g : other) !=
		(a->group[g].turned != 0)) {
		win = other;
		lose = g;
	}
	for (unsigned i = 0; i < a->nslots; i++) {
		enum field f = a->slot[i].field;
		struct cell c = group_cell(a, win, f, false), from;

		if (other != NO_GROUP) {
			from = group_cell(a, lose, f, true);
			cell_merge(f, &c, &from, &a->out->arena);
		}
		out_cell(a->out, f, &c, r);
	}
}

/* The twin of a field that was seen has to have a place, for turned rows. */
static void
cover_twins(struct aggr *a)
{
	unsigned before = a->nslots;

	for (unsigned i = 0; i < before && a->turn; i++) {
		enum field t = fields[a->slot[i].field].twin;

		if (a->slot_of[t] != 0)
			continue;
		a->slot[a->nslots] = (struct slot){ .field = t,
						    .timed = a->slot[i].timed,
						    .kernel = a->slot[i].kernel };
		a->slot_of[t] = (uint16_t)++a->nslots;
	}
	if (a->nslots != before)
		rows_widen(a, before, (before + 7) & ~(size_t)7);
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

static int
order_cmp(const void *x, const void *y, void *arg)
{
	struct aggr *a = arg;
	uint32_t g = *(const uint32_t *)x, h = *(const uint32_t *)y;
	struct cell c = group_cell(a, g, a->by, false), d = group_cell(a, h, a->by, false);
	int cmp = value_cmp(STORE_U64, &c.v, &d.v);

	return (cmp != 0 ? cmp : (g > h) - (g < h));
}

static void
begin_out(struct aggr *a)
{
	cover_twins(a);
	a->out = batch_new(4096);
	a->order = mem_alloc(((size_t)a->n + 1) * sizeof(a->order[0]));
	for (uint32_t g = 0; g < a->n; g++)
		if (comes_out(a, g))
			a->order[a->norder++] = g;
	if (a->by != F_NONE)
		qsort_r(a->order, a->norder, sizeof(a->order[0]), order_cmp, a);
}

struct batch *
aggr_next(struct aggr *a)
{
	if (a->out == NULL)
		begin_out(a);
	if (a->at == a->norder)
		return (NULL);
	batch_reset(a->out);
	for (unsigned i = 0; i < a->nslots; i++)
		(void)batch_column(a->out, a->slot[i].field);
	while (a->at < a->norder && a->out->rows < a->out->cap)
		out_group(a, a->order[a->at++]);
	return (a->out);
}

/* --- life -------------------------------------------------------------------------------------- */

static void
key_layout(struct aggr *a, const struct keys *k)
{
	a->keylen = 8;
	a->nparts = k->n;
	for (int width = 16; width > 1; width /= 2) /* wide ones first, so that all are aligned */
		for (unsigned i = 0; i < k->n; i++) {
			enum field f = k->part[i].field;

			if (key_width(f) != width)
				continue;
			a->part[i] = (struct part){ f,
						    a->turn ? twin_of(f) : f,
						    k->part[i].mask4,
						    k->part[i].mask6,
						    (uint16_t)a->keylen,
						    (uint16_t)width };
			a->keylen += (size_t)width;
		}
	a->keylen = (a->keylen + 7) & ~(size_t)7;
}

struct aggr *
aggr_new(const struct keys *k, const struct fieldset *keep)
{
	struct aggr *a = mem_zero(1, sizeof(*a));

	a->turn = k->turn;
	a->ports = k->ports;
	a->required = k->required;
	if (k->halves)
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
	a->keybuf = mem_alloc(CHUNK * a->keylen);
	a->selected = mem_alloc(BATCH_ROWS * sizeof(a->selected[0]));
	table_grow(a);
	return (a);
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
	free(a->order);
	batch_free(&a->out);
	batch_free(&a->half);
	arena_free(&a->arena);
	arena_free(&a->scratch);
	free(a);
	*pa = NULL;
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
}
