/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cid.c: Community ID: base64 of SHA-1 over the ordered flow tuple.
 */
#include "format/cid.h"

#include <string.h>

static uint32_t
rol(uint32_t x, unsigned n)
{
	return (x << n | x >> (32 - n));
}

/* SHA-1 (RFC 3174) of one message of at most 55 bytes: a single block. */
static void
sha1_short(const uint8_t *msg, size_t n, uint8_t out[static 20])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
	uint8_t block[64] = { 0 };

	memcpy(block, msg, n);
	block[n] = 0x80;
	block[62] = (uint8_t)(n * 8 >> 8);
	block[63] = (uint8_t)(n * 8);
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		    (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 80; i++)
		w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f, k, t;

		if (i < 20) {
			f = (b & c) | (~b & d);
			k = 0x5a827999;
		} else if (i < 40) {
			f = b ^ c ^ d;
			k = 0x6ed9eba1;
		} else if (i < 60) {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8f1bbcdc;
		} else {
			f = b ^ c ^ d;
			k = 0xca62c1d6;
		}
		t = rol(a, 5) + f + e + k + w[i];
		e = d;
		d = c;
		c = rol(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
	for (int i = 0; i < 20; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static size_t
base64(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = 0;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)(i + 1 < n ? p[i + 1] : 0) << 8 |
		    (i + 2 < n ? p[i + 2] : 0);

		out[len++] = digits[v >> 18];
		out[len++] = digits[v >> 12 & 63];
		out[len++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
		out[len++] = i + 2 < n ? digits[v & 63] : '=';
	}
	return (len);
}

/* The type that answers an ICMP type, or -1: those pairs make one conversation in the specification. */
static int
counterpart(uint8_t proto, uint8_t type)
{
	static const uint8_t v4[][2] = { { 8, 0 }, { 13, 14 }, { 15, 16 }, { 17, 18 }, { 10, 9 } };
	static const uint8_t v6[][2] = { { 128, 129 }, { 133, 134 }, { 135, 136 }, { 130, 131 },
		{ 139, 140 }, { 144, 145 } };
	const uint8_t(*pair)[2] = proto == 1 ? v4 : v6;
	size_t n = proto == 1 ? sizeof(v4) / 2 : sizeof(v6) / 2;

	for (size_t i = 0; i < n; i++) {
		if (pair[i][0] == type)
			return (pair[i][1]);
		if (pair[i][1] == type)
			return (pair[i][0]);
	}
	return (-1);
}

static size_t
put_ip(uint8_t *to, const struct ip *ip)
{
	size_t n = ip_is4(ip) ? 4 : 16;

	memcpy(to, ip->b + 16 - n, n);
	return (n);
}

size_t
cid_text(const struct cid_key *k, char out[static CID_TEXT])
{
	uint8_t msg[2 + 32 + 2 + 4] = { 0, 0 }, digest[20];
	uint16_t sport = k->sport, dport = k->dport;
	bool ports = k->ports, oneway = false, turn;
	size_t n = 2;
	int c;

	if (k->icmp) {
		ports = true;
		sport = k->type;
		c = counterpart(k->proto, k->type);
		oneway = c < 0;
		dport = oneway ? k->code : (uint16_t)c;
	}
	c = ip_cmp(&k->src, &k->dst);
	turn = !oneway && (c > 0 || (c == 0 && sport > dport));
	n += put_ip(msg + n, turn ? &k->dst : &k->src);
	n += put_ip(msg + n, turn ? &k->src : &k->dst);
	msg[n++] = k->proto;
	msg[n++] = 0;
	if (ports) {
		uint16_t p[2] = { turn ? dport : sport, turn ? sport : dport };

		for (int i = 0; i < 2; i++) {
			msg[n++] = (uint8_t)(p[i] >> 8);
			msg[n++] = (uint8_t)p[i];
		}
	}
	sha1_short(msg, n, digest);
	out[0] = '1';
	out[1] = ':';
	return (2 + base64(digest, sizeof(digest), out + 2));
}
