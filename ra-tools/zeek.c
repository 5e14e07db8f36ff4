/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zeek.c: whole flows as Zeek's conn.log.
 *
 * A record has the letters of a connection's history that are new in its bin, and merging does not know their order: so they
 * are noted as records come, and put together by time.  Test: tests/cli, zeek.
 */
#include "ra-tools/zeek.h"

#include "format/base/mem.h"
#include "ra-tools/out/zeek.h"
#include "ra-tools/run/cluster.h"

#include <stdlib.h>
#include <string.h>

struct piece { /* of one record */
	uint64_t flowid, bstart;
	struct blob letters;
};

struct histories {
	struct piece *piece;
	size_t n, cap, most; /* most: more are too many */
	struct arena letters;
	struct buf text;
	bool sorted;
};

static void
note(void *arg, const struct batch *b)
{
	struct histories *h = arg;
	const struct column *hist = b->col[F_hist], *id = b->col[F_flowid], *bin = b->col[F_bstart];

	for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows; i = bits_next(b->sel, i + 1, b->rows)) {
		uint32_t r = (uint32_t)i;

		if (!column_has(hist, r) || !column_has(id, r) || !column_has(bin, r) || hist->b[r].n == 0 || h->n >= h->most)
			continue;
		if (h->n == h->cap) {
			h->cap = h->cap == 0 ? 1024 : h->cap * 2;
			h->piece = mem_grow(h->piece, h->cap, sizeof(h->piece[0]));
		}
		h->piece[h->n++] = (struct piece){ id->u[r], bin->u[r],
			{ arena_copy(&h->letters, hist->b[r].p, hist->b[r].n), hist->b[r].n } };
	}
}

static int
in_order(const void *pa, const void *pb)
{
	const struct piece *a = pa, *b = pb;

	if (a->flowid != b->flowid)
		return (a->flowid < b->flowid ? -1 : 1);
	if (a->bstart != b->bstart)
		return (a->bstart < b->bstart ? -1 : 1);
	return (value_cmp(STORE_BLOB, &(union value){ .b = a->letters }, &(union value){ .b = b->letters }));
}

/* Each record begins to count again.  Zeek has these once in a connection, and those for once, ten and a hundred times;
 * all others each time. */
static void
append(struct buf *to, struct blob letters)
{
	for (uint32_t i = 0; i < letters.n; i++) {
		uint8_t c = letters.p[i];
		unsigned before = 0, now = 1;

		for (size_t k = 0; k < to->len; k++)
			before += to->p[k] == c;
		for (uint32_t k = 0; k < i; k++)
			now += letters.p[k] == c;
		if (strchr("adiqADIQ", c) != NULL ? before > 0 : strchr("cgtwCGTW", c) != NULL && before >= now)
			continue;
		buf_u8(to, c);
	}
}

static const char *
history(void *arg, uint64_t flowid)
{
	struct histories *h = arg;
	size_t lo = 0, hi = h->n;

	if (h->n >= h->most)
		return (NULL);
	if (!h->sorted && h->n > 0)
		qsort(h->piece, h->n, sizeof(h->piece[0]), in_order);
	h->sorted = true;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (h->piece[mid].flowid < flowid)
			lo = mid + 1;
		else
			hi = mid;
	}
	h->text.len = 0;
	for (; lo < h->n && h->piece[lo].flowid == flowid; lo++)
		append(&h->text, h->piece[lo].letters);
	return (h->text.len > 0 ? buf_cstr(&h->text) : NULL);
}

void
zeek_conn(struct run *r)
{
	/* a quarter of the memory for histories */
	struct histories h = { .most = (size_t)(run_memory(r) / 4 / (sizeof(struct piece) + 16)) };
	struct zeek z = { .json = run_json(r), .history = history, .arg = &h };

	if (run_separated(r) || run_chose_columns(r))
		run_usage("--zeek is conn.log: it has its own columns; with --json as JSON lines");
	run_sheet(r)->zeek = &z;
	run_format(r, &out_zeek);
	run_want(r, F_bstart);
	cluster_noting(r, "flow", ZEEK_COLUMNS, note, &h);
	if (h.n >= h.most)
		run_note_last(r, "too many connections for --memory: the history of those that several records tell of is left out");
	free(h.piece);
	arena_free(&h.letters);
	buf_free(&h.text);
}
