/* The ledger for everybody (C2SP tlog-tiles), and how things stand. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/serve/body.h"
#include "app/serve/routes.h"
#include "app/serve/visible.h"

#define READERS (SERVE_CUSTODIAN | SERVE_OPERATOR)

static enum err reply_published(struct serve_request *q, const char *name,
    const char *type)
{
	CLEANUP(fs_fd_cleanup) int fd = -1;
	char path[FS_PATH_MAX];
	struct stat st;

	RETURN_IF(home_path(q->home, path, "ledger/%s", name));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ERR_NOT_FOUND;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return ERR_NOT_FOUND;
	q->reply.fd_plus_one = fd + 1;
	q->reply.fd_len = (uint64_t)st.st_size;
	q->reply.type = type;
	fd = -1;
	return ERR_OK;
}

static enum err get_checkpoint(struct serve_request *q)
{
	return reply_published(q, "checkpoint", "text/plain; charset=utf-8");
}

/* `L/N[.p/W]` or `entries/N[.p/W]`; the front check let no dots through that
 * lead anywhere else. */
static enum err get_tile(struct serve_request *q)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz./";
	const char *rest = q->params[0];
	char name[SERVE_PARAM_LEN + 8] = "tile/";

	if (strspn(rest, allowed) != strlen(rest) ||
	    strstr(rest, "..") != NULL || strstr(rest, "//") != NULL)
		return ERR_NOT_FOUND;
	memcpy(name + 5, rest, strlen(rest) + 1);
	return reply_published(q, name, "application/octet-stream");
}

/* What witnesses said, and the policies that name them, so that a published
 * ledger is enough to check every quorum: `list`, then what it names. */
static enum err reply_listed(struct serve_request *q, const char *folder)
{
	const char *name = q->params[0];
	char path[SERVE_PARAM_LEN + 32];

	if (strcmp(name, "list") != 0 &&
	    strspn(name, "0123456789abcdef") != strlen(name))
		return ERR_NOT_FOUND;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return reply_published(q, path, "text/plain; charset=utf-8");
}

static enum err get_cosigned(struct serve_request *q)
{
	return reply_listed(q, "cosigned");
}

static enum err get_witness_policy(struct serve_request *q)
{
	return reply_listed(q, "witness-policy");
}

static enum err get_status(struct serve_request *q)
{
	struct report_filter f;

	visible_filter(q, &f);
	return report_status(q->home, f.owner, &q->result);
}

static const struct serve_route rows[] = {
	{.method = "GET", .path = "/ledger/checkpoint", .lane = SERVE_DESK,
	    .run = get_checkpoint, .operation = "ledgerCheckpoint"},
	{.method = "GET", .path = "/ledger/tile/{*}", .lane = SERVE_DESK,
	    .run = get_tile, .operation = "ledgerTile"},
	{.method = "GET", .path = "/ledger/cosigned/{name}",
	    .lane = SERVE_DESK, .run = get_cosigned,
	    .operation = "ledgerCosigned"},
	{.method = "GET", .path = "/ledger/witness-policy/{name}",
	    .lane = SERVE_DESK, .run = get_witness_policy,
	    .operation = "ledgerWitnessPolicy"},
	{.method = "GET", .path = "/v1/status", .who = READERS,
	    .lane = SERVE_DESK, .run = get_status, .operation = "showStatus"},
};

const struct serve_routes ledger_routes = {rows, ARRAY_LEN(rows)};
