/* SPDX-License-Identifier: BSD-2-Clause
 *
 * short.c: numbers of three digits.  Tested by tests/top.tap, tests/fit.tap.
 */
#include "ra-tools/out/short.h"

#include <math.h>

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
