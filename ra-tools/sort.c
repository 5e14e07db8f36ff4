/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sort.c: records in order.
 *
 * Rows are kept as columns in full batches; what is sorted are small items that hold 8 bytes of the
 * first key in an order-preserving form, so that most comparisons touch nothing else.
 */
#include "ra-tools/sort.h"

#include "format/base/mem.h"
#include "ra-tools/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_ROWS BATCH_ROWS

enum { RANK_HERE, RANK_ABSENT, RANK_MIXED };

struct item {
	uint64_t prefix; /* turned over where the highest come first */
	uint32_t batch;
	uint16_t row;
	uint8_t rank;
};

/* What a stored field is like in all the rows together. */
enum shape {
	SHAPE_NONE,  /* in no row */
	SHAPE_ANY,
	SHAPE_SOME,  /* a number or absent in each row */
	SHAPE_ZERO,  /* 0 or absent in each row */
	SHAPE_FULL,  /* a number in every row */
	SHAPE_SAME,  /* the same number in every row */
};

struct sort {
	struct sort_keys keys;
	bool exact; /* the prefix is the whole first key */
	struct batch **batch;
	uint32_t n, cap;
	struct item *item;
	uint64_t items, at;
	uint32_t *rows;
	const struct column **column; /* of one field, in each batch */
	enum shape shape[F_STORED];
	enum field like[F_STORED]; /* SOME and ZERO: the first field that is in the same rows */
	struct batch *out;
};

bool
sort_parse(const char *text, struct sort_keys *k, char *err, size_t errlen)
{
	char *copy = mem_str(text), *save = NULL;
	bool good = true;

	*k = (struct sort_keys){ .n = 0 };
	for (char *w = strtok_r(copy, ", \t", &save); w != NULL && good;
	     w = strtok_r(NULL, ", \t", &save)) {
		bool down = *w == '-';
		enum field f;

		if (*w == '-' || *w == '+')
			w++;
		f = field_named(w, strlen(w));
		if (f == F_NONE || k->n == SORT_KEYS_MAX) {
			good = false;
			if (f == F_NONE)
				(void)snprintf(err, errlen,
					       "-m %s: no such field; the nearest is %s", w,
					       field_nearest(w, strlen(w)));
			else
				(void)snprintf(err, errlen, "-m: more than %d fields",
					       SORT_KEYS_MAX);
			break;
		}
		k->key[k->n++] = (struct sort_key){ f, down };
	}
	if (good && k->n == 0) {
		(void)snprintf(err, errlen, "-m: expected fields");
		good = false;
	}
	free(copy);
	return (good);
}

void
sort_want(const struct sort_keys *k, struct fieldset *s)
{
	for (unsigned i = 0; i < k->n; i++)
		fieldset_want(s, k->key[i].field);
}

struct sort *
sort_new(const struct sort_keys *k)
{
	struct sort *s = mem_zero(1, sizeof(*s));
	enum store store = fields[k->key[0].field].store;

	s->keys = *k;
	s->exact = store != STORE_IP && store != STORE_BLOB;
	s->rows = mem_alloc(BATCH_ROWS * sizeof(s->rows[0]));
	return (s);
}

void
sort_free(struct sort **ps)
{
	struct sort *s = *ps;

	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->n; i++)
		batch_free(&s->batch[i]);
	free(s->batch);
	free(s->item);
	free(s->rows);
	free(s->column);
	batch_free(&s->out);
	free(s);
	*ps = NULL;
}

static struct batch *
room(struct sort *s)
{
	if (s->n > 0 && s->batch[s->n - 1]->rows < s->batch[s->n - 1]->cap)
		return (s->batch[s->n - 1]);
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 16 : s->cap * 2;
		s->batch = mem_grow(s->batch, s->cap, sizeof(s->batch[0]));
	}
	return (s->batch[s->n++] = batch_new(BATCH_ROWS));
}

void
sort_add(struct sort *s, const struct batch *b)
{
	uint32_t n = rows_selected(b, s->rows);

	for (uint32_t at = 0; at < n;) {
		struct batch *to = room(s);
		uint32_t k = to->cap - to->rows;

		if (k > n - at)
			k = n - at;
		gather(to, b, s->rows + at, k);
		at += k;
		s->items += k;
	}
}

