#include "tests/unit/unit.h"

#include "tests/unit/exporters/fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/encode.h"
#include "core/fs.h"
#include "exporters/csv_out.h"
#include "keys/bech32.h"

static const char survey_text[] =
"{\"azukari\":\"survey v1\",\"name\":\"corona\",\"version\":1,"
"\"title\":\"体調アンケート\",\"title_en\":\"Health survey\",\"fields\":["
"{\"name\":\"Q03\",\"type\":\"string\",\"title\":\"いまの体調\","
"\"title_en\":\"condition\",\"disclosure\":\"sensitive\",\"categories\":["
"{\"value\":\"01\",\"label\":\"普段通り\",\"label_en\":\"as usual\"},"
"{\"value\":\"02\",\"label\":\"「発熱\\\"37.5\\\"」\",\"label_en\":\"fever\"},"
"{\"value\":\"03\",\"label\":\"その他\",\"label_en\":\"other\"}]},"
"{\"name\":\"Q04\",\"type\":\"list\",\"title\":\"症状\",\"title_en\":"
"\"symptoms\",\"disclosure\":\"sensitive\",\"categories\":["
"{\"value\":\"S1\",\"label\":\"発熱\"},{\"value\":\"S2\",\"label\":\"せき\"},"
"{\"value\":\"S0\",\"label\":\"なし\"}],\"exclusive\":[\"S0\"]},"
"{\"name\":\"Q05\",\"type\":\"date\",\"title\":\"始まった日\","
"\"disclosure\":\"sensitive\"},"
"{\"name\":\"Q07\",\"type\":\"number\",\"decimals\":1,\"title\":\"体温\","
"\"disclosure\":\"sensitive\",\"constraints\":{\"minimum\":35,"
"\"maximum\":42.5}},"
"{\"name\":\"Q08\",\"type\":\"integer\",\"title\":\"年齢\",\"title_en\":"
"\"age\",\"disclosure\":\"quasi-identifying\",\"constraints\":{\"minimum\":15,"
"\"maximum\":110}},"
"{\"name\":\"Q13\",\"type\":\"boolean\",\"title\":\"渡航\","
"\"disclosure\":\"sensitive\"},"
"{\"name\":\"Q20\",\"type\":\"string\",\"title\":\"自由記述\","
"\"description\":\"何でも\",\"disclosure\":\"sensitive\","
"\"constraints\":{\"maxLength\":200}}]}";

/* Q08 leaves in bands of ten years. */
static const struct column_rule rules[] = {
	{{0, 0}, "as-is", 0}, {{1, 0}, "as-is", 0}, {{2, 0}, "as-is", 0},
	{{3, 0}, "as-is", 0}, {{4, 1}, "ladder:age", 2}, {{5, 0}, "as-is", 0},
	{{6, 0}, "as-is", 0},
};

#define RESPONSE_COLUMNS 11
#define CONSENT_COLUMNS 5

/* ---- tables ---- */

static enum err
table_next(void *ctx, struct rows_batch *ret)
{
	struct fixture_table *t = ctx;
	size_t n = t->rows - t->at < t->batch ? t->rows - t->at : t->batch;

	ret->rows = n;
	ret->columns = t->columns;
	ret->cells = t->cells + t->at * t->columns;
	t->at += n;
	return ERR_OK;
}

