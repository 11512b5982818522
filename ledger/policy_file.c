/* ledger/policy_file.c - trust policies: parsing, and counting a quorum.
 *
 * A name is member of one group at most, so that the members of all groups are
 * a forest: each node knows its group, and one pass in the order of definition
 * counts every group's members before the group itself is asked.
 */
#include "ledger/policy_file.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/decimal.h"

#define WORDS_MAX (POLICY_FILE_NAMES_MAX + 4)
#define NO_GROUP (-1)

struct node {
	char name[NOTE_KEY_NAME_MAX + 1];
	int is_group;
	size_t key;             /* witness: its place in keys */
	size_t needed;          /* group: k */
	int group;              /* what it is a member of, or NO_GROUP */
};

struct policy_file {
	size_t logs;
	struct note_key log[POLICY_FILE_LOGS_MAX];
	size_t witnesses;
	struct note_key witness[POLICY_FILE_NAMES_MAX];
	char url[POLICY_FILE_NAMES_MAX][POLICY_FILE_URL_MAX + 1];
	size_t nodes;
	struct node node[POLICY_FILE_NAMES_MAX];
	int has_quorum;
	int quorum;             /* node, or NO_GROUP for none */
};

/* One line taken apart, and where to say what is wrong with it. */
struct words {
	struct bytes word[WORDS_MAX];
	size_t len;
	unsigned long line;
	struct err_info *info;
};

void
policy_file_free(struct policy_file *p)
{
	free(p);
}

void
policy_file_cleanup(struct policy_file **p)
{
	policy_file_free(*p);
}

static int
is(struct bytes word, const char *text)
{
	return bytes_equal(word, bytes_str(text));
}

static int
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static enum err
split_words(struct bytes line, struct words *w)
{
	size_t i = 0, start;

	w->len = 0;
	for (;;) {
		while (i < line.len && is_blank(line.data[i]))
			i++;
		if (i == line.len || (w->len == 0 && line.data[i] == '#'))
			return ERR_OK;
		if (w->len == WORDS_MAX)
			return err_at(w->info, ERR_LIMIT, w->line,
			    "too many words");
		for (start = i; i < line.len && !is_blank(line.data[i]); i++)
			;
		w->word[w->len++] = bytes_of(line.data + start, i - start);
	}
}

static int
find_node(const struct policy_file *p, struct bytes name)
{
	size_t i;

	for (i = 0; i < p->nodes; i++)
		if (is(name, p->node[i].name))
			return (int)i;
	return NO_GROUP;
}

static enum err
parse_key(const struct words *w, struct bytes word, uint8_t type,
    struct note_key *ret)
{
	struct note_key key;
	enum err e = note_key_parse(word, &key);

	if (e != ERR_OK)
		return err_at(w->info, e, w->line, "not a usable vkey");
	if (key.type != type)
		return err_at(w->info, ERR_UNSUPPORTED, w->line,
		    "a key of type %u cannot do this", key.type);
	*ret = key;
	return ERR_OK;
}

/* Two keys are the same if their bytes are, whatever their names. */
static enum err
check_new_key(const struct words *w, const struct note_key *keys,
    size_t count, const struct note_key *key)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (memcmp(keys[i].public_key, key->public_key,
		    sizeof(key->public_key)) == 0)
			return err_at(w->info, ERR_DUPLICATE, w->line,
			    "this key was given before");
	return ERR_OK;
}

/* `log VKEY [URL]` */
static enum err
parse_log(struct policy_file *p, const struct words *w)
{
	struct note_key key;

	if (w->len < 2 || w->len > 3)
		return err_at(w->info, ERR_SYNTAX, w->line,
		    "expected: log VKEY [URL]");
	if (p->logs == POLICY_FILE_LOGS_MAX)
		return err_at(w->info, ERR_LIMIT, w->line, "too many logs");
	RETURN_IF(parse_key(w, w->word[1], NOTE_KEY_ED25519, &key));
	RETURN_IF(check_new_key(w, p->log, p->logs, &key));
	p->log[p->logs++] = key;
	return ERR_OK;
}

/* A new node of that name, not yet counted. */
static enum err
new_node(struct policy_file *p, const struct words *w, struct node **ret)
{
	struct bytes name = w->word[1];
	struct node *n;

	if (p->nodes == POLICY_FILE_NAMES_MAX ||
	    name.len > NOTE_KEY_NAME_MAX)
		return err_at(w->info, ERR_LIMIT, w->line,
		    "too many names, or one too long");
	if (is(name, "none") || find_node(p, name) != NO_GROUP)
		return err_at(w->info, ERR_DUPLICATE, w->line,
		    "this name is taken");
	n = &p->node[p->nodes];
	memset(n, 0, sizeof(*n));
	memcpy(n->name, name.data, name.len);
	n->group = NO_GROUP;
	*ret = n;
	return ERR_OK;
}

