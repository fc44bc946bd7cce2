import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { HandledInput, OperationAnswer } from '../contract/control.ts';
import type { Check, ResolvedTarget } from '../contract/control-check.ts';
import { usesGateway } from '../contract/gateway.ts';
import { parseTarget } from '../target/parse-target.ts';
import { targetText } from '../target/target.ts';
import type { ClusterChoice, ClusterLease, ClusterPool } from './cluster-pool.ts';
import type { Passwords } from './passwords.ts';
import { adHocDefinition, type TunnelDefinition } from './tunnel-definition.ts';
import type { TunnelSet } from './tunnel-set.ts';

/** Until a first answer of the cluster. */
const answerTimeoutMs = 20_000;

export interface ClusterQuestionsOptions {
  readonly clock: Clock;
  readonly clusters: ClusterPool;
  readonly tunnels: TunnelSet;
  readonly contextOf: (definition: TunnelDefinition) => Promise<ClusterChoice>;
  readonly passwords: Pick<Passwords, 'locate'>;
}

type Rule = Check['access']['allowed'][number];

type Asked = HandledInput<'pods'>;

/** What is asked of a cluster without starting anything. */
export class ClusterQuestions {
  readonly #options: ClusterQuestionsOptions;

  constructor(options: ClusterQuestionsOptions) {
    this.#options = options;
  }

  pods(asked: Asked, signal: AbortSignal): Promise<ResolvedTarget> {
    return this.#with(asked, async (definition, lease) => {
      using limit = limited(signal, this.#options.clock);
      return await resolve(definition, lease, limit);
    });
  }

  check(asked: Asked, signal: AbortSignal): Promise<Check> {
    return this.#with(asked, async (definition, lease) => {
      using limit = limited(signal, this.#options.clock);
      const target = parseTarget(definition.profile.target);
      const resolved = await resolve(definition, lease, limit);
      const pod = resolved.resolution.kind === 'pod' ? resolved.resolution.pod.name : undefined;
      const { namespace } = resolved;
      const { credential, rules } = await this.#credential(definition, { lease, pod, signal: limit });
      const besides = [...rules, ...certificateRules(definition)];
      const report = await lease.engine.review({ target, namespace, pod, besides }, limit);
      const { user, groups, allowed, missing, degraded, role, wholeRole, next } = report;
      return {
        resolved,
        access: {
          user,
          groups: [...groups],
          namespace,
          allowed: [...allowed],
          missing: [...missing],
          degraded: [...degraded],
          next,
        },
        missingRole: role?.yaml,
        leastRole: wholeRole.yaml,
        ...(credential && { credential }),
      };
    });
  }

  /** Where the password would be read from, which it is not, and the rights that takes. */
  async #credential(
    definition: TunnelDefinition,
    { lease, pod, signal }: { lease: ClusterLease; pod: string | undefined; signal: AbortSignal },
  ): Promise<{ credential?: Check['credential']; rules: readonly Rule[] }> {
    const { password } = definition.profile.connection ?? {};
    if (password && 'configMap' in password)
      return { rules: [reading('configmaps', password.configMap.name)] };
    if (!password || !('secret' in password)) return { rules: [] };
    if (password.secret !== 'auto') return { rules: [reading('secrets', password.secret.name)] };
    const ofPod = pod === undefined ? [] : [reading('pods', pod)];
    try {
      const found = await this.#options.passwords.locate(definition, lease, signal);
      const rules = [...ofPod, reading('secrets', found.secret)];
      return { credential: { kind: 'found', ...found }, rules };
    } catch (thrown) {
      signal.throwIfAborted();
      const error = AppError.from(thrown);
      const { verb, resource, name } = error.details;
      const isRefused = error.code === 'SP-FORBIDDEN' && resource === 'secrets';
      const list: Rule = { verb: 'list', group: '', resource: 'secrets' };
      const refused = typeof name === 'string' ? [reading('secrets', name)] : verb === 'list' ? [list] : [];
      const rules = [...ofPod, ...(isRefused ? refused : [])];
      return { credential: { kind: 'none', error: error.toData() }, rules };
    }
  }

  /** Rejects with what the API server or the credential plugin says. */
  login({ name, folder }: HandledInput<'login'>, signal: AbortSignal): Promise<OperationAnswer<'login'>> {
    const { clusters } = this.#options;
    return this.#with({ name, folder }, async (_definition, lease) => {
      const apiVersion = 'authentication.k8s.io/v1';
      const { value, output } = await clusters.interactively(lease, () =>
        lease.api.request<{ readonly status?: { readonly userInfo?: { readonly username?: string } } }>({
          method: 'POST',
          path: `/apis/${apiVersion}/selfsubjectreviews`,
          body: { apiVersion, kind: 'SelfSubjectReview' },
          // A person is at work in a browser.
          timeoutMs: 300_000,
          signal,
        }),
      );
      lease.engine.retryNow();
      return { user: value.status?.userInfo?.username, context: lease.api.contextName, output };
    });
  }

  async #with<T>(
    { name, adHoc, folder }: Asked,
    action: (definition: TunnelDefinition, lease: ClusterLease) => Promise<T>,
  ): Promise<T> {
    const { clusters, tunnels, contextOf } = this.#options;
    if ((name === undefined) === (adHoc === undefined)) {
      throw new AppError('SP-USAGE', { message: 'one of name and adHoc is needed' });
    }
    const definition = adHoc ? adHocDefinition(adHoc, {}) : (await tunnels.find(name!, folder)).definition;
    // A stranger's profile must not choose a cluster, not even to ask it.
    const { problem } = definition;
    if (problem && problem.code !== 'SP-PROFILE-OFF' && problem.code !== 'SP-POLICY-UNENFORCED') {
      throw new AppError(problem.code, problem.details);
    }
    using lease = await clusters.lease(await contextOf(definition), () => false);
    return await action(definition, lease);
  }
}

const reading = (resource: string, name: string): Rule => ({ verb: 'get', group: '', resource, name });

/** The CA and the client certificate, of those that read them: programs that bring their own do not. */
function certificateRules({ profile }: TunnelDefinition): readonly Rule[] {
  if (!usesGateway(profile)) return [];
  const { ca, certificate } = profile.connection ?? {};
  return [ca, certificate].flatMap((source) =>
    source && 'secret' in source ? [reading('secrets', source.secret.name)] : [],
  );
}

async function resolve(
  { name, profile }: TunnelDefinition,
  { engine, api }: ClusterLease,
  signal: AbortSignal,
): Promise<ResolvedTarget> {
  const target = parseTarget(profile.target);
  const namespace = profile.namespace ?? api.namespace;
  const resolution = await engine.resolveOnce({ target, namespace, port: profile.port }, signal);
  const { contextName: context, server } = api;
  return { name, context, server, namespace, target: targetText(target), port: profile.port, resolution };
}

/** Until the cluster answers or the question has taken too long. */
export function limited(signal: AbortSignal, clock: Clock): AbortSignal & Disposable {
  const tooLong = new AbortController();
  const timer = clock.after(answerTimeoutMs, () =>
    tooLong.abort(new AppError('SP-API-UNREACHABLE', { message: 'no answer in time' })),
  );
  return Object.assign(AbortSignal.any([signal, tooLong.signal]), { [Symbol.dispose]: () => timer.cancel() });
}
