#include "app/ops/recover.h"

#include "core/fs.h"
#include "keys/recovery.h"

static enum err seal_seat(struct owner *w, const struct charter_seat *seat)
{
	CLEANUP(buf_release) struct buf file = {0};
	struct age_recipient to[2];
	size_t count = 1;
	char path[FS_PATH_MAX];

	RETURN_IF(age_recipient_parse(bytes_str(seat->age), &to[0]));
	if (seat->spare != NULL) {
		RETURN_IF(age_recipient_parse(bytes_str(seat->spare), &to[1]));
		count = 2;
	}
	RETURN_IF(recovery_seal(w->home->keys, &w->erase_key,
	    w->home->now_unix_s, to, count, &file));
	RETURN_IF(home_path(w->home, path, "owners/%s/recovery/%s.age",
	    w->code, seat->name));
	return fs_write_file(path, bytes_buf(&file), 0600);
}

enum err recover_seal(struct owner *w, const struct charter *charter)
{
	for (size_t i = 0; i < charter->seats_len; i++)
		RETURN_IF(seal_seat(w, &charter->seats[i]));
	return ERR_OK;
}
