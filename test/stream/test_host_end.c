/*
 * test_host_end - a dial by name ends at once in whatever stage it is: while
 * its lookup hangs or waits for a thread, while an address does not answer, and
 * between two addresses; and goes on while no callback of the default pool can.
 */
#include "stream/hosts.h"
#include "stream/stream.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 2

static struct op dial, others[THREADS];
static weir_stream_listener *l;  /* on 127.0.0.1 */
static weir_stream_dialer *d;    /* of name.test, with its port */
static weir_stream_dialer *held; /* whose lookups take the threads */

static const weir_params few = {
    .size = sizeof(few),
    .num_resolver_threads = THREADS,
    .fini_limit = 50000000, /* 50 ms */
};

static void
setup(void)
{
	fake_up();
	rt_up(&few);
	op_init(&dial);
	for (int i = 0; i < THREADS; i++) {
		op_init(&others[i]);
	}
	l = hosts_listener(&d);
	held = hosts_dialer("tcp", hosts_port(l));
	hosts_answer_one("127.0.0.1");
}

/* d and l may be gone. */
static void
teardown(void)
{
	weir_stream_dialer_free(d);
	weir_stream_dialer_free(held);
	weir_stream_listener_free(l);
	fake_down();
	op_fini(&dial);
	for (int i = 0; i < THREADS; i++) {
		op_fini(&others[i]);
	}
	rt_down();
}

/* --- Ways to end --------------------------------------------------------- */

static void
by_cancel(void)
{
	ck_assert_int_eq(weir_aio_cancel(dial.aio), WEIR_CANCEL_REQUESTED);
}

static void
by_abort(void)
{
	ck_assert_int_eq(
	    weir_aio_abort(dial.aio, WEIR_ECONNABORTED), WEIR_CANCEL_REQUESTED);
}

static void
by_timeout(void)
{
}

static void
by_aio_stop(void)
{
	ck_assert_int_eq(weir_aio_stop(dial.aio), WEIR_OK);
}

static void
by_aio_close(void)
{
	weir_aio_close(dial.aio);
}

static void
by_close(void)
{
	weir_stream_dialer_close(d);
}

static void
by_stop(void)
{
	weir_stream_dialer_stop(d);
}

static void
by_free(void)
{
	weir_stream_dialer_free(d);
	d = NULL;
}

static const struct {
	void (*end)(void);
	weir_err want;
} ways[] = {
    {by_cancel, WEIR_ECANCELED},
    {by_abort, WEIR_ECONNABORTED},
    {by_timeout, WEIR_ETIMEDOUT},
    {by_aio_stop, WEIR_ESTOPPED},
    {by_aio_close, WEIR_ESTOPPED},
    {by_close, WEIR_ECLOSED},
    {by_stop, WEIR_ECLOSED},
    {by_free, WEIR_ECLOSED},
};

#define WAYS ((int)(sizeof(ways) / sizeof(ways[0])))

static void
dial_to_end(int way)
{
	if (ways[way].end == by_timeout) {
		ck_assert_int_eq(
		    weir_aio_set_timeout(dial.aio, WEIR_MS(20)), WEIR_OK);
	}
	weir_stream_dialer_dial(d, dial.aio);
}

static void
expect_end(int way)
{
	ways[way].end();
	ck_assert_int_eq(op_wait(&dial), ways[way].want);
	ck_assert_ptr_null(dial.out);
}

/* A dial of d works, if it can be dialled still. */
static void
expect_works(int way)
{
	weir_stream *s;

	if (ways[way].want == WEIR_ECLOSED) {
		weir_stream_dialer_free(d);
		d = hosts_dialer("tcp", hosts_port(l));
	}
	if (ways[way].want == WEIR_ESTOPPED) {
		op_fini(&dial);
		op_init(&dial);
	}
	ck_assert_int_eq(
	    weir_aio_set_timeout(dial.aio, WEIR_INFINITE), WEIR_OK);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_free(s);
}

START_TEST(a_dial_whose_lookup_hangs_ends_at_once)
{
	fake_hang();
	dial_to_end(_i);
	if (ways[_i].end != by_timeout) {
		fake_await(1);
	}
	expect_end(_i);
	/* The late answer is thrown away: fake_down counts it. */
	fake_release();
	expect_works(_i);
}
END_TEST

