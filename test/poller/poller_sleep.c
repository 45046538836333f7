/*
 * poller_sleep - what every backend promises to who sleeps in wait, and to
 * many at once.
 *
 * Each test runs once per backend; _i is its place in wri_poller_names.
 */
#include "base/life.h"
#include "base/sync.h"
#include "base/thread.h"
#include "poller/poller.h"
#include "rig.h"
#include "support/fault.h"
#include "support/latch.h"
#include "support/run.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* More than one wait fetches, and than a backend's first list holds. */
#define MANY 200

START_TEST(a_wake_before_the_wait_counts_once)
{
	rig_up(_i, 2);
	rig_wake(1);
	ck_assert_uint_eq(rig_wait(1, true), 0);
	/* Wakes are merged, and none gets lost after that. */
	rig_wake(1);
	rig_wake(1);
	ck_assert_uint_eq(rig_wait(1, true), 0);
	ck_assert_uint_eq(rig_wait(1, false), 0);
	rig_wake(1);
	ck_assert_uint_eq(rig_wait(1, true), 0);
	rig_down();
}
END_TEST

/* A thread that polls slot 0 and counts its rounds, until told to end. */
struct sleeper {
	wri_thread thread;
	struct latch rounds;
	wri_a32 ends;
};

static void
sleeper_main(void *arg)
{
	struct sleeper *s = arg;

	while (wri_load(&s->ends, WRI_ACQ) == 0) {
		if (rig_wait(0, true) > 0) {
			rig_feed(0);
		}
		latch_hit(&s->rounds);
	}
}

static void
sleeper_start(struct sleeper *s)
{
	latch_init(&s->rounds);
	wri_store(&s->ends, 0, WRI_RLX); /* before the thread */
	ck_assert_int_eq(
	    wri_thread_start(&s->thread, "sleeper", sleeper_main, s), WEIR_OK);
}

static void
sleeper_end(struct sleeper *s)
{
	wri_store(&s->ends, 1, WRI_REL);
	rig_wake(0);
	wri_thread_join(&s->thread);
	latch_fini(&s->rounds);
}

/* The sleeper shall tell p about a direction; other rounds do not count. */
static bool
sleeper_tells(struct sleeper *s, const wri_a32 *count)
{
	unsigned seen = latch_hits(&s->rounds);

	while (rig_count(count) == 0) {
		if (!latch_wait(&s->rounds, seen + 1)) {
			return rig_count(count) != 0;
		}
		seen++;
	}
	return true;
}

/* Let it wait twice: what it saw before is told by then. */
static void
sleeper_rounds(struct sleeper *s)
{
	for (unsigned i = 0; i < 2; i++) {
		unsigned seen = latch_hits(&s->rounds);

		rig_wake(0);
		ck_assert(latch_wait(&s->rounds, seen + 1));
	}
}

START_TEST(every_wake_ends_a_wait)
{
	struct sleeper s;

	rig_up(_i, 1);
	sleeper_start(&s);
	for (unsigned i = 1; i <= 2000; i++) {
		rig_wake(0);
		ck_assert(latch_wait(&s.rounds, i));
	}
	sleeper_end(&s);
	rig_down();
}
END_TEST

START_TEST(who_has_been_told_sleeps_again)
{
	struct sleeper s;
	struct probe *p;
	unsigned rounds;
	int fds[2];

	rig_up(_i, 1);
	sleeper_start(&s);
	rig_wake(0);
	ck_assert(latch_wait(&s.rounds, 1));
	ck_assert(!latch_wait_ms(&s.rounds, 2, 30));
	/* Nobody reads the byte, and the writer is gone: both stay. */
	rig_pipe(fds);
	p = rig_open(fds[0]);
	rig_put_byte(fds[1]);
	ck_assert(sleeper_tells(&s, &p->reads));
	close(fds[1]);
	wri_pfd_want(&p->pfd, WRI_DIR_READ);
	ck_assert(sleeper_tells(&s, &p->finals));
	/* One round may be under way: the wake of open or want. */
	rounds = latch_hits(&s.rounds);
	ck_assert(!latch_wait_ms(&s.rounds, rounds + 4, 30));
	/* And one that is closed keeps nobody awake. */
	rig_close(p);
	rounds = latch_hits(&s.rounds);
	ck_assert(!latch_wait_ms(&s.rounds, rounds + 4, 30));
	sleeper_end(&s);
	rig_down();
}
END_TEST

