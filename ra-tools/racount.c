/* SPDX-License-Identifier: BSD-2-Clause
 *
 * racount: totals, by protocol and address family, and whether every captured frame is accounted for
 * (SEMANTICS R7).  See racount(1).
 */
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "format/base/wide.h"
#include "ra-tools/run/cluster.h"
#include "ra-tools/report/conserve.h"
#include "ra-tools/out/grid.h"
#include "ra-tools/run/run.h"

#include <stdlib.h>

static const struct tool tool = {
	.purpose = "Counts flow records, packets and bytes, and checks that every captured frame "
		   "is accounted for.",
	.mar = true,
	.reports = true,
};

#define PROTOS 65536

struct count {
	uint64_t records, flows, pkts, bytes;
};

struct by_proto {
	uint64_t proto;
	bool known;
	struct count c;
};

enum { IP4, IP6, OTHER, FAMILIES };
static const char *const family_names[FAMILIES] = { "ip4", "ip6", "other" };

struct totals {
	uint64_t records;
	struct conserve c;
	struct count flow, family[FAMILIES];
	struct by_proto *proto;
	size_t nproto;
	uint32_t *slot; /* index + 1 of each protocol; the last one: of records without */
};

/* --- counting ---------------------------------------------------------------------------------- */

/* What is beyond the numbers of protocols and Ethertypes is none. */
static struct count *
proto_count(struct totals *t, bool known, uint64_t proto)
{
	uint32_t *slot;

	if (t->slot == NULL)
		t->slot = mem_zero(PROTOS + 1, sizeof(t->slot[0]));
	known = known && proto < PROTOS;
	slot = &t->slot[known ? proto : PROTOS];
	if (*slot == 0) {
		t->proto = mem_grow(t->proto, t->nproto + 1, sizeof(t->proto[0]));
		t->proto[t->nproto++] = (struct by_proto){ .proto = known ? proto : 0, .known = known };
		*slot = (uint32_t)t->nproto;
	}
	return (&t->proto[*slot - 1].c);
}

static void
add(struct count *to, const struct count *c)
{
	to->records += c->records;
	to->flows += c->flows;
	to->pkts = saturating_sum(to->pkts, c->pkts);
	to->bytes = saturating_sum(to->bytes, c->bytes);
}

static void
count_row(struct totals *t, const struct batch *b, uint32_t r)
{
	const struct column *addr = b->col[F_saddr];
	struct count c = { 1, batch_u64(b, F_trans, r), saturating_sum(batch_u64(b, F_spkts, r), batch_u64(b, F_dpkts, r)),
			   saturating_sum(batch_u64(b, F_sbytes, r), batch_u64(b, F_dbytes, r)) };

	t->records++;
	if (!conserve_add(&t->c, b, r))
		return;
	add(&t->flow, &c);
	add(proto_count(t, column_has(b->col[F_proto], r), batch_u64(b, F_proto, r)), &c);
	add(&t->family[!column_has(addr, r) ? OTHER : ip_is4(&addr->ip[r]) ? IP4 : IP6], &c);
}

static bool
take(void *state, struct batch *b, const struct origin *o)
{
	struct totals *t = state;

	t->c.filtered |= b->filtered || o->segment->filtered;
	t->c.live |= o->segment->live;
	for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows; i = bits_next(b->sel, i + 1, b->rows))
		count_row(t, b, (uint32_t)i);
	return (true);
}

/* What another thread counted. */
static void
join(struct totals *t, struct totals *other)
{
	t->records += other->records;
	t->c.pkts = saturating_sum(t->c.pkts, other->c.pkts);
	t->c.bytes = saturating_sum(t->c.bytes, other->c.bytes);
	t->c.marrecords += other->c.marrecords;
	for (int i = 0; i < MAR_N; i++)
		t->c.mar[i] = saturating_sum(t->c.mar[i], other->c.mar[i]);
	t->c.filtered |= other->c.filtered;
	t->c.live |= other->c.live;
	add(&t->flow, &other->flow);
	for (int i = 0; i < FAMILIES; i++)
		add(&t->family[i], &other->family[i]);
	for (size_t i = 0; i < other->nproto; i++)
		add(proto_count(t, other->proto[i].known, other->proto[i].proto), &other->proto[i].c);
	free(other->proto);
	free(other->slot);
}

