/* SPDX-License-Identifier: BSD-2-Clause
 *
 * files.c: Landlock, by its system calls: the C library has no functions for them.  Tested by tests/guard.tap.
 */
#include "probe/guard/files.h"

#include "format/base/sanitizer.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture; headers that know them are younger than many kernels that have them. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif

enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	FIRST = (1 << 13) - 1, /* all rights of version 1 */
	REFER = 1 << 13,
	TRUNCATE = 1 << 14,
	IOCTL_DEV = 1 << 15,
	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV, /* that a rule for no folder may have */
	READS = READ_FILE | READ_DIR,
	WRITES = READS | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
};

#define NET_TCP	       3 /* bind, connect */
#define SCOPE_ABSTRACT 1 /* sockets with a name in no folder */
#define ASK_VERSION    1
#define PATH_BENEATH   1

struct ruleset {
	uint64_t fs, net, scoped;
};

struct beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* --- names */

bool
files_named(const char *path)
{
	return (path != NULL && strcmp(path, "-") != 0);
}

bool
files_folder(const char *path, char *folder, size_t size)
{
	struct stat st;
	size_t n = strcspn(path, "%$");

	for (;;) {
		while (n > 0 && path[n - 1] != '/')
			n--;
		while (n > 1 && path[n - 1] == '/')
			n--;
		if (n >= size)
			return (false);
		(void)snprintf(folder, size, "%.*s", n > 0 ? (int)n : 1, n > 0 ? path : ".");
		if (n <= 1 || (stat(folder, &st) == 0 && S_ISDIR(st.st_mode)))
			return (true);
		n--;
	}
}

bool
files_writable(const char *path)
{
	struct stat st, up;
	char folder[4096];
	bool there = stat(path, &st) == 0;

	if (there && !S_ISREG(st.st_mode))
		return (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0);
	if (!files_folder(path, folder, sizeof(folder)) || faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
		return (false);
	if (!there || stat(folder, &up) != 0 || !(up.st_mode & S_ISVTX))
		return (true);
	return (st.st_uid == geteuid() || up.st_uid == geteuid()); /* as in /tmp: only one's own is replaced */
}

/* --- rules */

static void
allow(int rules, const char *path, uint64_t rights)
{
	struct beneath b = { .allowed = rights };
	struct stat st;

	if ((b.fd = open(path, O_PATH | O_CLOEXEC)) < 0)
		return; /* what is not there can not be opened either */
	if (fstat(b.fd, &st) == 0 && !S_ISDIR(st.st_mode))
		b.allowed &= OF_FILES;
	(void)syscall(SYS_landlock_add_rule, rules, PATH_BENEATH, &b, 0U);
	(void)close(b.fd);
}

static void
allow_write(int rules, const char *path, uint64_t all)
{
	struct stat st;
	char folder[4096];

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		allow(rules, path, WRITES & all); /* a fifo, a device: itself, not what lies beside it */
	else if (files_folder(path, folder, sizeof(folder)))
		allow(rules, folder, WRITES & all);
}

bool
files_restrict(const struct guard_paths *p)
{
	/* libpcap reads there what the interface dropped */
	static const char *const live[] = { "/sys/class/net", "/sys/devices" };
	static const char *const zones[] = { "/etc/localtime", "/usr/share/zoneinfo" };
	struct ruleset r = { .fs = FIRST };
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);
	int rules;
	bool done;

#ifdef SANITIZER
	version = 0;
#endif
	if (version < 1)
		return (false);
	r.fs |= (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) | (version >= 5 ? IOCTL_DEV : 0);
	r.net = version >= 4 ? NET_TCP : 0;
	r.scoped = version >= 6 ? SCOPE_ABSTRACT : 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &r,
	    version >= 6 ? sizeof(r) : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t), 0U);
	if (rules < 0)
		return (false);
	for (size_t i = 0; i < sizeof(p->writes) / sizeof(p->writes[0]); i++)
		if (files_named(p->writes[i]))
			allow_write(rules, p->writes[i], r.fs);
	for (int i = 0; i < p->nreads; i++)
		if (files_named(p->reads[i]))
			allow(rules, p->reads[i], READS);
	for (size_t i = 0; p->live && i < sizeof(live) / sizeof(live[0]); i++)
		allow(rules, live[i], READS);
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		allow(rules, zones[i], READS);
	done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, rules, 0U) == 0;
	(void)close(rules);
	return (done);
}
