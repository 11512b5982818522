/* policy/duo.c - codes, what contains what, and the matching.
 *
 * Codes and their identifiers are those of the Data Use Ontology; abstract
 * parents and deprecated codes are left out, so that nobody can use them.
 */
#include "policy/duo.h"

#include <stdlib.h>
#include <string.h>

#define NRES "DUO:0000004"
#define GRU "DUO:0000042"
#define HMB "DUO:0000006"
#define DS "DUO:0000007"
#define POA "DUO:0000011"
#define RS "DUO:0000012"
#define GSO "DUO:0000016"
#define NPUNCU "DUO:0000018"
#define IRB "DUO:0000021"
#define NPOA "DUO:0000044"
#define NPU "DUO:0000045"
#define NCU "DUO:0000046"

static const struct duo_code codes[] = {
	{NRES, "NRES", DUO_PERMISSION, "no restriction", "制限なし"},
	{GRU, "GRU", DUO_PERMISSION, "general research use", "研究一般"},
	{HMB, "HMB", DUO_PERMISSION, "health, medical or biomedical research",
	    "健康・医学・生物医学の研究"},
	{DS, "DS", DUO_PERMISSION, "research on named diseases",
	    "特定の疾患の研究"},
	{POA, "POA", DUO_PERMISSION, "population origins or ancestry research",
	    "集団の起源・祖先の研究"},
	{RS, "RS", DUO_MODIFIER, "research of a named kind only",
	    "特定の種類の研究のみ"},
	{"DUO:0000015", "NMDS", DUO_MODIFIER, "no general methods research",
	    "一般的な手法開発は不可"},
	{GSO, "GSO", DUO_MODIFIER, "genetic studies only",
	    "遺伝学の研究のみ"},
	{NPUNCU, "NPUNCU", DUO_MODIFIER,
	    "not-for-profit organisations, non-commercial use",
	    "非営利機関による非商用のみ"},
	{"DUO:0000019", "PUB", DUO_MODIFIER, "results must be published",
	    "成果の公表が必要"},
	{"DUO:0000020", "COL", DUO_MODIFIER, "collaboration required",
	    "共同研究が必要"},
	{IRB, "IRB", DUO_MODIFIER, "ethics approval required",
	    "倫理審査の承認が必要"},
	{"DUO:0000022", "GS", DUO_MODIFIER, "within named regions only",
	    "特定の地域内のみ"},
	{"DUO:0000024", "MOR", DUO_MODIFIER, "no publication before a day",
	    "公表の猶予期間"},
	{"DUO:0000025", "TS", DUO_MODIFIER, "for a limited time",
	    "期間の限定"},
	{"DUO:0000026", "US", DUO_MODIFIER, "named users only",
	    "特定の利用者のみ"},
	{"DUO:0000027", "PS", DUO_MODIFIER, "within a named project only",
	    "特定の計画のみ"},
	{"DUO:0000028", "IS", DUO_MODIFIER, "within a named institution only",
	    "特定の機関のみ"},
	{"DUO:0000029", "RTN", DUO_MODIFIER, "results return to the source",
	    "成果の返却が必要"},
	{"DUO:0000043", "CC", DUO_MODIFIER, "clinical care", "診療での利用"},
	{NPOA, "NPOA", DUO_MODIFIER,
	    "no population origins or ancestry research",
	    "集団の起源・祖先の研究は不可"},
	{NPU, "NPU", DUO_MODIFIER, "not-for-profit organisations only",
	    "非営利機関のみ"},
	{NCU, "NCU", DUO_MODIFIER, "non-commercial use only", "非商用のみ"},
};

/* ${inner} is a kind of ${outer}. */
static const struct {
	const char *inner, *outer;
} within[] = {
	{GRU, NRES}, {HMB, GRU}, {DS, HMB}, {POA, GRU},
};

size_t
duo_count(void)
{
	return ARRAY_LEN(codes);
}

const struct duo_code *
duo_at(size_t i)
{
	MUST_HOLD(i < ARRAY_LEN(codes));
	return &codes[i];
}

const struct duo_code *
duo_find(const char *id)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(codes[i].id, id) == 0)
			return &codes[i];
	return NULL;
}

static int
is_kind(const char *id, enum duo_kind kind)
{
	const struct duo_code *c = duo_find(id);

	return c != NULL && c->kind == kind;
}

static int
list_has(struct duo_list list, const char *id)
{
	size_t i;

	for (i = 0; i < list.len; i++)
		if (strcmp(list.items[i], id) == 0)
			return 1;
	return 0;
}

static enum duo_answer
worse(enum duo_answer a, enum duo_answer b)
{
	return a > b ? a : b;
}

/* 1 when ${asked} is ${allowed} or lies within it. */
static int
permission_within(const char *asked, const char *allowed)
{
	size_t i, steps;

	for (steps = 0; steps <= ARRAY_LEN(within); steps++) {
		if (strcmp(asked, allowed) == 0)
			return 1;
		for (i = 0; i < ARRAY_LEN(within); i++)
			if (strcmp(within[i].inner, asked) == 0)
				break;
		if (i == ARRAY_LEN(within))
			return 0;
		asked = within[i].outer;
	}
	return 0;
}

