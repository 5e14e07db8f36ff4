/* SPDX-License-Identifier: BSD-2-Clause
 *
 * member.c: split-block Bloom filters: a value sets one bit in each of the eight words of one 32-byte
 * block, so that asking costs one cache line.  Test: test_skip.c.
 */
#include "format/member.h"

#include "format/base/hash.h"

#define WORDS 8

const char *const member_names[MEMBERS] = { "addr", "spi", "tunid" };

/* Odd numbers without a pattern; part of the format. */
static const uint32_t salt[WORDS] = { 0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b,
	0x9efc4947, 0x5c6bfb31 };

uint32_t
member_size(uint32_t values)
{
	return ((values / MEMBER_BLOCK + 1) * MEMBER_BLOCK);
}

uint64_t
member_hash_ip(const struct ip *ip)
{
	size_t n = ip_is4(ip) ? 4 : 16;

	return (hash64(ip->b + 16 - n, n, 0));
}

uint64_t
member_hash(uint64_t v)
{
	uint8_t b[8];

	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(v >> 8 * i);
	return (hash64(b, sizeof(b), 0));
}

/* The byte and the bit in it of word i, little-endian. */
static uint32_t
place(uint32_t size, uint64_t hash, unsigned i, uint8_t *bit)
{
	uint32_t block = (uint32_t)((hash >> 32) * (size / MEMBER_BLOCK) >> 32);
	uint32_t at = (uint32_t)hash * salt[i] >> 27;

	*bit = (uint8_t)(1u << at % 8);
	return (block * MEMBER_BLOCK + i * 4 + at / 8);
}

void
member_add(uint8_t *filter, uint32_t size, uint64_t hash)
{
	uint8_t bit;

	for (unsigned i = 0; i < WORDS; i++) {
		uint32_t at = place(size, hash, i, &bit);

		filter[at] |= bit;
	}
}

bool
member_maybe(const uint8_t *filter, uint32_t size, uint64_t hash)
{
	uint8_t bit;

	for (unsigned i = 0; i < WORDS; i++) {
		uint32_t at = place(size, hash, i, &bit);

		if ((filter[at] & bit) == 0)
			return (false);
	}
	return (true);
}
