/* SPDX-License-Identifier: BSD-2-Clause
 *
 * twice.c: the same packets in two files.
 *
 * Indexes say which runs of a probe lie in the same time, which is rare; only of those MAR records are read.  What comes
 * through a pipe is not read again: MAR records are kept as they come.
 */
#include "ra-tools/query/twice.h"

#include "format/base/mem.h"
#include "format/outline.h"
#include "format/reader.h"

#include <stdlib.h>
#include <string.h>

#define MET_MOST 1000000u /* MAR records of a pipe: as many bins */
#define MOMENTS 16 /* pairs of files that have one in common, the last ones */

struct stretch { /* a segment: one run of a probe */
	const char *probe;
	int64_t from, to;
	unsigned file, segment;
	bool shared; /* with another one */
};

struct mar {
	const char *probe;
	int64_t first, last;
	unsigned file;
};

struct search {
	char *const *path;
	struct arena *arena;
	struct stretch *stretch;
	size_t n, cap;
	struct mar *mar;
	size_t nmar, capmar;
	int64_t from, to;
	const struct stretch *span; /* of the file being read, apart and in order; NULL: all of its time */
	size_t spans;
};

/* --- segments ------------------------------------------------------------------------------------- */

static void
add_stretch(struct search *s, unsigned file, unsigned number, const struct outline_segment *g)
{
	struct stretch x = { g->info.probe == NULL ? "" : g->info.probe, INT64_MAX, INT64_MIN, file, number, false };

	for (size_t i = 0; i < g->blocks; i++) {
		const struct index_entry *e = &g->block[i];
		int64_t from = e->bstart.is ? (int64_t)e->bstart.u : INT64_MIN, to = e->bend.is ? (int64_t)e->bend.u : INT64_MAX;

		x.from = from < x.from ? from : x.from;
		x.to = to > x.to ? to : x.to;
	}
	if (x.from >= s->to || x.to <= s->from)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 64 : 2 * s->cap;
		s->stretch = mem_grow(s->stretch, s->cap, sizeof(*s->stretch));
	}
	x.probe = arena_copy(s->arena, x.probe, strlen(x.probe) + 1);
	s->stretch[s->n++] = x;
}

static int
by_probe_and_time(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;
	int c = strcmp(x->probe, y->probe);

	if (c != 0)
		return (c);
	if (x->from != y->from)
		return (x->from < y->from ? -1 : 1);
	return (x->file != y->file ? (x->file < y->file ? -1 : 1) : (x->segment > y->segment) - (x->segment < y->segment));
}

/* Runs that begin before one of the same probe before them ended.  false: there are none. */
static bool
mark_shared(struct search *s)
{
	struct stretch *longest = NULL;
	bool any = false;

	if (s->n > 1)
		qsort(s->stretch, s->n, sizeof(*s->stretch), by_probe_and_time);
	for (size_t i = 0; i < s->n; i++) {
		struct stretch *x = &s->stretch[i];

		if (longest != NULL && strcmp(longest->probe, x->probe) == 0) {
			if (x->from < longest->to)
				any = x->shared = longest->shared = true;
			if (x->to <= longest->to)
				continue;
		}
		longest = x;
	}
	return (any);
}

/* --- MAR records ---------------------------------------------------------------------------------- */

static void
add_mar(struct search *s, const struct mar *m)
{
	if (s->nmar == s->capmar) {
		s->capmar = s->capmar == 0 ? 256 : 2 * s->capmar;
		s->mar = mem_grow(s->mar, s->capmar, sizeof(*s->mar));
	}
	s->mar[s->nmar++] = *m;
}

static bool
is_asked(const struct search *s, int64_t t)
{
	size_t low = 0, high = s->spans;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->span[mid].from <= t)
			low = mid + 1;
		else
			high = mid;
	}
	return (s->span == NULL || (low > 0 && t < s->span[low - 1].to));
}

/* Late frames have a MAR record of their own, of times within those of the other one: that is no second run. */
static void
read_rows(struct search *s, const struct batch *b, const char *probe, unsigned file)
{
	const struct column *type = b->col[F_rectype], *bin = b->col[F_bstart], *first = b->col[F_stime], *last = b->col[F_ltime];
	const struct column *flags = b->col[F_flags];

	for (uint32_t r = 0; type != NULL && r < b->rows; r++) {
		struct mar m = { .probe = probe, .file = file };

		if (type->u[r] != RECTYPE_MAR || !column_has(bin, r) || !column_has(first, r) || !column_has(last, r) ||
		    (column_has(flags, r) && flags->u[r] & RFLAGS_late))
			continue;
		m.first = first->i[r];
		m.last = last->i[r];
		if (bin->i[r] >= s->from && bin->i[r] < s->to && is_asked(s, bin->i[r]))
			add_mar(s, &m);
	}
}

