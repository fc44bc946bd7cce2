import { expandHome } from '../base/home-path.ts';
import type { AdHoc, TunnelEntity } from '../contract/control-tunnel.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import { usesGateway } from '../contract/gateway.ts';
import type { PolicyFloor } from '../contract/policy.ts';
import type { LocalAddress, Profile } from '../contract/profile.ts';
import type { ListedProfile } from '../contract/profile-snapshot.ts';
import { canonicalJson } from '../profile/canonical.ts';
import { withGuessedKind } from '../profile/import/guess-kind.ts';
import { withFloor } from '../profile/tightest-policy.ts';
import type { ListenSpec } from '../tunnel/listen-address.ts';
import type { WantedTunnel } from './wanted-file.ts';

/** What a tunnel is to be, as its profile or the ad hoc request says now. */
export interface TunnelDefinition {
  readonly id: string;
  readonly name: string;
  readonly origin: TunnelEntity['origin'];
  /** Equal for definitions that mean the same tunnel. */
  readonly digest: string;
  /** Equal for definitions that run alike: what differs counts at once, without a restart. */
  readonly runDigest: string;
  readonly profile: Omit<Profile, 'cluster' | 'namespace'> & { readonly namespace?: string | undefined };
  readonly access:
    | { readonly kind: 'cluster'; readonly cluster: Profile['cluster'] }
    | {
        readonly kind: 'context';
        readonly kubeconfig?: string | undefined;
        readonly context?: string | undefined;
      };
  /** Of the profile as its source has it, as an agreement names it; absent where no profile describes it. */
  readonly hash?: string | undefined;
  /** Why it may not start as it is. */
  readonly problem: ErrorData | undefined;
  /** What an agreement would be given to, where one is missing. */
  readonly trust: { readonly hash: string; readonly trust: ListedProfile['trust'] } | undefined;
}

export function profileDefinition(listed: ListedProfile): TunnelDefinition {
  const { id, name, source, sourceKind, profile, trust, hash } = listed;
  const { cluster, ...rest } = profile;
  const isTrusted = trust.kind === 'own' || trust.kind === 'trusted';
  return {
    id,
    name,
    origin: { kind: 'profile', source, sourceKind },
    digest: JSON.stringify(profile),
    runDigest: runDigest(profile),
    profile: rest,
    access: { kind: 'cluster', cluster },
    hash,
    problem: isTrusted
      ? profile.off
        ? { code: 'SP-PROFILE-OFF', details: { profile: id } }
        : unenforced(name, profile)
      : { code: 'SP-PROFILE-UNTRUSTED', details: { profile: id, changed: trust.kind === 'changed' } },
    trust: isTrusted ? undefined : { hash, trust },
  };
}

/** What only a gateway that speaks the database's protocol could see to. Without it the tunnel must not open as if it were seen to. */
function unenforced(
  tunnel: string,
  profile: Pick<Profile, 'kind' | 'connection' | 'policy'>,
): ErrorData | undefined {
  if (usesGateway(profile)) return undefined;
  const { gateway, readOnly, statementAudit, superuser, replication, trust, localPasswordLifetime } =
    profile.policy ?? {};
  const asked = [
    gateway && 'gateway',
    readOnly && 'readOnly',
    statementAudit && 'statementAudit',
    superuser === 'forbid' && 'superuser',
    replication === 'forbid' && 'replication',
    trust === 'forbid' && 'trust',
    localPasswordLifetime !== undefined && 'localPasswordLifetime',
    profile.connection?.serverRole && 'serverRole',
  ].filter(Boolean);
  if (asked.length === 0) return undefined;
  return {
    code: 'SP-POLICY-UNENFORCED',
    details: {
      tunnel,
      policy: asked.join(' and '),
      next: 'say in connection.password where the password is, or in connection.certificate what logs in, so that the gateway can see to it; or take it out of the policy',
    },
  };
}

