/* SPDX-License-Identifier: BSD-2-Clause
 *
 * racheck: are record files whole, and are they complete?  See racheck(1).
 *
 * Checking is reading: all that is stored has a checksum that the reader looks at.  Repairing is writing
 * what could be read, into a new file that takes the place of the old one when it is complete.
 */
#include "format/repair.h"
#include "format/base/mem.h"
#include "format/base/output.h"
#include "ra-tools/report/conserve.h"
#include "ra-tools/out/grid.h"
#include "ra-tools/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { O_SUMMARY = O_OWN, O_REPAIR, O_REINDEX };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/racheck.opt"
#undef OPT
};

static const struct tool tool = {
	.purpose =
	    "Checks record files: whole, closed, every captured frame accounted for; repairs them.",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.writes = true,
	.looks = true,
	.reports = true,
};

static bool summary, repair, reindex;

static bool
option(int c, const char *arg)
{
	(void)arg;
	summary |= c == O_SUMMARY;
	repair |= c == O_REPAIR;
	reindex |= c == O_REINDEX;
	return (c == O_SUMMARY || c == O_REPAIR || c == O_REINDEX);
}

enum state {
	GOOD,
	OPEN, /* whole blocks, and no index behind them: the writer was killed, or still writes */
	WRITTEN, /* a writer holds it */
	DAMAGED, /* something could not be read; also a torn last block */
	UNREADABLE,
};
static const char *const state_words[] = { "good", "not closed", "being written", "damaged",
					   "unreadable" };

struct report { /* of one file */
	const char *path;
	enum state state;
	struct reader_totals totals;
	char *probe, *trouble; /* what the reader says is wrong */
	uint32_t interval;
	uint64_t *surplus; /* numbers of blocks that are too much, ascending */
	size_t nsurplus;
	uint64_t records, bytes,
	    behind; /* behind: records whose bin lies before one that was seen */
	int64_t from, to;
	bool times, known, conserved;
	struct conserve c;
};

/* --- looking ----------------------------------------------------------------------------------- */

static void
note_span(struct report *f, int64_t from, int64_t to)
{
	if (!f->times || from < f->from)
		f->from = from;
	if (!f->times || to > f->to)
		f->to = to;
	f->times = true;
}

/* Every block is left out, after a look at what its directory says. */
static unsigned
look(void *arg, const struct block_info *b)
{
	const struct range *start = &b->range[F_bstart], *end = &b->range[F_bend];
	struct report *f = arg;

	f->records += b->rows;
	if (start->known)
		note_span(f, start->min.i, end->known ? end->max.i : start->max.i);
	return (1);
}

static void
note_segment(struct report *f, const struct segment_info *s)
{
	if (f->probe == NULL && s->probe != NULL && *s->probe != '\0')
		f->probe = mem_str(s->probe);
	if (s->interval > f->interval)
		f->interval = s->interval;
	f->c.filtered |= s->filtered;
	f->c.live |= s->live;
}

static void
count_rows(struct report *f, const struct batch *b, int64_t *latest)
{
	const struct column *s = b->col[F_bstart], *e = b->col[F_bend], *type = b->col[F_rectype];

	f->records += b->rows;
	f->c.filtered |= b->filtered;
	for (uint32_t r = 0; r < b->rows; r++) {
		(void)conserve_add(&f->c, b, r);
		if (!column_has(s, r))
			continue;
		note_span(f, s->i[r], column_has(e, r) ? e->i[r] : s->i[r]);
		if (column_has(type, r) && type->u[r] == RECTYPE_CORR)
			continue; /* what is put right lies in the past */
		f->behind += s->i[r] < *latest;
		if (s->i[r] > *latest)
			*latest = s->i[r];
	}
}

static void
note_surplus(struct report *f, const struct reader *r)
{
	const uint64_t *number = reader_surplus(r, &f->nsurplus);

	if (f->nsurplus == 0)
		return;
	f->surplus = mem_alloc(f->nsurplus * sizeof(f->surplus[0]));
	memcpy(f->surplus, number, f->nsurplus * sizeof(f->surplus[0]));
}

