/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_table.c: flows by key; who has to go when the table is full; two flows that become one.
 */
#include "probe/flow/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint32_t
add(struct table *t, unsigned n)
{
	struct key k = { .lport = (uint16_t)n };

	return (table_add(t, &k, table_hash(t, &k)));
}

static void
test_victims(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, 16, 1);
	for (unsigned i = 1; i <= 16; i++)
		assert_int_equal(add(&t, i), i);
	assert_true(table_full(&t));
	for (uint32_t n = 1; n <= 12; n++)
		table_confirm(&t, n);
	for (uint32_t n = 13; n <= 15; n++) { /* on probation, the oldest first: 2 of 16 have to be left */
		assert_int_equal(table_victim(&t), n);
		table_remove(&t, n);
		table_release(&t, n);
	}
	flow_at(&t, 1)->life |= LIFE_CHANCE; /* one on probation is less than an eighth: a confirmed one goes, but */
	assert_int_equal(table_victim(&t), 2); /* 1 was heard again */
	table_remove(&t, 2);
	table_release(&t, 2);
	flow_at(&t, 1)->life &= (uint8_t)~LIFE_CHANCE;
	assert_int_equal(table_victim(&t), 3); /* 1 went to the end of the queue */
	assert_int_equal(t.alive, 12);
	assert_int_equal(t.on_probation, 1);
	table_free(&t);
}

/* --- flows by key */

static void
test_find(void **state)
{
	struct table t;
	struct key one = { .lport = 1 }, two = { .lport = 2 };
	uint32_t n;

	(void)state;
	table_init(&t, 4, 1);
	n = add(&t, 1);
	assert_int_equal(table_find(&t, &one, table_hash(&t, &one)), n);
	assert_int_equal(table_find(&t, &two, table_hash(&t, &two)), 0);
	assert_int_equal(path_at(&t.paths, flow_at(&t, n)->path[1])->vlan, 0xffff);
	table_rekey(&t, n, &two, table_hash(&t, &two));
	assert_int_equal(table_find(&t, &one, table_hash(&t, &one)), 0);
	assert_int_equal(table_find(&t, &two, table_hash(&t, &two)), n);
	assert_true(table_is(&t, n, &two) && !table_is(&t, n, &one));
	assert_int_equal(t.alive, 1);
	table_remove(&t, n);
	assert_int_equal(table_find(&t, &two, table_hash(&t, &two)), 0);
	assert_false(table_is(&t, n, &two));
	assert_int_equal(t.alive, 0);
	assert_int_equal(t.flows.used, 1); /* until its bins are written */
	flow_at(&t, n)->path[1] = path_of(&t.paths, &(struct packet){ .vlan = 5 });
	assert_int_equal(t.paths.cells.used, 1);
	table_release(&t, n);
	assert_int_equal(t.flows.used + t.wides.used + t.paths.cells.used, 0);
	table_free(&t);
}

/* Is a flow there, and does it live? */
static void
test_life(void **state)
{
	struct table t;
	struct flow_state *f;
	struct flow_ref of;
	uint32_t n;

	(void)state;
	table_init(&t, 4, 1);
	n = add(&t, 1);
	f = flow_at(&t, n);
	f->id = 77;
	f->heard = 100 * SEC;
	f->idle = IDLE_UDP;
	f->otime = 5;
	f->src = 1;
	f->dirq = DIRQ_SEEN;
	assert_int_equal(flow_deadline(f), 160 * SEC);
	assert_true(table_has(&t, n, 77) && !table_has(&t, n, 78));
	assert_true(table_lives(&t, n, 77, 160 * SEC - 1));
	assert_false(table_lives(&t, n, 77, 160 * SEC));
	assert_false(table_lives(&t, n, 78, 100 * SEC));
	of = table_ref(&t, n);
	assert_int_equal(of.cell, n);
	assert_int_equal(of.id, 77);
	assert_int_equal(of.otime, 5);
	assert_true(of.src == 1 && of.dirq == DIRQ_SEEN && table_has_key(&t, f, &of.key));
	table_remove(&t, n);
	assert_false(table_lives(&t, n, 77, 100 * SEC));
	assert_false(table_has(&t, n, 77));
	f->pending = 1; /* its bins wait */
	assert_true(table_has(&t, n, 77));
	table_free(&t);
}

/* Twice as many cells as flows, and 64: flows that ended wait there for their bins. */
static void
test_full(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, 2, 1);
	for (unsigned i = 1; i <= 67; i++) {
		assert_false(table_full(&t));
		table_remove(&t, add(&t, i));
	}
	assert_int_equal(t.alive, 0);
	assert_true(table_full(&t)); /* one cell is left for who may need it */
	table_release(&t, 67);
	assert_false(table_full(&t));
	(void)add(&t, 1);
	assert_true(table_full(&t));
	table_release(&t, 66);
	table_release(&t, 65);
	assert_false(table_full(&t));
	(void)add(&t, 2);
	assert_true(table_full(&t)); /* two live */
	table_free(&t);
}

