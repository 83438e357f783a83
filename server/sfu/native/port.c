/* The port: datagrams in and out by the batch, in a thread of its own that waits for nothing but the network. */

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "parts.h"

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} sockaddr_ip;

static socklen_t to_socket(sockaddr_ip *there, const address *from)
{
    memset(there, 0, sizeof *there);
    if (from->family == 4) {
        there->v4.sin_family = AF_INET;
        there->v4.sin_port = htons(from->port);
        memcpy(&there->v4.sin_addr, from->host, 4);
        return sizeof there->v4;
    }
    there->v6.sin6_family = AF_INET6;
    there->v6.sin6_port = htons(from->port);
    there->v6.sin6_flowinfo = htonl(from->flow);
    there->v6.sin6_scope_id = from->scope;
    memcpy(&there->v6.sin6_addr, from->host, 16);
    return sizeof there->v6;
}

static void from_socket(address *to, const sockaddr_ip *here)
{
    memset(to, 0, sizeof *to);
    if (here->any.sa_family == AF_INET) {
        to->family = 4;
        to->port = ntohs(here->v4.sin_port);
        memcpy(to->host, &here->v4.sin_addr, 4);
    } else if (here->any.sa_family == AF_INET6) {
        to->family = 6;
        to->port = ntohs(here->v6.sin6_port);
        to->flow = ntohl(here->v6.sin6_flowinfo);
        to->scope = here->v6.sin6_scope_id;
        memcpy(to->host, &here->v6.sin6_addr, 16);
    }
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---------------------------------------------------------------- out */

static void catch_out(core_t *core)
{
    for (int i = 0; i < core->out_count; i++) {
        datagram *copy = malloc(sizeof *copy);
        if (!copy || core->caught_count == CAUGHT_MAX) {
            free(copy);
            COUNT(core->figures.unsent);
            continue;
        }
        *copy = core->out[i];
        core->caught[(core->caught_first + core->caught_count++) % CAUGHT_MAX] = copy;
    }
}

int core_caught(core_t *core, uint8_t *data, int size, address *to)
{
    core_enter(core);
    int length = 0;
    if (core->caught_count) {
        datagram *first = core->caught[core->caught_first];
        core->caught[core->caught_first] = NULL;
        core->caught_first = (core->caught_first + 1) % CAUGHT_MAX;
        core->caught_count--;
        length = first->size < size ? first->size : size;
        memcpy(data, first->data, (size_t)length);
        *to = first->to;
        free(first);
    }
    core_leave(core);
    return length;
}

static bool pass_down(const datagram *first, const struct msghdr *message)
{
    if (message->msg_iovlen == 1) /* the shorter way */
        return send(first->socket, first->data, (size_t)first->size, MSG_DONTWAIT) >= 0;
    return sendmsg(first->socket, message, MSG_DONTWAIT) >= 0;
}

static bool send_once(const datagram *first, const struct msghdr *message)
{
    return pass_down(first, message) ||
           /* about an earlier one; it is not refused itself */
           (errno == ECONNREFUSED && pass_down(first, message));
}

/* Send a datagram of a link and those of one size that follow it as one, which the system cuts up (UDP_SEGMENT): a
   picture of many packets is one way down to the network. Returns the first one left, or NULL. */
static datagram *send_run(core_t *core, datagram *first)
{
    char control[CMSG_SPACE(sizeof(uint16_t))];
    struct iovec parts[SEGMENTS_MAX];
    struct msghdr message = {.msg_iov = parts};
    datagram *next = first;
    do {
        datagram *last = next;
        parts[message.msg_iovlen++] = (struct iovec){last->data, (size_t)last->size};
        next = last->next == NONE ? NULL : core->out + last->next;
        if (first->link->is_whole || last->size < first->size)
            break; /* only the last segment may be shorter */
    } while (next && next->size <= first->size && message.msg_iovlen < SEGMENTS_MAX);
    if (message.msg_iovlen > 1) {
        memset(control, 0, sizeof control);
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_UDP;
        head->cmsg_type = UDP_SEGMENT;
        head->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        uint16_t size = (uint16_t)first->size;
        memcpy(CMSG_DATA(head), &size, sizeof size);
    }
    if (!send_once(first, &message)) {
        if (message.msg_iovlen > 1 && errno != EAGAIN && errno != ENOBUFS) {
            first->link->is_whole = true; /* a narrow way, or a card that cannot: one by one, then */
            return first;
        }
        SET(core->figures.unsent, core->figures.unsent + message.msg_iovlen); /* lost, as by any router */
    }
    return next;
}

void port_flush(core_t *core)
{
    struct mmsghdr messages[OUT_MAX];
    struct iovec parts[OUT_MAX];
    sockaddr_ip there[OUT_MAX];
    core->batches++;
    if (!core->is_running) {
        catch_out(core);
        core->out_count = 0;
        return;
    }
    for (int i = 0; i < core->out_count; i++) {
        datagram *out = core->out + i;
        if (out->socket >= 0)
            continue;
        parts[i] = (struct iovec){out->data, (size_t)out->size};
        memset(messages + i, 0, sizeof *messages);
        messages[i].msg_hdr.msg_namelen = to_socket(there + i, &out->to);
        messages[i].msg_hdr.msg_name = there + i;
        messages[i].msg_hdr.msg_iov = parts + i;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (int i = 0; i < core->out_count;) {
        datagram *out = core->out + i;
        if (out->socket >= 0) {
            for (out = out->is_first ? out : NULL; out;)
                out = send_run(core, out);
            i++;
            continue;
        }
        int end = i + 1;
        while (end < core->out_count && core->out[end].socket < 0 && core->out[end].to.family == out->to.family)
            end++;
        int shared = out->to.family == 4 ? core->socket4 : core->socket6;
        int sent = sendmmsg(shared, messages + i, (unsigned)(end - i), MSG_DONTWAIT);
        if (sent < 1) { /* a full buffer, or nowhere to go to */
            COUNT(core->figures.unsent);
            sent = 1;
        }
        i += sent;
    }
    core->out_count = 0;
}

void port_queue(core_t *core, const uint8_t *data, int size, const address *to)
{
    if (size < 0 || size > OUT_BYTES || !to->family)
        return;
    if (core->out_count == OUT_MAX)
        port_flush(core);
    datagram *out = core->out + core->out_count++;
    memcpy(out->data, data, (size_t)size);
    out->size = size;
    out->to = *to;
    out->socket = -1;
}

/* ---------------------------------------------------------------- sockets of single peers */

/* The room is in the upper half, so that what is ready can be sorted by it. */
static int watch(int epollfd, int fd, uint32_t room)
{
    struct epoll_event wanted = {.events = EPOLLIN, .data.u64 = (uint64_t)room << 32 | (uint32_t)fd};
    return epoll_ctl(epollfd, EPOLL_CTL_ADD, fd, &wanted);
}

int port_connect(core_t *core, const address *to, uint32_t room)
{
    sockaddr_ip here, there;
    socklen_t here_size = sizeof here;
    int yes = 1, bytes = RECEIVE_BYTES;
    int shared = to->family == 4 ? core->socket4 : to->family == 6 ? core->socket6 : -1;
    if (!core->is_running || shared < 0 || getsockname(shared, &here.any, &here_size))
        return -1;
    int own = socket(here.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (own < 0)
        return -1;
    /* Until it is connected it may catch others' datagrams: they are read like all. */
    socklen_t there_size = to_socket(&there, to);
    if (setsockopt(own, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) ||
        (to->family == 6 && setsockopt(own, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes)) ||
        setsockopt(own, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) || bind(own, &here.any, here_size) ||
        connect(own, &there.any, there_size) || watch(core->epollfd, own, room)) {
        close(own);
        return -1;
    }
    return own;
}

/* The port's thread closes it: it may be about to read from it. */
void port_disconnect(core_t *core, int socket)
{
    closing *last = socket >= 0 ? malloc(sizeof *last) : NULL;
    if (!last)
        return;
    *last = (closing){.next = core->closing, .socket = socket};
    core->closing = last;
    if (core->is_running)
        eventfd_write(core->wakefd, 1);
}

static void close_sockets(core_t *core)
{
    while (core->closing) {
        closing *last = core->closing;
        core->closing = last->next;
        close(last->socket);
        free(last);
    }
}

/* ---------------------------------------------------------------- in */

typedef struct {
    uint8_t data[BATCH][MTU + 1 + 15] __attribute__((aligned(16)));
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    sockaddr_ip there[BATCH];
} inbox;

static inbox *inbox_new(void)
{
    inbox *in = aligned_alloc(16, sizeof *in);
    for (int i = 0; in && i < BATCH; i++) {
        in->parts[i] = (struct iovec){in->data[i], MTU + 1};
        in->messages[i].msg_hdr = (struct msghdr){
            .msg_name = in->there + i, .msg_namelen = sizeof *in->there, .msg_iov = in->parts + i, .msg_iovlen = 1};
    }
    return in;
}

/* What each datagram of a batch lacks to the size of the next one of its stream, where that is little: browsers cut a
   picture into packets that differ by a byte, and only what has one size can leave as one. */
static void compare(const inbox *in, int count, int lacks[BATCH])
{
    for (int i = count - 1, wider = 0; i >= 0; i--) {
        int size = (int)in->messages[i].msg_len;
        bool is_same_stream = i + 1 < count && size >= 12 && in->messages[i + 1].msg_len >= 12 &&
                              classify(in->data[i], size) == RTP && !memcmp(in->data[i] + 8, in->data[i + 1] + 8, 4);
        lacks[i] = is_same_stream && wider > size && wider - size <= FILL_MAX ? wider - size : 0;
        wider = size + lacks[i];
    }
}

static void receive(core_t *core, int socket, inbox *in)
{
    int lacks[BATCH];
    for (int round = 0; round < ROUNDS; round++) {
        int count = recvmmsg(socket, in->messages, BATCH, MSG_DONTWAIT, NULL);
        if (count <= 0)
            return;
        int64_t now_us = monotonic_us();
        compare(in, count, lacks);
        for (int i = 0; i < count; i++) {
            address from;
            from_socket(&from, in->there + i);
            in->messages[i].msg_hdr.msg_namelen = sizeof *in->there;
            core_take(core, in->data[i], (int)in->messages[i].msg_len, lacks[i], &from, now_us);
        }
        if (count < BATCH)
            return;
        port_flush(core);
    }
}

static int by_room(const void *one, const void *other)
{
    uint64_t first = ((const struct epoll_event *)one)->data.u64, second = ((const struct epoll_event *)other)->data.u64;
    return first < second ? -1 : first > second;
}

/* Serve what is ready, a room at a time: what it sends to one peer leaves together, and its memory is at hand. Whether
   the thread is called for something else. */
static bool serve(core_t *core, struct epoll_event *ready, int count, inbox *in)
{
    bool is_called = false;
    if (count > 2)
        qsort(ready, (size_t)count, sizeof *ready, by_room);
    for (int i = 0; i < count;) {
        uint64_t room = ready[i].data.u64 >> 32;
        core_enter(core);
        for (; i < count && ready[i].data.u64 >> 32 == room; i++) {
            int socket = (int)(uint32_t)ready[i].data.u64;
            if (socket == core->wakefd)
                is_called = true;
            else
                receive(core, socket, in);
        }
        port_flush(core);
        core_leave(core);
    }
    return is_called;
}

/* How busy the thread was of late, and for how long it therefore lets packets gather before it looks again: where there
   is little to do nobody waits; where there is much, several to one peer go down as one. */
typedef struct {
    int64_t since_us, busy_us, gather_us;
} stock;

static void take_stock(stock *of, int64_t begun_us, int64_t now_us)
{
    int64_t passed_us = now_us - of->since_us;
    of->busy_us += now_us - begun_us;
    if (passed_us < STOCK_EVERY_US)
        return;
    int64_t percent = of->busy_us * 100 / passed_us;
    if (percent > BUSY_PERCENT && of->gather_us < (percent > FULL_PERCENT ? GATHER_FULL_US : GATHER_MAX_US))
        of->gather_us += GATHER_STEP_US;
    else if (percent < (of->gather_us > GATHER_MAX_US ? EASY_PERCENT : IDLE_PERCENT) && of->gather_us > 0)
        of->gather_us -= GATHER_STEP_US;
    of->since_us = now_us;
    of->busy_us = 0;
}

static void rest(int64_t until_us)
{
    struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void *run_port(void *argument)
{
    core_t *core = argument;
    pthread_setname_np(pthread_self(), "media");
    struct epoll_event ready[READY_MAX];
    eventfd_t ignored;
    inbox *in = inbox_new();
    stock how = {.since_us = monotonic_us()};
    while (in && !__atomic_load_n(&core->is_stopping, __ATOMIC_ACQUIRE)) {
        int count = epoll_wait(core->epollfd, ready, READY_MAX, -1);
        int64_t begun_us = monotonic_us();
        if (serve(core, ready, count, in)) {
            eventfd_read(core->wakefd, &ignored);
            core_enter(core);
            close_sockets(core);
            core_leave(core);
        }
        take_stock(&how, begun_us, monotonic_us());
        if (how.gather_us)
            rest(begun_us + how.gather_us);
    }
    free(in);
    return NULL;
}

int core_start(core_t *core, const int *sockets, const int *families, int count)
{
    if (core->is_running || count < 1 || count > SOCKETS_MAX)
        return EINVAL;
    core->wakefd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    core->epollfd = epoll_create1(EPOLL_CLOEXEC);
    int failed = core->wakefd < 0 || core->epollfd < 0 || watch(core->epollfd, core->wakefd, 0) ? errno : 0;
    core_enter(core);
    for (int i = 0, yes = 1; i < count && !failed; i++) {
        /* After it was bound: only we may share the port, and no second server by mistake. */
        setsockopt(sockets[i], SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
        *(families[i] == 4 ? &core->socket4 : &core->socket6) = sockets[i];
        failed = watch(core->epollfd, sockets[i], 0) ? errno : 0;
    }
    core->is_stopping = false;
    core->is_running = !failed;
    core_leave(core);
    if (!failed)
        failed = pthread_create(&core->thread, NULL, run_port, core);
    if (failed) {
        core->is_running = false;
        close(core->wakefd);
        close(core->epollfd);
        core->wakefd = core->epollfd = -1;
    }
    return failed;
}

void core_stop(core_t *core)
{
    if (!core->is_running)
        return;
    __atomic_store_n(&core->is_stopping, true, __ATOMIC_RELEASE);
    eventfd_write(core->wakefd, 1);
    pthread_join(core->thread, NULL);
    core_enter(core);
    core->is_running = false;
    core->socket4 = core->socket6 = -1;
    for (link_t *link = core->links; link; link = link->next) {
        port_disconnect(core, link->socket);
        link->socket = -1;
    }
    close_sockets(core);
    core_leave(core);
    close(core->wakefd);
    close(core->epollfd);
    core->wakefd = core->epollfd = -1;
}
