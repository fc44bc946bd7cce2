import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ForwardEvent } from '../contract/forward-event.ts';
import { createKubeApi } from '../kube/http-kube-api.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import { createPeerFinder } from '../peer/peer-finder.ts';
import { ownUids } from '../peer/peer-policy.ts';
import { parsePortSpecs } from '../target/parse-port-spec.ts';
import { parseTarget } from '../target/parse-target.ts';
import type { CarrierChoice, SessionEvent } from '../transport/session-dialer.ts';
import { Engine } from './engine.ts';
import { ForwardedPort, type PortWitness } from './forwarded-port.ts';

/** Keeps a record of a forward, where somebody does. Nothing waits for it. */
export interface ForwardWitness {
  /** Behind the User-Agent: where the record stands. */
  readonly stamp: string;
  session(event: SessionEvent, api: KubeApi): void;
  /** `port`: as the command line has it. */
  port(port: string, api: KubeApi): PortWitness;
}

export interface ForwardRun {
  /** As the command line has them. */
  readonly target: string;
  readonly ports: readonly string[];
  readonly addresses: readonly string[];
  readonly namespace: string | undefined;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly impersonate:
    | { readonly user: string; readonly groups?: readonly string[]; readonly uid?: string }
    | undefined;
  readonly carrier: CarrierChoice;
  readonly holdMs: number;
  /** Lets programs of every local user connect. */
  readonly anyUser: boolean;
  /** Whether to wait at the start for what somebody must mend. */
  readonly patient: boolean;
  readonly runningTimeoutMs: number | undefined;
  readonly userAgent: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: ForwardEvent) => void;
  readonly onPluginOutput: (text: string) => void;
  readonly onWarning: (text: string) => void;
  readonly witness?: ForwardWitness | undefined;
}

/**
 * Runs tunnels until `signal` aborts; resolves when all is clean. Rejects with the AppError that made the start impossible; once a pod
 * was ready nothing does, as the tunnel then says what it needs and goes on.
 */
export async function runForward(run: ForwardRun, signal: AbortSignal): Promise<void> {
  const { clock, log, witness } = run;
  const target = parseTarget(run.target);
  const portSpecs = parsePortSpecs(run.ports);
  const ports: ForwardedPort[] = [];
  const failing = new AbortController();
  const ending = AbortSignal.any([signal, failing.signal]);

  await using api = await createKubeApi({
    kubeconfig: run.kubeconfig,
    context: run.context,
    namespace: run.namespace,
    impersonate: run.impersonate,
    env: run.env,
    clock,
    log,
    userAgent: () => `${run.userAgent}${witness?.stamp ?? ''}`,
    // A credential plugin may ask only while somebody waits: at the start, or when a connection does.
    interactive: () => ports.some(({ wasReady, held }) => !wasReady || held > 0),
    onPluginOutput: run.onPluginOutput,
  });
  for (const warning of api.warnings) run.onWarning(warning);
  using peers = createPeerFinder({ clock });
  await using engine = new Engine({
    api,
    clock,
    log,
    carrier: run.carrier,
    onSession: witness && ((event) => witness.session(event, api)),
  });
  await using running = new AsyncDisposableStack();

  for (const [index, port] of portSpecs.entries()) {
    const forwarded = new ForwardedPort({
      engine,
      clock,
      log,
      target,
      namespace: api.namespace,
      port,
      addresses: run.addresses,
      holdMs: run.holdMs,
      peers,
      uids: run.anyUser ? 'any' : ownUids(run.env),
      patient: run.patient,
      runningTimeoutMs: run.runningTimeoutMs,
      tell: (facts) => {
        if (!ending.aborted) run.tell({ ...facts, atMs: clock.wallMs(), tunnel: index });
      },
      fail: (error) => failing.abort(error),
      witness: witness?.port(run.ports[index]!, api),
    });
    ports.push(running.use(forwarded));
    forwarded.start(ending).catch((thrown) => failing.abort(AppError.from(thrown)));
  }
  await new Promise<void>((resolve) => {
    if (ending.aborted) resolve();
    else ending.addEventListener('abort', () => resolve(), { once: true });
  });
  if (!signal.aborted) throw failing.signal.reason;
}
