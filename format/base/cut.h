/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cut.h: time cut into bins by the calendar of a zone.
 */
#ifndef FORMAT_BASE_CUT_H
#define FORMAT_BASE_CUT_H

#include "format/base/clock.h"

/* As the width of a bin: a month, whatever its length; no duration that can be written is that long. */
#define CUT_MONTH (31 * 86400 * SEC + 1)

/* A width as a person writes it: "5s", "1m", "6h", "1d", "1w", "1mo". */
bool cut_parse(const char *, int64_t *w);

/*
 * The bin of width `w` (ns) that holds t: its start, and where the next one begins.
 *
 * Months begin on their first, whole weeks on Mondays (ISO 8601), whole days at midnight on the wall.  Hours that make up a
 * day are cut from midnight: 6 h at 0, 6, 12 and 18; an hour that the wall shows twice is in the bin of its first time.  An
 * hour, and what makes one up, is cut where the wall shows full hours; two hours of one name are two bins, and the clock's
 * change cuts one that it falls into.  All other widths lie on the UTC epoch, as in UTC those do too, but for weeks.
 */
int64_t cut_bin(int64_t t, int64_t w, enum clock_zone, int64_t *end);

#endif
