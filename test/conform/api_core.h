/*
 * api_core - every function of the description but streams and datagrams, with
 * the type that it has there: X(result, name, (parameters)).
 */
#ifndef CONFORM_API_CORE_H
#define CONFORM_API_CORE_H

/* clang-format off */
#define API_CORE(X) \
	X(nng_err, nng_init, (const nng_init_params *)) \
	X(void, nng_fini, (void)) \
	X(const char *, nng_version, (void)) \
	X(const char *, nng_strerror, (nng_err)) \
	X(nng_time, nng_clock, (void)) \
	X(void, nng_msleep, (nng_duration)) \
	X(void, nng_sleep_aio, (nng_duration, nng_aio *)) \
	X(uint32_t, nng_random, (void)) \
	X(nng_err, nng_socket_pair, (int[2])) \
	X(int, nng_thread_create, (nng_thread **, void (*)(void *), void *)) \
	X(void, nng_thread_set_name, (nng_thread *, const char *)) \
	X(void, nng_thread_destroy, (nng_thread *)) \
	X(int, nng_mtx_alloc, (nng_mtx **)) \
	X(void, nng_mtx_free, (nng_mtx *)) \
	X(void, nng_mtx_lock, (nng_mtx *)) \
	X(void, nng_mtx_unlock, (nng_mtx *)) \
	X(int, nng_cv_alloc, (nng_cv **, nng_mtx *)) \
	X(void, nng_cv_free, (nng_cv *)) \
	X(void, nng_cv_wait, (nng_cv *)) \
	X(int, nng_cv_until, (nng_cv *, nng_time)) \
	X(void, nng_cv_wake, (nng_cv *)) \
	X(void, nng_cv_wake1, (nng_cv *)) \
	X(void *, nng_alloc, (size_t)) \
	X(void, nng_free, (void *, size_t)) \
	X(char *, nng_strdup, (const char *)) \
	X(void, nng_strfree, (char *))

#define API_AIO(X) \
	X(nng_err, nng_aio_alloc, (nng_aio **, void (*)(void *), void *)) \
	X(void, nng_aio_free, (nng_aio *)) \
	X(void, nng_aio_reap, (nng_aio *)) \
	X(void, nng_aio_stop, (nng_aio *)) \
	X(void, nng_aio_abort, (nng_aio *, nng_err)) \
	X(void, nng_aio_cancel, (nng_aio *)) \
	X(void, nng_aio_wait, (nng_aio *)) \
	X(bool, nng_aio_busy, (nng_aio *)) \
	X(nng_err, nng_aio_result, (nng_aio *)) \
	X(size_t, nng_aio_count, (nng_aio *)) \
	X(void, nng_aio_set_timeout, (nng_aio *, nng_duration)) \
	X(void, nng_aio_set_expire, (nng_aio *, nng_time)) \
	X(void, nng_aio_set_msg, (nng_aio *, nng_msg *)) \
	X(nng_msg *, nng_aio_get_msg, (nng_aio *)) \
	X(nng_err, nng_aio_set_iov, (nng_aio *, unsigned, const nng_iov *)) \
	X(nng_err, nng_aio_set_input, (nng_aio *, unsigned, void *)) \
	X(void *, nng_aio_get_input, (nng_aio *, unsigned)) \
	X(nng_err, nng_aio_set_output, (nng_aio *, unsigned, void *)) \
	X(void *, nng_aio_get_output, (nng_aio *, unsigned)) \
	X(void, nng_aio_skip_callback, (nng_aio *, bool *)) \
	X(void, nng_aio_reset, (nng_aio *)) \
	X(bool, nng_aio_start, (nng_aio *, nng_aio_cancelfn, void *)) \
	X(void, nng_aio_finish, (nng_aio *, nng_err))

