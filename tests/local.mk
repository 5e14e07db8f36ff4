# SPDX-License-Identifier: BSD-2-Clause
#
# Unit tests: one program per file, unit/<room>/test_<thing>.c, linked with the fewest rooms it can
# live in.  A program's source is <program>.c unless it says otherwise.  It links with format alone
# unless it says otherwise:
#
#	UNIT += %D%/unit/probe/decode/test_decode
#	tests_unit_probe_decode_test_decode_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)

LDADD = $(FLOW_LIBS) $(CMOCKA_LIBS)
UNIT =
check_PROGRAMS += $(UNIT)
# Those that take longest come first: else one of them is left alone at the end.
TESTS += %D%/memory.tap %D%/budget.tap %D%/truth/queries.tap %D%/truth/merging.tap %D%/truth/conservation.tap %D%/truth/path.tap \
	%D%/truth/zones.tap
TESTS += $(UNIT)

AM_TESTS_ENVIRONMENT = \
	PAVO_SRC='$(abs_top_srcdir)'; export PAVO_SRC; \
	PAVO_BUILD='$(abs_top_builddir)'; export PAVO_BUILD; \
	FUZZ_TARGETS='$(FUZZ)'; export FUZZ_TARGETS;

# Command lines with their exact output: cli/TESTLIST
TESTS += %D%/cli.tap

# Fuzz targets: fuzz/fuzz_<name>.c with LLVMFuzzerTestOneInput(), corpus in fuzz/corpus/<name>/, which
# make check replays.  To add one (here: decode), in the part below:
#
#	FUZZ += %D%/fuzz/fuzz_decode
#	tests_fuzz_fuzz_decode_SOURCES = %D%/fuzz/fuzz_decode.c $(FUZZ_MAIN)
#	tests_fuzz_fuzz_decode_LDADD = $(PROBE_LIBS)
#	tests_fuzz_fuzz_decode_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ =
check_PROGRAMS += $(FUZZ)
TESTS += %D%/fuzz.tap
if FUZZERS
FUZZ_MAIN =
else
FUZZ_MAIN = %D%/fuzz/main.c
endif

# --- format/base ---------------------------------------------------------------------------------
UNIT += \
	%D%/unit/format/base/test_arena \
	%D%/unit/format/base/test_bits \
	%D%/unit/format/base/test_buf \
	%D%/unit/format/base/test_json \
	%D%/unit/format/base/test_map \
	%D%/unit/format/base/test_clock \
	%D%/unit/format/base/test_cursor \
	%D%/unit/format/base/test_cut \
	%D%/unit/format/base/test_far \
	%D%/unit/format/base/test_ip \
	%D%/unit/format/base/test_output \
	%D%/unit/format/base/test_plain \
	%D%/unit/format/base/test_sha256 \
	%D%/unit/format/base/test_show \
	%D%/unit/format/base/test_wide \
	%D%/unit/format/base/test_zone

# --- format (add your tests here) ----------------------------------------------------------------
UNIT += \
	%D%/unit/format/test_block \
	%D%/unit/format/test_cid \
	%D%/unit/format/test_codec \
	%D%/unit/format/test_codec_narrow \
	%D%/unit/format/test_dense \
	%D%/unit/format/test_derive \
	%D%/unit/format/test_fields \
	%D%/unit/format/test_file \
	%D%/unit/format/test_hostile \
	%D%/unit/format/test_flow \
	%D%/unit/format/test_given \
	%D%/unit/format/test_hist \
	%D%/unit/format/test_formula \
	%D%/unit/format/test_ids \
	%D%/unit/format/test_like \
	%D%/unit/format/test_narrow \
	%D%/unit/format/test_outline \
	%D%/unit/format/test_seqs \
	%D%/unit/format/test_skip \
	%D%/unit/format/test_tile \
	%D%/unit/format/test_types \
	%D%/unit/format/test_wire
