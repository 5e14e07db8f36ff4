/* SPDX-License-Identifier: BSD-2-Clause
 *
 * contract.c: --sla FILE.  Test: tests/unit/ra-tools/report/test_contract.c.
 */
#include "ra-tools/report/contract.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/plain.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINES_MAX 100000
#define HOURS_MAX 16
#define DAY_MIN	  (24 * 60)

struct who { /* one end */
	char *text;  /* a label, or an id */
	bool any, net;
	struct ip ip;
	unsigned len;
};

struct hours {
	uint8_t days;	   /* a bit a day, Monday first */
	uint16_t from, to; /* minutes; to <= from: on the next day */
};

/* The hours of service that begin on one day on the wall, as instants. */
struct served {
	int64_t from[HOURS_MAX], to[HOURS_MAX];
	unsigned n;
};

struct contract {
	struct who who[2];
	unsigned whos;
	struct sla_limits limits;
	struct hours hours[HOURS_MAX];
	unsigned nhours; /* 0: always */
	char *when;
	/* of the last question: bins come in order */
	int64_t day; /* the two days of `served` are the one before and this; INT64_MIN: none */
	enum clock_zone zone;
	struct served served[2];
};

struct contracts {
	struct contract *c;
	size_t n;
};

/* --- lines ---------------------------------------------------------------------------------------- */

/* The next word, or what stands in quotes; n == 0: no more. */
static const char *
word(const char **at, size_t *n)
{
	const char *p = *at + strspn(*at, " \t"), *end;

	if (*p == '"' && (end = strchr(p + 1, '"')) != NULL) {
		*n = (size_t)(end - p - 1);
		*at = end + 1;
		return (p + 1);
	}
	*n = *p == '#' ? 0 : strcspn(p, " \t\r\n");
	*at = p + *n;
	return (p);
}

static int
day_of(const char *p)
{
	static const char *const words[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

	for (int i = 0; i < 7; i++)
		if (strncasecmp(p, words[i], 3) == 0)
			return (i);
	return (-1);
}

/* "mon", "mon-fri", "fri-mon" */
static bool
days_of(const char *p, size_t n, uint8_t *days)
{
	int first = n >= 3 ? day_of(p) : -1, last = first;

	if (n == 7 && p[3] == '-')
		last = day_of(p + 4);
	else if (n != 3)
		return (false);
	if (first < 0 || last < 0)
		return (false);
	for (int d = first;; d = (d + 1) % 7) {
		*days |= (uint8_t)(1 << d);
		if (d == last)
			return (true);
	}
}

static bool
minute_of(const char *p, uint16_t *m)
{
	unsigned hour, min;

	if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]) || p[2] != ':' || !isdigit((unsigned char)p[3]) ||
	    !isdigit((unsigned char)p[4]))
		return (false);
	hour = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
	min = (unsigned)(p[3] - '0') * 10 + (unsigned)(p[4] - '0');
	*m = (uint16_t)(hour * 60 + min);
	return (min < 60 && *m <= DAY_MIN);
}

/* "08:00-18:00" */
static bool
span_of(const char *p, size_t n, struct hours *h)
{
	return (n == 11 && p[5] == '-' && minute_of(p, &h->from) && minute_of(p + 6, &h->to) && h->from < DAY_MIN && h->to > 0 &&
		h->from != h->to);
}

/* Days hold for the spans behind them. */
static const char *
hours_of(struct contract *c, const char *text)
{
	uint8_t days = 0;
	bool fresh = false;

	for (const char *p = text; *(p += strspn(p, " \t,")) != '\0';) {
		size_t n = strcspn(p, " \t,");
		struct hours h = { .days = 0 };

		if (days_of(p, n, fresh ? &days : &h.days)) {
			days = fresh ? days : h.days;
			fresh = true;
		} else if (c->nhours < HOURS_MAX && span_of(p, n, &h)) {
			h.days = days == 0 ? 0x7f : days;
			c->hours[c->nhours++] = h;
			fresh = false;
		} else {
			return ("expected hours of service, as mon-fri 08:00-18:00");
		}
		p += n;
	}
	return (fresh ? "expected hours behind the days, as mon-fri 08:00-18:00" : NULL);
}

static void
who_is(struct who *w, const char *p, size_t n)
{
	w->any = n == 1 && *p == '*';
	w->net = !w->any && ip_parse_net(p, n, &w->ip, &w->len);
	w->text = mem_zero(n + 1, 1);
	memcpy(w->text, p, n);
}

/* NULL, or what was expected. */
static const char *
line(struct contract *c, char *text, char *why, size_t len)
{
	const char *at = text, *p;
	size_t n;

	while (p = word(&at, &n), n > 0 && (p[-(p > text)] == '"' || memchr(p, '=', n) == NULL)) {
		if (c->whos == 2)
			return ("expected limits behind two ends, as loss=0.1%,avail=99.9%");
		who_is(&c->who[c->whos++], p, n);
	}
	if (c->whos == 0)
		return ("expected who is meant: a label, an address, a prefix, a tunnel's id, or *");
	if (n == 0)
		return ("expected limits, as loss=0.1%,avail=99.9%");
	c->when = mem_str(at + strspn(at, " \t"));
	c->when[strcspn(c->when, "#\r\n")] = '\0';
	for (size_t k = strlen(c->when); k > 0 && isspace((unsigned char)c->when[k - 1]); k--)
		c->when[k - 1] = '\0';
	text[(size_t)(p - text) + n] = '\0';
	if (!sla_parse(p, &c->limits, why, len))
		return (why);
	return (hours_of(c, c->when));
}

