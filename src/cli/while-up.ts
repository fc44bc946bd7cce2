import { AppError } from '../base/app-error.ts';
import type { Control } from '../client/control.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import { bringUp, whyNotReady } from './bring-up.ts';
import type { Cli } from './cli.ts';
import { printError } from './print-error.ts';
import type { Selection } from './selection.ts';
import { TunnelLease } from './tunnel-lease.ts';

export interface WhileUp {
  readonly chosen: Selection;
  readonly waitMs: number;
  readonly reason?: string | undefined;
  readonly confirmed: boolean;
  readonly cli: Cli;
}

/**
 * Brings tunnels up on a lease, does something once all are ready, and gives them back: what was up stays up, what was not goes down, unless
 * somebody else needs it. Throws why one is not ready; then nothing is done, nor where a signal came first: that is what it resolves with.
 */
export async function whileUp<T>(
  { chosen, waitMs, reason, confirmed, cli }: WhileUp,
  act: (tunnels: TunnelEntity[], control: Control) => Promise<T>,
): Promise<T | { readonly endedBy: NodeJS.Signals }> {
  using ending = cli.untilSignal();
  const control = await cli.control();
  const wanted = { ...chosen, confirmed, ...(reason !== undefined && { reason }) };
  await using lease = new TunnelLease({ control, clock: cli.clock, input: wanted });
  const { input } = lease;
  const outcomes = await bringUp({ operation: 'up', input, waitMs, signal: ending }, control, cli);
  const tunnels = outcomes.flatMap(({ tunnel }) => tunnel ?? []);
  if (ending.aborted) return { endedBy: ending.reason };
  const failures = outcomes.flatMap((outcome) => {
    const error = whyNotReady(outcome);
    return error ? [new AppError(error.code, error.details)] : [];
  });
  const last = failures.pop();
  if (last) {
    for (const error of failures) printError(error, cli);
    throw last;
  }
  return await act(tunnels, control);
}
