/* SPDX-License-Identifier: BSD-2-Clause
 *
 * block_memory.h: the working memory that both directions of block.h share: block_put.c and block_get.c.
 */
#ifndef FORMAT_BLOCK_MEMORY_H
#define FORMAT_BLOCK_MEMORY_H

#include "format/batch.h"
#include "format/codec.h"
#include "format/like.h"
#include "format/meta.h"

struct blocks {
	struct coder *coder;
	struct like *like;
	struct arena arena; /* of one block */
	struct buf body, tries, packed[2], sections; /* packed: of body and of tries */
	uint64_t gathered[BATCH_ROWS], residue[BATCH_ROWS], index[BATCH_ROWS], others[BITS_WORDS(BATCH_ROWS)];
	uint64_t beside[FORMULA_FIELDS][BATCH_ROWS];
	uint8_t *raw; /* a decompressed section */
	size_t raw_cap;
	union LZ4_stream_u *lz4;
	struct ZSTD_CCtx_s *zstd; /* NULL: LZ4 is used */
	struct ZSTD_DCtx_s *unzstd; /* NULL: nothing was read that needs it */
	bool columns;		  /* what is being put is one: only they may need what a reader has not */
	uint64_t seed; /* of hash tables */
	/* decoding: the dictionary that was read last, and what it was read from */
	struct ip *ip;
	size_t ip_cap;
	struct dir_section ip_from;
	uint32_t ip_n4, ip_n6;
	bool ip_good;
	struct decoding *decoding; /* of block_open(), in the arena */
};

#endif
