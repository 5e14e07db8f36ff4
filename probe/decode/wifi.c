/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wifi.c: IEEE 802.11 data frames whose LLC header lies open, and the headers in front of them
 * (radiotap, PPI).  Management, control and encrypted frames are conserved as frames of their link.  Tested by
 * test_decode.c.
 */
#include "probe/decode/decoders.h"

enum { FC1_TODS = 1, FC1_FROMDS = 2, FC1_PROTECTED = 0x40, FC1_ORDER = 0x80 };
enum { RADIOTAP_TSFT = 1, RADIOTAP_FLAGS = 2, RADIOTAP_PAD = 0x20 };
#define RADIOTAP_MORE (1u << 31) /* no enumerator: those are ints */

static enum step
wifi(struct decoder *d, bool padded)
{
	const uint8_t *h;
	size_t n = 24;
	bool qos;
	uint8_t fc0, fc1;

	if (cur_left(&d->c) < 2)
		return (decode_cut(d, LAYER_LINK));
	fc0 = d->c.p[0];
	fc1 = d->c.p[1];
	if ((fc0 & 0x0f) != 0x08 || (fc0 & 0x40) != 0 || (fc1 & FC1_PROTECTED) != 0)
		return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
	qos = (fc0 & 0x80) != 0;
	if ((fc1 & (FC1_TODS | FC1_FROMDS)) == (FC1_TODS | FC1_FROMDS))
		n += 6;
	if (qos)
		n += 2;
	if (qos && (fc1 & FC1_ORDER) != 0)
		n += 4;
	h = cur_bytes(&d->c, padded ? (n + 3) & ~(size_t)3 : n);
	if (h == NULL)
		return (decode_cut(d, LAYER_LINK));
	d->p->dmac = get48((fc1 & FC1_TODS) != 0 ? h + 16 : h + 4);
	if ((fc1 & FC1_FROMDS) == 0)
		d->p->smac = get48(h + 10);
	else
		d->p->smac = get48((fc1 & FC1_TODS) != 0 ? h + 24 : h + 16);
	d->p->facts |= FACT_MAC;
	if (qos && (h[n - (fc1 & FC1_ORDER ? 6 : 2)] & 0x80) != 0) /* several frames in one */
		return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
	return (STEP_LLC);
}

enum step
decode_wifi(struct decoder *d)
{
	return (wifi(d, false));
}

/* The flags field lies behind all bitmaps and, if there is one, the aligned 64-bit time. */
static uint8_t
radiotap_flags(struct cursor c)
{
	const uint8_t *start = c.p;
	uint32_t first, word;

	cur_skip(&c, 4);
	first = word = cur_u32le(&c);
	while ((word & RADIOTAP_MORE) != 0 && !c.cut)
		word = cur_u32le(&c);
	if ((first & RADIOTAP_FLAGS) == 0)
		return (0);
	if ((first & RADIOTAP_TSFT) != 0) {
		cur_skip(&c, (8 - (size_t)(c.p - start) % 8) % 8);
		cur_skip(&c, 8);
	}
	first = cur_u8(&c);
	return (c.cut ? 0 : (uint8_t)first);
}

enum step
decode_radiotap(struct decoder *d)
{
	struct cursor c = d->c;
	uint8_t version = cur_u8(&c);
	uint16_t length;

	cur_skip(&c, 1);
	length = cur_u16le(&c);
	if (c.cut || cur_left(&d->c) < length)
		return (decode_cut(d, LAYER_LINK));
	if (version != 0 || length < 8)
		return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
	c = cur_sub(&d->c, length);
	return (wifi(d, (radiotap_flags(c) & RADIOTAP_PAD) != 0));
}

enum step
decode_ppi(struct decoder *d)
{
	struct cursor c = d->c;
	uint16_t length;
	enum step next;
	uint32_t dlt;

	cur_skip(&c, 2);
	length = cur_u16le(&c);
	dlt = cur_u32le(&c);
	if (c.cut || cur_left(&d->c) < length)
		return (decode_cut(d, LAYER_LINK));
	next = dlt < 0x10000 ? decode_link((int)dlt) : STEP_END;
	if (length < 8 || next == STEP_END || next == STEP_PPI)
		return (decode_nonip(d, PROTO_LINK, (uint32_t)d->dlt));
	cur_skip(&d->c, length);
	return (next);
}
