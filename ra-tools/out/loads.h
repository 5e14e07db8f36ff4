/* SPDX-License-Identifier: BSD-2-Clause
 *
 * loads.h: what a type of types.def is where records are loaded.
 */
#ifndef RA_TOOLS_OUT_LOADS_H
#define RA_TOOLS_OUT_LOADS_H

#include "format/types.h"

enum native_form { NATIVE_U64, NATIVE_U32, NATIVE_U16, NATIVE_IP, NATIVE_TEXT };

struct loads {
	enum native_form form;	    /* of its values in ClickHouse's Native format, */
	const char *click, *legacy; /* and its type there; legacy: before DateTime64 and IPv6 */
	const char *duck, *duck_json; /* DuckDB's type for separated values, and for JSON */
	/* With ' for quotes: within a mapping of Elasticsearch; its types in a JSON schema, with commas between, and what else. */
	const char *elastic, *json, *json_rest;
};
extern const struct loads loads[TYPE_COUNT_];

#endif
