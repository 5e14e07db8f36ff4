/* SPDX-License-Identifier: BSD-2-Clause
 *
 * replace.h: the file of a day takes the place of the files that its records were in.
 *
 * It is written beside its name, compared with what was read, on disk, and only then called by its name; that is the moment
 * from which on the old records do not count (pavo(5), "Taken").  Then the old files go: those of which nothing is left are
 * removed, the others written again without what was taken.  Whatever is interrupted is finished by the next run.
 */
#ifndef RA_TOOLS_STORE_REPLACE_H
#define RA_TOOLS_STORE_REPLACE_H

#include "ra-tools/store/day.h"

struct replaced { /* what became of a day */
	const char *probe;
	int64_t day;
	unsigned files;
	uint64_t bytes, records; /* of the files that it was in; of the day */
	char path[4096];	 /* the new file */
	uint64_t bytes_after, records_after;
	char err[5120];
};

/* The parts of one probe and day, none of them moved; they are marked as moved.  Files of which nothing is left are
 * removed.  false: err says why; nothing was touched. */
bool replace_day(struct archive *, struct store_part *, size_t n, const struct day_job *, struct replaced *);
/* What replace_day() would do, as far as it can be told. */
void replace_name(const struct archive *, const struct store_part *, size_t n, struct replaced *);
/* Whatever has moved leaves the files that it was in, and what killed runs left is removed.  *any: something was.
 * false: err says why not all of it could be. */
bool replace_settle(struct archive *, const volatile sig_atomic_t *stop, bool *any, char *err, size_t errlen);

#endif
