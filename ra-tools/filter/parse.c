/* SPDX-License-Identifier: BSD-2-Clause
 *
 * parse.c: tokens -> tree.  `not` binds tightest, then `and`, then `or`.
 *
 *   any     = all { or all }
 *   all     = one { and one }
 *   one     = { not } ( "(" any ")" | term )
 *   term    = has FIELD | FIELD op VALUES | [protocol] [side] QUALIFIER [=] VALUES | WORD
 *   values  = VALUE | "(" any ")" | in "[" VALUE... "]"
 *   side    = src | dst | src or dst | src and dst
 *
 * What the words mean is check.c's business; here only their shape is known.
 */
#include "ra-tools/filter/tree.h"

#include "format/base/mem.h"
#include "format/types.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct parser {
	struct lexer lexer;
	struct token now, next, third; /* three tokens of sight: `src or dst` */
	struct tree *tree;
	struct filter_error *error;
	unsigned depth;
	int list;    /* the last qualifier */
	bool inside; /* its parentheses */
	unsigned end; /* of the last token that was taken, in the text */
};

static const struct {
	const char *word;
	enum about about;
} qualifiers[] = {
	{ "host", ABOUT_HOST },	     { "net", ABOUT_NET },	 { "port", ABOUT_PORT },
	{ "portrange", ABOUT_PORT }, { "proto", ABOUT_PROTO },	 { "vlan", ABOUT_VLAN },
	{ "spi", ABOUT_SPI },	     { "tunnel", ABOUT_TUNNEL }, { "in", ABOUT_FILE },
};

static void
advance(struct parser *p)
{
	p->end = p->now.column + p->now.length;
	p->now = p->next;
	p->next = p->third;
	p->third = lex_next(&p->lexer);
}

static bool
add_node(struct parser *p, int kind, unsigned term)
{
	p->tree->node[p->tree->nodes].kind = kind;
	p->tree->node[p->tree->nodes++].term = term;
	return (true);
}

/* A token as an error message quotes it. */
#define QUOTE(t) (int)((t)->n < 40 ? (t)->n : 40), (t)->p

static bool
add_term(struct parser *p, const struct term *t)
{
	unsigned n = p->tree->terms;

	if (n == FILTER_TERMS_MAX)
		return (
		    filter_fail(p->error, &t->field,
				"expected a filter of at most %u terms: put addresses into a file "
				"and write `in FILE`",
				FILTER_TERMS_MAX));
	p->tree->term[n] = *t;
	p->tree->terms++;
	if (t->about != ABOUT_WORD && t->about != ABOUT_KNOWN)
		p->list = (int)n;
	return (add_node(p, NODE_TERM, n));
}

static bool looks_like_value(const struct token *);

static bool
qualifier(const struct token *t, enum about *about)
{
	for (size_t i = 0; i < sizeof(qualifiers) / sizeof(qualifiers[0]); i++)
		if (t->kind == TOK_WORD && token_is(t, qualifiers[i].word)) {
			*about = qualifiers[i].about;
			return (true);
		}
	return (false);
}

static bool
is_side(const struct token *t)
{
	return (t->kind == TOK_WORD && (token_is(t, "src") || token_is(t, "dst")));
}

/* FIELD has VALUE: between a word and a word, `has` is an operator. */
static bool
is_op(const struct token *t)
{
	return (t->kind == TOK_OP || (t->kind == TOK_WORD && token_is(t, "has")));
}

static bool
looks_like_value(const struct token *t)
{
	return (
	    t->kind == TOK_WORD && t->n != 0 &&
	    (isdigit((unsigned char)t->p[0]) || t->p[0] == '-' || memchr(t->p, ':', t->n) != NULL));
}

static enum side
take_side(struct parser *p)
{
	enum side side = token_is(&p->now, "src") ? SIDE_SRC : SIDE_DST;

	if ((p->next.kind == TOK_OR || p->next.kind == TOK_AND) && is_side(&p->third) &&
	    token_is(&p->third, "src") != (side == SIDE_SRC)) {
		side = p->next.kind == TOK_OR ? SIDE_ANY : SIDE_BOTH;
		advance(p);
		advance(p);
	}
	advance(p);
	return (side);
}

static bool parse_any(struct parser *);

