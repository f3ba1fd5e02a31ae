/* The server of sprint 1: one thread; two clients speak in turn; fin ends the conversation of both. */
#include "message.h"

#ifdef SECOND_FIRST
#define FIRST 1
#else
#define FIRST 0
#endif

static struct reader clients[2];
static int listener;

static void stop(int number) {
#ifdef BUG_SIGNAL
    return; /* and recv begins again */
#endif
    (void)number;
#ifndef NO_GOODBYE
    for (int place = 0; place < 2; place++)
        send_message(clients[place].fd, "exit");
#endif
    _exit(0);
}

static void welcome(void) {
    for (int place = 0; place < 2; place++) {
        clients[place].fd = accept(listener, 0, 0);
        clients[place].count = 0;
    }
#ifdef BUG_WAITS_FOR_MORE
    close(accept(listener, 0, 0));
#endif
#ifdef BUG_ROLES_MIXED_UP
    send_message(clients[0].fd, "2");
    send_message(clients[1].fd, "1");
#else
    send_message(clients[0].fd, "1");
    send_message(clients[1].fd, "2");
#endif
}

#ifdef BUG_THIRD_TAKES_PLACE
static void seat_who_comes(struct reader *speaker) { /* until the speaker has said something */
    struct pollfd both[2] = {{listener, POLLIN, 0}, {speaker->fd, POLLIN, 0}};
    while (speaker->count == 0 && poll(both, 2, -1) > 0 && both[0].revents) {
        clients[1] = (struct reader){.fd = accept(listener, 0, 0)};
        send_message(clients[1].fd, "2");
    }
}
#else
#define seat_who_comes(speaker)
#endif

static int converse(void) { /* returns who has ended it */
    static char text[SIZE];
    int speaker = FIRST;
    seat_who_comes(&clients[speaker]);
#ifdef BUG_END_IGNORED
    while (receive_message(&clients[speaker], text), !is_fin(text)) {
#else
    while (receive_message(&clients[speaker], text) && !is_fin(text)) {
#endif
#ifdef BUG_ECHO
        send_message(clients[speaker].fd, text);
#endif
        send_message(clients[1 - speaker].fd, text);
#ifndef BUG_TURN_KEPT
        speaker = 1 - speaker;
#endif
        seat_who_comes(&clients[speaker]);
    }
    return speaker;
}

int main(int count, char **words) {
    if (count < 2)
        return 1;
    listener = listen_on(words[1]);
    signal(SIGINT, stop);
    while (1) {
        welcome();
#ifdef BUG_LEFT_ALONE
        close(clients[converse()].fd);
        continue;
#endif
#ifdef FORKS
        if (fork() == 0) {
            converse();
            return 0;
        }
#else
        converse();
#endif
#ifdef BUG_SERVER_ENDS
        return 0;
#endif
        for (int place = 0; place < 2; place++)
            close(clients[place].fd);
#ifdef BUG_PRINTS_FOR_EVER
        while (1)
            puts("en attente");
#endif
#ifdef BUG_LISTENER_CLOSED
        close(listener);
#endif
#ifdef BUG_CRASH
        clients[*(volatile int *)0].fd = -1;
#endif
    }
}
