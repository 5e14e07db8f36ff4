/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lanes.c: the flows of tunnels: packets to SAs, SAs to lanes, lanes to flows (SEMANTICS 2).
 *
 * Until an SA has its lane its packets are a flow of their own; then that flow becomes the lane's, or its
 * bins are added to the lane's.  A tunnel's bin is written only when every SA that began in it or before has
 * a lane, so that a record never changes its lane.
 */
#include "probe/engine_room.h"
#include "probe/seq/numbers.h"

#include "format/base/clock.h"

#include <string.h>

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
current_key(const struct engine *e, const struct sa *x)
{
	return (x->lane == 0 ? sa_key(x) : lane_key(&x->key, lane_at(e->tunnels, x->lane)->number));
}

static uint32_t *
current_flow(const struct engine *e, struct sa *x)
{
	return (x->lane == 0 ? &x->flow : &lane_at(e->tunnels, x->lane)->flow);
}

/* Does an SA that began in this bin or before still wait for its lane? */
static bool
waits(const struct engine *e, uint32_t tunnel, int64_t start)
{
	for (uint32_t n = tunnel_at(e->tunnels, tunnel)->wait_head; n != 0; n = sa_at(e->tunnels, n)->twait_next)
		if (clock_bin(sa_at(e->tunnels, n)->born, e->time.interval) <= start)
			return (true);
	return (false);
}

/* --- where sequence counts go */

static struct desk
desk_of(struct engine *e, const struct sa *x, uint32_t flow, int64_t now)
{
	const struct tunnel *u = tunnel_at(e->tunnels, x->tunnel);

	return ((struct desk){ .e = e, .key = &x->key, .flow = flow, .spi = x->spi, .now = now, .side = x->side,
	    .src = u->src, .dirq = u->dirq, .lanes = true });
}

static void
rekeyed(const struct desk *w, uint32_t lane, int64_t start)
{
	struct engine *e = w->e;
	const struct flow_state *f = flow_at(&e->table, w->flow);
	struct bin *b = desk_bin(e, f, start); /* it waited for this */
	struct seq_bin *s = b != NULL ? seq_bin(e->track, b) : NULL;
	struct seq_place p = { start, f->id, lane_at(e->tunnels, lane)->number };
	struct flow *r;
	bool source;

	if (s != NULL) {
		s->rekeys[w->side]++;
		return;
	}
	r = desk_correction(w, &p, &source);
	if (source)
		SET(r, srekeys, 1);
	else
		SET(r, drekeys, 1);
	emit_put(&e->emit);
}

/* --- sealing */

/* The tunnel of a bin's flow, as long as it is remembered. */
static uint32_t
tunnel_of(const struct engine *e, const struct flow_state *f)
{
	struct key k;

	if ((f->key.kind & (KEY_LANE | KEY_SA)) == 0)
		return (0);
	k = f->key;
	k.kind = 0;
	k.aux = 0;
	return (key_equal(&tunnel_at(e->tunnels, f->ext)->key, &k) ? f->ext : 0);
}

bool
lanes_wait(const struct engine *e, const struct flow_state *f, int64_t start)
{
	uint32_t tunnel = tunnel_of(e, f);

	return (tunnel != 0 && ((f->key.kind & KEY_SA) != 0 || waits(e, tunnel, start)));
}

int64_t
lanes_ready(const struct engine *e, const struct flow_state *f, int64_t start)
{
	uint32_t tunnel = tunnel_of(e, f);
	int64_t ready = INT64_MIN;

	if (tunnel == 0)
		return (ready);
	for (uint32_t n = tunnel_at(e->tunnels, tunnel)->wait_head; n != 0; n = sa_at(e->tunnels, n)->twait_next) {
		const struct sa *x = sa_at(e->tunnels, n);
		bool own = (f->key.kind & KEY_SA) != 0 && f->key.aux == x->spi;

		if ((own || clock_bin(x->born, e->time.interval) <= start) && x->first + TUNNEL_HOLD > ready)
			ready = x->first + TUNNEL_HOLD;
	}
	return (ready);
}

