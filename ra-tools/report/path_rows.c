/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path_rows.c: two probes of one path: rows as they come, kept by flow and by probe.  What follows from them is worked out in
 * path_clock.c (clocks, order), path_sets.c (numbers) and path_ways.c.
 */
#include "ra-tools/report/path_room.h"

#include "format/base/buf.h"
#include "format/base/mem.h"
#include "format/seqs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ESP = 50, AH = 51, TCP = 6 };

static const uint16_t wanted[] = { F_rectype, F_flags, F_bstart, F_bend, F_stime, F_ltime, F_probe, F_dirq, F_proto,
	F_saddr, F_daddr, F_sport, F_dport, F_icmptype, F_icmpcode, F_icmpid, F_tunid, F_spkts, F_dpkts, F_suniq, F_duniq,
	F_slost, F_dlost, F_sfix, F_dfix, F_sdup, F_ddup, F_slate, F_dlate, F_sstale, F_dstale, F_sbadseq, F_dbadseq,
	F_sjumpskip, F_djumpskip, F_sresets, F_dresets, F_sseqs, F_dseqs, F_sspi, F_dspi, F_spiflags, F_srtxup, F_drtxup,
	F_srtxdn, F_drtxdn, F_sooo, F_dooo, F_sttlmin, F_dttlmin, F_sttlmax, F_dttlmax, F_rtts_min, F_rttd_min, F_ssyn,
	F_dsyn, F_sfin, F_dfin, F_srst, F_drst, F_sfraginc, F_dfraginc, F_sspur, F_dspur,
	F_slagmax, F_dlagmax, F_synack_min, F_synack_n, F_scapmiss, F_dcapmiss, F_scapfix, F_dcapfix, F_ps_drop, F_ps_ifdrop, F_ifgap,
	F_tbad, F_tback, F_tjump, F_frames };

bool
path_parse(char *text, struct path_options *o, char *err, size_t errlen)
{
	char *comma = strchr(text, ',');

	if (comma == NULL || comma == text || comma[1] == '\0' || strchr(comma + 1, ',') != NULL)
		return (say_wrong(err, errlen, "--path %s: expected the ids of two probes, such as a,b", text));
	if (strncmp(text, comma + 1, (size_t)(comma - text)) == 0 && comma[1 + (comma - text)] == '\0')
		return (say_wrong(err, errlen, "--path %s: that is one probe", text));
	*comma = '\0';
	o->a = text;
	o->b = comma + 1;
	return (true);
}

struct path *
path_new(const struct path_options *o)
{
	struct path *p = mem_zero(1, sizeof(*p));

	p->o = *o;
	p->marks = marks_new();
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? o->a : o->b;

		p->wanted[i] = name != NULL ? mem_str(name) : NULL;
		p->name[i] = name != NULL ? mem_str(name) : NULL;
		p->cover[i] = (struct path_cover){ INT64_MAX, INT64_MIN };
		p->marked[i] = (unsigned)i;
	}
	return (p);
}

void
path_free(struct path **pp)
{
	struct path *p = *pp;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		for (int k = 0; k < 4; k++) {
			free(p->item[i].half[k / 2][k % 2].row);
			free(p->item[i].half[k / 2][k % 2].run);
		}
	for (size_t i = 0; i < p->ways; i++)
		free(p->way[i].point);
	for (int i = 0; i < 2; i++) {
		free(p->wanted[i]);
		free(p->name[i]);
	}
	free(p->item);
	map_free(&p->known);
	free(p->sample);
	free(p->way);
	marks_free(&p->marks);
	free(p);
	*pp = NULL;
}

void
path_want(struct fieldset *s)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		fieldset_want(s, wanted[i]);
}

/* 0 a, 1 b; -1: another one, or nobody's. */
static int
probe_of(struct path *p, const struct batch *b, uint32_t r)
{
	struct blob name;
	char *text;

	if (!column_has(b->col[F_probe], r))
		return (-1);
	name = b->col[F_probe]->b[r];
	for (int i = 0; i < 2; i++)
		if (p->name[i] != NULL && strlen(p->name[i]) == name.n && memcmp(p->name[i], name.p, name.n) == 0) {
			p->probes |= 1u << i;
			return (i);
		}
	if (p->o.a != NULL || p->name[1] != NULL) {
		p->others += p->o.a == NULL;
		return (-1);
	}
	text = mem_zero(name.n + 1, 1);
	memcpy(text, name.p, name.n);
	p->name[p->name[0] == NULL ? 0 : 1] = text;
	p->probes |= p->name[1] == NULL ? 1 : 2;
	return (p->name[1] == NULL ? 0 : 1);
}

