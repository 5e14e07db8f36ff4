/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pcapfile.c: capture files in large reads; no copy and no allocation per packet.  Tested by test_capture.c.
 */
#include "probe/capture/pcapfile.h"

#include "format/base/clock.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "format/base/wide.h"
#include "probe/capture/bytes.h"
#include "probe/capture/gunzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER	    BYTES_BUFFER /* holds a frame of PCAPFILE_CAPLEN and the headers in front of it */
#define INTERFACES 65536    /* of a pcapng section */
#define SCAN_FILE   ((uint64_t)64 << 20) /* bytes of a file that is looked through whatever its end says */
#define SCAN_PACKED ((uint64_t)8 << 20)	 /* and of a compressed one */
#define SCAN_DROPS  65536		 /* reports that are kept of it */
#define TAIL_BLOCKS 1024
#define NO_TIME	    INT64_MIN
#define LONG	    ((uint64_t)16 << 20) /* bytes without a packet, after which who reads may look about */

#define MAGIC_US	0xa1b2c3d4u /* no enumerators: those are ints */
#define MAGIC_NS	0xa1b23c4du
#define MAGIC_KUZNETZOV 0xa1b2cd34u
enum { BLOCK_IDB = 1, BLOCK_PB = 2, BLOCK_SPB = 3, BLOCK_ISB = 5, BLOCK_EPB = 6, BLOCK_SHB = 0x0a0d0d0a,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d };
enum { OPT_TSRESOL = 9, OPT_TSOFFSET = 14 };		    /* of an interface */
enum { OPT_STARTTIME = 2, OPT_IFDROP = 5, OPT_OSDROP = 7 }; /* of its statistics */
enum { OPT_DROPCOUNT = 4 };				 /* of an enhanced packet block */

struct interface {
	int dlt;
	uint32_t snaplen;
	uint8_t tsresol; /* as in the option: bit 7 = power of two */
	int64_t offset;	 /* s */
	/* What it dropped: its statistics count from its start, packets from the one before. */
	int64_t since, newest;	 /* the statistics before, or the first packet; the newest packet; NO_TIME */
	uint64_t ifdrop, osdrop; /* as it was told last */
	uint64_t counted;	 /* since then, by packets: the next statistics have it too */
	bool told;		 /* there were statistics */
};

struct pcapfile {
	struct bytes in;
	enum capture_result (*next)(struct pcapfile *, struct frame *);
	int64_t unit;	     /* pcap: ns of the fraction's unit */
	uint32_t limit;	     /* pcap: the fraction is below this */
	uint32_t header;     /* pcap: bytes in front of a frame */
	int dlt;	     /* pcap */
	bool swap, swaplens; /* other byte order; caplen and length in each other's place */
	bool over;
	uint64_t frames; /* given */
	uint64_t passing; /* pcapng: bytes of a block of no interest that are still to come */
	uint64_t rested;  /* pcapng: where it was read to when somebody could look about last */
	struct interface *interfaces;
	uint32_t ninterfaces, capinterfaces;
	struct capture_stats drops;	/* given last */
	uint64_t dropped_at;		/* the offset of the packet block that told of them */
	struct capture_stats *ahead;	/* told by statistics in the file, up to the offset `scanned` */
	uint32_t nahead, given;
	uint64_t scanned;
	const volatile sig_atomic_t *stop; /* or NULL */
	char *name, *error;
};

static enum capture_result __attribute__((format(printf, 2, 3)))
fail(struct pcapfile *f, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	free(f->error);
	f->error = text;
	f->over = true;
	return (CAPTURE_ERROR);
}

static uint64_t
offset(const struct pcapfile *f)
{
	return (bytes_offset(&f->in));
}

