/* SPDX-License-Identifier: BSD-2-Clause
 *
 * day.c: all that there is of a probe and a day, written into one file.
 *
 * Segments whose headers say the same become one.  A slice is read, merged where bins are to be wider, sorted and
 * written before the next one, so that memory does not grow with the day.  Then the new file is read again, and what
 * it adds up to has to be what was read from the old ones.
 */
#include "ra-tools/store/day.h"

#include "format/base/mem.h"
#include "format/reader.h"
#include "ra-tools/query/bin.h"
#include "ra-tools/query/gather.h"
#include "ra-tools/query/sort.h"
#include "ra-tools/store/policy.h"
#include "ra-tools/store/sums.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_BYTES   1500 /* in memory, about */
#define SLICE_LEAST (2ull * BATCH_ROWS)
#define SLICE_MOST  (16ull * BATCH_ROWS)
#define CLUSTER	    "saddr,daddr,proto,sport,dport,bstart,stime,flowid"

/* What one thing is: rows of a segment of the new file. */
struct group {
	struct segment_info header;
	bool merges;
	uint64_t rows; /* at most, by the indexes */
	struct sums *read, *written;
};

/* What is never merged with each other; LOOSE: without the id of a flow. */
enum kind { FLOWS, TUNNELS, LOOSE_FLOWS, LOOSE_TUNNELS, PROBE, KINDS };

struct work {
	const struct day_job *job;
	struct day_result *result;
	const char *to;
	day_takes takes;
	void *takes_arg;
	struct group *group;
	size_t groups;
	unsigned *of; /* the group of each part */
	struct writer *writer;
	struct batch *held; /* rows that are not yet a block */
	uint32_t *rows;
	uint64_t *sel, *slice; /* bitmaps of a batch */
	struct sort *sort, *probes;
	struct bins *bins[KINDS];
};

static bool
fail(struct work *w, const char *sentence)
{
	if (w->result->err[0] == '\0')
		(void)snprintf(w->result->err, sizeof(w->result->err), "%s", sentence);
	return (false);
}

/* --- which segments become one ------------------------------------------------------------------ */

static const struct segment_info *
segment_of(const struct day_job *j, size_t part)
{
	const struct store_part *p = &j->part[part];

	return (&j->store->file[p->file].o.segment[p->segment].info);
}

static bool
same_header(const struct segment_info *a, const struct segment_info *b)
{
	return (a->interval == b->interval && a->snaplen == b->snaplen && a->filtered == b->filtered && a->live == b->live);
}

/* Bins that the width is no multiple of stay. */
static bool
is_to_merge(const struct segment_info *s, int64_t width)
{
	int64_t own = (int64_t)s->interval * SEC;

	return (own > 0 && own < width && width % own == 0);
}

static void
find_groups(struct work *w)
{
	const struct day_job *j = w->job;

	w->group = mem_zero(j->parts, sizeof(w->group[0]));
	w->of = mem_zero(j->parts, sizeof(w->of[0]));
	for (size_t i = 0; i < j->parts; i++) {
		struct segment_info h = *segment_of(j, i);
		bool merges = is_to_merge(&h, j->width);
		unsigned g = 0;

		if (merges)
			h.interval = (uint32_t)(j->width / SEC);
		while (g < w->groups && !same_header(&w->group[g].header, &h))
			g++;
		if (g == w->groups) {
			w->group[w->groups++].header = h;
			w->group[g].read = sums_new();
			w->group[g].written = sums_new();
		}
		w->group[g].merges |= merges;
		w->group[g].rows += j->part[i].rows;
		w->of[i] = g;
	}
}

/* --- when the probe ran ------------------------------------------------------------------------- */

static void
note_spans(struct day_result *r, const struct batch *b)
{
	const struct column *s = b->col[F_bstart], *e = b->col[F_bend];

	for (uint32_t i = 0; i < b->rows; i++)
		if (column_has(s, i) && column_has(e, i))
			spans_add(&r->ran, s->i[i], e->i[i]);
}

/* --- out ---------------------------------------------------------------------------------------- */

static bool
put_held(struct work *w)
{
	bool good = w->held->rows == 0 || writer_put(w->writer, w->held);

	batch_reset(w->held);
	return (good || fail(w, writer_error(w->writer)));
}

