import type { Clock } from '../base/clock.ts';
import { type AcceptedSocket, type ConnectionEnds, connectionEnds } from './connection-ends.ts';
import { SocketDiag } from './netlink.ts';
import { isOwnAddress } from './own-address.ts';
import type { PeerFinder, PeerOwner } from './peer-owner.ts';
import type { SocketOwner } from './socket-diag.ts';
import { SocketHolders } from './socket-holder.ts';
import { SocketTable } from './socket-table.ts';

/**
 * Trust boundary: whoever runs on this machine may connect, and may close, fork or exhaust descriptors at any moment. Only a socket that the
 * kernel names and that a process holds counts; everything else, failures too, is unmatched or gone, which both admit nobody.
 */

interface LinuxPeerFinderOptions {
  readonly clock: Clock;
  /** For tests and measurements: how sockets are found. Default: by diagnostics, where there are none by the table. */
  readonly by?: 'diagnostics' | 'table';
}

export class LinuxPeerFinder implements PeerFinder {
  readonly #options: LinuxPeerFinderOptions;
  readonly #table = new SocketTable();
  readonly #holders: SocketHolders;
  #opening: Promise<void> | undefined;
  #diag: SocketDiag | undefined;
  #isDisposed = false;

  constructor(options: LinuxPeerFinderOptions) {
    this.#options = options;
    this.#holders = new SocketHolders(options.clock);
  }

  prepare(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async ownerOf(socket: AcceptedSocket): Promise<PeerOwner> {
    const ends = connectionEnds(socket);
    if (!ends) return { kind: 'gone' };
    if (!this.#diag) await this.prepare();
    const found = await this.#socketOf(ends);
    if (!found || found === 'none') {
      if (!isOwnAddress(ends.client.address)) return { kind: 'elsewhere' };
      return { kind: found ? 'gone' : 'unmatched' };
    }
    const { uid, inode } = found;
    let process: ReturnType<SocketHolders['find']> | undefined;
    return {
      kind: 'found',
      uid,
      process: () => {
        process ??= this.#holders.find({ inode, uid, isOver: () => this.#isHeldByNobody(socket, ends) });
        return process;
      },
    };
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#diag?.[Symbol.dispose]();
    this.#diag = undefined;
  }

  /** One that has ended may be half-closed, and held all the same; mostly it was closed, and our end of it stays open a while. */
  #isHeldByNobody(socket: AcceptedSocket, ends: ConnectionEnds): boolean {
    return socket.destroyed || (socket.readableEnded && this.#diag?.ask(ends).kind === 'none');
  }

  async #open(): Promise<void> {
    if (this.#options.by === 'table') return;
    const diag = await SocketDiag.open();
    if (this.#isDisposed) diag?.[Symbol.dispose]();
    else this.#diag = diag;
  }

  /** none: no process has it. undefined: it could not be found out, or the table has it not, of which a pass may be cut short. */
  async #socketOf(ends: ConnectionEnds): Promise<SocketOwner | 'none' | undefined> {
    const answer = this.#diag?.ask(ends) ?? { kind: 'failed' };
    switch (answer.kind) {
      case 'socket':
        return answer;
      case 'none':
        return 'none';
      default:
        return this.#options.by === 'diagnostics' ? undefined : this.#table.find(ends);
    }
  }
}
