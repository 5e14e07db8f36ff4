/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mock.c: librdkafka's mock cluster, for kafka.tap: three brokers on loopback that forget everything, and what a topic has.
 *
 * usage: mock FILE TOPIC [ERRORS]	writes its brokers into FILE; with ERRORS so many requests to produce fail first.
 *	A line on stdin: how many messages to wait for.  Prints them, KEY, tab, VALUE, then "end".
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTITIONS 4

static rd_kafka_t *
client(rd_kafka_type_t type, const char *brokers)
{
	rd_kafka_conf_t *c = rd_kafka_conf_new();
	char err[512];
	rd_kafka_t *rk;

	rd_kafka_conf_set(c, "log_level", "3", err, sizeof(err));
	if (brokers != NULL) { /* a consumer */
		rd_kafka_conf_set(c, "bootstrap.servers", brokers, err, sizeof(err));
		rd_kafka_conf_set(c, "group.id", "test", err, sizeof(err));
	}
	rk = rd_kafka_new(type, c, err, sizeof(err));
	if (rk == NULL) {
		fprintf(stderr, "%s\n", err);
		exit(2);
	}
	return (rk);
}

static void
consume(const char *brokers, const char *topic, long wanted)
{
	rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, brokers);
	rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(PARTITIONS);
	long n = 0, silent = 0;

	for (int p = 0; p < PARTITIONS; p++)
		rd_kafka_topic_partition_list_add(all, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_poll_set_consumer(rk);
	rd_kafka_assign(rk, all);
	/* a second more than what is expected: there may be too many */
	while (silent < (n < wanted ? 20 : 2)) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 500);

		silent++;
		if (m == NULL)
			continue;
		if (m->err == 0) {
			printf("%d\t%.*s\t%.*s\n", m->partition, (int)m->key_len, m->key == NULL ? "" : (char *)m->key, (int)m->len, (char *)m->payload);
			n++;
			silent = 0;
		}
		rd_kafka_message_destroy(m);
	}
	printf("end\n");
	fflush(stdout);
	rd_kafka_topic_partition_list_destroy(all);
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
}

int
main(int argc, char **argv)
{
	rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_mock_cluster_t *m = rd_kafka_mock_cluster_new(rk, 3);
	const char *brokers;
	char line[64];
	FILE *f;

	if (argc < 3 || m == NULL || rd_kafka_mock_topic_create(m, argv[2], PARTITIONS, 1) != 0)
		return (2);
	for (int i = argc > 3 ? atoi(argv[3]) : 0; i > 0; i--)
		rd_kafka_mock_push_request_errors(m, 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
	brokers = rd_kafka_mock_cluster_bootstraps(m);
	f = fopen(argv[1], "w");
	if (f == NULL || fprintf(f, "%s\n", brokers) < 0 || fclose(f) != 0)
		return (2);
	while (fgets(line, sizeof(line), stdin) != NULL)
		consume(brokers, argv[2], strtol(line, NULL, 10));
	rd_kafka_mock_cluster_destroy(m);
	rd_kafka_destroy(rk);
	return (0);
}
