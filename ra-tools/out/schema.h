/* SPDX-License-Identifier: BSD-2-Clause
 *
 * schema.h: what a loader has to know of the columns of a sheet, as itself would write it (--schema).
 */
#ifndef RA_TOOLS_OUT_SCHEMA_H
#define RA_TOOLS_OUT_SCHEMA_H

#include "ra-tools/out/out.h"

enum schema_of { SCHEMA_NONE, SCHEMA_JSON, SCHEMA_CLICKHOUSE, SCHEMA_DUCKDB, SCHEMA_ELASTIC };

struct schema {
	enum schema_of of;
	char cluster[64]; /* of ClickHouse; "": none */
};

/* "json", "clickhouse", "clickhouse,cluster=NAME", "duckdb", "elastic"; false: *why is what was expected. */
bool schema_parse(struct schema *, const char *, const char **why);
/* For what the sheet would print with these columns, to s->out.  NULL, or why there is none, a sentence. */
const char *schema_print(const struct schema *, struct sheet *);

/* schema_click.c: ClickHouse's statements. */
void schema_click(const struct schema *, struct sheet *);
/* json.c: the keys of objects that say of each health flag whether it is set; NULL: no more. */
const char *json_verdict(size_t i);

#endif
