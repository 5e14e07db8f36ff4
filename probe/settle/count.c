/* SPDX-License-Identifier: BSD-2-Clause
 *
 * count.c: what one packet adds to its flow and bin.
 */
#include "probe/settle/settle.h"

#include "format/base/canary.h"
#include "format/base/clock.h"

#define CONFIRM_MIN 16 /* packets that confirm a flow which nobody answers (tunnels, multicast) */

static void
first_of_side(struct flows *fl, const struct seen *v)
{
	v->f->life |= (uint8_t)(LIFE_SENT_LO << v->side);
	v->f->path[v->side] = path_of(&fl->table.paths, v->p);
}

/* The other side has sent: bins that are not sealed yet have their answer. */
static void
replied(const struct ledger *l, const struct flow_state *f, int64_t now)
{
	for (uint32_t n = f->bin; n != 0; n = bin_at(l, n)->older) {
		struct bin *b = bin_at(l, n);

		if (now < ledger_written_at(l, b))
			b->seen |= SEEN_REPLY;
	}
}

/* Who is the source: evidence may turn the flow round until its first record is sealed. */
static void
orient(const struct ledger *l, const struct seen *v, bool first)
{
	struct flow_state *f = v->f;
	struct bin *b = v->b;
	bool sender = true;
	enum dirq q;
	int src;

	if (!first && (f->dirq == DIRQ_SEEN || v->p->facts & FACT_NOANSWER ||
	    ((b->flags & RFLAGS_start) == 0 && ledger_frozen(l, f, v->now))))
		return;
	q = key_initiator(v->p, first, &sender);
	if (q <= f->dirq)
		return;
	src = sender ? v->side : 1 - v->side;
	if (!first && src != f->src)
		b->flags |= RFLAGS_flipped;
	f->src = (uint8_t)src;
	f->dirq = (uint8_t)q;
	f->otime = b->start;
}

static void
count_tos(struct ledger *l, struct bin *b, int side, uint8_t tos)
{
	bool first = b->tos == 0;
	struct tos *t = ledger_tos(l, b);

	for (int i = 0; first && i < 2; i++) /* the packets before this one had none */
		t->dscps[i] = b->pkts[i] > 0;
	t->dscps[side] |= 1ull << (tos >> 2);
	t->ect1[side] += (tos & 3) == 1;
	t->ect0[side] += (tos & 3) == 2;
	t->ce[side] += (tos & 3) == 3;
}

static void
count_frag(struct ledger *l, const struct seen *v)
{
	struct frag_counts *c = ledger_frags(l, v->b);
	const struct packet *p = v->p;
	uint8_t what = v->frag;
	int side = v->side;

	c->fragatom[side] += (p->facts & FACT_ATOMIC) != 0;
	if ((what & FRAG_IS) == 0)
		return;
	c->frags[side]++;
	c->fragb[side] += p->wire;
#define COUNT(fact, name) c->name[side] += (what & (fact)) != 0;
	FRAG_COUNTS(COUNT)
#undef COUNT
}

static void
count_gap(struct ledger *l, const struct flow_state *f, struct bin *b, int side, int64_t ts)
{
	uint64_t us = ts > f->last[side] ? (uint64_t)(ts - f->last[side]) / USEC : 0;

	LEDGER_ADD(l, b, ipg_sum, side, us);
	if (us >> 32) {
		ledger_more(l, b)->ipg_sum[side] += (uint32_t)(us >> 32);
		b->ipg_sumsq[side] = UINT64_MAX;
		return;
	}
	bin_add_sumsq(b, side, us * us);
}

/* What most packets do not have. */
static void
count_rare(struct ledger *l, const struct seen *v)
{
	const struct packet *p = v->p;
	struct bin *b = v->b;

	if (p->tos != 0 || b->tos != 0)
		count_tos(l, b, v->side, p->tos);
	b->flags |= v->flags | (p->facts & FACT_CUT ? RFLAGS_cut : 0);
	if (v->frag != 0 || (p->facts & FACT_ATOMIC))
		count_frag(l, v);
}