START_TEST(a_dial_that_waits_for_a_thread_ends_at_once_and_is_not_asked)
{
	fake_hang();
	for (unsigned i = 0; i < THREADS; i++) {
		weir_stream_dialer_dial(held, others[i].aio);
		fake_await(i + 1);
	}
	dial_to_end(_i);
	expect_end(_i);
	ck_assert_uint_eq(fake_begun(), THREADS);
	fake_release();
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(op_wait(&others[i]), WEIR_OK);
		weir_stream_free(others[i].out);
	}
	ck_assert_uint_eq(fake_begun(), THREADS);
	expect_works(_i);
}
END_TEST

/* --- An address that does not answer ---------------------------------------
 */

static struct {
	int listener;
	int fds[64];
	unsigned fds_len;
	uint16_t port;
} hang;

static void
hang_up(void)
{
	hang.listener = net_bare_listen(0, &hang.port);
	hang.fds_len = net_bare_full(hang.port, hang.fds, 64);
	weir_stream_dialer_free(d);
	d = hosts_dialer("tcp", hang.port);
}

static void
hang_down(void)
{
	while (hang.fds_len > 0) {
		close(hang.fds[--hang.fds_len]);
	}
	close(hang.listener);
}

/* Loops over the ways, with others left and without. */
START_TEST(a_dial_whose_address_does_not_answer_ends_at_once)
{
	static const char *const addrs[] = {
	    HOSTS_DEAD, "127.0.0.1", "127.0.0.3"};
	unsigned n = _i < WAYS ? 3 : 2;
	int way = _i % WAYS;

	hang_up();
	hosts_answer(n, addrs);
	wri_sys_fail_at(WRI_SYS_CONNECT, 100, EIO); /* counts */
	dial_to_end(way);
	while (wri_sys_calls(WRI_SYS_CONNECT) < 2) {
		(void)usleep(1000);
	}
	expect_end(way);
	ck_assert_uint_eq(wri_sys_calls(WRI_SYS_CONNECT), 2);
	wri_sys_fail_at(WRI_SYS_CONNECT, 0, 0);
	hang_down();
}
END_TEST

/* --- Races ------------------------------------------------------------------
 */

/* Lists of addresses that refuse: most ends fall between two of them. */
START_TEST(an_end_between_two_addresses_is_heeded)
{
	unsigned seed = (unsigned)_i + 1;

	hosts_answer_dead(40);
	for (unsigned round = 0; round < 60; round++) {
		weir_err err;

		seed = seed * 1664525u + 1013904223u;
		weir_stream_dialer_dial(d, dial.aio);
		for (unsigned i = (seed >> 16) % 3000; i > 0; i--) {
			(void)weir_aio_busy(dial.aio);
		}
		switch ((seed >> 8) % 3) {
		case 0:
			(void)weir_aio_cancel(dial.aio);
			err = WEIR_ECANCELED;
			break;
		case 1:
			weir_stream_dialer_stop(d);
			err = WEIR_ECLOSED;
			break;
		default:
			weir_stream_dialer_free(d);
			d = NULL;
			err = WEIR_ECLOSED;
			break;
		}
		if (op_wait(&dial) != WEIR_ECONNREFUSED) {
			ck_assert_int_eq(dial.err, err);
		}
		ck_assert_ptr_null(dial.out);
		weir_stream_dialer_free(d);
		d = hosts_dialer("tcp", hosts_port(l));
	}
}
END_TEST

START_TEST(an_end_races_with_the_answer)
{
	fake_hang();
	for (unsigned round = 0; round < 200; round++) {
		unsigned begun = fake_begun();

		weir_stream_dialer_dial(d, dial.aio);
		fake_await(begun + 1);
		fake_release_one();
		for (unsigned i = round * 8; i > 0; i--) {
			(void)weir_aio_busy(dial.aio);
		}
		(void)weir_aio_cancel(dial.aio);
		if (op_wait(&dial) == WEIR_OK) {
			weir_stream_free(dial.out);
		} else {
			ck_assert_int_eq(dial.err, WEIR_ECANCELED);
			ck_assert_ptr_null(dial.out);
		}
	}
}
END_TEST

/* Many answers are told while the dialer is closed. */
START_TEST(a_close_races_with_many_answers)
{
	enum { MANY = 64 };
	static struct op ops[MANY];

	for (unsigned round = 0; round < 60; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			op_init(&ops[i]);
			weir_stream_dialer_dial(d, ops[i].aio);
		}
		weir_stream_dialer_stop(d);
		for (unsigned i = 0; i < MANY; i++) {
			if (op_wait(&ops[i]) == WEIR_OK) {
				weir_stream_free(ops[i].out);
			} else {
				ck_assert_int_eq(ops[i].err, WEIR_ECLOSED);
				ck_assert_ptr_null(ops[i].out);
			}
			op_fini(&ops[i]);
		}
		weir_stream_dialer_free(d);
		d = hosts_dialer("tcp", hosts_port(l));
	}
}
END_TEST

