/* SPDX-License-Identifier: BSD-2-Clause
 *
 * run.c: the steps of a filter over the columns of a batch, 64 rows a word; and over the ranges of a
 * block that has not been read yet.
 */
#include "ra-tools/filter/tree.h"

#include <assert.h>
#include <string.h>

#define SIGN	  (1ull << 63)
#define STACK_MAX 256 /* two bitmaps a level of parentheses, and a few for what a term is made of */

/* --- leaves: a word of rows.  `v` are the first row's values, n of them (1..64). */

/* One comparison: below lo, v - lo wraps round and is greater than any width. */
static uint64_t
range_word(const uint64_t *v, unsigned n, uint64_t turn, uint64_t lo, uint64_t width)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= (uint64_t)((v[i] ^ turn) - lo <= width) << i;
	return (bits);
}

static uint64_t
real_word(const double *v, unsigned n, double lo, double hi)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= (uint64_t)(v[i] >= lo && v[i] <= hi) << i;
	return (bits);
}

static uint64_t
bits_word(const uint64_t *v, unsigned n, uint64_t mask, uint64_t want)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= (uint64_t)((v[i] & mask) == want) << i;
	return (bits);
}

struct halves {
	uint64_t a, b;
};

static struct halves
halves(const struct ip *ip)
{
	struct halves h;

	memcpy(&h, ip->b, sizeof(h));
	return (h);
}

static uint64_t
net_word(const struct ip *v, unsigned n, const struct ip *net, unsigned len)
{
	struct ip ones;
	struct halves want = halves(net), mask;
	uint64_t bits = 0;

	memset(ones.b, 0xff, sizeof(ones.b)); /* its own family is IPv6 */
	ones = ip_mask(&ones, len + (ip_is4(net) ? 96 : 0));
	mask = halves(&ones);
	for (unsigned i = 0; i < n; i++) {
		struct halves h = halves(&v[i]);

		bits |= (uint64_t)((((h.a ^ want.a) & mask.a) | ((h.b ^ want.b) & mask.b)) == 0)
			<< i;
	}
	if (!ip_is4(net) && len <= 64) /* ::/0 is no network of IPv4 addresses */
		for (uint64_t left = bits; left != 0; left &= left - 1)
			if (ip_is4(&v[__builtin_ctzll(left)]))
				bits &= ~(left & -left);
	return (bits);
}

/* The length of the row's prefix; the whole address where nobody cut it. */
static unsigned
row_len(const struct column *mask, uint32_t r, const struct ip *ip)
{
	if (column_has(mask, r))
		return (mask->u[r] < 128 ? (unsigned)mask->u[r] : 128);
	return (ip_is4(ip) ? 32 : 128);
}

static bool
blob_equal(struct blob a, struct blob b)
{
	return (a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0));
}

static bool
blob_part(struct blob a, struct blob part)
{
	return (part.n == 0 || (a.n >= part.n && memmem(a.p, a.n, part.p, part.n) != NULL));
}

/* Rows r.. (n of them, r a multiple of 64) where the value compares; only the bits of `ask` matter. */
static uint64_t
leaf_word(const struct leaf *l, const struct column *c, const struct column *mask, uint32_t r,
	  unsigned n, uint64_t ask)
{
	uint64_t bits = 0;

	switch (l->kind) {
	case LEAF_RANGE:
		return (range_word(c->u + r, n, c->store == STORE_I64 ? SIGN : 0, l->lo,
				   l->hi - l->lo));
	case LEAF_REAL:
		return (real_word(c->r + r, n, l->rlo, l->rhi));
	case LEAF_BITS:
		return (bits_word(c->u + r, n, l->lo, l->hi));
	case LEAF_NET:
		bits = net_word(c->ip + r, n, &l->net, l->len) & ask;
		if (mask != NULL)
			for (uint64_t left = bits; left != 0; left &= left - 1) {
				unsigned i = (unsigned)__builtin_ctzll(left);

				if (row_len(mask, r + i, &c->ip[r + i]) < l->len)
					bits &= ~(left & -left);
			}
		return (bits);
	case LEAF_KNOWN:
		return (~0ull);
	case LEAF_NEVER:
		return (0);
	default:
		break;
	}
	for (uint64_t left = ask; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);
		uint32_t at = r + i;
		bool yes;

		if (l->kind == LEAF_ADDRS)
			yes = addrs_have(l->addrs, &c->ip[at], row_len(mask, at, &c->ip[at]));
		else
			yes = l->kind == LEAF_BYTES ? blob_equal(c->b[at], l->text)
						    : blob_part(c->b[at], l->text);
		bits |= (uint64_t)yes << i;
	}
	return (bits);
}

