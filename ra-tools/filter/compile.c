/* SPDX-License-Identifier: BSD-2-Clause
 *
 * compile.c: a checked tree as a flat list of steps, which run.c follows without recursion.
 */
#include "ra-tools/filter/tree.h"

#include "format/base/mem.h"
#include "format/member.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more: arrays double, so their size is known from their number. */
static void *
room(void *array, unsigned n, size_t size)
{
	if (n < 8)
		return (n == 0 ? mem_grow(array, 8, size) : array);
	return ((n & (n - 1)) == 0 ? mem_grow(array, 2 * (size_t)n, size) : array);
}

void
emit(struct filter *f, int kind)
{
	f->step = room(f->step, f->steps, sizeof(f->step[0]));
	f->step[f->steps++] = (struct step){ .kind = kind };
}

void
emit_leaf(struct filter *f, const struct leaf *l)
{
	f->leaf = room(f->leaf, f->leaves, sizeof(f->leaf[0]));
	f->leaf[f->leaves] = *l;
	emit(f, STEP_LEAF);
	f->step[f->steps - 1].leaf = f->leaves++;
}

static bool
compile(const struct check *c)
{
	static const int kinds[] = { [NODE_AND] = STEP_AND,
				     [NODE_OR] = STEP_OR,
				     [NODE_NOT] = STEP_NOT,
				     [NODE_TRUE] = STEP_TRUE };

	for (unsigned i = 0; i < c->tree->nodes; i++) {
		const struct node *n = &c->tree->node[i];

		if (n->kind != NODE_TERM)
			emit(c->filter, kinds[n->kind]);
		else if (!check_term(c, &c->tree->term[n->term]))
			return (false);
	}
	return (true);
}

/* What is read, and how many bitmaps are in use at once. */
static void
measure(struct filter *f)
{
	unsigned depth = 0;

	for (unsigned i = 0; i < f->steps; i++) {
		if (f->step[i].kind == STEP_LEAF || f->step[i].kind == STEP_TRUE)
			depth++;
		else if (f->step[i].kind != STEP_NOT)
			depth--;
		if (depth > f->depth)
			f->depth = depth;
	}
	assert(depth == 1);
	for (unsigned i = 0; i < f->leaves; i++) {
		const struct leaf *l = &f->leaf[i];

		fieldset_add(&f->fields, l->field);
		f->addresses |= l->kind == LEAF_NET || l->kind == LEAF_ADDRS;
		f->members |= fields[l->field].member != MEMBERS;
		if (fields[l->field].needs != NULL)
			for (const uint16_t *n = fields[l->field].needs; *n != F_NONE; n++)
				fieldset_add(&f->fields, *n);
		if (l->mask != F_NONE)
			fieldset_add(&f->fields, l->mask);
	}
}

/* The text with parentheses around the groups: NULL if there are none. */
static char *
with_groups(const char *text, const struct tree *t, struct arena *arena)
{
	size_t n = strlen(text), len = 0;
	uint16_t *opened, *closed;
	char *out;

	if (t->groups == 0)
		return (NULL);
	opened = arena_zero(arena, 2 * (n + 1) * sizeof(*opened));
	closed = opened + n + 1;
	for (unsigned g = 0; g < t->groups; g++) {
		opened[t->group[g].from]++;
		closed[t->group[g].to]++;
	}
	out = arena_alloc(arena, n + 2 * (size_t)t->groups + 1);
	for (size_t i = 0; i <= n; i++) {
		for (unsigned k = closed[i]; k > 0; k--)
			out[len++] = ')';
		for (unsigned k = opened[i]; k > 0; k--)
			out[len++] = '(';
		if (i < n)
			out[len++] = text[i];
	}
	out[len] = '\0';
	return (out);
}

struct filter *
filter_new(const char *text, int64_t now, enum clock_zone zone, struct filter_error *error)
{
	struct filter *f = mem_zero(1, sizeof(*f));
	struct arena arena = { 0 };
	struct tree tree;
	struct check check = {
		.filter = f, .tree = &tree, .now = now, .zone = zone, .error = error
	};

	*error = (struct filter_error){ .length = 1 };
	if (!filter_parse(text, &arena, &tree, error) || !compile(&check))
		filter_free(&f);
	else {
		measure(f);
		f->read_as = with_groups(text, &tree, &f->arena);
	}
	arena_free(&arena);
	return (f);
}

void
filter_free(struct filter **pf)
{
	if (*pf == NULL)
		return;
	arena_free(&(*pf)->arena);
	free((*pf)->leaf);
	free((*pf)->step);
	free(*pf);
	*pf = NULL;
}

const struct fieldset *
filter_fields(const struct filter *f)
{
	return (&f->fields);
}

const char *
filter_empty_list(const struct filter *f)
{
	return (f->empty_list);
}

const char *
filter_read_as(const struct filter *f)
{
	return (f->read_as);
}

bool
filter_wants_events(const struct filter *f)
{
	for (unsigned i = 0; i < f->leaves; i++) {
		const struct leaf *l = &f->leaf[i];

		if (l->field == F_rectype || l->field == F_state || l->field == F_conn || l->field == F_cause ||
		    l->field == F_health || l->field == F_n_noans ||
		    (l->field == F_flags && l->kind == LEAF_BITS && (l->lo & RFLAGS_end) != 0) ||
		    (l->kind == LEAF_KNOWN && (l->field == F_spkts || l->field == F_dpkts || l->field == F_pkts)))
			return (true);
	}
	return (false);
}

bool
filter_wants_mar(const struct filter *f)
{
	return (f->mar);
}
