/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/tunnel.c: ESP and AH: what a record of a lane holds.  Their numbers are followed by SA (tunnel/).  Tested by
 * tests/unit/probe/tunnel/test_lanes.c.
 */
#include "probe/track/track.h"

/* Lanes say that they end. */
static void
end(const struct flow_state *f, uint8_t cause, struct ending *e)
{
	(void)cause;
	e->row = f->key.kind == KEY_LANE;
}

static void
fill(const struct track *t, const struct flow_state *f, const struct bin *b, struct tile *r)
{
	const struct seq_bin *s;
	int x = f->src, y = 1 - x;

	if (b->ext == 0)
		return;
	s = pool_at(&t->numbers.bins, b->ext);
	seq_fill_spis(s, x, r);
	PUT(r, sroam, s->roam[x]);
	PUT(r, droam, s->roam[y]);
	PUT(r, sbadspi, s->badspi[x]);
	PUT(r, dbadspi, s->badspi[y]);
	PUT(r, spiflags, s->flags);
	seq_fill_counts(&s->counts[x], &s->counts[y], r);
	seq_fill_came(&t->numbers, s, b, x, r);
	seq_fill_health(s, b, r);
}

static void
prefetch(const struct track *t, const struct flow_state *f, const struct bin *b)
{
	(void)f;
	if (b != NULL)
		__builtin_prefetch(pool_at(&t->numbers.bins, b->ext));
}

static void
merge(struct track *t, struct bin *to, struct bin *from)
{
	seq_bin_merge(&t->numbers, to, from);
}

static void
end_bin(struct track *t, struct bin *b)
{
	seq_bin_end(&t->numbers, b);
}

const struct tracker track_tunnel = { .name = "tunnel", .oneway = true, .silent = IDLE_TUNNEL, .end = end, .fill = fill,
	.prefetch = prefetch, .merge = merge, .end_bin = end_bin };
