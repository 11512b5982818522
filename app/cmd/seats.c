/* Commands of seats: a charter that follows, hand-over, redistribution. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/ops/handover.h"
#include "app/ops/redeal.h"
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

/* ---- dealing anew ---- */

#define USAGE_REDEAL_DRAFT \
	"OWNER [--threshold T] [--drop SEAT]… [--seat NAME=FILE.pub]… [--spare NAME=FILE.pub]… [--institution NAME=TEXT]… -o CHARTER"
#define USAGE_REDEAL_PACK \
	"OWNER --seat NAME --dealer NAME --dealer NAME… -o PACKET"
#define USAGE_REDEAL_DEAL "PACKET --identity FILE.key -o ANSWER"
#define USAGE_REDEAL_GATHER "OWNER ANSWER… --seat NAME -o PACKET"
#define USAGE_REDEAL_RECEIVE "PACKET --identity FILE.key -o ANSWER"

struct redeal_words {
	struct cli_list seats, spares, institutions, drop;
	char names[CHARTER_SEATS_MAX][64];
};

/* What stands behind NAME= in ${list}; NULL: nothing. */
static const char *value_of(const struct cli_list *list, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < list->len; i++)
		if (strncmp(list->items[i], name, len) == 0 &&
		    list->items[i][len] == '=')
			return list->items[i] + len + 1;
	return NULL;
}

static enum err fill_seats(struct cli *cli, struct redeal_words *w,
    struct redeal_draft_args *a)
{
	for (size_t i = 0; i < w->seats.len; i++) {
		const char *at = strchr(w->seats.items[i], '=');
		size_t len = at == NULL ? 0 :
		    (size_t)(at - w->seats.items[i]);

		if (len == 0 || len >= sizeof(w->names[0]) ||
		    i == CHARTER_SEATS_MAX)
			return outcome_refuse(&cli->outcome, ERR_USAGE,
			    "--seat %s: give NAME=FILE.pub, 16 at most",
			    "--seat %s：名前=ファイル.pub の形で、16までです",
			    w->seats.items[i]);
		memcpy(w->names[i], w->seats.items[i], len);
		w->names[i][len] = '\0';
		a->add[i] = (struct redeal_seat){.name = w->names[i],
		    .pub = at + 1,
		    .spare_pub = value_of(&w->spares, w->names[i]),
		    .institution = value_of(&w->institutions, w->names[i])};
	}
	a->add_len = w->seats.len;
	return ERR_OK;
}

static enum err run_redeal_draft(struct cli *cli, struct cli_args args)
{
	struct redeal_draft_args a = {0};
	struct redeal_words w = {0};
	const struct cli_option options[] = {
		{"--threshold", CLI_NUMBER, &a.threshold},
		{"--drop", CLI_LIST, &w.drop},
		{"--seat", CLI_LIST, &w.seats},
		{"--spare", CLI_LIST, &w.spares},
		{"--institution", CLI_LIST, &w.institutions},
		{"-o", CLI_TEXT, &a.path},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (a.path == NULL)
		return missing(cli, "redeal draft " USAGE_REDEAL_DRAFT);
	RETURN_IF(fill_seats(cli, &w, &a));
	a.owner = args.items[0];
	a.drop = w.drop.items;
	a.drop_len = w.drop.len;
	RETURN_IF(unlock_home(cli, &h));
	return redeal_draft(h, &a);
}

static enum err run_redeal_pack(struct cli *cli, struct cli_args args)
{
	struct redeal_pack_args a = {0};
	struct cli_list dealers = {0};
	const struct cli_option options[] = {
		{"--seat", CLI_TEXT, &a.seat},
		{"--dealer", CLI_LIST, &dealers},
		{"-o", CLI_TEXT, &a.path},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (a.seat == NULL || dealers.len == 0 || a.path == NULL)
		return missing(cli, "redeal pack " USAGE_REDEAL_PACK);
	a.owner = args.items[0];
	a.dealers = dealers.items;
	a.dealers_len = dealers.len;
	RETURN_IF(unlock_home(cli, &h));
	return redeal_pack(h, &a);
}

static enum err run_redeal_gather(struct cli *cli, struct cli_args args)
{
	struct redeal_gather_args a = {0};
	const struct cli_option options[] = {
		{"--seat", CLI_TEXT, &a.seat}, {"-o", CLI_TEXT, &a.path}};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2,
	    1 + CHARTER_SEATS_MAX));
	if (a.seat == NULL || a.path == NULL)
		return missing(cli, "redeal gather " USAGE_REDEAL_GATHER);
	a.owner = args.items[0];
	a.dealt = args.items + 1;
	a.dealt_len = args.len - 1;
	RETURN_IF(unlock_home(cli, &h));
	return redeal_gather(h, &a);
}

typedef enum err (*redeal_fn)(const char *packet, const struct identity *id,
    const char *path, int64_t now_unix_s, struct outcome *o);

static enum err run_with_identity(struct cli *cli, struct cli_args args,
    const char *usage, redeal_fn fn)
{
	const char *identity = NULL, *out = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &identity}, {"-o", CLI_TEXT, &out}};
	CLEANUP(identity_cleanup) struct identity *id = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (identity == NULL || out == NULL)
		return missing(cli, usage);
	RETURN_IF(unlock_identity(cli, identity, &id));
	return fn(args.items[0], id, out, clock_now_unix_s(), &cli->outcome);
}

static enum err run_redeal_deal(struct cli *cli, struct cli_args args)
{
	return run_with_identity(cli, args, "redeal deal " USAGE_REDEAL_DEAL,
	    redeal_deal);
}

static enum err run_redeal_receive(struct cli *cli, struct cli_args args)
{
	return run_with_identity(cli, args,
	    "redeal receive " USAGE_REDEAL_RECEIVE, redeal_receive);
}

static enum err run_redeal_accept(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 2, 1 + CHARTER_SEATS_MAX));
	RETURN_IF(unlock_home(cli, &h));
	return redeal_accept(h, args.items[0], args.items + 1, args.len - 1);
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
	{"seat redeal draft", USAGE_REDEAL_DRAFT,
	    "draft a charter with other seats or another threshold",
	    "席や必要数を変える憲章の案を作る", run_redeal_draft},
	{"seat redeal pack", USAGE_REDEAL_PACK,
	    "write a dealing seat's packet", "配り直す席用のファイルを書き出す",
	    run_redeal_pack},
	{"seat redeal deal", USAGE_REDEAL_DEAL,
	    "on a dealing seat's machine: deal its shares to the new seats",
	    "配り直す席の機械で：シェアを新しい席に配る", run_redeal_deal},
	{"seat redeal gather", USAGE_REDEAL_GATHER,
	    "write the packet of pieces for one seat",
	    "1つの席への断片のファイルを書き出す", run_redeal_gather},
	{"seat redeal receive", USAGE_REDEAL_RECEIVE,
	    "on that seat's machine: add the pieces up",
	    "その席の機械で：断片からシェアを作る", run_redeal_receive},
	{"seat redeal accept", "OWNER ANSWER…",
	    "put the new arrangements in force",
	    "新しい配り方を発効させる", run_redeal_accept},
};

const struct commands_group seats_commands = {rows, ARRAY_LEN(rows)};