/* Blocks are full, whatever the slice.  ran: note when the probe did. */
static bool
put_sorted(struct work *w, struct sort *s, struct day_result *ran)
{
	struct batch *b;

	while ((b = sort_next(s)) != NULL) {
		uint32_t n = rows_selected(b, w->rows);

		if (ran != NULL)
			note_spans(ran, b);

		for (uint32_t at = 0; at < n;) {
			uint32_t room = w->held->cap - w->held->rows, k = n - at < room ? n - at : room;

			gather(w->held, b, w->rows + at, k);
			at += k;
			if (w->held->rows == w->held->cap && !put_held(w))
				return (false);
		}
	}
	return (sort_error(s) == NULL || fail(w, sort_error(s)));
}

static struct sort *
new_sort(const struct work *w, const char *by)
{
	struct sort_keys k;
	struct sort *s;
	char err[128];

	(void)sort_parse(by, &k, err, sizeof(err));
	s = sort_new(&k);
	sort_memory(s, w->job->memory / 2);
	return (s);
}

/* --- in ----------------------------------------------------------------------------------------- */

/* What a flow's id says too, so that it need not be asked. */
static bool
is_implied(enum field f)
{
	static const enum field by_id[] = { F_proto, F_daddr, F_dport, F_vrf, F_sap, F_icmptype, F_icmpcode, F_icmpid, F_smask,
		F_dmask, F_slabel, F_dlabel, F_sco, F_dco, F_sas, F_das };

	for (size_t i = 0; i < sizeof(by_id) / sizeof(by_id[0]); i++)
		if (by_id[i] == f)
			return (true);
	return (false);
}

/* A record of a wider bin is a flow in it: merged are records that agree in everything by which a question may group or
 * find flows, and in the ranges that the capture missed, which nothing can hold of two records.  CORR and END records become
 * part of their flow's. */
static void
merging_keys(struct keys *k, bool flows)
{
	static const enum field spis[] = { F_sspi, F_dspi, F_sspi0, F_dspi0 };
	static const enum field also[] = { F_smac, F_dmac, F_svlan, F_dvlan, F_sivlan, F_divlan, F_smpls, F_dmpls, F_sencap,
		F_dencap, F_ohash, F_sdscp, F_ddscp, F_sssrc, F_dssrc, F_gaps };

	*k = (struct keys){ .required = F_NONE };
	for (enum field f = 0; f < F_STORED; f++) {
		if (fields[f].agg != AGG_KEY || (flows && is_implied(f)))
			continue;
		assert(k->n < KEYS_MAX);
		k->part[k->n++] = (struct key_part){ f, -1, -1 };
	}
	for (size_t i = 0; i < sizeof(spis) / sizeof(spis[0]); i++)
		k->part[k->n++] = (struct key_part){ spis[i], -1, -1 };
	for (size_t i = 0; i < sizeof(also) / sizeof(also[0]) && flows; i++)
		k->part[k->n++] = (struct key_part){ also[i], -1, -1 };
	assert(k->n < KEYS_MAX);
}

static struct bins *
new_bins(const struct work *w, enum kind kind)
{
	struct bin_options o = { .width = w->job->width, .zone = CLOCK_UTC, .ends = true };
	struct fieldset all = { { 0 } };
	struct bins *b;
	struct keys k;

	fieldset_all(&all);
	merging_keys(&k, kind == FLOWS || kind == TUNNELS);
	b = bins_new(&k, &all, &o);
	bins_memory(b, w->job->memory / 4);
	return (b);
}

static enum kind
kind_of(const struct batch *b, uint32_t r)
{
	const struct column *type = b->col[F_rectype];
	uint64_t t = column_has(type, r) ? type->u[r] : RECTYPE_FLOW;

	if (t == RECTYPE_MAR)
		return (PROBE);
	if (column_has(b->col[F_flowid], r))
		return (t == RECTYPE_TUN ? TUNNELS : FLOWS);
	return (t == RECTYPE_TUN ? LOOSE_TUNNELS : LOOSE_FLOWS);
}

