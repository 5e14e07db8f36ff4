/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tcp_life.c: TCP: how a connection opens and closes, its states, its history.
 */
#include "probe/track/tcp.h"

#include "format/base/clock.h"

static int32_t
ahead(uint32_t a, uint32_t b) /* how far a is ahead of b */
{
	return ((int32_t)(a - b));
}

static bool
same_number(const struct flow_state *f, int side, const struct packet *p)
{
	return (f->tcp_life & TCPLIFE_ISN << side && f->isn[side] == p->tcp.seq);
}

bool
tcp_repeats_syn(const struct flow_state *f, int side, const struct packet *p)
{
	bool answered = f->tcp_life & TCPLIFE_SYNACK && ((f->tcp_life & TCPLIFE_SYNACKHI) != 0) == (side == 1);

	/* Where both sides opened at once, each answers with the number of its SYN (RFC 9293 3.5). */
	return (p->tcp.flags & TCP_SYN && same_number(f, side, p) && ((p->tcp.flags & TCP_ACK) == 0 || answered));
}

static void
opens(struct flow_state *f, int side, const struct packet *p)
{
	bool again = tcp_repeats_syn(f, side, p), same = same_number(f, side, p);

	if (f->tcp_life & TCPLIFE_ISN << side && !same)
		return; /* of no connection that we know, or another answer: tcp_other_answer() */
	if (same && !again) /* which packet answers which is not known */
		f->tcp_life |= TCPLIFE_SYNRTX | TCPLIFE_SYNACKRTX;
	if (p->tcp.flags & TCP_ACK) {
		f->tcp_life |= TCPLIFE_SYNACK | (again ? TCPLIFE_SYNACKRTX : 0) | (side == 1 ? TCPLIFE_SYNACKHI : 0);
		f->synwin = p->tcp.win;
		if ((f->tcp_life & TCPLIFE_ISN << (1 - side)) == 0)
			f->isn[1 - side] = p->tcp.ack - 1; /* should its SYN come yet */
	} else {
		f->tcp_life |= TCPLIFE_SYN | (again ? TCPLIFE_SYNRTX : 0);
	}
	f->tcp_life |= (uint16_t)(TCPLIFE_ISN << side);
	f->isn[side] = p->tcp.seq;
	if (p->tcp.opts & TCPOPT_WSCALE)
		f->wscale[side] = p->tcp.wscale > 14 ? 14 : p->tcp.wscale; /* RFC 7323 2.3 */
	else
		f->wscale[side] = p->cut_at == LAYER_TRANSPORT ? TCP_CUTSCALE : TCP_NOSCALE;
}

void
tcp_live(struct flow_state *f, int side, const struct packet *p)
{
	uint8_t flags = p->tcp.flags;

	if (flags & TCP_RST) {
		if ((f->tcp_life & (TCPLIFE_RST << 0 | TCPLIFE_RST << 1)) == 0 && side == 1)
			f->tcp_life |= TCPLIFE_RST1HI;
		f->tcp_life |= (uint16_t)(TCPLIFE_RST << side);
		return;
	}
	if ((flags & TCP_SYN) == 0)
		f->tcp_life |= TCPLIFE_MORE;
	if (flags & TCP_SYN)
		opens(f, side, p);
	else if (flags & TCP_ACK && (f->tcp_life & TCPLIFE_SYNACK))
		f->tcp_life |= TCPLIFE_EST;
	if (flags & TCP_FIN)
		f->tcp_life |= (uint16_t)(TCPLIFE_FIN << side);
}

bool
tcp_closed(const struct flow_state *f)
{
	uint16_t acked = TCPLIFE_FINACK << 0 | TCPLIFE_FINACK << 1, rst = TCPLIFE_RST << 0 | TCPLIFE_RST << 1;

	return ((f->tcp_life & (acked | rst)) != 0 && (f->tcp_life & rst || (f->tcp_life & acked) == acked));
}

/* Its SYN may be late, or both sides open at once. */
static bool
may_be_first(const struct flow_state *f, int side, const struct packet *p)
{
	if (f->tcp_life & TCPLIFE_SYNACK)
		return (f->isn[side] == p->tcp.seq);
	return ((f->tcp_life & (TCPLIFE_SYN | TCPLIFE_MORE)) == TCPLIFE_SYN);
}

/* A SYN waits: does this packet tell whether it began something new? */
static enum reuse
proves(const struct flow_state *f, const struct seen *syn, const struct seen *v)
{
	const struct packet *p = v->p;
	uint8_t flags = p->tcp.flags;
	int32_t on;

	if ((p->facts & FACT_TCP) == 0)
		return (REUSE_WAITS);
	if (v->side != syn->side) { /* who is asked says whose it is */
		on = ahead(p->tcp.ack, syn->p->tcp.seq);
		return (flags & TCP_ACK && flags & (TCP_SYN | TCP_RST) && on > 0 && on <= 1 + (int32_t)syn->p->payload ?
			REUSE_YES : REUSE_NO);
	}
	on = ahead(p->tcp.seq, syn->p->tcp.seq);
	if ((f->life & LIFE_SENT_LO << (1 - v->side)) == 0 && (flags & TCP_SYN) == 0 && on >= 0 && on <= 1 << 20)
		return (REUSE_YES); /* one direction alone: it goes on in the new numbers */
	return (REUSE_WAITS);
}

