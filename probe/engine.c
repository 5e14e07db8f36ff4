/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine.c: what happens to a batch of packets: time, fragments, key, flow, bin; and what is due then.
 *
 * A batch goes through in steps, so that the memory that one step asks for has arrived when the next one
 * needs it: hash and prefetch the slots, find and prefetch the flows, prefetch their bins, then count.
 */
#include "probe/engine_room.h"
#include "probe/track/dns.h"

#include "format/base/clock.h"
#include "format/base/hash.h"
#include "format/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define GRACE       SEC
#define PENDING_MAX 8  /* bins of one flow that wait (SEMANTICS R4) */
#define PENDING_TUNNEL 32 /* and of a tunnel, whose bins wait for its SAs */
#define SLICE       64 /* records written per batch of packets, at most; and other things done */
#define IDLE_SLICES 1024 /* when there is time */
#define SILENCE_MAX 1000 /* bins without packets that have a MAR record; more: the machine slept */
#define CONFIRM_MIN 16 /* packets that confirm a flow which nobody answers (tunnels, multicast) */

struct engine *
engine_new(const struct engine_options *o, struct sink sink)
{
	struct engine *e = mem_zero(1, sizeof(*e));

	e->o = *o;
	if (e->o.limits == NULL)
		e->o.limits = &health_default;
	table_init(&e->table, o->max_flows, o->seed);
	timeline_init(&e->time, o->interval, GRACE < o->interval ? GRACE : o->interval);
	e->frags = frags_new(o->max_frags, o->seed);
	e->tunnels = tunnels_new(o->max_sas, o->no_lanes, o->seed);
	e->track = track_new(o->max_flows, o->seed, e->o.limits);
	emit_init(&e->emit, sink, o->probe, o->interval);
	e->emit.vlan_key = o->key.vlan;
	e->emit.limits = e->o.limits;
	e->total.live = o->live;
	return (e);
}

void
engine_free(struct engine **pe)
{
	struct engine *e = *pe;

	if (e == NULL)
		return;
	table_free(&e->table);
	timeline_free(&e->time);
	frags_free(&e->frags);
	tunnels_free(&e->tunnels);
	track_free(&e->track);
	emit_free(&e->emit);
	free(e);
	*pe = NULL;
}

/* --- bins */

static bool
is_late(const struct bin *b)
{
	return ((b->flags & RFLAGS_late) != 0);
}

struct list *
engine_list_of(struct engine *e, const struct bin *b)
{
	if (b->deferred)
		return (lanes_deferred(e, b));
	if (is_late(b))
		return (&e->time.late);
	if (e->time.drains && e->time.draining.start == b->start)
		return (&e->time.draining.bins);
	return (&timeline_span(&e->time, b->start)->bins);
}

/* Take a bin off its flow's chain. */
void
engine_unchain(struct engine *e, struct flow_state *f, uint32_t n)
{
	uint32_t *at = &f->bin;

	while (*at != n)
		at = &bin_at(&e->table, *at)->older;
	*at = bin_at(&e->table, n)->older;
	f->pending--;
}

/* TCP flows and tunnels' lanes say that they end, others end silently (SEMANTICS 0). */
static bool
says_end(const struct flow_state *f)
{
	return (f->key.proto == PROTO_TCP || f->key.kind == KEY_LANE);
}

/* An END row stands in the bin of its last packet. */
static void
say_end(struct engine *e, const struct flow_state *f, uint8_t cause)
{
	int64_t last = f->last[0] > f->last[1] ? f->last[0] : f->last[1];

	bool tcp = f->key.proto == PROTO_TCP;

	emit_end(&e->emit, f, clock_bin(last, e->time.interval), cause, tcp ? tcp_conn(f) : 0,
	    cause == CAUSE_idle ? STATE_TIM : tcp ? tcp_state(f) : STATE_CON);
}

/* Give back a bin's cells. */
void
engine_free_bin(struct engine *e, uint32_t n)
{
	struct bin *b = bin_at(&e->table, n);
	const struct tracker *k = track_for(&flow_at(&e->table, b->flow)->key);

	if (k != NULL)
		k->end_bin(e->track, b);
	if (b->tos != 0)
		pool_put(&e->table.toses, b->tos);
	if (b->frag != 0)
		pool_put(&e->table.frags, b->frag);
	about_end_bin(e, b);
	pool_put(&e->table.bins, n);
}

/* Write a bin that is off its list, and the flow's END row if it came after the seal. */
void
engine_write_bin(struct engine *e, uint32_t n)
{
	struct bin *b = bin_at(&e->table, n);
	uint32_t flow = b->flow;
	struct flow_state *f = flow_at(&e->table, flow);

	if (f->key.kind & KEY_SA)
		lanes_force(e, flow);
	emit_bin(&e->emit, &e->table, e->track, b);
	if (b->end_row)
		say_end(e, f, b->end_row);
	f->freeze = INT64_MIN;
	engine_unchain(e, f, n);
	engine_free_bin(e, n);
	if (f->life & LIFE_DEAD && f->pending == 0)
		table_release(&e->table, flow);
}

/* Write a bin before its time. */
static void
seal_early(struct engine *e, uint32_t n)
{
	list_remove(&e->table, engine_list_of(e, bin_at(&e->table, n)), order_link, n);
	engine_write_bin(e, n);
}

static void
seal_late(struct engine *e)
{
	uint32_t n = e->time.late.head;

	list_remove(&e->table, &e->time.late, order_link, n);
	if (!lanes_defer(e, n))
		engine_write_bin(e, n);
}

/* The watermark at which a bin is written: its seal, or what its tunnel waits for. */
static int64_t
written_at(const struct engine *e, const struct bin *b)
{
	int64_t ready = lanes_ready(e, flow_at(&e->table, b->flow), b->start);

	return (ready > b->due ? ready : b->due);
}

/* Is a written before b?  Where neither is: in the order in which they were made. */
static bool
sooner(const struct engine *e, const struct bin *a, const struct bin *b)
{
	int64_t x = written_at(e, a), y = written_at(e, b);

	if (x != y)
		return (x < y);
	return (a->due < b->due || (a->due == b->due && is_late(a) && !is_late(b)));
}

