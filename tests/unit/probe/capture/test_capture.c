/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_capture.c: files of every flavour, whole, cut at every byte, merged, filtered, and of wrong kinds; what they
 * say of drops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "format/base/buf.h"
#include "probe/capture/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#define SENTENCE 1024

static char folder[64];

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/pavo-capture.XXXXXX");
	return (mkdtemp(folder) == NULL ? -1 : 0);
}

static int
teardown(void **state)
{
	char command[128];
	const char *const names[] = { "a", "b", "c" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(command, sizeof(command), "%s/%s", folder, names[i]);
		(void)unlink(command);
	}
	return (rmdir(folder));
}

/* One file of the folder; the name lives until the next call with the same letter. */
static char *
file(char letter, const void *bytes, size_t n)
{
	static char names[3][80];
	char *name = names[letter - 'a'];
	FILE *f;

	(void)snprintf(name, sizeof(names[0]), "%s/%c", folder, letter);
	f = fopen(name, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return (name);
}

/* --- makers: everything in the byte order asked for */

struct maker {
	struct buf b;
	bool big;
};

static void
w16(struct maker *m, uint16_t v)
{
	if (m->big)
		buf_u16(&m->b, v);
	else
		buf_u16le(&m->b, v);
}

static void
w32(struct maker *m, uint32_t v)
{
	if (m->big)
		buf_u32(&m->b, v);
	else
		buf_u32le(&m->b, v);
}

static void
pcap_header(struct maker *m, uint32_t magic, uint32_t link)
{
	w32(m, magic);
	w16(m, 2);
	w16(m, 4);
	w32(m, 0);
	w32(m, 0);
	w32(m, 65535);
	w32(m, link);
}

static void
pcap_frame(struct maker *m, uint32_t s, uint32_t fraction, const char *bytes, uint32_t wire)
{
	w32(m, s);
	w32(m, fraction);
	w32(m, (uint32_t)strlen(bytes));
	w32(m, wire);
	buf_str(&m->b, bytes);
}

static void
block(struct maker *m, uint32_t type, const struct maker *body)
{
	uint32_t total = 12 + ((uint32_t)body->b.len + 3) / 4 * 4;

	w32(m, type);
	w32(m, total);
	buf_add(&m->b, body->b.p, body->b.len);
	while (m->b.len % 4 != 0)
		buf_u8(&m->b, 0);
	w32(m, total);
}

static void
ng_section(struct maker *m)
{
	struct maker body = { .big = m->big };

	w32(&body, 0x1a2b3c4d);
	w16(&body, 1);
	w16(&body, 0);
	w32(&body, UINT32_MAX);
	w32(&body, UINT32_MAX);
	block(m, 0x0a0d0d0a, &body);
	buf_free(&body.b);
}

/* tsresol 0 and offset 0: no such option */
static void
ng_interface(struct maker *m, uint16_t link, uint32_t snaplen, uint8_t tsresol, uint32_t tsoffset)
{
	struct maker body = { .big = m->big };

	w16(&body, link);
	w16(&body, 0);
	w32(&body, snaplen);
	if (tsresol != 0) {
		w16(&body, 9);
		w16(&body, 1);
		buf_u8(&body.b, tsresol);
		buf_add(&body.b, "\0\0\0", 3);
	}
	if (tsoffset != 0) {
		w16(&body, 14);
		w16(&body, 8);
		w32(&body, body.big ? 0 : tsoffset);
		w32(&body, body.big ? tsoffset : 0);
	}
	w32(&body, 0); /* end of options */
	block(m, 1, &body);
	buf_free(&body.b);
}

static void
ng_packet(struct maker *m, uint32_t type, uint32_t interface, uint64_t t, const char *bytes,
	  uint32_t wire)
{
	struct maker body = { .big = m->big };

	if (type == 2) {
		w16(&body, (uint16_t)interface);
		w16(&body, 0xffff);
	} else if (type == 6) {
		w32(&body, interface);
	}
	if (type != 3) {
		w32(&body, (uint32_t)(t >> 32));
		w32(&body, (uint32_t)t);
		w32(&body, (uint32_t)strlen(bytes));
	}
	w32(&body, wire);
	buf_str(&body.b, bytes);
	block(m, type, &body);
	buf_free(&body.b);
}

/* An enhanced packet block with the option epb_dropcount. */
static void
ng_dropped(struct maker *m, uint32_t interface, uint32_t t, const char *bytes, uint32_t dropped)
{
	struct maker body = { .big = m->big };

	w32(&body, interface);
	w32(&body, 0);
	w32(&body, t);
	w32(&body, (uint32_t)strlen(bytes));
	w32(&body, (uint32_t)strlen(bytes));
	buf_str(&body.b, bytes);
	while (body.b.len % 4 != 0)
		buf_u8(&body.b, 0);
	w16(&body, 2); /* flags stand before it */
	w16(&body, 4);
	w32(&body, 1);
	w16(&body, 4);
	w16(&body, 8);
	w32(&body, body.big ? 0 : dropped);
	w32(&body, body.big ? dropped : 0);
	w32(&body, 0);
	block(m, 6, &body);
	buf_free(&body.b);
}

#define NONE UINT32_MAX

static void
ng_option64(struct maker *body, uint16_t code, uint32_t high, uint32_t low, bool halves)
{
	w16(body, code);
	w16(body, 8);
	w32(body, halves || body->big ? high : low); /* times are two numbers, the upper one first */
	w32(body, halves || body->big ? low : high);
}

/* Interface statistics; NONE: no such option. */
static void
ng_statistics(struct maker *m, uint32_t interface, uint32_t t, uint32_t start, uint32_t ifdrop, uint32_t osdrop)
{
	struct maker body = { .big = m->big };

	w32(&body, interface);
	w32(&body, 0);
	w32(&body, t);
	if (start != NONE)
		ng_option64(&body, 2, 0, start, true);
	ng_option64(&body, 4, 0, 1000, false);
	if (ifdrop != NONE)
		ng_option64(&body, 5, 0, ifdrop, false);
	if (osdrop != NONE)
		ng_option64(&body, 7, 0, osdrop, false);
	w32(&body, 0);
	block(m, 5, &body);
	buf_free(&body.b);
}

/* --- what comes out, as text: "time length/wire@link bytes|" for each frame, "!sentence|" for an error,
 * "[since until drop ifdrop]" of what was dropped */

static enum capture_result
next_one(struct capture *c, struct frame *f)
{
	unsigned got;
	enum capture_result r = capture_next(c, f, 1, &got);

	assert_int_equal(got, r == CAPTURE_FRAME);
	return (r);
}

/* The next frame, of those that came together. */
struct several {
	struct frame frame[3];
	unsigned got, given;
};

static enum capture_result
next_of_several(struct capture *c, struct several *s, struct frame *f)
{
	enum capture_result r = CAPTURE_FRAME;

	if (s->given == s->got) {
		r = capture_next(c, s->frame, 3, &s->got);
		s->given = 0;
	}
	if (s->got > 0)
		*f = s->frame[s->given++];
	return (r);
}

static void
read_how(struct buf *out, char *const *names, int n, bool as_is, const char *filter, bool several)
{
	struct several s = { .got = 0 };
	char err[SENTENCE];
	struct capture *c = capture_open_files(names, n, &(struct capture_options){ .as_is = as_is, .filter = filter }, err, sizeof(err));
	enum capture_result r;
	struct frame f;

	out->len = 0;
	if (c == NULL) {
		buf_printf(out, "!!%s|", err);
		return;
	}
	while ((r = several ? next_of_several(c, &s, &f) : next_one(c, &f)) != CAPTURE_END) {
		if (r == CAPTURE_ERROR) {
			buf_printf(out, "!%s|", capture_error(c));
			continue;
		}
		if (r == CAPTURE_DROPS) {
			struct capture_stats d;

			assert_true(capture_stats(c, 0, &d));
			assert_true(d.has);
			buf_printf(out, "[%lld %lld %llu ", (long long)d.since, (long long)d.until,
				   (unsigned long long)d.drop);
			buf_printf(out, d.has_ifdrop ? "%llu]" : "-]", (unsigned long long)d.ifdrop);
			assert_true(capture_stats(c, 0, &d)); /* once */
			assert_false(d.has);
			continue;
		}
		if (r == CAPTURE_IDLE) /* behind many bytes without a frame */
			continue;
		assert_int_equal(r, CAPTURE_FRAME);
		if (f.bad_ts)
			buf_str(out, "bad");
		else
			buf_printf(out, "%lld", (long long)f.ts);
		buf_printf(out, " %u/%u@%d ", f.caplen, f.wire, f.dlt);
		buf_add(out, f.bytes, f.caplen);
		buf_str(out, f.filtered ? "-|" : "|");
	}
	assert_int_equal(next_one(c, &f), CAPTURE_END); /* and stays there */
	capture_free(&c);
	assert_null(c);
}

/* One by one, and several at once: that is the same.  (What comes in a pipe is read once.) */
static void
read_all(struct buf *out, char *const *names, int n, bool as_is, const char *filter)
{
	struct buf several = { 0 };

	if (strcmp(names[0], "-") == 0) {
		read_how(out, names, n, as_is, filter, false);
		return;
	}
	read_how(&several, names, n, as_is, filter, true);
	read_how(out, names, n, as_is, filter, false);
	assert_string_equal(buf_cstr(&several), buf_cstr(out));
	buf_free(&several);
}

static const char *
one(struct buf *out, const void *bytes, size_t n)
{
	char *name = file('a', bytes, n);

	read_all(out, &name, 1, false, NULL);
	return (buf_cstr(out));
}

static void
test_pcap(void **state)
{
	static const struct {
		uint32_t magic;
		bool big;
		const char *expect;
	} t[] = {
		{ 0xa1b2c3d4, false, "1000000123000 3/60@1 abc|2000999999000 0/7@1 |bad 1/1@1 x|" },
		{ 0xa1b2c3d4, true, "1000000123000 3/60@1 abc|2000999999000 0/7@1 |bad 1/1@1 x|" },
		{ 0xa1b23c4d, false,
		  "1000000000123 3/60@1 abc|2000000999999 0/7@1 |3000001000000 1/1@1 x|" },
		{ 0xa1b23c4d, true,
		  "1000000000123 3/60@1 abc|2000000999999 0/7@1 |3000001000000 1/1@1 x|" },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct maker m = { .big = t[i].big };

		pcap_header(&m, t[i].magic, 0xf0000001); /* the upper bits tell of an FCS */
		pcap_frame(&m, 1000, 123, "abc", 60);
		pcap_frame(&m, 2000, 999999, "", 7);
		pcap_frame(&m, 3000, 1000000, "x", 1);
		assert_string_equal(one(&out, m.b.p, m.b.len), t[i].expect);
		buf_free(&m.b);
	}
	buf_free(&out);
}

static void
test_kuznetzov(void **state)
{
	struct maker m = { 0 };
	struct buf out = { 0 };

	(void)state;
	pcap_header(&m, 0xa1b2cd34, 113);
	for (uint32_t i = 1; i < 3; i++) {
		w32(&m, i);
		w32(&m, 0);
		w32(&m, 2);
		w32(&m, 9);
		buf_str(&m.b, "ifaceinf");
		buf_str(&m.b, "ab");
	}
	assert_string_equal(one(&out, m.b.p, m.b.len),
			    "1000000000 2/9@113 ab|2000000000 2/9@113 ab|");
	buf_free(&m.b);
	buf_free(&out);
}

/* Two sections of different byte order, several interfaces, link types and clocks, all packet blocks. */
static void
make_ng(struct maker *m)
{
	struct maker other = { 0 };

	m->big = false;
	ng_section(m);
	ng_interface(m, 1, 0, 0, 0);
	ng_interface(m, 101, 4, 9, 5);
	ng_packet(m, 6, 0, 1500000, "eth", 60);
	ng_packet(m, 6, 1, 1500000, "rawip", 5);
	ng_packet(m, 2, 0, 2000000, "old", 3);
	block(m, 0x0bad, &other); /* a custom block */
	m->big = true;
	ng_section(m);
	ng_interface(m, 113, 2, 0x8a, 0); /* 2^-10 s; frames of at most 2 bytes */
	ng_packet(m, 3, 0, 0, "si", 9);
	ng_packet(m, 6, 0, 512, "half", 4);
	ng_packet(m, 6, 0, UINT64_MAX, "late", 4);
}

static const char expect_ng[] =
    "1500000000 3/60@1 eth|5001500000 5/5@101 rawip|2000000000 3/3@1 old|"
    "bad 2/9@113 si|500000000 4/4@113 half|bad 4/4@113 late|";

static void
test_pcapng(void **state)
{
	struct maker m = { 0 };
	struct buf out = { 0 };

	(void)state;
	make_ng(&m);
	assert_string_equal(one(&out, m.b.p, m.b.len), expect_ng);
	buf_free(&m.b);
	buf_free(&out);
}

/* Whatever is cut off: the frames before the cut, then one sentence that names the file; nothing between. */
static void
check_cuts(const struct buf *whole, const char *expect, const size_t *ends, size_t n)
{
	struct buf out = { 0 };
	size_t good = 0; /* of the text: what the last clean end gave */

	for (size_t len = 0; len < whole->len; len++) {
		const char *text = one(&out, whole->p, len);
		const char *bang = strchr(text, '!');
		bool clean = false;

		for (size_t i = 0; i < n; i++)
			clean = clean || ends[i] == len;
		if (clean) {
			assert_null(bang);
			good = strlen(text);
			assert_memory_equal(text, expect, good);
		} else {
			assert_non_null(bang);
			assert_int_equal(bang - text, good);
			assert_memory_equal(text, expect, good);
			assert_non_null(strstr(bang, folder));
			assert_ptr_equal(strchr(bang, '|'), text + strlen(text) - 1);
		}
	}
	buf_free(&out);
}

static void
test_cut_pcap(void **state)
{
	struct maker m = { 0 };

	(void)state;
	pcap_header(&m, 0xa1b2c3d4, 1);
	pcap_frame(&m, 1, 0, "abc", 60);
	pcap_frame(&m, 2, 0, "defg", 60);
	check_cuts(&m.b, "1000000000 3/60@1 abc|2000000000 4/60@1 defg|",
		   (const size_t[]){ 24, 24 + 19 }, 2);
	buf_free(&m.b);
}

static void
test_cut_pcapng(void **state)
{
	struct maker m = { 0 };
	size_t ends[32], n = 0;

	(void)state;
	make_ng(&m);
	for (size_t at = 0; at < m.b.len; n++) { /* clean ends lie between blocks */
		const uint8_t *p = m.b.p + at + 4;
		bool big = p[3] != 0; /* no block here is longer than 16 MiB */

		at += big ? (size_t)p[2] << 8 | p[3] : (size_t)p[1] << 8 | p[0];
		ends[n] = at;
	}
	check_cuts(&m.b, expect_ng, ends, n);
	buf_free(&m.b);
}

static void
test_sentences(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *say; /* %s: the file */
	} t[] = {
		{ "", 0, "!!%1$s: the file is empty|" },
		{ "\x28\xb5\x2f\xfdxxxxxxxx", 12,
		  "!!%1$s is zstd-compressed: zstdcat %1$s | pavo -r -|" },
		{ "\xfd"
		  "7zXZ\0xxxxxx",
		  12, "!!%1$s is xz-compressed: xzcat %1$s | pavo -r -|" },
		{ "BZh91AY", 7, "!!%1$s is bzip2-compressed: bzcat %1$s | pavo -r -|" },
		{ "\x04\x22\x4d\x18xxxx", 8, "!!%1$s is lz4-compressed: lz4cat %1$s | pavo -r -|" },
		{ "\x94\xa4PVHDxxxx", 10, "!!%1$s: this is a pavo file: ra -r %1$s|" },
		{ "hello, world\n", 13, "!!%1$s: this is text, not a capture file|" },
		{ "\x00\x01\x02\x03", 4, "!!%1$s: not a capture file (neither pcap nor pcapng)|" },
	};
	struct buf out = { 0 }, say = { 0 };
	char *name;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		say.len = 0;
		name = file('a', t[i].bytes, t[i].n);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_printf(&say, t[i].say, name);
#pragma GCC diagnostic pop
		read_all(&out, &name, 1, false, NULL);
		assert_string_equal(buf_cstr(&out), buf_cstr(&say));
	}
	name = folder;
	read_all(&out, &name, 1, false, NULL);
	assert_non_null(strstr(buf_cstr(&out), "is a folder"));
	name = (char[]){ "/nowhere/at/all" };
	read_all(&out, &name, 1, false, NULL);
	assert_string_equal(buf_cstr(&out), "!!/nowhere/at/all: No such file or directory|");
	buf_free(&out);
	buf_free(&say);
}

