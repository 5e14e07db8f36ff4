/* SPDX-License-Identifier: BSD-2-Clause
 *
 * clock.h: times (ns since 1970, int64) and durations (us) as text and back.
 */
#ifndef FORMAT_BASE_CLOCK_H
#define FORMAT_BASE_CLOCK_H

#include "format/base/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEC 1000000000ll /* ns */
#define MSEC 1000000ll
#define USEC 1000ll
#define CLOCK_TEXT 48

/* 2026-11-20 14:05:00.123456 with `digits` (0..9) of fraction, cut and not rounded; local ones with their offset, +01:00.
 * Returns the length. */
size_t clock_text(int64_t ns, unsigned digits, enum clock_zone, char out[static CLOCK_TEXT]);
/* 2026-11-20T14:05:00.123456Z, or with the zone's offset: RFC 3339, which knows no seconds in offsets: such a time is UTC. */
size_t clock_iso(int64_t ns, unsigned digits, enum clock_zone, char out[static CLOCK_TEXT]);
/* 1795188298.978580 */
size_t clock_epoch(int64_t ns, unsigned digits, char out[static CLOCK_TEXT]);
/* Seconds with `digits` of fraction, from microseconds: 12.003400 */
size_t clock_dur(uint64_t us, unsigned digits, char out[static CLOCK_TEXT]);

/* "+01:00", of a local time at this moment. */
size_t clock_offset(int64_t ns, char out[static CLOCK_TEXT]);

/*
 * One point in time: epoch seconds with fraction, ISO 8601 (date, T or space, time, fraction, Z or offset), argus's
 * 2026/11/20.14:05:00, a bare 14:05[:00] on the day of `now`, -1h / -30m / -90s / -2d / -1M (a month) / -1y relative to now;
 * and what is longer than a moment: 2026, 2026-11, 2026-W47 (ISO 8601), 2026-11-20, today, yesterday: its begin.  24:00 is the
 * end of a day.  Where no zone is written, `zone` holds: of two local times of one name the first is meant, and one that the
 * clock leaves out is the instant of the change.  `now` is in ns.
 */
bool clock_parse(const char *, size_t n, int64_t now, enum clock_zone, int64_t *ns);
/* A range "A-B", "A+5m" or "A" (A's own precision: a day, a minute, a second), in ns, [*from, *to).  A bare time B is on the
 * day of A, or, if that is not behind it, on the next one. */
enum clock_range {
	CLOCK_WRONG,
	CLOCK_RANGE,
	CLOCK_HOLE /* *from == *to: all of it is left out by the clock's change */
};
enum clock_range clock_parse_range(const char *, int64_t now, enum clock_zone, int64_t *from, int64_t *to);
/* "250ms", "5s", "1m", "1h", "1d", "1w", a bare number = seconds; ns. */
bool clock_parse_dur(const char *, size_t n, int64_t *ns);

/* The start of the bin of width `w` that holds `t`: bins lie on the UTC epoch, also before it. */
static inline int64_t
clock_bin(int64_t t, int64_t w)
{
	int64_t r = t % w;

	return (t - (r < 0 ? r + w : r));
}

#endif
