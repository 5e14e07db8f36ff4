/* SPDX-License-Identifier: BSD-2-Clause
 *
 * short.h: numbers of three digits and texts of so many places, for people.
 */
#ifndef RA_TOOLS_OUT_SHORT_H
#define RA_TOOLS_OUT_SHORT_H

#include "format/base/buf.h"

/* 1234567 -> 1.23M, with `between` before the M; not a number: - */
void short_number(double, const char *between, struct buf *);
/* At most `most` places of the text, with a sign for what is missing in its middle: both ends of an address say something. */
void short_middle(const void *, size_t n, unsigned most, struct buf *);

#endif
