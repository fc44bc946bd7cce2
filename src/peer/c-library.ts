/** What is called of the C library, by koffi: Node has no netlink sockets and does not tell whose the other end of a unix socket is. */
export interface CLibrary {
  socket(domain: number, type: number, protocol: number): number;
  send(descriptor: number, bytes: Buffer, size: number, flags: number): number;
  recv(descriptor: number, bytes: Buffer, size: number, flags: number): number;
  getsockopt(descriptor: number, level: number, option: number, value: Buffer, size: Uint32Array): number;
  close(descriptor: number): number;
}

let loading: Promise<CLibrary | undefined> | undefined;

/**
 * Undefined where koffi has no binary for this machine. Late, because it takes some milliseconds and 5 MiB that a daemon without clients
 * does without.
 */
export function loadCLibrary(): Promise<CLibrary | undefined> {
  loading ??= load();
  return loading;
}

async function load(): Promise<CLibrary | undefined> {
  try {
    const koffi = await import('koffi');
    const library = koffi.load(null);
    return {
      socket: library.func('int socket(int, int, int)'),
      send: library.func('intptr_t send(int, void *, size_t, int)'),
      recv: library.func('intptr_t recv(int, void *, size_t, int)'),
      getsockopt: library.func('int getsockopt(int, int, int, void *, void *)'),
      close: library.func('int close(int)'),
    };
  } catch {
    return undefined;
  }
}
