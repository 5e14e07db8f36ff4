/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_natt.c: ESP in UDP on ports that nobody named: four packets of a direction tell, and nothing less.  T = 5 s.
 */
#include "tests/unit/probe/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct step {
	uint32_t spi, seq;
	bool back;
};

static const struct trace {
	const char *what;
	struct step steps[8];
	unsigned esp, udp; /* packets that are counted as such */
} traces[] = {
	{ "four of one SPI, then more", { { 0x1000, 1 }, { 0x1000, 2 }, { 0x1000, 4 }, { 0x1000, 5 }, { 0x1000, 6 } }, 5, 0 },
	{ "both directions", { { 0x1000, 1 }, { 0x2000, 7, true }, { 0x1000, 2 }, { 0x2000, 8, true }, { 0x1000, 3 },
	    { 0x1000, 4 } }, 6, 0 },
	{ "three are not enough", { { 0x1000, 1 }, { 0x1000, 2 }, { 0x1000, 3 } }, 0, 3 },
	{ "numbers far from each other", { { 0x1000, 1 }, { 0x1000, 200 }, { 0x1000, 400 }, { 0x1000, 600 }, { 0x1000, 800 } },
	    0, 5 },
	{ "another SPI among them", { { 0x1000, 1 }, { 0x1000, 2 }, { 0x1001, 3 }, { 0x1000, 4 }, { 0x1000, 5 } }, 0, 5 },
	{ "the same number again", { { 0x1000, 1 }, { 0x1000, 1 }, { 0x1000, 1 }, { 0x1000, 1 } }, 0, 4 },
};

static struct arrival
packet(int64_t ts, const struct step *x)
{
	struct arrival a = sim_packet(ts, PROTO_UDP, x->back ? 2 : 1, x->back ? 1 : 2, x->back ? 7000 : 6500,
	    x->back ? 6500 : 7000);

	a.packet.facts |= FACT_ESPLIKE;
	a.packet.spi = x->spi;
	a.packet.seq = x->seq;
	return (a);
}

static void
test_traces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
		const struct trace *x = &traces[i];
		struct rows rows = { .texts = true };
		struct engine *e = engine_new(&(struct engine_options){ .interval = 5 * SEC, .probe = "p", .max_flows = 100,
		    .max_frags = 16, .max_sas = 16, .seed = 1 }, (struct sink){ sim_put, &rows });
		uint64_t esp = 0, udp = 0;

		for (unsigned k = 0; k < 8 && x->steps[k].spi != 0; k++) {
			struct arrival a = packet(1700000000 * SEC + k * 100 * MSEC, &x->steps[k]);

			engine_packets(e, &a, 1);
		}
		engine_finish(e);
		for (uint32_t r = 0; r < rows.n; r++) {
			esp += strstr(rows.row[r].text, "proto=50 ") != NULL ? rows.row[r].pkts : 0;
			udp += strstr(rows.row[r].text, "proto=17 ") != NULL ? rows.row[r].pkts : 0;
		}
		if (esp != x->esp || udp != x->udp)
			fail_msg("%s: %d ESP, %d UDP", x->what, (int)esp, (int)udp);
		engine_free(&e);
		sim_free(&rows);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traces),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
