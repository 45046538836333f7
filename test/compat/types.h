/*
 * types - what NNG's header says about types and constants, as assertions that
 * hold in C11 and in C++17.  Included after <nng/nng.h> and a program's own
 * declarations.
 */
#ifndef COMPAT_TYPES_H
#define COMPAT_TYPES_H

#include <nng/args.h>
#include <nng/nng.h>

/* A program's own: equal types, or this does not compile. */
typedef struct nng_aio nng_aio;
typedef struct nng_msg nng_msg;
typedef struct nng_url nng_url;
typedef struct nng_stream nng_stream;
typedef struct nng_stream_dialer nng_stream_dialer;
typedef struct nng_stream_listener nng_stream_listener;
typedef struct nng_udp nng_udp;
typedef struct nng_thread nng_thread;
typedef struct nng_mtx nng_mtx;
typedef struct nng_cv nng_cv;
typedef struct nng_stat nng_stat;
typedef struct nng_tls_config nng_tls_config;
typedef struct nng_tls_cert_s nng_tls_cert;
typedef struct nng_id_map_s nng_id_map;
typedef struct nng_iov nng_iov;
typedef struct nng_arg_spec nng_arg_spec;
typedef union nng_sockaddr nng_sockaddr;
typedef enum nng_log_level nng_log_level;
typedef enum nng_log_facility nng_log_facility;

/* The programs' four headers came along. */
static inline size_t
types_std(bool b, uint64_t u, time_t t)
{
	struct timespec ts = {t, 0};

	return b ? sizeof(ts) + offsetof(struct timespec, tv_nsec) : (size_t)u;
}

#define IS(name, value) TYPES_ASSERT((name) == (value), #name)

IS(NNG_MAJOR_VERSION, 2);
IS(NNG_MINOR_VERSION, 0);
IS(NNG_PATCH_VERSION, 0);
IS(sizeof(NNG_RELEASE_SUFFIX), sizeof("dev"));
IS(NNG_MAXADDRLEN, 128);
IS(NNG_MAXADDRSTRLEN, 144);
IS(NNG_DURATION_INFINITE, -1);
IS(NNG_DURATION_DEFAULT, -2);
IS(NNG_DURATION_ZERO, 0);
IS(NNG_FLAG_NONBLOCK, 2u);
IS(NNG_MAP_RANDOM, 1);
IS(NNG_ARG_END, -1);
IS(NNG_ARG_INVAL, -2);
IS(NNG_ARG_AMBIG, -3);
IS(NNG_ARG_MISSING, -4);

IS((int)NNG_OK, 0);
IS((int)NNG_EINTR, 1);
IS((int)NNG_ENOMEM, 2);
IS((int)NNG_EINVAL, 3);
IS((int)NNG_EBUSY, 4);
IS((int)NNG_ETIMEDOUT, 5);
IS((int)NNG_ECONNREFUSED, 6);
IS((int)NNG_ECLOSED, 7);
IS((int)NNG_EAGAIN, 8);
IS((int)NNG_ENOTSUP, 9);
IS((int)NNG_EADDRINUSE, 10);
IS((int)NNG_ESTATE, 11);
IS((int)NNG_ENOENT, 12);
IS((int)NNG_EPROTO, 13);
IS((int)NNG_EUNREACHABLE, 14);
IS((int)NNG_EADDRINVAL, 15);
IS((int)NNG_EPERM, 16);
IS((int)NNG_EMSGSIZE, 17);
IS((int)NNG_ECONNABORTED, 18);
IS((int)NNG_ECONNRESET, 19);
IS((int)NNG_ECANCELED, 20);
IS((int)NNG_ENOFILES, 21);
IS((int)NNG_ENOSPC, 22);
IS((int)NNG_EEXIST, 23);
IS((int)NNG_EREADONLY, 24);
IS((int)NNG_EWRITEONLY, 25);
IS((int)NNG_ECRYPTO, 26);
IS((int)NNG_EPEERAUTH, 27);
IS((int)NNG_EBADTYPE, 30);
IS((int)NNG_ECONNSHUT, 31);
IS((int)NNG_ESTOPPED, 999);
IS((int)NNG_EINTERNAL, 1000);
IS((int)NNG_ESYSERR, 0x10000000);
IS((int)NNG_ETRANERR, 0x20000000);

