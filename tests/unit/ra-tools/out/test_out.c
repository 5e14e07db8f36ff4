/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_out.c: the three formats, byte for byte.  stdout is a file while a format writes.
 */
#include "format/hist.h"
#include "ra-tools/out/grid.h"
#include "ra-tools/out/out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COLUMN(f, w, n) { .field = F_##f, .width = (w), .name = (n) }
static struct sheet_column columns[] = {
	COLUMN(saddr, 15, "saddr"), COLUMN(spkts, 8, "spkts"),   COLUMN(flowid, 16, "flowid"),
	COLUMN(probe, 6, "srcid"),  COLUMN(sploss, 7, "sploss"), COLUMN(slost, 5, "slost"),
};

static struct sheet_column *current = columns;
static unsigned ncurrent = sizeof(columns) / sizeof(columns[0]);

/* Three rows: everything there; a prefix, awkward text; absent and mixed. */
static struct batch *
rows(void)
{
	struct batch *b = batch_new(8);
	struct flow f;

	flow_clear(&f);
	SET_IP(&f, saddr, ip_v4((const uint8_t[]){ 10, 1, 2, 3 }));
	SET(&f, spkts, 1234567890123ull);
	SET(&f, flowid, 0x00000000deadbeefull);
	SET_BLOB(&f, probe, "tap", 3);
	SET(&f, slost, 1);
	SET(&f, suniq, 3);
	batch_add(b, &f);
	flow_clear(&f);
	SET_IP(&f, saddr, ip_v4((const uint8_t[]){ 10, 1, 2, 0 }));
	SET(&f, smask, 24);
	SET(&f, spkts, 7);
	SET_BLOB(&f, probe, "a,\"b\"", 5);
	batch_add(b, &f);
	flow_clear(&f);
	bit_set(f.mixed, F_saddr);
	bit_set(f.mixed, F_probe);
	batch_add(b, &f);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		(void)batch_derive(b, columns[i].field);
	return (b);
}

static uint32_t at_once = SHEET_ROWS; /* out->rows, so many; 0: one_row() */

/* A row by itself, each cell made anew. */
static void
one_row(const struct out *out, struct sheet *s, const struct batch *b, uint32_t r)
{
	if (out == &out_json) {
		json_record(s, b, r);
		return;
	}
	if (out != &out_csv) {
		out->row(s, b, r);
		return;
	}
	for (unsigned i = 0; i < s->n; i++) {
		if (i > 0)
			buf_u8(&s->out, (uint8_t)s->separator);
		s->cell.len = 0;
		if (sheet_cell(s, b, i, r, &s->cell) == CELL_HERE)
			csv_value(s, &s->out, s->cell.p, s->cell.len);
		else
			buf_str(&s->out, s->n == 1 && *s->null == '\0' ? "\"\"" : s->null);
	}
	buf_u8(&s->out, '\n');
}

/* The rows of a batch, which is freed. */
static char *
printed_rows(const struct out *out, struct sheet *s, struct batch *b)
{
	static char text[1 << 20];
	char path[] = "/tmp/test_out.XXXXXX";
	int fd = mkstemp(path), saved = dup(STDOUT_FILENO);
	ssize_t n;

	assert_true(fd >= 0 && saved >= 0);
	(void)fflush(stdout);
	(void)dup2(fd, STDOUT_FILENO);
	s->want = current;
	s->n = ncurrent;
	s->text.digits = s->text.digits == 0 ? 6 : s->text.digits;
	out->head(s);
	for (uint32_t r = 0, k; r < b->rows; r += k) {
		uint32_t row[SHEET_ROWS];

		for (k = 0; out->rows != NULL && k < at_once && r + k < b->rows; k++)
			row[k] = r + k;
		if (k > 0) {
			out->rows(s, b, row, k);
		} else {
			one_row(out, s, b, r);
			k = 1;
		}
	}
	if (out->pause != NULL)
		out->pause(s);
	out->tail(s);
	(void)dup2(saved, STDOUT_FILENO);
	(void)close(saved);
	n = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	(void)close(fd);
	(void)unlink(path);
	sheet_free(s);
	batch_free(&b);
	return (text);
}

static char *
printed(const struct out *out, struct sheet *s)
{
	return (printed_rows(out, s, rows()));
}

