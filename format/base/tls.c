/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tls.c: TLS by OpenSSL.  Tested by tests/collect.tap.
 */
#include "format/base/tls.h"

#include "format/base/buf.h"

#ifdef HAVE_LIBSSL

#include "format/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct tls_setup {
	SSL_CTX *ctx;
	bool server;
};

/* What OpenSSL says, as a sentence. */
static bool
say_ssl(char *err, size_t errlen, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return (say_wrong(err, errlen, "%s: %s", what, reason != NULL ? reason : errno != 0 ? strerror(errno) : "TLS failed"));
}

struct tls_setup *
tls_setup(const struct tls_files *f, bool server, char *err, size_t errlen)
{
	struct tls_setup *s;

	if (f->cert == NULL || f->key == NULL || f->ca == NULL) {
		(void)say_wrong(err, errlen, "TLS needs all three: --tls-cert, --tls-key and --tls-ca");
		return (NULL);
	}
	errno = 0;
	s = mem_zero(1, sizeof(*s));
	s->server = server;
	s->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (s->ctx == NULL || SSL_CTX_set_min_proto_version(s->ctx, TLS1_2_VERSION) != 1)
		(void)say_ssl(err, errlen, "TLS");
	else if (SSL_CTX_use_certificate_chain_file(s->ctx, f->cert) != 1)
		(void)say_ssl(err, errlen, f->cert);
	else if (SSL_CTX_use_PrivateKey_file(s->ctx, f->key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(s->ctx) != 1)
		(void)say_ssl(err, errlen, f->key);
	else if (SSL_CTX_load_verify_locations(s->ctx, f->ca, NULL) != 1)
		(void)say_ssl(err, errlen, f->ca);
	else {
		SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		SSL_CTX_set_mode(s->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
		SSL_CTX_set_options(s->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
		(void)SSL_CTX_set_session_cache_mode(s->ctx, SSL_SESS_CACHE_OFF);
		return (s);
	}
	tls_setup_free(&s);
	return (NULL);
}

void
tls_setup_free(struct tls_setup **ps)
{
	if (*ps != NULL)
		SSL_CTX_free((*ps)->ctx);
	free(*ps);
	*ps = NULL;
}

/* What is waited for; false: nothing, it has failed (errno). */
static bool
waits(SSL *ssl, int n, short *what)
{
	switch (SSL_get_error(ssl, n)) {
	case SSL_ERROR_WANT_READ:
		*what = POLLIN;
		return (true);
	case SSL_ERROR_WANT_WRITE:
		*what = POLLOUT;
		return (true);
	case SSL_ERROR_ZERO_RETURN:
		errno = ECONNRESET;
		return (false);
	case SSL_ERROR_SYSCALL:
		errno = errno != 0 ? errno : ECONNRESET;
		return (false);
	default:
		errno = EPROTO;
		return (false);
	}
}

static ssize_t
get(struct link *l, void *to, size_t n, short *what)
{
	int got;

	ERR_clear_error();
	errno = 0;
	got = SSL_read(l->secret, to, n < (1 << 30) ? (int)n : 1 << 30);
	*what = 0;
	if (got <= 0)
		(void)waits(l->secret, got, what);
	return (got > 0 ? got : -1);
}

static ssize_t
put(struct link *l, const void *from, size_t n, short *what)
{
	int sent;

	ERR_clear_error();
	errno = 0;
	sent = SSL_write(l->secret, from, n < (1 << 30) ? (int)n : 1 << 30);
	*what = 0;
	if (sent <= 0)
		(void)waits(l->secret, sent, what);
	return (sent > 0 ? sent : -1);
}

static void
end(struct link *l)
{
	(void)SSL_shutdown(l->secret);
	SSL_free(l->secret);
	l->secret = NULL;
}

static const struct link_kind kind = { get, put, end };

/* The certificate has to be for this name, or address. */
static bool
expect(SSL *ssl, const char *host)
{
	struct in6_addr any;

	if (inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1)
		return (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1);
	return (SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1);
}

bool
tls_begin(struct tls_setup *s, struct link *l, const char *host, char *err, size_t errlen)
{
	SSL *ssl = SSL_new(s->ctx);
	short what = 0;
	int n;

	(void)signal(SIGPIPE, SIG_IGN);
	errno = 0;
	if (ssl == NULL || !link_nonblocking(l) || SSL_set_fd(ssl, l->fd) != 1 || (host != NULL && !expect(ssl, host))) {
		SSL_free(ssl);
		return (say_ssl(err, errlen, "TLS"));
	}
	while ((n = s->server ? SSL_accept(ssl) : SSL_connect(ssl)) != 1) {
		long verified = SSL_get_verify_result(ssl);

		if (verified != X509_V_OK)
			(void)say_wrong(err, errlen, "TLS: %s", X509_verify_cert_error_string(verified));
		else if (!waits(ssl, n, &what))
			(void)say_ssl(err, errlen, "TLS");
		else if (!link_wait(l, what))
			(void)say_wrong(err, errlen, "TLS: %s", strerror(errno));
		else
			continue;
		SSL_free(ssl);
		return (false);
	}
	l->secret = ssl;
	l->kind = &kind;
	return (true);
}

#else

struct tls_setup *
tls_setup(const struct tls_files *f, bool server, char *err, size_t errlen)
{
	(void)f;
	(void)server;
	(void)say_wrong(err, errlen, "built without TLS (OpenSSL's libssl)");
	return (NULL);
}

void
tls_setup_free(struct tls_setup **s)
{
	*s = NULL;
}

bool
tls_begin(struct tls_setup *s, struct link *l, const char *host, char *err, size_t errlen)
{
	(void)s;
	(void)l;
	(void)host;
	return (say_wrong(err, errlen, "built without TLS"));
}

#endif
