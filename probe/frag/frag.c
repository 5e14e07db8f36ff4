/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frag.c: the table of datagrams in pieces, and the pieces that wait.
 *
 * Both are bounded: a flood of fragments pushes out its oldest, nothing else.
 */
#include "probe/frag/frag.h"

#include "format/base/arena.h"
#include "format/base/hash.h"
#include "format/base/mem.h"
#include "probe/flow/slots.h"

#include <stdlib.h>
#include <string.h>

#define INTERVALS         16  /* of a datagram; neighbours are joined when there are more */
#define HELD_PER_DATAGRAM 4   /* on average */
#define LOOKED            64  /* of those that came before one that is handed in late */
#define DONE_FOR          SEC /* a complete datagram is remembered so long, for its duplicates */

struct frag_key {
	struct ip src, dst;
	uint32_t id, vrf;
	uint16_t proto;
	uint8_t af, zero[5];
};
_Static_assert(sizeof(struct frag_key) == 48, "a key has no holes");

struct interval {
	uint32_t lo, hi : 31, joined : 1; /* joined: where its pieces began is forgotten */
};

struct datagram {
	struct frag_key key;
	uint32_t hash;
	uint32_t prev, next;  /* in its queue: waiting or done */
	uint32_t first, last; /* held pieces, oldest and newest; 0 = none */
	int64_t begun, done;  /* watermarks; done = 0: not complete */
	int64_t arrived;      /* time of its first piece */
	struct key flow;      /* if keyed */
	uint8_t keyed, side, settled, nivs, overflow, has_spi;
	uint8_t inner, ttl, tos; /* the first piece was looked into: what its flow is told of the others */
	uint32_t spi;
	struct frag_segment segment; /* of TCP, as its first piece says; len: its header's, until it is complete */
	uint32_t total, highest; /* total = 0: the last piece was not seen */
	struct interval iv[INTERVALS];
	struct frag_home home; /* if settled */
};

struct held {
	struct packet packet;
	int64_t until;
	uint32_t datagram;   /* 0 = it is gone */
	uint32_t prev, next; /* by age */
	uint32_t newer;      /* of the same datagram */
	uint32_t order;
	uint8_t what;
};

struct queue {
	uint32_t head, tail;
};

#define OUTCOMES 2 /* at most so many are given up between two looks */

struct frags {
	struct pool datagrams, held;
	struct slots slots;
	struct queue waiting, done; /* datagrams, by age */
	uint32_t hhead, htail;      /* held pieces, by age */
	uint32_t order;             /* of the next piece */
	uint32_t releasing;         /* the datagram whose pieces are being released */
	uint64_t seed, evicted;
	struct packet out;          /* what was handed out last */
	struct frag_outcome outcome[OUTCOMES];
	unsigned noutcomes;
};

struct frags *
frags_new(uint32_t max, uint64_t seed)
{
	struct frags *f = mem_zero(1, sizeof(*f));

	pool_init(&f->datagrams, sizeof(struct datagram), max);
	pool_init(&f->held, sizeof(struct held), max > UINT32_MAX / 8 ? UINT32_MAX / 2 : max * HELD_PER_DATAGRAM);
	slots_init(&f->slots, 1024);
	f->seed = seed;
	return (f);
}

void
frags_free(struct frags **pf)
{
	struct frags *f = *pf;

	if (f == NULL)
		return;
	pool_free(&f->datagrams);
	pool_free(&f->held);
	slots_free(&f->slots);
	free(f);
	*pf = NULL;
}

static struct datagram *
dg(const struct frags *f, uint32_t n)
{
	return (pool_at(&f->datagrams, n));
}

static struct held *
held(const struct frags *f, uint32_t n)
{
	return (pool_at(&f->held, n));
}

/* --- the table */

/* The protocol as all pieces of the datagram have it: UDP-encapsulated ESP is UDP to the others.  A first piece that
 * was looked into is of the datagram around its flow. */
static void
frag_key(const struct packet *p, struct frag_key *k)
{
	memset(k, 0, sizeof(*k));
	if (p->frag.inner) {
		k->src = p->frag_of.src;
		k->dst = p->frag_of.dst;
		k->id = p->frag_of.id;
		k->af = p->frag_of.af;
		k->proto = p->frag_of.proto;
		k->vrf = k->proto == PROTO_GRE ? 0 : p->frag_of.vrf;
		return;
	}
	k->src = p->src;
	k->dst = p->dst;
	k->id = p->ipid;
	k->af = p->af;
	k->proto = p->proto == PROTO_ESP && p->facts & FACT_PORTS ? PROTO_UDP : p->proto;
	k->vrf = p->proto == PROTO_GRE ? 0 : p->vrf;
}

struct wanted {
	const struct frags *f;
	const struct frag_key *key;
};

