/* SPDX-License-Identifier: BSD-2-Clause
 *
 * decode.h: bytes in, facts out.
 *
 * Pure: no allocation, no log, no clock, no state.  decode() always leaves a complete struct packet
 * whose `fate` says whether it can be in a flow.
 */
#ifndef PROBE_DECODE_H
#define PROBE_DECODE_H

#include "format/base/cursor.h"
#include "probe/decode/packet.h"

#define ESP_UDP_MAX 16

struct decode_options {
	bool outer;    /* --outer: the outermost IP header makes the flow */
	bool ip_only;  /* --ip-only: frames without IP are counted (PKT_NONIP_OFF), no flows */
	bool ah_inner; /* --ah-inner: decode what is behind an AH header */
	uint8_t nesp_udp;
	uint16_t esp_udp[ESP_UDP_MAX]; /* --esp-udp: ports of ESP in UDP, beside 4500 and 10000 */
};

/* `dlt`: LINKTYPE_ value of the file format; `bytes`, `caplen`: what was captured; `wire`: original
 * length.  ts is copied. */
void decode(struct packet *, int dlt, const uint8_t *bytes, uint32_t caplen, uint32_t wire, int64_t ts,
    const struct decode_options *);

/* Can frames of this link type be taken apart? (An unknown one is conserved as PROTO_LINK.) */
bool decode_knows(int dlt);

#endif
