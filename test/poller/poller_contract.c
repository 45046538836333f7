/*
 * poller_contract - what every backend promises about events.
 *
 * Each test runs once per backend; _i is its place in rig_backends.
 */
#include "base/sync.h"
#include "base/thread.h"
#include "poller/poller.h"
#include "rig.h"
#include "support/latch.h"
#include "support/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than one wait fetches, and than a backend's first list holds. */
#define MANY 200

static void
make_pipe(int fds[2])
{
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
}

static void
make_pair(int fds[2])
{
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		fds),
	    0);
}

static void
put_byte(int fd)
{
	ck_assert_int_eq(write(fd, "x", 1), 1);
}

START_TEST(the_state_at_open_is_reported_once)
{
	struct probe *p;
	int fds[2];

	rig_up(_i, 1);
	make_pair(fds);
	p = rig_open(fds[0]);
	ck_assert_uint_eq(rig_wait(0, false), 1);
	rig_feed(0);
	ck_assert_uint_eq(rig_count(&p->writes), 1);
	ck_assert_uint_eq(rig_count(&p->reads), 0);
	ck_assert_uint_eq(rig_count(&p->finals), 0);
	ck_assert_uint_eq(rig_wait(0, false), 0);
	rig_close(p);
	close(fds[1]);
	rig_down();
}
END_TEST

START_TEST(a_byte_is_reported_once_until_wanted_again)
{
	struct probe *p;
	int fds[2];

	rig_up(_i, 1);
	make_pipe(fds);
	p = rig_open(fds[0]);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->calls), 0);
	for (unsigned i = 1; i <= 3; i++) {
		put_byte(fds[1]);
		ck_assert_uint_eq(rig_wait(0, false), 1);
		rig_feed(0);
		ck_assert_uint_eq(rig_count(&p->reads), i);
		ck_assert_uint_eq(rig_count(&p->calls), i);
		ck_assert_uint_eq(rig_wait(0, false), 0);
		rig_drain(fds[0]);
		wri_pfd_want(&p->pfd, WRI_DIR_READ);
		ck_assert_uint_eq(rig_wait(0, false), 0);
	}
	rig_close(p);
	close(fds[1]);
	rig_down();
}
END_TEST

START_TEST(what_came_before_the_want_is_reported)
{
	struct probe *p;
	int fds[2];

	/* The edge fell between the try and the want. */
	rig_up(_i, 1);
	make_pipe(fds);
	p = rig_open(fds[0]);
	rig_settle();
	put_byte(fds[1]);
	wri_pfd_want(&p->pfd, WRI_DIR_READ);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->reads), 1);
	rig_close(p);
	close(fds[1]);
	rig_down();
}
END_TEST

START_TEST(each_direction_is_reported)
{
	struct probe *p;
	int fds[2];

	rig_up(_i, 1);
	make_pair(fds);
	p = rig_open(fds[0]);
	rig_settle();
	rig_fill(fds[0]);
	wri_pfd_want(&p->pfd, WRI_DIR_WRITE);
	rig_forget(p);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->calls), 0);

	put_byte(fds[1]);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->reads), 1);
	ck_assert_uint_eq(rig_count(&p->writes), 0);

	rig_drain(fds[1]);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->writes), 1);
	ck_assert_uint_eq(rig_count(&p->finals), 0);
	rig_close(p);
	close(fds[1]);
	rig_down();
}
END_TEST

START_TEST(both_directions_come_in_one_call)
{
	struct probe *p;
	int fds[2];

	rig_up(_i, 1);
	make_pair(fds);
	put_byte(fds[1]);
	p = rig_open(fds[0]);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->calls), 1);
	ck_assert_uint_eq(rig_count(&p->reads), 1);
	ck_assert_uint_eq(rig_count(&p->writes), 1);
	rig_close(p);
	close(fds[1]);
	rig_down();
}
END_TEST

/* Close one end of a pipe while the other is watched. */
static void
final_of_pipe(int backend, int watched)
{
	struct probe *p;
	int fds[2];

	rig_up(backend, 1);
	make_pipe(fds);
	if (watched == 1) {
		rig_fill(fds[1]);
	}
	p = rig_open(fds[watched]);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->calls), 0);
	close(fds[1 - watched]);
	rig_settle();
	ck_assert_uint_ge(rig_count(&p->reads), 1);
	ck_assert_uint_ge(rig_count(&p->writes), 1);
	ck_assert_uint_ge(rig_count(&p->finals), 1);
	rig_close(p);
	rig_down();
}

