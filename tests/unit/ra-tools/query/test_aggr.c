/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_aggr.c: merging by key, against flow_merge() of single records, over every field of the table.
 */
#include "format/base/arena.h"
#include "ra-tools/query/aggr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 120

static uint64_t seed;

static uint64_t
rnd(uint64_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((seed >> 33) % n);
}

/* --- random records: few distinct values, so that keys meet and ties happen */

static struct blob
random_blob(enum field f, struct arena *arena)
{
	static const char *const words[] = { "", "ShAdF", "Sh", "sHaDf" };
	uint64_t count[HIST_BUCKETS] = { 0 };
	const char *w = words[rnd(4)];

	if (fields[f].type == TYPE_HIST) {
		for (int i = 0; i < 3; i++)
			count[rnd(HIST_BUCKETS)] = rnd(1000);
		return (hist_pack(count, arena));
	}
	if (fields[f].type == TYPE_GAPS) /* direction, start, length */
		return ((struct blob){
		    arena_copy(arena, rnd(2) ? "\x01\x05\x07" : "\x00\x05\x07", 3), 3 });
	return ((struct blob){ arena_copy(arena, w, strlen(w)), (uint32_t)strlen(w) });
}

static void
random_value(struct flow *f, enum field i, struct arena *arena)
{
	uint8_t a[4] = { 10, 0, 0, (uint8_t)rnd(3) };

	switch (fields[i].store) {
	case STORE_IP:
		f->v[i].ip = ip_v4(a);
		break;
	case STORE_BLOB:
		f->v[i].b = random_blob(i, arena);
		break;
	default:
		f->v[i].u = rnd(40) == 0 ? UINT64_MAX - rnd(3) : rnd(4);
	}
	bit_set(f->present, i);
}

static void
random_flow(struct flow *f, struct arena *arena)
{
	flow_clear(f);
	for (enum field i = 0; i < F_STORED; i++) {
		bool key = fields[i].agg == AGG_KEY || fields[i].agg == AGG_SAME;

		if (fields[i].agg == AGG_COMP)
			continue;
		if (rnd(3) != 0)
			random_value(f, i, arena);
		else if (key && rnd(8) == 0)
			bit_set(f->mixed, i);
	}
	random_value(f, F_bstart, arena);
	for (enum field i = 0; i < F_STORED; i++)
		if (fields[i].agg == AGG_COMP && bit_get(f->present, fields[i].companion) &&
		    rnd(2)) {
			f->v[i].u = rnd(4);
			bit_set(f->present, i);
		}
	f->v[F_sport].u &= 3; /* ports have 16 bits, protocols 32 */
	f->v[F_dport].u &= 3;
	f->v[F_proto].u &= 3;
}

/* --- the reference: record by record, by the words of SEMANTICS 1.2 */

static bool
cell_same(const struct flow *a, enum field i, const struct flow *b, enum field j)
{
	if (bit_get(a->present, i) != bit_get(b->present, j) ||
	    bit_get(a->mixed, i) != bit_get(b->mixed, j))
		return (false);
	return (!bit_get(a->present, i) || value_equal(fields[i].store, &a->v[i], &b->v[j]));
}

static int
endpoint_cmp(const struct flow *f, enum field s, enum field d)
{
	if (!bit_get(f->present, s) || !bit_get(f->present, d))
		return (0);
	return (value_cmp(fields[s].store, &f->v[s], &f->v[d]));
}

static bool
points_down(const struct flow *f, bool ports)
{
	int c = endpoint_cmp(f, F_saddr, F_daddr);

	/* hardware addresses count where there is no network address (on that side) */
	if (c == 0 && !HAS_FIELD(f, saddr) && !HAS_FIELD(f, daddr))
		c = endpoint_cmp(f, F_smac, F_dmac);
	if (c == 0 && ports)
		c = endpoint_cmp(f, F_sport, F_dport);
	return (c > 0);
}

struct ref {
	struct flow f[2]; /* merged, by orientation */
	bool used[2];
	struct flow key; /* canonical */
};

static struct ref refs[ROWS];
static unsigned nrefs;

static bool
key_same(const struct flow *a, const struct flow *b, const enum field *key, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!cell_same(a, key[i], b, key[i]))
			return (false);
	return (true);
}

static void
ref_add(const struct flow *row, const enum field *key, unsigned n, bool turn, bool ports,
	struct arena *arena)
{
	static struct flow canonical;
	int o = turn && points_down(row, ports);
	unsigned g;

