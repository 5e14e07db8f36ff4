/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fields.c: --fields, one line a field, its name first.  Tested by tests/truth/fingers.tap.
 */
#include "ra-tools/run/room.h"

#include "format/base/log.h"
#include "format/types.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void
show(enum field f)
{
	const char *unit = type_unit((enum type)fields[f].type);
	char type[32];
	size_t n = 0;

	for (const char *p = types[fields[f].type].name; *p != '\0' && n + 1 < sizeof(type); p++)
		type[n++] = (char)tolower((unsigned char)*p);
	type[n] = '\0';
	show_printf("%-14s %-9s %-6s %s\n", fields[f].name, type, *unit != '\0' ? unit : "-", fields[f].doc);
}

struct match {
	const char *word;
	bool of[F_COUNT];
};

static void
match_alias(void *arg, const char *alias, const char *name)
{
	struct match *m = arg;
	const char *at = strcasestr(alias, m->word);

	if (at != NULL && (at == alias || !isalnum((unsigned char)at[-1]))) /* starttime has no rtt */
		m->of[field_named(name, strlen(name))] = true;
}

static bool
has(enum field f, const char *word)
{
	return (strcasestr(fields[f].name, word) != NULL || strcasestr(fields[f].doc, word) != NULL);
}

/* That of another word for it alone; that of a name first, then all that have to do with it; those that others mean by it. */
int
fields_show(const char *word)
{
	struct match m = { .word = word };
	enum field one = word == NULL ? F_NONE : field_named(word, strlen(word));
	const char *means = word == NULL ? NULL : field_meant(word, strlen(word));
	bool named = one != F_NONE && strcasecmp(fields[one].name, word) == 0, any = one != F_NONE;

	if (one != F_NONE)
		show(one);
	if (one != F_NONE && !named)
		return (0);
	if (means != NULL) {
		enum field f = field_named(means, strlen(means));

		m.of[f] = m.of[fields[f].twin] = true;
	}
	if (word != NULL)
		field_aliases(match_alias, &m);
	for (enum field f = 0; f < F_COUNT; f++) {
		if (fields[f].agg == AGG_COMP || f == one || (word != NULL && !m.of[f] && !has(f, word)))
			continue;
		show(f);
		any = true;
	}
	if (!any)
		log_warnx("no field has to do with \"%s\"; the nearest is `%s`", word, field_nearest(word, strlen(word)));
	return (any ? 0 : EXIT_ERROR);
}
