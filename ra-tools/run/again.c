/* SPDX-License-Identifier: BSD-2-Clause
 *
 * again.c: how a page was made, and whether it would be made so again.  Test: tests/truth/promise.tap.
 */
#include "ra-tools/run/again.h"

#include "format/base/mem.h"
#include "format/base/plain.h"
#include "ra-tools/report/drill.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PAGE_MAX  (256u << 20)
#define WORDS_MAX 4096
#define META	  "<meta name=\"pavo-%s\" content=\""

/* What may stand in a page: options that choose what it shows. */
static const char *const taken[] = { "bin",   "key",	 "sla",	     "local",  "strict", "oneway", "degraded", "min-sample", "all",
				     "pcap",  "title",	 "time",     "label",  "tz",	 "epoch",  "precision", "count",     "dedup", "path",
				     "columns", "lines" };

static bool
is_taken(const char *name)
{
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(taken[i], name) == 0)
			return (true);
	return (false);
}

/* --- the head ------------------------------------------------------------------------------------- */

static void
encode(const char *word, struct buf *to)
{
	for (const char *p = word; *p != '\0'; p++)
		if (isalnum((unsigned char)*p) || strchr("-_.,:/=", *p) != NULL)
			buf_u8(to, (uint8_t)*p);
		else
			buf_printf(to, "%%%02x", (unsigned char)*p);
}

typedef void (*put_word)(const char *, struct buf *);

/* The options as words: long names, times as instants. */
static void
options(const struct run *r, put_word put, struct buf *to)
{
	const struct option_row *row;
	const char *arg;
	int64_t from, end;

	run_span(r, &from, &end);
	for (size_t i = 0; run_given(r, i, &row, &arg); i++) {
		struct buf range = { 0 };

		if (!is_taken(row->name))
			continue;
		if (strcmp(row->name, "time") == 0 && from != INT64_MIN && end != INT64_MAX) {
			drill_range(from, end, &range);
			arg = buf_cstr(&range);
		}
		buf_printf(to, " --%s", row->name);
		if (arg != NULL) {
			buf_u8(to, ' ');
			put(arg, to);
		}
		buf_free(&range);
	}
}

void
again_meta(struct run *r, struct buf *to)
{
	buf_printf(to, META PACKAGE_VERSION "\">\n", "version");
	buf_printf(to, META, "options");
	options(r, encode, to);
	buf_str(to, "\">\n");
	buf_printf(to, META, "filter");
	encode(run_asked(r), to);
	buf_str(to, "\">\n");
	buf_printf(to, META, "inputs");
	encode(run_inputs(r), to);
	buf_str(to, "\">\n");
}

void
again_command(struct run *r, const char *tool, const char *page, struct buf *to)
{
	struct buf words = { 0 };

	options(r, drill_quote, &words);
	buf_str(&words, " --html ");
	drill_quote(page, &words);
	drill_command(tool, run_inputs(r), INT64_MIN, 0, buf_cstr(&words) + 1, run_asked(r), to);
	buf_free(&words);
}

void
again_verify(struct run *r, const char *tool, const char *page, struct buf *to)
{
	buf_printf(to, "%s --verify ", tool);
	drill_quote(page, to);
	for (unsigned i = 0; run_input(r, i) != NULL; i++) {
		buf_u8(to, ' ');
		drill_quote(run_input(r, i), to);
	}
}

/* --- reading it ----------------------------------------------------------------------------------- */