	canonical = *row;
	if (o)
		flow_reverse(&canonical, arena);
	for (g = 0; g < nrefs; g++)
		if (key_same(&refs[g].key, &canonical, key, n))
			break;
	if (g == nrefs) {
		memset(&refs[nrefs], 0, sizeof(refs[0]));
		refs[nrefs++].key = canonical;
	}
	flow_merge(&refs[g].f[o], row, arena);
	refs[g].used[o] = true;
}

static struct flow *
ref_result(struct ref *r, struct arena *arena)
{
	struct flow *p = &r->f[0], *t = &r->f[1];
	bool turned;

	if (!r->used[0] || !r->used[1])
		return (r->used[0] ? p : t);
	if (HAS_FIELD(p, dirq) != HAS_FIELD(t, dirq))
		turned = HAS_FIELD(t, dirq);
	else if (!HAS_FIELD(p, dirq))
		turned = false;
	else if (p->v[F_dirq].u != t->v[F_dirq].u)
		turned = t->v[F_dirq].u > p->v[F_dirq].u;
	else
		turned = t->v[F_dirq_t].i < p->v[F_dirq_t].i;
	flow_reverse(turned ? p : t, arena);
	flow_merge(turned ? t : p, turned ? p : t, arena);
	return (turned ? t : p);
}

/* --- comparing */

static void
check_flow(const struct flow *got, const struct flow *want)
{
	for (enum field i = 0; i < F_STORED; i++)
		if (!cell_same(got, i, want, i))
			fail_msg("%s: got %s, want %s", fields[i].name,
				 bit_get(got->mixed, i)	    ? "mixed"
				 : bit_get(got->present, i) ? "a value"
							    : "absent",
				 bit_get(want->mixed, i)     ? "mixed"
				 : bit_get(want->present, i) ? "a value"
							     : "absent");
}

static const struct {
	const char *words;
	enum field key[12];
	unsigned n;
	bool turn, ports;
} cases[] = {
	{ "none", { 0 }, 0, false, false }, /* these are --merge-probes */
	{ "proto", { F_proto }, 1, false, false },
	{ "saddr,daddr", { F_saddr, F_smask, F_daddr, F_dmask }, 4, false, false },
	{ "probe,sport", { F_probe, F_sport }, 2, false, false },
	{ "matrix", { F_saddr, F_smask, F_daddr, F_dmask }, 4, true, false },
	{ "conv",
	  { F_proto, F_saddr, F_smask, F_daddr, F_dmask, F_sport, F_dport, F_vrf, F_sap, F_icmptype,
	    F_icmpcode, F_icmpid },
	  12,
	  true,
	  true },
};
#define NCASES (sizeof(cases) / sizeof(cases[0]))

static void
add_rows(struct aggr *a, const struct flow *rows, unsigned from, unsigned to)
{
	struct batch *b = batch_new(64);

	for (unsigned i = from; i < to; i++) {
		batch_add(b, &rows[i]);
		if (b->rows == b->cap || i + 1 == to) {
			aggr_add(a, b);
			batch_reset(b);
		}
	}
	batch_free(&b);
}

