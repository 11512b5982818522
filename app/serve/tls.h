/* app/serve/tls.h - the service's certificate, and the caller's.
 *
 * TLS 1.3 only (GnuTLS, which is what libmicrohttpd speaks).  A certificate is
 * read before the net threads give up files, and again on SIGHUP; connections
 * that began under an older one go on under it, so an older one is kept until
 * the process ends.
 */
#ifndef AZUKARI_APP_SERVE_TLS_H
#define AZUKARI_APP_SERVE_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "app/serve/serve.h"

/* TLS 1.3, AEAD ciphers, X25519 and the NIST curves, nothing else. */
#define TLS_PRIORITIES \
	"NONE:+VERS-TLS1.3:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:" \
	"+AEAD:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:" \
	"+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:" \
	"+SIGN-EDDSA-ED25519:+SIGN-RSA-PSS-RSAE-SHA256:" \
	"+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512:" \
	"+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512:+CTYPE-X509"

/* Read certificate (a chain, PEM) and key and put them in force.  ERR_REFUSED
 * (the key's mode or owner), ERR_SYNTAX, ERR_MISMATCH (the key is of another
 * certificate), ERR_EXPIRED; what was in force stays then. */
struct tls_files {
	const char *certificate, *key;
	const char *user;               /* may own the key, too; "" none */
};
enum err tls_load(const struct tls_files *files, int64_t now_unix_s,
    struct err_info *info) MUST_USE;

/* At the end, when no connection is left. */
void tls_release(void);

/* When the certificate in force ends; 0: none. */
int64_t tls_expires_unix_s(void);

/* 1 when the certificate in force is for ${host} (a name, or an address; IPv6
 * in brackets). */
int tls_is_name(const char *host);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *req_ca_rdn,
    int nreqs, const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length,
    gnutls_pcert_st **pcert, unsigned int *pcert_length,
    gnutls_privkey_t *privkey);

/* The certificate of the caller, verified against the daemon's trust: SHA-256
 * of its DER form.  ERR_NOT_FOUND: none given; ERR_UNTRUSTED. */
enum err tls_peer(gnutls_session_t session, uint8_t ret[DIGEST_LEN]) MUST_USE;

#endif
