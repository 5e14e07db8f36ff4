/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_memory.c: working memory of blocks, made and freed.  Test: test_block.c.
 */
#include "format/block_memory.h"

#include "format/base/hash.h"
#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/block.h"

#include <lz4.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#include <stdlib.h>

struct blocks *
blocks_new(void)
{
	struct blocks *k = mem_reserve(sizeof(*k)); /* much of it may never be used */

	k->coder = coder_new();
	k->like = like_new();
	k->seed = hash_seed();
	if ((k->lz4 = LZ4_createStream()) == NULL)
		fatalx("out of memory");
	return (k);
}

bool
blocks_zstd(struct blocks *k)
{
#ifdef HAVE_ZSTD
	if (k->zstd == NULL && (k->zstd = ZSTD_createCCtx()) == NULL)
		fatalx("out of memory");
	return (!ZSTD_isError(ZSTD_CCtx_setParameter(k->zstd, ZSTD_c_compressionLevel, BLOCKS_ZSTD_LEVEL)));
#else
	(void)k;
	return (false);
#endif
}

void
blocks_free(struct blocks **pk)
{
	struct blocks *k = *pk;

	if (k == NULL)
		return;
	coder_free(&k->coder);
	like_free(&k->like);
	arena_free(&k->arena);
	buf_free(&k->body);
	buf_free(&k->tries);
	buf_free(&k->packed[0]);
	buf_free(&k->packed[1]);
	buf_free(&k->sections);
	free(k->raw);
	free(k->ip);
	(void)LZ4_freeStream(k->lz4);
#ifdef HAVE_ZSTD
	(void)ZSTD_freeCCtx(k->zstd);
	(void)ZSTD_freeDCtx(k->unzstd);
#endif
	mem_release(k, sizeof(*k));
	*pk = NULL;
}