START_TEST(the_end_of_the_writer_is_final)
{
	final_of_pipe(_i, 0);
}
END_TEST

START_TEST(the_end_of_the_reader_is_final)
{
	final_of_pipe(_i, 1);
}
END_TEST

START_TEST(the_end_of_a_peer_is_final)
{
	struct probe *p;
	int fds[2];

	rig_up(_i, 1);
	make_pair(fds);
	p = rig_open(fds[0]);
	rig_settle();
	rig_forget(p);
	close(fds[1]);
	rig_settle();
	ck_assert_uint_ge(rig_count(&p->reads), 1);
	ck_assert_uint_ge(rig_count(&p->writes), 1);
	ck_assert_uint_ge(rig_count(&p->finals), 1);
	rig_close(p);
	rig_down();
}
END_TEST

START_TEST(a_half_close_is_final_and_does_not_disturb_the_writer)
{
	struct probe *p;
	int fds[2];

	rig_up(_i, 1);
	make_pair(fds);
	p = rig_open(fds[0]);
	rig_settle();
	rig_fill(fds[0]);
	ck_assert_int_eq(shutdown(fds[1], SHUT_WR), 0);
	wri_pfd_want(&p->pfd, WRI_DIR_READ);
	rig_forget(p);
	rig_settle();
	ck_assert_uint_ge(rig_count(&p->reads), 1);
	ck_assert_uint_ge(rig_count(&p->finals), 1);

	/* The half close stays, and must not be told for ever. */
	wri_pfd_want(&p->pfd, WRI_DIR_WRITE);
	rig_forget(p);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->calls), 0);
	rig_drain(fds[1]);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->writes), 1);
	rig_close(p);
	close(fds[1]);
	rig_down();
}
END_TEST

START_TEST(an_event_of_a_closed_life_is_dropped)
{
	struct probe *p;
	int fds[2];

	rig_up(_i, 1);
	make_pipe(fds);
	p = rig_open(fds[0]);
	rig_settle();
	put_byte(fds[1]);
	ck_assert_uint_eq(rig_wait(0, false), 1);
	rig_close(p);
	rig_feed(0);
	ck_assert_uint_eq(rig_count(&p->calls), 0);
	close(fds[1]);
	rig_down();
}
END_TEST

START_TEST(an_event_of_the_life_before_is_dropped)
{
	struct probe *p;
	struct probe *q;
	int fds[2];
	int next[2];
	int number;

	rig_up(_i, 1);
	make_pipe(fds);
	make_pipe(next);
	p = rig_open(fds[0]);
	rig_settle();
	put_byte(fds[1]);
	ck_assert_uint_eq(rig_wait(0, false), 1);
	number = fds[0];
	rig_close(p);
	/* The same element, the same number. */
	ck_assert_int_eq(dup2(next[0], number), number);
	q = rig_open(number);
	ck_assert_ptr_eq(p, q);
	rig_feed(0);
	ck_assert_uint_eq(rig_count(&q->calls), 0);
	/* And the new life hears its own. */
	put_byte(next[1]);
	rig_settle();
	ck_assert_uint_eq(rig_count(&q->reads), 1);
	rig_close(q);
	close(fds[1]);
	close(next[0]);
	close(next[1]);
	rig_down();
}
END_TEST

START_TEST(after_unwatch_nothing_new_comes)
{
	struct probe *p;
	int fds[2];
	int other;

	/* The registration would live on in the other descriptor. */
	rig_up(_i, 1);
	make_pipe(fds);
	other = dup(fds[0]);
	ck_assert_int_ge(other, 0);
	p = rig_open(fds[0]);
	rig_settle();
	wri_pfd_unwatch(&p->pfd);
	put_byte(fds[1]);
	ck_assert_uint_eq(rig_wait(0, false), 0);
	/* Until the element is free, to want is harmless. */
	wri_pfd_want(&p->pfd, WRI_DIR_READ | WRI_DIR_WRITE);
	ck_assert_uint_eq(rig_wait(0, false), 0);
	ck_assert_uint_eq(rig_count(&p->calls), 0);
	wri_pfd_free(&p->pfd);
	close(fds[0]);
	close(fds[1]);
	close(other);
	rig_down();
}
END_TEST

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

