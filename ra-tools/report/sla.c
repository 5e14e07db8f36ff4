/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sla.c: service levels of tunnels (SEMANTICS 7, 14.4).
 *
 * Rows are kept as small points, one for a bin in which the tunnel has a record, and sums over the period.
 * What a bin was can only be decided with the others at hand: a proven outage tells of the bins before it.
 */
#include "ra-tools/report/sla.h"

#include "format/base/clock.h"
#include "format/base/mem.h"
#include "format/types.h"
#include "ra-tools/report/drill.h"
#include "ra-tools/report/marks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SILENT_MIN 10 /* packets of one side that make the other's silence an outage */
#define SILENT_FOR 10 /* bins: so long ago the other side has to have been there */
#define IKE_MIN	   3  /* requests without an answer */
#define USUAL_MIN  10 /* gaps between packets that tell what is usual */
#define USUAL_GAPS 5  /* times that: a silence of so long is usual too */
#define LOST_MIN   3  /* packets lost in a bin of few: less is no degradation */

enum { DOWN_SOURCE = 1, DOWN_DESTINATION = 2, DOWN_IKE = 4 };

const struct sla_term_info sla_terms[SLA_TERMS] = {
	[SLA_LOSS] = { "loss", "Loss", "%", true },
	[SLA_AVAIL] = { "avail", "Availability", "%", false },
	[SLA_REORDER] = { "reorder", "Reordered", "%", true },
	[SLA_DUP] = { "dup", "Duplicates", "%", true },
	[SLA_REPLAY] = { "replay", "Replay window 64", "%", true },
	[SLA_BURST] = { "burst", "Longest burst of loss", "packets", true },
	[SLA_OUTAGE] = { "outage", "Proven outages", "s", true },
	[SLA_P95] = { "p95", "Throughput, 95th percentile", "bit/s", false },
};

const char *const sla_state_words[SLA_STATES] = {
	[SLA_IDLE] = "idle", [SLA_UP] = "up",	       [SLA_DEGRADED] = "degraded",
	[SLA_DOWN] = "down", [SLA_ONE_WAY] = "oneway",
};

struct work {			     /* what a tunnel needs until it is judged */
	struct sla_tunnel t;	     /* first: they are cast */
	struct sla_counts sum[2][2]; /* by direction; of suspect bins apart */
	uint64_t dirq[2];	     /* the surest that this orientation, and the other, was seen */
};

struct sla {
	struct sla_options o;
	bool lanes;
	struct work **tunnel;
	size_t n, cap;
	uint32_t *slot; /* index + 1 */
	uint32_t mask;
	struct marks *marks;
	int64_t width;
	struct keys keys;
	struct probes *probes;
};

/* --- limits --------------------------------------------------------------------------------------- */

