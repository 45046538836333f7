/*
 * cases_fd - a step of the test's own on a descriptor that weir watches.
 */
#include "contract/cases.h"

#include <weir/provider.h>

#include <check.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static weir_fd *fd_watched; /* of the pair's end 0 */
static int fd_pair[2];

static weir_err
fd_step(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	char byte;

	(void)arg;
	*flags = 0;
	if (recv(fd, &byte, 1, MSG_DONTWAIT) != 1) {
		return WEIR_EAGAIN;
	}
	weir_aio_set_count(aio, 1);
	return WEIR_OK;
}

static const weir_fdop fd_op = {
    .size = sizeof(fd_op), .name = "byte", .try_step = fd_step};

void
fd_setup(void)
{
	const weir_fd_params params = {.size = sizeof(params)};

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		fd_pair),
	    0);
	ck_assert_int_eq(
	    weir_fd_open(&fd_watched, fd_pair[0], &params), WEIR_OK);
}

void
fd_teardown(void)
{
	weir_fd_close(fd_watched);
	(void)close(fd_pair[1]);
}

void
fd_submit(weir_aio *aio)
{
	weir_fd_submit(fd_watched, WEIR_DIR_READ, aio, &fd_op);
}

void
fd_end(void)
{
	(void)!send(fd_pair[1], "x", 1, MSG_NOSIGNAL);
}

void
fd_soon(weir_aio *aio)
{
	fd_end();
	fd_submit(aio);
}
