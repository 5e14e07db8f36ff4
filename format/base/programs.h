/* SPDX-License-Identifier: BSD-2-Clause
 *
 * programs.h: what programs of this package are called where they are installed (configure --program-prefix), for hints.
 */
#ifndef FORMAT_BASE_PROGRAMS_H
#define FORMAT_BASE_PROGRAMS_H

#define TOOL(name) PROGRAM_PREFIX #name PROGRAM_SUFFIX

#endif
