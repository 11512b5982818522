/* intake/rules.c - look-ups in what the owner has registered. */
#include "intake/rules.h"

#include <string.h>

#include "intake/event.h"

enum err
intake_rules_survey(const struct intake_rules *r, struct bytes name,
    int64_t version, size_t *ret)
{
	size_t i;

	for (i = 0; i < r->surveys_len; i++)
		if ((int64_t)r->surveys[i]->version == version &&
		    bytes_equal(bytes_str(r->surveys[i]->name), name)) {
			*ret = i;
			return ERR_OK;
		}
	return ERR_NOT_FOUND;
}

int
intake_rules_knows_text(const struct intake_rules *r, const uint8_t sha256[32])
{
	size_t i;

	for (i = 0; i < r->texts_len; i++)
		if (memcmp(r->texts[i], sha256, 32) == 0)
			return 1;
	return 0;
}

enum err
intake_rules_check_time(const struct intake_rules *r, int64_t time_unix_s)
{
	if (time_unix_s < 0 || time_unix_s - INTAKE_AHEAD_MAX_S > r->now_unix_s)
		return ERR_RANGE;
	return ERR_OK;
}

uint8_t
intake_scope_bit(struct bytes name)
{
	static const struct {
		const char *name;
		uint8_t bit;
	} scopes[] = {
		{"support", INTAKE_SCOPE_SUPPORT},
		{"research", INTAKE_SCOPE_RESEARCH},
		{"recontact", INTAKE_SCOPE_RECONTACT},
		{"all", INTAKE_SCOPE_ALL},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(scopes); i++)
		if (bytes_equal(name, bytes_str(scopes[i].name)))
			return scopes[i].bit;
	return 0;
}
