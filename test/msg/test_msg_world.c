/*
 * test_msg_world - messages beside weir: without it, over its end, in a forked
 * child, with the program's allocator, on handles.
 */
#include "base/mem.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/weir.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_message_outlives_weir)
{
	size_t live = wri_mem_live();
	weir_msg *msg, *shared;

	ck_assert_int_eq(weir_msg_alloc(&msg, 5), WEIR_OK);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_msg_share(&shared, msg), WEIR_OK);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(shared, "x", 1), WEIR_OK);
	ck_assert_uint_eq(weir_msg_len(msg), 5);
	weir_msg_free(msg);
	weir_msg_free(shared);
	ck_assert_uint_eq(wri_mem_live(), live);
}
END_TEST

static int
child(void *arg)
{
	weir_msg *msg = arg, *shared, *made;

	/* What was made before the fork, and what is made after it. */
	if (weir_msg_share(&shared, msg) != WEIR_OK ||
	    weir_msg_append(shared, "d", 1) != WEIR_OK ||
	    memcmp(weir_msg_data(shared), "abcd", 4) != 0 ||
	    weir_msg_alloc(&made, 100) != WEIR_OK) {
		return 1;
	}
	weir_msg_free(shared);
	weir_msg_free(msg);
	weir_msg_free(made);
	return 0;
}

START_TEST(a_forked_child_has_its_messages)
{
	weir_msg *msg;

	rt_setup();
	ck_assert_int_eq(weir_msg_alloc(&msg, 0), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(msg, "abc", 3), WEIR_OK);
	ck_assert_int_eq(proc_fork(child, msg, 20), 0);
	weir_msg_free(msg);
	rt_teardown();
}
END_TEST

static size_t hook_blocks, hook_bytes;

static void *
hook_malloc(size_t size)
{
	(void)size;
	return NULL; /* weir uses calloc */
}

static void *
hook_calloc(size_t n, size_t size)
{
	__atomic_add_fetch(&hook_blocks, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&hook_bytes, n * size, __ATOMIC_RELAXED);
	return calloc(n, size);
}

static void
hook_free(void *ptr, size_t size)
{
	__atomic_sub_fetch(&hook_blocks, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&hook_bytes, size, __ATOMIC_RELAXED);
	free(ptr);
}

START_TEST(the_programs_allocator_gets_back_the_sizes_it_gave)
{
	const weir_params params = {.size = sizeof(params),
	    .malloc_fn = hook_malloc,
	    .calloc_fn = hook_calloc,
	    .free_fn = hook_free};
	weir_msg *msg, *shared, *dup;
	size_t blocks, bytes;

	ck_assert_int_eq(weir_init(&params), WEIR_OK);
	blocks = __atomic_load_n(&hook_blocks, __ATOMIC_RELAXED);
	bytes = __atomic_load_n(&hook_bytes, __ATOMIC_RELAXED);
	ck_assert_int_eq(weir_msg_alloc(&msg, 77), WEIR_OK);
	ck_assert_uint_gt(
	    __atomic_load_n(&hook_blocks, __ATOMIC_RELAXED), blocks);
	ck_assert_int_eq(weir_msg_share(&shared, msg), WEIR_OK);
	ck_assert_int_eq(weir_msg_dup(&dup, msg), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(shared, NULL, 1000), WEIR_OK);
	ck_assert_int_eq(weir_msg_insert(dup, NULL, 1000), WEIR_OK);
	weir_msg_free(msg);
	weir_msg_free(dup);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	/* One is left: the allocator cannot change. */
	ck_assert_int_eq(weir_init(NULL), WEIR_EBUSY);
	weir_msg_free(shared);
	ck_assert_uint_le(
	    __atomic_load_n(&hook_bytes, __ATOMIC_RELAXED), bytes);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

START_TEST(a_handle_keeps_a_message_and_frees_none)
{
	weir_aio *aio;
	weir_msg *msg;

	rt_setup();
	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	ck_assert_int_eq(weir_msg_alloc(&msg, 3), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_msg(aio, msg), WEIR_OK);
	ck_assert_ptr_eq(weir_aio_get_msg(aio), msg);
	weir_sleep_aio(0, aio); /* it has no use for a message */
	ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
	ck_assert_ptr_eq(weir_aio_get_msg(aio), msg);
	weir_aio_free(aio);
	ck_assert_uint_eq(weir_msg_len(msg), 3);
	weir_msg_free(msg);
	rt_teardown();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("msg_world");
	TCase *world = tcase_create("world");

	tcase_add_test(world, a_message_outlives_weir);
	tcase_add_test(world, a_forked_child_has_its_messages);
	tcase_add_test(
	    world, the_programs_allocator_gets_back_the_sizes_it_gave);
	tcase_add_test(world, a_handle_keeps_a_message_and_frees_none);
	suite_add_tcase(suite, world);
	return run_suite(suite);
}
