/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_put.c: columns of numbers as bytes, as pavo(5) has them.  Test: test_codec.c.
 */
#include "format/codec_memory.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* --- packed bits and groups */

/* Four numbers of 16 bits each, the first one lowest, as four of `bits` bits. */
static inline uint64_t
squeeze_four(uint64_t x, unsigned bits)
{
	x = (x & 0xffff0000ffff) | (x >> 16 & 0xffff0000ffff) << bits;
	return ((x & UINT32_MAX) | x >> 32 << 2 * bits);
}

/* Numbers of 1 to 8 bits: eight of them are `bits` bytes, and 8 are written.  Behind n there are zeros. */
static void
pack_bytes(struct buf *out, const uint8_t *v, uint32_t n, unsigned bits)
{
	size_t size = packed_size(n, bits);
	uint8_t *p = buf_room(out, size + 16);

	for (const uint8_t *end = v + n; v < end; v += 8, p += bits) {
		uint64_t x = load64(v);

		x = (x & 0xff00ff00ff00ff) | (x >> 8 & 0xff00ff00ff00ff) << bits;
		x = htole64(squeeze_four(x, 2 * bits));
		memcpy(p, &x, 8);
	}
	out->len += size;
}

static inline uint64_t
load_four(const uint16_t *v)
{
	return (v[0] | (uint64_t)v[1] << 16 | (uint64_t)v[2] << 32 | (uint64_t)v[3] << 48);
}

/* Numbers of 1 to 16 bits: the same, but 16 bytes are written. */
static void
pack_words(struct buf *out, const uint16_t *v, uint32_t n, unsigned bits)
{
	size_t size = packed_size(n, bits);
	uint8_t *p = buf_room(out, size + 16);

	for (const uint16_t *end = v + n; v < end; v += 8, p += bits) {
		uint64_t lo = squeeze_four(load_four(v), bits), hi = squeeze_four(load_four(v + 4), bits);

		if (bits < 16) {
			lo |= hi << 4 * bits;
			hi >>= 64 - 4 * bits;
		}
		lo = htole64(lo);
		hi = htole64(hi);
		memcpy(p, &lo, 8);
		memcpy(p + 8, &hi, 8);
	}
	out->len += size;
}

/* Numbers of 17 bits and more. */
static void
pack_broad(struct buf *out, const uint64_t *v, uint32_t n, uint64_t base, unsigned bits)
{
	size_t size = packed_size(n, bits);
	uint8_t *p = buf_room(out, size + 16);
	uint64_t word = 0;
	unsigned used = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t x = v[i] - base;

		word |= x << used;
		used += bits;
		if (used >= 64) {
			uint64_t le = htole64(word);

			memcpy(p, &le, 8);
			p += 8;
			used -= 64;
			word = used == 0 ? 0 : x >> (bits - used);
		}
	}
	word = htole64(word);
	memcpy(p, &word, 8);
	out->len += size;
}

WIDE static void
to_bytes(const uint64_t *restrict v, uint32_t n, uint64_t base, uint8_t *restrict to)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (uint8_t)(v[i] - base);
	memset(to + n, 0, 8);
}

WIDE static void
to_words(const uint64_t *restrict v, uint32_t n, uint64_t base, uint16_t *restrict to)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (uint16_t)(v[i] - base);
	memset(to + n, 0, 16);
}

/* x = (v - base) in `bits` bits each */
static void
pack(struct coder *k, struct buf *out, const uint64_t *v, uint32_t n, uint64_t base, unsigned bits)
{
	if (bits > 16) {
		pack_broad(out, v, n, base, bits);
	} else if (bits > 8) {
		to_words(v, n, base, k->narrow.words);
		pack_words(out, k->narrow.words, n, bits);
	} else if (bits > 0) {
		to_bytes(v, n, base, k->narrow.bytes);
		pack_bytes(out, k->narrow.bytes, n, bits);
	}
}

/* Loops of a known length are the ones that compilers turn into vectors. */
WIDE static void
span_of_group(const uint64_t *v, uint64_t *min, uint64_t *max)
{
	span_of_values(v, GROUP, min, max);
}

