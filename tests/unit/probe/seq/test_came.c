/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_came.c: which numbers came in a bin, as the record says it.
 */
#include "format/seqs.h"
#include "tests/unit/probe/row.h"
#include "tests/unit/probe/world.h"

#include <stdio.h>

static struct world w;

static int
setup(void **state)
{
	(void)state;
	world_new(&w, 5, 100);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	world_free(&w);
	return (0);
}

/* As the record has it: name:lo-hi, the mark behind a *, + if there were others. */
static const char *
said(struct seq_bin *s, int64_t start)
{
	static char text[8192];
	static struct tile *t;
	struct bin b = { .start = start };
	struct seqs v;
	struct seqs_run r;
	size_t n = 0;

	if (t == NULL)
		t = tile_new();
	tile_start(t);
	seq_fill_came(&w.track->numbers, s, &b, 0, t);
	text[0] = '\0';
	if (!TILE_HAS(t, sseqs))
		return (text);
	v = seqs_open(t->wide[F_sseqs][t->row].b, s->spi[0]);
	while (seqs_next(&v, &r))
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%u:%llu-%llu ", r.name, (unsigned long long)r.lo,
		    (unsigned long long)r.hi);
	if (v.marked)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "*%u:%llu@%llu", v.mark_name, (unsigned long long)v.mark,
		    (unsigned long long)v.mark_ns);
	(void)snprintf(text + n, sizeof(text) - n, "%s", v.more ? "+" : "");
	return (text);
}

static const struct came_case {
	const char *what;
	struct { uint32_t name; uint64_t q; } came[16];
	const char *said;
} rows[] = {
	{ "in order", { { 7, 1 }, { 7, 2 }, { 7, 3 } }, "7:1-3 *7:2@1" },
	{ "a gap", { { 7, 9 }, { 7, 10 }, { 7, 12 }, { 7, 13 } }, "7:9-10 7:12-13 *7:12@2" },
	{ "filled late", { { 7, 9 }, { 7, 11 }, { 7, 10 }, { 7, 12 } }, "7:9-12 *7:12@3" },
	{ "filled in part", { { 7, 1 }, { 7, 5 }, { 7, 3 }, { 7, 6 } }, "7:1-1 7:3-3 7:5-6 *7:6@3" },
	{ "two SAs by turns", { { 7, 1 }, { 8, 1 }, { 7, 2 }, { 8, 2 }, { 7, 3 }, { 8, 3 } }, "7:1-3 8:1-3 *7:2@2" },
	{ "zero is divided by all", { { 7, 8 }, { 7, 0 }, { 7, 1 }, { 7, 16 } }, "7:0-1 7:8-8 7:16-16 *7:0@1" },
	{ "over the wrap", { { 7, 0xfffffffe }, { 7, 0xffffffff }, { 7, 0 }, { 7, 1 } }, "7:0-1 7:4294967294-4294967295 *7:0@2" },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seq_bin s = { .spi = { 7, 0 } };

		for (int k = 0; rows[i].came[k].name != 0; k++)
			seq_came(&w.track->numbers, &s.came[0], rows[i].came[k].name, rows[i].came[k].q, 1000 + k);
		if (strcmp(said(&s, 1000), rows[i].said) != 0)
			fail_msg("%s: %s", rows[i].what, said(&s, 1000));
		assert_false(s.came[1].any);
		seq_came_end(&w.track->numbers, &s.came[0]);
	}
	assert_int_equal(w.track->numbers.runs.used, 0);
}

/* Two bins become one. */
static void
test_merge(void **state)
{
	struct seq_came a = { .any = false }, b = { .any = false };
	struct seq_bin s = { .spi = { 7, 0 } };

	(void)state;
	seq_came(&w.track->numbers, &a, 7, 1, 1000);
	seq_came(&w.track->numbers, &a, 7, 4, 1001);
	seq_came(&w.track->numbers, &b, 8, 1, 1002);
	seq_came(&w.track->numbers, &b, 8, 3, 1003);
	seq_came_merge(&w.track->numbers, &a, &b);
	s.came[0] = a;
	assert_string_equal(said(&s, 1000), "7:1-1 7:4-4 8:1-1 8:3-3 *7:4@1");
	seq_came_end(&w.track->numbers, &s.came[0]);
	assert_int_equal(w.track->numbers.runs.used, 0);
}

/* More runs than there is room for: the record says that some are not told, and those that are told came. */
static void
test_many(void **state)
{
	struct seq_bin s = { .spi = { 7, 0 } };
	const char *text;

	(void)state;
	for (uint64_t q = 2; q < 2 * SEQ_RUNS + 10; q += 2)
		seq_came(&w.track->numbers, &s.came[0], 7, q, 1000);
	assert_true(s.came[0].more);
	text = said(&s, 1000);
	assert_memory_equal(text, "7:2-2 7:4-4 ", 12);
	assert_int_equal(text[strlen(text) - 1], '+');
	seq_came_end(&w.track->numbers, &s.came[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_rows), TEST(test_merge), TEST(test_many) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
