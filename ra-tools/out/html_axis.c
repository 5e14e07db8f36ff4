/* SPDX-License-Identifier: BSD-2-Clause
 *
 * html_axis.c: round times on the wall.  Test: tests/truth/page.py
 */
#include "ra-tools/out/html_axis.h"

#include "format/base/cut.h"

#include <math.h>
#include <string.h>

#define DAY   (86400 * SEC)
#define TICKS 9 /* at most */
#define FEW   4 /* on a narrow page */

double
axis_nice(double v)
{
	static const double steps[] = { 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10 };
	double p = pow(10, floor(log10(v)));
	size_t i = 0;

	while (i + 1 < sizeof(steps) / sizeof(steps[0]) && v > steps[i] * p * 1.0000001)
		i++;
	return (steps[i] * p);
}

void
axis_of(struct axis *a, const struct text_options *o, int64_t from, int64_t edge, int64_t to)
{
	static const int64_t steps[] = { 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
					 86400, 2 * 86400, 4 * 86400, 7 * 86400, 14 * 86400, 28 * 86400, 56 * 86400, 112 * 86400,
					 224 * 86400, 448 * 86400 };
	enum clock_zone zone = o->epoch ? CLOCK_UTC : o->zone;
	size_t i = 0;

	*a = (struct axis){ .o = o, .from = from, .edge = edge, .to = to };
	while (i + 1 < sizeof(steps) / sizeof(steps[0]) && (to - from) / (steps[i] * SEC) > TICKS)
		i++;
	a->step = steps[i] * SEC;
	for (int64_t t = from, next; t <= to && a->n < AXIS_TICKS; t = next) {
		if (cut_bin(t, a->step, zone, &next) == t)
			a->tick[a->n++] = t;
		if (next <= t)
			return;
	}
}

static double
share(const struct axis *a, int64_t t)
{
	return ((double)(t - a->from) / (double)(a->edge - a->from));
}

void
axis_grid(const struct axis *a, unsigned width, unsigned height, struct buf *to)
{
	buf_str(to, "<path class=\"grid\" d=\"");
	for (unsigned i = 0; i < a->n; i++)
		buf_printf(to, "M%.1f 0v%u", share(a, a->tick[i]) * width, height);
	buf_printf(to, "M0 %uh%u\"/>", height / 2, width);
}

/* 2026-11-20 15:19:57+01:00 in its parts. */
static void
parts(const struct axis *a, int64_t t, char *date, char *time)
{
	char text[CLOCK_TEXT];

	(void)clock_text(t, t % SEC == 0 ? 0 : 3, a->o->zone == CLOCK_UTC ? CLOCK_UTC : CLOCK_BARE, text);
	memcpy(date, text, 10);
	date[10] = '\0';
	memcpy(time, text + 11, strlen(text + 11) + 1);
}

void
axis_time(const struct axis *a, int64_t t, struct buf *to)
{
	char date[CLOCK_TEXT], time[CLOCK_TEXT];

	if (a->o->epoch) {
		(void)clock_epoch(t, t % SEC == 0 ? 0 : 3, time);
		buf_str(to, time);
		return;
	}
	parts(a, t, date, time);
	if (a->to - a->from > DAY)
		buf_printf(to, "%s ", date + 5);
	if (strlen(time) == 8 && strcmp(time + 5, ":00") == 0)
		time[5] = '\0';
	buf_str(to, time);
}

void
axis_label(const struct axis *a, int64_t t, struct buf *to)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char date[CLOCK_TEXT], time[CLOCK_TEXT];
	int month;

	if (a->o->epoch) {
		axis_time(a, t, to);
		return;
	}
	parts(a, t, date, time);
	month = (date[5] - '0') * 10 + date[6] - '0';
	if (strncmp(time, "00:00:00", 8) == 0 && month >= 1 && month <= 12)
		buf_printf(to, "%d %s", (date[8] - '0') * 10 + date[9] - '0', months[month - 1]);
	else
		buf_printf(to, "%.*s", a->step % (60 * SEC) == 0 ? 5 : 8, time);
}

void
axis_ticks(const struct axis *a, struct buf *to)
{
	unsigned each = (a->n + FEW - 1) / FEW;

	buf_str(to, "<div class=\"y\"></div><svg class=\"p axis\" aria-hidden=\"true\">");
	for (unsigned i = 0; i < a->n; i++) {
		double x = share(a, a->tick[i]);

		buf_printf(to, "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"5\"/><text%s x=\"%.2f%%\" y=\"17\" text-anchor=\"%s\">",
			   100 * x, 100 * x, i % each == 0 ? "" : " class=\"more\"", 100 * x,
			   x > 0.95   ? "end"
			   : x < 0.05 ? "start"
				      : "middle");
		axis_label(a, a->tick[i], to);
		buf_str(to, "</text>");
	}
	buf_str(to, "</svg>\n");
}