static int
by_bytes(const void *x, const void *y)
{
	const struct by_proto *a = x, *b = y;

	if (a->c.bytes != b->c.bytes)
		return (a->c.bytes < b->c.bytes ? 1 : -1);
	if (a->c.records != b->c.records)
		return (a->c.records < b->c.records ? 1 : -1);
	if (a->known != b->known)
		return (a->known ? -1 : 1);
	return ((a->proto > b->proto) - (a->proto < b->proto));
}

/* --- showing ----------------------------------------------------------------------------------- */

static const char *
proto_text(struct run *r, const struct by_proto *p, struct buf *b)
{
	union value v = { .u = p->proto };

	b->len = 0;
	if (p->known)
		value_print(b, TYPE_PROTO, &v, &run_sheet(r)->text, -1);
	else
		buf_str(b, "-");
	return (buf_cstr(b));
}

#define ULL(v) ((unsigned long long)(v))

static void
json_pair(struct json *j, const char *name, uint64_t pkts, uint64_t bytes)
{
	json_open(j, name, '{');
	json_u64(j, "pkts", pkts);
	json_u64(j, "bytes", bytes);
	json_close(j, '}');
}

static void
json_counts(struct json *j, const char *key, const char *name, const struct count *c)
{
	json_open(j, NULL, '{');
	json_str(j, key, name);
	json_u64(j, "records", c->records);
	json_u64(j, "flows", c->flows);
	json_u64(j, "pkts", c->pkts);
	json_u64(j, "bytes", c->bytes);
	json_close(j, '}');
}

static void
json_mar(struct json *j, const struct totals *t)
{
	const uint64_t *mar = t->c.mar;

	json_open(j, "mar", '{');
	json_u64(j, "frames", mar[MAR_FRAMES]);
	json_u64(j, "bytes", mar[MAR_FRAMEBYTES]);
	json_pair(j, "short", mar[MAR_SHORT], mar[MAR_SHORTBYTES]);
	json_pair(j, "badip", mar[MAR_BADIP], mar[MAR_BADIPBYTES]);
	json_pair(j, "nonip_off", mar[MAR_NONIP], mar[MAR_NONIPBYTES]);
	if (t->c.live)
		json_null(j, "filtered");
	else
		json_pair(j, "filtered", mar[MAR_FILT], mar[MAR_FILTBYTES]);
	if (mar[MAR_RECDROPS] > 0) {
		json_open(j, "recdrop", '{');
		json_u64(j, "records", mar[MAR_RECDROPS]);
		json_u64(j, "pkts", mar[MAR_RECDROP]);
		json_u64(j, "bytes", mar[MAR_RECDROPBYTES]);
		json_close(j, '}');
	}
	json_u64(j, "cut", mar[MAR_CUT]);
	json_close(j, '}');
}

