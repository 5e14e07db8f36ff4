/* SPDX-License-Identifier: BSD-2-Clause
 *
 * line.c: the command line, and --help.  The only place that knows it.
 */
#include "ra-tools/run/room.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/plain.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row common[] = {
#define OPT(code, name, arg, doc) { code, name, arg, doc },
#include "ra-tools/run/run.opt"
#undef OPT
};
#define NCOMMON (sizeof(common) / sizeof(common[0]))

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

noreturn void
line_help_wrong(const struct run *r)
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

uint64_t
line_number(const char *option, const char *arg, uint64_t most)
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
add_labels(struct run *r, const char *path)
{
	char err[512];

	if (r->labels == NULL)
		r->labels = labels_new();
	if (!labels_add(r->labels, path, err, sizeof(err)))
		run_fail("%s", err);
}

/* A second -s goes on where the first one ended. */
static void
add_fields(struct run *r, const char *arg)
{
	struct buf both = { 0 };

	buf_printf(&both, "%s%s%s", r->fields == NULL ? "" : r->fields, r->fields == NULL ? "" : ",", arg);
	r->fields = arena_copy(&r->names, buf_cstr(&both), both.len + 1);
	buf_free(&both);
}

static void
take_native(struct run *r, const char *arg)
{
	r->native = true;
	for (const char *p = arg; p != NULL; p = strchr(p, ',') == NULL ? NULL : strchr(p, ',') + 1) {
		size_t n = strcspn(p, ",");

		if (n == 6 && memcmp(p, "legacy", n) == 0)
			r->sheet.legacy = true;
		else if (n == 6 && memcmp(p, "framed", n) == 0)
			r->sheet.framed = true;
		else
			run_usage("--native=%s: expected --native, --native=legacy, --native=framed or both", arg);
	}
}

static bool
take_output(struct run *r, int c, const char *arg)
{
	const char *why;

	switch (c) {
	case 'w':
		r->write_path = arg;
		break;
	case 'E':
		r->rejects_path = arg;
		break;
	case 's':
		add_fields(r, arg);
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
		take_native(r, arg);
		break;
	case O_IPFIX:
		if (!ipfix_parse(&r->ipfix, arg))
			run_usage("--ipfix=%s: expected uniflow, pen=NUMBER, or both with a comma between", arg);
		r->sheet.ipfix = &r->ipfix;
		break;
	case O_SCHEMA:
		if (!schema_parse(&r->schema, arg, &why))
			run_usage("--schema %s: %s", arg, why);
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
		r->sheet.text.digits = (unsigned)line_number("-p", arg, 9);
		r->digits_said = true;
		break;
	case 'H':
		r->sheet.human = true;
		break;
	case O_WIDE:
		r->wide = true;
		break;
	case O_COLOR:
		r->colour = arg;
		break;
	case 'L':
		r->sheet.repeat = (unsigned)line_number("-L", arg, 1u << 30);
		break;
	default:
		return (false);
	}
	return (true);
}

static void
set_memory(struct run *r, const char *arg)
{
	union value v;
	const char *why;

	if (!value_parse(TYPE_BYTES, arg, strlen(arg), 0, CLOCK_UTC, &v, &why) || v.u == 0)
		run_usage("--memory %s: expected a size, such as 500M or 4G", arg);
	r->memory = r->much_memory = v.u;
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
		r->count = line_number("-N", arg, UINT64_MAX);
		r->counted = true;
		break;
	case 'q':
		r->quiet = true;
		break;
	case 'P':
		if ((r->threads = (unsigned)line_number("-P", arg, 256)) == 0)
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
	case O_EVENTS:
		r->events = r->mar = true;
		break;
	case O_DEDUP:
		r->dedup = true;
		break;
	case O_MERGE_PROBES:
		r->merge_probes = true;
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

char *
line_words(int argc, char **argv, int at)
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
note_given(struct run *r, int c, const char *arg)
{
	for (unsigned i = 0; i < r->nrows; i++) {
		if (r->rows[i].code != c)
			continue;
		r->given = mem_grow(r->given, r->ngiven + 1, sizeof(r->given[0]));
		r->given[r->ngiven++] = (struct given){ &r->rows[i], r->rows[i].arg == NULL ? NULL : arg };
		return;
	}
}

void
line_take(struct run *r, tool_option own, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1];
	char letters[OPTION_LETTERS(OPTIONS_MAX)];
	int c;

	argv = foreign_words(r, &argc, argv);
	option_words(r->rows, r->nrows, letters, longs);
	r->argc = argc;
	r->argv = argv;
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1 || (r->tool->word != NULL && optind < argc)) {
		if (c == -1)
			r->tool->word(argv[optind++]);
		else if (c == '?' || c == ':')
			bad_option(c, argv);
		else if (c == O_FIELDS)
			exit(fields_show(optind < argc && argv[optind][0] != '-' ? argv[optind] : NULL));
		else if (c == 'r' || c == 'R')
			optind = inputs_take(r, c, optarg, argv, optind);
		else if ((own == NULL || !own(c, optarg)) && !take_output(r, c, optarg) && !take_input(r, c, optarg))
			run_usage("%s: no such option", argv[optind - 1]);
		else
			note_given(r, c, optarg);
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
		inputs_misplaced(r, argv, optind, argc);
	r->filter_text = line_words(argc, argv, optind);
}

/* The options that the tool shares with others. */
void
line_common(struct run *r)
{
	char name[32];

	for (size_t i = 0; i < NCOMMON; i++) {
		(void)snprintf(name, sizeof(name), " %s ", common[i].name);
		if (r->tool->common == NULL || strstr(r->tool->common, name) != NULL)
			r->rows[r->nrows++] = common[i];
	}
	r->ncommon = r->nrows;
}
