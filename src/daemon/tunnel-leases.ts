import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Wanted } from '../contract/tunnel-state.ts';

/** Leases at one time: programs of one person that run beside their tunnels. */
const maxLeases = 256;
/** Until a new lease is held, and between two holds: a client on a busy machine. */
const graceMs = 30_000;

export interface TunnelLeasesOptions {
  readonly clock: Clock;
  /** Nobody has it on lease any more: it is to be as it was before the first one. */
  readonly giveBack: (id: string, before: Exclude<Wanted, 'on'>) => Promise<void>;
}

interface Lease {
  readonly tunnels: Set<string>;
  /** Runs while nobody holds it. */
  ends: Timer | undefined;
  holds: number;
  readonly over: PromiseWithResolvers<void>;
}

/**
 * Tunnels that are up for as long as some program runs. A lease ends when its holder says so or goes away, even by kill -9; a tunnel is given
 * back with the last one. One that a person brought up is never on lease, and one that a person takes over is not any more.
 */
export class TunnelLeases implements Disposable {
  readonly #options: TunnelLeasesOptions;
  readonly #leases = new Map<string, Lease>();
  /** What those on lease were before. */
  readonly #before = new Map<string, Exclude<Wanted, 'on'>>();

  constructor(options: TunnelLeasesOptions) {
    this.#options = options;
  }

  /** It is up by leases alone: not to be remembered as wanted. */
  has(id: string): boolean {
    return this.#before.has(id);
  }

  /** To be told before it is brought up. `wanted`: what it is until then. Throws SP-USAGE where there are too many leases. */
  take(lease: string, id: string, wanted: Wanted): void {
    const { tunnels } = this.#lease(lease);
    if (wanted !== 'on') this.#before.set(id, wanted);
    if (this.#before.has(id)) tunnels.add(id);
  }

  /** A person said what it is to be: whatever ends leaves it so. */
  keep(id: string): void {
    this.#before.delete(id);
    for (const { tunnels } of this.#leases.values()) tunnels.delete(id);
  }

  /** Resolves when the lease is over, or after waitMs, and is then to be asked for again. Who goes away meanwhile gives it back. */
  async hold(name: string, { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal }) {
    const lease = this.#lease(name);
    lease.holds++;
    lease.ends?.cancel();
    lease.ends = undefined;
    const left = Promise.withResolvers<void>();
    const leave = () => left.resolve();
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    const timer = this.#options.clock.after(waitMs, leave);
    await Promise.race([lease.over.promise, left.promise]);
    timer.cancel();
    signal.removeEventListener('abort', leave);
    lease.holds--;
    if (signal.aborted) await this.release(name);
    else if (lease.holds === 0) this.#endLater(name, lease);
  }

  /** Gives back what nobody else has; that is down when it resolves. A lease that is unknown is over already. */
  async release(name: string): Promise<void> {
    const lease = this.#leases.get(name);
    if (!lease) return;
    this.#leases.delete(name);
    lease.ends?.cancel();
    lease.over.resolve();
    const others = new Set([...this.#leases.values()].flatMap(({ tunnels }) => [...tunnels]));
    const free = [...lease.tunnels].filter((id) => !others.has(id));
    await Promise.all(
      free.map(async (id) => {
        const before = this.#before.get(id);
        this.#before.delete(id);
        if (before) await this.#options.giveBack(id, before);
      }),
    );
  }

  [Symbol.dispose](): void {
    for (const { ends, over } of this.#leases.values()) {
      ends?.cancel();
      over.resolve();
    }
    this.#leases.clear();
  }

  #lease(name: string): Lease {
    const known = this.#leases.get(name);
    if (known) return known;
    if (this.#leases.size >= maxLeases) {
      throw new AppError('SP-USAGE', { message: `${maxLeases} programs have tunnels on lease already` });
    }
    const lease: Lease = {
      tunnels: new Set(),
      ends: undefined,
      holds: 0,
      over: Promise.withResolvers(),
    };
    this.#leases.set(name, lease);
    this.#endLater(name, lease);
    return lease;
  }

  #endLater(name: string, lease: Lease): void {
    if (this.#leases.get(name) !== lease) return;
    lease.ends = this.#options.clock.after(graceMs, () => void this.release(name).catch(() => {}));
  }
}