static void
test_damage(void **state)
{
	struct maker m = { 0 };
	struct buf out = { 0 };

	(void)state;
	pcap_header(&m, 0xa1b2c3d4, 1);
	pcap_frame(&m, 1, 0, "abc", 60);
	w32(&m, 2);
	w32(&m, 0);
	w32(&m, 0x40000000);
	w32(&m, 60);
	(void)one(&out, m.b.p, m.b.len);
	assert_non_null(strstr(buf_cstr(&out), "1000000000 3/60@1 abc|!"));
	assert_non_null(strstr(buf_cstr(&out),
			       "damaged at packet 2, offset 43: impossible length 1073741824|"));
	m.b.len = 0;
	ng_section(&m);
	ng_packet(&m, 6, 3, 0, "abc", 60);
	assert_non_null(strstr(one(&out, m.b.p, m.b.len), "no such interface: 3"));
	buf_free(&m.b);
	buf_free(&out);
}

/* Frames that end anywhere relative to the reader's buffer. */
static void
test_large(void **state)
{
	enum { FRAMES = 3000 };
	struct maker m = { 0 };
	char *name, err[SENTENCE];
	struct capture *c;
	struct frame f[32];

	(void)state;
	pcap_header(&m, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < FRAMES; i++) {
		w32(&m, i);
		w32(&m, 0);
		w32(&m, i);
		w32(&m, i);
		memset(buf_put(&m.b, i), (int)(i & 255), i);
	}
	name = file('a', m.b.p, m.b.len);
	c = capture_open_files(&name, 1, &(struct capture_options){ 0 }, err, sizeof(err));
	assert_non_null(c);
	for (uint32_t i = 0, got; i < FRAMES; i += got) {
		assert_int_equal(capture_next(c, f, i % 2 == 0 ? 32 : 1, &got), CAPTURE_FRAME);
		assert_in_range(got, 1, 32);
		for (uint32_t j = 0; j < got; j++) {
			assert_int_equal(f[j].ts, (i + j) * 1000000000ll);
			assert_int_equal(f[j].caplen, i + j);
			for (uint32_t k = 0; k < i + j; k++)
				if (f[j].bytes[k] != ((i + j) & 255))
					fail_msg("frame %u byte %u", i + j, k);
		}
	}
	assert_int_equal(next_one(c, f), CAPTURE_END);
	capture_free(&c);
	buf_free(&m.b);
}

