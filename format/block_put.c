/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_put.c: a batch as the bytes of a block: the encoding of its columns, the dictionary of addresses, compression,
 * membership.  Test: test_block.c.
 */
#include "format/block_encoding.h"

#include "format/base/hash.h"
#include "format/base/vector.h"
#include "format/dictionary.h"
#include "format/formula.h"
#include "format/ids.h"
#include "format/member.h"

#include <lz4.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#include <stdlib.h>
#include <string.h>

#define ALT_SAMPLE 1024 /* values: of fewer all are tried */

/* --- sections */

#ifdef HAVE_ZSTD
/* The same with Zstandard, for columns. */
static const struct buf *
squeeze_hard(struct blocks *k, const struct buf *body, struct buf *packed, size_t most, uint8_t *codec)
{
	size_t n;

	packed->len = 0;
	n = ZSTD_compress2(k->zstd, buf_room(packed, most), most, body->p, body->len);
	if (ZSTD_isError(n)) /* it does not fit into `most` */
		return (body);
	packed->len = n;
	*codec = 2;
	return (packed);
}
#endif

/* Compress what is in `body`, if that saves 3 %, into `packed`; which of the two to store. */
static const struct buf *
squeeze(struct blocks *k, const struct buf *body, struct buf *packed, uint8_t *codec)
{
	int most = (int)(body->len - body->len / 32 - 1), n;

	*codec = 0;
	if (body->len < 32)
		return (body);
#ifdef HAVE_ZSTD
	if (k->zstd != NULL && k->columns)
		return (squeeze_hard(k, body, packed, (size_t)most, codec));
#endif
	packed->len = 0;
	LZ4_resetStream_fast(k->lz4); /* nothing of what was compressed before is referred to */
	n = LZ4_compress_fast_continue(k->lz4, (const char *)body->p, (char *)buf_room(packed, (size_t)most),
	    (int)body->len, most, 1);
	if (n <= 0)
		return (body);
	packed->len = (size_t)n;
	*codec = 1;
	return (packed);
}

/* Append a section; what the directory says of it. */
static struct dir_section
put_section(struct blocks *k, const struct buf *stored, uint8_t codec, size_t raw)
{
	struct dir_section s = { codec, (uint32_t)stored->len, (uint32_t)raw,
		(uint32_t)hash64(stored->p, stored->len, 0) };

	meta_put_head(&k->sections, s.size);
	buf_add(&k->sections, stored->p, stored->len);
	return (s);
}

struct dir_section
put_body(struct blocks *k)
{
	uint8_t codec;
	const struct buf *stored = squeeze(k, &k->body, &k->packed[0], &codec);

	return (put_section(k, stored, codec, k->body.len));
}

/* --- columns */

/* What is left of values if others are taken off, which may lie where it goes. */
WIDE static void
take_off(const uint64_t *v, const uint64_t *o, uint32_t n, uint64_t *to)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = zigzag(v[i] - o[i]);
}

static void
put_numbers(struct blocks *k, const struct plan *plan, enum coding code, const uint64_t *v, uint32_t n, bool nested,
    struct buf *out)
{
	(nested ? u64_put_nested : u64_put)(k->coder, plan, code, v, n, out);
}

/* May the other encoding be smaller, once compressed, than `stored` bytes?  By what some rows in the middle take. */
static bool
alt_may_win(struct blocks *k, const struct plan *plan, const uint64_t *v, uint32_t n, size_t stored)
{
	const uint32_t some = n / 8;
	uint8_t codec;

	if (plan->alt == CODE_NONE || some < ALT_SAMPLE)
		return (plan->alt != CODE_NONE);
	k->tries.len = 0;
	u64_put(k->coder, plan, plan->alt, v + n / 2, some, &k->tries);
	return (squeeze(k, &k->tries, &k->packed[1], &codec)->len * 7 < stored);
}

