/* SPDX-License-Identifier: BSD-2-Clause
 *
 * path.h: what two probes of one path say together: where packets were lost, before the first one, between them or behind
 * the second one (SEMANTICS 14.4 f).  Computes; out/ prints.
 *
 *	p = path_new(&options);
 *	path_want(&fields), path_add(p, rows as the probes wrote them, MAR too)
 *	path_judge(p, ...);
 *	for (i = 0; i < path_count(p); i++) path_way(p, i);
 *
 * Numbered carriers (ESP, AH, WireGuard, RTP, GRE) are compared number by number, over those that both probes had the
 * chance to see: numbers before and after came at the other one, or it captured at that time.  Other flows are compared
 * by their packets, where both probes saw all of a flow.  What is not known is not there: `knows`.
 */
#ifndef RA_TOOLS_REPORT_PATH_H
#define RA_TOOLS_REPORT_PATH_H

#include "format/base/buf.h"
#include "format/base/clock.h"
#include "format/batch.h"

#include <stdbool.h>

struct path;

struct path_options {
	const char *a, *b; /* the probes, as --path names them; NULL: found */
	bool sas;          /* one way for each SA instead of each tunnel */
	int64_t width;     /* ns, as cut.h: of the bins of a way; 0: those of the input */
	enum clock_zone zone; /* whose clock cuts hours and days */
	uint64_t memory;   /* bytes that rows may take; 0: any */
};

enum path_by { PATH_NUMBERS, PATH_PACKETS, PATH_TCP }; /* what was compared */

enum { /* path_counts.knows */
	PATH_BEFORE = 1,
	PATH_BETWEEN = 2, /* and dup, unseen */
	PATH_AFTER = 4,
	PATH_LATE = 8,
	PATH_DUP = 16
};

struct path_counts {       /* [0] at a, [1] at b, as --path has them, whatever way the packets go */
	uint64_t seen[2];  /* packets; fragmented datagrams count once where they are numbered */
	uint64_t before;   /* lost before whichever comes first on the way */
	uint64_t between;  /* lost between both */
	uint64_t after;    /* lost behind the second one; TCP tells */
	uint64_t expected; /* what came to the first one, of the range that both saw: what `between` is a part of */
	uint64_t dup, late; /* copies made, and packets put behind later ones, between both */
	uint64_t unseen;   /* came to the second one, never captured at the first */
	uint64_t missed;   /* not captured at the second one while its capture dropped packets: lost, or not */
	uint64_t suspect;  /* bins in which a capture lost packets, one probe was not there, or a clock was set */
	unsigned knows;
};

struct path_point { /* one bin of a way */
	int64_t start, end; /* on a's clock; on that of the first probe where offsets are not known */
	struct path_counts c;
};

struct path_way { /* one direction */
	struct ip addr[2];     /* sender, receiver */
	char name[2][IP_TEXT];
	unsigned proto;
	bool ports;
	uint16_t port[2];
	uint32_t spi;          /* the only one; 0: several, or none */
	unsigned spis;         /* so many numberings */
	char key[40];          /* Community ID; of a tunnel the SPI, if there is one */
	bool tunnel;
	int first;             /* the probe that comes first: 0 a, 1 b; -1: it is not known, and nothing differs */
	const char *how;       /* how that is known */
	enum path_by by;
	bool translated;       /* the addresses or ports differ at both: found by SPI; these are a's */
	struct path_counts c;
	int64_t from, to;      /* first and last packet, on the first one's clock */
	bool varies;           /* the next is known */
	uint64_t variation_us; /* of the time between both: mean difference of one packet and the next that was timed */
	const char *why;       /* `between` is not known: why; NULL */
	struct path_point *point;
	size_t npoints;
};

struct path_clock { /* b's minus a's */
	bool known;
	int64_t offset_us;
	uint64_t spread_us; /* it may be so much less or more */
	bool stepped;       /* some clock was set meanwhile */
};

/* "a,b", the ids of two probes; the text is cut up and has to stay.  false: err says why. */
bool path_parse(char *, struct path_options *, char *err, size_t errlen);
struct path *path_new(const struct path_options *);
void path_free(struct path **);
void path_want(struct fieldset *);
/* The selected rows.  false: they are too many for `memory`. */
bool path_add(struct path *, const struct batch *);
/* false: err says why there is nothing to compare. */
bool path_judge(struct path *, int64_t interval, char *err, size_t errlen);

const char *path_probe(const struct path *, int which); /* 0 a, 1 b: as it is printed */
const char *path_order(const struct path *);            /* the sentence: how the order of both is known */
const struct path_clock *path_clock(const struct path *);
size_t path_count(const struct path *);
const struct path_way *path_way(const struct path *, size_t i); /* worst first */
/* The sentence about flows that only one of them saw, which are no ways of this path; false: there are none. */
bool path_alone_text(const struct path *, struct buf *);
/* Packets lost between, of a hundred that came to the first one; false: not known. */
bool path_percent(const struct path_counts *, double *);

#endif