static void
test_merge(void **state)
{
	struct maker a = { 0 }, b = { .big = true }, c = { 0 };
	struct buf out = { 0 };
	char *names[3];

	(void)state;
	pcap_header(&a, 0xa1b2c3d4, 1);
	pcap_frame(&a, 5, 0, "a5", 2);
	pcap_frame(&a, 7, 0, "a7", 2);
	pcap_frame(&a, 6, 0, "a6", 2); /* back in time: stays behind a7 */
	pcap_frame(&a, 9, 0, "a9", 2);
	pcap_header(&b, 0xa1b23c4d, 1);
	pcap_frame(&b, 1, 0, "b1", 2);
	pcap_frame(&b, 5, 0, "b5", 2);
	pcap_frame(&b, 8, 0, "b8", 2);
	pcap_header(&c, 0xa1b2c3d4, 1); /* nothing in it */
	names[0] = file('a', a.b.p, a.b.len);
	names[1] = file('b', b.b.p, b.b.len);
	names[2] = file('c', c.b.p, c.b.len);
	read_all(&out, names, 3, false, NULL);
	assert_string_equal(
	    buf_cstr(&out),
	    "1000000000 2/2@1 b1|5000000000 2/2@1 a5|5000000000 2/2@1 b5|7000000000 2/2@1 a7|"
	    "6000000000 2/2@1 a6|8000000000 2/2@1 b8|9000000000 2/2@1 a9|");
	read_all(&out, names, 3, true, NULL);
	assert_string_equal(
	    buf_cstr(&out),
	    "5000000000 2/2@1 a5|7000000000 2/2@1 a7|6000000000 2/2@1 a6|9000000000 2/2@1 a9|"
	    "1000000000 2/2@1 b1|5000000000 2/2@1 b5|8000000000 2/2@1 b8|");
	/* A cut file is told once, in its place; the other one goes on. */
	names[1] = file('b', b.b.p, b.b.len - 1);
	read_all(&out, names, 3, false, NULL);
	assert_non_null(strstr(buf_cstr(&out), "b5|!"));
	assert_non_null(
	    strstr(buf_cstr(&out), "/b: cut short in packet 3 at offset 60|7000000000 2/2@1 a7|"));
	assert_non_null(strstr(buf_cstr(&out), "a9|"));
	buf_free(&a.b);
	buf_free(&b.b);
	buf_free(&c.b);
	buf_free(&out);
}

