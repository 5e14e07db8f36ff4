/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_key.c: the keys of rows as bytes, and which way a row points.  Test: tests/unit/ra-tools/query/test_aggr.c.
 */
#include "ra-tools/query/aggr_room.h"

/* --- orientation ------------------------------------------------------------------------------- */

static int
compare_addresses(const struct column *s, const struct column *d, uint32_t r)
{
	return (column_has(s, r) && column_has(d, r) ? ip_cmp(&s->ip[r], &d->ip[r]) : 0);
}

static int
compare_numbers(const struct column *s, const struct column *d, uint32_t r)
{
	return (column_has(s, r) && column_has(d, r) ? (s->u[r] > d->u[r]) - (s->u[r] < d->u[r]) : 0);
}

/* 1: the source is the higher endpoint, so this row points the other way than the canonical key. */
static uint8_t
row_turned(const struct aggr *a, const struct batch *b, uint32_t r)
{
	int c = compare_addresses(b->col[F_saddr], b->col[F_daddr], r);

	if (c == 0)
		c = compare_numbers(b->col[F_skmac], b->col[F_dkmac], r);
	if (c == 0 && a->ports)
		c = compare_numbers(b->col[F_sport], b->col[F_dport], r);
	return (c > 0);
}

/* --- keys -------------------------------------------------------------------------------------- */

/* The bytes of a value in the key; c is NULL: there is none. */
static inline void
key_put(uint8_t *to, const struct column *c, uint32_t r, unsigned width)
{
	static const struct ip none;
	uint64_t v = c == NULL || width == 16 ? 0 : c->u[r];

	if (width == 16)
		memcpy(to, c == NULL ? &none : &c->ip[r], 16);
	else if (width == 8)
		memcpy(to, &v, 8);
	else if (width == 4)
		memcpy(to, &(uint32_t){ (uint32_t)v }, 4);
	else
		memcpy(to, &(uint16_t){ (uint16_t)v }, 2);
}

static inline void
add_state(uint8_t *key, unsigned p, uint64_t state)
{
	*(uint64_t *)(void *)key |= state << (2 * p);
}

static void
key_values(struct aggr *a, const struct batch *b, unsigned p, const uint32_t *rows, uint32_t n)
{
	const struct part *part = &a->part[p];
	const struct column *plain = b->col[part->field], *twin = b->col[part->twin];
	uint8_t *key = a->keybuf;

	if (plain == NULL && twin == NULL) {
		for (uint32_t i = 0; i < n; i++, key += a->keylen)
			key_put(key + part->at, NULL, 0, part->width);
		return;
	}
	for (uint32_t i = 0; i < n; i++, key += a->keylen) {
		const struct column *c = a->turned[i] ? twin : plain;
		bool has = column_has(c, rows[i]);

		key_put(key + part->at, has ? c : NULL, rows[i], part->width);
		if (has)
			add_state(key, p, HERE);
		else if (column_mixed(c, rows[i]))
			add_state(key, p, MIXED);
	}
}

/* A text is in the key as its hash: 64 bits with a secret seed.  Rows of a block with the same text, such as the probe of
 * a file, have the same bytes, which are hashed once. */
