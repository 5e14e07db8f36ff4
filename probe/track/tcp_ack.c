/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tcp_ack.c: TCP: acknowledgements and windows; what was acknowledged and never captured (SEMANTICS 4.4).
 *
 * What nobody saw and the receiver has is the capture's loss, not the network's.  It can only be known where
 * both sides are captured.
 */
#include "probe/track/tcp.h"

#include "format/base/clock.h"

#define MSS_USUAL 1460

static bool
pure(const struct tcp_packet *k)
{
	return (k->p->payload == 0 && (k->p->tcp.flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0);
}

/* --- windows */

uint32_t
tcp_window(const struct tcp_packet *k, int side)
{
	const struct flow_state *f = k->f;
	bool both = f->wscale[0] != TCP_NOSCALE && f->wscale[1] != TCP_NOSCALE;

	return ((uint32_t)k->c->side[side].lastwin << (both ? f->wscale[side] : 0));
}

void
tcp_in_window(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	int other = 1 - k->side;
	uint64_t win, low;

	x->has &= ~(uint32_t)SIDE_OOW;
	if ((k->known & BIN_SCALED) == 0 || (~x->has & (SIDE_UNA | SIDE_NXT)) != 0 || !tcp_has_window(k->y))
		return;
	if (tcp_far_ahead(k)) { /* the next ones tell */
		x->has |= SIDE_OOW;
		return;
	}
	win = tcp_window(k, other);
	low = win > 65535 ? win : 65535;
	if (k->s >= x->una + win + MSS_USUAL || k->e + low < x->una) {
		tcp_rare(k)->oow[k->side]++;
		x->has |= SIDE_OOW;
	}
}

/* Time with a zero window that lies in bins before this one counts in each of them. */
static void
count_silence(struct tcp_packet *k, int side, int64_t from, int64_t to)
{
	struct ledger *l = k->t->ledger;
	struct flow_ref of = table_ref(l->table, k->v->flow);
	int64_t T = l->time.interval;

	for (int64_t start = ledger_start(l, from); start < to; from = start += T) {
		struct bin *bin = ledger_bin(l, &of, start, k->v->now);
		struct tcp_bin *b = tcp_bin(k->t, bin);

		b->known |= BIN_TRACKED;
		tcp_more(k->t, b)->zwin_us[side] += (uint64_t)((start + T) / USEC - from / USEC);
		ledger_done(l, bin);
	}
}

/* The time with a zero window up to now. */
static void
count_zwin(struct tcp_packet *k, int side)
{
	struct tcp_odd_side *o = tcp_odd(k->t, k->c, side);
	int64_t from = o->zwin, bin = k->bin->start;

	if (k->ts <= from)
		return;
	o->zwin = k->ts;
	if (k->ts - from > idle_seconds[IDLE_EST] * SEC)
		return; /* the clock was set: a flow that is silent for so long ends */
	if (from < bin) {
		count_silence(k, side, from, bin);
		from = bin;
	}
	tcp_rare(k)->zwin_us[side] += (uint64_t)(k->ts / USEC - from / USEC);
}

static void
waits(struct tcp_packet *k)
{
	for (int i = 0; i < 2; i++)
		if (k->c->side[i].has & SIDE_ZWIN)
			count_zwin(k, i);
}

void
tcp_reset(struct tcp_packet *k)
{
	waits(k);
	k->x->has &= ~(uint32_t)SIDE_ZWIN;
	k->y->has &= ~(uint32_t)SIDE_ZWIN;
}

static void
sees_window(struct tcp_packet *k)
{
	struct tcp_side *x = k->x; /* who announces it */
	const struct packet *p = k->p;
	uint32_t win;

	if ((x->has | k->y->has) & SIDE_ZWIN)
		waits(k);
	if (p->tcp.flags & (TCP_SYN | TCP_FIN | TCP_RST)) {
		if (p->tcp.win != 0)
			x->has &= ~(uint32_t)SIDE_ZWIN;
		if ((p->tcp.flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) && tcp_scales(k->f, k->side))
			x->has |= SIDE_SYNWIN;
	} else if (p->tcp.win == 0) {
		tcp_rare(k)->zwin[k->side]++;
		if ((x->has & SIDE_ZWIN) == 0)
			tcp_odd(k->t, k->c, k->side)->zwin = k->ts;
		x->has |= SIDE_ZWIN;
	} else {
		x->has &= ~(uint32_t)SIDE_ZWIN;
	}
	if ((k->known & BIN_SCALED) == 0)
		return;
	win = p->tcp.flags & TCP_SYN ? p->tcp.win : tcp_window(k, k->side);
	if (win > k->b->winmax[k->side])
		k->b->winmax[k->side] = win;
}

/* --- repeated acknowledgements */

static void
repeats(struct tcp_packet *k)
{
	struct tcp_side *x = k->x, *y = k->y; /* x acknowledges what y sent */
	const struct packet *p = k->p;
	bool same_ack = x->has & SIDE_ACK && x->lastack == p->tcp.ack;

	if (!pure(k) || k->probe || p->tcp.win == 0 || !same_ack)
		return;
	if (p->tcp.win != x->lastwin) {
		if (k->s == x->nxt)
			TCP_ADD(k->t, k->b, wupd, k->side, 1);
		return;
	}
	if (y->has & SIDE_PROBE)
		return; /* the answer to it */
	TCP_ADD(k->t, k->b, nullack, k->side, 1);
	if (y->has & SIDE_NXT && y->has & SIDE_UNA && (uint32_t)y->una == p->tcp.ack && y->nxt > y->una) {
		tcp_rare(k)->dupack[k->side]++;
		if (y->dupacks < UINT8_MAX)
			y->dupacks++;
	}
}

static void
selective(struct tcp_packet *k)
{
	struct tcp_side *y = k->y;
	const struct packet *p = k->p;
	int32_t below, from, to;

	if ((y->has & SIDE_NXT) == 0)
		return;
	/* RFC 2883 4: the first block repeats what was acknowledged, or lies inside the second. */
	below = (int32_t)(p->tcp.ack - p->sack[0][1]);
	if (p->tcp.nsack > 1) {
		from = (int32_t)(p->sack[0][0] - p->sack[1][0]);
		to = (int32_t)(p->sack[1][1] - p->sack[0][1]);
	} else {
		from = to = -1;
	}
	if (below >= 0 || (from >= 0 && to >= 0))
		tcp_rare(k)->dsack[1 - k->side]++;
	for (int i = 0; i < p->tcp.nsack; i++) {
		uint64_t edge = tcp_extend(y->nxt, p->sack[i][1]);

		if (edge <= y->una || (y->has & SIDE_SACK && edge <= tcp_odd(k->t, k->c, 1 - k->side)->sack))
			continue;
		tcp_odd(k->t, k->c, 1 - k->side)->sack = edge;
		y->has |= SIDE_SACK;
	}
}

/* --- what the capture missed */

/* MAR sums the acknowledgements of all flows. */
static struct stat_set *
stats(const struct tcp_packet *k)
{
	return (ledger_packet_stats(k->t->ledger, k->v));
}

static bool
counts_events(const struct tcp_packet *k)
{
	uint16_t all = TCPLIFE_SYN | TCPLIFE_SYNACK | TCPLIFE_EST;
	uint16_t end = TCPLIFE_FIN << 0 | TCPLIFE_FIN << 1 | TCPLIFE_RST << 0 | TCPLIFE_RST << 1;

	return ((k->f->tcp_life & all) == all && (k->f->tcp_life & end) == 0);
}

/* A range for ragap, if the SYN says where it lies; next to the one before: that one grows. */
void
tcp_gap_missing(struct tcp_packet *k, int side, uint64_t lo, uint64_t hi)
{
	struct tcp_more *m = tcp_rare(k);
	struct tcp_gaps *g;
	struct tcp_gap *last;
	uint32_t at = (uint32_t)lo - (k->f->isn[side] + 1);

	if ((k->f->tcp_life & TCPLIFE_ISN << side) == 0 || hi <= lo)
		return;
	if (m->gaps == 0 && (m->gaps = pool_get(&k->t->tcp_gap)) == 0)
		return;
	g = pool_at(&k->t->tcp_gap, m->gaps);
	for (int i = 0; i < m->ngaps; i++) {
		last = &g->gap[i];
		if (last->side == side && last->lo + last->len == at) {
			last->len += (uint32_t)(hi - lo);
			return;
		}
	}
	if (m->ngaps < TCP_GAPS)
		g->gap[m->ngaps++] = (struct tcp_gap){ at, (uint32_t)(hi - lo), (uint8_t)side };
}

void
tcp_gap_filled(struct tcp_packet *k, int side, uint64_t lo, uint64_t hi)
{
	struct tcp_more *m = tcp_rare(k);
	struct tcp_gaps *g;
	uint32_t a = (uint32_t)lo - (k->f->isn[side] + 1), len = (uint32_t)(hi - lo);

	if (m->gaps == 0)
		return;
	g = pool_at(&k->t->tcp_gap, m->gaps);
	for (int i = 0; i < m->ngaps; i++) {
		struct tcp_gap *x = &g->gap[i];
		uint32_t front = a - x->lo, back = a + len - x->lo; /* where the filled part lies in it */

		if (x->side != side || (front >= x->len && (int32_t)front >= 0) || (int32_t)back <= 0)
			continue;
		if ((int32_t)front <= 0 && back >= x->len) {
			*x = g->gap[--m->ngaps];
			i--;
		} else if ((int32_t)front <= 0) {
			x->lo += back;
			x->len -= back;
		} else {
			x->len = front; /* what lies behind it is in the counts alone */
		}
	}
}

void
tcp_event_fixed(struct tcp_packet *k, int side, int64_t start)
{
	struct ledger *l = k->t->ledger;
	struct flow_ref of;
	struct bin *bin;
	struct tcp_bin *b;

	stats(k)->m_ackfix++;
	if (start == k->bin->start) {
		tcp_rare(k)->ackfix[side]++;
		return;
	}
	of = table_ref(l->table, k->v->flow);
	bin = ledger_bin(l, &of, start, k->v->now);
	b = tcp_bin(k->t, bin);
	b->known |= k->b->known;
	tcp_more(k->t, b)->ackfix[side]++;
	ledger_done(l, bin);
}

void
tcp_no_fin(struct tcp_packet *k, int side)
{
	struct tcp_side *x = &k->c->side[side];

	tcp_rare(k)->capmiss[side]++;
	tcp_gap_missing(k, side, x->una - 1, x->una);
	if (x->has & SIDE_OWEDGAP && counts_events(k)) {
		tcp_rare(k)->ackgap[side]++;
		stats(k)->m_ackgap++;
		tcp_letter(k->b, side, LETTER_g);
		tcp_holes_event(k, side, x->una - 1, x->una);
	}
	x->has &= ~(uint32_t)(SIDE_OWED | SIDE_OWEDGAP);
}

/* Acknowledged up to `to`, beyond all that was seen: bytes that are missing for certain. */
static uint64_t
beyond(struct tcp_packet *k, int side, uint64_t to)
{
	struct tcp_side *y = &k->c->side[side];
	uint64_t from = y->nxt, sure = to - from;

	y->nxt = to;
	if (y->has & SIDE_VAGUE) { /* it was seen, but not how long it was */
		y->has &= ~(uint32_t)SIDE_VAGUE;
		tcp_open_hole(k, side, from, to, HOLE_QUIET);
		return (0);
	}
	if (sure == 1 && y->has & SIDE_PROBED) { /* the window was not quite zero: the probe's byte was taken */
		TCP_ADD(k->t, k->b, newbytes, side, 1);
		return (0);
	}
	tcp_rare(k)->ackun[side]++;
	tcp_open_hole(k, side, from, to, 0);
	if ((k->f->tcp_life & TCPLIFE_FIN << side) == 0) { /* the last byte may be a FIN: wait and see */
		y->has |= SIDE_OWED;
		sure--;
	}
	tcp_gap_missing(k, side, from, from + sure);
	return (sure);
}

/* An acknowledgement that advances. */
static void
moves(struct tcp_packet *k, uint64_t a)
{
	int side = 1 - k->side;
	struct tcp_side *y = k->y;
	uint64_t from = y->una, missed;
	bool event = counts_events(k) && (uint32_t)a != k->f->isn[side] + 1;

	if (y->has & SIDE_OWED)
		tcp_no_fin(k, side);
	y->una = a;
	if (a >= y->nxt)
		y->has &= ~(uint32_t)SIDE_FORGOT;
	missed = y->holes != 0 ? tcp_holes_acked(k, side, from, a) : 0;
	if (a > y->nxt)
		missed += beyond(k, side, a);
	TCP_ADD(k->t, k->b, ackev, side, event);
	if (event)
		stats(k)->m_ackev++;
	if (missed > 0) {
		tcp_rare(k)->capmiss[side] += missed;
		tcp_rare(k)->ackgap[side] += event;
		if (event) {
			stats(k)->m_ackgap++;
			tcp_holes_event(k, side, from, a);
		}
		tcp_letter(k->b, side, LETTER_g);
	} else if (y->has & SIDE_OWED && event) {
		y->has |= SIDE_OWEDGAP;
	}
}

/* The first acknowledgement of a connection met in the middle says where it is, nothing else. */
static void
begins(struct tcp_packet *k)
{
	struct tcp_side *y = k->y;

	y->una = y->has & SIDE_NXT ? tcp_extend(y->nxt, k->p->tcp.ack) : TCP_BASE + k->p->tcp.ack;
	y->has |= SIDE_UNA;
	if (y->has & SIDE_NXT && y->una > y->nxt)
		y->nxt = y->una;
	tcp_holes_quiet(k, 1 - k->side, y->una);
}

/* A SYN-ACK that takes the SYN and not the data that came with it (RFC 7413 4.2): that will come again. */
static void
refuses(struct tcp_packet *k, uint64_t a)
{
	struct tcp_side *y = k->y;
	uint64_t n = y->nxt - a;

	if ((y->has & SIDE_NXT) == 0 || y->nxt <= a || a != y->una + 1 || (uint32_t)y->una != k->f->isn[1 - k->side])
		return;
	tcp_odd(k->t, k->c, 1 - k->side)->refused = n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
	y->has |= SIDE_REFUSED | SIDE_LOOSE;
	y->nxt = a;
	rtt_void(&k->c->rtt, 1 - k->side);
}

/* Two servers answered the SYN: the one that the initiator acknowledges counts. */
static void
chooses(struct tcp_packet *k)
{
	struct tcp_side *y = k->y;
	uint32_t isn = (uint32_t)tcp_odd(k->t, k->c, 1 - k->side)->jump;

	if (k->p->tcp.flags & TCP_SYN)
		return;
	y->has &= ~(uint32_t)SIDE_OTHER;
	if (k->p->tcp.ack != isn + 1)
		return;
	tcp_anew(k, 1 - k->side, TCP_BASE + isn + 1);
	y->una = TCP_BASE + isn;
	y->has |= SIDE_UNA;
	k->f->isn[1 - k->side] = isn;
}

static void
advances(struct tcp_packet *k)
{
	struct tcp_side *y = k->y;
	int side = 1 - k->side;
	uint64_t a;

	if (y->has & SIDE_OTHER)
		chooses(k);
	if ((y->has & SIDE_UNA) == 0) {
		begins(k);
		rtt_acked(k->t, &k->c->rtt, &k->b->rtt, side, k->p->tcp.ack, k->ts);
		return;
	}
	a = tcp_extend(y->has & SIDE_NXT ? y->nxt : y->una, k->p->tcp.ack);
	if ((a > y->una || y->has & (SIDE_JUMP | SIDE_JUMPACK)) && tcp_step_acked(k, a))
		return;
	if (a <= y->una)
		return;
	if (k->p->tcp.flags & TCP_SYN)
		refuses(k, a);
	y->dupacks = 0;
	y->has &= ~(uint32_t)SIDE_SACK;
	if (y->nrtx != 0 && a > tcp_odd(k->t, k->c, side)->rtx)
		y->nrtx = 0;
	if (y->has & SIDE_NXT && k->f->life & LIFE_SENT_LO << side) {
		moves(k, a);
		rtt_acked(k->t, &k->c->rtt, &k->b->rtt, side, (uint32_t)a, k->ts);
	} else {
		y->una = a;
		k->b->known |= BIN_ASYM;
	}
	if (y->has & SIDE_FIN && a >= y->fin)
		k->f->tcp_life |= (uint16_t)(TCPLIFE_FINACK << side);
}

void
tcp_acknowledge(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;

	if (k->p->tcp.flags & TCP_ACK) {
		if (k->p->tcp.win > x->maxwin && (k->p->tcp.flags & TCP_SYN) == 0)
			x->maxwin = k->p->tcp.win;
		if (k->p->payload == 0)
			repeats(k);
		advances(k);
		if (k->p->tcp.opts & TCPOPT_SACK)
			selective(k);
		x->lastack = k->p->tcp.ack;
		x->lastwin = k->p->tcp.win;
		x->has = (x->has & ~(uint32_t)SIDE_SYNWIN) | SIDE_ACK;
	}
	sees_window(k);
}
