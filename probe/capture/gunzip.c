/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gunzip.c: gzip, member by member.  Tested by test_capture.c.
 */
#include "probe/capture/gunzip.h"

#include "format/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#ifdef HAVE_ZLIB
struct gunzip {
	z_stream z;
	uint8_t *packed; /* `size` bytes of the file itself */
	size_t size;
	uint64_t read;   /* bytes of it that were read */
	gunzip_reads *reads;
	void *arg;
	bool end;        /* at the end of a member */
	bool padding;    /* zeros came behind the last one */
	bool rest;       /* behind the members lies something else */
};

/* What is left of the file in memory goes to the front, and more of it behind; 0 at its end. */
static ssize_t
read_packed(struct gunzip *f)
{
	size_t left = f->z.avail_in;
	ssize_t got;

	if (left > 0)
		memmove(f->packed, f->z.next_in, left);
	got = f->reads(f->arg, f->packed + left, f->size - left);
	f->z.next_in = f->packed;
	if (got > 0) {
		f->z.avail_in += (uInt)got;
		f->read += (uint64_t)got;
	}
	return (got);
}

/* Behind a member: another one may follow (RFC 1952), or zeros to the end, as tapes have them.  1: a member;
 * 0: nothing, or something else (rest). */
static ssize_t
next_member(struct gunzip *f)
{
	for (;;) {
		const uint8_t *p = f->z.next_in;
		ssize_t got;

		if (f->z.avail_in > 0 && p[0] == 0) {
			f->padding = true;
			f->z.next_in++;
			f->z.avail_in--;
			continue;
		}
		if (f->z.avail_in >= 2 || (f->z.avail_in == 1 && p[0] != 0x1f)) {
			f->rest = f->padding || p[0] != 0x1f || p[1] != 0x8b;
			return (!f->rest);
		}
		if ((got = read_packed(f)) <= 0) {
			f->rest = got == 0 && f->z.avail_in > 0;
			return (got);
		}
	}
}

struct gunzip *
gunzip_new(gunzip_reads *reads, void *arg, uint8_t *packed, size_t size, size_t have)
{
	struct gunzip *f = mem_zero(1, sizeof(*f));

	if (inflateInit2(&f->z, 15 + 16) != Z_OK) {
		free(f);
		return (NULL);
	}
	f->reads = reads;
	f->arg = arg;
	f->packed = packed;
	f->size = size;
	f->z.next_in = packed;
	f->z.avail_in = (uInt)have;
	f->read = have;
	return (f);
}

ssize_t
gunzip_read(struct gunzip *f, uint8_t *to, size_t n)
{
	f->z.next_out = to;
	f->z.avail_out = (uInt)n;
	for (;;) {
		ssize_t got;
		bool bad;
		int r;

		if (f->end) {
			if (f->rest || (got = next_member(f)) == 0)
				return (0);
			if (got < 0)
				return (got);
			(void)inflateReset(&f->z);
			f->end = false;
		}
		r = inflate(&f->z, Z_NO_FLUSH); /* without input too: it may hold back some output */
		f->end = r == Z_STREAM_END;
		bad = r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR;
		if (f->z.avail_out < n) /* what came before the damage is good; it is found again */
			return ((ssize_t)(n - f->z.avail_out));
		if (bad) {
			errno = EBADMSG;
			return (-1);
		}
		if (f->z.avail_in == 0 && !f->end && (got = read_packed(f)) <= 0)
			return (got);
	}
}

bool
gunzip_whole(const struct gunzip *f)
{
	return (f->end);
}

bool
gunzip_more(const struct gunzip *f, uint64_t *offset)
{
	*offset = f->read - f->z.avail_in;
	return (f->rest);
}

uint64_t
gunzip_left(const struct gunzip *f)
{
	return (f->z.avail_in);
}

void
gunzip_free(struct gunzip **pf)
{
	struct gunzip *f = *pf;

	*pf = NULL;
	if (f == NULL)
		return;
	(void)inflateEnd(&f->z);
	free(f->packed);
	free(f);
}
#else
struct gunzip *
gunzip_new(gunzip_reads *reads, void *arg, uint8_t *packed, size_t size, size_t have)
{
	(void)reads, (void)arg, (void)packed, (void)size, (void)have;
	return (NULL);
}

ssize_t
gunzip_read(struct gunzip *f, uint8_t *to, size_t n)
{
	(void)f, (void)to, (void)n;
	return (0);
}

bool
gunzip_whole(const struct gunzip *f)
{
	(void)f;
	return (true);
}

bool
gunzip_more(const struct gunzip *f, uint64_t *offset)
{
	(void)f, (void)offset;
	return (false);
}

uint64_t
gunzip_left(const struct gunzip *f)
{
	(void)f;
	return (0);
}

void
gunzip_free(struct gunzip **pf)
{
	(void)pf;
}
#endif
