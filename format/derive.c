/* SPDX-License-Identifier: BSD-2-Clause
 *
 * derive.c: the derived columns of fields.def, computed from stored ones when somebody asks.
 */
#include "format/base/wide.h"
#include "format/batch.h"
#include "format/cid.h"

#include <stdio.h>
#include <string.h>

#define COUNT_MOST (UINT64_MAX / 32) /* 2^59 */

/* What the expressions of fields.def may say of row r of batch b. */
#define HAS(f) column_has(b->col[F_##f], r)
#define NONE(f) (!HAS(f) && !column_mixed(b->col[F_##f], r))
#define U(f)   (b->col[F_##f] == NULL ? 0 : b->col[F_##f]->u[r])
#define N(f)   ((int64_t)(U(f) < COUNT_MOST ? U(f) : COUNT_MOST)) /* of a counter: some of them can be added and subtracted */
#define TIME(f) ((int64_t)U(f))
#define SUM(a, b) saturating_sum(a, b)
#define HAS_SLOSS (HAS(srtxup) || HAS(srtxdn) || HAS(slost) || HAS(sfix))
#define HAS_DLOSS (HAS(drtxup) || HAS(drtxdn) || HAS(dlost) || HAS(dfix))
#define SLOSS  (N(srtxup) + N(srtxdn) + N(slost) - N(sfix))
#define DLOSS  (N(drtxup) + N(drtxdn) + N(dlost) - N(dfix))
#define SEXP   (N(sdatasegs) + N(suniq) + N(slost) - N(sfix))
#define DEXP   (N(ddatasegs) + N(duniq) + N(dlost) - N(dfix))
#define CAPGAP (N(sackgap) + N(dackgap) - N(sackfix) - N(dackfix))
#define BINSEC (b->over > 0 ? (double)b->over / 1e9 : HAS(bstart) && HAS(bend) ? (double)(TIME(bend) - TIME(bstart)) / 1e9 : 0.0)
#define PACKETSEC (HAS(stime) && HAS(ltime) ? (double)(TIME(ltime) - TIME(stime)) / 1e9 : 0.0)
#define HAS_SUSEFUL (HAS(snewbytes) || HAS(spayload))
#define HAS_DUSEFUL (HAS(dnewbytes) || HAS(dpayload))
#define SUSEFUL (HAS(snewbytes) ? U(snewbytes) : U(spayload))
#define DUSEFUL (HAS(dnewbytes) ? U(dnewbytes) : U(dpayload))
#define MEAN(f) ((double)U(f##_sum) / (double)U(f##_n))
#define DEVIATION(f) deviation(U(f##_sum), U(f##_sumsq), U(f##_n))
#define ONE(f) (HAS(f) || NONE(f))
#define ONE_FLOW (ONE(sport) && ONE(dport) && ONE(icmptype) && ONE(icmpcode) && NONE(smask) && NONE(dmask))
#define TEXTOF(fn) fn(b, r)
#define LAGS_FROM(f, bucket) hist_from(b->col[F_##f], r, bucket)
#define SAMPLED(f) (HAS(f) && b->col[F_##f]->b[r].n > 0)
#define PERCENTILE(f, percent) percentile(F_##f, b->col[F_##f]->b[r], percent)
#define NEEDS(...) { __VA_ARGS__ }

static struct blob
text(struct batch *b, const char *s, size_t n)
{
	return ((struct blob){ arena_copy(&b->arena, s, n), (uint32_t)n });
}

/* What a histogram holds from a bucket on. */
static uint64_t
hist_from(const struct column *c, uint32_t r, int bucket)
{
	uint64_t count[HIST_BUCKETS], sum = 0;

	if (!column_has(c, r))
		return (0);
	hist_unpack(c->b[r], count);
	for (int i = bucket; i < HIST_BUCKETS; i++)
		sum = saturating_sum(sum, count[i]);
	return (sum);
}

static uint64_t
percentile(enum field f, struct blob hist, unsigned percent)
{
	uint64_t bound = 0;

	(void)hist_percentile(fields[f].scale, hist, percent, &bound);
	return (bound);
}

/* Standard deviation of n values, cut to a whole number. */
static uint64_t
deviation(uint64_t sum, uint64_t sumsq, uint64_t n)
{
	double mean = (double)sum / (double)n, variance = (double)sumsq / (double)n - mean * mean;
	uint64_t low = 0;

	for (uint64_t bit = 1ull << 31; bit != 0; bit >>= 1)
		if ((double)(low + bit) * (double)(low + bit) <= variance)
			low += bit;
	return (low);
}

/* Words of the program need no copy. */
static struct blob
fixed(const char *s)
{
	return ((struct blob){ (const uint8_t *)s, (uint32_t)strlen(s) });
}