enum reuse
tcp_reuses(const struct flow_state *f, const struct seen *first, const struct seen *v)
{
	const struct packet *p = v->p;
	uint32_t isn = f->isn[v->side];
	bool known = f->tcp_life & TCPLIFE_ISN << v->side;

	if (first != NULL)
		return (proves(f, first, v));
	if ((p->facts & FACT_TCP) == 0 || (p->tcp.flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
		return (REUSE_NO);
	if (known && isn == p->tcp.seq)
		return (REUSE_NO); /* the same SYN again */
	if (tcp_closed(f))
		return (REUSE_YES);
	/* An established flow that fell silent: a SYN far from where it was is a new connection. */
	if ((f->tcp_life & TCPLIFE_EST || track_both_sent(f)) && v->now - f->heard > 60 * SEC &&
	    (!known || ahead(p->tcp.seq, isn) < 0 || ahead(p->tcp.seq, isn) > 1 << 20))
		return (REUSE_YES);
	return (!known && may_be_first(f, v->side, p) ? REUSE_NO : REUSE_WAITS);
}

bool
tcp_other_answer(const struct flow_state *f, int side, const struct packet *p)
{
	return ((p->tcp.flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) && f->tcp_life & TCPLIFE_SYNACK &&
	    (f->tcp_life & TCPLIFE_EST) == 0 && ((f->tcp_life & TCPLIFE_SYNACKHI) != 0) == (side == 1) &&
	    f->isn[side] != p->tcp.seq);
}

bool
tcp_refuses(const struct flow_state *f, int side, const struct packet *p)
{
	int32_t on = ahead(p->tcp.ack, f->isn[1 - side]);
	bool opened = f->tcp_life & TCPLIFE_ISN << side && (f->tcp_life & TCPLIFE_SYNACK) == 0;

	return (!opened && f->tcp_life & TCPLIFE_ISN << (1 - side) && p->tcp.flags & TCP_ACK && on > 0 && on <= 1 << 16);
}

static bool
only_syns(const struct flow_state *f)
{
	return ((f->tcp_life & (TCPLIFE_SYN | TCPLIFE_SYNACK | TCPLIFE_MORE)) == TCPLIFE_SYN && !track_both_sent(f));
}

/* Who knocks waits twice as long each time (RFC 6298 5.5): it is one attempt as long as the next wait fits. */
void
tcp_knocks(struct flow_state *f, int64_t waited)
{
	int64_t most = idle_seconds[IDLE_KNOCK] * SEC, idle = 2 * waited + 5 * SEC;

	if (!only_syns(f))
		return;
	f->patience = (uint16_t)((idle > most ? most : idle > 0 ? idle : 0) / PATIENCE);
}

enum idle_class
tcp_idle(const struct flow_state *f)
{
	if (tcp_closed(f))
		return (IDLE_LINGER);
	if ((f->tcp_life & TCPLIFE_SYN) == 0 || track_both_sent(f))
		return (IDLE_EST);
	return (only_syns(f) && f->patience * PATIENCE > idle_seconds[IDLE_SYN] * SEC ? IDLE_KNOCK : IDLE_SYN);
}

bool
tcp_replied(const struct flow_state *f)
{
	return ((f->tcp_life & TCPLIFE_MORE) != 0);
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
static uint8_t
conn(const struct flow_state *f)
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

void
tcp_end(const struct flow_state *f, uint8_t cause, struct ending *e)
{
	e->conn = conn(f);
	e->row = true;
	if (cause != CAUSE_idle)
		e->state = tcp_state(f);
}

/* --- history */

#define TCP_LETTER(c) #c[0],
static const char letters[] = { TCP_LETTERS(TCP_LETTER) };
#undef TCP_LETTER

void
tcp_letter_new(struct tcp_bin *b, int side, enum tcp_letter l)
{
	unsigned n = b->n++;

	b->letters[side] |= (uint16_t)(1u << l);
	b->text[n / HIST_WORD] |= ((unsigned)l << 1 | (unsigned)side) << 5 * (n % HIST_WORD);
}

size_t
tcp_text(const struct tcp_bin *b, int upper, char out[static HIST_MAX], uint32_t set[static 2])
{
	uint64_t both = 0; /* 32 bits a side */
	unsigned n = b->n, word = 0, turn = upper == 0 ? 'a' ^ 'A' : 0;

	for (unsigned i = 0; i < n; i++, word >>= 5) {
		unsigned letter;

		if (i % HIST_WORD == 0)
			word = b->text[i / HIST_WORD];
		letter = (unsigned char)letters[word >> 1 & 15];
		both |= 1ull << ((letter - 'a') | (word & 1) << 5);
		out[i] = (char)(letter ^ turn ^ (word & 1) << 5);
	}
	set[0] = (uint32_t)both;
	set[1] = (uint32_t)(both >> 32);
	return (n);
}

void
tcp_history(struct tcp_bin *b, int side, const struct packet *p)
{
	uint8_t flags = p->tcp.flags;

	if (flags & (TCP_SYN | TCP_FIN | TCP_RST)) {
		if (flags & TCP_SYN && flags & (TCP_FIN | TCP_RST))
			tcp_letter(b, side, LETTER_q);
		else if (flags & TCP_FIN && flags & TCP_RST)
			tcp_letter(b, side, LETTER_i);
		else if (flags & TCP_SYN)
			tcp_letter(b, side, flags & TCP_ACK ? LETTER_h : LETTER_s);
		if (p->payload > 0)
			tcp_letter(b, side, LETTER_d);
		if (flags & TCP_FIN)
			tcp_letter(b, side, LETTER_f);
		if (flags & TCP_RST)
			tcp_letter(b, side, LETTER_r);
		return;
	}
	if (p->payload > 0)
		tcp_letter(b, side, LETTER_d);
	else if (flags & TCP_ACK)
		tcp_letter(b, side, LETTER_a);
	if (p->tcp.win == 0)
		tcp_letter(b, side, LETTER_w);
}
