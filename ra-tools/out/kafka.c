/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kafka.c: messages of a Kafka topic.  The only file that knows librdkafka, which is loaded when somebody asks for it: it
 * brings more than all tools together.  Tested by tests/kafka.tap.
 */
#include "ra-tools/out/kafka.h"

#include "format/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "kafka://"

bool
kafka_is(const char *path)
{
	return (strncasecmp(path, SCHEME, strlen(SCHEME)) == 0);
}

void
kafka_want(struct fieldset *set)
{
	fieldset_want(set, F_flowid);
	fieldset_want(set, F_probe);
}

#ifdef HAVE_RDKAFKA

#include <dlfcn.h>
#include <librdkafka/rdkafka.h>

/* What is called of it. */
#define CALLS(CALL)                                                                                                          \
	CALL(rd_kafka_conf_new) CALL(rd_kafka_conf_set) CALL(rd_kafka_conf_destroy) CALL(rd_kafka_conf_set_dr_msg_cb)        \
	CALL(rd_kafka_conf_set_error_cb) CALL(rd_kafka_conf_set_log_cb) CALL(rd_kafka_conf_set_opaque) CALL(rd_kafka_new)    \
	CALL(rd_kafka_topic_new) CALL(rd_kafka_topic_destroy) CALL(rd_kafka_produce) CALL(rd_kafka_last_error)               \
	CALL(rd_kafka_err2str) CALL(rd_kafka_poll) CALL(rd_kafka_outq_len) CALL(rd_kafka_destroy)

static struct {
#define CALL(name) __typeof__(&name) name;
	CALLS(CALL)
#undef CALL
} lib;

struct kafka {
	rd_kafka_t *producer;
	rd_kafka_topic_t *topic;
	struct kafka_counts counts;
	char trouble[512];
	bool told; /* of the trouble */
};

static bool
load(char *err, size_t errlen)
{
	void *so = dlopen("librdkafka.so.1", RTLD_NOW | RTLD_LOCAL);

	if (so == NULL)
		return (say_wrong(err, errlen, "librdkafka can not be loaded: %s", dlerror()));
#define CALL(name)                                                                                    \
	if ((*(void **)&lib.name = dlsym(so, #name)) == NULL)                                         \
		return (say_wrong(err, errlen, "librdkafka is too old: it has no " #name "()"));
	CALLS(CALL)
#undef CALL
	return (true);
}

/* --- reports, which come while it is polled ------------------------------------------------------ */

static void
delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka_counts *c = &((struct kafka *)opaque)->counts;

	(void)rk;
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		c->delivered++;
		return;
	}
	if (c->lost++ == 0)
		(void)snprintf(c->why, sizeof(c->why), "%s", lib.rd_kafka_err2str(m->err));
}

static void
trouble(rd_kafka_t *rk, int error, const char *reason, void *opaque)
{
	struct kafka *k = opaque;

	(void)rk;
	(void)error;
	if (strcmp(k->trouble, reason) == 0)
		return;
	(void)snprintf(k->trouble, sizeof(k->trouble), "%s", reason);
	k->told = false;
}

static void
no_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	(void)level;
	(void)facility;
	(void)text; /* what matters comes as trouble() */
}

const char *
kafka_trouble(struct kafka *k)
{
	if (k->told || k->trouble[0] == '\0')
		return (NULL);
	k->told = true;
	return (k->trouble);
}

struct kafka_counts
kafka_counts(const struct kafka *k)
{
	return (k->counts);
}

/* --- the way there ------------------------------------------------------------------------------- */

static bool
set(rd_kafka_conf_t *conf, const char *name, const char *value, char *err, size_t errlen)
{
	return (lib.rd_kafka_conf_set(conf, name, value, err, errlen) == RD_KAFKA_CONF_OK);
}

/* PROPERTY=VALUE&...; the text is cut up. */
static bool
set_properties(rd_kafka_conf_t *conf, char *text, char *err, size_t errlen)
{
	char *save = NULL;

	for (char *p = strtok_r(text, "&", &save); p != NULL; p = strtok_r(NULL, "&", &save)) {
		char *is = strchr(p, '=');

		if (is == NULL)
			return (say_wrong(err, errlen, "%s: expected PROPERTY=VALUE", p));
		*is = '\0';
		if (!set(conf, p, is + 1, err, errlen))
			return (false);
	}
	return (true);
}

/* Nothing twice, nothing out of order, and not all of memory while brokers are away. */
static bool
set_ours(rd_kafka_conf_t *conf, const char *brokers, char *err, size_t errlen)
{
	static const char *const ours[][2] = { { "client.id", "pavo" }, { "enable.idempotence", "true" }, { "compression.codec", "lz4" },
		{ "linger.ms", "50" }, { "queue.buffering.max.kbytes", "65536" } };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!set(conf, ours[i][0], ours[i][1], err, errlen))
			return (false);
	return (set(conf, "bootstrap.servers", brokers, err, errlen));
}

static bool
start(struct kafka *k, const char *topic, rd_kafka_conf_t *conf, char *err, size_t errlen)
{
	lib.rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	lib.rd_kafka_conf_set_error_cb(conf, trouble);
	lib.rd_kafka_conf_set_log_cb(conf, no_log);
	lib.rd_kafka_conf_set_opaque(conf, k);
	k->producer = lib.rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, errlen);
	if (k->producer == NULL)
		return (false);
	k->topic = lib.rd_kafka_topic_new(k->producer, topic, NULL); /* takes the configuration in any case */
	if (k->topic == NULL)
		return (say_wrong(err, errlen, "%s: %s", topic, lib.rd_kafka_err2str(lib.rd_kafka_last_error())));
	return (true);
}

