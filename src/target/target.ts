/** What a tunnel points at in the cluster, in one namespace. */
export type Target =
  | { readonly kind: 'pod'; readonly name: string }
  /** With an ordinal that pod alone, else the lowest ready one. */
  | { readonly kind: 'statefulset'; readonly name: string; readonly ordinal?: number }
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'deployment'; readonly name: string }
  | { readonly kind: 'replicaset'; readonly name: string }
  /** A label selector in the words of the API server. */
  | { readonly kind: 'selector'; readonly selector: string };

/** The port asked for: a number, or a name that the pod or the Service declares. */
export type RemotePort = number | string;

/** As people write it and as parseTarget reads it. */
export function targetText(target: Target): string {
  switch (target.kind) {
    case 'selector':
      return `selector/${target.selector}`;
    case 'statefulset':
      return target.ordinal === undefined
        ? `statefulset/${target.name}`
        : `statefulset/${target.name}/${target.ordinal}`;
    case 'pod':
    case 'service':
    case 'deployment':
    case 'replicaset':
      return `${target.kind}/${target.name}`;
  }
}