static void
run_case(unsigned c, uint64_t round)
{
	static struct flow rows[ROWS], got;
	struct arena arena = { 0 };
	struct fieldset keep = { { 0 } };
	struct aggr *whole, *half[2], *again;
	struct batch *b;
	struct keys k;
	char err[256];
	unsigned n = 0, n2 = 0;

	seed = round * 1000 + c;
	fieldset_all(&keep);
	assert_true(keys_parse(cases[c].words, &k, err, sizeof(err)));
	keys_merge_probes(&k);
	nrefs = 0;
	for (unsigned i = 0; i < ROWS; i++) {
		random_flow(&rows[i], &arena);
		if (cases[c].turn) { /* so that a hardware address is never part of the key */
			random_value(&rows[i], F_saddr, &arena);
			random_value(&rows[i], F_daddr, &arena);
			bit_clear(rows[i].mixed, F_saddr);
			bit_clear(rows[i].mixed, F_daddr);
		}
		ref_add(&rows[i], cases[c].key, cases[c].n, cases[c].turn, cases[c].ports, &arena);
	}
	whole = aggr_new(&k, &keep);
	half[0] = aggr_new(&k, &keep);
	half[1] = aggr_new(&k, &keep);
	again = aggr_new(&k, &keep);
	add_rows(whole, rows, 0, ROWS);
	add_rows(half[0], rows, 0, ROWS / 3);
	add_rows(half[1], rows, ROWS / 3, ROWS);
	while ((b = aggr_next(whole)) != NULL)
		for (uint32_t r = 0; r < b->rows; r++) {
			assert_true(n < nrefs);
			batch_get(b, r, &got);
			check_flow(&got, ref_result(&refs[n++], &arena));
		}
	assert_int_equal(n, nrefs);
	/* merging what is merged already changes nothing */
	for (int i = 0; i < 2; i++)
		while ((b = aggr_next(half[i])) != NULL)
			aggr_add(again, b);
	while ((b = aggr_next(again)) != NULL)
		for (uint32_t r = 0; r < b->rows; r++) {
			struct ref *ref = &refs[n2++];

			batch_get(b, r, &got);
			check_flow(&got, ref->used[0] && !ref->used[1]	     ? &ref->f[0]
					 : ref->used[1] && !ref->used[0]     ? &ref->f[1]
					 : points_down(&got, cases[c].ports) ? &ref->f[1]
									     : &ref->f[0]);
		}
	assert_int_equal(n2, nrefs);
	aggr_free(&whole);
	aggr_free(&half[0]);
	aggr_free(&half[1]);
	aggr_free(&again);
	arena_free(&arena);
}

static void
equals_flow_merge(void **state)
{
	(void)state;
	for (unsigned c = 0; c < NCASES; c++)
		for (uint64_t round = 0; round < (getenv("PAVO_LONG") != NULL ? 60 : 12); round++)
			run_case(c, round);
}

/* --- by several, in any order, through temporary files: the same rows in the same order */

#define MANY 3000

static void
add_numbered(struct aggr *a, const struct flow *rows, unsigned batch)
{
	struct batch *b = batch_new(64);

	for (unsigned i = batch * 64; i < (batch + 1) * 64 && i < MANY; i++)
		batch_add(b, &rows[i]);
	aggr_place(a, batch);
	aggr_add(a, b);
	batch_free(&b);
}

/* Each step'th row. */
static void
compare_some(struct aggr *a, struct aggr *want, uint32_t step)
{
	static struct flow x, y;
	struct batch *b = NULL, *w;
	uint32_t at = 0;

	while ((w = aggr_next(want)) != NULL)
		for (uint32_t r = 0; r < w->rows; r++) {
			if (b == NULL || at == b->rows) {
				b = aggr_next(a);
				at = 0;
				assert_non_null(b);
			}
			if (r % step == 0) {
				batch_get(b, at, &x);
				batch_get(w, r, &y);
				check_flow(&x, &y);
			}
			at++;
		}
	assert_true(b == NULL || at == b->rows);
	assert_null(aggr_next(a));
	assert_null(aggr_error(a));
}

static void
compare_rows(struct aggr *a, struct aggr *want)
{
	compare_some(a, want, 1);
}

static void
parts(void **state)
{
	static const char *const keys[] = { "flowid", "conv", "matrix,sport", "spi,flowid", "none" };
	static struct flow rows[MANY];
	struct arena arena = { 0 };

	(void)state;
	for (unsigned round = 0; round < (getenv("PAVO_LONG") != NULL ? 60 : 15); round++) {
		struct fieldset keep = { { 0 } };
		struct aggr *whole, *part[3];
		struct keys k;
		char err[256];

		seed = round;
		fieldset_all(&keep);
		arena_reset(&arena);
		assert_true(keys_parse(keys[round % 5], &k, err, sizeof(err)));
		for (unsigned i = 0; i < MANY; i++) {
			random_flow(&rows[i], &arena);
			SET(&rows[i], flowid, rnd(700));
			SET(&rows[i], sport, rnd(300));
		}
		whole = aggr_new(&k, &keep);
		part[0] = aggr_new(&k, &keep);
		if (round % 3 != 0)
			aggr_memory(part[0], 1 + rnd(100000));
		part[1] = aggr_twin(part[0]);
		part[2] = aggr_twin(part[0]);
		for (unsigned i = 0; i < 3 && round % 4 == 1; i++)
			aggr_hide_ends(part[i], true);
		aggr_hide_ends(whole, round % 4 == 1);
		if (round % 4 == 2 && strstr(keys[round % 5], "flowid") != NULL) { /* a part of the key */
			aggr_order(whole, F_flowid);
			aggr_order(part[0], F_flowid);
		}
		for (unsigned i = 0; i * 64 < MANY; i++)
			add_numbered(whole, rows, i);
		for (unsigned i = 0; i * 64 < MANY; i++) /* 17 and 47 have no common divisor */
			add_numbered(part[rnd(3)], rows, i * 17 % ((MANY + 63) / 64));
		aggr_join(part[0], &part[2]);
		aggr_join(part[0], &part[1]);
		assert_null(part[1]);
		compare_rows(part[0], whole);
		aggr_free(&part[0]);
		aggr_free(&whole);
	}
	arena_free(&arena);
}

