/* SPDX-License-Identifier: BSD-2-Clause
 *
 * labels.c: what belongs to an address.
 *
 * Prefixes nest or are apart, never otherwise.  So a list becomes ranges that do not touch, each with
 * the label of its longest prefix: sorted, with the wider first, they are walked once with a stack.  A look-up is a binary
 * search among the ranges of one family; IPv4 begins at a table of its first 16 bits.
 */
#include "ra-tools/query/labels.h"

#include "format/base/mem.h"
#include "format/base/plain.h"
#include "ra-tools/query/geo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX    255
#define GEO_MAX	     8
#define PREFIXES_MAX 16000000
#define NO_LABEL     UINT32_MAX

struct prefix {
	struct ip net;
	uint8_t len; /* of 128 */
	bool four;
	uint32_t label, line;
};

struct
    range { /* from here to the next range; the first address of its family is always the start of one */
	struct ip from;
	uint32_t label;
};

struct labels {
	struct prefix *prefix;
	uint32_t n, cap, lines;
	struct blob *label;
	uint32_t nlabel, caplabel;
	struct arena arena;

	struct range *range[2]; /* IPv6, IPv4 */
	uint32_t nrange[2];
	uint32_t
	    *first; /* IPv4: the range that holds the first address of each /16; 65537 of them */

	struct geo *geo[GEO_MAX];
	unsigned ngeo;
	bool list;
	char note[512];
};

static const struct { /* the fields, by what they are of */
	uint16_t label, co, as, addr, mask;
} sides[] = {
	{ F_slabel, F_sco, F_sas, F_saddr, F_smask },
	{ F_dlabel, F_dco, F_das, F_daddr, F_dmask },
};

bool
field_is_label(enum field f)
{
	return (f == F_slabel || f == F_dlabel || f == F_sco || f == F_dco || f == F_sas ||
		f == F_das);
}

struct labels *
labels_new(void)
{
	return (mem_zero(1, sizeof(struct labels)));
}

void
labels_free(struct labels **pl)
{
	struct labels *l = *pl;

	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->ngeo; i++)
		geo_close(&l->geo[i]);
	free(l->prefix);
	free(l->label);
	free(l->range[0]);
	free(l->range[1]);
	free(l->first);
	arena_free(&l->arena);
	free(l);
	*pl = NULL;
}

/* --- reading a list ---------------------------------------------------------------------------- */

/* The same label in line after line needs to lie there only once. */
static uint32_t
label_number(struct labels *l, const char *p, size_t n)
{
	const struct blob *last = l->nlabel > 0 ? &l->label[l->nlabel - 1] : NULL;

	if (last != NULL && last->n == n && memcmp(last->p, p, n) == 0)
		return (l->nlabel - 1);
	if (l->nlabel == l->caplabel) {
		l->caplabel = l->caplabel == 0 ? 64 : l->caplabel * 2;
		l->label = mem_grow(l->label, l->caplabel, sizeof(l->label[0]));
	}
	l->label[l->nlabel] = (struct blob){ arena_copy(&l->arena, p, n), (uint32_t)n };
	return (l->nlabel++);
}

static void
add_prefix(struct labels *l, const struct ip *net, unsigned len, uint32_t label)
{
	bool four = ip_is4(net);

	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 256 : l->cap * 2;
		l->prefix = mem_grow(l->prefix, l->cap, sizeof(l->prefix[0]));
	}
	l->prefix[l->n++] =
	    (struct prefix){ *net, (uint8_t)(four ? len + 96 : len), four, label, l->lines++ };
}

static const char *
trim(const char *p, const char *end, size_t *n)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r' || end[-1] == '\n'))
		end--;
	*n = (size_t)(end - p);
	return (p);
}

/* What stands behind the comma, without quotes; in them, two stand for one (RFC 4180). */
static size_t
unquote(const char *p, size_t n, char out[static LABEL_MAX + 1])
{
	size_t len = 0;
	bool quoted = n > 0 && *p == '"';

	for (size_t i = quoted; i < n && len < LABEL_MAX; i++) {
		if (quoted && p[i] == '"') {
			if (i + 1 == n || p[i + 1] != '"')
				break;
			i++;
		} else if (!quoted && p[i] == ',') {
			break; /* a list may have more columns */
		}
		out[len++] = p[i];
	}
	return (len);
}

