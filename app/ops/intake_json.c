/* What a run took in, for machines: numbers, and bad lines without content. */
#include "app/ops/intake_json.h"

struct json_doc *intake_json_bad(const char *file,
    const struct intake_bad *bad)
{
	struct json_doc *line = json_doc_new_object();

	json_doc_set_string(line, "file", file);
	json_doc_set_int(line, "line", (int64_t)bad->line);
	json_doc_set_string(line, "reason", intake_reason_text(bad->reason,
	    0));
	json_doc_set_string(line, "rule", bad->message);
	return line;
}

static void set_count(struct json_doc *doc, const char *key, uint64_t v)
{
	json_doc_set_int(doc, key, (int64_t)v);
}

static struct json_doc *json_refused(const struct ingest_counts *c)
{
	struct json_doc *doc = json_doc_new_object();

	for (size_t i = 0; i < INGEST_REFUSED_COUNT; i++)
		if (c->refused[i] > 0)
			set_count(doc, ingest_refusal_text(
			    (enum ingest_refusal)i, 0), c->refused[i]);
	return doc;
}

static struct json_doc *json_reasons(const struct ingest_counts *c)
{
	struct json_doc *doc = json_doc_new_object();

	for (size_t i = 0; i < INTAKE_REASON_COUNT; i++)
		if (c->read.reasons[i] > 0)
			set_count(doc, intake_reason_text(
			    (enum intake_reason)i, 0), c->read.reasons[i]);
	return doc;
}

struct json_doc *intake_json_report(const struct intake_run_report *r,
    int dry_run, struct json_doc *bad)
{
	struct json_doc *doc = json_doc_new_object();
	const struct ingest_counts *c = &r->counts;

	json_doc_set_string(doc, "source", r->source);
	json_doc_set_bool(doc, "dry_run", dry_run);
	json_doc_set_int(doc, "batch", r->batch);
	set_count(doc, "lines", c->read.lines);
	set_count(doc, "responses", c->responses);
	set_count(doc, "consents", c->consents);
	set_count(doc, "withdrawals", c->withdrawals);
	set_count(doc, "known_already", c->duplicates);
	json_doc_set(doc, "refused", json_refused(c));
	set_count(doc, "bad", c->read.bad);
	json_doc_set(doc, "bad_reasons", json_reasons(c));
	json_doc_set(doc, "bad_lines", bad);
	set_count(doc, "quarantined", c->quarantined);
	set_count(doc, "new_respondents", c->new_respondents);
	set_count(doc, "notices", c->notices);
	set_count(doc, "epochs", c->epochs);
	return doc;
}