/* --- flows and tunnels */

static bool
is_tunnel(const struct batch *b, uint32_t r)
{
	uint64_t proto = batch_u64(b, F_proto, r);

	return (proto == ESP || proto == AH || column_has(b->col[F_tunid], r));
}

static void
key_of(const struct batch *b, uint32_t r, struct path_item *k, bool *turned)
{
	int c;

	memset(k, 0, sizeof(*k));
	k->proto = (unsigned)batch_u64(b, F_proto, r);
	k->addr[0] = b->col[F_saddr]->ip[r];
	k->addr[1] = b->col[F_daddr]->ip[r];
	k->ports = column_has(b->col[F_sport], r);
	k->port[0] = (uint16_t)batch_u64(b, F_sport, r);
	k->port[1] = (uint16_t)batch_u64(b, F_dport, r);
	k->tunnel = is_tunnel(b, r);
	k->icmp = column_has(b->col[F_icmptype], r);
	if (k->icmp)
		k->aux = (uint32_t)(batch_u64(b, F_icmptype, r) << 24 | batch_u64(b, F_icmpcode, r) << 16 | (batch_u64(b, F_icmpid, r) & 0xffff));
	c = ip_cmp(&k->addr[0], &k->addr[1]);
	*turned = c > 0 || (c == 0 && k->port[0] > k->port[1]);
	if (!*turned)
		return;
	k->addr[0] = b->col[F_daddr]->ip[r];
	k->addr[1] = b->col[F_saddr]->ip[r];
	k->port[0] = (uint16_t)batch_u64(b, F_dport, r);
	k->port[1] = (uint16_t)batch_u64(b, F_sport, r);
}

static struct path_item *
item_of(struct path *p, const struct path_item *k)
{
	const struct {
		struct ip addr[2];
		uint16_t port[2];
		uint32_t aux, proto, ports;
	} key = { { k->addr[0], k->addr[1] }, { k->port[0], k->port[1] }, k->aux, k->proto, k->ports };
	struct path_item *x;
	uint32_t n;

	_Static_assert(sizeof(key) == 2 * sizeof(struct ip) + 16, "bytes that are no key");
	if (!map_put(&p->known, &key, sizeof(key), &n))
		return (&p->item[n]);
	if (n == p->cap)
		p->item = mem_grow(p->item, p->cap = n == 0 ? 256 : 2 * (size_t)n, sizeof(p->item[0]));
	x = &p->item[p->n++];
	*x = *k;
	x->left = -1;
	for (int i = 0; i < 4; i++) {
		x->half[i / 2][i % 2].rtt = UINT64_MAX;
		x->half[i / 2][i % 2].begins = INT64_MAX;
	}
	for (int i = 0; i < 2; i++) {
		x->since[i] = INT64_MAX;
		x->until[i] = INT64_MIN;
	}
	p->bytes += sizeof(*x) + sizeof(key);
	return (x);
}

/* --- rows */

static void
add_runs(struct path *p, struct path_half *h, struct path_row *w, struct blob text)
{
	struct seqs s = seqs_open(text, w->name);
	struct seqs_run r;

	w->run = (uint32_t)h->runs;
	while (seqs_next(&s, &r)) {
		if (h->runs == h->runcap) {
			h->runcap = h->runcap == 0 ? 16 : 2 * h->runcap;
			h->run = mem_grow(h->run, h->runcap, sizeof(h->run[0]));
		}
		h->run[h->runs++] = (struct path_run){ r.lo, r.hi, r.name, (uint32_t)h->rows };
		p->bytes += sizeof(struct path_run);
	}
	w->runs = (uint32_t)h->runs - w->run;
	if (s.more)
		w->flags |= ROW_MORE;
	if (s.marked) {
		w->flags |= ROW_MARK;
		w->mark = s.mark;
		w->mark_name = s.mark_name;
		w->mark_at = w->start + (int64_t)s.mark_ns;
	}
}

#define OF(name) batch_u64(b, source ? F_s##name : F_d##name, r)

