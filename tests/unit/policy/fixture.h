/* tests/unit/policy/fixture.h - one owner, one partner, one request, and all
 * that follows from them, for the tests to bend.
 *
 * Keys are well-formed and nobody's; digests are bytes repeated.
 */
#ifndef AZUKARI_TESTS_POLICY_FIXTURE_H
#define AZUKARI_TESTS_POLICY_FIXTURE_H

#include "policy/decision.h"
#include "policy/grant.h"
#include "survey/survey.h"

#define FIXTURE_AGE_0 "age173ur8u9rdxat0zpm7lzrpa7pj3tejj3tf56hlc6m2wwjj86hlg9qtd0gwn"
#define FIXTURE_AGE_1 "age12wm435jcm247sv4f40gqute5n9mqnx8ve2v4j376z7lz579s5thsw6ylm5"
#define FIXTURE_AGE_2 "age1msgturg8uc3sj00uwkwgfp3fq65argg463gr3rfvn58h06ekym9scl4lvw"
#define FIXTURE_AGE_3 "age1a62tnk8tw536c95jsmaxjvhxg9h5qmv6drc96sa6n9rfggge6mcsc3frzc"
#define FIXTURE_AGE_4 "age15m6wx7kws85fy3ft33qvf5fj865qnhy8fgs64y3duw8kahq5w8kswpv625"
#define FIXTURE_AGE_5 "age1qempux2ek6txx0t4fnlu6jngen39hxhs8657059d6jd7lq8njn8s0e7yrh"
#define FIXTURE_AGE_6 "age1yryz24wwqn6h7ad7urxkxafu23mz8r488yj6l90jdk3g86xs892qml7y5r"
#define FIXTURE_AGE_7 "age1puuw5te558kh6qpngg0dzmaj9n4tphcjnx5q7yy7jd22whm5rmyqp2ec49"
#define FIXTURE_AGE_8 "age1cs508xdvayy6qh57ja9wt32ltsudvxzqlw5sjwus2702zcdpwapqtdqvx5"
#define FIXTURE_AGE_9 "age1spekv390sd2ngkuvdx728fdnf9828d20sv7phny0setzqkykmvkqzu5q36"
#define FIXTURE_SSH_0 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdQIFLHSrVymNcuCAqWhFXTOO13/KJYTzLCMydRLULP"
#define FIXTURE_SSH_1 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH8anqfyh4Bo5ATDfsOVkOlVh0bE+qphIK7ZRk/nw2ZJ"
#define FIXTURE_SSH_2 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBOOt5QpEGP4SgiS3pedTGkmTPzf4voruAyoCsSwZ3tf"
#define FIXTURE_SSH_3 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJIXMA9Yb4Kt+IRqrpxv3ZWMJ5VyCV5PRDzkK9So8u/i"
#define FIXTURE_SSH_4 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtHm/DRRG7qlaqagdPVLZu5ifS+DYkPvv0TaIlkkKHp"
#define FIXTURE_SSH_5 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAw+ZotdU4XnZ9CzBAVJYk+BulNEenmOlnwrRtJUatvs"
#define FIXTURE_SSH_6 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKOWgEIXqOHsni4uTspdXKbHwwN37ZnApWLrLr/vmMSo"
#define FIXTURE_SSH_7 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBWlY/Ni+yRfwebfzYsdzxBG0I22op3vd5Frp0uHVbte"
#define FIXTURE_VKEY "gateway.example/log+1a2b3c4d+AYYwxsmvBzDD6WNaRMl7+0rE/1fESZUaYISKxmb18t4M"
#define FIXTURE_PRINT "SHA256:FI3pxaekTRnlbNmuGlVL9nhHr7DFj24S+imsfd/KmUA"

/* 2020-05-01T03:00:00Z, noon in Japan */
#define FIXTURE_NOW 1588302000

/* Texts as they would lie on a disk; digests in them are FIXTURE_HEX's. */
extern const char fixture_charter[], fixture_request[];
extern const char fixture_policy[], fixture_survey[];
extern const char fixture_age_ladder[], fixture_sex_ladder[];
extern const char fixture_date_ladder[];

/* Digest bytes of each document. */
#define FIXTURE_D_REQUEST 0x11
#define FIXTURE_D_REQUEST_SIG 0x12
#define FIXTURE_D_POLICY 0x21
#define FIXTURE_D_CHARTER 0x31
#define FIXTURE_D_SURVEY 0x41
#define FIXTURE_D_AGE 0x51
#define FIXTURE_D_SEX 0x52
#define FIXTURE_D_DATE 0x53
#define FIXTURE_D_TEXT 0x61         /* support and research, later too */
#define FIXTURE_D_TEXT_2 0x62       /* support only */
#define FIXTURE_D_RECIPIENT 0x71
#define FIXTURE_D_SCHEME 0x72
#define FIXTURE_D_PLAN 0x73
#define FIXTURE_D_EPOCHS 0x74

/* ${text} with the first ${from} replaced (which must be there); in one of a
 * few static buffers. */
const char *fixture_with(const char *text, const char *from, const char *to);

/* Appends a whole file. */
enum err fixture_read(const char *path, struct buf *out) MUST_USE;

void fixture_fill(uint8_t ret[32], int byte);

struct fixture {
	struct charter charter;
	struct policy policy;
	struct request request;
	struct survey *survey;
	struct policy_ladder_file ladders[3];
	struct decision_case c;
	/* made by fixture_plan */
	struct plan plan;
	struct plan_epochs epochs;
	struct decision_plan_facts plan_facts;
	/* made by fixture_votes: approvals of seats a, b, c; two count */
	struct votes_approval approvals[3];
	struct votes_stop stops[3];
	struct decision_approval approved[3];
	struct decision_stop stopped[3];
	struct decision_votes votes;
};

/* Everything up to a request that is eligible.  Texts that are not NULL take
 * the place of the fixture's own. */
struct fixture_texts {
	const char *charter, *policy, *request;
};
void fixture_init(struct fixture *f, const struct fixture_texts *texts);
void fixture_release(struct fixture *f);    /* CLEANUP-able */
/* A plan that passes, frozen an hour ago. */
void fixture_plan(struct fixture *f);
/* Valid votes of ${approvals} seats. */
void fixture_votes(struct fixture *f, size_t approvals);
/* A denial or revocation of seat index ${seat}, added to the votes. */
void fixture_stop(struct fixture *f, enum votes_stop_kind kind, size_t seat);
/* The grant of that plan under two approvals. */
void fixture_grant(struct fixture *f, struct grant **ret);

#endif
