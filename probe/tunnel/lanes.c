/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lanes.c: what tunnel.c decides is done to flows and bins.
 */
#include "probe/tunnel/lanes.h"

#include "format/base/clock.h"
#include "format/base/mem.h"

#define EACH inline __attribute__((always_inline)) /* done for each packet, and elsewhere once */

#define ETHERNET 1500 /* the longest packet of most paths, */
#define LONG     1600 /* what none of them has, */
#define SMALL    576  /* and what tells nothing of a path */

static void forced(void *, uint32_t flow);

void
lanes_init(struct lanes *e, struct flows *flows, struct numbers *numbers, uint32_t max_sas, bool no_lanes,
    uint64_t oneway_bins, uint64_t seed)
{
	*e = (struct lanes){ .tunnels = tunnels_new(max_sas, no_lanes, seed), .flows = flows, .ledger = flows->ledger,
		.numbers = numbers, .oneway_bins = oneway_bins };
	e->ledger->forced = forced;
	e->ledger->arg = e;
}

void
lanes_free(struct lanes *e)
{
	tunnels_free(&e->tunnels);
}

static struct flow_state *
flow_of(const struct lanes *e, uint32_t n)
{
	return (flow_at(&e->flows->table, n));
}

static struct key
lane_key(const struct key *tunnel, uint16_t number)
{
	struct key k = *tunnel;

	k.kind = KEY_LANE;
	k.aux = number;
	return (k);
}

static struct key
sa_key(const struct sa *x)
{
	struct key k = x->key;

	k.kind = (uint8_t)(KEY_SA | (x->side == 0 ? KEY_LO_SENDS : KEY_HI_SENDS));
	k.aux = x->spi;
	return (k);
}

static struct key
current_key(const struct lanes *e, const struct sa *x)
{
	return (x->lane == 0 ? sa_key(x) : lane_key(&x->key, lane_at(e->tunnels, x->lane)->number));
}

static uint32_t
current_flow(const struct lanes *e, struct sa *x)
{
	return (lanes_home(e, x)->flow);
}

static struct sa_home
home_at(const struct lanes *e, uint32_t flow)
{
	return ((struct sa_home){ flow != 0 ? flow_of(e, flow)->id : 0, flow });
}

/* Is it where it was, and still will be when it has counted a packet at `now`? */
static EACH bool
at_home(const struct lanes *e, const struct sa_home *h, int64_t now)
{
	return (h->flow != 0 && table_lives(&e->flows->table, h->flow, h->id, now));
}

/* --- holds */

/* Until it has a lane, the tunnel's bins in which it may have to stand wait, and all of its own flow's. */
static EACH void
hold(struct lanes *e, struct sa *x)
{
	struct holds *h = &e->ledger->holds;
	struct tunnel *u = tunnel_at(e->tunnels, x->tunnel);

	if (u->group == 0)
		u->group = hold_group_new(h);
	if (x->lane == 0)
		x->hold = hold_place(h, u->group, ledger_start(e->ledger, x->born), x->first + TUNNEL_HOLD);
}

static void
lift(struct lanes *e, struct sa *x)
{
	if (x->hold != 0)
		hold_lift(&e->ledger->holds, x->hold);
	x->hold = 0;
}

static EACH void
join(struct lanes *e, struct flow_state *f, const struct sa *x)
{
	hold_join(&e->ledger->holds, f, tunnel_at(e->tunnels, x->tunnel)->group, x->hold);
}

/* --- where sequence counts go */

static struct carrier
carrier_of(const struct lanes *e, const struct sa *x, uint32_t flow, int64_t now)
{
	const struct tunnel *u = tunnel_at(e->tunnels, x->tunnel);

	return ((struct carrier){ .numbers = e->numbers, .key = &x->key, .flow = flow, .src = u->src, .dirq = u->dirq,
	    .spi = x->spi, .now = now, .side = x->side, .lanes = true });
}

/* To the record of a place: of any of the SAs that share a numbering. */
struct way {
	const struct lanes *e;
	int64_t now;
	struct carrier c;
};

static struct seq_counts *
there(void *arg, const struct seq_place *p)
{
	struct way *w = arg;
	struct sa *x = sa_at(w->e->tunnels, p->owner);

	w->c.numbers = w->e->numbers;
	w->c.bin = NULL;
	if (p->flowid != 0)
		w->c = carrier_of(w->e, x, current_flow(w->e, x), w->now);
	return (carrier_there(&w->c, p));
}

