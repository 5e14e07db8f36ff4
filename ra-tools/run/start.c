/* SPDX-License-Identifier: BSD-2-Clause
 *
 * start.c: a tool begins: what the words of the command line mean, checked before anything is read.  The only place
 * that knows the clock.
 */
#include "ra-tools/run/room.h"

#include "format/base/far.h"
#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/writer.h"
#include "ra-tools/out/screen.h"
#include "ra-tools/query/pool.h"
#include "ra-tools/query/sink.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MEMORY_DEFAULT  (1ull << 30) /* at least */
#define THREADS_DEFAULT 4 /* at most: beyond, memory is what they wait for */

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

/* What a terminal gets beside the text, and how much of it. */
static void
set_look(struct run *r)
{
	const char *kind = getenv("TERM"), *when = r->colour == NULL ? "auto" : r->colour;
	bool terminal = isatty(STDOUT_FILENO) != 0;

	if (strcmp(when, "auto") != 0 && strcmp(when, "always") != 0 && strcmp(when, "never") != 0)
		run_usage("--color %s: expected auto, always or never", when);
	r->sheet.colour = strcmp(when, "always") == 0 || (strcmp(when, "auto") == 0 && terminal && getenv("NO_COLOR") == NULL &&
							     (kind == NULL || strcmp(kind, "dumb") != 0));
	if (r->out == &out_text && terminal && !r->wide)
		r->sheet.room = screen_places();
	r->sheet.folds = r->tool->reports;
}

static int64_t
wall_now(void)
{
	return (wall_clock(CLOCK_REALTIME));
}

/* Where IPFIX goes: -w names a collector, and no file. */
static void
set_ipfix(struct run *r)
{
	char err[512];

	if (r->sheet.ipfix == NULL && r->write_path != NULL && far_is(r->write_path))
		run_usage("-w %s: records go there as IPFIX: --ipfix", r->write_path);
	if (r->sheet.ipfix == NULL)
		return;
	if (r->tool->reports || r->tool->writes)
		run_usage("--ipfix is for records, and this tool has none to print");
	if (r->json || r->native || r->separator != NULL || r->schema.of != SCHEMA_NONE)
		run_usage("--ipfix is a format of its own: leave out --json, --native, --schema and separated values");
	r->out = &out_ipfix;
	r->ipfix.pen = r->ipfix.pen == 0 ? IPFIX_PEN : r->ipfix.pen;
	if (r->write_path == NULL && isatty(STDOUT_FILENO))
		run_usage("--ipfix is not for a terminal: > FILE, or -w udp://HOST:PORT");
	if (r->write_path == NULL)
		return;
	if (!far_is(r->write_path))
		run_usage("-w %s: IPFIX goes to standard output, or to udp://HOST:PORT or tcp://HOST:PORT", r->write_path);
	r->ipfix.to = r->write_path;
	r->ipfix.now = wall_now;
	r->write_path = NULL;
	(void)signal(SIGPIPE, SIG_IGN); /* a collector that goes away is an error */
	if (!ipfix_open(&r->sheet, err, sizeof(err)))
		run_fail("%s", err);
}

/* -w names a topic, and no file: what a file would have goes there. */
static void
set_kafka(struct run *r)
{
	char err[512];

	if (r->write_path == NULL || !kafka_is(r->write_path))
		return;
	if (r->tool->reports || r->tool->writes)
		run_usage("-w %s: messages are records, and this tool has none to print", r->write_path);
	if (r->native || r->sheet.ipfix != NULL || r->separator != NULL || r->schema.of != SCHEMA_NONE)
		run_usage("-w %s: messages are JSON: leave out --native, --ipfix, --schema and separated values", r->write_path);
	r->kafka_to = r->write_path;
	r->write_path = NULL;
	r->out = &out_kafka;
	if (!r->digits_said)
		r->sheet.text.digits = 9; /* all that a file has */
	r->sheet.kafka = kafka_open(r->kafka_to, err, sizeof(err));
	if (r->sheet.kafka == NULL)
		run_fail("-w %s: %s", r->kafka_to, err);
}

