/* bench/bench_payload.c - a payload written, re-derived, bundled, verified and
 * opened; rows per second, and the ratio to stock tools in the same run.
 *
 *     bench_payload [ROWS [RESPONDENTS [DIR]]]
 *
 * 31 columns of answers like those of data/surveys, cells ready made: this
 * measures from finished cells to the file, and back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include "core/clock.h"
#include "core/encode.h"
#include "core/fs.h"
#include "core/secret.h"
#include "exporters/bundle.h"
#include "exporters/bundle_read.h"
#include "exporters/csv_out.h"
#include "exporters/payload.h"
#include "exporters/payload_read.h"
#include "keys/bech32.h"
#include "keys/pseudonym.h"

#define COLUMNS 31
#define ANSWERS (COLUMNS - COLUMN_FIXED)
#define BATCH 4096
#define CONSENT_COLUMNS 5
#define ID "EXP-2026-0001"
#define FROZEN_UNIX_S 1795334400

struct bench {
	size_t rows, people;
	char dir[256];
	struct column_set columns;
	struct binding binding;
	struct secret *partner;
	struct payload_spec spec;
	struct payload_result result;
	/* one batch of each table */
	size_t row, person, of_person;
	uint32_t random;
	char name[PSEUDONYM_TEXT_LEN + 1];
	char names[BATCH][PSEUDONYM_TEXT_LEN + 1], receipts[BATCH][33];
	char text[DIGEST_HEX_LEN + 1];
	struct bytes cells[BATCH * COLUMNS];
};

static void
must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "bench_payload: %s: %s\n", what, err_name(e));
	exit(1);
}
#define MUST(call) must((call), #call)

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint32_t
next_random(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 17;
	b->random ^= b->random << 5;
	return b->random;
}

/* The pseudonym of person ${i}: ascending as text, scattered as bytes. */
static void
name_of(const struct bench *b, size_t i, char ret[PSEUDONYM_TEXT_LEN + 1])
{
	uint64_t high = UINT64_MAX / b->people * i;
	uint64_t low = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	uint8_t key[PSEUDONYM_LEN];
	size_t k;

	for (k = 0; k < 8; k++) {
		key[k] = (uint8_t)(high >> (56 - 8 * k));
		key[8 + k] = (uint8_t)(low >> (56 - 8 * k));
	}
	payload_order_undo(key, key);
	pseudonym_format(key, ret);
}

/* How many answers person ${i} gave: they add up to all rows. */
static size_t
answers_of(const struct bench *b, size_t i)
{
	return (i + 1) * b->rows / b->people - i * b->rows / b->people;
}

/* A code, a flag, an age band or nothing. */
static struct bytes
answer(struct bench *b, size_t column)
{
	static const char digits[] = "0123456789";
	static const char *const bands[] = {
		"15-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-"
	};
	uint32_t r = next_random(b);

	if (column == ANSWERS - 1)
		return bytes_str(bands[r % ARRAY_LEN(bands)]);
	if (column < 6)
		return bytes_of(digits + r % 5, r % 10 != 9);
	return bytes_of(digits + (r % 16 == 0), 1);
}

static enum err
next_responses(void *ctx, struct rows_batch *ret)
{
	struct bench *b = ctx;
	static const char numbers[] = "123456789";
	struct bytes *c = b->cells;
	size_t n, k;

	for (n = 0; n < BATCH && b->row < b->rows; n++, b->row++) {
		while (b->of_person == answers_of(b, b->person)) {
			b->person++;
			b->of_person = 0;
		}
		name_of(b, b->person, b->names[n]);
		*c++ = bytes_of(b->names[n], PSEUDONYM_TEXT_LEN);
		*c++ = bytes_of(numbers + b->of_person++, 1);
		for (k = 0; k < ANSWERS; k++)
			*c++ = answer(b, k);
	}
	*ret = (struct rows_batch){n, COLUMNS, b->cells};
	return ERR_OK;
}

