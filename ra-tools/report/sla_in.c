/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sla_in.c: limits as they are typed, and rows of tunnels: kept as small points, one for a bin in which the tunnel has a
 * record, and sums over the period.  What a bin was can only be decided with the others at hand: a proven outage tells of the
 * bins before it.  So all of them are kept, packed (sla_pack.c), and those of one tunnel at a time looked at.  Test: tests/unit/ra-tools/report/test_sla.c.
 */
#include "ra-tools/report/sla_room.h"

#include "format/base/hash.h"
#include "format/base/mem.h"
#include "format/base/wide.h"
#include "format/types.h"
#include "ra-tools/query/labels.h"
#include "ra-tools/report/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IKE_MIN	   3  /* requests without an answer */
#define USUAL_MIN  10 /* gaps between packets that tell what is usual */

const struct sla_term_info sla_terms[SLA_TERMS] = {
	[SLA_LOSS] = { "loss", "Loss", "%", true },
	[SLA_AVAIL] = { "avail", "Availability", "%", false },
	[SLA_REORDER] = { "reorder", "Reordered", "%", true },
	[SLA_DUP] = { "dup", "Duplicates", "%", true },
	[SLA_REPLAY] = { "replay", "Replay window 64", "%", true },
	[SLA_BURST] = { "burst", "Longest burst of loss", "packets", true },
	[SLA_OUTAGE] = { "outage", "Proven outages", "s", true },
	[SLA_P95] = { "p95", "Throughput, 95th percentile", "bit/s", false },
	[SLA_RTT] = { "rtt", "Round trip, 95th percentile", "s", true },
};

const char *const sla_state_words[SLA_STATES] = {
	[SLA_IDLE] = "idle", [SLA_UP] = "up",	       [SLA_DEGRADED] = "degraded",
	[SLA_DOWN] = "down", [SLA_ONE_WAY] = "oneway",
};

/* --- limits --------------------------------------------------------------------------------------- */

static bool
parse_limit(enum sla_term t, const char *s, size_t n, double *v, const char **why)
{
	static const enum type kinds[SLA_TERMS] = {
		[SLA_LOSS] = TYPE_PCT,	 [SLA_AVAIL] = TYPE_PCT,  [SLA_REORDER] = TYPE_PCT,
		[SLA_DUP] = TYPE_PCT,	 [SLA_REPLAY] = TYPE_PCT, [SLA_BURST] = TYPE_COUNT,
		[SLA_OUTAGE] = TYPE_DUR, [SLA_P95] = TYPE_BPS, [SLA_RTT] = TYPE_DUR
	};
	union value x;

	if (!value_parse(kinds[t], s, n, 0, CLOCK_UTC, &x, why))
		return (false);
	switch (kinds[t]) {
	case TYPE_COUNT:
		*v = (double)x.u;
		return (true);
	case TYPE_DUR:
		*v = (double)x.u / 1e6;
		return (true);
	default:
		*v = x.r;
		*why = "a percentage from 0 to 100";
		return (kinds[t] != TYPE_PCT || (x.r >= 0 && x.r <= 100));
	}
}

bool
sla_parse(const char *text, struct sla_limits *l, char *err, size_t errlen)
{
	const char *why = "a number";

	for (const char *p = text; *p != '\0';) {
		size_t n = strcspn(p, ","), name = strcspn(p, "=,");
		unsigned t = 0;

		while (t < SLA_TERMS && (strlen(sla_terms[t].word) != name ||
					 memcmp(sla_terms[t].word, p, name) != 0))
			t++;
		if (t == SLA_TERMS || p[name] != '=') {
			(void)snprintf(err, errlen,
				       "--sla %.*s: expected loss, avail, reorder, dup, replay, "
				       "burst, outage, p95 or rtt, "
				       "= and a limit, such as loss=0.1%%",
				       (int)(n < 60 ? n : 60), p);
			return (false);
		}
		if (!parse_limit(t, p + name + 1, n - name - 1, &l->value[t], &why)) {
			(void)snprintf(err, errlen, "--sla %.*s: expected %s",
				       (int)(n < 60 ? n : 60), p, why);
			return (false);
		}
		l->set[t] = true;
		p += n + (p[n] == ',');
	}
	return (true);
}

/* --- rows ----------------------------------------------------------------------------------------- */

