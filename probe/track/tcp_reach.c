/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tcp_reach.c: TCP: numbers further ahead than any window allows (SEMANTICS 14.1 e).
 *
 * Such a segment, or such an acknowledgement, is kept aside.  If another one goes on from there, of either side, the
 * numbers begin anew and nothing is missing; if two of its own side do not, it was out of window.
 */
#include "probe/track/tcp.h"

#define REACH_UNKNOWN (1 << 20) /* the window or its scale is not known */
#define REACH_LEAST   (1 << 16) /* no scale, or a small window: a larger one may not have been captured */
#define WITNESSES     2         /* of its own side, that do not confirm it */

/* So much can be sent ahead of what this receiver has acknowledged. */
static inline uint64_t
reach(const struct tcp_packet *k, int receiver)
{
	const struct flow_state *f = k->f;
	uint64_t win = k->c->side[receiver].maxwin;

	if ((k->known & BIN_SCALED) == 0)
		return (REACH_UNKNOWN);
	if (!tcp_scales(f, receiver))
		return (REACH_LEAST);
	if (win == 0)
		return (REACH_UNKNOWN); /* its SYN-ACK's says nothing of those that are scaled */
	win <<= f->wscale[receiver];
	return (win > REACH_LEAST ? win : REACH_LEAST);
}

bool
tcp_far_below(const struct tcp_packet *k)
{
	uint64_t r = reach(k, 1 - k->side);

	return (k->x->nxt - k->s >= (r > REACH_UNKNOWN ? r : REACH_UNKNOWN));
}

bool
tcp_reaches(const struct tcp_packet *k)
{
	const struct tcp_side *x = k->x;
	bool heard = x->has & SIDE_UNA && k->f->life & LIFE_SENT_LO << (1 - k->side);

	return (k->e > (heard ? x->una : x->nxt) + reach(k, 1 - k->side));
}

void
tcp_anew(struct tcp_packet *k, int side, uint64_t nxt)
{
	struct tcp_side *x = &k->c->side[side];

	tcp_holes_drop(k->t, x);
	rtt_void(&k->c->rtt, side);
	x->nxt = nxt;
	x->fresh = k->ts;
	x->has &= SIDE_NXT | SIDE_ACK | SIDE_SYNWIN | SIDE_IPID | SIDE_IDVARY | SIDE_TS | SIDE_PROBE | SIDE_ZWIN | SIDE_DATA;
	x->has |= SIDE_LOOSE;
	x->nrtx = x->dupacks = 0;
}

/* The numbers of `side` go on from where one was kept aside, and at least from `nxt`. */
static void
confirmed(struct tcp_packet *k, int side, uint64_t nxt)
{
	struct tcp_side *x = &k->c->side[side];
	const struct tcp_odd_side *o = tcp_odd(k->t, k->c, side);
	uint64_t end = o->jump + o->jumplen;

	if (x->has & SIDE_JUMP)
		TCP_ADD(k->t, k->b, newbytes, side, o->jumplen);
	tcp_rare(k)->jumps[side]++;
	tcp_anew(k, side, end > nxt ? end : nxt);
}

/* Nobody of its own side goes on from there. */
static void
refuted(struct tcp_packet *k, int side)
{
	struct tcp_side *x = &k->c->side[side];
	int who = x->has & SIDE_JUMP ? side : 1 - side;

	tcp_rare(k)->oow[who] += (k->known & BIN_SCALED) != 0; /* else nothing is known of windows */
	x->has &= ~(uint32_t)(SIDE_JUMP | SIDE_JUMPACK);
}

static void
keep_aside(struct tcp_packet *k, int side, uint32_t kind, uint64_t number, uint32_t len)
{
	struct tcp_side *x = &k->c->side[side];
	struct tcp_odd_side *o = tcp_odd(k->t, k->c, side);

	if (x->has & (SIDE_JUMP | SIDE_JUMPACK))
		refuted(k, side);
	x->has = (x->has & ~(uint32_t)SIDE_OTHER) | kind;
	o->jump = number;
	o->jumplen = len > UINT16_MAX ? UINT16_MAX : (uint16_t)len;
	x->witnesses = WITNESSES;
}

static void
witness(struct tcp_packet *k, int side, uint32_t kind)
{
	struct tcp_side *x = &k->c->side[side];

	if (x->has & kind && --x->witnesses == 0)
		refuted(k, side);
}

bool
tcp_step(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	uint32_t kind = x->has & (SIDE_JUMP | SIDE_JUMPACK);
	uint64_t r = reach(k, 1 - k->side), at = kind != 0 ? tcp_odd(k->t, k->c, k->side)->jump : 0;

	if (kind != 0 && k->s + (kind & SIDE_JUMPACK ? r : 0) >= at && k->s <= at + r) {
		confirmed(k, k->side, 0);
		if (kind & SIDE_JUMPACK) {
			x->una = at;
			x->has |= SIDE_UNA;
		}
	} else if (kind != 0 && k->seglen > 0) {
		witness(k, k->side, SIDE_JUMP);
	}
	if (!tcp_far_ahead(k))
		return (false);
	keep_aside(k, k->side, SIDE_JUMP, k->s, k->p->payload);
	return (true);
}

bool
tcp_step_acked(struct tcp_packet *k, uint64_t a)
{
	struct tcp_side *y = k->y;
	int side = 1 - k->side;
	uint64_t r = reach(k, k->side);
	uint32_t kind = y->has & (SIDE_JUMP | SIDE_JUMPACK);
	const struct tcp_odd_side *o = kind != 0 ? tcp_odd(k->t, k->c, side) : NULL;

	if (kind != 0 && a >= o->jump && a <= o->jump + o->jumplen + r) {
		if (y->has & SIDE_NXT)
			confirmed(k, side, a);
		y->una = a;
		y->has = (y->has & ~(uint32_t)(SIDE_JUMP | SIDE_JUMPACK)) | SIDE_UNA;
		return (true);
	}
	if (kind != 0)
		witness(k, side, SIDE_JUMPACK);
	if (a <= y->una + r)
		return (false);
	if (y->has & SIDE_NXT && a <= y->nxt) { /* a segment there was believed before a window was known */
		tcp_holes_quiet(k, side, a);
		return (false);
	}
	keep_aside(k, side, SIDE_JUMPACK, a, 0);
	return (true);
}