/* Body of the column in an encoding, then perhaps in the one that LZ4 likes better: the smaller is kept. */
void
put_smaller(struct encoding *e, struct outgoing *w, const struct plan *plan, const uint64_t *v, uint32_t n, bool nested)
{
	struct blocks *k = e->k;
	enum coding code = plan->best;
	const struct buf *stored;
	uint8_t codec, alt_codec;
	size_t head = k->body.len, raw; /* head: what lies before the numbers */

	put_numbers(k, plan, code, v, n, nested, &k->body);
	raw = k->body.len;
	stored = squeeze(k, &k->body, &k->packed[0], &codec);
	if (alt_may_win(k, plan, v, n, stored->len - (codec == 0 ? head : 0))) {
		const struct buf *alt;

		k->tries.len = 0;
		buf_add(&k->tries, k->body.p, head);
		put_numbers(k, plan, plan->alt, v, n, nested, &k->tries);
		alt = squeeze(k, &k->tries, &k->packed[1], &alt_codec);
		if (alt->len < stored->len) {
			stored = alt;
			codec = alt_codec;
			raw = k->tries.len;
			code = plan->alt;
		}
	}
	if (!nested)
		w->dir.code = (uint8_t)code;
	w->dir.at = put_section(k, stored, codec, raw);
}

/* Which of the first n values do not repeat what the last row like them had, into k->others; more than `most`: too many, or
 * there is no column of what they would be like. */
static uint32_t
not_like(struct encoding *e, struct outgoing *w, const uint64_t *v, uint32_t n, uint32_t most)
{
	struct blocks *k = e->k;
	const uint16_t *like = fields[w->f].like;
	const uint64_t *a = rows_beside(e, w->set, like[0] - 1, n, 0), *b = NULL;

	if (a == NULL || (like[1] != 0 && (b = rows_beside(e, w->set, like[1] - 1, n, 1)) == NULL))
		return (most + 1);
	return (like_others(k->like, a, b, v, n, most, k->others));
}

/* The same of all of the column's values, once, if it is not too many of those looked at first. */
static uint32_t
unlike(struct encoding *e, struct outgoing *w, const uint64_t *v, bool certain)
{
	const uint32_t most = w->n / 4 * 3, few = certain ? LIKE_SAMPLE / 8 : LIKE_SAMPLE / 8 * 7;

	if (e->liked == w)
		return (e->unlike);
	if (w->n > 2 * LIKE_SAMPLE && not_like(e, w, v, LIKE_SAMPLE, few) > few)
		return (UINT32_MAX);
	e->liked = w;
	e->unlike = not_like(e, w, v, w->n, most);
	if (e->unlike > most)
		e->unlike = UINT32_MAX;
	return (e->unlike);
}

/* A column whose rows repeat what the last row like them had.  false: it is none, or that would not be clearly less than
 * `bytes`, or it is not `certain` from some of its rows; *other: then the coder's memory is of other values. */
static bool
put_like(struct encoding *e, struct outgoing *w, const uint64_t *v, uint64_t bytes, bool certain, bool *other)
{
	struct blocks *k = e->k;
	const uint16_t *like = fields[w->f].like;
	uint32_t others, n = 0;
	struct plan rest;
	enum set_kind kind;

	if (like[0] == 0 || (others = unlike(e, w, v, certain)) == UINT32_MAX || (certain && others > bytes))
		return (false);
	for (size_t i = bits_next(k->others, 0, w->n); i < w->n; i = bits_next(k->others, i + 1, w->n))
		k->residue[n++] = v[i];
	k->tries.len = 0;
	kind = set_put(k->others, w->n, &k->tries);
	rest = u64_plan(k->coder, k->residue, others);
	*other = true;
	if ((rest.bytes + k->tries.len) / 8 * 9 + 8 > bytes)
		return (false);
	buf_varint(&k->body, others);
	buf_u8(&k->body, (uint8_t)kind);
	buf_varint(&k->body, k->tries.len);
	buf_add(&k->body, k->tries.p, k->tries.len);
	w->dir.code = CODE_LIKE;
	for (unsigned i = 0; i < 2 && like[i] != 0; i++)
		w->dir.more[w->dir.nmore++] = fields[like[i] - 1].id;
	put_smaller(e, w, &rest, k->residue, others, true);
	return (true);
}