START_TEST(a_sleeper_hears_what_is_opened_and_wanted)
{
	struct sleeper s;

	rig_up(_i, 1);
	sleeper_start(&s);
	for (unsigned i = 0; i < 200; i++) {
		struct probe *p;
		int fds[2];

		make_pipe(fds);
		p = rig_open(fds[0]);
		put_byte(fds[1]);
		ck_assert(sleeper_tells(&s, &p->reads));
		rig_drain(fds[0]);
		rig_forget(p);
		wri_pfd_want(&p->pfd, WRI_DIR_READ);
		put_byte(fds[1]);
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

		make_pair(fds);
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

START_TEST(ten_thousand_lives_use_few_elements)
{
	struct wri_poller_stats stats;

	rig_up(_i, 1);
	for (unsigned i = 0; i < 10000; i++) {
		struct probe *p =
		    rig_open(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));

		ck_assert_uint_eq(p->pfd.index, 0);
		if (i % 3 == 0) {
			rig_settle();
			ck_assert_uint_eq(rig_count(&p->reads), 1);
		}
		rig_close(p);
	}
	wri_poller_stats(&stats);
	ck_assert_uint_eq(stats.fds, 0);
	rig_down();
}
END_TEST

START_TEST(a_number_closed_behind_our_back_does_no_harm)
{
	struct probe *p;
	struct probe *q;
	int fds[2];
	int fd;

	rig_up(_i, 1);
	make_pipe(fds);
	p = rig_open(fds[0]);
	rig_settle();
	fd = fds[0];
	close(fd);
	rig_settle();
	wri_pfd_unwatch(&p->pfd);
	rig_forget(p);
	wri_pfd_free(&p->pfd);
	q = rig_open(fds[1]);
	rig_settle();
	ck_assert_uint_ge(rig_count(&q->finals), 1);
	rig_close(q);
	rig_down();
}
END_TEST

static Suite *
poller_suite(void)
{
	Suite *suite = suite_create("poller");
	TCase *edges = tcase_create("edges");
	TCase *lives = tcase_create("lives");
	TCase *sleep = tcase_create("sleep");
	TCase *crowd = tcase_create("crowd");
	int n = RIG_BACKENDS;

	tcase_add_loop_test(edges, the_state_at_open_is_reported_once, 0, n);
	tcase_add_loop_test(
	    edges, a_byte_is_reported_once_until_wanted_again, 0, n);
	tcase_add_loop_test(edges, what_came_before_the_want_is_reported, 0, n);
	tcase_add_loop_test(edges, each_direction_is_reported, 0, n);
	tcase_add_loop_test(edges, both_directions_come_in_one_call, 0, n);
	tcase_add_loop_test(edges, the_end_of_the_writer_is_final, 0, n);
	tcase_add_loop_test(edges, the_end_of_the_reader_is_final, 0, n);
	tcase_add_loop_test(edges, the_end_of_a_peer_is_final, 0, n);
	tcase_add_loop_test(edges,
	    a_half_close_is_final_and_does_not_disturb_the_writer, 0, n);
	suite_add_tcase(suite, edges);

	tcase_add_loop_test(lives, an_event_of_a_closed_life_is_dropped, 0, n);
	tcase_add_loop_test(
	    lives, an_event_of_the_life_before_is_dropped, 0, n);
	tcase_add_loop_test(lives, after_unwatch_nothing_new_comes, 0, n);
	tcase_add_loop_test(lives, ten_thousand_lives_use_few_elements, 0, n);
	tcase_add_loop_test(
	    lives, a_number_closed_behind_our_back_does_no_harm, 0, n);
	suite_add_tcase(suite, lives);

	tcase_add_loop_test(sleep, a_wake_before_the_wait_counts_once, 0, n);
	tcase_add_loop_test(sleep, every_wake_ends_a_wait, 0, n);
	tcase_add_loop_test(
	    sleep, a_sleeper_hears_what_is_opened_and_wanted, 0, n);
	tcase_add_loop_test(sleep, a_sleeper_keeps_no_closed_file_alive, 0, n);
	suite_add_tcase(suite, sleep);

	tcase_add_loop_test(crowd, many_at_once_are_all_told_each_once, 0, n);
	tcase_add_loop_test(crowd, the_ready_take_turns, 0, n);
	suite_add_tcase(suite, crowd);
	return suite;
}

int
main(void)
{
	return run_suite(poller_suite());
}
