#include "app/cmd/commands.h"

#include <stdio.h>
#include <string.h>

#include "app/home.h"
#include "app/ops/enrol.h"
#include "app/unlock.h"
#include "core/clock.h"

static enum err run_init(struct cli *cli, struct cli_args args)
{
	const char *origin = NULL, *operator_name = NULL;
	const struct cli_option options[] = {
		{"--origin", CLI_TEXT, &origin},
		{"--operator", CLI_TEXT, &operator_name},
	};
	CLEANUP(home_seal_release) struct home_seal seal = {0};
	struct home_create_args create = {.now_unix_s = clock_now_unix_s(),
	    .seal = &seal};
	char key_file[FS_PATH_MAX];

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (origin == NULL || operator_name == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --origin HOST/PATH (the ledger's name) and --operator NAME",
		    "--origin HOST/PATH（台帳の名前）と --operator NAME を指定してください");
	create.dir = args.items[0];
	create.origin = origin;
	create.operator_name = operator_name;
	RETURN_IF(home_create_check(&create, &cli->outcome));
	RETURN_IF(unlock_seal(cli, NULL, 1, &seal));
	if (cli->key_file != NULL)
		RETURN_IF(fs_absolute(cli->key_file, key_file));
	create.key_file = cli->key_file == NULL ? NULL : key_file;
	RETURN_IF(home_create(&create, &cli->outcome));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%s is a gateway's home now; its ledger is %s",
	    "%sをゲートウェイのホームにしました。台帳は%sです", create.dir,
	    origin);
	return ERR_OK;
}

/* Before anybody types a passphrase. */
static enum err check_new_identity(struct cli *cli, const char *dir,
    const char *name)
{
	static const char *const ends[] = {"key", "pub"};
	char path[FS_PATH_MAX];

	if (!identity_name_is_valid(bytes_str(name)))
		return outcome_refuse(&cli->outcome, ERR_SYNTAX,
		    "an identity's name is 1 to 64 of letters, digits, '.', '_' and '-', beginning with a letter or digit; its folder is --dir",
		    "本人鍵の名前は英数字で始まる1から64文字の英数字・「.」・「_」・「-」です。フォルダは --dir で指定してください");
	if (!fs_exists(dir))
		return outcome_refuse(&cli->outcome, ERR_NOT_FOUND,
		    "there is no folder %s", "フォルダ%sがありません", dir);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		RETURN_IF(fs_path(path, "%s/%s.%s", dir, name, ends[i]));
		if (fs_exists(path))
			return outcome_refuse(&cli->outcome, ERR_EXISTS,
			    "%s is there, and a key is never overwritten",
			    "%sがすでにあります。鍵は上書きしません", path);
	}
	return ERR_OK;
}

/* Tests may ask for less work than people should: never below 10. */
#define LOG_N_LEAST 10

static enum err run_keygen(struct cli *cli, struct cli_args args)
{
	const char *dir = ".";
	uint64_t log_n = AGE_LOG_N_DEFAULT;
	const struct cli_option options[] = {
		{"--dir", CLI_TEXT, &dir},
		{"--work-factor", CLI_NUMBER, &log_n},
	};
	CLEANUP(secret_cleanup) struct secret *passphrase = NULL;
	CLEANUP(identity_cleanup) struct identity *id = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (log_n < LOG_N_LEAST || log_n > AGE_LOG_N_CEILING)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--work-factor is 10 to 22; 18 is right for people",
		    "--work-factor は10から22までです。通常は18です");
	if (log_n < AGE_LOG_N_FLOOR)
		outcome_add(&cli->outcome, OUTCOME_WARNING,
		    "work factor %llu is for tests only: such a passphrase is quickly guessed",
		    "計算量%lluは試験専用です。パスフレーズが容易に破られます",
		    (unsigned long long)log_n);
	RETURN_IF(check_new_identity(cli, dir, args.items[0]));
	RETURN_IF(unlock_passphrase(cli, "new passphrase: ",
	    "新しいパスフレーズ: ", 1, &passphrase));
	RETURN_IF(identity_generate(args.items[0], clock_now_unix_s(), &id));
	RETURN_IF(identity_write(id, dir, passphrase, (unsigned)log_n));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%1$s/%2$s.key (keep it, with its passphrase) and %1$s/%2$s.pub (hand it out)",
	    "%1$s/%2$s.key（パスフレーズとともに保管）と%1$s/%2$s.pub（配布用）を作りました",
	    dir, args.items[0]);
	return ERR_OK;
}

/* "SEAT=FILE" items give a seat its spare key. */
static enum err apply_spares(struct cli *cli, const struct cli_list *spares,
    struct enrol_owner *owner)
{
	for (size_t i = 0; i < spares->len; i++) {
		const char *at = strchr(spares->items[i], '=');
		size_t len = at == NULL ? 0 : (size_t)(at - spares->items[i]);
		int found = 0;

		for (size_t k = 0; len > 0 && k < owner->seats_len; k++) {
			const char *pub = strrchr(owner->seats[k].pub, '/');

			pub = pub == NULL ? owner->seats[k].pub : pub + 1;
			if (strncmp(pub, spares->items[i], len) == 0 &&
			    strcmp(pub + len, ".pub") == 0) {
				owner->seats[k].spare_pub = at + 1;
				found = 1;
			}
		}
		if (!found)
			return outcome_refuse(&cli->outcome, ERR_USAGE,
			    "--spare %s: there is no such seat",
			    "--spare %s：その席はありません",
			    spares->items[i]);
	}
	return ERR_OK;
}

