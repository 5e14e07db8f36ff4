/* SPDX-License-Identifier: BSD-2-Clause
 *
 * run.c: the life of a tool.  The only place that knows the command line, the wall clock, and what
 * the exit status is.
 */
#include "ra-tools/run/run.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/plain.h"
#include "ra-tools/query/corrections.h"
#include "ra-tools/report/drill.h"
#include "ra-tools/filter/filter.h"
#include "ra-tools/query/labels.h"
#include "ra-tools/query/period.h"
#include "ra-tools/query/pool.h"
#include "ra-tools/query/scan.h"
#include "ra-tools/query/twice.h"
#include "ra-tools/query/sink.h"
#include "ra-tools/run/watch.h"
#include "ra-tools/out/view.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OPTIONS_MAX	64
#define FILTER_FILE_MAX (1u << 20)
#define THREADS_DEFAULT 4 /* at most: beyond, memory is what they wait for */
#define MEMORY_DEFAULT	(1ull << 30) /* at least */

static const struct option_row common[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/run/run.opt"
#undef OPT
};
#define NCOMMON (sizeof(common) / sizeof(common[0]))

struct run {
	const struct tool *tool;
	struct option_row rows[OPTIONS_MAX];
	unsigned nrows, ncommon; /* the common ones are first */

	/* what was asked for */
	const char *fields, *having_text, *filter_file, *separator;
	char *filter_text, *fields_text, *both_text;
	struct input { /* as -r and -R name them, until they are opened */
		const char *path;
		bool tree;
	} *inputs;
	size_t ninputs;
	bool live; /* files that are still being written, too */
	struct buf typed; /* the inputs, as one would type them in a shell */
	struct buf part;  /* interrupted: the first file that stays a part, */
	unsigned parts;	  /* and how many do */
	const char *write_path, *rejects_path;
	struct sink *write, *rejects;
	uint64_t count;
	bool counted, json, quiet, mar, started;
	unsigned numeric, explain, threads;
	uint64_t memory;
	int64_t now, from, to; /* -t: from <= time < to */
	bool timed, dedup;
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
	bool probe_hidden; /* the first of these is the probe, which the sheet does not have yet */
	struct arena names;  /* of columns that no option spells */
	struct views *views; /* of those columns that are no fields; NULL: none is */
	struct labels *labels;
	bool label_seen; /* some block has a label that is wanted (set by several threads) */
	bool native;
	bool headed;
	struct repeats *repeats;
	bool *read; /* of the first nread files: was a block of it looked at? */
	unsigned nread;
	struct arena found; /* what twice is of */
	struct twice twice;
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
	uint64_t came_out, corrections, seen, suspect;
	struct sentence {
		char *text;
		bool hint;
	} *last; /* to say at the end */
	unsigned nlast;
	bool dropped; /* a block says of records that were not written (set by several threads) */
	bool corrections_unread; /* a block was skipped that may have some (set by several threads) */
	bool failed, enough, stopped, drained; /* drained: by run_each() */
	struct watch watch;
	int64_t stop_asked; /* when it was seen; 0: not yet */
	bool gave_up; /* a tool that reads by itself did */
	bool follow; /* what comes while it comes */
	bool (*idle)(void *);
	void *idle_arg;
};

/* --- messages ---------------------------------------------------------------------------------- */

void
run_usage(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warnx("%s", text);
	(void)fprintf(stderr, "%s: see %s --help\n", log_name(), log_name());
	exit(EXIT_ERROR);
}

void
run_fail(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fatalx("%s", text);
}

void
run_wrong(struct run *r, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warnx("%s", text);
	r->failed = true;
}

void
run_bad(struct run *r)
{
	r->failed = true;
}

void
run_note(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_info("%s", text);
}

static void
add_last(struct run *r, const char *sentence, bool hint)
{
	r->last = mem_grow(r->last, r->nlast + 1, sizeof(r->last[0]));
	r->last[r->nlast++] = (struct sentence){ mem_str(sentence), hint };
}

void
run_note_last(struct run *r, const char *sentence)
{
	add_last(r, sentence, false);
}

void
run_hint_last(struct run *r, const char *sentence)
{
	add_last(r, sentence, true);
}

static void
say(void *arg, const char *path, const char *sentence, bool wrong)
{
	struct run *r = arg;

	bool named = strncmp(sentence, path, strlen(path)) == 0; /* it says itself which file */
	struct buf text = { 0 };

	buf_printf(&text, "%s%s%s", named ? "" : path, named ? "" : ": ", sentence);
	if (r->follow) /* there may be a screen */
		run_note_last(r, buf_cstr(&text));
	else
		log_warnx("%s", buf_cstr(&text));
	buf_free(&text);
	r->failed |= wrong;
}

static void
help_text(const struct run *r, struct buf *to)
{
	buf_printf(to, "usage: %s %s\n%s\n", log_name(),
		   r->tool->synopsis != NULL ? r->tool->synopsis : "-r FILE... [options] [- FILTER]", r->tool->purpose);
	if (r->nrows > r->ncommon) {
		buf_printf(to, "\n");
		option_lines(to, r->rows + r->ncommon, r->nrows - r->ncommon);
	}
	buf_printf(to, "\n");
	option_lines(to, r->rows, r->ncommon);
	if (r->tool->common == NULL)
		buf_printf(to, "\nThe filter: pavo-filter(7).  The fields: pavo-fields(7).\n"
			       "Exit status: 0 records came out, 1 none, 2 an error.\n");
}

static noreturn void
help_wrong(const struct run *r)
{
	struct buf b = { 0 };

	help_text(r, &b);
	(void)fputs(buf_cstr(&b), stderr);
	exit(EXIT_ERROR);
}

static noreturn void
help_wanted(const struct run *r)
{
	struct buf b = { 0 };

	help_text(r, &b);
	show_printf("%s", buf_cstr(&b));
	buf_free(&b);
	exit(0);
}

static noreturn void
version(void)
{
	show_printf("%s (%s) %s\n", log_name(), PACKAGE_NAME, PACKAGE_VERSION);
	exit(0);
}

/* --- the command line -------------------------------------------------------------------------- */

static uint64_t
number(const char *option, const char *arg, uint64_t most)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(arg, &end, 10);
	if ((!isdigit((unsigned char)arg[0]) || *end != '\0' || errno != 0) && most == UINT64_MAX)
		run_usage("%s %s: expected a number", option, arg);
	if (!isdigit((unsigned char)arg[0]) || *end != '\0' || errno != 0 || v > most)
		run_usage("%s %s: expected a number up to %llu", option, arg,
			  (unsigned long long)most);
	return (v);
}

static void
type_word(struct buf *to, const char *word)
{
	if (to->len > 0)
		buf_u8(to, ' ');
	drill_quote(word, to);
}

static void
add_input(struct run *r, int c, const char *path)
{
	type_word(&r->typed, path);
	r->inputs = mem_grow(r->inputs, r->ninputs + 1, sizeof(r->inputs[0]));
	r->inputs[r->ninputs++] = (struct input){ .path = path, .tree = c == 'R' };
}

/* When all options are known: --live may stand behind a tree. */
static void
open_inputs(struct run *r)
{
	for (size_t i = 0; i < r->ninputs; i++)
		if (!r->inputs[i].tree)
			source_add(r->source, r->inputs[i].path);
		else if (!source_add_tree(r->source, r->inputs[i].path, r->live))
			run_wrong(r, "%s: %s", r->inputs[i].path, strerror(errno));
	if (r->live)
		type_word(&r->typed, "--live");
}

