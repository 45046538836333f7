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

/** Same family and same address?  Two unspecified ones, or NULL, are not.
 * Since 0.1 */
WEIR_API bool weir_sockaddr_equal(
    const weir_sockaddr *a, const weir_sockaddr *b);

WEIR_END_DECLS

#endif
