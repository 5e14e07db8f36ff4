/* SPDX-License-Identifier: BSD-2-Clause
 *
 * teller.c: the thread that tells how the probe is.  Tested by tests/stats.tap.
 */
#include "probe/tell/teller.h"

#include "format/base/clock.h"
#include "format/base/log.h"
#include "format/base/mem.h"
#include "probe/tell/file.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define RECENT (3 * SEC) /* rates of less are noise */
#define APART  (5 * SEC) /* what they are against */

struct teller {
	int64_t every, began;
	struct told_file *lines, *metrics;
	bool lines_failed, metrics_failed; /* and that was said */
	bool started;
	pthread_t thread;
	atomic_bool due;
	/* shared */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct snapshot next;
	bool fresh, timely, asked, stop;
	/* the thread's: the last ones told, some seconds apart, for rates; the latest first */
	struct snapshot before[2];
	unsigned nbefore;
};

int64_t
monotonic_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec * SEC + t.tv_nsec);
}

int64_t
wall_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (t.tv_sec * SEC + t.tv_nsec);
}

void
snapshot_stamp(struct snapshot *s, int64_t began)
{
	struct timespec cpu;
	struct rusage use;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	s->time = wall_now();
	s->cpu = cpu.tv_sec * SEC + cpu.tv_nsec;
	s->up = monotonic_now() - began;
	s->memory = getrusage(RUSAGE_SELF, &use) == 0 ? (uint64_t)use.ru_maxrss * 1024 : 0;
}

struct teller *
teller_new(const struct teller_options *o, char *err, size_t errlen)
{
	struct teller *t = mem_zero(1, sizeof(*t));
	pthread_condattr_t attr;

	t->every = o->every;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, &attr);
	pthread_condattr_destroy(&attr);
	if ((o->lines != NULL && (t->lines = told_file_open(o->lines, NULL, err, errlen)) == NULL) ||
	    (o->metrics != NULL && (t->metrics = told_file_open(o->metrics, "# HELP pavo_", err, errlen)) == NULL))
		teller_end(&t, NULL);
	return (t);
}

/* What went wrong is said once, and that it is over. */
static void
say(const struct told_file *f, bool good, bool *failed, const char *path)
{
	if (!good && !*failed)
		log_warnx("%s; what can not be told there is left out", told_file_error(f));
	else if (good && *failed)
		log_info("%s can be written again", path);
	*failed = !good;
}

static void
tell(struct teller *t, const struct snapshot *s)
{
	struct buf b = { 0 };

	if (t->lines != NULL) {
		snapshot_json(s, &b);
		say(t->lines, told_file_add(t->lines, &b), &t->lines_failed, "the file of --stats");
		b.len = 0;
	}
	if (t->metrics != NULL) {
		snapshot_metrics(s, &b);
		say(t->metrics, told_file_replace(t->metrics, &b), &t->metrics_failed, "the file of --metrics");
	}
	buf_free(&b);
}

static void
tell_people(struct teller *t, const struct snapshot *s)
{
	const struct snapshot *before = NULL;
	struct buf b = { 0 };
	char *rest;

	for (unsigned i = 0; i < t->nbefore && before == NULL; i++)
		if (s->up - t->before[i].up >= RECENT)
			before = &t->before[i];
	snapshot_text(s, before, &b);
	(void)buf_cstr(&b);
	for (char *line = strtok_r((char *)b.p, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		log_info("%s", line);
	buf_free(&b);
}

static void
keep(struct teller *t, const struct snapshot *s)
{
	if (t->nbefore > 0 && s->up - t->before[0].up < APART)
		return;
	t->before[1] = t->before[0];
	t->before[0] = *s;
	t->nbefore += t->nbefore < 2;
}

static void *
work(void *arg)
{
	struct teller *t = arg;
	int64_t at = monotonic_now() + t->every;
	bool stop = false;

	while (!stop) {
		struct timespec until = { at / SEC, at % SEC };
		bool timely, asked;
		struct snapshot s;

		pthread_mutex_lock(&t->lock);
		while (!t->fresh && !t->stop)
			if (pthread_cond_timedwait(&t->changed, &t->lock, &until) == ETIMEDOUT) {
				atomic_store_explicit(&t->due, true, memory_order_relaxed);
				at += ((monotonic_now() - at) / t->every + 1) * t->every;
				until = (struct timespec){ at / SEC, at % SEC };
			}
		s = t->next;
		timely = t->fresh && t->timely;
		asked = t->fresh && t->asked;
		stop = t->stop;
		t->fresh = t->timely = t->asked = false;
		pthread_mutex_unlock(&t->lock);
		if (timely)
			tell(t, &s);
		if (asked)
			tell_people(t, &s);
		if (timely)
			keep(t, &s);
	}
	return (NULL);
}

void
teller_start(struct teller *t)
{
	sigset_t all, before;

	sigfillset(&all); /* SIGPIPE too: one who reads no more does not end a capture */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&t->thread, NULL, work, t) != 0)
		fatalx("cannot start the thread that tells how the probe is");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	t->started = true;
}

bool
teller_due(struct teller *t)
{
	return (atomic_load_explicit(&t->due, memory_order_relaxed) &&
	    atomic_exchange_explicit(&t->due, false, memory_order_relaxed));
}

void
teller_tell(struct teller *t, const struct snapshot *s, bool timely, bool asked)
{
	pthread_mutex_lock(&t->lock);
	t->next = *s;
	t->fresh = true;
	t->timely |= timely;
	t->asked |= asked;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void
teller_end(struct teller **pt, const struct snapshot *last)
{
	struct teller *t = *pt;

	if (t->started) {
		if (last != NULL)
			teller_tell(t, last, true, false);
		pthread_mutex_lock(&t->lock);
		t->stop = true;
		pthread_cond_signal(&t->changed);
		pthread_mutex_unlock(&t->lock);
		pthread_join(t->thread, NULL);
	}
	told_file_close(&t->lines);
	told_file_close(&t->metrics);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
	*pt = NULL;
}