IS((int)NNG_AF_UNSPEC, 0);
IS((int)NNG_AF_INPROC, 1);
IS((int)NNG_AF_IPC, 2);
IS((int)NNG_AF_INET, 3);
IS((int)NNG_AF_INET6, 4);
IS((int)NNG_AF_ABSTRACT, 5);
IS(sizeof(enum nng_sockaddr_family), sizeof(int));

IS(sizeof(nng_sockaddr_inproc), 130u);
IS(sizeof(nng_sockaddr_path), 130u);
IS(sizeof(nng_sockaddr_ipc), 130u);
IS(sizeof(nng_sockaddr_in6), 24u);
IS(sizeof(nng_sockaddr_in), 8u);
IS(sizeof(nng_sockaddr_abstract), 112u);
IS(sizeof(nng_sockaddr_storage), 136u);
IS(sizeof(nng_sockaddr), 136u);
IS(offsetof(struct nng_sockaddr_in6, sa_port), 2u);
IS(offsetof(struct nng_sockaddr_in6, sa_scope), 4u);
IS(offsetof(struct nng_sockaddr_in6, sa_addr), 8u);
IS(offsetof(struct nng_sockaddr_in, sa_addr), 4u);
IS(offsetof(struct nng_sockaddr_abstract, sa_len), 2u);
IS(offsetof(struct nng_sockaddr_abstract, sa_name), 4u);
IS(sizeof(((nng_sockaddr *)0)->s_abstract.sa_name), 107u);
IS(sizeof(((nng_sockaddr *)0)->s_ipc.sa_path), 128u);
IS(sizeof(((nng_sockaddr *)0)->s_inproc.sa_name), 128u);
IS(sizeof(((nng_sockaddr *)0)->s_storage.sa_pad), 128u);

IS(offsetof(struct nng_iov, iov_buf), 0u);
IS(offsetof(struct nng_iov, iov_len), sizeof(void *));
IS(offsetof(nng_init_params, num_task_threads), 0u);
IS(offsetof(nng_init_params, max_task_threads), 2u);
IS(offsetof(nng_init_params, num_expire_threads), 4u);
IS(offsetof(nng_init_params, max_expire_threads), 6u);
IS(offsetof(nng_init_params, num_poller_threads), 8u);
IS(offsetof(nng_init_params, max_poller_threads), 10u);
IS(offsetof(nng_init_params, num_resolver_threads), 12u);
IS(offsetof(nng_init_params, malloc_fn), 16u);
IS(offsetof(nng_init_params, calloc_fn), 24u);
IS(offsetof(nng_init_params, free_fn), 32u);
IS(offsetof(struct nng_arg_spec, a_name), 0u);
IS(sizeof(nng_socket), 4u);

IS((int)NNG_LOG_NONE, 0);
IS((int)NNG_LOG_ERR, 3);
IS((int)NNG_LOG_WARN, 4);
IS((int)NNG_LOG_NOTICE, 5);
IS((int)NNG_LOG_INFO, 6);
IS((int)NNG_LOG_DEBUG, 7);
IS((int)NNG_LOG_USER, 1);
IS((int)NNG_LOG_DAEMON, 3);
IS((int)NNG_LOG_AUTH, 10);
IS((int)NNG_LOG_LOCAL0, 16);
IS((int)NNG_LOG_LOCAL1, 17);
IS((int)NNG_LOG_LOCAL2, 18);
IS((int)NNG_LOG_LOCAL3, 19);
IS((int)NNG_LOG_LOCAL4, 20);
IS((int)NNG_LOG_LOCAL5, 21);
IS((int)NNG_LOG_LOCAL6, 22);
IS((int)NNG_LOG_LOCAL7, 23);

