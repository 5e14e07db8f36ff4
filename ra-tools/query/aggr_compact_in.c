/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_compact_in.c: records into groups of plain numbers.  Test: test_aggr_compact.c.
 *
 * COMPACT_CHUNK rows at a time: their keys and hashes column by column, their slots fetched, their groups fetched, found
 * or made, then each column merged into its cell of all of them.
 */
#include "ra-tools/query/aggr_compact.h"

#include "format/base/mem.h"
#include "format/base/wide.h"
#include "format/narrow.h"

#include <stdlib.h>
#include <string.h>

/* --- the columns of a batch -------------------------------------------------------------------- */

static const struct dense *
whole_dense(const struct batch *b, enum field field)
{
	const struct dense *d = field < F_STORED && b->col[field] == NULL ? b->dense[field] : NULL;

	return (d != NULL && d->n > 0 && d->present == NULL && d->mixed == NULL ? d : NULL);
}

static void
open_flat(struct feed *f, struct batch *b, enum field field)
{
	f->c = field < F_STORED ? batch_flat(b, field) : b->col[field];
	f->all = f->c != NULL && bits_count(f->c->present, b->rows) == b->rows;
}

/* No number of it is greater. */
static uint64_t
dense_most(const struct dense *d)
{
	uint64_t least, most = 0;

	if (d->num.word == NULL) {
		narrow_span(&d->num, 0, d->n, &least, &most);
		return (most);
	}
	for (uint32_t i = 0; i < d->num.words; i++)
		most = d->num.word[i] > most ? d->num.word[i] : most;
	return (most);
}

static void
open_numbers(struct feed *f, struct batch *b, enum field field)
{
	f->d = whole_dense(b, field);
	f->all = f->d != NULL;
	f->c = NULL;
	f->most = 0;
	if (f->d != NULL) {
		f->most = dense_most(f->d);
		return;
	}
	open_flat(f, b, field);
	if (f->c != NULL && !f->c->zeros)
		f->most = narrow_or_u64(f->c->u, b->rows);
}

/* The last 4 bytes of each; are all IPv4? */
static bool
open_v4(struct feed *f, const struct ip *ip, uint32_t n)
{
	bool all = true;

	if (f->v4_cap < n) {
		f->v4_cap = n;
		f->v4 = mem_grow(f->v4, f->v4_cap, sizeof(f->v4[0]));
	}
	for (uint32_t i = 0; i < n && all; i++) {
		all = ip_is4(&ip[i]);
		memcpy(&f->v4[i], ip[i].b + 12, 4);
	}
	return (all);
}

static void
open_addresses(struct feed *f, struct batch *b, enum field field)
{
	f->d = whole_dense(b, field);
	f->all = f->d != NULL;
	f->ip = true;
	f->ip6 = false;
	f->c = NULL;
	if (f->d != NULL && open_v4(f, f->d->ip, f->d->entries))
		return;
	f->d = NULL;
	open_flat(f, b, field);
	for (uint32_t r = 0; f->c != NULL && !f->ip6 && r < b->rows; r++)
		f->ip6 = bit_get(f->c->present, r) && !ip_is4(&f->c->ip[r]);
}

static bool
open_part(struct feed *f, struct batch *b, const struct compact_part *p)
{
	if (fields[p->field].store == STORE_IP) {
		open_addresses(f, b, p->field);
		return (true);
	}
	open_numbers(f, b, p->field);
	return (p->full == 8 || f->most >> 8 * p->full == 0);
}

/* Is it known without looking at each row which are traffic?  Else what says so is made flat. */
static int
which_traffic(struct batch *b)
{
	const struct column *pkts;

	if (whole_dense(b, F_spkts) != NULL)
		return (TRAFFIC_ALL);
	pkts = batch_flat(b, F_spkts);
	if (pkts != NULL && bits_count(pkts->present, b->rows) == b->rows)
		return (TRAFFIC_ALL);
	return (batch_flat(b, F_dpkts) == NULL && batch_flat(b, F_rectype) == NULL && pkts == NULL ? TRAFFIC_NONE : TRAFFIC_SOME);
}

