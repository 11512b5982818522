/* tests/fuzz/fuzz.h - what a fuzz target is: one function over any bytes.
 *
 * With clang this makes libFuzzer programs:
 *     CC=clang meson setup build-fuzz -Dfuzz=true \
 *         -Db_sanitize=address,undefined -Dc_args=-fsanitize=fuzzer-no-link
 *     ninja -C build-fuzz tests/fuzz/fuzz_note
 *     build-fuzz/tests/fuzz/fuzz_note -max_total_time=60 /tmp/new \
 *         tests/fuzz/corpus/note
 * Without it, replay.c runs every file of the corpus, and simple changes of
 * each, as an ordinary test.  A target holds properties, not only "no crash".
 */
#ifndef AZUKARI_TESTS_FUZZ_H
#define AZUKARI_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
