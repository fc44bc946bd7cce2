import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Allow } from './access.ts';
import { sandboxNode } from './admission.ts';
import { ApiFaults } from './api-faults.ts';
import { ApiServer, type AuditEntry } from './api-server.ts';
import { issueCertificates } from './certificates.ts';
import type { StartContainer } from './container.ts';
import { Controllers } from './controllers.ts';
import { Tokens } from './identity.ts';
import { type Manifest, pluralOf } from './kube-object.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { Kubelet } from './kubelet.ts';
import { netserverManifest } from './manifest.ts';
import { startNetserver } from './netserver.ts';
import { Network } from './network.ts';
import { ObjectStore } from './object-store.ts';
import { PodControls } from './pod-controls.ts';
import { PortForward } from './port-forward.ts';
import { PostgresImage } from './postgres.ts';
import { Resources } from './resources.ts';
import { SessionFaults } from './session-faults.ts';

export interface SandboxOptions {
  /** A private folder; made if absent. The sandbox writes its kubeconfig and its pods' data there and removes both at its end. */
  readonly dir: string;
  /** Of the API server on 127.0.0.1. Default 0: a free one. */
  readonly port?: number;
  readonly clock?: Clock;
  /** Objects to begin with. Default: one netserver pod (StatefulSet and Service `net`). */
  readonly manifest?: readonly Manifest[];
  /** The namespace of the kubeconfig's contexts. Default `default`. */
  readonly namespace?: string;
  /** RBAC to begin with. Default: everything is allowed. Change it later by controls.setAccess. */
  readonly allow?: Allow;
}

export interface SandboxControls {
  /** The transport: silence, deliver, delay, reset, halfClose, down. */
  readonly network: Network;
  /** Answers of the API server: 401, 429, 503. */
  readonly api: ApiFaults;
  readonly sessions: SessionFaults;
  readonly pods: PodControls;
  readonly tokens: Tokens;
  readonly store: ObjectStore;
  /** Replaces the RBAC rules. */
  setAccess(allow: Allow): void;
  /** Adds objects. Throws a StatusError as the API would answer. */
  create(...manifests: readonly Manifest[]): void;
  /** Every watch ends with an ERROR 410, and no older version can be resumed from. */
  expireWatches(): void;
  /** Every watch ends in the regular way, as each does after a while. */
  closeWatches(): void;
  openWatches(): number;
  audit(): readonly AuditEntry[];
  auditIds(): readonly string[];
}

export interface Sandbox extends AsyncDisposable {
  /** Contexts: `sandbox` (client certificate of sandbox-admin) and `token` (bearer token of dev@example.com). */
  readonly kubeconfigPath: string;
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly controls: SandboxControls;
  stop(): Promise<void>;
}

const host = '127.0.0.1';
export const sandboxToken = { user: 'dev@example.com', groups: ['developers'] } as const;

/**
 * Starts an embedded cluster in this process and resolves when its API server answers; pods may still be starting. Rejects with
 * SP-SANDBOX-START, and then leaves nothing behind.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const {
    dir,
    port = 0,
    clock = systemClock,
    namespace = 'default',
    manifest = netserverManifest(),
  } = options;
  let allow: Allow = options.allow ?? (() => true);
  await using starting = new AsyncDisposableStack();
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const certificates = issueCertificates([host, 'localhost']);
    const store = new ObjectStore(clock);
    const tokens = new Tokens(clock);
    const api = new ApiFaults();
    const sessions = new SessionFaults();
    const postgres = starting.use(new PostgresImage(dir));
    const images: Record<string, StartContainer> = {
      netserver: startNetserver,
      postgres: (start) => postgres.start(start),
    };
    const kubelet = starting.use(new Kubelet({ store, clock, nodeName: sandboxNode, images }));
    const controllers = starting.adopt(new Controllers(store), (each) => each.stop());
    const portForward = starting.use(new PortForward({ store, kubelet, clock, faults: sessions }));
    const apiServer = starting.use(
      new ApiServer({
        store,
        clock,
        certificates,
        tokens,
        faults: api,
        portForward,
        allow: (identity, access) => allow(identity, access),
      }),
    );
    const targetPort = await apiServer.listen(host);
    const network = starting.use(new Network({ clock, host, targetPort }));
    sessions.useNetwork(network);
    await network.listen(port);

    const server = `https://${host}:${network.port}`;
    const kubeconfigPath = join(dir, 'kubeconfig');
    starting.defer(() => rm(kubeconfigPath, { force: true }));
    const users = {
      sandbox: certificates.issueClient({ user: 'sandbox-admin', groups: ['system:masters'] }),
      token: { token: tokens.issue(sandboxToken) },
    };
    const text = kubeconfigText({ server, ca: certificates.ca, namespace, users });
    await writeFile(kubeconfigPath, text, { mode: 0o600 });

    const resources = new Resources({ store, clock });
    const create = (...manifests: readonly Manifest[]) => {
      for (const each of manifests) {
        const plural = pluralOf(each);
        if (!plural) throw new Error(`the sandbox keeps no ${each.kind} of ${each.apiVersion}`);
        resources.create(plural, each, '');
      }
    };
    kubelet.start();
    controllers.start();
    create(
      ...['default', ...new Set(manifest.map((each) => each.metadata.namespace ?? 'default'))]
        .filter((name, index, all) => all.indexOf(name) === index)
        .map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
      { apiVersion: 'v1', kind: 'Node', metadata: { name: sandboxNode } },
      ...manifest,
    );

    const running = starting.move();
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= running.disposeAsync();
      return stopped;
    };
    return {
      kubeconfigPath,
      server,
      ca: certificates.ca,
      controls: {
        network,
        api,
        sessions,
        pods: new PodControls({ store, kubelet, faults: sessions, clock }),
        tokens,
        store,
        setAccess: (rules) => {
          allow = rules;
        },
        create,
        expireWatches: () => apiServer.expireWatches(),
        closeWatches: () => apiServer.closeWatches(),
        openWatches: () => apiServer.openWatches,
        audit: () => apiServer.audit,
        auditIds: () => apiServer.audit.map(({ auditId }) => auditId),
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new AppError('SP-SANDBOX-START', { message }, error);
  }
}
