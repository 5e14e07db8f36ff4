/* SPDX-License-Identifier: BSD-2-Clause
 *
 * numbers.c: what a record keeps of numbers, and where a carrier counts what it finds.
 */
#include "probe/seq/numbers.h"


#include <string.h>

#define MIRRORS_MAX 1024
#define STREAMS_MAX 65536
#define TRIALS_MAX  16384
#define RUNS_MAX    8192

void
numbers_init(struct numbers *n, struct ledger *l, uint32_t max_flows, uint64_t seed)
{
	memset(n, 0, sizeof(*n));
	n->ledger = l;
	n->seed = seed;
	pool_init(&n->bins, sizeof(struct seq_bin), ledger_cells(max_flows));
	pool_init(&n->media, sizeof(struct seq_media), ledger_cells(max_flows));
	pool_init(&n->runs, sizeof(struct seq_runs), RUNS_MAX);
	rtp_init(n, max_flows);
	streams_init(&n->streams, max_flows < STREAMS_MAX ? max_flows + 2 : STREAMS_MAX);
	streams_init(&n->mirrors, MIRRORS_MAX);
	seq_trials_init(&n->trials, TRIALS_MAX);
}

void
numbers_free(struct numbers *n)
{
	pool_free(&n->bins);
	pool_free(&n->media);
	pool_free(&n->runs);
	pool_free(&n->rtp);
	streams_free(&n->streams);
	streams_free(&n->mirrors);
	seq_trials_free(&n->trials);
}

/* --- of a bin */

struct seq_bin *
seq_bin_new(struct numbers *n, struct bin *b)
{
	b->ext = pool_get(&n->bins);
	memset(pool_at(&n->bins, b->ext), 0, sizeof(struct seq_bin));
	return (pool_at(&n->bins, b->ext));
}

struct seq_media *
seq_media(struct numbers *n, struct seq_bin *s)
{
	if (s->media == 0) {
		s->media = pool_get(&n->media);
		memset(pool_at(&n->media, s->media), 0, sizeof(struct seq_media));
	}
	return (pool_at(&n->media, s->media));
}

