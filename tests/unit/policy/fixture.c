#include "tests/unit/policy/fixture.h"

#include "tests/unit/unit.h"

#include "core/fs.h"

#define H8(b) b b b b b b b b
#define H32(b) H8(b) H8(b) H8(b) H8(b)

const char fixture_charter[] =
    "azukari-charter v1\n"
    "owner: 14\n"
    "owner-name: 神奈川県\n"
    "representative: 神奈川県知事\n"
    "version: 1\n"
    "previous: -\n"
    "threshold: 2\n"
    "seat-01: a " FIXTURE_AGE_0 " " FIXTURE_AGE_3 " " FIXTURE_SSH_0
    " 神奈川県 健康医療局\n"
    "seat-02: b " FIXTURE_AGE_1 " - " FIXTURE_SSH_1 " 神奈川県 総務局\n"
    "seat-03: c " FIXTURE_AGE_2 " - " FIXTURE_SSH_2
    " 神奈川県 個人情報保護審査会\n"
    "origin: gateway.example/log\n"
    "gateway-key: " FIXTURE_SSH_3 "\n"
    "ledger-key: " FIXTURE_VKEY "\n"
    "operator: 株式会社運用\n"
    "created: 2020-02-01T00:00:00Z\n"
    "nonce: 000102030405060708090a0b0c0d0e0f\n";

const char fixture_survey[] =
    "{\"azukari\":\"survey v1\",\"name\":\"corona\",\"version\":1,"
    "\"title\":\"調査\",\"fields\":["
    "{\"name\":\"Q03\",\"type\":\"string\",\"categories\":["
    "{\"value\":\"1\"},{\"value\":\"2\"}],\"disclosure\":\"sensitive\"},"
    "{\"name\":\"Q04\",\"type\":\"list\",\"categories\":["
    "{\"value\":\"S1\"},{\"value\":\"S2\"},{\"value\":\"S3\"}],"
    "\"disclosure\":\"sensitive\"},"
    "{\"name\":\"Q05\",\"type\":\"date\",\"disclosure\":"
    "\"quasi-identifying\"},"
    "{\"name\":\"Q08\",\"type\":\"integer\",\"constraints\":"
    "{\"minimum\":0,\"maximum\":120},\"disclosure\":"
    "\"quasi-identifying\"},"
    "{\"name\":\"Q09\",\"type\":\"string\",\"categories\":["
    "{\"value\":\"1\"},{\"value\":\"2\"},{\"value\":\"9\"}],"
    "\"disclosure\":\"quasi-identifying\"},"
    "{\"name\":\"Q10\",\"type\":\"string\",\"constraints\":"
    "{\"pattern\":\"^[0-9]{7}$\"},\"disclosure\":\"quasi-identifying\"},"
    "{\"name\":\"Q12\",\"type\":\"list\",\"categories\":["
    "{\"value\":\"H1\"},{\"value\":\"H2\"}],"
    "\"disclosure\":\"quasi-identifying\"},"
    "{\"name\":\"Q20\",\"type\":\"string\",\"disclosure\":"
    "\"identifying\"},"
    "{\"name\":\"Q21\",\"type\":\"string\"},"
    "{\"name\":\"Q22\",\"type\":\"boolean\",\"disclosure\":"
    "\"insensitive\"},"
    "{\"name\":\"Q23\",\"type\":\"number\",\"decimals\":1,"
    "\"disclosure\":\"sensitive\"},"
    "{\"name\":\"Q24\",\"type\":\"string\",\"disclosure\":"
    "\"quasi-identifying\"}"
    "]}";

const char fixture_age_ladder[] =
    "{\"azukari\":\"ladder v1\",\"kind\":\"bands\",\"levels\":[5,10,20],"
    "\"bottom\":15,\"top\":80}";
const char fixture_sex_ladder[] = "1;*\n2;*\n9;*\n";
const char fixture_date_ladder[] =
    "{\"azukari\":\"ladder v1\",\"kind\":\"date\","
    "\"levels\":[\"week\",\"month\",\"year\"]}";