static enum err
next_consents(void *ctx, struct rows_batch *ret)
{
	struct bench *b = ctx;
	struct bytes *c = b->cells;
	uint8_t receipt[PSEUDONYM_RECEIPT_LEN];
	size_t n, k;

	for (n = 0; n < BATCH && b->row < b->people; n++, b->row++) {
		name_of(b, b->row, b->names[n]);
		for (k = 0; k < sizeof(receipt); k++)
			receipt[k] = (uint8_t)next_random(b);
		encode_hex(receipt, sizeof(receipt), b->receipts[n]);
		*c++ = bytes_of(b->names[n], PSEUDONYM_TEXT_LEN);
		*c++ = bytes_of(b->text, DIGEST_HEX_LEN);
		*c++ = bytes_str("research");
		*c++ = bytes_str("2026");
		*c++ = bytes_of(b->receipts[n], 32);
	}
	*ret = (struct rows_batch){n, CONSENT_COLUMNS, b->cells};
	return ERR_OK;
}

/* The second table begins when the first has ended. */
static enum err
first_consents(void *ctx, struct rows_batch *ret)
{
	struct bench *b = ctx;

	b->row = 0;
	b->random = 99;
	b->spec.consents.source.next = next_consents;
	return next_consents(ctx, ret);
}

static void
rewind_rows(struct bench *b)
{
	b->row = b->person = b->of_person = 0;
	b->random = 1;
	b->spec.responses.source = (struct rows_source){b, next_responses};
	b->spec.consents.source = (struct rows_source){b, first_consents};
}

/* The sizes, which a job knows from its first pass. */
static void
measure(struct bench *b)
{
	struct rows_batch batch;
	uint64_t responses, consents;
	size_t i;

	MUST(payload_header_bytes(&b->columns, &responses, &consents));
	rewind_rows(b);
	do {
		MUST(next_responses(b, &batch));
		for (i = 0; i < batch.rows; i++)
			responses += csv_out_line_len(batch.cells +
			    i * COLUMNS, COLUMNS);
	} while (batch.rows > 0);
	consents += b->people * (PSEUDONYM_TEXT_LEN + DIGEST_HEX_LEN + 8 + 4 +
	    32 + CONSENT_COLUMNS);
	b->spec.responses.bytes = responses;
	b->spec.responses.rows = b->rows;
	b->spec.consents.bytes = consents;
	b->spec.consents.rows = b->people;
}

static void
make_columns(struct bench *b)
{
	struct column c = {.type = COLUMN_INTEGER, .rule = "as-is"};
	char name[16];
	size_t i;

	for (i = 0; i < ANSWERS; i++) {
		(void)snprintf(name, sizeof(name), "Q%02zu", i);
		c.name = c.field = name;
		MUST(column_set_add(&b->columns, &c));
	}
}

static void
make_keys(struct bench *b)
{
	struct age_recipient r;

	MUST(age_secret_new(&b->partner));
	MUST(age_secret_recipient(b->partner, &r));
	bech32_encode_recipient(r.key, b->binding.recipient);
	MUST(secret_new_random(32, &b->binding.salt));
	MUST(secret_new_random(32, &b->binding.notice_key));
	(void)snprintf(b->binding.export_id, sizeof(b->binding.export_id), ID);
	memset(b->text, 'a', DIGEST_HEX_LEN);
}

static void
say(const char *what, size_t rows, uint64_t bytes, double s)
{
	printf("%-34s %6.2f s %10.0f rows/s %6.0f MB/s\n", what, s,
	    (double)rows / s, (double)bytes / s / 1e6);
}

/* Wall time of a command. */
static double
timed(const char *fmt, ...) PRINTF_LIKE(1, 2);
static double
timed(const char *fmt, ...)
{
	char command[2048];
	va_list args;
	double t;

	va_start(args, fmt);
	(void)vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	t = seconds();
	if (system(command) != 0)
		must(ERR_IO, command);
	return seconds() - t;
}