static bool
connect_to(struct kafka *k, char *text, char *err, size_t errlen)
{
	char *brokers = text + strlen(SCHEME), *topic = strchr(brokers, '/'), *properties;
	rd_kafka_conf_t *conf;

	if (topic == NULL || topic == brokers || topic[1] == '\0' || topic[1] == '?')
		return (say_wrong(err, errlen, "expected kafka://BROKER[:PORT]/TOPIC"));
	*topic++ = '\0';
	properties = strchr(topic, '?');
	if (properties != NULL)
		*properties++ = '\0';
	if (!load(err, errlen))
		return (false);
	conf = lib.rd_kafka_conf_new();
	if (set_ours(conf, brokers, err, errlen) && (properties == NULL || set_properties(conf, properties, err, errlen)) &&
	    start(k, topic, conf, err, errlen))
		return (true);
	if (k->producer == NULL) /* else it is the producer's */
		lib.rd_kafka_conf_destroy(conf);
	return (false);
}

struct kafka *
kafka_open(const char *url, char *err, size_t errlen)
{
	struct kafka *k = mem_zero(1, sizeof(*k));
	char *text = mem_str(url);

	if (!connect_to(k, text, err, errlen))
		kafka_close(&k);
	free(text);
	return (k);
}

void
kafka_close(struct kafka **pk)
{
	struct kafka *k = *pk;

	if (k == NULL)
		return;
	if (k->topic != NULL)
		lib.rd_kafka_topic_destroy(k->topic);
	if (k->producer != NULL)
		lib.rd_kafka_destroy(k->producer);
	free(k);
	*pk = NULL;
}

/* --- messages ------------------------------------------------------------------------------------ */

/* Reports are taken, for a tenth of a second at most.  false: whoever reads has no patience left. */
static bool
wait_a_little(struct sheet *s)
{
	int left = s->patience == NULL ? -1 : s->patience(s->patience_arg);

	if (left == 0) {
		s->error = ECANCELED;
		return (false);
	}
	(void)lib.rd_kafka_poll(s->kafka->producer, left > 0 && left < 100 ? left : 100);
	return (true);
}

/* The flow's id as JSON has it; of what has none (MAR) the probe's name. */
static void
put_key(struct buf *to, const struct batch *b, uint32_t r)
{
	struct text_options plain = { 0 };
	enum field f = column_has(b->col[F_flowid], r) ? F_flowid : F_probe;
	union value v;

	if (!column_has(b->col[f], r))
		return;
	v = column_value(b->col[f], r);
	value_print(to, fields[f].type, &v, &plain, -1);
}

static void
row(struct sheet *s, const struct batch *b, uint32_t r)
{
	struct kafka *k = s->kafka;
	size_t n;

	if (s->error != 0)
		return;
	s->out.len = 0;
	json_record(s, b, r);
	n = s->out.len - 1; /* without the end of its line */
	put_key(&s->out, b, r);
	while (lib.rd_kafka_produce(k->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, s->out.p, n, s->out.p + n + 1,
	    s->out.len - n - 1, NULL) != 0) {
		rd_kafka_resp_err_t e = lib.rd_kafka_last_error();

		if (e == RD_KAFKA_RESP_ERR__QUEUE_FULL && wait_a_little(s))
			continue;
		if (e != RD_KAFKA_RESP_ERR__QUEUE_FULL && k->counts.lost++ == 0)
			(void)snprintf(k->counts.why, sizeof(k->counts.why), "%s", lib.rd_kafka_err2str(e));
		break;
	}
	if (s->error == 0)
		k->counts.given++;
	s->out.len = 0;
	(void)lib.rd_kafka_poll(k->producer, 0);
}

/* The next row may be long in coming. */
static void
take_reports(struct sheet *s)
{
	(void)lib.rd_kafka_poll(s->kafka->producer, 0);
}

/* Until there is a report of each. */
static void
tail(struct sheet *s)
{
	s->out.len = 0;
	while (s->error == 0 && lib.rd_kafka_outq_len(s->kafka->producer) > 0)
		(void)wait_a_little(s);
}

#else

struct kafka *
kafka_open(const char *url, char *err, size_t errlen)
{
	(void)url;
	(void)say_wrong(err, errlen, "this was built without librdkafka");
	return (NULL);
}

const char *
kafka_trouble(struct kafka *k)
{
	(void)k;
	return (NULL);
}

struct kafka_counts
kafka_counts(const struct kafka *k)
{
	(void)k;
	return ((struct kafka_counts){ 0 });
}

void
kafka_close(struct kafka **pk)
{
	*pk = NULL;
}

static void
row(struct sheet *s, const struct batch *b, uint32_t r)
{
	(void)s;
	(void)b;
	(void)r;
}

static void
take_reports(struct sheet *s)
{
	(void)s;
}

static void
tail(struct sheet *s)
{
	(void)s;
}

#endif

static void
head(struct sheet *s)
{
	(void)s;
}

const struct out out_kafka = { .name = "kafka", .head = head, .row = row, .pause = take_reports, .tail = tail };