static bool
same(const void *arg, uint32_t n)
{
	const struct wanted *w = arg;

	return (memcmp(&dg(w->f, n)->key, w->key, sizeof(*w->key)) == 0);
}

/* Behind `after`; 0: first of all. */
static void
enqueue(struct frags *f, struct queue *q, uint32_t n, uint32_t after)
{
	struct datagram *d = dg(f, n);

	d->prev = after;
	d->next = after != 0 ? dg(f, after)->next : q->head;
	*(after != 0 ? &dg(f, after)->next : &q->head) = n;
	*(d->next != 0 ? &dg(f, d->next)->prev : &q->tail) = n;
}

/* By age: mostly it is the newest. */
static uint32_t
before_it(const struct frags *f, int64_t begun)
{
	uint32_t n = f->waiting.tail;

	for (int i = 0; n != 0 && dg(f, n)->begun > begun && i < LOOKED; i++)
		n = dg(f, n)->prev;
	return (n);
}

static void
dequeue(struct frags *f, struct queue *q, uint32_t n)
{
	struct datagram *d = dg(f, n);

	*(d->prev != 0 ? &dg(f, d->prev)->next : &q->head) = d->next;
	*(d->next != 0 ? &dg(f, d->next)->prev : &q->tail) = d->prev;
}

static void
forget(struct frags *f, uint32_t n)
{
	struct datagram *d = dg(f, n);

	if (d->done == 0 && d->settled && f->noutcomes < OUTCOMES)
		f->outcome[f->noutcomes++] = (struct frag_outcome){ d->home, d->arrived, !d->keyed };
	for (uint32_t h = d->first; h != 0; h = held(f, h)->newer)
		held(f, h)->datagram = 0;
	slots_del(&f->slots, d->hash, n);
	dequeue(f, d->done != 0 ? &f->done : &f->waiting, n);
	pool_put(&f->datagrams, n);
}

static uint32_t
begin(struct frags *f, const struct frag_key *k, uint32_t hash, const struct packet *p, int64_t now)
{
	uint32_t n;
	struct datagram *d;

	if (f->datagrams.used == f->datagrams.cap) {
		forget(f, f->done.head != 0 ? f->done.head : f->waiting.head);
		f->evicted++;
	}
	n = pool_get(&f->datagrams);
	d = dg(f, n);
	memset(d, 0, sizeof(*d));
	d->key = *k;
	d->hash = hash;
	d->begun = now;
	d->arrived = p->ts;
	enqueue(f, &f->waiting, n, before_it(f, now));
	slots_add(&f->slots, hash, n);
	return (n);
}

/* --- the pieces of a datagram */

/* Make room for one more interval by joining two that touch. */
static bool
join(struct datagram *d)
{
	for (int i = 0; i + 1 < d->nivs; i++) {
		if (d->iv[i].hi < d->iv[i + 1].lo)
			continue;
		if (d->iv[i + 1].hi > d->iv[i].hi)
			d->iv[i].hi = d->iv[i + 1].hi;
		d->iv[i].joined = 1;
		memmove(&d->iv[i + 1], &d->iv[i + 2], (size_t)(d->nivs - i - 2) * sizeof(d->iv[0]));
		d->nivs--;
		return (true);
	}
	return (false);
}

/* Note the bytes [lo, hi); says FRAG_DUP or FRAG_OVL where they were seen before.  Sorted by lo. */
static uint8_t
cover(struct datagram *d, uint32_t lo, uint32_t hi)
{
	uint8_t what = 0;
	int i = 0;

	for (int j = 0; j < d->nivs; j++) {
		const struct interval *v = &d->iv[j];

		if ((lo == v->lo && hi == v->hi) || (v->joined && lo >= v->lo && hi <= v->hi))
			return (FRAG_DUP);
		if (lo < v->hi && hi > v->lo)
			what = FRAG_OVL;
		i += v->lo < lo;
	}
	if (d->nivs == INTERVALS) {
		if (!join(d)) {
			d->overflow = 1; /* too scattered to say when it is whole */
			return (what);
		}
		for (i = 0; i < d->nivs && d->iv[i].lo < lo;)
			i++;
	}
	memmove(&d->iv[i + 1], &d->iv[i], (size_t)(d->nivs - i) * sizeof(d->iv[0]));
	d->iv[i] = (struct interval){ lo, hi, 0 };
	d->nivs++;
	return (what);
}

static bool
complete(const struct datagram *d)
{
	uint32_t at = 0;

	if (d->total == 0 || d->overflow)
		return (false);
	for (int i = 0; i < d->nivs && d->iv[i].lo <= at; i++)
		if (d->iv[i].hi > at)
			at = d->iv[i].hi;
	return (at >= d->total);
}