static void
test_filter(void **state)
{
	struct maker m = { 0 };
	struct buf out = { 0 };
	char *name;

	(void)state;
	pcap_header(&m, 0xa1b2c3d4, 101);
	/* IPv4 headers in letters: the tenth byte is the protocol, U (85) or V (86) */
	pcap_frame(&m, 1, 0, "E00000000U0000000000", 20);
	pcap_frame(&m, 2, 0, "E00000000V0000000000", 20);
	name = file('a', m.b.p, m.b.len);
	read_all(&out, &name, 1, false, "ip proto 85");
	assert_string_equal(buf_cstr(&out), "1000000000 20/20@101 E00000000U0000000000|2000000000 "
					    "20/20@101 E00000000V0000000000-|");
	read_all(&out, &name, 1, false, "nonsense and");
	assert_memory_equal(buf_cstr(&out), "!!filter \"nonsense and\" (link type 101", 38);
	buf_free(&m.b);
	buf_free(&out);
}

/* --- what was dropped: times are us in the file, ns here; bins of a second */

/* The same bytes through a pipe: nothing can be read ahead. */
static const char *
piped(struct buf *out, const struct maker *m)
{
	char *name = (char[]){ "-" };
	int ends[2], in = dup(0);

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], m->b.p, m->b.len), (ssize_t)m->b.len);
	(void)close(ends[1]);
	assert_int_equal(dup2(ends[0], 0), 0);
	(void)close(ends[0]);
	read_all(out, &name, 1, false, NULL);
	assert_int_equal(dup2(in, 0), 0);
	(void)close(in);
	return (buf_cstr(out));
}

