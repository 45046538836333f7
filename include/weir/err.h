/*
 * err - the error codes of weir and their texts.
 *
 * Purpose    one code type for every call and every result of an operation.
 * Bounds     values up to 1000 are listed here; WEIR_ESYSERR + n carries the
 *            system's errno n where no code of our own fits.
 */
#ifndef WEIR_ERR_H
#define WEIR_ERR_H

#include <weir/attr.h>

WEIR_BEGIN_DECLS

/**
 * A result.  Codes below 100, ESTOPPED and EINTERNAL have the numbers that NNG
 * gives to them; 100 to 199 are weir's own.
 */
typedef enum weir_err {
	WEIR_OK = 0,            /**< success */
	WEIR_EINTR = 1,         /**< interrupted; programs never see it */
	WEIR_ENOMEM = 2,        /**< out of memory or kernel buffers */
	WEIR_EINVAL = 3,        /**< an argument is out of its range */
	WEIR_EBUSY = 4,         /**< in use */
	WEIR_ETIMEDOUT = 5,     /**< the deadline passed first */
	WEIR_ECONNREFUSED = 6,  /**< nobody listens there */
	WEIR_ECLOSED = 7,       /**< closed on this side */
	WEIR_EAGAIN = 8,        /**< full or not ready now, try again */
	WEIR_ENOTSUP = 9,       /**< not supported */
	WEIR_EADDRINUSE = 10,   /**< the address is taken */
	WEIR_ESTATE = 11,       /**< not in this state */
	WEIR_ENOENT = 12,       /**< no such entry */
	WEIR_EPROTO = 13,       /**< the peer broke the protocol */
	WEIR_EUNREACHABLE = 14, /**< no route */
	WEIR_EADDRINVAL = 15,   /**< bad address */
	WEIR_EPERM = 16,        /**< not permitted */
	WEIR_EMSGSIZE = 17,     /**< too large */
	WEIR_ECONNABORTED = 18, /**< connection aborted */
	WEIR_ECONNRESET = 19,   /**< connection reset by the peer */
	WEIR_ECANCELED = 20,    /**< cancelled on request */
	WEIR_ENOFILES = 21,     /**< out of descriptors */
	WEIR_ENOSPC = 22,       /**< a table or disk is full */
	WEIR_EEXIST = 23,       /**< exists already */
	WEIR_EREADONLY = 24,    /**< this option cannot be set */
	WEIR_EWRITEONLY = 25,   /**< this option cannot be read */
	WEIR_ECRYPTO = 26,      /**< cryptographic failure */
	WEIR_EPEERAUTH = 27,    /**< the peer could not be authenticated */
	WEIR_EBADTYPE = 30,     /**< option accessed with another type */
	WEIR_ECONNSHUT = 31,    /**< the peer finished sending */

	WEIR_EDEADLK = 100, /**< waiting here would never end */
	WEIR_EFORK = 101,   /**< weir does not work in a forked child */
	WEIR_EMISUSE = 102, /**< a mistake of the caller, named in the report */

	WEIR_ESTOPPED = 999,   /**< the handle or the library was stopped */
	WEIR_EINTERNAL = 1000, /**< a defect of weir */

	WEIR_ESYSERR = 0x10000000,  /**< base: + errno */
	WEIR_ETRANERR = 0x20000000, /**< base: + a transport's own code */
} weir_err;

/**
 * The text of a code.
 *
 * @param err  any value.
 *
 * Result      a static string, never NULL; unknown values give
 *             "unknown error", WEIR_ESYSERR + n the system's text for n.
 * Threads     MT-Safe
 * Blocks      never
 * Since       0.1
 */
WEIR_API const char *weir_strerror(weir_err err);

WEIR_END_DECLS

#endif