/* A column of ids that follow from their rows but for a few.  false: it is none, or that would not save much. */
static bool
put_ids(struct encoding *e, struct outgoing *w, const uint64_t *v)
{
	struct blocks *k = e->k;
	const struct id_rows rows = { e->b, w->set->bits, e->row, e->rows, w->n, k->seed };
	enum id_formula formula = fields[w->f].ids;
	uint32_t *at, others, last = 0;
	struct plan plan;

	if (formula == ID_NONE)
		return (false);
	at = arena_alloc(&k->arena, w->n * sizeof(*at));
	others = fieldset_has(&e->b->made, w->f) ? 0 : id_others(formula, &rows, v, at, w->n / 2, &k->arena);
	if (others > w->n / 2)
		return (false);
	buf_varint(&k->body, others);
	for (uint32_t i = 0; i < others; i++) {
		buf_varint(&k->body, at[i] - last);
		last = at[i] + 1;
		k->residue[i] = v[at[i]];
	}
	w->dir.code = CODE_ID;
	w->dir.more[w->dir.nmore++] = formula;
	if (others == 0) {
		w->dir.at = put_body(k);
		return (true);
	}
	plan = u64_plan(k->coder, k->residue, others);
	u64_put_nested(k->coder, &plan, plan.best, k->residue, others, &k->body);
	w->dir.at = put_body(k);
	return (true);
}

/* What is left of the first n values if those of the field that they are near to, or of their formula, are taken off; in
 * k->residue.  NULL: there is none, or it is not in all of their rows. */
static const uint64_t *
left_over(struct encoding *e, struct outgoing *w, bool made, const uint64_t *v, uint32_t n)
{
	struct blocks *k = e->k;
	const uint64_t *from[FORMULA_FIELDS] = { NULL };
	enum field near = fields[w->f].near;

	if (!made) {
		if (near == F_NONE || e->b->col[near] == NULL || !rows_within(e, w->set, near))
			return (NULL);
		take_off(v, rows_gather(e, e->b->col[near], w->set, n, k->residue), n, k->residue);
		return (k->residue);
	}
	for (unsigned i = 0; i < formula_fields(fields[w->f].formula); i++)
		if ((from[i] = rows_beside(e, w->set, fields[w->f].made[i], n, i)) == NULL)
			return (NULL);
	formula_fill(fields[w->f].formula, k->like, from, n, k->residue);
	take_off(v, k->residue, n, k->residue);
	return (k->residue);
}

/* Are some values all the same? */
static bool
same(const uint64_t *v, uint32_t n)
{
	return (memcmp(v, v + 1, (n - 1) * sizeof(*v)) == 0);
}

/* A column that is nearly another one, or nearly a formula of others.  As put_like(), but what is left may be `certain` to be
 * (nearly) always the same: then a look at some of it is enough to know that it is not. */
static bool
put_left_over(struct encoding *e, struct outgoing *w, bool made, const uint64_t *v, uint64_t bytes, bool certain, bool *other)
{
	struct blocks *k = e->k;
	enum formula formula = fields[w->f].formula;
	const uint64_t *x;
	struct plan rest;

	if (made && formula_fields(formula) == 0)
		return (false);
	if (certain && w->n > 64 && ((x = left_over(e, w, made, v, 64)) == NULL || !same(x, 64)))
		return (false);
	if ((x = left_over(e, w, made, v, w->n)) == NULL)
		return (false);
	*other = true;
	if (!u64_plan_easy(k->coder, x, w->n, &rest)) {
		if (certain)
			return (false);
		u64_plan_others(k->coder, x, w->n, bytes, &rest);
	}
	if (rest.bytes + rest.bytes / 16 + 4 >= bytes)
		return (false);
	w->dir.code = made ? CODE_MADE : CODE_DIFF;
	if (made)
		w->dir.more[w->dir.nmore++] = formula;
	for (unsigned i = 0; made && i < formula_fields(formula); i++)
		w->dir.more[w->dir.nmore++] = fields[fields[w->f].made[i]].id;
	if (!made)
		w->dir.more[w->dir.nmore++] = fields[fields[w->f].near].id;
	put_smaller(e, w, &rest, x, w->n, true);
	return (true);
}

/* As planned; *plan is of these values, and the coder's memory too, unless it is of other ones by now. */
static void
put_planned(struct encoding *e, struct outgoing *w, struct plan *plan, const uint64_t *v, bool nested, bool other)
{
	if (other && plan->best == CODE_DICT)
		*plan = u64_plan(e->k->coder, v, w->n);
	if (other)
		plan->listed = 0;
	put_smaller(e, w, plan, v, w->n, nested);
}

