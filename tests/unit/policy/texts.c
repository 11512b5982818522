#include "tests/unit/policy/texts.h"

#include "tests/unit/policy/fixture.h"
#include "tests/unit/unit.h"

void
texts_reads_back(const char *text, texts_again_fn again)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct err_info info = {0};
	enum err e = again(bytes_str(text), &out, &info);

	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), info.message);
	assert_string_equal(buf_text(&out), text);
}

static void
refused_or_exact(struct bytes bytes, texts_again_fn again)
{
	CLEANUP(buf_release) struct buf out = {0};

	if (again(bytes, &out, NULL) == ERR_OK)
		assert_true(bytes_equal(bytes, bytes_buf(&out)));
}

void
texts_flip_every_bit(const char *text, texts_again_fn again)
{
	size_t i, len = strlen(text);
	char *copy = strdup(text);
	int bit;

	for (i = 0; i < len; i++) {
		for (bit = 0; bit < 8; bit++) {
			copy[i] = (char)(text[i] ^ 1 << bit);
			refused_or_exact(bytes_of(copy, len), again);
		}
		copy[i] = text[i];
	}
	free(copy);
}

void
texts_cut_everywhere(const char *text, texts_again_fn again)
{
	CLEANUP(buf_release) struct buf out = {0};
	size_t i, len = strlen(text);

	for (i = 0; i < len; i++)
		assert_int_not_equal(again(bytes_of(text, i), &out, NULL),
		    ERR_OK);
}

void
texts_offences(const char *text, texts_again_fn again,
    const struct texts_case *cases, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		CLEANUP(buf_release) struct buf out = {0};
		struct err_info info = {0};
		enum err e = again(bytes_str(fixture_with(text,
		    cases[i].from, cases[i].to)), &out, &info);

		if (e != cases[i].want)
			fail_msg("%s -> %s: %s instead of %s: %s",
			    cases[i].from, cases[i].to, err_name(e),
			    err_name(cases[i].want), info.message);
		if (cases[i].names != NULL &&
		    strstr(info.message, cases[i].names) == NULL)
			fail_msg("%s: the message is \"%s\"", cases[i].to,
			    info.message);
	}
}
