/*
 * stress_poller - threads open and close while each slot is polled.
 *
 * Purpose    no life waits for ever for its event, elements are reused, and
 *            the sanitizer sees every pair.
 * Bounds     WORKERS x LIVES; seeded, the seed is printed when it fails.
 * Pairs      S1  ready: told (release) -> worker: told (acquire).
 */
#include "base/life.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/sync.h"
#include "base/thread.h"
#include "poller/poller.h"
#include "rig.h"
#include "support/latch.h"
#include "support/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WORKERS 4
#define SLOTS 2
#define LIVES 3000
#define ECHOES_MAX 4

/* A worker's element; poller threads write told. */
struct seat {
	struct wri_pfd pfd WRI_ALIGNED; /* first; whole lines */
	wri_a32 told; /* counts readies for reading; a futex */
};

struct worker {
	wri_thread thread;
	uint32_t seed;
	unsigned index_max;
	unsigned lives;
	const char *wrong;
};

static wri_a32 stress_ends;

static void
seat_ready(struct wri_pfd *pfd, unsigned dirs)
{
	struct seat *seat = (struct seat *)(void *)pfd;

	if ((dirs & WRI_DIR_READ) != 0) {
		wri_add(&seat->told, 1, WRI_REL); /* S1 */
		wri_futex_wake(&seat->told, 1);
	}
}

static void
polling_main(void *arg)
{
	const struct wri_role_ops *ops = &wri_poller_role_ops;

	while (wri_load(&stress_ends, WRI_ACQ) == 0) {
		if (ops->wait(arg, true) > 0) {
			ops->feed(arg);
		}
	}
}

static uint32_t
worker_rand(struct worker *w)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return w->seed >> 16;
}

/* Make the descriptor readable and wait until we are told so. */
static bool
worker_echo(struct worker *w, struct seat *seat)
{
	weir_time until = wri_now() + LATCH_LIMIT_MS * 1000000LL;
	uint64_t count = 1;
	uint32_t told = wri_load(&seat->told, WRI_ACQ); /* S1 */

	wri_pfd_want(&seat->pfd, WRI_DIR_READ);
	if (write(seat->pfd.fd, &count, sizeof(count)) != sizeof(count)) {
		w->wrong = "write";
		return false;
	}
	/* A late call of the life before may be taken for ours: then the one
	 * for us comes later, and is that of the next. */
	while (wri_load(&seat->told, WRI_ACQ) == told) { /* S1 */
		if (!wri_futex_wait(&seat->told, told, until)) {
			w->wrong = "nobody told that it is readable";
			return false;
		}
	}
	if (read(seat->pfd.fd, &count, sizeof(count)) != sizeof(count)) {
		w->wrong = "read";
		return false;
	}
	return true;
}

static bool
worker_live(struct worker *w)
{
	unsigned echoes = worker_rand(w) % (ECHOES_MAX + 1);
	bool leave_one = worker_rand(w) % 2 == 0;
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	const uint64_t one = 1;
	struct wri_pfd *pfd;
	struct seat *seat;

	if (fd < 0 || wri_pfd_open(&pfd, fd) != WEIR_OK) {
		w->wrong = "open";
		return false;
	}
	seat = (struct seat *)(void *)pfd;
	if (pfd->index > w->index_max) {
		w->index_max = pfd->index;
	}
	for (unsigned i = 0; i < echoes; i++) {
		if (!worker_echo(w, seat)) {
			return false;
		}
	}
	if (leave_one && write(fd, &one, sizeof(one)) != sizeof(one)) {
		w->wrong = "last write";
		return false;
	}
	wri_pfd_unwatch(pfd);
	if (close(fd) != 0) {
		w->wrong = "close";
		return false;
	}
	wri_pfd_free(pfd);
	return true;
}

static void
worker_main(void *arg)
{
	struct worker *w = arg;

	while (w->lives < LIVES && worker_live(w)) {
		w->lives++;
	}
}

static uint32_t
stress_seed(void)
{
	const char *given = getenv("WEIR_TEST_SEED");

	return given != NULL ? (uint32_t)strtoul(given, NULL, 0)
			     : (uint32_t)wri_now();
}

START_TEST(open_and_close_under_polling_lose_no_event)
{
	struct wri_poller_config config =
	    rig_config(wri_poller_names[_i], SLOTS);
	struct worker workers[WORKERS];
	wri_thread pollers[SLOTS];
	uint32_t seed = stress_seed();
	weir_stats stats = {0};

	config.elem_size = sizeof(struct seat);
	config.ready = seat_ready;
	wri_store(&stress_ends, 0, WRI_RLX); /* before the threads */
	ck_assert_int_eq(wri_poller_init(&config), WEIR_OK);
	for (unsigned i = 0; i < SLOTS; i++) {
		ck_assert_int_eq(wri_thread_start(&pollers[i], "poll",
				     polling_main, wri_poller_slot_args()[i]),
		    WEIR_OK);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.seed = seed + i};
		ck_assert_int_eq(wri_thread_start(&workers[i].thread, "work",
				     worker_main, &workers[i]),
		    WEIR_OK);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		wri_thread_join(&workers[i].thread);
	}
	wri_store(&stress_ends, 1, WRI_REL);
	for (unsigned i = 0; i < SLOTS; i++) {
		wri_poller_role_ops.wake(wri_poller_slot_args()[i]);
		wri_thread_join(&pollers[i]);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		ck_assert_msg(workers[i].wrong == NULL,
		    "worker %u, life %u: %s (WEIR_TEST_SEED=%u)", i,
		    workers[i].lives, workers[i].wrong, seed);
		ck_assert_uint_lt(workers[i].index_max, 64);
	}
	wri_poller_stats(&stats);
	ck_assert_uint_eq(stats.fds, 0);
	wri_poller_fini();
	ck_assert_uint_eq(wri_mem_live(), 0);
}
END_TEST

static Suite *
stress_suite(void)
{
	Suite *suite = suite_create("poller");
	TCase *tc = tcase_create("stress");

	tcase_add_loop_test(tc, open_and_close_under_polling_lose_no_event, 0,
	    WRI_POLLER_BACKENDS);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(int argc, char **argv)
{
	wri_life_set(WRI_LIFE_UP); /* there is no weir_init here */
	return run_rounds(argc, argv, stress_suite);
}
