/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tcp.c: TCP: one packet through the tracker, and what of it stands in the record.
 *
 * A SYN alone costs a few bytes of the flow.  The state of a connection (tcp.h) is made when the handshake is
 * complete, with the first payload or FIN, when a SYN comes again, or with the second packet that is no SYN.
 */
#include "probe/track/tcp.h"

#include "format/base/clock.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

void
tcp_init(struct track *t, uint32_t max_flows)
{
	uint32_t cells = ledger_cells(max_flows);

	pool_init(&t->tcp, sizeof(struct tcp), max_flows);
	pool_init(&t->tcp_ring[0], sizeof(struct tcp_sent), max_flows > 1u << 30 ? 1u << 31 : 2 * max_flows);
	pool_init(&t->tcp_ring[1], sizeof(struct tcp_sent) * TCP_RING, t->tcp_ring[0].cap);
	pool_init(&t->tcp_odd, sizeof(struct tcp_odd), max_flows);
	tcp_holes_init(t, max_flows);
	pool_init(&t->tcp_bin, sizeof(struct tcp_bin), cells);
	pool_init(&t->tcp_more, sizeof(struct tcp_more), cells);
	pool_init(&t->tcp_high, sizeof(struct tcp_high), cells);
	pool_init(&t->tcp_gap, sizeof(struct tcp_gaps), max_flows / 4 + 1024);
}

/* --- cells */

struct tcp_bin *
tcp_bin_new(struct track *t, struct bin *b)
{
	b->ext = pool_get(&t->tcp_bin);
	memset(pool_at(&t->tcp_bin, b->ext), 0, sizeof(struct tcp_bin));
	return (pool_at(&t->tcp_bin, b->ext));
}

struct tcp_more *
tcp_more(struct track *t, struct tcp_bin *b)
{
	if (b->more == 0) {
		b->more = pool_get(&t->tcp_more);
		memset(pool_at(&t->tcp_more, b->more), 0, sizeof(struct tcp_more));
	}
	return (pool_at(&t->tcp_more, b->more));
}

struct tcp_high *
tcp_high(struct track *t, struct tcp_bin *b)
{
	struct tcp_more *m = tcp_more(t, b);

	if (m->high == 0) {
		m->high = pool_get(&t->tcp_high);
		memset(pool_at(&t->tcp_high, m->high), 0, sizeof(struct tcp_high));
	}
	return (pool_at(&t->tcp_high, m->high));
}

struct tcp_odd_side *
tcp_odd(struct track *t, struct tcp *c, int side)
{
	if (c->odd == 0) {
		c->odd = pool_get(&t->tcp_odd);
		memset(pool_at(&t->tcp_odd, c->odd), 0, sizeof(struct tcp_odd));
	}
	return (&((struct tcp_odd *)pool_at(&t->tcp_odd, c->odd))->side[side]);
}

static void
knows_isn(struct tcp_side *x, uint32_t isn)
{
	x->una = TCP_BASE + isn;
	x->nxt = x->una + 1;
	x->has |= SIDE_NXT | SIDE_UNA;
}

/* What is known of the connection by now. */
static uint8_t
known(const struct flow_state *f)
{
	uint16_t isns = TCPLIFE_ISN << 0 | TCPLIFE_ISN << 1, open = TCPLIFE_SYN | TCPLIFE_SYNACK | TCPLIFE_EST;
	uint8_t is = BIN_TRACKED;

	if ((f->tcp_life & isns) == isns && f->wscale[0] != TCP_CUTSCALE && f->wscale[1] != TCP_CUTSCALE)
		is |= BIN_SCALED;
	if (track_both_sent(f))
		is |= BIN_BOTH;
	if ((f->tcp_life & open) == open)
		is |= BIN_OPENED;
	return (is);
}

/* What the handshake said, before anything was remembered; b: the bin from which on something is.  The flow's times of
 * each side's last packet are those of the SYN and the SYN-ACK. */
