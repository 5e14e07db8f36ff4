/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.c: one thread that writes, and two short queues: full batches and turns of time to it, empty batches back.  Tested by
 * test_worker.c, tests/live.tap and tests/faults.tap.
 */
#include "probe/out/worker.h"

#include "format/base/clock.h"
#include "format/base/log.h"
#include "format/base/mem.h"
#include "probe/out/losses.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SPARE 3 /* batches of about 15 MB, beside those that are being filled: full, being written */
#define CALM  10 /* s without a drop: it is fast enough again */

struct word { /* a full batch, or (NULL) a turn */
	struct batch *batch;
	unsigned who;
	struct turn turn;
};

struct bringer {
	struct worker *worker;
	unsigned who;
};

struct worker {
	struct archive *archive[WORKER_ARCHIVES];
	unsigned archives, at; /* at: the first that does not have the batch yet */
	bool live;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct bringer *bringers;
	struct word *words;    /* between two batches of one there is one turn at most */
	struct batch **empty;
	unsigned nwords, nfull, nempty; /* nfull: batches among the words */
	atomic_bool stuck;     /* there is no empty one: live, what is brought now is dropped */
	bool ends, stop, given_up, busy;
	bool failed;           /* the last batch could not be written */
	bool slow, trouble;    /* said, and not yet over */
	int64_t dropped;       /* when that was last; s */
	uint64_t before;       /* records that were lost when it was said */
	uint64_t brought, written; /* records */
	struct worker_state state;
	struct losses *losses;
	struct batch *told;    /* losses that are being written, */
	uint32_t kept;         /* of these rows so many were brought */
};

static int64_t
seconds(struct timespec *t)
{
	(void)clock_gettime(CLOCK_MONOTONIC, t);
	return (t->tv_sec);
}

/* For a second, or until something happens. */
static void
wait_a_second(struct worker *w)
{
	struct timespec t;

	t.tv_sec = seconds(&t) + 1;
	(void)pthread_cond_timedwait(&w->changed, &w->lock, &t);
}

/* --- what is said */

static void
say_trouble(struct worker *w)
{
	if (!w->live || w->trouble)
		return;
	if (!w->slow)
		w->before = losses_records(w->losses);
	w->trouble = true;
	log_warnx("%s; it is tried again, what has no room meanwhile is dropped", archive_error(w->archive[w->at]));
}

static void
say_slow(struct worker *w)
{
	struct timespec t;

	w->dropped = seconds(&t);
	if (w->slow || w->trouble)
		return;
	w->before = losses_records(w->losses);
	w->slow = true;
	log_warnx("writing is too slow: records are dropped");
}

static void
say_over(struct worker *w)
{
	uint64_t lost = losses_records(w->losses) - w->before;
	struct timespec t;

	if ((!w->slow && !w->trouble) || w->failed || w->nfull > 0 || (w->slow && seconds(&t) - w->dropped < CALM))
		return;
	if (lost == 0)
		log_info("all is written again, nothing was dropped");
	else
		log_info("all is written again; %" PRIu64 " record%s dropped meanwhile", lost, lost == 1 ? " was" : "s were");
	w->slow = w->trouble = false;
}

/* --- the thread */

/* Also at the very end: a few rows may have room where a block had none. */
static bool
can_tell(const struct worker *w)
{
	return (losses_wait(w->losses) && w->live && !w->given_up);
}

/* What is to be done next; losses are told when nothing else waits, and before a file may be closed.  false: that was
 * all. */
static bool
next(struct worker *w, struct word *word)
{
	while (w->nwords == 0 && !w->stop && !can_tell(w)) {
		say_over(w); /* at the end the last line says it */
		if (w->slow || w->trouble)
			wait_a_second(w);
		else
			(void)pthread_cond_wait(&w->changed, &w->lock);
	}
	if (w->nwords == 0 && !can_tell(w))
		return (false);
	if (w->nwords == 0 || (w->words[0].batch == NULL && can_tell(w) && !w->ends)) {
		w->kept = losses_tell(w->losses, w->told);
		*word = (struct word){ .batch = w->told };
		return (true);
	}
	*word = w->words[0];
	memmove(&w->words[0], &w->words[1], --w->nwords * sizeof(w->words[0]));
	w->nfull -= word->batch != NULL;
	return (true);
}

