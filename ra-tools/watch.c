/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watch.c: signals are only noted; who reads looks after each block.
 */
#include "ra-tools/watch.h"

#include "format/base/clock.h"
#include "format/base/log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop, asked;

static void
note(int sig)
{
	if (sig == SIGUSR1)
		asked = 1;
	else
		stop = sig;
}

static void
handle(int sig, int flags)
{
	struct sigaction a = { .sa_handler = note, .sa_flags = flags }, old;

	/* what a parent ignores stays ignored: nohup */
	if (sigaction(sig, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		(void)sigaction(sig, &a, NULL);
}

void
watch_start(struct watch *w, int64_t now)
{
	w->began = w->told = now;
	/* without SA_RESTART: who waits for a reader of standard output has to look */
	handle(SIGINT, (int)SA_RESETHAND);
	handle(SIGTERM, (int)SA_RESETHAND);
	handle(SIGUSR1, SA_RESTART);
}

int
watch_stop(void)
{
	return (stop);
}

void
watch_tell(struct watch *w, int64_t now, uint64_t done, uint64_t size, uint64_t records)
{
	bool terminal = isatty(STDERR_FILENO), line = asked != 0;
	double seconds = (double)(now - w->began) / 1e9;

	w->done = done;
	w->size = size;
	w->records = records;
	if (!line && (now - w->told < SEC || !terminal))
		return;
	asked = 0;
	w->told = now;
	(void)fprintf(stderr, "%s%s: ", terminal ? "\r" : "", log_name());
	if (size > 0)
		(void)fprintf(stderr, "%.0f %% of %llu MB", 100.0 * (double)done / (double)size,
			      (unsigned long long)(size >> 20));
	else
		(void)fprintf(stderr, "%llu MB", (unsigned long long)(done >> 20));
	(void)fprintf(stderr, ", %llu records", (unsigned long long)records);
	if (seconds > 0.01) /* else there is no rate yet */
		(void)fprintf(stderr, ", %.1f million a second", (double)records / seconds / 1e6);
	if (size > done && done > 0 && seconds > 1)
		(void)fprintf(stderr, ", %.0f s to go",
			      seconds * (double)(size - done) / (double)done);
	(void)fprintf(stderr, "%s", terminal ? "\033[K" : "\n");
	w->shown = terminal;
}

void
watch_wait(struct watch *w, int64_t now)
{
	if (asked != 0)
		watch_tell(w, now, w->done, w->size, w->records);
}

void
watch_clear(struct watch *w)
{
	if (w->shown)
		(void)fprintf(stderr, "\r\033[K");
	w->shown = false;
}
