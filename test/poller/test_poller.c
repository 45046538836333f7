/*
 * test_poller - choice of the backend, placement, failures, figures.
 *
 * Loop tests run once per backend; _i is its place in wri_poller_names.
 */
#include "base/life.h"
#include "base/mem.h"
#include "base/sys.h"
#include "poller/poller.h"
#include "rig.h"
#include "support/fault.h"
#include "support/run.h"

#include <weir/weir.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The lines logged since setup. */
static char logged[1024];

static void
log_keep(void *arg, weir_log_level level, const char *line)
{
	size_t len = strlen(logged);

	(void)arg;
	(void)level;
	snprintf(logged + len, sizeof(logged) - len, "%s\n", line);
}

static void
setup(void)
{
	logged[0] = '\0';
	weir_log_set(log_keep, NULL, WEIR_LOG_WARN);
}

static void
teardown(void)
{
	wri_mem_fail_at(0);
	for (int i = 0; i < WRI_SYS_CALLS; i++) {
		wri_sys_fail_at((enum wri_sys_call)i, 0, 0);
	}
	ck_assert_uint_eq(wri_mem_live(), 0);
}

static int
make_event(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(an_unknown_backend_is_refused)
{
	static const char *const unknown[] = {"kqueue", "", "epol", "polls"};

	for (unsigned i = 0; i < 4; i++) {
		struct wri_poller_config config = rig_config(unknown[i], 1);

		ck_assert_int_eq(wri_poller_init(&config), WEIR_ENOTSUP);
		ck_assert_str_eq(wri_poller_name(), "");
	}
}
END_TEST

START_TEST(where_epoll_is_refused_poll_takes_over_and_says_so)
{
	struct wri_poller_config config = rig_config("epoll", 2);
	static const int refusals[] = {ENOSYS, EPERM};

	for (unsigned i = 0; i < 2; i++) {
		logged[0] = '\0';
		wri_sys_fail_from(WRI_SYS_EPOLL_CREATE, 1, refusals[i]);
		ck_assert_int_eq(wri_poller_init(&config), WEIR_OK);
		ck_assert_str_eq(wri_poller_name(), "poll");
		ck_assert_ptr_nonnull(strstr(logged, "epoll"));
		rig_close(rig_open(make_event()));
		rig_down();
	}
}
END_TEST

START_TEST(descriptors_are_spread_over_the_slots)
{
	void **slots = wri_poller_slot_args();
	struct probe *p[40];
	unsigned in[4] = {0, 0, 0, 0};

	rig_up(_i, 4);
	for (unsigned i = 0; i < 40; i++) {
		p[i] = rig_open(make_event());
		for (unsigned s = 0; s < 4; s++) {
			in[s] += (void *)p[i]->pfd.set == slots[s];
		}
	}
	for (unsigned s = 0; s < 4; s++) {
		ck_assert_uint_eq(in[s], 10);
	}
	/* Room in one slot is filled first. */
	for (unsigned i = 0; i < 40; i++) {
		if ((void *)p[i]->pfd.set == slots[2]) {
			rig_close(p[i]);
			p[i] = NULL;
		}
	}
	for (unsigned i = 0; i < 40; i++) {
		if (p[i] == NULL) {
			p[i] = rig_open(make_event());
			ck_assert_ptr_eq((void *)p[i]->pfd.set, slots[2]);
		}
	}
	for (unsigned i = 0; i < 40; i++) {
		rig_close(p[i]);
	}
	rig_down();
}
END_TEST

START_TEST(an_event_comes_in_the_slot_of_its_descriptor_alone)
{
	void **slots = wri_poller_slot_args();
	const uint64_t one = 1;
	struct probe *p;

	rig_up(_i, 3);
	rig_close(rig_open(make_event()));
	p = rig_open(make_event());
	rig_settle();
	ck_assert_int_eq(write(p->pfd.fd, &one, sizeof(one)), 8);
	for (unsigned s = 0; s < 3; s++) {
		unsigned n = rig_wait(s, false);

		ck_assert_uint_eq(n, (void *)p->pfd.set == slots[s]);
		if (n > 0) {
			rig_feed(s);
		}
	}
	ck_assert_uint_eq(rig_count(&p->reads), 1);
	rig_close(p);
	rig_down();
}
END_TEST

START_TEST(what_cannot_be_polled_is_refused)
{
	weir_stats stats = {0};
	struct wri_pfd *pfd = NULL;
	FILE *file = tmpfile();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_ptr_nonnull(file);
	rig_up(_i, 1);
	ck_assert_int_eq(wri_pfd_open(&pfd, fileno(file)), WEIR_EINVAL);
	ck_assert_int_eq(wri_pfd_open(&pfd, null), WEIR_EINVAL);
	ck_assert_int_eq(wri_pfd_open(&pfd, root), WEIR_EINVAL);
	ck_assert_int_eq(wri_pfd_open(&pfd, rig_next_fd()), WEIR_EINVAL);
	ck_assert_int_eq(wri_pfd_open(&pfd, -1), WEIR_EINVAL);
	ck_assert_ptr_null(pfd);
	wri_poller_stats(&stats);
	ck_assert_uint_eq(stats.fds, 0);
	rig_down();
	fclose(file);
	close(null);
	close(root);
}
END_TEST

START_TEST(waits_events_and_descriptors_are_counted)
{
	weir_stats stats = {0};
	struct probe *p;
	struct probe *q;

	rig_up(_i, 2);
	p = rig_open(make_event());
	q = rig_open(make_event());
	rig_settle();
	wri_poller_stats(&stats);
	ck_assert_uint_eq(stats.polls, 4);
	ck_assert_uint_eq(stats.events, 2);
	ck_assert_uint_eq(stats.fds, 2);
	/* A wake is no event. */
	rig_wake(0);
	ck_assert_uint_eq(rig_wait(0, true), 0);
	wri_pfd_unwatch(&p->pfd);
	stats = (weir_stats){0};
	wri_poller_stats(&stats);
	ck_assert_uint_eq(stats.polls, 5);
	ck_assert_uint_eq(stats.events, 2);
	ck_assert_uint_eq(stats.fds, 1);
	close(p->pfd.fd);
	wri_pfd_free(&p->pfd);
	rig_close(q);
	rig_down();
	stats = (weir_stats){0};
	wri_poller_stats(&stats);
	ck_assert_uint_eq(stats.polls + stats.events + stats.fds, 0);
}
END_TEST

static struct wri_pfd *forsaken[2];
static unsigned nforsaken;

static void
keep_forsaken(struct wri_pfd *pfd)
{
	ck_assert_uint_lt(nforsaken, 2);
	forsaken[nforsaken++] = pfd;
}

START_TEST(what_is_open_at_fini_is_unwatched_and_outlives_it)
{
	struct wri_poller_config config = rig_config(wri_poller_names[_i], 2);
	struct probe *p;
	struct probe *q;

	nforsaken = 0;
	config.forsaken = keep_forsaken;
	ck_assert_int_eq(wri_poller_init(&config), WEIR_OK);
	p = rig_open(make_event());
	q = rig_open(make_event());
	wri_pfd_unwatch(&q->pfd);
	wri_poller_fini();
	ck_assert_uint_eq(nforsaken, 1);
	ck_assert_ptr_eq(forsaken[0], &p->pfd);

	/* Without a poller, and beside the next one. */
	for (unsigned round = 0; round < 2; round++) {
		wri_pfd_want(&p->pfd, WRI_DIR_READ | WRI_DIR_WRITE);
		wri_pfd_unwatch(&p->pfd);
		if (round == 0) {
			rig_up(_i, 1);
		}
	}
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->calls), 0);
	rig_close(rig_open(make_event()));
	rig_close(p);
	wri_poller_fini();
	ck_assert_uint_gt(wri_mem_live(), 0);
	close(q->pfd.fd);
	wri_pfd_free(&q->pfd);
	ck_assert_uint_eq(wri_mem_live(), 0);
}
END_TEST

