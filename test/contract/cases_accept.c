/*
 * cases_accept - making connections: accept, and dials to a plain listener
 * whose backlog is full.
 */
#include "contract/cases.h"
#include "contract/socks.h"

#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
stream_collect(weir_aio *aio)
{
	weir_stream_free(weir_aio_get_output(aio, 0));
}

/* --- Accept ------------------------------------------------------------ */

static weir_stream_listener *accept_listener;
static pthread_mutex_t accept_mtx = PTHREAD_MUTEX_INITIALIZER;
/* accept_mtx must be held when using these: */
static int accept_fds[4096];
static int accept_nfds;

void
tcp_accept_setup(void)
{
	accept_listener = socks_listen("tcp://127.0.0.1:0");
	accept_nfds = 0;
}

void
unix_accept_setup(void)
{
	accept_listener = socks_listen(socks_path());
	accept_nfds = 0;
}

void
ipc_accept_setup(void)
{
	char url[80];

	(void)snprintf(
	    url, sizeof(url), "ipc://%s", socks_path() + strlen("unix://"));
	accept_listener = socks_listen(url);
	accept_nfds = 0;
}

void
abstract_accept_setup(void)
{
	accept_listener = socks_listen(socks_name());
	accept_nfds = 0;
}

void
accept_teardown(void)
{
	weir_stream_listener_free(accept_listener);
	while (accept_nfds > 0) {
		(void)close(accept_fds[--accept_nfds]);
	}
}

void
accept_submit(weir_aio *aio)
{
	weir_stream_listener_accept(accept_listener, aio);
}

void
accept_end(void)
{
	int fd = socks_try_connect();

	if (fd >= 0) {
		pthread_mutex_lock(&accept_mtx);
		if (accept_nfds < 4096) {
			accept_fds[accept_nfds++] = fd;
			fd = -1;
		}
		pthread_mutex_unlock(&accept_mtx);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}

void
accept_soon(weir_aio *aio)
{
	accept_end();
	accept_submit(aio);
}

/* --- Dial -------------------------------------------------------------- */

static int dial_plain;
static int dial_fds[64];
static int dial_nfds;
static weir_stream_dialer *dial_full, *dial_easy;
static int dial_open; /* a listener with room */
static pthread_mutex_t dial_mtx = PTHREAD_MUTEX_INITIALIZER;
static bool dial_filled;
static char dial_paths[2][80]; /* socket files, "" if there are none */

static void
dial_setup(const char *url, const char *easy)
{
	const char *made;

	dial_plain = socks_plain_listen(url, 0, &made);
	ck_assert_int_eq(weir_stream_dialer_alloc(&dial_full, made), WEIR_OK);
	dial_open = socks_plain_listen(easy, 4096, &made);
	ck_assert_int_eq(weir_stream_dialer_alloc(&dial_easy, made), WEIR_OK);
	dial_nfds = 0;
	dial_filled = false;
	dial_paths[0][0] = dial_paths[1][0] = '\0';
}

void
tcp_dial_setup(void)
{
	dial_setup("tcp://127.0.0.1:0", "tcp://127.0.0.1:0");
}

void
unix_dial_setup(void)
{
	char easy[80];

	(void)snprintf(easy, sizeof(easy), "%s-easy", socks_path());
	dial_setup(socks_path(), easy);
	(void)snprintf(dial_paths[0], sizeof(dial_paths[0]), "%s",
	    socks_path() + strlen("unix://"));
	(void)snprintf(dial_paths[1], sizeof(dial_paths[1]), "%s",
	    easy + strlen("unix://"));
}

void
abstract_dial_setup(void)
{
	char easy[80];

	(void)snprintf(easy, sizeof(easy), "%s-easy", socks_name());
	dial_setup(socks_name(), easy);
}

void
dial_teardown(void)
{
	weir_stream_dialer_free(dial_full);
	weir_stream_dialer_free(dial_easy);
	while (dial_nfds > 0) {
		(void)close(dial_fds[--dial_nfds]);
	}
	(void)close(dial_plain);
	(void)close(dial_open);
	for (int i = 0; i < 2; i++) {
		(void)unlink(dial_paths[i]);
	}
}

void
dial_submit(weir_aio *aio)
{
	pthread_mutex_lock(&dial_mtx);
	if (!dial_filled) {
		socks_plain_fill(dial_plain, dial_fds, 64, &dial_nfds);
		dial_filled = true;
	}
	pthread_mutex_unlock(&dial_mtx);
	weir_stream_dialer_dial(dial_full, aio);
}

void
dial_soon(weir_aio *aio)
{
	struct pollfd p = {.fd = dial_open, .events = POLLIN};

	/* Room in the backlog, whatever happened before. */
	pthread_mutex_lock(&dial_mtx);
	while (poll(&p, 1, 0) > 0) {
		(void)close(accept(dial_open, NULL, NULL));
	}
	pthread_mutex_unlock(&dial_mtx);
	weir_stream_dialer_dial(dial_easy, aio);
}

/* Take what waits, so that there is room. */
void
dial_end(void)
{
	struct pollfd p = {.fd = dial_plain, .events = POLLIN};

	pthread_mutex_lock(&dial_mtx);
	dial_filled = false;
	while (dial_nfds > 0) {
		(void)close(dial_fds[--dial_nfds]);
	}
	while (poll(&p, 1, 0) > 0) {
		(void)close(accept(dial_plain, NULL, NULL));
	}
	pthread_mutex_unlock(&dial_mtx);
}
