/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_fields.c: the table fits together, and its rows about few fields are where they belong.
 */
#include "format/fields.h"
#include "format/hist.h"
#include "format/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The table itself: twins are mutual, companions too, ids lead back, names are found. */
static void
test_table(void **state)
{
	(void)state;
	for (enum field f = 0; f < F_COUNT; f++) {
		const struct field_info *i = &fields[f];

		assert_non_null(i->name);
		assert_int_equal(field_named(i->name, strlen(i->name)), f);
		assert_int_equal(i->store, types[i->type].store);
		assert_int_equal(fields[i->twin].twin, f);
		assert_int_equal(fields[i->twin].type, i->type);
		assert_int_equal(fields[i->twin].agg, i->agg);
		if (f < F_STORED)
			assert_int_equal(field_with_id(i->id), f);
		else
			assert_non_null(i->needs);
		if (i->companion != F_NONE)
			assert_int_equal(fields[i->companion].companion, f);
		assert_int_equal(i->companion != F_NONE, i->agg >= AGG_FIRST);
	}
	assert_int_equal(field_with_id(0), F_NONE);
	assert_int_equal(field_with_id(60000), F_NONE);
	assert_int_equal(field_named("nosuchfield", 11), F_NONE);
}

/* What a difference is taken from is there before it: columns lie in the order of ids. */
static void
test_near(void **state)
{
	(void)state;
	for (enum field f = 0; f < F_COUNT; f++) {
		enum field near = fields[f].near;

		if (near == F_NONE)
			continue;
		assert_true(near < F_STORED && fields[near].id < fields[f].id);
		assert_int_equal(fields[f].store, STORE_U64);
		assert_int_equal(fields[near].store, STORE_U64);
	}
	assert_int_equal(fields[F_ltime].near, F_stime);
	assert_int_equal(fields[F_ddscp_t].near, F_stime); /* of a FIRST */
	assert_int_equal(fields[F_dspi_t].near, F_ltime);  /* of a LAST */
	assert_int_equal(fields[F_dipbytes].near, F_dbytes);
	assert_int_equal(fields[F_spkts].near, F_NONE);
}

static void
test_member(void **state)
{
	(void)state;
	for (enum field f = 0; f < F_COUNT; f++)
		assert_int_equal(fields[f].member == MEMBER_ADDR, fields[f].store == STORE_IP);
	assert_int_equal(fields[F_dspi0].member, MEMBER_SPI);
	assert_int_equal(fields[F_tunid].member, MEMBER_TUNID);
	assert_int_equal(fields[F_sport].member, MEMBERS);
}

static void
test_scale(void **state)
{
	(void)state;
	assert_int_equal(fields[F_slaghist].scale, HIST_OCTAVES);
	assert_int_equal(fields[F_rttd_hist].scale, HIST_QUARTERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_member),
		cmocka_unit_test(test_scale),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
