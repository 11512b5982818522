#include "app/ops/officer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ops/officer_internal.h"
#include "keys/share.h"
#include "keys/sshsig.h"

void officer_close(struct officer *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->votes_len; i++)
		votes_approval_release(&w->votes[i].parsed);
	plan_diff_release(&w->diff);
	plan_release(&w->last_plan);
	decision_release(&w->decision);
	buf_release(&w->shares);
	buf_release(&w->note);
	policy_file_free(w->witnesses);
	plan_epochs_release(&w->epochs);
	plan_release(&w->plan);
	officer_memory_release(&w->memory);
	docket_release(&w->docket);
	pack_release(&w->pack);
	free(w->used);
	free(w);
}

void officer_cleanup(struct officer **w)
{
	officer_close(*w);
}

/* ---- members ---- */

void officer_at(struct outcome *o, const char *member)
{
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", member);
}

int officer_may(struct officer *w, const char *name, struct bytes *ret)
{
	const struct pack_file *file = pack_find(&w->pack, name);

	if (file == NULL)
		return 0;
	w->used[file - w->pack.files] = 1;
	*ret = bytes_buf(&file->bytes);
	return 1;
}

enum err officer_need(struct officer *w, const char *name, struct bytes *ret,
    struct outcome *o)
{
	officer_at(o, name);
	if (!officer_may(w, name, ret))
		return err_at(&o->info, ERR_NOT_FOUND, 0,
		    "it is missing in the packet");
	return ERR_OK;
}

int officer_between(const char *name, const char *prefix, const char *suffix,
    char ret[40])
{
	size_t len = strlen(name), head = strlen(prefix);
	size_t tail = strlen(suffix);

	if (len <= head + tail || len - head - tail >= 40 ||
	    strncmp(name, prefix, head) != 0 ||
	    strcmp(name + len - tail, suffix) != 0)
		return 0;
	memcpy(ret, name + head, len - head - tail);
	ret[len - head - tail] = '\0';
	return 1;
}

static enum err check_all_used(struct officer *w, struct outcome *o)
{
	for (size_t i = 0; i < w->pack.len; i++)
		if (!w->used[i]) {
			officer_at(o, w->pack.files[i].name);
			return err_at(&o->info, ERR_UNKNOWN, 0,
			    "it does not belong into a packet");
		}
	return ERR_OK;
}

/* ---- reading ---- */

static enum err find_seat(struct officer *w, struct outcome *o)
{
	const struct charter *c = &w->docket.charter;
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];

	sshsig_public_format(identity_public(w->args.identity)->ssh, ssh);
	for (size_t i = 0; i < c->seats_len; i++)
		if (strcmp(c->seats[i].ssh, ssh) == 0) {
			w->seat = i;
			return ERR_OK;
		}
	o->info.file[0] = '\0';
	return outcome_refuse(o, ERR_UNTRUSTED,
	    "this identity holds no seat of the charter in the packet",
	    "この鍵は、ファイルにある憲章のどの席のものでもありません");
}

enum err officer_read(struct officer *w, struct outcome *o)
{
	struct bytes charter;

	RETURN_IF(pack_read(w->args.packet, &w->pack, &o->info));
	w->used = calloc(w->pack.len + 1, 1);
	if (w->used == NULL)
		return ERR_NOMEM;
	RETURN_IF(officer_need(w, "charter.txt", &charter, o));
	RETURN_IF(docket_put_charter(&w->docket, charter, 0, &o->info));
	RETURN_IF(find_seat(w, o));
	return officer_memory_load(w->args.state_dir, w->args.identity,
	    w->docket.charter.owner, &w->memory, &o->info);
}

static enum err new_officer(const struct officer_args *args,
    struct officer **ret)
{
	struct officer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NOMEM;
	w->args = *args;
	w->shares.max = SHARE_LIST_MAX;
	*ret = w;
	return ERR_OK;
}

