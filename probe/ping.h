/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ping.h: --pping: a line for each round trip that TCP timestamps tell, by the rules of Pollere's pping, so that the
 * two can be compared.  It stands beside the engine: what it keeps is its own, and the records do not depend on it.
 *
 * The first packet with a TSval (RFC 7323) waits until the other side echoes it for the first time; a packet counts
 * once both directions were seen.  There is no difference between data and pure acknowledgements, and SYN-ACKs
 * count, so there are more samples here, and longer ones, than in the records (SEMANTICS 6.2).
 * TSval 0, and TSecr 0 but on a SYN, say nothing.  After 10 s a TSval is forgotten, after 300 s of silence a flow.
 */
#ifndef PROBE_PING_H
#define PROBE_PING_H

#include "probe/flow/key.h"

#include <stddef.h>

#define PING_HEAD "time,rtt,min,saddr,sport,daddr,dport\n"

struct pings;

/* Opens the file and writes the heading; "-": standard output.  Of files that exist only an earlier one of its kind is
 * replaced.  NULL: err is a sentence.  The key options live as long. */
struct pings *ping_open(const char *path, uint32_t max_flows, const struct key_options *, uint64_t seed, char *err,
    size_t len);
/* In capture order; the line is that of a packet that closes a sample, its sender first. */
void ping_packet(struct pings *, const struct packet *);
/* Lines go out by the 64 KiB, or with this.  false: an earlier or this write failed. */
bool ping_flush(struct pings *);
bool ping_failed(const struct pings *);
/* NULL is fine.  false: something was not written, err says what. */
bool ping_close(struct pings **, char *err, size_t len);

#endif