/* "10.1.0.0/16,office".  false: it is no such line. */
static bool
add_line(struct labels *l, const char *line, size_t len, bool first)
{
	char label[LABEL_MAX + 1];
	const char *end = line + len, *comma, *p;
	struct ip net;
	unsigned bits;
	size_t n;

	p = trim(line, end, &n);
	if (n == 0 || *p == '#')
		return (true);
	comma = memchr(line, ',', len);
	if (comma == NULL)
		return (false);
	p = trim(line, comma, &n);
	if (n >= 2 && *p == '"' && p[n - 1] == '"') {
		p++;
		n -= 2;
	}
	if (!ip_parse_net(p, n, &net, &bits))
		return (first && memchr(p, '.', n) == NULL &&
			memchr(p, ':', n) == NULL); /* a heading */
	p = trim(comma + 1, end, &n);
	n = unquote(p, n, label);
	if (n == 0 || l->n >= PREFIXES_MAX)
		return (false);
	add_prefix(l, &net, bits, label_number(l, label, n));
	return (true);
}

static bool
add_list(struct labels *l, FILE *f, const char *path, char *err, size_t errlen)
{
	char *line = NULL;
	size_t cap = 0;
	uint32_t before = l->n;
	unsigned number = 0;
	size_t mark;
	ssize_t n;
	bool good = true;

	while (good && (n = getline(&line, &cap, f)) > 0) {
		number++;
		mark = number == 1 ? plain_mark(line, (size_t)n) : 0;
		good = add_line(l, line + mark, (size_t)n - mark, number == 1);
		if (!good)
			(void)snprintf(
			    err, errlen,
			    "%s, line %u: expected a prefix, a comma and a label, such as "
			    "10.1.0.0/16,office",
			    path, number);
	}
	if (good && ferror(f)) {
		(void)snprintf(err, errlen, "%s: %s", path, strerror(errno));
		good = false;
	}
	if (good && l->n == before && l->note[0] == '\0')
		(void)snprintf(l->note, sizeof(l->note), "%s: there is no prefix in it", path);
	free(line);
	l->list = true;
	return (good);
}

/* The mark before a database's metadata, near its end. */
static bool
is_database(FILE *f)
{
	static const char mark[] = "\xab\xcd\xefMaxMind.com";
	static char tail[128 * 1024];
	size_t n;
	bool found;

	if (fseek(f, 0, SEEK_END) != 0)
		return (false); /* a pipe */
	if (fseek(f, -(long)sizeof(tail), SEEK_END) != 0)
		(void)fseek(f, 0, SEEK_SET);
	n = fread(tail, 1, sizeof(tail), f);
	found = memmem(tail, n, mark, sizeof(mark) - 1) != NULL;
	(void)fseek(f, 0, SEEK_SET);
	return (found);
}

bool
labels_add(struct labels *l, const char *path, char *err, size_t errlen)
{
	FILE *f = fopen(path, "rb");
	bool good;

	if (f == NULL) {
		(void)snprintf(err, errlen, "%s: %s", path, strerror(errno));
		return (false);
	}
	if (!is_database(f)) {
		good = add_list(l, f, path, err, errlen);
	} else if (l->ngeo == GEO_MAX) {
		(void)snprintf(err, errlen, "%s: more than %d databases", path, GEO_MAX);
		good = false;
	} else {
		l->geo[l->ngeo] = geo_open(path, err, errlen);
		good = l->geo[l->ngeo] != NULL;
		l->ngeo += good;
	}
	(void)fclose(f);
	return (good);
}

/* --- ranges ------------------------------------------------------------------------------------ */

/* By family and start, the wider first; of the same prefix the later line first. */
static int
prefix_cmp(const void *x, const void *y)
{
	const struct prefix *a = x, *b = y;
	int c = a->four != b->four ? (a->four ? 1 : -1) : ip_cmp(&a->net, &b->net);

	if (c == 0)
		c = (int)a->len - (int)b->len;
	return (c != 0 ? c : (a->line < b->line) - (a->line > b->line));
}

/* The address behind a prefix; false: there is none in its family. */
static bool
behind(const struct prefix *p, struct ip *next)
{
	unsigned stop = p->four ? 12 : 0;

	*next = p->net;
	if (p->len == (p->four ? 96 : 0))
		return (false);
	for (unsigned i = (p->len - 1u) / 8 + 1, step = 1u << (7 - (p->len - 1u) % 8); i-- > stop;
	     step = 1) {
		unsigned v = next->b[i] + step;

		next->b[i] = (uint8_t)v;
		if (v < 256)
			return (true);
	}
	return (false);
}

