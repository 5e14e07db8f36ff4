/* SPDX-License-Identifier: BSD-2-Clause
 *
 * calendar.c: the clock, and spans in which nothing is counted.
 */
#include "probe/ledger/calendar.h"

void
calendar_init(struct calendar *c, int64_t interval)
{
	c->clock = (struct watermark){ 0 };
	timeline_init(&c->time, interval, TIMELINE_GRACE(interval));
	c->leaves = INT64_MIN;
	c->serial = 0;
}

void
calendar_free(struct calendar *c)
{
	timeline_free(&c->time);
}

static void
turn(struct calendar *c, bool started, int64_t before, struct calendar_news *n)
{
	n->turned = c->clock.now >= c->leaves;
	if (!n->turned)
		return;
	n->before = started ? before : c->clock.now;
	c->leaves = timeline_start(&c->time, c->clock.now) + c->time.interval;
}

/* Sealed ones are as good as gone: a ledger looks for none of them any more. */
static void
tidy(struct calendar *c)
{
	struct span late;

	while (timeline_due(&c->time) <= c->clock.now)
		if (timeline_take(&c->time, &late))
			c->time.drains = false;
}

static void
open_span(struct calendar *c, struct calendar_news *n)
{
	uint32_t before = n->late ? c->time.nlate : c->time.nopen;

	if (n->late)
		(void)timeline_late_stats(&c->time, n->start, c->clock.now);
	else
		(void)timeline_span(&c->time, n->start);
	n->opened = (n->late ? c->time.nlate : c->time.nopen) != before;
	if (!n->opened)
		return;
	if (++c->serial == 0) /* that is nobody's name */
		c->serial = 1;
	n->serial = c->serial;
}

void
calendar_take(struct calendar *c, int64_t ts, bool bad, struct calendar_news *n)
{
	bool started = c->clock.started;
	int64_t before = c->clock.now;

	n->bad = bad || !watermark_can_be(ts);
	n->ts = watermark_take(&c->clock, ts, n->bad, &n->jump);
	turn(c, started, before, n);
	n->start = timeline_start(&c->time, n->ts);
	n->late = timeline_sealed(&c->time, n->start, c->clock.now);
	open_span(c, n);
	if (n->turned || n->late || n->opened)
		tidy(c);
}

void
calendar_wait(struct calendar *c, int64_t now, struct calendar_news *n)
{
	bool started = c->clock.started;
	int64_t before = c->clock.now;

	n->opened = n->turned = false;
	if (started && now <= before)
		return;
	c->clock.started = true;
	c->clock.now = now;
	turn(c, started, before, n);
	tidy(c);
}

bool
calendar_mark(struct calendar *c, struct calendar_news *n)
{
	n->late = n->opened = n->turned = false;
	while (!n->opened && c->clock.started && timeline_mark(&c->time, c->clock.now, &n->start))
		open_span(c, n);
	return (n->opened);
}