static void
back(void *arg)
{
	carrier_back(&((struct way *)arg)->c);
}

static struct seq_sink
sink_of(struct way *w, const struct seq_place *p, struct seq_counts *here)
{
	return ((struct seq_sink){ *p, here, there, back, w, &w->e->numbers->trials, 0 });
}

/* It succeeds another SA in its lane: the bin in which it began has waited to be told. */
static void
rekeyed(const struct lanes *e, const struct sa *x, uint32_t flow, uint32_t lane, int64_t now)
{
	const struct flow_state *f = flow_of(e, flow);
	struct carrier c = carrier_of(e, x, flow, now);
	struct seq_place p = { .bin = ledger_start(e->ledger, x->born), .flowid = f->id,
		.lane = lane_at(e->tunnels, lane)->number };
	struct bin *b = ledger_unwritten(e->ledger, f, p.bin);

	if (b != NULL) {
		seq_bin(e->numbers, b)->rekeys[x->side]++;
		return;
	}
	carrier_bin(&c, &p)->rekeys[x->side]++;
	carrier_done(&c);
}

/* --- one packet */

/* No more packets of this SA. */
static void
end_numbers(struct lanes *e, struct sa *x)
{
	struct seq_counts nowhere = { 0 };
	struct way w = { .e = e, .now = e->ledger->clock.now };
	struct seq_sink k = sink_of(&w, &(struct seq_place){ .bin = INT64_MIN }, &nowhere);

	seqno_end(&tunnels_numbers(e->tunnels, x)->seq, &k);
}

static void
forget(struct lanes *e, uint32_t n)
{
	struct sa *x = sa_at(e->tunnels, n);
	uint32_t tunnel = x->tunnel;
	struct tunnel *u = tunnel_at(e->tunnels, tunnel);

	end_numbers(e, x);
	if (x->kin_next != 0) {
		seqno_disown(&tunnels_numbers(e->tunnels, x)->seq, &e->numbers->trials, n);
		tunnels_leave(e->tunnels, n);
	}
	lift(e, x);
	tunnels_forget(e->tunnels, n);
	ledger_write_ready(e->ledger, u->group); /* what waited for it */
	if (u->sa_head != 0 || hold_group_at(&e->ledger->holds, u->group)->waiting.count > 0)
		return;
	hold_group_end(&e->ledger->holds, u->group);
	tunnels_drop(e->tunnels, tunnel);
}

static void settle_decision(struct lanes *, const struct decision *, int64_t now);

static void
make_room(struct lanes *e, int64_t now)
{
	uint32_t n;
	struct decision d;

	while ((n = tunnels_stale(e->tunnels, now)) != 0)
		forget(e, n);
	while (tunnels_full(e->tunnels)) {
		n = tunnels_victim(e->tunnels);
		if (sa_at(e->tunnels, n)->lane == 0) { /* what it has counted needs a lane */
			tunnels_decide_now(e->tunnels, n, &d);
			settle_decision(e, &d, now);
		}
		ledger_stats(e->ledger, now)->saevict++;
		forget(e, n);
	}
	tunnels_rest(e->tunnels);
}

/* The record sees this SA for the first time, or one of too many. */
static void
describe_sa(struct seq_bin *s, const struct sa *x)
{
	seq_bin_spi(s, x->side, x->spi, x->first);
	if (x->spi < 256)
		s->flags |= SPIFL_reserved;
	if (x->key.lport != 0 || x->key.hport != 0)
		s->flags |= SPIFL_natt;
}

/* What the record says of the tunnel when this packet comes. */
static EACH void
describe(const struct lanes *e, struct seq_bin *s, struct sa *x, const struct bin *b, int side)
{
	struct lane *l;
	int other = 1 - side;

	if (x->spi != s->spi[side] || s->nspi[side] > SEQ_SPIS)
		describe_sa(s, x);
	if (x->roamed) {
		s->roam[side]++;
		x->roamed = false;
	}
	if (x->lane == 0)
		return;
	l = lane_at(e->tunnels, x->lane);
	s->conf = l->conf;
	if (l->cur[other] != 0)
		s->quiet[other] = sa_at(e->tunnels, l->cur[other])->spi;
	l->heard[side] = b->start;
	if (l->heard[other] != INT64_MIN &&
	    b->start - l->heard[other] >= (int64_t)e->oneway_bins * e->ledger->time.interval)
		s->oneway[other] = true;
}

