/*
 * test_err - codes, their texts, errno and the version.
 */
#include "base/err.h"
#include "support/run.h"

#include <weir/version.h>
#include <weir/weir.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ERRNO_MAX 133 /* EHWPOISON, the last one of Linux */

static const weir_err codes[] = {
    WEIR_OK,
    WEIR_EINTR,
    WEIR_ENOMEM,
    WEIR_EINVAL,
    WEIR_EBUSY,
    WEIR_ETIMEDOUT,
    WEIR_ECONNREFUSED,
    WEIR_ECLOSED,
    WEIR_EAGAIN,
    WEIR_ENOTSUP,
    WEIR_EADDRINUSE,
    WEIR_ESTATE,
    WEIR_ENOENT,
    WEIR_EPROTO,
    WEIR_EUNREACHABLE,
    WEIR_EADDRINVAL,
    WEIR_EPERM,
    WEIR_EMSGSIZE,
    WEIR_ECONNABORTED,
    WEIR_ECONNRESET,
    WEIR_ECANCELED,
    WEIR_ENOFILES,
    WEIR_ENOSPC,
    WEIR_EEXIST,
    WEIR_EREADONLY,
    WEIR_EWRITEONLY,
    WEIR_ECRYPTO,
    WEIR_EPEERAUTH,
    WEIR_EBADTYPE,
    WEIR_ECONNSHUT,
    WEIR_EDEADLK,
    WEIR_EFORK,
    WEIR_EMISUSE,
    WEIR_ESTOPPED,
    WEIR_EINTERNAL,
    WEIR_ESYSERR,
    WEIR_ETRANERR,
};
#define CODES (sizeof(codes) / sizeof(codes[0]))

/* Is it a code of the header?  No default: the compiler names the code that is
 * missing here, and the list above needs as many. */
static bool
is_code(weir_err err)
{
	switch (err) {
	case WEIR_OK:
	case WEIR_EINTR:
	case WEIR_ENOMEM:
	case WEIR_EINVAL:
	case WEIR_EBUSY:
	case WEIR_ETIMEDOUT:
	case WEIR_ECONNREFUSED:
	case WEIR_ECLOSED:
	case WEIR_EAGAIN:
	case WEIR_ENOTSUP:
	case WEIR_EADDRINUSE:
	case WEIR_ESTATE:
	case WEIR_ENOENT:
	case WEIR_EPROTO:
	case WEIR_EUNREACHABLE:
	case WEIR_EADDRINVAL:
	case WEIR_EPERM:
	case WEIR_EMSGSIZE:
	case WEIR_ECONNABORTED:
	case WEIR_ECONNRESET:
	case WEIR_ECANCELED:
	case WEIR_ENOFILES:
	case WEIR_ENOSPC:
	case WEIR_EEXIST:
	case WEIR_EREADONLY:
	case WEIR_EWRITEONLY:
	case WEIR_ECRYPTO:
	case WEIR_EPEERAUTH:
	case WEIR_EBADTYPE:
	case WEIR_ECONNSHUT:
	case WEIR_EDEADLK:
	case WEIR_EFORK:
	case WEIR_EMISUSE:
	case WEIR_ESTOPPED:
	case WEIR_EINTERNAL:
	case WEIR_ESYSERR:
	case WEIR_ETRANERR:
		return true;
	}
	return false;
}

START_TEST(the_list_of_this_test_is_that_of_the_header)
{
	unsigned n = 0;

	for (int i = 0; i <= WEIR_EINTERNAL; i++) {
		n += is_code((weir_err)i);
	}
	n += is_code(WEIR_ESYSERR) + is_code(WEIR_ETRANERR);
	ck_assert_uint_eq(n, CODES);
	for (size_t i = 0; i < CODES; i++) {
		ck_assert(is_code(codes[i]));
	}
}
END_TEST

START_TEST(a_transport_s_own_codes_have_one_text)
{
	const char *text = weir_strerror(WEIR_ETRANERR);

	ck_assert_str_eq(weir_strerror((weir_err)(WEIR_ETRANERR + 1)), text);
	ck_assert_str_eq(weir_strerror((weir_err)(WEIR_ETRANERR + 99)), text);
	ck_assert_str_eq(weir_strerror((weir_err)0x7fffffff), "unknown error");
}
END_TEST

START_TEST(every_code_has_a_text_of_its_own)
{
	for (size_t i = 0; i < CODES; i++) {
		const char *text = weir_strerror(codes[i]);

		ck_assert_ptr_nonnull(text);
		ck_assert_str_ne(text, "");
		ck_assert_str_ne(text, "unknown error");
		for (size_t j = 0; j < i; j++) {
			ck_assert_str_ne(text, weir_strerror(codes[j]));
		}
	}
}
END_TEST

START_TEST(a_text_is_the_same_pointer_each_time)
{
	ck_assert_ptr_eq(
	    weir_strerror(WEIR_EINVAL), weir_strerror(WEIR_EINVAL));
	ck_assert_ptr_eq(weir_strerror((weir_err)(WEIR_ESYSERR + EIO)),
	    weir_strerror((weir_err)(WEIR_ESYSERR + EIO)));
}
END_TEST

