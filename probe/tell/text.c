/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text.c: what became of every packet, and how the probe is, for people.  Test: test_snapshot.c.
 */
#include "probe/tell/snapshot.h"

#include "format/base/clock.h"

#include <inttypes.h>

struct count {
	uint64_t n;
	const char *what;
};

/* Those of the counts that are not zero. */
static void
add_if_any(struct buf *b, const char *before, size_t n, const struct count *c, const char *after)
{
	const char *sep = before;

	for (size_t i = 0; i < n; i++)
		if (c[i].n > 0) {
			buf_printf(b, "%s%" PRIu64 " %s", sep, c[i].n, c[i].what);
			sep = ", ";
		}
	if (sep != before)
		buf_str(b, after);
}
#define ADD_IF_ANY(b, before, after, ...)                                                            \
	add_if_any(b, before, sizeof((struct count[]){ __VA_ARGS__ }) / sizeof(struct count),        \
	    (struct count[]){ __VA_ARGS__ }, after)

void
snapshot_line(const struct snapshot *t, struct buf *b)
{
	const struct stat_set *s = &t->stats;

	buf_printf(b, "%" PRIu64 " frames read: %" PRIu64 " in %" PRIu64 " %s, %" PRIu64 " undecodable", s->frames,
	    t->in_flows, s->newflows, s->newflows == 1 ? "flow" : "flows", s->short_pkts + s->badip_pkts);
	ADD_IF_ANY(b, " (", ")", { s->short_pkts, "too short" }, { s->badip_pkts, "bad IP" });
	if (t->ip_only)
		buf_printf(b, ", %" PRIu64 " not IP", s->nonip_pkts);
	if (!t->live && t->filters)
		buf_printf(b, ", %" PRIu64 " filtered", s->filt_pkts);
	if (t->live)
		buf_printf(b, "; %" PRIu64 " dropped by the kernel", s->ps_drop);
	else
		ADD_IF_ANY(b, "; dropped when captured: ", "", { s->ps_drop, "by the kernel" },
		    { s->ps_ifdrop, "by the interface" });
	if (t->live)
		ADD_IF_ANY(b, ", ", "", { s->ps_ifdrop, "by the interface" });
	if (s->ifgap > 0)
		buf_printf(b, "; an interface was away for %.1f s", (double)s->ifgap / 1e6);
	ADD_IF_ANY(b, "; times: ", "", { s->tbad, "impossible" }, { s->tback, "late" }, { s->tjump, "far ahead" });
	ADD_IF_ANY(b, "; evicted: ", "", { s->evict_prob + s->evict_conf, "flows" }, { s->saevict, "SAs" },
	    { s->fragevict, "datagrams" }, { s->dnsevict, "DNS queries" }, { s->synevict, "SYNs" }, { s->segevict, "bins" });
	buf_printf(b, "; %" PRIu64 " %s", t->records - s->recdrop, t->records - s->recdrop == 1 ? "record" : "records");
	ADD_IF_ANY(b, ", and ", "", { s->recdrop, "that could not be written" });
	buf_str(b, t->no_sandbox ? "; no sandbox" : "");
}

/* 1234567 -> 1.23 M, three figures. */
static void
add_short(struct buf *b, double x, const char *unit)
{
	static const char *const times[] = { "", "k", "M", "G", "T", "P" };
	unsigned i = 0;

	while (x >= 999.5 && i + 1 < sizeof(times) / sizeof(times[0])) {
		x /= 1000;
		i++;
	}
	buf_printf(b, "%.*f %s%s", x >= 99.95 || (i == 0 && x == (double)(uint64_t)x) ? 0 : x >= 9.995 ? 1 : 2, x,
	    times[i], unit);
}

static void
add_rates(struct buf *b, uint64_t packets, uint64_t bytes, int64_t ns)
{
	double seconds = (double)ns / 1e9;

	add_short(b, (double)packets / seconds, "pps, ");
	add_short(b, (double)bytes * 8 / seconds, "bit/s");
}

static void
add_span(struct buf *b, int64_t ns)
{
	int64_t s = ns / SEC, days = s / 86400;

	if (days > 0)
		buf_printf(b, "%" PRId64 " d ", days);
	if (s >= 60)
		buf_printf(b, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600 % 24, s / 60 % 60, s % 60);
	else
		buf_printf(b, "%.1f s", (double)ns / 1e9);
}

void
snapshot_text(const struct snapshot *t, const struct snapshot *before, struct buf *b)
{
	const struct stat_set *s = &t->stats;
	char when[CLOCK_TEXT];

	snapshot_line(t, b);
	(void)clock_text(t->time - t->up, 0, CLOCK_UTC, when);
	buf_printf(b, "\n  since    %s UTC, ", when);
	add_span(b, t->up);
	buf_str(b, ": ");
	add_rates(b, s->frames, s->framebytes, t->up);
	if (before != NULL) {
		buf_printf(b, "\n  now      ");
		add_rates(b, s->frames - before->stats.frames, s->framebytes - before->stats.framebytes,
		    t->up - before->up);
		buf_printf(b, " (of the last %.0f s)", (double)(t->up - before->up) / 1e9);
	}
	buf_printf(b, "\n  tables   %" PRIu64 " of %" PRIu64 " flows, %" PRIu64 " of %" PRIu64 " SAs, %" PRIu64 " of %" PRIu64
	    " datagrams, %" PRIu64 " of %" PRIu64 " DNS queries", s->active, t->max_flows, s->satab, t->max_sas, s->fragtab,
	    t->max_frags, t->queries, t->max_queries);
	buf_printf(b, "\n  writer   %u of %u batches wait; ", t->queued, t->queue);
	add_short(b, (double)t->written, "B written");
	if (t->latency != SNAPSHOT_UNKNOWN)
		buf_printf(b, "; a bin was there %.2f s after its end, at most %.2f s", (double)t->latency / 1e9,
		    (double)t->latency_most / 1e9);
	if (t->live && t->clock != SNAPSHOT_UNKNOWN)
		buf_printf(b, "\n  clock    %.2f s behind", (double)(t->time - t->clock) / 1e9);
	buf_str(b, "\n  process  ");
	add_short(b, (double)t->memory, "B at most, ");
	buf_printf(b, "%.1f s of CPU (%.1f %%)", (double)t->cpu / 1e9, 100.0 * (double)t->cpu / (double)t->up);
}
