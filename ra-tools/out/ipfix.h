/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ipfix.h: records as IPFIX messages (RFC 7011), to a file (RFC 5655) or to a collector.
 */
#ifndef RA_TOOLS_OUT_IPFIX_H
#define RA_TOOLS_OUT_IPFIX_H

#include "ra-tools/out/ipfix_element.h"

extern const struct out out_ipfix;

/* What is sent unless -s says otherwise: what a record lacks is not in it. */
#define IPFIX_COLUMNS \
	"stime ltime saddr daddr sport dport proto icmptype icmpcode spkts dpkts sipbytes dipbytes sbytes dbytes stcpflags dtcpflags " \
	"sdscp ddscp sttlmin dttlmin svlan dvlan sspi dspi flowid probe rectype cause sloss dloss rtts rttd rtt"

/* Whose the elements are that IANA has none for, unless it is said (pen=N): the number that RFC 5612 keeps for documentation.
 * The project has none of its own. */
#define IPFIX_PEN 32473

struct ipfix {
	bool uniflow; /* two records for a flow, one for each direction */
	uint32_t pen;
	const char *to; /* udp://HOST:PORT, tcp://HOST:PORT; NULL: standard output */
	int64_t (*now)(void);
	struct ipfix_state *state;
};

/* "uniflow", "pen=N", and both with a comma between; false: something else. */
bool ipfix_parse(struct ipfix *, const char *);
/* The way to the collector; false: err says why not. */
bool ipfix_open(struct sheet *, char *err, size_t);
#endif