static int
digit(char c)
{
	return (c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

/* What a line of the head says, to its quote; NULL: there is none. */
static const char *
content(const struct again *a, const char *what, size_t *n)
{
	struct buf line = { 0 };
	const char *p, *end;

	buf_printf(&line, META, what);
	p = memmem(a->page, a->n < (1u << 20) ? a->n : 1u << 20, buf_cstr(&line), line.len);
	p = p == NULL ? NULL : p + line.len;
	end = p == NULL ? NULL : memchr(p, '"', a->n - (size_t)(p - a->page));
	*n = end == NULL ? 0 : (size_t)(end - p);
	buf_free(&line);
	return (end == NULL ? NULL : p);
}

/* A word of n bytes, decoded; NULL: it is none. */
static char *
decode(const char *p, size_t n)
{
	char *word = mem_zero(n + 1, 1), *to = word;

	for (size_t i = 0; i < n; i++) {
		int hi = p[i] == '%' && n - i > 2 ? digit(p[i + 1]) : -1, lo = hi < 0 ? -1 : digit(p[i + 2]);

		if (p[i] != '%') {
			*to++ = p[i];
		} else if (hi >= 0 && lo >= 0 && hi + lo > 0) {
			*to++ = (char)(hi << 4 | lo);
			i += 2;
		} else {
			free(word);
			return (NULL);
		}
	}
	return (word);
}

static void
add(struct again *a, char *word)
{
	a->argv = mem_grow(a->argv, (size_t)a->argc + 2, sizeof(a->argv[0]));
	a->argv[a->argc++] = word;
	a->argv[a->argc] = NULL;
}

/* Whose words the options are: an option that is taken, and what stands behind it. */
static void
add_options(struct again *a, const char *page, const char *p, size_t n)
{
	bool option = false;

	for (size_t at = 0; at < n;) {
		size_t len = 0;
		char *word;

		while (at + len < n && p[at + len] != ' ')
			len++;
		if (len == 0) {
			at++;
			continue;
		}
		word = decode(p + at, len);
		if (word == NULL || a->argc == WORDS_MAX)
			run_usage("%s: what it says of its making can not be read", page);
		if (strncmp(word, "--", 2) == 0 && !is_taken(word + 2))
			run_usage("%s: it was made with %s, which is not taken from a page", page, word);
		if (strncmp(word, "--", 2) != 0 && !option)
			run_usage("%s: what it says of its making can not be read", page);
		option = strncmp(word, "--", 2) == 0;
		add(a, word);
		at += len;
	}
}

static void
read_page(struct again *a, const char *page)
{
	struct stat st;
	FILE *f = fopen(page, "r");
	struct buf b = { 0 };
	size_t n;

	if (f == NULL || fstat(fileno(f), &st) != 0)
		run_fail("%s: %s", page, strerror(errno));
	if (!S_ISREG(st.st_mode))
		run_usage("%s: expected a page, a file", page);
	do {
		n = fread(buf_room(&b, 1u << 16), 1, 1u << 16, f);
		b.len += n;
	} while (n > 0 && b.len < PAGE_MAX);
	if (ferror(f) || b.len >= PAGE_MAX)
		run_fail("%s: %s", page, ferror(f) ? strerror(errno) : "this is no page of a report");
	(void)fclose(f);
	a->n = b.len;
	(void)buf_cstr(&b);
	a->page = (char *)b.p;
}

struct again
again_read(const char *program, const char *page, char *const *files, int n)
{
	struct again a = { .argc = 0 };
	const char *version, *words, *filter, *inputs;
	size_t vlen, wlen, flen, ilen;
	char *text;

	read_page(&a, page);
	version = content(&a, "version", &vlen);
	words = content(&a, "options", &wlen);
	filter = content(&a, "filter", &flen);
	inputs = content(&a, "inputs", &ilen);
	if (version == NULL || words == NULL || filter == NULL || inputs == NULL)
		run_usage("%s: this is no page that says how it was made", page);
	if (vlen != strlen(PACKAGE_VERSION) || memcmp(version, PACKAGE_VERSION, vlen) != 0)
		run_usage("%s: it was made by version %.*s, and this is %s: that one has to compare it", page, (int)(vlen < 40 ? vlen : 40),
			  version, PACKAGE_VERSION);
	add(&a, mem_str(program));
	add_options(&a, page, words, wlen);
	for (int i = 0; i < n; i++) {
		add(&a, mem_str(i == 0 ? "-r" : files[i - 1]));
		if (i == n - 1)
			add(&a, mem_str(files[i]));
	}
	text = decode(filter, flen);
	a.inputs = decode(inputs, ilen);
	if (text == NULL || a.inputs == NULL)
		run_usage("%s: what it says of its making can not be read", page);
	if (*text != '\0') {
		add(&a, mem_str("-"));
		add(&a, text);
	} else {
		free(text);
	}
	return (a);
}

void
again_free(struct again *a)
{
	for (int i = 0; i < a->argc; i++)
		free(a->argv[i]);
	free(a->argv);
	free(a->inputs);
	free(a->page);
}

/* --- comparing ------------------------------------------------------------------------------------ */

struct lines {
	const char *p;
	size_t n;
	const char *from, *to;
};

/* The next line that counts; NULL: no more. */
static const char *
next_line(struct lines *l, size_t *n)
{
	bool between = false;

	while (l->n > 0) {
		const char *p = l->p, *end = memchr(p, '\n', l->n);

		*n = end == NULL ? l->n : (size_t)(end - p);
		l->p += *n + (end != NULL);
		l->n -= *n + (end != NULL);
		if (*n == strlen(l->from) && memcmp(p, l->from, *n) == 0)
			between = true;
		else if (between && *n == strlen(l->to) && memcmp(p, l->to, *n) == 0)
			between = false;
		else if (!between)
			return (p);
	}
	return (NULL);
}

/* A line as a reader sees it, around the place where two begin to differ. */
static void
readable(const char *p, size_t n, size_t at, struct buf *to)
{
	size_t from = at > 60 && at <= n ? at - 60 : 0;
	const char *open = p == NULL ? NULL : memchr(p + from, '<', n - from), *close = p == NULL ? NULL : memchr(p + from, '>', n - from);
	bool tag = from > 0 && close != NULL && (open == NULL || close < open); /* within one already */
	struct buf text = { 0 };

	for (size_t i = from; p != NULL && i < n && text.len < 120; i++) {
		if (p[i] == '<')
			tag = true;
		if (!tag)
			buf_u8(&text, (uint8_t)p[i]);
		else if (p[i] == '>' && text.len > 0 && text.p[text.len - 1] != ' ')
			buf_u8(&text, ' ');
		if (p[i] == '>')
			tag = false;
	}
	buf_plain(to, (const char *)text.p, text.len);
	buf_free(&text);
}

bool
again_same(const struct again *a, const struct buf *now, const char *from, const char *to, struct buf *was, struct buf *is)
{
	struct lines old = { a->page, a->n, from, to }, new = { (const char *)now->p, now->len, from, to };
	static const char inputs[] = "<meta name=\"pavo-inputs\"";

	for (;;) {
		size_t n = 0, m = 0, at = 0;
		const char *p = next_line(&old, &n), *q = next_line(&new, &m);

		if (p == NULL && q == NULL)
			return (true);
		if (p != NULL && q != NULL && ((n == m && memcmp(p, q, n) == 0) ||
					       (n >= sizeof(inputs) && m >= sizeof(inputs) && memcmp(p, inputs, sizeof(inputs) - 1) == 0 &&
						memcmp(q, inputs, sizeof(inputs) - 1) == 0)))
			continue;
		while (p != NULL && q != NULL && at < n && at < m && p[at] == q[at])
			at++;
		readable(p, n, at, was);
		readable(q, m, at, is);
		return (false);
	}
}