/* --- groups that threads share: most rows make one, so that they go to the parts; as if one had merged all */

#define SHARED_ROWS 100000

static void
shared_row(struct flow *f, unsigned i)
{
	static const char *const words[] = { "a", "bb", "ccc", "dd", "e" };
	uint64_t count[HIST_BUCKETS] = { 0 };
	static struct arena arena;
	struct ip low = ip_v4((const uint8_t[]){ 10, 0, (uint8_t)(i % 251), 1 });
	struct ip high = ip_v4((const uint8_t[]){ 10, 1, (uint8_t)(i % 241), (uint8_t)(i % 13) });
	unsigned turned = i / 7 % 2;

	count[i % 7] = 1 + i % 3;
	arena_reset(&arena);
	flow_clear(f);
	SET(f, bstart, 1000 + i);
	SET(f, bend, 2000 + i);
	SET(f, stime, 1000 + i * 7 % 1000);
	SET_IP(f, saddr, turned ? high : low);
	SET_IP(f, daddr, turned ? low : high);
	SET(f, spkts, 1 + i % 300);
	SET(f, dirq, i % 4);
	if (i % 3 == 0)
		SET(f, sdscp, i % 64);
	SET_BLOB(f, probe, words[i % 5], strlen(words[i % 5]));
	if (i % 2)
		f->v[F_rtts_hist].b = hist_pack(count, &arena), bit_set(f->present, F_rtts_hist);
}

static void
shared(void **state)
{
	struct batch *b = batch_new(4096);
	struct flow *f = malloc(sizeof(*f));
	struct fieldset keep = { { 0 } };
	struct keys k;
	char err[256];

	(void)state;
	fieldset_all(&keep);
	assert_true(keys_parse("matrix,spkts", &k, err, sizeof(err)));
	for (unsigned round = 0; round < 3; round++) { /* in memory; by time; in files */
		struct aggr *whole = aggr_new(&k, &keep), *a = aggr_new(&k, &keep), *twin[3];

		if (round == 1) {
			aggr_order(whole, F_NONE);
			aggr_order(a, F_NONE);
		}
		if (round == 2)
			aggr_memory(a, 8000000);
		aggr_share(a, 3);
		for (unsigned i = 0; i < 3; i++)
			twin[i] = aggr_twin(a);
		for (unsigned at = 0, n = 0; at < SHARED_ROWS; n++) {
			for (; b->rows < b->cap && at < SHARED_ROWS; at++) {
				shared_row(f, at);
				batch_add(b, f);
			}
			aggr_place(whole, n);
			aggr_add(whole, b);
			aggr_place(twin[n % 20 / 18], n); /* the first one sees most of them */
			aggr_add(twin[n % 20 / 18], b);
			batch_reset(b);
		}
		for (unsigned i = 3; i-- > 0;)
			aggr_join(a, &twin[i]);
		compare_some(a, whole, 29);
		aggr_free(&whole);
		aggr_free(&a);
	}
	free(f);
	batch_free(&b);
}

/* --- orientation, by hand */

static void
conversation(struct flow *f, bool turned, unsigned dirq, int64_t bstart, unsigned spkts)
{
	struct ip low = ip_v4((const uint8_t[]){ 10, 0, 0, 1 }),
		  high = ip_v4((const uint8_t[]){ 10, 0, 0, 9 });

	flow_clear(f);
	SET(f, bstart, bstart);
	SET_IP(f, saddr, turned ? high : low);
	SET_IP(f, daddr, turned ? low : high);
	SET(f, sport, turned ? 443 : 5000);
	SET(f, dport, turned ? 5000 : 443);
	SET(f, proto, 6);
	SET(f, dirq, dirq);
	SET(f, spkts, spkts);
	SET(f, dpkts, 0);
	SET(f, rstby, 1);
	SET_BLOB(f, hist, "ShA", 3);
}

