/* SPDX-License-Identifier: BSD-2-Clause
 *
 * progress.c: one line.  Tested by tests/signals.tap and truth/queries.py.
 */
#include "format/base/progress.h"

#include "format/base/clock.h"
#include "format/base/log.h"

#include <stdio.h>
#include <unistd.h>

bool
progress_due(const struct progress *p, int64_t now)
{
	return (now - p->told >= SEC && isatty(STDERR_FILENO));
}

void
progress_tell(struct progress *p, int64_t now, uint64_t done, uint64_t size, uint64_t n, const char *what)
{
	bool terminal = isatty(STDERR_FILENO);
	double seconds = (double)(now - p->began) / 1e9;

	p->told = now;
	(void)fprintf(stderr, "%s%s: ", terminal ? "\r" : "", log_name());
	if (size > 0)
		(void)fprintf(stderr, "%.0f %% of %llu MB", 100.0 * (double)done / (double)size,
			      (unsigned long long)(size >> 20));
	else
		(void)fprintf(stderr, "%llu MB", (unsigned long long)(done >> 20));
	(void)fprintf(stderr, ", %llu %s", (unsigned long long)n, what);
	if (seconds > 0.01) /* else there is no rate yet */
		(void)fprintf(stderr, ", %.1f million a second", (double)n / seconds / 1e6);
	if (size > done && done > 0 && seconds > 1)
		(void)fprintf(stderr, ", %.0f s to go",
			      seconds * (double)(size - done) / (double)done);
	(void)fprintf(stderr, "%s", terminal ? "\033[K" : "\n");
	p->shown = terminal;
}

void
progress_clear(struct progress *p)
{
	if (p->shown)
		(void)fprintf(stderr, "\r\033[K");
	p->shown = false;
}
