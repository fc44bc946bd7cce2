import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { HandledInput, Outcomes } from '../contract/control.ts';
import type { AdHoc } from '../contract/control-tunnel.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import type { ProfileStore } from '../profile/profile-store.ts';
import { ManagedTunnel, type TunnelHost } from './managed-tunnel.ts';
import {
  adHocDefinition,
  adHocId,
  lostDefinition,
  profileDefinition,
  type TunnelDefinition,
} from './tunnel-definition.ts';
import type { WantedFile, WantedTunnel } from './wanted-file.ts';

export interface TunnelSetOptions
  extends Omit<TunnelHost, 'keptPort' | 'keepPort' | 'agree' | 'changed' | 'ended'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly profiles: ProfileStore;
  readonly wanted: WantedFile;
  readonly changed: (id: string, what: 'state' | 'counters') => void;
  readonly gone: (id: string) => void;
  /** Undefined where the kubeconfig names none, or cannot be read; the tunnel then says so. */
  readonly currentContext: (kubeconfig: string | undefined) => Promise<string | undefined>;
}

type Selection = Pick<HandledInput<'down'>, 'names' | 'groups' | 'all' | 'folder'>;

/** All tunnels of this machine: one for each profile that is known, and ad hoc ones while they are wanted. */
export class TunnelSet implements AsyncDisposable {
  readonly #options: TunnelSetOptions;
  readonly #host: TunnelHost;
  readonly #all = new Map<string, ManagedTunnel>();
  #unfollow: (() => void) | undefined;

