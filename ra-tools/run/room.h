/* SPDX-License-Identifier: BSD-2-Clause
 *
 * room.h: what the files of a run share (run.h is what tools see): say.c, distant.c, line.c, start.c, filters.c, columns.c, plan.c,
 * over.c, next.c, print.c, ask.c, end.c.
 */
#ifndef RA_TOOLS_RUN_ROOM_H
#define RA_TOOLS_RUN_ROOM_H

#include "ra-tools/filter/filter.h"
#include "ra-tools/query/labels.h"
#include "ra-tools/query/period.h"
#include "ra-tools/query/scan.h"
#include "ra-tools/query/twice.h"
#include "ra-tools/out/ipfix.h"
#include "ra-tools/out/kafka.h"
#include "ra-tools/out/schema.h"
#include "ra-tools/run/run.h"
#include "ra-tools/run/watch.h"

#define OPTIONS_MAX 64

struct run {
	const struct tool *tool;
	struct option_row rows[OPTIONS_MAX];
	unsigned nrows, ncommon; /* the common ones are first */
	struct given { /* options as they stood on the command line; inputs and the filter are not among them */
		const struct option_row *row;
		const char *arg;
	} *given;
	size_t ngiven;

	/* what was asked for */
	const char *fields, *having_text, *filter_file, *separator;
	char *filter_text, *fields_text, *both_text;
	struct input { /* as -r and -R name them, until they are opened */
		const char *path;
		bool tree; /* as it turned out */
		int word;  /* of argv; it may be one that stands behind a file; 0: it is the option's own */
	} *inputs;
	size_t ninputs;
	int argc; /* the command line */
	char **argv;
	bool live; /* files that are still being written, too */
	struct buf typed; /* the inputs, as one would type them in a shell */
	struct buf part;  /* interrupted: the first file that stays a part, */
	unsigned parts;	  /* and how many do */
	const char *write_path, *rejects_path;
	struct sink *write, *rejects;
	uint64_t count;
	const char *colour;
	bool wide;
	bool digits_said; /* -p */
	bool counted, json, quiet, mar, events, started;
	unsigned numeric, explain, threads;
	uint64_t memory, much_memory; /* --memory; without it what the tool says, and much of what the machine has */
	int64_t now, from, to; /* -t: from <= time < to */
	bool dense; /* the tool knows dense columns */
	const struct extremes *extremes; /* NULL: it looks at each row */
	bool timed, dedup, merge_probes;
	struct period period; /* as it was asked for */

	/* at work */
	struct source *source;
	struct scan *scan;
	struct origin origin; /* of the batch handed out last */
	bool files;	      /* nothing but files is read */
	struct filter *filter, *having;
	const struct out *out;
	struct sheet sheet;
	struct sheet_column *columns;
	bool ends; /* rows are of one end */
	const char *end_column; /* a column of such rows, where it is not known yet whether they are; NULL: none */
	bool probe_hidden; /* the first of these is the probe, which the sheet does not have yet */
	struct arena names;  /* of columns that no option spells */
	struct views *views; /* of those columns that are no fields; NULL: none is */
	struct labels *labels;
	bool label_seen; /* some block has a label that is wanted (set by several threads) */
	bool native;
	const char *kafka_to; /* kafka://BROKER/TOPIC, or NULL */
	struct ipfix ipfix; /* how, if sheet.ipfix says so */
	struct schema schema; /* to print, and nothing else */
	bool headed;
	struct repeats *repeats;
	bool *read; /* of the first nread files: was a block of it looked at? */
	unsigned nread;
	struct arena found; /* what twice is of */
	struct twice twice;
	struct twice_met *met; /* NULL: files, or nobody tells */
	bool looked;
	struct probes *probes; /* NULL: nobody asks */
	struct fieldset own, want, first; /* what the tool reads; all that is read; what selects */
	const struct fieldset *wanted; /* NULL: every field */
	uint64_t *sel, *match;
	struct segment_info segment;
	char *probe;
	uint32_t interval;
	int64_t reach_from, reach_to; /* of all blocks, read or not (set by several threads) */
	int64_t over;		      /* rates are over so many ns; 0: each row's own bin */
	const char *called; /* what -w calls the probe; NULL: what the input does */