static const struct count_field { /* counters that add, or are maxima, and where they go */
	uint16_t field[2];
	uint16_t at;
	bool max;
} count_fields[] = {
#define ADD(name)  { { F_s##name, F_d##name }, offsetof(struct sla_counts, name), false },
#define MOST(name) { { F_s##name, F_d##name }, offsetof(struct sla_counts, name), true },
	ADD(pkts) ADD(bytes) ADD(uniq) ADD(lost) ADD(fix) ADD(dup) ADD(late) ADD(early) ADD(gapev)
	    ADD(stale) ADD(badseq) ADD(jumps) ADD(jumpskip) ADD(resets) ADD(noutage) ADD(outage) ADD(nr3)
		ADD(frags) ADD(fragdg) ADD(fragok) ADD(fraginc) ADD(fragorph) ADD(rekeys) ADD(roam)
		    ADD(ipg_sum) ADD(ipg_n) ADD(rst) ADD(ackev) ADD(ackgap) ADD(ackfix)
		    MOST(maxgap) MOST(lagmax) MOST(extmax) MOST(lateus_max)
#undef ADD
#undef MOST
};
#define NCOUNTS (sizeof(count_fields) / sizeof(count_fields[0]))

void
sla_want(struct fieldset *s)
{
	static const uint16_t others[] = { F_bstart, F_bend,	 F_stime,    F_flags, F_tunid,
					   F_lane,   F_proto,	 F_saddr,    F_daddr, F_sport,
					   F_dport,  F_slaghist, F_dlaghist, F_sspi,  F_dspi,
					   F_dirq,   F_sdscps,	 F_ddscps,   F_spkts, F_dpkts,
					   F_probe };

	for (size_t i = 0; i < NCOUNTS; i++)
		for (int side = 0; side < 2; side++)
			fieldset_want(s, count_fields[i].field[side]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		fieldset_want(s, others[i]);
	drill_want(s);
}

void
sla_want_key(struct fieldset *s)
{
	static const uint16_t all[] = { F_srtxup, F_drtxup, F_srtxdn, F_drtxdn, F_sdatasegs, F_ddatasegs, F_rtts_hist, F_rttd_hist };

	sla_want(s);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		fieldset_want(s, all[i]);
}

void
sla_want_ike(struct fieldset *s)
{
	static const uint16_t all[] = { F_bstart, F_bend,  F_saddr, F_daddr, F_sikeq, F_dikeq,
					F_siker,  F_diker, F_spkts, F_dpkts, F_probe };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		fieldset_want(s, all[i]);
}

static void
windows(const struct batch *b, enum field f, uint32_t r, uint64_t rpl[static SLA_WINDOWS])
{
	uint64_t count[HIST_BUCKETS];

	memset(rpl, 0, SLA_WINDOWS * sizeof(rpl[0]));
	if (!column_has(b->col[f], r))
		return;
	hist_unpack(b->col[f]->b[r], count);
	for (int w = 0; w < SLA_WINDOWS; w++) /* a lag of 2^k and more is outside a window of 2^k */
		for (int k = 5 + w; k < HIST_BUCKETS; k++)
			rpl[w] = saturating_sum(rpl[w], count[k]);
}

static uint64_t *
counter(struct sla_counts *c, size_t i)
{
	return ((uint64_t *)(void *)((char *)c + count_fields[i].at));
}

static void
counts_of(const struct batch *b, uint32_t r, int side, struct sla_counts *c)
{
	for (size_t i = 0; i < NCOUNTS; i++)
		*counter(c, i) = batch_u64(b, count_fields[i].field[side], r);
	windows(b, side == 0 ? F_slaghist : F_dlaghist, r, c->rpl);
}

/* What is lost is what sloss and sploss say: TCP's estimate, or what is missing by sequence number. */
static void
losses_of(const struct batch *b, uint32_t r, int side, struct sla_counts *c)
{
	uint64_t again = batch_u64(b, side == 0 ? F_srtxup : F_drtxup, r) + batch_u64(b, side == 0 ? F_srtxdn : F_drtxdn, r),
		 sent = batch_u64(b, side == 0 ? F_sdatasegs : F_ddatasegs, r) + c->uniq;

	c->lost += again;
	c->uniq = sent > again ? sent - again : 0;
}

static void
round_trips(struct work *w, const struct batch *b, uint32_t r, int side, int to)
{
	const struct column *c = b->col[side == 0 ? F_rtts_hist : F_rttd_hist];
	uint64_t count[HIST_BUCKETS];

	if (!column_has(c, r))
		return;
	hist_unpack(c->b[r], count);
	for (int i = 0; i < HIST_BUCKETS; i++)
		w->rtt[to][i] += count[i];
}

void
counts_add(struct sla_counts *to, struct sla_counts *c)
{
	for (size_t i = 0; i < NCOUNTS; i++) {
		uint64_t *x = counter(to, i), y = *counter(c, i);

		if (!count_fields[i].max)
			*x = saturating_sum(*x, y);
		else if (y > *x)
			*x = y;
	}
	for (int w = 0; w < SLA_WINDOWS; w++)
		to->rpl[w] = saturating_sum(to->rpl[w], c->rpl[w]);
}

static uint32_t
small(uint64_t v)
{
	return (v > UINT32_MAX ? UINT32_MAX : (uint32_t)v);
}

static struct sla_dir_point
point_of(const struct sla_counts *c)
{
	return ((struct sla_dir_point){ .bytes = c->bytes,
					.outage = c->outage,
					.pkts = small(c->pkts),
					.uniq = small(c->uniq),
					.dup = small(c->dup),
					.late = small(c->late),
					.early = small(c->early),
					.rpl64 = small(c->rpl[1]),
					.maxgap = small(c->maxgap),
					.net = (int64_t)(c->lost - c->fix) });
}

/* --- tunnels -------------------------------------------------------------------------------------- */

struct sla *
sla_new(const struct sla_options *o, bool lanes)
{
	struct sla *s = mem_zero(1, sizeof(*s));
	char err[128];

	s->o = *o;
	s->lanes = lanes;
	s->probes = probes_new();
	s->marks = marks_new();
	s->bins = spill_new(0);
	if (o->key != NULL)
		s->keys = *o->key;
	else
		(void)keys_parse(lanes ? "lane,conv" : "tunnel,conv", &s->keys, err, sizeof(err));
	return (s);
}

static void
tunnel_free(struct sla_tunnel *t)
{
	free(t->id);
	free(t->name[0]);
	free(t->name[1]);
	for (int side = 0; side < 2; side++) {
		free(t->label[side]);
		free(t->called[side]);
	}
	free(t->proto);
	free(t->probe);
	free(t->filter);
	free(t->one);
	free(t->bpf);
	drop_points(t);
}

void
sla_free(struct sla **ps)
{
	struct sla *s = *ps;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		tunnel_free(&s->tunnel[i]->t);
		buf_free(&s->tunnel[i]->packed);
		free(s->tunnel[i]);
	}
	free(s->tunnel);
	free(s->slot);
	marks_free(&s->marks);
	probes_free(&s->probes);
	spill_free(&s->bins);
	free(s);
	*ps = NULL;
}