bool
lanes_defer(struct engine *e, uint32_t n)
{
	struct bin *b = bin_at(&e->table, n);
	const struct flow_state *f = flow_at(&e->table, b->flow);
	uint32_t tunnel;

	if (!lanes_wait(e, f, b->start))
		return (false);
	tunnel = f->ext;
	b->deferred = 1;
	list_append(&e->table, &tunnel_at(e->tunnels, tunnel)->deferred, order_link, n);
	return (true);
}

struct list *
lanes_deferred(struct engine *e, const struct bin *b)
{
	return (&tunnel_at(e->tunnels, flow_at(&e->table, b->flow)->ext)->deferred);
}

static void
write_ready(struct engine *e, uint32_t tunnel)
{
	struct list *l = &tunnel_at(e->tunnels, tunnel)->deferred;
	int64_t ready = INT64_MIN;

	/* A flood of SPIs must not walk all bins for each: what is true of one bin is true of those before it, or
	 * after it. */
	if (l->head != 0 && waits(e, tunnel, bin_at(&e->table, l->head)->start))
		return;
	for (uint32_t n = l->head, next; n != 0; n = next) {
		struct bin *b = bin_at(&e->table, n);
		const struct flow_state *f = flow_at(&e->table, b->flow);

		next = b->order.next;
		if ((f->key.kind & KEY_SA || b->start > ready) && lanes_wait(e, f, b->start))
			continue;
		if ((f->key.kind & KEY_SA) == 0 && b->start > ready)
			ready = b->start;
		list_remove(&e->table, l, order_link, n);
		b->deferred = 0;
		engine_write_bin(e, n);
	}
}

/* --- one packet */

static void
forget(struct engine *e, uint32_t n)
{
	struct sa *x = sa_at(e->tunnels, n);
	struct key key = current_key(e, x);
	uint32_t flow = *current_flow(e, x), tunnel = x->tunnel;
	struct desk w = desk_of(e, x, flow != 0 && engine_has_key(e, flow, &key) ? flow : 0, e->clock.now);

	desk_end(&w, &x->seq);
	tunnels_forget(e->tunnels, n);
	write_ready(e, tunnel); /* what waited for it */
	tunnels_tidy(e->tunnels, tunnel);
}

static void settle_decision(struct engine *, const struct decision *, int64_t now);

static void
make_room(struct engine *e, int64_t now)
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
		engine_stats(e, now)->saevict++;
		forget(e, n);
	}
}

/* What the record says of the tunnel when this packet comes. */
static void
describe(struct engine *e, struct seq_bin *s, struct sa *x, const struct bin *b, int side, uint32_t spi)
{
	struct lane *l;
	int other = 1 - side;

	seq_bin_spi(s, side, spi, x->first);
	s->roam[side] += x->roamed;
	x->roamed = false;
	if (spi < 256)
		s->flags |= SPIFL_reserved;
	if (x->key.lport != 0 || x->key.hport != 0)
		s->flags |= SPIFL_natt;
	if (x->lane == 0)
		return;
	l = lane_at(e->tunnels, x->lane);
	s->conf = l->conf;
	if (l->cur[other] != 0)
		s->quiet[other] = sa_at(e->tunnels, l->cur[other])->spi;
	l->heard[side] = b->start;
	if (l->heard[other] != INT64_MIN && b->start - l->heard[other] >= (int64_t)e->o.limits->oneway_bins * e->time.interval)
		s->oneway[other] = true;
}

static void
count_numbers(struct engine *e, const struct work *w, struct sa *x)
{
	const struct flow_state *f = flow_at(&e->table, w->flow);
	struct bin *b = bin_at(&e->table, w->bin);
	struct seq_bin *s = seq_bin(e->track, b);
	struct desk desk = desk_of(e, x, w->flow, w->now);
	struct seq_sink k;

	if (s == NULL)
		return;
	describe(e, s, x, b, w->side, x->spi);
	if (w->p->seq == 0 && x->seq.started && (uint32_t)x->seq.hi != UINT32_MAX)
		s->flags |= SPIFL_seq0;
	k = desk_sink(&desk, (struct seq_place){ b->start, f->id,
	    x->lane != 0 ? lane_at(e->tunnels, x->lane)->number : 0 }, &s->counts[w->side]);
	seqno_packet(&x->seq, w->p->seq, w->ts, x->known, &k);
}

