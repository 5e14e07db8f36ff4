/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zone.c: dates, and a zone's offsets.
 */
#include "format/base/zone.h"

#include <stddef.h>
#include <time.h>

#define HOUR 3600
#define FAR  (27 * HOUR) /* further than any wall is from UTC */

/* Years begin in March here, so that the leap day is last. */
struct day
date_of(int64_t days)
{
	int64_t z = days + 719468; /* since 0000-03-01 */
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int doe = (int)(z - era * 146097);				 /* 0..146096 */
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365; /* 0..399 */
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);		 /* 0..365, from March 1 */
	int m = (5 * doy + 2) / 153;					 /* 0 = March */
	struct day d;

	d.mday = doy - (153 * m + 2) / 5 + 1;
	d.month = m < 10 ? m + 3 : m - 9;
	d.year = (int)(yoe + era * 400) + (d.month <= 2);
	return (d);
}

int64_t
days_since_1970(struct day d)
{
	int64_t y = d.month <= 2 ? d.year - 1 : d.year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.mday - 1;

	return (era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468);
}

int64_t
zone_offset(int64_t instant, enum clock_zone zone)
{
	time_t t = (time_t)instant;
	struct tm tm;

	if (zone == CLOCK_UTC || localtime_r(&t, &tm) == NULL)
		return (0);
	return (tm.tm_gmtoff);
}

/* An hour at a time: no zone changes twice within one. */
int64_t
zone_change(int64_t from, int64_t to, enum clock_zone zone)
{
	int64_t offset = zone_offset(from, zone), low = from, high;

	if (zone == CLOCK_UTC)
		return (to + 1);
	do {
		if (low >= to)
			return (to + 1);
		high = to - low > HOUR ? low + HOUR : to;
		if (zone_offset(high, zone) != offset)
			break;
		low = high;
	} while (true);
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (zone_offset(middle, zone) == offset)
			low = middle;
		else
			high = middle;
	}
	return (high);
}

/* The first instant at which the wall shows this or more: it goes on steadily, and a change sets it back or ahead. */
int64_t
zone_instant(int64_t wall, enum clock_zone zone)
{
	int64_t at = wall - FAR;

	if (zone == CLOCK_UTC)
		return (wall);
	do {
		int64_t there = wall - zone_offset(at, zone), change = zone_change(at, there, zone);

		if (change > there)
			return (there);
		at = change;
	} while (at + zone_offset(at, zone) < wall);
	return (at);
}