/* --- order ------------------------------------------------------------------------------------- */

static uint8_t
rank(const struct column *c, uint32_t r)
{
	return (column_has(c, r) ? RANK_HERE : column_mixed(c, r) ? RANK_MIXED : RANK_ABSENT);
}

static uint64_t
first_bytes(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (i < n ? p[i] : 0);
	return (v);
}

#define ADDRESS_WHOLE (1ull << 62) /* prefixes below are whole addresses: all of IPv4 */

/* IPv4 addresses differ only behind the first 8 bytes. */
static uint64_t
address_prefix(const struct ip *ip)
{
	uint64_t high = first_bytes(ip->b, 8), low = first_bytes(ip->b + 8, 8);

	if (high == 0)
		return (low < ADDRESS_WHOLE ? low : ADDRESS_WHOLE);
	return (ADDRESS_WHOLE + 1 + (high >> 2));
}

/* Unsigned order of the result is the order of the values. */
static uint64_t
prefix(const struct column *c, uint32_t r)
{
	uint64_t v = 0;

	switch (c->store) {
	case STORE_U64:
		return (c->u[r]);
	case STORE_I64:
		return (c->u[r] ^ 1ull << 63);
	case STORE_REAL:
		v = c->u[r];
		return (v >> 63 ? ~v : v | 1ull << 63);
	case STORE_IP:
		return (address_prefix(&c->ip[r]));
	case STORE_BLOB:
		return (first_bytes(c->b[r].p, c->b[r].n));
	}
	return (v);
}

static int
compare_key(const struct sort *s, const struct sort_key *k, const struct item *x,
	    const struct item *y)
{
	const struct column *cx = s->batch[x->batch]->col[k->field],
			    *cy = s->batch[y->batch]->col[k->field];
	uint8_t rx = rank(cx, x->row), ry = rank(cy, y->row);
	union value vx, vy;
	int c;

	if (rx != RANK_HERE || ry != RANK_HERE)
		return (rx - ry);
	vx = column_value(cx, x->row);
	vy = column_value(cy, y->row);
	c = value_cmp(fields[k->field].store, &vx, &vy);
	return (k->down ? -c : c);
}

static int
compare_items(const void *a, const void *b, void *arg)
{
	const struct item *x = a, *y = b;
	const struct sort *s = arg;

	if (x->rank != y->rank)
		return (x->rank - y->rank);
	if (x->prefix != y->prefix)
		return (x->prefix < y->prefix ? -1 : 1);
	for (unsigned i = s->exact ? 1 : 0; i < s->keys.n; i++) {
		int c = compare_key(s, &s->keys.key[i], x, y);

		if (c != 0)
			return (c);
	}
	if (x->batch != y->batch)
		return (x->batch < y->batch ? -1 : 1);
	return ((x->row > y->row) - (x->row < y->row));
}

static uint8_t
digit(const struct item *x, unsigned pass)
{
	return (pass == 8 ? x->rank : (uint8_t)(x->prefix >> 8 * pass));
}

/* A radix sort by prefix, then rank: items with the same ones stay in order of batch and row. Bytes that are
 * the same everywhere cost nothing. */
static void
sort_by_prefix(struct sort *s)
{
	struct item *from = s->item, *to = mem_alloc((s->items + 1) * sizeof(*to)), *t;
	uint64_t(*start)[256] = mem_zero(9, sizeof(*start));

	for (uint64_t i = 0; i < s->items; i++)
		for (unsigned pass = 0; pass < 9; pass++)
			start[pass][digit(&from[i], pass)]++;
	for (unsigned pass = 0; pass < 9 && s->items > 0; pass++) {
		uint64_t at = 0;

		if (start[pass][digit(&from[0], pass)] == s->items)
			continue;
		for (unsigned d = 0; d < 256; d++) {
			uint64_t count = start[pass][d];

			start[pass][d] = at;
			at += count;
		}
		for (uint64_t i = 0; i < s->items; i++)
			to[start[pass][digit(&from[i], pass)]++] = from[i];
		t = from;
		from = to;
		to = t;
	}
	s->item = from;
	free(to);
	free(start);
}

