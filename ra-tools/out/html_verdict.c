/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_verdict.c: the page in one sentence.  Test: tests/truth/page.py
 */
#include "ra-tools/out/html_room.h"

#include <string.h>

const char *
html_short(const struct sla_tunnel *t, int side)
{
	return (t->label[side] != NULL ? t->label[side] : t->name[side]);
}

const char *
html_noun(const struct page *p)
{
	if (p->other)
		return (p->rep->count == 1 ? "entry" : "entries");
	return (p->rep->count == 1 ? "tunnel" : "tunnels");
}

static double
share(const struct sla_tunnel *t, int side)
{
	return (t->d[side].expected > 0 ? (double)t->d[side].net / (double)t->d[side].expected : 0);
}

/* The direction with the greatest loss; of those with enough packets for a percentage, if there is one. */
static const struct sla_tunnel *
most_lost(const struct report *rep, int *side)
{
	const struct sla_tunnel *worst = NULL;

	for (size_t i = 0; i < rep->count * 2; i++) {
		const struct sla_tunnel *t = sla_tunnel(rep->sla, i / 2);
		int s = (int)(i % 2);
		bool told = t->d[s].verdict[SLA_LOSS].known, was = worst != NULL && worst->d[*side].verdict[SLA_LOSS].known;

		if (t->d[s].net <= 0 || (worst != NULL && (told < was || (told == was && share(t, s) <= share(worst, *side)))))
			continue;
		worst = t;
		*side = s;
	}
	return (worst);
}

/* With its zone: a sentence is quoted without the page round it. */
static void
moment(const struct page *p, int64_t t)
{
	struct text_options o = *p->o;

	o.zone = o.zone == CLOCK_BARE ? CLOCK_LOCAL : o.zone;
	report_time(t, &o, p->to);
	if (!p->o->epoch && p->o->zone == CLOCK_UTC)
		buf_str(p->to, " UTC");
}

/* 0.78 % of 1159, worst at 2026-11-20 15:19:57 UTC */
static void
loss_of(const struct page *p, const struct sla_tunnel *t, int side)
{
	const struct sla_direction *d = &t->d[side];
	size_t at;

	if (d->verdict[SLA_LOSS].known)
		report_percent(d->verdict[SLA_LOSS].value, p->to);
	else
		buf_printf(p->to, "%lld", (long long)d->net);
	buf_printf(p->to, " of %lld", (long long)d->expected);
	sla_look(p->rep->sla, t);
	if (report_worst(t, side, &at, 1) == 1) {
		buf_str(p->to, ", worst at ");
		moment(p, t->point[at].start);
	}
}

/* What a tunnel broke: loss, if it is that; else the first of the others. */
static void
breach(const struct page *p, const struct sla_tunnel *t)
{
	for (enum sla_term term = 0; term < SLA_TERMS; term++)
		for (int k = 0; k < 2; k++) {
			int side = term == SLA_LOSS && share(t, 1) > share(t, 0) ? 1 - k : k;
			const struct sla_verdict *v = &t->d[side].verdict[term];

			if (!t->limits.set[term] || !v->known || v->good)
				continue;
			if (term == SLA_AVAIL) {
				html_text(p->to, html_short(t, 0));
				buf_str(p->to, " \xe2\x86\x94 ");
			} else {
				buf_str(p->to, "to ");
			}
			html_text(p->to, html_short(t, term == SLA_AVAIL ? 1 : 1 - side));
			if (term == SLA_LOSS) {
				buf_str(p->to, " lost ");
				loss_of(p, t, side);
				return;
			}
			buf_printf(p->to, " %s ", sla_terms[term].title);
			report_value(term, v->value, p->to);
			buf_printf(p->to, ", promised %s ", sla_terms[term].most ? "at most" : "at least");
			report_value(term, t->limits.value[term], p->to);
			return;
		}
}

static void
the_worst(const struct page *p, bool one)
{
	int side = 0;
	const struct sla_tunnel *t = most_lost(p->rep, &side);

	if (t == NULL) {
		buf_str(p->to, "no packet was lost");
		return;
	}
	buf_str(p->to, one ? "to " : "the worst, to ");
	html_text(p->to, html_short(t, 1 - side));
	buf_str(p->to, one ? " lost " : ", lost ");
	loss_of(p, t, side);
}

void
html_verdict(const struct page *p)
{
	const struct report *rep = p->rep;
	size_t judged = 0, violated = 0;

	if (rep->count == 0)
		return;
	for (size_t i = 0; i < rep->count; i++) {
		judged += sla_tunnel(rep->sla, i)->judged;
		violated += sla_tunnel(rep->sla, i)->violated;
	}
	buf_printf(p->to, "<p class=\"verdict %s\">", violated > 0 ? "broken" : judged > 0 ? "kept" : "");
	if (violated > 0) {
		buf_printf(p->to, "%zu of %zu %s broke the promise%s: ", violated, rep->count, html_noun(p),
			   violated > 1 ? ", the worst" : "");
		breach(p, sla_tunnel(rep->sla, 0));
	} else if (judged > 0) {
		if (judged == rep->count)
			buf_printf(p->to, rep->count == 1 ? "The %s kept the promise: " : "All %2$zu %1$s kept the promise: ", html_noun(p),
				   rep->count);
		else
			buf_printf(p->to, "%zu of %zu %s kept the promise, of the others too little is known or nothing was promised: ",
				   judged, rep->count, html_noun(p));
		the_worst(p, rep->count == 1);
	} else {
		buf_printf(p->to, "%zu %s: ", rep->count, html_noun(p));
		the_worst(p, rep->count == 1);
	}
	html_path_verdict(p);
	buf_str(p->to, ".</p>\n");
}
