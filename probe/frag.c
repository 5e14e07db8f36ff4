/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frag.c: the table of datagrams in pieces, and the pieces that wait.
 *
 * Both are bounded: a flood of fragments pushes out its oldest, nothing else.
 */
#include "probe/frag.h"

#include "format/base/arena.h"
#include "format/base/hash.h"
#include "format/base/mem.h"
#include "probe/slots.h"

#include <stdlib.h>
#include <string.h>

#define INTERVALS 16        /* of a datagram, merged; more pieces than that are not put together */
#define HELD_PER_DATAGRAM 4 /* on average */
#define DONE_FOR SEC        /* a complete datagram is remembered so long, for its duplicates */

struct frag_key {
	struct ip src, dst;
	uint32_t id, vrf;
	uint16_t proto;
	uint8_t af, zero[5];
};
_Static_assert(sizeof(struct frag_key) == 48, "a key has no holes");

struct datagram {
	struct frag_key key;
	uint32_t hash;
	uint32_t prev, next;   /* by age */
	uint32_t first, last;  /* held pieces, oldest and newest; 0 = none */
	int64_t begun, done;   /* watermarks; done = 0: not complete */
	struct key flow;       /* if keyed */
	uint8_t keyed, side, nivs;
	uint32_t total;        /* 0 = the last piece was not seen */
	struct {
		uint32_t lo, hi;
	} iv[INTERVALS];
};

struct held {
	struct packet packet;
	int64_t until;
	uint32_t datagram;   /* 0 = it is gone */
	uint32_t prev, next; /* by age */
	uint32_t newer;      /* of the same datagram */
};

