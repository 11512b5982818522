/* A drill on the custodian's own machine: no home. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ops/drill.h"
#include "app/ops/officer_internal.h"
#include "keys/age.h"
#include "keys/sshsig.h"

#define TEXT_MAX ((size_t)64 << 10)

static enum err open_text(struct officer *w, struct buf *text,
    struct outcome *o)
{
	const struct secret *identities[1] = {
		identity_open_secret(w->args.identity)};
	const struct age_keys keys = {.identities = identities,
	    .identities_len = 1};
	struct bytes sealed;
	char seat[40];

	RETURN_IF(officer_need(w, "drill.age", &sealed, o));
	for (size_t i = 0; i < w->pack.len; i++) {
		const char *name = w->pack.files[i].name;

		if (strcmp(name, "charter.txt") != 0 &&
		    strcmp(name, "drill.age") != 0 &&
		    !officer_between(name, "charter.", ".sig", seat)) {
			officer_at(o, name);
			return err_at(&o->info, ERR_UNKNOWN, 0,
			    "it does not belong into a drill");
		}
	}
	officer_at(o, "drill.age");
	text->max = TEXT_MAX;
	return age_open_buf(&keys, sealed, text);
}

/* What is signed is about this seat, by the charter that is trusted here. */
static enum err check_text(const struct officer *w, const struct buf *text,
    struct outcome *o)
{
	CLEANUP(drill_text_release) struct drill_text d = {0};

	officer_at(o, "drill.txt");
	RETURN_IF(drill_text_parse(bytes_buf(text), &d, &o->info));
	if (strcmp(d.owner, officer_owner(w)) != 0 ||
	    strcmp(d.seat, officer_seat(w)) != 0 ||
	    memcmp(d.charter_sha256, w->docket.dcase.facts.charter_sha256,
	    DIGEST_LEN) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is of another seat or charter");
	o->info.file[0] = '\0';
	if (w->args.now_unix_s < d.expires_unix_s)
		return ERR_OK;
	return outcome_refuse(o, ERR_EXPIRED,
	    "this drill is over its time; ask for a new one",
	    "この訓練は期限が切れています。新しいものを求めてください");
}

static enum err write_answer(const struct officer *w, const struct buf *text,
    const char *path)
{
	CLEANUP(pack_release) struct pack p = {0};
	CLEANUP(buf_release) struct buf sig = {0};

	RETURN_IF(sshsig_sign(identity_sign_seed(w->args.identity),
	    SSHSIG_DRILL, bytes_buf(text), &sig));
	(void)snprintf(p.folder, sizeof(p.folder), "%s-%s-drilled",
	    officer_owner(w), officer_seat(w));
	RETURN_IF(pack_add(&p, "drill.txt", bytes_buf(text)));
	RETURN_IF(pack_add(&p, "drill.txt.sig", bytes_buf(&sig)));
	return pack_write(&p, path, w->args.now_unix_s);
}

enum err drill_sign(const struct officer_args *args, const char *path,
    struct outcome *o)
{
	CLEANUP(officer_cleanup) struct officer *w = calloc(1, sizeof(*w));
	CLEANUP(buf_release) struct buf text = {0};

	if (w == NULL)
		return ERR_NOMEM;
	w->args = *args;
	if (fs_exists(path))
		return outcome_refuse(o, ERR_EXISTS, "%s is there already",
		    "%sはすでに存在します", path);
	RETURN_IF(officer_read(w, o));
	RETURN_IF(officer_check_charter(w, o));
	RETURN_IF(open_text(w, &text, o));
	RETURN_IF(check_text(w, &text, o));
	RETURN_IF(write_answer(w, &text, path));
	outcome_add(o, OUTCOME_DONE,
	    "seat %s opens and signs; hand %s to the gateway: azukari seat drill accept",
	    "席%sの鍵は開き、署名できました。%sをゲートウェイに渡してください: azukari seat drill accept",
	    officer_seat(w), path);
	return ERR_OK;
}
