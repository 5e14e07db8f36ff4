/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cursor.h: a bounded read-only view of bytes.
 *
 * Reading past the end yields zero and sets `cut`, which stays set; the position does not move.  So a
 * parser reads a header straight down and asks once, at the end, whether all of it was there.
 * A cursor borrows the bytes; it owns nothing. Multi-byte reads are big-endian unless named `le`.
 */
#ifndef FORMAT_BASE_CURSOR_H
#define FORMAT_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *p, *end;
	bool cut; /* something was read that was not there */
};

static inline struct cursor
cur_new(const void *bytes, size_t n)
{
	static const uint8_t nothing;
	const uint8_t *p = bytes != NULL ? bytes : &nothing; /* no arithmetic on NULL, not even + 0 */

	return ((struct cursor){ .p = p, .end = p + n, .cut = false });
}

static inline size_t
cur_left(const struct cursor *c)
{
	return ((size_t)(c->end - c->p));
}

/* The next n bytes, or NULL (and cut). */
static inline const uint8_t *
cur_bytes(struct cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if (cur_left(c) < n) {
		c->cut = true;
		return (NULL);
	}
	c->p += n;
	return (p);
}

static inline void
cur_skip(struct cursor *c, size_t n)
{
	(void)cur_bytes(c, n);
}

/* The next n bytes as a world of their own; shorter (and the outer one cut) if they are not all there. */
static inline struct cursor
cur_sub(struct cursor *c, size_t n)
{
	size_t left = cur_left(c);
	struct cursor sub = cur_new(c->p, n < left ? n : left);

	if (n > left)
		c->cut = sub.cut = true;
	c->p = sub.end;
	return (sub);
}

static inline uint8_t
cur_u8(struct cursor *c)
{
	const uint8_t *p = cur_bytes(c, 1);

	return (p == NULL ? 0 : p[0]);
}

static inline uint16_t
cur_u16(struct cursor *c)
{
	const uint8_t *p = cur_bytes(c, 2);

	return (p == NULL ? 0 : (uint16_t)(p[0] << 8 | p[1]));
}

static inline uint32_t
cur_u32(struct cursor *c)
{
	const uint8_t *p = cur_bytes(c, 4);

	return (p == NULL ? 0 : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
}

static inline uint64_t
cur_u64(struct cursor *c)
{
	uint64_t hi = 0, lo = 0;

	if (cur_left(c) < 8) {
		c->cut = true;
		return (0);
	}
	hi = cur_u32(c);
	lo = cur_u32(c);
	return (hi << 32 | lo);
}

static inline uint16_t
cur_u16le(struct cursor *c)
{
	return (__builtin_bswap16(cur_u16(c)));
}

static inline uint32_t
cur_u32le(struct cursor *c)
{
	return (__builtin_bswap32(cur_u32(c)));
}

static inline uint64_t
cur_u64le(struct cursor *c)
{
	return (__builtin_bswap64(cur_u64(c)));
}

/* LEB128, at most 10 bytes; a longer one is cut. */
static inline uint64_t
cur_varint(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t b = cur_u8(c);

		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		if ((b & 0x80) == 0)
			return (c->cut ? 0 : v);
	}
	c->cut = true;
	return (0);
}

#endif
