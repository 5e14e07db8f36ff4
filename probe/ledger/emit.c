/* SPDX-License-Identifier: BSD-2-Clause
 *
 * emit.c: records from state: what all flows have; trackers fill in the rest.
 */
#include "probe/ledger/emit.h"

#include "format/base/clock.h"

#include <stdio.h>
#include <string.h>

void
emit_init(struct emit *e, struct sink sink, const char *probe, int64_t interval)
{
	memset(e, 0, sizeof(*e));
	e->sink = sink;
	e->name = (struct blob){ (const uint8_t *)probe, (uint32_t)strlen(probe) };
	e->interval = interval;
	e->turn = (struct turn){ INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN };
	e->batch = batch_new(BATCH_ROWS);
	e->tile = tile_new();
}

void
emit_free(struct emit *e)
{
	batch_free(&e->batch);
	tile_free(&e->tile);
}

void
emit_flush(struct emit *e)
{
	tile_flush(e->tile, e->batch);
	tile_start(e->tile);
	if (e->batch->rows > 0)
		e->batch = e->sink.put(e->sink.arg, e->batch);
}

void
emit_turn(struct emit *e, const struct turn *t)
{
	emit_flush(e);
	e->turn = *t;
	e->sink.turn(e->sink.arg, t);
}

static void
put(struct emit *e)
{
	tile_next(e->tile, e->batch);
	e->records++;
	if (e->batch->rows == e->batch->cap)
		emit_flush(e);
}

bool
emit_ready(const struct emit *e)
{
	return (e->sink.ready == NULL || e->sink.ready(e->sink.arg));
}

bool
emit_waits(const struct emit *e)
{
	return (e->batch->rows > 0 || e->tile->row > e->tile->done);
}

void
emit_dropped(struct emit *e, int64_t since, int64_t until)
{
	struct drops d = { clock_bin(since, e->interval), clock_bin(until, e->interval) };
	struct drops *last = e->ndrops > 0 ? &e->drops[e->ndrops - 1] : NULL;

	if (last != NULL && d.from >= last->from && d.from <= last->to + e->interval) {
		last->to = d.to > last->to ? d.to : last->to;
		return;
	}
	if (e->ndrops == EMIT_DROPS)
		memmove(&e->drops[0], &e->drops[1], --e->ndrops * sizeof(e->drops[0]));
	e->drops[e->ndrops++] = d;
}

static unsigned
dropped(const struct emit *e, int64_t start)
{
	for (unsigned i = e->ndrops; i-- > 0;)
		if (start >= e->drops[i].from && start <= e->drops[i].to)
			return (RFLAGS_capdrop);
	return (0);
}

static void
head(struct emit *e, int64_t start, unsigned rectype, unsigned flags)
{
	struct tile *r = e->tile;

	PUT(r, rectype, rectype);
	PUT(r, flags, flags | dropped(e, start));
	PUT(r, bstart, start);
	PUT(r, bend, start + e->interval);
	PUT_KEPT(r, probe, e->name);
}

static const struct path *
path(const struct emit *e, const struct flow_state *f, int side)
{
	return (path_at(&e->table->paths, f->path[side]));
}

static void
form_fields(struct tile *r, const struct flow_key *k, bool lo)
{
	switch (key_form(k->proto, k->kind, k->aux, k->lport | k->hport)) {
	case FORM_ADDRESSES:
		return;
	case FORM_TYPE:
		PUT(r, icmptype, k->aux >> 24);
		PUT(r, icmpcode, k->aux >> 16 & 0xff);
		if (k->kind == 0)
			PUT(r, icmpid, k->aux & 0xffff);
		return;
	case FORM_SAP:
		PUT(r, sap, k->aux);
		return;
	case FORM_PORTS:
		PUT(r, sport, lo ? k->lport : k->hport);
		PUT(r, dport, lo ? k->hport : k->lport);
		return;
	}
}

/* Not inline: the usual record pays for no array of its own on the stack. */
static __attribute__((noinline)) void
tunnel_fields(struct emit *e, const struct flow_state *f)
{
	struct tile *r = e->tile;
	struct key k = table_key(e->table, f);

	PUT(r, tunid, id_of_tunnel(&k));
	if (k.kind == KEY_LANE)
		PUT(r, lane, k.aux);
}

