/* SPDX-License-Identifier: BSD-2-Clause
 *
 * anon.c: keyed values for true ones.  The only file that knows libcrypto.
 *
 * Crypto-PAn: bit i of an address is turned by the first bit of AES(the i bits before it, filled up with the
 * pad).  All blocks of an address are known beforehand, so they go through the cipher at once, and an address that was
 * asked for is remembered.
 */
#include "ra-tools/anon.h"

#include "format/base/hash.h"
#include "format/base/log.h"
#include "format/base/mem.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define REMEMBERED (1u << 16)

struct anon {
	EVP_CIPHER_CTX *addresses,
	    *numbers; /* two keys: what one says tells nothing of the other */
	uint8_t pad[16];
	struct known {
		struct ip from, to;
		bool used;
	} * known;
	uint16_t *port, first;
};

static void
encrypt(EVP_CIPHER_CTX *ctx, uint8_t *out, const uint8_t *in, int n)
{
	int len = 0;

	if (EVP_EncryptUpdate(ctx, out, &len, in, n) != 1 || len != n)
		fatalx("libcrypto: AES does not work");
}

static EVP_CIPHER_CTX *
cipher(const uint8_t key[static 16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx == NULL || EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL) != 1)
		fatalx("libcrypto: AES does not work");
	(void)EVP_CIPHER_CTX_set_padding(ctx, 0);
	return (ctx);
}

struct anon *
anon_new(const uint8_t key[static ANON_KEY])
{
	struct anon *a = mem_zero(1, sizeof(*a));
	uint8_t second[16];

	a->addresses = cipher(key);
	encrypt(a->addresses, a->pad, key + 16, 16);
	for (int i = 0; i < 16; i++)
		second[i] = key[16 + i] ^ 0x5c;
	encrypt(a->addresses, second, second, 16);
	a->numbers = cipher(second);
	a->known = mem_zero(REMEMBERED, sizeof(a->known[0]));
	return (a);
}

void
anon_free(struct anon **pa)
{
	struct anon *a = *pa;

	if (a == NULL)
		return;
	EVP_CIPHER_CTX_free(a->addresses);
	EVP_CIPHER_CTX_free(a->numbers);
	free(a->known);
	free(a->port);
	free(a);
	*pa = NULL;
}

bool
anon_random_key(uint8_t key[static ANON_KEY])
{
	return (RAND_bytes(key, ANON_KEY) == 1);
}

/* n bytes of an address, 4 or 16. */
static void
turn_bits(struct anon *a, uint8_t *to, const uint8_t *from, unsigned n)
{
	uint8_t in[128 * 16], out[128 * 16];
	unsigned bits = 8 * n;

	for (unsigned i = 0; i < bits; i++) {
		uint8_t *block = in + 16 * (size_t)i, mask = (uint8_t)(0xff00 >> i % 8);

		memcpy(block, a->pad, 16);
		memcpy(block, from, i / 8);
		block[i / 8] = (uint8_t)((from[i / 8] & mask) | (a->pad[i / 8] & ~mask));
	}
	encrypt(a->addresses, out, in, (int)(16 * bits));
	memcpy(to, from, n);
	for (unsigned i = 0; i < bits; i++)
		to[i / 8] ^= (uint8_t)((out[16 * (size_t)i] >> 7) << (7 - i % 8));
}

struct ip
anon_ip(struct anon *a, const struct ip *ip)
{
	struct known *k = &a->known[hash64(ip, sizeof(*ip), 0) % REMEMBERED];
	bool four = ip_is4(ip);

	if (k->used && ip_cmp(&k->from, ip) == 0)
		return (k->to);
	k->used = true;
	k->from = k->to = *ip;
	if (four)
		turn_bits(a, k->to.b + 12, ip->b + 12, 4);
	else
		turn_bits(a, k->to.b, ip->b, 16);
	return (k->to);
}

uint64_t
anon_number(struct anon *a, char what, uint64_t v, unsigned bits)
{
	uint8_t block[16] = { (uint8_t)what };

	for (int i = 0; i < 8; i++)
		block[8 + i] = (uint8_t)(v >> (56 - 8 * i));
	encrypt(a->numbers, block, block, 16);
	v = 0;
	for (int i = 0; i < 8; i++)
		v = v << 8 | block[i];
	return (v >> (64 - bits));
}

/* The numbers from `first` on in an order that the key makes. */
static void
shuffle(struct anon *a, uint16_t first)
{
	a->port = mem_alloc(65536 * sizeof(a->port[0]));
	a->first = first;
	for (uint32_t i = 0; i < 65536; i++)
		a->port[i] = (uint16_t)i;
	for (uint32_t i = 65535; i > first; i--) {
		uint32_t k = first + (uint32_t)(anon_number(a, 'P', (uint64_t)first << 32 | i, 64) %
						(i - first + 1));
		uint16_t held = a->port[i];

		a->port[i] = a->port[k];
		a->port[k] = held;
	}
}

uint16_t
anon_port(struct anon *a, uint16_t port, uint16_t first)
{
	if (a->port == NULL || a->first != first) {
		free(a->port);
		shuffle(a, first);
	}
	return (a->port[port]);
}