/* The only part of the key that rows have, by number? */
static void
open_codes(struct compact *c)
{
	unsigned parts = 0;

	c->codes = NULL;
	for (unsigned p = 0; p < c->l.nparts; p++)
		if (c->part[p].c != NULL || c->part[p].d != NULL) {
			c->codes = &c->part[p];
			parts++;
		}
	if (parts != 1 || c->codes->d == NULL || !c->codes->ip) {
		c->codes = NULL;
		return;
	}
	if (c->met_cap < c->codes->d->entries) {
		c->met_cap = c->codes->d->entries;
		c->met = mem_grow(c->met, c->met_cap, sizeof(c->met[0]));
	}
	memset(c->met, 0, c->codes->d->entries * sizeof(c->met[0]));
}

bool
compact_open(struct aggr *a, struct batch *b)
{
	struct compact *c = a->compact;
	bool fits = true;

	for (unsigned p = 0; p < c->l.nparts; p++)
		fits = open_part(&c->part[p], b, &c->l.part[p]) && fits;
	for (unsigned i = 0; i < c->l.ncells; i++)
		open_numbers(&c->cell[i], b, c->l.cell[i].field);
	c->traffic = which_traffic(b);
	open_codes(c);
	return (fits);
}

/* --- what rows have ---------------------------------------------------------------------------- */

static inline bool
feed_has(const struct feed *f, uint32_t r)
{
	return (f->all || column_has(f->c, r));
}

static inline uint32_t
v4_of(const struct feed *f, uint32_t r)
{
	uint32_t v;

	if (f->d != NULL)
		return (f->v4[narrow_at(&f->d->num, r)]);
	memcpy(&v, f->c->ip[r].b + 12, 4);
	return (v);
}

/* Numbers, and addresses that are all IPv4, of ascending rows; 0 of those that have none. */
static const uint64_t *
values(const struct feed *f, const uint32_t *rows, uint32_t n, uint64_t *room)
{
	bool run = rows[n - 1] - rows[0] == n - 1;

	if (f->d != NULL && run) {
		narrow_widen(&f->d->num, rows[0], n, room);
		for (uint32_t i = 0; f->ip && i < n; i++)
			room[i] = f->v4[room[i]];
	} else if (f->d != NULL) {
		for (uint32_t i = 0; i < n; i++)
			room[i] = narrow_at(&f->d->num, rows[i]);
		for (uint32_t i = 0; f->ip && i < n; i++)
			room[i] = f->v4[room[i]];
	} else if (f->ip) {
		for (uint32_t i = 0; i < n; i++)
			room[i] = v4_of(f, rows[i]);
	} else if (run) {
		return (f->c->u + rows[0]);
	} else {
		for (uint32_t i = 0; i < n; i++)
			room[i] = f->c->u[rows[i]];
	}
	return (room);
}

/* --- keys -------------------------------------------------------------------------------------- */

static void
begin_keys(struct compact *c, uint32_t n)
{
	memset(c->key, 0, (size_t)n * c->l.keylen);
	memset(c->state, 0, n * sizeof(c->state[0]));
	for (uint32_t i = 0; i < n; i++)
		c->hash[i] = c->seed;
}

#define STORE_KEYS(type)                                \
	for (uint32_t i = 0; i < n; i++, key += keylen) \
	*(type *)(void *)key = (type)v[i]

static void
store_keys(struct compact *c, const struct compact_part *part, const uint64_t *v, uint32_t n)
{
	uint8_t *key = c->key + part->at - COMPACT_HEAD;
	const size_t keylen = c->l.keylen;

	switch (part->width) {
	case 2:
		STORE_KEYS(uint16_t);
		break;
	case 4:
		STORE_KEYS(uint32_t);
		break;
	default:
		STORE_KEYS(uint64_t);
	}
}

static void
store_addresses(struct compact *c, const struct compact_part *part, const struct feed *f, const uint32_t *rows, uint32_t n)
{
	uint8_t *key = c->key + part->at - COMPACT_HEAD;

	for (uint32_t i = 0; i < n; i++, key += c->l.keylen) {
		uint32_t v4;
		struct ip ip;

		if (!feed_has(f, rows[i]))
			continue;
		v4 = f->d != NULL ? v4_of(f, rows[i]) : 0;
		ip = f->d != NULL ? ip_v4((const uint8_t *)&v4) : f->c->ip[rows[i]];
		memcpy(key, &ip, sizeof(ip));
	}
}

