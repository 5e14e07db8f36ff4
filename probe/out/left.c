/* SPDX-License-Identifier: BSD-2-Clause
 *
 * left.c: what a probe leaves that is killed.  Tested by test_archive.c.
 *
 * A file is written again beside it (its whole blocks, closed), takes its place, and then gets its name: whatever
 * happens meanwhile, its records are in one file.
 */
#include "probe/out/left.h"

#include "format/base/log.h"
#include "format/base/mem.h"
#include "format/base/output.h"
#include "format/repair.h"
#include "probe/out/folder.h"
#include "probe/out/name.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS_MOST 1000

static const char suffix[] = ".part";

struct search {
	struct hook *hook;
	unsigned folders;
};

/* --- one file */

/* It gets its name, or the next one that is free. */
static bool
give_name(const char *part, char *name, size_t size)
{
	char first[NAME_LONGEST];

	(void)snprintf(first, sizeof(first), "%.*s", (int)(strlen(part) - strlen(suffix)), part);
	for (unsigned i = 1; name_sibling(first, i, name, size); i++) {
		if (folder_rename(part, name))
			return (true);
		if (errno != EEXIST)
			break;
	}
	log_warnx("%s: %s", part, strerror(errno));
	return (false);
}

static void
drop(const char *part)
{
	if (unlink(part) == 0)
		log_warnx("%s: left by a probe that was stopped before it wrote a record; removed", part);
}

static void
complete(struct search *s, const char *part)
{
	struct repair_state state = { 0 };
	char err[512] = "", name[NAME_LONGEST], fresh[NAME_LONGEST + 8];
	struct stat st;
	uint64_t records = 0;

	if (output_held_at(part)) {
		log_warnx("%s: another program writes it, it stays as it is", part);
		return;
	}
	if (stat(part, &st) == 0 && st.st_size == 0) {
		drop(part);
		return;
	}
	if (!repair_look(part, &state, err, sizeof(err))) {
		log_warnx("%s; it stays as it is", err);
		return;
	}
	if (state.records == 0 && state.bad_bytes > 0) {
		log_warnx("%s: left by a probe that was stopped; nothing of it can be read, it stays as it is", part);
		return;
	}
	if (state.records == 0) {
		drop(part);
		return;
	}
	records = state.records;
	if (!state.whole) {
		(void)snprintf(fresh, sizeof(fresh), "%s.new", part);
		if (!repair_copy(part, fresh, &(struct repair_options){ .lost = true }, &records, err, sizeof(err)) || rename(fresh, part) != 0) {
			log_warnx("%s: it can not be completed and stays as it is: %s", part, err[0] != '\0' ? err : strerror(errno));
			(void)unlink(fresh);
			return;
		}
	}
	if (!give_name(part, name, sizeof(name)))
		return;
	log_warnx("%s: left by a probe that was stopped; its %llu whole record%s are kept as %s", part, (unsigned long long)records,
	    records == 1 ? "" : "s", name);
	if (s->hook != NULL)
		hook_run(s->hook, name);
}

/* --- all of them */

/* Is it NAME.part, or that of a sibling? */
static bool
is_ours(const char *glob, const char *name)
{
	size_t n = strlen(name), end = strlen(suffix), stem, digits;
	char text[256];
	const char *dot;

	if (n <= end || n >= sizeof(text) || strcmp(name + n - end, suffix) != 0)
		return (false);
	(void)snprintf(text, sizeof(text), "%.*s", (int)(n - end), name);
	if (fnmatch(glob, text, 0) == 0)
		return (true);
	dot = strrchr(text, '.');
	stem = dot != NULL ? (size_t)(dot - text) : strlen(text);
	for (digits = 0; digits < stem && strchr("0123456789", text[stem - digits - 1]) != NULL; digits++)
		;
	if (digits == 0 || digits == stem || text[stem - digits - 1] != '_')
		return (false);
	memmove(text + stem - digits - 1, text + stem, strlen(text + stem) + 1);
	return (fnmatch(glob, text, 0) == 0);
}

static int
latest_first(const void *a, const void *b)
{
	return (strcmp(*(char *const *)b, *(char *const *)a));
}

/* Names in a folder, to be freed. */
static char **
list(const char *dir, const char *glob, bool files, size_t *n)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char **names = NULL;

	*n = 0;
	while (d != NULL && (e = readdir(d)) != NULL)
		if (files ? is_ours(glob, e->d_name) : fnmatch(glob, e->d_name, FNM_PERIOD) == 0) {
			names = mem_grow(names, *n + 1, sizeof(*names));
			names[(*n)++] = mem_str(e->d_name);
		}
	if (d != NULL)
		(void)closedir(d);
	if (*n > 0)
		qsort(names, *n, sizeof(*names), latest_first);
	return (names);
}

/* Below `at`, which is empty or ends in a slash, what `glob` says. */
static void
search(struct search *s, const char *at, const char *glob)
{
	size_t len = strcspn(glob, "/"), n;
	bool files = glob[len] == '\0';
	char step[NAME_LONGEST], path[NAME_LONGEST];
	char **names;

	if (len == 0 && !files) { /* of the root, or two */
		(void)snprintf(path, sizeof(path), "%s/", at);
		search(s, path, glob + 1);
		return;
	}
	(void)snprintf(step, sizeof(step), "%.*s", (int)len, glob);
	if (!files && strpbrk(step, "*?[\\") == NULL) { /* a name: what lies above may not be for us to read */
		if ((size_t)snprintf(path, sizeof(path), "%s%s/", at, step) < sizeof(path))
			search(s, path, glob + len + 1);
		return;
	}
	if (s->folders++ >= FOLDERS_MOST)
		return;
	names = list(at[0] != '\0' ? at : ".", step, files, &n);
	for (size_t i = 0; i < n; i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s%s%s", at, names[i], files ? "" : "/") < sizeof(path)) {
			if (files)
				complete(s, path);
			else
				search(s, path, glob + len + 1);
		}
		free(names[i]);
	}
	free(names);
}

void
left_complete(const char *pattern, const char *probe, struct hook *hook)
{
	struct search s = { .hook = hook };
	char glob[NAME_LONGEST];

	if (name_glob(pattern, probe, glob, sizeof(glob)))
		search(&s, "", glob);
}
