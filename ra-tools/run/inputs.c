/* SPDX-License-Identifier: BSD-2-Clause
 *
 * inputs.c: what -r and -R name: files, trees, and words that were meant for a filter.  All of it is looked at before
 * the first row: what is wrong with the command line is told instead of an answer to another one.
 */
#include "ra-tools/run/room.h"

#include "format/base/far.h"
#include "format/base/log.h"
#include "format/base/mem.h"
#include "ra-tools/report/drill.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- as they are typed --------------------------------------------------------------------------- */

static void
type_word(struct buf *to, const char *word)
{
	if (to->len > 0)
		buf_u8(to, ' ');
	drill_quote(word, to);
}

static void
add_input(struct run *r, int option, const char *path, int word)
{
	type_word(&r->typed, path);
	r->inputs = mem_grow(r->inputs, r->ninputs + 1, sizeof(r->inputs[0]));
	r->inputs[r->ninputs++] = (struct input){ .path = path, .tree = option == 'R', .word = word };
}

/* Files up to the next word that begins with a dash (TOOLS, "Arguments"). */
int
inputs_take(struct run *r, int option, const char *first, char **argv, int next)
{
	r->started = true;
	type_word(&r->typed, option == 'r' ? "-r" : "-R");
	add_input(r, option, first, 0);
	for (; argv[next] != NULL && argv[next][0] != '-'; next++)
		add_input(r, option, argv[next], next);
	return (next);
}

/* --- words that were meant for a filter ----------------------------------------------------------- */

/* The command line with the words [from, to) as its filter, before the one that there is. */
static void
type_line(const struct run *r, int from, int to, struct buf *b)
{
	int filter = r->argc;

	buf_str(b, log_name());
	for (int i = 1; i < r->argc && filter == r->argc; i++)
		if (i >= to && (strcmp(r->argv[i], "-") == 0 || strcmp(r->argv[i], "--") == 0) &&
		    (i == 1 || strcmp(r->argv[i - 1], "-r") != 0))
			filter = i;
		else if (i < from || i >= to)
			type_word(b, r->argv[i]);
	type_word(b, "-");
	for (int i = from; i < to; i++)
		type_word(b, r->argv[i]);
	if (filter + 1 >= r->argc)
		return;
	type_word(b, "and");
	for (int i = filter + 1; i < r->argc; i++)
		type_word(b, r->argv[i]);
}

static noreturn void
is_filter(const struct run *r, int from, int to)
{
	struct buf line = { 0 };

	type_line(r, from, to, &line);
	log_warnx("a filter begins after a lone dash: %s", buf_cstr(&line));
	log_exit(EXIT_ERROR);
}

static bool
reads_as_filter(const struct run *r, char **argv, int from, int to)
{
	char *text = line_words(to, argv, from);
	struct filter_error e = { .length = 1 };
	struct filter *f = filter_new(text, r->now, r->period.zone, &e);
	bool good = f != NULL;

	filter_free(&f);
	free(text);
	return (good);
}

noreturn void
inputs_misplaced(const struct run *r, char **argv, int from, int to)
{
	if (reads_as_filter(r, argv, from, to))
		is_filter(r, from, to);
	run_usage("\"%s\" is out of place: files stand behind -r, the filter behind a lone -", argv[from]);
}

static bool
is_there(const char *path)
{
	struct stat st;

	return (far_is(path) || stat(path, &st) == 0 || errno != ENOENT);
}

/* No file has a name like this, as a rule. */
static bool
is_phrase(const char *word)
{
	return (strpbrk(word, " \t<>=()!|&") != NULL);
}

/* The words from the first that is no file up to the end of those of its option. */
static void
find_filter(const struct run *r)
{
	for (size_t i = 0; i < r->ninputs; i++) {
		int from = r->inputs[i].word, to = from;

		if (from == 0 || is_there(r->inputs[i].path))
			continue;
		for (size_t k = i; k < r->ninputs && r->inputs[k].word == to; k++)
			to++;
		if (reads_as_filter(r, r->argv, from, to))
			is_filter(r, from, to);
		if (is_phrase(r->inputs[i].path)) {
			char *text = line_words(to, r->argv, from);

			run_usage("\"%s\" is no file, and as a filter, which begins after a lone dash, it is not understood", text);
		}
		while (i + 1 < r->ninputs && r->inputs[i + 1].word != 0)
			i++;
	}
}

/* --- files and trees ------------------------------------------------------------------------------ */

/* Is it a record file?  A pipe is not looked at: what it gives would be gone. */
static bool
opens(struct run *r, const char *path)
{
	struct stat st;
	struct reader *reader;
	char err[512] = "";
	bool good;

	if (strcmp(path, "-") == 0 || r->tool->looks || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return (true);
	reader = reader_open(path, err, sizeof(err));
	good = reader != NULL;
	if (!good)
		say_input(r, path, err, true);
	reader_close(&reader);
	return (good);
}

static void
open_input(struct run *r, struct input *in)
{
	struct stat st;

	if (far_is(in->path)) {
		distant_open(r, in->path);
		return;
	}
	if (strcmp(in->path, "-") != 0 && stat(in->path, &st) == 0)
		in->tree = S_ISDIR(st.st_mode) || (in->tree && !S_ISREG(st.st_mode));
	if (in->tree) {
		if (!source_add_tree(r->source, in->path, r->live))
			run_wrong(r, "%s: %s", in->path, strerror(errno));
	} else if (opens(r, in->path)) {
		source_add(r->source, in->path);
	}
}

void
inputs_open(struct run *r)
{
	find_filter(r);
	for (size_t i = 0; i < r->ninputs; i++)
		open_input(r, &r->inputs[i]);
	if (r->live)
		type_word(&r->typed, "--live");
}
