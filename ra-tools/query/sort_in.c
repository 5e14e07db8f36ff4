/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sort_in.c: records in order.  Test: test_sort.c.
 *
 * Rows are kept as columns (pile.h); what is sorted are small items that hold 8 bytes of a key in an
 * order-preserving form.  Those that it leaves open are sorted again by the next key, and at last by all other fields.
 */
#include "ra-tools/query/sort_room.h"

#include "format/base/mem.h"
#include "ra-tools/query/gather.h"
#include "ra-tools/query/pile_room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of counters the largest is what is looked for: first, where no sign says otherwise; of keys and times the smallest. */
static bool
is_counter(enum field f)
{
	enum family family = types[fields[f].type].family;

	return (fields[f].agg != AGG_KEY && (family == FAMILY_MEASURE || family == FAMILY_REAL));
}

bool
sort_parse(const char *text, struct sort_keys *k, char *err, size_t errlen)
{
	char *copy = mem_str(text), *save = NULL;
	bool good = true;

	*k = (struct sort_keys){ .n = 0 };
	for (char *w = strtok_r(copy, ", \t", &save); w != NULL && good;
	     w = strtok_r(NULL, ", \t", &save)) {
		char sign = *w;
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
		k->key[k->n++] = (struct sort_key){ f, sign == '-' || (sign != '+' && is_counter(f)) };
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
list_levels(struct sort *s)
{
	static const uint16_t telling[] = { F_bstart, F_probe, F_flowid, F_stime, F_rectype, F_flags };
	struct fieldset seen = { { 0 } };

	for (unsigned i = 0; i < s->keys.n; i++)
		s->level[s->levels++] = s->keys.key[i];
	for (unsigned i = 0; i < s->keys.nthen; i++)
		s->level[s->levels++] = (struct sort_key){ s->keys.then[i], false };
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
		s->level[s->levels++] = (struct sort_key){ (enum field)telling[i], false };
		fieldset_add(&seen, (enum field)telling[i]);
	}
	for (enum field f = 0; f < F_STORED; f++)
		if (!fieldset_has(&seen, f))
			s->level[s->levels++] = (struct sort_key){ f, false };
}

struct sort *
sort_new(const struct sort_keys *k)
{
	struct sort *s = mem_zero(1, sizeof(*s));

	s->keys = *k;
	s->block_rows = BATCH_ROWS;
	list_levels(s);
	fieldset_all(&s->set);
	for (unsigned i = 0; i < k->n; i++)
		fieldset_add(&s->set, k->key[i].field);
	s->pile = pile_new();
	s->rows = mem_alloc(BATCH_ROWS * sizeof(s->rows[0]));
	return (s);
}

void
sort_free(struct sort **ps)
{
	struct sort *s = *ps;

	if (s == NULL)
		return;
	pile_free(&s->pile);
	free(s->item);
	free(s->spare);
	free(s->rows);
	runs_free(s);
	batch_free(&s->out);
	free(s);
	*ps = NULL;
}

void
rows_drop(struct sort *s)
{
	pile_free(&s->pile);
	s->pile = pile_new();
	free(s->item);
	free(s->spare);
	s->item = s->spare = NULL;
	s->items = s->at = 0;
	s->ordered = false;
}

#define ROW_BYTES 1100 /* of a batch of all columns, about */

void
sort_memory(struct sort *s, uint64_t bytes)
{
	uint64_t rows = bytes / 4 / ((uint64_t)ROW_BYTES * RUNS_MAX); /* a block of each run is in memory at once */

	s->limit = bytes;
	s->block_rows = rows > BATCH_ROWS ? BATCH_ROWS : rows < BLOCK_ROWS_LEAST ? BLOCK_ROWS_LEAST : (uint32_t)rows;
}

void
sort_most(struct sort *s, uint64_t n)
{
	s->most = n;
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

/* --- keys as numbers --------------------------------------------------------------------------- */

static uint64_t
first_bytes(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (i < n ? p[i] : 0);
	return (v);
}

#define ADDRESS_WHOLE (1ull << 62) /* prefixes below are whole addresses: all of IPv4, and what looks like it */

/* IPv4 addresses differ only behind the first 8 bytes; of the same bytes they come before IPv6. */
static uint64_t
address_prefix(const struct ip *addr)
{
	struct ip ip = ip_mapped(addr);
	uint64_t high = first_bytes(ip.b, 8), low = first_bytes(ip.b + 8, 8);

	if (high == 0)
		return (low < ADDRESS_WHOLE / 2 ? low << 1 | !ip_is4(addr) : ADDRESS_WHOLE);
	return (ADDRESS_WHOLE + 1 + (high >> 2));
}

/* Unsigned order of the result is the order of the values. */
static uint64_t
prefix(enum store store, const union value *v)
{
	switch (store) {
	case STORE_U64:
		return (v->u);
	case STORE_I64:
		return (v->u ^ 1ull << 63);
	case STORE_REAL:
		return (v->u >> 63 ? ~v->u : v->u | 1ull << 63);
	case STORE_IP:
		return (address_prefix(&v->ip));
	case STORE_BLOB:
		return (first_bytes(v->b.p, v->b.n));
	}
	return (0);
}

/* Rows of the same prefix have the same value. */
static bool
exact(const struct sort_key *k, uint64_t prefix)
{
	enum store store = fields[k->field].store;

	if (store == STORE_IP)
		return ((k->down ? ~prefix : prefix) < ADDRESS_WHOLE);
	return (store != STORE_BLOB);
}

void
sort_derive(const struct sort *s, struct batch *b)
{
	b->over = s->over;
	for (unsigned j = 0; j < s->keys.n; j++)
		(void)batch_derive(b, s->keys.key[j].field);
}

void
sort_prefix(const struct sort *s, const struct batch *b, uint32_t row, struct item *to)
{
	const struct sort_key *k = &s->level[0];
	const struct column *c = b->col[k->field];
	union value v;

	*to = (struct item){ 0, row, column_has(c, row) ? RANK_HERE : column_mixed(c, row) ? RANK_MIXED : RANK_ABSENT };
	if (to->rank != RANK_HERE)
		return;
	v = column_value(c, row);
	to->prefix = prefix((enum store)fields[k->field].store, &v);
	if (k->down)
		to->prefix = ~to->prefix;
}

static void put_in_order(struct sort *);

/* --- rows in ------------------------------------------------------------------------------------ */

/* Where only the first rows are wanted: of these as many are kept, and what can not be among them does not come in. */
static void
keep_most(struct sort *s)
{
	struct pile *better = pile_new();
	struct batch *b = batch_new(BATCH_ROWS);
	uint32_t *rows = mem_alloc(BATCH_ROWS * sizeof(rows[0])), *all = mem_alloc(BATCH_ROWS * sizeof(rows[0])), n;

	put_in_order(s);
	for (uint64_t at = 0; at < s->most; at += n) {
		for (n = 0; n < BATCH_ROWS && at + n < s->most; n++) {
			rows[n] = s->item[at + n].row;
			all[n] = n;
		}
		pile_pick(s->pile, rows, n, b);
		sort_derive(s, b);
		pile_add(better, b, &s->set, all, n);
		sort_prefix(s, b, n - 1, &s->worst);
	}
	s->bounded = true;
	rows_drop(s);
	pile_free(&s->pile);
	s->pile = better;
	batch_free(&b);
	free(rows);
	free(all);
}

static uint32_t
leave_worse(const struct sort *s, const struct batch *b, uint32_t n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct item x;

		sort_prefix(s, b, s->rows[i], &x);
		if (x.rank < s->worst.rank || (x.rank == s->worst.rank && x.prefix <= s->worst.prefix))
			s->rows[kept++] = s->rows[i];
	}
	return (kept);
}

void
sort_add(struct sort *s, struct batch *b)
{
	uint32_t n = rows_selected(b, s->rows);

	sort_derive(s, b);
	if (s->bounded)
		n = leave_worse(s, b, n);
	pile_add(s->pile, b, &s->set, s->rows, n);
	if (s->most > 0 && pile_rows(s->pile) > s->most + s->most / 2 + BATCH_ROWS)
		keep_most(s);
	if (s->limit > 0 && pile_bytes(s->pile) + (uint64_t)pile_rows(s->pile) * 2 * sizeof(struct item) > s->limit)
		(void)run_write(s);
}

#define NEARLY 32 /* items that are put in order one by one */

/* --- order ------------------------------------------------------------------------------------- */

struct by_rest {
	const struct sort *s;
	unsigned level;
};

static int
compare_rest(const void *a, const void *b, void *arg)
{
	const struct item *x = a, *y = b;
	const struct by_rest *by = arg;

	for (unsigned i = by->level; i < by->s->tellings; i++) {
		const struct sort_key *k = &by->s->telling[i];
		int c;

		c = pile_compare(by->s->pile, k->field, x->row, y->row);
		if (c != 0)
			return (k->down && pile_rank(by->s->pile, k->field, x->row) == RANK_HERE &&
					pile_rank(by->s->pile, k->field, y->row) == RANK_HERE ?
				    -c :
				    c);
	}
	return ((x->row > y->row) - (x->row < y->row)); /* the same rows */
}

/* One pass of a radix sort: items of the same byte stay in order. */
static void
sort_byte(const struct item *from, struct item *to, uint64_t n, unsigned shift)
{
	uint64_t start[256] = { 0 }, at = 0;

	for (uint64_t i = 0; i < n; i++)
		start[(uint8_t)(from[i].prefix >> shift)]++;
	for (unsigned d = 0; d < 256; d++) {
		uint64_t count = start[d];

		start[d] = at;
		at += count;
	}
	for (uint64_t i = 0; i < n; i++)
		to[start[(uint8_t)(from[i].prefix >> shift)]++] = from[i];
}

/* Nearly in order: a few of the same first bytes follow each other. */
static void
sort_nearly(struct item *item, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++) {
		struct item x = item[i];
		uint64_t at = i;

		for (; at > 0 && item[at - 1].prefix > x.prefix; at--)
			item[at] = item[at - 1];
		item[at] = x;
	}
}

