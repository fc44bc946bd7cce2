import { createHash } from 'node:crypto';
import { type Endpoint, type EndpointSlice, isReady, type Pod, type Service } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import { matchesLabels } from './selectors.ts';

const serviceLabel = 'kubernetes.io/service-name';

/**
 * Keeps the EndpointSlices of a Service: pods that the selector matches, grouped by what its target ports mean in them, since a named
 * port may have another number in each pod. A Service without a selector, or an ExternalName, has none.
 */
export function reconcileEndpointSlices(store: ObjectStore, service: Service): void {
  const { namespace = '', name, uid } = service.metadata;
  const { spec } = service;
  const matches = matchesLabels(spec.type === 'ExternalName' ? undefined : spec.selector);
  const groups = new Map<string, { ports: EndpointSlice['ports']; endpoints: Endpoint[] }>();
  for (const pod of store.list('pods', { namespace, matches }).items) {
    if (pod.status.podIP === undefined) continue;
    const ports = portsIn(pod, service);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpointOf(pod, service));
  }
  // A Service that nothing serves still has one, empty slice.
  if (groups.size === 0 && spec.selector) groups.set('[]', { ports: [], endpoints: [] });

  const wanted = new Map<string, { ports: EndpointSlice['ports']; endpoints: Endpoint[] }>();
  for (const [key, group] of groups) wanted.set(`${name}-${shortHash(`${uid} ${key}`)}`, group);
  const isOwn = matchesLabels({ [serviceLabel]: name });
  for (const { metadata } of store.list('endpointslices', { namespace, matches: isOwn }).items) {
    if (!wanted.has(metadata.name) && metadata.ownerReferences)
      store.remove('endpointslices', { namespace, name: metadata.name });
  }
  for (const [sliceName, { ports, endpoints }] of wanted) {
    if (store.get('endpointslices', namespace, sliceName)) {
      store.update('endpointslices', { namespace, name: sliceName }, (draft) => {
        draft.endpoints = endpoints;
      });
      continue;
    }
    store.create('endpointslices', {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: sliceName,
        namespace,
        labels: {
          [serviceLabel]: name,
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true }],
      },
      addressType: 'IPv4',
      endpoints,
      ports,
    });
  }
}

/** The Service's ports as numbers of this pod; one whose name the pod does not declare is left out. */
function portsIn({ spec }: Pod, service: Service): EndpointSlice['ports'] {
  const declared = spec.containers.flatMap(({ ports = [] }) => ports);
  return (service.spec.ports ?? []).flatMap(({ name = '', port, targetPort = port, protocol = 'TCP' }) => {
    const number =
      typeof targetPort === 'number'
        ? targetPort
        : declared.find((each) => each.name === targetPort)?.containerPort;
    return number === undefined ? [] : [{ name, port: number, protocol }];
  });
}

function endpointOf(pod: Pod, { spec }: Service): Endpoint {
  const { namespace = '', name, uid, deletionTimestamp } = pod.metadata;
  const terminating = deletionTimestamp !== undefined;
  const serving = isReady(pod);
  return {
    addresses: [pod.status.podIP ?? ''],
    conditions: {
      ready: spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

const shortHash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 5);
