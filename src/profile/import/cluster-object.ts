import { AppError } from '../../base/app-error.ts';
import type { ClusterObject } from '../../contract/control-objects.ts';
import type { Profile } from '../../contract/profile.ts';
import { hasApplicationRole } from '../../credential/operators.ts';
import { guessKind, usualPort } from './guess-kind.ts';
import { type NotCarried, profileNameOf } from './imported.ts';

export interface PickOptions {
  readonly cluster: Profile['cluster'];
  /** That pod of a StatefulSet alone. */
  readonly ordinal?: number | undefined;
  /** By number or name. Default: the one that a database answers on, else the first. */
  readonly port?: number | string | undefined;
}

export interface PickedProfile {
  readonly name: string;
  /** Without a local port. */
  readonly profile: Profile;
  /** The number behind a named port. */
  readonly remotePort: number;
  /** Its other ports. */
  readonly notCarried: readonly NotCarried[];
}

type Port = ClusterObject['ports'][number];

/** A profile for an object that was picked from the cluster, with sensible defaults. Pure. Throws SP-IMPORT where nothing can lead to it. */
export function profileFromObject(
  object: ClusterObject,
  { cluster, ordinal, port: wanted }: PickOptions,
): PickedProfile {
  const { namespace, name, withoutPods } = object;
  if (withoutPods) throw new AppError('SP-IMPORT', whyNoPods(object, withoutPods));
  const chosen = wanted === undefined ? mainPort(object) : portCalled(object, wanted);
  const others = object.ports.filter((port) => port !== chosen);
  const kind = chosen.kind ?? (object.ports.length === 0 ? object.guess : undefined);
  const connection = kind === 'postgres' ? connectionTo(object.database) : undefined;
  return {
    name: profileNameOf(name),
    profile: {
      cluster,
      namespace,
      target: [object.kind.toLowerCase(), name, ...(ordinal === undefined ? [] : [ordinal])].join('/'),
      // A name outlives a renumbering; a number is what there is otherwise.
      port: chosen.name ?? chosen.port,
      ...(kind && { kind }),
      ...(connection && { connection }),
    },
    remotePort: chosen.port,
    notCarried: others.map((port) => ({
      what: `port ${portText(port)}`,
      reason:
        port.protocol === 'TCP'
          ? `a profile has one port; --port ${port.name ?? port.port} takes this one`
          : `it is ${port.protocol}, which Kubernetes does not forward`,
    })),
  };
}

/** Where the operator makes a role for the application: found by what the pod tells when it is needed. A superuser is never proposed. */
function connectionTo(database: ClusterObject['database']): Profile['connection'] {
  return database && hasApplicationRole(database.operator) ? { password: { secret: 'auto' } } : undefined;
}

/** Those that can be forwarded, the most likely first: a database before what is beside it. */
export function usablePorts({ ports }: ClusterObject): readonly Port[] {
  const rank = ({ kind }: Port) => (kind === undefined ? 1 : kind === 'http' ? 2 : 0);
  const tcp = ports.filter(({ protocol }) => protocol === 'TCP');
  return tcp.some((port) => rank(port) === 0) ? tcp.toSorted((a, b) => rank(a) - rank(b)) : tcp;
}

/** pg 5432 */
export function portText({ name, port }: Pick<Port, 'name' | 'port'>): string {
  return name === undefined ? String(port) : `${name} ${port}`;
}

/** One that is easy to remember and not taken: 15432 for 5432. */
export function suggestPort(port: number, isTaken: (port: number) => boolean): number {
  let local = port + 10_000 <= 65_535 ? port + 10_000 : port;
  while (isTaken(local) && local < 65_535) local++;
  return local;
}

function mainPort(object: ClusterObject): Port {
  const [first] = usablePorts(object);
  if (first) return first;
  const usual = object.guess && usualPort(object.guess);
  // A port that a StatefulSet does not declare may be listened on all the same.
  if (object.ports.length === 0 && usual !== undefined) return { port: usual, protocol: 'TCP' };
  const [other] = object.ports;
  const message = other
    ? `its ports are ${other.protocol}, which Kubernetes does not forward`
    : `${object.kind.toLowerCase()}/${object.name} declares no port`;
  const next = object.kind === 'StatefulSet' ? 'name one: --port 5432' : 'pick another';
  throw new AppError('SP-IMPORT', { message, next });
}

function portCalled(object: ClusterObject, wanted: number | string): Port {
  const found = usablePorts(object).find(({ name, port }) => name === wanted || port === wanted);
  if (found) return found;
  if (object.kind === 'StatefulSet' && typeof wanted === 'number') {
    const kind = guessKind({ port: wanted });
    return { port: wanted, protocol: 'TCP', ...(kind && { kind }) };
  }
  const known = usablePorts(object).map(portText).join(', ');
  throw new AppError('SP-IMPORT', {
    message: `${object.kind.toLowerCase()}/${object.name} has no TCP port ${wanted}`,
    next: known === '' ? 'it declares none' : `its ports are ${known}`,
  });
}

function whyNoPods({ name }: ClusterObject, why: NonNullable<ClusterObject['withoutPods']>) {
  const relay = 'it leads to no pod: a relay in the cluster is needed, which Sallyport does not start yet';
  switch (why) {
    case 'external-name':
      return { message: `service/${name} is of type ExternalName`, next: relay };
    case 'no-selector':
      return { message: `service/${name} has no selector`, next: relay };
  }
}
