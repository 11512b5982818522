/* tests/fuzz/replay.c - replay DIR: each file of a corpus, every truncation of
 * it, and some thousand changes of single bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "core/fs.h"
#include "tests/fuzz/fuzz.h"

#define CHANGES 2000
#define TRUNCATIONS 2000

static void
run(const uint8_t *data, size_t len)
{
	/* A copy of exactly that size, so that a sanitizer sees every byte
	 * beyond. */
	uint8_t *copy = malloc(len > 0 ? len : 1);
	size_t i;

	MUST_HOLD(copy != NULL);
	for (i = 0; i < len; i++)
		copy[i] = data[i];
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void
run_changes(struct buf *b)
{
	size_t step = b->len / TRUNCATIONS + 1, i, at;
	uint32_t random = 1;
	uint8_t was;

	for (i = 0; i <= b->len; i += step)
		run(b->data, i);
	for (i = 0; i < CHANGES && b->len > 0; i++) {
		random = random * 1664525 + 1013904223;
		at = (random >> 8) % b->len;
		was = b->data[at];
		b->data[at] = (uint8_t)(random >> 4 ^ i);
		run(b->data, b->len);
		b->data[at] = was;
	}
}

static enum err
run_file(const char *dir, const char *name)
{
	CLEANUP(buf_release) struct buf b = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/%s", dir, name));
	RETURN_IF(fs_read_file(path, 1 << 20, &b));
	run_changes(&b);
	return ERR_OK;
}

int
main(int argc, char **argv)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	size_t i;

	if (argc != 2 || fs_list(argv[1], &names) != ERR_OK ||
	    names.len == 0) {
		(void)fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	run(NULL, 0);
	for (i = 0; i < names.len; i++)
		if (run_file(argv[1], names.names[i]) != ERR_OK)
			return 1;
	printf("%zu files of %s\n", names.len, argv[1]);
	return 0;
}
