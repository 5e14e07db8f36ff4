/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_unpack.h: numbers of some bits each, one behind the other, as numbers of 1, 2, 4 or 8 bytes.
 */
#ifndef FORMAT_CODEC_UNPACK_H
#define FORMAT_CODEC_UNPACK_H

#include <stddef.h>
#include <stdint.h>

/* n values of `bits` (0 to 8 * width) from a string of `size` readable bytes, at least packed_size(n, bits). */
void unpack(const uint8_t *p, size_t size, uint32_t n, unsigned bits, unsigned width, void *v);
/* The value i alone, not reading behind p + size; bits is 1 to 64. */
uint64_t unpack_one(const uint8_t *p, size_t size, size_t i, unsigned bits);

#endif