/* The end of the last bin that the batch completes; WORKER_NO_TIME: it completes none. */
static int64_t
completes(const struct batch *b)
{
	const struct column *type = b->col[F_rectype], *flags = b->col[F_flags], *end = b->col[F_bend];
	int64_t last = WORKER_NO_TIME;

	for (uint32_t r = 0; r < b->rows; r++)
		if (column_has(type, r) && type->u[r] == RECTYPE_MAR && column_has(end, r) && end->i[r] > last &&
		    !(column_has(flags, r) && flags->u[r] & RFLAGS_late))
			last = end->i[r];
	return (last);
}

/* The batch was written. */
static void
note(struct worker *w, const struct batch *b)
{
	struct worker_state *s = &w->state;
	int64_t latency, bin_end = completes(b);
	struct timespec now;

	w->written += b == w->told ? w->kept : b->rows;
	s->written = 0;
	for (unsigned i = 0; i < w->archives; i++)
		s->written += archive_bytes(w->archive[i]);
	if (bin_end == WORKER_NO_TIME)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	latency = now.tv_sec * SEC + now.tv_nsec - bin_end;
	s->latency = latency;
	if (latency > s->latency_most)
		s->latency_most = latency;
}

/* Some of its rows were written before there was no room for the others. */
static void
note_rest(struct worker *w, const struct batch *b)
{
	for (uint32_t i = 0; b != w->told && i < b->rows; i++)
		w->written += !batch_selected(b, i);
}

static bool
put_all(struct worker *w, unsigned who, struct batch *b)
{
	while (w->at < w->archives && archive_put(w->archive[w->at], who, b))
		w->at++;
	return (w->at == w->archives);
}

/* With the lock, but for the writing itself.  Live it goes on until it is written, or all ends. */
static void
write_batch(struct worker *w, unsigned who, struct batch *b)
{
	w->at = 0;
	while (w->live || !w->failed) {
		bool good;

		(void)pthread_mutex_unlock(&w->lock);
		good = put_all(w, who, b);
		(void)pthread_mutex_lock(&w->lock);
		w->failed = !good;
		if (good) {
			note(w, b);
			return;
		}
		say_trouble(w);
		w->given_up = w->ends && b == w->told;
		if (w->ends || !w->live)
			break;
		wait_a_second(w);
	}
	note_rest(w, b);
	losses_take(w->losses, b);
}

