/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The health flags: each rule at its threshold and just below it (SEMANTICS 6.4).
 */
#include "probe/health/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define T 5 /* seconds of a bin */

static struct tile *
record(unsigned proto)
{
	static struct tile *r;
	static const uint8_t a[4] = { 10, 0, 0, 1 }, b[4] = { 10, 0, 0, 2 };

	if (r == NULL)
		r = tile_new();
	tile_drop(r);
	PUT(r, rectype, RECTYPE_FLOW);
	PUT(r, bstart, 100 * 1000000000ll);
	PUT(r, bend, (100 + T) * 1000000000ll);
	PUT(r, proto, proto);
	PUT_IP(r, saddr, ip_v4(a));
	PUT_IP(r, daddr, ip_v4(b));
	return (r);
}

static uint64_t
flags(struct tile *r, bool replied)
{
	health_fill(r, &health_default, replied);
	assert_true(TILE_HAS(r, health));
	return (tile_number(r, F_health));
}

/* Up to six fields of a TCP record, and the flags that follow. */
static const struct {
	const char *what;
	struct {
		uint16_t field;
		uint64_t v;
	} set[6];
	uint64_t flags;
} cases[] = {
	{ "nothing", { { F_spkts, 1 } }, 0 },
	/* 10 a second over 5 s: 50 each way */
	{ "loop", { { F_snullack, 50 }, { F_dnullack, 50 }, { F_snewbytes, 0 }, { F_spkts, 500 }, { F_dpkts, 500 } },
	    HEALTH_ackloop },
	{ "loop, one side slower", { { F_snullack, 50 }, { F_dnullack, 49 } }, 0 },
	{ "loop beside data", { { F_snullack, 90 }, { F_dnullack, 90 }, { F_snewbytes, 9 }, { F_spkts, 100 }, { F_dpkts, 100 } },
	    HEALTH_ackloop },
	{ "data with repeats", { { F_snullack, 90 }, { F_dnullack, 89 }, { F_dnewbytes, 9 }, { F_spkts, 100 }, { F_dpkts, 100 } },
	    0 },
	/* rtx = up + dn + spur; loss (up + dn) stays below 3 */
	{ "storm", { { F_sdatasegs, 50 }, { F_srtxup, 1 }, { F_srtxdn, 1 }, { F_sspur, 8 } }, HEALTH_rtxstorm },
	{ "19.6 %", { { F_sdatasegs, 51 }, { F_srtxup, 1 }, { F_srtxdn, 1 }, { F_sspur, 8 } }, 0 },
	{ "9 of 9", { { F_ddatasegs, 9 }, { F_dspur, 9 } }, 0 },
	{ "storm back", { { F_ddatasegs, 10 }, { F_dspur, 10 } }, HEALTH_rtxstorm },
	{ "window", { { F_sdatasegs, 20 }, { F_swinlim, 10 } }, HEALTH_winlim },
	{ "window, few", { { F_sdatasegs, 19 }, { F_swinlim, 19 } }, 0 },
	{ "window, seldom", { { F_ddatasegs, 20 }, { F_dwinlim, 9 } }, 0 },
	{ "window, other side's segments", { { F_sdatasegs, 20 }, { F_dwinlim, 20 } }, 0 },
	{ "zero window", { { F_szwin_us, 0 }, { F_dzwin_us, 500000 } }, HEALTH_rcvlim },
	{ "zero window, short", { { F_szwin_us, 499999 }, { F_dzwin_us, 499999 } }, 0 },
	{ "out of window", { { F_soow, 10 } }, HEALTH_oow },
	{ "old timestamps", { { F_stsold, 0 }, { F_dtsold, 10 } }, HEALTH_oow },
	{ "9 of each", { { F_soow, 9 }, { F_doow, 9 }, { F_stsold, 9 }, { F_dtsold, 9 } }, 0 },
	{ "capture loss", { { F_sackgap, 3 }, { F_sackev, 300 } }, HEALTH_caploss },
	{ "capture loss, seldom", { { F_sackgap, 3 }, { F_sackev, 301 } }, 0 },
	{ "capture loss, few", { { F_dackgap, 2 }, { F_dackev, 2 } }, 0 },
	{ "captured late", { { F_sackgap, 300 }, { F_sackfix, 298 }, { F_sackev, 300 } }, 0 },
	{ "some of it captured late", { { F_sackgap, 300 }, { F_sackfix, 297 }, { F_sackev, 300 } }, HEALTH_caploss },
	{ "one side captured", { { F_sackgap, 3 }, { F_sackev, 3 }, { F_health, HEALTH_asym } }, HEALTH_asym },
	{ "refused", { { F_rstphase, 1 } }, HEALTH_rej },
	{ "reset later", { { F_rstphase, 2 | 4 | 8 | 16 } }, 0 },
	{ "loss", { { F_sdatasegs, 300 }, { F_srtxup, 2 }, { F_srtxdn, 1 } }, HEALTH_highloss },
	{ "loss, little", { { F_sdatasegs, 301 }, { F_srtxup, 2 }, { F_srtxdn, 1 } }, 0 },
	{ "loss, few", { { F_ddatasegs, 2 }, { F_drtxup, 2 } }, 0 },
	{ "SYNs in vain", { { F_sdatasegs, 0 }, { F_srtxdn, 5 } }, 0 }, /* a share of no data */
	{ "no END", { { F_conn, CONN_SF }, { F_cause, CAUSE_idle } }, 0 },
	{ "no answer", { { F_conn, CONN_S0 }, { F_cause, CAUSE_idle } }, HEALTH_noans },
	{ "nobody waited", { { F_conn, CONN_S0 }, { F_cause, CAUSE_shutdown } }, 0 },
	{ "the tracker's flags stay", { { F_health, HEALTH_bufbloat }, { F_soow, 10 } }, HEALTH_bufbloat | HEALTH_oow },
};

