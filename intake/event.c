/* intake/event.c - batches: an arena whose bytes never move, and the lists
 * that point into it.  What is let go is wiped first. */
#include "intake/event.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)256 << 10)

struct intake_block {
	struct intake_block *next;
	size_t len, cap;
	uint8_t bytes[];
};

static const struct {
	const char *en, *ja;
} reasons[INTAKE_REASON_COUNT] = {
	[INTAKE_REASON_JSON] = {"not one JSON object with every key once",
	    "キーの重複のない1つのJSONオブジェクトではない"},
	[INTAKE_REASON_TOO_LONG] = {"longer than 64 KiB",
	    "64 KiBより長い"},
	[INTAKE_REASON_ENCODING] = {"characters that are never allowed",
	    "使えない文字がある"},
	[INTAKE_REASON_CSV] = {"not a record of the file's columns",
	    "表の列に合わない行"},
	[INTAKE_REASON_MEMBER] = {"a member missing, unknown or of a wrong type",
	    "要素の不足・未知の要素・型の誤り"},
	[INTAKE_REASON_TYPE] = {"an unknown type of line",
	    "未知の種類の行"},
	[INTAKE_REASON_EVENT] = {"no usable event id",
	    "使えるイベントIDがない"},
	[INTAKE_REASON_RESPONDENT] = {"no usable respondent id",
	    "使える回答者IDがない"},
	[INTAKE_REASON_TIME] = {"no time, or a time in the future",
	    "時刻がない、または未来の時刻"},
	[INTAKE_REASON_SURVEY] = {"a survey or version that is not registered",
	    "登録されていない調査または版"},
	[INTAKE_REASON_CONSENT_TEXT] = {"a consent text that is not registered",
	    "登録されていない同意文"},
	[INTAKE_REASON_SCOPE] = {"scopes that cannot be given or taken back",
	    "与えることも取り消すこともできない範囲"},
	[INTAKE_REASON_FIELD] = {"an answer to a field the survey has not",
	    "調査にない項目への回答"},
	[INTAKE_REASON_ANSWER_TYPE] = {"an answer of another type than its field",
	    "項目の型と違う回答"},
	[INTAKE_REASON_CODE] = {"a code the field has not",
	    "項目にない選択肢"},
	[INTAKE_REASON_VALUE] = {"a value outside the field's constraints",
	    "項目の条件に合わない値"},
	[INTAKE_REASON_REQUIRED] = {"a required answer is missing",
	    "必須の回答がない"},
	[INTAKE_REASON_ONLY_IF] = {"an answer that was not to be asked",
	    "尋ねるべきでない項目への回答"},
	[INTAKE_REASON_EXCLUSIVE] = {"an option that must stand alone does not",
	    "単独でのみ選べる選択肢と他の選択肢"},
	[INTAKE_REASON_RESOURCE] = {"a FHIR resource that says more than can be kept",
	    "保持できないことを述べるFHIRリソース"},
};

const char *
intake_reason_text(enum intake_reason r, int japanese)
{
	MUST_HOLD((size_t)r < ARRAY_LEN(reasons));
	return japanese ? reasons[r].ja : reasons[r].en;
}

static void
wipe_events(struct intake_batch *b)
{
	if (b->events_len > 0)
		explicit_bzero(b->events, b->events_len * sizeof(*b->events));
	if (b->bad_len > 0)
		explicit_bzero(b->bad, b->bad_len * sizeof(*b->bad));
	b->events_len = b->bad_len = 0;
}

void
intake_batch_clear(struct intake_batch *b)
{
	struct intake_block *block;

	wipe_events(b);
	b->lines = 0;
	b->bytes = 0;
	while ((block = b->blocks) != NULL) {
		b->blocks = block->next;
		explicit_bzero(block->bytes, block->len);
		block->len = 0;
		if (block->cap == BLOCK_BYTES) {
			block->next = b->spare;
			b->spare = block;
		} else {
			free(block);
		}
	}
}

void
intake_batch_release(struct intake_batch *b)
{
	struct intake_block *block;

	intake_batch_clear(b);
	while ((block = b->spare) != NULL) {
		b->spare = block->next;
		free(block);
	}
	free(b->events);
	free(b->bad);
	memset(b, 0, sizeof(*b));
}

static struct intake_block *
add_block(struct intake_batch *b, size_t len)
{
	struct intake_block *block = b->spare;
	size_t cap = len > BLOCK_BYTES ? len : BLOCK_BYTES;

	if (block != NULL && cap == BLOCK_BYTES) {
		b->spare = block->next;
	} else if ((block = malloc(sizeof(*block) + cap)) != NULL) {
		block->len = 0;
		block->cap = cap;
	} else {
		return NULL;
	}
	block->next = b->blocks;
	b->blocks = block;
	return block;
}

uint8_t *
intake_batch_alloc(struct intake_batch *b, size_t len)
{
	struct intake_block *block = b->blocks;
	uint8_t *at;

	if (block == NULL || block->cap - block->len < len)
		block = add_block(b, len);
	if (block == NULL)
		return NULL;
	at = block->bytes + block->len;
	block->len += len;
	b->bytes += len;
	return at;
}

enum err
intake_batch_copy(struct intake_batch *b, struct bytes from, struct bytes *ret)
{
	uint8_t *at = intake_batch_alloc(b, from.len);

	if (at == NULL)
		return ERR_NOMEM;
	if (from.len > 0)
		memcpy(at, from.data, from.len);
	*ret = bytes_of(at, from.len);
	return ERR_OK;
}

/* Twice the room; the old list is wiped, which realloc would not do. */
static enum err
grow(void **list, size_t *cap, size_t len, size_t size)
{
	size_t more = *cap == 0 ? 64 : *cap * 2;
	void *bigger = reallocarray(NULL, more, size);

	if (bigger == NULL)
		return ERR_NOMEM;
	if (len > 0) {
		memcpy(bigger, *list, len * size);
		explicit_bzero(*list, len * size);
	}
	free(*list);
	*list = bigger;
	*cap = more;
	return ERR_OK;
}

enum err
intake_batch_add(struct intake_batch *b, struct intake_event **ret)
{
	void *list = b->events;

	if (b->events_len == b->events_cap) {
		RETURN_IF(grow(&list, &b->events_cap, b->events_len,
		    sizeof(*b->events)));
		b->events = list;
	}
	*ret = &b->events[b->events_len++];
	memset(*ret, 0, sizeof(**ret));
	return ERR_OK;
}

enum err
intake_batch_add_bad(struct intake_batch *b, const struct intake_bad *bad)
{
	struct intake_bad copy = *bad;
	void *list = b->bad;

	if (copy.raw.len > INTAKE_LINE_MAX) {
		copy.raw.len = INTAKE_LINE_MAX;
		copy.raw_cut = 1;
	}
	RETURN_IF(intake_batch_copy(b, copy.raw, &copy.raw));
	if (b->bad_len == b->bad_cap) {
		RETURN_IF(grow(&list, &b->bad_cap, b->bad_len,
		    sizeof(*b->bad)));
		b->bad = list;
	}
	b->bad[b->bad_len++] = copy;
	return ERR_OK;
}
