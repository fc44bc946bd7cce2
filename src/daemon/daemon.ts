import { join } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { type Clock, inTime, systemClock } from '../base/clock.ts';
import type { DaemonPlaces } from '../base/daemon-places.ts';
import { isPortFree } from '../base/free-port.ts';
import { createLog, type LogLevel } from '../base/log.ts';
import { protocolVersion } from '../contract/control-protocol.ts';
import { createKubeApi } from '../kube/http-kube-api.ts';
import { loadKubeconfig } from '../kube/kubeconfig.ts';
import { DaemonMetrics } from '../metrics/daemon-metrics.ts';
import { createPeerFinder } from '../peer/peer-finder.ts';
import { StatementReader } from '../postgres/statement-reader.ts';
import type { Keychain } from '../secret/keychain.ts';
import { SystemKeychain } from '../secret/system-keychain.ts';
import { checkTarget } from '../target/check-target.ts';
import { createApprove } from './approval-command.ts';
import { Certificates } from './certificates.ts';
import { ClusterPool } from './cluster-pool.ts';
import { ClusterQuestions } from './cluster-questions.ts';
import { contextFinder } from './context-finder.ts';
import { controlHandlers } from './control-handlers.ts';
import { createControlServer } from './control-server.ts';
import { closeServer, listenOn } from './control-socket.ts';
import { DaemonAudit } from './daemon-audit.ts';
import { EventHub } from './event-hub.ts';
import { GatewayPasswords } from './gateway-passwords.ts';
import { acquireInstanceLock } from './instance-lock.ts';
import { keptEnvironment } from './kept-environment.ts';
import { LiveSettings } from './live-settings.ts';
import { LocalAuthority } from './local-authority.ts';
import { LogFile } from './log-file.ts';
import { LoopbackPage } from './loopback-page.ts';
import { openMetricsEndpoint } from './metrics-endpoint.ts';
import { ObjectLister } from './objects.ts';
import { passwordStore } from './password-store.ts';
import { Passwords } from './passwords.ts';
import { PastLines } from './past-lines.ts';
import { ensurePrivateFolder } from './private-folder.ts';
import { ProfileDesk } from './profile-desk.ts';
import { profileStore } from './profile-sources.ts';
import { QuestionBoard } from './question-board.ts';
import { RequestCallers } from './request-callers.ts';
import { RequestRecord } from './request-record.ts';
import { forgetFormerSandbox, SandboxHost } from './sandbox-host.ts';
import { metricsTokenFile, passwordsKeptIn } from './settings.ts';
import { SettingsDesk } from './settings-desk.ts';
import { TunnelSet } from './tunnel-set.ts';
import { WantedFile } from './wanted-file.ts';
import { projectsOf } from './wanted-record.ts';

export interface DaemonOptions {
  readonly places: DaemonPlaces;
  readonly version: string;
  /** KUBECONFIG and proxies; credential plugins and git get it too. */
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** The built page; without one a browser is told so. */
  readonly pageFolder?: string | undefined;
  /** What runs a sandbox in the foreground, where people may try one. */
  readonly sandboxCommand?: readonly [string, ...string[]];
  readonly logLevel?: LogLevel;
  /** Also told each line of the log, as in the foreground. */
  readonly onLogLine?: ((line: string) => void) | undefined;
  readonly clock?: Clock;
  /** Default: that of the system. */
  readonly keychain?: Keychain;
  /** Where files that are made here find their schema. */
  readonly schemaLocation?: string;
}

/** A daemon that answers. Disposing it ends it: what is wanted stays wanted. */
export interface Daemon extends AsyncDisposable {
  readonly socket: string;
  /** Aborts when a client asks the daemon to end. */
  readonly asked: AbortSignal;
}

/** A clean end may take this long; then what is left is left to the end of the process. */
const endTimeoutMs = 5_000;

/**
 * Runs the daemon until `signal` or a client ends it. Throws SP-DAEMON-RUNNING, SP-FOLDER-UNSAFE, SP-STATE-UNREADABLE, SP-USAGE (settings)
 * when it cannot start.
 */
export async function runDaemon(
  options: DaemonOptions & { readonly onReady?: () => void },
  signal: AbortSignal,
) {
  const { clock = systemClock, onReady } = options;
  const daemon = await startDaemon(options);
  onReady?.();
  const ending = AbortSignal.any([signal, daemon.asked]);
  if (!ending.aborted) {
    await new Promise<void>((resolve) => ending.addEventListener('abort', () => resolve(), { once: true }));
  }
  await inTime(clock, endTimeoutMs, daemon[Symbol.asyncDispose]());
}

