/*
 * names - misuse is reported by the name of the call that the program wrote.
 *
 * Purpose    weir sees its own calls.  When it reports one, it asks here what
 *            the program calls it; until then nothing is done for it.  Where
 *            one call of nng is several of weir's, one name would be another
 *            call's: those say who they are while they make it.  None of them
 *            is made for each operation.
 * Bounds     a program that also calls weir itself hears the names of nng for
 *            these calls of weir's, after nng_init.
 * Proof      test/compat/test_nng_names.c
 */
#include "compat/compat.h"

#include <weir/weir.h>

#include <string.h>

/* A call that is called the same behind the prefix. */
#define SAME(name)                                                             \
	{                                                                      \
		"weir_" name, "nng_" name                                      \
	}

static const struct {
	const char *weir;
	const char *nng;
} names[] = {
    {"weir_aio_clear", "nng_aio_reset"},
    {"weir_aio_finish_now", "nng_aio_finish"},
    SAME("aio_abort"),
    SAME("aio_busy"),
    SAME("aio_cancel"),
    SAME("aio_free"),
    SAME("aio_reap"),
    SAME("aio_result"),
    SAME("aio_set_expire"),
    SAME("aio_set_input"),
    SAME("aio_set_iov"),
    SAME("aio_set_msg"),
    SAME("aio_set_output"),
    SAME("aio_set_timeout"),
    SAME("aio_skip_callback"),
    SAME("aio_start"),
    SAME("aio_stop"),
    SAME("aio_wait"),
    SAME("sleep_aio"),
    SAME("stream_close"),
    SAME("stream_free"),
    SAME("stream_get_bool"),
    {"weir_stream_get_duration", "nng_stream_get_ms"},
    SAME("stream_get_int"),
    SAME("stream_get_size"),
    SAME("stream_get_string"),
    SAME("stream_get_uint64"),
    SAME("stream_peer_addr"),
    SAME("stream_recv"),
    SAME("stream_self_addr"),
    SAME("stream_send"),
    SAME("stream_stop"),
    SAME("stream_dialer_close"),
    SAME("stream_dialer_dial"),
    SAME("stream_dialer_free"),
    SAME("stream_dialer_get_bool"),
    {"weir_stream_dialer_get_duration", "nng_stream_dialer_get_ms"},
    SAME("stream_dialer_get_int"),
    SAME("stream_dialer_get_size"),
    SAME("stream_dialer_get_string"),
    SAME("stream_dialer_get_uint64"),
    SAME("stream_dialer_set_addr"),
    SAME("stream_dialer_set_bool"),
    {"weir_stream_dialer_set_duration", "nng_stream_dialer_set_ms"},
    SAME("stream_dialer_set_int"),
    SAME("stream_dialer_set_size"),
    SAME("stream_dialer_set_string"),
    SAME("stream_dialer_set_uint64"),
    SAME("stream_dialer_stop"),
    SAME("stream_listener_accept"),
    SAME("stream_listener_close"),
    SAME("stream_listener_free"),
    SAME("stream_listener_get_bool"),
    {"weir_stream_listener_get_duration", "nng_stream_listener_get_ms"},
    SAME("stream_listener_get_int"),
    SAME("stream_listener_get_size"),
    SAME("stream_listener_get_string"),
    SAME("stream_listener_get_uint64"),
    SAME("stream_listener_listen"),
    SAME("stream_listener_set_addr"),
    SAME("stream_listener_set_bool"),
    {"weir_stream_listener_set_duration", "nng_stream_listener_set_ms"},
    SAME("stream_listener_set_int"),
    SAME("stream_listener_set_size"),
    SAME("stream_listener_set_string"),
    SAME("stream_listener_set_uint64"),
    SAME("stream_listener_stop"),
    {"weir_udp_free", "nng_udp_close"},
    SAME("udp_multicast_membership"),
    SAME("udp_recv"),
    SAME("udp_send"),
    SAME("udp_sockname"),
    SAME("udp_stop"),
};

static const char *
name_of(const char *call)
{
	const char *whole = wri_nng_sys_call();

	if (whole != NULL) {
		return whole;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].weir, call) == 0) {
			return names[i].nng;
		}
	}
	return call;
}

void
wri_nng_names_take(void)
{
	weir_misuse_set_names(name_of);
}
