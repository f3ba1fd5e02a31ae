/* One message over a stream, in the forms that students' programs have. WIRE says which:
 *   0  text and a NUL        1  its length in four bytes, then the text
 *   2  a buffer of 256 bytes, padded with NUL        3  text and a line feed
 *   4  a buffer of 256 wide characters, in which no text stands as such
 * BUG_... makes a program wrong in one way; without any, it is honest. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#ifndef WIRE
#define WIRE 0
#endif
#if defined WIDE_BACK && defined CLIENT /* one form towards the server, another back */
#define SENT WIRE
#define RECEIVED 4
#elif defined WIDE_BACK
#define SENT 4
#define RECEIVED WIRE
#else
#define SENT WIRE
#define RECEIVED WIRE
#endif
#ifdef NAMED /* sprint 4 */
#define LEAVING "exit"
#elif defined COMMANDS
#define LEAVING "/quit"
#else
#define LEAVING "fin"
#endif
#define SIZE 256

#ifdef BUG_BUSY
static ssize_t recv_busily(int fd, void *bytes, size_t count, int flags) {
    ssize_t got;
    do
        got = recv(fd, bytes, count, flags | MSG_DONTWAIT);
    while (got < 0 && errno == EAGAIN);
    return got;
}
#define recv recv_busily
#endif

struct reader {
    int fd;
    char held[4096];
    size_t count;
};

static int send_all(int fd, const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
#ifdef ONE_BYTE_A_WRITE
        ssize_t sent = send(fd, next, 1, 0);
#else
        ssize_t sent = send(fd, next, count, 0);
#endif
        if (sent <= 0)
            return -1;
        next += sent;
        count -= (size_t)sent;
    }
    return 0;
}

static int send_message(int fd, const char *text) {
    size_t length = strlen(text);
#if defined BUG_NO_FRAMING || defined BUG_RESIDUE
    return send_all(fd, text, length);
#elif defined BUG_SIZEOF_POINTER
    return send_all(fd, text, length < sizeof text ? length + 1 : sizeof text);
#elif SENT == 0
    return send_all(fd, text, length + 1);
#elif SENT == 1
    uint32_t prefix = htonl((uint32_t)length);
    return send_all(fd, &prefix, sizeof prefix) < 0 ? -1 : send_all(fd, text, length);
#elif SENT == 2
    char padded[SIZE] = {0};
    memcpy(padded, text, length < SIZE ? length : SIZE - 1);
    return send_all(fd, padded, sizeof padded);
#elif SENT == 4
    wchar_t wide[SIZE] = {0};
    for (size_t place = 0; place < length; place++)
        wide[place] = (unsigned char)text[place];
    return send_all(fd, wide, sizeof wide);
#else
    char line[SIZE + 1];
    memcpy(line, text, length);
#ifdef BUG_NO_NEWLINE
    return send_all(fd, line, length);
#elif defined BUG_NUL
    line[length] = 0;
    line[length + 1] = '\n';
    return send_all(fd, line, length + 2);
#else
    line[length] = '\n';
    return send_all(fd, line, length + 1);
#endif
#endif
}

/* Put the next message into text; 0 when the other has gone. */
static int receive_message(struct reader *from, char *text) {
#if defined BUG_NO_FRAMING
    ssize_t count = recv(from->fd, text, SIZE - 1, 0);
    if (count > 0)
        text[count] = 0;
    return count > 0;
#elif defined BUG_RESIDUE
    return recv(from->fd, text, SIZE - 1, 0) > 0; /* and what an older, longer text left behind stays */
#elif RECEIVED == 1
    uint32_t length;
    if (recv(from->fd, &length, sizeof length, MSG_WAITALL) != sizeof length)
        return 0;
    length = ntohl(length);
    if (length >= SIZE || recv(from->fd, text, length, MSG_WAITALL) != (ssize_t)length)
        return 0;
    text[length] = 0;
    return 1;
#elif RECEIVED == 2
    return recv(from->fd, text, SIZE, MSG_WAITALL) == SIZE;
#elif RECEIVED == 4
    wchar_t wide[SIZE];
    if (recv(from->fd, wide, sizeof wide, MSG_WAITALL) != sizeof wide)
        return 0;
    for (size_t place = 0; place < SIZE; place++)
        text[place] = (char)wide[place];
    return 1;
#else
    const char mark = RECEIVED == 0 ? '\0' : '\n';
    char *end;
    while (!(end = memchr(from->held, mark, from->count))) {
        ssize_t count = recv(from->fd, from->held + from->count, sizeof from->held - from->count, 0);
        if (count <= 0)
            return 0;
        from->count += (size_t)count;
    }
    size_t length = (size_t)(end - from->held);
    size_t kept = length < SIZE ? length : SIZE - 1;
    if (RECEIVED == 3 && kept > 0 && from->held[kept - 1] == '\r')
        kept--;
    memcpy(text, from->held, kept);
    text[kept] = 0;
    from->count -= length + 1;
    memmove(from->held, end + 1, from->count);
    return 1;
#endif
}

static int is_fin(const char *text) {
#if defined BUG_QUIT_IS_TEXT
    (void)text;
    return 0;
#elif defined BUG_PREFIX
    return strncmp(text, LEAVING, strlen(LEAVING)) == 0;
#else
    return strcmp(text, LEAVING) == 0;
#endif
}

static int listen_on(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
#ifdef BUG_PORT
    address.sin_port = htons((uint16_t)(atoi(port) + 1));
#endif
#if defined BUG_BYTE_ORDER || defined BUG_BYTE_ORDER_BOTH
    address.sin_port = (in_port_t)atoi(port);
#endif
#ifndef BUG_NO_REUSE
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
#endif
    (void)yes;
#ifdef BUG_BIND_UNCHECKED
    bind(listener, (struct sockaddr *)&address, sizeof address);
    if (listen(listener, 8) < 0) {
#else
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0) {
#endif
        perror("bind");
        exit(1);
    }
#ifndef BUG_SIGPIPE
    signal(SIGPIPE, SIG_IGN);
#endif
    return listener;
}

#endif
