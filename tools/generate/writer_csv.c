/* tools/generate/writer_csv.c - the same replies as records of CSV, and the
 * mapping that reads them. */
#include "tools/generate/writer.h"

#include "core/err.h"

#define LIST(field, codes) {field, codes, ARRAY_LEN(codes)}

/* Columns behind event, respondent and time, in order. */
static const struct {
	const char *name;
	const char *const *codes;       /* a list: its options */
	size_t len;
} columns[] = {
	{"Q01", NULL, 0}, {"Q02", NULL, 0}, {"Q03", NULL, 0},
	LIST("Q04", writer_symptoms), {"Q05", NULL, 0}, {"Q06", NULL, 0},
	{"Q07", NULL, 0}, {"Q08", NULL, 0}, {"Q09", NULL, 0},
	{"Q10", NULL, 0}, {"Q10b", NULL, 0}, {"Q11", NULL, 0},
	LIST("Q12", writer_illnesses), {"Q13", NULL, 0}, {"Q14", NULL, 0},
	{"Q15", NULL, 0}, LIST("Q16", writer_prevention),
	LIST("Q17", writer_worries), {"F01", NULL, 0}, {"F02", NULL, 0},
	{"F03", NULL, 0}, {"F04", NULL, 0}, {"T01", NULL, 0},
};

void
writer_csv_header(struct writer *w)
{
	size_t i, j;

	output_text(w->o, "event,respondent,time");
	for (i = 0; i < ARRAY_LEN(columns); i++) {
		for (j = 0; j < columns[i].len; j++) {
			output_char(w->o, ',');
			output_text(w->o, columns[i].name);
			output_char(w->o, '_');
			output_text(w->o, columns[i].codes[j]);
		}
		if (columns[i].len > 0)
			continue;
		output_char(w->o, ',');
		output_text(w->o, columns[i].name);
	}
	output_char(w->o, '\n');
}

static void
put_mapping_field(struct output *o, size_t i)
{
	const char *name = columns[i].name;
	size_t j;

	output_text(o, i == 0 ? "\"" : ",\n  \"");
	output_text(o, name);
	if (columns[i].len == 0) {
		output_text(o, "\":{\"column\":\"");
		output_text(o, name);
		output_text(o, "\"}");
		return;
	}
	output_text(o, "\":{\"columns\":{");
	for (j = 0; j < columns[i].len; j++) {
		output_text(o, j == 0 ? "\"" : ",\"");
		output_text(o, columns[i].codes[j]);
		output_text(o, "\":\"");
		output_text(o, name);
		output_char(o, '_');
		output_text(o, columns[i].codes[j]);
		output_char(o, '"');
	}
	output_text(o, "},\"true\":[\"1\"],\"false\":[\"0\"]}");
}

void
writer_csv_mapping(struct writer *w)
{
	struct output *o = w->o;
	size_t i;

	output_text(o, "{\"azukari\":\"mapping v1\",\"survey\":\"");
	output_text(o, w->survey);
	output_text(o, "\",\"version\":");
	output_number(o, w->version, 1);
	output_text(o, ",\"delimiter\":\",\",\"missing\":[\"\"],\n"
	    " \"event\":{\"column\":\"event\"},"
	    "\"respondent\":{\"column\":\"respondent\"},\n"
	    " \"time\":{\"column\":\"time\",\"format\":\"rfc3339\"},\n");
	if (w->texts_len > 0) {
		output_text(o, " \"consent\":{\"text\":\"");
		output_text(o, w->texts[0]);
		output_text(o, "\",\"scopes\":[\"support\",\"research\"]},\n");
	}
	output_text(o, " \"fields\":{");
	for (i = 0; i < ARRAY_LEN(columns); i++)
		put_mapping_field(o, i);
	output_text(o, "}}\n");
}

static void
put_bits(struct output *o, uint32_t bits, unsigned len)
{
	for (; len > 0; len--, bits >>= 1)
		output_text(o, bits & 1 ? ",1" : ",0");
}

static void
put_optional(struct output *o, int32_t v, unsigned digits)
{
	output_char(o, ',');
	if (v != RESIDENT_NONE)
		output_number(o, (uint64_t)v, digits);
}

static void
put_illness(struct output *o, const struct writer_event *e)
{
	const struct resident_reply *reply = e->reply;

	put_optional(o, e->fault == FAULT_CODE ? 7 : reply->condition, 1);
	put_bits(o, reply->symptoms, ARRAY_LEN(writer_symptoms));
	output_char(o, ',');
	if (reply->onset_days_ago != RESIDENT_NONE)
		output_day(o, e->day - reply->onset_days_ago);
	put_optional(o, reply->fever_days, 1);
	output_char(o, ',');
	if (reply->temperature != RESIDENT_NONE)
		output_tenths(o, reply->temperature);
}

static void
put_first(struct output *o, const struct writer_event *e)
{
	const struct resident_reply *reply = e->reply;

	if (e->who->quits || e->round > 0) {
		/* Q11 to Q17: nothing was asked. */
		for (size_t i = 0; i < 1 + 10 + 3 + 12 + 6; i++)
			output_char(o, ',');
		return;
	}
	output_char(o, ',');
	output_text(o, writer_occupations[e->who->occupation]);
	put_bits(o, e->who->illnesses, ARRAY_LEN(writer_illnesses));
	put_optional(o, reply->travel, 1);
	put_optional(o, reply->contact, 1);
	put_optional(o, reply->consulted, 1);
	put_bits(o, reply->prevention, ARRAY_LEN(writer_prevention));
	put_bits(o, reply->worries, ARRAY_LEN(writer_worries));
}

static void
put_follow_up(struct output *o, const struct writer_event *e)
{
	const struct resident_reply *reply = e->reply;

	if (e->round == 0) {
		output_text(o, ",,,,");
		return;
	}
	put_optional(o, reply->change, 1);
	output_char(o, ',');
	output_tenths(o, reply->temperature_now);
	put_optional(o, reply->breath, 1);
	put_optional(o, reply->fluids, 1);
}

void
writer_csv_response(struct writer *w, const struct writer_event *e)
{
	struct output *o = w->o;

	output_line(o);
	writer_event_id(w, e->fault == FAULT_NONE ? 'r' : 'b', e);
	output_char(o, ',');
	output_text(o, e->who->id);
	output_char(o, ',');
	output_time(o, e->fault == FAULT_FUTURE ? 375000 : e->day, e->second);
	output_text(o, e->plan->gives_research ? ",1,1" : ",1,0");
	put_illness(o, e);
	put_optional(o, e->fault == FAULT_RANGE ? 999 : e->who->age, 1);
	put_optional(o, e->who->sex, 1);
	put_optional(o, e->who->postcode, 7);
	put_optional(o, e->who->municipality, 5);
	put_first(o, e);
	put_follow_up(o, e);
	output_text(o, ",T");
	output_number(o, (uint64_t)e->reply->advice, 1);
	output_text(o, e->fault == FAULT_CUT ? ",\n" : "\n");
}