static struct blob
derive_dir(struct batch *b, uint32_t r)
{
	bool s = U(spkts) > 0, d = U(dpkts) > 0;

	if (!s && !d)
		return (fixed("-"));
	if (U(proto) == 6 && U(dirq) <= 1)
		return (fixed(s && d ? "<?>" : s ? "?>" : "<?"));
	return (fixed(s && d ? "<->" : s ? "->" : "<-"));
}

static struct blob
derive_qratio(struct batch *b, uint32_t r)
{
	char s[32];
	int n;

	if (U(r) == 0)
		n = snprintf(s, sizeof(s), "%llu:0", (unsigned long long)U(q));
	else
		n = snprintf(s, sizeof(s), "%.2f", (double)U(q) / (double)U(r));
	return (text(b, s, (size_t)n));
}

static struct blob
derive_flgs(struct batch *b, uint32_t r)
{
	char f[8];
	bool start = U(flags) & RFLAGS_start, end = U(flags) & RFLAGS_end;

	memset(f, ' ', sizeof(f));
	if (U(rectype) == RECTYPE_CORR)
		f[0] = 'c';
	else if (U(flags) & RFLAGS_late)
		f[0] = 'l';
	else if (U(flags) & RFLAGS_saturated)
		f[0] = '>';
	if (start || end)
		f[1] = start && end ? '*' : start ? 'S' : 'E';
	if (U(sfrags) + U(dfrags) > 0)
		f[2] = 'F';
	if (U(srtxup) + U(srtxdn) + U(drtxup) + U(drtxdn) + U(sspur) + U(dspur) > 0)
		f[3] = 'r';
	if (U(slate) + U(dlate) + U(sooo) + U(dooo) > 0)
		f[4] = 'o';
	if (U(sdup) + U(ddup) > 0)
		f[5] = 'd';
	if (CAPGAP > 0 || U(flags) & RFLAGS_capdrop)
		f[6] = 'g';
	if (U(srekeys) + U(drekeys) > 0)
		f[7] = 'R';
	/* most rows are like the one before */
	return (batch_blob(b, r > 0 ? &b->col[F_flgs]->b[r - 1] : NULL, &(struct blob){ (const uint8_t *)f, sizeof(f) }));
}

static struct blob
derive_cid(struct batch *b, uint32_t r)
{
	struct cid_key k = { .proto = (uint8_t)U(proto), .src = b->col[F_saddr]->ip[r],
		.dst = b->col[F_daddr]->ip[r], .sport = (uint16_t)U(sport), .dport = (uint16_t)U(dport),
		.ports = HAS(sport), .icmp = HAS(icmptype), .type = (uint8_t)U(icmptype),
		.code = (uint8_t)U(icmpcode) };
	char out[CID_TEXT];

	return (text(b, out, cid_text(&k, out)));
}

/* Where a type's value goes in its column. */
#define PUT_U64(v)  out->u[r] = (uint64_t)(v)
#define PUT_I64(v)  out->i[r] = (int64_t)(v)
#define PUT_REAL(v) out->r[r] = (double)(v)
#define PUT_BLOB(v) out->b[r] = (v)
#define PUT_COUNT   PUT_U64
#define PUT_BYTES   PUT_U64
#define PUT_DUR     PUT_U64
#define PUT_MAC     PUT_U64
#define PUT_INT     PUT_I64
#define PUT_PCT     PUT_REAL
#define PUT_BPS     PUT_REAL
#define PUT_TEXT    PUT_BLOB
#define PUT_PLACES  PUT_BLOB

#define DERIVED(name, type, width, label, needs, cond, value, doc)                   \
	static void derive_##name##_column(struct batch *b, struct column *out)      \
	{                                                                            \
		static const uint16_t need[] = needs;                                \
		for (uint32_t r = 0; r < b->rows; r++) {                             \
			if (cond) {                                                  \
				PUT_##type(value);                                   \
				bit_set(out->present, r);                            \
				continue;                                            \
			}                                                            \
			for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++)  \
				if (column_mixed(b->col[need[i]], r))                \
					column_set_mixed(b, out, r);                 \
		}                                                                    \
	}
#include "format/fields.def"

struct column *
batch_derive(struct batch *b, enum field f)
{
	static void (*const derive[])(struct batch *, struct column *) = {
#define DERIVED(name, ...) derive_##name##_column,
#include "format/fields.def"
	};

	if (f < F_STORED)
		return (batch_flat(b, f));
	if (!fieldset_has(&b->derived, f)) {
		fieldset_add(&b->derived, f);
		for (const uint16_t *n = fields[f].needs; n != NULL && *n != F_NONE; n++)
			(void)batch_flat(b, (enum field)*n);
		derive[f - F_STORED](b, batch_column(b, f));
	}
	return (b->col[f]);
}
