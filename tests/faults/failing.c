/* SPDX-License-Identifier: BSD-2-Clause
 *
 * failing.c: the Nth call of one kind fails, once.  Loaded before a program (LD_PRELOAD) by faults.py:
 *
 *	PAVO_FAIL=KIND:N:ERRNO:FD	KIND is a word of `kinds`; a byte comes out of FD when it has failed
 *
 * Memory that these libraries ask for is not refused, for they do not survive it everywhere: the C library (fts_open,
 * getpwnam), its loader (thread-local data), libseccomp (a filter that lacks rules, and no error).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { OPEN, WRITE, FSYNC, RENAME, MMAP, FTRUNCATE, THREAD, MALLOC, KINDS };
static const char *const kinds[KINDS] = { "open", "write", "fsync", "rename", "mmap", "ftruncate", "pthread_create",
	"malloc" };

static int chosen = -1, error, told = -1;
static atomic_long left;

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

#define SPARED 3

static struct {
	const char *name;
	uintptr_t from, to;
} spared[SPARED] = { { "/libc.so", 0, 0 }, { "/ld-linux", 0, 0 }, { "/libseccomp", 0, 0 } };

static int
find(struct dl_phdr_info *o, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (int i = 0; i < SPARED; i++) {
		if (strstr(o->dlpi_name, spared[i].name) == NULL)
			continue;
		spared[i].from = o->dlpi_addr;
		for (int k = 0; k < o->dlpi_phnum; k++)
			if (o->dlpi_phdr[k].p_type == PT_LOAD) {
				uintptr_t end = o->dlpi_addr + o->dlpi_phdr[k].p_vaddr + o->dlpi_phdr[k].p_memsz;

				spared[i].to = end > spared[i].to ? end : spared[i].to;
			}
	}
	return (0);
}

static __attribute__((constructor)) void
start(void)
{
	const char *asked = getenv("PAVO_FAIL");
	char word[16];
	long n;

	if (asked == NULL || sscanf(asked, "%15[a-z_]:%ld:%d:%d", word, &n, &error, &told) != 4)
		return;
	(void)dl_iterate_phdr(find, NULL);
	atomic_store(&left, n);
	for (int i = 0; i < KINDS; i++)
		if (strcmp(word, kinds[i]) == 0)
			chosen = i;
}

static int
fails(enum kind k)
{
	if ((int)k != chosen || atomic_fetch_sub(&left, 1) != 1)
		return (0);
	(void)syscall(SYS_write, told, "x", 1);
	errno = error;
	return (1);
}

static int
no_memory(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	for (int i = 0; i < SPARED; i++)
		if (at >= spared[i].from && at < spared[i].to)
			return (0);
	return (fails(MALLOC));
}

static int
open_it(int at, const char *path, int flags, va_list ap)
{
	mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;

	return (fails(OPEN) ? -1 : (int)syscall(SYS_openat, at, path, flags, mode));
}

#define OPENS(name)                                       \
	int name(const char *path, int flags, ...)        \
	{                                                 \
		va_list ap;                               \
		int fd;                                   \
                                                          \
		va_start(ap, flags);                      \
		fd = open_it(AT_FDCWD, path, flags, ap);  \
		va_end(ap);                               \
		return (fd);                              \
	}
OPENS(open)
OPENS(open64)
OPENS(__open_2)
OPENS(__open64_2)

ssize_t
write(int fd, const void *p, size_t n)
{
	return (fd != STDERR_FILENO && fails(WRITE) ? -1 : syscall(SYS_write, fd, p, n));
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	return (fails(WRITE) ? -1 : syscall(SYS_pwrite64, fd, p, n, at));
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return (fails(WRITE) ? -1 : syscall(SYS_pwrite64, fd, p, n, at));
}

int
fsync(int fd)
{
	return (fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd));
}

int
rename(const char *from, const char *to)
{
	return (fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int
renameat2(int from_at, const char *from, int to_at, const char *to, unsigned how)
{
	return (fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, from_at, from, to_at, to, how));
}

void *
mmap(void *p, size_t n, int prot, int flags, int fd, off_t at)
{
	return (fails(MMAP) ? MAP_FAILED : (void *)syscall(SYS_mmap, p, n, prot, flags, fd, at));
}

void *
mmap64(void *p, size_t n, int prot, int flags, int fd, off_t at)
{
	return (mmap(p, n, prot, flags, fd, at));
}

int
ftruncate(int fd, off_t n)
{
	return (fails(FTRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, n));
}

int
ftruncate64(int fd, off_t n)
{
	return (ftruncate(fd, n));
}

int
pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (fails(THREAD))
		return (error);
	if (real == NULL)
		real = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT,
		    "pthread_create");
	return (real(t, a, f, arg));
}

void *
malloc(size_t n)
{
	return (no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(n));
}

void *
calloc(size_t n, size_t size)
{
	return (no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size));
}

void *
realloc(void *p, size_t n)
{
	return (no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n));
}
