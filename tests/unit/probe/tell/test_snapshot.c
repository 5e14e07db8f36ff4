/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_snapshot.c: what is told of a probe, to the letter: for people, as JSON, for Prometheus.
 */
#include "probe/tell/snapshot.h"

#include "format/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-20 14:05:00.5 UTC; it runs for two days, an hour, two minutes and three seconds. */
#define NOW (1795183500 * SEC + 500 * MSEC)
#define UP  ((2 * 86400 + 3723) * SEC)

static struct snapshot
live(void)
{
	struct snapshot s = { .probe = "gw", .input = "eth0", .live = true, .filters = true, .time = NOW, .up = UP,
		.cpu = 17652300 * MSEC, .memory = 145200000, .in_flows = 176520990, .records = 5000000, .queries = 12,
		.clock = NOW - 250 * MSEC, .max_flows = 1000000, .max_frags = 16384, .max_sas = 65536, .max_queries = 65536,
		.queued = 1, .queue = 3, .written = 1234567890, .latency = 1030 * MSEC, .latency_most = 2 * SEC };

	s.stats.live = true;
	s.stats.frames = 176523000;
	s.stats.framebytes = 176523000000;
	s.stats.short_pkts = 2000;
	s.stats.badip_pkts = 10;
	s.stats.ps_drop = 7;
	s.stats.newflows = 3000000;
	s.stats.active = 45678;
	s.stats.satab = 12;
	s.stats.fragtab = 3;
	s.stats.evict_prob = 4;
	s.stats.evict_conf = 1;
	s.stats.synevict = 2;
	return (s);
}

