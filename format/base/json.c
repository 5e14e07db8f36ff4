/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.c: text as JSON has it.
 */
#include "format/base/json.h"

#include "format/base/plain.h"

/* As \u and four digits; what acts has no more than three bytes. */
static void
put_code(struct buf *to, const uint8_t *p, size_t n)
{
	unsigned code = n == 1 ? p[0] : n == 2 ? p[0] & 0x1f : p[0] & 0x0f;

	for (size_t i = 1; i < n; i++)
		code = code << 6 | (p[i] & 0x3f);
	buf_printf(to, "\\u%04x", code);
}

void
json_text(struct buf *to, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	buf_u8(to, '"');
	for (size_t i = 0; i < n;) {
		size_t len = plain_utf8(p + i, n - i);

		if (len == 0) {
			buf_str(to, "\xef\xbf\xbd");
			i++;
			continue;
		}
		if (p[i] == '"' || p[i] == '\\') {
			buf_u8(to, '\\');
			buf_u8(to, p[i]);
		} else if (plain_acts(p + i, len)) {
			put_code(to, p + i, len);
		} else {
			buf_add(to, p + i, len);
		}
		i += len;
	}
	buf_u8(to, '"');
}
