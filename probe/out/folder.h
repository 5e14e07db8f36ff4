/* SPDX-License-Identifier: BSD-2-Clause
 *
 * folder.h: folders of record files: what is in them stays there.  false: errno says why.
 */
#ifndef PROBE_OUT_FOLDER_H
#define PROBE_OUT_FOLDER_H

#include <stdbool.h>

/* All that the file's name needs. */
bool folder_make(const char *path);
/* The file has another name, also after a power cut.  EEXIST: there is one of that name, which stays as it is. */
bool folder_rename(const char *from, const char *to);

#endif