/*
 * Each function by its address, in a pointer of the type that the document
 * gives: return type, parameters, const.
 */
static nng_err (*const types_init)(const nng_init_params *) = nng_init;
static void (*const types_fini)(void) = nng_fini;
static const char *(*const types_version)(void) = nng_version;
static const char *(*const types_strerror)(nng_err) = nng_strerror;
static nng_time (*const types_clock)(void) = nng_clock;
static void (*const types_msleep)(nng_duration) = nng_msleep;
static void (*const types_sleep)(nng_duration, nng_aio *) = nng_sleep_aio;
static uint32_t (*const types_random)(void) = nng_random;
static nng_err (*const types_pair)(int *) = nng_socket_pair;
static int (*const types_thread_create)(
    nng_thread **, void (*)(void *), void *) = nng_thread_create;
static void (*const types_thread_set_name)(
    nng_thread *, const char *) = nng_thread_set_name;
static void (*const types_thread_destroy)(nng_thread *) = nng_thread_destroy;
static int (*const types_mtx_alloc)(nng_mtx **) = nng_mtx_alloc;
static void (*const types_mtx[])(nng_mtx *) = {
    nng_mtx_free, nng_mtx_lock, nng_mtx_unlock};
static int (*const types_cv_alloc)(nng_cv **, nng_mtx *) = nng_cv_alloc;
static void (*const types_cv[])(nng_cv *) = {
    nng_cv_free, nng_cv_wait, nng_cv_wake, nng_cv_wake1};
static int (*const types_cv_until)(nng_cv *, nng_time) = nng_cv_until;
static void *(*const types_alloc)(size_t) = nng_alloc;
static void (*const types_free)(void *, size_t) = nng_free;
static char *(*const types_strdup)(const char *) = nng_strdup;
static void (*const types_strfree)(char *) = nng_strfree;

static nng_err (*const types_aio_alloc)(
    nng_aio **, void (*)(void *), void *) = nng_aio_alloc;
static void (*const types_aio[])(nng_aio *) = {nng_aio_free, nng_aio_reap,
    nng_aio_stop, nng_aio_cancel, nng_aio_wait, nng_aio_reset};
static void (*const types_aio_end[])(nng_aio *, nng_err) = {
    nng_aio_abort, nng_aio_finish};
static bool (*const types_aio_busy)(nng_aio *) = nng_aio_busy;
static nng_err (*const types_aio_result)(nng_aio *) = nng_aio_result;
static size_t (*const types_aio_count)(nng_aio *) = nng_aio_count;
static void (*const types_aio_set_timeout)(
    nng_aio *, nng_duration) = nng_aio_set_timeout;
static void (*const types_aio_set_expire)(
    nng_aio *, nng_time) = nng_aio_set_expire;
static void (*const types_aio_set_msg)(nng_aio *, nng_msg *) = nng_aio_set_msg;
static nng_msg *(*const types_aio_get_msg)(nng_aio *) = nng_aio_get_msg;
static nng_err (*const types_aio_set_iov)(
    nng_aio *, unsigned, const nng_iov *) = nng_aio_set_iov;
static nng_err (*const types_aio_set[])(nng_aio *, unsigned, void *) = {
    nng_aio_set_input, nng_aio_set_output};
static void *(*const types_aio_get[])(nng_aio *, unsigned) = {
    nng_aio_get_input, nng_aio_get_output};
static void (*const types_aio_skip)(nng_aio *, bool *) = nng_aio_skip_callback;
static bool (*const types_aio_start)(
    nng_aio *, nng_aio_cancelfn, void *) = nng_aio_start;

static void (*const types_log_set_logger)(nng_logger) = nng_log_set_logger;
static void (*const types_log_set_level)(nng_log_level) = nng_log_set_level;
static nng_log_level (*const types_log_get_level)(void) = nng_log_get_level;
static void (*const types_log_set_facility)(
    nng_log_facility) = nng_log_set_facility;
static void (*const types_log[])(const char *, const char *, ...) = {
    nng_log_err, nng_log_warn, nng_log_notice, nng_log_info, nng_log_debug};
