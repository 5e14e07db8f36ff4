/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fields.c: the run-time table made from fields.def, and fields by name and by id.
 */
#include "format/fields.h"

#include "format/hist.h"
#include "format/member.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { /* how a type is held, as a constant expression */
#define TYPE(name, store, ...) HELD_##name = STORE_##store,
#include "format/types.def"
};

/* What each derived field reads. */
#define NEEDS(...) { __VA_ARGS__, F_NONE }
#define DERIVED(name, type, width, label, needs, cond, value, doc) \
	static const uint16_t needs_##name[] = needs;
#include "format/fields.def"

/* The times of FIRST and TOP fields are near the beginning of a record, those of LAST fields near its end. */
#define NEAR_FIRST F_stime
#define NEAR_TOP   F_stime
#define NEAR_LAST  F_ltime

// clang-format off
#define ROW(_id, _name, _type, _width, _agg, _label, _doc, _twin, _companion, _near) [F_##_name] = { \
	.name = #_name, .label = _label, .doc = _doc, .id = _id, .type = TYPE_##_type, .store = HELD_##_type, \
	.agg = AGG_##_agg, .width = _width, .twin = _twin, .companion = _companion, .near = _near, \
	.member = (int)HELD_##_type == STORE_IP ? MEMBER_ADDR : MEMBERS, .scale = HIST_QUARTERS },
