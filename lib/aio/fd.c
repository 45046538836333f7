/*
 * fd - watched descriptors: open, shut, close.
 *
 * Purpose    the life of a weir_fd; what happens on it is fdio.c.
 * Ownership  refs counts the open handle and each side until it has ended; the
 *            last one closes the number, under nobody's system call.  The
 *            element is type-stable memory of the poller's table.
 * Pairs      F2  refs: the last to leave (acq_rel) sees all others' work done.
 *            F1  (fdio.c): the sides' words publish what open wrote.
 * Bounds     WEIR_FD_MAX.
 * Proof      test/contract/, test/stream/, test/explorer/x_fdio_end.c
 */
#include "aio/fdio.h"
#include "aio/fdio_impl.h"

#include "base/sys.h"

#include <limits.h>

void
wri_fd_rele(struct weir_fd *fd)
{
	int number = fd->pfd.fd;

	uint32_t was = wri_sub(&fd->refs, 1, WRI_SC); /* F2 */

	if (was == 2) { /* by address alone: the last one may free it */
		wri_futex_wake(&fd->refs, INT_MAX);
	}
	if (was != 1) {
		return;
	}
	/* Always taken out of the set: a forked child may keep the open file,
	 * and with it the registration, alive. */
	wri_pfd_unwatch(&fd->pfd);
	(void)wri_sys_close(number);
	if (fd->release != NULL) {
		fd->release(fd->arg);
	}
	for (int dir = 0; dir < 2; dir++) {
		/* FINAL is not the next life's.  Release: F1. */
		wri_store(&fd->side[dir].word, S_CLOSED, WRI_REL);
	}
	wri_pfd_free(&fd->pfd);
}

static void
fd_elem_init(struct wri_pfd *pfd)
{
	struct weir_fd *fd = wri_container(pfd, struct weir_fd, pfd);

	for (int dir = 0; dir < 2; dir++) {
		struct side *s = &fd->side[dir];

		s->fd = fd;
		s->dir = (weir_dir)dir;
		wri_mtx_init(&s->lock);
		wri_store(&s->word, S_CLOSED, WRI_RLX); /* nobody knows it */
	}
}

/*
 * Ready until a try has shown the contrary.  Events may have come already: an
 * edge says no more than this, but FINAL must be kept.
 */
static void
side_open(struct side *s)
{
	uint64_t w = wri_load(&s->word, WRI_ACQ);

	while (!wri_cas_weak(
	    &s->word, &w, S_READY | (w & S_FINAL), WRI_ACQ_REL)) { /* F1 */
	}
}

weir_err
weir_fd_open(weir_fd **fdp, int number, const weir_fd_params *params)
{
	struct wri_pfd *pfd;
	struct weir_fd *fd;
	weir_err rv = wri_life_enter();

	if (rv != WEIR_OK) {
		return rv;
	}
	rv = fdp == NULL || number < 0 || params == NULL ||
		     params->size != sizeof(*params)
		 ? WEIR_EINVAL
		 : wri_pfd_open(&pfd, number);
	if (rv != WEIR_OK) {
		wri_life_leave();
		return rv;
	}
	fd = wri_container(pfd, struct weir_fd, pfd);
	fd->arg = params->arg;
	fd->release = params->release;
	wri_store(&fd->refs, 3, WRI_RLX);
	for (int dir = 0; dir < 2; dir++) {
		/* Relaxed: the word publishes it (F1). */
		wri_store(&fd->side[dir].code, WEIR_OK, WRI_RLX);
		side_open(&fd->side[dir]);
	}
	wri_life_leave(); /* weir_fini finds it open from here on */
	*fdp = fd;
	return WEIR_OK;
}

int
weir_fd_number(const weir_fd *fd)
{
	return fd == NULL ? -1 : fd->pfd.fd;
}

/* No more operations: the owner ends those there are, or we do. */
static void
side_shut(struct side *s, weir_err why)
{
	uint64_t w = wri_load(&s->word, WRI_ACQ); /* F1 */
	uint32_t was = WEIR_OK;                   /* nobody has said why yet */

	(void)wri_cas(&s->code, &was, (uint32_t)why, WRI_ACQ_REL);
	do {
		if ((w & S_CLOSED) != 0) {
			return;
		}
	} while (
	    !wri_cas_weak(&s->word, &w, w | S_CLOSED | S_OWNED, WRI_ACQ_REL));
	if ((w & S_OWNED) == 0) {
		wri_side_run(s);
	}
}

void
weir_fd_shut(weir_fd *fd, weir_err why)
{
	if (fd != NULL && !wri_life_forked()) {
		/* A callback may close it: the second side would be another's.
		 * Relaxed: it is open. */
		wri_add(&fd->refs, 1, WRI_RLX);
		side_shut(&fd->side[WEIR_DIR_READ], why);
		side_shut(&fd->side[WEIR_DIR_WRITE], why);
		wri_fd_rele(fd);
	}
}

void
weir_fd_shut_dir(weir_fd *fd, weir_dir dir, weir_err why)
{
	if (fd != NULL && !wri_life_forked() && (unsigned)dir < 2) {
		side_shut(&fd->side[dir], why);
	}
}

weir_err
weir_fd_drain(weir_fd *fd)
{
	uint32_t left;

	if (fd == NULL || wri_life_forked()) {
		return fd == NULL ? WEIR_OK : WEIR_EFORK;
	}
	/* Steps do not block, and need no place in a pool: ours stays ours. */
	while ((left = wri_load(&fd->refs, WRI_SC)) != 1) { /* F2 */
		(void)wri_futex_wait(&fd->refs, left, WEIR_NEVER);
	}
	return WEIR_OK;
}

void
weir_fd_close(weir_fd *fd)
{
	if (fd != NULL && !wri_life_forked()) {
		weir_fd_shut(fd, WEIR_ECLOSED);
		wri_fd_rele(fd);
	}
}

/* The library ends before this descriptor: nothing is carried out on it. */
static void
fd_forsaken(struct wri_pfd *pfd)
{
	struct weir_fd *fd = wri_container(pfd, struct weir_fd, pfd);

	/* Not held: a close may be in its release.  Nobody opens any more. */
	side_shut(&fd->side[WEIR_DIR_READ], WEIR_ESTOPPED);
	side_shut(&fd->side[WEIR_DIR_WRITE], WEIR_ESTOPPED);
}

weir_err
wri_fdio_init(const char *backend, unsigned slots)
{
	return wri_poller_init(&(struct wri_poller_config){
	    .backend = backend,
	    .slots = slots,
	    .elem_size = sizeof(struct weir_fd),
	    .elem_init = fd_elem_init,
	    .ready = wri_fd_ready,
	    .forsaken = fd_forsaken,
	});
}

void
wri_fdio_fini(void)
{
	wri_poller_fini();
}
