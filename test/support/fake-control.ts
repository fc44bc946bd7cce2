import { AppError } from '../../src/base/app-error.ts';
import type { CallOptions, Control, ControlObserver } from '../../src/client/control.ts';
import { applyEvent, type ControlView, type Hello } from '../../src/client/control-view.ts';
import {
  type ControlHandlers,
  type HandledInput,
  type OperationAnswer,
  type OperationInput,
  type OperationName,
  operations,
} from '../../src/contract/control.ts';
import { type ControlEvent, controlEventSchema } from '../../src/contract/control-event.ts';
import { protocolVersion } from '../../src/contract/control-protocol.ts';
import type { Question } from '../../src/contract/control-question.ts';
import type { SandboxStatus } from '../../src/contract/control-sandbox.ts';
import { type TunnelEntity, tunnelSchema } from '../../src/contract/control-tunnel.ts';
import type { PodIdentity } from '../../src/contract/pod.ts';
import type { ProfileSnapshot } from '../../src/contract/profile-snapshot.ts';

export interface Call<N extends OperationName = OperationName> {
  readonly operation: N;
  readonly input: HandledInput<N>;
}

const atMs = 1_700_000_000_000;

export const fakePod: PodIdentity = {
  namespace: 'data',
  name: 'postgres-0',
  uid: '2c98f1e0-0000-4000-8000-000000000001',
  node: 'node-1',
  restarts: 0,
  ready: true,
  role: 'primary',
  hostNetwork: false,
};

/** A tunnel that is off, as a profile `orders-db` of the user's own file gives it; what a test cares about replaces the rest. */
export function fakeTunnel(given: Partial<TunnelEntity> = {}): TunnelEntity {
  const name = given.name ?? 'orders-db';
  return tunnelSchema.parse({
    id: `user/${name}`,
    name,
    origin: { kind: 'profile', source: 'user', sourceKind: 'user' },
    kind: 'postgres',
    namespace: 'data',
    target: 'statefulset/postgres/0',
    port: 5432,
    wanted: 'off',
    state: { kind: 'off' },
    shown: 'off',
    onDemand: false,
    addresses: [],
    localPort: 15432,
    connections: 0,
    held: 0,
    traffic: { receivedBytes: 0, sentBytes: 0, served: 0, failed: 0, recoveries: 0 },
    questions: [],
    profileChanged: false,
    ...given,
  } satisfies TunnelEntity);
}

const noProfiles: ProfileSnapshot = {
  sequence: 0,
  sources: [],
  profiles: [],
  refused: [],
  groups: [],
  problems: [],
};

/**
 * The contract in memory: inputs, answers and events pass through its schemas as they do on the wire. `up` makes a tunnel ready at once. A
 * test replaces single operations by `on`, and tells events by `tell`, `ask` and `lose`.
 */
export class FakeControl implements Control {
  readonly calls: Call[] = [];
  readonly hello: Hello = {
    event: 'hello',
    protocol: protocolVersion,
    version: '0.0.0-fake',
    pid: 1,
    startedAtMs: atMs,
  };
  readonly #observers = new Set<ControlObserver>();
  readonly #handlers: ControlHandlers;
  #view: ControlView;

