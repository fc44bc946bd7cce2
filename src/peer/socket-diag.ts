/**
 * The messages of Linux' sock_diag (man 7 sock_diag, linux/inet_diag.h): one request for one 4-tuple, one answer. All but addresses and
 * ports is in the machine's byte order, which is little-endian wherever this runs.
 */
import type { ConnectionEnds } from './connection-ends.ts';

/** What the kernel knows of a socket. inode 0: no process holds it any more, and the uid then says nothing. */
export interface SocketOwner {
  readonly uid: number;
  readonly inode: number;
}

export type DiagAnswer =
  | ({ readonly kind: 'socket' } & SocketOwner)
  | { readonly kind: 'none' }
  /** Not allowed, not in this kernel, or nonsense. */
  | { readonly kind: 'failed'; readonly errno: number }
  /** The answer to an earlier request. */
  | { readonly kind: 'stale' };

const headerBytes = 16;
const requestBytes = headerBytes + 56;
const answerBytes = headerBytes + 72;
const errorBytes = headerBytes + 4;

const messageType = { error: 2, byFamily: 20 } as const;
const requestFlag = 1;
const addressFamily = { ipv4: 2, ipv6: 10 } as const;
const tcp = 6;
const ENOENT = 2;

/** Asks for the socket whose local end is the client. `sequence`: 32 bits, comes back with the answer. */
export function diagRequest({ client, server }: ConnectionEnds, sequence: number): Buffer {
  const message = Buffer.alloc(requestBytes);
  message.writeUInt32LE(requestBytes, 0);
  message.writeUInt16LE(messageType.byFamily, 4);
  message.writeUInt16LE(requestFlag, 6);
  message.writeUInt32LE(sequence, 8);
  message[headerBytes] = client.address.length === 4 ? addressFamily.ipv4 : addressFamily.ipv6;
  message[headerBytes + 1] = tcp;
  // Every state.
  message.writeUInt32LE(0xffff_ffff, headerBytes + 4);
  message.writeUInt16BE(client.port, headerBytes + 8);
  message.writeUInt16BE(server.port, headerBytes + 10);
  client.address.copy(message, headerBytes + 12);
  server.address.copy(message, headerBytes + 28);
  // On any interface, with any cookie.
  message.fill(0xff, headerBytes + 48);
  return message;
}

/** Reads the answer to `diagRequest` of the same ends and sequence; anything else is failed or stale, never a socket. */
export function readDiagAnswer(
  answer: Buffer,
  { client, server }: ConnectionEnds,
  sequence: number,
): DiagAnswer {
  const nonsense: DiagAnswer = { kind: 'failed', errno: 0 };
  if (answer.length < headerBytes) return nonsense;
  if (answer.readUInt32LE(8) !== sequence) return { kind: 'stale' };
  switch (answer.readUInt16LE(4)) {
    case messageType.error: {
      if (answer.length < errorBytes) return nonsense;
      const errno = -answer.readInt32LE(headerBytes);
      return errno === ENOENT ? { kind: 'none' } : { kind: 'failed', errno };
    }
    case messageType.byFamily: {
      if (answer.length < answerBytes) return nonsense;
      // Without a connection of these ends the kernel answers with a socket that listens on the client's port, whoever's that is.
      const isTheirs =
        answer.readUInt16BE(headerBytes + 4) === client.port &&
        answer.readUInt16BE(headerBytes + 6) === server.port;
      const uid = answer.readUInt32LE(headerBytes + 64);
      const inode = answer.readUInt32LE(headerBytes + 68);
      return isTheirs && inode !== 0 ? { kind: 'socket', uid, inode } : { kind: 'none' };
    }
    default:
      return nonsense;
  }
}