static char *
taken(struct buf *b)
{
	char *text = mem_str(buf_cstr(b));

	b->len = 0;
	return (text);
}

static char *
printed(const struct batch *b, enum field f, uint32_t r)
{
	static const struct text_options plain = { .digits = 6 };
	struct buf text = { 0 };
	union value v = column_value(b->col[f], r);
	char *copy;

	if (column_has(b->col[f], r))
		value_print(&text, fields[f].type, &v, &plain, -1);
	else
		buf_u8(&text, '-');
	copy = taken(&text);
	buf_free(&text);
	return (copy);
}

static void
name_tunnel(struct sla_tunnel *t, const struct batch *b, uint32_t r)
{
	t->id = printed(b, F_tunid, r);
	t->name[0] = printed(b, F_saddr, r);
	t->name[1] = printed(b, F_daddr, r);
	t->proto = printed(b, F_proto, r);
	if (strcmp(t->proto, "udp") == 0) { /* of all that travels in UDP, only this has no protocol of its own here */
		free(t->proto);
		t->proto = mem_str("wireguard");
	}
	t->port[0] = (uint16_t)batch_u64(b, F_sport, r);
	t->port[1] = (uint16_t)batch_u64(b, F_dport, r);
}

/* [2001:db8::1] */
static void
in_brackets(struct buf *b)
{
	char *inside = mem_str(buf_cstr(b));

	b->len = 0;
	buf_printf(b, "[%s]", inside);
	free(inside);
}

