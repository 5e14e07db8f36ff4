/* SPDX-License-Identifier: BSD-2-Clause
 *
 * marks.c: sorted, so that many tunnels, many bins and many marks do not cost their product.
 */
#include "ra-tools/report/marks.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct span {
	unsigned probe;
	int64_t start, end;
	int64_t latest; /* end of this one and of those of the probe before it */
};

struct marks {
	struct span *span;
	size_t nspan, spans;
	struct mark *ike;
	size_t nike, ikes;
};

struct marks *
marks_new(void)
{
	return (mem_zero(1, sizeof(struct marks)));
}

void
marks_free(struct marks **pm)
{
	if (*pm == NULL)
		return;
	free((*pm)->span);
	free((*pm)->ike);
	free(*pm);
	*pm = NULL;
}

void
marks_drops(struct marks *m, unsigned probe, int64_t start, int64_t end)
{
	struct span *last = m->nspan > 0 ? &m->span[m->nspan - 1] : NULL;

	if (last != NULL && last->probe == probe && last->end >= start && last->start <= start) {
		last->end = end > last->end ? end : last->end;
		return;
	}
	if (m->nspan == m->spans) {
		m->spans = m->spans == 0 ? 64 : 2 * m->spans;
		m->span = mem_grow(m->span, m->spans, sizeof(m->span[0]));
	}
	m->span[m->nspan++] = (struct span){ probe, start, end, end };
}

void
marks_ike(struct marks *m, unsigned probe, const struct ip *a, const struct ip *b, int64_t start, int64_t end)
{
	bool turned = memcmp(a, b, sizeof(*a)) > 0;

	if (m->nike == m->ikes) {
		m->ikes = m->ikes == 0 ? 64 : 2 * m->ikes;
		m->ike = mem_grow(m->ike, m->ikes, sizeof(m->ike[0]));
	}
	m->ike[m->nike++] = (struct mark){ probe, { turned ? *b : *a, turned ? *a : *b }, start, end };
}

static int
by_start(const void *x, const void *y)
{
	const struct span *a = x, *b = y;

	if (a->probe != b->probe)
		return (a->probe < b->probe ? -1 : 1);
	return ((a->start > b->start) - (a->start < b->start));
}

static int
by_pair(const struct mark *a, const struct mark *b)
{
	if (a->probe != b->probe)
		return (a->probe < b->probe ? -1 : 1);
	return (memcmp(a->addr, b->addr, sizeof(a->addr)));
}

static int
by_pair_and_time(const void *x, const void *y)
{
	const struct mark *a = x, *b = y;
	int c = by_pair(a, b);

	return (c != 0 ? c : (a->start > b->start) - (a->start < b->start));
}

void
marks_ready(struct marks *m)
{
	if (m->nspan > 1)
		qsort(m->span, m->nspan, sizeof(m->span[0]), by_start);
	for (size_t i = 0; i < m->nspan; i++) {
		struct span *x = &m->span[i];

		x->latest = i > 0 && x[-1].probe == x->probe && x[-1].latest > x->end ? x[-1].latest : x->end;
	}
	if (m->nike > 1)
		qsort(m->ike, m->nike, sizeof(m->ike[0]), by_pair_and_time);
}

static bool
dropped(const struct marks *m, unsigned probe, int64_t start, int64_t end)
{
	size_t lo = 0, hi = m->nspan;

	while (lo < hi) { /* the first of a later probe, or that begins at `end` or behind it */
		size_t mid = (lo + hi) / 2;
		const struct span *x = &m->span[mid];

		if (x->probe < probe || (x->probe == probe && x->start < end))
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo > 0 && m->span[lo - 1].probe == probe && m->span[lo - 1].latest > start);
}

bool
marks_dropped(const struct marks *m, unsigned probe, int64_t start, int64_t end)
{
	return (dropped(m, probe, start, end) || dropped(m, MARKS_EVERY, start, end));
}

const struct mark *
marks_of(const struct marks *m, unsigned probe, const struct ip *a, const struct ip *b, size_t *n)
{
	bool turned = memcmp(a, b, sizeof(*a)) > 0;
	struct mark key = { probe, { turned ? *b : *a, turned ? *a : *b }, 0, 0 };
	size_t lo = 0, hi = m->nike;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (by_pair(&m->ike[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*n = 0; lo + *n < m->nike && by_pair(&m->ike[lo + *n], &key) == 0; (*n)++)
		;
	return (*n == 0 ? NULL : m->ike + lo);
}
