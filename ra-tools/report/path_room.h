/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path_room.h: what the path_*.c share.
 */
#ifndef RA_TOOLS_REPORT_PATH_ROOM_H
#define RA_TOOLS_REPORT_PATH_ROOM_H

#define PATH_STEPS 16 /* marks of a probe's clock have its number and this */

#include "format/base/clock.h"
#include "format/base/map.h"
#include "ra-tools/report/marks.h"
#include "ra-tools/report/path.h"

enum { ROW_MORE = 1, ROW_MARK = 2, ROW_RESETS = 4, ROW_GSO = 8, ROW_GROUP = 16, ROW_CAPLOSS = 32 };

struct path_run { /* numbers that came, of row `row` */
	uint64_t lo, hi;   /* as on the wire until they are sorted out; then extended, int64_t */
	uint32_t name, row;
};

struct path_row { /* what one record says of one direction */
	int64_t start, end; /* of its bin */
	int64_t first, last; /* stime, ltime: of both directions */
	uint64_t pkts, uniq, dup, late, other, jumpskip; /* other: numbered, but not new: stale, bad */
	int64_t net;
	uint64_t rtxup, rtxdn, ooo, spur, fraginc;
	uint64_t mark; /* this number, */
	int64_t mark_at; /* and when it came */
	uint32_t mark_name, name; /* name: the record's SPI */
	uint32_t run, runs; /* of path_half.run */
	unsigned flags;
};

struct path_half { /* one direction at one probe */
	struct path_row *row;
	size_t rows, rowcap;
	struct path_run *run;
	size_t runs, runcap;
	uint64_t pkts, uniq, dup, other, rtxup, rtxdn, late, spur, fraginc;
	int64_t lagmax;         /* how far behind the highest number one came */
	uint8_t ttlmin, ttlmax; /* 0: not known */
	uint64_t rtt; /* us between the sender and the probe, at least; UINT64_MAX: not known */
	int64_t begins; /* when its first packet came; INT64_MAX: not known exactly */
};

struct path_item { /* a flow or a tunnel; direction 0: from the lower address (and port) */
	struct ip addr[2];
	uint16_t port[2];
	uint32_t aux; /* ICMP */
	unsigned proto;
	bool ports, tunnel, icmp, numbered;
	struct path_half half[2][2]; /* [probe][direction] */
	int64_t since[2], until[2]; /* [probe]: first and last packet of both directions */
	bool seen[2], syn[2], fin[2];
	uint64_t source[2]; /* how often each end was the source */
	int left; /* which end lies on a's side: 0, 1; -1 not known */
	const char *how;
	bool translated;
};

struct path_sample { /* a packet that both timed */
	int64_t at; /* on a's clock */
	int64_t d;  /* b's clock - a's */
	uint32_t item;
	uint8_t dir;
	uint8_t first; /* the probe that comes first, once that is known */
	bool sure;     /* it was the same packet */
};

struct path_cover { int64_t first, last; }; /* frames of any kind */

struct path {
	struct path_options o;
	char *wanted[2];
	char *name[2];
	unsigned probes, others; /* met; beyond two without --path */
	struct path_item *item;
	size_t n, cap;
	struct map known; /* keys of items, to their index */
	struct marks *marks;
	unsigned marked[2]; /* their numbers there */
	struct path_cover cover[2];
	struct path_sample *sample;
	size_t samples, samplecap;
	struct path_clock clock;
	int64_t width;
	struct path_way *way;
	size_t ways, waycap;
	uint64_t bytes, alone[2];
	char order[160];
};

/* path_sets.c: numbers of one name, sorted and joined; extended over wraps of `bits`. */
struct path_set {
	struct path_run *run; /* sorted, apart; int64_t numbers */
	size_t n;
	bool more, broken, loose; /* not all are told; numbering began again; some were cut up or go elsewhere */
};
struct path_name { /* of a direction: a numbering that both probes saw, or one */
	uint32_t name[2]; /* at a, at b: the same but for the way it was found */
	struct path_set set[2];
};
struct path_name *path_names(const struct path_item *, int dir, size_t *n);
/* Tunnels that have other addresses at both: SAs that only one probe saw under theirs, found by SPI. */
void path_translate(struct path *);
void path_names_free(struct path_name *, size_t n);

/* path_clock.c */
void path_sample_all(struct path *);
void path_sides(struct path *);     /* path_item.left */
void path_set_clock(struct path *); /* path.clock */
/* The least time from the first probe to the second one where `first` comes first, clocks' offset included, and how much
 * that varies from one packet to the next; false: not known, or known from one packet only, which may not be the same. */
bool path_delay(const struct path *, int first, int64_t *d, int64_t *jitter);

/* path_ways.c */
void path_make_ways(struct path *);

#endif
