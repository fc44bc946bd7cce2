import type { Resolution } from '../contract/resolution.ts';
import type { EndpointSlice, Service, ServicePort } from '../kube/types.ts';
import { type Answer, type Look, none, type Question, unknown } from './look.ts';
import { isReady, isRunning, isTerminating, knownPorts } from './pod-condition.ts';
import { offer } from './resolve-named-pod.ts';
import { lookAtPods, notFound, oldestFirst, selectorText, sticky, whyNoneServes } from './resolve-pod-set.ts';

/**
 * `service/NAME`: a pod that is ready in the Service's EndpointSlices, and the port that the slice gives for the Service's port, as
 * kube-proxy does (port-forward-protocol, section 9). The pod itself tells who it is, and that it is being deleted, sooner than the slices.
 */
export function resolveService(look: Look, name: string, question: Question): Answer {
  // Both are asked for at once: the slices are found without the Service.
  const seen = look.one('services', name);
  const slices = look.all('endpointslices', `kubernetes.io/service-name=${name}`);
  if (seen.kind !== 'known') return unknown(seen);
  const service = seen.value;
  if (!service) return notFound(question);
  const unsupported = whyUnsupported(service, question);
  if (unsupported) return unsupported;
  const wanted = wantedPort(service, question);
  if ('kind' in wanted) return wanted;
  const selector = selectorText({ matchLabels: service.spec.selector ?? {} });
  const endpoints = slices.kind === 'known' ? joinSlices(slices.value, wanted) : [];
  const pods = lookAtPods(
    look,
    selector,
    endpoints.map(({ podName }) => podName),
  );
  if (slices.kind !== 'known') return unknown(slices);
  if (pods.kind !== 'known') return unknown(pods);

  const anyway = service.spec.publishNotReadyAddresses ?? false;
  const candidates = pods.value
    .toSorted(oldestFirst)
    .flatMap((pod) => {
      const endpoint = endpoints.find(({ podUid }) => podUid === pod.metadata.uid);
      return endpoint?.ready && endpoint.port !== undefined ? [{ pod, port: endpoint.port }] : [];
    })
    .filter(({ pod }) => !isTerminating(pod));
  const ready = sticky(
    candidates.filter(({ pod }) => isReady(pod)),
    question,
  );
  if (ready) return offer(ready.pod, ready.port, question, true);
  const published = sticky(
    candidates.filter(({ pod, port }) => anyway && isRunning(pod, port)),
    question,
  );
  if (published) return offer(published.pod, published.port, question, false);

  const readyPod = pods.value.find(isReady);
  if (!readyPod) return whyNoneServes(pods.value, { ...question, selector });
  const { uid, name: pod } = readyPod.metadata;
  const endpoint = endpoints.find(({ podUid }) => podUid === uid);
  if (endpoint && endpoint.port === undefined) {
    const why = `the port of ${question.target} has a targetPort that ${pod} does not declare`;
    return none('SP-PORT-UNKNOWN', {
      target: question.target,
      port: question.port,
      known: knownPorts(readyPod),
      why,
    });
  }
  return none('SP-POD-NOT-READY', { pod, reason: `is not among the endpoints of ${question.target} yet` });
}

function whyUnsupported({ spec }: Service, { target }: Question): Answer | undefined {
  if (spec.type === 'ExternalName') {
    const message = `it is an ExternalName Service (${spec.externalName}), which has no pods`;
    return none('SP-TARGET-UNSUPPORTED', { target, message });
  }
  if (Object.keys(spec.selector ?? {}).length === 0) {
    const next = 'name the pod or StatefulSet behind it';
    return none('SP-TARGET-UNSUPPORTED', { target, message: 'it has no selector', next });
  }
  return undefined;
}

/** The Service's port as slices know it, by name; or a pod's own port. */
type WantedPort = { readonly portName: string } | { readonly podPort: number };

function wantedPort({ spec }: Service, { port, target }: Question): WantedPort | Resolution {
  const ports = spec.ports ?? [];
  const matching = ports.filter((each) => each.port === port || each.name === port);
  const tcp = matching.find(isTcp);
  if (tcp) return { portName: tcp.name ?? '' };
  if (matching[0]) {
    const message = `port ${port} is ${matching[0].protocol}; only TCP can be forwarded`;
    return none('SP-TARGET-UNSUPPORTED', { target, message });
  }
  // Nothing maps the ports of a headless Service: its clients connect to the pod's own.
  if (spec.clusterIP === 'None' && typeof port === 'number') return { podPort: port };
  const known = ports
    .filter(isTcp)
    .map((each) => (each.name ? `${each.name}=${each.port}` : String(each.port)))
    .join(', ');
  return none('SP-PORT-UNKNOWN', { target, port, known });
}

function isTcp({ protocol }: ServicePort): boolean {
  return protocol === undefined || protocol === 'TCP';
}

interface JoinedEndpoint {
  readonly podUid: string;
  readonly podName: string;
  readonly ready: boolean;
  /** Undefined: the pod declares no port of the name that the Service's targetPort says. */
  readonly port: number | undefined;
}

/** The pods of all slices, each once though it may be in several (IPv4 and IPv6, or one for each set of ports). */
function joinSlices(slices: readonly EndpointSlice[], wanted: WantedPort): JoinedEndpoint[] {
  const byUid = new Map<string, JoinedEndpoint>();
  for (const slice of slices) {
    const port =
      'podPort' in wanted
        ? wanted.podPort
        : slice.ports?.find((each) => (each.name ?? '') === wanted.portName && each.port)?.port;
    for (const { targetRef, conditions } of slice.endpoints ?? []) {
      if (targetRef?.kind !== 'Pod' || !targetRef.uid || !targetRef.name) continue;
      const ready = (conditions?.ready ?? true) && !(conditions?.terminating ?? false);
      const before = byUid.get(targetRef.uid);
      if (before?.port !== undefined && (before.ready || port === undefined)) continue;
      byUid.set(targetRef.uid, { podUid: targetRef.uid, podName: targetRef.name, ready, port });
    }
  }
  return [...byUid.values()];
}
