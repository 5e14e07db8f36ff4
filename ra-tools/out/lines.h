/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lines.h: aligned lines where nobody looks at a terminal: no colours, of any length (else text.c makes them).
 */
#ifndef RA_TOOLS_OUT_LINES_H
#define RA_TOOLS_OUT_LINES_H

#include "ra-tools/out/out.h"

/* Rows wait until some hundred are there, and go out aligned, the heading before the first one. */
void lines_add(struct sheet *, const struct batch *, const uint32_t *row, uint32_t n, void (*heading)(struct sheet *));
void lines_release(struct sheet *, void (*heading)(struct sheet *)); /* those that wait */

#endif
