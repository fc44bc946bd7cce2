import { AppError } from '../base/app-error.ts';
import type { Control } from '../client/control.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import { bringUp, whyNotReady } from './bring-up.ts';
import type { Cli } from './cli.ts';
import { errorLines } from './print-error.ts';
import type { Selection } from './selection.ts';

export interface WhileUp {
  readonly chosen: Selection;
  readonly waitMs: number;
  readonly reason?: string | undefined;
  readonly confirmed: boolean;
  readonly cli: Cli;
}

/**
 * Brings tunnels up, does something once all are ready, and leaves each as it was found: what was up stays up, what was not goes down.
 * Throws why one is not ready; then nothing is done, nor where a signal came first: that is what it resolves with.
 */
export async function whileUp<T>(
  { chosen, waitMs, reason, confirmed, cli }: WhileUp,
  act: (tunnels: TunnelEntity[], control: Control) => Promise<T>,
): Promise<T | { readonly endedBy: NodeJS.Signals }> {
  using ending = cli.untilSignal();
  const control = await cli.control();
  const { tunnels: before } = await control.call('tunnels', {});
  const wantedBefore = new Map(before.map(({ id, wanted }) => [id, wanted]));
  const input = { ...chosen, confirmed, ...(reason !== undefined && { reason }) };
  const outcomes = await bringUp({ operation: 'up', input, waitMs, signal: ending }, control, cli);
  const tunnels = outcomes.flatMap(({ tunnel }) => tunnel ?? []);
  try {
    if (ending.aborted) return { endedBy: ending.reason };
    const failures = outcomes.flatMap((outcome) => {
      const error = whyNotReady(outcome);
      return error ? [new AppError(error.code, error.details)] : [];
    });
    const last = failures.pop();
    if (last) {
      const color = cli.stderr.isTTY === true && !cli.env.NO_COLOR;
      for (const error of failures)
        cli.stderr.write(errorLines(error, { verbose: false, color, program: cli.program }));
      throw last;
    }
    return await act(tunnels, control);
  } finally {
    await leaveAsFound(tunnels, wantedBefore, control);
  }
}

async function leaveAsFound(
  tunnels: readonly TunnelEntity[],
  before: ReadonlyMap<string, TunnelEntity['wanted']>,
  control: Control,
): Promise<void> {
  const ids = (was: TunnelEntity['wanted'] | undefined) =>
    tunnels.filter(({ id }) => (before.get(id) ?? 'off') === was).map(({ id }) => id);
  const [toTakeDown, toPause] = [ids('off'), ids('paused')];
  if (toTakeDown.length > 0) await control.call('down', { names: toTakeDown });
  if (toPause.length > 0) await control.call('pause', { names: toPause });
}