static void
span_of(const uint64_t *v, uint32_t n, struct outgoing *w)
{
	uint64_t min, max;

	u64_span(v, n, &min, &max);
	w->dir.min = (struct dir_value){ .is = true, .u = min };
	w->dir.max = (struct dir_value){ .is = true, .u = max };
}

/* A column that is not nearly constant, if what other columns have tells so much of it that its own encoding need not be
 * planned: whatever that is, it takes two bytes for each 128 rows. */
static bool
put_certain(struct encoding *e, struct outgoing *w, const uint64_t *v)
{
	uint64_t bytes = w->n / 64;
	bool other;

	if (bytes < 16)
		return (false);
	if (put_left_over(e, w, true, v, bytes, true, &other) || put_left_over(e, w, false, v, bytes, true, &other)) {
		span_of(v, w->n, w);
		return (true);
	}
	if (!put_like(e, w, v, bytes, true, &other))
		return (false);
	span_of(e->k->residue, e->unlike, w); /* these are all values that there are */
	return (true);
}

static void
put_u64(struct encoding *e, struct outgoing *w)
{
	struct blocks *k = e->k;
	const uint64_t *v;
	struct plan plan;
	bool easy, other = false; /* other: the coder has planned other values since */

	if (w->c->zeros) {
		w->dir.code = CODE_CONST;
		w->dir.min = w->dir.max = (struct dir_value){ .is = true };
		return;
	}
	v = rows_gather(e, w->c, w->set, w->n, k->gathered);
	k->body.len = 0;
	if (put_ids(e, w, v)) {
		span_of(v, w->n, w);
		return;
	}
	easy = u64_plan_easy(k->coder, v, w->n, &plan);
	if (!easy && put_certain(e, w, v))
		return;
	if (!easy)
		u64_plan_others(k->coder, v, w->n, UINT64_MAX, &plan);
	w->dir.min = (struct dir_value){ .is = true, .u = plan.min };
	w->dir.max = (struct dir_value){ .is = true, .u = plan.max };
	if (plan.best == CODE_CONST) {
		w->dir.code = CODE_CONST;
		return;
	}
	if (plan.bytes >= 16 + w->n / 8 &&
	    (put_like(e, w, v, plan.bytes, false, &other) ||
		put_left_over(e, w, true, v, plan.bytes, false, &other)))
		return;
	if (plan.bytes > 16 && put_left_over(e, w, false, v, plan.bytes, false, &other))
		return;
	put_planned(e, w, &plan, v, false, other);
}

/* --- addresses */

/* The distinct addresses of all address columns, sorted. */
static void
make_dictionary(struct encoding *e, const struct outgoing *work, size_t nwork, struct dictionary *d)
{
	uint32_t cells = 0;

	for (size_t i = 0; i < nwork; i++)
		if (work[i].c->store == STORE_IP)
			cells += work[i].n;
	dictionary_begin(d, &e->k->arena, cells, e->k->seed);
	for (size_t i = 0; i < nwork; i++) {
		const struct outgoing *w = &work[i];

		if (w->c->store == STORE_IP)
			dictionary_add(d, w->c->ip, rows_list(e, w->set), w->n);
	}
	dictionary_end(d);
}

/* IPv4 in pieces that the coder takes: more than CODER_MAX distinct ones are rare but possible. */
static void
put_addresses(struct encoding *e, const struct dictionary *d)
{
	struct blocks *k = e->k;

	e->d.n4 = d->n4;
	e->d.n6 = d->n - d->n4;
	k->body.len = 0;
	for (uint32_t i = 0; i < d->n4; i += CODER_MAX) {
		uint32_t n = d->n4 - i < CODER_MAX ? d->n4 - i : CODER_MAX;
		struct plan plan;

		for (uint32_t j = 0; j < n; j++)
			k->index[j] = d->v4[i + j] >> 32;
		plan = u64_plan(k->coder, k->index, n);
		u64_put_nested(k->coder, &plan, plan.best, k->index, n, &k->body);
	}
	buf_add(&k->body, d->ip + d->n4, (size_t)e->d.n6 * sizeof(struct ip));
	e->d.addr = put_body(k);
}

static struct dir_value
address_value(const struct ip *ip)
{
	struct dir_value v = { .is = true };

	v.bytes.n = ip_is4(ip) ? 4 : 16;
	v.bytes.p = ip->b + 16 - v.bytes.n;
	return (v);
}

