/* Ledger entries, and the audit that reads them from a stranger's ledger:
 * input is a bundle of entries. */
#include "tests/fuzz/fuzz.h"

#include "ledger/audit.h"
#include "ledger/entry.h"
#include "ledger/tiles.h"

static void
check_entry(struct bytes entry)
{
	CLEANUP(text_cleanup) struct text *text = NULL;
	enum entry_kind kind;

	if (entry_parse(entry, &kind, &text, NULL) != ERR_OK)
		return;
	MUST_HOLD(kind < ENTRY_KINDS);
	MUST_HOLD(bytes_equal(text_bytes(text), entry));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(audit_cleanup) struct audit *audit = NULL;
	struct bytes bundle = bytes_of(data, size), entry;
	uint64_t n = 0;

	check_entry(bundle);
	MUST_HOLD(audit_new(NULL, &audit) == ERR_OK);
	while (tiles_take_entry(&bundle, &entry) == ERR_OK && n < 1000) {
		check_entry(entry);
		MUST_HOLD(audit_add(audit, entry) == ERR_OK);
		n++;
	}
	MUST_HOLD(audit_size(audit) == n);
	return 0;
}
