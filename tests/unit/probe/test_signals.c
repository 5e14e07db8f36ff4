/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_signals.c: what is noted, and what kills.
 */
#include "probe/signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void
start(void)
{
	memset((void *)&signals, 0, sizeof(signals));
	signals_catch();
}

static void
test_noted(void **state)
{
	(void)state;
	start();
	raise(SIGUSR1);
	raise(SIGHUP);
	assert_int_equal(signals.stop, 0);
	assert_int_equal(signals.ask, 1);
	assert_int_equal(signals.hup, 1);
	signals.hup = 0;
	raise(SIGHUP); /* again and again */
	assert_int_equal(signals.hup, 1);
}

/* The first one of the two is the one that counts. */
static void
test_together(void **state)
{
	(void)state;
	start();
	raise(SIGTERM);
	raise(SIGINT);
	raise(SIGTERM);
	assert_int_equal(signals.stop, SIGTERM);
}

/* What becomes of a process that gets one signal, and another one so much later, in ms. */
static int
fate_of(int one, int other, unsigned later)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		start();
		raise(one);
		usleep(later * 1000);
		raise(other);
		_exit(signals.stop == one ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return (status);
}

static void
test_later(void **state)
{
	int status;

	(void)state;
	assert_int_equal(fate_of(SIGINT, SIGINT, 5), 0);
	status = fate_of(SIGINT, SIGTERM, 1200);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_int_equal(fate_of(SIGINT, SIGHUP, 1200), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noted),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_later),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
