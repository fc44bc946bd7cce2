import { type FoundRecord, findInAll, followAll, lastOfAll, recordsOfAll } from '../audit/all-logs.ts';
import { exportCsv, exportJson } from '../audit/export-records.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import { type AuditFilterFlags, chosenLogs } from './audit-filter.ts';
import { recordWords } from './audit-words.ts';
import type { Cli } from './cli.ts';
import { colorsFor } from './paint.ts';
import { printJson, printJsonLine } from './print-json.ts';

type Json = { readonly json: boolean };

export async function printList(
  { json, lines, ...flags }: AuditFilterFlags & Json & { readonly lines: number },
  cli: Cli,
): Promise<void> {
  const found = await lastOfAll({ ...chosenLogs(flags, cli), count: lines });
  if (json)
    return printJson(cli, 'audit list', { records: found.map(({ log, record }) => ({ log, record })) });
  if (found.length === 0) return void cli.stderr.write('Nothing like that is on record.\n');
  found.forEach(printer(cli));
}

export async function follow({ json, ...flags }: AuditFilterFlags & Json, cli: Cli): Promise<void> {
  using ending = cli.untilSignal();
  const print = json
    ? ({ log, record }: FoundRecord) => printJsonLine(cli, 'audit follow', { log, record })
    : printer(cli);
  await followAll({ ...chosenLogs(flags, cli), clock: cli.clock, warn: silentLog, signal: ending }, print);
}

/** Throws SP-AUDIT-ABSENT, and SP-USAGE where several logs have such a line. */
export async function printOne(seq: number, flags: AuditFilterFlags & Json, cli: Cli): Promise<void> {
  const found = await findInAll(chosenLogs(flags, cli), seq);
  const [first, second] = found;
  if (!first) throw new AppError('SP-AUDIT-ABSENT', { message: `no log has a line ${seq}` });
  if (second) {
    const message = `several logs have a line ${seq}: ${found.map(({ log }) => log).join(', ')}`;
    throw new AppError('SP-USAGE', { message, next: 'name one by --log' });
  }
  const { log, file, line, record } = first;
  if (flags.json) return printJson(cli, 'audit show', { log, file, line, record });
  const colors = colorsFor(cli.stdout, cli);
  cli.stdout.write(`${colors.dim(`${log} · ${file}`)}\n`);
  cli.stdout.write(`${asAscii(JSON.stringify(record, null, 2))}\n`);
}

export async function printExport(
  { format, ...flags }: AuditFilterFlags & { readonly format: 'json' | 'csv' },
  cli: Cli,
): Promise<void> {
  const records = recordsOfAll(chosenLogs(flags, cli));
  for await (const text of format === 'json' ? exportJson(records) : exportCsv(records))
    cli.stdout.write(text);
}

function printer(cli: Cli): (found: FoundRecord) => void {
  const colors = colorsFor(cli.stdout, cli);
  return ({ log, record }) => void cli.stdout.write(`${recordWords({ log, record }, colors)}\n`);
}

/** As lines are in the file: whatever a name holds, it does not write to the terminal. */
function asAscii(text: string): string {
  return text.replace(/[^\n\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
