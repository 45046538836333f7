/*
 * states_submit - the calls that submit an operation, each with one that waits.
 */
#include "aio/states.h"

#include <weir/sleep.h>

static weir_interval *interval;
static struct toy own;

static void
sleep_submit(weir_aio *aio)
{
	weir_sleep_aio(WEIR_SECONDS(3600), aio);
}

static void
interval_setup(void)
{
	ck_assert_int_eq(
	    weir_interval_alloc(&interval, WEIR_SECONDS(3600)), WEIR_OK);
}

static void
interval_teardown(void)
{
	weir_interval_free(interval);
}

static void
interval_submit(weir_aio *aio)
{
	weir_interval_next(interval, aio);
}

static void
own_setup(void)
{
	toy_init(&own, TOY_FULL);
}

static void
own_teardown(void)
{
	toy_fini(&own);
}

static void
own_submit(weir_aio *aio)
{
	toy_submit(&own, aio);
}

/*
 * One that begins has its own number; it is cancelled here, because most could
 * not end in other ways.
 */
static void
call_submit(struct states_scene *s)
{
	weir_ticket before = weir_aio_ticket(s->given);

	s->probe->submit(s->given);
	if (states_misused(s)) {
		states_say(s, "misuse");
		s->misuse.n = 1; /* the services of the test set an iov first */
	} else if (weir_aio_ticket(s->given) != before) {
		states_say(s, "begins");
		ck_assert(weir_aio_busy(s->given));
		ck_assert_int_eq(
		    weir_aio_cancel(s->given), WEIR_CANCEL_REQUESTED);
		states_one_more(s, WEIR_ECANCELED, 0);
	} else if (weir_aio_result(s->given) == WEIR_ESTOPPED) {
		states_say(s, "dropped");
		ck_assert(!weir_aio_busy(s->given));
		s->read = (struct states_end){WEIR_ESTOPPED, 0};
	} else {
		states_say(s, "nothing");
	}
}

#define SUBMIT_AS(name, call_name, up, down, how)                              \
	{                                                                      \
		.row = (name), .call = call_submit, .reports = (call_name),    \
		.setup = (up), .teardown = (down), .submit = (how)             \
	}
#define SUBMIT(name, up, down, how) SUBMIT_AS(name, NULL, up, down, how)

const struct states_probe states_submit[] = {
    SUBMIT("weir_sleep_aio", NULL, NULL, sleep_submit),
    SUBMIT("weir_interval_next", interval_setup, interval_teardown,
	interval_submit),
    SUBMIT(
	"weir_stream_dialer_dial", unix_dial_setup, dial_teardown, dial_submit),
    SUBMIT("weir_stream_listener_accept", unix_accept_setup, accept_teardown,
	accept_submit),
    SUBMIT("weir_stream_recv", unix_recv_setup, pair_teardown, recv_submit),
    SUBMIT("weir_stream_recv_exactly", unix_recv_setup, pair_teardown,
	recv_exactly_submit),
    SUBMIT(
	"weir_stream_recv_until", unix_recv_setup, pair_teardown, until_submit),
    SUBMIT("weir_stream_send", unix_send_setup, pair_teardown, send_submit),
    SUBMIT("weir_stream_send_all", unix_send_setup, pair_teardown,
	send_all_submit),
    SUBMIT("weir_chan_send", chan_meet_setup, chan_teardown, chan_send_submit),
    SUBMIT("weir_chan_recv", chan_recv_setup, chan_teardown, chan_recv_submit),
    SUBMIT("weir_udp_send", udp_one_setup, udp_teardown, udp_send_submit),
    SUBMIT("weir_udp_recv", udp_one_setup, udp_teardown, udp_recv_submit),
    SUBMIT("weir_resolve", resolve_setup, resolve_teardown, resolve_submit),
    SUBMIT("weir_msgstream_ready", ready_setup, ready_teardown, ready_submit),
    SUBMIT("weir_msgstream_send", unix_msgsend_setup, msg_teardown,
	msgsend_submit),
    SUBMIT("weir_msgstream_recv", unix_msgrecv_setup, msg_teardown,
	msgrecv_submit),
    SUBMIT("weir_fd_submit", fd_setup, fd_teardown, fd_submit),
    SUBMIT_AS("a provider of your own", "weir_aio_reset", own_setup,
	own_teardown, own_submit),
    {.row = NULL},
};