/* Of a flow's bins the one that is written first. */
static uint32_t
first_bin(const struct engine *e, const struct flow_state *f)
{
	uint32_t first = f->bin;

	if (f->pending < 2)
		return (first);
	for (uint32_t n = first; n != 0; n = bin_at(&e->table, n)->older)
		if (!sooner(e, bin_at(&e->table, first), bin_at(&e->table, n)))
			first = n;
	return (first);
}

/* And the one that is written last. */
static uint32_t
last_bin(const struct engine *e, const struct flow_state *f)
{
	uint32_t last = f->bin;

	if (f->pending < 2)
		return (last);
	for (uint32_t n = last; n != 0; n = bin_at(&e->table, n)->older)
		if (sooner(e, bin_at(&e->table, last), bin_at(&e->table, n)))
			last = n;
	return (last);
}

/* The bin in which this time counts now; 0 if there is none yet. */
static uint32_t
find_bin(const struct engine *e, const struct flow_state *f, int64_t start, bool late, int64_t now)
{
	uint32_t n = f->bin;

	while (n != 0) {
		const struct bin *b = bin_at(&e->table, n);

		if (b->start == start && is_late(b) == late && b->due > now)
			return (n);
		n = b->older;
	}
	return (0);
}

static void
make_room_for_bin(struct engine *e)
{
	struct timeline *tl = &e->time;

	if (tl->drains && tl->draining.bins.head != 0)
		seal_early(e, tl->draining.bins.head);
	else if (tl->late.head != 0)
		seal_early(e, tl->late.head);
	else
		for (uint32_t i = 0; i < tl->nopen; i++)
			if (tl->open[i]->bins.head != 0) {
				tl->open[i]->stats.segevict++;
				seal_early(e, tl->open[i]->bins.head);
				return;
			}
}

/* START is on the record that is written first: on this new one, if it comes before the one that has it.
 * Bins of `open` and later have waited until `now`. */
void
engine_take_start(const struct engine *e, struct flow_state *f, struct bin *b, int64_t now, int64_t open)
{
	if ((f->life & LIFE_STARTED) == 0) {
		f->life |= LIFE_STARTED;
		b->flags |= RFLAGS_start;
		f->otime = b->start;
		f->freeze = b->due;
		return;
	}
	for (uint32_t n = b->older; n != 0; n = bin_at(&e->table, n)->older) {
		struct bin *old = bin_at(&e->table, n);

		if ((old->flags & RFLAGS_start) == 0 || (written_at(e, old) <= now && old->start < open) ||
		    !sooner(e, b, old))
			continue;
		old->flags &= (uint16_t)~RFLAGS_start;
		if (old->state == STATE_INT)
			old->state = STATE_REQ;
		b->flags |= RFLAGS_start;
		f->freeze = b->due;
	}
}

static uint32_t
new_bin(struct engine *e, uint32_t flow, int64_t start, bool late, int64_t now)
{
	struct flow_state *f = flow_at(&e->table, flow);
	struct bin *b;
	uint32_t n;

	if (f->pending >= (f->key.kind & (KEY_LANE | KEY_SA) ? PENDING_TUNNEL : PENDING_MAX))
		seal_early(e, first_bin(e, f));
	while ((n = pool_get(&e->table.bins)) == 0)
		make_room_for_bin(e);
	b = bin_at(&e->table, n);
	memset(b, 0, sizeof(*b));
	b->start = start;
	b->flow = flow;
	b->flags = late ? RFLAGS_late : 0;
	b->due = late ? now + e->time.grace : timeline_seal(&e->time, start);
	if (late && e->time.late.tail != 0 && b->due < bin_at(&e->table, e->time.late.tail)->due)
		b->due = bin_at(&e->table, e->time.late.tail)->due; /* they are written in the order of their list */
	b->ttlmin[0] = b->ttlmin[1] = 255;
	b->older = f->bin;
	f->bin = n;
	f->pending++;
	engine_take_start(e, f, b, now, INT64_MAX);
	list_append(&e->table, engine_list_of(e, b), order_link, n);
	return (n);
}

/* --- the end of a flow */

static void
count_end(struct stat_set *s, uint8_t cause)
{
	switch (cause) {
	case CAUSE_fin:
		s->end_fin++;
		break;
	case CAUSE_rst:
		s->end_rst++;
		break;
	case CAUSE_evict:
		s->end_evict++;
		break;
	case CAUSE_shutdown:
		s->end_shut++;
		break;
	case CAUSE_reuse:
		s->end_reuse++;
		break;
	default:
		s->end_idle++;
		break;
	}
}

/* The clock when a packet first moved it to t, however many came with it: its bin has a frame. */
static int64_t
moment(const struct engine *e, int64_t t)
{
	for (unsigned i = 0; i < e->nbatch; i++)
		if (e->batch[i].now >= t)
			return (e->batch[i].now);
	return (e->clock.now);
}

/* The counters of the bin in which the clock stood then. */
struct stat_set *
engine_stats(struct engine *e, int64_t now)
{
	int64_t start;

	now = moment(e, now);
	start = clock_bin(now, e->time.interval);
	if (timeline_sealed(&e->time, start, now))
		return (timeline_late_stats(&e->time, start, now));
	return (&timeline_span(&e->time, start)->stats);
}

static bool
is_tcp(const struct flow_state *f)
{
	return (f->key.proto == PROTO_TCP);
}

/* A flow ends at watermark `when`: its last record says so if it is not sealed by then, else TCP has a
 * row of its own (SEMANTICS 0, "Flow life events").  The flow leaves the table. */
