/*
 * test_udp_frees - a callback frees the socket whose close or stop has ended
 * its operation, while that call is still on its way.
 *
 * Purpose    what the call touches too late, the sanitizers see; and a socket
 *            that was opened meanwhile is not ended in its place.
 */
#include "support/rt.h"
#include "support/run.h"
#include "udp/dgram.h"

#define CROWD 12
#define ROUNDS 200

static weir_udp *dying;  /* freed once, by the first callback */
static weir_udp *living; /* opened then */
static _Atomic unsigned ended;
static bool stops; /* it stops before, as the drop-in's free does */

static void
free_once(struct consumer *c)
{
	(void)c;
	if (ended++ == 0) {
		if (stops) {
			weir_udp_stop(dying);
		}
		weir_udp_free(dying);
		living = dg_open(DG_IN, NULL);
	}
}

/* _i: stop */
START_TEST(a_callback_may_free_the_socket_whose_end_ended_it)
{
	struct dg ops[CROWD], tx;
	char bytes[CROWD];

	dg_init(&tx);
	for (int round = 0; round < ROUNDS; round++) {
		stops = round % 2 != 0;
		ended = 0;
		dying = dg_open(DG_IN, NULL);
		for (int i = 0; i < CROWD; i++) {
			dg_init(&ops[i]);
			ops[i].c.then = free_once;
			dg_recv(&ops[i], dying, &bytes[i], 1);
		}
		if (_i != 0) {
			weir_udp_stop(dying);
		} else {
			weir_udp_close(dying);
		}
		for (int i = 0; i < CROWD; i++) {
			ck_assert_int_eq(dg_wait(&ops[i]), WEIR_ECLOSED);
			dg_fini(&ops[i]);
		}
		dg_deliver(&tx, living, living, "x", 1);
		weir_udp_free(living);
	}
	dg_fini(&tx);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("udp");
	TCase *tc = tcase_create("frees");

	tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
	tcase_add_loop_test(
	    tc, a_callback_may_free_the_socket_whose_end_ended_it, 0, 2);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
