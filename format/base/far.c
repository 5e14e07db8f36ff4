/* SPDX-License-Identifier: BSD-2-Clause
 *
 * far.c: sockets to other machines.
 */
#include "format/base/far.h"

#include "format/base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
	const char *begin;
	bool stream, tls;
} schemes[] = { { "udp://", false, false }, { "tcp://", true, false }, { "tls://", true, true } };
#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static size_t
scheme_of(const char *text)
{
	size_t i = 0;

	while (i < SCHEMES && strncmp(text, schemes[i].begin, strlen(schemes[i].begin)) != 0)
		i++;
	return (i);
}

bool
far_is(const char *text)
{
	return (scheme_of(text) < SCHEMES);
}

static bool
copy(char *to, size_t room, const char *from, size_t n)
{
	if (n == 0 || n >= room)
		return (false);
	memcpy(to, from, n);
	to[n] = '\0';
	return (true);
}

bool
far_parse(struct far *f, const char *text, const char *port, char *err, size_t len)
{
	size_t scheme = scheme_of(text);
	const char *host, *end, *colon;
	bool right;

	*f = (struct far){ .stream = scheme < SCHEMES && schemes[scheme].stream, .tls = scheme < SCHEMES && schemes[scheme].tls };
	if (scheme == SCHEMES)
		return (say_wrong(err, len, "%s: expected udp://HOST:PORT or tcp://HOST:PORT", text));
	host = text + strlen(schemes[scheme].begin);
	end = *host == '[' ? strchr(host, ']') : strrchr(host, ':');
	if (*host == '[' && end != NULL) {
		right = copy(f->host, sizeof(f->host), host + 1, (size_t)(end - host - 1));
		colon = end[1] == '\0' ? NULL : end + 1;
	} else {
		right = copy(f->host, sizeof(f->host), host, end == NULL ? strlen(host) : (size_t)(end - host));
		colon = end;
	}
	if (colon == NULL && port != NULL)
		right = right && copy(f->port, sizeof(f->port), port, strlen(port));
	else
		right = right && colon != NULL && *colon == ':' && copy(f->port, sizeof(f->port), colon + 1, strlen(colon + 1));
	if (!right || strpbrk(f->host, "[]/") != NULL || strspn(f->port, "0123456789") != strlen(f->port))
		return (say_wrong(err, len, "%s: expected %sHOST:PORT, of IPv6 %s[ADDRESS]:PORT", text, schemes[scheme].begin, schemes[scheme].begin));
	return (true);
}

/* The connection is there, or errno. */
static bool
reach(int fd, const struct addrinfo *a, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int how = fcntl(fd, F_GETFL), error = 0, n;
	socklen_t len = sizeof(error);

	if (how < 0 || fcntl(fd, F_SETFL, how | O_NONBLOCK) != 0)
		return (false);
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			return (false);
		while ((n = poll(&p, 1, ms)) < 0 && errno == EINTR)
			;
		if (n <= 0) {
			errno = n == 0 ? ETIMEDOUT : errno;
			return (false);
		}
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
			errno = error != 0 ? error : errno;
			return (false);
		}
	}
	return (fcntl(fd, F_SETFL, how) == 0);
}

static bool
offer(int fd, const struct addrinfo *a, bool both)
{
	int on = 1, alone = !both;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &alone, sizeof(alone));
	return (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && (a->ai_socktype != SOCK_STREAM || listen(fd, 64) == 0));
}

static int
say_failed(const struct far *f, int fd, char *err, size_t len)
{
	(void)say_wrong(err, len, "%s://%s:%s: %s", f->tls ? "tls" : f->stream ? "tcp" : "udp", f->host, f->port, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return (-1);
}

/* The addresses of a host; NULL: err says why there is none. */
static struct addrinfo *
addresses(const struct far *f, const char *host, int family, char *err, size_t len)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = f->stream ? SOCK_STREAM : SOCK_DGRAM, .ai_flags = host == NULL ? AI_PASSIVE : 0 }, *all;
	int wrong = getaddrinfo(host, f->port, &hints, &all);

	if (wrong == 0)
		return (all);
	(void)say_wrong(err, len, "%s: %s", f->host, wrong == EAI_SYSTEM ? strerror(errno) : gai_strerror(wrong));
	return (NULL);
}

int
far_connect(const struct far *f, int ms, char *err, size_t len)
{
	struct addrinfo *all = addresses(f, f->host, AF_UNSPEC, err, len);
	int fd = -1;

	for (const struct addrinfo *a = all; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd < 0 || !reach(fd, a, ms))
			fd = say_failed(f, fd, err, len);
	}
	if (all != NULL)
		freeaddrinfo(all);
	return (fd);
}

int
far_listen(const struct far *f, char *err, size_t len)
{
	static const int families[] = { AF_INET6, AF_INET };
	bool any = strcmp(f->host, "*") == 0;
	int fd = -1;

	for (size_t i = any ? 0 : 1; i < 2 && fd < 0; i++) { /* * is both families, where there are both */
		struct addrinfo *all = addresses(f, any ? NULL : f->host, any ? families[i] : AF_UNSPEC, err, len);

		for (const struct addrinfo *a = all; a != NULL && fd < 0; a = a->ai_next) {
			fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
			if (fd < 0 || !offer(fd, a, any))
				fd = say_failed(f, fd, err, len);
		}
		if (all != NULL)
			freeaddrinfo(all);
	}
	return (fd);
}

#define ETHERNET 1500
#define LEAST	 576

size_t
far_datagram(int fd)
{
	struct sockaddr_storage to;
	socklen_t n = sizeof(to), len = sizeof(int);
	bool six = getpeername(fd, (struct sockaddr *)&to, &n) == 0 && to.ss_family == AF_INET6;
	int mtu = ETHERNET;

	if (getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_MTU : IP_MTU, &mtu, &len) != 0 || mtu > ETHERNET)
		mtu = ETHERNET;
	if (mtu < LEAST)
		mtu = LEAST;
	return ((size_t)mtu - (six ? 40 : 20) - 8);
}
