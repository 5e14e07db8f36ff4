/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sort_in.c: records in order.
 *
 * Rows are kept as columns in full batches; what is sorted are small items that hold 8 bytes of the
 * first key in an order-preserving form, so that most comparisons touch nothing else.
 */
#include "ra-tools/query/sort_room.h"

#include "format/base/mem.h"
#include "ra-tools/query/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct sort_keys
sort_greatest(enum field f, const struct keys *keys)
{
	struct sort_keys k = { .key = { { .field = f, .down = true } }, .n = 1 };

	for (unsigned i = 0; i < keys->n && k.nthen < SORT_KEYS_MAX; i++)
		if (keys->part[i].field < F_STORED)
			k.then[k.nthen++] = keys->part[i].field;
	return (k);
}

void
sort_want(const struct sort_keys *k, struct fieldset *s)
{
	for (unsigned i = 0; i < k->n; i++)
		fieldset_want(s, k->key[i].field);
}

/* When and whose it was, which is nearly always enough, before the rest. */
static void
list_others(struct sort *s)
{
	static const uint16_t telling[] = { F_bstart, F_probe, F_flowid, F_stime, F_rectype, F_flags };
	struct fieldset seen = { { 0 } };

	for (unsigned i = 0; i < s->keys.nthen; i++)
		s->other[s->others++] = (uint16_t)s->keys.then[i];
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
		s->other[s->others++] = telling[i];
		fieldset_add(&seen, telling[i]);
	}
	for (enum field f = 0; f < F_STORED; f++)
		if (!fieldset_has(&seen, f))
			s->other[s->others++] = (uint16_t)f;
}

struct sort *
sort_new(const struct sort_keys *k)
{
	struct sort *s = mem_zero(1, sizeof(*s));
	enum store store = fields[k->key[0].field].store;

	s->keys = *k;
	s->exact = store != STORE_IP && store != STORE_BLOB;
	s->batch_rows = BATCH_ROWS;
	list_others(s);
	s->nothing.any = mem_zero(BATCH_ROWS, 16);
	s->nothing.present = mem_zero(BITS_WORDS(BATCH_ROWS), 8);
	s->rows = mem_alloc(BATCH_ROWS * sizeof(s->rows[0]));
	return (s);
}

void
sort_free(struct sort **ps)
{
	struct sort *s = *ps;

	if (s == NULL)
		return;
	batches_drop(s);
	free(s->nothing.any);
	free(s->nothing.present);
	free(s->batch);
	free(s->rows);
	free(s->column);
	runs_free(s);
	batch_free(&s->out);
	free(s);
	*ps = NULL;
}

void
batches_drop(struct sort *s)
{
	for (uint32_t i = 0; i < s->n && !s->merging; i++)
		batch_free(&s->batch[i]);
	s->n = 0;
	s->items = s->at = s->bytes = 0;
	free(s->item);
	free(s->column);
	s->item = NULL;
	s->column = NULL;
	s->ordered = false;
}

static uint64_t
bytes_of(const struct batch *b)
{
	uint64_t sum = b->rows * (uint64_t)sizeof(struct item) * 2;

	for (enum field f = 0; f < F_STORED; f++) {
		const struct column *c = b->col[f];

		if (c == NULL)
			continue;
		sum += (uint64_t)b->cap * (c->store == STORE_IP || c->store == STORE_BLOB ? 16 : 8);
		for (uint32_t r = 0; c->store == STORE_BLOB && r < b->rows; r++)
			sum += c->b[r].n;
	}
	return (sum);
}

void
sort_memory(struct sort *s, uint64_t bytes)
{
	s->limit = bytes;
	/* a row of all columns takes about 1 KB */
	s->batch_rows = bytes / 8192 > BATCH_ROWS ? BATCH_ROWS : bytes / 8192 < 1024 ? 1024 : (uint32_t)(bytes / 8192);
}

void
sort_over(struct sort *s, int64_t ns)
{
	s->over = ns;
}

const char *
sort_error(const struct sort *s)
{
	return (s->error[0] == '\0' ? NULL : s->error);
}

static struct batch *
room(struct sort *s)
{
	if (s->n > 0 && s->batch[s->n - 1]->rows < s->batch[s->n - 1]->cap)
		return (s->batch[s->n - 1]);
	if (s->n > 0 && s->limit > 0 && (s->bytes += bytes_of(s->batch[s->n - 1])) > s->limit)
		(void)run_write(s);
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 16 : s->cap * 2;
		s->batch = mem_grow(s->batch, s->cap, sizeof(s->batch[0]));
	}
	return (s->batch[s->n++] = batch_new(s->batch_rows));
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
address_prefix(const struct ip *addr)
{
	struct ip ip = ip_mapped(addr);
	uint64_t high = first_bytes(ip.b, 8), low = first_bytes(ip.b + 8, 8);

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

int
sort_compare(const void *a, const void *b, void *arg)
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
	for (unsigned i = 0; i < s->others; i++) {
		const enum field f = s->other[i];
		int c;

		if (s->batch[x->batch]->col[f] == NULL && s->batch[y->batch]->col[f] == NULL)
			continue;
		if ((c = compare_key(s, &(struct sort_key){ f, false }, x, y)) != 0)
			return (c);
	}
	if (x->batch != y->batch) /* the same rows */
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

/* What the prefix leaves open: the rest of the first key, the other keys, all other fields. */
static void
sort_ties(struct sort *s)
{
	for (uint64_t i = 0, end; i < s->items; i = end) {
		const struct item *x = &s->item[i];

		for (end = i + 1; end < s->items && s->item[end].rank == x->rank && s->item[end].prefix == x->prefix;)
			end++;
		if (end - i > 1)
			qsort_r(&s->item[i], end - i, sizeof(s->item[0]), sort_compare, s);
	}
}

void
sort_derive(const struct sort *s, struct batch *b)
{
	b->over = s->over;
	for (unsigned j = 0; j < s->keys.n; j++)
		(void)batch_derive(b, s->keys.key[j].field);
}

void
sort_item(const struct sort *s, uint32_t batch, uint32_t row, struct item *to)
{
	const struct sort_key *k = &s->keys.key[0];
	const struct column *c = s->batch[batch]->col[k->field];

	*to = (struct item){ 0, batch, (uint16_t)row, rank(c, row) };
	if (to->rank == RANK_HERE)
		to->prefix = k->down ? ~prefix(c, row) : prefix(c, row);
}

void
put_in_order(struct sort *s)
{
	struct item *to = s->item = mem_alloc((s->items + 1) * sizeof(s->item[0]));

	for (uint32_t i = 0; i < s->n; i++) {
		sort_derive(s, s->batch[i]);
		for (uint32_t r = 0; r < s->batch[i]->rows; r++)
			sort_item(s, i, r, to++);
	}
	sort_by_prefix(s);
	sort_ties(s);
}

struct batch *
sort_next(struct sort *s)
{
	if (s->out == NULL) {
		s->out = batch_new(OUT_ROWS);
		if (s->runs > 0 && !run_write(s))
			return (NULL);
	}
	return (s->runs > 0 ? next_merged(s) : next_in_memory(s));
}