static void
put_range(struct range *range, uint32_t *n, const struct ip *from, uint32_t label)
{
	if (*n > 0 && ip_cmp(&range[*n - 1].from, from) == 0)
		(*n)--; /* an empty one */
	if (*n > 0 && range[*n - 1].label == label)
		return;
	range[(*n)++] = (struct range){ *from, label };
}

/* The innermost prefix of the stack that is still open at `at`; those that end before it begin their outer one's
 * range again. */
static unsigned
close_until(const struct prefix *const *stack, unsigned depth, const struct ip *at,
	    struct range *range, uint32_t *n)
{
	while (depth > 0) {
		struct ip end;
		bool more = behind(stack[depth - 1], &end);

		if (at != NULL && (!more || ip_cmp(&end, at) > 0))
			return (depth);
		depth--;
		if (more)
			put_range(range, n, &end, depth > 0 ? stack[depth - 1]->label : NO_LABEL);
	}
	return (0);
}

/* The first one is named. */
static void
note_twice(struct labels *l, const struct prefix *later, const struct prefix *first)
{
	const struct blob *a = &l->label[first->label], *b = &l->label[later->label];
	char net[IP_TEXT], one[LABEL_MAX + 1], two[LABEL_MAX + 1];

	if (l->note[0] != '\0')
		return;
	(void)ip_text(&later->net, net);
	(void)snprintf(one, sizeof(one), "%.*s", (int)a->n, (const char *)a->p);
	(void)snprintf(two, sizeof(two), "%.*s", (int)b->n, (const char *)b->p);
	(void)snprintf(l->note, sizeof(l->note), "%s/%u has two labels, \"%.64s\" and \"%.64s\": the later one counts", net,
	    later->four ? later->len - 96u : later->len, one, two);
}

static void
make_ranges(struct labels *l, bool four, const struct prefix *p, uint32_t count)
{
	const struct prefix *stack[130];
	struct range *range = mem_alloc((2 * (size_t)count + 1) * sizeof(*range));
	struct ip zero = four ? ip_v4((const uint8_t[]){ 0, 0, 0, 0 }) : (struct ip){ { 0 } };
	unsigned depth = 0;
	uint32_t n = 0;

	put_range(range, &n, &zero, NO_LABEL);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && p[i].len == p[i - 1].len && ip_cmp(&p[i].net, &p[i - 1].net) == 0) {
			/* said again: the later line came first */
			if (l->label[p[i].label].n != l->label[p[i - 1].label].n ||
			    memcmp(l->label[p[i].label].p, l->label[p[i - 1].label].p, l->label[p[i].label].n) != 0)
				note_twice(l, &p[i - 1], &p[i]);
			continue;
		}
		depth = close_until(stack, depth, &p[i].net, range, &n);
		put_range(range, &n, &p[i].net, p[i].label);
		stack[depth++] = &p[i]; /* nested ones differ in length: at most 129 */
	}
	(void)close_until(stack, depth, NULL, range, &n);
	l->range[four] = range;
	l->nrange[four] = n;
}

static void
make_first(struct labels *l)
{
	const struct range *range = l->range[1];
	uint32_t at = 0;

	l->first = mem_alloc(65537 * sizeof(l->first[0]));
	for (uint32_t k = 0; k < 65536; k++) {
		struct ip ip = ip_v4((const uint8_t[]){ (uint8_t)(k >> 8), (uint8_t)k, 0, 0 });

		while (at + 1 < l->nrange[1] && ip_cmp(&range[at + 1].from, &ip) <= 0)
			at++;
		l->first[k] = at;
	}
	l->first[65536] = l->nrange[1] - 1;
}

const char *
labels_ready(struct labels *l)
{
	uint32_t six = 0;

	if (l->n > 1)
		qsort(l->prefix, l->n, sizeof(l->prefix[0]), prefix_cmp);
	while (six < l->n && !l->prefix[six].four)
		six++;
	make_ranges(l, false, l->prefix, six);
	make_ranges(l, true, six < l->n ? &l->prefix[six] : NULL, l->n - six);
	make_first(l);
	free(l->prefix);
	l->prefix = NULL;
	return (l->note[0] == '\0' ? NULL : l->note);
}

