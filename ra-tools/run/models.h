/* SPDX-License-Identifier: BSD-2-Clause
 *
 * models.h: several ways to merge at once, from a file (racluster -f).
 */
#ifndef RA_TOOLS_RUN_MODELS_H
#define RA_TOOLS_RUN_MODELS_H

#include "ra-tools/run/run.h"

/* From the first record to the last row of the last model. */
void models(struct run *, const char *path);

#endif
