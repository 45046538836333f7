/*
 * poller_contract - what every backend promises about events and lives.
 *
 * Each test runs once per backend; _i is its place in wri_poller_names.  Sleep
 * and crowds are in poller_sleep.c.
 */
#include "poller/poller.h"
#include "base/life.h"
#include "rig.h"
#include "support/run.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

START_TEST(the_state_at_open_is_reported_once)
{
	struct probe *p;
	int fds[2];

	rig_up(_i, 1);
	rig_pair(fds);
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
	rig_pipe(fds);
	p = rig_open(fds[0]);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->calls), 0);
	for (unsigned i = 1; i <= 3; i++) {
		rig_put_byte(fds[1]);
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
	rig_pipe(fds);
	p = rig_open(fds[0]);
	rig_settle();
	rig_put_byte(fds[1]);
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
	rig_pair(fds);
	p = rig_open(fds[0]);
	rig_settle();
	rig_fill(fds[0]);
	wri_pfd_want(&p->pfd, WRI_DIR_WRITE);
	rig_forget(p);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->calls), 0);

	rig_put_byte(fds[1]);
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
	rig_pair(fds);
	rig_put_byte(fds[1]);
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
	rig_pipe(fds);
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
	rig_pair(fds);
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
	rig_pair(fds);
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
	rig_pipe(fds);
	p = rig_open(fds[0]);
	rig_settle();
	rig_put_byte(fds[1]);
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
	rig_pipe(fds);
	rig_pipe(next);
	p = rig_open(fds[0]);
	rig_settle();
	rig_put_byte(fds[1]);
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
	rig_put_byte(next[1]);
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
	rig_pipe(fds);
	other = dup(fds[0]);
	ck_assert_int_ge(other, 0);
	p = rig_open(fds[0]);
	rig_settle();
	wri_pfd_unwatch(&p->pfd);
	rig_put_byte(fds[1]);
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

START_TEST(a_descriptor_can_be_watched_again)
{
	struct probe *p;
	int fds[2];

	rig_up(_i, 1);
	rig_pipe(fds);
	for (unsigned i = 0; i < 3; i++) {
		p = rig_open(fds[0]);
		rig_settle();
		ck_assert_uint_eq(rig_count(&p->calls), 0);
		rig_put_byte(fds[1]);
		rig_settle();
		ck_assert_uint_eq(rig_count(&p->reads), 1);
		rig_drain(fds[0]);
		wri_pfd_unwatch(&p->pfd);
		rig_forget(p);
		wri_pfd_free(&p->pfd);
	}
	close(fds[0]);
	close(fds[1]);
	rig_down();
}
END_TEST

START_TEST(ten_thousand_lives_use_few_elements)
{
	weir_stats stats = {0};

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
	rig_pipe(fds);
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
	int n = WRI_POLLER_BACKENDS;

	tcase_add_loop_test(edges, the_state_at_open_is_reported_once, 0, n);
	tcase_add_loop_test(
	    edges, a_byte_is_reported_once_until_wanted_again, 0, n);
	tcase_add_loop_test(edges, what_came_before_the_want_is_reported, 0, n);
	tcase_add_loop_test(edges, each_direction_is_reported, 0, n);
	tcase_add_loop_test(edges, both_directions_come_in_one_call, 0, n);
	tcase_add_loop_test(edges, the_end_of_the_writer_is_final, 0, n);
	tcase_add_loop_test(edges, the_end_of_the_reader_is_final, 0, n);
	tcase_add_loop_test(edges, the_end_of_a_peer_is_final, 0, n);
	tcase_add_loop_test(
	    edges, a_half_close_is_final_and_does_not_disturb_the_writer, 0, n);
	suite_add_tcase(suite, edges);

	tcase_add_loop_test(lives, an_event_of_a_closed_life_is_dropped, 0, n);
	tcase_add_loop_test(
	    lives, an_event_of_the_life_before_is_dropped, 0, n);
	tcase_add_loop_test(lives, after_unwatch_nothing_new_comes, 0, n);
	tcase_add_loop_test(lives, a_descriptor_can_be_watched_again, 0, n);
	tcase_add_loop_test(lives, ten_thousand_lives_use_few_elements, 0, n);
	tcase_add_loop_test(
	    lives, a_number_closed_behind_our_back_does_no_harm, 0, n);
	suite_add_tcase(suite, lives);
	return suite;
}

int
main(void)
{
	wri_life_set(WRI_LIFE_UP); /* there is no weir_init here */
	return run_suite(poller_suite());
}
