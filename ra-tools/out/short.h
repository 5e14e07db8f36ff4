/* SPDX-License-Identifier: BSD-2-Clause
 *
 * short.h: numbers of three digits, for people.
 */
#ifndef RA_TOOLS_OUT_SHORT_H
#define RA_TOOLS_OUT_SHORT_H

#include "format/base/buf.h"

/* 1234567 -> 1.23M, with `between` before the M; not a number: - */
void short_number(double, const char *between, struct buf *);

#endif