/* "(" any ")" */
static bool
parse_group(struct parser *p)
{
	struct token open = p->now;

	if (++p->depth > FILTER_DEPTH_MAX)
		return (filter_fail(p->error, &open, "expected parentheses of at most %u levels",
				    FILTER_DEPTH_MAX));
	advance(p);
	if (!parse_any(p))
		return (false);
	if (p->now.kind != TOK_CLOSE && p->now.kind != TOK_END)
		return (filter_fail(p->error, &p->now,
				    "expected `and`, `or` or `)` before \"%.*s\"", QUOTE(&p->now)));
	if (p->now.kind != TOK_CLOSE)
		return (
		    filter_fail(p->error, &open, "this parenthesis is never closed: expected `)`"));
	advance(p);
	p->depth--;
	return (true);
}

/* port (80 or 443): a term of no value that only lends its qualifier */
static bool
parse_lent(struct parser *p, const struct term *t)
{
	bool inside = p->inside;

	if (p->tree->terms == FILTER_TERMS_MAX)
		return (filter_fail(p->error, &t->field, "expected a shorter filter"));
	p->tree->term[p->tree->terms] = *t;
	p->list = (int)p->tree->terms++;
	p->inside = true;
	if (!parse_group(p))
		return (false);
	p->inside = inside;
	return (true);
}

static const char *
value_wanted(enum about about)
{
	switch (about) {
	case ABOUT_HOST:
		return ("an address, as 10.0.0.1 or fe80::1");
	case ABOUT_NET:
		return ("a network, as 10.1.0.0/16, 10.1 or fe80::/10");
	case ABOUT_PORT:
		return ("a port or a range of ports, as 80 or 8000-8080");
	case ABOUT_PROTO:
		return ("a protocol, as tcp, 47 or 0x88cc");
	case ABOUT_SPI:
		return ("an SPI, as 0x17e3e6f7");
	case ABOUT_FILE:
		return ("the name of a file of addresses");
	default:
		return ("a value");
	}
}

/* nfdump's `port in [80 443]`: any of them. */
static bool
parse_bracket(struct parser *p, struct term *t)
{
	bool first = true, last = false;

	advance(p);
	while (!last) {
		struct token v = p->now;

		if (v.kind != TOK_WORD)
			return (filter_fail(p->error, &v, "expected %s, or `]` behind the last one", value_wanted(t->about)));
		if (first && v.n > 0 && v.p[0] == '[') {
			v.p++;
			v.n--;
		}
		last = v.n > 0 && v.p[v.n - 1] == ']';
		v.n -= last;
		v.n -= v.n > 0 && v.p[v.n - 1] == ',';
		advance(p);
		if (v.n == 0 && !last)
			continue;
		t->value[0] = v;
		if (v.n == 0 && first)
			return (filter_fail(p->error, &v, "expected %s before `]`", value_wanted(t->about)));
		if (v.n > 0 && (!add_term(p, t) || (!first && !add_node(p, NODE_OR, 0))))
			return (false);
		first = false;
	}
	return (true);
}

/* The values of a qualifier whose word has been taken: VALUE, "(" list ")", or in FILE. */
static bool
parse_values(struct parser *p, struct term *t)
{
	if (p->now.kind == TOK_OP && p->now.op == OP_EQ)
		advance(p); /* `port = 80` is `port 80` */
	if (t->about == ABOUT_VLAN && !looks_like_value(&p->now) && p->now.kind != TOK_OPEN)
		return (add_term(p, t));
	if (t->about == ABOUT_TUNNEL) {
		for (unsigned i = 0; i < 2 && looks_like_value(&p->now); i++) {
			t->value[i] = p->now;
			advance(p);
		}
		return (add_term(p, t));
	}
	if (token_is(&p->now, "in") && p->next.kind == TOK_WORD && p->next.n > 0 && p->next.p[0] == '[' && t->about <= ABOUT_PORT) {
		t->about = t->about == ABOUT_HOST ? ABOUT_NET : t->about; /* there are prefixes among them, too */
		return (parse_bracket(p, t));
	}
	if ((t->about == ABOUT_HOST || t->about == ABOUT_NET) && token_is(&p->now, "in")) {
		t->about = ABOUT_FILE;
		advance(p);
	}
	if (p->now.kind == TOK_OPEN && t->about != ABOUT_FILE)
		return (parse_lent(p, t));
	if (p->now.kind != TOK_WORD || (token_is(&p->now, "in") && t->about != ABOUT_FILE))
		return (filter_fail(p->error, &p->now, "expected %s after `%.*s`",
				    value_wanted(t->about), QUOTE(&t->field)));
	t->value[0] = p->now;
	advance(p);
	return (add_term(p, t));
}