/* The times of x[0..n), which are of one file and in order; joined there. */
static void
read_file(struct search *s, struct stretch *x, size_t n)
{
	unsigned file = x->file;
	size_t spans = 0;
	struct fieldset want = { { 0 } };
	struct reader *reader;
	struct batch *b;
	char err[512];
	const char *probe = NULL;

	fieldset_add(&want, F_rectype);
	fieldset_add(&want, F_bstart);
	fieldset_add(&want, F_stime);
	fieldset_add(&want, F_ltime);
	fieldset_add(&want, F_flags);
	if ((reader = reader_open(s->path[file], err, sizeof(err))) == NULL)
		return; /* it was said when it was read */
	for (size_t i = 0; i < n; i++)
		if (spans > 0 && x[i].from <= x[spans - 1].to)
			x[spans - 1].to = x[i].to > x[spans - 1].to ? x[i].to : x[spans - 1].to;
		else
			x[spans++] = x[i];
	s->span = x;
	s->spans = spans;
	reader_between(reader, x->from > s->from ? x->from : s->from, x[spans - 1].to < s->to ? x[spans - 1].to : s->to, 1);
	while ((b = reader_next(reader, &want)) != NULL) {
		const struct segment_info *info = reader_segment(reader);
		const char *name = info->probe == NULL ? "" : info->probe;

		if (probe == NULL || strcmp(probe, name) != 0)
			probe = arena_copy(s->arena, name, strlen(name) + 1);
		read_rows(s, b, probe, file);
	}
	reader_close(&reader);
	s->span = NULL;
}

static int
by_file_and_time(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;

	return (x->file != y->file ? (x->file > y->file) - (x->file < y->file) : (x->from > y->from) - (x->from < y->from));
}

/* Each file once, however many runs it has. */
static void
read_shared(struct search *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->stretch[i].shared)
			s->stretch[n++] = s->stretch[i];
	qsort(s->stretch, n, sizeof(*s->stretch), by_file_and_time);
	for (size_t i = 0, of; i < n; i += of) {
		for (of = 1; i + of < n && s->stretch[i + of].file == s->stretch[i].file;)
			of++;
		read_file(s, &s->stretch[i], of);
	}
}

static int
by_first_frame(const void *a, const void *b)
{
	const struct mar *x = a, *y = b;
	int c = strcmp(x->probe, y->probe);

	if (c != 0)
		return (c);
	if (x->first != y->first)
		return (x->first < y->first ? -1 : 1);
	if (x->last != y->last)
		return (x->last > y->last ? -1 : 1);
	return ((x->file > y->file) - (x->file < y->file));
}

/* Two files that adjoin can have frames of one moment, that where they meet; more than one is a sign. */
struct moment {
	unsigned a, b;
	int64_t at;
};

static bool
same_pair(unsigned a, unsigned b, const struct mar *x, const struct mar *y)
{
	return ((x->file == a && y->file == b) || (x->file == b && y->file == a));
}

/* true: the files of the two records had a moment in common before, and *first is that. */
static bool
met_before(struct moment *met, unsigned *n, const struct mar *x, const struct mar *y, int64_t *first)
{
	unsigned kept = *n < MOMENTS ? *n : MOMENTS;

	for (unsigned i = 0; i < kept; i++)
		if (same_pair(met[i].a, met[i].b, x, y)) {
			*first = met[i].at;
			return (true);
		}
	met[(*n)++ % MOMENTS] = (struct moment){ x->file, y->file, y->first };
	return (false);
}

/* More than where one ends and the other begins. */
static bool
inside(const struct mar *far, const struct mar *m)
{
	return (m->first < far->last && (m->first > far->first || m->last > m->first));
}

/* Frames of a single moment are all that there is of either. */
static bool
moments(const struct search *s, const struct mar *x, const struct mar *y)
{
	return (s->nmar == 2 && x->first == x->last && y->first == y->last);
}