/* --- leaves over dense columns (dense.h): each distinct value is asked once */

/* What the leaf says of `n` values of a column, a byte each. */
static const uint8_t *
ask_each(const struct leaf *l, struct batch *b, const struct column *c, uint32_t n)
{
	uint8_t *table = arena_alloc(&b->arena, n);

	for (uint32_t r = 0; r < n; r += 64) {
		uint32_t m = n - r < 64 ? n - r : 64;
		uint64_t bits = leaf_word(l, c, NULL, r, m, m == 64 ? ~0ull : (1ull << m) - 1);

		for (uint32_t i = 0; i < m; i++)
			table[r + i] = bits >> i & 1;
	}
	return (table);
}

/* Addresses and bytes: a byte for each entry; through the words where numbers are words. */
static const uint8_t *
ask_entries(const struct leaf *l, struct batch *b, const struct dense *d)
{
	struct column c = { .store = d->store };
	const uint8_t *entry;
	uint8_t *word;

	c.any = (void *)(d->store == STORE_IP ? (uintptr_t)d->ip : (uintptr_t)d->blob);
	entry = ask_each(l, b, &c, d->entries);
	if (d->num.word == NULL)
		return (entry);
	word = arena_alloc(&b->arena, d->num.words);
	for (uint32_t i = 0; i < d->num.words; i++)
		word[i] = entry[d->num.word[i]];
	return (word);
}

static void
ask_numbers(const struct leaf *l, struct batch *b, const struct dense *d, uint64_t *to)
{
	struct column c = { .store = STORE_U64 };
	uint64_t v[64];

	c.u = v;
	if (d->num.word != NULL && d->num.words < d->n) {
		c.u = (uint64_t *)(uintptr_t)d->num.word;
		narrow_lookup(&d->num, d->n, ask_each(l, b, &c, d->num.words), to);
	} else if (l->kind == LEAF_RANGE) {
		narrow_between(&d->num, d->n, l->lo, l->hi, to);
	} else {
		for (uint32_t i = 0; i < d->n; i += 64) {
			uint32_t m = d->n - i < 64 ? d->n - i : 64;

			narrow_widen(&d->num, i, m, v);
			to[i / 64] = leaf_word(l, &c, NULL, 0, m, ~0ull);
		}
	}
}

/* Bits of the column's own values, then of rows. */
static void
run_dense(const struct leaf *l, struct batch *b, const struct dense *d, uint64_t *out)
{
	size_t words = BITS_WORDS(b->rows);
	uint64_t *values, last = b->rows % 64 == 0 ? ~0ull : (1ull << b->rows % 64) - 1;

	if (l->kind == LEAF_KNOWN || l->kind == LEAF_NEVER || d->n == 0) {
		memset(out, l->kind == LEAF_KNOWN ? 0xff : 0, words * sizeof(out[0]));
	} else {
		values = d->present == NULL ? out : arena_alloc(&b->arena, BITS_WORDS(d->n) * sizeof(out[0]));
		if (d->store == STORE_U64)
			ask_numbers(l, b, d, values);
		else
			narrow_lookup(&d->num, d->n, ask_entries(l, b, d), values);
		if (values != out)
			dense_spread(d, b->rows, values, out);
	}
	for (size_t w = 0; w < words; w++)
		out[w] = (l->invert ? ~out[w] : out[w]) & (d->present == NULL ? ~0ull : d->present[w]);
	out[words - 1] &= last;
}

/* The column as it came from the block, if nobody has changed it, and no other one belongs to it. */
static const struct dense *
dense_of_leaf(const struct leaf *l, const struct batch *b)
{
	if (l->field >= F_STORED || b->col[l->field] != NULL ||
	    (l->mask != F_NONE && (b->dense[l->mask] != NULL || b->col[l->mask] != NULL)))
		return (NULL);
	return (b->dense[l->field]);
}

