/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_crew.c: packets by chance, shared by several engines: the same rows as of one, in any order.
 */
#include "probe/crew.h"

#include "tests/unit/probe/sim.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SEEDS 600

struct shared {
	struct rows rows;
	pthread_mutex_t lock;
};

static struct batch *
put(void *arg, struct batch *b)
{
	struct shared *s = arg;

	pthread_mutex_lock(&s->lock);
	b = sim_put(&s->rows, b);
	pthread_mutex_unlock(&s->lock);
	return (b);
}

static int
by_text(const void *x, const void *y)
{
	return (strcmp(((const struct row *)x)->text, ((const struct row *)y)->text));
}

/* Packets in calls by chance. */
static void
play(const struct trial *t, unsigned workers, struct shared *s, struct engine_totals *totals)
{
	struct arrival batch[ENGINE_BATCH];
	struct crew *c;
	unsigned i = 0;

	*s = (struct shared){ .rows = { .texts = true }, .lock = PTHREAD_MUTEX_INITIALIZER };
	c = crew_new(&(struct crew_options){ workers, false }, &(struct engine_options){ .interval = t->interval, .probe = "p",
	    .max_flows = 4000, .max_frags = 400, .max_sas = 4096, .seed = 1 }, (struct sink){ .put = put, .arg = s });
	while (i < t->n) {
		unsigned n = 1 + chance(ENGINE_BATCH);

		if (n > t->n - i)
			n = t->n - i;
		memcpy(batch, &t->a[i], n * sizeof(batch[0]));
		crew_packets(c, batch, n);
		i += n;
		if (chance(20) == 0) { /* what was handed on is counted */
			crew_ask(c);
			while (!crew_answered(c, totals))
				sched_yield();
			assert_int_equal(totals->stats.frames, i);
		}
	}
	crew_finish(c);
	crew_totals(c, totals);
	crew_free(&c);
	qsort(s->rows.row, s->rows.n, sizeof(struct row), by_text);
}

/* Rows that only one has are said. */
static bool
same(const struct rows *a, const struct rows *b)
{
	bool good = true;
	uint32_t i = 0, j = 0;

	while (i < a->n || j < b->n) {
		int d = i == a->n ? 1 : j == b->n ? -1 : strcmp(a->row[i].text, b->row[j].text);

		if (d != 0)
			print_error("only of %s: %s\n", d < 0 ? "one" : "many", d < 0 ? a->row[i].text : b->row[j].text);
		good &= d == 0;
		i += d <= 0;
		j += d >= 0;
	}
	return (good);
}

static void
test_same(void **state)
{
	static const unsigned workers[] = { 2, 3, 7 };
	static struct trial t;
	unsigned bad = 0, step = getenv("PAVO_LONG") != NULL ? 1 : 5; /* odd: every second one has wild times */

	(void)state;
	for (uint64_t seed = 1, run = 0; seed <= SEEDS; seed += step, run++) {
		struct shared one, many;
		struct engine_totals of_one, of_many;

		sim_trial(&t, seed);
		play(&t, 1, &one, &of_one);
		play(&t, workers[run % 3], &many, &of_many);
		if (!same(&one.rows, &many.rows))
			print_error("trial %llu, %u workers\n", (unsigned long long)seed, workers[run % 3]), bad++;
		assert_int_equal(of_one.records, one.rows.n);
		assert_int_equal(of_many.records, many.rows.n);
		assert_int_equal(of_one.in_flows, of_many.in_flows);
		assert_int_equal(of_one.stats.frames, of_many.stats.frames);
		assert_int_equal(of_one.stats.newflows, of_many.stats.newflows);
		sim_free(&one.rows);
		sim_free(&many.rows);
	}
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
