/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr_spill.c: more groups than memory.  Test: test_aggr.c.
 *
 * Where groups grow beyond their memory, all of them are written to one of STREAMS streams by the hash of
 * their key, and counting begins anew.  At the end each stream is merged alone (in the same way, if it is
 * still too large) and its rows are written in order; the ordered streams are then merged into one row.
 *
 * What is written are the narrow columns of some groups at a time, as they lie in memory, with their keys.  Blocks of a record
 * file would be half as large, but cost some 2300 instructions a group to encode and decode; these cost some hundred.
 */
#include "ra-tools/query/aggr_room.h"
#include "ra-tools/query/table_room.h"

#include "format/base/cursor.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define STREAM_BITS 6
#define STREAMS	    (1u << STREAM_BITS)
#define LEVELS	    8	 /* of streams within streams */
#define GROUPS_MIN  128	 /* fewer are kept, whatever the memory */
#define FRAME_ROWS  CHUNK
#define WORDS_LEAST (1u << 20) /* bytes of texts, most of which may be of rows that have gone */

/* Some rows on their way to a file or from it: two numbers for each, their keys, their columns. */
struct frames {
	struct batch *b;
	struct table *t;
	struct buf bytes;
	uint32_t count[FRAME_ROWS];
	uint64_t x[FRAME_ROWS], y[FRAME_ROWS];
};

static struct frames *
frames_new(void)
{
	struct frames *f = mem_zero(1, sizeof(*f));

	f->b = batch_new(FRAME_ROWS);
	f->t = table_new();
	for (uint32_t i = 0; i < FRAME_ROWS; i++)
		f->count[i] = i;
	return (f);
}

static void
frames_free(struct frames **pf)
{
	struct frames *f = *pf;

	batch_free(&f->b);
	table_free(&f->t);
	buf_free(&f->bytes);
	free(f);
	*pf = NULL;
}

static void
note_error(struct aggr *a, const char *error)
{
	if (error != NULL && a->error == NULL)
		a->error = mem_str(error);
}

const char *
aggr_error(const struct aggr *a)
{
	return (a->error);
}

/* --- groups to files --------------------------------------------------------------------------- */

/* n, the numbers; what is behind them follows. */
static void
begin_frame(struct frames *f, uint32_t n)
{
	f->bytes.len = 0;
	buf_add(&f->bytes, &n, sizeof(n));
	buf_add(&f->bytes, f->x, n * sizeof(f->x[0]));
	buf_add(&f->bytes, f->y, n * sizeof(f->y[0]));
}

static void
put_columns(struct frames *f, const struct batch *b, const struct fieldset *set, const uint32_t *rows, uint32_t n)
{
	table_clear(f->t);
	table_append(f->t, b, set, rows, n);
	table_write(f->t, &f->bytes);
}

static void
put_groups(struct aggr *a, struct frames *f, unsigned stream, const uint32_t *groups, uint32_t n, uint8_t *keys)
{
	struct known known[FRAME_ROWS];

	groups_known(a, groups, n, f->b, known, keys);
	for (uint32_t i = 0; i < n; i++) {
		f->x[i] = known[i].first;
		f->y[i] = (uint64_t)known[i].traffic | (uint64_t)known[i].merged << 1;
	}
	begin_frame(f, n);
	for (uint32_t i = 0; i < n; i++)
		buf_add(&f->bytes, known[i].key, a->keylen);
	put_columns(f, f->b, &a->hold, f->count, n);
	spill_put(a->spill[0], stream, f->bytes.p, f->bytes.len);
}

/* Both orientations of a key have the same hash, and go to the same stream. */
static unsigned
stream_of(const struct aggr *a, uint32_t g)
{
	return ((unsigned)(group_hash(a, g) >> (64 - STREAM_BITS * (a->level + 1))) & (STREAMS - 1));
}

static void
add_spill(struct aggr *a, struct spill *s)
{
	a->spill = mem_grow(a->spill, a->spills + 1, sizeof(a->spill[0]));
	a->spill[a->spills++] = s;
}

void
spill_all(struct aggr *a)
{
	struct frames *f = frames_new();
	uint32_t count = groups_count(a), *all = mem_alloc(((size_t)count + 1) * 2 * sizeof(all[0])), *groups = all + count;
	uint32_t end[STREAMS] = { 0 }, at = 0, n = groups_list(a, NO_GROUP, all, count);
	uint8_t *keys = mem_alloc(FRAME_ROWS * a->keylen);

	if (a->spills == 0)
		add_spill(a, spill_new(STREAMS));
	for (uint32_t i = 0; i < n; i++)
		end[stream_of(a, all[i])]++;
	for (unsigned i = 0; i < STREAMS; i++) { /* where each begins; counted on to its end */
		uint32_t of = end[i];

		end[i] = at;
		at += of;
	}
	for (uint32_t i = 0; i < n; i++)
		groups[end[stream_of(a, all[i])]++] = all[i];
	at = 0;
	for (unsigned i = 0; i < STREAMS; i++)
		for (uint32_t k; at < end[i]; at += k) {
			k = end[i] - at < FRAME_ROWS ? end[i] - at : FRAME_ROWS;
			put_groups(a, f, i, groups + at, k, keys);
		}
	free(all);
	free(keys);
	frames_free(&f);
	groups_drop(a);
}

