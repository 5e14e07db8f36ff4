/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_capture.c: any bytes as a capture file: pcap and pcapng of both byte orders, in gzip where the first byte says so (made
 * here: what is changed within gzip stops at its checksum).  Read frame by frame and several at a time: the same frames.
 *
 * input: u8: 1 in gzip, 2 in two gzip members; then the file
 */
#include "probe/capture/pcapfile.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#ifdef HAVE_ZLIB
static void
put_gzip(int fd, const uint8_t *p, size_t n)
{
	size_t room = n + n / 1000 + 128;
	uint8_t *out = malloc(room);
	z_stream z = { 0 };

	assert(out != NULL && deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)p;
	z.avail_in = (unsigned)n;
	z.next_out = out;
	z.avail_out = (unsigned)room;
	assert(deflate(&z, Z_FINISH) == Z_STREAM_END);
	assert(write(fd, out, z.total_out) == (ssize_t)z.total_out);
	assert(deflateEnd(&z) == Z_OK);
	free(out);
}
#endif

static void
put_file(int fd, const uint8_t *p, size_t n, uint8_t how)
{
#ifdef HAVE_ZLIB
	size_t half = how & 2 ? n / 2 : n;

	if (how & 3) {
		put_gzip(fd, p, half);
		if (half < n)
			put_gzip(fd, p + half, n - half);
		return;
	}
#endif
	(void)how;
	assert(write(fd, p, n) == (ssize_t)n);
}

struct seen {
	uint64_t frames, bytes, wire, drops, sum, errors;
	bool opened;
};

static void
look(struct seen *s, const struct frame *f)
{
	assert(f->caplen <= PCAPFILE_CAPLEN && (f->caplen == 0 || f->bytes != NULL));
	s->frames++;
	s->bytes += f->caplen;
	s->wire += f->wire;
	for (uint32_t i = 0; i < f->caplen; i += f->caplen > 64 ? f->caplen / 32 : 1)
		s->sum = s->sum * 31 + f->bytes[i];
	if (f->caplen > 0)
		s->sum = s->sum * 31 + f->bytes[f->caplen - 1];
	s->sum = s->sum * 31 + (f->bad_ts ? 1 : (uint64_t)f->ts) + (uint64_t)f->dlt;
}

static struct seen
read_all(const char *path, bool scan, bool more)
{
	struct seen s = { 0 };
	char err[512] = "";
	struct pcapfile *p = pcapfile_open(path, NULL, err, sizeof(err));
	struct frame f[8];
	enum capture_result r;

	if (p == NULL) {
		assert(err[0] != '\0');
		return (s);
	}
	s.opened = true;
	if (scan)
		pcapfile_scan(p);
	for (;;) {
		unsigned n = more ? pcapfile_more(p, f, 8) : 0;

		for (unsigned i = 0; i < n; i++)
			look(&s, &f[i]);
		if (n > 0)
			continue;
		r = pcapfile_next(p, &f[0]);
		if (r == CAPTURE_FRAME)
			look(&s, &f[0]);
		else if (r == CAPTURE_DROPS)
			s.drops += pcapfile_drops(p)->has;
		else
			break;
	}
	assert(r == CAPTURE_END || r == CAPTURE_ERROR);
	if (r == CAPTURE_ERROR) {
		assert(pcapfile_error(p) != NULL && pcapfile_error(p)[0] != '\0');
		s.errors++;
	}
	pcapfile_close(&p);
	return (s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct seen one, many;
	char path[64];
	int fd;

	if (n == 0)
		return (0);
	if ((fd = memfd_create("capture", MFD_CLOEXEC)) < 0)
		abort();
	put_file(fd, p + 1, n - 1, p[0]);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	one = read_all(path, false, false);
	many = read_all(path, false, true);
	assert(one.frames == many.frames && one.bytes == many.bytes && one.wire == many.wire && one.sum == many.sum &&
	    one.drops == many.drops && one.errors == many.errors);
	(void)read_all(path, true, true);
	(void)close(fd);
	return (0);
}
