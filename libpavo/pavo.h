/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pavo.h: flow records of pavo, read from their files as columns or row by row.  pavo(3); cc x.c $(pkg-config --cflags --libs pavo)
 *
 *	struct pavo_question q = { .files = &path, .nfiles = 1, .fields = "spkts,sloss", .filter = "esp and sloss > 0" };
 *	struct pavo *p = pavo_open(&q, why, sizeof(why));
 *	while ((b = pavo_next(p)) != NULL) ...
 *	if (pavo_error(p) != NULL) ...
 *	pavo_close(&p);
 *
 * What it does not do: print, end the program, handle signals, change the locale or the time zone, make threads.  What is
 * wrong is one sentence, without a point at its end; so is memory that can not be had.
 *
 * Threads: a reader is used by one thread at a time; several readers by several threads.
 *
 * Symbols are versioned: a program runs with every later libpavo.so.0.
 */
#ifndef PAVO_H
#define PAVO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How values are held. */
enum pavo_kind {
	PAVO_U64,     /* numbers; times: ns since 1970-01-01 UTC; durations: us */
	PAVO_I64,
	PAVO_DOUBLE,
	PAVO_ADDRESS, /* 16 bytes in network order; IPv4 as ::ffff:a.b.c.d */
	PAVO_BYTES,   /* as they lie in the file: pavo(5), "Types"; pavo_text() for people */
	PAVO_STRING,  /* text, without a NUL */
};

/* Not there is not 0: what was never seen, and what merged records had several values of, has no value (it reads 0 or empty). */
enum pavo_state { PAVO_ABSENT, PAVO_PRESENT, PAVO_MIXED };

struct pavo_field {
	const char *name;  /* as in pavo-fields(7) */
	const char *type;  /* "TIME", "DUR", "COUNT", ...: pavo(5) */
	const char *unit;  /* of its numbers: "ns", "us", "bytes", "%"; "" */
	const char *doc;   /* what it is, in some words */
	enum pavo_kind kind;
	bool words;	   /* its numbers stand for words (protocols, states, flags): pavo_text() */
};

/* What is asked.  Nothing of it has to live longer than pavo_open().  Members that are 0 ask for all. */
struct pavo_question {
	const char *const *files; /* record files, folders (all *.pavo below, by name), "-" = stdin */
	size_t nfiles;
	const char *fields; /* names of pavo-fields(7), with commas or blanks between them; NULL: all that files store */
	const char *filter; /* pavo-filter(7), times in UTC; NULL or "": all records */
	int64_t from, to;   /* records whose bins touch from <= time < to, ns since 1970 (pavo_time()); to = 0: without end */
	/* false: as the ra tools show them, without the probe's own records (MAR) and rows that say of a flow's end alone,
	 * unless the filter speaks of such.  true: every record. */
	bool all_records;
};

/* Up to 32768 records. Valid until the next call with the same reader. */
struct pavo_column {
	union {
		const uint64_t *u64;
		const int64_t *i64;
		const double *real;
		const uint8_t (*address)[16];
		const uint8_t *bytes; /* PAVO_BYTES, PAVO_STRING: of row r from offset[r] up to offset[r + 1] */
		const void *values;
	};
	const uint64_t *offset; /* rows + 1; of other kinds NULL */
	const uint8_t *state;	/* of each row, enum pavo_state; never NULL */
};
struct pavo_batch {
	size_t rows; /* at least 1 */
	size_t columns;
	const struct pavo_column *column; /* in the order of the question's fields */
};

struct pavo_value { /* one cell */
	enum pavo_state state;
	union {
		uint64_t u64;
		int64_t i64;
		double real;
		const uint8_t *address;
		const uint8_t *bytes;
	};
	size_t length; /* of bytes */
};

struct pavo;

/* A reader, to be closed; NULL: `why` says what is wrong, cut to `size` (256 are enough for all but long names). */
struct pavo *pavo_open(const struct pavo_question *, char *why, size_t size);
/* The fields that were asked for, *n of them; they live as long as the reader. */
const struct pavo_field *pavo_fields(const struct pavo *, size_t *n);
/* The next records as columns; NULL: no more, or no more can be read: pavo_error(). */
const struct pavo_batch *pavo_next(struct pavo *);
/* The next record, a cell a field, valid until the next call; NULL as above.  Not to be mixed with pavo_next(): it takes
 * what is left of a batch. */
const struct pavo_value *pavo_row(struct pavo *);
/* The first thing that was wrong, with its file; NULL: nothing was.  Damaged blocks are passed by and reading goes on: at
 * the end, ask. */
const char *pavo_error(const struct pavo *);
/* The first thing worth saying that is not wrong (a file that is being written); NULL. */
const char *pavo_note(const struct pavo *);
/* And *p is NULL.  After "out of memory" what the reader held is not given back. */
void pavo_close(struct pavo **p);

/* A cell as `ra --json` writes it, without quotes: "tcp", "10.0.0.1", "2026-11-20T15:19:57.017377Z"; "" where there is none.
 * At most `size` bytes and a NUL among them; returns the length of all of it. */
size_t pavo_text(const struct pavo_field *, const struct pavo_value *, char *to, size_t size);
/* What `ra -t` takes: "2026-11", "2026-11-20T15:19:57Z+1s", "-1h"; now: ns since 1970.  false: it is no time. */
bool pavo_time(const char *text, int64_t now, int64_t *from, int64_t *to);
/* "0.1.0" */
const char *pavo_version(void);

#ifdef __cplusplus
}
#endif
#endif
