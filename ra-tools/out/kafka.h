/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kafka.h: records as messages of a Kafka topic: each as a line of JSON (out.h), its key the flow's id, so that all of a flow
 * is in one partition and in order.
 *
 * Messages wait in memory, up to a bound, until a broker has them; then its report is counted.
 */
#ifndef RA_TOOLS_OUT_KAFKA_H
#define RA_TOOLS_OUT_KAFKA_H

#include "ra-tools/out/out.h"

extern const struct out out_kafka;

struct kafka;

struct kafka_counts {
	uint64_t given, delivered, lost;
	char why[256]; /* the first that was lost was; "": none */
};

bool kafka_is(const char *path); /* does it begin as kafka:// ? */
/* kafka://BROKER[:PORT][,BROKER...]/TOPIC[?PROPERTY=VALUE&...]; properties are librdkafka's.  NULL: err says why. */
struct kafka *kafka_open(const char *url, char *err, size_t);
void kafka_want(struct fieldset *); /* what keys are made of */
/* What is wrong with the brokers now, once each time that it becomes wrong; NULL: nothing new. */
const char *kafka_trouble(struct kafka *);
struct kafka_counts kafka_counts(const struct kafka *);
void kafka_close(struct kafka **); /* what was not delivered will not be */

#endif
