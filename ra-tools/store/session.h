/* SPDX-License-Identifier: BSD-2-Clause
 *
 * session.h: a probe is heard until it goes.
 */
#ifndef RA_TOOLS_STORE_SESSION_H
#define RA_TOOLS_STORE_SESSION_H

#include "format/wire.h"

/* Its files go below `dir`; `first` is what it said.  false: why it ended, a sentence; true: it went. */
bool session(struct wire *, struct wire_frame *first, const char *dir, char *err, size_t errlen);
/* The answer of who ends it. */
bool session_fail(struct wire *, const char *why);

#endif
