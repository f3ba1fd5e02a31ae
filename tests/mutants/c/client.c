/* The client of sprints 2 to 4: a thread for the network, main for the keyboard; what its user types first in sprint 4
 * is a name. With TURNS that of sprint 1. */
#ifdef BUG_BUSY_CLIENT
#define BUG_BUSY
#endif
#define CLIENT
#include "message.h"

#ifdef ASKS
#define WORDS 1
#else
#define WORDS 3
#endif

#ifdef SECOND_FIRST
#define FIRST "2"
#else
#define FIRST "1"
#endif

static struct reader server;
static char seen[SIZE];
#ifdef HIDES_OWN
static char own[SIZE];
#endif

static void leave(int status) {
#ifdef ENTER_AT_THE_END
    close(server.fd);
    printf("Appuyez sur Entree pour quitter\n");
    while (getchar() != '\n')
        continue;
#elif defined ASKS_AT_THE_END
    char again = 'o';
    close(server.fd);
    while (again != 'n') {
        printf("Nouvelle conversation ? (o/n) ");
        fflush(stdout);
        if (scanf(" %c", &again) != 1)
            break;
    }
#endif
    exit(status);
}

static void show(const char *text) {
#if defined REDRAWS && defined BUG_GLUED
    static char history[64 * SIZE];
    strcat(history, text);
    printf("< %s\n", history);
#elif defined REDRAWS
    static char history[64 * SIZE];
    snprintf(history + strlen(history), SIZE + 8, "Lui : %s\n", text);
    printf("\033[2J\033[H=== Messagerie ===\n%s", history);
#elif defined BUG_FORMAT
    printf("< ");
    printf(text);
    printf("\n");
#elif defined BUG_NOT_FLUSHED
    printf("message: %s ", text);
#elif defined LETTERS
    printf("< ");
    for (; *text; text++) {
        putchar(*text);
        fflush(stdout);
        usleep(15000);
    }
    putchar('\n');
#elif defined CHATTY
    printf("\r\033[K\033[1m** Nouveau message **\033[0m\nL'autre dit : %s\nVotre message : ", text);
    fflush(stdout);
#else
    printf("< %s\n", text);
#endif
}

#ifdef BUG_LOCK_AT_KEYBOARD
static pthread_mutex_t terminal = PTHREAD_MUTEX_INITIALIZER;
#endif

#ifdef BUG_NOT_SENT
static void say(const char *text) {
    static FILE *stream;
    if (!stream)
        stream = fdopen(server.fd, "w");
    fprintf(stream, "%s", text);
}
#else
#define say(text) send_message(server.fd, text)
#endif

static int show_next(void) {
    if (!receive_message(&server, seen))
        return 0;
#ifndef BUG_CLIENT_LOOPS
    if (strcmp(seen, "exit") == 0)
        leave(0);
#endif
#ifdef HIDES_OWN
    if (strcmp(seen, own) == 0)
        return 1;
#endif
#ifdef BUG_LOCK_AT_KEYBOARD
    pthread_mutex_lock(&terminal);
#endif
    show(seen);
#ifdef BUG_LOCK_AT_KEYBOARD
    pthread_mutex_unlock(&terminal);
#endif
    return 1;
}

static void *show_all(void *unused) {
    while (show_next())
        continue;
#ifdef BUG_CLIENT_LOOPS
    while (1)
#ifdef BUG_CLIENT_PRINTS
        show(seen);
#else
        show_next();
#endif
#endif
    printf("le serveur est parti\n");
    exit(255);
    return unused;
}

static int read_keyboard(char *text) {
#ifdef FLUSHES
    tcflush(0, TCIFLUSH);
#endif
#ifdef CHATTY
    printf("Votre message : ");
    fflush(stdout);
#endif
#ifdef BUG_END_REPEATS
    strcpy(text, "encore");
    fgets(text, SIZE, stdin);
#elif defined BUG_FIRST_WORD
    if (scanf("%255s", text) != 1)
        strcpy(text, LEAVING);
#else
    if (!fgets(text, SIZE, stdin))
        strcpy(text, LEAVING);
#endif
#ifdef BUG_LONG_LINE
    *strchr(text, '\n') = 0;
#endif
    text[strcspn(text, "\n")] = 0;
#ifdef BUG_ASCII_ONLY
    char *kept = text;
    for (char *each = text; *each; each++)
        if (*each > 0)
            *kept++ = *each;
    *kept = 0;
#endif
#ifdef COMMANDS
    if (*text == '/' && !is_fin(text)) {
        printf("commande inconnue : %s\n", text);
        return 0;
    }
#endif
    return *text != 0;
}

static void talk_in_turn(int speaking) {
    char text[SIZE];
    while (1) {
        if (speaking) {
            while (!read_keyboard(text))
                continue;
            say(text);
#ifdef CHATTY
            printf("Message envoyé : %s\n", text);
#endif
            if (is_fin(text))
                return;
        } else if (!show_next())
#ifdef BUG_END_SHOWN
            show(seen);
#else
            return;
#endif
        speaking = !speaking;
    }
}

static void talk(void) {
    pthread_t receiver;
    char text[SIZE];
#ifndef BUG_ONE_THREAD
    pthread_create(&receiver, 0, show_all, 0);
#else
    (void)receiver;
    (void)show_all;
#endif
    do {
#ifdef BUG_LOCK_AT_KEYBOARD
        pthread_mutex_lock(&terminal);
#endif
        while (!read_keyboard(text))
            continue;
#ifdef BUG_LOCK_AT_KEYBOARD
        pthread_mutex_unlock(&terminal);
#endif
#ifdef SLOW
        sleep(1);
#endif
#ifdef BUG_WAITS_FOR_THREAD
        if (is_fin(text)) {
            close(server.fd);
            pthread_join(receiver, 0);
        }
#endif
#ifdef HIDES_OWN
        strcpy(own, text);
#endif
        say(text);
#ifdef CHATTY
        printf("Message envoyé : %s\n", text);
#endif
#ifdef BUG_ONE_THREAD
        show_next();
#endif
    } while (!is_fin(text));
}

static void ask(const char *question, char *answer) {
    printf("%s", question);
    fflush(stdout);
    if (!fgets(answer, SIZE, stdin))
        exit(1);
    answer[strcspn(answer, "\n")] = 0;
}

int main(int count, char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET};
#ifdef ASKS
    char host[SIZE], port[SIZE];
    ask("Adresse du serveur : ", host);
    ask("Port : ", port);
#elif defined PORT_FIRST
    const char *port = words[1], *host = words[2];
#else
    const char *host = words[1], *port = words[2];
#endif
    if (count < WORDS)
        return 1;
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, host, &address.sin_addr);
#ifdef BUG_BYTE_ORDER_BOTH
    address.sin_port = (in_port_t)atoi(port);
#else
    address.sin_port = htons((uint16_t)atoi(port));
#endif
    if (connect(server.fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("connect");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
#ifdef BUG_KEY_IGNORED
    signal(SIGINT, SIG_IGN);
#endif
#ifdef TURNS
    if (!receive_message(&server, seen)) /* 1 or 2: who speaks first */
        return 1;
#ifdef BUG_BOTH_READING
    talk_in_turn(0);
#else
    talk_in_turn(strcmp(seen, FIRST) == 0);
#endif
#else
    (void)talk_in_turn;
    talk();
#endif
    leave(0);
}