/* By prefix; `differ` are the bits that are not the same in all.  Of numbers that are spread out the first bytes say nearly
 * all. */
static void
sort_prefixes(struct item *item, struct item *spare, uint64_t n, uint64_t differ)
{
	struct item *from = item, *to = spare, *t;
	unsigned top = differ == 0 ? 0 : 64 - (unsigned)__builtin_clzll(differ), least = 0, bits = 8;

	while (n >> bits != 0)
		bits++;
	if (top > bits + 16)
		least = (top - bits) / 8 * 8;
	for (unsigned shift = least; shift < top; shift += 8) {
		if ((differ >> shift & 0xff) == 0)
			continue;
		sort_byte(from, to, n, shift);
		t = from;
		from = to;
		to = t;
	}
	if (from != item)
		memcpy(item, from, n * sizeof(item[0]));
	if (least == 0)
		return;
	for (uint64_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && item[end].prefix >> least == item[i].prefix >> least;)
			end++;
		if (end - i > NEARLY)
			sort_prefixes(&item[i], spare, end - i, differ & ((1ull << least) - 1));
		else
			sort_nearly(&item[i], end - i);
	}
}

/* Those without a value last, then by prefix. */
static void
sort_items(struct item *item, struct item *spare, uint64_t n, uint64_t differ, bool ranks)
{
	uint64_t here = 0, others = 0, at;

	for (uint64_t i = 0; ranks && i < n; i++) { /* most have one */
		if (item[i].rank == RANK_HERE)
			item[here++] = item[i];
		else
			spare[others++] = item[i];
	}
	at = here;
	for (uint8_t rank = RANK_ABSENT; rank <= RANK_MIXED; rank++)
		for (uint64_t i = 0; i < others; i++)
			if (spare[i].rank == rank)
				item[at++] = spare[i];
	sort_prefixes(item, spare, ranks ? here : n, differ);
}

