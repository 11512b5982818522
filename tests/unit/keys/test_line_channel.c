#include "tests/unit/keys/keys_test.h"

#include "keys/line_channel.h"

#define CREATED 1795334400

static struct secret *
secret_of(const char *text)
{
	struct secret *s = NULL;

	assert_ok(line_channel_parse_secret(bytes_str(text),
	    LINE_CHANNEL_SECRET_MAX, &s));
	return s;
}

/* Published signatures of LINE's own libraries. */
static void
test_published_signatures(void **state)
{
	static const struct {
		const char *secret, *body, *signature;
	} cases[] = {
		{"SECRET", "{}",
		    "3q8QXTAGaey18yL8FWTqdVlbMr6hcuNvM4tefa0o9nA="},
		{"channel_secret", "bodybodybodybody",
		    "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k="},
		{"test_secret", "{\"hello\":\"world\"}",
		    "t7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM="},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(line_channel_release) struct line_channel c = {0};
		struct bytes body = bytes_str(cases[i].body);
		char bad[64];

		c.secrets[0] = secret_of("another");
		assert_err(line_channel_verify(&c, body,
		    bytes_str(cases[i].signature)), ERR_SIGNATURE);
		c.secrets[1] = secret_of(cases[i].secret);
		assert_ok(line_channel_verify(&c, body,
		    bytes_str(cases[i].signature)));
		/* every character counts, and so does every byte */
		for (size_t at = 0; at < strlen(cases[i].signature); at++) {
			(void)snprintf(bad, sizeof(bad), "%s",
			    cases[i].signature);
			bad[at] = bad[at] == 'A' ? 'B' : 'A';
			assert_err(line_channel_verify(&c, body,
			    bytes_str(bad)), ERR_SIGNATURE);
			bad[at] = '\0';
			assert_err(line_channel_verify(&c, body,
			    bytes_str(bad)), ERR_SIGNATURE);
		}
		body.len--;
		assert_err(line_channel_verify(&c, body,
		    bytes_str(cases[i].signature)), ERR_SIGNATURE);
	}
}

static void
fill(struct line_channel *c)
{
	*c = (struct line_channel){.owner = "14", .source = "line",
	    .generation = 3, .created_unix_s = CREATED,
	    .destination = "U0123456789abcdef0123456789abcdef",
	    .survey = "corona", .survey_version = 1,
	    .scopes = {"support", "research"}, .fields = {"Q01", ""},
	    .scopes_len = 2};
	memset(c->text_sha256, 7, DIGEST_LEN);
	c->secrets[0] = secret_of("new");
	c->secrets[1] = secret_of("old\n");
	c->token = secret_of("token/+=");
}

static void
test_file(void **state)
{
	CLEANUP(line_channel_release) struct line_channel c = {0}, got = {0};
	struct gateway_key *gw = NULL, *other = NULL;
	char dir[FS_PATH_MAX], path[FS_PATH_MAX], moved[FS_PATH_MAX];

	(void)state;
	keys_test_mkdir(dir);
	assert_ok(gateway_key_new("h/p", CREATED, &gw));
	assert_ok(gateway_key_new("h/p", CREATED, &other));
	assert_err(line_channel_read(gw, dir, "14", "line", &got),
	    ERR_NOT_FOUND);
	fill(&c);
	assert_ok(line_channel_write(gw, dir, &c));
	assert_ok(line_channel_read(gw, dir, "14", "line", &got));
	assert_int_equal(got.generation, 3);
	assert_string_equal(got.destination, c.destination);
	assert_string_equal(got.fields[0], "Q01");
	assert_string_equal(got.fields[1], "");
	assert_string_equal(got.scopes[1], "research");
	assert_int_equal(got.scopes_len, 2);
	assert_true(secret_equal(got.secrets[0], c.secrets[0]));
	assert_int_equal(secret_len(got.secrets[1]), 3);
	assert_true(secret_equal(got.token, c.token));
	assert_memory_equal(got.text_sha256, c.text_sha256, DIGEST_LEN);
	line_channel_release(&got);
	assert_err(line_channel_read(other, dir, "14", "line", &got),
	    ERR_NO_MATCH);
	/* one source's file is not another's */
	assert_ok(line_channel_path(dir, "14", "line", path, sizeof(path)));
	assert_ok(line_channel_path(dir, "13", "line", moved,
	    sizeof(moved)));
	assert_int_equal(rename(path, moved), 0);
	assert_err(line_channel_read(gw, dir, "13", "line", &got),
	    ERR_MISMATCH);
	gateway_key_free(gw);
	gateway_key_free(other);
	keys_test_rmdir(dir);
}

static void
test_refuses(void **state)
{
	struct gateway_key *gw = NULL;
	struct secret *s = NULL;
	char dir[FS_PATH_MAX];

	(void)state;
	keys_test_mkdir(dir);
	assert_ok(gateway_key_new("h/p", CREATED, &gw));
	for (int i = 0; i < 8; i++) {
		CLEANUP(line_channel_release) struct line_channel c = {0};

		fill(&c);
		switch (i) {
		case 0: c.owner[0] = '9'; break;
		case 1: c.source[0] = 'L'; break;
		case 2: c.destination[1] = 'g'; break;
		case 3: c.survey_version = 0; break;
		case 4: c.scopes_len = 0; break;
		case 5: strcpy(c.scopes[1], "support"); break;
		case 6: strcpy(c.scopes[1], "all"); break;
		default: secret_free(TAKE(c.secrets[0])); break;
		}
		assert_err(line_channel_write(gw, dir, &c), ERR_SYNTAX);
	}
	assert_err(line_channel_parse_secret(bytes_str(""), 9, &s),
	    ERR_SYNTAX);
	assert_err(line_channel_parse_secret(bytes_str("a b"), 9, &s),
	    ERR_SYNTAX);
	assert_err(line_channel_parse_secret(bytes_str("-"), 9, &s),
	    ERR_SYNTAX);
	assert_err(line_channel_parse_secret(bytes_str("0123456789"), 9, &s),
	    ERR_SYNTAX);
	gateway_key_free(gw);
	keys_test_rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_signatures),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
