import { type Command, Option } from 'commander';
import { formatDuration } from '../../base/duration.ts';
import { limitWords, localWords, podWords } from '../../client/tunnel-words.ts';
import type { TunnelEntity } from '../../contract/control-tunnel.ts';
import type { ProfileKind } from '../../contract/profile.ts';
import type { ProfileSnapshot } from '../../contract/profile-snapshot.ts';
import { type AdHocFlags, adHocOf, adHocOptions } from '../ad-hoc.ts';
import { bringUp, whyNotReady } from '../bring-up.ts';
import type { Cli } from '../cli.ts';
import { colorsFor, paintedGlyph } from '../paint.ts';
import { printOutcomes, stateLine } from '../print-outcomes.ts';
import { type ConnectionFlags, connectionOf, connectionOptions, profileKinds } from '../profile-flags.ts';
import { warnIfOpen } from '../profile-words.ts';
import { duration, type SelectionFlags, selecting, selection, wholeNumber } from '../selection.ts';

interface UpFlags extends SelectionFlags, AdHocFlags, ConnectionFlags {
  readonly wait: boolean;
  readonly timeout: number;
  readonly reason?: string;
  readonly yes: boolean;
  readonly prolong: boolean;
  readonly as?: string;
  readonly local?: number;
  readonly kind?: ProfileKind;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command.description(
    'Brings tunnels up and waits until each is ready. They stay up until `down`, whatever happens to their pods, also over restarts of this machine.',
  );
  adHocOptions(selecting(command))
    .option('--as <name>', "the name of a --target's tunnel")
    .option('-l, --local <port>', 'its local port; else a free one, which it keeps', wholeNumber)
    .addOption(
      new Option('-k, --kind <kind>', 'what answers there; guessed where the port tells').choices(
        profileKinds,
      ),
    );
  connectionOptions(command)
    .option('--reason <text>', 'why, where the policy asks for a reason')
    .option('-y, --yes', 'say yes where the policy asks for a confirmation', false)
    .option('--prolong', 'where they are up, let their limits count from now on', false)
    .option('--no-wait', 'do not wait until they are ready')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait').default(60_000, '60s').argParser(duration),
    )
    .option('--json', 'print the outcomes as JSON', false)
    .action((names: string[], flags: UpFlags) => up(names, flags, cli));
}

async function up(names: readonly string[], flags: UpFlags, cli: Cli): Promise<void> {
  const startedMs = cli.clock.nowMs();
  const startedAtMs = cli.clock.wallMs();
  const { as: name, local, kind, reason, yes, prolong, json } = flags;
  const adHoc = adHocOf(flags, cli, { name, local, kind, connection: connectionOf(flags) });
  const chosen =
    adHoc && names.length === 0 && !flags.group
      ? { names: [], groups: [], all: false, folder: cli.cwd }
      : selection(names, flags, { cli, whenNone: { refuse: 'name the tunnels to bring up, or a --group' } });
  const control = await cli.control();
  const input = {
    ...chosen,
    adHoc: adHoc ? [adHoc] : [],
    confirmed: yes,
    prolong,
    ...(reason !== undefined && { reason }),
  };
  const waitMs = flags.wait ? flags.timeout : 0;
  const outcomes = await bringUp({ operation: 'up', input, waitMs }, control, cli);
  const elapsedMs = cli.clock.nowMs() - startedMs;
  let profiles: ProfileSnapshot | undefined;
  const lines = async (tunnel: TunnelEntity) => {
    if (tunnel.shown !== 'ready') return `${stateLine(tunnel, cli)}${await connectLine(tunnel)}`;
    const isNew = (tunnel.upSinceMs ?? 0) >= startedAtMs;
    return `${readyLine(tunnel, isNew ? elapsedMs : undefined, cli)}${await connectLine(tunnel)}`;
  };
  const connectLine = async (tunnel: TunnelEntity) => {
    const { howToConnect } = await import('../how-to-connect.ts');
    profiles ??= await control.call('profiles', { folder: cli.cwd });
    return howToConnect(tunnel, profiles, cli);
  };
  const problem = flags.wait ? whyNotReady : undefined;
  await printOutcomes(outcomes, { command: 'up', json, lines, ...(problem && { problem }) }, cli);
  for (const { name, tunnel } of outcomes) {
    const addresses = tunnel?.addresses ?? [];
    warnIfOpen(
      tunnel?.name ?? name,
      addresses.map((bound) => (bound.kind === 'tcp' ? bound.address : undefined)),
      cli,
    );
  }
}

/** ● orders-db ready in 84 ms · postgres-0 · 7f3a · node-1 · primary */
function readyLine(tunnel: TunnelEntity, elapsedMs: number | undefined, cli: Cli): string {
  const { name, shown, state } = tunnel;
  const colors = colorsFor(cli.stdout, cli);
  const inTime = elapsedMs === undefined ? '' : ` in ${formatDuration(elapsedMs)}`;
  const pod = state.kind === 'ready' ? ` · ${podWords(state.pod)}` : '';
  const ends = tunnel.limit ? ` · ${limitWords(tunnel, cli.program)}` : '';
  return `${paintedGlyph(shown, colors)} ${name} ${shown}${inTime}${pod} · ${localWords(tunnel)}${ends}\n`;
}
