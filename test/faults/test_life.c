/*
 * test_life - a whole life, in which the n-th call of each kind fails.
 *
 * Purpose    for each allocation, start of a thread and system call, and each
 *            errno that it may well have: n = 1, 2, 3, ... until a life passes
 *            untouched.  Every step ends with a code or works, nothing is left,
 *            and the next life, undisturbed, works.
 * Shape      under a sanitizer, and for what is called very often, some n are
 *            left out: by chance, from WEIR_TEST_SEED.
 */
#include "aio/dice.h"
#include "faults/life.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>

static const struct {
	enum wri_sys_call call;
	int eno;
} rows[] = {
    {WRI_SYS_SOCKET, EMFILE},
    {WRI_SYS_SOCKET, ENOBUFS},
    {WRI_SYS_BIND, EADDRINUSE},
    {WRI_SYS_BIND, EACCES},
    {WRI_SYS_LISTEN, EADDRINUSE},
    {WRI_SYS_SOCKETPAIR, EMFILE},
    {WRI_SYS_ACCEPT, EMFILE},
    {WRI_SYS_ACCEPT, ENFILE},
    {WRI_SYS_ACCEPT, ECONNABORTED},
    {WRI_SYS_ACCEPT, EINTR},
    {WRI_SYS_ACCEPT, ENOMEM},
    {WRI_SYS_ACCEPT, EPERM},
    {WRI_SYS_SHUTDOWN, ENOTCONN},
    {WRI_SYS_GETSOCKOPT, ENOMEM},
    {WRI_SYS_SETSOCKOPT, ENOBUFS},
    {WRI_SYS_GETSOCKNAME, ENOBUFS},
    /* Not ENOTCONN: that is an answer, "not yet", and an event follows. */
    {WRI_SYS_GETPEERNAME, ENOBUFS},
    {WRI_SYS_READ, EINTR},
    {WRI_SYS_RECV, EINTR},
    {WRI_SYS_RECV, ECONNRESET},
    {WRI_SYS_RECV, ENOMEM},
    {WRI_SYS_RECVMSG, EINTR},
    {WRI_SYS_RECVMSG, ENOMEM},
    {WRI_SYS_PEEKMSG, ENOMEM},
    {WRI_SYS_WRITE, EINTR},
    {WRI_SYS_SEND, EINTR},
    {WRI_SYS_SEND, EPIPE},
    {WRI_SYS_SEND, ENOBUFS},
    {WRI_SYS_SENDMSG, EINTR},
    {WRI_SYS_SENDMSG, ENOBUFS},
    {WRI_SYS_SENDMSG, EPERM},
    {WRI_SYS_EPOLL_WAIT, EINTR},
    {WRI_SYS_PPOLL, EINTR},
    {WRI_SYS_EPOLL_CREATE, EMFILE},
    {WRI_SYS_EPOLL_CREATE, ENOMEM},
    {WRI_SYS_EPOLL_CTL, ENOSPC},
    {WRI_SYS_EPOLL_CTL, ENOMEM},
    {WRI_SYS_EVENTFD, EMFILE},
    {WRI_SYS_EVENTFD, ENODEV},
    {WRI_SYS_TIMERFD_CREATE, EMFILE},
    {WRI_SYS_CHMOD, EPERM},
    {WRI_SYS_FCNTL, EINTR},
    {WRI_SYS_FSTAT, EIO},
    {WRI_SYS_OPEN, EMFILE},
    {WRI_SYS_OPEN, ENOENT},
    {WRI_SYS_UNLINK, EROFS},
    {WRI_SYS_LSTAT, EACCES},
    {WRI_SYS_CONNECT, ECONNREFUSED},
    {WRI_SYS_CONNECT, ENETUNREACH},
    {WRI_SYS_CONNECT, EAGAIN},
    {WRI_SYS_CONNECT, EINTR},
    {WRI_SYS_CLOSE, EINTR},
    {WRI_SYS_CLOSE, EIO},
};
#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif
/* Lives of one row; what is called more often is drawn. */
#define LIVES_MAX (SANITIZED ? 4u : 1000u)