/* Into the hashes; rows that lack it leave theirs as it is. */
static void
mix_part(struct compact *c, unsigned p, const struct feed *f, const uint64_t *v, const uint32_t *rows, uint32_t n)
{
	const uint64_t here = (uint64_t)HERE << 2 * p;

	for (uint32_t i = 0; f->all && !f->ip6 && i < n; i++) {
		c->hash[i] = compact_mix(c->factor, c->hash[i], v[i]);
		c->state[i] |= here;
	}
	for (uint32_t i = 0; !(f->all && !f->ip6) && i < n; i++) {
		if (feed_has(f, rows[i])) {
			c->hash[i] = f->ip6 ? compact_mix_ip(c->factor, c->hash[i], &f->c->ip[rows[i]]) : compact_mix(c->factor, c->hash[i], v[i]);
			c->state[i] |= here;
		} else if (column_mixed(f->c, rows[i])) {
			c->hash[i] = compact_mix(c->factor, c->hash[i], MIXED_SALT);
			c->state[i] |= (uint64_t)MIXED << 2 * p;
		}
	}
}

/* The keys of some rows, as the feeds have them; `bytes`: and not the hashes alone. */
static void
make_keys(struct compact *c, const struct feed *feeds, const uint32_t *rows, uint32_t n, bool bytes)
{
	begin_keys(c, n);
	for (unsigned p = 0; p < c->l.nparts; p++) {
		const struct compact_part *part = &c->l.part[p];
		const struct feed *f = &feeds[p];
		const uint64_t *v;

		if (f->c == NULL && f->d == NULL)
			continue;
		v = f->ip6 ? NULL : values(f, rows, n, c->room);
		mix_part(c, p, f, v, rows, n);
		if (bytes && part->width == 16)
			store_addresses(c, part, f, rows, n);
		else if (bytes && part->width > 0)
			store_keys(c, part, v, n);
	}
}

void
compact_hashes(struct aggr *a, const uint32_t *rows, uint32_t n, uint64_t *hash)
{
	struct compact *c = a->compact;

	for (uint32_t at = 0, m; at < n; at += m) {
		m = n - at < COMPACT_CHUNK ? n - at : COMPACT_CHUNK;
		make_keys(c, c->part, rows + at, m, false);
		memcpy(hash + at, c->hash, m * sizeof(hash[0]));
	}
}

uint64_t
compact_hash(const struct aggr *a, const uint8_t *key)
{
	uint64_t hash = a->seed, state;

	memcpy(&state, key, sizeof(state));
	for (unsigned p = 0; p < a->nparts; p++) {
		const struct part *part = &a->part[p];
		unsigned is = state >> 2 * p & 3;
		struct ip ip;

		if (is == HERE && part->width == 16) {
			memcpy(&ip, key + part->at, sizeof(ip));
			hash = compact_mix_ip(a->factor, hash, &ip);
		} else if (is != 0) {
			hash = compact_mix(a->factor, hash, is == MIXED ? MIXED_SALT : compact_number(key + part->at, part->width));
		}
	}
	return (hash);
}

/* --- room ---------------------------------------------------------------------------------------- */

static bool
zeros_change_nothing(const struct compact_cell *cell)
{
	return (cell->agg == AGG_SUM || cell->agg == AGG_MAX || cell->agg == AGG_OR);
}

/* What a chunk of n rows needs. */
static void
want_cells(const struct compact *c, const struct feed *feeds, uint32_t n, struct layout *want)
{
	for (unsigned i = 0; i < c->l.ncells; i++) {
		const struct feed *f = &feeds[i];
		struct compact_cell *cell = &want->cell[i];
		uint64_t most = f->most;

		if (f->c == NULL && f->d == NULL)
			continue;
		cell->seen = true;
		if (most == 0 && zeros_change_nothing(cell))
			continue;
		if (cell->agg == AGG_SUM)
			most = f->most > UINT32_MAX ? UINT64_MAX : cell->most + f->most * n;
		cell->width = most >= UINT32_MAX ? 8 : 4; /* the greatest is where MIN begins */
	}
}