/* nfdump's FIELD VALUE, without an operator; its `flags S` are TCP's. */
static bool
parse_plain(struct parser *p, struct term *t)
{
	t->about = ABOUT_FIELD;
	t->field = p->now;
	t->operator= p->now;
	t->op = OP_EQ;
	if (token_is(&p->now, "flags")) {
		t->field.p = "tcpflags";
		t->field.n = strlen(t->field.p);
		t->op = OP_HAS;
	}
	advance(p);
	t->value[0] = p->now;
	advance(p);
	return (add_term(p, t));
}

/* `flags S`, `as 64500`, `dport 80`, `saddr 10.0.0.1`: a field, and a value behind it. */
static bool
is_plain(const struct parser *p)
{
	const struct token *name = &p->now, *value = &p->next;
	enum about about;

	if (name->kind != TOK_WORD || name->quoted || value->kind != TOK_WORD || value->quoted)
		return (false);
	if (token_is(name, "flags"))
		return (value->n > 0 && value->n <= 8 && strspn(value->p, "FSRPAUECfsrpauec") >= value->n);
	return (looks_like_value(value) && !is_side(name) && !qualifier(name, &about) &&
		(token_is(name, "as") || token_is(name, "mac") ||
		    ((field_named(name->p, name->n) != F_NONE || field_meant(name->p, name->n) != NULL) && proto_named(name->p, name->n) < 0)));
}

/* FIELD op VALUE, the field is `now`. */
static bool
parse_comparison(struct parser *p, struct term *t)
{
	t->about = ABOUT_FIELD;
	t->field = p->now;
	advance(p);
	t->operator= p->now;
	t->op = p->now.kind == TOK_OP ? p->now.op : OP_HAS;
	advance(p);
	if (p->now.kind == TOK_OPEN)
		return (parse_lent(p, t));
	if (p->now.kind != TOK_WORD)
		return (filter_fail(p->error, &p->now, "expected a value to compare `%.*s` with",
				    QUOTE(&t->field)));
	t->value[0] = p->now;
	advance(p);
	return (add_term(p, t));
}

/* has FIELD */
static bool
parse_known(struct parser *p, struct term *t)
{
	advance(p);
	if (p->now.kind != TOK_WORD)
		return (filter_fail(p->error, &p->now, "expected the name of a field after `has`"));
	t->about = ABOUT_KNOWN;
	t->field = p->now;
	advance(p);
	return (add_term(p, t));
}

/* What follows `src`, `dst`: a qualifier, a field, or an address. */
static bool
parse_sided(struct parser *p, struct term *t)
{
	struct token side = p->now;

	t->side = take_side(p);
	if (token_is(&p->now, "ip") && (looks_like_value(&p->next) || token_is(&p->next, "in"))) { /* nfdump's `src ip A` */
		t->field = p->now;
		t->about = ABOUT_HOST;
		advance(p);
		return (parse_values(p, t));
	}
	if (is_plain(p))
		return (parse_plain(p, t));
	if (p->now.kind == TOK_WORD && is_op(&p->next) &&
	    !(p->next.kind == TOK_OP && p->next.op == OP_EQ && qualifier(&p->now, &t->about)))
		return (parse_comparison(p, t));
	if (qualifier(&p->now, &t->about)) {
		if (t->about == ABOUT_PROTO || t->about == ABOUT_TUNNEL)
			return (filter_fail(
			    p->error, &p->now,
			    "expected `host`, `net`, `port`, `vlan`, `spi`, `in` or an address "
			    "after `%.*s`: `%.*s` has no sides",
			    QUOTE(&side), QUOTE(&p->now)));
		t->field = p->now;
		advance(p);
		return (parse_values(p, t));
	}
	if (p->now.kind != TOK_WORD && p->now.kind != TOK_OPEN)
		return (filter_fail(p->error, &p->now,
				    "expected `host`, `net`, `port` or an address after `%.*s`",
				    QUOTE(&side)));
	t->about = ABOUT_NET; /* src 10.0.0.1, src 10.0.0.0/8 */
	t->field = side;
	return (parse_values(p, t));
}

