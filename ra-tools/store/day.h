/* SPDX-License-Identifier: BSD-2-Clause
 *
 * day.h: all that there is of a probe and a day, written into one file.
 *
 * Records are clustered: a day is cut into slices of time of some full blocks each, and within a slice they lie in order of
 * source, destination, protocol and ports, then time; the probe's own (MAR) lie behind all others.
 */
#ifndef RA_TOOLS_STORE_DAY_H
#define RA_TOOLS_STORE_DAY_H

#include "format/writer.h"
#include "ra-tools/store/find.h"
#include "ra-tools/store/spans.h"

#include <signal.h>

struct day_job {
	const struct archive *store;
	const struct store_part *part; /* of one probe and day, none of them moved */
	size_t parts;
	int64_t width;	 /* ns: bins that are parts of it become it; 0: they stay as they are */
	uint64_t memory; /* about what it may take */
	bool zstd;	 /* columns are compressed with Zstandard */
	const volatile sig_atomic_t *stop; /* not 0: to be given up */
};

struct day_result {
	uint64_t before, after; /* records */
	struct spans ran;	/* when the probe did; to be freed */
	char err[512];
};

/* What the file is to say of others that it takes records from, when all of it but its end is written. */
typedef void (*day_takes)(void *, struct writer *, const struct spans *ran);

/* Write them to `to`, and look whether what is there adds up to what was read.  Nothing else is touched.
 * false: err says why not; what was written is to be removed. */
bool day_write(const struct day_job *, const char *to, day_takes, void *arg, struct day_result *);

#endif
