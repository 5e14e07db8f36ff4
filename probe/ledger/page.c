/* SPDX-License-Identifier: BSD-2-Clause
 *
 * page.c: periods turn like pages.
 */
#include "probe/ledger/page.h"

#include "format/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
page_init(struct page *p, struct timeline *time, struct emit *emit)
{
	memset(p, 0, sizeof(*p));
	p->time = time;
	p->emit = emit;
	p->on = emit->sink.turn != NULL;
	p->home = p->leaves = p->sealed = INT64_MIN;
}

void
page_free(struct page *p)
{
	free(p->kept);
}

static struct kept_bins *
find(const struct page *p, int64_t home)
{
	for (uint32_t i = 0; i < p->nkept; i++) /* a hold lasts seconds: there are few */
		if (p->kept[i].home == home)
			return (&p->kept[i]);
	return (NULL);
}

void
page_keep(struct page *p, int64_t home)
{
	struct kept_bins *k;

	if (!p->on)
		return;
	if ((k = find(p, home)) != NULL) {
		k->n++;
		return;
	}
	if (p->nkept == p->capkept) {
		p->capkept = p->capkept == 0 ? 16 : p->capkept * 2;
		p->kept = mem_grow(p->kept, p->capkept, sizeof(*p->kept));
	}
	p->kept[p->nkept++] = (struct kept_bins){ home, 1 };
}

void
page_let_go(struct page *p, int64_t home)
{
	struct kept_bins *k;

	if (!p->on)
		return;
	k = find(p, home);
	assert(k != NULL);
	if (--k->n == 0)
		*k = p->kept[--p->nkept];
}

/* Where the first of them is at home; INT64_MAX: there is none. */
static int64_t
oldest(const struct page *p)
{
	int64_t home = INT64_MAX;

	for (uint32_t i = 0; i < p->nkept; i++)
		if (p->kept[i].home < home)
			home = p->kept[i].home;
	return (home);
}

/* When is the first period closed?  What holds some of its bins may last longer. */
static int64_t
closing(const struct page *p)
{
	return (oldest(p) < p->closes ? INT64_MAX : period_close(&p->time->periods, p->closes));
}

int64_t
page_due(const struct page *p)
{
	int64_t at;

	if (!p->on)
		return (INT64_MAX);
	if (p->leaves == INT64_MIN)
		return (INT64_MIN);
	at = closing(p);
	return (p->leaves < at ? p->leaves : at);
}

static void
tell(struct page *p)
{
	emit_turn(p->emit, &(struct turn){ p->home, p->sealed, p->time->periods.cut, INT64_MIN });
}

void
page_turn(struct page *p, int64_t now)
{
	const struct timeline *tl = p->time;
	const struct periods *of = &tl->periods;
	int64_t next = timeline_start(tl, now - of->patience);

	if (p->leaves == INT64_MIN) /* the first time: packets may still come of the bin before */
		p->closes = period_end(of, timeline_start(tl, now - tl->grace));
	if (p->leaves <= now && p->leaves <= closing(p)) {
		p->home = period_start(of, now);
		p->leaves = period_end(of, now);
	} else {
		p->sealed = p->closes;
		if (tl->nopen > 0 && tl->open[0]->start < next)
			next = tl->open[0]->start;
		if (oldest(p) < next)
			next = oldest(p);
		p->closes = period_end(of, next > p->sealed ? next : p->sealed);
	}
	tell(p);
}

void
page_cut(struct page *p, int64_t at)
{
	p->time->periods.cut = at;
	if (!p->on || p->leaves == INT64_MIN)
		return;
	if (p->leaves > at)
		p->leaves = at;
	if (p->closes > at)
		p->closes = at;
	tell(p);
}

int64_t
page_late_home(const struct page *p, int64_t start, int64_t seen)
{
	const struct periods *of = &p->time->periods;

	return (seen < period_close(of, period_end(of, start)) ? start : timeline_start(p->time, seen));
}

/* Mostly that is where any row of `start` goes; not if it is written before its time, or something has held it. */
void
page_late(struct page *p, int64_t start, int64_t home)
{
	const struct periods *of = &p->time->periods;
	struct turn turn = p->emit->turn;
	int64_t usual = period_start(of, start < turn.sealed ? turn.home : start), to = period_start(of, home);
	int64_t goes = turn.late == INT64_MIN ? usual : turn.late;

	if (!p->on)
		return;
	if (home < turn.sealed) /* it is closed; such counters have no packets */
		to = usual;
	turn.late = to == usual ? INT64_MIN : to;
	if (to != goes)
		emit_turn(p->emit, &turn);
}
