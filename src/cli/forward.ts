import { AppError } from '../base/app-error.ts';
import { systemClock } from '../base/clock.ts';
import { createLog, silentLog } from '../base/log.ts';
import { errorText } from '../contract/error-codes.ts';
import { type ForwardOutput, HumanOutput, jsonOutput } from './forward-output.ts';
import { version } from './version.ts';

export interface ForwardCall {
  readonly target: string;
  readonly ports: readonly string[];
  readonly flags: ForwardFlags;
}

/** The options of `forward` as commander hands them over. Durations are ms. */
export interface ForwardFlags {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly address?: readonly string[];
  readonly hold: number;
  readonly anyUser: boolean;
  readonly podRunningTimeout?: number;
  readonly carrier: 'auto' | 'spdy' | 'websocket';
  readonly wait: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly asUid?: string;
}

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Forwards in the foreground until a signal ends it. Rejects as runForward does. */
export async function forward(call: ForwardCall): Promise<void> {
  const { target, ports, flags } = call;
  const output = createOutput(call);
  const ending = new AbortController();
  const onSignal = () => {
    // Asked twice: whoever asks does not want to wait for a clean end.
    if (ending.signal.aborted) process.exit(1);
    ending.abort();
  };
  for (const signal of endSignals) process.on(signal, onSignal);
  // Nobody reads on, as after `| head -1`.
  const onBrokenPipe = () => ending.abort();
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onBrokenPipe);
  try {
    const { runForward } = await import('../engine/run-forward.ts');
    const run = {
      target,
      ports,
      addresses: flags.address ?? ['localhost'],
      namespace: flags.namespace,
      context: flags.context,
      kubeconfig: flags.kubeconfig,
      impersonate: impersonation(flags),
      carrier: flags.carrier,
      holdMs: flags.hold,
      anyUser: flags.anyUser,
      patient: flags.wait,
      runningTimeoutMs: flags.podRunningTimeout,
      userAgent: `sallyport/${version} (${process.platform}; ${process.arch})`,
      env: process.env,
      clock: systemClock,
      log: flags.verbose ? createLog('debug', (line) => process.stderr.write(`${line}\n`)) : silentLog,
      tell: output.print.bind(output),
      onPluginOutput: (text: string) => void process.stderr.write(text),
      onWarning: (text: string) => void (flags.quiet || process.stderr.write(`warning: ${text}\n`)),
    };
    await runForward(run, ending.signal);
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