static void
want_parts(const struct compact *c, const struct feed *feeds, struct layout *want)
{
	for (unsigned p = 0; p < c->l.nparts; p++) {
		const struct feed *f = &feeds[p];

		if (f->c == NULL && f->d == NULL)
			continue;
		want->part[p].seen = true;
		want->part[p].width = f->ip && !f->ip6 ? 4 : c->l.part[p].full;
	}
}

/* --- cells ------------------------------------------------------------------------------------- */

#define CELLS(name, type, expression)                                                                     \
	static uint64_t name(const struct compact *c, const struct compact_cell *cell, const uint64_t *v, uint32_t n) \
	{                                                                                                 \
		uint64_t most = 0;                                                                        \
		for (uint32_t i = 0; i < n; i++) {                                                        \
			type *x = (type *)(void *)(c->group[i] + cell->at);                               \
			uint64_t old = *x, in = v[i], now = expression;                                   \
			*x = (type)now;                                                                   \
			most = now > most ? now : most;                                                   \
		}                                                                                         \
		return (most);                                                                            \
	}

CELLS(sum4, uint32_t, old + in)
CELLS(sum8, uint64_t, saturating_sum(old, in))
CELLS(or4, uint32_t, old | in)
CELLS(or8, uint64_t, old | in)
CELLS(max4, uint32_t, in > old ? in : old)
CELLS(max8, uint64_t, in > old ? in : old)
CELLS(min4, uint32_t, in < old ? in : old)
CELLS(min8, uint64_t, in < old ? in : old)

typedef uint64_t (*cells_fn)(const struct compact *, const struct compact_cell *, const uint64_t *, uint32_t);

static const cells_fn kernels[][2] = {
	[AGG_SUM] = { sum4, sum8 }, [AGG_OR] = { or4, or8 }, [AGG_MAX] = { max4, max8 }, [AGG_MIN] = { min4, min8 } };

static void
put_cell(const struct compact_cell *cell, uint8_t *group, uint64_t v)
{
	if (cell->width == 4)
		*(uint32_t *)(void *)(group + cell->at) = (uint32_t)v;
	else
		*(uint64_t *)(void *)(group + cell->at) = v;
}

/* Values of which a group has one or none: what differs is mixed. */
static void
same_cells(struct compact *c, unsigned i, const struct feed *f, const uint64_t *v, const uint32_t *rows, uint32_t n)
{
	const struct compact_cell *cell = &c->l.cell[i];
	const uint64_t here = (uint64_t)HERE << cell_shift(i), mixed = (uint64_t)MIXED << cell_shift(i);

	for (uint32_t k = 0; k < n; k++) {
		uint64_t *state = compact_state(c->group[k]);

		if (!feed_has(f, rows[k])) {
			*state |= column_mixed(f->c, rows[k]) ? mixed : 0;
		} else if ((*state & here) != 0) {
			*state |= compact_number(c->group[k] + cell->at, cell->width) != v[k] ? mixed : 0;
		} else {
			put_cell(cell, c->group[k], v[k]);
			*state |= here;
		}
	}
}

/* Rows without one must not be the least. */
static void
least_of_some(struct compact *c, const struct compact_cell *cell, const struct feed *f, const uint64_t *v, const uint32_t *rows, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		if (feed_has(f, rows[k]) && v[k] < compact_number(c->group[k] + cell->at, cell->width))
			put_cell(cell, c->group[k], v[k]);
}

static void
merge_cell(struct compact *c, unsigned i, const struct feed *f, const uint32_t *rows, uint32_t n)
{
	struct compact_cell *cell = &c->l.cell[i];
	const uint64_t *v;
	uint64_t most;

	if (f->c == NULL && f->d == NULL)
		return;
	if (f->most == 0 && zeros_change_nothing(cell))
		return;
	v = values(f, rows, n, c->room);
	if (cell->agg == AGG_KEY || cell->agg == AGG_SAME) {
		same_cells(c, i, f, v, rows, n);
	} else if (cell->agg == AGG_MIN && !f->all) {
		least_of_some(c, cell, f, v, rows, n);
	} else {
		most = kernels[cell->agg][cell->width == 8](c, cell, v, n);
		cell->most = most > cell->most ? most : cell->most;
	}
}

