/* SPDX-License-Identifier: BSD-2-Clause
 *
 * flow.c: the run-time table made from fields.def, and the algebra of records: merge and reverse.
 */
#include "format/flow.h"

#include "format/base/buf.h"
#include "format/base/cursor.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const struct type_info types[TYPE_COUNT_] = {
#define TYPE(name, store, unit, doc) { #name, unit, doc, STORE_##store },
#include "format/types.def"
};

enum { /* how a type is held, as a constant expression */
#define TYPE(name, store, unit, doc) HELD_##name = STORE_##store,
#include "format/types.def"
};

const struct name names[] = {
#define WORD(type, number, word, doc) { TYPE_##type, false, number, #word, doc },
#define FLAG(type, bit, word, doc)    { TYPE_##type, true, 1ull << (bit), #word, doc },
#include "format/names.def"
	{ .word = NULL }
};

/* What each derived field reads. */
#define NEEDS(...) { __VA_ARGS__, F_NONE }
#define FIELD(...)
#define PAIR(...)
#define TWIN(...)
#define TIMED(...)
#define TPAIR(...)
#define DERIVED(name, type, width, label, needs, cond, value, doc) \
	static const uint16_t needs_##name[] = needs;
#define ALIAS(...)
#include "format/fields.def"

// clang-format off
#define ROW(id, name, type, width, agg, label, doc, twin, comp) \
	[F_##name] = { #name, label, doc, id, TYPE_##type, HELD_##type, AGG_##agg, width, twin, comp, NULL },
#define FIELD(id, name, type, width, agg, label, doc) ROW(id, name, type, width, agg, label, doc, F_##name, F_NONE)
#define TWIN(id, s, d, type, width, agg, slabel, dlabel, doc) \
	ROW(id, s, type, width, agg, slabel, doc ", source", F_##d, F_NONE) \
	ROW(id + 1, d, type, width, agg, dlabel, doc ", destination", F_##s, F_NONE)
#define PAIR(id, name, type, width, agg, label, doc) \
	TWIN(id, s##name, d##name, type, width, agg, "Src" label, "Dst" label, doc)
#define TIMED(id, tid, name, type, width, agg, label, doc) \
	ROW(id, name, type, width, agg, label, doc, F_##name, F_##name##_t) \
	ROW(tid, name##_t, TIME, 26, COMP, label "T", "time of " #name, F_##name##_t, F_##name)
#define TPAIR(id, tid, name, type, width, agg, label, doc) \
	ROW(id, s##name, type, width, agg, "Src" label, doc ", source", F_d##name, F_s##name##_t) \
	ROW(id + 1, d##name, type, width, agg, "Dst" label, doc ", destination", F_s##name, F_d##name##_t) \
	ROW(tid, s##name##_t, TIME, 26, COMP, "Src" label "T", "time of s" #name, F_d##name##_t, F_s##name) \
	ROW(tid + 1, d##name##_t, TIME, 26, COMP, "Dst" label "T", "time of d" #name, F_s##name##_t, F_d##name)
#define DERIVED(name, type, width, label, needs, cond, value, doc) \
	[F_##name] = { #name, label, doc, 0, TYPE_##type, HELD_##type, AGG_NONE, width, F_##name, F_NONE, needs_##name },
#define ALIAS(...)

const struct field_info fields[F_COUNT] = {
#include "format/fields.def"
};

/* A reused id is a duplicate case here, so it does not compile. */
enum field
field_with_id(uint16_t id)
{
	switch (id) {
#define FIELD(id, name, ...)      case id: return (F_##name);
#define PAIR(id, name, ...)       case id: return (F_s##name); case id + 1: return (F_d##name);
#define TWIN(id, s, d, ...)       case id: return (F_##s); case id + 1: return (F_##d);
#define TIMED(id, tid, name, ...) case id: return (F_##name); case tid: return (F_##name##_t);
#define TPAIR(id, tid, name, ...) case id: return (F_s##name); case id + 1: return (F_d##name); \
	case tid: return (F_s##name##_t); case tid + 1: return (F_d##name##_t);
#define DERIVED(...)
#define ALIAS(...)
#include "format/fields.def"
	default:
		return (F_NONE);
	}
}

static const struct { const char *word; enum field field; } aliases[] = {
#define FIELD(...)
#define PAIR(...)
#define TWIN(...)
#define TIMED(...)
#define TPAIR(...)
#define DERIVED(...)
#define ALIAS(word, name) { #word, F_##name },
#include "format/fields.def"
	{ "loss%", F_ploss }, { "sloss%", F_sploss }, { "dloss%", F_dploss }, { "caploss%", F_pcaploss },
};
// clang-format on

#define NALIAS (sizeof(aliases) / sizeof(aliases[0]))

const char *
name_word(enum type type, uint64_t value)
{
	for (const struct name *n = names; n->word != NULL; n++)
		if (n->type == type && !n->flag && n->value == value)
			return (n->word);
	return (NULL);
}

void
fieldset_union(struct fieldset *to, const struct fieldset *from)
{
	for (size_t i = 0; i < BITS_WORDS(F_COUNT); i++)
		to->w[i] |= from->w[i];
}

void
fieldset_want(struct fieldset *s, enum field f)
{
	const struct field_info *info = &fields[f];

	fieldset_add(s, f);
	if (info->needs != NULL)
		for (const uint16_t *n = info->needs; *n != F_NONE; n++)
			fieldset_want(s, *n);
	if (info->companion != F_NONE && info->agg != AGG_COMP) {
		fieldset_add(s, info->companion);
		fieldset_add(s, F_bstart);
	}
}

void
fieldset_all(struct fieldset *s)
{
	for (enum field f = 0; f < F_STORED; f++)
		fieldset_add(s, f);
}

static bool
word_is(const char *word, const char *s, size_t n)
{
	return (strlen(word) == n && strncasecmp(word, s, n) == 0);
}

enum field
field_named(const char *s, size_t n)
{
	for (enum field f = 0; f < F_COUNT; f++)
		if (word_is(fields[f].name, s, n))
			return (f);
	for (size_t i = 0; i < NALIAS; i++)
		if (word_is(aliases[i].word, s, n))
			return (aliases[i].field);
	return (F_NONE);
}

void
field_aliases(void (*each)(void *, const char *, const char *), void *arg)
{
	for (size_t i = 0; i < NALIAS; i++)
		each(arg, aliases[i].word, fields[aliases[i].field].name);
}

/* Levenshtein distance, for words of up to 31 letters. */
unsigned
name_distance(const char *a, size_t n, const char *b)
{
	unsigned row[32], m = (unsigned)strlen(b);

	if (n > 31 || m > 31)
		return (99);
	for (unsigned j = 0; j <= m; j++)
		row[j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned best = diagonal + (tolower((unsigned char)a[i - 1]) != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return (row[m]);
}

const char *
field_nearest(const char *s, size_t n)
{
	const char *best = fields[0].name;
	unsigned least = 99;

	for (enum field f = 0; f < F_COUNT; f++) {
		unsigned d = name_distance(s, n, fields[f].name);

		if (fields[f].agg != AGG_COMP && d < least) {
			least = d;
			best = fields[f].name;
		}
	}
	for (size_t i = 0; i < NALIAS; i++) {
		unsigned d = name_distance(s, n, aliases[i].word);

		if (d < least) {
			least = d;
			best = aliases[i].word;
		}
	}
	return (best);
}

/* --- values */

int
value_cmp(enum store store, const union value *a, const union value *b)
{
	switch (store) {
	case STORE_U64:
		return ((a->u > b->u) - (a->u < b->u));
	case STORE_I64:
		return ((a->i > b->i) - (a->i < b->i));
	case STORE_REAL:
		return ((a->r > b->r) - (a->r < b->r));
	case STORE_IP:
		return (ip_cmp(&a->ip, &b->ip));
	case STORE_BLOB:
		break;
	}
	uint32_t n = a->b.n < b->b.n ? a->b.n : b->b.n;
	int c = n == 0 ? 0 : memcmp(a->b.p, b->b.p, n);

	return (c != 0 ? c : (a->b.n > b->b.n) - (a->b.n < b->b.n));
}

bool
value_equal(enum store store, const union value *a, const union value *b)
{
	return (value_cmp(store, a, b) == 0);
}

/* --- histograms */

struct blob
hist_pack(const uint64_t count[static HIST_BUCKETS], struct arena *arena)
{
	struct buf b = { 0 };
	struct blob blob;
	int last = -1;

	for (int i = 0; i < HIST_BUCKETS; i++) {
		if (count[i] == 0)
			continue;
		buf_varint(&b, (uint64_t)(i - last - 1));
		buf_varint(&b, count[i]);
		last = i;
	}
	blob = (struct blob){ arena_copy(arena, b.p, b.len), (uint32_t)b.len };
	buf_free(&b);
	return (blob);
}

void
hist_unpack(struct blob blob, uint64_t count[static HIST_BUCKETS])
{
	struct cursor c = cur_new(blob.p, blob.n);
	uint64_t at = 0;

	memset(count, 0, HIST_BUCKETS * sizeof(count[0]));
	while (cur_left(&c) > 0) {
		uint64_t step = cur_varint(&c), n = cur_varint(&c);

		if (c.cut || step >= HIST_BUCKETS - at)
			return;
		count[at + step] = n;
		at += step + 1;
	}
}

static uint64_t
sum(uint64_t a, uint64_t b)
{
	uint64_t s = a + b;

	return (s < a ? UINT64_MAX : s); /* saturate: then order can not matter */
}

enum hist_scale
hist_scale(enum field f)
{
	return (f == F_slaghist || f == F_dlaghist ? HIST_OCTAVES : HIST_QUARTERS);
}

unsigned
hist_bucket(enum hist_scale scale, uint64_t v)
{
	unsigned e = v == 0 ? 0 : 63 - (unsigned)__builtin_clzll(v), b;

	if (scale == HIST_OCTAVES)
		return (e);
	b = v < 4 ? (unsigned)v : 4 * (e - 1) + (unsigned)(v >> (e - 2) & 3);
	return (b < HIST_BUCKETS ? b : HIST_BUCKETS - 1);
}

uint64_t
hist_bound(enum hist_scale scale, unsigned b)
{
	unsigned shift;

	if (scale == HIST_OCTAVES)
		return (b >= 63 ? UINT64_MAX : (2ull << b) - 1);
	if (b < 4)
		return (b);
	shift = b / 4 - 1; /* of a quarter of 2^(shift + 2) */
	return (((4ull + b % 4 + 1) << shift) - 1);
}

bool
hist_percentile(enum hist_scale scale, struct blob blob, unsigned percent, uint64_t *bound)
{
	uint64_t count[HIST_BUCKETS], all = 0, rank;
	unsigned b = 0;

	hist_unpack(blob, count);
	for (int i = 0; i < HIST_BUCKETS; i++)
		all = sum(all, count[i]);
	if (all == 0)
		return (false);
	rank = all / 100 * percent + (all % 100 * percent + 99) / 100;
	for (uint64_t seen = count[0]; seen < rank && b < HIST_BUCKETS - 1; seen = sum(seen, count[b]))
		b++;
	*bound = hist_bound(scale, b);
	return (true);
}

static struct blob
hist_merge(struct blob a, struct blob b, struct arena *arena)
{
	uint64_t x[HIST_BUCKETS], y[HIST_BUCKETS];

	hist_unpack(a, x);
	hist_unpack(b, y);
	for (int i = 0; i < HIST_BUCKETS; i++)
		x[i] = sum(x[i], y[i]);
	return (hist_pack(x, arena));
}

/* --- turning round */

bool
type_is_sided(enum type type)
{
	return (type == TYPE_SIDES || type == TYPE_HISTORY || type == TYPE_GAPS ||
	    type == TYPE_CONN);
}

/* Words that say which side did it, with the word for the other side.  (A STATE stays: it is of the whole flow,
 * and merges by its time and then by its number, which turning must not change.) */
static uint64_t
other_conn(uint64_t v)
{
	switch (v) {
	case CONN_S2:
		return (CONN_S3);
	case CONN_S3:
		return (CONN_S2);
	case CONN_RSTO:
		return (CONN_RSTR);
	case CONN_RSTR:
		return (CONN_RSTO);
	default:
		return (v);
	}
}

void
value_reverse(enum type type, union value *v, struct arena *arena)
{
	if (type == TYPE_SIDES) {
		v->u = (v->u & ~3ull) | (v->u & 1) << 1 | (v->u >> 1 & 1);
	} else if (type == TYPE_CONN) {
		v->u = other_conn(v->u);
	} else if (type == TYPE_HISTORY) {
		uint8_t *p = arena_copy(arena, v->b.p, v->b.n);

		for (uint32_t i = 0; i < v->b.n; i++)
			p[i] = (uint8_t)(islower(p[i]) ? toupper(p[i]) : tolower(p[i]));
		v->b.p = p;
	} else if (type == TYPE_GAPS) {
		struct cursor c = cur_new(v->b.p, v->b.n);
		struct buf out = { 0 };

		while (cur_left(&c) > 0 && !c.cut) {
			buf_varint(&out, cur_varint(&c) ^ 1); /* 0 = source */
			buf_varint(&out, cur_varint(&c));
			buf_varint(&out, cur_varint(&c));
		}
		v->b = (struct blob){ arena_copy(arena, out.p, out.len), (uint32_t)out.len };
		buf_free(&out);
	}
}

static void
swap_bits(uint64_t *w, size_t a, size_t b)
{
	bool x = bit_get(w, a), y = bit_get(w, b);

	if (x != y) {
		w[a >> 6] ^= 1ull << (a & 63);
		w[b >> 6] ^= 1ull << (b & 63);
	}
}

void
flow_reverse(struct flow *f, struct arena *arena)
{
	for (enum field i = 0; i < F_STORED; i++) {
		enum field t = fields[i].twin;
		union value v;

		if (type_is_sided(fields[i].type) && bit_get(f->present, i))
			value_reverse(fields[i].type, &f->v[i], arena);
		if (t <= i)
			continue;
		v = f->v[i];
		f->v[i] = f->v[t];
		f->v[t] = v;
		swap_bits(f->present, i, t);
		swap_bits(f->mixed, i, t);
	}
}

/* --- merging */

/* FIRST, LAST, TOP: does `from` win over `into`?  Ties go to the value, so that order can not matter. */
static bool
wins(enum agg agg, enum store store, const struct cell *into, const struct cell *from)
{
	int c = value_cmp(store, &from->v, &into->v);

	switch (agg) {
	case AGG_FIRST:
		return (from->t != into->t ? from->t < into->t : c < 0);
	case AGG_LAST:
		return (from->t != into->t ? from->t > into->t : c > 0);
	default: /* AGG_TOP: highest value, of its times the earliest */
		return (c != 0 ? c > 0 : from->t < into->t);
	}
}

void
cell_merge(enum field f, struct cell *into, const struct cell *from, struct arena *arena)
{
	const struct field_info *info = &fields[f];

	if (into->mixed || (!from->present && !from->mixed))
		return;
	if (!into->present || from->mixed) {
		*into = *from;
		return;
	}
	switch ((enum agg)info->agg) {
	case AGG_KEY:
	case AGG_SAME:
		if (!value_equal(info->store, &into->v, &from->v))
			*into = (struct cell){ .mixed = true };
		break;
	case AGG_SUM:
		into->v.u = sum(into->v.u, from->v.u);
		break;
	case AGG_MIN:
		if (value_cmp(info->store, &from->v, &into->v) < 0)
			into->v = from->v;
		break;
	case AGG_MAX:
		if (value_cmp(info->store, &from->v, &into->v) > 0)
			into->v = from->v;
		break;
	case AGG_OR:
		into->v.u |= from->v.u;
		break;
	case AGG_HIST:
		into->v.b = hist_merge(into->v.b, from->v.b, arena);
		break;
	case AGG_FIRST:
	case AGG_LAST:
	case AGG_TOP:
		if (wins(info->agg, info->store, into, from))
			*into = *from;
		break;
	case AGG_COMP:
	case AGG_NONE:
		break;
	}
}

static struct cell
flow_cell(const struct flow *f, enum field i)
{
	struct cell c = { .present = bit_get(f->present, i), .mixed = bit_get(f->mixed, i) };
	enum field t = fields[i].companion;

	if (c.present)
		c.v = f->v[i];
	if (t != F_NONE)
		c.t = bit_get(f->present, t) ? f->v[t].i : f->v[F_bstart].i;
	return (c);
}

void
flow_merge(struct flow *into, const struct flow *from, struct arena *arena)
{
	/* bstart stands for absent companion times, so it is merged after everything else. */
	for (int pass = 0; pass < 2; pass++)
		for (enum field i = 0; i < F_STORED; i++) {
			struct cell a, b;
			enum field t = fields[i].companion;

			if (fields[i].agg == AGG_COMP || (i == F_bstart) != (pass == 1))
				continue;
			a = flow_cell(into, i);
			b = flow_cell(from, i);
			cell_merge(i, &a, &b, arena);
			bit_clear(into->present, i);
			bit_clear(into->mixed, i);
			if (a.mixed)
				bit_set(into->mixed, i);
			if (!a.present)
				continue;
			bit_set(into->present, i);
			into->v[i] = a.v;
			if (t != F_NONE) {
				bit_set(into->present, t);
				into->v[t].i = a.t;
			}
		}
}