struct contracts *
contracts_read(const char *path, char *err, size_t errlen)
{
	struct contracts *all = mem_zero(1, sizeof(*all));
	FILE *f = fopen(path, "r");
	const char *wrong = f == NULL ? strerror(errno) : NULL;
	char *text = NULL, why[256];
	size_t cap = 0, number = 0;
	ssize_t got;

	while (wrong == NULL && (got = getline(&text, &cap, f)) >= 0) {
		char *p = text + (number == 0 ? plain_mark(text, (size_t)got) : 0);

		number++;
		if (memchr(text, '\0', (size_t)got) != NULL || all->n == LINES_MAX) {
			wrong = "this is no list of limits";
			break;
		}
		p += strspn(p, " \t\r\n");
		if (*p == '\0' || *p == '#')
			continue;
		if ((all->n & (all->n - 1)) == 0)
			all->c = mem_grow(all->c, all->n == 0 ? 1 : all->n * 2, sizeof(all->c[0]));
		all->c[all->n] = (struct contract){ .day = INT64_MIN };
		wrong = line(&all->c[all->n++], p, why, sizeof(why));
	}
	if (wrong == NULL && ferror(f))
		wrong = strerror(errno);
	if (wrong == NULL && all->n == 0)
		wrong = "no limits are in it";
	if (wrong != NULL && number > 0 && all->n > 0)
		(void)snprintf(err, errlen, "%s, line %zu: %s", path, number, wrong);
	else if (wrong != NULL)
		(void)snprintf(err, errlen, "%s: %s", path, wrong);
	if (f != NULL)
		(void)fclose(f);
	free(text);
	if (wrong != NULL)
		contracts_free(&all);
	return (all);
}

void
contracts_free(struct contracts **pa)
{
	struct contracts *a = *pa;

	for (size_t i = 0; a != NULL && i < a->n; i++) {
		free(a->c[i].who[0].text);
		free(a->c[i].who[1].text);
		free(a->c[i].when);
	}
	if (a != NULL)
		free(a->c);
	free(a);
	*pa = NULL;
}

/* --- who ------------------------------------------------------------------------------------------ */

static bool
fits(const struct who *w, const struct ip *end, const char *label)
{
	struct ip net;

	if (w->any)
		return (true);
	if (label != NULL && strcasecmp(label, w->text) == 0)
		return (true);
	net = ip_mask(end, w->len);
	return (w->net && ip_cmp(&net, &w->ip) == 0);
}

struct contract *
contracts_find(const struct contracts *a, const struct ip end[static 2], const char *const label[static 2], const char *id)
{
	for (size_t i = 0; a != NULL && i < a->n; i++) {
		struct contract *c = &a->c[i];
		const struct who *w = c->who;

		for (int k = 0; k < 2; k++) {
			bool first = fits(&w[0], &end[k], label[k]);

			if (c->whos == 1 ? first || strcasecmp(w[0].text, id) == 0 : first && fits(&w[1], &end[1 - k], label[1 - k]))
				return (c);
		}
	}
	return (NULL);
}

const struct sla_limits *
contract_limits(const struct contract *c)
{
	return (&c->limits);
}

const char *
contract_hours(const struct contract *c)
{
	return (c == NULL ? "" : c->when);
}

/* --- when ----------------------------------------------------------------------------------------- */

#define DAY_SECONDS 86400

static int64_t
earlier(int64_t a, int64_t b)
{
	return (a < b ? a : b);
}

static int64_t
later(int64_t a, int64_t b)
{
	return (a > b ? a : b);
}

static struct served
of_day(const struct contract *c, int64_t day, enum clock_zone zone)
{
	struct served s = { .n = 0 };

	for (unsigned i = 0; i < c->nhours; i++) {
		const struct hours *h = &c->hours[i];
		int64_t start = day * DAY_SECONDS;

		if ((h->days & 1 << ((day % 7 + 7 + 3) % 7)) == 0) /* 1970-01-01 was a Thursday */
			continue;
		s.from[s.n] = zone_instant(start + h->from * 60, zone);
		s.to[s.n++] = zone_instant(start + h->to * 60 + (h->to <= h->from ? DAY_SECONDS : 0), zone);
	}
	return (s);
}

/* Hours that overlap count once for each line that has them: no more than all is told. */
int64_t
contract_time(struct contract *c, int64_t from, int64_t to, enum clock_zone zone)
{
	int64_t a = from / SEC, b = to / SEC, sum = 0, first, last;

	if (c == NULL || c->nhours == 0)
		return (to - from);
	first = (a + zone_offset(a, zone)) / DAY_SECONDS;
	last = (b - 1 + zone_offset(b - 1, zone)) / DAY_SECONDS;
	if (c->day != first || c->zone != zone) {
		c->served[0] = of_day(c, first - 1, zone); /* hours may have begun the day before */
		c->served[1] = of_day(c, first, zone);
		c->day = first;
		c->zone = zone;
	}
	for (int64_t day = first - 1; day <= last; day++) {
		struct served s = day <= first ? c->served[day - first + 1] : of_day(c, day, zone);

		for (unsigned i = 0; i < s.n; i++)
			sum += later(earlier(s.to[i], b) - later(s.from[i], a), 0);
	}
	return (earlier(sum, b - a) * SEC);
}

bool
contract_serves(struct contract *c, int64_t from, int64_t to, enum clock_zone zone)
{
	return (c == NULL || c->nhours == 0 || contract_time(c, from, to, zone) >= (to - from) / SEC * SEC);
}