static void
put_ip(struct encoding *e, struct outgoing *w, struct dictionary *d)
{
	struct blocks *k = e->k;
	const struct ip *min, *max;
	struct plan plan;
	bool others = false;

	dictionary_next(d, k->index, w->n);
	plan = u64_plan(k->coder, k->index, w->n);
	min = &d->ip[plan.min];
	max = &d->ip[plan.max];
	for (uint32_t i = 0; plan.min < d->n4 && plan.max >= d->n4 && i < w->n; i++) { /* both families */
		const struct ip *ip = &d->ip[k->index[i]];

		min = ip_cmp(ip, min) < 0 ? ip : min;
		max = ip_cmp(ip, max) > 0 ? ip : max;
	}
	w->dir.min = address_value(min);
	w->dir.max = address_value(max);
	e->place[w->f] = rows_places(e, w->set, k->index);
	w->dir.code = plan.best == CODE_CONST ? CODE_CONST : CODE_INDEX;
	if (plan.best == CODE_CONST)
		return;
	k->body.len = 0;
	if (plan.bytes >= 16 + w->n / 8 && put_like(e, w, k->index, plan.bytes, false, &others))
		return;
	put_planned(e, w, &plan, k->index, true, others);
}

/* --- membership */

#define MEMBER_SHARE 50 /* filters may be this part of a block: 2 % */

static bool
put_member(struct encoding *e, enum member what, const uint64_t *hash, uint32_t n, size_t room)
{
	uint32_t size = member_size(n);
	uint8_t *filter;

	if (n == 0 || META_HEAD + (size_t)size > room)
		return (false);
	filter = arena_zero(&e->k->arena, size);
	for (uint32_t i = 0; i < n; i++)
		member_add(filter, size, hash[i]);
	meta_put_head(&e->k->sections, size);
	buf_add(&e->k->sections, filter, size);
	e->d.member[e->d.nmember++] =
	    (struct dir_member){ what, MEMBER_KIND, size, (uint32_t)hash64(filter, size, 0) };
	return (true);
}

static uint32_t
hash_addresses(struct encoding *e, const struct dictionary *d, uint64_t *hash)
{
	for (uint32_t i = 0; i < d->n; i++)
		hash[i] = member_hash_ip(&d->ip[i]);
	(void)e;
	return (d->n);
}

/* Distinct values of the columns that a filter is of; `most`: more of them would take too much room. */
static uint32_t
hash_numbers(struct encoding *e, enum member what, const struct outgoing *work, size_t nwork, uint64_t *hash, uint32_t most)
{
	uint32_t slots = 64, n = 0;
	uint64_t *slot;

	while (slots < 2 * most)
		slots *= 2;
	slot = arena_zero(&e->k->arena, slots * sizeof(*slot));
	for (size_t i = 0; i < nwork; i++) {
		const struct outgoing *w = &work[i];
		const uint64_t *v;
		uint64_t last = 0;

		if (w->n == 0 || fields[w->f].member != what)
			continue;
		v = rows_gather(e, w->c, w->set, w->n, e->k->gathered);
		for (uint32_t r = 0; r < w->n; r++) {
			uint64_t h;
			uint32_t s;

			if (v[r] == last && n > 0)
				continue;
			last = v[r];
			h = member_hash(last);
			for (s = (uint32_t)(h >> 20) & (slots - 1); slot[s] != 0 && slot[s] != h;)
				s = (s + 1) & (slots - 1);
			if (slot[s] == h && h != 0)
				continue;
			if (n == most)
				return (0);
			slot[s] = h;
			hash[n++] = h;
		}
	}
	return (n);
}

/* Only where it costs little: small blocks are as quickly read. */
static void
put_members(struct encoding *e, const struct outgoing *work, size_t nwork, const struct dictionary *dict)
{
	size_t room = e->k->sections.len / MEMBER_SHARE;
	uint32_t most = room < MEMBER_MAX ? (uint32_t)room : MEMBER_MAX;
	uint64_t *hash;

	if (room < MEMBER_BLOCK + META_HEAD)
		return;
	hash = arena_alloc(&e->k->arena, ((size_t)most + 1) * sizeof(*hash));
	e->d.member = arena_zero(&e->k->arena, MEMBERS * sizeof(*e->d.member));
	for (enum member m = 0; m < MEMBERS; m++) {
		uint32_t n = 0;

		if (m != MEMBER_ADDR)
			n = hash_numbers(e, m, work, nwork, hash, most);
		else if (dict != NULL && dict->n <= most)
			n = hash_addresses(e, dict, hash);
		if (put_member(e, m, hash, n, room))
			room -= META_HEAD + e->d.member[e->d.nmember - 1].size;
	}
}

