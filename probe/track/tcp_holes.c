/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tcp_holes.c: TCP: the numbers of a direction that were jumped over (SEMANTICS 4.2, 14.1 b, f).
 *
 * They lie in one cell, in order: first what was acknowledged without being seen and may still come, then what nobody
 * has acknowledged.  Cells have three sizes; who needs more takes the next one.  Beyond, the two lowest that nobody has
 * acknowledged become one range of which it is not known any more what was seen of it.
 */
#include "probe/track/tcp.h"

#include "format/base/clock.h"

#include <string.h>

#define ACKED_FOR SEC /* how long data may follow its acknowledgement */
#define EVENTS    16  /* that one segment takes back */

static const uint16_t sizes[TCP_HOLE_SIZES] = { 8, 64, 512 };

struct holes {
	uint32_t first, n; /* hole[first] is the lowest, of n */
	struct hole hole[];
};

void
tcp_holes_init(struct track *t, uint32_t max_flows)
{
	static const uint32_t share[TCP_HOLE_SIZES] = { 4, 32, 1024 }, least[TCP_HOLE_SIZES] = { 1024, 256, 64 };

	for (int i = 0; i < TCP_HOLE_SIZES; i++)
		pool_init(&t->tcp_hole[i], sizeof(struct holes) + sizes[i] * sizeof(struct hole), max_flows / share[i] + least[i]);
}

static struct holes *
holes_of(const struct track *t, const struct tcp_side *x)
{
	return (x->holes == 0 ? NULL : pool_at(&t->tcp_hole[x->size], x->holes));
}

void
tcp_holes_drop(struct track *t, struct tcp_side *x)
{
	if (x->holes != 0)
		pool_put(&t->tcp_hole[x->size], x->holes);
	x->holes = 0;
	x->size = 0;
}

static struct hole *
at(struct holes *h, uint32_t i)
{
	return (&h->hole[h->first + i]);
}

/* The first that ends behind `number`. */
static uint32_t
find(struct holes *h, uint64_t number)
{
	uint32_t lo = 0, hi = h->n;

	if (h->n > 0 && at(h, h->n - 1)->hi <= number)
		return (h->n);
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (at(h, mid)->hi > number)
			hi = mid;
		else
			lo = mid + 1;
	}
	return (lo);
}

/* Take `count` away from i on: the shorter side moves. */
static void
take_away(struct holes *h, uint32_t i, uint32_t count)
{
	if (i < h->n - i - count) {
		memmove(at(h, count), at(h, 0), i * sizeof(h->hole[0]));
		h->first += count;
	} else {
		memmove(at(h, i), at(h, i + count), (h->n - i - count) * sizeof(h->hole[0]));
	}
	h->n -= count;
}

static bool
too_old(const struct hole *o, int64_t now)
{
	return (o->has & HOLE_ACKED && now - o->acked > ACKED_FOR);
}

static void
forget_old(struct holes *h, int64_t now)
{
	while (h->n > 0 && too_old(at(h, 0), now))
		take_away(h, 0, 1);
}

static bool
same_event(const struct hole *a, const struct hole *b)
{
	return (a->has & b->has & HOLE_EVENT && a->acked == b->acked && a->tsval == b->tsval);
}

/* The oldest that were acknowledged have to go: what is left of that event can not tell when all of it has come. */
static void
forget_acked(struct holes *h)
{
	struct hole gone = *at(h, 0);

	take_away(h, 0, 1);
	for (uint32_t i = 0; i < h->n && at(h, i)->has & HOLE_ACKED; i++)
		if (same_event(at(h, i), &gone))
			at(h, i)->has &= (uint8_t)~HOLE_EVENT;
}

/* The two lowest that nobody has acknowledged become one. */
static bool
join(struct tcp_packet *k, int side, struct holes *h)
{
	struct hole *a = at(h, 0), *b = at(h, 1);

	if (h->n < 2)
		return (false);
	tcp_rare(k)->holeovf[side]++;
	b->lo = a->lo;
	b->has |= HOLE_UNKNOWN;
	take_away(h, 0, 1);
	return (true);
}

static bool
grow(struct track *t, struct tcp_side *x)
{
	uint8_t size = x->holes == 0 ? 0 : x->size + 1;
	struct holes *old = holes_of(t, x), *h;
	uint32_t cell;

	if (size == TCP_HOLE_SIZES || (cell = pool_get(&t->tcp_hole[size])) == 0)
		return (false);
	h = pool_at(&t->tcp_hole[size], cell);
	h->first = h->n = 0;
	if (old != NULL) {
		memcpy(h->hole, at(old, 0), old->n * sizeof(h->hole[0]));
		h->n = old->n;
	}
	tcp_holes_drop(t, x);
	x->holes = cell;
	x->size = size & 3;
	return (true);
}

