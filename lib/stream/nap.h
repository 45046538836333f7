/*
 * nap - time as a descriptor: what waits for it goes on in a step, on a polling
 * thread, and needs no pool.
 */
#ifndef STREAM_NAP_H
#define STREAM_NAP_H

#include <weir/provider.h>

/* A timer that is off.  arg, release: as of weir_fd_params.  Fails as
 * weir_fd_open for an operation, and with WEIR_ENOFILES. */
WEIR_NODISCARD weir_err wri_nap_open(
    weir_fd **napp, void *arg, void (*release)(void *arg));
/* Become readable at a time, instead of the one set before. */
void wri_nap_set(weir_fd *nap, weir_time at);
/* For a step: has the time come since it was asked last? */
bool wri_nap_over(int fd);

#endif
