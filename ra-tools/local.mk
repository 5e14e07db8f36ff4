# SPDX-License-Identifier: BSD-2-Clause
# libra.a and one file per tool: records are selected, merged and shown.

noinst_LIBRARIES += libra.a
libra_a_SOURCES = $(SCAN_SOURCES)

# what leads from files to selected records: libpavo too
SCAN_SOURCES = %D%/query/spill.c %D%/query/spill.h %D%/query/spool.c %D%/query/spool.h %D%/query/choice.c %D%/query/choice.h %D%/query/scan.c %D%/query/scan.h %D%/query/corrections.c %D%/query/corrections.h %D%/query/pool.c %D%/query/pool.h %D%/query/source.c %D%/query/source.h %D%/query/moved.c %D%/query/moved.h \
	%D%/query/gather.c %D%/query/gather.h %D%/query/period.c %D%/query/period.h %D%/query/repeats.c %D%/query/repeats.h %D%/query/probes.c %D%/query/probes.h %D%/query/labels.c %D%/query/labels.h %D%/query/geo.c %D%/query/geo.h %D%/query/twice.c %D%/query/twice.h

# run, source, aggr, bin, sort (add your files here)
libra_a_SOURCES += %D%/run/run.h %D%/run/room.h %D%/run/say.c %D%/run/inputs.c %D%/run/cover.c %D%/run/line.c %D%/run/start.c %D%/run/fields.c %D%/run/foreign.c %D%/run/filters.c %D%/run/columns.c %D%/run/plan.c %D%/run/over.c %D%/run/full.c \
	%D%/run/next.c %D%/run/print.c %D%/run/ask.c %D%/run/end.c %D%/run/run.opt \
	%D%/run/watch.c %D%/run/watch.h %D%/query/peak.c %D%/query/peak.h %D%/query/sink.c %D%/query/sink.h \
	%D%/query/aggr_in.c %D%/query/aggr.h %D%/query/aggr_room.h %D%/query/aggr_key.c %D%/query/aggr_out.c %D%/query/aggr_merge.c %D%/query/aggr_spill.c %D%/query/aggr_share.c %D%/query/table_file.c \
	%D%/query/left_out.c %D%/query/left_out.h %D%/run/cluster.c %D%/run/cluster.h %D%/query/keys.c %D%/query/bin.c %D%/query/bin.h %D%/query/fold.c %D%/query/fold.h %D%/query/classes.c %D%/query/classes.h %D%/query/sort_in.c %D%/query/sort.h \
	%D%/query/sort_room.h %D%/query/table.h %D%/query/table_room.h %D%/query/table_in.c %D%/query/table_out.c %D%/query/words.c %D%/query/words.h %D%/query/pile.h %D%/query/pile_room.h %D%/query/pile_in.c %D%/query/pile_out.c %D%/query/sort_runs.c

# groups of plain numbers
libra_a_SOURCES += %D%/query/aggr_compact.c %D%/query/aggr_compact.h %D%/query/aggr_compact_in.c %D%/query/aggr_compact_out.c

# drill-down and service levels
libra_a_SOURCES += %D%/report/drill.c %D%/report/drill.h %D%/report/sla.h %D%/report/sla_room.h %D%/report/sla_in.c %D%/report/sla_pack.c %D%/report/sla_bins.c %D%/report/sla_judge.c %D%/report/contract.c %D%/report/contract.h %D%/report/evidence.c %D%/report/evidence.h %D%/out/evidence.c %D%/report/marks.c %D%/report/marks.h %D%/report/picture.c %D%/report/picture.h
libra_a_SOURCES += %D%/out/facts.c %D%/out/facts.h %D%/out/grid.c %D%/out/grid.h %D%/run/page.c %D%/run/page.h %D%/run/again.c %D%/run/again.h %D%/out/tunnel.c %D%/out/tunnel_rows.c %D%/out/report.c %D%/out/html.c %D%/out/html_axis.c %D%/out/html_axis.h %D%/out/html_bins.c %D%/out/html_chart.c %D%/out/html_tables.c %D%/out/html_path.c %D%/out/html_verdict.c %D%/out/html_room.h %D%/out/report.h %D%/out/drill.c %D%/out/drill.h %D%/out/term.c \
	%D%/out/screen.c %D%/out/screen.h
