/* SPDX-License-Identifier: BSD-2-Clause
 *
 * complete.c: fills in bash.in or zsh.in, on standard input, for a program: from its tables of options and that of fields.
 *
 *	complete PROGRAM NAME FILE.opt... <bash.in		NAME: what it is installed as
 *
 * What may stand behind an option is told by the word that its table has for it.
 */
#include "format/fields.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ROWS 200

struct row {
	char code[32], name[40], arg[40], doc[200]; /* code: 'x', or the name of one that has no letter; arg "": it takes none */
};

static struct row rows[ROWS];
static size_t nrows;

enum kind { NOTHING, INPUT, FILES, FOLDERS, FIELDS, INTERFACES, USERS, GROUPS, ZONES, SYSTEMS };
static const struct {
	const char *arg;
	enum kind kind;
} kinds[] = {
	{ "FILE...", INPUT }, { "FILE", FILES }, { "DIR", FOLDERS }, { "DIR...", FOLDERS }, { "FIELDS", FIELDS },
	{ "FIELD", FIELDS }, { "KEYS", FIELDS }, { "KEY", FIELDS }, { "EXPR", FIELDS }, { "IFACE", INTERFACES },
	{ "IFACE...", INTERFACES },
	{ "USER", USERS }, { "GROUP", GROUPS }, { "ZONE", ZONES }, { "SYSTEM", SYSTEMS },
};

static enum kind
kind_of(const struct row *r)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].arg, r->arg) == 0)
			return (kinds[i].kind);
	return (NOTHING);
}

static bool
has_letter(const struct row *r)
{
	return (r->code[0] == '\'');
}

/* A string of C, or NULL, which is ""; where it ends, or NULL: there is none. */
static const char *
read_string(const char *at, char *to, size_t size)
{
	size_t n = 0;

	while (*at == ',' || *at == ' ')
		at++;
	to[0] = '\0';
	if (strncmp(at, "NULL", 4) == 0)
		return (at + 4);
	if (*at++ != '"')
		return (NULL);
	for (; *at != '\0' && *at != '"'; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		if (n + 1 < size)
			to[n++] = *at;
	}
	to[n] = '\0';
	return (*at == '"' ? at + 1 : NULL);
}

/* OPT(code, "name", "arg" or NULL, "what it does") */
static bool
read_row(const char *line, struct row *r)
{
	const char *at = strchr(line, ',');

	(void)snprintf(r->code, sizeof(r->code), "%.*s", at != NULL ? (int)(at - line) : 0, line);
	if (at == NULL || (at = read_string(at, r->name, sizeof(r->name))) == NULL)
		return (false);
	if ((at = read_string(at, r->arg, sizeof(r->arg))) == NULL || read_string(at, r->doc, sizeof(r->doc)) == NULL)
		return (false);
	if (r->arg[0] == '[') /* it needs none */
		r->arg[0] = '\0';
	return (true);
}

static bool
read_rows(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512];
	bool good = f != NULL;

	if (!good)
		perror(path);
	while (good && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "OPT(", 4) != 0)
			continue;
		good = nrows < ROWS && read_row(line + 4, &rows[nrows++]);
		if (!good)
			(void)fprintf(stderr, "complete: %s: not understood: %s", path, line);
	}
	if (f != NULL)
		(void)fclose(f);
	return (good);
}

/* --- what the markers stand for */

static void
put_words(void)
{
	for (const struct row *r = rows; r < rows + nrows; r++) {
		if (has_letter(r))
			printf(" -%c", r->code[1]);
		printf(" --%s", r->name);
	}
}

static void
put_fields(void)
{
	for (unsigned f = 0; f < F_COUNT; f++)
		printf(" %s", fields[f].name);
}

