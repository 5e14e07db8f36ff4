/* SPDX-License-Identifier: BSD-2-Clause
 *
 * decode/options.h: what the user chose to have taken apart.
 */
#ifndef PROBE_DECODE_OPTIONS_H
#define PROBE_DECODE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define ESP_UDP_MAX 16

struct decode_options {
	bool outer;    /* --outer: the outermost IP header makes the flow */
	bool ip_only;  /* --ip-only: frames without IP are counted (PKT_NONIP_OFF), no flows */
	bool ah_inner; /* --ah-inner: decode what is behind an AH header */
	uint8_t nesp_udp;
	uint16_t esp_udp[ESP_UDP_MAX]; /* --esp-udp: ports of ESP in UDP, beside 4500 and 10000 */
};

#endif