START_TEST(an_element_may_be_freed_by_its_forsaking)
{
	struct wri_poller_config config = rig_config(wri_poller_names[_i], 1);
	int fds[2];

	config.forsaken = wri_pfd_free;
	ck_assert_int_eq(wri_poller_init(&config), WEIR_OK);
	for (unsigned i = 0; i < 2; i++) {
		fds[i] = make_event();
		(void)rig_open(fds[i]);
	}
	wri_poller_fini();
	ck_assert_uint_eq(wri_mem_live(), 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(init_without_memory_leaves_nothing)
{
	struct wri_poller_config config = rig_config(wri_poller_names[_i], 3);
	int next_fd = rig_next_fd();
	weir_err err = WEIR_ENOMEM;
	unsigned failures = 0;

	for (unsigned n = 1; err != WEIR_OK; n++) {
		wri_mem_fail_at(n);
		err = wri_poller_init(&config);
		if (err != WEIR_OK) {
			failures++;
			ck_assert_int_eq(err, WEIR_ENOMEM);
			ck_assert_uint_eq(wri_mem_live(), 0);
			ck_assert_int_eq(rig_next_fd(), next_fd);
			ck_assert_str_eq(wri_poller_name(), "");
		}
	}
	ck_assert_uint_ge(failures, 3);
	wri_mem_fail_at(0);
	rig_down();
	ck_assert_int_eq(rig_next_fd(), next_fd);
}
END_TEST

/* init while the n-th call of a kind fails, for each n; how often it failed. */
static unsigned
init_failures(int backend, enum wri_sys_call which, int eno, weir_err expected)
{
	struct wri_poller_config config =
	    rig_config(wri_poller_names[backend], 3);
	int next_fd = rig_next_fd();
	weir_err err = expected;
	unsigned failures = 0;

	for (unsigned n = 1; err != WEIR_OK; n++) {
		wri_sys_fail_at(which, n, eno);
		err = wri_poller_init(&config);
		wri_sys_fail_at(which, 0, 0);
		if (err != WEIR_OK) {
			failures++;
			ck_assert_int_eq(err, expected);
			ck_assert_uint_eq(wri_mem_live(), 0);
			ck_assert_int_eq(rig_next_fd(), next_fd);
		}
	}
	rig_down();
	ck_assert_int_eq(rig_next_fd(), next_fd);
	return failures;
}

START_TEST(init_without_descriptors_leaves_nothing)
{
	/* Only poll can do without an epoll set. */
	unsigned epolls = strcmp(wri_poller_names[_i], "epoll") == 0 ? 3 : 0;

	ck_assert_uint_eq(
	    init_failures(_i, WRI_SYS_EVENTFD, EMFILE, WEIR_ENOFILES), 3);
	ck_assert_uint_eq(
	    init_failures(_i, WRI_SYS_EPOLL_CREATE, EMFILE, WEIR_ENOFILES),
	    epolls);
	ck_assert_uint_eq(
	    init_failures(_i, WRI_SYS_EPOLL_CTL, ENOMEM, WEIR_ENOMEM), epolls);
}
END_TEST

START_TEST(open_without_memory_changes_nothing)
{
	const uint64_t one = 1;
	struct probe *p[70];
	unsigned failures = 0;

	rig_up(_i, 1);
	for (unsigned i = 0; i < 70; i++) {
		struct wri_pfd *pfd = NULL;
		weir_err err = WEIR_ENOMEM;
		int fd = make_event();

		for (unsigned n = 1; err != WEIR_OK; n++) {
			weir_stats stats = {0};

			wri_mem_fail_at(n);
			err = wri_pfd_open(&pfd, fd);
			wri_mem_fail_at(0);
			if (err != WEIR_OK) {
				failures++;
				ck_assert_int_eq(err, WEIR_ENOMEM);
				wri_poller_stats(&stats);
				ck_assert_uint_eq(stats.fds, i);
			}
		}
		p[i] = (struct probe *)(void *)pfd;
	}
	ck_assert_uint_ge(failures, 2);
	rig_settle();
	for (unsigned i = 0; i < 70; i++) {
		ck_assert_uint_eq(p[i]->pfd.index, i);
		ck_assert_uint_eq(rig_count(&p[i]->writes), 1);
		ck_assert_int_eq(write(p[i]->pfd.fd, &one, sizeof(one)), 8);
	}
	rig_settle();
	for (unsigned i = 0; i < 70; i++) {
		ck_assert_uint_eq(rig_count(&p[i]->reads), 1);
		rig_close(p[i]);
	}
	rig_down();
}
END_TEST

START_TEST(open_refused_by_the_system_changes_nothing)
{
	weir_stats stats = {0};
	struct wri_pfd *pfd = NULL;
	struct probe *p;
	int fd = make_event();

	rig_up(_i, 1);
	wri_sys_fail_at(WRI_SYS_EPOLL_CTL, 1, ENOSPC);
	ck_assert_int_eq(wri_pfd_open(&pfd, fd), WEIR_ENOSPC);
	wri_sys_fail_at(WRI_SYS_EPOLL_CTL, 1, ENOMEM);
	ck_assert_int_eq(wri_pfd_open(&pfd, fd), WEIR_ENOMEM);
	ck_assert_ptr_null(pfd);
	wri_poller_stats(&stats);
	ck_assert_uint_eq(stats.fds, 0);
	p = rig_open(fd);
	ck_assert_uint_eq(p->pfd.index, 0);
	rig_settle();
	ck_assert_uint_eq(rig_count(&p->writes), 1);
	rig_close(p);
	rig_down();
}
END_TEST

/* The wait of this backend. */
static enum wri_sys_call
wait_call(int backend)
{
	return strcmp(wri_poller_names[backend], "epoll") == 0
		   ? WRI_SYS_EPOLL_WAIT
		   : WRI_SYS_POLL;
}

START_TEST(an_interrupted_wait_finds_nothing_and_loses_nothing)
{
	struct probe *p;

	rig_up(_i, 1);
	p = rig_open(make_event());
	wri_sys_fail_at(wait_call(_i), 1, EINTR);
	ck_assert_uint_eq(rig_wait(0, true), 0);
	ck_assert_uint_eq(rig_wait(0, true), 1);
	rig_feed(0);
	ck_assert_uint_eq(rig_count(&p->writes), 1);
	rig_close(p);
	rig_down();
}
END_TEST

START_TEST(a_broken_set_ends_the_process_with_a_diagnosis)
{
	rig_up(_i, 1);
	wri_sys_fail_at(wait_call(_i), 1, EINVAL);
	(void)rig_wait(0, true);
}
END_TEST

static Suite *
poller_suite(void)
{
	Suite *suite = suite_create("poller");
	TCase *shape = tcase_create("shape");
	TCase *fail = tcase_create("failures");
	int n = WRI_POLLER_BACKENDS;

	tcase_add_checked_fixture(shape, setup, teardown);
	tcase_add_test(shape, an_unknown_backend_is_refused);
	tcase_add_test(
	    shape, where_epoll_is_refused_poll_takes_over_and_says_so);
	tcase_add_loop_test(shape, descriptors_are_spread_over_the_slots, 0, n);
	tcase_add_loop_test(
	    shape, an_event_comes_in_the_slot_of_its_descriptor_alone, 0, n);
	tcase_add_loop_test(shape, what_cannot_be_polled_is_refused, 0, n);
	tcase_add_loop_test(
	    shape, waits_events_and_descriptors_are_counted, 0, n);
	tcase_add_loop_test(
	    shape, what_is_open_at_fini_is_unwatched_and_outlives_it, 0, n);
	tcase_add_loop_test(
	    shape, an_element_may_be_freed_by_its_forsaking, 0, n);
	suite_add_tcase(suite, shape);

	tcase_add_checked_fixture(fail, setup, teardown);
	tcase_add_loop_test(fail, init_without_memory_leaves_nothing, 0, n);
	tcase_add_loop_test(
	    fail, init_without_descriptors_leaves_nothing, 0, n);
	tcase_add_loop_test(fail, open_without_memory_changes_nothing, 0, n);
	tcase_add_loop_test(
	    fail, open_refused_by_the_system_changes_nothing, 0, n);
	tcase_add_loop_test(
	    fail, an_interrupted_wait_finds_nothing_and_loses_nothing, 0, n);
	if (run_forks()) {
		tcase_add_loop_test_raise_signal(fail,
		    a_broken_set_ends_the_process_with_a_diagnosis, SIGABRT, 0,
		    n);
	}
	suite_add_tcase(suite, fail);
	return suite;
}

int
main(void)
{
	wri_life_set(WRI_LIFE_UP); /* there is no weir_init here */
	return run_suite(poller_suite());
}
