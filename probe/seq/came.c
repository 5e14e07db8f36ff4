/* SPDX-License-Identifier: BSD-2-Clause
 *
 * came.c: which numbers came in a bin: runs of them, as two probes of one path compare them (pavo(5), SEQS).
 */
#include "probe/seq/numbers.h"

#include "format/seqs.h"

#include <stdlib.h>
#include <string.h>

#define SEQ_TEXT ((SEQ_RUNS + 1) * 35 + 64) /* bytes at worst: a name each */

static struct seq_runs *
cell_of(struct numbers *n, struct seq_came *c)
{
	if (c->runs == 0 && (c->runs = pool_get(&n->runs)) != 0)
		((struct seq_runs *)pool_at(&n->runs, c->runs))->n = 0;
	return (c->runs != 0 ? pool_at(&n->runs, c->runs) : NULL);
}

/* Out of the cell a run that ends where this one begins, or begins where it ends; both are one then. */
static bool
take_out(struct seq_runs *r, struct seq_run *x)
{
	for (uint32_t i = r->n; i-- > 0;) {
		struct seq_run *o = &r->run[i];

		if (o->name != x->name || (o->hi + 1 != x->lo && o->lo != x->hi + 1))
			continue;
		if (o->hi + 1 == x->lo)
			x->lo = o->lo;
		else
			x->hi = o->hi;
		*o = r->run[--r->n];
		return (true);
	}
	return (false);
}

static void
put_away(struct numbers *n, struct seq_came *c, struct seq_run x)
{
	struct seq_runs *r = cell_of(n, c);

	if (r == NULL) {
		c->more = true;
		return;
	}
	while (take_out(r, &x))
		;
	if (r->n == SEQ_RUNS)
		c->more = true;
	else
		r->run[r->n++] = x;
}

static void
set_mark(struct seq_came *c, uint32_t name, uint64_t q, int64_t ts)
{
	c->mark = q;
	c->mark_name = name;
	c->mark_ts = ts;
	c->below = q == 0 ? UINT64_MAX : q ^ (q - 1);
}

void
seq_came_other(struct numbers *n, struct seq_came *c, uint32_t name, uint64_t q, int64_t ts)
{
	struct seq_run x = { q, q, name };

	if (!c->any || ((q & c->below) == 0 && (q != 0 || c->mark != 0)))
		set_mark(c, name, q, ts);
	if (c->any && name == c->now.name && q == c->now.hi + 1) {
		c->now.hi = q;
		return;
	}
	if (c->any)
		put_away(n, c, c->now);
	c->any = true;
	while (c->runs != 0 && take_out(pool_at(&n->runs, c->runs), &x))
		;
	c->now = x;
}

void
seq_after(struct numbers *n, struct seq_came *c, const struct seqno *s, const struct seq_counts *k, const struct seq_before *was,
    uint32_t name, uint64_t q, int64_t ts)
{
	uint32_t more = k->uniq - was->uniq;
	bool jumped = was->pending && k->jumps > was->jumps;

	if (jumped && more > 0) {
		seq_came_other(n, c, name, was->pend, ts);
		more--;
	}
	if (more > 0)
		seq_came(n, c, name, q & s->mask, ts);
	if (more > 1 || s->trial != 0) /* what a trial decides is not told number by number */
		c->more = true;
}

void
seq_came_end(struct numbers *n, struct seq_came *c)
{
	if (c->runs != 0)
		pool_put(&n->runs, c->runs);
	c->runs = 0;
}

void
seq_came_merge(struct numbers *n, struct seq_came *to, struct seq_came *from)
{
	if (from->any && !to->any) {
		seq_came_end(n, to);
		*to = *from;
		from->runs = 0;
		return;
	}
	to->more |= from->more;
	if (from->any) {
		const struct seq_runs *r = pool_at(&n->runs, from->runs);

		put_away(n, to, from->now);
		for (uint32_t i = 0; from->runs != 0 && i < r->n; i++)
			put_away(n, to, r->run[i]);
	}
	seq_came_end(n, from);
}

/* --- into the record */

struct text { /* bytes; bounded by who writes them */
	uint8_t p[SEQ_TEXT];
	size_t n;
};

static void
varint(struct text *t, uint64_t v)
{
	for (; v > 127; v >>= 7)
		t->p[t->n++] = (uint8_t)(v | 128);
	t->p[t->n++] = (uint8_t)v;
}

static int
by_number(const void *x, const void *y)
{
	const struct seq_run *a = x, *b = y;

	if (a->name != b->name)
		return (a->name < b->name ? -1 : 1);
	return ((a->lo > b->lo) - (a->lo < b->lo));
}

static uint32_t
of_name(const struct seq_run *r, uint32_t n)
{
	uint32_t i = 1;

	while (i < n && r[i].name == r[0].name)
		i++;
	return (i);
}

/* own: the SPI that the record has; it is not said again. */
static void
write_runs(struct text *t, const struct seq_run *r, uint32_t n, uint32_t own)
{
	for (uint32_t some; n > 0; r += some, n -= some) {
		uint64_t last = 0;

		some = of_name(r, n);
		varint(t, r->name == own ? 0 : r->name);
		varint(t, some);
		for (uint32_t i = 0; i < some; i++) {
			varint(t, r[i].lo - last);
			varint(t, r[i].hi - r[i].lo);
			last = r[i].hi;
		}
	}
}

static void
write_came(struct text *t, const struct numbers *n, const struct seq_came *c, int64_t start, uint32_t own)
{
	static _Thread_local struct seq_run all[SEQ_RUNS + 1];
	uint32_t some = 0;
	bool marked = c->mark_ts >= start;

	if (c->runs != 0) {
		const struct seq_runs *r = pool_at(&n->runs, c->runs);

		memcpy(all, r->run, r->n * sizeof(all[0]));
		some = r->n;
	}
	all[some++] = c->now;
	qsort(all, some, sizeof(all[0]), by_number);
	t->n = 0;
	t->p[t->n++] = (uint8_t)((c->more ? SEQS_MORE : 0) | (marked ? SEQS_MARK : 0));
	if (marked) {
		varint(t, c->mark_name == own ? 0 : c->mark_name);
		varint(t, c->mark);
		varint(t, (uint64_t)(c->mark_ts - start));
	}
	write_runs(t, all, some, own);
}

#define FILL(x, text, side)                                                                        \
	if (s->came[side].any) {                                                                \
		write_came(&(text), n, &s->came[side], b->start, s->spi[side]);                 \
		PUT_BLOB(r, x##seqs, (text).p, (text).n);                                       \
	}

void
seq_fill_came(const struct numbers *n, const struct seq_bin *s, const struct bin *b, int source, struct tile *r)
{
	static _Thread_local struct text text[2]; /* until the record is put */
	int other = 1 - source;

	FILL(s, text[0], source)
	FILL(d, text[1], other)
}