/* A packet that is longer than any of this path was cut up by the card behind the probe, perhaps: into how many? */
static EACH uint32_t
segments(struct sa *x, uint32_t seq, uint32_t length)
{
	int32_t d = (int32_t)(seq - (uint32_t)x->seq.hi);
	uint32_t before = x->length, most = x->usual >= SMALL ? x->usual : ETHERNET;

	if (d <= 0 && before != 0)
		return (0);
	x->length = length;
	if (d == 1 && before > x->usual)
		x->usual = before;
	return (d == 1 || before <= most || before <= LONG ? 0 : (before + most - 1) / most);
}

/* It is not the number that was expected. */
static void
other_number(struct lanes *e, const struct seen *v, uint32_t n, struct seq_counts *here, uint32_t cut)
{
	struct sa *x = sa_at(e->tunnels, n);
	struct seq_place p = { v->b->start, v->f->id, n, x->lane != 0 ? lane_at(e->tunnels, x->lane)->number : 0 };
	struct way w = { .e = e, .now = v->now };
	struct seq_sink k = sink_of(&w, &p, here);
	struct seqno *q = &tunnels_numbers(e->tunnels, x)->seq;
	struct seq_before was = seq_before(q, here);

	k.segments = cut;
	seqno_packet(q, v->p->seq, v->p->ts, x->known, &k);
	seq_after(e->numbers, &seq_bin(e->numbers, v->b)->came[v->side], q, here, &was, x->spi, v->p->seq, v->p->ts);
}

static EACH void
count_numbers(struct lanes *e, const struct seen *v, uint32_t n, struct sa *x)
{
	struct sa *shared = tunnels_numbers(e->tunnels, x);
	struct bin *b = v->b;
	struct seq_bin *s = seq_bin(e->numbers, b);
	uint32_t seq = v->p->seq, cut = 0;

	describe(e, s, x, b, v->side);
	if (seq == 0 && shared->seq.started && (uint32_t)shared->seq.hi != UINT32_MAX)
		s->flags |= SPIFL_seq0;
	if (shared->group)
		s->flags |= SPIFL_group;
	if (x->key.proto == PROTO_ESP)
		cut = segments(shared, seq, v->p->iplen);
	if (shared->seq.cuts == CUTS_SURE)
		s->flags |= SPIFL_gso;
	if (seqno_next(&shared->seq, seq, v->p->ts, b->start, v->f->id, &s->counts[v->side]))
		seq_came(e->numbers, &s->came[v->side], x->spi, seq, v->p->ts);
	else
		other_number(e, v, n, &s->counts[v->side], cut);
}

/* Zero is not an SPI: the packet belongs to no SA. */
static void
without_sa(struct lanes *e, struct seen *v, bool whole)
{
	struct seq_bin *s;

	v->key.kind = KEY_PORTLESS;
	v->hash = table_hash(&e->flows->table, &v->key);
	v->flow = 0;
	settle(e->flows, v);
	if (!whole)
		return;
	s = seq_bin(e->numbers, v->b);
	s->badspi[v->side]++;
	s->flags |= SPIFL_badspi;
}

void
lanes_packet(struct lanes *e, struct seen *v, uint32_t spi, bool whole)
{
	struct tunnels *t = e->tunnels;
	const struct tunnel *u;
	struct sa_home *home;
	struct sa *x;
	uint32_t n;

	if (t->wake <= v->now) {
		lanes_decide(e, v->now);
		make_room(e, v->now);
	}
	if (spi == 0) {
		without_sa(e, v, whole);
		return;
	}
	if (v->sa == 0)
		v->hash = tunnels_hash(t, &v->key, v->side, spi);
	n = tunnels_packet(t, &v->key, v->side, spi, v->p->seq, v->sa, v->hash, v->now, v->p->ts);
	x = sa_at(t, n);
	u = tunnel_at(t, x->tunnel);
	if (x->packets == 1)
		hold(e, x);
	home = lanes_home(e, x);
	v->flow = home->flow;
	v->told = u->dirq;
	v->src = u->src;
	if (at_home(e, home, v->now)) {
		settle_in(e->flows, v);
	} else {
		v->key = current_key(e, x);
		v->hash = table_hash(&e->flows->table, &v->key);
		settle(e->flows, v);
		*home = home_at(e, v->flow);
	}
	hold_join(&e->ledger->holds, v->f, u->group, x->hold);
	if (whole)
		count_numbers(e, v, n, x);
}

