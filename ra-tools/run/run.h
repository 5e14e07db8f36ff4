/* SPDX-License-Identifier: BSD-2-Clause
 *
 * run.h: the life of a tool: options, inputs, filter, wanted columns, output, exit status.
 *
 *	r = run_start(argc, argv, &tool, option);
 *	while ((b = run_next(r)) != NULL)
 *		run_print(r, b);
 *	return (run_end(&r));
 *
 * A mistake on the command line ends the program with a sentence and status 2.
 */
#ifndef RA_TOOLS_RUN_RUN_H
#define RA_TOOLS_RUN_RUN_H

#include "format/base/show.h"
#include "format/reader.h"
#include "ra-tools/out/out.h"
#include "ra-tools/query/scan.h"

#include <stdbool.h>
#include <stdnoreturn.h>

struct run;
struct sink;

/* Options without a letter have a number: a tool's own begin at O_OWN. */
enum {
	O_CSV = 256,
	O_CSV_NULL,
	O_JSON,
	O_JSON_NUMBERS,
	O_NATIVE,
	O_IPFIX,
	O_SCHEMA,
	O_LABEL,
	O_NAMES,
	O_TZ,
	O_FILTER_FILE,
	O_MAR,
	O_EXPLAIN,
	O_VERSION,
	O_HAVING,
	O_MEMORY,
	O_WIDE,
	O_COLOR,
	O_EVENTS,
	O_LIVE,
	O_DEDUP,
	O_MERGE_PROBES,
	O_FIELDS,
	O_OWN
};

struct tool {
	const char *purpose; /* for --help */
	const struct option_row *options; /* the rows of <tool>.opt */
	unsigned noptions;
	const char *columns; /* of -s by default; run_columns() can say later */
	bool
	    merges; /* rows of output are not rows of input: --having, the note about corrections */
	bool copies; /* -w: rows go out as they came, one batch after the other */
	bool mar;   /* MAR records are considered without being asked for */
	bool mar_always; /* even if a filter does not select them */
	bool writes; /* -w is its own: run_output() */
	const char *nothing; /* what is not there when nothing came out; NULL: a row */
	bool looks; /* opens the files itself, and says what is wrong with them */
	bool reports; /* shows no records: no --native, no --ipfix */
	unsigned views; /* what columns may show beside fields: VIEW_ bits of view.h */
	/* A tool that is no filter of records: its words stand beside the options, and of the common options it has
	 * those whose long names are in `common`, between spaces. */
	void (*word)(const char *);
	const char *common, *synopsis; /* NULL: all; those of the others */
	uint64_t memory; /* bytes of --memory by default; 0: much of what the machine has */
};

/* The tool's own letter c; false: not one of them. arg is NULL where the row has none. */
typedef bool (*tool_option)(int c, const char *arg);

struct run *run_start(int argc, char **argv, const struct tool *, tool_option);
/* Before the first run_next(): */
void run_columns(struct run *, const char *defaults); /* borrowed */
/* Rows are of one end of records (keys.ends): host, port and so on are columns.  Before run_columns(). */
void run_both_ends(struct run *, bool ends);
bool run_chose_columns(const struct run *); /* -s says what is shown, all of it */
/* A column for the probe too, if records of several come: unless -s says what is shown, or it is shown anyway.  Behind the
 * other calls for columns, before run_fields(). */
void run_probe_column(struct run *);
/* Beside each column that is a sum, this view of it (view.h). */
void run_beside(struct run *, unsigned view);
/* A column for this view of the field, behind the others, unless it is there. */
void run_behind(struct run *, enum field, unsigned view);
void run_format(struct run *, const struct out *); /* instead of what the command line says */
struct views *run_views(struct run *); /* NULL: no column needs any */
/* The same for JSON objects that say of each health flag whether it is set. */
void run_objects(struct run *, const char *defaults);
void run_want(struct run *, enum field);	      /* the tool reads it */
void run_want_set(struct run *, const struct fieldset *);
/* The stored fields that output needs, of which a tool that merges keeps rows. */
void run_fields(struct run *, struct fieldset *);

/* The next batch with selected rows (b->sel), filtered, valid until the next call; NULL: no more. */
struct batch *run_next(struct run *);
/* Instead: each such batch is given to take() with one of the states, of which there are run_threads() + 1, by as many
 * threads at once, in any order; the origin says the order.  The batch may be changed.  What a thread leaves alone
 * (false) is taken with the last state, which has to take it, in order. */