static struct dice dice;

/*
 * Live with the n-th call failing, for all n; *f is what fails.  Returns how
 * often it was called in a life that it did not touch.
 */
static unsigned
sweep(struct wri_fault *f, int eno, const char *poller)
{
	struct rt_counts before = rt_count();
	unsigned most, step = 1;
	struct life l;

	/* How many calls there are, about. */
	fault_arm(f, UINT32_MAX, UINT32_MAX, eno);
	life_live(&l, poller);
	most = wri_load(&f->calls, WRI_RLX);
	fault_arm(f, 0, 0, 0);
	ck_assert_uint_eq(l.refused, 0);

	if (most > LIVES_MAX) {
		step = most / LIVES_MAX + 1;
	}
	for (unsigned n = 1;; n += 1 + dice_roll(&dice, 2 * step - 1)) {
		unsigned calls;

		fault_arm(f, n, n, eno);
		life_live(&l, poller);
		calls = wri_load(&f->calls, WRI_RLX);
		fault_arm(f, 0, 0, 0);
		rt_expect_counts(before);
		if (calls < n) {
			ck_assert_msg(l.refused == 0,
			    "%s: %d (%s), though nothing failed", l.where,
			    (int)l.code, weir_strerror(l.code));
			return most;
		}
	}
}

START_TEST(a_system_call_fails)
{
	(void)sweep(&wri_sys_faults[rows[_i].call], rows[_i].eno, NULL);
	life_expect_good(NULL);
}
END_TEST

START_TEST(an_allocation_fails)
{
	ck_assert_uint_gt(sweep(&wri_mem_fault, ENOMEM, NULL), 20);
	life_expect_good(NULL);
}
END_TEST

START_TEST(a_thread_cannot_be_started)
{
	ck_assert_uint_gt(sweep(&wri_thread_fault, EAGAIN, NULL), 3);
	life_expect_good(NULL);
}
END_TEST

static const struct {
	enum wri_sys_call call;
	int eno;
} polls[] = {
    {WRI_SYS_POLL, EINTR},
    {WRI_SYS_EVENTFD, EMFILE},
    {WRI_SYS_RECV, ECONNRESET},
};

START_TEST(the_same_with_the_other_poller)
{
	(void)sweep(&wri_sys_faults[polls[_i].call], polls[_i].eno, "poll");
	(void)sweep(&wri_mem_fault, ENOMEM, "poll");
	life_expect_good("poll");
}
END_TEST

/* From the n-th on all fail, until the end of that life. */
START_TEST(descriptors_run_out)
{
	static const enum wri_sys_call calls[] = {WRI_SYS_SOCKET,
	    WRI_SYS_ACCEPT, WRI_SYS_EVENTFD, WRI_SYS_EPOLL_CREATE,
	    WRI_SYS_TIMERFD_CREATE, WRI_SYS_SOCKETPAIR};
	struct rt_counts before = rt_count();

	for (unsigned n = 1; n <= 6; n++) {
		struct life l;

		for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]);
		     i++) {
			if (calls[i] != WRI_SYS_ACCEPT) {
				wri_sys_fail_from(calls[i], n, EMFILE);
			}
		}
		life_live(&l, NULL);
		for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]);
		     i++) {
			wri_sys_fail_at(calls[i], 0, 0);
		}
		ck_assert_uint_gt(l.refused, 0);
		rt_expect_counts(before);
	}
	life_expect_good(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("faults");
	TCase *tc = tcase_create("life");

	dice_init(&dice, 0);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, an_allocation_fails);
	tcase_add_test(tc, a_thread_cannot_be_started);
	tcase_add_loop_test(tc, a_system_call_fails, 0, ROWS);
	tcase_add_loop_test(tc, the_same_with_the_other_poller, 0,
	    (int)(sizeof(polls) / sizeof(polls[0])));
	tcase_add_test(tc, descriptors_run_out);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
