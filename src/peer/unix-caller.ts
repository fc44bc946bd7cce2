import { readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { loadCLibrary } from './c-library.ts';

/** Linux, asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred: pid, uid and gid, each a 32-bit number in the machine's order. */
const credentialsBytes = 12;

export interface UnixCaller {
  readonly pid: number;
  readonly uid: number;
  /** Its executable, an absolute path without symbolic links; absent where it has ended or may not be seen. */
  readonly program?: string;
}

/**
 * The process that connected to a unix socket of ours, as the kernel noted it at connect(2): a program that handed its connection on is
 * named all the same. Undefined off Linux, and where it cannot be asked. Never rejects.
 */
export async function unixCaller(
  socket: Socket,
  platform: NodeJS.Platform = process.platform,
): Promise<UnixCaller | undefined> {
  if (platform !== 'linux') return undefined;
  const c = await loadCLibrary();
  // Node names it nowhere else. Read after the wait: a socket that has closed has none any more.
  const { fd = -1 } = (socket as { readonly _handle?: { readonly fd?: number } | null })._handle ?? {};
  if (!c || fd < 0) return undefined;
  const credentials = Buffer.alloc(credentialsBytes);
  const size = Uint32Array.of(credentialsBytes);
  const failed = c.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, size) !== 0;
  if (failed || size[0] !== credentialsBytes) return undefined;
  const [pid = 0, uid = 0] = new Int32Array(credentials.buffer, credentials.byteOffset, 3);
  // 0: it lives where its number means nothing here, as in another pid namespace.
  if (pid === 0) return undefined;
  return { pid, uid: uid >>> 0, ...programOf(pid) };
}

function programOf(pid: number): { program?: string } {
  try {
    return { program: readlinkSync(`/proc/${pid}/exe`) };
  } catch {
    return {};
  }
}
