/* tools/generate/writer.h - events as lines of NDJSON or records of CSV. */
#ifndef AZUKARI_TOOLS_GENERATE_WRITER_H
#define AZUKARI_TOOLS_GENERATE_WRITER_H

#include "tools/generate/output.h"
#include "tools/generate/resident.h"

#define WRITER_TEXTS_MAX 8

/* Ways a line can be wrong, one per bad line. */
enum writer_fault {
	FAULT_NONE, FAULT_CUT, FAULT_TYPE, FAULT_TWICE, FAULT_ENCODING,
	FAULT_FUTURE, FAULT_VERSION, FAULT_FIELD, FAULT_CODE, FAULT_NUMBER,
	FAULT_RANGE, FAULT_COUNT
};

struct writer {
	struct output *o;
	const char *survey;             /* name */
	unsigned version;
	const char *texts[WRITER_TEXTS_MAX];  /* "sha256:..." */
	size_t texts_len;
	const struct resident_rates *rates;
};

/* One reply or act of one person at one time. */
struct writer_event {
	uint64_t number;                /* of the person */
	unsigned round;
	int32_t day;
	unsigned second;
	enum writer_fault fault;
	const struct resident *who;
	const struct resident_reply *reply;
	const struct resident_plan *plan;
};

/* NDJSON */
void writer_response(struct writer *w, const struct writer_event *e);
void writer_consent(struct writer *w, const struct writer_event *e);
void writer_withdrawal(struct writer *w, const struct writer_event *e);

/* CSV: responses only; consents come with its mapping. */
void writer_csv_header(struct writer *w);
void writer_csv_response(struct writer *w, const struct writer_event *e);
/* The mapping document of that CSV. */
void writer_csv_mapping(struct writer *w);

/* `SYN14-SEEDHASH-KIND0000000123-2`: every event id says it is synthetic. */
void writer_event_id(struct writer *w, char kind,
    const struct writer_event *e);

/* Codes of the survey's lists and occupations, by position. */
extern const char *const writer_symptoms[10], *const writer_illnesses[10],
    *const writer_prevention[12], *const writer_worries[6],
    *const writer_occupations[15];

#endif
