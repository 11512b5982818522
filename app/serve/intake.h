/* app/serve/intake.h - batches of lines over HTTPS.
 *
 *     POST /v1/intake/{owner}/{source}      NDJSON, CSV or FHIR, as it comes
 *
 * By an operator's session, or by a source's client certificate, which section
 * "intake" of serve.json names:
 *     {"sources": [{"owner": "14", "source": "clinic", "certificate": "HEX"}],
 *      "maps": {"NAME": "mapping.json"}}
 * certificate is SHA-256 of its DER form; maps are mapping files by the name
 * that `?map=NAME` asks for.
 */
#ifndef AZUKARI_APP_SERVE_INTAKE_H
#define AZUKARI_APP_SERVE_INTAKE_H

#include "app/serve/serve.h"

extern const struct serve_part intake_part;

#endif
