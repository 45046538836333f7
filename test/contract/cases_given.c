/*
 * cases_given - accepts of a socket:// listener, which the test feeds.
 */
#include "contract/cases.h"

#include <weir/stream.h>

#include <check.h>
#include <pthread.h>
#include <unistd.h>

#define PEERS_MAX 4096

static weir_stream_listener *given_listener;
static pthread_mutex_t given_mtx = PTHREAD_MUTEX_INITIALIZER;
/* given_mtx must be held when using these: */
static int given_peers[PEERS_MAX];
static int given_npeers;

void
given_accept_setup(void)
{
	ck_assert_int_eq(
	    weir_stream_listener_alloc(&given_listener, "socket://"), WEIR_OK);
	given_npeers = 0;
}

void
given_accept_teardown(void)
{
	weir_stream_listener_free(given_listener);
	while (given_npeers > 0) {
		(void)close(given_peers[--given_npeers]);
	}
}

void
given_accept_submit(weir_aio *aio)
{
	weir_stream_listener_accept(given_listener, aio);
}

/* Full of what stopped handles left: there is one to accept. */
void
given_accept_end(void)
{
	int fds[2];

	if (weir_socket_pair(fds) != WEIR_OK) {
		return;
	}
	if (weir_stream_listener_set_int(
		given_listener, WEIR_OPT_SOCKET_FD, fds[0]) != WEIR_OK) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return;
	}
	pthread_mutex_lock(&given_mtx);
	if (given_npeers < PEERS_MAX) {
		given_peers[given_npeers++] = fds[1];
		fds[1] = -1;
	}
	pthread_mutex_unlock(&given_mtx);
	if (fds[1] >= 0) {
		(void)close(fds[1]);
	}
}

void
given_accept_soon(weir_aio *aio)
{
	given_accept_end();
	given_accept_submit(aio);
}
