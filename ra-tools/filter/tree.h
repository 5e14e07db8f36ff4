/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tree.h: what the stages of the filter hand to each other.
 *
 *   lex:     text -> struct token
 *   parse:   tokens -> struct tree: terms and and/or/not, in postfix order (children before parents)
 *   check:   a term -> typed leaves, by the table of fields
 *   compile: leaves and operators -> struct filter
 *   run:     struct filter x batch -> bitmap; struct filter x ranges -> maybe
 *
 * Tokens point into the text, which outlives them all.
 */
#ifndef RA_TOOLS_FILTER_TREE_H
#define RA_TOOLS_FILTER_TREE_H

#include "ra-tools/filter/filter.h"

#define FILTER_TEXT_MAX	 (64 * 1024) /* bytes of a filter */
#define FILTER_TERMS_MAX 4096
#define FILTER_DEPTH_MAX 64 /* of parentheses */

/* --- tokens */

enum token_kind {
	TOK_END,
	TOK_WORD,
	TOK_OP,
	TOK_AND,
	TOK_OR,
	TOK_NOT,
	TOK_OPEN,
	TOK_CLOSE,
	TOK_BAD
};

enum op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_HAS };

struct token {
	enum token_kind kind;
	enum op op;
	bool quoted;
	const char *p; /* without its quotes */
	size_t n;
	unsigned column, length; /* in the text, quotes included */
};

struct lexer {
	const char *text, *p;
};

struct token lex_next(struct lexer *);
bool token_is(const struct token *,
	      const char *word); /* letters of either case; never a quoted one */

/* false, and *error says it. Always false, so that a caller can return it. */
bool filter_fail(struct filter_error *, const struct token *, const char *, ...)
    __attribute__((format(printf, 3, 4)));

/* --- tree */

enum side { SIDE_ANY, SIDE_SRC, SIDE_DST, SIDE_BOTH };

enum about {		 /* what a term speaks of */
	     ABOUT_WORD, /* one word: a flag, a state, a protocol, an address, or a value of the last list */
	     ABOUT_FIELD, /* FIELD OP VALUE */
	     ABOUT_KNOWN, /* has FIELD */
	     ABOUT_HOST,
	     ABOUT_NET,
	     ABOUT_PORT,
	     ABOUT_PROTO,
	     ABOUT_VLAN,
	     ABOUT_SPI,
	     ABOUT_TUNNEL,
	     ABOUT_FILE, /* addresses in a file */
};

struct term {
	enum about about;
	enum side side;
	enum op op;
	struct token proto;    /* `tcp` of `tcp port 80`; TOK_END: none */
	struct token field;    /* of ABOUT_FIELD and ABOUT_KNOWN; else the word that began it */
	struct token operator; /* of ABOUT_FIELD */
	struct token value[2]; /* TOK_END where there is none */
	int list;    /* ABOUT_WORD: the term whose qualifier holds for a bare value; -1: none */
	bool inside; /* ABOUT_WORD: in the parentheses of that qualifier, so a value first of all */
};

struct node {
	enum { NODE_TERM, NODE_AND, NODE_OR, NODE_NOT, NODE_TRUE } kind;
	unsigned term;
};

struct group {
	unsigned from, to; /* in the text */
};

struct tree {
	struct term *term;
	struct node *node; /* postfix */
	struct group *group; /* what `and` holds together beside an `or`, without parentheses of its own */
	unsigned terms, nodes, groups;
};

/* The tree lives in the arena. */
bool filter_parse(const char *text, struct arena *, struct tree *, struct filter_error *);

/* --- typed leaves and steps */

struct addrs; /* a set of addresses: sorted ranges, see addrs.c */

struct leaf {
	enum {
		LEAF_RANGE, /* lo <= value <= hi, held as U64, or I64 with its sign bit turned */
		LEAF_REAL,  /* rlo <= value <= rhi */
		LEAF_BITS,  /* (value & lo) == hi */
		LEAF_NET,   /* the row's address, with its mask, lies in net/len */
		LEAF_ADDRS, /* the row's address, with its mask, lies in a set */
		LEAF_BYTES, /* equal to text */
		LEAF_PART,  /* text is a part of it */
		LEAF_KNOWN, /* present */
		LEAF_NEVER,
	} kind;
	bool invert; /* of the comparison: an absent or mixed value stays false */
	enum field field;
	enum field
	    mask; /* LEAF_NET, LEAF_ADDRS: smask or dmask of the row; F_NONE: the address as it is */
	uint64_t lo, hi;
	double rlo, rhi;
	struct ip net;
	unsigned len;
	const struct addrs *addrs;
	struct blob text;
};

struct step {
	enum { STEP_LEAF, STEP_AND, STEP_OR, STEP_NOT, STEP_TRUE } kind;
	unsigned leaf;
};

struct filter {
	struct arena arena; /* texts and address sets */
	struct leaf *leaf;
	struct step *step;	       /* postfix */
	unsigned leaves, steps, depth; /* depth: bitmaps needed at once */
	struct fieldset fields;
	bool mar;
	char *read_as;
	const char *empty_list;
	bool addresses; /* a leaf asks for addresses, another for what a membership filter may know */
	bool members;
};

/* Appending to a filter that is being made. */
void emit_leaf(struct filter *, const struct leaf *);
void emit(struct filter *, int kind);

/* The settings that values are read with. */
struct check {
	struct filter *filter;
	const struct tree *tree;
	int64_t now;
	enum clock_zone zone;
	struct filter_error *error;
};
bool check_term(const struct check *, const struct term *);

/* --- sets of addresses (addrs.c) */

/* One address, prefix, or first address of a list a line, `#` begins a comment; what follows a comma or a
 * blank is not looked at.  NULL: `why` (of n bytes) says what is wrong and in which line. */
const struct addrs *addrs_read(const char *path, struct arena *, char *why, size_t n);
bool addrs_none(const struct addrs *);
const struct addrs *addrs_range(const struct ip *lo, const struct ip *hi, struct arena *);
/* Does the whole prefix lie in one range of the set? */
bool addrs_have(const struct addrs *, const struct ip *, unsigned len);
/* Is one of these in the set? Ascending, IPv4 first. */
bool addrs_have_any(const struct addrs *, const struct ip *, uint32_t n4, uint32_t n6);
/* The addresses from lo to hi, of one family, among these? */
bool addrs_between(const struct ip *, uint32_t n, const struct ip *lo, const struct ip *hi);
/* Does [lo, hi] touch the set? */
bool addrs_touch(const struct addrs *, const struct ip *lo, const struct ip *hi);

#endif