static void
end_flow(struct engine *e, uint32_t n, uint8_t cause, int64_t when, int64_t now)
{
	struct flow_state *f = flow_at(&e->table, n);
	struct bin *b = f->bin != 0 ? bin_at(&e->table, last_bin(e, f)) : NULL;
	const struct tracker *k = track_for(&f->key);

	count_end(engine_stats(e, now), cause);
	if (k != NULL && k->end_flow != NULL)
		k->end_flow(e->track, f);
	if (f->dns != 0)
		dns_end_flow(e->track, f->dns);
	f->dns = 0;
	if (e->closing) {
		f->life |= LIFE_DEAD;
	} else {
		wheel_cancel(&e->wheel, &e->table, n);
		table_remove(&e->table, n);
	}
	if (b != NULL && when < written_at(e, b)) {
		b->flags |= RFLAGS_end;
		b->cause = cause;
		b->conn = is_tcp(f) ? tcp_conn(f) : 0;
		if (cause == CAUSE_idle && is_tcp(f))
			b->state = STATE_TIM;
	} else if (b != NULL && says_end(f)) {
		b->end_row = cause;
	} else if (says_end(f)) {
		say_end(e, f, cause);
	}
	if (f->pending == 0)
		table_release(&e->table, n);
}

static int64_t
deadline(const struct flow_state *f)
{
	return (f->heard + idle_seconds[f->idle] * SEC);
}

/* When the wheel comes to it. */
static int64_t
looked_at(const struct flow_state *f)
{
	return (clock_bin(deadline(f) + SEC - 1, SEC));
}

static uint8_t
idle_cause(const struct flow_state *f)
{
	return (is_tcp(f) ? tcp_cause(f) : CAUSE_idle);
}

bool
engine_expire(struct engine *e, uint32_t n, int64_t now)
{
	const struct flow_state *f = flow_at(&e->table, n);

	if (deadline(f) > now)
		return (false);
	end_flow(e, n, idle_cause(f), deadline(f), now < looked_at(f) ? now : looked_at(f));
	return (true);
}

static void
evict(struct engine *e, int64_t now)
{
	uint32_t n = table_victim(&e->table);
	struct flow_state *f = flow_at(&e->table, n);
	struct stat_set *s = engine_stats(e, now);

	if (f->life & LIFE_CONFIRMED) {
		s->evict_conf++;
	} else {
		s->evict_prob++;
	}
	while (f->pending > 1)
		seal_early(e, first_bin(e, f));
	if (f->pending == 1) {
		uint32_t b = f->bin;

		end_flow(e, n, CAUSE_evict, INT64_MIN, now);
		seal_early(e, b);
	} else {
		end_flow(e, n, CAUSE_evict, now, now);
	}
}

/* --- one packet in its flow */

static enum idle_class
idle_of(const struct flow_state *f)
{
	bool both = (f->life & (LIFE_SENT_LO | LIFE_SENT_HI)) == (LIFE_SENT_LO | LIFE_SENT_HI);

	switch (f->key.proto) {
	case PROTO_TCP:
		if (tcp_closed(f))
			return (IDLE_LINGER);
		return ((f->tcp_life & TCPLIFE_SYN) && !both ? IDLE_SYN : IDLE_EST);
	case PROTO_UDP:
	case PROTO_UDPLITE:
		return (both ? IDLE_UDP : IDLE_UDP1);
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return (IDLE_ICMP);
	case PROTO_ARP:
		return (IDLE_ARP);
	case PROTO_ESP:
	case PROTO_AH:
		return (IDLE_TUNNEL);
	default:
		return (IDLE_OTHER);
	}
}

static void
put_mac(uint8_t to[static 6], uint64_t mac)
{
	for (int i = 0; i < 6; i++)
		to[i] = (uint8_t)(mac >> (40 - 8 * i));
}

static void
first_of_side(struct engine *e, struct flow_state *f, int side, const struct packet *p)
{
	int other = 1 - side;

	f->life |= (uint8_t)(LIFE_SENT_LO << side);
	f->vlan[side] = p->vlan;
	f->ivlan[side] = p->ivlan;
	if (p->facts & FACT_MAC) {
		put_mac(f->mac[side], p->smac);
		f->macs |= (uint8_t)(1 << side);
		if ((f->macs & 4 << other) == 0) {
			put_mac(f->mac_to[other], p->dmac);
			f->macs |= (uint8_t)(4 << other);
		}
	}
	if (p->nencap > 0 || p->mpls != UINT32_MAX || p->ohash != 0) {
		struct attr *a;

		if (f->attr == 0) {
			if ((f->attr = pool_get(&e->table.attrs)) == 0)
				return;
			memset(pool_at(&e->table.attrs, f->attr), 0, sizeof(*a));
		}
		a = pool_at(&e->table.attrs, f->attr);
		a->known |= (uint8_t)(1 << side);
		a->mpls[side] = p->mpls;
		a->ohash[side] = p->ohash;
		a->nencap[side] = p->nencap;
		for (int i = 0; i < p->nencap; i++) {
			a->kind[side][i] = p->encap[i].kind;
			a->id[side][i] = p->encap[i].id;
		}
	}
}

/* The other side has sent: bins that are not sealed yet have their answer. */
static void
replied(const struct engine *e, const struct flow_state *f, int64_t now)
{
	for (uint32_t n = f->bin; n != 0; n = bin_at(&e->table, n)->older) {
		struct bin *b = bin_at(&e->table, n);

		if (now < written_at(e, b))
			b->seen |= SEEN_REPLY;
	}
}

/* Who is the source: evidence may turn the flow round until its first record is sealed. */
static void
orient(struct flow_state *f, struct bin *b, int side, const struct packet *p, int64_t now, bool first)
{
	bool sender = true;
	enum dirq q;
	int src;

	if (!first && (f->dirq == DIRQ_SEEN || now >= f->freeze || p->facts & FACT_NOANSWER))
		return;
	q = key_initiator(p, first, &sender);
	if (q <= f->dirq)
		return;
	src = sender ? side : 1 - side;
	if (!first && src != f->src)
		b->flags |= RFLAGS_flipped;
	f->src = (uint8_t)src;
	f->dirq = (uint8_t)q;
	f->otime = b->start;
}