const char fixture_policy[] =
    "{\"azukari\":\"policy v1\",\"owner\":\"14\",\"version\":1,"
    "\"previous\":null,\n\"charter\":\"" H32("31") "\",\n"
    "\"valid_from\":\"2020-03-01\",\"valid_until\":\"2021-03-31\",\n"
    "\"surveys\":[{\"name\":\"corona\",\"version\":1,\"sha256\":\""
    H32("41") "\"}],\n"
    "\"consent_texts\":[{\"sha256\":\"" H32("61") "\",\"title\":\"研究\","
    "\"scopes\":[\"support\",\"research\"],\"purposes\":[\"DUO:0000007\"],"
    "\"diseases\":[\"MONDO:0100096\"],\"valid_days\":365,"
    "\"covers_earlier\":true},\n"
    "{\"sha256\":\"" H32("62") "\",\"title\":\"支援\","
    "\"scopes\":[\"support\"],\"purposes\":[\"DUO:0000007\"],"
    "\"diseases\":[\"MONDO:0100096\"],\"valid_days\":365,"
    "\"covers_earlier\":false}],\n"
    "\"partners\":[{\"id\":\"keio\",\"name\":\"慶應\",\"name_en\":\"Keio\","
    "\"institution\":\"慶應義塾大学\",\"address\":\"東京都\","
    "\"representative\":\"塾長\",\"investigator\":\"宮田\",\"age\":\""
    FIXTURE_AGE_4 "\",\"ssh\":\"" FIXTURE_SSH_4 "\"}],\n"
    "\"purposes\":{\"permission\":\"DUO:0000007\",\"diseases\":"
    "[\"MONDO:0100096\"],\"modifiers\":[\"DUO:0000021\",\"DUO:0000018\"]},\n"
    "\"legal_bases\":[\"consent\"],\n"
    "\"ladders\":[{\"name\":\"age\",\"sha256\":\"" H32("51") "\"},"
    "{\"name\":\"sex\",\"sha256\":\"" H32("52") "\"},"
    "{\"name\":\"date\",\"sha256\":\"" H32("53") "\"}],\n"
    "\"release\":[{\"survey\":\"corona\",\"version\":1,\"fields\":{"
    "\"Q03\":\"as-is\",\"Q04\":\"as-is\","
    "\"Q05\":{\"ladder\":\"date\",\"from\":1,\"to\":3},"
    "\"Q08\":{\"ladder\":\"age\",\"from\":1,\"to\":4},"
    "\"Q09\":{\"ladder\":\"sex\",\"from\":0,\"to\":1},"
    "\"Q10\":\"never\",\"Q12\":\"as-is\",\"Q20\":\"never\","
    "\"Q22\":\"as-is\"}}],\n"
    "\"disclosure\":{\"k\":10,\"suppression_limit_basis_points\":500,"
    "\"minimum_cell\":10},\n"
    "\"retention_days\":1095,\"plan_valid_days\":30,\n"
    "\"quotas\":{\"exports_per_year\":12,"
    "\"respondents_per_export\":1000000},\n"
    "\"byte_release\":false,\"denial\":\"veto\",\n"
    "\"withdrawal\":{\"hold_hours\":24,\"erase_backup_days\":7,"
    "\"daily_limit\":1000},\n"
    "\"accept_guessable_ids\":false,\n"
    "\"witnesses\":{\"policy_sha256\":null}}";

const char fixture_request[] =
    "azukari-request v1\n"
    "request: REQ-2020-keio-1\n"
    "project: fever\n"
    "title: 発熱の推移\n"
    "partner: keio\n"
    "institution: 慶應義塾大学\n"
    "investigator: 宮田\n"
    "purpose: DUO:0000007 DUO:0000018\n"
    "disease: MONDO:0100096\n"
    "legal-basis: consent\n"
    "ethics-approval: 2020-77\n"
    "ethics-expiry: 2020-12-31\n"
    "owners: 11 14\n"
    "survey: corona 1\n"
    "fields: Q03 Q04 Q05 Q08 Q09\n"
    "period: 2020-03-05..2020-03-30\n"
    "recipient: " FIXTURE_AGE_4 "\n"
    "requester-key: " FIXTURE_SSH_4 "\n"
    "retention-until: 2022-03-31\n"
    "supersedes: -\n"
    "created: 2020-04-30T00:00:00Z\n"
    "expires: 2020-07-31T00:00:00Z\n"
    "nonce: 101112131415161718191a1b1c1d1e1f\n";