/* Two records side by side: the one whose frames reach furthest so far, and the next; their bins need not be equally long. */
static void
compare(struct search *s, struct twice *t)
{
	const struct mar *far = NULL;
	struct moment met[MOMENTS];
	unsigned a = 0, b = 0, n = 0;

	for (size_t i = 0; i < s->nmar; i++) {
		const struct mar *m = &s->mar[i];
		bool same = far != NULL && strcmp(far->probe, m->probe) == 0;

		if (same && m->first <= far->last) {
			int64_t first = m->first, last = m->last < far->last ? m->last : far->last;

			if (t->a != NULL && same_pair(a, b, far, m)) {
				t->last = last > t->last ? last : t->last;
			} else if (met_before(met, &n, far, m, &first) || inside(far, m) || moments(s, far, m)) {
				if (t->a != NULL) {
					t->more++;
				} else {
					a = far->file;
					b = m->file;
					*t = (struct twice){ s->path[a], s->path[b], far->probe, first, last, 0 };
				}
			}
		}
		if (!same || m->last > far->last)
			far = m;
	}
}

bool
twice_find(char *const *path, const bool *read, unsigned n, int64_t from, int64_t to, struct arena *arena, struct twice *found)
{
	struct search s = { .path = path, .arena = arena, .from = from, .to = to };

	*found = (struct twice){ .a = NULL };
	for (unsigned i = 0; i < n; i++) {
		struct outline o;

		if (!read[i] || strcmp(path[i], "-") == 0 || !outline_read(path[i], arena, &o))
			continue;
		for (size_t g = 0; g < o.segments; g++)
			add_stretch(&s, i, (unsigned)g, &o.segment[g]);
	}
	if (mark_shared(&s)) {
		read_shared(&s);
		if (s.nmar > 1)
			qsort(s.mar, s.nmar, sizeof(*s.mar), by_first_frame);
		compare(&s, found);
	}
	free(s.stretch);
	free(s.mar);
	return (found->a != NULL);
}

/* --- what can be read once --------------------------------------------------------------------------- */

struct twice_met {
	struct search search;
	struct arena arena;
	char **path;
	unsigned paths;
	const char *probe; /* of the rows before */
};

struct twice_met *
twice_met_new(int64_t from, int64_t to)
{
	struct twice_met *m = mem_zero(1, sizeof(*m));

	m->search.from = from;
	m->search.to = to;
	return (m);
}

void
twice_met_free(struct twice_met **pm)
{
	struct twice_met *m = *pm;

	if (m == NULL)
		return;
	free(m->search.mar);
	free(m->path);
	arena_free(&m->arena);
	free(m);
	*pm = NULL;
}

void
twice_meet(struct twice_met *m, const struct batch *b, const char *path, const char *probe)
{
	if (m->paths == 0 || strcmp(m->path[m->paths - 1], path) != 0) {
		m->path = mem_grow(m->path, m->paths + 1, sizeof(m->path[0]));
		m->path[m->paths++] = arena_copy(&m->arena, path, strlen(path) + 1);
	}
	probe = probe == NULL ? "" : probe;
	if (m->probe == NULL || strcmp(m->probe, probe) != 0)
		m->probe = arena_copy(&m->arena, probe, strlen(probe) + 1);
	if (m->search.nmar < MET_MOST)
		read_rows(&m->search, b, m->probe, m->paths - 1);
}

bool
twice_met_find(struct twice_met *m, struct twice *found)
{
	*found = (struct twice){ .a = NULL };
	m->search.path = m->path;
	if (m->search.nmar > 1)
		qsort(m->search.mar, m->search.nmar, sizeof(*m->search.mar), by_first_frame);
	compare(&m->search, found);
	return (found->a != NULL);
}

/* --- the sentence ---------------------------------------------------------------------------------- */

static void
add_time(struct buf *to, int64_t t, enum clock_zone zone)
{
	char text[CLOCK_TEXT];

	buf_add(to, text, clock_text(t, 0, zone, text));
	if (zone == CLOCK_UTC)
		buf_str(to, " UTC");
}

void
twice_text(const struct twice *t, enum clock_zone zone, struct buf *to)
{
	if (strcmp(t->a, t->b) == 0)
		buf_printf(to, "%s has frames twice that probe %s captured from ", t->a, t->probe);
	else
		buf_printf(to, "%s and %s both have frames that probe %s captured from ", t->a, t->b, t->probe);
	add_time(to, t->first, zone);
	buf_str(to, " to ");
	add_time(to, t->last, zone);
	buf_str(to, ": they are counted twice");
	if (t->more > 0)
		buf_str(to, ", and so are those of other files");
	buf_str(to, " (--dedup leaves out records that are the same)");
}
