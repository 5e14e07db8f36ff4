/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_frag.c: fragments outside of a tunnel: all pieces of a datagram are those of the flow inside, and its lengths
 * are counted once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "probe/decode/decode.h"
#include "probe/frag/frag.h"

#include <string.h>

// clang-format off
#define B16(v) (uint8_t)((v) >> 8), (uint8_t)((v) & 255)
#define Z4 0, 0, 0, 0
#define Z8 Z4, Z4
#define OUTER(proto, n, id, frag) 0x45, 0, B16(20 + (n)), B16(id), B16(frag), 64, proto, 0, 0, 172, 16, 0, 1, 172, 16, 0, 2
/* 1020 bytes of IP, of which 8 of the payload are in the first piece */
#define INNER 0x45, 0x01, B16(1020), 0, 7, 0x40, 0, 33, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, B16(5000), B16(6000), B16(1000), 0, 0
#define DATA8 'd', 'a', 't', 'a', 'd', 'a', 't', 'a'
// clang-format on

static const uint8_t gre_first[] = { OUTER(47, 40, 9, 0x2000), 0, 0, B16(0x800), INNER, DATA8 };
static const uint8_t gre_tail[] = { OUTER(47, 16, 9, 5), DATA8, DATA8 };
static const uint8_t ipip_first[] = { OUTER(4, 40, 9, 0x2000), INNER, DATA8, Z4 };
static const uint8_t ipip_tail[] = { OUTER(4, 16, 9, 5), DATA8, DATA8 };
static const uint8_t vxlan_first[] = { OUTER(17, 72, 9, 0x2000), B16(50000), B16(4789), B16(1058), 0, 0, 8, 0, 0, 0, 0, 0, 7, 0,
	2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, INNER, DATA8, DATA8, Z4, 0, 0 };
static const uint8_t vxlan_tail[] = { OUTER(17, 16, 9, 9), DATA8, DATA8 };

static const struct {
	const char *msg;
	const uint8_t *first, *tail;
	uint32_t nfirst, ntail, vrf;
} tunnels[] = {
	{ "gre", gre_first, gre_tail, sizeof(gre_first), sizeof(gre_tail), 0 },
	{ "ipip", ipip_first, ipip_tail, sizeof(ipip_first), sizeof(ipip_tail), 0 },
	{ "vxlan", vxlan_first, vxlan_tail, sizeof(vxlan_first), sizeof(vxlan_tail), 7 },
};
#define TUNNELS (sizeof(tunnels) / sizeof(tunnels[0]))

static struct packet
frame(const uint8_t *bytes, uint32_t n)
{
	struct packet p;

	memset(&p, 0xa5, sizeof(p));
	decode(&p, 101, bytes, n, n, SEC, &(struct decode_options){ 0 });
	return (p);
}

static void
is_first(const struct frag_piece *piece, size_t i)
{
	assert_true(piece->resolved);
	assert_int_equal(piece->key.proto, 17);
	assert_int_equal(piece->key.vrf, tunnels[i].vrf);
	assert_int_equal(piece->key.lport + piece->key.hport, 11000);
	assert_int_equal(piece->side, 0);
	assert_int_equal(piece->packet->payload, 992);
	assert_int_equal(piece->packet->iplen, 1020);
}

static void
is_tail(const struct frag_piece *piece, const struct key *k)
{
	assert_true(piece->resolved);
	assert_true(key_equal(&piece->key, k));
	assert_int_equal(piece->side, 0);
	assert_int_equal(piece->packet->iplen, 0);
	assert_int_equal(piece->packet->payload, 0);
	assert_int_equal(piece->packet->facts & FACT_PAYLOAD, 0);
	assert_int_equal(piece->packet->ttl, 33);
	assert_int_equal(piece->packet->tos, 1);
	assert_int_equal(piece->packet->wire, 36);
}

static void
test_in_order(void **state)
{
	const struct key_options o = { 0 };

	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct frags *f = frags_new(16, 1);
		struct packet first = frame(tunnels[i].first, tunnels[i].nfirst), tail = frame(tunnels[i].tail, tunnels[i].ntail);
		struct frag_piece piece;
		struct key k;

		print_message("%s\n", tunnels[i].msg);
		assert_true(first.facts & FACT_FRAG && tail.facts & FACT_FRAG);
		assert_true(frags_packet(f, &first, &o, 0, false, &piece));
		is_first(&piece, i);
		k = piece.key;
		assert_false(frags_release(f, &piece));
		assert_true(frags_packet(f, &tail, &o, 0, false, &piece));
		is_tail(&piece, &k);
		assert_int_equal(piece.what, FRAG_IS | FRAG_OK);
		assert_true(frags_packet(f, &tail, &o, 0, false, &piece)); /* again */
		is_tail(&piece, &k);
		assert_int_equal(piece.what, FRAG_IS | FRAG_DUP);
		frags_free(&f);
	}
}

static void
test_tail_first(void **state)
{
	const struct key_options o = { 0 };

	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct frags *f = frags_new(16, 1);
		struct packet first = frame(tunnels[i].first, tunnels[i].nfirst), tail = frame(tunnels[i].tail, tunnels[i].ntail);
		struct frag_piece piece;
		struct key k;

		print_message("%s\n", tunnels[i].msg);
		assert_false(frags_packet(f, &tail, &o, 0, false, &piece));
		assert_true(frags_packet(f, &first, &o, 0, false, &piece));
		is_first(&piece, i);
		assert_int_equal(piece.what, FRAG_IS | FRAG_FIRST | FRAG_OOO | FRAG_OK);
		k = piece.key;
		assert_true(frags_release(f, &piece));
		is_tail(&piece, &k);
		assert_false(frags_release(f, &piece));
		frags_free(&f);
	}
}

/* Without its first piece a datagram is the tunnel's. */
static void
test_orphan(void **state)
{
	const struct key_options o = { 0 };

	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct frags *f = frags_new(16, 1);
		struct packet tail = frame(tunnels[i].tail, tunnels[i].ntail);
		struct frag_piece piece;

		assert_false(frags_packet(f, &tail, &o, 0, false, &piece));
		assert_int_equal(frags_hold_due(f), FRAG_HOLD);
		assert_true(frags_expire(f, &o, &piece));
		assert_false(piece.resolved);
		assert_int_equal(piece.key.kind, KEY_PORTLESS);
		assert_int_equal(piece.key.proto, tail.proto);
		assert_int_equal(piece.packet->payload, 16);
		frags_free(&f);
	}
}

/* Tunnels whose datagrams differ in what is around them only. */
static void
test_apart(void **state)
{
	const struct key_options o = { 0 };
	struct frags *f = frags_new(16, 1);
	uint8_t other[sizeof(gre_tail)];
	struct packet first = frame(gre_first, sizeof(gre_first)), tail;
	struct frag_piece piece;

	(void)state;
	assert_true(frags_packet(f, &first, &o, 0, false, &piece));
	memcpy(other, gre_tail, sizeof(other));
	other[5] = 10; /* another identification */
	tail = frame(other, sizeof(other));
	assert_false(frags_packet(f, &tail, &o, 0, false, &piece));
	memcpy(other, gre_tail, sizeof(other));
	other[15] = 3; /* another source */
	tail = frame(other, sizeof(other));
	assert_false(frags_packet(f, &tail, &o, 0, false, &piece));
	frags_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_tail_first),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_apart),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
