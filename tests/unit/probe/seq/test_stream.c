/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_stream.c: streams that outlive their flows: found by id, forgotten by age and at the cap.
 */
#include "probe/seq/stream.h"

#include "format/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
test_streams(void **state)
{
	struct streams s;
	struct stream *x;

	(void)state;
	streams_init(&s, 4);
	for (uint64_t id = 1; id <= 2; id++) /* ids that share a bucket */
		assert_non_null(stream_add(&s, id << 32 | 5, STREAM_RTP, 16, (int64_t)id * SEC));
	assert_int_equal(streams_old(&s, 3 * SEC), 0); /* room for two more */
	x = stream_find(&s, 1ull << 32 | 5, 3 * SEC); /* the newest now */
	assert_non_null(x);
	assert_int_equal(x->seq.width, 16);
	assert_null(stream_find(&s, 3ull << 32 | 5, 3 * SEC));
	assert_non_null(stream_add(&s, 3ull << 32 | 5, STREAM_WG, 64, 4 * SEC));
	assert_int_equal(stream_at(&s, streams_old(&s, 4 * SEC))->id, 2ull << 32 | 5); /* silent for longest */
	streams_drop(&s, streams_old(&s, 4 * SEC));
	assert_null(stream_find(&s, 2ull << 32 | 5, 4 * SEC));
	assert_int_equal(streams_old(&s, 3603 * SEC), 0); /* an hour is not over */
	assert_int_equal(stream_at(&s, streams_old(&s, 3604 * SEC))->id, 1ull << 32 | 5);
	streams_drop(&s, streams_old(&s, 3604 * SEC));
	assert_non_null(stream_find(&s, 3ull << 32 | 5, 3604 * SEC));
	streams_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
