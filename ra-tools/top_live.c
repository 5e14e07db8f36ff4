/* SPDX-License-Identifier: BSD-2-Clause
 *
 * top_live.c: ratop -i: what comes is read, keys are looked at between blocks, the screen is drawn when it is time.
 */
#include "ra-tools/top_live.h"

#include "format/base/clock.h"
#include "ra-tools/query/live.h"
#include "ra-tools/out/screen.h"
#include "ra-tools/out/short.h"
#include "ra-tools/out/top.h"
#include "ra-tools/run/cluster.h"
#include "ra-tools/run/watch.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUIET	    (1 * SEC)	 /* records of a bin come together: after so long there are no more */
#define STALE	    (15 * SEC)	 /* that nothing comes is worth a word */
#define LOOK	    (200 * MSEC) /* how often a file is asked whether it has grown */
#define FIRST	    (300 * MSEC) /* until the first screen */
#define BLOCK_ROWS  10
#define LINES_ABOVE 3
#define LINES_BELOW 1
#define ROWS_MOST   1000

enum prompt { PROMPT_NONE, PROMPT_ORDER, PROMPT_KEY };

struct top {
	struct run *r;
	struct live *live;
	struct fieldset keep;
	struct keys keys;
	char key[128], order[64]; /* as they were asked for */
	enum field by;
	char columns[768]; /* borrowed by run.c */
	int64_t every, next, arrived;
	bool pipe; /* what came does not come again */
	bool screen, ended, quit, since_start, paused, help, any, wants_draw;
	enum prompt prompt;
	char typed[64];
	unsigned suggested; /* how often Tab was pressed */
	char message[256];  /* below, until the next key */
};

/* --- what is shown --------------------------------------------------------------------------------- */

static void
set_columns(struct top *t)
{
	const char *columns = t->keys.required == F_flowid ? "proto saddr sport dir daddr dport flowid" :
	    t->keys.columns[0] == '\0' ? "probe" : t->keys.columns;
	bool several = t->keys.quiet && probes_several(run_probes(t->r));

	(void)snprintf(t->columns, sizeof(t->columns), "%s%s", several ? "probe " : "", columns);
	run_both_ends(t->r, t->keys.ends);
	run_columns(t->r, t->columns);
}

/* What any of the usual keys, orders and columns needs: they can be chosen while records come. */
static void
want_usual(struct run *r, struct fieldset *keep)
{
	static const char *const keys[] = { "conv", "matrix", "tunnel", "lane", "spi", "probe", "flow", "host", "port" };
	static const uint16_t fields_[] = { F_bstart, F_bend, F_bytes, F_pkts, F_spkts, F_dpkts, F_loss, F_ploss, F_trans,
		F_proto, F_saddr, F_daddr, F_sport, F_dport, F_smask, F_dmask, F_dir, F_probe, F_sspi, F_tunid, F_lane, F_flowid,
		F_rtt };
	struct fieldset none = { { 0 } };
	struct keys k;
	char err[128];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys_parse(keys[i], &k, err, sizeof(err)))
			keys_want(&k, &none, keep);
	for (size_t i = 0; i < sizeof(fields_) / sizeof(fields_[0]); i++)
		fieldset_want(keep, fields_[i]);
	(void)run_labels(r, keep);
}

static void
having(void *arg, struct batch *b)
{
	run_having(arg, b);
}

static void
span_text(const struct top *t, const struct live_view *v, bool date, struct buf *to)
{
	enum clock_zone zone = run_zone(t->r);
	char from[CLOCK_TEXT], until[CLOCK_TEXT];
	unsigned digits = v->from % SEC != 0 || v->to % SEC != 0 ? 3 : 0;

	(void)clock_text(v->from, digits, zone, from);
	(void)clock_text(v->to, digits, zone, until);
	buf_printf(to, "%s to %s, %lld s", date ? from : from + 11, until + (strncmp(from, until, 10) == 0 || !date ? 11 : 0),
	    (long long)((v->to - v->from) / SEC));
}

