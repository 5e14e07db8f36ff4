/* SPDX-License-Identifier: BSD-2-Clause
 *
 * moved.c: records that another one of the files has taken.
 *
 * This lasts for the moment between the new file's name and the end of the old ones; or for ever, if the program was
 * killed in it.
 */
#include "ra-tools/query/moved.h"

#include "format/base/arena.h"
#include "format/base/mem.h"
#include "format/outline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct span {
	struct span *next;
	const struct taken *taken;
};

struct moved {
	struct arena arena;
	struct span **of; /* each file's */
};

struct place { /* of a file, to be found by */
	dev_t dev;
	ino_t ino;
	unsigned file;
};

static int
by_place(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->dev != b->dev)
		return (a->dev < b->dev ? -1 : 1);
	return ((a->ino > b->ino) - (a->ino < b->ino));
}

static bool
place_of(const char *path, struct place *p)
{
	struct stat st;

	if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return (false);
	*p = (struct place){ st.st_dev, st.st_ino, 0 };
	return (true);
}

/* The file that an entry means, as it was then. NULL: it is not among these, or is another one by now. */
static const struct place *
find(const char *taker, const struct taken_file *f, const struct place *places, size_t n, char *const *path)
{
	const char *slash = strrchr(taker, '/');
	struct place wanted;
	const struct place *p;
	char name[4096];
	uint64_t size, check;

	(void)snprintf(name, sizeof(name), "%.*s%s", slash == NULL || *f->name == '/' ? 0 : (int)(slash + 1 - taker), taker, f->name);
	if (!place_of(name, &wanted) || (p = bsearch(&wanted, places, n, sizeof(*places), by_place)) == NULL ||
	    path[p->file] == taker || !outline_identity(name, &size, &check))
		return (NULL);
	return (size == f->size && check == f->check ? p : NULL);
}

static void
note(struct moved *m, const struct taken *t, const struct place *p, const struct place *end)
{
	const dev_t dev = p->dev;
	const ino_t ino = p->ino;

	for (; p < end && p->dev == dev && p->ino == ino; p++) { /* it may have been given twice */
		struct span *s = arena_alloc(&m->arena, sizeof(*s));

		*s = (struct span){ m->of[p->file], t };
		m->of[p->file] = s;
	}
}

struct moved *
moved_new(char *const *path, unsigned n)
{
	struct moved *m = mem_zero(1, sizeof(*m));
	struct place *places = mem_alloc((n + 1) * sizeof(*places));
	size_t k = 0;
	bool any = false;

	m->of = mem_zero(n + 1, sizeof(m->of[0]));
	for (unsigned i = 0; i < n; i++)
		if (place_of(path[i], &places[k]))
			places[k++].file = i;
	qsort(places, k, sizeof(*places), by_place);
	for (unsigned i = 0; i < n && k > 1; i++) {
		const struct taken *t = strcmp(path[i], "-") == 0 ? NULL : outline_taken(path[i], &m->arena);

		for (size_t j = 0; t != NULL && j < t->n; j++) {
			const struct place *p = find(path[i], &t->file[j], places, k, path);

			while (p != NULL && p > places && by_place(p - 1, p) == 0)
				p--;
			if (p != NULL)
				note(m, t, p, places + k);
			any |= p != NULL;
		}
	}
	free(places);
	if (!any)
		moved_free(&m);
	return (m);
}

void
moved_free(struct moved **pm)
{
	struct moved *m = *pm;

	if (m == NULL)
		return;
	arena_free(&m->arena);
	free(m->of);
	free(m);
	*pm = NULL;
}

void
moved_leave(const struct moved *m, unsigned i, const struct segment_info *segment, const struct batch *b, uint64_t *sel)
{
	const struct column *start = b->col[F_bstart];

	for (const struct span *s = m->of[i]; s != NULL; s = s->next) {
		if (strcmp(segment->probe == NULL ? "" : segment->probe, s->taken->probe) != 0)
			continue;
		for (uint32_t r = 0; r < b->rows; r++)
			if (column_has(start, r) && start->i[r] >= s->taken->from && start->i[r] < s->taken->to)
				bit_clear(sel, r);
	}
}
