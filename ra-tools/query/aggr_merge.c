/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_merge.c: rows of a batch merged into the cells of groups, by one kernel per (merge rule, store) that runs over a
 * column.  Test: test_aggr.c, against flow_merge().
 *
 * A cell is there only where its column is not nothing but zeros (table.h), and becomes wider when a sum asks for it.
 */
#include "ra-tools/query/aggr_room.h"
#include "ra-tools/query/table_room.h"

#include "format/base/wide.h"

struct job { /* one column of some rows */
	struct aggr *a;
	struct table *t;
	enum field f;
	const struct column *in, *time, *bstart;
	const uint32_t *row, *to;
	uint32_t n;
	bool far; /* cells are not in the cache */
};
typedef void (*kernel_fn)(const struct job *);

/* --- companion times --------------------------------------------------------------------------- */

/* FIRST, LAST and TOP fields that are held: those with a companion time. */
static unsigned
timed_fields(const struct aggr *a, uint16_t list[static F_STORED])
{
	unsigned n = 0;

	for (enum field f = 0; f < F_STORED; f++)
		if (fields[f].companion != F_NONE && fields[f].agg != AGG_COMP && fieldset_has(&a->hold, f) &&
		    table_has(a->cells, f))
			list[n++] = (uint16_t)f;
	return (n);
}

/* A group of one record is to become one of several: where its record has no companion time, bstart is meant, which may
 * change from now on. */
static void
settle_times(struct table *t, uint32_t g, const uint16_t *timed, unsigned n)
{
	struct chunk *c = t->chunk[g >> TABLE_BITS];
	uint32_t i = g & (TABLE_ROWS - 1);
	const struct strip *start = &c->strip[F_bstart];

	for (unsigned k = 0; k < n; k++) {
		enum field companion = (enum field)fields[timed[k]].companion;
		struct strip *time = &c->strip[companion];

		if (!strip_has(&c->strip[timed[k]], i) || strip_has(time, i))
			continue;
		fieldset_add(&t->seen, companion);
		strip_put(t, c, time, i, strip_has(start, i) ? strip_number(start, i) : 0);
		strip_mark(t, c, time, i);
	}
}

static void
fill_time(const struct batch *b, const struct column *main, struct column *time, bool bare)
{
	const struct column *start = b->col[F_bstart];

	for (size_t w = 0; w < BITS_WORDS(b->rows); w++) {
		uint64_t need = bare ? 0 : main->present[w] & ~time->present[w], extra = time->present[w] & ~main->present[w];

		time->present[w] = bare ? time->present[w] & main->present[w] : main->present[w];
		for (; need != 0; need &= need - 1) {
			uint32_t r = (uint32_t)w * 64 + (uint32_t)__builtin_ctzll(need);

			time->i[r] = column_has(start, r) ? start->i[r] : 0;
		}
		for (; extra != 0; extra &= extra - 1)
			time->i[w * 64 + (uint32_t)__builtin_ctzll(extra)] = 0;
	}
}

void
fill_times(const struct aggr *a, struct batch *b)
{
	for (enum field f = 0; f < F_STORED; f++) {
		enum field companion = (enum field)fields[f].companion;

		if (companion == F_NONE || fields[f].agg == AGG_COMP || !fieldset_has(&a->hold, f))
			continue;
		if (b->col[f] == NULL)
			b->col[companion] = NULL;
		else if (!a->bare || b->col[companion] != NULL)
			fill_time(b, b->col[f], batch_column(b, companion), a->bare);
	}
}

/* --- kernels ----------------------------------------------------------------------------------- */

#define AHEAD 8		/* rows */
#define FAR_CHUNKS 32 /* more are not in the cache */

/* A cell that will be wanted soon; not for a zero that changes nothing. */
static inline void
fetch_cell(const struct job *j, uint32_t i, bool idle)
{
	if (j->far && i + AHEAD < j->n && !(idle && j->in->u[j->row[i + AHEAD]] == 0)) {
		const struct strip *s = strip_of(j->t, j->f, j->to[i + AHEAD]);

		if (s->width > 0)
			__builtin_prefetch((const uint8_t *)s->cells + (size_t)(j->to[i + AHEAD] & (TABLE_ROWS - 1)) * s->width, 1);
	}
}

