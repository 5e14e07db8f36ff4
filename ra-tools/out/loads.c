/* SPDX-License-Identifier: BSD-2-Clause
 *
 * loads.c: the LOADS rows of types.def.  Test: test_schema.c.
 */
#include "ra-tools/out/loads.h"

const struct loads loads[TYPE_COUNT_] = {
#define LOADS(type, form, click, legacy, duck, duck_json, elastic, json, rest) \
	[TYPE_##type] = { NATIVE_##form, click, legacy, duck, duck_json, elastic, json, rest },
#include "format/types.def"
};
