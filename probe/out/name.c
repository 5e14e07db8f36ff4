/* SPDX-License-Identifier: BSD-2-Clause
 *
 * name.c: names of record files.
 *
 * Which words a pattern lacks is found by trying: a name that stays the same when only the hour changes has no hour.
 */
#include "probe/out/name.h"

#include "format/base/buf.h"
#include "format/base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define N2 "[0-9][0-9]"
#define N4 N2 N2

/* Words that belong into a name, and what they can become. */
static const struct word {
	char letter;
	const char *glob;
} words[] = { { 'Y', N4 }, { 'm', N2 }, { 'd', N2 }, { 'H', N2 }, { 'M', N2 }, { 'S', N2 }, { 'y', N2 }, { 'j', N2 "[0-9]" },
	{ 'F', N4 "-" N2 "-" N2 }, { 'T', N2 ":" N2 ":" N2 }, { 'R', N2 ":" N2 }, { 's', "*" }, { 'G', N4 }, { 'g', N2 },
	{ 'V', N2 }, { 'U', N2 }, { 'W', N2 }, { 'u', "[0-9]" }, { 'w', "[0-9]" }, { 'C', N2 }, { 'I', N2 }, { 'p', "[AP]M" },
	{ 'a', "*" }, { 'A', "*" }, { 'b', "*" }, { 'B', "*" }, { 'h', "*" } };

static const char probe_word[] = "$probe";

struct text { /* that grows in the caller's room */
	char *out;
	size_t n, size;
};

static void
put(struct text *t, const char *s, size_t n)
{
	if (t->n + n < t->size) {
		memcpy(t->out + t->n, s, n);
		t->out[t->n + n] = '\0';
	}
	t->n += n;
}

static const struct word *
word_at(const char *p)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].letter == p[1])
			return (&words[i]);
	return (NULL);
}

/* No folder, no hidden file, nothing that a shell or a terminal takes for something else. */
static void
put_probe(struct text *t, const char *probe)
{
	for (const char *p = probe; *p != '\0'; p++) {
		bool fits = isalnum((unsigned char)*p) || *p == '_' || *p == '-' || (*p == '.' && p != probe);

		put(t, isascii((unsigned char)*p) && fits ? p : "_", 1);
	}
}

/* What a word becomes. */
struct fill {
	const char *probe;
	const struct tm *tm; /* its part of a time */
	int64_t seconds;
	bool glob;           /* or what matches it; neither: it stays */
};

static void
put_word(struct text *t, const struct word *w, const struct fill *f)
{
	char fmt[3] = { '%', w->letter, '\0' }, text[64];

	if (f->glob)
		put(t, w->glob, strlen(w->glob));
	else if (f->tm == NULL)
		put(t, fmt, 2);
	else if (w->letter == 's') /* strftime's is of local time */
		put(t, text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)f->seconds));
	else
		put(t, text, strftime(text, sizeof(text), fmt, f->tm));
}

static bool
fill(const char *pattern, const struct fill *f, char *out, size_t size)
{
	struct text t = { out, 0, size };

	out[0] = '\0';
	for (const char *p = pattern; *p != '\0';) {
		const struct word *w = *p == '%' ? word_at(p) : NULL;

		if (w != NULL) {
			put_word(&t, w, f);
			p += 2;
		} else if (strncmp(p, probe_word, sizeof(probe_word) - 1) == 0) {
			put_probe(&t, f->probe);
			p += sizeof(probe_word) - 1;
		} else {
			p += *p == '%' && p[1] == '%';
			if (f->glob && strchr("*?[]\\", *p) != NULL)
				put(&t, "\\", 1);
			put(&t, p++, 1);
		}
	}
	return (t.n < size);
}

bool
name_make(const char *pattern, const char *probe, int64_t ns, char *out, size_t size)
{
	time_t seconds = (time_t)(clock_bin(ns, SEC) / SEC);
	struct tm tm;

	return (gmtime_r(&seconds, &tm) != NULL && fill(pattern, &(struct fill){ probe, &tm, seconds, false }, out, size));
}

bool
name_glob(const char *pattern, const char *probe, char *out, size_t size)
{
	return (fill(pattern, &(struct fill){ probe, NULL, 0, true }, out, size));
}