static void
recall(struct tcp *c, const struct flow_state *f, struct tcp_bin *b)
{
	int answered = (f->tcp_life & TCPLIFE_SYNACKHI) != 0, opened = 1 - answered;
	uint16_t crossed = TCPLIFE_SYNRTX | TCPLIFE_SYNACKRTX; /* a SYN that came again is remembered before */

	for (int i = 0; i < 2; i++)
		if (f->tcp_life & TCPLIFE_ISN << i)
			knows_isn(&c->side[i], f->isn[i]);
	if ((f->tcp_life & TCPLIFE_SYNACK) == 0 || (f->tcp_life & TCPLIFE_ISN << opened) == 0)
		return;
	c->side[opened].una++;
	if ((f->tcp_life & crossed) == crossed)
		c->side[answered].una++;
	c->side[answered].lastack = f->isn[opened] + 1;
	c->side[answered].lastwin = f->synwin;
	c->side[answered].has |= tcp_scales(f, answered) ? SIDE_ACK | SIDE_SYNWIN : SIDE_ACK;
	if (known(f) & BIN_SCALED && b->winmax[answered] < f->synwin)
		b->winmax[answered] = f->synwin; /* it may be used from now on */
	if ((f->tcp_life & (TCPLIFE_SYN | TCPLIFE_SYNRTX)) == TCPLIFE_SYN)
		rtt_recall(&c->rtt, answered, f->last[opened], f->last[answered]);
}

static struct tcp *
connection(struct track *t, struct flow_state *f, const struct packet *p, struct tcp_bin *b, bool again)
{
	bool goes_on = f->packets > 1 && (p->tcp.flags & (TCP_SYN | TCP_RST)) == 0;

	if (f->ext != 0)
		return (pool_at(&t->tcp, f->ext));
	if (!again && p->payload == 0 && (p->tcp.flags & TCP_FIN) == 0 && (f->tcp_life & TCPLIFE_EST) == 0 &&
	    !goes_on)
		return (NULL);
	if ((f->ext = pool_get(&t->tcp)) == 0)
		return (NULL);
	memset(pool_at(&t->tcp, f->ext), 0, sizeof(struct tcp));
	recall(pool_at(&t->tcp, f->ext), f, b);
	return (pool_at(&t->tcp, f->ext));
}

/* --- one packet */

/* What follows is said by those who find it; a structure that is cleared as a whole costs more than all of them. */
static inline void
begin(struct tcp_packet *k, struct track *t, const struct seen *v)
{
	k->t = t;
	k->v = v;
	k->f = v->f;
	k->bin = v->b;
	k->p = v->p;
	k->side = v->side;
	k->ts = v->p->ts;
	k->b = NULL;
	k->c = NULL;
	k->x = k->y = NULL;
	k->s = k->e = k->first = k->behind = 0;
	k->seglen = 0;
	k->probe = false;
	k->known = 0;
}

static void
measure_handshake(struct tcp_packet *k, bool again, bool was_est)
{
	const struct flow_state *f = k->f;
	int other = 1 - k->side;
	struct rtt_flow none, *r = k->c != NULL ? &k->c->rtt : &none;

	if ((f->life & LIFE_SENT_LO << other) == 0 || (f->tcp_life & TCPLIFE_ISN << other) == 0)
		return;
	if ((k->p->tcp.flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK)) {
		none = (struct rtt_flow){ 0 };
		if (!again && (f->tcp_life & (TCPLIFE_SYN | TCPLIFE_SYNRTX)) == TCPLIFE_SYN)
			rtt_synack(k->t, r, &k->b->rtt, k->side, f->last[other], k->ts);
	} else if (!was_est && f->tcp_life & TCPLIFE_EST && (f->tcp_life & TCPLIFE_SYNACKRTX) == 0 && k->c != NULL &&
	    k->side == (f->tcp_life & TCPLIFE_SYNACKHI ? 0 : 1) &&
	    k->p->tcp.ack == f->isn[other] + 1) { /* later ones say that this one was missed */
		rtt_ackdat(k->t, r, &k->b->rtt, k->side, f->last[other], k->ts);
	}
}