static void
title(const struct top *t, const struct live_view *v, int64_t now, bool date, struct buf *to)
{
	buf_printf(to, "Top %s by %s", t->key, fields[t->by].name);
	if (v->to > v->from) {
		buf_str(to, t->since_start ? " since the start, " : ", ");
		span_text(t, v, date, to);
	} else {
		buf_str(to, t->ended ? ": no records" : ": waiting for the first bin");
	}
	if (t->ended)
		buf_str(to, "; ended");
	else if (t->arrived > 0 && now - t->arrived > STALE)
		buf_printf(to, "; silent for %lld s", (long long)((now - t->arrived) / SEC));
	if (t->paused)
		buf_str(to, "; paused");
}

static void
sums(const struct top *t, const struct live_view *v, const struct top_table *table, struct buf *to)
{
	const char *filter = run_asked(t->r);

	if (v->to > v->from)
		top_sums(table, to);
	if (probes_several(run_probes(t->r)))
		buf_str(to, ", of all probes together");
	if (v->groups > 0) {
		buf_str(to, "; ");
		short_number((double)v->groups, "", to);
		buf_printf(to, " group%s%s", v->groups == 1 ? "" : "s", v->less ? ", the least were left out" : "");
	}
	if (*filter != '\0')
		buf_printf(to, "%s%s", to->len > 0 ? "; " : "", filter);
}

static const char *const help[] = {
	"",
	"  w      the last bins, or all since the start:",
	"         rates are over the span in the first line",
	"  s      another order, a field; Tab offers some",
	"  m      another key, as -m: what a group is",
	"  space  the picture stops, and goes on; nothing is missed",
	"  ?      this text",
	"  q, ^C  the end;  ^Z  to the shell, fg comes back",
	"",
	"  Share: of all, in percent, of what is ordered by.",
	"  Loss: packets lost on the way; - where none can tell.",
};

static void
footer(const struct top *t, unsigned width, char *text, size_t n)
{
	bool wide = width >= 68;
	static const char *const asks[] = { [PROMPT_ORDER] = "order by", [PROMPT_KEY] = "key" };

	if (t->prompt != PROMPT_NONE)
		(void)snprintf(text, n, "%s: %s_   Enter: take it   Tab: others   Esc: as it was", asks[t->prompt], t->typed);
	else if (t->message[0] != '\0')
		(void)snprintf(text, n, "%s", t->message);
	else
		(void)snprintf(text, n, wide ? "q end   s order   m key   w %s   space %s   ? help" : "q end  s order  m key  w %s  ? help",
		    t->since_start ? "last bins" : "since the start", t->paused ? "go on" : "pause");
}

/* The lines of a screen, or of a block. */
static void
draw(struct top *t, int64_t now)
{
	struct buf out = { 0 }, line = { 0 };
	struct live_view v;
	struct grid g = { 0 };
	struct top_table table;
	unsigned rows = 0, width = 0, room;
	char below[256];

	if (t->screen || isatty(STDOUT_FILENO))
		screen_size(&rows, &width);
	room = t->screen ? rows - LINES_ABOVE - LINES_BELOW : BLOCK_ROWS;
	room = (unsigned)run_count(t->r, room) < room || !t->screen ? (unsigned)run_count(t->r, room) : room;
	room = room < ROWS_MOST ? room : ROWS_MOST;
	set_columns(t);
	live_show(t->live, t->since_start, t->ended || now - t->arrived > QUIET, room, having, t->r, &v);
	t->any |= v.rows->rows > 0;
	table = (struct top_table){ run_sheet(t->r), v.rows, v.total, (double)(v.to - v.from) / 1e9, t->by,
		!run_chose_columns(t->r) };
	top_grid(&table, width, &g);
	title(t, &v, now, width == 0 || width >= 100, &line);
	screen_line(&out, (const char *)line.p, line.len, width, t->screen ? LOOK_BOLD : NULL);
	line.len = 0;
	sums(t, &v, &table, &line);
	screen_line(&out, (const char *)line.p, line.len, width, t->screen ? LOOK_PLAIN : NULL);
	for (int r = -1; r < (int)(t->screen ? rows - LINES_ABOVE - LINES_BELOW : v.rows->rows); r++) {
		line.len = 0;
		if (t->help && r >= 0)
			buf_str(&line, (size_t)r < sizeof(help) / sizeof(help[0]) ? help[r] : "");
		else if (r < (int)v.rows->rows)
			grid_line(&g, r, &line);
		screen_line(&out, (const char *)line.p, line.len, width, !t->screen ? NULL : r < 0 ? LOOK_UNDERLINE : LOOK_PLAIN);
	}
	footer(t, width, below, sizeof(below));
	screen_line(&out, t->screen ? below : "", t->screen ? strlen(below) : 0, width, t->screen ? LOOK_DIM : NULL);
	if (t->screen) {
		screen_show(&out);
	} else {
		sheet_printf(run_sheet(t->r), "%s", buf_cstr(&out));
		sheet_flush(run_sheet(t->r));
		t->quit |= run_sheet(t->r)->error != 0;
	}
	grid_free(&g);
	buf_free(&out);
	buf_free(&line);
}

