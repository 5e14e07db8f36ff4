/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tcp_data.c: TCP: what a segment is to what was seen before it (SEMANTICS 4.2, 4.3).
 *
 * Nothing is judged that was not seen: a direction met in the middle starts behind its first segment.
 */
#include "probe/track/tcp.h"

#include "format/base/clock.h"

#include <string.h>

#define ACKED_FOR   SEC          /* how long data may follow its acknowledgement */
#define TWICE       (10 * MSEC)  /* copies with the same IP-ID are this close */
#define TWICE_NOID  MSEC         /* and without one */
#define REORDER_MAX (3 * MSEC)   /* without a round trip: what fills a hole sooner was reordered */
#define RTO_MIN     (200 * MSEC)

/* --- holes */

static struct holes *
holes_of(const struct tcp_packet *k, const struct tcp_side *x)
{
	return (x->holes == 0 ? NULL : pool_at(&k->t->tcp_hole, x->holes));
}

void
tcp_open_hole(struct tcp_packet *k, int side, uint64_t lo, uint64_t hi)
{
	bool own = side == k->side; /* else this packet acknowledges it */
	struct tcp_side *x = &k->c->side[side];
	struct holes *h;
	struct hole *n;

	if (x->holes == 0 && (x->holes = pool_get(&k->t->tcp_hole)) == 0) {
		tcp_rare(k)->holeovf[side]++;
		return;
	}
	h = holes_of(k, x);
	if (x->nholes == TCP_HOLES) {
		if ((h->hole[0].has & HOLE_ACKED) == 0)
			tcp_rare(k)->holeovf[side]++;
		memmove(&h->hole[0], &h->hole[1], (TCP_HOLES - 1) * sizeof(h->hole[0]));
		x->nholes--;
	}
	n = &h->hole[x->nholes++];
	*n = (struct hole){ .lo = lo, .hi = hi, .opened = k->ts };
	if (own && k->p->af == 4 && k->p->ipid != 0) {
		n->ipid = (uint16_t)k->p->ipid;
		n->has |= HOLE_IPID;
	}
	if (own && k->p->facts & FACT_TCPTS) {
		n->tsval = k->p->tcp.tsval;
		n->has |= HOLE_TS;
	}
	if (!own) {
		n->acked = k->ts;
		n->has |= HOLE_ACKED;
	}
}

/* Bytes of payload among the sequence numbers [lo, hi): SYN and FIN are none. */
static uint64_t
payload_in(const struct tcp_packet *k, uint64_t lo, uint64_t hi)
{
	uint64_t behind = k->e - ((k->p->tcp.flags & TCP_FIN) != 0), first = behind - k->p->payload;
	uint64_t a = lo > first ? lo : first, b = hi < behind ? hi : behind;

	return (b > a ? b - a : 0);
}

struct fill {
	uint64_t unseen;   /* bytes of holes that nobody has acknowledged */
	uint64_t missed;   /* of holes that were, a moment ago */
	bool hole;         /* it touches one of the first kind */
	bool acked;        /* or of the second */
	struct hole first; /* the lowest it touches */
};

static bool
too_old(const struct hole *h, int64_t now)
{
	return (h->has & HOLE_ACKED && now - h->acked > ACKED_FOR);
}

/* The part [lo, hi) of the holes is there now. */
static struct fill
fill_holes(struct tcp_packet *k, uint64_t lo, uint64_t hi)
{
	struct holes *h = holes_of(k, k->x);
	struct hole keep[TCP_HOLES + 1];
	struct fill r = { 0 };
	int n = 0;

	if (h == NULL)
		return (r);
	for (int i = 0; i < k->x->nholes; i++) {
		struct hole x = h->hole[i];
		uint64_t a = lo > x.lo ? lo : x.lo, b = hi < x.hi ? hi : x.hi;

		if (too_old(&x, k->ts))
			continue;
		if (a >= b) {
			keep[n++] = x;
			continue;
		}
		if (!r.hole && !r.acked)
			r.first = x;
		if (x.has & HOLE_ACKED) {
			r.acked = true;
			r.missed += payload_in(k, a, b);
		} else {
			r.hole = true;
			r.unseen += payload_in(k, a, b);
		}
		if (a != x.lo) {
			keep[n] = x;
			keep[n++].hi = a;
		}
		if (b != x.hi) {
			keep[n] = x;
			keep[n++].lo = b;
		}
	}
	if (n > TCP_HOLES) { /* the one in the middle became two */
		tcp_rare(k)->holeovf[k->side] += (keep[0].has & HOLE_ACKED) == 0;
		memmove(&keep[0], &keep[1], TCP_HOLES * sizeof(keep[0]));
		n = TCP_HOLES;
	}
	memcpy(h->hole, keep, (size_t)n * sizeof(keep[0]));
	k->x->nholes = (uint8_t)n;
	return (r);
}

