/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rows.c: for truth/library: records row by row, each cell as text behind a tab; a dash for what is absent, a star for what
 * is mixed.  The same from columns, to compare both.
 *
 * usage: rows [-a] [-c] [-t RANGE] FIELDS FILTER FILE...		-a: all records; -c: by columns
 */
#include <pavo.h>

#include <stdio.h>
#include <string.h>

static void
put(const struct pavo_field *f, const struct pavo_value *v, bool first)
{
	char text[65536];
	size_t n = pavo_text(f, v, text, sizeof(text));

	if (n >= sizeof(text) || strlen(text) != n)
		printf("[%zu bytes]", n);
	printf("%s%s", first ? "" : "\t", v->state == PAVO_ABSENT ? "-" : v->state == PAVO_MIXED ? "*" : text);
}

static struct pavo_value
cell(const struct pavo_field *f, const struct pavo_column *c, size_t r)
{
	struct pavo_value v = { .state = c->state[r] };

	if (f->kind == PAVO_ADDRESS)
		v.address = c->address[r];
	else if (f->kind == PAVO_BYTES || f->kind == PAVO_STRING) {
		v.bytes = c->bytes + c->offset[r];
		v.length = c->offset[r + 1] - c->offset[r];
	} else
		v.u64 = c->u64[r];
	return (v);
}

int
main(int argc, char **argv)
{
	struct pavo_question q = { 0 };
	const struct pavo_field *f;
	const struct pavo_batch *b;
	const struct pavo_value *v;
	bool columns = false;
	struct pavo *p;
	char why[1024];
	size_t n;

	for (argv++, argc--; argc > 0 && argv[0][0] == '-' && argv[0][1] != '\0'; argv++, argc--)
		if (argv[0][1] == 'a') {
			q.all_records = true;
		} else if (argv[0][1] == 'c') {
			columns = true;
		} else if (!pavo_time(argv[1], 1795188298000000000, &q.from, &q.to)) {
			return (printf("no time\n"), 3);
		} else {
			argv++, argc--;
		}
	if (argc < 2)
		return (3);
	q.fields = *argv[0] == '\0' ? NULL : argv[0];
	q.filter = argv[1];
	q.files = (const char *const *)(argv + 2);
	q.nfiles = (size_t)argc - 2;
	if ((p = pavo_open(&q, why, sizeof(why))) == NULL)
		return (printf("%s\n", why), 2);
	f = pavo_fields(p, &n);
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i == 0 ? "" : "\t", f[i].name);
	printf("\n");
	while (columns && (b = pavo_next(p)) != NULL)
		for (size_t r = 0; r < b->rows; r++, printf("\n"))
			for (size_t i = 0; i < n; i++) {
				struct pavo_value c = cell(&f[i], &b->column[i], r);

				put(&f[i], &c, i == 0);
			}
	while (!columns && (v = pavo_row(p)) != NULL) {
		for (size_t i = 0; i < n; i++)
			put(&f[i], &v[i], i == 0);
		printf("\n");
	}
	if (pavo_note(p) != NULL)
		fprintf(stderr, "note: %s\n", pavo_note(p));
	if (pavo_error(p) != NULL)
		fprintf(stderr, "error: %s\n", pavo_error(p));
	n = pavo_error(p) != NULL;
	pavo_close(&p);
	return (n ? 2 : 0);
}
