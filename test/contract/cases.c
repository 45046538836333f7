/*
 * cases - the table of providers; sleep, interval and the stranger's own here.
 */
#include "contract/cases.h"
#include "aio/toy.h"

#include <weir/sleep.h>

#include <check.h>

/* --- Time -------------------------------------------------------------- */

static weir_interval *interval_far, *interval_near;

static void
nothing(void)
{
}

static void
sleep_submit(weir_aio *aio)
{
	weir_sleep_aio(WEIR_SECONDS(3600), aio);
}

static void
sleep_soon(weir_aio *aio)
{
	weir_sleep_aio(WEIR_US(200), aio);
}

static void
interval_setup(void)
{
	ck_assert_int_eq(
	    weir_interval_alloc(&interval_far, WEIR_SECONDS(3600)), WEIR_OK);
	ck_assert_int_eq(
	    weir_interval_alloc(&interval_near, WEIR_US(200)), WEIR_OK);
}

static void
interval_teardown(void)
{
	weir_interval_free(interval_far);
	weir_interval_free(interval_near);
}

static void
interval_submit(weir_aio *aio)
{
	weir_interval_next(interval_far, aio);
}

static void
interval_soon(weir_aio *aio)
{
	weir_interval_next(interval_near, aio);
}

/* --- A stranger's ------------------------------------------------------ */

static struct toy toy;

static void
toy_full_setup(void)
{
	toy_init(&toy, TOY_FULL);
}

static void
toy_cancel_setup(void)
{
	toy_init(&toy, TOY_CANCEL);
}

static void
toy_teardown(void)
{
	ck_assert_uint_eq(toy_waiting(&toy), 0);
	toy_fini(&toy);
}

static void
toy_case_submit(weir_aio *aio)
{
	toy_submit(&toy, aio);
}

/* Started, and ended by the submitter before it returns. */
static void
toy_case_soon(weir_aio *aio)
{
	toy_submit(&toy, aio);
	(void)toy_finish(&toy, aio, WEIR_OK, 1);
}

static void
toy_case_end(void)
{
	(void)toy_finish_first(&toy, WEIR_OK, 7);
}

/* --- The table --------------------------------------------------------- */