static void (*const types_log_auth)(
    nng_log_level, const char *, const char *, ...) = nng_log_auth;
static const nng_logger types_loggers[] = {
    nng_null_logger, nng_stderr_logger, nng_system_logger};

static int (*const types_id_map_alloc)(
    nng_id_map **, uint64_t, uint64_t, int) = nng_id_map_alloc;
static void (*const types_id_map_free)(nng_id_map *) = nng_id_map_free;
static void *(*const types_id_get)(nng_id_map *, uint64_t) = nng_id_get;
static int (*const types_id_set)(nng_id_map *, uint64_t, void *) = nng_id_set;
static int (*const types_id_alloc)(
    nng_id_map *, uint64_t *, void *) = nng_id_alloc;
static int (*const types_id_remove)(nng_id_map *, uint64_t) = nng_id_remove;
static bool (*const types_id_visit)(
    nng_id_map *, uint64_t *, void **, uint32_t *) = nng_id_visit;
static int (*const types_args)(int, char *const *, const nng_arg_spec *, int *,
    char **, int *) = nng_args_parse;

static const char *(*const types_str_sockaddr)(
    const nng_sockaddr *, char *, size_t) = nng_str_sockaddr;
static uint32_t (*const types_sockaddr_port)(
    const nng_sockaddr *) = nng_sockaddr_port;
static bool (*const types_sockaddr_equal)(
    const nng_sockaddr *, const nng_sockaddr *) = nng_sockaddr_equal;
static uint64_t (*const types_sockaddr_hash)(
    const nng_sockaddr *) = nng_sockaddr_hash;

static int (*const types_msg_0)(nng_msg **, size_t) = nng_msg_alloc;
static void (*const types_msg_1[])(nng_msg *) = {
    nng_msg_free, nng_msg_clear, nng_msg_header_clear};
static int (*const types_msg_2)(nng_msg **, const nng_msg *) = nng_msg_dup;
static int (*const types_msg_3[])(nng_msg *, size_t) = {nng_msg_realloc,
    nng_msg_reserve, nng_msg_trim, nng_msg_chop, nng_msg_header_trim,
    nng_msg_header_chop};
static size_t (*const types_msg_4)(nng_msg *) = nng_msg_capacity;
static void *(*const types_msg_5[])(nng_msg *) = {nng_msg_body, nng_msg_header};
static size_t (*const types_msg_6[])(const nng_msg *) = {
    nng_msg_len, nng_msg_header_len};
static int (*const types_msg_7[])(nng_msg *, const void *, size_t) = {
    nng_msg_append, nng_msg_insert, nng_msg_header_append,
    nng_msg_header_insert};
static int (*const types_msg_8[])(nng_msg *, uint16_t) = {nng_msg_append_u16,
    nng_msg_insert_u16, nng_msg_header_append_u16, nng_msg_header_insert_u16};
static int (*const types_msg_9[])(nng_msg *, uint32_t) = {nng_msg_append_u32,
    nng_msg_insert_u32, nng_msg_header_append_u32, nng_msg_header_insert_u32};
static int (*const types_msg_10[])(nng_msg *, uint64_t) = {nng_msg_append_u64,
    nng_msg_insert_u64, nng_msg_header_append_u64, nng_msg_header_insert_u64};
static int (*const types_msg_11[])(nng_msg *, uint16_t *) = {nng_msg_chop_u16,
    nng_msg_trim_u16, nng_msg_header_chop_u16, nng_msg_header_trim_u16};
static int (*const types_msg_12[])(nng_msg *, uint32_t *) = {nng_msg_chop_u32,
    nng_msg_trim_u32, nng_msg_header_chop_u32, nng_msg_header_trim_u32};
static int (*const types_msg_13[])(nng_msg *, uint64_t *) = {nng_msg_chop_u64,
    nng_msg_trim_u64, nng_msg_header_chop_u64, nng_msg_header_trim_u64};
