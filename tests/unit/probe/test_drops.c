/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel dropped marks every record of the bins in which it did (SEMANTICS 4.4, "Kernel").
 */
#include "tests/unit/probe/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define T0 (1700000000 * SEC)

static struct rows
play(bool late)
{
	static struct rows rows;
	struct engine *e = engine_new(&(struct engine_options){ .interval = SEC, .probe = "p", .max_flows = 100,
	    .max_frags = 10, .max_sas = 10, .live = true, .seed = 1 }, (struct sink){ .put = sim_put, .arg = &rows });

	sim_free(&rows);
	for (int64_t t = 0; t < 7000; t += 100) {
		struct arrival a[2] = { sim_packet(T0 + t * MSEC, PROTO_UDP, 1, 2, 4000, 9),
			sim_packet(T0 + t * MSEC, PROTO_UDP, 3, 4, 4000, 9) };

		engine_packets(e, a, 2);
		/* as main.c asks: every 100 ms, of the 100 ms before */
		engine_kernel(e, &(struct stat_news){ T0 + (t - 100) * MSEC, T0 + t * MSEC, 0,
		    { .recv = 10, .drop = t == 2500 ? 7 : t == 4000 ? 3 : 0, .has_ifdrop = true } }); /* in bin 2; between 3.9 and 4.0 */
		if (late && t == 6500) { /* bin 2 is written: these open it again */
			struct arrival x = sim_packet(T0 + 2700 * MSEC, PROTO_UDP, 1, 2, 4000, 9);
			struct arrival y = sim_packet(T0 + 1700 * MSEC, PROTO_UDP, 1, 2, 4000, 9);

			engine_packets(e, &x, 1);
			engine_packets(e, &y, 1);
		}
	}
	engine_finish(e);
	engine_free(&e);
	return (rows);
}

/* Every record says what its bin's records say: 2 by the first drop; 3 and 4 by the second, which may have been in either. */
static void
test_bins(void **state)
{
	static const bool dropped[7] = { [2] = true, [3] = true, [4] = true };
	struct rows rows = play(true);
	unsigned flows = 0, late = 0, mars = 0;

	(void)state;
	for (uint32_t i = 0; i < rows.n; i++) {
		int64_t bin = (rows.row[i].bstart - T0) / SEC;

		if (bin < 0) /* live, time begins a bin before */
			continue;
		assert_in_range(bin, 0, 6);
		assert_int_equal((rows.row[i].flags & RFLAGS_capdrop) != 0, dropped[bin]);
		flows += rows.row[i].rectype == RECTYPE_FLOW;
		late += rows.row[i].rectype == RECTYPE_FLOW && rows.row[i].flags & RFLAGS_late;
		mars += rows.row[i].rectype == RECTYPE_MAR;
	}
	assert_int_equal(flows, 2 * 7 + 2);
	assert_int_equal(late, 2);
	assert_in_range(mars, 7, 9);
	sim_free(&rows);
}

/* Many drops far from each other: the latest are known, and nobody is blamed for them. */
static void
test_many(void **state)
{
	static struct emit e;
	int64_t t;

	(void)state;
	emit_init(&e, (struct sink){ 0 }, "p", SEC);
	for (t = 0; t < 100; t++)
		emit_dropped(&e, T0 + t * 10 * SEC, T0 + t * 10 * SEC + 1);
	assert_int_equal(e.ndrops, EMIT_DROPS);
	assert_int_equal(e.drops[EMIT_DROPS - 1].from, T0 + 990 * SEC);
	assert_int_equal(e.drops[0].from, T0 + (1000 - 10 * EMIT_DROPS) * SEC);
	for (t = 991; t < 1200; t++) /* without a pause: one range */
		emit_dropped(&e, T0 + t * SEC, T0 + t * SEC + 1);
	assert_int_equal(e.ndrops, EMIT_DROPS);
	assert_int_equal(e.drops[EMIT_DROPS - 1].to, T0 + 1199 * SEC);
	emit_free(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bins),
		cmocka_unit_test(test_many),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
