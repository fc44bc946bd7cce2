import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { createInterface } from 'node:readline';
import { KubeConfig } from '@kubernetes/client-node';
import type { KubeObject } from './manifests.ts';

/** Where the API keeps each kind that the suites use: path prefix, plural, whether it lives in a namespace. */
const kinds: Readonly<Record<string, readonly [prefix: string, plural: string, namespaced: boolean]>> = {
  Namespace: ['/api/v1', 'namespaces', false],
  Pod: ['/api/v1', 'pods', true],
  Service: ['/api/v1', 'services', true],
  ConfigMap: ['/api/v1', 'configmaps', true],
  Secret: ['/api/v1', 'secrets', true],
  StatefulSet: ['/apis/apps/v1', 'statefulsets', true],
  Deployment: ['/apis/apps/v1', 'deployments', true],
  Role: ['/apis/rbac.authorization.k8s.io/v1', 'roles', true],
  RoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'rolebindings', true],
  ValidatingAdmissionPolicy: ['/apis/admissionregistration.k8s.io/v1', 'validatingadmissionpolicies', false],
  ValidatingAdmissionPolicyBinding: [
    '/apis/admissionregistration.k8s.io/v1',
    'validatingadmissionpolicybindings',
    false,
  ],
};

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number; readonly ready: boolean }[];
  };
}

interface ObjectName {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The suites' own way to the API server, apart from src/kube, which is under test. Waits by watching. */
export class ClusterApi implements Disposable {
  readonly #server: URL;
  readonly #credentials: RequestOptions;
  readonly #agent: Agent;

  private constructor(server: URL, credentials: RequestOptions, agent: Agent) {
    this.#server = server;
    this.#credentials = credentials;
    this.#agent = agent;
  }

  static async load(kubeconfig: string): Promise<ClusterApi> {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    const server = config.getCurrentCluster()?.server;
    if (!server) throw new Error(`${kubeconfig} names no current cluster`);
    const credentials: RequestOptions = {};
    await config.applyToHTTPSOptions(credentials);
    const { ca, cert, key } = credentials;
    const agent = new Agent({
      keepAlive: true,
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
    });
    return new ClusterApi(new URL(server), { ...credentials, agent }, agent);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /** Creates or changes objects by server-side apply, in order. */
  async apply(...objects: readonly KubeObject[]): Promise<void> {
    for (const object of objects) {
      const path = objectPath({ kind: object.kind, ...object.metadata });
      await this.#json({ method: 'PATCH', path: `${path}?fieldManager=suite&force=true`, body: object });
    }
  }

  async get<T>(name: ObjectName): Promise<T> {
    return (await this.#json({ method: 'GET', path: objectPath(name) })) as T;
  }

  /** Asks for the deletion; what is not there is no error. Does not wait. */
  async delete(name: ObjectName, options: { gracePeriodSeconds?: number } = {}): Promise<void> {
    const query =
      options.gracePeriodSeconds === undefined ? '' : `?gracePeriodSeconds=${options.gracePeriodSeconds}`;
    const response = await this.#send({ method: 'DELETE', path: objectPath(name) + query });
    const text = await bodyOf(response);
    const status = response.statusCode ?? 0;
    if (status >= 400 && status !== 404)
      throw new Error(`DELETE ${name.kind}/${name.name}: ${status} ${text}`);
  }

  /** Resolves with the object (undefined: it does not exist) once `accept` says so, after the first look or any change. */
  async until<T>(
    name: ObjectName,
    accept: (object: T | undefined) => boolean,
    timeoutMs = 60_000,
  ): Promise<T | undefined> {
    const signal = AbortSignal.timeout(timeoutMs);
    const [prefix, plural, namespaced] = kindOf(name.kind);
    const collection = namespaced
      ? `${prefix}/namespaces/${name.namespace}/${plural}`
      : `${prefix}/${plural}`;
    const selector = `fieldSelector=metadata.name%3D${name.name}`;
    for (;;) {
      const list = (await this.#json({ method: 'GET', path: `${collection}?${selector}`, signal })) as {
        metadata: { resourceVersion: string };
        items: T[];
      };
      if (accept(list.items[0])) return list.items[0];
      const from = `resourceVersion=${list.metadata.resourceVersion}`;
      const response = await this.#send({
        method: 'GET',
        path: `${collection}?watch=1&${selector}&${from}`,
        signal,
      });
      try {
        for await (const line of createInterface({ input: response })) {
          const event = JSON.parse(line) as { type: string; object: T };
          if (event.type === 'ERROR') break;
          const object = event.type === 'DELETED' ? undefined : event.object;
          if (accept(object)) return object;
        }
      } catch (error) {
        if (signal.aborted)
          throw new Error(`${name.kind}/${name.name} is not as wanted after ${timeoutMs} ms`);
        throw error;
      } finally {
        response.destroy();
      }
    }
  }