static void
set_output(struct run *r)
{
	r->out = &out_text;
	if (r->schema.of != SCHEMA_NONE && r->tool->reports)
		run_usage("--schema is for records, and this is a report");
	/* what has a form of its own is for that */
	r->json |= (r->schema.of == SCHEMA_JSON || r->schema.of == SCHEMA_ELASTIC) && r->separator == NULL;
	r->native |= r->schema.of == SCHEMA_CLICKHOUSE;
	if (r->separator != NULL) {
		r->sheet.separator = separator_of(r->separator);
		r->out = &out_csv;
	}
	if (r->json + r->native + (r->separator != NULL) > 1)
		run_usage("--json, --native and separated values: one of them");
	if (r->native && r->tool->reports)
		run_usage("--native is for records, and this is a report: --csv or --json");
	if (r->native && isatty(STDOUT_FILENO) && r->write_path == NULL && r->schema.of == SCHEMA_NONE)
		run_usage("--native is not for a terminal: pipe it into ClickHouse");
	if (r->native)
		r->out = &out_native;
	if (r->json)
		r->out = &out_json;
	set_kafka(r);
	set_ipfix(r);
	if (r->numeric > 0)
		r->sheet.names = false;
	r->sheet.text.zone = r->period.zone;
	if (r->out == &out_text)
		period_offset(&r->period, r->sheet.offset);
	if (r->sheet.offset[0] != '\0')
		r->sheet.text.zone = CLOCK_BARE;
	r->sheet.text.proto_numbers = r->numeric > 1;
	r->sheet.text.load = r->out != &out_text;
	r->sheet.human &= r->out != &out_json && r->out != &out_native;
	set_look(r);
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
	if (r->started || r->tool->word != NULL || r->schema.of != SCHEMA_NONE)
		return;
	if (isatty(STDIN_FILENO))
		line_help_wrong(r);
	source_add(r->source, "-");
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

/* A quarter of what the machine has; a process of 32 bits may not get that. */
static uint64_t
memory_default(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t quarter = pages > 0 && size > 0 ? (uint64_t)pages / 4 * (uint64_t)size : 0;

	return (quarter > MEMORY_DEFAULT && sizeof(void *) > 4 ? quarter : MEMORY_DEFAULT);
}

static struct sink *
new_sink(const struct run *r, const char *path)
{
	struct sink *s = sink_new(path);

	sink_rows(s, run_block_rows(r));
	return (s);
}

struct run *
run_start(int argc, char **argv, const struct tool *tool, tool_option own)
{
	const char *note;
	const struct source_hooks hooks = { plan_wants, plan_opened, say_input, enough, NULL };
	struct source_hooks h = hooks;
	struct run *r = mem_zero(1, sizeof(*r));

	log_start(argv[0]);
	(void)signal(SIGPIPE, SIG_DFL); /* a reader that has enough is no error: end quietly */
	r->tool = tool;
	over_start(r);
	r->sheet.text.digits = 6;
	r->sheet.null = "";
	r->sheet.patience = patience;
	r->sheet.patience_arg = r;
	r->now = wall_clock(CLOCK_REALTIME);
	watch_start(&r->watch, wall_clock(CLOCK_MONOTONIC));
	r->threads = crew_processors() < THREADS_DEFAULT ? crew_processors() : THREADS_DEFAULT;
	r->much_memory = memory_default();
	r->memory = tool->memory > 0 ? tool->memory : r->much_memory;
	line_common(r);
	for (unsigned i = 0; i < tool->noptions && r->nrows < OPTIONS_MAX; i++)
		r->rows[r->nrows++] = tool->options[i];
	h.arg = r;
	r->source = source_new(&h);
	line_take(r, own, argc, argv);
	set_range(r);
	inputs_open(r);
	find_input(r);
	set_output(r);
	filters_set(r);
	check_paths(r);
	if (r->labels != NULL && (note = labels_ready(r->labels)) != NULL && !r->quiet)
		log_warnx("--label: %s", note);
	if (r->write_path != NULL && !tool->writes)
		r->write = new_sink(r, r->write_path);
	if (r->rejects_path != NULL)
		r->rejects = new_sink(r, r->rejects_path);
	r->files = source_is_files(r->source);
	r->sel = mem_zero(2 * BITS_WORDS(BATCH_ROWS), 8);
	r->match = r->sel + BITS_WORDS(BATCH_ROWS);
	if (tool->columns != NULL)
		run_columns(r, tool->columns);
	return (r);
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

int64_t
run_clock(void)
{
	return (wall_clock(CLOCK_MONOTONIC));
}