/* Hole i becomes two, which meet at `at`; false: there is no room for both. */
static bool
split_hole(struct tcp_side *x, struct holes *h, int i, uint64_t at)
{
	if (x->nholes == TCP_HOLES)
		return (false);
	memmove(&h->hole[i + 1], &h->hole[i], (size_t)(x->nholes - i) * sizeof(h->hole[0]));
	x->nholes++;
	h->hole[i].hi = at;
	h->hole[i + 1].lo = at;
	return (true);
}

uint64_t
tcp_holes_acked(struct tcp_packet *k, int side, uint64_t lo, uint64_t hi)
{
	struct tcp_side *x = &k->c->side[side];
	struct holes *h = holes_of(k, x);
	uint64_t bytes = 0;

	if (h == NULL)
		return (0);
	for (int i = 0; i < x->nholes; i++) {
		struct hole *o = &h->hole[i];
		uint64_t a = lo > o->lo ? lo : o->lo, b = hi < o->hi ? hi : o->hi;

		if (o->has & HOLE_ACKED || a >= b)
			continue;
		if (a > o->lo && split_hole(x, h, i, a))
			continue; /* the first acknowledgement lay in it: the part behind that is next */
		bytes += b - a;
		tcp_gap_missing(k, side, a, b);
		o->lo = a;
		if (b < o->hi && !split_hole(x, h, i, b)) {
			o->lo = b; /* the part that may still be filled */
			continue;
		}
		o->acked = k->ts;
		o->has |= HOLE_ACKED;
	}
	return (bytes);
}

/* --- what a retransmission looks like */

static bool
ids_usable(const struct tcp_packet *k)
{
	return (k->p->af == 4 && k->p->ipid != 0 && k->x->has & SIDE_IDVARY);
}

/* Of what a copy has in common with its original, beside the numbers that are compared. */
static uint32_t
rest_of(const struct packet *p)
{
	uint64_t x = (uint64_t)p->tcp.ack << 32 | (uint32_t)p->tcp.sum << 16 | p->tcp.win;

	return ((uint32_t)((x ^ (uint64_t)p->tcp.flags << 56) * 0x9e3779b97f4a7c15ull >> 32));
}

/* Step 1: the same packet, captured a second time. */
static bool
captured_twice(const struct tcp_packet *k)
{
	const struct packet *p = k->p;
	int64_t rtt = (int64_t)rtt_full_min(&k->c->rtt) * USEC;

	for (int i = 0; i < TCP_RING; i++) {
		const struct tcp_sent *r = &k->c->ring[k->side][i];
		int64_t dt = (int64_t)((uint32_t)(k->ts / USEC) - r->us) * USEC;

		if (r->len == 0 || r->seq != p->tcp.seq || r->len != (uint16_t)k->seglen || r->rest != rest_of(p))
			continue;
		if (ids_usable(k)) {
			if (r->ipid == (uint16_t)p->ipid && dt <= TWICE && (rtt == 0 || dt < rtt / 2))
				return (true);
		} else if (dt <= TWICE_NOID && (rtt == 0 || dt < rtt / 4)) {
			return (true);
		}
	}
	return (false);
}

static void
remember(struct tcp_packet *k)
{
	const struct packet *p = k->p;

	k->c->ring[k->side][k->x->at++ % TCP_RING] = (struct tcp_sent){ .seq = p->tcp.seq,
		.us = (uint32_t)(k->ts / USEC), .rest = rest_of(p), .len = (uint16_t)k->seglen,
		.ipid = (uint16_t)p->ipid };
}