/* Cells are offsets while the text grows, pointers when it is whole. */
static void
table_put(struct fixture_table *t, size_t cell, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static void
table_put(struct fixture_table *t, size_t cell, const char *fmt, ...)
{
	char text[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	t->cells[cell].data = (const uint8_t *)(uintptr_t)t->text.len;
	t->cells[cell].len = (size_t)len;
	assert_ok(buf_append(&t->text, text, (size_t)len));
}

static void
table_end(struct fixture_table *t, const char *const *header)
{
	size_t i;

	for (i = 0; i < t->rows * t->columns; i++)
		t->cells[i].data = t->text.data + (uintptr_t)t->cells[i].data;
	t->bytes = csv_out_header_len(header, t->columns);
	for (i = 0; i < t->rows; i++)
		t->bytes += csv_out_line_len(t->cells + i * t->columns,
		    t->columns);
	t->batch = 7;
}

static void
put_answer(struct fixture_table *t, size_t row, size_t person, size_t answer,
    const char *pseudonym)
{
	static const char *const conditions[] = {"01", "02", "03", ""};
	size_t c = row * RESPONSE_COLUMNS, n = person * 3 + answer;

	table_put(t, c++, "%s", pseudonym);
	table_put(t, c++, "%zu", answer + 1);
	table_put(t, c++, "%s", conditions[n % 4]);
	table_put(t, c++, "%s", n % 5 == 4 ? "" : n % 2 ? "1" : "0");
	table_put(t, c++, "%s", n % 5 == 4 ? "" : n % 3 ? "1" : "0");
	table_put(t, c++, "%s", n % 5 == 4 ? "" : "0");
	table_put(t, c++, "%s", n % 6 ? "2026-10-09" : "");
	table_put(t, c++, "%zu.%zu", 36 + n % 3, n % 10);
	table_put(t, c++, "%zu-%zu", 10 + n % 7 * 10, 19 + n % 7 * 10);
	table_put(t, c++, "%s", n % 3 == 0 ? "true" : n % 3 == 1 ? "false" : "");
	table_put(t, c++, "%s", n % 8 == 3 ? "a \"b\", c\nd" : "");
}

static int
compare_pseudonyms(const void *a, const void *b)
{
	uint8_t x[PSEUDONYM_LEN], y[PSEUDONYM_LEN];

	payload_order_key(a, x);
	payload_order_key(b, y);
	return memcmp(x, y, PSEUDONYM_LEN);
}

static void
make_people(struct fixture *f)
{
	uint8_t digest[DIGEST_LEN];
	size_t i;

	f->pseudonyms = calloc(f->people + 1, sizeof(*f->pseudonyms));
	assert_non_null(f->pseudonyms);
	for (i = 0; i < f->people; i++) {
		digest_sha256(bytes_of(&i, sizeof(i)), digest);
		memcpy(f->pseudonyms[i], digest, PSEUDONYM_LEN);
	}
	qsort(f->pseudonyms, f->people, sizeof(*f->pseudonyms),
	    compare_pseudonyms);
}

static void
make_responses(struct fixture *f)
{
	static const char *const header[] = {
		"pseudonym", "answer", "Q03", "Q04_S1", "Q04_S2", "Q04_S0",
		"Q05", "Q07", "Q08", "Q13", "Q20"
	};
	struct fixture_table *t = &f->responses;
	char name[PSEUDONYM_TEXT_LEN + 1];
	size_t i, k;

	t->columns = RESPONSE_COLUMNS;
	t->cells = calloc(f->people * 3 * t->columns + 1, sizeof(*t->cells));
	assert_non_null(t->cells);
	for (i = 0; i < f->people; i++) {
		pseudonym_format(f->pseudonyms[i], name);
		for (k = 0; k < 1 + i % 3; k++)
			put_answer(t, t->rows++, i, k, name);
	}
	table_end(t, header);
}

static void
make_consents(struct fixture *f)
{
	static const char *const header[] = {
		"pseudonym", "text", "scopes", "day", "receipt"
	};
	struct fixture_table *t = &f->consents;
	char name[PSEUDONYM_TEXT_LEN + 1], text[DIGEST_HEX_LEN + 1];
	size_t i;

	t->columns = CONSENT_COLUMNS;
	t->rows = f->people;
	t->cells = calloc(f->people * t->columns + 1, sizeof(*t->cells));
	assert_non_null(t->cells);
	digest_to_hex(f->text.sha256, text);
	for (i = 0; i < f->people; i++) {
		pseudonym_format(f->pseudonyms[i], name);
		table_put(t, i * 5, "%s", name);
		table_put(t, i * 5 + 1, "%s", text);
		table_put(t, i * 5 + 2, "%s", i % 2 ? "research" :
		    "support,research");
		table_put(t, i * 5 + 3, "%zu", 2020 + i % 7);
		table_put(t, i * 5 + 4, "%032zx", i);
	}
	table_end(t, header);
}

static void
table_release(struct fixture_table *t)
{
	buf_release(&t->text);
	free(t->cells);
}

/* ---- keys and texts ---- */

static void
make_keys(struct fixture *f)
{
	struct age_recipient r;
	uint8_t bytes[32];

	memset(bytes, 7, sizeof(bytes));
	assert_ok(secret_new_copy(bytes, sizeof(bytes), &f->partner));
	assert_ok(age_secret_recipient(f->partner, &r));
	bech32_encode_recipient(r.key, f->recipient);
	memset(bytes, 1, sizeof(bytes));
	assert_ok(secret_new_copy(bytes, sizeof(bytes), &f->binding.salt));
	memset(bytes, 2, sizeof(bytes));
	assert_ok(secret_new_copy(bytes, sizeof(bytes),
	    &f->binding.notice_key));
	(void)snprintf(f->binding.export_id, sizeof(f->binding.export_id),
	    FIXTURE_EXPORT);
	(void)snprintf(f->binding.recipient, sizeof(f->binding.recipient),
	    "%s", f->recipient);
	memset(f->binding.plan_sha256, 0xaa, DIGEST_LEN);
	memset(f->binding.request_sha256, 0xbb, DIGEST_LEN);
}

void
fixture_init(struct fixture *f, size_t people)
{
	memset(f, 0, sizeof(*f));
	f->people = people;
	assert_ok(survey_parse(bytes_str(survey_text), &f->survey, NULL));
	assert_ok(column_set_add_survey(&f->columns, f->survey, rules,
	    ARRAY_LEN(rules)));
	make_keys(f);
	assert_ok(buf_append_str(&f->consent_text, "研究に使ってよいですか。\n"));
	f->text.text = bytes_buf(&f->consent_text);
	digest_sha256(f->text.text, f->text.sha256);
	make_people(f);
	make_responses(f);
	make_consents(f);
	f->spec = (struct payload_spec){
		.binding = &f->binding,
		.frozen_unix_s = FIXTURE_FROZEN_UNIX_S,
		.owner_name = "神奈川県", .survey = "corona 1",
		.title = f->survey->title, .title_en = f->survey->title_en,
		.columns = &f->columns,
		.consent_texts = &f->text, .consent_text_count = 1,
	};
	fixture_rewind(f);
}

void
fixture_rewind(struct fixture *f)
{
	f->responses.at = f->consents.at = 0;
	f->spec.responses = (struct payload_table){
		{&f->responses, table_next}, f->responses.rows,
		f->responses.bytes};
	f->spec.consents = (struct payload_table){
		{&f->consents, table_next}, f->consents.rows,
		f->consents.bytes};
}

void
fixture_release(struct fixture *f)
{
	survey_free(f->survey);
	column_set_release(&f->columns);
	secret_free(f->partner);
	binding_release(&f->binding);
	table_release(&f->responses);
	table_release(&f->consents);
	free(f->pseudonyms);
	buf_release(&f->consent_text);
}

void
fixture_write_payload(struct fixture *f, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	fixture_rewind(f);
	assert_ok(payload_write(&f->spec, fd, &f->result));
	assert_int_equal(close(fd), 0);
}

void
fixture_statement(struct fixture *f, struct statement *ret)
{
	static const char *const levels[] = {"Q08 2"};
	static const char *const beside_k[] = {"visits joined"};
	uint8_t proof[DIGEST_LEN], commitment[DIGEST_LEN];
	char (*t)[80] = f->statement_texts;

	digest_to_hex(f->binding.plan_sha256, t[0]);
	digest_to_hex(f->binding.request_sha256, t[1]);
	digest_to_hex(f->result.tagmanifest_sha256, t[2]);
	digest_to_hex(f->result.consent_root, t[3]);
	pseudonym_receipt_proof(f->binding.export_id,
	    secret_bytes(f->binding.salt), proof);
	pseudonym_receipt_commitment(proof, commitment);
	digest_to_hex(commitment, t[4]);
	(void)snprintf(t[5], 80, "%llu", (unsigned long long)f->result.bytes);
	(void)snprintf(t[6], 80, "%llu", (unsigned long long)f->result.rows);
	(void)snprintf(t[7], 80, "%llu",
	    (unsigned long long)f->result.respondents);
	digest_to_hex(f->text.sha256, t[8]);
	(void)snprintf(t[8] + DIGEST_HEX_LEN, 80 - DIGEST_HEX_LEN, " %zu",
	    f->people);
	f->statement_text = t[8];
	*ret = (struct statement){
		.export_id = f->binding.export_id, .plan_sha256 = t[0],
		.request_sha256 = t[1], .project = "fever",
		.project_release = "1", .supersedes = "-", .owner = "14",
		.owner_name = "神奈川県", .representative = "知事",
		.partner = "keio", .recipient_name = "大学",
		.recipient_address = "東京都", .recipient_representative = "学長",
		.investigator = "研究者", .recipient = f->recipient,
		.requester_fingerprint = "SHA256:x", .legal_basis = "consent",
		.purpose = "DUO:0000007", .disease = "-",
		.ethics_approval = "2026-1", .ethics_expiry = "2027-03-31",
		.items = "Q03 Q04 Q05 Q07 Q08 Q13 Q20",
		.period = "2026-10-01..2026-10-31",
		.acquisition = "LINE", .survey = "corona 1 x",
		.rows_considered = "100", .rows_exported = t[6],
		.respondents_exported = t[7], .withheld_no_consent = "<10",
		.withheld_withdrawn = "-", .suppressed = "0",
		.consent_texts = {&f->statement_text, 1}, .consent_root = t[3],
		.pseudonym_scheme = "azk1", .k_asked = "10",
		.k_achieved = "12", .suppression_limit = "500",
		.rules = {beside_k, 1}, .levels = {levels, 1},
		.inner_tagmanifest_sha256 = t[2],
		.receipt_commitment = t[4], .payload_bytes = t[5],
		.notice_book_sha256 = t[3], .transfer = "bundle",
		.third_country = "none", .destruction = "required",
		.retention_until = "2029-03-31", .witnesses = "none",
		.created = "2026-11-22T08:00:00Z", .cite_as = "神奈川県",
		.cite_as_en = "Kanagawa", .software = "azukari 0.1.0",
	};
}

void
fixture_parts(struct fixture *f, struct fixture_parts *ret)
{
	static const char *const names[] = {
		"request.txt", "request.txt.sig", "plan.txt", "plan.txt.sig",
		"approvals/a.txt", "approvals/a.txt.sig", "approvals/a.entry",
		"approvals/a.tlog-proof", "approvals/c.txt",
		"approvals/c.txt.sig", "approvals/c.entry",
		"approvals/c.tlog-proof", "disclosure.txt", "disclosure.json",
		"disclosure.svg",
		"trust/allowed_signers", "trust/ledger.vkey",
		"trust/witness-policy",
	};
	struct statement s;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	fixture_statement(f, &s);
	assert_ok(statement_write(&s, &ret->statement, NULL));
	ret->parts[0] = (struct bundle_part){"STATEMENT.txt",
		bytes_buf(&ret->statement)};
	for (i = 0; i < ARRAY_LEN(names); i++)
		ret->parts[1 + i] = (struct bundle_part){names[i],
			bytes_str(names[i])};
	ret->len = 1 + ARRAY_LEN(names);
}

void
fixture_parts_release(struct fixture_parts *p)
{
	buf_release(&p->statement);
}

/* Signs ${sums} with ssh-keygen; allowed_signers goes to DIR/signers. */
static __attribute__((noinline)) void
sign(const char *dir, struct bytes sums, struct buf *ret_sig)
{
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/sums", dir));
	assert_ok(fs_write_file(path, sums, 0600));
	assert_int_equal(fixture_run("cd %s && ssh-keygen -q -t ed25519 -N '' "
	    "-C gateway -f gateway && printf 'gateway namespaces=\""
	    "export@azukari\" %%s\\n' \"$(cut -d' ' -f1,2 gateway.pub)\" > "
	    "signers && ssh-keygen -q -Y sign -f gateway -n export@azukari sums "
	    "2>/dev/null", dir), 0);
	assert_ok(fs_path(path, "%s/sums.sig", dir));
	assert_ok(fs_read_file(path, 10000, ret_sig));
}

void
fixture_bundle(struct fixture *f, const char *dir)
{
	CLEANUP(fixture_parts_release) struct fixture_parts parts;
	CLEANUP(buf_release) struct buf sums = {0};
	CLEANUP(buf_release) struct buf sig = {0};
	char payload[FS_PATH_MAX], folder[FS_PATH_MAX], tar[FS_PATH_MAX];
	struct bundle_spec spec = {.export_id = FIXTURE_EXPORT};
	struct bundle_target target = {.folder = folder, .tar_path = tar,
		.frozen_unix_s = FIXTURE_FROZEN_UNIX_S};
	struct bundle_seals seals;

	assert_ok(fs_path(payload, "%s/payload", dir));
	assert_ok(fs_path(folder, "%s/made/" FIXTURE_EXPORT, dir));
	assert_ok(fs_path(tar, "%s/" FIXTURE_EXPORT ".tar", dir));
	fixture_write_payload(f, payload);
	fixture_parts(f, &parts);
	spec.parts = parts.parts;
	spec.part_count = parts.len;
	spec.payload_path = payload;
	memcpy(spec.payload_sha256, f->result.sha256, DIGEST_LEN);
	folder[strlen(folder) - strlen("/" FIXTURE_EXPORT)] = '\0';
	assert_ok(fs_mkdir(folder, 0700));
	assert_ok(bundle_build(folder, &spec, &sums, NULL));
	(void)strcat(folder, "/" FIXTURE_EXPORT);
	sign(dir, bytes_buf(&sums), &sig);
	digest_sha256(bytes_buf(&sums), target.sums_sha256);
	seals = (struct bundle_seals){.sig = bytes_buf(&sig),
		.entry = bytes_str("entry\n"), .proof = bytes_str("proof\n")};
	assert_ok(bundle_finish(&target, &seals, NULL));
}

void
fixture_write_identity(const struct fixture *f, const char *dir)
{
	SECRET_BYTES(text, BECH32_SECRET_LEN + 1);
	char path[FS_PATH_MAX];

	bech32_encode_secret(secret_bytes(f->partner), text);
	text[BECH32_SECRET_LEN] = '\n';
	assert_ok(fs_path(path, "%s/id", dir));
	assert_ok(fs_write_file(path, bytes_of(text, sizeof(text)), 0600));
}

struct age_keys
fixture_keys(const struct fixture *f, const struct secret **storage)
{
	*storage = f->partner;
	return (struct age_keys){.identities = storage, .identities_len = 1};
}

void
fixture_overwrite(const char *path, size_t at, struct bytes bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes.data, bytes.len, (off_t)at),
	    bytes.len);
	assert_int_equal(close(fd), 0);
}

int
fixture_is_empty(const char *dir)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};

	assert_ok(fs_list(dir, &names));
	return names.len == 0;
}

int
fixture_run(const char *fmt, ...)
{
	char command[4096];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	assert_true(len > 0 && (size_t)len < sizeof(command));
	return system(command);
}