void
seq_bin_end(struct numbers *n, const struct bin *b)
{
	if (b->ext == 0)
		return;
	if (((const struct seq_bin *)pool_at(&n->bins, b->ext))->media != 0)
		pool_put(&n->media, ((const struct seq_bin *)pool_at(&n->bins, b->ext))->media);
	for (int i = 0; i < 2; i++)
		seq_came_end(n, &((struct seq_bin *)pool_at(&n->bins, b->ext))->came[i]);
	pool_put(&n->bins, b->ext);
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
seq_bin_merge(struct numbers *n, struct bin *to, struct bin *from)
{
	struct seq_bin *a, *b;

	if (from->ext == 0)
		return;
	if (to->ext == 0) {
		to->ext = from->ext;
		from->ext = 0;
		return;
	}
	a = pool_at(&n->bins, to->ext);
	b = pool_at(&n->bins, from->ext);
	for (int i = 0; i < 2; i++) {
		seq_counts_add(&a->counts[i], &b->counts[i]);
		for (uint32_t j = 0; j < b->nspi[i] && j < SEQ_SPIS; j++)
			seq_bin_spi(a, i, b->seen[i][j], b->seen[i][j] == b->spi[i] ? b->since[i] : 0);
		a->rekeys[i] += b->rekeys[i];
		a->roam[i] += b->roam[i];
		a->badspi[i] += b->badspi[i];
		if (a->quiet[i] == 0)
			a->quiet[i] = b->quiet[i];
		seq_came_merge(n, &a->came[i], &b->came[i]);
	}
	a->flags |= b->flags;
	pool_put(&n->bins, from->ext);
	from->ext = 0;
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

void
seq_fill_counts(const struct seq_counts *s, const struct seq_counts *d, struct tile *r)
{
	static _Thread_local uint8_t lags[2][SEQ_LAGS * 6]; /* until the record is put */
	size_t n;

#define BOTH(name)                \
	PUT(r, s##name, s->name); \
	PUT(r, d##name, d->name);
	SEQ_SUMS_64(BOTH)
	SEQ_SUMS_32(BOTH)
	SEQ_MAXES(BOTH)
#undef BOTH
	if ((n = pack_lags(s, lags[0])) > 0)
		PUT_BLOB(r, slaghist, lags[0], n);
	if ((n = pack_lags(d, lags[1])) > 0)
		PUT_BLOB(r, dlaghist, lags[1], n);
}

void
seq_fill_spis(const struct seq_bin *s, int x, struct tile *r)
{
	int y = 1 - x;

	PUT(r, sspi, s->spi[x] != 0 ? s->spi[x] : s->quiet[x]);
	PUT(r, dspi, s->spi[y] != 0 ? s->spi[y] : s->quiet[y]);
	PUT(r, snspi, s->nspi[x]);
	PUT(r, dnspi, s->nspi[y]);
	if (s->before[x] != 0)
		PUT(r, sspi0, s->before[x]);
	if (s->before[y] != 0)
		PUT(r, dspi0, s->before[y]);
	PUT(r, srekeys, s->rekeys[x]);
	PUT(r, drekeys, s->rekeys[y]);
	PUT(r, pconf, s->conf);
}

void
seq_fill_health(const struct seq_bin *s, const struct bin *b, struct tile *r)
{
	if ((s->oneway[0] && b->pkts[0] == 0) || (s->oneway[1] && b->pkts[1] == 0))
		PUT(r, health, HEALTH_oneway);
}

#define SIDE_MEDIA(p, side)                                                           \
	do {                                                                          \
		if (!m->there[side])                                                  \
			break;                                                        \
		PUT(r, p##ssrc, m->ssrc[side]);                                       \
		PUT(r, p##pt, m->pt[side]);                                           \
		if (m->jit_n[side] == 0)                                              \
			break;                                                        \
		PUT(r, p##jit_sum, m->jit_sum[side]);                                 \
		PUT(r, p##jit_n, m->jit_n[side]);                                     \
		PUT(r, p##jit_max, m->jit_max[side]);                                 \
	} while (0)

static void
fill_media(const struct seq_media *m, int x, int y, struct tile *r)
{
	SIDE_MEDIA(s, x);
	SIDE_MEDIA(d, y);
}

void
seq_fill_carried(const struct numbers *n, const struct flow_state *f, const struct bin *b, struct tile *r)
{
	const struct seq_bin *s;
	int x = f->src, y = 1 - x;

	if (b->ext == 0)
		return;
	s = pool_at(&n->bins, b->ext);
	if (s->peers) {
		struct key k = table_key(n->ledger->table, f);

		PUT(r, tunid, id_of_tunnel(&k));
		PUT(r, lane, 0);
		seq_fill_spis(s, x, r);
	}
	if (s->numbered) {
		seq_fill_counts(&s->counts[x], &s->counts[y], r);
		seq_fill_came(n, s, b, x, r);
		seq_fill_health(s, b, r);
	}
	if (s->media != 0)
		fill_media(pool_at(&n->media, s->media), x, y, r);
}

/* --- one direction of a carrier */

struct seq_bin *
carrier_bin(struct carrier *c, const struct seq_place *p)
{
	struct flow_ref of = { .key = *c->key, .id = p->flowid, .otime = p->bin, .cell = c->flow, .src = c->src,
		.dirq = c->dirq };
	struct seq_bin *s;

	if (c->lanes) {
		of.key.kind = KEY_LANE;
		of.key.aux = p->lane;
	}
	c->bin = ledger_bin(c->numbers->ledger, &of, p->bin, c->now);
	s = seq_bin(c->numbers, c->bin);
	if (c->bin->correction) {
		s->spi[c->side] = c->spi;
		s->numbered = true;
		s->peers = c->peers;
	}
	return (s);
}

void
carrier_done(struct carrier *c)
{
	ledger_done(c->numbers->ledger, c->bin);
	c->bin = NULL;
}

struct seq_counts *
carrier_there(void *arg, const struct seq_place *p)
{
	struct carrier *c = arg;

	return (p->flowid == 0 ? &c->numbers->nowhere : &carrier_bin(c, p)->counts[c->side]);
}

void
carrier_back(void *arg)
{
	struct carrier *c = arg;

	if (c->bin != NULL)
		carrier_done(c);
}

struct seq_sink
carrier_sink(struct carrier *c, struct seq_place place, struct seq_counts *here)
{
	return ((struct seq_sink){ place, here, carrier_there, carrier_back, c, &c->numbers->trials, 0 });
}

void
carrier_end(struct carrier *c, struct seqno *s)
{
	struct seq_counts lost = { 0 };
	struct seq_sink k = carrier_sink(c, (struct seq_place){ .bin = INT64_MIN }, &lost);

	seqno_end(s, &k);
}
