#include <string.h>

#include "app/serve/serve_internal.h"

/* The folders of this machine are nobody's business: of a path in the home
 * the last part stays. */
static void scrub(const char *home, char *text)
{
	size_t len = strlen(home);
	char *at;

	while (text != NULL && (at = strstr(text, home)) != NULL) {
		size_t path = len + strcspn(at + len, " \t\n,;:\"'");
		char *end = at + path, *name = end;

		while (name > at && name[-1] != '/')
			name--;
		if (name == at)
			name = at + len;
		memmove(at, name, strlen(name) + 1);
	}
}

void serve_scrub(const struct serve *s, struct outcome *o)
{
	const char *home = s->home_dir;

	scrub(home, o->info.file);
	scrub(home, o->info.message);
	for (size_t i = 0; i < o->len; i++) {
		scrub(home, o->lines[i].en);
		scrub(home, o->lines[i].ja);
	}
}
