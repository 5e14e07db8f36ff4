/* SPDX-License-Identifier: BSD-2-Clause
 *
 * options.h: what a capture is asked for.
 */
#ifndef PROBE_CAPTURE_OPTIONS_H
#define PROBE_CAPTURE_OPTIONS_H

#include <signal.h>
#include <stdbool.h>

#define CAPTURE_IFACES 16 /* at one time */
#define CAPTURE_RINGS  32 /* of each */

struct capture_options {
	const char *filter;                /* BPF text or NULL */
	const volatile sig_atomic_t *stop; /* lives as long; not 0: take what is there already, and end; NULL: never */
	bool as_is;                        /* files: one after the other instead of merged by time */
	int snaplen, buffer;               /* live, bytes; buffer 0: the library's own */
	unsigned rings;                    /* live, of an interface; 0: one */
	bool no_promisc;
};

#endif