/* A compressed file that is not whole, or not all of it: whatever else is missing comes from that.  false: it is. */
static bool
gzip_wrong(struct pcapfile *f)
{
	unsigned long long n = f->frames;
	uint64_t rest;

	if (f->in.gunzip == NULL || !f->in.eof)
		return (false);
	if (errno == EBADMSG)
		(void)fail(f, "%s: damaged gzip data behind packet %llu", f->name, n);
	else if (errno != 0)
		return (false);
	else if (gunzip_more(f->in.gunzip, &rest))
		(void)fail(f, "%s: behind packet %llu the gzip data ends, and something else follows at offset %llu of the file",
			   f->name, n, (unsigned long long)rest);
	else if (!gunzip_whole(f->in.gunzip))
		(void)fail(f, "%s: gzip data cut short behind packet %llu", f->name, n);
	return (f->error != NULL);
}

static inline bool
need(struct pcapfile *f, size_t n)
{
	return (bytes_need(&f->in, n));
}

/* The beginning of the file is waited for, until it is told to stop. */
static bool
await(struct pcapfile *f, size_t n)
{
	while (!need(f, n)) {
		f->over = f->in.silent && f->stop != NULL && *f->stop != 0;
		if (!f->in.silent || f->over)
			return (false);
	}
	return (true);
}

/* The file ended where it should not. */
static enum capture_result
cut(struct pcapfile *f)
{
	if (f->in.silent)
		return (CAPTURE_IDLE);
	if (gzip_wrong(f))
		return (CAPTURE_ERROR);
	if (errno != 0)
		return (fail(f, "%s: packet %llu at offset %llu: %s", f->name,
			     (unsigned long long)f->frames + 1, (unsigned long long)offset(f),
			     strerror(errno)));
	return (fail(f, "%s: cut short in packet %llu at offset %llu", f->name,
		     (unsigned long long)f->frames + 1, (unsigned long long)offset(f)));
}

static enum capture_result
damaged(struct pcapfile *f, const char *what, uint64_t value)
{
	return (fail(f, "%s: damaged at packet %llu, offset %llu: %s %llu", f->name,
		     (unsigned long long)f->frames + 1, (unsigned long long)offset(f), what,
		     (unsigned long long)value));
}

/* Nothing more at a boundary: the clean end, unless reading failed. */
static enum capture_result
finish(struct pcapfile *f)
{
	if (f->in.silent)
		return (CAPTURE_IDLE);
	if (f->in.p != f->in.end || errno != 0)
		return (cut(f));
	if (gzip_wrong(f))
		return (CAPTURE_ERROR);
	f->over = true;
	return (CAPTURE_END);
}

static inline uint32_t
u32(const struct pcapfile *f, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return (f->swap ? __builtin_bswap32(v) : v);
}

static inline uint16_t
u16(const struct pcapfile *f, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return (f->swap ? __builtin_bswap16(v) : v);
}

/* --- pcap */

/* The frame at h, which is there up to its header's end. */
static inline void
read_pcap(const struct pcapfile *f, const uint8_t *h, struct frame *frame)
{
	uint32_t fraction = u32(f, h + 4), caplen = u32(f, h + 8), wire = u32(f, h + 12);

	if (f->swaplens && caplen > wire) {
		uint32_t t = caplen;

		caplen = wire;
		wire = t;
	}
	frame->ts = (int64_t)u32(f, h) * SEC + fraction * f->unit;
	frame->bytes = h + f->header;
	frame->caplen = caplen;
	frame->wire = wire;
	frame->dlt = f->dlt;
	frame->bad_ts = fraction >= f->limit;
	frame->filtered = false;
}

static enum capture_result
next_pcap(struct pcapfile *f, struct frame *frame)
{
	size_t n;

	if (!need(f, f->header))
		return (finish(f));
	read_pcap(f, f->in.p, frame);
	if (frame->caplen > PCAPFILE_CAPLEN)
		return (damaged(f, "impossible length", frame->caplen));
	n = f->header + frame->caplen;
	if (!need(f, n))
		return (cut(f));
	frame->bytes = f->in.p + f->header; /* it may have moved */
	f->in.p += n;
	f->frames++;
	return (CAPTURE_FRAME);
}

