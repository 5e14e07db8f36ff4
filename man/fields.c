/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fields.c: prints pavo-fields.7 from the table: fields, types, words and flags.
 */
#include "format/fields.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum agg agg;
	const char *word, *doc;
} rules[] = {
	{ AGG_KEY, "key", "part of what a record is about; where it differs, it becomes" },
	{ AGG_SAME, "same", "an attribute; where it differs, it becomes" },
	{ AGG_SUM, "sum", "added" },
	{ AGG_MIN, "min", "the smallest" },
	{ AGG_MAX, "max", "the largest" },
	{ AGG_OR, "or", "bits united" },
	{ AGG_HIST, "hist", "histograms, added bucket by bucket" },
	{ AGG_FIRST, "first", "the earliest value, by a time of its own" },
	{ AGG_LAST, "last", "the latest value, by a time of its own" },
	{ AGG_TOP, "top", "the highest value, and the earliest time of it" },
	{ AGG_COMP, "time", "the time of the field before it; where it is absent, it is bstart" },
};

static const char *
rule_word(enum agg agg)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].agg == agg)
			return (rules[i].word);
	return ("derived");
}

/* A sentence as roff text: no macro at its start, no escapes in it. */
static void
text(const char *s)
{
	if (*s == '.' || *s == '\'')
		(void)fputs("\\&", stdout);
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			(void)fputs("\\e", stdout);
		else if (*s == '-' && s[1] == '>')
			(void)fputs("\\-", stdout);
		else
			(void)fputc(*s, stdout);
	}
	(void)fputc('\n', stdout);
}

static void
lower(const char *s)
{
	for (; *s != '\0'; s++)
		(void)fputc(*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s, stdout);
}

static void
one_field(enum field f)
{
	const struct field_info *i = &fields[f];

	(void)printf(".It Cm %s\n", i->name);
	text(i->doc);
	(void)printf(".Pq ");
	lower(types[i->type].name);
	if (types[i->type].unit[0] != '\0')
		(void)printf(", %s", types[i->type].unit);
	(void)printf(", %s", rule_word(i->agg));
	if (i->id != 0)
		(void)printf(", id %u", i->id);
	(void)printf(", heading %s\n", i->label);
}

static void
list(enum field from, enum field to)
{
	(void)printf(".Bl -tag -width Ds -compact\n");
	for (enum field f = from; f < to; f++)
		one_field(f);
	(void)printf(".El\n");
}

static void
one_alias(void *arg, const char *alias, const char *name)
{
	(void)arg;
	(void)printf(".It Cm %s\nis\n.Cm %s .\n", alias, name);
}

static void
type_words(enum type t)
{
	bool any = false;

	for (const struct name *n = names; n->word != NULL; n++) {
		if (n->type != t)
			continue;
		if (!any)
			(void)printf(".Bl -tag -width bufbloat -compact\n");
		any = true;
		(void)printf(".It Cm %s\n", n->word);
		text(n->doc);
		if (n->flag)
			(void)printf(".Pq bit value %llu\n", (unsigned long long)n->value);
		else
			(void)printf(".Pq number %llu\n", (unsigned long long)n->value);
	}
	if (any)
		(void)printf(".El\n");
}

int
main(void)
{
	(void)printf(".\\\" SPDX-License-Identifier: BSD-2-Clause\n.\\\" Made from "
		     "format/fields.def: change that.\n"
		     ".Dd November 20, 2026\n.Dt PAVO-FIELDS 7\n.Os\n.Sh NAME\n.Nm pavo-fields\n"
		     ".Nd the fields of flow records\n.Sh DESCRIPTION\n"
		     "These are the names for columns\n.Pq Fl s ,\nkeys\n.Pq Fl m ,\nfilters\n.Pq "
		     "Xr pavo-filter 7 ,\n"
		     "CSV headings and JSON keys.\n"
		     "A name that begins with s is about packets that the source sent, with d "
		     "about those of the destination.\n"
		     "All counters are of one record alone; none is a running total.\n"
		     "A value that could not be measured is absent and prints\n.Ql - ;\n"
		     "one that differs among merged records prints\n.Ql * .\n.Pp\n"
		     "Behind each field stand its type, its unit, and how it merges:\n.Bl -tag "
		     "-width first -compact\n");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		(void)printf(".It Cm %s\n", rules[i].word);
		text(rules[i].doc);
		if (rules[i].agg == AGG_KEY || rules[i].agg == AGG_SAME)
			(void)printf(".Ql *\n");
	}
	(void)printf(".El\n.Sh STORED FIELDS\n");
	list(0, F_STORED);
	(void)printf(".Sh DERIVED FIELDS\nComputed when they are asked for, from merged values.\n");
	list(F_STORED, F_COUNT);
	(void)printf(".Sh OTHER WORDS FOR FIELDS\n.Bl -tag -width community_id -compact\n");
	field_aliases(one_alias, NULL);
	(void)printf(".El\n.Sh TYPES\n");
	for (enum type t = 0; t < TYPE_COUNT_; t++) {
		(void)printf(".Ss ");
		lower(types[t].name);
		(void)printf("\n");
		text(types[t].doc);
		type_words(t);
	}
	(void)printf(".Sh SEE ALSO\n.Xr ra 1 ,\n.Xr pavo 5 ,\n.Xr pavo-filter 7\n");
	return (ferror(stdout) || fflush(stdout) != 0);
}
