/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/icmp.c: errors about flows.
 */
#include "probe/track/icmp.h"

enum kind { UNREACHABLE, TIME_EXCEEDED, TOO_BIG, KINDS };

struct errors { /* of a bin */
	uint32_t n[KINDS];
};

void
errors_init(struct track *t, uint32_t max_flows)
{
	pool_init(&t->errors, sizeof(struct errors), ledger_cells(max_flows));
}

/* KINDS: it is no error of these. */
static enum kind
kind_of(const struct packet *p)
{
	static const enum kind kinds6[] = { KINDS, UNREACHABLE, TOO_BIG, TIME_EXCEEDED };
	uint8_t type = p->icmp.type;

	if (p->af == 6)
		return (type <= 3 ? kinds6[type] : KINDS);
	if (type == 3)
		return (p->icmp.code == 4 ? TOO_BIG : UNREACHABLE);
	return (type == 11 ? TIME_EXCEEDED : KINDS);
}

void
errors_note(struct track *t, const struct packet *p, uint32_t flow, int side, int64_t now)
{
	struct ledger *l = t->ledger;
	const struct flow_state *f = flow_at(l->table, flow);
	enum kind kind = kind_of(p);
	struct flow_ref of;
	struct bin *b;
	struct bin_more *m;

	if (kind == KINDS || (f->life & LIFE_SENT_LO << side) == 0)
		return; /* it never sent such a packet */
	of = table_ref(l->table, flow);
	b = ledger_bin(l, &of, ledger_start(l, f->last[side]), now);
	m = ledger_more(l, b);
	if (m->errors == 0) {
		m->errors = pool_get(&t->errors);
		*(struct errors *)pool_at(&t->errors, m->errors) = (struct errors){ 0 };
	}
	((struct errors *)pool_at(&t->errors, m->errors))->n[kind]++;
	ledger_done(l, b);
}

void
errors_fill(const struct track *t, uint32_t cell, struct tile *r)
{
	const struct errors *e = pool_at(&t->errors, cell);

	PUT(r, icmpun, e->n[UNREACHABLE]);
	PUT(r, icmpttl, e->n[TIME_EXCEEDED]);
	PUT(r, icmpbig, e->n[TOO_BIG]);
}

void
errors_merge(struct track *t, uint32_t to, uint32_t from)
{
	struct errors *a = pool_at(&t->errors, to);
	const struct errors *b = pool_at(&t->errors, from);

	for (int i = 0; i < KINDS; i++)
		a->n[i] += b->n[i];
}

void
errors_end(struct track *t, uint32_t cell)
{
	pool_put(&t->errors, cell);
}
