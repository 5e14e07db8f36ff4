/* SPDX-License-Identifier: BSD-2-Clause
 *
 * facts.c: rows of reports, for CSV and JSON.  Test: tests/truth/sla.tap, tests/truth/path.tap.
 */
#include "ra-tools/out/facts.h"

struct fact *
facts_add(struct facts *f, const char *name, enum fact_kind kind, bool known)
{
	f->fact[f->n] = (struct fact){ .name = name, .kind = kind, .known = known };
	return (&f->fact[f->n++]);
}

void
facts_text(struct facts *f, const char *name, const char *text)
{
	facts_add(f, name, FACT_TEXT, text != NULL && *text != '\0')->text = text;
}

void
facts_count(struct facts *f, const char *name, uint64_t v)
{
	facts_add(f, name, FACT_COUNT, true)->u = v;
}

struct fact *
facts_real(struct facts *f, const char *name, bool known, double v)
{
	struct fact *x = facts_add(f, name, FACT_REAL, known);

	x->r = v;
	return (x);
}

void
facts_put(const struct fact *f, const struct text_options *o, struct buf *to)
{
	union value v = { .i = f->i };

	switch (f->kind) {
	case FACT_TEXT:
		buf_str(to, f->text);
		break;
	case FACT_TIME:
		value_print(to, TYPE_TIME, &v, o, -1);
		break;
	case FACT_COUNT:
		buf_printf(to, "%llu", (unsigned long long)f->u);
		break;
	case FACT_INT:
		buf_printf(to, "%lld", (long long)f->i);
		break;
	case FACT_REAL:
		buf_printf(to, "%.*g", f->digits > 0 ? f->digits : 10, f->r);
		break;
	case FACT_BOOL:
		buf_str(to, f->u != 0 ? "true" : "false");
	}
}

void
facts_json(const struct facts *f, const struct text_options *o, struct json *j)
{
	struct buf text = { 0 };

	for (unsigned i = 0; i < f->n; i++) {
		const struct fact *x = &f->fact[i];

		text.len = 0;
		if (x->known)
			facts_put(x, o, &text);
		if (!x->known && (x->mixed || x->said))
			json_null(j, x->name);
		else if (x->known && (x->kind == FACT_TEXT || (x->kind == FACT_TIME && !o->epoch)))
			json_bytes(j, x->name, text.p, text.len);
		else if (x->known)
			json_raw(j, x->name, text.p, text.len);
	}
	buf_free(&text);
}
