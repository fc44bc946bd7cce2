import type { Command } from 'commander';
import { count, policyWords } from '../../client/tunnel-words.ts';
import type { ListedProfile, ProfileSnapshot } from '../../contract/profile-snapshot.ts';
import type { Cli } from '../cli.ts';
import { fetchProfiles } from '../listed-profile.ts';
import { colorsFor } from '../paint.ts';
import { printJson } from '../print-json.ts';
import { localText, targetWords } from '../profile-words.ts';
import { table } from '../table.ts';

export function define(command: Command, cli: Cli): void {
  command
    .description('Lists the profiles of all sources in their order, and the groups.')
    .option('--json', 'print the sources, profiles, groups and problems as JSON', false)
    .action(async ({ json }: { readonly json: boolean }) => {
      const control = await cli.control();
      const snapshot = await fetchProfiles(control, cli);
      if (json) return printJson(cli, 'list', snapshot);
      cli.stdout.write(listText(snapshot, cli));
    });
}

function listText(snapshot: ProfileSnapshot, cli: Cli): string {
  const { profiles, groups, problems, refused, sources } = snapshot;
  const colors = colorsFor(cli.stdout, cli);
  const parts: string[] = [];
  if (profiles.length === 0) {
    parts.push(
      `There is no profile yet. One is made by\n  ${cli.program} profile add orders-db statefulset/postgres/0 15432:5432 -n data\n`,
    );
  } else {
    const head = ['PROFILE', 'KIND', 'TARGET', 'LOCAL', 'SOURCE', ''].map((title) => colors.dim(title));
    const first = new Set<string>();
    const rows = profiles.map((listed) => {
      const { id, name, source, profile } = listed;
      // Of several of one name the bare one means the first.
      const shown = first.has(name) ? id : name;
      first.add(name);
      return [shown, profile.kind ?? 'tcp', targetWords(profile), localText(profile), source, remark(listed)];
    });
    parts.push(table(head, rows));
  }
  if (groups.length > 0) {
    const head = ['GROUP', 'PROFILES'].map((title) => colors.dim(title));
    const rows = groups.map(({ name, members }) => [
      name,
      members.map((id) => id.replace(/^user\//, '')).join(', '),
    ]);
    parts.push(table(head, rows));
  }
  for (const { key, pending } of sources) {
    if (!pending) continue;
    parts.push(
      `${key} has ${count(pending.changes.length, 'change')} to look at: ${cli.program} profile pull ${key}\n`,
    );
  }
  if (refused.length > 0 || problems.length > 0) {
    parts.push(
      `${count(problems.length, 'problem')}${refused.length > 0 ? `, ${count(refused.length, 'profile')} refused` : ''}: ${cli.program} profile validate\n`,
    );
  }
  return parts.join('\n');
}

function remark({ trust, profile }: ListedProfile): string {
  const remarks = [
    trust.kind === 'untrusted' ? 'not agreed to yet' : trust.kind === 'changed' ? 'has changed' : '',
    profile.off ? 'off' : '',
    ...policyWords(profile.policy),
    profile.description ?? '',
  ];
  return remarks.filter((text) => text !== '').join(' · ');
}
