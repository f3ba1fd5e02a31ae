/* The server of sprint 2: a thread for each of two clients; a place is free again when its client has gone. */
#include "message.h"

static int clients[2] = {-1, -1};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void stop(int number) {
    (void)number;
    for (int place = 0; place < 2; place++)
        if (clients[place] >= 0)
            send_message(clients[place], "exit");
    _exit(255);
}

static void tell(const char *what) {
    printf("client %s, %d present\n", what, (clients[0] >= 0) + (clients[1] >= 0));
    fflush(stdout);
}

static void leave(long place) {
    (void)place;
#ifndef BUG_PLACE_KEPT
    pthread_mutex_lock(&lock);
#ifdef FIN_ENDS_BOTH
    if (clients[1 - place] >= 0)
        send_message(clients[1 - place], "exit");
#endif
    close(clients[place]);
    clients[place] = -1;
    tell("left");
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
#endif
}

static void *relay(void *argument) {
    long place = (long)argument;
    struct reader speaker = {.fd = clients[place]};
#ifdef BUG_ONE_BUFFER
    static /* one for all threads */
#endif
    char text[SIZE] = {0};
    int other = clients[1 - place];
    while (receive_message(&speaker, text) && !is_fin(text)) {
#ifndef BUG_OTHER_OF_THE_START
        other = clients[1 - place];
#endif
#ifdef BUG_ECHO
        send_message(clients[place], text);
#endif
        if (other >= 0)
            send_message(other, text);
    }
#ifdef BUG_SERVER_ENDS
    exit(0);
#endif
    leave(place);
    return 0;
}

int main(int count, char **words) {
    if (count < 2)
        return 1;
    int listener = listen_on(words[1]);
    signal(SIGINT, stop);
    while (1) {
        pthread_t thread;
        pthread_mutex_lock(&lock);
#ifndef BUG_THIRD_TAKES_PLACE
        while (clients[0] >= 0 && clients[1] >= 0)
            pthread_cond_wait(&changed, &lock);
#endif
        long place = clients[0] < 0 ? 0 : 1;
        pthread_mutex_unlock(&lock);
        int fd = accept(listener, 0, 0);
#ifdef BUG_THIRD_TAKES_PLACE
        place = clients[0] < 0 ? 0 : 1;
#endif
        clients[place] = fd;
        tell("arrived");
#ifdef BUG_ONE_DIRECTION
        if (place == 1)
            continue;
#endif
        pthread_create(&thread, 0, relay, (void *)place);
        pthread_detach(thread);
    }
}