/* `witness NAME VKEY [URL]` */
static enum err
parse_witness(struct policy_file *p, const struct words *w)
{
	struct note_key key;
	struct node *n;

	if (w->len < 3 || w->len > 4)
		return err_at(w->info, ERR_SYNTAX, w->line,
		    "expected: witness NAME VKEY [URL]");
	RETURN_IF(new_node(p, w, &n));
	RETURN_IF(parse_key(w, w->word[2], NOTE_KEY_COSIGNATURE, &key));
	RETURN_IF(check_new_key(w, p->witness, p->witnesses, &key));
	if (w->len == 4 && w->word[3].len > POLICY_FILE_URL_MAX)
		return err_at(w->info, ERR_LIMIT, w->line,
		    "the URL is too long");
	if (w->len == 4)
		memcpy(p->url[p->witnesses], w->word[3].data,
		    w->word[3].len);
	n->key = p->witnesses;
	p->witness[p->witnesses++] = key;
	p->nodes++;
	return ERR_OK;
}

static enum err
parse_needed(const struct words *w, size_t members, size_t *ret)
{
	uint64_t k = members;

	if (is(w->word[2], "any"))
		k = 1;
	else if (!is(w->word[2], "all"))
		RETURN_IF(decimal_parse(w->word[2], members, &k) != ERR_OK ?
		    err_at(w->info, ERR_RANGE, w->line,
		    "expected any, all or a number from 1 to the number of "
		    "members") : ERR_OK);
	if (k == 0)
		return err_at(w->info, ERR_RANGE, w->line,
		    "a group of which no member is needed");
	*ret = (size_t)k;
	return ERR_OK;
}

static enum err
join_group(struct policy_file *p, const struct words *w, struct bytes name,
    int group)
{
	int member = find_node(p, name);

	if (member == NO_GROUP)
		return err_at(w->info, ERR_UNKNOWN, w->line,
		    "a member that was not defined above");
	if (p->node[member].group != NO_GROUP)
		return err_at(w->info, ERR_DUPLICATE, w->line,
		    "a member that is in a group already");
	p->node[member].group = group;
	return ERR_OK;
}

/* `group NAME K|any|all NAME...` */
static enum err
parse_group(struct policy_file *p, const struct words *w)
{
	struct node *n;
	size_t i;

	if (w->len < 4)
		return err_at(w->info, ERR_SYNTAX, w->line,
		    "expected: group NAME K|any|all MEMBER...");
	RETURN_IF(new_node(p, w, &n));
	RETURN_IF(parse_needed(w, w->len - 3, &n->needed));
	n->is_group = 1;
	for (i = 3; i < w->len; i++)
		RETURN_IF(join_group(p, w, w->word[i], (int)p->nodes));
	p->nodes++;
	return ERR_OK;
}

/* `quorum NAME|none` */
static enum err
parse_quorum(struct policy_file *p, const struct words *w)
{
	if (w->len != 2)
		return err_at(w->info, ERR_SYNTAX, w->line,
		    "expected: quorum NAME|none");
	if (p->has_quorum)
		return err_at(w->info, ERR_DUPLICATE, w->line,
		    "a second quorum");
	p->quorum = find_node(p, w->word[1]);
	if (p->quorum == NO_GROUP && !is(w->word[1], "none"))
		return err_at(w->info, ERR_UNKNOWN, w->line,
		    "a quorum that was not defined above");
	p->has_quorum = 1;
	return ERR_OK;
}

static const struct {
	const char *word;
	enum err (*parse)(struct policy_file *p, const struct words *w);
} keywords[] = {
	{"log", parse_log},
	{"witness", parse_witness},
	{"group", parse_group},
	{"quorum", parse_quorum},
};

static enum err
parse_line(struct policy_file *p, struct bytes line, struct words *w)
{
	size_t i;

	RETURN_IF(split_words(line, w));
	if (w->len == 0)
		return ERR_OK;
	for (i = 0; i < ARRAY_LEN(keywords); i++)
		if (is(w->word[0], keywords[i].word))
			return keywords[i].parse(p, w);
	return err_at(w->info, ERR_UNKNOWN, w->line,
	    "a line begins with log, witness, group or quorum");
}

static enum err
check_octets(struct bytes line, struct err_info *info, unsigned long number)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		if ((line.data[i] < 0x20 && line.data[i] != '\t') ||
		    line.data[i] == 0x7f)
			return err_at(info, ERR_ENCODING, number,
			    "a control character");
	return ERR_OK;
}

static enum err
parse_lines(struct policy_file *p, struct bytes text, struct err_info *info)
{
	struct words w = {.info = info};
	struct bytes line;
	enum err e;

	for (w.line = 1; (e = bytes_take_line(&text, &line)) == ERR_OK;
	    w.line++) {
		RETURN_IF(check_octets(line, info, w.line));
		RETURN_IF(parse_line(p, line, &w));
	}
	if (e != ERR_NOT_FOUND)
		return err_at(info, ERR_SYNTAX, w.line,
		    "the last line does not end");
	if (!p->has_quorum)
		return err_at(info, ERR_SYNTAX, 0, "no quorum line");
	return ERR_OK;
}