/* The selected rows of one kind; false: there is none.  The selection becomes theirs. */
static bool
select_kind(struct work *w, struct batch *b, enum kind kind, const uint64_t *selected)
{
	bool any = false;

	memset(w->sel, 0, BITS_WORDS(b->rows) * 8);
	for (uint32_t r = 0; r < b->rows; r++)
		if ((selected == NULL || bit_get(selected, r)) && kind_of(b, r) == kind) {
			bit_set(w->sel, r);
			any = true;
		}
	b->sel = w->sel;
	return (any);
}

/* The probe's own records wait until all others are written. */
static void
sort_rows(struct work *w, struct batch *b)
{
	const uint64_t *selected = b->sel;

	for (enum kind k = 0; k < KINDS; k++)
		if (select_kind(w, b, k, selected))
			sort_add(k == PROBE ? w->probes : w->sort, b);
}

static bool
take_rows(struct work *w, const struct group *g, struct batch *b, uint32_t interval)
{
	const uint64_t *selected = b->sel;
	char err[256];

	sums_add(g->read, b);
	if (!g->merges) {
		sort_rows(w, b);
		return (true);
	}
	for (enum kind k = 0; k < KINDS; k++)
		if (select_kind(w, b, k, selected) && !bins_add(w->bins[k], b, (int64_t)interval * SEC, err, sizeof(err)))
			return (fail(w, err));
	return (true);
}

/* Rows of the block in [from, to). */
static bool
select_slice(struct work *w, struct batch *b, int64_t from, int64_t to)
{
	const struct column *s = b->col[F_bstart];
	bool any = false;

	memset(w->slice, 0, BITS_WORDS(b->rows) * 8);
	for (uint32_t r = 0; r < b->rows; r++)
		if (column_has(s, r) && s->i[r] >= from && s->i[r] < to) {
			bit_set(w->slice, r);
			any = true;
		}
	b->sel = w->slice;
	return (any);
}

/* All of it, if there was nothing wrong with it. */
static bool
end_reading(struct work *w, struct reader **r, bool good)
{
	if (reader_error(*r) != NULL)
		good = fail(w, reader_error(*r));
	reader_close(r);
	return (good);
}

/* Rows of one segment of a file. */
static bool
read_part(struct work *w, size_t part, int64_t from, int64_t to)
{
	const struct store_part *p = &w->job->part[part];
	const struct store_file *f = &w->job->store->file[p->file];
	const struct group *g = &w->group[w->of[part]];
	struct reader *r;
	struct batch *b;
	char err[512];
	bool good = true;

	if (f->from >= to || f->to <= from)
		return (true);
	if ((r = reader_open(f->path, err, sizeof(err))) == NULL)
		return (fail(w, err));
	reader_between(r, from, to, 1);
	while (good && (b = reader_next(r, NULL)) != NULL) {
		if (reader_totals(r).segments == p->segment + 1 && select_slice(w, b, from, to))
			good = take_rows(w, g, b, segment_of(w->job, part)->interval);
		if (*w->job->stop != 0)
			good = fail(w, "interrupted");
	}
	return (end_reading(w, &r, good));
}

static bool
drain_bins(struct work *w)
{
	struct batch *b;

	for (enum kind k = 0; k < KINDS; k++) {
		while ((b = bins_next(w->bins[k])) != NULL)
			sort_rows(w, b);
		if (bins_error(w->bins[k]) != NULL)
			return (fail(w, bins_error(w->bins[k])));
	}
	return (true);
}

static bool
write_slice(struct work *w, unsigned group, int64_t from, int64_t to)
{
	bool good = true, merges = w->group[group].merges;

	w->sort = new_sort(w, CLUSTER);
	for (enum kind k = 0; k < KINDS && merges; k++)
		w->bins[k] = new_bins(w, k);
	for (size_t i = 0; i < w->job->parts && good; i++)
		if (w->of[i] == group)
			good = read_part(w, i, from, to);
	if (good && merges)
		good = drain_bins(w);
	for (enum kind k = 0; k < KINDS; k++)
		bins_free(&w->bins[k]);
	good = good && put_sorted(w, w->sort, NULL);
	sort_free(&w->sort);
	return (good);
}

/* --- a segment ---------------------------------------------------------------------------------- */

