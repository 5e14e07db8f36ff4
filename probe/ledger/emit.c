/* SPDX-License-Identifier: BSD-2-Clause
 *
 * emit.c: records from state.  The one place in the probe that names the common fields.
 */
#include "probe/ledger/emit.h"

#include "format/base/clock.h"
#include "format/base/hash.h"
#include "probe/track/dns.h"

#include <stdio.h>
#include <string.h>

void
emit_init(struct emit *e, struct sink sink, const char *probe, int64_t interval)
{
	memset(e, 0, sizeof(*e));
	e->sink = sink;
	e->probe = probe;
	e->interval = interval;
	e->batch = batch_new(BATCH_ROWS);
}

void
emit_free(struct emit *e)
{
	batch_free(&e->batch);
}

void
emit_flush(struct emit *e)
{
	if (e->batch->rows > 0)
		e->batch = e->sink.put(e->sink.arg, e->batch);
}

void
emit_put(struct emit *e)
{
	batch_add(e->batch, &e->record);
	e->records++;
	if (e->batch->rows == e->batch->cap)
		emit_flush(e);
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
	struct flow *r = &e->record;

	flow_clear(r);
	SET(r, rectype, rectype);
	SET(r, flags, flags | dropped(e, start));
	SET(r, bstart, start);
	SET(r, bend, start + e->interval);
	SET_BLOB(r, probe, e->probe, strlen(e->probe));
}

#define ENCAP_MAX 160 /* text of ENCAP_DEPTH steps */

static uint64_t
mac_number(const uint8_t m[static 6])
{
	return ((uint64_t)m[0] << 40 | (uint64_t)m[1] << 32 | (uint64_t)m[2] << 24 | (uint64_t)m[3] << 16 |
	    (uint64_t)m[4] << 8 | m[5]);
}

static void
port_fields(struct flow *r, const struct key *k, bool lo)
{
	switch (k->proto) {
	case PROTO_ICMP:
	case PROTO_ICMP6:
		SET(r, icmptype, k->aux >> 24);
		SET(r, icmpcode, k->aux >> 16 & 0xff);
		if (k->kind == 0)
			SET(r, icmpid, k->aux & 0xffff);
		return;
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_SCTP:
	case PROTO_DCCP:
	case PROTO_UDPLITE:
		break;
	default:
		if (k->aux != 0 && (k->kind & (KEY_LANE | KEY_SA)) == 0)
			SET(r, sap, k->aux);
		if (k->lport == 0 && k->hport == 0) /* else UDP-encapsulated ESP */
			return;
	}
	SET(r, sport, lo ? k->lport : k->hport);
	SET(r, dport, lo ? k->hport : k->lport);
}

