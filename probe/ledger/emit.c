/* SPDX-License-Identifier: BSD-2-Clause
 *
 * emit.c: records from state: what all flows have; trackers fill in the rest.
 */
#include "probe/ledger/emit.h"

#include "format/base/clock.h"

#include <endian.h>
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

static uint64_t
mac_number(const uint8_t m[static 6])
{
	uint32_t head;
	uint16_t tail;

	memcpy(&head, m, sizeof(head));
	memcpy(&tail, m + 4, sizeof(tail));
	return ((uint64_t)be32toh(head) << 16 | be16toh(tail));
}

static void
form_fields(struct tile *r, const struct key *k, bool lo)
{
	switch (key_form(k)) {
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

static void
key_fields(struct tile *r, const struct flow_state *f, bool vlan_key)
{
	const struct key *k = &f->key;
	bool lo = f->src == 0;
	int side = f->life & LIFE_SENT_LO ? 0 : 1; /* one that has sent */

	PUT(r, proto, k->proto);
	if (k->af != 0) {
		PUT_IP(r, saddr, lo ? k->lo : k->hi);
		PUT_IP(r, daddr, lo ? k->hi : k->lo);
	}
	form_fields(r, k, lo);
	PUT(r, vrf, vlan_key ? k->vrf ^ key_vlans(f->vlan[side], f->ivlan[side]) : k->vrf);
	PUT(r, flowid, f->id);
	if (key_is_tunnel(k)) {
		PUT(r, tunid, id_of_tunnel(k));
		if (k->kind == KEY_LANE)
			PUT(r, lane, k->aux);
	}
}

/* A side's own address as a source, or what the other side called it. */
static bool
side_mac(const struct flow_state *f, const struct bin *b, int side, uint64_t *mac)
{
	if (b->seen & 1 << side && f->macs & 1 << side)
		*mac = mac_number(f->mac[side]);
	else if (f->macs & 4 << side)
		*mac = mac_number(f->mac_to[side]);
	else
		return (false);
	return (true);
}

static size_t
encap_text(const struct attr *a, int side, char *out, size_t size)
{
#define ENCAP_WORD(name, word) word,
	static const char *const name[] = { ENCAPS(ENCAP_WORD) };
#undef ENCAP_WORD
	size_t n = 0;

	for (int i = 0; i < a->nencap[side] && n < size; i++) {
		const char *sep = i > 0 ? "/" : "", *colon = a->kind[side][i] == ENCAP_VLAN ? "" : ":";

		if (a->id[side][i] == ENCAP_NOID)
			n += (size_t)snprintf(out + n, size - n, "%s%s", sep, name[a->kind[side][i]]);
		else
			n += (size_t)snprintf(out + n, size - n, "%s%s%s%u", sep, name[a->kind[side][i]],
			    colon, a->id[side][i]);
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
		if (f->vlan[side] != 0xffff)                                          \
			PUT(r, p##vlan, f->vlan[side]);                               \
		if (f->ivlan[side] != 0xffff)                                         \
			PUT(r, p##ivlan, f->ivlan[side]);                             \
		if (a == NULL || !(a->known & 1 << side))                             \
			break;                                                        \
		if (a->mpls[side] != UINT32_MAX)                                      \
			PUT(r, p##mpls, a->mpls[side]);                               \
		if ((n = encap_text(a, side, e->encap[side], ENCAP_TEXT)) > 0)     \
			PUT_BLOB(r, p##encap, e->encap[side], n);                     \
	} while (0)

/* Of the sides that it is asked for, a bit each. */
static void
attributes(struct emit *e, const struct flow_state *f, const struct attr *a, unsigned sides)
{
	struct tile *r = e->tile;
	int src = f->src, dst = 1 - src;
	size_t n;

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
	bool ip = key_is_ip(&o->f->key);
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
	if (key_is_ip(&f->key))
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
	const struct attr *a = o->attr;
	struct tile *r = e->tile;
	uint64_t mac, ohash = 0;
	int src = f->src, dst = 1 - src;

	head(e, b->start, RECTYPE_FLOW, b->flags);
	key_fields(r, f, e->vlan_key);
	PUT(r, stime, b->stime);
	PUT(r, ltime, b->ltime);
	PUT(r, trans, (b->flags & RFLAGS_start) != 0);
	direction(r, f, b->start);
	PUT(r, state, b->state);
	if (b->cause != 0)
		PUT(r, cause, b->cause);
	if (b->conn != 0)
		PUT(r, conn, b->conn);
	if (a != NULL) /* the source's, if it had sent by then */
		ohash = b->seen & 1 << src && a->ohash[src] != 0 ? a->ohash[src] : b->seen & 1 << dst ? a->ohash[dst] : 0;
	if (ohash != 0)
		PUT(r, ohash, ohash);
	if (side_mac(f, b, src, &mac))
		PUT(r, smac, mac);
	if (side_mac(f, b, dst, &mac))
		PUT(r, dmac, mac);
	attributes(e, f, a, (b->pkts[0] > 0) | (b->pkts[1] > 0) << 1);
	counts(r, o);
	health_fill(r, e->limits, replied(f, b));
	put(e);
}

void
emit_end(struct emit *e, const struct flow_state *f, int64_t start, uint8_t cause, const struct ending *end)
{
	struct tile *r = e->tile;

	head(e, start, RECTYPE_FLOW, RFLAGS_end);
	key_fields(r, f, e->vlan_key);
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
	key_fields(r, o->f, e->vlan_key);
	PUT(r, trans, 0);
	direction(r, o->f, o->b->start);
	attributes(e, o->f, o->attr, 3);
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
