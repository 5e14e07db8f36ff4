/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_list.c: lists of cells, against the order in which they should be.
 */
#include "probe/flow/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct cell {
	int before; /* links need not be at the start */
	struct link link;
};
#define LINK offsetof(struct cell, link)

/* Five cells are appended; these are taken out, in this order. */
static const struct removal {
	uint32_t out[6];
	uint32_t left[6];
} removals[] = {
	{ { 0 }, { 1, 2, 3, 4, 5 } },
	{ { 1 }, { 2, 3, 4, 5 } },
	{ { 5 }, { 1, 2, 3, 4 } },
	{ { 3 }, { 1, 2, 4, 5 } },
	{ { 2, 3 }, { 1, 4, 5 } },
	{ { 5, 1, 3 }, { 2, 4 } },
	{ { 1, 2, 3, 5, 4 }, { 0 } },
};

static void
test_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
		const struct removal *r = &removals[i];
		struct list l = { 0 };
		struct pool p;
		uint32_t n, at = 0, last = 0;

		pool_init(&p, sizeof(struct cell), 5);
		for (int k = 0; k < 5; k++)
			list_append(&p, LINK, &l, pool_get(&p));
		for (int k = 0; r->out[k] != 0; k++)
			list_remove(&p, LINK, &l, r->out[k]);
		for (n = l.head; n != 0; last = n, n = list_link(&p, LINK, n)->next) {
			assert_int_equal(n, r->left[at++]);
			assert_int_equal(list_link(&p, LINK, n)->prev, last);
		}
		assert_int_equal(r->left[at], 0);
		assert_int_equal(l.tail, last);
		assert_int_equal(l.count, at);
		if (r->out[0] != 0) { /* and goes on */
			list_append(&p, LINK, &l, r->out[0]);
			assert_int_equal(l.tail, r->out[0]);
		}
		pool_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
