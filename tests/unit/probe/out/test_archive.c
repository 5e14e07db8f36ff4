/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_archive.c: which file a record goes into, when it is complete, and what an earlier probe has left.
 */
#include "probe/out/archive.h"

#include "format/base/clock.h"
#include "format/reader.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define T (5 * SEC)
#define BEGIN (1795269900 * SEC) /* 2026-11-21 14:05:00 */
#define AT(seconds) (BEGIN + (seconds) * SEC)

static char dir[] = "/tmp/test_archive.XXXXXX";

static struct archive_options
options(const char *name, int64_t rotate)
{
	return ((struct archive_options){ .name = name, .rotate = rotate, .bring = 1,
	    .writer = { .segment = { .probe = "gw", .interval = 5 } } });
}

static struct archive *
begin(const char *name, int64_t rotate)
{
	struct archive_options o = options(name, rotate);
	char err[512];
	struct archive *a = archive_open(&o, err, sizeof(err));

	if (a == NULL)
		fail_msg("%s", err);
	assert_true(archive_begin(a));
	return (a);
}

static void
end(struct archive *a)
{
	char err[512];

	if (!archive_close(&a, err, sizeof(err)))
		fail_msg("%s", err);
}

/* Rows of bins that begin at these seconds behind BEGIN; INT64_MAX ends them. */
static void
put(struct archive *a, unsigned who, const int64_t *seconds)
{
	struct batch *b = batch_new(100);

	for (; *seconds != INT64_MAX; seconds++) {
		struct flow f = { 0 };

		SET(&f, rectype, RECTYPE_FLOW);
		SET(&f, bstart, AT(*seconds));
		SET(&f, bend, AT(*seconds) + T);
		SET(&f, spkts, 1);
		batch_add(b, &f);
	}
	assert_true(archive_put(a, who, b));
	assert_null(b->sel);
	batch_free(&b);
}
#define PUT(a, who, ...) put(a, who, (const int64_t[]){ __VA_ARGS__, INT64_MAX })

static void
turn(struct archive *a, unsigned who, int64_t home, int64_t sealed, int64_t cut)
{
	archive_turn(a, who, &(struct turn){ AT(home), AT(sealed), cut == 0 ? INT64_MIN : AT(cut), INT64_MIN });
}

/* Seconds of the rows of a closed file, in a line; "-": there is none; "?": something is wrong with it. */
static const char *
rows(const char *name)
{
	static char text[4096];
	char err[512];
	struct reader *r;
	struct batch *b;
	size_t n = 0;

	if (access(name, F_OK) != 0)
		return ("-");
	if ((r = reader_open(name, err, sizeof(err))) == NULL)
		return ("?");
	text[0] = '\0';
	while ((b = reader_next(r, NULL)) != NULL)
		for (uint32_t i = 0; i < b->rows; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%lld", n > 0 ? " " : "",
			    (long long)((column_value(b->col[F_bstart], i).i - BEGIN) / SEC));
	if (reader_error(r) != NULL || reader_totals(r).closed != reader_totals(r).segments)
		(void)snprintf(text, sizeof(text), "?");
	reader_close(&r);
	return (text);
}

static uint64_t
segments(const char *name)
{
	char err[512];
	struct reader *r = reader_open(name, err, sizeof(err));
	uint64_t n;

	assert_non_null(r);
	while (reader_next(r, NULL) != NULL)
		;
	n = reader_totals(r).segments;
	reader_close(&r);
	return (n);
}

#define PATTERN "a/%Y%m%d/%H/$probe-%M.pavo"
#define F(minute) "a/20261121/14/gw-" minute ".pavo"