static void
count_tos(struct engine *e, struct bin *b, int side, uint8_t tos)
{
	struct tos *t;

	if (b->tos == 0) {
		if ((b->tos = pool_get(&e->table.toses)) == 0)
			return;
		t = pool_at(&e->table.toses, b->tos);
		memset(t, 0, sizeof(*t));
		for (int i = 0; i < 2; i++) /* the packets before this one had none */
			t->dscps[i] = b->pkts[i] > 0;
	}
	t = pool_at(&e->table.toses, b->tos);
	t->dscps[side] |= 1ull << (tos >> 2);
	t->ect1[side] += (tos & 3) == 1;
	t->ect0[side] += (tos & 3) == 2;
	t->ce[side] += (tos & 3) == 3;
}

static struct frag_counts *
frag_counts(struct engine *e, struct bin *b)
{
	if (b->frag == 0) {
		if ((b->frag = pool_get(&e->table.frags)) == 0)
			return (NULL);
		memset(pool_at(&e->table.frags, b->frag), 0, sizeof(struct frag_counts));
	}
	return (pool_at(&e->table.frags, b->frag));
}

static void
count_frag(struct engine *e, struct bin *b, int side, uint8_t what, const struct packet *p)
{
	struct frag_counts *c = frag_counts(e, b);

	if (c == NULL)
		return;
	c->atom[side] += (p->facts & FACT_ATOMIC) != 0;
	if ((what & FRAG_IS) == 0)
		return;
	c->frags[side]++;
	c->bytes[side] += p->wire;
	c->dg[side] += (what & FRAG_FIRST) != 0;
	c->ok[side] += (what & FRAG_OK) != 0;
	c->dup[side] += (what & FRAG_DUP) != 0;
	c->ovl[side] += (what & FRAG_OVL) != 0;
	c->ooo[side] += (what & FRAG_OOO) != 0;
	c->tiny[side] += (what & FRAG_TINY) != 0;
	c->bad[side] += (what & FRAG_BAD) != 0;
}

static uint64_t
saturate(uint64_t a, uint64_t b)
{
	return (a + b < a ? UINT64_MAX : a + b);
}

static void
count_gap(struct flow_state *f, struct bin *b, int side, int64_t ts)
{
	uint64_t us = ts > f->last[side] ? (uint64_t)(ts - f->last[side]) / USEC : 0;

	b->ipg_n[side]++;
	b->ipg_sum[side] += us;
	b->ipg_sumsq[side] = saturate(b->ipg_sumsq[side], us >> 32 ? UINT64_MAX : us * us);
}

static uint8_t
plain_state(const struct flow_state *f, const struct bin *b)
{
	bool src = f->life & (LIFE_SENT_LO << f->src), dst = f->life & (LIFE_SENT_LO << (1 - f->src));

	if (src && dst)
		return (STATE_CON);
	if (dst)
		return (STATE_RSP);
	return (b->flags & RFLAGS_start ? STATE_INT : STATE_REQ);
}

static void
count(struct engine *e, uint32_t flow, struct work *w)
{
	struct flow_state *f = flow_at(&e->table, flow);
	const struct packet *p = w->p;
	const struct tracker *k;
	int side = w->side;
	bool first_of_flow = f->packets == 0, first_side = (f->life & LIFE_SENT_LO << side) == 0;
	int64_t start = clock_bin(w->ts, e->time.interval);
	bool late = timeline_sealed(&e->time, start, w->now);
	uint32_t n = f->bin;
	struct bin *b = n != 0 ? bin_at(&e->table, n) : NULL;

	if (b == NULL || b->start != start || is_late(b) != late || b->due <= w->now) {
		if ((n = find_bin(e, f, start, late, w->now)) == 0)
			n = new_bin(e, flow, start, late, w->now);
		b = bin_at(&e->table, n);
	}
	w->bin = n;
	if (first_side) {
		first_of_side(e, f, side, p);
		replied(e, f, w->now);
	} else if (p->vlan != f->vlan[side] || p->ivlan != f->ivlan[side])
		b->flags |= RFLAGS_vlanchg;
	if (w->tunnel != 0) {
		f->src = tunnel_at(e->tunnels, w->tunnel)->src;
		f->dirq = tunnel_at(e->tunnels, w->tunnel)->dirq;
	} else {
		orient(f, b, side, p, w->now, first_of_flow);
	}

	if (b->pkts[0] + b->pkts[1] == 0) {
		b->stime = b->ltime = w->ts;
	} else {
		if (w->ts < b->stime)
			b->stime = w->ts;
		if (w->ts > b->ltime)
			b->ltime = w->ts;
	}
	if (!first_side)
		count_gap(f, b, side, w->ts);
	if (b->pkts[side] == 0)
		b->dscp[side] = p->tos >> 2;
	if (p->tos != 0 || b->tos != 0)
		count_tos(e, b, side, p->tos);
	b->pkts[side]++;
	b->bytes[side] += p->wire;
	b->ipbytes[side] += p->iplen;
	if (p->facts & FACT_PAYLOAD)
		b->payload[side] += p->payload;
	if (p->ttl < b->ttlmin[side])
		b->ttlmin[side] = p->ttl;
	if (p->ttl > b->ttlmax[side])
		b->ttlmax[side] = p->ttl;
	b->flags |= w->flags | (p->facts & FACT_CUT ? RFLAGS_cut : 0);
	if (w->frag != 0 || (p->facts & FACT_ATOMIC))
		count_frag(e, b, side, w->frag, p);
	if (w->now > f->heard)
		f->heard = w->now;
	f->life |= LIFE_CHANCE;
	if (f->packets < UINT8_MAX)
		f->packets++;
	if ((f->life & LIFE_CONFIRMED) == 0 &&
	    ((f->life & (LIFE_SENT_LO | LIFE_SENT_HI)) == 3 || (f->packets >= CONFIRM_MIN &&
	    (f->key.proto == PROTO_ESP || f->key.proto == PROTO_AH || p->facts & FACT_NOANSWER))))
		table_confirm(&e->table, flow);
	k = track_for(&f->key);
	if (k != NULL && k->packet != NULL)
		k->packet(e->track, f, b, side, p);
	f->last[side] = w->ts;
	f->idle = (uint8_t)idle_of(f);
	b->state = is_tcp(f) ? tcp_state(f) : plain_state(f, b);
	b->seen = f->life & (LIFE_SENT_LO | LIFE_SENT_HI);
	e->in_flows++;
}