static void
run_leaf(const struct leaf *l, struct batch *b, uint64_t *out)
{
	const struct dense *dense = dense_of_leaf(l, b);
	const struct column *c, *mask;
	size_t words = BITS_WORDS(b->rows);

	if (dense != NULL) {
		run_dense(l, b, dense, out);
		return;
	}
	c = batch_derive(b, l->field);
	mask = l->mask == F_NONE ? NULL : batch_flat(b, l->mask);
	if (c == NULL) {
		memset(out, 0, words * sizeof(out[0]));
		return;
	}
	for (size_t w = 0; w < words; w++) {
		uint32_t r = (uint32_t)w * 64;
		unsigned n = b->rows - r < 64 ? b->rows - r : 64;
		uint64_t ask = c->present[w], bits;

		if (mask != NULL && mask->mixed != NULL)
			ask &= ~mask->mixed[w];
		if (ask == 0) {
			out[w] = 0;
			continue;
		}
		bits =
		    n == 64 ? leaf_word(l, c, mask, r, 64, ask) : leaf_word(l, c, mask, r, n, ask);
		out[w] = (l->invert ? ~bits : bits) & ask;
	}
}

void
filter_run(const struct filter *f, struct batch *b, uint64_t *sel)
{
	size_t words = BITS_WORDS(b->rows);
	uint64_t *stack[STACK_MAX];
	unsigned top = 0; /* bitmaps in use */

	assert(f->depth <= STACK_MAX);
	if (words == 0)
		return;
	stack[0] = sel;
	for (unsigned i = 1; i < f->depth; i++)
		stack[i] = arena_alloc(&b->arena, words * sizeof(sel[0]));
	for (unsigned i = 0; i < f->steps; i++) {
		uint64_t *a, *x;

		if (f->step[i].kind == STEP_LEAF || f->step[i].kind == STEP_TRUE) {
			if (f->step[i].kind == STEP_LEAF)
				run_leaf(&f->leaf[f->step[i].leaf], b, stack[top]);
			else
				memset(stack[top], 0xff, words * sizeof(sel[0]));
			top++;
			continue;
		}
		x = stack[top - 1];
		if (f->step[i].kind == STEP_NOT) {
			for (size_t w = 0; w < words; w++)
				x[w] = ~x[w];
			continue;
		}
		a = stack[--top - 1];
		if (f->step[i].kind == STEP_AND)
			for (size_t w = 0; w < words; w++)
				a[w] &= x[w];
		else
			for (size_t w = 0; w < words; w++)
				a[w] |= x[w];
	}
	if (b->rows % 64 != 0)
		sel[words - 1] &= (1ull << b->rows % 64) - 1;
}

/* --- before a block is read: can a row match, can a row fail to? */

struct maybe {
	bool yes, no;
};

static struct ip
last_of(const struct ip *net, unsigned len)
{
	struct ip ip = *net;

	for (unsigned bit = len + (ip_is4(net) ? 96 : 0); bit < 128; bit++)
		ip.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return (ip);
}

/* Does an address of [min, max] lie in the network? */
static bool
net_touch(const struct leaf *l, const struct range *r)
{
	struct ip last = last_of(&l->net, l->len);

	if (ip_cmp(&r->min.ip, &last) > 0 || ip_cmp(&r->max.ip, &l->net) < 0)
		return (false);
	return (ip_is4(&l->net) || !ip_is4(&r->min.ip) || !ip_is4(&r->max.ip));
}

static struct maybe
leaf_maybe(const struct leaf *l, const struct range *range)
{
	static const struct maybe unsure = { true, true }, never = { false, true };
	const struct range *r = &range[l->field];
	uint64_t min = r->min.u, max = r->max.u;
	bool touch, inside;

	if (l->kind == LEAF_NEVER)
		return (never);
	if (l->field >= F_STORED) { /* nothing is derived from nothing, but the marks of flgs */
		if (fields[l->field].store != STORE_BLOB) {
			const uint16_t *n = fields[l->field].needs;

			while (*n != F_NONE && range[*n].absent)
				n++;
			if (*n == F_NONE)
				return (never);
		}
		return (unsure);
	}
	if (r->absent)
		return (never);
	if (r->mixed)
		return (unsure);
	if (l->kind == LEAF_KNOWN)
		return ((struct maybe){ true, !r->all });
	if (!r->known)
		return (unsure);
	if (l->kind == LEAF_NET)
		return ((struct maybe){ l->invert || net_touch(l, r), true });
	if (l->kind == LEAF_ADDRS)
		return ((struct maybe){ l->invert || addrs_touch(l->addrs, &r->min.ip, &r->max.ip),
					true });
	if (l->kind == LEAF_BITS)
		return ((struct maybe){ l->hi <= max, true });
	if (l->kind != LEAF_RANGE || fields[l->field].store != STORE_U64)
		return (unsure);
	touch = min <= l->hi && max >= l->lo;
	inside = min >= l->lo && max <= l->hi;
	return ((struct maybe){ l->invert ? !inside : touch,
				!(r->all && (l->invert ? !touch : inside)) });
}

