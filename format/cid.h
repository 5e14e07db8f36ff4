/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cid.h: Community ID, version 1 (the community-id specification), seed 0.
 */
#ifndef FORMAT_CID_H
#define FORMAT_CID_H

#include "format/base/ip.h"

#define CID_TEXT 32

struct cid_key {
	struct ip src, dst;
	uint16_t sport, dport;
	uint8_t proto;
	bool ports;
	bool icmp; /* type and code stand in for ports */
	uint8_t type, code;
};

/* "1:" and 28 characters of base64; returns the length, no NUL. */
size_t cid_text(const struct cid_key *, char out[static CID_TEXT]);

#endif