/* What else a key has: each side by its own fields, the rest as if it were the protocol. */
static void
name_key(const struct sla *s, struct sla_tunnel *t, const struct batch *b, uint32_t r)
{
	struct buf part[3] = { { 0 }, { 0 }, { 0 } };

	for (unsigned i = 0; i < s->keys.n; i++) {
		enum field f = s->keys.part[i].field, twin = fields[f].twin;
		struct buf *to = &part[twin == f ? 2 : twin > f ? 0 : 1];
		char *text;

		if (f == F_probe || f == F_bstart || !column_has(b->col[f], r))
			continue;
		if (twin == f && f != F_proto && b->col[f]->store == STORE_U64 && b->col[f]->u[r] == 0) /* no VRF, no type of ICMP */
			continue;
		text = printed(b, f, r);
		if ((f == F_sport || f == F_dport) && memchr(to->p, ':', to->len) != NULL)
			in_brackets(to);
		buf_printf(to, "%s%s", to->len == 0 ? "" : f == F_sport || f == F_dport ? ":" : f == F_smask || f == F_dmask ? "/" : ", ", text);
		free(text);
	}
	for (int side = 0; side < 2; side++) {
		if (part[side].len == 0)
			buf_u8(&part[side], '*');
		t->name[side] = taken(&part[side]);
	}
	t->proto = taken(&part[2]);
	t->id = mem_str("");
	t->other = true;
	for (int i = 0; i < 3; i++)
		buf_free(&part[i]);
}

/* What tells one from another. */
static uint64_t
id_of(const struct sla *s, const struct batch *b, uint32_t r)
{
	uint64_t id = 1;

	if (s->o.key == NULL)
		return (batch_u64(b, F_tunid, r));
	for (unsigned i = 0; i < s->keys.n; i++) {
		const struct column *c = b->col[s->keys.part[i].field];

		if (!column_has(c, r))
			id = hash64(&id, sizeof(id), 1);
		else if (c->store == STORE_IP)
			id = hash64(&c->ip[r], sizeof(c->ip[r]), id);
		else if (c->store == STORE_BLOB)
			id = hash64(c->b[r].p, c->b[r].n, id);
		else
			id = hash64(&c->u[r], sizeof(c->u[r]), id);
	}
	return (id);
}

/* Has this side one address? */
static bool
is_gateway(const struct sla *s, int side)
{
	bool has = s->o.key == NULL;

	for (unsigned i = 0; i < s->keys.n; i++)
		has |= s->keys.part[i].field == (side == 0 ? F_saddr : F_daddr);
	return (has);
}

/* Who its gateways are, and what was promised to them. */
static void
introduce(const struct sla *s, struct sla_tunnel *t)
{
	struct buf b = { 0 };

	for (int side = 0; side < 2; side++) {
		struct blob label = s->o.labels == NULL || !is_gateway(s, side) ? (struct blob){ .n = 0 } : labels_of(s->o.labels, &t->addr[side]);

		if (label.n > 0) {
			buf_plain(&b, (const char *)label.p, label.n);
			t->label[side] = taken(&b);
			buf_printf(&b, "%s (%s)", t->label[side], t->name[side]);
		} else {
			buf_str(&b, t->name[side]);
		}
		t->called[side] = taken(&b);
	}
	t->contract = contracts_find(s->o.contracts, t->addr, (const char *const *)t->label, t->id);
	t->limits = t->contract != NULL ? *contract_limits(t->contract) : s->o.limits;
	buf_free(&b);
}

static struct work *
tunnel_new(struct sla *s, const struct batch *b, uint32_t r, unsigned probe)
{
	struct work *w = mem_zero(1, sizeof(*w));
	struct sla_tunnel *t = &w->t;
	struct buf text = { 0 };

	t->key[0] = id_of(s, b, r);
	t->key[1] = s->lanes ? batch_u64(b, F_lane, r) : 0;
	t->has_lane = s->lanes;
	t->lane = t->key[1];
	t->probe_number = probe;
	t->probe = mem_str(probes_name(s->probes, probe));
	t->probe_is = probes_kind(s->probes, probe);
	if (s->o.key != NULL)
		name_key(s, t, b, r);
	else
		name_tunnel(t, b, r);
	if (column_has(b->col[F_saddr], r))
		t->addr[0] = b->col[F_saddr]->ip[r];
	if (column_has(b->col[F_daddr], r))
		t->addr[1] = b->col[F_daddr]->ip[r];
	introduce(s, t);
	drill_filter(&s->keys, b, r, &text);
	t->filter = taken(&text);
	probes_filter(s->probes, probe, &text);
	buf_printf(&text, " and %s", t->filter);
	t->one = taken(&text);
	drill_bpf(&s->keys, b, r, &text);
	t->bpf = taken(&text);
	buf_free(&text);
	t->order = (uint32_t)s->n;
	w->stream = spill_stream(s->bins);
	return (w);
}

