/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spans.h: spans of time, and the holes between them.
 */
#ifndef RA_TOOLS_STORE_SPANS_H
#define RA_TOOLS_STORE_SPANS_H

#include <stddef.h>
#include <stdint.h>

struct spans {
	int64_t *at; /* from, to, from, to; ascending and apart once they are joined */
	size_t n, cap; /* numbers */
};

void spans_add(struct spans *, int64_t from, int64_t to); /* in any order */
void spans_join(struct spans *);			  /* those that touch or overlap become one */
void spans_free(struct spans *);

#endif