/* The key of the level as prefixes. false: it is the same in all. */
static bool
fill_prefixes(struct sort *s, struct item *item, uint64_t n, const struct sort_key *k, uint64_t *differ, bool *ranks)
{
	const enum store store = (enum store)fields[k->field].store;
	const uint64_t turn = k->down ? UINT64_MAX : 0, sign = store == STORE_I64 ? 1ull << 63 : 0;
	const bool whole = store == STORE_U64 || store == STORE_I64;
	const struct pile *p = s->pile;
	const struct lane *lane = &p->lane[k->field];
	uint64_t first = 0, any = 0;
	bool some = false;

	*ranks = false;
	for (uint64_t i = 0; i < n; i++) {
		const uint32_t row = item[i].row;
		union value v;
		uint32_t place;

		item[i].prefix = 0;
		item[i].rank = RANK_HERE;
		if (!lane_place(p, lane, row, &place)) {
			item[i].rank = (uint8_t)pile_rank(p, k->field, row);
			*ranks |= item[i].rank != item[0].rank;
			continue;
		}
		if (whole) {
			item[i].prefix = lane_number(p, lane, row, place) ^ sign ^ turn;
		} else {
			v = pile_value(p, k->field, row);
			item[i].prefix = prefix(store, &v) ^ turn;
		}
		if (!some)
			first = item[i].prefix;
		some = true;
		any |= item[i].prefix ^ first;
		*ranks |= item[0].rank != RANK_HERE;
	}
	*differ = any;
	return (any != 0 || *ranks);
}