/* A RST whose TTL is not that of what its sender sends otherwise, before it or after: somebody else's? */
static void
note_ttl(struct tcp_packet *k, bool reset)
{
	struct flow_state *f = k->f;
	uint8_t me = (uint8_t)(1 << k->side), *usual = &f->ttl[k->side];

	if (reset && *usual == 0) {
		f->rst_only |= me;
		*usual = k->p->ttl;
		return;
	}
	if (reset != ((f->rst_only & me) != 0) && abs(k->p->ttl - *usual) > 2)
		k->b->rstttl = 1;
	if (!reset) {
		f->rst_only &= (uint8_t)~me;
		*usual = k->p->ttl;
	}
}

static void
note_reset(struct tcp_packet *k)
{
	const struct flow_state *f = k->f;
	const struct tcp_side *x = k->x, *y = k->y;
	bool data = k->c != NULL && (x->has | y->has) & SIDE_DATA;

	k->b->rstby |= 1u << k->side & 3;
	if ((f->tcp_life & (TCPLIFE_SYN | TCPLIFE_SYNACK)) != 0 && (f->tcp_life & TCPLIFE_EST) == 0 && !data)
		k->b->rstphase |= tcp_refuses(f, k->side, k->p) ? RSTPHASE_syn : RSTPHASE_before;
	else if (k->c != NULL && y->has & SIDE_OOW)
		k->b->rstphase |= RSTPHASE_oow;
	else if (f->tcp_life & (TCPLIFE_FIN << 0 | TCPLIFE_FIN << 1))
		k->b->rstphase |= RSTPHASE_fin;
	else
		k->b->rstphase |= data ? RSTPHASE_data : RSTPHASE_before;
	if (k->c != NULL)
		tcp_reset(k);
}

/* A RST of the initiator that answers a segment of somebody else: its number is what that acknowledged, far from all that
 * it ever sent. */
static bool
answers_stale(const struct track *t, const struct flow_state *f, int side, const struct packet *p)
{
	const struct tcp *c = f->ext != 0 ? pool_at(&t->tcp, f->ext) : NULL;
	int32_t off;

	if (c == NULL || (f->tcp_life & TCPLIFE_ISN << side) == 0 ||
	    (f->tcp_life & TCPLIFE_SYNACK && ((f->tcp_life & TCPLIFE_SYNACKHI) != 0) == (side == 1)) ||
	    (c->side[1 - side].has & SIDE_ACK) == 0 || c->side[1 - side].lastack != p->tcp.seq)
		return (false);
	off = (int32_t)(p->tcp.seq - (c->side[side].has & SIDE_NXT ? (uint32_t)c->side[side].nxt : f->isn[side]));
	return (off > 1 << 20 || off < -(1 << 20));
}

static void
note_id(struct tcp_side *x, uint16_t ipid)
{
	int16_t on = (int16_t)(ipid - x->ipid);

	if ((x->has & SIDE_IPID) == 0) {
		x->has |= SIDE_IPID;
		x->ipid = ipid;
		return;
	}
	if (on == 0)
		return;
	x->has |= SIDE_IDVARY;
	if (on > 999 || on < -1000)
		x->forward = 0;
	else if (on > 0)
		x->forward += x->forward < 3;
	if (on > 0 || on < -1000)
		x->ipid = ipid;
}

static void
note_header(struct tcp_packet *k)
{
	struct tcp_side *x = k->x;
	const struct packet *p = k->p;

	if (p->af == 4 && p->ipid != 0)
		note_id(x, (uint16_t)p->ipid);
	if ((p->facts & FACT_TCPTS) == 0)
		return;
	if (x->has & SIDE_TS && (int32_t)(p->tcp.tsval - x->tsval) < 0) {
		tcp_rare(k)->tsold[k->side]++;
	} else {
		x->tsval = p->tcp.tsval;
		x->has |= SIDE_TS;
	}
}

