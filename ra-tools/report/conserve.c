/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conserve.c: the frames of MAR records against those of flow records.
 */
#include "ra-tools/report/conserve.h"

#include "format/base/wide.h"

static const uint16_t mar_fields[MAR_N] = { F_frames,	   F_framebytes,  F_short_pkts,
					    F_short_bytes, F_badip_pkts,  F_badip_bytes,
					    F_nonip_pkts,  F_nonip_bytes, F_filt_pkts,
					    F_filt_bytes,  F_recdrop_pkts, F_recdrop_bytes,
					    F_cutpkts,	   F_recdrop };

void
conserve_want(struct fieldset *s)
{
	static const uint16_t always[] = { F_rectype, F_spkts, F_dpkts, F_sbytes, F_dbytes };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		fieldset_want(s, always[i]);
	for (int i = 0; i < MAR_N; i++)
		fieldset_want(s, mar_fields[i]);
}

static void
add(uint64_t *to, uint64_t v)
{
	*to = saturating_sum(*to, v);
}

bool
conserve_add(struct conserve *c, const struct batch *b, uint32_t r)
{
	switch (batch_u64(b, F_rectype, r)) {
	case RECTYPE_MAR:
		c->marrecords++;
		for (int i = 0; i < MAR_N; i++)
			add(&c->mar[i], batch_u64(b, mar_fields[i], r));
		return (false);
	case RECTYPE_TUN:
		return (false);
	default:
		add(&c->pkts, saturating_sum(batch_u64(b, F_spkts, r), batch_u64(b, F_dpkts, r)));
		add(&c->bytes, saturating_sum(batch_u64(b, F_sbytes, r), batch_u64(b, F_dbytes, r)));
		return (true);
	}
}

bool
conserve_holds(const struct conserve *c, bool *known)
{
	uint64_t pkts = c->pkts, bytes = c->bytes;

	*known = c->marrecords > 0 && !c->filtered;
	for (int i = MAR_SHORT; i < MAR_CUT; i += 2) {
		if (i == MAR_FILT && c->live)
			continue;
		add(&pkts, c->mar[i]);
		add(&bytes, c->mar[i + 1]);
	}
	return (pkts == c->mar[MAR_FRAMES] && bytes == c->mar[MAR_FRAMEBYTES]);
}
