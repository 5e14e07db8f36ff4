/* SPDX-License-Identifier: BSD-2-Clause
 *
 * far.h: a place on another machine, as udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT, and the way there.
 */
#ifndef FORMAT_BASE_FAR_H
#define FORMAT_BASE_FAR_H

#include <stdbool.h>
#include <stddef.h>

struct far {
	char host[256], port[16]; /* an address of IPv6 without its brackets */
	bool stream;		  /* tcp, */
	bool tls;		  /* also with TLS, which the caller sees to (tls.h) */
};

struct tls_files { /* PEM: who we are, and who says so of the others */
	const char *cert, *key, *ca;
};

/* Does the text begin as one?  What is no file of that name either. */
bool far_is(const char *);
/* `port` is that of a text that has none; NULL: it has to have one.  false: err says why, a sentence. */
bool far_parse(struct far *, const char *text, const char *port, char *err, size_t);
/* A socket that leads there, or listens there; -1: err says why.  Waits for `ms` at most for each address of the host. */
int far_connect(const struct far *, int ms, char *err, size_t);
int far_listen(const struct far *, char *err, size_t); /* host *: every address of this machine */
/* Bytes of a datagram that goes there in one piece, through any Ethernet. */
size_t far_datagram(int fd);

#endif
