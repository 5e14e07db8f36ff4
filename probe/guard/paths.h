/* SPDX-License-Identifier: BSD-2-Clause
 *
 * paths.h: the files that the probe may need when its doors are closed.
 */
#ifndef PROBE_GUARD_PATHS_H
#define PROBE_GUARD_PATHS_H

#include <stdbool.h>

/* What is opened later by name; borrowed until guard_close() returns. */
struct guard_paths {
	const char *writes[8]; /* files, NULL or "-" are none; up to the first % or $ where names are made of a pattern */
	char *const *reads;
	int nreads;
	bool live;
};

#endif
