/* policy/policy_internal.h - the parts policy.json is read in. */
#ifndef AZUKARI_POLICY_POLICY_INTERNAL_H
#define AZUKARI_POLICY_POLICY_INTERNAL_H

#include "core/json_doc.h"
#include "policy/policy.h"

/* Each reads one member of the document into ${p}. */
enum err policy_read_surveys(struct policy *p, const struct json_doc *v,
    struct err_info *info) MUST_USE;
enum err policy_read_texts(struct policy *p, const struct json_doc *v,
    struct err_info *info) MUST_USE;
enum err policy_read_partners(struct policy *p, const struct json_doc *v,
    struct err_info *info) MUST_USE;
enum err policy_read_purposes(struct policy *p, const struct json_doc *v,
    struct err_info *info) MUST_USE;
enum err policy_read_ladders(struct policy *p, const struct json_doc *v,
    struct err_info *info) MUST_USE;
/* The optional members of `disclosure`. */
enum err policy_read_disclosure(struct policy *p, const struct json_doc *v,
    struct err_info *info) MUST_USE;
enum err policy_read_releases(struct policy *p, const struct json_doc *v,
    struct err_info *info) MUST_USE;

/* A list with its place in the document: length within min..max, room made in
 * ${*ret} (zeroed entries of ${size}). */
struct policy_list {
	const struct json_doc *v;
	const char *where;
	size_t min, max;
};
enum err policy_list_open(const struct policy_list *list, size_t size,
    void **ret, struct err_info *info) MUST_USE;

/* Members by type and grammar; ${where} names the object. */
enum err policy_text(const struct json_doc *v, const char *key,
    const char *where, const char **ret, struct err_info *info) MUST_USE;
enum err policy_name(const struct json_doc *v, const char *key,
    const char *where, const char **ret, struct err_info *info) MUST_USE;
enum err policy_sha256(const struct json_doc *v, const char *key,
    const char *where, uint8_t ret[32], struct err_info *info) MUST_USE;
enum err policy_uint(const struct json_doc *v, const char *key,
    const int64_t range[2], const char *where, unsigned *ret,
    struct err_info *info) MUST_USE;
enum err policy_bool(const struct json_doc *v, const char *key,
    const char *where, int *ret, struct err_info *info) MUST_USE;

/* Strings of an array, each fit by ${is} (NULL: any clean text). */
struct policy_words {
	const struct json_doc *v;
	const char *where;
	size_t min, max;
	int (*is)(const char *word);
	enum err e;             /* the cause when ${is} says no */
};
enum err policy_words(const struct policy_words *list, struct words *ret,
    struct err_info *info) MUST_USE;
int policy_is_disease(const char *word);
int policy_is_modifier(const char *word);

#endif
