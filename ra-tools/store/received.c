/* SPDX-License-Identifier: BSD-2-Clause
 *
 * received.c: what a probe sends, in files.  Tests: tests/collect.tap, fuzz_collect.
 *
 * A file is written down in .received, on disk, before it gets its name, and it has its name before that is told: who is
 * stopped in between finds it there, and gives it its name then.
 */
#include "ra-tools/store/received.h"

#include "format/base/buf.h"
#include "format/base/map.h"
#include "format/base/mem.h"
#include "format/base/output.h"
#include "format/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH	   1024
#define LINES_MOST 20000 /* of the list: beyond, the older half goes; a probe asks again for its last files at most */

#define OPEN_MOST 8

struct part { /* a file that is written: locked, so that who reads it knows that there is more to come */
	char name[WIRE_NAME + 1];
	int fd; /* -1: none */
};

struct received {
	struct part part_of[OPEN_MOST];
	unsigned next; /* the one that goes where there is no room */
	char folder[PATH];
	int lock, list; /* the list is open for its end */
	struct map complete;
	struct received_have *have; /* of each of them */
	uint32_t cap;
	char name[WIRE_NAME + 1], path[PATH + 300], part[PATH + 310];
	int fd; /* of the part; -1: no file, or it is complete */
	uint64_t size;
	char error[PATH + 400];
};

static bool
wrong(struct received *r, const char *what)
{
	return (say_wrong(r->error, sizeof(r->error), "%s: %s", what, strerror(errno)));
}

static bool
make_folders(const char *path)
{
	char *copy = mem_str(path);
	bool good = true;

	for (char *slash = strchr(copy + 1, '/'); good && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0750) == 0)
			good = output_sync_folder(copy);
		else
			good = errno == EEXIST || errno == EISDIR;
		*slash = '/';
	}
	free(copy);
	return (good);
}

/* --- what is complete */

static void
remember(struct received *r, const char *name, size_t n, const struct received_have *have)
{
	uint32_t i;

	(void)map_put(&r->complete, name, n, &i);
	if (i >= r->cap) {
		r->cap = r->cap == 0 ? 64 : 2 * r->cap;
		r->have = mem_grow(r->have, r->cap, sizeof(r->have[0]));
	}
	r->have[i] = *have;
}

/* Lines that are whole: a name, its size and sum.  How many there are, and where the last one ends. */
static unsigned
take_lines(struct received *r, FILE *f, long *end)
{
	char line[WIRE_NAME + 64], name[WIRE_NAME + 1];
	struct received_have have = { .complete = true };
	unsigned n = 0;

	*end = 0;
	while (fgets(line, sizeof(line), f) != NULL && strchr(line, '\n') != NULL) {
		*end = ftell(f);
		n++;
		if (sscanf(line, "%200s %" SCNu64 " %" SCNx64, name, &have.size, &have.sum) == 3)
			remember(r, name, strlen(name), &have);
	}
	return (n);
}

/* The later half of the list, if it is long. */
static bool
shorten(struct received *r, const char *path, unsigned lines)
{
	char fresh[PATH + 40];
	FILE *f;
	bool good;

	if (lines <= LINES_MOST)
		return (true);
	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	if ((f = fopen(fresh, "we")) == NULL)
		return (false);
	for (uint32_t i = r->complete.n > LINES_MOST / 2 ? r->complete.n - LINES_MOST / 2 : 0; i < r->complete.n; i++)
		(void)fprintf(f, "%.*s %" PRIu64 " %016" PRIx64 "\n", (int)r->complete.key[i].n, (const char *)r->complete.key[i].p, r->have[i].size,
			      r->have[i].sum);
	good = fflush(f) == 0 && fsync(fileno(f)) == 0;
	good = fclose(f) == 0 && good && rename(fresh, path) == 0;
	return (good);
}

static bool
open_list(struct received *r)
{
	char path[PATH + 20];
	FILE *f;
	long end = 0;
	unsigned lines;

	(void)snprintf(path, sizeof(path), "%s/.received", r->folder);
	f = fopen(path, "re");
	if (f == NULL && errno != ENOENT)
		return (wrong(r, path));
	lines = f == NULL ? 0 : take_lines(r, f, &end);
	if (f != NULL)
		(void)fclose(f);
	if (f != NULL && truncate(path, end) != 0) /* a line that was not finished */
		return (wrong(r, path));
	if (!shorten(r, path, lines))
		return (wrong(r, path));
	r->list = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	return ((r->list >= 0 && output_sync_folder(path)) || wrong(r, path));
}

