/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine: packets by chance, and what must hold for every sequence of them.
 */
#include "tests/unit/probe/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RUNS 600

static bool waits; /* the sink has room now and then only */

static bool
by_chance(void *arg)
{
	(void)arg;
	return (chance(4) == 0);
}

/* Packets in calls of `cut` of them; 0: by chance. */
static void
play(const struct trial *t, unsigned cut, uint64_t seed, struct rows *rows)
{
	struct arrival batch[ENGINE_BATCH];
	struct engine *e = engine_new(&(struct engine_options){ .interval = t->interval, .probe = "p",
	    .max_flows = 1000, .max_frags = 100, .max_sas = 1024, .seed = seed }, (struct sink){ .put = sim_put, .ready = waits ? by_chance : NULL,
	    .arg = rows });
	unsigned i = 0;

	while (i < t->n) {
		unsigned n = cut != 0 ? cut : 1 + chance(ENGINE_BATCH);

		if (n > t->n - i)
			n = t->n - i;
		memcpy(batch, &t->a[i], n * sizeof(batch[0]));
		engine_packets(e, batch, n);
		i += n;
	}
	engine_finish(e);
	engine_free(&e);
}

static void
say(const char *what, uint64_t seed, const char *a, const char *b)
{
	print_error("trial %llu: %s\n  %s\n  %s\n", (unsigned long long)seed, what, a, b);
}

/* --- what holds for the records of any input */

static int
by_flow(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	return (a->flowid < b->flowid ? -1 : a->flowid > b->flowid);
}

static void
check(const struct trial *t, const struct rows *in, uint64_t seed)
{
	uint64_t frames = 0, bytes = 0, pkts = 0, wire = 0, starts = 0, newflows = 0, ends = 0, kept = 0;
	struct row *row = calloc(in->n + 1, sizeof(*row));

	for (unsigned i = 0; i < t->n; i++) {
		wire += t->a[i].packet.fate == PKT_FLOW ? t->a[i].packet.wire : 0;
		kept += t->a[i].packet.fate == PKT_FLOW;
	}
	for (uint32_t i = 0; i < in->n; i++) {
		const struct row *r = &in->row[i];
		bool good = r->bend - r->bstart == t->interval && r->bstart % t->interval == 0 &&
		    (!r->has_time || (r->stime <= r->ltime && r->stime >= r->bstart && r->ltime < r->bend)) &&
		    (r->rectype == RECTYPE_MAR || r->has_pkts == r->has_time) && (!r->has_pkts || r->pkts > 0);

		if (!good)
			say("a row that is not of one bin", seed, r->text, "");
		assert_true(good);
		row[i] = *r;
		frames += r->frames;
		newflows += r->newflows;
		ends += r->ends;
		pkts += r->pkts;
		bytes += r->bytes;
		starts += (r->flags & RFLAGS_start) != 0;
	}
	assert_int_equal(frames, t->n);
	assert_int_equal(pkts, kept);
	assert_int_equal(bytes, wire);
	if (starts != newflows || ends != newflows)
		print_error("trial %llu\n", (unsigned long long)seed);
	assert_int_equal(starts, newflows);
	assert_int_equal(ends, newflows);
	/* a flow's life: one START, at most one END, and nothing but LATE rows behind it */
	qsort(row, in->n, sizeof(*row), by_flow);
	for (uint32_t i = 0, n; i < in->n; i += n) {
		unsigned s = 0, e = 0;

		for (n = 0; i + n < in->n && row[i + n].flowid == row[i].flowid; n++) {
			s += (row[i + n].flags & RFLAGS_start) != 0;
			e += (row[i + n].flags & RFLAGS_end) != 0;
		}
		if (row[i].rectype == RECTYPE_MAR)
			continue;
		if (seed % 4 == 0 && row[i].stime == row[i].ltime)
			continue; /* impossible times become the watermark: two lives may begin at one moment */
		if (s != 1 || e > 1)
			say("not one START and at most one END", seed, row[i].text, "");
		assert_int_equal(s, 1);
		assert_true(e <= 1);
	}
	free(row);
}

static void
test_rows(void **state)
{
	static struct trial t;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct rows rows = { .texts = true };

		sim_trial(&t, seed);
		play(&t, 0, 1, &rows);
		check(&t, &rows, seed);
		sim_free(&rows);
	}
}

/* Sealing waits while the writer has no room: the same holds. */
static void
test_waits(void **state)
{
	static struct trial t;

	(void)state;
	waits = true;
	for (uint64_t seed = 1; seed <= RUNS / 3; seed++) {
		struct rows rows = { .texts = true };

		sim_trial(&t, seed);
		play(&t, 0, 1, &rows);
		check(&t, &rows, seed);
		sim_free(&rows);
	}
	waits = false;
}

/* In the file's order: the START is on the first FLOW row of a flow, the END on the last. */
static void
test_first_and_last(void **state)
{
	static struct trial t;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct rows rows = { .texts = true };

		if (seed % 4 == 0)
			continue; /* as above */
		sim_trial(&t, seed);
		play(&t, 0, 1, &rows);
		for (uint32_t i = 0; i < rows.n; i++)
			for (uint32_t j = 0; j < i; j++) {
				const struct row *a = &rows.row[j], *b = &rows.row[i];

				if (a->rectype != RECTYPE_FLOW || b->rectype != RECTYPE_FLOW || a->flowid != b->flowid)
					continue;
				if (b->flags & RFLAGS_start || a->flags & RFLAGS_end) {
					say("START is not first or END is not last", seed, a->text, b->text);
					fail();
				}
			}
		sim_free(&rows);
	}
}

