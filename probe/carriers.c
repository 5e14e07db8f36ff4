/* SPDX-License-Identifier: BSD-2-Clause
 *
 * carriers.c: sequence numbers inside UDP and GRE: their trackers say which, here they are counted.
 */
#include "probe/engine_room.h"
#include "probe/track/udp.h"

#include "format/base/clock.h"

static struct desk
desk_of(struct engine *e, const struct stream *x, int64_t now)
{
	bool lives = x->flow != 0 && engine_has_key(e, x->flow, &x->key) && !engine_expire(e, x->flow, now);

	return ((struct desk){ .e = e, .key = &x->key, .flow = lives ? x->flow : 0, .spi = x->spi, .now = now,
	    .side = x->side, .src = x->src, .dirq = x->dirq, .peer = x->kind == STREAM_WG });
}

static void
count_number(struct engine *e, const struct work *w, struct bin *b, const struct number *n)
{
	const struct flow_state *f = flow_at(&e->table, w->flow);
	struct seq_bin *s = seq_bin(e->track, b);
	struct stream *x = n->stream;
	struct desk desk;
	struct seq_sink k;

	if (s == NULL)
		return;
	x->flow = w->flow;
	x->src = f->src;
	x->dirq = f->dirq;
	desk = desk_of(e, x, w->now);
	k = desk_sink(&desk, (struct seq_place){ b->start, f->id, 0 }, &s->counts[w->side]);
	seqno_packet(&x->seq, n->q, n->ts, n->known, &k);
}

/* --- what a mirror lost is the capture's loss: it counts in MAR, in the bin of the packet */

struct mirror {
	struct engine *e;
	int64_t now;
	struct seq_counts there;
	struct stat_set *stats; /* whose mirlost `there` is */
};

static struct seq_counts *
mirror_there(void *arg, const struct seq_place *p)
{
	struct mirror *m = arg;

	if (timeline_sealed(&m->e->time, p->bin, m->now))
		return (NULL);
	m->stats = &timeline_span(&m->e->time, p->bin)->stats;
	m->there.lost = m->stats->mirlost;
	return (&m->there);
}

/* A MAR record has no corrections: what comes after its bin was written stays counted. */
static void
mirror_correct(void *arg, const struct seq_place *p, uint32_t fix, uint32_t early, uint32_t badseq)
{
	(void)arg;
	(void)p;
	(void)fix;
	(void)early;
	(void)badseq;
}

void
carriers_mirror(struct engine *e, const struct work *w, struct stat_set *s)
{
	struct streams *mirrors = track_mirrors(e->track);
	struct stream *x;
	int64_t start = clock_bin(w->ts, e->time.interval);
	struct mirror m = { .e = e, .now = w->now };
	struct seq_counts here = { 0 };
	struct seq_sink k = { { start, 1, 0 }, &here, mirror_there, mirror_correct, &m };
	uint32_t old;

	while ((old = streams_old(mirrors, w->now)) != 0)
		streams_drop(mirrors, old);
	if ((x = gre_stream(mirrors, w->p, w->now)) == NULL)
		return;
	here.lost = s->mirlost;
	seqno_packet(&x->seq, w->p->gre_seq, w->ts, false, &k);
	s->mirlost = here.lost;
	if (m.stats != NULL)
		m.stats->mirlost = m.there.lost;
}

/* A number that is known to have come, of a packet that counts in a flow inside the tunnel. */
static void
pass_number(struct engine *e, const struct work *w, struct stream *x)
{
	struct desk desk = desk_of(e, x, w->now);
	struct seq_sink k = desk_sink(&desk, (struct seq_place){ clock_bin(w->ts, e->time.interval), 0, 0 },
	    &e->nowhere);

	seqno_packet(&x->seq, w->p->gre_seq, w->ts, false, &k);
}

static void
gre(struct engine *e, const struct work *w, struct bin *b)
{
	const struct flow_state *f = flow_at(&e->table, w->flow);
	struct stream *x = gre_stream(track_streams(e->track), w->p, w->now);
	struct seq_bin *s;

	if (x == NULL)
		return;
	if (f->key.proto != PROTO_GRE) {
		pass_number(e, w, x);
	} else if ((s = seq_bin(e->track, b)) != NULL) {
		x->key = f->key;
		x->side = (uint8_t)w->side;
		s->numbered = true;
		count_number(e, w, b, &(struct number){ x, w->p->gre_seq, w->ts, false });
	}
}

/* --- packets */

static void
end_stream(struct engine *e, struct stream *x, int64_t now)
{
	struct desk desk = desk_of(e, x, now);

	if (x->kind != STREAM_WG_PEERS)
		desk_end(&desk, &x->seq);
}

/* Version 2 says which is an answer (RFC 7296 3.1); of version 1 the initiator asks. */
static bool
is_response(const struct packet *p, bool source)
{
	return (p->ike.version >> 4 == 2 ? (p->ike.flags & 0x20) != 0 : !source);
}

void
carriers_packet(struct engine *e, const struct work *w)
{
	struct flow_state *f = flow_at(&e->table, w->flow);
	struct bin *b = bin_at(&e->table, w->bin);
	struct streams *s = track_streams(e->track);
	struct number n[NUMBERS_MAX];
	unsigned got = 0;
	uint32_t old;

	while ((old = streams_old(s, w->now)) != 0) {
		end_stream(e, stream_at(s, old), w->now);
		streams_drop(s, old);
	}
	if ((w->p->facts & (FACT_GRESEQ | FACT_MIRROR)) == FACT_GRESEQ)
		gre(e, w, b);
	if (f->key.proto != PROTO_UDP)
		return;
	if (w->p->facts & FACT_WG)
		got = wg_packet(e->track, f, b, w->side, w->p, w->now, n);
	else if (w->p->facts & FACT_RTP)
		got = rtp_packet(e->track, f, b, w->side, w->p, w->now, n);
	else if (w->p->facts & FACT_NATKA)
		udp_natka(e->track, b, w->side);
	else if (w->p->facts & FACT_IKE)
		udp_ike(e->track, b, w->side, is_response(w->p, w->side == f->src));
	for (unsigned i = 0; i < got; i++)
		count_number(e, w, b, &n[i]);
}

void
carriers_finish(struct engine *e)
{
	struct streams *s = track_streams(e->track);

	for (uint32_t n = s->oldest; n != 0; n = stream_at(s, n)->newer)
		end_stream(e, stream_at(s, n), e->clock.now);
}