static void
test_text(void **state)
{
	static const char want[] =
	    "176523000 frames read: 176520990 in 3000000 flows, 2010 undecodable (2000 too short, 10 bad IP); "
	    "7 dropped by the kernel; evicted: 5 flows, 2 SYNs; 5000000 records\n"
	    "  since    2026-11-18 13:02:57 UTC, 2 d 1:02:03: 1.00 kpps, 8.00 Mbit/s\n"
	    "  now      500 pps, 12.0 Mbit/s (of the last 10 s)\n"
	    "  tables   45678 of 1000000 flows, 12 of 65536 SAs, 3 of 16384 datagrams, 12 of 65536 DNS queries\n"
	    "  writer   1 of 3 batches wait; 1.23 GB written; a bin was there 1.03 s after its end, at most 2.00 s\n"
	    "  clock    0.25 s behind\n"
	    "  process  145 MB at most, 17652.3 s of CPU (10.0 %)";
	struct snapshot s = live(), before = live();
	struct buf b = { 0 };

	(void)state;
	before.up -= 10 * SEC;
	before.stats.frames -= 5000;
	before.stats.framebytes -= 15000000;
	snapshot_text(&s, &before, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_free(&b);
}

/* Of files: what the kernel says is not known, nor when a bin ended. */
static void
test_files(void **state)
{
	struct snapshot s = { .probe = "p", .filters = true, .ip_only = true, .up = 250 * MSEC, .time = NOW,
		.clock = SNAPSHOT_UNKNOWN, .latency = SNAPSHOT_UNKNOWN, .latency_most = SNAPSHOT_UNKNOWN, .queue = 3 };
	struct buf b = { 0 };
	const char *at;

	(void)state;
	s.stats.frames = s.stats.newflows = s.in_flows = 1;
	s.stats.ps_drop = 9;
	s.records = 1;
	snapshot_text(&s, NULL, &b);
	at = strchr(buf_cstr(&b), '\n');
	assert_non_null(at);
	assert_memory_equal(b.p, "1 frames read: 1 in 1 flow, 0 undecodable, 0 not IP, 0 filtered; dropped when captured: "
	    "9 by the kernel; 1 record\n", (size_t)(at + 1 - (char *)b.p));
	assert_non_null(strstr(at, "\n  since    2026-11-20 14:05:00 UTC, 0.2 s: 4 pps, 0 bit/s\n"));
	assert_null(strstr(at, "now"));
	assert_null(strstr(at, "clock"));
	assert_non_null(strstr(at, "; 0 B written\n"));
	buf_free(&b);
}

static void
test_json(void **state)
{
	static const char want[] = "{\"time\":\"2026-11-20T14:05:00.500000Z\",\"probe\":\"a \\\"b\\\"\\u000a\","
	    "\"packets\":176523000,\"bytes\":\"9007199254740993\",\"flow_packets\":176520990,"
	    "\"other_packets\":{\"short\":2000,\"bad_ip\":10},\"dropped_packets\":{\"kernel\":7},\"dropped_records\":0,"
	    "\"cut_packets\":0,\"odd_times\":{\"impossible\":0,\"late\":0,\"far_ahead\":0},\"flows\":3000000,"
	    "\"table_entries\":{\"flows\":45678,\"sas\":12,\"datagrams\":3,\"dns_queries\":12},"
	    "\"table_limit\":{\"flows\":1000000,\"sas\":65536,\"datagrams\":16384,\"dns_queries\":65536},"
	    "\"evictions\":{\"flows\":5,\"sas\":0,\"datagrams\":0,\"dns_queries\":0,\"syns\":2,\"bins\":0},"
	    "\"records\":5000000,\"written_bytes\":1234567890,\"queue_batches\":1,\"queue_limit_batches\":3,"
	    "\"bin_to_disk_seconds\":1.030000,\"bin_to_disk_most_seconds\":2.000000,\"lag_seconds\":-0.250000,"
	    "\"cpu_seconds\":17652.300000,\"resident_memory_peak_bytes\":145200000,"
	    "\"start_time_seconds\":1795006977.500000}\n";
	struct snapshot s = live();
	struct buf b = { 0 };

	(void)state;
	s.probe = "a \"b\"\n";
	s.stats.framebytes = (1ull << 53) + 1; /* no double */
	s.clock = NOW + 250 * MSEC;            /* ahead: somebody has set the clock back */
	snapshot_json(&s, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_free(&b);
}

static void
test_metrics(void **state)
{
	static const char *const here[] = {
		"# HELP pavo_info The probe, its version and what it reads.\n# TYPE pavo_info gauge\n"
		"pavo_info{probe=\"a \\\"b\\\"\\n\",version=\"" PACKAGE_VERSION "\",input=\"eth0\"} 1\n",
		"# TYPE pavo_packets_total counter\npavo_packets_total{probe=\"a \\\"b\\\"\\n\"} 176523000\n",
		"# TYPE pavo_dropped_packets_total counter\n"
		"pavo_dropped_packets_total{probe=\"a \\\"b\\\"\\n\",by=\"kernel\"} 7\n# HELP pavo_dropped_records_total ",
		"# TYPE pavo_table_entries gauge\npavo_table_entries{probe=\"a \\\"b\\\"\\n\",table=\"flows\"} 45678\n"
		"pavo_table_entries{probe=\"a \\\"b\\\"\\n\",table=\"sas\"} 12\n",
		"pavo_bin_to_disk_seconds{probe=\"a \\\"b\\\"\\n\"} 1.030000\n",
	};
	struct snapshot s = live();
	struct buf b = { 0 };

	(void)state;
	s.probe = "a \"b\"\n";
	snapshot_metrics(&s, &b);
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		assert_non_null(strstr(buf_cstr(&b), here[i]));
	assert_int_equal(b.p[b.len - 1], '\n');
	buf_free(&b);
}

/* Each interface beside the sums. */
static void
test_links(void **state)
{
	char *const two[2] = { (char[]){ "eth0" }, (char[]){ "a\"b" } };
	struct snapshot s = live();
	struct buf b = { 0 };

	(void)state;
	s.links = two;
	s.nlinks = 2;
	s.stats.link[0] = (struct stat_link){ .recv = 100, .drop = 7 };
	s.stats.link[1] = (struct stat_link){ .recv = 20, .gap = 2500 * MSEC };
	snapshot_json(&s, &b);
	assert_non_null(strstr(buf_cstr(&b), ",\"interfaces\":{\"eth0\":{\"received\":100,\"dropped\":7,\"away_seconds\":0.000000},"
	    "\"a\\\"b\":{\"received\":20,\"dropped\":0,\"away_seconds\":2.500000}}}\n"));
	buf_free(&b);
	snapshot_metrics(&s, &b);
	assert_non_null(strstr(buf_cstr(&b), "# TYPE pavo_interface_dropped_total counter\n"
	    "pavo_interface_dropped_total{probe=\"gw\",interface=\"eth0\"} 7\n"
	    "pavo_interface_dropped_total{probe=\"gw\",interface=\"a\\\"b\"} 0\n"));
	assert_non_null(strstr(buf_cstr(&b), "pavo_interface_away_seconds_total{probe=\"gw\",interface=\"a\\\"b\"} 2.500000\n"));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_links),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
