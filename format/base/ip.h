/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ip.h: addresses.
 *
 * One 16-byte form for both families, network byte order; IPv4 is held as ::ffff:a.b.c.d (RFC 4291
 * 2.5.5.2) and printed as dotted quad, so that order and equality are plain memcmp().
 */
#ifndef FORMAT_BASE_IP_H
#define FORMAT_BASE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define IP_TEXT 46 /* longest text and its NUL */

struct ip {
	uint8_t b[16];
};

static inline struct ip
ip_v4(const uint8_t b[static 4])
{
	struct ip ip = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, b[0], b[1], b[2], b[3] } };

	return (ip);
}

static inline bool
ip_is4(const struct ip *ip)
{
	static const uint8_t prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return (memcmp(ip->b, prefix, sizeof(prefix)) == 0);
}

static inline int
ip_cmp(const struct ip *a, const struct ip *b)
{
	for (int i = 0; i < 16; i += 8) { /* as memcmp(), without the call: keys are made of this */
		uint64_t x, y;

		memcpy(&x, a->b + i, 8);
		memcpy(&y, b->b + i, 8);
		if (x != y) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			x = __builtin_bswap64(x);
			y = __builtin_bswap64(y);
#endif
			return (x < y ? -1 : 1);
		}
	}
	return (0);
}

/* Zero the bits behind the prefix. `len` is in the address's own family: 0..32 or 0..128; more is all. */
struct ip ip_mask(const struct ip *, unsigned len);
size_t ip_text(const struct ip *, char out[static IP_TEXT]);
/* "10.0.0.1" or "fe80::1", all of the n characters; false if it is neither. */
bool ip_parse(const char *, size_t n, struct ip *);
/* "10/8", "10.1.2.0/24", "fe80::/10", "10.1.2.3" (the whole address); host bits are cleared. */
bool ip_parse_net(const char *, size_t n, struct ip *, unsigned *len);

#endif
