/* SPDX-License-Identifier: BSD-2-Clause
 *
 * link.h: bytes to another machine and back.  Who waits does so for a bounded time.
 */
#ifndef FORMAT_BASE_LINK_H
#define FORMAT_BASE_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	int fd;
	int ms; /* so long nothing may come, or go; -1: for ever */
};

/* All n bytes.  false: errno; ECONNRESET where the other side has ended, ETIMEDOUT where it says nothing. */
bool link_get(struct link *, void *, size_t n);
bool link_put(struct link *, const void *, size_t n);
void link_close(struct link *);

#endif