struct frags {
	struct pool datagrams, held;
	struct slots slots;
	uint32_t head, tail;   /* datagrams by age */
	uint32_t hhead, htail; /* held pieces by age */
	uint32_t releasing;    /* the datagram whose pieces are being released */
	uint64_t seed, evicted;
	struct packet out;     /* what was handed out last */
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

/* The protocol as all pieces of the datagram have it: UDP-encapsulated ESP is UDP to the others. */
static void
frag_key(const struct packet *p, struct frag_key *k)
{
	memset(k, 0, sizeof(*k));
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

static void
datagram_free(struct frags *f, uint32_t n)
{
	struct datagram *d = dg(f, n);

	for (uint32_t h = d->first; h != 0; h = held(f, h)->newer)
		held(f, h)->datagram = 0;
	slots_del(&f->slots, d->hash, n);
	*(d->prev != 0 ? &dg(f, d->prev)->next : &f->head) = d->next;
	*(d->next != 0 ? &dg(f, d->next)->prev : &f->tail) = d->prev;
	pool_put(&f->datagrams, n);
}

static uint32_t
datagram_new(struct frags *f, const struct frag_key *k, uint32_t hash, int64_t now)
{
	uint32_t n;
	struct datagram *d;

	while (f->head != 0 && now - dg(f, f->head)->begun >= FRAG_TIMEOUT)
		datagram_free(f, f->head);
	if (f->datagrams.used == f->datagrams.cap) {
		datagram_free(f, f->head);
		f->evicted++;
	}
	n = pool_get(&f->datagrams);
	d = dg(f, n);
	memset(d, 0, sizeof(*d));
	d->key = *k;
	d->hash = hash;
	d->begun = now;
	d->prev = f->tail;
	*(f->tail != 0 ? &dg(f, f->tail)->next : &f->head) = n;
	f->tail = n;
	slots_add(&f->slots, hash, n);
	return (n);
}

/* Note the bytes [lo, hi); intervals are kept sorted and merged. */
static void
cover(struct datagram *d, uint32_t lo, uint32_t hi)
{
	uint8_t i = 0, j;

	while (i < d->nivs && d->iv[i].hi < lo)
		i++;
	for (j = i; j < d->nivs && d->iv[j].lo <= hi; j++) {
		if (d->iv[j].lo < lo)
			lo = d->iv[j].lo;
		if (d->iv[j].hi > hi)
			hi = d->iv[j].hi;
	}
	if (i == j) {
		if (d->nivs == INTERVALS)
			return;
		memmove(&d->iv[i + 1], &d->iv[i], (size_t)(d->nivs - i) * sizeof(d->iv[0]));
		d->nivs++;
	} else {
		memmove(&d->iv[i + 1], &d->iv[j], (size_t)(d->nivs - j) * sizeof(d->iv[0]));
		d->nivs = (uint8_t)(d->nivs - (j - i) + 1);
	}
	d->iv[i].lo = lo;
	d->iv[i].hi = hi;
}

static bool
complete(const struct datagram *d)
{
	return (d->total > 0 && d->nivs > 0 && d->iv[0].lo == 0 && d->iv[0].hi >= d->total);
}

static void
held_free(struct frags *f, uint32_t h)
{
	struct held *x = held(f, h);

	*(x->prev != 0 ? &held(f, x->prev)->next : &f->hhead) = x->next;
	*(x->next != 0 ? &held(f, x->next)->prev : &f->htail) = x->prev;
	pool_put(&f->held, h);
}

static void
hold(struct frags *f, uint32_t n, const struct packet *p, int64_t now)
{
	uint32_t h = pool_get(&f->held);
	struct held *x = held(f, h);
	struct datagram *d = dg(f, n);

	x->packet = *p;
	x->until = now + FRAG_HOLD;
	x->datagram = n;
	x->newer = 0;
	*(d->last != 0 ? &held(f, d->last)->newer : &d->first) = h;
	d->last = h;
	x->next = 0;
	x->prev = f->htail;
	*(f->htail != 0 ? &held(f, f->htail)->next : &f->hhead) = h;
	f->htail = h;
}

/* Does the key of this protocol need what only the first fragment has? */
static bool
needs_first(uint16_t proto)
{
	switch (proto) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_ICMP:
	case PROTO_ICMP6:
	case PROTO_SCTP:
	case PROTO_DCCP:
	case PROTO_UDPLITE:
	case PROTO_GRE:
		return (true);
	default:
		return (false);
	}
}

enum frag_verdict
frags_packet(struct frags *f, const struct packet *p, const struct key_options *o, int64_t now, struct key *key,
    int *side)
{
	struct frag_key k;
	struct wanted w = { f, &k };
	struct datagram *d;
	uint32_t hash, n;

	frag_key(p, &k);
	hash = (uint32_t)hash64(&k, sizeof(k), f->seed);
	n = slots_find(&f->slots, hash, same, &w);
	if (n != 0) {
		d = dg(f, n);
		if (now - d->begun >= FRAG_TIMEOUT || (d->done != 0 && now - d->done >= DONE_FOR)) {
			datagram_free(f, n);
			n = 0;
		}
	}
	if (n == 0)
		n = datagram_new(f, &k, hash, now);
	d = dg(f, n);
	if (p->frag.len > 0)
		cover(d, p->frag.off, p->frag.off + p->frag.len);
	if (!p->frag.more)
		d->total = p->frag.off + p->frag.len;
	if (d->done == 0 && complete(d))
		d->done = now > 0 ? now : 1;
	if (p->frag.off == 0) {
		*side = key_of(p, o, key);
		d->flow = *key;
		d->side = (uint8_t)*side;
		d->keyed = 1;
		f->releasing = n;
		return (FRAG_KEYED);
	}
	f->releasing = 0;
	if (d->keyed) {
		*key = d->flow;
		*side = d->side;
		return (FRAG_KEYED);
	}
	/* Without the means to hold it, it counts without ports at once. */
	if (!needs_first(p->proto) || f->held.used == f->held.cap) {
		*side = key_portless(p, o, key);
		return (FRAG_KEYED);
	}
	hold(f, n, p, now);
	return (FRAG_HELD);
}

/* Hand out a held piece, the oldest of its datagram. */
static const struct packet *
take(struct frags *f, uint32_t h)
{
	struct held *x = held(f, h);

	if (x->datagram != 0) {
		struct datagram *d = dg(f, x->datagram);

		d->first = x->newer;
		if (d->first == 0)
			d->last = 0;
	}
	f->out = x->packet;
	held_free(f, h);
	return (&f->out);
}

const struct packet *
frags_release(struct frags *f)
{
	uint32_t h = f->releasing != 0 ? dg(f, f->releasing)->first : 0;

	return (h != 0 ? take(f, h) : NULL);
}

int64_t
frags_due(const struct frags *f)
{
	return (f->hhead != 0 ? held(f, f->hhead)->until : INT64_MAX);
}

const struct packet *
frags_expire(struct frags *f)
{
	return (f->hhead != 0 ? take(f, f->hhead) : NULL); /* the oldest of all is the oldest of its own */
}

uint32_t
frags_count(const struct frags *f)
{
	return (f->datagrams.used);
}

uint64_t
frags_evicted(struct frags *f)
{
	uint64_t n = f->evicted;

	f->evicted = 0;
	return (n);
}
