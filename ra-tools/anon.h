/* SPDX-License-Identifier: BSD-2-Clause
 *
 * anon.h: values of one key stand for the true ones, the same for the same, and tell nothing of them without the key.
 *
 * Addresses keep their prefixes: two that share n bits share n bits afterwards, by Crypto-PAn (Xu, Fan,
 * Ammar, Moon 2002) with AES-128, so that nfanon and others give the same IPv4 addresses with the same key.
 */
#ifndef RA_TOOLS_ANON_H
#define RA_TOOLS_ANON_H

#include "format/base/ip.h"

#define ANON_KEY 32

struct anon;

struct anon *anon_new(const uint8_t key[static ANON_KEY]);
void anon_free(struct anon **);
struct ip anon_ip(struct anon *, const struct ip *);
/* A number of so many bits (at most 64) for another; `what` keeps kinds of numbers apart. */
uint64_t anon_number(struct anon *, char what, uint64_t, unsigned bits);
/* A port from `first` on is exchanged for another one from `first` on. */
uint16_t anon_port(struct anon *, uint16_t port, uint16_t first);
bool anon_random_key(uint8_t key[static ANON_KEY]);

#endif