static uint32_t
place(const struct sla *s, uint64_t id, uint64_t lane, unsigned probe)
{
	return ((uint32_t)((id ^ (id >> 32) ^ (lane + probe * 0x1fffbull) * 0x9e3779b97f4a7c15ull) & s->mask));
}

static void
more_slots(struct sla *s)
{
	s->mask = s->mask == 0 ? 63 : s->mask * 2 + 1;
	free(s->slot);
	s->slot = mem_zero(s->mask + 1, sizeof(s->slot[0]));
	for (size_t i = 0; i < s->n; i++) {
		const struct sla_tunnel *t = &s->tunnel[i]->t;
		uint32_t at = place(s, t->key[0], t->key[1], t->probe_number);

		while (s->slot[at] != 0)
			at = (at + 1) & s->mask;
		s->slot[at] = (uint32_t)i + 1;
	}
}

static struct work *
tunnel_of(struct sla *s, const struct batch *b, uint32_t r)
{
	uint64_t id = id_of(s, b, r), lane = s->lanes ? batch_u64(b, F_lane, r) : 0;
	unsigned probe = probes_of_row(s->probes, b, r);
	uint32_t at;

	if (s->n * 2 >= s->mask)
		more_slots(s);
	for (at = place(s, id, lane, probe); s->slot[at] != 0; at = (at + 1) & s->mask) {
		struct work *w = s->tunnel[s->slot[at] - 1];

		if (w->t.key[0] == id && w->t.key[1] == lane && w->t.probe_number == probe)
			return (w);
	}
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 64 : s->cap * 2;
		s->tunnel = mem_grow(s->tunnel, s->cap, sizeof(s->tunnel[0]));
	}
	s->tunnel[s->n] = tunnel_new(s, b, r, probe);
	s->slot[at] = (uint32_t)s->n + 1;
	return (s->tunnel[s->n++]);
}

struct sla_point *
point_new(struct sla_tunnel *t)
{
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 16 : t->cap * 2;
		t->point = mem_grow(t->point, t->cap, sizeof(t->point[0]));
	}
	t->point[t->n] = (struct sla_point){ 0 };
	return (&t->point[t->n++]);
}

/* Is the row turned against the tunnel? Its ends are those of the first row. */
static int
turned(const struct sla_tunnel *t, const struct batch *b, uint32_t r)
{
	if (!column_has(b->col[F_saddr], r))
		return (0);
	if (memcmp(&b->col[F_saddr]->ip[r], &t->addr[0], sizeof(struct ip)) != 0)
		return (1);
	return (memcmp(&t->addr[0], &t->addr[1], sizeof(struct ip)) == 0 &&
		t->port[0] != t->port[1] && batch_u64(b, F_sport, r) != t->port[0]);
}

/* The mean gap between the packets of this side so far. */
static uint32_t
usual_gap(const struct work *w, int side)
{
	uint64_t n = w->sum[side][0].ipg_n + w->sum[side][1].ipg_n,
		 us = w->sum[side][0].ipg_sum + w->sum[side][1].ipg_sum;

	return (n < USUAL_MIN ? 0 : us < n ? 1 : small(us / n));
}

/* Of an outage that ended in a bin, what lies in the hours of service. */
static void
outage_served(const struct sla *s, const struct sla_tunnel *t, int64_t end, struct sla_counts *c)
{
	int64_t most = c->outage > (uint64_t)(INT64_MAX / USEC) ? INT64_MAX : (int64_t)c->outage * USEC;

	if (c->outage == 0 || *contract_hours(t->contract) == '\0' || most > end)
		return;
	c->outage = (uint64_t)(contract_time(t->contract, end - most, end, s->o.zone) / USEC);
	if (c->outage == 0)
		c->noutage = 0;
}

