import type { Profile } from '../../contract/profile.ts';
import { guessKind } from './guess-kind.ts';
import { type Imported, Importing, type ImportOptions } from './imported.ts';

/** The part in use of a Service, StatefulSet or Deployment as the API server sends it. */
export interface ClusterObject {
  readonly kind: 'Service' | 'StatefulSet' | 'Deployment';
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly type?: string;
    readonly selector?: object;
    readonly ports?: readonly DeclaredPort[];
    readonly replicas?: number;
    readonly ordinals?: { readonly start?: number };
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly {
          readonly image?: string;
          readonly ports?: readonly DeclaredPort[];
        }[];
      };
    };
  };
}

interface DeclaredPort {
  readonly name?: string;
  /** A Service's. */
  readonly port?: number;
  /** A container's. */
  readonly containerPort?: number;
  readonly protocol?: string;
}

export interface ClusterObjectOptions extends ImportOptions {
  readonly cluster: Profile['cluster'];
}

/** A profile for each TCP port of an object that was picked, with sensible defaults. Pure. */
export function profilesFromObject(object: ClusterObject, options: ClusterObjectOptions): Imported {
  const importing = new Importing(options);
  const { name, namespace = options.namespace ?? 'default' } = object.metadata;
  const noPods = whyNoPods(object);
  if (noPods !== undefined) {
    importing.leaveOut(name, noPods);
    return importing.result();
  }
  const ports = portsOf(object);
  if (ports.length === 0) importing.leaveOut(name, 'it declares no port');
  const usable = ports.filter(({ protocol = 'TCP', port, portName }) => {
    if (protocol !== 'TCP')
      importing.leaveOut(`port ${portName ?? port}`, `it is ${protocol}, which Kubernetes does not forward`);
    return protocol === 'TCP';
  });
  const labels = Object.values(object.metadata.labels ?? {});
  for (const { port, portName, images } of usable) {
    const kind = guessKind({ port, portName, words: [name, ...labels, ...images] });
    const profile: Profile = {
      cluster: options.cluster,
      namespace,
      target: targetOf(object, kind),
      // A name outlives a renumbering; a number is what there is otherwise.
      port: portName ?? port,
      local: importing.suggestPort(port),
      ...(kind ? { kind } : {}),
    };
    importing.add(usable.length === 1 ? name : `${name}-${portName ?? port}`, profile);
  }
  return importing.result();
}

function whyNoPods({ kind, spec }: ClusterObject): string | undefined {
  if (kind !== 'Service') return undefined;
  if (spec.type === 'ExternalName') return 'an ExternalName Service has no pods: it needs a relay';
  return Object.keys(spec.selector ?? {}).length === 0
    ? 'a Service without a selector may have no pods: it needs a relay'
    : undefined;
}

/** A database's pods are not alike: one is named, so that a restart never leads to another. */
function targetOf({ kind, metadata, spec }: ClusterObject, guessed: Profile['kind']): string {
  const isDatabase = guessed !== undefined && guessed !== 'http';
  if (kind === 'StatefulSet' && isDatabase)
    return `statefulset/${metadata.name}/${spec.ordinals?.start ?? 0}`;
  return `${kind.toLowerCase()}/${metadata.name}`;
}

interface FoundPort {
  readonly port: number;
  readonly portName: string | undefined;
  readonly protocol: string | undefined;
  readonly images: readonly string[];
}

function portsOf({ spec }: ClusterObject): FoundPort[] {
  const found = (ports: readonly DeclaredPort[] | undefined, images: readonly string[]) =>
    (ports ?? []).flatMap(({ name, port, containerPort, protocol }) => {
      const number = port ?? containerPort;
      return number === undefined ? [] : [{ port: number, portName: name, protocol, images }];
    });
  const containers = spec.template?.spec?.containers ?? [];
  return [
    ...found(spec.ports, []),
    ...containers.flatMap(({ ports, image }) => found(ports, image ? [image] : [])),
  ];
}
