/* app/ops/documents.h - documents that need no signature of the seats: surveys,
 * ladders, consent texts.  Each is an act; a policy pins those it relies on. */
#ifndef AZUKARI_APP_OPS_DOCUMENTS_H
#define AZUKARI_APP_OPS_DOCUMENTS_H

#include "app/home.h"

#define DOCUMENTS_TEXT_MAX ((size_t)1 << 20)

/* A survey document.  What survey_parse refuses; ERR_EXISTS: this very
 * document, or another one of the same name and version. */
enum err documents_add_survey(struct home *h, const char *owner,
    const char *path) MUST_USE;

/* A ladder file under ${name}.  Whether it fits a field is seen when a policy
 * names it. */
enum err documents_add_ladder(struct home *h, const char *owner,
    const char *name, const char *path) MUST_USE;

/* A consent text as it was shown, under ${title} (1 to 64 bytes). */
enum err documents_add_consent_text(struct home *h, const char *owner,
    const char *title, const char *path) MUST_USE;

#endif
