/* tools/generate/writer.c - lines of NDJSON. */
#include "tools/generate/writer.h"

#include "tools/generate/random.h"

const char *const writer_symptoms[10] = {"S1", "S2", "S3", "S4", "S5", "S6",
    "S7", "S8", "S0", "S9"};
const char *const writer_illnesses[10] = {"H1", "H2", "H3", "H4", "H5", "H6",
    "H7", "H8", "H0", "H9"};
const char *const writer_prevention[12] = {"P01", "P02", "P03", "P04", "P05",
    "P06", "P07", "P08", "P09", "P10", "P11", "P12"};
const char *const writer_worries[6] = {"W1", "W2", "W3", "W4", "W5", "W0"};
const char *const writer_occupations[15] = {"01", "02", "03", "04", "05",
    "06", "07", "08", "09", "10", "11", "12", "13", "14", "99"};

void
writer_event_id(struct writer *w, char kind, const struct writer_event *e)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t word = random_word(w->rates->seed, 0, w->rates->owner);
	int i;

	output_text(w->o, "SYN");
	output_number(w->o, w->rates->owner, 2);
	output_char(w->o, '-');
	for (i = 0; i < 8; i++, word >>= 4)
		output_char(w->o, hex[word & 15]);
	output_char(w->o, '-');
	output_char(w->o, kind);
	output_number(w->o, e->number, 10);
	output_char(w->o, '-');
	output_number(w->o, e->round, 1);
}

static void
put_envelope(struct writer *w, const char *type, char kind,
    const struct writer_event *e)
{
	struct output *o = w->o;

	output_text(o, "{\"type\":\"");
	output_text(o, e->fault == FAULT_TYPE ? "reponse" : type);
	output_text(o, "\",\"event\":\"");
	if (e->fault == FAULT_ENCODING)
		output_char(o, '\xff');
	writer_event_id(w, kind, e);
	if (e->fault == FAULT_TWICE)
		output_text(o, "\",\"event\":\"SYN");
	output_text(o, "\",\"time\":\"");
	/* Day 375000 is in 2996. */
	output_time(o, e->fault == FAULT_FUTURE ? 375000 : e->day, e->second);
	output_text(o, "\",\"respondent\":\"");
	output_text(o, e->who->id);
	output_char(o, '"');
}

/* `,"Q03":"1"` */
static void
put_code(struct output *o, const char *field, const char *code)
{
	output_text(o, field);
	output_char(o, '"');
	output_text(o, code);
	output_char(o, '"');
}

static void
put_digit(struct output *o, const char *field, int digit)
{
	output_text(o, field);
	output_char(o, '"');
	output_char(o, (char)('0' + digit));
	output_char(o, '"');
}

static void
put_list(struct output *o, const char *field, const char *const *codes,
    uint32_t bits)
{
	const char *between = "[\"";
	unsigned i;

	output_text(o, field);
	if (bits == 0) {
		output_text(o, "[]");
		return;
	}
	for (i = 0; bits != 0; i++, bits >>= 1) {
		if (!(bits & 1))
			continue;
		output_text(o, between);
		output_text(o, codes[i]);
		between = "\",\"";
	}
	output_text(o, "\"]");
}

static void
put_illness(struct output *o, const struct writer_event *e)
{
	const struct resident_reply *reply = e->reply;

	if (e->fault == FAULT_CODE)
		output_text(o, ",\"Q03\":\"7\"");
	else
		put_digit(o, ",\"Q03\":", reply->condition);
	put_list(o, ",\"Q04\":", writer_symptoms, reply->symptoms);
	if (reply->onset_days_ago != RESIDENT_NONE) {
		output_text(o, ",\"Q05\":\"");
		output_day(o, e->day - reply->onset_days_ago);
		output_char(o, '"');
	}
	if (reply->fever_days != RESIDENT_NONE) {
		output_text(o, ",\"Q06\":");
		output_number(o, (uint64_t)reply->fever_days, 1);
	}
	if (reply->temperature != RESIDENT_NONE) {
		output_text(o, ",\"Q07\":");
		output_tenths(o, reply->temperature);
	}
}