EXTRA_DIST += %D%/unit/ra-tools/query/rows.h %D%/unit/format/records.h %D%/unit/probe/decode/frames.h %D%/unit/probe/row.h %D%/unit/probe/sim.h %D%/unit/probe/world.h \
	%D%/unit/probe/track/segments.h %D%/golden

FUZZ += %D%/fuzz/fuzz_block %D%/fuzz/fuzz_meta
tests_fuzz_fuzz_block_SOURCES = %D%/fuzz/fuzz_block.c $(FUZZ_MAIN)
tests_fuzz_fuzz_block_LDADD = $(FLOW_LIBS)
tests_fuzz_fuzz_block_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_meta_SOURCES = %D%/fuzz/fuzz_meta.c $(FUZZ_MAIN)
tests_fuzz_fuzz_meta_LDADD = $(FLOW_LIBS)
tests_fuzz_fuzz_meta_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

# --- probe (add your tests here) -----------------------------------------------------------------
UNIT += \
	%D%/unit/probe/capture/test_capture \
	%D%/unit/probe/decode/test_content \
	%D%/unit/probe/decode/test_decode \
	%D%/unit/probe/decode/test_tunnels \
	%D%/unit/probe/test_engine
tests_unit_probe_capture_test_capture_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_decode_test_content_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_decode_test_decode_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_decode_test_tunnels_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_test_engine_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/test_crew %D%/unit/probe/test_ring %D%/unit/probe/test_route
tests_unit_probe_test_crew_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_test_ring_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_test_route_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/capture/test_merge
tests_unit_probe_capture_test_merge_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/test_signals
tests_unit_probe_test_signals_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/tell/test_snapshot %D%/unit/probe/tell/test_file
tests_unit_probe_tell_test_snapshot_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_tell_test_file_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)

UNIT += %D%/unit/probe/test_natt %D%/unit/probe/test_steady
tests_unit_probe_test_steady_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_test_natt_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)

FUZZ += %D%/fuzz/fuzz_decode
tests_fuzz_fuzz_decode_SOURCES = %D%/fuzz/fuzz_decode.c $(FUZZ_MAIN)
tests_fuzz_fuzz_decode_LDADD = $(PROBE_LIBS)
tests_fuzz_fuzz_decode_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

UNIT += %D%/unit/probe/frag/test_outer
tests_unit_probe_frag_test_outer_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += \
	%D%/unit/probe/flow/test_key \
	%D%/unit/probe/flow/test_list \
	%D%/unit/probe/flow/test_slots \
	%D%/unit/probe/flow/test_path \
	%D%/unit/probe/flow/test_table \
	%D%/unit/probe/flow/test_wheel
tests_unit_probe_flow_test_key_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_flow_test_list_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_flow_test_slots_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_flow_test_path_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_flow_test_table_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_flow_test_wheel_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += \
	%D%/unit/probe/ledger/test_calendar \
	%D%/unit/probe/ledger/test_emit \
	%D%/unit/probe/ledger/test_hold \
	%D%/unit/probe/ledger/test_ledger \
	%D%/unit/probe/ledger/test_page \
	%D%/unit/probe/ledger/test_stat \
	%D%/unit/probe/ledger/test_timeline \
	%D%/unit/probe/ledger/test_watermark
