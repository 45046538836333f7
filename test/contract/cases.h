/*
 * cases - every provider as the contract sees it: a row of a table.
 *
 * Purpose    aio_contract.c runs the rules of weir-conformance on each row.
 * Ownership  setup and teardown frame each test; one row at a time.
 */
#ifndef CONTRACT_CASES_H
#define CONTRACT_CASES_H

#include <weir/aio.h>
#include <weir/conformance.h>

#include <stdbool.h>

struct contract_case {
	const char *name;
	void (*setup)(void);
	void (*teardown)(void);
	/* An operation that stays pending. */
	void (*submit)(weir_aio *aio);
	/* One that ends soon, with WEIR_OK. */
	void (*submit_soon)(weir_aio *aio);
	/* Let the first pending one end with WEIR_OK; NULL: only asking can. */
	void (*end)(void);
	/* In the callback, or after wait: give back what WEIR_OK has given;
	 * NULL: nothing. */
	void (*collect)(weir_aio *aio);
	/* Submitting is slow: fewer rounds. */
	bool slow;
	/* count of an operation that end has ended. */
	size_t count;
	/* WEIR_CONFORMANCE_..._MSG */
	unsigned flags;
};

extern const struct contract_case contract_cases[];
extern const int contract_cases_len;

/* cases_chan.c */
void chan_recv_setup(void);
void chan_recv_submit(weir_aio *aio);
void chan_recv_soon(weir_aio *aio);
void chan_recv_end(void);
void chan_recv_collect(weir_aio *aio);
void chan_send_setup(void);
void chan_meet_setup(void);
void chan_send_submit(weir_aio *aio);
void chan_send_soon(weir_aio *aio);
void chan_send_end(void);
void chan_teardown(void);

/* cases_stream.c */
void tcp_recv_setup(void);
void tcp_send_setup(void);
void unix_recv_setup(void);
void abstract_recv_setup(void);
void unix_send_setup(void);
void pair_teardown(void);
void recv_submit(weir_aio *aio);
void recv_soon(weir_aio *aio);
void recv_end(void);
void until_submit(weir_aio *aio);
void until_soon(weir_aio *aio);
void until_end(void);
void send_submit(weir_aio *aio);
void send_soon(weir_aio *aio);
void send_end(void);
void recv_exactly_submit(weir_aio *aio);
void recv_exactly_soon(weir_aio *aio);
void send_all_submit(weir_aio *aio);
void send_all_soon(weir_aio *aio);

/* cases_fd.c */
void fd_setup(void);
void fd_teardown(void);
void fd_submit(weir_aio *aio);
void fd_soon(weir_aio *aio);
void fd_end(void);

/* cases_msgstream.c */
void tcp_msgrecv_setup(void);
void unix_msgrecv_setup(void);
void tcp_msgsend_setup(void);
void unix_msgsend_setup(void);
void msg_teardown(void);
void msgrecv_submit(weir_aio *aio);
void msgrecv_soon(weir_aio *aio);
void msgrecv_end(void);
void msgrecv_collect(weir_aio *aio);
void msgsend_submit(weir_aio *aio);
void msgsend_soon(weir_aio *aio);
void msgsend_end(void);
void msgsend_collect(weir_aio *aio);
void ready_setup(void);
void ready_teardown(void);
void ready_submit(weir_aio *aio);
void ready_soon(weir_aio *aio);

/* cases_accept.c */
void tcp_accept_setup(void);
void unix_accept_setup(void);
void ipc_accept_setup(void);
void abstract_accept_setup(void);
void accept_teardown(void);
void accept_submit(weir_aio *aio);
void accept_soon(weir_aio *aio);
void accept_end(void);
void tcp_dial_setup(void);
void unix_dial_setup(void);
void abstract_dial_setup(void);
void dial_teardown(void);
void dial_submit(weir_aio *aio);
void dial_soon(weir_aio *aio);
void dial_end(void);
void stream_collect(weir_aio *aio);

/* cases_udp.c */
void udp_one_setup(void);
void udp_batch_setup(void);
void udp_teardown(void);
void udp_recv_submit(weir_aio *aio);
void udp_recv_soon(weir_aio *aio);
void udp_recv_end(void);
void udp_send_submit(weir_aio *aio);
void udp_send_soon(weir_aio *aio);
void udp_send_end(void);
/* cases_dns.c */
void resolve_setup(void);
void resolve_teardown(void);
void resolve_submit(weir_aio *aio);
void resolve_soon(weir_aio *aio);
void literal_soon(weir_aio *aio);
void resolve_end(void);
void resolve_collect(weir_aio *aio);
void name_dial_setup(void);
void name_dial_teardown(void);
void name_dial_submit(weir_aio *aio);
void name_dial_soon(weir_aio *aio);
/* cases_given.c */
void given_accept_setup(void);
void given_accept_teardown(void);
void given_accept_submit(weir_aio *aio);
void given_accept_soon(weir_aio *aio);
void given_accept_end(void);

#endif
