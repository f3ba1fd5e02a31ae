/* The server of sprint 3: a table of clients, a lock, a thread for each. */
#include "message.h"

#ifndef MOST
#define MOST 100
#endif

static int clients[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static pthread_t newest_thread;

static void stop(int number) {
    (void)number;
#ifdef BUG_WAITS_FOR_THREAD
    pthread_join(newest_thread, 0);
#endif
    for (int place = 0; place < MOST; place++)
        if (clients[place] >= 0)
            send_message(clients[place], "exit");
    _exit(255);
}

static void relay(long place, const char *text) {
    pthread_mutex_lock(&lock);
    for (long other = 0; other < MOST; other++) {
#ifdef BUG_ONLY_NEXT
        if (other != (place + 1) % MOST)
            continue;
#endif
#ifndef BUG_ECHO
        if (other == place)
            continue;
#endif
        if (clients[other] < 0)
            continue;
        send_message(clients[other], text);
#ifdef BUG_FIRST_OTHER
        break;
#endif
    }
    pthread_mutex_unlock(&lock);
}

static void leave(long place) {
    pthread_mutex_lock(&lock);
#ifdef BUG_FIN_ENDS_ALL
    for (long other = 0; other < MOST; other++)
        if (other != place && clients[other] >= 0)
            send_message(clients[other], "exit");
#endif
    close(clients[place]);
#ifndef BUG_PLACE_KEPT
    clients[place] = -1;
#endif
#ifndef BUG_LOCK_KEPT
    pthread_mutex_unlock(&lock);
#endif
}

#ifdef BUG_RECV_UNDER_LOCK
static int receive_under_lock(struct reader *from, char *text) {
    pthread_mutex_lock(&lock);
    int is_there = receive_message(from, text);
    pthread_mutex_unlock(&lock);
    return is_there;
}
#define receive_message receive_under_lock
#endif

#ifdef BUG_SHARED_VARIABLE
static long newest;
#endif

static void *serve(void *argument) {
    long place = (long)argument;
    struct reader speaker = {.fd = clients[place]};
#if defined BUG_ONE_BUFFER || defined BUG_ONE_BUFFER_FOR_LONG
    static /* one for all threads */
#endif
    char text[SIZE] = {0};
    while (receive_message(&speaker, text) && !is_fin(text)) {
#ifdef BUG_SHARED_VARIABLE
        place = newest;
        speaker.fd = clients[place];
#endif
#ifdef BUG_ONE_BUFFER_FOR_LONG
        usleep(20 * 1000); /* so that another line comes meanwhile */
#endif
        relay(place, text);
    }
#ifdef BUG_SERVER_ENDS
    exit(0);
#endif
    leave(place);
    return 0;
}

static long seat(int fd) {
    pthread_mutex_lock(&lock);
    long place = 0;
    while (place < MOST && clients[place] >= 0)
        place++;
#ifdef BUG_COUNT_KEPT
    static int all_who_ever_came;
    if (all_who_ever_came++ >= 20)
        place = MOST;
#endif
    if (place < MOST)
        clients[place] = fd;
    else
        close(fd);
    pthread_mutex_unlock(&lock);
    return place;
}

int main(int count, char **words) {
    if (count < 2)
        return 1;
    memset(clients, -1, sizeof clients);
    int listener = listen_on(words[1]);
    signal(SIGINT, stop);
    while (1) {
        int fd = accept(listener, 0, 0);
#ifdef BUG_LOGIN_FIRST
        char first;
        recv(fd, &first, 1, MSG_PEEK);
#endif
        long place = seat(fd);
#ifdef BUG_SHARED_VARIABLE
        newest = place;
#endif
        if (place < MOST) {
            pthread_create(&newest_thread, 0, serve, (void *)place);
#ifndef BUG_WAITS_FOR_THREAD
            pthread_detach(newest_thread);
#endif
        }
    }
}