tests_unit_probe_ledger_test_calendar_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_ledger_test_emit_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_ledger_test_hold_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_ledger_test_ledger_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_ledger_test_page_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_ledger_test_stat_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_ledger_test_timeline_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_ledger_test_watermark_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/seq/test_seqno %D%/unit/probe/tunnel/test_tunnel
tests_unit_probe_seq_test_seqno_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_tunnel_test_tunnel_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/out/test_archive %D%/unit/probe/out/test_hook %D%/unit/probe/out/test_name %D%/unit/probe/out/test_spool
tests_unit_probe_out_test_spool_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_out_test_archive_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_out_test_hook_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_out_test_name_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/out/test_losses %D%/unit/probe/out/test_worker
tests_unit_probe_out_test_losses_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
tests_unit_probe_out_test_worker_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/test_drops
tests_unit_probe_test_drops_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/guard/test_guard
tests_unit_probe_guard_test_guard_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/test_ping
tests_unit_probe_test_ping_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_rtt
tests_unit_probe_track_test_rtt_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_dns
tests_unit_probe_track_test_dns_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/seq/test_stream
tests_unit_probe_seq_test_stream_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/health/test_health
tests_unit_probe_health_test_health_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/frag/test_frag
tests_unit_probe_frag_test_frag_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/settle/test_count
tests_unit_probe_settle_test_count_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/settle/test_settle
tests_unit_probe_settle_test_settle_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/settle/test_wait
tests_unit_probe_settle_test_wait_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_tcp
tests_unit_probe_track_test_tcp_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_tcp_life
tests_unit_probe_track_test_tcp_life_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_tcp_data
tests_unit_probe_track_test_tcp_data_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_tcp_ack
tests_unit_probe_track_test_tcp_ack_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_asks
tests_unit_probe_track_test_asks_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_dns_tcp
tests_unit_probe_track_test_dns_tcp_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_icmp
tests_unit_probe_track_test_icmp_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_udp
tests_unit_probe_track_test_udp_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_registry
tests_unit_probe_track_test_registry_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/tunnel/test_lanes
tests_unit_probe_tunnel_test_lanes_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_tcp_holes
tests_unit_probe_track_test_tcp_holes_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/track/test_tcp_reach
tests_unit_probe_track_test_tcp_reach_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/seq/test_came
tests_unit_probe_seq_test_came_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/seq/test_numbers
tests_unit_probe_seq_test_numbers_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/seq/test_wg
tests_unit_probe_seq_test_wg_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/seq/test_rtp
tests_unit_probe_seq_test_rtp_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/seq/test_carried
tests_unit_probe_seq_test_carried_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/probe/tunnel/test_ike
tests_unit_probe_tunnel_test_ike_LDADD = $(PROBE_LIBS) $(CMOCKA_LIBS)

# --- ra-tools (add your tests here) --------------------------------------------------------------
UNIT += %D%/unit/ra-tools/filter/test_filter
tests_unit_ra_tools_filter_test_filter_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)

FUZZ += %D%/fuzz/fuzz_collect
tests_fuzz_fuzz_collect_SOURCES = %D%/fuzz/fuzz_collect.c $(FUZZ_MAIN)
tests_fuzz_fuzz_collect_LDADD = $(RA_LIBS)
tests_fuzz_fuzz_collect_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
FUZZ += %D%/fuzz/fuzz_filter
tests_fuzz_fuzz_filter_SOURCES = %D%/fuzz/fuzz_filter.c $(FUZZ_MAIN)
tests_fuzz_fuzz_filter_LDADD = $(RA_LIBS)
tests_fuzz_fuzz_filter_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

UNIT += \
	%D%/unit/ra-tools/query/test_aggr %D%/unit/ra-tools/query/test_aggr_compact \
	%D%/unit/ra-tools/query/test_bin \
	%D%/unit/ra-tools/out/test_out %D%/unit/ra-tools/out/test_schema \
	%D%/unit/ra-tools/query/test_fold \
	%D%/unit/ra-tools/run/test_pages \
	%D%/unit/ra-tools/query/test_pile %D%/unit/ra-tools/query/test_probes \
	%D%/unit/ra-tools/report/test_contract %D%/unit/ra-tools/report/test_picture %D%/unit/ra-tools/report/test_sla \
	%D%/unit/ra-tools/query/test_sort \
	%D%/unit/ra-tools/query/test_spill %D%/unit/ra-tools/query/test_table
tests_unit_ra_tools_query_test_aggr_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_query_test_aggr_compact_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_query_test_bin_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_query_test_fold_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_out_test_out_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_out_test_schema_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_run_test_pages_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_query_test_pile_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_query_test_probes_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_report_test_contract_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_report_test_sla_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_report_test_picture_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_query_test_sort_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_query_test_spill_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_query_test_table_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
UNIT += %D%/unit/ra-tools/store/test_policy %D%/unit/ra-tools/store/test_sums
tests_unit_ra_tools_store_test_policy_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)
tests_unit_ra_tools_store_test_sums_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)

