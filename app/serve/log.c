/* The service's log: one line of JSON to standard error for each event. */
#include <pthread.h>
#include <stdarg.h>
#include <unistd.h>

#include "app/serve/serve.h"
#include "core/clock.h"

void serve_log(const char *event, ...)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	CLEANUP(json_doc_cleanup) struct json_doc *doc = json_doc_new_object();
	CLEANUP(buf_release) struct buf line = {0};
	char now[CLOCK_UTC_LEN + 1];
	const char *key;
	va_list ap;

	clock_format_utc(clock_now_unix_s(), now);
	json_doc_set_string(doc, "time", now);
	json_doc_set_string(doc, "event", event);
	va_start(ap, event);
	while ((key = va_arg(ap, const char *)) != NULL)
		json_doc_set_string(doc, key, va_arg(ap, const char *));
	va_end(ap);
	if (json_doc_dump(doc, 0, &line) != ERR_OK)
		return;
	pthread_mutex_lock(&lock);
	/* nobody can be told that telling failed */
	(void)!write(STDERR_FILENO, line.data, line.len);
	pthread_mutex_unlock(&lock);
}
