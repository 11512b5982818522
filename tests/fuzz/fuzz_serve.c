/* What the service and its operator are handed: headers of a request for a
 * part, backup.txt, a list of pseudonyms. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "app/ops/backup_set.h"
#include "app/reident_list.h"
#include "app/serve/range.h"

/* Each line a header, an empty one none; then the size of the whole. */
static void
check_range(char *text)
{
	char *field[5];
	struct range_asked asked = {.etag = "\"etag\""};
	struct range_served served;

	for (size_t i = 0; i < ARRAY_LEN(field); i++) {
		char *line = strsep(&text, "\n");

		field[i] = line == NULL || line[0] == '\0' ? NULL : line;
	}
	asked.range = field[0];
	asked.if_range = field[1];
	asked.if_none_match = field[2];
	asked.if_match = field[3];
	asked.bytes = field[4] == NULL ? 1000 : strtoull(field[4], NULL, 10);
	range_decide(&asked, &served);
	switch (served.status) {
	case 200:
		MUST_HOLD(served.first == 0 && served.len == asked.bytes);
		break;
	case 206:
		MUST_HOLD(asked.range != NULL && served.len > 0 &&
		    served.first < asked.bytes &&
		    served.len <= asked.bytes - served.first);
		break;
	default:
		MUST_HOLD(served.status == 304 || served.status == 412 ||
		    served.status == 416);
	}
}

/* Written it is read as the same list. */
static void
check_pseudonyms(struct bytes in)
{
	CLEANUP(reident_list_release) struct reident_list l = {0}, again = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct err_info info = {.line = 0};

	if (reident_list_read(in, &l, &info) != ERR_OK) {
		MUST_HOLD(info.message[0] != '\0');
		return;
	}
	MUST_HOLD(reident_list_write(&l, &text) == ERR_OK);
	MUST_HOLD(reident_list_read(bytes_buf(&text), &again, NULL) == ERR_OK);
	MUST_HOLD(again.len == l.len && memcmp(again.items, l.items,
	    l.len * sizeof(l.items[0])) == 0);
	for (size_t i = 0; i < l.len; i++)
		MUST_HOLD(reident_list_find(&l, l.items[i]) == i);
}

/* No name of a set leads out of the home, or where the set has no business. */
static void
check_backup(struct bytes in)
{
	CLEANUP(backup_set_release) struct backup_set s = {0};
	struct err_info info = {.line = 0};
	uint8_t sha256[DIGEST_LEN];
	const char *name;

	if (backup_set_parse(in, "set", &s, &info) != ERR_OK) {
		MUST_HOLD(info.message[0] != '\0');
		return;
	}
	for (size_t i = 0; i < backup_set_len(&s); i++) {
		MUST_HOLD(backup_set_line(&s, i, sha256, &name, &info) ==
		    ERR_OK);
		MUST_HOLD(name[0] != '/' && strstr(name, "..") == NULL);
		MUST_HOLD(strncmp(name, "keys/", 5) != 0 ||
		    strlen(name) == strlen("keys/erase-14.key"));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST_HOLD(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_range(text);
	free(text);
	check_pseudonyms(bytes_of(data, size));
	check_backup(bytes_of(data, size));
	return 0;
}