/* --- weir_fini --------------------------------------------------------------
 */

static void
fini_up_again(void)
{
	op_fini(&dial);
	ck_assert_int_eq(weir_init(&few), WEIR_OK);
	op_init(&dial);
}

static void
fini_setup(void)
{
	setup();
	rt_expect_log(); /* handles live on */
}

START_TEST(weir_fini_ends_a_dial_whose_lookup_hangs)
{
	weir_stream *s;

	fake_hang();
	weir_stream_dialer_dial(d, dial.aio);
	fake_await(1);
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	ck_assert_int_eq(op_wait(&dial), WEIR_ESTOPPED);
	ck_assert_ptr_null(dial.out);
	ck_assert(rt_log_has("\"name.test\""));
	ck_assert(!rt_log_has("abandoned aio"));
	weir_stream_dialer_dial(d, dial.aio); /* dropped */
	ck_assert_int_eq(weir_aio_result(dial.aio), WEIR_ESTOPPED);
	fini_up_again();
	/* The thread comes back in the next life. */
	fake_release();
	fake_await_ended(1);
	weir_stream_listener_free(l);
	weir_stream_dialer_free(d);
	l = hosts_listener(&d);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_free(s);
}
END_TEST

START_TEST(weir_fini_ends_a_dial_that_waits_for_a_thread)
{
	fake_hang();
	for (unsigned i = 0; i < THREADS; i++) {
		weir_stream_dialer_dial(held, others[i].aio);
		fake_await(i + 1);
	}
	weir_stream_dialer_dial(d, dial.aio);
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	ck_assert_int_eq(op_wait(&dial), WEIR_ESTOPPED);
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(op_wait(&others[i]), WEIR_ESTOPPED);
	}
	ck_assert_uint_eq(fake_begun(), THREADS);
	fini_up_again();
}
END_TEST

/* Between two addresses, and while the answer is being told. */
START_TEST(weir_fini_meets_dials_on_their_way)
{
	enum { MANY = 8 };
	static struct op ops[MANY];

	for (unsigned round = 0; round < 12; round++) {
		hosts_answer_dead(WEIR_ADDRS_MAX);
		for (unsigned i = 0; i < MANY; i++) {
			op_init(&ops[i]);
			weir_stream_dialer_dial(d, ops[i].aio);
		}
		for (unsigned i = round * 500; i > 0; i--) {
			(void)weir_aio_busy(ops[0].aio);
		}
		ck_assert_int_eq(weir_fini(), WEIR_OK);
		for (unsigned i = 0; i < MANY; i++) {
			if (op_wait(&ops[i]) != WEIR_ECONNREFUSED) {
				ck_assert_int_eq(ops[i].err, WEIR_ESTOPPED);
			}
			ck_assert_ptr_null(ops[i].out);
			op_fini(&ops[i]);
		}
		ck_assert_int_eq(weir_init(&few), WEIR_OK);
	}
}
END_TEST

/* The thread that told the answer may still be at its last steps. */
START_TEST(weir_fini_right_after_dials_abandons_nobody)
{
	enum { MANY = 32 };
	static struct op ops[MANY];

	hosts_answer_one("127.0.0.1");
	for (unsigned round = 0; round < 20; round++) {
		weir_stream_dialer_free(d);
		weir_stream_listener_free(l);
		l = hosts_listener(&d);
		for (unsigned i = 0; i < MANY; i++) {
			op_init(&ops[i]);
			weir_stream_dialer_dial(d, ops[i].aio);
		}
		for (unsigned i = 0; i < MANY; i++) {
			ck_assert_int_eq(op_wait(&ops[i]), WEIR_OK);
			weir_stream_free(ops[i].out);
		}
		ck_assert_int_eq(weir_fini(), WEIR_OK);
		for (unsigned i = 0; i < MANY; i++) {
			op_fini(&ops[i]);
		}
		fini_up_again();
	}
}
END_TEST

START_TEST(a_dial_by_name_in_a_forked_child_is_refused)
{
	weir_stream *s;
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		weir_stream_listener *other;
		int bad = 0;

		weir_stream_dialer_dial(d, dial.aio);
		bad += weir_stream_listener_alloc(
			   &other, "tcp://name.test:0") != WEIR_EFORK;
		bad += fake_begun() != 0;
		weir_stream_dialer_close(d);
		weir_stream_dialer_free(d);
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_free(s);
}
END_TEST

