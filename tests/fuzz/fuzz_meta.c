/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_meta.c: headers, schemas, directories and prefixes of objects of any content.
 *
 * input: one byte that chooses, then the payload
 */
#include "format/batch.h"
#include "format/meta.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { 0 };
	struct segment_info info;
	struct fieldset odd = { { 0 } };
	struct directory d;
	struct meta_object o;
	uint64_t version, length, index, records;
	struct index_entry *entry;
	struct taken taken;
	size_t entries;

	if (n == 0)
		return (0);
	switch (*p++ % 7) {
	case 0:
		if (meta_get_header(p, n - 1, &a, &info, &version))
			assert(info.probe != NULL && strlen(info.probe) <= n);
		break;
	case 1:
		(void)meta_get_schema(p, n - 1, &odd);
		break;
	case 2:
		if (meta_get_directory(p, n - 1, &a, &d))
			assert(d.rows >= 1 && d.rows <= BATCH_ROWS && d.ncol < n && d.nset < n);
		break;
	case 4:
		if (meta_get_index(p, n - 1, 1ull << 40, &a, &entry, &entries))
			assert(entries < n && (entries == 0 || entry[0].length > 0));
		break;
	case 5:
		if (meta_get_trailer(p, n - 1, &length, &index, &records))
			assert(index < length);
		break;
	case 6:
		if (meta_get_taken(p, n - 1, &a, &taken))
			assert(taken.from >= 0 && taken.from < taken.to && taken.n <= n && taken.spans <= n && taken.spans % 2 == 0);
		break;
	default:
		if (n > META_PREFIX && meta_get_object(p, &o))
			assert(o.size <= META_PAYLOAD_MAX);
		break;
	}
	arena_free(&a);
	return (0);
}