/** Starts a daemon in this process; its ports are bound and its socket answers when it resolves. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { places, version, home, clock = systemClock } = options;
  const { folders } = places;
  for (const path of [folders.data, folders.log, folders.cache, places.runtime])
    await ensurePrivateFolder(path);
  await ensurePrivateFolder(folders.config, { readable: true });

  await using starting = new AsyncDisposableStack();
  const file = starting.use(new LogFile({ path: places.logFile }));
  const log = createLog(options.logLevel ?? 'info', (line) => {
    file.write(line);
    options.onLogLine?.(line);
  });
  try {
    starting.use(await acquireInstanceLock({ folder: places.runtime, version, clock }));
    const asked = new AbortController();
    const wanted = new WantedFile({ path: places.wantedFile, log });
    // On-demand tunnels are up without having been asked for; before there are tunnels, what is wanted says it alone.
    let all = (): TunnelSet['all'] => [];
    const isProjectInUse = (file: string) =>
      [...wanted.tunnels.values(), ...all()].some(
        ({ id, wanted: now }) => now !== 'off' && id.startsWith(`${file}/`),
      );
    const live = starting.use(new LiveSettings({ path: places.settingsFile, clock, log }));
    const floor = () => live.current.policy ?? {};
    const profiles = starting.use(profileStore({ options, log, clock, isProjectInUse, floor }));
    starting.defer(
      live.onChange(() => {
        profiles.load().catch((error) => log.warn('profiles-not-loaded', { error: String(error) }));
      }),
    );
    const [settings] = await Promise.all([live.load(), wanted.load()]);
    // Projects are known by where somebody stood; those of wanted tunnels are looked up again.
    await profiles.addProjects(projectsOf(wanted));
    await profiles.watch();
    starting.defer(() => wanted.saved().catch(() => {}));
    const env = await keptEnvironment({
      path: join(folders.data, 'environment.json'),
      env: options.env,
      isWanted: [...wanted.tunnels.values()].some((tunnel) => tunnel.wanted !== 'off'),
      log,
    });

    const startedAtMs = clock.wallMs();
    const hello = {
      event: 'hello',
      protocol: protocolVersion,
      version,
      pid: process.pid,
      startedAtMs,
    } as const;
    const systemKeychain = options.keychain ?? new SystemKeychain({ clock });
    const keepsInKeychain = passwordsKeptIn(settings) === 'keychain';
    // Before whatever it records, so that it ends after it.
    const audit = starting.use(
      new DaemonAudit({
        places,
        settings: settings.audit,
        keychain: keepsInKeychain ? systemKeychain : undefined,
        clock,
        log,
        version,
        home,
      }),
    );
    audit.profilesAre(profiles.snapshot);
    starting.defer(profiles.onChange((snapshot) => audit.profilesAre(snapshot)));
    void audit.start();
    const userAgent = () =>
      `sallyport/${version} (daemon; ${process.platform}; ${process.arch})${audit.stamp}`;
    const clusters: ClusterPool = starting.use(
      new ClusterPool({
        clock,
        log,
        onWatchBreak: () => metrics.watchRestarted(),
        onSession: (event, api) => audit.session(event, api),
        createApi: ({ kubeconfig, context }, ask) =>
          createKubeApi({
            kubeconfig,
            context,
            env,
            clock,
            log,
            userAgent,
            stdinIsTerminal: () => false,
            ...ask,
          }),
      }),
    );
    const contextOf = contextFinder({ clusters, env, clock });
    const questions = new QuestionBoard(clock, {
      onAsked: (question) => events.questionAsked(question),
      onGone: (id) => events.questionGone(id),
    });
    const store = passwordStore(settings, { folder: folders.data, keychain: systemKeychain });
    const passwords = starting.use(
      new Passwords({
        clock,
        log,
        env,
        home,
        clusters,
        contextOf,
        questions,
        onRead: (...read) => audit.secretRead(...read),
        ...store,
      }),
    );
    const certificates = new Certificates({
      log,
      home,
      clusters,
      contextOf,
      onRead: (...read) => audit.secretRead(...read),
    });
    const gatewayPasswords = new GatewayPasswords({ keychain: store.keychain, clock, log });
    const localAuthority = new LocalAuthority({
      keychain: store.keychain,
      file: places.localAuthorityFile,
      clock,
      log,
    });
    const peers = starting.use(createPeerFinder({ clock }));
    const statements = starting.use(new StatementReader({ clock, log }));
    const tunnels: TunnelSet = starting.use(
      new TunnelSet({
        clock,
        log,
        home,
        clusters,
        questions,
        passwords,
        certificates,
        gatewayPasswords,
        localAuthority,
        peers,
        statements,
        profiles,
        wanted,
        contextOf,
        audit,
        floor,
        approve: createApprove({ settings: () => live.current.approval, clock, env, home }),
        recovered: (gapMs) => metrics.recovered(gapMs),
        changed: (id, what) => {
          events.tunnelChanged(id, what);
          if (what === 'state') tunnels.wakeWaiting();
        },
        gone: (id) => events.tunnelGone(id),
        currentContext: (kubeconfig) =>
          loadKubeconfig({ flag: kubeconfig, env }).then(
            ({ currentContext }) => currentContext || undefined,
            () => undefined,
          ),
      }),
    );
    all = () => tunnels.all;
    const sandbox: SandboxHost = starting.use(
      new SandboxHost({
        command: options.sandboxCommand,
        env: options.env,
        clock,
        log,
        tunnels,
        changed: (status) => events.sandboxChanged(status),
      }),
    );
    const events = starting.use(
      new EventHub({
        clock,
        hello,
        tunnels: () => tunnels.all.map(({ entity }) => entity),
        tunnel: (id) => tunnels.get(id)?.entity,
        questions: () => questions.all,
        profiles: () => profiles.snapshot,
        sandbox: () => sandbox.status,
      }),
    );
    const metrics = new DaemonMetrics({
      version,
      tunnels: () => tunnels.all.map(({ entity }) => entity),
      audit: () => audit.status,
    });
    starting.defer(audit.onState(() => tunnels.auditChanged()));
    starting.defer(live.onChange(() => tunnels.floorChanged()));
    await forgetFormerSandbox(wanted);
    await tunnels.restore();
    starting.defer(profiles.onChange((snapshot) => events.profilesChanged(snapshot)));

    const requests = new RequestRecord(audit.gathered);
    const callers = new RequestCallers({ peers, clock });
    let metricsUrl: string | undefined;
    const page = new LoopbackPage({
      clock,
      log,
      peers,
      pageFolder: options.pageFolder,
      createServer: (guard) =>
        createControlServer({
          ...server,
          guard,
          without: ['ui', 'password'],
          isPage: true,
          onRequest: ({ socket, ...request }, error) =>
            requests.tell({ ...request, by: callers.onPage(socket) }, error),
        }),
    });
    const objects = new ObjectLister({ clock, clusters, kubeconfig: () => loadKubeconfig({ env }) });
    const handlers = controlHandlers({
      clock,
      hello,
      places,
      home,
      profiles,
      tunnels,
      past: new PastLines({ path: places.logFile, beforeMs: startedAtMs }),
      clusters,
      questions,
      passwords,
      audit,
      gatewayPasswords,
      localAuthority,
      sandbox,
      settings: new SettingsDesk({ places, inUse: settings }),
      events,
      cluster: new ClusterQuestions({ clock, clusters, tunnels, contextOf, passwords }),
      objects,
      desk: new ProfileDesk({
        profiles,
        objects,
        checkTarget,
        keptPorts: () => tunnels.all.flatMap(({ entity: { localPort } }) => localPort ?? []),
        isPortFree,
        takeDown: async (id) => {
          if (tunnels.get(id)) await tunnels.down({ names: [id], groups: [], all: false });
        },
      }),
      metrics: () => metrics.text(),
      metricsUrl: () => metricsUrl,
      invite: () => page.invite(),
      // After the answer.
      shutdown: () => void setImmediate(() => asked.abort()),
    });
    const server = { handlers, events, metrics: () => metrics.text(), version, log };
    const control = await createControlServer({
      ...server,
      onRequest: ({ socket, ...request }, error) =>
        requests.tell({ ...request, by: callers.onSocket(socket) }, error),
    });
    starting.defer(() => closeServer(control));
    starting.use(page);
    await listenOn(control, places.socket);
    if (settings.metrics) {
      const { port } = settings.metrics;
      const tokenFile = metricsTokenFile(places);
      const endpoint = await openMetricsEndpoint({ port, tokenFile, text: () => metrics.text() }).catch(
        (error) =>
          // Tunnels come before their figures.
          log.warn('metrics not offered', { port, error: String(error) }),
      );
      if (endpoint) metricsUrl = starting.use(endpoint).url;
    }
    log.info('daemon ready', { version, pid: process.pid, socket: places.socket });

    const running = starting.move();
    let ended: Promise<void> | undefined;
    return {
      socket: places.socket,
      asked: asked.signal,
      [Symbol.asyncDispose]: () => {
        log.info('daemon ends');
        ended ??= running.disposeAsync();
        return ended;
      },
    };
  } catch (error) {
    const { code, details } = AppError.from(error);
    log.warn('daemon not started', { code, ...details });
    throw error;
  }
}