/* Files up to the next word that begins with a dash (TOOLS, "Arguments"). */
static void
take_inputs(struct run *r, int c, int argc, char **argv)
{
	r->started = true;
	type_word(&r->typed, c == 'r' ? "-r" : "-R");
	add_input(r, c, optarg);
	while (optind < argc && argv[optind][0] != '-')
		add_input(r, c, argv[optind++]);
}

static void
add_labels(struct run *r, const char *path)
{
	char err[512];

	if (r->labels == NULL)
		r->labels = labels_new();
	if (!labels_add(r->labels, path, err, sizeof(err)))
		run_fail("%s", err);
}

static bool
take_output(struct run *r, int c, const char *arg)
{
	switch (c) {
	case 'w':
		r->write_path = arg;
		break;
	case 'E':
		r->rejects_path = arg;
		break;
	case 's':
		r->fields = arg;
		break;
	case 'c':
		r->separator = arg;
		break;
	case O_CSV:
		r->separator = ",";
		break;
	case O_CSV_NULL:
		r->sheet.null = arg;
		break;
	case O_JSON_NUMBERS:
		r->sheet.json_numbers = true;
		break;
	case O_JSON:
		r->json = true;
		break;
	case O_NATIVE:
		r->native = true;
		break;
	case 'n':
		r->numeric++;
		break;
	case O_NAMES:
		r->sheet.names = true;
		break;
	case 'u':
		r->sheet.text.epoch = true;
		break;
	case 'p':
		r->sheet.text.digits = (unsigned)number("-p", arg, 9);
		break;
	case 'L':
		r->sheet.repeat = (unsigned)number("-L", arg, 1u << 30);
		break;
	default:
		return (false);
	}
	return (true);
}

/* A quarter of what the machine has. */
static uint64_t
memory_default(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t quarter = pages > 0 && size > 0 ? (uint64_t)pages / 4 * (uint64_t)size : 0;

	return (quarter > MEMORY_DEFAULT ? quarter : MEMORY_DEFAULT);
}

static void
set_memory(struct run *r, const char *arg)
{
	union value v;
	const char *why;

	if (!value_parse(TYPE_BYTES, arg, strlen(arg), 0, CLOCK_UTC, &v, &why) || v.u == 0)
		run_usage("--memory %s: expected a size, such as 500M or 4G", arg);
	r->memory = v.u;
}

static bool
take_input(struct run *r, int c, const char *arg)
{
	switch (c) {
	case 't':
		r->period.text = arg;
		break;
	case O_TZ:
		r->period.tz = arg;
		break;
	case 'N':
		r->count = number("-N", arg, UINT64_MAX);
		r->counted = true;
		break;
	case 'q':
		r->quiet = true;
		break;
	case 'P':
		if ((r->threads = (unsigned)number("-P", arg, 256)) == 0)
			run_usage("-P 0: at least one thread is needed");
		break;
	case O_MEMORY:
		set_memory(r, arg);
		break;
	case O_LABEL:
		add_labels(r, arg);
		break;
	case O_FILTER_FILE:
		r->filter_file = arg;
		break;
	case O_MAR:
		r->mar = true;
		break;
	case O_DEDUP:
		r->dedup = true;
		break;
	case O_LIVE:
		r->live = true;
		break;
	case O_EXPLAIN:
		r->explain++;
		break;
	case O_HAVING:
		r->having_text = arg;
		break;
	case 'h':
		help_wanted(r);
	case O_VERSION:
		version();
	default:
		return (false);
	}
	return (true);
}

static char *
words_joined(int argc, char **argv, int at)
{
	struct buf b = { 0 };

	for (int i = at; i < argc; i++) {
		if (i > at)
			buf_u8(&b, ' ');
		buf_str(&b, argv[i]);
	}
	(void)buf_cstr(&b);
	return ((char *)b.p);
}

static noreturn void
bad_option(int c, char **argv)
{
	const char *word = argv[optind - 1];

	if (c == ':' && optopt < 256)
		run_usage("-%c needs an argument", optopt);
	if (c == ':')
		run_usage("%s needs an argument", word);
	if (optopt > 0 && optopt < 256)
		run_usage("-%c: no such option", optopt);
	run_usage("%s: no such option", word);
}

static void
take_line(struct run *r, tool_option own, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1];
	char letters[OPTION_LETTERS(OPTIONS_MAX)];
	int c;

	option_words(r->rows, r->nrows, letters, longs);
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1 || (r->tool->word != NULL && optind < argc)) {
		if (c == -1)
			r->tool->word(argv[optind++]);
		else if (c == '?' || c == ':')
			bad_option(c, argv);
		else if (c == 'r' || c == 'R')
			take_inputs(r, c, argc, argv);
		else if ((own == NULL || !own(c, optarg)) && !take_output(r, c, optarg) && !take_input(r, c, optarg))
			run_usage("%s: no such option", argv[optind - 1]);
	}
	if (optind == argc)
		return;
	if (strcmp(argv[optind], "-") == 0)
		optind++;
	else if (strcmp(argv[optind - 1], "--") != 0 && optind > 2 &&
		 (strcmp(argv[optind - 2], "-s") == 0 || strcmp(argv[optind - 2], "-m") == 0))
		run_usage("\"%s\" is out of place: names are separated by commas: %s %s,%s",
			  argv[optind], argv[optind - 2], argv[optind - 1], argv[optind]);
	else if (strcmp(argv[optind - 1], "--") != 0)
		run_usage(
		    "\"%s\" is out of place: files stand behind -r, the filter behind a lone -",
		    argv[optind]);
	r->filter_text = words_joined(argc, argv, optind);
}

/* --- what the words mean ----------------------------------------------------------------------- */

static int64_t
wall_clock(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return ((int64_t)ts.tv_sec * SEC + ts.tv_nsec);
}

static void
set_range(struct run *r)
{
	const char *wrong = period_zone(&r->period);
	enum clock_range what;

	if (wrong != NULL)
		run_usage("--tz %s: %s", r->period.tz, wrong);
	what = period_range(&r->period, r->now);
	if (what == CLOCK_WRONG)
		run_usage("-t %s: expected a time or a range, such as 14:05-14:10, "
			  "2026/11/20.14:05:00+5m, 2026-11, 2026-W47, yesterday or -1h",
			  r->period.text);
	if (what == CLOCK_HOLE)
		run_note("-t %s: there is no such time in %s: its clock is set ahead there", r->period.text,
		    strcasecmp(r->period.tz, "local") == 0 ? "this zone" : r->period.tz);
	r->timed = r->period.text != NULL;
	r->from = r->period.from;
	r->to = r->period.to;
}

static char
separator_of(const char *arg)
{
	if (strcmp(arg, "\\t") == 0)
		return ('\t');
	if (strlen(arg) != 1 || *arg == '"' || *arg == '\n')
		run_usage("-c %s: expected one character", arg);
	return (*arg);
}

