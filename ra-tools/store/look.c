/* SPDX-License-Identifier: BSD-2-Clause
 *
 * look.c: what an archive has.  Files of days say when the probe ran; of others the times of MAR records are read.
 */
#include "ra-tools/store/look.h"

#include "format/base/mem.h"
#include "format/reader.h"
#include "ra-tools/store/policy.h"

#include <stdlib.h>
#include <string.h>

static struct look_row *
row_of(struct look *l, const char *probe, uint32_t interval)
{
	struct look_row *r;

	for (size_t i = 0; i < l->rows; i++)
		if (l->row[i].interval == interval && strcmp(l->row[i].probe, probe) == 0)
			return (&l->row[i]);
	l->row = mem_grow(l->row, l->rows + 1, sizeof(l->row[0]));
	r = &l->row[l->rows++];
	*r = (struct look_row){ .probe = probe, .interval = interval, .from = 0, .to = -1 };
	return (r);
}

static struct look_probe *
probe_of(struct look *l, const char *probe)
{
	for (size_t i = 0; i < l->probes; i++)
		if (strcmp(l->probe[i].probe, probe) == 0)
			return (&l->probe[i]);
	l->probe = mem_grow(l->probe, l->probes + 1, sizeof(l->probe[0]));
	l->probe[l->probes] = (struct look_probe){ .probe = probe };
	return (&l->probe[l->probes++]);
}

static void
add_part(const struct archive *s, struct look *l, const struct store_part *p)
{
	const struct segment_info *info = &s->file[p->file].o.segment[p->segment].info;
	struct look_row *r = row_of(l, p->probe, info->interval);

	probe_of(l, p->probe)->live |= info->live;
	if (p->moved)
		return;
	r->records += p->rows;
	r->bytes += p->bytes;
	if (r->to < r->from || p->from < r->from)
		r->from = p->from;
	if (p->to > r->to)
		r->to = p->to;
	spans_add(&r->days, p->day, p->day + DAY);
}

/* A file is one of each row that it has records of. */
static void
count_file(struct look *l, const struct store_file *f)
{
	for (size_t i = 0; i < f->o.segments; i++) {
		const struct segment_info *x = &f->o.segment[i].info;
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= f->o.segment[j].info.interval == x->interval && strcmp(f->o.segment[j].info.probe, x->probe) == 0;
		if (!again)
			row_of(l, x->probe, x->interval)->files++;
	}
}

/* --- when it ran -------------------------------------------------------------------------------- */

static unsigned
has_mar(void *arg, const struct block_info *b)
{
	const struct range *type = &b->range[F_rectype];

	(void)arg;
	return (type->known && (type->min.u > RECTYPE_MAR || type->max.u < RECTYPE_MAR));
}

static void
read_times(struct look *l, const struct store_file *f, void (*say)(void *, const char *), void *arg)
{
	struct fieldset want = { { 0 } };
	struct reader *r;
	struct batch *b;
	char err[512];

	fieldset_add(&want, F_rectype);
	fieldset_add(&want, F_bstart);
	fieldset_add(&want, F_bend);
	if ((r = reader_open(f->path, err, sizeof(err))) == NULL) {
		say(arg, err);
		return;
	}
	reader_want(r, has_mar, NULL);
	while ((b = reader_next(r, &want)) != NULL) {
		const struct column *type = b->col[F_rectype], *start = b->col[F_bstart], *end = b->col[F_bend];
		size_t segment = reader_totals(r).segments;
		const char *probe = f->o.segment[segment < 1 || segment > f->o.segments ? 0 : segment - 1].info.probe;

		for (uint32_t i = 0; i < b->rows; i++)
			if (column_has(type, i) && type->u[i] == RECTYPE_MAR && column_has(start, i) && column_has(end, i))
				spans_add(&probe_of(l, probe)->ran, start->i[i], end->i[i]);
	}
	if (reader_error(r) != NULL)
		say(arg, reader_error(r));
	reader_close(&r);
}

static void
note_run(struct look *l, const struct store_file *f, void (*say)(void *, const char *), void *arg)
{
	const struct taken *t = f->o.taken;
	bool live = false;

	for (size_t i = 0; i < f->o.segments; i++)
		live |= f->o.segment[i].info.live;
	if (!live)
		return;
	if (t == NULL) {
		read_times(l, f, say, arg);
		return;
	}
	for (size_t i = 0; i + 1 < t->spans; i += 2)
		spans_add(&probe_of(l, f->o.segment[0].info.probe)->ran, t->span[i], t->span[i + 1]);
}

/* --- all of it ---------------------------------------------------------------------------------- */

static int
by_probe(const void *x, const void *y)
{
	const struct look_row *a = x, *b = y;
	int c = strcmp(a->probe, b->probe);

	return (c != 0 ? c : (a->interval > b->interval) - (a->interval < b->interval));
}

void
look_at(const struct archive *s, struct look *l, void (*say)(void *, const char *), void *arg)
{
	*l = (struct look){ .rows = 0 };
	for (unsigned i = 0; i < s->files; i++) {
		l->in_state[s->file[i].state]++;
		if (s->file[i].state != STORE_WHOLE)
			continue;
		l->files++;
		l->bytes += s->file[i].bytes;
		count_file(l, &s->file[i]);
		note_run(l, &s->file[i], say, arg);
	}
	for (size_t i = 0; i < s->parts; i++)
		add_part(s, l, &s->part[i]);
	for (size_t i = 0; i < l->rows; i++)
		spans_join(&l->row[i].days);
	for (size_t i = 0; i < l->probes; i++)
		spans_join(&l->probe[i].ran);
	if (l->rows > 0)
		qsort(l->row, l->rows, sizeof(l->row[0]), by_probe);
}

void
look_forget(struct look *l)
{
	for (size_t i = 0; i < l->rows; i++)
		spans_free(&l->row[i].days);
	for (size_t i = 0; i < l->probes; i++)
		spans_free(&l->probe[i].ran);
	free(l->row);
	free(l->probe);
	*l = (struct look){ .rows = 0 };
}
