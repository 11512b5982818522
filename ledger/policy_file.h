/* ledger/policy_file.h - C2SP tlog-policy: whose word about a log counts.
 *
 * `log VKEY [URL]`, `witness NAME VKEY [URL]`, `group NAME K|any|all NAME...`,
 * `quorum NAME|none`.  This is a verifier's trust root; it never comes from
 * the bundle that is being verified.
 */
#ifndef AZUKARI_LEDGER_POLICY_FILE_H
#define AZUKARI_LEDGER_POLICY_FILE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/checkpoint.h"

#define POLICY_FILE_MAX ((size_t)256 << 10)
#define POLICY_FILE_NAMES_MAX 128       /* witnesses and groups together */
#define POLICY_FILE_LOGS_MAX 64
#define POLICY_FILE_URL_MAX 255

struct policy_file;

/* Parse.  ERR_SYNTAX, ERR_ENCODING, ERR_LIMIT, ERR_UNKNOWN (keyword, or a name
 * not defined above), ERR_DUPLICATE (name, key, member, quorum), ERR_RANGE
 * (k), ERR_UNSUPPORTED (key type), ERR_MISMATCH (key id) with ${info}. */
enum err policy_file_parse(struct bytes text, struct policy_file **ret,
    struct err_info *info) MUST_USE;
void policy_file_free(struct policy_file *p);
void policy_file_cleanup(struct policy_file **p);

size_t policy_file_logs(const struct policy_file *p);
const struct note_key *policy_file_log(const struct policy_file *p, size_t i);
size_t policy_file_witnesses(const struct policy_file *p);
const struct note_key *policy_file_witness(const struct policy_file *p,
    size_t i);
/* The name a witness has in this file. */
const char *policy_file_witness_name(const struct policy_file *p, size_t i);
/* Where it answers, as the file says; "" where it does not. */
const char *policy_file_witness_url(const struct policy_file *p, size_t i);
/* 1 where the file says `quorum none`: no cosignature is asked for. */
int policy_file_quorum_is_none(const struct policy_file *p);

struct policy_file_result {
	struct checkpoint checkpoint;
	size_t witnesses;       /* that cosigned */
	/* The earliest instant by which the quorum had cosigned; 0 with
	 * `quorum none`. */
	int64_t quorum_unix_s;
};

/* Verify a checkpoint note under the policy: one of its logs (name = origin)
 * signed, no known signature is bad, the quorum cosigned.  ERR_UNTRUSTED: no
 * listed log signed; ERR_SIGNATURE; ERR_MISMATCH: the origin is not the
 * signing log's; ERR_THRESHOLD: quorum not reached; parse errors. */
enum err policy_file_verify(const struct policy_file *p, struct bytes note,
    struct policy_file_result *ret) MUST_USE;

#endif