static bool
write_down(struct received *r, const struct received_have *have)
{
	char line[WIRE_NAME + 64];
	int n = snprintf(line, sizeof(line), "%s %" PRIu64 " %016" PRIx64 "\n", r->name, have->size, have->sum);

	if (write(r->list, line, (size_t)n) != n || fsync(r->list) != 0)
		return (wrong(r, r->folder));
	remember(r, r->name, strlen(r->name), have);
	return (true);
}

/* --- a probe */

/* Its id as a name; what does not belong into one is _. */
static bool
folder_of(struct received *r, const char *dir, const char *probe, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t at = strlen(dir);

	if (n == 0 || n > 255 || at + n + 2 > sizeof(r->folder))
		return (say_wrong(r->error, sizeof(r->error), "the id of a probe has 1 to 255 letters"));
	memcpy(r->folder, dir, at);
	r->folder[at++] = '/';
	for (size_t i = 0; i < n; i++)
		r->folder[at + i] = probe[i] != '\0' && strchr(letters, probe[i]) != NULL && (i > 0 || probe[i] != '.') ? probe[i] : '_';
	r->folder[at + n] = '\0';
	return (true);
}

static bool
start(struct received *r, const char *dir, const char *probe, size_t n)
{
	char path[PATH + 20];

	if (!folder_of(r, dir, probe, n))
		return (false);
	(void)snprintf(path, sizeof(path), "%s/.lock", r->folder);
	if (!make_folders(path))
		return (wrong(r, r->folder));
	r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (r->lock < 0)
		return (wrong(r, path));
	if (flock(r->lock, LOCK_EX | LOCK_NB) != 0)
		return (say_wrong(r->error, sizeof(r->error), "another connection of this probe is still there"));
	return (open_list(r));
}

struct received *
received_open(const char *dir, const char *probe, size_t n, char *err, size_t errlen)
{
	struct received *r = mem_zero(1, sizeof(*r));

	r->lock = r->list = r->fd = -1;
	for (unsigned i = 0; i < OPEN_MOST; i++)
		r->part_of[i].fd = -1;
	if (!start(r, dir, probe, n)) {
		(void)say_wrong(err, errlen, "%s", r->error);
		received_close(&r);
	}
	return (r);
}

/* Where the file of which is spoken stands; NULL: nowhere. */
static struct part *
find_part(struct received *r)
{
	for (unsigned i = 0; i < OPEN_MOST; i++)
		if (r->part_of[i].fd >= 0 && strcmp(r->part_of[i].name, r->name) == 0)
			return (&r->part_of[i]);
	return (NULL);
}

static void
close_part(struct part *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
}

/* Open and locked, also as `fresh`, a new one that has not got its name yet. */
static int
open_part(struct received *r, const char *fresh)
{
	struct part *p = find_part(r);

	if (p != NULL)
		return (p->fd);
	p = &r->part_of[r->next++ % OPEN_MOST];
	close_part(p);
	p->fd = open(fresh != NULL ? fresh : r->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (fresh != NULL ? O_CREAT | O_TRUNC : 0), 0640);
	memcpy(p->name, r->name, sizeof(p->name));
	if (p->fd >= 0)
		(void)flock(p->fd, LOCK_EX | LOCK_NB); /* it says nothing to us: one connection of a probe is there */
	return (p->fd);
}

void
received_close(struct received **pr)
{
	struct received *r = *pr;

	if (r == NULL)
		return;
	for (unsigned i = 0; i < OPEN_MOST; i++)
		close_part(&r->part_of[i]);
	if (r->list >= 0)
		(void)close(r->list);
	if (r->lock >= 0)
		(void)close(r->lock);
	map_free(&r->complete);
	free(r->have);
	free(r);
	*pr = NULL;
}

const char *
received_error(const struct received *r)
{
	return (r->error);
}

/* --- a file */

/* RUN/2026/11/20/120000.pavo: FOLDER/2026/11/20/120000-RUN.pavo */
static void
set_paths(struct received *r)
{
	const char *slash = strchr(r->name, '/'), *dot = strrchr(r->name, '.');

	(void)snprintf(r->path, sizeof(r->path), "%s/%.*s-%.*s.pavo", r->folder, (int)(dot - slash - 1), slash + 1, (int)(slash - r->name), r->name);
	(void)snprintf(r->part, sizeof(r->part), "%s.part", r->path);
}

