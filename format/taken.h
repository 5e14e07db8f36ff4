/* SPDX-License-Identifier: BSD-2-Clause
 *
 * taken.h: what a file of a day says of the files whose records it has taken (pavo(5), "Taken").
 *
 * It takes effect with its name: from then on those records, in the files that they came from, do not count any more,
 * whenever these files are removed.
 */
#ifndef FORMAT_TAKEN_H
#define FORMAT_TAKEN_H

#include <stddef.h>
#include <stdint.h>

struct taken_file {
	const char *name; /* as it is found from the folder of the file that says so */
	uint64_t size;    /* what it was like: another one of that name was not taken */
	uint64_t check;   /* of its last TAKEN_TAIL bytes: XXH3-64, seed 0 */
};
#define TAKEN_TAIL 4096

/* Of segments whose probe is this one, records with from <= bstart < to. Who hands it out says how long it lives. */
struct taken {
	int64_t from, to;
	const char *probe;
	struct taken_file *file;
	size_t n;
	int64_t *span; /* when the probe ran, as its MAR records say: from, to, from, to, ascending */
	size_t spans;  /* numbers, two of each */
};

#endif