static uint64_t
flow_id(const struct engine *e, const struct key *k, int64_t ts)
{
	struct {
		struct key key;
		int64_t ts;
		uint64_t probe;
	} id = { *k, ts, hash64(e->o.probe, strlen(e->o.probe), 0) };

	return (hash64(&id, sizeof(id), 0));
}

static uint32_t
new_flow(struct engine *e, const struct work *w)
{
	struct flow_state *f;
	struct stat_set *s;
	uint32_t n;

	while (e->table.alive >= e->table.max_flows)
		evict(e, w->now);
	while (table_full(&e->table)) /* cells of flows that ended: they wait for their bins */
		make_room_for_bin(e);
	n = table_add(&e->table, &w->key, w->hash);
	f = flow_at(&e->table, n);
	f->heard = w->now;
	f->id = flow_id(e, &w->key, w->ts);
	if (w->key.kind & KEY_SA)
		return (n); /* not a flow of its own for long: it counts when it has a lane */
	s = engine_stats(e, w->now);
	s->newflows++;
	return (n);
}

bool
engine_has_key(const struct engine *e, uint32_t n, const struct key *k)
{
	const struct flow_state *f = flow_at(&e->table, n);

	return ((f->life & LIFE_DEAD) == 0 && key_equal(&f->key, k));
}

/* The probe's own counters of the bin in which a packet counts. */
static struct stat_set *
stats_of(struct engine *e, const struct work *w)
{
	int64_t start = clock_bin(w->ts, e->time.interval);

	return (timeline_sealed(&e->time, start, w->now) ? timeline_late_stats(&e->time, start, w->now) :
	    &timeline_span(&e->time, start)->stats);
}

/* What a TCP packet said beyond its own record: MAR sums the acknowledgements of all flows, and a zero window that
 * lasted through bins before this one counts in each of them. */
static void
count_tcp(struct engine *e, const struct work *w)
{
	struct flow_state *f = flow_at(&e->table, w->flow);
	int64_t from, to, T = e->time.interval;
	uint32_t ev, gap;

	if (tcp_acks(e->track, &ev, &gap)) {
		struct stat_set *s = stats_of(e, w);

		s->m_ackev += ev;
		s->m_ackgap += gap;
	}
	for (int side = 0; side < 2; side++) {
		if (!tcp_silence(e->track, side, &from, &to))
			continue;
		for (int64_t start = clock_bin(from, T); start < to; from = start += T) {
			uint64_t us = (uint64_t)((start + T) / USEC - from / USEC);
			bool sealed = timeline_sealed(&e->time, start, w->now);
			uint32_t n = sealed ? 0 : find_bin(e, f, start, false, w->now);
			struct flow *r;

			if (n != 0) {
				tcp_add_zwin(e->track, bin_at(&e->table, n), side, us);
				continue;
			}
			engine_write_up_to(e, f, start);
			r = emit_corr(&e->emit, &e->table, f, start);
			if (side == f->src)
				SET(r, szwin_us, us);
			else
				SET(r, dzwin_us, us);
			health_fill(r, e->o.limits, true);
			emit_put(&e->emit);
		}
	}
}

void
engine_settle(struct engine *e, struct work *w)
{
	uint32_t n = w->flow;
	enum idle_class idle = IDLE_SYN;
	bool fresh = false;

	if (n == 0 || !engine_has_key(e, n, &w->key))
		n = table_find(&e->table, &w->key, w->hash);
	if (n != 0) {
		struct flow_state *f = flow_at(&e->table, n);

		if (engine_expire(e, n, w->now)) {
			n = 0;
		} else if (is_tcp(f) && tcp_reuses(f, w->side, w->p, w->now)) {
			end_flow(e, n, CAUSE_reuse, w->now, w->now);
			n = 0;
		}
	}
	if (n == 0) {
		n = new_flow(e, w);
		fresh = true;
	} else {
		idle = flow_at(&e->table, n)->idle;
	}
	count(e, n, w);
	w->flow = n;
	if (is_tcp(flow_at(&e->table, n)))
		count_tcp(e, w);
	if (w->p->facts & CARRIER_FACTS)
		carriers_packet(e, w);
	if (w->p->facts & ABOUT_FACTS)
		about_packet(e, w);
	if (!fresh && idle_seconds[flow_at(&e->table, n)->idle] >= idle_seconds[idle])
		return; /* its timer is early enough */
	if (!fresh)
		wheel_cancel(&e->wheel, &e->table, n);
	wheel_set(&e->wheel, &e->table, n, deadline(flow_at(&e->table, n)));
}

/* --- the probe's own counters */

static void
count_fate(struct stat_set *s, const struct packet *p)
{
	s->frames++;
	s->framebytes += p->wire;
	switch ((enum pkt_fate)p->fate) {
	case PKT_FLOW:
		s->cutpkts += (p->facts & FACT_CUT) != 0;
		break;
	case PKT_SHORT:
		s->short_pkts++;
		s->short_bytes += p->wire;
		break;
	case PKT_BADIP:
		s->badip_pkts++;
		s->badip_bytes += p->wire;
		break;
	case PKT_NONIP_OFF:
		s->nonip_pkts++;
		s->nonip_bytes += p->wire;
		break;
	case PKT_FILTERED:
		s->filt_pkts++;
		s->filt_bytes += p->wire;
		break;
	}
}

/* Time: the packet's own, and what the clock says when it comes. */
static void
clock_in(struct engine *e, struct work *w, const struct arrival *a)
{
	bool jump, sealed, bad = a->bad_ts || !watermark_can_be(a->packet.ts);
	struct stat_set *s;

	w->p = &a->packet;
	w->ts = watermark_take(&e->clock, a->packet.ts, bad, &jump);
	w->now = e->clock.now;
	sealed = timeline_sealed(&e->time, clock_bin(w->ts, e->time.interval), w->now);
	s = stats_of(e, w);
	count_fate(s, w->p);
	s->tback += sealed;
	s->tjump += jump;
	s->tbad += bad;
	if (w->p->facts & FACT_MIRROR)
		carriers_mirror(e, w, s);
}

