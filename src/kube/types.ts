/**
 * The Kubernetes objects in use, reduced to the fields in use: what a cache keeps (see watch-resources.ts), and also a truthful
 * view of what the API server sends, whose objects have these fields and many more.
 */

export interface ObjectMeta {
  readonly name: string;
  readonly uid: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface KubeObject {
  readonly metadata: ObjectMeta;
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: PodStatus;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly hostNetwork?: boolean;
  readonly schedulingGates?: readonly { readonly name: string }[];
  readonly readinessGates?: readonly { readonly conditionType: string }[];
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  /** Always: an init container that runs beside the others (a sidecar). */
  readonly restartPolicy?: string;
  readonly ports?: readonly ContainerPort[];
  readonly readinessProbe?: object;
  readonly startupProbe?: object;
}

interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  /** TCP when absent. */
  readonly protocol?: string;
}

export interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly podIP?: string;
  readonly conditions?: readonly PodCondition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
}

interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number; readonly message?: string };
}

export interface Service extends KubeObject {
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly externalName?: string;
    readonly publishNotReadyAddresses?: boolean;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly ServicePort[];
  };
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  /** TCP when absent. */
  readonly protocol?: string;
}

export interface EndpointSlice extends KubeObject {
  readonly addressType?: string;
  readonly endpoints?: readonly Endpoint[];
  readonly ports?: readonly EndpointPort[];
}

interface Endpoint {
  /** Absent ready and serving mean true, absent terminating means false. */
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
}

interface EndpointPort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** StatefulSet, Deployment, ReplicaSet: what they have in common. */
export interface Workload extends KubeObject {
  readonly spec: {
    /** 1 when absent. */
    readonly replicas?: number;
    readonly selector: LabelSelector;
    /** StatefulSet only. */
    readonly ordinals?: { readonly start?: number };
  };
}

export interface KubeStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}
