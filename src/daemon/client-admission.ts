import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { compileHotCode } from '../base/hot-code.ts';
import type { Profile } from '../contract/profile.ts';
import type { PeerFinder } from '../peer/peer-owner.ts';
import { createPeerCheck, ownUids } from '../peer/peer-policy.ts';
import type { LocalPeer } from '../tunnel/connection-event.ts';
import type { Admit } from '../tunnel/listener.ts';

/** A client that has closed is gone from its pod, and no longer counted, up to a second later (containerd): a further one waits so long. */
const roomMs = 1_500;

export interface ClientAdmissionOptions {
  readonly clock: Clock;
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
  readonly #clock: Clock;
  readonly #limit: number | undefined;
  readonly #onAdmitted: ClientAdmissionOptions['onAdmitted'];
  readonly #check: Admit;
  readonly #tooMany: ClientAdmissionOptions['tooMany'];
  /** Let in and not gone: some of them are not among the tunnel's connections yet. */
  #clients = 0;
  /** At most as many as a listener asks about at one time. */
  readonly #waiting = new Set<() => void>();

  constructor({ clock, policy, listen, peers, tooMany, onAdmitted }: ClientAdmissionOptions) {
    const { maxConnections, programs } = policy ?? {};
    this.#clock = clock;
    this.#limit = maxConnections;
    this.#tooMany = tooMany;
    this.#onAdmitted = onAdmitted;
    this.#check = createPeerCheck({ finder: peers, listen, uids: ownUids({}), programs });
  }

  /** Who it is comes first: others must not so much as wake the tunnel. */
  readonly admit: Admit = async (socket) => {
    const verdict = await this.#check(socket);
    if (verdict.kind === 'denied') return verdict;
    await this.#room();
    // Of one that has gone no end will be told, which what is counted here waits for.
    if (socket.destroyed) {
      this.#wake();
      return verdict;
    }
    if (this.#isFull) {
      const error = new AppError('SP-CONNECTION-LIMIT', { limit: this.#limit });
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
    this.#wake();
  }

  /** The one that has waited longest: there is room for one. */
  #wake(): void {
    const [look] = this.#waiting;
    look?.();
  }

  get #isFull(): boolean {
    return this.#limit !== undefined && this.#clients >= this.#limit;
  }

  async #room(): Promise<void> {
    const untilMs = this.#clock.nowMs() + roomMs;
    for (let leftMs = roomMs; this.#isFull && leftMs > 0; leftMs = untilMs - this.#clock.nowMs()) {
      await new Promise<void>((resolve) => {
        const look = () => {
          timer.cancel();
          this.#waiting.delete(look);
          resolve();
        };
        const timer = this.#clock.after(leftMs, look);
        this.#waiting.add(look);
      });
    }
  }
}