#define NUMBER_KERNEL(name, expression, idle)                                                      \
	static void name##_u64(const struct job *j)                                                \
	{                                                                                          \
		for (uint32_t i = 0; i < j->n; i++) {                                              \
			uint32_t r = j->row[i], k = j->to[i] & (TABLE_ROWS - 1);                   \
			struct chunk *c = j->t->chunk[j->to[i] >> TABLE_BITS];                     \
			struct strip *s = &c->strip[j->f];                                         \
			uint64_t in = j->in->u[r], old;                                            \
			fetch_cell(j, i, idle);                                                    \
			if (!bit_get(j->in->present, r))                                           \
				continue;                                                          \
			if (strip_has(s, k)) {                                                     \
				if ((idle) && in == 0)                                             \
					continue;                                                  \
				old = strip_number(s, k);                                          \
				in = expression;                                                   \
				if (in != old)                                                     \
					strip_put(j->t, c, s, k, in);                              \
			} else if (!strip_mixed(s, k)) {                                           \
				strip_put(j->t, c, s, k, in);                                      \
				strip_mark(j->t, c, s, k);                                         \
			}                                                                          \
		}                                                                                  \
	}

/* idle: a zero changes nothing where there is a value */
NUMBER_KERNEL(sum, saturating_sum(old, in), true)
NUMBER_KERNEL(or, old | in, true)
NUMBER_KERNEL(max, in > old ? in : old, true)
NUMBER_KERNEL(min, in < old ? in : old, false)

static void
same_u64(const struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++) {
		uint32_t r = j->row[i], k = j->to[i] & (TABLE_ROWS - 1);
		struct chunk *c = j->t->chunk[j->to[i] >> TABLE_BITS];
		struct strip *s = &c->strip[j->f];

		if (!bit_get(j->in->present, r)) {
			if (column_mixed(j->in, r))
				strip_mix(j->t, c, s, k);
		} else if (strip_has(s, k)) {
			if (strip_number(s, k) != j->in->u[r])
				strip_mix(j->t, c, s, k);
		} else if (!strip_mixed(s, k)) {
			strip_put(j->t, c, s, k, j->in->u[r]);
			strip_mark(j->t, c, s, k);
		}
	}
}

static void
same_ip(const struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++) {
		uint32_t r = j->row[i], k = j->to[i] & (TABLE_ROWS - 1);
		struct chunk *c = j->t->chunk[j->to[i] >> TABLE_BITS];
		struct strip *s = &c->strip[j->f];
		struct ip old;

		if (!bit_get(j->in->present, r)) {
			if (column_mixed(j->in, r))
				strip_mix(j->t, c, s, k);
		} else if (strip_has(s, k)) {
			old = strip_ip(s, k);
			if (memcmp(&old, &j->in->ip[r], sizeof(old)) != 0)
				strip_mix(j->t, c, s, k);
		} else if (!strip_mixed(s, k)) {
			strip_put_ip(j->t, c, s, k, &j->in->ip[r]);
			strip_mark(j->t, c, s, k);
		}
	}
}

static int64_t
time_of(const struct job *j, uint32_t r)
{
	if (column_has(j->time, r))
		return (j->time->i[r]);
	return (column_has(j->bstart, r) ? j->bstart->i[r] : 0);
}

/* FIRST, LAST, TOP of numbers: value, and its time in the companion's cell. */
#define TIMED_KERNEL(name, wins)                                                                   \
	static void name##_u64(const struct job *j)                                                \
	{                                                                                          \
		enum field companion = (enum field)fields[j->f].companion;                         \
		for (uint32_t i = 0; i < j->n; i++) {                                              \
			uint32_t r = j->row[i], k = j->to[i] & (TABLE_ROWS - 1);                   \
			struct chunk *c = j->t->chunk[j->to[i] >> TABLE_BITS];                     \
			struct strip *s = &c->strip[j->f], *st = &c->strip[companion];             \
			uint64_t in = j->in->u[r], old;                                            \
			int64_t tin, told;                                                         \
			if (!bit_get(j->in->present, r) || strip_mixed(s, k))                      \
				continue;                                                          \
			tin = time_of(j, r);                                                       \
			if (strip_has(s, k)) {                                                     \
				old = strip_number(s, k);                                          \
				told = (int64_t)strip_number(st, k);                               \
				if (!(wins))                                                       \
					continue;                                                  \
			}                                                                          \
			strip_put(j->t, c, s, k, in);                                              \
			strip_mark(j->t, c, s, k);                                                 \
			strip_put(j->t, c, st, k, (uint64_t)tin);                                  \
			strip_mark(j->t, c, st, k);                                                \
		}                                                                                  \
		fieldset_add(&j->t->seen, companion);                                              \
	}

