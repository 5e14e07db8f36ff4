# SPDX-License-Identifier: BSD-2-Clause
# libra.a and one file per tool: records are selected, merged and shown.

noinst_LIBRARIES += libra.a
libra_a_SOURCES =

# run, source, aggr, bin, sort (add your files here)

# filter/*.c (add your files here)
libra_a_SOURCES += %D%/filter.h %D%/filter/tree.h %D%/filter/lex.c %D%/filter/parse.c \
	%D%/filter/check.c %D%/filter/compile.c %D%/filter/run.c %D%/filter/addrs.c

# out/*.c (add your files here)

# The tools, one file each.  For each:
# bin_PROGRAMS += ra
# ra_SOURCES = %D%/ra.c
# ra_LDADD = $(RA_LIBS)
