# SPDX-License-Identifier: BSD-2-Clause
# libprobe.a and the daemon: packets in, records out.

noinst_LIBRARIES += libprobe.a
libprobe_a_SOURCES =

# capture, decode and decode/*.c (add your files here)

# key, table, track/*.c, emit (add your files here)

# The daemon.  When main.c is there:
# sbin_PROGRAMS += pavo
# pavo_SOURCES = %D%/main.c %D%/options.c %D%/options.h
# pavo_LDADD = $(PROBE_LIBS)
