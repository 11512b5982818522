/* Records of releases: what is read is written back as it was. */
#include "tests/fuzz/fuzz.h"

#include "policy/disclosure/memory.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(memory_release_free) struct memory_release r = {0};
	CLEANUP(buf_release) struct buf back = {0};

	if (memory_read(bytes_of(data, size), &r) != ERR_OK)
		return 0;
	MUST_HOLD(memory_write(&r, &back) == ERR_OK);
	MUST_HOLD(bytes_equal(bytes_buf(&back), bytes_of(data, size)));
	return 0;
}