void
groups_spill(struct aggr *a)
{
	if (a->limit > 0 && groups_count(a) > GROUPS_MIN && a->level < LEVELS && groups_bytes(a) > a->limit)
		spill_all(a);
}

void
spill_adopt(struct aggr *a, struct aggr *from)
{
	for (unsigned i = 0; i < from->spills; i++) {
		add_spill(a, from->spill[i]);
		from->spill[i] = NULL;
	}
	from->spills = 0;
}

/* --- and back ---------------------------------------------------------------------------------- */

/* These bytes are our own, so they are as they were put. */
static uint32_t
read_numbers(struct cursor *c, uint64_t *x, uint64_t *y)
{
	uint32_t n;

	memcpy(&n, cur_bytes(c, sizeof(n)), sizeof(n));
	memcpy(x, cur_bytes(c, n * sizeof(x[0])), n * sizeof(x[0]));
	memcpy(y, cur_bytes(c, n * sizeof(y[0])), n * sizeof(y[0]));
	return (n);
}

static void
take_groups(struct aggr *a, struct frames *f, const struct buf *record, uint8_t *keys)
{
	struct cursor c = cur_new(record->p, record->len);
	struct known known[FRAME_ROWS];
	uint32_t n = read_numbers(&c, f->x, f->y);

	groups_decide(a);
	memcpy(keys, cur_bytes(&c, n * a->keylen), n * a->keylen); /* aligned */
	for (uint32_t i = 0; i < n; i++)
		known[i] = (struct known){ i, keys + i * a->keylen, key_hash(a, keys + i * a->keylen), f->x[i], (f->y[i] & 1) != 0,
					   (f->y[i] & 2) != 0 };
	table_load(f->t, 0, &c);
	table_gather(f->t, NULL, f->count, n, f->b);
	add_known(a, f->b, known, n);
}

static void
put_ordered(struct aggr *a, struct spill *to, unsigned stream, struct frames *f)
{
	struct out_rows *o = mem_alloc(sizeof(*o));

	for (out_begin(a), out_next(a, o); o->b != NULL; out_next(a, o))
		for (uint32_t at = 0, n; at < o->b->rows; at += n) {
			uint32_t rows[FRAME_ROWS];

			n = o->b->rows - at < FRAME_ROWS ? o->b->rows - at : FRAME_ROWS;
			for (uint32_t i = 0; i < n; i++)
				rows[i] = at + i;
			memcpy(f->x, o->by + at, n * sizeof(f->x[0]));
			memcpy(f->y, o->first + at, n * sizeof(f->y[0]));
			begin_frame(f, n);
			put_columns(f, o->b, &a->hold, rows, n);
			spill_put(to, stream, f->bytes.p, f->bytes.len);
		}
	free(o);
}

/* Merge one stream of all files and write its rows in order. */
static void
sort_stream(struct aggr *a, struct spill *to, unsigned stream, struct frames *f)
{
	struct aggr *part = aggr_twin(a);
	uint8_t *keys = mem_alloc(FRAME_ROWS * a->keylen);
	struct buf record = { 0 };

	part->share = NULL;
	part->level = a->level + 1;
	for (unsigned i = 0; i < a->spills; i++) {
		struct spill_reader *r = spill_read(a->spill[i], stream);

		while (spill_next(r, &record)) {
			take_groups(part, f, &record, keys);
			groups_spill(part);
		}
		spill_close(&r);
		note_error(a, spill_error(a->spill[i]));
	}
	buf_free(&record);
	free(keys);
	put_ordered(part, to, stream, f);
	note_error(a, aggr_error(part));
	aggr_free(&part);
}

/* --- ordered streams become one ---------------------------------------------------------------- */

struct head { /* of an ordered stream: a chunk of the table */
	struct spill_reader *reader;
	struct buf record;
	uint64_t by[FRAME_ROWS], first[FRAME_ROWS];
	uint32_t n, at;
	bool live;
};

struct streams {
	const struct aggr *a;
	struct spill *sorted;
	struct head head[STREAMS];
	struct table *t;
	uint64_t words; /* bytes of texts in it, at which they are looked through */
	unsigned heap[STREAMS], n; /* of live heads, the first one on top */
	int ended;		   /* the head whose rows have all been handed out; -1: none */
	uint32_t rows[OUT_ROWS];
};