/* false: interrupted. */
static bool
check(struct run *run, struct report *f)
{
	char err[512] = "";
	struct reader *r = run_open(run, f->path, err, sizeof(err));
	int64_t latest = INT64_MIN;
	struct stat st;
	struct batch *b;

	if (r == NULL) {
		f->state = UNREADABLE;
		f->trouble = mem_str(err);
		return (true);
	}
	if (stat(f->path, &st) == 0)
		f->bytes = (uint64_t)st.st_size;
	if (summary)
		reader_want(r, look, f);
	while (!run_stopping(run) && (b = reader_next(r, NULL)) != NULL) {
		note_segment(f, reader_segment(r));
		count_rows(f, b, &latest);
		if (run_meets(run) != NULL)
			twice_meet(run_meets(run), b, strcmp(f->path, "-") == 0 ? "stdin" : f->path, reader_segment(r)->probe);
	}
	note_segment(f, reader_segment(r));
	f->totals = reader_totals(r);
	if (summary)
		f->totals.blocks += f->totals.skipped;
	note_surplus(f, r);
	f->conserved = conserve_holds(&f->c, &f->known);
	f->known &= !summary;
	if (reader_error(r) != NULL)
		f->trouble = mem_str(reader_error(r));
	/* what is of a later format need not be wrong, and would be gone after a repair */
	f->state = f->totals.later > 0 ||
			   (f->trouble != NULL && f->totals.blocks + f->totals.bad_bytes + f->totals.missing == 0)
		   ? UNREADABLE
		   : f->trouble != NULL						 ? DAMAGED
		   : strcmp(f->path, "-") != 0 && output_held_at(f->path) ? WRITTEN
		   : f->totals.closed < f->totals.segments		 ? OPEN
									 : GOOD;
	reader_close(&r);
	return (!run_stopping(run));
}

/* --- repairing --------------------------------------------------------------------------------- */

struct mending {
	struct run *run;
	const struct report *f;
};

/* Not those that are too much. */
static enum repair_what
take_block(void *arg, uint64_t number)
{
	const struct mending *m = arg;

	if (run_stopping(m->run))
		return (REPAIR_STOP);
	for (size_t i = 0; i < m->f->nsurplus && m->f->surplus[i] <= number; i++)
		if (m->f->surplus[i] == number)
			return (REPAIR_LEAVE_OUT);
	return (REPAIR_KEEP);
}

/* All good blocks of the file into `to`.  false: interrupted; of -w FILE the part stays. */
static bool
copy_good(struct run *r, struct report *f, const char *to)
{
	struct mending m = { r, f };
	const struct repair_options o = { .lost = f->totals.bad_bytes > 0 || f->totals.missing > 0, .block = take_block,
		.arg = &m };
	char err[512] = "", *part;

	if (!repair_copy(f->path, to, &o, &f->records, err, sizeof(err)))
		run_fail("%s", err);
	if (run_stopping(r) && run_output(r) == NULL) {
		if (asprintf(&part, "%s.part", to) < 0)
			run_fail("%s: %s", to, strerror(errno));
		(void)unlink(part);
		free(part);
	}
	return (!run_stopping(r));
}

/* On disk before it takes the old one's place, with its owner and permissions; `path` is no symbolic link. */
static void
settle(const char *path, const char *fresh)
{
	struct stat st;
	int fd = open(fresh, O_RDONLY | O_CLOEXEC);

	if (fd < 0 ||
	    (stat(path, &st) == 0 && fchmod(fd, st.st_mode & 07777) != 0))
		run_fail("%s: %s", fresh, strerror(errno));
	if (st.st_uid != geteuid() && fchown(fd, st.st_uid, st.st_gid) != 0)
		run_note("%s: its owner could not be kept: %s", path, strerror(errno));
	(void)close(fd);
	if (rename(fresh, path) != 0)
		run_fail("%s: %s", path, strerror(errno));
}