static inline void
count_volume(struct ledger *l, const struct seen *v)
{
	const struct packet *p = v->p;
	struct bin *b = v->b;
	int side = v->side;

	if ((v->flags | v->frag | p->tos | b->tos) != 0 || p->facts & (FACT_CUT | FACT_ATOMIC))
		count_rare(l, v);
	if (b->pkts[0] + b->pkts[1] == 0)
		b->stime = b->ltime = p->ts;
	else if (p->ts > b->ltime)
		b->ltime = p->ts;
	else if (p->ts < b->stime)
		b->stime = p->ts;
	if (b->pkts[side]++ == 0)
		b->dscp[side] = p->tos >> 2;
	LEDGER_ADD(l, b, bytes, side, p->wire);
	LEDGER_ADD(l, b, ipbytes, side, p->iplen);
	if (p->facts & FACT_PAYLOAD)
		LEDGER_ADD(l, b, payload, side, p->payload);
	if (p->ttl < b->ttlmin[side])
		b->ttlmin[side] = p->ttl;
	if (p->ttl > b->ttlmax[side])
		b->ttlmax[side] = p->ttl;
}

static inline uint8_t
plain_state(const struct flow_state *f, const struct bin *b)
{
	uint8_t sent = f->life & (LIFE_SENT_LO | LIFE_SENT_HI);

	if (sent == (LIFE_SENT_LO | LIFE_SENT_HI))
		return (STATE_CON);
	if ((sent & LIFE_SENT_LO << f->src) == 0)
		return (STATE_RSP);
	return (b->flags & RFLAGS_start ? STATE_INT : STATE_REQ);
}

/* Both sides have sent, or nobody is expected to answer. */
static bool
confirms(const struct flow_state *f, const struct tracker *k, const struct packet *p)
{
	return ((f->life & (LIFE_SENT_LO | LIFE_SENT_HI)) == 3 ||
	    (f->packets >= CONFIRM_MIN && (k->oneway || p->facts & FACT_NOANSWER)));
}

NO_CANARY bool
count(struct flows *fl, struct seen *v)
{
	struct flow_state *f = flow_at(&fl->table, v->flow);
	const struct packet *p = v->p;
	const struct tracker *k = tracker_at(f);
	int side = v->side;
	uint8_t idle = f->idle;
	bool first_of_flow = f->packets == 0, first_side = (f->life & LIFE_SENT_LO << side) == 0;
	struct bin *b = ledger_count(fl->ledger, v, f);

	v->f = f;
	v->b = b;
	if (first_side) {
		LEDGER_ADD(fl->ledger, b, firsts, side, 1);
		first_of_side(fl, v);
		replied(fl->ledger, f, v->now);
	} else {
		const struct path *first = path_at(&fl->table.paths, f->path[side]);

		if (p->vlan != first->vlan || p->ivlan != first->ivlan)
			b->flags |= RFLAGS_vlanchg;
		count_gap(fl->ledger, f, b, side, p->ts);
	}
	if (v->told != 0) {
		f->src = v->src;
		f->dirq = v->told;
	} else {
		orient(fl->ledger, v, first_of_flow);
	}
	count_volume(fl->ledger, v);
	if (v->now > f->heard)
		f->heard = v->now;
	f->life |= LIFE_CHANCE;
	if (f->packets < UINT8_MAX)
		f->packets++;
	if ((f->life & LIFE_CONFIRMED) == 0 && confirms(f, k, p))
		table_confirm(&fl->table, v->flow);
	if (k->packet != NULL)
		k->packet(fl->track, v);
	f->last[side] = p->ts;
	f->idle = (uint8_t)(k->idle != NULL ? k->idle(f) : k->silent);
	b->state = k->state != NULL ? k->state(f) : plain_state(f, b);
	b->seen = f->life & (LIFE_SENT_LO | LIFE_SENT_HI);
	fl->counted++;
	if (p->facts & fl->facts)
		fl->note(fl->arg, v);
	return (f->idle != idle && idle_seconds[f->idle] < idle_seconds[idle]);
}
