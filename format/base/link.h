/* SPDX-License-Identifier: BSD-2-Clause
 *
 * link.h: bytes to another machine and back.  Who waits does so for a bounded time.
 */
#ifndef FORMAT_BASE_LINK_H
#define FORMAT_BASE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct link;

/* What lies between the bytes and the socket (tls.h).  -1: *what is what has to be waited for (POLLIN, POLLOUT), or 0 and errno. */
struct link_kind {
	ssize_t (*get)(struct link *, void *, size_t, short *what);
	ssize_t (*put)(struct link *, const void *, size_t, short *what);
	void (*end)(struct link *);
};

struct link {
	int fd;
	int ms; /* so long nothing may come, or go; -1: for ever */
	const struct link_kind *kind; /* NULL: nothing */
	void *secret;		      /* its own */
};

/* All n bytes.  false: errno; ECONNRESET where the other side has ended, ETIMEDOUT where it says nothing. */
bool link_get(struct link *, void *, size_t n);
bool link_put(struct link *, const void *, size_t n);
bool link_wait(const struct link *, short what); /* of poll(2); false: errno */
bool link_nonblocking(struct link *);
void link_close(struct link *);

#endif