void
u64_span(const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max)
{
	uint64_t lo, hi;

	*min = *max = v[0];
	for (uint32_t i = 0; i < n; i += GROUP) {
		if (n - i >= GROUP)
			span_of_group(v + i, &lo, &hi);
		else
			span_of_values(v + i, n - i, &lo, &hi);
		*min = lo < *min ? lo : *min;
		*max = hi > *max ? hi : *max;
	}
}

static void
put_groups(struct coder *k, struct buf *out, const uint64_t *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += GROUP) {
		uint32_t m = n - i < GROUP ? n - i : GROUP;
		uint64_t min, max;

		u64_span(v + i, m, &min, &max);
		buf_varint(out, min);
		buf_u8(out, (uint8_t)bits_of(max - min));
		pack(k, out, v + i, m, min, bits_of(max - min));
	}
}

/* Of multiples of an odd number this is the division: modulo 2^64 it has an inverse. */
static uint64_t
inverse(uint64_t odd)
{
	uint64_t x = odd; /* right in three bits; each step doubles these */

	for (unsigned i = 0; i < 5; i++)
		x *= 2 - odd * x;
	return (x);
}

WIDE static void
scale_by(const uint64_t *restrict v, uint32_t n, uint64_t min, unsigned shift, uint64_t factor, uint64_t *restrict to)
{
	if (factor == 1)
		for (uint32_t i = 0; i < n; i++)
			to[i] = (v[i] - min) >> shift;
	else
		for (uint32_t i = 0; i < n; i++)
			to[i] = ((v[i] - min) >> shift) * factor;
}

/* In units, of which all values less the minimum are multiples. */
static void
scale(struct coder *k, const uint64_t *v, uint32_t n, const struct plan *plan)
{
	unsigned shift = (unsigned)__builtin_ctzll(plan->unit);

	scale_by(v, n, plan->min, shift, inverse(plan->unit >> shift), k->scaled);
}

/* --- encodings */

/* Seven bits to a byte without asking how many there are; may write up to 8 bytes. */
static inline uint8_t *
varint_to(uint8_t *p, uint64_t v)
{
	unsigned size;
	uint64_t x;

	if (v < 0x80) {
		*p = (uint8_t)v;
		return (p + 1);
	}
	size = varint_size(v);
	if (v >> 56 != 0) {
		for (; v >= 0x80; v >>= 7)
			*p++ = (uint8_t)(v | 0x80);
		*p++ = (uint8_t)v;
		return (p);
	}
	x = (v & 0xfffffff) | (v & 0xfffffff0000000) << 4;
	x = (x & 0x3fff00003fff) | (x & 0xfffc0000fffc000) << 2;
	x = (x & 0x7f007f007f007f) | (x & 0x3f803f803f803f80) << 1;
	x = htole64(x | (0x8080808080808080 & ((1ull << 8 * (size - 1)) - 1)));
	memcpy(p, &x, 8);
	return (p + size);
}

static void
put_varints(struct buf *out, const uint64_t *v, uint32_t n)
{
	uint8_t *p = buf_room(out, (size_t)n * 10 + 8);

	for (uint32_t i = 0; i < n; i++)
		p = varint_to(p, v[i]);
	out->len = (size_t)(p - out->p);
}

/* All of them are multiples of the unit. */
static void
put_units(struct coder *k, const struct plan *plan, const uint64_t *v, uint32_t n, struct buf *out)
{
	const uint64_t least = plan->min / plan->unit;

	buf_varint(out, plan->unit);
	scale(k, v, n, plan);
	for (uint32_t i = 0; i < n; i++)
		k->scaled[i] += least;
	put_varints(out, k->scaled, n);
}

static void
put_delta(struct coder *k, const struct plan *plan, const uint64_t *v, uint32_t n, struct buf *out)
{
	buf_varint(out, v[0]);
	buf_varint(out, plan->unit);
	scale(k, v, n, plan);
	for (uint32_t i = n - 1; i > 0; i--)
		k->scaled[i] = zigzag(k->scaled[i] - k->scaled[i - 1]);
	put_groups(k, out, k->scaled + 1, n - 1);
}

