/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rastore: a folder of record files that grows old.  See rastore(1).
 *
 * store/ knows how; here is what is asked for and what is said.
 */
#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/programs.h"
#include "ra-tools/out/grid.h"
#include "ra-tools/run/run.h"
#include "ra-tools/store/look.h"
#include "ra-tools/store/policy.h"
#include "ra-tools/store/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SETTLE	  (3600 * SEC) /* what comes late has come by then */
#define HOLES_MAX 10	       /* of a probe, in text: the longest */
#define ULL(v)	  ((unsigned long long)(v))

enum { O_OLDER = O_OWN, O_LARGER, O_YES, O_ZSTD };

static const struct option_row options[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/rastore.opt"
#undef OPT
};

static struct {
	const char **word;
	unsigned words;
	int64_t older;
	uint64_t larger;
	bool is_older, is_larger, dry, yes, verbose, zstd;
} asked;

static volatile sig_atomic_t stop;

static void
take_word(const char *word)
{
	asked.word = mem_grow(asked.word, asked.words + 1, sizeof(asked.word[0]));
	asked.word[asked.words++] = word;
}

static const struct tool tool = {
	.purpose = "A folder of record files that grows old.\n\n"
		   "  stat               what is in it, and when a probe did not run\n"
		   "  compact            the files of each day that is over become one\n"
		   "  age 30d:1m,1y:1h   old records become records of longer bins, exactly\n"
		   "  expire             remove the oldest files: --older AGE, --larger SIZE\n"
		   "  check              racheck(1) of all files",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.writes = true,
	.reports = true,
	.word = take_word,
	.common = " json epoch tz quiet memory help version ",
	.memory = 256u << 20,
	.synopsis = "stat|compact|age POLICY|expire|check DIR... [options]",
};

static bool
option(int c, const char *arg)
{
	union value v;
	const char *why;

	switch (c) {
	case O_OLDER:
		if (!policy_age(arg, &asked.older))
			run_usage("--older %s: expected an age such as 90d, 6mo or 3y", arg);
		return (asked.is_older = true);
	case O_LARGER:
		if (!value_parse(TYPE_BYTES, arg, strlen(arg), 0, CLOCK_UTC, &v, &why))
			run_usage("--larger %s: expected a size such as 500G", arg);
		asked.larger = v.u;
		return (asked.is_larger = true);
	case 'n':
		return (asked.dry = true);
	case O_YES:
		return (asked.yes = true);
	case 'v':
		return (asked.verbose = true);
	case O_ZSTD:
#ifndef HAVE_ZSTD
		run_usage("--zstd: built without libzstd");
#endif
		return (asked.zstd = true);
	default:
		return (false);
	}
}

/* --- words for people ---------------------------------------------------------------------------- */

static const char *
time_text(struct run *r, int64_t t, char text[static CLOCK_TEXT])
{
	if (run_sheet(r)->text.epoch)
		(void)clock_epoch(t, 0, text);
	else
		(void)(run_json(r) ? clock_iso : clock_text)(t, 0, run_zone(r), text);
	return (text);
}

static const char *
day_text(int64_t day, char text[static CLOCK_TEXT])
{
	(void)clock_text(day, 0, CLOCK_UTC, text);
	text[10] = '\0';
	return (text);
}

/* 12.3 MB; 1.2M where the unit is "". */
static const char *
short_text(uint64_t v, const char *unit, char text[static 32])
{
	static const char steps[] = " kMGTPE";
	double x = (double)v;
	unsigned i = 0;

	while (x >= 999.95 && i + 1 < sizeof(steps) - 1) {
		x /= 1000;
		i++;
	}
	if (i == 0)
		(void)snprintf(text, 32, "%llu%s%s", ULL(v), *unit != '\0' ? " " : "", unit);
	else
		(void)snprintf(text, 32, "%.*f%s%c%s", x < 99.95, x, *unit != '\0' ? " " : "", steps[i], unit);
	return (text);
}