/* What rows have, for the states of their groups. */
static void
state_cells(struct compact *c, const struct feed *feeds, const uint32_t *rows, uint32_t n)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < c->l.ncells; i++) {
		const struct feed *f = &feeds[i];
		uint64_t here = (uint64_t)HERE << cell_shift(i), mixed = (uint64_t)MIXED << cell_shift(i);

		if (c->l.cell[i].agg == AGG_KEY || c->l.cell[i].agg == AGG_SAME)
			continue; /* when they are merged */
		all |= f->all ? here : 0;
		for (uint32_t k = 0; !f->all && f->c != NULL && k < n; k++)
			c->state[k] |= column_has(f->c, rows[k]) ? here : column_mixed(f->c, rows[k]) ? mixed : 0;
	}
	for (uint32_t k = 0; k < n; k++)
		c->state[k] |= all;
}

/* --- rows -------------------------------------------------------------------------------------- */

/* The groups of keys that were made. */
static void
find_groups(struct compact *c, uint32_t n)
{
	const size_t mask = c->slots - 1;

	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(&c->slot[(c->hash[i] >> 32) & mask]);
	for (uint32_t i = 0; i < n; i++) {
		const struct slot *s = &c->slot[(c->hash[i] >> 32) & mask];

		if (s->tag == (uint32_t)(c->hash[i] >> 32) && s->group != 0)
			__builtin_prefetch(compact_at(c, s->group - 1), 1);
	}
	for (uint32_t i = 0; i < n; i++)
		c->group[i] = compact_make(c, c->hash[i], c->state[i], c->key + (size_t)i * c->l.keylen, &c->number[i]);
}

/* Where the key is one address, by number: groups of numbers that came before are known. */
static void
find_codes(struct compact *c, const uint32_t *rows, uint32_t n)
{
	const struct narrow *num = &c->codes->d->num;
	uint32_t code[COMPACT_CHUNK], fresh[COMPACT_CHUNK], k = 0;

	if (rows[n - 1] - rows[0] == n - 1)
		narrow_widen(num, rows[0], n, c->room);
	else
		for (uint32_t i = 0; i < n; i++)
			c->room[i] = narrow_at(num, rows[i]);
	for (uint32_t i = 0; i < n; i++) {
		code[i] = (uint32_t)c->room[i];
		if (c->met[code[i]] == 0) {
			c->met[code[i]] = UINT32_MAX; /* soon */
			fresh[k++] = rows[i];
		}
	}
	if (k > 0) {
		make_keys(c, c->part, fresh, k, true);
		find_groups(c, k);
	}
	for (uint32_t i = 0; i < k; i++)
		c->met[narrow_at(num, fresh[i])] = c->number[i] + 1;
	for (uint32_t i = 0; i < n; i++) {
		c->group[i] = compact_at(c, c->met[code[i]] - 1);
		__builtin_prefetch(c->group[i], 1);
	}
	memset(c->state, 0, n * sizeof(c->state[0]));
}

/* Rows into their groups. */
static void
merge_all(struct compact *c, const struct feed *feeds, const uint32_t *rows, uint32_t n)
{
	state_cells(c, feeds, rows, n);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t *first = compact_first(c->group[i]);

		*first = c->first[i] < *first ? c->first[i] : *first;
		*compact_state(c->group[i]) |= c->state[i];
	}
	for (unsigned i = 0; i < c->l.ncells; i++)
		merge_cell(c, i, &feeds[i], rows, n);
}

/* Their places, and which are traffic. */
static void
note_rows(struct compact *c, const struct aggr *of, const struct batch *b, const uint32_t *rows, uint32_t n)
{
	const uint64_t all = of->compact->traffic == TRAFFIC_ALL ? COMPACT_TRAFFIC : 0;

	for (uint32_t i = 0; i < n; i++) {
		c->first[i] = place_of(of, rows[i]);
		c->state[i] |= all;
	}
	for (uint32_t i = 0; of->compact->traffic == TRAFFIC_SOME && i < n; i++)
		c->state[i] |= is_traffic(b, rows[i]) ? COMPACT_TRAFFIC : 0;
}

