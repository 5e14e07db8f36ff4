/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cut.c: where bins begin and end.
 */
#include "format/base/cut.h"

#include <string.h>

#define HOUR	 (3600 * SEC)
#define DAY	 86400	      /* s */
#define MONDAY	 4	      /* 1970-01-05, days since 1970 */
#define LATEST	 (INT64_MAX / SEC)

bool
cut_parse(const char *text, int64_t *w)
{
	if (strcmp(text, "1mo") == 0) {
		*w = CUT_MONTH;
		return (true);
	}
	return (clock_parse_dur(text, strlen(text), w) && *w > 0);
}

static int64_t
floor_to(int64_t v, int64_t step)
{
	int64_t r = v % step;

	return (v - (r < 0 ? r + step : r));
}

/* Seconds as ns, at the edge if there is no such time. */
static int64_t
ns_of(int64_t secs)
{
	return (secs > LATEST ? INT64_MAX : secs < -LATEST ? -LATEST * SEC : secs * SEC);
}

struct edges { /* on the wall */
	int64_t from, to;
};

static struct edges
month(int64_t wall)
{
	struct day d = date_of(floor_to(wall, DAY) / DAY), next;

	d.mday = 1;
	next = d;
	next.month = d.month == 12 ? 1 : d.month + 1;
	next.year += d.month == 12;
	return ((struct edges){ days_since_1970(d) * DAY, days_since_1970(next) * DAY });
}

/* Whole days since one of them. */
static struct edges
days(int64_t wall, int64_t n, int64_t since)
{
	int64_t day = since + floor_to(floor_to(wall, DAY) / DAY - since, n);

	return ((struct edges){ day * DAY, (day + n) * DAY });
}

static struct edges
hours(int64_t wall, int64_t secs)
{
	int64_t midnight = floor_to(wall, DAY), from = midnight + floor_to(wall - midnight, secs);

	return ((struct edges){ from, from + secs });
}

/* By the wall: an instant may be behind its bin's end by the wall, if that went back since. */
static int64_t
by_wall(int64_t secs, int64_t w, enum clock_zone zone, int64_t *end)
{
	int64_t wall = secs + zone_offset(secs, zone);

	for (;;) {
		struct edges e = w == CUT_MONTH		 ? month(wall) :
				 w % (7 * DAY * SEC) == 0 ? days(wall, w / SEC / DAY, MONDAY) :
				 w % (DAY * SEC) == 0	 ? days(wall, w / SEC / DAY, 0) :
							   hours(wall, w / SEC);
		int64_t from = zone_instant(e.from, zone), to = zone_instant(e.to, zone);

		if (secs < to) {
			*end = ns_of(to);
			return (ns_of(from));
		}
		wall = e.to; /* the first time of the next one's name is past */
	}
}

/* By the wall's full hours between two changes of its clock. */
static int64_t
by_hour(int64_t t, int64_t w, enum clock_zone zone, int64_t *end)
{
	int64_t secs = floor_to(t, SEC) / SEC, east = zone_offset(secs, zone) * SEC, from = floor_to(t + east, w) - east;
	int64_t first = floor_to(from, SEC) / SEC, last = floor_to(from + w - 1, SEC) / SEC, change;

	*end = from + w;
	while (first < secs && (change = zone_change(first, secs, zone)) <= secs) {
		from = ns_of(change);
		first = change;
	}
	if ((change = zone_change(secs, last, zone)) <= last)
		*end = ns_of(change);
	return (from);
}

int64_t
cut_bin(int64_t t, int64_t w, enum clock_zone zone, int64_t *end)
{
	int64_t start;

	if (w == CUT_MONTH || w % (DAY * SEC) == 0 || (w % SEC == 0 && DAY * SEC % w == 0 && HOUR % w != 0))
		return (by_wall(floor_to(t, SEC) / SEC, w, zone, end));
	if (zone != CLOCK_UTC && HOUR % w == 0)
		return (by_hour(t, w, zone, end));
	start = clock_bin(t, w);
	if (__builtin_add_overflow(start, w, end))
		*end = INT64_MAX;
	return (start);
}
