/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/udp.c: UDP and GRE: the numbers that they carry (seq/), and what shares their ports with tunnels: IKE and
 * NAT keepalives.  Nothing is kept for a flow that shows none of it.
 */
#include "probe/track/track.h"

#include <string.h>

struct udp_bin { /* [side] */
	uint32_t natka[2], ikeq[2], iker[2];
	uint8_t has; /* HAS_*: such packets came */
};
enum { HAS_NATKA = 1, HAS_IKE = 2 };

void
udp_init(struct track *t, uint32_t max_flows)
{
	pool_init(&t->udp_bin, sizeof(struct udp_bin), ledger_cells(max_flows));
}

static struct udp_bin *
udp_bin(struct track *t, struct bin *b)
{
	struct bin_more *m = ledger_more(t->ledger, b);

	if (m->udp == 0) {
		m->udp = pool_get(&t->udp_bin);
		memset(pool_at(&t->udp_bin, m->udp), 0, sizeof(struct udp_bin));
	}
	return (pool_at(&t->udp_bin, m->udp));
}

enum idle_class
udp_idle(const struct flow_state *f)
{
	return (track_both_sent(f) ? IDLE_UDP : IDLE_UDP1);
}

/* Version 2 says which is an answer (RFC 7296 3.1); of version 1 the initiator asks. */
static bool
is_response(const struct packet *p, bool source)
{
	return (p->ike.version >> 4 == 2 ? (p->ike.flags & 0x20) != 0 : !source);
}

static void
packet(struct track *t, const struct seen *v)
{
	struct udp_bin *u;

	if (v->p->facts & STREAM_FACTS) {
		numbers_udp(&t->numbers, v);
	} else if (v->p->facts & FACT_NATKA) {
		u = udp_bin(t, v->b);
		u->natka[v->side]++;
		u->has |= HAS_NATKA;
	} else if (v->p->facts & FACT_IKE) {
		u = udp_bin(t, v->b);
		if (is_response(v->p, v->side == v->f->src))
			u->iker[v->side]++;
		else
			u->ikeq[v->side]++;
		u->has |= HAS_IKE;
	}
}

static const struct udp_bin *
udp_bin_of(const struct track *t, const struct bin *b)
{
	const struct bin_more *m = b->more != 0 ? pool_at(&t->ledger->mores, b->more) : NULL;

	return (m != NULL && m->udp != 0 ? pool_at(&t->udp_bin, m->udp) : NULL);
}

static void
fill(const struct track *t, const struct flow_state *f, const struct bin *b, struct tile *r)
{
	const struct udp_bin *u;
	int s = f->src, d = 1 - s;

	seq_fill_carried(&t->numbers, f, b, r);
	if ((u = udp_bin_of(t, b)) == NULL)
		return;
	if (u->has & HAS_NATKA) {
		PUT(r, snatka, u->natka[s]);
		PUT(r, dnatka, u->natka[d]);
	}
	if (u->has & HAS_IKE) {
		PUT(r, sikeq, u->ikeq[s]);
		PUT(r, dikeq, u->ikeq[d]);
		PUT(r, siker, u->iker[s]);
		PUT(r, diker, u->iker[d]);
	}
}

static void
end_bin(struct track *t, struct bin *b)
{
	seq_bin_end(&t->numbers, b);
	if (udp_bin_of(t, b) != NULL)
		pool_put(&t->udp_bin, ledger_more(t->ledger, b)->udp);
}

static void
end_flow(struct track *t, struct flow_state *f)
{
	rtp_end_flow(&t->numbers, f);
}

const struct tracker track_udp = { .name = "udp", .idle = udp_idle, .packet = packet, .fill = fill, .end_bin = end_bin,
	.end_flow = end_flow };
const struct tracker track_gre = { .name = "gre", .silent = IDLE_OTHER, .fill = fill, .end_bin = end_bin };
