/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_get.c: bytes as columns of numbers; the bytes may be anything.  Test: test_codec.c.
 */
#include "format/codec_memory.h"

#include <string.h>

/* --- packed bits and groups */

/* One value, not reading behind p + size. */
static uint64_t
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
static inline __attribute__((always_inline)) uint32_t
unpack_eights(const uint8_t *p, uint32_t n, unsigned bits, uint64_t *v)
{
	uint32_t i;

	for (i = 0; i + 8 <= n; i += 8, p += bits) {
#pragma GCC unroll 8
		for (unsigned j = 0; j < 8; j++) {
			unsigned at = j * bits;
			uint64_t x = load64(p + at / 8) >> at % 8;

			if (at % 8 + bits > 64)
				x |= (uint64_t)p[at / 8 + 8] << (64 - at % 8);
			v[i + j] = x & mask_of(bits);
		}
	}
	return (i);
}

/* n values from a string of `size` readable bytes (at least packed_size()). */
static void
unpack(const uint8_t *p, size_t size, uint32_t n, unsigned bits, uint64_t *v)
{
	uint32_t i = 0, safe; /* safe: values that may be read as whole words */

	if (bits == 0) {
		memset(v, 0, n * sizeof(*v));
		return;
	}
	safe = size < 9 ? 0 : (uint32_t)((size - 9) * 8 / bits + 1 < n ? (size - 9) * 8 / bits + 1 : n);
	switch (bits) {
#define W(b)                                       \
	case b:                                    \
		i = unpack_eights(p, safe, b, v);  \
		break;
#define W8(b) W(b) W(b + 1) W(b + 2) W(b + 3) W(b + 4) W(b + 5) W(b + 6) W(b + 7)
		W8(1) W8(9) W8(17) W8(25) W8(33) W8(41) W8(49) W8(57)
	default:
		break;
	}
	for (; i < n; i++)
		v[i] = unpack_one(p, size, i, bits);
}

static bool
get_packed(struct cursor *c, uint64_t *v, uint32_t n, unsigned bits)
{
	size_t left = cur_left(c);

	if (bits > 64 || cur_bytes(c, packed_size(n, bits)) == NULL)
		return (false);
	unpack(c->p - packed_size(n, bits), left, n, bits, v);
	return (true);
}

static bool
get_groups(struct cursor *c, uint64_t *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += GROUP) {
		uint32_t m = n - i < GROUP ? n - i : GROUP;
		uint64_t base = cur_varint(c);
		uint8_t bits = cur_u8(c);

		if (c->cut || !get_packed(c, v + i, m, bits))
			return (false);
		for (uint32_t j = 0; j < m; j++)
			v[i + j] += base;
	}
	return (true);
}

/* --- encodings */

bool
u64_knows(enum coding code)
{
	return (code <= CODE_DICT || code == CODE_BYTES || code == CODE_UNITS);
}

static void
fill(uint64_t *v, uint32_t n, uint64_t value)
{
	for (uint32_t i = 0; i < n; i++)
		v[i] = value;
}

static void
affine(uint64_t *v, uint32_t n, uint64_t base, uint64_t unit)
{
	if (unit == 1) {
		for (uint32_t i = 0; i < n; i++)
			v[i] += base;
	} else {
		for (uint32_t i = 0; i < n; i++)
			v[i] = base + unit * v[i];
	}
}

static bool
get_plain(struct cursor *c, uint64_t *v, uint32_t n)
{
	unsigned width = cur_u8(c);
	size_t left = cur_left(c);
	const uint8_t *p;

	if (width < 1 || width > 8 || (p = cur_bytes(c, (size_t)n * width)) == NULL)
		return (false);
	unpack(p, left, n, width * 8, v);
	return (true);
}