unsigned
pcapfile_more(struct pcapfile *f, struct frame *frame, unsigned n)
{
	const uint8_t *h = f->in.p;
	size_t left = (size_t)(f->in.end - h), header = f->header;
	unsigned got = 0;

	if (f->next != next_pcap)
		return (0);
	for (; got < n && left >= header; got++, frame++) {
		size_t size;

		read_pcap(f, h, frame);
		size = header + frame->caplen;
		if (frame->caplen > PCAPFILE_CAPLEN || left < size)
			break;
		h += size;
		left -= size;
	}
	f->in.p = h;
	f->frames += got;
	return (got);
}

static bool
open_pcap(struct pcapfile *f)
{
	uint32_t magic = u32(f, f->in.p);

	if (magic != MAGIC_US && magic != MAGIC_NS && magic != MAGIC_KUZNETZOV) {
		f->swap = true;
		magic = u32(f, f->in.p);
	}
	if (magic != MAGIC_US && magic != MAGIC_NS && magic != MAGIC_KUZNETZOV) {
		f->swap = false;
		return (false);
	}
	if (!await(f, 24)) {
		if (!f->over && !gzip_wrong(f))
			(void)fail(f, "%s: cut short within the file header", f->name);
		return (true);
	}
	if (u16(f, f->in.p + 4) != 2) {
		(void)fail(f, "%s: pcap version %u.%u is not known", f->name, u16(f, f->in.p + 4),
			   u16(f, f->in.p + 6));
		return (true);
	}
	f->swaplens = u16(f, f->in.p + 6) < 4;
	f->unit = magic == MAGIC_NS ? 1 : USEC;
	f->limit = magic == MAGIC_NS ? 1000000000 : 1000000;
	f->header = magic == MAGIC_KUZNETZOV ? 24 : 16;
	f->dlt = (int)(u32(f, f->in.p + 20) & 0x03ffffff); /* above: the length of an FCS */
	f->in.p += 24;
	f->next = next_pcap;
	return (true);
}

/* --- pcapng */

static inline uint64_t
u64(const struct pcapfile *f, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (f->swap ? __builtin_bswap64(v) : v);
}

struct option {
	uint16_t code, length;
	const uint8_t *value;
};

/* The option at *p, which moves behind it; false: there is none that is whole. */
static bool
next_option(const struct pcapfile *f, const uint8_t **p, const uint8_t *end, struct option *o)
{
	size_t padded;

	if (end - *p < 4)
		return (false);
	*o = (struct option){ u16(f, *p), u16(f, *p + 2), *p + 4 };
	if (o->code == 0 || o->length > end - o->value)
		return (false);
	padded = (o->length + 3u) & ~3u;
	*p = padded <= (size_t)(end - o->value) ? o->value + padded : end;
	return (true);
}

static void
interface_options(const struct pcapfile *f, struct interface *i, const uint8_t *p, const uint8_t *end)
{
	struct option o;

	while (next_option(f, &p, end, &o)) {
		if (o.code == OPT_TSRESOL && o.length >= 1)
			i->tsresol = o.value[0];
		if (o.code == OPT_TSOFFSET && o.length >= 8)
			i->offset = (int64_t)u64(f, o.value);
	}
}

static bool
add_interface(struct pcapfile *f, const uint8_t *body, const uint8_t *end)
{
	struct interface *i;

	if (f->ninterfaces == INTERFACES || end - body < 8)
		return (false);
	if (f->ninterfaces == f->capinterfaces) {
		f->capinterfaces = f->capinterfaces * 2 + 8;
		f->interfaces = mem_grow(f->interfaces, f->capinterfaces, sizeof(*f->interfaces));
	}
	i = &f->interfaces[f->ninterfaces++];
	*i = (struct interface){ .dlt = u16(f, body),
				 .snaplen = u32(f, body + 4),
				 .tsresol = 6,
				 .since = NO_TIME,
				 .newest = NO_TIME };
	interface_options(f, i, body + 8, end);
	return (true);
}

