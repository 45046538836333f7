/*
 * fuzz - what the fuzz targets share.
 *
 * Purpose    a target is one function of some bytes that must hold its
 *            expectations for all of them.  libFuzzer calls it (WEIR_FUZZ), or
 *            replay.c does with the files of its corpus.
 * Rules      equal bytes, equal run; nothing is left behind, so that one
 *            process can try millions.  What is right is said by other code
 *            than the library's.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fails the input: says what, and aborts. */
#define fuzz_expect(cond)                                                      \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fuzz_fail(#cond, __FILE__, __LINE__);                  \
		}                                                              \
	} while (0)
_Noreturn void fuzz_fail(const char *what, const char *file, int line);

/* Bytes that are taken from the front; past the end they are 0. */
struct fuzz_bytes {
	const uint8_t *at;
	size_t left;
};

static inline unsigned
fuzz_byte(struct fuzz_bytes *b)
{
	if (b->left == 0) {
		return 0;
	}
	b->left--;
	return *b->at++;
}

/* Some of the bytes as a text of its own size, up to a NUL among them; freed by
 * the caller. */
char *fuzz_text(const uint8_t *data, size_t size);

#endif