/* --- a flow that was taken for another */

/* An SA of it gets its lane at once: the first one a new lane, in which the other direction finds room. */
static uint32_t
adopted_sa(struct lanes *e, const struct key *tunnel, const struct lanes_step *p, uint32_t lane)
{
	uint32_t n;
	struct sa *x;
	struct decision d;

	make_room(e, p->now);
	n = tunnels_packet(e->tunnels, tunnel, p->side, p->spi, p->seq, 0, tunnels_hash(e->tunnels, tunnel, p->side, p->spi),
	    p->now, p->ts);
	x = sa_at(e->tunnels, n);
	if (x->lane != 0)
		return (n);
	if (lane == 0 && tunnels_force(e->tunnels, n, &d))
		return (n);
	tunnels_decide_now(e->tunnels, n, &d);
	return (n);
}

static void
adopted_bins(const struct lanes *e, const struct flow_state *f)
{
	for (uint32_t n = f->bin; n != 0; n = bin_at(e->ledger, n)->older)
		for (int i = 0; i < 2; i++) /* SPI and number are no payload */
			ledger_less_payload(e->ledger, bin_at(e->ledger, n), i, 8ull * bin_at(e->ledger, n)->pkts[i]);
}

void
lanes_adopt(struct lanes *e, uint32_t flow, const struct key *tunnel, const struct lanes_step *step, unsigned n,
    const struct packet *last)
{
	struct table *t = &e->flows->table;
	struct flow_state *f = flow_of(e, flow);
	const struct tunnel *u;
	uint32_t lane = 0;

	settle_become(e->flows, flow, last);
	adopted_bins(e, f);
	for (unsigned i = 0; i < n; i++) {
		uint32_t sa = adopted_sa(e, tunnel, &step[i], lane);
		struct sa *x = sa_at(e->tunnels, sa);
		struct packet p = { .spi = step[i].spi, .seq = step[i].seq, .ts = step[i].ts };
		struct seen v = { .p = &p, .now = step[i].now, .flow = flow, .f = f, .side = step[i].side };

		if (lane == 0) {
			struct key key = lane_key(tunnel, lane_at(e->tunnels, x->lane)->number);

			lane = x->lane;
			table_rekey(t, flow, &key, table_hash(t, &key));
			f->tracker = tracker_of(&key);
			f->idle = IDLE_TUNNEL;
		}
		if (x->lane == lane)
			lane_at(e->tunnels, lane)->home = home_at(e, flow);
		hold(e, x); /* it has its lane: only the group is made */
		join(e, f, x);
		if ((v.b = ledger_unwritten(e->ledger, f, ledger_start(e->ledger, p.ts))) != NULL)
			count_numbers(e, &v, sa, x);
	}
	u = tunnel_at(e->tunnels, lane_at(e->tunnels, lane)->tunnel);
	f->src = u->src;
	f->dirq = u->dirq;
}

/* --- giving lanes */

/* What an SA that began in `start` means to the bins that are still open at `when`: how sure the pairing is,
 * and that both sides have been seen. */
static void
note_lane(const struct lanes *e, const struct flow_state *f, const struct lane *l, const struct sa *x, int64_t when)
{
	uint8_t both = f->life & (LIFE_SENT_LO | LIFE_SENT_HI);
	int64_t start = ledger_start(e->ledger, x->born);

	for (uint32_t n = f->bin; n != 0; n = bin_at(e->ledger, n)->older) {
		struct bin *b = bin_at(e->ledger, n);
		int64_t due = ledger_due(e->ledger, b);

		if (due <= when && (b->start < start || due <= x->first))
			continue; /* sealed by then: it did not wait for this SA */
		seq_bin(e->numbers, b)->conf = l->conf;
		if (both == 3 && b->start >= start) {
			b->seen |= both;
			b->state = STATE_CON;
		}
	}
}