static bool
get_bytes(struct cursor *c, uint64_t *v, uint32_t n)
{
	unsigned width = cur_u8(c);
	const uint8_t *p;

	if (width < 1 || width > 8 || (p = cur_bytes(c, (size_t)n * width)) == NULL)
		return (false);
	for (uint32_t i = 0; i < n; i++)
		v[i] = p[i];
	for (unsigned w = 1; w < width; w++) {
		p += n;
		for (uint32_t i = 0; i < n; i++)
			v[i] |= (uint64_t)p[i] << 8 * w;
	}
	return (true);
}

static void
get_varints(struct cursor *c, uint64_t *v, uint32_t n, uint64_t unit)
{
	for (uint32_t i = 0; i < n; i++)
		v[i] = unit * cur_varint(c);
}

static bool
get_delta(struct cursor *c, uint64_t *v, uint32_t n)
{
	uint64_t first = cur_varint(c), unit = cur_varint(c);

	if (c->cut || !get_groups(c, v + 1, n - 1))
		return (false);
	v[0] = first;
	for (uint32_t i = 1; i < n; i++)
		v[i] = v[i - 1] + unit * unzigzag(v[i]);
	return (true);
}

static bool
get_sparse(struct coder *k, struct cursor *c, uint64_t *v, uint32_t n)
{
	uint64_t common = cur_varint(c), count = cur_varint(c), at = 0;

	if (c->cut || count > n)
		return (false);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t step = cur_varint(c);

		if (c->cut || step >= n - at)
			return (false);
		at += step;
		k->order[i] = (uint32_t)at++;
	}
	fill(v, n, common);
	for (uint32_t i = 0; i < count; i++)
		v[k->order[i]] = cur_varint(c);
	return (!c->cut);
}

static bool
get_dict(struct coder *k, struct cursor *c, uint64_t *v, uint32_t n)
{
	uint64_t count = cur_varint(c), last = 0, most = 0;
	uint8_t bits;

	if (c->cut || count == 0 || count > CODER_MAX)
		return (false);
	for (uint32_t i = 0; i < count; i++) {
		last += cur_varint(c);
		k->distinct[i] = last;
	}
	bits = cur_u8(c);
	if (c->cut || !get_packed(c, v, n, bits))
		return (false);
	for (uint32_t i = 0; i < n; i++)
		most = v[i] > most ? v[i] : most;
	if (most >= count)
		return (false);
	for (uint32_t i = 0; i < n; i++)
		v[i] = k->distinct[v[i]];
	return (true);
}

static bool
get_packed_column(struct cursor *c, uint64_t *v, uint32_t n, bool groups)
{
	uint64_t base = cur_varint(c), unit = cur_varint(c);

	if (groups ? !get_groups(c, v, n) : !get_packed(c, v, n, cur_u8(c)))
		return (false);
	affine(v, n, base, unit);
	return (!c->cut);
}

bool
u64_get(struct coder *k, enum coding code, struct cursor *c, uint64_t *v, uint32_t n)
{
	if (n == 0 || n > CODER_MAX)
		return (false);
	switch (code) {
	case CODE_CONST:
		fill(v, n, cur_varint(c));
		return (!c->cut);
	case CODE_PLAIN:
		return (get_plain(c, v, n));
	case CODE_PACKED:
	case CODE_GROUPS:
		return (get_packed_column(c, v, n, code == CODE_GROUPS));
	case CODE_DELTA:
		return (get_delta(c, v, n));
	case CODE_VARINT:
		get_varints(c, v, n, 1);
		return (!c->cut);
	case CODE_UNITS:
		get_varints(c, v, n, cur_varint(c));
		return (!c->cut);
	case CODE_SPARSE:
		return (get_sparse(k, c, v, n));
	case CODE_DICT:
		return (get_dict(k, c, v, n));
	case CODE_BYTES:
		return (get_bytes(c, v, n));
	default:
		return (false);
	}
}

bool
u64_get_nested(struct coder *k, struct cursor *c, uint64_t *v, uint32_t n)
{
	uint8_t code = cur_u8(c);

	return (!c->cut && u64_get(k, code, c, v, n));
}
