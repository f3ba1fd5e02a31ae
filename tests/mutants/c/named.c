/* The server of sprint 4: a table of clients with names, a lock, a thread for each. With ECHO_ONLY a line goes back to
 * its author and to nobody else, as the course text has it to the letter. */
#include "message.h"

#define MOST 100

static struct {
    int fd;
    int here; /* 1 once it has a name */
    char name[SIZE];
} clients[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void stop(int number) {
    (void)number;
    for (int place = 0; place < MOST; place++)
        if (clients[place].fd >= 0)
            send_message(clients[place].fd, "exit");
    _exit(255);
}

static void tell_all(const char *text) {
    for (int place = 0; place < MOST; place++)
        if (clients[place].here)
            send_message(clients[place].fd, text);
}

static void announce(long place, const char *what) {
    char text[2 * SIZE];
    snprintf(text, SIZE, "%.60s %s le serveur", clients[place].name, what);
    tell_all(text);
}

static void arrive(long place, const char *name) {
    pthread_mutex_lock(&lock);
    strcpy(clients[place].name, name);
    clients[place].here = 1;
#ifndef BUG_NO_ARRIVAL
    announce(place, "a rejoint");
#endif
    pthread_mutex_unlock(&lock);
}

static void leave(long place) {
    pthread_mutex_lock(&lock);
    close(clients[place].fd);
    clients[place].fd = -1;
#ifndef BUG_GHOST
    if (clients[place].here) {
        clients[place].here = 0;
        announce(place, "a quitté");
    }
#endif
#ifndef BUG_LOCK_KEPT
    pthread_mutex_unlock(&lock);
#endif
}

static int is_greeting(const char *text) {
#ifdef BUG_GREETING
    return strstr(text, "coucou") != 0;
#else
    return strcmp(text, "coucou") == 0;
#endif
}

static void relay(long place, const char *text) {
    char line[2 * SIZE];
    snprintf(line, SIZE, "%.60s: %s", clients[place].name, text);
    pthread_mutex_lock(&lock);
    if (is_greeting(text))
        tell_all("Bonjour");
#ifdef BUG_NO_ECHO
    else
        for (int other = 0; other < MOST; other++)
            if (clients[other].here && other != place)
                send_message(clients[other].fd, line);
#elif defined ECHO_ONLY
    else
        send_message(clients[place].fd, text);
#else
    else
        tell_all(line);
#endif
    pthread_mutex_unlock(&lock);
}

static void *serve(void *argument) {
    long place = (long)argument;
    struct reader speaker = {.fd = clients[place].fd};
    char text[SIZE] = {0};
    if (receive_message(&speaker, text) && !is_fin(text)) {
        arrive(place, text);
        while (receive_message(&speaker, text) && !is_fin(text))
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
    while (place < MOST && clients[place].fd >= 0)
        place++;
    if (place < MOST)
        clients[place].fd = fd;
    else
        close(fd);
    pthread_mutex_unlock(&lock);
    return place;
}

int main(int count, char **words) {
    if (count < 2)
        return 1;
    for (int place = 0; place < MOST; place++)
        clients[place].fd = -1;
    int listener = listen_on(words[1]);
    signal(SIGINT, stop);
    while (1) {
        pthread_t thread;
        int fd = accept(listener, 0, 0);
#ifdef BUG_LOGIN_FIRST
        char first;
        recv(fd, &first, 1, MSG_PEEK);
#endif
        long place = seat(fd);
        if (place < MOST) {
            pthread_create(&thread, 0, serve, (void *)place);
            pthread_detach(thread);
        }
    }
}
