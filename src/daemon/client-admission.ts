import { AppError } from '../base/app-error.ts';
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
  /** How its protocol says that there are too many; undefined: nobody speaks it here. */
  readonly tooMany?: ((error: AppError) => Buffer) | undefined;
  /** Called in the moment in which a client is let in, before it is served. */
  readonly onAdmitted: (peer: LocalPeer | undefined) => void;
}

/** Who may use a tunnel, and how many at one time. */
export class ClientAdmission {
  readonly #limit: number | undefined;
  readonly #onAdmitted: ClientAdmissionOptions['onAdmitted'];
  readonly #check: Admit;
  readonly #tooMany: ClientAdmissionOptions['tooMany'];
  /** Let in and not gone: some of them are not among the tunnel's connections yet. */
  #clients = 0;

  constructor({ policy, listen, peers, tooMany, onAdmitted }: ClientAdmissionOptions) {
    const { maxConnections, programs } = policy ?? {};
    this.#limit = maxConnections;
    this.#tooMany = tooMany;
    this.#onAdmitted = onAdmitted;
    this.#check = createPeerCheck({ finder: peers, listen, uids: ownUids({}), programs });
  }

  /** Who it is comes first: others must not so much as wake the tunnel. */
  readonly admit: Admit = async (socket) => {
    const verdict = await this.#check(socket);
    // Of one that has gone no end will be told, which what is counted here waits for.
    if (verdict.kind === 'denied' || socket.destroyed) return verdict;
    const limit = this.#limit;
    if (limit !== undefined && this.#clients >= limit) {
      const error = new AppError('SP-CONNECTION-LIMIT', { limit });
      const words = this.#tooMany?.(error);
      return { kind: 'denied', error: error.toData(), ...(words && { words }) };
    }
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