/* --- keys ------------------------------------------------------------------------------------------ */

static void
take_order(struct top *t, const char *name)
{
	enum field f = field_named(name, strlen(name));

	if (f == F_NONE)
		(void)snprintf(t->message, sizeof(t->message), "%s: no such field; the nearest is %s", name,
		    field_nearest(name, strlen(name)));
	else if (!live_regroup(t->live, &t->keys, f))
		(void)snprintf(t->message, sizeof(t->message), "%s is not read: begin with -o %s", name, name);
	else
		t->by = f;
}

static void
take_key(struct top *t, const char *name)
{
	struct keys k;
	char err[128];

	if (!cluster_keys(t->r, name, &k, err, sizeof(err)))
		(void)snprintf(t->message, sizeof(t->message), "%s", err);
	else if (!live_regroup(t->live, &k, t->by))
		(void)snprintf(t->message, sizeof(t->message), "%s is not read: begin with -m %s", name, name);
	else {
		t->keys = k;
		(void)snprintf(t->key, sizeof(t->key), "%s", name);
	}
}

static void
suggest(struct top *t)
{
	static const char *const orders[] = { "bytes", "pkts", "loss", "ploss", "trans", "rtt", NULL },
				 *const keys[] = { "conv", "matrix", "host", "port", "saddr", "daddr", "dport", "proto", "tunnel", "saddr/24", NULL };
	const char *const *list = t->prompt == PROMPT_ORDER ? orders : keys;
	unsigned n = 0;

	while (list[n] != NULL)
		n++;
	(void)snprintf(t->typed, sizeof(t->typed), "%s", list[t->suggested++ % n]);
}

static void
prompt_key(struct top *t, int key)
{
	size_t n = strlen(t->typed);
	enum prompt which = t->prompt;

	if (key == KEY_ESCAPE || key == KEY_CTRL('c')) {
		t->prompt = PROMPT_NONE;
	} else if (key == '\r' || key == '\n') {
		t->prompt = PROMPT_NONE;
		if (n > 0 && which == PROMPT_ORDER)
			take_order(t, t->typed);
		else if (n > 0)
			take_key(t, t->typed);
	} else if (key == '\t') {
		suggest(t);
	} else if (key == KEY_ERASE || key == 8) {
		t->typed[n > 0 ? n - 1 : 0] = '\0';
	} else if (key == KEY_CTRL('u')) {
		t->typed[0] = '\0';
	} else if (key < 128 && isprint(key) && n + 1 < sizeof(t->typed)) {
		t->typed[n] = (char)key;
		t->typed[n + 1] = '\0';
	}
}

static void
begin_prompt(struct top *t, enum prompt which)
{
	t->prompt = which;
	t->typed[0] = '\0';
	t->suggested = 0;
}

static void
press(struct top *t, int key)
{
	t->wants_draw = true;
	if (key == KEY_END_OF_INPUT) {
		t->quit = true;
		return;
	}
	if (key == KEY_DRAW)
		return;
	t->message[0] = '\0';
	if (t->prompt != PROMPT_NONE) {
		prompt_key(t, key);
		return;
	}
	switch (key) {
	case 'q':
	case KEY_CTRL('c'):
	case KEY_CTRL('d'):
		t->quit = true;
		break;
	case 's':
		begin_prompt(t, PROMPT_ORDER);
		break;
	case 'm':
		begin_prompt(t, PROMPT_KEY);
		break;
	case 'w':
		t->since_start = !t->since_start;
		break;
	case ' ':
		t->paused = !t->paused;
		break;
	case '?':
	case 'h':
		t->help = !t->help;
		break;
	case KEY_ESCAPE:
		t->help = false;
		break;
	}
}

/* Groups since the start are wanted, and are of some records only; files can be read again. */
static bool
is_behind(const struct top *t)
{
	return (t->since_start && !t->pipe && live_is_partial(t->live));
}