/* Statistics at the end: from a file they come behind the first frame, since its bin is the first; from a pipe last. */
static void
test_statistics(void **state)
{
	static const struct {
		uint32_t start, ifdrop, osdrop;
		const char *drops; /* NULL: none */
	} t[] = {
		{ NONE, 0, 1, "[1500000000 9000000000 1 0]" },
		{ NONE, NONE, 1, "[1500000000 9000000000 1 -]" },
		{ NONE, 3, NONE, "[1500000000 9000000000 0 3]" },
		{ 1200000, 3, 2, "[1200000000 9000000000 2 3]" },
		{ 1600000, 3, 2, "[1500000000 9000000000 2 3]" }, /* the packet was there */
		{ NONE, 0, 0, NULL },
		{ NONE, NONE, NONE, NULL },
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(t) / sizeof(t[0]); i++) {
		struct maker m = { .big = i % 2 };
		const char *drops = t[i / 2].drops != NULL ? t[i / 2].drops : "", *text;
		size_t n = strlen(drops);

		ng_section(&m);
		ng_interface(&m, 1, 0, 0, 0);
		ng_packet(&m, 6, 0, 1500000, "a", 1);
		ng_packet(&m, 6, 0, 2500000, "b", 1);
		ng_statistics(&m, 0, 9000000, t[i / 2].start, t[i / 2].ifdrop, t[i / 2].osdrop);
		text = one(&out, m.b.p, m.b.len);
		assert_memory_equal(text, "1500000000 1/1@1 a|", 19);
		assert_memory_equal(text + 19, drops, n);
		assert_string_equal(text + 19 + n, "2500000000 1/1@1 b|");
		text = piped(&out, &m);
		assert_memory_equal(text, "1500000000 1/1@1 a|2500000000 1/1@1 b|", 38);
		assert_string_equal(text + 38, drops);
		buf_free(&m.b);
	}
	buf_free(&out);
}