static void
write_payload(struct bench *b)
{
	char path[FS_PATH_MAX];
	struct payload_result again;
	double t;
	int fd;

	MUST(fs_path(path, "%s/payload", b->dir));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	rewind_rows(b);
	t = seconds();
	while (b->row < b->rows) {
		struct rows_batch batch;

		MUST(next_responses(b, &batch));
	}
	say("(making the cells alone)", b->rows, b->spec.responses.bytes,
	    seconds() - t);
	rewind_rows(b);
	t = seconds();
	MUST(payload_write(&b->spec, fd, &b->result));
	say("payload_write", b->rows, b->result.plain_bytes, seconds() - t);
	(void)close(fd);
	rewind_rows(b);
	t = seconds();
	MUST(payload_rederive(&b->spec, &again));
	say("payload_rederive", b->rows, again.plain_bytes, seconds() - t);
}

static struct statement
make_statement(struct bench *b, char t[8][80])
{
	uint8_t proof[DIGEST_LEN], commitment[DIGEST_LEN];

	digest_to_hex(b->binding.plan_sha256, t[0]);
	digest_to_hex(b->result.tagmanifest_sha256, t[1]);
	digest_to_hex(b->result.consent_root, t[2]);
	pseudonym_receipt_proof(ID, secret_bytes(b->binding.salt), proof);
	pseudonym_receipt_commitment(proof, commitment);
	digest_to_hex(commitment, t[3]);
	(void)snprintf(t[4], 80, "%llu", (unsigned long long)b->result.bytes);
	return (struct statement){
		ID, t[0], t[0], "p", "1", "-", "14", "x", "x", "p", "x", "x",
		"x", "x", b->binding.recipient, "x", "x", "x", "x", "x",
		"2027-01-01", "x", "x", "x", "x", "-", "-", "-", "-", "-",
		"-", {NULL, 0}, t[2], "x", "1", "1", "1", {NULL, 0},
		{NULL, 0}, t[1],
		t[3], t[4], t[2], "x", "x", "x", "2027-01-01", "x",
		"2026-11-22T08:00:00Z", "x", "x", "x", {NULL, NULL}};
}

static void
make_bundle(struct bench *b, const struct statement *s)
{
	struct bundle_part parts[] = {
		{"STATEMENT.txt", {0}}, {"request.txt", {0}},
		{"request.txt.sig", {0}}, {"plan.txt", {0}},
		{"plan.txt.sig", {0}}, {"approvals/a.txt", {0}},
		{"approvals/a.txt.sig", {0}}, {"approvals/a.entry", {0}},
		{"approvals/a.tlog-proof", {0}}, {"disclosure.txt", {0}},
		{"disclosure.json", {0}}, {"disclosure.svg", {0}},
		{"trust/allowed_signers", {0}}, {"trust/ledger.vkey", {0}},
		{"trust/witness-policy", {0}},
	};
	const struct bundle_seals seals = {bytes_str("s"), bytes_str("e"),
		bytes_str("p"), NULL, 0};
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf sums = {0};
	char payload[FS_PATH_MAX], folder[FS_PATH_MAX], tar[FS_PATH_MAX];
	struct bundle_spec spec = {ID, parts, ARRAY_LEN(parts), payload, {0}};
	struct bundle_target target = {folder, tar, FROZEN_UNIX_S, {0}};
	double t;

	MUST(statement_write(s, &text, NULL));
	parts[0].bytes = bytes_buf(&text);
	memcpy(spec.payload_sha256, b->result.sha256, DIGEST_LEN);
	MUST(fs_path(payload, "%s/payload", b->dir));
	MUST(fs_path(folder, "%s/" ID, b->dir));
	MUST(fs_path(tar, "%s/" ID ".tar", b->dir));
	t = seconds();
	MUST(bundle_build(b->dir, &spec, &sums, NULL));
	digest_sha256(bytes_buf(&sums), target.sums_sha256);
	MUST(bundle_finish(&target, &seals, NULL));
	say("bundle_build, bundle_finish", b->rows, b->result.bytes,
	    seconds() - t);
}

