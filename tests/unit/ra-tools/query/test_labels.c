/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_labels.c: the longest prefix by ranges is that of a walk through the list; lists and databases.
 */
#include "ra-tools/query/labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char err[512];

static struct labels *
listed(const char *text)
{
	struct labels *l = labels_new();
	char path[] = "/tmp/test_labels.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	if (!labels_add(l, path, err, sizeof(err)))
		labels_free(&l);
	else
		labels_ready(l);
	(void)unlink(path);
	return (l);
}

static const char *
label(const struct labels *l, const char *address)
{
	static char text[64];
	struct ip ip;
	struct blob b;

	assert_true(ip_parse(address, strlen(address), &ip));
	b = labels_of(l, &ip);
	(void)snprintf(text, sizeof(text), "%.*s", (int)b.n, b.n > 0 ? (const char *)b.p : "");
	return (text);
}

static void
edges(void **state)
{
	struct labels *l =
	    listed("0.0.0.0/0,all\n255.255.255.255,last\n0.0.0.0,first\n10.0.0.0/8,ten\n"
		   "10.255.255.255/32,edge\n10.0.0.0/9,low\n::/0,six\n"
		   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128,end\n");

	(void)state;
	assert_string_equal(label(l, "0.0.0.0"), "first");
	assert_string_equal(label(l, "0.0.0.1"), "all");
	assert_string_equal(label(l, "9.255.255.255"), "all");
	assert_string_equal(label(l, "10.0.0.0"), "low");
	assert_string_equal(label(l, "10.127.255.255"), "low");
	assert_string_equal(label(l, "10.128.0.0"), "ten");
	assert_string_equal(label(l, "10.255.255.254"), "ten");
	assert_string_equal(label(l, "10.255.255.255"), "edge");
	assert_string_equal(label(l, "11.0.0.0"), "all");
	assert_string_equal(label(l, "255.255.255.254"), "all");
	assert_string_equal(label(l, "255.255.255.255"), "last");
	assert_string_equal(label(l, "::"), "six");
	assert_string_equal(label(l, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), "six");
	assert_string_equal(label(l, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "end");
	labels_free(&l);
	l = listed("10.1.0.0/16,x\n");
	assert_string_equal(label(l, "10.0.255.255"), "");
	assert_string_equal(label(l, "10.2.0.0"), "");
	assert_string_equal(label(l, "fe80::1"), "");
	labels_free(&l);
	assert_null(listed("10.1.0.0/16\n"));
	assert_null(listed("10.1.0.0/16,\n"));
	assert_null(listed("10.1.0.0/33,x\n"));
	assert_null(listed("10.0.0.0/8,x\nprefix,label\n"));
}

struct line {
	struct ip net;
	unsigned len;
	unsigned label;
};

static uint64_t rng = 88172645463325252ull;

static uint64_t
next(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	return (rng ^= rng << 17);
}

/* Addresses of few bits, so that prefixes nest. */
static struct ip
some(bool four)
{
	struct ip ip = { { 0x20, 1 } };
	uint8_t v4[4] = { 10, (uint8_t)(next() % 4), (uint8_t)(next() % 3 * 127), (uint8_t)next() };

	if (four)
		return (ip_v4(v4));
	for (int i = 2; i < 16; i++)
		ip.b[i] = next() % 3 == 0 ? (uint8_t)next() : 0;
	return (ip);
}

static bool
inside(const struct ip *ip, const struct ip *net, unsigned len)
{
	struct ip masked = ip_mask(ip, len);

	return (ip_is4(ip) == ip_is4(net) && ip_cmp(&masked, net) == 0);
}

static void
as_naive(void **state)
{
	static struct line line[400];
	char *text = malloc(400 * 80);

	(void)state;
	for (int round = 0; round < 30; round++) {
		size_t at = 0, n = 1 + next() % 399;
		struct labels *l;

		for (size_t i = 0; i < n; i++) {
			struct ip ip = some(next() % 2);
			char a[IP_TEXT];

			line[i].len = (unsigned)(next() % (ip_is4(&ip) ? 33 : 129));
			line[i].net = ip_mask(&ip, line[i].len);
			line[i].label = (unsigned)(next() % 50);
			(void)ip_text(&line[i].net, a);
			at +=
			    (size_t)sprintf(text + at, "%s/%u,%u\n", a, line[i].len, line[i].label);
		}
		l = listed(text);
		assert_non_null(l);
		for (int k = 0; k < 2000; k++) {
			struct ip ip = some(next() % 2);
			struct blob b = labels_of(l, &ip);
			char want[16] = "";
			int best = -1;

			for (size_t i = 0; i < n; i++)
				if (inside(&ip, &line[i].net, line[i].len) && (int)line[i].len >= best) {
					best = (int)line[i].len;
					(void)sprintf(want, "%u", line[i].label);
				}
			assert_int_equal(b.n, strlen(want));
			assert_memory_equal(b.n > 0 ? (const char *)b.p : "", want, b.n);
		}
		labels_free(&l);
	}
	free(text);
}

static void
many(void **state)
{
	struct labels *l = labels_new();
	char path[] = "/tmp/test_labels.XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	clock_t began;
	uint64_t found = 0;

	(void)state;
	assert_non_null(f);
	for (int i = 0; i < 100000; i++)
		(void)fprintf(f, "%d.%d.%d.0/24,l%d\n", 1 + i / 65536, i / 256 % 256, i % 256,
			      i % 1000);
	(void)fclose(f);
	assert_true(labels_add(l, path, err, sizeof(err)));
	labels_ready(l);
	(void)unlink(path);
	began = clock();
	for (int i = 0; i < 2000000; i++) {
		uint64_t v = next();
		struct ip ip = ip_v4(
		    (const uint8_t[]){ 1, (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16) });

		found += labels_of(l, &ip).n > 0;
	}
	assert_int_equal(found, 2000000);
	/* some 50 ns each; a walk through the list would take minutes */
	assert_true(clock() - began < 4 * CLOCKS_PER_SEC);
	labels_free(&l);
}

static bool
add_database(struct labels *l, const char *name)
{
	const char *src = getenv("PAVO_SRC");
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/tests/cli/%s", src != NULL ? src : ".", name);
	if (labels_add(l, path, err, sizeof(err)))
		return (true);
	assert_non_null(strstr(err, "without libmaxminddb"));
	return (false);
}

static void
put(struct batch *b, const char *source, const char *destination)
{
	struct flow f;

	flow_clear(&f);
	assert_true(ip_parse(source, strlen(source), &f.v[F_saddr].ip));
	assert_true(ip_parse(destination, strlen(destination), &f.v[F_daddr].ip));
	bit_set(f.present, F_saddr);
	bit_set(f.present, F_daddr);
	SET(&f, das, 7); /* what the file said */
	batch_add(b, &f);
}

/* The databases are small: tests/cli/mkmmdb says what is in them. */
static void
databases(void **state)
{
	struct labels *l = labels_new();
	struct batch *b = batch_new(4);

	(void)state;
	if (!add_database(l, "country.mmdb") || !add_database(l, "asn.mmdb")) {
		labels_free(&l);
		batch_free(&b);
		skip();
	}
	labels_ready(l);
	put(b, "192.0.2.7", "10.0.1.9");
	put(b, "2001:db8::1", "10.0.2.1");
	put(b, "172.16.0.1", "2001:db9::");
	labels_fill(l, NULL, b);
	assert_null(b->col[F_slabel]);
	assert_memory_equal(b->col[F_sco]->b[0].p, "DE", 2);
	assert_memory_equal(b->col[F_sco]->b[1].p, "IS", 2);
	assert_false(column_has(b->col[F_sco], 2));
	assert_memory_equal(b->col[F_dco]->b[0].p, "FR", 2);
	assert_false(column_has(b->col[F_dco], 1));
	assert_false(column_has(b->col[F_sas], 0));
	assert_int_equal(b->col[F_sas]->u[1], 4200000001);
	assert_int_equal(b->col[F_das]->u[0], 64496);
	assert_int_equal(b->col[F_das]->u[1], 64496);
	assert_false(column_has(b->col[F_das], 2));
	batch_free(&b);
	labels_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges),
		cmocka_unit_test(as_naive),
		cmocka_unit_test(many),
		cmocka_unit_test(databases),
	};

	return (cmocka_run_group_tests_name("labels", tests, NULL, NULL));
}
