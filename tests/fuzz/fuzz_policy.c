/* policy.json: what does not parse says why; what does can be asked. */
#include "tests/fuzz/fuzz.h"

#include "policy/policy.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(policy_release) struct policy p = {0};
	struct err_info info = {.line = 0};

	if (policy_parse(bytes_of(data, size), &p, &info) != ERR_OK) {
		MUST_HOLD(info.message[0] != '\0');
		return 0;
	}
	MUST_HOLD(policy_find_partner(&p, "nobody-has-this-id-of-33-letters") ==
	    NULL);
	return 0;
}
