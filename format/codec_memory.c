/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_memory.c: working memory of encoding and decoding, made and freed.  Test: test_codec.c.
 */
#include "format/codec_memory.h"

#include "format/base/hash.h"
#include "format/base/mem.h"

#include <stdlib.h>

struct coder *
coder_new(void)
{
	struct coder *k = mem_reserve(sizeof(*k));

	k->multiplier = (hash_seed() ^ 0x9e3779b97f4a7c15ull) | 1;
	return (k);
}

void
coder_free(struct coder **pc)
{
	if (*pc != NULL)
		mem_release(*pc, sizeof(**pc));
	*pc = NULL;
}
