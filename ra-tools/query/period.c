/* SPDX-License-Identifier: BSD-2-Clause
 *
 * period.c: zones, ranges.
 */
#include "ra-tools/query/period.h"

#include "format/base/cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

static bool
is_letter(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

/* Zones as POSIX writes them: CET-1CEST,..., <+0545>-5:45 */
static bool
is_rule(const char *tz)
{
	const char *p = tz;

	if (*p == '<') {
		p = strchr(p, '>');
		p = p == NULL || p - tz < 4 ? tz : p + 1;
	} else {
		while (is_letter(*p))
			p++;
	}
	if (p - tz < 3)
		return (false);
	p += *p == '-' || *p == '+';
	return (*p >= '0' && *p <= '9' && strtoul(p, NULL, 10) <= 24); /* POSIX */
}

/* The C library takes any text for a zone, and any zone that it does not know for UTC. */
static bool
is_name(const char *tz)
{
	const char *dir = getenv("TZDIR");
	char path[512];
	struct stat st;

	if (strstr(tz, "..") != NULL || tz[0] == '/')
		return (false);
	(void)snprintf(path, sizeof(path), "%s/%s", dir == NULL ? "/usr/share/zoneinfo" : dir, tz);
	return (stat(path, &st) == 0 && S_ISREG(st.st_mode));
}

/* What TZ says: also a file anywhere, or nothing, which is UTC. */
static bool
is_local(const char *tz)
{
	struct stat st;

	tz += *tz == ':';
	return (*tz == '\0' || strcmp(tz, "UTC") == 0 || is_name(tz) || is_rule(tz) ||
		(*tz == '/' && stat(tz, &st) == 0 && S_ISREG(st.st_mode)));
}

const char *
period_zone(struct period *p)
{
	const char *tz = getenv("TZ");

	if (p->tz == NULL || strcasecmp(p->tz, "utc") == 0)
		return (NULL);
	p->zone = CLOCK_LOCAL;
	if (strcasecmp(p->tz, "local") == 0) {
		if (tz != NULL && !is_local(tz))
			return ("TZ names no time zone (names are those of tzdata, such as Europe/Berlin)");
	} else {
		if (!is_name(p->tz) && !is_rule(p->tz))
			return ("no such time zone (names are those of tzdata, such as Europe/Berlin; or local, utc)");
		(void)setenv("TZ", p->tz, 1);
	}
	tzset();
	return (NULL);
}

enum clock_range
period_range(struct period *p, int64_t now)
{
	enum clock_range what;

	p->from = INT64_MIN;
	p->to = INT64_MAX;
	what = p->text == NULL ? CLOCK_RANGE : clock_parse_range(p->text, now, p->zone, &p->from, &p->to);
	p->first = p->from;
	p->last = p->to;
	return (what);
}

void
period_reach(struct period *p, int64_t first, int64_t last, int64_t longest)
{
	p->first = first < p->first ? first : p->first;
	p->last = last > p->last ? last : p->last;
	p->longest = longest > p->longest ? longest : p->longest;
}

bool
period_sentence(const struct period *p, struct buf *to)
{
	char text[CLOCK_TEXT];

	/* since then: nobody asks for a second */
	if (p->text == NULL || p->text[0] == '-' || (p->first == p->from && p->last == p->to))
		return (false);
	buf_str(to, "-t ");
	buf_str(to, p->text);
	buf_str(to, ": bins of ");
	(void)clock_dur((uint64_t)(p->longest / USEC), p->longest % SEC == 0 ? 0 : 6, text);
	buf_str(to, text);
	buf_str(to, " s are not cut: ");
	(void)clock_text(p->first, 0, p->zone, text);
	buf_str(to, text);
	buf_str(to, " to ");
	(void)clock_text(p->last, 0, p->zone, text);
	buf_str(to, text);
	buf_str(to, p->zone == CLOCK_UTC ? " UTC was taken" : " was taken");
	return (true);
}

int64_t
period_span(const struct period *p, int64_t T, int64_t *first, int64_t *last)
{
	enum clock_zone zone = T > 3600 * SEC ? p->zone : CLOCK_UTC; /* days of merged records are those of a zone */

	if (p->text != NULL) {
		*first = T > 0 ? cut_bin(p->from, T, zone, last) : p->from;
		if (T > 0 && p->to > *last)
			(void)cut_bin(p->to - 1, T, zone, last);
		else if (T <= 0)
			*last = p->to;
	}
	return (*last > *first && *first >= 0 ? *last - *first : 0);
}

void
period_offset(const struct period *p, char out[static CLOCK_TEXT])
{
	int64_t from = p->from / SEC, to = (p->to - 1) / SEC;
	char text[CLOCK_TEXT];

	out[0] = '\0';
	if (p->zone == CLOCK_UTC || p->from == INT64_MIN || p->to == INT64_MAX || to - from > 400 * 86400 ||
	    zone_change(from, to, p->zone) <= to)
		return;
	memcpy(out, "UTC", 3);
	memcpy(out + 3, text, clock_offset(p->from, text) + 1); /* at most 9 letters */
}

void
period_zone_text(const struct period *p, int64_t from, int64_t to, struct buf *b)
{
	char first[CLOCK_TEXT], last[CLOCK_TEXT];

	if (p->zone == CLOCK_UTC) {
		buf_str(b, "UTC");
		return;
	}
	(void)clock_offset(from, first);
	(void)clock_offset(to > from ? to - 1 : from, last);
	buf_printf(b, "%s, UTC%s", p->tz == NULL || strcasecmp(p->tz, "local") == 0 ? "local time" : p->tz, first);
	if (strcmp(first, last) != 0)
		buf_printf(b, " and UTC%s", last);
}
