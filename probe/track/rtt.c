/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/rtt.c: round trips by handshake, by timestamps, by data and ACK.
 */
#include "probe/track/rtt.h"

#include "format/base/clock.h"
#include "format/formula.h"
#include "probe/track/track.h"

#include <string.h>

#define STAMPS   16         /* that wait for their echo, in each direction */
#define STAMP_AGE (10 * SEC) /* an echo or an acknowledgement that comes later tells nothing: others were missed */
#define BUCKETS  124        /* of 32 bits of us, in quarter octaves */

/* Timestamps of each side, of the first packet that had it.  A value of 0 is a free place. */
struct rtt_ring {
	struct stamps {
		uint32_t val[STAMPS];
		int64_t sent[STAMPS];
		uint32_t newest;  /* greatest value that came, kept or not */
		uint32_t echoed;  /* greatest value that the other side has sent back; 0 = none */
		uint16_t pure;    /* bit a place: it came without data */
		uint8_t filled, emptied; /* the place filled last, and that whose echo came last: the next is like it behind it */
	} side[2];
};

struct rtt_dense {
	uint32_t count[BUCKETS];
};

void
rtt_init(struct track *t, uint32_t max_flows)
{
	uint32_t bins = ledger_cells(max_flows);

	pool_init(&t->rtt_ring, sizeof(struct rtt_ring), max_flows);
	pool_init(&t->rtt_leg, sizeof(struct rtt_leg), bins > 1u << 30 ? 1u << 31 : 2 * bins);
	pool_init(&t->rtt_dense, sizeof(struct rtt_dense), max_flows / 4 + 1024);
}

void
rtt_free(struct track *t)
{
	pool_free(&t->rtt_ring);
	pool_free(&t->rtt_leg);
	pool_free(&t->rtt_dense);
}

static int32_t
ahead(uint32_t a, uint32_t b) /* how far a is ahead of b, serially */
{
	return ((int32_t)(a - b));
}

/* --- a sample */

/* All buckets in a cell of their own from now on; NULL at the cap: then this sample is in no bucket. */
static struct rtt_dense *
spill(struct track *t, struct rtt_leg *l)
{
	struct rtt_dense *d;

	if ((l->dense = pool_get(&t->rtt_dense)) == 0)
		return (NULL);
	d = pool_at(&t->rtt_dense, l->dense);
	memset(d, 0, sizeof(*d));
	for (int i = 0; i < l->pairs; i++)
		d->count[l->bucket[i]] = l->count[i];
	return (d);
}

static void
count(struct track *t, struct rtt_leg *l, uint32_t us)
{
	uint8_t b = (uint8_t)hist_bucket(HIST_QUARTERS, us);
	struct rtt_dense *d = NULL;
	int i = 0;

	if (l->dense == 0) {
		while (i < l->pairs && l->bucket[i] < b)
			i++;
		if (i < l->pairs && l->bucket[i] == b && l->count[i] < UINT16_MAX) {
			l->count[i]++;
			return;
		}
		if (l->pairs < RTT_PAIRS && (i == l->pairs || l->bucket[i] != b)) {
			memmove(&l->bucket[i + 1], &l->bucket[i], (size_t)(l->pairs - i) * sizeof(l->bucket[0]));
			memmove(&l->count[i + 1], &l->count[i], (size_t)(l->pairs - i) * sizeof(l->count[0]));
			l->bucket[i] = b;
			l->count[i] = 1;
			l->pairs++;
			return;
		}
		d = spill(t, l);
	} else {
		d = pool_at(&t->rtt_dense, l->dense);
	}
	if (d != NULL)
		d->count[b]++;
}

void
rtt_leg_add(struct track *t, struct rtt_leg *l, uint32_t us)
{
	l->n++;
	l->sum += us;
	if ((l->has & RTTLEG_MIN) == 0 || us < l->min)
		l->min = us;
	if (us > l->max)
		l->max = us;
	l->has |= RTTLEG_MIN;
	count(t, l, us);
}

/* A sample of a leg that began at `from` and closed at `to`, in us; false if it is none. */
static bool
span(int64_t from, int64_t to, uint32_t *us)
{
	int64_t d = (to - from) / 1000;

	if (to < from || d > UINT32_MAX)
		return (false);
	*us = (uint32_t)d;
	return (true);
}

