/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tls.h: a connection that nobody reads, between two that know each other by certificates of one authority.
 */
#ifndef FORMAT_BASE_TLS_H
#define FORMAT_BASE_TLS_H

#include "format/base/far.h"
#include "format/base/link.h"

struct tls_setup;

/* What is in the files, for connections that come (server) or go.  NULL: err says why not, a sentence. */
struct tls_setup *tls_setup(const struct tls_files *, bool server, char *err, size_t errlen);
void tls_setup_free(struct tls_setup **);
/* From now on what goes through the link is encrypted, and who is at its other end has shown a certificate: one that is for
 * `host`, if it is said (NULL: any of the authority's).  false: err says why not. */
bool tls_begin(struct tls_setup *, struct link *, const char *host, char *err, size_t errlen);

#endif
