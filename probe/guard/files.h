/* SPDX-License-Identifier: BSD-2-Clause
 *
 * files.h: the files that may still be opened.  For guard/ alone.
 */
#ifndef PROBE_GUARD_FILES_H
#define PROBE_GUARD_FILES_H

#include "probe/guard/paths.h"

#include <stddef.h>

bool files_named(const char *path); /* neither NULL nor "-" */
/* Where it is made, or will be: the nearest folder above it that is there and whose name is no pattern. */
bool files_folder(const char *path, char *folder, size_t size);
/* May we make it there, or replace it if it is there? */
bool files_writable(const char *path);
/* Landlock: no others, and no TCP.  false: the kernel has none, or it is switched off. */
bool files_restrict(const struct guard_paths *);

#endif