static enum err fill_owner(struct cli *cli, const struct cli_list *seats,
    const struct cli_list *institutions, struct enrol_owner *owner)
{
	if (seats->len == 0 || seats->len > ENROL_SEATS_MAX)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "an owner has 1 to 16 seats: give --seat FILE.pub for each",
		    "席は1から16までです。--seat FILE.pub を席ごとに指定してください");
	if (institutions->len > 1 && institutions->len != seats->len)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --institution once for all seats, or once for each",
		    "--institution は全席で1つ、または席の数だけ指定してください");
	owner->seats_len = seats->len;
	for (size_t i = 0; i < seats->len; i++) {
		owner->seats[i].pub = seats->items[i];
		owner->seats[i].institution = institutions->len == 0 ?
		    owner->name : institutions->len == 1 ?
		    institutions->items[0] : institutions->items[i];
	}
	return ERR_OK;
}

static enum err run_owner_add(struct cli *cli, struct cli_args args)
{
	struct enrol_owner owner = {0};
	struct cli_list seats = {0}, institutions = {0}, spares = {0};
	uint64_t threshold = 0;
	const struct cli_option options[] = {
		{"--name", CLI_TEXT, &owner.name},
		{"--representative", CLI_TEXT, &owner.representative},
		{"--threshold", CLI_NUMBER, &threshold},
		{"--seat", CLI_LIST, &seats},
		{"--institution", CLI_LIST, &institutions},
		{"--spare", CLI_LIST, &spares},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	owner.code = args.items[0];
	owner.threshold = threshold > UINT32_MAX ? 0 : (unsigned)threshold;
	if (owner.name == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the owner's name: --name",
		    "所有者の名前を --name で指定してください");
	if (owner.representative == NULL)
		owner.representative = owner.name;
	RETURN_IF(fill_owner(cli, &seats, &institutions, &owner));
	RETURN_IF(apply_spares(cli, &spares, &owner));
	RETURN_IF(unlock_home(cli, &h));
	return enrol_owner_add(h, &owner);
}

static enum err run_owner_pack(struct cli *cli, struct cli_args args)
{
	const char *seat = NULL, *out = NULL;
	const struct cli_option options[] = {
		{"--seat", CLI_TEXT, &seat},
		{"-o", CLI_TEXT, &out},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (seat == NULL || out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --seat NAME and -o FILE",
		    "--seat NAME と -o FILE を指定してください");
	RETURN_IF(unlock_home(cli, &h));
	return enrol_pack(h, args.items[0], seat, out);
}

static enum err run_owner_join(struct cli *cli, struct cli_args args)
{
	const char *identity = NULL, *out = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &identity},
		{"-o", CLI_TEXT, &out},
	};
	CLEANUP(identity_cleanup) struct identity *id = NULL;
	CLEANUP(buf_release) struct buf sheet = {0};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (identity == NULL || out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --identity FILE.key and -o FILE",
		    "--identity FILE.key と -o FILE を指定してください");
	RETURN_IF(unlock_identity(cli, identity, &id));
	RETURN_IF(enrol_join(args.items[0], id, out, clock_now_unix_s(),
	    &sheet, &cli->outcome));
	if (!cli->json)
		(void)fputs(buf_text(&sheet), stdout);
	return ERR_OK;
}

static enum err run_owner_activate(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 2, 17));
	RETURN_IF(unlock_home(cli, &h));
	return enrol_activate(h, args.items[0], args.items + 1, args.len - 1);
}

static const struct cli_command rows[] = {
	{"init", "DIR --origin HOST/PATH --operator NAME",
	    "make a gateway's home", "ゲートウェイのホームを作る", run_init},
	{"keygen", "NAME [--dir DIR]",
	    "make an identity: custodian, partner or auditor",
	    "本人鍵を作る（保管官・研究者・監査人）", run_keygen},
	{"owner add",
	    "CODE --name NAME --representative NAME --threshold T --seat FILE.pub… [--institution NAME] [--spare SEAT=FILE.pub]",
	    "register an owner and draft its charter",
	    "所有者を登録し、憲章の案を作る", run_owner_add},
	{"owner pack", "CODE --seat NAME -o FILE",
	    "write the enrolment packet of one seat",
	    "席ごとの登録用ファイルを書き出す", run_owner_pack},
	{"owner join", "PACKET --identity FILE.key -o FILE",
	    "on the custodian's machine: check, open, sign",
	    "保管官の機械で：確認し、開き、署名する", run_owner_join},
	{"owner activate", "CODE ANSWER…",
	    "put the charter in force", "憲章を発効させる",
	    run_owner_activate},
};

const struct commands_group enrol_commands = {rows, ARRAY_LEN(rows)};