static void
orientation(void **state)
{
	/* dirq and bstart of a row each way; which way the merged row points */
	static const struct {
		unsigned plain_dirq, turned_dirq;
		int64_t plain_t, turned_t;
		bool turned;
		const char *msg;
	} rows[] = {
		{ 3, 1, 5, 1, false, "the surer direction wins" },
		{ 1, 3, 1, 5, true, "the surer direction wins, the other way" },
		{ 2, 2, 5, 1, true, "equally sure: the earlier" },
		{ 2, 2, 1, 5, false, "equally sure: the earlier, the other way" },
		{ 2, 2, 5, 5, false, "else the lower endpoint is the source" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int order = 0; order < 2; order++) {
			static struct flow f[2];
			struct fieldset keep = { { 0 } };
			struct aggr *a;
			struct batch *b;
			struct keys k;
			char err[256];

			fieldset_all(&keep);
			assert_true(keys_parse("conv", &k, err, sizeof(err)));
			conversation(&f[order], false, rows[i].plain_dirq, rows[i].plain_t, 7);
			conversation(&f[!order], true, rows[i].turned_dirq, rows[i].turned_t, 100);
			a = aggr_new(&k, &keep);
			add_rows(a, f, 0, 2);
			b = aggr_next(a);
			assert_non_null(b);
			assert_int_equal(b->rows, 1);
			if (b->col[F_sport]->u[0] != (rows[i].turned ? 443u : 5000u))
				fail_msg("%s", rows[i].msg);
			/* 7 packets came from port 5000 and 100 from port 443, whoever is called the source */
			assert_int_equal(b->col[F_spkts]->u[0], rows[i].turned ? 100 : 7);
			assert_int_equal(b->col[F_dpkts]->u[0], rows[i].turned ? 7 : 100);
			assert_int_equal(b->col[F_rstby]->u[0], 3);
			assert_true(column_mixed(b->col[F_hist], 0)); /* ShA and sHa */
			assert_null(aggr_next(a));
			aggr_free(&a);
		}
}

/* --- keys */

static void
absent_is_a_key(void **state)
{
	static struct flow f[4];
	struct fieldset keep = { { 0 } };
	struct aggr *a;
	struct batch *b;
	struct keys k;
	char err[256];

	(void)state;
	for (int i = 0; i < 4; i++) {
		flow_clear(&f[i]);
		SET(&f[i], bstart, 0);
		SET(&f[i], spkts, 1);
	}
	SET(&f[0], svlan, 0);
	bit_set(f[2].mixed, F_svlan); /* 1 and 3 have none */
	fieldset_all(&keep);
	assert_true(keys_parse("svlan", &k, err, sizeof(err)));
	a = aggr_new(&k, &keep);
	add_rows(a, f, 0, 4);
	b = aggr_next(a);
	assert_int_equal(b->rows, 3);
	assert_true(column_has(b->col[F_svlan], 0));
	assert_false(column_has(b->col[F_svlan], 1));
	assert_false(column_mixed(b->col[F_svlan], 1));
	assert_int_equal(b->col[F_spkts]->u[1], 2);
	assert_true(column_mixed(b->col[F_svlan], 2));
	aggr_free(&a);
}

static void
masks(void **state)
{
	static const char *const from[] = { "10.1.2.3", "10.1.2.200", "2001:db8:0:1::5",
					    "2001:db8:0:1::6", "10.1.3.1" };
	static const struct {
		const char *prefix;
		unsigned len, pkts;
	} want[] = { { "10.1.2.0", 24, 2 }, { "2001:db8:0:1::", 64, 2 }, { "10.1.3.0", 24, 1 } };
	static struct flow f[5];
	struct fieldset keep = { { 0 } };
	struct aggr *a;
	struct batch *b;
	struct keys k;
	char err[256], text[IP_TEXT];

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct ip ip;

		assert_true(ip_parse(from[i], strlen(from[i]), &ip));
		flow_clear(&f[i]);
		SET(&f[i], bstart, 0);
		SET_IP(&f[i], saddr, ip);
		SET(&f[i], spkts, 1);
	}
	fieldset_all(&keep);
	assert_true(keys_parse("saddr/24", &k, err, sizeof(err)));
	a = aggr_new(&k, &keep);
	add_rows(a, f, 0, 5);
	b = aggr_next(a);
	assert_int_equal(b->rows, 3);
	for (uint32_t r = 0; r < 3; r++) {
		(void)ip_text(&b->col[F_saddr]->ip[r], text);
		assert_string_equal(text, want[r].prefix);
		assert_int_equal(b->col[F_smask]->u[r], want[r].len);
		assert_int_equal(b->col[F_spkts]->u[r], want[r].pkts);
	}
	aggr_free(&a);
}

