/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/seq.c: sequence-numbered tunnels (ESP, AH): SPIs and sequence counts of a record.
 *
 * The numbers themselves are followed per SA (seqno.c), SAs are paired into lanes by tunnel.c; here is only
 * what a record keeps of it.
 */
#include "probe/seq/numbers.h"

#include "probe/track/pools.h"

#include <string.h>

void
seq_init(struct track *t, uint32_t max_flows)
{
	pool_init(&t->seq_bin, sizeof(struct seq_bin), max_flows > 1u << 30 ? 1u << 31 : 3 * max_flows);
}

struct seq_bin *
seq_bin(struct track *t, struct bin *b)
{
	if (b->ext == 0) {
		if ((b->ext = pool_get(&t->seq_bin)) == 0)
			return (NULL);
		memset(pool_at(&t->seq_bin, b->ext), 0, sizeof(struct seq_bin));
	}
	return (pool_at(&t->seq_bin, b->ext));
}

static bool
known(const struct seq_bin *s, int side, uint32_t spi)
{
	for (uint32_t i = 0; i < s->nspi[side] && i < SEQ_SPIS; i++)
		if (s->seen[side][i] == spi)
			return (true);
	return (false);
}

void
seq_bin_spi(struct seq_bin *s, int side, uint32_t spi, int64_t since)
{
	if (!known(s, side, spi)) {
		if (s->nspi[side] < SEQ_SPIS)
			s->seen[side][s->nspi[side]] = spi;
		s->nspi[side]++;
	}
	if (spi == s->spi[side])
		return;
	if (s->spi[side] != 0 && since < s->since[side]) { /* the old SA still sends beside the new one */
		s->before[side] = spi;
		return;
	}
	s->before[side] = s->spi[side];
	s->spi[side] = spi;
	s->since[side] = since;
}

void
seq_bin_merge(struct track *t, struct bin *to, struct bin *from)
{
	struct seq_bin *a, *b;

	if (from->ext == 0)
		return;
	if (to->ext == 0) {
		to->ext = from->ext;
		from->ext = 0;
		return;
	}
	a = pool_at(&t->seq_bin, to->ext);
	b = pool_at(&t->seq_bin, from->ext);
	for (int i = 0; i < 2; i++) {
		seq_counts_add(&a->counts[i], &b->counts[i]);
		for (uint32_t j = 0; j < b->nspi[i] && j < SEQ_SPIS; j++)
			seq_bin_spi(a, i, b->seen[i][j], b->seen[i][j] == b->spi[i] ? b->since[i] : 0);
		a->rekeys[i] += b->rekeys[i];
		a->roam[i] += b->roam[i];
		a->badspi[i] += b->badspi[i];
		if (a->quiet[i] == 0)
			a->quiet[i] = b->quiet[i];
	}
	a->flags |= b->flags;
	pool_put(&t->seq_bin, from->ext);
	from->ext = 0;
}

static void
prefetch(const struct track *t, const struct flow_state *f, const struct bin *b)
{
	(void)f;
	if (b != NULL)
		__builtin_prefetch(pool_at(&t->seq_bin, b->ext));
}

/* A histogram as a record holds it (flow.h): pairs of steps and counts. */
static size_t
pack_lags(const struct seq_counts *c, uint8_t *out)
{
	size_t n = 0;
	int last = -1;

	for (int i = 0; i < SEQ_LAGS; i++) {
		if (c->laghist[i] == 0)
			continue;
		out[n++] = (uint8_t)(i - last - 1);
		for (uint32_t v = c->laghist[i];; v >>= 7) {
			out[n++] = (uint8_t)(v > 127 ? (v & 127) | 128 : v);
			if (v <= 127)
				break;
		}
		last = i;
	}
	return (n);
}

#define SIDE_COUNTS(p, c)                                    \
	do {                                                 \
		SET(r, p##uniq, (c)->uniq);                  \
		SET(r, p##lost, (c)->lost);                  \
		SET(r, p##fix, 0);                           \
		SET(r, p##dup, (c)->dup);                    \
		SET(r, p##late, (c)->late);                  \
		SET(r, p##early, (c)->early);                \
		SET(r, p##gapev, (c)->gapev);                \
		SET(r, p##stale, (c)->stale);                \
		SET(r, p##badseq, (c)->badseq);              \
		SET(r, p##jumps, (c)->jumps);                \
		SET(r, p##jumpskip, (c)->jumpskip);          \
		SET(r, p##resets, (c)->resets);              \
		SET(r, p##wrap, (c)->wrap);                  \
		SET(r, p##headgap, (c)->headgap);            \
		SET(r, p##noutage, (c)->noutage);            \
		SET(r, p##outage, (c)->outage);              \
		SET(r, p##nr3, (c)->nr3);                    \
		SET(r, p##lateus_sum, (c)->lateus_sum);      \
		SET(r, p##lateus_max, (c)->lateus_max);      \
		SET(r, p##maxgap, (c)->maxgap);              \
		SET(r, p##lagmax, (c)->lagmax);              \
		SET(r, p##extmax, (c)->extmax);              \
	} while (0)

void
seq_fill_counts(const struct seq_counts *s, const struct seq_counts *d, struct flow *r)
{
	static uint8_t lags[2][SEQ_LAGS * 6]; /* until the record is put */
	size_t n;

	SIDE_COUNTS(s, s);
	SIDE_COUNTS(d, d);
	if ((n = pack_lags(s, lags[0])) > 0)
		SET_BLOB(r, slaghist, lags[0], n);
	if ((n = pack_lags(d, lags[1])) > 0)
		SET_BLOB(r, dlaghist, lags[1], n);
}

void
seq_fill_spis(const struct seq_bin *s, int x, struct flow *r)
{
	int y = 1 - x;

	SET(r, sspi, s->spi[x] != 0 ? s->spi[x] : s->quiet[x]);
	SET(r, dspi, s->spi[y] != 0 ? s->spi[y] : s->quiet[y]);
	SET(r, snspi, s->nspi[x]);
	SET(r, dnspi, s->nspi[y]);
	if (s->before[x] != 0)
		SET(r, sspi0, s->before[x]);
	if (s->before[y] != 0)
		SET(r, dspi0, s->before[y]);
	SET(r, srekeys, s->rekeys[x]);
	SET(r, drekeys, s->rekeys[y]);
	SET(r, pconf, s->conf);
}

void
seq_fill_health(const struct seq_bin *s, const struct bin *b, struct flow *r)
{
	if ((s->oneway[0] && b->pkts[0] == 0) || (s->oneway[1] && b->pkts[1] == 0))
		SET(r, health, HEALTH_oneway);
}

static void
fill(const struct track *t, const struct flow_state *f, const struct bin *b, struct flow *r)
{
	const struct seq_bin *s;
	int x = f->src, y = 1 - x;

	if (b->ext == 0)
		return;
	s = pool_at(&t->seq_bin, b->ext);
	seq_fill_spis(s, x, r);
	SET(r, sroam, s->roam[x]);
	SET(r, droam, s->roam[y]);
	SET(r, sbadspi, s->badspi[x]);
	SET(r, dbadspi, s->badspi[y]);
	SET(r, spiflags, s->flags);
	seq_fill_counts(&s->counts[x], &s->counts[y], r);
	seq_fill_health(s, b, r);
}

static void
end_bin(struct track *t, struct bin *b)
{
	if (b->ext != 0)
		pool_put(&t->seq_bin, b->ext);
}

const struct tracker track_seq = { "seq", NULL, fill, prefetch, end_bin, NULL };
