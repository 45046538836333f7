/*
 * test_nng_init - the life of the library as <nng/nng.h> tells it.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
runs(void)
{
	weir_params p = {.size = sizeof(p)};

	return weir_get_params(&p) == WEIR_OK;
}

START_TEST(calls_of_init_nest)
{
	struct rt_counts before = rt_count();

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nng_fini();
	ck_assert(runs());
	nng_fini();
	ck_assert(!runs());
	rt_expect_counts(before);
}
END_TEST

START_TEST(init_again_after_fini_works)
{
	struct rt_counts before = rt_count();

	for (int i = 0; i < 3; i++) {
		struct nrt n;

		ck_assert_int_eq(nng_init(NULL), NNG_OK);
		nrt_init(&n, NULL, NULL);
		nng_sleep_aio(1, n.aio);
		nrt_expect(&n, 1, NNG_OK);
		nrt_fini(&n);
		nng_fini();
	}
	rt_expect_counts(before);
}
END_TEST

START_TEST(only_the_first_init_may_have_parameters)
{
	const nng_init_params zero = {0};

	ck_assert_int_eq(nng_init(&zero), NNG_OK);
	ck_assert_int_eq(nng_init(&zero), NNG_EBUSY);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nng_fini();
	ck_assert(runs()); /* none is owed for the refused call */
	nng_fini();
	ck_assert(!runs());
}
END_TEST

