/* Plaintexts of records: behind a byte for the kind, any bytes; what is read is
 * written back as it was, its body too, for one plaintext has one encoding. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "keys/record_plain.h"

/* A source and two texts. */
static void
make_lists(struct epoch_lists *l)
{
	uint8_t text[DIGEST_LEN] = {0};

	l->opened_unix_s = 1600000000;
	MUST_HOLD(epoch_lists_add_source(l, bytes_str("line")) == ERR_OK);
	MUST_HOLD(epoch_lists_add_text(l, text) == ERR_OK);
	text[0] = 1;
	MUST_HOLD(epoch_lists_add_text(l, text) == ERR_OK);
}

static void
check_body(enum record_kind kind, const struct epoch_lists *l,
    struct bytes body)
{
	CLEANUP(buf_release) struct buf back = {0};
	struct record_plain_withdrawal w;
	struct record_plain_quarantine q;
	struct record_plain_consent c;
	enum err e = ERR_CORRUPT;

	if (kind == RECORD_CONSENT &&
	    record_plain_consent_read(l, body, &c) == ERR_OK)
		e = record_plain_consent_write(l, &c, &back);
	else if (kind == RECORD_WITHDRAWAL &&
	    record_plain_withdrawal_read(body, &w) == ERR_OK)
		e = record_plain_withdrawal_write(&w, &back);
	else if (kind == RECORD_QUARANTINE &&
	    record_plain_quarantine_read(body, &q) == ERR_OK)
		e = record_plain_quarantine_write(&q, &back);
	else
		return;
	MUST_HOLD(e == ERR_OK);
	MUST_HOLD(bytes_equal(bytes_buf(&back), body));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct epoch_lists some, none;
	CLEANUP(buf_release) struct buf back = {0};
	CLEANUP(buf_release) struct buf user = {0};
	const struct epoch_lists *l;
	struct record_plain p;
	enum record_kind kind;

	if (some.sources_len == 0)
		make_lists(&some);
	if (size == 0)
		return 0;
	kind = (enum record_kind)(data[0] % 5 + 1);
	l = data[0] & 0x80 ? &none : &some;
	if (record_plain_parse(kind, l, bytes_of(data + 1, size - 1), &p) !=
	    ERR_OK)
		return 0;
	MUST_HOLD(record_plain_build(kind, l, &p, &back) == ERR_OK);
	MUST_HOLD(bytes_equal(bytes_buf(&back), bytes_of(data + 1, size - 1)));
	MUST_HOLD(record_plain_get_user(&p, &user) == ERR_OK);
	check_body(kind, l, p.body);
	return 0;
}
