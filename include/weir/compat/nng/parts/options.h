/*
 * options - the names of options.
 */
#ifndef NNG_PARTS_OPTIONS_H
#define NNG_PARTS_OPTIONS_H

/* Of streams, dialers, listeners. */
#define NNG_OPT_TCP_NODELAY "tcp-nodelay"
#define NNG_OPT_TCP_KEEPALIVE "tcp-keepalive"
#define NNG_OPT_LOCADDR "local-address"
#define NNG_OPT_BOUND_PORT "bound-port"
#define NNG_OPT_LISTEN_FD "listen-fd"
#define NNG_OPT_IPC_PERMISSIONS "ipc:permissions"
#define NNG_OPT_PEER_UID "ipc:peer-uid"
#define NNG_OPT_PEER_GID "ipc:peer-gid"
#define NNG_OPT_PEER_PID "ipc:peer-pid"
#define NNG_OPT_PEER_ZONEID "ipc:peer-zoneid"
#define NNG_OPT_IPC_PEER_UID NNG_OPT_PEER_UID
#define NNG_OPT_IPC_PEER_GID NNG_OPT_PEER_GID
#define NNG_OPT_IPC_PEER_PID NNG_OPT_PEER_PID
#define NNG_OPT_IPC_PEER_ZONEID NNG_OPT_PEER_ZONEID
#define NNG_OPT_SOCKET_FD "socket:fd"

/* Of what is not offered: NNG_ENOTSUP. */
#define NNG_OPT_RECVBUF "recv-buffer"
#define NNG_OPT_SENDBUF "send-buffer"
#define NNG_OPT_RECVTIMEO "recv-timeout"
#define NNG_OPT_SENDTIMEO "send-timeout"
#define NNG_OPT_MAXTTL "ttl-max"
#define NNG_OPT_RECVMAXSZ "recv-size-max"
#define NNG_OPT_RECONNMINT "reconnect-time-min"
#define NNG_OPT_RECONNMAXT "reconnect-time-max"

#endif
