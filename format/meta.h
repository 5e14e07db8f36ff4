/* SPDX-License-Identifier: BSD-2-Clause
 *
 * meta.h: the MessagePack part of a record file (pavo(5)): objects, header, schema, directory, index.
 * Reading borrows: what is handed out points into the bytes that were read or lives in the arena.
 */
#ifndef FORMAT_META_H
#define FORMAT_META_H

#include "format/base/buf.h"
#include "format/flow.h"
#include "format/member.h"
#include "format/segment.h"
#include "format/taken.h"

#define META_VERSION 0       /* of the format */
#define META_PREFIX 25       /* bytes before an object's payload */
#define META_PAYLOAD_MAX (64u << 20)
#define META_UNPACK_MAX (4u << 20) /* of headers, schemas and directories */
#define META_RAW_MAX (32u << 20)   /* of a section after decompression */
#define META_HEAD 5          /* bytes before a section */
#define META_TRAILER_SIZE 53 /* of the whole object */

/* --- objects */

#define META_KIND(a, b) ((uint16_t)((a) << 8 | (b)))
enum meta_kind {
	META_HEADER = META_KIND('H', 'D'),
	META_SCHEMA = META_KIND('S', 'C'),
	META_BLOCK = META_KIND('B', 'K'),
	META_INDEX = META_KIND('I', 'X'),
	META_TRAILER = META_KIND('T', 'R'),
	META_TAKEN = META_KIND('T', 'K'),
};

struct meta_object {
	uint16_t kind;
	uint32_t size;
	uint64_t check;
};

void meta_put_object(struct buf *, enum meta_kind, const void *payload, size_t);
/* The first META_PREFIX bytes of an object; false: this is none. */
bool meta_get_object(const uint8_t p[static META_PREFIX], struct meta_object *);
bool meta_check(const struct meta_object *, const uint8_t *payload);
/* A section's head: bin 32. */
void meta_put_head(struct buf *, uint32_t size);
bool meta_get_head(const uint8_t p[static META_HEAD], uint32_t *size);

/* --- payloads.  Reading: false = not what it should be. */

void meta_put_header(struct buf *, const struct segment_info *);
bool meta_get_header(const uint8_t *, size_t, struct arena *, struct segment_info *, uint64_t *version);

void meta_put_schema(struct buf *, const struct fieldset *);
/* Fields that this program knows and holds in another way are added to `odd`. */
bool meta_get_schema(const uint8_t *, size_t, struct fieldset *odd);

struct dir_section {
	uint8_t codec;
	uint32_t size, raw, check; /* size 0: not there */
};
enum { ROWS_NONE = -1, ROWS_ALL = 0 }; /* or the number of a set, from 1 */
struct dir_set {
	uint8_t kind;
	uint32_t count, given; /* given: SET_GIVEN: number of a set before it; 0: none */
	struct dir_section at;
};
struct dir_value { /* uint if bytes.p is NULL */
	bool is;
	uint64_t u;
	struct blob bytes;
};
#define DIR_MORE 5
struct dir_column {
	uint32_t id;
	/* of CODE_DIFF, CODE_LIKE: ids of one field, of one or two; of CODE_ID: its formula; of CODE_MADE: its formula, and ids
	 * of what it takes */
	uint32_t more[DIR_MORE];
	uint8_t nmore, code;
	int32_t present, mixed;
	struct dir_section at;
	struct dir_value min, max; /* CODE_CONST: min */
};
struct dir_member { /* a membership filter; its section lies behind those of the columns */
	enum member what; /* MEMBERS: of something else */
	uint8_t kind;
	uint32_t size, check;
};
struct directory {
	uint64_t length;
	uint32_t rows, n4, n6, nset, ncol, nmember;
	struct dir_section addr;
	struct dir_set *set; /* set[0] is number 1 */
	struct dir_column *col;
	struct dir_member *member;
};
void meta_put_directory(struct buf *, const struct directory *);
/* Counts and sizes are within their bounds, set numbers exist, ids ascend, sections fit in `length`. */
bool meta_get_directory(const uint8_t *, size_t, struct arena *, struct directory *);

struct index_entry {
	uint64_t offset, length;
	uint32_t rows;
	struct dir_value bstart, bend; /* not is: some row has none */
};
void meta_put_index(struct buf *, const struct index_entry *, size_t);
/* Entries in order that do not overlap and end before `end`, in the arena; false: something else. */
bool meta_get_index(const uint8_t *, size_t, uint64_t end, struct arena *, struct index_entry **, size_t *n);
void meta_put_trailer(struct buf *, uint64_t length, uint64_t index, uint64_t records);
bool meta_get_trailer(const uint8_t *, size_t, uint64_t *length, uint64_t *index, uint64_t *records);

void meta_put_taken(struct buf *, const struct taken *);
/* In the arena; names lead to files that may be anything. */
bool meta_get_taken(const uint8_t *, size_t, struct arena *, struct taken *);

#endif
