/* SPDX-License-Identifier: BSD-2-Clause
 *
 * short.c: numbers of three digits, texts of so many places.  Tested by tests/top.tap, tests/fit.tap.
 */
#include "ra-tools/out/short.h"

#include "format/base/plain.h"

#include <math.h>

void
short_middle(const void *text, size_t n, unsigned most, struct buf *to)
{
	const uint8_t *p = text;
	size_t end = most / 2, begin = most - 1 - end;

	if (most < 3 || plain_places(p, n) <= most) {
		buf_add(to, p, n);
		return;
	}
	while (begin > 0 && (p[begin] & 0xc0) == 0x80)
		begin--;
	while (end > 0 && (p[n - end] & 0xc0) == 0x80)
		end--;
	buf_add(to, p, begin);
	buf_str(to, "…");
	buf_add(to, p + n - end, end);
}

void
short_number(double x, const char *between, struct buf *to)
{
	static const char times[] = " kMGTPE";
	unsigned i = 0;

	if (isnan(x)) {
		buf_u8(to, '-');
		return;
	}
	for (; fabs(x) >= 999.5 && i < 6; i++)
		x /= 1000;
	if (i == 0 && x == floor(x))
		buf_printf(to, "%.0f", x);
	else
		buf_printf(to, "%.*f", fabs(x) >= 99.95 ? 0 : fabs(x) >= 9.995 ? 1 : 2, x);
	buf_str(to, between);
	if (i > 0)
		buf_u8(to, (uint8_t)times[i]);
}