TIMED_KERNEL(first, tin != told ? tin < told : in < old)
TIMED_KERNEL(last, tin != told ? tin > told : in > old)
TIMED_KERNEL(top, in != old ? in > old : tin < told)

/* The reference, for everything that has no kernel of its own. */
static void
one_cell(const struct job *j, uint32_t r, uint32_t g)
{
	enum field companion = (enum field)fields[j->f].companion;
	struct cell from = { .present = column_has(j->in, r), .mixed = column_mixed(j->in, r) }, into, old, time;
	bool blob = fields[j->f].store == STORE_BLOB;

	if (!from.present && !from.mixed)
		return;
	table_cell(j->t, j->f, g, &into);
	if (from.present)
		from.v = column_value(j->in, r);
	if (companion != F_NONE) {
		table_cell(j->t, companion, g, &time);
		into.t = time.v.i;
		from.t = time_of(j, r);
	}
	old = into;
	arena_reset(&j->a->scratch);
	cell_merge(j->f, &into, &from, &j->a->scratch);
	if (blob && old.present && into.present && into.v.b.p == old.v.b.p && into.v.b.n == old.v.b.n)
		return;
	table_put(j->t, j->f, g, &into, fields[j->f].agg == AGG_HIST && old.present);
	if (companion != F_NONE && into.present)
		table_put(j->t, companion, g, &(struct cell){ .present = true, .v = { .i = into.t } }, false);
}

static void
any_cell(const struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++)
		one_cell(j, j->row[i], j->to[i]);
}

static kernel_fn
kernel_for(enum field field)
{
	const struct field_info *f = &fields[field];
	static const kernel_fn numbers[] = {
		[AGG_KEY] = same_u64,	 [AGG_SAME] = same_u64, [AGG_SUM] = sum_u64,
		[AGG_MIN] = min_u64,	 [AGG_MAX] = max_u64,	[AGG_OR] = or_u64,
		[AGG_FIRST] = first_u64, [AGG_LAST] = last_u64, [AGG_TOP] = top_u64,
	};

	if (f->store == STORE_U64 && f->agg < sizeof(numbers) / sizeof(numbers[0]) && numbers[f->agg] != NULL)
		return (numbers[f->agg]);
	if (f->store == STORE_IP && (f->agg == AGG_KEY || f->agg == AGG_SAME))
		return (same_ip);
	return (any_cell);
}

/* Zeros change nothing where the field is there. */
static bool
changes_nothing(const struct job *j)
{
	uint8_t agg = fields[j->f].agg;

	if (!j->in->zeros || j->in->mixed != NULL || (agg != AGG_SUM && agg != AGG_OR && agg != AGG_MAX))
		return (false);
	for (uint32_t i = 0; i < j->t->n; i++)
		if (!j->t->chunk[i]->strip[j->f].full)
			return (false);
	return (true);
}

void
merge_rows(struct aggr *a, const struct into *into)
{
	struct job j = { .a = a, .t = a->cells, .bstart = into->b->col[F_bstart], .row = into->rows, .to = into->to,
			 .n = into->n, .far = a->cells->n > FAR_CHUNKS };
	uint16_t timed[F_STORED];
	unsigned n = timed_fields(a, timed);

	if (into->n == 0)
		return;
	for (uint32_t i = 0; i < into->n; i++) {
		struct group *g = &a->group[into->to[i]];

		if (j.far && i + AHEAD < into->n)
			__builtin_prefetch(&a->group[into->to[i + AHEAD]], 1);
		if (!g->merged)
			settle_times(a->cells, into->to[i], timed, n);
		g->merged = true;
	}
	for (enum field f = 0; f < F_STORED; f++) {
		kernel_fn kernel = kernel_for(f);

		if ((j.in = into->b->col[f]) == NULL || !fieldset_has(&a->hold, f) || fields[f].agg == AGG_COMP ||
		    fieldset_has(&a->same, f))
			continue;
		j.f = f;
		j.time = fields[f].companion == F_NONE ? NULL : into->b->col[fields[f].companion];
		fieldset_add(&a->cells->seen, f);
		if (changes_nothing(&j))
			continue;
		(j.in->mixed != NULL && kernel != same_u64 && kernel != same_ip ? any_cell : kernel)(&j);
	}
}

