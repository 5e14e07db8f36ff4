/* SPDX-License-Identifier: BSD-2-Clause
 *
 * signals.c: nothing but notes: all that is done is done by the loop.
 */
#include "probe/signals.h"

#include "format/base/clock.h"

#include <stdint.h>
#include <time.h>

struct signals signals;
static volatile int64_t first; /* ns: when the first INT or TERM came */

/* Async-signal-safe, as clock_gettime(2) is. */
static int64_t
monotonic(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return ((int64_t)t.tv_sec * SEC + t.tv_nsec);
}

static void
note_stop(int sig)
{
	int64_t now = monotonic();

	if (signals.stop == 0) {
		first = now;
		signals.stop = sig;
	} else if (now - first > SEC) { /* it hangs, or so it seems */
		(void)signal(sig, SIG_DFL);
		(void)raise(sig);
	}
}

static void
note(int sig)
{
	if (sig == SIGUSR1)
		signals.ask = 1;
	else
		signals.hup = 1;
}

void
signals_catch(void)
{
	struct sigaction sa = { .sa_handler = note_stop }; /* interrupts whatever waits, as the opening of a fifo does */

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sa = (struct sigaction){ .sa_handler = note, .sa_flags = SA_RESTART };
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_DFL); /* a reader that has enough is no error: end quietly */
}
