import { AppError } from '../base/app-error.ts';
import { systemClock } from '../base/clock.ts';
import { createLog, silentLog } from '../base/log.ts';
import { errorText } from '../contract/error-codes.ts';
import { Engine } from '../engine/engine.ts';
import { createKubeApi } from '../kube/http-kube-api.ts';
import { parsePortSpec } from '../target/parse-port-spec.ts';
import { parseTarget } from '../target/parse-target.ts';
import type { ForwardFlags } from './forward-command.ts';
import { type ForwardOutput, HumanOutput, jsonOutput } from './forward-output.ts';
import { ForwardedPort } from './forwarded-port.ts';
import { version } from './version.ts';

export interface ForwardCall {
  readonly target: string;
  readonly ports: readonly string[];
  readonly flags: ForwardFlags;
}

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs tunnels in the foreground until a signal ends them. Rejects with the AppError that made the start impossible; once a pod was
 * ready nothing does, as the tunnel then says what it needs and goes on.
 */
export async function forward(call: ForwardCall): Promise<void> {
  const output = createOutput(call);
  /** Aborted by a signal without error, or with the one that ends the command. */
  const ending = new AbortController();
  const onSignal = () => ending.abort(undefined);
  for (const signal of endSignals) process.on(signal, onSignal);
  try {
    await run(call, output, ending);
  } catch (thrown) {
    const { code, details } = AppError.from(thrown);
    const { headline, next } = errorText({ code, details });
    output.print({ event: 'error', atMs: systemClock.wallMs(), error: { code, details }, headline, next });
    throw thrown;
  } finally {
    output.end();
    for (const signal of endSignals) process.removeListener(signal, onSignal);
  }
}

async function run(call: ForwardCall, output: ForwardOutput, ending: AbortController): Promise<void> {
  const { flags } = call;
  const target = parseTarget(call.target);
  const portSpecs = call.ports.map(parsePortSpec);
  const clock = systemClock;
  const log = flags.verbose ? createLog('debug', (line) => process.stderr.write(`${line}\n`)) : silentLog;
  const ports: ForwardedPort[] = [];

  await using api = await createKubeApi({
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    namespace: flags.namespace,
    impersonate: impersonation(flags),
    env: process.env,
    clock,
    log,
    userAgent: () => `sallyport/${version} (${process.platform}; ${process.arch})`,
    // A credential plugin may ask only while somebody waits: at the start, or when a connection does.
    interactive: () => ports.some(({ wasReady, held }) => !wasReady || held > 0),
    onPluginOutput: (text) => process.stderr.write(text),
  });
  if (!flags.quiet) for (const warning of api.warnings) process.stderr.write(`warning: ${warning}\n`);
  await using engine = new Engine({ api, clock, log, carrier: flags.carrier });

  for (const [index, port] of portSpecs.entries()) {
    const forwarded = new ForwardedPort({
      engine,
      clock,
      target,
      namespace: api.namespace,
      port,
      addresses: flags.address.split(','),
      holdMs: flags.hold,
      patient: flags.wait,
      runningTimeoutMs: flags.podRunningTimeout,
      tell: (facts) => {
        if (!ending.signal.aborted) output.print({ ...facts, atMs: clock.wallMs(), tunnel: index });
      },
      fail: (error) => ending.abort(error),
    });
    ports.push(forwarded);
    forwarded.start(ending.signal).catch((thrown) => ending.abort(AppError.from(thrown)));
  }
  await new Promise<void>((resolve) =>
    ending.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  if (ending.signal.reason instanceof AppError) throw ending.signal.reason;
}

function createOutput({ flags, ports }: ForwardCall): ForwardOutput {
  if (flags.json) return jsonOutput(process.stdout);
  return new HumanOutput({
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    color: process.stderr.isTTY === true && !process.env.NO_COLOR,
    verbosity: flags.quiet ? 'quiet' : flags.verbose ? 'verbose' : 'normal',
    names: ports,
  });
}

function impersonation({ as, asGroup, asUid }: ForwardFlags) {
  if (as === undefined) {
    if (asGroup || asUid) throw new AppError('SP-USAGE', { message: '--as-group and --as-uid need --as' });
    return undefined;
  }
  return { user: as, ...(asGroup && { groups: asGroup }), ...(asUid && { uid: asUid }) };
}
