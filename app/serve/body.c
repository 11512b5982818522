#include "app/serve/body.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/encode.h"

enum err body_json(struct serve_request *q, const char *const *keys,
    struct json_doc **ret)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	struct err_info *info = &q->outcome.info;

	if (q->body.len == 0)
		return err_at(info, ERR_SYNTAX, 0, "a body is needed");
	RETURN_IF(json_doc_parse(bytes_buf(&q->body), q->body.len, &doc,
	    info));
	RETURN_IF(json_doc_only(doc, keys, "body", info));
	*ret = TAKE(doc);
	return ERR_OK;
}

enum err body_text(struct serve_request *q, const struct json_doc *doc,
    const char *key, const char **ret)
{
	return json_doc_need_string(doc, key, "body", ret, &q->outcome.info);
}

enum err body_folder_make(struct serve_request *q, struct body_folder *ret)
{
	uint8_t random[8];
	char name[2 * sizeof(random) + 1];

	secret_random(random, sizeof(random));
	encode_hex(random, sizeof(random), name);
	RETURN_IF(home_path(q->home, ret->path, "tmp/serve-%s", name));
	return fs_mkdir(ret->path, 0700);
}

void body_folder_remove(struct body_folder *f)
{
	if (f->path[0] != '\0')
		(void)!fs_remove_tree(f->path);
	f->path[0] = '\0';
}

enum err body_folder_put(const struct body_folder *f, const char *name,
    struct bytes bytes, char ret[FS_PATH_MAX])
{
	CLEANUP(fs_fd_cleanup) int fd = -1;

	RETURN_IF(fs_path(ret, "%s/%s", f->path, name));
	fd = open(ret, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_IO;
	return fs_write_all(fd, bytes);
}

enum err body_reply_file(struct serve_request *q, const char *path,
    const char *type)
{
	CLEANUP(fs_fd_cleanup) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return ERR_IO;
	(void)unlink(path);
	q->reply.fd_plus_one = fd + 1;
	q->reply.fd_len = (uint64_t)st.st_size;
	q->reply.type = type;
	fd = -1;
	return ERR_OK;
}

enum err body_reply_text(struct serve_request *q, struct bytes text,
    const char *type)
{
	RETURN_IF(buf_append(&q->reply.bytes, text.data, text.len));
	q->reply.type = type;
	return ERR_OK;
}