static nng_err (*const types_url_14)(nng_url **, const char *) = nng_url_parse;
static void (*const types_url_15)(nng_url *) = nng_url_free;
static nng_err (*const types_url_16)(
    nng_url **, const nng_url *) = nng_url_clone;
static int (*const types_url_17)(
    char *, size_t, const nng_url *) = nng_url_sprintf;
static const char *(*const types_url_18[])(const nng_url *) = {nng_url_scheme,
    nng_url_hostname, nng_url_userinfo, nng_url_path, nng_url_query,
    nng_url_fragment};
static uint32_t (*const types_url_19)(const nng_url *) = nng_url_port;
static void (*const types_url_20)(nng_url *, uint32_t) = nng_url_resolve_port;

static int (*const types_udp_open)(nng_udp **, nng_sockaddr *) = nng_udp_open;
static void (*const types_udp[])(nng_udp *) = {nng_udp_stop, nng_udp_close};
static int (*const types_udp_sockname)(
    nng_udp *, nng_sockaddr *) = nng_udp_sockname;
static void (*const types_udp_io[])(nng_udp *, nng_aio *) = {
    nng_udp_send, nng_udp_recv};
static int (*const types_udp_multicast)(
    nng_udp *, nng_sockaddr *, bool) = nng_udp_multicast_membership;

static void (*const types_s0[])(nng_stream *, nng_aio *) = {
    nng_stream_send, nng_stream_recv};
static const nng_sockaddr *(*const types_s1[])(nng_stream *) = {
    nng_stream_peer_addr, nng_stream_self_addr};
static nng_err (*const types_s2[])(nng_stream *, nng_tls_cert **) = {
    nng_stream_peer_cert};
static void (*const types_s3[])(nng_stream *) = {
    nng_stream_close, nng_stream_stop, nng_stream_free};
static nng_err (*const types_s4[])(nng_stream *, const char *, bool *) = {
    nng_stream_get_bool};
static nng_err (*const types_s5[])(nng_stream *, const char *, int *) = {
    nng_stream_get_int};
static nng_err (*const types_s6[])(
    nng_stream *, const char *, nng_duration *) = {nng_stream_get_ms};
static nng_err (*const types_s7[])(nng_stream *, const char *, size_t *) = {
    nng_stream_get_size};
static nng_err (*const types_s8[])(nng_stream *, const char *, uint64_t *) = {
    nng_stream_get_uint64};
static nng_err (*const types_s9[])(
    nng_stream *, const char *, const char **) = {nng_stream_get_string};
static void (*const types_s10[])(nng_stream_dialer *) = {
    nng_stream_dialer_close, nng_stream_dialer_stop, nng_stream_dialer_free};
static nng_err (*const types_s11[])(
    nng_stream_dialer *, const char *, bool *) = {nng_stream_dialer_get_bool};
static nng_err (*const types_s12[])(
    nng_stream_dialer *, const char *, int *) = {nng_stream_dialer_get_int};
static nng_err (*const types_s13[])(nng_stream_dialer *, const char *,
    nng_duration *) = {nng_stream_dialer_get_ms};
static nng_err (*const types_s14[])(
    nng_stream_dialer *, const char *, size_t *) = {nng_stream_dialer_get_size};
static nng_err (*const types_s15[])(nng_stream_dialer *, const char *,
    uint64_t *) = {nng_stream_dialer_get_uint64};
static nng_err (*const types_s16[])(nng_stream_dialer *, const char *,
    const char **) = {nng_stream_dialer_get_string};
static nng_err (*const types_s17[])(nng_stream_dialer *, const char *, bool) = {
    nng_stream_dialer_set_bool};
static nng_err (*const types_s18[])(nng_stream_dialer *, const char *, int) = {
    nng_stream_dialer_set_int};
static nng_err (*const types_s19[])(nng_stream_dialer *, const char *,
    nng_duration) = {nng_stream_dialer_set_ms};
static nng_err (*const types_s20[])(
    nng_stream_dialer *, const char *, size_t) = {nng_stream_dialer_set_size};