static void
put_sparse(struct coder *k, const struct plan *plan, const uint64_t *v, uint32_t n, struct buf *out)
{
	uint32_t count = plan->listed > 0 ? plan->listed : list_others(k, v, n, plan->common, n), last = 0;
	uint8_t *p;

	buf_varint(out, plan->common);
	buf_varint(out, count);
	p = buf_room(out, (size_t)count * 15 + 8);
	for (uint32_t i = 0; i < count; i++) {
		p = varint_to(p, k->order[i] - last);
		last = k->order[i] + 1;
	}
	for (uint32_t i = 0; i < count; i++)
		p = varint_to(p, v[k->order[i]]);
	out->len = (size_t)(p - out->p);
}

static void
put_dict(struct coder *k, const struct plan *plan, const uint64_t *v, uint32_t n, struct buf *out)
{
	uint64_t last = 0;

	buf_varint(out, plan->distinct);
	for (uint32_t i = 0; i < plan->distinct; i++) {
		buf_varint(out, k->distinct[i] - last);
		last = k->distinct[i];
	}
	if (k->small)
		for (uint32_t i = 0; i < n; i++)
			k->scaled[i] = k->rank_of[(uint16_t)(v[i] - plan->min)];
	else
		for (uint32_t i = 0; i < n; i++)
			k->scaled[i] = k->rank[k->id[i]];
	buf_u8(out, (uint8_t)bits_of(plan->distinct - 1));
	pack(k, out, k->scaled, n, 0, bits_of(plan->distinct - 1));
}

static void
put_plain(const uint64_t *v, uint32_t n, unsigned width, struct buf *out)
{
	uint8_t *p;

	buf_u8(out, (uint8_t)width);
	p = buf_room(out, (size_t)n * width + 8);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t le = htole64(v[i]);

		memcpy(p, &le, 8);
		p += width;
	}
	out->len += (size_t)n * width;
}

WIDE static void
one_byte(const uint64_t *restrict v, uint32_t n, unsigned shift, uint8_t *restrict to)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (uint8_t)(v[i] >> shift);
}

static void
put_bytes(const uint64_t *v, uint32_t n, unsigned width, struct buf *out)
{
	uint8_t *p;

	buf_u8(out, (uint8_t)width);
	p = buf_put(out, (size_t)n * width);
	for (unsigned w = 0; w < width; w++, p += n)
		one_byte(v, n, 8 * w, p);
}

void
u64_put(struct coder *k, const struct plan *plan, enum coding code, const uint64_t *v, uint32_t n, struct buf *out)
{
	switch (code) {
	case CODE_CONST:
		buf_varint(out, v[0]);
		break;
	case CODE_PACKED:
	case CODE_GROUPS:
		buf_varint(out, plan->min);
		buf_varint(out, plan->unit);
		scale(k, v, n, plan);
		if (code == CODE_GROUPS) {
			put_groups(k, out, k->scaled, n);
			break;
		}
		buf_u8(out, (uint8_t)bits_of((plan->max - plan->min) / plan->unit));
		pack(k, out, k->scaled, n, 0, bits_of((plan->max - plan->min) / plan->unit));
		break;
	case CODE_DELTA:
		put_delta(k, plan, v, n, out);
		break;
	case CODE_VARINT:
		put_varints(out, v, n);
		break;
	case CODE_UNITS:
		put_units(k, plan, v, n, out);
		break;
	case CODE_SPARSE:
		put_sparse(k, plan, v, n, out);
		break;
	case CODE_DICT:
		put_dict(k, plan, v, n, out);
		break;
	case CODE_PLAIN:
		put_plain(v, n, bytes_of(plan->max), out);
		break;
	case CODE_BYTES:
		put_bytes(v, n, bytes_of(plan->max), out);
		break;
	default:
		assert(!"an encoding of numbers");
	}
}

void
u64_put_nested(struct coder *k, const struct plan *plan, enum coding code, const uint64_t *v, uint32_t n,
    struct buf *out)
{
	buf_u8(out, (uint8_t)code);
	u64_put(k, plan, code, v, n, out);
}
