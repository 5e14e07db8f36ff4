/* SPDX-License-Identifier: BSD-2-Clause
 *
 * schema.c: what a loader has to know of the columns: JSON Schema, DuckDB's statements, Elasticsearch's mapping.
 *
 * Names are those of -s: letters, digits, _.  What a type is in each of them stands in types.def.
 */
#include "ra-tools/out/schema.h"

#include "ra-tools/out/loads.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	enum schema_of of;
} systems[] = {
	{ "json", SCHEMA_JSON },
	{ "clickhouse", SCHEMA_CLICKHOUSE },
	{ "duckdb", SCHEMA_DUCKDB },
	{ "elastic", SCHEMA_ELASTIC },
};

bool
schema_parse(struct schema *x, const char *arg, const char **why)
{
	static const char key[] = "cluster=", letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t n = strcspn(arg, ",");
	const char *name = arg + n + sizeof(key);

	*x = (struct schema){ .of = SCHEMA_NONE };
	*why = "expected json, clickhouse[,cluster=NAME], duckdb or elastic";
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (strlen(systems[i].name) == n && strncmp(systems[i].name, arg, n) == 0)
			x->of = systems[i].of;
	if (x->of == SCHEMA_NONE || arg[n] == '\0')
		return (x->of != SCHEMA_NONE);
	if (x->of != SCHEMA_CLICKHOUSE || strncmp(arg + n + 1, key, sizeof(key) - 1) != 0)
		return (false);
	*why = "the name of a cluster has letters, digits, _, - and ., up to 63";
	n = strspn(name, letters);
	if (n == 0 || name[n] != '\0' || n >= sizeof(x->cluster))
		return (false);
	memcpy(x->cluster, name, n + 1);
	return (true);
}

/* Times are numbers where they were asked for so. */
static const struct loads *
loads_of(const struct sheet *s, unsigned i)
{
	enum type t = sheet_type(s, i);

	return (&loads[t == TYPE_TIME && s->text.epoch ? TYPE_REAL : t]);
}

static bool
has_verdicts(const struct sheet *s, unsigned i)
{
	return (s->verdicts && s->want[i].field == F_health && s->want[i].made == NULL);
}

/* What a row of the table says, in which ' stands for quotes. */
static void
quoted(struct buf *to, const char *text)
{
	to->len = 0;
	for (; *text != '\0'; text++)
		buf_u8(to, *text == '\'' ? '"' : (uint8_t)*text);
}

static void
between(struct buf *to, bool *first, const char *text)
{
	if (!*first)
		buf_str(to, text);
	*first = false;
}

/* --- JSON Schema, Elasticsearch: a line for each property */

static void
put_boolean(struct json *j, const char *name)
{
	json_break(j);
	json_open(j, name, '{');
	json_str(j, "type", "boolean");
	json_close(j, '}');
}

static void
doc_of(const struct sheet *s, unsigned i, struct json *j)
{
	const struct field_info *f = &fields[s->want[i].field];
	struct buf doc = { 0 };
	const char *unit = types[sheet_type(s, i)].unit;

	buf_str(&doc, s->want[i].made == NULL ? f->doc : s->want[i].label);
	if (s->want[i].made != NULL)
		buf_printf(&doc, " of: %s", f->doc);
	if (sheet_type(s, i) == TYPE_DUR)
		unit = "s"; /* as it is printed */
	if (*unit != '\0' && sheet_type(s, i) != TYPE_TIME)
		buf_printf(&doc, " (%s)", unit);
	json_bytes(j, "description", doc.p, doc.len);
	buf_free(&doc);
}

static void
json_property(const struct sheet *s, unsigned i, struct json *j)
{
	struct buf says = { 0 };

	json_open(j, "type", '[');
	quoted(&says, loads_of(s, i)->json);
	json_raw(j, NULL, says.p, says.len);
	json_str(j, NULL, "null");
	json_close(j, ']');
	quoted(&says, loads_of(s, i)->json_rest);
	json_members(j, says.p, says.len);
	doc_of(s, i, j);
	buf_free(&says);
}

static void
elastic_property(const struct sheet *s, unsigned i, struct json *j)
{
	struct buf says = { 0 };

	quoted(&says, loads_of(s, i)->elastic);
	json_members(j, says.p, says.len);
	buf_free(&says);
}