/* clang-format off */
static const uint64_t tens[20] = { 1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull,
	1000000000ull, 10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull, 100000000000000ull,
	1000000000000000ull, 10000000000000000ull, 100000000000000000ull, 1000000000000000000ull, 10000000000000000000ull };
/* clang-format on */

/* Units since 1970 as ns; false if that is no time between 1970 and 2262. */
static bool
stamp(const struct interface *i, uint64_t t, int64_t *ns)
{
	unsigned n = i->tsresol & 0x7f;
	uint64_t s, rest;
	int64_t sum;

	if (i->tsresol == 6 && i->offset == 0) { /* nearly always */
		*ns = (int64_t)(t * USEC);
		return (t <= INT64_MAX / USEC);
	}
	if ((i->tsresol & 0x80) != 0) {
		s = n < 64 ? t >> n : 0;
		rest = n == 0 ? 0 : n < 64 ? t & ((1ull << n) - 1) : t;
		rest = wide_shr(wide_mul(rest, (uint64_t)SEC), n).lo; /* rest < 2^n, n < 128 */
	} else {
		if (n > 19)
			return (false);
		s = t / tens[n];
		rest = t % tens[n];
		rest = n <= 9 ? rest * tens[9 - n] : rest / tens[n - 9];
	}
	if (s > INT64_MAX / SEC || __builtin_add_overflow((int64_t)s, i->offset, &sum) || sum < 0 ||
	    __builtin_mul_overflow(sum, SEC, &sum) ||
	    __builtin_add_overflow(sum, (int64_t)rest, &sum))
		return (false);
	*ns = sum;
	return (true);
}

/* Pass over f->passing bytes, which may be more than the buffer holds. */
static bool
pass(struct pcapfile *f)
{
	while (f->passing > (uint64_t)(f->in.end - f->in.p)) {
		f->passing -= (uint64_t)(f->in.end - f->in.p);
		f->in.p = f->in.end;
		f->in.silent = offset(f) - f->rested > LONG;
		if (f->in.silent || !need(f, 1))
			return (false);
	}
	f->in.p += f->passing;
	f->passing = 0;
	return (true);
}

/* That of the section that begins here.  false: none. */
static bool
byte_order(struct pcapfile *f)
{
	f->swap = false;
	if (u32(f, f->in.p + 8) != BYTE_ORDER_MAGIC)
		f->swap = true;
	return (u32(f, f->in.p + 8) == BYTE_ORDER_MAGIC);
}

static enum capture_result
section(struct pcapfile *f, uint32_t *total)
{
	if (!need(f, 16))
		return (cut(f));
	if (!byte_order(f))
		return (damaged(f, "byte order magic", u32(f, f->in.p + 8)));
	*total = u32(f, f->in.p + 4);
	f->ninterfaces = 0;
	if (u16(f, f->in.p + 12) != 1)
		return (fail(f, "%s: pcapng version %u.%u is not known", f->name, u16(f, f->in.p + 12),
			     u16(f, f->in.p + 14)));
	return (CAPTURE_FRAME);
}

/* Where the fields of a packet block lie, from the block's start. */
struct block {
	uint8_t fixed; /* before the frame's bytes */
	uint8_t id, idsize, time, caplen, wire;
	uint8_t drops; /* 0: it may be an option */
};

static const struct block enhanced = { .fixed = 28, .id = 8, .idsize = 4, .time = 12, .caplen = 20, .wire = 24 };
static const struct block obsolete = { .fixed = 28, .id = 8, .idsize = 2, .drops = 10, .time = 12, .caplen = 20, .wire = 24 };
static const struct block simple = { .fixed = 12, .wire = 8 };

/* Gives the frame at f->in.p, or says what is wrong with it. */
static enum capture_result
packet_block(struct pcapfile *f, const struct block *b, uint32_t total, struct frame *frame,
	     struct interface **of)
{
	struct interface *i;
	uint32_t id = 0, caplen;

