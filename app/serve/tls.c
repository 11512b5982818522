#include "app/serve/tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "app/serve/hardening.h"
#include "core/fs.h"

#define CHAIN_MAX 8
#define PEM_MAX ((size_t)256 << 10)

/* One certificate with its chain; kept until the end, see the header. */
struct tls_pair {
	struct tls_pair *older;
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned chain_len;
	gnutls_privkey_t key;
	int64_t expires_unix_s;
};

/* Of the process: GnuTLS gives its callback no place for our own. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tls_pair *in_force;

static void pair_cleanup(struct tls_pair **p)
{
	if (*p == NULL)
		return;
	for (unsigned i = 0; i < (*p)->chain_len; i++)
		gnutls_pcert_deinit(&(*p)->chain[i]);
	if ((*p)->key != NULL)
		gnutls_privkey_deinit((*p)->key);
	free(*p);
}

static gnutls_datum_t datum(const struct buf *b)
{
	return (gnutls_datum_t){.data = b->data, .size = (unsigned)b->len};
}

static enum err read_chain(struct tls_pair *p, const char *path,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf pem = {0};
	gnutls_datum_t data;
	unsigned len = CHAIN_MAX;

	RETURN_IF(fs_read_file(path, PEM_MAX, &pem));
	data = datum(&pem);
	if (gnutls_pcert_list_import_x509_raw(p->chain, &len, &data,
	    GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED) != 0)
		return err_at(info, ERR_SYNTAX, 0,
		    "the certificate is no PEM chain, its own first");
	p->chain_len = len;
	return ERR_OK;
}

static enum err read_key(struct tls_pair *p, const struct tls_files *f,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf pem = {0};
	gnutls_datum_t data;

	RETURN_IF(hardening_private(f->key, f->user));
	RETURN_IF(fs_read_file(f->key, PEM_MAX, &pem));
	data = datum(&pem);
	if (gnutls_privkey_init(&p->key) != 0)
		return ERR_NOMEM;
	if (gnutls_privkey_import_x509_raw(p->key, &data, GNUTLS_X509_FMT_PEM,
	    NULL, 0) != 0)
		return err_at(info, ERR_SYNTAX, 0, "the key is no PEM key");
	return ERR_OK;
}

static enum err key_fits(struct tls_pair *p, struct err_info *info)
{
	uint8_t a[64], b[64];
	size_t a_len = sizeof(a), b_len = sizeof(b);
	gnutls_pubkey_t own = NULL;
	int fits;

	if (gnutls_pubkey_init(&own) != 0)
		return ERR_NOMEM;
	fits = gnutls_pubkey_import_privkey(own, p->key, 0, 0) == 0 &&
	    gnutls_pubkey_get_key_id(own, GNUTLS_KEYID_USE_SHA256, a,
	    &a_len) == 0 && gnutls_pubkey_get_key_id(p->chain[0].pubkey,
	    GNUTLS_KEYID_USE_SHA256, b, &b_len) == 0 && a_len == b_len &&
	    memcmp(a, b, a_len) == 0;
	gnutls_pubkey_deinit(own);
	if (!fits)
		return err_at(info, ERR_MISMATCH, 0,
		    "the key is not the certificate's");
	return ERR_OK;
}

static enum err take_expiry(struct tls_pair *p, int64_t now_unix_s,
    struct err_info *info)
{
	gnutls_x509_crt_t crt = NULL;

	if (gnutls_x509_crt_init(&crt) != 0)
		return ERR_NOMEM;
	if (gnutls_x509_crt_import(crt, &p->chain[0].cert,
	    GNUTLS_X509_FMT_DER) == 0)
		p->expires_unix_s = gnutls_x509_crt_get_expiration_time(crt);
	gnutls_x509_crt_deinit(crt);
	if (p->expires_unix_s < now_unix_s)
		return err_at(info, ERR_EXPIRED, 0,
		    "the certificate's time is over");
	return ERR_OK;
}

enum err tls_load(const struct tls_files *f, int64_t now_unix_s,
    struct err_info *info)
{
	CLEANUP(pair_cleanup) struct tls_pair *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NOMEM;
	RETURN_IF(read_chain(p, f->certificate, info));
	RETURN_IF(read_key(p, f, info));
	RETURN_IF(key_fits(p, info));
	RETURN_IF(take_expiry(p, now_unix_s, info));
	pthread_mutex_lock(&lock);
	p->older = in_force;
	in_force = TAKE(p);
	pthread_mutex_unlock(&lock);
	return ERR_OK;
}

void tls_release(void)
{
	while (in_force != NULL) {
		struct tls_pair *p = in_force;

		in_force = p->older;
		pair_cleanup(&p);
	}
}

static struct tls_pair *current(void)
{
	struct tls_pair *p;

	pthread_mutex_lock(&lock);
	p = in_force;
	pthread_mutex_unlock(&lock);
	return p;
}

int64_t tls_expires_unix_s(void)
{
	const struct tls_pair *p = current();

	return p == NULL ? 0 : p->expires_unix_s;
}

int tls_is_name(const char *host)
{
	struct tls_pair *p = current();
	gnutls_x509_crt_t crt = NULL;
	char bare[256];
	size_t len = strlen(host);
	int found;

	if (p == NULL || len >= sizeof(bare) ||
	    gnutls_x509_crt_init(&crt) != 0)
		return 0;
	memcpy(bare, host, len + 1);
	if (host[0] == '[') {
		memcpy(bare, host + 1, len - 2);
		bare[len - 2] = '\0';
	}
	found = gnutls_x509_crt_import(crt, &p->chain[0].cert,
	    GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_x509_crt_check_hostname(crt, bare) != 0;
	gnutls_x509_crt_deinit(crt);
	return found;
}

int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *req_ca_rdn,
    int nreqs, const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length,
    gnutls_pcert_st **pcert, unsigned int *pcert_length,
    gnutls_privkey_t *privkey)
{
	struct tls_pair *p = current();

	(void)session;
	(void)req_ca_rdn;
	(void)nreqs;
	(void)pk_algos;
	(void)pk_algos_length;
	if (p == NULL)
		return -1;
	*pcert = p->chain;
	*pcert_length = p->chain_len;
	*privkey = p->key;
	return 0;
}

enum err tls_peer(gnutls_session_t session, uint8_t ret[DIGEST_LEN])
{
	unsigned status = 0, len = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session,
	    &len);

	if (list == NULL || len == 0)
		return ERR_NOT_FOUND;
	if (gnutls_certificate_verify_peers2(session, &status) != 0 ||
	    status != 0)
		return ERR_UNTRUSTED;
	digest_sha256(bytes_of(list[0].data, list[0].size), ret);
	return ERR_OK;
}
