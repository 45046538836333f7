/*
 * sockaddr - addresses of sockets.
 *
 * Purpose    plain values that hold any address a stream can have.
 * Bounds     names of up to WEIR_ADDR_MAX - 1 bytes.
 *
 * The functions only read their arguments: MT-Safe per object, never block, may
 * be called at any time, also before weir_init and in a forked child.
 */
#ifndef WEIR_SOCKADDR_H
#define WEIR_SOCKADDR_H

#include <weir/attr.h>
#include <weir/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WEIR_BEGIN_DECLS

/** Bytes of a path or name, with its NUL. */
#define WEIR_ADDR_MAX 128
/** A buffer for weir_sockaddr_str [bytes]. */
#define WEIR_ADDR_STR_MAX 144

enum weir_af {
	WEIR_AF_UNSPEC = 0,
	WEIR_AF_INPROC = 1,
	WEIR_AF_IPC = 2,
	WEIR_AF_INET = 3,
	WEIR_AF_INET6 = 4,
	WEIR_AF_ABSTRACT = 5,
};

typedef struct weir_sockaddr_path {
	uint16_t sa_family;
	char sa_path[WEIR_ADDR_MAX]; /* NUL-terminated */
} weir_sockaddr_path;

typedef struct weir_sockaddr_inproc {
	uint16_t sa_family;
	char sa_name[WEIR_ADDR_MAX]; /* NUL-terminated */
} weir_sockaddr_inproc;

typedef struct weir_sockaddr_in6 {
	uint16_t sa_family;
	uint16_t sa_port;    /* network order */
	uint32_t sa_scope;   /* interface index, host order */
	uint8_t sa_addr[16]; /* network order */
} weir_sockaddr_in6;

typedef struct weir_sockaddr_in {
	uint16_t sa_family;
	uint16_t sa_port; /* network order */
	uint32_t sa_addr; /* network order */
} weir_sockaddr_in;

typedef struct weir_sockaddr_abstract {
	uint16_t sa_family;
	uint16_t sa_len; /* [0..107] */
	uint8_t sa_name[107];
} weir_sockaddr_abstract;

typedef struct weir_sockaddr_storage {
	uint16_t sa_family;
	uint64_t sa_pad[16];
} weir_sockaddr_storage;

/** An address; s_family says which member holds. */
typedef union weir_sockaddr {
	uint16_t s_family;
	weir_sockaddr_path s_ipc;
	weir_sockaddr_inproc s_inproc;
	weir_sockaddr_in6 s_in6;
	weir_sockaddr_in s_in;
	weir_sockaddr_abstract s_abstract;
	weir_sockaddr_storage s_storage;
} weir_sockaddr;

/**
 * Write an address for people: 127.0.0.1:80, [::1]:443, [fe80::1%3]:443, the
 * path, inproc[name], abstract[name], unknown.
 *
 * A path or a name ends at its NUL, an abstract name at its length: those of
 * its bytes that a line cannot show, NUL among them, are written as '@', so
 * that different names may look the same.
 *
 * @param sa     NULL: unknown.
 * @param buf    gets the text, cut to fit, NUL-terminated if bufsz > 0.  NULL:
 *               nothing happens.
 * @param bufsz  [bytes]; WEIR_ADDR_STR_MAX is always enough.
 *
 * Result      buf
 * Threads     MT-Safe per object
 * Blocks      never
 * Since       0.1
 */
WEIR_API const char *weir_sockaddr_str(
    const weir_sockaddr *sa, char *buf, size_t bufsz);

/** The port in host order; 0 for families without one, and NULL.  Since 0.1 */
WEIR_API uint32_t weir_sockaddr_port(const weir_sockaddr *sa);

/** Same family and same address?  A path or a name counts up to its NUL, an
 * abstract name with all bytes of its length.  Two unspecified ones, or NULL,
 * are not equal, nor is what has a length or a family that does not exist.
 * Since 0.1 */
WEIR_API bool weir_sockaddr_equal(
    const weir_sockaddr *a, const weir_sockaddr *b);

/**
 * A number for tables: equal addresses have the same.
 *
 * It has no secret: a peer who may choose its address can choose many with the
 * same low bits.  A table that strangers fill needs a bound, or a hash of its
 * own.  It may change with a release; do not keep it on disk.
 *
 * @param sa  NULL: as an unspecified one.
 *
 * Result      never 0
 * Threads     MT-Safe per object
 * Blocks      never
 * Since       0.1
 */
WEIR_API uint64_t weir_sockaddr_hash(const weir_sockaddr *sa);

/**
 * Read a numeric address with its port, as weir_sockaddr_str writes it:
 * "127.0.0.1:80", "[::1]:443", "[fe80::1%3]:443".
 *
 * @param sa   written on success, else untouched.
 * @param str  NUL-terminated; borrowed for the call.  IPv6 stands in brackets,
 *             a scope is an interface's number [1..4294967295].  Nothing is
 *             looked up: neither names of hosts, nor services or interfaces.
 *
 * Errors      WEIR_EINVAL      sa or str is NULL; no host with a port
 * [0..65535] behind it, in decimal WEIR_EADDRINVAL  the host is no such address
 * Threads     MT-Safe per object
 * Blocks      never
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_sockaddr_parse(
    weir_sockaddr *sa, const char *str);

WEIR_END_DECLS

#endif
