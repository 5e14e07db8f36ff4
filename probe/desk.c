/* SPDX-License-Identifier: BSD-2-Clause
 *
 * desk.c: where the counts of sequence numbers go: into a bin that is open, or, once it is written, into a
 * correction (SEMANTICS R5).  One piece for every carrier.
 */
#include "probe/engine_room.h"
#include "probe/seq/numbers.h"

#include "format/base/hash.h"

struct bin *
desk_bin(const struct engine *e, const struct flow_state *f, int64_t start)
{
	for (uint32_t n = f->bin; n != 0; n = bin_at(&e->table, n)->older) {
		struct bin *b = bin_at(&e->table, n);

		if (b->start == start && (b->flags & RFLAGS_late) == 0)
			return (b);
	}
	return (NULL);
}

/* The flow's bin, if it can still change. */
static struct bin *
open_bin(const struct desk *d, uint64_t flowid, int64_t start)
{
	const struct engine *e = d->e;
	const struct flow_state *f = d->flow != 0 ? flow_at(&e->table, d->flow) : NULL;

	if (f == NULL || f->id != flowid || (timeline_sealed(&e->time, start, d->now) && !lanes_wait(e, f, start)))
		return (NULL);
	return (desk_bin(e, f, start));
}

static struct seq_counts *
there(void *arg, const struct seq_place *p)
{
	const struct desk *d = arg;
	struct bin *b;
	struct seq_bin *s;

	if (p->flowid == 0)
		return (&d->e->nowhere);
	b = open_bin(d, p->flowid, p->bin);
	s = b != NULL ? seq_bin(d->e->track, b) : NULL;
	return (s != NULL ? &s->counts[d->side] : NULL);
}

struct flow *
desk_correction(const struct desk *d, const struct seq_place *p, bool *source)
{
	struct engine *e = d->e;
	struct flow_state gone = { .key = *d->key, .id = p->flowid, .otime = p->bin, .src = d->src, .dirq = d->dirq,
		.vlan = { 0xffff, 0xffff }, .ivlan = { 0xffff, 0xffff } };
	struct flow_state *f = d->flow != 0 ? flow_at(&e->table, d->flow) : NULL;
	struct flow *r;

	if (d->lanes) {
		gone.key.kind = KEY_LANE;
		gone.key.aux = p->lane;
	}
	if (f != NULL && f->id == p->flowid)
		engine_write_up_to(e, f, p->bin);
	else
		f = &gone;
	*source = d->side == f->src;
	r = emit_corr(&e->emit, &e->table, f, p->bin);
	if (d->peer) {
		SET(r, tunid, hash64(&f->key, sizeof(f->key), 0));
		SET(r, lane, 0);
	}
	if (d->spi != 0 && *source)
		SET(r, sspi, d->spi);
	if (d->spi != 0 && !*source)
		SET(r, dspi, d->spi);
	return (r);
}

static void
correct(void *arg, const struct seq_place *p, uint32_t fix, uint32_t early, uint32_t badseq)
{
	const struct desk *d = arg;
	bool source;
	struct flow *r;

	if (p->flowid == 0)
		return;
	r = desk_correction(d, p, &source);
	if (fix > 0 && source)
		SET(r, sfix, fix);
	if (fix > 0 && !source)
		SET(r, dfix, fix);
	if (early > 0 && source)
		SET(r, searly, early);
	if (early > 0 && !source)
		SET(r, dearly, early);
	if (badseq > 0 && source)
		SET(r, sbadseq, badseq);
	if (badseq > 0 && !source)
		SET(r, dbadseq, badseq);
	emit_put(&d->e->emit);
}

struct seq_sink
desk_sink(struct desk *d, struct seq_place place, struct seq_counts *here)
{
	return ((struct seq_sink){ place, here, there, correct, d });
}

void
desk_end(struct desk *d, struct seqno *s)
{
	struct seq_counts lost = { 0 };
	struct seq_sink k = desk_sink(d, (struct seq_place){ INT64_MIN, 0, 0 }, &lost);

	seqno_end(s, &k);
}