/* 2^53 is a double, 2^53 + 1 is none. */
static void
large(void **state)
{
	static const uint64_t counts[] = { 9007199254740992, 9007199254740993, UINT64_MAX };
	struct sheet s = { .n = 0 };

	(void)state;
	for (unsigned numbers = 0; numbers < 2; numbers++) {
		struct batch *b = batch_new(4);
		struct flow f;

		for (size_t i = 0; i < 3; i++) {
			flow_clear(&f);
			SET(&f, spkts, counts[i]);
			batch_add(b, &f);
		}
		s = (struct sheet){ .json_numbers = numbers };
		assert_string_equal(printed_rows(&out_json, &s, b), numbers ?
		    "{\"spkts\":9007199254740992}\n{\"spkts\":9007199254740993}\n{\"spkts\":18446744073709551615}\n" :
		    "{\"spkts\":9007199254740992}\n{\"spkts\":\"9007199254740993\"}\n{\"spkts\":\"18446744073709551615\"}\n");
	}
}

static void
csv(void **state)
{
	struct sheet s = { .separator = ',', .null = "-" };

	(void)state;
	assert_string_equal(printed(&out_csv, &s),
			    "saddr,spkts,flowid,srcid,sploss,slost\n"
			    "10.1.2.3,1234567890123,00000000deadbeef,tap,25,1\n"
			    "10.1.2.0/24,7,-,\"a,\"\"b\"\"\",-,-\n"
			    "-,-,-,-,-,-\n");
	s = (struct sheet){ .separator = ';', .null = "" };
	assert_string_equal(printed(&out_csv, &s),
			    "saddr;spkts;flowid;srcid;sploss;slost\n"
			    "10.1.2.3;1234567890123;00000000deadbeef;tap;25;1\n"
			    "10.1.2.0/24;7;;\"a,\"\"b\"\"\";;\n"
			    ";;;;;\n");
}

static void
json(void **state)
{
	struct sheet s = { .n = 0 };

	(void)state;
	assert_string_equal(printed(&out_json, &s),
			    "{\"saddr\":\"10.1.2.3\",\"spkts\":1234567890123,\"flowid\":"
			    "\"00000000deadbeef\",\"srcid\":\"tap\","
			    "\"sploss\":25,\"slost\":1}\n"
			    "{\"saddr\":\"10.1.2.0/24\",\"spkts\":7,\"srcid\":\"a,\\\"b\\\"\"}\n"
			    "{\"saddr\":null,\"srcid\":null}\n");
}

/* Buckets have their limits: 4 us is bucket 4 of quarter octaves and goes alone to 4; 8 and 9 are bucket 8. */
static void
lists(void **state)
{
	static struct sheet_column cols[] = { COLUMN(flags, 8, "flags"), COLUMN(health, 8, "health"), COLUMN(rttd_hist, 8, "rttd_hist"),
		COLUMN(slaghist, 8, "slaghist") };
	uint64_t count[HIST_BUCKETS] = { [4] = 5, [8] = 2 };
	struct sheet s = { .text.load = true, .null = "", .separator = ',' };
	struct sheet_column *before = current;

	(void)state;
	current = cols;
	ncurrent = 4;
	for (unsigned k = 0; k < 2; k++) {
		struct batch *b = batch_new(4);
		struct arena a = { 0 };
		struct flow f;

		flow_clear(&f);
		SET(&f, flags, RFLAGS_start | RFLAGS_late);
		SET(&f, health, 0);
		f.v[F_rttd_hist].b = f.v[F_slaghist].b = hist_pack(count, &a);
		bit_set(f.present, F_rttd_hist);
		bit_set(f.present, F_slaghist);
		batch_add(b, &f);
		s = (struct sheet){ .text.load = true, .null = "", .separator = ',' };
		assert_string_equal(printed_rows(k == 0 ? &out_json : &out_csv, &s, b), k == 0 ?
		    "{\"flags\":[\"start\",\"late\"],\"health\":[],\"rttd_hist\":[{\"from\":4,\"to\":4,\"count\":5},{\"from\":8,\"to\":9,\"count\":2}],"
		    "\"slaghist\":[{\"from\":16,\"to\":31,\"count\":5},{\"from\":256,\"to\":511,\"count\":2}]}\n" :
		    "flags,health,rttd_hist,slaghist\n\"start,late\",\"\",\"4-4:5,8-9:2\",\"16-31:5,256-511:2\"\n");
		arena_free(&a);
	}
	current = before;
	ncurrent = sizeof(columns) / sizeof(columns[0]);
}

