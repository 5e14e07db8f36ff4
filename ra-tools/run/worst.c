/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worst.c: rows by the sum of some fields.
 */
#include "ra-tools/run/worst.h"

#include "format/base/mem.h"
#include "ra-tools/query/gather.h"
#include "ra-tools/run/run.h"
#include "ra-tools/out/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what rows are ranked by ---------------------------------------------------------------------- */

static void
metric_add(struct metric *m, const char *name)
{
	enum field f = field_named(name, strlen(name));

	if (f != F_NONE && m->n < METRIC_MAX)
		m->field[m->n++] = f;
}

static bool
adds(enum field f)
{
	return (f != F_NONE && field_is_additive(f) &&
		(fields[f].store == STORE_U64 || fields[f].store == STORE_I64));
}

struct metric
metric_of(const char *word)
{
	static const struct {
		const char *word, *field[4];
	} words[] = { { "late",
			{ "slate", "dlate", "sooo", "dooo" } }, /* TCP calls it out of order */
		      { "caploss", { "capgap", NULL, NULL, NULL } } };
	struct metric m = { .n = 0 };
	char side[64];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int k = 0; k < 4 && strcmp(words[i].word, word) == 0; k++)
			if (words[i].field[k] != NULL)
				metric_add(&m, words[i].field[k]);
	if (m.n == 0)
		metric_add(&m, word);
	for (int k = 0; k < 2 && m.n == (unsigned)k; k++) { /* both sides of dup, rst ... */
		(void)snprintf(side, sizeof(side), "%c%s", "sd"[k], word);
		metric_add(&m, side);
	}
	if (m.n == 0)
		run_usage("--by %s: no such field; the nearest is %s", word,
			  field_nearest(word, strlen(word)));
	for (unsigned i = 0; i < m.n; i++)
		if (!adds(m.field[i]))
			run_usage("--by %s: it does not add up over records; expected loss, late, "
				  "dup, caploss, rst, or a "
				  "sum such as bytes",
				  word);
	return (m);
}

void
metric_derive(const struct metric *m, struct batch *b)
{
	for (unsigned i = 0; i < m->n; i++)
		(void)batch_derive(b, m->field[i]);
}

int64_t
metric_value(const struct metric *m, const struct batch *b, uint32_t r)
{
	int64_t v = 0;

	for (unsigned i = 0; i < m->n; i++)
		if (column_has(b->col[m->field[i]], r) && __builtin_add_overflow(v, b->col[m->field[i]]->i[r], &v))
			v = v < 0 ? INT64_MAX : INT64_MIN; /* it has gone round */
	return (v == INT64_MIN ? -INT64_MAX : v); /* whoever turns its sign can */
}

/* --- the greatest rows of many -------------------------------------------------------------------- */

struct top
top_new(uint32_t most)
{
	struct top t = { .most = most };

	t.held = batch_new(most * 2 < 512 ? 512 : most * 2);
	t.pick = mem_zero(t.held->cap, sizeof(t.pick[0]));
	return (t);
}

/* Rows of equal weight: the order of files says nothing (SEMANTICS 14.6). */
static int
compare_rows(const struct batch *b, uint32_t x, uint32_t y)
{
	static const enum field by[] = { F_probe, F_proto, F_saddr, F_daddr, F_sport, F_dport, F_vrf, F_tunid, F_lane, F_sspi,
		F_icmptype, F_icmpcode, F_icmpid, F_stime, F_flowid, F_bstart };
	int c = 0;

	for (size_t i = 0; i < sizeof(by) / sizeof(by[0]) && c == 0; i++) {
		const struct column *k = b->col[by[i]];
		union value v, w;

		if (column_has(k, x) != column_has(k, y))
			return (column_has(k, x) ? -1 : 1);
		if (!column_has(k, x))
			continue;
		v = column_value(k, x);
		w = column_value(k, y);
		c = value_cmp(k->store, &v, &w);
	}
	return (c);
}

static int
greatest(const void *x, const void *y, void *held)
{
	const struct pick *a = x, *b = y;
	int c;

	if (a->weight != b->weight)
		return (a->weight < b->weight ? 1 : -1);
	c = compare_rows(held, a->row, b->row);
	return (c != 0 ? c : (a->order > b->order) - (a->order < b->order));
}

void
top_cut(struct top *t)
{
	struct batch *kept = batch_new(t->held->cap);
	uint32_t n = t->n < t->most ? t->n : t->most;

	qsort_r(t->pick, t->n, sizeof(t->pick[0]), greatest, t->held);
	for (uint32_t i = 0; i < n; i++) {
		gather(kept, t->held, &t->pick[i].row, 1);
		t->pick[i].row = i;
	}
	batch_free(&t->held);
	t->held = kept;
	t->n = n;
}

void
top_add(struct top *t, const struct batch *b, uint32_t r, int64_t value, bool either_sign)
{
	if (t->n == t->held->cap)
		top_cut(t);
	t->pick[t->n] =
	    (struct pick){ value, either_sign && value < 0 ? -value : value, t->seen++, t->n };
	gather(t->held, b, &r, 1);
	t->n++;
}