static void
tcp_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tile *r = record(6);
		uint64_t got;

		for (unsigned s = 0; s < 6 && cases[i].set[s].field != 0; s++) {
			r->u[cases[i].set[s].field][r->row] = cases[i].set[s].v;
			bit_set(r->present[r->row], cases[i].set[s].field);
		}
		got = flags(r, false);
		if (got != cases[i].flags)
			fail_msg("%s: flags %llx, expected %llx", cases[i].what, (unsigned long long)got,
			    (unsigned long long)cases[i].flags);
	}
}

/* Sequence numbers: 297 + 3 = 300 expected, 3 lost. */
static void
numbered(void **state)
{
	(void)state;
	for (uint64_t uniq = 297; uniq <= 298; uniq++) {
		struct tile *r = record(50);

		PUT(r, suniq, uniq);
		PUT(r, slost, 3);
		assert_int_equal(flags(r, true), uniq == 297 ? HEALTH_highloss : 0);
	}
	for (int fix = 0; fix < 2; fix++) {
		struct tile *r = record(50);

		PUT(r, duniq, 10);
		PUT(r, dlost, 3);
		PUT(r, dfix, fix);
		assert_int_equal(flags(r, true), fix ? 0 : HEALTH_highloss);
	}
	for (int bucket = 5; bucket < 8; bucket++) { /* 32-63, 64-127, 128-255 */
		uint64_t count[HIST_BUCKETS] = { 0 };
		struct arena arena = { 0 };
		struct tile *r = record(50);

		count[bucket] = 1;
		r->wide[F_dlaghist][r->row].b = hist_pack(count, &arena);
		bit_set(r->present[r->row], F_dlaghist);
		assert_int_equal(flags(r, true), bucket >= 6 ? HEALTH_replay64 : 0);
		arena_free(&arena);
	}
}

