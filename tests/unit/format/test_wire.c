/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_wire.c: frames through a connection, and what is none; names of files that are sent.
 */
#include "format/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static void
join(struct wire *a, struct wire *b)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	*a = (struct wire){ .link = { .fd = fd[0], .ms = 100 } };
	*b = (struct wire){ .link = { .fd = fd[1], .ms = 100 } };
}

static void
there(void **state)
{
	struct wire a, b;
	struct wire_frame f;
	struct buf *out;

	(void)state;
	join(&a, &b);
	out = wire_say(&a, WIRE_DATA);
	buf_u64(out, 7);
	buf_str(out, "bytes");
	assert_true(wire_send(&a));
	(void)wire_say(&a, WIRE_IDLE);
	assert_true(wire_send(&a));
	assert_true(wire_hear(&b, &f));
	assert_int_equal(f.kind, WIRE_DATA);
	assert_int_equal(cur_u64(&f.at), 7);
	assert_int_equal(cur_left(&f.at), 5);
	assert_memory_equal(f.at.p, "bytes", 5);
	assert_true(wire_hear(&b, &f));
	assert_int_equal(f.kind, WIRE_IDLE);
	assert_int_equal(cur_left(&f.at), 0);
	assert_false(wire_hear(&b, &f)); /* nothing is said */
	assert_int_equal(errno, ETIMEDOUT);
	wire_free(&a);
	assert_false(wire_hear(&b, &f));
	assert_int_equal(errno, ECONNRESET);
	wire_free(&b);
}

/* By hand, from pavo(5): XXH3-64 of nothing is 2d06800538d394c2. */
static void
as_bytes(void **state)
{
	static const uint8_t idle[] = { 'I', 'D', 'L', 'E', 0, 0, 0, 0, 0x2d, 0x06, 0x80, 0x05, 0x38, 0xd3, 0x94, 0xc2 };
	uint8_t got[32], wrong[sizeof(idle)];
	struct wire a, b;
	struct wire_frame f;

	(void)state;
	join(&a, &b);
	(void)wire_say(&a, WIRE_IDLE);
	assert_true(wire_send(&a));
	assert_int_equal(read(b.link.fd, got, sizeof(got)), sizeof(idle));
	assert_memory_equal(got, idle, sizeof(idle));
	for (size_t i = 4; i < sizeof(idle); i++) { /* a long one, or another sum */
		memcpy(wrong, idle, sizeof(idle));
		wrong[i] ^= 0x80;
		assert_int_equal(write(a.link.fd, wrong, sizeof(wrong)), sizeof(wrong));
		assert_false(wire_hear(&b, &f));
		assert_true(errno == EPROTO || errno == ETIMEDOUT);
		while (recv(b.link.fd, got, sizeof(got), MSG_DONTWAIT) > 0)
			;
	}
	wire_free(&a);
	wire_free(&b);
}

static void
names(void **state)
{
	static const char *const right[] = { "a/b.pavo", "9a25fd8c/2026/11/20/120000_2.pavo", "A-_/0.pavo" };
	static const char *const bad[] = { "", ".pavo", "a.pavo", "/a.pavo", "a//b.pavo", "a/.pavo", "../a.pavo", "a/../b.pavo", "a/b", "a/b.pavo.part",
		"a/.b.pavo", "a/b c.pavo", "a/b.pavo/", "a/b.c.pavo", "a/\xc3\xa4.pavo" };
	char longest[WIRE_NAME + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_true(wire_name_right(right[i], strlen(right[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(wire_name_right(bad[i], strlen(bad[i])));
	assert_false(wire_name_right("a/b\0.pavo", 9));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 1, "/", 1);
	memcpy(longest + WIRE_NAME - 5, ".pavo", 5);
	assert_true(wire_name_right(longest, WIRE_NAME));
	memcpy(longest + WIRE_NAME - 5, "aaaaa", 5);
	memcpy(longest + WIRE_NAME - 4, ".pavo", 5);
	assert_false(wire_name_right(longest, WIRE_NAME + 1));
}

static void
sums(void **state)
{
	FILE *f = tmpfile();
	uint64_t sum;

	(void)state;
	assert_non_null(f);
	assert_true(fputs("hello", f) >= 0 && fflush(f) == 0);
	assert_true(wire_sum(fileno(f), 0, &sum));
	assert_true(sum == 0x2d06800538d394c2ull);
	assert_true(wire_sum(fileno(f), 5, &sum));
	assert_true(sum == 0x9555e8555c62dcfdull); /* by contrib/python/xxh3.py */
	assert_false(wire_sum(fileno(f), 6, &sum));
	(void)fclose(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(there), cmocka_unit_test(as_bytes), cmocka_unit_test(names), cmocka_unit_test(sums) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
