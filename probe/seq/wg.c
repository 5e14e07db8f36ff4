/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/wg.c: WireGuard: two peers, an index for each direction, and a 64-bit counter from 0 for each index.
 *
 * The handshake says exactly which indexes belong together: an initiation names its sender's, the response
 * both.  Data carries the receiver's.  A rekey goes on in the same lane.
 */
#include "probe/track/udp.h"

#include "probe/track/pools.h"

#include <string.h>

enum { INITIATION = 1, RESPONSE = 2, DATA = 4 };
enum { CONF_ONE = 2, CONF_SEEN = 3 };

#define NEAR        64        /* two packets that nothing announced belong together */
#define COUNTER_TOP (1ull << 62) /* peers rekey long before (2^60 messages) */

static void
handshake(struct track *t, struct wg *w, const struct key *k, int side, const struct packet *p)
{
	int other = 1 - side;

	if (p->wg.type == INITIATION) {
		w->asked[side].index = p->wg.sender;
		w->asked[side].there = true;
		return;
	}
	if (w->asked[other].there && w->asked[other].index != p->wg.receiver)
		return; /* of another initiation */
	w->asked[other].there = false;
	if (w->index[other][WG_NOW].stream != 0 && w->index[other][WG_NOW].index == p->wg.sender)
		return; /* the same response again */
	w->index[other][WG_NEXT] = (struct wg_index){ p->wg.sender,
		stream_id(t->seed, k, other, p->wg.sender, STREAM_WG), true, 0 };
	w->index[side][WG_NEXT] = (struct wg_index){ p->wg.receiver,
		stream_id(t->seed, k, side, p->wg.receiver, STREAM_WG), true, 0 };
}

static struct wg_index *
known_index(struct wg *w, int side, uint32_t index)
{
	for (int i = 0; i < WG_INDEXES; i++)
		if (w->index[side][i].stream != 0 && w->index[side][i].index == index)
			return (&w->index[side][i]);
	return (NULL);
}

/* The first data of a new index: it succeeds the one before. */
static struct wg_index *
succeed(struct wg *w, int side, const struct wg_index *next, int64_t ts, struct seq_bin *s)
{
	struct wg_index *now = &w->index[side][WG_NOW], next_copy = *next;

	if (now->stream != 0) {
		w->index[side][WG_OLD] = *now;
		s->rekeys[side]++;
	}
	memset(&w->index[side][WG_NEXT], 0, sizeof(*now));
	*now = next_copy;
	now->since = ts;
	return (now);
}

/* An index that no handshake announced: two packets with counters close to each other make it one. */
static bool
believe(struct wg *w, int side, const struct packet *p, int64_t ts)
{
	uint64_t a = w->first[side].counter, b = p->wg.counter;

	if (w->first[side].there && w->first[side].index == p->wg.receiver && a != b && (a < b ? b - a : a - b) <= NEAR)
		return (true);
	w->first[side].there = true;
	w->first[side].index = p->wg.receiver;
	w->first[side].counter = b;
	w->first[side].ts = ts;
	return (false);
}

static void
describe(struct seq_bin *s, const struct wg *w, int side, const struct wg_index *x)
{
	const struct wg_index *a = &w->index[0][WG_NOW], *b = &w->index[1][WG_NOW];

	s->peers = s->numbered = true;
	seq_bin_spi(s, side, x->index, x->since);
	s->quiet[1 - side] = w->index[1 - side][WG_NOW].index;
	s->conf = (a->stream == 0 || a->seen) && (b->stream == 0 || b->seen) ? CONF_SEEN : CONF_ONE;
}

/* Counters begin at 0, the engine's numbers at 1. */
static unsigned
count(struct track *t, const struct flow_state *f, int side, const struct wg_index *x, uint64_t counter, int64_t ts,
    bool known, int64_t now, struct number *n)
{
	n->stream = stream_find(&t->streams, x->stream, now);
	if (n->stream == NULL && (n->stream = stream_add(&t->streams, x->stream, STREAM_WG, 64, now)) == NULL)
		return (0);
	n->stream->key = f->key;
	n->stream->side = (uint8_t)side;
	n->stream->spi = x->index;
	n->q = counter + 1;
	n->ts = ts;
	n->known = known;
	return (1);
}

unsigned
wg_packet(struct track *t, struct flow_state *f, struct bin *b, int side, const struct packet *p, int64_t now,
    struct number *n)
{
	uint64_t id = stream_id(t->seed, &f->key, 0, 0, STREAM_WG_PEERS);
	struct stream *peers = stream_find(&t->streams, id, now);
	struct seq_bin *s;
	struct wg_index *x, made;
	struct wg *w;
	unsigned got = 0;
	bool known;

	if (peers == NULL && (peers = stream_add(&t->streams, id, STREAM_WG_PEERS, 64, now)) == NULL)
		return (0);
	w = &peers->wg;
	if (p->wg.type == INITIATION || p->wg.type == RESPONSE)
		handshake(t, w, &f->key, side, p);
	if (p->wg.type != DATA)
		return (0);
	x = known_index(w, side, p->wg.receiver);
	if (x == NULL && !believe(w, side, p, p->ts))
		return (0);
	if ((s = seq_bin(t, b)) == NULL)
		return (0);
	if (x == NULL) {
		made = (struct wg_index){ p->wg.receiver, stream_id(t->seed, &f->key, side, p->wg.receiver, STREAM_WG), false, 0 };
		known = w->index[side][WG_NOW].stream != 0;
		x = succeed(w, side, &made, p->ts, s);
		got += count(t, f, side, x, w->first[side].counter, w->first[side].ts, known, now, &n[got]);
		w->first[side].there = false;
	} else if (x == &w->index[side][WG_NEXT]) {
		x = succeed(w, side, x, p->ts, s);
	}
	describe(s, w, side, x);
	if (p->wg.counter >= COUNTER_TOP) {
		s->counts[side].badseq++;
		return (got);
	}
	return (got + count(t, f, side, x, p->wg.counter, p->ts, x->seen, now, &n[got]));
}