static void
read_bundle(struct bench *b)
{
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;
	char tar[FS_PATH_MAX];
	double ours, theirs;

	MUST(fs_path(tar, "%s/" ID ".tar", b->dir));
	(void)timed("cat %s > /dev/null", tar);
	ours = seconds();
	MUST(bundle_read_open(tar, &r, NULL));
	ours = seconds() - ours;
	say("bundle_read_open", b->rows, b->result.bytes, ours);
	theirs = timed("sha256sum %s > /dev/null", tar);
	say("  sha256sum", b->rows, b->result.bytes, theirs);
	printf("  ratio %.2f\n", ours / theirs);
	theirs = timed("openssl dgst -sha256 %s > /dev/null", tar);
	say("  openssl dgst -sha256", b->rows, b->result.bytes, theirs);
	printf("  ratio %.2f\n", ours / theirs);
}

static void
write_identity(const struct bench *b)
{
	SECRET_BYTES(text, BECH32_SECRET_LEN + 1);
	char path[FS_PATH_MAX];

	bech32_encode_secret(secret_bytes(b->partner), text);
	text[BECH32_SECRET_LEN] = '\n';
	MUST(fs_path(path, "%s/id", b->dir));
	MUST(fs_write_file(path, bytes_of(text, sizeof(text)), 0600));
}

static void
open_payload(struct bench *b, const struct statement *s)
{
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;
	CLEANUP(payload_read_result_release) struct payload_read_result got =
	    {0};
	const struct secret *identities[] = {b->partner};
	const struct age_keys keys = {identities, 1, NULL, 0};
	char tar[FS_PATH_MAX], out[FS_PATH_MAX];
	struct payload_read_spec spec = {.statement = s, .keys = &keys,
		.out_dir = out};
	double ours, theirs;

	MUST(fs_path(tar, "%s/" ID ".tar", b->dir));
	MUST(fs_path(out, "%s/out", b->dir));
	MUST(fs_mkdir(out, 0700));
	write_identity(b);
	ours = seconds();
	MUST(bundle_read_open(tar, &r, NULL));
	bundle_read_payload(r, &spec.payload);
	MUST(payload_read(&spec, &got, NULL));
	ours = seconds() - ours;
	say("bundle_read_open, payload_read", b->rows, b->result.plain_bytes,
	    ours);
	theirs = timed("cd %s && age -d -i id -o x.zst " ID
	    "/payload.tar.zst.age && tar --zstd -xf x.zst", b->dir);
	say("  age -d, tar --zstd -x", b->rows, b->result.plain_bytes, theirs);
	printf("  ratio %.2f\n", ours / theirs);
}

static void
init(struct bench *b)
{
	MUST(secret_process_init(NULL));
	make_columns(b);
	make_keys(b);
	b->spec = (struct payload_spec){
		.binding = &b->binding, .frozen_unix_s = FROZEN_UNIX_S,
		.owner_name = "x", .survey = "x 1", .title = "x",
		.columns = &b->columns,
	};
	measure(b);
	if (mkdtemp(b->dir) == NULL)
		must(ERR_IO, b->dir);
}

int
main(int argc, char **argv)
{
	static struct bench b;
	struct statement s;
	struct rusage usage;
	char texts[8][80];

	b.rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	b.people = argc > 2 ? strtoul(argv[2], NULL, 10) : b.rows * 3 / 5;
	(void)snprintf(b.dir, sizeof(b.dir), "%s/azukari-bench-XXXXXX",
	    argc > 3 ? argv[3] : "/tmp");
	init(&b);
	printf("%zu rows of %zu people, %d columns, %.0f + %.0f MB of CSV\n",
	    b.rows, b.people, COLUMNS, (double)b.spec.responses.bytes / 1e6,
	    (double)b.spec.consents.bytes / 1e6);
	write_payload(&b);
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("memory: %ld MiB at most\n", usage.ru_maxrss / 1024);
	s = make_statement(&b, texts);
	make_bundle(&b, &s);
	read_bundle(&b);
	open_payload(&b, &s);
	MUST(fs_remove_tree(b.dir));
	column_set_release(&b.columns);
	binding_release(&b.binding);
	secret_free(b.partner);
	return 0;
}