	if (total < b->fixed + 4u)
		return (damaged(f, "impossible block length", total));
	if (!need(f, b->fixed))
		return (cut(f));
	if (b->idsize != 0)
		id = b->idsize == 2 ? u16(f, f->in.p + b->id) : u32(f, f->in.p + b->id);
	if (id >= f->ninterfaces)
		return (damaged(f, "no such interface:", id));
	*of = i = &f->interfaces[id];
	frame->wire = u32(f, f->in.p + b->wire);
	if (b->caplen != 0)
		caplen = u32(f, f->in.p + b->caplen);
	else
		caplen = i->snaplen != 0 && i->snaplen < frame->wire ? i->snaplen : frame->wire;
	if (caplen > PCAPFILE_CAPLEN || caplen > total - b->fixed - 4)
		return (damaged(f, "impossible length", caplen));
	if (!need(f, b->fixed + caplen))
		return (cut(f));
	if (b->time != 0)
		frame->bad_ts =
		    !stamp(i, (uint64_t)u32(f, f->in.p + b->time) << 32 | u32(f, f->in.p + b->time + 4),
			   &frame->ts);
	else
		frame->bad_ts = true; /* a simple block has no time */
	frame->bytes = f->in.p + b->fixed;
	frame->caplen = caplen;
	frame->dlt = i->dlt;
	frame->filtered = false;
	return (CAPTURE_FRAME);
}

/* --- what was dropped before it came into the file */

/* Between this packet and the one before it on its interface, as its block says. */
static uint64_t
dropcount(const struct pcapfile *f, const struct block *b, uint32_t total, uint32_t caplen)
{
	const uint8_t *p = f->in.p + b->fixed + ((caplen + 3u) & ~3u), *end = f->in.p + total - 4;
	struct option o;

	if (b->drops != 0) {
		uint16_t n = u16(f, f->in.p + b->drops);

		return (n == UINT16_MAX ? 0 : n); /* not known */
	}
	while (b == &enhanced && next_option(f, &p, end, &o))
		if (o.code == OPT_DROPCOUNT && o.length == 8)
			return (u64(f, o.value));
	return (0);
}

/* The block at f->in.p is whole.  true: it tells of drops, which come first; the next call is about its frame. */
static bool
packet_drops(struct pcapfile *f, const struct block *b, uint32_t total, struct interface *i,
	     const struct frame *frame)
{
	uint64_t n = dropcount(f, b, total, frame->caplen);
	int64_t ts = frame->bad_ts ? i->newest : frame->ts;

	if (n > 0 && f->dropped_at != offset(f)) {
		f->dropped_at = offset(f);
		f->drops = (struct capture_stats){ .has = true, .drop = n };
		f->drops.until = ts != NO_TIME ? ts : 0;
		f->drops.since = i->newest != NO_TIME && i->newest < ts ? i->newest : f->drops.until;
		i->counted += n;
		return (true);
	}
	if (i->since == NO_TIME)
		i->since = ts;
	if (ts > i->newest)
		i->newest = ts;
	return (false);
}

/* How much a counter has grown; one that is lower than before began again. */
static uint64_t
growth(uint64_t *last, uint64_t now)
{
	uint64_t n = now >= *last ? now - *last : now;

	*last = now;
	return (n);
}

/* Without those that packets told of. */
static uint64_t
uncounted(struct interface *i, uint64_t n)
{
	uint64_t known = n < i->counted ? n : i->counted;

	i->counted -= known;
	return (n - known);
}

