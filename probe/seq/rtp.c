/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtp.c: RTP: a numbering per source of a direction, and jitter (RFC 3550 A.8).
 *
 * RTP has no port: what looks like it is believed when three packets of one source follow each other.  Several sources
 * may share a direction (audio, video, repair), so as many may be waiting to be believed.
 */
#include "probe/seq/numbers.h"

#include "format/base/clock.h"

#include <string.h>

#define SOURCES 4 /* of a direction, that are not believed yet */

struct rtp { /* of a flow; by side */
	struct rtp_source {
		struct rtp_clock clock;
		int64_t ts[2];   /* of the packets that wait for the third */
		uint64_t jitter; /* and the second one's sample */
		uint32_t ssrc;
		uint16_t seq;
		uint8_t run;     /* packets that followed each other; 0: nobody */
		bool sampled;
	} side[2][SOURCES];
};

void
rtp_init(struct numbers *n, uint32_t max_flows)
{
	pool_init(&n->rtp, sizeof(struct rtp), max_flows);
}

void
rtp_end_flow(struct numbers *n, struct flow_state *f)
{
	if (f->ext != 0)
		pool_put(&n->rtp, f->ext);
}

/* Clock rates of static payload types (RFC 3551 6); 0: dynamic or reserved, not known. */
static const uint32_t rates[128] = {
	[0] = 8000, [3] = 8000, [4] = 8000, [5] = 8000, [6] = 16000, [7] = 8000, [8] = 8000, [9] = 8000,
	[10] = 44100, [11] = 44100, [12] = 8000, [13] = 8000, [14] = 90000, [15] = 8000, [16] = 11025, [17] = 22050,
	[18] = 8000, [25] = 90000, [26] = 90000, [28] = 90000, [31] = 90000, [32] = 90000, [33] = 90000, [34] = 90000,
};

/* One sample of J, in ns; false: nothing to compare with. */
static bool
jitter(struct rtp_clock *c, const struct packet *p, uint64_t *j)
{
	uint32_t rate = rates[p->rtp.pt & 127], before = c->ts, was = c->rate;
	int64_t arrived = c->arrived, d;

	c->ts = p->rtp.ts;
	c->rate = rate;
	c->arrived = p->ts;
	if (rate == 0 || was != rate || p->ts - arrived > 3600 * SEC || p->ts - arrived < -3600 * SEC)
		return (false);
	d = p->ts - arrived - (int64_t)(int32_t)(p->rtp.ts - before) * SEC / (int64_t)rate;
	c->jitter += (uint64_t)(d < 0 ? -d : d) - ((c->jitter + 8) >> 4);
	*j = c->jitter >> 4;
	return (true);
}

static void
sample(struct seq_media *m, int side, uint64_t j)
{
	uint64_t us = j / USEC;

	m->jit_n[side]++;
	m->jit_sum[side] += us;
	if (us > m->jit_max[side])
		m->jit_max[side] = us;
}

static void
describe(struct seq_media *m, int side, const struct packet *p)
{
	if (!m->there[side])
		m->pt[side] = p->rtp.pt;
	m->there[side] = true;
	m->ssrc[side] = p->rtp.ssrc;
}

/* Does this packet follow the one before?  The third in a row is believed. */
static bool
believe(struct rtp_source *c, const struct packet *p, uint64_t *j, bool *sampled)
{
	bool next = c->run > 0 && c->ssrc == p->rtp.ssrc && p->rtp.seq == (uint16_t)(c->seq + 1);

	if (!next) {
		memset(c, 0, sizeof(*c));
		c->ssrc = p->rtp.ssrc;
	}
	c->seq = p->rtp.seq;
	*sampled = jitter(&c->clock, p, j);
	c->run++;
	if (c->run > 2)
		return (true);
	c->ts[c->run - 1] = p->ts;
	c->sampled = *sampled;
	c->jitter = *sampled ? *j : 0;
	return (false);
}

/* All three count now. */
static unsigned
begin(struct stream *x, struct rtp_source *c, struct seq_media *m, int side, struct number *n)
{
	x->clock = c->clock;
	if (c->sampled)
		sample(m, side, c->jitter);
	for (unsigned i = 0; i < 2; i++)
		n[i] = (struct number){ .stream = x, .q = (uint16_t)(c->seq - 2 + (int)i), .ts = c->ts[i] };
	memset(c, 0, sizeof(*c));
	return (2);
}

/* This source, or the one silent for longest, whose place it takes. */
static struct rtp_source *
candidate(struct numbers *n, const struct seen *v)
{
	struct flow_state *f = v->f;
	struct rtp_source *c, *old;

	if (f->ext == 0) {
		if ((f->ext = pool_get(&n->rtp)) == 0)
			return (NULL);
		memset(pool_at(&n->rtp, f->ext), 0, sizeof(struct rtp));
	}
	c = old = ((struct rtp *)pool_at(&n->rtp, f->ext))->side[v->side];
	for (int i = 0; i < SOURCES; i++) {
		if (c[i].run > 0 && c[i].ssrc == v->p->rtp.ssrc)
			return (&c[i]);
		if (old->run > 0 && (c[i].run == 0 || c[i].clock.arrived < old->clock.arrived))
			old = &c[i];
	}
	return (old);
}

unsigned
rtp_packet(struct numbers *n, const struct seen *v, struct number *out)
{
	const struct packet *p = v->p;
	int side = v->side;
	uint64_t id = stream_id(n->seed, &v->key, side, p->rtp.ssrc, STREAM_RTP), j;
	struct stream *x = stream_find(&n->streams, id, v->now);
	struct rtp_source *c = NULL;
	struct seq_bin *s;
	struct seq_media *m;
	unsigned got = 0;
	bool sampled;

	if (x == NULL) {
		if ((c = candidate(n, v)) == NULL || !believe(c, p, &j, &sampled) ||
		    (x = stream_add(&n->streams, id, STREAM_RTP, 16, v->now)) == NULL)
			return (0);
	} else {
		sampled = jitter(&x->clock, p, &j);
	}
	x->side = (uint8_t)side;
	x->spi = p->rtp.ssrc;
	s = seq_bin(n, v->b);
	s->numbered = true;
	m = seq_media(n, s);
	describe(m, side, p);
	if (c != NULL)
		got = begin(x, c, m, side, out);
	if (sampled)
		sample(m, side, j);
	out[got] = (struct number){ .stream = x, .q = p->rtp.seq, .ts = p->ts };
	return (got + 1);
}