/* Each interface of each section has its own; statistics count since those before; a counter that is lower began again. */
static void
test_statistics_again(void **state)
{
	struct maker m = { 0 };
	struct buf out = { 0 };

	(void)state;
	ng_section(&m);
	ng_interface(&m, 1, 0, 0, 0);
	ng_interface(&m, 101, 0, 0, 0);
	ng_packet(&m, 6, 0, 1500000, "a", 1);
	ng_statistics(&m, 0, 1900000, NONE, NONE, 5);
	ng_statistics(&m, 7, 1900000, NONE, NONE, 99); /* there is none */
	ng_packet(&m, 6, 1, 3500000, "b", 1);
	ng_statistics(&m, 0, 4000000, NONE, NONE, 5);
	ng_packet(&m, 6, 0, 5500000, "c", 1);
	ng_statistics(&m, 0, 6000000, NONE, NONE, 7);
	ng_statistics(&m, 1, 6000000, NONE, 2, 1);
	ng_packet(&m, 6, 0, 8500000, "d", 1);
	ng_statistics(&m, 0, 9000000, NONE, NONE, 3);
	m.big = true;
	ng_section(&m);
	ng_interface(&m, 1, 0, 0, 0);
	ng_packet(&m, 6, 0, 9500000, "e", 1);
	ng_statistics(&m, 0, 0, NONE, NONE, 4); /* without a time */
	/* The 2 were dropped from 4.0 on; that bin has no frame and would have no record, so they begin with the next. */
	assert_string_equal(one(&out, m.b.p, m.b.len),
	    "1500000000 1/1@1 a|[1500000000 1900000000 5 -]3500000000 1/1@101 b|[3500000000 6000000000 1 2]"
	    "5500000000 1/1@1 c|[5000000000 6000000000 2 -]8500000000 1/1@1 d|[6000000000 9000000000 3 -]"
	    "9500000000 1/1@1 e|[9500000000 9500000000 4 -]");
	buf_free(&m.b);
	buf_free(&out);
}

/* A packet tells of those before it, in time; statistics, which count them too, of the rest. */
static void
test_dropcount(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (int big = 0; big < 2; big++) {
		struct maker m = { .big = big };

		ng_section(&m);
		ng_interface(&m, 1, 0, 0, 0);
		ng_dropped(&m, 0, 1500000, "a", 2);
		ng_dropped(&m, 0, 3500000, "b", 3);
		ng_dropped(&m, 0, 3600000, "c", 0);
		ng_statistics(&m, 0, 4000000, NONE, 1, 5);
		ng_dropped(&m, 0, 4500000, "d", 1);
		ng_statistics(&m, 0, 5000000, NONE, 2, 9);
		assert_string_equal(one(&out, m.b.p, m.b.len),
		    "1500000000 1/1@1 a|[1500000000 4000000000 0 1][1500000000 1500000000 2 -]"
		    "[1500000000 3500000000 3 -]3500000000 1/1@1 b|3600000000 1/1@1 c|"
		    "[3600000000 4500000000 1 -]4500000000 1/1@1 d|[4000000000 5000000000 3 1]");
		buf_free(&m.b);
	}
	buf_free(&out);
}

