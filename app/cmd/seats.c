/* Commands of seats: a charter that follows, hand-over, redistribution. */
#include <stdio.h>

#include "app/cmd/commands.h"
#include "app/ops/handover.h"
#include "app/ops/seats.h"
#include "app/unlock.h"
#include "core/clock.h"

static enum err missing(struct cli *cli, const char *usage)
{
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "something is missing: azukari seat %s",
	    "指定が足りません：azukari seat %s", usage);
}

#define USAGE_CHARTER "OWNER CHARTER --sig FILE…"
#define USAGE_DRAFT \
	"OWNER --seat NAME --successor FILE.pub [--spare FILE.pub] [--institution NAME] -o CHARTER"
#define USAGE_PACK "OWNER --seat NAME -o PACKET"
#define USAGE_RESEAL \
	"PACKET --identity FILE.key --successor FILE.pub [--spare FILE.pub] -o ANSWER"
#define USAGE_RECEIVE "ANSWER --identity FILE.key -o FILE.sig"
#define USAGE_ACCEPT "OWNER ANSWER --sig FILE…"

static enum err run_charter(struct cli *cli, struct cli_args args)
{
	struct cli_list sigs = {0};
	const struct cli_option options[] = {{"--sig", CLI_LIST, &sigs}};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	RETURN_IF(unlock_home(cli, &h));
	return seats_charter(h, args.items[0], args.items[1], sigs.items,
	    sigs.len);
}

/* ---- hand-over ---- */

static enum err run_handover_draft(struct cli *cli, struct cli_args args)
{
	struct handover_draft_args a = {0};
	const struct cli_option options[] = {
		{"--seat", CLI_TEXT, &a.seat},
		{"--successor", CLI_TEXT, &a.successor},
		{"--spare", CLI_TEXT, &a.spare},
		{"--institution", CLI_TEXT, &a.institution},
		{"-o", CLI_TEXT, &a.path},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (a.seat == NULL || a.successor == NULL || a.path == NULL)
		return missing(cli, "handover draft " USAGE_DRAFT);
	a.owner = args.items[0];
	RETURN_IF(unlock_home(cli, &h));
	return handover_draft(h, &a);
}

static enum err run_handover_pack(struct cli *cli, struct cli_args args)
{
	const char *seat = NULL, *out = NULL;
	const struct cli_option options[] = {
		{"--seat", CLI_TEXT, &seat}, {"-o", CLI_TEXT, &out}};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (seat == NULL || out == NULL)
		return missing(cli, "handover pack " USAGE_PACK);
	RETURN_IF(unlock_home(cli, &h));
	return handover_pack(h, args.items[0], seat, out);
}

static enum err run_handover_reseal(struct cli *cli, struct cli_args args)
{
	struct handover_reseal_args a = {.now_unix_s = clock_now_unix_s()};
	const char *identity = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &identity},
		{"--successor", CLI_TEXT, &a.successor},
		{"--spare", CLI_TEXT, &a.spare},
		{"-o", CLI_TEXT, &a.path},
	};
	CLEANUP(identity_cleanup) struct identity *id = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (identity == NULL || a.successor == NULL || a.path == NULL)
		return missing(cli, "handover reseal " USAGE_RESEAL);
	RETURN_IF(unlock_identity(cli, identity, &id));
	a.packet = args.items[0];
	a.identity = id;
	return handover_reseal(&a, &cli->outcome);
}

static enum err run_handover_receive(struct cli *cli, struct cli_args args)
{
	const char *identity = NULL, *out = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &identity}, {"-o", CLI_TEXT, &out}};
	CLEANUP(identity_cleanup) struct identity *id = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (identity == NULL || out == NULL)
		return missing(cli, "handover receive " USAGE_RECEIVE);
	RETURN_IF(unlock_identity(cli, identity, &id));
	return handover_receive(args.items[0], id, out, &cli->outcome);
}

static enum err run_handover_accept(struct cli *cli, struct cli_args args)
{
	struct cli_list sigs = {0};
	const struct cli_option options[] = {{"--sig", CLI_LIST, &sigs}};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	RETURN_IF(unlock_home(cli, &h));
	return handover_accept(h, args.items[0], args.items[1], sigs.items,
	    sigs.len);
}

static const struct cli_command rows[] = {
	{"seat charter", USAGE_CHARTER,
	    "put the next charter in force", "次の憲章を発効させる",
	    run_charter},
	{"seat handover draft", USAGE_DRAFT,
	    "draft a charter that gives a seat to a successor",
	    "席を後任者に渡す憲章の案を作る", run_handover_draft},
	{"seat handover pack", USAGE_PACK,
	    "write the predecessor's packet", "前任者用のファイルを書き出す",
	    run_handover_pack},
	{"seat handover reseal", USAGE_RESEAL,
	    "on the predecessor's machine: seal every share to the successor",
	    "前任者の機械で：すべてのシェアを後任者宛てに封じる",
	    run_handover_reseal},
	{"seat handover receive", USAGE_RECEIVE,
	    "on the successor's machine: open every share, sign the charter",
	    "後任者の機械で：すべてのシェアを開き、憲章に署名する",
	    run_handover_receive},
	{"seat handover accept", USAGE_ACCEPT,
	    "put charter and hand-over in force",
	    "憲章と引き継ぎを発効させる", run_handover_accept},
};

const struct commands_group seats_commands = {rows, ARRAY_LEN(rows)};
