# SPDX-License-Identifier: BSD-2-Clause
# libpavo.so: record files read by programs of others.  What of the other rooms it is made of is compiled once more, as
# code that may lie anywhere and with nothing to be seen but what pavo.map names: the tools are not slower for it.

EXTRA_DIST += %D%/README.md %D%/pavo.map
.PHONY: install-library install-library-files
LIBPAVO_LIBS = $(LZ4_LIBS) $(ZSTD_LIBS) $(MSGPACK_LIBS) $(MAXMINDDB_LIBS) -lpthread -lm
if LIBRARY
noinst_LIBRARIES += libpavo_objects.a
libpavo_objects_a_CFLAGS = $(AM_CFLAGS) -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections
libpavo_objects_a_SOURCES = %D%/pavo.h %D%/room.h %D%/read.c %D%/cells.c %D%/text.c %D%/within.c \
	$(FLOW_SOURCES) $(FILTER_SOURCES) $(SCAN_SOURCES)

noinst_DATA = libpavo.so
CLEANFILES += libpavo.so libpavo.so.0
libpavo.so.0: libpavo_objects.a %D%/pavo.map
	$(AM_V_CCLD)$(CC) -shared $(CFLAGS) $(SAN_FLAGS) $(LIBRARY_LDFLAGS) $(LDFLAGS) -Wl,-soname,$@ -Wl,--as-needed -Wl,--gc-sections \
	    -Wl,--version-script=$(srcdir)/libpavo/pavo.map -Wl,-u,pavo_open,-u,pavo_text -o $@ libpavo_objects.a $(LIBPAVO_LIBS)
libpavo.so: libpavo.so.0
	$(AM_V_at)ln -sf libpavo.so.0 $@

include_HEADERS = %D%/pavo.h
pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = %D%/pavo.pc
# by itself, too: for programs of others
install-library: install-includeHEADERS install-nodist_pkgconfigDATA install-library-files
install-exec-local: install-library-files
install-library-files: libpavo.so.0
	$(MKDIR_P) '$(DESTDIR)$(libdir)'
	$(INSTALL_DATA) libpavo.so.0 '$(DESTDIR)$(libdir)/'
	ln -sf libpavo.so.0 '$(DESTDIR)$(libdir)/libpavo.so'
uninstall-hook:
	rm -f '$(DESTDIR)$(libdir)/libpavo.so.0' '$(DESTDIR)$(libdir)/libpavo.so'
endif