/* --- No callback on the way -------------------------------------------------
 */

static struct latch in, go;

static void
then_block(struct op *op)
{
	(void)op;
	latch_hit(&in);
	(void)latch_wait(&go, 1);
}

START_TEST(dials_go_on_while_the_default_pool_is_blocked)
{
	static const char *const addrs[] = {HOSTS_DEAD, "127.0.0.1"};
	const weir_params p = {
	    .size = sizeof(p),
	    .num_task_threads = 1,
	    .max_task_threads = 1,
	    .poller = _i == 0 ? "epoll" : "poll",
	};
	struct op blocker;
	weir_pool *pool;
	weir_stream *s;

	fake_up();
	rt_up(&p);
	latch_init(&in);
	latch_init(&go);
	ck_assert_int_eq(weir_pool_alloc(&pool, NULL), WEIR_OK);
	op_init(&dial);
	ck_assert_int_eq(
	    weir_aio_set_executor(dial.aio, weir_pool_exec(pool)), WEIR_OK);
	l = hosts_listener(&d);
	hosts_answer(2, addrs);
	op_init(&blocker);
	blocker.then = then_block;
	weir_sleep_aio(0, blocker.aio);
	ck_assert(latch_wait(&in, 1));

	for (unsigned i = 0; i < 20; i++) {
		ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
		weir_stream_free(s);
	}
	fake_hang();
	weir_stream_dialer_dial(d, dial.aio);
	(void)weir_aio_cancel(dial.aio);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECANCELED);
	ck_assert_int_eq(weir_aio_set_timeout(dial.aio, WEIR_MS(20)), WEIR_OK);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_ETIMEDOUT);
	ck_assert_int_eq(
	    weir_aio_set_timeout(dial.aio, WEIR_INFINITE), WEIR_OK);
	weir_stream_dialer_dial(d, dial.aio);
	weir_stream_dialer_stop(d);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECLOSED);

	ck_assert(op_pending(&blocker));
	latch_hit(&go);
	op_fini(&blocker);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
	fake_down();
	op_fini(&dial);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	rt_down();
	latch_fini(&in);
	latch_fini(&go);
}
END_TEST

/* In the callback of the dial itself: dial again, or end it all. */
static void
then_stop(struct op *op)
{
	weir_stream_dialer_stop(op->then_arg);
	weir_stream_dialer_free(op->then_arg);
	weir_stream_free(op->out);
}

START_TEST(the_dialer_may_be_stopped_and_freed_in_the_callback)
{
	weir_stream_dialer *mine = hosts_dialer("tcp", hosts_port(l));

	if (_i == 1) {
		hosts_answer_one(HOSTS_DEAD);
	} else if (_i == 2) {
		fake_fail(EAI_NONAME, 0);
	}
	dial.then = then_stop;
	dial.then_arg = mine;
	weir_stream_dialer_dial(mine, dial.aio);
	(void)op_wait(&dial);
	dial.then = NULL;
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("host_end");
	TCase *fini = tcase_create("host_fini");
	TCase *blocked = tcase_create("host_blocked");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, a_dial_whose_lookup_hangs_ends_at_once, 0, WAYS);
	tcase_add_loop_test(tc,
	    a_dial_that_waits_for_a_thread_ends_at_once_and_is_not_asked, 0,
	    WAYS);
	tcase_add_loop_test(
	    tc, a_dial_whose_address_does_not_answer_ends_at_once, 0, 2 * WAYS);
	tcase_add_loop_test(tc, an_end_between_two_addresses_is_heeded, 0, 3);
	tcase_add_test(tc, an_end_races_with_the_answer);
	tcase_add_test(tc, a_close_races_with_many_answers);
	tcase_add_test(tc, a_dial_by_name_in_a_forked_child_is_refused);
	tcase_add_loop_test(
	    tc, the_dialer_may_be_stopped_and_freed_in_the_callback, 0, 3);
	tcase_add_checked_fixture(fini, fini_setup, teardown);
	tcase_add_test(fini, weir_fini_ends_a_dial_whose_lookup_hangs);
	tcase_add_test(fini, weir_fini_ends_a_dial_that_waits_for_a_thread);
	tcase_add_test(fini, weir_fini_right_after_dials_abandons_nobody);
	tcase_add_test(fini, weir_fini_meets_dials_on_their_way);
	tcase_add_loop_test(
	    blocked, dials_go_on_while_the_default_pool_is_blocked, 0, 2);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, fini);
	suite_add_tcase(s, blocked);
	return run_suite(s);
}