libra_a_SOURCES += %D%/out/fit.c %D%/out/fit.h %D%/out/fold.c %D%/out/fold.h %D%/out/short.c %D%/out/short.h
# its style and what stands round the report are files of their own
EXTRA_DIST += %D%/out/html.css %D%/out/html.page %D%/out/lines.sed
CLEANFILES += %D%/out/html.css.h %D%/out/html.page.h
%D%/out/html.$(OBJEXT): %D%/out/html.css.h %D%/out/html.page.h
%D%/out/html.css.h: %D%/out/html.css %D%/out/lines.sed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -f $(srcdir)/%D%/out/lines.sed $(srcdir)/%D%/out/html.css > $@.part && mv -f $@.part $@
%D%/out/html.page.h: %D%/out/html.page %D%/out/lines.sed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -f $(srcdir)/%D%/out/lines.sed $(srcdir)/%D%/out/html.page > $@.part && mv -f $@.part $@
bin_PROGRAMS += radrill
radrill_SOURCES = %D%/radrill.c %D%/radrill.opt %D%/run/worst.c %D%/run/worst.h
radrill_LDADD = $(RA_LIBS)
bin_PROGRAMS += ratunnel
ratunnel_SOURCES = %D%/ratunnel.c %D%/ratunnel.opt
ratunnel_LDADD = $(RA_LIBS)

# filter/*.c (add your files here)
FILTER_SOURCES = %D%/filter/filter.h %D%/filter/tree.h %D%/filter/lex.c %D%/filter/parse.c \
	%D%/filter/check.c %D%/filter/compile.c %D%/filter/run.c %D%/filter/addrs.c
libra_a_SOURCES += $(FILTER_SOURCES)

# out/*.c (add your files here)
libra_a_SOURCES += %D%/out/out.h %D%/out/sheet.c %D%/out/names.c %D%/out/names.h \
	%D%/out/cells.c %D%/out/cells.h %D%/out/lines.c %D%/out/lines.h %D%/out/text.c %D%/out/csv.c %D%/out/json.c %D%/out/native.c %D%/out/ipfix.c %D%/out/ipfix.h %D%/out/ipfix.def %D%/out/ipfix_element.h %D%/out/ipfix_element.c %D%/out/kafka.c %D%/out/kafka.h %D%/out/loads.c %D%/out/loads.h %D%/out/schema.c %D%/out/schema_click.c %D%/out/schema.h %D%/out/view.c %D%/out/view.h %D%/report/conserve.c %D%/report/conserve.h %D%/query/zero.c %D%/query/zero.h

# The tools, one file each, with their own options beside the common ones of run.opt.
bin_PROGRAMS += ra racluster rabins rasort racount ragap
ra_SOURCES = %D%/ra.c %D%/ra.opt %D%/zeek.c %D%/zeek.h %D%/out/zeek.c %D%/out/zeek.h
ra_LDADD = $(RA_LIBS)
racluster_SOURCES = %D%/run/models.c %D%/run/models.h %D%/racluster.c %D%/racluster.opt
racluster_LDADD = $(RA_LIBS)
rabins_SOURCES = %D%/rabins.c %D%/rabins.opt
rabins_LDADD = $(RA_LIBS)
rasort_SOURCES = %D%/rasort.c %D%/rasort.opt
rasort_LDADD = $(RA_LIBS)
racount_SOURCES = %D%/racount.c
racount_LDADD = $(RA_LIBS)
ragap_SOURCES = %D%/ragap.c %D%/ragap.opt %D%/report/signature.c %D%/report/signature.h
ragap_LDADD = $(RA_LIBS)

bin_PROGRAMS += rapath
libra_a_SOURCES += %D%/report/path_rows.c %D%/report/path.h %D%/report/path_room.h %D%/report/path_clock.c \
	%D%/report/path_sets.c %D%/report/path_ways.c
rapath_SOURCES = %D%/rapath.c %D%/rapath.opt %D%/out/path.c %D%/out/path.h
rapath_LDADD = $(RA_LIBS)

bin_PROGRAMS += ragraph
libra_a_SOURCES += %D%/report/series.c %D%/report/series.h %D%/out/graph.c %D%/out/graph.h
ragraph_SOURCES = %D%/ragraph.c %D%/ragraph.opt
ragraph_LDADD = $(RA_LIBS)

bin_PROGRAMS += ralabel
ralabel_SOURCES = %D%/ralabel.c
ralabel_LDADD = $(RA_LIBS)

bin_PROGRAMS += ratop
ratop_SOURCES = %D%/ratop.c %D%/ratop.opt %D%/top_live.c %D%/top_live.h %D%/query/live.c %D%/query/live.h %D%/out/top.c %D%/out/top.h
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
	%D%/store/sums.c %D%/store/sums.h %D%/store/received.c %D%/store/received.h %D%/store/session.c %D%/store/session.h
bin_PROGRAMS += racollect
racollect_SOURCES = %D%/racollect.c %D%/racollect.opt
libra_a_SOURCES += %D%/feed.c %D%/feed.h %D%/run/distant.c
racollect_LDADD = $(RA_LIBS) $(LIBSSL_LIBS)
bin_PROGRAMS += rastore
rastore_SOURCES = %D%/rastore.c %D%/rastore.opt
rastore_LDADD = $(RA_LIBS)
EXTRA_DIST += %D%/README.md