/* The same with a membership filter: is the one value that the leaf asks for there? */
static bool
member_maybe_leaf(const struct leaf *l, struct piece *p)
{
	union value v = { .u = l->lo };

	if (l->invert || l->field >= F_STORED)
		return (true);
	if (l->kind == LEAF_NET && l->len == (ip_is4(&l->net) ? 32 : 128))
		v.ip = l->net;
	else if (l->kind != LEAF_RANGE || l->lo != l->hi)
		return (true);
	return (piece_may_hold(p, l->field, &v));
}

/* The same with all addresses of the block. */
static bool
address_maybe_leaf(const struct leaf *l, struct piece *p)
{
	uint32_t n4 = 0, n6 = 0;
	const struct ip *ip;
	struct ip last;

	if (l->invert || (l->kind != LEAF_NET && l->kind != LEAF_ADDRS) || (ip = piece_addresses(p, &n4, &n6)) == NULL)
		return (true);
	if (l->kind == LEAF_ADDRS)
		return (addrs_have_any(l->addrs, ip, n4, n6));
	last = last_of(&l->net, l->len);
	return (ip_is4(&l->net) ? addrs_between(ip, n4, &l->net, &last) : addrs_between(ip + n4, n6, &l->net, &last));
}

/* Each way to tell costs more than the one before. */
static struct maybe
leaf_told(const struct leaf *l, const struct block_info *info, enum filter_skip how)
{
	struct maybe m = leaf_maybe(l, info->range);

	if (m.yes && how >= FILTER_MEMBER && !member_maybe_leaf(l, info->piece))
		m.yes = false;
	if (m.yes && how >= FILTER_ADDRESS && !address_maybe_leaf(l, info->piece))
		m.yes = false;
	return (m);
}

static bool
can_match(const struct filter *f, const struct block_info *info, enum filter_skip how)
{
	struct maybe stack[STACK_MAX];
	unsigned top = 0;

	assert(f->depth <= STACK_MAX);
	for (unsigned i = 0; i < f->steps; i++) {
		struct maybe *x, *a;
		bool yes;

		switch (f->step[i].kind) {
		case STEP_LEAF:
			stack[top++] = leaf_told(&f->leaf[f->step[i].leaf], info, how);
			break;
		case STEP_TRUE:
			stack[top++] = (struct maybe){ true, false };
			break;
		case STEP_NOT:
			x = &stack[top - 1];
			yes = x->yes;
			x->yes = x->no;
			x->no = yes;
			break;
		case STEP_AND:
		case STEP_OR:
			x = &stack[--top];
			a = &stack[top - 1];
			if (f->step[i].kind == STEP_AND)
				*a = (struct maybe){ a->yes && x->yes, a->no || x->no };
			else
				*a = (struct maybe){ a->yes || x->yes, a->no && x->no };
			break;
		}
	}
	return (stack[0].yes);
}

enum filter_skip
filter_skips(const struct filter *f, const struct block_info *info)
{
	if (info->range == NULL)
		return (FILTER_MAYBE);
	if (!can_match(f, info, FILTER_RANGE))
		return (FILTER_RANGE);
	if (info->piece == NULL)
		return (FILTER_MAYBE);
	if (f->members && !can_match(f, info, FILTER_MEMBER))
		return (FILTER_MEMBER);
	if (f->addresses && !can_match(f, info, FILTER_ADDRESS))
		return (FILTER_ADDRESS);
	return (FILTER_MAYBE);
}
