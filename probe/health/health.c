/* SPDX-License-Identifier: BSD-2-Clause
 *
 * health.c: the rules of the health flags (SEMANTICS 6.4), one row a flag.
 */
#include "probe/health/health.h"

#include "format/base/clock.h"

#include <string.h>

const struct health_limits health_default = {
#define LIMIT(member, key, unit, value, ...) .member = (value),
#include "probe/health/health.def"
};

const struct health_row health_rows[] = {
#define LIMIT(member, key, unit, value, least, most, doc) \
	{ key, offsetof(struct health_limits, member), HEALTH_UNIT_##unit, least, most },
#include "probe/health/health.def"
	{ .key = NULL },
};

/* Numbers of a record, 0 where there is none. */
#define U(r, f) tile_number(r, F_##f)

#define REPLAY64_BUCKET 6 /* of laghist: a lag of 64 and more is outside a window of 64 (RFC 4303 3.4.3) */
#define MAC_GROUP (1ull << 40)

static uint64_t
bin_us(const struct tile *r)
{
	return ((U(r, bend) - U(r, bstart)) / USEC);
}

/* `part` is at least `percent` of `whole`; nothing is no part of nothing. */
static bool
is_part(uint64_t part, uint64_t whole, uint64_t percent)
{
	return (part > 0 && (double)part * 100.0 >= (double)whole * (double)percent);
}

/* What a side is asked for both sides: S(f) is the field of side `side` (0 = source). */
#define S(f) (side == 0 ? U(r, s##f) : U(r, d##f))

static bool
ack_loop(const struct tile *r, const struct health_limits *l)
{
	bool part = true;

	for (int side = 0; side < 2; side++) {
		if ((double)S(nullack) * 1e6 < (double)l->ackloop_rate * (double)bin_us(r) || S(nullack) == 0)
			return (false);
		part &= is_part(S(nullack), S(pkts), l->ackloop_percent);
	}
	return (part || U(r, snewbytes) + U(r, dnewbytes) == 0);
}

static bool
rtx_storm(const struct tile *r, const struct health_limits *l)
{
	for (int side = 0; side < 2; side++) {
		uint64_t rtx = S(rtxup) + S(rtxdn) + S(spur);

		if (rtx >= l->rtxstorm_count && is_part(rtx, S(datasegs), l->rtxstorm_percent))
			return (true);
	}
	return (false);
}

static bool
window_limited(const struct tile *r, const struct health_limits *l)
{
	for (int side = 0; side < 2; side++)
		if (S(datasegs) >= l->winlim_segs && is_part(S(winlim), S(datasegs), l->winlim_percent))
			return (true);
	return (false);
}

static bool
receiver_limited(const struct tile *r, const struct health_limits *l)
{
	return (is_part(U(r, szwin_us), bin_us(r), l->rcvlim_percent) ||
	    is_part(U(r, dzwin_us), bin_us(r), l->rcvlim_percent));
}

static bool
out_of_window(const struct tile *r, const struct health_limits *l)
{
	return (U(r, soow) >= l->oow_count || U(r, doow) >= l->oow_count || U(r, stsold) >= l->oow_count ||
	    U(r, dtsold) >= l->oow_count);
}

static bool
capture_loss(const struct tile *r, const struct health_limits *l)
{
	if (U(r, health) & HEALTH_asym) /* there nothing is known of the other side's data */
		return (false);
	for (int side = 0; side < 2; side++) {
		uint64_t gaps = S(ackgap) > S(ackfix) ? S(ackgap) - S(ackfix) : 0;

		if (gaps >= l->caploss_count && is_part(gaps, S(ackev), l->caploss_percent))
			return (true);
	}
	return (false);
}

static bool
refused(const struct tile *r, const struct health_limits *l)
{
	(void)l;
	return ((U(r, rstphase) & RSTPHASE_syn) != 0);
}

static bool
lags(const struct tile *r, enum field f)
{
	uint64_t count[HIST_BUCKETS];

	if (!bit_get(r->present[r->row], f) || r->wide[f][r->row].b.n == 0)
		return (false);
	hist_unpack(r->wide[f][r->row].b, count);
	for (int i = REPLAY64_BUCKET; i < HIST_BUCKETS; i++)
		if (count[i] > 0)
			return (true);
	return (false);
}

static bool
replay_drops(const struct tile *r)
{
	return (lags(r, F_slaghist) || lags(r, F_dlaghist));
}

static bool
high_loss(const struct tile *r, const struct health_limits *l)
{
	for (int side = 0; side < 2; side++) {
		uint64_t rtx = S(rtxup) + S(rtxdn), lost = S(lost) > S(fix) ? S(lost) - S(fix) : 0;
		uint64_t sent = S(datasegs) + S(uniq) + lost; /* 0: SYNs alone have no percentage */

		if (sent > 0 && rtx + lost >= l->highloss_count && is_part(rtx + lost, sent, l->highloss_percent))
			return (true);
	}
	return (false);
}

/* To one receiver: nobody is expected to answer what goes to many. */
static bool
to_one(const struct tile *r)
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };
	const struct ip *d = &r->wide[F_daddr][r->row].ip;

	if (!TILE_HAS(r, daddr) || (U(r, dmac) & MAC_GROUP) != 0)
		return (false);
	if (ip_is4(d))
		return ((d->b[12] & 0xf0) != 0xe0 && memcmp(d->b + 12, all, sizeof(all)) != 0);
	return (d->b[0] != 0xff);
}