static void
no_answer(void **state)
{
	static const struct {
		unsigned proto;
		uint8_t dst[4];
		uint64_t mac;
		bool replied, id, flag;
	} table[] = {
		{ 17, { 10, 0, 0, 2 }, 0x020000000002, false, false, true },
		{ 17, { 10, 0, 0, 2 }, 0x020000000002, true, false, false },
		{ 17, { 239, 255, 255, 250 }, 0x01005e7ffffa, false, false, false },
		{ 17, { 224, 0, 0, 251 }, 0x020000000002, false, false, false },
		{ 17, { 223, 255, 255, 255 }, 0x020000000002, false, false, true },
		{ 17, { 255, 255, 255, 255 }, 0x020000000002, false, false, false },
		{ 17, { 10, 0, 0, 255 }, 0xffffffffffff, false, false, false },
		{ 1, { 10, 0, 0, 2 }, 0x020000000002, false, true, true },
		{ 1, { 10, 0, 0, 2 }, 0x020000000002, false, false, false }, /* an error, not a request */
		{ 50, { 10, 0, 0, 2 }, 0x020000000002, false, false, false },
	};

	(void)state;
	for (int more = 0; more < 2; more++) { /* one side captured: it was answered, or it would not have gone on */
		struct tile *r = record(6);

		PUT(r, conn, CONN_S0);
		PUT(r, cause, CAUSE_idle);
		assert_int_equal(flags(r, more), more ? 0 : HEALTH_noans);
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct tile *r = record(table[i].proto);

		PUT_IP(r, daddr, ip_v4(table[i].dst));
		PUT(r, dmac, table[i].mac);
		if (table[i].id)
			PUT(r, icmpid, 7);
		if (flags(r, table[i].replied) != (table[i].flag ? HEALTH_noans : 0))
			fail_msg("row %zu", i);
	}
}

/* A flag has its counter, and no other has one. */
static void
counters(void **state)
{
	struct tile *r = record(6);

	(void)state;
	PUT(r, health, HEALTH_bufbloat | HEALTH_asym | HEALTH_oneway);
	(void)flags(r, true);
	for (enum field f = F_n_bufbloat; f <= F_n_highloss; f++)
		assert_int_equal(bit_get(r->present[r->row], f), f == F_n_bufbloat || f == F_n_asym || f == F_n_oneway);
	assert_int_equal(tile_number(r, F_n_bufbloat), 1);
	r = record(6);
	PUT(r, rstphase, 1);
	PUT(r, soow, 10);
	PUT(r, sdatasegs, 20);
	PUT(r, swinlim, 20);
	PUT(r, srtxup, 10);
	PUT(r, sackgap, 3);
	PUT(r, szwin_us, 5000000);
	PUT(r, snullack, 50);
	PUT(r, dnullack, 50);
	(void)flags(r, true);
	for (enum field f = F_n_bufbloat; f <= F_n_highloss; f++)
		assert_int_equal(bit_get(r->present[r->row], f), f != F_n_bufbloat && f != F_n_asym && f != F_n_oneway &&
			f != F_n_noans && f != F_n_replay64);
}

/* R5: base 20 ms, 8 samples, 100 KiB. */
static void
bloat(void **state)
{
	const struct health_limits *l = &health_default;
	struct health_limits low = *l;

	(void)state;
	assert_true(health_bloat(l, 102400, 8, 8 * 150000, 20000));
	assert_false(health_bloat(l, 102400, 8, 8 * 110000, 20000));
	assert_true(health_queue(l, 65536, 8, 120000, 20000));
	assert_false(health_queue(l, 65535, 8, 120000, 20000));
	assert_false(health_queue(l, 65536, 7, 120000, 20000));
	assert_false(health_queue(l, 65536, 8, 119999, 20000));
	assert_false(health_queue(l, 65536, 8, 299999, 100000)); /* 100 ms more, but not three times as long */
	assert_true(health_bloat(l, 102400, 8, 8 * 120000, 20000));
	assert_false(health_bloat(l, 102400, 8, 8 * 120000 - 1, 20000));
	assert_false(health_bloat(l, 102400, 7, 7 * 150000, 20000));
	assert_false(health_bloat(l, 65535, 8, 8 * 150000, 20000));
	assert_true(health_bloat(l, 65536, 8, 8 * 150000, 20000));
	assert_false(health_bloat(l, 102400, 8, 8 * 399999, 200000)); /* twice the base is more than base + 100 ms */
	assert_true(health_bloat(l, 102400, 8, 8 * 400000, 200000));
	low.bufbloat_delay = 90000;
	assert_true(health_bloat(&low, 102400, 8, 8 * 110000, 20000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_rules),
		cmocka_unit_test(numbered),
		cmocka_unit_test(no_answer),
		cmocka_unit_test(counters),
		cmocka_unit_test(bloat),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
