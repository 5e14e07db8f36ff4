/* SPDX-License-Identifier: BSD-2-Clause
 *
 * losses.c: sums by bin, and MAR records that wait for better times.  Test: test_losses.c.
 */
#include "probe/out/losses.h"

#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 4096 /* MAR records that wait */

struct loss { /* of a bin */
	int64_t start, end;
	uint64_t records, pkts, bytes;
};

struct losses {
	struct loss *bin; /* by start */
	uint32_t bins, cap;
	struct batch *kept;
	uint64_t records;
	uint64_t unplaced; /* records of bins without a MAR record: told with the next bin's */
	struct blob probe;
};

struct losses *
losses_new(void)
{
	return (mem_zero(1, sizeof(struct losses)));
}

void
losses_free(struct losses **pl)
{
	struct losses *l = *pl;

	if (l == NULL)
		return;
	batch_free(&l->kept);
	free((void *)(uintptr_t)l->probe.p);
	free(l->bin);
	free(l);
	*pl = NULL;
}

/* The first bin that does not start before `start`. */
static uint32_t
lower(const struct losses *l, int64_t start)
{
	uint32_t i = l->bins;

	while (i > 0 && l->bin[i - 1].start >= start) /* most are the latest */
		i--;
	return (i);
}

static struct loss *
of_bin(struct losses *l, int64_t start, int64_t end)
{
	uint32_t i = lower(l, start);

	if (i < l->bins && l->bin[i].start == start)
		return (&l->bin[i]);
	if (l->bins == l->cap) {
		l->cap = l->cap == 0 ? 64 : l->cap * 2;
		l->bin = mem_grow(l->bin, l->cap, sizeof(*l->bin));
	}
	memmove(&l->bin[i + 1], &l->bin[i], (l->bins++ - i) * sizeof(*l->bin));
	l->bin[i] = (struct loss){ .start = start, .end = end };
	return (&l->bin[i]);
}

/* Nothing will say how many frames there were in this bin: nor how many are missing. */
static void
forget_bin(struct losses *l, int64_t start)
{
	uint32_t i = lower(l, start);

	l->records++;
	if (i == l->bins || l->bin[i].start != start)
		return;
	l->unplaced += l->bin[i].records;
	memmove(&l->bin[i], &l->bin[i + 1], (--l->bins - i) * sizeof(*l->bin));
}

static void
take_mar(struct losses *l, const struct batch *b, uint32_t r)
{
	struct flow f;

	if (l->kept == NULL)
		l->kept = batch_new(KEPT_MAX);
	if (l->kept->rows == l->kept->cap) {
		forget_bin(l, (int64_t)batch_u64(b, F_bstart, r));
		return;
	}
	flow_clear(&f);
	batch_get(b, r, &f);
	batch_add(l->kept, &f);
}

static void
note_probe(struct losses *l, const struct batch *b)
{
	const struct blob *name = column_has(b->col[F_probe], 0) ? &b->col[F_probe]->b[0] : NULL;
	uint8_t *copy;

	if (l->probe.p != NULL || name == NULL)
		return;
	copy = mem_alloc(name->n + 1);
	memcpy(copy, name->p, name->n);
	l->probe = (struct blob){ copy, name->n };
}

void
losses_take(struct losses *l, const struct batch *b)
{
	struct loss *to = NULL;

	note_probe(l, b);
	for (uint32_t r = 0; r < b->rows; r++) {
		uint64_t type = batch_u64(b, F_rectype, r);
		int64_t start = (int64_t)batch_u64(b, F_bstart, r);

		if (!batch_selected(b, r))
			continue;
		if (type == RECTYPE_MAR) {
			take_mar(l, b, r);
			to = NULL;
			continue;
		}
		if (to == NULL || to->start != start)
			to = of_bin(l, start, (int64_t)batch_u64(b, F_bend, r));
		to->records++;
		l->records++;
		if (type == RECTYPE_TUN) /* its packets are those of other records */
			continue;
		to->pkts += batch_u64(b, F_spkts, r) + batch_u64(b, F_dpkts, r);
		to->bytes += batch_u64(b, F_sbytes, r) + batch_u64(b, F_dbytes, r);
	}
}

bool
losses_wait(const struct losses *l)
{
	return (l->bins > 0 || (l->kept != NULL && l->kept->rows > 0));
}

static void
tell_bin(struct losses *l, const struct loss *x, struct batch *b)
{
	struct flow f;

	flow_clear(&f);
	SET(&f, rectype, RECTYPE_MAR);
	SET(&f, bstart, x->start);
	SET(&f, bend, x->end);
	SET_BLOB(&f, probe, l->probe.p, l->probe.n);
	SET(&f, recdrop, x->records + l->unplaced);
	SET(&f, recdrop_pkts, x->pkts);
	SET(&f, recdrop_bytes, x->bytes);
	l->unplaced = 0;
	batch_add(b, &f);
}

uint32_t
losses_tell(struct losses *l, struct batch *b)
{
	struct flow f;
	uint32_t kept = 0, i = 0;

	if (l->kept != NULL && l->kept->rows <= b->cap - b->rows) {
		for (; kept < l->kept->rows; kept++) {
			batch_get(l->kept, kept, &f);
			batch_add(b, &f);
		}
		batch_reset(l->kept);
	}
	while (i < l->bins && b->rows < b->cap)
		tell_bin(l, &l->bin[i++], b);
	memmove(l->bin, l->bin + i, (l->bins - i) * sizeof(*l->bin));
	l->bins -= i;
	return (kept);
}

uint64_t
losses_records(const struct losses *l)
{
	return (l->records);
}
