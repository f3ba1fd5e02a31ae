/* A client: poll() on the keyboard and on the server. It waits for whole messages, and while it sends or receives a
 * file it does nothing else, as most that students write. */
#include "message.h"

static int server;
static char nick[NICK_LEN], channel[INFOS_LEN], asker[NICK_LEN], asked_name[INFOS_LEN], path[MSG_LEN];

static void tell_server(enum msg_type type, const char *infos, const char *text) {
    send_message(server, nick, type, infos, text);
}

/* Cut the next word off a line; what is left begins behind the blank. */
static char *next_word(char **line) {
    char *word = strsep(line, " ");
    if (!*line)
        *line = "";
    return word;
}

static void offer(const char *user, const char *file) {
    snprintf(path, sizeof path, "%s", file);
    path[strcspn(path, "\n")] = 0;
    const char *slash = strrchr(path, '/');
    tell_server(FILE_REQUEST, user, slash ? slash + 1 : path);
}

/* Receive the file that was accepted, on a connection of its own; nobody else is served meanwhile. */
static void receive_file(int listener) {
    struct message message, acknowledgement = {.type = FILE_ACK};
    char chunk[MSG_LEN];
    int fd = accept(listener, 0, 0);
    recv(fd, &message, sizeof message, MSG_WAITALL);
    int out = open(asked_name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (int left = message.pld_len; left > 0;) {
        ssize_t count = recv(fd, chunk, left < MSG_LEN ? (size_t)left : MSG_LEN, 0);
        if (count <= 0 || write(out, chunk, (size_t)count) != count)
            break;
        left -= (int)count;
    }
    close(out);
    strcpy(acknowledgement.infos, message.infos);
    send_all(fd, &acknowledgement, sizeof acknowledgement);
    close(fd);
    printf("I have received %s\n", asked_name);
}

static void answer(int wanted) {
    char place[64];
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    if (wanted) {
        int listener = listen_on("127.0.0.1", 0);
        getsockname(listener, (struct sockaddr *)&address, &size);
        snprintf(place, sizeof place, "127.0.0.1:%d", ntohs(address.sin_port));
        tell_server(FILE_ACCEPT, asker, place);
        receive_file(listener);
        close(listener);
    } else
        tell_server(FILE_REJECT, asker, asked_name);
    *asker = 0;
}

/* Send the file to where its receiver listens, and wait until he has it. */
static void send_file(const char *user, char *place) {
    struct message acknowledgement;
    char chunk[MSG_LEN], *port = strrchr(place, ':');
    ssize_t count;
    *port = 0;
    int in = open(path, O_RDONLY), fd = connect_to(place, atoi(port + 1));
    const char *slash = strrchr(path, '/');
    send_header(fd, nick, FILE_SEND, slash ? slash + 1 : path, (size_t)lseek(in, 0, SEEK_END));
    lseek(in, 0, SEEK_SET);
    while ((count = read(in, chunk, sizeof chunk)) > 0)
        send_all(fd, chunk, (size_t)count);
    close(in);
    if (recv(fd, &acknowledgement, sizeof acknowledgement, MSG_WAITALL) == sizeof acknowledgement)
        printf("%s has received the file\n", user);
    close(fd);
}

static void hear(void) {
    struct message message;
    char text[MSG_LEN + 1];
    if (!receive_message(server, &message, text)) {
        printf("the server has gone\n");
        exit(1);
    }
    if (message.type == NICKNAME_NEW && *message.infos)
        strcpy(nick, message.infos);
    if ((message.type == MULTICAST_CREATE || message.type == MULTICAST_JOIN) && *message.infos)
        strcpy(channel, message.infos);
    if (message.type == MULTICAST_QUIT && !strncmp(text, "You", 3))
        *channel = 0;
    printf("[%s] %s\n", message.nick_sender, text);
    if (message.type == FILE_REQUEST && strcmp(message.nick_sender, "Server")) {
        strcpy(asker, message.nick_sender);
        snprintf(asked_name, sizeof asked_name, "%.127s", text);
        printf("%s wants you to accept the file %s. Do you accept? [Y/N]\n", asker, text);
    }
    if (message.type == FILE_ACCEPT && strcmp(message.nick_sender, "Server"))
        send_file(message.nick_sender, text);
}

static void do_command(char *line) {
    char *word = next_word(&line);
    if (!strncmp(word, "/nick", 5))
        tell_server(NICKNAME_NEW, line, "");
    else if (!strncmp(word, "/whois", 6))
        tell_server(NICKNAME_INFOS, line, "");
    else if (!strncmp(word, "/who", 4))
        tell_server(NICKNAME_LIST, "", "");
    else if (!strncmp(word, "/msgall", 7))
        tell_server(BROADCAST_SEND, "", line);
    else if (!strncmp(word, "/msg", 4)) {
        const char *user = next_word(&line);
        tell_server(UNICAST_SEND, user, line);
    } else if (!strncmp(word, "/create", 7))
        tell_server(MULTICAST_CREATE, line, "");
    else if (!strncmp(word, "/channel_list", 13))
        tell_server(MULTICAST_LIST, "", "");
    else if (!strncmp(word, "/join", 5))
        tell_server(MULTICAST_JOIN, line, "");
    else if (!strncmp(word, "/send", 5)) {
        const char *user = next_word(&line);
        offer(user, line);
    } else if (*line)
        tell_server(MULTICAST_QUIT, line, "");
    else
        exit(0); /* /quit */
}

static void obey(char *line) {
#ifndef KEEPS_NEWLINE
    line[strcspn(line, "\n")] = 0;
#endif
    if (*asker && strchr("yYnN", *line))
        answer(*line == 'y' || *line == 'Y');
    else if (*line == '/')
        do_command(line);
    else if (*channel)
        tell_server(MULTICAST_SEND, channel, line);
    else
        tell_server(ECHO_SEND, "", line);
}

int main(int count, char **words) {
    char line[MSG_LEN];
    if (count < 3)
        return 2;
#ifdef NICK_NOT_SET
    memset(nick, 0xA5, NICK_LEN - 1);
#endif
    setvbuf(stdout, 0, _IONBF, 0);
    server = connect_to(words[1], atoi(words[2]));
    struct pollfd sources[2] = {{.fd = 0, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    setvbuf(stdin, 0, _IONBF, 0); /* a line that stdin kept for itself, poll() would not know of */
    while (poll(sources, 2, -1) > 0) {
        if (sources[1].revents)
            hear();
        else if (!fgets(line, sizeof line, stdin))
            break;
        else
            obey(line);
    }
    return 0;
}
