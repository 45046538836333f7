/*
 * fdio - start and stop of the descriptor room, for lib/weir.c.
 */
#ifndef AIO_FDIO_H
#define AIO_FDIO_H

#include <weir/err.h>

weir_err wri_fdio_init(const char *backend, unsigned slots);
/*
 * All threads have left.  Descriptors that are still open are watched no more;
 * their weir_fd stays valid for weir_fd_close.
 */
void wri_fdio_fini(void);

#endif