/* Slices are parts of a day, each of some full blocks and no more than fit into memory. */
static int64_t
slice_of(const struct work *w, const struct group *g)
{
	static const int parts[] = { 288, 144, 96, 48, 24, 12, 8, 6, 4, 3, 2, 1 };
	uint64_t most = w->job->memory / 2 / ROW_BYTES;

	most = most < SLICE_LEAST ? SLICE_LEAST : most > SLICE_MOST ? SLICE_MOST : most;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int64_t slice = DAY / parts[i];

		if (g->rows / (uint64_t)parts[i] * 2 > most && (w->job->width == 0 || slice % w->job->width == 0))
			return (slice);
	}
	return (DAY);
}

static bool
open_segment(struct work *w, unsigned group)
{
	struct writer_options o = { .segment = w->group[group].header, .fsync = true, .append = group > 0,
		.zstd = w->job->zstd };
	char err[512];

	w->writer = writer_open(w->to, &o, err, sizeof(err));
	return (w->writer != NULL || fail(w, err));
}

static bool
close_segment(struct work *w)
{
	char err[512];

	return (w->writer == NULL || writer_close(&w->writer, err, sizeof(err)) || fail(w, err));
}

static bool
write_group(struct work *w, unsigned group)
{
	int64_t day = w->job->part[0].day, slice = slice_of(w, &w->group[group]);
	bool good = open_segment(w, group);

	w->probes = new_sort(w, "bstart,stime");
	for (int64_t t = day; t < day + DAY && good; t += slice)
		good = write_slice(w, group, t, t + slice);
	good = good && put_held(w) && put_sorted(w, w->probes, w->result) && put_held(w);
	sort_free(&w->probes);
	if (good && group == w->groups - 1) {
		spans_join(&w->result->ran);
		w->takes(w->takes_arg, w->writer, &w->result->ran);
	}
	return (close_segment(w) && good);
}

/* --- is it what it was? ------------------------------------------------------------------------- */

static bool
read_again(struct work *w)
{
	struct reader *r;
	struct batch *b;
	char err[512];
	bool good = true;

	if ((r = reader_open(w->to, err, sizeof(err))) == NULL)
		return (fail(w, err));
	while (good && (b = reader_next(r, NULL)) != NULL) {
		size_t segment = reader_totals(r).segments;

		b->sel = NULL;
		if (segment >= 1 && segment <= w->groups)
			sums_add(w->group[segment - 1].written, b);
		if (*w->job->stop != 0)
			good = fail(w, "interrupted");
	}
	return (end_reading(w, &r, good));
}

static bool
compare(struct work *w)
{
	char text[256];

	if (!read_again(w))
		return (false);
	for (size_t g = 0; g < w->groups; g++) {
		const struct group *x = &w->group[g];
		enum field f = sums_differ(x->read, x->written, x->merges);

		w->result->before += sums_records(x->read);
		w->result->after += sums_records(x->written);
		if (f == F_NONE)
			continue;
		(void)snprintf(text, sizeof(text), "what was written does not add up to what was read (%s)", fields[f].name);
		return (fail(w, text));
	}
	return (true);
}

/* --- all of it ---------------------------------------------------------------------------------- */

bool
day_write(const struct day_job *job, const char *to, day_takes takes, void *arg, struct day_result *result)
{
	struct work w = { .job = job, .result = result, .to = to, .takes = takes, .takes_arg = arg };
	bool good = true;

	*result = (struct day_result){ .err = "" };
	w.held = batch_new(BATCH_ROWS);
	w.rows = mem_alloc(BATCH_ROWS * sizeof(w.rows[0]));
	w.sel = mem_zero(2 * BITS_WORDS(BATCH_ROWS), 8);
	w.slice = w.sel + BITS_WORDS(BATCH_ROWS);
	find_groups(&w);
	for (unsigned g = 0; g < w.groups && good; g++)
		good = write_group(&w, g);
	good = good && compare(&w);
	for (size_t g = 0; g < w.groups; g++) {
		sums_free(&w.group[g].read);
		sums_free(&w.group[g].written);
	}
	batch_free(&w.held);
	free(w.rows);
	free(w.sel);
	free(w.group);
	free(w.of);
	return (good);
}
