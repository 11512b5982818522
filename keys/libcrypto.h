/* keys/libcrypto.h - the one way to include OpenSSL.
 *
 * OpenSSL's <openssl/types.h> has a typedef called ERR_STATE, which is also
 * one of our causes of failure (core/err.h).  Nothing of ours uses that type,
 * so it is given another name while the headers are read.
 */
#ifndef AZUKARI_KEYS_LIBCRYPTO_H
#define AZUKARI_KEYS_LIBCRYPTO_H

#define ERR_STATE libcrypto_err_state_type
#include <openssl/evp.h>
#include <openssl/sha.h>
#undef ERR_STATE

#endif