/* tcpdump's `ether src A` */
static bool
parse_ether(struct parser *p, struct term *t)
{
	advance(p);
	t->side = token_is(&p->now, "host") ? SIDE_ANY : token_is(&p->now, "src") ? SIDE_SRC : SIDE_DST;
	t->about = ABOUT_FIELD;
	t->field = t->operator= p->now;
	t->field.p = "mac";
	t->field.n = strlen(t->field.p);
	t->op = OP_EQ;
	advance(p);
	t->value[0] = p->now;
	advance(p);
	return (add_term(p, t));
}

/* Words of tcpdump and nfdump that ask a packet, or nothing: what is asked of flows. */
static const struct {
	const char *word, *why, *instead;
} of_packets[] = {
	{ "any", "without a filter each record is selected", "" },
	{ "broadcast", "what goes to all has an address: `dst host 255.255.255.255`, `ether dst ff:ff:ff:ff:ff:ff`", "(ether dst ff:ff:ff:ff:ff:ff or dst host 255.255.255.255)" },
	{ "multicast", "what goes to many has an address: `dst net 224.0.0.0/4`, `dst net ff00::/8`", "(dst net 224.0.0.0/4 or dst net ff00::/8)" },
	{ "greater", "flows have no length of a packet; `bytes > 1000` asks for their sum", "" },
	{ "less", "flows have no length of a packet; `bytes < 1000` asks for their sum", "" },
	{ "inbound", "a flow has two directions; `src net` or `dst net` asks where it comes from and goes to", "" },
	{ "outbound", "a flow has two directions; `src net` or `dst net` asks where it comes from and goes to", "" },
};

/* false: it is none of these */
static bool
asks_packets(struct parser *p)
{
	if (memchr(p->now.p, '[', p->now.n) != NULL)
		return (!filter_fail(p->error, &p->now, "packets are not kept, so their bytes are not; `flags S` asks for flags of TCP"));
	for (size_t i = 0; i < sizeof(of_packets) / sizeof(of_packets[0]); i++) {
		if (!token_is(&p->now, of_packets[i].word))
			continue;
		(void)snprintf(p->error->instead, sizeof(p->error->instead), "%s", of_packets[i].instead);
		return (!filter_fail(p->error, &p->now, "%s", of_packets[i].why));
	}
	return (false);
}

static bool
parse_term(struct parser *p)
{
	struct term t = { .list = p->list };
	enum about about;

	t.field = p->now;
	if (p->now.kind != TOK_WORD) {
		if (p->now.kind == TOK_END)
			return (filter_fail(p->error, &p->now,
					    "the filter ends where a term was expected"));
		if (p->now.kind == TOK_BAD)
			return (filter_fail(p->error, &p->now,
					    p->now.quoted ? "this quote is never closed"
							  : "`&&` and `||` are written twice"));
		return (
		    filter_fail(p->error, &p->now,
				"expected a term, as `host 10.0.0.1`, `port 443` or `bytes > 1M`"));
	}
	if (asks_packets(p))
		return (false);
	if (token_is(&p->now, "ether") && p->third.kind == TOK_WORD && (token_is(&p->next, "host") || is_side(&p->next)))
		return (parse_ether(p, &t));
	if (token_is(&p->now, "ip") && p->next.kind == TOK_WORD && (looks_like_value(&p->next) || token_is(&p->next, "in"))) {
		t.about = ABOUT_HOST;
		advance(p);
		return (parse_values(p, &t));
	}
	if (is_plain(p))
		return (parse_plain(p, &t));
	if (token_is(&p->now, "has") && !is_op(&p->next))
		return (parse_known(p, &t));
	if (is_op(&p->next) &&
	    !(p->next.kind == TOK_OP && p->next.op == OP_EQ && qualifier(&p->now, &about)))
		return (parse_comparison(p, &t));
	if (p->next.kind == TOK_WORD && !is_side(&p->now) && !qualifier(&p->now, &about) &&
	    (is_side(&p->next) || (qualifier(&p->next, &about) && about <= ABOUT_PROTO))) {
		t.proto = p->now; /* tcp port 80 */
		advance(p);
		t.field = p->now;
	}
	/* `saddr in FILE`: a field with a list */
	if (p->next.kind == TOK_WORD && token_is(&p->next, "in") && !is_side(&p->now) &&
	    !qualifier(&p->now, &about)) {
		advance(p);
		advance(p);
		t.about = ABOUT_FILE;
		return (parse_values(p, &t));
	}
	if (is_side(&p->now))
		return (parse_sided(p, &t));
	if (qualifier(&p->now, &t.about)) {
		advance(p);
		return (parse_values(p, &t));
	}
	t.about = ABOUT_WORD;
	t.inside = p->inside;
	advance(p);
	return (add_term(p, &t));
}