void run_each(struct run *, scan_take, void *const *states);
unsigned run_threads(const struct run *);
/* For who looks at the input more than once: pipes become temporary files.  false: there was none. */
bool run_spool(struct run *);
uint64_t run_memory(const struct run *); /* bytes that what grows with the input may take (--memory) */
uint64_t run_room(const struct run *); /* what is left of it for rows and groups beside the blocks that are read at a time */
uint64_t run_much_memory(const struct run *); /* the same of what has no temporary files: without --memory it is much of what the machine has */
const struct origin *run_origin(const struct run *); /* of the batch handed out last */
/* Leave selected only what --having selects; run_print() does it too. */
void run_having(struct run *, struct batch *);
/* Its selected rows go where the output goes. false: enough (-N, or nobody reads any more). */
bool run_print(struct run *, struct batch *);
/* What was printed into a record file (-w) is written: the next records may be long in coming. */
void run_flush(struct run *);
/* Rates in what is printed from now on are over the question's span, which the heading says; all has been read. */
void run_over_all(struct run *);
/* The heading says that rates are over each bin. */
void run_over_bins(struct run *);
void run_peaks_of(struct run *, int64_t finer); /* and that peaks are those of bins of so many ns */
int64_t run_over(const struct run *); /* ns; 0: not known */
/* The same without --having: sums over rows that are not shown. */
bool run_print_anyway(struct run *, struct batch *);
/* From now on, note the probes of the selected rows. */
/* Who reads next: batches may have dense columns (batch_flat()), and may be as block.h says of extremes; NULL: not. */
void run_takes_dense(struct run *, bool dense, const struct extremes *);
void run_tell_probes(struct run *);
bool run_merges_probes(const struct run *); /* --merge-probes */
const struct probes *run_probes(const struct run *); /* so far: of all batches handed out */
void run_uncounted(struct run *); /* the tool sees to -N itself */
/* A filter of the tool's own; a mistake in it ends the program. NULL: the text is empty. */
struct filter *run_filter(struct run *, const char *what, const char *text);
/* For tools that print by themselves, through out.h. */
struct sheet *run_sheet(struct run *);
bool run_separated(const struct run *), run_json(const struct run *), run_text(const struct run *), run_quiet(const struct run *), run_selects(const struct run *);
void run_counted(struct run *, uint64_t records); /* records came out */

/* For tools that look more than once: from the first file again, only bins that touch [from, to) (ns,
 * within -t; INT64_MIN, INT64_MAX: all), only what the filter `also` selects too (NULL: no other).  What is
 * wanted is to be said again, columns are kept. false: the input is a pipe. */
bool run_again(struct run *, int64_t from, int64_t to, const char *also);
/* Behind run_start(), for tools that show what comes while it comes: run_next() gives what is there by now, and run_more() says
 * whether there is more already, will be, or never.  While a pipe is waited for, idle() is called a few times a second; true:
 * it is enough.  What there is to say of the input is said at the end. */
enum run_more { RUN_MORE, RUN_LATER, RUN_NEVER };
void run_follow(struct run *, bool (*idle)(void *), void *arg);
enum run_more run_more(struct run *);
const char *run_inputs(struct run *);	   /* "-r a.pavo 'b c.pavo'", to show in a command */
/* The options but inputs and the filter, as they stood on the command line; false: no more.  arg is NULL where there is none. */
bool run_given(const struct run *, size_t i, const struct option_row **, const char **arg);
const char *run_asked(const struct run *); /* the filter in force, as text; "": none */
void run_span(const struct run *, int64_t *from, int64_t *to);	   /* -t */
uint64_t run_count(const struct run *, uint64_t otherwise); /* -N */
/* Only so many of the first rows can come out: -N, if --having leaves none of them out; 0: all. */
uint64_t run_most(const struct run *);

const struct segment_info *run_segment(const struct run *); /* of the batch handed out last */
const char *run_at(const struct run *);			    /* its file's name */
enum clock_zone run_zone(const struct run *);
/* Its name and how its clock stands in these times: "Europe/Berlin, UTC+01:00". */
void run_zone_text(const struct run *, int64_t from, int64_t to, struct buf *);
const struct labels *run_label_lists(const struct run *); /* --label; NULL: none */
int64_t run_now(const struct run *); /* when the tool was started */
int64_t run_clock(void); /* ns of a clock that nobody sets */
const char *run_input(const struct run *, unsigned i); /* the files to be read, "-" = stdin; NULL: no more */
const char *run_output(const struct run *); /* what -w says; NULL: nothing */
bool run_labels(const struct run *, struct fieldset *made); /* what --label makes; false: it was not given */
/* For tools that write other record files than -w: what their headers say, valid until the next call; and refuse
 * to write over an input. */
const struct segment_info *run_header(const struct run *, bool filtered);
void run_check_output(const struct run *, const char *path);
/* Closes what a tool writes; interrupted, it stays a part, and run_end() says so. */
void run_close(struct run *, struct sink **, bool filtered);
void run_call_probe(struct run *, const char *); /* in what -w writes; borrowed */
/* The T that -w writes into its header, if it is not that of the input. */
void run_interval(struct run *, uint32_t seconds);

/* Does the input, as far as it was read, have packets twice (twice.h)?  run_end() says so. */
bool run_twice(struct run *, bool all); /* all: the tool reads the files itself, and all of them */
/* Where input can be read once: who reads by itself tells it all rows (twice_meet()).  NULL: no need. */
struct twice_met *run_meets(struct run *);
/* The least common multiple of T of the files, as they say of themselves, in ns; 0: it is not known. */
int64_t run_multiple(const struct run *);
bool run_partial(const struct run *); /* not all of the input was read, so far */
/* For tools that read by themselves: a reader whose wait for a pipe ends when that is asked for; and whether to stop, to be
 * asked after each block (then run_end() says that what came out is not all). */
struct reader *run_open(struct run *, const char *path, char *err, size_t errlen);
bool run_stopping(struct run *);
bool run_unclosed(const struct run *); /* some file ends without a trailer: its writer was killed, or is still at it */
/* Flush, close, say what went wrong; frees. Returns the exit status. */
int run_end(struct run **);

noreturn void run_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
noreturn void run_fail(const char *fmt, ...)
    __attribute__((format(printf, 1, 2))); /* nothing sensible can come out */
void run_wrong(struct run *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3))); /* status 2, go on */
void run_bad(struct run *); /* status 2; what is wrong has been said */
void run_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Sentences that run_end() says behind the output: what the answer is worth; and, not with -q, what it does not hold and
 * what would help. */
void run_note_last(struct run *, const char *sentence);
void run_hint_last(struct run *, const char *sentence);

#endif
