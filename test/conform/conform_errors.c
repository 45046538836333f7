/*
 * conform_errors - section 4: the texts of errors.  Their values stand in
 * constants.h.
 */
#include "conform/con.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const nng_err named[] = {NNG_OK, NNG_EINTR, NNG_ENOMEM, NNG_EINVAL,
    NNG_EBUSY, NNG_ETIMEDOUT, NNG_ECONNREFUSED, NNG_ECLOSED, NNG_EAGAIN,
    NNG_ENOTSUP, NNG_EADDRINUSE, NNG_ESTATE, NNG_ENOENT, NNG_EPROTO,
    NNG_EUNREACHABLE, NNG_EADDRINVAL, NNG_EPERM, NNG_EMSGSIZE, NNG_ECONNABORTED,
    NNG_ECONNRESET, NNG_ECANCELED, NNG_ENOFILES, NNG_ENOSPC, NNG_EEXIST,
    NNG_EREADONLY, NNG_EWRITEONLY, NNG_ECRYPTO, NNG_EPEERAUTH, NNG_EBADTYPE,
    NNG_ECONNSHUT, NNG_ESTOPPED, NNG_EINTERNAL};

#define NAMED (sizeof(named) / sizeof(named[0]))

START_TEST(each_error_has_a_text)
{
	const char *text = nng_strerror(named[_i]);

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_gt(strlen(text), 0);
}
END_TEST

START_TEST(each_text_is_different)
{
	for (size_t i = 0; i < NAMED; i++) {
		for (size_t j = i + 1; j < NAMED; j++) {
			ck_assert_str_ne(
			    nng_strerror(named[i]), nng_strerror(named[j]));
		}
	}
}
END_TEST

START_TEST(a_text_stays_when_others_are_asked_for)
{
	const char *text[NAMED];
	char copy[NAMED][128];

	for (size_t i = 0; i < NAMED; i++) {
		text[i] = nng_strerror(named[i]);
		ck_assert_uint_lt(strlen(text[i]), sizeof(copy[i]));
		memcpy(copy[i], text[i], strlen(text[i]) + 1);
	}
	for (size_t i = 0; i < NAMED; i++) {
		ck_assert_str_eq(text[i], copy[i]);
		ck_assert_ptr_eq(nng_strerror(named[i]), text[i]);
	}
}
END_TEST

START_TEST(numbers_without_a_name_have_a_text_too)
{
	static const int odd[] = {28, 29, 32, 33, 99, 103, 200, 998, 1001, -1,
	    -2, INT_MIN, INT_MAX, 0x0fffffff, 0x1000ffff, 0x20000001,
	    0x2fffffff, 0x30000000, 0x40000000};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		const char *text = nng_strerror((nng_err)odd[i]);

		ck_assert_msg(
		    text != NULL && text[0] != '\0', "no text for %d", odd[i]);
		/* No number borrows the text of another. */
		for (size_t j = 0; j < NAMED; j++) {
			ck_assert_str_ne(text, nng_strerror(named[j]));
		}
	}
}
END_TEST

START_TEST(a_system_error_has_the_text_of_the_system)
{
	static const int eno[] = {EPERM, ENOENT, EIO, ENOTTY, EXDEV, ELOOP};

	for (size_t i = 0; i < sizeof(eno) / sizeof(eno[0]); i++) {
		ck_assert_str_eq(
		    nng_strerror((nng_err)((int)NNG_ESYSERR + eno[i])),
		    strerror(eno[i]));
	}
}
END_TEST

START_TEST(errno_is_not_touched_by_a_text)
{
	for (size_t i = 0; i < NAMED; i++) {
		errno = E2BIG;
		(void)nng_strerror(named[i]);
		ck_assert_int_eq(errno, E2BIG);
	}
	(void)nng_strerror((nng_err)((int)NNG_ESYSERR + 4095));
	ck_assert_int_eq(errno, E2BIG);
}
END_TEST

START_TEST(an_int_and_an_error_are_the_same_number)
{
	int as_int = NNG_ESTOPPED;
	nng_err as_err = (nng_err)999;

	ck_assert_int_eq(as_int, (int)as_err);
	ck_assert_str_eq(nng_strerror(as_err), nng_strerror((nng_err)as_int));
}
END_TEST

static void *
ask_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		const char *text = nng_strerror((nng_err)i);

		if (text == NULL || strlen(text) == 0) {
			return arg;
		}
	}
	return NULL;
}

START_TEST(texts_may_be_asked_for_on_many_threads)
{
	con_threads(4, ask_often, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/errors");
	/* Without init: texts need none. */
	TCase *tc = con_case_bare(suite, "errors");

	tcase_add_loop_test(tc, each_error_has_a_text, 0, (int)NAMED);
	tcase_add_test(tc, each_text_is_different);
	tcase_add_test(tc, a_text_stays_when_others_are_asked_for);
	tcase_add_test(tc, numbers_without_a_name_have_a_text_too);
	tcase_add_test(tc, a_system_error_has_the_text_of_the_system);
	tcase_add_test(tc, errno_is_not_touched_by_a_text);
	tcase_add_test(tc, an_int_and_an_error_are_the_same_number);
	tcase_add_test(tc, texts_may_be_asked_for_on_many_threads);
	return run_suite(suite);
}
