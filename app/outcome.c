#include "app/outcome.h"

#include <stdio.h>
#include <stdlib.h>

enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_BAD_INPUT = 3,
	EXIT_NOT_FOUND = 4,
	EXIT_STORE = 5,
	EXIT_BUSY = 6,
};

struct error_row {
	enum err e;
	int exit_code;
	int http_status;
	const char *en, *ja;
};

static const struct error_row error_rows[] = {
	{ERR_OK, EXIT_DONE, 200, "done", "完了しました"},
	{ERR_USAGE, EXIT_USAGE, 400, "this command was not understood",
	    "コマンドの書き方が違います"},
	{ERR_REFUSED, EXIT_REFUSED, 403, "refused", "拒否されました"},
	{ERR_EXPIRED, EXIT_REFUSED, 410, "its time is over", "期限が切れています"},
	{ERR_REVOKED, EXIT_REFUSED, 410, "it was taken back", "取り消されています"},
	{ERR_STATE, EXIT_REFUSED, 409, "not possible in the present state",
	    "現在の状態ではできません"},
	{ERR_THRESHOLD, EXIT_REFUSED, 409, "fewer signatures or shares than required",
	    "必要な数の署名またはシェアがありません"},
	{ERR_NOT_FOUND, EXIT_NOT_FOUND, 404, "not found", "見つかりません"},
	{ERR_EXISTS, EXIT_REFUSED, 409, "it exists already", "すでに存在します"},
	{ERR_SYNTAX, EXIT_BAD_INPUT, 400, "the input is not of the expected form",
	    "入力の形式が違います"},
	{ERR_ENCODING, EXIT_BAD_INPUT, 400, "bad UTF-8 or a forbidden character",
	    "UTF-8として正しくないか、使えない文字があります"},
	{ERR_LIMIT, EXIT_BAD_INPUT, 413, "longer, deeper or more than allowed",
	    "長さ・深さ・件数が上限を超えています"},
	{ERR_RANGE, EXIT_BAD_INPUT, 400, "a value is outside what is allowed",
	    "許される範囲を外れた値があります"},
	{ERR_UNKNOWN, EXIT_BAD_INPUT, 400, "a name that nobody defined",
	    "定義されていない名前があります"},
	{ERR_DUPLICATE, EXIT_BAD_INPUT, 400, "given twice", "重複しています"},
	{ERR_UNSUPPORTED, EXIT_BAD_INPUT, 400, "not supported by this version",
	    "この版では扱えません"},
	{ERR_TRUNCATED, EXIT_BAD_INPUT, 400, "it ends too early", "途中で切れています"},
	{ERR_CORRUPT, EXIT_STORE, 500, "stored data contradicts itself",
	    "保存されたデータに矛盾があります"},
	{ERR_MISMATCH, EXIT_REFUSED, 422, "a digest or binding does not fit",
	    "ダイジェストまたは結び付けが一致しません"},
	{ERR_ROLLBACK, EXIT_STORE, 500, "an old copy was put back",
	    "古い写しに戻されています"},
	{ERR_SIGNATURE, EXIT_REFUSED, 422, "a signature does not verify",
	    "署名が検証できません"},
	{ERR_UNTRUSTED, EXIT_REFUSED, 403, "signed by someone who is not trusted here",
	    "信頼されていない署名者です"},
	{ERR_DECRYPT, EXIT_REFUSED, 422, "it cannot be decrypted: damaged or not for this key",
	    "復号できません。壊れているか、この鍵のものではありません"},
	{ERR_NO_MATCH, EXIT_REFUSED, 422, "it is not encrypted to this key",
	    "この鍵に宛てたものではありません"},
	{ERR_PASSPHRASE, EXIT_REFUSED, 422, "wrong passphrase, or none given",
	    "パスフレーズが違うか、与えられていません"},
	{ERR_SHARE, EXIT_REFUSED, 422, "a share is not the one that was dealt",
	    "配られたシェアと一致しません"},
	{ERR_CRYPTO, EXIT_STORE, 500, "a cryptographic library failed",
	    "暗号ライブラリが失敗しました"},
	{ERR_MEMORY_LOCK, EXIT_BUSY, 503, "memory could reach a disk",
	    "メモリの内容がディスクに書かれる恐れがあります"},
	{ERR_IO, EXIT_STORE, 500, "reading or writing failed", "読み書きに失敗しました"},
	{ERR_NO_SPACE, EXIT_STORE, 507, "the disk is full", "ディスクに空きがありません"},
	{ERR_STORE, EXIT_STORE, 500, "the database failed", "データベースが失敗しました"},
	{ERR_NOT_ENCRYPTED, EXIT_STORE, 500, "a database is not encrypted",
	    "データベースが暗号化されていません"},
	{ERR_BUSY, EXIT_BUSY, 503, "busy, or waiting for somebody; try again",
	    "使用中か、他の方の対応を待っています。後でもう一度実行してください"},
	{ERR_NOMEM, EXIT_STORE, 503, "out of memory", "メモリが足りません"},
	{ERR_CHANGED, EXIT_BUSY, 503, "the data changed meanwhile; try again",
	    "処理中にデータが変わりました。もう一度実行してください"},
	{ERR_CANCELLED, EXIT_REFUSED, 409, "cancelled", "中止されました"},
};