/* --- the loop -------------------------------------------------------------------------------------- */

/* Look at the keys, waiting for one at most so long, and draw if it is time.  true: the end. */
static bool
tend(struct top *t, int64_t most)
{
	int64_t now = run_clock(), left = t->next - now < most ? t->next - now : most;
	int key, ms = left > 0 ? (int)((left + MSEC - 1) / MSEC) : 0;

	if (!t->screen)
		(void)poll(NULL, 0, ms);
	else
		for (; (key = screen_key(ms)) != KEY_NONE && !t->quit; ms = 0)
			press(t, key);
	now = run_clock();
	t->quit |= watch_stop() != 0;
	if (t->quit || is_behind(t) || (now < t->next && !t->wants_draw))
		return (t->quit);
	if (!t->paused || t->wants_draw)
		draw(t, now);
	t->wants_draw = false;
	while (t->next <= now)
		t->next += t->every;
	return (t->quit);
}

static bool
idle(void *arg)
{
	return (tend(arg, 0));
}

static void
read_more(struct top *t)
{
	struct batch *b;

	while (!t->quit && (b = run_next(t->r)) != NULL) {
		t->arrived = run_clock();
		live_add(t->live, b, (int64_t)run_segment(t->r)->interval * SEC);
		(void)tend(t, 0);
	}
}

static void
begin(struct top *t)
{
	live_free(&t->live);
	t->live = live_new(&t->keys, &(struct live_options){ t->every, t->by }, &t->keep);
	run_want_set(t->r, &t->keep);
}

static void
read_again(struct top *t)
{
	if (!is_behind(t) || (t->pipe = !run_again(t->r, INT64_MIN, INT64_MAX, NULL)))
		return;
	begin(t);
	t->ended = false;
	(void)run_more(t->r); /* trees are looked through */
}

static void
loop(struct top *t)
{
	enum run_more more;

	for (;;) {
		read_again(t);
		read_more(t);
		if (t->quit)
			return;
		more = t->ended && t->pipe ? RUN_NEVER : run_more(t->r);
		if (more == RUN_NEVER && !t->ended) {
			t->ended = true;
			t->next = run_clock();
			if (!t->screen) { /* the last block is of all that came */
				(void)tend(t, 0);
				return;
			}
		}
		t->ended &= more == RUN_NEVER; /* else another file has the name now */
		(void)tend(t, LOOK);
	}
}

static void
prepare(struct top *t, const char *key, const char *order)
{
	struct fieldset read = { { 0 } };
	const char *path;
	struct stat st;
	char err[256];

	(void)snprintf(t->key, sizeof(t->key), "%s", key);
	t->by = field_named(order, strlen(order));
	if (t->by == F_NONE)
		run_usage("-o %s: no such field; the nearest is %s", order, field_nearest(order, strlen(order)));
	if (!cluster_keys(t->r, key, &t->keys, err, sizeof(err)))
		run_usage("%s", err);
	run_tell_probes(t->r);
	set_columns(t);
	for (unsigned i = 0; i < run_sheet(t->r)->n; i++)
		if (run_sheet(t->r)->want[i].view != 0)
			run_usage("-s %s: with -i rates and shares are shown where -s does not say what is", run_sheet(t->r)->want[i].name);
	for (unsigned i = 0; (path = run_input(t->r, i)) != NULL; i++)
		t->pipe |= strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
	want_usual(t->r, &t->keep);
	run_fields(t->r, &t->keep);
	fieldset_want(&t->keep, t->by);
	keys_want(&t->keys, &t->keep, &read);
	fieldset_union(&t->keep, &read);
	begin(t);
}

void
top_live(struct run *r, int64_t every, const char *key, const char *order)
{
	struct top t = { .r = r, .every = every };

	if (run_output(r) != NULL || run_json(r) || run_separated(r) || run_quiet(r))
		run_usage("-i is for people: no -w, --json, -c, -q");
	prepare(&t, key, order);
	run_follow(r, idle, &t);
	t.screen = isatty(STDOUT_FILENO) && screen_open();
	t.next = run_clock() + (t.screen ? FIRST : every);
	loop(&t);
	screen_close();
	run_counted(r, t.any);
	cluster_probes(r, &t.keys, t.key);
	live_free(&t.live);
}