START_TEST(a_weir_that_runs_refuses_parameters)
{
	const nng_init_params zero = {0};

	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(nng_init(&zero), NNG_EBUSY);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nng_fini();
	ck_assert(runs());
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

START_TEST(a_fini_too_many_undoes_nothing)
{
	nng_fini();
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	nng_fini();
	ck_assert(runs());
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	nng_fini();
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert(runs());
	nng_fini();
}
END_TEST

static void
call_fini(struct nrt *n)
{
	(void)n;
	nng_fini();
}

START_TEST(fini_in_a_callback_does_nothing)
{
	struct nrt n;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nrt_init(&n, call_fini, NULL);
	nng_sleep_aio(0, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	ck_assert(runs());
	nrt_fini(&n);
	nng_fini();
	ck_assert(!runs());
}
END_TEST

START_TEST(one_or_two_functions_are_no_allocator)
{
	nng_init_params p = {.malloc_fn = malloc};

	ck_assert_int_eq(nng_init(&p), NNG_EINVAL);
	p.calloc_fn = calloc;
	ck_assert_int_eq(nng_init(&p), NNG_EINVAL);
	ck_assert(!runs());
}
END_TEST

/* --- Hints ------------------------------------------------------------- */

static weir_params
in_force(const nng_init_params *hints)
{
	weir_params p = {.size = sizeof(p)};

	ck_assert_int_eq(nng_init(hints), NNG_OK);
	ck_assert_int_eq(weir_get_params(&p), WEIR_OK);
	nng_fini();
	return p;
}

START_TEST(numbers_of_threads_are_taken)
{
	const nng_init_params hints = {.num_task_threads = 3,
	    .num_expire_threads = 2,
	    .num_poller_threads = 2,
	    .num_resolver_threads = 2};
	weir_params p = in_force(&hints);

	ck_assert_int_eq(p.num_task_threads, 3);
	ck_assert_int_eq(p.max_task_threads, 12); /* spares are extra */
	ck_assert_int_eq(p.num_expire_threads, 2);
	ck_assert_int_eq(p.num_poller_threads, 2);
	ck_assert_int_eq(p.num_resolver_threads, 2);
}
END_TEST

START_TEST(a_max_caps_the_number_that_is_asked_for)
{
	const nng_init_params hints = {.num_task_threads = 30,
	    .max_task_threads = 3,
	    .num_expire_threads = 9,
	    .max_expire_threads = 2,
	    .num_poller_threads = 9,
	    .max_poller_threads = 1};
	weir_params p = in_force(&hints);

	ck_assert_int_eq(p.num_task_threads, 3);
	ck_assert_int_eq(p.num_expire_threads, 2);
	ck_assert_int_eq(p.num_poller_threads, 1);
}
END_TEST

START_TEST(a_max_alone_caps_the_default)
{
	const nng_init_params hints = {.max_task_threads = 2,
	    .max_expire_threads = 1,
	    .max_poller_threads = 1};
	weir_params p = in_force(&hints);

	ck_assert_int_eq(p.num_task_threads, 2);
	ck_assert_int_eq(p.num_expire_threads, 1);
	ck_assert_int_eq(p.num_poller_threads, 1);
}
END_TEST

START_TEST(minus_one_caps_nothing)
{
	const nng_init_params hints = {.num_task_threads = 3,
	    .max_task_threads = -1,
	    .max_expire_threads = -1,
	    .max_poller_threads = -1};
	const nng_init_params zero = {0};
	weir_params p = in_force(&hints);
	weir_params plain = in_force(&zero);

	ck_assert_int_eq(p.num_task_threads, 3);
	ck_assert_int_eq(p.num_expire_threads, plain.num_expire_threads);
	ck_assert_int_eq(p.max_expire_threads, plain.max_expire_threads);
	ck_assert_int_eq(p.num_poller_threads, plain.num_poller_threads);
}
END_TEST

START_TEST(numbers_out_of_range_are_brought_into_it)
{
	const nng_init_params many = {.num_task_threads = INT16_MAX,
	    .max_task_threads = 4,
	    .num_expire_threads = INT16_MAX,
	    .max_expire_threads = INT16_MAX,
	    .num_poller_threads = INT16_MAX,
	    .max_poller_threads = INT16_MAX,
	    .num_resolver_threads = INT16_MAX};
	const nng_init_params few = {.num_task_threads = 1,
	    .max_task_threads = INT16_MIN,
	    .num_expire_threads = -5,
	    .num_poller_threads = INT16_MIN,
	    .num_resolver_threads = -1};
	const nng_init_params one = {.max_task_threads = 1};
	weir_params p = in_force(&many);

	ck_assert_int_eq(p.num_task_threads, 4);
	ck_assert_int_eq(p.num_expire_threads, WEIR_EXPIRE_THREADS_MAX);
	ck_assert_int_eq(p.num_poller_threads, WEIR_POLLER_THREADS_MAX);
	ck_assert_int_eq(p.num_resolver_threads, WEIR_RESOLVER_THREADS_MAX);
	p = in_force(&few);
	ck_assert_int_eq(p.num_task_threads, 2); /* "in any case" */
	ck_assert_int_ge(p.num_expire_threads, 1);
	ck_assert_int_ge(p.num_poller_threads, 1);
	p = in_force(&one);
	ck_assert_int_eq(p.num_task_threads, 2);
}
END_TEST

/* --- Allocator --------------------------------------------------------- */

static atomic_long live_bytes;
static atomic_uint live_blocks;
static atomic_uint allocs;
static atomic_uint fail_at; /* the n-th; 0: none */

static void *
counted_malloc(size_t size)
{
	size_t *p;

	if (atomic_fetch_add(&allocs, 1) + 1 == atomic_load(&fail_at)) {
		return NULL;
	}
	p = malloc(size + 16);
	ck_assert_ptr_nonnull(p);
	*p = size;
	atomic_fetch_add(&live_bytes, (long)size);
	atomic_fetch_add(&live_blocks, 1);
	return (char *)p + 16;
}

static void *
counted_calloc(size_t n, size_t size)
{
	void *p = counted_malloc(n * size);

	return p == NULL ? NULL : memset(p, 0, n * size);
}

static void
counted_free(void *ptr, size_t size)
{
	size_t *p;

	if (ptr == NULL) {
		return;
	}
	p = (size_t *)(void *)((char *)ptr - 16);
	if (*p != size) {
		abort(); /* another size than asked for */
	}
	atomic_fetch_sub(&live_bytes, (long)size);
	atomic_fetch_sub(&live_blocks, 1);
	free(p);
}

static const nng_init_params counted = {.malloc_fn = counted_malloc,
    .calloc_fn = counted_calloc,
    .free_fn = counted_free};

static void
nothing(void *arg)
{
	(void)arg;
}

START_TEST(the_allocator_serves_all_of_the_library)
{
	nng_thread *thr;
	nng_mtx *mtx;
	nng_cv *cv;
	nng_id_map *map;
	struct nrt n;
	void *p;
	char *s;

	ck_assert_int_eq(nng_init(&counted), NNG_OK);
	nrt_init(&n, NULL, NULL);
	nng_sleep_aio(0, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	p = nng_alloc(1000);
	s = nng_strdup("a string");
	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(s, "a string");
	ck_assert_int_eq(nng_mtx_alloc(&mtx), 0);
	ck_assert_int_eq(nng_cv_alloc(&cv, mtx), 0);
	ck_assert_int_eq(nng_thread_create(&thr, nothing, NULL), 0);
	ck_assert_int_eq(nng_id_map_alloc(&map, 0, 0, 0), 0);
	ck_assert_int_eq(nng_id_set(map, 7, &n), 0);
	ck_assert_uint_ge(atomic_load(&live_blocks), 8);
	nng_id_map_free(map);
	nng_thread_destroy(thr);
	nng_cv_free(cv);
	nng_mtx_free(mtx);
	nng_strfree(s);
	nng_free(p, 1000);
	nrt_fini(&n);
	nng_fini();
	ck_assert_int_eq(atomic_load(&live_bytes), 0);
	ck_assert_uint_eq(atomic_load(&live_blocks), 0);
}
END_TEST

START_TEST(the_next_life_has_its_own_allocator)
{
	unsigned before;
	void *p;

	ck_assert_int_eq(nng_init(&counted), NNG_OK);
	nng_fini();
	before = atomic_load(&allocs);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	p = nng_alloc(10);
	ck_assert_ptr_nonnull(p);
	nng_free(p, 10);
	nng_fini();
	ck_assert_uint_eq(atomic_load(&allocs), before);
}
END_TEST

START_TEST(init_without_memory_is_an_error_and_leaves_nothing)
{
	struct rt_counts counts = rt_count();
	unsigned failed = 0;

	for (unsigned n = 1;; n++) {
		nng_err rv;

		atomic_store(&allocs, 0);
		atomic_store(&fail_at, n);
		rv = nng_init(&counted);
		if (atomic_load(&allocs) < n) {
			ck_assert_int_eq(rv, NNG_OK);
			nng_fini();
			break; /* it asks for no more than that */
		}
		if (rv == NNG_OK) { /* it could do without */
			nng_fini();
		} else {
			ck_assert_int_eq(rv, NNG_ENOMEM);
			failed++;
		}
		ck_assert(!runs());
		ck_assert_uint_eq(atomic_load(&live_blocks), 0);
		rt_expect_counts(counts);
	}
	atomic_store(&fail_at, 0);
	ck_assert_uint_gt(failed, 0);
}
END_TEST

/* Each object of ours, with its first and only allocation refused. */
START_TEST(objects_without_memory_are_errors_and_write_nothing)
{
	nng_thread *const no_thr = (nng_thread *)&live_bytes;
	nng_thread *thr = no_thr;
	nng_mtx *const no_mtx = (nng_mtx *)&live_bytes;
	nng_mtx *mtx = no_mtx;
	nng_cv *const no_cv = (nng_cv *)&live_bytes;
	nng_cv *cv = no_cv;
	nng_id_map *const no_map = (nng_id_map *)&live_bytes;
	nng_id_map *map = no_map;
	uint64_t id = 77;

	ck_assert_int_eq(nng_init(&counted), NNG_OK);
#define REFUSED(call)                                                          \
	do {                                                                   \
		atomic_store(&allocs, 0);                                      \
		atomic_store(&fail_at, 1);                                     \
		ck_assert_int_eq(call, NNG_ENOMEM);                            \
		atomic_store(&fail_at, 0);                                     \
	} while (0)
	REFUSED(nng_thread_create(&thr, nothing, NULL));
	REFUSED(nng_mtx_alloc(&mtx));
	REFUSED(nng_cv_alloc(&cv, mtx));
	REFUSED(nng_id_map_alloc(&map, 0, 0, 0));
	ck_assert_ptr_eq(thr, no_thr);
	ck_assert_ptr_eq(mtx, no_mtx);
	ck_assert_ptr_eq(cv, no_cv);
	ck_assert_ptr_eq(map, no_map);
	ck_assert_int_eq(nng_id_map_alloc(&map, 0, 0, 0), 0);
	REFUSED(nng_id_set(map, 1, &id));
	REFUSED(nng_id_alloc(map, &id, &id));
	ck_assert_uint_eq(id, 77);
	ck_assert_ptr_null(nng_id_get(map, 1));
	nng_id_map_free(map);
	atomic_store(&allocs, 0);
	atomic_store(&fail_at, 1);
	ck_assert_ptr_null(nng_alloc(1));
	atomic_store(&allocs, 0);
	ck_assert_ptr_null(nng_strdup("x"));
	atomic_store(&fail_at, 0);
	nng_fini();
	ck_assert_uint_eq(atomic_load(&live_blocks), 0);
}
END_TEST

/* --- Fini -------------------------------------------------------------- */

static void
reap_it(struct nrt *n)
{
	nng_aio_reap(n->aio);
	n->gone = true;
}

START_TEST(what_is_pending_at_fini_ends_with_ESTOPPED)
{
	struct rt_counts before = rt_count();
	struct nrt n[3];

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	for (int i = 0; i < 3; i++) {
		nrt_init(&n[i], reap_it, NULL);
	}
	nng_aio_set_timeout(n[0].aio, 100000);
	nng_sleep_aio(NNG_DURATION_INFINITE, n[0].aio);
	nng_sleep_aio(100000, n[1].aio);
	nng_sleep_aio(NNG_DURATION_INFINITE, n[2].aio); /* no deadline at all */
	nng_fini();
	for (int i = 0; i < 3; i++) {
		nrt_expect(&n[i], 1, NNG_ESTOPPED);
		nrt_fini(&n[i]);
	}
	rt_expect_counts(before);
}
END_TEST

START_TEST(a_handle_that_outlives_fini_can_be_freed)
{
	struct rt_counts before = rt_count();
	struct nrt n;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nrt_init(&n, NULL, NULL);
	nng_sleep_aio(NNG_DURATION_INFINITE, n.aio);
	nng_fini();
	nrt_expect(&n, 1, NNG_ESTOPPED);
	nrt_fini(&n);
	rt_expect_counts(before);
}
END_TEST

START_TEST(without_init_there_are_no_handles)
{
	nng_aio *const none = (nng_aio *)&live_bytes;
	nng_aio *aio = none;

	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_ESTATE);
	ck_assert_ptr_eq(aio, none);
}
END_TEST

START_TEST(a_forked_child_is_told)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		nng_aio *aio;

		/* 101: weir's own, NNG has none. */
		if ((int)nng_init(NULL) != 101 ||
		    (int)nng_aio_alloc(&aio, NULL, NULL) != 101) {
			_exit(1);
		}
		nng_fini();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	nng_fini();
	ck_assert(!runs());
}
END_TEST

/* --- Texts ------------------------------------------------------------- */

START_TEST(the_version_is_that_of_the_interface)
{
	ck_assert_str_eq(nng_version(), "2.0.0dev");
	ck_assert_int_eq(NNG_MAJOR_VERSION, 2);
	ck_assert_int_eq(NNG_MINOR_VERSION, 0);
	ck_assert_int_eq(NNG_PATCH_VERSION, 0);
	ck_assert_str_eq(NNG_RELEASE_SUFFIX, "dev");
}
END_TEST

START_TEST(every_number_has_a_text)
{
	static const unsigned some[] = {1000, 1001, 0x10000000, 0x10000002,
	    0x20000000, 0x20000001, 0x7fffffff};

	for (unsigned i = 0; i < 1001; i++) {
		ck_assert_ptr_nonnull(nng_strerror((nng_err)i));
		ck_assert_uint_gt(strlen(nng_strerror((nng_err)i)), 0);
	}
	for (unsigned i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		ck_assert_ptr_nonnull(nng_strerror((nng_err)some[i]));
	}
}
END_TEST

static Suite *
init_suite(void)
{
	Suite *s = suite_create("nng_init");
	TCase *tc = tcase_create("life");

	tcase_add_test(tc, calls_of_init_nest);
	tcase_add_test(tc, init_again_after_fini_works);
	tcase_add_test(tc, only_the_first_init_may_have_parameters);
	tcase_add_test(tc, a_weir_that_runs_refuses_parameters);
	tcase_add_test(tc, a_fini_too_many_undoes_nothing);
	tcase_add_test(tc, fini_in_a_callback_does_nothing);
	tcase_add_test(tc, what_is_pending_at_fini_ends_with_ESTOPPED);
	tcase_add_test(tc, a_handle_that_outlives_fini_can_be_freed);
	tcase_add_test(tc, without_init_there_are_no_handles);
	tcase_add_test(tc, a_forked_child_is_told);
	suite_add_tcase(s, tc);

	tc = tcase_create("hints");
	tcase_add_test(tc, numbers_of_threads_are_taken);
	tcase_add_test(tc, a_max_caps_the_number_that_is_asked_for);
	tcase_add_test(tc, a_max_alone_caps_the_default);
	tcase_add_test(tc, minus_one_caps_nothing);
	tcase_add_test(tc, numbers_out_of_range_are_brought_into_it);
	suite_add_tcase(s, tc);

	tc = tcase_create("allocator");
	tcase_add_test(tc, one_or_two_functions_are_no_allocator);
	tcase_add_test(tc, the_allocator_serves_all_of_the_library);
	tcase_add_test(tc, the_next_life_has_its_own_allocator);
	tcase_add_test(tc, init_without_memory_is_an_error_and_leaves_nothing);
	tcase_add_test(tc, objects_without_memory_are_errors_and_write_nothing);
	suite_add_tcase(s, tc);

	tc = tcase_create("texts");
	tcase_add_test(tc, the_version_is_that_of_the_interface);
	tcase_add_test(tc, every_number_has_a_text);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(init_suite());
}
