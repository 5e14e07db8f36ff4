/* SPDX-License-Identifier: BSD-2-Clause
 *
 * report.c: what ratunnel's text, tables and page share: values with their units, commands, the worst.
 */
#include "ra-tools/out/report.h"

#include "format/base/clock.h"
#include "format/base/mem.h"
#include "ra-tools/report/contract.h"
#include "ra-tools/report/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ULL(v) ((unsigned long long)(v))

void
report_time(int64_t t, const struct text_options *o, struct buf *to)
{
	struct text_options plain = *o;
	union value v = { .i = t };

	plain.digits = t % SEC == 0 ? 0 : o->digits;
	value_print(to, TYPE_TIME, &v, &plain, -1);
}

void
report_rate(uint64_t bps, struct buf *to)
{
	static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s" };
	double v = (double)bps;
	unsigned u = 0;

	while (v >= 1000 && u < 4) {
		v /= 1000;
		u++;
	}
	buf_printf(to,
		   u == 0 || v >= 100 ? "%.0f %s"
		   : v >= 10	      ? "%.1f %s"
				      : "%.2f %s",
		   v, units[u]);
}

void
report_percent(double v, struct buf *to)
{
	char text[32];
	int digits = 2;

	/* 99.9997 is not 100, and 0.0003 is not 0 */
	do
		(void)snprintf(text, sizeof(text), "%.*f", digits, v);
	while (digits++ < 6 &&
	       ((v > 0 && strtod(text, NULL) <= 0) || (v < 100 && strtod(text, NULL) >= 100)));
	buf_printf(to, "%s %%", text);
}

void
report_value(enum sla_term term, double v, struct buf *to)
{
	switch (term) {
	case SLA_BURST:
		buf_printf(to, "%.0f", v);
		break;
	case SLA_RTT:
		buf_printf(to, v < 1 ? "%.3g ms" : "%.3f s", v < 1 ? v * 1000 : v);
		break;
	case SLA_OUTAGE:
		buf_printf(to, "%.3f s", v);
		break;
	case SLA_P95:
		report_rate((uint64_t)v, to);
		break;
	default:
		report_percent(v, to);
	}
}

void
report_width(int64_t ns, struct buf *to)
{
	int64_t s = ns / SEC;

	if (ns % SEC != 0)
		buf_printf(to, "%g s", (double)ns / 1e9);
	else if (s % 86400 == 0)
		buf_printf(to, "%lld d", (long long)(s / 86400));
	else if (s % 3600 == 0)
		buf_printf(to, "%lld h", (long long)(s / 3600));
	else if (s % 60 == 0)
		buf_printf(to, "%lld min", (long long)(s / 60));
	else
		buf_printf(to, "%lld s", (long long)s);
}

void
report_bins_option(int64_t ns, struct buf *to)
{
	if (ns % SEC == 0)
		buf_printf(to, "-M %llds", (long long)(ns / SEC));
}

void
report_bins_of(const struct report *rep, struct buf *to)
{
	report_width(sla_width(rep->sla), to);
	if (rep->interval == 0)
		return;
	buf_str(to, " (recorded in bins of ");
	report_width(rep->interval, to);
	buf_str(to, ": ");
	report_bins_option(rep->interval, to);
	buf_str(to, " shows those)");
}

void
report_command(const struct report *rep, const struct sla_tunnel *t, const char *tool, int64_t from,
	       int64_t to, const char *options, struct buf *out)
{
	struct buf filter = { 0 };
	const char *records = rep->probes ? t->one : t->filter;

	if (*rep->asked != '\0')
		buf_printf(&filter, "(%s) and (%s)", rep->asked, records);
	else
		buf_str(&filter, records);
	drill_command(tool, rep->inputs, from, to, options, buf_cstr(&filter), out);
	buf_free(&filter);
}

size_t
report_worst(const struct sla_tunnel *t, int side, size_t *at, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		int64_t net = t->point[i].d[side].net;
		size_t k;

		if (net <= 0 || (n == most && net <= t->point[at[n - 1]].d[side].net))
			continue;
		if (n < most)
			n++;
		for (k = n - 1; k > 0 && t->point[at[k - 1]].d[side].net < net; k--)
			at[k] = at[k - 1];
		at[k] = i;
	}
	return (n);
}

void
report_span(const struct sla_tunnel *t, const struct sla_violation *v, int64_t *from, int64_t *to)
{
	*from = v->point == UINT32_MAX ? t->gap[v->gap].start : t->point[v->point].start;
	*to = v->point == UINT32_MAX ? t->gap[v->gap].end : t->point[v->point].end;
}

void
report_hours(const struct report *rep, const struct sla_tunnel *t, const char *before, struct buf *to)
{
	if (*contract_hours(t->contract) == '\0')
		return;
	buf_printf(to, "%shours of service %s (%s): ", before, contract_hours(t->contract), rep->zone);
	if (t->bins == 0)
		buf_str(to, "no bin lies in them");
	else
		buf_printf(to, "%llu bin%s outside, not judged and not counted", ULL(t->off), t->off == 1 ? " is" : "s are");
}

const char *
report_unjudged(const struct sla_tunnel *t)
{
	static char text[160];
	unsigned long long n = ULL(sla_judged(t));

	if (t->d[0].verdict[SLA_AVAIL].known || t->other) /* of what is no tunnel nothing is said */
		return (NULL);
	(void)snprintf(text, sizeof(text), "%llu of %llu bin%s could be judged; a ratio needs %d, and %d %% of the period",
		       n, ULL(t->bins), t->bins == 1 ? "" : "s", SLA_RATIO_BINS, SLA_RATIO_PERCENT);
	return (text);
}

const char *
report_unknown(enum sla_term term)
{
	return (term == SLA_AVAIL ? "too few bins" : "too few packets");
}

void
report_skipped(const struct sla_counts *c, struct buf *to)
{
	if (c->jumpskip == 0)
		buf_u8(to, '-');
	else if (c->jumps == 0) /* by a card that cuts up what is sent */
		buf_printf(to, "%llu", ULL(c->jumpskip));
	else if (c->jumps == 1)
		buf_printf(to, "%llu, once", ULL(c->jumpskip));
	else
		buf_printf(to, "%llu, %llu times", ULL(c->jumpskip), ULL(c->jumps));
}

/* What reorders packets of one SA can be that they travel in several classes (RFC 4301 4.1). */
const char *
report_hint(const struct sla_tunnel *t)
{
	for (int side = 0; side < 2; side++)
		if (t->d[side].c.rpl[1] > 0 && __builtin_popcountll(t->d[side].dscps) > 1)
			return ("Packets fell outside a replay window of 64, and they carry "
				"several DSCP values: "
				"classes that overtake each other need SAs of their own.");
	return (NULL);
}
