/* SPDX-License-Identifier: BSD-2-Clause
 *
 * addrs.c: a set of addresses as sorted ranges that do not touch, for `in FILE`.  IPv4 and IPv6 are kept
 * apart: a range of one family never holds an address of the other.
 */
#include "ra-tools/filter/tree.h"

#include "format/base/buf.h"
#include "format/base/plain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (64u << 20) /* bytes of a list */

struct span {
	struct ip lo, hi;
};

struct addrs {
	struct span *span;
	size_t n;
};

static struct ip
last_of(const struct ip *net, unsigned len)
{
	struct ip ip = *net;

	for (unsigned bit = len + (ip_is4(net) ? 96 : 0); bit < 128; bit++)
		ip.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return (ip);
}

/* IPv4 first, then by where a range begins. */
static int
span_cmp(const void *pa, const void *pb)
{
	const struct span *a = pa, *b = pb;
	int family = ip_is4(&b->lo) - ip_is4(&a->lo);

	return (family != 0 ? family : ip_cmp(&a->lo, &b->lo));
}

/* The address behind hi; false: there is none. */
static bool
after(const struct ip *hi, struct ip *next)
{
	*next = *hi;
	for (unsigned i = 16; i-- > (ip_is4(hi) ? 12u : 0u);)
		if (++next->b[i] != 0)
			return (true);
	return (false);
}

/* Join ranges that overlap or follow one another. */
static void
join(struct addrs *a)
{
	size_t n = 0;

	if (a->n > 1)
		qsort(a->span, a->n, sizeof(a->span[0]), span_cmp);
	for (size_t i = 0; i < a->n; i++) {
		struct span *last = n == 0 ? NULL : &a->span[n - 1];
		struct ip next;

		if (last != NULL && ip_is4(&last->lo) == ip_is4(&a->span[i].lo) &&
		    (!after(&last->hi, &next) || ip_cmp(&a->span[i].lo, &next) <= 0)) {
			if (ip_cmp(&a->span[i].hi, &last->hi) > 0)
				last->hi = a->span[i].hi;
			continue;
		}
		a->span[n++] = a->span[i];
	}
	a->n = n;
}

static bool
read_file(const char *path, struct buf *b, char *why, size_t n)
{
	FILE *f = fopen(path, "rb");
	size_t got = 0;
	bool good;

	if (f == NULL) {
		(void)snprintf(why, n, "the file %s can not be read: %s", path, strerror(errno));
		return (false);
	}
	do {
		got = fread(buf_room(b, 65536), 1, 65536, f);
		b->len += got;
	} while (got != 0 && b->len <= FILE_MAX);
	good = !ferror(f) && b->len <= FILE_MAX;
	if (!good)
		(void)snprintf(why, n, "the file %s %s", path,
			       b->len > FILE_MAX
				   ? "is longer than 64 MiB: expected a list of addresses"
				   : "can not be read");
	(void)fclose(f);
	return (good);
}

const struct addrs *
addrs_read(const char *path, struct arena *arena, char *why, size_t n)
{
	struct addrs *a = arena_zero(arena, sizeof(*a));
	struct buf text = { 0 }, spans = { 0 };
	unsigned line = 0;
	bool good = read_file(path, &text, why, n);
	const char *p = good ? buf_cstr(&text) : NULL, *end = good ? p + text.len : NULL;

	if (good)
		p += plain_mark(p, text.len);
	while (good && p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p)), *word;
		struct span s;
		unsigned len;

		line++;
		eol = eol == NULL ? end : eol;
		while (p < eol && (*p == ' ' || *p == '\t'))
			p++;
		for (word = p;
		     p < eol && *p != ' ' && *p != '\t' && *p != '\r' && *p != ',' && *p != '#';)
			p++;
		if (p > word) {
			good = ip_parse_net(word, (size_t)(p - word), &s.lo, &len);
			if (!good) {
				(void)snprintf(
				    why, n,
				    "%s, line %u: expected an address or a prefix, not \"%.*s\"",
				    path, line, p - word < 40 ? (int)(p - word) : 40, word);
				break;
			}
			s.hi = last_of(&s.lo, len);
			buf_add(&spans, &s, sizeof(s));
			a->n++;
		}
		p = eol + 1;
	}
	a->span = arena_copy(arena, spans.p, spans.len);
	join(a);
	buf_free(&text);
	buf_free(&spans);
	return (good ? a : NULL);
}

bool
addrs_none(const struct addrs *a)
{
	return (a->n == 0);
}

const struct addrs *
addrs_range(const struct ip *lo, const struct ip *hi, struct arena *arena)
{
	struct addrs *a = arena_zero(arena, sizeof(*a));

	a->span = arena_zero(arena, sizeof(a->span[0]));
	a->span[0] = (struct span){ *lo, *hi };
	a->n = 1;
	return (a);
}

/* Ranges that begin at or before ip, IPv4 before IPv6. */
static size_t
before(const struct addrs *a, const struct ip *ip)
{
	struct span key = { *ip, *ip };
	size_t from = 0, to = a->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (span_cmp(&a->span[mid], &key) <= 0)
			from = mid + 1;
		else
			to = mid;
	}
	return (from);
}

/* Does the last range that begins at or before `ip` reach `reach`? */
static bool
reaches(const struct addrs *a, const struct ip *ip, const struct ip *reach)
{
	size_t n = before(a, ip);

	return (n > 0 && ip_is4(&a->span[n - 1].lo) == ip_is4(ip) &&
		ip_cmp(reach, &a->span[n - 1].hi) <= 0);
}

bool
addrs_have(const struct addrs *a, const struct ip *ip, unsigned len)
{
	struct ip last = last_of(ip, len), first = ip_mask(ip, len);

	return (reaches(a, &first, &last));
}

bool
addrs_touch(const struct addrs *a, const struct ip *lo, const struct ip *hi)
{
	struct ip four = ip_v4((const uint8_t[4]){ 0 });

	/* IPv4 lies amidst IPv6: where an interval holds both families, their order here is another. */
	if (ip_is4(lo) != ip_is4(hi) || (ip_cmp(lo, &four) < 0 && ip_cmp(hi, &four) > 0))
		return (a->n != 0);
	return (reaches(a, hi, lo));
}

/* The first of n ascending addresses that is not below `lo`. */
static uint32_t
first_from(const struct ip *ip, uint32_t n, const struct ip *lo)
{
	uint32_t from = 0, to = n;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (ip_cmp(&ip[mid], lo) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return (from);
}

bool
addrs_between(const struct ip *ip, uint32_t n, const struct ip *lo, const struct ip *hi)
{
	uint32_t i = first_from(ip, n, lo);

	return (i < n && ip_cmp(&ip[i], hi) <= 0);
}

/* Each of the shorter list is looked for in the longer one. */
bool
addrs_have_any(const struct addrs *a, const struct ip *ip, uint32_t n4, uint32_t n6)
{
	if (a->n > (uint64_t)n4 + n6) {
		for (uint32_t i = 0; i < n4 + n6; i++)
			if (reaches(a, &ip[i], &ip[i]))
				return (true);
		return (false);
	}
	for (size_t i = 0; i < a->n; i++) {
		const struct span *s = &a->span[i];
		bool four = ip_is4(&s->lo);

		if (addrs_between(four ? ip : ip + n4, four ? n4 : n6, &s->lo, &s->hi))
			return (true);
	}
	return (false);
}