static void
key_fields(struct emit *e, const struct flow_state *f)
{
	struct tile *r = e->tile;
	const struct flow_key *k = &f->key;
	uint32_t vrf = k->vrf;

	PUT(r, proto, k->proto);
	if (k->af != 0) {
		table_address(e->table, f, f->src, PUT_IP_HERE(r, saddr));
		table_address(e->table, f, 1 - f->src, PUT_IP_HERE(r, daddr));
	}
	form_fields(r, k, f->src == 0);
	if (e->vlan_key) {
		const struct path *p = path(e, f, f->life & LIFE_SENT_LO ? 0 : 1); /* of one that has sent */

		vrf ^= key_vlans(p->vlan, p->ivlan);
	}
	PUT(r, vrf, vrf);
	PUT(r, flowid, f->id);
	if (key_is_tunnel(k->proto))
		tunnel_fields(e, f);
}

/* A side's own address as a source, or what the other side called it. */
static bool
side_mac(const struct bin *b, int side, const struct path *own, const struct path *other, uint64_t *mac)
{
	if (b->seen & 1 << side && own->macs)
		*mac = own->smac;
	else if (other->macs)
		*mac = other->dmac;
	else
		return (false);
	return (true);
}

static size_t
encap_text(const struct path *p, char *out, size_t size)
{
#define ENCAP_WORD(name, word) word,
	static const char *const name[] = { ENCAPS(ENCAP_WORD) };
#undef ENCAP_WORD
	size_t n = 0;

	for (int i = 0; i < p->nencap && n < size; i++) {
		const char *sep = i > 0 ? "/" : "", *colon = p->kind[i] == ENCAP_VLAN ? "" : ":";

		if (p->id[i] == ENCAP_NOID)
			n += (size_t)snprintf(out + n, size - n, "%s%s", sep, name[p->kind[i]]);
		else
			n += (size_t)snprintf(out + n, size - n, "%s%s%s%u", sep, name[p->kind[i]],
			    colon, p->id[i]);
	}
	return (n < size ? n : size - 1);
}

