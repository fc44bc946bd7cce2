import type { Socket } from 'node:net';
import { type Clock, inTime } from '../base/clock.ts';
import type { AuditedCaller } from '../contract/audit-event.ts';
import type { PeerFinder } from '../peer/peer-owner.ts';
import { unixCaller } from '../peer/unix-caller.ts';

export interface RequestCallersOptions {
  readonly peers: Pick<PeerFinder, 'ownerOf'>;
  readonly clock: Clock;
}

/** The process of a connection to the page is looked for so long. */
const processMs = 1_000;

/** Who is at the other end of the control API's connections, asked once for each. Never rejects: what cannot be told is absent. */
export class RequestCallers {
  readonly #options: RequestCallersOptions;
  readonly #known = new WeakMap<Socket, Promise<AuditedCaller>>();

  constructor(options: RequestCallersOptions) {
    this.#options = options;
  }

  onSocket(socket: Socket): Promise<AuditedCaller> {
    return this.#once(socket, async () => ({ ...(await unixCaller(socket)), via: 'socket' }));
  }

  /** A browser, mostly. */
  onPage(socket: Socket): Promise<AuditedCaller> {
    return this.#once(socket, async () => {
      const owner = await this.#options.peers.ownerOf(socket);
      if (owner.kind !== 'found') return { via: 'page' };
      const found = await inTime(this.#options.clock, processMs, owner.process());
      return { uid: owner.uid, pid: found?.pid, program: found?.program, via: 'page' };
    });
  }

  #once(socket: Socket, find: () => Promise<AuditedCaller>): Promise<AuditedCaller> {
    const known = this.#known.get(socket) ?? find();
    this.#known.set(socket, known);
    return known;
  }
}