/* A connection's end tells, of which only SYNs were seen; of others the record that was sealed without a reply. */
static bool
no_answer(const struct tile *r)
{
	switch (U(r, proto)) {
	case 6:
		return (U(r, conn) == CONN_S0 && U(r, cause) == CAUSE_idle);
	case 1:
	case 58:
		return (TILE_HAS(r, icmpid) && to_one(r));
	case 17:
		return (to_one(r));
	default:
		return (false);
	}
}

void
health_fill(struct tile *r, const struct health_limits *l, bool replied)
{
	static const struct {
		uint64_t flag;
		bool (*is)(const struct tile *, const struct health_limits *);
		uint16_t needs[2]; /* where both are zero, or not there, there is nothing to ask */
	} rules[] = {
		{ HEALTH_ackloop, ack_loop, { F_snullack, F_dnullack } },
		{ HEALTH_rej, refused, { F_rstphase, F_rstphase } },
		{ HEALTH_rtxstorm, rtx_storm, { F_srtxup, F_drtxup } },
		{ HEALTH_rtxstorm, rtx_storm, { F_srtxdn, F_drtxdn } },
		{ HEALTH_rtxstorm, rtx_storm, { F_sspur, F_dspur } },
		{ HEALTH_winlim, window_limited, { F_swinlim, F_dwinlim } },
		{ HEALTH_rcvlim, receiver_limited, { F_szwin_us, F_dzwin_us } },
		{ HEALTH_oow, out_of_window, { F_soow, F_doow } },
		{ HEALTH_oow, out_of_window, { F_stsold, F_dtsold } },
		{ HEALTH_caploss, capture_loss, { F_sackgap, F_dackgap } },
		{ HEALTH_highloss, high_loss, { F_srtxup, F_drtxup } },
		{ HEALTH_highloss, high_loss, { F_srtxdn, F_drtxdn } },
		{ HEALTH_highloss, high_loss, { F_slost, F_dlost } },
	};
	static const uint16_t counters[] = { F_n_bufbloat, F_n_ackloop, F_n_asym, F_n_noans, F_n_rej, F_n_rtxstorm,
		F_n_winlim, F_n_rcvlim, F_n_oow, F_n_caploss, F_n_replay64, F_n_oneway, F_n_highloss }; /* by bit */
	uint64_t health = U(r, health);

#pragma GCC unroll 16
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((tile_number(r, rules[i].needs[0]) | tile_number(r, rules[i].needs[1])) != 0 && rules[i].is(r, l))
			health |= rules[i].flag;
	if ((TILE_HAS(r, slaghist) || TILE_HAS(r, dlaghist)) && replay_drops(r))
		health |= HEALTH_replay64;
	if (!replied && no_answer(r))
		health |= HEALTH_noans;
	PUT(r, health, health);
	for (unsigned i = 0; health != 0 && i < sizeof(counters) / sizeof(counters[0]); i++)
		if (health >> i & 1) {
			r->u[counters[i]][r->row] = 1;
			bit_set(r->present[r->row], counters[i]);
		}
}

bool
health_bloat(const struct health_limits *l, uint64_t newbytes, uint64_t n, uint64_t sum, uint64_t base)
{
	return (newbytes >= l->bufbloat_bytes && n >= l->bufbloat_samples && sum >= (base + l->bufbloat_delay) * n &&
	    sum >= base * l->bufbloat_factor * n);
}

bool
health_queue(const struct health_limits *l, uint64_t newbytes, uint64_t n, uint64_t least, uint64_t base)
{
	return (newbytes >= l->bufbloat_bytes && n >= l->bufbloat_samples && least >= base + l->bufbloat_delay &&
	    least >= base * l->bufbloat_least);
}
