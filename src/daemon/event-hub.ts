import type { Clock, Timer } from '../base/clock.ts';
import type { ControlEvent } from '../contract/control-event.ts';
import type { Question } from '../contract/control-question.ts';
import type { SandboxStatus } from '../contract/control-sandbox.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';

/** Where events go: one WebSocket. */
export interface EventSink {
  send(text: string): void;
  /** Bytes that the other side has not taken yet. */
  readonly waitingBytes: number;
  /** Ends it, because it takes too little. */
  dropSlow(): void;
}

export interface EventHubOptions {
  readonly clock: Clock;
  readonly hello: Extract<ControlEvent, { event: 'hello' }>;
  readonly tunnels: () => readonly TunnelEntity[];
  readonly tunnel: (id: string) => TunnelEntity | undefined;
  readonly questions: () => readonly Question[];
  readonly profiles: () => ProfileSnapshot;
  readonly sandbox: () => SandboxStatus;
  /** Default 8 MiB: some snapshots of a thousand tunnels. */
  readonly maxWaitingBytes?: number;
}

/** Counters of a busy tunnel are told at most this often. */
const countersMs = 1_000;

type Told<E> = E extends { readonly sequence: number } ? Omit<E, 'sequence'> : never;

/** Tells subscribers what changes. While there are none it costs nothing and keeps nothing. */
export class EventHub implements Disposable {
  readonly #options: EventHubOptions;
  readonly #sinks = new Set<EventSink>();
  /** What was told of each tunnel last, to tell nothing twice. */
  readonly #told = new Map<string, string>();
  /** Whose counters are to be told, and those whose clients may move them on. */
  readonly #soon = new Set<string>();
  #timer: Timer | undefined;
  #sequence = 0;

  constructor(options: EventHubOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sinks.size;
  }

  /** Sends hello and a snapshot, then each change. The returned function ends that. */
  subscribe(sink: EventSink): () => void {
    const { hello, tunnels, questions, profiles, sandbox } = this.#options;
    const found = tunnels();
    for (const tunnel of found) {
      // What the others were told stays: they are still to hear of what moved on since.
      if (!this.#told.has(tunnel.id)) this.#told.set(tunnel.id, JSON.stringify(tunnel));
      if (tunnel.connections > 0) this.#soon.add(tunnel.id);
    }
    this.#sinks.add(sink);
    sink.send(JSON.stringify(hello));
    const snapshot: ControlEvent = {
      event: 'snapshot',
      sequence: this.#sequence,
      tunnels: [...found],
      questions: [...questions()],
      profiles: profiles(),
      sandbox: sandbox(),
    };
    sink.send(JSON.stringify(snapshot));
    this.#tick();
    return () => {
      this.#sinks.delete(sink);
      if (this.#sinks.size === 0) this.#rest();
    };
  }

  tunnelChanged(id: string, what: 'state' | 'counters'): void {
    if (this.#sinks.size === 0) return;
    if (what === 'state') this.#tellTunnel(id);
    else {
      this.#soon.add(id);
      this.#tick();
    }
  }

  tunnelGone(id: string): void {
    this.#told.delete(id);
    this.#soon.delete(id);
    this.#tell({ event: 'tunnel-gone', id });
  }

  questionAsked(question: Question): void {
    this.#tell({ event: 'question', question });
  }

  questionGone(id: string): void {
    this.#tell({ event: 'question-gone', id });
  }

  profilesChanged(profiles: ProfileSnapshot): void {
    this.#tell({ event: 'profiles', profiles });
  }

  sandboxChanged(sandbox: SandboxStatus): void {
    this.#tell({ event: 'sandbox', sandbox });
  }

  [Symbol.dispose](): void {
    this.#sinks.clear();
    this.#rest();
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#told.clear();
    this.#soon.clear();
  }

  #tick(): void {
    if (this.#timer || this.#soon.size === 0) return;
    this.#timer = this.#options.clock.after(countersMs, () => {
      this.#timer = undefined;
      const due = [...this.#soon];
      this.#soon.clear();
      for (const id of due) this.#tellTunnel(id);
      this.#tick();
    });
  }

  #tellTunnel(id: string): void {
    const tunnel = this.#options.tunnel(id);
    if (!tunnel) return;
    const text = JSON.stringify(tunnel);
    if (this.#told.get(id) !== text) {
      this.#told.set(id, text);
      this.#tell({ event: 'tunnel', tunnel });
    }
    // Its bytes move on without a word.
    if (tunnel.connections > 0) this.#soon.add(id);
  }

  #tell(told: Told<ControlEvent>): void {
    if (this.#sinks.size === 0) return;
    const text = JSON.stringify({ ...told, sequence: ++this.#sequence });
    const { maxWaitingBytes = 8 * 1024 * 1024 } = this.#options;
    for (const sink of [...this.#sinks]) {
      sink.send(text);
      if (sink.waitingBytes <= maxWaitingBytes) continue;
      this.#sinks.delete(sink);
      sink.dropSlow();
    }
  }
}
