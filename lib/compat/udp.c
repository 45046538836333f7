/*
 * udp - datagrams, by weir's functions.
 *
 * Proof      test/compat/test_nng_udp.c, test/udp/
 */
#include "compat/compat.h"

#include <weir/udp.h>

int
nng_udp_open(nng_udp **udpp, nng_sockaddr *sa)
{
	return (int)weir_udp_open(udpp, sa);
}

void
nng_udp_stop(nng_udp *udp)
{
	weir_udp_stop(udp);
}

void
nng_udp_close(nng_udp *udp)
{
	wri_nng_sys_set_call(__func__);
	weir_udp_stop(udp);
	wri_nng_sys_set_call(NULL);
	weir_udp_free(udp);
}

int
nng_udp_sockname(nng_udp *udp, nng_sockaddr *sa)
{
	return (int)weir_udp_sockname(udp, sa);
}

void
nng_udp_send(nng_udp *udp, nng_aio *aio)
{
	weir_udp_send(udp, aio);
}

void
nng_udp_recv(nng_udp *udp, nng_aio *aio)
{
	weir_udp_recv(udp, aio);
}

int
nng_udp_multicast_membership(nng_udp *udp, nng_sockaddr *sa, bool join)
{
	return (int)weir_udp_multicast_membership(udp, sa, join);
}
