/* SPDX-License-Identifier: BSD-2-Clause
 *
 * aggr.h: records merged by key.
 *
 * Merging is flow_merge() of format/flow.h done on columns: associative and commutative, so that merging
 * merged records again gives what merging all at once gives.  Groups come out in the order in which
 * they first appeared, or as aggr_order() says.
 */
#ifndef RA_TOOLS_QUERY_AGGR_H
#define RA_TOOLS_QUERY_AGGR_H

#include "format/base/buf.h"
#include "format/batch.h"
#include "ra-tools/query/left_out.h"

#include <stdbool.h>

#define KEYS_MAX 30 /* two bits of state for each, and one for the orientation, in 64 */

struct key_part {
	enum field field;     /* stored, or skmac, dkmac */
	int16_t mask4, mask6; /* of an address: bits kept; -1: all */
};

struct keys {
	struct key_part part[KEYS_MAX];
	unsigned n;
	bool turn;  /* direction-free: rows of opposite orientation are turned */
	bool ports; /* and orientation looks at ports, not at addresses alone */
	bool ends;  /* a record counts for both its ends, once where they are equal: as it is, and turned round */
	bool sided; /* a field of one side is among them, by its own name */
	bool halves; /* each record is two: what the source sent, and what the destination sent */
	bool apart; /* rows of different probes are different groups */
	bool own_probe; /* because the probe is one of the fields, not by a word */
	bool quiet; /* by a word whose columns do not show it: to be shown where there are several */
	enum field
	    required; /* rows without it and without its twin are left out; F_NONE: all rows count */
	char columns[512]; /* what to show of the key, as -s writes it */
	const char *objects; /* the columns of a JSON object for each row, with its health; NULL: none of its own */
	const char *defaults; /* the columns that such rows want; NULL: the tool's */
};

/* "saddr/24,daddr,proto", "saddr/24/64" (IPv4/IPv6), conv, matrix, flow, tunnel, lane, spi, none, host, port, as, label, country; words and
 * fields may be mixed.  false: err says why. */
bool keys_parse(const char *, struct keys *, char *err, size_t errlen);
/* The words conv, matrix, flow, tunnel, lane, spi and none add up what several probes saw. */
void keys_merge_probes(struct keys *);
/* host, port, as, label, country: in rows of such a key the field speaks of one end.  NULL: the word is none of them. */
struct key_end {
	const char *word, *heading;
	enum field field;
};
const struct key_end *key_end(const char *word, size_t n);
/* What has to be read for the key, the orientation, and groups that keep `keep`. */
void keys_want(const struct keys *, const struct fieldset *keep, struct fieldset *read);

/* The same part of the key in a row that is turned round. */
enum field key_twin(enum field);
/* What rows must have kept so that keys_of_row() tells them apart. */
void keys_keep(const struct keys *, struct fieldset *keep);
/* The row's key as bytes, equal for rows of one group; where it is free of direction, of the row as it is or turned
 * round, whichever is less. true: turned.  `spare`: working memory. */
bool keys_of_row(const struct keys *, struct batch *, uint32_t r, struct buf *key, struct buf *spare);

struct aggr;

/* Groups keep the stored fields in `keep` and no others. */
struct aggr *aggr_new(const struct keys *, const struct fieldset *keep);
void aggr_free(struct aggr **);
/* Merge the selected rows.  Addresses in the batch are cut to their masks. */
void aggr_add(struct aggr *, struct batch *);
/* The selected rows that lack what the key requires. */
const struct left_out *aggr_left_out(const struct aggr *);
/* Of a key with `ends`.  From now on rows are groups that came out of such a key already (true): they count once. */
void aggr_once(struct aggr *, bool once);
/* Of a key with `ends`: add up all records by these keys too, each once; before the first aggr_add(). */
void aggr_add_up(struct aggr *, const struct keys *);
/* Those sums; NULL: they were not asked for. */
struct aggr *aggr_sums(struct aggr *);
/* The sums are those of the other one, whose groups were added here. */
void aggr_take_sums(struct aggr *, struct aggr *from);
/* Groups made only of END rows (no traffic, SEMANTICS 0) do not come out; spkts and dpkts must be read. */
void aggr_hide_ends(struct aggr *, bool hide);
/* Companion times that are absent in the only record of a group stay so: in a record file that is bstart. */
void aggr_bare_times(struct aggr *);
/* Groups come out ordered by f, a stored number or time (F_NONE: by none), then by the time of their first packet, then by
 * what they keep, the key first: not by where their records stood.  What is read has stime and bend. */
void aggr_order(struct aggr *, enum field f);
/* The next groups as rows, valid until the next call; NULL: no more, or aggr_error(). Without aggr_memory(), values are
 * borrowed until aggr_free(). */
struct batch *aggr_next(struct aggr *);

/* --- several threads, each with one of its own; and more groups than fit into memory */

/* Twins made from now on are of so many threads, and when most records make groups put them where all do, so that joining
 * them is little work.  After aggr_memory(). */
void aggr_share(struct aggr *, unsigned threads);
/* Another one of the same keys and fields, empty. */
struct aggr *aggr_twin(const struct aggr *);
/* Everything in a twin, which is freed. */
void aggr_join(struct aggr *into, struct aggr **twin);
/* The number of the batch that is added next; else it is counted on.  The order in which groups
 * appeared is that of the number of the batch, then the row, whatever the order of adding. */
void aggr_place(struct aggr *, uint64_t number);
/* The same with a place for each row, made by aggr_row(). */
void aggr_add_at(struct aggr *, struct batch *, const uint64_t *places);
static inline uint64_t
aggr_row(uint64_t number, uint32_t row)
{
	return (number << 16 | row);
}
/* Beyond about so many bytes groups go to a temporary file; 0: never. */
void aggr_memory(struct aggr *, uint64_t bytes);
const char *aggr_error(const struct aggr *); /* of temporary files; NULL: all is well */

#endif
