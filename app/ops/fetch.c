#include "app/ops/fetch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/act.h"
#include "app/job.h"
#include "core/encode.h"
#include "keys/digest.h"

void fetch_release(struct fetch *f)
{
	if (f->fd_plus_one != 0)
		(void)close(f->fd_plus_one - 1);
	f->fd_plus_one = 0;
}

static enum err find(struct home *h, const struct fetch_who *who,
    const char *export_id, struct fetch *f)
{
	RETURN_IF(register_export_get(h->reg, export_id, &f->row));
	if (strcmp(f->row.owner, who->owner) != 0 ||
	    strcmp(f->row.partner, who->partner) != 0)
		return ERR_NOT_FOUND;
	if (f->row.state == REGISTER_EXPORT_RECALLED)
		return outcome_refuse(h->outcome, ERR_REVOKED,
		    "%s was recalled; the notice says what to do",
		    "%sは回収されました。通知に従ってください", f->row.id);
	if (f->row.state != REGISTER_EXPORT_RELEASED)
		return ERR_NOT_FOUND;
	return register_export_get_built(h->reg, export_id, &f->built);
}

static enum err ask_consent(struct home *h, const struct fetch *f)
{
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	int moved = 0;

	RETURN_IF(home_owner_open(h, f->row.owner, &w));
	RETURN_IF(job_consent_moved(h, w, &f->row, &moved));
	if (!moved)
		return ERR_OK;
	outcome_add(h->outcome, OUTCOME_HINT,
	    "who has %1$s already applies the notice (azukari notice apply); who has not asks for a new export with --supersedes %1$s",
	    "%1$sを受領済みなら通知を適用してください（azukari notice apply）。未受領なら --supersedes %1$s として新たに申請してください",
	    f->row.id);
	return outcome_refuse(h->outcome, ERR_REVOKED,
	    "consent in %s was withdrawn after it was released: it is handed out no more",
	    "%sの提供後に同意の撤回がありました。このファイルはもう渡せません",
	    f->row.id);
}

static enum err open_bundle(struct home *h, struct fetch *f)
{
	char path[FS_PATH_MAX], digest[17];
	struct stat st;
	int fd;

	RETURN_IF(home_path(h, path, "outbox/%s.tar", f->row.id));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ERR_IO;
	f->fd_plus_one = fd + 1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return ERR_IO;
	f->bytes = (uint64_t)st.st_size;
	/* A bundle is put in its place by a rename and not changed there: the
	 * same digest, size and time are the same bytes. */
	encode_hex(f->built.sha256sums_sha256, 8, digest);
	(void)snprintf(f->etag, sizeof(f->etag), "\"%s-%llx-%llx\"", digest,
	    (unsigned long long)st.st_size,
	    (unsigned long long)st.st_mtim.tv_sec * 1000000000U +
	    (unsigned long long)st.st_mtim.tv_nsec);
	return ERR_OK;
}

enum err fetch_open(struct home *h, const struct fetch_who *who,
    const char *export_id, struct fetch *ret)
{
	RETURN_IF(find(h, who, export_id, ret));
	RETURN_IF(ask_consent(h, ret));
	return open_bundle(h, ret);
}

enum err fetch_log(struct home *h, const struct fetch *f, uint64_t first)
{
	CLEANUP(act_abort) struct act a = {0};
	struct register_export now;
	struct entry_writer w;
	char number[24];
	int64_t act;

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	/* a recall may have come between */
	RETURN_IF(register_export_get(h->reg, f->row.id, &now));
	if (now.state != REGISTER_EXPORT_RELEASED)
		return ERR_CHANGED;
	act_entry(&a, ENTRY_FETCHED, f->row.owner, &w);
	entry_put(&w, "export", f->row.id);
	entry_put_hex(&w, "sha256sums-sha256", f->built.sha256sums_sha256,
	    DIGEST_LEN);
	entry_put(&w, "partner", f->row.partner);
	(void)snprintf(number, sizeof(number), "%llu",
	    (unsigned long long)first);
	entry_put(&w, "first-byte", number);
	RETURN_IF(act_entry_end(&a, &w, &act));
	return act_commit(&a);
}
