/*
 * conform_rules - section 2: what holds for all calls.
 */
#include "conform/con.h"

#include <sys/wait.h>
#include <unistd.h>

START_TEST(before_init_a_handle_is_refused_and_the_pointer_not_written)
{
	nng_aio *aio = (nng_aio *)&aio;

	ck_assert_int_ne(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	ck_assert_ptr_eq(aio, &aio);
}
END_TEST

START_TEST(before_init_the_plain_calls_work)
{
	nng_sockaddr sa = {.s_family = NNG_AF_INET};
	nng_id_map *map;
	char buf[NNG_MAXADDRSTRLEN];
	nng_url *url;
	nng_mtx *mtx;
	nng_msg *msg;
	void *p = nng_alloc(8);

	ck_assert_ptr_nonnull(p);
	nng_free(p, 8);
	ck_assert_int_eq(nng_msg_alloc(&msg, 8), NNG_OK);
	ck_assert_int_eq(nng_msg_append_u32(msg, 7), NNG_OK);
	nng_msg_free(msg);
	ck_assert_int_eq(nng_url_parse(&url, "tcp://127.0.0.1:80"), NNG_OK);
	nng_url_free(url);
	ck_assert_ptr_eq(nng_str_sockaddr(&sa, buf, sizeof(buf)), buf);
	ck_assert_int_eq(nng_id_map_alloc(&map, 0, 0, 0), NNG_OK);
	ck_assert_int_eq(nng_id_set(map, 1, &sa), NNG_OK);
	nng_id_map_free(map);
	ck_assert_int_eq(nng_mtx_alloc(&mtx), NNG_OK);
	nng_mtx_lock(mtx);
	nng_mtx_unlock(mtx);
	nng_mtx_free(mtx);
	(void)nng_clock();
	nng_log_notice("ID", "before init");
	ck_assert_ptr_nonnull(nng_strerror(NNG_EINVAL));
}
END_TEST

START_TEST(a_fini_without_init_is_harmless)
{
	nng_fini();
	nng_fini();
	ck_assert_int_eq(nng_init(&(nng_init_params){0}), NNG_OK);
	nng_fini();
	nng_fini();
	ck_assert_int_eq(nng_init(&(nng_init_params){0}), NNG_OK);
	nng_fini();
}
END_TEST

START_TEST(null_is_ignored_by_the_calls_that_say_so)
{
	nng_aio_free(NULL);
	nng_aio_reap(NULL);
	nng_aio_stop(NULL);
	nng_aio_wait(NULL);
	nng_aio_abort(NULL, NNG_ECANCELED);
	nng_aio_cancel(NULL);
	nng_msg_free(NULL);
	nng_url_free(NULL);
	nng_mtx_free(NULL);
	nng_cv_free(NULL);
	nng_free(NULL, 5);
	nng_strfree(NULL);
}
END_TEST

/* A callback that does everything that a callback may do. */
struct busybody {
	nng_aio *other;   /* idle */
	nng_aio *pending; /* gets cancelled */
	nng_aio *reaped;  /* pending */
	nng_mtx *mtx;
	bool ok;
};

static void
meddle(struct con_op *o)
{
	struct busybody *b = o->arg;

	if (o->calls > 1) {
		return;
	}
	nng_mtx_lock(b->mtx);
	nng_sleep_aio(1, b->other);
	nng_aio_abort(b->pending, NNG_EPROTO);
	nng_aio_cancel(b->pending);
	nng_aio_reap(b->reaped);
	b->ok = nng_aio_busy(o->aio);
	nng_mtx_unlock(b->mtx);
	nng_sleep_aio(1, o->aio);
}

START_TEST(a_callback_may_submit_cancel_abort_reap_and_lock)
{
	struct con_op o;
	struct con_op pending;
	struct con_op other;
	struct con_op reaped;
	struct busybody b = {.ok = false};

	con_op_init(&o, meddle, &b);
	con_op_init(&pending, NULL, NULL);
	con_op_init(&other, NULL, NULL);
	con_op_init(&reaped, NULL, NULL);
	reaped.gone = true;
	ck_assert_int_eq(nng_mtx_alloc(&b.mtx), NNG_OK);
	b.other = other.aio;
	b.pending = pending.aio;
	b.reaped = reaped.aio;
	nng_sleep_aio(CON_LONG_MS, pending.aio);
	nng_sleep_aio(CON_LONG_MS, reaped.aio);
	nng_sleep_aio(1, o.aio);
	ck_assert(latch_wait(&o.ran, 2));
	con_op_expect(&o, 2, NNG_OK);
	ck_assert(b.ok);
	con_op_expect(&pending, 1, NNG_EPROTO);
	con_op_expect(&other, 1, NNG_OK);
	con_op_expect(&reaped, 1, NNG_ESTOPPED);
	con_op_fini(&o);
	con_op_fini(&pending);
	con_op_fini(&other);
	con_op_fini(&reaped);
	nng_mtx_free(b.mtx);
}
END_TEST

static void
hundred_times(struct con_op *o)
{
	if (o->calls < 100) {
		nng_sleep_aio(0, o->aio);
	}
}

START_TEST(the_own_callback_resubmits_again_and_again)
{
	struct con_op o;

	con_op_init(&o, hundred_times, NULL);
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 100));
	con_op_expect(&o, 100, NNG_OK);
	con_op_fini(&o);
}
END_TEST