/** Others wrote its profile: a project, a folder or a repository. */
export function isOthers({ origin }: Pick<TunnelDefinition, 'origin'>): boolean {
  return origin.kind === 'profile' && origin.sourceKind !== 'user';
}

export function adHocId(name: string): string {
  return `ad-hoc/${name}`;
}

/** `floor`: what bounds a tunnel that no profile does. The kind is guessed first: who leaves it out must not leave out what the floor asks of it. */
export function adHocDefinition(asked: AdHoc, floor: PolicyFloor): TunnelDefinition {
  const adHoc = withGuessedKind(asked.name, asked);
  const { name, kubeconfig, context, ...given } = adHoc;
  const policy = withFloor(adHoc, floor);
  const profile = { ...given, ...(policy && { policy }) };
  return {
    id: adHocId(name),
    name,
    origin: { kind: 'ad-hoc' },
    // Also of one that was read back from the disk, with its keys in another order.
    digest: canonicalJson(adHoc),
    runDigest: runDigest(profile),
    profile,
    access: { kind: 'context', kubeconfig, context },
    problem: unenforced(name, profile),
    trust: undefined,
  };
}

/** What was asked for of a tunnel that no profile describes; undefined where one does. */
export function adHocOf({ name, access, profile }: TunnelDefinition): AdHoc | undefined {
  if (access.kind !== 'context') return undefined;
  const { kubeconfig, context } = access;
  const { policy: _ofTheFloor, ...given } = profile;
  return { ...given, kubeconfig, context, name };
}

/** Of a tunnel that is wanted and whose profile is refused, gone, or of a source that cannot be read now. */
export function lostDefinition({ id, profile }: WantedTunnel, problem: ErrorData): TunnelDefinition {
  const at = id.lastIndexOf('/');
  const { cluster, ...rest } = profile ?? { cluster: { context: '-' }, target: 'unknown', port: 1 };
  return {
    id,
    name: id.slice(at + 1),
    origin: {
      kind: 'profile',
      source: id.slice(0, at),
      sourceKind: id.startsWith('user/') ? 'user' : 'folder',
    },
    digest: '',
    runDigest: '',
    profile: rest,
    access: { kind: 'cluster', cluster },
    problem,
    trust: undefined,
  };
}

/** Its profile is gone or kept for later: not even its port is wanted where nobody asked for it. */
export function isSwitchedOff({ code }: ErrorData): boolean {
  return code === 'SP-PROFILE-OFF' || code === 'SP-PROFILE-UNKNOWN';
}

/** To people: pod/postgres-0 port 5432, namespace data, context prod. */
export function leadsTo({ profile, access }: TunnelDefinition): string {
  const { target, port, namespace } = profile;
  const { context, kubeconfig } = access.kind === 'context' ? access : {};
  return [
    `${target} port ${port}`,
    namespace && `namespace ${namespace}`,
    context && `context ${context}`,
    kubeconfig && `of ${kubeconfig}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** Where its password is, is looked up when that is asked for; how it is described is read from the profile. */
function runDigest({
  connection: { password: _read, ...connection } = {},
  description: _described,
  labels: _labelled,
  ...rest
}: Partial<Omit<Profile, 'namespace'>>): string {
  return canonicalJson({ ...rest, connection });
}

/** Where it listens: as written, else on loopback at the port that it was given before, else at a free one that nobody else is to have. */
export function listenSpec(
  local: LocalAddress | undefined,
  keptPort: number | undefined,
  { home, isKept }: { readonly home: string; readonly isKept: (port: number) => boolean },
): ListenSpec {
  if (local === undefined) return { kind: 'tcp', port: keptPort ?? 0, isKept };
  if (typeof local === 'number') return { kind: 'tcp', port: local };
  if ('socket' in local) return { kind: 'unix', path: expandHome(local.socket, home) };
  return {
    kind: 'tcp',
    port: local.port,
    ...(local.address !== undefined && { addresses: [local.address] }),
  };
}