/* Frames without network addresses: the hardware addresses are the key; the same ones do not split IP flows. */
static void
hardware_addresses(void **state)
{
	static struct flow f[4];
	struct fieldset keep = { { 0 } };
	struct aggr *a, *again;
	struct batch *b;
	struct keys k;
	char err[256];

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct ip ip = ip_v4((const uint8_t[]){ 10, 0, 0, 1 });

		flow_clear(&f[i]);
		SET(&f[i], bstart, 0);
		SET(&f[i], proto, 0x88cc);
		SET(&f[i], smac, 100 + i % 2);
		SET(&f[i], dmac, 50);
		SET(&f[i], spkts, 1);
		if (i < 2) {
			SET_IP(&f[i], saddr, ip);
			SET_IP(&f[i], daddr, ip);
		}
	}
	fieldset_all(&keep);
	assert_true(keys_parse("conv", &k, err, sizeof(err)));
	a = aggr_new(&k, &keep);
	add_rows(a, f, 0, 4);
	b = aggr_next(a);
	assert_int_equal(b->rows, 3);
	assert_int_equal(b->col[F_spkts]->u[0], 2); /* two cards, one pair of IP addresses */
	assert_true(column_mixed(b->col[F_smac], 0));
	assert_int_equal(b->col[F_smac]->u[1], 100);
	assert_int_equal(b->col[F_smac]->u[2], 101);
	/* what is merged already, its cards "*", still is that pair of addresses (found on real captures) */
	again = aggr_new(&k, &keep);
	aggr_add(again, b);
	add_rows(again, f, 0, 4);
	b = aggr_next(again);
	assert_int_equal(b->rows, 3);
	assert_int_equal(b->col[F_spkts]->u[0], 4);
	aggr_free(&again);
	aggr_free(&a);
}

static void
set_probe(struct flow *f, const char *bytes, uint32_t n)
{
	f->v[F_probe].b = (struct blob){ (const uint8_t *)bytes, n };
	bit_set(f->present, F_probe);
}

/* Two probes see the same tunnel, whose id is the same at both: packets 1, 2, 4, 8, 16, 32, a bit each, so that a sum says
 * which rows are in it. */
static void
tunnels_of_two_probes(void **state)
{
	static const char *const words[] = { "tunnel", "lane", "tunnel,conv", "lane,conv", "probe,tunid", "flow" };
	static struct flow f[6];
	struct fieldset keep = { { 0 } };
	char err[256];

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		flow_clear(&f[i]);
		SET(&f[i], tunid, 77);
		SET(&f[i], lane, 0);
		SET(&f[i], spkts, 1u << i);
	}
	set_probe(&f[0], "A", 1);
	set_probe(&f[1], "B", 1);
	set_probe(&f[2], "A", 1);
	set_probe(&f[3], "", 0);
	bit_set(f[4].mixed, F_probe); /* merged before; and the last has none */
	for (unsigned i = 0; i < 6; i++)
		SET(&f[i], flowid, i == 2 ? 100 : 100 + i);
	fieldset_all(&keep);
	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
		struct keys k;
		struct aggr *a;
		struct batch *b;

		assert_true(keys_parse(words[w], &k, err, sizeof(err)));
		a = aggr_new(&k, &keep);
		add_rows(a, f, 0, 6);
		b = aggr_next(a);
		assert_int_equal(b->rows, 5);
		assert_int_equal(b->col[F_spkts]->u[0], 1 + 4);
		assert_int_equal(b->col[F_spkts]->u[1], 2);
		assert_memory_equal(b->col[F_probe]->b[0].p, "A", 1);
		assert_memory_equal(b->col[F_probe]->b[1].p, "B", 1);
		assert_true(column_has(b->col[F_probe], 2) && b->col[F_probe]->b[2].n == 0);
		assert_true(column_mixed(b->col[F_probe], 3));
		assert_false(column_has(b->col[F_probe], 4) || column_mixed(b->col[F_probe], 4));
		assert_null(aggr_next(a));
		aggr_free(&a);
	}
}

