/* SPDX-License-Identifier: BSD-2-Clause
 *
 * signals.h: what is said to a running pavo: signals are only noted, whoever reads packets looks.
 */
#ifndef PROBE_SIGNALS_H
#define PROBE_SIGNALS_H

#include <signal.h>

/* Who acts on `ask` or `hup` sets it to 0. */
struct signals {
	volatile sig_atomic_t stop; /* INT or TERM, whichever came first; 0: go on */
	volatile sig_atomic_t ask;  /* USR1: say what came so far */
	volatile sig_atomic_t hup;  /* HUP: close and open again */
};

extern struct signals signals;

/* From now on, before anything is opened: HUP and USR1 never kill.  A second INT or TERM within a second of the first
 * changes nothing (timeout(1), a terminal and its shell send two); a later one ends the program as if nobody caught it. */
void signals_catch(void);

#endif
