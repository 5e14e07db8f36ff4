/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ping.c: timestamps that wait for their echo, and the lines.
 */
#include "probe/ping.h"

#include "format/base/arena.h"
#include "format/base/buf.h"
#include "format/base/clock.h"
#include "format/base/hash.h"
#include "format/base/mem.h"
#include "format/base/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAMPS    (1u << 20) /* that wait at most, of all flows; beyond it the oldest is forgotten */
#define STAMP_AGE (10 * SEC)
#define FLOW_IDLE (300 * SEC)
#define CLEAN     (10 * SEC) /* how often flows that fell silent are looked for */
#define FULL      65536

struct ping_flow {
	uint32_t next;    /* in its bucket; first, as the pool links free cells here too */
	uint32_t serial;  /* what its stamps call it; a cell may serve another flow later */
	struct key key;
	int64_t heard;
	int64_t min[2];   /* us, by the sender of the echo; if in `told` */
	uint8_t seen, told; /* bit a side */
};

struct stamp {
	int64_t sent;
	uint32_t serial, val;
	uint32_t next; /* in its bucket, + 1 */
	uint8_t side;
	bool used;     /* echoed: stays, so that a later packet with this value does not wait again */
};

struct pings {
	const struct key_options *key;
	uint64_t seed;
	struct pool flows;
	uint32_t *flow_of;        /* buckets */
	uint32_t mask;
	uint32_t serials;
	int64_t cleaned;
	struct stamp *stamps;     /* a ring */
	uint32_t *stamp_of;       /* buckets */
	uint64_t kept;            /* stamps ever */
	struct buf out;
	struct output to;
	int error;                /* errno of a write that failed; 0 = none did */
};

/* --- the file */

static bool
is_ours(const uint8_t *head, size_t n)
{
	return (n >= sizeof(PING_HEAD) - 1 && memcmp(head, PING_HEAD, sizeof(PING_HEAD) - 1) == 0);
}

struct pings *
ping_open(const char *path, uint32_t max_flows, const struct key_options *key, uint64_t seed, char *err, size_t len)
{
	static const struct output_kind kind = { is_ours, "does not come from --pping" };
	struct output to;
	struct pings *g;

	if (!output_open(&to, path, 0, &kind, err, len))
		return (NULL);
	g = mem_zero(1, sizeof(*g));
	g->to = to;
	g->key = key;
	g->seed = seed;
	pool_init(&g->flows, sizeof(struct ping_flow), max_flows);
	for (g->mask = 1023; g->mask < max_flows && g->mask < 1u << 24; g->mask = 2 * g->mask + 1)
		;
	g->flow_of = mem_zero(g->mask + 1u, sizeof(*g->flow_of));
	g->stamps = mem_zero(STAMPS, sizeof(*g->stamps));
	g->stamp_of = mem_zero(STAMPS, sizeof(*g->stamp_of));
	buf_str(&g->out, PING_HEAD);
	return (g);
}

bool
ping_flush(struct pings *g)
{
	if (g->error == 0 && !output_write(&g->to, g->out.p, g->out.len))
		g->error = errno;
	g->out.len = 0;
	return (g->error == 0);
}

bool
ping_failed(const struct pings *g)
{
	return (g->error != 0);
}

bool
ping_close(struct pings **pg, char *err, size_t len)
{
	struct pings *g = *pg;
	bool good;

	if (g == NULL)
		return (true);
	good = ping_flush(g);
	if (!good)
		(void)snprintf(err, len, "%s: can not write: %s", g->to.path, strerror(g->error));
	good &= output_close(&g->to, OUTPUT_WHOLE, false, good ? err : NULL, good ? len : 0);
	pool_free(&g->flows);
	free(g->flow_of);
	free(g->stamps);
	free(g->stamp_of);
	buf_free(&g->out);
	free(g);
	*pg = NULL;
	return (good);
}

/* --- flows */

static struct ping_flow *
flow_at(const struct pings *g, uint32_t n)
{
	return (pool_at(&g->flows, n));
}

static void
clean(struct pings *g, int64_t now)
{
	if (now - g->cleaned < CLEAN && now >= g->cleaned)
		return;
	g->cleaned = now;
	for (uint32_t i = 0; g->flows.used > 0 && i <= g->mask; i++)
		for (uint32_t *at = &g->flow_of[i], n; (n = *at) != 0;) {
			struct ping_flow *f = flow_at(g, n);

			if (now - f->heard <= FLOW_IDLE) {
				at = &f->next;
				continue;
			}
			*at = f->next;
			pool_put(&g->flows, n);
		}
}

static void
begin(struct pings *g, struct ping_flow *f, const struct key *key)
{
	*f = (struct ping_flow){ .next = f->next, .serial = ++g->serials, .key = *key };
}