static uint8_t
classify(struct frags *f, uint32_t n, const struct packet *p, int64_t now)
{
	struct datagram *d = dg(f, n);
	uint32_t lo = p->frag.off, hi = lo + p->frag.len;
	uint8_t what = FRAG_IS;

	if (p->frag.len > 0)
		what |= cover(d, lo, hi);
	if ((what & FRAG_OVL) && d->key.af == 6) { /* RFC 5722: such a datagram is invalid, never whole */
		what |= FRAG_BAD;
		d->overflow = 1;
	}
	if (lo < d->highest && (what & (FRAG_DUP | FRAG_OVL)) == 0)
		what |= FRAG_OOO;
	if (hi > d->highest)
		d->highest = hi;
	if (p->frag.tiny)
		what |= FRAG_TINY;
	if (p->frag.bad)
		what |= FRAG_BAD;
	if (lo == 0 && !d->keyed)
		what |= FRAG_FIRST;
	if (!p->frag.more)
		d->total = hi;
	if (d->done == 0 && complete(d)) {
		what |= FRAG_OK;
		dequeue(f, &f->waiting, n);
		d->done = now > 0 ? now : 1;
		enqueue(f, &f->done, n, f->done.tail);
	}
	return (what);
}

static bool
came_before(const struct held *a, const struct held *b)
{
	return (a->until != b->until ? a->until < b->until : (int32_t)(a->order - b->order) < 0);
}

static void
hold(struct frags *f, uint32_t n, const struct packet *p, uint8_t what, int64_t now)
{
	uint32_t h = pool_get(&f->held);
	struct held *x = held(f, h);
	struct datagram *d = dg(f, n);

	x->packet = *p;
	x->what = what;
	x->until = now + FRAG_HOLD;
	x->datagram = n;
	x->newer = 0;
	*(d->last != 0 ? &held(f, d->last)->newer : &d->first) = h;
	d->last = h;
	x->prev = f->htail;
	x->order = f->order;
	for (int i = 0; x->prev != 0 && came_before(x, held(f, x->prev)) && i < LOOKED; i++)
		x->prev = held(f, x->prev)->prev;
	x->next = x->prev != 0 ? held(f, x->prev)->next : f->hhead;
	*(x->prev != 0 ? &held(f, x->prev)->next : &f->hhead) = h;
	*(x->next != 0 ? &held(f, x->next)->prev : &f->htail) = h;
}

/* What a further piece is to a flow inside its datagram: its bytes on the wire.  All lengths inside were the first's. */
static void
further(struct packet *p, const struct datagram *d)
{
	p->facts &= ~(uint32_t)FACT_PAYLOAD;
	p->iplen = p->payload = 0;
	p->ttl = d->ttl;
	p->tos = d->tos;
}

/* Hand out a held piece, the oldest of its datagram. */
static void
take(struct frags *f, uint32_t h, struct frag_piece *piece)
{
	struct held *x = held(f, h);

	if (x->datagram != 0) {
		struct datagram *d = dg(f, x->datagram);

		d->first = x->newer;
		if (d->first == 0)
			d->last = 0;
	}
	f->out = x->packet;
	if (x->datagram != 0 && dg(f, x->datagram)->inner)
		further(&f->out, dg(f, x->datagram));
	piece->packet = &f->out;
	piece->what = x->what;
	piece->datagram = x->datagram;
	piece->came = x->until - FRAG_HOLD;
	piece->order = x->order;
	piece->segment.len = 0; /* it was not what made it complete: that is not held */
	piece->has_spi = x->datagram != 0 && dg(f, x->datagram)->has_spi;
	piece->spi = piece->has_spi ? dg(f, x->datagram)->spi : 0;
	*(x->prev != 0 ? &held(f, x->prev)->next : &f->hhead) = x->next;
	*(x->next != 0 ? &held(f, x->next)->prev : &f->htail) = x->prev;
	pool_put(&f->held, h);
}

/* Does the key of this protocol need what only the first fragment has: ports, or a packet inside? */
static bool
needs_first(uint16_t proto, bool only)
{
	if (proto == PROTO_ESP || proto == PROTO_AH)
		return (!only);
	return (proto == PROTO_GRE || proto == PROTO_IPIP || proto == PROTO_IPV6 || proto == PROTO_L2TP ||
	    key_wants_ports(proto));
}

void
frags_order(struct frags *f, uint32_t order)
{
	f->order = order;
}

bool
frags_packet(struct frags *f, const struct packet *p, const struct key_options *o, int64_t now, bool only,
    struct frag_piece *piece)
{
	struct frag_key k;
	struct wanted w = { f, &k };
	struct datagram *d;
	uint32_t hash, n;

