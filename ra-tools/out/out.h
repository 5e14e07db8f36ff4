/* SPDX-License-Identifier: BSD-2-Clause
 *
 * out.h: records as text.  A format is a const struct out; it loops over columns and asks their types.
 */
#ifndef RA_TOOLS_OUT_OUT_H
#define RA_TOOLS_OUT_OUT_H

#include "format/base/buf.h"
#include "format/base/clock.h"
#include "format/base/json.h"
#include "format/batch.h"
#include "format/types.h"

#include <stdbool.h>

#define SHEET_MAX 1024 /* columns */
#define SHEET_ROWS 512 /* at once */

struct sheet_column {
	enum field field;
	unsigned width; /* in text; it grows when a value is longer */
	const char *
	    name; /* as it was asked for: the CSV heading and the JSON key; lives as long as the sheet */
	/* of columns that are no fields: which view of the field (view.h), and what is shown instead of the
	 * batch's column */
	unsigned view;
	const char *label;
	const struct column *made; /* NULL: the field itself */
	enum type type;
};

struct sheet {
	const struct sheet_column *want;
	unsigned n;
	struct text_options text;
	char separator;	    /* CSV */
	const char *null;   /* CSV: for absent and mixed */
	bool legacy;	    /* Native: for servers without DateTime64 and IPv6 */
	bool framed;	    /* Native: each block behind its length */
	bool json_numbers;  /* JSON: of any size */
	bool verdicts;	    /* JSON: a boolean for each health flag instead of the words of the set ones */
	bool names, colour; /* service and host names; escape sequences */
	char offset[CLOCK_TEXT]; /* text: of all times, in the heading; "": they say it themselves */
	const char *rates;  /* text: what rates are over, a line before the first heading; NULL: nothing to say */
	const char *peaks;  /* the same of what peaks are of */
	unsigned room;	    /* text: places of a line, which rows have to fit (fit.h); 0: any number */
	bool folds;	    /* lines of a report have to, too (fold.h) */
	bool human;	    /* counters of three digits and a letter: 1.23M */
	unsigned repeat;    /* text: the heading again after so many lines; 0: once */
	bool bare;	    /* no heading */

	/* How many ms whoever reads standard output may still be waited for: -1 for ever; NULL: for ever. */
	int (*patience)(void *);
	void *patience_arg;

	int far; /* a socket that takes the place of standard output; 0: none */

	/* of the formats */
	struct buf out;	       /* on its way to stdout, one write for 64 KiB */
	struct buf cell, held; /* a value; cells of the rows that wait for their widths (text) */
	uint32_t *ends;	       /* where each held cell ends in `held` */
	size_t nends, capends;
	unsigned *width;
	struct fit *fit;
	struct cells *cells; /* of many rows (cells.h) */
	struct sheet_native *native;
	const struct zeek *zeek; /* of who prints as Zeek (zeek.h) */
	struct kafka *kafka;	 /* whoever sends messages (kafka.h) */
	struct ipfix *ipfix;	 /* of who prints as IPFIX (ipfix.h) */
	uint64_t lines;
	bool begun;
	int error; /* errno of a failed write; nothing is written after it.  ECANCELED: there was no patience left */
};

struct out {
	const char *name;
	void (*head)(struct sheet *); /* once, before all rows */
	void (*row)(struct sheet *, const struct batch *,
		    uint32_t r);       /* derived columns are there; NULL: only many */
	void (*rows)(struct sheet *, const struct batch *, const uint32_t *row,
		     uint32_t n);      /* the same of up to SHEET_ROWS; NULL: one after the other */
	void (*pause)(struct sheet *); /* where the next row may be long in coming: what is held goes out; may be NULL */
	void (*tail)(struct sheet *);  /* once, after all rows */
};

extern const struct out out_text, out_csv, out_json, out_native;

enum type sheet_type(const struct sheet *, unsigned i);
const struct column *sheet_column_of(const struct sheet *, const struct batch *, unsigned i); /* NULL: absent */

enum cell_state { CELL_ABSENT, CELL_MIXED, CELL_HERE };
/* The value of column i in row r as text, appended to `to`. */
enum cell_state sheet_cell(struct sheet *, const struct batch *, unsigned i, uint32_t r,
			   struct buf *to);
void native_type(const struct sheet *, unsigned i, struct buf *to); /* of ClickHouse, for column i */
bool type_is_right(enum type); /* right-aligned in text */

/* A record as an object and the end of its line, appended to s->out. */
void json_record(struct sheet *, const struct batch *, uint32_t r);
/* A time as JSON has it: a text, or a number of seconds since 1970 where those were asked for. */
void time_json(const struct text_options *, struct json *, const char *key, int64_t ns);

void sheet_printf(struct sheet *, const char *, ...) __attribute__((format(printf, 2, 3)));
void sheet_flush(struct sheet *); /* everything that is ready goes to stdout */
void sheet_ready(struct sheet *); /* the same if it is worth a write */
void sheet_free(struct sheet *);  /* buffers only */

#endif