	/* what became of it */
	uint64_t came_out, corrections, seen, suspect, full;
	uint64_t came_by; /* records of all blocks that came by, read or not (set by several threads) */
	uint64_t hidden; /* events, which nobody asked for */
	bool matched;	 /* a record passed time and filter */
	struct sentence {
		char *text;
		bool hint;
	} *last; /* to say at the end */
	unsigned nlast;
	bool dropped; /* a block says of records that were not written (set by several threads) */
	bool corrections_unread; /* a block was skipped that may have some (set by several threads) */
	bool failed, enough, stopped, drained; /* drained: by run_each() */
	bool ended; /* no more blocks: rows that come now were waited for already */
	struct watch watch;
	int64_t stop_asked; /* when it was seen; 0: not yet */
	bool gave_up; /* a tool that reads by itself did */
	bool follow; /* what comes while it comes */
	bool (*idle)(void *);
	void *idle_arg;
};

/* say.c: source.h's hook */
void say_input(void *run, const char *path, const char *sentence, bool wrong);

/* foreign.c: the words, in which those of argus and nfdump are ours; or the program ends with the line that does it. */
char **foreign_words(struct run *, int *argc, char **argv); /* to be freed, its words not */

/* fields.c: the fields, or those that the word speaks of; status */
int fields_show(const char *word);

/* line.c */
void line_common(struct run *); /* the options that the tool shares with others */
void line_take(struct run *, tool_option own, int argc, char **argv);
noreturn void line_help_wrong(const struct run *);
uint64_t line_number(const char *option, const char *arg, uint64_t most); /* or the program ends */

char *line_words(int argc, char **argv, int at); /* those from there on, with blanks between them */

/* inputs.c */
int inputs_take(struct run *, int option, const char *first, char **argv, int next); /* -r, -R; where the words behind it end */
/* Words that stand where none may. */
noreturn void inputs_misplaced(const struct run *, char **argv, int from, int to);
/* When all options are known (--live may stand behind a tree, a filter anywhere): all that is to be read. */
void inputs_open(struct run *);

/* distant.c: -r tcp://HOST:PORT; what is wrong ends the program */
void distant_open(struct run *, const char *path);

/* cover.c: nothing came out */
void cover_tell(const struct run *);

/* filters.c */
struct filter *filter_of(struct run *, const char *what, const char *text); /* NULL: the text is empty; a mistake ends the program */
void filters_set(struct run *);

/* columns.c: the probe's column, once all is read */
void columns_probe(struct run *);

/* over.c */
void over_start(struct run *);
void over_block(struct run *, const struct block_info *); /* before it is skipped: a filter changes nothing of how long the input is */
void over_head(struct run *);				  /* columns are known */
void over_batch(const struct run *, struct batch *);	  /* before anything is derived */

/* full.c: rows with a sum that is more than 64 bits hold get their flag; how many */
uint64_t full_mark(struct batch *);

/* plan.c */
unsigned plan_wants(void *run, const struct block_info *);
void plan_opened(void *run, struct reader *);
void plan_columns(struct run *); /* everything that has to be read, once the tool has said what it needs */
struct scan_plan plan_scan(struct run *);

/* ask.c */
unsigned run_blocks(const struct run *); /* that are read at a time, at most */
uint32_t run_block_rows(const struct run *); /* of a block that is gathered to be written, at most: a quarter of the memory is for it */

/* next.c */
bool run_stops(const struct run *); /* the user wants an end */
void note_read(struct run *, unsigned file); /* a block of this file was looked at */

/* print.c */
void put_rows(struct run *, struct sink *, struct batch *, bool filtered);
void sheet_head(struct run *);
noreturn void print_schema(struct run *); /* of its columns, and end */

#endif
