/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tcp.c: TCP: the life of a connection, its history, and which payload is new.
 *
 * Serial arithmetic everywhere (RFC 9293 3.4): numbers wrap.  Nothing is judged that was not seen: a flow
 * met in the middle starts with its first segment.
 */
#include "probe/track/track.h"

#include "format/base/clock.h"

#include <ctype.h>
#include <string.h>

#define HOLES 32 /* remembered in each direction; the oldest is forgotten first */

struct hole {
	uint32_t lo, hi; /* [lo, hi) was jumped over */
};
struct holes {
	struct hole hole[HOLES];
};

struct tcp {
	struct tcp_side {
		uint32_t next;   /* behind the highest byte seen */
		uint32_t holes;  /* cell; 0 = none */
		uint8_t nholes, known;
	} side[2];
};

#define HIST_MAX 32
struct tcp_bin {
	uint64_t newbytes[2];
	uint32_t letters[2]; /* by side: a bit each, a to z */
	uint8_t n;
	char text[HIST_MAX + 1]; /* upper case = lo; turned to "source" when written, with ^ before it if flipped */
};

void
tcp_init(struct track *t, uint32_t max_flows)
{
	pool_init(&t->tcp, sizeof(struct tcp), max_flows);
	pool_init(&t->tcp_hole, sizeof(struct holes), max_flows / 4 + 1024);
	pool_init(&t->tcp_bin, sizeof(struct tcp_bin), max_flows > 1u << 30 ? 1u << 31 : 3 * max_flows);
}

static int32_t
ahead(uint32_t a, uint32_t b) /* how far a is ahead of b */
{
	return ((int32_t)(a - b));
}

/* --- payload seen for the first time */

static void
open_hole(struct track *t, struct tcp_side *s, uint32_t lo, uint32_t hi)
{
	struct holes *h;

	if (s->holes == 0 && (s->holes = pool_get(&t->tcp_hole)) == 0)
		return; /* the cap: a later filling counts as seen before */
	h = pool_at(&t->tcp_hole, s->holes);
	if (s->nholes == HOLES) {
		memmove(&h->hole[0], &h->hole[1], (HOLES - 1) * sizeof(h->hole[0]));
		s->nholes--;
	}
	h->hole[s->nholes++] = (struct hole){ lo, hi };
}

/* The bytes of [lo, hi) that fall into holes; they are holes no more. */
static uint32_t
fill_holes(struct track *t, struct tcp_side *s, uint32_t lo, uint32_t hi)
{
	struct holes *h;
	struct hole keep[HOLES + 1];
	uint32_t filled = 0;
	int n = 0;

	if (s->nholes == 0)
		return (0);
	h = pool_at(&t->tcp_hole, s->holes);
	for (int i = 0; i < s->nholes; i++) {
		struct hole x = h->hole[i];
		uint32_t a = ahead(lo, x.lo) > 0 ? lo : x.lo, b = ahead(hi, x.hi) < 0 ? hi : x.hi;

		if (ahead(b, a) <= 0) {
			if (n < HOLES)
				keep[n++] = x;
			continue;
		}
		filled += b - a;
		if (a != x.lo && n < HOLES)
			keep[n++] = (struct hole){ x.lo, a };
		if (b != x.hi && n < HOLES)
			keep[n++] = (struct hole){ b, x.hi };
	}
	memcpy(h->hole, keep, (size_t)n * sizeof(keep[0]));
	s->nholes = (uint8_t)n;
	return (filled);
}

static void
payload(struct track *t, struct flow_state *f, struct tcp_bin *b, int side, const struct packet *p)
{
	uint32_t lo = p->tcp.seq + ((p->tcp.flags & TCP_SYN) != 0), hi = lo + p->payload;
	struct tcp_side *s;
	int32_t d;

	if (f->ext == 0) {
		if (p->payload == 0 || (f->ext = pool_get(&t->tcp)) == 0)
			return;
		memset(pool_at(&t->tcp, f->ext), 0, sizeof(struct tcp));
	}
	s = &((struct tcp *)pool_at(&t->tcp, f->ext))->side[side];
	if (!s->known) {
		s->known = 1;
		s->next = lo;
		/* The handshake fixes where the first byte must be: before it nothing can be missing. */
		if ((f->tcp_life & (TCPLIFE_SYN | TCPLIFE_SYNACK)) != 0 && f->isn[side] != 0 &&
		    ahead(lo, f->isn[side] + 1) > 0 && ahead(lo, f->isn[side] + 1) < 1 << 30)
			s->next = f->isn[side] + 1;
	}
	d = ahead(lo, s->next);
	if (d > 0)
		open_hole(t, s, s->next, lo);
	if (d >= 0) {
		b->newbytes[side] += p->payload;
		s->next = hi;
	} else {
		b->newbytes[side] += fill_holes(t, s, lo, hi);
		if (ahead(hi, s->next) > 0) {
			b->newbytes[side] += hi - s->next;
			s->next = hi;
		}
	}
	if (p->tcp.flags & TCP_FIN && s->next == hi)
		s->next = hi + 1;
}

