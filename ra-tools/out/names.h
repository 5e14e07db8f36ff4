/* SPDX-License-Identifier: BSD-2-Clause
 *
 * names.h: names of services and hosts, for --names.
 */
#ifndef RA_TOOLS_OUT_NAMES_H
#define RA_TOOLS_OUT_NAMES_H

#include "format/base/buf.h"
#include "format/batch.h"

/* Append the name of a port or address of row r; false if it has none.  Answers are remembered. */
bool names_print(struct buf *, enum type, const union value *, const struct batch *, uint32_t r);

#endif