static void
put_properties(const struct sheet *s, struct json *j, void property(const struct sheet *, unsigned, struct json *))
{
	const char *name;

	json_open(j, "properties", '{');
	for (unsigned i = 0; i < s->n; i++) {
		for (size_t k = 0; has_verdicts(s, i) && (name = json_verdict(k)) != NULL; k++)
			put_boolean(j, name);
		if (has_verdicts(s, i))
			continue;
		json_break(j);
		json_open(j, s->want[i].name, '{');
		property(s, i, j);
		json_close(j, '}');
	}
}

static void
json_schema(const struct sheet *s, struct json *j)
{
	json_open(j, NULL, '{');
	json_str(j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_str(j, "type", "object");
	json_break(j);
	put_properties(s, j, json_property);
	json_break(j);
	json_open(j, "saturated", '{');
	json_str(j, "type", "boolean");
	json_str(j, "description", "some sum is more than its number: 2^64-1 and no more");
	json_close(j, '}');
	json_close(j, '}');
	json_close(j, '}');
	json_line(j);
}

static void
elastic(const struct sheet *s, struct json *j)
{
	json_open(j, NULL, '{');
	json_open(j, "mappings", '{');
	put_properties(s, j, elastic_property);
	put_boolean(j, "saturated");
	for (unsigned i = 0; i < 3; i++)
		json_close(j, '}');
	json_line(j);
}

/* --- DuckDB */

static void
duck_columns(const struct sheet *s, bool json, const char *quote, const char *is, struct buf *to)
{
	bool first = true;
	const char *name;

	for (unsigned i = 0; i < s->n; i++) {
		for (size_t k = 0; json && has_verdicts(s, i) && (name = json_verdict(k)) != NULL; k++) {
			between(to, &first, ",\n\t");
			buf_printf(to, "%s%s%s%s%sBOOLEAN%s", quote, name, quote, is, *is == ':' ? "'" : "", *is == ':' ? "'" : "");
		}
		if (json && has_verdicts(s, i))
			continue;
		between(to, &first, ",\n\t");
		buf_printf(to, "%s%s%s%s", quote, s->want[i].name, quote, is);
		buf_str(to, *is == ':' ? "'" : "");
		buf_str(to, json ? loads_of(s, i)->duck_json : loads_of(s, i)->duck);
		buf_str(to, *is == ':' ? "'" : "");
	}
}

static void
duckdb(const struct sheet *s, struct buf *to)
{
	buf_str(to, "-- a table for both: COPY flows FROM 'x.csv' (HEADER), COPY flows FROM 'x.json' (FORMAT json)\n"
		    "CREATE TABLE IF NOT EXISTS flows (\n\t");
	duck_columns(s, false, "\"", " ", to);
	buf_str(to, "\n);\n-- the files themselves: SELECT * FROM flows_csv('x.csv'), SELECT * FROM flows_json('x.json')\n"
		    "CREATE OR REPLACE MACRO flows_csv(files) AS TABLE SELECT * FROM read_csv(files, header = true, delim = ',', quote = '\"',"
		    " escape = '\"', columns = {\n\t");
	duck_columns(s, false, "'", ": ", to);
	buf_str(to, "\n});\nCREATE OR REPLACE MACRO flows_json(files) AS TABLE SELECT * FROM read_json(files, format = 'newline_delimited',"
		    " columns = {\n\t");
	duck_columns(s, true, "'", ": ", to);
	buf_str(to, "\n});\n");
}

/* A table has each name once. */
static bool
has_twins(const struct sheet *s)
{
	for (unsigned i = 0; i < s->n; i++)
		for (unsigned k = 0; k < i; k++)
			if (strcasecmp(s->want[i].name, s->want[k].name) == 0)
				return (true);
	return (false);
}

const char *
schema_print(const struct schema *x, struct sheet *s)
{
	struct json j = json_to(&s->out);

	if (has_twins(s))
		return ("a column stands twice in -s: a table has each name once");
	switch (x->of) {
	case SCHEMA_JSON:
		json_schema(s, &j);
		break;
	case SCHEMA_CLICKHOUSE:
		schema_click(x, s);
		break;
	case SCHEMA_DUCKDB:
		duckdb(s, &s->out);
		break;
	case SCHEMA_ELASTIC:
		elastic(s, &j);
		break;
	case SCHEMA_NONE:
		break;
	}
	sheet_flush(s);
	return (NULL);
}
