/* Signed texts: any bytes as each of them; what parses is written back byte by
 * byte, and what does not says why. */
#include "tests/fuzz/fuzz.h"

#include "exporters/binding.h"
#include "exporters/notice.h"
#include "exporters/receipt.h"
#include "exporters/statement.h"
#include "policy/charter.h"
#include "policy/plan.h"
#include "policy/prior.h"
#include "policy/request.h"
#include "policy/votes.h"

/* TYPE_parse, TYPE_write and TYPE_release, as in the headers. */
#define PAPER(type, given)                                                 \
	static void                                                        \
	check_##type(struct bytes in)                                      \
	{                                                                  \
		CLEANUP(type##_release) struct type t = {0};               \
		CLEANUP(buf_release) struct buf back = {0};                \
		struct err_info info = {.line = 0};                        \
                                                                           \
		if (type##_parse(in, given &t, &info) != ERR_OK) {         \
			MUST_HOLD(info.message[0] != '\0');                \
			return;                                            \
		}                                                          \
		MUST_HOLD(type##_write(&t, &back, &info) == ERR_OK);       \
		MUST_HOLD(bytes_equal(bytes_buf(&back), in));              \
	}
#define COMMA ,
PAPER(charter, )
PAPER(request, )
PAPER(plan, )
PAPER(plan_epochs, )
PAPER(votes_approval, )
PAPER(votes_release, )
PAPER(prior, &prior_schema COMMA)
PAPER(statement, )
PAPER(notice, )
PAPER(notice_applied, )
PAPER(receipt, )
PAPER(receipt_destruction, )

static void
check_stop(struct bytes in, enum votes_stop_kind kind)
{
	CLEANUP(votes_stop_release) struct votes_stop s = {0};
	CLEANUP(buf_release) struct buf back = {0};
	struct err_info info = {.line = 0};

	if (votes_stop_parse(in, kind, &s, &info) != ERR_OK)
		return;
	MUST_HOLD(votes_stop_write(&s, &back, &info) == ERR_OK);
	MUST_HOLD(bytes_equal(bytes_buf(&back), in));
}

/* Of one release, as the register keeps it. */
static void
check_one(struct bytes in)
{
	CLEANUP(prior_release) struct prior p = {0};
	CLEANUP(buf_release) struct buf back = {0};

	if (prior_parse(in, &prior_one_schema, &p, NULL) != ERR_OK)
		return;
	MUST_HOLD(prior_write(&p, &back, NULL) == ERR_OK);
	MUST_HOLD(bytes_equal(bytes_buf(&back), in));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(struct bytes) = {check_charter,
		check_request, check_plan, check_plan_epochs,
		check_votes_approval, check_votes_release, check_prior,
		check_one, check_statement, check_notice,
		check_notice_applied, check_receipt,
		check_receipt_destruction};
	CLEANUP(binding_release) struct binding b = {0};
	struct bytes in = bytes_of(data, size);

	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		checks[i](in);
	check_stop(in, VOTES_DENIAL);
	check_stop(in, VOTES_REVOCATION);
	(void)!binding_parse(in, &b, NULL);
	return 0;
}
