import { compileHotCode } from '../base/hot-code.ts';
import type { Profile } from '../contract/profile.ts';
import type { PeerFinder } from '../peer/peer-owner.ts';
import { createPeerCheck, ownUids } from '../peer/peer-policy.ts';
import type { LocalPeer } from '../tunnel/connection-event.ts';
import type { Admit } from '../tunnel/listener.ts';

export interface ClientAdmissionOptions {
  readonly policy: Profile['policy'];
  readonly listen: 'tcp' | 'unix';
  readonly peers: PeerFinder;
  /** Called in the moment in which a client is let in, before it is served. */
  readonly onAdmitted: (peer: LocalPeer | undefined) => void;
}

/** Who may use a tunnel, and how many at one time. */
export class ClientAdmission {
  readonly #limit: number | undefined;
  readonly #onAdmitted: ClientAdmissionOptions['onAdmitted'];
  readonly #check: Admit;
  /** Let in and not gone: some of them are not among the tunnel's connections yet. */
  #clients = 0;

  constructor({ policy, listen, peers, onAdmitted }: ClientAdmissionOptions) {
    const { maxConnections, programs } = policy ?? {};
    this.#limit = maxConnections;
    this.#onAdmitted = onAdmitted;
    this.#check = createPeerCheck({ finder: peers, listen, uids: ownUids({}), programs });
  }

  /** Who it is comes first: others must not so much as wake the tunnel. */
  readonly admit: Admit = async (socket) => {
    const verdict = await this.#check(socket);
    // Of one that has gone no end will be told, which what is counted here waits for.
    if (verdict.kind === 'denied' || socket.destroyed) return verdict;
    const limit = this.#limit;
    if (limit !== undefined && this.#clients >= limit)
      return { kind: 'denied', error: { code: 'SP-CONNECTION-LIMIT', details: { limit } } };
    this.#clients++;
    compileHotCode();
    this.#onAdmitted(verdict.peer);
    return verdict;
  };

  /** One of them has gone. */
  left(): void {
    this.#clients = Math.max(0, this.#clients - 1);
  }
}
