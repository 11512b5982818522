/* tests/unit/vault/fake_grant.h - a grant made by hand, for tests of vault/.
 *
 * The real one has no constructor outside policy/; this file answers for the
 * functions of policy/grant.h with the plainest rules that can be told apart:
 * scope research, two texts of which the second covers earlier answers. */
#ifndef AZUKARI_TESTS_VAULT_FAKE_GRANT_H
#define AZUKARI_TESTS_VAULT_FAKE_GRANT_H

#include "policy/grant.h"

#define FAKE_EPOCHS_MAX 8

struct grant {
	char owner[3];
	uint8_t survey_sha256[GRANT_SHA256_LEN];
	struct grant_epoch epochs[FAKE_EPOCHS_MAX];
	size_t epochs_len;
	uint8_t texts[2][GRANT_SHA256_LEN];
	int64_t valid_s;                /* of a consent */
	int64_t from_unix_s, end_unix_s;
	int64_t expires_unix_s;
	int reidentifies;
};

#endif