static bool
all_same(const struct sort *s, const struct item *item, uint64_t n, enum field f)
{
	for (uint64_t i = 1; i < n; i++)
		if (pile_compare(s->pile, f, item[0].row, item[i].row) != 0)
			return (false);
	return (true);
}

#define FEW 32 /* are compared */

static void sort_ties(struct sort *, struct item *, uint64_t n, unsigned level, const struct sort_key *);

/* Items that the levels before leave open. */
static void
sort_level(struct sort *s, struct item *item, uint64_t n, unsigned level)
{
	while (n > FEW && level < s->tellings) {
		const struct sort_key *k = &s->telling[level];
		uint64_t differ;
		bool ranks;

		if (fields[k->field].store == STORE_BLOB && all_same(s, item, n, k->field)) {
			level++;
		} else if (fill_prefixes(s, item, n, k, &differ, &ranks)) {
			sort_items(item, s->spare, n, differ, ranks);
			sort_ties(s, item, n, level, k);
			return;
		} else if (item[0].rank != RANK_HERE || exact(k, item[0].prefix) ||
			   all_same(s, item, n, k->field)) {
			level++;
		} else {
			break;
		}
	}
	qsort_r(item, n, sizeof(item[0]), compare_rest, &(struct by_rest){ s, level });
}

/* Runs of the same prefix. */
static void
sort_ties(struct sort *s, struct item *item, uint64_t n, unsigned level, const struct sort_key *k)
{
	for (uint64_t i = 0, end; i < n; i = end) {
		struct item x = item[i];

		for (end = i + 1; end < n && item[end].rank == x.rank && item[end].prefix == x.prefix;)
			end++;
		if (end - i > 1)
			sort_level(s, &item[i], end - i, x.rank != RANK_HERE || exact(k, x.prefix) ? level + 1 : level);
	}
}

static void
put_in_order(struct sort *s)
{
	uint32_t n = pile_rows(s->pile);

	s->tellings = 0;
	for (unsigned i = 0; i < s->levels; i++)
		if (pile_tells(s->pile, s->level[i].field))
			s->telling[s->tellings++] = s->level[i];
	s->items = n;
	s->item = mem_alloc(((size_t)n + 1) * sizeof(s->item[0]));
	s->spare = mem_alloc(((size_t)n + 1) * sizeof(s->item[0]));
	for (uint32_t i = 0; i < n; i++)
		s->item[i] = (struct item){ 0, i, RANK_HERE };
	sort_level(s, s->item, n, 0);
	free(s->spare);
	s->spare = NULL;
}

/* --- rows out ------------------------------------------------------------------------------------ */

struct batch *
next_in_memory(struct sort *s)
{
	uint64_t end;
	uint32_t n = 0;

	if (!s->ordered) {
		put_in_order(s);
		s->ordered = true;
	}
	end = s->most > 0 && s->most < s->items ? s->most : s->items;
	while (n < s->out->cap && s->at < end)
		s->rows[n++] = s->item[s->at++].row;
	if (n == 0)
		return (NULL);
	pile_pick(s->pile, s->rows, n, s->out);
	s->out->last = s->at == end;
	return (s->out);
}

struct batch *
sort_next(struct sort *s)
{
	if (s->out == NULL) {
		s->out = batch_new(BATCH_ROWS);
		if (s->runs > 0 && !run_write(s))
			return (NULL);
	}
	return (s->runs > 0 ? next_merged(s) : next_in_memory(s));
}