/* Statistics of an interface: what it dropped since those before.  true: something, and it was not told yet. */
static bool
statistics(struct pcapfile *f, const uint8_t *p, const uint8_t *end)
{
	struct capture_stats s = { .has = true };
	int64_t start = NO_TIME, t;
	struct interface *i;
	struct option o;

	if (end - p < 12 || u32(f, p) >= f->ninterfaces)
		return (false);
	i = &f->interfaces[u32(f, p)];
	if (!stamp(i, (uint64_t)u32(f, p + 4) << 32 | u32(f, p + 8), &t))
		t = 0;
	if (t < i->newest) /* it was not set */
		t = i->newest;
	for (p += 12; next_option(f, &p, end, &o);) {
		if (o.length != 8)
			continue;
		if (o.code == OPT_IFDROP) {
			s.ifdrop = growth(&i->ifdrop, u64(f, o.value));
			s.has_ifdrop = true;
		} else if (o.code == OPT_OSDROP) {
			s.drop = growth(&i->osdrop, u64(f, o.value));
		} else if (o.code == OPT_STARTTIME && !i->told &&
			   !stamp(i, (uint64_t)u32(f, o.value) << 32 | u32(f, o.value + 4), &start)) {
			start = NO_TIME;
		}
	}
	s.drop = uncounted(i, s.drop);
	s.ifdrop = uncounted(i, s.ifdrop);
	s.until = t;
	s.since = i->since != NO_TIME ? i->since : t;
	if (start != NO_TIME && start < s.since)
		s.since = start;
	i->since = t;
	i->counted = 0;
	i->told = true;
	if (s.drop + s.ifdrop == 0 || offset(f) < f->scanned)
		return (false);
	f->drops = s;
	return (true);
}

static enum capture_result
next_pcapng(struct pcapfile *f, struct frame *frame)
{
	if (f->given < f->nahead) {
		f->drops = f->ahead[f->given++];
		return (CAPTURE_DROPS);
	}
	f->rested = offset(f);
	for (;;) {
		enum capture_result r = CAPTURE_FRAME;
		struct interface *i = NULL;
		const struct block *b = NULL;
		uint32_t type, total;

		if (!pass(f))
			return (cut(f));
		if (offset(f) - f->rested > LONG)
			return (CAPTURE_IDLE);
		if (!need(f, 8))
			return (f->in.end - f->in.p < 8 && f->in.p != f->in.end ? cut(f) : finish(f));
		type = u32(f, f->in.p);
		total = u32(f, f->in.p + 4);
		if (type == BLOCK_SHB) { /* a palindrome */
			r = section(f, &total);
			if (r != CAPTURE_FRAME)
				return (r);
		}
		if (total < 12 || total % 4 != 0)
			return (damaged(f, "impossible block length", total));
		if (type == BLOCK_EPB)
			b = &enhanced;
		else if (type == BLOCK_PB)
			b = &obsolete;
		else if (type == BLOCK_SPB)
			b = &simple;
		if (b != NULL) {
			r = packet_block(f, b, total, frame, &i);
			if (r != CAPTURE_FRAME)
				return (r);
			/* The whole block must be there, or its frame is a cut one; the buffer holds nearly all of
			 * them, and one with a flood of options is passed over at the next call. */
			if (total <= BUFFER) {
				size_t at = (size_t)(frame->bytes - f->in.p);

				if (!need(f, total))
					return (cut(f));
				frame->bytes = f->in.p + at;
				if (packet_drops(f, b, total, i, frame))
					return (CAPTURE_DROPS);
				f->in.p += total;
				f->frames++;
				return (CAPTURE_FRAME);
			}
			return (damaged(f, "impossible block length", total));
		}
		if (type == BLOCK_IDB) {
			if (total > BUFFER)
				return (damaged(f, "impossible block length", total));
			if (!need(f, total))
				return (cut(f));
			if (!add_interface(f, f->in.p + 8, f->in.p + total - 4))
				return (damaged(f, "interface", f->ninterfaces));
		}
		if (type == BLOCK_ISB && total <= BUFFER) {
			bool told;

			if (!need(f, total))
				return (cut(f));
			told = statistics(f, f->in.p + 8, f->in.p + total - 4);
			f->in.p += total;
			if (told)
				return (CAPTURE_DROPS);
			continue;
		}
		f->passing = total;
	}
}

