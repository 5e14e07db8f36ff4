/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wg.c: WireGuard: two peers, an index for each direction, and a 64-bit counter from 0 for each index.
 *
 * The handshake says exactly which indexes belong together: an initiation names its sender's, the response
 * both.  Data carries the receiver's.  A rekey goes on in the same lane.  Three bytes behind the type are 0, or an id
 * that the handshake has in both directions.
 */
#include "probe/seq/numbers.h"

#include <string.h>

enum { INITIATION = 1, RESPONSE = 2, DATA = 4 };
enum { CONF_ONE = 2, CONF_SEEN = 3 };

#define NEAR        64        /* two packets that nothing announced belong together */
#define COUNTER_TOP (1ull << 62) /* peers rekey long before (2^60 messages) */

/* This record is the tunnel's, though there are no numbers in it. */
static void
announce(struct numbers *n, const struct wg *w, struct bin *b)
{
	struct seq_bin *s = seq_bin(n, b);

	s->peers = true;
	for (int i = 0; i < 2; i++)
		if (s->quiet[i] == 0)
			s->quiet[i] = w->index[i][WG_NOW].index;
}

/* An initiation may be anything of that length; its answer proves it.  Both records are the tunnel's then. */
static void
announce_both(struct numbers *n, const struct wg *w, const struct seen *v, int64_t asked)
{
	struct flow_ref of = table_ref(n->ledger->table, v->flow);
	int64_t start = ledger_start(n->ledger, asked);
	struct bin *b;

	announce(n, w, v->b);
	if (start == v->b->start)
		return;
	b = ledger_bin(n->ledger, &of, start, v->now);
	if (!b->correction) /* there is nothing to count */
		announce(n, w, b);
	ledger_done(n->ledger, b);
}

static void
handshake(struct numbers *n, struct wg *w, const struct seen *v)
{
	uint64_t seed = n->seed;
	const struct packet *p = v->p;
	const struct key *k = &v->key;
	int side = v->side, other = 1 - side;

	if (p->wg.type == INITIATION) {
		w->asked[side].index = p->wg.sender;
		w->asked[side].reserved = p->wg.reserved;
		w->asked[side].there = true;
		w->asked[side].ts = p->ts;
		if (w->index[0][WG_NOW].stream != 0 || w->index[1][WG_NOW].stream != 0)
			announce(n, w, v->b);
		return;
	}
	if (w->asked[other].there && w->asked[other].index != p->wg.receiver)
		return; /* of another initiation */
	if (p->wg.reserved != w->reserved) { /* believed if the initiation had the same */
		if (!w->asked[other].there || w->asked[other].reserved != p->wg.reserved)
			return;
		w->reserved = p->wg.reserved;
	}
	announce_both(n, w, v, w->asked[other].there ? w->asked[other].ts : p->ts);
	w->asked[other].there = false;
	if (w->index[other][WG_NOW].stream != 0 && w->index[other][WG_NOW].index == p->wg.sender)
		return; /* the same response again */
	w->index[other][WG_NEXT] = (struct wg_index){ p->wg.sender,
		stream_id(seed, k, other, p->wg.sender, STREAM_WG), true, 0 };
	w->index[side][WG_NEXT] = (struct wg_index){ p->wg.receiver,
		stream_id(seed, k, side, p->wg.receiver, STREAM_WG), true, 0 };
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
	w->first[side].more = (uint16_t)(p->wg.messages - 1);
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
count(struct numbers *n, const struct seen *v, const struct wg_index *x, uint64_t counter, uint16_t more, int64_t ts,
    bool known, struct number *out)
{
	out->stream = stream_find(&n->streams, x->stream, v->now);
	if (out->stream == NULL &&
	    (out->stream = stream_add(&n->streams, x->stream, STREAM_WG, 64, v->now)) == NULL)
		return (0);
	out->stream->side = (uint8_t)v->side;
	out->stream->spi = x->index;
	out->q = counter + 1;
	out->ts = ts;
	out->known = known;
	out->more = more;
	return (1);
}

unsigned
wg_packet(struct numbers *n, const struct seen *v, struct number *out)
{
	const struct packet *p = v->p;
	uint64_t id = stream_id(n->seed, &v->key, 0, 0, STREAM_WG_PEERS);
	struct stream *peers = stream_find(&n->streams, id, v->now);
	struct seq_bin *s;
	struct wg_index *x, made;
	struct wg *w;
	unsigned got = 0;
	int side = v->side;
	bool known;

	if (peers == NULL && p->wg.type == DATA && (p->facts & FACT_WGLIKE)) /* no handshake has told who they are */
		return (0);
	if (peers == NULL && (peers = stream_add(&n->streams, id, STREAM_WG_PEERS, 64, v->now)) == NULL)
		return (0);
	w = &peers->wg;
	if (p->wg.type == INITIATION || p->wg.type == RESPONSE)
		handshake(n, w, v);
	if (p->wg.type != DATA || p->wg.reserved != w->reserved)
		return (0);
	x = known_index(w, side, p->wg.receiver);
	if (x == NULL && !believe(w, side, p, p->ts))
		return (0);
	s = seq_bin(n, v->b);
	if (x == NULL) {
		made = (struct wg_index){ p->wg.receiver,
			stream_id(n->seed, &v->key, side, p->wg.receiver, STREAM_WG), false, 0 };
		known = w->index[side][WG_NOW].stream != 0;
		x = succeed(w, side, &made, p->ts, s);
		got += count(n, v, x, w->first[side].counter, w->first[side].more, w->first[side].ts, known,
		    &out[got]);
		w->first[side].there = false;
	} else if (x == &w->index[side][WG_NEXT]) {
		x = succeed(w, side, x, p->ts, s);
	}
	describe(s, w, side, x);
	if (p->wg.counter >= COUNTER_TOP) {
		s->counts[side].badseq++;
		return (got);
	}
	return (got + count(n, v, x, p->wg.counter, (uint16_t)(p->wg.messages - 1), p->ts, x->seen, &out[got]));
}