static void
give_back(struct worker *w, struct batch *b)
{
	batch_reset(b);
	if (b == w->told)
		return;
	w->empty[w->nempty++] = b;
	atomic_store(&w->stuck, false);
	(void)pthread_cond_broadcast(&w->changed);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct word word;

	(void)pthread_mutex_lock(&w->lock);
	while (next(w, &word)) {
		if (word.batch == NULL) {
			(void)pthread_mutex_unlock(&w->lock);
			for (unsigned i = 0; i < w->archives; i++)
				archive_turn(w->archive[i], word.who, &word.turn);
			(void)pthread_mutex_lock(&w->lock);
			continue;
		}
		w->busy = true;
		write_batch(w, word.who, word.batch);
		w->busy = false;
		give_back(w, word.batch);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return (NULL);
}

/* --- those who bring batches */

/* Give a full batch, get an empty one. */
static struct batch *
put(void *arg, struct batch *b)
{
	const struct bringer *by = arg;
	struct worker *w = by->worker;

	(void)pthread_mutex_lock(&w->lock);
	w->brought += b->rows;
	if (w->live && !w->ends && w->nempty == 0) {
		say_slow(w);
		losses_take(w->losses, b);
		(void)pthread_mutex_unlock(&w->lock);
		batch_reset(b);
		return (b);
	}
	w->words[w->nwords++] = (struct word){ .batch = b, .who = by->who };
	w->nfull++;
	(void)pthread_cond_broadcast(&w->changed);
	while (w->nempty == 0)
		(void)pthread_cond_wait(&w->changed, &w->lock);
	b = w->empty[--w->nempty];
	atomic_store(&w->stuck, w->nempty == 0);
	(void)pthread_mutex_unlock(&w->lock);
	return (b);
}

static bool
ready(void *arg)
{
	struct worker *w = ((const struct bringer *)arg)->worker;

	return (!w->live || !atomic_load(&w->stuck));
}

/* It takes the place of one that is still to come, if no batch of the same stands behind that. */
static void
turn(void *arg, const struct turn *t)
{
	const struct bringer *by = arg;
	struct worker *w = by->worker;
	unsigned i;

	(void)pthread_mutex_lock(&w->lock);
	i = w->nwords;
	while (i > 0 && w->words[i - 1].who != by->who)
		i--;
	if (i > 0 && w->words[i - 1].batch == NULL)
		w->words[i - 1].turn = *t;
	else
		w->words[w->nwords++] = (struct word){ .who = by->who, .turn = *t };
	(void)pthread_cond_broadcast(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
}

static void *
share(void *arg, unsigned who)
{
	return (&((const struct bringer *)arg)->worker->bringers[who]);
}

struct worker *
worker_new(struct archive *const *archive, unsigned archives, unsigned bring, bool live)
{
	struct worker *w = mem_zero(1, sizeof(*w));
	pthread_condattr_t attr;

	for (unsigned i = 0; i < archives; i++)
		w->archive[i] = archive[i];
	w->archives = archives;
	w->bringers = mem_zero(bring, sizeof(*w->bringers));
	for (unsigned i = 0; i < bring; i++)
		w->bringers[i] = (struct bringer){ w, i };
	w->live = live;
	w->state = (struct worker_state){ .queue = SPARE, .latency = WORKER_NO_TIME, .latency_most = WORKER_NO_TIME };
	w->words = mem_zero(2 * (bring + SPARE) + bring, sizeof(*w->words));
	w->empty = mem_zero(bring + SPARE, sizeof(*w->empty));
	while (w->nempty < SPARE)
		w->empty[w->nempty++] = batch_new(BATCH_ROWS);
	w->losses = losses_new();
	w->told = batch_new(BATCH_ROWS);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&w->thread, NULL, work, w) != 0)
		fatalx("cannot start the writer's thread");
	return (w);
}

struct sink
worker_sink(struct worker *w)
{
	return ((struct sink){ .put = put, .ready = ready, .turn = turn, .share = share, .arg = &w->bringers[0] });
}

bool
worker_failed(struct worker *w)
{
	bool failed;

	(void)pthread_mutex_lock(&w->lock);
	failed = w->failed && !w->live;
	(void)pthread_mutex_unlock(&w->lock);
	return (failed);
}

void
worker_ends(struct worker *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->ends = true;
	(void)pthread_cond_broadcast(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
}

void
worker_look(const struct worker *w, struct worker_state *s)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&w->lock;

	(void)pthread_mutex_lock(lock);
	*s = w->state;
	s->queued = w->nfull + w->busy;
	s->lost = losses_records(w->losses);
	(void)pthread_mutex_unlock(lock);
}

bool
worker_free(struct worker **pw, struct worker_state *last)
{
	struct worker *w = *pw;
	bool ok;

	worker_ends(w);
	(void)pthread_mutex_lock(&w->lock);
	w->stop = true;
	(void)pthread_cond_broadcast(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	*last = w->state;
	last->lost = w->brought - w->written;
	ok = !w->failed && last->lost == 0;
	while (w->nempty > 0)
		batch_free(&w->empty[--w->nempty]);
	batch_free(&w->told);
	losses_free(&w->losses);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	free(w->words);
	free(w->bringers);
	free(w->empty);
	free(w);
	*pw = NULL;
	return (ok);
}
