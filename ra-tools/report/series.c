/* SPDX-License-Identifier: BSD-2-Clause
 *
 * series.c: values by key and bin.  Test: tests/truth/graph.tap.
 */
#include "ra-tools/report/series.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct series *
series_new(unsigned fields, const bool sums[], uint64_t memory)
{
	struct series *s = mem_zero(1, sizeof(*s));

	s->fields = fields;
	s->memory = memory;
	memcpy(s->sums, sums, fields * sizeof(sums[0]));
	return (s);
}

static void
key_free(struct series_key *k)
{
	free(k->name);
	for (unsigned f = 0; f < SERIES_FIELDS; f++)
		free(k->line[f].p);
}

void
series_free(struct series **ps)
{
	struct series *s = *ps;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->keys; i++)
		key_free(&s->key[i]);
	free(s->key);
	free(s->start);
	free(s->end);
	map_free(&s->names);
	free(s);
	*ps = NULL;
}

void
series_bin(struct series *s, int64_t start, int64_t end)
{
	if (s->bins > 0 && s->start[s->bins - 1] == start)
		return;
	if ((s->bins & (s->bins - 1)) == 0) {
		size_t cap = s->bins == 0 ? 1 : s->bins * 2;

		s->start = mem_grow(s->start, cap, sizeof(s->start[0]));
		s->end = mem_grow(s->end, cap, sizeof(s->end[0]));
	}
	s->start[s->bins] = start;
	s->end[s->bins++] = end;
}

static struct series_key *
key_of(struct series *s, const char *name)
{
	size_t n = strlen(name);
	uint32_t i;

	if (!map_put(&s->names, name, n, &i))
		return (&s->key[i]);
	if ((i & (i - 1)) == 0)
		s->key = mem_grow(s->key, i == 0 ? 1 : (size_t)i * 2, sizeof(s->key[0]));
	s->key[i] = (struct series_key){ .name = mem_str(name) };
	s->keys++;
	s->taken += sizeof(s->key[0]) + 2 * n + 48;
	return (&s->key[i]);
}

static void
line_add(struct series *s, struct series_line *l, uint32_t bin, double v)
{
	if (l->n > 0 && l->p[l->n - 1].bin == bin) {
		l->p[l->n - 1].v += v;
	} else {
		if (l->n == l->cap) {
			size_t cap = l->cap == 0 ? 4 : l->cap * 2;

			s->taken += (cap - l->cap) * sizeof(l->p[0]);
			l->cap = cap;
			l->p = mem_grow(l->p, l->cap, sizeof(l->p[0]));
		}
		l->p[l->n++] = (struct series_point){ bin, v };
	}
	l->sum += v;
	if (l->n == 1 || l->p[l->n - 1].v > l->most) {
		l->most = l->p[l->n - 1].v;
		l->most_bin = bin;
	}
}

bool
series_put(struct series *s, const char *key, unsigned field, double v)
{
	line_add(s, &key_of(s, key)->line[field], (uint32_t)s->bins - 1, v);
	return (s->taken <= s->memory);
}

/* --- the greatest --------------------------------------------------------------------------------- */

static int
greatest_first(const void *x, const void *y)
{
	const struct series_key *a = x, *b = y;

	if (a->line[0].sum < b->line[0].sum || a->line[0].sum > b->line[0].sum)
		return (a->line[0].sum > b->line[0].sum ? -1 : 1);
	return (strcmp(a->name, b->name));
}

/* The points of both, in order. */
static void
line_join(struct series *s, struct series_line *to, const struct series_line *from)
{
	struct series_line both = { .cap = 0 };
	size_t i = 0, j = 0;

	while (i < to->n || j < from->n)
		if (j == from->n || (i < to->n && to->p[i].bin <= from->p[j].bin)) {
			line_add(s, &both, to->p[i].bin, to->p[i].v);
			i++;
		} else {
			line_add(s, &both, from->p[j].bin, from->p[j].v);
			j++;
		}
	free(to->p);
	*to = both;
}

/* Keys from `at` to `end` become the first of them; halves first, so that no point is copied more than log n times. */
static void
join_range(struct series *s, size_t at, size_t end)
{
	size_t middle = at + (end - at) / 2;

	if (end - at < 2)
		return;
	join_range(s, at, middle);
	join_range(s, middle, end);
	for (unsigned f = 0; f < s->fields; f++)
		if (s->sums[f])
			line_join(s, &s->key[at].line[f], &s->key[middle].line[f]);
	key_free(&s->key[middle]);
	s->key[middle] = (struct series_key){ .name = NULL };
}

void
series_rank(struct series *s, size_t keep)
{
	bool any = false;

	if (s->keys > 0)
		qsort(s->key, s->keys, sizeof(s->key[0]), greatest_first);
	if (s->keys <= keep)
		return;
	for (unsigned f = 0; f < s->fields; f++)
		any |= s->sums[f];
	s->others = s->keys - keep;
	join_range(s, keep, s->keys);
	s->keys = keep + any;
	if (!any) {
		key_free(&s->key[keep]);
		return;
	}
	free(s->key[keep].name);
	s->key[keep].name = mem_str("other");
	for (unsigned f = 0; f < s->fields; f++)
		if (!s->sums[f]) {
			free(s->key[keep].line[f].p);
			s->key[keep].line[f] = (struct series_line){ .cap = 0 };
		}
}