/* The memory that a packet's SA will need, in two steps. */
void
lanes_prefetch_sa(const struct engine *e, struct work *w)
{
	w->sa = tunnels_peek(e->tunnels, w->hash);
	if (w->sa != 0) {
		const uint8_t *x = (const uint8_t *)sa_at(e->tunnels, w->sa);

		for (int i = 0; i < 4; i++)
			__builtin_prefetch(x + 64 * i);
	}
}

void
lanes_prefetch_flow(const struct engine *e, struct work *w)
{
	const struct sa *x = w->sa != 0 ? sa_at(e->tunnels, w->sa) : NULL;

	if (x == NULL)
		return;
	w->flow = x->lane == 0 ? x->flow : lane_at(e->tunnels, x->lane)->flow;
	__builtin_prefetch(&x->seq.window[(uint32_t)x->seq.hi % SEQ_WINDOW / 64]);
	if (w->flow != 0)
		for (int i = 0; i < 3; i++)
			__builtin_prefetch((const uint8_t *)flow_at(&e->table, w->flow) + 64 * i);
}

void
lanes_packet(struct engine *e, struct work *w, uint32_t spi, bool whole)
{
	uint32_t n, *flow;
	struct sa *x;
	struct key tunnel = w->key;

	lanes_decide(e, w->now);
	make_room(e, w->now);
	if (spi == 0) { /* not an SPI: it belongs to no SA */
		w->key.kind = KEY_PORTLESS;
		w->hash = table_hash(&e->table, &w->key);
		w->flow = 0;
		engine_settle(e, w);
		if (whole) {
			struct seq_bin *s = seq_bin(e->track, bin_at(&e->table, w->bin));

			if (s != NULL) {
				s->badspi[w->side]++;
				s->flags |= SPIFL_badspi;
			}
		}
		return;
	}
	n = tunnels_packet(e->tunnels, &tunnel, w->side, spi, w->p->seq, w->sa, tunnels_hash(e->tunnels, &tunnel, w->side,
	    spi), w->now, w->ts);
	x = sa_at(e->tunnels, n);
	flow = current_flow(e, x);
	w->key = current_key(e, x);
	w->flow = *flow;
	w->tunnel = x->tunnel;
	if (w->flow == 0 || !engine_has_key(e, w->flow, &w->key)) {
		w->flow = 0;
		w->hash = table_hash(&e->table, &w->key);
	}
	engine_settle(e, w);
	*flow = w->flow;
	flow_at(&e->table, w->flow)->ext = x->tunnel;
	if (whole)
		count_numbers(e, w, x);
}

/* --- giving lanes */

static void
bin_merge(struct engine *e, struct bin *to, struct bin *from)
{
	for (int i = 0; i < 2; i++) {
		if (from->pkts[i] > 0 && (to->pkts[i] == 0 || from->stime < to->stime))
			to->dscp[i] = from->dscp[i];
		to->pkts[i] += from->pkts[i];
		to->bytes[i] += from->bytes[i];
		to->ipbytes[i] += from->ipbytes[i];
		to->payload[i] += from->payload[i];
		to->ipg_sum[i] += from->ipg_sum[i];
		to->ipg_sumsq[i] = to->ipg_sumsq[i] + from->ipg_sumsq[i] < to->ipg_sumsq[i] ? UINT64_MAX :
		    to->ipg_sumsq[i] + from->ipg_sumsq[i];
		to->ipg_n[i] += from->ipg_n[i];
		if (from->ttlmin[i] < to->ttlmin[i])
			to->ttlmin[i] = from->ttlmin[i];
		if (from->ttlmax[i] > to->ttlmax[i])
			to->ttlmax[i] = from->ttlmax[i];
	}
	if (from->stime < to->stime)
		to->stime = from->stime;
	if (from->ltime > to->ltime)
		to->ltime = from->ltime;
	to->flags |= from->flags & (uint16_t)~(RFLAGS_start | RFLAGS_end);
	to->seen |= from->seen;
	table_merge_cells(&e->table, to, from);
	seq_bin_merge(e->track, to, from);
}

