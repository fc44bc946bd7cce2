import { X509Certificate } from 'node:crypto';
import { lastOfAll } from '../audit/all-logs.ts';
import { verifyAll } from '../audit/verify-all.ts';
import { AppError } from '../base/app-error.ts';
import { type Clock, delay } from '../base/clock.ts';
import type { DaemonPlaces } from '../base/daemon-places.ts';
import { Secret } from '../base/secret.ts';
import type { Hello } from '../client/control-view.ts';
import type { ControlHandlers } from '../contract/control.ts';
import { usesGateway } from '../contract/gateway.ts';
import type { ProfileStore } from '../profile/profile-store.ts';
import type { ClusterPool } from './cluster-pool.ts';
import type { ClusterQuestions } from './cluster-questions.ts';
import { copiedString, shownStrings } from './connection-strings.ts';
import type { DaemonAudit } from './daemon-audit.ts';
import type { EventHub } from './event-hub.ts';
import { gatewayLogin } from './gateway-login.ts';
import { type GatewayPasswords, refuseOwnPassword } from './gateway-passwords.ts';
import { whyLost } from './known-profiles.ts';
import type { LocalAuthority } from './local-authority.ts';
import type { ObjectLister } from './objects.ts';
import { type Passwords, refuseUnseen } from './passwords.ts';
import type { PastLines } from './past-lines.ts';
import { type ProfileDesk, profileYaml, refusedYaml } from './profile-desk.ts';
import type { QuestionBoard } from './question-board.ts';
import type { SandboxHost } from './sandbox-host.ts';
import type { SettingsDesk } from './settings-desk.ts';
import type { TunnelSet } from './tunnel-set.ts';

export interface ControlHandlersOptions {
  readonly clock: Clock;
  readonly hello: Hello;
  readonly places: DaemonPlaces;
  /** What `~/` of a socket's path stands for. */
  readonly home: string;
  readonly profiles: ProfileStore;
  readonly tunnels: TunnelSet;
  /** What tunnels were through before this daemon. */
  readonly past: PastLines;
  readonly clusters: ClusterPool;
  readonly cluster: ClusterQuestions;
  readonly objects: ObjectLister;
  readonly desk: ProfileDesk;
  readonly questions: QuestionBoard;
  readonly passwords: Passwords;
  readonly audit: Pick<DaemonAudit, 'status' | 'whenDurable'>;
  readonly gatewayPasswords: GatewayPasswords;
  readonly localAuthority: Pick<LocalAuthority, 'get'>;
  readonly sandbox: SandboxHost;
  readonly settings: SettingsDesk;
  readonly events: EventHub;
  readonly metrics: () => Promise<string>;
  readonly metricsUrl: () => string | undefined;
  readonly invite: () => Promise<{ readonly url: string; readonly expiresAtMs: number }>;
  /** Begins the daemon's end; the answer goes out before it. */
  readonly shutdown: () => void;
}

