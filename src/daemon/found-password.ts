import { AppError } from '../base/app-error.ts';
import type { CredentialPlan } from '../credential/candidate.ts';
import type { DatabasePod } from '../credential/database-pod.ts';
import {
  credentialPlan,
  type FoundCredential,
  findCredential,
  locateCredential,
  type Wanted,
} from '../credential/find-credential.ts';
import { parseTarget } from '../target/parse-target.ts';
import type { ClusterLease } from './cluster-pool.ts';
import { readSecretIfThere, secretExists, secretNames } from './secret-data.ts';
import { maxPasswordBytes } from './secret-password.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

type Lease = Pick<ClusterLease, 'api' | 'engine'>;

/** Where the credentials of a target are likely to be, without reading them. */
export interface LocatedCredential {
  readonly layout: string;
  readonly secret: string;
  readonly key: string;
  readonly superuser: boolean;
  readonly why: string;
}

/** Pods that are remembered for when they are gone: as many as anybody has tunnels. */
const maxRemembered = 1_000;
const maxPodBytes = 4 * 1024 * 1024;

/**
 * Credentials that a profile leaves to be found: `secret: auto`. They are looked for by what the target's own pod tells, in its own namespace, with
 * the user's own rights. What a pod told is remembered while it is away, so that an outage does not take the credentials with it.
 */
export class PasswordFinder {
  readonly #plans = new Map<string, CredentialPlan>();

  /** Rejects with why there is no pod yet, SP-SECRET-NONE, SP-SECRET-CHOICE, and as reading a Secret does. */
  async find(
    definition: TunnelDefinition,
    { api, engine }: Lease,
    signal: AbortSignal,
  ): Promise<FoundCredential & { readonly layout: string }> {
    const plan = await this.#plan(definition, { api, engine }, signal);
    const namespace = namespaceOf(definition, { api });
    const found = await findCredential(plan, {
      ...wanted(definition, { api }, signal),
      read: async (name) => {
        const data = await readSecretIfThere(api, { namespace, name }, signal);
        return data && ((key) => data.shortText(key, maxPasswordBytes));
      },
    }).catch(ofTarget(definition));
    return { ...found, layout: plan.layout };
  }

  /** The same for a look beforehand. */
  async locate(
    definition: TunnelDefinition,
    { api, engine }: Lease,
    signal: AbortSignal,
  ): Promise<LocatedCredential> {
    const plan = await this.#plan(definition, { api, engine }, signal);
    const namespace = namespaceOf(definition, { api });
    const { secret, passwordKey, rank, why } = await locateCredential(plan, {
      ...wanted(definition, { api }, signal),
      exists: (name) => secretExists(api, { namespace, name }, signal),
    }).catch(ofTarget(definition));
    return { layout: plan.layout, secret, key: passwordKey, superuser: rank === 'superuser', why };
  }

  async #plan(
    definition: TunnelDefinition,
    { api, engine }: Lease,
    signal: AbortSignal,
  ): Promise<CredentialPlan> {
    const { profile } = definition;
    const { user } = profile.connection ?? {};
    const namespace = namespaceOf(definition, { api });
    const key = JSON.stringify([api.key, namespace, profile.target, user]);
    const target = parseTarget(profile.target);
    const resolution = await engine.resolveOnce({ target, namespace, port: profile.port }, signal);
    const pod = resolution.pod?.name;
    const known = this.#plans.get(key);
    if (pod === undefined || (known && resolution.kind === 'none')) {
      if (known) return known;
      const { code, details } = (resolution as Extract<typeof resolution, { kind: 'none' }>).reason;
      throw new AppError(code, details);
    }
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`;
    const read = await api.request<DatabasePod>({ path, maxAnswerBytes: maxPodBytes, signal });
    const plan = credentialPlan(read, user);
    if (!plan) throw new AppError('SP-SECRET-NONE', { target: profile.target });
    this.#plans.delete(key);
    this.#plans.set(key, plan);
    for (const oldest of this.#plans.keys()) if (this.#plans.size > maxRemembered) this.#plans.delete(oldest);
    return plan;
  }
}

function namespaceOf({ profile }: TunnelDefinition, { api }: Pick<Lease, 'api'>): string {
  return profile.namespace ?? api.namespace;
}

function wanted(definition: TunnelDefinition, { api }: Pick<Lease, 'api'>, signal: AbortSignal): Wanted {
  const { connection, policy } = definition.profile;
  const namespace = namespaceOf(definition, { api });
  return {
    user: connection?.user,
    superuser: policy?.superuser ?? 'allow',
    list: (labelSelector) => secretNames(api, { namespace, labelSelector }, signal),
  };
}

/** With what it was looked for, and how to say which. */
function ofTarget({ name, profile }: TunnelDefinition) {
  return (thrown: unknown): never => {
    const error = AppError.from(thrown);
    const { target } = profile;
    const next =
      error.code === 'SP-SECRET-CHOICE' ? { next: `sallyport profile edit ${name} --user ROLE` } : {};
    throw error.code === 'SP-SECRET-NONE' || error.code === 'SP-SECRET-CHOICE'
      ? new AppError(error.code, { ...error.details, target, ...next }, error)
      : error;
  };
}