static void
take_side(struct engine *e, struct flow_state *to, struct flow_state *from)
{
	for (int i = 0; i < 2; i++) {
		if ((from->life & LIFE_SENT_LO << i) == 0)
			continue;
		if ((to->life & LIFE_SENT_LO << i) == 0) {
			to->vlan[i] = from->vlan[i];
			to->ivlan[i] = from->ivlan[i];
			to->last[i] = from->last[i];
		} else if (from->last[i] > to->last[i]) {
			to->last[i] = from->last[i];
		}
	}
	for (int i = 0; i < 2; i++) {
		if (from->macs & 1 << i && !(to->macs & 1 << i))
			memcpy(to->mac[i], from->mac[i], 6);
		if (from->macs & 4 << i && !(to->macs & 4 << i))
			memcpy(to->mac_to[i], from->mac_to[i], 6);
	}
	to->macs |= from->macs;
	if (from->attr != 0)
		table_merge_attr(&e->table, to, from);
	to->life |= from->life & (LIFE_SENT_LO | LIFE_SENT_HI | LIFE_CHANCE);
	if (from->heard > to->heard)
		to->heard = from->heard;
	if (to->packets < UINT8_MAX - from->packets)
		to->packets = (uint8_t)(to->packets + from->packets);
}

/* The bins of an SA's own flow become the lane's. */
static void
move_bins(struct engine *e, uint32_t to, uint32_t from, int64_t now, int64_t open)
{
	struct flow_state *f = flow_at(&e->table, to), *t = flow_at(&e->table, from);

	while (t->bin != 0) {
		uint32_t n = t->bin, m;
		struct bin *b = bin_at(&e->table, n), *same = NULL;

		engine_unchain(e, t, n);
		for (m = f->bin; m != 0 && same == NULL; m = bin_at(&e->table, m)->older) {
			struct bin *o = bin_at(&e->table, m);

			if (o->start == b->start && ((o->flags ^ b->flags) & RFLAGS_late) == 0)
				same = o;
		}
		if (same != NULL) {
			list_remove(&e->table, engine_list_of(e, b), order_link, n);
			bin_merge(e, same, b);
			engine_free_bin(e, n);
			continue;
		}
		b->flags &= (uint16_t)~RFLAGS_start;
		b->flow = to;
		b->older = f->bin;
		f->bin = n;
		f->pending++;
		engine_take_start(e, f, b, now, open);
	}
}

static void
merge_flows(struct engine *e, uint32_t to, uint32_t from, int64_t now, int64_t open)
{
	struct flow_state *f = flow_at(&e->table, to), *t = flow_at(&e->table, from);

	move_bins(e, to, from, now, open);
	take_side(e, f, t);
	if ((f->life & LIFE_CONFIRMED) == 0 &&
	    (t->life & LIFE_CONFIRMED || (f->life & (LIFE_SENT_LO | LIFE_SENT_HI)) == 3))
		table_confirm(&e->table, to);
	wheel_cancel(&e->wheel, &e->table, from);
	table_remove(&e->table, from);
	table_release(&e->table, from);
}

/* What an SA that began in `start` means to the bins that are still open at `when`: how sure the pairing is,
 * and that both sides have been seen. */
static void
note_lane(struct engine *e, const struct flow_state *f, const struct lane *l, const struct sa *x, int64_t when)
{
	uint8_t both = f->life & (LIFE_SENT_LO | LIFE_SENT_HI);
	int64_t start = clock_bin(x->born, e->time.interval);

	for (uint32_t n = f->bin; n != 0; n = bin_at(&e->table, n)->older) {
		struct bin *b = bin_at(&e->table, n);
		struct seq_bin *s;

		if (b->due <= when && (b->start < start || b->due <= x->first))
			continue; /* sealed by then: it did not wait for this SA */
		if ((s = seq_bin(e->track, b)) != NULL)
			s->conf = l->conf;
		if (both == 3 && b->start >= start) {
			b->seen |= both;
			b->state = STATE_CON;
		}
	}
}