const char *
fixture_with(const char *text, const char *from, const char *to)
{
	static char buffers[4][16384];
	static unsigned next;
	char *out = buffers[next++ % 4];
	const char *at = strstr(text, from);
	int len;

	if (at == NULL)
		fail_msg("\"%s\" is not in the text", from);
	len = snprintf(out, sizeof(buffers[0]), "%.*s%s%s",
	    (int)(at - text), text, to, at + strlen(from));
	assert_true(len > 0 && (size_t)len < sizeof(buffers[0]));
	return out;
}

enum err
fixture_read(const char *path, struct buf *out)
{
	return fs_read_file(path, (size_t)64 << 20, out);
}

void
fixture_fill(uint8_t ret[32], int byte)
{
	memset(ret, byte, 32);
}

static void
put_ladder(struct policy_ladder_file *l, const char *name, int digest,
    const char *text)
{
	l->name = name;
	fixture_fill(l->sha256, digest);
	l->bytes = bytes_str(text);
}

static void
put_facts(struct decision_facts *f)
{
	f->now_unix_s = FIXTURE_NOW;
	fixture_fill(f->request_sha256, FIXTURE_D_REQUEST);
	fixture_fill(f->request_sig_sha256, FIXTURE_D_REQUEST_SIG);
	fixture_fill(f->policy_sha256, FIXTURE_D_POLICY);
	fixture_fill(f->charter_sha256, FIXTURE_D_CHARTER);
	fixture_fill(f->survey_sha256, FIXTURE_D_SURVEY);
	fixture_fill(f->recipient_sha256, FIXTURE_D_RECIPIENT);
	f->request_signature_ok = 1;
	f->charter_in_force = 1;
	f->policy_signers = 3;
	f->supersedes_known = 0;
	f->requester_fingerprint = FIXTURE_PRINT;
}

void
fixture_init(struct fixture *f, const struct fixture_texts *texts)
{
	const struct fixture_texts own = {fixture_charter, fixture_policy,
	    fixture_request};
	struct err_info info = {0};
	enum err e;

	memset(f, 0, sizeof(*f));
	if (texts == NULL)
		texts = &own;
	e = charter_parse(bytes_str(texts->charter != NULL ? texts->charter :
	    fixture_charter), &f->charter, &info);
	if (e == ERR_OK)
		e = policy_parse(bytes_str(texts->policy != NULL ?
		    texts->policy : fixture_policy), &f->policy, &info);
	if (e == ERR_OK)
		e = request_parse(bytes_str(texts->request != NULL ?
		    texts->request : fixture_request), &f->request, &info);
	if (e == ERR_OK)
		e = survey_parse(bytes_str(fixture_survey), &f->survey, &info);
	if (e != ERR_OK)
		fail_msg("%s, line %lu: %s", err_name(e), info.line,
		    info.message);
	put_ladder(&f->ladders[0], "age", FIXTURE_D_AGE, fixture_age_ladder);
	put_ladder(&f->ladders[1], "sex", FIXTURE_D_SEX, fixture_sex_ladder);
	put_ladder(&f->ladders[2], "date", FIXTURE_D_DATE,
	    fixture_date_ladder);
	f->c = (struct decision_case){.request = &f->request,
	    .policy = &f->policy, .charter = &f->charter,
	    .survey = f->survey, .ladders = f->ladders, .ladders_len = 3};
	put_facts(&f->c.facts);
}