/* Of several files in the order of time; read again, they are told once. */
static void
test_merged_drops(void **state)
{
	struct maker a = { 0 }, b = { .big = true };
	struct buf out = { 0 };
	char *names[2];

	(void)state;
	ng_section(&a);
	ng_interface(&a, 1, 0, 0, 0);
	ng_dropped(&a, 0, 1500000, "a", 1);
	ng_dropped(&a, 0, 5500000, "c", 2);
	ng_section(&b);
	ng_interface(&b, 1, 0, 0, 0);
	ng_packet(&b, 6, 0, 3500000, "b", 1);
	ng_packet(&b, 6, 0, 7500000, "d", 1);
	ng_statistics(&b, 0, 7600000, NONE, NONE, 4);
	names[0] = file('a', a.b.p, a.b.len);
	names[1] = file('b', b.b.p, b.b.len);
	for (int as_is = 0; as_is < 2; as_is++) {
		read_all(&out, names, 2, as_is, NULL);
		assert_string_equal(buf_cstr(&out), as_is ?
		    "1500000000 1/1@1 a|[1500000000 1500000000 1 -][1500000000 5500000000 2 -]5500000000 1/1@1 c|"
		    "[3500000000 7600000000 4 -]3500000000 1/1@1 b|7500000000 1/1@1 d|" :
		    "1500000000 1/1@1 a|[1500000000 1500000000 1 -][1500000000 5500000000 2 -]3500000000 1/1@1 b|"
		    "[3500000000 7600000000 4 -]5500000000 1/1@1 c|7500000000 1/1@1 d|");
	}
	buf_free(&a.b);
	buf_free(&b.b);
	buf_free(&out);
}

/* A large file, of either byte order, is looked through if its end tells of drops. */
static void
test_large_drops(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		const uint32_t drop = i % 2;
		struct maker m = { .big = i > 1 }, end = { .big = i > 1 };
		const uint32_t hole = 65 << 20; /* a block of 65 MiB of which hardly anything is on disk */
		char *name;
		FILE *f;

		ng_section(&m);
		ng_interface(&m, 1, 0, 0, 0);
		ng_packet(&m, 6, 0, 1500000, "a", 1);
		ng_statistics(&m, 0, 1900000, NONE, NONE, 5);
		ng_packet(&m, 6, 0, 2500000, "b", 1);
		w32(&m, 0xbad);
		w32(&m, hole);
		w32(&end, hole);
		ng_statistics(&end, 0, 3000000, NONE, NONE, drop); /* it began again: 5 + 1, or 5 + 0 */
		name = file('a', m.b.p, m.b.len);
		f = fopen(name, "r+b");
		assert_non_null(f);
		assert_int_equal(fseek(f, (long)m.b.len - 8 + (long)hole - 4, SEEK_SET), 0);
		assert_int_equal(fwrite(end.b.p, 1, end.b.len, f), end.b.len);
		assert_int_equal(fclose(f), 0);
		read_all(&out, &name, 1, false, NULL);
		assert_string_equal(buf_cstr(&out), drop > 0 ?
		    "1500000000 1/1@1 a|[1500000000 1900000000 5 -][1900000000 3000000000 1 -]2500000000 1/1@1 b|" :
		    "1500000000 1/1@1 a|[1500000000 1900000000 5 -]2500000000 1/1@1 b|");
		buf_free(&m.b);
		buf_free(&end.b);
	}
	buf_free(&out);
}

#ifdef HAVE_ZLIB
/* Adds a gzip member. */
static void
pack(struct buf *to, const uint8_t *bytes, size_t n)
{
	z_stream z = { 0 };
	size_t most = n + n / 100 + 1024;

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)bytes;
	z.avail_in = (uInt)n;
	z.next_out = buf_room(to, most);
	z.avail_out = (uInt)most;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	to->len += z.total_out;
	deflateEnd(&z);
}

/* gzip, as one member and as two that follow each other, and cut. */
static void
test_gzip(void **state)
{
	struct maker m = { 0 };
	struct buf out = { 0 }, packed = { 0 };
	const char *expect = "1000000000 3/60@1 abc|2000000000 4/60@1 defg|", *text;
	size_t half, member;

	(void)state;
	pcap_header(&m, 0xa1b2c3d4, 1);
	pcap_frame(&m, 1, 0, "abc", 60);
	half = m.b.len;
	pcap_frame(&m, 2, 0, "defg", 60);
	pack(&packed, m.b.p, m.b.len);
	assert_string_equal(one(&out, packed.p, packed.len), expect);
	packed.len = 0;
	pack(&packed, m.b.p, half);
	member = packed.len;
	pack(&packed, m.b.p + half, m.b.len - half);
	assert_string_equal(one(&out, packed.p, packed.len), expect);
	for (size_t n = 4; n < packed.len; n++) { /* (shorter: not known to be gzip) */
		const char *bang;

		text = one(&out, packed.p, n);
		bang = strchr(text, '!');
		if (n == member) {
			assert_string_equal(text, "1000000000 3/60@1 abc|");
			continue;
		}
		assert_non_null(bang);
		assert_memory_equal(text, expect, (size_t)(bang - text));
		assert_ptr_equal(strchr(bang, '|'), text + strlen(text) - 1); /* one sentence */
		if (n == member + 1)
			assert_non_null(strstr(bang, "something else follows"));
		else
			assert_non_null(strstr(bang, "gzip data cut short behind packet "));
	}
	buf_free(&m.b);
	buf_free(&out);
	buf_free(&packed);
}