static void
add_row(struct sla *s, const struct batch *b, uint32_t r)
{
	struct work *w = tunnel_of(s, b, r);
	struct sla_tunnel *t = &w->t;
	int64_t start = (int64_t)batch_u64(b, F_bstart, r), end = (int64_t)batch_u64(b, F_bend, r);
	int turn = turned(t, b, r);
	uint64_t dirq = batch_u64(b, F_dirq, r) + 1;
	struct sla_point p = { .start = start, .end = end };
	struct sla_counts c = { 0 };

	if (t->to == 0)
		t->from = start;
	t->to = end > t->to ? end : t->to;
	if (!contract_serves(t->contract, start, end, s->o.zone))
		return;
	if (t->n > 0 && w->last >= start) /* rows come in order of time, one a bin */
		return;
	w->last = start;
	p.suspect = (batch_u64(b, F_flags, r) & RFLAGS_capdrop) != 0;
	for (int side = 0; side < 2; side++) {
		int to = side ^ turn;
		enum field spi = side == 0 ? F_sspi : F_dspi;

		counts_of(b, r, side, &c);
		if (s->o.key != NULL) {
			losses_of(b, r, side, &c);
			round_trips(w, b, r, side, to);
		}
		outage_served(s, t, end, &c);
		counts_add(&w->sum[to][p.suspect], &c);
		p.d[to] = point_of(&c);
		p.d[to].gap = usual_gap(w, to);
		p.marks |= (c.rekeys > 0 ? SLA_MARK_REKEY : 0) | (c.jumps > 0 ? SLA_MARK_JUMP : 0);
		t->d[to].dscps |= batch_u64(b, side == 0 ? F_sdscps : F_ddscps, r);
		if (s->lanes && column_has(b->col[spi], r))
			(void)snprintf(t->spi[to], sizeof(t->spi[to]), "0x%08x",
				       (unsigned)batch_u64(b, spi, r));
	}
	if (dirq > w->dirq[turn])
		w->dirq[turn] = dirq;
	pack_point(s, w, &p);
	t->n++;
}

void
sla_add(struct sla *s, const struct batch *b)
{
	for (uint32_t r = 0; r < b->rows; r++)
		if (batch_selected(b, r))
			add_row(s, b, r);
}

void
sla_ike(struct sla *s, const struct batch *b)
{
	for (uint32_t r = 0; r < b->rows; r++) {
		uint64_t sq = batch_u64(b, F_sikeq, r), dq = batch_u64(b, F_dikeq, r),
			 sr = batch_u64(b, F_siker, r), dr = batch_u64(b, F_diker, r);

		if (!batch_selected(b, r) || (sq < dr + IKE_MIN && dq < sr + IKE_MIN) ||
		    !column_has(b->col[F_saddr], r) || !column_has(b->col[F_daddr], r))
			continue;
		marks_ike(s->marks, probes_of_row(s->probes, b, r), &b->col[F_saddr]->ip[r], &b->col[F_daddr]->ip[r],
			  (int64_t)batch_u64(b, F_bstart, r), (int64_t)batch_u64(b, F_bend, r));
	}
}

void
sla_suspect(struct sla *s, const struct batch *b, uint32_t r)
{
	unsigned probe;

	if (!column_has(b->col[F_bstart], r) || !column_has(b->col[F_bend], r))
		return;
	probe = probes_of_row(s->probes, b, r);
	marks_drops(s->marks, probes_kind(s->probes, probe) == PROBE_MERGED ? MARKS_EVERY : probe, b->col[F_bstart]->i[r],
		    b->col[F_bend]->i[r]);
}

void
sla_memory(struct sla *s, uint64_t bytes)
{
	spill_hold(s->bins, bytes);
}

const char *
sla_error(const struct sla *s)
{
	return (spill_error(s->bins));
}

void
sla_look(struct sla *s, const struct sla_tunnel *t)
{
	struct work *w = s->tunnel[t->order];

	if (s->looked == w)
		return;
	if (s->looked != NULL)
		drop_points(&s->looked->t);
	s->looked = w;
	unpack_all(s, w);
	for (int side = 0; side < 2; side++)
		find_violations(s, &w->t, side);
}

size_t
sla_count(const struct sla *s)
{
	return (s->n);
}

const struct sla_tunnel *
sla_tunnel(const struct sla *s, size_t i)
{
	return (&s->tunnel[i]->t);
}

const struct sla_options *
sla_options(const struct sla *s)
{
	return (&s->o);
}

int64_t
sla_width(const struct sla *s)
{
	return (s->width);
}
