/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pieces.c: what frag/ finds is done to flows and bins.  Tested by test_engine.c.
 */
#include "probe/pieces.h"

_Static_assert(FRAG_HOLD <= TIMELINE_WAITS && WAIT_FOR <= TIMELINE_WAITS, "a file is closed behind what waits");

/* Datagrams that were given up: each counts where its first fragment came. */
static void
count_given_up(struct pieces *x, int64_t now)
{
	struct frag_outcome o;

	while (frags_outcome(x->frags, &o)) {
		struct bin *b;
		struct frag_counts *c;

		lanes_rehome(x->lanes, &o.home.of, o.home.side);
		b = ledger_bin(x->ledger, &o.home.of, ledger_start(x->ledger, o.arrived), now);
		c = ledger_frags(x->ledger, b);
		c->fraginc[o.home.side] += !o.orphan;
		c->fragorph[o.home.side] += o.orphan;
		ledger_done(x->ledger, b);
	}
}

/* A tunnel's fragment counts where its datagram's SPI says, or that of the only SA there is. */
static void
settle_tunnel_piece(struct pieces *x, struct seen *v, const struct frag_piece *piece)
{
	struct tunnels *t = x->lanes->tunnels;
	uint32_t only;

	if (piece->has_spi) {
		lanes_packet(x->lanes, v, piece->spi, piece->packet->facts & FACT_SPI);
		return;
	}
	only = piece->resolved ? tunnels_only(t, &v->key, v->side, v->now) : 0;
	if (only != 0) {
		lanes_packet(x->lanes, v, sa_at(t, only)->spi, false);
		return;
	}
	v->key.kind = KEY_PORTLESS;
	v->hash = table_hash(&x->flows->table, &v->key);
	v->flags |= RFLAGS_unres;
	settle(x->flows, v);
}

static void
settle_piece(struct pieces *x, int64_t now, const struct frag_piece *piece)
{
	struct seen v = { .p = piece->packet, .now = now, .key = piece->key, .side = piece->side, .frag = piece->what, .segment = piece->segment,
		.flags = piece->resolved ? 0 : RFLAGS_unres };

	ledger_place(x->ledger, &v);
	v.hash = table_hash(&x->flows->table, &v.key);
	if (key_is_tunnel(v.key.proto))
		settle_tunnel_piece(x, &v, piece);
	else
		settle(x->flows, &v);
	frags_settled(x->frags, piece, &(struct frag_home){ table_ref(&x->flows->table, v.flow), (uint8_t)v.side });
}

int64_t
pieces_held_due(const struct pieces *x)
{
	return (frags_hold_due(x->frags));
}

void
pieces_let_go(struct pieces *x)
{
	int64_t due = frags_hold_due(x->frags), clock = x->ledger->clock.now;
	struct frag_piece piece;

	if (frags_expire(x->frags, x->key, &piece))
		settle_piece(x, due < clock ? due : clock, &piece); /* the end of input: it is not due yet */
	x->ledger->counting = 0;
}

int64_t
pieces_datagram_due(const struct pieces *x)
{
	return (frags_timeout_due(x->frags));
}

void
pieces_give_up(struct pieces *x)
{
	int64_t due = frags_timeout_due(x->frags), clock = x->ledger->clock.now;

	frags_timeout(x->frags);
	count_given_up(x, due < clock ? due : clock);
}

/* What waited long enough before a packet comes at `now`. */
static void
expire(struct pieces *x, int64_t now)
{
	int64_t held, datagram;

	while (held = pieces_held_due(x), datagram = pieces_datagram_due(x), held <= now || datagram <= now)
		if (held <= datagram)
			pieces_let_go(x);
		else
			pieces_give_up(x);
}

void
pieces_packet(struct pieces *x, struct seen *v, uint32_t order)
{
	struct frag_piece piece;
	bool go, only = false;

	expire(x, v->now);
	if (lanes_take(v->p) && (v->p->facts & FACT_SPI) == 0) {
		struct key tunnel;
		int side = key_of(v->p, x->key, &tunnel);

		only = tunnels_only(x->lanes->tunnels, &tunnel, side, v->now) != 0;
	}
	frags_order(x->frags, order);
	go = frags_packet(x->frags, v->p, x->key, v->now, only, &piece);
	while (go) {
		settle_piece(x, v->now, &piece);
		go = frags_release(x->frags, &piece);
	}
	count_given_up(x, v->now);
}