/* Key and hash; a fragment gets them in its turn. */
static void
key_in(struct engine *e, struct work *w)
{
	w->flow = w->tunnel = w->sa = 0;
	w->frag = 0;
	w->flags = 0;
	w->count = w->p->fate == PKT_FLOW && (w->p->facts & FACT_FRAG) == 0;
	w->tunnelled = w->count && lanes_take(w->p) && (w->p->facts & FACT_SPI) != 0;
	if (!w->count)
		return;
	w->side = key_of(w->p, &e->o.key, &w->key);
	if (w->tunnelled)
		w->hash = tunnels_hash(e->tunnels, &w->key, w->side, w->p->spi); /* its flow depends on its lane */
	else
		w->hash = table_hash(&e->table, &w->key);
}

/* Sealed, but not written yet: it comes before its correction. */
void
engine_write_up_to(struct engine *e, struct flow_state *f, int64_t start)
{
	uint32_t n = f->bin;

	while (n != 0 && bin_at(&e->table, n)->start != start)
		n = bin_at(&e->table, n)->older;
	while (n != 0) {
		uint32_t first = first_bin(e, f);

		n = first == n ? 0 : n;
		seal_early(e, first);
	}
}

/* --- fragments */

/* Datagrams that were given up: counted where their first fragment came, in a correction if that is written. */
static void
give_up_datagrams(struct engine *e, int64_t now)
{
	struct frag_outcome o;

	while (frags_outcome(e->frags, &o)) {
		struct flow_state gone = { .key = o.home.key, .id = o.home.flowid, .otime = o.home.otime,
			.src = o.home.src, .dirq = o.home.dirq, .vlan = { 0xffff, 0xffff }, .ivlan = { 0xffff, 0xffff } };
		uint32_t n;
		struct flow_state *f;
		int64_t start = clock_bin(o.arrived, e->time.interval);
		struct frag_counts *c = NULL;
		struct flow *r;

		lanes_home(e, &o.home);
		gone.key = o.home.key;
		gone.id = o.home.flowid;
		n = table_find(&e->table, &o.home.key, table_hash(&e->table, &o.home.key));
		f = n != 0 ? flow_at(&e->table, n) : NULL;

		if (f != NULL && f->id != o.home.flowid)
			f = NULL;
		if (f != NULL && (!timeline_sealed(&e->time, start, now) || lanes_wait(e, f, start)) &&
		    (n = find_bin(e, f, start, false, INT64_MIN)) != 0)
			c = frag_counts(e, bin_at(&e->table, n));
		if (c != NULL) {
			c->inc[o.home.side] += !o.orphan;
			c->orph[o.home.side] += o.orphan;
			continue;
		}
		if (f != NULL)
			engine_write_up_to(e, f, start);
		r = emit_corr(&e->emit, &e->table, f != NULL ? f : &gone, start);
		if (o.home.side == (f != NULL ? f : &gone)->src) {
			if (o.orphan)
				SET(r, sfragorph, 1);
			else
				SET(r, sfraginc, 1);
		} else {
			if (o.orphan)
				SET(r, dfragorph, 1);
			else
				SET(r, dfraginc, 1);
		}
		emit_put(&e->emit);
	}
}

/* A tunnel's fragment counts where its datagram's SPI says, or that of the only SA there is. */
static void
settle_tunnel_piece(struct engine *e, struct work *w, const struct frag_piece *piece)
{
	uint32_t only;

	if (piece->has_spi) {
		lanes_packet(e, w, piece->spi, piece->packet->facts & FACT_SPI);
		return;
	}
	only = piece->resolved ? tunnels_only(e->tunnels, &w->key, w->side, w->now) : 0;
	if (only != 0) {
		lanes_packet(e, w, sa_at(e->tunnels, only)->spi, false);
		return;
	}
	w->key.kind = KEY_PORTLESS;
	w->hash = table_hash(&e->table, &w->key);
	w->flags |= RFLAGS_unres;
	engine_settle(e, w);
}

static void
settle_piece(struct engine *e, struct work *w, const struct frag_piece *piece)
{
	const struct flow_state *f;

	w->p = piece->packet;
	w->ts = piece->packet->ts;
	w->key = piece->key;
	w->hash = table_hash(&e->table, &w->key);
	w->side = piece->side;
	w->frag = piece->what;
	w->flags = piece->resolved ? 0 : RFLAGS_unres;
	w->flow = w->tunnel = w->sa = 0;
	if (w->key.proto == PROTO_ESP || w->key.proto == PROTO_AH)
		settle_tunnel_piece(e, w, piece);
	else
		engine_settle(e, w);
	f = flow_at(&e->table, w->flow);
	frags_settled(e->frags, piece, &(struct frag_home){ f->key, f->id, f->otime, (uint8_t)w->side, f->src,
	    f->dirq });
}

static void
expire_held(struct engine *e)
{
	struct work w = { .now = frags_hold_due(e->frags) };
	struct frag_piece piece;

	if (w.now > e->clock.now)
		w.now = e->clock.now; /* the end of input */
	if (frags_expire(e->frags, &e->o.key, &piece))
		settle_piece(e, &w, &piece);
}

static void
expire_datagram(struct engine *e)
{
	int64_t due = frags_timeout_due(e->frags);

	frags_timeout(e->frags);
	give_up_datagrams(e, due < e->clock.now ? due : e->clock.now);
}

/* What waited long enough before a packet comes at `now`. */
static void
expire_frags(struct engine *e, int64_t now)
{
	int64_t held, datagram;

	while (held = frags_hold_due(e->frags), datagram = frags_timeout_due(e->frags), held <= now || datagram <= now)
		if (held <= datagram)
			expire_held(e);
		else
			expire_datagram(e);
}

