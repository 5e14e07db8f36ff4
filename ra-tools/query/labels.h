/* SPDX-License-Identifier: BSD-2-Clause
 *
 * labels.h: names, countries and AS numbers of addresses, put into records as they are read (--label).
 *
 * A list has a prefix and its label in each line, `10.1.0.0/16,office`; the longest prefix that holds an
 * address counts.  A MaxMind database gives countries, or AS numbers.
 */
#ifndef RA_TOOLS_QUERY_LABELS_H
#define RA_TOOLS_QUERY_LABELS_H

#include "format/batch.h"

struct labels;

/* Is it a field that lists or databases make? */
bool field_is_label(enum field);

struct labels *labels_new(void);
void labels_free(struct labels **);
/* Another list or database; of lists, where both have a prefix, the later counts.
 * false: err says why, a sentence with the file's name. */
bool labels_add(struct labels *, const char *path, char *err, size_t errlen);
/* After the last one.  What its author may not have meant, for people, or NULL: a list without a prefix, two labels of one. */
const char *labels_ready(struct labels *);
/* Which fields they make. */
void labels_fields(const struct labels *, struct fieldset *);
/* What has to be read for those of them that are wanted. */
void labels_want(const struct labels *, const struct fieldset *wanted, struct fieldset *read);
/* Put the wanted ones into a batch, instead of what its file says of them.  Values are borrowed from the
 * labels.  From any thread. */
void labels_fill(const struct labels *, const struct fieldset *wanted, struct batch *);
/* The label of one address; n == 0: none.  The stated reference: the programs fill columns, the tests look up. */
struct blob labels_of(const struct labels *, const struct ip *);

#endif