static struct path_row
row_of(const struct batch *b, uint32_t r, bool source)
{
	const struct column *seqs = b->col[source ? F_sseqs : F_dseqs];
	struct path_row w = { .start = b->col[F_bstart]->i[r],
			      .end = (int64_t)batch_u64(b, F_bend, r),
			      .pkts = OF(pkts),
			      .uniq = OF(uniq),
			      .dup = OF(dup),
			      .late = OF(late),
			      .other = OF(stale) + OF(badseq),
			      .jumpskip = OF(jumpskip),
			      .net = (int64_t)(OF(lost) - OF(fix)),
			      .rtxup = OF(rtxup),
			      .rtxdn = OF(rtxdn),
			      .ooo = OF(ooo),
			      .spur = OF(spur),
			      .fraginc = OF(fraginc),
			      .name = (uint32_t)OF(spi) };
	uint64_t spiflags = batch_u64(b, F_spiflags, r);

	w.first = column_has(b->col[F_stime], r) ? b->col[F_stime]->i[r] : w.start;
	w.last = column_has(b->col[F_ltime], r) ? b->col[F_ltime]->i[r] : w.start;
	w.flags = (OF(resets) > 0 ? ROW_RESETS : 0) | ((spiflags & SPIFL_gso) != 0 ? ROW_GSO : 0) |
	    ((spiflags & SPIFL_group) != 0 ? ROW_GROUP : 0) | (OF(capmiss) > OF(capfix) ? ROW_CAPLOSS : 0);
	if (w.uniq > 0 && !column_has(seqs, r)) /* of an older probe, or merged */
		w.flags |= ROW_MORE;
	return (w);
}

static void
add_half(struct path *p, struct path_item *x, int probe, int dir, const struct batch *b, uint32_t r, bool source)
{
	const struct column *seqs = b->col[source ? F_sseqs : F_dseqs];
	struct path_half *h = &x->half[probe][dir];
	struct path_row w = row_of(b, r, source);
	uint64_t min = OF(ttlmin), max = OF(ttlmax);
	enum field rtt = source ? F_rtts_min : F_rttd_min;

	if (column_has(b->col[rtt], r) && b->col[rtt]->u[r] < h->rtt)
		h->rtt = b->col[rtt]->u[r];
	if (w.pkts == 0 && w.uniq == 0 && w.net == 0 && w.rtxup == 0 && w.rtxdn == 0 && w.dup == 0 && w.fraginc == 0)
		return;
	if (column_has(seqs, r))
		add_runs(p, h, &w, seqs->b[r]);
	if (w.pkts > 0 && max > 0) {
		h->ttlmin = h->ttlmin == 0 || min < h->ttlmin ? (uint8_t)min : h->ttlmin;
		h->ttlmax = max > h->ttlmax ? (uint8_t)max : h->ttlmax;
	}
	h->pkts += w.pkts;
	h->uniq += w.uniq;
	h->dup += w.dup;
	h->other += w.other;
	h->rtxup += w.rtxup;
	h->rtxdn += w.rtxdn;
	h->late += w.late + w.ooo;
	h->fraginc += w.fraginc;
	h->spur += w.spur;
	if (h->lagmax < (int64_t)(OF(lagmax) & UINT32_MAX))
		h->lagmax = (int64_t)(OF(lagmax) & UINT32_MAX);
	x->numbered |= w.uniq > 0;
	if (h->rows == h->rowcap) {
		h->rowcap = h->rowcap == 0 ? 8 : 2 * h->rowcap;
		h->row = mem_grow(h->row, h->rowcap, sizeof(h->row[0]));
	}
	h->row[h->rows++] = w;
	p->bytes += sizeof(w);
}

/* When the directions began, where the record says so exactly. */
static void
add_begin(struct path_item *x, int probe, int dir, const struct batch *b, uint32_t r)
{
	int64_t at = b->col[F_stime]->i[r];
	struct path_half *h = x->half[probe];

	if (at < h[dir].begins)
		h[dir].begins = at;
	if (batch_u64(b, F_synack_n, r) == 1 && at + (int64_t)batch_u64(b, F_synack_min, r) * USEC < h[1 - dir].begins)
		h[1 - dir].begins = at + (int64_t)batch_u64(b, F_synack_min, r) * USEC;
}