/* A fragment: it counts in the flow of its datagram, with those that waited for it, or it waits itself. */
static void
fragment(struct engine *e, struct work *w)
{
	struct frag_piece piece;
	bool go, only = false;

	expire_frags(e, w->now);
	if (lanes_take(w->p) && (w->p->facts & FACT_SPI) == 0) {
		struct key tunnel;
		int side = key_of(w->p, &e->o.key, &tunnel);

		only = tunnels_only(e->tunnels, &tunnel, side, w->now) != 0;
	}
	go = frags_packet(e->frags, w->p, &e->o.key, w->now, only, &piece);
	while (go) {
		settle_piece(e, w, &piece);
		go = frags_release(e->frags, &piece);
	}
	give_up_datagrams(e, w->now);
}

/* --- what is due */

static void
write_mar(struct engine *e, struct span *s, bool late)
{
	stat_add(&e->total, &s->stats);
	if (s->stats.frames == 0 && !late && !e->o.live)
		return; /* offline a bin without frames has no record of its own */
	s->stats.live = e->o.live;
	s->stats.has_ifdrop = e->total.has_ifdrop;
	s->stats.active = e->table.alive;
	s->stats.fragtab = frags_count(e->frags);
	s->stats.satab = tunnels_count(e->tunnels);
	s->stats.fragevict += frags_evicted(e->frags);
	emit_mar(&e->emit, s->start, &s->stats, s->due < e->clock.now && s->due >= 0 ? s->due : e->clock.now, late);
}

static void
prefetch_lines(const void *p, unsigned lines)
{
	for (unsigned i = 0; i < lines; i++)
		__builtin_prefetch((const uint8_t *)p + 64 * i);
}

/* While one bin is written: what hangs off the next one, the flow of the one after it, and the bin after that. */
static void
look_ahead(const struct engine *e, uint32_t next)
{
	const struct bin *b;
	const struct tracker *k;

	if (next == 0)
		return;
	b = bin_at(&e->table, next);
	k = track_for(&flow_at(&e->table, b->flow)->key);
	if (k != NULL && k->prefetch != NULL)
		k->prefetch(e->track, NULL, b);
	if (b->order.next == 0)
		return;
	b = bin_at(&e->table, b->order.next);
	prefetch_lines(flow_at(&e->table, b->flow), 3);
	if (b->order.next != 0)
		prefetch_lines(bin_at(&e->table, b->order.next), 3);
}

/* One record of the span that is being written; false when it is done. */
static bool
drain_one(struct engine *e)
{
	struct list *l = &e->time.draining.bins;
	uint32_t n = l->head;

	if (n == 0) {
		write_mar(e, &e->time.draining, false);
		e->time.drains = false;
		return (false);
	}
	list_remove(&e->table, l, order_link, n);
	look_ahead(e, l->head);
	if (!lanes_defer(e, n))
		engine_write_bin(e, n);
	return (true);
}

static void
expire_one(struct engine *e)
{
	int64_t at = e->wheel.second * SEC; /* the clock may be further: what lies between comes in its turn */
	uint32_t n = wheel_take(&e->wheel, &e->table);
	struct flow_state *f;

	if (n == 0)
		return;
	f = flow_at(&e->table, n);
	wheel_set(&e->wheel, &e->table, n, deadline(f));
	if (deadline(f) <= at)
		end_flow(e, n, idle_cause(f), deadline(f), looked_at(f));
}

enum due { DUE_NOTHING, DUE_HELD, DUE_DATAGRAM, DUE_ANSWER, DUE_LANE, DUE_FLOW, DUE_LATE, DUE_SPAN };

/* What comes first; where times are equal, in this order: a held fragment still counts in its own bin. */
static enum due
next_due(struct engine *e)
{
	uint32_t late = e->time.late.head;
	int64_t at[] = {
		[DUE_NOTHING] = e->clock.now + 1,
		[DUE_HELD] = frags_hold_due(e->frags),
		[DUE_DATAGRAM] = frags_timeout_due(e->frags),
		[DUE_ANSWER] = about_due(e),
		[DUE_LANE] = tunnels_due(e->tunnels),
		[DUE_LATE] = late != 0 ? bin_at(&e->table, late)->due : INT64_MAX,
		[DUE_SPAN] = timeline_due(&e->time),
		[DUE_FLOW] = wheel_due(&e->wheel, &e->table, e->clock.now),
	};
	enum due first = DUE_NOTHING;

	for (enum due d = DUE_HELD; d <= DUE_SPAN; d++)
		if (at[d] < at[first])
			first = d;
	return (first);
}

/* Do what is due, the earliest first, a slice of it.  false: nothing is left. */
static bool
advance(struct engine *e)
{
	unsigned written = 0, others = 0;
	struct span stats;

	while (written < SLICE && others < SLICE) {
		if (e->time.drains) {
			written += drain_one(e);
			continue;
		}
		others++;
		switch (next_due(e)) {
		case DUE_HELD:
			expire_held(e);
			break;
		case DUE_DATAGRAM:
			expire_datagram(e);
			break;
		case DUE_ANSWER:
			about_expire(e, about_due(e));
			break;
		case DUE_LANE:
			lanes_decide(e, tunnels_due(e->tunnels));
			break;
		case DUE_LATE:
			seal_late(e);
			break;
		case DUE_SPAN:
			if (!timeline_take(&e->time, &stats))
				write_mar(e, &stats, true);
			break;
		case DUE_FLOW:
			expire_one(e);
			break;
		case DUE_NOTHING:
			return (false);
		}
	}
	return (true);
}

/* Live each bin has a MAR record, in silence too. */
static void
open_spans(struct engine *e)
{
	int64_t T = e->time.interval, now = clock_bin(e->clock.now, T);

	if (now - e->marked > SILENCE_MAX * T) /* or the first time */
		e->marked = now - T;
	while (e->marked < now) {
		e->marked += T;
		(void)timeline_span(&e->time, e->marked);
	}
}

