/*
 * nng.h - the names of NNG 2.0, carried out by weir.
 *
 * Purpose    a program written to NNG's documents compiles unchanged and gets
 *            the results that they promise; where NNG leaves its documents,
 *            weir's promise holds.  docs/guide/from-nng.md tells for each
 *            function whether anything differs, and why.
 * Shape      a handle is weir's own (nng_aio is weir_aio, and so on), so one
 *            program may use both faces on it.  The functions are real ones,
 *            in libweir-nng (CMake: weir::nng, pkg-config: weir-nng).  Times
 *            are milliseconds here; they convert with saturation.
 * Bounds     those of weir, named in its headers.
 *
 * Not here: sockets and protocols, contexts, pipes, TLS, HTTP, WebSocket.
 */
#ifndef NNG_NNG_H
#define NNG_NNG_H

#include <nng/parts/aio.h>
#include <nng/parts/base.h>
#include <nng/parts/err.h>
#include <nng/parts/idmap.h>
#include <nng/parts/init.h>
#include <nng/parts/log.h>
#include <nng/parts/mem.h>
#include <nng/parts/msg.h>
#include <nng/parts/options.h>
#include <nng/parts/scope.h>
#include <nng/parts/sockaddr.h>
#include <nng/parts/stream.h>
#include <nng/parts/thread.h>
#include <nng/parts/time.h>
#include <nng/parts/udp.h>
#include <nng/parts/url.h>

#endif
