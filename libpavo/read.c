/* SPDX-License-Identifier: BSD-2-Clause
 *
 * read.c: a question is looked at, and answered batch by batch or row by row.
 */
#include "libpavo/room.h"

#include "format/base/buf.h"
#include "format/base/mem.h"
#include "format/base/plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* --- a question ---------------------------------------------------------------------------------- */

struct opening {
	struct pavo *p;
	const struct pavo_question *q;
	char wrong[SENTENCE]; /* "": nothing is */
};

#define BLANKS ", \t\n"

static int64_t
wall_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (t.tv_sec * SEC + t.tv_nsec);
}

static void
add_field(struct pavo *p, enum field f)
{
	p->made = mem_grow(p->made, p->n + 1, sizeof(p->made[0]));
	p->made[p->n++] = (struct made){ .field = f };
	fieldset_want(&p->want, f);
}

static void
take_fields(struct opening *o)
{
	const char *s = o->q->fields;

	for (enum field f = 0; s == NULL && f < F_STORED; f++)
		add_field(o->p, f);
	while (s != NULL && *(s += strspn(s, BLANKS)) != '\0') {
		size_t n = strcspn(s, BLANKS);
		enum field f = field_named(s, n);

		if (f == F_NONE) {
			(void)say_wrong(o->wrong, sizeof(o->wrong), "no field is called \"%.*s\"; the nearest is %s", (int)(n < 64 ? n : 64), s,
			    field_nearest(s, n));
			return;
		}
		add_field(o->p, f);
		s += n;
	}
	if (o->p->n == 0)
		(void)say_wrong(o->wrong, sizeof(o->wrong), "no field is asked for");
}

static void
take_filter(struct opening *o)
{
	const char *text = o->q->filter;
	struct filter_error e = { .length = 1 };
	size_t n = text == NULL ? 0 : strlen(text);

	if (n == 0 || strspn(text, BLANKS) == n)
		return;
	o->p->filter = filter_new(text, wall_clock(), CLOCK_UTC, &e);
	if (o->p->filter != NULL)
		return;
	if (e.column >= n)
		(void)say_wrong(o->wrong, sizeof(o->wrong), "filter: %s, at its end", e.text);
	else
		(void)say_wrong(o->wrong, sizeof(o->wrong), "filter: %s, at \"%.*s\" in column %u", e.text,
		    (int)(e.length < n - e.column ? e.length : n - e.column), text + e.column, e.column + 1);
}

/* Some sentences name their file, and some do not. */
static void
say_of(char *to, const char *path, const char *sentence)
{
	bool named = strncmp(sentence, path, strlen(path)) == 0;

	(void)say_wrong(to, SENTENCE, "%s%s%s", named ? "" : path, named ? "" : ": ", sentence);
}

