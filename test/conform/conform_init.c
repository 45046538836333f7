/*
 * conform_init - section 3: init, fini, version; what section 2 says of them.
 */
#include "conform/con.h"

#include <stdlib.h>
#include <string.h>

/* Blocks that the allocator of a test has handed out. */
struct blocks {
	pthread_mutex_t mtx;
	/* mtx must be held when using these: */
	long live;
	size_t allocs;
	size_t wrong; /* freed with another size */
};

static struct blocks blocks = {.mtx = PTHREAD_MUTEX_INITIALIZER};

/* The size stands before the block. */
#define HEAD 64

static void *
blocks_get(size_t size, bool clear)
{
	char *p = aligned_alloc(64, (size + HEAD + 63) / 64 * 64);

	if (p == NULL) {
		return NULL;
	}
	memset(p, clear ? 0 : 0xA5, size + HEAD);
	memcpy(p, &size, sizeof(size));
	pthread_mutex_lock(&blocks.mtx);
	blocks.live++;
	blocks.allocs++;
	pthread_mutex_unlock(&blocks.mtx);
	return p + HEAD;
}

static void *
blocks_malloc(size_t size)
{
	return blocks_get(size, false);
}

static void *
blocks_calloc(size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size) {
		return NULL;
	}
	return blocks_get(n * size, true);
}

static void
blocks_free(void *ptr, size_t size)
{
	size_t asked;

	if (ptr == NULL) {
		return;
	}
	memcpy(&asked, (char *)ptr - HEAD, sizeof(asked));
	pthread_mutex_lock(&blocks.mtx);
	blocks.live--;
	blocks.wrong += asked != size;
	pthread_mutex_unlock(&blocks.mtx);
	free((char *)ptr - HEAD);
}

/* Does an operation work now? */
static void
expect_works(void)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	con_op_fini(&o);
}

START_TEST(null_means_defaults)
{
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	expect_works();
	nng_fini();
}
END_TEST

START_TEST(a_struct_of_zeros_means_defaults)
{
	nng_init_params params;

	memset(&params, 0, sizeof(params));
	ck_assert_int_eq(nng_init(&params), NNG_OK);
	expect_works();
	nng_fini();
}
END_TEST

START_TEST(calls_with_null_nest_and_count)
{
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(nng_init(NULL), NNG_OK);
	}
	nng_fini();
	nng_fini();
	expect_works();
	nng_fini();
}
END_TEST

START_TEST(parameters_come_with_the_first_call_only_even_if_equal)
{
	nng_init_params params = {.num_task_threads = 3};

	ck_assert_int_eq(nng_init(&params), NNG_OK);
	ck_assert_int_eq(nng_init(&params), NNG_EBUSY);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_int_eq(nng_init(&params), NNG_EBUSY);
	nng_fini();
	nng_fini();
	/* Those that were busy owe no fini: it was the last one, ... */
	ck_assert_int_eq(nng_init(&params), NNG_OK);
	expect_works();
	nng_fini();
}
END_TEST

START_TEST(a_busy_call_undoes_nothing)
{
	nng_init_params params = {.num_task_threads = 2};

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_int_eq(nng_init(&params), NNG_EBUSY);
	expect_works();
	nng_fini();
}
END_TEST

START_TEST(one_or_two_of_three_allocators_are_invalid)
{
	for (int set = 1; set < 7; set++) {
		nng_init_params params;

		memset(&params, 0, sizeof(params));
		params.malloc_fn = (set & 1) != 0 ? blocks_malloc : NULL;
		params.calloc_fn = (set & 2) != 0 ? blocks_calloc : NULL;
		params.free_fn = (set & 4) != 0 ? blocks_free : NULL;
		ck_assert_int_eq(nng_init(&params), NNG_EINVAL);
	}
	/* It did not start by that: parameters are still welcome. */
	ck_assert_int_eq(nng_init(&(nng_init_params){0}), NNG_OK);
	nng_fini();
}
END_TEST

START_TEST(three_allocators_serve_the_whole_library_and_get_all_back)
{
	nng_init_params params = {
	    .malloc_fn = blocks_malloc,
	    .calloc_fn = blocks_calloc,
	    .free_fn = blocks_free,
	};
	struct con_op o;
	size_t before;
	void *mem;
	nng_mtx *mtx;
	nng_id_map *map;

	ck_assert_int_eq(nng_init(&params), NNG_OK);
	before = blocks.allocs;
	mem = nng_alloc(100);
	ck_assert_ptr_nonnull(mem);
	ck_assert_uint_gt(blocks.allocs, before);
	ck_assert_int_eq(nng_mtx_alloc(&mtx), NNG_OK);
	ck_assert_int_eq(nng_id_map_alloc(&map, 0, 0, 0), NNG_OK);
	ck_assert_int_eq(nng_id_set(map, 7, mem), NNG_OK);
	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	con_op_fini(&o);
	nng_id_map_free(map);
	nng_mtx_free(mtx);
	nng_free(mem, 100);
	nng_fini();
	ck_assert_int_eq(blocks.live, 0);
	ck_assert_uint_eq(blocks.wrong, 0);
}
END_TEST