/* --- two flows that are one */

static uint32_t
sender(struct table *t, unsigned n, unsigned side, int64_t last, const struct packet *p)
{
	uint32_t cell = add(t, n);
	struct flow_state *f = flow_at(t, cell);

	f->life |= (uint8_t)(LIFE_SENT_LO << side);
	f->last[side] = f->heard = last;
	f->path[side] = path_of(&t->paths, p);
	f->packets = 200;
	return (cell);
}

static void
test_merge(void **state)
{
	static const struct packet five = { .vlan = 5 }, six = { .vlan = 6 },
	    seven = { .vlan = 7, .facts = FACT_MAC, .smac = 1, .dmac = 2 };
	struct table t;
	struct flow_state *to;
	uint32_t n, m;

	(void)state;
	table_init(&t, 8, 1);
	n = sender(&t, 1, 0, 10, &five);
	m = sender(&t, 2, 1, 20, &six);
	to = flow_at(&t, n);
	table_merge(&t, n, m);
	assert_true(path_at(&t.paths, to->path[0])->vlan == 5 && path_at(&t.paths, to->path[1])->vlan == 6);
	assert_int_equal(path_at(&t.paths, to->path[1])->flows, 2);
	assert_true(to->last[0] == 10 && to->last[1] == 20);
	assert_int_equal(to->heard, 20);
	assert_int_equal(to->packets, 200); /* as many as can be said */
	assert_true(to->life & LIFE_CONFIRMED); /* both sides have sent */
	assert_int_equal(t.on_probation, 1);
	m = sender(&t, 3, 0, 30, &seven); /* a side that has sent: what was first stays */
	flow_at(&t, m)->packets = 50;
	table_merge(&t, n, m);
	assert_true(path_at(&t.paths, to->path[0])->vlan == 5 && path_at(&t.paths, to->path[0])->smac == 1);
	assert_int_equal(to->last[0], 30);
	assert_int_equal(to->packets, 250);
	m = sender(&t, 4, 0, 25, &seven);
	table_merge(&t, n, m);
	assert_int_equal(to->last[0], 30);
	assert_int_equal(to->heard, 30);
	table_free(&t);
}

/* --- keys: addresses of IPv4 lie in the flow, others in a cell */

static void
test_keys(void **state)
{
	static const struct { uint8_t af; const char *lo, *hi; bool wide; } keys[] = {
		{ 4, "10.0.0.1", "10.0.0.2", false }, { 6, "fe80::1", "fe80::2", true },
		{ 6, "::ffff:10.0.0.1", "::ffff:10.0.0.2", true }, /* the same bytes, another family */
		{ 0, "::1", "::2", true }, /* no IP: MAC addresses */
	};
	struct table t;
	uint32_t cell[4];

	(void)state;
	table_init(&t, 8, 1);
	for (unsigned i = 0; i < 4; i++) {
		struct key k = { .lport = 1, .hport = 2, .proto = 17, .af = keys[i].af, .vrf = 3, .aux = 4 }, got;

		assert_true(ip_parse(keys[i].lo, strlen(keys[i].lo), &k.lo) && ip_parse(keys[i].hi, strlen(keys[i].hi), &k.hi));
		cell[i] = table_add(&t, &k, table_hash(&t, &k));
		assert_int_equal(flow_at(&t, cell[i])->wide, keys[i].wide);
		got = table_key(&t, flow_at(&t, cell[i]));
		assert_memory_equal(&got, &k, sizeof(k));
		for (unsigned j = 0; j <= i; j++)
			assert_int_equal(table_has_key(&t, flow_at(&t, cell[j]), &k), i == j);
		assert_int_equal(table_find(&t, &k, table_hash(&t, &k)), cell[i]);
		k.hi.b[15] ^= 4;
		assert_false(table_has_key(&t, flow_at(&t, cell[i]), &k));
	}
	assert_int_equal(t.wides.used, 3);
	for (unsigned i = 0; i < 4; i++) {
		struct key k = table_key(&t, flow_at(&t, cell[3 - i]));

		k.hport++; /* and from one form to the other */
		table_rekey(&t, cell[i], &k, table_hash(&t, &k));
		assert_true(table_has_key(&t, flow_at(&t, cell[i]), &k));
	}
	for (unsigned i = 0; i < 4; i++) {
		table_remove(&t, cell[i]);
		table_release(&t, cell[i]);
	}
	assert_int_equal(t.wides.used, 0);
	table_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_victims),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_keys),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
