/* SPDX-License-Identifier: BSD-2-Clause
 * sum FILE FIELDS FILTER: sums of fields of flow records.  cc sum.c $(pkg-config --cflags --libs pavo) */
#include <pavo.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	struct pavo_question q = { .nfiles = 1, .fields = argc > 2 ? argv[2] : "spkts,dpkts", .filter = argc > 3 ? argv[3] : NULL };
	const struct pavo_field *field;
	const struct pavo_batch *b;
	const char *file = argc > 1 ? argv[1] : "-";
	double *sum;
	struct pavo *p;
	char why[256];
	size_t n;

	q.files = &file;
	if ((p = pavo_open(&q, why, sizeof(why))) == NULL) {
		fprintf(stderr, "sum: %s\n", why);
		return (2);
	}
	field = pavo_fields(p, &n);
	sum = calloc(n, sizeof(*sum));
	while (sum != NULL && (b = pavo_next(p)) != NULL)
		for (size_t c = 0; c < n; c++)
			for (size_t r = 0; r < b->rows; r++) /* what has no value reads 0 */
				sum[c] += field[c].kind == PAVO_U64 ? (double)b->column[c].u64[r] :
				    field[c].kind == PAVO_I64 ? (double)b->column[c].i64[r] :
				    field[c].kind == PAVO_DOUBLE ? b->column[c].real[r] : 0;
	for (size_t c = 0; sum != NULL && c < n; c++)
		printf("%s %.0f\n", field[c].name, sum[c]);
	if (pavo_error(p) != NULL)
		fprintf(stderr, "sum: %s\n", pavo_error(p));
	n = pavo_error(p) != NULL;
	pavo_close(&p);
	return (n ? 2 : 0);
}
