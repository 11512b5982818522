/* policy/values_internal.h - values of signed texts, read by their grammar.
 *
 * Every error names the key.  `-` is the word for none.
 */
#ifndef AZUKARI_POLICY_VALUES_INTERNAL_H
#define AZUKARI_POLICY_VALUES_INTERNAL_H

#include <stdint.h>

#include "core/text.h"
#include "policy/words.h"

typedef int (*values_grammar_fn)(struct bytes text);

/* A value of that grammar (NULL: any but `-`), borrowed from ${t}; ${what}
 * says in the message what it should have been. */
struct values_kind {
	values_grammar_fn is;
	const char *what;
};
extern const struct values_kind values_any, values_owner, values_name,
    values_plan, values_export, values_request, values_age, values_ssh,
    values_fingerprint, values_origin, values_vkey;

enum err values_need(const struct text *t, const char *key,
    const struct values_kind *kind, const char **ret,
    struct err_info *info) MUST_USE;
/* The same, but `-` gives NULL. */
enum err values_optional(const struct text *t, const char *key,
    const struct values_kind *kind, const char **ret,
    struct err_info *info) MUST_USE;
/* Digest or `-`. */
enum err values_optional_sha256(const struct text *t, const char *key,
    int *ret_has, uint8_t ret[32], struct err_info *info) MUST_USE;
enum err values_day(const struct text *t, const char *key, int32_t *ret,
    struct err_info *info) MUST_USE;
enum err values_optional_day(const struct text *t, const char *key,
    int *ret_has, int32_t *ret, struct err_info *info) MUST_USE;
/* `DAY..DAY`, not backwards. */
enum err values_period(const struct text *t, const char *key,
    int32_t *ret_from, int32_t *ret_to, struct err_info *info) MUST_USE;
enum err values_words(const struct text *t, const char *key, size_t max,
    struct words *ret, struct err_info *info) MUST_USE;
/* One of NULL-terminated ${words}; its index. */
enum err values_one_of(const struct text *t, const char *key,
    const char *const *words, size_t *ret, struct err_info *info) MUST_USE;

/* Decimal digits without needless zeros, within min..max.  ERR_SYNTAX,
 * ERR_RANGE. */
enum err values_uint(struct bytes text, uint64_t min, uint64_t max,
    uint64_t *ret) MUST_USE;
/* `NAME VERSION` and, where ${ret_sha256} is given, ` SHA256`. */
enum err values_survey(const struct text *t, const char *key,
    char ret_name[33], unsigned *ret_version, uint8_t *ret_sha256,
    struct err_info *info) MUST_USE;
/* Purpose (DUO codes, at least one) and disease (MONDO ids) of a text. */
enum err values_purpose(const struct text *t, struct words *ret_purpose,
    struct words *ret_disease, struct err_info *info) MUST_USE;

/* Writing: NULL and empty lists become `-`. */
void values_put(struct text_writer *w, const char *key, const char *value);
void values_put_words(struct text_writer *w, const char *key,
    const struct words *words);
void values_put_day(struct text_writer *w, const char *key, int has,
    int32_t day);
void values_put_period(struct text_writer *w, const char *key, int32_t from,
    int32_t to);
void values_put_sha256(struct text_writer *w, const char *key, int has,
    const uint8_t sha256[32]);

/* Cuts ${out} back to ${len} when ${e} is a failure, and returns ${e}. */
enum err values_finish(struct buf *out, size_t len, enum err e) MUST_USE;

#endif
