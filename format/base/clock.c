/* SPDX-License-Identifier: BSD-2-Clause
 *
 * clock.c: times and durations as text and back.
 *
 * Printing is done for every line of output, so it works on digits directly.  Parsing reads what a person
 * typed: it tries the forms one after the other and takes the one that fits all of the text.
 */
#include "format/base/clock.h"

#include <string.h>

#define MINUTE	 (60 * SEC)
#define HOUR	 (60 * MINUTE)
#define DAY	 (24 * HOUR)
#define DAY_SECS 86400

/* Whole years that fit into int64 nanoseconds around 1970. */
#define YEAR_MIN 1678
#define YEAR_MAX 2261

/* --- printing ---------------------------------------------------------------------------------- */

static char *
put2(char *p, unsigned v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
	return (p + 2);
}

static char *
put_u64(char *p, uint64_t v)
{
	char digits[20], *d = digits + sizeof(digits);
	size_t n;

	do {
		*--d = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	n = (size_t)(digits + sizeof(digits) - d);
	memcpy(p, d, n);
	return (p + n);
}

/* A point and the first `digits` of nine digits of fraction; nothing for 0 digits. */
static char *
put_fraction(char *p, unsigned frac, unsigned digits)
{
	char nine[9];

	if (digits == 0)
		return (p);
	for (int i = 8; i >= 0; i--) {
		nine[i] = (char)('0' + frac % 10);
		frac /= 10;
	}
	if (digits > 9)
		digits = 9;
	*p++ = '.';
	memcpy(p, nine, digits);
	return (p + digits);
}

/* +01:00, or with seconds where a zone of old had them */
static char *
put_offset(char *p, int64_t east)
{
	unsigned secs = (unsigned)(east < 0 ? -east : east);

	*p++ = east < 0 ? '-' : '+';
	p = put2(p, secs / 3600);
	*p++ = ':';
	p = put2(p, secs / 60 % 60);
	if (secs % 60 == 0)
		return (p);
	*p++ = ':';
	return (put2(p, secs % 60));
}

size_t
clock_offset(int64_t ns, char out[static CLOCK_TEXT])
{
	char *p = put_offset(out, zone_offset(clock_bin(ns, SEC) / SEC, CLOCK_LOCAL));

	*p = '\0';
	return ((size_t)(p - out));
}

/* All but what says the zone; returns the end. */
static char *
put_wall(char *p, int64_t ns, unsigned digits, int64_t east, char between)
{
	int64_t start = clock_bin(ns, SEC), secs = start / SEC, days;
	unsigned in_day;
	struct day d;

	secs += east;
	days = clock_bin(secs, DAY_SECS) / DAY_SECS;
	in_day = (unsigned)(secs - days * DAY_SECS);
	d = date_of(days);

	p = put2(p, (unsigned)d.year / 100);
	p = put2(p, (unsigned)d.year % 100);
	*p++ = '-';
	p = put2(p, (unsigned)d.month);
	*p++ = '-';
	p = put2(p, (unsigned)d.mday);
	*p++ = between;
	p = put2(p, in_day / 3600);
	*p++ = ':';
	p = put2(p, in_day / 60 % 60);
	*p++ = ':';
	p = put2(p, in_day % 60);
	return (put_fraction(p, (unsigned)(ns - start), digits));
}

size_t
clock_text(int64_t ns, unsigned digits, enum clock_zone zone, char out[static CLOCK_TEXT])
{
	int64_t east = zone_offset(clock_bin(ns, SEC) / SEC, zone);
	char *p = put_wall(out, ns, digits, east, ' ');

	if (zone == CLOCK_LOCAL)
		p = put_offset(p, east);
	*p = '\0';
	return ((size_t)(p - out));
}

size_t
clock_iso(int64_t ns, unsigned digits, enum clock_zone zone, char out[static CLOCK_TEXT])
{
	int64_t east = zone == CLOCK_LOCAL ? zone_offset(clock_bin(ns, SEC) / SEC, zone) : 0;
	char *p;

	if (east % 60 != 0) {
		east = 0;
		zone = CLOCK_UTC;
	}
	p = put_wall(out, ns, digits, east, 'T');
	if (zone == CLOCK_LOCAL)
		p = put_offset(p, east);
	else
		*p++ = 'Z';
	*p = '\0';
	return ((size_t)(p - out));
}

size_t
clock_epoch(int64_t ns, unsigned digits, char out[static CLOCK_TEXT])
{
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	char *p = out;

	if (ns < 0)
		*p++ = '-';
	p = put_u64(p, v / SEC);
	p = put_fraction(p, (unsigned)(v % SEC), digits);
	*p = '\0';
	return ((size_t)(p - out));
}

size_t
clock_dur(uint64_t us, unsigned digits, char out[static CLOCK_TEXT])
{
	char *p = put_u64(out, us / 1000000);

	p = put_fraction(p, (unsigned)(us % 1000000 * 1000), digits);
	*p = '\0';
	return ((size_t)(p - out));
}

/* --- parsing ----------------------------------------------------------------------------------- */

struct text {
	const char *p, *end;
};

/* What was written: a moment, and the first moment after it by its own precision. */
struct span {
	int64_t from, to;
};

static bool
take(struct text *t, char c)
{
	if (t->p == t->end || *t->p != c)
		return (false);
	t->p++;
	return (true);
}

/* A number of least..most digits; false if there are fewer, and digits behind are left alone. */
static bool
take_digits(struct text *t, unsigned least, unsigned most, int64_t *v)
{
	unsigned n = 0;

	*v = 0;
	while (n < most && t->p < t->end && *t->p >= '0' && *t->p <= '9') {
		*v = *v * 10 + (*t->p++ - '0');
		n++;
	}
	return (n >= least);
}

/* What follows a point, as ns; `unit` is the worth of the last digit. Digits after the ninth are cut. */
static bool
take_fraction(struct text *t, int64_t *ns, int64_t *unit)
{
	const char *start = t->p;

	*ns = 0;
	*unit = SEC;
	for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++) {
		if (*unit > 1) {
			*unit /= 10;
			*ns += (*t->p - '0') * *unit;
		}
	}
	return (t->p > start);
}