static void
set_output(struct run *r)
{
	r->out = &out_text;
	if (r->separator != NULL) {
		r->sheet.separator = separator_of(r->separator);
		r->out = &out_csv;
	}
	if (r->json + r->native + (r->separator != NULL) > 1)
		run_usage("--json, --native and separated values: one of them");
	if (r->native && r->tool->reports)
		run_usage("--native is for records, and this is a report: --csv or --json");
	if (r->native && isatty(STDOUT_FILENO) && r->write_path == NULL)
		run_usage("--native is not for a terminal: pipe it into ClickHouse");
	if (r->native)
		r->out = &out_native;
	if (r->json)
		r->out = &out_json;
	if (r->numeric > 0)
		r->sheet.names = false;
	r->sheet.text.zone = r->period.zone;
	if (r->out == &out_text)
		period_offset(&r->period, r->sheet.offset);
	if (r->sheet.offset[0] != '\0')
		r->sheet.text.zone = CLOCK_BARE;
	r->sheet.text.proto_numbers = r->numeric > 1;
	r->sheet.colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
}

static char *
file_text(const char *path)
{
	FILE *f = fopen(path, "r");
	struct buf b = { 0 };
	size_t n;

	if (f == NULL)
		fatal("%s", path);
	do {
		n = fread(buf_room(&b, 4096), 1, 4096, f);
		b.len += n;
	} while (n > 0 && b.len < FILTER_FILE_MAX);
	if (ferror(f))
		fatal("%s", path);
	if (b.len >= FILTER_FILE_MAX || (b.len > 0 && memchr(b.p, '\0', b.len) != NULL))
		fatalx("%s: this is no filter", path);
	(void)fclose(f);
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i] == '\n')
			b.p[i] = ' ';
	(void)buf_cstr(&b);
	return ((char *)b.p);
}

/* The text with a caret under the place. */
static noreturn void
filter_mistake(const char *what, const char *text, const struct filter_error *e)
{
	size_t n = strlen(text), from = e->column < n ? e->column : n, length = e->length < n - from ? e->length : n - from;
	struct buf b = { 0 };
	unsigned before, under;

	buf_plain(&b, text, from);
	before = plain_places(b.p, b.len);
	b.len = 0;
	buf_plain(&b, text + from, length);
	under = plain_places(b.p, b.len);
	b.len = 0;
	buf_plain(&b, text, n);
	log_warnx("%s: %s", what, e->text);
	(void)fprintf(stderr, "  %s\n  %*s", buf_cstr(&b), (int)before, "");
	for (unsigned i = 0; i < (under > 0 ? under : 1); i++)
		(void)fputc('^', stderr);
	(void)fputc('\n', stderr);
	exit(EXIT_ERROR);
}

static struct filter *
compile(const struct run *r, const char *what, const char *text)
{
	struct filter_error e = { .length = 1 };
	struct filter *f;

	if (text == NULL || strspn(text, " \t") == strlen(text))
		return (NULL);
	f = filter_new(text, r->now, r->period.zone, &e);
	if (f == NULL)
		filter_mistake(what, text, &e);
	if (filter_read_as(f) != NULL && !r->quiet)
		log_info("%s: read as: %s", what, filter_read_as(f));
	return (f);
}

static void
set_filters(struct run *r)
{
	if (r->filter_file != NULL) {
		if (r->filter_text != NULL)
			run_usage("a filter and --filter-file: one of them");
		r->filter_text = file_text(r->filter_file);
	}
	r->filter = compile(r, "filter", r->filter_text);
	r->having = compile(r, "--having", r->having_text);
	if (r->filter != NULL && filter_wants_mar(r->filter))
		r->mar = true;
	r->mar |= r->tool->mar;
	if (r->rejects_path != NULL && r->filter == NULL)
		run_usage("-E needs a filter");
}

void
run_check_output(const struct run *r, const char *path)
{
	for (unsigned i = 0; i < source_count(r->source); i++)
		if (strcmp(path, "-") != 0 && writer_same_file(path, source_path(r->source, i)))
			run_usage("%s is read: it can not be written too", path);
}

static void
check_paths(const struct run *r)
{
	const char *paths[] = { r->write_path, r->rejects_path };

	for (unsigned s = 0; s < 2; s++)
		if (paths[s] != NULL)
			run_check_output(r, paths[s]);
	if (r->write_path != NULL && r->rejects_path != NULL &&
	    (strcmp(r->write_path, r->rejects_path) == 0 ||
	     writer_same_file(r->write_path, r->rejects_path)))
		run_usage("-w and -E: the same file");
	if (r->write_path != NULL && strcmp(r->write_path, "-") == 0 && isatty(STDOUT_FILENO))
		run_usage("records are not for a terminal: say -w FILE, or pipe them into a tool");
}

static void
find_input(struct run *r)
{
	if (r->started || r->tool->word != NULL)
		return;
	if (isatty(STDIN_FILENO))
		help_wrong(r);
	source_add(r->source, "-");
}

/* --- blocks ------------------------------------------------------------------------------------ */

static bool
outside(const struct run *r, const struct block_info *b)
{
	const struct range *start = &b->range[F_bstart], *end = &b->range[F_bend];

	return (r->timed && ((start->known && !start->mixed && start->min.i >= r->to) ||
				     (end->known && end->all && end->max.i <= r->from)));
}

/* What labels make is not what the file says of those fields. */
static void
blur(const struct run *r, const struct block_info *b, struct range range[static F_COUNT])
{
	struct fieldset made = { { 0 } };

	labels_fields(r->labels, &made);
	memcpy(range, b->range, F_COUNT * sizeof(range[0]));
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(&made, f))
			range[f] = (struct range){ .known = false };
}

/* Why blocks are skipped; what of the filter: WHY_FILTER + FILTER_RANGE - 1 ... */
enum { WHY_TIME = 1, WHY_MAR, WHY_FILTER };
static const char *const whys[READER_WHYS] = { "", "outside the time", "MAR records alone",
					       "by least and greatest values", "by a membership filter",
					       "by its addresses" };

/* Only who sums losses misses corrections. */
static bool
misses_corrections(const struct run *r)
{
	return (r->filter != NULL && r->tool->merges &&
		(r->wanted == NULL || fieldset_has(r->wanted, F_sfix) || fieldset_has(r->wanted, F_dfix)));
}

