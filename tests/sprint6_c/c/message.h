/* The binary message of the school, in the ways in which students write it. Without any flag: the struct in one
 * send, what lay on the stack behind each NUL, then the payload.
 *   TWO_WRITES     the header in two writes, and the NUL that ends a text sent and counted
 *   KEEPS_NEWLINE  fgets() leaves a line feed at the end of a line, and nobody takes it away
 *   NICK_NOT_SET   (client) as long as it has no name, whatever memory held stands in nick_sender
 *   NAME_IN_INFOS  (server) who speaks stands in infos, and nobody in nick_sender */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NICK_LEN 128
#define INFOS_LEN 128
#define MSG_LEN 4096

enum msg_type {
    NICKNAME_NEW,
    NICKNAME_LIST,
    NICKNAME_INFOS,
    ECHO_SEND,
    UNICAST_SEND,
    BROADCAST_SEND,
    MULTICAST_CREATE,
    MULTICAST_LIST,
    MULTICAST_JOIN,
    MULTICAST_SEND,
    MULTICAST_QUIT,
    FILE_REQUEST,
    FILE_ACCEPT,
    FILE_REJECT,
    FILE_SEND,
    FILE_ACK
};

struct message {
    int pld_len;
    char nick_sender[NICK_LEN];
    enum msg_type type;
    char infos[INFOS_LEN];
};

static void send_all(int fd, const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        ssize_t sent = send(fd, next, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        next += sent;
        count -= (size_t)sent;
    }
}

/* Send a header that announces so many bytes. */
static void send_header(int fd, const char *nick, enum msg_type type, const char *infos, size_t length) {
    struct message message;
    memset(&message, 0xA5, sizeof message); /* what the stack held before */
    message.pld_len = (int)length;
    message.type = type;
    snprintf(message.nick_sender, NICK_LEN, "%s", nick);
    snprintf(message.infos, INFOS_LEN, "%s", infos);
#ifdef TWO_WRITES
    send_all(fd, &message, sizeof message.pld_len);
    send_all(fd, message.nick_sender, sizeof message - sizeof message.pld_len);
#else
    send_all(fd, &message, sizeof message);
#endif
}

static void send_message(int fd, const char *nick, enum msg_type type, const char *infos, const char *text) {
    size_t length = strlen(text);
#ifdef TWO_WRITES
    if (length > 0)
        length++;
#endif
    send_header(fd, nick, type, infos, length);
    send_all(fd, text, length);
}

/* Receive a header and its text, ended by a NUL; 0 when the other has gone. Waits for the whole of it. */
static int receive_message(int fd, struct message *message, char *text) {
    if (recv(fd, message, sizeof *message, MSG_WAITALL) != sizeof *message)
        return 0;
    size_t length = (size_t)message->pld_len;
    if (length >= MSG_LEN || (length > 0 && recv(fd, text, length, MSG_WAITALL) != (ssize_t)length))
        return 0;
    text[length] = 0;
    return 1;
}

static struct sockaddr_in address_of(const char *host, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}

static int connect_to(const char *host, int port) {
    struct sockaddr_in address = address_of(host, port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("connect");
        exit(1);
    }
    return fd;
}

static int listen_on(const char *host, int port) {
    struct sockaddr_in address = address_of(host, port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0) {
        perror("bind");
        exit(1);
    }
    return fd;
}

#endif