/* Cancel, abort, wait, busy and stop from many threads at once. */
struct crowd {
	nng_aio *aio;
	bool stop;
};

static void *
crowd_member(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < 200; i++) {
		nng_aio_cancel(c->aio);
		nng_aio_abort(c->aio, NNG_EPROTO);
		(void)nng_aio_busy(c->aio);
		if (i == 100 && c->stop) {
			nng_aio_stop(c->aio);
		}
		if (i > 150) {
			nng_aio_wait(c->aio);
		}
	}
	return NULL;
}

START_TEST(a_handle_is_cancelled_waited_for_and_stopped_by_many)
{
	struct con_op o;
	struct crowd c = {.stop = _i != 0};

	con_op_init(&o, NULL, NULL);
	c.aio = o.aio;
	nng_sleep_aio(CON_LONG_MS, o.aio);
	con_threads(4, crowd_member, &c);
	nng_aio_wait(o.aio);
	ck_assert_uint_eq(o.calls, 1);
	ck_assert(o.results[0] == NNG_ECANCELED || o.results[0] == NNG_EPROTO);
	con_op_fini(&o);
}
END_TEST

START_TEST(stop_all_then_free_is_always_safe)
{
	struct con_op ops[6];

	for (int i = 0; i < 6; i++) {
		con_op_init(&ops[i], hundred_times, NULL);
		nng_sleep_aio(i % 2 == 0 ? CON_LONG_MS : 0, ops[i].aio);
	}
	for (int i = 0; i < 6; i++) {
		nng_aio_stop(ops[i].aio);
	}
	for (int i = 0; i < 6; i++) {
		con_op_fini(&ops[i]);
	}
}
END_TEST

START_TEST(a_message_on_a_handle_stays_the_callers)
{
	nng_aio *aio;
	nng_msg *msg;

	ck_assert_int_eq(nng_msg_alloc(&msg, 16), NNG_OK);
	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	nng_aio_set_msg(aio, msg);
	nng_aio_free(aio);
	ck_assert_uint_eq(nng_msg_len(msg), 16);
	nng_msg_free(msg);
}
END_TEST

/* What a forked child exits with. */
static int
in_child(int (*fn)(nng_aio *aio), nng_aio *aio)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		_exit(fn(aio));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static int
child_execs(nng_aio *aio)
{
	(void)aio;
	(void)execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
	return 99;
}

START_TEST(exec_in_a_forked_child_is_fine)
{
	ck_assert_int_eq(in_child(child_execs, NULL), 7);
}
END_TEST

static int
child_goes_on(nng_aio *aio)
{
	nng_aio *mine = NULL;

	alarm(20);
	if (nng_aio_alloc(&mine, NULL, NULL) == NNG_OK) {
		return 1;
	}
	if (mine != NULL) {
		return 2;
	}
	nng_sleep_aio(1, aio);
	nng_aio_cancel(aio);
	nng_aio_wait(aio);
	nng_aio_stop(aio);
	if (nng_aio_busy(aio)) {
		return 3;
	}
	if (nng_init(NULL) == NNG_OK) {
		return 4;
	}
	nng_fini();
	return 42;
}

START_TEST(a_forked_child_that_goes_on_gets_errors_and_never_hangs)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	ck_assert_int_eq(in_child(child_goes_on, o.aio), 42);
	/* The parent's is not touched. */
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	con_op_fini(&o);
}
END_TEST

START_TEST(a_child_forked_in_the_midst_of_an_operation_never_hangs)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	ck_assert_int_eq(in_child(child_goes_on, o.aio), 42);
	ck_assert(nng_aio_busy(o.aio));
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
	con_op_fini(&o);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/rules");
	TCase *tc = con_case_bare(suite, "bare");

	tcase_add_test(
	    tc, before_init_a_handle_is_refused_and_the_pointer_not_written);
	tcase_add_test(tc, before_init_the_plain_calls_work);
	tcase_add_test(tc, a_fini_without_init_is_harmless);
	tcase_add_test(tc, null_is_ignored_by_the_calls_that_say_so);

	tc = con_case(suite, "rules");
	tcase_add_test(tc, null_is_ignored_by_the_calls_that_say_so);
	tcase_add_test(tc, a_callback_may_submit_cancel_abort_reap_and_lock);
	tcase_add_test(tc, the_own_callback_resubmits_again_and_again);
	tcase_add_loop_test(
	    tc, a_handle_is_cancelled_waited_for_and_stopped_by_many, 0, 2);
	tcase_add_test(tc, stop_all_then_free_is_always_safe);
	tcase_add_test(tc, a_message_on_a_handle_stays_the_callers);
	tcase_add_test(tc, exec_in_a_forked_child_is_fine);
	tcase_add_test(
	    tc, a_forked_child_that_goes_on_gets_errors_and_never_hangs);
	tcase_add_test(
	    tc, a_child_forked_in_the_midst_of_an_operation_never_hangs);
	return run_suite(suite);
}