START_TEST(a_sleeper_hears_what_is_opened_and_wanted)
{
	struct sleeper s;

	rig_up(_i, 1);
	sleeper_start(&s);
	for (unsigned i = 0; i < 200; i++) {
		struct probe *p;
		int fds[2];

		rig_pipe(fds);
		p = rig_open(fds[0]);
		rig_put_byte(fds[1]);
		ck_assert(sleeper_tells(&s, &p->reads));
		rig_drain(fds[0]);
		rig_forget(p);
		wri_pfd_want(&p->pfd, WRI_DIR_READ);
		rig_put_byte(fds[1]);
		ck_assert(sleeper_tells(&s, &p->reads));
		rig_close(p);
		close(fds[1]);
	}
	sleeper_end(&s);
	rig_down();
}
END_TEST

START_TEST(a_sleeper_keeps_no_closed_file_alive)
{
	struct sleeper s;

	rig_up(_i, 1);
	sleeper_start(&s);
	for (unsigned i = 0; i < 200; i++) {
		struct pollfd peer = {.events = POLLIN};
		struct probe *p;
		int fds[2];

		rig_pair(fds);
		peer.fd = fds[1];
		p = rig_open(fds[0]);
		ck_assert(sleeper_tells(&s, &p->writes));
		rig_close(p);
		/* The peer reads the end. */
		ck_assert_int_eq(poll(&peer, 1, LATCH_LIMIT_MS), 1);
		ck_assert_int_ne(peer.revents & POLLHUP, 0);
		close(fds[1]);
	}
	sleeper_end(&s);
	rig_down();
}
END_TEST