  constructor(options: TunnelSetOptions) {
    const { profiles, wanted, log } = options;
    this.#options = options;
    this.#host = {
      ...options,
      keptPort: (id) => wanted.portOf(id),
      // Written already to the log when it fails; the port is bound all the same.
      keepPort: (id, port) =>
        void wanted.keepPort(id, port).catch(() => log.warn('port not kept', { tunnel: id })),
      agree: async (id, hash) => void (await profiles.agree(id, hash)),
      ended: (tunnel) => {
        // Not written to the disk: the next daemon finds its limit passed and ends it again.
        this.#forget(tunnel).catch(() => log.warn('not forgotten', { tunnel: tunnel.id }));
        this.#dropIfLost(tunnel);
      },
    };
  }

  get all(): readonly ManagedTunnel[] {
    return [...this.#all.values()];
  }

  get(id: string): ManagedTunnel | undefined {
    return this.#all.get(id);
  }

  /** Brings back what was wanted, all ports at once, and follows the profiles from now on. */
  async restore(): Promise<void> {
    const { profiles, wanted, log } = this.#options;
    // Projects are known by where somebody stood; those of wanted tunnels are looked up again.
    for (const { id } of wanted.tunnels.values()) {
      const at = id.lastIndexOf('/sallyport.yaml/');
      if (at > 0) await profiles.addProject(id.slice(0, at)).catch(() => {});
    }
    this.#define(profiles.snapshot);
    this.#unfollow = profiles.onChange((snapshot) => {
      this.#define(snapshot);
      void this.#startOnDemand();
    });
    const restoring = [...wanted.tunnels.values()].map(async (record) => {
      const tunnel = this.#restored(record);
      const restored = { sinceMs: record.upSinceMs };
      if (record.wanted === 'paused') tunnel.restorePaused(record.upSinceMs);
      else if (record.wanted === 'on') await tunnel.up({ restored });
    });
    const results = await Promise.allSettled([...restoring, this.#startOnDemand()]);
    for (const result of results) {
      if (result.status === 'rejected') log.warn('tunnel not restored', { error: String(result.reason) });
    }
    log.info('wanted tunnels are back', { tunnels: wanted.tunnels.size });
  }

  /** Throws SP-TUNNEL-UNKNOWN, SP-PROFILE-UNKNOWN and SP-PROFILE-INVALID. */
  async find(name: string, folder?: string): Promise<ManagedTunnel> {
    const known = this.#all.get(name);
    if (known) return known;
    const project = await this.#project(folder);
    const found = this.#options.profiles.find(name, project);
    switch (found.kind) {
      case 'found':
        return this.#all.get(found.profile.id) ?? this.#add(profileDefinition(found.profile));
      case 'refused': {
        const [problem] = found.problems;
        const message = problem && `${problem.file}:${problem.line}:${problem.column} ${problem.message}`;
        throw new AppError('SP-PROFILE-INVALID', { profile: found.id, message });
      }
      case 'unknown': {
        const adHoc = this.#all.get(adHocId(name));
        if (adHoc) return adHoc;
        const names = this.all.flatMap((tunnel) => [tunnel.definition.name, tunnel.id]);
        throw new AppError('SP-TUNNEL-UNKNOWN', { name, meant: found.meant ?? nearestName(name, names) });
      }
    }
  }

  async up(input: HandledInput<'up'>, signal: AbortSignal): Promise<Outcomes> {
    const { confirmed, reason, prolong, waitMs } = input;
    const adHoc = await Promise.all(input.adHoc.map((given) => this.#newAdHoc(given)));
    const chosen = await this.#chosen(input, ({ definition }) => !definition.problem);
    return this.#each([...chosen, ...adHoc], input.folder, { waitMs, signal }, async (tunnel) => {
      await tunnel.up({ confirmed, reason, prolong });
      await this.#save(tunnel);
    });
  }

  async down(input: Selection): Promise<Outcomes> {
    const chosen = await this.#chosen(input, ({ wanted }) => wanted !== 'off');
    return this.#each(chosen, input.folder, undefined, async (tunnel) => {
      await Promise.all([tunnel.down(), this.#forget(tunnel)]);
      this.#dropIfLost(tunnel);
    });
  }

  async restart(input: HandledInput<'restart'>, signal: AbortSignal): Promise<Outcomes> {
    const chosen = await this.#chosen(input, ({ wanted }) => wanted === 'on');
    return this.#each(chosen, input.folder, { waitMs: input.waitMs, signal }, async (tunnel) => {
      await tunnel.restart();
      await this.#save(tunnel);
    });
  }

  async pause(input: Selection): Promise<Outcomes> {
    const chosen = await this.#chosen(input, ({ wanted }) => wanted === 'on');
    return this.#each(chosen, input.folder, undefined, async (tunnel) => {
      if (tunnel.wanted === 'off') return;
      const profile = this.#profileOf(tunnel);
      await tunnel.down('paused');
      await this.#save(tunnel, profile);
    });
  }

  async resume(input: HandledInput<'resume'>, signal: AbortSignal): Promise<Outcomes> {
    const chosen = await this.#chosen(input, ({ wanted }) => wanted === 'paused');
    return this.#each(chosen, input.folder, { waitMs: input.waitMs, signal }, async (tunnel) => {
      if (tunnel.wanted !== 'paused') return;
      await tunnel.up();
      await this.#save(tunnel);
    });
  }

  /** A question of its was answered: what is wanted may be another. */
  async answered(tunnel: ManagedTunnel): Promise<void> {
    if (tunnel.wanted === 'off') await this.#forget(tunnel);
    else await this.#save(tunnel);
  }

  /** The audit log can be written again, or cannot any more. */
  auditChanged(): void {
    for (const tunnel of this.all) tunnel.auditChanged();
  }

  retryNow(): void {
    for (const tunnel of this.#all.values()) tunnel.retryNow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unfollow?.();
    const ended = await Promise.allSettled(this.all.map((tunnel) => tunnel[Symbol.asyncDispose]()));
    const failures = ended.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures, 'tunnels did not end cleanly');
  }

  async #project(folder: string | undefined): Promise<string | undefined> {
    if (folder === undefined) return undefined;
    return (await this.#options.profiles.addProject(folder)).file;
  }

  /** What the names and groups mean; `all` are those that the operation would change. */
  async #chosen(
    { names, groups, all, folder }: Selection,
    counts: (tunnel: ManagedTunnel) => boolean,
  ): Promise<string[]> {
    const project = await this.#project(folder);
    if (all) return this.all.filter(counts).map(({ id }) => id);
    const known = this.#options.profiles.snapshot.groups;
    const members = groups.flatMap((name) => {
      const visible = known.filter(({ source }) => !source.includes('/') || source === project);
      const group = visible.find((candidate) => candidate.name === name);
      if (group) return group.members;
      const meant = nearestName(
        name,
        visible.map((candidate) => candidate.name),
      );
      throw new AppError('SP-GROUP-UNKNOWN', { name, meant });
    });
    return [...new Set([...names, ...members])];
  }

  /** One's failure leaves the others alone. */
  async #each(
    names: readonly string[],
    folder: string | undefined,
    wait: { readonly waitMs: number; readonly signal: AbortSignal } | undefined,
    change: (tunnel: ManagedTunnel) => Promise<void>,
  ): Promise<Outcomes> {
    const outcomes = names.map(async (name) => {
      try {
        const tunnel = await this.find(name, folder);
        await change(tunnel);
        if (wait) await this.#settled(tunnel, wait);
        return { name, tunnel: tunnel.entity };
      } catch (error) {
        return { name, error: AppError.from(error).toData() };
      }
    });
    return { outcomes: await Promise.all(outcomes) };
  }

  readonly #waiting = new Set<() => void>();

  /** Told by who passes changes on: whoever waits for a tunnel looks again. */
  wakeWaiting(): void {
    for (const look of [...this.#waiting]) look();
  }

  #settled(tunnel: ManagedTunnel, wait: { waitMs: number; signal: AbortSignal }): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        timer.cancel();
        this.#waiting.delete(look);
        wait.signal.removeEventListener('abort', finish);
        resolve();
      };
      const look = () => {
        if (tunnel.isSettled) finish();
      };
      const timer = this.#options.clock.after(wait.waitMs, finish);
      if (tunnel.isSettled || wait.waitMs === 0 || wait.signal.aborted) return finish();
      this.#waiting.add(look);
      wait.signal.addEventListener('abort', finish, { once: true });
    });
  }

  /** The context is that of now: who makes another one the current context does not mean to move a tunnel. */
  async #newAdHoc(given: AdHoc): Promise<string> {
    const context = given.context ?? (await this.#options.currentContext(given.kubeconfig));
    return this.#adHoc({ ...given, ...(context !== undefined && { context }) }).id;
  }

  #adHoc(given: AdHoc): ManagedTunnel {
    const definition = adHocDefinition(given);
    const known = this.#all.get(definition.id);
    known?.redefine(definition);
    return known ?? this.#add(definition);
  }

  #add(definition: TunnelDefinition): ManagedTunnel {
    const tunnel = new ManagedTunnel(this.#host, definition);
    this.#all.set(definition.id, tunnel);
    this.#options.changed(definition.id, 'state');
    return tunnel;
  }

  /** Every profile has its tunnel; one that is gone loses it, unless it is wanted. */
  #define({ profiles, refused }: ProfileSnapshot): void {
    const listed = new Map(profiles.map((profile) => [profile.id, profile]));
    for (const profile of profiles) {
      const definition = profileDefinition(profile);
      const known = this.#all.get(profile.id);
      if (known) known.redefine(definition);
      else this.#add(definition);
    }
    for (const tunnel of this.all) {
      if (listed.has(tunnel.id) || tunnel.definition.origin.kind === 'ad-hoc') continue;
      const code = refused.some(({ id }) => id === tunnel.id) ? 'SP-PROFILE-INVALID' : 'SP-PROFILE-UNKNOWN';
      tunnel.redefine({
        ...tunnel.definition,
        problem: { code, details: { profile: tunnel.id } },
        trust: undefined,
      });
      this.#dropIfLost(tunnel);
    }
  }

  #dropIfLost(tunnel: ManagedTunnel): void {
    const { definition, id, wanted } = tunnel;
    const isGone = definition.origin.kind === 'ad-hoc' || definition.problem?.code === 'SP-PROFILE-UNKNOWN';
    if (!isGone || wanted !== 'off') return;
    this.#all.delete(id);
    this.#options.gone(id);
  }

  #restored(record: WantedTunnel): ManagedTunnel {
    const { id, adHoc } = record;
    if (adHoc) return this.#adHoc(adHoc);
    const known = this.#all.get(id);
    const problem = known?.definition.problem;
    if (known && !problem) return known;
    // Its port is that of before: a profile that may not start yet must not choose one either.
    const definition = lostDefinition(
      record,
      problem ?? { code: 'SP-PROFILE-UNKNOWN', details: { profile: id } },
    );
    if (!known) return this.#add(definition);
    known.redefine({ ...definition, origin: known.definition.origin, trust: known.definition.trust });
    return known;
  }

  /** On-demand profiles have their ports from the start, unless somebody took them down. */
  async #startOnDemand(): Promise<void> {
    const { wanted, log } = this.#options;
    const starting = this.all.filter(
      ({ id, definition, wanted: now }) =>
        definition.profile.onDemand && !definition.problem && now === 'off' && !wanted.tunnels.has(id),
    );
    for (const tunnel of starting) {
      await tunnel.up().catch((error) => log.warn('on-demand tunnel not started', { error: String(error) }));
    }
  }

  #profileOf(tunnel: ManagedTunnel) {
    const { access, profile, problem } = tunnel.running ?? tunnel.definition;
    if (access.kind !== 'cluster' || problem || profile.namespace === undefined) return undefined;
    return { ...profile, namespace: profile.namespace, cluster: access.cluster };
  }

  #save(tunnel: ManagedTunnel, profile = this.#profileOf(tunnel)): Promise<void> {
    const { wanted } = this.#options;
    const { id, definition, upSinceMs } = tunnel;
    if (tunnel.wanted === 'off') return Promise.resolve();
    const { name, access } = definition;
    const before = wanted.tunnels.get(id);
    return wanted.want({
      id,
      wanted: tunnel.wanted,
      upSinceMs,
      ...(access.kind === 'context' && { adHoc: { ...definition.profile, ...context(access), name } }),
      ...(access.kind === 'cluster' && { profile: profile ?? before?.profile }),
    });
  }

  /** One that is on demand would come back by itself: that it is not wanted has to be remembered. */
  #forget({ id, definition }: ManagedTunnel): Promise<void> {
    const { wanted } = this.#options;
    if (definition.profile.onDemand && definition.origin.kind === 'profile')
      return wanted.want({ id, wanted: 'off' });
    return wanted.drop(id, { forgetPort: definition.origin.kind === 'ad-hoc' });
  }
}

function context({
  kubeconfig,
  context: name,
}: {
  kubeconfig?: string | undefined;
  context?: string | undefined;
}) {
  return { kubeconfig, context: name };
}
