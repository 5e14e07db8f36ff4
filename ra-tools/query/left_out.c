/* SPDX-License-Identifier: BSD-2-Clause
 *
 * left_out.c: what a key did not place.
 */
#include "ra-tools/query/left_out.h"

#include "format/base/wide.h"

static const enum field pkts[] = { F_spkts, F_dpkts }, bytes[] = { F_sbytes, F_dbytes };

static bool
is_mar(const struct batch *b, uint32_t r)
{
	return (batch_u64(b, F_rectype, r) == RECTYPE_MAR);
}

static void
add_side(struct left_out *l, const struct batch *b, int side, uint32_t r)
{
	l->pkts = saturating_sum(l->pkts, batch_u64(b, pkts[side], r));
	l->bytes = saturating_sum(l->bytes, batch_u64(b, bytes[side], r));
}

bool
left_out_row(struct left_out *l, const struct batch *b, enum field f, uint32_t r, bool again)
{
	if (is_mar(b, r))
		return (false);
	for (int side = 0; side < 2; side++)
		add_side(l, b, side, r);
	l->records += !again;
	l->mixed |= column_mixed(b->col[f], r) || column_mixed(b->col[fields[f].twin], r);
	return (true);
}

static uint64_t
sum_of(const struct column *c, const uint32_t *rows, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; c != NULL && i < n; i++) /* what is absent is 0 */
		sum = saturating_sum(sum, c->u[rows[i]]);
	return (sum);
}

void
left_out_rows(struct left_out *l, const struct batch *b, enum field f, const uint32_t *rows, uint32_t n)
{
	uint32_t traffic[512];

	while (n > 0) {
		uint32_t k = 0, i = 0;

		for (; i < n && k < sizeof(traffic) / sizeof(traffic[0]); i++) {
			if (is_mar(b, rows[i]))
				continue;
			traffic[k++] = rows[i];
			l->mixed |= column_mixed(b->col[f], rows[i]) || column_mixed(b->col[fields[f].twin], rows[i]);
		}
		l->records += k;
		for (int side = 0; side < 2; side++) {
			l->pkts = saturating_sum(l->pkts, sum_of(b->col[pkts[side]], traffic, k));
			l->bytes = saturating_sum(l->bytes, sum_of(b->col[bytes[side]], traffic, k));
		}
		rows += i;
		n -= i;
	}
}

bool
left_out_sides(struct left_out *l, const struct batch *b, uint32_t r, bool again)
{
	static const enum field spi[] = { F_sspi, F_dspi };
	bool any = false;

	if (is_mar(b, r))
		return (false);
	for (int side = 0; side < 2; side++) {
		if (batch_u64(b, spi[side], r) != 0 || batch_u64(b, pkts[side], r) == 0)
			continue;
		any = true;
		add_side(l, b, side, r);
		l->mixed |= column_mixed(b->col[spi[side]], r);
	}
	l->records += any && !again;
	return (any);
}

void
left_out_join(struct left_out *l, const struct left_out *other)
{
	l->records += other->records;
	l->pkts = saturating_sum(l->pkts, other->pkts);
	l->bytes = saturating_sum(l->bytes, other->bytes);
	l->mixed |= other->mixed;
}

const char *
left_out_word(enum field f)
{
	return (f == F_sspi ? "spi" : fields[f].name);
}

void
left_out_count(const struct left_out *l, struct buf *to)
{
	buf_printf(to, "%llu record%s (%llu packet%s, %llu bytes)", (unsigned long long)l->records,
		   l->records == 1 ? "" : "s", (unsigned long long)l->pkts, l->pkts == 1 ? "" : "s",
		   (unsigned long long)l->bytes);
}

void
left_out_text(const struct left_out *l, enum field f, const char *of, const char *instead, struct buf *to)
{
	bool one = l->records == 1;

	left_out_count(l, to);
	buf_printf(to, " ha%s no %s%s and %s in no row of %s: %s", one ? "s" : "ve", left_out_word(f),
		   l->mixed ? ", or several," : "", one ? "is" : "are", of, instead);
}
