/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reader_room.h: what the files of reader.h share: reader_find.c finds blocks and says what is wrong, reader_piece.c reads
 * the one that was found.
 */
#ifndef FORMAT_READER_ROOM_H
#define FORMAT_READER_ROOM_H

#include "format/block.h"
#include "format/input.h"
#include "format/reader.h"
#include "format/tally.h"

struct reader {
	char *path;
	struct input in;

	uint64_t pos; /* of the next object */
	bool done;
	bool headed, foreign; /* in a segment that has a header, or was said to have none; of another version */
	reader_wants wants;
	void *wants_arg;
	struct piece *piece; /* of reader_next() */
	struct arena segment_arena;
	struct segment_info segment;
	struct fieldset odd; /* fields whose schema is not ours */
	struct reader_totals totals;
	uint64_t block; /* number of the block, from 1, for messages */
	uint64_t rows; /* of the blocks before pos, whether they are read or not */
	struct tally tally;
	bool failed, warned;
	uint64_t failed_at, warned_at;
	char error[640], warning[640];

	/* the file's indexes, for reader_between() */
	bool between, indexed;
	int64_t from, to;
	unsigned why;
	struct index_entry *index; /* offsets in the file, ascending */
	size_t entries, entries_cap, entry;
};

/* A block that was found, and the memory to read it with. */
struct piece {
	struct reader *r;
	struct arena arena; /* of the directory */
	struct directory d;
	struct segment_info segment;
	struct fieldset odd;
	uint64_t pos, sections, end, block;
	bool holds; /* nothing is known of what follows */
	unsigned why;
	enum block_result res;
	enum field unknown;
	int read_error;
	struct blocks *blocks;
	struct batch *batch, *few; /* few: some of its rows; NULL: not asked for yet */
	struct range range[F_COUNT];
	bool keeps, kept;   /* bytes: of the whole block */
	struct block_bytes whole;
	uint8_t *bytes; /* of a regular file: those at `at` */
	size_t len, cap;
	uint64_t at;
};

#endif