/* 45 s, 7 min, 3 h 5 min, 2 d 4 h */
static const char *
length_text(int64_t ns, char text[static 32])
{
	long long s = (long long)(ns / SEC);

	if (s < 60)
		(void)snprintf(text, 32, "%lld s", s);
	else if (s < 3600)
		(void)snprintf(text, 32, s % 60 == 0 ? "%lld min" : "%lld min %lld s", s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(text, 32, s / 60 % 60 == 0 ? "%lld h" : "%lld h %lld min", s / 3600, s / 60 % 60);
	else
		(void)snprintf(text, 32, s / 3600 % 24 == 0 ? "%lld d" : "%lld d %lld h", s / 86400, s / 3600 % 24);
	return (text);
}

static const char *
many(uint64_t n)
{
	return (n == 1 ? "" : "s");
}

/* The id of a probe may be anything. */
static const char *
probe_text(const char *probe, struct buf *b)
{
	b->len = 0;
	buf_plain_str(b, *probe == '\0' ? "-" : probe);
	return (buf_cstr(b));
}

static void
json_time(struct run *r, struct json *j, const char *name, int64_t t)
{
	struct text_options o = run_sheet(r)->text;

	o.digits = 0; /* days, and the seconds of files */
	time_json(&o, j, name, t);
}

/* --- files that are left alone ------------------------------------------------------------------- */

static void
say_left(const struct archive *s)
{
	for (unsigned i = 0; i < s->files && asked.verbose; i++)
		if (s->file[i].state != STORE_WHOLE)
			run_note("%s is left alone: %s", s->file[i].path, store_words[s->file[i].state]);
}

static void
show_left(struct run *r, const struct look *l)
{
	static const char *const help[STORE_STATES] = { [STORE_OPEN] = " (" TOOL(racheck) " --reindex closes what a killed probe left)" };
	struct sheet *s = run_sheet(r);
	bool any = false;

	for (enum store_state i = 0; i < STORE_STATES; i++)
		if (i != STORE_WHOLE && l->in_state[i] > 0) {
			sheet_printf(s, "%s%llu %s%s", any ? ", " : "\nleft alone: ", ULL(l->in_state[i]), store_words[i],
				     help[i] == NULL ? "" : help[i]);
			any = true;
		}
	if (any)
		sheet_printf(s, "\n");
}

/* --- stat ---------------------------------------------------------------------------------------- */

struct hole {
	int64_t from, to;
};

static int
by_length(const void *x, const void *y)
{
	const struct hole *a = x, *b = y;
	int64_t i = a->to - a->from, j = b->to - b->from;

	return (i != j ? (i < j ? 1 : -1) : (a->from > b->from) - (a->from < b->from));
}

static struct hole *
holes_of(const struct look_probe *p, size_t *n, int64_t *sum)
{
	struct hole *h = mem_zero(p->ran.n / 2 + 1, sizeof(*h));

	*n = 0;
	*sum = 0;
	for (size_t i = 2; i + 1 < p->ran.n && p->live; i += 2) {
		h[(*n)++] = (struct hole){ p->ran.at[i - 1], p->ran.at[i] };
		*sum += p->ran.at[i] - p->ran.at[i - 1];
	}
	return (h);
}

static void
show_holes(struct run *r, const struct look_probe *p)
{
	struct sheet *s = run_sheet(r);
	char text[2][CLOCK_TEXT], length[32];
	struct buf b = { 0 };
	size_t n;
	int64_t sum;
	struct hole *h = holes_of(p, &n, &sum);

	if (p->live && n == 0)
		sheet_printf(s, "\n%s ran all the time\n", probe_text(p->probe, &b));
	else if (p->live)
		sheet_printf(s, "\n%s: %zu hole%s in which it did not run, %s%s\n", probe_text(p->probe, &b), n, many(n),
			     length_text(sum, length), n > HOLES_MAX ? "; the longest:" : "");
	qsort(h, n, sizeof(*h), by_length);
	for (size_t i = 0; i < n && i < HOLES_MAX; i++)
		sheet_printf(s, "  %s to %s  %s\n", time_text(r, h[i].from, text[0]), time_text(r, h[i].to, text[1]),
			     length_text(h[i].to - h[i].from, length));
	free(h);
	buf_free(&b);
}

static void
show_rows(struct run *r, const struct look *l)
{
	struct grid g = { 0 };
	struct buf b = { 0 };
	char text[CLOCK_TEXT], number[32];

	grid_column(&g, "probe", "probe", false);
	grid_column(&g, "interval", "bins", true);
	grid_column(&g, "files", "files", true);
	grid_column(&g, "from", "from", false);
	grid_column(&g, "to", "to", false);
	grid_column(&g, "days", "days", true);
	grid_column(&g, "records", "records", true);
	grid_column(&g, "day", "a day", true);
	grid_column(&g, "bytes", "bytes", true);
	grid_column(&g, "each", "a record", true);
	for (size_t i = 0; i < l->rows; i++) {
		const struct look_row *x = &l->row[i];
		uint64_t days = 0;

		for (size_t j = 0; j + 1 < x->days.n; j += 2)
			days += (uint64_t)((x->days.at[j + 1] - x->days.at[j]) / DAY);
		grid_cell(&g, probe_text(x->probe, &b));
		grid_cell(&g, x->interval == 0 ? NULL : length_text((int64_t)x->interval * SEC, number));
		grid_printf(&g, "%u", x->files);
		grid_cell(&g, x->to < x->from ? NULL : time_text(r, x->from, text));
		grid_cell(&g, x->to < x->from ? NULL : time_text(r, x->to, text));
		grid_printf(&g, "%llu", ULL(days));
		grid_printf(&g, "%llu", ULL(x->records));
		grid_cell(&g, days == 0 ? NULL : short_text(x->records / days, "", number));
		grid_cell(&g, short_text(x->bytes, "B", number));
		if (x->records == 0)
			grid_cell(&g, NULL);
		else
			grid_printf(&g, "%.1f", (double)x->bytes / (double)x->records);
	}
	grid_text(&g, run_sheet(r), 0);
	grid_free(&g);
	buf_free(&b);
}

static void
json_rows(struct run *r, const struct look *l, struct json *to)
{
	json_open(to, "probes", '[');
	for (size_t i = 0; i < l->rows; i++) {
		const struct look_row *x = &l->row[i];
		uint64_t days = 0;

		for (size_t j = 0; j + 1 < x->days.n; j += 2)
			days += (uint64_t)((x->days.at[j + 1] - x->days.at[j]) / DAY);
		json_open(to, NULL, '{');
		json_str(to, "probe", x->probe);
		if (x->interval > 0)
			json_u64(to, "interval", x->interval);
		json_u64(to, "files", x->files);
		json_u64(to, "days", days);
		json_u64(to, "records", x->records);
		json_u64(to, "bytes", x->bytes);
		if (x->to >= x->from) {
			json_time(r, to, "from", x->from);
			json_time(r, to, "to", x->to);
		}
		json_close(to, '}');
	}
	json_close(to, ']');
}

static void
json_holes(struct run *r, const struct look *l, struct json *to)
{
	json_open(to, "holes", '[');
	for (size_t i = 0; i < l->probes; i++) {
		size_t n;
		int64_t sum;
		struct hole *h = holes_of(&l->probe[i], &n, &sum);

		for (size_t j = 0; j < n; j++) {
			json_open(to, NULL, '{');
			json_str(to, "probe", l->probe[i].probe);
			json_time(r, to, "from", h[j].from);
			json_time(r, to, "to", h[j].to);
			json_close(to, '}');
		}
		free(h);
	}
	json_close(to, ']');
}

static void
json_stat(struct run *r, const char *folder, const struct look *l)
{
	static const char *const keys[STORE_STATES] = { NULL, "written", "part", "open", "timeless", "damaged", "foreign" };
	struct json j = json_to(&run_sheet(r)->out);
	uint64_t records = 0;

	for (size_t i = 0; i < l->rows; i++)
		records += l->row[i].records;
	json_open(&j, NULL, '{');
	json_str(&j, "folder", folder);
	json_u64(&j, "files", l->files);
	json_u64(&j, "bytes", l->bytes);
	json_u64(&j, "records", records);
	json_rows(r, l, &j);
	json_holes(r, l, &j);
	json_open(&j, "left", '{');
	for (enum store_state i = STORE_WHOLE + 1; i < STORE_STATES; i++)
		json_u64(&j, keys[i], l->in_state[i]);
	json_close(&j, '}');
	json_close(&j, '}');
	json_line(&j);
}

static void
wrong_file(void *arg, const char *sentence)
{
	run_wrong(arg, "%s", sentence);
}

static void
stat_folder(struct run *r, const char *folder, struct archive *s)
{
	struct sheet *sheet = run_sheet(r);
	struct look l;
	char size[32];

	look_at(s, &l, wrong_file, r);
	run_counted(r, l.files);
	if (run_json(r)) {
		json_stat(r, folder, &l);
	} else if (!run_quiet(r)) {
		buf_plain_str(&sheet->out, folder);
		sheet_printf(sheet, ": %llu record file%s, %s\n", ULL(l.files), many(l.files), short_text(l.bytes, "B", size));
		if (l.rows > 0) {
			sheet_printf(sheet, "\n");
			show_rows(r, &l);
		}
		for (size_t i = 0; i < l.probes; i++)
			show_holes(r, &l.probe[i]);
		show_left(r, &l);
	}
	look_forget(&l);
}

/* --- compact, age -------------------------------------------------------------------------------- */

/* Is this day's one file what compact makes? */
static bool
is_compact(const struct archive *s, const struct store_part *p, size_t n)
{
	const struct taken *t = s->file[p->file].o.taken;

	for (size_t i = 1; i < n; i++)
		if (p[i].file != p->file)
			return (false);
	return (t != NULL && t->from == p->day && t->to == p->day + DAY && strcmp(t->probe, p->probe) == 0);
}

static bool
has_shorter_bins(const struct archive *s, const struct store_part *p, size_t n, int64_t width)
{
	for (size_t i = 0; i < n; i++) {
		int64_t own = (int64_t)s->file[p[i].file].o.segment[p[i].segment].info.interval * SEC;

		if (own > 0 && own < width && width % own == 0)
			return (true);
	}
	return (false);
}

static void
json_day(struct buf *to, const struct replaced *x, const char *day, int64_t width, bool done)
{
	struct json j = json_to(to);

	json_open(&j, NULL, '{');
	json_str(&j, "probe", x->probe);
	json_str(&j, "day", day);
	json_u64(&j, "files", x->files);
	json_u64(&j, "bytes", x->bytes);
	json_u64(&j, "records", x->records);
	json_str(&j, "path", x->path);
	if (width > 0)
		json_i64(&j, "interval", width / SEC);
	if (done) {
		json_u64(&j, "bytes_after", x->bytes_after);
		json_u64(&j, "records_after", x->records_after);
	}
	json_bool(&j, "done", done);
	json_close(&j, '}');
	json_line(&j);
}

static void
show_day(struct run *r, const struct replaced *x, int64_t width, bool done)
{
	struct sheet *s = run_sheet(r);
	char day[CLOCK_TEXT], size[2][32];
	struct buf b = { 0 };

	(void)day_text(x->day, day);
	if (run_json(r)) {
		json_day(&s->out, x, day, width, done);
	} else if (!run_quiet(r)) {
		sheet_printf(s, "%s %s: %u file%s, %s, %llu record%s -> ", probe_text(x->probe, &b), day, x->files, many(x->files),
			     short_text(x->bytes, "B", size[0]), ULL(x->records), many(x->records));
		buf_plain_str(&s->out, x->path);
		if (done)
			sheet_printf(s, ", %s", short_text(x->bytes_after, "B", size[1]));
		if (width > 0 && done)
			sheet_printf(s, ", %llu record%s", ULL(x->records_after), many(x->records_after));
		if (width > 0)
			sheet_printf(s, " in bins of %s", length_text(width, size[1]));
		sheet_printf(s, "\n");
	}
	sheet_flush(s);
	buf_free(&b);
}

static void
do_day(struct run *r, struct archive *s, struct store_part *p, size_t n, int64_t width)
{
	struct day_job job = { s, p, n, width, run_memory(r), asked.zstd, &stop };
	struct replaced x;
	char day[CLOCK_TEXT];
	struct buf b = { 0 };

	if (asked.dry) {
		replace_name(s, p, n, &x);
		show_day(r, &x, width, false);
		return;
	}
	if (replace_day(s, p, n, &job, &x))
		show_day(r, &x, width, true);
	else if (stop == 0)
		run_wrong(r, "%s %s is left as it is: %s", probe_text(p->probe, &b), day_text(p->day, day), x.err);
	buf_free(&b);
}

/* Whatever a run that was killed, or this one, left to be done. */
static void
settle(struct run *r, const char *folder, struct archive *s, bool again)
{
	char err[5120];
	bool any;

	if (asked.dry)
		return;
	if (!replace_settle(s, &stop, &any, err, sizeof(err)) && stop == 0)
		run_wrong(r, "%s", err);
	if (!any || !again)
		return;
	store_forget(s);
	if (!store_find(folder, s, err, sizeof(err)))
		run_wrong(r, "%s", err);
}

/* Days that are over; policy NULL: bins stay as they are. */
static void
rewrite_folder(struct run *r, const char *folder, struct archive *s, const struct policy *policy)
{
	size_t end;
	bool any = false;

	settle(r, folder, s, true);
	for (size_t i = 0; i < s->parts && stop == 0; i = end) {
		struct store_part *p = &s->part[i];
		int64_t age = run_now(r) - (p->day + DAY), width = policy == NULL ? 0 : policy_width(policy, age);

		for (end = i + 1; end < s->parts && s->part[end].day == p->day && strcmp(s->part[end].probe, p->probe) == 0;)
			end++;
		if (age < SETTLE || (policy == NULL ? is_compact(s, p, end - i) : !has_shorter_bins(s, p, end - i, width)))
			continue;
		do_day(r, s, p, end - i, width);
		any = true;
	}
	settle(r, folder, s, false);
	if (!any && !run_quiet(r) && isatty(STDERR_FILENO))
		run_note("%s: nothing to do", folder);
}

/* --- expire -------------------------------------------------------------------------------------- */

static int
by_age(const void *x, const void *y)
{
	const struct store_file *const *a = x, *const *b = y;

	if ((*a)->to != (*b)->to)
		return ((*a)->to < (*b)->to ? -1 : 1);
	return (strcmp((*a)->path, (*b)->path));
}

static bool
expire_file(struct run *r, const struct store_file *f, const char *why)
{
	struct sheet *s = run_sheet(r);
	char text[2][CLOCK_TEXT], size[32];

	if (!asked.dry && (!store_unchanged(f) || unlink(f->path) != 0)) {
		run_wrong(r, "%s can not be removed: %s", f->path, errno != 0 ? strerror(errno) : "it has changed");
		return (false);
	}
	if (run_json(r)) {
		struct json j = json_to(&s->out);

		json_open(&j, NULL, '{');
		json_str(&j, "path", f->path);
		json_u64(&j, "bytes", f->bytes);
		json_u64(&j, "records", f->records);
		json_time(r, &j, "from", f->from);
		json_time(r, &j, "to", f->to);
		json_str(&j, "why", why);
		json_bool(&j, "done", !asked.dry);
		json_close(&j, '}');
		json_line(&j);
	} else if (!run_quiet(r)) {
		sheet_printf(s, "%s ", asked.dry ? "would remove" : "removed");
		buf_plain_str(&s->out, f->path);
		sheet_printf(s, " (%s): %s, %s to %s\n", why, short_text(f->bytes, "B", size), time_text(r, f->from, text[0]), time_text(r, f->to, text[1]));
	}
	return (true);
}

static void
expire_folder(struct run *r, const char *folder, struct archive *s)
{
	const struct store_file **file;
	uint64_t total = 0;
	unsigned n = 0, gone = 0;

	settle(r, folder, s, true);
	file = mem_alloc((s->files + 1) * sizeof(*file));
	for (unsigned i = 0; i < s->files; i++) {
		total += s->file[i].bytes;
		if (s->file[i].state == STORE_WHOLE && s->file[i].to >= s->file[i].from)
			file[n++] = &s->file[i];
	}
	qsort(file, n, sizeof(*file), by_age);
	for (unsigned i = 0; i < n && stop == 0; i++) {
		bool older = asked.is_older && file[i]->to <= run_now(r) - asked.older;
		bool larger = asked.is_larger && total > asked.larger;

		if (!older && !larger)
			break;
		errno = 0;
		if (expire_file(r, file[i], older ? "older" : "larger")) {
			total -= file[i]->bytes;
			gone++;
		}
	}
	if (asked.is_larger && total > asked.larger && stop == 0)
		run_wrong(r, "%s: %llu bytes are left, more than --larger says: none of these files is whole and closed", folder,
			  ULL(total));
	if (asked.dry && !asked.yes && gone > 0 && isatty(STDERR_FILENO))
		run_note("nothing was removed: --yes does it");
	free(file);
}

/* --- the command line ----------------------------------------------------------------------------- */

/* rastore check DIR... is racheck -R DIR..., under the name that racheck has here. */
static noreturn void
hand_over(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/'), *own = name == NULL ? argv[0] : name + 1, *at = strstr(own, "rastore");
	char path[4096];
	char **args = mem_zero((size_t)argc + 2, sizeof(*args));
	int n = 0;

	log_start(argv[0]);
	(void)snprintf(path, sizeof(path), "%.*sracheck%s", at == NULL ? 0 : (int)(at - argv[0]), argv[0],
		       at == NULL ? "" : at + strlen("rastore"));
	args[n++] = path;
	if (argc > 2 && argv[2][0] != '-') {
		static char tree[] = "-R";

		args[n++] = tree;
	}
	for (int i = 2; i < argc; i++)
		args[n++] = argv[i];
	(void)execvp(path, args);
	fatal("%s", path);
}

static void
on_signal(int signal)
{
	stop = signal;
}

static void
catch_signals(void)
{
	struct sigaction a = { .sa_handler = on_signal };

	(void)sigemptyset(&a.sa_mask);
	(void)sigaction(SIGINT, &a, NULL);
	(void)sigaction(SIGTERM, &a, NULL);
}

/* Two of these at once would undo what the other does.  -1: it was said. */
static int
lock_folder(struct run *r, const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return (fd);
	if (fd >= 0 && errno == EWOULDBLOCK)
		run_wrong(r, "%s: another " TOOL(rastore) " is at work there", folder);
	else
		run_wrong(r, "%s: %s", folder, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return (-1);
}

enum verb { STAT, COMPACT, AGE, EXPIRE, VERBS };

static enum verb
verb_of(const char *word)
{
	static const char *const words[VERBS] = { "stat", "compact", "age", "expire" };
	enum verb v = 0;

	while (v < VERBS && strcmp(words[v], word) != 0)
		v++;
	if (v == VERBS)
		run_usage("%s: expected stat, compact, age, expire or check", word);
	return (v);
}

static void
check_options(enum verb v)
{
	if (asked.zstd && v != COMPACT && v != AGE)
		run_usage("--zstd is for compact and age");
	if ((asked.is_older || asked.is_larger || asked.yes) && v != EXPIRE)
		run_usage("--older, --larger and --yes are for expire");
	if (v != EXPIRE)
		return;
	if (!asked.is_older && !asked.is_larger)
		run_usage("expire: say what is to go: --older 3y, --larger 500G, or both");
	if (asked.dry && asked.yes)
		run_usage("--dry-run and --yes: one of them");
	if (!asked.yes && (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO)))
		asked.dry = true;
}

static void
one_folder(struct run *r, const char *folder, enum verb v, const struct policy *policy)
{
	bool looks = v == STAT || asked.dry;
	int lock = looks ? -1 : lock_folder(r, folder);
	struct archive s;
	char err[4096];

	if (!looks && lock < 0)
		return;
	if (!store_find(folder, &s, err, sizeof(err)))
		run_wrong(r, "%s", err);
	say_left(&s);
	if (v == STAT)
		stat_folder(r, folder, &s);
	else if (v == EXPIRE)
		expire_folder(r, folder, &s);
	else
		rewrite_folder(r, folder, &s, v == AGE ? policy : NULL);
	if (v != STAT)
		run_counted(r, 1); /* nothing to do is no failure */
	sheet_flush(run_sheet(r));
	store_forget(&s);
	if (lock >= 0)
		(void)close(lock);
}

int
main(int argc, char **argv)
{
	struct run *r;
	struct policy policy = { .n = 0 };
	enum verb v;
	unsigned first = 1;
	char err[256];
	int status;

	if (argc > 1 && strcmp(argv[1], "check") == 0)
		hand_over(argc, argv);
	r = run_start(argc, argv, &tool, option);
	if (asked.words == 0)
		run_usage("say what is to be done: " TOOL(rastore) " stat DIR");
	v = verb_of(asked.word[0]);
	if (v == AGE && (asked.words < 2 || !policy_parse(asked.word[first++], &policy, err, sizeof(err))))
		run_usage("age: %s", asked.words < 2 ? "expected a policy, such as 30d:1m,1y:1h" : err);
	check_options(v);
	if (asked.words <= first)
		run_usage("%s: expected a folder", asked.word[0]);
	catch_signals();
	for (unsigned i = first; i < asked.words && stop == 0; i++)
		one_folder(r, asked.word[i], v, &policy);
	free(asked.word);
	status = run_end(&r);
	if (stop != 0)
		return (128 + stop);
	return (status);
}
