import { existsSync } from 'node:fs';
import { AppError } from '../base/app-error.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import { createLog, type Log, silentLog } from '../base/log.ts';
import { errorText } from '../contract/error-codes.ts';
import type { Cli } from './cli.ts';
import { type ForwardOutput, HumanOutput, jsonOutput } from './forward-output.ts';
import { LateWitness } from './late-witness.ts';
import { colorsFor } from './paint.ts';

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

/** Forwards in the foreground until a signal ends it. Rejects as runForward does. */
export async function forward(call: ForwardCall, cli: Cli): Promise<void> {
  const { target, ports, flags } = call;
  const { clock, env, stderr } = cli;
  using ending = cli.untilSignal();
  const output = createOutput(call, cli);
  try {
    const { runForward } = await import('../engine/run-forward.ts');
    const log = flags.verbose ? createLog('debug', (line) => stderr.write(`${line}\n`)) : silentLog;
    await using witness = witnessOf(target, { log, cli });
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
      userAgent: `sallyport/${cli.version} (${process.platform}; ${process.arch})`,
      env,
      clock,
      log,
      witness,
      tell: output.print.bind(output),
      onPluginOutput: (text: string) => void stderr.write(text),
      onWarning: (text: string) => void (flags.quiet || stderr.write(`warning: ${text}\n`)),
    };
    await runForward(run, ending);
  } catch (thrown) {
    const { code, details } = AppError.from(thrown);
    const { headline, next } = errorText({ code, details });
    output.print({ event: 'error', atMs: clock.wallMs(), error: { code, details }, headline, next });
    throw thrown;
  } finally {
    output.end();
  }
}

/** Where this user has a daemon's folders, forwards are on record too; undefined where there are none. */
function witnessOf(
  target: string,
  { log, cli }: { readonly log: Log; readonly cli: Cli },
): LateWitness | undefined {
  const places = daemonPlaces(cli);
  if (!existsSync(places.folders.data)) return undefined;
  const { clock, version, home } = cli;
  return new LateWitness({
    clock,
    async load() {
      const { ForwardAudit } = await import('../daemon/forward-audit.ts');
      return await ForwardAudit.open({ places, target, clock, log, version, home }).catch((error) => {
        log.warn('not recorded', { error: String(error) });
        throw error;
      });
    },
  });
}

function createOutput({ flags, ports }: ForwardCall, cli: Cli): ForwardOutput {
  const { stdout, stderr, clock } = cli;
  if (flags.json) return jsonOutput(stdout);
  return new HumanOutput({
    stdout,
    stderr,
    clock,
    colors: colorsFor(stderr, cli),
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