START_TEST(an_unknown_code_is_called_unknown)
{
	static const int unknown[] = {-1, 28, 99, 103, 998, 1001, 0x0fffffff,
	    WEIR_ESYSERR + 100000, 0x1fffffff, 0x30000000};

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		ck_assert_str_eq(
		    weir_strerror((weir_err)unknown[i]), "unknown error");
	}
}
END_TEST

START_TEST(a_system_error_has_the_text_of_the_system)
{
	ck_assert_str_eq(weir_strerror((weir_err)(WEIR_ESYSERR + EIO)),
	    "Input/output error");
}
END_TEST

START_TEST(every_errno_maps_to_a_code_that_has_a_text)
{
	for (int eno = 1; eno <= ERRNO_MAX; eno++) {
		weir_err err = wri_err_of(eno);

		ck_assert_int_ne(err, WEIR_OK);
		ck_assert_int_ge(err, WEIR_EINTR);
		if (err >= WEIR_ESYSERR) {
			ck_assert_int_eq(err, WEIR_ESYSERR + eno);
		}
		/* Linux has no 41 and no 58: they stay unknown. */
		if (eno != 41 && eno != 58) {
			ck_assert_str_ne(weir_strerror(err), "unknown error");
		}
	}
}
END_TEST

START_TEST(errno_maps_as_documented)
{
	static const struct {
		int eno;
		weir_err err;
	} rows[] = {
	    {EINTR, WEIR_EINTR},
	    {ENOMEM, WEIR_ENOMEM},
	    {ENOBUFS, WEIR_ENOMEM},
	    {EINVAL, WEIR_EINVAL},
	    {ENAMETOOLONG, WEIR_EINVAL},
	    {ENOTSOCK, WEIR_EINVAL},
	    {EBUSY, WEIR_EBUSY},
	    {EISCONN, WEIR_EBUSY},
	    {ETIMEDOUT, WEIR_ETIMEDOUT},
	    {ECONNREFUSED, WEIR_ECONNREFUSED},
	    {EBADF, WEIR_ECLOSED},
	    {ENOTCONN, WEIR_ECLOSED},
	    {EPIPE, WEIR_ECLOSED},
	    {EAGAIN, WEIR_EAGAIN},
	    {EWOULDBLOCK, WEIR_EAGAIN},
	    {EAFNOSUPPORT, WEIR_ENOTSUP},
	    {ENOSYS, WEIR_ENOTSUP},
	    {ENOTSUP, WEIR_ENOTSUP},
	    {EOPNOTSUPP, WEIR_ENOTSUP},
	    {ENOPROTOOPT, WEIR_ENOTSUP},
	    {EPROTONOSUPPORT, WEIR_ENOTSUP},
	    {EADDRINUSE, WEIR_EADDRINUSE},
	    {ENOENT, WEIR_ENOENT},
	    {EPROTO, WEIR_EPROTO},
	    {EHOSTUNREACH, WEIR_EUNREACHABLE},
	    {ENETUNREACH, WEIR_EUNREACHABLE},
	    {EADDRNOTAVAIL, WEIR_EADDRINVAL},
	    {EPERM, WEIR_EPERM},
	    {EACCES, WEIR_EPERM},
	    {EMSGSIZE, WEIR_EMSGSIZE},
	    {ECONNABORTED, WEIR_ECONNABORTED},
	    {ECONNRESET, WEIR_ECONNRESET},
	    {ECANCELED, WEIR_ECANCELED},
	    {EMFILE, WEIR_ENOFILES},
	    {ENFILE, WEIR_ENOFILES},
	    {ENOSPC, WEIR_ENOSPC},
	    {EFBIG, WEIR_ENOSPC},
	    {EDQUOT, WEIR_ENOSPC},
	    {EEXIST, WEIR_EEXIST},
	    {EDEADLK, WEIR_EDEADLK},
	    {EIO, WEIR_ESYSERR + EIO},
	    {EISDIR, WEIR_ESYSERR + EISDIR},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(wri_err_of(rows[i].eno) == rows[i].err,
		    "errno %d gives %d", rows[i].eno,
		    (int)wri_err_of(rows[i].eno));
	}
}
END_TEST

START_TEST(the_version_is_that_of_the_header)
{
	char text[32];

	snprintf(text, sizeof(text), "%d.%d.%d", WEIR_VERSION_MAJOR,
	    WEIR_VERSION_MINOR, WEIR_VERSION_PATCH);
	ck_assert_str_eq(weir_version(), text);
	ck_assert_str_eq(weir_version(), WEIR_VERSION);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("err");

	tcase_add_test(tc, the_list_of_this_test_is_that_of_the_header);
	tcase_add_test(tc, every_code_has_a_text_of_its_own);
	tcase_add_test(tc, a_transport_s_own_codes_have_one_text);
	tcase_add_test(tc, a_text_is_the_same_pointer_each_time);
	tcase_add_test(tc, an_unknown_code_is_called_unknown);
	tcase_add_test(tc, a_system_error_has_the_text_of_the_system);
	tcase_add_test(tc, every_errno_maps_to_a_code_that_has_a_text);
	tcase_add_test(tc, errno_maps_as_documented);
	tcase_add_test(tc, the_version_is_that_of_the_header);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
