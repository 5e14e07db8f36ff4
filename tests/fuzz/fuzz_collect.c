/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_collect.c: a probe says anything to a collector.
 *
 * An input is frames: a letter for the kind, the length (8 bits), and that; with a kind that is none, the length is that of bytes
 * that are sent as they are.  What is kept of it is below the folder, in names that are right, and no more than was sent.
 */
#include "format/base/buf.h"
#include "format/wire.h"
#include "ra-tools/feed.h"
#include "ra-tools/store/session.h"

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const struct {
	char letter;
	enum wire_kind kind;
} kinds[] = { { 'h', WIRE_HELLO }, { 'o', WIRE_OPEN }, { 'd', WIRE_DATA }, { 'z', WIRE_ZERO }, { 'e', WIRE_DONE }, { 'i', WIRE_IDLE }, { 'f', WIRE_FAIL }, { 'r', WIRE_READ } };
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t most, found;

static int
look_at(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	const char *name = path + where->base;

	if (kind == FTW_F) {
		found += (size_t)st->st_size;
		assert(strcmp(name, ".lock") == 0 || strcmp(name, ".received") == 0 || strstr(name, ".pavo") != NULL);
	}
	assert(kind == FTW_F || kind == FTW_DP);
	assert(remove(path) == 0);
	return (0);
}

/* As much of it as the kernel keeps. */
static void
say(struct wire *w, const uint8_t *p, size_t n)
{
	while (n >= 2) {
		size_t len = p[1] < n - 2 ? p[1] : n - 2, k = 0;

		while (k < KINDS && kinds[k].letter != p[0])
			k++;
		most += len;
		if (k < KINDS)
			buf_add(wire_say(w, kinds[k].kind), p + 2, len);
		if (!(k < KINDS ? wire_send(w) : link_put(&w->link, p + 2, len)))
			return;
		p += 2 + len;
		n -= 2 + len;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char memory[] = "/dev/shm/fuzz_collect.XXXXXX", disk[] = "/tmp/fuzz_collect.XXXXXX";
	const char *dir = mkdtemp(memory) != NULL ? memory : mkdtemp(disk);
	struct wire probe = { .link = { .ms = 0 } }, w = { .link = { .ms = 0 } };
	struct wire_frame f = { 0 };
	char err[2000] = "";
	int fd[2];

	assert(dir != NULL);
	most = found = 0;
	assert(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	probe.link.fd = fd[0];
	w.link.fd = fd[1];
	say(&probe, p, n < 1024 ? n : 1024);
	(void)shutdown(fd[0], SHUT_WR);
	if (wire_hear(&w, &f) && f.kind == WIRE_READ)
		(void)feed_right(f.at, err, sizeof(err));
	else if (w.in.len > 0)
		(void)session(&w, &f, dir, err, sizeof(err));
	wire_free(&w);
	wire_free(&probe);
	(void)nftw(dir, look_at, 16, FTW_DEPTH | FTW_PHYS);
	assert(found <= most * 300 + 300); /* what is complete has a line, of at most 240 bytes, for 18 that were sent */
	return (0);
}
