import type { AuditedCaller } from '../contract/audit-event.ts';
import type { HandledInput, OperationName } from '../contract/control.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { GatheredEvents } from './gathered-events.ts';
import { adHocId } from './tunnel-definition.ts';

/** So many alike requests within the time in which events are gathered are told each by itself. */
const atOnce = 20;
const nothing = (): string[] => [];
const selected = ({ names, groups, all }: HandledInput<'down'>): string[] => [
  ...names,
  ...groups.map((name) => `group ${name}`),
  ...(all ? ['all'] : []),
];
const named = ({ name }: { readonly name: string }): string[] => [name];

/**
 * What a request that is recorded is about; undefined: it only looks, or goes on with what another one began. Never what it says
 * else: a reason stands with the tunnel that it opened, and a password nowhere.
 */
const recorded: {
  readonly [N in OperationName]: ((input: HandledInput<N>) => readonly string[] | undefined) | undefined;
} = {
  version: undefined,
  daemon: undefined,
  shutdown: nothing,
  tunnels: undefined,
  tunnel: undefined,
  up: (input) => [...selected(input), ...input.adHoc.map(({ name }) => adHocId(name))],
  down: selected,
  hold: undefined,
  release: undefined,
  restart: selected,
  pause: selected,
  resume: selected,
  logs: undefined,
  profiles: undefined,
  trust: ({ profile, hash }) => [profile, hash ?? 'withdraw'],
  // Without pull it reads what is there; what that changes is recorded as such.
  reload: ({ pull, sources }) => (pull ? (sources ?? []) : undefined),
  acceptSource: ({ source, commit }) => [source, commit],
  editProfile: ({ edit }) => [edit.name, edit.kind, ...(edit.kind === 'rename' ? [edit.to] : [])],
  profileYaml: undefined,
  checkProfile: undefined,
  importProfiles: undefined,
  proposeProfile: undefined,
  strings: undefined,
  // It may carry a password of the tunnel.
  connectionString: named,
  localAuthority: undefined,
  settings: undefined,
  changeSettings: ({ change }) => Object.keys(change),
  startSandbox: nothing,
  stopSandbox: nothing,
  restartSandboxPod: nothing,
  pods: undefined,
  check: undefined,
  contexts: undefined,
  namespaces: undefined,
  objects: undefined,
  login: named,
  password: ({ name, rotate }) => [name, ...(rotate ? ['rotate'] : [])],
  keepPassword: ({ name, password }) => [name, password === undefined ? 'forget' : 'keep'],
  questions: undefined,
  answer: ({ question, answer }) => [question, answer.kind],
  audit: undefined,
  auditVerify: undefined,
  wake: undefined,
  metrics: undefined,
  ui: nothing,
};

export interface ControlRequest<N extends OperationName = OperationName> {
  readonly operation: N;
  readonly input: HandledInput<N>;
  readonly by: Promise<AuditedCaller>;
}

/** Records who asked the daemon to change something. Nothing waits for it. */
export class RequestRecord {
  readonly #gathered: Pick<GatheredEvents, 'add'>;

  constructor(gathered: Pick<GatheredEvents, 'add'>) {
    this.#gathered = gathered;
  }

  /** Of one that failed it is called a second time, with why. */
  tell<N extends OperationName>({ operation, input, by }: ControlRequest<N>, error?: ErrorData): void {
    const names = recorded[operation]?.(input);
    if (!names) return;
    const asked = { operation, names: [...names], error };
    void by.then((caller) =>
      this.#gathered.add({ event: 'control-request', ...asked, by: caller }, { atOnce }),
    );
  }
}