static void
frag_fields(struct tile *r, const struct frag_counts *c, int s, int d)
{
	PUT(r, sfrags, c != NULL ? c->frags[s] : 0);
	PUT(r, dfrags, c != NULL ? c->frags[d] : 0);
	if (c == NULL)
		return;
	PUT(r, sfragb, c->fragb[s]);
	PUT(r, dfragb, c->fragb[d]);
#define BOTH(what, name)             \
	PUT(r, s##name, c->name[s]); \
	PUT(r, d##name, c->name[d]);
	FRAG_COUNTS(BOTH)
	FRAG_OTHERS(BOTH)
#undef BOTH
}

/* Attributes of a direction: VLANs, MPLS, encapsulation. */
#define SIDE_ATTRIBUTES(p, side)                                                      \
	do {                                                                          \
		const struct path *x = path(e, f, side);                              \
		size_t n;                                                             \
                                                                                      \
		if (x->vlan != 0xffff)                                                \
			PUT(r, p##vlan, x->vlan);                                     \
		if (x->ivlan != 0xffff)                                               \
			PUT(r, p##ivlan, x->ivlan);                                   \
		if (x->mpls != UINT32_MAX)                                            \
			PUT(r, p##mpls, x->mpls);                                     \
		if (x->nencap > 0 && (n = encap_text(x, e->encap[side], ENCAP_TEXT)) > 0) \
			PUT_BLOB(r, p##encap, e->encap[side], n);                     \
	} while (0)

/* Of the sides that it is asked for, a bit each. */
static void
attributes(struct emit *e, const struct flow_state *f, unsigned sides)
{
	struct tile *r = e->tile;
	int src = f->src, dst = 1 - src;

	if (sides & 1u << src)
		SIDE_ATTRIBUTES(s, src);
	if (sides & 1u << dst)
		SIDE_ATTRIBUTES(d, dst);
}

/* Per direction: what the side's packets looked like. */
#define SIDE_SENT(p, side)                                                            \
	do {                                                                          \
		uint64_t gaps = b->pkts[side] - BIN_WHOLE(o->more, b, firsts, side);  \
                                                                                      \
		PUT_NOTED(r, &is, p##pkts, b->pkts[side]);                            \
		PUT_NOTED(r, &is, p##bytes, b->bytes[side]);                          \
		PUT_NOTED(r, &is, p##ipbytes, b->ipbytes[side]);                      \
		PUT_NOTED(r, &is, p##payload, b->payload[side]);                      \
		PUT_NOTED(r, &is, p##ipg_n, gaps);                                    \
		if (gaps > 0) {                                                       \
			PUT_NOTED(r, &is, p##ipg_sum, b->ipg_sum[side]);              \
			PUT_NOTED(r, &is, p##ipg_sumsq, b->ipg_sumsq[side]);          \
		}                                                                     \
		if (!ip)                                                              \
			break;                                                        \
		PUT_NOTED(r, &is, p##ttlmin, b->ttlmin[side]);                        \
		PUT_NOTED(r, &is, p##ttlmax, b->ttlmax[side]);                        \
		PUT_NOTED(r, &is, p##dscp, b->dscp[side]);                            \
		PUT_NOTED(r, &is, p##dscps, t->dscps[side]);                          \
		PUT_NOTED(r, &is, p##ect0, t->ect0[side]);                            \
		PUT_NOTED(r, &is, p##ect1, t->ect1[side]);                            \
		PUT_NOTED(r, &is, p##ce, t->ce[side]);                                \
	} while (0)
/* Zero, and that stands in a tile already. */
#define SIDE_SILENT(p)                                                                \
	(bit_set(is.w, F_##p##pkts), bit_set(is.w, F_##p##bytes), bit_set(is.w, F_##p##ipbytes), \
	    bit_set(is.w, F_##p##payload), bit_set(is.w, F_##p##ipg_n))

static void
volume(struct tile *r, const struct told *o)
{
	static const struct tos zero = { .dscps = { 1, 1 } };
	const struct bin *b = o->b;
	const struct tos *t = o->tos != NULL ? o->tos : &zero;
	int src = o->f->src, dst = 1 - src;
	bool ip = key_is_ip(o->f->key.af, o->f->key.proto);
	struct tile_noted is = { { 0 } };

	if (b->pkts[src] > 0)
		SIDE_SENT(s, src);
	else
		SIDE_SILENT(s);
	if (b->pkts[dst] > 0)
		SIDE_SENT(d, dst);
	else
		SIDE_SILENT(d);
	tile_note(r, &is);
}

/* Once more, where a sum may have gone round. */
#define SIDE_SUMS(p, side)                                                            \
	do {                                                                          \
		PUT(r, p##bytes, BIN_WHOLE(m, b, bytes, side));                       \
		PUT(r, p##ipbytes, BIN_WHOLE(m, b, ipbytes, side));                   \
		PUT(r, p##payload, BIN_WHOLE(m, b, payload, side));                   \
		if (TILE_HAS(r, p##ipg_sum))                                          \
			PUT(r, p##ipg_sum, BIN_WHOLE(m, b, ipg_sum, side));           \
	} while (0)

static void
whole_sums(struct tile *r, const struct bin *b, const struct bin_more *m, int src)
{
	SIDE_SUMS(s, src);
	SIDE_SUMS(d, 1 - src);
}

/* Everything that is counted: in a bin's own record and in a correction alike. */
static void
counts(struct tile *r, const struct told *o)
{
	const struct flow_state *f = o->f;
	const struct bin *b = o->b;
	const struct bin_more *m = o->more;

	volume(r, o);
	if (m != NULL)
		whole_sums(r, b, m, f->src);
	if (key_is_ip(f->key.af, f->key.proto))
		frag_fields(r, o->frag, f->src, 1 - f->src);
	for (const struct extra *x = extras; x->fill != NULL; x++) {
		uint32_t cell = extra_cell(x, b, m);

		if (cell != 0)
			x->fill(o->track, cell, r);
	}
	if (tracker_at(f)->fill != NULL)
		tracker_at(f)->fill(o->track, f, b, r);
}

static void
direction(struct tile *r, const struct flow_state *f, int64_t start)
{
	PUT(r, dirq, f->dirq); /* fixed once the first record is sealed */
	if (f->otime != start)
		PUT(r, dirq_t, f->otime);
}

static bool
replied(const struct flow_state *f, const struct bin *b)
{
	const struct tracker *k = tracker_at(f);

	return (k->replied != NULL ? k->replied(f) : (b->seen & (1 << (1 - f->src) | SEEN_REPLY)) != 0);
}

void
emit_bin(struct emit *e, const struct told *o)
{
	const struct flow_state *f = o->f;
	const struct bin *b = o->b;
	struct tile *r = e->tile;
	int src = f->src, dst = 1 - src;
	const struct path *s = path(e, f, src), *d = path(e, f, dst);
	uint64_t mac, ohash;

	head(e, b->start, RECTYPE_FLOW, b->flags);
	key_fields(e, f);
	PUT(r, stime, b->stime);
	PUT(r, ltime, b->ltime);
	PUT(r, trans, (b->flags & RFLAGS_start) != 0);
	direction(r, f, b->start);
	PUT(r, state, b->state);
	if (b->cause != 0)
		PUT(r, cause, b->cause);
	if (b->conn != 0)
		PUT(r, conn, b->conn);
	ohash = b->seen & 1 << src && s->ohash != 0 ? s->ohash : b->seen & 1 << dst ? d->ohash : 0;
	if (ohash != 0) /* the source's, if it had sent by then */
		PUT(r, ohash, ohash);
	if (side_mac(b, src, s, d, &mac))
		PUT(r, smac, mac);
	if (side_mac(b, dst, d, s, &mac))
		PUT(r, dmac, mac);
	attributes(e, f, (b->pkts[0] > 0) | (b->pkts[1] > 0) << 1);
	counts(r, o);
	health_fill(r, e->limits, replied(f, b));
	put(e);
}

void
emit_end(struct emit *e, const struct flow_state *f, int64_t start, uint8_t cause, const struct ending *end)
{
	struct tile *r = e->tile;

	head(e, start, RECTYPE_FLOW, RFLAGS_end);
	key_fields(e, f);
	PUT(r, trans, 0);
	direction(r, f, start);
	PUT(r, state, end->state);
	PUT(r, cause, cause);
	if (end->conn != 0)
		PUT(r, conn, end->conn);
	health_fill(r, e->limits, tracker_at(f)->replied != NULL && tracker_at(f)->replied(f));
	put(e);
}

static bool
is_zero(const struct tile *r, unsigned f)
{
	return (fields[f].store == STORE_BLOB ? r->wide[f][r->row].b.n == 0 : r->u[f][r->row] == 0);
}

/* Of the fields that were set since `before` those stay that say something: merging a zero changes nothing. */
static bool
keep_counts(struct tile *r, const uint64_t *before)
{
	bool any = false;

	for (unsigned w = 0; w < TILE_WORDS; w++)
		for (uint64_t set = r->present[r->row][w] & ~before[w]; set != 0; set &= set - 1) {
			unsigned f = 64 * w + (unsigned)__builtin_ctzll(set);

			if (fields[f].agg == AGG_KEY)
				continue;
			if (is_zero(r, f))
				bit_clear(r->present[r->row], f);
			else
				any = true;
		}
	return (any);
}

void
emit_correction(struct emit *e, const struct told *o)
{
	struct tile *r = e->tile;
	uint64_t before[TILE_WORDS];

	head(e, o->b->start, RECTYPE_CORR, 0);
	key_fields(e, o->f);
	PUT(r, trans, 0);
	direction(r, o->f, o->b->start);
	attributes(e, o->f, 3);
	memcpy(before, r->present[r->row], sizeof(before));
	counts(r, o);
	health_fill(r, e->limits, true);
	if (keep_counts(r, before))
		put(e);
	else
		tile_drop(r);
}

void
emit_mar(struct emit *e, int64_t start, const struct stat_set *s, int64_t watermark, bool late)
{
	struct tile *r = e->tile;

	head(e, start, RECTYPE_MAR, late ? RFLAGS_late : 0);
	PUT(r, watermark, watermark);
	stat_fill(s, r);
	if (e->nlinks > 0 && !late)
		PUT_BLOB(r, ifdrops, e->linktext, stat_links(s, e->links, e->nlinks, e->linktext, sizeof(e->linktext)));
	put(e);
}
