/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zeek.h: whole flows as Zeek's conn.log, as tab-separated values with its header, or as JSON lines.
 */
#ifndef RA_TOOLS_OUT_ZEEK_H
#define RA_TOOLS_OUT_ZEEK_H

#include "ra-tools/out/out.h"

extern const struct out out_zeek;

#define ZEEK_COLUMNS \
	"stime ltime dur flowid proto saddr sport daddr dport icmptype icmpcode spkts dpkts sipbytes dipbytes spayload dpayload " \
	"snewbytes dnewbytes sgap dgap q r sikeq dikeq siker diker sssrc dssrc tunid conn state hist cid"

struct zeek {
	bool json;
	/* The history of a flow that several records tell of; NULL: not known. */
	const char *(*history)(void *, uint64_t flowid);
	void *arg;
};

#endif
