/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spans.c: spans of time.
 */
#include "ra-tools/store/spans.h"

#include "format/base/mem.h"

#include <stdlib.h>

void
spans_add(struct spans *s, int64_t from, int64_t to)
{
	if (to <= from)
		return;
	if (s->n >= 2 && from <= s->at[s->n - 1] && from >= s->at[s->n - 2]) { /* most often it goes on */
		if (to > s->at[s->n - 1])
			s->at[s->n - 1] = to;
		return;
	}
	if (s->n + 2 > s->cap) {
		s->cap = s->cap == 0 ? 16 : s->cap * 2;
		s->at = mem_grow(s->at, s->cap, sizeof(s->at[0]));
	}
	s->at[s->n++] = from;
	s->at[s->n++] = to;
}

static int
by_start(const void *x, const void *y)
{
	const int64_t *a = x, *b = y;

	return (*a < *b ? -1 : *a > *b);
}

void
spans_join(struct spans *s)
{
	size_t n = s->n / 2;

	if (n == 0)
		return;
	qsort(s->at, n, 2 * sizeof(s->at[0]), by_start);
	s->n = 0;
	for (size_t i = 0; i < n; i++) /* what is written never overtakes what is read */
		spans_add(s, s->at[2 * i], s->at[2 * i + 1]);
}

void
spans_free(struct spans *s)
{
	free(s->at);
	*s = (struct spans){ 0 };
}