/* Room for one more behind the last; NULL: there is none at all. */
static struct holes *
room(struct tcp_packet *k, int side)
{
	struct tcp_side *x = &k->c->side[side];
	struct holes *h = holes_of(k->t, x);

	if (h != NULL)
		forget_old(h, k->ts);
	if (h == NULL || h->n == sizes[x->size]) {
		if (grow(k->t, x))
			h = holes_of(k->t, x);
		else if (h == NULL)
			return (NULL);
		else if (at(h, 0)->has & HOLE_ACKED)
			forget_acked(h);
		else if (!join(k, side, h))
			return (NULL);
	}
	if (h->first + h->n == sizes[x->size]) {
		memmove(&h->hole[0], at(h, 0), h->n * sizeof(h->hole[0]));
		h->first = 0;
	}
	return (h);
}

/* Hole i becomes two, which meet at `number`; there is room. */
static void
split(struct holes *h, uint32_t i, uint64_t number)
{
	memmove(at(h, i + 1), at(h, i), (h->n - i) * sizeof(h->hole[0]));
	h->n++;
	at(h, i)->hi = number;
	at(h, i + 1)->lo = number;
}

void
tcp_open_hole(struct tcp_packet *k, int side, uint64_t lo, uint64_t hi, uint8_t why)
{
	bool own = side == k->side; /* else this packet acknowledges it */
	struct tcp_side *x = &k->c->side[side];
	struct holes *h = room(k, side);
	struct hole *n;

	if (h == NULL) {
		tcp_rare(k)->holeovf[side] += own;
		x->has |= own ? SIDE_FORGOT : 0;
		return;
	}
	if (own && h->n > 0 && at(h, h->n - 1)->hi == lo && why == 0 && at(h, h->n - 1)->has < HOLE_ACKED) {
		at(h, h->n - 1)->hi = hi;
		return;
	}
	n = at(h, h->n++);
	*n = (struct hole){ .lo = lo, .hi = hi, .opened = k->ts, .has = why };
	if (!own) {
		n->acked = k->ts;
		n->has |= HOLE_ACKED;
		return;
	}
	if (k->p->af == 4 && k->p->ipid != 0) {
		n->ipid = (uint16_t)k->p->ipid;
		n->has |= HOLE_IPID;
	}
	if (k->p->facts & FACT_TCPTS) {
		n->tsval = k->p->tcp.tsval;
		n->has |= HOLE_TS;
	}
}

/* --- filling */

struct filling {
	uint64_t lo, hi;
	struct tcp_fill r;
	struct hole event[EVENTS]; /* one hole of each that it touches */
	unsigned nevents;
};

static void
touch(const struct tcp_packet *k, const struct hole *o, struct filling *f)
{
	uint64_t a = f->lo > o->lo ? f->lo : o->lo, b = f->hi < o->hi ? f->hi : o->hi, n = tcp_payload_in(k, a, b);

	if (!f->r.hole && !f->r.acked)
		f->r.first = *o;
	if ((o->has & HOLE_ACKED) == 0) {
		f->r.hole = true;
		f->r.unseen += n;
		return;
	}
	f->r.acked = true;
	*(o->has & HOLE_QUIET ? &f->r.unseen : &f->r.missed) += n;
	if (k->ts - o->acked > f->r.skew)
		f->r.skew = k->ts - o->acked;
	if (o->has & HOLE_EVENT && f->nevents < EVENTS &&
	    (f->nevents == 0 || !same_event(&f->event[f->nevents - 1], o)))
		f->event[f->nevents++] = *o;
}

/* Is some of this event still missing?  Its holes lie side by side; what was filled of it was before i. */
static bool
misses(struct tcp_packet *k, struct holes *h, uint32_t i, const struct hole *event)
{
	uint32_t below = i;

	while (below > 0 && (at(h, below - 1)->has & (HOLE_ACKED | HOLE_EVENT)) == HOLE_ACKED)
		below--;
	if (below > 0 && same_event(at(h, below - 1), event))
		return (true);
	while (i < h->n && (at(h, i)->has & (HOLE_ACKED | HOLE_EVENT)) == HOLE_ACKED)
		i++;
	if (i == h->n || !same_event(at(h, i), event))
		return (false);
	if ((k->x->has & SIDE_OWED) == 0 || at(h, i)->lo + 1 != k->x->una)
		return (true);
	at(h, i)->has &= (uint8_t)~HOLE_EVENT; /* a byte that may have been a FIN was not said to be missing */
	return (false);
}