/* --- the life of a connection */

static void
live(struct flow_state *f, int side, const struct packet *p)
{
	uint8_t flags = p->tcp.flags;
	int other = 1 - side;

	if (flags & TCP_RST) {
		if ((f->tcp_life & (TCPLIFE_RST << 0 | TCPLIFE_RST << 1)) == 0 && side == 1)
			f->tcp_life |= TCPLIFE_RST1HI;
		f->tcp_life |= (uint16_t)(TCPLIFE_RST << side);
		return;
	}
	if (flags & TCP_SYN) {
		f->tcp_life |= flags & TCP_ACK ? TCPLIFE_SYNACK : TCPLIFE_SYN;
		f->isn[side] = p->tcp.seq;
	} else if (flags & TCP_ACK && (f->tcp_life & TCPLIFE_SYNACK)) {
		f->tcp_life |= TCPLIFE_EST;
	}
	if (flags & TCP_FIN) {
		f->tcp_life |= (uint16_t)(TCPLIFE_FIN << side);
		f->fin_end[side] = p->tcp.seq + p->payload + 1;
	}
	if (flags & TCP_ACK && f->tcp_life & TCPLIFE_FIN << other && ahead(p->tcp.ack, f->fin_end[other]) >= 0)
		f->tcp_life |= (uint16_t)(TCPLIFE_FINACK << other);
}

bool
tcp_closed(const struct flow_state *f)
{
	uint16_t acked = TCPLIFE_FINACK << 0 | TCPLIFE_FINACK << 1;

	return ((f->tcp_life & (TCPLIFE_RST << 0 | TCPLIFE_RST << 1)) != 0 || (f->tcp_life & acked) == acked);
}

