import { dirname } from 'node:path';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { HandledInput, Outcomes } from '../contract/control.ts';
import type { AdHoc } from '../contract/control-tunnel.ts';
import type { PolicyFloor } from '../contract/policy.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import { localPortOf } from '../profile/local-address.ts';
import type { ProfileStore } from '../profile/profile-store.ts';
import { membersOf, whyLost } from './known-profiles.ts';
import { ManagedTunnel, type TunnelHost } from './managed-tunnel.ts';
import { SettledWait } from './settled-wait.ts';
import {
  adHocDefinition,
  adHocId,
  adHocOf,
  leadsTo,
  lostDefinition,
  profileDefinition,
  type TunnelDefinition,
} from './tunnel-definition.ts';
import { TunnelLeases } from './tunnel-leases.ts';
import type { WantedFile, WantedTunnel } from './wanted-file.ts';
import { forgetVanished, forgetWanted, profileOf, wantedRecord } from './wanted-record.ts';

export interface TunnelSetOptions
  extends Omit<TunnelHost, 'keptPort' | 'isKept' | 'keepPort' | 'agree' | 'changed' | 'ended'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly profiles: ProfileStore;
  readonly wanted: WantedFile;
  readonly changed: (id: string, what: 'state' | 'counters') => void;
  readonly gone: (id: string) => void;
  /** What bounds tunnels that no profile describes. */
  readonly floor: () => PolicyFloor;
  /** Undefined where the kubeconfig names none, or cannot be read; the tunnel then says so. */
  readonly currentContext: (kubeconfig: string | undefined) => Promise<string | undefined>;
}

interface Chosen {
  /** As it was given. */
  readonly name: string;
  readonly find: () => Promise<ManagedTunnel>;
}

type Selection = Pick<HandledInput<'down'>, 'names' | 'groups' | 'all' | 'folder'>;

/** All tunnels of this machine: one for each profile that is known, and ad hoc ones while they are wanted. */
export class TunnelSet implements AsyncDisposable {
  readonly #options: TunnelSetOptions;
  readonly #host: TunnelHost;
  readonly #all = new Map<string, ManagedTunnel>();
  readonly #settled: SettledWait;
  readonly leases: TunnelLeases;
  #unfollow: (() => void) | undefined;

