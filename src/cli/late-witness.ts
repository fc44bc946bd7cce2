import type { Clock, Timer } from '../base/clock.ts';
import type { PortWitness } from '../engine/forwarded-port.ts';
import type { ForwardWitness } from '../engine/run-forward.ts';

type Loaded = ForwardWitness & AsyncDisposable;

/** Loading is left until the first bytes had their time. */
const loadAfterMs = 300;
/** Kept until it is loaded; what comes beyond is not recorded. */
const maxWaiting = 10_000;

/** A witness that is loaded beside what it witnesses, never before; what happens meanwhile is told to it then. */
export class LateWitness implements ForwardWitness, AsyncDisposable {
  readonly #load: () => Promise<Loaded>;
  readonly #timer: Timer;
  #waiting: ((loaded: Loaded) => void)[] = [];
  #loaded: Loaded | undefined;
  #loading: Promise<void> | undefined;

  constructor({ clock, load }: { readonly clock: Clock; readonly load: () => Promise<Loaded> }) {
    this.#load = load;
    this.#timer = clock.after(loadAfterMs, () => void this.#start());
  }

  get stamp(): string {
    return this.#loaded?.stamp ?? '';
  }

  session: ForwardWitness['session'] = (event, api) => this.#tell((loaded) => loaded.session(event, api));

  port: ForwardWitness['port'] = (port, api) => {
    let own: PortWitness | undefined;
    const tell = (what: (witness: PortWitness) => void) =>
      this.#tell((loaded) => {
        own ??= loaded.port(port, api);
        what(own);
      });
    return {
      bound: (local, atMs) => tell((witness) => witness.bound(local, atMs)),
      state: (change) => tell((witness) => witness.state(change)),
      connection: (event) => tell((witness) => witness.connection(event)),
      closed: (atMs) => tell((witness) => witness.closed(atMs)),
    };
  };

  /** What was told is recorded when it resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer.cancel();
    // Also one that is being loaded: it holds its log until it is let go of.
    if (this.#loading || this.#waiting.length > 0) await this.#start();
    await this.#loaded?.[Symbol.asyncDispose]();
  }

  #tell(what: (loaded: Loaded) => void): void {
    if (this.#loaded) what(this.#loaded);
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(what);
  }

  #start(): Promise<void> {
    this.#loading ??= this.#load().then(
      (loaded) => {
        this.#loaded = loaded;
        for (const what of this.#waiting.splice(0)) what(loaded);
      },
      // Who loads it says why it cannot be; a forward goes on without.
      () => {},
    );
    return this.#loading;
  }
}
