/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_page.c: stretches of time with a file each, and an engine that says when all of one is written.
 */
#include "tests/unit/probe/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
test_edges(void **state)
{
	struct periods p = { .length = 300 * SEC, .cut = INT64_MIN, .patience = 3 * SEC };

	(void)state;
	assert_int_equal(period_start(&p, 599 * SEC), 300 * SEC);
	assert_int_equal(period_end(&p, 599 * SEC), 600 * SEC);
	assert_int_equal(period_start(&p, 600 * SEC), 600 * SEC);
	assert_int_equal(period_start(&p, -1), -300 * SEC);
	assert_int_equal(period_end(&p, -1), 0);
	assert_int_equal(period_edge(&p, 602 * SEC), 603 * SEC); /* the one before is closed */
	assert_int_equal(period_edge(&p, 603 * SEC), 900 * SEC);
	p.cut = 450 * SEC; /* HUP */
	assert_int_equal(period_start(&p, 449 * SEC), 300 * SEC);
	assert_int_equal(period_end(&p, 449 * SEC), 450 * SEC);
	assert_int_equal(period_start(&p, 450 * SEC), 450 * SEC);
	assert_int_equal(period_end(&p, 450 * SEC), 600 * SEC);
	assert_int_equal(period_start(&p, 700 * SEC), 600 * SEC);
	p.length = 0;
	assert_true(period_start(&p, 449 * SEC) == INT64_MIN && period_end(&p, 449 * SEC) == 450 * SEC);
	assert_true(period_start(&p, 450 * SEC) == 450 * SEC && period_end(&p, 450 * SEC) == INT64_MAX);
	assert_true(period_edge(&p, 453 * SEC) == INT64_MAX && period_close(&p, INT64_MAX) == INT64_MAX);
}

static void
ignore(void *arg, const struct turn *t)
{
	*(struct turn *)arg = *t;
}

/* What is held keeps its period open. */
static void
test_kept(void **state)
{
	struct timeline time;
	struct turn told = { 0 };
	struct emit emit;
	struct page p;

	(void)state;
	timeline_init(&time, SEC, SEC);
	time.periods.length = 10 * SEC;
	emit_init(&emit, (struct sink){ .arg = &told, .turn = ignore }, "p", SEC);
	page_init(&p, &time, &emit);
	page_turn(&p, 105 * SEC);
	assert_int_equal(told.home, 100 * SEC);
	assert_int_equal(page_due(&p), 110 * SEC);
	page_keep(&p, 109 * SEC);
	page_keep(&p, 111 * SEC);
	page_keep(&p, 109 * SEC);
	page_turn(&p, 110 * SEC);
	assert_int_equal(told.home, 110 * SEC);
	assert_int_equal(page_due(&p), 120 * SEC);
	page_let_go(&p, 109 * SEC);
	assert_int_equal(page_due(&p), 120 * SEC);
	page_let_go(&p, 109 * SEC);
	assert_int_equal(page_due(&p), 113 * SEC);
	page_turn(&p, 114 * SEC);
	assert_int_equal(told.sealed, 110 * SEC);
	assert_int_equal(page_due(&p), 120 * SEC);
	page_cut(&p, 116 * SEC);
	assert_int_equal(told.cut, 116 * SEC);
	page_turn(&p, 116 * SEC);
	assert_int_equal(told.home, 116 * SEC);
	assert_int_equal(page_due(&p), 120 * SEC);
	page_let_go(&p, 111 * SEC);
	assert_int_equal(page_due(&p), 119 * SEC);
	page_free(&p);
	emit_free(&emit);
	timeline_free(&time);
}

/* --- an engine's rows, each put where the archive puts it */

#define FILES 8192

struct file { /* of a period */
	int64_t from;
	uint64_t frames, pkts; /* counted by the probe, in flows */
	bool closed;
};

struct files {
	struct rows rows;
	struct periods periods;
	struct turn turn;
	struct file file[FILES];
	unsigned n, closed;
};

static struct file *
file_of(struct files *s, int64_t t)
{
	int64_t from = period_start(&s->periods, t);

	for (unsigned i = s->n; i-- > 0;)
		if (s->file[i].from == from)
			return (&s->file[i]);
	assert_true(s->n < FILES);
	s->file[s->n] = (struct file){ .from = from };
	return (&s->file[s->n++]);
}

static struct batch *
put(void *arg, struct batch *b)
{
	struct files *s = arg;

	for (uint32_t r = 0; r < b->rows; r++) {
		int64_t bin = column_value(b->col[F_bstart], r).i;
		bool late = s->turn.late != INT64_MIN && sim_get(b, F_flags, r) & RFLAGS_late;
		struct file *f = file_of(s, late ? s->turn.late : bin < s->turn.sealed ? s->turn.home : bin);

		assert_false(f->closed);
		if (sim_get(b, F_rectype, r) == RECTYPE_MAR)
			f->frames += sim_get(b, F_frames, r) - sim_get(b, F_short_pkts, r) - sim_get(b, F_badip_pkts, r) -
			    sim_get(b, F_nonip_pkts, r) - sim_get(b, F_filt_pkts, r);
		else
			f->pkts += sim_get(b, F_spkts, r) + sim_get(b, F_dpkts, r);
	}
	return (sim_put(&s->rows, b));
}

static void
turn(void *arg, const struct turn *t)
{
	struct files *s = arg;

	assert_true(t->sealed >= s->turn.sealed);
	s->turn = *t;
	for (unsigned i = 0; i < s->n; i++)
		if (!s->file[i].closed && period_end(&s->periods, s->file[i].from) <= t->sealed) {
			s->file[i].closed = true;
			s->closed++;
		}
}

/* Times at random, wild ones too: whatever packets wait for, each file has all of its frames.  One that is late and then
 * waits across an edge (a fragment) is counted on one side and in its flow on the other. */
static void
test_conserved(void **state)
{
	static struct trial t;
	unsigned closed = 0, frames = 0, astray = 0, step = getenv("PAVO_LONG") != NULL ? 1 : 7;

	(void)state;
	for (uint64_t seed = 1; seed <= 600; seed += step) {
		static struct files s;
		struct engine *e;
		int64_t sum = 0;

		sim_trial(&t, seed);
		s = (struct files){ .turn = { INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN },
			.periods = { .length = (int64_t)(1 + seed % 5) * t.interval, .cut = INT64_MIN } };
		e = engine_new(&(struct engine_options){ .interval = t.interval, .probe = "p", .max_flows = 4000, .max_frags = 400,
		    .max_sas = 4096, .seed = 1, .rotate = s.periods.length }, (struct sink){ .put = put, .arg = &s, .turn = turn });
		for (unsigned i = 0; i < t.n; i += ENGINE_BATCH)
			engine_packets(e, &t.a[i], t.n - i < ENGINE_BATCH ? t.n - i : ENGINE_BATCH);
		engine_finish(e);
		engine_free(&e);
		for (unsigned i = 0; i < s.n; i++) {
			int64_t more = (int64_t)(s.file[i].frames - s.file[i].pkts);

			sum += more;
			astray += (unsigned)(more > 0 ? more : 0);
		}
		assert_int_equal(sum, 0);
		frames += t.n;
		closed += s.closed;
		sim_free(&s.rows);
	}
	assert_true(closed > 100);
	if (astray > frames / 400) /* the trials have more of those than anything real */
		fail_msg("%u of %u frames are counted in one file and in a flow in another", astray, frames);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_edges), cmocka_unit_test(test_kept), cmocka_unit_test(test_conserved) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
