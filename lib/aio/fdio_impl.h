/*
 * fdio_impl - the two sides of a descriptor; for fd.c and fdio.c only.
 */
#ifndef AIO_FDIO_IMPL_H
#define AIO_FDIO_IMPL_H

#include "aio/aio_impl.h"
#include "poller/poller.h"

#define S_READY UINT64_C(1)
#define S_OWNED UINT64_C(2)
#define S_CANCEL UINT64_C(4)
#define S_MORE UINT64_C(8)
#define S_CLOSED UINT64_C(16)
#define S_FINAL UINT64_C(32)
#define S_FLAGS UINT64_C(63)

/* Steps that one owner makes before he lets others run. */
#define STEPS_MAX 16

struct side {
	/* Any thread. */
	wri_a64 word WRI_ALIGNED;
	wri_a32 why;  /* weir_err of the note CANCEL */
	wri_a32 code; /* weir_err of operations once CLOSED */

	/* Fixed after the element's first use. */
	struct weir_fd *fd;
	weir_dir dir;

	/* lock: those that wait behind the first. */
	wri_mtx lock;
	weir_aioq more;
	unsigned nfull; /* refused since there was room */
};

struct weir_fd {
	struct wri_pfd pfd;

	/* Fixed from open to close. */
	void *arg;
	void (*release)(void *arg);

	struct side side[2];

	/* Any thread. */
	wri_a32 refs; /* the open handle, and a side until it has ended */
};

static inline weir_aio *
waiter(uint64_t w)
{
	return (weir_aio *)(uintptr_t)(w & ~S_FLAGS);
}

static inline unsigned
dir_bit(const struct side *s)
{
	return s->dir == WEIR_DIR_READ ? WRI_DIR_READ : WRI_DIR_WRITE;
}

/* fd.c: a reference is given back; the last one ends the descriptor. */
void wri_fd_rele(struct weir_fd *fd);

/* fdio.c */
/* We own the side: work until nobody is left or the first waits. */
void wri_side_run(struct side *s);
/* The poller has seen directions become ready. */
void wri_fd_ready(struct wri_pfd *pfd, unsigned dirs);

#endif
