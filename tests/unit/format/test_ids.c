/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_ids.c: ids are hashes of what pavo(5) says, and columns of them come back whichever of them follow from their
 * rows.  What blocks do with them: test_block.c.
 */
#include "format/ids.h"

#include "records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PROBE  0xcc49fdcc510be364
#define FLOW   0x00f3c569b549f7a3
#define TUNNEL 0x3170ba2a40de638a

static struct ip
v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t bytes[4] = { a, b, c, d };

	return (ip_v4(bytes));
}

/* The values are those of python3-xxhash over the bytes that pavo(5) lists. */
static void
test_hashes(void **state)
{
	struct ip src = v4(198, 51, 100, 7), dst = v4(192, 0, 2, 1);
	struct key k = { .proto = 6, .af = 4 };

	(void)state;
	assert_int_equal(key_ends(&k, &src, &dst, 443, 51234), 1);
	assert_int_equal(k.lport, 51234);
	assert_true(id_of_probe("p1", 2) == PROBE);
	assert_true(id_of_flow(&k, 1700000000123456789, PROBE, 0) == FLOW);
	assert_true(id_of_flow(&k, 1700000000123456789, PROBE, 1) != FLOW);
	(void)key_ends(&k, &dst, &src, 0, 0);
	k.proto = 50;
	k.kind = KEY_LANE;
	k.aux = 3;
	assert_true(id_of_tunnel(&k) == TUNNEL);
}

/* A row of each form, and the key that the probe has for it. */
static void
row_of(struct batch *b, unsigned form, bool turned, struct key *k)
{
	struct ip lo = v4(10, 0, 0, 1), hi = v4(10, 0, 0, 2);
	struct flow f;

	flow_clear(&f);
	*k = (struct key){ .lo = lo, .hi = hi, .af = 4, .vrf = 7 };
	SET(&f, vrf, 7);
	if (form == 6) { /* no network address: MAC addresses */
		k->lo = key_mac(0x020000000001);
		k->hi = key_mac(0x020000000002);
		k->af = 0;
		SET(&f, smac, turned ? 0x020000000002 : 0x020000000001);
		SET(&f, dmac, turned ? 0x020000000001 : 0x020000000002);
	} else {
		if (form == 7)
			k->hi.b[0] = 0x20, k->af = 6;
		SET_IP(&f, saddr, turned ? k->hi : k->lo);
		SET_IP(&f, daddr, turned ? k->lo : k->hi);
	}
	switch (form) {
	case 0: /* ports */
	case 7:
		k->proto = 17, k->lport = 5000, k->hport = 53;
		SET(&f, sport, turned ? 53 : 5000);
		SET(&f, dport, turned ? 5000 : 53);
		break;
	case 1: /* none seen */
		k->proto = 6, k->kind = KEY_PORTLESS;
		break;
	case 2: /* ICMP that asks and answers */
		k->proto = 1, k->aux = 8u << 24 | 77;
		SET(&f, icmptype, 8);
		SET(&f, icmpcode, 0);
		SET(&f, icmpid, 77);
		break;
	case 3: /* that does not */
		k->proto = 58, k->aux = 1u << 24 | 4u << 16, k->kind = turned ? KEY_HI_SENDS : KEY_LO_SENDS;
		SET(&f, icmptype, 1);
		SET(&f, icmpcode, 4);
		break;
	case 4: /* a lane */
		k->proto = 50, k->aux = 2, k->kind = KEY_LANE;
		SET(&f, lane, 2);
		break;
	case 5: /* nothing but addresses */
		k->proto = 47;
		break;
	default:
		k->proto = 1000, k->aux = 0x4242;
		SET(&f, sap, 0x4242);
		break;
	}
	SET(&f, proto, k->proto);
	SET(&f, stime, 1000 + form);
	SET_BLOB(&f, probe, "p1", 2);
	SET(&f, flags, RFLAGS_start);
	batch_add(b, &f);
}

static void
test_forms(void **state)
{
	struct batch *b = batch_new(64);
	struct arena a = { 0 };

	(void)state;
	for (unsigned form = 0; form < 8; form++)
		for (int turned = 0; turned < 2; turned++) {
			uint64_t set[1] = { 1 }, id, tunnel;
			struct id_rows x = { b, set, NULL, 1, 1, 0 };
			struct key k;
			uint32_t at;

			batch_reset(b);
			row_of(b, form, turned, &k);
			id = id_of_flow(&k, 1000 + form, PROBE, 0);
			tunnel = id_of_tunnel(&k);
			assert_int_equal(id_others(ID_FLOW, &x, &id, &at, 1, &a), 0);
			assert_int_equal(id_others(ID_TUNNEL, &x, &tunnel, &at, 1, &a), 0);
			id++;
			assert_int_equal(id_others(ID_FLOW, &x, &id, &at, 1, &a), 1);
		}
	batch_free(&b);
	arena_free(&a);
}

/* Rows behind a flow's first one have its id, whatever it is; a START row begins another one. */
static void
test_later_rows(void **state)
{
	struct batch *b = batch_new(64);
	uint64_t set[1] = { 0x3f }, v[6], back[6];
	struct id_rows x = { b, set, NULL, 6, 6, 99 };
	struct arena a = { 0 };
	uint32_t at[6];
	struct key k;

	(void)state;
	for (int i = 0; i < 6; i++)
		row_of(b, i == 2 ? 5 : 0, i % 2 != 0, &k);
	for (int i = 1; i < 6; i++)
		b->col[F_flags]->u[i] = i == 4 ? RFLAGS_start : 0;
	v[0] = 12;  /* not what its row says */
	v[1] = 12;
	v[2] = 13;  /* another key, not its first row, and none before it */
	v[3] = 12;
	v[4] = id_of_flow(&k, 1000, PROBE, 0);
	v[5] = v[4];
	assert_int_equal(id_others(ID_FLOW, &x, v, at, 6, &a), 2);
	assert_int_equal(at[0], 0);
	assert_int_equal(at[1], 2);
	id_fill(ID_FLOW, &x, at, (const uint64_t[]){ 12, 13 }, 2, back, &a);
	assert_memory_equal(v, back, sizeof(v));
	assert_int_equal(id_others(ID_FLOW, &x, v, at, 1, &a), 2); /* one more than the most */
	batch_free(&b);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_later_rows),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