/* Do the last blocks of a large file tell of drops?  Each has its length at its end too. */
static bool
tail_tells(struct pcapfile *f, uint64_t size)
{
	uint8_t block[1024];

	for (int n = 0; n < TAIL_BLOCKS && size >= 12; n++) {
		const uint8_t *p = block + 20;
		uint32_t type, total;
		struct option o;
		size_t got;

		if (pread(f->in.fd, block, 4, (off_t)size - 4) != 4)
			return (false);
		total = u32(f, block);
		if (total < 12 || total % 4 != 0 || total > size)
			return (false);
		size -= total;
		got = total < sizeof(block) ? total : sizeof(block);
		if (pread(f->in.fd, block, got, (off_t)size) != (ssize_t)got || u32(f, block + 4) != total)
			return (false);
		type = u32(f, block);
		if (type == BLOCK_EPB || type == BLOCK_PB || type == BLOCK_SPB || type == BLOCK_SHB)
			return (false);
		if (type != BLOCK_ISB || got < total || total < 24)
			continue;
		while (next_option(f, &p, block + total - 4, &o))
			if ((o.code == OPT_IFDROP || o.code == OPT_OSDROP) && o.length == 8 && u64(f, o.value) > 0)
				return (true);
	}
	return (false);
}

/* Statistics stand behind the packets that they are about, mostly at the end of the file: they are read first. */
void
pcapfile_scan(struct pcapfile *f)
{
	struct pcapfile *s;
	struct frame frame;
	struct stat st;
	enum capture_result r;
	char err[256];

	if (f->next != next_pcapng || !pcapfile_again(f) || fstat(f->in.fd, &st) != 0)
		return;
	if (f->in.gunzip != NULL ? (uint64_t)st.st_size > SCAN_PACKED :
	    (uint64_t)st.st_size > SCAN_FILE && !tail_tells(f, (uint64_t)st.st_size))
		return;
	if ((s = pcapfile_open(f->name, f->stop, err, sizeof(err))) == NULL)
		return;
	while (f->nahead < SCAN_DROPS && (r = pcapfile_next(s, &frame)) != CAPTURE_END && r != CAPTURE_ERROR) {
		if (r != CAPTURE_DROPS || s->dropped_at == offset(s)) /* a packet tells in time */
			continue;
		if ((f->nahead & (f->nahead - 1)) == 0)
			f->ahead = mem_grow(f->ahead, f->nahead == 0 ? 1 : f->nahead * 2, sizeof(f->ahead[0]));
		f->ahead[f->nahead++] = s->drops;
	}
	f->scanned = offset(s);
	pcapfile_close(&s);
}

/* --- what kind of file is it? */

static const struct {
	const char *magic;
	uint8_t length;
	const char *say; /* %1$s: the file */
} kinds[] = {
	{ "\x28\xb5\x2f\xfd", 4, "%1$s is zstd-compressed: zstdcat %1$s | " TOOL(pavo) " -r -" },
	{ "\xfd" "7zXZ", 5, "%1$s is xz-compressed: xzcat %1$s | " TOOL(pavo) " -r -" },
	{ "BZh", 3, "%1$s is bzip2-compressed: bzcat %1$s | " TOOL(pavo) " -r -" },
	{ "\x04\x22\x4d\x18", 4, "%1$s is lz4-compressed: lz4cat %1$s | " TOOL(pavo) " -r -" },
	{ "\x1f\x8b", 2, "%1$s is gzip-compressed: zcat %1$s | " TOOL(pavo) " -r -" },
	{ "PK\x03\x04", 4, "%1$s is a zip archive: unzip -p %1$s | " TOOL(pavo) " -r -" },
	{ "\x94\xa4PV", 4, "%1$s: this is a pavo file: " TOOL(ra) " -r %1$s" },
	{ "snoop\0\0\0", 8, "%1$s is a snoop file: editcap -F pcap %1$s - | " TOOL(pavo) " -r -" },
};

