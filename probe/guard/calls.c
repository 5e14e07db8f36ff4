/* SPDX-License-Identifier: BSD-2-Clause
 *
 * calls.c: the system calls that the probe makes, a list for libseccomp.  Tested by tests/guard.tap.
 *
 * A call that is missing here fails as if it were forbidden to the user, which the code has an answer to; so a C library
 * with new habits does not end a capture.  Those in `deadly` nobody makes who has not taken the probe over.
 */
#include "probe/guard/calls.h"

#ifndef HAVE_SECCOMP

const char *
calls_restrict(void)
{
	return ("built without libseccomp");
}

#else

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const allowed[] = {
	/* memory, threads, the end */
	"brk", "mmap", "mmap2", "mremap", "munmap", "mprotect", "madvise", "futex", "futex_time64", "futex_waitv",
	"set_robust_list", "get_robust_list", "rseq", "membarrier", "set_tid_address", "sched_yield", "sched_getaffinity",
	"sched_setaffinity", "exit", "exit_group", "restart_syscall",
	/* signals */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "rt_sigsuspend", "rt_sigpending",
	/* time, and what the machine is */
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "gettimeofday", "time", "nanosleep",
	"clock_nanosleep", "clock_nanosleep_time64", "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid",
	"getrandom", "sysinfo", "uname", "getrusage", "times", "getcpu",
	/* files that are open */
	"read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "lseek", "_llseek", "close",
	"close_range", "fstat", "fstat64", "fstatfs", "fstatfs64", "fsync", "fdatasync", "sync_file_range",
	"sync_file_range2", "syncfs", "ftruncate", "ftruncate64", "fallocate", "fadvise64", "fadvise64_64", "flock", "fchmod", "dup",
	"dup2", "dup3", "fcntl", "fcntl64", "pipe", "pipe2", "eventfd2", "copy_file_range",
	/* files by name: Landlock says which */
	"open", "openat", "stat", "stat64", "lstat", "lstat64", "fstatat64", "newfstatat", "statx", "statfs", "statfs64",
	"access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd", "getdents", "getdents64", "mkdir",
	"mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "link", "linkat", "utimensat",
	"umask", "fchmodat",
	/* waiting */
	"poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64", "epoll_create1", "epoll_ctl",
	"epoll_wait", "epoll_pwait", "wait4", "waitid",
	/* sockets that are open: the interface, helpers, the service manager, syslog */
	"bind", "getsockname", "getsockopt", "setsockopt", "sendto", "send", "sendmsg", "recvfrom", "recv", "recvmsg", "recvmmsg",
	"shutdown",
};

static const char *const deadly[] = {
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "mount",
	"umount2", "pivot_root", "chroot", "setns", "unshare", "init_module", "finit_module", "kexec_load", "bpf",
	"perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "io_uring_setup", "setuid", "setresuid",
	"personality", "modify_ldt",
};

/* Questions to interfaces and terminals; all else that ioctl can do is refused. */
static const unsigned long questions[] = { SIOCGIFINDEX, SIOCGIFNAME, SIOCGIFHWADDR, SIOCGIFFLAGS, SIOCGIFMTU, FIONREAD,
	FIONBIO, TCGETS, TIOCGWINSZ };

static int
add(scmp_filter_ctx c, uint32_t action, const char *name, unsigned n, const struct scmp_arg_cmp *args)
{
	int nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR)
		return (0); /* this library does not know it: then it is refused */
	nr = seccomp_rule_add_array(c, action, nr, n, args);
	return (nr == -EDOM ? 0 : nr); /* not on this machine */
}

static int
add_list(scmp_filter_ctx c, uint32_t action, const char *const *names, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add(c, action, names[i], 0, NULL);
	return (r);
}

/* Calls of which only some uses are allowed. */
static int
add_uses(scmp_filter_ctx c)
{
	const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
	const struct scmp_arg_cmp none = SCMP_A0(SCMP_CMP_EQ, 0);
	const struct scmp_arg_cmp named = SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME);
	int r = 0;

	r = r != 0 ? r : add(c, SCMP_ACT_ALLOW, "clone", 1, &thread);
	/* its flags lie in memory, where they can not be seen; without it the C library takes clone */
	r = r != 0 ? r : add(c, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	r = r != 0 ? r : add(c, SCMP_ACT_ALLOW, "tgkill", 1, &self);
	r = r != 0 ? r : add(c, SCMP_ACT_ALLOW, "prlimit64", 1, &none);
	r = r != 0 ? r : add(c, SCMP_ACT_ALLOW, "prctl", 1, &named);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]) && r == 0; i++) {
		const struct scmp_arg_cmp asks = SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, questions[i]);

		r = add(c, SCMP_ACT_ALLOW, "ioctl", 1, &asks);
	}
	return (r);
}

const char *
calls_restrict(void)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = c == NULL ? -ENOMEM : 0;

	r = r != 0 ? r : add_list(c, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
	r = r != 0 ? r : add_list(c, SCMP_ACT_KILL_PROCESS, deadly, sizeof(deadly) / sizeof(deadly[0]));
	r = r != 0 ? r : add_uses(c);
	r = r != 0 ? r : seccomp_load(c);
	if (c != NULL)
		seccomp_release(c);
	return (r == 0 ? NULL : r == -ENOMEM ? "out of memory" : "not on this system");
}

#endif