UNIT += %D%/unit/ra-tools/report/test_signature
tests_unit_ra_tools_report_test_signature_SOURCES = %D%/unit/ra-tools/report/test_signature.c ra-tools/report/signature.c
tests_unit_ra_tools_report_test_signature_LDADD = $(FLOW_LIBS) $(CMOCKA_LIBS)

FUZZ += %D%/fuzz/fuzz_labels
tests_fuzz_fuzz_labels_SOURCES = %D%/fuzz/fuzz_labels.c $(FUZZ_MAIN)
tests_fuzz_fuzz_labels_LDADD = $(RA_LIBS)
tests_fuzz_fuzz_labels_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
UNIT += %D%/unit/ra-tools/query/test_labels
tests_unit_ra_tools_query_test_labels_LDADD = $(RA_LIBS) $(CMOCKA_LIBS)

if HAVE_LIBCRYPTO
UNIT += %D%/unit/ra-tools/test_anon
endif
tests_unit_ra_tools_test_anon_SOURCES = %D%/unit/ra-tools/test_anon.c ra-tools/anon.c
tests_unit_ra_tools_test_anon_LDADD = $(FLOW_LIBS) $(LIBCRYPTO_LIBS) $(CMOCKA_LIBS)

# --- from one end to the other, on arbitrary bytes
FUZZ += %D%/fuzz/fuzz_probe %D%/fuzz/fuzz_capture %D%/fuzz/fuzz_conf %D%/fuzz/fuzz_file
tests_fuzz_fuzz_probe_SOURCES = %D%/fuzz/fuzz_probe.c $(FUZZ_MAIN)
tests_fuzz_fuzz_probe_LDADD = $(PROBE_LIBS)
tests_fuzz_fuzz_probe_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_capture_SOURCES = %D%/fuzz/fuzz_capture.c $(FUZZ_MAIN)
tests_fuzz_fuzz_capture_LDADD = $(PROBE_LIBS)
tests_fuzz_fuzz_capture_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_conf_SOURCES = %D%/fuzz/fuzz_conf.c probe/conf.c probe/options.c $(FUZZ_MAIN)
tests_fuzz_fuzz_conf_LDADD = $(PROBE_LIBS)
tests_fuzz_fuzz_conf_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS) -Wl,--wrap=exit
tests_fuzz_fuzz_file_SOURCES = %D%/fuzz/fuzz_file.c $(FUZZ_MAIN)
tests_fuzz_fuzz_file_LDADD = $(RA_LIBS)
tests_fuzz_fuzz_file_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

# --- true captures: truth/, described in README.md -------------------------------------------------
# Without PAVO_CAPTURES (a folder with truth tables in it) they use captures/.
TESTS += \
	%D%/truth/addresses.tap \
	%D%/truth/captureloss.tap \
	%D%/truth/cases.tap \
	%D%/truth/conversations.tap \
	%D%/truth/determinism.tap \
	%D%/truth/dns.tap \
	%D%/truth/drill.tap \
	%D%/truth/drops.tap \
	%D%/truth/families.tap \
	%D%/truth/flood.tap \
	%D%/truth/health.tap \
	%D%/truth/icmp.tap \
	%D%/truth/invariants.tap \
	%D%/truth/library.tap \
	%D%/truth/module.tap \
	%D%/truth/page.tap \
	%D%/truth/peers.tap \
	%D%/truth/random_queries.tap \
	%D%/truth/questions.tap \
	%D%/truth/coming.tap \
	%D%/truth/fingers.tap \
	%D%/truth/reader.tap \
	%D%/truth/rtt.tap \
	%D%/truth/seqrandom.tap \
	%D%/truth/rastore.tap \
	%D%/truth/graph.tap \
	%D%/truth/promise.tap \
	%D%/truth/sla.tap \
	%D%/truth/tcp.tap \
	%D%/truth/tcploss.tap \
	%D%/truth/tcppeers.tap \
	%D%/truth/tcprandom.tap \
	%D%/truth/tcpstreams.tap \
	%D%/truth/tcptraps.tap \
	%D%/truth/tunnels.tap \
	%D%/truth/vectors.tap \
	%D%/truth/windows.tap \
	%D%/truth/workers.tap \
	%D%/truth/rates.tap