  /** The ready pod of this name; with `replacing`, one with another UID. */
  async readyPod(
    pod: { namespace: string; name: string; replacing?: string },
    timeoutMs?: number,
  ): Promise<Pod> {
    const accept = (found: Pod | undefined) =>
      found !== undefined &&
      found.metadata.uid !== pod.replacing &&
      !found.metadata.deletionTimestamp &&
      isReady(found);
    const found = await this.until<Pod>({ kind: 'Pod', ...pod }, accept, timeoutMs);
    if (!found) throw new Error(`pod ${pod.name} was not found`);
    return found;
  }

  /** Waits until a controller's pods are all there, of its latest revision and ready. */
  async rolledOut(workload: {
    kind: 'StatefulSet' | 'Deployment';
    namespace: string;
    name: string;
  }): Promise<void> {
    await this.until<Rollout>(workload, (object) => object !== undefined && isRolledOut(object));
  }

  /** Asks for an object until the API server no longer accepts the credentials: it caches an answer about a token for a time. */
  async refused(name: ObjectName): Promise<void> {
    await this.#ask({ method: 'GET', path: objectPath(name) }, (status) => status === 401);
  }

  /** Asks to port-forward, without an upgrade, until admission policies deny it (or no longer do): they take effect after a time. */
  async admission({
    namespace,
    pod,
    denied,
  }: {
    namespace: string;
    pod: string;
    denied: boolean;
  }): Promise<void> {
    const path = `${objectPath({ kind: 'Pod', namespace, name: pod })}/portforward`;
    await this.#ask({ method: 'POST', path }, (status) => (status === 422 || status === 403) === denied);
  }

  async #ask(options: ApiRequest, accept: (status: number) => boolean): Promise<void> {
    const signal = AbortSignal.timeout(30_000);
    for (;;) {
      const response = await this.#send({ ...options, signal });
      await bodyOf(response);
      if (accept(response.statusCode ?? 0)) return;
    }
  }

  async #json(options: ApiRequest): Promise<unknown> {
    const response = await this.#send(options);
    const text = await bodyOf(response);
    const status = response.statusCode ?? 0;
    if (status >= 300) throw new Error(`${options.method} ${options.path}: ${status} ${text}`);
    return JSON.parse(text);
  }

  #send({ method, path, body, signal }: ApiRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
      const sent = request(
        new URL(path, this.#server),
        {
          ...this.#credentials,
          method,
          headers: { 'Content-Type': type, ...this.#credentials.headers },
          signal,
        },
        resolve,
      );
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

interface Rollout {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly replicas?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
  };
}

function isRolledOut({ metadata, spec, status }: Rollout): boolean {
  return (
    status !== undefined &&
    (status.observedGeneration ?? 0) >= metadata.generation &&
    status.replicas === spec.replicas &&
    (status.readyReplicas ?? 0) === spec.replicas &&
    (status.updatedReplicas ?? 0) === spec.replicas &&
    status.currentRevision === status.updateRevision
  );
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

function kindOf(kind: string) {
  const known = kinds[kind];
  if (!known) throw new Error(`the suites know no path for ${kind}`);
  return known;
}

function objectPath({ kind, name, namespace }: ObjectName): string {
  const [prefix, plural, namespaced] = kindOf(kind);
  return namespaced ? `${prefix}/namespaces/${namespace}/${plural}/${name}` : `${prefix}/${plural}/${name}`;
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}