static void
note_flight(struct tcp_packet *k)
{
	const struct tcp_side *x = k->x;
	uint64_t flight;

	if ((x->has & SIDE_UNA) == 0 || x->nxt < x->una)
		return;
	flight = x->nxt - x->una;
	if (flight > k->b->inflmax[k->side])
		k->b->inflmax[k->side] = flight > UINT32_MAX ? UINT32_MAX : (uint32_t)flight;
	if (k->known & BIN_SCALED && tcp_has_window(k->y) && 10 * flight >= 9 * (uint64_t)tcp_window(k, 1 - k->side))
		tcp_rare(k)->winlim[k->side]++;
}

/* What was seen of this side before its SYN is of something else. */
static bool
begins_elsewhere(const struct tcp_side *x, uint32_t isn)
{
	uint64_t first = tcp_extend(x->nxt, isn + 1);

	return (first > x->nxt || x->nxt - first > 1 << 20);
}

/* The segment in the sender's sequence space; false if it has no place there.  first: it is its sender's first SYN. */
static bool
place(struct tcp_packet *k, bool first)
{
	const struct packet *p = k->p;
	struct tcp_side *x = k->x;
	bool syn = p->tcp.flags & TCP_SYN, fin;

	if (syn && p->tcp.seq != k->f->isn[k->side])
		return (false); /* of no connection that we know */
	if (first && x->has & SIDE_NXT && begins_elsewhere(x, p->tcp.seq)) {
		tcp_anew(k, k->side, 0);
		x->has &= ~(uint32_t)SIDE_NXT;
	}
	if (syn && (x->has & SIDE_NXT) == 0)
		knows_isn(x, p->tcp.seq);
	fin = p->tcp.flags & TCP_FIN && !tcp_is_piece(p); /* else it lies behind what is yet to come */
	k->seglen = p->payload + syn + fin;
	k->s = x->has & SIDE_NXT ? tcp_extend(x->nxt, p->tcp.seq) : x->has & SIDE_UNA ? tcp_extend(x->una, p->tcp.seq) :
	    TCP_BASE + p->tcp.seq;
	k->e = k->s + k->seglen;
	k->behind = k->e - fin;
	k->first = k->behind - p->payload;
	return (true);
}

static void
track_segment(struct tcp_packet *k, bool again)
{
	const struct packet *p = k->p;
	struct tcp_side *x = k->x;

	if (p->tcp.flags & TCP_FIN && (x->has & SIDE_FIN) == 0 && !tcp_is_piece(p)) {
		x->fin = k->e;
		x->has |= SIDE_FIN;
	}
	tcp_in_window(k);
	if (again) {
		tcp_syn_again(k);
	} else if (p->tcp.flags & TCP_SYN) {
		k->s++; /* the rest is what may come with it (RFC 7413) */
		k->seglen--;
	}
	if (!again && k->seglen + (uint32_t)(~p->tcp.flags & TCP_SYN) > 0 && !tcp_segment(k))
		return; /* captured twice */
	note_header(k);
	if (p->payload > 0) {
		TCP_ADD(k->t, k->b, datasegs, k->side, 1);
		x->has |= SIDE_DATA;
	}
	if (p->facts & FACT_TCPTS)
		rtt_stamps(k->t, &k->c->rtt, &k->b->rtt, k->side, p, k->seglen > 0, k->ts);
	tcp_acknowledge(k);
	if (p->payload > 0 && !k->probe)
		note_flight(k);
	x->has = k->probe ? x->has | SIDE_PROBE : x->has & ~(uint32_t)SIDE_PROBE;
}