#define PAIRS 4096 /* at a time */

/* --- the two orientations of a key ------------------------------------------------------------- */

/* Does the turned half of a group win?  dirq highest, decided earliest, else the lower endpoint is the source. */
static bool
turned_wins(const struct aggr *a, uint32_t plain, uint32_t turned)
{
	struct cell p, t, pt, tt;

	table_cell(a->cells, F_dirq, plain, &p);
	table_cell(a->cells, F_dirq, turned, &t);
	if (!p.present || !t.present)
		return (t.present);
	if (t.v.u != p.v.u)
		return (t.v.u > p.v.u);
	table_cell(a->cells, F_dirq_t, plain, &pt);
	table_cell(a->cells, F_dirq_t, turned, &tt);
	return (tt.v.i < pt.v.i);
}

static void
reverse(struct column *c, enum type type, uint32_t rows, struct arena *arena)
{
	for (size_t i = bits_next(c->present, 0, rows); i < rows; i = bits_next(c->present, i + 1, rows)) {
		union value v = column_value(c, (uint32_t)i);

		value_reverse(type, &v, arena);
		column_set(c, (uint32_t)i, &v);
	}
}

/* The rows turned round: columns are borrowed. */
static void
turn(struct batch *to, struct batch *from)
{
	batch_reset(to);
	to->rows = from->rows;
	for (enum field f = 0; f < F_STORED; f++) {
		struct column *c = from->col[fields[f].twin];

		if (fields[f].agg == AGG_COMP)
			continue;
		to->col[f] = c;
		if (c != NULL && type_is_sided((enum type)fields[f].type))
			reverse(c, (enum type)fields[f].type, from->rows, &to->arena);
		if (fields[f].companion != F_NONE)
			to->col[fields[f].companion] = from->col[fields[fields[f].twin].companion];
	}
}

/* The losers' rows into the winners'. */
static void
merge_turned(struct aggr *a, const uint32_t *win, uint32_t *lose, uint32_t n, struct batch *rows, struct batch *turned)
{
	struct into into = { turned, a->selected, lose, n };

	table_gather(a->cells, &a->hold, lose, n, rows);
	turn(turned, rows);
	for (uint32_t i = 0; i < n; i++) {
		struct group *w = &a->group[win[i]], *l = &a->group[lose[i]];

		w->first = l->first < w->first ? l->first : w->first;
		w->traffic |= l->traffic;
		l->gone = true;
		a->selected[i] = i;
		lose[i] = win[i];
	}
	merge_rows(a, &into);
}

void
merge_partners(struct aggr *a)
{
	struct batch *rows = NULL, *turned = NULL;
	uint16_t timed[F_STORED];
	unsigned ntimed = timed_fields(a, timed);
	uint32_t win[PAIRS], lose[PAIRS], n = 0;

	for (uint32_t g = 0; g < a->n; g++) {
		uint32_t other = a->group[g].partner, t = a->group[g].turned ? g : other, p = t == g ? other : g;
		bool wins;

		if (other == NO_GROUP || other < g)
			continue;
		if (rows == NULL) {
			rows = batch_new(PAIRS);
			turned = batch_new(PAIRS);
		}
		settle_times(a->cells, p, timed, a->group[p].merged ? 0 : ntimed);
		settle_times(a->cells, t, timed, a->group[t].merged ? 0 : ntimed);
		a->group[p].merged = a->group[t].merged = true;
		wins = turned_wins(a, p, t);
		win[n] = wins ? t : p;
		lose[n++] = wins ? p : t;
		if (n == PAIRS) {
			merge_turned(a, win, lose, n, rows, turned);
			n = 0;
		}
	}
	if (n > 0)
		merge_turned(a, win, lose, n, rows, turned);
	batch_free(&turned);
	batch_free(&rows);
}
