/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_bins.c: bins as a table, for those who do not point at pictures.  Test: tests/truth/page.py
 */
#include "ra-tools/out/html_room.h"

#include <string.h>

#define BINS	  60
#define BINS_MANY 24 /* where there are many charts */

static int64_t
lost(const struct sla_point *p)
{
	return ((p->d[0].net > 0 ? p->d[0].net : 0) + (p->d[1].net > 0 ? p->d[1].net : 0));
}

/* By what was lost, then those that are down, then by what came late; of equal ones the first. */
static bool
worse(const struct sla_point *a, const struct sla_point *b)
{
	uint64_t la = (uint64_t)a->d[0].late + a->d[1].late, lb = (uint64_t)b->d[0].late + b->d[1].late;

	if (lost(a) != lost(b))
		return (lost(a) > lost(b));
	if ((a->state == SLA_DOWN) != (b->state == SLA_DOWN))
		return (a->state == SLA_DOWN);
	return (la > lb);
}

static size_t
pick(const struct sla_tunnel *t, size_t most, size_t at[static BINS])
{
	size_t n = 0, k;

	for (size_t i = 0; i < t->n; i++) {
		const struct sla_point *p = &t->point[i];

		if (t->n <= most) {
			at[n++] = i;
			continue;
		}
		if (n == most && !worse(p, &t->point[at[n - 1]]))
			continue;
		if (n < most)
			n++;
		for (k = n - 1; k > 0 && worse(p, &t->point[at[k - 1]]); k--)
			at[k] = at[k - 1];
		at[k] = i;
	}
	return (n);
}

static void
cells(const struct page *page, const struct sla_tunnel *t, const struct sla_point *p, int side)
{
	const struct sla_dir_point *d = &p->d[side];
	struct buf *to = page->to;
	double loss;

	buf_str(to, "<td class=\"num\">");
	report_rate((uint64_t)((double)d->bytes * 8e9 / (double)(p->end - p->start)), to);
	buf_printf(to, "</td><td class=\"num\">%lld of %lld", (long long)d->net, (long long)d->uniq + (long long)d->net);
	if (d->net != 0 && sla_point_loss(page->rep->sla, p, side, &loss)) {
		bool bad = t->limits.set[SLA_LOSS] && loss > t->limits.value[SLA_LOSS] && !p->suspect;

		buf_str(to, bad ? " <b class=\"bad\">" : ", ");
		report_percent(loss, to);
		buf_str(to, bad ? "</b>" : "");
	}
	buf_printf(to, "</td><td class=\"num\">%u</td>", d->late);
}

void
html_bins(const struct page *page, const struct sla_tunnel *t)
{
	size_t at[BINS], most = html_many(page->rep) ? BINS_MANY : BINS, n = pick(t, most, at);
	struct buf *to = page->to;

	if (n == 0)
		return;
	if (n < t->n)
		buf_printf(to, "<details class=\"part\"><summary>The %zu worst bins as a table, of %zu with records</summary>", n, t->n);
	else
		buf_printf(to, n == 1 ? "<details class=\"part\"><summary>The bin with records as a table</summary>"
				      : "<details class=\"part\"><summary>All %zu bins with records as a table</summary>", n);
	buf_str(to, "<div class=\"wide\"><table class=\"bins\"><thead><tr><th>Bin</th><th>State</th>");
	for (int side = 0; side < 2; side++) {
		buf_str(to, "<th class=\"num\">\xe2\x86\x92 ");
		html_text(to, html_short(t, 1 - side));
		buf_str(to, "</th><th class=\"num\">lost</th><th class=\"num\">late</th>");
	}
	buf_str(to, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < n; i++) {
		const struct sla_point *p = &t->point[at[i]];

		buf_str(to, "<tr><td>");
		report_time(p->start, page->o, to);
		buf_printf(to, "</td><td>%s%s</td>", sla_state_words[p->state], p->suspect ? ", suspect" : "");
		cells(page, t, p, 0);
		cells(page, t, p, 1);
		buf_str(to, "</tr>\n");
	}
	buf_str(to, "</tbody></table></div></details>\n");
}