/* As if it had had a cell when its only sample came. */
static void
from_one(struct rtt_leg *l, const struct rtt_bin *b, int leg)
{
	const struct rtt_one *x = &b->leg[leg];

	*l = (struct rtt_leg){ 0 };
	if ((b->has & RTTBIN_ONE << leg) == 0)
		return;
	l->min = x->us;
	l->base = x->base;
	l->any = 1;
	l->has = RTTLEG_MIN;
	if (b->has & RTTBIN_LEAST << leg)
		return;
	l->n = 1;
	l->sum = l->max = x->us;
	l->dsum = x->dsum;
	l->bucket[0] = (uint8_t)hist_bucket(HIST_QUARTERS, x->us);
	l->count[0] = 1;
	l->pairs = 1;
}

/* Its cell, made if need be; NULL at the cap: then only its first sample is known. */
static struct rtt_leg *
whole(struct track *t, struct rtt_bin *b, int leg)
{
	struct rtt_one *x = &b->leg[leg];

	if (x->cell == 0) {
		if ((x->cell = pool_get(&t->rtt_leg)) == 0)
			return (NULL);
		from_one(pool_at(&t->rtt_leg, x->cell), b, leg);
	}
	return (pool_at(&t->rtt_leg, x->cell));
}

/* least: it may be too long, but can not be too short. */
static void
sample(struct track *t, struct rtt_flow *f, struct rtt_bin *b, int leg, uint32_t us, unsigned method, bool least)
{
	struct rtt_leg *l;
	uint32_t d = us > f->last[leg] ? us - f->last[leg] : f->last[leg] - us;
	bool follows = f->has & RTT_LAST << leg;

	if ((f->has & RTT_BASE << leg) == 0 || us < f->base[leg])
		f->base[leg] = us;
	f->has |= (uint8_t)(RTT_BASE << leg);
	if (!least) {
		f->last[leg] = us;
		f->has |= (uint8_t)(RTT_LAST << leg);
	}
	b->method |= (uint8_t)method;
	if ((b->has & RTTBIN_ONE << leg) == 0) {
		b->has |= (uint8_t)((least ? RTTBIN_ONE | RTTBIN_LEAST : RTTBIN_ONE) << leg);
		b->leg[leg] = (struct rtt_one){ .us = us, .dsum = follows && !least ? d : 0, .base = f->base[leg] };
		return;
	}
	if ((l = whole(t, b, leg)) == NULL)
		return;
	l->base = f->base[leg];
	l->any++;
	if ((l->has & RTTLEG_MIN) == 0 || us < l->min)
		l->min = us;
	l->has |= RTTLEG_MIN;
	if (least)
		return;
	if (follows)
		l->dsum += d;
	rtt_leg_add(t, l, us);
}

/* --- handshake */

void
rtt_synack(struct track *t, struct rtt_flow *f, struct rtt_bin *b, int side, int64_t syn, int64_t ts)
{
	uint32_t us;

	if (!span(syn, ts, &us))
		return;
	f->synack = us;
	f->has |= RTT_SYNACK;
	sample(t, f, b, side, us, RTTM_hs, false);
	b->synack = us;
	b->has |= RTTBIN_SYNACK;
}

void
rtt_recall(struct rtt_flow *f, int side, int64_t syn, int64_t ts)
{
	if (!span(syn, ts, &f->synack))
		return;
	f->base[side] = f->last[side] = f->synack;
	f->has |= (uint8_t)(RTT_SYNACK | RTT_BASE << side | RTT_LAST << side);
}

void
rtt_ackdat(struct track *t, struct rtt_flow *f, struct rtt_bin *b, int side, int64_t synack, int64_t ts)
{
	uint32_t us;

	if (!span(synack, ts, &us))
		return;
	sample(t, f, b, side, us, RTTM_hs, false);
	b->ackdat = us;
	b->has |= RTTBIN_ACKDAT;
	if (f->has & RTT_SYNACK && f->synack <= UINT32_MAX - us) {
		b->tcprtt = f->synack + us;
		b->has |= RTTBIN_TCPRTT;
	}
}

/* --- timestamps */

