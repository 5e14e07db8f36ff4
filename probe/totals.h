/* SPDX-License-Identifier: BSD-2-Clause
 *
 * totals.h: what became of every packet so far, as a line on stderr: at the end, and when asked.
 */
#ifndef PROBE_TOTALS_H
#define PROBE_TOTALS_H

#include "probe/crew.h"
#include "probe/options.h"

void totals_say(struct crew *, const struct options *);

#endif
