/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tcp_data.c: TCP: what a segment is to what was seen before it (SEMANTICS 4.2, 4.3).
 *
 * Nothing is judged that was not seen: a direction met in the middle starts behind its first segment.
 */
#include "probe/track/tcp.h"

#include "format/base/clock.h"

#include <string.h>

#define TWICE       SEC          /* copies whose IP-ID tells are this close */
#define TWICE_NOID  MSEC         /* and without one */
#define REORDER_MAX (3 * MSEC)   /* without a round trip: what fills a hole sooner was reordered */
#define RTO_MIN     (200 * MSEC)

uint64_t
tcp_payload_in(const struct tcp_packet *k, uint64_t lo, uint64_t hi)
{
	uint64_t a = lo > k->first ? lo : k->first, b = hi < k->behind ? hi : k->behind;

	return (b > a ? b - a : 0);
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

static uint16_t
length_of(const struct tcp_packet *k)
{
	return (k->seglen == 0 ? UINT16_MAX : (uint16_t)k->seglen);
}

static struct tcp_sent *
ring_of(const struct tcp_packet *k)
{
	return (pool_at(&k->t->tcp_ring[k->x->many], k->x->ring));
}

/* The same segment, of all that is remembered, not longer ago than `most`; NULL: there is none. */
static inline const struct tcp_sent *
remembered(const struct tcp_packet *k, int64_t most)
{
	const struct packet *p = k->p;

	if (k->x->ring == 0)
		return (NULL);
	for (const struct tcp_sent *r = ring_of(k), *end = r + (k->x->many ? TCP_RING : 1); r < end; r++) {
		if (r->seq == p->tcp.seq && r->len == length_of(k) && r->rest == rest_of(p) &&
		    (int64_t)((uint32_t)(k->ts / USEC) - r->us) * USEC <= most)
			return (r);
	}
	return (NULL);
}

/* Everything of it was seen: is it older than the newest of its sender, less than a second ago?  Who repeats something
 * gives it a new number, and the time. */
static bool
is_older(const struct tcp_packet *k, bool ids)
{
	const struct tcp_side *x = k->x;
	int16_t id = (int16_t)((uint16_t)k->p->ipid - x->ipid);
	int32_t clock = (int32_t)(k->p->tcp.tsval - x->tsval);
	bool older = ids ? id > -1000 && id <= 0 : clock < 0;

	return (older && x->has & SIDE_NXT && k->e <= x->nxt && k->ts - k->f->last[k->side] <= TWICE &&
	    !tcp_holes_miss(k, k->s, k->e));
}

/* Not if it begins behind all that was seen, and so behind all that is remembered. */
static inline bool
may_be_copy(const struct tcp_packet *k)
{
	return ((k->x->has & (SIDE_NXT | SIDE_LOOSE)) != SIDE_NXT || k->s < k->x->nxt || k->seglen == 0);
}

/* Step 1: the same packet, captured a second time. */
static inline bool
captured_twice(const struct tcp_packet *k)
{
	const struct tcp_side *x = k->x;
	bool id = k->p->af == 4 && k->p->ipid != 0, ids = id && x->forward == 3;
	bool clock = k->p->facts & FACT_TCPTS && x->has & SIDE_TS;
	const struct tcp_sent *r = remembered(k, id && x->has & SIDE_IDVARY ? TWICE : TWICE_NOID);
	int64_t rtt;

	if (r == NULL && ((x->has & SIDE_NXT) == 0 || k->e > x->nxt))
		return (false); /* it is new */
	if (r != NULL && k->seglen == 0)
		return (!ids || r->ipid == (uint16_t)k->p->ipid);
	if (k->seglen == 0)
		return (false);
	if (r != NULL && id && r->ipid == (uint16_t)k->p->ipid)
		return (true);
	if (ids)
		return (is_older(k, true));
	if (clock && (is_older(k, false) || (r != NULL && k->p->tcp.tsval == x->tsval)))
		return (true);
	rtt = (int64_t)rtt_full_min(&k->c->rtt) * USEC;
	return (r != NULL && !(id && x->has & SIDE_IDVARY) && (rtt == 0 || remembered(k, rtt / 4) != NULL));
}

/* A ring of one place for the first segment, of TCP_RING from the second on. */
static void
widen(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	bool many = x->ring != 0;
	uint32_t cell = pool_get(&k->t->tcp_ring[many]);
	struct tcp_sent *r = pool_at(&k->t->tcp_ring[many], cell);

	memset(r, 0, many ? sizeof(*r) * TCP_RING : sizeof(*r));
	if (many) {
		*r = *ring_of(k);
		pool_put(&k->t->tcp_ring[0], x->ring);
	}
	x->ring = cell;
	x->many = many;
}

static inline void
remember(struct tcp_packet *k)
{
	const struct packet *p = k->p;

	if (k->x->many == 0)
		widen(k);
	ring_of(k)[k->x->at++] = (struct tcp_sent){ .seq = p->tcp.seq, .us = (uint32_t)(k->ts / USEC),
		.rest = rest_of(p), .len = length_of(k), .ipid = (uint16_t)p->ipid };
}

/* 4.3 a, b: what numbers and clocks of the sender tell of a segment that fills this hole. */
enum verdict { TOLD_NOTHING, TOLD_LATE, TOLD_AGAIN };

static enum verdict
tells(const struct tcp_packet *k, const struct hole *h)
{
	if (ids_usable(k) && h->has & HOLE_IPID && k->x->idrun >= 3) {
		int16_t d = (int16_t)((uint16_t)k->p->ipid - h->ipid);

		if (d != 0 && d > -1000 && d < 1000)
			return (d < 0 ? TOLD_LATE : TOLD_AGAIN);
	}
	if (k->p->facts & FACT_TCPTS && h->has & HOLE_TS) {
		int32_t d = (int32_t)(k->p->tcp.tsval - h->tsval);

		if (d < 0)
			return (TOLD_LATE);
		if (d > 0 && k->ts - h->opened > 2 * MSEC)
			return (TOLD_AGAIN);
	}
	return (TOLD_NOTHING);
}

/* 4.3: was what fills this hole only late, or sent again? */
static bool
reordered(const struct tcp_packet *k, const struct hole *h)
{
	int64_t rtt = (int64_t)rtt_full_min(&k->c->rtt) * USEC;
	enum verdict t = tells(k, h);

	if (t != TOLD_NOTHING)
		return (t == TOLD_LATE);
	return (k->ts - h->opened < (rtt != 0 ? rtt / 10 * 9 : REORDER_MAX));
}

/* What made the sender send it again, of what counts as loss. */
static void
trigger(struct tcp_packet *k, int64_t since)
{
	const struct tcp_side *x = k->x;
	int64_t rtt = (int64_t)rtt_full_min(&k->c->rtt) * USEC;

	if (x->has & SIDE_UNA && ((k->s == x->una && x->dupacks >= 3) ||
	    (x->has & SIDE_SACK && k->s >= x->una && tcp_odd(k->t, k->c, k->side)->sack > k->s)))
		tcp_rare(k)->frtx[k->side]++;
	else if (k->ts - since >= (2 * rtt > RTO_MIN ? 2 * rtt : RTO_MIN))
		tcp_rare(k)->rto[k->side]++;
}

static void
in_a_row(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	struct tcp_odd_side *o = tcp_odd(k->t, k->c, k->side);

	if (x->nrtx == 0 || o->rtx != k->s) {
		o->rtx = k->s;
		x->nrtx = 0;
	}
	if (x->nrtx < UINT8_MAX)
		x->nrtx++;
	if (x->nrtx > tcp_rare(k)->maxrtx[k->side])
		tcp_rare(k)->maxrtx[k->side] = x->nrtx;
}

/* --- classes */

/* Bytes that came with the SYN, were not taken, and come again: they are counted already. */
static uint64_t
counted_before(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	uint64_t first = tcp_extend(x->nxt, k->f->isn[k->side] + 1), end = first + tcp_odd(k->t, k->c, k->side)->refused;

	if (k->e >= end)
		x->has &= ~(uint32_t)SIDE_REFUSED;
	return (tcp_payload_in(k, k->s > x->nxt ? k->s : x->nxt, k->e < end ? k->e : end));
}

static void
advance(struct tcp_packet *k)
{
	TCP_ADD(k->t, k->b, newbytes, k->side, tcp_payload_in(k, k->x->nxt > k->s ? k->x->nxt : k->s, k->e));
	if (k->x->has & SIDE_REFUSED)
		TCP_TAKE(k->t, k->b, newbytes, k->side, counted_before(k));
	k->x->nxt = k->e;
	k->x->fresh = k->ts;
	k->x->has &= ~(uint32_t)(SIDE_PROBED | SIDE_VAGUE);
	if (tcp_is_piece(k->p))
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
		x->idrun = step == 0 || step > 999 ? 0 : x->idrun < 3 ? (x->idrun + 1) & 3 : 3;
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
	if (k->x->has & SIDE_VAGUE) {
		tcp_open_hole(k, k->side, k->x->nxt, k->s, HOLE_FRAG);
	} else {
		tcp_open_hole(k, k->side, k->x->nxt, k->s, 0);
		tcp_rare(k)->tgapev[k->side]++;
	}
	k->x->nxt = k->s;
	advance(k);
}

/* Of this range it is not known what was seen.  Nobody is accused who does not accuse himself. */
static void
in_unknown(struct tcp_packet *k, const struct hole *h)
{
	struct tcp_more *m = tcp_rare(k);

	switch (tells(k, h)) {
	case TOLD_LATE:
		m->ooo[k->side]++;
		break;
	case TOLD_AGAIN:
		m->rtxup[k->side]++;
		break;
	case TOLD_NOTHING:
		m->rtxunk[k->side]++;
		break;
	}
}

/* Step 5: it begins before the highest number that was seen. */
static void
seen_before(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	struct tcp_more *m = tcp_rare(k);
	struct tcp_fill was = tcp_fill_holes(k, k->s, k->e);
	uint64_t old = k->p->payload, fresh = was.unseen + was.missed;
	int64_t since = was.hole && !was.acked ? was.first.opened : x->fresh;
	bool grows = k->e > x->nxt;

	rtt_void(&k->c->rtt, k->side);
	TCP_ADD(k->t, k->b, newbytes, k->side, fresh);
	old -= tcp_payload_in(k, x->nxt, k->e);
	m->rtxb[k->side] += old > fresh ? old - fresh : 0;
	if (was.missed > 0) {
		m->capfix[k->side] += was.missed;
		tcp_gap_filled(k, k->side, k->s, k->e);
	}
	if (was.acked) {
		m->capooo[k->side]++;
		if ((uint64_t)was.skew / USEC > m->skew_us[k->side])
			m->skew_us[k->side] = (uint32_t)(was.skew / USEC);
	} else if (x->has & SIDE_UNA && k->e <= x->una) {
		m->spur[k->side]++;
		in_a_row(k);
	} else if (was.hole && was.first.has & HOLE_UNKNOWN) {
		in_unknown(k, &was.first);
	} else if (was.hole && reordered(k, &was.first)) {
		m->ooo[k->side]++;
	} else if (!was.hole && x->has & SIDE_FORGOT) {
		m->rtxunk[k->side]++;
	} else {
		if (was.hole)
			m->rtxup[k->side]++;
		else
			m->rtxdn[k->side]++;
		trigger(k, since);
		in_a_row(k);
	}
	if (!was.acked && !was.hole)
		tcp_letter(k->b, k->side, LETTER_t);
	if (grows)
		advance(k);
}

void
tcp_syn_again(struct tcp_packet *k)
{
	tcp_rare(k)->rtxdn[k->side]++;
	tcp_rare(k)->synrtx[k->side]++;
	tcp_rare(k)->rtxb[k->side] += k->p->payload;
	tcp_letter(k->b, k->side, LETTER_t);
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

/* Steps 2 and 3, of a byte at most. */
static bool
probes(struct tcp_packet *k)
{
	uint32_t len = k->p->payload;

	if (!plain(k->p))
		return (false);
	if (len == 1 && k->s == k->x->nxt && k->y->has & SIDE_ACK && k->y->lastwin == 0) {
		tcp_rare(k)->zwp[k->side]++;
		k->x->has |= SIDE_PROBED | SIDE_LOOSE;
		return (true);
	}
	if (k->s + 1 != k->x->nxt || !all_acked(k))
		return (false);
	tcp_rare(k)->ka[k->side]++;
	return (true);
}

void
tcp_completed(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	struct tcp_fill was = tcp_fill_holes(k, k->s, k->e);

	TCP_ADD(k->t, k->b, newbytes, k->side, was.unseen + was.missed);
	if (was.missed > 0) {
		tcp_rare(k)->capfix[k->side] += was.missed;
		tcp_gap_filled(k, k->side, k->s, k->e);
	}
	tcp_holes_no_frag(k, k->e);
	if (k->s > x->nxt || k->e < x->nxt)
		return;
	TCP_ADD(k->t, k->b, newbytes, k->side, tcp_payload_in(k, x->nxt, k->e));
	x->nxt = k->e;
	x->fresh = k->ts;
	x->has &= ~(uint32_t)SIDE_VAGUE;
}

void
tcp_copied(struct tcp_packet *k)
{
	tcp_rare(k)->dup[k->side]++;
	k->x->copies += k->x->copies < TCP_COPIES;
	if (k->seglen == 0)
		TCP_TAKE(k->t, k->b, ackpkts, k->side, 1);
}

bool
tcp_segment(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	uint32_t fin = (k->p->tcp.flags & TCP_FIN) != 0;

	if (k->seglen > 0 || x->copies == TCP_COPIES) {
		if (may_be_copy(k) && captured_twice(k)) {
			tcp_copied(k);
			return (false);
		}
		remember(k);
	}
	if ((x->has & SIDE_NXT) == 0) {
		x->has |= SIDE_NXT;
		x->nxt = k->s;
		in_order(k);
		if (x->has & SIDE_UNA && x->una > x->nxt) /* acknowledged before it was seen to be sent */
			x->nxt = x->una;
		return (true);
	}
	if ((k->s > x->nxt || x->has & (SIDE_JUMP | SIDE_JUMPACK)) && tcp_step(k)) {
		x->has |= SIDE_LOOSE;
		return (true);
	}
	if (x->has & SIDE_OWED && k->p->payload + fin > 0 && k->e - fin >= x->una)
		tcp_no_fin(k, k->side);
	if (k->p->payload <= 1 && probes(k)) {
		k->probe = true;
		return (true);
	}
	if (k->s == x->nxt)
		in_order(k);
	else if (k->s > x->nxt)
		ahead_of_hole(k);
	else if (k->seglen > 0 && !tcp_far_below(k))
		seen_before(k);
	return (true);
}
