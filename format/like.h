/* SPDX-License-Identifier: BSD-2-Clause
 *
 * like.h: rows that have what the last row like them had: the same value in one or two other columns.
 *
 * A host's frames come from one hardware address, packets of one size have payload of one size: what then does not
 * repeat is all that has to be stored (pavo(5), encoding 33).
 */
#ifndef FORMAT_LIKE_H
#define FORMAT_LIKE_H

#include "format/codec.h"

#define LIKE_SAMPLE 2048 /* rows after which it is clear whether rows repeat */

/* Working memory; one per thread of work. */
struct like;
struct like *like_new(void);
void like_free(struct like **);

/* Which of n values are not those of the last row with the same a and b (b may be NULL): bits in `others`,
 * BITS_WORDS(n) words.  Their number, or more than `most` as soon as it is clear that there would be. */
uint32_t like_others(struct like *, const uint64_t *a, const uint64_t *b, const uint64_t *v, uint32_t n, uint32_t most,
    uint64_t *others);
/* Of n rows the number, from 1, of the one in `others` that each has its value from: of itself, or of the last row with
 * the same a and b (NULL: a).  false: a row is none of them, and there was no row like it. */
bool like_find(struct like *, const struct narrow *a, const struct narrow *b, const uint64_t *others, uint32_t n,
    uint16_t *which);
/* For each of n rows the v of the last row before it with the same a and b, or `first` where there is none. */
void like_before(struct like *, const uint64_t *a, const uint64_t *b, const uint64_t *v, const uint64_t *first, uint32_t n,
    uint64_t *to);

#endif
