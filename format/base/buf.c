/* SPDX-License-Identifier: BSD-2-Clause
 *
 * buf.c: a growing buffer for writing.
 */
#include "format/base/buf.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 256 /* bytes of a buffer's first allocation */

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

uint8_t *
buf_room(struct buf *b, size_t n)
{
	size_t need, cap;

	if (b->cap - b->len < n || b->p == NULL) {
		if (__builtin_add_overflow(b->len, n, &need))
			fatalx("a buffer of %zu + %zu bytes is too large", b->len, n);
		cap = b->cap > SIZE_MAX / 2 ? need : b->cap * 2;
		if (cap < need)
			cap = need;
		if (cap < BUF_FIRST)
			cap = BUF_FIRST;
		b->p = mem_grow(b->p, cap, 1);
		b->cap = cap;
	}
	return (b->p + b->len);
}

uint8_t *
buf_put(struct buf *b, size_t n)
{
	uint8_t *p = buf_room(b, n);

	b->len += n;
	return (p);
}

void
buf_add(struct buf *b, const void *from, size_t n)
{
	if (n != 0)
		memcpy(buf_put(b, n), from, n);
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_plain(struct buf *b, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t acting, run;

	for (; n > 0; p += run + acting, n -= run + acting) {
		run = plain_run(p, n, &acting);
		if (run > 0)
			buf_add(b, p, run);
		for (size_t i = 0; i < acting; i++)
			plain_escape(p[run + i], (char *)buf_put(b, PLAIN_ESCAPED));
	}
}

void
buf_plain_str(struct buf *b, const char *text)
{
	buf_plain(b, text, strlen(text));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t room;
	int n;

	(void)buf_room(b, 64);
	room = b->cap - b->len;
	va_start(ap, fmt);
	n = vsnprintf((char *)b->p + b->len, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		fatal("printing %s", fmt);
	if ((size_t)n >= room) {
		(void)buf_room(b, (size_t)n + 1); /* vsnprintf() needs a place for its NUL */
		va_start(ap, fmt);
		(void)vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

bool
say_wrong(char *to, size_t room, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(to, room, fmt, ap);
	va_end(ap);
	return (false);
}

void
buf_u16(struct buf *b, uint16_t v)
{
	buf_u16le(b, __builtin_bswap16(v));
}

void
buf_u32(struct buf *b, uint32_t v)
{
	buf_u32le(b, __builtin_bswap32(v));
}

void
buf_u64(struct buf *b, uint64_t v)
{
	buf_u64le(b, __builtin_bswap64(v));
}

void
buf_u16le(struct buf *b, uint16_t v)
{
	uint8_t *p = buf_put(b, 2);

	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

void
buf_u32le(struct buf *b, uint32_t v)
{
	uint8_t *p = buf_put(b, 4);

	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

void
buf_u64le(struct buf *b, uint64_t v)
{
	uint8_t *p = buf_put(b, 8);

	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

void
buf_varint(struct buf *b, uint64_t v)
{
	uint8_t *p = buf_room(b, 10), *start = p;

	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	b->len += (size_t)(p - start);
}

void
buf_dec(struct buf *b, uint64_t v)
{
	uint64_t below = 10;
	unsigned n = 1; /* 2^64 - 1 has 20 */
	uint8_t *to;

	for (; n < 20 && v >= below; n++)
		below *= 10; /* goes round behind the last one, which is not asked for */
	to = buf_put(b, n) + n;
	for (; v > UINT32_MAX; v /= 10)
		*--to = (uint8_t)('0' + v % 10);
	for (uint32_t w = (uint32_t)v;; w /= 10) {
		*--to = (uint8_t)('0' + w % 10);
		if (w < 10)
			return;
	}
}

const char *
buf_cstr(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return ((const char *)b->p);
}
