/* SPDX-License-Identifier: BSD-2-Clause
 *
 * health.c: the rules of the health flags, one row a flag.
 */
#include "probe/health.h"

const struct health_limits health_default = {
#define LIMIT(member, key, unit, value, ...) .member = (value),
#include "probe/health.def"
};

bool
health_bloat(const struct health_limits *l, uint64_t newbytes, uint64_t n, uint64_t sum, uint64_t base)
{
	return (newbytes >= l->bufbloat_bytes && n >= l->bufbloat_samples && sum >= (base + l->bufbloat_delay) * n &&
	    sum >= base * l->bufbloat_factor * n);
}
