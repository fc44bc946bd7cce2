/**
 * Sockets that read into one buffer which all of them share. A buffer for each read would lie outside the heap, and V8 answers each 64 MiB of
 * those with a full collection, which took a fifth of the CPU of a download (measured). Until it is told to lend, such a socket is a stream
 * like any other, whose chunks are copies.
 */
import type { OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The most that one read of a TCP socket takes; TLS has records of 16 KiB. */
const sharedBytes = 64 * 1024;

/** Gets bytes that are its own only until it returns. */
export type Borrower = (bytes: Buffer) => void;

interface Lender {
  borrower: Borrower | undefined;
}

const lenders = new WeakMap<Duplex, Lender>();
let shared: Buffer | undefined;

/** Makes a socket by `connect`, which passes on the option that it is given. */
export function lending<S extends Socket>(connect: (option: { readonly onread: OnReadOpts }) => S): S {
  shared ??= Buffer.allocUnsafeSlow(sharedBytes);
  const lender: Lender = { borrower: undefined };
  const socket = connect({
    onread: {
      buffer: shared,
      callback: (length, bytes) => {
        const read = (bytes as Buffer).subarray(0, length);
        if (!lender.borrower) return socket.push(Buffer.from(read));
        lender.borrower(read);
        return true;
      },
    },
  });
  lenders.set(socket, lender);
  return socket;
}

/** From now on `borrower` gets what the socket reads, in order with what came before; a socket that cannot lend gives what is its own. */
export function lendReads(socket: Duplex, borrower: Borrower): void {
  const lender = lenders.get(socket);
  if (!lender) {
    socket.on('data', borrower);
    return;
  }
  for (let kept = socket.read(); kept !== null; kept = socket.read()) borrower(kept);
  lender.borrower = borrower;
}