/* --- the same packets, the same records */

static int
by_text(const void *x, const void *y)
{
	return (strcmp(((const struct row *)x)->text, ((const struct row *)y)->text));
}

static void
same(struct rows *a, struct rows *b, const char *what, uint64_t seed)
{
	uint32_t n = a->n < b->n ? a->n : b->n;

	for (uint32_t i = 0; i < n; i++)
		if (strcmp(a->row[i].text, b->row[i].text) != 0) {
			say(what, seed, a->row[i].text, b->row[i].text);
			fail();
		}
	assert_int_equal(a->n, b->n);
}

static void
test_cuts(void **state)
{
	static const unsigned cuts[] = { 32, 2, 7, 0 };
	static struct trial t;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct rows one = { .texts = true };

		sim_trial(&t, seed);
		play(&t, 1, 1, &one);
		qsort(one.row, one.n, sizeof(*one.row), by_text);
		for (unsigned i = 0; i < 4; i++) {
			struct rows many = { .texts = true };

			play(&t, cuts[i], 1, &many);
			qsort(many.row, many.n, sizeof(*many.row), by_text);
			same(&one, &many, "cut into other batches", seed);
			sim_free(&many);
		}
		sim_free(&one);
	}
}

static void
test_seeds(void **state)
{
	static struct trial t;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct rows one = { .texts = true }, two = { .texts = true };

		sim_trial(&t, seed);
		play(&t, 32, 1, &one);
		play(&t, 32, 0x123456789abcdefull, &two);
		same(&one, &two, "another seed", seed);
		sim_free(&one);
		sim_free(&two);
	}
}

/* --- caps: many flows, few places; nothing is lost, each is begun once */

struct crowd {
	const char *what;
	uint32_t flows, max;
	int64_t interval, step;
	unsigned proto;
	bool wild; /* times all over the place */
};

static void
crowd(const struct crowd *c)
{
	struct rows rows = { 0 };
	struct engine *e = engine_new(&(struct engine_options){ .interval = c->interval, .probe = "p",
	    .max_flows = c->max, .max_frags = 64, .max_sas = 1024, .seed = 5 }, (struct sink){ .put = sim_put, .arg = &rows });
	struct arrival batch[ENGINE_BATCH];
	struct engine_totals totals;
	uint64_t starts = 0, pkts = 0, newflows = 0, ends = 0;

	chance_seed(c->flows);
	for (uint32_t i = 0; i < c->flows; i += ENGINE_BATCH) {
		for (unsigned k = 0; k < ENGINE_BATCH; k++) {
			int64_t ts = 1700000000 * SEC + (int64_t)(i + k) * c->step;

			if (c->wild)
				ts = (int64_t)chance(1u << 31) * SEC;
			batch[k] = sim_packet(ts, c->proto, 1, 2, (uint16_t)(i + k), (uint16_t)((i + k) >> 16));
			batch[k].packet.dst.b[12] = (uint8_t)((i + k) >> 24);
			batch[k].packet.spi = i + k;
			if (c->proto == PROTO_TCP) {
				batch[k].packet.facts |= FACT_TCP;
				batch[k].packet.tcp.flags = TCP_SYN;
			}
		}
		engine_packets(e, batch, ENGINE_BATCH);
	}
	engine_finish(e);
	for (uint32_t i = 0; i < rows.n; i++) {
		starts += (rows.row[i].flags & RFLAGS_start) != 0;
		pkts += rows.row[i].pkts;
		newflows += rows.row[i].newflows;
		ends += rows.row[i].ends;
	}
	if (pkts != c->flows || starts != c->flows)
		print_error("%s: %llu packets, %llu starts\n", c->what, (unsigned long long)pkts,
		    (unsigned long long)starts);
	assert_int_equal(pkts, c->flows);
	assert_int_equal(starts, c->flows);
	assert_int_equal(newflows, c->flows);
	assert_int_equal(ends, c->flows);
	engine_totals(e, &totals);
	assert_int_equal(totals.in_flows, c->flows);
	engine_free(&e);
	sim_free(&rows);
}

static void
test_crowds(void **state)
{
	static const struct crowd crowds[] = {
		{ "udp, all at once", 100000 / 32 * 32, 64, 5 * SEC, 0, PROTO_UDP, false },
		{ "syn, 1 ms apart", 100000 / 32 * 32, 64, 5 * SEC, MSEC, PROTO_TCP, false },
		{ "ended flows wait for the end of an hour", 1024, 16, 3600 * SEC, 10 * SEC, PROTO_ARP, false },
		{ "ended flows, one minute", 100000 / 32 * 32, 16, 60 * SEC, SEC, PROTO_ARP, false },
		{ "times from 1970 to 2038", 65536, 64, SEC, 0, PROTO_UDP, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++)
		crowd(&crowds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_first_and_last),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_crowds),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
