import { netPorts, sinkPort } from '../support/manifests.ts';
import type { ClusterControls } from '../support/realcluster.ts';
import { type ForwardOptions, startForward } from '../support/subject.ts';
import type { Address } from './load.ts';

export const subjects = ['direct', 'kubectl-spdy', 'kubectl-websocket', 'sallyport'] as const;
export type Subject = (typeof subjects)[number];

export type Network = 'loopback' | 'far';

/** The ports of a test server that a route leads to. */
const routePorts = { ...netPorts, sink: sinkPort, postgres: 5432 } as const;
export type PortName = keyof typeof routePorts;

export interface RouteOptions {
  readonly subject: Subject;
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Pod of a StatefulSet, as net-0. */
  readonly pod: string;
  readonly ports: readonly PortName[];
  readonly controls: ClusterControls;
}

/** One way from this machine to a pod's ports. */
export interface Route extends AsyncDisposable {
  readonly options: RouteOptions;
  /** The forwarder's process; none when direct. */
  readonly pid: number | undefined;
  readonly ended: boolean;
  address(port: PortName): Promise<Address>;
}

export async function openRoute(options: RouteOptions): Promise<Route> {
  const { subject, controls, namespace, pod } = options;
  if (subject !== 'direct') return forwarded(options, subject);
  const found = await controls.podAddress(namespace, pod);
  if (!found) throw new Error(`realcluster knows no pod ${namespace}/${pod}`);
  return {
    options,
    pid: undefined,
    ended: false,
    address: async (port) => ({ host: found.address, port: routePorts[port] }),
    [Symbol.asyncDispose]: async () => {},
  };
}

function forwarded(options: RouteOptions, subject: Exclude<Subject, 'direct'>): Route {
  const forward = startForward(forwardOptions(options, subject));
  return {
    options,
    pid: forward.pid,
    get ended() {
      return forward.exit !== undefined;
    },
    async address(port) {
      return { host: '127.0.0.1', port: await forward.port(options.ports.indexOf(port)) };
    },
    [Symbol.asyncDispose]: () => forward[Symbol.asyncDispose](),
  };
}

/** The command as each user would type it; kubectl has no word for one pod of a StatefulSet but the pod's name. */
function forwardOptions(options: RouteOptions, subject: Exclude<Subject, 'direct'>): ForwardOptions {
  const [set, ordinal] = options.pod.split(/-(?=\d+$)/);
  const ours = subject === 'sallyport';
  return {
    subject: ours ? 'sallyport' : 'kubectl',
    json: false,
    carrier: ours ? 'auto' : subject === 'kubectl-spdy' ? 'spdy' : 'websocket',
    kubeconfig: options.kubeconfig,
    namespace: options.namespace,
    target: ours ? `sts/${set}/${ordinal}` : `pod/${options.pod}`,
    ports: options.ports.map((name) => `:${routePorts[name]}`),
  };
}
