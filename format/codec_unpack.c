/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_unpack.c: packed bits.  Tests: test_codec.c (all widths to 64 bits), test_codec_narrow.c (the narrow ones).
 */
#include "format/codec_unpack.h"

#include "format/codec_memory.h"

#include <string.h>

uint64_t
unpack_one(const uint8_t *p, size_t size, size_t i, unsigned bits)
{
	uint8_t bytes[16] = { 0 };
	size_t at = i * bits / 8, n = size - at < 9 ? size - at : 9;
	unsigned shift = (unsigned)(i * bits % 8);

	memcpy(bytes, p + at, n);
	if (shift == 0)
		return (load64(bytes) & mask_of(bits));
	return ((load64(bytes) >> shift | (uint64_t)bytes[8] << (64 - shift)) & mask_of(bits));
}

/* Eight values are `bits` bytes, so with the width a constant all shifts and offsets are constants. */
#define EIGHTS(name, type)                                                                                             \
	static inline __attribute__((always_inline)) uint32_t name(const uint8_t *p, uint32_t n, unsigned bits, type *v) \
	{                                                                                                              \
		uint32_t i;                                                                                            \
		for (i = 0; i + 8 <= n; i += 8, p += bits) {                                                           \
			_Pragma("GCC unroll 8")                                                                        \
			for (unsigned j = 0; j < 8; j++) {                                                             \
				unsigned at = j * bits;                                                                \
				uint64_t x = load64(p + at / 8) >> at % 8;                                             \
				if (at % 8 + bits > 64)                                                                \
					x |= (uint64_t)p[at / 8 + 8] << (64 - at % 8);                                 \
				v[i + j] = (type)(x & mask_of(bits));                                                  \
			}                                                                                              \
		}                                                                                                      \
		return (i);                                                                                            \
	}

EIGHTS(eights_to_8, uint64_t)
EIGHTS(eights_to_4, uint32_t)

/* Eight values of at most 8 bits are one word: it is torn apart in the middle, then each half, then each quarter. */
static inline __attribute__((always_inline)) uint32_t
eights_to_1(const uint8_t *p, uint32_t n, unsigned bits, uint8_t *v)
{
	const uint64_t two = mask_of(2 * bits) * 0x0000000100000001ull, one = mask_of(bits) * 0x0001000100010001ull;
	uint32_t i;

	for (i = 0; i + 8 <= n; i += 8, p += bits) {
		uint64_t x = load64(p) & mask_of(8 * bits);

		x = (x & mask_of(4 * bits)) | x >> 4 * bits << 32;
		x = (x & two) | (x << (16 - 2 * bits) & two << 16);
		x = htole64((x & one) | (x << (8 - bits) & one << 8));
		memcpy(v + i, &x, 8);
	}
	return (i);
}

/* Four values of at most 16 bits. */
static inline __attribute__((always_inline)) void
four_to_2(uint64_t x, unsigned bits, uint16_t *v)
{
	const uint64_t one = mask_of(bits) * 0x0000000100000001ull;

	x = (x & mask_of(2 * bits)) | x >> 2 * bits << 32;
	x = (x & one) | (x << (16 - bits) & one << 16);
	v[0] = (uint16_t)x;
	v[1] = (uint16_t)(x >> 16);
	v[2] = (uint16_t)(x >> 32);
	v[3] = (uint16_t)(x >> 48);
}

static inline __attribute__((always_inline)) uint32_t
eights_to_2(const uint8_t *p, uint32_t n, unsigned bits, uint16_t *v)
{
	uint32_t i;

	for (i = 0; i + 8 <= n; i += 8, p += bits) {
		four_to_2(load64(p) & mask_of(4 * bits), bits, v + i);
		four_to_2(load64(p + 4 * bits / 8) >> 4 * bits % 8 & mask_of(4 * bits), bits, v + i + 4);
	}
	return (i);
}

#define W(to, b)                                         \
	case b:                                          \
		i = eights_to_##to(p, safe, b, v);       \
		break;
#define W8(to, b) W(to, b) W(to, b + 1) W(to, b + 2) W(to, b + 3) W(to, b + 4) W(to, b + 5) W(to, b + 6) W(to, b + 7)

/* `safe`: values that may be read as whole words. */
#define UNPACK(to, type, ...)                                                                            \
	static void unpack_to_##to(const uint8_t *p, size_t size, uint32_t n, unsigned bits, type *v)    \
	{                                                                                                \
		size_t most = size < 9 ? 0 : (size - 9) * 8 / bits + 1;                                  \
		uint32_t i = 0, safe = most < n ? (uint32_t)most : n;                                    \
		switch (bits) {                                                                          \
			__VA_ARGS__                                                                      \
		default:                                                                                 \
			break;                                                                           \
		}                                                                                        \
		for (; i < n; i++)                                                                       \
			v[i] = (type)unpack_one(p, size, i, bits);                                       \
	}

UNPACK(1, uint8_t, W8(1, 1))
UNPACK(2, uint16_t, W8(2, 1) W8(2, 9))
UNPACK(4, uint32_t, W8(4, 1) W8(4, 9) W8(4, 17) W8(4, 25))
UNPACK(8, uint64_t, W8(8, 1) W8(8, 9) W8(8, 17) W8(8, 25) W8(8, 33) W8(8, 41) W8(8, 49) W8(8, 57))

void
unpack(const uint8_t *p, size_t size, uint32_t n, unsigned bits, unsigned width, void *v)
{
	if (bits == 0)
		memset(v, 0, (size_t)n * width);
	else if (bits == 8 * width && (width == 1 || __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__))
		memcpy(v, p, (size_t)n * width);
	else if (width == 1)
		unpack_to_1(p, size, n, bits, v);
	else if (width == 2)
		unpack_to_2(p, size, n, bits, v);
	else if (width == 4)
		unpack_to_4(p, size, n, bits, v);
	else
		unpack_to_8(p, size, n, bits, v);
}
