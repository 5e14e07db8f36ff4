/* SPDX-License-Identifier: BSD-2-Clause
 *
 * way.h: a spool is sent to one collector.
 */
#ifndef PROBE_OUT_WAY_H
#define PROBE_OUT_WAY_H

#include "format/base/far.h"

struct way_options {
	const char *folder; /* of the spool */
	const char *probe;
	const char *to;	    /* as the user wrote it */
	struct far far;
	const struct tls_files *tls; /* for tls:// */
	int control; /* ends when the probe has; names of files that the collector has go there, one a message */
};

/* Until the probe has ended and all is sent, or nothing goes on any more.  The status to exit with: 0, all is sent. */
int way_run(const struct way_options *);

#endif
