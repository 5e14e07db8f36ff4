/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ip.c: addresses as text and back, prefixes.
 */
#include "format/base/ip.h"

#include <arpa/inet.h>

int
ip_cmp_families(const struct ip *a, const struct ip *b)
{
	struct ip x = ip_mapped(a), y = ip_mapped(b);
	int c = memcmp(x.b, y.b, sizeof(x.b));

	return (c != 0 ? (c > 0) - (c < 0) : ip_is4(b) - ip_is4(a));
}

struct ip
ip_mask(const struct ip *ip, unsigned len)
{
	struct ip net = *ip;
	unsigned bits = ip_is4(ip) ? 96 : 0;

	bits += len;
	if (bits >= 128 || len >= 128)
		return (net);
	net.b[bits / 8] &= (uint8_t)(0xff00 >> bits % 8);
	for (unsigned i = bits / 8 + 1; i < 16; i++)
		net.b[i] = 0;
	return (net);
}

/* 0..255 without leading zeros */
static char *
put_octet(char *p, unsigned v)
{
	if (v >= 100) {
		*p++ = (char)('0' + v / 100);
		v %= 100;
		*p++ = (char)('0' + v / 10);
	} else if (v >= 10) {
		*p++ = (char)('0' + v / 10);
	}
	*p++ = (char)('0' + v % 10);
	return (p);
}

/* 0..ffff without leading zeros, lower case (RFC 5952 4.1, 4.3) */
static char *
put_group(char *p, unsigned v)
{
	static const char hex[] = "0123456789abcdef";

	for (int shift = 12; shift >= 0; shift -= 4)
		if (v >> shift != 0 || shift == 0)
			*p++ = hex[v >> shift & 15];
	return (p);
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952 4.2): [*from, *to). */
static void
zero_run(const unsigned g[static 8], unsigned *from, unsigned *to)
{
	unsigned start = 0;

	*from = *to = 8;
	for (unsigned i = 0; i <= 8; i++) {
		if (i < 8 && g[i] == 0)
			continue;
		if (i - start >= 2 && i - start > *to - *from) {
			*from = start;
			*to = i;
		}
		start = i + 1;
	}
}

static char *
put_v6(char *p, const struct ip *ip)
{
	unsigned g[8], from, to;

	for (unsigned i = 0; i < 8; i++)
		g[i] = (unsigned)ip->b[2 * i] << 8 | ip->b[2 * i + 1];
	zero_run(g, &from, &to);
	for (unsigned i = 0; i < 8; i++) {
		if (i == from && from != to) {
			*p++ = ':';
			*p++ = ':';
			i = to - 1;
			continue;
		}
		if (i != 0 && i != to)
			*p++ = ':';
		p = put_group(p, g[i]);
	}
	return (p);
}

static char *
put_v4(char *p, const uint8_t b[static 4])
{
	for (unsigned i = 0; i < 4; i++) {
		p = put_octet(p, b[i]);
		*p++ = '.';
	}
	return (p - 1);
}

size_t
ip_text(const struct ip *ip, char out[static IP_TEXT])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char *p = out;

	if (ip_is4(ip)) {
		p = put_v4(p, ip->b + 12);
	} else if (memcmp(ip->b, mapped, sizeof(mapped)) == 0) { /* RFC 5952 5 */
		memcpy(p, "::ffff:", 7);
		p = put_v4(p + 7, ip->b + 12);
	} else {
		p = put_v6(p, ip);
	}
	*p = '\0';
	return ((size_t)(p - out));
}

/* Up to four octets; how many, or 0. "010" is refused: some read it as octal. */
static unsigned
parse_octets(const char *s, size_t n, uint8_t b[static 4])
{
	const char *end = s + n;

	for (unsigned i = 0; i < 4; i++) {
		unsigned v = 0;
		const char *start = s;

		while (s < end && *s >= '0' && *s <= '9' && s - start < 3)
			v = v * 10 + (unsigned)(*s++ - '0');
		if (s == start || v > 255 || (*start == '0' && s - start > 1))
			return (0);
		b[i] = (uint8_t)v;
		if (s == end)
			return (i + 1);
		if (*s++ != '.')
			return (0);
	}
	return (0);
}

bool
ip_parse(const char *s, size_t n, struct ip *ip)
{
	char text[IP_TEXT];
	uint8_t b[4];

	if (parse_octets(s, n, b) == 4) {
		*ip = ip_v4(b);
		return (true);
	}
	if (n == 0 || n >= sizeof(text) || memchr(s, '\0', n) != NULL)
		return (false);
	memcpy(text, s, n);
	text[n] = '\0';
	return (inet_pton(AF_INET6, text, ip->b) == 1 && !ip_is4(ip));
}

/* "0".."128": digits only */
static bool
parse_len(const char *s, size_t n, unsigned most, unsigned *len)
{
	unsigned v = 0;

	if (n == 0 || n > 3)
		return (false);
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (false);
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	*len = v;
	return (v <= most);
}

bool
ip_parse_net(const char *s, size_t n, struct ip *net, unsigned *len)
{
	const char *slash = memchr(s, '/', n);
	size_t head = slash == NULL ? n : (size_t)(slash - s);
	uint8_t b[4] = { 0 };
	struct ip ip;
	unsigned octets = parse_octets(s, head, b), most;

	if (octets == 4 || (octets != 0 && slash != NULL))
		ip = ip_v4(b); /* "10/8": the octets that are not written are zero */
	else if (!ip_parse(s, head, &ip))
		return (false);
	most = ip_is4(&ip) ? 32 : 128;
	*len = most;
	if (slash != NULL && !parse_len(slash + 1, n - head - 1, most, len))
		return (false);
	*net = ip_mask(&ip, *len);
	return (true);
}
