/* A server: poll(), a linked list of clients, the answers of the course text. It waits for whole messages. */
#include "message.h"

#define MOST 100

struct client {
    int fd, port;
    char nick[NICK_LEN], channel[INFOS_LEN], host[INET_ADDRSTRLEN], since[32];
    struct client *next;
};

static struct client *clients;

static void answer(const struct client *to, enum msg_type type, const char *infos, const char *format, ...) {
    char text[MSG_LEN];
    va_list words;
    va_start(words, format);
    vsnprintf(text, sizeof text, format, words);
    va_end(words);
    send_message(to->fd, "Server", type, infos, text);
}

/* Pass a message on under its author's name. */
static void relay(const struct client *to, const struct client *from, const struct message *message, const char *text) {
#ifdef NAME_IN_INFOS
    if (message->type == UNICAST_SEND || message->type == BROADCAST_SEND) {
        send_message(to->fd, "", message->type, from->nick, text);
        return;
    }
#endif
    send_message(to->fd, from->nick, message->type, message->infos, text);
}

static struct client *find(const char *nick) {
    struct client *client = clients;
    while (client && (!*nick || strcmp(client->nick, nick)))
        client = client->next;
    return client;
}

static int count_in(const char *channel) {
    int count = 0;
    for (struct client *client = clients; client; client = client->next)
        count += !strcmp(client->channel, channel);
    return count;
}

static void tell_channel(const struct client *but, enum msg_type type, const char *channel, const char *what) {
    for (struct client *client = clients; client; client = client->next)
        if (client != but && !strcmp(client->channel, channel))
            answer(client, type, channel, "INFO> %s has %s %s", but->nick, what, channel);
}

static void quit_channel(struct client *client) {
    char left[INFOS_LEN];
    if (!*client->channel)
        return;
    strcpy(left, client->channel);
    if (count_in(left) == 1)
        answer(client, MULTICAST_QUIT, left,
               "INFO> You were the last user in this channel, %s has been destroyed", left);
    else
        answer(client, MULTICAST_QUIT, left, "INFO> You have quit %s", left);
    tell_channel(client, MULTICAST_QUIT, left, "quit");
    *client->channel = 0;
}

static void enter_channel(struct client *client, const struct message *message) {
    const char *name = message->infos;
    int is_new = message->type == MULTICAST_CREATE;
    if (is_new == (count_in(name) > 0)) {
        answer(client, message->type, "", is_new ? "Channel %s already exists" : "Channel %s does not exist", name);
        return;
    }
    quit_channel(client);
    strcpy(client->channel, name);
    if (is_new)
        answer(client, message->type, name, "You have created channel %s", name);
    answer(client, MULTICAST_JOIN, name, "INFO> You have joined %s", name);
    if (!is_new)
        tell_channel(client, MULTICAST_JOIN, name, "joined");
}

static void name(struct client *client, const char *nick) {
    if (find(nick))
        answer(client, NICKNAME_NEW, "", "This nickname is already taken");
    else if (!*nick)
        answer(client, NICKNAME_NEW, "", "A nickname has letters and digits");
    else {
        strcpy(client->nick, nick);
        answer(client, NICKNAME_NEW, nick, "Welcome on the chat %s", nick);
    }
}

static void list(const struct client *to, enum msg_type type, const char *title) {
    char text[MSG_LEN];
    int length = snprintf(text, sizeof text, "%s", title);
    for (struct client *client = clients; client; client = client->next) {
        const char *each = type == NICKNAME_LIST ? client->nick : client->channel;
        if (*each && length < 3500)
            length += sprintf(text + length, "\n            - %s", each);
    }
    answer(to, type, "", "%s\n", text);
}

static void serve(struct client *from, const struct message *message, const char *text) {
    struct client *to = find(message->infos);
    switch (message->type) {
    case NICKNAME_LIST:
        list(from, NICKNAME_LIST, "Online users are");
        break;
    case MULTICAST_LIST:
        list(from, MULTICAST_LIST, "Channels are");
        break;
    case BROADCAST_SEND:
    case MULTICAST_SEND:
        for (struct client *other = clients; other; other = other->next)
            if (other != from && *other->nick &&
                (message->type == BROADCAST_SEND || !strcmp(other->channel, message->infos)))
                relay(other, from, message, text);
        break;
    case MULTICAST_CREATE:
    case MULTICAST_JOIN:
        enter_channel(from, message);
        break;
    case MULTICAST_QUIT:
        quit_channel(from);
        break;
    case NICKNAME_INFOS:
        if (to)
            answer(from, NICKNAME_INFOS, to->nick, "%s connected since %s with IP address %s and port number %d",
                   to->nick, to->since, to->host, to->port);
        else
            answer(from, NICKNAME_INFOS, "", "user %s does not exist", message->infos);
        break;
    default: /* for one user, files too */
        if (to)
            relay(to, from, message, text);
        else
            answer(from, message->type, "", "user %s does not exist", message->infos);
    }
}

static int hear(struct client *client) {
    struct message message;
    char text[MSG_LEN + 1];
    if (!receive_message(client->fd, &message, text))
        return 0;
    if (message.type == ECHO_SEND)
        send_message(client->fd, client->nick, ECHO_SEND, "", text);
    else if (message.type == NICKNAME_NEW)
        name(client, message.infos);
    else if (!*client->nick)
        answer(client, message.type, "", "please login with /nick <your pseudo>");
    else
        serve(client, &message, text);
    return 1;
}

static void admit(int listener) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    struct client *client = calloc(1, sizeof *client);
    time_t now = time(0);
    client->fd = accept(listener, (struct sockaddr *)&address, &size);
    client->port = ntohs(address.sin_port);
    inet_ntop(AF_INET, &address.sin_addr, client->host, sizeof client->host);
    strftime(client->since, sizeof client->since, "%Y/%m/%d@%H:%M", localtime(&now));
    client->next = clients;
    clients = client;
}

static void dismiss(struct client *client) {
    struct client **link = &clients;
    quit_channel(client);
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    close(client->fd);
    free(client);
}

int main(int count, char **words) {
    struct pollfd sources[MOST];
    if (count < 2)
        return 2;
    int listener = listen_on("127.0.0.1", atoi(words[1]));
    while (1) {
        int watched = 0;
        sources[watched++] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (struct client *client = clients; client && watched < MOST; client = client->next)
            sources[watched++] = (struct pollfd){.fd = client->fd, .events = POLLIN};
        if (poll(sources, (nfds_t)watched, -1) < 0)
            return 1;
        struct client *client = clients;
        for (int each = 1; each < watched; each++) {
            struct client *next = client->next;
            if (sources[each].revents && !hear(client))
                dismiss(client);
            client = next;
        }
        if (sources[0].revents)
            admit(listener);
    }
}
