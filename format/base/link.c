/* SPDX-License-Identifier: BSD-2-Clause
 *
 * link.c: a connection.  Tested by test_wire.c.
 */
#include "format/base/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

bool
link_wait(const struct link *l, short what)
{
	struct pollfd p = { .fd = l->fd, .events = what };
	int n;

	while ((n = poll(&p, 1, l->ms)) < 0 && errno == EINTR)
		;
	if (n == 0)
		errno = ETIMEDOUT;
	return (n > 0);
}

bool
link_nonblocking(struct link *l)
{
	int how = fcntl(l->fd, F_GETFL);

	return (how >= 0 && fcntl(l->fd, F_SETFL, how | O_NONBLOCK) == 0);
}

static ssize_t
plain_get(struct link *l, void *to, size_t n, short *what)
{
	ssize_t got = recv(l->fd, to, n, MSG_DONTWAIT);

	*what = got < 0 && (errno == EINTR || errno == EAGAIN) ? POLLIN : 0;
	if (got == 0)
		errno = ECONNRESET;
	return (got > 0 ? got : -1);
}

static ssize_t
plain_put(struct link *l, const void *from, size_t n, short *what)
{
	ssize_t put = send(l->fd, from, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	*what = put < 0 && (errno == EINTR || errno == EAGAIN) ? POLLOUT : 0;
	return (put > 0 ? put : -1);
}

static const struct link_kind plain = { plain_get, plain_put, NULL };

static const struct link_kind *
kind_of(const struct link *l)
{
	return (l->kind != NULL ? l->kind : &plain);
}

bool
link_get(struct link *l, void *to, size_t n)
{
	for (size_t done = 0; done < n;) {
		short what;
		ssize_t got = kind_of(l)->get(l, (uint8_t *)to + done, n - done, &what);

		if (got > 0)
			done += (size_t)got;
		else if (what == 0 || !link_wait(l, what))
			return (false);
	}
	return (true);
}

bool
link_put(struct link *l, const void *from, size_t n)
{
	for (size_t done = 0; done < n;) {
		short what;
		ssize_t put = kind_of(l)->put(l, (const uint8_t *)from + done, n - done, &what);

		if (put > 0)
			done += (size_t)put;
		else if (what == 0 || !link_wait(l, what))
			return (false);
	}
	return (true);
}

void
link_close(struct link *l)
{
	if (l->kind != NULL && l->kind->end != NULL && l->secret != NULL)
		l->kind->end(l);
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	l->kind = NULL;
}
