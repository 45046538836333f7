/*
 * conform_misuse - beyond the documents of the drop-in: mistakes are named, and
 * where a program chooses to go on, what runs is unharmed (traps 4 and 5).
 */
#include "conform/con.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct con_op o;
static struct con_prov p;

static void
setup(void)
{
	con_setup();
	con_misuse_begin();
	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_ENDS);
}

static void
teardown(void)
{
	con_op_fini(&o);
	con_prov_fini(&p);
	con_teardown();
}

/* The operation that was running when the mistake was made. */
static void
expect_unharmed(void)
{
	ck_assert_uint_ge(con_misuses(), 1);
	ck_assert_str_ne(con_misuse_call(), "");
	ck_assert(nng_aio_busy(o.aio));
	ck_assert(con_prov_finish(&p, NNG_EEXIST));
	con_op_expect(&o, 1, NNG_EEXIST);
	/* And the handle goes on. */
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 2, NNG_OK);
}

START_TEST(a_sleep_on_a_busy_handle)
{
	ck_assert(con_prov_submit(&p, o.aio));
	nng_sleep_aio(0, o.aio);
	ck_assert_uint_eq(con_misuses(), 1);
	expect_unharmed();
}
END_TEST

START_TEST(a_sleep_on_a_sleeping_handle)
{
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_sleep_aio(0, o.aio);
	ck_assert_uint_eq(con_misuses(), 1);
	ck_assert(nng_aio_busy(o.aio));
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
}
END_TEST

START_TEST(a_start_on_a_busy_handle)
{
	struct con_prov other;

	con_prov_init(&other, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(!con_prov_submit(&other, o.aio));
	nng_aio_abort(o.aio, NNG_EPROTO);
	con_op_expect(&o, 1, NNG_EPROTO);
	ck_assert_uint_eq(con_prov_hooks(&other), 0);
	ck_assert_uint_eq(con_prov_hooks(&p), 1);
	con_prov_fini(&other);
}
END_TEST

START_TEST(a_reset_of_a_busy_handle)
{
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_reset(o.aio);
	expect_unharmed();
}
END_TEST

START_TEST(a_timeout_set_on_a_busy_handle)
{
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_set_timeout(o.aio, 1);
	nng_aio_set_expire(o.aio, 1);
	ck_assert(!latch_wait_ms(&o.ran, 1, 20));
	expect_unharmed();
}
END_TEST

START_TEST(an_iov_or_input_set_on_a_busy_handle)
{
	char buf[4];
	nng_iov iov = {buf, sizeof(buf)};

	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert_int_ne(nng_aio_set_iov(o.aio, 1, &iov), NNG_OK);
	ck_assert_int_ne(nng_aio_set_input(o.aio, 0, buf), NNG_OK);
	expect_unharmed();
	ck_assert_ptr_null(nng_aio_get_input(o.aio, 0));
}
END_TEST

START_TEST(a_second_finish)
{
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	nng_aio_finish(o.aio, NNG_EPROTO);
	nng_aio_finish(o.aio, NNG_EPROTO);
	ck_assert_uint_eq(con_misuses(), 2);
	con_op_expect(&o, 1, NNG_OK);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

static void
finish_again(struct con_op *op)
{
	if (op->calls == 1) {
		nng_aio_finish(op->aio, NNG_EPROTO);
	}
}

START_TEST(a_second_finish_from_the_callback)
{
	o.then = finish_again;
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	ck_assert_uint_eq(con_misuses(), 1);
}
END_TEST

static void *
finish_thread(void *arg)
{
	nng_aio_finish(arg, NNG_OK);
	return NULL;
}

START_TEST(many_finishes_at_once_of_which_one_counts)
{
	for (unsigned i = 1; i <= 30; i++) {
		ck_assert(nng_aio_start(o.aio, NULL, NULL));
		con_threads(4, finish_thread, o.aio);
		con_op_expect(&o, i, NNG_OK);
	}
	ck_assert_uint_eq(con_misuses(), 90);
}
END_TEST

START_TEST(a_finish_of_a_stopped_handle_is_no_second_callback)
{
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_stop(o.aio);
	con_op_expect(&o, 1, NNG_ESTOPPED);
	nng_aio_finish(o.aio, NNG_OK);
	ck_assert_uint_eq(latch_hits(&o.ran), 1);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
}
END_TEST

/* What a child says on stderr when it makes a mistake; its status. */
static const char *
dying_words(void (*mistake)(void), int *status)
{
	static char words[1024];
	ssize_t n;
	size_t len = 0;
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)dup2(fds[1], STDERR_FILENO);
		alarm(20);
		mistake();
		_exit(0);
	}
	ck_assert_int_eq(close(fds[1]), 0);
	while ((n = read(fds[0], words + len, sizeof(words) - 1 - len)) > 0) {
		len += (size_t)n;
	}
	words[len] = '\0';
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(waitpid(pid, status, 0), pid);
	return words;
}

static void
submit_twice(void)
{
	nng_aio *aio;

	if (nng_init(NULL) == NNG_OK &&
	    nng_aio_alloc(&aio, NULL, NULL) == NNG_OK) {
		weir_aio_set_tag(aio, "the-tag");
		nng_sleep_aio(CON_LONG_MS, aio);
		nng_sleep_aio(CON_LONG_MS, aio);
	}
}

static void
finish_twice(void)
{
	nng_aio *aio;

	if (nng_init(NULL) == NNG_OK &&
	    nng_aio_alloc(&aio, NULL, NULL) == NNG_OK) {
		weir_aio_set_tag(aio, "the-tag");
		if (nng_aio_start(aio, NULL, NULL)) {
			nng_aio_finish(aio, NNG_OK);
			nng_aio_wait(aio);
			nng_aio_finish(aio, NNG_OK);
		}
	}
}

static const struct {
	void (*make)(void);
	const char *call; /* that the line names */
} mistakes[] = {
    {submit_twice, " nng_sleep_aio: "},
    {finish_twice, " nng_aio_finish: "},
};

START_TEST(by_default_a_mistake_is_named_in_one_line_and_aborts)
{
	const char *words;
	int status;

	words = dying_words(mistakes[_i].make, &status);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	/* One line, with the call and the tag of the handle. */
	ck_assert_ptr_nonnull(strchr(words, '\n'));
	ck_assert_ptr_nonnull(strstr(words, mistakes[_i].call));
	ck_assert_ptr_nonnull(strstr(words, "the-tag"));
	ck_assert_str_eq(strchr(words, '\n'), "\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/misuse");
	TCase *tc = con_case_bare(suite, "refused");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_sleep_on_a_busy_handle);
	tcase_add_test(tc, a_sleep_on_a_sleeping_handle);
	tcase_add_test(tc, a_start_on_a_busy_handle);
	tcase_add_test(tc, a_reset_of_a_busy_handle);
	tcase_add_test(tc, a_timeout_set_on_a_busy_handle);
	tcase_add_test(tc, an_iov_or_input_set_on_a_busy_handle);
	tcase_add_test(tc, a_second_finish);
	tcase_add_test(tc, a_second_finish_from_the_callback);
	tcase_add_test(tc, many_finishes_at_once_of_which_one_counts);
	tcase_add_test(tc, a_finish_of_a_stopped_handle_is_no_second_callback);

	tc = con_case_bare(suite, "fatal");
	if (run_forks()) {
		/* Alone in a process that has no threads yet. */
		tcase_add_loop_test(tc,
		    by_default_a_mistake_is_named_in_one_line_and_aborts, 0, 2);
	}
	return run_suite(suite);
}
