/* SPDX-License-Identifier: BSD-2-Clause
 *
 * buf.h: a growing buffer for writing, the mirror of cursor.h.
 *
 * The buffer owns its bytes; buf_free() gives them back.  Start with `struct buf b = { 0 };`.
 * Multi-byte writes are big-endian unless named `le`.  Memory that cannot be had ends the program
 * with a sentence (mem.h), so no call here fails.
 */
#ifndef FORMAT_BASE_BUF_H
#define FORMAT_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *p;
	size_t len, cap;
};

void buf_free(struct buf *);                        /* and zeroes it: ready for use again */
uint8_t *buf_room(struct buf *, size_t n);          /* n bytes of room after len; len is not moved */
uint8_t *buf_put(struct buf *, size_t n);           /* n bytes appended, not set; where they are */
void buf_add(struct buf *, const void *, size_t n); /* append a copy */
void buf_str(struct buf *, const char *);           /* append a string without its NUL */
void buf_plain(struct buf *, const void *, size_t n); /* append text so that it is only shown (plain.h) */
void buf_plain_str(struct buf *, const char *);
void buf_printf(struct buf *, const char *, ...) __attribute__((format(printf, 2, 3)));
/* A sentence into memory of the caller, cut to `room`; false, for who says by this that something is wrong. */
bool say_wrong(char *to, size_t room, const char *, ...) __attribute__((format(printf, 3, 4)));
void buf_u16(struct buf *, uint16_t);
void buf_u32(struct buf *, uint32_t);
void buf_u64(struct buf *, uint64_t);
void buf_u16le(struct buf *, uint16_t);
void buf_u32le(struct buf *, uint32_t);
void buf_u64le(struct buf *, uint64_t);
void buf_varint(struct buf *, uint64_t);  /* LEB128 */
void buf_dec(struct buf *, uint64_t);     /* decimal digits, without printf */
const char *buf_cstr(struct buf *);       /* NUL-terminated view, valid until the next write */

static inline void
buf_u8(struct buf *b, uint8_t v)
{
	if (b->len == b->cap)
		(void)buf_room(b, 1);
	b->p[b->len++] = v;
}

#endif