static bool
day_good(struct day d)
{
	static const int most[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct day back;

	if (d.year < YEAR_MIN || d.year > YEAR_MAX || d.month < 1 || d.month > 12 || d.mday < 1 ||
	    d.mday > most[d.month - 1])
		return (false);
	back = date_of(days_since_1970(d)); /* February 29 comes back as March 1 in other years */
	return (back.mday == d.mday);
}

/* The moment `in_day` ns after midnight by the clock on the wall: a day may have 23 or 25 hours. */
static int64_t
moment(struct day d, int64_t in_day, enum clock_zone zone)
{
	return (zone_instant(days_since_1970(d) * DAY_SECS + in_day / SEC, zone) * SEC + in_day % SEC);
}

static struct day
next_day(struct day d)
{
	return (date_of(days_since_1970(d) + 1));
}

static bool
take_date(struct text *t, char mark, struct day *d)
{
	int64_t y, m, day;

	if (!take_digits(t, 4, 4, &y) || !take(t, mark) || !take_digits(t, 1, 2, &m) ||
	    !take(t, mark) || !take_digits(t, 1, 2, &day))
		return (false);
	*d = (struct day){ .year = (int)y, .month = (int)m, .mday = (int)day };
	return (day_good(*d));
}

/* 14:05, 14:05:00, 14:05:00.123; `unit` is its precision. */
static bool
take_time(struct text *t, int64_t *in_day, int64_t *unit)
{
	int64_t h, m, s = 0, frac = 0;

	*unit = MINUTE;
	if (!take_digits(t, 1, 2, &h) || h > 24 || !take(t, ':') || !take_digits(t, 2, 2, &m) ||
	    m > 59)
		return (false);
	if (take(t, ':')) {
		*unit = SEC;
		if (!take_digits(t, 2, 2, &s) ||
		    s > 60) /* a leap second is the first of the next minute */
			return (false);
		if (take(t, '.') && !take_fraction(t, &frac, unit))
			return (false);
	}
	*in_day = h * HOUR + m * MINUTE + s * SEC + frac;
	return (h < 24 || *in_day == 24 * HOUR);
}

/* Z, +01, +0130, +01:30: ns to the east. false: none of these, and nothing is taken. */
static bool
take_offset(struct text *t, int64_t *east)
{
	struct text at = *t;
	int64_t h, m = 0;
	bool minus;

	*east = 0;
	if (take(t, 'Z'))
		return (true);
	minus = take(&at, '-');
	if (!minus && !take(&at, '+'))
		return (false);
	if (!take_digits(&at, 2, 2, &h) || h > (minus ? 12 : 14)) /* as far as zones go */
		return (false);
	if (at.p < at.end) {
		(void)take(&at, ':');
		if (!take_digits(&at, 2, 2, &m) || m > 59)
			return (false);
	}
	*east = (h * HOUR + m * MINUTE) * (minus ? -1 : 1);
	*t = at;
	return (true);
}

static struct span
whole_day(struct day d, enum clock_zone zone)
{
	return ((struct span){ moment(d, 0, zone), moment(next_day(d), 0, zone) });
}

/* 2026-11-20, 2026-11-20T14:05:00.5+01:00 */
static bool
parse_iso(struct text t, enum clock_zone zone, struct span *s)
{
	int64_t in_day, unit, east;
	struct day d;

	if (!take_date(&t, '-', &d))
		return (false);
	if (t.p == t.end) {
		*s = whole_day(d, zone);
		return (true);
	}
	if ((!take(&t, 'T') && !take(&t, ' ')) || !take_time(&t, &in_day, &unit))
		return (false);
	if (take_offset(&t, &east))
		s->from = moment(d, in_day, CLOCK_UTC) - east;
	else
		s->from = moment(d, in_day, zone);
	s->to = s->from + unit;
	return (t.p == t.end);
}

/* 2026/11/20, 2026/11/20.14:05:00 */
static bool
parse_argus(struct text t, enum clock_zone zone, struct span *s)
{
	int64_t in_day, unit;
	struct day d;

	if (!take_date(&t, '/', &d))
		return (false);
	if (t.p == t.end) {
		*s = whole_day(d, zone);
		return (true);
	}
	if (!take(&t, '.') || !take_time(&t, &in_day, &unit))
		return (false);
	s->from = moment(d, in_day, zone);
	s->to = s->from + unit;
	return (t.p == t.end);
}

/* The date and the time of day that the wall shows. */
static struct day
wall(int64_t ns, enum clock_zone zone, int64_t *in_day)
{
	int64_t start = clock_bin(ns, SEC), secs = start / SEC, days;

	secs += zone_offset(secs, zone);
	days = clock_bin(secs, DAY_SECS) / DAY_SECS;
	*in_day = (secs - days * DAY_SECS) * SEC + (ns - start);
	return (date_of(days));
}

/* 14:05[:00[.5]] on the day that holds `day` */
static bool
parse_bare(struct text t, int64_t day, enum clock_zone zone, struct span *s)
{
	int64_t in_day, unit, ignored;

	if (!take_time(&t, &in_day, &unit))
		return (false);
	s->from = moment(wall(day, zone, &ignored), in_day, zone);
	s->to = s->from + unit;
	return (t.p == t.end);
}

/* 1795188298[.978580] */
static bool
parse_epoch(struct text t, struct span *s)
{
	int64_t secs, frac = 0, unit = SEC;

	if (!take_digits(&t, 1, 10, &secs) || secs >= INT64_MAX / SEC)
		return (false);
	if (take(&t, '.') && !take_fraction(&t, &frac, &unit))
		return (false);
	s->from = secs * SEC + frac;
	s->to = s->from + unit;
	return (t.p == t.end);
}

/* So many months earlier: the same day and time on the wall, or the last day of a shorter month. */
static int64_t
months_before(int64_t now, int64_t n, enum clock_zone zone)
{
	int64_t in_day, months;
	struct day d = wall(now, zone, &in_day);

	months = d.year * 12ll + d.month - 1 - n;
	d.year = (int)(months / 12);
	d.month = (int)(months % 12) + 1;
	while (!day_good(d))
		d.mday--;
	return (moment(d, in_day, zone));
}

/* -1h: since then; -1M, -1y by the calendar */
static bool
parse_ago(struct text t, int64_t now, enum clock_zone zone, struct span *s)
{
	struct text calendar;
	int64_t dur, n;

	if (!take(&t, '-') || t.p == t.end || (t.end[-1] >= '0' && t.end[-1] <= '9'))
		return (false);
	s->to = now;
	calendar = t;
	if (take_digits(&calendar, 1, 3, &n) && calendar.end - calendar.p == 1 && (*calendar.p == 'M' || *calendar.p == 'y')) {
		s->from = months_before(now, *calendar.p == 'M' ? n : 12 * n, zone);
		return (n < 12 * 200);
	}
	return (clock_parse_dur(t.p, (size_t)(t.end - t.p), &dur) && !__builtin_sub_overflow(now, dur, &s->from));
}

static bool
is_word(struct text t, const char *word)
{
	return ((size_t)(t.end - t.p) == strlen(word) && memcmp(t.p, word, strlen(word)) == 0);
}

/* Monday of an ISO week: the first week is that of January 4. */
static bool
week(int64_t year, int64_t n, struct day *d)
{
	int64_t fourth = days_since_1970((struct day){ .year = (int)year, .month = 1, .mday = 4 });
	int64_t monday = fourth - (fourth % 7 + 10) % 7 + (n - 1) * 7; /* 1970-01-01 was a Thursday */

	*d = date_of(monday);
	return (n >= 1 && n <= 53 && date_of(monday + 3).year == year); /* its Thursday says whose year it is */
}

/* 2026, 2026-11, 2026-W47, today, yesterday */
static bool
parse_period(struct text t, int64_t now, enum clock_zone zone, struct span *s)
{
	int64_t year, n, in_day;
	struct day from, to;

	if (is_word(t, "today") || is_word(t, "yesterday")) {
		from = wall(now, zone, &in_day);
		if (is_word(t, "yesterday"))
			from = date_of(days_since_1970(from) - 1);
		*s = whole_day(from, zone);
		return (true);
	}
	if (!take_digits(&t, 4, 4, &year) || year < YEAR_MIN || year > YEAR_MAX)
		return (false);
	from = (struct day){ .year = (int)year, .month = 1, .mday = 1 };
	to = (struct day){ .year = (int)year + 1, .month = 1, .mday = 1 };
	if (t.p < t.end && !take(&t, '-'))
		return (false);
	if (take(&t, 'W')) {
		if (!take_digits(&t, 2, 2, &n) || !week(year, n, &from))
			return (false);
		to = date_of(days_since_1970(from) + 7);
	} else if (t.p < t.end) {
		if (!take_digits(&t, 2, 2, &n) || n < 1 || n > 12)
			return (false);
		from.month = (int)n;
		to = n == 12 ? to : (struct day){ .year = (int)year, .month = (int)n + 1, .mday = 1 };
	}
	s->from = moment(from, 0, zone);
	s->to = moment(to, 0, zone);
	return (t.p == t.end);
}

/* `day`: the day on which a bare time lies. */
static bool
parse_span(const char *p, size_t n, int64_t now, int64_t day, enum clock_zone zone, struct span *s)
{
	struct text t = { p, p + n };

	return (parse_period(t, now, zone, s) || parse_epoch(t, s) || parse_bare(t, day, zone, s) || parse_iso(t, zone, s) ||
	    parse_argus(t, zone, s) || parse_ago(t, now, zone, s));
}

bool
clock_parse(const char *p, size_t n, int64_t now, enum clock_zone zone, int64_t *ns)
{
	struct span s;

	if (!parse_span(p, n, now, now, zone, &s))
		return (false);
	*ns = s.from;
	return (true);
}

/* The text cut at `at`, which is a '-' or '+': A-B, A+duration.  `over`: B is a time of the day after A's. */
static bool
parse_cut(const char *p, size_t at, bool over, int64_t now, enum clock_zone zone, struct span *out)
{
	const char *rest = p + at + 1;
	size_t n = strlen(rest);
	struct text bare = { rest, rest + n };
	struct span a, b;
	int64_t dur, in_day;

	if (!parse_span(p, at, now, now, zone, &a))
		return (false);
	out->from = a.from;
	if (p[at] == '+')
		return (clock_parse_dur(rest, n, &dur) &&
			!__builtin_add_overflow(a.from, dur, &out->to));
	if (!parse_span(rest, n, now, a.from, zone, &b))
		return (false);
	out->to = b.from;
	if (over) {
		struct day d = wall(b.from, zone, &in_day);

		out->to = moment(next_day(d), in_day, zone);
		return (b.from < a.from && parse_bare(bare, a.from, zone, &b));
	}
	return (true);
}

/* The first place with this sign where both sides mean something; it also stands in dates and offsets. */
static bool
parse_cuts(const char *p, char sign, bool over, int64_t now, enum clock_zone zone, struct span *s)
{
	for (size_t i = 1; p[0] != '\0' && p[i] != '\0'; i++)
		if (p[i] == sign && parse_cut(p, i, over, now, zone, s) && s->from < s->to)
			return (true);
	return (false);
}

/* A range, but for the zone: what is nothing of it then is left out by the zone's clock. */
static bool
is_hole(const char *p, int64_t now, enum clock_zone zone, struct span *s)
{
	for (size_t i = 1; zone != CLOCK_UTC && p[0] != '\0' && p[i] != '\0'; i++) {
		struct span utc;

		if (p[i] == '-' && parse_cut(p, i, false, now, CLOCK_UTC, &utc) && utc.from < utc.to &&
		    parse_cut(p, i, false, now, zone, s) &&
		    s->from == s->to)
			return (true);
	}
	return (false);
}

/*
 * 2026-11-20T04:00-05:00 could be an hour or a moment far west: here it is the hour.  With + it is the
 * other way round: +01:00 is no duration, and +01 after a time reads as an offset.
 */
enum clock_range
clock_parse_range(const char *p, int64_t now, enum clock_zone zone, int64_t *from, int64_t *to)
{
	struct span s;

	if (!parse_cuts(p, '-', false, now, zone, &s) && !is_hole(p, now, zone, &s) && !parse_span(p, strlen(p), now, now, zone, &s) &&
	    !parse_cuts(p, '-', true, now, zone, &s) && !parse_cuts(p, '+', false, now, zone, &s))
		return (CLOCK_WRONG);
	*from = s.from;
	*to = s.to;
	return (s.from < s.to ? CLOCK_RANGE : s.from == s.to && zone != CLOCK_UTC ? CLOCK_HOLE : CLOCK_WRONG);
}

bool
clock_parse_dur(const char *p, size_t n, int64_t *ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "", SEC },     { "ns", 1 },   { "us", USEC }, { "ms", MSEC },  { "s", SEC },
		      { "m", MINUTE }, { "h", HOUR }, { "d", DAY },   { "w", 7 * DAY } };
	struct text t = { p, p + n };
	int64_t whole, frac = 0, unit, part;
	size_t left;

	if (!take_digits(&t, 1, 18, &whole) || (take(&t, '.') && !take_fraction(&t, &frac, &unit)))
		return (false);
	left = (size_t)(t.end - t.p);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) != left || memcmp(units[i].name, t.p, left) != 0)
			continue;
		/* frac is in billionths of the unit; 7 d * 1e9 does not fit, so the unit is taken apart */
		part = units[i].ns >= SEC ? units[i].ns / SEC * frac : units[i].ns * frac / SEC;
		return (!__builtin_mul_overflow(whole, units[i].ns, ns) &&
			!__builtin_add_overflow(*ns, part, ns));
	}
	return (false);
}
