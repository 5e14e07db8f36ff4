/* SPDX-License-Identifier: BSD-2-Clause
 *
 * timeline.c: open spans, late bins, and what is due next.
 */
#include "probe/ledger/timeline.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SPANS_MAX 4096 /* wild times open many; then the oldest are sealed early */
#define LATE_MAX  64   /* and of late counters */
#define SILENCE_MAX 1000 /* bins without packets that have a span; more: the machine slept */

void
timeline_init(struct timeline *tl, int64_t interval, int64_t grace)
{
	memset(tl, 0, sizeof(*tl));
	tl->interval = interval;
	tl->grace = grace;
	tl->forced = INT64_MIN;
	tl->periods = (struct periods){ .cut = INT64_MIN, .patience = grace + TIMELINE_WAITS };
}

void
timeline_free(struct timeline *tl)
{
	struct span *s;

	for (uint32_t i = 0; i < tl->nopen; i++)
		free(tl->open[i]);
	while ((s = tl->unused) != NULL) {
		tl->unused = s->next;
		free(s);
	}
	free(tl->open);
	free(tl->latestats);
}

/* The first of n spans that does not start before `start`. */
static uint32_t
lower(struct span *const *s, uint32_t n, int64_t start)
{
	uint32_t lo = 0;

	while (lo < n) {
		uint32_t mid = (lo + n) / 2;

		if (s[mid]->start < start)
			lo = mid + 1;
		else
			n = mid;
	}
	return (lo);
}

static struct span *
new_span(struct timeline *tl, int64_t start)
{
	struct span *s = tl->unused;

	if (s != NULL)
		tl->unused = s->next;
	else
		s = mem_alloc(sizeof(*s));
	memset(s, 0, sizeof(*s));
	s->start = start;
	s->due = timeline_seal(tl, start);
	return (s);
}

static void
insert(struct timeline *tl, uint32_t i, int64_t start)
{
	if (tl->nopen == tl->capopen) {
		tl->capopen = tl->capopen == 0 ? 16 : tl->capopen * 2;
		tl->open = mem_grow(tl->open, tl->capopen, sizeof(struct span *));
	}
	memmove(&tl->open[i + 1], &tl->open[i], (tl->nopen - i) * sizeof(struct span *));
	tl->open[i] = new_span(tl, start);
	if (++tl->nopen > SPANS_MAX) { /* one more has to go: those before it went already */
		struct span *s = tl->open[tl->nopen - SPANS_MAX - 1];

		tl->forced = s->start + tl->interval;
		s->stats.segevict += !tl->follows;
		s->due = INT64_MIN;
	}
}

struct span *
timeline_find(struct timeline *tl, int64_t start)
{
	uint32_t i = lower(tl->open, tl->nopen, start);

	if (i == tl->nopen || tl->open[i]->start != start)
		insert(tl, i, start);
	tl->last = i;
	return (tl->open[i]);
}

static struct span *
new_late(struct timeline *tl, int64_t start, int64_t now)
{
	struct span *s;

	if (tl->nlate == tl->caplate) {
		tl->caplate = tl->caplate == 0 ? 16 : tl->caplate * 2;
		tl->latestats = mem_grow(tl->latestats, tl->caplate, sizeof(*tl->latestats));
	}
	s = &tl->latestats[tl->nlate++];
	memset(s, 0, sizeof(*s));
	s->start = start;
	s->opened = now;
	s->due = timeline_late_seal(tl, now);
	if (tl->nlate > LATE_MAX)
		tl->latestats[tl->nlate - LATE_MAX - 1].due = INT64_MIN;
	return (s);
}

struct stat_set *
timeline_late_stats(struct timeline *tl, int64_t start, int64_t now)
{
	for (uint32_t i = tl->nlate; i-- > 0;)
		if (tl->latestats[i].start == start && tl->latestats[i].due > now)
			return (&tl->latestats[i].stats);
	return (&new_late(tl, start, now)->stats);
}

void
timeline_open(struct timeline *tl, int64_t start, bool late, int64_t now, uint32_t serial)
{
	(late ? new_late(tl, start, now) : timeline_find(tl, start))->serial = serial;
}

bool
timeline_mark(struct timeline *tl, int64_t now, int64_t *start)
{
	int64_t T = tl->interval, last = timeline_start(tl, now);

	if (last - tl->marked > SILENCE_MAX * T) /* or the first time */
		tl->marked = last - T;
	if (tl->marked >= last)
		return (false);
	*start = tl->marked += T;
	return (true);
}

int64_t
timeline_due(const struct timeline *tl)
{
	int64_t due = tl->nopen > 0 ? tl->open[0]->due : INT64_MAX;

	if (tl->nlate > 0 && tl->latestats[0].due < due)
		due = tl->latestats[0].due;
	return (due);
}

bool
timeline_take(struct timeline *tl, struct span *stats)
{
	if (tl->nopen > 0 && (tl->nlate == 0 || tl->open[0]->due <= tl->latestats[0].due)) {
		struct span *s = tl->open[0];

		tl->draining = *s;
		tl->drains = true;
		s->next = tl->unused;
		tl->unused = s;
		tl->nopen--;
		memmove(&tl->open[0], &tl->open[1], tl->nopen * sizeof(struct span *));
		tl->last = 0;
		return (true);
	}
	*stats = tl->latestats[0];
	tl->nlate--;
	memmove(&tl->latestats[0], &tl->latestats[1], tl->nlate * sizeof(*tl->latestats));
	return (false);
}