/* -x|--xx|...: the options with such an argument, as a pattern of case. */
static void
put_pattern(enum kind kind)
{
	const char *sep = "";

	for (const struct row *r = rows; r < rows + nrows; r++)
		if (r->arg[0] != '\0' && kind_of(r) == kind) {
			if (has_letter(r))
				printf("%s-%c|--%s", sep, r->code[1], r->name);
			else
				printf("%s--%s", sep, r->name);
			sep = "|";
		}
	if (sep[0] == '\0')
		printf("''"); /* none */
}

/* In quotes of zsh, where brackets and colons mean something to _arguments. */
static void
put_doc(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\'') {
			printf("'\\''");
			continue;
		}
		if (strchr("[]:\\", *s) != NULL)
			putchar('\\');
		putchar(*s);
	}
}

static void
put_arguments(void)
{
	static const char *const what[] = {
		[NOTHING] = " ", [INPUT] = "_files", [FILES] = "_files", [FOLDERS] = "_files -/",
		[FIELDS] = "_sequence compadd - ${=fields}", [INTERFACES] = "_net_interfaces", [USERS] = "_users",
		[GROUPS] = "_groups", [ZONES] = "_time_zone", [SYSTEMS] = "(json clickhouse duckdb elastic)",
	};
	for (const struct row *r = rows; r < rows + nrows; r++) {
		const char *name = r->arg[0] != '\0' ? "=" : "";

		if (has_letter(r))
			printf("\t\t'*'{-%c%s,--%s%s}'[", r->code[1], r->arg[0] != '\0' ? "+" : "", r->name, name);
		else
			printf("\t\t'*--%s%s[", r->name, name);
		put_doc(r->doc);
		printf("]");
		if (r->arg[0] != '\0') {
			printf(":");
			put_doc(r->arg);
			printf(":%s", what[kind_of(r)]);
		}
		printf("' \\\n");
	}
}

/* --- the template */

static const struct {
	const char *marker;
	enum kind kind;
} patterns[] = {
	{ "INPUTS", INPUT }, { "FILES", FILES }, { "FOLDERS", FOLDERS }, { "LISTS", FIELDS }, { "INTERFACES", INTERFACES },
	{ "USERS", USERS }, { "GROUPS", GROUPS }, { "ZONES", ZONES }, { "SYSTEMS", SYSTEMS }, { "OTHERS", NOTHING },
};

static bool
put_marker(const char *program, const char *name, const char *marker)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (strcmp(patterns[i].marker, marker) == 0) {
			put_pattern(patterns[i].kind);
			return (true);
		}
	if (strcmp(marker, "NAME") == 0)
		printf("%s", name);
	else if (strcmp(marker, "PROGRAM") == 0)
		printf("%s", program);
	else if (strcmp(marker, "INPUT") == 0)
		printf("%s", strcmp(program, "pavo") == 0 ? "pcap*" : "pavo"); /* how files of its are called */
	else if (strcmp(marker, "WORDS") == 0)
		put_words();
	else if (strcmp(marker, "FIELDS") == 0)
		put_fields();
	else if (strcmp(marker, "ARGUMENTS") == 0)
		put_arguments();
	else
		return (false);
	return (true);
}

static bool
fill(const char *program, const char *name)
{
	char marker[32];
	int c;

	while ((c = getchar()) != EOF) {
		size_t n = 0;

		if (c != '@') {
			putchar(c);
			continue;
		}
		while ((c = getchar()) != EOF && isupper(c) && n + 1 < sizeof(marker))
			marker[n++] = (char)c;
		marker[n] = '\0';
		if (n == 0 && c != EOF) { /* as in $@ */
			printf("@%c", c);
			continue;
		}
		if (c != '@' || !put_marker(program, name, marker)) {
			fprintf(stderr, "complete: @%s: no such marker\n", marker);
			return (false);
		}
	}
	return (true);
}

int
main(int argc, char **argv)
{
	for (int i = 3; i < argc; i++)
		if (!read_rows(argv[i]))
			return (1);
	if (nrows > 0)
		return (fill(argv[1], argv[2]) ? 0 : 1);
	(void)fprintf(stderr, "usage: complete PROGRAM NAME FILE.opt... <template\n");
	return (2);
}