static nng_err (*const types_s21[])(nng_stream_dialer *, const char *,
    uint64_t) = {nng_stream_dialer_set_uint64};
static nng_err (*const types_s22[])(nng_stream_dialer *, const char *,
    const char *) = {nng_stream_dialer_set_string};
static nng_err (*const types_s23[])(nng_stream_dialer *, const char *,
    const nng_sockaddr *) = {nng_stream_dialer_set_addr};
static nng_err (*const types_s24[])(nng_stream_dialer **, const char *) = {
    nng_stream_dialer_alloc};
static nng_err (*const types_s25[])(nng_stream_dialer **, const nng_url *) = {
    nng_stream_dialer_alloc_url};
static nng_err (*const types_s26[])(nng_stream_dialer *, nng_tls_config **) = {
    nng_stream_dialer_get_tls};
static nng_err (*const types_s27[])(nng_stream_dialer *, nng_tls_config *) = {
    nng_stream_dialer_set_tls};
static void (*const types_s28[])(nng_stream_listener *) = {
    nng_stream_listener_close, nng_stream_listener_stop,
    nng_stream_listener_free};
static nng_err (*const types_s29[])(nng_stream_listener *, const char *,
    bool *) = {nng_stream_listener_get_bool};
static nng_err (*const types_s30[])(
    nng_stream_listener *, const char *, int *) = {nng_stream_listener_get_int};
static nng_err (*const types_s31[])(nng_stream_listener *, const char *,
    nng_duration *) = {nng_stream_listener_get_ms};
static nng_err (*const types_s32[])(nng_stream_listener *, const char *,
    size_t *) = {nng_stream_listener_get_size};
static nng_err (*const types_s33[])(nng_stream_listener *, const char *,
    uint64_t *) = {nng_stream_listener_get_uint64};
static nng_err (*const types_s34[])(nng_stream_listener *, const char *,
    const char **) = {nng_stream_listener_get_string};
static nng_err (*const types_s35[])(
    nng_stream_listener *, const char *, bool) = {nng_stream_listener_set_bool};
static nng_err (*const types_s36[])(
    nng_stream_listener *, const char *, int) = {nng_stream_listener_set_int};
static nng_err (*const types_s37[])(nng_stream_listener *, const char *,
    nng_duration) = {nng_stream_listener_set_ms};
static nng_err (*const types_s38[])(nng_stream_listener *, const char *,
    size_t) = {nng_stream_listener_set_size};
static nng_err (*const types_s39[])(nng_stream_listener *, const char *,
    uint64_t) = {nng_stream_listener_set_uint64};
static nng_err (*const types_s40[])(nng_stream_listener *, const char *,
    const char *) = {nng_stream_listener_set_string};
static nng_err (*const types_s41[])(nng_stream_listener *, const char *,
    const nng_sockaddr *) = {nng_stream_listener_set_addr};
static nng_err (*const types_s42[])(nng_stream_listener **, const char *) = {
    nng_stream_listener_alloc};
static nng_err (*const types_s43[])(nng_stream_listener **, const nng_url *) = {
    nng_stream_listener_alloc_url};
static nng_err (*const types_s44[])(
    nng_stream_listener *, nng_tls_config **) = {nng_stream_listener_get_tls};
static nng_err (*const types_s45[])(nng_stream_listener *, nng_tls_config *) = {
    nng_stream_listener_set_tls};
static void (*const types_s46[])(nng_stream_dialer *, nng_aio *) = {
    nng_stream_dialer_dial};
static void (*const types_s47[])(nng_stream_listener *, nng_aio *) = {
    nng_stream_listener_accept};
static nng_err (*const types_s48[])(nng_stream_listener *) = {
    nng_stream_listener_listen};
static nng_err (*const types_s49[])(nng_stream_listener *, void *) = {
    nng_stream_listener_set_security_descriptor};

/* A callback and a cancel function as programs write them. */
static void
types_cb(void *arg)
{
	(void)arg;
}