static void
note_least(int64_t *to, int64_t v)
{
	int64_t old = __atomic_load_n(to, __ATOMIC_RELAXED);

	while (v < old && !__atomic_compare_exchange_n(to, &old, v, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void
note_most(int64_t *to, int64_t v)
{
	int64_t old = __atomic_load_n(to, __ATOMIC_RELAXED);

	while (v > old && !__atomic_compare_exchange_n(to, &old, v, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* A filter changes nothing of how long the input is. */
static void
note_reach(struct run *r, const struct block_info *b)
{
	const struct range *start = &b->range[F_bstart], *end = &b->range[F_bend];

	if (start->known && !start->mixed)
		note_least(&r->reach_from, start->min.i);
	if (end->known && !end->mixed)
		note_most(&r->reach_to, end->max.i);
}

static unsigned
wants(void *arg, const struct block_info *b)
{
	struct run *r = arg;
	const struct range *type = &b->range[F_rectype];
	struct block_info blurred = *b;
	struct range range[F_COUNT];
	enum filter_skip skip;

	note_reach(r, b);
	if (outside(r, b))
		return (WHY_TIME);
	if (b->range[F_recdrop].known && b->range[F_recdrop].max.u > 0)
		__atomic_store_n(&r->dropped, true, __ATOMIC_RELAXED);
	for (enum field f = F_slabel; f <= F_das && r->wanted != NULL; f++)
		if (field_is_label(f) && fieldset_has(r->wanted, f) && !b->range[f].absent)
			__atomic_store_n(&r->label_seen, true, __ATOMIC_RELAXED);
	if (r->rejects_path != NULL)
		return (0);
	if (!r->mar && !(r->write_path != NULL && r->filter == NULL) && type->known && type->all &&
	    type->min.u == RECTYPE_MAR && type->max.u == RECTYPE_MAR)
		return (WHY_MAR);
	if (r->labels != NULL && r->filter != NULL) {
		blur(r, b, range);
		blurred.range = range;
		b = &blurred;
	}
	skip = r->filter == NULL ? FILTER_MAYBE : filter_skips(r->filter, b);
	if (skip == FILTER_RANGE && misses_corrections(r) && corrections_in(r->filter, b)) /* else by its key */
		__atomic_store_n(&r->corrections_unread, true, __ATOMIC_RELAXED);
	return (skip == FILTER_MAYBE ? 0 : WHY_FILTER + (unsigned)skip - FILTER_RANGE);
}

static void
opened(void *arg, struct reader *reader)
{
	const struct run *r = arg;

	if (r->timed)
		reader_between(reader, r->from, r->to, WHY_TIME);
}

/* Who writes a pipe was asked to stop too, as a rule: what it sends at its end is taken, but not waited for long. */
#define LAST_WORDS (700 * MSEC)

static bool
enough(void *arg)
{
	struct run *r = arg;
	int64_t now = wall_clock(CLOCK_MONOTONIC);

	if (r->follow)
		return (r->idle(r->idle_arg) || watch_stop() != 0);
	if (watch_stop() == 0) {
		watch_wait(&r->watch, now);
		return (false);
	}
	if (r->stop_asked == 0)
		r->stop_asked = now;
	return (now - r->stop_asked >= LAST_WORDS);
}

/* The options that the tool shares with others. */
static void
add_common(struct run *r)
{
	char name[32];

	for (size_t i = 0; i < NCOMMON; i++) {
		(void)snprintf(name, sizeof(name), " %s ", common[i].name);
		if (r->tool->common == NULL || strstr(r->tool->common, name) != NULL)
			r->rows[r->nrows++] = common[i];
	}
	r->ncommon = r->nrows;
}

static int
patience(void *arg)
{
	struct run *r = arg;
	int64_t left;

	if (watch_stop() == 0)
		return (-1);
	(void)enough(r);
	left = r->stop_asked + LAST_WORDS - wall_clock(CLOCK_MONOTONIC);
	return (left < 0 ? 0 : (int)(left / MSEC));
}

struct run *
run_start(int argc, char **argv, const struct tool *tool, tool_option own)
{
	const struct source_hooks hooks = { wants, opened, say, enough, NULL };
	struct source_hooks h = hooks;
	struct run *r = mem_zero(1, sizeof(*r));

	log_start(argv[0]);
	(void)signal(SIGPIPE, SIG_DFL); /* a reader that has enough is no error: end quietly */
	r->tool = tool;
	r->reach_from = INT64_MAX;
	r->reach_to = INT64_MIN;
	r->sheet.text.digits = 6;
	r->sheet.patience = patience;
	r->sheet.patience_arg = r;
	r->now = wall_clock(CLOCK_REALTIME);
	watch_start(&r->watch, wall_clock(CLOCK_MONOTONIC));
	r->threads = crew_processors() < THREADS_DEFAULT ? crew_processors() : THREADS_DEFAULT;
	r->memory = tool->memory > 0 ? tool->memory : memory_default();
	add_common(r);
	for (unsigned i = 0; i < tool->noptions && r->nrows < OPTIONS_MAX; i++)
		r->rows[r->nrows++] = tool->options[i];
	h.arg = r;
	r->source = source_new(&h);
	take_line(r, own, argc, argv);
	open_inputs(r);
	find_input(r);
	set_range(r);
	set_output(r);
	set_filters(r);
	check_paths(r);
	if (r->labels != NULL)
		labels_ready(r->labels);
	if (r->write_path != NULL && !tool->writes)
		r->write = sink_new(r->write_path);
	if (r->rejects_path != NULL)
		r->rejects = sink_new(r->rejects_path);
	r->files = source_is_files(r->source);
	r->sel = mem_zero(2 * BITS_WORDS(BATCH_ROWS), 8);
	r->match = r->sel + BITS_WORDS(BATCH_ROWS);
	if (tool->columns != NULL)
		run_columns(r, tool->columns);
	return (r);
}

/* --- columns ----------------------------------------------------------------------------------- */

struct layout {
	struct sheet_column *column;
	unsigned n, views; /* which views the tool has */
	bool begun;	   /* the first word of -s has been seen */
};

static void
layout_add(struct layout *l, enum field f, const char *name, unsigned width)
{
	if (l->n == SHEET_MAX)
		run_usage("-s: more than %d columns", SHEET_MAX);
	l->column[l->n++] =
	    (struct sheet_column){ .field = f, .width = width > 0 ? width : fields[f].width, .name = name };
}

static void
layout_remove(struct layout *l, enum field f, unsigned view)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < l->n; i++)
		if (l->column[i].field != f || l->column[i].view != view)
			l->column[kept++] = l->column[i];
	l->n = kept;
}

/* One word of -s: field, +field, -field, field:width, all.  The word is cut at its colon. */
static void
layout_word(struct layout *l, char *word, bool defaults)
{
	char sign = *word == '+' || *word == '-' ? *word++ : '\0', *colon = strchr(word, ':');
	unsigned width = 0;
	enum view view = 0;
	enum field f;

	if (colon != NULL) {
		*colon = '\0';
		width = (unsigned)number("-s width", colon + 1, 1000);
	}
	/* what the list begins with says whether it replaces the default set or changes it */
	if (sign == '\0' && !defaults && !l->begun)
		l->n = 0;
	l->begun |= !defaults;
	if (strcmp(word, "all") == 0) {
		for (f = 0; f < F_COUNT; f++)
			layout_add(l, f, fields[f].name, width);
		return;
	}
	f = field_named(word, strlen(word));
	if (f == F_NONE && view_named(word, strlen(word), &f, &view)) {
		if ((l->views & view) == 0)
			run_usage("-s %s: this tool has no such column", word);
		if (view_wrong(f, view) != NULL)
			run_usage("-s %s: %s", word, view_wrong(f, view));
	}
	if (f == F_NONE)
		run_usage("-s %s: no such field; the nearest is %s", word,
			  field_nearest(word, strlen(word)));
	if (sign == '-')
		layout_remove(l, f, view);
	else
		layout_add(l, f, word, width);
	if (sign != '-')
		l->column[l->n - 1].view = view;
}

static void
layout_words(struct layout *l, char *text, bool defaults)
{
	char *save = NULL;

	for (char *w = strtok_r(text, ", \t", &save); w != NULL; w = strtok_r(NULL, ", \t", &save))
		layout_word(l, w, defaults);
}

/* Columns lie where they stay. */
static void
make_views(struct run *r)
{
	views_free(&r->views);
	for (unsigned i = 0; i < r->sheet.n; i++) {
		struct sheet_column *c = &r->columns[i + r->probe_hidden];

		if (c->view == 0)
			continue;
		if (r->views == NULL)
			r->views = views_new();
		views_add(r->views, c->view, c);
	}
}

void
run_columns(struct run *r, const char *defaults)
{
	struct layout l = { .views = r->tool->views | VIEW_RATE };

	free(r->columns);
	free(r->fields_text);
	l.column = r->columns = mem_zero(SHEET_MAX, sizeof(r->columns[0]));
	/* names of columns point into this text */
	r->fields_text =
	    mem_alloc(strlen(defaults) + 1 + (r->fields == NULL ? 0 : strlen(r->fields)) + 1);
	strcpy(r->fields_text, defaults);
	layout_words(&l, r->fields_text, true);
	if (r->fields != NULL) {
		char *own = r->fields_text + strlen(defaults) + 1;

		strcpy(own, r->fields);
		layout_words(&l, own, false);
	}
	if (l.n == 0)
		run_usage("-s %s: no column is left", r->fields == NULL ? "" : r->fields);
	r->sheet.want = r->columns;
	r->sheet.n = l.n;
	make_views(r);
}

void
run_beside(struct run *r, unsigned view)
{
	struct sheet_column *old = r->columns;
	struct layout l = { .column = mem_zero(SHEET_MAX, sizeof(old[0])) };
	unsigned n = r->sheet.n;
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		enum field f = old[i].field;

		layout_add(&l, f, old[i].name, old[i].width);
		l.column[l.n - 1].view = old[i].view;
		if (old[i].view != 0 || !field_is_additive(f) || view_wrong(f, view) != NULL)
			continue;
		view_name(f, view, name, sizeof(name));
		layout_add(&l, f, arena_copy(&r->names, name, strlen(name) + 1), 0);
		l.column[l.n - 1].view = view;
	}
	free(old);
	r->sheet.want = r->columns = l.column;
	r->sheet.n = l.n;
	make_views(r);
}

void
run_tell_probes(struct run *r)
{
	if (r->probes == NULL)
		r->probes = probes_new();
}

const struct probes *
run_probes(const struct run *r)
{
	return (r->probes);
}

bool
run_chose_columns(const struct run *r)
{
	return (r->fields != NULL && *r->fields != '+' && *r->fields != '-');
}

/* It stands before all others until it is known whether it is wanted. */
void
run_probe_column(struct run *r)
{
	bool own = run_chose_columns(r);

	run_tell_probes(r);
	for (unsigned i = 0; i < r->sheet.n; i++)
		own |= r->columns[i].field == F_probe;
	if (own || r->sheet.n == SHEET_MAX)
		return;
	memmove(r->columns + 1, r->columns, r->sheet.n * sizeof(r->columns[0]));
	r->columns[0] = (struct sheet_column){ .field = F_probe, .name = fields[F_probe].name };
	r->sheet.want = r->columns + 1;
	r->probe_hidden = true;
	make_views(r);
}

/* Once all is read.  A row begins with its time or its rank, if it has one. */
static void
show_probe(struct run *r)
{
	struct sheet_column probe = r->columns[0];

	if (!r->probe_hidden || !probes_several(r->probes))
		return;
	r->probe_hidden = false;
	r->sheet.want = r->columns;
	r->sheet.n++;
	if (r->columns[1].view != VIEW_RANK && (r->columns[1].field != F_bstart || r->columns[1].view != 0))
		return;
	r->columns[0] = r->columns[1];
	r->columns[1] = probe;
	if (r->views != NULL)
		views_moved(r->views, &r->columns[1], &r->columns[0]);
}

struct views *
run_views(struct run *r)
{
	return (r->views);
}

void
run_objects(struct run *r, const char *defaults)
{
	run_columns(r, defaults);
	/* a list of fields is what was asked for, and no more; +field and -field change the object */
	r->sheet.verdicts = !run_chose_columns(r);
}

void
run_want(struct run *r, enum field f)
{
	fieldset_want(&r->own, f);
}

void
run_want_set(struct run *r, const struct fieldset *s)
{
	fieldset_union(&r->own, s);
}

/* Whose loss is shown has to say whether the kernel dropped packets there. */
static void
want_drops(struct fieldset *set)
{
	static const uint16_t loss[] = { F_slost, F_dlost, F_srtxup, F_drtxup, F_srtxdn, F_drtxdn };

	for (size_t i = 0; i < sizeof(loss) / sizeof(loss[0]); i++)
		if (fieldset_has(set, loss[i]))
			fieldset_want(set, F_flags);
}

void
run_fields(struct run *r, struct fieldset *set)
{
	if (r->write_path != NULL) {
		fieldset_all(set);
		return;
	}
	if (r->probe_hidden)
		fieldset_want(set, F_probe);
	for (unsigned i = 0; i < r->sheet.n; i++) {
		enum field f = r->sheet.want[i].field;

		fieldset_want(set, f);
		if (f == F_saddr || f == F_daddr) /* printed with the length of its prefix */
			fieldset_want(set, f == F_saddr ? F_smask : F_dmask);
		if (r->sheet.names)
			fieldset_want(set, F_proto);
	}
	if (r->views != NULL)
		views_want(r->views, set);
	if (r->having != NULL)
		fieldset_union(set, filter_fields(r->having));
	if (r->tool->merges)
		want_drops(set);
}

/* Everything that has to be read, once the tool has said what it needs. */
static void
set_wanted(struct run *r)
{
	struct fieldset *w = &r->want;

	if (r->wanted != NULL)
		return;
	r->wanted = w;
	fieldset_union(w, &r->own);
	fieldset_want(w, F_rectype);
	if (r->probes != NULL)
		fieldset_want(w, F_probe);
	if (r->timed) {
		fieldset_want(w, F_bstart);
		fieldset_want(w, F_bend);
	}
	if (r->filter != NULL)
		fieldset_union(w, filter_fields(r->filter));
	run_fields(r, w);
	if (r->labels != NULL)
		labels_want(r->labels, w, w);
	if (r->rejects_path != NULL)
		fieldset_all(w);
}

/* --- rows -------------------------------------------------------------------------------------- */

static void put(struct run *, struct sink *, struct batch *, bool filtered);

static void
note_segment(struct run *r, const struct segment_info *s)
{
	if (r->probe == NULL && s->probe != NULL) {
		r->probe = mem_str(s->probe);
		r->segment = *s;
		r->segment.probe = r->probe;
	}
	if (s->interval > r->segment.interval)
		r->segment.interval = s->interval;
	if (s->filtered)
		r->segment.filtered = true;
}

/* What says which records are selected; NULL: all that is wanted, or is read anyway. */
static const struct fieldset *
set_first(struct run *r, const struct fieldset *wanted)
{
	struct fieldset *first = &r->first;

	if (r->filter == NULL || r->rejects_path != NULL)
		return (NULL);
	fieldset_want(first, F_rectype);
	fieldset_want(first, F_bstart);
	fieldset_want(first, F_bend);
	fieldset_union(first, filter_fields(r->filter));
	if (r->labels != NULL)
		labels_want(r->labels, first, first);
	for (enum field f = 0; f < F_STORED; f++)
		if ((wanted == NULL || fieldset_has(wanted, f)) && !fieldset_has(first, f))
			return (first);
	return (NULL);
}

static struct scan_plan
plan(struct run *r)
{
	bool all = r->write_path != NULL || r->rejects_path != NULL || r->dedup;

	if (r->dedup && r->repeats == NULL)
		r->repeats = repeats_new(run_memory(r) / 2);
	return ((struct scan_plan){
	    .want = all ? NULL : r->wanted,
	    .first = r->dedup ? NULL : set_first(r, all ? NULL : r->wanted),
	    .filter = r->filter,
	    .labels = r->labels,
	    .timed = r->timed,
	    .from = r->from,
	    .to = r->to,
	    /* a copy without a filter is a whole copy */
	    .leave_mar = !r->mar && (r->write_path == NULL || r->filter != NULL || r->tool->merges),
	    .note_corrections = misses_corrections(r),
	    .tell_probes = r->probes != NULL,
	    .threads = run_threads(r),
	    .repeats = r->repeats,
	});
}

static bool
stopping(const struct run *r)
{
	return (watch_stop() != 0 && (r->files || r->gave_up || source_stopped(r->source)));
}

bool
run_partial(const struct run *r)
{
	return (r->failed || stopping(r));
}

static void
explain_block(const struct scan_block *b)
{
	if (b->why != 0)
		log_info("%s: block %llu, %u records: skipped, %s", b->origin.path, (unsigned long long)b->in_file,
			 b->rows, whys[b->why]);
	else
		log_info("%s: block %llu, %u records: %s", b->origin.path, (unsigned long long)b->in_file, b->rows,
			 b->batch == NULL ? "damaged"
			 : b->any	  ? "read"
					  : "read, nothing selected");
}

/* A block of this file was looked at.  Files may be added while others are read. */
static void
note_read(struct run *r, unsigned file)
{
	unsigned n = source_count(r->source);

	if (file >= r->nread) {
		r->read = mem_grow(r->read, n, sizeof(r->read[0]));
		memset(r->read + r->nread, 0, (n - r->nread) * sizeof(r->read[0]));
		r->nread = n;
	}
	r->read[file] = true;
}

/* The next block that was looked at; NULL: no more, or enough. */
static const struct scan_block *
next_block(struct run *r)
{
	const struct scan_block *b;

	if (r->enough || r->stopped || r->drained || (b = scan_next(r->scan)) == NULL)
		return (NULL);
	if (stopping(r)) {
		r->stopped = true;
		return (NULL);
	}
	if (!r->follow)
		watch_tell(&r->watch, wall_clock(CLOCK_MONOTONIC), b->done, b->size, b->records);
	if (r->explain > 1)
		explain_block(b);
	if (b->batch == NULL)
		return (b);
	note_segment(r, b->origin.segment);
	r->origin = b->origin;
	r->seen += b->batch->rows;
	note_read(r, b->file);
	r->corrections += b->corrections;
	if (b->longest > 0)
		period_reach(&r->period, b->first, b->last, b->longest);
	if (b->probes != NULL)
		probes_join(r->probes, b->probes);
	return (b);
}

struct batch *
run_next(struct run *r)
{
	const struct scan_block *b;
	struct scan_plan p;

	if (r->scan == NULL && !r->drained) {
		set_wanted(r);
		p = plan(r);
		r->scan = scan_new(r->source, &p);
	}
	while ((b = next_block(r)) != NULL) {
		if (b->batch == NULL)
			continue;
		if (r->rejects_path != NULL && b->rejected != NULL &&
		    bits_count(b->rejected, b->batch->rows) > 0) {
			uint64_t *sel = b->batch->sel;

			b->batch->sel = b->rejected;
			put(r, r->rejects, b->batch, true);
			b->batch->sel = sel;
		}
		if (b->any)
			return (b->batch);
	}
	return (NULL);
}

void
run_each(struct run *r, scan_take take, void *const *states)
{
	const struct scan_block *block;
	struct batch *b;
	struct scan_plan p;

	if (r->rejects_path == NULL) {
		set_wanted(r);
		p = plan(r);
		p.take = take;
		p.states = states;
		r->scan = scan_new(r->source, &p);
		while ((block = next_block(r)) != NULL)
			if (block->any && !block->taken)
				(void)take(states[p.threads], block->batch, &block->origin);
		scan_free(&r->scan); /* nobody works on the states any more */
		r->origin.segment = NULL; /* it was a block's */
		r->drained = true;
		return;
	}
	/* rejected rows are written before a batch is changed */
	while ((b = run_next(r)) != NULL)
		(void)take(states[run_threads(r)], b, &r->origin);
}

void
run_follow(struct run *r, bool (*idle)(void *), void *arg)
{
	r->follow = r->live = true;
	r->idle = idle;
	r->idle_arg = arg;
	source_follow(r->source);
	(void)run_more(r);
}

enum run_more
run_more(struct run *r)
{
	bool trees = false;

	scan_free(&r->scan);
	r->origin.segment = NULL; /* it was a block's */
	for (size_t i = 0; i < r->ninputs; i++)
		if (r->inputs[i].tree)
			trees |= source_add_tree(r->source, r->inputs[i].path, true);
	if (source_more(r->source))
		return (RUN_MORE);
	return (trees || source_grows(r->source) ? RUN_LATER : RUN_NEVER);
}

bool
run_again(struct run *r, int64_t from, int64_t to, const char *also)
{
	struct buf both = { 0 };

	scan_free(&r->scan);
	r->drained = false;
	r->origin.segment = NULL;
	if (!source_rewind(r->source))
		return (false);
	r->from = from > r->period.from ? from : r->period.from;
	r->to = to < r->period.to ? to : r->period.to;
	r->timed = r->from != INT64_MIN || r->to != INT64_MAX;
	filter_free(&r->filter);
	free(r->both_text);
	if (r->filter_text != NULL && also != NULL)
		buf_printf(&both, "(%s) and (", r->filter_text);
	buf_str(&both, also != NULL ? also : r->filter_text != NULL ? r->filter_text : "");
	buf_str(&both, r->filter_text != NULL && also != NULL ? ")" : "");
	(void)buf_cstr(&both);
	r->both_text = (char *)both.p;
	r->filter = compile(r, "filter", r->both_text);
	r->wanted = NULL;
	r->want = r->own = (struct fieldset){ { 0 } };
	r->enough = false;
	return (true);
}

/* --- output ------------------------------------------------------------------------------------ */

const struct segment_info *
run_header(const struct run *r, bool filtered)
{
	static struct segment_info s;

	s = r->segment;
	if (r->interval > 0)
		s.interval = r->interval;
	if (r->called != NULL)
		s.probe = r->called;
	s.filtered |= filtered || r->filter != NULL;
	return (&s);
}

static void
put(struct run *r, struct sink *s, struct batch *b, bool filtered)
{
	if (!sink_put(s, run_header(r, filtered), b)) {
		log_warnx("%s", sink_error(s));
		exit(EXIT_ERROR);
	}
}

void
run_close(struct run *r, struct sink **s, bool filtered)
{
	char err[512] = "";

	if (stopping(r) && *s != NULL && sink_part(*s) != NULL && r->parts++ == 0)
		buf_str(&r->part, sink_part(*s));
	if (!sink_close(s, run_header(r, filtered), stopping(r) ? SINK_PART : r->failed ? SINK_SOME : SINK_WHOLE, err, sizeof(err)))
		run_wrong(r, "%s", err);
}

void
run_having(struct run *r, struct batch *b)
{
	if (b->sel == NULL) {
		bits_fill(r->sel, b->rows);
		b->sel = r->sel;
	}
	b->over = r->over > 0 ? r->over : b->over;
	if (r->having == NULL)
		return;
	memset(r->match, 0, BITS_WORDS(b->rows) * 8);
	filter_run(r->having, b, r->match);
	for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
		b->sel[w] &= r->match[w];
}

/* --having, and no more rows than -N asks for. */
static uint64_t
select_output(struct run *r, struct batch *b)
{
	uint64_t n;

	run_having(r, b);
	n = bits_count(b->sel, b->rows);
	if (r->counted && r->came_out + n >= r->count) {
		uint64_t left = r->count - r->came_out;

		for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows;
		     i = bits_next(b->sel, i + 1, b->rows))
			if (left == 0)
				bit_clear(b->sel, i);
			else
				left--;
		n = r->count - r->came_out;
		r->enough = true;
	}
	return (n);
}

static bool
shows_rates(const struct run *r)
{
	for (unsigned i = 0; i < r->sheet.n; i++)
		if (r->sheet.want[i].view == VIEW_RATE || (r->sheet.want[i].view != VIEW_SHARE && field_is_rate(r->sheet.want[i].field)))
			return (true);
	return (false);
}

static void
sheet_head(struct run *r)
{
	if (r->headed || r->sheet.n == 0)
		return;
	r->headed = true;
	show_probe(r);
	if (!shows_rates(r))
		r->sheet.rates = NULL;
	r->out->head(&r->sheet);
}

/* Merged rows with packets that the kernel dropped. */
static uint64_t
count_suspect(const struct batch *b)
{
	const struct column *flags = b->col[F_flags];
	uint64_t n = 0;

	if (flags == NULL)
		return (0);
	for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows; i = bits_next(b->sel, i + 1, b->rows))
		n += column_has(flags, (uint32_t)i) && flags->u[i] & RFLAGS_capdrop;
	return (n);
}

int64_t
run_over(const struct run *r)
{
	int64_t from = r->reach_from, to = r->reach_to;

	return (period_span(&r->period, (int64_t)r->segment.interval * SEC, &from, &to));
}

void
run_over_all(struct run *r)
{
	int64_t from = r->reach_from, to = r->reach_to;
	char text[CLOCK_TEXT];
	struct buf b = { 0 };

	r->over = period_span(&r->period, (int64_t)r->segment.interval * SEC, &from, &to);
	if (r->over == 0)
		return;
	(void)clock_dur((uint64_t)(r->over / USEC), r->over % SEC == 0 ? 0 : 6, text);
	buf_printf(&b, "Rates over %s s, ", text);
	(void)clock_text(from, 0, r->period.zone, text);
	buf_printf(&b, "%s to ", text);
	(void)clock_text(to, 0, r->period.zone, text);
	buf_str(&b, text);
	r->sheet.rates = arena_copy(&r->names, buf_cstr(&b), b.len + 1);
	buf_free(&b);
}

void
run_over_bins(struct run *r)
{
	r->sheet.rates = "Rates over each bin";
}

bool
run_print(struct run *r, struct batch *b)
{
	uint64_t n;

	if (stopping(r))
		return (false);
	b->over = r->over > 0 ? r->over : b->over;
	watch_clear(&r->watch);
	if (r->views != NULL && r->write_path == NULL)
		views_fill(r->views, b);
	n = select_output(r, b);
	r->came_out += n;
	if (r->tool->merges)
		r->suspect += count_suspect(b);
	if (n == 0)
		return (!r->enough);
	if (r->write_path != NULL) {
		put(r, r->write, b, false);
		return (!r->enough);
	}
	if (r->quiet) {
		r->enough = true; /* the status is known */
		return (false);
	}
	for (unsigned i = 0; i < r->sheet.n; i++)
		(void)batch_derive(b, r->sheet.want[i].field);
	sheet_head(r);
	for (size_t i = bits_next(b->sel, 0, b->rows); i < b->rows;
	     i = bits_next(b->sel, i + 1, b->rows))
		r->out->row(&r->sheet, b, (uint32_t)i);
	if (r->out->pause != NULL)
		r->out->pause(&r->sheet);
	sheet_flush(&r->sheet); /* the next batch may come from a probe, later */
	if (r->sheet.error != 0)
		r->enough = true;
	return (!r->enough);
}

bool
run_print_anyway(struct run *r, struct batch *b)
{
	struct filter *having = r->having;
	uint64_t suspect = r->suspect;
	bool more;

	r->having = NULL;
	more = run_print(r, b);
	r->having = having;
	r->suspect = suspect;
	return (more);
}

void
run_uncounted(struct run *r)
{
	r->counted = false;
}

struct filter *
run_filter(const struct run *r, const char *what, const char *text)
{
	return (compile(r, what, text));
}

struct sheet *
run_sheet(struct run *r)
{
	return (&r->sheet);
}

const char *
run_inputs(struct run *r)
{
	return (r->typed.len == 0 ? "-r -" : buf_cstr(&r->typed));
}

const char *
run_asked(const struct run *r)
{
	return (r->both_text != NULL ? r->both_text : r->filter_text != NULL ? r->filter_text : "");
}

void
run_span(const struct run *r, int64_t *from, int64_t *to)
{
	*from = r->period.from;
	*to = r->period.to;
}

uint64_t
run_count(const struct run *r, uint64_t otherwise)
{
	return (r->counted ? r->count : otherwise);
}

bool
run_separated(const struct run *r)
{
	return (r->separator != NULL);
}

bool
run_json(const struct run *r)
{
	return (r->json);
}

bool
run_quiet(const struct run *r)
{
	return (r->quiet);
}

bool
run_selects(const struct run *r)
{
	return (r->filter != NULL);
}

void
run_counted(struct run *r, uint64_t records)
{
	r->came_out += records;
}

struct reader *
run_open(struct run *r, const char *path, char *err, size_t errlen)
{
	return (reader_open_until(path, enough, r, err, errlen));
}

bool
run_stopping(struct run *r)
{
	return (r->gave_up = r->gave_up || (watch_stop() != 0 && (r->files || enough(r))));
}

bool
run_unclosed(const struct run *r)
{
	struct reader_totals t = source_totals(r->source);

	return (t.closed < t.segments);
}

unsigned
run_threads(const struct run *r)
{
	return (r->files && !r->dedup ? r->threads : 1); /* a pipe has one end, what came before is known to one */
}

uint64_t
run_memory(const struct run *r)
{
	return (r->memory);
}

const struct origin *
run_origin(const struct run *r)
{
	return (&r->origin);
}

const struct segment_info *
run_segment(const struct run *r)
{
	return (r->origin.segment == NULL ? &r->segment : r->origin.segment);
}

const char *
run_at(const struct run *r)
{
	return (r->origin.path == NULL ? "stdin" : r->origin.path);
}

int64_t
run_now(const struct run *r)
{
	return (r->now);
}

int64_t
run_clock(void)
{
	return (wall_clock(CLOCK_MONOTONIC));
}

enum clock_zone
run_zone(const struct run *r)
{
	return (r->period.zone);
}

const char *
run_input(const struct run *r, unsigned i)
{
	return (i < source_count(r->source) ? source_path(r->source, i) : NULL);
}

const char *
run_output(const struct run *r)
{
	return (r->write_path);
}

bool
run_labels(const struct run *r, struct fieldset *made)
{
	if (r->labels != NULL)
		labels_fields(r->labels, made);
	return (r->labels != NULL);
}

void
run_call_probe(struct run *r, const char *name)
{
	r->called = name;
}

void
run_interval(struct run *r, uint32_t seconds)
{
	r->interval = seconds;
}

/* --- the end ----------------------------------------------------------------------------------- */

static void
explain(const struct run *r)
{
	struct reader_totals t = source_totals(r->source);

	log_info("%llu blocks read, %llu skipped: %llu outside the time, %llu with MAR records alone, %llu by least "
		 "and greatest values, %llu by membership filters, %llu by their addresses",
		 (unsigned long long)t.blocks, (unsigned long long)t.skipped, (unsigned long long)t.why[WHY_TIME],
		 (unsigned long long)t.why[WHY_MAR], (unsigned long long)t.why[WHY_FILTER],
		 (unsigned long long)t.why[WHY_FILTER + 1], (unsigned long long)t.why[WHY_FILTER + 2]);
	log_info("%llu records read, %llu came out, %llu bytes could not be used",
		 (unsigned long long)r->seen, (unsigned long long)r->came_out,
		 (unsigned long long)t.bad_bytes);
	if (r->write_path != NULL || r->rejects_path != NULL) {
		log_info("columns read: all");
		return;
	}
	if (r->wanted == NULL)
		return;
	(void)fprintf(stderr, "%s: columns read:", log_name());
	for (enum field f = 0; f < F_STORED; f++)
		if (fieldset_has(r->wanted, f))
			(void)fprintf(stderr, " %s", fields[f].name);
	(void)fprintf(stderr, "\n");
}

static void
sheet_tail(struct run *r)
{
	if (r->sheet.n == 0 || r->quiet || r->write_path != NULL) {
		sheet_flush(&r->sheet);
	} else {
		sheet_head(r); /* a loader wants its header, also if nothing was found */
		r->out->tail(&r->sheet);
	}
	r->gave_up |= r->sheet.error == ECANCELED;
	if (r->sheet.error != 0 && r->sheet.error != EPIPE && r->sheet.error != ECANCELED)
		run_wrong(r, "stdout: %s", strerror(r->sheet.error));
}

static void
stopped_early(struct run *r)
{
	uint64_t done, size;
	struct buf text = { 0 };

	source_progress(r->source, &done, &size);
	if (r->gave_up)
		buf_str(&text, "interrupted: ");
	else if (r->files)
		buf_printf(&text, "interrupted: %llu of %llu MB were read, %llu records; ", (unsigned long long)(done >> 20),
			   (unsigned long long)(size >> 20), (unsigned long long)r->seen);
	else
		buf_printf(&text, "interrupted: %llu records were read; ", (unsigned long long)r->seen);
	if (r->parts == 0)
		buf_str(&text, "what came out is not all");
	else
		buf_printf(&text, "what came out is in %s", buf_cstr(&r->part));
	if (r->parts > 1)
		buf_printf(&text, " and %u others", r->parts - 1);
	log_warnx("%s", buf_cstr(&text));
	buf_free(&text);
}

/* Who asks for a label and has given no list is told so; who asks for everything is not. */
static void
note_labels(const struct run *r)
{
	struct reader_totals t = source_totals(r->source);
	enum field first = F_NONE;
	bool all = true;

	if (r->quiet || r->labels != NULL || r->label_seen || r->wanted == NULL || r->write_path != NULL ||
	    r->rejects_path != NULL || t.blocks + t.skipped == 0)
		return;
	for (enum field f = F_das; f >= F_slabel; f--)
		if (field_is_label(f)) {
			all &= fieldset_has(r->wanted, f);
			first = fieldset_has(r->wanted, f) ? f : first;
		}
	if (first != F_NONE && !all)
		log_info("%s is in none of these records: --label FILE makes it", fields[first].name);
}

/* Those in blocks that were skipped are not counted. */
static void
note_corrections(const struct run *r)
{
	unsigned long long n = r->corrections;

	if (n > 0)
		log_info("%s%llu correction records were excluded by the filter; use --having",
			 r->corrections_unread ? "at least " : "", n);
	else if (r->corrections_unread)
		log_info("correction records may have been excluded by the filter, in blocks that were skipped; use --having");
}

/* A range that cuts bins gets whole ones. */
static void
note_period(const struct run *r)
{
	struct buf b = { 0 };

	if (period_sentence(&r->period, &b))
		log_info("%s", buf_cstr(&b));
	buf_free(&b);
}

bool
run_twice(struct run *r, bool all)
{
	unsigned n = source_count(r->source);
	bool one; /* run of a probe: files are not opened again */
	char **path;

	for (unsigned i = 0; all && i < n; i++)
		note_read(r, i);
	one = !all && source_totals(r->source).segments < 2;
	if (r->looked || r->read == NULL || r->dedup || one || source_moved(r->source))
		return (r->twice.a != NULL);
	path = mem_alloc(n * sizeof(path[0]));
	for (unsigned i = 0; i < n; i++)
		path[i] = (char *)(uintptr_t)source_path(r->source, i);
	(void)twice_find(path, r->read, n < r->nread ? n : r->nread, r->period.from, r->period.to, &r->found, &r->twice);
	r->looked = true;
	free(path);
	return (r->twice.a != NULL);
}

static void
note_twice(struct run *r)
{
	struct buf b = { 0 };

	if (r->repeats != NULL && repeats_full(r->repeats))
		run_wrong(r, "--dedup: there are more records than --memory has room for: repeats of later ones are still there");
	if (r->repeats != NULL && repeats_left(r->repeats) > 0)
		log_info("--dedup: %llu records repeat an earlier one and were left out", (unsigned long long)repeats_left(r->repeats));
	if (!stopping(r) && run_twice(r, false)) {
		twice_text(&r->twice, r->period.zone, &b);
		log_info("%s", buf_cstr(&b));
	}
	buf_free(&b);
}

static void
say_last(struct run *r)
{
	for (unsigned i = 0; i < r->nlast; i++) {
		if (!r->quiet || !r->last[i].hint)
			log_info("%s", r->last[i].text);
		free(r->last[i].text);
	}
	free(r->last);
}

int
run_end(struct run **pr)
{
	struct run *r = *pr;
	int status;

	watch_clear(&r->watch);
	scan_free(&r->scan); /* what is being read is finished before it is counted */
	sheet_tail(r);
	run_close(r, &r->write, false);
	run_close(r, &r->rejects, true);
	note_labels(r);
	note_corrections(r);
	note_period(r);
	note_twice(r);
	if (r->dropped && !r->mar)
		log_info("records were dropped when this was captured, for what they are written to was full or too slow: sums lack them "
			 "(bins and counts: ra -s bstart,recdrop,recdrop_pkts,recdrop_bytes - \"mar and recdrop > 0\")");
	if (r->suspect > 0)
		log_info("%llu row%s made of bins in which packets were not captured: loss there is suspect "
			 "(flag g; filter: not capdrop)",
			 (unsigned long long)r->suspect, r->suspect == 1 ? " is" : "s are");
	say_last(r);
	if (r->explain)
		explain(r);
	if (stopping(r) && !r->follow)
		stopped_early(r);
	status = stopping(r) ? 128 + watch_stop() : r->failed ? EXIT_ERROR : r->came_out > 0 ? 0 : 1;
	source_free(&r->source);
	filter_free(&r->filter);
	filter_free(&r->having);
	sheet_free(&r->sheet);
	views_free(&r->views);
	probes_free(&r->probes);
	labels_free(&r->labels);
	arena_free(&r->names);
	arena_free(&r->found);
	repeats_free(&r->repeats);
	free(r->read);
	free(r->inputs);
	free(r->columns);
	free(r->fields_text);
	free(r->filter_text);
	free(r->both_text);
	buf_free(&r->typed);
	buf_free(&r->part);
	free(r->probe);
	free(r->sel);
	free(r);
	*pr = NULL;
	return (status);
}
