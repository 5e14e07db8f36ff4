/* SPDX-License-Identifier: BSD-2-Clause
 *
 * session.h: a probe is heard until it goes.
 */
#ifndef RA_TOOLS_STORE_SESSION_H
#define RA_TOOLS_STORE_SESSION_H

#include "format/wire.h"

/* Its files go below `dir`.  false: why it ended, a sentence; true: it went. */
bool session(struct wire *, const char *dir, char *err, size_t errlen);

#endif
