/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.c: one object a line.  Absent: no key; mixed: null; 64-bit ids are strings, and so are counters that most readers of
 * JSON would round.
 */
#include "ra-tools/out/out.h"

#include <string.h>

#define EXACT "9007199254740992" /* 2^53: the integers up to it are doubles */

static bool
is_number(const struct sheet *s, enum type t)
{
	return (t == TYPE_TIME ? s->text.epoch : type_is_number(t));
}

static bool
is_exact(const struct buf *digits)
{
	for (size_t i = 0; i < digits->len; i++)
		if (digits->p[i] < '0' || digits->p[i] > '9')
			return (true); /* no counter */
	return (digits->len < sizeof(EXACT) - 1 || (digits->len == sizeof(EXACT) - 1 && memcmp(digits->p, EXACT, digits->len) <= 0));
}

/* What objects call the health flags of names.def. */
static const struct {
	uint64_t flag;
	const char *key;
} verdicts[] = {
	{ HEALTH_bufbloat, "BufferBloat" },
	{ HEALTH_ackloop, "AckLoop" },
	{ HEALTH_asym, "Asym" },
	{ HEALTH_noans, "NoAnswer" },
	{ HEALTH_rej, "Refused" },
	{ HEALTH_rtxstorm, "RetransmitStorm" },
	{ HEALTH_winlim, "WindowLimited" },
	{ HEALTH_rcvlim, "ReceiverLimited" },
	{ HEALTH_oow, "OutOfWindow" },
	{ HEALTH_caploss, "CaptureLoss" },
	{ HEALTH_replay64, "ReplayDrops" },
	{ HEALTH_oneway, "OneWay" },
	{ HEALTH_highloss, "HighLoss" },
};

static void
put_verdicts(struct buf *to, uint64_t health, bool first)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		buf_printf(to, "%s\"%s\":%s", first ? "" : ",", verdicts[i].key,
			   health & verdicts[i].flag ? "true" : "false");
		first = false;
	}
}

static void
row(struct sheet *s, const struct batch *b, uint32_t r)
{
	bool first = true;

	buf_u8(&s->out, '{');
	for (unsigned i = 0; i < s->n; i++) {
		enum type type = sheet_type(s, i);
		enum cell_state state;

		s->cell.len = 0;
		state = sheet_cell(s, b, i, r, &s->cell);
		if (state == CELL_ABSENT)
			continue;
		if (s->verdicts && s->want[i].field == F_health && state == CELL_HERE) {
			put_verdicts(&s->out, b->col[F_health]->u[r], first);
			first = false;
			continue;
		}
		if (!first)
			buf_u8(&s->out, ',');
		first = false;
		buf_u8(&s->out, '"');
		buf_str(&s->out, s->want[i].name); /* a field's name: letters, digits, _ */
		buf_str(&s->out, type == TYPE_PCT ? "_pct\":" : "\":");
		if (state == CELL_MIXED)
			buf_str(&s->out, "null");
		else if (is_number(s, type) && (s->json_numbers || is_exact(&s->cell)))
			buf_add(&s->out, s->cell.p, s->cell.len);
		else
			json_text(&s->out, s->cell.p, s->cell.len);
	}
	if (column_has(b->col[F_flags], r) && (b->col[F_flags]->u[r] & RFLAGS_saturated) != 0)
		buf_str(&s->out, first ? "\"saturated\":true" : ",\"saturated\":true");
	buf_str(&s->out, "}\n");
	sheet_ready(s);
}

static void
head(struct sheet *s)
{
	(void)s;
}

static void
tail(struct sheet *s)
{
	sheet_flush(s);
}

const struct out out_json = { .name = "json", .head = head, .row = row, .tail = tail };
