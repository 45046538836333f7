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
 * Proof      test/contract/, test/stream/
 */
#include "aio/fdio.h"
#include "aio/fdio_impl.h"

#include "base/sys.h"

void
wri_fd_rele(struct weir_fd *fd)
{
	int number = fd->pfd.fd;

	if (wri_sub(&fd->refs, 1, WRI_ACQ_REL) != 1) { /* F2 */
		return;
	}
	/* Always taken out of the set: a forked child may keep the open file,
	 * and with it the registration, alive. */
	wri_pfd_unwatch(&fd->pfd);
	(void)wri_sys_close(number);
	if (fd->release != NULL) {
		fd->release(fd->arg);
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
		s->task.run = wri_side_task;
		wri_mtx_init(&s->lock);
		wri_store(&s->word, S_CLOSED, WRI_RLX); /* nobody knows it */
	}
}

weir_err
weir_fd_open(weir_fd **fdp, int number, const weir_fd_params *params)
{
	struct wri_pfd *pfd;
	struct weir_fd *fd;
	weir_err rv = wri_life_check();

	if (rv != WEIR_OK) {
		return rv;
	}
	if (fdp == NULL || number < 0 || params == NULL ||
	    params->size != sizeof(*params)) {
		return WEIR_EINVAL;
	}
	rv = wri_pfd_open(&pfd, number);
	if (rv != WEIR_OK) {
		return rv;
	}
	fd = wri_container(pfd, struct weir_fd, pfd);
	fd->arg = params->arg;
	fd->release = params->release;
	wri_store(&fd->code, WEIR_ECLOSED, WRI_RLX); /* F1 publishes */
	wri_store(&fd->refs, 3, WRI_RLX);
	for (int dir = 0; dir < 2; dir++) {
		/* Ready until a try has shown the contrary; an edge that came
		 * before this says no more.  Release: F1. */
		wri_store(&fd->side[dir].word, S_READY, WRI_REL);
	}
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
side_shut(struct side *s)
{
	uint64_t w = wri_load(&s->word, WRI_ACQ); /* F1 */

	do {
		if ((w & S_CLOSED) != 0) {
			return;
		}
	} while (!wri_cas_weak(
	    &s->word, &w, w | S_CLOSED | S_OWNED, WRI_ACQ_REL));
	if ((w & S_OWNED) == 0) {
		wri_side_run(s);
	}
}

void
weir_fd_shut(weir_fd *fd, weir_err why)
{
	uint32_t was = WEIR_ECLOSED;

	if (fd == NULL) {
		return;
	}
	(void)wri_cas(&fd->code, &was, (uint32_t)why, WRI_ACQ_REL);
	side_shut(&fd->side[WEIR_DIR_READ]);
	side_shut(&fd->side[WEIR_DIR_WRITE]);
}

void
weir_fd_close(weir_fd *fd)
{
	if (fd == NULL) {
		return;
	}
	weir_fd_shut(fd, WEIR_ECLOSED);
	wri_fd_rele(fd);
}

/* The library ends before this descriptor: nothing is carried out on it. */
static void
fd_forsaken(struct wri_pfd *pfd)
{
	weir_fd_shut(wri_container(pfd, struct weir_fd, pfd), WEIR_ESTOPPED);
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