static void
test_rotate(void **state)
{
	struct archive *a = begin(PATTERN, 300 * SEC);
	struct stat st;

	(void)state;
	PUT(a, 0, 0, 5, 295);
	assert_string_equal(rows(F("05")), "-");
	assert_int_equal(access(F("05") ".part", F_OK), 0);
	turn(a, 0, 300, -300, 0);
	PUT(a, 0, 300, 295, 305, 10, 300); /* bins of both are written for a while */
	turn(a, 0, 300, 300, 0);
	assert_string_equal(rows(F("05")), "0 5 295 295 10");
	assert_int_equal(access(F("05") ".part", F_OK), -1);
	assert_int_equal(stat(F("05"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	PUT(a, 0, 5, 310, -1000); /* it is closed: what comes later goes into the one that is open */
	assert_string_equal(rows(F("05")), "0 5 295 295 10");
	turn(a, 0, 900, 900, 0);
	assert_string_equal(rows(F("10")), "300 305 300 5 310 -1000");
	PUT(a, 0, 905);
	end(a);
	assert_string_equal(rows(F("15")), "-");
	assert_string_equal(rows(F("20")), "905");
	a = begin(PATTERN, 300 * SEC); /* again: what is there stays */
	PUT(a, 0, 910);
	end(a);
	assert_string_equal(rows(F("20")), "905");
	assert_string_equal(rows(F("20_2")), "910");
}

/* A file is closed when nobody brings rows of it any more. */
static void
test_several(void **state)
{
	struct archive_options o = options("b-%H%M.pavo", 300 * SEC);
	struct archive *a;
	char err[512];

	(void)state;
	o.bring = 2;
	a = archive_open(&o, err, sizeof(err));
	assert_non_null(a);
	PUT(a, 0, 0);
	turn(a, 0, 300, 300, 0);
	PUT(a, 1, 5);
	assert_string_equal(rows("b-1405.pavo"), "-");
	PUT(a, 0, 10); /* of the first: closed for it */
	turn(a, 1, 300, 300, 0);
	assert_string_equal(rows("b-1405.pavo"), "0 5");
	end(a);
	assert_string_equal(rows("b-1410.pavo"), "10");
}

/* HUP, with rotation: another file from there on. */
static void
test_cut(void **state)
{
	struct archive *a = begin("c-%H%M.pavo", 300 * SEC);

	(void)state;
	PUT(a, 0, 0, 5);
	turn(a, 0, 0, -300, 20);
	PUT(a, 0, 15, 20, 25);
	assert_string_equal(rows("c-1405.pavo"), "-");
	turn(a, 0, 20, 20, 20);
	assert_string_equal(rows("c-1405.pavo"), "0 5 15");
	PUT(a, 0, 10, 295, 300);
	turn(a, 0, 300, 300, 20);
	assert_string_equal(rows("c-1405_2.pavo"), "20 25 10 295");
	end(a);
	assert_string_equal(rows("c-1410.pavo"), "300");
}

/* HUP, without: the file is complete, and one of its name goes on. */
static void
test_reopen(void **state)
{
	struct archive *a = begin("d.pavo", 0);

	(void)state;
	PUT(a, 0, 0, 5);
	assert_int_equal(rename("d.pavo", "d.1"), 0);
	archive_turn(a, 0, &(struct turn){ INT64_MIN, INT64_MIN, AT(10), INT64_MIN });
	PUT(a, 0, 5, 10, 0); /* of the next one: it waits */
	archive_turn(a, 0, &(struct turn){ AT(10), AT(10), AT(10), INT64_MIN });
	assert_string_equal(rows("d.1"), "0 5 5 0");
	PUT(a, 0, 15, 5);
	archive_turn(a, 0, &(struct turn){ AT(10), AT(10), AT(20), INT64_MIN });
	archive_turn(a, 0, &(struct turn){ AT(20), AT(20), AT(20), INT64_MIN }); /* nobody has moved it */
	assert_string_equal(rows("d.pavo"), "10 15 5");
	PUT(a, 0, 20);
	end(a);
	assert_string_equal(rows("d.pavo"), "10 15 5 20");
	assert_int_equal(segments("d.pavo"), 2);
	a = begin("d.pavo", 0); /* another run replaces it */
	archive_turn(a, 0, &(struct turn){ INT64_MIN, INT64_MIN, AT(10), INT64_MIN });
	PUT(a, 0, 10); /* and ends before the first part is known to be complete */
	end(a);
	assert_string_equal(rows("d.pavo"), "10");
}

/* Wild times: more files than may be open. */
static void
test_many(void **state)
{
	struct archive *a = begin("e-%Y%m%d.pavo", 86400 * SEC);
	char name[64];

	(void)state;
	for (int round = 0; round < 3; round++)
		for (int64_t day = 30; day-- > 0;)
			PUT(a, 0, day * 86400);
	turn(a, 0, 10 * 86400, 9 * 86400 + 33900, 0); /* midnight */
	assert_string_equal(rows("e-20261121.pavo"), "0 0 0");
	assert_true(segments("e-20261121.pavo") > 1);
	assert_string_equal(rows("e-20261201.pavo"), "-");
	end(a);
	for (int64_t day = 0; day < 10; day++) {
		(void)snprintf(name, sizeof(name), "e-202611%02lld.pavo", (long long)day + 21);
		if (day < 10)
			assert_true(strchr(rows(name), '?') == NULL && strlen(rows(name)) > 4);
	}
	assert_string_equal(rows("e-20261220.pavo"), "2505600 2505600 2505600");
}

static void
test_lock(void **state)
{
	struct archive_options o = options("l/%H%M-$probe.pavo", 300 * SEC), other = o;
	struct archive *a = begin(o.name, o.rotate), *b;
	char err[512], pid[64];

	(void)state;
	assert_null(archive_open(&o, err, sizeof(err)));
	(void)snprintf(pid, sizeof(pid), "process %ld,", (long)getpid());
	assert_non_null(strstr(err, pid));
	other.writer.segment.probe = "other"; /* other names, beside */
	b = archive_open(&other, err, sizeof(err));
	assert_non_null(b);
	end(b);
	end(a);
	assert_int_equal(access("l/.%H%M-gw.pavo.lock", F_OK), -1);
	a = begin(o.name, o.rotate);
	end(a);
}

/* A copy of a file of two blocks, cut short. */
static size_t one_block;

static void
leave(const char *name, off_t size)
{
	struct stat st;
	char buf[65536];
	int from, to;
	ssize_t n;
	struct archive *a = begin("whole.pavo", 0);

	PUT(a, 0, 0, 5);
	assert_int_equal(stat("whole.pavo", &st), 0);
	one_block = (size_t)st.st_size;
	PUT(a, 0, 10);
	end(a);
	from = open("whole.pavo", O_RDONLY);
	to = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	n = read(from, buf, sizeof(buf));
	assert_true(from >= 0 && to >= 0 && n > 0);
	assert_int_equal(write(to, buf, (size_t)(size < 0 ? n + size : size)), size < 0 ? n + size : size);
	(void)close(from);
	(void)close(to);
}

static void
test_left(void **state)
{
	struct archive *a;
	int held;

	(void)state;
	(void)mkdir("m", 0700);
	(void)mkdir("m/20261121", 0700);
	(void)mkdir("m/x", 0700);
	leave("m/20261121/1405.pavo.part", -1);	    /* without its end */
	leave("m/20261121/1405_2.pavo.part", (off_t)one_block + 9); /* in its second block */
	leave("m/20261121/1410.pavo.part", 0);	    /* nothing */
	leave("m/20261121/1415.pavo.part", -1);
	leave("m/20261121/1415.pavo", -1);	    /* the name is taken */
	leave("m/20261121/1420.pavo.part", -1);	    /* somebody writes it */
	leave("m/20261121/other.pavo.part", -1);    /* no name of ours */
	leave("m/x/1425.pavo.part", -1);
	held = open("m/20261121/1420.pavo.part", O_RDWR);
	assert_int_equal(flock(held, LOCK_EX), 0);
	a = begin("m/%Y%m%d/%H%M.pavo", 300 * SEC);
	assert_string_equal(rows("m/20261121/1405.pavo"), "0 5 10");
	assert_string_equal(rows("m/20261121/1405_2.pavo"), "0 5");
	assert_int_equal(access("m/20261121/1410.pavo.part", F_OK), -1);
	assert_int_equal(access("m/20261121/1410.pavo", F_OK), -1);
	assert_string_equal(rows("m/20261121/1415_2.pavo"), "0 5 10");
	assert_int_equal(access("m/20261121/1420.pavo.part", F_OK), 0);
	assert_int_equal(access("m/20261121/other.pavo.part", F_OK), 0);
	assert_int_equal(access("m/x/1425.pavo.part", F_OK), 0);
	(void)close(held);
	PUT(a, 0, 0);
	end(a);
	assert_string_equal(rows("m/20261121/1405_3.pavo"), "0");
}

/* What can not be written is said, and nothing foreign is touched. */
static void
test_refused(void **state)
{
	struct archive_options o = options("n/%H%M.pavo", 300 * SEC);
	char err[512];
	int fd = open("n", O_WRONLY | O_CREAT, 0600); /* no folder */

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	assert_null(archive_open(&o, err, sizeof(err)));
	assert_non_null(strstr(err, "Not a directory"));
	o.name = "/nonexistent/x/y.pavo";
	o.rotate = 0;
	assert_null(archive_open(&o, err, sizeof(err)));
	assert_non_null(strstr(err, "No such file"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rotate), cmocka_unit_test(test_several), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_reopen), cmocka_unit_test(test_many), cmocka_unit_test(test_lock), cmocka_unit_test(test_left),
		cmocka_unit_test(test_refused) };
	char command[64];
	int failed;

	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		return (99);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return (chdir("/") != 0 || system(command) != 0 || failed);
}
