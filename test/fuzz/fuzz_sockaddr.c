/*
 * fuzz_sockaddr - any text as a numeric address: what parses is written as a
 * text that parses to the same; and any bytes as an address: it can be written,
 * compared and hashed, and what the system takes of it comes back the same.
 */
#include "fuzz/fuzz.h"
#include "net/sysaddr.h"

#include <weir/sockaddr.h>

#include <stdlib.h>
#include <string.h>

/* Written into memory of the promised size, and of one byte less than it
 * takes. */
static char *
str(const weir_sockaddr *sa)
{
	char *buf = malloc(WEIR_ADDR_STR_MAX);
	size_t len;
	char *cut;

	fuzz_expect(buf != NULL);
	memset(buf, 'x', WEIR_ADDR_STR_MAX);
	fuzz_expect(weir_sockaddr_str(sa, buf, WEIR_ADDR_STR_MAX) == buf);
	len = strnlen(buf, WEIR_ADDR_STR_MAX);
	fuzz_expect(len < WEIR_ADDR_STR_MAX - 1);
	cut = malloc(len > 0 ? len : 1);
	fuzz_expect(cut != NULL);
	(void)weir_sockaddr_str(sa, cut, len);
	fuzz_expect(len == 0 || strlen(cut) == len - 1);
	fuzz_expect(len == 0 || memcmp(cut, buf, len - 1) == 0);
	free(cut);
	return buf;
}

static bool
is_inet(const weir_sockaddr *sa)
{
	return sa->s_family == WEIR_AF_INET || sa->s_family == WEIR_AF_INET6;
}

/* Written and read again, it is the same. */
static void
expect_round(const weir_sockaddr *sa)
{
	char *text = str(sa);
	weir_sockaddr back;

	fuzz_expect(weir_sockaddr_parse(&back, text) == WEIR_OK);
	fuzz_expect(weir_sockaddr_equal(sa, &back));
	fuzz_expect(weir_sockaddr_hash(sa) == weir_sockaddr_hash(&back));
	fuzz_expect(weir_sockaddr_port(sa) == weir_sockaddr_port(&back));
	free(text);
}

/* To the system's form and back. */
static void
expect_system(const weir_sockaddr *sa)
{
	struct wri_sysaddr sys;
	weir_sockaddr back;

	memset(&sys, 0, sizeof(sys));
	memset(&back, 0, sizeof(back));
	if (wri_sysaddr_of(&sys, sa) != WEIR_OK) {
		fuzz_expect(!is_inet(sa));
		return;
	}
	fuzz_expect(sys.len <= sizeof(sys.u));
	if (is_inet(sa)) {
		fuzz_expect(wri_sysaddr_name(&sys, &back) == WEIR_OK);
		fuzz_expect(weir_sockaddr_equal(sa, &back));
	}
}

static void
try_text(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	weir_sockaddr sa, untouched;
	weir_err err;

	memset(&sa, 0xa5, sizeof(sa));
	memset(&untouched, 0xa5, sizeof(untouched));
	err = weir_sockaddr_parse(&sa, text);
	if (err == WEIR_OK) {
		fuzz_expect(is_inet(&sa));
		expect_round(&sa);
		expect_system(&sa);
	} else {
		fuzz_expect(err == WEIR_EINVAL || err == WEIR_EADDRINVAL);
		fuzz_expect(memcmp(&sa, &untouched, sizeof(sa)) == 0);
	}
	free(text);
}

static void
try_bytes(const uint8_t *data, size_t size)
{
	size_t n = size < sizeof(weir_sockaddr) ? size : sizeof(weir_sockaddr);
	weir_sockaddr *sa = calloc(1, sizeof(*sa));
	weir_sockaddr *other = calloc(1, sizeof(*other));

	fuzz_expect(sa != NULL && other != NULL);
	memcpy(sa, data, n);
	sa->s_family %= 8; /* those that exist, and two that do not */
	memcpy(other, sa, sizeof(*sa));
	if (size > n) { /* the rest makes another one of it */
		((uint8_t *)other)[data[n] % sizeof(*other)] ^= 0x21;
	}
	fuzz_expect(weir_sockaddr_hash(sa) != 0);
	if (weir_sockaddr_equal(sa, other)) {
		fuzz_expect(
		    weir_sockaddr_hash(sa) == weir_sockaddr_hash(other));
		fuzz_expect(weir_sockaddr_equal(other, sa));
		fuzz_expect(
		    weir_sockaddr_port(sa) == weir_sockaddr_port(other));
	} else {
		fuzz_expect(!weir_sockaddr_equal(other, sa));
	}
	if (is_inet(sa)) {
		fuzz_expect(weir_sockaddr_equal(sa, sa));
		expect_round(sa);
	} else {
		fuzz_expect(weir_sockaddr_port(sa) == 0);
		free(str(sa));
	}
	expect_system(sa);
	free(sa);
	free(other);
}

/* The first byte says what the others are. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 512) {
		return 0;
	}
	if (data[0] == 'b') {
		try_bytes(data + 1, size - 1);
	} else {
		try_text(data + 1, size - 1);
	}
	return 0;
}
