/* SPDX-License-Identifier: BSD-2-Clause
 *
 * totals.c: what became of every packet, said.  Tested by tests/live.tap.
 */
#include "probe/totals.h"

#include "format/base/buf.h"
#include "format/base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct count {
	uint64_t n;
	const char *what;
};

static __attribute__((format(printf, 2, 3))) void
add(struct buf *b, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_str(b, text);
}

static void
add_count(struct buf *b, const char *sep, uint64_t n, const char *what)
{
	add(b, "%s%" PRIu64 " %s", sep, n, what);
}

/* Those of the counts that are not zero. */
static void
add_if_any(struct buf *b, const char *before, size_t n, const struct count *c, const char *after)
{
	const char *sep = before;

	for (size_t i = 0; i < n; i++)
		if (c[i].n > 0) {
			add_count(b, sep, c[i].n, c[i].what);
			sep = ", ";
		}
	if (sep != before)
		buf_str(b, after);
}
#define ADD_IF_ANY(b, before, after, ...)                                                            \
	add_if_any(b, before, sizeof((struct count[]){ __VA_ARGS__ }) / sizeof(struct count),        \
	    (struct count[]){ __VA_ARGS__ }, after)

void
totals_say(struct crew *c, const struct options *o)
{
	struct crew_totals total;
	const struct stat_set *s = &total.stats;
	struct buf b = { 0 };

	crew_totals(c, &total);
	add_count(&b, "", s->frames, "frames read: ");
	add_count(&b, "", total.in_flows, "in ");
	add_count(&b, "", s->newflows, s->newflows == 1 ? "flow" : "flows");
	add_count(&b, ", ", s->short_pkts + s->badip_pkts, "undecodable");
	ADD_IF_ANY(&b, " (", ")", { s->short_pkts, "too short" }, { s->badip_pkts, "bad IP" });
	if (o->decode.ip_only)
		add_count(&b, ", ", s->nonip_pkts, "not IP");
	if (!s->live && o->filter != NULL)
		add_count(&b, ", ", s->filt_pkts, "filtered");
	if (s->live)
		add_count(&b, "; ", s->ps_drop, "dropped by the kernel");
	else
		ADD_IF_ANY(&b, "; dropped when captured: ", "", { s->ps_drop, "by the kernel" },
		    { s->ps_ifdrop, "by the interface" });
	if (s->live)
		ADD_IF_ANY(&b, ", ", "", { s->ps_ifdrop, "by the interface" });
	ADD_IF_ANY(&b, "; times: ", "", { s->tbad, "impossible" }, { s->tback, "late" }, { s->tjump, "far ahead" });
	ADD_IF_ANY(&b, "; ", "", { s->evict_prob + s->evict_conf, "flows evicted" });
	add_count(&b, "; ", total.records, "records");
	if (o->guard.no_sandbox)
		buf_str(&b, "; no sandbox");
	log_info("%s", buf_cstr(&b));
	buf_free(&b);
}