struct blob
labels_of(const struct labels *l, const struct ip *ip)
{
	bool four = ip_is4(ip);
	const struct range *range = l->range[four];
	uint32_t from = 0, to = l->nrange[four] - 1, label;

	if (four) {
		unsigned k = (unsigned)ip->b[12] << 8 | ip->b[13];

		from = l->first[k];
		to = l->first[k + 1];
	}
	while (from < to) { /* the last range that begins at or before ip */
		uint32_t mid = from + (to - from + 1) / 2;

		if (ip_cmp(&range[mid].from, ip) <= 0)
			from = mid;
		else
			to = mid - 1;
	}
	label = range[from].label;
	return (label == NO_LABEL ? (struct blob){ NULL, 0 } : l->label[label]);
}

/* --- records ----------------------------------------------------------------------------------- */

static bool
has_country(const struct labels *l)
{
	bool has = false;

	for (unsigned i = 0; i < l->ngeo; i++)
		has |= geo_has_country(l->geo[i]);
	return (has);
}

static bool
has_as(const struct labels *l)
{
	bool has = false;

	for (unsigned i = 0; i < l->ngeo; i++)
		has |= geo_has_as(l->geo[i]);
	return (has);
}

void
labels_fields(const struct labels *l, struct fieldset *s)
{
	for (int i = 0; i < 2; i++) {
		if (l->list)
			fieldset_add(s, sides[i].label);
		if (has_country(l))
			fieldset_add(s, sides[i].co);
		if (has_as(l))
			fieldset_add(s, sides[i].as);
	}
}

void
labels_want(const struct labels *l, const struct fieldset *wanted, struct fieldset *read)
{
	struct fieldset made = { { 0 } };

	labels_fields(l, &made);
	for (int i = 0; i < 2; i++) {
		const uint16_t of[] = { sides[i].label, sides[i].co, sides[i].as };

		for (int k = 0; k < 3; k++)
			if (fieldset_has(&made, of[k]) && fieldset_has(wanted, of[k])) {
				fieldset_add(read, sides[i].addr);
				fieldset_add(read, sides[i].mask);
			}
	}
}

/* The column, empty. */
static struct column *
fresh(struct batch *b, enum field f)
{
	struct column *c = batch_column(b, f);

	for (uint32_t r = 0; r < b->rows; r++)
		if (bit_get(c->present, r)) {
			static const union value none;

			column_set(c, r, &none);
			bit_clear(c->present, r);
		}
	c->mixed = NULL;
	return (c);
}

typedef bool (*look_fn)(const struct labels *, const struct ip *, union value *);

static bool
look_label(const struct labels *l, const struct ip *ip, union value *v)
{
	v->b = labels_of(l, ip);
	return (v->b.n > 0);
}

static bool
look_country(const struct labels *l, const struct ip *ip, union value *v)
{
	for (unsigned i = 0; i < l->ngeo; i++)
		if (geo_has_country(l->geo[i]) && geo_country(l->geo[i], ip, &v->b))
			return (true);
	return (false);
}

static bool
look_as(const struct labels *l, const struct ip *ip, union value *v)
{
	for (unsigned i = 0; i < l->ngeo; i++)
		if (geo_has_as(l->geo[i]) && geo_as(l->geo[i], ip, &v->u))
			return (true);
	return (false);
}

/* An address often stands in row after row.  A prefix has no label: the addresses in it may differ. */
static void
fill(const struct labels *l, struct batch *b, enum field f, const struct column *addr,
     const struct column *mask, look_fn look)
{
	struct column *c = fresh(b, f);
	const struct ip *last = NULL;
	union value v = { .u = 0 };
	bool found = false;

	for (uint32_t r = 0; r < b->rows; r++) {
		if (!column_has(addr, r) || column_has(mask, r))
			continue;
		if (last == NULL || ip_cmp(last, &addr->ip[r]) != 0) {
			last = &addr->ip[r];
			found = look(l, last, &v);
		}
		if (found)
			column_set(c, r, &v);
	}
}

void
labels_fill(const struct labels *l, const struct fieldset *wanted, struct batch *b)
{
	struct fieldset made = { { 0 } };

	labels_fields(l, &made);
	for (int i = 0; i < 2; i++) {
		const uint16_t of[] = { sides[i].label, sides[i].co, sides[i].as };
		static const look_fn look[] = { look_label, look_country, look_as };

		for (int k = 0; k < 3; k++)
			if (fieldset_has(&made, of[k]) &&
			    (wanted == NULL || fieldset_has(wanted, of[k])))
				fill(l, b, of[k], b->col[sides[i].addr], b->col[sides[i].mask],
				     look[k]);
	}
}
