/*
 * rig - a poller of one backend, and elements that count what they are told.
 *
 * Pairs      counts (release in ready -> acquire in rig_count), so that a test
 *            may count on one thread what another one fed.
 */
#include "rig.h"

#include "base/mem.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned rig_slots;

static void
rig_ready(struct wri_pfd *pfd, unsigned dirs)
{
	struct probe *p = (struct probe *)(void *)pfd;

	if ((dirs & WRI_DIR_READ) != 0) {
		wri_add(&p->reads, 1, WRI_REL);
	}
	if ((dirs & WRI_DIR_WRITE) != 0) {
		wri_add(&p->writes, 1, WRI_REL);
	}
	if ((dirs & WRI_DIR_FINAL) != 0) {
		wri_add(&p->finals, 1, WRI_REL);
	}
	wri_add(&p->calls, 1, WRI_REL);
}

/* Nothing to do for a probe: fresh, or open at the end. */
static void
rig_pass(struct wri_pfd *pfd)
{
	(void)pfd;
}

struct wri_poller_config
rig_config(const char *backend, unsigned slots)
{
	return (struct wri_poller_config){
	    .backend = backend,
	    .slots = slots,
	    .elem_size = sizeof(struct probe),
	    .elem_init = rig_pass,
	    .ready = rig_ready,
	    .forsaken = rig_pass,
	};
}

void
rig_up(int i, unsigned slots)
{
	struct wri_poller_config config =
	    rig_config(wri_poller_names[i], slots);

	rig_slots = slots;
	ck_assert_int_eq(wri_poller_init(&config), WEIR_OK);
	ck_assert_str_eq(wri_poller_name(), wri_poller_names[i]);
}

void
rig_down(void)
{
	wri_poller_fini();
	ck_assert_uint_eq(wri_mem_live(), 0);
}

int
rig_next_fd(void)
{
	int fd = dup(STDOUT_FILENO);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	return fd;
}

struct probe *
rig_open(int fd)
{
	struct wri_pfd *pfd = NULL;

	ck_assert_int_eq(wri_pfd_open(&pfd, fd), WEIR_OK);
	ck_assert_ptr_nonnull(pfd);
	ck_assert_int_eq(pfd->fd, fd);
	return (struct probe *)(void *)pfd;
}

void
rig_close(struct probe *p)
{
	int fd = p->pfd.fd;

	wri_pfd_unwatch(&p->pfd);
	ck_assert_int_eq(close(fd), 0);
	/* Not at open: events may come before that returns. */
	rig_forget(p);
	wri_pfd_free(&p->pfd);
}

unsigned
rig_wait(unsigned slot, bool block)
{
	return wri_poller_role_ops.wait(wri_poller_slot_args()[slot], block);
}

void
rig_feed(unsigned slot)
{
	wri_poller_role_ops.feed(wri_poller_slot_args()[slot]);
}

void
rig_wake(unsigned slot)
{
	wri_poller_role_ops.wake(wri_poller_slot_args()[slot]);
}

void
rig_settle(void)
{
	for (unsigned i = 0; i < rig_slots; i++) {
		unsigned rounds = 0;

		while (rig_wait(i, false) > 0) {
			rig_feed(i);
			ck_assert_uint_lt(rounds++, 1000);
		}
	}
}

void
rig_forget(struct probe *p)
{
	wri_store(&p->calls, 0, WRI_RLX);
	wri_store(&p->reads, 0, WRI_RLX);
	wri_store(&p->writes, 0, WRI_RLX);
	wri_store(&p->finals, 0, WRI_RLX);
}

unsigned
rig_count(const wri_a32 *count)
{
	return wri_load(count, WRI_ACQ);
}

void
rig_pipe(int fds[2])
{
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
}

void
rig_pair(int fds[2])
{
	ck_assert_int_eq(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
}

void
rig_put_byte(int fd)
{
	ck_assert_int_eq(write(fd, "x", 1), 1);
}

void
rig_drain(int fd)
{
	char buf[4096];
	ssize_t n;

	do {
		n = read(fd, buf, sizeof(buf));
	} while (n > 0);
	ck_assert(n == 0 || errno == EAGAIN);
}

void
rig_fill(int fd)
{
	static const char buf[4096];
	ssize_t n;

	do {
		n = write(fd, buf, sizeof(buf));
	} while (n > 0);
	/* Less than a buffer may still fit. */
	do {
		n = write(fd, buf, 1);
	} while (n > 0);
	ck_assert_int_eq(errno, EAGAIN);
}
