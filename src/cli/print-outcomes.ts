import { AppError } from '../base/app-error.ts';
import { localWords, situation } from '../client/tunnel-words.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { Outcome } from './bring-up.ts';
import type { Cli } from './cli.ts';
import { colorsFor, paintedGlyph } from './paint.ts';
import { printError } from './print-error.ts';
import { printJson } from './print-json.ts';

export interface PrintOutcomes {
  readonly command: 'up' | 'down' | 'restart' | 'pause' | 'resume';
  readonly json: boolean;
  /** Lines of one that went as asked for. */
  readonly lines: (tunnel: TunnelEntity) => string | Promise<string>;
  /** Why it did not, which also decides the exit code: the first one's. */
  readonly problem?: (outcome: Outcome) => Outcome['error'];
}

/** Says of each tunnel what became of it. What failed goes to standard error. */
export async function printOutcomes(
  outcomes: readonly Outcome[],
  { command, json, lines, problem = ({ error }) => error }: PrintOutcomes,
  cli: Cli,
): Promise<void> {
  const problems = outcomes.map(problem);
  const [first] = problems.filter((error) => error !== undefined);
  if (first) cli.setExitCode(new AppError(first.code, first.details).exitCode);
  if (json) return printJson(cli, command, { outcomes: [...outcomes] });
  for (const [index, { name, tunnel }] of outcomes.entries()) {
    const error = problems[index];
    if (error) printProblem(tunnel?.name ?? name, { tunnel, error }, cli);
    else if (tunnel) cli.stdout.write(await lines(tunnel));
  }
}

function printProblem(
  name: string,
  { tunnel, error }: { tunnel: TunnelEntity | undefined; error: NonNullable<Outcome['error']> },
  cli: Cli,
): void {
  const colors = colorsFor(cli.stderr, cli);
  const stays = tunnel && tunnel.wanted === 'on';
  if (stays) {
    const local = localWords(tunnel);
    cli.stderr.write(
      `${paintedGlyph(tunnel.shown, colors)} ${name} ${tunnel.shown}${local ? ` · ${local}` : ''}${
        tunnel.shown === 'needs you' ? '' : `; it stays up and goes on trying`
      }\n`,
    );
  }
  printError(new AppError(error.code, error.details), cli);
}

/** ● orders-db off */
export function stateLine(tunnel: TunnelEntity, cli: Cli): string {
  const more = situation(tunnel, cli.program);
  return `${paintedGlyph(tunnel.shown, colorsFor(cli.stdout, cli))} ${tunnel.name} ${tunnel.shown}${more ? ` · ${more}` : ''}\n`;
}
