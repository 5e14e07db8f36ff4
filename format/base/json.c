/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.c: JSON, written.
 */
#include "format/base/json.h"

#include "format/base/plain.h"

#include <string.h>

/* As \u and four digits; what acts has no more than three bytes. */
static void
put_code(struct buf *to, const uint8_t *p, size_t n)
{
	unsigned code = n == 1 ? p[0] : n == 2 ? p[0] & 0x1f : p[0] & 0x0f;

	for (size_t i = 1; i < n; i++)
		code = code << 6 | (p[i] & 0x3f);
	buf_printf(to, "\\u%04x", code);
}

/* How many of the bytes stand as they are: most texts whole. */
static size_t
plain_ascii(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
		i++;
	return (i);
}

void
json_text(struct buf *to, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	buf_u8(to, '"');
	for (size_t i = 0; i < n;) {
		size_t len = plain_ascii(p + i, n - i);

		if (len > 0) {
			buf_add(to, p + i, len);
			i += len;
			continue;
		}
		len = plain_utf8(p + i, n - i);
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

static void
json_key(struct json *j, const char *key)
{
	size_t n = key == NULL ? 0 : strlen(key);
	uint8_t *to = buf_room(j->to, n + 4), *begin = to;

	if (j->more)
		*to++ = ',';
	j->more = true;
	if (key != NULL) {
		*to++ = '"';
		memcpy(to, key, n);
		to += n;
		*to++ = '"';
		*to++ = ':';
	}
	j->to->len += (size_t)(to - begin);
}

void
json_open(struct json *j, const char *key, char bracket)
{
	json_key(j, key);
	buf_u8(j->to, (uint8_t)bracket);
	j->more = false;
}

void
json_close(struct json *j, char bracket)
{
	buf_u8(j->to, (uint8_t)bracket);
	j->more = true;
}

void
json_break(struct json *j)
{
	buf_str(j->to, j->more ? ",\n" : "\n");
	j->more = false;
}

void
json_line(struct json *j)
{
	buf_u8(j->to, '\n');
	j->more = false;
}

void
json_u64(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	buf_printf(j->to, "%llu", (unsigned long long)v);
}

void
json_i64(struct json *j, const char *key, int64_t v)
{
	json_key(j, key);
	buf_printf(j->to, "%lld", (long long)v);
}

void
json_real(struct json *j, const char *key, double v)
{
	json_key(j, key);
	buf_printf(j->to, "%.10g", v);
}

void
json_fixed(struct json *j, const char *key, double v, int decimals)
{
	json_key(j, key);
	buf_printf(j->to, "%.*f", decimals, v);
}

void
json_bool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	buf_str(j->to, v ? "true" : "false");
}

void
json_null(struct json *j, const char *key)
{
	json_key(j, key);
	buf_str(j->to, "null");
}

void
json_bytes(struct json *j, const char *key, const void *p, size_t n)
{
	json_key(j, key);
	json_text(j->to, p, n);
}

void
json_str(struct json *j, const char *key, const char *text)
{
	json_bytes(j, key, text, strlen(text));
}

void
json_raw(struct json *j, const char *key, const void *p, size_t n)
{
	json_key(j, key);
	buf_add(j->to, p, n);
}

void
json_members(struct json *j, const void *p, size_t n)
{
	if (n == 0)
		return;
	buf_str(j->to, j->more ? "," : "");
	buf_add(j->to, p, n);
	j->more = true;
}
