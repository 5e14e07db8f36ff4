/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/seq.c: sequence-numbered tunnels (ESP, AH): which SPIs a record saw.
 */
#include "probe/track/track.h"

#include <string.h>

#define SPIS 8 /* told apart exactly within a record; beyond that each change counts */

struct seq {
	uint32_t spi[2]; /* newest of each side; 0 = none */
};

struct seq_bin {
	uint32_t spi[2], before[2];
	uint32_t seen[2][SPIS];
	uint32_t n[2]; /* distinct */
};

void
seq_init(struct track *t, uint32_t max_flows)
{
	pool_init(&t->seq, sizeof(struct seq), max_flows);
	pool_init(&t->seq_bin, sizeof(struct seq_bin), max_flows > 1u << 30 ? 1u << 31 : 3 * max_flows);
}

static bool
known(const struct seq_bin *s, int side, uint32_t spi)
{
	for (uint32_t i = 0; i < s->n[side] && i < SPIS; i++)
		if (s->seen[side][i] == spi)
			return (true);
	return (false);
}

static void
packet(struct track *t, struct flow_state *f, struct bin *b, int side, const struct packet *p)
{
	struct seq_bin *s;
	struct seq *q;

	if ((p->facts & FACT_SPI) == 0)
		return;
	if (f->ext == 0 && (f->ext = pool_get(&t->seq)) != 0)
		memset(pool_at(&t->seq, f->ext), 0, sizeof(struct seq));
	if (b->ext == 0 && (b->ext = pool_get(&t->seq_bin)) != 0)
		memset(pool_at(&t->seq_bin, b->ext), 0, sizeof(struct seq_bin));
	if (f->ext == 0 || b->ext == 0)
		return;
	q = pool_at(&t->seq, f->ext);
	s = pool_at(&t->seq_bin, b->ext);
	q->spi[side] = p->spi;
	for (int i = 0; i < 2; i++) {
		if (s->spi[i] == q->spi[i])
			continue;
		s->before[i] = s->spi[i];
		s->spi[i] = q->spi[i];
	}
	if (!known(s, side, p->spi)) {
		if (s->n[side] < SPIS)
			s->seen[side][s->n[side]] = p->spi;
		s->n[side]++;
	}
}

static void
prefetch(const struct track *t, const struct flow_state *f, const struct bin *b)
{
	__builtin_prefetch(pool_at(&t->seq, f->ext));
	if (b != NULL)
		__builtin_prefetch(pool_at(&t->seq_bin, b->ext));
}

static void
fill(const struct track *t, const struct flow_state *f, const struct bin *b, struct flow *r)
{
	const struct seq_bin *s;
	int x = f->src, y = 1 - x;

	if (b->ext == 0)
		return;
	s = pool_at(&t->seq_bin, b->ext);
	SET(r, sspi, s->spi[x]);
	SET(r, dspi, s->spi[y]);
	SET(r, snspi, s->n[x]);
	SET(r, dnspi, s->n[y]);
	if (s->before[x] != 0)
		SET(r, sspi0, s->before[x]);
	if (s->before[y] != 0)
		SET(r, dspi0, s->before[y]);
}

static void
end_bin(struct track *t, struct bin *b)
{
	if (b->ext != 0)
		pool_put(&t->seq_bin, b->ext);
}

static void
end_flow(struct track *t, struct flow_state *f)
{
	if (f->ext != 0)
		pool_put(&t->seq, f->ext);
}

const struct tracker track_seq = { "seq", packet, fill, prefetch, end_bin, end_flow };
