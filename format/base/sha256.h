/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sha256.h: SHA-256 (FIPS 180-4), for what other programs have to find equal: a page's policy, the digest of a file.  Not fast,
 * and not for secrets.
 *
 *	struct sha256 h = SHA256_START;
 *	sha256_add(&h, p, n); ...
 *	sha256_end(&h, digest);
 */
#ifndef FORMAT_BASE_SHA256_H
#define FORMAT_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

struct sha256 {
	uint32_t h[8];
	uint64_t bytes;
	uint8_t block[64]; /* of which bytes % 64 are filled */
};

#define SHA256_START                                                                               \
	{                                                                                          \
		.h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } \
	}

void sha256_add(struct sha256 *, const void *, size_t n);
void sha256_end(struct sha256 *, uint8_t digest[static SHA256_SIZE]);

#endif
