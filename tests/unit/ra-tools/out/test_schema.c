/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_schema.c: what loaders have to know of columns.  The texts are written by hand.
 */
#include "ra-tools/out/loads.h"
#include "ra-tools/out/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COLUMN(f, n) { .field = F_##f, .name = (n) }
static struct sheet_column columns[] = { COLUMN(bstart, "bstart"), COLUMN(proto, "proto"), COLUMN(saddr, "saddr"),
	COLUMN(sloss, "sloss"), COLUMN(flags, "flags"), COLUMN(rttd_hist, "rttd_hist") };

static char text[16384];

/* What standard output would get. */
static const char *
printed(const char *arg, struct sheet *s)
{
	char path[] = "/tmp/test_schema.XXXXXX";
	int fd = mkstemp(path), saved = dup(STDOUT_FILENO);
	const char *why = NULL;
	struct schema x;
	ssize_t n;

	assert_true(fd >= 0 && saved >= 0);
	assert_true(schema_parse(&x, arg, &why));
	(void)fflush(stdout);
	(void)dup2(fd, STDOUT_FILENO);
	if (s->n == 0) {
		s->want = columns;
		s->n = sizeof(columns) / sizeof(columns[0]);
	}
	why = schema_print(&x, s);
	(void)dup2(saved, STDOUT_FILENO);
	(void)close(saved);
	n = pread(fd, text, sizeof(text) - 1, 0);
	(void)close(fd);
	(void)unlink(path);
	sheet_free(s);
	assert_true(n >= 0);
	text[n] = '\0';
	return (why == NULL ? text : why);
}

static void
has(const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("no \"%s\" in: %s", what, text);
}

static void
has_not(const char *what)
{
	if (strstr(text, what) != NULL)
		fail_msg("\"%s\" is in: %s", what, text);
}

/* Each type has a row. */
static void
complete(void **state)
{
	(void)state;
	for (int t = 0; t < TYPE_COUNT_; t++) {
		assert_non_null(loads[t].click);
		assert_non_null(loads[t].json);
		assert_true(*loads[t].click != '\0' && *loads[t].legacy != '\0' && *loads[t].duck != '\0' && *loads[t].duck_json != '\0' &&
		    *loads[t].elastic != '\0' && *loads[t].json != '\0');
		assert_null(strstr(loads[t].legacy, "DateTime64"));
		assert_null(strstr(loads[t].legacy, "IPv6"));
	}
}

static void
words(void **state)
{
	static const char *const wrong[] = { "", "sql", "json,", "jso", "json,cluster=a", "clickhouse,", "clickhouse,cluster=", "clickhouse,cluster=a b",
		"clickhouse,cluster=a`b", "clickhouse,cluster", "clickhouse,cluster=0123456789012345678901234567890123456789012345678901234567890123" };
	struct schema x;
	const char *why;

	(void)state;
	assert_true(schema_parse(&x, "clickhouse,cluster=eu-1", &why));
	assert_int_equal(x.of, SCHEMA_CLICKHOUSE);
	assert_string_equal(x.cluster, "eu-1");
	assert_true(schema_parse(&x, "duckdb", &why));
	assert_string_equal(x.cluster, "");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why = NULL;
		assert_false(schema_parse(&x, wrong[i], &why));
		assert_non_null(why);
	}
}

static void
elastic(void **state)
{
	struct sheet s = { .n = 0 };

	(void)state;
	assert_string_equal(printed("elastic", &s), "{\"mappings\":{\"properties\":{\n\"bstart\":{\"type\":\"date_nanos\"},\n"
		"\"proto\":{\"type\":\"keyword\"},\n\"saddr\":{\"type\":\"ip\",\"ignore_malformed\":true},\n\"sloss\":{\"type\":\"long\"},\n"
		"\"flags\":{\"type\":\"keyword\"},\n\"rttd_hist\":{\"type\":\"object\",\"enabled\":false},\n\"saturated\":{\"type\":\"boolean\"}}}}\n");
	s = (struct sheet){ .text.epoch = true };
	(void)printed("elastic", &s);
	has("\"bstart\":{\"type\":\"double\"}");
}

static void
json(void **state)
{
	struct sheet s = { .n = 0 };

	(void)state;
	(void)printed("json", &s);
	has("\"bstart\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\",\"description\":\"start of the bin\"}");
	has("\"flags\":{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"string\"}");
}

/* Of CSV a list is text. */
static void
duckdb(void **state)
{
	struct sheet s = { .n = 0 };

	(void)state;
	(void)printed("duckdb", &s);
	has("\"flags\" VARCHAR,\n");
	has("'flags': 'VARCHAR',\n");
	has("'flags': 'VARCHAR[]',\n");
	has("'bstart': 'TIMESTAMPTZ'");
}

static void
clickhouse(void **state)
{
	struct sheet s = { .n = 0 };

	(void)state;
	(void)printed("clickhouse", &s);
	has("CREATE TABLE IF NOT EXISTS flows (\n\tbstart DateTime64(9, 'UTC'),\n\tproto String,\n\tsaddr Nullable(IPv6),\n");
	has("ORDER BY (bstart, proto);");
	has("FROM flows\n");
	has("' and saddr = '");
	has("executable('pavo_native .', 'Native', 'bstart DateTime64(9, \\'UTC\\'), proto String");
	has_not("Distributed");
	has_not("ON CLUSTER");
	has_not("judged"); /* without packets */
	s = (struct sheet){ .legacy = true };
	(void)printed("clickhouse,cluster=eu", &s);
	has("bstart Int64,\n\tproto String,\n\tsaddr Nullable(FixedString(16)),\n");
	has("CREATE TABLE IF NOT EXISTS flows ON CLUSTER `eu` AS flows_local\n\tENGINE = Distributed(`eu`, currentDatabase(), flows_local, rand());");
	has_not("DateTime64");
	has_not("IPv6)");
	has_not("executable('");
}

/* Without a time or a loss there is no view of loss; a name that stands twice makes no table. */
static void
others(void **state)
{
	static struct sheet_column few[] = { COLUMN(proto, "proto"), COLUMN(saddr, "saddr"), COLUMN(proto, "Proto") };
	struct sheet s = { .want = few, .n = 2 };

	(void)state;
	(void)printed("clickhouse", &s);
	has_not("loss_1m");
	has("ORDER BY (proto)");
	s = (struct sheet){ .want = few, .n = 3 };
	assert_non_null(strstr(printed("duckdb", &s), "twice"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete), cmocka_unit_test(words), cmocka_unit_test(elastic), cmocka_unit_test(json),
		cmocka_unit_test(duckdb), cmocka_unit_test(clickhouse), cmocka_unit_test(others),
	};

	return (cmocka_run_group_tests_name("schema", tests, NULL, NULL));
}