void
compact_rows(struct aggr *a, const struct aggr *of, const struct batch *b, const uint32_t *rows, uint32_t n)
{
	struct compact *c = a->compact;
	const struct compact *from = of->compact;

	for (uint32_t at = 0, m; at < n; at += m) {
		struct layout want = c->l;

		m = n - at < COMPACT_CHUNK ? n - at : COMPACT_CHUNK;
		want_parts(c, from->part, &want);
		want_cells(c, from->cell, m, &want);
		compact_lay(c, &want);
		if (c == from && c->codes != NULL) {
			find_codes(c, rows + at, m);
		} else {
			make_keys(c, from->part, rows + at, m, true);
			find_groups(c, m);
		}
		note_rows(c, of, b, rows + at, m);
		merge_all(c, from->cell, rows + at, m);
	}
}

/* --- rows whose keys are known ------------------------------------------------------------------- */

/* Where a part comes out of the key, the key must have what the row has. */
static bool
key_holds(const struct part *part, unsigned p, const uint8_t *key, const struct column *c, uint32_t r)
{
	uint64_t state;
	unsigned is;

	memcpy(&state, key, sizeof(state));
	is = column_has(c, r) ? HERE : column_mixed(c, r) ? MIXED : 0;
	return (is == (state >> 2 * p & 3) && (is != HERE || c->u[r] == compact_number(key + part->at, part->width)));
}

static bool
keys_hold(const struct aggr *a, const struct batch *b, const struct known *known, uint32_t n)
{
	const struct layout *l = &a->compact->l;
	bool hold = true;

	for (unsigned p = 0; p < l->nparts; p++)
		for (uint32_t i = 0; l->part[p].held && l->part[p].full < 8 && i < n && hold; i++)
			hold = key_holds(&a->part[p], p, known[i].key, b->col[l->part[p].field], known[i].row);
	return (hold);
}

static void
want_known(const struct aggr *a, const struct known *known, uint32_t n, struct layout *want)
{
	for (unsigned p = 0; p < a->nparts; p++)
		for (uint32_t i = 0; i < n; i++) {
			uint8_t width = (uint8_t)a->part[p].width;
			uint64_t state;
			struct ip ip;

			memcpy(&state, known[i].key, sizeof(state));
			want->part[p].seen |= (state >> 2 * p & 3) != 0;
			if ((state >> 2 * p & 3) != HERE)
				continue;
			if (width == 16) {
				memcpy(&ip, known[i].key + a->part[p].at, sizeof(ip));
				width = ip_is4(&ip) ? 4 : 16;
			}
			if (width > want->part[p].width)
				want->part[p].width = width;
		}
}

static void
copy_key(const struct aggr *a, const uint8_t *key, uint8_t *to, uint64_t *state)
{
	const struct layout *l = &a->compact->l;

	memcpy(state, key, sizeof(*state));
	*state &= COMPACT_KEY;
	for (unsigned p = 0; p < l->nparts; p++) {
		const uint8_t *from = key + a->part[p].at;

		if ((*state >> 2 * p & 3) == HERE)
			memcpy(to + l->part[p].at - COMPACT_HEAD, a->part[p].width == 16 && l->part[p].width == 4 ? from + 12 : from,
			       l->part[p].width);
	}
}

bool
compact_known(struct aggr *a, const struct batch *b, const struct known *known, uint32_t n)
{
	struct compact *c = a->compact;
	uint32_t rows[COMPACT_CHUNK];

	if (!keys_hold(a, b, known, n))
		return (false);
	for (unsigned i = 0; i < c->l.ncells; i++)
		open_numbers(&c->cell[i], (struct batch *)(uintptr_t)b, c->l.cell[i].field);
	for (uint32_t at = 0, m; at < n; at += m) {
		struct layout want = c->l;

		m = n - at < COMPACT_CHUNK ? n - at : COMPACT_CHUNK;
		want_known(a, known + at, m, &want);
		want_cells(c, c->cell, m, &want);
		compact_lay(c, &want);
		begin_keys(c, m);
		for (uint32_t i = 0; i < m; i++) {
			const struct known *k = &known[at + i];

			rows[i] = k->row;
			c->first[i] = k->first;
			c->hash[i] = k->hash;
			copy_key(a, k->key, c->key + (size_t)i * c->l.keylen, &c->state[i]);
			c->state[i] |= k->traffic ? COMPACT_TRAFFIC : 0;
		}
		find_groups(c, m);
		merge_all(c, c->cell, rows, m);
	}
	return (true);
}