/* 4.3: was what fills this hole only late, or sent again? */
static bool
reordered(const struct tcp_packet *k, const struct hole *h)
{
	int64_t dt = k->ts - h->opened, rtt = (int64_t)rtt_full_min(&k->c->rtt) * USEC;

	if (ids_usable(k) && h->has & HOLE_IPID && k->x->idrun >= 3) {
		int16_t d = (int16_t)((uint16_t)k->p->ipid - h->ipid);

		if (d != 0 && d > -1000 && d < 1000)
			return (d < 0);
	}
	if (k->p->facts & FACT_TCPTS && h->has & HOLE_TS) {
		int32_t d = (int32_t)(k->p->tcp.tsval - h->tsval);

		if (d < 0)
			return (true);
		if (d > 0 && dt > 2 * MSEC)
			return (false);
	}
	return (dt < (rtt != 0 ? rtt / 10 * 9 : REORDER_MAX));
}

/* What made the sender send it again, of what counts as loss. */
static void
trigger(struct tcp_packet *k, int64_t since)
{
	const struct tcp_side *x = k->x;
	int64_t rtt = (int64_t)rtt_full_min(&k->c->rtt) * USEC;

	if (x->has & SIDE_UNA && ((k->s == x->una && x->dupacks >= 3) ||
	    (x->has & SIDE_SACK && k->s >= x->una && x->sack > k->s)))
		tcp_rare(k)->frtx[k->side]++;
	else if (k->ts - since >= (2 * rtt > RTO_MIN ? 2 * rtt : RTO_MIN))
		tcp_rare(k)->rto[k->side]++;
}

static void
in_a_row(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;

	if (x->nrtx == 0 || x->rtx != k->s) {
		x->rtx = k->s;
		x->nrtx = 0;
	}
	if (x->nrtx < UINT8_MAX)
		x->nrtx++;
	if (x->nrtx > tcp_rare(k)->maxrtx[k->side])
		tcp_rare(k)->maxrtx[k->side] = x->nrtx;
}

/* --- classes */

static void
advance(struct tcp_packet *k)
{
	k->b->newbytes[k->side] += payload_in(k, k->x->nxt > k->s ? k->x->nxt : k->s, k->e);
	k->x->nxt = k->e;
	k->x->fresh = k->ts;
	k->x->has &= ~(uint32_t)(SIDE_PROBED | SIDE_VAGUE);
	if (k->p->facts & FACT_FRAG)
		k->x->has |= SIDE_VAGUE;
}

static void
in_order(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	uint16_t step;

	advance(k);
	if (k->seglen == 0)
		return;
	if (k->p->af == 4 && k->p->ipid != 0) {
		step = (uint16_t)((uint16_t)k->p->ipid - x->idnew);
		x->idrun = step == 0 || step > 999 ? 0 : x->idrun < 3 ? x->idrun + 1 : 3;
		x->idnew = (uint16_t)k->p->ipid;
	} else {
		x->idrun = 0;
	}
	rtt_sent(&k->c->rtt, k->side, (uint32_t)k->e, k->ts);
}

static void
ahead_of_hole(struct tcp_packet *k)
{
	rtt_void(&k->c->rtt, k->side);
	if ((k->x->has & SIDE_VAGUE) == 0) {
		tcp_open_hole(k, k->side, k->x->nxt, k->s);
		tcp_rare(k)->tgapev[k->side]++;
	}
	k->x->nxt = k->s;
	advance(k);
}