static void
types_cancel(nng_aio *aio, void *arg, nng_err err)
{
	(void)arg;
	if (err != NNG_OK) {
		nng_aio_finish(aio, err);
	}
}

/* All of it used, so that nobody warns; and a life, end to end. */
static int
types_run(void)
{
	const void *all[] = {&types_init, &types_fini, &types_version,
	    &types_strerror, &types_clock, &types_msleep, &types_sleep,
	    &types_random, &types_pair, &types_thread_create,
	    &types_thread_set_name, &types_thread_destroy, &types_mtx_alloc,
	    &types_mtx, &types_cv_alloc, &types_cv, &types_cv_until,
	    &types_alloc, &types_free, &types_strdup, &types_strfree,
	    &types_aio_alloc, &types_aio, &types_aio_end, &types_aio_busy,
	    &types_aio_result, &types_aio_count, &types_aio_set_timeout,
	    &types_aio_set_expire, &types_aio_set_msg, &types_aio_get_msg,
	    &types_aio_set_iov, &types_aio_set, &types_aio_get, &types_aio_skip,
	    &types_aio_start, &types_log_set_logger, &types_log_set_level,
	    &types_log_get_level, &types_log_set_facility, &types_log,
	    &types_log_auth, &types_loggers, &types_id_map_alloc,
	    &types_id_map_free, &types_id_get, &types_id_set, &types_id_alloc,
	    &types_id_remove, &types_id_visit, &types_args, &types_str_sockaddr,
	    &types_sockaddr_port, &types_sockaddr_equal, &types_sockaddr_hash,
	    &types_msg_0, &types_msg_1, &types_msg_2, &types_msg_3,
	    &types_msg_4, &types_msg_5, &types_msg_6, &types_msg_7,
	    &types_msg_8, &types_msg_9, &types_msg_10, &types_msg_11,
	    &types_msg_12, &types_msg_13, &types_url_14, &types_url_15,
	    &types_url_16, &types_url_17, &types_url_18, &types_url_19,
	    &types_url_20, &types_udp_open, &types_udp, &types_udp_sockname,
	    &types_udp_io, &types_udp_multicast, &types_s0, &types_s1,
	    &types_s2, &types_s3, &types_s4, &types_s5, &types_s6, &types_s7,
	    &types_s8, &types_s9, &types_s10, &types_s11, &types_s12,
	    &types_s13, &types_s14, &types_s15, &types_s16, &types_s17,
	    &types_s18, &types_s19, &types_s20, &types_s21, &types_s22,
	    &types_s23, &types_s24, &types_s25, &types_s26, &types_s27,
	    &types_s28, &types_s29, &types_s30, &types_s31, &types_s32,
	    &types_s33, &types_s34, &types_s35, &types_s36, &types_s37,
	    &types_s38, &types_s39, &types_s40, &types_s41, &types_s42,
	    &types_s43, &types_s44, &types_s45, &types_s46, &types_s47,
	    &types_s48, &types_s49};
	nng_socket s = NNG_SOCKET_INITIALIZER;
	nng_ctx c = NNG_CTX_INITIALIZER;
	nng_dialer d = NNG_DIALER_INITIALIZER;
	nng_listener l = NNG_LISTENER_INITIALIZER;
	nng_pipe p = NNG_PIPE_INITIALIZER;
	nng_aio *aio = NULL;
	int rv;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] == NULL) {
			return 1;
		}
	}
	if (types_std(true, 0, 0) == 0 ||
	    s.id + c.id + d.id + l.id + p.id != 0) {
		return 2;
	}
	if (nng_init(NULL) != NNG_OK ||
	    nng_aio_alloc(&aio, types_cb, NULL) != NNG_OK) {
		return 3;
	}
	if (!nng_aio_start(aio, types_cancel, NULL)) {
		return 4;
	}
	nng_aio_cancel(aio);
	nng_aio_wait(aio);
	rv = nng_aio_result(aio) == NNG_ECANCELED ? 0 : 5;
	nng_aio_free(aio);
	nng_fini();
	return rv;
}

#endif