static void
settle_decision(struct lanes *e, const struct decision *d, int64_t now)
{
	struct table *t = &e->flows->table;
	struct sa *x = sa_at(e->tunnels, d->sa);
	struct lane *l = lane_at(e->tunnels, d->lane);
	struct key own = sa_key(x), key = lane_key(&x->key, l->number);
	uint32_t hash = table_hash(t, &key), from, to;
	int64_t start = ledger_start(e->ledger, x->born);

	lift(e, x);
	from = x->home.flow != 0 && table_is(t, x->home.flow, &own) ? x->home.flow : 0;
	to = l->home.flow != 0 && table_is(t, l->home.flow, &key) ? l->home.flow : table_find(t, &key, hash);
	if (to != 0 && settle_expire(e->flows, to, now))
		to = 0;
	if (from != 0) {
		uint64_t id = flow_at(t, from)->id;

		if (to == 0) {
			to = from;
			table_rekey(t, to, &key, hash);
			ledger_stats(e->ledger, now)->newflows++;
		} else {
			settle_merge(e->flows, to, from, now, start);
		}
		seqno_rehome(&tunnels_numbers(e->tunnels, x)->seq, &e->numbers->trials, id, flow_at(t, to)->id, l->number);
	}
	x->home.flow = 0;
	l->home = home_at(e, to);
	if (to != 0) {
		join(e, flow_at(t, to), x);
		note_lane(e, flow_at(t, to), l, x, now);
		l->heard[x->side] = ledger_start(e->ledger, x->last);
		if (d->rekey)
			rekeyed(e, x, to, d->lane, now);
	}
	ledger_write_ready(e->ledger, tunnel_at(e->tunnels, d->tunnel)->group);
}

int64_t
lanes_due(const struct lanes *e)
{
	return (tunnels_due(e->tunnels));
}

void
lanes_decide(struct lanes *e, int64_t now)
{
	struct decision d;
	int64_t due;

	while ((due = tunnels_due(e->tunnels)) <= now && tunnels_decide(e->tunnels, &d))
		settle_decision(e, &d, due);
}

/* A flow of an undecided SA is to be written all the same: it has a lane of its own from now on. */
static void
forced(void *arg, uint32_t flow)
{
	struct lanes *e = arg;
	struct flow_state *f = flow_of(e, flow);
	struct key own = table_key(&e->flows->table, f), tunnel = key_tunnel(&own), key;
	struct decision d;
	uint32_t n = tunnels_find(e->tunnels, &tunnel, f->key.kind & KEY_LO_SENDS ? 0 : 1, f->key.aux);

	f->held.own = 0;
	if (n == 0 || sa_at(e->tunnels, n)->lane != 0 || !tunnels_force(e->tunnels, n, &d))
		return;
	lift(e, sa_at(e->tunnels, n));
	key = lane_key(&tunnel, lane_at(e->tunnels, d.lane)->number);
	if (f->life & LIFE_DEAD) {
		table_set_key(&e->flows->table, f, &key);
	} else {
		table_rekey(&e->flows->table, flow, &key, table_hash(&e->flows->table, &key));
		lane_at(e->tunnels, d.lane)->home = home_at(e, flow);
	}
	sa_at(e->tunnels, n)->home.flow = 0;
	ledger_stats(e->ledger, e->ledger->clock.now)->newflows++;
}

uint32_t
lanes_find(struct lanes *e, const struct key *tunnel, int side, uint32_t spi, int64_t now)
{
	struct key key;
	uint32_t n, flow;

	lanes_decide(e, now);
	n = tunnels_find(e->tunnels, tunnel, side, spi);
	if (n == 0)
		return (0);
	flow = current_flow(e, sa_at(e->tunnels, n));
	key = current_key(e, sa_at(e->tunnels, n));
	return (flow != 0 && table_is(&e->flows->table, flow, &key) ? flow : 0);
}

void
lanes_finish(struct lanes *e)
{
	struct decision d;

	while (tunnels_decide(e->tunnels, &d))
		settle_decision(e, &d, e->ledger->clock.now);
	for (uint32_t n = tunnels_first(e->tunnels); n != 0; n = sa_at(e->tunnels, n)->old_next)
		end_numbers(e, sa_at(e->tunnels, n));
}

void
lanes_rehome(const struct lanes *e, struct flow_ref *of, int side)
{
	const struct table *t = &e->flows->table;
	struct key tunnel = key_tunnel(&of->key);
	uint32_t n;

	if ((of->key.kind & KEY_SA) == 0)
		return;
	n = tunnels_find(e->tunnels, &tunnel, side, of->key.aux);
	if (n == 0 || sa_at(e->tunnels, n)->lane == 0)
		return;
	of->key = current_key(e, sa_at(e->tunnels, n));
	of->cell = table_find(t, &of->key, table_hash(t, &of->key));
	if (of->cell != 0)
		of->id = flow_at(t, of->cell)->id;
}