static bool
parse_one(struct parser *p)
{
	bool invert = false;

	for (; p->now.kind == TOK_NOT; advance(p))
		invert = !invert;
	if (!(p->now.kind == TOK_OPEN ? parse_group(p) : parse_term(p)))
		return (false);
	return (!invert || add_node(p, NODE_NOT, 0));
}

/* Where one or more `and` made it of several, it is noted as a group. */
static bool
parse_all(struct parser *p, bool *several)
{
	unsigned from = p->now.column;

	*several = false;
	if (!parse_one(p))
		return (false);
	for (; p->now.kind == TOK_AND; *several = true) {
		advance(p);
		if (!parse_one(p))
			return (false);
		add_node(p, NODE_AND, 0);
	}
	if (*several)
		p->tree->group[p->tree->groups++] = (struct group){ from, p->end };
	return (true);
}

static bool
parse_any(struct parser *p)
{
	bool group, ignored, alone = true;

	if (!parse_all(p, &group))
		return (false);
	for (; p->now.kind == TOK_OR; alone = false) {
		advance(p);
		if (!parse_all(p, &ignored))
			return (false);
		add_node(p, NODE_OR, 0);
	}
	if (alone && group) /* it is the last one, and there is nothing to mistake it for */
		p->tree->groups--;
	return (true);
}

bool
filter_parse(const char *text, struct arena *arena, struct tree *tree, struct filter_error *error)
{
	struct parser p = { .lexer = { text, text }, .tree = tree, .error = error, .list = -1 };
	size_t n = strlen(text);

	if (n > FILTER_TEXT_MAX) {
		struct token all = { .length = 1 };

		return (filter_fail(error, &all, "expected a filter of at most %u bytes",
				    FILTER_TEXT_MAX));
	}
	/* A term has at least a byte and a blank; with a `not` and an operator it makes three nodes. */
	tree->term =
	    arena_zero(arena, (n / 2 + 2 < FILTER_TERMS_MAX ? n / 2 + 2 : FILTER_TERMS_MAX + 1) *
				  sizeof(tree->term[0]));
	tree->node = arena_zero(arena, (3 * n + 4) * sizeof(tree->node[0]));
	tree->group = arena_zero(arena, (n / 2 + 2) * sizeof(tree->group[0])); /* each has an `and` of its own */
	tree->terms = tree->nodes = tree->groups = 0;
	for (unsigned i = 0; i < 3; i++)
		advance(&p);
	if (p.now.kind == TOK_END)
		return (add_node(&p, NODE_TRUE, 0));
	if (!parse_any(&p))
		return (false);
	if (p.now.kind == TOK_CLOSE)
		return (filter_fail(error, &p.now, "this parenthesis was never opened"));
	if (p.now.kind == TOK_OP)
		return (filter_fail(error, &p.now, "a field's name must stand before `%.*s`",
				    QUOTE(&p.now)));
	if (p.now.kind == TOK_BAD)
		return (parse_term(&p));
	if (p.now.kind == TOK_WORD && asks_packets(&p)) {
		*error->instead = '\0'; /* `ip multicast`: the word before it goes too */
		return (false);
	}
	if (looks_like_value(&p.now))
		return (filter_fail(error, &p.now,
				    "expected `and`, `or` or an operator before \"%.*s\"",
				    QUOTE(&p.now)));
	if (p.now.kind != TOK_END)
		return (filter_fail(error, &p.now, "expected `and` or `or` before \"%.*s\"",
				    QUOTE(&p.now)));
	return (true);
}
