#include "app/ops/sources.h"

#include <string.h>

#include "app/act.h"
#include "app/papers.h"
#include "keys/names.h"

/* Ids that are short, listed somewhere, or that others know: a blind index of
 * them can be searched by whoever has the index key.  Anywhere in a namespace,
 * and as a word of it. */
static const char *const guessable_parts[] = {
	"phone", "mobile", "email", "address", "postcode", "patient", "chart",
	"karte", "insur", "hoken", "number", "serial", "birth", "resident",
	"student", "employee", "passport", "licen",
};
static const char *const guessable_words[] = {
	"tel", "cell", "fax", "sms", "mail", "zip", "no", "name", "dob",
	"staff", "card",
};

#define WORD_CHARACTERS "abcdefghijklmnopqrstuvwxyz"
#define NAMESPACE_CHARACTERS WORD_CHARACTERS "0123456789-_.:"

static int is_guessable_word(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(guessable_words); i++)
		if (strlen(guessable_words[i]) == len &&
		    strncmp(word, guessable_words[i], len) == 0)
			return 1;
	return 0;
}

static int is_guessable(const char *id_namespace)
{
	const char *at = id_namespace;

	for (size_t i = 0; i < ARRAY_LEN(guessable_parts); i++)
		if (strstr(id_namespace, guessable_parts[i]) != NULL)
			return 1;
	for (at += strcspn(at, WORD_CHARACTERS); *at != '\0';
	    at += strcspn(at, WORD_CHARACTERS)) {
		size_t len = strspn(at, WORD_CHARACTERS);

		if (is_guessable_word(at, len))
			return 1;
		at += len;
	}
	return 0;
}

static enum err check_names(struct home *h, const char *source,
    const char *id_namespace)
{
	size_t len = strlen(id_namespace);

	if (!names_is_word(bytes_str(source)))
		return outcome_refuse(h->outcome, ERR_SYNTAX,
		    "a source's name is 1 to 32 of a-z, 0-9 and -, beginning with a letter",
		    "取得元の名前は英小文字で始まる32字以内の英小文字・数字・ハイフンです");
	if (len == 0 || len > SOURCES_NAMESPACE_MAX ||
	    strspn(id_namespace, NAMESPACE_CHARACTERS) != len)
		return outcome_refuse(h->outcome, ERR_SYNTAX,
		    "a namespace is 1 to 64 of a-z, 0-9 and -_.:",
		    "名前空間は64字以内の英小文字・数字・-_.: です");
	return ERR_OK;
}

/* The rule that lets guessable ids in: accept_guessable_ids of the policy. */
static enum err check_guessable(struct home *h, const char *owner,
    const char *id_namespace)
{
	CLEANUP(policy_release) struct policy p = {0};
	enum err e;

	if (!is_guessable(id_namespace))
		return ERR_OK;
	e = papers_policy(h, owner, &p);
	if (e == ERR_OK && p.accept_guessable_ids)
		return ERR_OK;
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (e == ERR_NOT_FOUND)
		e = outcome_refuse(h->outcome, ERR_REFUSED,
		    "ids of namespace %s can be guessed, so that an index of them can be searched; no policy is in force that accepts such ids",
		    "名前空間%sの識別子は推測でき、索引から探し当てられます。それを認める方針がありません",
		    id_namespace);
	else
		e = outcome_refuse(h->outcome, ERR_REFUSED,
		    "ids of namespace %s can be guessed, so that an index of them can be searched; accept_guessable_ids of policy version %llu forbids it",
		    "名前空間%sの識別子は推測でき、索引から探し当てられます。方針（第%llu版）の accept_guessable_ids が認めていません",
		    id_namespace, (unsigned long long)p.version);
	outcome_add(h->outcome, OUTCOME_HINT,
	    "let the source deliver random ids, or let the seats sign a policy with \"accept_guessable_ids\": true",
	    "取得元で乱数の識別子を使うか、\"accept_guessable_ids\": true の方針に署名を得てください");
	return e;
}

enum err sources_add(struct home *h, const char *owner, const char *source,
    const char *id_namespace)
{
	CLEANUP(act_abort) struct act a = {0};
	struct register_source row = {0};
	struct register_owner known;
	struct entry_writer w;
	uint8_t sha256[DIGEST_LEN];
	enum err e;

	RETURN_IF(home_owner_known(h, owner, &known));
	RETURN_IF(check_names(h, source, id_namespace));
	RETURN_IF(check_guessable(h, owner, id_namespace));
	memcpy(row.owner, known.code, sizeof(row.owner));
	(void)strncpy(row.source, source, REGISTER_NAME_MAX);
	(void)strncpy(row.id_namespace, id_namespace, REGISTER_NAME_MAX);
	digest_sha256(bytes_str(id_namespace), sha256);
	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_SOURCE, owner, &w);
	entry_put(&w, "source", source);
	entry_put_hex(&w, "namespace-sha256", sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &row.act));
	e = register_source_add(h->reg, &row);
	if (e == ERR_EXISTS)
		return outcome_refuse(h->outcome, e,
		    "owner %s has a source %s already; a source never changes its namespace",
		    "所有者%sには取得元%sがすでにあります。名前空間は変更できません",
		    owner, source);
	RETURN_IF(e);
	RETURN_IF(act_commit(&a));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "owner %s takes in lines of source %s now",
	    "所有者%sは取得元%sからの受け入れを始められます", owner, source);
	return ERR_OK;
}

struct only {
	struct register_source *ret;
	size_t count;
};

static enum err keep(void *ctx, const struct register_source *source)
{
	struct only *o = ctx;

	*o->ret = *source;
	o->count++;
	return ERR_OK;
}

static enum err pick_named(struct home *h, const char *owner, const char *name,
    struct register_source *ret)
{
	enum err e = register_source_get(h->reg, owner, name, ret);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "owner %s has no source %s; see: azukari source list %s",
		    "所有者%sに取得元%sはありません。azukari source list %s を見てください",
		    owner, name, owner);
	return e;
}

enum err sources_pick(struct home *h, const char *owner, const char *name,
    struct register_source *ret)
{
	struct register_source found = {0};
	struct only o = {.ret = &found};

	if (name != NULL)
		return pick_named(h, owner, name, ret);
	RETURN_IF(register_source_each(h->reg, owner, keep, &o));
	if (o.count == 0)
		return outcome_refuse(h->outcome, ERR_NOT_FOUND,
		    "owner %s has no source yet; see: azukari source add",
		    "所有者%sには取得元がまだありません。azukari source add を見てください",
		    owner);
	if (o.count > 1)
		return outcome_refuse(h->outcome, ERR_USAGE,
		    "owner %s has several sources: say which with --source",
		    "所有者%sには取得元が複数あります。--source で指定してください",
		    owner);
	*ret = found;
	return ERR_OK;
}