static void
put_person(struct output *o, const struct writer_event *e)
{
	const struct resident *who = e->who;

	output_text(o, ",\"Q08\":");
	if (e->fault == FAULT_NUMBER)
		output_text(o, "\"forty\"");
	else
		output_number(o, e->fault == FAULT_RANGE ? 999 :
		    (uint64_t)who->age, 1);
	put_digit(o, ",\"Q09\":", who->sex);
	if (who->postcode != RESIDENT_NONE) {
		output_text(o, ",\"Q10\":\"");
		output_number(o, (uint64_t)who->postcode, 7);
		output_char(o, '"');
	}
	if (who->municipality != RESIDENT_NONE) {
		output_text(o, ",\"Q10b\":\"");
		output_number(o, (uint64_t)who->municipality, 5);
		output_char(o, '"');
	}
}

static void
put_first(struct output *o, const struct writer_event *e)
{
	const struct resident_reply *reply = e->reply;

	put_code(o, ",\"Q11\":", writer_occupations[e->who->occupation]);
	put_list(o, ",\"Q12\":", writer_illnesses, e->who->illnesses);
	put_digit(o, ",\"Q13\":", reply->travel);
	put_digit(o, ",\"Q14\":", reply->contact);
	put_digit(o, ",\"Q15\":", reply->consulted);
	put_list(o, ",\"Q16\":", writer_prevention, reply->prevention);
	put_list(o, ",\"Q17\":", writer_worries, reply->worries);
}

static void
put_follow_up(struct output *o, const struct resident_reply *reply)
{
	put_digit(o, ",\"F01\":", reply->change);
	output_text(o, ",\"F02\":");
	output_tenths(o, reply->temperature_now);
	put_digit(o, ",\"F03\":", reply->breath);
	put_digit(o, ",\"F04\":", reply->fluids);
}

static void
put_answers(struct writer *w, const struct writer_event *e)
{
	static const char *const advice[] = {"T0", "T1", "T2", "T3"};
	struct output *o = w->o;

	output_text(o, ",\"answers\":{");
	put_code(o, "\"Q01\":", "1");
	put_code(o, ",\"Q02\":", e->plan->gives_research ? "1" : "0");
	put_illness(o, e);
	put_person(o, e);
	if (e->fault == FAULT_FIELD)
		output_text(o, ",\"Q98\":\"1\"");
	if (!e->who->quits && e->round == 0)
		put_first(o, e);
	if (e->round > 0)
		put_follow_up(o, e->reply);
	put_code(o, ",\"T01\":", advice[e->reply->advice]);
	output_char(o, '}');
}

void
writer_response(struct writer *w, const struct writer_event *e)
{
	size_t start;

	output_line(w->o);
	start = w->o->len;
	put_envelope(w, "response", e->fault == FAULT_NONE ? 'r' : 'b', e);
	output_text(w->o, ",\"survey\":\"");
	output_text(w->o, w->survey);
	output_text(w->o, "\",\"version\":");
	output_number(w->o, e->fault == FAULT_VERSION ? 60000 : w->version,
	    1);
	put_answers(w, e);
	output_text(w->o, "}\n");
	if (e->fault == FAULT_CUT) {
		w->o->len = start + (w->o->len - start) * 3 / 5;
		output_char(w->o, '\n');
	}
}

void
writer_consent(struct writer *w, const struct writer_event *e)
{
	struct output *o = w->o;

	output_line(o);
	put_envelope(w, "consent", 'c', e);
	output_text(o, ",\"scopes\":[\"support\"");
	if (e->plan->gives_research)
		output_text(o, ",\"research\"");
	output_text(o, "],\"text\":\"");
	output_text(o, w->texts[e->number % w->texts_len]);
	output_text(o, "\"}\n");
}

void
writer_withdrawal(struct writer *w, const struct writer_event *e)
{
	struct output *o = w->o;

	output_line(o);
	put_envelope(w, "withdrawal", 'w', e);
	output_text(o, e->plan->withdraws_all ? ",\"scopes\":[\"all\"]" :
	    ",\"scopes\":[\"research\"]");
	output_text(o, e->plan->permanent ? ",\"permanent\":true}\n" :
	    ",\"permanent\":false}\n");
}
