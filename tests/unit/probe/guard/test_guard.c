/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_guard.c: what a thread of the probe can still do, tried by a thread of a process behind closed doors.
 */
#include "format/base/sanitizer.h"
#include "probe/guard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char top[64]; /* has w/, which may be written, and r/in, which may be read */

static char *
in(const char *name)
{
	static __thread char path[8][128];
	static __thread unsigned at;
	char *p = path[at++ % 8];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", top, name);
	return (p);
}

static int
setup(void **state)
{
	(void)state;
	(void)strcpy(top, "/tmp/pavo-guard.XXXXXX");
	if (mkdtemp(top) == NULL || mkdir(in("w"), 0755) != 0 || mkdir(in("r"), 0755) != 0)
		return (1);
	return (close(open(in("r/in"), O_CREAT | O_WRONLY, 0644)));
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(in("r/in"));
	(void)rmdir(in("r"));
	(void)rmdir(in("w"));
	return (rmdir(top));
}

static void *
run(void *arg)
{
	int (*tries)(void) = *(int (**)(void))arg;

	return (tries() == 0 ? NULL : arg);
}

/* What waitpid() says of a process whose thread tries that; exit status 1: it was not as expected. */
static int
tried(int (*tries)(void), bool no_sandbox)
{
	const struct guard_options o = { .no_sandbox = no_sandbox };
	char *reads[] = { in("r/in") };
	const struct guard_paths p = { .writes = { in("w/%Y/x.pavo"), "-", NULL }, .reads = reads, .nreads = 1 };
	char err[256];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t t;
		void *bad = &t;

		if (!guard_begin(&o, err, sizeof(err)) || !guard_drop(&o, &p, err, sizeof(err)))
			_exit(2);
		guard_close(&o, &p);
		if (pthread_create(&t, NULL, run, &tries) == 0)
			(void)pthread_join(t, &bad);
		_exit(bad == NULL ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return (status);
}

static void
need_landlock(void)
{
#ifdef SANITIZER
	skip();
#endif
	if (syscall(444, NULL, (size_t)0, 1) < 1) /* its version */
		skip();
}

static void
need_seccomp(void)
{
#ifndef HAVE_SECCOMP
	skip();
#endif
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == -1 && errno == EINVAL) {
		print_message("the kernel, or what stands in for it (qemu-user), has no seccomp\n");
		skip();
	}
}

static bool
refused(int r, int why)
{
	return (r == -1 && errno == why);
}

/* --- files */

static int
files_inside(void)
{
	int fd = open(in("w/a"), O_CREAT | O_RDWR | O_EXCL, 0640);

	return (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0 || ftruncate(fd, 0) != 0 || close(fd) != 0 ||
	    rename(in("w/a"), in("w/b")) != 0 || mkdir(in("w/d"), 0755) != 0 || rename(in("w/b"), in("w/d/b")) != 0 ||
	    unlink(in("w/d/b")) != 0 || rmdir(in("w/d")) != 0 || (fd = open(in("r/in"), O_RDONLY)) < 0 || close(fd) != 0);
}

static int
files_outside(void)
{
	return (!refused(open("/etc/passwd", O_RDONLY), EACCES) || !refused(open("/proc/self/mem", O_RDWR), EACCES) ||
	    !refused(open(in("r/in"), O_WRONLY), EACCES) || !refused(open(in("r/new"), O_CREAT | O_WRONLY, 0644), EACCES) ||
	    !refused(open(in("w/../r/new"), O_CREAT | O_WRONLY, 0644), EACCES) || !refused(unlink(in("r/in")), EACCES) ||
	    !refused(mkdir(in("new"), 0755), EACCES));
}

static void
test_files(void **state)
{
	(void)state;
	assert_int_equal(tried(files_inside, false), 0);
	need_landlock();
	assert_int_equal(tried(files_outside, false), 0);
}

/* --- calls */

static int
calls_refused(void)
{
	return (!refused(socket(AF_INET, SOCK_STREAM, 0), EPERM) || !refused(socket(AF_UNIX, SOCK_DGRAM, 0), EPERM) ||
	    !refused(socket(AF_PACKET, SOCK_RAW, 0), EPERM) || !refused(fork(), EPERM) || !refused(kill(getppid(), 0), EPERM) ||
	    !refused(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), EPERM) || !refused(ioctl(0, TIOCSTI, "x"), EPERM) ||
	    !refused(symlink("/etc", in("w/etc")), EPERM));
}

static int
starts_program(void)
{
	char *argv[] = { (char[]){ "true" }, NULL };

	return (execve("/bin/true", argv, argv + 1));
}

static int
looks_into_others(void)
{
	return ((int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int
makes_a_world(void)
{
	return ((int)syscall(SYS_unshare, 0));
}

static bool
killed(int status)
{
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void
test_calls(void **state)
{
	(void)state;
	need_seccomp();
	assert_int_equal(tried(calls_refused, false), 0);
	assert_true(killed(tried(starts_program, false)));
	assert_true(killed(tried(looks_into_others, false)));
	assert_true(killed(tried(makes_a_world, false)));
}

/* The same tries where they are allowed: else they would show nothing. */
static int
allowed(void)
{
	int fd = open("/etc/passwd", O_RDONLY), s = socket(AF_INET, SOCK_STREAM, 0);

	return (fd < 0 || s < 0 || close(fd) != 0 || close(s) != 0);
}

static void
test_no_sandbox(void **state)
{
	(void)state;
	assert_int_equal(tried(allowed, true), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_no_sandbox),
	};

	return (cmocka_run_group_tests(tests, setup, teardown));
}