static void
text(void **state)
{
	struct sheet s = { .n = 0 };

	(void)state;
	/* SrcPkts is wider than the table says, because a value is */
	assert_string_equal(
	    printed(&out_text, &s),
	    "SrcAddr               SrcPkts FlowId           Probe  SrcLoss% SrcLost\n"
	    "10.1.2.3        1234567890123 00000000deadbeef tap          25       1\n"
	    "10.1.2.0/24                 7 -                a,\"b\"         -       -\n"
	    "*                           - -                *             -       -\n");
}

static uint64_t seed = 88172645463325252ull;

static uint64_t
rnd(void) /* xorshift64 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed);
}

/* Values that come again, that do not, that are absent, mixed, long, of several bytes a letter. */
static struct batch *
many(uint64_t from)
{
	static const char *const words[] = { "a", "b\xc3\xb6", "\xe6\x97\xa5\xe6\x9c\xac", "",
		"a name of a probe that is longer than thirty-two bytes are" };
	struct batch *b = batch_new(1500);
	struct flow f;

	seed = from;
	for (uint32_t r = 0; r < 1500; r++) {
		const char *name = words[rnd() % 5];

		flow_clear(&f);
		if (rnd() % 8 != 0) {
			SET_IP(&f, saddr, ip_v4((const uint8_t[]){ 10, (uint8_t)(rnd() % 2), (uint8_t)rnd(), (uint8_t)rnd() }));
			SET(&f, spkts, rnd() % 2 ? rnd() % 9 : rnd() >> rnd() % 64);
		} else {
			bit_set(f.mixed, F_saddr);
		}
		SET(&f, flowid, rnd());
		SET_BLOB(&f, probe, name, strlen(name));
		SET(&f, slost, rnd() % 3);
		SET(&f, suniq, 3 + rnd() % 5);
		SET(&f, stime, 1700000000000000000ll + (int64_t)(rnd() % 4 ? r * 1000003ull : rnd() % (1ull << 50)));
		batch_add(b, &f);
	}
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		(void)batch_derive(b, columns[i].field);
	return (b);
}

static void
at_once_with(const struct out *out, const struct sheet *how, uint64_t from, uint32_t n)
{
	struct sheet one = *how, other = *how;
	char *want;

	at_once = 0;
	want = strdup(printed_rows(out, &one, many(from)));
	assert_non_null(want);
	at_once = n;
	assert_string_equal(printed_rows(out, &other, many(from)), want);
	at_once = SHEET_ROWS;
	free(want);
}

/* Many rows at once are the same text as one by one. */
static void
at_once_too(void **state)
{
	static const uint32_t together[] = { 1, 7, 512 };
	struct sheet_column first = columns[0], last = columns[5];

	(void)state;
	columns[5] = (struct sheet_column)COLUMN(stime, 10, "s.1time");
	for (unsigned k = 0; k < 3; k++)
		for (unsigned digits = 0; digits < 10; digits++) {
			struct sheet how = { .text = { .digits = digits }, .separator = ',', .null = "" };

			at_once_with(&out_text, &how, digits + 1, together[k]);
			how.text.load = true;
			at_once_with(&out_csv, &how, digits + 1, together[k]);
			at_once_with(&out_json, &how, digits + 1, together[k]);
			how.text.epoch = true;
			at_once_with(&out_csv, &how, digits + 1, together[k]);
			at_once_with(&out_json, &how, digits + 1, together[k]);
		}
	for (unsigned i = 1; i < 6; i++) { /* one column alone, which may be absent in a row */
		struct sheet how = { .separator = ',', .null = "" };

		columns[0] = columns[i];
		ncurrent = 1;
		at_once_with(&out_csv, &how, i, 512);
		at_once_with(&out_json, &how, i, 512);
		ncurrent = sizeof(columns) / sizeof(columns[0]);
	}
	columns[0] = first;
	columns[5] = last;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv),
		cmocka_unit_test(json), cmocka_unit_test(large),
		cmocka_unit_test(lists), cmocka_unit_test(text), cmocka_unit_test(at_once_too),
	};

	return (cmocka_run_group_tests_name("out", tests, NULL, NULL));
}