const struct contract_case contract_cases[] = {
    {
	.name = "toy",
	.setup = toy_full_setup,
	.teardown = toy_teardown,
	.submit = toy_case_submit,
	.submit_soon = toy_case_soon,
	.end = toy_case_end,
	.count = 7,
    },
    {
	.name = "toy without release",
	.setup = toy_cancel_setup,
	.teardown = toy_teardown,
	.submit = toy_case_submit,
	.submit_soon = toy_case_soon,
	.end = toy_case_end,
	.count = 7,
    },
    {
	.name = "sleep",
	.setup = nothing,
	.teardown = nothing,
	.submit = sleep_submit,
	.submit_soon = sleep_soon,
    },
    {
	.name = "interval",
	.setup = interval_setup,
	.teardown = interval_teardown,
	.submit = interval_submit,
	.submit_soon = interval_soon,
    },
    {
	.name = "chan recv",
	.setup = chan_recv_setup,
	.teardown = chan_teardown,
	.submit = chan_recv_submit,
	.submit_soon = chan_recv_soon,
	.end = chan_recv_end,
	.collect = chan_recv_collect,
	.count = 1,
	.flags = WEIR_CONFORMANCE_GIVES_MSG,
    },
    {
	.name = "chan send",
	.setup = chan_send_setup,
	.teardown = chan_teardown,
	.submit = chan_send_submit,
	.submit_soon = chan_send_soon,
	.end = chan_send_end,
	.count = 1,
	.flags = WEIR_CONFORMANCE_TAKES_MSG,
    },
    {
	.name = "chan send, rendezvous",
	.setup = chan_meet_setup,
	.teardown = chan_teardown,
	.submit = chan_send_submit,
	.submit_soon = chan_send_soon,
	.end = chan_send_end,
	.count = 1,
	.flags = WEIR_CONFORMANCE_TAKES_MSG,
    },
    {
	.name = "tcp recv",
	.setup = tcp_recv_setup,
	.teardown = pair_teardown,
	.submit = recv_submit,
	.submit_soon = recv_soon,
	.end = recv_end,
	.count = 1,
    },
    {
	.name = "unix recv",
	.setup = unix_recv_setup,
	.teardown = pair_teardown,
	.submit = recv_submit,
	.submit_soon = recv_soon,
	.end = recv_end,
	.count = 1,
    },
    {
	.name = "unix recv_exactly",
	.setup = unix_recv_setup,
	.teardown = pair_teardown,
	.submit = recv_exactly_submit,
	.submit_soon = recv_exactly_soon,
	.end = recv_end,
	.count = 1,
    },
    {
	.name = "fd",
	.setup = fd_setup,
	.teardown = fd_teardown,
	.submit = fd_submit,
	.submit_soon = fd_soon,
	.end = fd_end,
	.count = 1,
    },
    {
	.name = "tcp send",
	.setup = tcp_send_setup,
	.teardown = pair_teardown,
	.submit = send_submit,
	.submit_soon = send_soon,
	.end = send_end,
	.count = 1,
	.slow = true,
    },
    {
	.name = "unix send",
	.setup = unix_send_setup,
	.teardown = pair_teardown,
	.submit = send_submit,
	.submit_soon = send_soon,
	.end = send_end,
	.count = 1,
	.slow = true,
    },
    {
	.name = "udp recv",
	.setup = udp_one_setup,
	.teardown = udp_teardown,
	.submit = udp_recv_submit,
	.submit_soon = udp_recv_soon,
	.end = udp_recv_end,
	.count = 1,
    },
    {
	.name = "udp recv in batches",
	.setup = udp_batch_setup,
	.teardown = udp_teardown,
	.submit = udp_recv_submit,
	.submit_soon = udp_recv_soon,
	.end = udp_recv_end,
	.count = 1,
    },
    {
	.name = "udp send",
	.setup = udp_one_setup,
	.teardown = udp_teardown,
	.submit = udp_send_submit,
	.submit_soon = udp_send_soon,
	.end = udp_send_end,
	.count = 1,
    },
    {
	.name = "unix send_all",
	.setup = unix_send_setup,
	.teardown = pair_teardown,
	.submit = send_all_submit,
	.submit_soon = send_all_soon,
	.end = send_end,
	.count = 1,
	.slow = true,
    },
    {
	.name = "tcp accept",
	.setup = tcp_accept_setup,
	.teardown = accept_teardown,
	.submit = accept_submit,
	.submit_soon = accept_soon,
	.end = accept_end,
	.collect = stream_collect,
	.slow = true,
    },
    {
	.name = "unix accept",
	.setup = unix_accept_setup,
	.teardown = accept_teardown,
	.submit = accept_submit,
	.submit_soon = accept_soon,
	.end = accept_end,
	.collect = stream_collect,
	.slow = true,
    },
    {
	/* The kernel tries again after a second: asking ends it sooner. */
	.name = "tcp dial",
	.setup = tcp_dial_setup,
	.teardown = dial_teardown,
	.submit = dial_submit,
	.submit_soon = dial_soon,
	.collect = stream_collect,
	.slow = true,
    },
    {
	.name = "unix dial",
	.setup = unix_dial_setup,
	.teardown = dial_teardown,
	.submit = dial_submit,
	.submit_soon = dial_soon,
	.end = dial_end,
	.collect = stream_collect,
	.slow = true,
    },
    {
	.name = "resolve",
	.setup = resolve_setup,
	.teardown = resolve_teardown,
	.submit = resolve_submit,
	.submit_soon = resolve_soon,
	.end = resolve_end,
	.collect = resolve_collect,
	.count = 1,
    },
    {
	.name = "resolve a literal",
	.setup = resolve_setup,
	.teardown = resolve_teardown,
	.submit = resolve_submit,
	.submit_soon = literal_soon,
	.end = resolve_end,
	.collect = resolve_collect,
	.count = 1,
    },
    {
	.name = "abstract recv",
	.setup = abstract_recv_setup,
	.teardown = pair_teardown,
	.submit = recv_submit,
	.submit_soon = recv_soon,
	.end = recv_end,
	.count = 1,
    },
    {
	.name = "tcp recv_until",
	.setup = tcp_recv_setup,
	.teardown = pair_teardown,
	.submit = until_submit,
	.submit_soon = until_soon,
	.end = until_end,
	.count = 1,
    },
    {
	.name = "unix recv_until",
	.setup = unix_recv_setup,
	.teardown = pair_teardown,
	.submit = until_submit,
	.submit_soon = until_soon,
	.end = until_end,
	.count = 1,
    },
    {
	.name = "ipc accept",
	.setup = ipc_accept_setup,
	.teardown = accept_teardown,
	.submit = accept_submit,
	.submit_soon = accept_soon,
	.end = accept_end,
	.collect = stream_collect,
	.slow = true,
    },
    {
	.name = "abstract accept",
	.setup = abstract_accept_setup,
	.teardown = accept_teardown,
	.submit = accept_submit,
	.submit_soon = accept_soon,
	.end = accept_end,
	.collect = stream_collect,
	.slow = true,
    },
    {
	.name = "socket accept",
	.setup = given_accept_setup,
	.teardown = given_accept_teardown,
	.submit = given_accept_submit,
	.submit_soon = given_accept_soon,
	.end = given_accept_end,
	.collect = stream_collect,
	.slow = true,
    },
    {
	.name = "abstract dial",
	.setup = abstract_dial_setup,
	.teardown = dial_teardown,
	.submit = dial_submit,
	.submit_soon = dial_soon,
	.end = dial_end,
	.collect = stream_collect,
	.slow = true,
    },
    {
	.name = "tcp msgstream recv",
	.setup = tcp_msgrecv_setup,
	.teardown = msg_teardown,
	.submit = msgrecv_submit,
	.submit_soon = msgrecv_soon,
	.end = msgrecv_end,
	.collect = msgrecv_collect,
	.count = 3,
	.slow = true,
	.flags = WEIR_CONFORMANCE_GIVES_MSG,
    },
    {
	.name = "unix msgstream recv",
	.setup = unix_msgrecv_setup,
	.teardown = msg_teardown,
	.submit = msgrecv_submit,
	.submit_soon = msgrecv_soon,
	.end = msgrecv_end,
	.collect = msgrecv_collect,
	.count = 3,
	.slow = true,
	.flags = WEIR_CONFORMANCE_GIVES_MSG,
    },
    {
	.name = "tcp msgstream send",
	.setup = tcp_msgsend_setup,
	.teardown = msg_teardown,
	.submit = msgsend_submit,
	.submit_soon = msgsend_soon,
	.end = msgsend_end,
	.collect = msgsend_collect,
	.count = 3,
	.slow = true,
	.flags = WEIR_CONFORMANCE_TAKES_MSG,
    },
    {
	.name = "unix msgstream send",
	.setup = unix_msgsend_setup,
	.teardown = msg_teardown,
	.submit = msgsend_submit,
	.submit_soon = msgsend_soon,
	.end = msgsend_end,
	.collect = msgsend_collect,
	.count = 3,
	.slow = true,
	.flags = WEIR_CONFORMANCE_TAKES_MSG,
    },
    {
	.name = "msgstream ready",
	.setup = ready_setup,
	.teardown = ready_teardown,
	.submit = ready_submit,
	.submit_soon = ready_soon,
    },
    {
	.name = "tcp dial by name, hanging lookup",
	.setup = name_dial_setup,
	.teardown = name_dial_teardown,
	.submit = name_dial_submit,
	.submit_soon = name_dial_soon,
	.end = resolve_end,
	.collect = stream_collect,
	.slow = true,
    },
};

const int contract_cases_len =
    (int)(sizeof(contract_cases) / sizeof(contract_cases[0]));