static const struct error_row *error_row(enum err e)
{
	for (size_t i = 0; i < ARRAY_LEN(error_rows); i++)
		if (error_rows[i].e == e)
			return &error_rows[i];
	return NULL;
}

const char *outcome_error_text(enum err e, int japanese)
{
	const struct error_row *row = error_row(e);

	if (row == NULL)
		return err_name(e);
	return japanese ? row->ja : row->en;
}

int outcome_exit_code(enum err e)
{
	const struct error_row *row = error_row(e);

	return row == NULL ? EXIT_STORE : row->exit_code;
}

int outcome_http_status(enum err e)
{
	const struct error_row *row = error_row(e);

	return row == NULL ? 500 : row->http_status;
}

void outcome_release(struct outcome *o)
{
	for (size_t i = 0; i < o->len; i++) {
		free(o->lines[i].en);
		free(o->lines[i].ja);
	}
	free(o->lines);
	*o = (struct outcome){0};
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static char *format(const char *fmt, va_list ap)
{
	va_list again;
	int len;
	char *text;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0 || (text = malloc((size_t)len + 1)) == NULL)
		return NULL;
	(void)vsnprintf(text, (size_t)len + 1, fmt, ap);
	return text;
}
#pragma GCC diagnostic pop

static struct outcome_line *next_line(struct outcome *o)
{
	if (o->len == o->cap) {
		size_t cap = o->cap == 0 ? 16 : o->cap * 2;
		struct outcome_line *lines =
		    realloc(o->lines, cap * sizeof(*lines));

		if (lines == NULL)
			return NULL;
		o->lines = lines;
		o->cap = cap;
	}
	return &o->lines[o->len];
}

static void add_v(struct outcome *o, enum outcome_role role, const char *en,
    const char *ja, va_list ap)
{
	struct outcome_line *line = next_line(o);
	va_list again;

	if (line == NULL)
		return;
	va_copy(again, ap);
	line->role = role;
	line->en = format(en, again);
	va_end(again);
	line->ja = format(ja, ap);
	o->len++;
}

void outcome_put(struct outcome *o, enum outcome_role role, const char *en,
    const char *ja)
{
	outcome_add(o, role, "%1$.0s%2$s", "%1$s%2$.0s", ja, en);
}

void outcome_add(struct outcome *o, enum outcome_role role, const char *en,
    const char *ja, ...)
{
	va_list ap;

	va_start(ap, ja);
	add_v(o, role, en, ja, ap);
	va_end(ap);
}

enum err outcome_refuse(struct outcome *o, enum err e, const char *en,
    const char *ja, ...)
{
	va_list ap;

	va_start(ap, ja);
	add_v(o, OUTCOME_REASON, en, ja, ap);
	va_end(ap);
	return e;
}
