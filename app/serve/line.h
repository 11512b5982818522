/* app/serve/line.h - the part of the service that LINE talks to. */
#ifndef AZUKARI_APP_SERVE_LINE_H
#define AZUKARI_APP_SERVE_LINE_H

#include "app/serve/serve.h"

/* Section "line" of serve.json; every member may be left out:
 *     {"endpoint": "https://api.line.me", "push": false, "queue": 4096,
 *      "batch": 512, "linger_ms": 0, "dialogues": 100000, "replies": 10000}
 * Owners with a channel get a thread when the service starts, or on reload. */
extern const struct serve_part line_part;

#endif