/** What the daemon does for each operation of the contract. */
export function controlHandlers(options: ControlHandlersOptions): ControlHandlers {
  const {
    hello,
    places,
    profiles,
    tunnels,
    past,
    clusters,
    cluster,
    objects,
    desk,
    questions,
    passwords,
    events,
    sandbox,
    metrics,
    invite,
  } = options;
  const { version, protocol, pid, startedAtMs } = hello;
  /** The project that the person stands in counts from now on. */
  const inFolder = async (folder: string | undefined) => {
    if (folder !== undefined) await profiles.addProject(folder);
  };
  const listed = async (profile: string, folder: string | undefined) => {
    const { id } = await tunnels.find(profile, folder);
    const found = profiles.snapshot.profiles.find((each) => each.id === id);
    if (found) return found;
    const { code, details } = whyLost(profiles, id);
    throw new AppError(code, details);
  };
  return {
    version: async () => ({ version, protocol, pid, startedAtMs }),
    daemon: async () => ({
      version,
      pid,
      startedAtMs,
      residentBytes: process.memoryUsage.rss(),
      tunnelsUp: tunnels.all.filter(({ wanted }) => wanted === 'on').length,
      clusters: [...clusters.clusters],
      subscribers: events.size,
      socket: places.socket,
      log: places.logFile,
      folders: places.folders,
      metricsUrl: options.metricsUrl(),
      audit: options.audit.status,
    }),
    shutdown: async () => {
      options.shutdown();
      return { pid };
    },
    tunnels: async () => ({ tunnels: tunnels.all.map(({ entity }) => entity) }),
    tunnel: async ({ name, folder }) => {
      const { entity, record, definition, connections } = await tunnels.find(name, folder);
      const history = record.historyAfter(await past.history(entity.id));
      const expiresAtMs = entity.gateway ? options.gatewayPasswords.expiresAtMs(definition) : undefined;
      return {
        tunnel: entity,
        history,
        connections,
        ...(expiresAtMs !== undefined && { localPassword: { expiresAtMs } }),
      };
    },
    up: (input, { signal }) => tunnels.up(input, signal),
    down: (input) => tunnels.down(input),
    hold: async ({ lease, waitMs }, { signal }) => {
      await tunnels.leases.hold(lease, { waitMs, signal });
      return {};
    },
    release: async ({ lease }) => {
      await tunnels.leases.release(lease);
      return {};
    },
    restart: (input, { signal }) => tunnels.restart(input, signal),
    pause: (input) => tunnels.pause(input),
    resume: (input, { signal }) => tunnels.resume(input, signal),
    logs: async ({ name, folder, ...asked }, { signal }) => {
      const { id, record } = await tunnels.find(name, folder);
      const lines = await record.lines.read({ ...asked, signal });
      // Who asks for what comes after a line has what was before.
      if (asked.after !== undefined) return { lines };
      return { lines: [...(await past.of(id)), ...lines].slice(-asked.limit) };
    },
    profiles: async ({ folder }) => {
      await inFolder(folder);
      return profiles.snapshot;
    },
    trust: async ({ profile, folder, hash }) => {
      const { id } = await tunnels.find(profile, folder);
      return hash === undefined ? profiles.withdraw(id) : profiles.agree(id, hash);
    },
    reload: async ({ folder, pull, sources }) => {
      await inFolder(folder);
      if (!pull) return profiles.load();
      const gits = profiles.snapshot.sources.filter(({ kind }) => kind === 'git').map(({ key }) => key);
      const pulled = await Promise.allSettled((sources ?? gits).map((key) => profiles.pull(key)));
      const failed = pulled.find((result) => result.status === 'rejected');
      if (failed) throw AppError.from(failed.reason);
      return profiles.load();
    },
    acceptSource: ({ source, commit }) => profiles.accept(source, commit),
    editProfile: ({ edit }) => desk.edit(edit),
    profileYaml: async ({ profile, folder }) => {
      const refused = profiles.refusedOwn(profile);
      return refused ? refusedYaml(refused) : profileYaml(await listed(profile, folder));
    },
    checkProfile: async (input) => desk.check(input),
    importProfiles: (input) => desk.import(input),
    proposeProfile: (input, { signal }) => desk.propose(input, signal),
    strings: async ({ name, folder, shell }) => {
      const { entity, definition } = await tunnels.find(name, folder);
      return { strings: shownStrings({ entity, definition, home: options.home }, shell) };
    },
    connectionString: async ({ name, folder, ask, ...how }, { signal }) => {
      const { entity, definition } = await tunnels.find(name, folder);
      const { gatewayPasswords } = options;
      const login = entity.gateway
        ? await gatewayLogin(definition, { passwords, gatewayPasswords }, { ask, rotate: false, signal })
        : undefined;
      if (login?.kind === 'asked') return login;
      const found = login?.kind === 'found' ? login : undefined;
      return copiedString({ entity, definition, home: options.home }, how, found);
    },
    pods: (input, { signal }) => cluster.pods(input, signal),
    check: (input, { signal }) => cluster.check(input, signal),
    contexts: () => objects.contexts(),
    namespaces: (input, { signal }) => objects.namespaces(input, signal),
    objects: (input, { signal }) => objects.objects(input, signal),
    login: (input, { signal }) => cluster.login(input, signal),
    password: async ({ name, folder, ask, rotate, expiresInMs }, { signal }) => {
      const { definition } = await tunnels.find(name, folder);
      if (usesGateway(definition.profile))
        return gatewayLogin(
          definition,
          { passwords, gatewayPasswords: options.gatewayPasswords },
          { ask, rotate, expiresInMs, signal },
        );
      if (rotate || expiresInMs !== undefined) refuseOwnPassword(definition);
      refuseUnseen(definition);
      const found = await passwords.find(definition, { ask, signal });
      return found.kind === 'found' ? { ...found, password: found.password.reveal() } : found;
    },
    keepPassword: async ({ name, folder, ask, password }) => {
      const { definition } = await tunnels.find(name, folder);
      if (password === undefined) {
        const wasKept = await passwords.forget(definition, { ask });
        return typeof wasKept === 'boolean' ? { kind: 'forgotten', wasKept } : wasKept;
      }
      const kept = await passwords.keep(definition, new Secret(password), { ask });
      return 'kind' in kept ? kept : { kind: 'kept', kept };
    },
    localAuthority: async () => {
      const { certificate, validUntilMs, kept } = await options.localAuthority.get().catch((error) => {
        const { code, details } = AppError.from(error);
        // A question is about a tunnel, and there is none here.
        const next = 'run sallyport password NAME --local of any tunnel in a terminal: it asks for it';
        throw new AppError(code, code === 'SP-PASSPHRASE-REQUIRED' ? { ...details, next } : details);
      });
      const { fingerprint256 } = new X509Certificate(certificate);
      return { certificate, file: places.localAuthorityFile, fingerprint256, validUntilMs, kept };
    },
    questions: async () => ({ questions: questions.all }),
    answer: async ({ question, answer }) => {
      const { tunnel: id } = await questions.answer(question, answer);
      const tunnel = tunnels.get(id);
      if (!tunnel) throw new AppError('SP-TUNNEL-UNKNOWN', { name: id });
      await tunnels.answered(tunnel);
      return { tunnel: tunnel.entity };
    },
    audit: async ({ log, filter, limit }) => {
      // What came before the question is in its answer.
      await options.audit.whenDurable();
      const found = await lastOfAll({ folder: places.auditFolder, log, filter, count: limit });
      return { records: found.map(({ log: name, record }) => ({ log: name, record })) };
    },
    auditVerify: async ({ log }) => {
      await options.audit.whenDurable();
      return { logs: await verifyAll({ folder: places.auditFolder, log }) };
    },
    settings: () => options.settings.read(),
    changeSettings: ({ change }) => options.settings.change(change),
    startSandbox: async ({ waitMs }, { signal }) => {
      const started = sandbox.start();
      // Whoever does not wait is told by events how it ended.
      started.catch(() => {});
      await Promise.race([started, delay(options.clock, waitMs, signal)]);
      return sandbox.status;
    },
    stopSandbox: async () => {
      await sandbox.stop();
      return sandbox.status;
    },
    restartSandboxPod: async () => {
      sandbox.restartPod();
      return sandbox.status;
    },
    wake: async () => {
      clusters.retryNow();
      tunnels.retryNow();
      return {};
    },
    metrics: async () => ({ text: await metrics() }),
    ui: () => invite(),
  };
}