static void
mend(struct run *r, struct report *f)
{
	const char *to = run_output(r);
	char *path, *fresh;

	if (strcmp(f->path, "-") == 0 && to == NULL)
		run_usage("stdin can not be repaired in its place: say -w FILE");
	if (to != NULL) {
		run_check_output(r, to);
		if (copy_good(r, f, to))
			run_note("%s: %llu records into %s", f->path, (unsigned long long)f->records, to);
		return;
	}
	/* what a symbolic link leads to is mended, the link stays */
	if ((path = realpath(f->path, NULL)) == NULL || asprintf(&fresh, "%s.racheck", path) < 0)
		run_fail("%s: %s", f->path, strerror(errno));
	if (copy_good(r, f, fresh)) {
		settle(path, fresh);
		run_note("%s: written again, with %llu records", f->path, (unsigned long long)f->records);
	}
	free(fresh);
	free(path);
}

/* true: the file was written again, so that it is good now. */
static bool
mended(struct run *r, struct report *f)
{
	if (f->state == WRITTEN && (repair || reindex))
		run_note("%s is being written: left as it is", f->path);
	if ((repair && (f->state == DAMAGED || run_output(r) != NULL) && f->state != UNREADABLE &&
	     f->state != WRITTEN) ||
	    ((repair || reindex) && f->state == OPEN)) {
		mend(r, f);
		return (true);
	}
	return (false);
}

/* --- showing ----------------------------------------------------------------------------------- */

#define ULL(v) ((unsigned long long)(v))

static const char *
time_text(struct run *r, int64_t t, struct buf *b)
{
	union value v = { .i = t };

	b->len = 0;
	value_print(b, TYPE_TIME, &v, &run_sheet(r)->text, -1);
	return (buf_cstr(b));
}

static const char *
interval_text(const struct report *f, char to[static 16])
{
	(void)snprintf(to, 16, "%u", f->interval);
	return (f->interval > 0 ? to : "-");
}

static const char *
conserved_word(const struct report *f)
{
	return (!f->known ? "null" : f->conserved ? "true" : "false");
}

static void
json_rest(struct run *r, struct json *j, const struct report *f)
{
	json_u64(j, "bytes", f->bytes);
	json_u64(j, "segments", f->totals.segments);
	json_u64(j, "blocks", f->totals.blocks);
	json_u64(j, "records", f->records);
	if (f->probe != NULL)
		json_str(j, "probe", f->probe);
	else
		json_null(j, "probe");
	if (f->interval > 0)
		json_u64(j, "interval", f->interval);
	else
		json_null(j, "interval");
	if (f->times) {
		time_json(&run_sheet(r)->text, j, "from", f->from);
		time_json(&run_sheet(r)->text, j, "to", f->to);
	}
	json_u64(j, "lost_bytes", f->totals.bad_bytes);
	if (summary)
		return;
	json_u64(j, "behind", f->behind);
	json_raw(j, "conserved", conserved_word(f), strlen(conserved_word(f)));
}

static void
show_json(struct run *r, const struct report *f)
{
	struct json j = json_to(&run_sheet(r)->out);

	json_open(&j, NULL, '{');
	json_str(&j, "file", f->path);
	json_str(&j, "state", state_words[f->state]);
	if (f->state != UNREADABLE)
		json_rest(r, &j, f);
	if (f->trouble != NULL)
		json_str(&j, "error", f->trouble);
	json_close(&j, '}');
	json_line(&j);
	sheet_ready(run_sheet(r));
}

static const char *const csv_names[] = { "file",       "state",	 "bytes",     "segments", "blocks",
					 "records",    "probe",	 "interval",  "from",	  "to",
					 "lost_bytes", "behind", "conserved", "error" };
#define CSV_NAMES (sizeof(csv_names) / sizeof(csv_names[0]))

static void
csv_time(struct run *r, struct grid *g, const struct report *f, int64_t t)
{
	struct buf b = { 0 };

	grid_cell(g, f->times ? time_text(r, t, &b) : "-");
	buf_free(&b);
}