struct tcp_fill
tcp_fill_holes(struct tcp_packet *k, uint64_t lo, uint64_t hi)
{
	struct tcp_side *x = k->x;
	struct holes *h = holes_of(k->t, x);
	struct filling f = { .lo = lo, .hi = hi };
	uint32_t i, to;

	if (h == NULL)
		return (f.r);
	forget_old(h, k->ts);
	i = find(h, lo);
	if (i < h->n && at(h, i)->lo < lo && at(h, i)->hi > hi && (at(h, i)->has & HOLE_UNKNOWN) == 0) {
		h = room(k, k->side); /* it becomes two */
		i = find(h, lo);
		if ((at(h, i)->has & HOLE_UNKNOWN) == 0) {
			touch(k, at(h, i), &f);
			split(h, i, lo);
			at(h, i + 1)->lo = hi;
			return (f.r);
		}
	}
	for (to = i; i < h->n && at(h, i)->lo < hi; i++) {
		struct hole *o = at(h, i);
		bool front = o->lo < lo, back = o->hi > hi;

		touch(k, o, &f);
		if (front && (o->has & HOLE_UNKNOWN) == 0)
			o->hi = lo;
		else if (back && (o->has & HOLE_UNKNOWN) == 0)
			o->lo = hi;
		if (front || back || o->has & HOLE_UNKNOWN)
			*at(h, to++) = *o;
	}
	if (i > to)
		take_away(h, to, i - to);
	for (unsigned e = 0; e < f.nevents; e++)
		if (!misses(k, h, find(h, lo), &f.event[e]))
			tcp_event_fixed(k, k->side, f.event[e].opened);
	if (h->n == 0 && x->size > 0)
		tcp_holes_drop(k->t, x);
	return (f.r);
}

bool
tcp_holes_miss(const struct tcp_packet *k, uint64_t lo, uint64_t hi)
{
	struct holes *h = holes_of(k->t, k->x);
	uint32_t i = h != NULL ? find(h, lo) : 0;

	while (h != NULL && i < h->n && too_old(at(h, i), k->ts))
		i++;
	return (h != NULL && i < h->n && at(h, i)->lo < hi);
}

/* --- acknowledgements */

/* No hole lies on both sides of this number. */
static struct holes *
cut(struct tcp_packet *k, int side, uint64_t number)
{
	struct holes *h = holes_of(k->t, &k->c->side[side]);
	uint32_t i;

	if (h == NULL || h->n == 0)
		return (NULL);
	i = find(h, number);
	if (i < h->n && at(h, i)->lo < number && (at(h, i)->has & HOLE_UNKNOWN) == 0) {
		h = room(k, side);
		i = find(h, number);
		if ((at(h, i)->has & HOLE_UNKNOWN) == 0)
			split(h, i, number);
	}
	if (i < h->n && at(h, i)->lo < number && at(h, i)->has & HOLE_UNKNOWN)
		at(h, i)->lo = number;
	return (h);
}

uint64_t
tcp_holes_acked(struct tcp_packet *k, int side, uint64_t from, uint64_t to)
{
	struct holes *h = cut(k, side, to);
	uint64_t bytes = 0;

	for (uint32_t i = h != NULL ? find(h, from) : 0; h != NULL && i < h->n && at(h, i)->lo < to;) {
		struct hole *o = at(h, i);

		if (o->has & HOLE_UNKNOWN) {
			take_away(h, i, 1);
			continue;
		}
		i++;
		if (o->has & HOLE_ACKED)
			continue; /* tcp_holes_quiet() */
		if ((o->has & HOLE_FRAG) == 0) {
			bytes += o->hi - o->lo;
			tcp_gap_missing(k, side, o->lo, o->hi);
		}
		o->acked = k->ts;
		o->has = o->has & HOLE_FRAG ? HOLE_ACKED | HOLE_QUIET : HOLE_ACKED;
	}
	return (bytes);
}

void
tcp_holes_no_frag(struct tcp_packet *k, uint64_t number)
{
	struct holes *h = holes_of(k->t, k->x);
	uint32_t i = h != NULL ? find(h, number) : 0;

	if (h != NULL && i < h->n && at(h, i)->lo == number)
		at(h, i)->has &= (uint8_t)~HOLE_FRAG;
}

void
tcp_holes_quiet(struct tcp_packet *k, int side, uint64_t to)
{
	struct holes *h = cut(k, side, to);

	for (uint32_t i = 0; h != NULL && i < h->n && at(h, i)->lo < to; i++) {
		if (at(h, i)->has & HOLE_ACKED)
			continue;
		at(h, i)->acked = k->ts;
		at(h, i)->has = HOLE_ACKED | HOLE_QUIET;
	}
}

void
tcp_holes_event(struct tcp_packet *k, int side, uint64_t from, uint64_t to)
{
	struct holes *h = holes_of(k->t, &k->c->side[side]);

	for (uint32_t i = h != NULL ? find(h, from) : 0; h != NULL && i < h->n && at(h, i)->lo < to; i++) {
		struct hole *o = at(h, i);

		if ((o->has & (HOLE_ACKED | HOLE_EVENT | HOLE_QUIET)) != HOLE_ACKED)
			continue;
		o->has |= HOLE_EVENT;
		o->tsval = (uint32_t)to;
		o->opened = k->bin->start;
	}
}

