#include "app/verify_data.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/verify_report.h"
#include "core/encode.h"
#include "core/fs.h"
#include "exporters/consent_check.h"
#include "keys/signers.h"

#define NOTICE_MAX ((size_t)4 << 20)
#define DEPTH_MAX 4

struct looking {
	const struct verify_data_args *args;
	struct outcome *o;
	struct buf signers_text;
	struct signers signers;
	size_t notices;                 /* of this export */
};

static void looking_release(struct looking *l)
{
	signers_release(&l->signers);
	buf_release(&l->signers_text);
}

/* ---- the statement's root ---- */

static enum err check_root(const struct verify_data_args *args,
    struct outcome *o)
{
	uint8_t root[DIGEST_LEN];
	char hex[DIGEST_HEX_LEN + 1], path[FS_PATH_MAX];

	(void)snprintf(o->info.file, sizeof(o->info.file),
	    "%.200s/data/consents.csv", args->data);
	RETURN_IF(consent_check_root(args->data, root));
	digest_to_hex(root, hex);
	RETURN_IF(fs_path(path, "%s/notices", args->data));
	if (strcmp(hex, args->bundle->statement.consent_root) == 0) {
		outcome_put(o, OUTCOME_CHECK,
		    "the consents are exactly those that the statement and the ledger commit to",
		    "同意の一覧は、記載と台帳が示すものと完全に一致します");
	} else if (fs_exists(path)) {
		outcome_put(o, OUTCOME_WARNING,
		    "this is a copy from which withdrawn people were taken out; its consents are fewer than the statement's",
		    "これは撤回した方を除いた写しで、同意の一覧は記載より少なくなっています");
	} else {
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "the consents are not those of consent-root in STATEMENT.txt");
	}
	o->info.file[0] = '\0';
	return ERR_OK;
}

/* ---- notices ---- */

static enum err refuse_notice(struct looking *l, enum err e,
    const char *path, unsigned long line)
{
	if (e == ERR_STATE)
		return outcome_refuse(l->o, ERR_REVOKED,
		    "%s recalls this export as a whole: destroy the data and certify it (azukari destroyed)",
		    "%sはこの提供の全体を回収するものです。廃棄し、証明してください（azukari destroyed）",
		    path);
	outcome_add(l->o, OUTCOME_HINT,
	    "azukari notice apply %s %s makes a copy without them",
	    "azukari notice apply %s %s で、その方を除いた写しを作れます",
	    path, l->args->data);
	return outcome_refuse(l->o, ERR_REVOKED,
	    "line %lu of consents.csv is the receipt of a respondent who has withdrawn, by %s",
	    "consents.csvの%lu行目は、撤回した方の同意です（%s）", line, path);
}

static enum err check_notice(struct looking *l, const char *path)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf sig = {0};
	CLEANUP(notice_release) struct notice n = {0};
	struct signers_claim claim = {"gateway", SSHSIG_NOTICE,
	    l->args->now_unix_s};
	char sig_path[FS_PATH_MAX];
	unsigned long line = 0;
	enum err e;

	(void)snprintf(l->o->info.file, sizeof(l->o->info.file), "%.250s",
	    path);
	RETURN_IF(fs_path(sig_path, "%s.sig", path));
	RETURN_IF(fs_read_file(path, NOTICE_MAX, &text));
	RETURN_IF(fs_read_file(sig_path, SSHSIG_ARMOUR_MAX, &sig));
	e = signers_verify(&l->signers, &claim, bytes_buf(&sig),
	    bytes_buf(&text));
	if (e != ERR_OK)
		return err_at(&l->o->info, e, 0,
		    "it is not signed by the gateway for notice@azukari");
	RETURN_IF(notice_parse(bytes_buf(&text), &n, &l->o->info));
	e = consent_check_notice(l->args->data, &n, &line, &l->o->info);
	if (e == ERR_REVOKED || e == ERR_STATE)
		return refuse_notice(l, e, path, line);
	l->o->info.file[0] = '\0';
	l->notices += e == ERR_OK;
	return e == ERR_MISMATCH ? ERR_OK : e;
}

static int is_notice(const char *path)
{
	size_t len = strlen(path);
	char sig[FS_PATH_MAX];

	return len > 4 && strcmp(path + len - 4, ".txt") == 0 &&
	    fs_path(sig, "%s.sig", path) == ERR_OK && fs_exists(sig);
}

static enum err check_folder(struct looking *l, const char *dir,
    unsigned depth)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char path[FS_PATH_MAX];
	struct stat st;

	RETURN_IF(fs_list(dir, &names));
	for (size_t i = 0; i < names.len; i++) {
		RETURN_IF(fs_path(path, "%s/%s", dir, names.names[i]));
		if (lstat(path, &st) != 0)
			return ERR_IO;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			RETURN_IF(check_folder(l, path, depth + 1));
		else if (S_ISREG(st.st_mode) && is_notice(path))
			RETURN_IF(check_notice(l, path));
	}
	return ERR_OK;
}

static enum err check_notices(const struct verify_data_args *args,
    struct outcome *o)
{
	CLEANUP(looking_release) struct looking l = {.args = args, .o = o};
	char path[FS_PATH_MAX];

	if (args->trust == NULL)
		return outcome_refuse(o, ERR_USAGE,
		    "notices are checked under your own copy of the gateway's keys: --trust DIR",
		    "通知の検証には、手元にあるゲートウェイの鍵が必要です: --trust DIR");
	RETURN_IF(fs_path(path, "%s/allowed_signers", args->trust));
	RETURN_IF(fs_read_file(path, SIGNERS_SIZE_MAX, &l.signers_text));
	RETURN_IF(signers_parse(bytes_buf(&l.signers_text), &l.signers,
	    &o->info));
	RETURN_IF(check_folder(&l, args->notices, 0));
	outcome_add(o, OUTCOME_CHECK,
	    "nobody whom the %zu notices about this export name is among its consents",
	    "この提供についての通知%zu件が示す方は、同意の一覧に含まれていません",
	    l.notices);
	return ERR_OK;
}

enum err verify_data(const struct verify_data_args *args, struct outcome *o)
{
	RETURN_IF(check_root(args, o));
	RETURN_IF(verify_report_data(args->bundle, args->data, o));
	if (args->notices == NULL)
		return ERR_OK;
	return check_notices(args, o);
}
