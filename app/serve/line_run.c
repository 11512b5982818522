/* A channel: opened from the register and its key file. */
#include <stdlib.h>
#include <string.h>

#include "app/papers.h"
#include "app/serve/line_run_internal.h"

static const struct survey *script_survey(const struct line_run *r)
{
	return r->rules.surveys[r->survey];
}

static enum err refuse(struct line_run *r, const char *problem)
{
	r->problem = problem;
	return ERR_STATE;
}

/* ---- what the channel names must be there ---- */

static enum err find_survey(struct line_run *r)
{
	const struct line_channel *c = &r->channel;

	if (intake_rules_survey(&r->rules.rules, bytes_str(c->survey),
	    c->survey_version, &r->survey) != ERR_OK)
		return refuse(r, "its survey is not registered");
	return ERR_OK;
}

static enum err find_text(struct line_run *r)
{
	CLEANUP(paper_release) struct paper p = {0};
	struct register_query q = {.kind = REGISTER_CONSENT_TEXT,
	    .owner = r->owner->code, .sha256 = r->channel.text_sha256};
	enum err e = papers_find(r->owner->home, &q, &p);

	if (e == ERR_NOT_FOUND)
		return refuse(r, "its consent text is not registered");
	RETURN_IF(e);
	if (p.bytes.len == 0 || p.bytes.len > LINE_SAY_CONSENT_MAX)
		return refuse(r, "its consent text does not fit into a reply");
	return buf_append(&r->consent_text, p.bytes.data, p.bytes.len);
}

static enum err set_scopes(struct line_run *r)
{
	const struct line_channel *c = &r->channel;
	struct dialogue_script *s = &r->script;

	for (size_t i = 0; i < c->scopes_len; i++) {
		s->scopes[i] = intake_scope_bit(bytes_str(c->scopes[i]));
		if (c->fields[i][0] == '\0')
			continue;
		s->fields[i] = survey_find(s->survey,
		    bytes_str(c->fields[i]));
		if (s->fields[i] == NULL ||
		    dialogue_check_field(s->fields[i]) != ERR_OK)
			return refuse(r, "a field it fills is not of its survey, or holds no yes and no");
	}
	s->scopes_len = c->scopes_len;
	return ERR_OK;
}

static enum err set_script(struct line_run *r)
{
	struct dialogue_script *s = &r->script;

	RETURN_IF(find_survey(r));
	RETURN_IF(find_text(r));
	s->survey = script_survey(r);
	s->consent_text = bytes_buf(&r->consent_text);
	memcpy(s->text_sha256, r->channel.text_sha256, DIGEST_LEN);
	s->english = r->channel.english;
	RETURN_IF(set_scopes(r));
	RETURN_IF(dialogue_desk_init(&r->desk, s));
	r->desk_ready = 1;
	return ERR_OK;
}

enum err line_run_open(struct line_run *r, struct owner *w,
    const char *source)
{
	char dir[FS_PATH_MAX];

	r->owner = w;
	RETURN_IF(home_path(w->home, dir, "keys"));
	RETURN_IF(line_channel_read(w->home->keys, dir, w->code, source,
	    &r->channel));
	RETURN_IF(register_source_get(w->home->reg, w->code, source,
	    &r->source));
	RETURN_IF(rulebook_load(w->home, w->code, source, &r->rules));
	RETURN_IF(set_script(r));
	if (r->channel.token != NULL)
		RETURN_IF(line_token_new(r->channel.token, &r->token));
	return line_table_init(&r->table, r->settings->dialogues,
	    r->counters);
}

/* ---- ending ---- */

/* Closed, or left to be closed as abandoned by the next who opens one. */
void line_run_end(struct line_run *r)
{
	enum err e;

	if (r->ingest == NULL)
		return;
	e = ingest_end(r->ingest);
	if (e != ERR_OK)
		serve_log("epochs-left-open", "owner", r->owner->code,
		    "source", r->channel.source, "error", err_name(e), NULL);
	ingest_free(TAKE(r->ingest));
}

static void release_lists(struct line_run *r)
{
	if (r->items != NULL)
		secret_wipe(r->items, r->items_cap * sizeof(*r->items));
	free(r->items);
	free(r->given.messages);
	free(r->given.marks);
	free(r->given.tags);
	free(r->given.events);
	free(r->unsent);
	free(r->hashes);
	free(r->seen);
	intake_batch_release(&r->given.batch);
}

void line_run_close(struct line_run *r)
{
	line_run_end(r);
	release_lists(r);
	line_table_release(&r->table);
	if (r->desk_ready)
		dialogue_desk_release(&r->desk);
	buf_release(&r->consent_text);
	rulebook_release(&r->rules);
	line_token_unref(r->token);
	line_channel_release(&r->channel);
	*r = (struct line_run){0};
}

/* A dialogue belongs to its survey. */
void line_run_inherit(struct line_run *r, struct line_run *from)
{
	struct line_table old = r->table;

	if (strcmp(r->channel.survey, from->channel.survey) != 0 ||
	    r->channel.survey_version != from->channel.survey_version ||
	    memcmp(r->channel.text_sha256, from->channel.text_sha256,
	    DIGEST_LEN) != 0 || from->table.slots == NULL)
		return;
	r->table = from->table;
	from->table = old;
}

#define SWEEP_S (24 * 3600)

void line_run_rest(struct line_run *r, int64_t now_unix_s)
{
	int32_t day;

	line_table_sweep(&r->table, now_unix_s - SWEEP_S);
	if (r->ingest != NULL && ingest_epochs_day(r->ingest, &day) == ERR_OK
	    && day != clock_jst_day(now_unix_s))
		line_run_end(r);
}

/* ---- requests ---- */

enum err line_run_verify(struct line_run *r, struct line_request *request)
{
	const struct serve_request *q = request->q;
	const char *signature = serve_header(q, "x-line-signature");
	struct bytes to;

	if (signature == NULL || line_channel_verify(&r->channel,
	    bytes_buf(&q->body), bytes_str(signature)) != ERR_OK)
		return ERR_SIGNATURE;
	request->e = line_batch_parse(bytes_buf(&q->body), &request->body);
	to = request->body.destination;
	if (request->e == ERR_OK && r->channel.destination[0] != '\0' &&
	    to.len > 0 && !bytes_equal(to, bytes_str(r->channel.destination)))
		request->e = ERR_MISMATCH;
	if (request->e != ERR_OK)
		atomic_fetch_add(&r->counters->bad_body, 1);
	return ERR_OK;
}