static void
add_flow(struct path *p, int probe, const struct batch *b, uint32_t r)
{
	struct path_item k, *x;
	bool turned;
	int dir;

	if (!column_has(b->col[F_saddr], r) || !column_has(b->col[F_daddr], r) || !column_has(b->col[F_bstart], r))
		return;
	key_of(b, r, &k, &turned);
	x = item_of(p, &k);
	dir = turned ? 1 : 0; /* of the source's packets */
	add_half(p, x, probe, dir, b, r, true);
	add_half(p, x, probe, 1 - dir, b, r, false);
	if (batch_u64(b, F_spkts, r) + batch_u64(b, F_dpkts, r) == 0)
		return;
	x->seen[probe] = true;
	x->source[dir] += 1 + batch_u64(b, F_dirq, r);
	x->syn[probe] |= batch_u64(b, F_ssyn, r) > 0;
	x->fin[probe] |= batch_u64(b, F_sfin, r) + batch_u64(b, F_dfin, r) + batch_u64(b, F_srst, r) + batch_u64(b, F_drst, r) > 0;
	if (column_has(b->col[F_stime], r) && b->col[F_stime]->i[r] < x->since[probe])
		x->since[probe] = b->col[F_stime]->i[r];
	if (column_has(b->col[F_ltime], r) && b->col[F_ltime]->i[r] > x->until[probe])
		x->until[probe] = b->col[F_ltime]->i[r];
	if ((batch_u64(b, F_flags, r) & RFLAGS_start) != 0 && column_has(b->col[F_stime], r) && batch_u64(b, F_spkts, r) > 0)
		add_begin(x, probe, dir, b, r);
	if ((batch_u64(b, F_flags, r) & RFLAGS_capdrop) != 0)
		marks_drops(p->marks, (unsigned)probe, b->col[F_bstart]->i[r], (int64_t)batch_u64(b, F_bend, r));
}

static void
add_mar(struct path *p, int probe, const struct batch *b, uint32_t r)
{
	struct path_cover *c = &p->cover[probe];

	if (column_has(b->col[F_stime], r) && b->col[F_stime]->i[r] < c->first)
		c->first = b->col[F_stime]->i[r];
	if (column_has(b->col[F_ltime], r) && b->col[F_ltime]->i[r] > c->last)
		c->last = b->col[F_ltime]->i[r];
	if (batch_u64(b, F_ps_drop, r) + batch_u64(b, F_ps_ifdrop, r) + batch_u64(b, F_ifgap, r) + batch_u64(b, F_tback, r) +
	    batch_u64(b, F_tjump, r) + batch_u64(b, F_tbad, r) > 0 && column_has(b->col[F_bstart], r))
		marks_drops(p->marks, (unsigned)probe, b->col[F_bstart]->i[r], (int64_t)batch_u64(b, F_bend, r));
}

bool
path_add(struct path *p, const struct batch *b)
{
	for (uint32_t r = 0; r < b->rows; r++) {
		int probe;

		if (!batch_selected(b, r) || (probe = probe_of(p, b, r)) < 0)
			continue;
		if (batch_u64(b, F_rectype, r) == RECTYPE_MAR)
			add_mar(p, probe, b, r);
		else
			add_flow(p, probe, b, r);
	}
	return (p->o.memory == 0 || p->bytes <= p->o.memory);
}

/* --- what both say */

static int
by_start(const void *x, const void *y)
{
	const struct path_row *a = x, *b = y;

	if (a->start != b->start)
		return (a->start < b->start ? -1 : 1);
	return ((a->run > b->run) - (a->run < b->run));
}

/* Rows in order of time, and the runs point to them. */
static void
sort_rows(struct path_half *h)
{
	struct path_run *run = h->runs > 0 ? mem_zero(h->runs, sizeof(run[0])) : NULL;
	size_t n = 0;

	if (h->rows > 1)
		qsort(h->row, h->rows, sizeof(h->row[0]), by_start);
	for (size_t i = 0; i < h->rows; i++) {
		struct path_row *w = &h->row[i];
		uint32_t at = (uint32_t)n;

		for (uint32_t k = 0; k < w->runs; k++) {
			run[n] = h->run[w->run + k];
			run[n++].row = (uint32_t)i;
		}
		w->run = at;
	}
	free(h->run);
	h->run = run;
	h->runs = h->runcap = n;
}

#define SWAP(type, a, b)         \
	do {                     \
		type tmp = (a);  \
		(a) = (b);       \
		(b) = tmp;       \
	} while (0)

/* b is the probe near whoever begins: call it a. */
static void
swap_probes(struct path *p)
{
	SWAP(char *, p->name[0], p->name[1]);
	SWAP(struct path_cover, p->cover[0], p->cover[1]);
	SWAP(unsigned, p->marked[0], p->marked[1]);
	for (size_t i = 0; i < p->n; i++) {
		struct path_item *x = &p->item[i];

		for (int d = 0; d < 2; d++)
			SWAP(struct path_half, x->half[0][d], x->half[1][d]);
		SWAP(int64_t, x->since[0], x->since[1]);
		SWAP(int64_t, x->until[0], x->until[1]);
		SWAP(bool, x->seen[0], x->seen[1]);
		SWAP(bool, x->syn[0], x->syn[1]);
		SWAP(bool, x->fin[0], x->fin[1]);
		if (x->left >= 0)
			x->left = 1 - x->left;
	}
	for (size_t i = 0; i < p->samples; i++) {
		p->sample[i].at += p->sample[i].d;
		p->sample[i].d = -p->sample[i].d;
	}
}