/* A place for a new one: free, or of one that is too old, or else the oldest that will hardly come back, for a
 * later one has.  Where all of them still wait, the new one is not kept: it would push out one that is due. */
static int
place(const struct stamps *s, int64_t now)
{
	int passed = -1, next = (s->filled + 1) % STAMPS;

	if (s->val[next] == 0)
		return (next);
	for (int i = 0; i < STAMPS; i++) {
		if (s->val[i] == 0 || now - s->sent[i] > STAMP_AGE)
			return (i);
		if (s->echoed != 0 && ahead(s->echoed, s->val[i]) > 0 &&
		    (passed < 0 || s->sent[i] < s->sent[passed]))
			passed = i;
	}
	return (passed);
}

static void
keep(struct stamps *s, uint32_t val, bool data, int64_t ts)
{
	int i;

	if (s->newest != 0 && ahead(val, s->newest) <= 0)
		return; /* the first packet with a value is the one that is echoed */
	s->newest = val;
	if ((i = place(s, ts)) < 0)
		return;
	s->filled = (uint8_t)i;
	s->val[i] = val;
	s->sent[i] = ts;
	s->pure &= (uint16_t)~(1u << i);
	if (!data)
		s->pure |= (uint16_t)(1u << i);
}

static void
echo(struct track *t, struct rtt_flow *f, struct rtt_bin *b, int leg, struct stamps *s, uint32_t val, int64_t ts)
{
	uint32_t us;

	if (s->newest == 0 || val == s->echoed || ahead(val, s->newest) > 0)
		return; /* only the first echo tells, and only of what was sent */
	if (s->echoed == 0 || ahead(val, s->echoed) > 0)
		s->echoed = val;
	for (int n = 1; n <= STAMPS; n++) {
		int i = (s->emptied + n) % STAMPS;

		if (s->val[i] != val)
			continue;
		s->emptied = (uint8_t)i;
		s->val[i] = 0;
		if (ts - s->sent[i] <= STAMP_AGE && span(s->sent[i], ts, &us))
			sample(t, f, b, leg, us, RTTM_ts, s->pure >> i & 1);
		return;
	}
}

void
rtt_stamps(struct track *t, struct rtt_flow *f, struct rtt_bin *b, int side, const struct packet *p, bool data, int64_t ts)
{
	struct rtt_ring *r;

	if ((p->facts & FACT_TCPTS) == 0 || p->tcp.flags & (TCP_SYN | TCP_RST) || p->tcp.tsval == 0 ||
	    p->tcp.tsecr == 0)
		return;
	if (f->ring == 0) {
		if (!data || (f->ring = pool_get(&t->rtt_ring)) == 0)
			return;
		memset(pool_at(&t->rtt_ring, f->ring), 0, sizeof(struct rtt_ring));
		f->has &= (uint8_t)~(RTT_TIMED << 0 | RTT_TIMED << 1);
	}
	r = pool_at(&t->rtt_ring, f->ring);
	if (p->tcp.flags & TCP_ACK)
		echo(t, f, b, side, &r->side[1 - side], p->tcp.tsecr, ts);
	keep(&r->side[side], p->tcp.tsval, data, ts);
}

/* --- data and ACK */

void
rtt_sent(struct rtt_flow *f, int side, uint32_t end, int64_t ts)
{
	if (f->ring != 0 || f->has & RTT_TIMED << side)
		return;
	f->end[side] = end;
	f->sent[side] = ts;
	f->has |= (uint8_t)(RTT_TIMED << side);
}

void
rtt_void(struct rtt_flow *f, int side)
{
	f->has &= (uint8_t)~(RTT_TIMED << side);
}

void
rtt_acked(struct track *t, struct rtt_flow *f, struct rtt_bin *b, int side, uint32_t ack, int64_t ts)
{
	uint32_t us;

	if ((f->has & RTT_TIMED << side) == 0 || ahead(ack, f->end[side]) < 0)
		return;
	rtt_void(f, side);
	if (ts - f->sent[side] <= STAMP_AGE && span(f->sent[side], ts, &us))
		sample(t, f, b, 1 - side, us, RTTM_ack, false);
}

/* --- what is known */

uint32_t
rtt_full_min(const struct rtt_flow *f)
{
	uint64_t us = (uint64_t)f->base[0] + f->base[1];

	if ((~f->has & (RTT_BASE << 0 | RTT_BASE << 1)) != 0)
		return (0);
	return (us == 0 ? 1 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us);
}