/* Do equal prefixes mean equal first keys? */
static bool
whole_key(const struct sort *s, const struct item *x)
{
	const struct sort_key *k = &s->keys.key[0];

	return (s->exact || x->rank != RANK_HERE ||
		(fields[k->field].store == STORE_IP && (k->down ? ~x->prefix : x->prefix) < ADDRESS_WHOLE));
}

/* What the prefix leaves open: the rest of the first key, and the other keys. */
static void
sort_ties(struct sort *s)
{
	if (s->exact && s->keys.n == 1)
		return;
	for (uint64_t i = 0, end; i < s->items; i = end) {
		const struct item *x = &s->item[i];

		for (end = i + 1; end < s->items && s->item[end].rank == x->rank && s->item[end].prefix == x->prefix;)
			end++;
		if (end - i > 1 && (s->keys.n > 1 || !whole_key(s, x)))
			qsort_r(&s->item[i], end - i, sizeof(s->item[0]), compare_items, s);
	}
}

static void
put_in_order(struct sort *s)
{
	const struct sort_key *k = &s->keys.key[0];
	struct item *to = s->item = mem_alloc((s->items + 1) * sizeof(s->item[0]));

	for (uint32_t i = 0; i < s->n; i++) {
		struct batch *b = s->batch[i];

		for (unsigned j = 0; j < s->keys.n; j++)
			(void)batch_derive(b, s->keys.key[j].field);
		for (uint32_t r = 0; r < b->rows; r++, to++) {
			const struct column *c = b->col[k->field];

			*to = (struct item){ 0, i, (uint16_t)r, rank(c, r) };
			if (to->rank == RANK_HERE)
				to->prefix = k->down ? ~prefix(c, r) : prefix(c, r);
		}
	}
	sort_by_prefix(s);
	sort_ties(s);
}

/* --- out --------------------------------------------------------------------------------------- */

#define AHEAD 16 /* items: their rows lie anywhere, so ask for them early */

/* The column of f in each batch; false: in none. */
static bool
columns_of(struct sort *s, enum field f)
{
	bool any = false;

	for (uint32_t i = 0; i < s->n; i++) {
		s->column[i] = s->batch[i]->col[f];
		any |= s->column[i] != NULL;
	}
	return (any);
}

static bool
full(const struct column *c, uint32_t rows)
{
	return (c != NULL && bits_count(c->present, rows) == rows);
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

		if (!number || c == NULL || c->mixed != NULL)
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

static enum field
same_rows(const struct sort *s, enum field f)
{
	for (enum field like = 0; like < f; like++) {
		uint32_t i = 0;

		if (!partial(s, like) || s->like[like] != like)
			continue;
		while (i < s->n && memcmp(s->batch[i]->col[like]->present, s->batch[i]->col[f]->present,
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

		if (i + AHEAD < n && s->column[item[i + AHEAD].batch] != NULL)
			__builtin_prefetch(
			    &s->column[item[i + AHEAD].batch]->u[item[i + AHEAD].row]);
		if (c == NULL)
			continue;
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

		if (i + AHEAD < n && s->column[item[i + AHEAD].batch] != NULL)
			__builtin_prefetch(
			    &s->column[item[i + AHEAD].batch]->ip[item[i + AHEAD].row]);
		if (c == NULL)
			continue;
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

struct batch *
sort_next(struct sort *s)
{
	uint32_t n;

	if (s->out == NULL) {
		s->out = batch_new(OUT_ROWS);
		s->column = mem_zero(s->n + 1, sizeof(s->column[0]));
		put_in_order(s);
		for (enum field f = 0; f < F_STORED; f++) {
			s->shape[f] = shape_of(s, f);
			s->like[f] = partial(s, f) ? same_rows(s, f) : f;
		}
	}
	n = s->items - s->at < OUT_ROWS ? (uint32_t)(s->items - s->at) : OUT_ROWS;
	if (n == 0)
		return (NULL);
	batch_reset(s->out);
	s->out->rows = n;
	for (enum field f = 0; f < F_STORED; f++)
		if (s->shape[f] != SHAPE_NONE)
			copy_field(s, f, s->item + s->at, n);
	s->at += n;
	return (s->out);
}