bool
name_of_all(const char *pattern, const char *probe, char *out, size_t size)
{
	return (fill(pattern, &(struct fill){ probe, NULL, 0, false }, out, size));
}

bool
name_sibling(const char *name, unsigned n, char *out, size_t size)
{
	const char *slash = strrchr(name, '/'), *base = slash != NULL ? slash + 1 : name;
	const char *dot = strrchr(base, '.');
	size_t stem = dot != NULL && dot != base ? (size_t)(dot - name) : strlen(name);
	int len;

	if (n < 2)
		len = snprintf(out, size, "%s", name);
	else
		len = snprintf(out, size, "%.*s_%u%s", (int)stem, name, n, name + stem);
	return (len >= 0 && (size_t)len < size);
}

/* --- is it a good one? */

static bool
same(const char *pattern, int64_t a, int64_t b)
{
	char x[NAME_LONGEST], y[NAME_LONGEST];

	return (name_make(pattern, "p", a, x, sizeof(x)) && name_make(pattern, "p", b, y, sizeof(y)) && strcmp(x, y) == 0);
}

#define DAY (86400 * SEC)

/* 2026-03-04 05:06:07, and the same with another year, month, day, hour, minute, second. */
#define SOME_TIME (1772600767 * SEC)
static const struct unit {
	const char *word;
	int64_t away, of; /* a length that is a multiple of this needs no such word */
} units[] = { { "%Y", 365 * DAY, INT64_MAX }, { "%m", 31 * DAY, INT64_MAX }, { "%d", 2 * DAY, INT64_MAX },
	{ "%H", DAY / 2, DAY }, { "%M", 120 * SEC, 3600 * SEC }, { "%S", 2 * SEC, 60 * SEC } };
#define NUNITS (sizeof(units) / sizeof(units[0]))

static void
missing(const char *pattern, int64_t length, char *out, size_t size)
{
	struct text t = { out, 0, size };

	out[0] = '\0';
	for (size_t i = 0; i < NUNITS; i++)
		if (length % units[i].of != 0 && same(pattern, SOME_TIME, SOME_TIME + units[i].away)) {
			put(&t, t.n > 0 ? " " : "", t.n > 0);
			put(&t, units[i].word, 2);
		}
}

#define TRIED 1500 /* periods; two that follow each other and have one name are found in the first days */

static bool
stays(const char *pattern, int64_t length)
{
	int64_t t = clock_bin(SOME_TIME, length);

	for (unsigned i = 0; i < TRIED && t < INT64_MAX - 2 * length; i++, t += length)
		if (same(pattern, t, t + length))
			return (true);
	return (false);
}

bool
name_comes_again(const char *pattern)
{
	for (size_t i = 0; i < 3; i++)
		if (same(pattern, SOME_TIME, SOME_TIME + units[i].away))
			return (true);
	return (false);
}

bool
name_check(const char *pattern, int64_t length, char *err, size_t errlen)
{
	char text[NAME_LONGEST], lacks[64];
	size_t n = strlen(pattern);

	if (n == 0 || pattern[n - 1] == '/')
		return (say_wrong(err, errlen, "-w \"%s\": this is no name of a file", pattern));
	if (length == 0 && strchr(pattern, '%') != NULL)
		return (say_wrong(err, errlen, "-w %s: names that change with time need to be told when: add --rotate 5m", pattern));
	for (const char *p = pattern; (p = strchr(p, '%')) != NULL; p += 2)
		if (p[1] != '%' && (p[1] == '\0' || word_at(p) == NULL))
			return (say_wrong(err, errlen, "-w %s: %%%.1s is no word for a name; there are %%Y %%m %%d %%H %%M %%S %%j %%F "
			    "%%s, and %%%% is a percent sign", pattern, p + 1));
	if (!name_make(pattern, "p", SOME_TIME, text, sizeof(text)))
		return (say_wrong(err, errlen, "-w: a name of %zu bytes is too long", n));
	if (length > 0 && stays(pattern, length)) {
		missing(pattern, length, lacks, sizeof(lacks));
		return (say_wrong(err, errlen, "-w %s: a name does not change from one file to the next; it lacks %s", pattern, lacks));
	}
	return (true);
}
