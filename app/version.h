/* app/version.h - the program's name and version, as bundles state it. */
#ifndef AZUKARI_APP_VERSION_H
#define AZUKARI_APP_VERSION_H

#define VERSION_TEXT "azukari 0.1.0"

#endif
