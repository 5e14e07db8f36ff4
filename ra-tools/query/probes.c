/* SPDX-License-Identifier: BSD-2-Clause
 *
 * probes.c: names of probes by number.  Test: tests/unit/ra-tools/query/test_probes.c.
 */
#include "ra-tools/query/probes.h"

#include "format/base/arena.h"
#include "format/base/map.h"
#include "format/base/mem.h"
#include "format/types.h"

#include <stdlib.h>
#include <string.h>

#define NONE  UINT32_MAX
#define LISTED 5 /* names in a sentence */

struct one {
	const char *text;
	enum probe_kind kind;
	uint32_t key; /* PROBE_NAMED: its number among the names */
};

struct probes {
	struct one *name;
	uint32_t n, cap;
	struct map names;	 /* those that records name, */
	uint32_t *of, cap_of;	 /* and their numbers here */
	uint32_t absent, merged; /* the numbers of the others; NONE */
	struct arena arena;	 /* texts */
};

struct probes *
probes_new(void)
{
	struct probes *p = mem_zero(1, sizeof(*p));

	p->absent = p->merged = NONE;
	return (p);
}

void
probes_free(struct probes **pp)
{
	struct probes *p = *pp;

	if (p == NULL)
		return;
	free(p->name);
	free(p->of);
	map_free(&p->names);
	arena_free(&p->arena);
	free(p);
	*pp = NULL;
}

void
probes_forget(struct probes *p)
{
	p->n = 0;
	p->absent = p->merged = NONE;
	map_clear(&p->names);
	arena_reset(&p->arena);
}

static uint32_t
add(struct probes *p, struct one name)
{
	p->name = p->n < p->cap ? p->name : mem_grow(p->name, p->cap = p->cap * 2 + 4, sizeof(p->name[0]));
	p->name[p->n] = name;
	return (p->n++);
}

static uint32_t
number_of_other(struct probes *p, uint32_t *number, struct one name)
{
	if (*number == NONE)
		*number = add(p, name);
	return (*number);
}

/* Those that records do not name. */
static uint32_t
number_of_absent(struct probes *p)
{
	return (number_of_other(p, &p->absent, (struct one){ .text = "-", .kind = PROBE_ABSENT }));
}

static uint32_t
number_of_merged(struct probes *p)
{
	return (number_of_other(p, &p->merged, (struct one){ .text = "*", .kind = PROBE_MERGED }));
}

static const char *
text_of(struct probes *p, struct blob bytes)
{
	static const struct text_options plain = { .digits = 0 };
	union value v = { .b = bytes };
	struct buf b = { 0 };
	const char *text;

	value_print(&b, TYPE_TEXT, &v, &plain, -1);
	text = arena_copy(&p->arena, buf_cstr(&b), b.len + 1);
	buf_free(&b);
	return (text);
}

static uint32_t
number_of_name(struct probes *p, struct blob bytes)
{
	uint32_t i;

	if (!map_put(&p->names, bytes.p, bytes.n, &i))
		return (p->of[i]);
	if (i == p->cap_of)
		p->of = mem_grow(p->of, p->cap_of = p->cap_of * 2 + 4, sizeof(p->of[0]));
	return (p->of[i] = add(p, (struct one){ .text = text_of(p, bytes), .kind = PROBE_NAMED, .key = i }));
}

unsigned
probes_of_row(struct probes *p, const struct batch *b, uint32_t r)
{
	const struct column *c = b->col[F_probe];

	if (column_has(c, r))
		return (number_of_name(p, c->b[r]));
	return (column_mixed(c, r) ? number_of_merged(p) : number_of_absent(p));
}

/* A file is of one probe, most often, and its blocks have that name once: rows of the same bytes are passed over. */
static bool
all_are(const struct blob *row, struct blob name)
{
	uint64_t other = 0;

	for (unsigned i = 0; i < 64; i++)
		other |= (uint64_t)((uintptr_t)row[i].p ^ (uintptr_t)name.p) | (row[i].n ^ name.n);
	return (other == 0);
}