enum err
policy_file_parse(struct bytes text, struct policy_file **ret,
    struct err_info *info)
{
	CLEANUP(policy_file_cleanup) struct policy_file *p = NULL;

	if (text.len > POLICY_FILE_MAX)
		return err_at(info, ERR_LIMIT, 0, "the file is too long");
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return ERR_NOMEM;
	p->quorum = NO_GROUP;
	RETURN_IF(parse_lines(p, text, info));
	*ret = TAKE(p);
	return ERR_OK;
}

size_t
policy_file_logs(const struct policy_file *p)
{
	return p->logs;
}

const struct note_key *
policy_file_log(const struct policy_file *p, size_t i)
{
	MUST_HOLD(i < p->logs);
	return &p->log[i];
}

size_t
policy_file_witnesses(const struct policy_file *p)
{
	return p->witnesses;
}

const struct note_key *
policy_file_witness(const struct policy_file *p, size_t i)
{
	MUST_HOLD(i < p->witnesses);
	return &p->witness[i];
}

const char *
policy_file_witness_name(const struct policy_file *p, size_t i)
{
	size_t n = 0;

	MUST_HOLD(i < p->witnesses);
	while (p->node[n].is_group || p->node[n].key != i)
		n++;
	return p->node[n].name;
}

const char *
policy_file_witness_url(const struct policy_file *p, size_t i)
{
	MUST_HOLD(i < p->witnesses);
	return p->url[i];
}

int
policy_file_quorum_is_none(const struct policy_file *p)
{
	return p->quorum == NO_GROUP;
}

/* Is the quorum reached by the cosignatures made until ${unix_s}? */
static int
quorum_reached(const struct policy_file *p,
    const struct note_verdict *witnesses, int64_t unix_s)
{
	size_t said[POLICY_FILE_NAMES_MAX] = {0};
	const struct note_verdict *v;
	const struct node *n;
	size_t i;
	int yes = 0;

	for (i = 0; i < p->nodes; i++) {
		n = &p->node[i];
		v = &witnesses[n->key];
		yes = n->is_group ? said[i] >= n->needed :
		    v->verified && v->unix_s <= unix_s;
		if ((int)i == p->quorum)
			break;
		if (yes && n->group != NO_GROUP)
			said[n->group]++;
	}
	return yes;
}

/* The earliest time at which the quorum was reached. */
static enum err
find_quorum(const struct policy_file *p, const struct note_verdict *witnesses,
    struct policy_file_result *result)
{
	int64_t earliest = INT64_MAX;
	int reached = 0;
	size_t i;

	for (i = 0; i < p->witnesses; i++) {
		result->witnesses += witnesses[i].verified ? 1 : 0;
		if (p->quorum == NO_GROUP || !witnesses[i].verified ||
		    witnesses[i].unix_s > earliest ||
		    !quorum_reached(p, witnesses, witnesses[i].unix_s))
			continue;
		earliest = witnesses[i].unix_s;
		reached = 1;
	}
	if (p->quorum == NO_GROUP)
		return ERR_OK;
	result->quorum_unix_s = earliest;
	return reached ? ERR_OK : ERR_THRESHOLD;
}

/* One of the logs signed, and the checkpoint is that log's. */
static enum err
check_log(const struct policy_file *p, const struct note_verdict *logs,
    const struct checkpoint *cp)
{
	enum err e = ERR_UNTRUSTED;
	size_t i;

	for (i = 0; i < p->logs; i++) {
		if (!logs[i].verified)
			continue;
		if (strcmp(p->log[i].name, cp->origin) == 0)
			return ERR_OK;
		e = ERR_MISMATCH;
	}
	return e;
}

enum err
policy_file_verify(const struct policy_file *p, struct bytes note,
    struct policy_file_result *ret)
{
	CLEANUP(note_cleanup) struct note *n = NULL;
	struct note_verdict logs[POLICY_FILE_LOGS_MAX];
	struct note_verdict witnesses[POLICY_FILE_NAMES_MAX];
	struct policy_file_result result = {.witnesses = 0};
	enum err e;

	RETURN_IF(note_parse(note, &n));
	RETURN_IF(note_verify(n, p->log, p->logs, logs));
	e = note_verify(n, p->witness, p->witnesses, witnesses);
	if (e != ERR_OK && e != ERR_UNTRUSTED)
		return e;
	RETURN_IF(checkpoint_parse_unverified(note_text_unverified(n),
	    &result.checkpoint));
	RETURN_IF(check_log(p, logs, &result.checkpoint));
	RETURN_IF(find_quorum(p, witnesses, &result));
	*ret = result;
	return ERR_OK;
}