/* A text is hashed once for rows that have the same bytes: the same place, and as many of them. */
static void
texts_at_one_place(void **state)
{
	static const char bytes[] = "probe12";
	static const struct {
		uint32_t at, n;
	} rows[] = { { 0, 5 }, { 0, 6 }, { 0, 6 }, { 1, 5 }, { 0, 5 }, { 0, 0 }, { 3, 0 } };
	static const uint64_t want[] = { 1 + 16, 2 + 4, 8, 32 + 64 };
	struct batch *b = batch_new(64), *out;
	struct fieldset keep = { { 0 } };
	struct column *probe = batch_column(b, F_probe), *pkts = batch_column(b, F_spkts);
	struct aggr *a;
	struct keys k;
	char err[256];

	(void)state;
	for (uint32_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		column_set(probe, r, &(union value){ .b = { (const uint8_t *)bytes + rows[r].at, rows[r].n } });
		column_set(pkts, r, &(union value){ .u = 1u << r });
		b->rows++;
	}
	fieldset_all(&keep);
	assert_true(keys_parse("probe", &k, err, sizeof(err)));
	a = aggr_new(&k, &keep);
	aggr_add(a, b);
	out = aggr_next(a);
	assert_int_equal(out->rows, sizeof(want) / sizeof(want[0]));
	for (uint32_t r = 0; r < out->rows; r++)
		assert_int_equal(out->col[F_spkts]->u[r], want[r]);
	aggr_free(&a);
	batch_free(&b);
}

static void
words_have_the_probe(void **state)
{
	static const struct {
		const char *text;
		bool apart, quiet;
	} t[] = {
		{ "tunnel", true, true },	 { "lane", true, true },     { "spi", true, true },
		{ "flow", true, false },	 { "LANE,conv", true, true }, { "probe,tunnel", true, false },
		{ "tunnel,srcid", true, false }, { "flowid", true, false },  { "probe,matrix", true, false },
		{ "conv", true, true },		 { "matrix", true, true },   { "none", true, true },
		{ "saddr,daddr", false, false }, { "tunid", false, false },  { "tunid,lane", true, true },
	};
	struct keys k;
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_true(keys_parse(t[i].text, &k, err, sizeof(err)));
		if (k.apart != t[i].apart || k.quiet != t[i].quiet)
			fail_msg("%s: apart %d, quiet %d", t[i].text, k.apart, k.quiet);
		keys_merge_probes(&k);
		if (k.apart != (strstr(t[i].text, "probe") != NULL || strstr(t[i].text, "srcid") != NULL || strstr(t[i].text, "flow") != NULL))
			fail_msg("%s, --merge-probes: apart %d", t[i].text, k.apart);
	}
}

static void
key_mistakes(void **state)
{
	static const struct {
		const char *text, *part; /* of the message; NULL: no mistake */
	} texts[] = {
		{ "saddr/24,daddr,proto", NULL },
		{ "saddr/24/48", NULL },
		{ "conv", NULL },
		{ "tunnel,lane", NULL },
		{ "none", NULL },
		{ "skmac", NULL },
		{ "proto sport", NULL },
		{ "saddr/33/129", "saddr/33/129" },
		{ "sport/8", "prefix" },
		{ "spktss", "nearest is spkts" },
		{ "tunnle", "nearest is tunnel" },
		{ "lnae", "nearest is lane" },
		{ "tunidd", "nearest is tunid" },
		{ "", "expected" },
		{ "dur", "derived" },
		{ "matrix,saddr/24", "direction-free" },
	};
	struct keys k;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char err[256] = "";
		bool good = keys_parse(texts[i].text, &k, err, sizeof(err));

		if (good != (texts[i].part == NULL) ||
		    (!good && strstr(err, texts[i].part) == NULL))
			fail_msg("\"%s\": %s", texts[i].text, err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_flow_merge),  cmocka_unit_test(parts),
		cmocka_unit_test(shared),
		cmocka_unit_test(orientation),
		cmocka_unit_test(absent_is_a_key),    cmocka_unit_test(masks),
		cmocka_unit_test(hardware_addresses), cmocka_unit_test(key_mistakes),
		cmocka_unit_test(tunnels_of_two_probes),
		cmocka_unit_test(texts_at_one_place),
		cmocka_unit_test(words_have_the_probe),
	};

	return (cmocka_run_group_tests_name("aggr", tests, NULL, NULL));
}
