/* Trust policies: what parses evaluates without a note being believed. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "ledger/policy_file.h"

static const char strange_note[] = "ledger.example/a\n1\n"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    "\xe2\x80\x94 stranger AAAAAQI=\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(policy_file_cleanup) struct policy_file *p = NULL;
	struct err_info info = {.line = 0};
	struct policy_file_result r;
	size_t i;

	if (policy_file_parse(bytes_of(data, size), &p, &info) != ERR_OK) {
		MUST_HOLD(info.message[0] != '\0');
		return 0;
	}
	for (i = 0; i < policy_file_witnesses(p); i++)
		MUST_HOLD(strlen(policy_file_witness_name(p, i)) > 0 &&
		    policy_file_witness(p, i)->type == NOTE_KEY_COSIGNATURE);
	for (i = 0; i < policy_file_logs(p); i++)
		MUST_HOLD(policy_file_log(p, i)->type == NOTE_KEY_ED25519);
	MUST_HOLD(policy_file_verify(p, bytes_str(strange_note), &r) ==
	    ERR_UNTRUSTED);
	return 0;
}
