/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zero.c: rows for bins without records.
 *
 * Where there are keys all rows are taken in first, for the first bin has to have a row of a key that comes in the last one.
 * One bin is open at a time.  Its rows are handed on, and their keys marked; when a row of another bin
 * comes, or none any more, the keys that are known and not marked get a row, and the next bin is opened.
 */
#include "ra-tools/query/zero.h"

#include "format/base/clock.h"
#include "format/base/map.h"
#include "format/base/mem.h"
#include "ra-tools/query/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN_BITS 12
#define SEEN_ROWS (1u << SEEN_BITS)
#define ROWS_LEAST (1u << 20) /* so many are always shown */
#define ROW_LEAST  64	      /* bytes that a row takes wherever it is kept */
#define KEY_BYTES  40	      /* and a key */

struct zero {
	struct keys keys;
	struct fieldset keep;
	struct zero_source source;
	struct batch *in, *out;
	uint32_t at;
	bool begun, open, filling, end;
	int64_t from, to; /* the open bin */
	struct batch **kept; /* rows that were taken in; NULL: they come as they are asked for */
	uint32_t nkept, next;
	uint64_t bytes, memory;
	char error[160];

	struct map seen;	/* keys that had a row */
	int64_t *marked;	/* [key]: the last bin that had one */
	uint32_t cap, fill;	/* fill: the next key to look at */
	struct batch **row;	/* the keys as rows, SEEN_ROWS in each */
	struct buf key, spare;
	struct buf probe; /* of the row before, where it is no part of a key: who sees nothing is there, too */
};

struct zero *
zero_new(const struct keys *keys, const struct fieldset *keep, const struct zero_source *source, uint64_t memory)
{
	struct zero *z = mem_zero(1, sizeof(*z));

	z->keys = *keys;
	z->keep = *keep;
	z->source = *source;
	z->memory = memory;
	z->out = batch_new(4096);
	return (z);
}

void
zero_free(struct zero **pz)
{
	struct zero *z = *pz;

	if (z == NULL)
		return;
	for (uint32_t i = 0; i < z->seen.n; i += SEEN_ROWS)
		batch_free(&z->row[i >> SEEN_BITS]);
	for (uint32_t i = 0; i < z->nkept; i++)
		batch_free(&z->kept[i]);
	free(z->kept);
	batch_free(&z->out);
	free(z->row);
	free(z->marked);
	map_free(&z->seen);
	buf_free(&z->key);
	buf_free(&z->spare);
	buf_free(&z->probe);
	free(z);
	*pz = NULL;
}

const char *
zero_error(const struct zero *z)
{
	return (z->error[0] != '\0' ? z->error : NULL);
}

/* --- keys -------------------------------------------------------------------------------------- */

/* The columns of the key in row r, as row `n` of z->row. */
static void
keep_row(struct zero *z, uint32_t n, const struct batch *b, uint32_t r)
{
	struct batch **to;
	struct flow *f = mem_alloc(sizeof(*f)), *kept = mem_alloc(sizeof(*kept));

	if ((n & (SEEN_ROWS - 1)) == 0) {
		z->row = mem_grow(z->row, (n >> SEEN_BITS) + 1, sizeof(z->row[0]));
		z->row[n >> SEEN_BITS] = batch_new(SEEN_ROWS);
	}
	to = &z->row[n >> SEEN_BITS];
	batch_get(b, r, f);
	flow_clear(kept);
	for (unsigned i = 0; i < z->keys.n; i++) {
		enum field k = z->keys.part[i].field;

		k = k == F_skmac ? F_smac : k == F_dkmac ? F_dmac : k;
		kept->v[k] = f->v[k];
		if (bit_get(f->present, k))
			bit_set(kept->present, k);
		else if (bit_get(f->mixed, k))
			bit_set(kept->mixed, k);
	}
	batch_add(*to, kept);
	free(f);
	free(kept);
}

/* The row's key has a row in the bin that begins at `bin`. */
static void
mark(struct zero *z, struct batch *b, uint32_t r, int64_t bin)
{
	uint32_t n;

	(void)keys_of_row(&z->keys, b, r, &z->key, &z->spare);
	if (map_put(&z->seen, z->key.p, z->key.len, &n)) {
		if (n == z->cap)
			z->marked = mem_grow(z->marked, z->cap = z->cap == 0 ? 256 : z->cap * 2, sizeof(z->marked[0]));
		keep_row(z, n, b, r);
	}
	z->marked[n] = bin;
}

/* --- rows -------------------------------------------------------------------------------------- */

/* No traffic is known to be none: its counts are 0, and everything but the key is absent. */
static void
put_zero(struct zero *z, uint32_t key)
{
	static const uint16_t none[] = { F_trans, F_spkts, F_dpkts, F_sbytes, F_dbytes };
	uint32_t from = key & (SEEN_ROWS - 1), r = z->out->rows;
	union value v = { .i = z->from };

	gather(z->out, z->row[key >> SEEN_BITS], &from, 1);
	column_set(batch_column(z->out, F_bstart), r, &v);
	v.i = z->to;
	column_set(batch_column(z->out, F_bend), r, &v);
	v.u = 0;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (fieldset_has(&z->keep, none[i]))
			column_set(batch_column(z->out, none[i]), r, &v);
	if (z->probe.len == 0 || !fieldset_has(&z->keep, F_probe))
		return;
	v.b = (struct blob){ z->probe.p, (uint32_t)z->probe.len };
	v.b = batch_blob(z->out, NULL, &v.b);
	column_set(batch_column(z->out, F_probe), r, &v);
}

