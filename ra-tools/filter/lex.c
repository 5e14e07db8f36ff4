/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lex.c: the text of a filter as tokens.  A word is anything between blanks, parentheses and operators;
 * in quotes it may hold those too.
 */
#include "ra-tools/filter/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	enum token_kind kind;
	enum op op;
} marks[] = { /* the longer one first */
	{ "&&", TOK_AND, 0 }, { "||", TOK_OR, 0 }, { "==", TOK_OP, OP_EQ }, { "!=", TOK_OP, OP_NE },
	{ "<>", TOK_OP, OP_NE }, { "<=", TOK_OP, OP_LE }, { ">=", TOK_OP, OP_GE }, { "=", TOK_OP, OP_EQ },
	{ "<", TOK_OP, OP_LT }, { ">", TOK_OP, OP_GT }, { "!", TOK_NOT, 0 }, { "(", TOK_OPEN, 0 },
	{ ")", TOK_CLOSE, 0 },
}, words[] = {
	{ "and", TOK_AND, 0 }, { "or", TOK_OR, 0 }, { "not", TOK_NOT, 0 }, { "eq", TOK_OP, OP_EQ },
	{ "ne", TOK_OP, OP_NE }, { "lt", TOK_OP, OP_LT }, { "le", TOK_OP, OP_LE }, { "gt", TOK_OP, OP_GT },
	{ "ge", TOK_OP, OP_GE },
};

/* What others say for it. */
static const struct {
	const char *text, *word;
} others[] = {
	{ "tcp.port", "port" }, { "udp.port", "port" }, { "ip.addr", "host" }, { "ipv6.addr", "host" }, { "eth.addr", "mac" },
};

static bool
blank(char c)
{
	return (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v');
}

bool
token_is(const struct token *t, const char *word)
{
	return (t->kind != TOK_END && !t->quoted && strlen(word) == t->n &&
		strncasecmp(word, t->p, t->n) == 0);
}

static bool
take_mark(struct lexer *l, struct token *t)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t n = strlen(marks[i].text);

		if (strncmp(l->p, marks[i].text, n) != 0)
			continue;
		t->kind = marks[i].kind;
		t->op = marks[i].op;
		t->n = n;
		l->p += n;
		return (true);
	}
	return (false);
}

static void
take_quoted(struct lexer *l, struct token *t)
{
	const char *end = strchr(l->p + 1, *l->p);

	t->quoted = true;
	t->p = l->p + 1;
	t->kind = end == NULL ? TOK_BAD : TOK_WORD;
	t->n = end == NULL ? strlen(t->p) : (size_t)(end - t->p);
	l->p = t->p + t->n + (end != NULL);
}

static void
take_word(struct lexer *l, struct token *t)
{
	t->kind = TOK_WORD;
	t->n = strcspn(l->p, " \t\n\r\f\v()=!<>&|\"'");
	if (t->n == 0) { /* a lone & or | */
		t->kind = TOK_BAD;
		t->n = 1;
	}
	l->p += t->n;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (token_is(t, words[i].text)) {
			t->kind = words[i].kind;
			t->op = words[i].op;
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (token_is(t, others[i].text)) {
			t->p = others[i].word;
			t->n = strlen(t->p);
		}
}

struct token
lex_next(struct lexer *l)
{
	struct token t = { .kind = TOK_END };

	while (blank(*l->p))
		l->p++;
	t.p = l->p;
	t.column = (unsigned)(l->p - l->text);
	if (*l->p == '"' || *l->p == '\'')
		take_quoted(l, &t);
	else if (*l->p != '\0' && !take_mark(l, &t))
		take_word(l, &t);
	t.length = (unsigned)(l->p - l->text) - t.column;
	if (t.length == 0)
		t.length = 1;
	return (t);
}

bool
filter_may_read(const char *text)
{
	struct lexer l = { text, text };
	struct token t;

	do {
		t = lex_next(&l);
		if (token_is(&t, "in"))
			return (true);
	} while (t.kind != TOK_END && t.kind != TOK_BAD);
	return (false);
}

bool
filter_fail(struct filter_error *e, const struct token *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	e->column = t->column;
	e->length = t->length;
	return (false);
}
