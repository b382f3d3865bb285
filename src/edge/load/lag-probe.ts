// The event-loop lag probe: how long a request waits before this process so much as looks at it. Requests that arrived
// stand in a queue that the kernel keeps and that nobody can count; timers run on time beside it. So the process sends
// itself a datagram, which takes its place at the end of that queue: the time until it is back is what every request
// waits that arrives now.
//
// It probes only while somebody asks, so an idle house does nothing for it.

export interface LagProbe {
  /** Milliseconds that the probe under way has taken so far, 0 when none is. Asking keeps it probing. */
  pendingMs(now: number): number;
  /** Milliseconds that the last probe took. */
  readonly lastMs: number;
  close(): void;
}

/** Between two probes. One costs some 10 us, so a hundred of them a second are a thousandth of a processor. */
const PAUSE_MS = 10;
/** A datagram that is not back by then was dropped, and says nothing. */
const LOST_MS = 2000;
const LOOPBACK = "127.0.0.1";

export async function openLagProbe(): Promise<LagProbe> {
  const socket = await Bun.udpSocket({
    hostname: LOOPBACK,
    port: 0,
    socket: {
      // Anybody on this machine may send to this port; only what it sent itself counts.
      data: (own, _, port) => {
        if (port === own.port) returned();
      },
    },
  });
  socket.unref();
  let sentAt = Infinity;
  let lastMs = 0;
  let wanted = false;
  let closed = false;
  let pause: ReturnType<typeof setTimeout> | undefined;

  const send = (now: number): void => {
    wanted = false;
    sentAt = now;
    socket.send("x", socket.port, LOOPBACK);
  };
  const returned = (): void => {
    if (closed || sentAt === Infinity) return;
    lastMs = performance.now() - sentAt;
    sentAt = Infinity;
    pause = setTimeout(() => {
      pause = undefined;
      if (wanted) send(performance.now());
    }, PAUSE_MS);
    pause.unref();
  };

  return {
    pendingMs: (now) => {
      wanted = true;
      if (sentAt === Infinity) {
        if (pause === undefined && !closed) send(now);
        return 0;
      }
      const pendingMs = now - sentAt;
      if (pendingMs <= LOST_MS) return pendingMs;
      send(now);
      return 0;
    },
    get lastMs() {
      return lastMs;
    },
    close: () => {
      closed = true;
      clearTimeout(pause);
      socket.close();
    },
  };
}
