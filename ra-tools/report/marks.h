/* SPDX-License-Identifier: BSD-2-Clause
 *
 * marks.h: times at which the kernel dropped packets, and at which gateways did not answer, to be asked for each bin of each
 * tunnel.  For sla.c.
 */
#ifndef RA_TOOLS_REPORT_MARKS_H
#define RA_TOOLS_REPORT_MARKS_H

#include "format/base/ip.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARKS_EVERY UINT_MAX /* the number of a probe: one of several, nobody knows which */

struct mark { /* an address pair, the lower one first, whose IKE requests were not answered in this bin, as the probe saw it */
	unsigned probe;
	struct ip addr[2];
	int64_t start, end;
};

struct marks;

struct marks *marks_new(void);
void marks_free(struct marks **);
void marks_drops(struct marks *, unsigned probe, int64_t start, int64_t end);
void marks_ike(struct marks *, unsigned probe, const struct ip *a, const struct ip *b, int64_t start, int64_t end);
/* Once all are there, before they are asked for: */
void marks_ready(struct marks *);
/* Were packets of this probe dropped, or perhaps, in a span that touches [start, end)? */
bool marks_dropped(const struct marks *, unsigned probe, int64_t start, int64_t end);
/* Those of a pair of addresses, in whatever order it is named: *n of them, by time; NULL: none. */
const struct mark *marks_of(const struct marks *, unsigned probe, const struct ip *a, const struct ip *b, size_t *n);

#endif
