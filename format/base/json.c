/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.c: text as JSON has it.
 */
#include "format/base/json.h"

/* Length of the UTF-8 sequence at p, 0 if it is none (RFC 3629). */
static size_t
utf8(const uint8_t *p, size_t n)
{
	size_t len = p[0] < 0x80		   ? 1
		     : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		     : (p[0] & 0xf0) == 0xe0	   ? 3
		     : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						   : 0;

	if (len == 0 || len > n)
		return (0);
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return (0);
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return (0);
	return (len);
}

void
json_text(struct buf *to, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	buf_u8(to, '"');
	for (size_t i = 0; i < n;) {
		size_t len = utf8(p + i, n - i);

		if (len == 0) {
			buf_str(to, "\xef\xbf\xbd");
			i++;
			continue;
		}
		if (p[i] == '"' || p[i] == '\\') {
			buf_u8(to, '\\');
			buf_u8(to, p[i]);
		} else if (p[i] < 0x20 || p[i] == 0x7f) {
			buf_printf(to, "\\u%04x", p[i]);
		} else {
			buf_add(to, p + i, len);
		}
		i += len;
	}
	buf_u8(to, '"');
}