void
fixture_release(struct fixture *f)
{
	plan_release(&f->plan);
	plan_epochs_release(&f->epochs);
	charter_release(&f->charter);
	policy_release(&f->policy);
	request_release(&f->request);
	survey_free(f->survey);
	f->survey = NULL;
}

static void
put_epochs(struct fixture *f)
{
	struct plan_epoch e = {.records = 100};
	int i;

	f->epochs.owner = "14";
	f->epochs.plan = "PLAN-2020-0007";
	for (i = 0; i < 3; i++) {
		memset(e.id, 0xa0 + i, sizeof(e.id));
		memset(e.sha256, 0xb0 + i, sizeof(e.sha256));
		memset(e.root, 0xc0 + i, sizeof(e.root));
		e.day = 18330 + i;      /* 2020-03-09 */
		assert_ok(plan_epochs_add(&f->epochs, &e));
	}
}

void
fixture_plan(struct fixture *f)
{
	CLEANUP(decision_release) struct decision d = {0};
	struct plan *p = &f->plan;

	assert_ok(decision_make(&f->c, &d));
	assert_ok(decision_fill_plan(&f->c, &d, p));
	put_epochs(f);
	p->id = "PLAN-2020-0007";
	p->export_id = "EXP-2020-0007";
	fixture_fill(p->project_epoch_sha256, 0x75);
	p->project_release = 1;
	fixture_fill(p->scheme_sha256, FIXTURE_D_SCHEME);
	p->epochs = 3;
	fixture_fill(p->epochs_sha256, FIXTURE_D_EPOCHS);
	p->ledger_size = 42;
	p->plan_recipient = FIXTURE_AGE_5;
	p->frozen_unix_s = FIXTURE_NOW - 3600;
	p->expires_unix_s = FIXTURE_NOW + 7 * 86400;
	fixture_fill(f->plan_facts.plan_sha256, FIXTURE_D_PLAN);
	fixture_fill(f->plan_facts.scheme_sha256, FIXTURE_D_SCHEME);
	fixture_fill(f->plan_facts.epochs_sha256, FIXTURE_D_EPOCHS);
	f->plan_facts.signature_ok = 1;
	f->plan_facts.logged = 1;
	f->plan_facts.recipient_fresh = 1;
	f->plan_facts.epochs = &f->epochs;
}

void
fixture_votes(struct fixture *f, size_t approvals)
{
	struct votes_approval *a;
	size_t i;

	for (i = 0; i < approvals; i++) {
		a = &f->approvals[i];
		*a = (struct votes_approval){.plan = f->plan.id,
		    .owner = "14", .seat = f->charter.seats[i].name,
		    .ledger_size = 43,
		    .approved_unix_s = FIXTURE_NOW - 60,
		    .expires_unix_s = FIXTURE_NOW + 86400};
		fixture_fill(a->plan_sha256, FIXTURE_D_PLAN);
		fixture_fill(a->charter_sha256, FIXTURE_D_CHARTER);
		f->approved[i] = (struct decision_approval){a, 1, 1};
	}
	f->votes = (struct decision_votes){f->approved, approvals,
	    f->stopped, 0};
	f->plan_facts.votes = &f->votes;
}

void
fixture_stop(struct fixture *f, enum votes_stop_kind kind, size_t seat)
{
	size_t i = f->votes.stops_len++;
	struct votes_stop *s = &f->stops[i];

	*s = (struct votes_stop){.kind = kind, .plan = f->plan.id,
	    .owner = "14", .seat = f->charter.seats[seat].name,
	    .reason = "わけ", .at_unix_s = FIXTURE_NOW - 30};
	fixture_fill(s->plan_sha256, FIXTURE_D_PLAN);
	f->stopped[i] = (struct decision_stop){s, 1};
}

void
fixture_grant(struct fixture *f, struct grant **ret)
{
	CLEANUP(decision_release) struct decision d = {0};
	enum err e;

	fixture_plan(f);
	fixture_votes(f, 2);
	e = decision_grant(&f->c, &f->plan, &f->plan_facts, &d, ret);
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), d.reasons.len > 0 ?
		    d.reasons.items[0].en : "no reason");
}