static void tell_memory(const struct officer *w, struct outcome *o)
{
	if (w->memory.last.size == 0)
		outcome_add(o, OUTCOME_CHECK,
		    "this is the first ledger seen here; from now on it is remembered",
		    "この機械が見る最初の台帳です。以後これを記憶します");
	else
		outcome_add(o, OUTCOME_CHECK,
		    "the ledger goes together with what was seen here before",
		    "台帳は、この機械が以前に見たものと整合します");
}

static enum err check_everything(struct officer *w, struct outcome *o)
{
	RETURN_IF(officer_check_charter(w, o));
	RETURN_IF(officer_check_papers(w, o));
	RETURN_IF(officer_check_plan(w, o));
	RETURN_IF(officer_check_memory(w, o));
	tell_memory(w, o);
	RETURN_IF(officer_check_epochs(w, o));
	RETURN_IF(officer_check_votes(w, o));
	RETURN_IF(check_all_used(w, o));
	o->info.file[0] = '\0';
	return officer_decide(w, o);
}

/* What the officer approved last; a text that no longer parses is none. */
static enum err compare_last(struct officer *w)
{
	if (w->memory.last_plan.len == 0 ||
	    plan_parse(bytes_buf(&w->memory.last_plan), &w->last_plan,
	    NULL) != ERR_OK)
		return ERR_OK;
	w->has_last = 1;
	return plan_diff_make(&w->last_plan, &w->plan, &w->diff);
}

enum err officer_open(const struct officer_args *args, struct outcome *o,
    struct officer **ret)
{
	CLEANUP(officer_cleanup) struct officer *w = NULL;

	RETURN_IF(new_officer(args, &w));
	RETURN_IF(officer_read(w, o));
	RETURN_IF(check_everything(w, o));
	RETURN_IF(compare_last(w));
	*ret = TAKE(w);
	return ERR_OK;
}

/* ---- seat check ---- */

enum err officer_check_shares(const struct officer_args *args,
    struct outcome *o)
{
	CLEANUP(officer_cleanup) struct officer *w = NULL;
	enum err e;

	RETURN_IF(new_officer(args, &w));
	RETURN_IF(officer_read(w, o));
	e = officer_check_epochs(w, o);
	if (e == ERR_OK)
		o->info.file[0] = '\0';
	RETURN_IF(e);
	outcome_add(o, OUTCOME_DONE,
	    "all %llu share files of seat %s open and are the ones that were dealt",
	    "席%2$sのシェア%1$llu件は、すべて開くことができ、配られたものと一致します",
	    (unsigned long long)w->shares_len, officer_seat(w));
	return ERR_OK;
}

/* ---- what others may know ---- */

const struct plan *officer_plan(const struct officer *w)
{
	return &w->plan;
}

const char *officer_owner(const struct officer *w)
{
	return w->docket.charter.owner;
}

const char *officer_owner_name(const struct officer *w)
{
	return w->docket.charter.owner_name;
}

const char *officer_seat(const struct officer *w)
{
	return w->docket.charter.seats[w->seat].name;
}

int officer_has_approved(const struct officer *w)
{
	for (size_t i = 0; i < w->votes_len; i++)
		if (strcmp(w->votes[i].seat, officer_seat(w)) == 0)
			return 1;
	return 0;
}

int officer_will_release(const struct officer *w)
{
	uint32_t own = (uint32_t)1 << w->seat;
	uint32_t others = w->standing & ~own;

	if (officer_has_approved(w) && (w->standing & own) == 0)
		return 0;               /* its time is over */
	/* Where there are witnesses, what they have not cosigned does not count,
	 * this seat's own approval included. */
	if (w->witnesses != NULL && !officer_has_approved(w))
		return 0;
	return (unsigned)__builtin_popcount(others) + 1 >= w->plan.threshold;
}

long officer_changes(const struct officer *w)
{
	return w->has_last ? (long)w->diff.notable : -1;
}