# --- true interfaces: two network namespaces, joined; root only -----------------------------------
TESTS += %D%/rotate.tap %D%/rotate-live.tap
EXTRA_DIST += %D%/rotate.tap %D%/rotate-live.tap
TESTS += %D%/signals.tap
EXTRA_DIST += %D%/signals.tap %D%/signals.py
TESTS += %D%/live.tap %D%/live-workers.tap %D%/interfaces.tap %D%/stats.tap %D%/top.tap %D%/fit.tap
EXTRA_DIST += %D%/live.tap %D%/live-workers.tap %D%/interfaces.tap %D%/stats.tap %D%/top.tap %D%/top.py %D%/fit.tap %D%/fit.py %D%/memory.tap %D%/memory.py

# --- what others take from us, read by decoders of our own -------------------------------------------
TESTS += %D%/ipfix.tap %D%/collect.tap
EXTRA_DIST += %D%/ipfix.tap %D%/ipfix.py %D%/collect.tap %D%/collect.py

# --- privileges, sandbox, daemon ---------------------------------------------------------------------
TESTS += %D%/guard.tap %D%/install.tap %D%/quickstart.tap
EXTRA_DIST += %D%/guard.tap %D%/install.tap %D%/quickstart.tap

# --- libpavo ---------------------------------------------------------------------------------------
EXTRA_DIST += %D%/library/rows.c
if LIBRARY
FUZZ += %D%/fuzz/fuzz_library
endif
tests_fuzz_fuzz_library_SOURCES = %D%/fuzz/fuzz_library.c $(FUZZ_MAIN)
tests_fuzz_fuzz_library_LDADD = libpavo_objects.a $(LIBPAVO_LIBS)
tests_fuzz_fuzz_library_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

# --- Kafka: a cluster that is none -----------------------------------------------------------------
EXTRA_DIST += %D%/kafka.tap %D%/kafka.py
TESTS += %D%/kafka.tap
if HAVE_RDKAFKA
check_PROGRAMS += %D%/kafka/mock
endif
tests_kafka_mock_SOURCES = %D%/kafka/mock.c
tests_kafka_mock_LDADD = $(RDKAFKA_LIBS)

# --- the house: what may use what, and what stands in one place ------------------------------------
EXTRA_DIST += %D%/house.tap %D%/house.py %D%/house.def
TESTS += %D%/house.tap

# --- files that are not what they were -------------------------------------------------------------------
EXTRA_DIST += %D%/damage.tap %D%/damage.py
TESTS += %D%/damage.tap

# --- every call fails once ---------------------------------------------------------------------------------
EXTRA_DIST += %D%/faults.tap %D%/faults/faults.py %D%/faults/failing.c
TESTS += %D%/faults.tap
check_DATA = %D%/faults/failing.so
CLEANFILES += %D%/faults/failing.so
%D%/faults/failing.so: %D%/faults/failing.c
	$(AM_V_GEN)$(MKDIR_P) %D%/faults && $(CC) -Wall -O1 -fPIC -shared -o $@ $(srcdir)/%D%/faults/failing.c -ldl

# --- work: instructions a packet, where valgrind is installed ------------------------------------------
EXTRA_DIST += %D%/budget.tap

# --- what the pages and README.md say, tried ---------------------------------------------------------
EXTRA_DIST += %D%/examples.tap %D%/readme.tap %D%/readme.py
TESTS += %D%/examples.tap %D%/readme.tap