static void
say_kind(struct pcapfile *f)
{
	size_t n = (size_t)(f->in.end - f->in.p);
	bool text = n > 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (n >= kinds[i].length && memcmp(f->in.p, kinds[i].magic, kinds[i].length) == 0) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			(void)fail(f, kinds[i].say, f->name);
#pragma GCC diagnostic pop
			return;
		}
	}
	for (size_t i = 0; i < n && i < 64; i++)
		text = text &&
		       (f->in.p[i] >= ' ' ? f->in.p[i] != 0x7f
				       : f->in.p[i] == '\n' || f->in.p[i] == '\r' || f->in.p[i] == '\t');
	if (n == 0)
		(void)fail(f, "%s: the file is empty", f->name);
	else if (text)
		(void)fail(f, "%s: this is text, not a capture file", f->name);
	else
		(void)fail(f, "%s: not a capture file (neither pcap nor pcapng)", f->name);
}

static void
start(struct pcapfile *f)
{
	if (!await(f, 4)) {
		if (f->over || gzip_wrong(f))
			return;
		if (errno != 0)
			(void)fail(f, "%s: %s", f->name, strerror(errno));
		else
			say_kind(f);
		return;
	}
	if (f->in.gunzip == NULL && f->in.p[0] == 0x1f && f->in.p[1] == 0x8b && bytes_gzip(&f->in)) {
		start(f);
		return;
	}
	if (memcmp(f->in.p, "\x0a\x0d\x0d\x0a", 4) == 0) {
		if (await(f, 12) && !byte_order(f))
			say_kind(f);
		else
			f->next = next_pcapng;
		return;
	}
	if (!open_pcap(f))
		say_kind(f);
}

struct pcapfile *
pcapfile_open(const char *path, const volatile sig_atomic_t *stop, char *err, int errlen)
{
	struct pcapfile *f;
	struct stat st;
	bool in = strcmp(path, "-") == 0;
	int fd;

	do /* a fifo waits for who writes */
		fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR && (stop == NULL || *stop == 0));
	if (fd < 0) {
		(void)snprintf(err, (size_t)errlen, "%s: %s", path, strerror(errno));
		return (NULL);
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)snprintf(err, (size_t)errlen, "%s: is a folder: name the files in it", path);
		if (!in)
			(void)close(fd);
		return (NULL);
	}
	f = mem_zero(1, sizeof(*f));
	f->name = mem_str(in ? "stdin" : path);
	f->stop = stop;
	bytes_open(&f->in, fd);
	start(f);
	if (f->error != NULL) {
		(void)snprintf(err, (size_t)errlen, "%s", f->error);
		pcapfile_close(&f);
	}
	return (f);
}

bool
pcapfile_tells(const struct pcapfile *f)
{
	return (f->next == next_pcapng);
}

enum capture_result
pcapfile_next(struct pcapfile *f, struct frame *frame)
{
	return (f->over ? CAPTURE_END : f->next(f, frame));
}

const struct capture_stats *
pcapfile_drops(const struct pcapfile *f)
{
	return (&f->drops);
}

const char *
pcapfile_error(const struct pcapfile *f)
{
	return (f->error != NULL ? f->error : "out of memory");
}

bool
pcapfile_again(const struct pcapfile *f)
{
	struct stat st;

	return (f->in.fd != STDIN_FILENO && fstat(f->in.fd, &st) == 0 && S_ISREG(st.st_mode));
}

void
pcapfile_progress(const struct pcapfile *f, uint64_t *done, uint64_t *size)
{
	bytes_progress(&f->in, done, size);
}

void
pcapfile_close(struct pcapfile **fp)
{
	struct pcapfile *f = *fp;

	*fp = NULL;
	if (f == NULL)
		return;
	bytes_close(&f->in);
	if (f->in.fd != STDIN_FILENO)
		(void)close(f->in.fd);
	free(f->interfaces);
	free(f->ahead);
	free(f->error);
	free(f->name);
	free(f);
}