static void
key_texts(struct aggr *a, const struct batch *b, unsigned p, const uint32_t *rows, uint32_t n)
{
	const struct part *part = &a->part[p];
	const struct column *plain = b->col[part->field], *twin = b->col[part->twin];
	const size_t at = part->at, keylen = a->keylen;
	const uint64_t seed = a->seed, here = (uint64_t)HERE << (2 * p);
	uint8_t *key = a->keybuf;
	const uint8_t *last = NULL;
	uint64_t hash = 0;
	uint32_t len = 0;

	for (uint32_t i = 0; i < n; i++, key += keylen) {
		const struct column *c = plain == twin || !a->turned[i] ? plain : twin;
		const struct blob *text;

		if (!column_has(c, rows[i])) {
			memset(key + at, 0, sizeof(hash));
			add_state(key, p, column_mixed(c, rows[i]) ? MIXED : 0);
			continue;
		}
		text = &c->b[rows[i]];
		if (text->p != last || text->n != len || last == NULL) {
			last = text->p;
			len = text->n;
			hash = hash64(last, len, seed);
		}
		memcpy(key + at, &hash, sizeof(hash));
		*(uint64_t *)(void *)key |= here;
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

static bool
some_lack(const struct batch *b, const struct column *ip)
{
	for (size_t w = 0; w < BITS_WORDS(b->rows); w++) {
		if ((batch_selected_word(b, w) & ~(ip->present[w] | (ip->mixed != NULL ? ip->mixed[w] : 0))) != 0)
			return (true);
	}
	return (false);
}

/* Hardware addresses are keys only where there are no network addresses: not even as "differs". */
static void
derive_mac(struct batch *b, enum field mac, const struct column *ip)
{
	struct column *c;

	if (ip != NULL && !some_lack(b, ip))
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

/* --- both ends ----------------------------------------------------------------------------------- */

static bool
same_cell(const struct column *a, const struct column *b, uint32_t r)
{
	union value x, y;

	if (column_has(a, r) != column_has(b, r) || column_mixed(a, r) != column_mixed(b, r))
		return (false);
	if (!column_has(a, r))
		return (true);
	x = column_value(a, r);
	y = column_value(b, r);
	if (a->store == STORE_IP)
		return (ip_cmp(&x.ip, &y.ip) == 0);
	if (a->store == STORE_BLOB)
		return (x.b.n == y.b.n && memcmp(x.b.p, y.b.p, x.b.n) == 0);
	return (x.u == y.u);
}

static bool
same_ends(const struct aggr *a, const struct batch *b, uint32_t r)
{
	for (unsigned p = 0; p < a->nparts; p++) {
		enum field f = a->part[p].field, twin = key_twin(f);

		if (twin != f && !same_cell(b->col[f], b->col[twin], r))
			return (false);
	}
	return (true);
}

/* What says which side did something is not of one end. */
static bool
is_of_both(enum field f)
{
	return (fields[f].type == TYPE_SIDES || fields[f].type == TYPE_HISTORY || fields[f].type == TYPE_CONN);
}

void
key_end_rows(const struct aggr *a, struct batch *half, struct batch *b, bool destination)
{
	for (unsigned p = 0; p < a->nparts; p++) {
		struct part twin = a->part[p];

		twin.field = key_twin(twin.field);
		mask_column(b, &a->part[p]);
		mask_column(b, &twin);
	}
	batch_reset(half);
	half->cap = half->rows = b->rows;
	for (enum field f = 0; f < F_STORED; f++)
		if (!is_of_both(f))
			half->col[f] = b->col[destination ? fields[f].twin : f];
	half->sel = arena_zero(&half->arena, BITS_WORDS(b->rows) * 8);
	for (uint32_t r = 0; r < b->rows; r++)
		if (batch_selected(b, r) && !(destination && same_ends(a, b, r)))
			bit_set(half->sel, r);
}

/* --- of a batch, of rows ------------------------------------------------------------------------ */

static bool
is_text(enum field f)
{
	return (fields[f].store == STORE_BLOB);
}

static void
lay_out(struct aggr *a, const struct keys *k, bool texts, unsigned width)
{
	for (unsigned i = 0; i < k->n; i++) {
		enum field f = k->part[i].field;

		if (types[fields[f].type].bytes != width || is_text(f) != texts)
			continue;
		a->part[i] = (struct part){ f,
					    a->turn ? key_twin(f) : f,
					    k->part[i].mask4,
					    k->part[i].mask6,
					    (uint16_t)a->keylen,
					    (uint16_t)width };
		a->keylen += width;
	}
}

void
key_layout(struct aggr *a, const struct keys *k)
{
	a->keylen = 8;
	a->nparts = k->n;
	for (unsigned width = 16; width > 1; width /= 2) /* wide ones first, so that all are aligned */
		lay_out(a, k, false, width);
	a->keylen = a->plainlen = (a->keylen + 7) & ~(size_t)7;
	lay_out(a, k, true, 8);
}

void
key_batch(const struct aggr *a, struct batch *b)
{
	for (unsigned p = 0; p < a->nparts; p++)
		mask_column(b, &a->part[p]);
	derive_macs(a, b);
}

void
key_rows(struct aggr *a, const struct batch *b, const uint32_t *rows, uint32_t n)
{
	uint8_t *key = a->keybuf;

	for (uint32_t i = 0; i < n; i++, key += a->keylen) {
		a->turned[i] = a->turn ? row_turned(a, b, rows[i]) : 0;
		*(uint64_t *)(void *)key = a->turned[i] ? turned_bit(a) : 0;
	}
	for (unsigned p = 0; p < a->nparts; p++)
		(is_text(a->part[p].field) ? key_texts : key_values)(a, b, p, rows, n);
	key = a->keybuf;
	for (uint32_t i = 0; i < n; i++, key += a->keylen) {
		a->hash[i] = key_hash(a, key);
		__builtin_prefetch(&a->table[(uint32_t)(a->hash[i] >> 32) & a->mask]);
	}
}