static bool
give_name(struct received *r)
{
	if (rename(r->part, r->path) != 0 || !output_sync_folder(r->path))
		return (wrong(r, r->path));
	return (true);
}

/* It is on the list; but who wrote it there may not have come further. */
static bool
settle(struct received *r)
{
	return (access(r->part, F_OK) != 0 || access(r->path, F_OK) == 0 || give_name(r));
}

bool
received_file(struct received *r, const char *name, size_t n)
{
	struct stat st;
	uint32_t i;

	r->fd = -1;
	r->name[0] = '\0';
	if (!wire_name_right(name, n))
		return (say_wrong(r->error, sizeof(r->error), "no name of a file"));
	memcpy(r->name, name, n);
	r->name[n] = '\0';
	set_paths(r);
	if (map_find(&r->complete, name, n, &i))
		return (settle(r));
	r->size = 0;
	r->fd = open_part(r, NULL);
	if (r->fd < 0 && errno == ENOENT)
		return (true); /* it begins with its first bytes */
	if (r->fd < 0 || fstat(r->fd, &st) != 0)
		return (wrong(r, r->part));
	r->size = (uint64_t)st.st_size;
	return (true);
}

bool
received_have(struct received *r, struct received_have *have)
{
	uint32_t i;

	if (r->name[0] != '\0' && map_find(&r->complete, r->name, strlen(r->name), &i)) {
		*have = r->have[i];
		return (true);
	}
	*have = (struct received_have){ .size = r->size };
	if (r->name[0] == '\0')
		return (say_wrong(r->error, sizeof(r->error), "there is no file of which is spoken"));
	return (wire_sum(r->fd, r->size, &have->sum) || wrong(r, r->part));
}

static bool
is_complete(const struct received *r)
{
	uint32_t i;

	return (map_find(&r->complete, r->name, strlen(r->name), &i));
}

/* Bytes, behind what is there. */
static bool
append(struct received *r, const void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t put = pwrite(r->fd, (const uint8_t *)bytes + done, n - done, (off_t)(r->size + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return (wrong(r, r->part));
		done += (size_t)put;
	}
	if (fdatasync(r->fd) != 0)
		return (wrong(r, r->part));
	r->size += n;
	return (true);
}

/* Nobody finds a part in which there is nothing. */
static bool
begin(struct received *r, const void *bytes, size_t n)
{
	char fresh[sizeof(r->part) + 4];

	(void)snprintf(fresh, sizeof(fresh), "%s.new", r->path);
	if (!make_folders(r->part) || (r->fd = open_part(r, fresh)) < 0)
		return (wrong(r, r->part));
	return (append(r, bytes, n) && ((rename(fresh, r->part) == 0 && output_sync_folder(r->part)) || wrong(r, r->part)));
}

bool
received_put(struct received *r, uint64_t at, const void *bytes, size_t n)
{
	if (r->name[0] == '\0' || is_complete(r) || at != r->size || n == 0)
		return (say_wrong(r->error, sizeof(r->error), "bytes for another place"));
	return (r->fd < 0 ? begin(r, bytes, n) : append(r, bytes, n));
}

bool
received_zero(struct received *r)
{
	if (r->name[0] == '\0' || is_complete(r))
		return (say_wrong(r->error, sizeof(r->error), "there is no file that could begin again"));
	if (r->fd >= 0 && (unlink(r->part) != 0 || !output_sync_folder(r->part)))
		return (wrong(r, r->part));
	if (r->fd >= 0)
		close_part(find_part(r));
	r->fd = -1;
	r->size = 0;
	return (true);
}

bool
received_done(struct received *r, uint64_t size, uint64_t sum, bool *is)
{
	struct received_have have;

	if (!received_have(r, &have))
		return (false);
	*is = have.size == size && have.sum == sum;
	if (!*is || have.complete)
		return (true);
	if (r->fd < 0)
		return (say_wrong(r->error, sizeof(r->error), "a file without bytes is none"));
	have.complete = true;
	if (fsync(r->fd) != 0)
		return (wrong(r, r->part));
	if (!write_down(r, &have) || !give_name(r))
		return (false);
	close_part(find_part(r));
	r->fd = -1;
	return (true);
}
