/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fold.h: sentences of reports on a terminal.
 */
#ifndef RA_TOOLS_OUT_FOLD_H
#define RA_TOOLS_OUT_FOLD_H

#include "format/base/buf.h"

/* Lines of more than `room` places go on in the next one, from a blank on, a little further in.  One that has a command in it
 * stays whole: what the terminal itself breaks can be copied. */
void fold_lines(const void *, size_t n, unsigned room, struct buf *to);

#endif
