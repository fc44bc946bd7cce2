import { AppError } from '../base/app-error.ts';
import { formatDuration } from '../base/duration.ts';
import { auditWords, shipperWords } from '../client/daemon-words.ts';
import { bytesWords, count } from '../client/tunnel-words.ts';
import type { AuditStatus } from '../contract/audit-status.ts';
import type { Cli } from './cli.ts';
import { printJson } from './print-json.ts';
import { endDaemon, restartDaemon } from './replace-daemon.ts';
import { ofRunningDaemon } from './running-daemon.ts';

export async function printStatus(cli: Cli, json: boolean): Promise<void> {
  const status = await ofRunningDaemon(cli, (control) => control.call('daemon', {}));
  if (!status) {
    cli.setExitCode(new AppError('SP-DAEMON-NOT-RUNNING').exitCode);
    if (json) return printJson(cli, 'daemon status', { running: false });
    return void cli.stdout.write('No daemon runs. Commands start one when they need it.\n');
  }
  if (json) return printJson(cli, 'daemon status', { running: true, ...status });
  const { version, pid, startedAtMs, residentBytes, tunnelsUp, clusters, socket, log, metricsUrl } = status;
  const facts: [string, string | undefined][] = [
    ['Up', `${formatDuration(cli.clock.wallMs() - startedAtMs)} · ${bytesWords(residentBytes)} resident`],
    ['Tunnels', `${tunnelsUp} up`],
    ...clusters.map(({ context, tunnels }): [string, string] => [
      'Cluster',
      `${context} · ${count(tunnels, 'tunnel')}`,
    ]),
    ['Socket', socket],
    ['Log', log],
    ['Metrics', metricsUrl],
  ];
  if (status.audit) facts.push(...auditFacts(status.audit));
  const lines = facts.flatMap(([title, value]) => (value ? [`  ${title.padEnd(9)}${value}\n`] : []));
  cli.stdout.write(`daemon ${version} · pid ${pid}\n${lines.join('')}`);
}

function auditFacts(audit: AuditStatus): [string, string][] {
  return [
    ['Audit', auditWords(audit)],
    ...audit.shippers.map((shipper): [string, string] => ['', `${shipper.name} · ${shipperWords(shipper)}`]),
  ];
}

export async function printStop(cli: Cli, json: boolean): Promise<void> {
  const ended = await endDaemon(cli);
  if (json)
    return printJson(cli, 'daemon stop', { stopped: ended !== undefined, ...(ended && { pid: ended.pid }) });
  cli.stdout.write(ended ? `The daemon (pid ${ended.pid}) has ended.\n` : 'No daemon runs.\n');
}

export async function printRestart(cli: Cli, json: boolean): Promise<void> {
  const started = await restartDaemon(cli);
  if (json) return printJson(cli, 'daemon restart', started);
  cli.stdout.write(`The daemon is ${started.version} now (pid ${started.pid}).\n`);
}
