/* SPDX-License-Identifier: BSD-2-Clause
 *
 * plain.c: whatever is in a file, a terminal only shows it.
 */
#include "format/base/plain.h"

#include <string.h>

size_t
plain_mark(const void *text, size_t n)
{
	static const char mark[3] = { '\xef', '\xbb', '\xbf' };

	return (n >= sizeof(mark) && memcmp(text, mark, sizeof(mark)) == 0 ? sizeof(mark) : 0);
}

size_t
plain_utf8(const uint8_t *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1
	    : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
	    : (p[0] & 0xf0) == 0xe0 ? 3
	    : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
	    : 0;

	if (len == 0 || len > n)
		return (0);
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return (0);
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] >= 0x90))
		return (0);
	return (len);
}

unsigned
plain_places(const void *text, size_t n)
{
	const uint8_t *p = text;
	unsigned places = 0;
	size_t i = 0;

	for (uint64_t eight; i + 8 <= n; i += 8) {
		memcpy(&eight, p + i, 8);
		places += 8;
		for (unsigned j = 0; (eight & 0x8080808080808080ull) != 0 && j < 8; j++)
			places -= (p[i + j] & 0xc0) == 0x80;
	}
	for (; i < n; i++)
		places += (p[i] & 0xc0) != 0x80;
	return (places);
}

bool
plain_acts(const uint8_t *p, size_t n)
{
	if (n == 1)
		return (p[0] < 0x20 || p[0] == 0x7f);
	if (n == 2)
		return ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xd8 && p[1] == 0x9c)); /* C1; U+061C */
	if (n != 3 || p[0] != 0xe2)
		return (false);
	return ((p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae))) || /* U+200E ... U+202E */
	    (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));					     /* U+2066 ... U+2069 */
}

size_t
plain_run(const uint8_t *p, size_t n, size_t *acting)
{
	size_t i = 0, len;

	for (*acting = 0; i < n; i += len) {
		len = plain_utf8(p + i, n - i);
		if (len > 0 && !plain_acts(p + i, len))
			continue;
		*acting = len > 0 ? len : 1;
		break;
	}
	return (i);
}

void
plain_escape(uint8_t byte, char to[static PLAIN_ESCAPED])
{
	static const char digits[] = "0123456789abcdef";

	to[0] = '\\';
	to[1] = 'x';
	to[2] = digits[byte >> 4];
	to[3] = digits[byte & 15];
}

void
plain_text(char *to, size_t room, const char *from)
{
	const uint8_t *p = (const uint8_t *)from;
	size_t left = strlen(from), acting, n;

	for (room--; left > 0; p += n + acting, left -= n + acting) {
		n = plain_run(p, left, &acting);
		if (n > room) { /* what fits, of whole characters */
			for (n = room; n > 0 && (p[n] & 0xc0) == 0x80; n--)
				;
			left = n;
			acting = 0;
		}
		memcpy(to, p, n);
		to += n;
		room -= n;
		if (acting * PLAIN_ESCAPED > room)
			break;
		for (size_t i = 0; i < acting; i++, to += PLAIN_ESCAPED)
			plain_escape(p[n + i], to);
		room -= acting * PLAIN_ESCAPED;
	}
	*to = '\0';
}