static void
take_file(struct opening *o, const char *path)
{
	struct stat st;
	struct reader *reader;
	char why[SENTENCE / 2];

	if (strcmp(path, "-") == 0) {
		source_add(o->p->source, path);
	} else if (stat(path, &st) != 0) {
		say_of(o->wrong, path, strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		if (!source_add_tree(o->p->source, path, false))
			say_of(o->wrong, path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) { /* what a pipe gives would be gone */
		source_add(o->p->source, path);
	} else {
		reader = reader_open(path, why, sizeof(why));
		if (reader == NULL)
			say_of(o->wrong, path, why);
		else
			source_add(o->p->source, path);
		reader_close(&reader);
	}
}

/* --- the source's questions ---------------------------------------------------------------------- */

static unsigned
wants(void *arg, const struct block_info *b)
{
	const struct pavo *p = arg;

	return (choice_outside(&p->choice, b) ? WHY_TIME : choice_only_mar(&p->choice, b) ? WHY_MAR : choice_filtered(&p->choice, b));
}

static void
opened(void *arg, struct reader *reader)
{
	const struct pavo *p = arg;

	if (p->choice.timed)
		reader_between(reader, p->choice.from, p->choice.to, WHY_TIME);
}

static void
say(void *arg, const char *path, const char *sentence, bool wrong)
{
	struct pavo *p = arg;
	char *to = wrong ? p->error : p->note;

	if (*to == '\0')
		say_of(to, path, sentence);
}

/* --- opening ------------------------------------------------------------------------------------- */

static void
choose(struct pavo *p, const struct pavo_question *q)
{
	p->choice = (struct choice){
		.filter = p->filter,
		.timed = q->from != 0 || q->to != 0,
		.from = q->from,
		.to = q->to != 0 ? q->to : INT64_MAX,
		.leave_mar = !q->all_records && !(p->filter != NULL && filter_wants_mar(p->filter)),
		.leave_events = !q->all_records && !(p->filter != NULL && filter_wants_events(p->filter)),
	};
	choice_want(&p->choice, &p->want);
	choice_want(&p->choice, &p->first);
}

static void
open_all(void *arg)
{
	struct opening *o = arg;
	struct pavo *p = o->p;
	struct source_hooks hooks = { .wants = wants, .opened = opened, .say = say, .arg = p };

	p->source = source_new(&hooks);
	take_fields(o);
	if (o->wrong[0] == '\0')
		take_filter(o);
	for (size_t i = 0; o->wrong[0] == '\0' && i < o->q->nfiles; i++)
		take_file(o, o->q->files[i]);
	if (o->wrong[0] == '\0' && o->q->nfiles == 0)
		(void)say_wrong(o->wrong, sizeof(o->wrong), "no file is named");
	if (o->wrong[0] != '\0')
		return;
	choose(p, o->q);
	p->field = mem_zero(p->n, sizeof(p->field[0]));
	for (unsigned i = 0; i < p->n; i++)
		cells_field(&p->field[i], p->made[i].field);
	cells_new(p);
}

PUBLIC struct pavo *
pavo_open(const struct pavo_question *q, char *why, size_t size)
{
	struct opening o = { .q = q };

	o.p = calloc(1, sizeof(*o.p));
	if (o.p == NULL) {
		(void)say_wrong(why, size, "%s", strerror(ENOMEM));
		return (NULL);
	}
	if (!within(open_all, &o, o.wrong, sizeof(o.wrong)))
		o.p->broken = true;
	if (o.wrong[0] == '\0')
		return (o.p);
	plain_text(why, size, o.wrong);
	pavo_close(&o.p);
	return (NULL);
}

PUBLIC const struct pavo_field *
pavo_fields(const struct pavo *p, size_t *n)
{
	*n = p->n;
	return (p->field);
}

/* --- reading ------------------------------------------------------------------------------------- */

static void
next(void *arg)
{
	struct pavo *p = arg;
	const struct scan_block *b;

	p->batch.rows = 0;
	if (p->scan == NULL) {
		struct scan_plan plan = { .want = &p->want, .first = p->filter == NULL ? NULL : &p->first, .threads = 1 };

		choice_scan(&p->choice, &plan);
		p->scan = scan_new(p->source, &plan);
	}
	while (p->batch.rows == 0 && (b = scan_next(p->scan)) != NULL)
		if (b->batch != NULL && b->any)
			cells_fill(p, b->batch);
}

PUBLIC const struct pavo_batch *
pavo_next(struct pavo *p)
{
	p->at = 0;
	if (p->broken || p->ended)
		return (NULL);
	if (!within(next, p, p->error, sizeof(p->error))) {
		p->broken = true;
		p->batch.rows = 0;
	}
	p->ended = p->batch.rows == 0;
	return (p->ended ? NULL : &p->batch);
}

static void
make_values(void *arg)
{
	struct pavo *p = arg;

	p->value = mem_zero(p->n, sizeof(p->value[0]));
}

static struct pavo_value
cell(const struct pavo_field *f, const struct pavo_column *c, size_t r)
{
	struct pavo_value v = { .state = c->state[r] };

	switch (f->kind) {
	case PAVO_U64:
	case PAVO_I64:
	case PAVO_DOUBLE:
		v.u64 = c->u64[r];
		break;
	case PAVO_ADDRESS:
		v.address = c->address[r];
		break;
	case PAVO_BYTES:
	case PAVO_STRING:
		v.bytes = c->bytes + c->offset[r];
		v.length = c->offset[r + 1] - c->offset[r];
		break;
	}
	return (v);
}

PUBLIC const struct pavo_value *
pavo_row(struct pavo *p)
{
	if (p->at == p->batch.rows && pavo_next(p) == NULL)
		return (NULL);
	if (p->value == NULL && !within(make_values, p, p->error, sizeof(p->error))) {
		p->broken = true;
		return (NULL);
	}
	for (unsigned i = 0; i < p->n; i++)
		p->value[i] = cell(&p->field[i], &p->column[i], p->at);
	p->at++;
	return (p->value);
}

PUBLIC const char *
pavo_error(const struct pavo *p)
{
	return (p->error[0] == '\0' ? NULL : p->error);
}

PUBLIC const char *
pavo_note(const struct pavo *p)
{
	return (p->note[0] == '\0' ? NULL : p->note);
}

PUBLIC void
pavo_close(struct pavo **pp)
{
	struct pavo *p = *pp;

	if (p == NULL)
		return;
	if (!p->broken) {
		scan_free(&p->scan);
		source_free(&p->source);
		filter_free(&p->filter);
		cells_free(p);
		free(p->field);
		free(p->value);
	}
	free(p);
	*pp = NULL;
}