static void
settle_decision(struct engine *e, const struct decision *d, int64_t now)
{
	struct sa *x = sa_at(e->tunnels, d->sa);
	struct lane *l = lane_at(e->tunnels, d->lane);
	struct key own = sa_key(x), key = lane_key(&x->key, l->number);
	uint32_t hash = table_hash(&e->table, &key), from, to;
	struct desk w = desk_of(e, x, 0, now);

	from = x->flow != 0 && engine_has_key(e, x->flow, &own) ? x->flow : 0;
	to = l->flow != 0 && engine_has_key(e, l->flow, &key) ? l->flow : table_find(&e->table, &key, hash);
	if (to != 0 && engine_expire(e, to, now))
		to = 0;
	if (from != 0) {
		uint64_t id = flow_at(&e->table, from)->id;

		if (to == 0) {
			to = from;
			table_rekey(&e->table, to, &key, hash);
			engine_stats(e, now)->newflows++;
		} else {
			merge_flows(e, to, from, now, clock_bin(x->born, e->time.interval));
		}
		seqno_rehome(&x->seq, id, flow_at(&e->table, to)->id, l->number);
	}
	x->flow = 0;
	l->flow = to;
	w.flow = to;
	if (to != 0) {
		int64_t start = clock_bin(x->born, e->time.interval);

		flow_at(&e->table, to)->ext = x->tunnel;
		note_lane(e, flow_at(&e->table, to), l, x, now);
		l->heard[x->side] = clock_bin(x->last, e->time.interval);
		if (d->rekey)
			rekeyed(&w, d->lane, start);
	}
	write_ready(e, d->tunnel);
}

void
lanes_decide(struct engine *e, int64_t now)
{
	struct decision d;
	int64_t due;

	while ((due = tunnels_due(e->tunnels)) <= now && tunnels_decide(e->tunnels, &d))
		settle_decision(e, &d, due);
}

void
lanes_force(struct engine *e, uint32_t flow)
{
	struct flow_state *f = flow_at(&e->table, flow);
	struct key tunnel = f->key, key;
	struct decision d;
	uint32_t n;

	tunnel.kind = 0;
	tunnel.aux = 0;
	n = tunnels_find(e->tunnels, &tunnel, f->key.kind & KEY_LO_SENDS ? 0 : 1, f->key.aux);
	if (n == 0 || sa_at(e->tunnels, n)->lane != 0 || !tunnels_force(e->tunnels, n, &d))
		return;
	key = lane_key(&tunnel, lane_at(e->tunnels, d.lane)->number);
	f->key = key;
	if ((f->life & LIFE_DEAD) == 0) {
		f->key = sa_key(sa_at(e->tunnels, n));
		table_rekey(&e->table, flow, &key, table_hash(&e->table, &key));
		lane_at(e->tunnels, d.lane)->flow = flow;
	}
	sa_at(e->tunnels, n)->flow = 0;
	engine_stats(e, e->clock.now)->newflows++;
}

uint32_t
lanes_quoted(struct engine *e, const struct key *tunnel, int side, uint32_t spi, int64_t now)
{
	struct key key;
	uint32_t n, flow;

	lanes_decide(e, now);
	n = tunnels_find(e->tunnels, tunnel, side, spi);
	if (n == 0)
		return (0);
	flow = *current_flow(e, sa_at(e->tunnels, n));
	key = current_key(e, sa_at(e->tunnels, n));
	return (flow != 0 && engine_has_key(e, flow, &key) ? flow : 0);
}

void
lanes_finish(struct engine *e)
{
	struct decision d;

	while (tunnels_decide(e->tunnels, &d))
		settle_decision(e, &d, e->clock.now);
	for (uint32_t n = tunnels_first(e->tunnels); n != 0; n = sa_at(e->tunnels, n)->old_next) {
		struct sa *x = sa_at(e->tunnels, n);
		struct key key = current_key(e, x);
		uint32_t flow = *current_flow(e, x);
		struct desk w = desk_of(e, x, flow != 0 && engine_has_key(e, flow, &key) ? flow : 0, e->clock.now);

		desk_end(&w, &x->seq);
	}
}

void
lanes_home(struct engine *e, struct frag_home *h)
{
	struct key tunnel = h->key;
	uint32_t n;

	if ((h->key.kind & KEY_SA) == 0)
		return;
	tunnel.kind = 0;
	tunnel.aux = 0;
	n = tunnels_find(e->tunnels, &tunnel, h->side, h->key.aux);
	if (n == 0 || sa_at(e->tunnels, n)->lane == 0)
		return;
	h->key = current_key(e, sa_at(e->tunnels, n));
	n = table_find(&e->table, &h->key, table_hash(&e->table, &h->key));
	if (n != 0)
		h->flowid = flow_at(&e->table, n)->id;
}