static struct ping_flow *
find(struct pings *g, const struct key *key, int64_t now)
{
	uint32_t *head = &g->flow_of[hash64(key, sizeof(*key), g->seed) & g->mask], n = *head;
	struct ping_flow *f;

	while (n != 0 && !key_equal(&flow_at(g, n)->key, key))
		n = flow_at(g, n)->next;
	if (n == 0) {
		if ((n = pool_get(&g->flows)) == 0)
			return (NULL);
		f = flow_at(g, n);
		f->next = *head;
		*head = n;
		begin(g, f, key);
	} else if ((f = flow_at(g, n), now - f->heard > FLOW_IDLE)) {
		begin(g, f, key);
	}
	f->heard = now;
	return (f);
}

/* --- stamps */

static uint32_t *
bucket(const struct pings *g, uint32_t serial, int side, uint32_t val)
{
	uint32_t what[3] = { serial, (uint32_t)side, val };

	return (&g->stamp_of[hash64(what, sizeof(what), g->seed) & (STAMPS - 1)]);
}

static struct stamp *
waiting(const struct pings *g, const struct ping_flow *f, int side, uint32_t val)
{
	uint32_t n = *bucket(g, f->serial, side, val);

	for (; n != 0; n = g->stamps[n - 1].next) {
		struct stamp *s = &g->stamps[n - 1];

		if (s->val == val && s->serial == f->serial && s->side == side)
			return (s);
	}
	return (NULL);
}

static void
forget(struct pings *g, uint32_t n)
{
	const struct stamp *s = &g->stamps[n];
	uint32_t *at = bucket(g, s->serial, s->side, s->val);

	while (*at != n + 1)
		at = &g->stamps[*at - 1].next;
	*at = s->next;
}

static void
keep(struct pings *g, const struct ping_flow *f, int side, uint32_t val, int64_t now)
{
	struct stamp *s = waiting(g, f, side, val);
	uint32_t n = (uint32_t)(g->kept % STAMPS), *head = bucket(g, f->serial, side, val);

	if (s != NULL) {
		if (now - s->sent > STAMP_AGE) {
			s->sent = now;
			s->used = false;
		}
		return;
	}
	if (g->kept++ >= STAMPS)
		forget(g, n);
	g->stamps[n] = (struct stamp){ .sent = now, .serial = f->serial, .val = val, .next = *head,
		.side = (uint8_t)side };
	*head = n + 1;
}

/* --- the line */

static void
put(struct pings *g, const struct ping_flow *f, int side, int64_t now, int64_t us)
{
	const struct key *k = &f->key;
	const struct ip *from = side == 0 ? &k->lo : &k->hi, *to = side == 0 ? &k->hi : &k->lo;
	char when[CLOCK_TEXT], rtt[CLOCK_TEXT], min[CLOCK_TEXT], src[IP_TEXT], dst[IP_TEXT];

	(void)clock_epoch(now, 6, when);
	(void)clock_dur((uint64_t)us, 6, rtt);
	(void)clock_dur((uint64_t)f->min[side], 6, min);
	(void)ip_text(from, src);
	(void)ip_text(to, dst);
	buf_printf(&g->out, "%s,%s,%s,%s,%u,%s,%u\n", when, rtt, min, src, side == 0 ? k->lport : k->hport, dst,
	    side == 0 ? k->hport : k->lport);
	if (g->out.len >= FULL)
		(void)ping_flush(g);
}

void
ping_packet(struct pings *g, const struct packet *p)
{
	uint32_t both = FACT_TCP | FACT_TCPTS;
	int64_t now = p->ts - (p->ts % USEC + USEC) % USEC, us; /* times are compared as they are printed */
	struct ping_flow *f;
	struct stamp *s;
	struct key key;
	int side;

	if ((p->facts & both) != both || p->tcp.tsval == 0 ||
	    (p->tcp.tsecr == 0 && (p->tcp.flags & (TCP_SYN | TCP_ACK)) != TCP_SYN))
		return;
	clean(g, now);
	side = key_of(p, g->key, &key);
	if ((f = find(g, &key, now)) == NULL)
		return;
	f->seen |= (uint8_t)(1 << side);
	if (f->seen != 3)
		return;
	keep(g, f, side, p->tcp.tsval, now);
	s = waiting(g, f, 1 - side, p->tcp.tsecr);
	if (s == NULL || s->used || now < s->sent || now - s->sent > STAMP_AGE)
		return;
	s->used = true;
	us = (now - s->sent) / USEC;
	if ((f->told & 1 << side) == 0 || us < f->min[side])
		f->min[side] = us;
	f->told |= (uint8_t)(1 << side);
	put(g, f, side, now, us);
}
