/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/dns.h: DNS messages of UDP and TCP flows, and queries that nobody answers (SEMANTICS 6.5).
 */
#ifndef PROBE_TRACK_DNS_H
#define PROBE_TRACK_DNS_H

#include "probe/track/track.h"

void dns_init(struct track *, uint32_t max_flows);
void dns_free(struct track *);
/* A packet with FACT_DNS, counted in its bin. */
void dns_packet(struct track *, const struct seen *);
/* When the oldest query is unanswered; INT64_MAX: none waits. */
int64_t dns_due(const struct track *);
/* Those that are at `now`: each counts in the bin of its query. */
void dns_expire(struct track *, int64_t now);
uint32_t dns_waiting(const struct track *); /* queries */

/* A row of extras[].  The histogram stays valid until the next call. */
void dns_fill(const struct track *, uint32_t cell, struct tile *);
void dns_end_bin(struct track *, uint32_t cell);

#endif
