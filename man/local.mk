# SPDX-License-Identifier: BSD-2-Clause
# The pages, in mdoc.  Add a page with: dist_man_MANS += %D%/ra.1
dist_man_MANS += %D%/pavo.5 %D%/pavo.8
if LIBRARY
dist_man_MANS += %D%/pavo.3
endif
dist_man_MANS += %D%/pavo-filter.7 %D%/pavo-loss.7
dist_man_MANS += %D%/ralabel.1 %D%/ratop.1 %D%/ranonymize.1 %D%/rahisto.1 %D%/racheck.1 %D%/rasplit.1
dist_man_MANS += %D%/radrill.1 %D%/ratunnel.1 %D%/rapath.1 %D%/ragraph.1 %D%/rastore.1 %D%/racollect.1
dist_man_MANS += %D%/ra.1 %D%/racluster.1 %D%/rabins.1 %D%/rasort.1 %D%/racount.1 %D%/ragap.1

EXTRA_DIST += %D%/path.svg # the picture in README.md

# The fields' page is made from the table.
PAGE_FIELDS = man/fields$(RUNS_HERE)
if CROSS
EXTRA_DIST += %D%/fields.c
CLEANFILES += man/fields$(RUNS_HERE)
man/fields$(RUNS_HERE): %D%/fields.c $(OF_TABLE) $(srcdir)/format/fields.def
	$(MAKE_HERE) $(srcdir)/man/fields.c $(OF_TABLE)
else
noinst_PROGRAMS += man/fields
man_fields_SOURCES = %D%/fields.c
man_fields_LDADD = $(FLOW_LIBS)
endif
nodist_man_MANS += man/pavo-fields.7
CLEANFILES += man/pavo-fields.7
man/pavo-fields.7: $(PAGE_FIELDS)
	$(AM_V_GEN)$(PAGE_FIELDS) > $@.tmp && mv $@.tmp $@