static void
show_json(struct run *r, const struct totals *t, bool known, bool good)
{
	struct json j = json_to(&run_sheet(r)->out);
	struct buf name = { 0 };

	json_open(&j, NULL, '{');
	json_u64(&j, "records", t->records);
	json_pair(&j, "flow", t->flow.pkts, t->flow.bytes);
	json_mar(&j, t);
	if (known)
		json_bool(&j, "conserved", good);
	else
		json_null(&j, "conserved");
	json_open(&j, "proto", '[');
	for (size_t i = 0; i < t->nproto; i++)
		json_counts(&j, "proto", proto_text(r, &t->proto[i], &name), &t->proto[i].c);
	json_close(&j, ']');
	json_open(&j, "family", '[');
	for (int i = 0; i < FAMILIES; i++)
		json_counts(&j, "family", family_names[i], &t->family[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	json_line(&j);
	buf_free(&name);
}

#define ROOM_WIDE 72 /* places of a line of the table; where there are less, its columns are narrower */

enum { RECORDS = 1, FLOWS = 2, PKTS = 4, BYTES = 8, COUNTS = 4 };

static const unsigned *
widths(const struct sheet *s)
{
	static const unsigned wide[] = { 12, 12, 12, 14, 18 }, narrow[] = { 11, 8, 8, 13, 16 };

	return (s->room > 0 && s->room < ROOM_WIDE ? narrow : wide);
}

/* Those of the counts that it has. */
static void
text_row(struct sheet *s, const char *name, unsigned has, const struct count *c)
{
	const uint64_t count[COUNTS] = { c->records, c->flows, c->pkts, c->bytes };
	const unsigned *w = widths(s);

	sheet_printf(s, "%-*s", (int)w[0], name);
	for (unsigned i = 0; i < COUNTS && has >> i != 0; i++)
		if (has >> i & 1)
			sheet_printf(s, " %*llu", (int)w[i + 1], ULL(count[i]));
		else
			sheet_printf(s, " %*s", (int)w[i + 1], "");
	sheet_printf(s, "\n");
}

static void
text_mar(struct sheet *s, const struct totals *t)
{
	const uint64_t *mar = t->c.mar;

	sheet_printf(s, "\n");
	text_row(s, "captured", RECORDS | PKTS | BYTES,
		 &(struct count){ .records = t->c.marrecords, .pkts = mar[MAR_FRAMES], .bytes = mar[MAR_FRAMEBYTES] });
	text_row(s, "short", PKTS | BYTES, &(struct count){ .pkts = mar[MAR_SHORT], .bytes = mar[MAR_SHORTBYTES] });
	text_row(s, "bad IP", PKTS | BYTES, &(struct count){ .pkts = mar[MAR_BADIP], .bytes = mar[MAR_BADIPBYTES] });
	text_row(s, "not IP", PKTS | BYTES, &(struct count){ .pkts = mar[MAR_NONIP], .bytes = mar[MAR_NONIPBYTES] });
	if (!t->c.live)
		text_row(s, "filtered", PKTS | BYTES, &(struct count){ .pkts = mar[MAR_FILT], .bytes = mar[MAR_FILTBYTES] });
	if (mar[MAR_RECDROPS] > 0)
		text_row(s, "not written", RECORDS | PKTS | BYTES,
			 &(struct count){ .records = mar[MAR_RECDROPS], .pkts = mar[MAR_RECDROP], .bytes = mar[MAR_RECDROPBYTES] });
	text_row(s, "cut headers", PKTS, &(struct count){ .pkts = mar[MAR_CUT] });
}

static void
show_text(struct run *r, const struct totals *t, bool known, bool good)
{
	struct sheet *s = run_sheet(r);
	const unsigned *w = widths(s);
	const unsigned all = RECORDS | FLOWS | PKTS | BYTES;
	struct buf name = { 0 };

	sheet_printf(s, "%*s %*s %*s %*s %*s\n", (int)w[0], "", (int)w[1], "records", (int)w[2], "flows", (int)w[3], "pkts",
		     (int)w[4], "bytes");
	for (size_t i = 0; i < t->nproto; i++)
		text_row(s, proto_text(r, &t->proto[i], &name), all, &t->proto[i].c);
	for (int i = 0; i < FAMILIES; i++)
		if (t->family[i].records > 0)
			text_row(s, family_names[i], all, &t->family[i]);
	text_row(s, "all flows", all, &t->flow);
	if (t->c.marrecords > 0)
		text_mar(s, t);
	sheet_printf(s, "\n%s%s\n",
		     !known ? "conserved: can not be told from this input"
		     : good ? "conserved: every captured frame is accounted for"
			    : "NOT conserved: frames are missing or counted twice",
		     known && good && t->c.mar[MAR_RECDROP] > 0 ? ", some in records that could not be written" : "");
	buf_free(&name);
}

static void
csv_line(struct grid *g, const char *name, const struct count *c)
{
	grid_cell(g, name);
	grid_printf(g, "%llu", ULL(c->records));
	grid_printf(g, "%llu", ULL(c->flows));
	grid_printf(g, "%llu", ULL(c->pkts));
	grid_printf(g, "%llu", ULL(c->bytes));
}

static void
csv_pair(struct grid *g, const char *name, uint64_t pkts, uint64_t bytes)
{
	grid_cell(g, name);
	grid_cell(g, "-");
	grid_cell(g, "-");
	grid_printf(g, "%llu", ULL(pkts));
	grid_printf(g, "%llu", ULL(bytes));
}

/* The rows of the text, by the names that they have in JSON. */
static void
show_csv(struct run *r, const struct totals *t)
{
	static const char *const heading[] = { "name", "records", "flows", "pkts", "bytes" };
	struct grid g = { 0 };
	struct buf name = { 0 };

	for (size_t i = 0; i < sizeof(heading) / sizeof(heading[0]); i++)
		grid_column(&g, heading[i], heading[i], i > 0);
	for (size_t i = 0; i < t->nproto; i++)
		csv_line(&g, proto_text(r, &t->proto[i], &name), &t->proto[i].c);
	for (int i = 0; i < FAMILIES; i++)
		if (t->family[i].records > 0)
			csv_line(&g, family_names[i], &t->family[i]);
	csv_line(&g, "flow", &t->flow);
	if (t->c.marrecords > 0) {
		csv_pair(&g, "mar", t->c.mar[MAR_FRAMES], t->c.mar[MAR_FRAMEBYTES]);
		csv_pair(&g, "short", t->c.mar[MAR_SHORT], t->c.mar[MAR_SHORTBYTES]);
		csv_pair(&g, "badip", t->c.mar[MAR_BADIP], t->c.mar[MAR_BADIPBYTES]);
		csv_pair(&g, "nonip_off", t->c.mar[MAR_NONIP], t->c.mar[MAR_NONIPBYTES]);
		if (!t->c.live)
			csv_pair(&g, "filtered", t->c.mar[MAR_FILT], t->c.mar[MAR_FILTBYTES]);
		if (t->c.mar[MAR_RECDROPS] > 0)
			csv_pair(&g, "recdrop", t->c.mar[MAR_RECDROP], t->c.mar[MAR_RECDROPBYTES]);
	}
	grid_csv(&g, run_sheet(r));
	grid_free(&g);
	buf_free(&name);
}

static void
want(struct run *r)
{
	struct fieldset read = { { 0 } };

	conserve_want(&read);
	fieldset_want(&read, F_proto);
	fieldset_want(&read, F_saddr);
	fieldset_want(&read, F_trans);
	run_want_set(r, &read);
	run_tell_probes(r);
}

static void
count_all(struct run *r, struct totals *t)
{
	unsigned n = run_threads(r) + 1;
	struct totals *part = mem_zero(n, sizeof(part[0]));
	void **states = mem_zero(n, sizeof(states[0]));

	for (unsigned i = 0; i < n; i++)
		states[i] = &part[i];
	run_each(r, take, states);
	for (unsigned i = 0; i < n; i++)
		join(t, &part[i]);
	free(part);
	free(states);
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, NULL);
	struct totals t = { .c.filtered = run_selects(r) };
	bool known, good, twice;

	want(r);
	count_all(r, &t);
	if (t.nproto > 0)
		qsort(t.proto, t.nproto, sizeof(t.proto[0]), by_bytes);
	good = conserve_holds(&t.c, &known);
	twice = run_twice(r, false);
	good &= !twice;
	known |= twice;
	if (run_separated(r) && !run_quiet(r))
		show_csv(r, &t);
	else if (!run_quiet(r))
		(run_json(r) ? show_json : show_text)(r, &t, known, good);
	run_counted(r, t.records);
	if (twice)
		run_bad(r); /* run_end() says why */
	else if (known && !good)
		run_wrong(r, "flow records and MAR records do not add up to the captured frames%s",
			  run_unclosed(r) ? ": a file was not closed, so its last records are missing (" TOOL(racheck) " says which)" : "");
	cluster_sums(r, "these counts", TOOL(racluster) " -m probe");
	free(t.proto);
	free(t.slot);
	return (run_end(&r));
}
