/** What a pod's status says about forwarding to it: the facts, and the reason why not, in the cluster's words. */
import { hiddenSigns } from '../base/plain.ts';
import type { ErrorCode, ErrorData, ErrorDetails } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { roleLabels } from '../contract/role-labels.ts';
import type { Container, ContainerStatus, Pod } from '../kube/types.ts';
import type { RemotePort } from './target.ts';

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** Its containers will not run again. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** What Kubernetes calls ready, and not on its way out. */
export function isReady(pod: Pod): boolean {
  if (isTerminating(pod) || hasEnded(pod)) return false;
  return condition(pod, 'Ready')?.status === 'True';
}

/** The container that declares the port runs, ready or not, and the pod is not on its way out. */
export function isRunning(pod: Pod, port: number): boolean {
  if (isTerminating(pod) || hasEnded(pod)) return false;
  return statusOf(pod, containerFor(pod, port))?.state?.running !== undefined;
}

/** The number of the port asked for; a number need not be declared. Undefined: the pod has no TCP port of that name. */
export function portNumber(pod: Pod, asked: RemotePort): number | undefined {
  if (typeof asked === 'number') return asked;
  return tcpPorts(pod).find((port) => port.name === asked)?.containerPort;
}

/** `pg=5432, 9187`: the pod's TCP ports for a person. */
export function knownPorts(pod: Pod): string {
  return tcpPorts(pod)
    .map(({ name, containerPort }) => (name ? `${name}=${containerPort}` : String(containerPort)))
    .join(', ');
}

/** The ports that the pod declares, for a person, where it declares some and not this one. */
export function otherPorts(pod: Pod, port: number): string | undefined {
  const declared = tcpPorts(pod);
  if (declared.length === 0 || declared.some(({ containerPort }) => containerPort === port)) return undefined;
  return knownPorts(pod);
}

export function podIdentity(pod: Pod, namespace: string, port: number): PodIdentity {
  const container = containerFor(pod, port);
  const role = roleIn(pod.metadata.labels);
  return visible({
    namespace: pod.metadata.namespace ?? namespace,
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    ...(pod.spec.nodeName && { node: pod.spec.nodeName }),
    ...(pod.status?.podIP && { ip: pod.status.podIP }),
    ...(container && { container: container.name }),
    ...(container?.image && { image: container.image }),
    restarts: statusOf(pod, container)?.restartCount ?? 0,
    ready: isReady(pod),
    ...(role && { role }),
    hostNetwork: pod.spec.hostNetwork ?? false,
  });
}

/** An API server that checks no names may send any, and they are shown everywhere: none writes to a terminal or turns around what follows. */
function visible(identity: PodIdentity): PodIdentity {
  const facts = Object.entries(identity).map(([name, fact]) => [
    name,
    typeof fact === 'string' ? fact.replace(hiddenSigns, '') : fact,
  ]);
  return Object.fromEntries(facts);
}

/** primary, replica, or what else the operator's label says (port-forward-protocol, section 8). */
export function roleIn(labels: Readonly<Record<string, string>> = {}): string | undefined {
  const label = roleLabels.find((name) => labels[name]);
  const role = label && labels[label];
  return role === 'master' ? 'primary' : role;
}

/**
 * Why the pod cannot serve now: SP-POD-DELETED, SP-POD-ENDED, SP-POD-UNSCHEDULED or SP-POD-NOT-READY with the waiting reason as kubectl
 * shows it. `asked` picks the container whose restarts are told.
 */
export function whyNotServing(pod: Pod, asked: RemotePort): ErrorData {
  const { status } = pod;
  if (isTerminating(pod)) return reason(pod, 'SP-POD-DELETED');
  if (hasEnded(pod)) {
    const ended = containerStatuses(pod).find((each) => each.state?.terminated)?.state?.terminated;
    const otherwise = status?.phase === 'Failed' ? 'Failed' : 'Completed';
    return reason(pod, 'SP-POD-ENDED', {
      reason: status?.reason ?? ended?.reason ?? otherwise,
      why: status?.message,
    });
  }
  if (!pod.spec.nodeName) {
    const gates = pod.spec.schedulingGates?.map((gate) => gate.name).join(', ');
    const message = condition(pod, 'PodScheduled')?.message;
    return reason(pod, 'SP-POD-UNSCHEDULED', {
      message: gates ? `it waits for scheduling gate ${gates}` : message,
    });
  }
  const port = portNumber(pod, asked);
  const container = port === undefined ? pod.spec.containers[0] : containerFor(pod, port);
  const restarts = statusOf(pod, container)?.restartCount || undefined;
  return reason(pod, 'SP-POD-NOT-READY', { ...notReady(pod, container), restarts });
}

