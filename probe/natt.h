/* SPDX-License-Identifier: BSD-2-Clause
 *
 * natt.h: ESP in UDP on ports that nobody named (SEMANTICS 14.2 e).
 *
 * A pair of ports on which IKE behind its marker was seen has ESP too.  Without IKE four packets of a direction tell,
 * with one SPI and numbers close to each other, if nothing else came on these ports before: then the flow that they
 * counted in becomes the tunnel's, with what it has counted.
 */
#ifndef PROBE_NATT_H
#define PROBE_NATT_H

#include "probe/flow/slots.h"
#include "probe/tunnel/lanes.h"

struct pairs { /* of addresses and ports; the one that came first makes room */
	struct pool cells;
	struct slots slots;
	uint32_t head, tail;
};

struct natt {
	struct flows *flows; /* borrowed, as the next two */
	struct lanes *lanes;
	const struct key_options *key;
	struct pairs known, maybe;
};

void natt_init(struct natt *, struct flows *, struct lanes *, const struct key_options *);
void natt_free(struct natt *);
/* IKE behind its marker. */
void natt_know(struct natt *, const struct key *, uint32_t hash);
/* A packet with FACT_ESPLIKE.  true: it is ESP in UDP now, and belongs to a tunnel. */
bool natt_is(const struct natt *, struct packet *);
/* One that was none, counted in its UDP flow: does it tell? */
void natt_note(struct natt *, const struct seen *);

#endif