static void *
init_fini_often(void *arg)
{
	for (int i = 0; i < 20; i++) {
		nng_aio *aio;

		if (nng_init(NULL) != NNG_OK ||
		    nng_aio_alloc(&aio, NULL, NULL) != NNG_OK) {
			latch_hit(arg);
			return NULL;
		}
		nng_sleep_aio(0, aio);
		nng_aio_wait(aio);
		nng_aio_free(aio);
		nng_fini();
	}
	return NULL;
}

START_TEST(init_and_fini_may_come_from_several_threads_at_once)
{
	struct latch failed;

	latch_init(&failed);
	con_threads(4, init_fini_often, &failed);
	ck_assert_uint_eq(latch_hits(&failed), 0);
	latch_fini(&failed);
}
END_TEST

/* Two callbacks that each wait for the other. */
struct pair {
	struct latch here;
	unsigned met;
};

static void
pair_meet(void *arg)
{
	struct pair *p = arg;

	latch_hit(&p->here);
	if (latch_wait(&p->here, 2)) {
		__atomic_fetch_add(&p->met, 1, __ATOMIC_RELAXED);
	}
}

static void
expect_two_callbacks_at_once(const nng_init_params *params)
{
	struct pair p = {.met = 0};
	nng_aio *aio[2];

	latch_init(&p.here);
	ck_assert_int_eq(nng_init(params), NNG_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(nng_aio_alloc(&aio[i], pair_meet, &p), 0);
		nng_sleep_aio(0, aio[i]);
	}
	for (int i = 0; i < 2; i++) {
		nng_aio_free(aio[i]);
	}
	ck_assert_uint_eq(p.met, 2);
	nng_fini();
	latch_fini(&p.here);
}

START_TEST(there_are_two_task_threads_whatever_was_asked)
{
	expect_two_callbacks_at_once(NULL);
	expect_two_callbacks_at_once(&(nng_init_params){.num_task_threads = 1});
	expect_two_callbacks_at_once(&(nng_init_params){.max_task_threads = 1});
	expect_two_callbacks_at_once(
	    &(nng_init_params){.num_task_threads = 1, .max_task_threads = 1});
}
END_TEST

static const nng_init_params hints[] = {
    {.num_task_threads = 5, .max_task_threads = -1},
    {.num_task_threads = 8, .max_task_threads = 4},
    {.num_task_threads = INT16_MAX, .max_task_threads = 6},
    {.num_task_threads = INT16_MAX},
    {.num_expire_threads = 2, .max_expire_threads = -1},
    {.num_expire_threads = INT16_MAX},
    {.num_expire_threads = 4, .max_expire_threads = 1},
    {.num_poller_threads = 2, .max_poller_threads = -1},
    {.num_poller_threads = INT16_MAX},
    {.num_poller_threads = 4, .max_poller_threads = 1},
    {.num_resolver_threads = 1},
    {.num_resolver_threads = 3},
    {.num_resolver_threads = INT16_MAX},
    {.max_task_threads = -1,
	.max_expire_threads = -1,
	.max_poller_threads = -1},
};

START_TEST(thread_numbers_are_hints_that_never_refuse)
{
	ck_assert_int_eq(nng_init(&hints[_i]), NNG_OK);
	expect_works();
	nng_fini();
}
END_TEST

START_TEST(after_the_last_fini_init_works_again)
{
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(nng_init(NULL), NNG_OK);
		expect_works();
		nng_fini();
	}
}
END_TEST

START_TEST(the_last_fini_frees_all_threads)
{
	struct rt_counts before = rt_count();

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_uint_gt(rt_count().threads, before.threads);
	expect_works();
	nng_fini();
	rt_expect_counts(before);
}
END_TEST

START_TEST(the_version_is_the_numbers_and_the_suffix)
{
	const char *version = nng_version();

	ck_assert_str_eq(version, "2.0.0dev");
	ck_assert_ptr_eq(nng_version(), version);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/init");
	TCase *tc = con_case_bare(suite, "init");

	tcase_add_test(tc, null_means_defaults);
	tcase_add_test(tc, a_struct_of_zeros_means_defaults);
	tcase_add_test(tc, calls_with_null_nest_and_count);
	tcase_add_test(
	    tc, parameters_come_with_the_first_call_only_even_if_equal);
	tcase_add_test(tc, a_busy_call_undoes_nothing);
	tcase_add_test(tc, one_or_two_of_three_allocators_are_invalid);
	tcase_add_test(
	    tc, three_allocators_serve_the_whole_library_and_get_all_back);
	tcase_add_test(tc, init_and_fini_may_come_from_several_threads_at_once);
	tcase_add_test(tc, there_are_two_task_threads_whatever_was_asked);
	tcase_add_loop_test(tc, thread_numbers_are_hints_that_never_refuse, 0,
	    (int)(sizeof(hints) / sizeof(hints[0])));
	tcase_add_test(tc, after_the_last_fini_init_works_again);
	tcase_add_test(tc, the_last_fini_frees_all_threads);
	tcase_add_test(tc, the_version_is_the_numbers_and_the_suffix);
	return run_suite(suite);
}