#define FIELD(id, name, type, width, agg, label, doc) \
	ROW(id, name, type, width, agg, label, doc, F_##name, F_NONE, F_NONE)
#define TWIN(id, s, d, type, width, agg, slabel, dlabel, doc) \
	ROW(id, s, type, width, agg, slabel, doc ", source", F_##d, F_NONE, F_NONE) \
	ROW(id + 1, d, type, width, agg, dlabel, doc ", destination", F_##s, F_NONE, F_NONE)
#define PAIR(id, name, type, width, agg, label, doc) \
	TWIN(id, s##name, d##name, type, width, agg, "Src" label, "Dst" label, doc)
#define TIMED(id, tid, name, type, width, agg, label, doc) \
	ROW(id, name, type, width, agg, label, doc, F_##name, F_##name##_t, F_NONE) \
	ROW(tid, name##_t, TIME, 26, COMP, label "T", "time of " #name, F_##name##_t, F_##name, NEAR_##agg)
#define TPAIR(id, tid, name, type, width, agg, label, doc) \
	ROW(id, s##name, type, width, agg, "Src" label, doc ", source", F_d##name, F_s##name##_t, F_NONE) \
	ROW(id + 1, d##name, type, width, agg, "Dst" label, doc ", destination", F_s##name, F_d##name##_t, F_NONE) \
	ROW(tid, s##name##_t, TIME, 26, COMP, "Src" label "T", "time of s" #name, F_d##name##_t, F_s##name, NEAR_##agg) \
	ROW(tid + 1, d##name##_t, TIME, 26, COMP, "Dst" label "T", "time of d" #name, F_s##name##_t, F_d##name, NEAR_##agg)
#define DERIVED(_name, _type, _width, _label, _needs, cond, value, _doc) [F_##_name] = { \
	.name = #_name, .label = _label, .doc = _doc, .type = TYPE_##_type, .store = HELD_##_type, .width = _width, \
	.twin = F_##_name, .companion = F_NONE, .near = F_NONE, .member = MEMBERS, .needs = needs_##_name },
#define NEAR(name, other)   [F_##name].near = F_##other,
#define NEARS(name, other)  NEAR(s##name, s##other) NEAR(d##name, d##other)
#define LIKE(name, a)        [F_##name].like = { F_##a + 1, 0 },
#define LIKES(name, a, b)    [F_s##name].like = { F_s##a + 1, F_##b + 1 }, [F_d##name].like = { F_d##a + 1, F_##b + 1 },
#define LIKE2(name, a, b)    [F_##name].like = { F_##a + 1, F_##b + 1 },
#define MADE(name, how, ...)  [F_##name].formula = FORMULA_##how, [F_##name].made = { __VA_ARGS__ },
#define MEMBER(name, which) [F_##name].member = MEMBER_##which,
#define IDS(name, which)    [F_##name].ids = ID_##which,
#define ALWAYS(name)        [F_##name].always = 1,
#define SCALE(name, which)  [F_##name].scale = HIST_##which,

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init" /* a row about a field stands in for what its first row assumes */
const struct field_info fields[F_COUNT] = {
#include "format/fields.def"
};
#pragma GCC diagnostic pop

/* A reused id is a duplicate case here, so it does not compile. */
enum field
field_with_id(uint16_t id)
{
	switch (id) {
#define FIELD(id, name, ...)      case id: return (F_##name);
#define PAIR(id, name, ...)       case id: return (F_s##name); case id + 1: return (F_d##name);
#define TWIN(id, s, d, ...)       case id: return (F_##s); case id + 1: return (F_##d);
#define TIMED(id, tid, name, ...) case id: return (F_##name); case tid: return (F_##name##_t);
#define TPAIR(id, tid, name, ...) case id: return (F_s##name); case id + 1: return (F_d##name); \
	case tid: return (F_s##name##_t); case tid + 1: return (F_d##name##_t);
#include "format/fields.def"
	default:
		return (F_NONE);
	}
}

static const struct { const char *word; enum field field; } aliases[] = {
#define ALIAS(word, name) { word, F_##name },
#include "format/fields.def"
}, means[] = {
#define MEANS(word, name) { word, F_##name },
#include "format/fields.def"
};
// clang-format on

#define NALIAS (sizeof(aliases) / sizeof(aliases[0]))
#define NMEANS (sizeof(means) / sizeof(means[0]))

void
fieldset_union(struct fieldset *to, const struct fieldset *from)
{
	for (size_t i = 0; i < BITS_WORDS(F_COUNT); i++)
		to->w[i] |= from->w[i];
}

void
fieldset_want(struct fieldset *s, enum field f)
{
	const struct field_info *info = &fields[f];

	fieldset_add(s, f);
	if (info->needs != NULL)
		for (const uint16_t *n = info->needs; *n != F_NONE; n++)
			fieldset_want(s, *n);
	if (info->companion != F_NONE && info->agg != AGG_COMP) {
		fieldset_add(s, info->companion);
		fieldset_add(s, F_bstart);
	}
}

void
fieldset_all(struct fieldset *s)
{
	for (enum field f = 0; f < F_STORED; f++)
		fieldset_add(s, f);
}

bool
field_is_rate(enum field f)
{
	bool sum = false, bin = false;

	for (const uint16_t *n = fields[f].needs; n != NULL && *n != F_NONE; n++) {
		sum |= fields[*n].agg == AGG_SUM;
		bin |= *n == F_bend;
	}
	return (sum && bin);
}

static bool
word_is(const char *word, const char *s, size_t n)
{
	return (strlen(word) == n && strncasecmp(word, s, n) == 0);
}

enum field
field_named(const char *s, size_t n)
{
	for (enum field f = 0; f < F_COUNT; f++)
		if (word_is(fields[f].name, s, n))
			return (f);
	for (size_t i = 0; i < NALIAS; i++)
		if (word_is(aliases[i].word, s, n))
			return (aliases[i].field);
	return (F_NONE);
}

void
field_aliases(void (*each)(void *, const char *, const char *), void *arg)
{
	for (size_t i = 0; i < NALIAS; i++)
		each(arg, aliases[i].word, fields[aliases[i].field].name);
}

/* Levenshtein distance, for words of up to 31 letters. */
unsigned
name_distance(const char *a, size_t n, const char *b)
{
	unsigned row[32], m = (unsigned)strlen(b);

	if (n > 31 || m > 31)
		return (99);
	for (unsigned j = 0; j <= m; j++)
		row[j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned best = diagonal + (tolower((unsigned char)a[i - 1]) != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return (row[m]);
}

/* 's' or 'd' where the word says whose it is; 0. */
static char
word_side(const char *s, size_t n)
{
	static const struct { const char *word; char side; } words[] = { { "src", 's' }, { "source", 's' }, { "orig", 's' },
		{ "dst", 'd' }, { "dest", 'd' }, { "resp", 'd' } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (n > strlen(words[i].word) && strncasecmp(s, words[i].word, strlen(words[i].word)) == 0)
			return (words[i].side);
	return (0);
}

static bool
is_other_side(enum field f, char side)
{
	enum field twin = (enum field)fields[f].twin;

	return (side != 0 && twin != f && (twin > f) != (side == 's'));
}

static void
look_at(const char *s, size_t n, const char *word, enum field f, unsigned *least, enum field *best)
{
	unsigned d = name_distance(s, n, word);

	if (fields[f].agg == AGG_COMP || d >= *least || is_other_side(f, word_side(s, n)))
		return;
	*least = d;
	*best = f;
}

const char *
field_meant(const char *s, size_t n)
{
	for (size_t i = 0; i < NMEANS; i++)
		if (word_is(means[i].word, s, n))
			return (fields[means[i].field].name);
	return (NULL);
}

/* What others mean by the word comes before what is spelled like it. */
const char *
field_nearest(const char *s, size_t n)
{
	enum field best = F_saddr;
	unsigned least = 99;

	if (field_meant(s, n) != NULL)
		return (field_meant(s, n));
	for (enum field f = 0; f < F_COUNT; f++)
		look_at(s, n, fields[f].name, f, &least, &best);
	for (size_t i = 0; i < NALIAS; i++)
		look_at(s, n, aliases[i].word, aliases[i].field, &least, &best);
	for (size_t i = 0; i < NMEANS; i++)
		look_at(s, n, means[i].word, means[i].field, &least, &best);
	return (fields[best].name);
}