/* Without records of the probes themselves (MAR): what they saw at all. */
static void
cover_by_flows(struct path *p)
{
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < p->n; i++) {
			const struct path_item *x = &p->item[i];

			if (x->seen[k] && x->since[k] < p->cover[k].first)
				p->cover[k].first = x->since[k];
			if (x->seen[k] && x->until[k] > p->cover[k].last)
				p->cover[k].last = x->until[k];
		}
}

/* Nobody said which is a: the one near those who begin. */
static void
choose_a(struct path *p)
{
	uint64_t near[2] = { 0, 0 };

	for (size_t i = 0; i < p->n; i++) {
		const struct path_item *x = &p->item[i];

		if (x->left < 0 || !x->seen[0] || !x->seen[1])
			continue;
		near[0] += x->source[x->left] > x->source[1 - x->left];
		near[1] += x->source[x->left] < x->source[1 - x->left];
	}
	if (near[1] > near[0])
		swap_probes(p);
}

static void
say_order(struct path *p)
{
	const struct path_item *known = NULL;

	for (size_t i = 0; i < p->n && known == NULL; i++)
		if (p->item[i].seen[0] && p->item[i].seen[1] && p->item[i].left >= 0)
			known = &p->item[i];
	if (known == NULL)
		(void)snprintf(p->order, sizeof(p->order), "which of both comes first on the way is not known: nothing tells");
	else
		(void)snprintf(p->order, sizeof(p->order), "which of both comes first on the way is known from %s", known->how);
}

static bool
has_probes(const struct path *p, char *err, size_t errlen)
{
	if (p->others > 0) {
		(void)snprintf(err, errlen, "there are records of more than two probes (%s, %s and others): say which two, as --path %s,%s",
		    p->name[0], p->name[1], p->name[0], p->name[1]);
		return (false);
	}
	for (int i = 0; i < 2; i++)
		if ((p->probes & 1u << i) == 0 && p->o.a != NULL) {
			(void)snprintf(err, errlen, "there is no record of the probe %s (the ids are those of pavo -e)", p->name[i]);
			return (false);
		}
	if (p->probes != 3) {
		(void)snprintf(err, errlen, "%s: a path has two of them (pavo -e gives them their ids)",
		    p->probes == 0 ? "there is no record of any probe" : "all records are of one probe");
		return (false);
	}
	return (true);
}

bool
path_judge(struct path *p, int64_t interval, char *err, size_t errlen)
{
	if (!has_probes(p, err, errlen))
		return (false);
	p->width = p->o.width > 0 ? p->o.width : interval;
	marks_ready(p->marks);
	cover_by_flows(p);
	for (size_t i = 0; i < p->n; i++)
		for (int k = 0; k < 4; k++)
			sort_rows(&p->item[i].half[k / 2][k % 2]);
	path_translate(p);
	path_sample_all(p);
	path_sides(p);
	if (p->o.a == NULL)
		choose_a(p);
	path_set_clock(p);
	say_order(p);
	path_make_ways(p);
	return (true);
}

const char *
path_probe(const struct path *p, int which)
{
	return (p->name[which]);
}

const char *
path_order(const struct path *p)
{
	return (p->order);
}

const struct path_clock *
path_clock(const struct path *p)
{
	return (&p->clock);
}

size_t
path_count(const struct path *p)
{
	return (p->ways);
}

const struct path_way *
path_way(const struct path *p, size_t i)
{
	return (&p->way[i]);
}

/* NAT makes two flows of one: it is not possible to say which two. */
bool
path_alone_text(const struct path *p, struct buf *to)
{
	const uint64_t *alone = p->alone;

	if (alone[0] + alone[1] == 0)
		return (false);
	buf_printf(to, "flows that only one of them saw are not compared: %llu at %s, ", (unsigned long long)alone[0], path_probe(p, 0));
	buf_printf(to, "%llu at %s", (unsigned long long)alone[1], path_probe(p, 1));
	if (alone[0] > 0 && alone[1] > 0)
		buf_str(to, "; behind NAT one flow is two of these");
	return (true);
}

bool
path_percent(const struct path_counts *c, double *v)
{
	*v = c->expected > 0 ? 100.0 * (double)c->between / (double)c->expected : 0;
	return ((c->knows & PATH_BETWEEN) != 0 && c->expected > 0);
}
