/** The Kubernetes objects that the sandbox keeps, with the fields that it sets or reads. Times are RFC 3339 texts. */

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** What a person writes: the store adds the rest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Partial<ObjectMeta> & { readonly name: string };
  readonly [field: string]: unknown;
}

export interface ContainerPort {
  name?: string;
  containerPort: number;
  protocol?: string;
}

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: { name: string; key: string } };
}

export interface Container {
  name: string;
  image: string;
  args?: string[];
  env?: EnvVar[];
  ports?: ContainerPort[];
  readinessProbe?: { tcpSocket?: { port: number | string } };
}

export interface PodSpec {
  containers: Container[];
  nodeName?: string;
  hostNetwork?: boolean;
  terminationGracePeriodSeconds?: number;
  schedulingGates?: { name: string }[];
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  lastTransitionTime: string;
  reason?: string;
  message?: string;
}

export interface ContainerState {
  waiting?: { reason: string; message?: string };
  running?: { startedAt: string };
  terminated?: {
    exitCode: number;
    reason: string;
    signal?: number;
    message?: string;
    startedAt: string;
    finishedAt: string;
  };
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
}

export interface PodStatus {
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  conditions: Condition[];
  containerStatuses?: ContainerStatus[];
  hostIP?: string;
  podIP?: string;
  podIPs?: { ip: string }[];
  startTime?: string;
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status: PodStatus;
}

export interface ServicePort {
  name?: string;
  port: number;
  protocol?: string;
  targetPort?: number | string;
}

export interface Service extends KubeObject {
  spec: {
    type?: string;
    clusterIP?: string;
    externalName?: string;
    publishNotReadyAddresses?: boolean;
    selector?: Record<string, string>;
    ports?: ServicePort[];
  };
}

export interface Endpoint {
  addresses: string[];
  conditions: { ready: boolean; serving: boolean; terminating: boolean };
  nodeName?: string;
  targetRef?: { kind: string; name: string; namespace: string; uid: string };
}

export interface EndpointSlice extends KubeObject {
  addressType: string;
  endpoints: Endpoint[];
  ports: { name: string; port: number; protocol: string }[];
}

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number;
    serviceName?: string;
    selector: LabelSelector;
    template: PodTemplate;
    podManagementPolicy?: 'OrderedReady' | 'Parallel';
  };
  status?: Record<string, unknown>;
}

export interface Deployment extends KubeObject {
  spec: { replicas?: number; selector: LabelSelector; template: PodTemplate };
  status?: Record<string, unknown>;
}

export interface Secret extends KubeObject {
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

/** Each resource by the plural in its path. */
export interface Objects {
  namespaces: KubeObject;
  nodes: KubeObject;
  pods: Pod;
  services: Service;
  secrets: Secret;
  configmaps: KubeObject;
  endpointslices: EndpointSlice;
  statefulsets: StatefulSet;
  deployments: Deployment;
}

export type Plural = keyof Objects;

export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
}

const core = { group: '', version: 'v1', namespaced: true };
const apps = { group: 'apps', version: 'v1', namespaced: true };

export const resourceTypes: Readonly<Record<Plural, ResourceType>> = {
  namespaces: { ...core, kind: 'Namespace', namespaced: false, shortNames: ['ns'] },
  nodes: { ...core, kind: 'Node', namespaced: false, shortNames: ['no'] },
  pods: { ...core, kind: 'Pod', shortNames: ['po'] },
  services: { ...core, kind: 'Service', shortNames: ['svc'] },
  secrets: { ...core, kind: 'Secret', shortNames: [] },
  configmaps: { ...core, kind: 'ConfigMap', shortNames: ['cm'] },
  endpointslices: {
    group: 'discovery.k8s.io',
    version: 'v1',
    namespaced: true,
    kind: 'EndpointSlice',
    shortNames: [],
  },
  statefulsets: { ...apps, kind: 'StatefulSet', shortNames: ['sts'] },
  deployments: { ...apps, kind: 'Deployment', shortNames: ['deploy'] },
};

export const apiVersionOf = ({ group, version }: ResourceType) =>
  group === '' ? version : `${group}/${version}`;

/** The plural of a manifest's kind, undefined where the sandbox does not keep such objects. */
export function pluralOf({ apiVersion, kind }: { apiVersion: string; kind: string }): Plural | undefined {
  return (Object.keys(resourceTypes) as Plural[]).find(
    (plural) => resourceTypes[plural].kind === kind && apiVersionOf(resourceTypes[plural]) === apiVersion,
  );
}

export function isReady(pod: Pod): boolean {
  return pod.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}
