/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watch.c: signals are only noted; who reads looks after each block.
 */
#include "ra-tools/run/watch.h"

#include <signal.h>
#include <string.h>

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
	w->line.began = w->line.told = now;
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
	w->done = done;
	w->size = size;
	w->records = records;
	if (asked == 0 && !progress_due(&w->line, now))
		return;
	asked = 0;
	progress_tell(&w->line, now, done, size, records, "records");
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
	progress_clear(&w->line);
}