static void
key_fields(struct flow *r, const struct flow_state *f, bool vlan_key)
{
	const struct key *k = &f->key;
	bool lo = f->src == 0;
	int side = f->life & LIFE_SENT_LO ? 0 : 1; /* one that has sent */

	SET(r, proto, k->proto);
	if (k->af != 0) {
		SET_IP(r, saddr, lo ? k->lo : k->hi);
		SET_IP(r, daddr, lo ? k->hi : k->lo);
	}
	if (k->kind != KEY_PORTLESS)
		port_fields(r, k, lo);
	SET(r, vrf, vlan_key ? k->vrf ^ key_vlans(f->vlan[side], f->ivlan[side]) : k->vrf);
	SET(r, flowid, f->id);
	if (k->proto == PROTO_ESP || k->proto == PROTO_AH) {
		struct key tunnel = *k;

		tunnel.kind = 0;
		tunnel.aux = 0;
		SET(r, tunid, hash64(&tunnel, sizeof(tunnel), 0));
		if (k->kind == KEY_LANE)
			SET(r, lane, k->aux);
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
	static const char *const name[] = { [ENCAP_VLAN] = "q", [ENCAP_MPLS] = "mpls", [ENCAP_PPPOE] = "pppoe",
		[ENCAP_IPIP] = "ipip", [ENCAP_6IN4] = "6in4", [ENCAP_GRE] = "gre", [ENCAP_ERSPAN] = "erspan",
		[ENCAP_VXLAN] = "vxlan", [ENCAP_GENEVE] = "geneve", [ENCAP_GTPU] = "gtp", [ENCAP_TEREDO] = "teredo",
		[ENCAP_L2TP] = "l2tp", [ENCAP_UDP] = "udp", [ENCAP_AH] = "ah",
		[ENCAP_PBB] = "pbb", [ENCAP_PW] = "pw", [ENCAP_VNTAG] = "vntag", [ENCAP_FABRICPATH] = "fabricpath",
		[ENCAP_CMD] = "cmd" };
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
frag_fields(struct flow *r, const struct frag_counts *c, int s, int d)
{
	SET(r, sfrags, c != NULL ? c->frags[s] : 0);
	SET(r, dfrags, c != NULL ? c->frags[d] : 0);
	if (c == NULL)
		return;
#define FRAG_PAIR(name, from)              \
	SET(r, s##name, c->from[s]);       \
	SET(r, d##name, c->from[d])
	FRAG_PAIR(fragb, bytes);
	FRAG_PAIR(fragdg, dg);
	FRAG_PAIR(fragok, ok);
	FRAG_PAIR(fraginc, inc);
	FRAG_PAIR(fragorph, orph);
	FRAG_PAIR(fragovl, ovl);
	FRAG_PAIR(fragdup, dup);
	FRAG_PAIR(fragooo, ooo);
	FRAG_PAIR(fragtiny, tiny);
	FRAG_PAIR(fragbad, bad);
	FRAG_PAIR(fragatom, atom);
#undef FRAG_PAIR
}

static void
about_fields(struct flow *r, const struct track *track, const struct about *a)
{
	if (a->dns != 0)
		dns_fill(track, a->dns, r);
	if (a->icmpun + a->icmpttl + a->icmpbig == 0)
		return;
	SET(r, icmpun, a->icmpun);
	SET(r, icmpttl, a->icmpttl);
	SET(r, icmpbig, a->icmpbig);
}

/* Attributes of a direction: VLANs, MPLS, encapsulation. */
#define SIDE_ATTRIBUTES(p, side)                                                      \
	do {                                                                          \
		if (f->vlan[side] != 0xffff)                                          \
			SET(r, p##vlan, f->vlan[side]);                               \
		if (f->ivlan[side] != 0xffff)                                         \
			SET(r, p##ivlan, f->ivlan[side]);                             \
		if (a == NULL || !(a->known & 1 << side))                             \
			break;                                                        \
		if (a->mpls[side] != UINT32_MAX)                                      \
			SET(r, p##mpls, a->mpls[side]);                               \
		if ((n = encap_text(a, side, encap[side], sizeof(encap[0]))) > 0)     \
			SET_BLOB(r, p##encap, encap[side], n);                        \
	} while (0)

/* Per direction: what the side's packets looked like. */
#define SIDE_FIELDS(p, side)                                                          \
	do {                                                                          \
		SET(r, p##pkts, b->pkts[side]);                                       \
		SET(r, p##bytes, b->bytes[side]);                                     \
		SET(r, p##ipbytes, b->ipbytes[side]);                                 \
		SET(r, p##payload, b->payload[side]);                                 \
		SET(r, p##ipg_n, b->ipg_n[side]);                                     \
		if (b->ipg_n[side] > 0) {                                             \
			SET(r, p##ipg_sum, b->ipg_sum[side]);                         \
			SET(r, p##ipg_sumsq, b->ipg_sumsq[side]);                     \
		}                                                                     \
		if (side_mac(f, b, side, &mac))                                       \
			SET(r, p##mac, mac);                                          \
		if (b->pkts[side] == 0)                                               \
			break;                                                        \
		SIDE_ATTRIBUTES(p, side);                                             \
		if (f->key.af != 0 && f->key.proto != PROTO_ARP) {                    \
			SET(r, p##ttlmin, b->ttlmin[side]);                           \
			SET(r, p##ttlmax, b->ttlmax[side]);                           \
			SET(r, p##dscp, b->dscp[side]);                               \
			SET(r, p##dscps, t ? t->dscps[side] : 1);                     \
			SET(r, p##ect0, t ? t->ect0[side] : 0);                       \
			SET(r, p##ect1, t ? t->ect1[side] : 0);                       \
			SET(r, p##ce, t ? t->ce[side] : 0);                           \
		}                                                                     \
	} while (0)

void
emit_bin(struct emit *e, const struct table *tab, const struct track *track, const struct bin *b)
{
	const struct flow_state *f = flow_at(tab, b->flow);
	const struct tos *t = b->tos != 0 ? pool_at(&tab->toses, b->tos) : NULL;
	const struct attr *a = f->attr != 0 ? pool_at(&tab->attrs, f->attr) : NULL;
	const struct tracker *k = track_for(&f->key);
	struct flow *r = &e->record;
	char encap[2][ENCAP_MAX];
	uint64_t mac, ohash = 0;
	size_t n;
	int src = f->src, dst = 1 - src;

	head(e, b->start, RECTYPE_FLOW, b->flags);
	key_fields(r, f, e->vlan_key);
	SET(r, stime, b->stime);
	SET(r, ltime, b->ltime);
	SET(r, trans, (b->flags & RFLAGS_start) != 0);
	SET(r, dirq, f->dirq); /* fixed once the first record is sealed */
	if (f->otime != b->start)
		SET(r, dirq_t, f->otime);
	SET(r, state, b->state);
	if (b->cause != 0)
		SET(r, cause, b->cause);
	if (b->conn != 0)
		SET(r, conn, b->conn);
	if (a != NULL) /* the source's, if it had sent by then */
		ohash = b->seen & 1 << src && a->ohash[src] != 0 ? a->ohash[src] : b->seen & 1 << dst ? a->ohash[dst] : 0;
	if (ohash != 0)
		SET(r, ohash, ohash);
	SIDE_FIELDS(s, src);
	SIDE_FIELDS(d, dst);
	if (f->key.af != 0 && f->key.proto != PROTO_ARP)
		frag_fields(r, b->frag != 0 ? pool_at(&tab->frags, b->frag) : NULL, src, dst);
	if (b->about != 0)
		about_fields(r, track, pool_at(&tab->abouts, b->about));
	if (k != NULL)
		k->fill(track, f, b, r);
	health_fill(r, e->limits, f->key.proto == PROTO_TCP ? f->tcp_life & TCPLIFE_MORE : b->seen & (1 << dst | SEEN_REPLY));
	emit_put(e);
}

void
emit_end(struct emit *e, const struct flow_state *f, int64_t start, uint8_t cause, uint8_t conn, uint8_t state)
{
	struct flow *r = &e->record;

	head(e, start, RECTYPE_FLOW, RFLAGS_end);
	key_fields(r, f, e->vlan_key);
	SET(r, trans, 0);
	SET(r, dirq, f->dirq);
	if (f->otime != start)
		SET(r, dirq_t, f->otime);
	SET(r, state, state);
	SET(r, cause, cause);
	if (conn != 0)
		SET(r, conn, conn);
	health_fill(r, e->limits, f->tcp_life & TCPLIFE_MORE);
	emit_put(e);
}

struct flow *
emit_corr(struct emit *e, const struct table *tab, const struct flow_state *f, int64_t start)
{
	static char encap[2][ENCAP_MAX]; /* until emit_put() */
	const struct attr *a = f->attr != 0 ? pool_at(&tab->attrs, f->attr) : NULL;
	struct flow *r = &e->record;
	size_t n;
	int src = f->src, dst = 1 - src;

	head(e, start, RECTYPE_CORR, 0);
	key_fields(r, f, e->vlan_key);
	SET(r, trans, 0);
	SET(r, dirq, f->dirq);
	if (f->otime != start)
		SET(r, dirq_t, f->otime);
	SIDE_ATTRIBUTES(s, src);
	SIDE_ATTRIBUTES(d, dst);
	return (r);
}

void
emit_mar(struct emit *e, int64_t start, const struct stat_set *s, int64_t watermark, bool late)
{
	struct flow *r = &e->record;

	head(e, start, RECTYPE_MAR, late ? RFLAGS_late : 0);
	SET(r, watermark, watermark);
	stat_fill(s, r);
	emit_put(e);
}
