/* SPDX-License-Identifier: BSD-2-Clause
 *
 * text.c: cells as text, and times.
 */
#include "libpavo/room.h"

#include "format/base/clock.h"
#include "format/types.h"
#include "ra-tools/query/period.h"

#include <string.h>

struct telling {
	const struct pavo_field *field;
	const struct pavo_value *value;
	struct buf text;
};

/* As it is held in here. */
static union value
own_value(const struct pavo_field *f, const struct pavo_value *v)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	union value own = { .u = v->u64 };

	if (f->kind == PAVO_ADDRESS && memcmp(v->address, mapped, sizeof(mapped)) == 0)
		own.ip = ip_v4(v->address + sizeof(mapped));
	else if (f->kind == PAVO_ADDRESS)
		memcpy(own.ip.b, v->address, sizeof(own.ip.b));
	else if (f->kind == PAVO_BYTES || f->kind == PAVO_STRING)
		own.b = (struct blob){ v->bytes, (uint32_t)v->length };
	return (own);
}

static void
tell(void *arg)
{
	struct telling *t = arg;
	struct text_options o = { .digits = 6, .load = true };
	union value own;
	enum type type = 0;

	if (t->value->state != PAVO_PRESENT)
		return;
	while (type < TYPE_COUNT_ && types[type].name != t->field->type) /* the very name: fields are ours, or copies of ours */
		type++;
	if (type == TYPE_COUNT_)
		return;
	own = own_value(t->field, t->value);
	value_print(&t->text, type, &own, &o, -1);
}

PUBLIC size_t
pavo_text(const struct pavo_field *f, const struct pavo_value *v, char *to, size_t size)
{
	struct telling t = { .field = f, .value = v };
	char why[SENTENCE];
	size_t n;

	if (!within(tell, &t, why, sizeof(why))) {
		if (size > 0)
			to[0] = '\0';
		return (0);
	}
	if (size > 0) {
		n = t.text.len < size - 1 ? t.text.len : size - 1;
		if (n > 0)
			memcpy(to, t.text.p, n);
		to[n] = '\0';
	}
	n = t.text.len;
	buf_free(&t.text);
	return (n);
}

PUBLIC bool
pavo_time(const char *text, int64_t now, int64_t *from, int64_t *to)
{
	struct period p = { .text = text };
	bool good = period_range(&p, now) == CLOCK_RANGE;

	*from = p.from;
	*to = p.to;
	return (good);
}

PUBLIC const char *
pavo_version(void)
{
	return (PACKAGE_VERSION);
}