bool
tcp_reuses(const struct flow_state *f, int side, const struct packet *p, int64_t now)
{
	uint32_t isn = f->isn[side];

	if ((p->facts & FACT_TCP) == 0 || (p->tcp.flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
		return (false);
	if (isn == p->tcp.seq && (f->tcp_life & TCPLIFE_SYN))
		return (false); /* the same SYN again */
	if (tcp_closed(f))
		return (true);
	/* An established flow that fell silent: a SYN far from where it was is a new connection. */
	return ((f->tcp_life & TCPLIFE_EST || (f->life & (LIFE_SENT_LO | LIFE_SENT_HI)) == 3) &&
	    now - f->heard > 60 * SEC && (isn == 0 || ahead(p->tcp.seq, isn) < 0 ||
	    ahead(p->tcp.seq, isn) > 1 << 20));
}

uint8_t
tcp_cause(const struct flow_state *f)
{
	if (f->tcp_life & (TCPLIFE_RST << 0 | TCPLIFE_RST << 1))
		return (CAUSE_rst);
	return (tcp_closed(f) ? CAUSE_fin : CAUSE_idle);
}

uint8_t
tcp_state(const struct flow_state *f)
{
	uint16_t l = f->tcp_life, fins = TCPLIFE_FIN << 0 | TCPLIFE_FIN << 1;
	bool src = f->life & (LIFE_SENT_LO << f->src), dst = f->life & (LIFE_SENT_LO << (1 - f->src));

	if (l & (TCPLIFE_RST << 0 | TCPLIFE_RST << 1))
		return (STATE_RST);
	if ((l & fins) == fins)
		return (STATE_CLO);
	if (l & fins)
		return (STATE_FIN);
	if (l & TCPLIFE_EST)
		return (STATE_EST);
	if (l & TCPLIFE_SYNACK)
		return (STATE_ACC);
	return (src && dst ? STATE_CON : src ? STATE_REQ : STATE_RSP);
}

/* SEMANTICS 1.4: the first line that fits. */
uint8_t
tcp_conn(const struct flow_state *f)
{
	uint16_t l = f->tcp_life;
	bool orig_rst = l & TCPLIFE_RST << f->src, resp_rst = l & TCPLIFE_RST << (1 - f->src);
	bool orig_fin = l & TCPLIFE_FIN << f->src, resp_fin = l & TCPLIFE_FIN << (1 - f->src);

	if ((l & (TCPLIFE_SYN | TCPLIFE_SYNACK)) == 0)
		return (CONN_OTH);
	if ((l & TCPLIFE_SYN) == 0)
		return (resp_rst ? CONN_RSTRH : resp_fin ? CONN_SHR : CONN_OTH);
	if ((l & TCPLIFE_SYNACK) == 0)
		return (resp_rst ? CONN_REJ : orig_rst ? CONN_RSTOS0 : orig_fin ? CONN_SH : CONN_S0);
	if (orig_rst || resp_rst) {
		bool first_by_src = ((l & TCPLIFE_RST1HI) != 0) == (f->src == 1);

		return (first_by_src ? CONN_RSTO : CONN_RSTR);
	}
	if (orig_fin && resp_fin)
		return (CONN_SF);
	return (orig_fin ? CONN_S2 : resp_fin ? CONN_S3 : CONN_S1);
}

/* --- history */

static void
letter(struct tcp_bin *h, int side, char c)
{
	uint32_t bit = 1u << (c - 'a');

	if (h->letters[side] & bit)
		return;
	h->letters[side] |= bit;
	if (h->n < HIST_MAX)
		h->text[h->n++] = (char)(side == 0 ? toupper(c) : c);
}

static void
history(struct tcp_bin *h, int side, const struct packet *p)
{
	uint8_t flags = p->tcp.flags;

	if (flags & TCP_SYN && flags & (TCP_FIN | TCP_RST))
		letter(h, side, 'q');
	else if (flags & TCP_FIN && flags & TCP_RST)
		letter(h, side, 'i');
	else if (flags & TCP_SYN)
		letter(h, side, flags & TCP_ACK ? 'h' : 's');
	if (p->payload > 0)
		letter(h, side, 'd');
	else if ((flags & (TCP_ACK | TCP_SYN | TCP_FIN | TCP_RST)) == TCP_ACK)
		letter(h, side, 'a');
	if (p->tcp.win == 0 && (flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0)
		letter(h, side, 'w');
	if (flags & TCP_FIN)
		letter(h, side, 'f');
	if (flags & TCP_RST)
		letter(h, side, 'r');
}

static void
packet(struct track *t, struct flow_state *f, struct bin *b, int side, const struct packet *p)
{
	if ((p->facts & FACT_TCP) == 0)
		return;
	if (b->ext == 0 && (b->ext = pool_get(&t->tcp_bin)) != 0)
		memset(pool_at(&t->tcp_bin, b->ext), 0, sizeof(struct tcp_bin));
	b->tcpflags[side] |= p->tcp.flags;
	live(f, side, p);
	if (b->ext == 0)
		return;
	history(pool_at(&t->tcp_bin, b->ext), side, p);
	if ((p->tcp.flags & TCP_RST) == 0 && (p->facts & FACT_PAYLOAD))
		payload(t, f, pool_at(&t->tcp_bin, b->ext), side, p);
}

static void
prefetch(const struct track *t, const struct flow_state *f, const struct bin *b)
{
	__builtin_prefetch(pool_at(&t->tcp, f->ext));
	if (b != NULL)
		__builtin_prefetch(pool_at(&t->tcp_bin, b->ext));
}

static void
fill(const struct track *t, const struct flow_state *f, const struct bin *b, struct flow *r)
{
	int s = f->src, d = 1 - s;

	SET(r, stcpflags, b->tcpflags[s]);
	SET(r, dtcpflags, b->tcpflags[d]);
	if (b->ext != 0) {
		struct tcp_bin *h = pool_at(&t->tcp_bin, b->ext);

		if (s == 1)
			for (int i = 0; i < h->n; i++) /* from lo/hi to source/destination */
				h->text[i] = (char)(islower((unsigned char)h->text[i]) ?
				    toupper(h->text[i]) : tolower(h->text[i]));
		if (b->flags & RFLAGS_flipped) {
			memmove(h->text + 1, h->text, h->n);
			h->text[0] = '^';
			h->n += h->n < HIST_MAX;
		}
		SET(r, snewbytes, h->newbytes[s]);
		SET(r, dnewbytes, h->newbytes[d]);
		SET_BLOB(r, hist, h->text, h->n);
		SET(r, shists, h->letters[s]);
		SET(r, dhists, h->letters[d]);
	}
}

static void
end_bin(struct track *t, struct bin *b)
{
	if (b->ext != 0)
		pool_put(&t->tcp_bin, b->ext);
}

static void
end_flow(struct track *t, struct flow_state *f)
{
	struct tcp *c;

	if (f->ext == 0)
		return;
	c = pool_at(&t->tcp, f->ext);
	for (int i = 0; i < 2; i++)
		if (c->side[i].holes != 0)
			pool_put(&t->tcp_hole, c->side[i].holes);
	pool_put(&t->tcp, f->ext);
}

const struct tracker track_tcp = { "tcp", packet, fill, prefetch, end_bin, end_flow };
