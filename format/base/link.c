/* SPDX-License-Identifier: BSD-2-Clause
 *
 * link.c: a connection.  Tested by test_wire.c.
 */
#include "format/base/link.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
wait_for(const struct link *l, short what)
{
	struct pollfd p = { .fd = l->fd, .events = what };
	int n;

	while ((n = poll(&p, 1, l->ms)) < 0 && errno == EINTR)
		;
	if (n == 0)
		errno = ETIMEDOUT;
	return (n > 0);
}

/* What is there by now, at least one byte; 0: errno. */
static size_t
some(struct link *l, void *to, size_t n)
{
	ssize_t got;

	do {
		if (!wait_for(l, POLLIN))
			return (0);
		got = recv(l->fd, to, n, MSG_DONTWAIT);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got == 0)
		errno = ECONNRESET;
	return (got > 0 ? (size_t)got : 0);
}

bool
link_get(struct link *l, void *to, size_t n)
{
	for (size_t done = 0, got; done < n; done += got)
		if ((got = some(l, (uint8_t *)to + done, n - done)) == 0)
			return (false);
	return (true);
}

bool
link_put(struct link *l, const void *from, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t put;

		if (!wait_for(l, POLLOUT))
			return (false);
		put = send(l->fd, (const uint8_t *)from + done, n - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return (false);
		done += put > 0 ? (size_t)put : 0;
	}
	return (true);
}

void
link_close(struct link *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
}
