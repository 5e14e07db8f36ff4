/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/udp.c: what a UDP or GRE record holds beside counts: the numbers of its carrier, RTP's jitter, IKE,
 * keepalives.
 */
#include "probe/track/udp.h"

#include "format/base/hash.h"
#include "probe/track/pools.h"

#include <string.h>

void
udp_init(struct track *t, uint32_t max_flows)
{
	streams_init(&t->streams, max_flows < STREAMS_MAX ? max_flows + 2 : STREAMS_MAX);
	streams_init(&t->mirrors, MIRRORS_MAX);
	pool_init(&t->rtp, sizeof(struct rtp), max_flows);
	pool_init(&t->udp_bin, sizeof(struct udp_bin), max_flows > 1u << 30 ? 1u << 31 : 3 * max_flows);
}

struct streams *
track_streams(struct track *t)
{
	return (&t->streams);
}

struct streams *
track_mirrors(struct track *t)
{
	return (&t->mirrors);
}

struct udp_bin *
udp_bin(struct track *t, struct bin *b)
{
	struct seq_bin *s = seq_bin(t, b);

	if (s == NULL)
		return (NULL);
	if (s->more == 0) {
		if ((s->more = pool_get(&t->udp_bin)) == 0)
			return (NULL);
		memset(pool_at(&t->udp_bin, s->more), 0, sizeof(struct udp_bin));
	}
	return (pool_at(&t->udp_bin, s->more));
}

void
udp_natka(struct track *t, struct bin *b, int side)
{
	struct udp_bin *u = udp_bin(t, b);

	if (u != NULL) {
		u->natka[side]++;
		u->has |= UDP_NATKA;
	}
}

void
udp_ike(struct track *t, struct bin *b, int side, bool response)
{
	struct udp_bin *u = udp_bin(t, b);

	if (u == NULL)
		return;
	u->ikeq[side] += !response;
	u->iker[side] += response;
	u->has |= UDP_IKE;
}

struct stream *
gre_stream(struct streams *s, const struct packet *p, int64_t now)
{
	struct stream *x = stream_find(s, p->gre_id, now);

	if (x == NULL)
		x = stream_add(s, p->gre_id, STREAM_GRE, 32, now);
	return (x);
}

#define SIDE_RTP(p, side)                                                             \
	do {                                                                          \
		if (!u->rtp[side])                                                    \
			break;                                                        \
		SET(r, p##ssrc, u->ssrc[side]);                                       \
		SET(r, p##pt, u->pt[side]);                                           \
		if (u->jit_n[side] == 0)                                              \
			break;                                                        \
		SET(r, p##jit_sum, u->jit_sum[side]);                                 \
		SET(r, p##jit_n, u->jit_n[side]);                                     \
		SET(r, p##jit_max, u->jit_max[side]);                                 \
	} while (0)

static void
fill_more(const struct udp_bin *u, int s, int d, struct flow *r)
{
	if (u->has & UDP_NATKA) {
		SET(r, snatka, u->natka[s]);
		SET(r, dnatka, u->natka[d]);
	}
	if (u->has & UDP_IKE) {
		SET(r, sikeq, u->ikeq[s]);
		SET(r, dikeq, u->ikeq[d]);
		SET(r, siker, u->iker[s]);
		SET(r, diker, u->iker[d]);
	}
	SIDE_RTP(s, s);
	SIDE_RTP(d, d);
}

static void
fill(const struct track *t, const struct flow_state *f, const struct bin *b, struct flow *r)
{
	const struct seq_bin *s;
	int x = f->src, y = 1 - x;

	if (b->ext == 0)
		return;
	s = pool_at(&t->seq_bin, b->ext);
	if (s->peers) {
		SET(r, tunid, hash64(&f->key, sizeof(f->key), 0));
		SET(r, lane, 0);
		seq_fill_spis(s, x, r);
	}
	if (s->numbered) {
		seq_fill_counts(&s->counts[x], &s->counts[y], r);
		seq_fill_health(s, b, r);
	}
	if (s->more != 0)
		fill_more(pool_at(&t->udp_bin, s->more), x, y, r);
}

static void
end_bin(struct track *t, struct bin *b)
{
	const struct seq_bin *s;

	if (b->ext == 0)
		return;
	s = pool_at(&t->seq_bin, b->ext);
	if (s->more != 0)
		pool_put(&t->udp_bin, s->more);
	pool_put(&t->seq_bin, b->ext);
}

static void
end_flow(struct track *t, struct flow_state *f)
{
	if (f->ext != 0)
		pool_put(&t->rtp, f->ext);
}

const struct tracker track_udp = { "udp", NULL, fill, NULL, end_bin, end_flow };
const struct tracker track_gre = { "gre", NULL, fill, NULL, end_bin, NULL };
