/* intake/json_fault.h - what is wrong with a line that is no JSON object. */
#ifndef AZUKARI_INTAKE_JSON_FAULT_H
#define AZUKARI_INTAKE_JSON_FAULT_H

#include "core/buf.h"

/* The rule that ${line} offends against, as far as its first offence shows it
 * (borrowed, static); of what is in it, nothing.  For lines that were refused
 * already: one that offends against nothing gets the most general rule. */
const char *json_fault(struct bytes line);

/* The most general one. */
#define JSON_FAULT_GENERAL "not one JSON object with every key once"

#endif
