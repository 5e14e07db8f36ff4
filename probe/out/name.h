/* SPDX-License-Identifier: BSD-2-Clause
 *
 * name.h: names of record files that change with time: words of strftime(3), in UTC, and $probe.
 */
#ifndef PROBE_OUT_NAME_H
#define PROBE_OUT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_LONGEST 4096

/* May files of `length` ns each (0: there is one) be called so?  false: err says why, and what helps. */
bool name_check(const char *pattern, int64_t length, char *err, size_t errlen);
/* Two files that are not neighbours can have one name. */
bool name_comes_again(const char *pattern);
/* The name of what begins at `t` (ns); $probe is `probe`, with _ for what does not belong into a name.  false: it is too
 * long. */
bool name_make(const char *pattern, const char *probe, int64_t t, char *out, size_t size);
/* A pattern for fnmatch(3) of all names; folder by folder, as there is a / between them. */
bool name_glob(const char *pattern, const char *probe, char *out, size_t size);
/* The pattern itself, with $probe filled in. */
bool name_of_all(const char *pattern, const char *probe, char *out, size_t size);
/* The n-th file of that name: a.pavo, a_2.pavo, a_3.pavo. */
bool name_sibling(const char *name, unsigned n, char *out, size_t size);

#endif