/* Step 5: it begins before the highest number that was seen. */
static void
seen_before(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	struct tcp_more *m = tcp_rare(k);
	struct fill was = fill_holes(k, k->s, k->e);
	uint64_t old = k->p->payload, fresh = was.unseen + was.missed;
	int64_t since = was.hole && !was.acked ? was.first.opened : x->fresh;
	bool grows = k->e > x->nxt;

	rtt_void(&k->c->rtt, k->side);
	k->b->newbytes[k->side] += fresh;
	old -= payload_in(k, x->nxt, k->e);
	m->rtxb[k->side] += old > fresh ? old - fresh : 0;
	if (was.missed > 0) {
		m->capfix[k->side] += was.missed;
		tcp_gap_filled(k, k->side, k->s, k->e);
	}
	if (was.acked) {
		m->capooo[k->side]++;
	} else if (x->has & SIDE_UNA && k->e <= x->una) {
		m->spur[k->side]++;
		in_a_row(k);
	} else if (was.hole && reordered(k, &was.first)) {
		m->ooo[k->side]++;
	} else {
		if (was.hole)
			m->rtxup[k->side]++;
		else
			m->rtxdn[k->side]++;
		trigger(k, since);
		in_a_row(k);
	}
	if (!was.acked && !was.hole)
		tcp_letter(k->b, k->side, 't');
	if (grows)
		advance(k);
}

void
tcp_syn_again(struct tcp_packet *k)
{
	tcp_rare(k)->rtxdn[k->side]++;
	tcp_rare(k)->synrtx[k->side]++;
	tcp_rare(k)->rtxb[k->side] += k->p->payload;
	tcp_letter(k->b, k->side, 't');
	in_a_row(k);
	trigger(k, k->f->last[k->side]);
}

static bool
plain(const struct packet *p)
{
	return ((p->tcp.flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0);
}

/* Is everything that it sent acknowledged?  Where nobody is heard who would, only what takes no number is a
 * keep-alive: a byte that comes again may have been lost. */
static bool
all_acked(const struct tcp_packet *k)
{
	if ((k->x->has & SIDE_UNA) == 0 || (k->f->life & LIFE_SENT_LO << (1 - k->side)) == 0)
		return (k->p->payload == 0);
	return (k->x->una >= k->x->nxt);
}

/* Steps 2 and 3. */
static bool
probes(struct tcp_packet *k)
{
	uint32_t len = k->p->payload;

	if (!plain(k->p) || len > 1)
		return (false);
	if (len == 1 && k->s == k->x->nxt && k->y->has & SIDE_ACK && k->y->lastwin == 0) {
		tcp_rare(k)->zwp[k->side]++;
		k->x->has |= SIDE_PROBED;
		return (true);
	}
	if (k->s + 1 != k->x->nxt || !all_acked(k))
		return (false);
	tcp_rare(k)->ka[k->side]++;
	return (true);
}

/* Far ahead of all that was seen: only if another one ended there, or was acknowledged up to there. */
static bool
believable(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	bool goes_on = x->has & (SIDE_JUMP | SIDE_JUMPACK) && x->jump == k->s && k->seglen > 0;

	if (k->s - x->nxt <= tcp_reach(k, 1 - k->side) || goes_on)
		return (true);
	if (k->seglen > 0) {
		x->jump = k->e;
		x->has = (x->has & ~(uint32_t)SIDE_JUMPACK) | SIDE_JUMP;
	}
	return (false);
}

bool
tcp_segment(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	bool fin;

	if (k->seglen > 0 && captured_twice(k)) {
		tcp_rare(k)->dup[k->side]++;
		return (false);
	}
	if (k->seglen > 0)
		remember(k);
	if ((x->has & SIDE_NXT) == 0) {
		x->has |= SIDE_NXT;
		x->nxt = k->s;
		in_order(k);
		if (x->has & SIDE_UNA && x->una > x->nxt) /* acknowledged before it was seen to be sent */
			x->nxt = x->una;
		return (true);
	}
	fin = (k->p->tcp.flags & TCP_FIN) != 0;
	if ((k->p->payload > 0 || fin) && k->e - fin >= x->una)
		tcp_no_fin(k, k->side);
	if (probes(k)) {
		k->probe = true;
		return (true);
	}
	if (k->s == x->nxt)
		in_order(k);
	else if (k->s > x->nxt && believable(k))
		ahead_of_hole(k);
	else if (k->s < x->nxt && k->seglen > 0 && x->nxt - k->s < tcp_reach(k, 1 - k->side))
		seen_before(k);
	return (true);
}