/* 1 when ${disease} is the child, or the parent of an edge reached so far. */
static int
is_reached(const struct duo_world *world, const char *reached,
    const char *child, const char *disease)
{
	size_t i;

	if (strcmp(child, disease) == 0)
		return 1;
	for (i = 0; i < world->kinship_len; i++)
		if (reached[i] && strcmp(world->kinship[i].parent,
		    disease) == 0)
			return 1;
	return 0;
}

int
duo_disease_within(const char *child, const char *ancestor,
    const struct duo_world *world)
{
	char *reached;
	size_t i;
	int grows = 1, yes;

	if (strcmp(child, ancestor) == 0)
		return 1;
	if (world->kinship_len == 0 ||
	    (reached = calloc(world->kinship_len, 1)) == NULL)
		return 0;       /* without memory: not known, so no */
	while (grows) {
		grows = 0;
		for (i = 0; i < world->kinship_len; i++) {
			if (reached[i] || !is_reached(world, reached, child,
			    world->kinship[i].child))
				continue;
			reached[i] = 1;
			grows = 1;
		}
	}
	yes = is_reached(world, reached, child, ancestor);
	free(reached);
	return yes;
}

/* The first disease asked that no disease of the terms contains; NULL when
 * all are covered.  Asking for none is asking for all. */
static const char *
uncovered_disease(const struct duo_terms *terms, struct duo_list diseases,
    const struct duo_world *world)
{
	size_t i, j;

	for (i = 0; i < diseases.len; i++) {
		for (j = 0; j < terms->diseases.len; j++)
			if (duo_disease_within(diseases.items[i],
			    terms->diseases.items[j], world))
				break;
		if (j == terms->diseases.len)
			return diseases.items[i];
	}
	return NULL;
}

enum duo_answer
duo_match_permission(const struct duo_terms *terms, const char *asked,
    struct duo_list diseases, const struct duo_world *world,
    const char **ret_disease)
{
	const char *allowed, *disease = NULL;
	size_t i;

	if (ret_disease != NULL)
		*ret_disease = NULL;
	for (i = 0; i < terms->permissions.len; i++) {
		allowed = terms->permissions.items[i];
		if (!permission_within(asked, allowed))
			continue;
		if (strcmp(allowed, DS) != 0)
			return DUO_APPROVE;
		disease = uncovered_disease(terms, diseases, world);
		if (disease == NULL && diseases.len > 0)
			return DUO_APPROVE;
	}
	if (ret_disease != NULL)
		*ret_disease = disease;
	return DUO_DENY;
}

/* The request says that it keeps ${modifier}, by name or by a stricter one. */
static int
is_stated(const char *modifier, struct duo_list stated)
{
	if (list_has(stated, modifier))
		return 1;
	if (strcmp(modifier, NPUNCU) == 0)
		return list_has(stated, NPU) && list_has(stated, NCU);
	if (strcmp(modifier, NPU) == 0 || strcmp(modifier, NCU) == 0)
		return list_has(stated, NPUNCU);
	return 0;
}

enum duo_answer
duo_match_modifier(const char *modifier, const struct duo_purpose *purpose)
{
	if (!is_kind(modifier, DUO_MODIFIER))
		return DUO_DENY;
	if (strcmp(modifier, IRB) == 0)
		return purpose->has_ethics ? DUO_APPROVE : DUO_DENY;
	if (strcmp(modifier, NPOA) == 0 && list_has(purpose->codes, POA))
		return DUO_DENY;
	/* What a named kind of research is stands in no code. */
	if (strcmp(modifier, RS) == 0)
		return DUO_ASK;
	if (is_stated(modifier, purpose->codes))
		return DUO_APPROVE;
	if (strcmp(modifier, NPU) == 0 || strcmp(modifier, NCU) == 0 ||
	    strcmp(modifier, NPUNCU) == 0 || strcmp(modifier, GSO) == 0)
		return DUO_DENY;
	return DUO_ASK;
}

int
duo_states_more(const struct duo_terms *terms, const char *stated)
{
	/* Less profit than asked for takes nothing from anybody. */
	if (!is_kind(stated, DUO_MODIFIER) || strcmp(stated, NPU) == 0 ||
	    strcmp(stated, NCU) == 0 || strcmp(stated, NPUNCU) == 0)
		return 0;
	return !list_has(terms->modifiers, stated);
}

static enum duo_answer
match_code(const struct duo_terms *terms, const struct duo_purpose *purpose,
    const char *code, const struct duo_world *world)
{
	if (is_kind(code, DUO_PERMISSION))
		return duo_match_permission(terms, code, purpose->diseases,
		    world, NULL);
	if (duo_find(code) == NULL)
		return DUO_DENY;
	return duo_states_more(terms, code) ? DUO_ASK : DUO_APPROVE;
}

enum duo_answer
duo_match(const struct duo_terms *terms, const struct duo_purpose *purpose,
    const struct duo_world *world)
{
	enum duo_answer answer = DUO_APPROVE;
	int permissions = 0;
	size_t i;

	for (i = 0; i < purpose->codes.len; i++) {
		permissions += is_kind(purpose->codes.items[i],
		    DUO_PERMISSION);
		answer = worse(answer, match_code(terms, purpose,
		    purpose->codes.items[i], world));
	}
	for (i = 0; i < terms->modifiers.len; i++)
		answer = worse(answer, duo_match_modifier(
		    terms->modifiers.items[i], purpose));
	return permissions > 0 ? answer : DUO_DENY;
}