  constructor(
    given: {
      readonly tunnels?: readonly TunnelEntity[];
      readonly profiles?: ProfileSnapshot;
      readonly sandbox?: SandboxStatus;
    } = {},
  ) {
    const { tunnels = [], profiles = noProfiles, sandbox = { kind: 'off' } } = given;
    this.#view = {
      daemon: this.hello,
      sequence: 1,
      tunnels: new Map(tunnels.map((tunnel) => [tunnel.id, tunnel])),
      questions: new Map(),
      profiles,
      sandbox,
    };
    this.#handlers = this.#inMemory();
  }

  get view(): ControlView {
    return this.#view;
  }

  /** Replaces what one operation does. */
  on<N extends OperationName>(operation: N, handler: ControlHandlers[N]): this {
    (this.#handlers as Record<string, unknown>)[operation] = handler;
    return this;
  }

  /** A tunnel as it is from now on. */
  tell(tunnel: TunnelEntity): void {
    this.#emit({ event: 'tunnel', sequence: this.#view.sequence + 1, tunnel });
  }

  ask(question: Question): void {
    this.#emit({ event: 'question', sequence: this.#view.sequence + 1, question });
  }

  /** The daemon goes away, and stays away for those that subscribe no more. */
  lose(error: Error = new AppError('SP-DAEMON-LOST'), final = false): void {
    for (const observer of [...this.#observers]) observer.onLost?.(error, final);
  }

  /** The daemon is back: every observer gets the view anew. */
  restore(): void {
    for (const observer of [...this.#observers]) observer.onView(this.#view);
  }

  /** What tunnels on lease were before, and by which lease they were first brought up. */
  readonly #leased = new Map<string, { readonly lease: string; readonly before: TunnelEntity }>();

  async call<N extends OperationName>(
    operation: N,
    given: OperationInput<N>,
    options: CallOptions = {},
  ): Promise<OperationAnswer<N>> {
    const { input, answer } = operations[operation];
    const parsed = input.safeParse(given);
    if (!parsed.success) throw new AppError('SP-USAGE', { message: parsed.error.message });
    const handled = parsed.data as HandledInput<N>;
    this.calls.push({ operation, input: handled } as Call);
    options.signal?.throwIfAborted();
    const signal = options.signal ?? new AbortController().signal;
    return answer.parse(await this.#handlers[operation](handled, { signal })) as OperationAnswer<N>;
  }

  subscribe(observer: ControlObserver): Disposable {
    this.#observers.add(observer);
    queueMicrotask(() => {
      if (this.#observers.has(observer)) observer.onView(this.#view);
    });
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#observers.clear();
  }

  #emit(event: Exclude<ControlEvent, { event: 'hello' }>): void {
    const view = applyEvent(this.#view, event, this.hello);
    if (!view || !controlEventSchema.parse(event)) throw new Error('the fake lost count of its events');
    this.#view = view;
    for (const observer of [...this.#observers]) observer.onView(view);
  }

  #one(name: string): TunnelEntity {
    const all = [...this.#view.tunnels.values()];
    const found = all.find((tunnel) => tunnel.id === name || tunnel.name === name);
    if (!found) throw new AppError('SP-TUNNEL-UNKNOWN', { name });
    return found;
  }

  #each(
    { names, all }: { readonly names: readonly string[]; readonly all: boolean },
    change: (tunnel: TunnelEntity) => TunnelEntity,
  ) {
    const chosen = all ? [...this.#view.tunnels.values()].map(({ id }) => id) : names;
    const outcomes = chosen.map((name) => {
      try {
        const tunnel = change(this.#one(name));
        this.tell(tunnel);
        return { name, tunnel };
      } catch (error) {
        return { name, error: AppError.from(error).toData() };
      }
    });
    return { outcomes };
  }

  #inMemory(): ControlHandlers {
    const raise = (tunnel: TunnelEntity): TunnelEntity => ({
      ...tunnel,
      wanted: 'on',
      state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: atMs },
      shown: 'ready',
      addresses: [{ kind: 'tcp', address: '127.0.0.1', port: tunnel.localPort ?? 15432 }],
      upSinceMs: atMs,
    });
    const lower =
      (wanted: 'off' | 'paused') =>
      (tunnel: TunnelEntity): TunnelEntity => ({
        ...tunnel,
        wanted,
        state: { kind: 'off' },
        shown: wanted,
        addresses: [],
      });
    const unsupported = async (): Promise<never> => {
      throw new AppError('SP-INTERNAL', { message: 'the fake does not do this; use on()' });
    };
    return {
      version: async () => this.hello,
      daemon: unsupported,
      shutdown: async () => ({ pid: this.hello.pid }),
      tunnels: async () => ({ tunnels: [...this.#view.tunnels.values()] }),
      tunnel: async ({ name }) => ({ tunnel: this.#one(name), history: [], connections: [] }),
      up: async (input) => {
        for (const adHoc of input.adHoc) {
          const { name, target, port, kind = 'tcp', connection } = adHoc;
          this.tell(
            fakeTunnel({
              id: `ad-hoc/${name}`,
              name,
              origin: { kind: 'ad-hoc' },
              target,
              port,
              kind,
              connection,
            }),
          );
        }
        for (const tunnel of input.lease === undefined ? [] : this.#view.tunnels.values()) {
          const isNamed = input.names.includes(tunnel.name) || input.names.includes(tunnel.id);
          if (isNamed && tunnel.wanted !== 'on')
            this.#leased.set(tunnel.id, { lease: input.lease!, before: tunnel });
        }
        return this.#each(
          { ...input, names: [...input.names, ...input.adHoc.map(({ name }) => name)] },
          raise,
        );
      },
      down: async (input) => this.#each(input, lower('off')),
      hold: (_input, { signal }) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve({}), { once: true })),
      release: async ({ lease }) => {
        for (const [id, leased] of this.#leased) {
          if (leased.lease !== lease) continue;
          this.#leased.delete(id);
          this.tell(lower(leased.before.wanted === 'paused' ? 'paused' : 'off')(this.#one(id)));
        }
        return {};
      },
      restart: async (input) => this.#each(input, raise),
      pause: async (input) => this.#each(input, lower('paused')),
      resume: async (input) => this.#each(input, raise),
      logs: async ({ name }) => ({ lines: this.#one(name) && [] }),
      profiles: async () => this.#view.profiles,
      trust: unsupported,
      reload: async () => this.#view.profiles,
      acceptSource: unsupported,
      editProfile: unsupported,
      profileYaml: unsupported,
      checkProfile: unsupported,
      importProfiles: unsupported,
      proposeProfile: unsupported,
      connectionString: unsupported,
      pods: unsupported,
      check: unsupported,
      contexts: unsupported,
      namespaces: unsupported,
      objects: unsupported,
      login: unsupported,
      strings: unsupported,
      password: unsupported,
      keepPassword: unsupported,
      localAuthority: unsupported,
      questions: async () => ({ questions: [...this.#view.questions.values()] }),
      answer: async ({ question }) => {
        const asked = this.#view.questions.get(question);
        if (!asked) throw new AppError('SP-QUESTION-GONE');
        this.#emit({ event: 'question-gone', sequence: this.#view.sequence + 1, id: question });
        const tunnel = raise({ ...this.#one(asked.tunnel), questions: [] });
        this.tell(tunnel);
        return { tunnel };
      },
      audit: async () => ({ records: [] }),
      auditVerify: async () => ({ logs: [] }),
      settings: unsupported,
      changeSettings: unsupported,
      startSandbox: unsupported,
      stopSandbox: unsupported,
      restartSandboxPod: unsupported,
      wake: async () => ({}),
      metrics: async () => ({ text: '' }),
      ui: unsupported,
    };
  }
}
