import { AppError } from '../base/app-error.ts';
import { isPortFree } from '../base/free-port.ts';
import { plain } from '../base/plain.ts';
import { count } from '../client/tunnel-words.ts';
import type { ClusterObject, ClusterObjects } from '../contract/control-objects.ts';
import type { Profile } from '../contract/profile.ts';
import {
  type PickedProfile,
  portText,
  profileFromObject,
  usablePorts,
} from '../profile/import/cluster-object.ts';
import type { Imported } from '../profile/import/imported.ts';
import { freeLocalPort, type Taken } from '../profile/import/taken.ts';
import type { Asker } from './asker.ts';
import type { Cli } from './cli.ts';

export interface PickFlags {
  /** KIND/NAME, or true where a person is to choose. */
  readonly pick: string | true;
  readonly port?: string;
  readonly name?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly allNamespaces: boolean;
  readonly project: boolean;
}

/**
 * A profile for a Service or StatefulSet of the cluster: the one that is named, else one that is chosen at the terminal. Throws SP-USAGE
 * where nobody can choose, SP-TARGET-NOT-FOUND, SP-IMPORT, SP-PROFILE-EDIT for a name that is taken, and what the cluster says.
 */
export async function pickObject(flags: PickFlags, taken: Taken, cli: Cli): Promise<Imported> {
  const { pick, context, namespace, allNamespaces } = flags;
  const named = pick === true ? undefined : await readPick(pick);
  if (!named && !cli.asker) {
    throw new AppError('SP-USAGE', {
      message: 'name what to pick: there is no terminal to choose at',
      next: `${cli.program} profile import --pick service/NAME -n NAMESPACE`,
    });
  }
  if (named && allNamespaces) {
    throw new AppError('SP-USAGE', { message: `${pick} is in one namespace: name it by -n` });
  }
  const control = await cli.control();
  const found = await control.call('objects', {
    ...(context !== undefined && { context }),
    ...(namespace !== undefined && { namespace }),
    allNamespaces,
    ...(named && { name: named.name }),
  });
  const object = named ? only(found, named) : await chosen(found, cli);
  const port = flags.port ?? (named ? undefined : await chosenPort(object, cli));
  const picked = profileFromObject(object, {
    cluster: clusterFor(found.cluster, flags),
    ordinal: named?.ordinal,
    port: port !== undefined && /^\d+$/.test(port) ? Number(port) : port,
  });
  // Ports are kept also for tunnels that are down, and whose profiles name none.
  const { tunnels } = await control.call('tunnels', {});
  const kept = tunnels.flatMap(({ localPort }) => localPort ?? []);
  const takenPorts = [...taken.takenPorts, ...kept];
  return withPlaces(picked, flags.name, { taken: { ...taken, takenPorts }, cli });
}

interface NamedObject {
  readonly kind: ClusterObject['kind'];
  readonly name: string;
  readonly ordinal: number | undefined;
}

async function readPick(text: string): Promise<NamedObject> {
  const { parseTarget } = await import('../target/parse-target.ts');
  const target = parseTarget(text);
  switch (target.kind) {
    case 'service':
      return { kind: 'Service', name: target.name, ordinal: undefined };
    case 'statefulset':
      return { kind: 'StatefulSet', name: target.name, ordinal: target.ordinal };
    default:
      throw new AppError('SP-USAGE', {
        message: `a Service or a StatefulSet can be picked, not ${text}`,
        next: 'write service/NAME, statefulset/NAME or statefulset/NAME/0; `sallyport profile add` takes any target',
      });
  }
}

function only({ objects, refused, namespace }: ClusterObjects, { kind, name }: NamedObject): ClusterObject {
  const found = objects.find((object) => object.kind === kind);
  if (found) return found;
  const refusal = refused.find((each) => each.kind === kind);
  if (refusal) throw refusedToList(refusal);
  const target = `${kind.toLowerCase()}/${name}`;
  throw new AppError('SP-TARGET-NOT-FOUND', { target, namespace });
}

async function chosen(
  { objects, refused, namespace, complete }: ClusterObjects,
  cli: Cli,
): Promise<ClusterObject> {
  const usable = objects.filter(({ withoutPods }) => !withoutPods);
  const [refusal] = refused;
  if (usable.length === 0) {
    if (refusal) throw refusedToList(refusal);
    const where = namespace === undefined ? 'any namespace' : `namespace ${namespace}`;
    throw new AppError('SP-IMPORT', {
      message: `there is no Service or StatefulSet with pods in ${where}`,
      next: 'name another namespace by -n, or all by -A',
    });
  }
  for (const { kind } of refused) cli.stderr.write(`note: you may not list objects of kind ${kind} here\n`);
  if (!complete) cli.stderr.write(`note: these are the first ${count(usable.length, 'object')} alone\n`);
  const options = usable.map((object, index) => ({
    value: String(index),
    label: plain(
      `${namespace === undefined ? `${object.namespace}/` : ''}${object.kind.toLowerCase()}/${object.name}`,
    ),
    hint: plain(objectWords(object)),
  }));
  const at = await choose('Which one?', options, cli);
  return usable[Number(at)]!;
}

/** Undefined where there is nothing to choose. */
async function chosenPort(object: ClusterObject, cli: Cli): Promise<string | undefined> {
  const ports = usablePorts(object);
  if (ports.length < 2) return undefined;
  const options = ports.map(({ port, name, kind }) => ({
    value: name ?? String(port),
    label: portText({ port, name }),
    hint: kind,
  }));
  return choose('Which port?', options, cli);
}

async function choose(message: string, options: Parameters<Asker['choose']>[1], cli: Cli): Promise<string> {
  const answer = await cli.asker?.choose(message, options);
  if (answer === undefined) throw new AppError('SP-USAGE', { message: 'nothing was chosen' });
  return answer;
}

/** 5432 postgres · 2 of 3 ready · CloudNativePG orders primary */
function objectWords(object: ClusterObject): string {
  const { pods, database } = object;
  const [port, ...more] = usablePorts(object);
  const facts = [
    port && [portText(port), port.kind === port.name ? undefined : port.kind].filter(Boolean).join(' '),
    more.length > 0 ? `${count(more.length, 'more port')}` : undefined,
    pods && `${pods.ready} of ${pods.wanted} ready`,
    database && [database.operator, database.cluster, database.role].filter(Boolean).join(' '),
  ];
  return facts.filter(Boolean).join(' · ');
}

/** A project's file is for everybody, whose contexts are called otherwise. */
function clusterFor(cluster: Profile['cluster'], { project }: PickFlags): Profile['cluster'] {
  const { context: _, ...shared } = cluster;
  return project && Object.keys(shared).length > 0 ? shared : cluster;
}

async function withPlaces(
  { name: suggested, profile, remotePort, notCarried }: PickedProfile,
  wanted: string | undefined,
  { taken, cli }: { readonly taken: Taken; readonly cli: Cli },
): Promise<Imported> {
  const name = wanted ?? suggested;
  if (taken.takenNames.includes(name)) {
    throw new AppError('SP-PROFILE-EXISTS', {
      profile: name,
      next: `${cli.program} profile import --pick … --name OTHER`,
    });
  }
  const local = await freeLocalPort(remotePort, taken.takenPorts, isPortFree);
  return {
    profiles: [{ name, profile: { ...profile, ...(local !== undefined && { local }) } }],
    notCarried,
  };
}

function refusedToList({ error }: ClusterObjects['refused'][number]): AppError {
  const next = 'name what you know: sallyport profile add NAME service/NAME PORT -n NAMESPACE';
  return new AppError(error.code, { ...error.details, next });
}
