/* SPDX-License-Identifier: BSD-2-Clause
 *
 * json.c: one object a line.  Absent: no key; mixed: null; 64-bit ids are strings, and so are counters that most readers of
 * JSON would round.  What has parts is a list.
 */
#include "ra-tools/out/out.h"

#include "format/base/json.h"
#include "format/hist.h"
#include "ra-tools/out/cells.h"
#include "ra-tools/out/schema.h"

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

const char *
json_verdict(size_t i)
{
	return (i < sizeof(verdicts) / sizeof(verdicts[0]) ? verdicts[i].key : NULL);
}

static void
put_verdicts(struct json *j, uint64_t health)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		json_bool(j, verdicts[i].key, (health & verdicts[i].flag) != 0);
}

/* What stands between commas. */
static void
put_list(struct json *j, const char *name, const struct buf *text)
{
	const uint8_t *p = text->p, *end = text->len > 0 ? p + text->len : p;

	json_open(j, name, '[');
	while (p < end) {
		const uint8_t *comma = memchr(p, ',', (size_t)(end - p));
		size_t n = (size_t)((comma != NULL ? comma : end) - p);

		json_bytes(j, NULL, p, n);
		p += n + 1;
	}
	json_close(j, ']');
}

static void
put_buckets(struct json *j, const char *name, struct blob hist, enum hist_scale scale)
{
	uint64_t count[HIST_BUCKETS];

	json_open(j, name, '[');
	hist_unpack(hist, count);
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		if (count[i] == 0)
			continue;
		json_open(j, NULL, '{');
		json_u64(j, "from", hist_least(scale, i));
		json_u64(j, "to", hist_bound(scale, i));
		json_u64(j, "count", count[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* Of column i; its text is in s->cell. */
static void
put_value(struct json *j, const struct sheet *s, unsigned i, const union value *v)
{
	const char *name = s->want[i].name;
	enum type type = sheet_type(s, i);

	if (s->verdicts && s->want[i].field == F_health) {
		put_verdicts(j, v->u);
		return;
	}
	switch (type_json(type)) {
	case JSON_BUCKETS:
		put_buckets(j, name, v->b, fields[s->want[i].field].scale);
		break;
	case JSON_LIST:
		put_list(j, name, &s->cell);
		break;
	case JSON_NUMBER:
	case JSON_TEXT:
		if (is_number(s, type) && (s->json_numbers || is_exact(&s->cell)))
			json_raw(j, name, s->cell.p, s->cell.len);
		else
			json_bytes(j, name, s->cell.p, s->cell.len);
	}
}

static bool
is_saturated(const struct batch *b, uint32_t r)
{
	return (column_has(b->col[F_flags], r) && (b->col[F_flags]->u[r] & RFLAGS_saturated) != 0);
}

void
json_record(struct sheet *s, const struct batch *b, uint32_t r)
{
	struct json j = json_to(&s->out);

	json_open(&j, NULL, '{');
	for (unsigned i = 0; i < s->n; i++) {
		enum cell_state state;
		union value v;

		s->cell.len = 0;
		state = sheet_cell(s, b, i, r, &s->cell);
		if (state == CELL_MIXED)
			json_null(&j, s->want[i].name);
		if (state != CELL_HERE)
			continue;
		v = column_value(sheet_column_of(s, b, i), r);
		put_value(&j, s, i, &v);
	}
	if (is_saturated(b, r))
		json_bool(&j, "saturated", true);
	json_close(&j, '}');
	json_line(&j);
}

/* --- many rows: the members of each column, then the objects */

static void
put_member(struct sheet *s, unsigned i, const union value *v)
{
	struct json j = json_to(&s->held);

	put_value(&j, s, i, v);
}

static void
put_mixed(struct sheet *s, unsigned i)
{
	struct json j = json_to(&s->held);

	json_null(&j, s->want[i].name);
}

static void
put_absent(struct sheet *s, unsigned i)
{
	(void)s;
	(void)i;
}

/* The objects, but for what follows from no column. */
static uint8_t *
put_members(const struct sheet *s, const struct shown *cell, uint8_t *to)
{
	const uint8_t *const held = s->held.p;

	*to++ = '{';
	for (unsigned i = 0; i < s->n; i++, cell += SHEET_ROWS) {
		if (cell->n == 0)
			continue;
		to = cells_copy(to, held + cell->at, cell->n);
		*to++ = ',';
	}
	return (to[-1] == ',' ? to - 1 : to);
}

static void
rows(struct sheet *s, const struct batch *b, const uint32_t *at, uint32_t n)
{
	static const struct cells_form form = { put_member, put_absent, put_mixed };
	size_t most;

	cells_add(s, &form, b, at, n);
	most = 1 + cells_line(s);
	for (uint32_t r = 0; r < n; r++) {
		uint8_t *begin = buf_room(&s->out, most);
		struct json j = json_to(&s->out);

		s->out.len += (size_t)(put_members(s, s->cells->cell + r, begin) - begin);
		j.more = s->out.p[s->out.len - 1] != '{';
		if (is_saturated(b, at[r]))
			json_bool(&j, "saturated", true);
		json_close(&j, '}');
		json_line(&j);
	}
	cells_clear(s);
	sheet_ready(s);
}

void
time_json(const struct text_options *o, struct json *j, const char *key, int64_t ns)
{
	struct buf text = { 0 };
	union value v = { .i = ns };

	value_print(&text, TYPE_TIME, &v, o, -1);
	if (o->epoch)
		json_raw(j, key, text.p, text.len);
	else
		json_bytes(j, key, text.p, text.len);
	buf_free(&text);
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

const struct out out_json = { .name = "json", .head = head, .rows = rows, .tail = tail };
