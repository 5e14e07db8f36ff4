/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_worker.c: of a capture file nothing is dropped, live nobody waits; what was dropped is told when there is room.
 */
#include "probe/out/worker.h"

#include "format/base/clock.h"
#include "format/base/log.h"
#include "format/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define BATCHES 12
#define ROWS    20000

static char folder[] = "/tmp/pavo-worker.XXXXXX";

static int
enter(void **state)
{
	(void)state;
	log_start("test_worker");
	(void)signal(SIGXFSZ, SIG_IGN);
	return (mkdtemp(folder) == NULL || chdir(folder) != 0);
}

static int
leave(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return (chdir("/") != 0 || system(command) != 0);
}

static struct archive *
open_archive(const char *path)
{
	struct archive_options o = { .name = path, .bring = 1, .writer = { .segment = { .probe = "p", .interval = 1 } } };
	char err[256];
	struct archive *w = archive_open(&o, err, sizeof(err));

	assert_non_null(w);
	return (w);
}

/* A bin's rows, of one packet each, in values that nothing makes small; the last one is the MAR record. */
static void
fill(struct batch *b, int second)
{
	static uint64_t seed = 88172645463325252ull;
	static struct flow f;

	for (unsigned i = 0; i < ROWS; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		flow_clear(&f);
		SET(&f, bstart, second * SEC);
		SET(&f, bend, (second + 1) * SEC);
		SET_BLOB(&f, probe, "p", 1);
		SET(&f, rectype, i + 1 < ROWS ? RECTYPE_FLOW : RECTYPE_MAR);
		if (i + 1 < ROWS) {
			SET(&f, flowid, seed);
			SET(&f, spkts, 1);
			SET(&f, sbytes, 60);
		} else {
			SET(&f, frames, ROWS - 1);
		}
		batch_add(b, &f);
	}
}

struct sums {
	uint64_t rows, frames, pkts, recdrop, recdrop_pkts;
};

static uint64_t
value(const struct batch *b, enum field f, uint32_t r)
{
	return (column_has(b->col[f], r) ? b->col[f]->u[r] : 0);
}

static struct sums
sums_of(const char *path)
{
	struct sums s = { 0 };
	char err[256];
	struct reader *r = reader_open(path, err, sizeof(err));
	struct batch *b;

	assert_non_null(r);
	while ((b = reader_next(r, NULL)) != NULL)
		for (uint32_t i = 0; i < b->rows; i++) {
			s.rows++;
			s.frames += value(b, F_frames, i);
			s.pkts += value(b, F_spkts, i);
			s.recdrop += value(b, F_recdrop, i);
			s.recdrop_pkts += value(b, F_recdrop_pkts, i);
		}
	assert_null(reader_error(r));
	reader_close(&r);
	return (s);
}

struct slow { /* who reads a pipe, from a moment on */
	pthread_mutex_t lock;
	int from, to;
};

static void *
read_pipe(void *arg)
{
	struct slow *s = arg;
	static char bytes[65536];
	ssize_t n;

	pthread_mutex_lock(&s->lock);
	while ((n = read(s->from, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(s->to, bytes, (size_t)n), n);
	pthread_mutex_unlock(&s->lock);
	return (NULL);
}

/* Twelve batches into a pipe that is not read before they have all come, or is read at once. */
static struct sums
through_pipe(bool live, bool stuck, uint64_t *lost)
{
	struct slow s = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct batch *b = batch_new(BATCH_ROWS);
	struct archive *out;
	struct worker *w;
	struct sink sink;
	struct worker_state last;
	pthread_t reader;
	char err[256];
	bool all;

	(void)unlink("pipe");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	s.from = open("pipe", O_RDONLY | O_NONBLOCK);
	s.to = open("copy", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(fcntl(s.from, F_SETFL, 0), 0);
	if (stuck)
		pthread_mutex_lock(&s.lock);
	out = open_archive("pipe");
	assert_int_equal(pthread_create(&reader, NULL, read_pipe, &s), 0); /* not before somebody writes */
	w = worker_new(&out, 1, 1, live);
	sink = worker_sink(w);
	for (int i = 0; i < BATCHES; i++) {
		fill(b, i);
		b = sink.put(sink.arg, b);
		assert_int_equal(b->rows, 0);
	}
	assert_int_equal(sink.ready(sink.arg), !stuck || !live);
	if (stuck)
		pthread_mutex_unlock(&s.lock);
	worker_ends(w);
	all = worker_free(&w, &last);
	*lost = last.lost;
	assert_int_equal(all, *lost == 0);
	assert_true(archive_close(&out, err, sizeof(err)));
	pthread_join(reader, NULL);
	(void)close(s.from);
	(void)close(s.to);
	batch_free(&b);
	return (sums_of("copy"));
}

static void
offline_waits(void **state)
{
	uint64_t lost;
	struct sums s = through_pipe(false, false, &lost);

	(void)state;
	assert_int_equal(lost, 0);
	assert_int_equal(s.rows, BATCHES * ROWS);
	assert_int_equal(s.recdrop, 0);
	assert_int_equal(s.pkts, s.frames);
}

/* The pipe takes a part of the first one, two more wait; the others have no room. */
static void
live_drops(void **state)
{
	uint64_t lost, dropped = (BATCHES - 3) * (ROWS - 1);
	struct sums s = through_pipe(true, true, &lost);

	(void)state;
	assert_int_equal(lost, dropped);
	assert_int_equal(s.recdrop, dropped);
	assert_int_equal(s.recdrop_pkts, dropped);
	assert_int_equal(s.frames, BATCHES * (ROWS - 1)); /* no MAR record is lost */
	assert_int_equal(s.pkts + s.recdrop_pkts, s.frames);
}

/* A disk that is full for a while: it goes on in the same file, and all is told. */
static void
full_disk(void **state)
{
	struct batch *b = batch_new(BATCH_ROWS);
	struct archive *out = open_archive("x.pavo");
	struct worker *w = worker_new(&out, 1, 1, true);
	struct sink sink = worker_sink(w);
	struct rlimit old, small;
	struct worker_state last;
	struct sums s;
	char err[256];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 1000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < BATCHES; i++) {
		fill(b, i);
		b = sink.put(sink.arg, b);
	}
	assert_false(worker_failed(w));
	worker_look(w, &last);
	assert_true(last.lost > 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	for (int i = 0; i < 100 && !sink.ready(sink.arg); i++)
		(void)usleep(50000);
	fill(b, BATCHES);
	b = sink.put(sink.arg, b);
	assert_false(worker_free(&w, &last));
	assert_true(archive_close(&out, err, sizeof(err)));
	s = sums_of("x.pavo");
	assert_int_equal(s.recdrop, last.lost);
	assert_int_equal(s.frames, (BATCHES + 1) * (ROWS - 1));
	assert_int_equal(s.pkts + s.recdrop_pkts, s.frames);
	batch_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offline_waits), cmocka_unit_test(live_drops), cmocka_unit_test(full_disk),
	};

	return (cmocka_run_group_tests(tests, enter, leave));
}