/* `named`: a bit for each of these 64 rows that has a name.  The last name is kept in `last`. */
static void
meet_named(struct probes *p, const struct blob *row, uint64_t named, struct blob *last)
{
	if (named == UINT64_MAX && last->p != NULL && all_are(row, *last))
		return;
	for (; named != 0; named &= named - 1) {
		const struct blob *name = &row[__builtin_ctzll(named)];

		if (last->p != NULL && name->p == last->p && name->n == last->n)
			continue;
		*last = *name;
		(void)number_of_name(p, *name);
	}
}

void
probes_meet(struct probes *p, struct batch *b)
{
	const struct dense *one = b->col[F_probe] == NULL ? b->dense[F_probe] : NULL;
	struct blob last = { NULL, 0 };
	const struct column *c;

	if (one != NULL && dense_is_one(one)) {
		for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
			if (batch_selected_word(b, w) != 0) {
				(void)number_of_name(p, one->blob[0]);
				break;
			}
		return;
	}
	c = batch_flat(b, F_probe);

	for (size_t w = 0; w < BITS_WORDS(b->rows); w++) {
		uint64_t rows = batch_selected_word(b, w), named = c == NULL ? 0 : rows & c->present[w],
			 merged = c == NULL || c->mixed == NULL ? 0 : rows & c->mixed[w];

		if (named != 0)
			meet_named(p, c->b + w * 64, named, &last);
		if (merged != 0)
			(void)number_of_merged(p);
		if ((rows & ~named & ~merged) != 0)
			(void)number_of_absent(p);
	}
}

void
probes_join(struct probes *p, const struct probes *other)
{
	for (uint32_t i = 0; i < other->n; i++) {
		const struct one *x = &other->name[i];

		if (x->kind == PROBE_NAMED)
			(void)number_of_name(p, (struct blob){ other->names.key[x->key].p, (uint32_t)other->names.key[x->key].n });
		else if (x->kind == PROBE_MERGED)
			(void)number_of_merged(p);
		else
			(void)number_of_absent(p);
	}
}

bool
probes_several(const struct probes *p)
{
	return (p->n > 1 || p->merged != NONE);
}

enum probe_kind
probes_kind(const struct probes *p, unsigned number)
{
	return (p->name[number].kind);
}

const char *
probes_name(const struct probes *p, unsigned number)
{
	return (p->name[number].text);
}

/* A name that no terminal should get is written as it is printed, and then selects nothing. */
void
probes_filter(const struct probes *p, unsigned number, struct buf *to)
{
	const struct one *x = &p->name[number];
	char quote = strchr(x->text, '"') == NULL ? '"' : '\'';

	if (x->kind == PROBE_NAMED)
		buf_printf(to, "probe = %c%s%c", quote, x->text, quote);
	else
		buf_str(to, "not has probe");
}

static int
by_name(const void *a, const void *b, void *arg)
{
	const struct one *name = arg, *x = &name[*(const uint32_t *)a], *y = &name[*(const uint32_t *)b];

	if (x->kind != y->kind)
		return (x->kind == PROBE_NAMED ? -1 : y->kind == PROBE_NAMED ? 1 : x->kind == PROBE_ABSENT ? -1 : 1);
	return (strcmp(x->text, y->text));
}

/* In order of their names: whose records come first is the business of files and threads. */
void
probes_text(const struct probes *p, const char *of, const char *apart, struct buf *to)
{
	uint32_t shown = p->n <= LISTED ? p->n : LISTED - 1, *order = mem_alloc(((size_t)p->n + 1) * sizeof(order[0])), first;

	for (uint32_t i = 0; i < p->n; i++)
		order[i] = i;
	qsort_r(order, p->n, sizeof(order[0]), by_name, p->name);
	first = p->n > 0 ? order[0] : 0;
	buf_str(to, "records of several probes (");
	for (uint32_t i = 0; i < shown; i++)
		buf_printf(to, "%s%s", i == 0 ? "" : ", ", p->name[order[i]].text);
	free(order);
	if (shown < p->n)
		buf_printf(to, " and %u more", (unsigned)(p->n - shown));
	buf_printf(to, ") are added up in %s, so the same packets may be counted twice: ", of);
	if (p->n == 1) { /* merged ones alone */
		buf_str(to, "they were merged before");
		return;
	}
	if (apart != NULL)
		buf_printf(to, "%s keeps them apart, ", apart);
	buf_str(to, "the filter ");
	probes_filter(p, first < p->n ? first : 0, to);
	buf_str(to, " takes one");
}
