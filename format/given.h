/* SPDX-License-Identifier: BSD-2-Clause
 *
 * given.h: sets of rows told by another set: which of its members they have, and which other rows.
 *
 * Rows of TCP, those of them with data, those that have been answered: most sets of a block are nearly a part of another
 * one, or nearly the same (pavo(5), set kind 5).
 */
#ifndef FORMAT_GIVEN_H
#define FORMAT_GIVEN_H

#include "format/codec.h"

#define GIVEN_DEPTH 4 /* sets told by sets that are told by sets, and so on */

struct given_set {
	const uint64_t *bits; /* BITS_WORDS(rows) words, none behind them */
	uint32_t count;
	uint8_t depth; /* 0: told by none */
};

/* The set before number n that tells most of it; n: none would take less than `bytes`. */
uint32_t given_best(const struct given_set *, uint32_t n, uint32_t rows, size_t bytes);
/* Append the body; scratch: BITS_WORDS(rows) words. */
void given_put(const struct given_set *set, const struct given_set *by, uint32_t rows, uint64_t *scratch, struct buf *);
/* false: the bytes are wrong. */
bool given_get(struct cursor *, const struct given_set *by, uint64_t *set, uint32_t rows, uint32_t count, uint64_t *scratch);

#endif