  constructor(options: TunnelSetOptions) {
    const { profiles, wanted, log } = options;
    this.#options = options;
    this.#settled = new SettledWait(options.clock);
    this.leases = new TunnelLeases({
      clock: options.clock,
      giveBack: (id, before) => this.#giveBack(id, before),
    });
    this.#host = {
      ...options,
      keptPort: (id) => wanted.portOf(id),
      isKept: (port, id) =>
        this.all.some(
          (other) =>
            other.id !== id &&
            (localPortOf(other.definition.profile.local) ?? wanted.portOf(other.id)) === port,
        ),
      // Written already to the log when it fails; the port is bound all the same.
      keepPort: (id, port) =>
        void wanted.keepPort(id, port).catch(() => log.warn('port not kept', { tunnel: id })),
      agree: async (id, hash) => void (await profiles.agree(id, hash)),
      ended: (tunnel) => {
        // Not written to the disk: the next daemon finds its limit passed and ends it again.
        forgetWanted(wanted, tunnel).catch(() => log.warn('not forgotten', { tunnel: tunnel.id }));
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

  /** Brings back what was wanted, all ports at once, and follows the profiles, which are loaded already, from now on. */
  async restore(): Promise<void> {
    const { profiles, wanted, log } = this.#options;
    await forgetVanished(wanted, profiles);
    this.#define(profiles.snapshot);
    this.#unfollow = profiles.onChange((snapshot) => {
      this.#define(snapshot);
      void this.#startOnDemand();
    });
    const restoring = [...wanted.tunnels.values()].map(async (record) => {
      // What it keeps from its port is there as soon as its profile is.
      if (record.wanted === 'off') return;
      const tunnel = this.#restored(record);
      const restored = { sinceMs: record.upSinceMs };
      if (record.wanted === 'paused') tunnel.restorePaused(record.upSinceMs);
      else await tunnel.up({ restored });
    });
    const results = await Promise.allSettled([...restoring, this.#startOnDemand()]);
    for (const result of results) {
      if (result.status === 'rejected') log.warn('tunnel not restored', { error: String(result.reason) });
    }
    log.info('wanted tunnels are back', { tunnels: wanted.tunnels.size });
  }

  /** Also one that outlives its profile. Throws SP-TUNNEL-UNKNOWN and SP-PROFILE-INVALID. */
  async find(name: string, folder?: string): Promise<ManagedTunnel> {
    const known = this.#all.get(name);
    if (known) return known;
    const project = await this.#project(folder);
    const found = this.#options.profiles.find(name, project);
    switch (found.kind) {
      case 'found':
        return this.#all.get(found.profile.id) ?? this.#add(profileDefinition(found.profile));
      case 'refused': {
        const valid = this.#all.get(found.id);
        if (valid) return valid;
        const { code, details } = whyLost(this.#options.profiles, found.id);
        throw new AppError(code, details);
      }
      case 'unknown': {
        const wanted = this.#all.get(adHocId(name)) ?? this.#lost(name);
        if (wanted) return wanted;
        const names = this.all.flatMap((tunnel) => [tunnel.definition.name, tunnel.id]);
        throw new AppError('SP-TUNNEL-UNKNOWN', { name, meant: found.meant ?? nearestName(name, names) });
      }
    }
  }

  async up(input: HandledInput<'up'>, signal: AbortSignal): Promise<Outcomes> {
    const { confirmed, reason, prolong, lease, waitMs } = input;
    const chosen = await this.#chosen(input, ({ definition }) => !definition.problem);
    const adHoc = input.adHoc.map((given) => ({
      name: adHocId(given.name),
      find: () => this.#newAdHoc(given),
    }));
    return this.#each([...chosen, ...adHoc], { waitMs, signal }, async (tunnel) => {
      try {
        if (lease) this.leases.take(lease, tunnel.id, tunnel.wanted);
        else this.leases.keep(tunnel.id);
        await tunnel.up({ confirmed, reason, prolong });
        if (!lease) await this.#save(tunnel);
      } finally {
        this.#dropIfLost(tunnel);
      }
    });
  }

  async down(input: Selection): Promise<Outcomes> {
    const chosen = await this.#chosen(input, ({ wanted }) => wanted !== 'off');
    return this.#each(chosen, undefined, async (tunnel) => {
      this.leases.keep(tunnel.id);
      await this.#takeDown(tunnel);
    });
  }

  async restart(input: HandledInput<'restart'>, signal: AbortSignal): Promise<Outcomes> {
    const chosen = await this.#chosen(input, ({ wanted }) => wanted === 'on');
    return this.#each(chosen, { waitMs: input.waitMs, signal }, async (tunnel) => {
      await tunnel.restart();
      await this.#save(tunnel);
    });
  }

  async pause(input: Selection): Promise<Outcomes> {
    const chosen = await this.#chosen(input, ({ wanted }) => wanted === 'on');
    return this.#each(chosen, undefined, async (tunnel) => {
      if (tunnel.wanted === 'off') return;
      this.leases.keep(tunnel.id);
      const profile = profileOf(tunnel);
      await tunnel.down('paused');
      await this.#save(tunnel, profile);
    });
  }

  async resume(input: HandledInput<'resume'>, signal: AbortSignal): Promise<Outcomes> {
    const chosen = await this.#chosen(input, ({ wanted }) => wanted === 'paused');
    return this.#each(chosen, { waitMs: input.waitMs, signal }, async (tunnel) => {
      if (tunnel.wanted !== 'paused') return;
      await tunnel.up();
      await this.#save(tunnel);
    });
  }

  /** A question of its was answered: what is wanted may be another. */
  async answered(tunnel: ManagedTunnel): Promise<void> {
    if (tunnel.wanted !== 'off') return this.#save(tunnel);
    await forgetWanted(this.#options.wanted, tunnel);
    this.#dropIfLost(tunnel);
  }

  /** The audit log can be written again, or cannot any more. */
  auditChanged(): void {
    for (const tunnel of this.all) tunnel.auditChanged();
  }

  /** What bounds tunnels that no profile describes is another; those that run take it up when they start again, and say so. */
  floorChanged(): void {
    for (const tunnel of this.all) {
      const given = adHocOf(tunnel.definition);
      if (given) tunnel.redefine(adHocDefinition(given, this.#options.floor()));
      this.#options.changed(tunnel.id, 'state');
    }
  }

  retryNow(): void {
    for (const tunnel of this.#all.values()) tunnel.retryNow();
  }

  /** Told by who passes changes on: whoever waits for a tunnel looks again. */
  wakeWaiting(): void {
    this.#settled.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leases[Symbol.dispose]();
    this.#unfollow?.();
    const ended = await Promise.allSettled(this.all.map((tunnel) => tunnel[Symbol.asyncDispose]()));
    const failures = ended.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures, 'tunnels did not end cleanly');
  }

  /** The one tunnel of a name whose profile is gone. */
  #lost(name: string): ManagedTunnel | undefined {
    const [first, ...others] = this.all.filter(
      ({ definition }) => definition.name === name && definition.problem?.code === 'SP-PROFILE-UNKNOWN',
    );
    return others.length === 0 ? first : undefined;
  }

  async #project(folder: string | undefined): Promise<string | undefined> {
    if (folder === undefined) return undefined;
    return (await this.#options.profiles.addProject(folder)).file;
  }

  /** What the names and groups mean; `all` are those that the operation would change. */
  async #chosen(
    { names, groups, all, folder }: Selection,
    counts: (tunnel: ManagedTunnel) => boolean,
  ): Promise<Chosen[]> {
    const project = await this.#project(folder);
    const named = (name: string) => ({ name, find: () => this.find(name, folder) });
    if (all) return this.all.filter(counts).map(({ id }) => named(id));
    const members = membersOf(groups, { known: this.#options.profiles.snapshot.groups, project });
    return [...new Set([...names, ...members])].map(named);
  }

  /** One's failure leaves the others alone. */
  async #each(
    chosen: readonly Chosen[],
    wait: { readonly waitMs: number; readonly signal: AbortSignal } | undefined,
    change: (tunnel: ManagedTunnel) => Promise<void>,
  ): Promise<Outcomes> {
    const outcomes = chosen.map(async ({ name, find }) => {
      try {
        const tunnel = await find();
        await change(tunnel);
        if (wait) await this.#settled.until(tunnel, wait);
        return { name, tunnel: tunnel.entity };
      } catch (error) {
        return { name, error: AppError.from(error).toData() };
      }
    });
    return { outcomes: await Promise.all(outcomes) };
  }

  /** The context is that of now: who makes another one the current context does not mean to move a tunnel. */
  async #newAdHoc(given: AdHoc): Promise<ManagedTunnel> {
    const context = given.context ?? (await this.#options.currentContext(given.kubeconfig));
    return this.#adHoc({ ...given, ...(context !== undefined && { context }) });
  }

  /** A name leads to one place as long as it is up: its clients must not find themselves at another. Throws SP-TUNNEL-TAKEN. */
  #adHoc(given: AdHoc): ManagedTunnel {
    const definition = adHocDefinition(given, this.#options.floor());
    const known = this.#all.get(definition.id);
    if (known && known.definition.digest !== definition.digest) {
      throw new AppError('SP-TUNNEL-TAKEN', { name: given.name, leadsTo: leadsTo(known.definition) });
    }
    // What bounds it may be another by now.
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
  #define({ profiles }: ProfileSnapshot): void {
    const listed = new Map(profiles.map((profile) => [profile.id, profile]));
    for (const profile of profiles) {
      const definition = profileDefinition(profile);
      const known = this.#all.get(profile.id);
      if (known) known.redefine(definition);
      else this.#add(definition);
    }
    for (const tunnel of this.all) {
      if (listed.has(tunnel.id) || tunnel.definition.origin.kind === 'ad-hoc') continue;
      tunnel.redefine({
        ...tunnel.definition,
        problem: whyLost(this.#options.profiles, tunnel.id),
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
    const definition = lostDefinition(record, problem ?? whyLost(this.#options.profiles, id));
    if (!known) return this.#add(definition);
    known.redefine({ ...definition, origin: known.definition.origin, trust: known.definition.trust });
    return known;
  }

  async #takeDown(tunnel: ManagedTunnel): Promise<void> {
    await Promise.all([tunnel.down(), forgetWanted(this.#options.wanted, tunnel)]);
    this.#dropIfLost(tunnel);
  }

  async #giveBack(id: string, before: 'off' | 'paused'): Promise<void> {
    const tunnel = this.#all.get(id);
    if (!tunnel || tunnel.wanted === 'off') return;
    if (before === 'off') await this.#takeDown(tunnel);
    else await tunnel.down('paused');
  }

  /** On-demand profiles have their ports from the start, unless somebody took them down. */
  async #startOnDemand(): Promise<void> {
    const { wanted, log } = this.#options;
    const starting = this.all.filter(
      ({ id, definition, wanted: now }) =>
        definition.profile.onDemand && !definition.problem && now === 'off' && !wanted.tunnels.has(id),
    );
    for (const tunnel of starting) {
      await tunnel
        .up({ unasked: true })
        .catch((error) => log.warn('on-demand tunnel not started', { error: String(error) }));
    }
    const projects = this.all.flatMap(({ definition: { origin, profile }, wanted: now }) =>
      origin.kind === 'profile' && origin.sourceKind === 'project' && profile.onDemand && now === 'on'
        ? [dirname(origin.source)]
        : [],
    );
    await wanted.keepProjects(projects).catch(() => log.warn('projects not kept'));
  }

  #save(tunnel: ManagedTunnel, profile = profileOf(tunnel)): Promise<void> {
    const { wanted } = this.#options;
    const { id } = tunnel;
    // One on lease ends with the daemon, and is asked for again by who has it.
    if (tunnel.wanted === 'off' || this.leases.has(id)) return Promise.resolve();
    return wanted.want(wantedRecord(tunnel, profile ?? wanted.tunnels.get(id)?.profile));
  }
}
