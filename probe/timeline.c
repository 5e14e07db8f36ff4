/* SPDX-License-Identifier: BSD-2-Clause
 *
 * timeline.c: open spans, late bins, and what is due next.
 */
#include "probe/timeline.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SPANS_MAX 4096 /* wild times open many; then the oldest are sealed early */

void
timeline_init(struct timeline *tl, int64_t interval, int64_t grace)
{
	memset(tl, 0, sizeof(*tl));
	tl->interval = interval;
	tl->grace = grace;
	tl->forced = INT64_MIN;
}

void
timeline_free(struct timeline *tl)
{
	free(tl->open);
	free(tl->latestats);
}

/* The first of n spans that does not start before `start`. */
static uint32_t
lower(const struct span *s, uint32_t n, int64_t start)
{
	uint32_t lo = 0;

	while (lo < n) {
		uint32_t mid = (lo + n) / 2;

		if (s[mid].start < start)
			lo = mid + 1;
		else
			n = mid;
	}
	return (lo);
}

struct span *
timeline_span(struct timeline *tl, int64_t start)
{
	uint32_t i;

	if (tl->last < tl->nopen && tl->open[tl->last].start == start)
		return (&tl->open[tl->last]);
	i = lower(tl->open, tl->nopen, start);
	if (i == tl->nopen || tl->open[i].start != start) {
		if (tl->nopen == tl->capopen) {
			tl->capopen = tl->capopen == 0 ? 16 : tl->capopen * 2;
			tl->open = mem_grow(tl->open, tl->capopen, sizeof(*tl->open));
		}
		memmove(&tl->open[i + 1], &tl->open[i], (tl->nopen - i) * sizeof(*tl->open));
		memset(&tl->open[i], 0, sizeof(*tl->open));
		tl->open[i].start = start;
		tl->open[i].due = timeline_seal(tl, start);
		tl->nopen++;
	}
	if (tl->nopen > SPANS_MAX && tl->open[0].start >= tl->forced) {
		tl->forced = tl->open[0].start + tl->interval;
		tl->open[0].stats.segevict++;
		tl->open[0].due = INT64_MIN;
	}
	tl->last = i;
	return (&tl->open[i]);
}

struct stat_set *
timeline_late_stats(struct timeline *tl, int64_t start, int64_t now)
{
	struct span *s;

	for (uint32_t i = tl->nlate; i-- > 0;)
		if (tl->latestats[i].start == start)
			return (&tl->latestats[i].stats);
	if (tl->nlate == tl->caplate) {
		tl->caplate = tl->caplate == 0 ? 16 : tl->caplate * 2;
		tl->latestats = mem_grow(tl->latestats, tl->caplate, sizeof(*tl->latestats));
	}
	s = &tl->latestats[tl->nlate++];
	memset(s, 0, sizeof(*s));
	s->start = start;
	s->due = now + tl->grace;
	if (tl->nlate > SPANS_MAX / 4)
		tl->latestats[0].due = INT64_MIN;
	return (&s->stats);
}

int64_t
timeline_due(const struct timeline *tl)
{
	int64_t due = tl->nopen > 0 ? tl->open[0].due : INT64_MAX;

	if (tl->nlate > 0 && tl->latestats[0].due < due)
		due = tl->latestats[0].due;
	return (due);
}

bool
timeline_take(struct timeline *tl, struct span *stats)
{
	if (tl->nopen > 0 && (tl->nlate == 0 || tl->open[0].due <= tl->latestats[0].due)) {
		tl->draining = tl->open[0];
		tl->drains = true;
		tl->nopen--;
		memmove(&tl->open[0], &tl->open[1], tl->nopen * sizeof(*tl->open));
		tl->last = 0;
		return (true);
	}
	*stats = tl->latestats[0];
	tl->nlate--;
	memmove(&tl->latestats[0], &tl->latestats[1], tl->nlate * sizeof(*tl->latestats));
	return (false);
}