static bool
parse_limit(enum sla_term t, const char *s, size_t n, double *v, const char **why)
{
	static const enum type kinds[SLA_TERMS] = {
		[SLA_LOSS] = TYPE_PCT,	 [SLA_AVAIL] = TYPE_PCT,  [SLA_REORDER] = TYPE_PCT,
		[SLA_DUP] = TYPE_PCT,	 [SLA_REPLAY] = TYPE_PCT, [SLA_BURST] = TYPE_COUNT,
		[SLA_OUTAGE] = TYPE_DUR, [SLA_P95] = TYPE_BPS
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
				       "burst, outage or p95, "
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
		    ADD(ipg_sum) ADD(ipg_n)
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
sla_want_ike(struct fieldset *s)
{
	static const uint16_t all[] = { F_bstart, F_bend,  F_saddr, F_daddr, F_sikeq, F_dikeq,
					F_siker,  F_diker, F_spkts, F_dpkts, F_probe };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		fieldset_want(s, all[i]);
}

static uint64_t
number(const struct batch *b, enum field f, uint32_t r)
{
	return (column_has(b->col[f], r) ? b->col[f]->u[r] : 0);
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
			rpl[w] += count[k];
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
		*counter(c, i) = number(b, count_fields[i].field[side], r);
	windows(b, side == 0 ? F_slaghist : F_dlaghist, r, c->rpl);
}

static void
counts_add(struct sla_counts *to, struct sla_counts *c)
{
	for (size_t i = 0; i < NCOUNTS; i++) {
		uint64_t *x = counter(to, i), y = *counter(c, i);

		if (!count_fields[i].max)
			*x += y;
		else if (y > *x)
			*x = y;
	}
	for (int w = 0; w < SLA_WINDOWS; w++)
		to->rpl[w] += c->rpl[w];
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
	(void)keys_parse(lanes ? "lane,conv" : "tunnel,conv", &s->keys, err, sizeof(err));
	return (s);
}

static void
tunnel_free(struct sla_tunnel *t)
{
	free(t->id);
	free(t->name[0]);
	free(t->name[1]);
	free(t->proto);
	free(t->probe);
	free(t->filter);
	free(t->one);
	free(t->bpf);
	free(t->point);
	free(t->gap);
	free(t->d[0].violation);
	free(t->d[1].violation);
}

void
sla_free(struct sla **ps)
{
	struct sla *s = *ps;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		tunnel_free(&s->tunnel[i]->t);
		free(s->tunnel[i]);
	}
	free(s->tunnel);
	free(s->slot);
	marks_free(&s->marks);
	probes_free(&s->probes);
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

static struct work *
tunnel_new(struct sla *s, const struct batch *b, uint32_t r, unsigned probe)
{
	struct work *w = mem_zero(1, sizeof(*w));
	struct sla_tunnel *t = &w->t;
	struct buf text = { 0 };

	t->key[0] = number(b, F_tunid, r);
	t->key[1] = s->lanes ? number(b, F_lane, r) : 0;
	t->has_lane = s->lanes;
	t->lane = t->key[1];
	t->probe_number = probe;
	t->probe = mem_str(probes_name(s->probes, probe));
	t->probe_is = probes_kind(s->probes, probe);
	t->id = printed(b, F_tunid, r);
	t->name[0] = printed(b, F_saddr, r);
	t->name[1] = printed(b, F_daddr, r);
	t->proto = printed(b, F_proto, r);
	if (strcmp(t->proto, "udp") ==
	    0) { /* of all that travels in UDP, only this has no protocol of its own here */
		free(t->proto);
		t->proto = mem_str("wireguard");
	}
	t->port[0] = (uint16_t)number(b, F_sport, r);
	t->port[1] = (uint16_t)number(b, F_dport, r);
	if (column_has(b->col[F_saddr], r))
		t->addr[0] = b->col[F_saddr]->ip[r];
	if (column_has(b->col[F_daddr], r))
		t->addr[1] = b->col[F_daddr]->ip[r];
	drill_filter(&s->keys, b, r, &text);
	t->filter = taken(&text);
	probes_filter(s->probes, probe, &text);
	buf_printf(&text, " and %s", t->filter);
	t->one = taken(&text);
	drill_bpf(&s->keys, b, r, &text);
	t->bpf = taken(&text);
	buf_free(&text);
	t->order = (uint32_t)s->n;
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
	uint64_t id = number(b, F_tunid, r), lane = s->lanes ? number(b, F_lane, r) : 0;
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

static struct sla_point *
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
		t->port[0] != t->port[1] && number(b, F_sport, r) != t->port[0]);
}

/* The mean gap between the packets of this side so far. */
static uint32_t
usual_gap(const struct work *w, int side)
{
	uint64_t n = w->sum[side][0].ipg_n + w->sum[side][1].ipg_n,
		 us = w->sum[side][0].ipg_sum + w->sum[side][1].ipg_sum;

	return (n < USUAL_MIN ? 0 : us < n ? 1 : small(us / n));
}

static void
add_row(struct sla *s, const struct batch *b, uint32_t r)
{
	struct work *w = tunnel_of(s, b, r);
	struct sla_tunnel *t = &w->t;
	int64_t start = (int64_t)number(b, F_bstart, r), end = (int64_t)number(b, F_bend, r);
	int turn = turned(t, b, r);
	uint64_t dirq = number(b, F_dirq, r) + 1;
	struct sla_point *p;
	struct sla_counts c = { 0 };

	if (t->n > 0 &&
	    t->point[t->n - 1].start >= start) /* rows come in order of time, one a bin */
		return;
	p = point_new(t);
	p->start = start;
	p->end = end;
	p->suspect = (number(b, F_flags, r) & RFLAGS_capdrop) != 0;
	for (int side = 0; side < 2; side++) {
		int to = side ^ turn;
		enum field spi = side == 0 ? F_sspi : F_dspi;

		counts_of(b, r, side, &c);
		counts_add(&w->sum[to][p->suspect], &c);
		p->d[to] = point_of(&c);
		p->d[to].gap = usual_gap(w, to);
		t->d[to].dscps |= number(b, side == 0 ? F_sdscps : F_ddscps, r);
		if (s->lanes && column_has(b->col[spi], r))
			(void)snprintf(t->spi[to], sizeof(t->spi[to]), "0x%08x",
				       (unsigned)number(b, spi, r));
	}
	if (dirq > w->dirq[turn])
		w->dirq[turn] = dirq;
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
		uint64_t sq = number(b, F_sikeq, r), dq = number(b, F_dikeq, r),
			 sr = number(b, F_siker, r), dr = number(b, F_diker, r);

		if (!batch_selected(b, r) || (sq < dr + IKE_MIN && dq < sr + IKE_MIN) ||
		    !column_has(b->col[F_saddr], r) || !column_has(b->col[F_daddr], r))
			continue;
		marks_ike(s->marks, probes_of_row(s->probes, b, r), &b->col[F_saddr]->ip[r], &b->col[F_daddr]->ip[r],
			  (int64_t)number(b, F_bstart, r), (int64_t)number(b, F_bend, r));
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

/* --- judging: what each bin was ------------------------------------------------------------------- */

static double
percent_of(uint64_t part, uint64_t whole)
{
	return (whole == 0 ? 0 : 100.0 * (double)part / (double)whole);
}

bool
sla_point_loss(const struct sla *s, const struct sla_point *p, int side, double *pct)
{
	const struct sla_dir_point *d = &p->d[side];
	int64_t expected = (int64_t)d->uniq + d->net;

	if (expected <= 0 || (uint64_t)expected < s->o.min_sample)
		return (false);
	*pct = 100.0 * (double)d->net / (double)expected;
	return (true);
}

static int
by_start(const void *x, const void *y)
{
	const struct sla_point *a = x, *b = y;

	return ((a->start > b->start) - (a->start < b->start));
}

/* Bins in which the gateways' IKE went unanswered; from the tunnel's first bin on, also where it has no record. */
static void
mark_ike(struct sla *s, struct sla_tunnel *t)
{
	size_t n = t->n, marks;
	const struct mark *mark = marks_of(s->marks, t->probe_number, &t->addr[0], &t->addr[1], &marks);

	for (size_t i = 0; i < marks; i++) {
		const struct mark *k = &mark[i];
		size_t lo = 0, hi = n;
		struct sla_point *p;

		if (k->start < t->point[0].start)
			continue;
		while (lo < hi) { /* the first that ends behind its start */
			size_t mid = (lo + hi) / 2;

			if (t->point[mid].end <= k->start)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (lo < n && t->point[lo].start <= k->start) {
			t->point[lo].down |= DOWN_IKE;
			continue;
		}
		p = point_new(t);
		p->start = k->start;
		p->end = k->end;
		p->down = DOWN_IKE;
	}
	if (t->n > n)
		qsort(t->point, t->n, sizeof(t->point[0]), by_start);
}

static void
gap_add(struct sla_tunnel *t, int64_t start, int64_t end, enum sla_state state)
{
	if ((t->ngaps & (t->ngaps - 1)) == 0)
		t->gap = mem_grow(t->gap, t->ngaps == 0 ? 1 : t->ngaps * 2, sizeof(t->gap[0]));
	t->gap[t->ngaps++] = (struct sla_gap){ start, end, (uint8_t)state };
}

/* Is it usual that a side sends nothing for so long?  Of whole bins, so rather too short. */
static bool
is_usual(const struct sla_dir_point *before, int64_t silence)
{
	return (before->gap > 0 && silence <= USUAL_GAPS * (int64_t)before->gap * USEC);
}

/* Silences that are usual: from the last bin with a packet of the side to the next one, or to the end. */
static void
mark_usual(struct sla_tunnel *t, int side)
{
	const uint8_t bit = (uint8_t)(1 << side);
	size_t last = t->n;

	for (size_t i = 0; i <= t->n; i++) {
		int64_t end = i < t->n ? t->point[i].start : t->to;

		if (i < t->n && t->point[i].d[side].pkts == 0)
			continue;
		if (last < i && is_usual(&t->point[last].d[side], end - t->point[last].end))
			for (size_t k = last + 1; k <= i && k < t->n; k++) {
				t->point[k].hole |= bit;
				if (k < i)
					t->point[k].usual |= bit;
			}
		last = i;
	}
}

/* Bins without any record in which both sides are alive all the same. */
static void
fill_holes(const struct sla *s, struct sla_tunnel *t)
{
	size_t outages = t->ngaps, k = 0;

	for (size_t i = 1; i < t->n; i++) {
		int64_t start = t->point[i - 1].end, end = t->point[i].start;
		uint8_t alive = t->point[i].hole;

		while (k < outages && t->gap[k].end <= start)
			k++;
		if (start < end && (s->o.oneway ? alive != 0 : alive == 3) && (k == outages || t->gap[k].start >= end))
			gap_add(t, start, end, SLA_UP);
	}
}

/* The bins before point i that lie wholly in the outage of this side that ended in it: silent ones, back to
 * the last packet, not further than the outage is long. */
static void
mark_outage(struct sla *s, struct sla_tunnel *t, size_t i, int side)
{
	int64_t from =
	    t->point[i].start - (int64_t)(t->point[i].d[side].outage * USEC); /* at the earliest */
	uint8_t flag = side == 0 ? DOWN_SOURCE : DOWN_DESTINATION;
	size_t k = i;

	while (k > 0) {
		struct sla_point *before = &t->point[k - 1];
		int64_t hole = t->point[k].start;

		if (before->end < hole && from < hole) { /* bins without any record */
			int64_t start = before->end;

			if (start < from) /* the first whole bin */
				start += (from - start + s->width - 1) / s->width * s->width;
			if (start < hole)
				gap_add(t, start, hole, SLA_DOWN);
		}
		if (before->d[side].pkts > 0 || before->start < from || before->down & flag)
			return;
		before->down |= flag;
		k--;
	}
}

static int
by_gap(const void *x, const void *y)
{
	const struct sla_gap *a = x, *b = y;

	return ((a->start > b->start) - (a->start < b->start));
}

/* Outages of both directions may have told of the same bins. */
static void
merge_gaps(struct sla_tunnel *t)
{
	size_t n = 0;

	if (t->ngaps > 1)
		qsort(t->gap, t->ngaps, sizeof(t->gap[0]), by_gap);
	for (size_t i = 0; i < t->ngaps; i++) {
		if (n > 0 && t->gap[i].start < t->gap[n - 1].end) {
			if (t->gap[i].end > t->gap[n - 1].end)
				t->gap[n - 1].end = t->gap[i].end;
			continue;
		}
		t->gap[n++] = t->gap[i];
	}
	t->ngaps = n;
}

/* Loss in a bin of few packets says something only if there are some of it. */
static bool
over(const struct sla *s, const struct sla_point *p, int side)
{
	const struct sla_dir_point *d = &p->d[side];
	int64_t expected = (int64_t)d->uniq + d->net;

	if (d->rpl64 > 0)
		return (true);
	return (expected > 0 && ((uint64_t)expected >= s->o.min_sample || d->net >= LOST_MIN) &&
		100.0 * (double)d->net / (double)expected > s->o.lmax);
}

static bool
is_alive(const struct sla_point *p, int side)
{
	return (p->d[side].pkts > 0 || (p->usual & 1 << side) != 0);
}

static enum sla_state
state_of(const struct sla *s, const struct sla_point *p)
{
	bool src = is_alive(p, 0), dst = is_alive(p, 1), alive = s->o.oneway ? src || dst : src && dst;

	if (p->down != 0)
		return (SLA_DOWN);
	if (p->d[0].pkts == 0 && p->d[1].pkts == 0) /* only corrections, or nothing */
		return (alive ? SLA_UP : SLA_IDLE);
	if (over(s, p, 0) || over(s, p, 1))
		return (SLA_DEGRADED);
	return (alive ? SLA_UP : SLA_ONE_WAY);
}

/* One side sends, the other is silent although it was there: down for as long as this lasts. */
static void
mark_silence(struct sla *s, struct sla_tunnel *t)
{
	int64_t alive[2] = { INT64_MIN,
			     INT64_MIN }; /* the end of the last bin in which a side was there */

	for (size_t i = 0; i < t->n; i++) {
		struct sla_point *p = &t->point[i];

		for (int side = 0; side < 2; side++) {
			int other = 1 - side;

			if (is_alive(p, side))
				continue;
			if (p->d[other].uniq < SILENT_MIN || alive[side] == INT64_MIN ||
			    p->start - alive[side] >= SILENT_FOR * s->width)
				continue;
			p->down |= side == 0 ? DOWN_SOURCE : DOWN_DESTINATION;
			alive[side] =
			    p->end; /* it goes on: the silence does not become the custom */
		}
		for (int side = 0; side < 2; side++)
			if (p->d[side].pkts > 0)
				alive[side] = p->end;
	}
}

static uint64_t
whole_bins(const struct sla *s, int64_t from, int64_t to)
{
	return (to <= from || s->width <= 0 ? 0
					    : (uint64_t)((to - from + s->width / 2) / s->width));
}

/* Of bins without records: there may be none because nothing was captured. */
static uint64_t
suspect_bins(const struct sla *s, const struct sla_tunnel *t, const struct sla_gap *g)
{
	uint64_t n = 0;

	for (int64_t start = g->start; s->width > 0 && start < g->end; start += s->width)
		n += marks_dropped(s->marks, t->probe_number, start, start + s->width);
	return (n);
}

static void
judge_bins(struct sla *s, struct sla_tunnel *t)
{
	uint64_t empty = 0;

	mark_ike(s, t);
	t->from = t->point[0].start;
	t->to = t->point[t->n - 1].end;
	for (int side = 0; side < 2; side++)
		mark_usual(t, side);
	if (!s->o.oneway)
		mark_silence(s, t);
	for (size_t i = 0; i < t->n; i++)
		for (int side = 0; side < 2; side++)
			if (t->point[i].d[side].outage > 0)
				mark_outage(s, t, i, side);
	merge_gaps(t);
	fill_holes(s, t);
	if (t->ngaps > 1)
		qsort(t->gap, t->ngaps, sizeof(t->gap[0]), by_gap);
	t->bins = whole_bins(s, t->from, t->to);
	if (t->bins < t->n)
		t->bins = t->n;
	for (size_t i = 0; i < t->n; i++) {
		struct sla_point *p = &t->point[i];

		p->state = (uint8_t)state_of(s, p);
		p->suspect |= marks_dropped(s->marks, t->probe_number, p->start, p->end);
		t->suspect += p->suspect;
		if (!p->suspect || !s->o.strict)
			t->count[p->state]++;
	}
	for (size_t i = 0; i < t->ngaps; i++) {
		uint64_t n = whole_bins(s, t->gap[i].start, t->gap[i].end), suspect = suspect_bins(s, t, &t->gap[i]);

		t->suspect += suspect;
		t->count[t->gap[i].state] += s->o.strict ? n - suspect : n;
		empty += n;
	}
	t->count[SLA_IDLE] += t->bins - t->n - empty;
}

uint64_t
sla_judged(const struct sla_tunnel *t)
{
	return (t->count[SLA_UP] + t->count[SLA_DEGRADED] + t->count[SLA_DOWN]);
}

/* --- judging: the period -------------------------------------------------------------------------- */

static int
by_value(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return ((*a > *b) - (*a < *b));
}

static uint64_t
ranked(const uint64_t *v, size_t n, uint64_t bins, uint64_t percent)
{
	uint64_t rank = (percent * bins + 99) / 100, zeros = bins - n;

	return (bins == 0 || rank <= zeros ? 0 : v[rank - zeros - 1]);
}

/* Nearest rank, bins without traffic included. */
static void
throughput(const struct sla *s, struct sla_tunnel *t, int side)
{
	struct sla_direction *d = &t->d[side];
	uint64_t *v = mem_zero(t->n, sizeof(v[0])), bins = t->bins;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct sla_point *p = &t->point[i];

		if (p->suspect && s->o.strict)
			bins--;
		else
			v[n++] = (uint64_t)((double)p->d[side].bytes * 8e9 /
						(double)(p->end - p->start) +
					    0.5);
	}
	qsort(v, n, sizeof(v[0]), by_value);
	d->bps_p50 = ranked(v, n, bins, 50);
	d->bps_p95 = ranked(v, n, bins, 95);
	d->bps_p99 = ranked(v, n, bins, 99);
	d->bps_max = n > 0 ? v[n - 1] : 0;
	free(v);
}

static void
violate(struct sla_direction *d, uint32_t point, uint32_t gap, enum sla_term term, double value)
{
	if ((d->nviolations & (d->nviolations - 1)) == 0)
		d->violation = mem_grow(d->violation, d->nviolations == 0 ? 1 : d->nviolations * 2,
					sizeof(d->violation[0]));
	d->violation[d->nviolations++] = (struct sla_violation){ point, gap, term, value };
}

static bool
sampled(const struct sla *s, uint64_t part, uint64_t whole, double *pct)
{
	*pct = percent_of(part, whole);
	return (whole > 0 && whole >= s->o.min_sample);
}

/* What a bin shows of each term; false: too few packets to say, or it is not told by the bin. */
static bool
term_of_bin(const struct sla *s, const struct sla_point *p, int side, enum sla_term term, double *v)
{
	const struct sla_dir_point *d = &p->d[side];

	switch (term) {
	case SLA_LOSS:
		return (sla_point_loss(s, p, side, v));
	case SLA_REORDER:
		return (sampled(s, d->late, d->uniq, v));
	case SLA_DUP:
		return (sampled(s, d->dup, (uint64_t)d->uniq + d->dup, v));
	case SLA_REPLAY:
		return (sampled(s, d->rpl64, d->uniq, v));
	case SLA_BURST:
		*v = d->maxgap;
		return (d->net > 0);
	case SLA_OUTAGE:
		*v = (double)d->outage / 1e6;
		return (d->outage > 0);
	case SLA_AVAIL:
		*v = 0;
		return (p->state == SLA_DOWN &&
			(p->down & (DOWN_IKE | (side == 0 ? DOWN_SOURCE : DOWN_DESTINATION))) != 0);
	default:
		return (false);
	}
}

static bool
breaks(const struct sla_limits *l, enum sla_term term, double v)
{
	return (l->set[term] && (sla_terms[term].most ? v > l->value[term] : v < l->value[term]));
}

static void
violations(struct sla *s, struct sla_tunnel *t, int side)
{
	const struct sla_limits *l = &s->o.limits;
	double v;

	for (size_t i = 0; i < t->n; i++)
		for (enum sla_term term = 0; term < SLA_TERMS && !t->point[i].suspect; term++)
			if (term_of_bin(s, &t->point[i], side, term, &v) &&
			    (term == SLA_AVAIL ? l->set[term] : breaks(l, term, v)))
				violate(&t->d[side], (uint32_t)i, 0, term, v);
	for (size_t i = 0; i < t->ngaps && l->set[SLA_AVAIL]; i++)
		if (t->gap[i].state == SLA_DOWN)
			violate(&t->d[side], UINT32_MAX, (uint32_t)i, SLA_AVAIL, 0);
}

static void
judge_direction(struct sla *s, struct sla_tunnel *t, int side)
{
	struct sla_direction *d = &t->d[side];
	const struct sla_counts *c = &d->c;
	struct sla_verdict *v = d->verdict;
	uint64_t judged = sla_judged(t);

	d->net = (int64_t)(c->lost - c->fix);
	d->expected = (int64_t)c->uniq + d->net;
	throughput(s, t, side);
	if (d->expected > 0 && (uint64_t)d->expected >= s->o.min_sample) {
		v[SLA_LOSS].known = true;
		v[SLA_LOSS].value = 100.0 * (double)d->net / (double)d->expected;
	}
	v[SLA_REORDER].known = sampled(s, c->late, c->uniq, &v[SLA_REORDER].value);
	v[SLA_DUP].known = sampled(s, c->dup, c->uniq + c->dup, &v[SLA_DUP].value);
	v[SLA_REPLAY].known = sampled(s, c->rpl[1], c->uniq, &v[SLA_REPLAY].value);
	v[SLA_BURST].known = v[SLA_OUTAGE].known = c->uniq > 0;
	v[SLA_BURST].value = (double)c->maxgap;
	v[SLA_OUTAGE].value = (double)c->outage / 1e6;
	v[SLA_P95].known = c->pkts > 0;
	v[SLA_P95].value = (double)d->bps_p95;
	v[SLA_AVAIL].known = judged >= SLA_RATIO_BINS && judged * 100 >= t->bins * SLA_RATIO_PERCENT;
	v[SLA_AVAIL].value = percent_of(judged - t->count[SLA_DOWN], judged);
	for (enum sla_term term = 0; term < SLA_TERMS; term++) {
		v[term].good = !breaks(&s->o.limits, term, v[term].value);
		if (!s->o.limits.set[term] || !v[term].known)
			continue;
		t->judged = true;
		t->violated |= !v[term].good;
	}
	violations(s, t, side);
}

static void
swap_sides(struct work *w)
{
	struct sla_tunnel *t = &w->t;

#define SWAP(type, a, b)                                                                           \
	do {                                                                                       \
		type tmp = (a);                                                                    \
		(a) = (b);                                                                         \
		(b) = tmp;                                                                         \
	} while (0)
	SWAP(char *, t->name[0], t->name[1]);
	SWAP(struct ip, t->addr[0], t->addr[1]);
	SWAP(uint16_t, t->port[0], t->port[1]);
	for (size_t i = 0; i < sizeof(t->spi[0]); i++)
		SWAP(char, t->spi[0][i], t->spi[1][i]);
	SWAP(uint64_t, t->d[0].dscps, t->d[1].dscps);
	for (int k = 0; k < 2; k++)
		SWAP(struct sla_counts, w->sum[0][k], w->sum[1][k]);
	for (size_t i = 0; i < t->n; i++)
		SWAP(struct sla_dir_point, t->point[i].d[0], t->point[i].d[1]);
#undef SWAP
}

static void
judge(struct sla *s, struct work *w)
{
	struct sla_tunnel *t = &w->t;

	if (w->dirq[1] >
	    w->dirq[0]) /* most rows point the other way: who began is known better there */
		swap_sides(w);
	judge_bins(s, t);
	for (int side = 0; side < 2; side++) {
		struct sla_counts *dirty = &w->sum[side][1];

		t->d[side].suspect_net = (int64_t)(dirty->lost - dirty->fix);
		t->d[side].c = w->sum[side][0];
		if (!s->o.strict)
			counts_add(&t->d[side].c, dirty);
		judge_direction(s, t, side);
	}
}

static double
worst_loss(const struct sla_tunnel *t)
{
	double s = t->d[0].expected > 0 ? (double)t->d[0].net / (double)t->d[0].expected : 0,
	       d = t->d[1].expected > 0 ? (double)t->d[1].net / (double)t->d[1].expected : 0;

	return (s > d ? s : d);
}

static int
worst_first(const void *x, const void *y)
{
	const struct sla_tunnel *a = *(const struct sla_tunnel *const *)x,
				*b = *(const struct sla_tunnel *const *)y;
	const struct sla_verdict *va = &a->d[0].verdict[SLA_AVAIL],
				 *vb = &b->d[0].verdict[SLA_AVAIL];
	double aa = va->known ? va->value : 100, ab = vb->known ? vb->value : 100;

	if (a->violated != b->violated)
		return (a->violated ? -1 : 1);
	if (aa < ab || aa > ab)
		return (aa < ab ? -1 : 1);
	if (worst_loss(a) < worst_loss(b) || worst_loss(a) > worst_loss(b))
		return (worst_loss(a) > worst_loss(b) ? -1 : 1);
	return ((a->order > b->order) - (a->order < b->order));
}

void
sla_judge(struct sla *s, int64_t width)
{
	s->width = width;
	marks_ready(s->marks);
	for (size_t i = 0; i < s->n; i++)
		judge(s, s->tunnel[i]);
	if (s->n > 0)
		qsort(s->tunnel, s->n, sizeof(s->tunnel[0]), worst_first);
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
