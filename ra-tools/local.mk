# SPDX-License-Identifier: BSD-2-Clause
# libra.a and one file per tool: records are selected, merged and shown.

noinst_LIBRARIES += libra.a
libra_a_SOURCES =

# run, source, aggr, bin, sort (add your files here)
libra_a_SOURCES += %D%/run.c %D%/run.h %D%/run.opt %D%/scan.c %D%/scan.h %D%/corrections.c %D%/corrections.h %D%/pool.c %D%/pool.h \
	%D%/watch.c %D%/watch.h %D%/source.c %D%/source.h %D%/moved.c %D%/moved.h %D%/gather.c %D%/gather.h %D%/sink.c %D%/sink.h \
	%D%/aggr.c %D%/aggr.h %D%/aggr_room.h %D%/aggr_key.c %D%/aggr_out.c %D%/spill.c %D%/spill.h \
	%D%/left_out.c %D%/left_out.h %D%/period.c %D%/period.h %D%/repeats.c %D%/repeats.h %D%/twice.c %D%/twice.h %D%/probes.c %D%/probes.h %D%/cluster.c %D%/cluster.h %D%/keys.c %D%/bin.c %D%/bin.h %D%/sort.c %D%/sort.h \
	%D%/sort_room.h %D%/sort_out.c %D%/sort_runs.c

# drill-down and service levels
libra_a_SOURCES += %D%/drill.c %D%/drill.h %D%/sla.c %D%/sla.h %D%/marks.c %D%/marks.h
libra_a_SOURCES += %D%/out/grid.c %D%/out/grid.h %D%/out/page.c %D%/out/page.h %D%/out/tunnel.c %D%/out/html.c %D%/out/report.h %D%/out/drill.c %D%/out/drill.h %D%/out/term.c \
	%D%/out/screen.c %D%/out/screen.h
bin_PROGRAMS += radrill
radrill_SOURCES = %D%/radrill.c %D%/radrill.opt %D%/worst.c %D%/worst.h
radrill_LDADD = $(RA_LIBS)
bin_PROGRAMS += ratunnel
ratunnel_SOURCES = %D%/ratunnel.c %D%/ratunnel.opt
ratunnel_LDADD = $(RA_LIBS)

# filter/*.c (add your files here)
libra_a_SOURCES += %D%/filter.h %D%/filter/tree.h %D%/filter/lex.c %D%/filter/parse.c \
	%D%/filter/check.c %D%/filter/compile.c %D%/filter/run.c %D%/filter/addrs.c

# out/*.c (add your files here)
libra_a_SOURCES += %D%/out.h %D%/out/sheet.c %D%/out/names.c %D%/out/names.h \
	%D%/out/text.c %D%/out/csv.c %D%/out/json.c %D%/out/native.c %D%/view.c %D%/view.h %D%/conserve.c %D%/conserve.h %D%/zero.c %D%/zero.h \
	%D%/labels.c %D%/labels.h %D%/geo.c %D%/geo.h

# The tools, one file each, with their own options beside the common ones of run.opt.
bin_PROGRAMS += ra racluster rabins rasort racount ragap
ra_SOURCES = %D%/ra.c %D%/ra.opt
ra_LDADD = $(RA_LIBS)
racluster_SOURCES = %D%/models.c %D%/models.h %D%/racluster.c %D%/racluster.opt
racluster_LDADD = $(RA_LIBS)
rabins_SOURCES = %D%/rabins.c %D%/rabins.opt
rabins_LDADD = $(RA_LIBS)
rasort_SOURCES = %D%/rasort.c %D%/rasort.opt
rasort_LDADD = $(RA_LIBS)
racount_SOURCES = %D%/racount.c
racount_LDADD = $(RA_LIBS)
ragap_SOURCES = %D%/ragap.c %D%/ragap.opt %D%/signature.c %D%/signature.h
ragap_LDADD = $(RA_LIBS)

bin_PROGRAMS += ralabel
ralabel_SOURCES = %D%/ralabel.c
ralabel_LDADD = $(RA_LIBS)

bin_PROGRAMS += ratop
ratop_SOURCES = %D%/ratop.c %D%/ratop.opt %D%/top_live.c %D%/top_live.h %D%/live.c %D%/live.h %D%/out/top.c %D%/out/top.h
ratop_LDADD = $(RA_LIBS)

bin_PROGRAMS += rasplit
rasplit_SOURCES = %D%/rasplit.c %D%/rasplit.opt
rasplit_LDADD = $(RA_LIBS)

bin_PROGRAMS += racheck
racheck_SOURCES = %D%/racheck.c %D%/racheck.opt
racheck_LDADD = $(RA_LIBS)

bin_PROGRAMS += rahisto
rahisto_SOURCES = %D%/rahisto.c %D%/rahisto.opt %D%/out/histo.c %D%/out/histo.h
rahisto_LDADD = $(RA_LIBS)

if HAVE_LIBCRYPTO
bin_PROGRAMS += ranonymize
endif
ranonymize_SOURCES = %D%/ranonymize.c %D%/ranonymize.opt %D%/anon.c %D%/anon.h
ranonymize_LDADD = $(RA_LIBS) $(LIBCRYPTO_LIBS)

# the archive
libra_a_SOURCES += %D%/store/day.c %D%/store/day.h %D%/store/find.c %D%/store/find.h %D%/store/look.c %D%/store/look.h \
	%D%/store/policy.c %D%/store/policy.h %D%/store/replace.c %D%/store/replace.h %D%/store/spans.c %D%/store/spans.h \
	%D%/store/sums.c %D%/store/sums.h
bin_PROGRAMS += rastore
rastore_SOURCES = %D%/rastore.c %D%/rastore.opt
rastore_LDADD = $(RA_LIBS)
