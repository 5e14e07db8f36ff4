/* SPDX-License-Identifier: BSD-2-Clause
 *
 * decode.h: bytes in, facts out.
 *
 * Pure: no allocation, no log, no clock, no state.  decode() always leaves a complete struct packet
 * whose `fate` says whether it can be in a flow.
 */
#ifndef PROBE_DECODE_H
#define PROBE_DECODE_H

#include "probe/decode/options.h"
#include "probe/decode/packet.h"

/* `dlt`: LINKTYPE_ value of the file format; `bytes`, `caplen`: what was captured; `wire`: original
 * length.  ts is copied. */
void decode(struct packet *, int dlt, const uint8_t *bytes, uint32_t caplen, uint32_t wire, int64_t ts,
    const struct decode_options *);
/* This packet with FACT_ESPLIKE is ESP in UDP, as who has seen others knows. */
void decode_as_esp(struct packet *);

#endif