/* Whatever follows the members: zeros are nothing, all else is said, once, and the frames before it are kept. */
static void
test_gzip_behind(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *say; /* NULL: nothing */
	} t[] = {
		{ "\0\0\0\0\0", 5, NULL },
		{ "x", 1, "something else follows at offset " },
		{ "\x1f", 1, "something else follows at offset " },
		{ "\x1fx", 2, "something else follows at offset " },
		{ "\0\0\x1f\x8b\x08\0", 6, "something else follows at offset " },
		{ "trailing garbage", 16, "something else follows at offset " },
		{ "\x1f\x8b\x07\0\0\0\0\0\0\0\0", 11, "damaged gzip data behind packet 2" },
		{ "\x1f\x8b\x08", 3, "gzip data cut short behind packet 2" },
	};
	struct maker m = { 0 };
	struct buf out = { 0 }, packed = { 0 };
	const char *expect = "1000000000 3/60@1 abc|2000000000 4/60@1 defg|";
	size_t whole;

	(void)state;
	pcap_header(&m, 0xa1b2c3d4, 1);
	pcap_frame(&m, 1, 0, "abc", 60);
	pcap_frame(&m, 2, 0, "defg", 60);
	pack(&packed, m.b.p, m.b.len);
	whole = packed.len;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *text;

		packed.len = whole;
		buf_add(&packed, t[i].bytes, t[i].n);
		text = one(&out, packed.p, packed.len);
		assert_memory_equal(text, expect, strlen(expect));
		text += strlen(expect);
		if (t[i].say == NULL)
			assert_string_equal(text, "");
		else if (*text != '!' || strstr(text, t[i].say) == NULL || strchr(text, '|')[1] != '\0')
			fail_msg("%zu: %s", i, text);
	}
	packed.len = whole - 9; /* the end of the deflate data, spoilt */
	buf_add(&packed, "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
	assert_non_null(strstr(one(&out, packed.p, packed.len), "|!"));
	buf_free(&m.b);
	buf_free(&out);
	buf_free(&packed);
}

/* Larger than every buffer, before and behind compression: as one member, as many, and cut. */
static void
test_gzip_large(void **state)
{
	enum { FRAMES = 1200, LENGTH = 1400 };
	struct maker m = { 0 };
	struct buf packed = { 0 };
	uint32_t x = 1;

	(void)state;
	pcap_header(&m, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < FRAMES; i++) {
		w32(&m, i);
		w32(&m, 0);
		w32(&m, LENGTH);
		w32(&m, LENGTH);
		for (int k = 0; k < LENGTH; k++) {
			x = x * 1664525 + 1013904223;
			buf_u8(&m.b, (uint8_t)(x >> 24));
		}
	}
	for (int kind = 0; kind < 3; kind++) {
		size_t step = kind == 1 ? 100001 : m.b.len, n = 0;
		char *name, err[SENTENCE];
		enum capture_result r;
		struct capture *c;
		struct frame f;

		packed.len = 0;
		for (size_t at = 0; at < m.b.len; at += step)
			pack(&packed, m.b.p + at, m.b.len - at < step ? m.b.len - at : step);
		assert_true(packed.len > 1 << 20);
		name = file('a', packed.p, kind == 2 ? packed.len - 700000 : packed.len);
		c = capture_open_files(&name, 1, &(struct capture_options){ 0 }, err, sizeof(err));
		assert_non_null(c);
		while ((r = next_one(c, &f)) == CAPTURE_FRAME) {
			assert_int_equal(f.ts, n++ * 1000000000ll);
			assert_int_equal(f.caplen, LENGTH);
		}
		assert_int_equal(r, kind == 2 ? CAPTURE_ERROR : CAPTURE_END);
		if (kind == 2) /* the data can hardly be compressed: so many frames of 1416 bytes are whole */
			assert_in_range(n, FRAMES - 700000 / 1416 - 5, FRAMES - 700000 / 1416);
		else
			assert_int_equal(n, FRAMES);
		capture_free(&c);
	}
	buf_free(&m.b);
	buf_free(&packed);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcap),	   cmocka_unit_test(test_kuznetzov),
		cmocka_unit_test(test_pcapng),	   cmocka_unit_test(test_cut_pcap),
		cmocka_unit_test(test_cut_pcapng), cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_damage),	   cmocka_unit_test(test_large),
		cmocka_unit_test(test_merge),	   cmocka_unit_test(test_filter),
		cmocka_unit_test(test_statistics), cmocka_unit_test(test_statistics_again),
		cmocka_unit_test(test_dropcount),  cmocka_unit_test(test_merged_drops),
		cmocka_unit_test(test_large_drops),
#ifdef HAVE_ZLIB
		cmocka_unit_test(test_gzip),	   cmocka_unit_test(test_gzip_behind),
		cmocka_unit_test(test_gzip_large),
#endif
	};

	return (cmocka_run_group_tests(tests, setup, teardown));
}