	while (f->done.head != 0 && now - dg(f, f->done.head)->done >= DONE_FOR)
		forget(f, f->done.head);
	frag_key(p, &k);
	hash = (uint32_t)hash64(&k, sizeof(k), f->seed);
	n = slots_find(&f->slots, hash, same, &w);
	if (n != 0 && dg(f, n)->done == 0 && now - dg(f, n)->begun >= FRAG_TIMEOUT) {
		forget(f, n);
		n = 0;
	}
	if (n == 0)
		n = begin(f, &k, hash, p, now);
	d = dg(f, n);
	*piece = (struct frag_piece){ .packet = p, .what = classify(f, n, p, now), .datagram = n, .resolved = true };
	f->releasing = 0;
	/* Within a tunnel the segment's own header has said how long it is. */
	if (p->frag.off == 0 && p->facts & FACT_TCP && p->facts & FACT_PAYLOAD && !p->frag.inner && p->frag.len >= p->payload)
		d->segment = (struct frag_segment){ p->tcp.seq, p->frag.len - p->payload, (p->tcp.flags & TCP_FIN) != 0 };
	if (piece->what & FRAG_OK && d->segment.len > 0 && d->total > d->segment.len)
		piece->segment = (struct frag_segment){ d->segment.seq, d->total - d->segment.len, d->segment.fin };
	if (p->frag.off == 0) {
		piece->side = key_of(p, o, &piece->key);
		d->flow = piece->key;
		d->side = (uint8_t)piece->side;
		d->keyed = 1;
		d->inner = p->frag.inner;
		d->ttl = p->ttl;
		d->tos = p->tos;
		d->has_spi = (p->facts & FACT_SPI) != 0;
		d->spi = d->has_spi ? p->spi : 0;
		piece->has_spi = d->has_spi;
		piece->spi = d->spi;
		f->releasing = n;
		return (true);
	}
	if (d->keyed) {
		piece->key = d->flow;
		piece->side = d->side;
		piece->has_spi = d->has_spi;
		piece->spi = d->spi;
		if (d->inner) {
			f->out = *p;
			further(&f->out, d);
			piece->packet = &f->out;
		}
		return (true);
	}
	/* What can not be held counts without ports at once. */
	if (!needs_first(p->proto, only) || f->held.used == f->held.cap) {
		piece->resolved = !needs_first(p->proto, only);
		piece->side = piece->resolved ? key_of(p, o, &piece->key) : key_portless(p, o, &piece->key);
		return (true);
	}
	hold(f, n, p, piece->what, now);
	return (false);
}

bool
frags_orphaned(const struct frags *f, const struct packet *p)
{
	struct frag_key k;
	struct wanted w = { f, &k };
	uint32_t n;

	frag_key(p, &k);
	n = slots_find(&f->slots, (uint32_t)hash64(&k, sizeof(k), f->seed), same, &w);
	return (n != 0 && dg(f, n)->settled && !dg(f, n)->keyed);
}

bool
frags_release(struct frags *f, struct frag_piece *piece)
{
	struct datagram *d = f->releasing != 0 ? dg(f, f->releasing) : NULL;

	if (d == NULL || d->first == 0)
		return (false);
	take(f, d->first, piece);
	piece->key = d->flow;
	piece->side = d->side;
	piece->resolved = true;
	return (true);
}

bool
frags_expire(struct frags *f, const struct key_options *o, struct frag_piece *piece)
{
	if (f->hhead == 0)
		return (false);
	take(f, f->hhead, piece); /* the oldest of all is the oldest of its own */
	piece->side = key_portless(piece->packet, o, &piece->key);
	piece->resolved = false;
	return (true);
}

bool
frags_take(struct frags *f, uint32_t datagram, struct frag_piece *piece)
{
	uint32_t h = datagram != 0 ? dg(f, datagram)->first : 0;

	if (h != 0)
		take(f, h, piece);
	return (h != 0);
}

void
frags_settled(struct frags *f, const struct frag_piece *piece, const struct frag_home *home)
{
	struct datagram *d = piece->datagram != 0 ? dg(f, piece->datagram) : NULL;

	if (d == NULL || (d->settled && !(piece->what & FRAG_FIRST)))
		return;
	d->home = *home;
	d->settled = 1;
}

int64_t
frags_hold_due(const struct frags *f)
{
	return (f->hhead != 0 ? held(f, f->hhead)->until : INT64_MAX);
}

int64_t
frags_timeout_due(const struct frags *f)
{
	return (f->waiting.head != 0 ? dg(f, f->waiting.head)->begun + FRAG_TIMEOUT : INT64_MAX);
}

void
frags_timeout(struct frags *f)
{
	if (f->waiting.head != 0)
		forget(f, f->waiting.head);
}

bool
frags_outcome(struct frags *f, struct frag_outcome *o)
{
	if (f->noutcomes == 0)
		return (false);
	*o = f->outcome[--f->noutcomes];
	return (true);
}

uint32_t
frags_count(const struct frags *f)
{
	return (f->datagrams.used);
}

uint64_t
frags_evicted(const struct frags *f)
{
	return (f->evicted);
}
