/* SPDX-License-Identifier: BSD-2-Clause
 *
 * member.h: which values a block may hold: a split-block Bloom filter (pavo(5), Membership).
 */
#ifndef FORMAT_MEMBER_H
#define FORMAT_MEMBER_H

#include "format/base/ip.h"

#include <stdbool.h>
#include <stdint.h>

#define MEMBER_KIND 1	  /* the only kind of filter that is known */
#define MEMBER_BLOCK 32	  /* bytes that one value's bits lie in */
#define MEMBER_MAX (1u << 20) /* bytes of a filter that is believed */

/* What a filter is of: the values of all fields that fields.def has in it. */
enum member { MEMBER_ADDR, MEMBER_SPI, MEMBER_TUNID, MEMBERS };
extern const char *const member_names[MEMBERS];

uint32_t member_size(uint32_t values); /* bytes */
uint64_t member_hash_ip(const struct ip *);
uint64_t member_hash(uint64_t);
void member_add(uint8_t *filter, uint32_t size, uint64_t hash);
bool member_maybe(const uint8_t *filter, uint32_t size, uint64_t hash); /* false: it is not there */

#endif
