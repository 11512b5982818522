#include "exporters/readme.h"

#include <string.h>

#include "exporters/form.h"

/* `@` stands for the export id.  The commands are tried by tests; what is
 * changed here is what every partner runs. */
static const char *const parts[] = {
"@\n"
"\n"
"このファイルは署名の対象(SHA256SUMS)に含まれています。開く前に、必ず署名を\n"
"確かめてください。鍵の一覧(allowed_signers)は、この中の trust/ のものではなく、\n"
"契約のときに受け取ったものを使ってください。\n"
"This file is covered by the signature (SHA256SUMS).  Check the signature before\n"
"you open anything, and take the keys (allowed_signers) from your agreement, not\n"
"from trust/ in here: that copy is a convenience and proves nothing.\n"
"\n"
"中身 / What is in it\n"
"  STATEMENT.txt         第三者提供の記録 / the record of this provision\n"
"  request.txt, plan.txt 申請と計画 / the request and the frozen plan, signed\n"
"  approvals/            承認 / the officers' approvals, signed and logged\n"
"  disclosure.*          開示管理の報告(文、JSON、図) / disclosure report: text, JSON, picture\n"
"  payload.tar.zst.age   暗号化されたデータ / the data, for one recipient only\n"
"  SHA256SUMS.*          署名と記録の証明 / signature, ledger entry and its proof\n"
"\n"
"必要なもの / You need: age, zstd, ssh-keygen (OpenSSH 8.1 or later), tar.\n"
"Put @.tar and your identity file into one folder and work there.\n"
"KEY    your identity file (asks for its passphrase)\n"
"SIGNERS  the allowed_signers file from your agreement\n"
"The data is complete only when the last line says so.  If a command fails, stop\n"
"and keep nothing: a part of the data is not the data.\n"
"途中で失敗したら、できたファイルを使わず、発行元に連絡してください。\n"
"\n",
README_LINUX_BEGIN "\n"
"# Debian, Ubuntu: sudo apt install age zstd\n"
"set -eu\n"
"KEY=${KEY:-partner.key}\n"
"SIGNERS=${SIGNERS:-@/trust/allowed_signers}\n"
"tar -xf @.tar\n"
"ssh-keygen -Y verify -f \"$SIGNERS\" -I gateway -n export@@azukari \\\n"
"    -s @/SHA256SUMS.sig < @/SHA256SUMS\n"
"(cd @ && sha256sum -c --strict --quiet SHA256SUMS)\n"
"# sha256sum does not see files that nobody listed:\n"
"(cd @ && for f in * .[!.]* */* */.[!.]*; do\n"
"    [ -e \"$f\" ] || continue\n"
"    case $f in SHA256SUMS|SHA256SUMS.*|release/*.sig) continue;; esac\n"
"    case $f in */*) ;; *) [ -d \"$f\" ] && continue;; esac\n"
"    listed=no\n"
"    while read -r sum name; do\n"
"        [ \"$name\" != \"$f\" ] || listed=yes\n"
"    done < SHA256SUMS\n"
"    [ \"$listed\" = yes ] || { echo \"not listed: $f\"; exit 1; }\n"
"done)\n"
"age -d -i \"$KEY\" -o @-data.tar.zst @/payload.tar.zst.age\n"
"tar --zstd -xf @-data.tar.zst\n"
"inner=$(sha256sum < @-data/tagmanifest-sha256.txt)\n"
"right=no\n"
"while read -r key value; do\n"
"    [ \"$key $value  -\" != \"inner-tagmanifest-sha256: $inner\" ] || right=yes\n"
"done < @/STATEMENT.txt\n"
"[ \"$right\" = yes ] || { echo \"the data is of another export\"; exit 1; }\n"
"(cd @-data && sha256sum -c --strict --quiet tagmanifest-sha256.txt)\n"
"(cd @-data && sha256sum -c --strict --quiet manifest-sha256.txt)\n"
"rm -f @-data.tar.zst || :\n"
"echo \"complete: @-data\"\n"
README_LINUX_END "\n"
"\n",
"# ---- macOS begin ----\n"
"# brew install age zstd\n"
"set -eu\n"
"KEY=${KEY:-partner.key}\n"
"SIGNERS=${SIGNERS:-@/trust/allowed_signers}\n"
"tar -xf @.tar\n"
"ssh-keygen -Y verify -f \"$SIGNERS\" -I gateway -n export@@azukari \\\n"
"    -s @/SHA256SUMS.sig < @/SHA256SUMS\n"
"(cd @ && shasum -a 256 -c --strict SHA256SUMS)\n"
"age -d -i \"$KEY\" -o @-data.tar.zst @/payload.tar.zst.age\n"
"zstd -d --rm @-data.tar.zst\n"
"tar -xf @-data.tar\n"
"rm -f @-data.tar\n"
"grep inner-tagmanifest @/STATEMENT.txt    # must be what the next line prints\n"
"(cd @-data && shasum -a 256 tagmanifest-sha256.txt)\n"
"(cd @-data && shasum -a 256 -c --strict tagmanifest-sha256.txt)\n"
"(cd @-data && shasum -a 256 -c --strict manifest-sha256.txt)\n"
"# ---- macOS end ----\n"
"\n",
":: ---- Windows begin ---- (cmd.exe, not PowerShell: its pipes damage bytes)\n"
":: winget install FiloSottile.age Meta.Zstandard\n"
"tar -xf @.tar\n"
"ssh-keygen -Y verify -f allowed_signers -I gateway -n export@@azukari -s @\\SHA256SUMS.sig < @\\SHA256SUMS\n"
"cd @\n"
"for /f \"tokens=1,2\" %i in (SHA256SUMS) do @certutil -hashfile \"%j\" SHA256 | findstr /x %i >nul || echo WRONG: %j\n"
"cd ..\n"
"age -d -i partner.key -o @-data.tar.zst @\\payload.tar.zst.age\n"
"zstd -d --rm @-data.tar.zst\n"
"tar -xf @-data.tar\n"
"del @-data.tar\n"
"findstr inner-tagmanifest @\\STATEMENT.txt\n"
"certutil -hashfile @-data\\tagmanifest-sha256.txt SHA256\n"
"cd @-data\n"
"for /f \"tokens=1,2\" %i in (manifest-sha256.txt) do @certutil -hashfile \"%j\" SHA256 | findstr /x %i >nul || echo WRONG: %j\n"
":: ---- Windows end ----\n"
"\n",
"読み込み / Loading\n"
"  Python  python3 @-data/load/load.py, or: from load import load\n"
"  R       source(\"load/load.R\", encoding = \"UTF-8\"); tables <- load_export()\n"
"  Excel   「データ」→「テキストまたはCSVから」で UTF-8 を選び、型は「文字列」に。\n"
"          Data > From Text/CSV, UTF-8, all columns as text (01 is not 1).\n"
"  data/datapackage.json describes every column; consent-texts/ has the texts\n"
"  people consented to.\n"
"\n"
"撤回の通知 / Notices of withdrawal\n"
"  azukari notice apply NOTICE @-data writes a copy without the people\n"
"  named.  By hand, with their pseudonyms in withdrawn.txt:\n"
"  awk -F, 'NR==FNR{w[$1];next} !($1 in w)' withdrawn.txt data/responses.csv\n"
"  回答がない通知は期限切れとして提供元に表示されます。\n"
};

/* `@@` is an at sign, `@` alone the id. */
static enum err
put_part(const char *p, const char *export_id, struct buf *out)
{
	const char *at;

	for (; (at = strchr(p, '@')) != NULL; p = at + 1) {
		RETURN_IF(buf_append(out, p, (size_t)(at - p)));
		if (at[1] == '@') {
			RETURN_IF(buf_append_u8(out, '@'));
			at++;
			continue;
		}
		RETURN_IF(buf_append_str(out, export_id));
	}
	return buf_append_str(out, p);
}

enum err
readme_write(const char *export_id, struct buf *out)
{
	size_t i;

	if (!form_is_export(export_id))
		return ERR_SYNTAX;
	for (i = 0; i < ARRAY_LEN(parts); i++)
		RETURN_IF(put_part(parts[i], export_id, out));
	return ERR_OK;
}