/* The first file brings the heading. */
static void
show_csv(struct run *r, const struct report *f)
{
	static bool headed;
	struct sheet *s = run_sheet(r);
	bool bare = s->bare;
	struct grid g = { 0 };
	char interval[16];

	for (size_t i = 0; i < CSV_NAMES; i++)
		grid_column(&g, csv_names[i], csv_names[i], false);
	grid_cell(&g, f->path);
	grid_cell(&g, state_words[f->state]);
	if (f->state == UNREADABLE) {
		for (size_t i = 2; i < CSV_NAMES - 1; i++)
			grid_cell(&g, "-");
	} else {
		grid_printf(&g, "%llu", ULL(f->bytes));
		grid_printf(&g, "%llu", ULL(f->totals.segments));
		grid_printf(&g, "%llu", ULL(f->totals.blocks));
		grid_printf(&g, "%llu", ULL(f->records));
		grid_cell(&g, f->probe);
		grid_cell(&g, interval_text(f, interval));
		csv_time(r, &g, f, f->from);
		csv_time(r, &g, f, f->to);
		grid_printf(&g, "%llu", ULL(f->totals.bad_bytes));
		if (summary)
			grid_cell(&g, "-");
		else
			grid_printf(&g, "%llu", ULL(f->behind));
		grid_cell(&g, summary || !f->known ? "-" : conserved_word(f));
	}
	grid_cell(&g, f->trouble != NULL ? f->trouble : "-");
	s->bare |= headed;
	grid_csv(&g, s);
	s->bare = bare;
	headed = true;
	grid_free(&g);
}

static const char *
many(uint64_t n)
{
	return (n == 1 ? "" : "s");
}

static void
show_text(struct run *r, const struct report *f)
{
	struct sheet *s = run_sheet(r);
	struct buf b = { 0 };
	char interval[16];

	buf_plain_str(&s->out, f->path);
	sheet_printf(s, ": %s", state_words[f->state]);
	if (f->state != UNREADABLE) {
		sheet_printf(s, "; %llu record%s in %llu block%s, %llu bytes", ULL(f->records),
			     many(f->records), ULL(f->totals.blocks), many(f->totals.blocks),
			     ULL(f->bytes));
		if (f->totals.segments > 1)
			sheet_printf(s, ", %llu segments", ULL(f->totals.segments));
		if (f->times) {
			sheet_printf(s, "; %s", time_text(r, f->from, &b));
			sheet_printf(s, " to %s", time_text(r, f->to, &b));
		}
		buf_str(&s->out, "; probe ");
		buf_plain_str(&s->out, f->probe == NULL ? "-" : f->probe);
		sheet_printf(s, ", bins of %s s", interval_text(f, interval));
		if (f->known)
			sheet_printf(s, "; %s",
				     f->conserved
					 ? f->c.mar[MAR_RECDROP] > 0
						   ? "every captured frame is accounted for, some in records that could not be written"
						   : "every captured frame is accounted for"
					 : "NOT conserved: frames are missing or counted twice");
	}
	sheet_printf(s, "\n");
	buf_free(&b);
}

static void
forget(struct report *f)
{
	free(f->surplus);
	free(f->probe);
	free(f->trouble);
}

static void
one_file(struct run *r, const char *path)
{
	struct report f = { .path = path };

	if (!check(r, &f)) {
		forget(&f);
		return;
	}
	if (f.state != UNREADABLE)
		run_counted(r, 1);
	if (!run_quiet(r))
		(run_json(r) ? show_json : run_separated(r) ? show_csv : show_text)(r, &f);
	sheet_flush(run_sheet(r));
	if (f.trouble != NULL)
		run_note("%s", f.trouble);
	if (!mended(r, &f) && (f.state == DAMAGED || f.state == UNREADABLE))
		run_bad(r);
	if (f.known && !f.conserved && f.state != DAMAGED && f.state != WRITTEN)
		run_wrong(r, "%s: flow records and MAR records do not add up to the captured frames%s", path,
			  f.state == OPEN ? ": the file was not closed, so its last records are missing" : "");
	forget(&f);
}

int
main(int argc, char **argv)
{
	struct run *r = run_start(argc, argv, &tool, option);
	unsigned n = 0;

	while (run_input(r, n) != NULL)
		n++;
	if (run_selects(r))
		run_usage("files are checked whole: no filter");
	if (run_output(r) != NULL && (!repair || n != 1))
		run_usage("-w FILE is for --repair of one file");
	if (summary && (repair || reindex))
		run_usage("--summary reads no records: it can not repair");
	for (unsigned i = 0; i < n && !run_stopping(r); i++)
		one_file(r, run_input(r, i));
	if (run_twice(r, true))
		run_bad(r); /* run_end() says why */
	return (run_end(&r));
}