START_TEST(a_slot_sleeps_while_others_have_events)
{
	struct sleeper s;
	struct probe *p[2];
	unsigned rounds;

	rig_up(_i, 2);
	sleeper_start(&s);
	/* One for each slot; nobody polls the other one. */
	for (unsigned i = 0; i < 2; i++) {
		p[i] = rig_open(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
	}
	ck_assert(sleeper_tells(&s, &p[0]->reads));
	/* One round may be under way: the wake of open. */
	rounds = latch_hits(&s.rounds);
	ck_assert(!latch_wait_ms(&s.rounds, rounds + 4, 30));
	ck_assert_uint_eq(rig_count(&p[1]->calls), 0);
	rig_close(p[0]);
	rig_close(p[1]);
	sleeper_end(&s);
	rig_down();
}
END_TEST

START_TEST(a_life_hears_nothing_of_what_the_sleeper_saw_of_the_last)
{
	struct sleeper s;
	unsigned heard = 0;

	rig_up(_i, 1);
	sleeper_start(&s);
	for (unsigned i = 0; i < 200; i++) {
		struct probe *p;
		struct probe *q;
		int fds[2];
		int next[2];

		rig_pipe(fds);
		rig_pipe(next);
		p = rig_open(fds[0]);
		sleeper_rounds(&s);
		rig_put_byte(fds[1]);
		rig_close(p);
		q = rig_open(next[0]);
		ck_assert_ptr_eq(p, q);
		sleeper_rounds(&s);
		/* Hardly ever an event that was under way. */
		heard += rig_count(&q->calls) > 0;
		rig_close(q);
		close(fds[1]);
		close(next[1]);
	}
	ck_assert_uint_lt(heard, 20);
	sleeper_end(&s);
	rig_down();
}
END_TEST

START_TEST(many_at_once_are_all_told_each_once)
{
	struct probe *p[MANY];
	unsigned told = 0;
	unsigned n;

	rig_up(_i, 1);
	for (unsigned i = 0; i < MANY; i++) {
		/* Readable, and too full to be writable. */
		int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		const uint64_t full = UINT64_MAX - 1;

		ck_assert_int_eq(write(fd, &full, sizeof(full)), 8);
		p[i] = rig_open(fd);
	}
	while ((n = rig_wait(0, false)) > 0) {
		ck_assert_uint_le(n, 32);
		rig_feed(0);
		told += n;
	}
	ck_assert_uint_eq(told, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_uint_eq(rig_count(&p[i]->reads), 1);
		rig_close(p[i]);
	}
	rig_down();
}
END_TEST

START_TEST(the_ready_take_turns)
{
	struct probe *p[MANY];

	/* All are always ready: none may be left out. */
	rig_up(_i, 1);
	for (unsigned i = 0; i < MANY; i++) {
		p[i] = rig_open(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
	}
	for (unsigned round = 0; round <= MANY / 32; round++) {
		if (rig_wait(0, false) > 0) {
			rig_feed(0);
		}
		for (unsigned i = 0; i < MANY; i++) {
			wri_pfd_want(&p[i]->pfd, WRI_DIR_READ);
		}
	}
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_uint_ge(rig_count(&p[i]->reads), 1);
		rig_close(p[i]);
	}
	rig_down();
}
END_TEST

START_TEST(a_wait_without_memory_leaves_nobody_out)
{
	struct probe *p[MANY];
	unsigned waits = 0;
	unsigned told = 0;

	/* More than a backend has room for at first, and it gets no more. */
	rig_up(_i, 1);
	for (unsigned i = 0; i < MANY; i++) {
		p[i] = rig_open(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	}
	while (told < MANY) {
		/* Which blocks only when all are told. */
		wri_mem_fail_at(1);
		told += rig_wait(0, true);
		rig_feed(0);
		ck_assert_uint_lt(waits++, MANY);
	}
	/* Only the last is ready, and has its turn. */
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_uint_eq(rig_count(&p[i]->writes), 1);
	}
	ck_assert_int_eq(eventfd_write(p[MANY - 1]->pfd.fd, 1), 0);
	for (unsigned i = 0; rig_count(&p[MANY - 1]->reads) == 0; i++) {
		wri_mem_fail_at(1);
		if (rig_wait(0, true) > 0) {
			rig_feed(0);
		}
		ck_assert_uint_lt(i, MANY);
	}
	wri_mem_fail_at(0);
	for (unsigned i = 0; i < MANY; i++) {
		rig_close(p[i]);
	}
	rig_down();
}
END_TEST

static Suite *
poller_suite(void)
{
	Suite *suite = suite_create("poller");
	TCase *sleep = tcase_create("sleep");
	TCase *crowd = tcase_create("crowd");
	int n = WRI_POLLER_BACKENDS;

	tcase_add_loop_test(sleep, a_wake_before_the_wait_counts_once, 0, n);
	tcase_add_loop_test(sleep, every_wake_ends_a_wait, 0, n);
	tcase_add_loop_test(sleep, who_has_been_told_sleeps_again, 0, n);
	tcase_add_loop_test(
	    sleep, a_sleeper_hears_what_is_opened_and_wanted, 0, n);
	tcase_add_loop_test(sleep, a_sleeper_keeps_no_closed_file_alive, 0, n);
	tcase_add_loop_test(
	    sleep, a_slot_sleeps_while_others_have_events, 0, n);
	tcase_add_loop_test(sleep,
	    a_life_hears_nothing_of_what_the_sleeper_saw_of_the_last, 0, n);
	suite_add_tcase(suite, sleep);

	tcase_add_loop_test(crowd, many_at_once_are_all_told_each_once, 0, n);
	tcase_add_loop_test(crowd, the_ready_take_turns, 0, n);
	tcase_add_loop_test(
	    crowd, a_wait_without_memory_leaves_nobody_out, 0, n);
	suite_add_tcase(suite, crowd);
	return suite;
}

int
main(void)
{
	wri_life_set(WRI_LIFE_UP); /* there is no weir_init here */
	return run_suite(poller_suite());
}
