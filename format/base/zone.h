/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zone.h: the clock on the wall: dates of the Gregorian calendar, and the rules of the zone that TZ names.
 *
 * Rules are looked up at instants (localtime_r), where they have one answer; what the wall showed is found from there, and
 * the C library's guess at it (mktime) is never asked.  Times are seconds: of an instant since 1970 in UTC, on the wall
 * since 1970-01-01 00:00 there.
 */
#ifndef FORMAT_BASE_ZONE_H
#define FORMAT_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

enum clock_zone {
	CLOCK_UTC,
	CLOCK_LOCAL, /* whatever TZ says */
	CLOCK_BARE   /* the same; in print without the offset, which is said elsewhere */
};

struct day {
	int year, month, mday; /* 1..12, 1..31 */
};

struct day date_of(int64_t days); /* since 1970 */
int64_t days_since_1970(struct day);

/* Seconds to add to an instant for what the wall shows. */
int64_t zone_offset(int64_t instant, enum clock_zone);
/* When the wall first showed this: of two times of one name the first, of one that was left out the instant of the change. */
int64_t zone_instant(int64_t wall, enum clock_zone);
/* The first instant in (from, to] from which another offset holds than at `from`; `to` + 1: there is none. */
int64_t zone_change(int64_t from, int64_t to, enum clock_zone);

#endif