/* The last fragment of a segment: what its first one did not hold is there, too. */
static void
complete(struct track *t, const struct seen *v)
{
	struct flow_state *f = v->f;
	struct tcp_packet k;

	if (f->ext == 0)
		return;
	begin(&k, t, v);
	k.b = tcp_bin(t, v->b);
	k.c = pool_at(&t->tcp, f->ext);
	k.x = &k.c->side[k.side];
	k.y = &k.c->side[1 - k.side];
	if ((k.x->has & SIDE_NXT) == 0)
		return;
	k.b->known |= k.known = known(f);
	k.seglen = v->segment.len + v->segment.fin;
	k.s = k.first = tcp_extend(k.x->nxt, v->segment.seq);
	k.behind = k.s + v->segment.len;
	k.e = k.s + k.seglen;
	if (v->segment.fin && (k.x->has & SIDE_FIN) == 0) {
		k.x->fin = k.e;
		k.x->has |= SIDE_FIN;
	}
	tcp_completed(&k);
}

/* Has this pair of four bits gone round? */
static bool
goes_round(uint8_t *pair, int side)
{
	bool round = (*pair >> 4 * side & 15) == 15;

	*pair = (uint8_t)(*pair + (round ? -15 : 1) * (1 << 4 * side));
	return (round);
}

static void
count_flags(struct track *t, struct tcp_bin *b, int side, const struct packet *p)
{
	uint8_t flags = p->tcp.flags;

	if (flags & TCP_SYN && goes_round(&b->syn, side))
		tcp_high(t, b)->syn[side]++;
	if (flags & TCP_FIN && goes_round(&b->fin, side))
		tcp_high(t, b)->fin[side]++;
	if (flags & TCP_RST && goes_round(&b->rst, side))
		tcp_high(t, b)->rst[side]++;
	if (flags & TCP_SYN && p->tcp.opts & TCPOPT_MSS)
		b->mss[side] = p->tcp.mss;
}

static void
segment(struct track *t, const struct seen *v)
{
	const struct packet *p = v->p;
	struct flow_state *f = v->f;
	struct bin *bin = v->b;
	uint8_t flags = p->tcp.flags;
	int side = v->side;
	bool syn = flags & TCP_SYN, first = syn && (f->tcp_life & TCPLIFE_ISN << side) == 0;
	bool again = syn && tcp_repeats_syn(f, side, p), other = syn && tcp_other_answer(f, side, p);
	bool stale = flags & TCP_RST && answers_stale(t, f, side, p);
	bool twice = again && p->ts - f->last[side] <= MSEC, was_est = f->tcp_life & TCPLIFE_EST;
	struct tcp_packet k;

	begin(&k, t, v);
	bin->tcpflags[side] |= flags;
	if (!twice && !stale && !tcp_lives_on(f, flags))
		tcp_live(f, side, p);
	if (again && !twice)
		tcp_knocks(f, p->ts - f->last[side]);
	k.b = tcp_bin(t, bin);
	tcp_history(k.b, side, p);
	k.b->opts[side] |= p->tcp.opts;
	if (flags & (TCP_SYN | TCP_FIN | TCP_RST))
		count_flags(t, k.b, side, p);
	else if (flags & TCP_ACK && p->payload == 0)
		TCP_ADD(t, k.b, ackpkts, side, 1);
	k.c = connection(t, f, p, k.b, again || other);
	if (k.c != NULL) {
		k.x = &k.c->side[side];
		k.y = &k.c->side[1 - side];
		k.b->known |= k.known = known(f);
		if (other) {
			tcp_odd(t, k.c, side)->jump = p->tcp.seq;
			k.x->has |= SIDE_OTHER;
		}
	}
	if (flags & TCP_SYN || !was_est)
		measure_handshake(&k, again, was_est);
	if (k.c != NULL && twice) {
		k.seglen = 1;
		tcp_copied(&k);
	}
	if (stale)
		return;
	if (flags & TCP_RST || p->ttl != f->ttl[side] || f->rst_only != 0)
		note_ttl(&k, flags & TCP_RST);
	if (flags & TCP_RST)
		note_reset(&k);
	else if (k.c != NULL && !twice && p->facts & FACT_PAYLOAD && place(&k, first))
		track_segment(&k, again);
}

