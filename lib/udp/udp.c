/*
 * udp - a socket for datagrams: what the program does with it, and its end.
 *
 * Purpose    hands the program's aio to the gate; everything else is slow
 *            path.
 * Ownership  the program owns the handle; the memory goes in the release of
 *            the weir_fd, when no step and no operation refers to it.
 * Shape
 *
 *              open ──close──▶ shut ──free──▶ weir_fd_close ──▶ release
 *
 *            Whether it is open only the weir_fd knows.  The number stays
 *            open until free, so every call before free may use it, also when
 *            weir_fini came between.
 * Progress   lock-free but for the gate.
 * Pairs      U1  rele: holds (acq_rel): what others did with the socket comes
 *                before its close.
 * Bounds     WEIR_UDP_BATCH_MAX slots.
 * Proof      test/udp/test_udp.c, test/udp/test_udp_states.c,
 *            test/udp/stress_udp.c
 */
#include "base/attr.h"
#include "base/life.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/sys.h"
#include "udp/udp_impl.h"

static void
udp_memory_free(weir_udp *u)
{
	wri_free(u->slots, u->nslots * sizeof(*u->slots));
	wri_free(u, sizeof(*u));
}

static void
udp_release(void *arg)
{
	weir_udp *u = arg;

	WRI_ASSERT(u->magic == UDP_MAGIC_GONE);
	udp_memory_free(u);
}

static weir_udp *
udp_memory(const weir_udp_params *params)
{
	weir_udp *u = wri_alloc(sizeof(*u));

	if (u == NULL) {
		return NULL;
	}
	u->magic = UDP_MAGIC_OPEN;
	wri_store(&u->holds, 1, WRI_RLX); /* nobody else has it */
	u->multicast_if = params->multicast_if;
	/* The first of a batch goes into the receive's own memory. */
	u->nslots = params->recv_batch > 1 ? params->recv_batch - 1 : 0;
	if (u->nslots > 0) {
		u->slots = wri_alloc(u->nslots * sizeof(*u->slots));
		if (u->slots == NULL) {
			wri_free(u, sizeof(*u));
			return NULL;
		}
	}
	return u;
}

static bool
udp_params_ok(const weir_udp_params *p)
{
	return p->size == sizeof(*p) && p->multicast_ttl >= 0 &&
	       p->multicast_ttl <= 255 && p->recv_buffer >= 0 &&
	       p->send_buffer >= 0 && p->recv_batch <= WEIR_UDP_BATCH_MAX;
}

weir_err
weir_udp_open_with(
    weir_udp **up, const weir_sockaddr *sa, const weir_udp_params *params)
{
	static const weir_udp_params defaults = {.size = sizeof(defaults)};
	weir_err err = wri_life_check();
	weir_udp *u;
	int fd;

	if (err != WEIR_OK) {
		return err;
	}
	params = params == NULL ? &defaults : params;
	if (up == NULL || !udp_params_ok(params)) {
		return WEIR_EINVAL;
	}
	u = udp_memory(params);
	if (u == NULL) {
		return WEIR_ENOMEM;
	}
	err = wri_udp_sock_open(&fd, &u->bound, sa, params);
	if (err != WEIR_OK) {
		goto fail_free;
	}
	err = weir_fd_open(&u->fd, fd,
	    &(weir_fd_params){
		.size = sizeof(weir_fd_params),
		.arg = u,
		.release = udp_release,
	    });
	if (err != WEIR_OK) {
		goto fail_close;
	}
	*up = u;
	return WEIR_OK;

fail_close:
	(void)wri_sys_close(fd);
fail_free:
	udp_memory_free(u);
	return err;
}

weir_err
weir_udp_open(weir_udp **up, const weir_sockaddr *sa)
{
	return weir_udp_open_with(up, sa, NULL);
}

/* NULL is none, silently; anything else that is none is misuse. */
static bool
udp_ok(const weir_udp *u, const char *call)
{
	if (wri_unlikely(u == NULL)) {
		return false;
	}
	if (wri_unlikely(u->magic != (uint32_t)UDP_MAGIC_OPEN)) {
		wri_misuse(call, "the socket is freed or no socket", "",
		    u->magic == (uint32_t)UDP_MAGIC_GONE ? "freed" : "unknown",
		    u);
		return false;
	}
	return true;
}

static void
udp_submit(weir_udp *u, weir_dir dir, weir_aio *aio, const weir_fdop *op,
    const char *call)
{
	/* The gate would begin it, too, but by its own name. */
	if (wri_unlikely(u != NULL && !udp_ok(u, call)) ||
	    weir_aio_begin(aio, call) != WEIR_OK) {
		return;
	}
	/* The gate ends one without a socket, with WEIR_EINVAL. */
	weir_fd_submit(u == NULL ? NULL : u->fd, dir, aio, op);
}

void
weir_udp_send(weir_udp *u, weir_aio *aio)
{
	udp_submit(u, WEIR_DIR_WRITE, aio, &wri_udp_send_op, __func__);
}

void
weir_udp_recv(weir_udp *u, weir_aio *aio)
{
	udp_submit(u, WEIR_DIR_READ, aio, &wri_udp_recv_op, __func__);
}

weir_err
weir_udp_sockname(const weir_udp *u, weir_sockaddr *sa)
{
	if (u == NULL || sa == NULL) {
		return WEIR_EINVAL;
	}
	if (!udp_ok(u, __func__)) {
		return WEIR_EMISUSE;
	}
	*sa = u->bound;
	return WEIR_OK;
}

weir_err
weir_udp_multicast_membership(
    weir_udp *u, const weir_sockaddr *group, bool join)
{
	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	if (!udp_ok(u, __func__)) {
		return u == NULL ? WEIR_EINVAL : WEIR_EMISUSE;
	}
	return wri_udp_sock_member(u, group, join);
}

/*
 * The callback of an operation that stop ends may free the socket before stop
 * has returned: the descriptor stays until the last of them is out.
 */
static void
udp_hold(weir_udp *u)
{
	/* Relaxed: who calls has the socket. */
	(void)wri_add(&u->holds, 1, WRI_RLX);
}

static void
udp_rele(weir_udp *u)
{
	if (wri_sub(&u->holds, 1, WRI_ACQ_REL) == 1) { /* U1 */
		weir_fd_close(u->fd);
	}
}

void
weir_udp_close(weir_udp *u)
{
	if (!wri_life_forked() && udp_ok(u, __func__)) {
		/* A callback may free it: the gate holds what it shuts. */
		weir_fd_shut(u->fd, WEIR_ECLOSED);
	}
}

void
weir_udp_stop(weir_udp *u)
{
	if (!wri_life_forked() && udp_ok(u, __func__)) {
		udp_hold(u);
		weir_fd_shut(u->fd, WEIR_ECLOSED);
		(void)weir_fd_drain(u->fd);
		udp_rele(u);
	}
}

void
weir_udp_free(weir_udp *u)
{
	if (!wri_life_forked() && udp_ok(u, __func__)) {
		u->magic = UDP_MAGIC_GONE;
		/* A stop may be under way: no operation outlives us. */
		weir_fd_shut(u->fd, WEIR_ECLOSED);
		udp_rele(u);
	}
}