const struct rtt_leg *
rtt_leg(const struct track *t, const struct rtt_bin *b, int leg, struct rtt_leg *one)
{
	if (b->method == 0)
		return (NULL);
	if (b->leg[leg].cell != 0)
		return (pool_at(&t->rtt_leg, b->leg[leg].cell));
	from_one(one, b, leg);
	return (one);
}

static size_t
put_pair(uint8_t *out, unsigned step, uint32_t n)
{
	size_t len = 0;

	out[len++] = (uint8_t)step;
	for (; n > 127; n >>= 7)
		out[len++] = (uint8_t)((n & 127) | 128);
	out[len++] = (uint8_t)n;
	return (len);
}

size_t
rtt_leg_pack(const struct track *t, const struct rtt_leg *l, uint8_t out[static RTT_PACKED])
{
	const struct rtt_dense *d = l->dense == 0 ? NULL : pool_at(&t->rtt_dense, l->dense);
	unsigned next = 0;
	size_t n = 0;

	if (d == NULL) {
		for (int i = 0; i < l->pairs; i++) {
			n += put_pair(out + n, l->bucket[i] - next, l->count[i]);
			next = l->bucket[i] + 1u;
		}
		return (n);
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		if (d->count[i] == 0)
			continue;
		n += put_pair(out + n, i - next, d->count[i]);
		next = i + 1;
	}
	return (n);
}

#define LEG_FIELDS(p, l, out)                                   \
	do {                                                    \
		if ((l)->has & RTTLEG_MIN)                      \
			PUT(r, p##_min, (l)->min);              \
		if ((l)->n == 0)                                \
			break;                                  \
		PUT(r, p##_n, (l)->n);                          \
		PUT(r, p##_sum, (l)->sum);                      \
		PUT(r, p##_max, (l)->max);                      \
		PUT(r, p##_dsum, (l)->dsum);                    \
		PUT_BLOB(r, p##_hist, out, rtt_leg_pack(t, l, out)); \
	} while (0)

#define HS_FIELDS(name, bit)                                    \
	do {                                                    \
		if ((b->has & (bit)) == 0)                      \
			break;                                  \
		PUT(r, name##_sum, b->name);                    \
		PUT(r, name##_n, 1);                            \
		PUT(r, name##_min, b->name);                    \
		PUT(r, name##_max, b->name);                    \
	} while (0)

void
rtt_fill(const struct track *t, const struct rtt_bin *b, int src, struct tile *r)
{
	static _Thread_local uint8_t out[2][RTT_PACKED]; /* until the record is put */
	struct rtt_leg one;
	const struct rtt_leg *l;
	uint64_t n, sum;

	if ((l = rtt_leg(t, b, src, &one)) == NULL)
		return;
	n = l->n;
	sum = l->sum;
	LEG_FIELDS(rtts, l, out[0]);
	l = rtt_leg(t, b, 1 - src, &one);
	LEG_FIELDS(rttd, l, out[1]);
	PUT(r, rtt_n, n < l->n ? n : l->n);
	PUT(r, rtt_sum, formula_means(sum, n, l->sum, l->n));
	HS_FIELDS(synack, RTTBIN_SYNACK);
	HS_FIELDS(ackdat, RTTBIN_ACKDAT);
	HS_FIELDS(tcprtt, RTTBIN_TCPRTT);
	PUT(r, rttm, b->method);
}

/* --- the end */

void
rtt_leg_end(struct track *t, const struct rtt_leg *l)
{
	if (l->dense != 0)
		pool_put(&t->rtt_dense, l->dense);
}

void
rtt_end_bin(struct track *t, const struct rtt_bin *b)
{
	for (int i = 0; i < 2; i++) {
		if (b->leg[i].cell == 0)
			continue;
		rtt_leg_end(t, pool_at(&t->rtt_leg, b->leg[i].cell));
		pool_put(&t->rtt_leg, b->leg[i].cell);
	}
}

void
rtt_end_flow(struct track *t, struct rtt_flow *f)
{
	if (f->ring != 0)
		pool_put(&t->rtt_ring, f->ring);
	f->ring = 0;
}