/* The keys that the open bin lacks; true: all that there was room for. */
static bool
fill(struct zero *z)
{
	for (; z->fill < z->seen.n; z->fill++) {
		if (z->marked[z->fill] == z->from)
			continue;
		if (z->out->rows == z->out->cap)
			return (false);
		put_zero(z, z->fill);
	}
	return (true);
}

/* --- the source ---------------------------------------------------------------------------------- */

static bool
keep_batch(struct zero *z, struct batch *b)
{
	struct batch *copy = batch_new(b->rows);
	unsigned columns = 0;

	for (uint32_t r = 0; r < b->rows; r++) {
		gather(copy, b, &r, 1);
		mark(z, b, r, INT64_MIN);
	}
	for (enum field f = 0; f < F_STORED; f++)
		columns += copy->col[f] != NULL;
	z->bytes += (uint64_t)b->rows * columns * (sizeof(uint64_t) + 1);
	z->kept = mem_grow(z->kept, z->nkept + 1, sizeof(*z->kept));
	z->kept[z->nkept++] = copy;
	return (z->memory == 0 || z->bytes + (uint64_t)z->seen.n * KEY_BYTES <= z->memory);
}

/* A clock that was wrong by years, say: whoever takes the rows, a line or a file of them, has no room either. */
static void
refuse_too_many(struct zero *z)
{
	const struct zero_source *s = &z->source;
	int64_t from = s->least, to = s->most;
	double rows;

	if (s->from < s->to) {
		from = s->from >= 0 && s->from < from ? s->from : from;
		to = s->to != INT64_MAX && s->to > to ? s->to : to;
	}
	if (from >= to || s->width <= 0 || z->memory == 0)
		return;
	rows = ((double)to - (double)from) / (double)s->width * (z->keys.n == 0 ? 1 : z->seen.n);
	if (rows > ROWS_LEAST && rows * ROW_LEAST > (double)z->memory)
		(void)snprintf(z->error, sizeof(z->error), "--zero: %.0f rows, which is more than --memory has room for: "
		    "ask for less time (-t) or wider bins (-M)", rows);
}

/* The keys that every bin is to have: the only one where there is none, or all those of the rows. */
static void
begin(struct zero *z)
{
	struct batch *b;

	z->begun = true;
	if (z->keys.n == 0 && z->source.from < z->source.to) { /* also where nothing came */
		b = batch_new(1);
		b->rows = 1;
		mark(z, b, 0, INT64_MIN);
		batch_free(&b);
	}
	while (z->keys.n > 0 && z->error[0] == '\0' && (b = z->source.next(z->source.arg)) != NULL)
		if (!keep_batch(z, b))
			(void)snprintf(z->error, sizeof(z->error), "--zero: %llu MB of rows are in the way already, of more than --memory has room for: "
			    "give it more, fewer keys, or wider bins (-M)", (unsigned long long)(z->bytes >> 20));
	if (z->error[0] == '\0')
		refuse_too_many(z);
}

static struct batch *
next_batch(struct zero *z)
{
	if (z->keys.n == 0)
		return (z->source.next(z->source.arg));
	return (z->next < z->nkept ? z->kept[z->next++] : NULL);
}

static void
note_probe(struct zero *z)
{
	const struct column *c = z->in->col[F_probe];

	if (z->keys.n > 0 || !column_has(c, z->at) ||
	    (z->probe.len == c->b[z->at].n && memcmp(z->probe.p, c->b[z->at].p, z->probe.len) == 0))
		return;
	z->probe.len = 0;
	buf_add(&z->probe, c->b[z->at].p, c->b[z->at].n);
}

static bool
next_row(struct zero *z, int64_t *start)
{
	if (z->in == NULL || z->at == z->in->rows) {
		z->in = z->end ? NULL : next_batch(z);
		z->at = 0;
		z->end = z->in == NULL;
	}
	if (z->end)
		return (false);
	note_probe(z);
	*start = column_has(z->in->col[F_bstart], z->at) ? z->in->col[F_bstart]->i[z->at] : 0;
	return (true);
}

static void
open_bin(struct zero *z, int64_t t)
{
	z->from = z->source.bin(z->source.arg, t, &z->to);
	z->open = true;
	z->filling = false;
}

/* The first bin: that of the first row, or of what was asked for, if that is earlier. */
static bool
open_first(struct zero *z, bool row, int64_t start)
{
	bool asked = z->source.from < z->source.to && z->source.from >= 0 && z->seen.n > 0;

	if (asked && (!row || z->source.from < start))
		start = z->source.from;
	else if (!row)
		return (false);
	open_bin(z, start);
	return (true);
}

struct batch *
zero_next(struct zero *z)
{
	bool first = !z->begun;

	if (first)
		begin(z);
	if (z->error[0] != '\0')
		return (NULL);
	batch_reset(z->out);
	while (z->out->rows < z->out->cap) {
		int64_t start = 0;
		bool row = next_row(z, &start);

		if (!z->open) {
			if (!first || !open_first(z, row, start))
				break;
			first = false;
		} else if (row && start < z->to) {
			mark(z, z->in, z->at, z->from);
			gather(z->out, z->in, &z->at, 1);
			z->at++;
		} else {
			if (!z->filling)
				z->fill = 0;
			z->filling = true;
			if (!fill(z))
				break;
			z->open = row || (z->source.from < z->source.to && z->to < z->source.to && z->source.to != INT64_MAX);
			if (z->open)
				open_bin(z, z->to);
		}
	}
	return (z->out->rows > 0 ? z->out : NULL);
}