void
engine_packets(struct engine *e, struct arrival *a, unsigned n)
{
	struct work w[ENGINE_BATCH];
	bool frags; /* some may be due before a packet of this batch */

	for (unsigned i = 0; i < n; i++) {
		clock_in(e, &w[i], &a[i]);
		a[i].packet.ts = w[i].ts;
		key_in(e, &w[i]);
		if (w[i].count && w[i].tunnelled)
			tunnels_prefetch(e->tunnels, w[i].hash);
		else if (w[i].count)
			slots_prefetch(&e->table.slots, w[i].hash);
	}
	if (e->o.live)
		open_spans(e);
	for (unsigned i = 0; i < n; i++) {
		uint32_t at = 0;

		if (!w[i].count)
			continue;
		if (w[i].tunnelled) {
			lanes_prefetch_sa(e, &w[i]);
			continue;
		}
		w[i].flow = slots_walk(&e->table.slots.now, w[i].hash, &at);
		if (w[i].flow != 0) {
			prefetch_lines(flow_at(&e->table, w[i].flow), 3);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		if (w[i].sa != 0)
			lanes_prefetch_flow(e, &w[i]);
		else if (w[i].flow != 0)
			prefetch_lines(bin_at(&e->table, flow_at(&e->table, w[i].flow)->bin), 3);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct flow_state *f;
		const struct tracker *k;

		if (w[i].flow == 0)
			continue;
		f = flow_at(&e->table, w[i].flow);
		k = track_for(&f->key);
		if (k != NULL && k->prefetch != NULL)
			k->prefetch(e->track, f, f->bin != 0 ? bin_at(&e->table, f->bin) : NULL);
	}
	e->batch = w;
	e->nbatch = n;
	frags = frags_hold_due(e->frags) <= e->clock.now || frags_timeout_due(e->frags) <= e->clock.now;
	for (unsigned i = 0; i < n; i++) {
		if (frags)
			expire_frags(e, w[i].now);
		if (about_due(e) <= w[i].now)
			about_expire(e, w[i].now);
		if (w[i].p->facts & FACT_IKE)
			tunnels_ike(e->tunnels, w[i].p, w[i].side, &w[i].key, w[i].now);
		if (w[i].count && w[i].tunnelled)
			lanes_packet(e, &w[i], w[i].p->spi, true);
		else if (w[i].count)
			engine_settle(e, &w[i]);
		else if (w[i].p->fate == PKT_FLOW)
			fragment(e, &w[i]), frags = true;
	}
	(void)advance(e);
	e->nbatch = 0;
}

void
engine_idle(struct engine *e, int64_t now)
{
	if (now != ENGINE_NO_TIME && (!e->clock.started || now > e->clock.now)) {
		e->clock.started = true;
		e->clock.now = now;
		open_spans(e);
	}
	for (unsigned i = 0; e->clock.started && i < IDLE_SLICES; i++)
		if (!advance(e))
			return;
}

void
engine_flush(struct engine *e, int64_t now, int64_t delay)
{
	if (e->emit.batch->rows > 0 && now >= e->waits && now - e->waits < delay)
		return;
	emit_flush(&e->emit);
	e->waits = now;
}

void
engine_kernel(struct engine *e, int64_t since, int64_t until, uint64_t recv, uint64_t drop, uint64_t ifdrop,
    bool has_ifdrop)
{
	struct stat_set *s = &e->total; /* before the first packet there is no bin */

	if (drop > 0)
		emit_dropped(&e->emit, since, until);
	e->total.has_ifdrop |= has_ifdrop;
	if (e->clock.started) {
		since = clock_bin(since, e->time.interval);
		if (timeline_sealed(&e->time, since, e->clock.now))
			since = clock_bin(e->clock.now, e->time.interval);
		s = &timeline_span(&e->time, since)->stats;
	}
	s->ps_recv += recv;
	s->ps_drop += drop;
	s->ps_ifdrop += ifdrop;
}

/* All flows that live, oldest first: those without a bin have to say their END now. */
static void
end_all(struct engine *e, const struct list *l)
{
	int64_t now = e->clock.now;

	for (uint32_t n = l->head, next; n != 0; n = next) {
		struct flow_state *f = flow_at(&e->table, n);

		next = f->fifo.next;
		if (next != 0)
			prefetch_lines(flow_at(&e->table, next), 3);
		end_flow(e, n, is_tcp(f) && tcp_closed(f) ? idle_cause(f) : CAUSE_shutdown, now, now);
	}
}

void
engine_finish(struct engine *e)
{
	struct span stats;

	if (!e->clock.started)
		return;
	while (advance(e))
		;
	while (frags_hold_due(e->frags) != INT64_MAX)
		expire_held(e);
	lanes_finish(e);
	carriers_finish(e);
	while (frags_timeout_due(e->frags) != INT64_MAX)
		expire_datagram(e);
	e->closing = true;
	end_all(e, &e->table.probation);
	end_all(e, &e->table.confirmed);
	while (e->time.drains || e->time.late.head != 0 || timeline_due(&e->time) != INT64_MAX) {
		if (e->time.drains)
			(void)drain_one(e);
		else if (e->time.late.head != 0 && bin_at(&e->table, e->time.late.head)->due <= timeline_due(&e->time))
			seal_early(e, e->time.late.head);
		else if (!timeline_take(&e->time, &stats))
			write_mar(e, &stats, true);
	}
	emit_flush(&e->emit);
}

void
engine_total(const struct engine *e, struct stat_set *sum)
{
	const struct timeline *tl = &e->time;

	*sum = e->total; /* of what is written; and what is still open */
	if (tl->drains)
		stat_add(sum, &tl->draining.stats);
	for (uint32_t i = 0; i < tl->nopen; i++)
		stat_add(sum, &tl->open[i]->stats);
	for (uint32_t i = 0; i < tl->nlate; i++)
		stat_add(sum, &tl->latestats[i].stats);
}

uint64_t
engine_in_flows(const struct engine *e)
{
	return (e->in_flows);
}

uint64_t
engine_records(const struct engine *e)
{
	return (e->emit.records);
}
