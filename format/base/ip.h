/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ip.h: addresses.
 *
 * One 16-byte form for both families, network byte order, so that equality is memcmp().  IPv4 is held behind IP_V4, not
 * as ::ffff:a.b.c.d (RFC 4291 2.5.5.2): that is an address of IPv6 too, and packets have it.  What begins as IP_V4 does
 * can be none: multicast to scope 0, which nobody may send and every node drops (RFC 4291 2.7).  Who takes an IPv6
 * address from outside asks ip_is4(), and refuses it.
 */
#ifndef FORMAT_BASE_IP_H
#define FORMAT_BASE_IP_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define IP_TEXT 46 /* longest text and its NUL */

struct ip {
	uint8_t b[16];
};

/* The first 8 bytes of IPv4; the next 4 are zero.  It ends in a one, so that no shorter prefix is it with zeros behind. */
#define IP_V4 0xff0069a5d3178ec7ull

static inline struct ip
ip_v4(const uint8_t b[static 4])
{
	uint64_t w[2] = { htobe64(IP_V4) };
	struct ip ip;

	memcpy((uint8_t *)&w[1] + 4, b, 4);
	memcpy(ip.b, w, sizeof(w));
	return (ip);
}

static inline bool
ip_is4(const struct ip *ip)
{
	uint64_t x;

	memcpy(&x, ip->b, 8);
	return (x == htobe64(IP_V4));
}

/* The bytes of both families as others write them: IPv4 is ::ffff:a.b.c.d. */
static inline struct ip
ip_mapped(const struct ip *ip)
{
	struct ip out;
	uint64_t w[2];

	memcpy(w, ip->b, sizeof(w));
	if (w[0] == htobe64(IP_V4)) {
		w[0] = 0;
		w[1] |= htobe64(0xffffull << 32);
	}
	memcpy(out.b, w, sizeof(w));
	return (out);
}

int ip_cmp_families(const struct ip *, const struct ip *);

/* The order of ip_mapped(), bytewise; of the same bytes IPv4 is the lower one. */
static inline int
ip_cmp(const struct ip *a, const struct ip *b)
{
	for (int i = 0; i < 16; i += 8) { /* in line: keys are made of this */
		uint64_t x, y;

		memcpy(&x, a->b + i, 8);
		memcpy(&y, b->b + i, 8);
		if (x == y)
			continue;
		if (i == 0 && (x == htobe64(IP_V4) || y == htobe64(IP_V4)))
			return (ip_cmp_families(a, b));
		return (be64toh(x) < be64toh(y) ? -1 : 1);
	}
	return (0);
}

/* Zero the bits behind the prefix. `len` is in the address's own family: 0..32 or 0..128; more is all. */
struct ip ip_mask(const struct ip *, unsigned len);
size_t ip_text(const struct ip *, char out[static IP_TEXT]);
/* "10.0.0.1" or "fe80::1", all of the n characters; false if it is neither. */
bool ip_parse(const char *, size_t n, struct ip *);
/* "10/8", "10.1.2.0/24", "fe80::/10", "10.1.2.3" (the whole address); host bits are cleared.  ::ffff:10.1.2.3 is IPv6. */
bool ip_parse_net(const char *, size_t n, struct ip *, unsigned *len);

#endif
