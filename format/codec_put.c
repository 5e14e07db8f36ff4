/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_put.c: columns of numbers as bytes, as pavo(5) has them.  Test: test_codec.c.
 */
#include "format/codec_memory.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* --- packed bits and groups */

/* Eight values of `bits` bits each are `bits` bytes; at most 16 are written. */
static inline void
pack_eight(uint8_t *p, const uint64_t *v, uint64_t base, unsigned bits)
{
	uint64_t lo = 0, hi = 0;

	for (unsigned i = 4; i-- > 0;) {
		lo = lo << bits | (v[i] - base);
		hi = hi << bits | (v[i + 4] - base);
	}
	if (bits < 16) {
		lo |= hi << 4 * bits;
		hi >>= 64 - 4 * bits;
	}
	lo = htole64(lo);
	hi = htole64(hi);
	memcpy(p, &lo, 8);
	memcpy(p + 8, &hi, 8);
}

/* x = (v - base) in `bits` bits each */
static void
pack(struct buf *out, const uint64_t *v, uint32_t n, uint64_t base, unsigned bits)
{
	size_t size = packed_size(n, bits);
	uint8_t *p = buf_room(out, size + 16);
	uint64_t word = 0;
	unsigned used = 0;
	uint32_t i = 0;

	if (bits == 0)
		return;
	for (; bits <= 16 && i + 8 <= n; i += 8, p += bits)
		pack_eight(p, v + i, base, bits);
	for (; i < n; i++) {
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
put_groups(struct buf *out, const uint64_t *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += GROUP) {
		uint32_t m = n - i < GROUP ? n - i : GROUP;
		uint64_t min, max;

		u64_span(v + i, m, &min, &max);
		buf_varint(out, min);
		buf_u8(out, (uint8_t)bits_of(max - min));
		pack(out, v + i, m, min, bits_of(max - min));
	}
}

static inline __attribute__((always_inline)) void
scale_by(uint64_t unit, const uint64_t *v, uint32_t n, uint64_t min, uint64_t *to)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (v[i] - min) / unit;
}

static void
scale(struct coder *k, const uint64_t *v, uint32_t n, const struct plan *plan)
{
	switch (plan->unit) {
	case 1:
		scale_by(1, v, n, plan->min, k->scaled);
		break;
	case 1000:
		scale_by(1000, v, n, plan->min, k->scaled);
		break;
	case 2000:
		scale_by(2000, v, n, plan->min, k->scaled);
		break;
	case 1000000:
		scale_by(1000000, v, n, plan->min, k->scaled);
		break;
	default:
		scale_by(plan->unit, v, n, plan->min, k->scaled);
		break;
	}
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
	put_groups(out, k->scaled + 1, n - 1);
}

static void
put_sparse(struct coder *k, const struct plan *plan, const uint64_t *v, uint32_t n, struct buf *out)
{
	uint32_t count = list_others(k, v, n, plan->common), last = 0;
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
	pack(out, k->scaled, n, 0, bits_of(plan->distinct - 1));
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

static void
put_bytes(const uint64_t *v, uint32_t n, unsigned width, struct buf *out)
{
	uint8_t *p;

	buf_u8(out, (uint8_t)width);
	p = buf_put(out, (size_t)n * width);
	for (unsigned w = 0; w < width; w++, p += n)
		for (uint32_t i = 0; i < n; i++)
			p[i] = (uint8_t)(v[i] >> 8 * w);
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
			put_groups(out, k->scaled, n);
			break;
		}
		buf_u8(out, (uint8_t)bits_of((plan->max - plan->min) / plan->unit));
		pack(out, k->scaled, n, 0, bits_of((plan->max - plan->min) / plan->unit));
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