static void
show(struct streams *s, unsigned i)
{
	struct head *h = &s->head[i];
	struct cursor c = cur_new(h->record.p, h->record.len);

	h->n = read_numbers(&c, h->by, h->first);
	table_load(s->t, i, &c);
}

static void
load(struct streams *s, unsigned i)
{
	struct head *h = &s->head[i];

	h->live = spill_next(h->reader, &h->record);
	h->at = 0;
	if (!h->live)
		return;
	show(s, i);
	if (s->t->words.bytes < s->words)
		return;
	table_clear(s->t); /* of texts only those stay that can still come out */
	for (unsigned k = 0; k < STREAMS; k++)
		if (s->head[k].live)
			show(s, k);
	s->words = s->t->words.bytes > WORDS_LEAST / 2 ? 2 * s->t->words.bytes : WORDS_LEAST;
}

static bool
before(const struct streams *s, unsigned x, unsigned y)
{
	const struct head *a = &s->head[x], *b = &s->head[y];

	if (a->by[a->at] != b->by[b->at])
		return (a->by[a->at] < b->by[b->at]);
	if (a->first[a->at] != b->first[b->at] || !s->a->in_time)
		return (a->first[a->at] < b->first[b->at]);
	return (row_order(s->a, s->t, x << TABLE_BITS | a->at, y << TABLE_BITS | b->at) < 0);
}

static void
sift(struct streams *s, unsigned at)
{
	for (;;) {
		unsigned least = at, child = 2 * at + 1, t;

		for (unsigned k = child; k < child + 2 && k < s->n; k++)
			if (before(s, s->heap[k], s->heap[least]))
				least = k;
		if (least == at)
			return;
		t = s->heap[at];
		s->heap[at] = s->heap[least];
		s->heap[least] = t;
		at = least;
	}
}

struct streams *
streams_order(struct aggr *a)
{
	struct streams *s = mem_zero(1, sizeof(*s));
	struct frames *f = frames_new();

	spill_all(a);
	for (unsigned i = 0; i < a->spills; i++)
		if (!spill_end(a->spill[i]))
			note_error(a, spill_error(a->spill[i]));
	s->a = a;
	s->sorted = spill_new(STREAMS);
	s->t = table_new();
	s->words = WORDS_LEAST;
	s->ended = -1;
	for (unsigned i = 0; i < STREAMS && a->error == NULL; i++)
		sort_stream(a, s->sorted, i, f);
	frames_free(&f);
	for (unsigned i = 0; i < a->spills; i++)
		spill_free(&a->spill[i]);
	a->spills = 0;
	if (!spill_end(s->sorted))
		note_error(a, spill_error(s->sorted));
	for (unsigned i = 0; i < STREAMS && a->error == NULL; i++) {
		s->head[i].reader = spill_read(s->sorted, i);
		load(s, i);
		if (s->head[i].live)
			s->heap[s->n++] = i;
	}
	for (unsigned i = s->n; i-- > 0;)
		sift(s, i);
	return (s);
}

void
streams_free(struct streams **ps)
{
	struct streams *s = *ps;

	if (s == NULL)
		return;
	for (unsigned i = 0; i < STREAMS; i++) {
		spill_close(&s->head[i].reader);
		buf_free(&s->head[i].record);
	}
	spill_free(&s->sorted);
	table_free(&s->t);
	free(s);
	*ps = NULL;
}

/* The rows of a head whose frame has ended are still to be handed out: it gets the next one when it is asked again. */
static void
refill(struct streams *s)
{
	if (s->ended < 0)
		return;
	load(s, (unsigned)s->ended);
	if (!s->head[s->ended].live)
		s->heap[0] = s->heap[--s->n];
	sift(s, 0);
	s->ended = -1;
}

void
streams_next(struct aggr *a, struct streams *s, struct out_rows *to)
{
	uint32_t n = 0;

	refill(s);
	while (n < a->out_rows && s->n > 0 && s->ended < 0) {
		struct head *h = &s->head[s->heap[0]];

		to->by[n] = h->by[h->at];
		to->first[n] = h->first[h->at];
		s->rows[n++] = s->heap[0] << TABLE_BITS | h->at;
		if (++h->at == h->n)
			s->ended = (int)s->heap[0];
		else
			sift(s, 0);
	}
	note_error(a, spill_error(s->sorted));
	to->b = n > 0 && a->error == NULL ? a->out : NULL;
	if (to->b == NULL)
		return;
	table_gather(s->t, &a->hold, s->rows, n, a->out);
	fill_times(a, a->out);
}