#define API_MSG(X) \
	X(int, nng_msg_alloc, (nng_msg **, size_t)) \
	X(void, nng_msg_free, (nng_msg *)) \
	X(int, nng_msg_dup, (nng_msg **, const nng_msg *)) \
	X(int, nng_msg_realloc, (nng_msg *, size_t)) \
	X(int, nng_msg_reserve, (nng_msg *, size_t)) \
	X(size_t, nng_msg_capacity, (nng_msg *)) \
	X(void *, nng_msg_body, (nng_msg *)) \
	X(size_t, nng_msg_len, (const nng_msg *)) \
	X(void, nng_msg_clear, (nng_msg *)) \
	X(int, nng_msg_append, (nng_msg *, const void *, size_t)) \
	X(int, nng_msg_insert, (nng_msg *, const void *, size_t)) \
	X(int, nng_msg_trim, (nng_msg *, size_t)) \
	X(int, nng_msg_chop, (nng_msg *, size_t)) \
	X(int, nng_msg_append_u16, (nng_msg *, uint16_t)) \
	X(int, nng_msg_append_u32, (nng_msg *, uint32_t)) \
	X(int, nng_msg_append_u64, (nng_msg *, uint64_t)) \
	X(int, nng_msg_insert_u16, (nng_msg *, uint16_t)) \
	X(int, nng_msg_insert_u32, (nng_msg *, uint32_t)) \
	X(int, nng_msg_insert_u64, (nng_msg *, uint64_t)) \
	X(int, nng_msg_chop_u16, (nng_msg *, uint16_t *)) \
	X(int, nng_msg_chop_u32, (nng_msg *, uint32_t *)) \
	X(int, nng_msg_chop_u64, (nng_msg *, uint64_t *)) \
	X(int, nng_msg_trim_u16, (nng_msg *, uint16_t *)) \
	X(int, nng_msg_trim_u32, (nng_msg *, uint32_t *)) \
	X(int, nng_msg_trim_u64, (nng_msg *, uint64_t *)) \
	X(void *, nng_msg_header, (nng_msg *)) \
	X(size_t, nng_msg_header_len, (const nng_msg *)) \
	X(void, nng_msg_header_clear, (nng_msg *)) \
	X(int, nng_msg_header_append, (nng_msg *, const void *, size_t)) \
	X(int, nng_msg_header_insert, (nng_msg *, const void *, size_t)) \
	X(int, nng_msg_header_trim, (nng_msg *, size_t)) \
	X(int, nng_msg_header_chop, (nng_msg *, size_t)) \
	X(int, nng_msg_header_append_u16, (nng_msg *, uint16_t)) \
	X(int, nng_msg_header_append_u32, (nng_msg *, uint32_t)) \
	X(int, nng_msg_header_append_u64, (nng_msg *, uint64_t)) \
	X(int, nng_msg_header_insert_u16, (nng_msg *, uint16_t)) \
	X(int, nng_msg_header_insert_u32, (nng_msg *, uint32_t)) \
	X(int, nng_msg_header_insert_u64, (nng_msg *, uint64_t)) \
	X(int, nng_msg_header_chop_u16, (nng_msg *, uint16_t *)) \
	X(int, nng_msg_header_chop_u32, (nng_msg *, uint32_t *)) \
	X(int, nng_msg_header_chop_u64, (nng_msg *, uint64_t *)) \
	X(int, nng_msg_header_trim_u16, (nng_msg *, uint16_t *)) \
	X(int, nng_msg_header_trim_u32, (nng_msg *, uint32_t *)) \
	X(int, nng_msg_header_trim_u64, (nng_msg *, uint64_t *))

#define API_ADDR(X) \
	X(const char *, nng_str_sockaddr, \
	    (const nng_sockaddr *, char *, size_t)) \
	X(uint32_t, nng_sockaddr_port, (const nng_sockaddr *)) \
	X(bool, nng_sockaddr_equal, \
	    (const nng_sockaddr *, const nng_sockaddr *)) \
	X(uint64_t, nng_sockaddr_hash, (const nng_sockaddr *)) \
	X(nng_err, nng_url_parse, (nng_url **, const char *)) \
	X(void, nng_url_free, (nng_url *)) \
	X(nng_err, nng_url_clone, (nng_url **, const nng_url *)) \
	X(int, nng_url_sprintf, (char *, size_t, const nng_url *)) \
	X(const char *, nng_url_scheme, (const nng_url *)) \
	X(uint32_t, nng_url_port, (const nng_url *)) \
	X(void, nng_url_resolve_port, (nng_url *, uint32_t)) \
	X(const char *, nng_url_hostname, (const nng_url *)) \
	X(const char *, nng_url_userinfo, (const nng_url *)) \
	X(const char *, nng_url_path, (const nng_url *)) \
	X(const char *, nng_url_query, (const nng_url *)) \
	X(const char *, nng_url_fragment, (const nng_url *))

#define API_MORE(X) \
	X(void, nng_log_set_logger, (nng_logger)) \
	X(void, nng_log_set_level, (nng_log_level)) \
	X(nng_log_level, nng_log_get_level, (void)) \
	X(void, nng_log_set_facility, (nng_log_facility)) \
	X(void, nng_log_err, (const char *, const char *, ...)) \
	X(void, nng_log_warn, (const char *, const char *, ...)) \
	X(void, nng_log_notice, (const char *, const char *, ...)) \
	X(void, nng_log_info, (const char *, const char *, ...)) \
	X(void, nng_log_debug, (const char *, const char *, ...)) \
	X(void, nng_log_auth, \
	    (nng_log_level, const char *, const char *, ...)) \
	X(void, nng_null_logger, \
	    (nng_log_level, nng_log_facility, const char *, const char *)) \
	X(void, nng_stderr_logger, \
	    (nng_log_level, nng_log_facility, const char *, const char *)) \
	X(void, nng_system_logger, \
	    (nng_log_level, nng_log_facility, const char *, const char *)) \
	X(int, nng_id_map_alloc, (nng_id_map **, uint64_t, uint64_t, int)) \
	X(void, nng_id_map_free, (nng_id_map *)) \
	X(void *, nng_id_get, (nng_id_map *, uint64_t)) \
	X(int, nng_id_set, (nng_id_map *, uint64_t, void *)) \
	X(int, nng_id_alloc, (nng_id_map *, uint64_t *, void *)) \
	X(int, nng_id_remove, (nng_id_map *, uint64_t)) \
	X(bool, nng_id_visit, (nng_id_map *, uint64_t *, void **, uint32_t *)) \
	X(int, nng_args_parse, \
	    (int, char *const *, const nng_arg_spec *, int *, char **, int *))
/* clang-format on */

#endif
