/* The host a session is for. */
#include <string.h>

#include "app/serve/session.h"

int session_is_host(const char *host)
{
	size_t len = strlen(host);

	if (len == 0 || len > SESSION_HOST_MAX)
		return 0;
	if (host[0] == '[')
		return host[len - 1] == ']' && len > 2 && strspn(host + 1,
		    "0123456789abcdef:.") == len - 2;
	return strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len &&
	    host[0] != '.' && host[0] != '-';
}

int session_is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 ||
	    strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0;
}

int session_host_of(const char *url, char ret[SESSION_HOST_MAX + 1])
{
	const char *from = strstr(url, "://"), *end;
	size_t len;

	if (from == NULL)
		return 0;
	from += 3;
	end = from + strcspn(from, "/?#");
	for (const char *c = from; c < end; c++)
		if (*c == '@')
			from = c + 1;
	len = *from == '[' ? strcspn(from, "]") + 1 : strcspn(from, ":/?#");
	if (len == 0 || len > SESSION_HOST_MAX || from + len > end)
		return 0;
	for (size_t i = 0; i < len; i++)
		ret[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ?
		    from[i] + 32 : from[i]);
	ret[len] = '\0';
	return session_is_host(ret);
}
