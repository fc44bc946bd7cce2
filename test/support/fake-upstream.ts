import { type Duplex, duplexPair } from 'node:stream';
import { AppError } from '../../src/base/app-error.ts';
import { Listeners } from '../../src/base/listeners.ts';
import type { PodIdentity } from '../../src/contract/pod.ts';
import type { Resolution } from '../../src/contract/resolution.ts';
import type { Following, OpenStream, PodLink, PodStream, Upstream } from '../../src/tunnel/upstream.ts';

/** The application's side of one stream, and what may happen to it. */
export interface ServedStream {
  readonly app: Duplex;
  readonly head: Buffer;
  /** The opening is taken, where it was not at once. */
  answer(): void;
  /** Ends the tunnel's side with an error. */
  fail(error: AppError): void;
  /** Resolves when the tunnel has let go of it. */
  readonly cancelled: Promise<void>;
}

/** What is lent is overwritten as soon as its borrowers have returned. */
function lendChunks(stream: Duplex): void {
  const { emit } = stream;
  stream.emit = (event: string, ...args: unknown[]) => {
    if (event !== 'data') return emit.call(stream, event, ...args);
    const lent = Buffer.from(args[0] as Buffer);
    const heard = emit.call(stream, event, lent);
    lent.fill('?');
    return heard;
  };
}

/** How a pod is what the target points at. */
interface PointedAt {
  readonly serving?: boolean;
  readonly restarts?: number;
  readonly otherPorts?: string;
}

/** A pod in memory: whether sessions to it can be had, whether its port listens, and what the application does. */
export class FakePod {
  readonly identity: PodIdentity;
  readonly port = 5432;
  /** Undefined: warm() succeeds. */
  sessionError: AppError | undefined;
  /** Whether openings are answered at once; else by `answer` of the served stream. */
  answers = true;
  /** Undefined: nothing listens, streams are refused. */
  serve: ((stream: ServedStream) => void) | undefined;
  /** Open attempts, also those in vain. */
  opens = 0;
  readonly streams = new Set<ServedStream>();

  constructor(uid: string, identity: Partial<PodIdentity> = {}) {
    this.identity = {
      namespace: 'db',
      name: 'postgres-0',
      uid,
      restarts: 0,
      ready: true,
      hostNetwork: false,
      ...identity,
    };
  }

  resolution({ serving = true, restarts = 0, otherPorts }: PointedAt = {}): Resolution {
    const pod = { ...this.identity, restarts, ready: serving };
    return { kind: 'pod', pod, port: this.port, serving, ...(otherPorts !== undefined && { otherPorts }) };
  }

  /** The process dies: its port refuses, its streams end in the given way. */
  kill(error?: AppError): void {
    this.serve = undefined;
    for (const stream of [...this.streams]) {
      if (error) stream.fail(error);
      else stream.app.end();
    }
  }

  open({ head }: OpenStream): PodStream {
    this.opens++;
    const [pair, app] = duplexPair();
    const stream = Object.assign(pair, { answered: this.answers, lend: () => lendChunks(pair) });
    const { serve } = this;
    app.on('error', () => {});
    // As upstream.ts asks: a failure before anybody listens is kept, not thrown.
    stream.on('error', () => {});
    if (!serve) {
      setImmediate(() => stream.destroy(new AppError('SP-PORT-REFUSED', { port: this.port })));
      return stream;
    }
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const served: ServedStream = {
      app,
      head: Buffer.concat(head),
      fail: (error) => stream.destroy(error),
      answer: () => {
        stream.answered = true;
        stream.emit('answered');
      },
      cancelled,
    };
    this.streams.add(served);
    stream.once('close', () => {
      this.streams.delete(served);
      app.destroy();
      resolve();
    });
    for (const bytes of head) stream.write(bytes);
    serve(served);
    return stream;
  }
}

export class FakeLink implements PodLink {
  readonly pod: PodIdentity;
  readonly lost = new Listeners<Error>();
  readonly #target: FakePod;
  warms = 0;
  disposed = false;

  constructor(target: FakePod) {
    this.#target = target;
    this.pod = target.identity;
  }

  async warm(signal: AbortSignal): Promise<void> {
    this.warms++;
    if (this.#target.sessionError) throw this.#target.sessionError;
    signal.throwIfAborted();
  }

  onLost(listener: (error: Error) => void): () => void {
    return this.lost.add(listener);
  }

  async open(options: OpenStream): Promise<PodStream> {
    if (this.#target.sessionError) throw this.#target.sessionError;
    return this.#target.open(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }
}

/** The world behind a tunnel, moved by hand. */
export class FakeUpstream implements Upstream {
  readonly links: FakeLink[] = [];
  /** Times the tunnel asked for a fresh look at the target. */
  refreshes = 0;
  readonly #pods = new Map<string, FakePod>();
  #onChange: ((resolution: Resolution) => void) | undefined;

  get following(): boolean {
    return this.#onChange !== undefined;
  }

  get latestLink(): FakeLink {
    const latest = this.links.at(-1);
    if (!latest) throw new Error('no link was asked for');
    return latest;
  }

  /** The target points at this pod now. */
  point(pod: FakePod, how: PointedAt = {}): void {
    this.#pods.set(pod.identity.uid, pod);
    this.#onChange?.(pod.resolution(how));
  }

  pointNowhere(
    code: 'SP-TARGET-NO-PODS' | 'SP-POD-NOT-READY' | 'SP-LOGIN-REQUIRED' = 'SP-POD-NOT-READY',
  ): void {
    this.#onChange?.({ kind: 'none', reason: { code, details: {} } });
  }

  follow(onChange: (resolution: Resolution) => void): Following {
    this.#onChange = onChange;
    return {
      avoid: () => false,
      refresh: () => {
        this.refreshes++;
      },
      [Symbol.asyncDispose]: async () => {
        this.#onChange = undefined;
      },
    };
  }

  link(pod: PodIdentity): PodLink {
    const target = this.#pods.get(pod.uid);
    if (!target) throw new Error(`no pod ${pod.uid}`);
    const link = new FakeLink(target);
    this.links.push(link);
    return link;
  }
}