static void
packet(struct track *t, const struct seen *v)
{
	if (v->p->facts & FACT_TCP)
		segment(t, v);
	if (v->frag & FRAG_OK && v->segment.len > 0)
		complete(t, v);
}

static void
prefetch(const struct track *t, const struct flow_state *f, const struct bin *b)
{
	if (f != NULL && f->ext != 0)
		mem_prefetch(pool_at(&t->tcp, f->ext), sizeof(struct tcp));
	if (b == NULL)
		return;
	if (b->ext != 0)
		mem_prefetch(pool_at(&t->tcp_bin, b->ext), sizeof(struct tcp_bin));
}

/* --- the record */

/* `is`: which fields there are (tile.h). */
#define PAIR_OF(name, from)                     \
	PUT_NOTED(r, is, s##name, (from)[s]);   \
	PUT_NOTED(r, is, d##name, (from)[d]);
#define BIN_PAIR(name)  PAIR_OF(name, b->name)
#define MORE_PAIR(name) PAIR_OF(name, m->name)
/* Zero: a tile's cells are, where nothing was put. */
#define ZERO_PAIR(name)                \
	bit_set(is->w, F_s##name);     \
	bit_set(is->w, F_d##name);
#define FLAG_PAIR(name)                                   \
	PUT_NOTED(r, is, s##name, b->name >> 4 * s & 15); \
	PUT_NOTED(r, is, d##name, b->name >> 4 * d & 15);
/* What few bits hold, and how often they went round. */
#define HIGH(name, side)      ((uint64_t)h->name[side] << 8 * sizeof(b->name[0]) | b->name[side])
#define HIGH_FLAG(name, side) ((uint64_t)h->name[side] << 4 | (b->name >> 4 * (side) & 15))
#define HIGH_PAIR(name)                           \
	PUT_NOTED(r, is, s##name, HIGH(name, s)); \
	PUT_NOTED(r, is, d##name, HIGH(name, d));
#define HIGH_FLAG_PAIR(name)                           \
	PUT_NOTED(r, is, s##name, HIGH_FLAG(name, s)); \
	PUT_NOTED(r, is, d##name, HIGH_FLAG(name, d));

static void
fill_gaps(const struct track *t, const struct tcp_more *m, int s, struct tile *r)
{
	static _Thread_local uint8_t out[TCP_GAPS * 11]; /* until the record is put */
	const struct tcp_gaps *g = pool_at(&t->tcp_gap, m->gaps);
	size_t n = 0;

	for (int i = 0; i < m->ngaps; i++) {
		uint32_t v[2] = { g->gap[i].lo, g->gap[i].len };

		out[n++] = g->gap[i].side != s; /* 0 = sent by the source */
		for (int j = 0; j < 2; j++) {
			for (; v[j] > 127; v[j] >>= 7)
				out[n++] = (uint8_t)((v[j] & 127) | 128);
			out[n++] = (uint8_t)v[j];
		}
	}
	PUT_BLOB(r, gaps, out, n);
}

/* Round trips under load grow far above their least, and the receiver is not what holds it up. */
static void
fill_bloat(const struct track *t, const struct tcp_bin *b, const struct tcp_more *m, int s, struct tile *r, uint64_t *health)
{
	uint64_t sides = 0;

	for (int leg = 0; leg < 2; leg++) {
		struct rtt_leg one;
		const struct rtt_leg *l = rtt_leg(t, &b->rtt, leg, &one);

		for (int from = 0; l != NULL && from < 2; from++) {
			uint64_t bytes = tile_number(r, from == s ? F_snewbytes : F_dnewbytes);

			if (m->zwin[1 - from] == 0 && (health_bloat(t->limits, bytes, l->n, l->sum, l->base) ||
			    health_queue(t->limits, bytes, l->any, l->min, l->base)))
				sides |= 1u << (leg != s);
		}
	}
	if (sides == 0)
		return;
	PUT(r, bloatside, sides);
	*health |= HEALTH_bufbloat;
}

static bool
has_events(const struct tcp_bin *b)
{
	return ((b->known & (BIN_TRACKED | BIN_BOTH | BIN_OPENED)) == (BIN_TRACKED | BIN_BOTH | BIN_OPENED));
}

#define FILL_COUNTS(pair)             \
	TCP_SEGMENTS(pair)            \
	if (b->known & BIN_TRACKED) { \
		TCP_COMMON(pair)      \
	}                             \
	if (has_events(b)) {          \
		pair(ackev)           \
	}

/* Once more, where something counted further than its bits reach. */
static void
fill_high(const struct track *t, const struct tcp_bin *b, int s, struct tile *r)
{
	const struct tcp_more *m = pool_at(&t->tcp_more, b->more);
	const struct tcp_high *h = pool_at(&t->tcp_high, m->high);
	struct tile_noted noted = { { 0 } }, *is = &noted;
	int d = 1 - s;

	if (m->high == 0)
		return;
	TCP_FLAGS(HIGH_FLAG_PAIR)
	FILL_COUNTS(HIGH_PAIR)
	tile_note(r, is);
}

#define FILL_RARE(pair)              \
	TCP_RARE(pair)               \
	TCP_RARE_BYTES(pair)         \
	if (b->known & BIN_SCALED) { \
		TCP_RARE_SCALED(pair) \
	}                            \
	if (b->known & BIN_BOTH) {   \
		TCP_CAPTURE(pair)    \
		TCP_CAPTURE_BYTES(pair) \
	}                            \
	if (has_events(b)) {         \
		TCP_EVENTS(pair)     \
	}

static void
fill_more(const struct track *t, const struct tcp_bin *b, const struct tcp_more *m, int s, struct tile *r)
{
	struct tile_noted noted = { { 0 } }, *is = &noted;
	int d = 1 - s;

	FILL_RARE(MORE_PAIR)
	PAIR_OF(late, m->ooo) /* one name for what came late, in all protocols */
	if (b->known & BIN_BOTH && m->capooo[s] > 0)
		PUT(r, sskew_us, m->skew_us[s]);
	if (b->known & BIN_BOTH && m->capooo[d] > 0)
		PUT(r, dskew_us, m->skew_us[d]);
	if (m->ngaps > 0)
		fill_gaps(t, m, s, r);
	tile_note(r, is);
}

static inline void
fill_tracked(const struct track *t, const struct tcp_bin *b, int s, struct tile *r, struct tile_noted *is)
{
	static const struct tcp_more none;
	const struct tcp_more *m = b->more != 0 ? pool_at(&t->tcp_more, b->more) : &none;
	uint64_t health = (b->known & (BIN_BOTH | BIN_ASYM)) == BIN_ASYM ? HEALTH_asym : 0;
	int d = 1 - s;

	BIN_PAIR(inflmax)
	if (b->known & BIN_SCALED) {
		BIN_PAIR(winmax)
	}
	if (b->more == 0) {
		FILL_RARE(ZERO_PAIR)
		ZERO_PAIR(late)
	} else {
		fill_more(t, b, m, s, r);
	}
	fill_bloat(t, b, m, s, r, &health);
	if (health != 0)
		PUT(r, health, health);
}

static void
fill_history(const struct bin *b, const struct tcp_bin *x, int s, struct tile *r)
{
	static _Thread_local char text[1 + HIST_MAX]; /* until the record is put */
	uint32_t set[2];
	size_t n = tcp_text(x, s, text + 1, set);

	text[0] = '^';
	if (b->flags & RFLAGS_flipped)
		PUT_BLOB(r, hist, text, n + 1);
	else
		PUT_BLOB(r, hist, text + 1, n);
	PUT(r, shists, set[s]);
	PUT(r, dhists, set[1 - s]);
}

/* What a side offered with its SYN. */
#define FILL_OFFER(p, side)                                                                 \
	do {                                                                                \
		if (b->mss[side] != 0)                                                      \
			PUT(r, p##mss, b->mss[side]);                                       \
		if (bin->tcpflags[side] & TCP_SYN && f->wscale[side] <= 14)                 \
			PUT(r, p##wscale, f->wscale[side]);                                 \
	} while (0)

static void
fill_resets(const struct tcp_bin *b, int s, struct tile *r)
{
	if (b->rstby != 0) {
		PUT(r, rstby, s == 0 ? b->rstby : (b->rstby >> 1 | b->rstby << 1) & 3);
		PUT(r, rstphase, b->rstphase);
	}
	PUT(r, rstttl, b->rstttl);
}

static void
fill(const struct track *t, const struct flow_state *f, const struct bin *bin, struct tile *r)
{
	int s = f->src, d = 1 - s;
	struct tile_noted noted = { { 0 } }, *is = &noted;
	const struct tcp_bin *b;

	PUT(r, stcpflags, bin->tcpflags[s]);
	PUT(r, dtcpflags, bin->tcpflags[d]);
	if (bin->ext == 0)
		return;
	b = pool_at(&t->tcp_bin, bin->ext);
	fill_history(bin, b, s, r);
	FLAG_PAIR(syn)
	if (b->fin != 0 || b->rst != 0) {
		FLAG_PAIR(fin)
		FLAG_PAIR(rst)
	} else {
		ZERO_PAIR(fin)
		ZERO_PAIR(rst)
	}
	FILL_COUNTS(BIN_PAIR)
	if (b->more != 0)
		fill_high(t, b, s, r);
	BIN_PAIR(opts)
	if (b->rstby != 0 || b->rstttl != 0)
		fill_resets(b, s, r);
	if (b->rtt.method != 0)
		rtt_fill(t, &b->rtt, s, r);
	if (b->known & BIN_TRACKED)
		fill_tracked(t, b, s, r, is);
	FILL_OFFER(s, s);
	FILL_OFFER(d, d);
	tile_note(r, is);
}

static void
end_bin(struct track *t, struct bin *b)
{
	const struct tcp_bin *x;

	if (b->ext == 0)
		return;
	x = pool_at(&t->tcp_bin, b->ext);
	if (x->rtt.method != 0)
		rtt_end_bin(t, &x->rtt);
	if (x->more != 0) {
		const struct tcp_more *m = pool_at(&t->tcp_more, x->more);

		if (m->gaps != 0)
			pool_put(&t->tcp_gap, m->gaps);
		if (m->high != 0)
			pool_put(&t->tcp_high, m->high);
		pool_put(&t->tcp_more, x->more);
	}
	pool_put(&t->tcp_bin, b->ext);
}

static void
end_flow(struct track *t, struct flow_state *f)
{
	struct tcp *c;

	if (f->ext == 0)
		return;
	c = pool_at(&t->tcp, f->ext);
	for (int i = 0; i < 2; i++) {
		tcp_holes_drop(t, &c->side[i]);
		if (c->side[i].ring != 0)
			pool_put(&t->tcp_ring[c->side[i].many], c->side[i].ring);
	}
	if (c->odd != 0)
		pool_put(&t->tcp_odd, c->odd);
	if (c->dns != 0)
		pool_put(&t->dns_flow, c->dns);
	rtt_end_flow(t, &c->rtt);
	pool_put(&t->tcp, f->ext);
}

const struct tracker track_tcp = { .name = "tcp", .idle = tcp_idle, .state = tcp_state, .cause = tcp_cause,
	.closed = tcp_closed, .reuses = tcp_reuses, .replied = tcp_replied, .end = tcp_end, .packet = packet, .fill = fill,
	.prefetch = prefetch, .end_bin = end_bin, .end_flow = end_flow };
