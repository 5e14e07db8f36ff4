/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ipfix_element.h: fields as elements of IPFIX.
 */
#ifndef RA_TOOLS_OUT_IPFIX_ELEMENT_H
#define RA_TOOLS_OUT_IPFIX_ELEMENT_H

#include "ra-tools/out/out.h"

#define IPFIX_REVERSE 29305 /* whose the elements of the other direction are (RFC 5103) */
#define IPFIX_VARIES  65535 /* the length of what says its own */

enum ipfix_form { IPFIX_U8, IPFIX_U16, IPFIX_U32, IPFIX_U64, IPFIX_I64, IPFIX_F64, IPFIX_MS, IPFIX_US, IPFIX_NS, IPFIX_MS32,
	IPFIX_IP4, IPFIX_IP6, IPFIX_OF_IP4, IPFIX_OF_IP6, IPFIX_MAC, IPFIX_TEXT, IPFIX_ETHERTYPE, IPFIX_REASON, IPFIX_FORMS };

struct ipfix_element {
	uint32_t pen; /* 0: IANA */
	uint16_t number, length;
	enum ipfix_form form;
	enum field field;	/* whose meaning it has */
	int column[2];		/* of the sheet: its value in the record, and in that of the other direction; -1: it has none there */
	bool moves;		/* it counts what one direction did */
};

/* What the columns need of a record beside themselves; and the field that is the same of the other direction, F_NONE: none. */
void ipfix_want(struct fieldset *);
enum field ipfix_twin(enum field);
/* Columns that are in no element, between commas; false: there is none. */
bool ipfix_left_out(const struct sheet *, struct buf *);

/* The elements of the sheet's columns, ours of this number; uniflow: of records of one direction.  The caller frees. */
struct ipfix_element *ipfix_elements(const struct sheet *, uint32_t pen, bool uniflow, unsigned *n);
/* Its value in row r, or in that of the other direction; false: there is none, or none that the element can have. */
bool ipfix_value(struct sheet *, const struct ipfix_element *, unsigned direction, const struct batch *, uint32_t r, struct buf *to);
/* Type, meaning and unit as RFC 5610 has them. */
void ipfix_type(const struct ipfix_element *, uint8_t *type, uint8_t *semantics, uint16_t *unit);

#endif