/* --- the block */

/* The columns that have something to say, with their rows. */
static size_t
list_columns(struct encoding *e, struct outgoing *work)
{
	size_t n = 0;

	for (uint32_t id = 1; id < 1024; id++) {
		enum field f = field_with_id((uint16_t)id);
		const struct column *c = f == F_NONE ? NULL : e->b->col[f];
		struct outgoing *w = &work[n];

		if (c == NULL)
			continue;
		*w = (struct outgoing){ .f = f, .c = c, .dir = { .id = id, .mixed = ROWS_NONE } };
		w->set = fields[f].agg == AGG_COMP ? rows_of_companion(e, c) : rows_of_bits(e, c->present);
		w->n = w->set->n;
		w->dir.present = w->set->number;
		if (c->mixed != NULL)
			w->dir.mixed = rows_of_bits(e, c->mixed)->number;
		n += w->n != 0 || w->dir.mixed != ROWS_NONE;
	}
	return (n);
}

static void
put_column(struct encoding *e, struct outgoing *w, struct dictionary *dict)
{
	if (w->n == 0)
		return; /* mixed in some rows, no values: a constant without one */
	switch (w->c->store) {
	case STORE_IP:
		put_ip(e, w, dict);
		break;
	case STORE_BLOB:
		put_blob(e, w);
		break;
	default:
		put_u64(e, w);
		break;
	}
	e->work[w->f] = w;
}

static struct dir_value
time_of(const struct directory *d, enum field f, bool max)
{
	for (uint32_t i = 0; i < d->ncol; i++)
		if (d->col[i].id == fields[f].id && d->col[i].present == ROWS_ALL)
			return (max && d->col[i].code != CODE_CONST ? d->col[i].max : d->col[i].min);
	return ((struct dir_value){ .is = false });
}

void
block_times(const struct directory *d, struct index_entry *entry)
{
	entry->rows = d->rows;
	entry->bstart = time_of(d, F_bstart, false);
	entry->bend = time_of(d, F_bend, true);
}

void
block_encode(struct blocks *k, const struct batch *b, struct buf *out, struct fieldset *used,
    struct index_entry *entry)
{
	struct encoding e = { .k = k, .b = b };
	struct dictionary dict;
	struct outgoing *work;
	size_t n, start = out->len;
	bool ips = false;

	memset(used, 0, sizeof(*used));
	*entry = (struct index_entry){ 0 };
	arena_reset(&k->arena);
	k->sections.len = 0;
	k->columns = false;
	if ((e.rows = rows_select(&e)) == 0)
		return;
	e.set = arena_alloc(&k->arena, SETS_MAX * sizeof(*e.set));
	e.place = arena_zero(&k->arena, F_STORED * sizeof(*e.place));
	e.d.rows = e.rows;
	work = arena_alloc(&k->arena, F_STORED * sizeof(*work));
	n = list_columns(&e, work);
	for (size_t i = 0; i < n; i++)
		ips |= work[i].c->store == STORE_IP && work[i].n > 0;
	if (ips) {
		make_dictionary(&e, work, n, &dict);
		put_addresses(&e, &dict);
	}
	rows_put(&e);
	k->columns = true;
	e.d.col = arena_zero(&k->arena, n * sizeof(*e.d.col));
	e.d.ncol = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		put_column(&e, &work[i], &dict);
		e.d.col[i] = work[i].dir;
		fieldset_add(used, work[i].f);
	}
	put_members(&e, work, n, ips ? &dict : NULL);
	e.d.length = k->sections.len;
	k->body.len = 0;
	meta_put_directory(&k->body, &e.d);
	meta_put_object(out, META_BLOCK, k->body.p, k->body.len);
	buf_add(out, k->sections.p, k->sections.len);
	entry->length = out->len - start;
	block_times(&e.d, entry);
}
