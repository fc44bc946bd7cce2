import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** nobody's */
export const otherUid = 65_534;

/** Only root may start programs of other users. */
export const mayBeOtherUser = process.geteuid?.() === 0 && process.platform === 'linux';

/** A program that connects, says a line and prints the lines that come back, as `uid`; bash, which every user may run wherever this is checked out. */
export function connectAs(uid: number, port: number): ChildProcess {
  const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; echo hello >&3; while read -r line <&3; do echo "$line"; done`;
  return spawn('/bin/bash', ['-c', script], { uid, gid: uid, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** All that it prints until it ends. */
export async function outputOf(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  return output;
}
