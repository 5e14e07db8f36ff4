/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_get.c: bytes as columns of numbers; the bytes may be anything.  Test: test_codec.c.
 */
#include "format/codec_memory.h"
#include "format/codec_unpack.h"

#include <string.h>

/* --- packed bits and groups */

static bool
get_packed(struct cursor *c, uint64_t *v, uint32_t n, unsigned bits)
{
	size_t left = cur_left(c);

	if (bits > 64 || cur_bytes(c, packed_size(n, bits)) == NULL)
		return (false);
	unpack(c->p - packed_size(n, bits), left, n, bits, sizeof(*v), v);
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
	unpack(p, left, n, width * 8, sizeof(*v), v);
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

WIDE static void
get_steps(uint64_t *v, uint32_t n, uint64_t unit)
{
	if (unit == 1)
		for (uint32_t i = 0; i < n; i++)
			v[i] = unzigzag(v[i]);
	else
		for (uint32_t i = 0; i < n; i++)
			v[i] = unit * unzigzag(v[i]);
}

static bool
get_delta(struct cursor *c, uint64_t *v, uint32_t n)
{
	uint64_t at = cur_varint(c), unit = cur_varint(c);

	if (c->cut || !get_groups(c, v + 1, n - 1))
		return (false);
	v[0] = at;
	get_steps(v + 1, n - 1, unit);
#pragma GCC unroll 8
	for (uint32_t i = 1; i < n; i++)
		v[i] = at += v[i];
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