interface NotReady {
  readonly reason: string;
  readonly why?: string | undefined;
}

function notReady(pod: Pod, container: Container | undefined): NotReady {
  const inInit = initContainerTrouble(pod);
  if (inInit) return inInit;
  // The container of the port first: it is what the tunnel waits for.
  const own = statusOf(pod, container);
  const all = [...(own ? [own] : []), ...containerStatuses(pod).filter((each) => each !== own)];
  for (const each of all) {
    const { waiting, terminated } = each.state ?? {};
    if (waiting?.reason) return { reason: waiting.reason, why: waiting.message };
    if (terminated) {
      return { reason: terminated.reason ?? `exit code ${terminated.exitCode}`, why: terminated.message };
    }
  }
  const unready = all.find((each) => !each.ready);
  const declared = pod.spec.containers.find((each) => each.name === unready?.name);
  if (unready && declared?.startupProbe && !unready.started)
    return { reason: 'startup probe has not passed' };
  if (unready && declared?.readinessProbe) return { reason: 'readiness probe fails' };
  const gate = pod.spec.readinessGates?.find((each) => condition(pod, each.conditionType)?.status !== 'True');
  if (!unready && gate) return { reason: `readiness gate ${gate.conditionType} is not met` };
  const ready = condition(pod, 'Ready');
  return { reason: all.length === 0 ? 'is not started yet' : 'is not ready', why: ready?.message };
}

/** Shown as kubectl does: Init:CrashLoopBackOff, Init:1/2. */
function initContainerTrouble(pod: Pod): NotReady | undefined {
  const statuses = pod.status?.initContainerStatuses ?? [];
  for (const [index, { name, state, started }] of statuses.entries()) {
    if (state?.terminated?.exitCode === 0) continue;
    const sidecar = pod.spec.initContainers?.find((each) => each.name === name)?.restartPolicy === 'Always';
    if (sidecar && started) continue;
    const { waiting, terminated } = state ?? {};
    if (terminated) return { reason: `Init:${terminated.reason ?? 'Error'}`, why: terminated.message };
    if (waiting?.reason && waiting.reason !== 'PodInitializing') {
      return { reason: `Init:${waiting.reason}`, why: waiting.message };
    }
    return { reason: `Init:${index}/${statuses.length}` };
  }
  return undefined;
}

function reason(pod: Pod, code: ErrorCode, details: ErrorDetails = {}): ErrorData {
  return { code, details: { pod: pod.metadata.name, ...details } };
}

function condition(pod: Pod, type: string) {
  return pod.status?.conditions?.find((each) => each.type === type);
}

/** Containers that serve: the pod's own and its sidecars. */
function servingContainers(pod: Pod): readonly Container[] {
  const sidecars = pod.spec.initContainers?.filter((each) => each.restartPolicy === 'Always') ?? [];
  return [...pod.spec.containers, ...sidecars];
}

function containerFor(pod: Pod, port: number): Container | undefined {
  const declares = (container: Container) =>
    container.ports?.some((each) => each.containerPort === port && isTcp(each.protocol));
  return servingContainers(pod).find(declares) ?? pod.spec.containers[0];
}

function tcpPorts(pod: Pod) {
  return servingContainers(pod).flatMap(({ ports = [] }) => ports.filter((port) => isTcp(port.protocol)));
}

function isTcp(protocol: string | undefined): boolean {
  return protocol === undefined || protocol === 'TCP';
}

function statusOf(pod: Pod, container: Container | undefined): ContainerStatus | undefined {
  if (!container) return undefined;
  const all = [...containerStatuses(pod), ...(pod.status?.initContainerStatuses ?? [])];
  return all.find((status) => status.name === container.name);
}

function containerStatuses(pod: Pod): readonly ContainerStatus[] {
  return pod.status?.containerStatuses ?? [];
}
