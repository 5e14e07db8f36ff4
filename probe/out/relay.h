/* SPDX-License-Identifier: BSD-2-Clause
 *
 * relay.h: records to a Kafka topic: by a process of its own that runs ra, so that the probe needs no socket, knows no JSON
 * and never waits for brokers.  What goes to standard output from here on goes to it.
 */
#ifndef PROBE_OUT_RELAY_H
#define PROBE_OUT_RELAY_H

#include <stdbool.h>
#include <stddef.h>

struct relay;

bool relay_is(const char *out); /* does it begin as kafka:// ? */
/* Starts that process: as who it is to be, and before the probe may not.  NULL: err says why. */
struct relay *relay_start(const char *to, char *err, size_t errlen);
/* There are no more records: waits until all that were written are delivered or given up, which it says itself.  false: not
 * all were. */
bool relay_finish(struct relay **);

#endif
