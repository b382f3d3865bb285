// Whether anything listens at an address. `fetch` has no timeout of its own for connecting, and a server may be silent
// for minutes while it works: a connection made beside the silent one tells the two apart.

/** Resolves with false when no connection could be made within the time. */
export async function reachable(url: string, msMax: number): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  const probe = Bun.connect({
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port) || (protocol === "https:" ? 443 : 80),
    socket: { data: () => undefined },
  }).then(
    (socket) => {
      socket.end();
      return true;
    },
    () => false,
  );
  return Promise.race([probe, Bun.sleep(msMax).then(() => false)]);
}
